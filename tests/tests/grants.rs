//! A grant of Nhanh.vn's lasts a year and cannot be renewed: people are told in good time, once at each mark, and when it has ended nothing is
//! dropped. The checklist says the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::orders::{copies, ending, make};
use acceptance::world::{Plan, VERIFY_TOKEN, World};
use anyhow::Result;
use connector_host::contract::Verdict;
use connector_host::store::ConnectionState;
use nhanh_sim::{EventKind, Grant, WebhookForm};

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

#[tokio::test]
async fn people_are_told_once_at_each_mark_and_an_ended_grant_drops_nothing() -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock()).await?;
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
    assert_eq!(told(&world).await?, [1, 1, 1, 1, 1]);

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

#[tokio::test]
async fn the_checklist_knows_branches_webhooks_and_unticked_events() -> Result<()> {
    let world = World::connected(Plan::default()).await?;
    assert_eq!(verdict(&world, "check.branches").await?, Some(Verdict::Warning), "no branch has been synced yet");
    let form =
        WebhookForm { callback_url: world.side.callback.clone(), verify_token: VERIFY_TOKEN.to_owned(), events: vec![EventKind::OrderAdd] };
    world.nhanh.save_webhooks(world.side.app.app_id, form).await?;
    assert_eq!(verdict(&world, "check.events").await?, Some(Verdict::Warning));
    assert_eq!(verdict(&world, "check.webhooks").await?, Some(Verdict::Ok));

    let world = World::stocked(Plan::default()).await?;
    assert_eq!(verdict(&world, "check.branches").await?, Some(Verdict::Ok));
    assert_eq!(verdict(&world, "check.events").await?, Some(Verdict::Ok));
    Ok(())
}
