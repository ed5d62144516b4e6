//! What comes back about orders: their status beside them, and the remote id of an order whose create was not answered.

use connector_host::contract::Policy;
use connector_host::contract::catalog::{Change, OrderStage, OrderStatus, Product};
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::Entity;

use crate::house::{House, all};
use crate::make::{self, NOW};

fn status(order: &str, own_id: Option<&str>) -> Change {
    Change::OrderStatus(OrderStatus {
        order: order.to_owned(),
        own_id: own_id.map(str::to_owned),
        code: "Success".to_owned(),
        stage: None,
        tracking: None,
        carrier: None,
        tracking_url: None,
        reason: None,
        changed: None,
    })
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
