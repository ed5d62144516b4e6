//! Depots, levels, prices and products that are changed at Nhanh.vn while their pairs are in use at Nobi.

use acceptance::dialect::Dialect;
use acceptance::world::{Plan, World};
use anyhow::Result;
use connector_host::contract::types::Entity;
use nhanh_sim::{Kin, ProductView};

/// A standalone product with a code, and that code.
fn coded(world: &World) -> (i64, String) {
    let products = world.nhanh.products(world.side.business);
    let plain = products.iter().filter(|row| row.kin == Kin::Standalone && row.type_id == 1 && row.status == "Active");
    let codes = |row: &&ProductView| {
        let code = row.code.clone().filter(|code| !code.trim().is_empty());
        code.filter(|code| products.iter().filter(|other| other.code.as_ref() == Some(code)).count() == 1).map(|code| (row.id, code))
    };
    plain.filter_map(|row| codes(&row)).next().expect("a product with a code of its own")
}

async fn a_product_made_anew_under_the_same_code_leaves_the_old_pair_alone_and_waits(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    let (old, code) = coded(&world);
    let twin = ProductView { code: Some(code), price: Some(90_000), ..ProductView::named("Hàng tạo lại") };
    let new = world.nhanh.add_product(world.side.business, twin).unwrap();
    world.nhanh.webhooks_idle().await;
    let tally = world.pull(&[Entity::Product]).await?;
    assert_eq!((tally.get("product.waiting"), tally.get("product.created")), (1, 0));
    let state = |id: i64| -> Result<String> {
        let sql = "SELECT state FROM link WHERE entity = 'product' AND remote = ?1";
        Ok(world.sql()?.query_row(sql, [id.to_string()], |row| row.get(0))?)
    };
    assert_eq!((state(old)?.as_str(), state(new)?.as_str()), ("linked", "waiting"));
    Ok(())
}

acceptance::in_each_version!(a_product_made_anew_under_the_same_code_leaves_the_old_pair_alone_and_waits);
