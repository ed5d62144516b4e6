//! A grant of Nhanh.vn's lasts a year and cannot be renewed: people are told in good time, once at each mark, and when it has ended nothing is
//! dropped. The checklist says the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::dialect::{Dialect, V2, V3};
use acceptance::orders::{copies, ending, make};
use acceptance::plan::{Plan, VERIFY_TOKEN};
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::Verdict;
use connector_host::contract::types::Entity;
use connector_host::store::ConnectionState;
use nhanh_sim::{Event, EventKind, Grant};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MARKS: [u32; 5] = [30, 14, 7, 3, 1];

async fn told(world: &World) -> Result<Vec<u32>> {
    let mut counts = Vec::new();
    for mark in MARKS {
        counts.push(world.noticed(&format!("grant.ends-in-{mark}")).await?);
    }
    Ok(counts)
}

async fn verdict(world: &World, code: &str) -> Result<Option<Verdict>> {
    let lines = world.host.check(world.side.connection).await?;
    Ok(lines.into_iter().find(|line| line.code == code).map(|line| line.verdict))
}

async fn people_are_told_once_at_each_mark_and_an_ended_grant_drops_nothing(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    assert_eq!(verdict(&world, "check.grant").await?, Some(Verdict::Ok));
    world.later(DAY * 334).await?;
    assert_eq!(told(&world).await?, [0, 0, 0, 0, 0], "31 days are left");

    world.later(DAY).await?;
    world.later(DAY).await?;
    assert_eq!(told(&world).await?, [1, 0, 0, 0, 0], "told once, and not again the next day");
    assert_eq!(verdict(&world, "check.grant").await?, Some(Verdict::Warning));
    for days in [15, 7, 4, 2] {
        world.later(DAY * days).await?;
    }
    assert_eq!(told(&world).await?, [0, 0, 0, 0, 1], "a nearer end takes the place of a farther one");

    world.later(DAY * 2).await?;
    assert_eq!(world.connection().await?.state, ConnectionState::Paused);
    assert_eq!(world.noticed("grant.ended").await?, 1);
    assert_eq!(verdict(&world, "check.grant").await?, Some(Verdict::Failed));

    let order = make(&world, "waits").await?;
    world.work().await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("waiting", 0));
    world.log_in(&world.side, Grant::all(world.side.business)).await?;
    world.later(DAY).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1));
    assert_eq!(told(&world).await?, [0, 0, 0, 0, 0], "a new grant ends on another day");
    Ok(())
}

async fn the_checklist_knows_branches_and_webhooks(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan::of(dialect)).await?;
    assert_eq!(verdict(&world, "check.branches").await?, Some(Verdict::Warning), "no branch has been synced yet");
    world.pull(&[Entity::Branch, Entity::Product]).await?;
    assert_eq!(verdict(&world, "check.branches").await?, Some(Verdict::Ok));
    let product = world.nhanh.products(world.side.business)[0].id;
    assert_eq!(world.post(&world.delivery(world.side.business, &Event::ProductUpdate(product))?).await?, 200);
    assert_eq!(verdict(&world, "check.webhooks").await?, Some(Verdict::Ok));
    Ok(())
}

#[tokio::test]
async fn in_2_0_the_checklist_knows_events_that_are_not_ticked() -> Result<()> {
    let world = World::connected(Plan::of(V2)).await?;
    assert_eq!(verdict(&world, "check.events").await?, Some(Verdict::Ok));
    assert_eq!(verdict(&world, "check.webhooks").await?, Some(Verdict::Ok), "the probe has come");
    world.save_webhooks(&world.side, VERIFY_TOKEN, &[EventKind::OrderAdd]).await?;
    assert_eq!(verdict(&world, "check.events").await?, Some(Verdict::Warning));
    Ok(())
}

#[tokio::test]
async fn in_3_0_no_probe_says_what_is_ticked_and_the_checklist_goes_by_what_came() -> Result<()> {
    let world = World::connected(Plan::of(V3)).await?;
    world.save_webhooks(&world.side, VERIFY_TOKEN, &[EventKind::OrderAdd]).await?;
    assert_eq!(verdict(&world, "check.events").await?, Some(Verdict::Unknown));
    assert_eq!(world.noticed("webhook.events-missing").await?, 0);
    assert_eq!(verdict(&world, "check.webhooks").await?, Some(Verdict::Ok), "the probe was a right one");
    Ok(())
}

acceptance::in_each_version!(people_are_told_once_at_each_mark_and_an_ended_grant_drops_nothing, the_checklist_knows_branches_and_webhooks,);
