//! Polls: which streams are asked for by themselves, when, and for what.

mod statuses;

use std::sync::Arc;
use std::time::Duration;

use connector_host::contract::catalog::Change;
use connector_host::contract::types::{Entity, FailureClass, Reason};
use connector_host::contract::{Page, Policy, Scope};
use connector_host::store::{Connection, Run, RunState, Trigger};
use connector_host::work::{Host, HostConfig, Polls, Stop};

use crate::guest::{Guest, failure, give};
use crate::house::House;
use crate::make::{self, NOW};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn goods() -> Page {
    make::page(vec![Change::Product(make::product("1"))])
}

fn guest() -> Guest {
    Guest::new(make::descriptor()).pulls(Ok(goods()))
}

async fn work(host: &Arc<Host>) {
    host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
}

/// Turns the clock on minute by minute, working at each.
async fn later(house: &House, host: &Arc<Host>, by: Duration) {
    for _ in 0..by.as_secs() / 60 {
        house.clock.advance(MINUTE);
        work(host).await;
    }
}

/// The polls of this stream, oldest first.
async fn polls(house: &House, connection: &Connection, entity: Entity) -> Vec<Run> {
    let mut runs = house.store.runs(connection.id, 10_000).await.unwrap();
    runs.retain(|run| run.trigger == Trigger::Timer && run.entity == entity);
    runs.reverse();
    runs
}

async fn chosen(house: &House, guest: &Guest, entity: Entity, policy: Policy) -> (Connection, Arc<Host>) {
    let connection = house.connected("shop").await;
    let host = house.host(guest).await;
    host.set_policy(connection.id, entity, policy).await.unwrap();
    (connection, host)
}

#[tokio::test]
async fn what_is_kept_updated_is_asked_for_by_itself_and_what_acts_on_a_click_is_not() {
    for (policy, polled) in [(Policy::KeepUpdated, true), (Policy::Scheduled, true), (Policy::CreateOnly, false), (Policy::Off, false)] {
        let house = House::new().await;
        let (connection, host) = chosen(&house, &guest(), Entity::Product, policy).await;
        later(&house, &host, HOUR).await;
        let count = polls(&house, &connection, Entity::Product).await.len();
        assert!(if polled { (4..=5).contains(&count) } else { count == 0 }, "{policy:?}: {count}");
        assert_eq!(house.far.asked().len(), count, "nothing else is asked for");
        assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), u32::from(polled), "{policy:?}");
    }
}

#[tokio::test]
async fn a_connection_without_a_polled_stream_has_no_row_at_all() {
    let house = House::new().await;
    let (_, host) = chosen(&house, &guest(), Entity::OrderStatus, Policy::Off).await;
    work(&host).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM schedule"), 0);
    assert_eq!(house.store.next_poll().await.unwrap(), None);
    // What is due is looked up by the index on the time, however many rows there are.
    let plan: String = house
        .raw()
        .query_row(
            "EXPLAIN QUERY PLAN SELECT schedule.connection FROM schedule CROSS JOIN connection
             ON connection.id = schedule.connection AND connection.state = 'active' WHERE schedule.due <= 1 ORDER BY schedule.due LIMIT 64",
            [],
            |row| row.get(3),
        )
        .unwrap();
    assert!(plan.contains("schedule_by_due"), "{plan}");
}

#[tokio::test]
async fn scheduled_makes_new_records_and_overwrites_none() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Product, Policy::Scheduled).await;
    later(&house, &host, 10 * MINUTE).await;
    let renamed = connector_host::contract::catalog::Product { name: "Mới".to_owned(), ..make::product("1") };
    let both = make::page(vec![Change::Product(renamed), Change::Product(make::product("2"))]);
    let host = house.host(&guest().pulls(Ok(both))).await;
    later(&house, &host, 20 * MINUTE).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), 2);
    assert_eq!(house.see::<String>("SELECT name FROM nobi_product ORDER BY id LIMIT 1"), "Hàng 1");
    assert!(polls(&house, &connection, Entity::Product).await.iter().all(|run| run.state == RunState::Done));
}

#[tokio::test]
async fn a_changed_policy_and_a_changed_toggle_take_effect_at_once() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Stock, Policy::KeepUpdated).await;
    work(&host).await;
    let stock = async || house.store.schedule(connection.id).await.unwrap().iter().any(|(entity, _)| *entity == Entity::Stock);
    assert!(stock().await);
    host.set_policy(connection.id, Entity::Stock, Policy::CreateOnly).await.unwrap();
    work(&host).await;
    assert!(!stock().await);
    host.set_policy(connection.id, Entity::Stock, Policy::KeepUpdated).await.unwrap();
    work(&host).await;
    assert!(stock().await);
    house.saves(&connection, &[("stock", "off")], Default::default()).await;
    work(&host).await;
    assert!(!stock().await, "a flow whose toggle is off is off");
    later(&house, &host, HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::Stock).await.len(), 0);
}

#[tokio::test]
async fn the_window_begins_before_the_start_of_the_last_whole_run_and_so_catches_up_after_a_pause() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Product, Policy::KeepUpdated).await;
    later(&house, &host, HOUR).await;
    let runs = polls(&house, &connection, Entity::Product).await;
    assert_eq!(runs[0].scope, Scope::Everything, "nothing was pulled before");
    let overlap = i64::try_from(HostConfig::default().overlap.as_millis()).unwrap();
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scope, Scope::Since(pair[0].started - overlap));
    }
    let last = runs.last().unwrap().started;

    let reason = Reason { code: "dead".to_owned(), message: make::words("dead") };
    house.store.pause(connection.footing(), house.clock.now(), reason).await.unwrap();
    later(&house, &host, 3 * HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::Product).await.len(), runs.len(), "a paused connection asks for nothing");
    let paused = house.store.connection(connection.id).await.unwrap();
    house.grants(&paused, &paused.account.clone().unwrap().id, Default::default()).await.unwrap();
    later(&house, &host, MINUTE).await;
    let caught_up = polls(&house, &connection, Entity::Product).await;
    assert_eq!(caught_up.len(), runs.len() + 1);
    assert_eq!(caught_up.last().unwrap().scope, Scope::Since(last - overlap), "from where it stopped, three hours ago");
}

#[tokio::test]
async fn a_pull_from_a_later_day_does_not_hide_what_changed_before_it() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let host = house.host(&guest()).await;
    let pull = async |scope| {
        host.sync(connection.id, Entity::Product, scope, Trigger::Click).await.unwrap().unwrap();
        work(&host).await;
        house.store.streams(connection.id).await.unwrap().into_iter().find(|it| it.entity == Entity::Product).unwrap().last_success
    };
    assert_eq!(pull(Scope::Since(NOW - 1_000)).await, None, "all before it is missing");
    assert_eq!(pull(Scope::Everything).await, Some(NOW));
    house.clock.advance(DAY);
    assert_eq!(pull(Scope::Since(NOW + 1)).await, Some(NOW), "a millisecond is missing");
    assert_eq!(pull(Scope::Since(NOW)).await, Some(house.clock.now()));
}

#[tokio::test]
async fn what_create_only_kept_out_comes_in_once_the_stream_is_kept_updated() {
    for under_way in [false, true] {
        let house = House::new().await;
        let (connection, host) = chosen(&house, &guest(), Entity::Product, Policy::CreateOnly).await;
        host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap();
        if !under_way {
            work(&host).await;
        }
        host.set_policy(connection.id, Entity::Product, Policy::KeepUpdated).await.unwrap();
        work(&host).await;
        later(&house, &host, HOUR).await;
        let scopes: Vec<Scope> = polls(&house, &connection, Entity::Product).await.into_iter().map(|run| run.scope).collect();
        assert_eq!(scopes[0], Scope::Everything, "a pull under way: {under_way}");
        assert!(matches!(scopes[1], Scope::Since(_)), "and once is enough");
        // Said again it is no change.
        host.set_policy(connection.id, Entity::Product, Policy::KeepUpdated).await.unwrap();
        assert!(matches!(host.missing(connection.id, Entity::Product).await.unwrap(), Scope::Since(_)));
    }
}

#[tokio::test]
async fn two_runs_of_one_stream_are_never_under_way_at_once() {
    let house = House::new().await;
    let (connection, host) =
        chosen(&house, &guest().pulls(Err(failure(FailureClass::Transient))), Entity::Product, Policy::KeepUpdated).await;
    later(&house, &host, 2 * HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::Product).await.len(), 1, "the first is still tried");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 1);
    let host = house.host(&guest()).await;
    later(&house, &host, HOUR).await;
    assert!(polls(&house, &connection, Entity::Product).await.len() > 1, "and then the others follow");
}

#[tokio::test]
async fn where_changes_cannot_be_told_everything_is_asked_for_and_nobody_is_bothered() {
    let house = House::new().await;
    // Only a whole pull passes; the scope of a step tells them apart by the second request, which never comes.
    let (connection, host) = chosen(&house, &guest(), Entity::Stock, Policy::KeepUpdated).await;
    later(&house, &host, 5 * MINUTE).await;
    assert_eq!(polls(&house, &connection, Entity::Stock).await.len(), 1);
    let no = guest().on("build-sync-request", give(Err::<connector_host::contract::http::Request, _>(failure(FailureClass::Unsupported))));
    let host = house.host(&no).await;
    later(&house, &host, 10 * MINUTE).await;
    let runs = polls(&house, &connection, Entity::Stock).await;
    assert_eq!((runs.len(), runs[1].state), (2, RunState::Failed), "it was tried once");
    assert!(matches!(runs[1].scope, Scope::Since(_)));
    assert_eq!(house.store.notices(connection.id).await.unwrap(), []);
    assert_eq!(house.see::<String>("SELECT way FROM schedule WHERE entity = 'stock'"), "whole");

    // What it was found to support outlives the process.
    let house = house.after_a_crash();
    let host = house.host(&guest()).await;
    later(&house, &host, 4 * HOUR).await;
    let runs = polls(&house, &connection, Entity::Stock).await;
    assert!((5..=6).contains(&runs.len()), "one an hour: {}", runs.len());
    assert!(runs[2..].iter().all(|run| run.scope == Scope::Everything && run.state == RunState::Done));
    let from_the_last = runs[2].started - runs[0].started;
    assert!(
        (54 * 60_000..=67 * 60_000).contains(&from_the_last),
        "its hour begins with the last whole run, not with the try: {from_the_last}"
    );
}

#[tokio::test]
async fn levels_are_read_whole_as_well_however_well_their_changes_are_told() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Stock, Policy::KeepUpdated).await;
    later(&house, &host, 4 * HOUR).await;
    let runs = polls(&house, &connection, Entity::Stock).await;
    let sweeps: Vec<i64> = runs.iter().filter(|run| run.scope == Scope::Everything).map(|run| run.started).collect();
    assert!(runs.len() > 40 && sweeps.len() == 4, "{} of {}", sweeps.len(), runs.len());
    assert!(sweeps.windows(2).all(|pair| (60 * 60_000..=66 * 60_000).contains(&(pair[1] - pair[0]))), "{sweeps:?}");

    // A click that read everything spares the next one; one of changes alone does not.
    let click = async |scope| {
        host.sync(connection.id, Entity::Stock, scope, Trigger::Click).await.unwrap().unwrap();
        work(&host).await;
        house.clock.now()
    };
    later(&house, &host, 40 * MINUTE).await;
    let clicked = click(Scope::Everything).await;
    later(&house, &host, 50 * MINUTE).await;
    click(Scope::Since(house.clock.now())).await;
    later(&house, &host, 20 * MINUTE).await;
    let next: Vec<i64> = polls(&house, &connection, Entity::Stock)
        .await
        .iter()
        .filter(|run| run.scope == Scope::Everything && run.started > clicked)
        .map(|run| run.started)
        .collect();
    assert!(next.len() == 1 && (60 * 60_000..=66 * 60_000).contains(&(next[0] - clicked)), "{next:?} after {clicked}");
}

#[tokio::test]
async fn a_sweep_that_came_to_no_end_is_none() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Stock, Policy::KeepUpdated).await;
    later(&house, &host, 50 * MINUTE).await;
    let no = guest().pulls(Err(failure(FailureClass::Rejected)));
    later(&house, &house.host(&no).await, 30 * MINUTE).await;
    let before = polls(&house, &connection, Entity::Stock).await;
    assert!(before.iter().filter(|run| run.scope == Scope::Everything && run.state == RunState::Failed).count() > 1);
    later(&house, &house.host(&guest()).await, 10 * MINUTE).await;
    let after = polls(&house, &connection, Entity::Stock).await;
    assert_eq!(after[before.len()].scope, Scope::Everything);
    assert!(after[before.len() + 1..].iter().all(|run| matches!(run.scope, Scope::Since(_))));
}

#[tokio::test]
async fn what_cannot_be_asked_for_at_all_is_tried_once_a_grant() {
    let house = House::new().await;
    let no = guest().on("build-sync-request", give(Err::<connector_host::contract::http::Request, _>(failure(FailureClass::Unsupported))));
    let (connection, host) = chosen(&house, &no, Entity::Customer, Policy::KeepUpdated).await;
    later(&house, &host, 5 * HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::Customer).await.len(), 1);
    assert_eq!(house.store.notices(connection.id).await.unwrap(), []);
    let known = house.store.connection(connection.id).await.unwrap();
    house.grants(&known, &known.account.clone().unwrap().id, Default::default()).await.unwrap();
    later(&house, &host, 5 * HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::Customer).await.len(), 2);
}

#[tokio::test]
async fn of_two_hosts_that_see_the_same_stream_due_one_begins_it() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Product, Policy::KeepUpdated).await;
    work(&host).await;
    house.clock.advance(10 * MINUTE);
    let now = house.clock.now();
    let due = house.store.due(now, 10).await.unwrap();
    let product = *due.iter().find(|due| due.entity == Some(Entity::Product)).unwrap();
    assert!(house.store.poll(product, Some(Scope::Everything), now, now + 60_000).await.unwrap().is_some());
    house.raw().execute("UPDATE run SET state = 'done'", []).unwrap();
    assert_eq!(house.store.poll(product, Some(Scope::Everything), now, now + 90_000).await.unwrap(), None);
    let schedule = house.store.schedule(connection.id).await.unwrap();
    assert!(schedule.contains(&(Entity::Product, now + 60_000)), "{schedule:?}");
}

#[tokio::test]
async fn a_paused_stream_is_not_asked_for_until_a_click_or_a_new_grant() {
    let house = House::new().await;
    let (connection, host) =
        chosen(&house, &guest().pulls(Err(failure(FailureClass::Forbidden))), Entity::Product, Policy::KeepUpdated).await;
    later(&house, &host, 3 * HOUR).await;
    assert_eq!(polls(&house, &connection, Entity::Product).await.len(), 1);
    let known = house.store.connection(connection.id).await.unwrap();
    house.grants(&known, &known.account.clone().unwrap().id, Default::default()).await.unwrap();
    let host = house.host(&guest()).await;
    later(&house, &host, HOUR).await;
    assert!(polls(&house, &connection, Entity::Product).await.len() > 1);
}

#[tokio::test]
async fn a_schedule_outlives_the_process() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Product, Policy::KeepUpdated).await;
    later(&house, &host, 10 * MINUTE).await;
    let before = house.store.schedule(connection.id).await.unwrap();
    assert!(before.iter().any(|(entity, _)| *entity == Entity::Product));
    let house = house.after_a_crash();
    let host = house.host(&guest()).await;
    work(&host).await;
    assert_eq!(house.store.schedule(connection.id).await.unwrap(), before);
    let figures = house.store.figures(connection.id).await.unwrap();
    let shown = before.iter().find(|(entity, _)| *entity == Entity::Product).map(|(_, due)| *due);
    assert_eq!(figures["product"].due, shown, "the page shows it");
}

#[tokio::test]
async fn another_version_of_a_connector_and_other_intervals_plan_anew_and_keep_what_is_planned() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Product, Policy::KeepUpdated).await;
    later(&house, &host, 7 * MINUTE).await;
    let before = house.store.schedule(connection.id).await.unwrap();
    let mut descriptor = make::descriptor();
    let branches = descriptor.flows.iter_mut().find(|flow| flow.entity == Entity::Branch).unwrap();
    branches.policies = vec![Policy::KeepUpdated, Policy::Off];
    let newer = Guest::new(descriptor).pulls(Ok(goods()));
    work(&house.host(&newer).await).await;
    let after = house.store.schedule(connection.id).await.unwrap();
    assert!(before.iter().all(|one| after.contains(one)) && after.iter().any(|(entity, _)| *entity == Entity::Branch), "{after:?}");

    let few = Polls::never().with(Entity::Product, Polls::default().of(Entity::Product).unwrap());
    work(&house.host_with(&newer, HostConfig { polls: few, ..HostConfig::default() }).await).await;
    let after = house.store.schedule(connection.id).await.unwrap();
    assert_eq!(after, before.into_iter().filter(|(entity, _)| *entity == Entity::Product).collect::<Vec<_>>());
}

#[tokio::test]
async fn polls_that_ended_do_not_pile_up() {
    let house = House::new().await;
    let (connection, host) = chosen(&house, &guest(), Entity::Product, Policy::KeepUpdated).await;
    for _ in 0..60 {
        house.clock.advance(17 * MINUTE);
        work(&host).await;
    }
    assert_eq!(polls(&house, &connection, Entity::Product).await.len(), 50);
}

#[tokio::test]
async fn a_command_that_does_one_thing_polls_nothing() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.set_policy(connection.id, Entity::Product, Policy::KeepUpdated).await.unwrap();
    let host = house.host_with(&guest(), HostConfig { polls: Polls::never(), ..HostConfig::default() }).await;
    later(&house, &host, HOUR).await;
    assert_eq!(house.far.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_runner_that_waits_wakes_for_a_poll_and_for_a_new_policy() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let host = house.host(&guest()).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let worker = tokio::spawn({
        let host = host.clone();
        async move { host.work(Stop::Told(stopped)).await }
    });
    let mut progress = host.progress();
    host.set_policy(connection.id, Entity::Product, Policy::KeepUpdated).await.unwrap();
    // Once the runner has planned it, it sleeps until the first poll.
    let due = loop {
        let found = house.store.schedule(connection.id).await.unwrap();
        if let Some((_, due)) = found.iter().find(|(entity, _)| *entity == Entity::Product) {
            break *due;
        }
        tokio::task::yield_now().await;
    };
    house.clock.advance(Duration::from_millis(u64::try_from(due - NOW).unwrap()));
    let told = tokio::time::timeout(Duration::from_secs(20), progress.recv()).await.expect("the runner wakes").unwrap();
    assert!(told.entity == "product" && told.ended);
    stop.send_replace(true);
    worker.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_grant_that_is_about_to_end_is_told_by_the_runner_at_each_mark() {
    let house = House::new().await;
    let draft = house.draft("shop").await;
    let expires = NOW + i64::try_from((31 * DAY).as_millis()).unwrap();
    let account = connector_host::contract::types::Account { expires: Some(expires), ..make::account("business") };
    let connection = house.grants_of(&draft, account, Default::default()).await.unwrap();
    let host = house.host(&guest()).await;
    let mut told = Vec::new();
    for day in 1..=31 {
        house.clock.advance(DAY);
        work(&host).await;
        let notices = house.store.notices(connection.id).await.unwrap();
        for notice in notices.iter().filter(|it| it.code.starts_with("grant.ends-in-")) {
            if !told.iter().any(|(code, _)| *code == notice.code) {
                told.push((notice.code.clone(), 31 - day));
            }
        }
    }
    let marks = [30, 14, 7, 3, 1].map(|days| (format!("grant.ends-in-{days}"), days));
    assert_eq!(told, marks);
    let ended = house.store.connection(connection.id).await.unwrap();
    assert_eq!(ended.pause.unwrap().code, "grant.ended");
}
