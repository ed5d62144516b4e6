//! The queue and the runs: what goes first, what waits, what never happens twice, and what is one transaction.

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, FailureClass, Reason};
use connector_host::contract::{Page, Policy, Refresh, Refused, Scope};
use connector_host::store::{Halt, Lane, RunState, Task, Trigger};

use crate::guest::failure;
use crate::house::{House, all};
use crate::make::{self, NOW};

const LATER: i64 = NOW + 60_000;

#[tokio::test]
async fn live_work_goes_before_bulk_work_that_waits_longer() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap();
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), LATER).await.unwrap();
    assert_eq!(house.claim(LATER, false).await.unwrap().lane, Lane::Live);
    assert!(house.claim(LATER, true).await.is_none(), "bulk work is left where only live work is asked for");
    assert_eq!(house.claim(LATER, false).await.unwrap().lane, Lane::Bulk);
    assert!(house.claim(LATER, false).await.is_none());
}

#[tokio::test]
async fn work_is_taken_when_it_is_due_and_not_before() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), LATER).await.unwrap();
    assert!(house.claim(LATER - 1, false).await.is_none());
    assert_eq!(house.next_due().await, Some(LATER));
    assert!(house.claim(LATER, false).await.is_some());
}

#[tokio::test]
async fn two_pieces_of_work_of_one_order_never_run_at_once() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let first = house.claim(NOW, false).await.unwrap();
    house.store.order_event(connection.id, make::event("o", 2, OrderEventKind::Deleted), NOW).await.unwrap();
    house.store.order_event(connection.id, make::event("another", 1, OrderEventKind::Created), NOW).await.unwrap();
    let other = house.claim(NOW, false).await.unwrap();
    assert_eq!(other.task, Task::Push { order: "another".to_owned() });
    assert!(house.claim(NOW, false).await.is_none());
    house.complete(&first).await;
    assert_eq!(house.claim(NOW, false).await.unwrap().task, Task::Push { order: "o".to_owned() });
}

#[tokio::test]
async fn an_order_that_has_to_wait_is_not_hurried_by_its_next_event() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let work = house.claim(NOW, false).await.unwrap();
    // It comes while the first is on its way, and would queue the order a second time.
    house.store.order_event(connection.id, make::event("o", 2, OrderEventKind::Deleted), NOW).await.unwrap();
    house.again(&work, LATER).await;
    assert!(house.claim(LATER - 1, false).await.is_none());
    assert!(house.claim(LATER, false).await.is_some());
    assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 1);
}

#[tokio::test]
async fn a_second_click_queues_nothing_while_the_first_is_under_way() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let click = || house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW);
    let run = click().await.unwrap().unwrap();
    assert_eq!(click().await.unwrap(), None);
    let page = Page { next: Some("2".to_owned()), ..make::page(Vec::new()) };
    house.store.apply_page(run, connection.footing(), page, all(Policy::CreateOnly), NOW).await.unwrap();
    assert_eq!(click().await.unwrap(), None);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 1);
    // Another stream is another matter, and so is a click after the end.
    assert!(house.store.begin_run(connection.id, Entity::Branch, Scope::Everything, Trigger::Click, NOW).await.unwrap().is_some());
    house.store.apply_page(run, connection.footing(), make::page(Vec::new()), all(Policy::CreateOnly), NOW).await.unwrap();
    assert!(click().await.unwrap().is_some());
}

#[tokio::test]
async fn a_click_after_a_crash_between_a_run_s_end_and_its_work_s_end_is_not_lost() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let click = |house: &House| {
        let store = house.store.clone();
        async move { store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap() }
    };
    let first = click(&house).await.unwrap();
    house.claim(NOW, false).await.unwrap();
    house.store.apply_page(first, connection.footing(), make::page(Vec::new()), all(Policy::CreateOnly), NOW).await.unwrap();
    let house = house.after_a_crash();
    let second = click(&house).await.unwrap();
    let work = house.claim(NOW, false).await.unwrap();
    assert_eq!(work.task, Task::Pull { run: second });
}

#[tokio::test]
async fn work_that_a_crash_left_running_is_ready_again() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let before = house.claim(NOW, false).await.unwrap();
    assert!(house.claim(NOW, false).await.is_none());
    let house = house.after_a_crash();
    assert_eq!(house.claim(NOW, false).await.unwrap().id, before.id);
}

#[tokio::test]
async fn a_paused_connection_s_work_waits_and_nothing_of_it_is_dropped() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    let reason = Reason { code: "dead-token".to_owned(), message: make::words("dead") };
    house.store.pause(connection.footing(), NOW, reason).await.unwrap();
    assert!(house.claim(LATER, false).await.is_none());
    assert_eq!(house.next_due().await, None);
    let business = connection.account.clone().unwrap().id;
    house.grants(&connection, &business, Default::default()).await.unwrap();
    assert!(house.claim(LATER, false).await.is_some());
}

#[tokio::test]
async fn a_page_that_fails_half_way_leaves_no_row_and_no_cursor() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let run = house.store.begin_run(connection.id, Entity::Category, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    let step = |ids: &[&str], next: &str| Page {
        next: Some(next.to_owned()),
        ..make::page(ids.iter().map(|id| Change::Category(make::category(id))).collect())
    };
    house.store.apply_page(run, connection.footing(), step(&["1"], "two"), all(Policy::CreateOnly), NOW).await.unwrap();
    let no = "CREATE TRIGGER no BEFORE INSERT ON nobi_category WHEN new.name = 'Nhóm 3' BEGIN SELECT RAISE(ABORT, 'no'); END";
    house.raw().execute_batch(no).unwrap();
    assert!(house.store.apply_page(run, connection.footing(), step(&["2", "3"], "three"), all(Policy::CreateOnly), NOW).await.is_err());
    let stopped = house.store.run(run).await.unwrap();
    assert_eq!((stopped.cursor.as_deref(), stopped.tally.get("category.created")), (Some("two"), 1));
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_category"), 1);
    house.raw().execute_batch("DROP TRIGGER no").unwrap();
    house.store.apply_page(run, connection.footing(), step(&["2", "3"], "three"), all(Policy::CreateOnly), NOW).await.unwrap();
    assert_eq!(house.store.run(run).await.unwrap().cursor.as_deref(), Some("three"));
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_category"), 3);
}

#[tokio::test]
async fn a_stream_s_mark_is_the_start_of_the_last_run_that_ended_well() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let begin = |at| house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, at);
    let run = begin(NOW).await.unwrap().unwrap();
    house.store.halt_run(run, connection.footing(), failure(FailureClass::Transient), Halt::Wait, NOW).await.unwrap();
    house.store.apply_page(run, connection.footing(), make::page(Vec::new()), all(Policy::CreateOnly), LATER).await.unwrap();
    let ended = house.store.run(run).await.unwrap();
    assert_eq!((ended.state, ended.ended, ended.failure), (RunState::Done, Some(LATER), None));
    let second = begin(LATER).await.unwrap().unwrap();
    house.store.halt_run(second, connection.footing(), failure(FailureClass::Rejected), Halt::GiveUp, LATER).await.unwrap();
    let streams = house.store.streams(connection.id).await.unwrap();
    assert_eq!(streams.iter().map(|stream| stream.last_success).collect::<Vec<_>>(), [Some(NOW)]);
}

#[tokio::test]
async fn a_finished_or_paused_stream_keeps_its_flow_s_own_policy() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::product("1"))]).await;
    let reason = Reason { code: "forbidden".to_owned(), message: make::words("no right") };
    house.store.pause_stream(connection.footing(), Entity::Category, reason, NOW).await.unwrap();
    let renamed = connector_host::contract::catalog::Product { name: "Mới".to_owned(), ..make::product("1") };
    let changes = vec![Change::Product(renamed), Change::Category(make::category("1"))];
    let page = make::page(changes);
    let applied = house.pull(&connection, Entity::Product, Trigger::Live, &policies, page).await;
    assert_eq!((applied.tally.get("product.updated"), applied.tally.get("category.created")), (1, 1));
    let paused = house.store.streams(connection.id).await.unwrap();
    assert_eq!(paused.iter().filter(|stream| stream.pause.is_some()).map(|stream| stream.entity).collect::<Vec<_>>(), [Entity::Category]);
}

#[tokio::test]
async fn a_record_that_could_not_be_read_is_kept_until_it_could() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let refused = Refused { id: Some("1".to_owned()), failure: failure(FailureClass::Rejected) };
    let page = Page { refused: vec![refused], ..make::page(Vec::new()) };
    let applied = house.pull(&connection, Entity::Product, Trigger::Click, &all(Policy::CreateOnly), page).await;
    assert_eq!(applied.tally.get("product.refused"), 1);
    assert_eq!(house.store.refused(connection.id).await.unwrap().len(), 1);
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::product("1"))]).await;
    assert_eq!(house.store.refused(connection.id).await.unwrap(), []);
}

#[tokio::test]
async fn refreshes_are_joined_into_one_run_an_entity() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let asks = |ids: &[&str], within_ms| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let refresh = |entity| Refresh { entity, ids: ids.clone(), within_ms };
        let mut accepted = make::accepted(&[], Vec::new());
        accepted.refresh = vec![refresh(Entity::Product), refresh(Entity::Stock)];
        accepted
    };
    let policies = all(Policy::KeepUpdated);
    house.deliver(&connection, 1, &policies, asks(&["2", "1"], 60_000)).await;
    house.deliver(&connection, 2, &policies, asks(&["2", "3"], 900_000)).await;
    assert_eq!(house.store.join_refreshes(LATER - 1).await.unwrap(), 0);
    assert_eq!(house.next_due().await, Some(LATER));
    assert_eq!(house.store.join_refreshes(LATER).await.unwrap(), 2);
    let runs = house.store.runs(connection.id, 10).await.unwrap();
    let expected = Scope::Only(vec!["1".to_owned(), "2".to_owned(), "3".to_owned()]);
    assert!(runs.len() == 2 && runs.iter().all(|run| run.scope == expected), "{runs:?}");
    assert_eq!(house.store.join_refreshes(LATER + 900_000).await.unwrap(), 0);
}

#[tokio::test]
async fn a_hint_for_a_create_only_flow_is_dropped_before_a_request() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let mut hint = make::accepted(&["1"], Vec::new());
    hint.refresh = vec![Refresh { entity: Entity::Product, ids: vec!["1".to_owned()], within_ms: 0 }];
    for policy in [Policy::Off, Policy::CreateOnly, Policy::Scheduled] {
        house.deliver(&connection, policy as u8, &all(policy), hint.clone()).await;
        assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh"), 0, "{policy:?}");
    }
    house.deliver(&connection, 9, &all(Policy::KeepUpdated), hint).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh"), 1);
}

#[tokio::test]
async fn a_refresh_does_not_stand_in_a_full_pull_s_way() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let only = Scope::Only(vec!["1".to_owned()]);
    house.store.begin_run(connection.id, Entity::Product, only, Trigger::Live, NOW).await.unwrap().unwrap();
    assert!(house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap().is_some());
}
