//! Orders on their way out, as the store keeps them: in sequence, each event once, the intent before everything.

use connector_host::contract::orders::{Earlier, OrderEventKind, PartyRole};
use connector_host::store::Connection;

use crate::house::House;
use crate::make::{self, NOW, intent};

async fn shop() -> (House, Connection) {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    (house, connection)
}

async fn earlier(house: &House, connection: &Connection, order: &str) -> Earlier {
    house.store.order_push(connection.id, order).await.unwrap().earlier.unwrap()
}

#[tokio::test]
async fn events_of_one_order_go_in_their_sequence_however_they_came() {
    let (house, connection) = shop().await;
    let cancelled = OrderEventKind::Cancelled(PartyRole::Buyer);
    for (sequence, kind) in [(3, OrderEventKind::Deleted), (1, OrderEventKind::Updated), (2, cancelled)] {
        assert!(house.store.order_event(connection.id, make::event("o", sequence, kind), NOW).await.unwrap());
    }
    for sequence in 1..=3 {
        let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
        assert_eq!(next.event.sequence, sequence);
        house.settles(&connection, next.id, None).await.unwrap();
    }
    assert!(house.store.next_event(connection.id, "o").await.unwrap().is_none());
}

#[tokio::test]
async fn the_same_event_is_kept_once() {
    let (house, connection) = shop().await;
    let event = || make::event("o", 1, OrderEventKind::Created);
    assert!(house.store.order_event(connection.id, event(), NOW).await.unwrap());
    assert!(!house.store.order_event(connection.id, event(), NOW).await.unwrap());
    assert_eq!(house.store.outbox_counts(connection.id).await.unwrap(), [("waiting".to_owned(), 1)].into());
    assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 1);
}

#[tokio::test]
async fn what_is_sent_is_the_order_as_it_is_now_and_never_as_it_once_was() {
    let (house, connection) = shop().await;
    let told = |sequence, name: &str| {
        let mut event = make::event("o", sequence, OrderEventKind::Updated);
        event.order.recipient.name = name.to_owned();
        event
    };
    for (sequence, name, now) in [(1, "first", "first"), (3, "third", "third"), (1, "first", "third"), (2, "second", "third")] {
        house.store.order_event(connection.id, told(sequence, name), NOW).await.unwrap();
        let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
        assert_eq!(next.event.order.recipient.name, now, "after {sequence}");
    }
}

#[tokio::test]
async fn an_intent_is_on_the_disk_when_it_is_answered_and_a_crash_leaves_may_have_arrived() {
    let (house, connection) = shop().await;
    house.store.intend(intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    let house = house.after_a_crash();
    let known = earlier(&house, &connection, "o").await;
    assert_eq!((known.may_have_arrived, known.first_sent, known.last_sent), (true, Some(NOW), Some(NOW)));
    let push = house.store.order_push(connection.id, "o").await.unwrap();
    assert_eq!(push.own_id.as_deref(), Some("abcd-1"));
}

#[tokio::test]
async fn a_second_intent_keeps_the_first_send_and_counts_look_ups_anew() {
    let (house, connection) = shop().await;
    house.store.intend(intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    let once = Earlier { empty_lookups: 1, ..earlier(&house, &connection, "o").await };
    house.store.know(connection.footing(), "o", once).await.unwrap();
    house.store.intend(intent(&connection, "o", "abcd-1", NOW + 9)).await.unwrap();
    let known = earlier(&house, &connection, "o").await;
    assert_eq!((known.first_sent, known.last_sent, known.empty_lookups), (Some(NOW), Some(NOW + 9), 0));
}

#[tokio::test]
async fn two_orders_never_share_an_own_id_nor_what_is_known_of_a_send() {
    let (house, connection) = shop().await;
    house.store.intend(intent(&connection, "first", "abcd-1", NOW)).await.unwrap();
    let second = house.store.intend(intent(&connection, "second", "abcd-1", NOW + 9)).await;
    assert!(second.is_err(), "{second:?}");
    assert_eq!(earlier(&house, &connection, "first").await.last_sent, Some(NOW));
    // Another connection has other own ids.
    let other = house.connected("shop").await;
    house.store.intend(intent(&other, "second", "abcd-1", NOW)).await.unwrap();
}

#[tokio::test]
async fn the_remote_id_its_link_and_the_event_s_end_are_one_transaction() {
    let (house, connection) = shop().await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    let settle = || house.settles(&connection, next.id, Some("777"));
    house.raw().execute_batch("CREATE TRIGGER no BEFORE INSERT ON link BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    assert!(settle().await.is_err());
    assert_eq!(house.store.order_push(connection.id, "o").await.unwrap().remote, None);
    assert!(house.store.next_event(connection.id, "o").await.unwrap().is_some());
    house.raw().execute_batch("DROP TRIGGER no").unwrap();
    settle().await.unwrap();
    assert_eq!(house.store.order_push(connection.id, "o").await.unwrap().remote.as_deref(), Some("777"));
    assert!(house.store.next_event(connection.id, "o").await.unwrap().is_none());
}

#[tokio::test]
async fn a_bound_order_is_handed_out_with_its_id_there() {
    let (house, connection) = shop().await;
    for (sequence, kind) in [(1, OrderEventKind::Created), (2, OrderEventKind::Deleted)] {
        house.store.order_event(connection.id, make::event("o", sequence, kind), NOW).await.unwrap();
    }
    let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    house.store.intend(intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    house.settles(&connection, next.id, Some("777")).await.unwrap();
    let next = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    assert_eq!((next.event.order.remote.as_deref(), next.earlier.may_have_arrived), (Some("777"), false));
}
