//! What goes wrong on the way: each fault says whether the effect happened and what the caller sees.

use std::time::{Duration, Instant};

use nhanh_sim::{Dialect, Fault, Outcome, Switches};
use serde_json::json;

use crate::helpers::Desk;

const ADD: &str = "/api/order/add";
const ADD3: &str = "/v3.0/order/add";

async fn meets(fault: Fault) -> (Result<serde_json::Value, String>, usize, Desk) {
    meets_in(Dialect::V2, fault).await
}

async fn meets_in(dialect: Dialect, fault: Fault) -> (Result<serde_json::Value, String>, usize, Desk) {
    let desk = Desk::speaking(dialect).await;
    let product = desk.stocked().id;
    let (path, order) = match dialect {
        Dialect::V2 => (ADD, desk.order("W-1", product)),
        Dialect::V3 => (ADD3, desk.order3("W-1", product)),
    };
    desk.nhanh.faults().next(path, fault);
    let seen = desk.raw(path, &order.to_string()).await;
    let made = desk.nhanh.ledger().len();
    (seen, made, desk)
}

#[tokio::test]
async fn faults_before_the_effect_leave_no_order() {
    for (dialect, fault) in both([Fault::Reset, Fault::ServerError, Fault::Html(502), Fault::RateLimited]) {
        let (seen, made, desk) = meets_in(dialect, fault).await;
        assert_eq!(made, 0, "{fault:?}");
        assert!(seen.is_err() || seen.unwrap()["code"] != 1, "{fault:?}");
        if fault != Fault::RateLimited {
            assert_eq!(desk.nhanh.requests().last().unwrap().outcome, Outcome::Undone);
            // The next request is served as usual.
            let product = desk.stocked().id;
            match dialect {
                Dialect::V2 => desk.add(desk.order("W-1", product)).await,
                Dialect::V3 => desk.add3(desk.order3("W-1", product)).await,
            };
        }
    }
}

fn both<const COUNT: usize>(faults: [Fault; COUNT]) -> impl Iterator<Item = (Dialect, Fault)> {
    [Dialect::V2, Dialect::V3].into_iter().flat_map(move |dialect| faults.map(|fault| (dialect, fault)))
}

#[tokio::test]
async fn faults_after_the_effect_leave_one_order_that_the_caller_does_not_see() {
    let late = Fault::LateEffect(Duration::ZERO);
    for (dialect, fault) in both([
        Fault::AnswerLostAfterEffect,
        late,
        Fault::ServerErrorAfterEffect,
        Fault::HtmlAfterEffect(200),
        Fault::Truncated,
        Fault::BrokenOff,
        Fault::EmptyBody,
        Fault::Foreign,
        Fault::Busy,
        Fault::OkWithoutData,
    ]) {
        let (seen, made, _) = meets_in(dialect, fault).await;
        assert_eq!(made, 1, "{fault:?}");
        assert!(seen.is_err() || seen.as_ref().unwrap()["data"].is_null(), "{fault:?}: {seen:?}");
    }
}

#[tokio::test]
async fn success_without_data_is_each_dialects_own() {
    for (dialect, expected) in [(Dialect::V2, json!({ "code": 1, "messages": [] })), (Dialect::V3, json!({ "code": 1 }))] {
        assert_eq!(meets_in(dialect, Fault::OkWithoutData).await.0.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_late_effect_shows_in_reads_only_later() {
    let (seen, made, desk) = meets(Fault::LateEffect(Duration::from_secs(20))).await;
    assert!(seen.is_err());
    assert_eq!(made, 1);
    let look = || desk.ok("/api/order/index", json!({ "customerMobile": "0900000001" }));
    assert_eq!(look().await["orders"], json!([]));
    assert_eq!(desk.call("/api/order/update", json!({ "id": "W-1", "status": "Canceled" })).await["code"], 0);
    desk.hands.advance(20);
    assert_eq!(look().await["totalRecords"], 1);
}

#[tokio::test]
async fn a_late_effect_of_3_0_shows_later_too_and_its_own_id_is_taken_at_once() {
    let (seen, made, desk) = meets_in(Dialect::V3, Fault::LateEffect(Duration::from_secs(20))).await;
    assert!(seen.is_err());
    assert_eq!(made, 1);
    let id = desk.nhanh.ledger()[0].id;
    let look = || desk.ok("/v3.0/order/list", json!({ "filters": { "shippingAddress": { "mobile": "0900000001" } } }));
    assert_eq!(look().await, json!([]));
    assert_eq!(desk.call("/v3.0/order/edit", json!({ "info": { "id": id, "status": 63 } })).await["code"], 0);
    assert_eq!(desk.call(ADD3, desk.order3("W-1", desk.stocked().id)).await["code"], 0);
    desk.hands.advance(20);
    assert_eq!(look().await[0]["info"]["id"], id);
}

#[tokio::test]
async fn a_new_order_shows_and_can_be_edited_after_a_minute_unless_a_switch_says_otherwise() {
    assert_eq!(Switches::default().shown_after, Duration::from_secs(60));
    let desk = Desk::new().await;
    desk.nhanh.faults().switch(|switches| switches.shown_after = Duration::from_secs(60));
    desk.add(desk.order("W-1", desk.stocked().id)).await;
    let look = || desk.ok("/api/order/index", json!({ "customerMobile": "0900000001" }));
    let edit = || desk.call("/api/order/update", json!({ "id": "W-1", "status": "Canceled" }));
    desk.hands.advance(59);
    assert_eq!((look().await["orders"].take(), edit().await["code"].take()), (json!([]), json!(0)));
    desk.hands.advance(1);
    assert_eq!((look().await["totalRecords"].take(), edit().await["code"].take()), (json!(1), json!(1)));
}

#[tokio::test]
async fn slow_answers_are_whole_answers() {
    for fault in [Fault::Latency(Duration::from_millis(60)), Fault::Slow(Duration::from_millis(60)), Fault::Huge(1_000_000)] {
        let started = Instant::now();
        let (seen, made, _) = meets(fault).await;
        assert_eq!((made, &seen.unwrap()["code"]), (1, &json!(1)));
        assert!(matches!(fault, Fault::Huge(_)) || started.elapsed() >= Duration::from_millis(55));
    }
}

#[tokio::test]
async fn work_is_done_even_when_the_caller_hangs_up() {
    let desk = Desk::new().await;
    desk.nhanh.faults().next(ADD, Fault::Latency(Duration::from_secs(60)));
    let order = desk.order("W-1", desk.stocked().id).to_string();
    let call = desk.raw(ADD, &order);
    assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
    assert_eq!(desk.nhanh.ledger().len(), 1);
}

#[tokio::test]
async fn a_planned_rate_limit_locks_the_url() {
    let (seen, _, desk) = meets(Fault::RateLimited).await;
    assert_eq!(seen.unwrap()["errorCode"], "ERR_429");
    assert_eq!(desk.call(ADD, json!({})).await["data"]["lockedSeconds"], 20);
    assert_eq!(desk.call("/api/store/depot", json!({})).await["code"], 1);
    desk.hands.advance(20);
    desk.add(desk.order("W-1", desk.stocked().id)).await;
}

#[tokio::test]
async fn a_fault_for_every_path_lasts_until_it_is_cleared() {
    let desk = Desk::new().await;
    desk.nhanh.faults().always("*", Fault::Html(404));
    for path in ["/api/store/depot", "/api/product/search"] {
        assert!(desk.raw(path, "{}").await.unwrap_err().contains("<html>"));
    }
    desk.nhanh.faults().clear();
    desk.ok("/api/store/depot", json!({})).await;
}

#[tokio::test]
async fn a_shut_down_simulator_answers_nobody() {
    let desk = Desk::new().await;
    let url = desk.nhanh.origin();
    desk.nhanh.clone().shutdown().await;
    assert!(crate::helpers::client().get(url).send().await.is_err());
}
