//! Orders in the first week: too little stock, a move to another business, orders that come of orders, a delivery in part.

use std::time::Duration;

use acceptance::dialect::Call::Orders;
use acceptance::dialect::{Dialect, V3};
use acceptance::orders::{make, order, outcome, tell};
use acceptance::world::{Plan, World};
use anyhow::{Context as _, Result};
use connector_host::contract::orders::{Order, OrderEventKind, PartyRole};
use connector_host::contract::types::Entity;
use nhanh_sim::{Kin, ShopSize};

async fn stocked(dialect: Dialect) -> Result<World> {
    World::stocked(Plan::on_a_manual_clock(dialect)).await
}

/// Lets the host work until no event of the order waits, moving the clock to whatever is due next.
async fn settle(world: &World, order: &Order) -> Result<()> {
    for _ in 0..20 {
        world.work().await?;
        let connection = world.host.store().goes_to(world.side.connection, &order.id).await?;
        let outcomes = world.host.store().order_outcomes(connection, &order.id).await?;
        if outcomes.iter().all(|outcome| outcome.state != "waiting") {
            break;
        }
        let due = world.host.store().next_due(&[]).await?.context("what waits is due at some time")?;
        world.clock.advance(Duration::from_millis(u64::try_from(due - world.clock.now()).unwrap_or(0)));
    }
    Ok(())
}

/// The id at Nhanh.vn of an order that went out.
async fn id_of(world: &World, order: &Order) -> Result<i64> {
    Ok(outcome(world, order).await?.remote.context("it went out")?.parse()?)
}

async fn a_shop_that_moves_to_another_business_ends_what_it_sent_and_makes_the_new_there(dialect: Dialect) -> Result<()> {
    let mut world = stocked(dialect).await?;
    let old = world.side.clone();
    let sent = make(&world, "sent").await?;
    settle(&world, &sent).await?;
    let sent_id = id_of(&world, &sent).await?;
    let unsent = make(&world, "unsent").await?;

    let size = ShopSize { depots: 1, products: 12, customers: 0, categories: 1, orders: 0 };
    let business = world.nhanh.add_business("Cửa hàng Hoa Sen 2", size).id;
    // Two things that both businesses sell, and one code that two rows of the new one have.
    let sellable = world.host.store().sellable(old.connection, 50).await?;
    let codes: Vec<String> = sellable.iter().filter_map(|it| it.sku.clone()).filter(|it| !it.trim().is_empty()).take(2).collect();
    let [first, second] = codes.as_slice() else { anyhow::bail!("two things with a code: {codes:?}") };
    let rows: Vec<i64> =
        world.nhanh.products(business).iter().filter(|row| row.type_id == 1 && row.kin == Kin::Standalone).map(|row| row.id).collect();
    for (row, code) in rows.iter().zip([first, second, second]) {
        world.nhanh.edit_product(*row, |row| (row.code, row.barcode, row.own_id) = (Some(code.clone()), None, None));
    }
    let new = world.join("hoa-sen", business, None).await?;
    assert_ne!(new.tag, old.tag);
    assert_eq!(world.host.succeed(old.connection, new.connection).await?, 1, "the order that had not left goes over");
    assert_eq!(world.host.store().order_outcomes(old.connection, &unsent.id).await?.len(), 0);

    // What both have waits for a person; all that is clear is confirmed in one go.
    world.pull_of(&new, &[Entity::Branch, Entity::Product]).await?;
    let paired = |row: i64| -> Result<String> {
        let sql = "SELECT state FROM link WHERE entity = 'product' AND connection = ?1 AND remote = ?2";
        Ok(world.sql()?.query_row(sql, [new.connection.to_string(), row.to_string()], |row| row.get(0))?)
    };
    assert_eq!([paired(rows[0])?, paired(rows[1])?, paired(rows[2])?], ["waiting", "waiting", "waiting"]);
    assert!(world.host.confirm_pairs(new.connection).await? >= 1);
    world.work().await?;
    assert_eq!([paired(rows[0])?, paired(rows[1])?, paired(rows[2])?], ["linked", "waiting", "waiting"]);

    // A new order is told to the old connection by whoever does not know better, and is made at the new business alone.
    world.side = new.clone();
    let fresh = order(&world, "fresh").await?;
    world.side = old.clone();
    tell(&world, &fresh, 1, OrderEventKind::Created).await?;
    settle(&world, &fresh).await?;
    tell(&world, &sent, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    settle(&world, &sent).await?;
    let ledger = world.nhanh.ledger();
    let made: Vec<_> = ledger.iter().map(|entry| (entry.business, entry.own_id.clone().unwrap(), entry.status.as_str())).collect();
    let own = |tag: &str, order: &Order| format!("{tag}-{}", order.code);
    let expected = [(old.business, own(&old.tag, &sent), "Canceled"), (new.business, own(&new.tag, &fresh), "New")];
    assert_eq!(made, expected, "each where it belongs");
    assert_eq!(ledger[0].id, sent_id);
    Ok(())
}

acceptance::in_each_version!(a_shop_that_moves_to_another_business_ends_what_it_sent_and_makes_the_new_there);

/// Only 3.0 tells of what a delivery in part brings back; 2.0 tells of the original alone.
#[tokio::test]
async fn a_delivery_in_part_is_told_of_the_original_which_is_read_again() -> Result<()> {
    let world = stocked(V3).await?;
    let mut two = order(&world, "part").await?;
    two.to_collect *= 2;
    two.lines[0].quantity = 2_000;
    tell(&world, &two, 1, OrderEventKind::Created).await?;
    settle(&world, &two).await?;
    world.clock.advance(Duration::from_secs(300));
    let id = id_of(&world, &two).await?;
    world.nhanh.set_status(id, "Shipping");
    world.nhanh.webhooks_idle().await;
    let product = world.nhanh.order(id).context("it is there")?.lines[0].product;
    let back = world.nhanh.deliver_partly(id, &[(product, 1.into())]).context("there are two")?;
    world.nhanh.webhooks_idle().await;
    let before = world.asked(Orders);
    world.host.flush_refreshes(world.side.connection).await?;
    world.work().await?;
    assert!(world.asked(Orders) > before, "the original is read again");
    let text: String = world.sql()?.query_row("SELECT remote_status FROM nobi_order WHERE id = ?1", [&two.id], |row| row.get(0))?;
    let shown: serde_json::Value = serde_json::from_str(&text)?;
    assert_eq!((shown["code"].as_str(), shown["stage"].as_str()), (Some("Success"), Some("PartlyReturned")), "{shown}");
    assert!(shown["reason"].as_str().is_some_and(|reason| reason.contains(&back.to_string())), "what came back is still named: {shown}");
    Ok(())
}
