//! Sections 10 and 12: every unknown has a switch, and each switch changes the wire.

use nhanh_sim::{
    CodeShape, CollectionShape, DeletedIds, Dialect, EmptyShape, Event, Kin, MessageShape, NotFound, NumberShape, ParentStock, PastEnd,
    Switches, TooMuch,
};
use serde_json::{Value, json};

use crate::helpers::{Desk, VERIFY};

async fn switched(change: impl FnOnce(&mut Switches)) -> Desk {
    let desk = Desk::new().await;
    desk.nhanh.faults().switch(change);
    desk
}

#[tokio::test]
async fn messages_take_four_shapes() {
    let mut seen = Vec::new();
    for shape in [MessageShape::List, MessageShape::Text, MessageShape::Object, MessageShape::Absent] {
        let desk = switched(|switches| switches.messages = shape).await;
        seen.push(desk.raw("/api/product/search", "{").await.unwrap()["messages"].take());
        assert_eq!(desk.call("/api/store/depot", json!({})).await["code"], 1);
    }
    assert_eq!(seen, [json!(["invalid data"]), json!("invalid data"), json!({ "ERR_INVALID_DATA": "invalid data" }), Value::Null]);
}

#[tokio::test]
async fn codes_take_three_shapes_in_either_dialect() {
    for (shape, well, not) in [
        (CodeShape::Number, json!(1), json!(0)),
        (CodeShape::Text, json!("1"), json!("0")),
        (CodeShape::Boolean, json!(true), json!(false)),
    ] {
        let (two, three) = (switched(|switches| switches.codes = shape).await, Desk::v3().await);
        three.nhanh.faults().switch(|switches| switches.codes = shape);
        for (desk, list) in [(&two, "/api/product/search"), (&three, "/v3.0/product/list")] {
            assert_eq!(desk.call(list, json!({})).await["code"], well);
            assert_eq!(desk.raw(list, "{").await.unwrap()["code"], not);
        }
    }
}

#[tokio::test]
async fn an_edit_may_be_answered_and_not_heeded() {
    for desk in [Desk::new().await, Desk::v3().await] {
        desk.nhanh.faults().switch(|switches| switches.edits_unheeded = true);
        let id = match desk.dialect {
            Dialect::V2 => desk.add(desk.order("W-1", desk.stocked().id)).await,
            Dialect::V3 => desk.add3(desk.order3("W-1", desk.stocked().id)).await,
        };
        let reply = match desk.dialect {
            Dialect::V2 => desk.ok("/api/order/update", json!({ "orderId": id, "status": "Canceled" })).await,
            Dialect::V3 => desk.ok("/v3.0/order/edit", json!({ "info": { "id": id, "status": 63 } })).await,
        };
        assert!(desk.dialect == Dialect::V3 || reply["status"] == "New", "{reply}");
        assert_eq!(desk.nhanh.order(id).unwrap().status, "New");
    }
}

#[tokio::test]
async fn staff_corrects_a_phone() {
    let desk = Desk::new().await;
    let id = desk.add(desk.order("W-1", desk.stocked().id)).await;
    assert!(desk.nhanh.edit_phone(id, "0900000009") && !desk.nhanh.edit_phone(1, "0900000009"));
    let found = |mobile: &'static str| desk.ok("/api/order/index", json!({ "customerMobile": mobile }));
    assert_eq!((&found("0900000001").await["orders"], &found("0900000009").await["totalRecords"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn empty_collections_take_three_shapes_and_full_ones_two() {
    let none = json!({ "name": "không có gì như thế" });
    let mut seen = Vec::new();
    for shape in [EmptyShape::List, EmptyShape::Object, EmptyShape::Null] {
        let desk = switched(|switches| switches.empty = shape).await;
        seen.push(desk.ok("/api/product/search", none.clone()).await["products"].take());
    }
    assert_eq!(seen, [json!([]), json!({}), Value::Null]);
    let desk = switched(|switches| switches.collections = CollectionShape::List).await;
    assert_eq!(desk.ok("/api/product/search", json!({ "icpp": 7 })).await["products"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn numbers_may_be_as_documented() {
    let desk = switched(|switches| {
        switches.numbers = NumberShape::Documented;
        switches.damage_key = true;
        switches.line_numbers = true;
        switches.mobile_as_number = true;
        switches.order_type_label = true;
    })
    .await;
    let product = desk.stocked().id;
    let row = desk.ok("/api/product/detail", json!(product)).await[product.to_string()].take();
    assert!(row["idNhanh"].is_number() && row["price"].is_number() && row["inventory"]["damage"].is_number(), "{row}");
    let id = desk.add(desk.order("W-1", product)).await;
    let row = desk.ok("/api/order/index", json!({ "id": id })).await["orders"][id.to_string()].take();
    assert_eq!((&row["customerMobile"], &row["type"]), (&json!(900_000_001), &json!("Giao hàng tận nhà")));
    assert_eq!((&row["products"][0]["quantity"], &row["products"][0]["price"]), (&json!(2), &json!(120_000)));
}

#[tokio::test]
async fn what_is_too_much_may_be_cut_or_refused() {
    let desk = switched(|switches| {
        switches.icpp_over_max = TooMuch::Refuse;
        switches.long_window = TooMuch::Clamp;
        switches.past_end = PastEnd::Refuse;
    })
    .await;
    assert_eq!(desk.call("/api/product/search", json!({ "icpp": 101 })).await["code"], 0);
    assert_eq!(desk.call("/api/product/search", json!({ "page": 99 })).await["code"], 0);
    let year = desk.ok("/api/order/index", json!({ "fromDate": "2026-01-01", "toDate": "2026-11-20" })).await;
    assert!(year["totalRecords"].as_i64().unwrap() < 20);
    let desk = switched(|switches| switches.past_end = PastEnd::LastPage).await;
    assert_eq!(desk.ok("/api/product/search", json!({ "page": 99 })).await["currentPage"], 2);
}

#[tokio::test]
async fn refusals_and_the_limit_may_have_statuses_of_their_own() {
    let desk = switched(|switches| {
        switches.refusal_status = 400;
        switches.rate_limit_status = 429;
        switches.long_rate_limit_code = true;
    })
    .await;
    let url = format!("{}/api/store/depot", desk.nhanh.origin());
    assert_eq!(desk.http.post(&url).body("appId=1").send().await.unwrap().status().as_u16(), 400);
    desk.nhanh.faults().next("/api/store/depot", nhanh_sim::Fault::RateLimited);
    let response = desk.http.post(&url).body("appId=1").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    assert!(response.text().await.unwrap().contains("ERR_EXCEEDED_RATE_LIMIT"));
}

#[tokio::test]
async fn parents_details_and_lists_follow_their_switches() {
    let desk = Desk::new().await;
    let parent = desk.nhanh.products(desk.business).into_iter().find(|product| product.kin == Kin::Parent).unwrap().id;
    let inventory = |shape| {
        desk.nhanh.faults().switch(|switches| switches.parent_stock = shape);
        let desk = &desk;
        async move { desk.ok("/api/product/detail", json!(parent)).await[parent.to_string()].as_object().unwrap().get("inventory").cloned() }
    };
    assert_eq!((inventory(ParentStock::Null).await, inventory(ParentStock::Absent).await), (Some(Value::Null), None));
    desk.nhanh.faults().switch(|switches| {
        switches.detail_not_found = NotFound::Empty;
        switches.list_shows_variants = false;
    });
    assert_eq!(desk.ok("/api/product/detail", json!(1)).await, json!([]));
    let rows = desk.ok("/api/product/search", json!({})).await["products"].take();
    assert!(rows.as_object().unwrap().values().all(|row| row["parentId"] == "-1" || row["parentId"] == "-2"));
}

#[tokio::test]
async fn webhook_shapes_follow_their_switches() {
    let desk = Desk::new().await;
    let gone = Event::OrderDelete(vec![5, 6]);
    let data = |shape| {
        desk.nhanh.faults().switch(|switches| switches.deleted_ids = shape);
        desk.nhanh.webhook_body(desk.business, &gone, VERIFY).unwrap()["data"].take()
    };
    assert_eq!(data(DeletedIds::Texts), json!(["5", "6"]));
    assert_eq!(data(DeletedIds::Numbers), json!([5, 6]));
    assert_eq!(data(DeletedIds::Object), json!({ "0": "5", "1": "6" }));
    desk.nhanh.faults().switch(|switches| switches.webhook_data_as_text = true);
    assert_eq!(data(DeletedIds::Numbers), json!("[5,6]"));
}

#[tokio::test]
async fn escaped_letters_read_the_same() {
    let desk = Desk::new().await;
    let plain = desk.text("/api/store/depot", json!({})).await;
    desk.nhanh.faults().switch(|switches| switches.escape_unicode = true);
    let escaped = desk.text("/api/store/depot", json!({})).await;
    assert!(escaped.is_ascii() && !plain.is_ascii());
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&plain), read(&escaped));
}

#[tokio::test]
async fn depots_may_be_shown_beyond_the_tokens_scope() {
    let desk = Desk::new().await;
    let depot = desk.nhanh.business().depots[0];
    let narrow = nhanh_sim::Grant { depots: vec![depot], ..nhanh_sim::Grant::all(desk.business) };
    let desk = Desk { token: desk.token_for(narrow).await, ..desk };
    assert_eq!(desk.ok("/api/store/depot", json!({})).await.as_object().unwrap().len(), 1);
    desk.nhanh.faults().switch(|switches| switches.depots_limited_to_token = false);
    assert_eq!(desk.ok("/api/store/depot", json!({})).await.as_object().unwrap().len(), 2);
}
