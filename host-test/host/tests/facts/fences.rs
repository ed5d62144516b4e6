//! A move that is committed while something is under way: what was asked under the old grant is thrown away or goes on, and nothing is made
//! twice.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, Failure, FailureClass};
use connector_host::contract::{Page, PushOutcome, Pushed, Scope};
use connector_host::store::{Connection, ConnectionState, Run, RunState, Trigger};
use connector_host::work::{Host, Stop};

use crate::guest::{Act, Guest, failure, give, when};
use crate::house::{Far, House, all};
use crate::make::{self, NEW, NOW};
use crate::moves::{bilingual, moved, settled};

/// Another side that stops at its first request of this path until it is let go on.
struct Gate {
    reached: Mutex<Receiver<()>>,
    go: Sender<()>,
}

async fn gated(path: &'static str) -> (House, Gate) {
    let (tell, reached) = channel();
    let (go, wait) = channel();
    let held = Mutex::new(Some((tell, wait)));
    let far = Far::answering(move |asked| {
        if asked == path
            && let Some((tell, wait)) = held.lock().unwrap().take()
        {
            tell.send(()).unwrap();
            // Nobody else's turn is held up by it.
            tokio::task::block_in_place(|| wait.recv().unwrap());
        }
        if asked.starts_with("/token") { r#"{"token":"token-of-the-new-one"}"# } else { "{}" }.to_owned()
    });
    (House::beside(far.await), Gate { reached: Mutex::new(reached), go })
}

/// Works; once the other side holds a request, moves the connection, and lets go.
async fn moves_meanwhile(host: &Arc<Host>, gate: Gate, connection: &Connection) {
    let working = tokio::spawn({
        let host = host.clone();
        async move { host.work(Stop::Idle(Duration::ZERO)).await }
    });
    tokio::task::spawn_blocking(move || {
        gate.reached.lock().unwrap().recv_timeout(Duration::from_secs(20)).expect("it is asked");
        gate.go
    })
    .await
    .map(async |go| {
        moved(host, connection.id, &[("dialect", NEW)]).await.unwrap();
        go.send(()).unwrap();
    })
    .unwrap()
    .await;
    tokio::time::timeout(Duration::from_secs(20), working).await.expect("it comes to an end").unwrap().unwrap();
}

fn business(connection: &Connection) -> String {
    connection.account.as_ref().unwrap().id.clone()
}

/// A pull during whose first page, which means this in the old dialect, the connection moves.
async fn pulled(old: Result<Page, Failure>) -> (House, Connection, Run) {
    let (house, gate) = gated("/read/old").await;
    let connection = settled(&house).await;
    let fresh = give(Ok::<_, Failure>(make::page(vec![Change::Product(make::product("fresh"))])));
    let guest = bilingual(Ok(&business(&connection))).on("read-sync-response", when(NEW, fresh, give(old)));
    let host = house.host(&guest).await;
    let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    moves_meanwhile(&host, gate, &connection).await;
    let (connection, run) = (house.store.connection(connection.id).await.unwrap(), house.store.run(run).await.unwrap());
    (house, connection, run)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_was_asked_for_before_is_thrown_away_and_its_run_begins_anew() {
    let stale = Page { next: Some("two".to_owned()), ..make::page(vec![Change::Product(make::product("stale"))]) };
    let (house, _, run) = pulled(Ok(stale)).await;
    assert_eq!(house.far.asked(), ["/read/old", "/token/new", "/read/new"]);
    assert_eq!((run.state, run.cursor), (RunState::Done, None));
    assert_eq!(house.see::<String>("SELECT group_concat(remote) FROM link"), "fresh");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failure_of_the_old_grant_pauses_and_ends_nothing_under_the_new_one() {
    for class in [FailureClass::Unauthorized, FailureClass::Misconfigured, FailureClass::Rejected, FailureClass::Transient] {
        let (house, connection, run) = pulled(Err(failure(class))).await;
        assert_eq!((connection.state, run.state), (ConnectionState::Active, RunState::Done));
        assert!(house.store.streams(connection.id).await.unwrap().iter().all(|stream| stream.pause.is_none()));
        let notices = house.store.notices(connection.id).await.unwrap();
        assert_eq!(notices.iter().map(|notice| notice.code.as_str()).collect::<Vec<_>>(), ["connection-moved"]);
    }
}

#[tokio::test]
async fn a_page_of_an_earlier_grant_is_refused_by_the_store_itself() {
    let house = House::new().await;
    let before = settled(&house).await;
    let run = house.store.begin_run(before.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    house.grants(&before, &business(&before), Default::default()).await.unwrap();
    let page = make::page(vec![Change::Product(make::product("1"))]);
    let policies = all(connector_host::contract::Policy::CreateOnly);
    assert!(house.store.apply_page(run, before.footing(), page.clone(), policies.clone(), NOW).await.is_err());
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), 0);
    let after = house.store.connection(before.id).await.unwrap();
    house.store.apply_page(run, after.footing(), page, policies, NOW).await.unwrap();
}

fn pushed(remote: &str) -> Pushed {
    Pushed { remote: remote.to_owned(), own_id: None, code: None, tracking: None, warnings: Vec::new() }
}

fn writes(outcome: Result<PushOutcome, Failure>) -> Act {
    let outcome = serde_json::to_value(outcome).unwrap();
    Act::Ask("/write/order", outcome.clone(), outcome)
}

fn pushes(connection: &Connection, new: Act, old: Act) -> Guest {
    bilingual(Ok(&business(connection))).plans("abcd-1").on("push-order", when(NEW, new, old))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_that_was_made_while_the_connection_moved_is_bound_and_not_made_again() {
    let (house, gate) = gated("/write/order").await;
    let connection = settled(&house).await;
    let guest = pushes(&connection, writes(Ok(PushOutcome::Created(pushed("888")))), writes(Ok(PushOutcome::Created(pushed("777")))));
    let host = house.host(&guest).await;
    host.order_event(connection.id, make::event("o", 1, OrderEventKind::Created)).await.unwrap();
    moves_meanwhile(&host, gate, &connection).await;
    assert_eq!(house.store.order_push(connection.id, "o").await.unwrap().remote.as_deref(), Some("777"));
    assert_eq!(house.far.asked(), ["/write/order", "/token/new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_old_dialect_refused_while_the_connection_moved_gets_its_chance_in_the_new_one() {
    for class in [FailureClass::Rejected, FailureClass::Unauthorized, FailureClass::Misconfigured] {
        let (house, gate) = gated("/write/order").await;
        let connection = settled(&house).await;
        let guest = pushes(&connection, writes(Ok(PushOutcome::Created(pushed("888")))), writes(Err(failure(class))));
        let host = house.host(&guest).await;
        host.order_event(connection.id, make::event("o", 1, OrderEventKind::Created)).await.unwrap();
        moves_meanwhile(&host, gate, &connection).await;
        assert_eq!(house.store.order_push(connection.id, "o").await.unwrap().remote.as_deref(), Some("888"));
        assert_eq!(house.store.connection(connection.id).await.unwrap().state, ConnectionState::Active);
    }
}

#[tokio::test]
async fn a_create_without_an_answer_goes_on_under_the_new_grant_with_what_is_known_of_it() {
    let house = crate::moves::house().await;
    let connection = settled(&house).await;
    // The new dialect adopts what it was told of, and makes anything else.
    let adopts = Act::Give(serde_json::to_value(Ok::<_, Failure>(PushOutcome::Adopted(pushed("777")))).unwrap());
    let new = when("seen-as-777", adopts, writes(Ok(PushOutcome::Created(pushed("888")))));
    let host = house.host(&pushes(&connection, new, writes(Err(failure(FailureClass::Ambiguous))))).await;
    host.order_event(connection.id, make::event("o", 1, OrderEventKind::Created)).await.unwrap();
    host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
    house.raw().execute("UPDATE order_push SET seen_as = 'seen-as-777'", []).unwrap();
    let before = house.store.order_push(connection.id, "o").await.unwrap();
    assert!(before.earlier.as_ref().unwrap().may_have_arrived);
    moved(&host, connection.id, &[("dialect", NEW)]).await.unwrap();
    assert_eq!(house.store.order_push(connection.id, "o").await.unwrap(), before);
    house.clock.advance(Duration::from_secs(1));
    host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
    assert_eq!(house.store.order_push(connection.id, "o").await.unwrap().remote.as_deref(), Some("777"));
    assert_eq!(house.far.asked(), ["/write/order", "/token/new"]);
}

#[tokio::test]
async fn nothing_goes_out_under_a_grant_that_is_not_the_connection_s_any_more() {
    let house = House::new().await;
    let before = settled(&house).await;
    house.grants(&before, &business(&before), Default::default()).await.unwrap();
    assert!(house.store.intend(make::intent(&before, "o", "abcd-1", NOW)).await.is_err());
    assert_eq!(house.see::<u32>("SELECT count(*) FROM order_push"), 0);
}
