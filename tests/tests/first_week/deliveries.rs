//! The same words a second time: what Nhanh.vn delivers again, and what is so again.

use std::time::Duration;

use acceptance::delivery::Delivery;
use acceptance::dialect::Dialect;
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::Policy;
use connector_host::contract::types::Entity;
use nhanh_sim::{Event, Level, Quantity};

/// A pulled shop that keeps its stock updated, a product of it and a depot.
async fn shop(dialect: Dialect) -> Result<(World, i64, i64)> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    world.host.store().set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    world.nhanh.hold_webhooks();
    let product = world.host.store().sellable(world.side.connection, 1).await?.remove(0).remote.parse()?;
    let depot = world.nhanh.business().depots[0];
    Ok((world, product, depot))
}

/// Sets a level at Nhanh.vn, and returns the delivery that tells of it.
fn set(world: &World, product: i64, depot: i64, units: i64) -> Result<Delivery> {
    world.nhanh.change_level(product, depot, |level| *level = Level { remain: Quantity::units(units), ..Level::default() });
    world.delivery(world.side.business, &Event::InventoryChange(product))
}

/// A whole pull of stock that brings this level, as a poll would.
async fn swept(world: &World, product: i64, depot: i64, units: i64) -> Result<()> {
    set(world, product, depot, units)?;
    world.pull(&[Entity::Stock]).await?;
    assert_eq!(world.shown(product, depot).await?, Some(units * 1_000));
    Ok(())
}

async fn sold_out_again_after_a_sweep_brought_stock_is_sold_out(dialect: Dialect) -> Result<()> {
    let (world, product, depot) = shop(dialect).await?;
    let sold_out = set(&world, product, depot, 0)?;
    world.post(&sold_out).await?;
    swept(&world, product, depot, 5).await?;
    let again = set(&world, product, depot, 0)?;
    assert_eq!(again.bytes(), sold_out.bytes(), "the same words");
    world.post(&again).await?;
    assert_eq!(world.shown(product, depot).await?, Some(0));
    assert_eq!(world.count(&format!("SELECT count(*) FROM refresh WHERE entity = 'stock' AND remote = '{product}'"))?, 1);
    Ok(())
}

async fn a_retry_that_comes_after_a_newer_level_raises_nothing_before_it_is_read(dialect: Dialect) -> Result<()> {
    let (world, product, depot) = shop(dialect).await?;
    let five = set(&world, product, depot, 5)?;
    world.post(&five).await?;
    swept(&world, product, depot, 0).await?;
    world.later(Duration::from_secs(50 * 60)).await?;
    world.post(&five).await?;
    assert_eq!(world.shown(product, depot).await?, Some(0), "not for a moment");
    let due = format!("SELECT due - {} FROM refresh WHERE entity = 'stock' AND remote = '{product}'", world.clock.now());
    assert_eq!(world.count(&due)?, 0, "its refresh goes first");
    world.work().await?;
    assert_eq!(world.shown(product, depot).await?, Some(0), "which Nhanh.vn confirms");
    Ok(())
}

async fn stock_that_is_back_comes_in_with_the_read_that_its_delivery_asks_for(dialect: Dialect) -> Result<()> {
    let (world, product, depot) = shop(dialect).await?;
    let five = set(&world, product, depot, 5)?;
    world.post(&five).await?;
    swept(&world, product, depot, 0).await?;
    let back = set(&world, product, depot, 5)?;
    assert_eq!(back.bytes(), five.bytes(), "the same words");
    world.post(&back).await?;
    world.work().await?;
    assert_eq!(world.shown(product, depot).await?, Some(5_000), "without a minute of the clock");
    Ok(())
}

acceptance::in_each_version!(
    sold_out_again_after_a_sweep_brought_stock_is_sold_out,
    a_retry_that_comes_after_a_newer_level_raises_nothing_before_it_is_read,
    stock_that_is_back_comes_in_with_the_read_that_its_delivery_asks_for,
);
