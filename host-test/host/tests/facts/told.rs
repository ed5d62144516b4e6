//! What people are told is so, and is told no longer than it is: notices, times, warnings, webhooks, and a business that is connected once.

use connector_host::contract::catalog::{Branch, Change, Gone};
use connector_host::contract::types::{Entity, FailureClass, Reason, Warning};
use connector_host::contract::{Accepted, Policy, Scope};
use connector_host::store::{Changes, Grant, Halt, Probe, StoreError, Trigger};

use crate::guest::failure;
use crate::house::{House, all, secrets};
use crate::make::{self, NOW};

const HOUR: i64 = 60 * 60 * 1_000;

async fn told(house: &House, connection: i64) -> Vec<String> {
    house.store.notices(connection).await.unwrap().into_iter().map(|notice| notice.code).collect()
}

fn warning(code: &str, subject: &str) -> Warning {
    Warning { code: code.to_owned(), message: make::words(code), subject: Some(subject.to_owned()), field: None }
}

#[tokio::test]
async fn a_stream_s_notice_names_it_and_goes_when_the_stream_runs_again() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    for halt in [Halt::PauseStream, Halt::GiveUp] {
        let run = house.store.begin_run(connection.id, Entity::Customer, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
        house.store.halt_run(run, connection.footing(), failure(FailureClass::Forbidden), halt, NOW).await.unwrap();
        let notices = house.store.notices(connection.id).await.unwrap();
        assert_eq!(notices.iter().map(|it| it.about.as_str()).collect::<Vec<_>>(), ["customer"]);
        house.click(&connection, Entity::Product, &all(Policy::CreateOnly), Vec::new()).await;
        assert_eq!(told(&house, connection.id).await.len(), 1, "another stream says nothing of it");
        house.click(&connection, Entity::Customer, &all(Policy::CreateOnly), Vec::new()).await;
        assert!(told(&house, connection.id).await.is_empty());
    }
}

#[tokio::test]
async fn another_grant_takes_back_what_was_said_of_the_one_before() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let reason = |code: &str| Reason { code: code.to_owned(), message: make::words(code) };
    house.store.pause_stream(connection.footing(), Entity::Customer, reason("no-right"), NOW).await.unwrap();
    house.store.pause(connection.footing(), NOW, reason("dead")).await.unwrap();
    house.store.notify_once(connection.id, NOW, "grant.ends-in-30", "grant.", make::words("30")).await.unwrap();
    house.store.notify_once(connection.id, NOW, "grant.ends-in-14", "grant.", make::words("14")).await.unwrap();
    assert_eq!(
        told(&house, connection.id).await,
        ["no-right", "dead", "grant.ends-in-14"],
        "a nearer end takes the place of a farther one"
    );
    house.grants(&connection, "business-1", secrets(&[("access-token", "another-token-0123")])).await.unwrap();
    assert!(told(&house, connection.id).await.is_empty());
}

#[tokio::test]
async fn a_record_that_was_deleted_is_named_and_its_notice_goes_when_it_is_there_again() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::CreateOnly);
    let rows = || (1..=30).map(|id| Change::Product(make::with_sku(&id.to_string(), &format!("SKU{id}")))).collect::<Vec<_>>();
    house.click(&connection, Entity::Product, &policies, rows()).await;
    let gone = |id: u32| Change::Gone(Gone { entity: Entity::Product, id: id.to_string() });
    house.click(&connection, Entity::Product, &policies, vec![gone(1)]).await;
    let notice = house.store.notices(connection.id).await.unwrap().remove(0);
    assert_eq!((notice.code.as_str(), notice.about.as_str()), ("gone.product", "product/1"));
    assert!(notice.vi.contains("\"Hàng 1 (SKU1)\"") && notice.en.contains("\"Hàng 1 (SKU1)\""), "{notice:?}");
    house.click(&connection, Entity::Product, &policies, (2..=30).map(gone).collect()).await;
    let notices = house.store.notices(connection.id).await.unwrap();
    assert_eq!((notices.len(), notices.iter().map(|it| it.times).sum::<u32>()), (20, 30), "the rest is counted");
    house.click(&connection, Entity::Product, &policies, rows()).await;
    assert!(told(&house, connection.id).await.is_empty());
}

#[tokio::test]
async fn a_person_who_has_seen_a_notice_sees_it_no_more_and_takes_away_no_other_s() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("other").await);
    for id in [one.id, other.id] {
        house.store.notify(id, NOW, "", "slip", make::words("a slip")).await.unwrap();
    }
    let notice = house.store.notices(one.id).await.unwrap().remove(0).id.unwrap();
    house.store.seen(other.id, notice).await.unwrap();
    assert_eq!((told(&house, one.id).await.len(), told(&house, other.id).await.len()), (1, 1));
    house.store.seen(one.id, notice).await.unwrap();
    assert_eq!((told(&house, one.id).await.len(), told(&house, other.id).await.len()), (0, 1));
}

#[tokio::test]
async fn the_time_that_people_read_is_when_it_ended_well_and_no_move_takes_it_back() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let streams = async || {
        let stream = house.store.streams(connection.id).await.unwrap().remove(0);
        (stream.last_success, stream.succeeded)
    };
    for began in [NOW - HOUR, NOW] {
        let run = house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, began).await.unwrap().unwrap();
        house.store.apply_page(run, connection.footing(), make::page(Vec::new()), all(Policy::CreateOnly), began + HOUR).await.unwrap();
        assert_eq!(streams().await, (Some(began), Some(began + HOUR)), "the mark is where it began");
    }
    let grant = Grant {
        footing: connection.footing(),
        settings: connection.settings.clone(),
        account: make::account("business-1"),
        captured: secrets(&[]),
        changes: Changes::default(),
        app_field: "app-id".to_owned(),
        moved: Some(std::time::Duration::from_secs(24 * 60 * 60)),
        told: None,
    };
    house.store.grant(grant, NOW + 2 * HOUR).await.unwrap();
    assert_eq!(streams().await, (Some(NOW - 24 * HOUR), Some(NOW + HOUR)), "the mark reaches back, the time stays");
    house.store.set_policy(connection.id, Entity::Product, Policy::KeepUpdated).await.unwrap();
    assert_eq!(streams().await, (None, Some(NOW + HOUR)));
}

#[tokio::test]
async fn a_run_counts_records_whatever_the_other_side_counts() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let run = house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    for (index, ids) in [["1", "2"], ["3", "4"]].into_iter().enumerate() {
        let mut page = make::page(ids.map(|id| Change::Product(make::product(id))).to_vec());
        (page.done, page.total, page.next) = (u32::try_from(index).unwrap() + 1, Some(3), Some("more".to_owned()));
        house.store.apply_page(run, connection.footing(), page, all(Policy::CreateOnly), NOW).await.unwrap();
    }
    let run = house.store.run(run).await.unwrap();
    assert_eq!((run.done, run.total, run.records), (2, Some(3), 4));
}

#[tokio::test]
async fn a_warning_stands_once_whatever_streams_say_it_and_goes_with_its_record() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    for entity in [Entity::Product, Entity::Price, Entity::Stock] {
        let mut page = make::page(Vec::new());
        page.warnings = vec![warning("test.zero", "1")];
        house.pull(&connection, entity, Trigger::Click, &policies, page).await;
    }
    let warned = house.store.warned(connection.id).await.unwrap();
    assert_eq!(warned.iter().map(|(entity, it)| (entity.as_str(), it.code.as_str())).collect::<Vec<_>>(), [("product", "test.zero")]);
    let figures = house.store.figures(connection.id).await.unwrap();
    assert_eq!(figures.values().map(|it| it.warned).sum::<u64>(), 1);
    let note = connector_host::store::Note {
        at: NOW,
        operator: "lan".to_owned(),
        code: "test.zero".to_owned(),
        records: 0,
        text: "biết rồi".to_owned(),
    };
    let aside = house.store.discard_remarks(connection.id, false, Entity::Product, vec!["1".to_owned()], note).await.unwrap();
    assert_eq!((aside, house.see::<u32>("SELECT count(*) FROM warned")), (1, 0), "set aside once, for all of them");
}

#[tokio::test]
async fn records_have_the_names_that_people_know_them_by() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::with_sku("1", "AT01"))]).await;
    let asked = vec![(Entity::Price, "1".to_owned()), (Entity::Product, "2".to_owned())];
    let called = house.store.called(connection.id, asked).await.unwrap();
    assert_eq!(
        called.iter().map(|(key, it)| (key.as_str(), it.to_string())).collect::<Vec<_>>(),
        [("product/1", "Hàng 1 (AT01)".to_owned())]
    );
}

#[tokio::test]
async fn a_default_is_told_only_where_it_was_written_and_what_is_missing_until_it_is_there() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let bare = || vec![Change::Branch(Branch { phone: None, representative: None, ..make::branch("1") })];
    let warned = async || {
        let warned = house.store.warned(connection.id).await.unwrap();
        warned.into_iter().map(|(_, it)| (it.code, it.message.vi)).collect::<Vec<_>>()
    };
    let pull = async |policy| {
        let connection = house.store.connection(connection.id).await.unwrap();
        house.click(&connection, Entity::Branch, &all(policy), bare()).await;
        warned().await
    };
    let missing = ("branch.default-missing".to_owned(), "Chi nhánh ở Nobi Pro vẫn chưa có số điện thoại và người đại diện.".to_owned());
    assert_eq!(pull(Policy::CreateOnly).await.as_slice(), std::slice::from_ref(&missing));
    let defaults = [("default-branch-phone", "0281234567"), ("default-branch-representative", "Lan")];
    house.saves(&connection, &defaults, secrets(&[])).await;
    assert_eq!(pull(Policy::CreateOnly).await, [missing], "nothing was written, so nothing is said to be");
    let used = pull(Policy::KeepUpdated).await;
    assert_eq!(used.len(), 1);
    assert!(used[0].0 == "branch.default-used" && used[0].1.contains("đã ghi giá trị mặc định \"0281234567\", \"Lan\""), "{used:?}");
    assert_eq!(house.see::<String>("SELECT phone || '/' || representative FROM nobi_branch"), "0281234567/Lan");
    assert_eq!(pull(Policy::KeepUpdated).await, [], "it is there, and there is nothing to say");
}

#[tokio::test]
async fn an_account_is_connected_once_a_tenant() {
    let house = House::new().await;
    let first = house.connected("shop").await;
    let token = secrets(&[("access-token", "another-token-0123")]);
    let second = house.draft("shop").await;
    let refused = house.grants(&second, "business-1", token.clone()).await;
    assert!(
        matches!(&refused, Err(StoreError::Connected { first: id, account }) if *id == first.id && account == "business-1"),
        "{refused:?}"
    );
    let second = house.store.connection(second.id).await.unwrap();
    assert!(second.account.is_none() && house.store.secrets(second.id).await.unwrap().get("access-token").is_none(), "it left no trace");
    house.grants(&first, "business-1", token.clone()).await.unwrap();
    house.grants(&second, "business-9", token.clone()).await.unwrap();
    let stranger = house.draft("other").await;
    house.grants(&stranger, "business-1", token).await.unwrap();
}

#[tokio::test]
async fn webhooks_stand_as_they_were_called_last() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let id = connection.id;
    let store = &house.store;
    let probe = |ticked: Option<Vec<String>>| Probe { proven: true, ticked, missing: None };
    let health = async || store.webhook_health(id).await.unwrap();
    store.webhook_refused(id, NOW, make::words("wrong")).await.unwrap();
    assert_eq!((health().await.refused, told(&house, id).await), (Some(NOW), vec!["webhook.forged".to_owned()]));
    store.webhook_probed(id, NOW + 1, Probe { missing: Some(make::words("a")), ..probe(Some(vec!["stock".to_owned()])) }).await.unwrap();
    assert_eq!((health().await.proven, told(&house, id).await), (Some(NOW + 1), vec!["webhook.events-missing".to_owned()]));
    assert_eq!(store.connection(id).await.unwrap().events, Some(vec!["stock".to_owned()]));
    store.webhook_probed(id, NOW + 2, probe(None)).await.unwrap();
    assert_eq!(
        (store.connection(id).await.unwrap().events, told(&house, id).await),
        (None, vec![]),
        "what the one before told is not known any more"
    );
    store.webhook_arrived(id, NOW + 3, Some("orderUpdate".to_owned())).await.unwrap();
    let accepted = Accepted {
        event: "inventoryChange".to_owned(),
        subjects: Vec::new(),
        changes: Vec::new(),
        refresh: Vec::new(),
        refused: Vec::new(),
        warnings: Vec::new(),
    };
    house.deliver(&connection, 1, &all(Policy::KeepUpdated), accepted).await;
    let arrived: Vec<_> = health().await.arrived.into_iter().collect();
    assert_eq!(arrived, [("inventoryChange".to_owned(), house.clock.now()), ("orderUpdate".to_owned(), NOW + 3)]);
}
