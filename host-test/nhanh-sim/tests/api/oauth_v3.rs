//! 3.0, sections 1 and 2: login, exchange, tokens, the request and its refusals; and that the dialects do not disturb each other.

use nhanh_sim::{Dialect, Grant, MessagesV3, Permission, Simulator};
use serde_json::{Value, json};

use crate::helpers::{Desk, Hands, RETURN_LINK, settings};

const DEPOTS: &str = "/v3.0/business/depot";
const CHECK: &str = "/v3.0/app/checkaccesstoken";

#[tokio::test]
async fn the_token_reply_is_nested_and_says_its_version() {
    let desk = Desk::v3().await;
    let code = desk.code_for(Grant::all(desk.business)).await;
    let reply = desk.exchange(&code).await;
    let data = &reply["data"];
    assert_eq!((&reply["code"], &data["version"], &data["businessId"]), (&json!(1), &json!("3.0"), &json!(desk.business)));
    assert!((128..=256).contains(&data["accessToken"].as_str().unwrap().len()));
    assert_eq!((&data["depotIds"], &data["pageIds"]), (&json!([]), &json!([])));
    assert_eq!(data["expiredAt"], crate::helpers::NOW / 1000 + 365 * 86_400);
    assert_eq!(desk.exchange(&code).await["code"], 0, "a code works once");
    let late = desk.code_for(Grant::all(desk.business)).await;
    desk.hands.advance(600);
    assert_eq!(desk.exchange(&late).await["code"], 0, "and for ten minutes");
    desk.nhanh.faults().switch(|switches| switches.v3.all_depots_as_word = true);
    let code = desk.code_for(Grant::all(desk.business)).await;
    assert_eq!(desk.exchange(&code).await["data"]["depotIds"], "All");
}

#[tokio::test]
async fn a_token_can_be_looked_at() {
    let desk = Desk::v3().await;
    let look = |token: &str, secret: &str| {
        let (token, body) = (token.to_owned(), json!({ "secretKey": secret }).to_string());
        let desk = &desk;
        async move { desk.json(&desk.v3_url(CHECK), Some(&token), body).await.unwrap() }
    };
    let reply = look(&desk.token, &desk.app.secret_key).await;
    assert_eq!((&reply["data"]["accessToken"], &reply["data"]["version"]), (&json!(desk.token), &json!("3.0")));
    assert_eq!(look(&desk.token, "wrong").await["code"], 0);
    assert_eq!(look("nobody", &desk.app.secret_key).await["errorCode"], "ERR_INVALID_ACCESS_TOKEN");
}

#[tokio::test]
async fn a_code_remembers_the_version_of_its_login_and_one_without_serves_either() {
    for (named, other) in [(Dialect::V2, Dialect::V3), (Dialect::V3, Dialect::V2)] {
        let mut desk = Desk::speaking(named).await;
        let code = desk.code_for(Grant::all(desk.business)).await;
        desk.dialect = other;
        assert_eq!(desk.exchange(&code).await["errorCode"], "ERR_INVALID_VERSION");
        desk.dialect = named;
        assert_eq!(desk.exchange(&code).await["code"], 1, "the code is still alive");
        let url = desk.login_url(RETURN_LINK).replace(&format!("version={}&", named.version()), "");
        assert!(!url.contains("version"));
        let landing = desk.nhanh.log_in(&url, Grant::all(desk.business)).await.unwrap();
        let code = landing.split("accessCode=").nth(1).unwrap().to_owned();
        desk.dialect = other;
        assert_eq!(desk.exchange(&code).await["code"], 1);
    }
    let desk = Desk::v3().await;
    let url = desk.login_url(RETURN_LINK).replace("version=3.0", "version=4.0");
    assert!(desk.nhanh.log_in(&url, Grant::all(desk.business)).await.is_err());
}

#[tokio::test]
async fn a_new_token_leaves_the_former_one_a_quarter_of_an_hour() {
    let mut desk = Desk::v3().await;
    let new = desk.token_for(Grant::all(desk.business)).await;
    desk.hands.advance(14 * 60);
    assert_eq!(desk.call(DEPOTS, json!({})).await["code"], 1);
    desk.hands.advance(60);
    assert_eq!(desk.call(DEPOTS, json!({})).await["errorCode"], "ERR_INVALID_ACCESS_TOKEN");
    desk.token = new;
    assert_eq!(desk.call(DEPOTS, json!({})).await["code"], 1);
}

#[tokio::test]
async fn tokens_of_the_two_dialects_leave_each_other_alone_and_serve_their_own() {
    let mut desk = Desk::new().await;
    let old = desk.token.clone();
    desk.dialect = Dialect::V3;
    let new = desk.token_for(Grant::all(desk.business)).await;
    desk.hands.advance(3_600);
    assert_eq!(desk.call("/api/store/depot", json!({})).await["code"], 1, "2.0 is not disturbed");
    assert_eq!(desk.call(DEPOTS, json!({})).await["errorCode"], "ERR_INVALID_VERSION");
    desk.token = new;
    assert_eq!(desk.call(DEPOTS, json!({})).await["code"], 1);
    assert_eq!(desk.call("/api/store/depot", json!({})).await["errorCode"], "ERR_INVALID_VERSION");
    desk.dialect = Dialect::V2;
    desk.token_for(Grant::all(desk.business)).await;
    desk.hands.advance(3_600);
    assert_eq!(desk.call(DEPOTS, json!({})).await["code"], 1, "nor is 3.0");
    assert_ne!(old, desk.token);
}

#[tokio::test]
async fn the_token_goes_bare_into_the_header_and_nowhere_else() {
    let desk = Desk::v3().await;
    let url = desk.v3_url(DEPOTS);
    let bearer = format!("Bearer {}", desk.token);
    let body = json!({ "accessToken": desk.token }).to_string();
    for (header, body) in [(None, body.clone()), (Some(bearer.as_str()), "{}".to_owned()), (None, "{}".to_owned())] {
        let reply = desk.json(&url, header, body).await.unwrap();
        assert_eq!((&reply["code"], &reply["errorCode"]), (&json!(0), &json!("ERR_INVALID_ACCESS_TOKEN")));
    }
    // App and business are in the query and nowhere else.
    let inside = json!({ "appId": desk.app.app_id, "businessId": desk.business }).to_string();
    assert_eq!(desk.json(DEPOTS, Some(&desk.token), inside.clone()).await.unwrap()["errorCode"], "ERR_INVALID_APP_ID");
    let half = format!("{DEPOTS}?appId={}", desk.app.app_id);
    assert_eq!(desk.json(&half, Some(&desk.token), inside).await.unwrap()["errorCode"], "ERR_INVALID_BUSINESS_ID");
}

#[tokio::test]
async fn rights_businesses_and_bodies_are_checked() {
    let hands = Hands::new();
    let nhanh = Simulator::start(settings(&hands)).await.unwrap();
    let grant = Grant { permissions: vec![Permission::Product], ..Grant::all(nhanh.business().id) };
    let desk = Desk::granted_in(Dialect::V3, nhanh, hands, grant).await;
    assert_eq!(desk.call("/v3.0/product/list", json!({})).await["code"], 1);
    for path in ["/v3.0/order/list", "/v3.0/order/deleted", "/v3.0/order/add", "/v3.0/order/cancelcarrier", "/v3.0/customer/list", DEPOTS] {
        assert_eq!(desk.call(path, json!({})).await["errorCode"], "ERR_403", "{path}");
    }
    let reply = desk.raw("/v3.0/product/list", "{size:1}").await.unwrap();
    assert_eq!((&reply["errorCode"], &reply["messages"]), (&json!("ERR_INVALID_DATA"), &json!("invalid data")));
    desk.nhanh.allow_open_api(desk.business, false);
    assert_eq!(desk.call("/v3.0/product/list", json!({})).await["errorCode"], "ERR_BUSINESS_NOT_ENABLE_API");
    desk.nhanh.allow_open_api(desk.business, true);
    desk.nhanh.set_app_active(desk.app.app_id, false);
    assert_eq!(desk.call("/v3.0/product/list", json!({})).await["errorCode"], "ERR_INVALID_APP_ID");
}

#[tokio::test]
async fn the_limit_counts_each_path_and_says_message_in_the_singular() {
    let hands = Hands::new();
    let pace = nhanh_sim::Pace { requests: 2, ..nhanh_sim::Pace::default() };
    let nhanh = Simulator::start(nhanh_sim::Settings { pace, ..settings(&hands) }).await.unwrap();
    let grant = Grant::all(nhanh.business().id);
    let desk = Desk::granted_in(Dialect::V3, nhanh, hands, grant).await;
    for _ in 0..2 {
        assert_eq!(desk.call(DEPOTS, json!({})).await["code"], 1);
    }
    let locked = desk.call(DEPOTS, json!({})).await;
    let unlocked = crate::helpers::NOW / 1000 + 10;
    let expected: Value = json!({
        "code": 0, "errorCode": "ERR_429", "message": "Your app exceeded the API Rate Limit",
        "data": { "lockedSeconds": 10, "unlockedAt": unlocked },
    });
    assert_eq!(locked, expected);
    assert_eq!(desk.call(DEPOTS, json!({})).await["data"]["lockedSeconds"], 20);
    assert_eq!(desk.call("/v3.0/product/list", json!({})).await["code"], 1);
    desk.hands.advance(20);
    assert_eq!(desk.call(DEPOTS, json!({})).await["code"], 1);
}

#[tokio::test]
async fn messages_take_five_shapes() {
    let desk = Desk::v3().await;
    let wrong = json!({ "paginator": { "next": { "id": 1 } } });
    let text = "paginator.next is invalid";
    for (shape, expected) in [
        (MessagesV3::AsPrinted, json!({ "paginator.next": text })),
        (MessagesV3::List, json!([text])),
        (MessagesV3::Text, json!(text)),
        (MessagesV3::Nested, json!({ "paginator.next": [text] })),
        (MessagesV3::Absent, Value::Null),
    ] {
        desk.nhanh.faults().switch(|switches| switches.v3.messages = shape);
        assert_eq!(desk.call(DEPOTS, wrong.clone()).await["messages"], expected, "{shape:?}");
    }
}

#[tokio::test]
async fn after_its_end_2_0_is_an_html_page_and_3_0_goes_on() {
    let mut desk = Desk::new().await;
    let end = crate::helpers::NOW + 60_000;
    desk.nhanh.faults().switch(|switches| switches.v2_ends_at_ms = Some(end));
    assert_eq!(desk.call("/api/store/depot", json!({})).await["code"], 1, "not yet");
    desk.hands.advance(60);
    for path in ["/api/store/depot", "/api/order/add", "/api/oauth/access_token"] {
        let response = desk.http.post(format!("{}{path}", desk.nhanh.origin())).body("appId=1").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404);
        assert!(response.text().await.unwrap().starts_with("<html>"));
    }
    assert_eq!(desk.nhanh.requests().last().unwrap().outcome, nhanh_sim::Outcome::Undone);
    desk.nhanh.faults().switch(|switches| switches.v2_ended_status = 200);
    assert!(desk.raw("/api/store/depot", "{}").await.unwrap_err().contains("<html>"));
    desk.dialect = Dialect::V3;
    desk.token = desk.token_for(Grant::all(desk.business)).await;
    assert_eq!(desk.call(DEPOTS, json!({})).await["code"], 1);
}

#[tokio::test]
async fn the_request_log_holds_no_secret() {
    let desk = Desk::v3().await;
    desk.call(DEPOTS, json!({})).await;
    let log = desk.nhanh.requests();
    assert!(!format!("{log:?}").contains(&desk.token));
    let last = log.last().unwrap();
    assert_eq!((last.path.as_str(), last.app, last.business), (DEPOTS, Some(desk.app.app_id), Some(desk.business)));
}
