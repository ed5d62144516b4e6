//! Polls of order statuses: asked for while an order is open, and from that order on.

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Policy, PushOutcome, Pushed, Scope};
use connector_host::store::{Connection, RunState, Settled, Settlement, Trigger};
use connector_host::work::{HostConfig, Polls};

use super::{DAY, HOUR, MINUTE, chosen, guest, later, polls, work};
use crate::guest::{failure, give, when};
use crate::house::House;
use crate::make::{self, NOW};

/// An order that is bound to this id at the other side.
async fn bound(house: &House, connection: &Connection, order: &str, remote: &str) {
    house.store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
    house.store.intend(make::intent(connection, order, &format!("abcd-{order}"), house.clock.now())).await.unwrap();
    let next = house.store.next_event(connection.id, order).await.unwrap().unwrap();
    house.settles(connection, next.id, Some(remote)).await.unwrap();
    house.raw().execute("DELETE FROM work", []).unwrap();
}

#[tokio::test]
async fn statuses_are_asked_for_while_an_order_is_open_and_from_that_order_on() {
    let house = House::new().await;
    let quiet = guest().pulls(Ok(make::page(Vec::new())));
    let (connection, host) = chosen(&house, &quiet, Entity::OrderStatus, Policy::KeepUpdated).await;
    later(&house, &host, HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::OrderStatus).await.len(), 0, "no order, no request");
    let sent = house.clock.now();
    bound(&house, &connection, "o", "777").await;
    later(&house, &host, 20 * MINUTE).await;
    let runs = polls(&house, &connection, Entity::OrderStatus).await;
    let overlap = i64::try_from(HostConfig::default().overlap.as_millis()).unwrap();
    assert!((3..=5).contains(&runs.len()), "{}", runs.len());
    assert_eq!(runs[0].scope, Scope::Since(sent - overlap));

    let status = connector_host::contract::catalog::OrderStatus {
        stage: Some(connector_host::contract::catalog::OrderStage::Delivered),
        ..make::status("777", "Success")
    };
    let host = house.host(&guest().pulls(Ok(make::page(vec![Change::OrderStatus(status)])))).await;
    later(&house, &host, 10 * MINUTE).await;
    let count = polls(&house, &connection, Entity::OrderStatus).await.len();
    later(&house, &host, 2 * HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::OrderStatus).await.len(), count, "its end is known");

    // A new order is no reason to list what happened since the last look.
    house.clock.advance(30 * DAY);
    let sent = house.clock.now();
    bound(&house, &connection, "p", "888").await;
    later(&house, &host, 10 * MINUTE).await;
    assert_eq!(polls(&house, &connection, Entity::OrderStatus).await[count].scope, Scope::Since(sent - overlap));
}

#[tokio::test]
async fn an_order_that_will_never_go_out_is_not_asked_for_whatever_is_not_known_of_it() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.store.intend(make::intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    let since = async || house.store.open_orders(connection.id, 10, NOW).await.unwrap().since;
    assert_eq!(since().await, Some(NOW));
    let row = house.store.next_event(connection.id, "o").await.unwrap().unwrap().id;
    for (settled, asked) in [(Settled::Failed, Some(NOW)), (Settled::Skipped, None)] {
        let (footing, outcome) = (connection.footing(), serde_json::json!({}));
        house.store.settle(Settlement { footing, row, settled, remote: None, outcome, at: NOW }).await.unwrap();
        assert_eq!(since().await, asked);
    }
}

#[tokio::test]
async fn an_order_that_never_arrived_is_asked_for_for_a_day_and_its_cancel_goes_on_if_it_shows() {
    let house = House::new().await;
    let quiet = guest().pulls(Ok(make::page(Vec::new())));
    let (connection, host) = chosen(&house, &quiet, Entity::OrderStatus, Policy::KeepUpdated).await;
    let cancelled = OrderEventKind::Cancelled(connector_host::contract::orders::PartyRole::Buyer);
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.store.intend(make::intent(&connection, "o", "abcd-o", NOW)).await.unwrap();
    house.store.order_event(connection.id, make::event("o", 2, cancelled), NOW).await.unwrap();
    for reason in ["skip.cancelled-since", "skip.never-arrived"] {
        let row = house.store.next_event(connection.id, "o").await.unwrap().unwrap().id;
        let (footing, outcome) = (connection.footing(), serde_json::json!({ "reason": reason }));
        house.store.settle(Settlement { footing, row, settled: Settled::Skipped, remote: None, outcome, at: NOW }).await.unwrap();
    }
    house.raw().execute("DELETE FROM work", []).unwrap();
    later(&house, &host, HOUR).await;
    let runs = polls(&house, &connection, Entity::OrderStatus).await;
    assert!((9..=14).contains(&runs.len()), "{}", runs.len());
    let day = i64::try_from(DAY.as_millis()).unwrap();
    let since = async |at| house.store.open_orders(connection.id, 10, at).await.unwrap().since;
    assert_eq!((since(NOW + day - 1).await, since(NOW + day).await), (Some(NOW), None), "and no longer");

    let shown = connector_host::contract::catalog::OrderStatus { own_id: Some("abcd-o".to_owned()), ..make::status("777", "New") };
    let pushed = Pushed { remote: "777".to_owned(), own_id: None, code: None, tracking: None, warnings: Vec::new() };
    let shows = guest().pulls(Ok(make::page(vec![Change::OrderStatus(shown)]))).plans("abcd-o");
    let host = house.host(&shows.on("push-order", give(Ok(PushOutcome::Updated(pushed))))).await;
    later(&house, &host, 10 * MINUTE).await;
    let outcomes = house.store.order_outcomes(connection.id, "o").await.unwrap();
    assert_eq!((outcomes[1].state.as_str(), outcomes[1].remote.as_deref()), ("done", Some("777")));
}

#[tokio::test]
async fn where_changed_statuses_cannot_be_listed_each_open_order_is_asked_for() {
    let house = House::new().await;
    // The guest sees the ids of a step where there are any.
    let request = give(Ok::<_, connector_host::contract::types::Failure>(make::request("/read/page")));
    let no = give(Err::<connector_host::contract::http::Request, _>(failure(FailureClass::Unsupported)));
    let one_by_one = guest().pulls(Ok(make::page(Vec::new()))).on("build-sync-request", when("777", request, no));
    let (connection, host) = chosen(&house, &one_by_one, Entity::OrderStatus, Policy::CreateOnly).await;
    bound(&house, &connection, "o", "777").await;
    later(&house, &host, HOUR).await;
    let runs = polls(&house, &connection, Entity::OrderStatus).await;
    assert!(matches!(runs[0].scope, Scope::Since(_)) && runs[0].state == RunState::Failed);
    let only = Scope::Only(vec!["777".to_owned()]);
    assert!(runs.len() > 2 && runs[1..].iter().all(|run| run.scope == only && run.state == RunState::Done), "{runs:?}");
    assert_eq!(house.store.notices(connection.id).await.unwrap(), []);
}

#[tokio::test]
async fn polls_of_single_orders_do_not_pile_up_either() {
    let house = House::new().await;
    let quiet = guest().pulls(Ok(make::page(Vec::new())));
    let (connection, host) = chosen(&house, &quiet, Entity::OrderStatus, Policy::KeepUpdated).await;
    bound(&house, &connection, "o", "777").await;
    work(&host).await;
    house.raw().execute("UPDATE schedule SET way = 'whole' WHERE entity = 'order-status'", []).unwrap();
    let host = house.host(&guest().pulls(Err(failure(FailureClass::Transient)))).await;
    later(&house, &host, 2 * HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::OrderStatus).await.len(), 1, "the first is still tried");
}

#[tokio::test]
async fn statuses_that_a_person_asks_for_from_a_later_day_hide_none_from_before_it() {
    let house = House::new().await;
    let quiet = guest().pulls(Ok(make::page(Vec::new())));
    let connection = house.connected("shop").await;
    let host = house.host_with(&quiet, HostConfig { polls: Polls::never(), ..HostConfig::default() }).await;
    bound(&house, &connection, "o", "777").await;
    let asks = async |scope| {
        host.sync(connection.id, Entity::OrderStatus, scope, Trigger::Click).await.unwrap();
        work(&host).await;
        house.store.streams(connection.id).await.unwrap().into_iter().find(|it| it.entity == Entity::OrderStatus)?.last_success
    };
    house.clock.advance(HOUR);
    assert_eq!(asks(Scope::Since(house.clock.now() - 1_000)).await, None, "nobody has looked before");
    house.raw().execute("UPDATE stream SET last_success = ?1", [NOW]).unwrap();
    assert_eq!(asks(Scope::Since(NOW + 60_000)).await, Some(NOW));
    house.clock.advance(HOUR);
    assert_eq!(asks(Scope::Since(NOW)).await, Some(house.clock.now()), "one that reaches back to the mark moves it");
}

#[tokio::test]
async fn a_person_who_asks_for_what_is_missing_gets_it_from_the_last_whole_run_or_from_thirty_days_ago() {
    let house = House::new().await;
    let quiet = guest().pulls(Ok(make::page(Vec::new())));
    let (connection, host) = chosen(&house, &quiet, Entity::OrderStatus, Policy::KeepUpdated).await;
    let missing = async || host.missing(connection.id, Entity::OrderStatus).await.unwrap();
    assert_eq!(missing().await, Scope::Since(house.clock.now() - 30 * i64::try_from(DAY.as_millis()).unwrap()));
    assert_eq!(host.missing(connection.id, Entity::Product).await.unwrap(), Scope::Everything, "of all else there is an \"all\"");
    bound(&house, &connection, "o", "777").await;
    later(&house, &host, 10 * MINUTE).await;
    let polled = polls(&house, &connection, Entity::OrderStatus).await;
    let overlap = i64::try_from(HostConfig::default().overlap.as_millis()).unwrap();
    assert_eq!(missing().await, Scope::Since(polled.iter().map(|run| run.started).max().unwrap() - overlap));
}
