//! Section 8: webhooks.

use std::time::Duration;

use nhanh_sim::{DeliveryOutcome, Event, EventKind, Permission, ProductView, Release, SaveError, Settings, WebhookForm};
use serde_json::{Value, json};

use crate::helpers::{Desk, Hands, Receiver, VERIFY, hooks, settings};

async fn listening() -> (Desk, Receiver) {
    listening_with(None).await
}

async fn listening_with(webhooks_off_after: Option<u32>) -> (Desk, Receiver) {
    let hands = Hands::new();
    let retry_after = [Duration::from_millis(1); 3];
    let desk =
        Desk::with(Settings { retry_after, webhooks_off_after, stock_batch: Duration::from_millis(5), ..settings(&hands) }, hands).await;
    let receiver = Receiver::default();
    let url = receiver.start().await;
    desk.nhanh.save_webhooks(desk.app.app_id, hooks(&url)).await.unwrap();
    receiver.take();
    (desk, receiver)
}

#[tokio::test]
async fn saving_sends_a_probe_without_a_business_and_needs_200() {
    let desk = Desk::new().await;
    let receiver = Receiver::default();
    let url = receiver.start().await;
    receiver.answer(&[204, 500]);
    for status in [204, 500] {
        assert_eq!(desk.nhanh.save_webhooks(desk.app.app_id, hooks(&url)).await, Err(SaveError::ProbeStatus(status)));
    }
    desk.nhanh.set_stock(desk.stocked().id, desk.nhanh.business().depots[0], 5.into());
    desk.nhanh.webhooks_idle().await;
    receiver.take();
    let form = WebhookForm { events: vec![EventKind::ProductAdd, EventKind::OrderUpdate], ..hooks(&url) };
    desk.nhanh.save_webhooks(desk.app.app_id, form).await.unwrap();
    let expected = json!({
        "event": "webhooksEnabled", "webhooksVerifyToken": VERIFY, "data": { "registeredEvents": { "101": "productAdd", "202": "orderUpdate" } },
    });
    assert_eq!(receiver.take(), [expected]);
    let bad = WebhookForm { verify_token: "1234567890123456".into(), ..hooks(&url) };
    assert_eq!(desk.nhanh.save_webhooks(desk.app.app_id, bad).await, Err(SaveError::VerifyToken));
    let bad = hooks("http://nobi.example/hook");
    assert!(matches!(desk.nhanh.save_webhooks(desk.app.app_id, bad).await, Err(SaveError::Url(_))));
}

#[tokio::test]
async fn an_order_is_told_once_when_added_and_once_an_update() {
    let (desk, receiver) = listening().await;
    let product = desk.stocked().id;
    let id = desk.add(desk.order("W-1", product)).await;
    desk.nhanh.webhooks_idle().await;
    let bodies = receiver.take();
    let add = bodies.iter().find(|body| body["event"] == "orderAdd").unwrap();
    assert_eq!((&add["businessId"], &add["webhooksVerifyToken"]), (&json!(desk.business), &json!(VERIFY)));
    let data = &add["data"];
    assert_eq!((&data["orderId"], &data["shopOrderId"], &data["calcTotalMoney"]), (&json!(id), &json!("W-1"), &json!(250_000)));
    // The label of New is shorter here than in lists.
    assert_eq!((&data["status"], &data["statusDescription"]), (&json!("New"), &json!("Mới")));
    assert!(bodies.iter().any(|body| body["event"] == "inventoryChange"));
    desk.nhanh.set_status(id, "Confirmed");
    desk.nhanh.webhooks_idle().await;
    let update = receiver.take().remove(0);
    assert_eq!((&update["event"], &update["data"]["status"]), (&json!("orderUpdate"), &json!("Confirmed")));
    assert!(update["data"]["calcTotalMoney"].is_null() && update["data"]["customerName"].is_null());
    desk.nhanh.delete_order(id);
    desk.nhanh.webhooks_idle().await;
    let deleted = receiver.take().into_iter().find(|body| body["event"] == "orderDelete").unwrap();
    assert_eq!(deleted["data"], json!([id.to_string()]));
}

#[tokio::test]
async fn products_are_told_with_product_id_and_a_date_without_a_time() {
    let (desk, receiver) = listening().await;
    let id = desk.nhanh.add_product(desk.business, ProductView { price: Some(50_000), ..ProductView::named("Mũ") }).unwrap();
    desk.nhanh.edit_product(id, |product| product.price = Some(60_000));
    desk.nhanh.delete_product(id);
    desk.nhanh.webhooks_idle().await;
    let bodies = receiver.take();
    let events: Vec<&Value> = bodies.iter().map(|body| &body["event"]).collect();
    assert_eq!(events, ["productAdd", "productUpdate", "productDelete"]);
    assert_eq!((&bodies[0]["data"]["productId"], &bodies[0]["data"]["createdDateTime"]), (&json!(id), &json!("2026-11-20")));
    assert!(bodies[0]["data"]["createdById"].is_number() && bodies[1]["data"]["createdById"].is_null());
    assert_eq!((&bodies[1]["data"]["price"], &bodies[2]["data"]), (&json!(60_000), &json!([id.to_string()])));
}

#[tokio::test]
async fn stock_changes_travel_in_batches_of_at_most_a_hundred_absolute_levels() {
    let (desk, receiver) = listening().await;
    let depot = desk.nhanh.business().depots[0];
    let stocked: Vec<ProductView> = desk.nhanh.products(desk.business).into_iter().filter(ProductView::is_stocked).collect();
    desk.nhanh.hold_webhooks();
    let mut changed: Vec<i64> = stocked.iter().map(|product| product.id).collect();
    changed.extend((0..60).filter_map(|row| desk.nhanh.add_product(desk.business, ProductView::named(format!("Mới {row}")))));
    for product in &changed {
        assert!(desk.nhanh.set_stock(*product, depot, 7.into()));
    }
    desk.nhanh.webhooks_idle().await;
    desk.nhanh.release_webhooks(Release::AsCreated);
    desk.nhanh.webhooks_idle().await;
    let batches: Vec<Value> = receiver.take().into_iter().filter(|body| body["event"] == "inventoryChange").collect();
    let sizes: Vec<usize> = batches.iter().map(|body| body["data"].as_object().unwrap().len()).collect();
    assert!(sizes.iter().all(|size| *size <= 100) && sizes.len() >= 2, "{sizes:?}");
    let mut told: Vec<i64> =
        batches.iter().flat_map(|body| body["data"].as_object().unwrap().keys()).map(|id| id.parse().unwrap()).collect();
    told.sort_unstable();
    told.dedup();
    changed.sort_unstable();
    assert_eq!(told, changed);
    let level = &batches[0]["data"].as_object().unwrap().values().next().unwrap()["depots"][depot.to_string()];
    assert_eq!(level["remain"], 7);
}

#[tokio::test]
async fn only_200_is_success_and_three_retries_are_all() {
    let (desk, receiver) = listening().await;
    receiver.answer(&[500, 201]);
    let id = desk.nhanh.add_product(desk.business, ProductView::named("Mũ")).unwrap();
    desk.nhanh.webhooks_idle().await;
    let outcomes =
        |desk: &Desk| desk.nhanh.deliveries().into_iter().skip(1).map(|log| (log.attempt, log.status, log.outcome)).collect::<Vec<_>>();
    use DeliveryOutcome::{Delivered, GivenUp, WillRetry};
    assert_eq!(outcomes(&desk), [(1, Some(500), WillRetry), (2, Some(201), WillRetry), (3, Some(200), Delivered)]);
    assert_eq!(receiver.take().len(), 3);
    receiver.answer(&[302, 404, 503, 500]);
    desk.nhanh.edit_product(id, |_| {});
    desk.nhanh.webhooks_idle().await;
    assert_eq!(outcomes(&desk).last(), Some(&(4, Some(500), GivenUp)));
    assert_eq!(receiver.take().len(), 4);
}

#[tokio::test]
async fn events_go_only_to_apps_that_ticked_them_and_may_know() {
    let (desk, receiver) = listening().await;
    desk.nhanh.restrict(desk.app.app_id, desk.business, Permission::Product);
    desk.nhanh.add_product(desk.business, ProductView::named("Mũ"));
    desk.nhanh.webhooks_idle().await;
    assert!(receiver.take().is_empty());
    let other = desk.nhanh.add_business("Cửa hàng hai", nhanh_sim::ShopSize::small());
    desk.nhanh.add_product(other.id, ProductView::named("Mũ"));
    desk.nhanh.revoke_token(desk.app.app_id, desk.business);
    desk.nhanh.set_status(desk.nhanh.orders(desk.business)[0].id, "Success");
    desk.nhanh.webhooks_idle().await;
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn deliveries_can_be_lost_repeated_and_reordered() {
    let (desk, receiver) = listening().await;
    let id = desk.nhanh.add_product(desk.business, ProductView::named("Mũ")).unwrap();
    desk.nhanh.webhooks_idle().await;
    receiver.take();
    desk.nhanh.lose_webhooks(1);
    desk.nhanh.edit_product(id, |product| product.price = Some(1));
    desk.nhanh.repeat_webhooks(1);
    desk.nhanh.edit_product(id, |product| product.price = Some(2));
    desk.nhanh.webhooks_idle().await;
    desk.nhanh.hold_webhooks();
    desk.nhanh.edit_product(id, |product| product.price = Some(3));
    desk.nhanh.edit_product(id, |product| product.price = Some(4));
    desk.nhanh.release_webhooks(Release::Reversed);
    desk.nhanh.webhooks_idle().await;
    let prices: Vec<Value> = receiver.take().into_iter().map(|mut body| body["data"]["price"].take()).collect();
    assert_eq!(prices, [2, 2, 4, 3]);
}

#[tokio::test]
async fn money_that_comes_in_is_told() {
    let (desk, receiver) = listening().await;
    let id = desk.add(desk.order("W-1", desk.stocked().id)).await;
    desk.ok("/api/order/update", json!({ "orderId": id, "moneyTransfer": 250_000, "paymentCode": "FT1" })).await;
    desk.nhanh.webhooks_idle().await;
    assert!(receiver.events().contains(&"paymentReceived".to_owned()));
}

#[tokio::test]
async fn a_body_can_be_built_for_a_delivery_of_ones_own() {
    let desk = Desk::new().await;
    let order = desk.nhanh.orders(desk.business)[0].id;
    let body = desk.nhanh.webhook_body(desk.business, &Event::OrderUpdate(order), VERIFY).unwrap();
    assert_eq!((&body["event"], &body["data"]["orderId"]), (&json!("orderUpdate"), &json!(order)));
    assert!(desk.nhanh.webhook_body(desk.business, &Event::OrderUpdate(1), VERIFY).is_none());
}

#[tokio::test]
async fn an_app_that_fails_too_often_is_turned_off_until_its_form_is_saved() {
    let (desk, receiver) = listening_with(Some(1)).await;
    receiver.answer(&[500; 4]);
    let id = desk.nhanh.add_product(desk.business, ProductView::named("Mũ")).unwrap();
    desk.nhanh.webhooks_idle().await;
    receiver.take();
    desk.nhanh.edit_product(id, |_| {});
    desk.nhanh.webhooks_idle().await;
    assert!(receiver.take().is_empty());
    desk.nhanh.probe_again(desk.app.app_id).await.unwrap();
    desk.nhanh.edit_product(id, |_| {});
    desk.nhanh.webhooks_idle().await;
    assert_eq!(receiver.events(), ["webhooksEnabled", "productUpdate"]);
}

#[tokio::test]
async fn an_order_that_shows_late_is_told_at_once() {
    let (desk, receiver) = listening().await;
    desk.nhanh.faults().switch(|switches| switches.shown_after = Duration::from_secs(60));
    desk.add(desk.order("W-1", desk.stocked().id)).await;
    desk.nhanh.webhooks_idle().await;
    assert_eq!(desk.ok("/api/order/index", json!({ "customerMobile": "0900000001" })).await["totalRecords"], 0);
    assert!(receiver.events().contains(&"orderAdd".to_owned()));
}

#[tokio::test]
async fn an_update_may_follow_an_add() {
    let (desk, receiver) = listening().await;
    desk.nhanh.faults().switch(|switches| switches.update_follows_add = true);
    desk.add(desk.order("W-1", desk.stocked().id)).await;
    desk.nhanh.webhooks_idle().await;
    let events = receiver.events();
    assert!(events.contains(&"orderAdd".to_owned()) && events.contains(&"orderUpdate".to_owned()), "{events:?}");
}
