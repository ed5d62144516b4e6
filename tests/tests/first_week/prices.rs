//! Prices by branch: Nhanh.vn may have a list of its own for each of them, Nobi has one price a product. 3.0 alone tells of such lists.

use std::collections::BTreeMap;

use acceptance::dialect::Call::Products;
use acceptance::dialect::V3;
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::{Context as _, Result};
use connector_host::contract::Policy;
use connector_host::contract::types::Entity;
use serde_json::{Value, json};

/// A price that no product has.
const AT_THE_BRANCH: i64 = 123_321;

/// Each product of a page has a price at one branch as well.
fn with_prices_by_branch(page: &[u8]) -> Option<Vec<u8>> {
    let mut page: Value = serde_json::from_slice(page).ok()?;
    for row in page.get_mut("data")?.as_array_mut()? {
        row["branchPrices"] = json!([{ "branch": { "id": 1, "name": "Cửa hàng 1" }, "price": AT_THE_BRANCH, "wholesalePrice": 1 }]);
    }
    Some(page.to_string().into_bytes())
}

/// Retail prices at Nobi, by the other side's ids.
fn shown(world: &World) -> Result<BTreeMap<i64, Option<i64>>> {
    let sqlite = world.sql()?;
    let mut statement = sqlite
        .prepare("SELECT CAST(remote AS INTEGER), retail FROM link JOIN nobi_product ON nobi_product.id = nobi WHERE entity = 'product'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

#[tokio::test]
async fn the_general_retail_price_alone_comes_in_and_the_stream_says_so_once() -> Result<()> {
    let world = World::connected(Plan { mirrored: true, ..Plan::on_a_manual_clock(V3) }).await?;
    let list = world.path(Products);
    let mirror = world.mirror.as_ref().context("the plan says so")?;
    mirror.rewrite(move |asked, reply| match with_prices_by_branch(&reply) {
        Some(page) if asked.path == list => page,
        _ => reply,
    });
    for entity in [Entity::Product, Entity::Price] {
        world.host.set_policy(world.side.connection, entity, Policy::KeepUpdated).await?;
    }
    world.pull(&[Entity::Branch]).await?;
    for _ in 0..2 {
        let tally = world.pull(&[Entity::Product]).await?;
        let shown = shown(&world)?;
        assert!(shown.len() > 20, "{}", shown.len());
        for row in world.nhanh.products(world.side.business).iter().filter(|row| shown.contains_key(&row.id)) {
            // A head has no price of its own, and a price of 0 is none.
            let general = row.price.filter(|price| *price > 0 && row.kin != nhanh_sim::Kin::Parent);
            if let Some(general) = general {
                assert_eq!(shown[&row.id], Some(general), "{}", row.id);
            }
        }
        assert!(shown.values().flatten().all(|price| *price != AT_THE_BRANCH));
        let warned = world.host.store().warned(world.side.connection).await?;
        let said: Vec<_> = warned.iter().filter(|(_, warning)| warning.code == "product.price-by-branch").collect();
        assert!(said.len() == 1 && said[0].0 == "product" && tally.get("product.warned") >= 1, "{said:?}");
    }
    Ok(())
}
