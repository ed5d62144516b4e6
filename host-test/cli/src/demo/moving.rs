//! The demo's move: one login takes the connection to the other API; the same links, the same orders, and nothing is made twice.

use connector_host::contract::CheckLine;
use connector_host::contract::Policy;
use connector_host::contract::orders::{OrderEvent, OrderEventKind, Reconciliation};
use connector_host::contract::types::Entity;
use connector_host::work::{Form, Stop};
use nhanh_sim::Grant;

use super::orders::{Pushed, order};
use super::scene::Scene;
use super::{PATIENCE, STREAMS, click, policies, pulled};
use crate::output::Problem;

/// What the move came to.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// From where to where, in Vietnamese.
    pub(super) steps: String,
    /// Pairs of all streams before it.
    pub(super) before: u32,
    /// The same after a whole pull through the new API.
    pub(super) after: u32,
    /// Records that this pull made at Nobi.
    pub(super) made: u64,
    /// Orders that were sent through the new API; their ids are in `Pushed`.
    pub(super) sent: usize,
    /// Whether an order of the old API was found and reconciled through the new one.
    pub(super) reconciled: usize,
    /// What the check says afterwards.
    pub(super) checked: Vec<CheckLine>,
}

pub(super) async fn to_the_other(scene: &Scene, pushed: &mut Pushed) -> Result<Moved, Problem> {
    let host = &scene.home.host;
    let store = host.store();
    // Customers were switched off on the way here, and orders have made new ones at Nhanh.
    store.set_policy(scene.connection, Entity::Customer, Policy::CreateOnly).await?;
    pulled(scene, click(scene, &[Entity::Customer]).await?).await?;
    let mut moved = Moved { before: pairs(scene).await?, ..Moved::default() };
    // Begun under one API, ended under the other.
    let mut runs = click(scene, &[Entity::Product]).await?;

    let changes = Form::from([("api-version".to_owned(), scene.api.other().version().to_owned())]);
    let start = host.begin_login_with(scene.connection, &scene.redirect_url, changes).await?;
    moved.steps = start.moves.as_ref().map(|steps| steps.vi.clone()).ok_or_else(|| Problem::failed("the login moves nothing"))?;
    let landing = scene.nhanh.log_in(&start.url, Grant::all(scene.business)).await?;
    host.end_login(&start.state, &landing).await?;

    runs.extend(click(scene, &STREAMS).await?);
    moved.made = made(&pulled(scene, runs).await?);
    moved.after = pairs(scene).await?;

    let number = u32::try_from(pushed.orders.len())? + 1;
    let goods = store.sellable(scene.connection, 60).await?;
    let branch = store.linked_branches(scene.connection).await?.first().map_or(0, |(nobi, _)| *nobi);
    let new = order(number, branch, &goods, host.clock().now());
    let old = pushed.orders.get(9).cloned().ok_or_else(|| Problem::failed("too few orders were pushed"))?;
    let event =
        |id: &str, sequence, kind, order: &_| OrderEvent { id: id.to_owned(), sequence, kind, order: Clone::clone(order), reason: None };
    host.order_event(scene.connection, event("moved-1", 1, OrderEventKind::Created, &new)).await?;
    host.order_event(scene.connection, event("moved-2", 3, OrderEventKind::Reconciled(Reconciliation::Delivered), &old)).await?;
    host.work(Stop::Idle(PATIENCE)).await?;
    policies::settle(scene).await?;
    moved.sent = how(scene, &new.id, "moved-1", "created").await?;
    moved.reconciled = how(scene, &old.id, "moved-2", "updated").await?;
    pushed.orders.push(new);
    moved.checked = host.check(scene.connection).await?;
    Ok(moved)
}

fn made(tally: &connector_host::nobi::Tally) -> u64 {
    tally.iter().filter(|(key, _)| key.ends_with(".created")).map(|(_, count)| count).sum()
}

/// All pairs of the connection, whatever they stand at.
async fn pairs(scene: &Scene) -> Result<u32, Problem> {
    let mut pairs = 0;
    for entity in STREAMS {
        pairs += scene.home.host.store().link_counts(scene.connection, entity).await?.values().sum::<u32>();
    }
    Ok(pairs)
}

/// 1 where this event of the order ended so.
async fn how(scene: &Scene, order: &str, event: &str, how: &str) -> Result<usize, Problem> {
    let outcomes = scene.home.host.store().order_outcomes(scene.connection, order).await?;
    let ended =
        outcomes.iter().find(|outcome| outcome.event == event).and_then(|outcome| outcome.outcome.as_ref()?.pointer("/how")?.as_str());
    Ok(usize::from(ended == Some(how)))
}
