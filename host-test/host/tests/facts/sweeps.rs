//! Levels that a pull of everything leaves out: 0, where a row says so and another row shows that the branch is there; and never more of a
//! branch at once than a person would believe.

use std::collections::BTreeMap;

use connector_host::contract::catalog::{Branch, BranchStock, Change, Product, ProductKind, StockLevel};
use connector_host::contract::types::{Account, Entity};
use connector_host::contract::{Page, Policy, Scope};
use connector_host::nobi::{Policies, Tally};
use connector_host::store::{Connection, Note, RunState, Trigger};

use crate::guest::failure;
use crate::house::{House, all, secrets};
use crate::make;

/// A shop with so many products, called by their numbers from 1 on, and the branches `a` and `b`, whose grant covers these branches.
async fn shop_of(products: usize, scope: &[&str]) -> (House, Connection) {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let branches = scope.iter().map(|id| (*id).to_owned()).collect();
    let account = Account { branches, ..make::account(&format!("business-{}", connection.id)) };
    let connection = house.grants_of(&connection, account, secrets(&[("access-token", crate::house::TOKEN)])).await.unwrap();
    let branches = ["a", "b"].map(|id| Change::Branch(make::branch(id))).to_vec();
    house.click(&connection, Entity::Branch, &all(Policy::CreateOnly), branches).await;
    let rows = (1..=products).map(|id| Change::Product(make::product(&id.to_string()))).collect();
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), rows).await;
    (house, connection)
}

async fn shop() -> (House, Connection) {
    shop_of(3, &[]).await
}

/// A row of stock that lists these levels, and says that there are no others.
fn whole(product: &str, levels: &[(&str, i64)]) -> Change {
    Change::Stock(StockLevel { others_are_zero: true, ..row(product, levels) })
}

/// A row of stock that lists these levels, and says nothing of others.
fn part(product: &str, levels: &[(&str, i64)]) -> Change {
    Change::Stock(row(product, levels))
}

fn row(product: &str, levels: &[(&str, i64)]) -> StockLevel {
    let levels = levels.iter().map(|(branch, available)| make::at_branch(branch, *available)).collect();
    StockLevel { product: product.to_owned(), levels, others_are_zero: false, provisional: false }
}

async fn sweeps(house: &House, connection: &Connection, policy: Policy, rows: Vec<Change>) -> Tally {
    house.pull(connection, Entity::Stock, Trigger::Timer, &all(policy), make::page(rows)).await.tally
}

/// Levels by `product@branch`.
async fn levels(house: &House, connection: &Connection) -> BTreeMap<String, i64> {
    let levels = house.store.levels(connection.id).await.unwrap();
    levels.into_iter().map(|level| (format!("{}@{}", level.product, level.branch), level.available)).collect()
}

async fn at(house: &House, connection: &Connection, key: &str) -> Option<i64> {
    levels(house, connection).await.get(key).copied()
}

/// 5 at `a` and 7 at `b` of each product.
async fn filled(house: &House, connection: &Connection, products: usize) {
    let rows = (1..=products).map(|id| part(&id.to_string(), &[("a", 5), ("b", 7)])).collect();
    sweeps(house, connection, Policy::KeepUpdated, rows).await;
}

#[tokio::test]
async fn a_branch_that_a_whole_row_leaves_out_and_another_row_lists_has_none_of_it() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    let tally =
        sweeps(&house, &connection, Policy::KeepUpdated, vec![whole("1", &[("a", 5)]), whole("2", &[]), part("3", &[("a", 5), ("b", 7)])])
            .await;
    let now = levels(&house, &connection).await;
    let expected = [("1@a", 5), ("1@b", 0), ("2@a", 0), ("2@b", 0), ("3@a", 5), ("3@b", 7)];
    assert_eq!(now.iter().map(|(key, level)| (key.as_str(), *level)).collect::<Vec<_>>(), expected);
    assert_eq!(tally.get("stock.updated"), 3);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM sweep_branch") + house.see::<u32>("SELECT count(*) FROM sweep_product"), 0);
}

#[tokio::test]
async fn a_row_of_products_says_it_as_well_and_a_combo_or_an_unknown_kind_never() {
    for (kind, expected) in [(ProductKind::Goods, 0), (ProductKind::Combo, 7), (ProductKind::Unknown, 7)] {
        let (house, connection) = shop().await;
        filled(&house, &connection, 3).await;
        let row = |id: &str, kind, stock| Change::Product(Product { kind, stock: Some(stock), others_are_zero: true, ..make::product(id) });
        let rows = vec![row("1", kind, vec![make::at_branch("a", 5)]), part("2", &[("b", 7)])];
        house.click(&connection, Entity::Product, &all(Policy::KeepUpdated), rows).await;
        assert_eq!(at(&house, &connection, "1@b").await, Some(expected), "{kind:?}");
    }
}

#[tokio::test]
async fn a_branch_that_no_row_of_the_pull_lists_keeps_all_of_its_levels() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    sweeps(&house, &connection, Policy::KeepUpdated, vec![whole("1", &[("a", 5)]), whole("2", &[]), part("3", &[("a", 5)])]).await;
    assert_eq!(at(&house, &connection, "1@b").await, Some(7));
    assert_eq!(at(&house, &connection, "2@a").await, Some(0));
}

#[tokio::test]
async fn a_branch_outside_the_grant_keeps_its_levels() {
    let (house, connection) = shop_of(3, &["a"]).await;
    filled(&house, &connection, 3).await;
    sweeps(&house, &connection, Policy::KeepUpdated, vec![whole("1", &[]), part("2", &[("a", 5), ("b", 7)])]).await;
    assert_eq!((at(&house, &connection, "1@a").await, at(&house, &connection, "1@b").await), (Some(0), Some(7)));
}

#[tokio::test]
async fn where_only_first_levels_are_taken_a_settled_one_is_kept_and_none_is_made() {
    let (house, connection) = shop().await;
    sweeps(&house, &connection, Policy::CreateOnly, vec![part("1", &[("a", 5), ("b", 7)])]).await;
    house.deliver(&connection, 1, &all(Policy::CreateOnly), make::accepted(&["2"], vec![make::provisional("2", "b", 4)])).await;
    sweeps(&house, &connection, Policy::CreateOnly, vec![whole("1", &[]), whole("2", &[]), part("3", &[("a", 1), ("b", 1)])]).await;
    let now = levels(&house, &connection).await;
    // A first level that a webhook told is settled by what confirms it or puts it right.
    let expected = [("1@a", 5), ("1@b", 7), ("2@b", 0), ("3@a", 1), ("3@b", 1)];
    assert_eq!(now.iter().map(|(key, level)| (key.as_str(), *level)).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn with_the_toggle_off_nothing_becomes_zero() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    sweeps(&house, &connection, Policy::Off, vec![whole("1", &[]), part("2", &[("a", 5), ("b", 7)])]).await;
    assert_eq!(at(&house, &connection, "1@a").await, Some(5));
}

#[tokio::test]
async fn only_a_pull_of_everything_says_it() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    let rows = || vec![whole("1", &[]), part("2", &[("a", 5), ("b", 7)])];
    let policies = all(Policy::KeepUpdated);
    for scope in [Scope::Only(vec!["1".to_owned()]), Scope::Since(0)] {
        let run = house.store.begin_run(connection.id, Entity::Stock, scope, Trigger::Click, make::NOW).await.unwrap().unwrap();
        house.store.apply_page(run, connection.footing(), make::page(rows()), policies.clone(), make::NOW).await.unwrap();
    }
    house.deliver(&connection, 1, &policies, make::accepted(&["1"], rows())).await;
    assert_eq!(at(&house, &connection, "1@a").await, Some(5));
}

/// Begins a pull of all stock.
async fn begun(house: &House, connection: &Connection) -> i64 {
    house.store.begin_run(connection.id, Entity::Stock, Scope::Everything, Trigger::Timer, house.clock.now()).await.unwrap().unwrap()
}

async fn applies(house: &House, connection: &Connection, run: i64, page: Page) {
    house.store.apply_page(run, connection.footing(), page, all(Policy::KeepUpdated), house.clock.now()).await.unwrap();
}

fn more(rows: Vec<Change>) -> Page {
    Page { next: Some("2".to_owned()), ..make::page(rows) }
}

#[tokio::test]
async fn the_pages_of_a_pull_count_together_also_after_a_crash() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    let run = begun(&house, &connection).await;
    applies(&house, &connection, run, more(vec![whole("1", &[("a", 5)])])).await;
    assert_eq!(at(&house, &connection, "1@b").await, Some(7), "not before the end");
    let house = house.after_a_crash();
    applies(&house, &connection, run, make::page(vec![part("2", &[("b", 7)])])).await;
    assert_eq!(at(&house, &connection, "1@b").await, Some(0));
}

#[tokio::test]
async fn a_pull_that_fails_writes_nothing_of_it_and_leaves_nothing() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    let run = begun(&house, &connection).await;
    applies(&house, &connection, run, more(vec![whole("1", &[]), part("2", &[("a", 5), ("b", 7)])])).await;
    let rejected = failure(connector_host::contract::types::FailureClass::Rejected);
    house.store.halt_run(run, connection.footing(), rejected, connector_host::store::Halt::GiveUp, make::NOW).await.unwrap();
    assert_eq!(house.store.run(run).await.unwrap().state, RunState::Failed);
    assert_eq!(at(&house, &connection, "1@a").await, Some(5));
    assert_eq!(house.see::<u32>("SELECT count(*) FROM sweep_branch") + house.see::<u32>("SELECT count(*) FROM sweep_product"), 0);
}

#[tokio::test]
async fn a_pull_that_begins_anew_under_another_grant_forgets_what_it_read_before() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    let run = begun(&house, &connection).await;
    applies(&house, &connection, run, more(vec![part("2", &[("a", 5), ("b", 7)])])).await;
    let connection =
        house.grants(&connection, &format!("business-{}", connection.id), secrets(&[("access-token", crate::house::TOKEN)])).await.unwrap();
    house.raw().execute("UPDATE run SET cursor = NULL", []).unwrap();
    applies(&house, &connection, run, make::page(vec![whole("1", &[("a", 5)])])).await;
    assert_eq!(at(&house, &connection, "1@b").await, Some(7), "the new grant's rows do not list it");
}

#[tokio::test]
async fn what_came_in_after_the_row_was_read_is_newer_than_the_row() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    let run = begun(&house, &connection).await;
    applies(&house, &connection, run, more(vec![whole("1", &[("a", 5)])])).await;
    house.clock.advance(std::time::Duration::from_secs(60));
    house.deliver(&connection, 1, &all(Policy::KeepUpdated), make::accepted(&["1"], vec![make::provisional("1", "b", 9)])).await;
    applies(&house, &connection, run, make::page(vec![part("2", &[("b", 7)])])).await;
    assert_eq!(at(&house, &connection, "1@b").await, Some(9));
}

#[tokio::test]
async fn the_same_level_told_again_after_the_row_was_read_is_newer_than_the_row_too() {
    let told = [make::level("1", "b", 7), make::provisional("1", "b", 7), part("1", &[("a", 5)])];
    for (number, again) in told.into_iter().enumerate() {
        for by_hook in [true, false] {
            let (house, connection) = shop().await;
            filled(&house, &connection, 3).await;
            let run = begun(&house, &connection).await;
            applies(&house, &connection, run, more(vec![whole("1", &[("a", 5)]), whole("3", &[("a", 5)])])).await;
            house.clock.advance(std::time::Duration::from_secs(60));
            if by_hook {
                house.deliver(&connection, 1, &all(Policy::KeepUpdated), make::accepted(&["1"], vec![again.clone()])).await;
            } else {
                applies(&house, &connection, run, more(vec![again.clone()])).await;
            }
            applies(&house, &connection, run, make::page(vec![part("2", &[("b", 7)])])).await;
            let now = (at(&house, &connection, "1@b").await, at(&house, &connection, "3@b").await);
            assert_eq!(now, (Some(7), Some(0)), "{number} {by_hook}");
        }
    }
}

#[tokio::test]
async fn a_level_that_waits_for_its_branch_goes_where_a_whole_row_leaves_the_branch_out() {
    let (house, connection) = shop().await;
    sweeps(&house, &connection, Policy::CreateOnly, vec![part("1", &[("c", 7)]), part("2", &[("c", 7)]), part("3", &[("c", 7)])]).await;
    let run = house.store.begin_run(connection.id, Entity::Stock, Scope::Since(0), Trigger::Timer, make::NOW).await.unwrap().unwrap();
    applies(&house, &connection, run, make::page(vec![whole("1", &[("a", 5)])])).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM parked_stock"), 3, "not by a pull of changes");
    // Each branch with a pair is listed.
    sweeps(&house, &connection, Policy::CreateOnly, vec![whole("1", &[("a", 5), ("b", 7)]), whole("2", &[("c", 4)]), part("3", &[])]).await;
    let branches = ["a", "b", "c"].map(|id| Change::Branch(make::branch(id))).to_vec();
    house.click(&connection, Entity::Branch, &all(Policy::CreateOnly), branches).await;
    assert_eq!(
        (at(&house, &connection, "1@c").await, at(&house, &connection, "2@c").await, at(&house, &connection, "3@c").await),
        (None, Some(4), Some(7))
    );
}

/// A pull after which so many of these products have nothing at `b`, and one has something.
async fn empties(house: &House, connection: &Connection, products: usize, emptied: usize) -> Tally {
    let row = |id: usize| if id <= emptied { whole(&id.to_string(), &[("a", 5)]) } else { whole(&id.to_string(), &[("a", 5), ("b", 7)]) };
    sweeps(house, connection, Policy::KeepUpdated, (1..=products).map(row).collect()).await
}

async fn zeros(house: &House, connection: &Connection) -> usize {
    levels(house, connection).await.values().filter(|level| **level == 0).count()
}

#[tokio::test]
async fn up_to_twenty_levels_become_zero_whatever_their_share_and_more_only_up_to_a_fifth() {
    for (products, emptied, written) in [(30, 20, true), (30, 21, false), (106, 21, true), (105, 21, true), (104, 21, false)] {
        let (house, connection) = shop_of(products, &[]).await;
        filled(&house, &connection, products).await;
        empties(&house, &connection, products, emptied).await;
        assert_eq!(zeros(&house, &connection).await, if written { emptied } else { 0 }, "{emptied} of {products}");
        assert_eq!(house.store.held_records(connection.id).await.unwrap().len(), usize::from(!written), "{emptied} of {products}");
    }
}

fn note(code: &str) -> Note {
    Note { at: make::NOW, operator: "lan".to_owned(), code: code.to_owned(), records: 0, text: "kho bị ẩn".to_owned() }
}

#[tokio::test]
async fn where_nothing_would_be_written_nobody_is_asked() {
    let (house, connection) = shop_of(30, &[]).await;
    filled(&house, &connection, 30).await;
    let rows = (1..=30).map(|id| whole(&id.to_string(), if id > 25 { &[("a", 5), ("b", 7)] } else { &[("a", 5)] })).collect();
    sweeps(&house, &connection, Policy::CreateOnly, rows).await;
    assert_eq!((zeros(&house, &connection).await, house.see::<u32>("SELECT count(*) FROM held_record")), (0, 0));
}

#[tokio::test]
async fn a_branch_that_would_be_emptied_waits_for_a_person_who_is_told_once() {
    let (house, connection) = shop_of(30, &[]).await;
    filled(&house, &connection, 30).await;
    for _ in 0..3 {
        empties(&house, &connection, 30, 25).await;
    }
    let held = house.store.held_records(connection.id).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].entity, held[0].remote.as_str(), held[0].code.as_str()), (Entity::Branch, "b", "stock.branch-emptied"));
    let notices = house.store.notices(connection.id).await.unwrap();
    assert_eq!(notices.iter().map(|notice| (notice.code.as_str(), notice.times)).collect::<Vec<_>>(), [("stock.branch-emptied", 1)]);
    assert!(notices[0].vi.contains("Kho b") && notices[0].vi.contains("25"), "{}", notices[0].vi);
    // The other branch is written all the same.
    sweeps(&house, &connection, Policy::KeepUpdated, vec![whole("1", &[("b", 7)]), part("2", &[("a", 5)])]).await;
    assert_eq!(at(&house, &connection, "1@a").await, Some(0));
}

#[tokio::test]
async fn a_person_who_says_so_has_the_stock_read_again_and_that_is_written() {
    let (house, connection) = shop_of(30, &[]).await;
    filled(&house, &connection, 30).await;
    empties(&house, &connection, 30, 25).await;
    let held = "stock.branch-emptied";
    let decided = house.store.decide_held_records(connection.id, Entity::Branch, vec!["b".to_owned()], true, note(held)).await.unwrap();
    assert_eq!(decided, 1);
    assert_eq!(zeros(&house, &connection).await, 0, "not before it is read");
    let run = house.see::<i64>("SELECT max(id) FROM run");
    assert_eq!(house.store.run(run).await.unwrap().scope, Scope::Everything);
    let row = |id: usize| if id <= 24 { whole(&id.to_string(), &[("a", 5)]) } else { whole(&id.to_string(), &[("a", 5), ("b", 7)]) };
    applies(&house, &connection, run, make::page((1..=30).map(row).collect())).await;
    assert_eq!(zeros(&house, &connection).await, 24, "what the other side says by then");
    // It was said once, and of this.
    filled(&house, &connection, 30).await;
    empties(&house, &connection, 30, 25).await;
    assert_eq!((zeros(&house, &connection).await, house.store.held_records(connection.id).await.unwrap().len()), (0, 1));
}

async fn takes(house: &House, connection: &Connection) {
    let note = note("stock.branch-emptied");
    assert_eq!(house.store.decide_held_records(connection.id, Entity::Branch, vec!["b".to_owned()], true, note).await.unwrap(), 1);
}

#[tokio::test]
async fn what_a_person_said_of_a_number_does_not_go_for_a_greater_one() {
    let (house, connection) = shop_of(30, &[]).await;
    filled(&house, &connection, 30).await;
    empties(&house, &connection, 30, 22).await;
    takes(&house, &connection).await;
    let run = house.see::<i64>("SELECT max(id) FROM run");
    let row = |id: usize| if id <= 23 { whole(&id.to_string(), &[("a", 5)]) } else { whole(&id.to_string(), &[("a", 5), ("b", 7)]) };
    applies(&house, &connection, run, make::page((1..=30).map(row).collect())).await;
    assert_eq!(zeros(&house, &connection).await, 0);
    let held = house.store.held_records(connection.id).await.unwrap();
    assert!(held.len() == 1 && held[0].message.vi.contains("23"), "{held:?}");
    takes(&house, &connection).await;
    let run = house.see::<i64>("SELECT max(id) FROM run");
    applies(&house, &connection, run, make::page((1..=30).map(row).collect())).await;
    assert_eq!(zeros(&house, &connection).await, 23, "of this number they said so");
}

#[tokio::test]
async fn what_a_person_said_goes_with_the_read_that_failed() {
    let (house, connection) = shop_of(30, &[]).await;
    filled(&house, &connection, 30).await;
    empties(&house, &connection, 30, 25).await;
    takes(&house, &connection).await;
    let run = house.see::<i64>("SELECT max(id) FROM run");
    let halts = async |failure, halt| house.store.halt_run(run, connection.footing(), failure, halt, make::NOW).await.unwrap();
    halts(failure(connector_host::contract::types::FailureClass::Transient), connector_host::store::Halt::Wait).await;
    assert_eq!(house.store.held_records(connection.id).await.unwrap().len(), 0, "it goes on");
    halts(failure(connector_host::contract::types::FailureClass::Rejected), connector_host::store::Halt::GiveUp).await;
    assert_eq!(house.store.held_records(connection.id).await.unwrap().len(), 1, "they are asked again");
    empties(&house, &connection, 30, 25).await;
    assert_eq!(zeros(&house, &connection).await, 0);
}

#[tokio::test]
async fn a_person_who_keeps_the_levels_is_not_asked_again_until_the_cause_is_gone() {
    let (house, connection) = shop_of(30, &[]).await;
    filled(&house, &connection, 30).await;
    empties(&house, &connection, 30, 25).await;
    let decide = async || {
        house.store.decide_held_records(connection.id, Entity::Branch, vec!["b".to_owned()], false, note("stock.branch-emptied")).await
    };
    assert_eq!((decide().await.unwrap(), decide().await.unwrap()), (1, 0));
    assert_eq!(house.store.notes(connection.id).await.unwrap()[0].text, "kho bị ẩn");
    empties(&house, &connection, 30, 25).await;
    let kept = house.store.held_records(connection.id).await.unwrap();
    assert_eq!((zeros(&house, &connection).await, kept.len(), kept[0].kept), (0, 1, true), "it stays in sight");
    filled(&house, &connection, 30).await;
    empties(&house, &connection, 30, 1).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM held_record"), 0);
    empties(&house, &connection, 30, 25).await;
    let held = house.store.held_records(connection.id).await.unwrap();
    assert_eq!((held.len(), held[0].kept), (1, false));
}

#[tokio::test]
async fn a_dry_run_counts_what_would_become_zero_and_writes_none_of_it() {
    let (house, connection) = shop().await;
    filled(&house, &connection, 3).await;
    let pages = vec![more(vec![whole("1", &[("a", 5)])]), make::page(vec![part("2", &[("a", 5), ("b", 7)])])];
    let policies: Policies = all(Policy::KeepUpdated);
    let tally = house.store.rehearse(connection.id, Entity::Stock, pages, policies, make::NOW).await.unwrap();
    assert_eq!(tally.get("stock.updated"), 1);
    assert_eq!(at(&house, &connection, "1@b").await, Some(7));
}

#[tokio::test]
async fn figures_beside_the_number_to_sell_become_zero_as_well() {
    let (house, connection) = shop().await;
    let promised = BranchStock { reserved: 2, on_hand: 2, ..make::at_branch("b", 0) };
    let row = StockLevel { levels: vec![promised], ..row("1", &[]) };
    sweeps(&house, &connection, Policy::KeepUpdated, vec![Change::Stock(row)]).await;
    sweeps(&house, &connection, Policy::KeepUpdated, vec![whole("1", &[("a", 5)]), part("2", &[("b", 7)])]).await;
    assert_eq!(house.see::<i64>("SELECT sum(on_hand + reserved) FROM nobi_stock WHERE branch = 2 AND product = 1"), 0);
}

#[tokio::test]
async fn a_pull_that_lists_no_branch_says_so_until_one_does() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let pulls = async |branches: Vec<Branch>| {
        let rows = branches.into_iter().map(Change::Branch).collect();
        house.click(&connection, Entity::Branch, &all(Policy::CreateOnly), rows).await
    };
    assert_eq!(pulls(Vec::new()).await.get("branch.warned"), 1);
    let warned = async || house.store.warned(connection.id).await.unwrap().into_iter().map(|(_, it)| it.code).collect::<Vec<_>>();
    assert_eq!(warned().await, ["branch.none-listed"]);
    pulls(vec![make::branch("a")]).await;
    assert_eq!(warned().await, [""; 0]);
}
