//! Records whose place cannot be told, because a field that says it was sent and cannot be read.

use connector_host::contract::catalog::{Change, Customer, Product, ProductKind, ProductStatus};
use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Scope};
use connector_host::store::{Connection, Decision, Trigger};

use crate::house::{House, all};
use crate::make;

async fn shop() -> (House, Connection) {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    (house, connection)
}

fn undecided(id: &str) -> Product {
    Product { undecided: true, barcode: Some("893".to_owned()), ..make::product(id) }
}

#[tokio::test]
async fn a_new_product_whose_keys_cannot_be_read_waits_for_a_person_and_matches_nothing() {
    let (house, connection) = shop().await;
    let other = house.connected("shop").await;
    let known = Product { barcode: Some("893".to_owned()), ..make::product("9") };
    house.click(&other, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(known)]).await;
    for _ in 0..2 {
        let tally = house.click(&connection, Entity::Product, &all(Policy::KeepUpdated), vec![Change::Product(undecided("1"))]).await;
        assert_eq!((tally.get("product.waiting"), tally.changed()), (1, 0));
    }
    let awaiting = house.store.awaiting(connection.id).await.unwrap();
    assert_eq!(awaiting.iter().map(|one| (one.remote.as_str(), one.candidates.len())).collect::<Vec<_>>(), [("1", 0)]);
    // Once its keys can be read it finds its pair by itself.
    let read = Product { undecided: false, ..undecided("1") };
    let tally = house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(read)]).await;
    assert_eq!(tally.get("product.linked"), 1);
    assert!(house.store.awaiting(connection.id).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_person_may_say_that_it_is_a_new_one() {
    let (house, connection) = shop().await;
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(undecided("1"))]).await;
    assert!(house.store.decide_pair(connection.id, Entity::Product, "1", Decision::New, make::NOW).await.unwrap());
    let run = house.store.begin_run(connection.id, Entity::Product, Scope::Only(vec!["1".to_owned()]), Trigger::Click, make::NOW).await;
    let page = make::page(vec![Change::Product(undecided("1"))]);
    let applied = house.store.apply_page(run.unwrap().unwrap(), connection.footing(), page, all(Policy::CreateOnly), make::NOW).await;
    assert_eq!(applied.unwrap().tally.get("product.created"), 1);
}

#[tokio::test]
async fn candidates_that_are_known_stay_where_the_keys_cannot_be_read_the_next_time() {
    let (house, connection) = shop().await;
    let policies = all(Policy::CreateOnly);
    let two = ["1", "2"].map(|id| Change::Product(make::with_sku(id, id))).to_vec();
    house.click(&house.connected("shop").await, Entity::Product, &policies, two).await;
    house.raw().execute("UPDATE nobi_product SET sku = 'a', sku_key = 'a'", []).unwrap();
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::with_sku("7", "a"))]).await;
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(undecided("7"))]).await;
    assert_eq!(house.store.awaiting(connection.id).await.unwrap()[0].candidates.len(), 2);
}

#[tokio::test]
async fn a_linked_product_keeps_the_keys_that_it_has_and_takes_the_rest() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::with_sku("1", "a"))]).await;
    let row = Product { name: "Tên mới".to_owned(), sku: None, ..undecided("1") };
    let tally = house.click(&connection, Entity::Product, &policies, vec![Change::Product(row)]).await;
    assert_eq!(tally.get("product.updated"), 1);
    assert_eq!(house.see::<String>("SELECT name || '/' || sku || '/' || sku_key FROM nobi_product"), "Tên mới/a/a");
}

#[tokio::test]
async fn a_status_that_cannot_be_read_leaves_a_known_one_and_sells_no_new_one() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    let unread = |id: &str| {
        let prices = Some(make::retail(100));
        Product { status: ProductStatus::Unknown, raw_status: String::new(), prices, ..make::product(id) }
    };
    let known = Product { prices: Some(make::retail(100)), ..make::product("1") };
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(known)]).await;
    let tally =
        house.click(&connection, Entity::Product, &policies, vec![Change::Product(unread("1")), Change::Product(unread("2"))]).await;
    assert_eq!((tally.get("product.unchanged"), tally.get("product.created")), (1, 1));
    let shown = "SELECT group_concat(status || '/' || json_extract(detail, '$.raw_status')) FROM nobi_product";
    assert_eq!(house.see::<String>(shown), "active/Active,unknown/");
    let sold: Vec<String> = house.store.sellable(connection.id, 9).await.unwrap().into_iter().map(|it| it.remote).collect();
    assert_eq!(sold, ["1"]);
    // One that can be read and that nobody knows is told as it was written.
    let odd = Product { status: ProductStatus::Unknown, raw_status: "Archived".to_owned(), ..make::product("1") };
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(odd)]).await;
    assert_eq!(house.see::<String>(shown), "unknown/Archived,unknown/");
}

#[tokio::test]
async fn a_kind_that_cannot_be_read_leaves_a_known_one_and_brings_no_level() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    house.click(&connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("b"))]).await;
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::product("1"))]).await;
    let unread = |id: &str| {
        let stock = Some(vec![make::at_branch("b", 5000)]);
        Change::Product(Product { kind: ProductKind::Unknown, stock, ..make::product(id) })
    };
    house.click(&connection, Entity::Product, &policies, vec![unread("1"), unread("2")]).await;
    assert_eq!(house.see::<String>("SELECT group_concat(kind) FROM nobi_product"), "goods,unknown");
    let levels = async || house.store.levels(connection.id).await.unwrap().len();
    assert_eq!(levels().await, 0);
    // A list of levels says nothing of kinds: the one whose kind is known takes its level.
    house.click(&connection, Entity::Stock, &policies, vec![make::level("1", "b", 5000), make::level("2", "b", 5000)]).await;
    assert_eq!(levels().await, 1);
    let read = Product { stock: Some(vec![make::at_branch("b", 5000)]), ..make::product("2") };
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(read)]).await;
    assert_eq!(levels().await, 2, "once it can be read");
}

#[tokio::test]
async fn a_new_customer_whose_phone_cannot_be_read_waits_and_a_linked_one_keeps_its_phone() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    let unread = |id: &str| Change::Customer(Customer { undecided: true, ..make::customer(id, None) });
    house.click(&connection, Entity::Customer, &policies, vec![Change::Customer(make::customer("1", Some("0901234567")))]).await;
    let tally = house.click(&connection, Entity::Customer, &policies, vec![unread("1"), unread("2")]).await;
    assert_eq!((tally.get("customer.unchanged"), tally.get("customer.waiting"), tally.changed()), (1, 1, 0));
    assert_eq!(house.see::<String>("SELECT phone FROM nobi_customer"), "0901234567");
}
