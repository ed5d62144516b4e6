//! 3.0, sections 16 and 18: every unknown has a switch, and each switch changes the wire. Switches of grants and orders are beside what they change.

use nhanh_sim::{CursorShape, DetailStatus, EmptyList, EmptyObject, Event, Kin, Level, ListEnd, NotFound, StockTimes, SwitchesV3};
use serde_json::{Value, json};

use crate::helpers::{Desk, NOW};

const LIST: &str = "/v3.0/product/list";
const STOCK: &str = "/v3.0/product/inventory";

async fn switched(change: impl FnOnce(&mut SwitchesV3)) -> Desk {
    let desk = Desk::v3().await;
    desk.nhanh.faults().switch(|switches| change(&mut switches.v3));
    desk
}

#[tokio::test]
async fn cursors_take_six_shapes_and_each_leads_through_the_whole_list() {
    let all = Desk::v3().await.ids3(LIST, json!({})).await;
    for (shape, looks) in [
        (CursorShape::Object, (|next: &Value| next["id"].is_i64()) as fn(&Value) -> bool),
        (CursorShape::ObjectWithText, |next| next["id"].is_string()),
        (CursorShape::Text, Value::is_string),
        (CursorShape::Number, Value::is_i64),
        (CursorShape::List, |next| next[1].is_i64()),
        (CursorShape::Compound, |next| next["totalRevenue"].is_i64() && next["productId"].is_i64()),
    ] {
        let desk = switched(|v3| v3.cursor = shape).await;
        let reply = desk.call(LIST, json!({ "paginator": { "size": 7 } })).await;
        assert!(looks(&reply["paginator"]["next"]), "{shape:?}: {}", reply["paginator"]);
        let (rows, _) = desk.all3(LIST, json!({}), 7).await;
        let ids: Vec<i64> = rows.iter().map(|row| row["id"].as_i64().unwrap()).collect();
        assert_eq!(ids, all, "{shape:?}");
        let (up, _) = desk.all3("/v3.0/product/category", json!({}), 3).await;
        assert_eq!(up.len(), desk.nhanh.counts(desk.business).categories, "upwards too");
    }
}

#[tokio::test]
async fn a_list_ends_in_three_ways() {
    for (end, paginator, more) in
        [(ListEnd::EmptyPage, None, 1), (ListEnd::Absent, Some(Value::Null), 0), (ListEnd::Null, Some(json!({ "next": null })), 0)]
    {
        let desk = switched(|v3| v3.list_end = end).await;
        let reply = desk.call("/v3.0/business/depot", json!({})).await;
        match paginator {
            Some(expected) => assert_eq!(reply["paginator"], expected, "{end:?}"),
            None => assert!(!reply["paginator"]["next"].is_null()),
        }
        let (rows, calls) = desk.all3("/v3.0/customer/list", json!({}), 30).await;
        assert_eq!((rows.len(), calls), (60, 2 + more), "{end:?}");
    }
}

#[tokio::test]
async fn a_short_page_is_not_the_end_and_no_size_is_a_size() {
    let desk = switched(|v3| v3.short_pages = true).await;
    let reply = desk.call(LIST, json!({ "paginator": { "size": 50 } })).await;
    assert_eq!((reply["data"].as_array().unwrap().len(), reply["paginator"]["next"].is_object()), (25, true));
    let counts = desk.nhanh.counts(desk.business);
    assert_eq!(desk.ids3(LIST, json!({})).await.len(), counts.products - counts.products_by_status["Inactive"]);
    let desk = switched(|v3| v3.default_size = 3).await;
    assert_eq!(desk.ok(LIST, json!({})).await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn empty_lists_take_four_shapes() {
    for (shape, expected) in [
        (EmptyList::List, json!({ "code": 1, "data": [] })),
        (EmptyList::Text, json!({ "code": 1, "data": "" })),
        (EmptyList::Null, json!({ "code": 1, "data": null })),
        (EmptyList::Absent, json!({ "code": 1 })),
    ] {
        let desk = switched(|v3| v3.empty_list = shape).await;
        assert_eq!(desk.call(LIST, json!({ "filters": { "ids": [1] } })).await, expected, "{shape:?}");
    }
}

#[tokio::test]
async fn empty_objects_take_three_shapes() {
    for (shape, expected) in [(EmptyObject::List, json!([])), (EmptyObject::Object, json!({})), (EmptyObject::Null, Value::Null)] {
        let desk = switched(|v3| v3.empty_object = shape).await;
        assert_eq!(desk.ok(LIST, json!({})).await[0]["warranty"], expected, "{shape:?}");
        let row = desk.ok("/v3.0/order/list", json!({})).await[0].take();
        assert_eq!((&row["channel"]["marketting"], &row["products"][0]["batch"]), (&expected, &expected));
        let plain = desk.nhanh.products(desk.business).into_iter().find(|row| row.brand.is_none()).unwrap().id;
        assert_eq!(desk.ok("/v3.0/product/detail", json!({ "filters": { "id": plain } })).await["brand"], expected);
    }
}

#[tokio::test]
async fn the_inventory_may_be_blind_complete_or_hold_parents() {
    let desk = switched(|v3| v3.stock_times = StockTimes::ProductEdits).await;
    let product = desk.stocked();
    let depot = *product.stock.keys().next().unwrap();
    desk.hands.advance(60);
    let since = json!({ "updatedAtFrom": NOW / 1000 + 60 });
    desk.nhanh.set_stock(product.id, depot, 5.into());
    assert_eq!(desk.ids3(STOCK, since.clone()).await, Vec::<i64>::new());
    desk.nhanh.edit_product(product.id, |_| {});
    assert_eq!(desk.ids3(STOCK, since).await, [product.id]);
    for depot in product.stock.keys() {
        desk.nhanh.change_level(product.id, *depot, |level| *level = Level::default());
    }
    desk.nhanh.faults().switch(|switches| switches.v3.inventory_omits_empty = false);
    let row = desk.ok(STOCK, json!({ "filters": { "ids": [product.id] } })).await[0].take();
    assert_eq!(row["inventory"]["available"], 0);
    let parent = desk.nhanh.products(desk.business).into_iter().find(|row| row.kin == Kin::Parent).unwrap().id;
    let ask = json!({ "ids": [parent] });
    assert_eq!(desk.ids3(STOCK, ask.clone()).await, Vec::<i64>::new());
    desk.nhanh.faults().switch(|switches| switches.v3.inventory_has_parents = true);
    assert_eq!(desk.ids3(STOCK, ask).await, [parent]);
}

#[tokio::test]
async fn roots_details_and_unknown_products_follow_their_switches() {
    let desk = switched(|v3| v3.root_parent_null = true).await;
    assert_eq!(desk.ok("/v3.0/product/category", json!({})).await[0]["parentId"], Value::Null);
    let active = desk.nhanh.products(desk.business).into_iter().find(|row| row.status == "Active").unwrap().id;
    for (shape, expected) in [(DetailStatus::Digits, json!("2")), (DetailStatus::Number, json!(2)), (DetailStatus::Word, json!("Active"))] {
        desk.nhanh.faults().switch(|switches| switches.v3.detail_status = shape);
        let told = desk.nhanh.webhook_body_in(nhanh_sim::Dialect::V3, desk.business, &Event::ProductUpdate(active), "").unwrap();
        assert_eq!(told["data"]["status"], expected);
        assert_eq!(desk.ok("/v3.0/product/detail", json!({ "filters": { "id": active } })).await["status"], expected);
    }
    desk.nhanh.faults().switch(|switches| switches.detail_not_found = NotFound::Empty);
    assert_eq!(desk.ok("/v3.0/product/detail", json!({ "filters": { "id": 1 } })).await, json!([]));
}

#[tokio::test]
async fn switches_of_both_dialects_hold_for_3_0() {
    let desk = Desk::v3().await;
    let wrong = json!({ "paginator": { "next": 5 } });
    desk.nhanh.faults().switch(|switches| {
        switches.refusal_status = 400;
        switches.escape_unicode = true;
        switches.long_window = nhanh_sim::TooMuch::Clamp;
        switches.phones = nhanh_sim::PhoneShape::Canonical;
        switches.parent_stock = nhanh_sim::ParentStock::Absent;
    });
    let post = |path: &str, body: Value| {
        let url = format!("{}{}", desk.nhanh.origin(), desk.v3_url(path));
        desk.http.post(url).header("authorization", &desk.token).body(body.to_string()).send()
    };
    assert_eq!(post(LIST, wrong).await.unwrap().status().as_u16(), 400);
    let text = post("/v3.0/business/depot", json!({})).await.unwrap().text().await.unwrap();
    assert!(text.is_ascii() && text.contains("\\u"));
    let year = json!({ "filters": { "createdAtFrom": NOW / 1000 - 365 * 86_400, "createdAtTo": NOW / 1000 } });
    assert_eq!(desk.call("/v3.0/order/list", year).await["code"], 1);
    let mut order = desk.order3("W-1", desk.stocked().id);
    order["shippingAddress"]["mobile"] = json!("+84 900 000 001");
    desk.add3(order).await;
    assert_eq!(desk.nhanh.ledger()[0].phone, "0900000001");
    let parent = desk.nhanh.products(desk.business).into_iter().find(|row| row.kin == Kin::Parent).unwrap().id;
    assert!(desk.ok(LIST, json!({ "filters": { "ids": [parent] } })).await[0].get("inventory").is_none());
}
