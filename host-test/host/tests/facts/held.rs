//! Orders that the other side refuses for want of a product: one line for a person, the level read first, and they go by themselves.

use std::time::Duration;

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::{OrderEventKind, PartyRole};
use connector_host::contract::types::{Entity, Failure, FailureClass, Reason};
use connector_host::contract::{OrderPlan, Plan, Policy, PushOutcome, Pushed, http};
use connector_host::store::{Connection, Wanting};
use connector_host::work::Stop;

use crate::guest::{Act, Guest, failure, give, when};
use crate::house::{House, all};
use crate::make::{self, NOW};

const CODE: &str = "order.short-of-stock";

/// A shop with a product `1` at a branch `b`, both linked.
async fn shop() -> (House, Connection) {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.click(&connection, Entity::Branch, &all(Policy::CreateOnly), vec![Change::Branch(make::branch("b"))]).await;
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::product("1"))]).await;
    (house, connection)
}

fn plan(own_id: &str) -> Act {
    let request = http::Request { method: http::Method::Post, ..make::request("/write/order") };
    give(Ok(OrderPlan::Create(Plan { own_id: own_id.to_owned(), request, warnings: Vec::new() })))
}

/// What the guest says where a product is short.
fn short() -> Failure {
    let message = make::words("Áo: không đủ hàng");
    Failure { code: CODE.to_owned(), subject: Some("1".to_owned()), message, ..failure(FailureClass::Held) }
}

fn refuses() -> Act {
    let no = serde_json::to_value(Err::<PushOutcome, _>(short())).unwrap();
    Act::Ask("/write/order", no.clone(), no)
}

fn takes(remote: &str) -> Act {
    let pushed = Pushed { remote: remote.to_owned(), own_id: None, code: None, tracking: None, warnings: Vec::new() };
    let yes = serde_json::to_value(Ok::<_, Failure>(PushOutcome::Created(pushed))).unwrap();
    Act::Ask("/write/order", yes.clone(), yes)
}

/// A guest whose shop has so much of the product, in thousandths, and does this with the orders `o`, `p` and `q`.
fn guest(available: i64, o: Act, p: Act, q: Act) -> Guest {
    let each = |o, p, q| when("DH-o", o, when("DH-p", p, q));
    Guest::new(make::descriptor())
        .pulls(Ok(make::page(vec![make::level("1", "b", available)])))
        .on("map-order", each(plan("abcd-o"), plan("abcd-p"), plan("abcd-q")))
        .on("push-order", each(o, p, q))
}

async fn work(house: &House, guest: &Guest) {
    house.host(guest).await.work(Stop::Idle(Duration::ZERO)).await.unwrap();
}

async fn orders(house: &House, connection: &Connection, guest: &Guest) {
    let host = house.host(guest).await;
    for name in ["o", "p", "q"] {
        host.order_event(connection.id, make::event(name, 1, OrderEventKind::Created)).await.unwrap();
        host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
        house.clock.advance(Duration::from_millis(1));
    }
}

async fn states(house: &House, connection: &Connection) -> Vec<String> {
    let mut states = Vec::new();
    for name in ["o", "p", "q"] {
        states.extend(house.store.order_outcomes(connection.id, name).await.unwrap().into_iter().map(|outcome| outcome.state));
    }
    states
}

fn writes(house: &House) -> usize {
    house.far.asked().iter().filter(|path| *path == "/write/order").count()
}

/// What a person reads of it.
async fn told(house: &House, connection: &Connection) -> Vec<String> {
    let notices = house.store.notices(connection.id).await.unwrap();
    notices.into_iter().filter(|notice| notice.code == CODE).map(|notice| notice.vi).collect()
}

#[tokio::test]
async fn orders_that_want_one_product_are_one_line_and_its_level_is_read_first() {
    let (house, connection) = shop().await;
    orders(&house, &connection, &guest(0, refuses(), refuses(), refuses())).await;
    assert_eq!(states(&house, &connection).await, ["waiting", "waiting", "waiting"]);
    assert_eq!(writes(&house), 3);
    let scope = r#"{"Only":["1"]}"#;
    assert_eq!(house.see::<String>("SELECT DISTINCT scope FROM run WHERE entity = 'stock'"), scope, "its level was asked for at once");
    assert_eq!(told(&house, &connection).await, ["3 đơn đang chờ, sẽ tự gửi khi được: Áo: không đủ hàng"]);
    let expected = Wanting { code: CODE.to_owned(), subject: Some("1".to_owned()), since: NOW, orders: 3, failure: short() };
    assert_eq!(house.store.wanting(connection.id).await.unwrap(), [expected]);
    let letters = house.store.dead_letters(connection.id).await.unwrap();
    assert_eq!(letters.len(), 0, "nothing for a person to send again");
    assert!(!house.store.order_push(connection.id, "o").await.unwrap().earlier.unwrap().may_have_arrived, "a refusal made nothing");
}

#[tokio::test]
async fn they_go_by_themselves_as_far_as_the_level_reaches_and_the_line_goes_with_the_last() {
    let (house, connection) = shop().await;
    orders(&house, &connection, &guest(0, refuses(), refuses(), refuses())).await;
    // Another level, of which two can be had: the third is tried behind them, and waits on.
    let two = guest(2000, takes("71"), takes("72"), refuses());
    house.click(&connection, Entity::Stock, &all(Policy::CreateOnly), vec![make::level("1", "b", 2000)]).await;
    work(&house, &two).await;
    assert_eq!(states(&house, &connection).await, ["done", "done", "waiting"]);
    assert_eq!(writes(&house), 3 + 3);
    assert_eq!(told(&house, &connection).await, ["1 đơn đang chờ, sẽ tự gửi khi được: Áo: không đủ hàng"]);
    // No level tells of it any more: the time does.
    work(&house, &two).await;
    assert_eq!(writes(&house), 6, "not before its time");
    house.clock.advance(Duration::from_secs(10 * 60));
    work(&house, &guest(0, takes("71"), takes("72"), takes("73"))).await;
    assert_eq!(states(&house, &connection).await, ["done", "done", "done"]);
    assert_eq!((told(&house, &connection).await, house.see::<u32>("SELECT count(*) FROM held_order")), (Vec::new(), 0));
}

#[tokio::test]
async fn a_level_that_is_not_kept_updated_lets_them_go_all_the_same() {
    let (house, connection) = shop().await;
    house.click(&connection, Entity::Stock, &all(Policy::CreateOnly), vec![make::level("1", "b", 500)]).await;
    orders(&house, &connection, &guest(500, refuses(), refuses(), refuses())).await;
    house.click(&connection, Entity::Stock, &all(Policy::CreateOnly), vec![make::level("1", "b", 3000)]).await;
    assert_eq!(house.store.levels(connection.id).await.unwrap()[0].available, 500, "create-only: the first level stays");
    work(&house, &guest(3000, takes("71"), takes("72"), takes("73"))).await;
    assert_eq!(states(&house, &connection).await, ["done", "done", "done"]);
}

#[tokio::test]
async fn two_sides_that_do_not_agree_on_a_level_do_not_turn_in_a_circle() {
    let (house, connection) = shop().await;
    let never = guest(9000, refuses(), refuses(), refuses());
    orders(&house, &connection, &never).await;
    for _ in 0..60 {
        work(&house, &never).await;
        house.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(states(&house, &connection).await, ["waiting", "waiting", "waiting"]);
    let writes = writes(&house);
    assert!((9..=3 * 10).contains(&writes), "{writes} requests in an hour");
}

#[tokio::test]
async fn an_order_that_is_cancelled_while_it_waits_is_over_at_once() {
    let (house, connection) = shop().await;
    orders(&house, &connection, &guest(0, refuses(), refuses(), refuses())).await;
    let skip = PushOutcome::Skipped(Reason { code: "skip.never-pushed".to_owned(), message: make::words("never pushed") });
    let host = house.host(&guest(0, give(Ok(skip)), refuses(), refuses())).await;
    host.order_event(connection.id, make::event("o", 2, OrderEventKind::Cancelled(PartyRole::Buyer))).await.unwrap();
    host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
    assert_eq!(states(&house, &connection).await, ["skipped", "skipped", "waiting", "waiting"]);
    assert_eq!(told(&house, &connection).await, ["2 đơn đang chờ, sẽ tự gửi khi được: Áo: không đủ hàng"]);
}
