//! What API 3.0 alone has: places by id, carriers that are asked for an order, lists of deleted orders and of levels, discounts by line, tax.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::dialect::Call::{OrderAdd, OrderEdit, Products};
use acceptance::dialect::{CANCEL_CARRIER, DELETED, LEVELS, LOCATIONS, V3};
use acceptance::orders::{copies, ended, ending, make, order, outcome, tell};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::{Context as _, Result, ensure};
use connector_host::contract::orders::{Address, AddressScheme, Order, OrderEventKind, OrderLine, PartyRole, Reconciliation};
use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Scope};
use connector_host::store::{RunState, Trigger};
use nhanh_sim::{CancelCarrier, Fault, Grant, Level, Levels, OrderDiscount, Quantity, ShopSize};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3_600);

async fn stocked() -> Result<World> {
    World::stocked(Plan::on_a_manual_clock(V3)).await
}

/// An address by the names of its places; without a district in the division of today.
fn address(province: &str, district: Option<&str>, ward: &str) -> Address {
    let scheme = if district.is_some() { AddressScheme::ThreeLevel } else { AddressScheme::TwoLevel };
    let [province, ward] = [province, ward].map(|name| Some(name.to_owned()));
    Address { text: "1 Trần Phú".to_owned(), province, district: district.map(str::to_owned), ward, scheme }
}

/// Sends an order to this address.
async fn sent_to(world: &World, name: &str, address: Address) -> Result<Order> {
    let order = Order { address, ..order(world, name).await? };
    tell(world, &order, 1, OrderEventKind::Created).await?;
    world.work().await?;
    Ok(order)
}

/// An order as Nhanh.vn has it.
async fn there(world: &World, order: &Order) -> Result<nhanh_sim::Order> {
    let remote = outcome(world, order).await?.remote.with_context(|| format!("{} did not arrive", order.id))?;
    world.nhanh.order(remote.parse()?).context("Nhanh.vn has it")
}

/// The ids of its places, from the province down, and which tree they are of.
async fn place(world: &World, order: &Order) -> Result<(Vec<i64>, Levels)> {
    let to = there(world, order).await?.recipient;
    Ok(([to.city, to.district, to.ward].into_iter().flatten().map(|place| place.id).collect(), to.levels))
}

/// What the merchant is told beside a created order.
async fn warnings(world: &World, order: &Order) -> Result<Vec<String>> {
    let told = outcome(world, order).await?.outcome.context("it has ended")?;
    let codes = told["warnings"].as_array().into_iter().flatten().filter_map(|warning| warning["code"].as_str());
    Ok(codes.map(str::to_owned).collect())
}

#[tokio::test]
async fn an_address_goes_as_the_ids_of_its_places_which_are_read_once_a_day() -> Result<()> {
    let world = stocked().await?;
    let old = || address("Thành phố Hà Nội", Some("Ba Đình"), "phường Điện Biên");
    let first = sent_to(&world, "first", old()).await?;
    assert_eq!(place(&world, &first).await?, (vec![254, 321, 1116], Levels::Three));
    assert_eq!((warnings(&world, &first).await?, world.asked_at(LOCATIONS)), (Vec::new(), 3), "a province, a district, a ward");

    world.clock.advance(HOUR * 23);
    let second = sent_to(&world, "second", old()).await?;
    assert_eq!((place(&world, &second).await?.0, world.asked_at(LOCATIONS)), (vec![254, 321, 1116], 3), "nothing is read again that day");
    // The same province of today's division is another list, and so are its wards: 1116 is another ward there.
    let today = sent_to(&world, "today", address("Hà Nội", None, "Ba Đình")).await?;
    assert_eq!((place(&world, &today).await?, world.asked_at(LOCATIONS)), ((vec![254, 1116], Levels::Two), 5));

    world.clock.advance(HOUR);
    let third = sent_to(&world, "third", old()).await?;
    assert_eq!((place(&world, &third).await?.0, world.asked_at(LOCATIONS)), (vec![254, 321, 1116], 8), "a day later it is read again");
    Ok(())
}

#[tokio::test]
async fn a_place_that_is_not_surely_one_blocks_no_order() -> Result<()> {
    let world = World::stocked(Plan { mirrored: true, ..Plan::on_a_manual_clock(V3) }).await?;
    let mirror = world.mirror.as_ref().context("there is a mirror")?;
    // Two wards of one name, and which is meant nobody can tell.
    mirror.rewrite(|asked, reply| {
        let mut page: Value = serde_json::from_slice(&reply).unwrap_or_default();
        if asked.path == LOCATIONS && String::from_utf8_lossy(&asked.body).contains("WARD") {
            page["data"].as_array_mut().expect("a list").push(json!({ "id": 999, "name": "Xã Điện Biên" }));
            return page.to_string().into_bytes();
        }
        reply
    });
    let ambiguous = sent_to(&world, "ambiguous", address("Hà Nội", Some("Quận Ba Đình"), "Điện Biên")).await?;
    mirror.clear();
    let unknown = sent_to(&world, "unknown", address("Hà Nội", Some("Quận Đống Đa"), "Phường Không Có")).await?;
    let nowhere = sent_to(&world, "nowhere", address("Tỉnh Không Có", None, "Phường Ba Đình")).await?;
    world.nhanh.faults().next(LOCATIONS, Fault::ServerError);
    let unasked = sent_to(&world, "unasked", address("Cần Thơ", None, "Phường Tân An")).await?;
    for (order, line) in [
        (ambiguous, "1 Trần Phú, Điện Biên, Quận Ba Đình, Hà Nội"),
        (unknown, "1 Trần Phú, Phường Không Có, Quận Đống Đa, Hà Nội"),
        (nowhere, "1 Trần Phú, Phường Ba Đình, Tỉnh Không Có"),
        (unasked, "1 Trần Phú, Phường Tân An, Cần Thơ"),
    ] {
        assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1), "{}", order.id);
        assert_eq!((place(&world, &order).await?.0, there(&world, &order).await?.recipient.address.as_deref()), (Vec::new(), Some(line)));
        assert_eq!(warnings(&world, &order).await?, ["order.place-as-text"], "{}", order.id);
    }
    assert_eq!(world.nhanh.faults().waiting(), 0, "the list of places was asked for, and not answered");
    Ok(())
}

/// An order that waits for its carrier.
async fn at_carrier(world: &World, name: &str) -> Result<(Order, i64)> {
    let order = make(world, name).await?;
    world.work().await?;
    // By then Nhanh.vn shows it.
    world.later(Duration::from_secs(120)).await?;
    let id = there(world, &order).await?.id;
    world.nhanh.hand_to_carrier(id, 5).context("the carrier is there")?;
    Ok((order, id))
}

#[tokio::test]
async fn a_reconciled_order_at_a_carrier_is_left_to_the_carrier() -> Result<()> {
    let world = stocked().await?;
    let (order, id) = at_carrier(&world, "carried").await?;
    world.nhanh.set_status(id, "Shipping");
    tell(&world, &order, 2, OrderEventKind::Reconciled(Reconciliation::Delivered)).await?;
    world.work().await?;
    assert_eq!(ended(&world, &order, 2).await?, "skip.at-carrier");
    assert_eq!((world.asked(OrderEdit), there(&world, &order).await?.status.as_str()), (0, "Shipping"));
    Ok(())
}

#[tokio::test]
async fn a_cancel_before_pick_up_asks_the_carrier_once_and_then_the_order_is_called_off() -> Result<()> {
    // What the carrier does; how the event ends; edits that are tried; how the order stands.
    let cases = [
        (CancelCarrier::StatusStays, "updated", 1, "Canceled"),
        (CancelCarrier::CarrierCanceled, "updated", 1, "CarrierCanceled"),
        (CancelCarrier::NoApi, "order.update-refused", 0, "Pickup"),
        (CancelCarrier::Reject, "order.update-refused", 0, "Pickup"),
    ];
    let world = stocked().await?;
    for (does, how, edits, stands) in cases {
        world.nhanh.faults().switch(|it| it.v3.cancel_carrier = does);
        let (order, id) = at_carrier(&world, &format!("{does:?}")).await?;
        let before = (world.asked_at(CANCEL_CARRIER), world.asked(OrderEdit));
        tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
        world.work().await?;
        assert_eq!(ended(&world, &order, 2).await?, how, "{does:?}");
        let asked = (world.asked_at(CANCEL_CARRIER) - before.0, world.asked(OrderEdit) - before.1);
        assert_eq!((asked, world.nhanh.order(id).unwrap().status.as_str()), ((1, edits), stands), "{does:?}");
    }
    // Once it is on its way, no carrier is asked.
    let (order, id) = at_carrier(&world, "gone").await?;
    world.nhanh.set_status(id, "Shipping");
    let before = world.asked_at(CANCEL_CARRIER);
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    world.work().await?;
    assert_eq!((ended(&world, &order, 2).await?.as_str(), world.asked_at(CANCEL_CARRIER) - before), ("order.cancel-too-late", 0));
    Ok(())
}

/// Pulls a stream within this scope.
async fn pull(world: &World, entity: Entity, scope: Scope) -> Result<()> {
    let run = world.host.sync(world.side.connection, entity, scope, Trigger::Click).await?.context("no pull is under way")?;
    world.work().await?;
    let run = world.run(run).await?;
    ensure!(run.state == RunState::Done, "the run is {:?}: {:?}", run.state, run.failure);
    Ok(())
}

#[tokio::test]
async fn orders_that_were_deleted_at_nhanh_are_known_by_their_list_and_only_their_links_are_marked() -> Result<()> {
    // Without webhooks, which tell the same.
    let world = World::stocked(Plan { verify_token: None, ..Plan::on_a_manual_clock(V3) }).await?;
    let (kept, deleted) = (make(&world, "kept").await?, make(&world, "deleted").await?);
    world.work().await?;
    let began = world.clock.now();
    world.clock.advance(HOUR);
    ensure!(world.nhanh.delete_order(there(&world, &deleted).await?.id), "it was there");
    pull(&world, Entity::OrderStatus, Scope::Since(began)).await?;
    assert!(world.asked_at(DELETED) > 0);
    for (order, state) in [(&deleted, "gone"), (&kept, "linked")] {
        let remote = outcome(&world, order).await?.remote.context("it was sent")?;
        let link = format!("SELECT count(*) FROM link WHERE entity = 'order' AND remote = '{remote}' AND state = '{state}'");
        assert_eq!(world.count(&link)?, 1, "{}: {state}", order.id);
    }
    assert_eq!(world.count("SELECT count(*) FROM nobi_order")?, 2, "nothing is deleted at Nobi");
    Ok(())
}

/// A shop of one depot's worth of stock, kept updated, without webhooks.
async fn polled(plan: Plan) -> Result<World> {
    let world = World::stocked(Plan { verify_token: None, ..plan }).await?;
    world.host.store().set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    Ok(world)
}

/// A product of which Nobi shows something to sell, its depot, and how much.
async fn for_sale(world: &World) -> Result<(i64, i64, i64)> {
    let depot = world.nhanh.business().depots[0];
    for product in world.nhanh.products(world.side.business) {
        if let Some(shown) = world.shown(product.id, depot).await?.filter(|shown| *shown > 0) {
            return Ok((product.id, depot, shown));
        }
    }
    anyhow::bail!("nothing is for sale")
}

#[tokio::test]
async fn levels_that_changed_are_polled_by_the_stock_list_and_not_by_the_products() -> Result<()> {
    let world = polled(Plan::on_a_manual_clock(V3)).await?;
    let (product, depot, _) = for_sale(&world).await?;
    world.clock.advance(HOUR);
    let began = world.clock.now();
    world.nhanh.change_level(product, depot, |level| *level = Level { remain: Quantity::units(77), ..Level::default() });
    let before = (world.asked(Products), world.asked_at(LEVELS));
    pull(&world, Entity::Stock, Scope::Since(began)).await?;
    assert_eq!(world.shown(product, depot).await?, Some(77_000));
    // The page with the one row still carries a cursor; an empty one follows.
    assert_eq!((world.asked(Products) - before.0, world.asked_at(LEVELS) - before.1), (0, 2));
    Ok(())
}

#[tokio::test]
async fn a_product_that_the_stock_list_leaves_out_keeps_its_level_until_nhanh_tells_another() -> Result<()> {
    let world = polled(Plan::on_a_manual_clock(V3)).await?;
    let (product, depot, shown) = for_sale(&world).await?;
    let sell_out = || {
        for depot in world.nhanh.business().depots {
            world.nhanh.change_level(product, depot, |level| *level = Level::default());
        }
    };
    // Left out because nothing is there; or because it was deleted, or lies in a depot that the grant does not cover: the list does not say.
    world.clock.advance(HOUR);
    let began = world.clock.now();
    sell_out();
    pull(&world, Entity::Stock, Scope::Since(began)).await?;
    assert_eq!(world.shown(product, depot).await?, Some(shown), "no 0 is made of nothing told");
    // Asked for by its id, and in a whole sweep, the product's own row tells the 0.
    pull(&world, Entity::Stock, Scope::Only(vec![product.to_string()])).await?;
    assert_eq!(world.shown(product, depot).await?, Some(0));
    let (product, depot, _) = for_sale(&world).await?;
    for depot in world.nhanh.business().depots {
        world.nhanh.change_level(product, depot, |level| *level = Level::default());
    }
    pull(&world, Entity::Stock, Scope::Everything).await?;
    assert_eq!(world.shown(product, depot).await?, Some(0));
    Ok(())
}

#[tokio::test]
async fn a_service_has_no_level_even_where_the_stock_list_has_a_row_for_it() -> Result<()> {
    let plan = Plan { shop: ShopSize { products: 60, ..Plan::of(V3).shop }, ..Plan::on_a_manual_clock(V3) };
    let world = polled(plan).await?;
    world.nhanh.faults().switch(|it| it.v3.inventory_omits_empty = false);
    // With one depot granted, totals are that depot's level, and the row does not say what kind of product it is of.
    let one = vec![world.nhanh.business().depots[0]];
    world.log_in(&world.side, Grant { depots: one, ..Grant::all(world.side.business) }).await?;
    let untracked = "SELECT count(*) FROM nobi_product WHERE kind IN ('service', 'other')";
    assert!(world.count(untracked)? > 0, "the shop has services and vouchers");
    pull(&world, Entity::Stock, Scope::Since(0)).await?;
    let levels = "SELECT count(*) FROM nobi_stock JOIN nobi_product ON nobi_product.id = nobi_stock.product";
    assert!(world.count(levels)? > 0);
    assert_eq!(world.count(&format!("{levels} WHERE kind NOT IN ('goods', 'variant-child', 'combo')"))?, 0);
    Ok(())
}

#[tokio::test]
async fn records_are_asked_for_by_id_a_hundred_at_a_time() -> Result<()> {
    let shop = ShopSize { depots: 2, products: 230, customers: 120, categories: 3, orders: 0 };
    let world = World::connected(Plan { shop, mirrored: true, ..Plan::on_a_manual_clock(V3) }).await?;
    world.pull(&[Entity::Branch, Entity::Product, Entity::Customer]).await?;
    let mirror = world.mirror.as_ref().context("there is a mirror")?;
    let named = |path: &str| -> Vec<usize> {
        mirror.bodies(path).iter().filter_map(|body| Some(body.pointer("/filters/ids")?.as_array()?.len())).collect()
    };
    let products: Vec<String> = world.nhanh.products(world.side.business).iter().map(|it| it.id.to_string()).collect();
    let customers: Vec<String> = world.nhanh.customers(world.side.business).iter().map(|it| it.id.to_string()).collect();
    pull(&world, Entity::Product, Scope::Only(products[..205].to_vec())).await?;
    pull(&world, Entity::Customer, Scope::Only(customers)).await?;
    // A page whose rows are all there needs no second look, whatever cursor it carries.
    assert_eq!(named("/v3.0/product/list"), [100, 100, 5]);
    assert_eq!(named("/v3.0/customer/list"), [100, 20]);
    Ok(())
}

/// A line of an order: price, thousandths, discount, tax.
type Wanted = (i64, i64, i64, i64);

/// Name, lines, the order's own discount; then what Nhanh.vn has: discounts of the lines, that of the order, tax of the lines in percent.
type Case = (&'static str, &'static [Wanted], i64, &'static [i64], i64, &'static [i64]);

/// An order of these lines and of its own discount, with the sum that Nobi works out.
async fn priced(world: &World, name: &str, lines: &[Wanted], discount: i64) -> Result<Order> {
    let order = order(world, name).await?;
    let line = |(unit_price, quantity, discount, vat): Wanted| OrderLine { quantity, unit_price, discount, vat, ..order.lines[0].clone() };
    let sum: i64 = lines.iter().map(|(price, quantity, off, vat)| (price * quantity + 500).div_euclid(1_000) - off + vat).sum();
    let to_collect = sum - discount + 30_000 - 5_000;
    let lines = lines.iter().map(|wanted| line(*wanted)).collect();
    Ok(Order { lines, discount, customer_ship_fee: 30_000, deposit: 5_000, to_collect, ..order })
}

#[tokio::test]
async fn what_is_collected_is_the_same_sum_at_both_sides_and_discounts_never_count_twice() -> Result<()> {
    let world = stocked().await?;
    let cases: [Case; 7] = [
        ("plain", &[(100_000, 2_000, 0, 0)], 0, &[0], 0, &[0]),
        ("by-line", &[(100_000, 2_000, 15_000, 0), (50_000, 1_000, 0, 0)], 0, &[15_000, 0], 0, &[0, 0]),
        ("of-order", &[(100_000, 2_000, 0, 0)], 20_000, &[0], 20_000, &[0]),
        ("both", &[(100_000, 2_000, 15_000, 0), (50_000, 1_000, 1_000, 0)], 20_000, &[0, 0], 36_000, &[0, 0]),
        ("taxed", &[(100_000, 3_000, 0, 30_000)], 0, &[0], 0, &[10]),
        ("taxed-less", &[(100_000, 2_000, 20_000, 14_400)], 0, &[20_000], 0, &[8]),
        ("weighed", &[(189_000, 1_250, 250, 0)], 0, &[250], 0, &[0]),
    ];
    for (name, lines, discount, by_line, of_order, percents) in cases {
        let order = priced(&world, name, lines, discount).await?;
        tell(&world, &order, 1, OrderEventKind::Created).await?;
        world.work().await?;
        assert_eq!(ending(&world, &order).await?, "created", "{name}");
        let own_id = format!("{}-{}", world.side.tag, order.code);
        let ledger =
            world.nhanh.ledger().into_iter().find(|entry| entry.own_id.as_deref() == Some(&own_id)).context("it is in the books")?;
        assert_eq!(ledger.to_collect, order.to_collect, "{name}: to collect");
        let there = there(&world, &order).await?;
        let of = |read: fn(&nhanh_sim::Line) -> i64| there.lines.iter().map(read).collect::<Vec<_>>();
        assert_eq!((of(|line| line.discount_amount), there.money.discount), (by_line.to_vec(), of_order), "{name}: discounts");
        assert_eq!(of(|line| line.vat_percent), percents, "{name}: tax");
    }
    // However Nhanh.vn spreads an order's discount, the sum stays.
    world.nhanh.faults().switch(|it| it.v3.order_discount = OrderDiscount::Spread);
    let order = priced(&world, "spread", &[(100_000, 2_000, 15_000, 18_500), (33_333, 1_000, 0, 0)], 20_001).await?;
    tell(&world, &order, 1, OrderEventKind::Created).await?;
    world.work().await?;
    assert_eq!(there(&world, &order).await?.to_collect(), order.to_collect);
    assert_eq!(world.asked(OrderAdd), 8);
    Ok(())
}

#[tokio::test]
async fn a_part_that_came_back_is_told_beside_the_order_which_keeps_its_own_status() -> Result<()> {
    let world = stocked().await?;
    let (order, id) = at_carrier(&world, "parted").await?;
    world.nhanh.set_status(id, "Success");
    world.nhanh.webhooks_idle().await;
    world.host.flush_refreshes(world.side.connection).await?;
    world.work().await?;
    let shown = || -> Result<Value> {
        let text: String = world.sql()?.query_row("SELECT remote_status FROM nobi_order WHERE id = ?1", [&order.id], |row| row.get(0))?;
        Ok(serde_json::from_str(&text)?)
    };
    let before = shown()?;
    assert_eq!((before["code"].as_str(), before["tracking"].is_string()), (Some("Success"), true));
    let line = there(&world, &order).await?.lines[0].clone();
    let back = world.nhanh.partial_return(id, &[(line.product, line.quantity)]).context("there was such a line")?;
    world.nhanh.webhooks_idle().await;
    world.work().await?;
    let after = shown()?;
    assert_eq!((after["code"].as_str(), after["stage"].as_str()), (Some("Success"), Some("PartlyReturned")), "{after}");
    assert_eq!((&after["tracking"], &after["carrier"]), (&before["tracking"], &before["carrier"]), "what was not told stays");
    assert!(after["reason"].as_str().is_some_and(|reason| reason.contains(&back.to_string())), "{after}");
    Ok(())
}
