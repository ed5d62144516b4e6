//! Orders that came over from another connection: whatever was known of their pairs there, here they go by this connection's alone.

use std::time::Duration;

use connector_host::contract::catalog::{Branch, Change};
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, Failure};
use connector_host::contract::{OrderPlan, Plan, Policy, PushOutcome, Pushed, http};
use connector_host::store::Connection;
use connector_host::work::Stop;

use crate::guest::{Act, Guest, failure, give, when};
use crate::house::{House, all};
use crate::make::{self, NOW};

const CODE: &str = "order.pairs-awaited";

/// A branch with a code, by which another connection's is the same.
fn branch(id: &str) -> Change {
    Change::Branch(Branch { code: Some("KHO".to_owned()), ..make::branch(id) })
}

/// Two connections of one shop: the first has the branch `11` and the product `5`, and an order of both that has not left.
async fn shops() -> (House, Connection, Connection) {
    let house = House::new().await;
    let (old, new) = (house.connected("shop").await, house.connected("shop").await);
    let policies = all(Policy::CreateOnly);
    house.click(&old, Entity::Branch, &policies, vec![branch("11")]).await;
    house.click(&old, Entity::Product, &policies, vec![Change::Product(make::with_sku("5", "ao"))]).await;
    house.store.order_event(old.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let order = house.store.next_event(old.id, "o").await.unwrap().unwrap().event.order;
    assert_eq!((order.remote_branch.as_deref(), order.lines[0].remote_product.as_deref()), (Some("11"), Some("5")));
    (house, old, new)
}

/// Makes any order that has its pairs, and is rejected with one that lacks the product's.
fn guest() -> Guest {
    let request = http::Request { method: http::Method::Post, ..make::request("/write/order") };
    let plan = OrderPlan::Create(Plan { own_id: "abcd-o".to_owned(), request, warnings: Vec::new() });
    let pushed = Pushed { remote: "777".to_owned(), own_id: None, code: None, tracking: None, warnings: Vec::new() };
    let pushed = serde_json::to_value(Ok::<_, Failure>(PushOutcome::Created(pushed))).unwrap();
    let rejected = give(Err::<OrderPlan, _>(failure(connector_host::contract::types::FailureClass::Rejected)));
    Guest::new(make::descriptor())
        .on("map-order", when("product-55", give(Ok(plan)), rejected))
        .on("push-order", Act::Ask("/write/order", pushed.clone(), pushed))
}

async fn work(house: &House) {
    house.host(&guest()).await.work(Stop::Idle(Duration::ZERO)).await.unwrap();
}

async fn states(house: &House, connection: &Connection, order: &str) -> Vec<String> {
    house.store.order_outcomes(connection.id, order).await.unwrap().into_iter().map(|outcome| outcome.state).collect()
}

async fn told(house: &House, connection: &Connection) -> Vec<String> {
    let notices = house.store.notices(connection.id).await.unwrap();
    notices.into_iter().filter(|notice| notice.code == CODE).map(|notice| notice.vi).collect()
}

#[tokio::test]
async fn an_order_that_came_over_waits_for_this_connection_s_pairs_and_goes_by_them_alone() {
    let (house, old, new) = shops().await;
    assert_eq!(house.host(&guest()).await.succeed(old.id, new.id).await.unwrap(), 1);
    work(&house).await;
    assert_eq!((states(&house, &new, "o").await, house.far.asked().len()), (vec!["waiting".to_owned()], 0));
    let lines = told(&house, &new).await;
    assert!(lines.len() == 1 && lines[0].starts_with("1 đơn đang chờ, sẽ tự gửi khi được"), "{lines:?}");
    assert!(house.store.dead_letters(new.id).await.unwrap().is_empty(), "nothing for a person to send again");

    // The same branch has another id here.
    let policies = all(Policy::CreateOnly);
    house.click(&new, Entity::Branch, &policies, vec![branch("99")]).await;
    work(&house).await;
    let order = house.store.next_event(new.id, "o").await.unwrap().unwrap().event.order;
    assert_eq!((order.remote_branch.as_deref(), order.lines[0].remote_product.as_deref()), (Some("99"), None));
    assert_eq!(told(&house, &new).await.len(), 1, "the product's is still wanting");
    house.click(&new, Entity::Product, &policies, vec![Change::Product(make::with_sku("product-55", "ao"))]).await;
    assert_eq!(house.store.confirm_pairs(new.id, NOW).await.unwrap(), 1);
    house.raw().execute("DELETE FROM work WHERE key LIKE 'refresh:%'", []).unwrap();
    house.click(&new, Entity::Product, &policies, vec![Change::Product(make::with_sku("product-55", "ao"))]).await;
    work(&house).await;
    let outcome = house.store.order_outcomes(new.id, "o").await.unwrap().remove(0);
    assert_eq!((outcome.state.as_str(), outcome.remote.as_deref()), ("done", Some("777")), "without a minute of the clock");
    assert_eq!((told(&house, &new).await.len(), house.far.asked().len()), (0, 1));
}

#[tokio::test]
async fn an_order_that_is_made_after_the_move_without_a_pair_is_a_task_as_ever() {
    let (house, old, new) = shops().await;
    let host = house.host(&guest()).await;
    host.succeed(old.id, new.id).await.unwrap();
    house.clock.advance(Duration::from_secs(60));
    let mut event = make::event("p", 1, OrderEventKind::Created);
    event.order.created = house.clock.now();
    host.order_event(new.id, event).await.unwrap();
    work(&house).await;
    assert_eq!(states(&house, &new, "p").await, ["failed"]);
    assert!(told(&house, &new).await[0].starts_with("1 đơn"), "the other one alone waits");
}
