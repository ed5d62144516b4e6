//! Which delivery is a repeat, and which is news.

use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Accepted, Policy, Refresh, Refused};
use connector_host::store::Ingested;

use crate::guest::failure;
use crate::house::{House, all};
use crate::make;

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
