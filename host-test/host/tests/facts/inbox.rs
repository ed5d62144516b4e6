//! Which delivery is a repeat, and which is news.

use std::time::Duration;

use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Accepted, Policy, Refresh, Refused};
use connector_host::store::Ingested;

use crate::guest::failure;
use crate::house::{House, all};
use crate::make::{self, NOW};

/// What becomes of deliveries with these hashes that speak of these records, in this order.
async fn fates(deliveries: &[(u8, &[&str])]) -> Vec<bool> {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let mut fresh = Vec::new();
    for (hash, subjects) in deliveries {
        let ingested = house.deliver(&connection, *hash, &all(Policy::KeepUpdated), make::accepted(subjects, Vec::new())).await;
        fresh.push(ingested != Ingested::Duplicate);
    }
    fresh
}

#[tokio::test]
async fn five_four_five_is_three_facts() {
    assert_eq!(fates(&[(5, &["A"]), (4, &["A"]), (5, &["A"])]).await, [true, true, true]);
}

#[tokio::test]
async fn five_four_five_is_three_facts_also_when_the_four_came_in_a_batch() {
    assert_eq!(fates(&[(5, &["A"]), (41, &["A", "B"]), (5, &["A"])]).await, [true, true, true]);
}

#[tokio::test]
async fn an_exact_retry_is_a_repeat() {
    assert_eq!(fates(&[(5, &["A", "B"]), (5, &["A", "B"]), (5, &["A", "B"])]).await, [true, false, false]);
}

#[tokio::test]
async fn a_batch_of_which_one_record_had_other_news_since_is_no_repeat() {
    assert_eq!(fates(&[(1, &["A", "B"]), (2, &["B"]), (1, &["A", "B"]), (1, &["A", "B"])]).await, [true, true, true, false]);
}

#[tokio::test]
async fn a_late_retry_after_a_newer_fact_is_taken() {
    assert_eq!(fates(&[(5, &["A"]), (5, &["A"]), (4, &["A"]), (5, &["A"])]).await, [true, false, true, true]);
}

#[tokio::test]
async fn a_delivery_that_speaks_of_no_record_is_never_a_repeat() {
    assert_eq!(fates(&[(5, &[]), (5, &[])]).await, [true, true]);
}

#[tokio::test]
async fn the_same_words_of_another_event_or_to_another_connection_are_no_repeat() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    let stock = make::accepted(&["A"], Vec::new());
    let mut price = stock.clone();
    price.event = "price".to_owned();
    let policies = all(Policy::KeepUpdated);
    for (connection, accepted) in [(&one, &stock), (&one, &price), (&other, &stock)] {
        assert_ne!(house.deliver(connection, 5, &policies, accepted.clone()).await, Ingested::Duplicate);
    }
    assert_eq!(house.deliver(&one, 5, &policies, stock).await, Ingested::Duplicate);
}

#[tokio::test]
async fn a_delivery_whose_changes_cannot_be_kept_is_not_remembered_either() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.raw().execute_batch("CREATE TRIGGER no BEFORE INSERT ON nobi_branch BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    let accepted = || make::accepted(&["A"], vec![connector_host::contract::catalog::Change::Branch(make::branch("1"))]);
    let delivery = |hash| connector_host::store::Ingest {
        connection: connection.id,
        received: make::NOW,
        hash: [hash; 32],
        accepted: accepted(),
        flows: all(Policy::KeepUpdated),
        kept: None,
        refresh_most: crate::house::REFRESH_MOST,
    };
    assert!(house.store.ingest(delivery(5)).await.is_err());
    house.raw().execute_batch("DROP TRIGGER no").unwrap();
    assert_ne!(house.store.ingest(delivery(5)).await.unwrap(), Ingested::Duplicate);
    assert_eq!(house.store.nobi_counts("shop").await.unwrap().branches, 1);
}

#[tokio::test]
async fn a_record_of_a_delivery_that_cannot_be_read_is_filed_under_what_the_delivery_is_about() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let odd = |refresh: Vec<Refresh>| Accepted {
        refused: vec![Refused { id: Some("777".to_owned()), failure: failure(FailureClass::Rejected) }],
        refresh,
        ..make::accepted(&["777"], Vec::new())
    };
    let order = vec![Refresh { entity: Entity::OrderStatus, ids: vec!["777".to_owned()], within_ms: 0 }];
    for (hash, delivery, entity) in [(1, odd(order), "order-status"), (2, odd(Vec::new()), "stock")] {
        house.deliver(&connection, hash, &all(Policy::KeepUpdated), delivery).await;
        let refused = house.store.refused(connection.id).await.unwrap();
        assert!(refused.iter().any(|(of, id, _)| of == entity && id == "777"), "{entity}: {refused:?}");
        assert_eq!(refused.len(), usize::from(hash), "{refused:?}");
    }
}

#[tokio::test]
async fn deliveries_that_nobody_sends_again_do_not_pile_up() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let came = async |hash: u8| house.deliver(&connection, hash, &all(Policy::KeepUpdated), make::accepted(&["A"], Vec::new())).await;
    let kept = |outcome: &str| house.see::<u32>(&format!("SELECT count(*) FROM delivery WHERE outcome = '{outcome}'"));
    house.store.keep_delivery(connection.id, NOW, [9; 32], b"{}".to_vec(), failure(FailureClass::Transient), NOW).await.unwrap();
    for hash in 1..=30 {
        assert_ne!(came(hash).await, Ingested::Duplicate);
    }
    assert_eq!(kept("applied"), 30);
    house.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    assert_ne!(came(1).await, Ingested::Duplicate);
    assert_eq!((kept("applied"), kept("kept")), (1, 1), "what still has to be worked on stays");
    assert_eq!(came(1).await, Ingested::Duplicate, "the duplicate rule needs none of them");
    assert_eq!(house.store.last_delivery(connection.id).await.unwrap(), Some(house.clock.now()));
}

#[tokio::test]
async fn refreshes_that_ended_do_not_pile_up() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    for hash in 1..=70 {
        let mut accepted = make::accepted(&["A"], Vec::new());
        accepted.refresh = vec![Refresh { entity: Entity::Stock, ids: vec!["1".to_owned()], within_ms: 0 }];
        house.deliver(&connection, hash, &policies, accepted).await;
        assert_eq!(house.store.join_refreshes(house.clock.now()).await.unwrap(), 1);
        let run = house.see::<i64>("SELECT max(id) FROM run");
        if hash > 3 {
            let page = make::page(Vec::new());
            house.store.apply_page(run, connection.footing(), page, policies.clone(), house.clock.now()).await.unwrap();
        }
    }
    let runs = |state: &str| house.see::<u32>(&format!("SELECT count(*) FROM run WHERE state = '{state}'"));
    assert_eq!((runs("waiting"), runs("done")), (3, 50), "what has not ended stays");
}

#[tokio::test]
async fn the_last_delivery_and_what_is_under_way_are_found_without_looking_at_all_of_them() {
    let house = House::new().await;
    let ways = [
        ("SELECT max(received) FROM delivery WHERE connection = 1", "delivery_by_time"),
        ("SELECT id FROM run WHERE connection = 1 AND entity = 'stock' AND state IN ('waiting', 'running')", "run_under_way"),
    ];
    for (sql, index) in ways {
        let way: String = house.raw().query_row(&format!("EXPLAIN QUERY PLAN {sql}"), [], |row| row.get(3)).unwrap();
        assert!(way.contains(index), "{way}");
    }
}
