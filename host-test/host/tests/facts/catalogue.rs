//! Branches, product groups and products: what each policy lets in, and what it never touches.

use connector_host::contract::catalog::{Branch, Category, Change, Gone, Product};
use connector_host::contract::types::{Entity, Warning};
use connector_host::contract::{Page, Policy, Scope};
use connector_host::store::Trigger;

use crate::house::{House, all};
use crate::make::{self, NOW};

#[tokio::test]
async fn create_only_creates_and_overwrites_nothing() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::CreateOnly);
    let first = house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::with_sku("1", "a"))]).await;
    assert_eq!(first.get("product.created"), 1);
    let renamed = Product { name: "Another".to_owned(), ..make::with_sku("1", "b") };
    let second = house.click(&connection, Entity::Product, &policies, vec![Change::Product(renamed)]).await;
    assert_eq!((second.get("product.kept"), second.changed()), (1, 0));
    assert_eq!(house.see::<String>("SELECT name || sku FROM nobi_product"), "Hàng 1a");
}

#[tokio::test]
async fn create_only_acts_on_a_click_alone_and_scheduled_on_its_timer_too() {
    for (policy, timer) in [(Policy::CreateOnly, 0), (Policy::Scheduled, 1)] {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        for (trigger, created) in [(Trigger::Live, 0), (Trigger::Timer, timer)] {
            let page = make::page(vec![Change::Product(make::product("1"))]);
            let applied = house.pull(&connection, Entity::Product, trigger, &all(policy), page).await;
            assert_eq!(applied.tally.get("product.created"), created, "{policy:?} {trigger:?}");
        }
    }
}

#[tokio::test]
async fn off_drops_everything() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let everything = || {
        vec![
            Change::Branch(make::branch("1")),
            Change::Category(make::category("1")),
            Change::Product(Product { prices: Some(make::retail(5)), ..make::product("1") }),
            Change::Customer(make::customer("1", Some("0901234567"))),
        ]
    };
    for trigger in [Trigger::Click, Trigger::Timer, Trigger::Live] {
        let applied = house.pull(&connection, Entity::Product, trigger, &all(Policy::Off), make::page(everything())).await;
        assert_eq!(applied.tally.changed(), 0);
        assert_eq!(applied.tally.get("product.dropped"), 1);
    }
    assert_eq!(house.store.nobi_counts("shop").await.unwrap(), Default::default());
}

#[tokio::test]
async fn keep_updated_takes_what_is_told_and_leaves_what_is_not() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    let full = Product {
        barcode: Some("893".to_owned()),
        brand: Some("Canifa".to_owned()),
        weight_grams: Some(200),
        description: Some("đẹp".to_owned()),
        ..make::with_sku("1", "a")
    };
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(full)]).await;
    let spare = Product { name: "Áo mới".to_owned(), description: Some(String::new()), ..make::product("1") };
    let page = make::page(vec![Change::Product(spare)]);
    let applied = house.pull(&connection, Entity::Product, Trigger::Live, &policies, page).await;
    assert_eq!(applied.tally.get("product.updated"), 1);
    assert_eq!(house.see::<String>("SELECT name || '/' || sku || '/' || barcode FROM nobi_product"), "Áo mới/a/893");
    let detail = "SELECT json_extract(detail, '$.brand') || json_extract(detail, '$.weight_grams') || '/'
                    || json_extract(detail, '$.description') FROM nobi_product";
    assert_eq!(house.see::<String>(detail), "Canifa200/");
}

#[tokio::test]
async fn a_product_that_moves_to_another_group_or_head_moves_at_nobi() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    let groups = vec![Change::Category(make::category("1")), Change::Category(make::category("2"))];
    house.click(&connection, Entity::Category, &policies, groups).await;
    let heads = vec![Change::Product(make::head("10")), Change::Product(make::head("20"))];
    house.click(&connection, Entity::Product, &policies, heads).await;
    let of = "SELECT category.remote || '/' || head.remote FROM nobi_product AS p
              JOIN link AS category ON category.nobi = p.category AND category.entity = 'category'
              JOIN link AS head ON head.nobi = p.parent AND head.entity = 'product' WHERE p.name = 'Hàng 11'";
    for (group, head, effect) in [("1", "10", "created"), ("2", "10", "updated"), ("2", "20", "updated"), ("2", "20", "unchanged")] {
        let row = Product { category: Some(group.to_owned()), ..make::variant("11", head) };
        let tally = house.click(&connection, Entity::Product, &policies, vec![Change::Product(row)]).await;
        assert_eq!(tally.get(&format!("product.{effect}")), 1, "{group} {head}");
        assert_eq!(house.see::<String>(of), format!("{group}/{head}"));
    }
}

#[tokio::test]
async fn variants_find_a_head_that_comes_after_them() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let rows = vec![make::variant("11", "10"), make::variant("12", "10"), make::head("10"), make::variant("13", "10")];
    let rows = rows.into_iter().map(Change::Product).collect();
    house.click(&connection, Entity::Product, &all(Policy::CreateOnly), rows).await;
    let counts = house.store.nobi_counts("shop").await.unwrap();
    assert_eq!((counts.parents, counts.variants, counts.attached_variants), (1, 3, 3));
}

#[tokio::test]
async fn products_find_a_group_that_comes_after_them() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::CreateOnly);
    let row = Product { category: Some("5".to_owned()), ..make::product("1") };
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(row)]).await;
    house.click(&connection, Entity::Category, &policies, vec![Change::Category(make::category("5"))]).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product JOIN nobi_category ON nobi_category.id = nobi_product.category"), 1);
}

#[tokio::test]
async fn a_row_told_without_head_or_group_goes_on_waiting_for_them() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    let waiting = Product { category: Some("5".to_owned()), ..make::variant("11", "10") };
    let spare = Product { parent: None, category: None, name: "Mới".to_owned(), ..waiting.clone() };
    let late =
        vec![Change::Product(waiting), Change::Product(spare), Change::Product(make::head("10")), Change::Category(make::category("5"))];
    house.click(&connection, Entity::Product, &policies, late).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product WHERE name = 'Mới' AND parent IS NOT NULL AND category IS NOT NULL"), 1);
}

#[tokio::test]
async fn equal_ids_of_two_connections_are_different_records() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    let policies = all(Policy::CreateOnly);
    let orphan = Product { category: Some("5".to_owned()), ..make::variant("11", "10") };
    house.click(&one, Entity::Product, &policies, vec![Change::Product(orphan)]).await;
    let theirs = vec![Change::Product(make::head("10")), Change::Category(make::category("5"))];
    house.click(&other, Entity::Product, &policies, theirs).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_product WHERE parent IS NOT NULL OR category IS NOT NULL"), 0);
}

#[tokio::test]
async fn a_group_stands_as_a_root_until_its_parent_comes() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let child = Category { parent: Some("1".to_owned()), ..make::category("2") };
    let groups = vec![Change::Category(child), Change::Category(make::category("1"))];
    house.click(&connection, Entity::Category, &all(Policy::CreateOnly), groups).await;
    let above = "SELECT parent.name FROM nobi_category AS child JOIN nobi_category AS parent ON parent.id = child.parent";
    assert_eq!(house.see::<String>(above), "Nhóm 1");
}

#[tokio::test]
async fn a_tombstone_is_never_brought_back() {
    for policy in [Policy::CreateOnly, Policy::KeepUpdated] {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        let row = || Product { prices: Some(make::retail(5)), stock: Some(vec![make::at_branch("1", 3000)]), ..make::with_sku("1", "a") };
        let policies = all(policy);
        house.click(&connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("1"))]).await;
        house.click(&connection, Entity::Product, &policies, vec![Change::Product(row())]).await;
        let nobi: i64 = house.see("SELECT id FROM nobi_product");
        assert!(house.store.delete_product(connection.id, nobi, NOW).await.unwrap());
        let again = vec![Change::Product(row()), make::level("1", "1", 7000)];
        let tally = house.click(&connection, Entity::Product, &policies, again).await;
        assert_eq!((tally.get("product.tombstone"), tally.changed()), (1, 0));
        let counts = house.store.nobi_counts("shop").await.unwrap();
        assert_eq!((counts.products, counts.levels), (0, 0));
        assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_stock"), 0);
    }
}

#[tokio::test]
async fn a_record_that_a_person_asks_for_again_by_its_id_comes_back_and_no_other_does() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::CreateOnly);
    let rows = || ["1", "2"].map(|id| Change::Product(make::product(id))).to_vec();
    house.click(&connection, Entity::Product, &policies, rows()).await;
    for nobi in [1, 2] {
        assert!(house.store.delete_product(connection.id, nobi, NOW).await.unwrap());
    }
    let asks = async |entity, scope, trigger, changes| {
        let run = house.store.begin_run(connection.id, entity, scope, trigger, NOW).await.unwrap().unwrap();
        house.store.apply_page(run, connection.footing(), make::page(changes), all(Policy::CreateOnly), NOW).await.unwrap().tally
    };
    let one = || Scope::Only(vec!["1".to_owned()]);
    for trigger in [Trigger::Live, Trigger::Timer] {
        assert_eq!(asks(Entity::Product, one(), trigger, rows()).await.get("product.tombstone"), 2, "{trigger:?}");
    }
    assert_eq!(asks(Entity::Product, Scope::Everything, Trigger::Click, rows()).await.get("product.tombstone"), 2);
    let tally = asks(Entity::Product, one(), Trigger::Click, rows()).await;
    assert_eq!((tally.get("product.created"), tally.get("product.tombstone")), (1, 1));
    // What was erased stays erased, whoever asks.
    let person = || vec![Change::Customer(make::customer("1", Some("0901234567")))];
    house.click(&connection, Entity::Customer, &policies, person()).await;
    house.raw().execute("UPDATE link SET state = 'tombstone', nobi = NULL WHERE entity = 'customer'", []).unwrap();
    assert_eq!(asks(Entity::Customer, one(), Trigger::Click, person()).await.get("customer.tombstone"), 1);
}

#[tokio::test]
async fn of_a_record_that_was_deleted_here_nothing_is_left_to_look_at() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let warned = || {
        let warning =
            |id: &str| Warning { code: "test.odd".to_owned(), message: make::words("odd"), subject: Some(id.to_owned()), field: None };
        let rows = ["1", "2"].map(|id| Change::Product(make::product(id))).to_vec();
        Page { warnings: vec![warning("1"), warning("2")], ..make::page(rows) }
    };
    let pulls = async || house.pull(&connection, Entity::Product, Trigger::Click, &all(Policy::CreateOnly), warned()).await;
    pulls().await;
    house.store.delete_product(connection.id, 1, NOW).await.unwrap();
    let left = async || house.see::<String>("SELECT group_concat(remote) FROM warned");
    assert_eq!(left().await, "2", "nobody can bring it back by a retry of all that was warned of");
    pulls().await;
    assert_eq!(left().await, "2");
}

#[tokio::test]
async fn a_deleted_product_stays_deleted_in_every_connection_of_its_tenant() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    let policies = all(Policy::KeepUpdated);
    for connection in [&one, &other] {
        house.click(connection, Entity::Branch, &policies, vec![Change::Branch(make::branch("1"))]).await;
        house.click(connection, Entity::Product, &policies, vec![Change::Product(make::with_sku("1", "a"))]).await;
    }
    let nobi: i64 = house.see("SELECT id FROM nobi_product");
    house.store.delete_product(one.id, nobi, NOW).await.unwrap();
    let again = vec![Change::Product(make::with_sku("1", "a")), make::level("1", "1", 7000)];
    let tally = house.click(&other, Entity::Product, &policies, again).await;
    assert_eq!((tally.get("product.tombstone"), tally.changed()), (1, 0));
    assert_eq!(house.see::<u32>("SELECT count(*) FROM nobi_stock"), 0);
}

#[tokio::test]
async fn nobody_deletes_another_tenant_s_product() {
    let house = House::new().await;
    let (owner, stranger) = (house.connected("shop").await, house.connected("other shop").await);
    house.click(&owner, Entity::Product, &all(Policy::CreateOnly), vec![Change::Product(make::product("1"))]).await;
    let nobi: i64 = house.see("SELECT id FROM nobi_product");
    assert!(!house.store.delete_product(stranger.id, nobi, NOW).await.unwrap());
    assert_eq!(house.store.nobi_counts("shop").await.unwrap().products, 1);
}

#[tokio::test]
async fn a_record_deleted_at_the_other_side_is_only_marked_and_a_person_is_told() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::KeepUpdated);
    house.click(&connection, Entity::Product, &policies, vec![Change::Product(make::product("1"))]).await;
    let gone = || Change::Gone(Gone { entity: Entity::Product, id: "1".to_owned() });
    let tally = house.click(&connection, Entity::Product, &policies, vec![gone(), gone()]).await;
    assert_eq!((tally.get("product.gone"), tally.get("product.dropped")), (1, 1));
    assert_eq!(house.see::<String>("SELECT link.state FROM link JOIN nobi_product ON nobi_product.id = link.nobi"), "gone");
    let notices = house.store.notices(connection.id).await.unwrap();
    assert_eq!(notices.iter().map(|notice| (notice.code.as_str(), notice.times)).collect::<Vec<_>>(), [("gone.product", 1)]);
}

#[tokio::test]
async fn a_record_that_is_there_again_is_linked_again() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let policies = all(Policy::CreateOnly);
    let all = || {
        vec![
            Change::Branch(make::branch("1")),
            Change::Category(make::category("1")),
            Change::Product(make::product("1")),
            Change::Customer(make::customer("1", None)),
        ]
    };
    house.click(&connection, Entity::Product, &policies, all()).await;
    let gone = [Entity::Branch, Entity::Category, Entity::Product, Entity::Customer];
    let gone = gone.map(|entity| Change::Gone(Gone { entity, id: "1".to_owned() })).to_vec();
    house.click(&connection, Entity::Product, &policies, gone).await;
    house.click(&connection, Entity::Product, &policies, all()).await;
    assert_eq!(house.see::<u32>("SELECT count(*) FROM link WHERE state = 'linked'"), 4);
}

#[tokio::test]
async fn a_branch_without_phone_or_representative_gets_the_defaults_and_says_so() {
    let house = House::new().await;
    let mut connection = house.connected("shop").await;
    house.saves(&connection, &[("default-branch-phone", "0281234567")], Default::default()).await;
    connection = house.store.connection(connection.id).await.unwrap();
    let bare = Branch { phone: None, representative: None, ..make::branch("1") };
    house.click(&connection, Entity::Branch, &all(Policy::KeepUpdated), vec![Change::Branch(bare)]).await;
    let shown = "SELECT phone || '/' || representative || '/' || defaulted FROM nobi_branch";
    assert_eq!(house.see::<String>(shown), r#"0281234567/Chưa có/["phone","representative"]"#);
    // What is told later takes the default's place.
    house.click(&connection, Entity::Branch, &all(Policy::KeepUpdated), vec![Change::Branch(make::branch("1"))]).await;
    assert_eq!(house.see::<String>(shown), "0901234567/Lan/[]");
}

#[tokio::test]
async fn a_branch_is_found_by_its_code_and_never_by_its_name() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    let policies = all(Policy::CreateOnly);
    let coded = |id: &str, code: Option<&str>| Branch { code: code.map(str::to_owned), name: "Kho".to_owned(), ..make::branch(id) };
    house.click(&one, Entity::Branch, &policies, vec![Change::Branch(coded("1", Some("K1")))]).await;
    let come = vec![Change::Branch(coded("7", Some("K1"))), Change::Branch(coded("8", None))];
    let tally = house.click(&other, Entity::Branch, &policies, come).await;
    assert_eq!((tally.get("branch.linked"), tally.get("branch.created")), (1, 1));
}
