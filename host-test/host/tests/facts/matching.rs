//! Which record of Nobi's a new record is, before one is created.

use connector_host::contract::Policy;
use connector_host::contract::catalog::{Branch, Change, Product};
use connector_host::contract::types::Entity;
use connector_host::nobi::Tally;
use connector_host::store::{Decision, StoreError};

use crate::house::{House, all};
use crate::make::{self, NOW};

/// A shop whose Nobi already has these products, from another connection of the same tenant.
async fn having(house: &House, products: Vec<Product>) -> connector_host::store::Connection {
    let other = house.connected("shop").await;
    let changes = products.into_iter().map(Change::Product).collect();
    house.click(&other, Entity::Product, &all(Policy::CreateOnly), changes).await;
    house.connected("shop").await
}

async fn come(house: &House, connection: &connector_host::store::Connection, products: Vec<Product>) -> Tally {
    let changes = products.into_iter().map(Change::Product).collect();
    house.click(connection, Entity::Product, &all(Policy::CreateOnly), changes).await
}

#[tokio::test]
async fn a_product_is_found_by_its_sku_however_it_is_written() {
    for sku in ["Áo Thun-01", " A\u{301}o thun-01 ", "ÁO  THUN-01"] {
        let house = House::new().await;
        let connection = having(&house, vec![make::with_sku("1", "áo thun-01")]).await;
        let tally = come(&house, &connection, vec![make::with_sku("900", sku)]).await;
        assert_eq!((tally.get("product.linked"), tally.get("product.created")), (1, 0), "{sku:?}");
        let name: String = house.see("SELECT name FROM nobi_product");
        assert_eq!(name, "Hàng 1", "nothing is overwritten");
    }
}

#[tokio::test]
async fn a_product_is_found_by_its_barcode() {
    let house = House::new().await;
    let barcode = |id: &str, code: &str| Product { barcode: Some(code.to_owned()), ..make::product(id) };
    let connection = having(&house, vec![barcode("1", "8931"), barcode("2", "8932")]).await;
    let tally = come(&house, &connection, vec![barcode("900", "8931")]).await;
    assert_eq!(tally.get("product.linked"), 1);
    assert_eq!(house.see::<String>("SELECT name FROM nobi_product WHERE id = (SELECT nobi FROM link WHERE remote = '900')"), "Hàng 1");
}

#[tokio::test]
async fn the_id_that_nobi_gave_goes_before_the_sku() {
    let house = House::new().await;
    let connection = having(&house, vec![make::with_sku("1", "a"), make::with_sku("2", "b")]).await;
    let second: i64 = house.see("SELECT id FROM nobi_product WHERE sku = 'b'");
    let named = Product { own_id: Some(second.to_string()), ..make::with_sku("900", "a") };
    come(&house, &connection, vec![named]).await;
    assert_eq!(house.see::<i64>("SELECT nobi FROM link WHERE remote = '900'"), second);
}

#[tokio::test]
async fn an_id_of_the_merchant_s_own_system_that_only_resembles_one_of_nobi_s_finds_nothing() {
    let house = House::new().await;
    let connection = having(&house, vec![make::product("1")]).await;
    let id: i64 = house.see("SELECT id FROM nobi_product");
    for (remote, own_id) in [("900", format!("00{id}")), ("901", format!("+{id}"))] {
        let tally = come(&house, &connection, vec![Product { own_id: Some(own_id), ..make::product(remote) }]).await;
        assert_eq!(tally.get("product.created"), 1);
    }
}

#[tokio::test]
async fn a_product_is_never_found_by_its_name() {
    let house = House::new().await;
    let connection = having(&house, vec![Product { name: "Áo thun".to_owned(), ..make::product("1") }]).await;
    let tally = come(&house, &connection, vec![Product { name: "Áo thun".to_owned(), ..make::product("900") }]).await;
    assert_eq!(tally.get("product.created"), 1);
}

#[tokio::test]
async fn another_tenant_s_product_is_never_found() {
    let house = House::new().await;
    having(&house, vec![make::with_sku("1", "a")]).await;
    let stranger = house.connected("other shop").await;
    let tally = come(&house, &stranger, vec![make::with_sku("1", "a")]).await;
    assert_eq!(tally.get("product.created"), 1);
}

#[tokio::test]
async fn two_candidates_wait_for_a_person() {
    let house = House::new().await;
    let connection = having(&house, vec![make::product("1"), make::product("2")]).await;
    house.raw().execute("UPDATE nobi_product SET sku = 'a', sku_key = 'a'", []).unwrap();
    let tally = come(&house, &connection, vec![make::with_sku("900", "a")]).await;
    assert_eq!((tally.get("product.waiting"), tally.changed()), (1, 0));
    assert_eq!(house.see::<String>("SELECT state FROM link WHERE remote = '900'"), "waiting");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product"), 2);
}

/// Decides for this pair, and lets its record come in again.
async fn decided(house: &House, connection: &connector_host::store::Connection, change: Change, nobi: i64) -> Tally {
    let (entity, remote) = match &change {
        Change::Branch(branch) => (Entity::Branch, branch.id.clone()),
        Change::Product(product) => (Entity::Product, product.id.clone()),
        _ => unreachable!(),
    };
    assert!(house.store.decide_pair(connection.id, entity, &remote, Decision::Pair(nobi), NOW).await.unwrap());
    assert!(!house.store.awaiting(connection.id).await.unwrap().iter().any(|one| one.remote == remote), "nobody is asked again");
    let run = house.store.runs(connection.id, 1).await.unwrap().pop().unwrap();
    let page = make::page(vec![change]);
    house.store.apply_page(run.id, connection.footing(), page, all(Policy::CreateOnly), NOW).await.unwrap().tally
}

#[tokio::test]
async fn what_waited_for_a_branch_comes_in_when_a_person_pairs_it() {
    let house = House::new().await;
    let other = house.connected("shop").await;
    let policies = all(Policy::CreateOnly);
    let coded = |id: &str| Change::Branch(Branch { code: Some("K1".to_owned()), ..make::branch(id) });
    house.click(&other, Entity::Branch, &policies, vec![coded("1"), Change::Branch(make::branch("2"))]).await;
    house.raw().execute("UPDATE nobi_branch SET code = 'K1'", []).unwrap();
    let connection = house.connected("shop").await;
    let tally = house.click(&connection, Entity::Branch, &policies, vec![coded("900")]).await;
    assert_eq!(tally.get("branch.waiting"), 1);
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::product("7"))]).await;
    house.click(&connection, Entity::Stock, &policies, vec![make::level("7", "900", 5000)]).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM parked_stock"), 1);
    let tally = decided(&house, &connection, coded("900"), 2).await;
    assert_eq!((tally.get("branch.linked"), tally.get("stock.created")), (1, 1));
    assert_eq!(house.see::<i64>("SELECT branch FROM nobi_stock"), 2);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM parked_stock"), 0);
}

#[tokio::test]
async fn variants_find_a_head_that_a_person_pairs() {
    let house = House::new().await;
    let head = |id: &str| Product { sku: Some("a".to_owned()), ..make::head(id) };
    let connection = having(&house, vec![head("1"), make::head("2")]).await;
    house.raw().execute("UPDATE nobi_product SET sku = 'a', sku_key = 'a'", []).unwrap();
    let tally = come(&house, &connection, vec![make::variant("901", "900"), head("900")]).await;
    assert_eq!((tally.get("product.created"), tally.get("product.waiting")), (1, 1));
    let tally = decided(&house, &connection, Change::Product(head("900")), 2).await;
    assert_eq!(tally.get("product.linked"), 1);
    assert_eq!(house.see::<i64>("SELECT parent FROM nobi_product WHERE kind = 'variant-child'"), 2);
}

#[tokio::test]
async fn a_chosen_pair_that_is_not_free_any_more_is_asked_for_again() {
    let house = House::new().await;
    let connection = having(&house, vec![make::with_sku("1", "a"), make::with_sku("2", "b")]).await;
    house.raw().execute("UPDATE nobi_product SET sku = 'a', sku_key = 'a'", []).unwrap();
    let waits = ["900", "901"].map(|id| make::with_sku(id, "a"));
    come(&house, &connection, waits.to_vec()).await;
    let choose = async |remote, nobi| house.store.decide_pair(connection.id, Entity::Product, remote, Decision::Pair(nobi), NOW).await;
    assert!(choose("900", 2).await.unwrap());
    assert!(matches!(choose("901", 2).await, Err(StoreError::Refused(_))), "it is promised to another");
    house.store.delete_product(connection.id, 2, NOW).await.unwrap();
    let tally = come(&house, &connection, vec![make::with_sku("900", "a")]).await;
    assert_eq!(tally.get("product.linked"), 1, "what was chosen is gone: it is matched anew");
    assert_eq!(house.see::<i64>("SELECT nobi FROM link WHERE remote = '900'"), 1);
}

#[tokio::test]
async fn of_two_records_of_a_page_with_one_candidate_both_wait() {
    let house = House::new().await;
    let barcode = |product: Product, code: &str| Product { barcode: Some(code.to_owned()), ..product };
    let connection = having(&house, vec![barcode(make::with_sku("1", "a"), "8931"), make::with_sku("2", "c")]).await;
    // Found by its code, found by its barcode, found alone; and the last once more, as when the list moves under the pages.
    let page =
        vec![make::with_sku("900", "a"), barcode(make::product("901"), "8931"), make::with_sku("904", "c"), make::with_sku("904", "c")];
    let tally = come(&house, &connection, page.clone()).await;
    assert_eq!((tally.get("product.linked"), tally.get("product.waiting"), tally.get("product.created")), (1, 2, 0));
    let first: i64 = house.see("SELECT id FROM nobi_product WHERE sku = 'a'");
    for remote in ["900", "901"] {
        assert_eq!(
            house.see::<String>(&format!("SELECT state || candidates FROM link WHERE remote = '{remote}'")),
            format!("waiting[{first}]")
        );
    }
    // They wait in the next pull as well, until a person has chosen.
    let tally = come(&house, &connection, page.clone()).await;
    assert_eq!((tally.get("product.waiting"), tally.changed()), (2, 0));
    let chosen = house.store.decide_pair(connection.id, Entity::Product, "901", Decision::Pair(first), make::NOW).await.unwrap();
    assert!(chosen);
    // The other one still finds it first; it is not free any more.
    let tally = come(&house, &connection, page).await;
    assert_eq!((tally.get("product.linked"), tally.get("product.waiting")), (1, 1));
    assert_eq!(house.see::<i64>("SELECT nobi FROM link WHERE remote = '901'"), first);
}

#[tokio::test]
async fn a_record_that_resembles_one_that_was_only_just_created_waits() {
    let house = House::new().await;
    let connection = having(&house, vec![]).await;
    let tally = come(&house, &connection, vec![make::with_sku("902", "b"), make::with_sku("903", "b")]).await;
    assert_eq!((tally.get("product.created"), tally.get("product.waiting")), (1, 1));
}

#[tokio::test]
async fn a_variant_is_not_found_in_the_head_of_a_family() {
    let house = House::new().await;
    let connection = having(&house, vec![Product { sku: Some("a".to_owned()), ..make::head("1") }]).await;
    let tally = come(&house, &connection, vec![make::with_sku("900", "a")]).await;
    assert_eq!(tally.get("product.created"), 1);
}

#[tokio::test]
async fn a_sku_that_was_told_to_be_empty_is_searched_by_no_longer() {
    let house = House::new().await;
    let other = house.connected("shop").await;
    let keep = all(Policy::KeepUpdated);
    house.click(&other, Entity::Product, &keep, vec![Change::Product(make::with_sku("1", "a"))]).await;
    house.click(&other, Entity::Product, &keep, vec![Change::Product(make::with_sku("1", ""))]).await;
    let connection = house.connected("shop").await;
    let tally = come(&house, &connection, vec![make::with_sku("900", "a")]).await;
    assert_eq!(tally.get("product.created"), 1);
}
