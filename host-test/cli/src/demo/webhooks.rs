//! The demo's webhooks: levels that go 5, 4, 5, a late retry of the middle one, a forged delivery and one of another business.

use std::time::Duration;

use connector_host::work::Stop;
use nhanh_sim::{Event, Quantity, ShopSize};
use serde_json::Value;

use super::scene::{Scene, VERIFY_TOKEN};
use crate::output::Problem;

/// What the burst came to.
#[derive(Debug, Default)]
pub(super) struct Burst {
    /// Deliveries that were answered with 200, those that Nhanh sent by itself included.
    pub(super) answered: usize,
    /// Deliveries that were answered with 401.
    pub(super) forged: usize,
    /// Levels that the host took as facts of their own.
    pub(super) facts: usize,
    /// Deliveries of another business that changed nothing.
    pub(super) other_business: usize,
    /// The product and depot that it was about.
    pub(super) product: i64,
    pub(super) depot: i64,
    /// Levels that the host showed after each delivery, in thousandths.
    pub(super) seen: Vec<i64>,
}

pub(super) async fn burst(scene: &Scene) -> Result<Burst, Problem> {
    let host = &scene.home.host;
    let nhanh = &scene.nhanh;
    let item = host.store().sellable(scene.connection, 1).await?.pop().ok_or_else(|| Problem::failed("nothing was pulled"))?;
    let depot = host.store().linked_branches(scene.connection).await?.pop().ok_or_else(|| Problem::failed("no depot was pulled"))?.1;
    let mut burst = Burst { product: item.remote.parse()?, depot: depot.parse()?, ..Burst::default() };
    let answered_before = nhanh.deliveries().len();

    let dialect = scene.api.dialect();
    let mut late = None;
    for level in [5, 4, 5] {
        nhanh.set_stock(burst.product, burst.depot, Quantity::units(level));
        if level == 4 {
            late = nhanh.webhook_body_in(dialect, scene.business, &Event::InventoryChange(burst.product), VERIFY_TOKEN);
        }
        nhanh.webhooks_idle().await;
        // The same words a second time are a retry, or a level that is back: up it goes only by the read that they ask for at once.
        host.work(Stop::Idle(Duration::ZERO)).await?;
        burst.seen.push(shown(scene, &item.remote, &depot).await?);
    }
    burst.facts = burst.seen.windows(2).filter(|pair| pair.first() != pair.last()).count() + 1;
    let deliveries = nhanh.deliveries();
    let since = deliveries.get(answered_before..).unwrap_or_default();
    burst.answered += since.iter().filter(|delivery| delivery.status == Some(200)).count();

    // The middle one comes once more, late: an old level for a while, which the refresh puts right.
    let late = late.ok_or_else(|| Problem::failed("the simulator has no such product"))?;
    burst.answered += usize::from(post(scene, &late, VERIFY_TOKEN).await? == 200);

    let guess = "not-the-verify-token-1";
    let forged = nhanh.webhook_body_in(dialect, scene.business, &Event::InventoryChange(burst.product), guess);
    let forged = forged.ok_or_else(|| Problem::failed("the simulator has no such product"))?;
    burst.forged += usize::from(post(scene, &forged, guess).await? == 401);

    let other = nhanh.add_business("Cửa hàng khác", ShopSize::small());
    let theirs = nhanh.products(other.id).first().map_or(0, |product| product.id);
    let foreign = nhanh.webhook_body_in(dialect, other.id, &Event::ProductAdd(theirs), VERIFY_TOKEN);
    let foreign = foreign.ok_or_else(|| Problem::failed("the other business has no product"))?;
    let before = host.store().nobi_counts(scene.tenant).await?;
    let status = post(scene, &foreign, VERIFY_TOKEN).await?;
    let unchanged = host.store().nobi_counts(scene.tenant).await? == before;
    burst.other_business += usize::from(status == 200 && unchanged);
    burst.answered += usize::from(status == 200);
    Ok(burst)
}

async fn shown(scene: &Scene, product: &str, branch: &str) -> Result<i64, Problem> {
    let levels = scene.home.host.store().levels(scene.connection).await?;
    let level = levels.iter().find(|level| level.product == product && level.branch == branch);
    level.map(|level| level.available).ok_or_else(|| Problem::failed("the product has no level at that branch"))
}

/// Posts a delivery that proves itself by this token: in its body, where the story's API has it, it stands already.
pub(super) async fn post(scene: &Scene, body: &Value, token: &str) -> Result<u16, Problem> {
    let client = reqwest::Client::new();
    let mut request = client.post(&scene.callback).header("content-type", "application/json").body(serde_json::to_vec(body)?);
    if scene.api.proves_by_header() {
        request = request.header("authorization", token);
    }
    Ok(request.send().await?.status().as_u16())
}
