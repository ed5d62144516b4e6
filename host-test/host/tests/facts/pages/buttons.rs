//! What the buttons do: a second click, a choice that has to be made, a dry run, a pair, a retry, a note.

use std::time::Duration;

use connector_host::contract::catalog::{Change, Product, ProductKind};
use connector_host::contract::orders::{OrderEventKind, PartyRole};
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Policy, Refused};
use connector_host::store::{Settled, Settlement};
use connector_host::work::Stop;
use serde_json::json;

use super::person::Person;
use crate::guest::{Guest, failure};
use crate::house::{House, all};
use crate::make::{self, NOW};

fn guest() -> Guest {
    Guest::new(make::descriptor())
}

#[tokio::test]
async fn a_second_click_queues_nothing() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let (page, sync) = (format!("/connections/{}", connection.id), format!("/connections/{}/sync", connection.id));
    let first = person.send(&page, &sync, &[("entity", "branch")]).await;
    let second = person.send(&page, &sync, &[("entity", "branch")]).await;
    let third = person.click(&page, &sync, &[("entity", "branch")]).await;
    assert_eq!((first.to(), second.to()), ("/connections/1?said=queued&of=branch", "/connections/1?said=under-way&of=branch"));
    assert!(third.body.starts_with("<div id=\"flows\">") && third.body.contains("Đang chờ"), "{}", third.body);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM run") + house.see::<u32>("SELECT count(*) FROM work"), 2);
    let shown = person.get(&page).await;
    assert!(shown.body.contains("<noscript><meta http-equiv=\"refresh\""), "it comes again by itself without a script");
}

#[tokio::test]
async fn stock_waits_for_the_choice_that_the_guide_leaves_open() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let page = format!("/connections/{}", connection.id);
    let refused = person.send(&page, &format!("{page}/sync"), &[("entity", "stock")]).await;
    assert_eq!(refused.to(), "/connections/1?said=choose&of=stock");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM run"), 0);
    assert!(person.get(&page).await.body.contains("dễ bán quá số tồn"));
    for bad in ["", "sideways"] {
        person.send(&page, &format!("{page}/policy"), &[("entity", "stock"), ("policy", bad)]).await;
        assert_eq!(house.see::<u32>("SELECT count(*) FROM stream"), 0, "{bad}");
    }
    person.send(&page, &format!("{page}/policy"), &[("entity", "stock"), ("policy", "keep-updated")]).await;
    let streams = house.store.streams(connection.id).await.unwrap();
    assert_eq!(streams.first().and_then(|stream| stream.policy), Some(Policy::KeepUpdated));
    let queued = person.send(&page, &format!("{page}/sync"), &[("entity", "stock")]).await;
    assert_eq!(queued.to(), "/connections/1?said=queued&of=stock");
}

#[tokio::test]
async fn each_choice_says_what_it_means_for_what_flows() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let body = person.get(&format!("/connections/{}", connection.id)).await.body;
    let row = |entity: &str| {
        let (_, rest) = body.split_once(&format!("id=\"flow-{entity}\"")).unwrap();
        rest.split("id=\"flow-").next().unwrap().to_owned()
    };
    for (entity, says, danger) in [
        ("product", ">Chỉ tạo mới, khi bấm nút<", "chỉ tạo mới, không cập nhật"),
        ("branch", ">Chỉ tạo mới, khi bấm nút<", "tạo mới chi nhánh"),
        ("stock", ">Chỉ lần đầu<", "dễ bán quá số tồn"),
        ("price", ">Chỉ lần đầu<", "có thể bán sai giá"),
    ] {
        let row = row(entity);
        assert!(row.contains(says) && row.contains(danger), "{entity}: {row}");
        assert_eq!((row.contains("quá số tồn"), row.contains("sai giá")), (entity == "stock", entity == "price"), "{entity}");
    }
}

#[tokio::test]
async fn what_is_not_synced_is_there_greyed_and_has_no_button() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let page = format!("/connections/{}", connection.id);
    let shown = person.get(&page).await.body;
    assert!(shown.contains("greyed") && shown.contains("not synced") && !shown.contains("sync-user"), "{shown}");
    let forced = person.send(&page, &format!("{page}/sync"), &[("entity", "user")]).await;
    assert_eq!(forced.status, 404);
}

#[tokio::test]
async fn a_dry_run_tells_the_figures_and_changes_nothing() {
    let house = House::new().await;
    let draft = house.connected("shop").await;
    house.click(&draft, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::with_sku("1", "A"))]).await;
    let (mut person, connection) = {
        let changes = ["2", "3"].map(|id| Change::Product(make::product(id))).into_iter();
        let known = Change::Product(make::with_sku("4", "A"));
        let mut page = make::page(changes.chain([known]).collect());
        page.refused = vec![Refused { id: Some("9".to_owned()), failure: failure(FailureClass::Rejected) }];
        Person::with_a_connection(&house, &guest().pulls(Ok(page))).await
    };
    let before: String = house.see("SELECT group_concat(remote) FROM link");
    let page = format!("/connections/{}", connection.id);
    person.send(&page, &format!("{page}/preview"), &[("entity", "product")]).await;
    let mut shown = String::new();
    for _ in 0..200 {
        shown = person.get(&page).await.body;
        if shown.contains("Nếu đồng bộ") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(shown.contains("Nếu đồng bộ ngay: tạo 2, liên kết 1, lỗi 1. Chưa ghi gì."), "{shown}");
    assert_eq!(house.see::<String>("SELECT group_concat(remote) FROM link"), before);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), 1);
    assert_eq!(house.see::<u32>("SELECT (SELECT count(*) FROM refused) + (SELECT count(*) FROM run WHERE connection = 2)"), 0);
}

/// Two products here with the SKU of one there.
async fn undecided(house: &House) -> (Person, i64) {
    let (_, b) = (house.connected("shop").await, house.connected("shop").await);
    for other in 1..=2 {
        let other = house.store.connection(other).await.unwrap();
        let product = if other.id == 1 { make::with_sku("1", "A") } else { make::product("2") };
        house.click(&other, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(product)]).await;
    }
    house.raw().execute("UPDATE nobi_product SET sku = 'A', sku_key = 'a' WHERE id = 2", []).unwrap();
    assert_eq!(b.id, 2);
    let there = || vec![Change::Product(make::with_sku("7", "A"))];
    let (person, connection) = Person::with_a_connection(house, &guest().pulls(Ok(make::page(there())))).await;
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), there()).await;
    (person, connection.id)
}

async fn work(person: &Person) {
    person.host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
}

#[tokio::test]
async fn a_person_s_choice_pairs_and_brings_the_record_in() {
    let house = House::new().await;
    let (mut person, id) = undecided(&house).await;
    let one = format!("/connections/{id}/pairing/product/7");
    let shown = person.get(&one).await.body;
    assert!(shown.contains("Hàng 1") && shown.contains("Hàng 2") && shown.contains("Hàng 7"), "both candidates and the record: {shown}");
    assert_eq!(person.send(&one, &one, &[("choice", "99")]).await.status, 404, "only a candidate");
    let decided = person.send(&one, &one, &[("choice", "2")]).await;
    assert_eq!(decided.to(), format!("/connections/{id}/pairing?said=decided"));
    work(&person).await;
    assert_eq!(house.see::<i64>("SELECT nobi FROM link WHERE connection = 3 AND remote = '7' AND state = 'linked'"), 2);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), 2);
    assert_eq!(person.get(&one).await.to(), format!("/connections/{id}/pairing?said=gone"), "a second person finds it done");
}

#[tokio::test]
async fn a_person_may_say_that_it_is_a_new_one_or_keep_it_out() {
    for (choice, products, state) in [("new", 3, "linked"), ("never", 2, "tombstone")] {
        let house = House::new().await;
        let (mut person, id) = undecided(&house).await;
        let one = format!("/connections/{id}/pairing/product/7");
        person.send(&one, &one, &[("choice", choice)]).await;
        work(&person).await;
        assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), products, "{choice}");
        assert_eq!(house.see::<String>("SELECT state FROM link WHERE connection = 3 AND remote = '7'"), state);
    }
}

#[tokio::test]
async fn a_customer_whose_phone_two_have_waits_for_a_choice_too() {
    let house = House::new().await;
    let other = house.connected("shop").await;
    let both = ["1", "2"].map(|id| Change::Customer(make::customer(id, None)));
    house.click(&other, Entity::Customer, &all(Policy::CreateOnly), both.to_vec()).await;
    house.raw().execute("UPDATE nobi_customer SET phone = '0901234567'", []).unwrap();
    let there = || vec![Change::Customer(make::customer("900", Some("0901234567")))];
    let (mut person, connection) = Person::with_a_connection(&house, &guest().pulls(Ok(make::page(there())))).await;
    house.click(&connection, Entity::Customer, &all(Policy::CreateOnly), there()).await;
    house.raw().execute("DELETE FROM link WHERE connection = ?1", [other.id]).unwrap();
    let page = format!("/connections/{}", connection.id);
    assert!(person.get(&page).await.body.contains("1 chờ liên kết"));
    let one = format!("{page}/pairing/customer/900");
    let shown = person.get(&one).await.body;
    for part in ["Khách 900", "Khách 1", "Khách 2", "0901234567"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    person.send(&one, &one, &[("choice", "2")]).await;
    work(&person).await;
    let paired = "SELECT name FROM link JOIN nobi_customer ON nobi_customer.id = link.nobi WHERE remote = '900' AND state = 'linked'";
    assert_eq!(house.see::<String>(paired), "Khách 2");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_customer"), 2);
}

/// A connection with two orders that did not go out for one reason.
async fn failed(house: &House) -> (Person, i64) {
    let (person, connection) = Person::with_a_connection(house, &guest()).await;
    for order in ["a", "b"] {
        house.store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
        let next = house.store.next_event(connection.id, order).await.unwrap().unwrap();
        let outcome = json!({ "failure": failure(FailureClass::Conflict) });
        let footing = connection.footing();
        let settlement = Settlement { footing, row: next.id, settled: Settled::Failed, remote: None, outcome, at: NOW };
        house.store.settle(settlement).await.unwrap();
    }
    (person, connection.id)
}

#[tokio::test]
async fn failures_are_grouped_by_cause_with_one_action_for_the_group() {
    let house = House::new().await;
    let (mut person, id) = failed(&house).await;
    let page = format!("/connections/{id}/troubles");
    let shown = person.get(&page).await.body;
    assert!(shown.contains("2 đơn hàng chưa gửi được") && shown.contains("Đơn DH-a"), "{shown}");
    let group = [("kind", "order"), ("entity", "order"), ("code", "test.failure"), ("do", "retry")];
    let seen = person.send(&page, &page, &group).await;
    assert_eq!(seen.to(), format!("{page}?said=retried&count=2"));
    assert_eq!(house.store.outbox_counts(id).await.unwrap(), [("waiting".to_owned(), 2)].into());
    let again = person.send(&page, &page, &group).await;
    assert_eq!(again.to(), format!("{page}?said=gone&count=0"), "there is nothing left to retry");
}

#[tokio::test]
async fn an_order_that_was_cancelled_meanwhile_is_not_created_by_a_retry() {
    let house = House::new().await;
    let (mut person, id) = failed(&house).await;
    let cancelled = OrderEventKind::Cancelled(PartyRole::Buyer);
    house.store.order_event(id, make::event("a", 2, cancelled), NOW).await.unwrap();
    let next = house.store.next_event(id, "a").await.unwrap().unwrap();
    let connection = house.store.connection(id).await.unwrap();
    house.settles(&connection, next.id, None).await.unwrap();
    let page = format!("/connections/{id}/troubles");
    let first = house.see::<i64>("SELECT id FROM outbox WHERE order_id = 'a' AND sequence = 1").to_string();
    let one = [("kind", "order"), ("entity", "order"), ("code", "test.failure"), ("do", "retry"), ("record", &first)];
    assert_eq!(person.send(&page, &page, &one).await.to(), format!("{page}?said=overtaken&count=1"));
    assert_eq!(house.see::<String>("SELECT state FROM outbox WHERE order_id = 'a' AND sequence = 1"), "failed");
}

#[tokio::test]
async fn setting_aside_needs_a_note_and_keeps_it() {
    let house = House::new().await;
    let (mut person, id) = failed(&house).await;
    let page = format!("/connections/{id}/troubles");
    let group = |note| [("kind", "order"), ("entity", "order"), ("code", "test.failure"), ("do", "discard"), ("note", note)];
    assert_eq!(person.send(&page, &page, &group("  ")).await.to(), format!("{page}?said=note&count=0"));
    let seen = person.send(&page, &page, &group("khách đã mua tại quầy")).await;
    assert_eq!(seen.to(), format!("{page}?said=discarded&count=2"));
    assert_eq!(house.store.outbox_counts(id).await.unwrap(), [("skipped".to_owned(), 2)].into());
    let history = person.get(&format!("/connections/{id}/history")).await.body;
    assert!(history.contains("khách đã mua tại quầy") && history.contains("lan"), "{history}");
}

#[tokio::test]
async fn refused_records_are_told_asked_for_again_and_taken_along_as_a_file() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let mut page = make::page(Vec::new());
    page.refused = vec![Refused { id: Some("=9".to_owned()), failure: failure(FailureClass::Rejected) }];
    house.pull(&connection, Entity::Product, connector_host::store::Trigger::Click, &all(Policy::CreateOnly), page).await;
    let path = format!("/connections/{}/troubles", connection.id);
    let csv = person.get(&format!("{path}.csv")).await;
    assert!(csv.head.get("content-disposition").is_some_and(|it| it.contains("loi-1.csv")));
    assert!(csv.body.starts_with('\u{feff}') && csv.body.contains("\"'=9\""), "no formula: {}", csv.body);
    let support = person.get(&format!("/connections/{}/support.txt", connection.id)).await.body;
    assert!(support.contains("businessId: business-1") && support.contains("[test.failure]"), "{support}");
    for _ in 0..2 {
        person.send(&path, &path, &[("kind", "refused"), ("entity", "product"), ("code", "test.failure"), ("do", "retry")]).await;
    }
    assert_eq!(house.see::<u32>("SELECT count(*) FROM run WHERE state = 'waiting'"), 1, "a second press queues nothing");
    assert_eq!(house.see::<String>("SELECT scope FROM run ORDER BY id DESC LIMIT 1"), r#"{"Only":["=9"]}"#);
}

#[tokio::test]
async fn on_a_stream_that_is_off_a_click_and_a_retry_say_so_and_lose_nothing() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let mut page = make::page(Vec::new());
    page.refused = vec![Refused { id: Some("9".to_owned()), failure: failure(FailureClass::Rejected) }];
    house.pull(&connection, Entity::Product, connector_host::store::Trigger::Click, &all(Policy::CreateOnly), page).await;
    house.store.set_policy(connection.id, Entity::Product, Policy::Off).await.unwrap();
    let (page, troubles) = (format!("/connections/{}", connection.id), format!("/connections/{}/troubles", connection.id));
    let clicked = person.send(&page, &format!("{page}/sync"), &[("entity", "product")]).await;
    assert_eq!(clicked.to(), format!("{page}?said=off&of=product"));
    assert!(person.get(clicked.to()).await.body.contains("đang tắt nên không chạy"), "the page says so");
    let group = [("kind", "refused"), ("entity", "product"), ("code", "test.failure"), ("do", "retry")];
    let retried = person.send(&troubles, &troubles, &group).await;
    assert_eq!(retried.to(), format!("{troubles}?said=off&of=product"));
    assert!(person.get(retried.to()).await.body.contains("đang tắt nên không chạy"), "the page says so");
    work(&person).await;
    assert_eq!(house.far.asked(), Vec::<String>::new());
    assert_eq!(house.store.refused(connection.id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_webhook_that_nobody_could_work_on_is_shown_tried_again_and_set_aside() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let die = async || {
        let id = connection.id;
        let broken = || failure(FailureClass::Rejected);
        let row = house.store.keep_delivery(id, NOW, [1; 32], b"{}".to_vec(), broken(), NOW).await.unwrap();
        assert!(house.store.delivery_failed(row, broken(), 1, NOW).await.unwrap());
    };
    die().await;
    let page = format!("/connections/{}/troubles", connection.id);
    let shown = person.get(&page).await.body;
    assert!(shown.contains("1 webhook chưa xử lý được") && shown.contains("Báo bộ phận hỗ trợ kèm mã lỗi"), "{shown}");
    assert!(person.get(&format!("{page}.csv")).await.body.contains("Webhooks"));
    let group = |act| [("kind", "delivery"), ("entity", "delivery"), ("code", "test.failure"), ("do", act), ("note", "đã nhập tay")];
    assert_eq!(person.send(&page, &page, &group("retry")).await.to(), format!("{page}?said=retried&count=1"));
    assert!(house.store.dead_letters(connection.id).await.unwrap().is_empty());
    die().await;
    assert_eq!(person.send(&page, &page, &group("discard")).await.to(), format!("{page}?said=discarded&count=1"));
    assert_eq!(house.store.notes(connection.id).await.unwrap()[0].text, "đã nhập tay");
}

#[tokio::test]
async fn what_waits_for_a_person_s_word_is_shown_and_taken_in_or_kept_with_a_note() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let policies = all(Policy::KeepUpdated);
    let row = |id: &str, kind| Change::Product(Product { kind, ..make::product(id) });
    let rows = |kind| ["1", "2"].map(|id| row(id, kind)).to_vec();
    house.click(&connection, Entity::Product, &policies, rows(ProductKind::Goods)).await;
    house.click(&connection, Entity::Product, &policies, rows(ProductKind::Combo)).await;
    let page = format!("/connections/{}/troubles", connection.id);
    let shown = person.get(&page).await.body;
    assert!(shown.contains("product.kind-turned") && shown.contains("Nhập tất cả theo Nhanh.vn (2)"), "{shown}");
    assert!(shown.contains("Giữ nguyên tất cả (2)") && !shown.contains("Thử lại"), "{shown}");
    let one = |record, act, note| {
        [("kind", "held"), ("entity", "product"), ("code", "product.kind-turned"), ("record", record), ("do", act), ("note", note)]
    };
    assert_eq!(person.send(&page, &page, &one("1", "discard", "")).await.to(), format!("{page}?said=note&count=0"));
    assert_eq!(person.send(&page, &page, &one("1", "discard", "bán theo lẻ")).await.to(), format!("{page}?said=discarded&count=1"));
    assert_eq!(person.send(&page, &page, &one("2", "retry", "")).await.to(), format!("{page}?said=decided&count=1"));
    assert_eq!(house.see::<String>("SELECT group_concat(remote || answer) FROM held_record"), "1keep,2take");
    assert_eq!(house.store.notes(connection.id).await.unwrap()[0].text, "bán theo lẻ");
    let run = house.store.run(house.see("SELECT max(id) FROM run")).await.unwrap();
    assert_eq!(run.scope, connector_host::contract::Scope::Only(vec!["2".to_owned()]));
    let told: Vec<_> = house.store.events(connection.id, 0, 100).await.unwrap().into_iter().map(|event| event.code).collect();
    assert_eq!(told.iter().filter(|code| *code == "event.held-decided").count(), 2);
}

#[tokio::test]
async fn what_a_person_keeps_as_it_is_stays_in_sight_and_can_be_taken_in_later() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let policies = all(Policy::KeepUpdated);
    for kind in [ProductKind::Goods, ProductKind::Combo] {
        let row = Change::Product(Product { kind, ..make::product("1") });
        house.click(&connection, Entity::Product, &policies, vec![row]).await;
    }
    let page = format!("/connections/{}/troubles", connection.id);
    let says = |kind, act| [("kind", kind), ("entity", "product"), ("code", "product.kind-turned"), ("do", act), ("note", "bán theo lẻ")];
    person.send(&page, &page, &says("held", "discard")).await;
    let shown = person.get(&page).await.body;
    assert!(shown.contains("1 mục đang giữ nguyên theo lựa chọn của bạn") && shown.contains("Nhập tất cả theo Nhanh.vn (1)"), "{shown}");
    assert!(!shown.contains("value=\"discard\""), "it is kept already: {shown}");
    assert_eq!(person.send(&page, &page, &says("kept", "discard")).await.status, 404);
    assert_eq!(person.send(&page, &page, &says("kept", "retry")).await.to(), format!("{page}?said=decided&count=1"));
    assert_eq!(house.see::<String>("SELECT answer FROM held_record"), "take");
    let run = house.store.run(house.see("SELECT max(id) FROM run")).await.unwrap();
    assert_eq!(run.scope, connector_host::contract::Scope::Only(vec!["1".to_owned()]));
}
