//! The demo's summary: what Nobi has beside what Nhanh.vn has, line by line. It adds up or says where it does not.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use connector_host::contract::types::Entity;
use connector_host::nobi::Tally;
use connector_host::store::NobiCounts;
use nhanh_sim::Kin;
use serde::Serialize;

use super::orders::Pushed;
use super::scene::Scene;
use super::webhooks::Burst;
use crate::output::Problem;

/// One figure from both sides.
#[derive(Debug, Serialize)]
struct Line {
    what: &'static str,
    nobi: i64,
    nhanh: i64,
}

/// What the demo did, and whether it adds up.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Every line is the same on both sides.
    pub(super) balanced: bool,
    lines: Vec<Line>,
    nobi: NobiCounts,
    first_pull: Tally,
    second_pull: Tally,
    links: BTreeMap<String, u32>,
    refused: Vec<String>,
    database: PathBuf,
    seconds: f64,
}

pub(super) async fn draw(
    scene: &Scene,
    first: &Tally,
    second: &Tally,
    pushed: &Pushed,
    burst: &Burst,
    took: Duration,
) -> Result<Summary, Problem> {
    let store = scene.home.host.store();
    let nobi = store.nobi_counts(scene.tenant).await?;
    let links = store.link_counts(scene.connection, Entity::Product).await?;
    let refused = store.refused(scene.connection).await?;
    let there = scene.nhanh.counts(scene.business);
    let state = |name: &str| i64::from(links.get(name).copied().unwrap_or(0));
    let mut lines = Vec::new();
    let mut line = |what, nobi: i64, nhanh: i64| lines.push(Line { what, nobi, nhanh });

    line("branches (kho)", i64::from(nobi.branches), wide(there.depots));
    let refused_products = refused.iter().filter(|(entity, _, _)| entity == "product").count();
    line(
        "product rows: linked, waiting for a pairing, or refused",
        state("linked") + state("waiting") + wide(refused_products),
        wide(there.products),
    );
    line("products that Nhanh made from unknown order lines", 0, wide(there.auto_created));

    let (mut levels, mut differing, mut provisional) = (0, 0, 0);
    for level in store.levels(scene.connection).await? {
        let (product, depot) = (level.product.parse()?, level.branch.parse()?);
        let available = scene.nhanh.stock(product, depot).map(|level| level.available().as_thousandths());
        // Orders that were pushed since reserve stock at Nhanh; those levels wait for the next sweep.
        levels += 1;
        differing += i64::from(available != Some(level.available) && !ordered(scene, product, depot));
        provisional += i64::from(level.provisional);
    }
    line("stock levels", levels, expected_levels(scene, &links_of(scene).await?));
    line("stock levels that differ, pushed orders aside", differing, 0);
    line("stock levels not confirmed", provisional, 0);
    line("records that the second pull changed", i64::try_from(second.changed())?, 0);

    let ours: Vec<_> = scene.nhanh.ledger().into_iter().filter(|entry| entry.business == scene.business && entry.app.is_some()).collect();
    line("orders", wide(pushed.orders.len()), wide(ours.len()));
    let mut once = 0;
    for order in &pushed.orders {
        let own_id = format!("{}-{}", scene.tag, order.code);
        let entries: Vec<_> = ours.iter().filter(|entry| entry.own_id.as_deref() == Some(&own_id)).collect();
        once += i64::from(matches!(entries.as_slice(), [one] if one.to_collect == order.to_collect));
    }
    line("orders there exactly once, with the same sum to collect", once, wide(ours.len()));
    line("orders whose answer was lost, found again", wide(pushed.adopted), 2);
    line("money to collect (₫)", pushed.orders.iter().map(|order| order.to_collect).sum(), ours.iter().map(|entry| entry.to_collect).sum());
    line("stock facts of the burst (5, 4, 5)", wide(burst.facts), 3);
    line("forged deliveries refused", wide(burst.forged), 1);
    line("other business's deliveries without effect", wide(burst.other_business), 1);
    let at_the_end = store.levels(scene.connection).await?;
    let (product, depot) = (burst.product.to_string(), burst.depot.to_string());
    let final_level = at_the_end.iter().find(|level| level.product == product && level.branch == depot).map_or(-1, |level| level.available);
    let true_level = scene.nhanh.stock(burst.product, burst.depot).map_or(-2, |level| level.available().as_thousandths());
    line("that product's level after the late retry and the refresh (thousandths)", final_level, true_level);

    Ok(Summary {
        balanced: lines.iter().all(|line| line.nobi == line.nhanh),
        lines,
        nobi,
        first_pull: first.clone(),
        second_pull: second.clone(),
        links,
        refused: refused
            .into_iter()
            .map(|(entity, id, failure)| format!("{entity} {id}: {} [{}]", failure.message.vi, failure.code))
            .collect(),
        database: scene.home.database.clone(),
        seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
    })
}

fn wide(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether one of the pushed orders holds this product at this depot.
fn ordered(scene: &Scene, product: i64, depot: i64) -> bool {
    scene
        .nhanh
        .orders(scene.business)
        .iter()
        .any(|order| order.app.is_some() && order.depot == Some(depot) && order.lines.iter().any(|line| line.product == product))
}

async fn links_of(scene: &Scene) -> Result<Vec<i64>, Problem> {
    let linked = scene.home.host.store().linked_products(scene.connection).await?;
    Ok(linked.iter().filter_map(|remote| remote.parse().ok()).collect())
}

/// Levels that Nhanh keeps for the linked products: none for heads of a family, none for what has no stock.
fn expected_levels(scene: &Scene, linked: &[i64]) -> i64 {
    let products = linked.iter().filter_map(|id| scene.nhanh.product(*id));
    let stocked = products.filter(|product| !matches!(product.kin, Kin::Parent) && product.is_stocked());
    wide(stocked.map(|product| product.levels(&[]).count()).sum())
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        writeln!(f, "{:76} {:>14} {:>14}", "", "Nobi Pro", "Nhanh.vn")?;
        for line in &self.lines {
            let mark = if line.nobi == line.nhanh { "" } else { "  differs" };
            writeln!(f, "{:76} {:>14} {:>14}{mark}", line.what, line.nobi, line.nhanh)?;
        }
        for refused in &self.refused {
            writeln!(f, "refused: {refused}")?;
        }
        writeln!(f)?;
        let verdict = if self.balanced { "Everything adds up" } else { "It does NOT add up" };
        writeln!(f, "{verdict}, in {} s. The data is in {}", self.seconds, self.database.display())
    }
}
