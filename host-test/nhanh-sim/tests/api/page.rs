//! The page for a person: every form of it, over a real socket, with what it does to the shop.

use nhanh_sim::{Dialect, EventKind, Fault, Grant, NewLine, NewOrder, Outcome, Quantity, Recipient, Simulator, WebhookForm};
use serde_json::json;

use crate::helpers::{Desk, Receiver, VERIFY, client};

/// What a browser gets.
async fn get(nhanh: &Simulator, path: &str) -> (u16, String) {
    let response = client().get(format!("{}{path}", nhanh.origin())).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Presses a button, and gives the page that comes after it.
async fn press(nhanh: &Simulator, path: &str, fields: &[(&str, &str)]) -> String {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client().post(format!("{}{path}", nhanh.origin())).header("content-type", "application/x-www-form-urlencoded");
    let response = request.header("origin", nhanh.origin()).body(body).send().await.unwrap();
    assert_eq!(response.status(), 303, "{path}");
    let (status, page) = get(nhanh, response.headers()["location"].to_str().unwrap()).await;
    assert_eq!(status, 200);
    page
}

/// Webhooks for one event, to somebody who answers 200.
async fn hear(desk: &Desk, event: EventKind) {
    let callback_url = Receiver::default().start().await;
    let form = WebhookForm { version: Dialect::V3, callback_url, verify_token: VERIFY.into(), events: vec![event] };
    desk.nhanh.save_webhooks(desk.app.app_id, form).await.unwrap();
}

/// An order that a person has made.
fn order_at(desk: &Desk, depot: i64, product: i64) -> i64 {
    let new = NewOrder {
        depot: Some(depot),
        type_id: 1,
        status: "New".to_owned(),
        recipient: Recipient { name: "Trần <b>Bưởi</b>".to_owned(), mobile: "0901000001".to_owned(), ..Recipient::default() },
        lines: vec![NewLine { product: Some(product), price: 10_000, quantity: Quantity::units(1), ..NewLine::default() }],
        ..NewOrder::default()
    };
    desk.nhanh.add_order(desk.business, new).unwrap()
}

/// A product that is stocked, and one of its depots.
fn stocked(desk: &Desk) -> (nhanh_sim::ProductView, i64) {
    let product = desk.nhanh.products(desk.business).into_iter().find(|row| row.is_stocked() && row.code.is_some()).unwrap();
    let depot = product.levels(&[]).next().unwrap().0;
    (product, depot)
}

#[tokio::test]
async fn every_page_is_there_in_vietnamese_and_loads_nothing_from_elsewhere() {
    let desk = Desk::new().await;
    let home = client().get(format!("{}/", desk.nhanh.origin())).send().await.unwrap();
    assert_eq!((home.status().as_u16(), home.headers()["location"].to_str().unwrap()), (303, "/page"));
    for (path, word) in [
        ("/page", "Ứng dụng"),
        ("/page/stock", "Tồn kho"),
        ("/page/orders", "Đơn hàng"),
        ("/page/webhooks", "Webhooks"),
        ("/page/faults", "Sự cố"),
        ("/page/requests", "sổ đơn"),
    ] {
        let (status, page) = get(&desk.nhanh, path).await;
        assert!(status == 200 && page.contains(word), "{path}: {status}");
        assert!(!page.contains("<script") && !page.contains("src=\"http") && !page.contains("href=\"http"), "{path}");
    }
    assert_eq!(get(&desk.nhanh, "/page.css").await.0, 200);
    assert_eq!(get(&desk.nhanh, "/page/nothing").await.0, 404);
}

#[tokio::test]
async fn a_level_that_a_clerk_corrects_is_changed_and_told_by_webhook() {
    let desk = Desk::v3().await;
    hear(&desk, EventKind::InventoryChange).await;
    let (product, depot) = stocked(&desk);
    let (_, found) = get(&desk.nhanh, &format!("/page/stock?q={}", product.id)).await;
    assert!(found.contains(&format!("name=\"product\" value=\"{}\"", product.id)), "it is found by its id");
    let fields = [("product", &*product.id.to_string()), ("depot", &*depot.to_string()), ("remain", "7.5")];
    assert!(press(&desk.nhanh, "/page/stock", &fields).await.contains("Đã đổi tồn"));
    assert_eq!(desk.nhanh.stock(product.id, depot).unwrap().remain, Quantity::thousandths(7_500));
    desk.nhanh.webhooks_idle().await;
    assert!(desk.nhanh.deliveries().iter().any(|delivery| delivery.event == "inventoryChange" && delivery.status == Some(200)));

    let wrong = press(&desk.nhanh, "/page/stock", &[fields[0], fields[1], ("remain", "nhiều")]).await;
    assert!(wrong.contains("role=\"alert\"") && wrong.contains("phải là một số"), "{wrong}");
    assert!(press(&desk.nhanh, "/page/stock", &[("product", "1"), fields[1], fields[2]]).await.contains("Không có sản phẩm"));
    assert_eq!(desk.nhanh.stock(product.id, depot).unwrap().remain, Quantity::thousandths(7_500));
}

#[tokio::test]
async fn a_person_moves_an_order_edits_its_phone_and_deletes_it() {
    let desk = Desk::new().await;
    let (product, depot) = stocked(&desk);
    let id = order_at(&desk, depot, product.id);
    let order = id.to_string();
    let (_, page) = get(&desk.nhanh, &format!("/page/orders?q={id}")).await;
    assert!(page.contains("Trần &lt;b&gt;Bưởi&lt;/b&gt;") && page.contains("Đơn mới (New)"), "what people typed stays text");

    press(&desk.nhanh, "/page/orders", &[("order", &order), ("what", "status"), ("status", "Packing")]).await;
    assert_eq!(desk.nhanh.order(id).unwrap().status, "Packing");
    press(&desk.nhanh, "/page/orders", &[("order", &order), ("what", "phone"), ("phone", "0907 654 321")]).await;
    let edited = desk.nhanh.order(id).unwrap();
    assert_eq!((edited.recipient.mobile.as_str(), edited.recipient.name.as_str()), ("0907 654 321", "Trần <b>Bưởi</b>"));
    let (_, ledger) = get(&desk.nhanh, "/page/requests").await;
    assert!(ledger.contains(&order));

    press(&desk.nhanh, "/page/orders", &[("order", &order), ("what", "delete")]).await;
    assert!(desk.nhanh.order(id).is_none());
    let again = press(&desk.nhanh, "/page/orders", &[("order", &order), ("what", "delete")]).await;
    assert!(again.contains("Không có đơn này"), "{again}");
}

#[tokio::test]
async fn a_webhook_is_lost_held_and_let_go_as_it_was_chosen() {
    let desk = Desk::v3().await;
    hear(&desk, EventKind::OrderUpdate).await;
    let (product, depot) = stocked(&desk);
    let id = order_at(&desk, depot, product.id);
    desk.nhanh.webhooks_idle().await;
    let before = desk.nhanh.deliveries().len();

    let page = press(&desk.nhanh, "/page/webhooks", &[("fate", "lose"), ("count", "1")]).await;
    assert!(page.contains("Sắp mất: 1"), "{page}");
    desk.nhanh.set_status(id, "Confirmed");
    desk.nhanh.webhooks_idle().await;
    let (_, page) = get(&desk.nhanh, "/page/webhooks").await;
    assert!(page.contains("bị mất") && page.contains("orderUpdate"), "{page}");

    press(&desk.nhanh, "/page/webhooks", &[("fate", "hold")]).await;
    desk.nhanh.set_status(id, "Packing");
    assert!(get(&desk.nhanh, "/page/webhooks").await.1.contains("Đang giữ: 1"));
    press(&desk.nhanh, "/page/webhooks", &[("fate", "release")]).await;
    desk.nhanh.webhooks_idle().await;
    let after: Vec<_> = desk.nhanh.deliveries().into_iter().skip(before).map(|delivery| delivery.status).collect();
    assert_eq!(after, [None, Some(200)]);
    assert!(press(&desk.nhanh, "/page/webhooks", &[("fate", "lose"), ("count", "-1")]).await.contains("role=\"alert\""));
}

#[tokio::test]
async fn a_fault_that_is_planned_meets_the_next_request_of_its_path() {
    let desk = Desk::new().await;
    let planned =
        press(&desk.nhanh, "/page/faults", &[("what", "plan"), ("path", "/api/store/depot"), ("kind", "maintenance"), ("count", "2")])
            .await;
    assert!(planned.contains("/api/store/depot") && planned.contains("Trang bảo trì 503"), "{planned}");
    assert_eq!(desk.nhanh.faults().planned(), [("/api/store/depot".to_owned(), Fault::Html(503), Some(2))]);
    let url = format!("{}/api/store/depot", desk.nhanh.origin());
    assert_eq!(client().post(&url).body("version=2.0").send().await.unwrap().status(), 503);
    let (_, log) = get(&desk.nhanh, "/page/requests").await;
    assert!(log.contains("/api/store/depot") && log.contains("không làm"), "{log}");
    assert_eq!(desk.nhanh.requests().last().unwrap().outcome, Outcome::Undone);

    press(&desk.nhanh, "/page/faults", &[("what", "clear")]).await;
    assert_eq!(desk.nhanh.faults().planned(), []);
    for (path, kind, count) in [("/api/nothing", "lost", "1"), ("*", "nothing", "1"), ("*", "lost", "0")] {
        let fields = [("what", "plan"), ("path", path), ("kind", kind), ("count", count)];
        assert!(press(&desk.nhanh, "/page/faults", &fields).await.contains("role=\"alert\""), "{path} {kind} {count}");
    }
    assert_eq!(desk.nhanh.faults().planned(), []);
}

#[tokio::test]
async fn an_app_s_form_is_saved_where_its_callback_answers_and_not_otherwise() {
    let desk = Desk::v3().await;
    let receiver = Receiver::default();
    let app = desk.app.app_id.to_string();
    let (_, page) = get(&desk.nhanh, "/page").await;
    assert!(page.contains(&app) && page.contains(&desk.app.secret_key), "the owner copies both");
    let redirect = "http://127.0.0.1:8750/landing";
    let hooks = receiver.start().await;
    let fields = [
        ("app", app.as_str()),
        ("redirect", redirect),
        ("callback", hooks.as_str()),
        ("verify", VERIFY),
        ("version", "3.0"),
        ("events[]", "orderUpdate"),
        ("events[]", "paymentReceived"),
    ];
    assert!(press(&desk.nhanh, "/page", &fields).await.contains("Đã lưu"));
    // What is saved is what a login and a delivery see.
    let landing = desk.nhanh.log_in(&desk.login_url(redirect), Grant::all(desk.business)).await.unwrap();
    assert!(landing.starts_with(redirect));
    assert_eq!(receiver.take(), [json!({ "event": "webhooksEnabled" })]);

    let mut unanswered = fields;
    unanswered[2] = ("callback", "http://127.0.0.1:1/nobody");
    assert!(press(&desk.nhanh, "/page", &unanswered).await.contains("Chưa lưu"));
    let mut unsafe_address = fields;
    unsafe_address[1] = ("redirect", "http://nobi.example/landing");
    assert!(press(&desk.nhanh, "/page", &unsafe_address).await.contains("phải bắt đầu bằng https"));
    assert!(press(&desk.nhanh, "/page", &[("app", "1")]).await.contains("Không có ứng dụng"));
}

#[tokio::test]
async fn the_login_page_is_a_form_that_a_person_can_press() {
    let desk = Desk::speaking(Dialect::V3).await;
    let page = client().get(desk.login_url(crate::helpers::RETURN_LINK)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<form method=\"post\" action=\"/oauth\">") && page.contains("Đồng ý</button>"), "{page}");
    // What a browser sends of it, untouched: the hidden fields, the first business, every right that is ticked.
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for field in page.split("<input ").skip(1).filter(|field| field.contains("type=\"hidden\"") || field.contains(" checked")) {
        let of = |name: &str| field.split_once(&format!("{name}=\"")).unwrap().1.split('"').next().unwrap().replace("&amp;", "&");
        form.append_pair(&of("name"), &of("value"));
    }
    form.append_pair("businessId", &desk.business.to_string());
    let request = client().post(format!("{}/oauth", desk.nhanh.origin())).header("content-type", "application/x-www-form-urlencoded");
    let back = request.body(form.finish()).send().await.unwrap();
    assert_eq!(back.status(), 302);
    assert!(back.headers()["location"].to_str().unwrap().starts_with(crate::helpers::RETURN_LINK));
}

#[tokio::test]
async fn a_form_of_another_site_and_a_name_that_leads_here_are_refused() {
    let desk = Desk::new().await;
    let address = format!("{}/page/faults", desk.nhanh.origin());
    let body = "what=plan&path=*&kind=lost&count=1";
    for (header, value) in [("origin", "https://evil.example"), ("origin", "null"), ("host", "evil.example")] {
        let status = client().post(&address).header(header, value).body(body).send().await.unwrap().status();
        assert_eq!(status, 403, "{header}: {value}");
    }
    assert_eq!(desk.nhanh.faults().planned(), []);
}
