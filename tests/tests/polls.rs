//! What no webhook told of comes in all the same: streams that are kept updated are asked for by themselves, and what the other side says of
//! an order is shown beside it, or moves it where the merchant asked for that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::dialect::Call::{OrderEdit, Orders, Products};
use acceptance::dialect::{Dialect, LEVELS, V3};
use acceptance::orders::{make, outcome};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::Policy;
use connector_host::contract::orders::Order;
use connector_host::contract::types::Entity;
use connector_host::store::{RunState, Standing, Trigger};
use connector_host::work::{HostConfig, Polls};
use nhanh_sim::{Quantity, StockTimes};

/// One of the simulator's carriers.
const CARRIER: i64 = 5;

/// A pulled shop whose webhooks get lost, on a clock that a test turns.
async fn world(dialect: Dialect, kept_updated: &[Entity]) -> Result<World> {
    let plan = Plan::on_a_manual_clock(dialect);
    let host = HostConfig { polls: Polls::default(), ..plan.host.clone() };
    let world = World::stocked(Plan { host, ..plan }).await?;
    for entity in kept_updated {
        world.host.set_policy(world.side.connection, *entity, Policy::KeepUpdated).await?;
    }
    world.nhanh.hold_webhooks();
    world.work().await?;
    Ok(world)
}

/// Turns the clock on in steps, working at each.
async fn pass(world: &World, minutes: u64) -> Result<()> {
    for _ in 0..minutes / 3 {
        world.later(Duration::from_secs(3 * 60)).await?;
    }
    Ok(())
}

async fn a_lost_webhook_is_healed_by_the_next_poll(dialect: Dialect) -> Result<()> {
    let world = world(dialect, &[Entity::Product, Entity::Stock]).await?;
    // Everything that is known has been looked at once.
    pass(&world, 30).await?;
    let product: i64 = world.host.store().sellable(world.side.connection, 1).await?[0].remote.parse()?;
    let depot = world.nhanh.business().depots[0];
    world.nhanh.edit_product(product, |product| product.name = "Đổi tên".to_owned());
    world.nhanh.change_level(product, depot, |level| *level = nhanh_sim::Level { remain: Quantity::units(41), ..*level });
    let there = world.nhanh.stock(product, depot).unwrap().available().as_thousandths();
    assert_ne!(world.shown(product, depot).await?, Some(there));
    let (pages, levels) = (world.asked(Products), world.asked_at(LEVELS));
    pass(&world, 18).await?;
    assert_eq!(world.count("SELECT count(*) FROM nobi_product WHERE name = 'Đổi tên'")?, 1);
    if dialect == V3 {
        assert!(world.asked_at(LEVELS) > levels);
    } else {
        // 2.0 cannot say which levels changed: that is found out once, and from then on all of them are read once an hour.
        assert_eq!(world.sql()?.query_row("SELECT way FROM schedule WHERE entity = 'stock'", [], |row| row.get::<_, String>(0))?, "whole");
        assert!(world.asked(Products) - pages <= 4, "changes alone, so far");
        pass(&world, 60).await?;
    }
    assert_eq!(world.shown(product, depot).await?, Some(there));
    assert_eq!(world.notices().await?.into_iter().filter(|notice| notice.code.starts_with("flow.")).count(), 0);
    Ok(())
}

/// 3.0's list of changed levels may have no row for what is sold out, and may not see a sale at all: nobody documents it, so both heal.
async fn sold_out_is_known_within_the_hour(means: StockTimes, omits_empty: bool) -> Result<()> {
    let world = world(V3, &[Entity::Stock]).await?;
    world.nhanh.faults().switch(|it| (it.v3.stock_times, it.v3.inventory_omits_empty) = (means, omits_empty));
    pass(&world, 30).await?;
    let product: i64 = world.host.store().sellable(world.side.connection, 1).await?[0].remote.parse()?;
    let depot = world.nhanh.business().depots[0];
    world
        .nhanh
        .change_level(product, depot, |level| *level = nhanh_sim::Level { remain: Quantity::units(41), ..nhanh_sim::Level::default() });
    pass(&world, 72).await?;
    assert_eq!(world.shown(product, depot).await?, Some(41_000));
    for depot in world.nhanh.business().depots {
        world.nhanh.change_level(product, depot, |level| *level = nhanh_sim::Level::default());
    }
    let (pages, changes) = (world.asked(Products), world.asked_at(LEVELS));
    pass(&world, 72).await?;
    assert_eq!(world.shown(product, depot).await?, Some(0));
    assert!(world.asked_at(LEVELS) - changes >= 10, "what changed is asked for in between");
    assert!(world.asked(Products) > pages);
    Ok(())
}

#[tokio::test]
async fn what_is_sold_out_and_left_out_of_the_stock_list_of_3_0_is_known_within_the_hour() -> Result<()> {
    sold_out_is_known_within_the_hour(StockTimes::StockChanges, true).await
}

#[tokio::test]
async fn where_the_times_of_3_0_s_stock_list_are_those_of_the_product_a_sale_is_known_within_the_hour() -> Result<()> {
    sold_out_is_known_within_the_hour(StockTimes::ProductEdits, true).await?;
    sold_out_is_known_within_the_hour(StockTimes::ProductEdits, false).await
}

async fn what_acts_on_a_click_is_never_asked_for(dialect: Dialect) -> Result<()> {
    let world = world(dialect, &[]).await?;
    let before = world.nhanh.requests().len();
    for _ in 0..50 {
        world.later(Duration::from_secs(30 * 60)).await?;
    }
    assert_eq!(world.nhanh.requests().len(), before, "a day goes by without a request");
    Ok(())
}

/// An order that went out, and its id there.
async fn sent(world: &World) -> Result<(Order, i64)> {
    let order = make(world, "followed").await?;
    world.work().await?;
    let remote = outcome(world, &order).await?.remote.unwrap().parse()?;
    Ok((order, remote))
}

async fn standing(world: &World, order: &Order) -> Result<Standing> {
    Ok(world.host.store().standings(world.side.connection, Some(&order.id), 1).await?.remove(0))
}

async fn a_status_without_a_webhook_is_shown_beside_the_order_and_moves_nothing(dialect: Dialect) -> Result<()> {
    let world = world(dialect, &[]).await?;
    let (order, remote) = sent(&world).await?;
    let carrier = world.nhanh.hand_to_carrier(remote, CARRIER);
    world.nhanh.set_status(remote, "Shipping");
    pass(&world, 15).await?;
    let standing = standing(&world, &order).await?;
    let there = standing.there.clone().expect("it was asked for");
    assert_eq!((there.code.as_str(), standing.stage.as_str()), ("Shipping", "new"));
    assert!(carrier.is_some() && there.tracking == carrier, "{there:?}");
    // Its end is known: nobody asks any more.
    world.nhanh.set_status(remote, "Success");
    pass(&world, 15).await?;
    let asked = world.asked(Orders);
    pass(&world, 60).await?;
    assert_eq!(world.asked(Orders), asked);
    Ok(())
}

async fn kept_updated_a_status_moves_nobi_s_own_forward_and_is_never_sent_back(dialect: Dialect) -> Result<()> {
    let world = world(dialect, &[Entity::OrderStatus]).await?;
    let (order, remote) = sent(&world).await?;
    for (there, own) in
        [("Confirmed", "confirming"), ("Packed", "packing"), ("Confirmed", "packing"), ("Shipping", "shipping"), ("Success", "delivered")]
    {
        world.nhanh.set_status(remote, there);
        pass(&world, 12).await?;
        let standing = standing(&world, &order).await?;
        assert_eq!((standing.there.unwrap().code.as_str(), standing.stage.as_str()), (there, own));
    }
    assert_eq!((world.asked(OrderEdit), world.count("SELECT count(*) FROM outbox")?), (0, 1), "nothing of it goes back");
    Ok(())
}

/// What a person who asks for the changes of order statuses gets before anybody asked for them all.
async fn the_changes_of_order_statuses_are_those_of_the_last_thirty_days_at_first(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let (order, remote) = sent(&world).await?;
    world.nhanh.hold_webhooks();
    world.nhanh.set_status(remote, "Packed");
    let days = Duration::from_secs(29 * 24 * 60 * 60);
    world.clock.advance(days);
    let scope = world.host.missing(world.side.connection, Entity::OrderStatus).await?;
    let Some(run) = world.host.sync(world.side.connection, Entity::OrderStatus, scope, Trigger::Click).await? else { panic!("under way") };
    world.work().await?;
    assert_eq!(world.run(run).await?.state, RunState::Done);
    assert_eq!(standing(&world, &order).await?.there.unwrap().code, "Packed");
    Ok(())
}

async fn after_an_outage_the_window_reaches_back_to_the_last_whole_run(dialect: Dialect) -> Result<()> {
    let mut world = world(dialect, &[Entity::Product]).await?;
    pass(&world, 30).await?;
    let product: i64 = world.host.store().sellable(world.side.connection, 1).await?[0].remote.parse()?;
    world.nhanh.edit_product(product, |product| product.name = "Giữa đêm".to_owned());
    // Nobody works for two days; then another process does.
    world.clock.advance(Duration::from_secs(2 * 24 * 60 * 60));
    world.restart().await?;
    world.work().await?;
    assert_eq!(world.count("SELECT count(*) FROM nobi_product WHERE name = 'Giữa đêm'")?, 1, "at once");
    Ok(())
}

acceptance::in_each_version!(
    a_lost_webhook_is_healed_by_the_next_poll,
    what_acts_on_a_click_is_never_asked_for,
    a_status_without_a_webhook_is_shown_beside_the_order_and_moves_nothing,
    kept_updated_a_status_moves_nobi_s_own_forward_and_is_never_sent_back,
    the_changes_of_order_statuses_are_those_of_the_last_thirty_days_at_first,
    after_an_outage_the_window_reaches_back_to_the_last_whole_run,
);
