//! Levels and prices: the toggle, the first one, the later ones, the ones that wait.

use connector_host::contract::catalog::{Change, PriceChange, Product, ProductKind};
use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Refresh};
use connector_host::nobi::Policies;
use connector_host::store::{Connection, Ingested, Level, Trigger};

use crate::house::{House, all};
use crate::make;

/// A shop with a product `1` and a branch `b`, both linked.
async fn shop() -> (House, Connection) {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house.click(&connection, Entity::Branch, &all(Policy::CreateOnly), vec![Change::Branch(make::branch("b"))]).await;
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::product("1"))]).await;
    (house, connection)
}

fn stock_at(policy: Policy) -> Policies {
    let mut policies = all(Policy::CreateOnly);
    policies.set(Entity::Stock, policy);
    policies.set(Entity::Price, policy);
    policies
}

async fn known(house: &House, connection: &Connection) -> Vec<(i64, bool)> {
    let levels: Vec<Level> = house.store.levels(connection.id).await.unwrap();
    levels.into_iter().map(|level| (level.available, level.provisional)).collect()
}

/// A webhook with this level, and the refresh that goes with it.
async fn webhook(house: &House, connection: &Connection, policies: &Policies, hash: u8, available: i64) -> Ingested {
    let mut accepted = make::accepted(&["1"], vec![make::provisional("1", "b", available)]);
    accepted.refresh = vec![Refresh { entity: Entity::Stock, ids: vec!["1".to_owned()], within_ms: 900_000 }];
    house.deliver(connection, hash, policies, accepted).await
}

async fn refreshed(house: &House, connection: &Connection, policies: &Policies, available: i64) {
    let page = make::page(vec![make::level("1", "b", available)]);
    house.pull(connection, Entity::Stock, Trigger::Live, policies, page).await;
}

#[tokio::test]
async fn with_the_toggle_off_no_level_and_no_price_comes_in() {
    let (house, connection) = shop().await;
    let policies = stock_at(Policy::Off);
    let row = Product { stock: Some(vec![make::at_branch("b", 5000)]), prices: Some(make::retail(9)), ..make::product("1") };
    let price = Change::Price(PriceChange { product: "1".to_owned(), prices: make::retail(9) });
    house.click(&connection, Entity::Stock, &policies, vec![Change::Product(row), make::level("1", "b", 5000), price]).await;
    webhook(&house, &connection, &policies, 1, 5000).await;
    assert_eq!(known(&house, &connection).await, []);
    assert_eq!(house.store.nobi_counts("shop").await.unwrap().priced, 0);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh"), 0);
}

#[tokio::test]
async fn a_level_that_waits_for_its_branch_does_not_come_in_once_the_toggle_is_off() {
    for (policy, expected) in [(Policy::CreateOnly, vec![(7000, true)]), (Policy::Off, Vec::new())] {
        let (house, connection) = shop().await;
        house.click(&connection, Entity::Stock, &stock_at(Policy::CreateOnly), vec![make::level("1", "c", 7000)]).await;
        assert_eq!(house.see::<u32>("SELECT count(*) FROM parked_stock"), 1);
        house.click(&connection, Entity::Branch, &stock_at(policy), vec![Change::Branch(make::branch("c"))]).await;
        assert_eq!(known(&house, &connection).await, expected, "{policy:?}");
        let asked = house.see::<i64>("SELECT count(*) FROM refresh WHERE entity = 'stock'");
        assert_eq!(asked > 0, policy != Policy::Off, "{policy:?}");
        assert_eq!(house.see::<u32>("SELECT count(*) FROM parked_stock"), 0, "what is known once the toggle is on again is another level");
    }
}

#[tokio::test]
async fn a_first_level_comes_in_from_a_webhook_and_a_later_one_does_not() {
    let (house, connection) = shop().await;
    let policies = stock_at(Policy::CreateOnly);
    webhook(&house, &connection, &policies, 1, 5000).await;
    assert_eq!(known(&house, &connection).await, [(5000, true)]);
    webhook(&house, &connection, &policies, 2, 4000).await;
    assert_eq!(known(&house, &connection).await, [(5000, true)]);
}

#[tokio::test]
async fn a_provisional_first_level_is_confirmed_or_put_right_by_its_refresh_once() {
    for told in [5000, 4000] {
        let (house, connection) = shop().await;
        let policies = stock_at(Policy::CreateOnly);
        webhook(&house, &connection, &policies, 1, 5000).await;
        assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh WHERE entity = 'stock' AND remote = '1'"), 1);
        refreshed(&house, &connection, &policies, told).await;
        assert_eq!(known(&house, &connection).await, [(told, false)]);
        // Now it is settled.
        refreshed(&house, &connection, &policies, 1000).await;
        assert_eq!(known(&house, &connection).await, [(told, false)]);
    }
}

#[tokio::test]
async fn under_keep_updated_every_level_comes_in_just_as_it_was_sent() {
    let (house, connection) = shop().await;
    let policies = stock_at(Policy::KeepUpdated);
    for (hash, available) in [(1, 5000), (2, -2500), (3, 1)] {
        webhook(&house, &connection, &policies, hash, available).await;
        assert_eq!(known(&house, &connection).await, [(available, true)]);
    }
}

#[tokio::test]
async fn a_late_retry_of_an_old_level_raises_nothing_and_brings_a_refresh() {
    let (house, connection) = shop().await;
    let policies = stock_at(Policy::KeepUpdated);
    webhook(&house, &connection, &policies, 1, 5000).await;
    webhook(&house, &connection, &policies, 2, 4000).await;
    refreshed(&house, &connection, &policies, 4000).await;
    house.raw().execute("DELETE FROM refresh", []).unwrap();
    webhook(&house, &connection, &policies, 1, 5000).await;
    assert_eq!(known(&house, &connection).await, [(4000, false)]);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh WHERE remote = '1'"), 1);
    refreshed(&house, &connection, &policies, 4000).await;
    assert_eq!(known(&house, &connection).await, [(4000, false)]);
}

#[tokio::test]
async fn a_level_of_a_product_that_is_not_linked_is_dropped() {
    let (house, connection) = shop().await;
    let tally = house.click(&connection, Entity::Stock, &all(Policy::KeepUpdated), vec![make::level("unknown", "b", 5000)]).await;
    assert_eq!((tally.get("stock.dropped"), tally.changed()), (1, 0));
}

#[tokio::test]
async fn a_level_of_an_unknown_branch_is_parked_and_comes_in_with_the_branch() {
    let (house, connection) = shop().await;
    let policies = stock_at(Policy::CreateOnly);
    let tally = house.click(&connection, Entity::Stock, &policies, vec![make::level("1", "late", 7000)]).await;
    assert_eq!(tally.get("stock.parked"), 1);
    assert_eq!(known(&house, &connection).await, []);
    house.click(&connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("late"))]).await;
    assert_eq!(known(&house, &connection).await, [(7000, true)], "nobody knows how long it waited");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh WHERE entity = 'stock' AND remote = '1'"), 1);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM parked_stock"), 0);
}

#[tokio::test]
async fn a_parked_level_that_only_a_webhook_told_is_asked_for_when_its_branch_comes() {
    let (house, connection) = shop().await;
    let policies = stock_at(Policy::CreateOnly);
    let accepted = make::accepted(&["1"], vec![make::provisional("1", "late", 7000)]);
    house.deliver(&connection, 1, &policies, accepted).await;
    house.click(&connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("late"))]).await;
    assert_eq!(known(&house, &connection).await, [(7000, true)]);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh WHERE entity = 'stock' AND remote = '1'"), 1);
}

#[tokio::test]
async fn the_head_of_a_family_a_service_and_a_voucher_have_no_stock() {
    for kind in [ProductKind::VariantParent, ProductKind::Service, ProductKind::Other] {
        let (house, connection) = shop().await;
        let policies = all(Policy::KeepUpdated);
        let bare = Product { kind, stock: Some(vec![make::at_branch("b", 5000)]), ..make::product("10") };
        house.click(&connection, Entity::Product, &policies, vec![Change::Product(bare), make::level("10", "b", 5000)]).await;
        house.deliver(&connection, 1, &policies, make::accepted(&["10"], vec![make::provisional("10", "b", 5000)])).await;
        assert_eq!(known(&house, &connection).await, [], "{kind:?}");
    }
}

#[tokio::test]
async fn a_first_price_comes_in_and_a_later_one_only_where_prices_are_kept_updated() {
    let (house, connection) = shop().await;
    let price = |amount| vec![Change::Price(PriceChange { product: "1".to_owned(), prices: make::retail(amount) })];
    for (policy, amount, known) in [
        (Policy::Off, 100, None),
        (Policy::CreateOnly, 200, Some(200)),
        (Policy::CreateOnly, 300, Some(200)),
        (Policy::KeepUpdated, 400, Some(400)),
    ] {
        house.click(&connection, Entity::Price, &stock_at(policy), price(amount)).await;
        assert_eq!(house.see::<Option<i64>>("SELECT retail FROM nobi_product"), known, "{policy:?} {amount}");
    }
}

#[tokio::test]
async fn the_merchant_s_choice_stands_over_the_flow_s_default_and_the_toggle_over_both() {
    let (house, connection) = shop().await;
    house.store.set_policy(connection.id, Entity::Stock, Policy::KeepUpdated).await.unwrap();
    webhook(&house, &connection, &stock_at(Policy::CreateOnly), 1, 5000).await;
    webhook(&house, &connection, &stock_at(Policy::CreateOnly), 2, 4000).await;
    assert_eq!(known(&house, &connection).await, [(4000, true)]);
    webhook(&house, &connection, &stock_at(Policy::Off), 3, 3000).await;
    assert_eq!(known(&house, &connection).await, [(4000, true)]);
}
