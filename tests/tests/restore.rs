//! After a restore no order is made twice, though the host's file knows nothing of what went out since the copy was made. The compiled
//! component and the simulator's ledger, which forgets nothing, on a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::dialect::Call::OrderAdd;
use acceptance::dialect::Dialect;
use acceptance::orders::{copies, ending, make, order, outcome, settle, tell};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::orders::{OrderEventKind, PartyRole};
use connector_host::contract::types::Entity;
use connector_host::store::OrderOutcome;

async fn world(dialect: Dialect) -> Result<World> {
    World::stocked(Plan::on_a_manual_clock(dialect)).await
}

const HOUR: Duration = Duration::from_secs(3_600);

async fn an_order_that_went_out_after_the_copy_is_adopted_and_not_made_again(dialect: Dialect) -> Result<()> {
    let mut world = world(dialect).await?;
    let before = make(&world, "before").await?;
    settle(&world, &before).await?;
    let waiting = make(&world, "waiting").await?;
    let copy = world.back_up()?;
    world.clock.advance(HOUR);
    settle(&world, &waiting).await?;
    let unknown = make(&world, "unknown").await?;
    settle(&world, &unknown).await?;
    let there = outcome(&world, &waiting).await?.remote;
    assert_eq!((copies(&world, &before), copies(&world, &waiting), copies(&world, &unknown)), (1, 1, 1));
    let sent = world.asked(OrderAdd);

    world.clock.advance(HOUR);
    let restored = world.restore(&copy).await?;
    assert_eq!(restored.may_have_arrived, 1, "the one that waited; the file knows where the earlier one is");
    settle(&world, &waiting).await?;
    assert_eq!((ending(&world, &waiting).await?.as_str(), outcome(&world, &waiting).await?.remote), ("adopted", there));
    // Nobi tells again what the file knows nothing of.
    tell(&world, &unknown, 1, OrderEventKind::Created).await?;
    settle(&world, &unknown).await?;
    assert_eq!(ending(&world, &unknown).await?, "adopted");
    assert_eq!((copies(&world, &before), copies(&world, &waiting), copies(&world, &unknown)), (1, 1, 1));
    assert_eq!(world.asked(OrderAdd), sent, "no create was sent");
    Ok(())
}

async fn an_order_that_had_not_gone_out_is_looked_for_and_then_made_once(dialect: Dialect) -> Result<()> {
    let mut world = world(dialect).await?;
    let waiting = make(&world, "waiting").await?;
    let copy = world.back_up()?;
    world.clock.advance(HOUR);
    world.restore(&copy).await?;
    settle(&world, &waiting).await?;
    assert_eq!((ending(&world, &waiting).await?.as_str(), copies(&world, &waiting)), ("created", 1));
    // One that is made after the restore goes out at once.
    world.clock.advance(HOUR);
    let new = order(&world, "new").await?;
    tell(&world, &new, 1, OrderEventKind::Created).await?;
    world.work().await?;
    assert_eq!((ending(&world, &new).await?.as_str(), copies(&world, &new)), ("created", 1));
    Ok(())
}

async fn a_cancel_finds_the_order_that_the_file_has_forgotten(dialect: Dialect) -> Result<()> {
    let mut world = world(dialect).await?;
    let cancelled = make(&world, "cancelled").await?;
    let copy = world.back_up()?;
    settle(&world, &cancelled).await?;
    world.clock.advance(HOUR);
    world.restore(&copy).await?;
    tell(&world, &cancelled, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    settle(&world, &cancelled).await?;
    let outcomes = world.host.store().order_outcomes(world.side.connection, &cancelled.id).await?;
    let told = |it: &OrderOutcome, key| it.outcome.as_ref().unwrap()[key].as_str().map(str::to_owned);
    let how: Vec<_> = outcomes.iter().map(|it| (it.state.as_str(), told(it, "how").or(told(it, "reason")).unwrap())).collect();
    let ends = [("skipped", "skip.cancelled-since".to_owned()), ("done", "updated".to_owned())];
    assert_eq!(how, ends, "it is not made any more, nor skipped as never pushed");
    assert_eq!(copies(&world, &cancelled), 1);
    Ok(())
}

async fn what_was_pulled_since_is_pulled_again_and_pairs_hold(dialect: Dialect) -> Result<()> {
    let mut world = World::connected(Plan::on_a_manual_clock(dialect)).await?;
    world.pull(&[Entity::Branch]).await?;
    let copy = world.back_up()?;
    let first = world.pull(&[Entity::Product]).await?;
    world.clock.advance(HOUR);
    world.restore(&copy).await?;
    let second = world.pull(&[Entity::Branch, Entity::Product]).await?;
    assert_eq!(first.get("product.created"), second.get("product.created"));
    assert_eq!(second.get("branch.created"), 0);
    Ok(())
}

acceptance::in_each_version! {
    an_order_that_went_out_after_the_copy_is_adopted_and_not_made_again,
    an_order_that_had_not_gone_out_is_looked_for_and_then_made_once,
    a_cancel_finds_the_order_that_the_file_has_forgotten,
    what_was_pulled_since_is_pulled_again_and_pairs_hold,
}
