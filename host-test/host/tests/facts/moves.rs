//! Moving a connection: what a saved form may not switch, what a login that carries changes leaves alone until its grant, and what comes into
//! force with it, at once.

use std::sync::Arc;

use connector_host::contract::catalog::Change;
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::{Entity, Failure, FailureClass, Reason};
use connector_host::contract::{Page, Policy, Scope, http};
use connector_host::store::{Connection, ConnectionState, RunState, StoreError, Trigger};
use connector_host::work::{Form, FormError, Host, LoginError, Stop};

use crate::guest::{Act, Guest, failure, give, when};
use crate::house::{Far, House, TOKEN, VERIFY, all, open, sealer, secrets};
use crate::make::{self, NEW, NOW, OLD};

const RETURN: &str = "https://nobi.example/landing";
const LANDED: &str = "https://nobi.example/landing?code=once";
const DAY: i64 = 24 * 60 * 60 * 1_000;
const NOW_ONLY: Stop = Stop::Idle(std::time::Duration::ZERO);
const OLD_SECRET: &str = "client-secret-of-before";

fn read(path: &str) -> Act {
    give(Ok::<_, Failure>(http::Request {
        endpoint: "far".to_owned(),
        method: http::Method::Get,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: http::Body::None,
    }))
}

/// A connector of two dialects: each has its own login page, exchange and list of products. The exchange comes to this.
pub(crate) fn bilingual(redeemed: Result<&str, Failure>) -> Guest {
    let redeemed = serde_json::to_value(redeemed.map(make::account)).unwrap();
    let ask = |path| Act::Ask(path, redeemed.clone(), redeemed.clone());
    let page = |id: &str| give(Ok::<_, Failure>(make::page(vec![Change::Product(make::product(id))])));
    Guest::new(make::two_dialects())
        .on("authorize-url", when(NEW, read("/login/new"), read("/login/old")))
        .on("redeem", when(NEW, ask("/token/new"), ask("/token/old")))
        .on("build-sync-request", when(NEW, read("/read/new"), read("/read/old")))
        .on("read-sync-response", when(NEW, page("1"), page("1")))
}

fn answer(path: &str) -> String {
    match path {
        "/token/new" => r#"{"data":{"token":"token-of-the-new-one"}}"#,
        "/token/old" => r#"{"token":"token-of-the-old-one"}"#,
        _ => "{}",
    }
    .to_owned()
}

pub(crate) async fn house() -> House {
    House::beside(Far::answering(answer).await)
}

/// A connection that speaks the old dialect.
pub(crate) async fn settled(house: &House) -> Connection {
    let connection = house.connected("shop").await;
    house.saves(&connection, &[("dialect", OLD)], secrets(&[("client-secret", OLD_SECRET)])).await;
    house.store.connection(connection.id).await.unwrap()
}

fn business(connection: &Connection) -> String {
    connection.account.as_ref().unwrap().id.clone()
}

fn form(values: &[(&str, &str)]) -> Form {
    values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Logs in with these changes: what becomes of it.
pub(crate) async fn moved(host: &Arc<Host>, connection: i64, changes: &[(&str, &str)]) -> Result<Connection, LoginError> {
    let start = host.begin_login_with(connection, RETURN, form(changes)).await?;
    host.end_login(&start.state, LANDED).await
}

async fn notices(house: &House, connection: &Connection) -> Vec<String> {
    house.store.notices(connection.id).await.unwrap().into_iter().map(|notice| notice.code).collect()
}

/// All that the file says of connections, secrets, runs, streams, notices and work.
fn everything(house: &House) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["connection", "secret", "run", "stream", "notice", "work", "link", "outbox", "order_push"] {
        let raw = house.raw();
        let mut statement = raw.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
        let columns = statement.column_count();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap())).collect();
            rows.push(format!("{table}: {}", values.join(" ")));
        }
    }
    rows
}

#[tokio::test]
async fn a_saved_form_does_not_switch_what_the_grant_does_not_cover() {
    let house = house().await;
    let connection = settled(&house).await;
    let host = house.host(&bilingual(Ok("b"))).await;
    let before = everything(&house);
    let refused = host.fill_in(connection.id, form(&[("dialect", NEW), ("orders", "off")])).await.unwrap_err();
    let FormError::NeedsLogin(fields) = &refused else { panic!("{refused}") };
    assert_eq!(fields.iter().map(|field| field.key.as_str()).collect::<Vec<_>>(), ["dialect"]);
    assert!(refused.to_string().contains("đăng nhập") && refused.to_string().contains("new grant"), "{refused}");
    assert_eq!(everything(&house), before, "nothing of the form is kept");
    // What the login does not depend on is kept at once; the same value again is no change, and what is not named stays.
    let kept = host.fill_in(connection.id, form(&[("dialect", OLD), ("orders", "off")])).await.unwrap();
    assert_eq!((kept.settings["orders"].as_str(), kept.settings["dialect"].as_str()), ("off", OLD));
    let kept = host.fill_in(connection.id, form(&[("stock", "off")])).await.unwrap();
    assert_eq!((kept.settings["orders"].as_str(), kept.settings["dialect"].as_str(), kept.settings["stock"].as_str()), ("off", OLD, "off"));
    // Left empty it would get its default, which is the other dialect.
    assert!(matches!(host.fill_in(connection.id, form(&[("dialect", "")])).await, Err(FormError::NeedsLogin(_))));
}

#[tokio::test]
async fn a_draft_s_form_may_say_anything() {
    let house = house().await;
    let draft = house.draft("shop").await;
    let host = house.host(&bilingual(Ok("b"))).await;
    for dialect in [OLD, NEW, OLD] {
        assert_eq!(host.fill_in(draft.id, form(&[("dialect", dialect)])).await.unwrap().settings["dialect"], dialect);
    }
    assert_eq!(host.fill_in(draft.id, form(&[("dialect", "")])).await.unwrap().settings["dialect"], NEW);
}

#[tokio::test]
async fn values_that_nobody_can_log_in_with_are_told_so() {
    let house = house().await;
    let connection = settled(&house).await;
    let guest = bilingual(Ok("b"));
    let guest =
        guest.on("authorize-url", when(NEW, give(Err::<http::Request, _>(failure(FailureClass::Misconfigured))), read("/login/old")));
    let host = house.host(&guest).await;
    assert!(matches!(host.fill_in(connection.id, form(&[("dialect", NEW)])).await, Err(FormError::Failed(_))));
    assert!(matches!(host.begin_login_with(connection.id, RETURN, form(&[("dialect", NEW)])).await, Err(LoginError::Form(_))));
    let wrong = host.begin_login_with(connection.id, RETURN, form(&[("dialect", "dialect-third")])).await;
    assert!(matches!(wrong, Err(LoginError::Form(FormError::Fields(_)))), "the login's values are held against the form");
}

#[tokio::test]
async fn until_the_grant_is_there_the_connection_works_as_it_was() {
    let house = house().await;
    let connection = settled(&house).await;
    let host = house.host(&bilingual(Ok("b"))).await;
    let before = everything(&house);
    let start = host.begin_login_with(connection.id, RETURN, form(&[("dialect", NEW)])).await.unwrap();
    assert_eq!(start.url, format!("{}/login/new", house.far.origin));
    assert_eq!(start.moves.unwrap().en, "dialect: The old one → The new one");
    assert_eq!(everything(&house), before);
    host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(NOW_ONLY).await.unwrap();
    let seen = house.far.seen();
    assert_eq!((seen.len(), seen[0].path.as_str(), seen[0].authorization.as_deref()), (1, "/read/old", Some(TOKEN)));
}

#[tokio::test]
async fn a_login_that_changes_nothing_moves_nothing() {
    let house = house().await;
    let connection = settled(&house).await;
    let host = house.host(&bilingual(Ok(&business(&connection)))).await;
    let start = host.begin_login_with(connection.id, RETURN, form(&[("orders", "off")])).await.unwrap();
    assert_eq!(start.moves, None);
    let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    let step = Page { next: Some("two".to_owned()), ..make::page(Vec::new()) };
    house.store.apply_page(run, connection.footing(), step, all(Policy::CreateOnly), NOW).await.unwrap();
    let renewed = host.end_login(&start.state, LANDED).await.unwrap();
    assert_eq!((renewed.settings["orders"].as_str(), renewed.settings["dialect"].as_str()), ("off", OLD));
    assert_eq!(house.store.run(run).await.unwrap().cursor.as_deref(), Some("two"));
    assert_eq!(notices(&house, &connection).await, ["connected"]);
}

#[tokio::test]
async fn dialect_token_account_and_emptied_cursors_change_together_and_the_rest_stays() {
    let house = house().await;
    let connection = settled(&house).await;
    let policies = all(Policy::CreateOnly);
    house.click(&connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("1"))]).await;
    house.store.order_event(connection.id, make::event("o", 1, OrderEventKind::Created), NOW).await.unwrap();
    house.store.intend(make::intent(&connection, "o", "abcd-1", NOW)).await.unwrap();
    let reason = Reason { code: "forbidden".to_owned(), message: make::words("no right") };
    house.store.pause_stream(connection.footing(), Entity::Customer, reason, NOW).await.unwrap();
    let (mut runs, step) = (Vec::new(), Page { next: Some("two".to_owned()), ..make::page(vec![Change::Product(make::product("1"))]) });
    for (entity, scope) in [
        (Entity::Product, Scope::Everything),
        (Entity::Customer, Scope::Since(NOW - 5)),
        (Entity::Stock, Scope::Only(vec!["1".to_owned()])),
    ] {
        let run = house.store.begin_run(connection.id, entity, scope, Trigger::Click, NOW).await.unwrap().unwrap();
        house.store.apply_page(run, connection.footing(), step.clone(), policies.clone(), NOW).await.unwrap();
        runs.push(run);
    }
    let links = house.store.link_counts(connection.id, Entity::Product).await.unwrap();
    let host = house.host(&bilingual(Ok(&business(&connection)))).await;
    let another = host.begin_login(connection.id, RETURN).await.unwrap();

    let after = moved(&host, connection.id, &[("dialect", NEW)]).await.unwrap();
    assert_eq!((after.settings["dialect"].as_str(), after.settings["app-id"].as_str()), (NEW, "app"));
    assert_eq!((after.state, &after.tag, &after.hook), (ConnectionState::Active, &connection.tag, &connection.hook));
    let kept = house.store.secrets(connection.id).await.unwrap();
    assert_eq!(kept.get("access-token").unwrap().expose(), "token-of-the-new-one");
    assert_eq!((kept.get("verify-token").unwrap().expose(), kept.get("client-secret").unwrap().expose()), (VERIFY, OLD_SECRET));
    for (run, scope) in runs.into_iter().zip([Scope::Everything, Scope::Since(NOW - 5 - DAY), Scope::Only(vec!["1".to_owned()])]) {
        let run = house.store.run(run).await.unwrap();
        assert_eq!((run.state, run.cursor, run.done, run.scope), (RunState::Running, None, 0, scope));
    }
    let streams = house.store.streams(connection.id).await.unwrap();
    assert!(streams.iter().all(|stream| stream.pause.is_none()), "{streams:?}");
    let branch = streams.iter().find(|stream| stream.entity == Entity::Branch).unwrap();
    assert_eq!(branch.last_success, Some(NOW - DAY));
    // Nothing of what was made is lost or made again.
    assert_eq!(house.store.link_counts(connection.id, Entity::Product).await.unwrap(), links);
    assert!(house.store.order_push(connection.id, "o").await.unwrap().earlier.unwrap().may_have_arrived);
    assert_eq!(house.store.next_event(connection.id, "o").await.unwrap().unwrap().earlier.first_sent, Some(NOW));
    // One event, which says from where to where.
    let notices = house.store.notices(connection.id).await.unwrap();
    let moved: Vec<_> = notices.iter().filter(|notice| notice.code != "forbidden").collect();
    assert_eq!(moved.iter().map(|notice| (notice.code.as_str(), notice.times)).collect::<Vec<_>>(), [("connection-moved", 1)]);
    assert!(moved[0].vi.contains("The old one → The new one") && moved[0].vi.contains("Đã chuyển"), "{}", moved[0].vi);
    // A login that was begun with the settings of before is not one for these.
    assert!(matches!(host.end_login(&another.state, LANDED).await, Err(LoginError::Unknown)));
}

#[tokio::test]
async fn secrets_go_into_the_exchange_and_the_token_out_of_it_and_into_the_next_request() {
    let house = house().await;
    let connection = settled(&house).await;
    let host = house.host(&bilingual(Ok(&business(&connection)))).await;
    moved(&host, connection.id, &[("dialect", NEW)]).await.unwrap();
    host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(NOW_ONLY).await.unwrap();
    let seen = house.far.seen();
    assert_eq!(seen.iter().map(|seen| seen.path.as_str()).collect::<Vec<_>>(), ["/token/new", "/read/new"]);
    let sent: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(sent, serde_json::json!({ "secretKey": OLD_SECRET, "with": { "accessCode": "once" } }));
    assert_eq!((seen[0].authorization.as_deref(), seen[1].authorization.as_deref()), (None, Some("token-of-the-new-one")));
}

#[tokio::test]
async fn what_was_under_way_is_pulled_anew_in_the_new_dialect_and_nothing_is_made_twice() {
    let house = house().await;
    let connection = settled(&house).await;
    let host = house.host(&bilingual(Ok(&business(&connection)))).await;
    host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    host.work(NOW_ONLY).await.unwrap();
    let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    moved(&host, connection.id, &[("dialect", NEW)]).await.unwrap();
    host.work(NOW_ONLY).await.unwrap();
    let run = house.store.run(run).await.unwrap();
    assert_eq!((run.state, run.tally.get("product.created")), (RunState::Done, 0));
    assert_eq!(house.far.asked(), ["/read/old", "/token/new", "/read/new"]);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), 1);
}

#[tokio::test]
async fn going_back_is_a_move_too() {
    let house = house().await;
    let connection = settled(&house).await;
    let host = house.host(&bilingual(Ok(&business(&connection)))).await;
    moved(&host, connection.id, &[("dialect", NEW)]).await.unwrap();
    let back = moved(&host, connection.id, &[("dialect", OLD)]).await.unwrap();
    assert_eq!(back.settings["dialect"], OLD);
    assert_eq!(house.store.secrets(connection.id).await.unwrap().get("access-token").unwrap().expose(), "token-of-the-old-one");
    assert_eq!(notices(&house, &connection).await, ["connection-moved"], "the move before is not true any more");
}

#[tokio::test]
async fn another_business_is_refused_and_then_nothing_has_changed() {
    let house = house().await;
    let connection = settled(&house).await;
    house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap();
    let before = everything(&house);
    let refused =
        moved(&house.host(&bilingual(Ok("another"))).await, connection.id, &[("dialect", NEW), ("client-secret", "another")]).await;
    assert!(matches!(&refused, Err(LoginError::Store(StoreError::Refused(text))) if text.contains("another")), "{refused:?}");
    assert_eq!(everything(&house), before);
}

#[tokio::test]
async fn an_exchange_that_fails_leaves_the_old_grant_fully_working() {
    let lost = |path: &str| if path.starts_with("/token") { "<html>".to_owned() } else { answer(path) };
    for (far, redeemed) in [
        (Far::answering(answer).await, Err(failure(FailureClass::Unauthorized))),
        (Far::answering(answer).await, Err(failure(FailureClass::Ambiguous))),
        (Far::answering(lost).await, Ok("business-1")),
    ] {
        let house = House::beside(far);
        let connection = settled(&house).await;
        let host = house.host(&bilingual(redeemed)).await;
        let before = everything(&house);
        let failed = moved(&host, connection.id, &[("dialect", NEW), ("client-secret", "of-the-new-app")]).await;
        assert!(matches!(failed, Err(LoginError::Failed(_))), "{failed:?}");
        assert_eq!(everything(&house), before);
        host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
        host.work(NOW_ONLY).await.unwrap();
        let last = house.far.seen().pop().unwrap();
        assert_eq!((last.path.as_str(), last.authorization.as_deref()), ("/read/old", Some(TOKEN)));
    }
}

#[tokio::test]
async fn a_secret_that_a_login_carries_is_used_by_it_kept_with_its_grant_and_never_in_clear() {
    let house = house().await;
    let connection = settled(&house).await;
    let host = house.host(&bilingual(Ok(&business(&connection)))).await;
    let fresh = "client-secret-of-the-new-app";
    let start = host.begin_login_with(connection.id, RETURN, form(&[("dialect", NEW), ("client-secret", fresh)])).await.unwrap();
    for suffix in ["", "-wal"] {
        let mut path = house.file().into_os_string();
        path.push(suffix);
        assert!(!std::fs::read(path).unwrap().windows(fresh.len()).any(|part| part == fresh.as_bytes()), "host.sqlite{suffix}");
    }
    let kept = async || house.store.secrets(connection.id).await.unwrap().get("client-secret").unwrap().expose().to_owned();
    assert_eq!(kept().await, OLD_SECRET);
    host.end_login(&start.state, LANDED).await.unwrap();
    assert!(house.far.seen()[0].body.contains(fresh), "{:?}", house.far.seen());
    assert_eq!(kept().await, fresh);
}

#[tokio::test]
async fn a_grant_that_was_asked_for_with_other_settings_than_there_are_by_now_is_refused() {
    let house = house().await;
    let before = settled(&house).await;
    let host = house.host(&bilingual(Ok(&business(&before)))).await;
    let after = moved(&host, before.id, &[("dialect", NEW)]).await.unwrap();
    // An exchange of the old dialect whose answer was slow.
    let late = house.grants(&before, &business(&before), secrets(&[("access-token", "late")])).await;
    assert!(matches!(&late, Err(StoreError::Refused(_))), "{late:?}");
    assert_eq!(house.store.secrets(before.id).await.unwrap().get("access-token").unwrap().expose(), "token-of-the-new-one");
    // One with the same settings as there are is as good as the other.
    let twin = Connection { generation: after.generation - 1, ..after };
    assert!(house.grants(&twin, &business(&before), secrets(&[("access-token", "fresh")])).await.is_ok());
}

#[tokio::test]
async fn a_form_that_was_open_while_the_connection_moved_is_not_kept() {
    let house = house().await;
    let before = settled(&house).await;
    moved(&house.host(&bilingual(Ok(&business(&before)))).await, before.id, &[("dialect", NEW)]).await.unwrap();
    let changes = connector_host::store::Changes { settings: [("dialect".to_owned(), Some(OLD.to_owned()))].into(), ..Default::default() };
    let late = house.store.save_form(before.footing(), "app-id", changes, NOW).await;
    assert!(matches!(late, Err(StoreError::Superseded)), "{late:?}");
    assert_eq!(house.store.connection(before.id).await.unwrap().settings["dialect"], NEW);
}

#[tokio::test]
async fn what_the_old_grant_was_told_is_not_answered_from_memory() {
    let house = house().await;
    let connection = settled(&house).await;
    let mut descriptor = make::two_dialects();
    descriptor.endpoints[0].routes[0].cache_ms = Some(24 * 60 * 60 * 1_000);
    descriptor.endpoints[0].routes[0].splices.clear();
    let mut guest = bilingual(Ok(&business(&connection))).on("build-sync-request", read("/read/both"));
    guest.describes(descriptor);
    let host = house.host(&guest).await;
    let pull = async || {
        host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
        host.work(NOW_ONLY).await.unwrap();
        house.far.asked().iter().filter(|path| *path == "/read/both").count()
    };
    assert_eq!((pull().await, pull().await), (1, 1));
    moved(&host, connection.id, &[("dialect", NEW)]).await.unwrap();
    assert_eq!((pull().await, pull().await), (2, 2));
}

#[tokio::test]
async fn a_file_of_the_version_before_opens_and_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.sqlite");
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(include_str!("../../src/store/sqlite/schema.sql")).unwrap();
    file.execute_batch(&format!(
        r#"PRAGMA user_version = 1;
        INSERT INTO connection (id, tenant, connector, tag, hook, state, settings, overrides, account, app, account_id, created)
        VALUES (7, 'shop', 'scripted', 'abcd', 'hook', 'active', '{{"dialect":"{OLD}"}}', '{{}}',
                '{{"id":"b","name":null,"expires":null,"permissions":[],"branches":[]}}', 'app', 'b', {NOW});
        INSERT INTO run (id, connection, entity, trigger, scope, state, cursor, started)
        VALUES (3, 7, 'product', '"click"', '{{"Since":{NOW}}}', 'running', 'two', {NOW});
        INSERT INTO pending_login (state, connection, created) VALUES (x'{}', 7, {NOW});"#,
        "07".repeat(32)
    ))
    .unwrap();
    drop(file);
    let store = open(&path, sealer("ab")).unwrap();
    let connection = store.connection(7).await.unwrap();
    assert_eq!((connection.generation, connection.unreadable_since, connection.settings["dialect"].as_str()), (0, None, OLD));
    let login = store.take_login([7; 32], NOW).await.unwrap().unwrap();
    assert_eq!((login.connection, login.changes.settings.len()), (7, 0));
    let step = Page { next: Some("three".to_owned()), ..make::page(vec![Change::Product(make::product("1"))]) };
    store.apply_page(3, connection.footing(), step, all(Policy::CreateOnly), NOW).await.unwrap();
    assert_eq!(store.run(3).await.unwrap().cursor.as_deref(), Some("three"));
    // Opening it again changes nothing more.
    drop(store);
    assert_eq!(open(&path, sealer("ab")).unwrap().connection(7).await.unwrap().tag, "abcd");
}
