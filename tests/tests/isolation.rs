//! Two merchants in one host: nothing of one reaches the other, whatever their shops have in common.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use acceptance::delivery::Delivery;
use acceptance::dialect::Dialect;
use acceptance::plan::Plan;
use acceptance::world::{Side, World};
use anyhow::Result;
use connector_host::contract::Policy;
use connector_host::contract::types::Entity;
use nhanh_sim::{Event, Level, Quantity, ShopSize};

/// The remote ids that a connection has linked.
fn linked(world: &World, connection: i64, entity: &str) -> Result<BTreeSet<i64>> {
    let sql = world.sql()?;
    let mut statement = sql.prepare("SELECT remote FROM link WHERE connection = ?1 AND entity = ?2")?;
    let rows = statement.query_map((connection, entity), |row| row.get::<_, String>(0))?;
    rows.map(|id| Ok(id?.parse()?)).collect()
}

/// What a connection shows of one product, whatever else it holds.
async fn shown(world: &World, side: &Side, product: i64) -> Result<Vec<i64>> {
    let levels = world.host.store().levels(side.connection).await?;
    Ok(levels.into_iter().filter(|level| level.product == product.to_string()).map(|level| level.available).collect())
}

/// A stock delivery of this business with a level that no seed makes.
fn delivery(world: &World, business: i64, product: i64, depot: i64) -> Result<Delivery> {
    world.nhanh.hold_webhooks();
    world.nhanh.change_level(product, depot, |level| *level = Level { remain: Quantity::units(777), ..Level::default() });
    world.delivery(business, &Event::InventoryChange(product))
}

async fn two_tenants_pulled_at_once_keep_their_own(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan::on_a_manual_clock(dialect)).await?;
    let size = ShopSize { depots: 2, products: 40, customers: 5, categories: 3, orders: 0 };
    let theirs = world.nhanh.add_business("Cửa hàng Cỏ May", size);
    let other = world.join("co-may", theirs.id, None).await?;
    for side in [&world.side, &other] {
        for entity in [Entity::Branch, Entity::Category, Entity::Product, Entity::Customer] {
            world.click(side, entity).await?;
        }
    }
    world.work().await?;

    let codes = |business| -> BTreeSet<String> { world.nhanh.products(business).into_iter().filter_map(|product| product.code).collect() };
    let shared = codes(world.side.business).intersection(&codes(theirs.id)).count();
    assert!(shared > 10, "the shops use the same codes, so that a match across tenants would show");
    for side in [&world.side, &other] {
        let mine: BTreeSet<i64> = world.nhanh.products(side.business).iter().map(|product| product.id).collect();
        assert_eq!(linked(&world, side.connection, "product")?, mine, "{}: its own products, all of them", side.tenant);
        let depots: BTreeSet<i64> = world.nhanh.depots(side.business).iter().map(|depot| depot.id).collect();
        assert_eq!(linked(&world, side.connection, "branch")?, depots);
        let foreign = format!(
            "SELECT count(*) FROM link JOIN nobi_product ON nobi_product.id = link.nobi
             WHERE link.entity = 'product' AND link.connection = {} AND nobi_product.tenant <> '{}'",
            side.connection, side.tenant
        );
        assert_eq!(world.count(&foreign)?, 0, "{}: linked with its own rows alone", side.tenant);
    }
    let crossed = "SELECT count(*) FROM nobi_stock JOIN nobi_product ON nobi_product.id = nobi_stock.product
                   JOIN nobi_branch ON nobi_branch.id = nobi_stock.branch WHERE nobi_product.tenant <> nobi_branch.tenant";
    assert_eq!(world.count(crossed)?, 0, "no level joins one's product with the other's branch");
    let heads = "SELECT count(*) FROM nobi_product AS child JOIN nobi_product AS head ON head.id = child.parent
                 WHERE child.tenant <> head.tenant";
    assert_eq!(world.count(heads)?, 0, "no variant has the other's head");
    Ok(())
}

async fn tags_and_callback_addresses_are_never_shared(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan::on_a_manual_clock(dialect)).await?;
    let other = world.join("co-may", world.side.business, None).await?;
    assert_ne!(world.side.tag, other.tag);
    assert_ne!(world.side.callback, other.callback);
    Ok(())
}

async fn a_delivery_of_the_second_business_reaches_the_second_connection_of_the_same_tenant_and_app(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let second = world.nhanh.add_business("Hoa Sen 2", ShopSize { depots: 1, products: 20, customers: 0, categories: 1, orders: 0 });
    let side = world.join("hoa-sen", second.id, Some(world.side.app.clone())).await?;
    world.pull_of(&side, &[Entity::Branch, Entity::Product]).await?;
    for side in [&world.side, &side] {
        world.host.store().set_policy(side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    }
    let sold = world.host.store().sellable(side.connection, 1).await?.pop().unwrap();
    let product: i64 = sold.remote.parse()?;
    let told = delivery(&world, second.id, product, second.depots[0])?;
    assert_eq!(world.post(&told).await?, 200, "to the first connection's address");
    assert_eq!(shown(&world, &side, product).await?, [777_000], "applied to the second's");
    assert_eq!(shown(&world, &world.side, product).await?, [0; 0]);
    Ok(())
}

async fn a_delivery_never_reaches_another_tenant_not_even_one_with_the_same_app(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let theirs = world.nhanh.add_business("Cỏ May", ShopSize { depots: 1, products: 20, customers: 0, categories: 1, orders: 0 });
    let other = world.join("co-may", theirs.id, Some(world.side.app.clone())).await?;
    world.pull_of(&other, &[Entity::Branch, Entity::Product]).await?;
    for side in [&world.side, &other] {
        world.host.store().set_policy(side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    }
    let sold = world.host.store().sellable(other.connection, 1).await?.pop().unwrap();
    let product: i64 = sold.remote.parse()?;
    let before = shown(&world, &other, product).await?;
    let told = delivery(&world, theirs.id, product, theirs.depots[0])?;
    assert_eq!(world.post(&told).await?, 200);
    assert_eq!(shown(&world, &other, product).await?, before, "not through a stranger's address");
    assert_eq!(world.post_to(&other.callback, &told).await?, 200);
    assert_eq!(shown(&world, &other, product).await?, [777_000], "through its own");
    Ok(())
}

acceptance::in_each_version!(
    two_tenants_pulled_at_once_keep_their_own,
    tags_and_callback_addresses_are_never_shared,
    a_delivery_of_the_second_business_reaches_the_second_connection_of_the_same_tenant_and_app,
    a_delivery_never_reaches_another_tenant_not_even_one_with_the_same_app,
);
