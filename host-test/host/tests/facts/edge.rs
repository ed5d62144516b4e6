//! The callback address: each status and what stands behind it.

use connector_host::contract::catalog::Change;
use connector_host::contract::types::{FailureClass, Reason};
use connector_host::contract::{Accepted, Ignored, Policy, WebhookOutcome};
use connector_host::store::{Connection, ConnectionState};
use connector_host::web::{PublicAddress, router};
use connector_host::work::Stop;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::guest::{Act, Guest, failure};
use crate::house::{House, VERIFY, serve};
use crate::make::{self, NOW};

/// The host's own edge, on a real port.
pub(crate) struct Edge {
    pub(crate) origin: String,
}

impl Edge {
    pub(crate) async fn open(house: &House, guest: &Guest) -> Edge {
        let host = house.host(guest).await;
        Edge { origin: serve(router(host, PublicAddress::new("http://nobi.example"))).await }
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    head: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

pub(crate) async fn get(origin: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    ask(origin, &format!("GET {path}"), headers, b"").await
}

pub(crate) async fn post(origin: &str, path: &str, body: &[u8]) -> Reply {
    deliver(origin, path, &[], body).await
}

/// A delivery with these headers.
pub(crate) async fn deliver(origin: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let headers = [&[("Content-Type", "application/json")], headers].concat();
    ask(origin, &format!("POST {path}"), &headers, body).await
}

/// Posts a form as a browser does.
pub(crate) async fn press(origin: &str, path: &str, headers: &[(&str, &str)], form: &str) -> Reply {
    let headers = [&[("Content-Type", "application/x-www-form-urlencoded")], headers].concat();
    ask(origin, &format!("POST {path}"), &headers, form.as_bytes()).await
}

async fn ask(origin: &str, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut stream = tokio::net::TcpStream::connect(origin.trim_start_matches("http://")).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{line} HTTP/1.1\r\nHost: nobi.example\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that refuses a large body may close before it has read all of it.
    let _ = stream.write_all(body).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no reply: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let head = head.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Reply { status, head: head.collect(), body: body.to_owned() }
}

fn guest() -> Guest {
    Guest::new(make::descriptor())
}

fn news() -> Accepted {
    make::accepted(&["1"], vec![Change::Branch(make::branch("1"))])
}

/// Every flow of the descriptor begins as create-only; a webhook creates only under keep-updated.
async fn listening(house: &House) -> Connection {
    let connection = house.connected("shop").await;
    house.store.set_policy(connection.id, connector_host::contract::types::Entity::Branch, Policy::KeepUpdated).await.unwrap();
    connection
}

fn signed(text: &str) -> String {
    format!(r#"{{"verify":"{VERIFY}","said":"{text}"}}"#)
}

async fn hook(house: &House, connection: &Connection, guest: &Guest, body: &str) -> u16 {
    let edge = Edge::open(house, guest).await;
    post(&edge.origin, &format!("/hooks/{}", connection.hook), body.as_bytes()).await.status
}

async fn codes(house: &House, connection: &Connection) -> Vec<String> {
    house.store.notices(connection.id).await.unwrap().into_iter().map(|notice| notice.code).collect()
}

#[tokio::test]
async fn a_proven_delivery_is_in_the_file_when_it_is_answered() {
    let house = House::new().await;
    let connection = listening(&house).await;
    let guest = guest().hears(Ok(WebhookOutcome::Accepted(news())));
    assert_eq!(hook(&house, &connection, &guest, &signed("x")).await, 200);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 1);
    assert_eq!(hook(&house, &connection, &guest, &signed("x")).await, 200, "a repeat is fine");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery"), 1);
}

#[tokio::test]
async fn an_unknown_callback_address_is_404() {
    let house = House::new().await;
    let edge = Edge::open(&house, &guest()).await;
    assert_eq!(post(&edge.origin, "/hooks/nobody", b"{}").await.status, 404);
}

#[tokio::test]
async fn a_wrong_proof_is_401_with_a_notice_and_no_guest_runs() {
    let house = House::new().await;
    let connection = listening(&house).await;
    let guest = guest().hears(Ok(WebhookOutcome::Accepted(news())));
    assert_eq!(hook(&house, &connection, &guest, r#"{"verify":"wrong-0123"}"#).await, 401);
    assert_eq!(codes(&house, &connection).await, ["webhook.forged"]);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 0);
}

#[tokio::test]
async fn what_is_not_proven_is_not_believed_whatever_the_guest_says_of_it() {
    let house = House::new().await;
    let connection = listening(&house).await;
    for outcome in [WebhookOutcome::Accepted(news()), WebhookOutcome::Uninstalled, WebhookOutcome::Forged] {
        assert_eq!(hook(&house, &connection, &guest().hears(Ok(outcome)), r#"{"said":"x"}"#).await, 401);
    }
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 0);
    assert_eq!(house.store.connection(connection.id).await.unwrap().state, ConnectionState::Active);
}

#[tokio::test]
async fn without_a_verify_token_probes_pass_and_nothing_is_applied() {
    let house = House::new().await;
    let draft = house.draft("shop").await;
    let probe = Ignored {
        reason: Reason { code: "ignored.probe".to_owned(), message: make::words("a probe") },
        registered: Some(vec!["order".to_owned()]),
    };
    let probed = guest().hears(Ok(WebhookOutcome::Ignored(probe)));
    assert_eq!(hook(&house, &draft, &probed, "").await, 200);
    assert_eq!(codes(&house, &draft).await, ["webhook.events-missing"]);
    let accepting = guest().hears(Ok(WebhookOutcome::Accepted(news())));
    assert_eq!(hook(&house, &draft, &accepting, &signed("x")).await, 200);
    assert_eq!(codes(&house, &draft).await, ["webhook.events-missing", "webhook.no-token"]);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 0);
}

#[tokio::test]
async fn a_delivery_that_is_too_large_is_413() {
    let house = House::new().await;
    let connection = listening(&house).await;
    let large = signed(&"x".repeat(2 * 1024 * 1024));
    assert_eq!(hook(&house, &connection, &guest(), &large).await, 413);
}

#[tokio::test]
async fn a_delivery_that_cannot_be_kept_is_503_and_may_come_again() {
    let house = House::new().await;
    let connection = listening(&house).await;
    let guest = guest().hears(Ok(WebhookOutcome::Accepted(news())));
    house.raw().execute_batch("CREATE TRIGGER no BEFORE INSERT ON delivery BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    assert_eq!(hook(&house, &connection, &guest, &signed("x")).await, 503);
    house.raw().execute_batch("DROP TRIGGER no").unwrap();
    assert_eq!(hook(&house, &connection, &guest, &signed("x")).await, 200);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 1);
}

#[tokio::test]
async fn a_delivery_on_which_the_guest_breaks_is_200_and_worked_on_later() {
    for act in [Act::Trap, Act::Spin, Act::Swell, Act::Dive] {
        let house = House::new().await;
        let connection = listening(&house).await;
        assert_eq!(hook(&house, &connection, &guest().on("handle-webhook", act), &signed("x")).await, 200);
        assert_eq!(codes(&house, &connection).await.len(), 1);
        assert_eq!(house.next_due().await, Some(NOW + 1_000));
        let kept: Vec<u8> = house.see("SELECT body FROM delivery");
        assert!(!String::from_utf8(kept).unwrap().contains(VERIFY), "the proof is taken out before anything is kept");
        house.clock.advance(std::time::Duration::from_secs(1));
        let mended = house.host(&guest().hears(Ok(WebhookOutcome::Accepted(news())))).await;
        mended.work(Stop::Idle(std::time::Duration::ZERO)).await.unwrap();
        assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 1);
        assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery WHERE body IS NOT NULL"), 0);
        assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 0);
    }
}

#[tokio::test]
async fn an_unproven_delivery_on_which_the_guest_breaks_is_not_kept() {
    let house = House::new().await;
    let connection = listening(&house).await;
    assert_eq!(hook(&house, &connection, &guest(), r#"{"said":"x"}"#).await, 200);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery"), 0);
}

#[tokio::test]
async fn a_proven_delivery_that_makes_no_sense_is_200() {
    let house = House::new().await;
    let connection = listening(&house).await;
    let guest = guest().hears(Err(failure(FailureClass::Rejected)));
    assert_eq!(hook(&house, &connection, &guest, &signed("x")).await, 200);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery"), 0);
}

#[tokio::test]
async fn a_delivery_goes_to_the_same_tenant_s_connection_of_its_business_and_to_no_other() {
    let house = House::new().await;
    let (named, meant) = (listening(&house).await, listening(&house).await);
    let stranger = house.connected("other shop").await;
    let guest = guest().hears(Ok(WebhookOutcome::Accepted(news())));
    let to = |connection: &Connection| {
        let business = connection.account.as_ref().unwrap().id.clone();
        format!(r#"{{"verify":"{VERIFY}","business":"{business}"}}"#)
    };
    assert_eq!(hook(&house, &named, &guest, &to(&stranger)).await, 200);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM link"), 0);
    assert_eq!(hook(&house, &named, &guest, &to(&meant)).await, 200);
    assert_eq!(house.see::<i64>("SELECT connection FROM link"), meant.id);
}

#[tokio::test]
async fn an_app_that_was_removed_pauses_its_connection() {
    let house = House::new().await;
    let connection = listening(&house).await;
    assert_eq!(hook(&house, &connection, &guest().hears(Ok(WebhookOutcome::Uninstalled)), &signed("x")).await, 200);
    assert_eq!(house.store.connection(connection.id).await.unwrap().state, ConnectionState::Paused);
}
