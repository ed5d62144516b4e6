//! The event list: what is told of a connection, with what it happened, and for good.

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, FailureClass, Reason};
use connector_host::contract::{Policy, Scope};
use connector_host::store::{Decision, Halt, Settled, Settlement, StoreError, Trigger};
use serde_json::{Value, json};

use crate::guest::failure;
use crate::house::{House, TOKEN, VERIFY, all, secrets};
use crate::make::{self, NOW};

/// The entries of a connection: code, subject, detail.
async fn told(house: &House, connection: i64) -> Vec<(String, Option<String>, Value)> {
    let events = house.store.events(connection, 0, 1_000).await.unwrap();
    events.into_iter().map(|event| (event.code, event.subject, event.detail)).collect()
}

async fn codes(house: &House, connection: i64) -> Vec<String> {
    told(house, connection).await.into_iter().map(|(code, ..)| code.trim_start_matches("event.").to_owned()).collect()
}

fn reason() -> Reason {
    Reason { code: "test.stop".to_owned(), message: make::words("stopped") }
}

#[tokio::test]
async fn a_connection_s_life_is_told_entry_after_entry_and_without_its_secrets() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::product("1"))]).await;
    house.store.pause(connection.footing(), NOW, reason()).await.unwrap();
    house.store.pause(connection.footing(), NOW, reason()).await.unwrap();
    house.grants(&connection, "business-1", secrets(&[("access-token", "another-token-0123")])).await.unwrap();
    let told = told(&house, connection.id).await;
    let run = Some("run-1".to_owned());
    let done = json!({ "entity": "product", "state": "done", "tally": { "product.created": 1 } });
    let expected = [
        ("event.draft-made", None, json!({ "connector": "scripted" })),
        ("event.form-saved", None, json!({ "keys": ["app-id", "verify-token"] })),
        ("event.granted", None, json!({ "business": "business-1", "grant": 1 })),
        ("event.run-begun", run.clone(), json!({ "entity": "product", "trigger": "click" })),
        ("event.run-ended", run, done),
        ("event.paused", None, json!({ "reason": "test.stop" })),
        ("event.granted", None, json!({ "business": "business-1", "grant": 2 })),
        ("event.resumed", None, json!({})),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(code, subject, detail)| (code.to_owned(), subject, detail)).collect();
    assert_eq!(told, expected);
    let all = format!("{told:?}");
    assert!(!all.contains(VERIFY) && !all.contains(TOKEN), "{all}");
}

#[tokio::test]
async fn an_entry_is_never_rewritten_nor_taken_back() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let before = codes(&house, connection.id).await;
    for sql in ["UPDATE event SET code = 'event.other'", "DELETE FROM event", "DELETE FROM event WHERE id = 1"] {
        let refused = house.raw().execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("only grows"), "{sql}: {refused}");
    }
    assert_eq!(codes(&house, connection.id).await, before);
}

#[tokio::test]
async fn what_is_not_kept_is_not_told() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let row = house.store.next_event(connection.id, "o").await.unwrap().unwrap().id;
    house.grants(&connection, "business-1", secrets(&[])).await.unwrap();
    let before = codes(&house, connection.id).await;
    let late = house.settles(&connection, row, None).await;
    assert!(matches!(late, Err(StoreError::Superseded)), "{late:?}");
    assert!(house.grants(&connection, "another-business", secrets(&[])).await.is_err());
    assert_eq!(codes(&house, connection.id).await, before);
}

#[tokio::test]
async fn an_order_s_end_says_how_and_where_and_a_failed_one_is_a_dead_letter() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    for sequence in [1, 2] {
        house.store.order_event(connection.id, make::event("o", sequence, OrderEventKind::Created), NOW).await.unwrap();
    }
    let end = async |row, settled, remote: Option<&str>, outcome| {
        let (footing, remote) = (connection.footing(), remote.map(str::to_owned));
        house.store.settle(Settlement { footing, row, settled, remote, outcome, at: NOW }).await.unwrap();
    };
    end(1, Settled::Done, Some("777"), json!({ "how": "created", "remote": "777", "warnings": [{ "message": "Lan 0901234567" }] })).await;
    end(2, Settled::Failed, None, json!({ "failure": failure(FailureClass::Rejected) })).await;
    let told = told(&house, connection.id).await.split_off(3);
    let expected = [
        ("event.order-ended", "order-1", json!({ "order": "o", "state": "done", "how": "created", "remote": "777" })),
        ("event.order-ended", "order-2", json!({ "order": "o", "state": "failed", "how": "test.failure", "remote": null })),
        ("event.dead-letter", "order-2", json!({ "failure": "test.failure" })),
    ];
    let expected = expected.map(|(code, subject, detail)| (code.to_owned(), Some(subject.to_owned()), detail));
    assert_eq!(told, expected, "and nothing of whose order it is");
}

#[tokio::test]
async fn a_stream_s_pause_is_told_once_and_so_is_its_end() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    for _ in 0..3 {
        house.store.pause_stream(connection.footing(), Entity::Order, reason(), NOW).await.unwrap();
    }
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.settles(&connection, 1, Some("777")).await.unwrap();
    assert_eq!(codes(&house, connection.id).await.split_off(3), ["paused", "order-ended", "resumed"]);
}

#[tokio::test]
async fn deliveries_runs_that_fail_and_choices_are_told() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let accepted = || make::accepted(&["A"], Vec::new());
    house.deliver(&connection, 5, &all(Policy::KeepUpdated), accepted()).await;
    house.deliver(&connection, 5, &all(Policy::KeepUpdated), accepted()).await;
    house.store.keep_delivery(connection.id, NOW, [6; 32], b"{}".to_vec(), failure(FailureClass::Transient), NOW).await.unwrap();
    let run = house.store.begin_run(connection.id, Entity::Branch, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    house.store.halt_run(run, connection.footing(), failure(FailureClass::Transient), Halt::Wait, NOW).await.unwrap();
    house.store.halt_run(run, connection.footing(), failure(FailureClass::Rejected), Halt::GiveUp, NOW).await.unwrap();
    house
        .raw()
        .execute(
            "INSERT INTO link (connection, entity, remote, state, candidates, since) VALUES (1, 'customer', '9', 'waiting', '[1]', 0)",
            [],
        )
        .unwrap();
    assert!(house.store.decide_pair(connection.id, Entity::Customer, "9", Decision::Never, NOW).await.unwrap());
    let expected = ["delivery-applied", "delivery-kept", "run-begun", "run-ended", "pair-decided"];
    assert_eq!(codes(&house, connection.id).await.split_off(3), expected, "a repeat is not told, nor a pull that goes on");
}

#[tokio::test]
async fn the_list_is_read_on_from_where_one_stopped() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    let first = house.store.events(one.id, 0, 2).await.unwrap();
    assert_eq!(first.iter().map(|event| event.id).collect::<Vec<_>>(), [1, 2]);
    let rest = house.store.events(one.id, 2, 100).await.unwrap();
    assert_eq!(rest.iter().map(|event| event.id).collect::<Vec<_>>(), [3]);
    assert_eq!(house.store.events(other.id, 0, 100).await.unwrap().len(), 3);
}
