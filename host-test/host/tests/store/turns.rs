//! Whose turn it is: leases, lanes, fairness.

use std::collections::BTreeSet;

use connector_host::contract::Scope;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::Entity;
use connector_host::store::{Again, Claim, Lane, Task, Trigger};

use crate::ground::{Ground, LEASE, claim, connected};
use crate::make::{self, NOW};

async fn orders(ground: &dyn Ground, connection: i64, count: u32) {
    for number in 0..count {
        let order = format!("o-{connection}-{number}");
        ground.store().order_event(connection, make::event(&order, 1, OrderEventKind::Created), NOW).await.unwrap();
    }
}

pub(crate) async fn a_connection_is_worked_for_by_one_worker_at_a_time(ground: &dyn Ground) {
    let mut connections = Vec::new();
    for number in 0..10 {
        let connection = connected(ground, &format!("shop-{number}")).await;
        orders(ground, connection.id, 5).await;
        connections.push(connection.id);
    }
    // Eight workers at once, each as greedy as it can be.
    let workers: Vec<_> = (0..8)
        .map(|number| {
            let store = ground.store();
            tokio::spawn(async move {
                let mut holds = Vec::new();
                let mut pieces = Vec::new();
                loop {
                    let claim =
                        Claim { holder: format!("worker-{number}"), holds: holds.clone(), now: NOW, until: NOW + LEASE, only_live: false };
                    let Some(turn) = store.claim(claim).await.unwrap() else { break pieces };
                    if !holds.contains(&turn.lease) {
                        holds.push(turn.lease);
                    }
                    pieces.push((turn.lease.connection, turn.work.id));
                }
            })
        })
        .collect();
    let (mut seen, mut pieces) = (BTreeSet::new(), BTreeSet::new());
    for worker in workers {
        let own = worker.await.unwrap();
        let holds: BTreeSet<i64> = own.iter().map(|(connection, _)| *connection).collect();
        assert!(seen.is_disjoint(&holds), "two workers had one connection");
        seen.extend(holds);
        pieces.extend(own.into_iter().map(|(_, work)| work));
    }
    assert_eq!((seen.len(), pieces.len()), (10, 50), "every piece was handed out once");
}

pub(crate) async fn a_claim_never_returns_a_connection_that_somebody_else_leases(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    orders(ground, connection.id, 2).await;
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    assert!(claim(ground, "two", &[], NOW).await.is_none());
    assert!(claim(ground, "two", &[], NOW + LEASE - 1).await.is_none());
    assert_eq!(ground.store().next_due(&[]).await.unwrap(), Some(NOW + LEASE), "that is when there may be something to do");
    assert!(claim(ground, "one", &[first.lease], NOW).await.is_some());
}

pub(crate) async fn a_lease_that_ran_out_gives_its_work_back(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    orders(ground, connection.id, 1).await;
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    let second = claim(ground, "two", &[], NOW + LEASE).await.unwrap();
    assert_eq!(second.work.id, first.work.id);
    assert!(second.lease.fence > first.lease.fence);
}

pub(crate) async fn a_worker_that_beats_in_time_keeps_its_lease(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    orders(ground, connection.id, 1).await;
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    let until = NOW + 2 * LEASE;
    assert_eq!(ground.store().heartbeat(&[first.lease], until).await.unwrap(), Vec::<i64>::new());
    assert!(claim(ground, "two", &[], NOW + LEASE).await.is_none());
    assert!(claim(ground, "two", &[], until).await.is_some());
}

pub(crate) async fn connections_take_turns(ground: &dyn Ground) {
    let (big, small) = (connected(ground, "big").await, connected(ground, "small").await);
    orders(ground, big.id, 20).await;
    orders(ground, small.id, 3).await;
    let mut holds = Vec::new();
    let mut course = Vec::new();
    for _ in 0..6 {
        let turn = claim(ground, "one", &holds, NOW).await.unwrap();
        if !holds.contains(&turn.lease) {
            holds.push(turn.lease);
        }
        course.push(turn.lease.connection);
    }
    assert_eq!(course.iter().filter(|connection| **connection == small.id).count(), 3, "{course:?}");
    // What a person waits for goes ahead of any turn.
    ground.store().begin_run(small.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap();
    assert_eq!(claim(ground, "one", &holds, NOW).await.unwrap().work.lane, Lane::Live);
}

pub(crate) async fn what_is_given_back_is_free_at_once(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    orders(ground, connection.id, 1).await;
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    ground.store().again(first.lease, first.work.id, Again { due: NOW, waited: None }).await.unwrap();
    ground.store().release(&[first.lease]).await.unwrap();
    assert!(claim(ground, "two", &[], NOW).await.is_some());
    // A lease that is somebody else's by now cannot be given back.
    ground.store().release(&[first.lease]).await.unwrap();
    assert!(claim(ground, "three", &[], NOW).await.is_none());
}

pub(crate) async fn idle_connections_are_nothing_to_do(ground: &dyn Ground) {
    for number in 0..50 {
        connected(ground, &format!("idle-{number}")).await;
    }
    assert!(claim(ground, "one", &[], NOW).await.is_none());
    assert_eq!(ground.store().next_due(&[]).await.unwrap(), None);
}

pub(crate) async fn two_pieces_with_one_key_never_run_at_once(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    store.order_event(connection.id, make::event("o", 2, OrderEventKind::Deleted), NOW).await.unwrap();
    assert!(claim(ground, "one", &[first.lease], NOW).await.is_none());
    store.complete(first.lease, first.work.id).await.unwrap();
    let second = claim(ground, "one", &[first.lease], NOW).await.unwrap();
    assert_eq!(second.work.task, Task::Push { order: "o".to_owned() });
}
