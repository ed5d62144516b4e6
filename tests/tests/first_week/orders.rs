//! Orders in the first week: too little stock, a move to another business, orders that come of orders, a delivery in part.

use std::time::Duration;

use acceptance::dialect::Call::{OrderEdit, Orders};
use acceptance::dialect::{Dialect, V2, V3};
use acceptance::orders::{ended, make, order, outcome, stands, tell};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::{Context as _, Result};
use connector_host::contract::orders::{Order, OrderEventKind, PartyRole, Reconciliation};
use connector_host::contract::types::Entity;
use nhanh_sim::{ChildKind, Kin, ShopSize};

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

/// An order that went out and shows: its id, and the product of its only line.
async fn sent(world: &World, order: &Order) -> Result<(i64, i64)> {
    tell(world, order, 1, OrderEventKind::Created).await?;
    settle(world, order).await?;
    world.clock.advance(Duration::from_secs(300));
    let id = id_of(world, order).await?;
    Ok((id, world.nhanh.order(id).context("it is there")?.lines[0].product))
}

/// What the host keeps of how an event ended.
async fn told(world: &World, order: &Order, sequence: usize) -> Result<String> {
    let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
    Ok(outcomes[sequence - 1].outcome.as_ref().context("it has ended")?.to_string())
}

/// Two of the first thing that can be sold.
async fn pair(world: &World, name: &str) -> Result<Order> {
    let mut two = order(world, name).await?;
    two.to_collect *= 2;
    two.lines[0].quantity = 2_000;
    Ok(two)
}

async fn a_cancel_of_an_order_with_a_living_child_is_a_task_that_names_both(dialect: Dialect) -> Result<()> {
    let world = stocked(dialect).await?;
    // No document says how 2.0 names the original of a part: by a field, or by nothing but our own id.
    let named: &[(bool, bool)] = if dialect == V2 { &[(true, false), (false, true)] } else { &[(false, false)] };
    let others = [ChildKind::Exchange, ChildKind::Return, ChildKind::Compensation].map(|kind| (kind, (false, false)));
    let kinds = others.into_iter().chain(named.iter().map(|named| (ChildKind::Split, *named)));
    let cancels = [OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted];
    for (number, (kind, (by_field, own_id))) in kinds.enumerate() {
        world.nhanh.faults().switch(|it| (it.split_names_original, it.children_keep_own_id) = (by_field, own_id));
        let two = pair(&world, &format!("kin-{number}")).await?;
        let (id, product) = sent(&world, &two).await?;
        let child = world.nhanh.add_child(id, kind, &[(product, 1.into())]).context("it has one")?;
        world.nhanh.webhooks_idle().await;
        let edits = world.asked(OrderEdit);
        tell(&world, &two, 2, cancels[number % 2].clone()).await?;
        settle(&world, &two).await?;
        assert_eq!((ended(&world, &two, 2).await?.as_str(), world.asked(OrderEdit)), ("order.cancel-has-child", edits), "{kind:?}");
        let told = told(&world, &two, 2).await?;
        assert!(told.contains(&id.to_string()) && told.contains(&child.to_string()), "{kind:?}: {told}");
        let status = |id| world.nhanh.order(id).map(|order| order.status);
        assert_eq!((status(id).as_deref(), status(child).as_deref()), (Some("New"), Some("New")), "{kind:?}: nothing was touched");
        // Once people have called the child off, nothing is in the way.
        world.nhanh.set_status(child, "Canceled");
        tell(&world, &two, 3, OrderEventKind::Deleted).await?;
        settle(&world, &two).await?;
        assert_eq!((ended(&world, &two, 3).await?.as_str(), status(id).as_deref()), ("updated", Some("Aborted")), "{kind:?}");
    }
    Ok(())
}

async fn a_success_of_which_a_part_came_back_is_reconciled_with_a_warning_that_names_it(dialect: Dialect) -> Result<()> {
    let world = stocked(dialect).await?;
    for (number, how) in [Reconciliation::PartlyReturned, Reconciliation::Returned].into_iter().enumerate() {
        let two = pair(&world, &format!("part-{number}")).await?;
        let (id, product) = sent(&world, &two).await?;
        world.nhanh.set_status(id, "Shipping");
        let back = world.nhanh.deliver_partly(id, &[(product, 1.into())]).context("there are two")?;
        world.nhanh.webhooks_idle().await;
        tell(&world, &two, 2, OrderEventKind::Reconciled(how)).await?;
        settle(&world, &two).await?;
        let outcome = told(&world, &two, 2).await?;
        assert_eq!(ended(&world, &two, 2).await?, "already", "{outcome}");
        assert!(outcome.contains("order.delivered-in-part") && outcome.contains(&back.to_string()), "{outcome}");
        // What is done already asks for nothing but the order itself.
        let asked = world.asked(Orders);
        tell(&world, &two, 3, OrderEventKind::Reconciled(Reconciliation::Delivered)).await?;
        settle(&world, &two).await?;
        assert_eq!((ended(&world, &two, 3).await?.as_str(), world.asked(Orders) - asked), ("already", 1));
        assert_eq!((stands(&world, &two).as_deref(), world.asked(OrderEdit)), (Some("Success"), 0));
    }
    // All of it was delivered: the statement and Nhanh.vn contradict each other.
    let whole = pair(&world, "whole").await?;
    let (id, _) = sent(&world, &whole).await?;
    world.nhanh.set_status(id, "Success");
    world.nhanh.webhooks_idle().await;
    tell(&world, &whole, 2, OrderEventKind::Reconciled(Reconciliation::PartlyReturned)).await?;
    settle(&world, &whole).await?;
    assert_eq!(ended(&world, &whole, 2).await?, "order.returned-but-finished");
    Ok(())
}

acceptance::in_each_version!(
    a_shop_that_moves_to_another_business_ends_what_it_sent_and_makes_the_new_there,
    a_cancel_of_an_order_with_a_living_child_is_a_task_that_names_both,
    a_success_of_which_a_part_came_back_is_reconciled_with_a_warning_that_names_it,
);

/// Only 3.0 tells of what a delivery in part brings back; 2.0 tells of the original alone.
#[tokio::test]
async fn a_delivery_in_part_is_told_of_the_original_which_is_read_again() -> Result<()> {
    let world = stocked(V3).await?;
    let two = pair(&world, "part").await?;
    let (id, product) = sent(&world, &two).await?;
    world.nhanh.set_status(id, "Shipping");
    world.nhanh.webhooks_idle().await;
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
