//! Pulls through the host: what a page, a failure and a broken guest turn into.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_host::contract::catalog::Change;
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Page, Scope};
use connector_host::store::{ConnectionState, Run, RunState, Trigger};
use connector_host::work::{HostConfig, Stop, SyncError};

use crate::guest::{Act, Guest, failure, give, when};
use crate::house::{Far, House};
use crate::make::{self, NOW};

fn goods() -> Page {
    make::page(vec![Change::Product(make::product("1"))])
}

fn guest() -> Guest {
    Guest::new(make::descriptor())
}

/// Works until nothing is due now.
const NOW_ONLY: Stop = Stop::Idle(Duration::ZERO);

/// A click on "products", worked on once.
async fn clicked(house: &House, guest: &Guest) -> (connector_host::store::Connection, Run) {
    let connection = house.connected("shop").await;
    let host = house.host(guest).await;
    let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(NOW_ONLY).await.unwrap();
    let connection = house.store.connection(connection.id).await.unwrap();
    (connection, house.store.run(run).await.unwrap())
}

#[tokio::test]
async fn where_nobody_has_logged_in_nothing_is_queued() {
    let house = House::new().await;
    let draft = house.draft("shop").await;
    let host = house.host(&guest().pulls(Ok(goods()))).await;
    let begun = host.sync(draft.id, Entity::Product, Scope::Everything, Trigger::Click).await;
    assert!(matches!(begun, Err(SyncError::NoGrant)), "{begun:?}");
    assert!(house.store.runs(draft.id, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_step_is_one_request_and_its_page_is_applied() {
    let house = House::new().await;
    let (_, run) = clicked(&house, &guest().pulls(Ok(goods()))).await;
    assert_eq!((run.state, run.tally.get("product.created")), (RunState::Done, 1));
    assert_eq!(house.far.asked(), ["/read/page"]);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 0);
}

#[tokio::test]
async fn a_run_that_ended_before_a_crash_is_not_begun_again() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let run = house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    house.claim(NOW, false).await.unwrap();
    house
        .store
        .apply_page(run, connection.footing(), goods(), crate::house::all(connector_host::contract::Policy::CreateOnly), NOW)
        .await
        .unwrap();
    let house = house.after_a_crash();
    house.host(&guest().pulls(Ok(goods()))).await.work(NOW_ONLY).await.unwrap();
    assert_eq!(house.far.asked(), Vec::<String>::new());
    assert_eq!(house.see::<u32>("SELECT count(*) FROM work"), 0);
}

#[tokio::test]
async fn a_transient_failure_is_tried_again_later_with_more_and_more_patience() {
    let house = House::new().await;
    let (_, run) = clicked(&house, &guest().pulls(Err(failure(FailureClass::Transient)))).await;
    assert_eq!((run.state, run.failure.map(|failure| failure.code)), (RunState::Waiting, Some("test.failure".to_owned())));
    let mut due = vec![house.next_due().await.unwrap() - NOW];
    house.clock.advance(Duration::from_secs(1));
    let host = house.host(&guest().pulls(Err(failure(FailureClass::Transient)))).await;
    host.work(NOW_ONLY).await.unwrap();
    due.push(house.next_due().await.unwrap() - house.clock.now());
    assert!(due[0] == 1_000 && (1_000..=3_000).contains(&due[1]), "{due:?}");
    house.clock.advance(Duration::from_secs(3));
    house.host(&guest().pulls(Ok(goods()))).await.work(NOW_ONLY).await.unwrap();
    let run = house.store.run(run.id).await.unwrap();
    assert_eq!((run.state, run.failure), (RunState::Done, None));
}

#[tokio::test]
async fn a_remembered_answer_that_led_to_a_failure_is_not_believed_twice() {
    let house = House::new().await;
    let mut descriptor = make::descriptor();
    descriptor.endpoints[0].routes[0].cache_ms = Some(24 * 60 * 60 * 1_000);
    let guest = |page| Guest::new(descriptor.clone()).pulls(page);
    let connection = house.connected("shop").await;
    let host = house.host(&guest(Err(failure(FailureClass::Transient)))).await;
    host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(NOW_ONLY).await.unwrap();
    house.clock.advance(Duration::from_secs(1));
    host.work(NOW_ONLY).await.unwrap();
    assert_eq!(house.far.asked().len(), 2);
}

#[tokio::test]
async fn a_dead_token_pauses_the_connection_and_the_run_goes_on_after_the_next_login() {
    let house = House::new().await;
    let (connection, run) = clicked(&house, &guest().pulls(Err(failure(FailureClass::Unauthorized)))).await;
    assert_eq!((connection.state, run.state), (ConnectionState::Paused, RunState::Waiting));
    assert_eq!(house.store.notices(connection.id).await.unwrap().len(), 1);
    let business = connection.account.clone().unwrap().id;
    house.grants(&connection, &business, Default::default()).await.unwrap();
    house.host(&guest().pulls(Ok(goods()))).await.work(NOW_ONLY).await.unwrap();
    assert_eq!(house.store.run(run.id).await.unwrap().state, RunState::Done);
}

#[tokio::test]
async fn a_missing_right_pauses_that_stream_alone() {
    let house = House::new().await;
    let (connection, run) = clicked(&house, &guest().pulls(Err(failure(FailureClass::Forbidden)))).await;
    assert_eq!((connection.state, run.state), (ConnectionState::Active, RunState::Failed));
    let streams = house.store.streams(connection.id).await.unwrap();
    assert!(streams.len() == 1 && streams[0].entity == Entity::Product && streams[0].pause.is_some(), "{streams:?}");
    // A run that ends well is the proof that it may go on.
    let host = house.host(&guest().pulls(Ok(goods()))).await;
    host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(NOW_ONLY).await.unwrap();
    assert!(house.store.streams(connection.id).await.unwrap()[0].pause.is_none());
}

#[tokio::test]
async fn a_guest_that_traps_ends_its_run_with_a_notice_and_another_connection_goes_on() {
    let house = House::new().await;
    let request = guest().pulls(Ok(goods()));
    let (connection, run) = clicked(&house, &request.clone().on("read-sync-response", Act::Trap)).await;
    assert_eq!((run.state, run.failure.unwrap().code.as_str()), (RunState::Failed, "host.connector-stopped"));
    assert_eq!(house.store.notices(connection.id).await.unwrap()[0].code, "host.connector-stopped");
    let (_, run) = clicked(&house, &request).await;
    assert_eq!(run.state, RunState::Done);
}

#[tokio::test]
async fn a_guest_that_sends_in_a_pure_call_is_denied_and_nothing_leaves() {
    let house = House::new().await;
    let told = |text: &str| {
        serde_json::to_value(Err::<Page, _>(connector_host::contract::types::Failure {
            code: text.to_owned(),
            ..failure(FailureClass::Rejected)
        }))
    };
    let sly = guest().pulls(Ok(goods())).on("read-sync-response", Act::Ask("/write/order", told("sent").unwrap(), told("denied").unwrap()));
    let (_, run) = clicked(&house, &sly).await;
    assert_eq!(run.failure.unwrap().code, "denied");
    assert_eq!(house.far.asked(), ["/read/page"]);
}

#[tokio::test]
async fn a_path_that_the_connector_did_not_declare_is_never_asked_for() {
    let house = House::new().await;
    let mut descriptor = make::descriptor();
    descriptor.endpoints[0].routes.retain(|route| route.path_prefix != "/read");
    let (_, run) = clicked(&house, &Guest::new(descriptor).pulls(Ok(goods()))).await;
    assert_eq!(run.failure.unwrap().code, "host.denied");
    assert_eq!(house.far.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_does_not_flow_into_nobi_is_not_pulled() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let host = house.host(&guest()).await;
    for entity in [Entity::User, Entity::CustomerGroup, Entity::Order] {
        let refused = host.sync(connection.id, entity, Scope::Everything, Trigger::Click).await;
        assert!(matches!(refused, Err(SyncError::Unsupported(_))), "{entity:?}");
    }
    assert_eq!(house.see::<u32>("SELECT count(*) FROM run"), 0);
}

#[tokio::test]
async fn one_worker_alone_still_pulls() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let host = house.host_with(&guest().pulls(Ok(goods())), HostConfig { workers: 1, ..HostConfig::default() }).await;
    let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(20), host.work(NOW_ONLY)).await.expect("it comes to an end").unwrap();
    assert_eq!(house.store.run(run).await.unwrap().state, RunState::Done);
}

#[tokio::test]
async fn a_host_that_is_told_to_stop_finishes_and_stops() {
    let house = House::new().await;
    let host = house.host(&guest().on("build-sync-request", give(Err::<(), _>(failure(FailureClass::Rejected))))).await;
    let (stop, told) = tokio::sync::watch::channel(false);
    let working = tokio::spawn({
        let host = host.clone();
        async move { host.work(Stop::Told(told)).await }
    });
    stop.send(true).unwrap();
    working.await.unwrap().unwrap();
}

/// Pages without an end, until the other side answers with the last one.
fn many_pages() -> Guest {
    let more = Page { next: Some("more".to_owned()), ..make::page(Vec::new()) };
    guest().pulls(Ok(more.clone())).on("read-sync-response", when("the last page", give(Ok(make::page(Vec::new()))), give(Ok(more))))
}

#[tokio::test]
async fn a_long_pull_lets_others_have_their_turn() {
    let file: Arc<Mutex<Option<std::path::PathBuf>>> = Arc::default();
    let asking: Arc<Mutex<Vec<i64>>> = Arc::default();
    let far = Far::answering({
        let (file, asking) = (file.clone(), asking.clone());
        move |_| {
            let known = rusqlite::Connection::open(file.lock().unwrap().clone().unwrap()).unwrap();
            let asks = known.query_row("SELECT connection FROM work WHERE state = 'running'", [], |row| row.get(0)).unwrap();
            let mut asking = asking.lock().unwrap();
            asking.push(asks);
            let last = asking.iter().filter(|one| **one == asks).count() == 60;
            if last { "the last page" } else { "{}" }.to_owned()
        }
    });
    let house = House::beside(far.await);
    *file.lock().unwrap() = Some(house.file());
    let host = house.host_with(&many_pages(), HostConfig { workers: 1, ..HostConfig::default() }).await;
    for _ in 0..2 {
        let connection = house.connected("shop").await;
        host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap();
    }
    host.work(NOW_ONLY).await.unwrap();
    let asking = asking.lock().unwrap();
    assert_eq!(asking.len(), 120);
    let second = asking.iter().position(|one| *one == 2).unwrap();
    assert!(second < 30, "the second waits for {second} pages of the first");
}

#[tokio::test]
async fn a_host_that_is_told_to_stop_leaves_a_pull_after_its_page_and_goes_on_there_later() {
    let (stop, told) = tokio::sync::watch::channel(false);
    let pages = Arc::new(AtomicUsize::new(0));
    let far = Far::answering({
        let pages = pages.clone();
        move |_| match pages.fetch_add(1, Ordering::SeqCst) + 1 {
            3 => {
                stop.send_replace(true);
                "{}".to_owned()
            }
            12.. => "the last page".to_owned(),
            _ => "{}".to_owned(),
        }
    });
    let house = House::beside(far.await);
    let connection = house.connected("shop").await;
    let host = house.host(&many_pages()).await;
    let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(Stop::Told(told)).await.unwrap();
    let left = house.store.run(run).await.unwrap();
    assert_eq!((left.state, left.cursor.as_deref()), (RunState::Running, Some("more")));
    assert!(pages.load(Ordering::SeqCst) < 6, "{pages:?}");
    let house = house.after_a_crash();
    house.host(&many_pages()).await.work(NOW_ONLY).await.unwrap();
    assert_eq!((house.store.run(run).await.unwrap().state, pages.load(Ordering::SeqCst)), (RunState::Done, 12));
}

#[tokio::test]
async fn a_list_that_leads_on_for_ever_is_left_with_a_notice() {
    for records in [0, 3] {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        let changes = (0..records).map(|number| Change::Product(make::product(&number.to_string()))).collect();
        let page = connector_host::contract::Page { next: Some("more".to_owned()), ..make::page(changes) };
        let config = connector_host::work::HostConfig { records_most: 2_500, ..Default::default() };
        let host = house.host_with(&Guest::new(make::descriptor()).pulls(Ok(page)), config).await;
        let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
        host.work(Stop::Idle(std::time::Duration::ZERO)).await.unwrap();
        let ended = house.store.run(run).await.unwrap();
        assert_eq!((ended.state, ended.failure.unwrap().code.as_str()), (RunState::Failed, "host.too-many-records"));
        assert_eq!(house.far.asked().len(), 26, "each page counts as a hundred at the least, also over the turns that a pull takes");
        let notices = house.store.notices(connection.id).await.unwrap();
        assert!(notices.iter().any(|notice| notice.code == "host.too-many-records" && notice.vi.contains("2600")), "{notices:?}");
    }
}
