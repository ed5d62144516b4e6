//! One shop gives the same Nobi records through either version of the API, but for a written list; what one of them does not tell erases nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::dialect::{V2, V3};
use acceptance::nobi::{Records, fields, records};
use acceptance::orders::{make, outcome};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::{Context as _, Result, ensure};
use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Scope};
use connector_host::store::Trigger;
use nhanh_sim::{ProductView, ShopSize};
use serde_json::Value;

/// What is pulled, in the order in which a person presses the buttons.
const PULLED: [Entity; 6] = [Entity::Branch, Entity::Category, Entity::Product, Entity::Stock, Entity::Price, Entity::Customer];

/// How the two versions differ in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// 2.0 alone tells it.
    ByV2,
    /// 3.0 alone tells it.
    ByV3,
    /// Each in words of its own.
    InOwnWords,
}
use Told::{ByV2, ByV3, InOwnWords};

/// Table, field, how they differ, why.
type Exception = (&'static str, &'static str, Told, &'static str);

/// Every difference between what the two versions bring in. A difference that is not here fails the test, and so does one that is here and does
/// not occur.
const DIFFERENCES: &[Exception] = &[
    ("nobi_branch", "/code", ByV3, "2.0 has no codes of depots"),
    (
        "nobi_category",
        "/remote_parent",
        ByV3,
        "a list of 3.0 never says that it is whole: a group whose parent is gone is a root that would still take that parent",
    ),
    ("nobi_product", "/detail/brand", ByV2, "the list of 3.0 has the brand's number and not its name"),
    ("nobi_product", "/detail/own_id", ByV2, "3.0 tells a product's own id only to whoever adds it"),
    ("nobi_product", "/detail/raw_status", InOwnWords, "a status that no document names is a word in 2.0 and a number in 3.0"),
    (
        "warned",
        "a row of product.price-zero",
        ByV3,
        "3.0 writes 0 where no selling price was entered, and says nowhere that none was; neither is written",
    ),
    (
        "warned",
        "a row of nhanh.parent-missing",
        ByV2,
        "a list of 3.0 never says that it is whole: the group above may come with the next page",
    ),
    ("warned", "a row of product.price-before-vat", ByV3, "2.0 does not say whether its prices include the tax"),
    ("warned", "/warning/field", InOwnWords, "a warning points at the field as the version calls it"),
    ("nobi_customer", "/detail/updated", ByV3, "2.0 has no time in a customer"),
    ("nobi_order", "/remote_status/tracking_url", ByV3, "the list of 2.0 has no address to follow an order at"),
];

/// What products that are asked for by their ids tell beside that.
const BY_ID: &[Exception] = &[
    (
        "nobi_product",
        "/detail/description",
        ByV2,
        "2.0 answers a question for one product with its details, 3.0 with rows of its list, which have no texts",
    ),
    (
        "warned",
        "a row of product.price-zero",
        ByV2,
        "2.0 is asked for one product at a time, and for no more than 150 while the clock stands: what was said of the last ones' prices stays",
    ),
];

/// A shop with what the seeded rows lack.
async fn shop(plan: Plan) -> Result<World> {
    let size = ShopSize { depots: 5, products: 160, customers: 60, categories: 9, orders: 0 };
    // Without webhooks: what is there was pulled.
    let world = World::connected(Plan { shop: size, verify_token: None, shown_after: Duration::ZERO, ..plan }).await?;
    let (nhanh, business) = (&world.nhanh, world.side.business);
    let named = |name: &str| ProductView { status: "Active".to_owned(), ..ProductView::named(name.to_owned()) };
    let with_own_id = ProductView { own_id: Some("SP-01".to_owned()), price: Some(50_000), ..named("Có mã riêng") };
    let without_a_price = ProductView { price: None, ..named("Chưa có giá") };
    for product in [with_own_id, without_a_price] {
        nhanh.add_product(business, product).context("the business is there")?;
    }
    Ok(world)
}

/// Every difference of two sets of records: where, which, and an example.
fn differences(second: &Records, third: &Records) -> BTreeMap<(String, String, Told), Vec<String>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let tables: BTreeSet<_> = second.keys().chain(third.keys()).collect();
    for table in tables {
        let keys: BTreeSet<_> = second[table].keys().chain(third[table].keys()).collect();
        for key in keys {
            let row = |records: &Records| records[table].get(key).map(|record| (name_of(record), record.clone()));
            let (left, right) = match (row(second), row(third)) {
                (Some(left), Some(right)) => (fields(&left.1), fields(&right.1)),
                (left, right) => (left.into_iter().collect(), right.into_iter().collect()),
            };
            for field in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
                let told = match (left.get(field), right.get(field)) {
                    (Some(left), Some(right)) if left == right => continue,
                    (Some(_), None) => ByV2,
                    (None, Some(_)) => ByV3,
                    _ => InOwnWords,
                };
                let example = format!("{key}: {:?} / {:?}", left.get(field), right.get(field));
                found.entry((table.clone(), field.clone(), told)).or_default().push(example);
            }
        }
    }
    found
}

/// What a row is called that only one side has.
fn name_of(record: &Value) -> String {
    record["warning"]["code"].as_str().map_or_else(|| "a row".to_owned(), |code| format!("a row of {code}"))
}

/// Holds the differences against the list.
fn only<'l>(second: &Records, third: &Records, listed: impl IntoIterator<Item = &'l Exception>) {
    let found = differences(second, third);
    let at = |it: &Exception| (it.0.to_owned(), it.1.to_owned(), it.2);
    let listed: BTreeSet<_> = listed.into_iter().map(at).collect();
    let unlisted: Vec<_> =
        found.iter().filter(|(at, _)| !listed.contains(*at)).map(|(at, all)| (at, all.len(), &all[..all.len().min(3)])).collect();
    let missing: Vec<_> = listed.iter().filter(|at| !found.contains_key(*at)).collect();
    assert!(unlisted.is_empty() && missing.is_empty(), "not listed: {unlisted:#?}\nlisted, and not there: {missing:#?}");
}

async fn keep_updated(world: &World) -> Result<()> {
    for entity in PULLED {
        world.host.store().set_policy(world.side.connection, entity, Policy::KeepUpdated).await?;
    }
    Ok(())
}

/// Asks for every linked product by its id, as refreshes do.
async fn ask_by_id(world: &World) -> Result<()> {
    let ids = world.host.store().linked_products(world.side.connection).await?;
    for some in ids.chunks(40) {
        let run = world.host.sync(world.side.connection, Entity::Product, Scope::Only(some.to_vec()), Trigger::Click).await?;
        run.context("no pull is under way")?;
        world.work().await?;
    }
    Ok(())
}

/// Orders of the merchant's that Nhanh.vn's people have got on with: one confirmed, one called off, one with a carrier, one deleted.
async fn orders(world: &World) -> Result<()> {
    let mut made = Vec::new();
    for name in ["confirmed", "cancelled", "carried", "deleted"] {
        let order = make(world, name).await?;
        world.work().await?;
        made.push(outcome(world, &order).await?.remote.context("the order is there")?.parse::<i64>()?);
    }
    let nhanh = &world.nhanh;
    ensure!(
        nhanh.set_status(made[0], "Confirmed") && nhanh.set_status(made[1], "Canceled") && nhanh.delete_order(made[3]),
        "all are there"
    );
    nhanh.hand_to_carrier(made[2], 5).context("the carrier is there")?;
    let asked = made.iter().map(i64::to_string).collect();
    let run = world.host.sync(world.side.connection, Entity::OrderStatus, Scope::Only(asked), Trigger::Click).await?;
    run.context("no pull is under way")?;
    world.work().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_shop_gives_the_same_records_in_either_version_but_for_a_written_list() -> Result<()> {
    let mut world = shop(Plan::on_a_manual_clock(V2)).await?;
    let mut third = world.join_in(V3, "sen-vang").await?;
    for _ in 0..2 {
        keep_updated(&world).await?;
        world.pull(&PULLED).await?;
        std::mem::swap(&mut world.side, &mut third);
    }
    // Each has its own orders at Nhanh.vn; they reserve stock, so they come after the pulls.
    for _ in 0..2 {
        orders(&world).await?;
        std::mem::swap(&mut world.side, &mut third);
    }
    only(&records(&world, &world.side)?, &records(&world, &third)?, DIFFERENCES);
    for _ in 0..2 {
        ask_by_id(&world).await?;
        std::mem::swap(&mut world.side, &mut third);
    }
    only(&records(&world, &world.side)?, &records(&world, &third)?, DIFFERENCES.iter().chain(BY_ID));
    Ok(())
}

/// Places of customers that Nobi knows, as a merchant enters them: neither version tells their names.
fn enter_places(world: &World) -> Result<()> {
    let sql = rusqlite::Connection::open(&world.database)?;
    let place = "json_set(detail, '$.province', 'Hà Nội', '$.district', 'Quận Ba Đình', '$.ward', 'Phường Điện Biên')";
    let entered = sql.execute(&format!("UPDATE nobi_customer SET detail = {place} WHERE tenant = ?1"), [&world.side.tenant])?;
    ensure!(entered > 0, "there are customers");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_3_0_does_not_tell_erases_nothing_of_what_2_0_told() -> Result<()> {
    let mut world = shop(Plan::on_a_manual_clock(V2)).await?;
    keep_updated(&world).await?;
    world.pull(&PULLED).await?;
    ask_by_id(&world).await?;
    enter_places(&world)?;
    let before = records(&world, &world.side)?;
    let told = |table: &str, field: &str| before[table].values().filter(|record| fields(record).contains_key(field)).count();
    for (table, field) in [
        ("nobi_product", "/detail/brand"),
        ("nobi_product", "/detail/own_id"),
        ("nobi_product", "/detail/description"),
        ("nobi_customer", "/detail/province"),
        ("nobi_customer", "/detail/district"),
        ("nobi_customer", "/detail/ward"),
    ] {
        assert!(told(table, field) > 0, "2.0 told some {field}, or a person did");
    }

    world.move_to(V3).await?;
    let (nhanh, business) = (&world.nhanh, world.side.business);
    for product in nhanh.products(business) {
        ensure!(nhanh.edit_product(product.id, |it| it.name = format!("{} (mới)", it.name.trim())), "it is there");
    }
    for customer in nhanh.customers(business) {
        ensure!(nhanh.edit_customer(business, customer.id, |it| it.name = format!("{} (mới)", it.name.trim())), "it is there");
    }
    world.pull(&PULLED).await?;
    ask_by_id(&world).await?;
    let after = records(&world, &world.side)?;
    for table in ["nobi_product", "nobi_customer"] {
        for (key, record) in &after[table] {
            assert!(record["name"].as_str().unwrap().ends_with(" (mới)"), "{table} {key} was written by 3.0");
        }
    }
    let lost: Vec<_> =
        differences(&before, &after).into_iter().filter(|((table, _, told), _)| *told == ByV2 && table != "warned").collect();
    assert!(lost.is_empty(), "known before, and no more: {lost:#?}");
    let kept = |table: &str, field: &str| {
        before[table].iter().filter(|(key, record)| fields(record).get(field) != fields(&after[table][*key]).get(field)).count()
    };
    for (table, field) in [("nobi_product", "/detail/brand"), ("nobi_product", "/detail/description"), ("nobi_customer", "/detail/ward")] {
        assert_eq!(kept(table, field), 0, "{field} is what it was");
    }
    Ok(())
}
