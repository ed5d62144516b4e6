//! Orders out through the host: what is known before the first byte, after an answer, and after none. Nothing goes out twice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_host::contract::orders::{Earlier, OrderEventKind, PartyRole};
use connector_host::contract::types::{FailureClass, Reason};
use connector_host::contract::{OrderPlan, PushOutcome, Pushed, Unsettled};
use connector_host::store::{Connection, ConnectionState, OrderOutcome};
use connector_host::work::Stop;

use crate::guest::{Act, Guest, failure, give, when};
use crate::house::{Far, House};
use crate::make::{self, NOW};

const NOW_ONLY: Stop = Stop::Idle(Duration::ZERO);

fn guest() -> Guest {
    Guest::new(make::descriptor())
}

fn pushed(remote: &str) -> Pushed {
    Pushed { remote: remote.to_owned(), own_id: None, code: None, tracking: None, warnings: Vec::new() }
}

fn unsettled(empty_lookups: u32, after_ms: i64) -> PushOutcome {
    PushOutcome::Unsettled(Unsettled {
        empty_lookups,
        again: NOW + after_ms,
        sweep_from: None,
        sent: false,
        message: make::words("not known yet"),
    })
}

/// Queues this event and lets a host with this guest work on what is due.
async fn happens(house: &House, connection: &Connection, guest: &Guest, sequence: u64, kind: OrderEventKind) -> Vec<OrderOutcome> {
    let host = house.host(guest).await;
    host.order_event(connection.id, make::event("o", sequence, kind)).await.unwrap();
    host.work(NOW_ONLY).await.unwrap();
    house.store.order_outcomes(connection.id, "o").await.unwrap()
}

async fn work(house: &House, guest: &Guest) {
    house.host(guest).await.work(NOW_ONLY).await.unwrap();
}

async fn earlier(house: &House, connection: &Connection) -> Earlier {
    house.store.order_push(connection.id, "o").await.unwrap().earlier.unwrap()
}

fn states(outcomes: &[OrderOutcome]) -> Vec<&str> {
    outcomes.iter().map(|outcome| outcome.state.as_str()).collect()
}

#[tokio::test]
async fn the_intent_is_on_the_disk_before_the_first_byte_is_out() {
    let file: Arc<Mutex<Option<std::path::PathBuf>>> = Arc::default();
    let seen: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
    let far = Far::answering({
        let (file, seen) = (file.clone(), seen.clone());
        move |_| {
            let file = file.lock().unwrap().clone().unwrap();
            let known = rusqlite::Connection::open(file).unwrap();
            let row = known.query_row("SELECT own_id, may_have_arrived FROM order_push", [], |row| Ok((row.get(0)?, row.get(1)?)));
            seen.lock().unwrap().push(row.unwrap_or(("nothing".to_owned(), false)));
            "{}".to_owned()
        }
    });
    let house = House::beside(far.await);
    *file.lock().unwrap() = Some(house.file());
    let connection = house.connected("shop").await;
    let guest = guest().pushes("abcd-1", Ok(PushOutcome::Created(pushed("777"))));
    let outcomes = happens(&house, &connection, &guest, 1, OrderEventKind::Created).await;
    assert_eq!(*seen.lock().unwrap(), [("abcd-1".to_owned(), true)]);
    assert_eq!((states(&outcomes), outcomes[0].remote.as_deref()), (vec!["done"], Some("777")));
    assert!(!earlier(&house, &connection).await.may_have_arrived);
}

#[tokio::test]
async fn an_order_that_was_cancelled_before_a_byte_of_it_left_is_not_sent() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let skip = PushOutcome::Skipped(Reason { code: "skip.never-pushed".to_owned(), message: make::words("never pushed") });
    let answer = serde_json::to_value(Ok::<_, ()>(skip)).unwrap();
    let guest = guest().plans("abcd-1").on("push-order", Act::Give(answer));
    let cancelled = OrderEventKind::Cancelled(PartyRole::Buyer);
    let outcomes = happens(&house, &connection, &guest, 2, cancelled).await;
    assert_eq!(states(&outcomes), ["skipped", "skipped"]);
    assert_eq!(house.far.asked(), Vec::<String>::new());
    assert!(!earlier(&house, &connection).await.may_have_arrived);
}

#[tokio::test]
async fn an_order_that_may_have_arrived_is_looked_for_and_never_sent_anew_when_it_is_cancelled() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let lost = guest().pushes("abcd-1", Err(failure(FailureClass::Ambiguous)));
    happens(&house, &connection, &lost, 1, OrderEventKind::Created).await;
    house.clock.advance(Duration::from_secs(5));
    let known = earlier(&house, &connection).await;
    let looks = guest().on("push-order", when("o-1", Act::Trap, give(Ok(unsettled(1, 60_000)))));
    let outcomes = happens(&house, &connection, &looks, 2, OrderEventKind::Deleted).await;
    assert_eq!(states(&outcomes), ["skipped", "waiting"], "the cancel looks for it, nothing creates it");
    assert!(outcomes[0].to_string().contains("skip.cancelled-since"), "{}", outcomes[0]);
    assert_eq!(earlier(&house, &connection).await, Earlier { empty_lookups: 1, ..known }, "what is known of the lost create stands");
    house.clock.advance(Duration::from_secs(60));
    work(&house, &guest().on("push-order", give(Ok(PushOutcome::Updated(pushed("777")))))).await;
    let outcomes = house.store.order_outcomes(connection.id, "o").await.unwrap();
    assert_eq!((states(&outcomes), outcomes[1].remote.as_deref()), (vec!["skipped", "done"], Some("777")));
    assert_eq!(house.far.asked().len(), 1, "one create");
}

#[tokio::test]
async fn an_ambiguous_failure_leaves_may_have_arrived_sent_now_and_no_look_up() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.store.intend(make::intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    let known = Earlier { empty_lookups: 1, ..earlier(&house, &connection).await };
    house.store.know(connection.footing(), "o", known).await.unwrap();
    house.clock.advance(Duration::from_secs(40));
    work(&house, &guest().pushes("abcd-1", Err(failure(FailureClass::Ambiguous)))).await;
    let now = house.clock.now();
    let known = Earlier { may_have_arrived: true, first_sent: Some(NOW), last_sent: Some(now), ..Earlier::UNTOUCHED };
    assert_eq!(earlier(&house, &connection).await, known);
    assert_eq!(house.next_due().await, Some(now + 1_000));
}

#[tokio::test]
async fn a_guest_that_breaks_off_after_a_write_leaves_may_have_arrived() {
    let broken = [Act::Trap, Act::Spin, Act::Swell, Act::Dive].map(Box::new);
    for (path, act) in broken.into_iter().flat_map(|act| [("/write/order", act.clone()), ("/read/order", act)]) {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        let wrote = path == "/write/order";
        let guest = guest().plans("abcd-1").on("push-order", Act::AskThen(path, act));
        let outcomes = happens(&house, &connection, &guest, 1, OrderEventKind::Created).await;
        assert_eq!(earlier(&house, &connection).await.may_have_arrived, wrote);
        assert_eq!(states(&outcomes), [if wrote { "waiting" } else { "failed" }]);
    }
}

#[tokio::test]
async fn a_change_whose_outcome_is_unknown_is_told_to_the_next_call_which_says_when_to_go_on() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.settles(&connection, 1, Some("777")).await.unwrap();
    house.clock.advance(Duration::from_secs(10));
    let lost = guest().pushes("abcd-1", Err(failure(FailureClass::Ambiguous)));
    let outcomes = happens(&house, &connection, &lost, 2, OrderEventKind::Deleted).await;
    let sent = house.clock.now();
    let known = async || house.store.next_event(connection.id, "o").await.unwrap().unwrap().earlier;
    assert_eq!(states(&outcomes), ["done", "waiting"]);
    assert_eq!((known().await.status_unanswered, house.next_due().await), (Some(sent), Some(sent + 1_000)));
    // Whatever comes of the next call, the try stays known; and another event knows nothing of it.
    house.clock.advance(Duration::from_secs(1));
    work(&house, &guest().pushes("abcd-1", Ok(unsettled(0, 41_000)))).await;
    assert_eq!((known().await.status_unanswered, house.next_due().await), (Some(sent), Some(NOW + 41_000)));
    house.clock.advance(Duration::from_secs(30));
    work(&house, &guest().pushes("abcd-1", Ok(PushOutcome::Updated(pushed("777"))))).await;
    house.store.order_event(connection.id, make::event("o", 3, OrderEventKind::Deleted), NOW).await.unwrap();
    assert_eq!(known().await.status_unanswered, None);
}

#[tokio::test]
async fn a_change_that_a_host_died_over_is_one_whose_outcome_is_unknown() {
    let file: Arc<Mutex<Option<std::path::PathBuf>>> = Arc::default();
    let seen: Arc<Mutex<Vec<Option<i64>>>> = Arc::default();
    let far = Far::answering({
        let (file, seen) = (file.clone(), seen.clone());
        move |_| {
            let known = rusqlite::Connection::open(file.lock().unwrap().clone().unwrap()).unwrap();
            let row = known.query_row("SELECT status_unanswered FROM outbox WHERE id = 2", [], |row| row.get(0));
            seen.lock().unwrap().push(row.unwrap());
            "{}".to_owned()
        }
    });
    let house = House::beside(far.await);
    *file.lock().unwrap() = Some(house.file());
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.settles(&connection, 1, Some("777")).await.unwrap();
    let refused = guest().pushes("abcd-1", Err(failure(FailureClass::Transient)));
    happens(&house, &connection, &refused, 2, OrderEventKind::Deleted).await;
    assert_eq!(*seen.lock().unwrap(), [Some(NOW)], "on the disk before the first byte is out");
    let known = house.store.next_event(connection.id, "o").await.unwrap().unwrap().earlier;
    assert_eq!(known.status_unanswered, None, "an answer came");
}

#[tokio::test]
async fn an_unsettled_order_keeps_its_count_and_is_called_again_at_its_time() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.store.intend(make::intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    let before = earlier(&house, &connection).await;
    house.clock.advance(Duration::from_secs(10));
    work(&house, &guest().pushes("abcd-1", Ok(unsettled(1, 30_000)))).await;
    assert_eq!(earlier(&house, &connection).await, Earlier { empty_lookups: 1, ..before });
    assert_eq!(house.next_due().await, Some(NOW + 30_000));
    // Another event does not hurry it.
    let outcomes = happens(&house, &connection, &guest(), 2, OrderEventKind::Deleted).await;
    assert_eq!(states(&outcomes), ["waiting", "waiting"]);
    house.clock.advance(Duration::from_secs(20));
    work(&house, &guest().pushes("abcd-1", Ok(PushOutcome::Adopted(pushed("777"))))).await;
    assert_eq!(house.store.order_push(connection.id, "o").await.unwrap().remote.as_deref(), Some("777"));
}

#[tokio::test]
async fn a_refusal_leaves_what_was_known_before_it() {
    for class in [FailureClass::Rejected, FailureClass::Conflict, FailureClass::Transient, FailureClass::Unauthorized] {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
        house.store.intend(make::intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
        let known = Earlier { empty_lookups: 1, ..earlier(&house, &connection).await };
        house.store.know(connection.footing(), "o", known.clone()).await.unwrap();
        house.clock.advance(Duration::from_secs(40));
        work(&house, &guest().pushes("abcd-1", Err(failure(class)))).await;
        assert_eq!(earlier(&house, &connection).await, known, "{class:?}");
        // And of an order that was never sent it says that nothing arrived.
        let outcomes = house.store.order_outcomes(connection.id, "o").await.unwrap();
        let waits = matches!(class, FailureClass::Transient | FailureClass::Unauthorized);
        assert_eq!(states(&outcomes), [if waits { "waiting" } else { "failed" }], "{class:?}");
    }
}

#[tokio::test]
async fn a_refused_first_create_never_arrived() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let guest = guest().pushes("abcd-1", Err(failure(FailureClass::Rejected)));
    happens(&house, &connection, &guest, 1, OrderEventKind::Created).await;
    let known = earlier(&house, &connection).await;
    assert_eq!((known.may_have_arrived, known.first_sent, known.last_sent), (false, None, None));
}

#[tokio::test]
async fn a_dead_token_pauses_the_connection_and_keeps_the_order() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let guest = guest().pushes("abcd-1", Err(failure(FailureClass::Unauthorized)));
    let outcomes = happens(&house, &connection, &guest, 1, OrderEventKind::Created).await;
    assert_eq!(states(&outcomes), ["waiting"]);
    assert_eq!(house.store.connection(connection.id).await.unwrap().state, ConnectionState::Paused);
}

#[tokio::test]
async fn an_order_whose_own_id_another_order_has_is_a_task_for_a_person() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.intend(make::intent(&connection, "p", "abcd-1", NOW)).await.unwrap();
    let guest = guest().pushes("abcd-1", Ok(PushOutcome::Created(pushed("777"))));
    let outcomes = happens(&house, &connection, &guest, 1, OrderEventKind::Created).await;
    assert_eq!(states(&outcomes), ["failed"]);
    assert!(outcomes[0].to_string().contains("host.own-id-taken"), "{}", outcomes[0]);
    assert_eq!(house.far.asked(), Vec::<String>::new());
}

/// Two orders with the code `DH-1`: `a`, which has the own id made of it, and `b`, of which a file that came back from a copy knows nothing.
async fn two_of_one_code(house: &House) -> Connection {
    let connection = house.connected("shop").await;
    let coded = |order: &str, sequence, kind| {
        let mut event = make::event(order, sequence, kind);
        event.order.code = "DH-1".to_owned();
        event
    };
    house.store.order_event(connection.id, coded("a", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.store.intend(make::intent(&connection, "a", "abcd-1", NOW)).await.unwrap();
    let row = house.store.next_event(connection.id, "a").await.unwrap().unwrap().id;
    house.settles(&connection, row, Some("700")).await.unwrap();
    house.raw().execute("INSERT INTO restored (at, made) VALUES (?1, ?1)", [NOW]).unwrap();
    for (sequence, kind) in [(1, OrderEventKind::Created), (2, OrderEventKind::Cancelled(PartyRole::Buyer))] {
        house.store.order_event(connection.id, coded("b", sequence, kind), NOW).await.unwrap();
    }
    connection
}

/// Whoever looks by the code finds `a`.
fn found_by(otherwise: PushOutcome) -> Act {
    when("DH-1", give(Ok(PushOutcome::Updated(pushed("700")))), give(Ok(otherwise)))
}

#[tokio::test]
async fn the_cancel_of_an_order_is_never_looked_for_by_the_own_id_of_another_with_its_code() {
    let plan = |own_id: &str| guest().plans(own_id).acts("map-order");
    let refused = give(Err::<OrderPlan, _>(failure(FailureClass::Rejected)));
    for (maps, own_id) in [(when("DH-1", plan("abcd-1"), plan("abcd-hash")), Some("abcd-hash")), (refused, None)] {
        let house = House::new().await;
        let connection = two_of_one_code(&house).await;
        for answer in [unsettled(0, 1_000), PushOutcome::Updated(pushed("701"))] {
            work(&house, &guest().on("map-order", maps.clone()).on("push-order", found_by(answer))).await;
            house.clock.advance(Duration::from_secs(5));
        }
        let known = house.store.order_push(connection.id, "b").await.unwrap();
        assert_eq!((known.remote.as_deref(), known.own_id.as_deref()), (Some("701"), own_id));
        assert_eq!(house.store.order_push(connection.id, "a").await.unwrap().own_id.as_deref(), Some("abcd-1"));
    }
}

#[tokio::test]
async fn where_its_own_name_is_another_s_as_well_a_cancel_is_a_task_and_nothing_is_looked_for() {
    let house = House::new().await;
    let connection = two_of_one_code(&house).await;
    work(&house, &guest().plans("abcd-1").on("push-order", found_by(PushOutcome::Updated(pushed("700"))))).await;
    let outcomes = house.store.order_outcomes(connection.id, "b").await.unwrap();
    assert_eq!(states(&outcomes), ["skipped", "failed"]);
    assert!(outcomes[1].to_string().contains("host.own-id-taken"), "{}", outcomes[1]);
}

#[tokio::test]
async fn a_create_that_meets_a_conflict_after_a_byte_left_may_have_arrived_and_before_one_has_not() {
    for (path, arrived) in [("/write/order", true), ("/read/order", false)] {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        let conflict = serde_json::to_value(Err::<PushOutcome, _>(failure(FailureClass::Conflict))).unwrap();
        let guest = guest().plans("abcd-1").on("push-order", Act::Ask(path, conflict.clone(), conflict));
        let outcomes = happens(&house, &connection, &guest, 1, OrderEventKind::Created).await;
        assert_eq!(states(&outcomes), ["failed"]);
        assert_eq!(earlier(&house, &connection).await.may_have_arrived, arrived, "{path}");
    }
}

#[tokio::test]
async fn with_the_order_toggle_off_nothing_is_queued_and_what_waits_is_a_visible_skip() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let guest = guest().pushes("abcd-1", Ok(PushOutcome::Created(pushed("777"))));
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.saves(&connection, &[("orders", "off")], Default::default()).await;
    let outcomes = happens(&house, &connection, &guest, 2, OrderEventKind::Deleted).await;
    assert_eq!(states(&outcomes), ["skipped"]);
    assert!(outcomes[0].to_string().contains("skip.orders-off"), "{}", outcomes[0]);
    assert_eq!(house.far.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_guest_skips_is_shown_and_nothing_is_intended() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let skip = OrderPlan::Skip(Reason { code: "skip.marketplace".to_owned(), message: make::words("from a marketplace") });
    let outcomes = happens(&house, &connection, &guest().on("map-order", give(Ok(skip))), 1, OrderEventKind::Created).await;
    assert_eq!(states(&outcomes), ["skipped"]);
    assert!(outcomes[0].to_string().contains("skip.marketplace"));
    assert_eq!(house.see::<u32>("SELECT count(*) FROM order_push"), 0);
}
