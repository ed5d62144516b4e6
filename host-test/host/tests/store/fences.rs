//! A worker that slept for too long: another has its connection by now, and nothing that it still says is written.

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::{Earlier, OrderEventKind};
use connector_host::contract::types::{Entity, FailureClass, Reason};
use connector_host::contract::{Policy, Scope};
use connector_host::store::{Again, Connection, ConnectionState, Halt, RunState, Settled, Settlement, StoreError, Trigger, Turn};
use serde_json::json;

use crate::ground::{Ground, LEASE, all, claim, connected, failure};
use crate::make::{self, NOW};

/// One order, taken by a worker that stalls, then by another of this name.
async fn overtaken(ground: &dyn Ground, second: &str) -> (Connection, Turn, Turn) {
    let connection = connected(ground, "shop").await;
    ground.store().order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let stalled = claim(ground, "one", &[], NOW).await.unwrap();
    let next = claim(ground, second, &[], NOW + LEASE).await.unwrap();
    assert_eq!(stalled.work.id, next.work.id);
    (connection, stalled, next)
}

fn fenced<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Fenced)), "{result:?}");
}

async fn late_words_are_refused(ground: &dyn Ground, second: &str) {
    let (connection, stalled, next) = overtaken(ground, second).await;
    let store = ground.store();
    fenced(store.complete(stalled.lease, stalled.work.id).await);
    fenced(store.again(stalled.lease, stalled.work.id, Again { due: NOW, waited: None }).await);
    assert_eq!(store.heartbeat(&[stalled.lease], NOW + 9 * LEASE).await.unwrap(), [connection.id]);
    store.release(&[stalled.lease]).await.unwrap();
    assert!(claim(ground, "three", &[], NOW + 2 * LEASE - 1).await.is_none(), "the second one's lease stands as it was");
    store.complete(next.lease, next.work.id).await.unwrap();
    assert!(claim(ground, "three", &[], NOW + 2 * LEASE).await.is_none(), "and its word is what counts");
}

pub(crate) async fn a_stalled_worker_s_late_words_about_its_work_are_refused(ground: &dyn Ground) {
    late_words_are_refused(ground, "two").await;
}

pub(crate) async fn the_same_name_is_not_the_same_worker(ground: &dyn Ground) {
    late_words_are_refused(ground, "one").await;
}

pub(crate) async fn a_stalled_worker_s_late_writes_are_refused(ground: &dyn Ground) {
    let (connection, stalled, _) = overtaken(ground, "two").await;
    let store = ground.store();
    let run = store.begin_run(connection.id, Entity::Category, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    let late = connection.clone().under(stalled.lease);
    let footing = late.footing();
    let page = make::page(vec![Change::Category(make::category("1"))]);
    let reason = || Reason { code: "late".to_owned(), message: make::words("late") };
    fenced(store.apply_page(run, footing, page, all(Policy::CreateOnly), NOW).await);
    fenced(store.halt_run(run, footing, failure(FailureClass::Rejected), Halt::GiveUp, NOW).await);
    fenced(store.intend(make::intent(&late, "o", "abcd-1", NOW)).await);
    let known = Earlier { empty_lookups: 2, ..Earlier::UNTOUCHED };
    fenced(store.know(footing, "o", known).await);
    let row = store.next_event(connection.id, "o").await.unwrap().unwrap().id;
    for remote in [None, Some("99".to_owned())] {
        let (settled, outcome) = (Settled::Done, json!({}));
        fenced(store.settle(Settlement { footing, row, settled, remote, outcome, at: NOW }).await);
    }
    fenced(store.pause(footing, NOW, reason()).await);
    fenced(store.pause_stream(footing, Entity::Order, reason(), NOW).await);
    fenced(store.heard(footing, false, NOW).await);
    let after = store.connection(connection.id).await.unwrap();
    assert_eq!((after.state, after.unreadable_since), (ConnectionState::Active, None));
    assert_eq!(store.run(run).await.unwrap().state, RunState::Waiting);
    assert_eq!(store.nobi_counts("shop").await.unwrap().categories, 0);
    let push = store.order_push(connection.id, "o").await.unwrap();
    assert_eq!((push.own_id, push.remote), (None, None));
    assert_eq!(store.order_outcomes(connection.id, "o").await.unwrap()[0].state, "waiting");
}
