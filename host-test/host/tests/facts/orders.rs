//! What comes back about orders: their status beside them, and the remote id of an order whose create was not answered.

use connector_host::contract::Policy;
use connector_host::contract::catalog::{Change, OrderStage, OrderStatus, Product};
use connector_host::contract::orders::{OrderEventKind, PartyRole, Reconciliation};
use connector_host::contract::types::Entity;
use connector_host::store::{LetterId, Note, Trigger};
use connector_host::work::Stop;

use crate::guest::Guest;
use crate::house::{House, all};
use crate::make::{self, NOW};

fn status(order: &str, own_id: Option<&str>) -> Change {
    Change::OrderStatus(OrderStatus { own_id: own_id.map(str::to_owned), ..make::status(order, "Success") })
}

#[tokio::test]
async fn a_status_stands_beside_the_order_that_is_bound_to_it() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    house.settles(&connection, next.id, Some("777")).await.unwrap();
    let tally = house.click(&connection, Entity::OrderStatus, &all(Policy::KeepUpdated), vec![status("777", None)]).await;
    assert_eq!(tally.get("order-status.updated"), 1);
    assert_eq!(house.see::<String>("SELECT json_extract(remote_status, '$.code') FROM nobi_order"), "Success");
    let tally = house.click(&connection, Entity::OrderStatus, &all(Policy::KeepUpdated), vec![status("888", None)]).await;
    assert_eq!(tally.get("order-status.dropped"), 1);
}

#[tokio::test]
async fn what_happened_to_an_order_leaves_where_it_stands_as_it_is_known() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    house.settles(&connection, next.id, Some("777")).await.unwrap();
    let Change::OrderStatus(stands) = status("777", None) else { unreachable!() };
    let stands = OrderStatus { tracking: Some("GHN9".to_owned()), changed: Some(NOW), ..stands };
    let happened = OrderStatus {
        code: String::new(),
        stage: Some(OrderStage::PartlyReturned),
        reason: Some("Hoàn một phần: 888".to_owned()),
        tracking: None,
        changed: None,
        ..stands.clone()
    };
    let told = |status: &OrderStatus| vec![Change::OrderStatus(status.clone())];
    house.click(&connection, Entity::OrderStatus, &all(Policy::KeepUpdated), told(&stands)).await;
    house.click(&connection, Entity::OrderStatus, &all(Policy::KeepUpdated), told(&happened)).await;
    let known: OrderStatus = serde_json::from_str(&house.see::<String>("SELECT remote_status FROM nobi_order")).unwrap();
    assert_eq!(known, OrderStatus { stage: happened.stage, reason: happened.reason.clone(), ..stands.clone() });
    // A status with a code is the whole of it again.
    house.click(&connection, Entity::OrderStatus, &all(Policy::KeepUpdated), told(&stands)).await;
    let known: OrderStatus = serde_json::from_str(&house.see::<String>("SELECT remote_status FROM nobi_order")).unwrap();
    assert_eq!(known, stands);
}

#[tokio::test]
async fn our_own_id_in_a_delivery_names_an_order_that_may_have_arrived() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let intent = make::intent(&connection, "o", "abcd-1", NOW);
    house.store.intend(intent).await.unwrap();
    let hook = |id: &str, own_id: &str| make::accepted(&[id], vec![status(id, Some(own_id))]);
    house.deliver(&connection, 1, &all(Policy::CreateOnly), hook("777", "abcd-1")).await;
    house.deliver(&connection, 2, &all(Policy::CreateOnly), hook("888", "efgh-1")).await;
    let known = house.store.order_push(connection.id, "o").await.unwrap();
    assert_eq!(known.remote, None, "it is read before it is believed");
    assert_eq!(known.earlier.unwrap().seen_as.as_deref(), Some("777"));
}

#[tokio::test]
async fn an_order_is_handed_out_with_the_links_of_its_connection() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    let policies = all(Policy::CreateOnly);
    let goods = |id: &str| {
        let head = make::head(&format!("{id}0"));
        vec![Change::Branch(make::branch(id)), Change::Product(make::with_sku(id, "a")), Change::Product(Product { sku: None, ..head })]
    };
    house.click(&one, Entity::Product, &policies, goods("5")).await;
    let (product, head): (i64, i64) = (house.see("SELECT min(id) FROM nobi_product"), house.see("SELECT max(id) FROM nobi_product"));
    for (connection, linked) in [(&one, true), (&other, false)] {
        let mut event = make::event(&format!("o{}", connection.id), 1, OrderEventKind::Created);
        event.order.lines.push(event.order.lines[0].clone());
        event.order.lines[0].product = product.to_string();
        event.order.lines[1].product = head.to_string();
        // What a caller says of links is not believed.
        event.order.lines[0].remote_product = Some("forged".to_owned());
        let order = event.order.id.clone();
        house.store.order_event(connection.id, event, NOW).await.unwrap();
        let order = house.store.next_event(connection.id, &order).await.unwrap().unwrap().event.order;
        let expected = |id: &str| linked.then(|| id.to_owned());
        assert_eq!(order.remote_branch, expected("5"));
        assert_eq!((order.lines[0].remote_product.clone(), order.lines[0].remote_is_parent), (expected("5"), false));
        assert_eq!((order.lines[1].remote_product.clone(), order.lines[1].remote_is_parent), (expected("50"), linked));
    }
}

/// An order of this connection that is `777` at the other side.
async fn bound(house: &House) -> connector_host::store::Connection {
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    house.settles(&connection, next.id, Some("777")).await.unwrap();
    connection
}

fn at(stage: OrderStage) -> Change {
    let tracking = (Some("GHN-1".to_owned()), Some("Giao Hàng Nhanh".to_owned()));
    Change::OrderStatus(OrderStatus { stage: Some(stage), tracking: tracking.0, carrier: tracking.1, ..make::status("777", "Shipping") })
}

async fn stage(house: &House, connection: &connector_host::store::Connection) -> String {
    house.store.standings(connection.id, Some("o"), 1).await.unwrap().remove(0).stage
}

#[tokio::test]
async fn status_tracking_and_carrier_are_shown_beside_the_order_whatever_the_policy() {
    let house = House::new().await;
    let connection = bound(&house).await;
    house.click(&connection, Entity::OrderStatus, &all(Policy::CreateOnly), vec![at(OrderStage::Shipping)]).await;
    let standing = house.store.standings(connection.id, None, 10).await.unwrap().remove(0);
    assert_eq!(standing.to_string(), "o (DH-o): Đơn mới; id there 777, Shipping, Giao Hàng Nhanh GHN-1");
    assert_eq!((standing.stage.as_str(), standing.there.unwrap().stage), ("new", Some(OrderStage::Shipping)), "Nobi's own stays");
    let other = house.connected("shop").await;
    assert_eq!(house.store.standings(other.id, None, 10).await.unwrap(), [], "another connection has none of it");
}

#[tokio::test]
async fn nobi_s_own_stage_moves_where_the_merchant_asked_for_it_forward_only_and_tells_nobody() {
    let house = House::new().await;
    let connection = bound(&house).await;
    let says = async |stage, trigger| {
        let page = make::page(vec![at(stage)]);
        house.pull(&connection, Entity::OrderStatus, trigger, &all(Policy::KeepUpdated), page).await.tally.get("order-status.moved")
    };
    let events = house.see::<u32>("SELECT count(*) FROM outbox");
    assert_eq!(says(OrderStage::Shipping, Trigger::Timer).await, 1);
    assert_eq!(stage(&house, &connection).await, "shipping");
    assert_eq!(says(OrderStage::Shipping, Trigger::Timer).await, 0, "it is there already");
    assert_eq!(says(OrderStage::Packing, Trigger::Live).await, 0, "back is no way");
    assert_eq!(stage(&house, &connection).await, "shipping");
    assert_eq!(says(OrderStage::Delivered, Trigger::Click).await, 1);
    assert_eq!(says(OrderStage::Returning, Trigger::Click).await, 0, "an end is an end");
    assert_eq!(stage(&house, &connection).await, "delivered");
    assert_eq!(
        (house.see::<u32>("SELECT count(*) FROM outbox"), house.see::<u32>("SELECT count(*) FROM work WHERE key LIKE 'order:%'")),
        (events, 1)
    );
    // An edit at Nobi is another record of the same order, at the same stage.
    house.store.order_event(connection.id, make::event("o", 2, OrderEventKind::Updated), NOW).await.unwrap();
    assert_eq!(stage(&house, &connection).await, "delivered");
}

#[tokio::test]
async fn what_nobi_decided_is_not_undone_by_what_the_other_side_says_before_or_after_it_heard_of_it() {
    for (kind, own) in [
        (OrderEventKind::Cancelled(PartyRole::Buyer), "cancelled"),
        (OrderEventKind::Deleted, "cancelled"),
        (OrderEventKind::Reconciled(Reconciliation::Delivered), "delivered"),
        (OrderEventKind::Reconciled(Reconciliation::PartlyReturned), "partly-returned"),
        (OrderEventKind::Reconciled(Reconciliation::Returned), "returned"),
    ] {
        let house = House::new().await;
        let connection = bound(&house).await;
        house.store.order_event(connection.id, make::event("o", 2, kind), NOW).await.unwrap();
        assert_eq!(stage(&house, &connection).await, own);
        for there in [OrderStage::Shipping, OrderStage::Cancelled, OrderStage::Delivered, OrderStage::Returned] {
            let tally = house.click(&connection, Entity::OrderStatus, &all(Policy::KeepUpdated), vec![at(there)]).await;
            assert_eq!((tally.get("order-status.moved"), stage(&house, &connection).await.as_str()), (0, own), "{there:?}");
        }
    }
}

#[tokio::test]
async fn a_person_at_nobi_may_move_an_order_where_they_like_and_the_other_side_goes_on_from_there() {
    let house = House::new().await;
    let connection = bound(&house).await;
    house.store.order_event(connection.id, make::event("o", 2, OrderEventKind::Status("Đóng gói".to_owned())), NOW).await.unwrap();
    assert_eq!(stage(&house, &connection).await, "packing");
    let policies = all(Policy::KeepUpdated);
    house.click(&connection, Entity::OrderStatus, &policies, vec![at(OrderStage::Confirming)]).await;
    assert_eq!(stage(&house, &connection).await, "packing");
    house.click(&connection, Entity::OrderStatus, &policies, vec![at(OrderStage::Shipping)]).await;
    assert_eq!(stage(&house, &connection).await, "shipping");
}

/// Ten minutes later a pull shows the order at this stage.
async fn reads(house: &House, connection: &connector_host::store::Connection, stage: OrderStage) {
    house.clock.advance(std::time::Duration::from_secs(600));
    house.click(connection, Entity::OrderStatus, &all(Policy::KeepUpdated), vec![at(stage)]).await;
}

/// The codes of what waits for a person.
async fn tasks(house: &House, connection: &connector_host::store::Connection) -> Vec<(LetterId, String)> {
    let letters = house.store.dead_letters(connection.id).await.unwrap();
    letters.into_iter().map(|letter| (letter.id, letter.failure.unwrap().code)).collect()
}

/// An order that is cancelled, deleted, and called off at the other side.
async fn called_off(house: &House, events: &[OrderEventKind]) -> connector_host::store::Connection {
    let connection = bound(house).await;
    for (sequence, kind) in (2..).zip(events) {
        house.store.order_event(connection.id, make::event("o", sequence, kind.clone()), NOW).await.unwrap();
        let row = house.store.next_event(connection.id, "o").await.unwrap().unwrap().id;
        house.settles(&connection, row, Some("777")).await.unwrap();
    }
    reads(house, &connection, OrderStage::Cancelled).await;
    connection
}

#[tokio::test]
async fn an_order_that_lives_again_after_a_cancel_and_a_delete_is_one_task_for_as_long_as_it_lives() {
    let house = House::new().await;
    let connection = called_off(&house, &[OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted]).await;
    for _ in 0..3 {
        reads(&house, &connection, OrderStage::New).await;
        assert_eq!(tasks(&house, &connection).await, [(LetterId::Order(3), "order.revived".to_owned())]);
    }
    reads(&house, &connection, OrderStage::Cancelled).await;
    assert_eq!(tasks(&house, &connection).await, []);
    reads(&house, &connection, OrderStage::New).await;
    assert_eq!(tasks(&house, &connection).await.len(), 1);
    let note = Note { at: NOW, operator: "lan".to_owned(), code: "order.revived".to_owned(), records: 0, text: "bán tiếp".to_owned() };
    house.store.discard_letters(connection.id, vec![LetterId::Order(3)], note).await.unwrap();
    reads(&house, &connection, OrderStage::New).await;
    assert_eq!(tasks(&house, &connection).await, [], "a person has set it aside");
}

#[tokio::test]
async fn a_delete_of_an_order_that_lives_again_after_its_cancel_takes_the_task_over() {
    let house = House::new().await;
    let connection = called_off(&house, &[OrderEventKind::Cancelled(PartyRole::Buyer)]).await;
    reads(&house, &connection, OrderStage::New).await;
    assert_eq!(tasks(&house, &connection).await, [(LetterId::Order(2), "order.revived".to_owned())]);
    let host = house.host(&Guest::new(make::descriptor())).await;
    host.order_event(connection.id, make::event("o", 3, OrderEventKind::Deleted)).await.unwrap();
    host.work(Stop::Idle(std::time::Duration::ZERO)).await.unwrap();
    assert_eq!(tasks(&house, &connection).await, [(LetterId::Order(3), "order.revived".to_owned())]);
    assert_eq!(house.far.asked(), Vec::<String>::new(), "and nothing is sent");
    reads(&house, &connection, OrderStage::New).await;
    assert_eq!(tasks(&house, &connection).await.len(), 1);
}
