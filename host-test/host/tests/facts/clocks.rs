//! A clock that jumps ahead and comes back: nothing stays paused for it, in this process or in the next.

use std::time::Duration;

use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Page, Policy, Scope};
use connector_host::store::{CameBack, ConnectionState, RunState, Trigger};
use connector_host::work::{HostConfig, Stop};

use crate::guest::{Guest, failure};
use crate::house::{House, TOKEN, secrets};
use crate::make::{self, NOW};

const NOW_ONLY: Stop = Stop::Idle(Duration::ZERO);
const YEAR: i64 = 365 * 24 * 60 * 60 * 1_000;
const MINUTE: i64 = 60_000;

fn guest(page: Result<Page, connector_host::contract::types::Failure>) -> Guest {
    Guest::new(make::descriptor()).pulls(page)
}

#[tokio::test]
async fn what_was_due_in_the_year_that_never_was_is_due_now() {
    for restarted in [false, true] {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        let fails = house.host(&guest(Err(failure(FailureClass::Transient)))).await;
        house.clock.set(NOW + YEAR);
        let run = fails.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
        fails.work(NOW_ONLY).await.unwrap();
        assert!(house.next_due().await.unwrap() > NOW + YEAR);
        // A host that starts after it reads from the file how late it had been.
        let mut house = house;
        if restarted {
            house.clock = connector_host::clock::Clock::manual(NOW + YEAR);
        }
        house.clock.set(NOW + MINUTE);
        let works = house.host(&guest(Ok(make::page(Vec::new())))).await;
        works.work(NOW_ONLY).await.unwrap();
        let run = house.store.run(run).await.unwrap();
        assert_eq!((run.state, run.started), (RunState::Done, NOW + MINUTE), "restarted: {restarted}");
    }
}

#[tokio::test]
async fn streams_are_polled_on_and_ask_for_all_that_they_may_have_missed() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let host = house.host(&guest(Ok(make::page(Vec::new())))).await;
    host.set_policy(connection.id, Entity::Product, Policy::KeepUpdated).await.unwrap();
    house.clock.set(NOW + YEAR);
    for _ in 0..60 {
        house.clock.advance(Duration::from_secs(60));
        host.work(NOW_ONLY).await.unwrap();
    }
    let polled = house.far.asked().len();
    assert!(polled > 1, "{polled}");
    let marks = "SELECT count(*) FROM stream WHERE last_success > 0";
    assert_eq!(house.see::<u32>(marks), 1, "a mark of the year to come");
    house.clock.set(NOW + 61 * MINUTE);
    host.work(NOW_ONLY).await.unwrap();
    assert_eq!(house.see::<u32>(marks), 0, "changes since then would be none at all");
    for _ in 0..10 {
        house.clock.advance(Duration::from_secs(60));
        host.work(NOW_ONLY).await.unwrap();
    }
    assert_eq!(house.far.asked().len(), polled + 1, "within the time that polls are spread over");
    let late = format!("SELECT count(*) FROM schedule WHERE due > {}", NOW + 3 * 60 * MINUTE);
    assert_eq!(house.see::<u32>(&late), 0, "the next ones are due as ever");
}

#[tokio::test]
async fn an_order_that_is_made_after_the_clock_came_back_is_not_older_than_a_restore_in_that_year() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let restored = "INSERT INTO restored (at, made) VALUES (?1, ?1)";
    rusqlite::Connection::open(house.file()).unwrap().execute(restored, [NOW + YEAR]).unwrap();
    let back = CameBack { now: NOW, spread: Duration::ZERO, lease: Duration::ZERO };
    house.store.bring_back(back).await.unwrap();
    for (order, created, may) in [("before", NOW - 1, true), ("after", NOW + MINUTE, false)] {
        let mut event = make::event(order, 1, connector_host::contract::orders::OrderEventKind::Created);
        event.order.created = created;
        house.store.order_event(connection.id, event, NOW + MINUTE).await.unwrap();
        let earlier = house.store.next_event(connection.id, order).await.unwrap().unwrap().earlier;
        assert_eq!((earlier.may_have_arrived, earlier.last_sent), (may, may.then_some(NOW)), "{order}");
    }
}

#[tokio::test]
async fn a_connection_whose_grant_ended_in_that_year_works_on_and_one_without_a_token_stays() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for token in [true, false] {
        let draft = house.draft("shop").await;
        house.saves(&draft, &[("app-id", "app")], secrets(&[])).await;
        let draft = house.store.connection(draft.id).await.unwrap();
        let account =
            connector_host::contract::types::Account { expires: Some(NOW + YEAR / 2), ..make::account(&format!("b{}", draft.id)) };
        let captured = if token { secrets(&[("access-token", TOKEN)]) } else { secrets(&[]) };
        ids.push(house.grants_of(&draft, account, captured).await.unwrap().id);
    }
    let host = house.host(&guest(Ok(make::page(Vec::new())))).await;
    let states = async || {
        let mut states = Vec::new();
        for id in &ids {
            states.push(house.store.connection(*id).await.unwrap().state);
        }
        states
    };
    house.clock.set(NOW + YEAR);
    host.work(NOW_ONLY).await.unwrap();
    assert_eq!(states().await, [ConnectionState::Paused, ConnectionState::Paused]);
    house.clock.set(NOW + MINUTE);
    host.work(NOW_ONLY).await.unwrap();
    assert_eq!(states().await, [ConnectionState::Active, ConnectionState::Paused]);
}

#[tokio::test]
async fn a_clock_that_is_put_right_by_seconds_changes_nothing() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let host = house.host_with(&guest(Err(failure(FailureClass::Transient))), HostConfig::default()).await;
    host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    house.clock.set(NOW + 20_000);
    host.work(NOW_ONLY).await.unwrap();
    let due = house.next_due().await;
    house.clock.set(NOW);
    host.work(NOW_ONLY).await.unwrap();
    assert_eq!(house.next_due().await, due);
}
