//! Orders on their way: one event once, in their order, each order by itself.

use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::store::{Again, Settled, Settlement, StoreError, Task};
use serde_json::json;

use crate::ground::{Ground, claim, connected, failure};
use crate::make::{self, NOW};

fn push(order: &str) -> Task {
    Task::Push { order: order.to_owned() }
}

pub(crate) async fn a_thousand_identical_events_at_once_leave_one_that_waits(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (store, id) = (ground.store(), connection.id);
            tokio::spawn(async move { store.order_event(id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += u32::from(task.await.unwrap());
    }
    assert_eq!(new, 1);
    assert_eq!(ground.store().order_outcomes(connection.id, "o").await.unwrap().len(), 1);
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    assert_eq!(first.work.task, push("o"));
    assert!(claim(ground, "one", &[first.lease], NOW).await.is_none());
}

pub(crate) async fn what_cannot_be_queued_is_not_kept(ground: &dyn Ground) {
    let (shop, other) = (connected(ground, "shop").await, connected(ground, "other").await);
    let store = ground.store();
    ground.refuse_work_of(shop.id).await;
    let event = || make::event("o", 1, OrderEventKind::Created);
    assert!(store.order_event(shop.id, event(), NOW).await.is_err());
    assert_eq!(store.order_outcomes(shop.id, "o").await.unwrap().len(), 0, "an event that nobody would ever send is not kept");
    assert!(store.keep_delivery(shop.id, NOW, [1; 32], b"body".to_vec(), failure(FailureClass::Transient), NOW).await.is_err());
    assert_eq!(store.last_delivery(shop.id).await.unwrap(), None);
    // The others of the same moment stand.
    assert!(store.order_event(other.id, event(), NOW).await.unwrap());
}

pub(crate) async fn an_order_that_has_to_wait_keeps_no_other_waiting(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    for order in ["parked", "free"] {
        store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
    }
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    assert_eq!(first.work.task, push("parked"));
    store.again(first.lease, first.work.id, Again { due: NOW + 600_000, waited: None }).await.unwrap();
    store.order_event(connection.id, make::event("parked", 2, OrderEventKind::Deleted), NOW).await.unwrap();
    let second = claim(ground, "one", &[first.lease], NOW + 1).await.unwrap();
    assert_eq!(second.work.task, push("free"));
    assert!(claim(ground, "one", &[second.lease], NOW + 1).await.is_none(), "its own next event waits with it");
}

pub(crate) async fn a_replay_keeps_the_order_of_an_order_s_events(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    let event = |order: &str, sequence, kind| make::event(order, sequence, kind);
    let settle = |row, settled, remote: Option<&str>| Settlement {
        footing: connection.footing(),
        row,
        settled,
        remote: remote.map(str::to_owned),
        outcome: json!({ "failure": failure(FailureClass::Rejected) }),
        at: NOW,
    };
    for order in ["early", "late"] {
        store.order_event(connection.id, event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
        let row = store.next_event(connection.id, order).await.unwrap().unwrap();
        store.settle(settle(row.id, Settled::Failed, None)).await.unwrap();
        store.order_event(connection.id, event(order, 2, OrderEventKind::Deleted), NOW).await.unwrap();
    }
    let row = store.next_event(connection.id, "late").await.unwrap().unwrap();
    store.settle(settle(row.id, Settled::Done, Some("99"))).await.unwrap();
    let dead: Vec<i64> = store.failed_events(connection.id).await.unwrap().iter().map(|failed| failed.id).collect();
    let retried = store.retry_events(connection.id, dead, NOW).await.unwrap();
    assert_eq!((retried.queued, retried.overtaken), (1, 1), "what a later event has overtaken would undo it");
    let next = store.next_event(connection.id, "early").await.unwrap().unwrap();
    assert_eq!(next.event.sequence, 1, "the replayed one goes before the one that waits");
}

pub(crate) async fn an_edit_that_goes_nowhere_overtakes_nothing(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    let edits = [OrderEventKind::Updated, OrderEventKind::Status("Đã xác nhận".to_owned())];
    for (order, later, queued) in [("edited", edits.to_vec(), true), ("gone", [&edits[..], &[OrderEventKind::Deleted]].concat(), false)] {
        store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
        for (sequence, kind) in (2..).zip(later) {
            let mut event = make::event(order, sequence, kind);
            event.order.recipient.phone = "0907654321".to_owned();
            store.order_event(connection.id, event, NOW).await.unwrap();
        }
        let mut created = None;
        while let Some(row) = store.next_event(connection.id, order).await.unwrap() {
            created = created.or(Some(row.id));
            let settled = if row.event.sequence == 1 { Settled::Failed } else { Settled::Skipped };
            let (footing, outcome) = (connection.footing(), json!({ "failure": failure(FailureClass::Rejected) }));
            store.settle(Settlement { footing, row: row.id, settled, remote: None, outcome, at: NOW }).await.unwrap();
        }
        let retried = store.retry_events(connection.id, created.into_iter().collect(), NOW).await.unwrap();
        assert_eq!((retried.queued, retried.overtaken), if queued { (1, 0) } else { (0, 1) }, "{order}");
        let next = store.next_event(connection.id, order).await.unwrap();
        let sent = next.map(|row| (row.event.sequence, row.event.order.recipient.phone));
        assert_eq!(sent, queued.then(|| (1, "0907654321".to_owned())), "what goes out is the order as it was mended");
    }
}

pub(crate) async fn an_own_id_is_given_once(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    for order in ["a", "b"] {
        store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
    }
    store.intend(make::intent(&connection, "a", "abcd-1", NOW)).await.unwrap();
    store.intend(make::intent(&connection, "a", "abcd-1", NOW + 1)).await.unwrap();
    let taken = store.intend(make::intent(&connection, "b", "abcd-1", NOW)).await;
    assert!(matches!(taken, Err(StoreError::Taken { order, .. }) if order == "a"));
    assert_eq!(store.order_push(connection.id, "b").await.unwrap().own_id, None);
}

pub(crate) async fn an_order_is_bound_in_one_piece(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    store.order_event(connection.id, make::event("o", 2, OrderEventKind::Deleted), NOW).await.unwrap();
    store.intend(make::intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    let row = store.next_event(connection.id, "o").await.unwrap().unwrap().id;
    let settle = || {
        let (footing, remote, outcome) = (connection.footing(), Some("99".to_owned()), json!({}));
        store.settle(Settlement { footing, row, settled: Settled::Done, remote, outcome, at: NOW })
    };
    settle().await.unwrap();
    let push = store.order_push(connection.id, "o").await.unwrap();
    assert_eq!((push.remote.as_deref(), push.earlier.map(|earlier| earlier.may_have_arrived)), (Some("99"), Some(false)));
    assert_eq!(store.link_counts(connection.id, Entity::Order).await.unwrap().get("linked"), Some(&1));
    let next = store.next_event(connection.id, "o").await.unwrap().unwrap();
    assert_eq!((next.event.sequence, next.event.order.remote.as_deref()), (2, Some("99")));
}
