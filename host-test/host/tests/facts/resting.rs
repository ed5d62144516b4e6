//! Pairs that are not what they were: a branch that the other side does not list any more, goods that became a combo, a product that was made
//! anew under the code of one that is gone. What stands stays, what is new waits for a person, and what comes back goes on.

use connector_host::contract::catalog::{Branch, BranchStock, Change, Gone, Product, ProductKind};
use connector_host::contract::orders::{Order, OrderEvent, OrderEventKind};
use connector_host::contract::types::Entity;
use connector_host::contract::{Page, Policy, Refused, Scope};
use connector_host::store::{Connection, Decision, Note, Trigger};

use crate::guest::failure;
use crate::house::{House, all};
use crate::make;

/// A shop with the branches `a` and `b` and the product `1`, which has 5 at each.
async fn shop() -> (House, Connection) {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    branches(&house, &connection, &["a", "b"]).await;
    let row = Product { stock: Some(vec![make::at_branch("a", 5), make::at_branch("b", 5)]), ..make::with_sku("1", "áo") };
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(row)]).await;
    (house, connection)
}

/// A pull of branches that lists these.
async fn branches(house: &House, connection: &Connection, listed: &[&str]) {
    let rows = listed.iter().map(|id| Change::Branch(make::branch(id))).collect();
    house.click(connection, Entity::Branch, &all(Policy::CreateOnly), rows).await;
}

async fn level(house: &House, connection: &Connection, branch: &str) -> i64 {
    let levels = house.store.levels(connection.id).await.unwrap();
    levels.into_iter().find(|level| level.branch == branch).map(|level| level.available).unwrap()
}

async fn told(house: &House, connection: &Connection) -> Vec<(String, u32)> {
    house.store.notices(connection.id).await.unwrap().into_iter().map(|notice| (notice.code, notice.times)).collect()
}

/// What a new order of branch `b` with product `1` waits for.
async fn waits(house: &House, connection: &Connection) -> Option<String> {
    house.store.resting(connection.id, "2", vec!["1".to_owned()]).await.unwrap()
}

#[tokio::test]
async fn a_branch_that_two_reads_do_not_list_rests_and_people_are_told_once() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    branches(&house, &connection, &["a"]).await;
    house.click(&connection, Entity::Stock, &policies, vec![make::level("1", "b", 4)]).await;
    assert_eq!((level(&house, &connection, "b").await, waits(&house, &connection).await), (4, None), "once is a slip");
    for _ in 0..3 {
        branches(&house, &connection, &["a"]).await;
    }
    let tally = house.click(&connection, Entity::Stock, &policies, vec![make::level("1", "b", 3), make::level("1", "a", 3)]).await;
    assert_eq!((tally.get("stock.held"), tally.get("stock.updated")), (1, 1));
    house.deliver(&connection, 1, &policies, make::accepted(&["1"], vec![make::provisional("1", "b", 2)])).await;
    assert_eq!((level(&house, &connection, "b").await, level(&house, &connection, "a").await), (4, 3));
    assert_eq!(waits(&house, &connection).await.as_deref(), Some("Kho b"));
    assert_eq!(told(&house, &connection).await, [("branch.not-listed".to_owned(), 1)]);
    house.raw().execute("DELETE FROM refresh", []).unwrap();
    branches(&house, &connection, &["a", "b"]).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM refresh WHERE entity = 'stock' AND remote = '1'"), 1, "what was told meanwhile");
    house.click(&connection, Entity::Stock, &policies, vec![make::level("1", "b", 1)]).await;
    assert_eq!((level(&house, &connection, "b").await, waits(&house, &connection).await), (1, None), "there again");
    branches(&house, &connection, &["a"]).await;
    assert_eq!(waits(&house, &connection).await, None, "counted anew");
}

#[tokio::test]
async fn only_reads_in_a_row_count_and_only_whole_ones() {
    let (house, connection) = shop().await;
    for listed in [&["a"][..], &["a", "b"], &["a"], &["a", "b"], &["a"]] {
        branches(&house, &connection, listed).await;
    }
    for _ in 0..3 {
        let only = Scope::Only(vec!["a".to_owned()]);
        let run = house.store.begin_run(connection.id, Entity::Branch, only, Trigger::Click, make::NOW).await.unwrap().unwrap();
        let page = make::page(vec![Change::Branch(make::branch("a"))]);
        house.store.apply_page(run, connection.footing(), page, all(Policy::CreateOnly), make::NOW).await.unwrap();
    }
    assert_eq!(told(&house, &connection).await, []);
}

#[tokio::test]
async fn a_branch_that_was_there_and_could_not_be_read_is_there() {
    let (house, connection) = shop().await;
    for _ in 0..3 {
        let unread = Refused { id: Some("b".to_owned()), failure: failure(connector_host::contract::types::FailureClass::Rejected) };
        let page = Page { refused: vec![unread], ..make::page(vec![Change::Branch(make::branch("a"))]) };
        house.pull(&connection, Entity::Branch, Trigger::Click, &all(Policy::CreateOnly), page).await;
    }
    assert_eq!(told(&house, &connection).await, []);
}

#[tokio::test]
async fn a_branch_is_itself_under_another_name() {
    let (house, connection) = shop().await;
    let renamed = Branch { name: "Kho Thủ Đức".to_owned(), ..make::branch("b") };
    for (policy, name) in [(Policy::CreateOnly, "Kho b"), (Policy::KeepUpdated, "Kho Thủ Đức")] {
        let rows = vec![Change::Branch(make::branch("a")), Change::Branch(renamed.clone())];
        house.click(&connection, Entity::Branch, &all(policy), rows).await;
        assert_eq!(house.see::<String>("SELECT name FROM nobi_branch WHERE id = 2"), name);
    }
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_branch"), 2);
}

/// A row of product `1` of this kind, with 9 at `b`.
fn turned(kind: ProductKind) -> Change {
    Change::Product(Product { kind, name: "Bộ áo".to_owned(), stock: Some(vec![make::at_branch("b", 9)]), ..make::with_sku("1", "áo") })
}

fn kind(house: &House) -> String {
    house.see("SELECT kind || '/' || name FROM nobi_product")
}

fn note(code: &str) -> Note {
    Note { at: make::NOW, operator: "lan".to_owned(), code: code.to_owned(), records: 0, text: String::new() }
}

#[tokio::test]
async fn goods_that_became_a_combo_keep_their_level_until_a_person_says_so() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    for _ in 0..2 {
        let tally = house.click(&connection, Entity::Product, &policies, vec![turned(ProductKind::Combo)]).await;
        assert_eq!(tally.get("stock.held"), 1);
    }
    house.click(&connection, Entity::Stock, &policies, vec![make::level("1", "b", 8)]).await;
    house.deliver(&connection, 1, &policies, make::accepted(&["1"], vec![make::provisional("1", "b", 0)])).await;
    assert_eq!((level(&house, &connection, "b").await, kind(&house).as_str()), (5, "goods/Bộ áo"), "all else comes in");
    assert_eq!(told(&house, &connection).await, [("product.kind-turned".to_owned(), 1)]);
    let held = house.store.held_records(connection.id).await.unwrap();
    assert_eq!((held.len(), held[0].entity, held[0].remote.as_str()), (1, Entity::Product, "1"));
    let decided =
        house.store.decide_held_records(connection.id, Entity::Product, vec!["1".to_owned()], true, note("product.kind-turned")).await;
    assert_eq!(decided.unwrap(), 1);
    let run = house.see::<i64>("SELECT max(id) FROM run");
    let page = make::page(vec![turned(ProductKind::Combo)]);
    house.store.apply_page(run, connection.footing(), page, policies, make::NOW).await.unwrap();
    assert_eq!((level(&house, &connection, "b").await, kind(&house).as_str()), (9, "combo/Bộ áo"));
    assert_eq!(house.see::<u32>("SELECT count(*) FROM held_record"), 0);
}

#[tokio::test]
async fn a_combo_that_became_goods_waits_as_well_and_one_that_turned_back_waits_no_more() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    house.raw().execute("UPDATE nobi_product SET kind = 'combo'", []).unwrap();
    house.click(&connection, Entity::Product, &policies, vec![turned(ProductKind::Goods)]).await;
    assert_eq!((level(&house, &connection, "b").await, kind(&house).as_str()), (5, "combo/Bộ áo"));
    assert_eq!(house.store.held_records(connection.id).await.unwrap().len(), 1);
    house.click(&connection, Entity::Product, &policies, vec![turned(ProductKind::Combo)]).await;
    assert_eq!((level(&house, &connection, "b").await, house.store.held_records(connection.id).await.unwrap().len()), (9, 0));
}

#[tokio::test]
async fn a_level_that_a_person_had_kept_stands_still_in_sight_until_they_take_it_in() {
    let (house, connection) = shop().await;
    let policies = all(Policy::KeepUpdated);
    let decides = async |take| {
        let product = vec!["1".to_owned()];
        house.store.decide_held_records(connection.id, Entity::Product, product, take, note("product.kind-turned")).await.unwrap()
    };
    let held = async || house.store.held_records(connection.id).await.unwrap().into_iter().map(|it| it.kept).collect::<Vec<_>>();
    house.click(&connection, Entity::Product, &policies, vec![turned(ProductKind::Combo)]).await;
    assert_eq!((held().await, decides(false).await, decides(false).await), (vec![false], 1, 0));
    house.click(&connection, Entity::Product, &policies, vec![turned(ProductKind::Combo)]).await;
    house.click(&connection, Entity::Stock, &policies, vec![make::level("1", "b", 8)]).await;
    assert_eq!((level(&house, &connection, "b").await, held().await), (5, vec![true]));
    assert_eq!(told(&house, &connection).await, [], "somebody decided: the notice went, and nobody is asked again");
    assert_eq!((decides(true).await, held().await), (1, Vec::new()));
    let (run, page) = (house.see::<i64>("SELECT max(id) FROM run"), make::page(vec![turned(ProductKind::Combo)]));
    house.store.apply_page(run, connection.footing(), page, policies, make::NOW).await.unwrap();
    assert_eq!((level(&house, &connection, "b").await, kind(&house).as_str()), (9, "combo/Bộ áo"));
}

#[tokio::test]
async fn where_nothing_is_overwritten_a_person_s_word_takes_the_kind_in_all_the_same() {
    let (house, connection) = shop().await;
    let policies = all(Policy::CreateOnly);
    house.click(&connection, Entity::Product, &policies, vec![turned(ProductKind::Combo)]).await;
    house.store.decide_held_records(connection.id, Entity::Product, vec!["1".to_owned()], true, note("product.kind-turned")).await.unwrap();
    house.click(&connection, Entity::Product, &policies, vec![turned(ProductKind::Combo)]).await;
    assert_eq!(kind(&house), "combo/Hàng 1");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM held_record"), 0);
}

fn gone(id: &str) -> Change {
    Change::Gone(Gone { entity: Entity::Product, id: id.to_owned() })
}

#[tokio::test]
async fn a_product_made_anew_under_the_code_of_a_deleted_one_is_offered_to_a_person_and_orders_wait_for_it() {
    let (house, connection) = shop().await;
    let policies = all(Policy::CreateOnly);
    house.click(&connection, Entity::Product, &policies, vec![gone("1")]).await;
    assert_eq!(waits(&house, &connection).await, None, "nothing is offered yet: the order is a person's");
    let anew = || vec![Change::Product(make::with_sku("77", "ÁO"))];
    let tally = house.click(&connection, Entity::Product, &policies, anew()).await;
    assert_eq!((tally.get("product.waiting"), tally.changed()), (1, 0));
    assert_eq!(waits(&house, &connection).await.as_deref(), Some("Hàng 1"));
    let awaiting = house.store.awaiting(connection.id).await.unwrap();
    assert_eq!((awaiting[0].remote.as_str(), awaiting[0].candidates[0].taken), ("77", false));
    assert!(house.store.decide_pair(connection.id, Entity::Product, "77", Decision::Pair(1), make::NOW).await.unwrap());
    assert_eq!(waits(&house, &connection).await.as_deref(), Some("Hàng 1"), "until it is read");
    house.click(&connection, Entity::Product, &policies, anew()).await;
    assert_eq!(house.store.linked_products(connection.id).await.unwrap(), ["77"]);
    assert_eq!(waits(&house, &connection).await, None);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM link WHERE entity = 'product'"), 1, "a record has one pair");
}

#[tokio::test]
async fn while_the_old_one_is_there_the_new_one_takes_nothing_from_it() {
    let (house, connection) = shop().await;
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::with_sku("77", "áo"))]).await;
    let awaiting = house.store.awaiting(connection.id).await.unwrap();
    assert!(awaiting[0].candidates[0].taken);
    assert!(house.store.decide_pair(connection.id, Entity::Product, "77", Decision::Pair(1), make::NOW).await.is_err());
    assert_eq!(
        (house.store.linked_products(connection.id).await.unwrap().as_slice(), waits(&house, &connection).await),
        (&["1".to_owned()][..], None)
    );
}

/// Another level of product `1` at `b`: so much of it is promised.
fn at_b(available: i64, reserved: i64) -> Change {
    let level = BranchStock { reserved, on_hand: available + reserved, ..make::at_branch("b", available) };
    let row = connector_host::contract::catalog::StockLevel {
        product: "1".to_owned(),
        levels: vec![level],
        others_are_zero: false,
        provisional: false,
    };
    Change::Stock(row)
}

#[tokio::test]
async fn a_number_to_sell_that_rises_while_an_older_order_of_ours_is_open_is_written_with_a_warning() {
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    for (waited, there, code) in [(2, "New", true), (2, "Shipping", false), (0, "New", false)] {
        let (house, connection) = shop().await;
        let policies = all(Policy::KeepUpdated);
        let order = Order { branch: "2".to_owned(), ..make::order("o") };
        let event = OrderEvent { order: order.clone(), ..make::event("o", 1, OrderEventKind::Created) };
        house.store.order_event(connection.id, event, house.clock.now()).await.unwrap();
        house.store.intend(make::intent(&connection, "o", "tag-o", house.clock.now())).await.unwrap();
        let row = house.store.next_event(connection.id, "o").await.unwrap().unwrap();
        house.settles(&connection, row.id, Some("900")).await.unwrap();
        let mut status = make::status("900", there);
        status.stage = connector_host::names::order_stage_from(if there == "New" { "new" } else { "shipping" });
        house.click(&connection, Entity::OrderStatus, &policies, vec![Change::OrderStatus(status)]).await;
        house.click(&connection, Entity::Stock, &policies, vec![at_b(5, 1)]).await;
        house.clock.advance(waited * day + day / 24);
        let tally = house.click(&connection, Entity::Stock, &policies, vec![at_b(6, 0)]).await;
        assert_eq!(level(&house, &connection, "b").await, 6);
        assert_eq!(tally.get("stock.warned"), u64::from(code), "{waited} {there}");
        let warned = house.store.warned(connection.id).await.unwrap();
        assert_eq!(
            warned.iter().map(|(_, it)| it.code.as_str()).collect::<Vec<_>>(),
            if code { vec!["stock.hold-lapsed"] } else { vec![] }
        );
        // Goods that came in are no lapse.
        house.click(&connection, Entity::Stock, &policies, vec![at_b(9, 0)]).await;
        assert!(house.store.warned(connection.id).await.unwrap().is_empty(), "what was said of it is not so any more");
    }
}
