//! A delivery that comes again: what it says is news where something else wrote its record since, and an old one raises nothing.

use std::time::Duration;

use connector_host::contract::catalog::{Change, Gone, PriceChange};
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Accepted, Policy, Refresh};
use connector_host::store::{Connection, Ingested, Trigger};

use crate::guest::failure;
use crate::house::{House, all};
use crate::make;

const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// A shop with the products `1` and `2` and the branch `b`, where everything is kept updated.
async fn shop() -> (House, Connection) {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    house.click(&connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("b"))]).await;
    let products = ["1", "2"].map(|id| Change::Product(make::product(id))).to_vec();
    house.click(&connection, Entity::Product, &policies, products).await;
    (house, connection)
}

/// A delivery with these levels, and the refresh that goes with it.
async fn told(house: &House, connection: &Connection, hash: u8, levels: &[(&str, i64)]) -> Ingested {
    let subjects: Vec<&str> = levels.iter().map(|(product, _)| *product).collect();
    let changes = levels.iter().map(|(product, available)| make::provisional(product, "b", *available)).collect();
    let ids = subjects.iter().map(|id| (*id).to_owned()).collect();
    let refresh = vec![Refresh { entity: Entity::Stock, ids, within_ms: 900_000 }];
    house.deliver(connection, hash, &all(Policy::KeepUpdated), Accepted { refresh, ..make::accepted(&subjects, changes) }).await
}

/// A pull of the shop's stock that a timer set off.
async fn swept(house: &House, connection: &Connection, levels: &[(&str, i64)]) {
    let changes = levels.iter().map(|(product, available)| make::level(product, "b", *available)).collect();
    house.pull(connection, Entity::Stock, Trigger::Timer, &all(Policy::KeepUpdated), make::page(changes)).await;
}

async fn level(house: &House, connection: &Connection, product: &str) -> i64 {
    let levels = house.store.levels(connection.id).await.unwrap();
    levels.into_iter().find(|level| level.product == product).map(|level| level.available).unwrap()
}

/// How long the refresh of a product waits, in milliseconds; none: nobody asked for one.
fn waits(house: &House, product: &str) -> Option<i64> {
    let due: Option<i64> = house.see(&format!("SELECT max(due) FROM refresh WHERE entity = 'stock' AND remote = '{product}'"));
    due.map(|due| due - house.clock.now())
}

fn forget_refreshes(house: &House) {
    house.raw().execute("DELETE FROM refresh", []).unwrap();
}

fn is_news(ingested: &Ingested) -> bool {
    matches!(ingested, Ingested::Applied(_))
}

#[tokio::test]
async fn sold_out_again_after_a_sweep_brought_stock_is_no_repeat() {
    let (house, connection) = shop().await;
    told(&house, &connection, 1, &[("1", 0)]).await;
    swept(&house, &connection, &[("1", 5000)]).await;
    forget_refreshes(&house);
    assert!(is_news(&told(&house, &connection, 1, &[("1", 0)]).await));
    assert_eq!(level(&house, &connection, "1").await, 0, "down at once");
    assert!(waits(&house, "1").is_some(), "and read again");
}

#[tokio::test]
async fn an_old_level_raises_nothing_and_its_refresh_goes_first() {
    let (house, connection) = shop().await;
    told(&house, &connection, 1, &[("1", 5000)]).await;
    swept(&house, &connection, &[("1", 0)]).await;
    forget_refreshes(&house);
    house.clock.advance(50 * MINUTE);
    let Ingested::Applied(tally) = told(&house, &connection, 1, &[("1", 5000)]).await else { panic!("a repeat") };
    assert_eq!((tally.get("stock.held"), tally.changed()), (1, 0));
    assert_eq!(level(&house, &connection, "1").await, 0);
    assert_eq!(waits(&house, "1"), Some(0), "at once, though the delivery would have waited");
    assert_eq!(house.store.join_refreshes(house.clock.now()).await.unwrap(), 1);
}

#[tokio::test]
async fn what_came_longer_ago_than_anybody_retries_is_taken_as_it_is() {
    let (house, connection) = shop().await;
    told(&house, &connection, 1, &[("1", 5000)]).await;
    swept(&house, &connection, &[("1", 0)]).await;
    house.clock.advance(HOUR);
    assert!(is_news(&told(&house, &connection, 1, &[("1", 5000)]).await));
    assert_eq!(level(&house, &connection, "1").await, 5000);
}

#[tokio::test]
async fn a_repeat_counts_as_the_last_time_that_the_words_came() {
    let (house, connection) = shop().await;
    told(&house, &connection, 1, &[("1", 5000)]).await;
    house.clock.advance(40 * MINUTE);
    assert_eq!(told(&house, &connection, 1, &[("1", 5000)]).await, Ingested::Duplicate);
    swept(&house, &connection, &[("1", 0)]).await;
    house.clock.advance(40 * MINUTE);
    told(&house, &connection, 1, &[("1", 5000)]).await;
    assert_eq!(level(&house, &connection, "1").await, 0);
}

#[tokio::test]
async fn five_four_five_comes_in_as_three_facts_the_third_by_its_refresh() {
    let (house, connection) = shop().await;
    for (hash, told_level, known, wait) in [(5, 5000, 5000, 900_000), (4, 4000, 4000, 900_000), (5, 5000, 4000, 0)] {
        forget_refreshes(&house);
        assert!(is_news(&told(&house, &connection, hash, &[("1", told_level)]).await));
        assert_eq!((level(&house, &connection, "1").await, waits(&house, "1")), (known, Some(wait)));
    }
}

#[tokio::test]
async fn five_four_five_is_three_facts_also_where_the_four_came_in_a_batch() {
    let (house, connection) = shop().await;
    told(&house, &connection, 5, &[("1", 5000)]).await;
    told(&house, &connection, 41, &[("1", 4000), ("2", 1000)]).await;
    forget_refreshes(&house);
    assert!(is_news(&told(&house, &connection, 5, &[("1", 5000)]).await));
    assert_eq!((level(&house, &connection, "1").await, level(&house, &connection, "2").await), (4000, 1000));
    assert_eq!((waits(&house, "1"), waits(&house, "2")), (Some(0), None));
}

#[tokio::test]
async fn an_old_batch_lowers_what_it_lowers_and_raises_nothing() {
    let (house, connection) = shop().await;
    told(&house, &connection, 1, &[("1", 2000), ("2", 9000)]).await;
    swept(&house, &connection, &[("1", 7000), ("2", 3000)]).await;
    forget_refreshes(&house);
    told(&house, &connection, 1, &[("1", 2000), ("2", 9000)]).await;
    assert_eq!((level(&house, &connection, "1").await, level(&house, &connection, "2").await), (2000, 3000));
    assert_eq!((waits(&house, "1"), waits(&house, "2")), (Some(900_000), Some(0)));
}

#[tokio::test]
async fn an_old_first_level_comes_by_its_refresh_also_where_only_first_ones_are_taken() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::CreateOnly);
    house.click(&connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("b"))]).await;
    let deliver = async || house.deliver(&connection, 1, &policies, make::accepted(&["1"], vec![make::provisional("1", "b", 5000)])).await;
    deliver().await;
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::product("1"))]).await;
    assert!(is_news(&deliver().await), "the product was not there the first time");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_stock"), 0);
    assert_eq!(waits(&house, "1"), Some(0));
}

#[tokio::test]
async fn what_a_pull_only_confirms_is_still_the_last_word() {
    let (house, connection) = shop().await;
    told(&house, &connection, 1, &[("1", 5000)]).await;
    swept(&house, &connection, &[("1", 5000)]).await;
    assert_eq!(told(&house, &connection, 1, &[("1", 5000)]).await, Ingested::Duplicate);
}

#[tokio::test]
async fn a_price_or_a_delete_by_another_way_makes_a_repeat_news() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    let price = |amount| Change::Price(PriceChange { product: "1".to_owned(), prices: make::retail(amount) });
    let by_hook = async |hash, event: &str, change: Change| {
        let accepted = Accepted { event: event.to_owned(), ..make::accepted(&["1"], vec![change]) };
        house.deliver(&connection, hash, &policies, accepted).await
    };
    by_hook(1, "price", price(100)).await;
    house.click(&connection, Entity::Price, &policies, vec![price(200)]).await;
    assert!(is_news(&by_hook(1, "price", price(100)).await));
    assert_eq!(house.see::<i64>("SELECT retail FROM nobi_product WHERE id = 1"), 100);
    // Another event that writes the record counts as well.
    by_hook(2, "other price", price(300)).await;
    assert!(is_news(&by_hook(1, "price", price(100)).await));
    let gone = || Change::Gone(Gone { entity: Entity::Product, id: "1".to_owned() });
    by_hook(3, "delete", gone()).await;
    assert_eq!(by_hook(3, "delete", gone()).await, Ingested::Duplicate);
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::product("1"))]).await;
    assert!(is_news(&by_hook(3, "delete", gone()).await));
    assert_eq!(house.see::<u32>("SELECT count(*) FROM link WHERE state = 'gone'"), 1);
}

#[tokio::test]
async fn what_an_earlier_policy_kept_out_is_news_once_the_stream_is_kept_updated() {
    let (house, connection) = shop().await;
    swept(&house, &connection, &[("1", 5000)]).await;
    let accepted = || make::accepted(&["1"], vec![make::provisional("1", "b", 0)]);
    house.deliver(&connection, 1, &all(Policy::CreateOnly), accepted()).await;
    assert_eq!(level(&house, &connection, "1").await, 5000);
    house.store.set_policy(connection.id, Entity::Stock, Policy::KeepUpdated).await.unwrap();
    house.deliver(&connection, 1, &all(Policy::CreateOnly), accepted()).await;
    assert_eq!(level(&house, &connection, "1").await, 0);
}

#[tokio::test]
async fn a_delivery_that_was_kept_raises_nothing_when_it_is_worked_on_again() {
    let (house, connection) = shop().await;
    told(&house, &connection, 2, &[("1", 3000)]).await;
    let kept = house
        .store
        .keep_delivery(connection.id, house.clock.now(), [1; 32], b"{}".to_vec(), failure(FailureClass::Transient), 0)
        .await
        .unwrap();
    house.clock.advance(3 * HOUR);
    forget_refreshes(&house);
    house
        .store
        .ingest(connector_host::store::Ingest {
            connection: connection.id,
            received: house.clock.now(),
            hash: [1; 32],
            accepted: make::accepted(&["1"], vec![make::provisional("1", "b", 8000)]),
            flows: all(Policy::KeepUpdated),
            kept: Some(kept),
            refresh_most: crate::house::REFRESH_MOST,
        })
        .await
        .unwrap();
    assert_eq!((level(&house, &connection, "1").await, waits(&house, "1")), (3000, Some(0)));
}

#[tokio::test]
async fn whether_words_came_before_is_found_without_looking_at_all_of_them() {
    let house = House::new().await;
    let ways = [
        ("SELECT EXISTS (SELECT 1 FROM delivery WHERE connection = 1 AND hash = x'00' AND received > 5)", "delivery_by_hash"),
        ("SELECT 1 FROM order_push WHERE connection = 1 AND seen_as = '1'", "order_push_by_seen"),
    ];
    for (sql, index) in ways {
        let raw = house.raw();
        let mut statement = raw.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> = statement.query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
    }
}

#[tokio::test]
async fn a_refresh_of_an_order_that_is_not_known_here_costs_no_request() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    house
        .store
        .order_event(connection.id, make::event("o", 1, connector_host::contract::orders::OrderEventKind::Created), 0)
        .await
        .unwrap();
    house.store.intend(make::intent(&connection, "o", "tag-o", 0)).await.unwrap();
    let hint = async |hash, order: &str| {
        let refresh = vec![Refresh { entity: Entity::OrderStatus, ids: vec![order.to_owned()], within_ms: 0 }];
        let accepted = Accepted { event: "order".to_owned(), refresh, ..make::accepted(&[order], Vec::new()) };
        house.deliver(&connection, hash, &all(Policy::KeepUpdated), accepted).await;
        house.see::<u32>("SELECT count(*) FROM refresh WHERE entity = 'order-status'")
    };
    assert_eq!(hint(1, "777").await, 0, "somebody else's");
    // Our own id was told with it, so that its push finds it.
    let seen = connector_host::contract::catalog::OrderStatus { own_id: Some("tag-o".to_owned()), ..make::status("888", "New") };
    house.deliver(&connection, 2, &all(Policy::KeepUpdated), make::accepted(&["888"], vec![Change::OrderStatus(seen)])).await;
    assert_eq!(house.store.order_push(connection.id, "o").await.unwrap().earlier.unwrap().seen_as.as_deref(), Some("888"));
    assert_eq!(hint(3, "888").await, 1);
    let row = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
    house.settles(&connection, row.id, Some("999")).await.unwrap();
    assert_eq!(hint(4, "999").await, 2, "one of ours");
}
