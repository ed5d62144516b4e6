//! What was pulled is what Nhanh.vn has, row by row; a second click changes nothing; toggles and limits are kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::dialect::Call::Products;
use acceptance::dialect::{Dialect, V3};
use acceptance::orders::{copies, ending, make};
use acceptance::plan::Plan;
use acceptance::world::{World, until};
use anyhow::Result;
use connector_host::contract::types::Entity;
use connector_host::contract::{Pace, Policy, Scope};
use connector_host::store::{RunState, Trigger};
use connector_host::work::Stop;
use nhanh_sim::{Kin, Outcome, ProductView, ShopSize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization as _;

/// A usual shop with three depots.
fn medium() -> ShopSize {
    ShopSize { depots: 3, ..ShopSize::medium() }
}

/// What Nobi keeps of a product, or should.
#[derive(Debug, PartialEq)]
struct Row {
    name: String,
    sku: Option<String>,
    barcode: Option<String>,
    price: Option<i64>,
    status: String,
    raw_status: String,
    parent: Option<i64>,
    attributes: Vec<(String, String)>,
    /// By depot: on hand, reserved, shipping, damaged, to sell by; in thousandths.
    levels: BTreeMap<i64, [i64; 5]>,
}

/// A status that no document names is told in the dialect's own way: by its word, or by a number that nobody knows.
fn raw_status(dialect: Dialect, status: &str) -> String {
    let known = ["New", "Active", "Inactive", "OutOfStock"].contains(&status);
    if dialect == V3 && !known { nhanh_sim::words::UNKNOWN_STATUS.to_string() } else { status.to_owned() }
}

fn expected(dialect: Dialect, product: &ProductView) -> Row {
    let tidy = |text: &Option<String>| text.as_ref().map(|text| text.trim().nfc().collect::<String>()).filter(|text| !text.is_empty());
    let status = match product.status.as_str() {
        "New" => "draft",
        "Active" => "active",
        "Inactive" => "inactive",
        "OutOfStock" => "out-of-stock",
        _ => "unknown",
    };
    let level = |level: &nhanh_sim::Level| {
        [level.remain, level.holding, level.shipping, level.damaged, level.available()].map(nhanh_sim::Quantity::as_thousandths)
    };
    let levels = product.levels(&[]).map(|(depot, of)| (depot, level(of)));
    Row {
        name: product.name.trim().nfc().collect(),
        sku: tidy(&product.code),
        barcode: tidy(&product.barcode),
        // A price of 0 is none that was entered.
        price: product.price.filter(|it| *it > 0),
        status: status.to_owned(),
        raw_status: raw_status(dialect, &product.status),
        parent: if let Kin::Variant(parent) = product.kin { Some(parent) } else { None },
        attributes: product.attributes.iter().map(|it| (it.attribute_name.clone(), it.value.clone())).collect(),
        levels: if product.is_stocked() { levels.collect() } else { BTreeMap::new() },
    }
}

/// Every linked product of the connection, by Nhanh's id.
fn pulled(world: &World) -> Result<BTreeMap<i64, Row>> {
    let sql = world.sql()?;
    let mut rows = BTreeMap::new();
    let mut statement = sql.prepare(
        "SELECT link.remote, name, sku, barcode, retail, status, detail, head.remote FROM link
         JOIN nobi_product ON nobi_product.id = link.nobi
         LEFT JOIN link AS head ON head.nobi = nobi_product.parent AND head.entity = 'product' AND head.connection = link.connection
         WHERE link.connection = ?1 AND link.entity = 'product' AND link.state = 'linked'",
    )?;
    let mut found = statement.query([world.side.connection])?;
    while let Some(row) = found.next()? {
        let detail: Value = serde_json::from_str(&row.get::<_, String>(6)?)?;
        let word = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let attributes = detail["attributes"].as_array().into_iter().flatten();
        let product = Row {
            name: row.get(1)?,
            sku: row.get(2)?,
            barcode: row.get(3)?,
            price: row.get(4)?,
            status: row.get(5)?,
            raw_status: word(&detail, "raw_status"),
            parent: row.get::<_, Option<String>>(7)?.map(|id| id.parse()).transpose()?,
            attributes: attributes.map(|it| (word(it, "name"), word(it, "value"))).collect(),
            levels: BTreeMap::new(),
        };
        rows.insert(row.get::<_, String>(0)?.parse()?, product);
    }
    let mut statement = sql.prepare(
        "SELECT p.remote, b.remote, on_hand, reserved, shipping, damaged, available FROM nobi_stock
         JOIN link AS p ON p.nobi = nobi_stock.product AND p.entity = 'product' AND p.connection = ?1
         JOIN link AS b ON b.nobi = nobi_stock.branch AND b.entity = 'branch' AND b.connection = ?1",
    )?;
    let mut found = statement.query([world.side.connection])?;
    while let Some(row) = found.next()? {
        let (product, branch): (i64, i64) = (row.get::<_, String>(0)?.parse()?, row.get::<_, String>(1)?.parse()?);
        let level = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
        rows.get_mut(&product).expect("a level belongs to a linked product").levels.insert(branch, level);
    }
    Ok(rows)
}

/// Nhanh's products that wait for a person because their codes are not unique.
async fn waiting(world: &World) -> Result<usize> {
    let links = world.host.store().link_counts(world.side.connection, Entity::Product).await?;
    Ok(usize::try_from(links.get("waiting").copied().unwrap_or(0))?)
}

async fn a_medium_shop_is_pulled_whole_and_row_by_row_and_a_second_click_changes_nothing(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan { shop: medium(), ..Plan::on_a_manual_clock(dialect) }).await?;
    let all = [Entity::Branch, Entity::Category, Entity::Product, Entity::Customer];
    world.pull(&all).await?;
    let there = world.nhanh.counts(world.side.business);
    let nobi = world.host.store().nobi_counts(&world.side.tenant).await?;
    assert_eq!((usize::try_from(nobi.branches)?, usize::try_from(nobi.categories)?), (there.depots, there.categories));
    assert_eq!(nobi.variants, nobi.attached_variants, "every variant has found its head");

    let pulled_rows = pulled(&world)?;
    let products = world.nhanh.products(world.side.business);
    assert_eq!(pulled_rows.len() + waiting(&world).await?, products.len(), "each row is linked, or waits for a person");
    assert!(waiting(&world).await? < 5, "nearly none waits");
    let mut inactive = 0;
    for product in &products {
        let Some(row) = pulled_rows.get(&product.id) else { continue };
        assert_eq!(*row, expected(dialect, product), "product {}", product.id);
        inactive += usize::from(product.status == "Inactive");
    }
    assert_eq!(inactive, there.products_by_status["Inactive"], "what the default list hides is there as well");
    assert!(inactive > 0);

    let again = world.pull(&all).await?;
    assert_eq!(again.changed(), 0, "{again:?}");
    assert_eq!(pulled(&world)?, pulled_rows);
    Ok(())
}

async fn with_the_toggle_off_there_is_no_price_and_no_level_and_switching_it_on_fills_them_at_the_next_click(
    dialect: Dialect,
) -> Result<()> {
    let plan = Plan::on_a_manual_clock(dialect).with("sync-stock-and-price", "off");
    let world = World::stocked(plan).await?;
    let nobi = world.host.store().nobi_counts(&world.side.tenant).await?;
    assert!(nobi.products > 0);
    assert_eq!((nobi.priced, nobi.levels), (0, 0));
    world.pull(&[Entity::Stock, Entity::Price]).await?;
    let nobi = world.host.store().nobi_counts(&world.side.tenant).await?;
    assert_eq!((nobi.priced, nobi.levels), (0, 0), "also when their own buttons are pressed");

    world.fill_in(&world.side, &[("sync-stock-and-price", "on")]).await?;
    world.pull(&[Entity::Product]).await?;
    for product in world.nhanh.products(world.side.business) {
        if let Some(row) = pulled(&world)?.get(&product.id) {
            assert_eq!(*row, expected(dialect, &product), "product {}", product.id);
        }
    }
    Ok(())
}

async fn create_only_never_overwrites_and_keep_updated_does(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let before = pulled(&world)?;
    let (id, _) = before.iter().find(|(_, row)| row.price.is_some_and(|price| price > 0) && !row.levels.is_empty()).unwrap();
    let id = *id;
    world.nhanh.edit_product(id, |product| {
        product.name = "Tên mới".to_owned();
        product.price = Some(1);
    });
    let all = [Entity::Product, Entity::Price, Entity::Stock];
    world.pull(&all).await?;
    assert_eq!(pulled(&world)?[&id], before[&id], "a click changes nothing that is there");
    for entity in all {
        world.host.store().set_policy(world.side.connection, entity, connector_host::contract::Policy::KeepUpdated).await?;
    }
    world.pull(&all).await?;
    assert_eq!(pulled(&world)?[&id], expected(dialect, &world.nhanh.product(id).unwrap()));
    Ok(())
}

async fn a_variant_that_is_added_later_comes_in_under_its_head(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let products = world.nhanh.products(world.side.business);
    let head = products.iter().find(|product| product.kin == Kin::Parent).expect("a family");
    let variant = ProductView {
        kin: Kin::Variant(head.id),
        code: Some("MOI-001".to_owned()),
        price: Some(99_000),
        status: "Active".to_owned(),
        ..ProductView::named(format!("{} Tím XXL", head.name))
    };
    let id = world.nhanh.add_product(world.side.business, variant).unwrap();
    let tally = world.pull(&[Entity::Product]).await?;
    assert_eq!(tally.get("product.created"), 1, "{tally:?}");
    assert_eq!(pulled(&world)?[&id].parent, Some(head.id));
    Ok(())
}

async fn a_product_deleted_at_nobi_is_not_brought_back(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let sold = world.host.store().sellable(world.side.connection, 1).await?.pop().unwrap();
    assert!(world.host.store().delete_product(world.side.connection, sold.product, world.clock.now()).await?);
    let before = world.host.store().nobi_counts(&world.side.tenant).await?;
    let tally = world.pull(&[Entity::Product, Entity::Stock, Entity::Price]).await?;
    assert_eq!((tally.changed(), tally.get("product.tombstone")), (0, 1), "{tally:?}");
    assert_eq!(world.host.store().nobi_counts(&world.side.tenant).await?, before);
    Ok(())
}

/// A shop behind a narrow limit that the host knows of.
async fn limited(dialect: Dialect, shop: ShopSize, window: Duration) -> Result<World> {
    let limit = nhanh_sim::Pace { requests: 10, window, first_lock: Duration::from_secs(10) };
    let pace = Pace { requests: 10, window_ms: u32::try_from(window.as_millis())? };
    World::connected(Plan { shop, limit, pace: Some(pace), ..Plan::of(dialect) }).await
}

async fn a_pull_keeps_the_limit_and_is_never_locked(dialect: Dialect) -> Result<()> {
    // Long enough that ten pages take a part of it, also on a slow machine: what holds the pull back is the pace.
    let window = Duration::from_secs(2);
    let world = limited(dialect, medium(), window).await?;
    world.pull(&[Entity::Branch, Entity::Product]).await?;
    let requests = world.nhanh.requests();
    let pages: Vec<i64> = requests.iter().filter(|request| request.path == world.path(Products)).map(|it| it.at_ms).collect();
    assert!(pages.len() > 20, "{} pages need more than two windows", pages.len());
    assert!(!requests.iter().any(|request| matches!(request.outcome, Outcome::RateLimited { .. })));
    let window = i64::try_from(window.as_millis())?;
    assert!(pages.windows(11).all(|eleven| eleven[10] - eleven[0] >= window), "never eleven in one window");
    assert_eq!(pulled(&world)?.len() + waiting(&world).await?, world.nhanh.counts(world.side.business).products);
    Ok(())
}

async fn an_order_does_not_wait_for_a_pull(dialect: Dialect) -> Result<()> {
    let world = limited(dialect, medium(), Duration::from_millis(900)).await?;
    world.pull(&[Entity::Branch, Entity::Product]).await?;
    let before = world.asked(Products);
    let run = world.click(&world.side, Entity::Product).await?;
    let (stop, told) = tokio::sync::watch::channel(false);
    let host = world.host.clone();
    let working = tokio::spawn(async move { host.work(Stop::Told(told)).await });
    until("the pull is under way", || world.asked(Products) > before).await?;
    let order = make(&world, "urgent").await?;
    until("the order is at Nhanh.vn", || copies(&world, &order) == 1).await?;
    assert_ne!(world.run(run).await?.state, RunState::Done, "the pull is still on its way");
    stop.send_replace(true);
    working.await??;
    assert_eq!(ending(&world, &order).await?, "created");
    assert_eq!(world.run(run).await?.state, RunState::Running, "it is left after a page");
    world.work().await?;
    assert_eq!(world.run(run).await?.state, RunState::Done, "and gone on with");
    Ok(())
}

async fn a_pull_of_changes_reaches_back_before_the_last_one_began(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let (host, connection) = (&world.host, world.side.connection);
    host.store().set_policy(connection, Entity::Product, Policy::KeepUpdated).await?;
    assert!(matches!(host.missing(connection, Entity::Customer).await?, Scope::Everything), "never pulled: all of it is missing");
    let products: Vec<i64> = world.nhanh.products(world.side.business).iter().map(|product| product.id).collect();
    world.later(Duration::from_secs(3_600)).await?;
    world.pull(&[Entity::Product]).await?;
    let began = world.clock.now();
    world.clock.advance(Duration::from_secs(3_600));
    world.nhanh.edit_product(products[1], |product| product.name = "Tên sau đó".to_owned());

    let scope = host.missing(connection, Entity::Product).await?;
    assert!(matches!(scope, Scope::Since(since) if since == began - 600_000), "the overlap is ten minutes");
    let run = host.sync(connection, Entity::Product, scope, Trigger::Click).await?.expect("no pull is under way");
    world.work().await?;
    let run = world.run(run).await?;
    assert_eq!((run.state, run.tally.get("product.updated")), (RunState::Done, 1));
    let read: u64 =
        run.tally.iter().filter(|(key, _)| key.starts_with("product.") && *key != "product.warned").map(|(_, count)| count).sum();
    assert!(read < products.len() as u64 / 2, "{read} of {} rows were read again", products.len());
    Ok(())
}

acceptance::in_each_version!(
    a_medium_shop_is_pulled_whole_and_row_by_row_and_a_second_click_changes_nothing,
    with_the_toggle_off_there_is_no_price_and_no_level_and_switching_it_on_fills_them_at_the_next_click,
    create_only_never_overwrites_and_keep_updated_does,
    a_variant_that_is_added_later_comes_in_under_its_head,
    a_product_deleted_at_nobi_is_not_brought_back,
    a_pull_keeps_the_limit_and_is_never_locked,
    an_order_does_not_wait_for_a_pull,
    a_pull_of_changes_reaches_back_before_the_last_one_began,
);
