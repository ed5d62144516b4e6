//! 3.0, section 11: webhooks.

use std::time::Duration;

use nhanh_sim::{
    AppForm, Dialect, Event, EventKind, Grant, Permission, ProductView, Quantity, SaveError, Settings, Simulator, WebhookForm,
};
use serde_json::{Value, json};

use crate::helpers::{Desk, Hands, RETURN_LINK, Receiver, VERIFY, hooks, hooks3, settings};

async fn listening() -> (Desk, Receiver) {
    let hands = Hands::new();
    let retry_after = [Duration::from_millis(1); 3];
    let settings = Settings { retry_after, stock_batch: Duration::from_millis(5), ..settings(&hands) };
    let nhanh = Simulator::start(settings).await.unwrap();
    let grant = Grant::all(nhanh.business().id);
    let desk = Desk::granted_in(Dialect::V3, nhanh, hands, grant).await;
    let receiver = Receiver::default();
    let url = receiver.start().await;
    desk.nhanh.save_webhooks(desk.app.app_id, hooks3(&url)).await.unwrap();
    receiver.take();
    receiver.proofs();
    (desk, receiver)
}

async fn told(desk: &Desk, receiver: &Receiver, event: &str) -> Value {
    desk.nhanh.webhooks_idle().await;
    let bodies = receiver.take();
    let found = bodies.iter().find(|body| body["event"] == event);
    found.cloned().unwrap_or_else(|| panic!("{event} is not among {bodies:?}"))
}

#[tokio::test]
async fn the_probe_is_its_name_alone_with_the_token_bare_in_a_header() {
    let desk = Desk::v3().await;
    let receiver = Receiver::default();
    let url = receiver.start().await;
    receiver.answer(&[204]);
    assert_eq!(desk.nhanh.save_webhooks(desk.app.app_id, hooks3(&url)).await, Err(SaveError::ProbeStatus(204)));
    desk.nhanh.save_webhooks(desk.app.app_id, hooks3(&url)).await.unwrap();
    assert_eq!(receiver.take(), vec![json!({ "event": "webhooksEnabled" }); 2]);
    assert_eq!(receiver.proofs(), vec![Some(VERIFY.to_owned()); 2]);
    // 2.0 has its token in the body and no header.
    desk.nhanh.save_webhooks(desk.app.app_id, hooks(&url)).await.unwrap();
    assert_eq!((receiver.take()[0]["webhooksVerifyToken"].clone(), receiver.proofs()), (json!(VERIFY), vec![None]));
}

#[tokio::test]
async fn an_order_is_told_in_the_printed_shape() {
    let (desk, receiver) = listening().await;
    let product = desk.stocked();
    let id = desk.add3(desk.order3("W-1", product.id)).await;
    let add = told(&desk, &receiver, "orderAdd").await;
    assert_eq!((&add["businessId"], add.get("webhooksVerifyToken")), (&json!(desk.business), None));
    assert!(receiver.proofs().iter().all(|proof| proof.as_deref() == Some(VERIFY)));
    let data = &add["data"];
    assert_eq!((&data["info"]["id"], &data["info"]["status"], &data["info"]["createdBy"]["name"]), (&json!(id), &json!(54), &json!("API")));
    assert_eq!((&data["channel"]["appOrderId"], &data["channel"]["trafficSource"]["name"]), (&json!("W-1"), &json!("Website")));
    let to = &data["shippingAddress"];
    let customer = desk.nhanh.order(id).unwrap().customer;
    assert_eq!((&to["id"], &to["locationVersion"]), (&json!(customer.to_string()), &json!("v1")));
    let line = &data["products"][0];
    assert_eq!((&line["id"], &line["discount"], &line["vat"]), (&json!(product.id), &json!(5_000), &json!({ "value": 0, "amount": 0 })));
    assert!(data["payment"].get("codAmount").is_none() && line.get("productId").is_none());
    desk.nhanh.set_status(id, "Confirmed");
    assert_eq!(told(&desk, &receiver, "orderUpdate").await["data"]["info"]["status"], 56);
    desk.nhanh.hand_to_carrier(id, 5);
    let sent = told(&desk, &receiver, "orderUpdate").await["data"]["carrier"].take();
    assert_eq!((&sent["name"], &sent["sendCarrier"]["date"]), (&json!("Giaohangnhanh"), &json!("2026-11-20 09:30:21")));
    desk.nhanh.faults().switch(|switches| switches.v3.order_webhook_like_list = true);
    desk.nhanh.set_status(id, "Packed");
    let like_list = told(&desk, &receiver, "orderUpdate").await;
    assert_eq!(like_list["data"], desk.ok("/v3.0/order/list", json!({ "filters": { "ids": [id] } })).await[0]);
    desk.nhanh.delete_order(id);
    assert_eq!(told(&desk, &receiver, "orderDelete").await["data"], json!([id]));
}

#[tokio::test]
async fn money_that_comes_in_is_an_update_and_nothing_more() {
    let (desk, receiver) = listening().await;
    let id = desk.add3(desk.order3("W-1", desk.stocked().id)).await;
    desk.ok("/v3.0/order/edit", json!({ "info": { "id": id }, "payment": { "transferAmount": 250_000, "code": "FT1" } })).await;
    desk.nhanh.webhooks_idle().await;
    let events = receiver.events();
    assert!(events.contains(&"orderUpdate".to_owned()) && !events.contains(&"paymentReceived".to_owned()), "{events:?}");
}

#[tokio::test]
async fn a_product_is_told_as_its_detail_without_texts() {
    let (desk, receiver) = listening().await;
    let id = desk.nhanh.add_product(desk.business, ProductView { price: Some(50_000), ..ProductView::named("Mũ") }).unwrap();
    let add = told(&desk, &receiver, "productAdd").await["data"].take();
    assert_eq!((&add["id"], &add["status"], &add["prices"]["retail"]), (&json!(id), &json!("1"), &json!(50_000)));
    assert_eq!((&add["type"], &add["category"]), (&json!({ "id": 1, "name": "Sản phẩm" }), &json!([])));
    assert!(add.get("description").is_none() && add.get("content").is_none() && add["inventory"]["warranty"].is_number());
    desk.nhanh.edit_product(id, |product| product.price = Some(60_000));
    assert_eq!(told(&desk, &receiver, "productUpdate").await["data"]["prices"]["retail"], 60_000);
    desk.nhanh.delete_product(id);
    assert_eq!(told(&desk, &receiver, "productDelete").await["data"], json!([id]));
}

#[tokio::test]
async fn stock_comes_as_a_list_with_the_combos_of_what_changed() {
    let (desk, receiver) = listening().await;
    let depot = desk.nhanh.business().depots[0];
    let combo = desk.nhanh.products(desk.business).into_iter().find(|product| !product.combo.is_empty()).unwrap();
    let part = combo.combo[0].product;
    desk.nhanh.set_stock(part, depot, 7.into());
    let body = told(&desk, &receiver, "inventoryChange").await;
    let items = body["data"].as_array().unwrap();
    let item = |id: i64| items.iter().find(|item| item["id"] == id).unwrap();
    assert_eq!((&item(combo.id)["typeId"], &item(part)["typeId"]), (&json!(9), &json!(1)));
    let level = item(part)["depots"].as_array().unwrap().iter().find(|row| row["id"] == depot).unwrap();
    assert_eq!((&level["remain"], &level["warranty"]), (&json!(7), &json!({ "remain": 0, "holding": 0 })));
    assert!(item(part).get("shopProductId").is_none());
}

#[tokio::test]
async fn a_partial_return_names_its_original_and_brings_the_goods_back() {
    let (desk, receiver) = listening().await;
    let product = desk.stocked().id;
    let depot = desk.nhanh.business().depots[0];
    let id = desk.add3(desk.order3("W-1", product)).await;
    desk.nhanh.set_status(id, "Success");
    let before = desk.nhanh.stock(product, depot).unwrap().remain;
    desk.nhanh.webhooks_idle().await;
    receiver.take();
    assert_eq!(desk.nhanh.partial_return(id, &[(product, 3.into())]), None, "more than were sold");
    assert_eq!(desk.nhanh.partial_return(5, &[(product, 1.into())]), None);
    let back = desk.nhanh.partial_return(id, &[(product, 1.into())]).unwrap();
    let body = told(&desk, &receiver, "orderPartialReturn").await;
    let data = &body["data"];
    assert_eq!((&data["info"]["id"], &data["info"]["type"], &data["info"]["status"]), (&json!(back), &json!(16), &json!(72)));
    assert_eq!(data["originalOrder"]["id"], id);
    assert_eq!(data["originalOrder"]["channel"]["appOrderId"], "W-1");
    assert_eq!(
        (&data["products"][0]["quantity"], desk.nhanh.stock(product, depot).unwrap().remain),
        (&json!(1), before + Quantity::units(1))
    );
    let row = desk.ok("/v3.0/order/list", json!({ "filters": { "ids": [back] } })).await[0].take();
    assert_eq!(row["info"]["originalOrderId"], id);
}

#[tokio::test]
async fn an_app_that_is_removed_is_told_and_its_tokens_are_dead_in_both_dialects() {
    let (mut desk, receiver) = listening().await;
    let new = desk.token.clone();
    desk.dialect = Dialect::V2;
    desk.token = desk.token_for(Grant::all(desk.business)).await;
    // Another app of the same business hears nothing of it and goes on.
    let (mine, other) = (desk.app.clone(), Receiver::default());
    let form = AppForm { redirect_urls: vec![RETURN_LINK.into()], ..AppForm::default() };
    desk.app = desk.nhanh.register_app(form);
    desk.token_for(Grant::all(desk.business)).await;
    desk.nhanh.save_webhooks(desk.app.app_id, hooks3(&other.start().await)).await.unwrap();
    other.take();
    desk.app = mine;
    assert_eq!(desk.nhanh.uninstall_app(desk.app.app_id, desk.business), 2);
    assert_eq!(told(&desk, &receiver, "appUninstalled").await, json!({ "event": "appUninstalled", "businessId": desk.business }));
    assert_eq!(desk.call("/api/store/depot", json!({})).await["errorCode"], "ERR_INVALID_ACCESS_TOKEN");
    desk.token = new;
    assert_eq!(desk.call("/v3.0/business/depot", json!({})).await["errorCode"], "ERR_INVALID_ACCESS_TOKEN");
    assert!(other.take().is_empty());
    desk.nhanh.add_product(desk.business, ProductView::named("Mũ"));
    assert_eq!(desk.nhanh.uninstall_app(desk.app.app_id, desk.business), 0);
    desk.nhanh.webhooks_idle().await;
    assert!(receiver.take().is_empty(), "nothing is told after that");
}

#[tokio::test]
async fn the_version_is_the_apps_choice_whatever_tokens_its_merchants_have() {
    let mut desk = Desk::new().await;
    let receiver = Receiver::default();
    let url = receiver.start().await;
    assert!(!desk.nhanh.set_webhooks_version(desk.app.app_id, Dialect::V3), "its webhooks are off");
    let form = WebhookForm { events: [&EventKind::ALL[..], &EventKind::ALL_V3].concat(), ..hooks(&url) };
    desk.nhanh.save_webhooks(desk.app.app_id, form).await.unwrap();
    receiver.take();
    let id = desk.nhanh.add_product(desk.business, ProductView::named("Mũ")).unwrap();
    assert_eq!(told(&desk, &receiver, "productAdd").await["data"]["productId"], id);
    receiver.proofs();
    assert!(desk.nhanh.set_webhooks_version(desk.app.app_id, Dialect::V3));
    desk.nhanh.edit_product(id, |_| {});
    let update = told(&desk, &receiver, "productUpdate").await;
    assert_eq!((&update["data"]["id"], receiver.proofs()), (&json!(id), vec![Some(VERIFY.to_owned())]), "a merchant with a token of 2.0");
    // Events that a version does not have are not sent in it, ticked or not.
    let order = desk.add(desk.order("W-1", desk.stocked().id)).await;
    desk.ok("/api/order/update", json!({ "orderId": order, "moneyTransfer": 250_000 })).await;
    desk.nhanh.webhooks_idle().await;
    assert!(!receiver.events().contains(&"paymentReceived".to_owned()));
    desk.nhanh.set_webhooks_version(desk.app.app_id, Dialect::V2);
    desk.nhanh.set_status(order, "Success");
    desk.nhanh.partial_return(order, &[(desk.stocked().id, 1.into())]).unwrap();
    desk.token.clear();
    desk.nhanh.uninstall_app(desk.app.app_id, desk.business);
    desk.nhanh.webhooks_idle().await;
    let events = receiver.events();
    assert!(events.contains(&"orderAdd".to_owned()), "{events:?}");
    assert!(!events.iter().any(|event| matches!(event.as_str(), "orderPartialReturn" | "appUninstalled")), "{events:?}");
}

#[tokio::test]
async fn rights_ticks_and_retries_are_as_in_2_0() {
    let (desk, receiver) = listening().await;
    receiver.answer(&[500, 302]);
    let id = desk.nhanh.add_product(desk.business, ProductView::named("Mũ")).unwrap();
    desk.nhanh.webhooks_idle().await;
    let bodies = receiver.take();
    assert_eq!((bodies.len(), receiver.proofs().len()), (3, 3));
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    desk.nhanh.restrict(desk.app.app_id, desk.business, Permission::Product);
    desk.nhanh.edit_product(id, |_| {});
    desk.nhanh.webhooks_idle().await;
    assert!(receiver.take().is_empty());
    assert_eq!(desk.nhanh.deliveries().len(), 4, "the probe and three attempts");
}

#[tokio::test]
async fn a_body_can_be_built_in_either_version() {
    let desk = Desk::v3().await;
    let order = desk.nhanh.orders(desk.business)[0].id;
    let body = |version| desk.nhanh.webhook_body_in(version, desk.business, &Event::OrderUpdate(order), VERIFY);
    assert_eq!(body(Dialect::V2).unwrap()["data"]["orderId"], order);
    let new = body(Dialect::V3).unwrap();
    assert_eq!(
        (&new["data"]["info"]["id"], &new["data"]["info"]["updatedAt"]),
        (&json!(order), &json!(desk.nhanh.order(order).unwrap().updated_ms / 1000))
    );
    assert!(!new.to_string().contains(VERIFY));
    assert!(desk.nhanh.webhook_body_in(Dialect::V3, desk.business, &Event::PaymentReceived(order), VERIFY).is_none());
    desk.nhanh.faults().switch(|switches| switches.webhook_data_as_text = true);
    assert!(body(Dialect::V3).unwrap()["data"].is_string());
    assert!(desk.nhanh.webhook_body_in(Dialect::V2, desk.business, &Event::OrderPartialReturn(order), VERIFY).is_none());
}
