//! Section 2.4: the rate limit.

use std::time::Duration;

use nhanh_sim::{Outcome, Pace, Settings};
use serde_json::json;

use crate::helpers::{Desk, Hands, NOW, settings};

async fn tight() -> Desk {
    let hands = Hands::new();
    let pace = Pace { requests: 3, window: Duration::from_secs(30), first_lock: Duration::from_secs(10) };
    Desk::with(Settings { pace, ..settings(&hands) }, hands).await
}

#[tokio::test]
async fn the_body_has_message_in_the_singular_and_the_lock_grows_while_it_is_ignored() {
    let desk = tight().await;
    for _ in 0..3 {
        assert_eq!(desk.call("/api/store/depot", json!({})).await["code"], 1);
    }
    let first = desk.call("/api/store/depot", json!({})).await;
    let unlocked = NOW / 1000 + 10;
    let expected = json!({
        "code": 0, "message": "Your app exceeded the API Rate Limit", "errorCode": "ERR_429", "data": { "lockedSeconds": 10, "unlockedAt": unlocked },
    });
    assert_eq!(first, expected);
    assert_eq!(desk.call("/api/store/depot", json!({})).await["data"]["lockedSeconds"], 20);
    assert_eq!(desk.nhanh.requests().last().unwrap().outcome, Outcome::RateLimited { locked_seconds: 20 });
    // Another URL is another count.
    assert_eq!(desk.call("/api/product/search", json!({})).await["code"], 1);
    desk.hands.advance(20);
    assert_eq!(desk.call("/api/store/depot", json!({})).await["code"], 1);
}

#[tokio::test]
async fn nhanhs_own_pace_is_the_default() {
    assert_eq!(Pace::default(), Pace { requests: 150, window: Duration::from_secs(30), first_lock: Duration::from_secs(10) });
}
