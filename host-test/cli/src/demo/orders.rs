//! The demo's orders: made of what was pulled, a bit of everything that an order can hold, and each sent at most once.

use connector_host::contract::orders::{Address, AddressScheme, Fulfilment, Lock, Order, OrderEvent, OrderEventKind, OrderLine, Person};
use connector_host::store::Sellable;
use connector_host::work::Stop;
use nhanh_sim::Fault;

use super::PATIENCE;
use super::scene::Scene;
use crate::output::Problem;

/// What pushing came to.
#[derive(Debug, Default)]
pub(super) struct Pushed {
    pub(super) orders: Vec<Order>,
    pub(super) created: usize,
    pub(super) adopted: usize,
    pub(super) failed: usize,
}

pub(super) async fn push(scene: &Scene, count: u32) -> Result<Pushed, Problem> {
    let host = &scene.home.host;
    let goods = host.store().sellable(scene.connection, count.saturating_mul(3)).await?;
    let branches = host.store().linked_branches(scene.connection).await?;
    if goods.is_empty() || branches.is_empty() {
        return Err(Problem::failed("the pull brought nothing that an order can be made of"));
    }
    scene.nhanh.faults().next(scene.api.add_order(), Fault::AnswerLostAfterEffect).times(2);
    let mut pushed = Pushed::default();
    for number in 1..=count {
        let branch = branches.get(number as usize % branches.len()).map_or(0, |(nobi, _)| *nobi);
        let order = order(number, branch, &goods, host.clock().now());
        let event =
            OrderEvent { id: format!("demo-{number}"), sequence: 1, kind: OrderEventKind::Created, order: order.clone(), reason: None };
        host.order_event(scene.connection, event).await?;
        pushed.orders.push(order);
    }
    host.work(Stop::Idle(PATIENCE)).await?;
    for order in &pushed.orders {
        for outcome in host.store().order_outcomes(scene.connection, &order.id).await? {
            let how = outcome.outcome.as_ref().and_then(|outcome| outcome.pointer("/how")).and_then(serde_json::Value::as_str);
            match how {
                Some("created") => pushed.created += 1,
                Some("adopted") => pushed.adopted += 1,
                _ => pushed.failed += 1,
            }
        }
    }
    Ok(pushed)
}

/// One order: one to three lines, discounts, deposits, ship fees and phones as people write them.
pub(crate) fn order(number: u32, branch: i64, goods: &[Sellable], now: i64) -> Order {
    let start = number as usize * 3;
    let mut lines = Vec::new();
    for offset in 0..(number as usize % 3 + 1) {
        let Some(item) = goods.get((start + offset) % goods.len()) else { continue };
        lines.push(OrderLine {
            product: item.product.to_string(),
            remote_product: None,
            remote_is_parent: false,
            sku: item.sku.clone(),
            name: item.name.clone(),
            quantity: i64::from(number % 2 + 1) * 1_000,
            unit_price: item.price,
            discount: if number.is_multiple_of(4) { 1_000 } else { 0 },
            vat: 0,
            weight_grams: Some(250),
            note: None,
        });
    }
    let goods_sum: i64 = lines.iter().map(|line| line.quantity / 1_000 * line.unit_price - line.discount).sum();
    let discount = if number.is_multiple_of(3) { goods_sum / 10 } else { 0 };
    let deposit = if number.is_multiple_of(5) { 10_000.min(goods_sum - discount) } else { 0 };
    let customer_ship_fee = if number.is_multiple_of(2) { 25_000 } else { 0 };
    let phone = match number % 4 {
        0 => format!("+84 90 {:07}", 1_000_000 + number),
        1 => format!("090{:07}", 1_000_000 + number),
        2 => format!("84.90.{:07}", 1_000_000 + number),
        _ => format!("0120{:07}", 1_000_000 + number),
    };
    Order {
        id: format!("nobi-{number}"),
        code: format!("DH{number:05}"),
        remote: None,
        branch: branch.to_string(),
        remote_branch: None,
        fulfilment: if number.is_multiple_of(7) { Fulfilment::Counter } else { Fulfilment::Delivery },
        lock: Lock::None,
        source: "nobi".to_owned(),
        recipient: Person { name: format!("Trần Thị Bưởi {number}"), phone, email: None },
        address: Address {
            text: format!("{number} Trần Phú"),
            province: Some("Hà Nội".to_owned()),
            district: Some("Quận Ba Đình".to_owned()),
            ward: Some("Phường Điện Biên".to_owned()),
            scheme: AddressScheme::ThreeLevel,
        },
        buyer: None,
        lines,
        discount,
        points: 0,
        deposit,
        transfer: 0,
        customer_ship_fee,
        to_collect: goods_sum - discount + customer_ship_fee - deposit,
        shipping_weight_grams: None,
        note: number.is_multiple_of(6).then(|| "Gọi trước khi giao".to_owned()),
        private_note: None,
        created: now,
    }
}
