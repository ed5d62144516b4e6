//! One uploaded carrier file (đối soát) reconciles thousands of orders at once. New orders go ahead of them, and the pace that Nhanh allows is
//! kept all the while.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::dialect::Call::{OrderAdd, OrderEdit};
use acceptance::dialect::Dialect;
use acceptance::orders::{order, tell};
use acceptance::plan::Plan;
use acceptance::world::{World, until};
use anyhow::Result;
use connector_host::contract::Pace;
use connector_host::contract::orders::{Order, OrderEvent, OrderEventKind, Reconciliation};
use nhanh_sim::{NewLine, NewOrder, Outcome, Quantity, Recipient};
use tokio::task::JoinSet;

/// Orders in the carrier's file.
const RECONCILED: usize = 3_000;
/// Nhanh allows 150 requests in 30 s for each URL; here in a window sixty times shorter, which both sides read.
const REQUESTS: u32 = 150;
const WINDOW: Duration = Duration::from_millis(500);

/// Orders that were pushed before: they are at Nhanh, and bound here.
fn pushed_before(world: &World, like: &Order) -> Result<Vec<Order>> {
    let mut sql = rusqlite::Connection::open(&world.database)?;
    sql.busy_timeout(Duration::from_secs(10))?;
    let bind = sql.transaction()?;
    let mut orders = Vec::new();
    for number in 0..RECONCILED {
        let code = format!("R{number:05}");
        let own_id = format!("{}-{code}", world.side.tag);
        let line = NewLine {
            name: like.lines[0].name.clone(),
            quantity: Quantity::units(1),
            price: like.lines[0].unit_price,
            ..NewLine::default()
        };
        let new = NewOrder {
            own_id: Some(own_id.clone()),
            app: Some(world.side.app.app_id),
            recipient: Recipient { name: "Lê Thị Mơ".to_owned(), mobile: "0912345678".to_owned(), ..Recipient::default() },
            status: "Shipping".to_owned(),
            lines: vec![line],
            ..NewOrder::default()
        };
        let remote = world.nhanh.add_order(world.side.business, new).expect("the business is there");
        let order = Order { id: format!("reconciled-{number}"), code, ..like.clone() };
        bind.execute(
            "INSERT INTO order_push (connection, order_id, own_id, remote) VALUES (?1, ?2, ?3, ?4)",
            rusqlite::params![world.side.connection, order.id, own_id, remote.to_string()],
        )?;
        orders.push(order);
    }
    bind.commit()?;
    Ok(orders)
}

/// The carrier's file is uploaded: all of it at once.
async fn upload(world: &World, orders: Vec<Order>) -> Result<()> {
    let mut told = JoinSet::new();
    for order in orders {
        let (host, connection) = (world.host.clone(), world.side.connection);
        let kind = OrderEventKind::Reconciled(Reconciliation::Delivered);
        let event = OrderEvent { id: format!("{}-1", order.id), sequence: 1, kind, order, reason: None };
        told.spawn(async move { host.order_event(connection, event).await });
    }
    while let Some(kept) = told.join_next().await {
        assert!(kept??, "each event is new");
    }
    Ok(())
}

async fn new_orders_go_ahead_of_three_thousand_reconciles(dialect: Dialect) -> Result<()> {
    let pace = Pace { requests: REQUESTS, window_ms: u32::try_from(WINDOW.as_millis())? };
    let limit = nhanh_sim::Pace { requests: REQUESTS, window: WINDOW, ..nhanh_sim::Pace::default() };
    let world = World::stocked(Plan { pace: Some(pace), limit, verify_token: None, ..Plan::of(dialect) }).await?;
    let like = order(&world, "like").await?;
    upload(&world, pushed_before(&world, &like)?).await?;

    let worker = tokio::spawn({
        let host = world.host.clone();
        async move { host.work(connector_host::work::Stop::Idle(Duration::from_secs(60))).await }
    });
    until("the reconciles are under way", || world.asked(OrderEdit) > 100).await?;
    for number in 0..5 {
        let new = order(&world, &format!("new-{number}")).await?;
        tell(&world, &new, 1, OrderEventKind::Created).await?;
    }
    until("the new orders are at Nhanh", || world.asked(OrderAdd) == 5).await?;
    let reconciled_first = world.asked(OrderEdit);
    worker.await??;

    assert!(reconciled_first < RECONCILED / 2, "new orders waited behind {reconciled_first} reconciles");
    let ledger = world.nhanh.ledger();
    let successes = ledger.iter().filter(|entry| entry.status == "Success").count();
    assert_eq!((successes, ledger.len()), (RECONCILED, RECONCILED + 5));
    let locked = world.nhanh.requests().iter().filter(|request| matches!(request.outcome, Outcome::RateLimited { .. })).count();
    assert_eq!(locked, 0, "no request was ever sent into a lock");
    Ok(())
}

acceptance::in_each_version!(new_orders_go_ahead_of_three_thousand_reconciles,);
