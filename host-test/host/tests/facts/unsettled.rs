//! Orders that are not settled: what one sweep of a connection says of them, and what it does not.

use connector_host::contract::catalog::{Change, OrderStatus};
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Page, Policy, Refused, Scope};
use connector_host::store::{Connection, Halt, LetterId, Note, Run, Task, Try, Waiting};

use crate::guest::failure;
use crate::house::{House, all};
use crate::make::{self, NOW};

const MINUTE: i64 = 60_000;

/// An order that was sent at this time, and waits for a sweep from two minutes later on.
async fn waits(house: &House, connection: &Connection, order: &str, sent: i64) {
    let store = &house.store;
    store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), sent).await.unwrap();
    store.intend(make::intent(connection, order, &format!("abcd-{order}"), sent)).await.unwrap();
    let known = store.order_push(connection.id, order).await.unwrap().earlier.unwrap();
    let row = store.next_event(connection.id, order).await.unwrap().unwrap().id;
    let (footing, order) = (connection.footing(), order.to_owned());
    store.wait(Waiting { footing, row, order, known, sweep_from: Some(sent + 2 * MINUTE), sent: false, at: sent }).await.unwrap();
}

/// Begins the sweep that is due at this time.
async fn begins(house: &House, connection: &Connection, at: i64) -> Run {
    while let Some(work) = house.claim(at, false).await {
        if work.task == Task::Sweep {
            house.store.begin_sweep(house.lease_of(&work), at).await.unwrap();
            house.complete(&work).await;
            break;
        }
        house.again(&work, at + 1_000 * MINUTE).await;
    }
    let runs = house.store.runs(connection.id, 10).await.unwrap();
    runs.into_iter().find(|run| matches!(run.scope, Scope::Made(_))).unwrap()
}

async fn ends(house: &House, connection: &Connection, run: &Run, page: Page, at: i64) {
    house.store.apply_page(run.id, connection.footing(), page, all(Policy::KeepUpdated), at).await.unwrap();
}

async fn swept(house: &House, connection: &Connection, order: &str) -> Vec<i64> {
    house.store.order_push(connection.id, order).await.unwrap().earlier.unwrap().swept
}

#[tokio::test]
async fn one_sweep_says_of_all_that_wait_what_it_did_not_show() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    waits(&house, &connection, "lost", NOW).await;
    waits(&house, &connection, "there", NOW + MINUTE).await;
    let began = NOW + 3 * MINUTE;
    let run = begins(&house, &connection, began).await;
    // Sent while it is under way: it says nothing of that one.
    waits(&house, &connection, "later", began + 1).await;
    let shown = OrderStatus { own_id: Some("abcd-there".to_owned()), ..make::status("777", "New") };
    ends(&house, &connection, &run, make::page(vec![Change::OrderStatus(shown)]), began + MINUTE).await;
    assert_eq!(swept(&house, &connection, "lost").await, [began]);
    let there = house.store.order_push(connection.id, "there").await.unwrap().earlier.unwrap();
    assert_eq!((there.seen_as.as_deref(), there.swept), (Some("777"), Vec::new()));
    assert_eq!(swept(&house, &connection, "later").await, Vec::<i64>::new());
    let marks = house.store.streams(connection.id).await.unwrap();
    assert!(marks.iter().all(|stream| stream.entity != Entity::OrderStatus || stream.last_success.is_none()), "no stream's mark moves");
    let next = begins(&house, &connection, began + 3 * MINUTE).await;
    assert_ne!(next.id, run.id, "the one that was sent later gets a sweep of its own");
}

#[tokio::test]
async fn a_sweep_that_failed_or_could_not_read_a_row_says_nothing_and_another_follows() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    waits(&house, &connection, "lost", NOW).await;
    let began = NOW + 3 * MINUTE;
    let run = begins(&house, &connection, began).await;
    let refused = vec![Refused { id: Some("5".to_owned()), failure: failure(FailureClass::Rejected) }];
    ends(&house, &connection, &run, Page { refused, ..make::page(Vec::new()) }, began).await;
    assert_eq!(swept(&house, &connection, "lost").await, Vec::<i64>::new());
    let second = begins(&house, &connection, began + 6 * MINUTE).await;
    assert_ne!(second.id, run.id);
    house.store.halt_run(second.id, connection.footing(), failure(FailureClass::Rejected), Halt::GiveUp, began + 6 * MINUTE).await.unwrap();
    assert_eq!(swept(&house, &connection, "lost").await, Vec::<i64>::new());
    let third = begins(&house, &connection, began + 12 * MINUTE).await;
    ends(&house, &connection, &third, make::page(Vec::new()), began + 12 * MINUTE).await;
    assert_eq!(swept(&house, &connection, "lost").await, [began + 12 * MINUTE]);
}

/// A page with a row that could not be read, of this id.
fn unread(id: Option<&str>) -> Page {
    let failure = connector_host::contract::types::Failure { field: Some("carrierCode".to_owned()), ..failure(FailureClass::Rejected) };
    Page { refused: vec![Refused { id: id.map(str::to_owned), failure }], ..make::page(Vec::new()) }
}

async fn notices(house: &House, connection: &Connection) -> Vec<String> {
    let notices = house.store.notices(connection.id).await.unwrap();
    notices.into_iter().filter(|notice| notice.code == "order.sweep-unread").map(|notice| notice.vi).collect()
}

#[tokio::test]
async fn an_unread_row_of_an_order_whose_id_is_known_proves_nothing_against_a_sweep() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    waits(&house, &connection, "known", NOW).await;
    let row = house.store.next_event(connection.id, "known").await.unwrap().unwrap().id;
    house.settles(&connection, row, Some("5")).await.unwrap();
    waits(&house, &connection, "lost", NOW).await;
    let began = NOW + 3 * MINUTE;
    let run = begins(&house, &connection, began).await;
    ends(&house, &connection, &run, Page { next: Some("2".to_owned()), ..unread(Some("5")) }, began).await;
    ends(&house, &connection, &run, make::page(Vec::new()), began).await;
    assert_eq!((swept(&house, &connection, "lost").await, notices(&house, &connection).await), (vec![began], Vec::new()));
}

#[tokio::test]
async fn an_unread_row_that_may_be_the_one_says_which_and_why_until_a_sweep_reads_it() {
    for (id, shown) in [(Some("6"), "đơn 6, ô carrierCode"), (None, "đơn ?, ô carrierCode")] {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        waits(&house, &connection, "lost", NOW).await;
        let began = NOW + 3 * MINUTE;
        let run = begins(&house, &connection, began).await;
        // On whatever page it is.
        ends(&house, &connection, &run, Page { next: Some("2".to_owned()), ..unread(id) }, began).await;
        ends(&house, &connection, &run, make::page(Vec::new()), began).await;
        assert_eq!(swept(&house, &connection, "lost").await, Vec::<i64>::new());
        let told = notices(&house, &connection).await;
        assert!(told.len() == 1 && told[0].contains(shown), "{told:?}");
        let second = begins(&house, &connection, began + 6 * MINUTE).await;
        ends(&house, &connection, &second, make::page(Vec::new()), began + 6 * MINUTE).await;
        assert_eq!((swept(&house, &connection, "lost").await, notices(&house, &connection).await.len()), (vec![began + 6 * MINUTE], 0));
    }
}

#[tokio::test]
async fn what_is_told_of_an_unread_row_goes_with_the_last_order_that_waits_for_a_sweep() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    waits(&house, &connection, "lost", NOW).await;
    let run = begins(&house, &connection, NOW + 3 * MINUTE).await;
    ends(&house, &connection, &run, unread(Some("6")), NOW + 3 * MINUTE).await;
    assert_eq!(notices(&house, &connection).await.len(), 1);
    let row = house.store.next_event(connection.id, "lost").await.unwrap().unwrap().id;
    house.settles(&connection, row, Some("7")).await.unwrap();
    assert_eq!(notices(&house, &connection).await.len(), 0);
}

#[tokio::test]
async fn an_order_that_a_person_set_aside_is_swept_for_no_more() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    waits(&house, &connection, "lost", NOW).await;
    let run = begins(&house, &connection, NOW + 3 * MINUTE).await;
    ends(&house, &connection, &run, unread(Some("6")), NOW + 3 * MINUTE).await;
    let row = house.store.next_event(connection.id, "lost").await.unwrap().unwrap().id;
    let (footing, failure) = (connection.footing(), failure(FailureClass::Ambiguous));
    house.store.tried(Try { footing, row, answered: true, failure, most: 0, at: NOW }).await.unwrap();
    let (operator, code, text) = ("lan".to_owned(), "x".to_owned(), "made by hand".to_owned());
    let note = Note { at: NOW, operator, code, records: 0, text };
    assert_eq!(house.store.discard_letters(connection.id, vec![LetterId::Order(row)], note).await.unwrap(), 1);
    assert_eq!(notices(&house, &connection).await.len(), 0, "nobody waits for that row any more");
    let next = begins(&house, &connection, NOW + 9 * MINUTE).await;
    assert_eq!(next.id, run.id, "no other sweep is made");
}

#[tokio::test]
async fn what_was_not_seen_under_one_grant_proves_nothing_under_the_next() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    waits(&house, &connection, "lost", NOW).await;
    let began = NOW + 3 * MINUTE;
    let run = begins(&house, &connection, began).await;
    ends(&house, &connection, &run, make::page(Vec::new()), began).await;
    let known = house.store.order_push(connection.id, "lost").await.unwrap().earlier.unwrap();
    house.store.know(connection.footing(), "lost", connector_host::contract::orders::Earlier { empty_lookups: 2, ..known }).await.unwrap();
    assert_eq!(swept(&house, &connection, "lost").await, [began]);
    house.grants(&connection, &connection.account.as_ref().unwrap().id, connector_host::secret::Secrets::default()).await.unwrap();
    let known = house.store.order_push(connection.id, "lost").await.unwrap().earlier.unwrap();
    assert_eq!((known.swept, known.empty_lookups, known.may_have_arrived), (Vec::new(), 0, true));
}
