//! Dead letters: what becomes one, what is said of it, and the ways out.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Policy, WebhookOutcome};
use connector_host::store::{Connection, LetterId, Note, Replay, Settled, Settlement};
use connector_host::work::{Host, HostConfig, Polls, Received, Stop};
use serde_json::json;

use crate::guest::{Act, Guest, failure};
use crate::house::{House, VERIFY};
use crate::make::{self, NOW};

const NOW_ONLY: Stop = Stop::Idle(Duration::ZERO);

fn guest() -> Guest {
    Guest::new(make::descriptor())
}

fn mended() -> Guest {
    guest().hears(Ok(WebhookOutcome::Accepted(make::accepted(&["1"], vec![Change::Branch(make::branch("1"))]))))
}

fn config() -> HostConfig {
    HostConfig { delivery_attempts: 3, polls: Polls::never(), ..HostConfig::default() }
}

/// A delivery that breaks this guest comes in.
async fn broken(house: &House, guest: &Guest) -> (Connection, Arc<Host>) {
    let connection = house.connected("shop").await;
    house.store.set_policy(connection.id, Entity::Branch, Policy::KeepUpdated).await.unwrap();
    let host = house.host_with(guest, config()).await;
    let body = format!(r#"{{"verify":"{VERIFY}","said":"x"}}"#);
    assert_eq!(
        host.receive(host.called(&connection.hook).await.unwrap(), &HeaderMap::new(), body.as_bytes()).await.unwrap(),
        Received::Kept
    );
    (connection, host)
}

async fn later(house: &House, host: &Arc<Host>) {
    house.clock.advance(Duration::from_secs(600));
    host.work(NOW_ONLY).await.unwrap();
}

fn note(text: &str) -> Note {
    Note { at: NOW, operator: "lan".to_owned(), code: "test.failure".to_owned(), records: 0, text: text.to_owned() }
}

/// So many events of one order, of which these ended so.
async fn order(house: &House, ends: &[Option<Settled>]) -> Connection {
    let connection = house.connected("shop").await;
    for sequence in 1..=ends.len() {
        let event = make::event("o", sequence as u64, OrderEventKind::Created);
        house.store.order_event(connection.id, event, NOW).await.unwrap();
    }
    for (at, settled) in ends.iter().enumerate().filter_map(|(at, end)| Some((at, end.clone()?))) {
        let outcome = match settled {
            Settled::Failed => json!({ "failure": failure(FailureClass::Conflict) }),
            _ => json!({ "how": "created" }),
        };
        let footing = connection.footing();
        house.store.settle(Settlement { footing, row: at as i64 + 1, settled, remote: None, outcome, at: NOW }).await.unwrap();
    }
    connection
}

#[tokio::test]
async fn a_delivery_that_nobody_can_work_on_is_tried_so_often_and_then_waits_for_a_person() {
    for act in [Act::Trap, crate::guest::give(Err::<WebhookOutcome, _>(failure(FailureClass::Transient)))] {
        let house = House::new().await;
        let (connection, host) = broken(&house, &guest().on("handle-webhook", Act::Trap)).await;
        drop(host);
        let host = house.host_with(&guest().on("handle-webhook", act), config()).await;
        later(&house, &host).await;
        assert!(house.store.dead_letters(connection.id).await.unwrap().is_empty(), "two of three tries");
        later(&house, &host).await;
        let dead = house.store.dead_letters(connection.id).await.unwrap();
        assert_eq!((dead.len(), dead[0].id, dead[0].tries, dead[0].since), (1, LetterId::Delivery(1), Some(3), Some(NOW)));
        assert_eq!(house.next_due().await, None, "it is not tried any more");
        let told = house.store.events(connection.id, 0, 100).await.unwrap().pop().unwrap();
        assert_eq!((told.code.as_str(), told.subject.as_deref()), ("event.dead-letter", Some("delivery-1")));
        assert_eq!(told.detail["failure"], json!(dead[0].failure.as_ref().unwrap().code));

        let content = house.store.letter_content(connection.id, LetterId::Delivery(1)).await.unwrap().unwrap();
        assert_eq!(content["body"]["said"], "x");
        assert!(content["body"].get("verify").is_none(), "the proof is not kept");
    }
}

#[tokio::test]
async fn a_dead_delivery_that_is_replayed_on_a_mended_connector_is_taken_in() {
    let house = House::new().await;
    let (connection, host) = broken(&house, &guest().on("handle-webhook", Act::Trap)).await;
    later(&house, &host).await;
    later(&house, &host).await;
    // Replayed too early it has all its tries again, and is a dead letter once more.
    assert_eq!(host.replay_letters(connection.id, vec![LetterId::Delivery(1)]).await.unwrap(), [(LetterId::Delivery(1), Replay::Queued)]);
    for tries in 1..=3 {
        assert!(house.store.dead_letters(connection.id).await.unwrap().is_empty(), "{tries}");
        later(&house, &host).await;
    }
    assert_eq!(house.store.dead_letters(connection.id).await.unwrap().len(), 1);
    let host = house.host_with(&mended(), config()).await;
    host.replay_letters(connection.id, vec![LetterId::Delivery(1)]).await.unwrap();
    host.work(NOW_ONLY).await.unwrap();
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 1);
    assert!(house.store.dead_letters(connection.id).await.unwrap().is_empty());
    assert_eq!(host.replay_letters(connection.id, vec![LetterId::Delivery(1)]).await.unwrap(), [(LetterId::Delivery(1), Replay::Missing)]);
}

#[tokio::test]
async fn an_order_event_that_a_later_one_has_overtaken_is_left_alone_and_the_others_go_in_their_order() {
    let house = House::new().await;
    let connection = order(&house, &[Some(Settled::Failed), Some(Settled::Done), Some(Settled::Failed), Some(Settled::Failed)]).await;
    let ids = [4, 1, 3, 2].map(LetterId::Order).to_vec();
    let replayed = house.store.replay(connection.id, ids, NOW).await.unwrap();
    let became: Vec<Replay> = replayed.into_iter().map(|(_, replay)| replay).collect();
    assert_eq!(became, [Replay::Queued, Replay::Overtaken, Replay::Queued, Replay::Missing]);
    let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    assert_eq!(next.event.sequence, 3, "the earlier one first, whichever was named first");
}

#[tokio::test]
async fn whichever_way_a_person_sends_an_order_again_the_call_is_told_that_it_may_have_arrived() {
    for by_page in [false, true] {
        for sent in [false, true] {
            let house = House::new().await;
            let connection = order(&house, &[None]).await;
            if sent {
                house.store.intend(make::intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
            }
            let (footing, outcome) = (connection.footing(), json!({ "failure": failure(FailureClass::Rejected) }));
            let failed = Settlement { footing, row: 1, settled: Settled::Failed, remote: None, outcome, at: NOW };
            house.store.settle(failed).await.unwrap();
            house.clock.advance(Duration::from_secs(60));
            if by_page {
                assert_eq!(house.store.retry_events(connection.id, vec![1], house.clock.now()).await.unwrap().queued, 1);
            } else {
                house.host(&guest()).await.replay_letters(connection.id, vec![LetterId::Order(1)]).await.unwrap();
            }
            let earlier = house.store.next_event(connection.id, "o").await.unwrap().unwrap().earlier;
            let known = (earlier.may_have_arrived, earlier.first_sent);
            assert_eq!(known, (sent, sent.then_some(NOW)), "of which no byte ever left, nothing is to be looked for");
        }
    }
}

#[tokio::test]
async fn what_is_set_aside_keeps_its_note_and_is_not_tried_any_more() {
    let house = House::new().await;
    let (connection, host) = broken(&house, &guest().on("handle-webhook", Act::Trap)).await;
    later(&house, &host).await;
    later(&house, &host).await;
    let ids = vec![LetterId::Delivery(1), LetterId::Delivery(2), LetterId::Order(1)];
    assert_eq!(house.store.discard_letters(connection.id, ids, note("đã nhập tay")).await.unwrap(), 1);
    assert!(house.store.dead_letters(connection.id).await.unwrap().is_empty());
    assert_eq!(house.see::<u32>("SELECT count(*) FROM delivery WHERE body IS NOT NULL"), 0);
    let notes = house.store.notes(connection.id).await.unwrap();
    assert_eq!((notes.len(), notes[0].records, notes[0].text.as_str()), (1, 1, "đã nhập tay"));
    let told = house.store.events(connection.id, 0, 100).await.unwrap().pop().unwrap();
    assert_eq!((told.code.as_str(), told.detail), ("event.discarded", json!({})), "a person's words are not in the list");
}

#[tokio::test]
async fn dead_letters_are_grouped_by_cause_and_say_what_can_be_done() {
    let house = House::new().await;
    let connection = order(&house, &[Some(Settled::Failed), Some(Settled::Failed), None]).await;
    house.store.keep_delivery(connection.id, NOW, [1; 32], b"{}".to_vec(), failure(FailureClass::Rejected), NOW).await.unwrap();
    assert!(house.store.delivery_failed(1, failure(FailureClass::Rejected), 2, NOW).await.unwrap());
    let causes = house.host(&guest()).await.dead_letters(connection.id).await.unwrap();
    let shown: Vec<_> = causes.iter().map(|cause| (cause.of, cause.code.as_str(), cause.class, cause.letters.len())).collect();
    assert_eq!(shown, [("order", "test.failure", Some("conflict"), 2), ("delivery", "test.failure", Some("rejected"), 1)]);
    assert!(causes[0].for_you.vi.contains("hai bên") && causes[1].for_you.vi.contains("hỗ trợ"));
    assert_ne!(causes[0].by_itself, causes[1].by_itself);
    assert_eq!(causes[0].letters[0].about.as_deref(), Some("DH-o"));
}

#[tokio::test]
async fn a_letter_is_another_connection_s_to_nobody() {
    let house = House::new().await;
    let one = order(&house, &[Some(Settled::Failed)]).await;
    let other = house.connected("other shop").await;
    let id = LetterId::Order(1);
    assert!(house.store.letter_content(other.id, id).await.unwrap().is_none());
    assert_eq!(house.store.replay(other.id, vec![id], NOW).await.unwrap(), [(id, Replay::Missing)]);
    assert_eq!(house.store.discard_letters(other.id, vec![id], note("x")).await.unwrap(), 0);
    let content = house.store.letter_content(one.id, id).await.unwrap().unwrap();
    assert_eq!((&content["order"], &content["events"][0]["state"]), (&json!("o"), &json!("failed")));
}

#[test]
fn a_letter_s_id_is_read_as_it_is_written() {
    for text in ["order-17", "delivery-4"] {
        assert_eq!(text.parse::<LetterId>().unwrap().to_string(), text);
    }
    for text in ["17", "order-", "order-0", "order--1", "webhook-3", "delivery-4x", ""] {
        assert!(text.parse::<LetterId>().is_err(), "{text}");
    }
}
