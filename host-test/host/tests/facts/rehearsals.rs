//! Dry runs: what they say, what they leave alone, and when they say that they cannot tell.

use std::sync::Arc;
use std::time::Duration;

use connector_host::contract::catalog::{Change, Product};
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Page, Policy};
use connector_host::work::{Host, HostConfig, Rehearsed};

use crate::guest::{Guest, failure};
use crate::house::{House, all};
use crate::make::{self, NOW};

/// Pages of every kind of change, over records of which some are there.
fn pages() -> Vec<Page> {
    let with_stock =
        |id: &str| Product { stock: Some(vec![make::at_branch("b", 5000)]), prices: Some(make::retail(9)), ..make::product(id) };
    vec![
        make::page(vec![Change::Branch(make::branch("b")), Change::Branch(make::branch("c")), Change::Category(make::category("1"))]),
        make::page(vec![
            Change::Product(with_stock("1")),
            Change::Product(make::with_sku("2", "A")),
            Change::Product(make::variant("5", "4")),
        ]),
        make::page(vec![Change::Product(make::with_sku("3", "a")), Change::Product(make::head("4")), make::level("1", "far", 3000)]),
        make::page(vec![Change::Customer(make::customer("1", Some("0901234567"))), Change::OrderStatus(make::status("777", "Success"))]),
    ]
}

/// All that the store holds but its queue, as one text.
fn held(house: &House) -> String {
    let raw = house.raw();
    let mut tables = raw.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = String::new();
    for name in names {
        let mut rows = raw.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = rows.column_count();
        let rows =
            rows.query_map([], |row| Ok((0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect::<Vec<_>>())).unwrap();
        all.extend(rows.map(|row| format!("{name} {:?}\n", row.unwrap())));
    }
    all
}

#[tokio::test]
async fn a_rehearsal_says_what_the_pages_come_to_changes_nothing_and_waits_for_no_writer() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    let here = vec![Change::Branch(make::branch("b")), Change::Product(make::product("1"))];
    house.click(&connection, Entity::Product, &policies, here).await;
    let before = held(&house);
    // Somebody writes, and goes on writing.
    let writes = house.raw();
    writes.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = house.store.rehearse(connection.id, Entity::Product, pages(), policies.clone(), NOW).await.unwrap();
    writes.execute_batch("ROLLBACK").unwrap();
    assert_eq!(held(&house), before);
    let mut came = connector_host::nobi::Tally::default();
    for page in pages() {
        came.add(&house.pull(&connection, Entity::Product, connector_host::store::Trigger::Click, &policies, page).await.tally);
    }
    assert_eq!(told, came);
    assert_eq!((told.get("product.created"), told.get("product.waiting"), told.get("stock.created")), (3, 1, 1));
}

async fn dry_run(house: &House, guest: &Guest, config: HostConfig) -> Rehearsed {
    let connection = house.connected("shop").await;
    let host: Arc<Host> = house.host_with(guest, config).await;
    let run = host.dry_run(connection.id, Entity::Product, |_, _| {});
    tokio::time::timeout(Duration::from_secs(60), run).await.expect("it comes to an end").unwrap()
}

#[tokio::test]
async fn a_part_is_never_told_as_the_whole() {
    let house = House::new().await;
    let endless = Page { next: Some("more".to_owned()), ..make::page(Vec::new()) };
    let guest = Guest::new(make::descriptor()).pulls(Ok(endless));
    let ended = dry_run(&house, &guest, HostConfig { dry_run_pages: 7, ..HostConfig::default() }).await;
    assert!(matches!(&ended, Rehearsed::Failed(failure) if failure.code == "host.dry-run-too-long"), "{ended:?}");
    assert_eq!(house.far.asked().len(), 7);
}

#[tokio::test]
async fn a_dry_run_holds_no_more_bytes_than_it_may() {
    let house = House::new().await;
    let page = Page { next: Some("more".to_owned()), ..make::page(vec![Change::Product(make::product("1"))]) };
    let bytes = serde_json::to_vec(&page).unwrap().len();
    let guest = Guest::new(make::descriptor()).pulls(Ok(page.clone()));
    let ended = dry_run(&house, &guest, HostConfig { dry_run_bytes: 10 * bytes, ..HostConfig::default() }).await;
    assert!(matches!(&ended, Rehearsed::Failed(failure) if failure.code == "host.dry-run-too-long"), "{ended:?}");
    assert_eq!(house.far.asked().len(), 11, "the one that was too much is the last");
    // One page that is too much by itself is no whole either.
    let house = House::new().await;
    let guest = Guest::new(make::descriptor()).pulls(Ok(Page { next: None, ..page }));
    let ended = dry_run(&house, &guest, HostConfig { dry_run_bytes: bytes - 20, ..HostConfig::default() }).await;
    assert!(matches!(&ended, Rehearsed::Failed(_)), "{ended:?}");
}

#[tokio::test]
async fn a_dry_run_does_not_wait_for_ever_where_the_other_side_is_shut() {
    let house = House::new().await;
    let guest = Guest::new(make::descriptor()).pulls(Err(failure(FailureClass::RateLimited(60 * 60 * 1_000))));
    let ended = dry_run(&house, &guest, HostConfig::default()).await;
    assert!(matches!(&ended, Rehearsed::Failed(failure) if failure.code == "test.failure"), "{ended:?}");
}
