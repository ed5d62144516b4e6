//! Orders of the merchant's, made of what was pulled.

use std::time::Duration;

use anyhow::{Context as _, Result};
use connector_host::contract::orders::{Address, AddressScheme, Fulfilment, Lock, Order, OrderEvent, OrderEventKind, OrderLine, Person};
use connector_host::store::OrderOutcome;

use crate::world::World;

/// An order of one piece of the first thing that can be sold, from the first branch. Its code is `DH-` and the name.
pub async fn order(world: &World, name: &str) -> Result<Order> {
    let store = world.host.store();
    let item = store.sellable(world.side.connection, 1).await?.pop().context("nothing that an order can be made of was pulled")?;
    let (branch, _) = store.linked_branches(world.side.connection).await?.into_iter().next().context("no branch was pulled")?;
    Ok(Order {
        id: format!("order-{name}"),
        code: format!("DH-{name}"),
        remote: None,
        branch: branch.to_string(),
        remote_branch: None,
        fulfilment: Fulfilment::Delivery,
        lock: Lock::None,
        source: "nobi".to_owned(),
        recipient: Person { name: "Lê Thị Mơ".to_owned(), phone: "0912345678".to_owned(), email: None },
        address: Address { text: "12 Lê Lợi".to_owned(), province: None, district: None, ward: None, scheme: AddressScheme::Unknown },
        buyer: None,
        lines: vec![OrderLine {
            product: item.product.to_string(),
            remote_product: None,
            remote_is_parent: false,
            sku: item.sku.clone(),
            name: item.name.clone(),
            quantity: 1_000,
            unit_price: item.price,
            discount: 0,
            vat: 0,
            weight_grams: Some(250),
            note: None,
        }],
        discount: 0,
        points: 0,
        deposit: 0,
        transfer: 0,
        customer_ship_fee: 0,
        to_collect: item.price,
        shipping_weight_grams: None,
        note: None,
        private_note: None,
        created: world.clock.now(),
    })
}

/// Tells the host what happened to an order. The event's id is made of the order and the sequence.
pub async fn tell(world: &World, order: &Order, sequence: u64, kind: OrderEventKind) -> Result<bool> {
    let id = format!("{}-{sequence}", order.id);
    let event = OrderEvent { id, sequence, kind, order: order.clone(), reason: None };
    Ok(world.host.order_event(world.side.connection, event).await?)
}

/// Makes an order and tells the host of it. Nothing is sent before the host works.
pub async fn make(world: &World, name: &str) -> Result<Order> {
    let order = order(world, name).await?;
    tell(world, &order, 1, OrderEventKind::Created).await?;
    Ok(order)
}

/// Where the first event of an order stands.
pub async fn outcome(world: &World, order: &Order) -> Result<OrderOutcome> {
    let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
    outcomes.into_iter().next().with_context(|| format!("the host knows nothing of {}", order.id))
}

/// How the first event of an order ended: `created`, `adopted`, a reason to skip, or a failure's code; its state while it waits.
pub async fn ending(world: &World, order: &Order) -> Result<String> {
    let outcome = outcome(world, order).await?;
    let told = |pointer: &str| outcome.outcome.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
    Ok(told("/how").or_else(|| told("/reason")).or_else(|| told("/failure/code")).unwrap_or(outcome.state))
}

/// How often an order was made at Nhanh.vn, the deleted ones included.
pub fn copies(world: &World, order: &Order) -> usize {
    let own_id = format!("{}-{}", world.side.tag, order.code);
    world.nhanh.ledger().iter().filter(|entry| entry.own_id.as_deref() == Some(&own_id)).count()
}

/// Lets the host work until no event of the order waits, moving the clock to whatever is due next. How long it took. Gives up after some hours
/// of the order's time.
pub async fn settle(world: &World, order: &Order) -> Result<Duration> {
    let began = world.clock.now();
    for _ in 0..120 {
        world.work().await?;
        let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
        let Some(due) = world.host.store().next_due(&[]).await? else { break };
        if outcomes.iter().all(|outcome| outcome.state != "waiting") {
            break;
        }
        world.clock.advance(Duration::from_millis(u64::try_from((due - world.clock.now()).max(0))?));
    }
    Ok(Duration::from_millis(u64::try_from(world.clock.now() - began)?))
}

/// How the event with this sequence ended: what was done, a reason to skip, or a failure's code; its state while it waits.
pub async fn ended(world: &World, order: &Order, sequence: usize) -> Result<String> {
    let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
    let one = outcomes.get(sequence.saturating_sub(1)).with_context(|| format!("{} has no event {sequence}", order.id))?;
    let told = |pointer: &str| one.outcome.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
    Ok(told("/how").or_else(|| told("/reason")).or_else(|| told("/failure/code")).unwrap_or_else(|| one.state.clone()))
}

/// Where an order stands at Nhanh.vn, by its own id; deleted ones included.
pub fn stands(world: &World, order: &Order) -> Option<String> {
    let own_id = format!("{}-{}", world.side.tag, order.code);
    world.nhanh.ledger().into_iter().rfind(|entry| entry.own_id.as_deref() == Some(&own_id)).map(|entry| entry.status)
}
