//! Section 1: login, exchange, tokens; sections 2.1 to 2.3: the request and its refusals.

use nhanh_sim::{AppForm, Grant, LoginError, Permission, Simulator};
use serde_json::{Value, json};

use crate::helpers::{Desk, Hands, RETURN_LINK, client, settings};

#[tokio::test]
async fn a_login_returns_to_the_registered_link_with_a_code_added_to_its_query() {
    let desk = Desk::new().await;
    let landing = desk.nhanh.log_in(&desk.login_url(RETURN_LINK), Grant::all(desk.business)).await.unwrap();
    assert!(landing.starts_with("https://nobi.example/nhanh/back?tenant=7&accessCode="), "{landing}");
}

#[tokio::test]
async fn the_login_page_is_html_in_vietnamese() {
    let desk = Desk::new().await;
    let page = client().get(desk.login_url(RETURN_LINK)).send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = page.text().await.unwrap();
    assert!(page.contains("Đồng ý") && page.contains("Nobi Pro"), "{page}");
}

#[tokio::test]
async fn a_return_link_is_compared_to_the_letter() {
    let desk = Desk::new().await;
    for link in ["https://nobi.example/nhanh/back", "https://nobi.example/nhanh/back?tenant=8", "https://nobi.example/nhanh/back?tenant=7/"]
    {
        let refused = desk.nhanh.log_in(&desk.login_url(link), Grant::all(desk.business)).await;
        assert!(matches!(&refused, Err(LoginError::Refused(text)) if text.contains("returnLink")), "{link}: {refused:?}");
    }
}

#[tokio::test]
async fn the_director_must_allow_open_api() {
    let desk = Desk::new().await;
    desk.nhanh.allow_open_api(desk.business, false);
    let refused = desk.nhanh.log_in(&desk.login_url(RETURN_LINK), Grant::all(desk.business)).await;
    assert!(matches!(refused, Err(LoginError::Refused(text)) if text.contains("Open API")));
    assert_eq!(desk.call("/api/store/depot", json!({})).await["errorCode"], "ERR_BUSINESS_NOT_ENABLE_API");
}

#[tokio::test]
async fn the_token_reply_is_flat_and_its_token_is_long() {
    let desk = Desk::new().await;
    let code = desk.code_for(Grant::all(desk.business)).await;
    let reply = desk.exchange(&code).await;
    assert_eq!((&reply["code"], &reply["messages"], &reply["businessId"]), (&json!(1), &json!([]), &json!(desk.business)));
    assert!((128..=256).contains(&reply["accessToken"].as_str().unwrap().len()));
    // A year after 2026-11-20 09:30:21.
    assert_eq!(reply["expiredDateTime"], "2027-11-20 09:30:21");
    assert_eq!(reply["depotIds"], json!([]));
}

#[tokio::test]
async fn a_nested_token_reply_is_a_switch() {
    let desk = Desk::new().await;
    desk.nhanh.faults().switch(|switches| switches.token_nested = true);
    let code = desk.code_for(Grant::all(desk.business)).await;
    let reply = desk.exchange(&code).await;
    assert!(reply["accessToken"].is_null() && reply["data"]["accessToken"].is_string(), "{reply}");
}

#[tokio::test]
async fn a_code_works_once_and_for_ten_minutes() {
    let desk = Desk::new().await;
    let code = desk.code_for(Grant::all(desk.business)).await;
    assert_eq!(desk.exchange(&code).await["code"], 1);
    assert_eq!(desk.exchange(&code).await["code"], 0);
    let late = desk.code_for(Grant::all(desk.business)).await;
    desk.hands.advance(600);
    assert_eq!(desk.exchange(&late).await["code"], 0);
}

#[tokio::test]
async fn a_wrong_secret_gets_no_token_and_leaves_the_code_alive() {
    let mut desk = Desk::new().await;
    let code = desk.code_for(Grant::all(desk.business)).await;
    let right = std::mem::replace(&mut desk.app.secret_key, "wrong".into());
    assert_eq!(desk.exchange(&code).await["code"], 0);
    desk.app.secret_key = right;
    assert_eq!(desk.exchange(&code).await["code"], 1);
}

#[tokio::test]
async fn dead_tokens_are_refused_by_name() {
    let desk = Desk::new().await;
    let refused = || async { desk.call("/api/store/depot", json!({})).await };
    assert_eq!(refused().await["code"], 1);
    assert_eq!(desk.nhanh.expire_token(desk.app.app_id, desk.business), 1);
    let reply = refused().await;
    assert_eq!((&reply["code"], &reply["errorCode"]), (&json!(0), &json!("ERR_INVALID_ACCESS_TOKEN")));
    let desk = Desk::new().await;
    desk.hands.advance(365 * 86_400);
    assert_eq!(desk.call("/api/store/depot", json!({})).await["errorCode"], "ERR_INVALID_ACCESS_TOKEN");
}

#[tokio::test]
async fn a_token_is_good_for_one_business() {
    let mut desk = Desk::new().await;
    let other = desk.nhanh.add_business("Cửa hàng hai", nhanh_sim::ShopSize::small());
    assert_ne!(other.id, desk.business);
    desk.business = other.id;
    assert_eq!(desk.call("/api/store/depot", json!({})).await["errorCode"], "ERR_INVALID_ACCESS_TOKEN");
}

#[tokio::test]
async fn a_missing_right_is_err_403() {
    let hands = Hands::new();
    let nhanh = Simulator::start(settings(&hands)).await.unwrap();
    let grant = Grant { permissions: vec![Permission::Product], ..Grant::all(nhanh.business().id) };
    let desk = Desk::granted(nhanh, hands, grant).await;
    assert_eq!(desk.call("/api/product/search", json!({})).await["code"], 1);
    let reply = desk.call("/api/order/index", json!({})).await;
    let expected: Value =
        json!({ "code": 0, "errorCode": "ERR_403", "messages": ["The app or accessToken is not authorized for this feature"] });
    assert_eq!(reply, expected);
    desk.nhanh.restrict(desk.app.app_id, desk.business, Permission::Product);
    assert_eq!(desk.call("/api/product/search", json!({})).await["errorCode"], "ERR_403");
}

#[tokio::test]
async fn data_that_is_not_json_is_invalid_data() {
    let desk = Desk::new().await;
    let reply = desk.raw("/api/product/search", "{page:1}").await.unwrap();
    assert_eq!((&reply["code"], &reply["messages"]), (&json!(0), &json!(["invalid data"])));
}

#[tokio::test]
async fn multipart_and_urlencoded_bodies_say_the_same() {
    let desk = Desk::new().await;
    let (app, business) = (desk.app.app_id.to_string(), desk.business.to_string());
    let mut body = String::new();
    for (name, value) in
        [("version", "2.0"), ("appId", &app), ("businessId", &business), ("accessToken", &desk.token), ("data", "{\"icpp\":3}")]
    {
        body.push_str(&format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    body.push_str("--XX--\r\n");
    let url = format!("{}/api/product/search", desk.nhanh.origin());
    let multipart = client()
        .post(url)
        .header("content-type", "multipart/form-data; boundary=XX")
        .body(body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(multipart, desk.text("/api/product/search", json!({ "icpp": 3 })).await);
}

#[tokio::test]
async fn an_inactive_app_may_do_nothing() {
    let desk = Desk::new().await;
    desk.nhanh.set_app_active(desk.app.app_id, false);
    assert_eq!(desk.call("/api/store/depot", json!({})).await["code"], 0);
    assert!(desk.nhanh.log_in(&desk.login_url(RETURN_LINK), Grant::all(desk.business)).await.is_err());
}

#[tokio::test]
async fn get_and_unknown_paths_are_html_pages() {
    let desk = Desk::new().await;
    for request in [
        desk.http.get(format!("{}/api/product/search", desk.nhanh.origin())),
        desk.http.post(format!("{}/api/product/list", desk.nhanh.origin())),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404);
        assert!(response.text().await.unwrap().starts_with("<!doctype html>"));
    }
}

#[tokio::test]
async fn the_request_log_and_debug_texts_hold_no_secret() {
    let desk = Desk::new().await;
    desk.call("/api/store/depot", json!({})).await;
    let text = format!("{:?} {:?}", desk.nhanh.requests(), desk.app);
    assert!(!text.contains(&desk.token) && !text.contains(&desk.app.secret_key));
    assert_eq!(desk.nhanh.requests().last().unwrap().path, "/api/store/depot");
    let other = desk.nhanh.register_app(AppForm::default());
    assert_ne!(other.app_id, desk.app.app_id);
}
