//! A connection that gets nothing but web pages and "not found": how long that may last, whose words it pauses with, and what ends it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, Failure, FailureClass};
use connector_host::contract::{CheckLine, Scope, Verdict};
use connector_host::store::{Connection, ConnectionState, RunState, Trigger};
use connector_host::work::{Host, Stop};

use crate::guest::{Act, Guest, failure, give, when};
use crate::house::{Far, House};
use crate::make::{self, NOW};

const HOUR: Duration = Duration::from_secs(60 * 60);
const PAGE: &str = "<!doctype html><h1>404</h1>";

/// Another side that answers with what is in here.
struct Said(Arc<Mutex<&'static str>>);

impl Said {
    fn set(&self, body: &'static str) {
        *self.0.lock().unwrap() = body;
    }
}

async fn house() -> (House, Said) {
    let said = Arc::new(Mutex::new(PAGE));
    let answers = said.clone();
    (House::beside(Far::answering(move |_| answers.lock().unwrap().to_owned()).await), Said(said))
}

fn line(code: &str, verdict: Verdict) -> CheckLine {
    CheckLine { code: code.to_owned(), verdict, message: make::words(&format!("{code} is so")), fix: None }
}

fn checks(lines: &[CheckLine]) -> Act {
    let answer = serde_json::to_value(Ok::<_, Failure>(lines)).unwrap();
    Act::Ask("/read/check", answer.clone(), answer)
}

/// A connector that can read neither pages nor what is cut off, and whose check comes to this.
fn guest(check: Act) -> Guest {
    let unreadable = || give(Err::<connector_host::contract::Page, _>(failure(FailureClass::Transient)));
    let read = give(Ok::<_, Failure>(make::page(vec![Change::Product(make::product("1"))])));
    Guest::new(make::descriptor())
        .pulls(Ok(make::page(Vec::new())))
        .on("read-sync-response", when("<!doctype", unreadable(), when("cut off", unreadable(), read)))
        .on("check", check)
}

fn ended() -> Act {
    checks(&[line("check.first", Verdict::Ok), line("check.version", Verdict::Failed), line("check.third", Verdict::Failed)])
}

async fn clicked(house: &House, guest: &Guest) -> (Connection, Arc<Host>, i64) {
    let connection = house.connected("shop").await;
    let host = house.host(guest).await;
    let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
    (connection, host, run)
}

async fn later(house: &House, host: &Arc<Host>, by: Duration) {
    house.clock.advance(by);
    host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
}

async fn state(house: &House, connection: &Connection) -> (ConnectionState, Option<String>) {
    let connection = house.store.connection(connection.id).await.unwrap();
    (connection.state, connection.pause.map(|reason| reason.code))
}

fn checked(house: &House) -> usize {
    house.far.asked().iter().filter(|path| *path == "/read/check").count()
}

#[tokio::test]
async fn a_day_of_nothing_but_pages_pauses_with_the_first_line_of_the_check_that_fails() {
    let (house, said) = house().await;
    let (connection, host, run) = clicked(&house, &guest(ended())).await;
    assert_eq!(house.store.connection(connection.id).await.unwrap().unreadable_since, Some(NOW));
    later(&house, &host, 23 * HOUR).await;
    assert_eq!((state(&house, &connection).await.0, checked(&house)), (ConnectionState::Active, 0));
    later(&house, &host, HOUR).await;
    assert_eq!(state(&house, &connection).await, (ConnectionState::Paused, Some("check.version".to_owned())));
    let notices = house.store.notices(connection.id).await.unwrap();
    assert_eq!(notices.iter().map(|notice| (notice.vi.as_str(), notice.times)).collect::<Vec<_>>(), [("check.version is so", 1)]);
    assert_eq!(checked(&house), 1);
    // It rests now, nothing of it is dropped, and a new grant sets it going.
    later(&house, &host, 48 * HOUR).await;
    assert_eq!((checked(&house), house.store.run(run).await.unwrap().state), (1, RunState::Waiting));
    said.set("{}");
    let business = connection.account.clone().unwrap().id;
    let paused = house.store.connection(connection.id).await.unwrap();
    assert_eq!(house.grants(&paused, &business, Default::default()).await.unwrap().unreadable_since, None);
    later(&house, &host, Duration::ZERO).await;
    assert_eq!(house.store.run(run).await.unwrap().state, RunState::Done);
}

#[tokio::test]
async fn one_readable_answer_begins_the_day_anew() {
    let (house, said) = house().await;
    let (connection, host, run) = clicked(&house, &guest(ended())).await;
    said.set("{}");
    later(&house, &host, 23 * HOUR).await;
    assert_eq!(house.store.run(run).await.unwrap().state, RunState::Done);
    assert_eq!(house.store.connection(connection.id).await.unwrap().unreadable_since, None);
    said.set(PAGE);
    host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    later(&house, &host, 2 * HOUR).await;
    later(&house, &host, 23 * HOUR).await;
    assert_eq!((state(&house, &connection).await.0, checked(&house)), (ConnectionState::Active, 0));
    later(&house, &host, HOUR).await;
    assert_eq!(state(&house, &connection).await.0, ConnectionState::Paused);
}

#[tokio::test]
async fn what_is_cut_off_or_never_came_is_no_page_however_long_it_lasts() {
    let (house, said) = house().await;
    said.set(r#"{"cut off": "#);
    let (connection, host, run) = clicked(&house, &guest(ended())).await;
    for _ in 0..3 {
        later(&house, &host, 24 * HOUR).await;
    }
    assert_eq!((state(&house, &connection).await.0, checked(&house)), (ConnectionState::Active, 0));
    assert_eq!(house.store.run(run).await.unwrap().state, RunState::Waiting);

    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut house = House::new().await;
    house.far.origin = format!("http://{nobody}");
    let (connection, host, _) = clicked(&house, &guest(ended())).await;
    for _ in 0..3 {
        later(&house, &host, 24 * HOUR).await;
    }
    assert_eq!(state(&house, &connection).await.0, ConnectionState::Active);
}

#[tokio::test]
async fn a_check_that_holds_ends_the_silence_and_one_that_shows_nothing_leaves_it() {
    for (lines, since) in [
        (vec![line("check.first", Verdict::Unknown), line("check.second", Verdict::Ok)], None),
        (vec![line("check.first", Verdict::Unknown), line("check.second", Verdict::Warning)], Some(NOW)),
    ] {
        let (house, _) = house().await;
        let (connection, host, _) = clicked(&house, &guest(checks(&lines))).await;
        later(&house, &host, 24 * HOUR).await;
        assert_eq!((state(&house, &connection).await.0, checked(&house)), (ConnectionState::Active, 1));
        assert_eq!(house.store.connection(connection.id).await.unwrap().unreadable_since, since);
    }
}

#[tokio::test]
async fn where_the_connector_has_no_words_the_host_has_its_own() {
    for check in [Act::Trap, give(Err::<Vec<CheckLine>, _>(failure(FailureClass::Transient)))] {
        let (house, _) = house().await;
        let (connection, host, _) = clicked(&house, &guest(check)).await;
        later(&house, &host, 24 * HOUR).await;
        assert_eq!(state(&house, &connection).await, (ConnectionState::Paused, Some("host.interface-gone".to_owned())));
        let notice = house.store.notices(connection.id).await.unwrap().remove(0);
        assert!(notice.vi.contains("nâng cấp kết nối") && notice.en.contains("upgrade the connection"), "{notice:?}");
    }
}

#[tokio::test]
async fn an_order_that_gets_nothing_but_pages_counts_and_stays_may_have_arrived() {
    let (house, _) = house().await;
    let connection = house.connected("shop").await;
    let lost = Err(failure(FailureClass::Ambiguous));
    let host = house.host(&guest(ended()).pushes("abcd-1", lost)).await;
    host.order_event(connection.id, make::event("o", 1, OrderEventKind::Created)).await.unwrap();
    later(&house, &host, Duration::ZERO).await;
    assert_eq!(house.store.connection(connection.id).await.unwrap().unreadable_since, Some(NOW));
    later(&house, &host, 24 * HOUR).await;
    assert_eq!(state(&house, &connection).await, (ConnectionState::Paused, Some("check.version".to_owned())));
    assert!(house.store.order_push(connection.id, "o").await.unwrap().earlier.unwrap().may_have_arrived);
    assert!(house.store.next_event(connection.id, "o").await.unwrap().is_some());
}

#[tokio::test]
async fn a_page_that_the_connector_can_read_is_an_answer() {
    let (house, _) = house().await;
    let reads = guest(ended()).on("read-sync-response", give(Ok::<_, Failure>(make::page(Vec::new()))));
    let (connection, _, run) = clicked(&house, &reads).await;
    assert_eq!(house.store.run(run).await.unwrap().state, RunState::Done);
    assert_eq!(house.store.connection(connection.id).await.unwrap().unreadable_since, None);
}
