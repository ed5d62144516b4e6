//! A full disk: what comes in is refused with a word that it may come again, what is under way is kept, and all goes on once there is room.

use std::time::Duration;

use connector_host::contract::catalog::Change;
use connector_host::contract::types::Entity;
use connector_host::contract::{Scope, WebhookOutcome};
use connector_host::store::{RunState, Trigger};
use connector_host::work::{HostConfig, Stop};

use crate::edge::{Edge, post};
use crate::guest::Guest;
use crate::house::{House, VERIFY};
use crate::make;

const NOW_ONLY: Stop = Stop::Idle(Duration::ZERO);

#[tokio::test]
async fn a_delivery_that_finds_the_disk_full_may_come_again_and_is_taken_in_then() {
    let (house, disk) = House::on_a_disk().await;
    let connection = house.connected("shop").await;
    let guest = Guest::new(make::descriptor()).hears(Ok(WebhookOutcome::Accepted(make::accepted(&["1"], Vec::new()))));
    let edge = Edge::open(&house, &guest).await;
    let hook = format!("/hooks/{}", connection.hook);
    let deliver = async |number: u32| {
        let body = format!(r#"{{"verify":"{VERIFY}","said":"{number}"}}"#);
        post(&edge.origin, &hook, body.as_bytes()).await.status
    };
    disk.hold_full(true).await.unwrap();
    let mut taken = 0;
    // What has room in the pages that are there is taken in.
    let refused = loop {
        match deliver(taken).await {
            200 => taken += 1,
            other => break other,
        }
        assert!(taken < 5_000, "the disk is never full");
    };
    assert_eq!(refused, 503);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery"), taken, "nothing of it is there");
    disk.hold_full(false).await.unwrap();
    assert_eq!(deliver(taken).await, 200, "the same once more");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery"), taken + 1);
}

#[tokio::test]
async fn a_pull_that_finds_the_disk_full_goes_on_where_it_was() {
    let (house, disk) = House::on_a_disk().await;
    let connection = house.connected("shop").await;
    let branches: Vec<Change> = (0..2_000).map(|number| Change::Branch(make::branch(&number.to_string()))).collect();
    let guest = Guest::new(make::descriptor()).pulls(Ok(make::page(branches)));
    let host = house.host_with(&guest, HostConfig::default()).await;
    let run = host.sync(connection.id, Entity::Branch, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    disk.hold_full(true).await.unwrap();
    host.work(NOW_ONLY).await.unwrap();
    let stopped = house.store.run(run).await.unwrap();
    assert!(stopped.state != RunState::Done && stopped.failure.is_none(), "{stopped:?}");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 0, "nothing of the page, not a part");
    disk.hold_full(false).await.unwrap();
    house.clock.advance(Duration::from_secs(60));
    host.work(NOW_ONLY).await.unwrap();
    assert_eq!(house.store.run(run).await.unwrap().state, RunState::Done);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 2_000);
}
