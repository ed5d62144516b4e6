//! Section 4: orders in and out, and what they do to stock, customers and the ledger.

use nhanh_sim::{PhoneShape, Quantity, RepeatedOwnId};
use serde_json::{Value, json};

use crate::helpers::Desk;

#[tokio::test]
async fn an_order_with_a_depot_reserves_stock_and_one_without_does_not() {
    let desk = Desk::new().await;
    let product = desk.stocked();
    let depot = desk.nhanh.business().depots[0];
    let before = desk.nhanh.stock(product.id, depot).unwrap();
    let id = desk.add(desk.order("W-1", product.id)).await;
    let after = desk.nhanh.stock(product.id, depot).unwrap();
    assert_eq!((after.holding, after.remain), (before.holding + 2.into(), before.remain));
    assert_eq!(after.available(), before.available() - 2.into());
    let mut bare = desk.order("W-2", product.id);
    bare["depotId"].take();
    desk.add(bare).await;
    assert_eq!(desk.nhanh.stock(product.id, depot).unwrap(), after);
    let ledger = desk.nhanh.ledger();
    assert_eq!(ledger.iter().map(|entry| entry.holding).collect::<Vec<_>>(), [Quantity::units(2), Quantity::ZERO]);
    let entry = &ledger[0];
    assert_eq!((entry.id, entry.own_id.as_deref(), entry.app, entry.business), (id, Some("W-1"), Some(desk.app.app_id), desk.business));
    // 2 × 120,000 − 10,000 + 20,000.
    assert_eq!((entry.phone.as_str(), entry.to_collect, entry.status.as_str(), entry.updates), ("0900000001", 250_000, "New", 0));
}

#[tokio::test]
async fn an_unknown_line_makes_a_product_and_it_is_counted() {
    let desk = Desk::new().await;
    let before = desk.nhanh.counts(desk.business);
    let mut order = desk.order("W-1", 1);
    order["productList"][0]["id"] = json!("NOBI-77");
    desk.add(order.clone()).await;
    let counts = desk.nhanh.counts(desk.business);
    assert_eq!((counts.auto_created, counts.products), (1, before.products + 1));
    let made = desk.nhanh.ledger()[0].auto_created[0];
    let product = desk.nhanh.product(made).unwrap();
    assert_eq!((product.name.as_str(), product.price, product.own_id.as_deref()), ("Áo thun", Some(120_000), Some("NOBI-77")));
    // The second time the own id is known.
    order["id"] = json!("W-2");
    desk.add(order).await;
    assert_eq!(desk.nhanh.counts(desk.business).auto_created, 1);
}

#[tokio::test]
async fn what_is_required_is_required_and_a_refusal_changes_nothing() {
    let desk = Desk::new().await;
    let product = desk.stocked().id;
    for key in ["id", "customerName", "customerMobile"] {
        let mut order = desk.order("W-1", product);
        order[key].take();
        let reply = desk.call("/api/order/add", order).await;
        assert_eq!((&reply["code"], &reply["messages"][0]), (&json!(0), &json!(format!("{key} is required"))));
    }
    for (key, value) in [("depotId", json!(1)), ("type", json!("Delivery")), ("status", json!("Success")), ("id", json!("x".repeat(37)))] {
        let mut order = desk.order("W-1", product);
        order[key] = value;
        assert_eq!(desk.call("/api/order/add", order).await["code"], 0, "{key}");
    }
    for key in ["id", "name", "price", "quantity"] {
        let mut order = desk.order("W-1", product);
        order["productList"][0][key].take();
        assert_eq!(desk.call("/api/order/add", order).await["code"], 0, "{key}");
    }
    assert!(desk.nhanh.ledger().is_empty());
}

#[tokio::test]
async fn an_order_reads_back_keyed_by_id_in_local_time() {
    let desk = Desk::new().await;
    let product = desk.stocked();
    let id = desk.add(desk.order("W-1", product.id)).await;
    let data = desk.ok("/api/order/index", json!({ "id": id })).await;
    assert_eq!((&data["totalRecords"], &data["page"], &data["totalPages"]), (&json!(1), &json!(1), &json!(1)));
    let row = &data["orders"][id.to_string()];
    assert_eq!((&row["id"], &row["shopOrderId"], &row["privateId"]), (&json!(id), &json!("W-1"), &json!("W-1")));
    assert_eq!((&row["statusCode"], &row["statusName"]), (&json!("New"), &json!("Đơn mới")));
    assert_eq!((&row["createdDateTime"], &row["updatedAt"]), (&json!("2026-11-20 09:30:21"), &json!(1_795_141_821)));
    assert_eq!((&row["calcTotalMoney"], &row["saleChannel"], &row["deliveryDate"]), (&json!(250_000), &json!(10), &json!("0000-00-00")));
    assert_eq!(
        (&row["customerCityId"], &row["shipToDistrictLocationId"], &row["customerWard"]),
        (&json!(254), &json!("321"), &json!("Phường Điện Biên"))
    );
    let line = &row["products"][0];
    assert_eq!((&line["productId"], &line["price"], &line["quantity"]), (&json!(product.id), &json!("120000"), &json!("2")));
    assert_eq!(line["productMoney"], 240_000);
}

fn ids(data: &Value) -> Vec<i64> {
    data["orders"].as_object().map(|rows| rows.keys().map(|id| id.parse().unwrap()).collect()).unwrap_or_default()
}

#[tokio::test]
async fn windows_are_at_most_ten_days_unless_an_id_or_a_customer_is_named() {
    let desk = Desk::new().await;
    let ask = |filter: Value| desk.call("/api/order/index", filter);
    assert_eq!(ask(json!({ "fromDate": "2026-11-11", "toDate": "2026-11-20" })).await["code"], 1);
    assert_eq!(ask(json!({ "fromDate": "2026-11-10", "toDate": "2026-11-20" })).await["code"], 0);
    assert_eq!(ask(json!({ "updatedDateTimeFrom": "2026-11-10 09:30:20", "updatedDateTimeTo": "2026-11-20 09:30:21" })).await["code"], 0);
    assert_eq!(ask(json!({ "fromDate": "2026-01-01", "toDate": "2026-11-20", "customerMobile": "0900000001" })).await["code"], 1);
    assert_eq!(ask(json!({ "fromDate": "20/11/2026" })).await["code"], 0);
    // Without any date the last ten days count.
    let ten_days = 10 * 86_400_000;
    let recent = desk.nhanh.orders(desk.business).into_iter().filter(|order| order.created_ms >= crate::helpers::NOW - ten_days);
    let recent: Vec<i64> = recent.map(|order| order.id).collect();
    assert!(!recent.is_empty() && recent.len() < desk.nhanh.counts(desk.business).orders);
    assert_eq!(ids(&desk.ok("/api/order/index", json!({})).await), recent);
}

#[tokio::test]
async fn filters_narrow_and_phones_match_to_the_letter() {
    let desk = Desk::new().await;
    let product = desk.stocked().id;
    let mut other = desk.order("W-2", product);
    other["customerMobile"] = json!("+84 900 000 001");
    let (one, two) = (desk.add(desk.order("W-1", product)).await, desk.add(other).await);
    let ask = |filter: Value| {
        let desk = &desk;
        async move { ids(&desk.ok("/api/order/index", filter).await) }
    };
    assert_eq!(ask(json!({ "customerMobile": "0900000001" })).await, [one]);
    assert_eq!(ask(json!({ "customerMobile": "+84 900 000 001" })).await, [two]);
    desk.hands.advance(3600);
    desk.ok("/api/order/update", json!({ "orderId": two, "status": "Confirmed" })).await;
    assert_eq!(ask(json!({ "statuses": ["Confirmed"], "fromDate": "2026-11-20", "toDate": "2026-11-20" })).await, [two]);
    assert_eq!(ask(json!({ "updatedDateTimeFrom": "2026-11-20 10:30:21", "updatedDateTimeTo": "2026-11-20 10:30:21" })).await, [two]);
    assert_eq!(ask(json!({ "id": one })).await, [one]);
    assert_eq!(ask(json!({ "id": 1 })).await, Vec::<i64>::new());
}

#[tokio::test]
async fn cancelling_is_for_open_orders_and_frees_what_they_hold() {
    let desk = Desk::new().await;
    let product = desk.stocked();
    let depot = desk.nhanh.business().depots[0];
    let before = desk.nhanh.stock(product.id, depot).unwrap();
    for (status, next, allowed) in [
        ("New", "Canceled", true),
        ("Confirming", "Aborted", true),
        ("Confirmed", "Canceled", true),
        ("CustomerConfirming", "Canceled", false),
        ("Packing", "Aborted", false),
        ("Shipping", "Canceled", false),
        ("Success", "Canceled", false),
        ("Shipping", "Success", true),
        ("New", "Success", true),
        ("Canceled", "Success", false),
        ("Returned", "Success", false),
        ("New", "Confirmed", true),
        ("Shipping", "Confirmed", false),
        ("New", "Shipping", false),
    ] {
        let id = desk.add(desk.order(&format!("{status}{next}"), product.id)).await;
        desk.nhanh.set_status(id, status);
        let reply = desk.call("/api/order/update", json!({ "orderId": id.to_string(), "status": next })).await;
        assert_eq!(reply["code"], i64::from(allowed), "{status} → {next}: {reply}");
        assert_eq!(desk.nhanh.order(id).unwrap().status, if allowed { next } else { status });
        desk.nhanh.delete_order(id);
    }
    let after = desk.nhanh.stock(product.id, depot).unwrap();
    assert_eq!(after, before);
    assert!(desk.nhanh.ledger().iter().all(|entry| entry.deleted && entry.holding == Quantity::ZERO));
}

#[tokio::test]
async fn success_takes_the_goods_off_the_shelf() {
    let desk = Desk::new().await;
    let product = desk.stocked();
    let depot = desk.nhanh.business().depots[0];
    let before = desk.nhanh.stock(product.id, depot).unwrap();
    let id = desk.add(desk.order("W-1", product.id)).await;
    let reply = desk.ok("/api/order/update", json!({ "id": "W-1", "status": "Success", "moneyTransfer": 50_000 })).await;
    assert_eq!((&reply["orderId"], &reply["status"]), (&json!(id), &json!("Success")));
    let after = desk.nhanh.stock(product.id, depot).unwrap();
    assert_eq!((after.holding, after.remain), (before.holding, before.remain - 2.into()));
    let entry = desk.nhanh.ledger().remove(0);
    assert_eq!((entry.to_collect, entry.updates, entry.status.as_str()), (200_000, 1, "Success"));
    let history = desk.ok("/api/order/history", json!({ "orderId": id })).await;
    assert_eq!((&history[1]["oldStatus"], &history[1]["newStatus"]), (&json!("Đơn mới"), &json!("Thành công")));
}

#[tokio::test]
async fn an_update_needs_an_order() {
    let desk = Desk::new().await;
    for data in [json!({}), json!({ "id": "nobody" }), json!({ "orderId": 5 })] {
        assert_eq!(desk.call("/api/order/update", data).await["code"], 0);
    }
}

#[tokio::test]
async fn a_repeated_own_id_is_a_switch() {
    let desk = Desk::new().await;
    let product = desk.stocked().id;
    let first = desk.add(desk.order("W-1", product)).await;
    let second = desk.add(desk.order("W-1", product)).await;
    assert_ne!(first, second);
    desk.nhanh.faults().switch(|switches| switches.repeated_own_id = RepeatedOwnId::SameOrder);
    assert_eq!(desk.add(desk.order("W-1", product)).await, second);
    desk.nhanh.faults().switch(|switches| switches.repeated_own_id = RepeatedOwnId::Refuse);
    assert_eq!(desk.call("/api/order/add", desk.order("W-1", product)).await["code"], 0);
    assert_eq!(desk.nhanh.ledger().len(), 2);
}

#[tokio::test]
async fn a_buyer_is_found_by_phone_or_made() {
    let desk = Desk::new().await;
    let before = desk.nhanh.counts(desk.business).customers;
    let product = desk.stocked().id;
    let one = desk.add(desk.order("W-1", product)).await;
    let two = desk.add(desk.order("W-2", product)).await;
    assert_eq!(desk.nhanh.counts(desk.business).customers, before + 1);
    let customer = |id| desk.nhanh.order(id).unwrap().customer;
    assert_eq!(customer(one), customer(two));
    desk.nhanh.faults().switch(|switches| switches.phones = PhoneShape::Canonical);
    let mut third = desk.order("W-3", product);
    third["customerMobile"] = json!("+84 900 000 001");
    assert_eq!(customer(desk.add(third).await), customer(one));
}

#[tokio::test]
async fn weighed_goods_are_counted_in_thousandths() {
    let desk = Desk::new().await;
    let weighed = desk.nhanh.products(desk.business).into_iter().find(|product| product.type_id == 3).unwrap();
    let mut order = desk.order("W-1", weighed.id);
    order["productList"][0]["quantity"] = json!(1.255);
    order["productList"][0]["price"] = json!(33_333);
    let id = desk.add(order).await;
    // 1.255 × 33,333 = 41,832.915.
    assert_eq!(desk.nhanh.ledger()[0].to_collect, 41_833 - 10_000 + 20_000);
    assert_eq!(desk.nhanh.ledger()[0].holding, Quantity::thousandths(1255));
    assert_eq!(desk.ok("/api/order/index", json!({ "id": id })).await["orders"][id.to_string()]["products"][0]["quantity"], "1.255");
}
