//! Deliveries whose proof may sit in the body or in a header, and the one that says that the app was removed.

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, Failure, FailureClass};
use connector_host::contract::{Descriptor, Policy, WebhookOutcome, WebhookProof};
use connector_host::store::{Connection, ConnectionState};

use crate::edge::{Edge, deliver};
use crate::guest::{Guest, failure, give, when};
use crate::house::{House, VERIFY};
use crate::make::{self, NOW};

/// The token in the body, as one version sends it, or in the header `Authorization`, as the other does.
fn descriptor() -> Descriptor {
    let mut descriptor = make::descriptor();
    let proofs = vec![WebhookProof::TokenInJson("/verify".to_owned()), WebhookProof::TokenInHeader("Authorization".to_owned())];
    descriptor.webhooks.as_mut().unwrap().proofs = proofs;
    descriptor
}

fn news() -> WebhookOutcome {
    WebhookOutcome::Accepted(make::accepted(&["1"], vec![Change::Branch(make::branch("1"))]))
}

/// A connection that takes branches in, and a guest that does so unless it is shown the token or the header that held it.
async fn listening(house: &House) -> (Connection, Guest) {
    let connection = house.connected("shop").await;
    house.store.set_policy(connection.id, Entity::Branch, Policy::KeepUpdated).await.unwrap();
    let seen = give(Err::<WebhookOutcome, _>(failure(FailureClass::Rejected)));
    let outcome = when(VERIFY, seen.clone(), when("uthorization", seen, give(Ok::<_, Failure>(news()))));
    (connection, Guest::new(descriptor()).on("handle-webhook", outcome))
}

async fn status(house: &House, connection: &Connection, guest: &Guest, header: Option<&str>, body: &str) -> u16 {
    let edge = Edge::open(house, guest).await;
    let headers: Vec<(&str, &str)> = header.into_iter().map(|value| ("Authorization", value)).collect();
    deliver(&edge.origin, &format!("/hooks/{}", connection.hook), &headers, body.as_bytes()).await.status
}

#[tokio::test]
async fn a_right_proof_in_the_header_or_in_the_body_or_in_both_is_enough_and_no_guest_sees_it() {
    let in_body = format!(r#"{{"verify":"{VERIFY}","said":"x"}}"#);
    let bearer = format!("Bearer {VERIFY}");
    let alone = r#"{"said":"x"}"#;
    for (header, body) in
        [(Some(VERIFY), alone), (Some(bearer.as_str()), alone), (None, in_body.as_str()), (Some(VERIFY), in_body.as_str())]
    {
        let house = House::new().await;
        let (connection, guest) = listening(&house).await;
        assert_eq!(status(&house, &connection, &guest, header, body).await, 200);
        assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 1, "{header:?} {body}");
    }
}

#[tokio::test]
async fn one_wrong_proof_is_401_whatever_the_other_one_says() {
    let right = format!(r#"{{"verify":"{VERIFY}"}}"#);
    let wrong = r#"{"verify":"wrong-0123456789"}"#;
    let basic = format!("Basic {VERIFY}");
    for (header, body) in [
        (Some("wrong-0123456789"), "{}"),
        (Some("Bearer wrong-0123456789"), right.as_str()),
        (Some("wrong-0123456789"), right.as_str()),
        (Some(VERIFY), wrong),
        (None, wrong),
        (Some(basic.as_str()), right.as_str()),
        (Some(""), right.as_str()),
    ] {
        let house = House::new().await;
        let (connection, guest) = listening(&house).await;
        assert_eq!(status(&house, &connection, &guest, header, body).await, 401, "{header:?} {body}");
        assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery"), 0);
        assert_eq!(house.store.notices(connection.id).await.unwrap()[0].code, "webhook.forged");
    }
}

#[tokio::test]
async fn without_any_proof_nothing_is_applied() {
    let house = House::new().await;
    let (connection, guest) = listening(&house).await;
    assert_eq!(status(&house, &connection, &guest, None, r#"{"said":"x"}"#).await, 401);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 0);
}

#[tokio::test]
async fn a_delivery_that_was_kept_holds_no_proof_of_the_header_either() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let guest = Guest::new(descriptor());
    assert_eq!(status(&house, &connection, &guest, Some(VERIFY), r#"{"said":"x"}"#).await, 200);
    assert_eq!(house.see::<Vec<u8>>("SELECT body FROM delivery"), br#"{"said":"x"}"#);
}

#[tokio::test]
async fn an_app_that_was_removed_pauses_the_connection_of_its_business_and_drops_nothing() {
    let house = House::new().await;
    let (named, meant) = (house.connected("shop").await, house.connected("shop").await);
    let business = meant.account.as_ref().unwrap().id.clone();
    house.store.order_event(meant.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let guest = Guest::new(descriptor()).hears(Ok(WebhookOutcome::Uninstalled));
    let removed = format!(r#"{{"business":"{business}"}}"#);
    // Told through the other connection's address, and once more, as a retry is.
    for _ in 0..2 {
        assert_eq!(status(&house, &named, &guest, Some(VERIFY), &removed).await, 200);
    }
    let state = async |connection: &Connection| house.store.connection(connection.id).await.unwrap().state;
    assert_eq!((state(&named).await, state(&meant).await), (ConnectionState::Active, ConnectionState::Paused));
    let notices = async |connection: &Connection| house.store.notices(connection.id).await.unwrap();
    let told = notices(&meant).await;
    assert_eq!(told.iter().map(|notice| (notice.code.as_str(), notice.times)).collect::<Vec<_>>(), [("uninstalled", 1)]);
    assert_eq!(notices(&named).await, []);
    assert!(house.claim(NOW, false).await.is_none(), "what waits goes on waiting");
    // A new login ends the pause, and what waited is there.
    let paused = house.store.connection(meant.id).await.unwrap();
    house.grants(&paused, &business, Default::default()).await.unwrap();
    assert_eq!(state(&meant).await, ConnectionState::Active);
    assert!(house.claim(NOW, false).await.is_some());
}

#[tokio::test]
async fn a_paused_connection_is_told_that_its_app_was_removed_and_keeps_its_first_reason() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let reason = connector_host::contract::types::Reason { code: "grant.ended".to_owned(), message: make::words("ended") };
    house.store.pause(connection.footing(), NOW, reason).await.unwrap();
    let guest = Guest::new(descriptor()).hears(Ok(WebhookOutcome::Uninstalled));
    assert_eq!(status(&house, &connection, &guest, Some(VERIFY), "{}").await, 200);
    let codes: Vec<String> = house.store.notices(connection.id).await.unwrap().into_iter().map(|notice| notice.code).collect();
    assert_eq!(codes, ["grant.ended", "uninstalled"]);
    assert_eq!(house.store.connection(connection.id).await.unwrap().pause.unwrap().code, "grant.ended");
}

#[tokio::test]
async fn an_app_that_was_removed_before_the_new_grant_does_not_pause_that() {
    let house = House::new().await;
    let before = house.connected("shop").await;
    let business = before.account.as_ref().unwrap().id.clone();
    house.grants(&before, &business, Default::default()).await.unwrap();
    let reason = connector_host::contract::types::Reason { code: "uninstalled".to_owned(), message: make::words("removed") };
    assert!(house.store.pause(before.footing(), NOW, reason).await.is_err());
    assert_eq!(house.store.connection(before.id).await.unwrap().state, ConnectionState::Active);
}
