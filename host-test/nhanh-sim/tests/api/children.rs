//! Orders that come of orders: parts, exchanges, returns, compensations, what a partial delivery brings back, and two that become one.

use nhanh_sim::{ChildKind, Dialect, Quantity};
use serde_json::{Value, json};

use crate::helpers::{Desk, Receiver, hooks, hooks3};

/// A desk with an order for two of a product, and a receiver that has heard of it.
async fn sold(dialect: Dialect) -> (Desk, Receiver, i64, i64) {
    let desk = Desk::speaking(dialect).await;
    let receiver = Receiver::default();
    let url = receiver.start().await;
    let form = if dialect == Dialect::V2 { hooks(&url) } else { hooks3(&url) };
    desk.nhanh.save_webhooks(desk.app.app_id, form).await.unwrap();
    let product = desk.stocked().id;
    let id = match dialect {
        Dialect::V2 => desk.add(desk.order("W-1", product)).await,
        Dialect::V3 => desk.add3(desk.order3("W-1", product)).await,
    };
    desk.nhanh.webhooks_idle().await;
    receiver.take();
    (desk, receiver, product, id)
}

/// What a row says of kin: its type, its own id, and the orders it names in `returnFromOrderId`, or `originalOrderId`, `returnFromId`, `idReturn`.
async fn kin(desk: &Desk, id: i64) -> (i64, String, Vec<i64>) {
    match desk.dialect {
        Dialect::V2 => {
            let row = desk.ok("/api/order/index", json!({ "id": id })).await["orders"][id.to_string()].take();
            let named = row["returnFromOrderId"].as_str().map(|id| id.parse().unwrap());
            (row["typeId"].as_i64().unwrap(), row["shopOrderId"].as_str().unwrap_or_default().to_owned(), named.into_iter().collect())
        }
        Dialect::V3 => {
            let row = desk.ok("/v3.0/order/list", json!({ "filters": { "ids": [id] } })).await[0].take();
            let named = ["originalOrderId", "returnFromId", "idReturn"].map(|key| row["info"][key].as_i64().unwrap());
            (row["info"]["type"].as_i64().unwrap(), row["channel"]["appOrderId"].as_str().unwrap().to_owned(), named.to_vec())
        }
    }
}

/// The levels of the product at the first depot: on hand, reserved, on the way.
fn level(desk: &Desk, product: i64) -> (Quantity, Quantity, Quantity) {
    let level = desk.nhanh.stock(product, desk.nhanh.business().depots[0]).unwrap();
    (level.remain, level.holding, level.shipping)
}

#[tokio::test]
async fn a_split_shares_the_goods_and_what_they_hold() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let (desk, receiver, product, id) = sold(dialect).await;
        let before = level(&desk, product);
        assert_eq!(desk.nhanh.add_child(id, ChildKind::Split, &[(product, 3.into())]), None, "more than it has");
        assert_eq!(desk.nhanh.add_child(id, ChildKind::Split, &[]), None);
        let part = desk.nhanh.add_child(id, ChildKind::Split, &[(product, 1.into())]).unwrap();
        assert_eq!(level(&desk, product), before);
        let (original, part_row) = (desk.nhanh.order(id).unwrap(), desk.nhanh.order(part).unwrap());
        assert_eq!((original.lines[0].quantity, part_row.lines[0].quantity, part_row.status.as_str()), (1.into(), 1.into(), "New"));
        let discounts = original.lines[0].discount_amount + part_row.lines[0].discount_amount;
        assert_eq!(discounts, if dialect == Dialect::V3 { 10_000 } else { 0 });
        desk.nhanh.webhooks_idle().await;
        assert_eq!(receiver.events(), ["orderUpdate", "orderAdd", "inventoryChange"]);
        // 2.0 documents no name for the original of a part.
        let named = if dialect == Dialect::V2 { vec![] } else { vec![id, 0, 0] };
        assert_eq!(kin(&desk, part).await, (1, String::new(), named));
        desk.nhanh.faults().switch(|switches| {
            switches.children_keep_own_id = true;
            switches.split_names_original = true;
        });
        let rest = desk.nhanh.add_child(id, ChildKind::Split, &[(product, 1.into())]).unwrap();
        let named = if dialect == Dialect::V2 { vec![id] } else { vec![id, 0, 0] };
        assert_eq!(kin(&desk, rest).await, (1, "W-1".to_owned(), named));
        assert!(desk.nhanh.order(id).unwrap().lines.is_empty(), "a line of nothing is gone");
    }
}

#[tokio::test]
async fn exchanges_returns_and_compensations_name_their_original() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let (desk, receiver, product, id) = sold(dialect).await;
        desk.nhanh.set_status(id, "Success");
        let (remain, holding, _) = level(&desk, product);
        desk.nhanh.webhooks_idle().await;
        receiver.take();
        let one: &[_] = &[(product, Quantity::units(1))];
        let child = |kind| desk.nhanh.add_child(id, kind, one).unwrap();
        let (exchange, back, lost) = (child(ChildKind::Exchange), child(ChildKind::Return), child(ChildKind::Compensation));
        desk.nhanh.webhooks_idle().await;
        assert_eq!(receiver.events(), ["orderAdd", "orderAdd", "orderAdd", "inventoryChange"]);
        for (child, type_id, by_customer) in [(exchange, 12, id), (back, 14, id), (lost, 17, 0)] {
            let named = if dialect == Dialect::V2 { vec![id] } else { vec![id, 0, by_customer] };
            assert_eq!(kin(&desk, child).await, (type_id, String::new(), named), "{dialect:?}");
        }
        assert_eq!(desk.nhanh.order(id).unwrap().lines[0].quantity, 2.into(), "the original stays as it is");
        // Only the exchange reserves goods; a return that is done brings some back.
        assert_eq!(level(&desk, product), (remain, holding + 1.into(), 0.into()));
        desk.nhanh.set_status(back, "Success");
        desk.nhanh.set_status(lost, "Success");
        desk.nhanh.set_status(exchange, "Success");
        assert_eq!(level(&desk, product), (remain, holding, 0.into()));
    }
}

#[tokio::test]
async fn a_partial_delivery_edits_the_original_and_adds_what_comes_back() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let (desk, receiver, product, id) = sold(dialect).await;
        desk.nhanh.set_status(id, "Shipping");
        let (remain, _, shipping) = level(&desk, product);
        desk.nhanh.webhooks_idle().await;
        receiver.take();
        assert_eq!(desk.nhanh.deliver_partly(id, &[(product, 3.into())]), None);
        let back = desk.nhanh.deliver_partly(id, &[(product, 1.into())]).unwrap();
        let (original, child) = (desk.nhanh.order(id).unwrap(), desk.nhanh.order(back).unwrap());
        assert_eq!((original.status.as_str(), original.lines[0].quantity), ("Success", 1.into()));
        assert_eq!((child.status.as_str(), child.type_id, child.original), ("Returning", 16, Some(id)));
        assert_eq!(level(&desk, product), (remain - 1.into(), 0.into(), shipping - 2.into()));
        let named = if dialect == Dialect::V2 { vec![id] } else { vec![id, id, 0] };
        assert_eq!(kin(&desk, back).await, (16, String::new(), named));
        desk.nhanh.webhooks_idle().await;
        let bodies = receiver.take();
        let told: Vec<&str> =
            bodies.iter().map(|body| body["event"].as_str().unwrap()).filter(|event| *event != "inventoryChange").collect();
        let last = if dialect == Dialect::V2 { &[][..] } else { &["orderPartialReturn"] };
        assert_eq!(told, [&["orderUpdate", "orderUpdate", "orderAdd"], last].concat());
        let partial = bodies.iter().find(|body| body["event"] == "orderPartialReturn").map(|body| body["data"]["originalOrder"].clone());
        let channel = json!({ "appOrderId": "W-1", "appShopId": "", "saleChannel": 10 });
        assert_eq!(partial.unwrap_or(Value::Null), if last.is_empty() { Value::Null } else { json!({ "id": id, "channel": channel }) });
    }
}

/// An order's steps as its history tells them: 3.0 by number, 2.0 in words.
async fn steps(desk: &Desk, id: i64) -> Vec<Value> {
    let rows = match desk.dialect {
        Dialect::V2 => desk.ok("/api/order/history", json!({ "orderId": id.to_string() })).await,
        Dialect::V3 => desk.ok("/v3.0/order/history", json!({ "filters": { "orderIds": [id], "steps": [22, 41] } })).await,
    };
    let wanted =
        |step: &Value| step.as_i64().is_some() || step.as_str().is_some_and(|step| step.contains("Gộp") || step.contains("Sao chép"));
    rows.as_array().unwrap().iter().map(|row| row["step"].clone()).filter(wanted).collect()
}

#[tokio::test]
async fn two_orders_become_one() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let (desk, receiver, product, first) = sold(dialect).await;
        let second = match dialect {
            Dialect::V2 => desk.add(desk.order("W-2", product)).await,
            Dialect::V3 => desk.add3(desk.order3("W-2", product)).await,
        };
        let (before, sums) = (level(&desk, product), [first, second].map(|id| desk.nhanh.order(id).unwrap()));
        desk.nhanh.webhooks_idle().await;
        receiver.take();
        assert!(!desk.nhanh.merge_orders(first, first) && !desk.nhanh.merge_orders(first, 5));
        assert!(steps(&desk, first).await.is_empty());
        assert!(desk.nhanh.merge_orders(first, second));
        assert!(desk.nhanh.order(second).is_none() && desk.nhanh.ledger()[1].deleted);
        let merged = desk.nhanh.order(first).unwrap();
        let one_fee = sums.iter().map(|order| order.to_collect()).sum::<i64>() - sums[1].money.customer_ship_fee;
        assert_eq!((merged.lines.len(), merged.to_collect(), level(&desk, product)), (2, one_fee, before), "one way, one fee");
        desk.nhanh.webhooks_idle().await;
        assert_eq!(receiver.events(), ["orderDelete", "orderUpdate", "inventoryChange"]);
        let told = if dialect == Dialect::V2 { json!("Gộp đơn hàng") } else { json!(22) };
        assert_eq!(steps(&desk, first).await, [told], "the history says so, and names no other order");
    }
}

#[tokio::test]
async fn a_copy_has_the_same_goods_and_names_no_original() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let (desk, receiver, _, id) = sold(dialect).await;
        assert_eq!(desk.nhanh.copy_order(5), None);
        let copy = desk.nhanh.copy_order(id).unwrap();
        let (original, row) = (desk.nhanh.order(id).unwrap(), desk.nhanh.order(copy).unwrap());
        let goods = |order: &nhanh_sim::Order| order.lines.iter().map(|line| (line.product, line.quantity)).collect::<Vec<_>>();
        assert_eq!((goods(&row), row.recipient.mobile), (goods(&original), original.recipient.mobile));
        let named = if dialect == Dialect::V2 { vec![] } else { vec![0, 0, 0] };
        assert_eq!(kin(&desk, copy).await, (1, String::new(), named));
        let told = if dialect == Dialect::V2 { json!("Sao chép đơn hàng") } else { json!(41) };
        assert_eq!(steps(&desk, copy).await, [told]);
        desk.nhanh.webhooks_idle().await;
        assert_eq!(receiver.events()[0], "orderAdd");
    }
}
