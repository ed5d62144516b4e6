//! Depots, levels and products that are changed at Nhanh.vn while their pairs are in use at Nobi.

use std::time::Duration;

use acceptance::dialect::Call::OrderAdd;
use acceptance::dialect::Dialect;
use acceptance::orders::{ending, make, order, tell};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::Policy;
use connector_host::contract::orders::{Order, OrderEventKind};
use connector_host::contract::types::Entity;
use connector_host::store::{Decision, Note};
use nhanh_sim::{Kin, Level, ProductView, Quantity};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than any wait before a further try.
const A_WHILE: Duration = Duration::from_secs(10 * 60);
/// Nhanh's number for a combo.
const COMBO: i64 = 9;

/// A pulled shop that keeps these updated, and whose webhooks get lost.
async fn shop(dialect: Dialect, kept_updated: &[Entity]) -> Result<World> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    for entity in kept_updated {
        world.host.set_policy(world.side.connection, *entity, Policy::KeepUpdated).await?;
    }
    world.nhanh.hold_webhooks();
    Ok(world)
}

/// A product that stands alone, with a code of its own and a price, and that code.
fn coded(world: &World) -> (i64, String) {
    let products = world.nhanh.products(world.side.business);
    let plain =
        products.iter().filter(|row| row.kin == Kin::Standalone && row.type_id == 1 && row.status == "Active" && row.price > Some(0));
    let codes = |row: &ProductView| {
        let code = row.code.clone().filter(|code| !code.trim().is_empty());
        code.filter(|code| products.iter().filter(|other| other.code.as_ref() == Some(code)).count() == 1).map(|code| (row.id, code))
    };
    plain.filter_map(codes).next().expect("a product with a code of its own")
}

/// Sets what a depot has of a product; no webhook tells of it.
fn set(world: &World, product: i64, depot: i64, units: i64) {
    world.nhanh.change_level(product, depot, |level| *level = Level { remain: Quantity::units(units), ..Level::default() });
}

async fn noted(world: &World) -> Result<Vec<String>> {
    Ok(world.host.store().warned(world.side.connection).await?.into_iter().map(|(_, warning)| warning.code).collect())
}

async fn a_depot_with_another_name_is_the_same_branch(dialect: Dialect) -> Result<()> {
    let world = shop(dialect, &[Entity::Branch]).await?;
    let depot = world.nhanh.business().depots[0];
    let known = world.host.store().linked_branches(world.side.connection).await?;
    world.nhanh.edit_depot(depot, |depot| depot.name = "Kho Thủ Đức mới".to_owned());
    let tally = world.pull(&[Entity::Branch]).await?;
    assert_eq!((tally.get("branch.updated"), tally.get("branch.created")), (1, 0));
    assert_eq!(world.host.store().linked_branches(world.side.connection).await?, known);
    assert_eq!(world.host.store().branch_names(world.side.connection).await?[&depot.to_string()], "Kho Thủ Đức mới");
    let order = make(&world, "renamed").await?;
    world.work().await?;
    assert_eq!(ending(&world, &order).await?, "created");
    Ok(())
}

async fn while_a_depot_is_closed_its_orders_wait_and_its_levels_stand_still(dialect: Dialect) -> Result<()> {
    let world = shop(dialect, &[Entity::Stock]).await?;
    let (product, _) = coded(&world);
    let branches = world.host.store().linked_branches(world.side.connection).await?;
    let depot: i64 = branches[0].1.parse()?;
    set(&world, product, depot, 5);
    world.pull(&[Entity::Stock]).await?;
    assert_eq!(world.shown(product, depot).await?, Some(5_000));
    assert!(world.nhanh.close_depot(depot));
    for _ in 0..3 {
        world.pull(&[Entity::Branch]).await?;
    }
    assert_eq!(world.noticed("branch.not-listed").await?, 1, "after the second read, and once");
    world.pull(&[Entity::Stock]).await?;
    assert_eq!(world.shown(product, depot).await?, Some(5_000));
    let order = Order { branch: branches[0].0.to_string(), ..order(&world, "closed").await? };
    tell(&world, &order, 1, OrderEventKind::Created).await?;
    for _ in 0..4 {
        world.later(A_WHILE).await?;
    }
    assert_eq!((ending(&world, &order).await?.as_str(), world.asked(OrderAdd)), ("waiting", 0));
    world.nhanh.reopen_depot(depot);
    set(&world, product, depot, 3);
    world.pull(&[Entity::Branch, Entity::Stock]).await?;
    world.later(A_WHILE).await?;
    assert_eq!((world.shown(product, depot).await?, ending(&world, &order).await?.as_str()), (Some(3_000), "created"));
    Ok(())
}

async fn a_depot_that_a_product_s_row_leaves_out_has_none_of_it_once_the_pull_ends(dialect: Dialect) -> Result<()> {
    let world = shop(dialect, &[Entity::Stock]).await?;
    let depots = world.nhanh.business().depots;
    let plain =
        |row: &ProductView| row.kin == Kin::Standalone && row.type_id == 1 && depots.iter().all(|depot| row.stock.contains_key(depot));
    let rows: Vec<i64> = world.nhanh.products(world.side.business).into_iter().filter(plain).map(|row| row.id).take(3).collect();
    let [none, one, both] = rows[..] else { panic!("three products with stock everywhere") };
    for product in [none, one, both] {
        set(&world, product, depots[0], 5);
        set(&world, product, depots[1], 7);
    }
    world.pull(&[Entity::Stock]).await?;
    for (product, depot) in [(none, depots[0]), (none, depots[1]), (one, depots[1])] {
        assert!(world.nhanh.drop_level(product, depot));
    }
    world.pull(&[Entity::Stock]).await?;
    let mut shown = Vec::new();
    for product in [none, one, both] {
        shown.push((world.shown(product, depots[0]).await?, world.shown(product, depots[1]).await?));
    }
    assert_eq!(shown, [(Some(0), Some(0)), (Some(5_000), Some(0)), (Some(5_000), Some(7_000))]);
    Ok(())
}

async fn a_hold_that_lapsed_raises_the_number_to_sell_with_a_word_about_the_order(dialect: Dialect) -> Result<()> {
    let world = shop(dialect, &[Entity::Stock]).await?;
    let order = make(&world, "held").await?;
    world.work().await?;
    assert_eq!(ending(&world, &order).await?, "created");
    let sold = world.host.store().sellable(world.side.connection, 1).await?.remove(0);
    let product: i64 = sold.remote.parse()?;
    let depot: i64 = world.host.store().linked_branches(world.side.connection).await?[0].1.parse()?;
    world.pull(&[Entity::Stock]).await?;
    let held = world.shown(product, depot).await?.unwrap();
    world.clock.advance(2 * DAY);
    assert_eq!(world.nhanh.lapse_holds(world.side.business, DAY).len(), 1);
    world.pull(&[Entity::Stock]).await?;
    assert_eq!(world.shown(product, depot).await?, Some(held + 1_000));
    let warned = world.host.store().warned(world.side.connection).await?;
    let warning = &warned.iter().find(|(_, warning)| warning.code == "stock.hold-lapsed").expect("a warning").1;
    assert!(warning.message.vi.contains("DH-held") && warning.subject.as_deref() == Some(&sold.remote), "{warning:?}");
    Ok(())
}

async fn a_product_that_became_a_combo_keeps_its_level_until_a_person_takes_it_in(dialect: Dialect) -> Result<()> {
    let world = shop(dialect, &[Entity::Product, Entity::Stock]).await?;
    let (product, _) = coded(&world);
    let depot = world.nhanh.business().depots[0];
    set(&world, product, depot, 5);
    world.pull(&[Entity::Stock]).await?;
    world.nhanh.edit_product(product, |row| row.type_id = COMBO);
    set(&world, product, depot, 9);
    world.pull(&[Entity::Product, Entity::Stock]).await?;
    assert_eq!((world.shown(product, depot).await?, world.noticed("product.kind-turned").await?), (Some(5_000), 1));
    let held = world.host.store().held_records(world.side.connection).await?;
    assert_eq!(held.iter().map(|it| it.remote.clone()).collect::<Vec<_>>(), [product.to_string()]);
    let code = held[0].code.clone();
    let note = Note { at: world.clock.now(), operator: "lan".to_owned(), code, records: 0, text: String::new() };
    world.host.store().decide_held_records(world.side.connection, Entity::Product, vec![product.to_string()], true, note).await?;
    world.work().await?;
    assert_eq!(world.shown(product, depot).await?, Some(9_000));
    Ok(())
}

/// A product as somebody makes it anew, with this code.
fn twin(code: String) -> ProductView {
    ProductView { code: Some(code), price: Some(90_000), ..ProductView::named("Hàng tạo lại") }
}

fn pair(world: &World, product: i64) -> Result<String> {
    let sql = "SELECT state FROM link WHERE entity = 'product' AND remote = ?1";
    Ok(world.sql()?.query_row(sql, [product.to_string()], |row| row.get(0))?)
}

async fn a_product_made_anew_under_the_same_code_leaves_the_old_pair_alone_and_waits(dialect: Dialect) -> Result<()> {
    let world = shop(dialect, &[]).await?;
    let (old, code) = coded(&world);
    let new = world.nhanh.add_product(world.side.business, twin(code)).unwrap();
    let tally = world.pull(&[Entity::Product]).await?;
    assert_eq!((tally.get("product.waiting"), tally.get("product.created")), (1, 0));
    assert_eq!((pair(&world, old)?.as_str(), pair(&world, new)?.as_str()), ("linked", "waiting"));
    Ok(())
}

async fn a_deleted_product_s_code_on_another_one_is_offered_to_a_person_and_its_orders_wait(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let (old, code) = coded(&world);
    let nobi: i64 =
        world.sql()?.query_row("SELECT nobi FROM link WHERE entity = 'product' AND remote = ?1", [old.to_string()], |row| row.get(0))?;
    world.nhanh.delete_product(old);
    let new = world.nhanh.add_product(world.side.business, twin(code)).unwrap();
    world.nhanh.webhooks_idle().await;
    world.pull(&[Entity::Product]).await?;
    assert_eq!((pair(&world, old)?.as_str(), pair(&world, new)?.as_str()), ("gone", "waiting"));
    let mut order = order(&world, "anew").await?;
    order.lines[0].product = nobi.to_string();
    tell(&world, &order, 1, OrderEventKind::Created).await?;
    for _ in 0..4 {
        world.later(A_WHILE).await?;
    }
    assert_eq!((ending(&world, &order).await?.as_str(), world.asked(OrderAdd)), ("waiting", 0));
    let decided = Decision::Pair(nobi);
    assert!(world.host.store().decide_pair(world.side.connection, Entity::Product, &new.to_string(), decided, world.clock.now()).await?);
    // The product is read and paired; then the order's turn comes.
    world.later(A_WHILE).await?;
    world.later(A_WHILE).await?;
    assert_eq!((pair(&world, new)?.as_str(), ending(&world, &order).await?.as_str()), ("linked", "created"));
    let sent = world.nhanh.orders(world.side.business).pop().unwrap();
    assert_eq!(sent.lines[0].product, new);
    Ok(())
}

async fn a_login_that_was_granted_no_depot_is_told_with_the_pull_and_by_the_check(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan::on_a_manual_clock(dialect)).await?;
    for depot in world.nhanh.business().depots {
        world.nhanh.close_depot(depot);
    }
    assert_eq!(world.pull(&[Entity::Branch]).await?.get("branch.warned"), 1);
    assert_eq!(noted(&world).await?, ["branch.none-listed"]);
    let lines = world.host.check(world.side.connection).await?;
    let line = lines.iter().find(|line| line.code == "check.branches").unwrap();
    assert!(line.fix.as_ref().unwrap().vi.contains("chọn các kho"), "{line:?}");
    Ok(())
}

acceptance::in_each_version!(
    a_depot_with_another_name_is_the_same_branch,
    while_a_depot_is_closed_its_orders_wait_and_its_levels_stand_still,
    a_depot_that_a_product_s_row_leaves_out_has_none_of_it_once_the_pull_ends,
    a_hold_that_lapsed_raises_the_number_to_sell_with_a_word_about_the_order,
    a_product_that_became_a_combo_keeps_its_level_until_a_person_takes_it_in,
    a_product_made_anew_under_the_same_code_leaves_the_old_pair_alone_and_waits,
    a_deleted_product_s_code_on_another_one_is_offered_to_a_person_and_its_orders_wait,
    a_login_that_was_granted_no_depot_is_told_with_the_pull_and_by_the_check,
);
