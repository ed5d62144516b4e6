//! One customer's data and one connection's: handed out, erased to the last byte, and left behind without harm to anybody else's.

use connector_host::contract::catalog::{Change, Customer};
use connector_host::contract::orders::{Earlier, OrderEvent, OrderEventKind, PartyRole, Person};
use connector_host::contract::types::{Entity, Failure, FailureClass, Warning};
use connector_host::contract::{Page, Policy, Refused};
use connector_host::store::{Connection, CustomerKey, Note, Settled, Settlement, StoreError};
use serde_json::json;

use crate::guest::{Guest, failure};
use crate::house::{House, TOKEN, VERIFY, all, secrets};
use crate::make::{self, NOW};

const PHONE: &str = "0912345678";
const NAME: &str = "Lê Thị Mơ";
const STREET: &str = "12 Ngõ Huyện, Hoàn Kiếm";
const OTHER_PHONE: &str = "0987654321";
const OTHER_NAME: &str = "Phạm Văn Cường";

fn key() -> CustomerKey {
    "+84 912 345 678".parse().unwrap()
}

fn customer(id: &str, name: &str, phone: &str) -> Customer {
    Customer {
        name: name.to_owned(),
        raw_phone: Some(format!("{} {}", &phone[..4], &phone[4..])),
        address: (phone == PHONE).then(|| STREET.to_owned()),
        ..make::customer(id, Some(phone))
    }
}

fn event(order: &str, sequence: u64, kind: OrderEventKind, name: &str, phone: &str) -> OrderEvent {
    let mut event = make::event(order, sequence, kind);
    event.order.recipient = Person { name: name.to_owned(), phone: phone.to_owned(), email: None };
    event.order.private_note = Some(format!("gọi {name} trước khi giao"));
    if phone.ends_with(&PHONE[1..]) {
        event.order.address.text = STREET.to_owned();
    }
    event
}

fn naming(class: FailureClass) -> Failure {
    let mut failure = failure(class);
    failure.message.vi = format!("Khách {NAME} ({PHONE}) bị từ chối");
    failure
}

/// A shop with both customers in every place that may name one.
async fn shop(house: &House) -> Connection {
    let connection = house.connected("shop").await;
    let customers = [customer("71", NAME, PHONE), customer("72", OTHER_NAME, OTHER_PHONE)].map(Change::Customer).to_vec();
    let warning = Warning { code: "test.warned".to_owned(), message: naming(FailureClass::Rejected).message, subject: None, field: None };
    let refused = vec![Refused { id: Some("900".to_owned()), failure: naming(FailureClass::Rejected) }];
    let page = Page { refused, warnings: vec![warning], ..make::page(customers) };
    house.pull(&connection, Entity::Customer, connector_host::store::Trigger::Click, &all(Policy::CreateOnly), page).await;

    let orders = [("linked", NAME, "+84 912.345.678"), ("sent", NAME, PHONE), ("failed", NAME, PHONE), ("other", OTHER_NAME, OTHER_PHONE)];
    for (order, name, phone) in orders {
        house.store.order_event(connection.id, event(order, 1, OrderEventKind::Created, name, phone), NOW).await.unwrap();
    }
    let settle = async |row, settled, remote: Option<&str>, outcome| {
        let (footing, remote) = (connection.footing(), remote.map(str::to_owned));
        house.store.settle(Settlement { footing, row, settled, remote, outcome, at: NOW }).await.unwrap();
    };
    let warned = json!({ "how": "created", "remote": "777", "warnings": [{ "message": { "vi": format!("Tên {NAME} bị cắt") } }] });
    settle(1, Settled::Done, Some("777"), warned).await;
    let mut intent = make::intent(&connection, "sent", "abcd-sent", NOW);
    intent.record = event("sent", 1, OrderEventKind::Created, NAME, PHONE).order;
    house.store.intend(intent).await.unwrap();
    settle(3, Settled::Failed, None, json!({ "failure": naming(FailureClass::Rejected) })).await;
    settle(4, Settled::Done, Some("888"), json!({ "how": "created", "remote": "888" })).await;

    let body = format!(r#"{{"customer":{{"mobile":"{PHONE}","name":"{NAME}"}},"orderId":5}}"#);
    house.store.keep_delivery(connection.id, NOW, [1; 32], body.into_bytes(), naming(FailureClass::Transient), NOW).await.unwrap();
    house.store.notify(connection.id, NOW, "", "test.notice", naming(FailureClass::Rejected).message).await.unwrap();
    let text = format!("chị {NAME} đã gọi {PHONE}");
    let note = Note { at: NOW, operator: "lan".to_owned(), code: "test.failure".to_owned(), records: 0, text };
    house.store.discard_remarks(connection.id, true, Entity::Customer, vec!["901".to_owned()], note.clone()).await.unwrap();
    house
        .raw()
        .execute("INSERT INTO note (connection, at, operator, code, records, text) VALUES (1, 0, 'lan', 'x', 1, ?1)", [note.text])
        .unwrap();
    connection
}

/// Whether the file, its log included, holds these bytes.
fn holds(house: &House, text: &str) -> bool {
    let file = house.file();
    let log = file.with_extension("sqlite-wal");
    [file, log]
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
}

#[tokio::test]
async fn an_erased_customer_is_in_no_byte_of_the_file_and_the_others_are_as_they_were() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let host = house.host(&Guest::new(make::descriptor())).await;
    let traces = [NAME, PHONE, "912.345.678", "0912 345678", STREET, &PHONE[1..]];
    for trace in &traces[..5] {
        assert!(holds(&house, trace), "{trace} is there to be found");
    }
    let erased = host.erase(connection.id, key()).await.unwrap();
    assert_eq!((erased.customers, erased.orders, erased.stopped, erased.written_over), (1, 3, 2, true), "{erased:?}");
    for trace in traces {
        assert!(!holds(&house, trace), "{trace} is still in the file");
    }
    for kept in [OTHER_NAME, OTHER_PHONE] {
        assert!(holds(&house, kept), "{kept}");
    }
    let other = "SELECT name || phone FROM nobi_customer";
    assert_eq!(house.see::<String>(other), format!("{OTHER_NAME}{OTHER_PHONE}"));
    let other = "SELECT json_extract(record, '$.recipient.name') FROM nobi_order WHERE id = 'other'";
    assert_eq!(house.see::<String>(other), OTHER_NAME);
    assert!(host.erase(connection.id, key()).await.unwrap().is_nothing(), "there is nothing left");
}

#[tokio::test]
async fn what_stays_at_the_other_side_is_named_by_its_ids() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let erased = house.store.erase(connection.id, key(), NOW).await.unwrap();
    let mut there: Vec<_> = erased.remaining.iter().map(|it| (it.entity, it.remote.as_deref(), it.own_id.as_deref())).collect();
    there.sort_unstable();
    assert_eq!(there, [("customer", Some("71"), None), ("order", None, Some("abcd-sent")), ("order", Some("777"), None)]);
    let told = house.store.events(connection.id, 0, 100).await.unwrap().pop().unwrap();
    assert_eq!((told.code.as_str(), &told.detail["remaining"]), ("event.erased", &json!(["71", "777"])));
}

#[tokio::test]
async fn no_sync_brings_an_erased_customer_back() {
    let house = House::new().await;
    let connection = shop(&house).await;
    house.store.erase(connection.id, key(), NOW).await.unwrap();
    for policy in [Policy::CreateOnly, Policy::KeepUpdated] {
        let again = vec![Change::Customer(customer("71", NAME, PHONE))];
        let tally = house.click(&connection, Entity::Customer, &all(policy), again).await;
        assert_eq!((tally.get("customer.tombstone"), tally.changed()), (1, 0));
    }
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_customer"), 1);
}

#[tokio::test]
async fn a_record_that_waits_for_a_choice_among_erased_customers_stays_out_as_well() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let wait =
        "INSERT INTO link (connection, entity, remote, state, candidates, since) VALUES (1, 'customer', '79', 'waiting', '[1,2]', 0)";
    house.raw().execute(wait, []).unwrap();
    house.store.erase(connection.id, CustomerKey::Id(1), NOW).await.unwrap();
    assert_eq!(house.see::<String>("SELECT state FROM link WHERE remote = '79'"), "tombstone");
}

#[tokio::test]
async fn pairs_of_orders_and_the_rule_of_once_hold_after_an_erasure() {
    let house = House::new().await;
    let connection = shop(&house).await;
    house.store.erase(connection.id, key(), NOW).await.unwrap();
    let again = event("linked", 1, OrderEventKind::Created, "", "");
    assert!(!house.store.order_event(connection.id, again, NOW).await.unwrap(), "the same event is kept once");
    let cancel = event("linked", 2, OrderEventKind::Cancelled(PartyRole::Buyer), "", "");
    assert!(house.store.order_event(connection.id, cancel, NOW).await.unwrap());
    let next = house.store.next_event(connection.id, "linked").await.unwrap().unwrap();
    assert_eq!(next.event.order.remote.as_deref(), Some("777"), "it still goes to its pair");
    let states = house.store.order_outcomes(connection.id, "failed").await.unwrap();
    assert_eq!((states[0].state.as_str(), &states[0].outcome.as_ref().unwrap()["reason"]), ("skipped", &json!("skip.erased")));
    // What may have arrived is not forgotten with its customer.
    let sent: Earlier = house.store.order_push(connection.id, "sent").await.unwrap().earlier.unwrap();
    assert!(sent.may_have_arrived);
    assert!(house.store.next_event(connection.id, "sent").await.unwrap().is_none());
    let kept = "SELECT json_extract(record, '$.lines[0].name') || json_extract(record, '$.to_collect') FROM nobi_order WHERE id = 'linked'";
    assert_eq!(house.see::<String>(kept), "Áo100000");
}

#[tokio::test]
async fn an_order_that_is_on_its_way_this_moment_is_waited_for() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.store.order_event(connection.id, event("o", 1, OrderEventKind::Created, NAME, PHONE), NOW).await.unwrap();
    let work = house.claim(NOW, false).await.unwrap();
    let refused = house.store.erase(connection.id, key(), NOW).await;
    assert!(matches!(&refused, Err(StoreError::Refused(why)) if why.contains('o')), "{refused:?}");
    house.complete(&work).await;
    assert_eq!(house.store.erase(connection.id, key(), NOW).await.unwrap().orders, 1);
}

#[tokio::test]
async fn all_connections_of_the_tenant_are_rid_of_the_customer_and_no_other_tenant_s() {
    let house = House::new().await;
    let (one, two, stranger) = (house.connected("shop").await, house.connected("shop").await, house.connected("other shop").await);
    for (connection, id) in [(&one, "71"), (&two, "81"), (&stranger, "91")] {
        let customers = vec![Change::Customer(customer(id, NAME, PHONE))];
        house.click(connection, Entity::Customer, &all(Policy::CreateOnly), customers).await;
    }
    let erased = house.store.erase(one.id, key(), NOW).await.unwrap();
    let there: Vec<_> = erased.remaining.iter().map(|it| (it.connection, it.remote.as_deref().unwrap())).collect();
    assert_eq!(there, [(one.id, "71"), (two.id, "81")]);
    assert_eq!(house.see::<String>("SELECT tenant FROM nobi_customer"), "other shop");
    assert_eq!(
        house.see::<String>("SELECT group_concat(state) FROM (SELECT state FROM link ORDER BY connection)"),
        "tombstone,tombstone,linked"
    );
}

#[tokio::test]
async fn an_export_of_a_customer_has_what_is_held_of_that_one_alone() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let data = house.store.export(connection.id, Some(key()), NOW).await.unwrap();
    assert_eq!(data["nobi_customer"][0]["detail"]["name"], NAME);
    let of = |table: &str| data[table].as_array().unwrap().len();
    assert_eq!((of("nobi_customer"), of("nobi_order"), of("outbox"), of("order_push"), of("link")), (1, 3, 3, 2, 1));
    assert_eq!((of("refused"), of("warned"), of("notice"), of("note"), of("delivery")), (1, 1, 1, 1, 1));
    assert_eq!(data["delivery"][0]["body"]["customer"]["mobile"], PHONE);
    let text = data.to_string();
    assert!(!text.contains(OTHER_PHONE) && !text.contains(OTHER_NAME));
    assert_eq!(house.store.events(connection.id, 0, 100).await.unwrap().pop().unwrap().code, "event.exported");
}

#[tokio::test]
async fn an_export_of_a_connection_has_everything_but_what_lets_somebody_in() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let stranger = house.connected("other shop").await;
    let theirs = vec![Change::Customer(customer("91", "Người Khác Hẳn", "0977777777"))];
    house.click(&stranger, Entity::Customer, &all(Policy::CreateOnly), theirs).await;
    let data = house.store.export(connection.id, None, NOW).await.unwrap();
    let of = |table: &str| data[table].as_array().map_or(0, Vec::len);
    assert_eq!((of("connection"), of("nobi_customer"), of("nobi_order"), of("outbox"), of("order_push")), (1, 2, 4, 4, 3));
    assert_eq!(data["connection"][0]["settings"]["app-id"], "app");
    let text = data.to_string();
    for secret in [TOKEN, VERIFY, connection.hook.as_str(), "Người Khác Hẳn"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains(NAME) && text.contains(OTHER_NAME));
}

#[tokio::test]
async fn a_connection_that_is_cut_has_no_secret_left_and_goes_on_with_a_login() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let host = house.host(&Guest::new(make::descriptor())).await;
    host.disconnect(connection.id).await.unwrap();
    let cut = house.store.connection(connection.id).await.unwrap();
    assert_eq!(cut.pause.as_ref().map(|reason| reason.code.as_str()), Some("host.disconnected"));
    assert_eq!((house.see::<u32>("SELECT count(*) FROM secret"), house.claim(NOW, false).await.is_none()), (0, true));
    assert!(
        matches!(house.settles(&connection, 2, None).await, Err(StoreError::Superseded)),
        "what is under way is of a grant that is no more"
    );
    assert_eq!(house.see::<u32>("SELECT count(*) FROM link"), 4, "links stay");
    let again = house.grants(&cut, "business-1", secrets(&[("access-token", "new-token-01234")])).await.unwrap();
    assert_eq!((again.tag, again.pause), (connection.tag, None));
    assert!(house.grants(&cut, "another-business", secrets(&[])).await.is_err(), "it is still that business's");
}

#[tokio::test]
async fn a_purged_connection_is_gone_and_its_number_and_tag_are_never_given_again() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let host = house.host(&Guest::new(make::descriptor())).await;
    host.purge(connection.id).await.unwrap();
    assert!(matches!(house.store.connection(connection.id).await, Err(StoreError::Missing(_))));
    for table in ["link", "run", "outbox", "order_push", "delivery", "refused", "warned", "note", "notice", "secret", "work", "stream"] {
        assert_eq!(house.see::<u32>(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    assert!(!holds(&house, "abcd-sent"), "its history is not in the file's bytes either");
    let told = house.store.events(connection.id, 0, 100).await.unwrap();
    assert_eq!(told.iter().map(|event| event.code.as_str()).collect::<Vec<_>>(), ["event.purged"]);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_customer"), 2, "Nobi's own records stay");
    let next = house.draft("shop").await;
    assert_eq!(next.id, connection.id + 1);
    let taken = "INSERT INTO connection (tenant, connector, tag, hook, state, settings, overrides, created) VALUES ('x', 'y', ?1, 'z', 'draft', '{}', '{}', 0)";
    assert_eq!(house.raw().execute(taken, [&connection.tag]).unwrap(), 0, "the tag is left out, and another is drawn");
}

#[test]
fn a_customer_is_named_by_a_phone_or_by_nobi_s_id() {
    let phone = |text: &str| matches!(text.parse(), Ok(CustomerKey::Phone(_)));
    assert!(["0912345678", "+84912345678", "0912 345 678", "912345678", "02438268888"].into_iter().all(phone));
    assert_eq!("17".parse(), Ok(CustomerKey::Id(17)));
    for wrong in ["", "Lan", "0", "-5", "0912x345678", "09123"] {
        assert!(wrong.parse::<CustomerKey>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_reader_who_holds_the_log_delays_the_writing_over_and_nothing_else() {
    let house = House::new().await;
    let connection = shop(&house).await;
    let host = house.host(&Guest::new(make::descriptor())).await;
    let reader = house.raw();
    reader.execute_batch("BEGIN; SELECT count(*) FROM nobi_customer;").unwrap();
    let erased = host.erase(connection.id, key()).await.unwrap();
    assert_eq!((erased.customers, erased.remaining.len(), erased.written_over), (1, 3, false));
    reader.execute_batch("COMMIT").unwrap();
    let again = host.erase(connection.id, key()).await.unwrap();
    assert!(again.is_nothing() && again.written_over);
    assert!(!holds(&house, PHONE) && !holds(&house, NAME));
}
