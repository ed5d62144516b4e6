//! The demo's policies: what create-only, keep-updated and a delete at Nobi mean, and what the guide does not sync at all.

use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Scope};
use connector_host::nobi::Tally;
use connector_host::store::Trigger;
use connector_host::work::{Stop, SyncError};
use nhanh_sim::{Event, ProductView};

use super::scene::{Scene, VERIFY_TOKEN};
use super::{PATIENCE, webhooks};
use crate::output::Problem;

/// What the policies came to.
#[derive(Debug, Default)]
pub(super) struct Policed {
    /// Requests that a hint cost while products were create-only.
    pub(super) hint_requests: usize,
    /// An edited product that was updated once products were kept updated.
    pub(super) updated: u64,
    /// A product added at Nhanh that came in by its webhook.
    pub(super) added: u64,
    /// A product deleted at Nhanh: its pair is marked, and nothing is deleted at Nobi.
    pub(super) gone: u64,
    /// A product deleted at Nobi, that the next pull did not bring back.
    pub(super) tombstones: u64,
    /// Requests that a click cost on a stream that was switched off.
    pub(super) off_requests: usize,
    /// Entities that the guide does not sync, with its reason in Vietnamese.
    pub(super) unsupported: Vec<String>,
}

pub(super) async fn apply(scene: &Scene) -> Result<Policed, Problem> {
    let host = &scene.home.host;
    let nhanh = &scene.nhanh;
    let mut policed = Policed::default();
    let mut goods = host.store().sellable(scene.connection, u32::MAX).await?;
    let mut next = || goods.pop().ok_or_else(|| Problem::failed("too few products were pulled"));
    let (edited, gone, deleted) = (next()?, next()?, next()?);

    // Create-only: an edit at Nhanh is a hint that is dropped before a request is spent on it.
    let before = nhanh.requests().len();
    rename(scene, &edited.remote, "Tên mới, lần một")?;
    settle(scene).await?;
    policed.hint_requests = nhanh.requests().len() - before;

    // Keep-updated: the next edit comes in, and so does a new product.
    host.store().set_policy(scene.connection, Entity::Product, Policy::KeepUpdated).await?;
    let newest = host.store().runs(scene.connection, 1).await?.first().map_or(0, |run| run.id);
    rename(scene, &edited.remote, "Tên mới, lần hai")?;
    let mut fresh = ProductView::named("Hàng mới về");
    fresh.code = Some("MOI-VE-01".to_owned());
    fresh.price = Some(99_000);
    nhanh.add_product(scene.business, fresh).ok_or_else(|| Problem::failed("the simulator took no product"))?;
    settle(scene).await?;
    let tally = since(scene, newest).await?;
    (policed.updated, policed.added) = (tally.get("product.updated"), tally.get("product.created"));

    // Deleted there: the pair is marked. Deleted here: the pair stays as a tombstone, and no pull brings it back.
    nhanh.delete_product(gone.remote.parse()?);
    settle(scene).await?;
    policed.gone = u64::from(host.store().link_counts(scene.connection, Entity::Product).await?.get("gone").copied().unwrap_or(0));
    host.store().delete_product(scene.connection, deleted.product, host.clock().now()).await?;
    let run = host.sync(scene.connection, Entity::Product, Scope::Everything, Trigger::Click).await?;
    host.work(Stop::Idle(PATIENCE)).await?;
    if let Some(run) = run {
        policed.tombstones = host.store().run(run).await?.tally.get("product.tombstone");
    }

    // The last of the events that Nhanh can send: its payload is not documented, so anything is tolerated.
    if let Some(order) = nhanh.ledger().iter().find(|entry| entry.app.is_some()) {
        // 3.0 has no such event.
        if let Some(paid) = nhanh.webhook_body_in(scene.api.dialect(), scene.business, &Event::PaymentReceived(order.id), VERIFY_TOKEN) {
            webhooks::post(scene, &paid, VERIFY_TOKEN).await?;
        }
        nhanh.delete_order(order.id);
        settle(scene).await?;
    }

    // Off: not even a click spends a request.
    host.store().set_policy(scene.connection, Entity::Customer, Policy::Off).await?;
    let before = nhanh.requests().len();
    match host.sync(scene.connection, Entity::Customer, Scope::Everything, Trigger::Click).await {
        Err(SyncError::Off) => {}
        Err(error) => return Err(error.into()),
        Ok(_) => settle(scene).await?,
    }
    policed.off_requests = nhanh.requests().len() - before;

    for entity in [Entity::CustomerGroup, Entity::User] {
        match host.sync(scene.connection, entity, Scope::Everything, Trigger::Click).await {
            Err(SyncError::Unsupported(reason)) => policed.unsupported.push(reason.vi),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
    }
    Ok(policed)
}

fn rename(scene: &Scene, product: &str, name: &str) -> Result<(), Problem> {
    let renamed = scene.nhanh.edit_product(product.parse()?, |product| product.name = name.to_owned());
    if renamed { Ok(()) } else { Err(Problem::failed(format!("the simulator has no product {product}"))) }
}

/// Waits until the deliveries are in and what they asked for is done.
pub(super) async fn settle(scene: &Scene) -> Result<(), Problem> {
    scene.nhanh.webhooks_idle().await;
    scene.home.host.flush_refreshes(scene.connection).await?;
    Ok(scene.home.host.work(Stop::Idle(std::time::Duration::ZERO)).await?)
}

/// What the runs after this one did.
async fn since(scene: &Scene, run: i64) -> Result<Tally, Problem> {
    let mut tally = Tally::default();
    for later in scene.home.host.store().runs(scene.connection, 1_000).await?.iter().filter(|later| later.id > run) {
        tally.add(&later.tally);
    }
    Ok(tally)
}
