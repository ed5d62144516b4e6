//! The demo's order rules: what the merchant's guide sends and what it does not, each with the way it has to end and what Nhanh has to show.

use connector_host::contract::orders::{Lock, Order, OrderEvent, OrderEventKind, PartyRole, Reconciliation};
use connector_host::work::Stop;

use super::PATIENCE;
use super::orders::Pushed;
use super::scene::Scene;
use crate::output::Problem;

/// One rule: what happens at Nobi, how the event has to end, and the status that Nhanh has to show (none: no order there).
struct Rule {
    what: &'static str,
    order: Order,
    kind: OrderEventKind,
    ends: &'static str,
    status: Option<&'static str>,
}

/// How the rules went.
#[derive(Debug, Default)]
pub(super) struct Ruled {
    pub(super) rules: usize,
    pub(super) kept: usize,
    pub(super) broken: Vec<String>,
}

pub(super) async fn follow(scene: &Scene, pushed: &Pushed) -> Result<Ruled, Problem> {
    let rules = rules(scene, pushed)?;
    let host = &scene.home.host;
    for (number, rule) in rules.iter().enumerate() {
        let event = OrderEvent {
            id: format!("rule-{number}"),
            sequence: 2,
            kind: rule.kind.clone(),
            order: rule.order.clone(),
            reason: Some("Khách đổi ý".to_owned()),
        };
        host.order_event(scene.connection, event).await?;
    }
    host.work(Stop::Idle(PATIENCE)).await?;
    let mut ruled = Ruled { rules: rules.len(), ..Ruled::default() };
    for (number, rule) in rules.iter().enumerate() {
        let outcomes = host.store().order_outcomes(scene.connection, &rule.order.id).await?;
        let event = format!("rule-{number}");
        let ended = outcomes.iter().find(|outcome| outcome.event == event).map_or_else(String::new, |outcome| {
            let told = |pointer: &str| outcome.outcome.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
            told("/how").or_else(|| told("/reason")).or_else(|| told("/failure/class")).unwrap_or_else(|| outcome.state.clone())
        });
        let own_id = format!("{}-{}", scene.tag, rule.order.code);
        let status = scene.nhanh.ledger().into_iter().find(|entry| entry.own_id.as_deref() == Some(&own_id)).map(|entry| entry.status);
        if ended.eq_ignore_ascii_case(rule.ends) && status.as_deref() == rule.status {
            ruled.kept += 1;
        } else {
            ruled.broken.push(format!("{}: ended {ended}, at Nhanh {status:?}", rule.what));
        }
    }
    Ok(ruled)
}

fn rules(scene: &Scene, pushed: &Pushed) -> Result<Vec<Rule>, Problem> {
    let order = |number: usize| pushed.orders.get(number).cloned().ok_or_else(|| Problem::failed("too few orders were pushed"));
    let rule = |what, order, kind, ends, status| Rule { what, order, kind, ends, status };
    let cancelled = OrderEventKind::Cancelled;
    let reconciled = OrderEventKind::Reconciled;
    let (shipping, returned) = (order(6)?, order(7)?);
    at_nhanh(scene, &shipping, "Shipping")?;
    at_nhanh(scene, &returned, "Returned")?;
    let new = |code: &str, change: fn(&mut Order)| -> Result<Order, Problem> {
        let mut made = order(0)?;
        made.id = format!("nobi-{code}");
        made.code = code.to_owned();
        change(&mut made);
        Ok(made)
    };
    Ok(vec![
        rule("Đã đối soát (delivered)", order(0)?, reconciled(Reconciliation::Delivered), "updated", Some("Success")),
        rule("cancelled by the buyer", order(1)?, cancelled(PartyRole::Buyer), "updated", Some("Canceled")),
        rule("cancelled by the shop", order(2)?, cancelled(PartyRole::Seller), "updated", Some("Aborted")),
        rule("cancelled by the carrier", order(3)?, cancelled(PartyRole::Carrier), "updated", Some("Aborted")),
        rule("deleted", order(4)?, OrderEventKind::Deleted, "updated", Some("Aborted")),
        rule("edited after the push", order(5)?, OrderEventKind::Updated, "skip.not-pushed-by-guide", Some("New")),
        rule("cancelled while it is on its way", shipping, cancelled(PartyRole::Seller), "conflict", Some("Shipping")),
        rule("Đã đối soát (returned), returned there too", returned, reconciled(Reconciliation::Returned), "already", Some("Returned")),
        rule("Đã đối soát (returned), not returned there", order(8)?, reconciled(Reconciliation::Returned), "conflict", Some("New")),
        rule("Đơn tạm khóa", new("KHOA1", |order| order.lock = Lock::Licence)?, OrderEventKind::Created, "skip.locked", None),
        rule(
            "a marketplace's order",
            new("SHOPEE1", |order| order.source = "shopee".to_owned())?,
            OrderEventKind::Created,
            "skip.marketplace",
            None,
        ),
        rule("cancelled before it was ever pushed", new("HUY1", |_| ())?, cancelled(PartyRole::Buyer), "skip.never-pushed", None),
        rule(
            "a line that is not linked",
            new("LIENKET1", |order| order.lines.iter_mut().for_each(|line| line.product = "0".to_owned()))?,
            OrderEventKind::Created,
            "Rejected",
            None,
        ),
    ])
}

/// Somebody at Nhanh moves an order.
fn at_nhanh(scene: &Scene, order: &Order, status: &str) -> Result<(), Problem> {
    let own_id = format!("{}-{}", scene.tag, order.code);
    let entry = scene.nhanh.ledger().into_iter().find(|entry| entry.own_id.as_deref() == Some(&own_id));
    let id = entry.map(|entry| entry.id).ok_or_else(|| Problem::failed(format!("{own_id} is not at Nhanh")))?;
    if scene.nhanh.set_status(id, status) { Ok(()) } else { Err(Problem::failed(format!("{own_id} could not be moved to {status}"))) }
}
