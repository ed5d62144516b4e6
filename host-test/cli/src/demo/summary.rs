//! The demo's summary: what Nobi has beside what Nhanh.vn has, line by line. It adds up or says where it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use connector_host::contract::types::Entity;
use connector_host::contract::{CheckLine, Verdict};
use connector_host::nobi::Tally;
use connector_host::store::{Level, NobiCounts};
use nhanh_sim::{Kin, LedgerEntry};
use serde::Serialize;

use super::Pull;
use super::moving::Moved;
use super::orders::Pushed;
use super::policies::Policed;
use super::rules::Ruled;
use super::scene::Scene;
use super::webhooks::Burst;
use crate::output::Problem;

/// All that happened.
pub(super) struct Account<'a> {
    pub(super) scene: &'a Scene,
    pub(super) first: Pull,
    pub(super) second: Tally,
    pub(super) pushed: Pushed,
    pub(super) ruled: Ruled,
    pub(super) burst: Burst,
    pub(super) policed: Policed,
    pub(super) checked: Vec<CheckLine>,
    pub(super) moved: Moved,
}

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
    /// From which API to which one the connection moved at the end.
    moved: String,
    nobi: NobiCounts,
    first_pull: Tally,
    second_pull: Tally,
    links: BTreeMap<String, u32>,
    refused: Vec<String>,
    broken_rules: Vec<String>,
    database: PathBuf,
    seconds: f64,
}

/// The lines as they are drawn up.
#[derive(Default)]
struct Book(Vec<Line>);

impl Book {
    fn line(&mut self, what: &'static str, nobi: impl TryInto<i64>, nhanh: impl TryInto<i64>) {
        // A figure that does not fit differs from everything.
        let (nobi, nhanh) = (nobi.try_into().unwrap_or(i64::MIN), nhanh.try_into().unwrap_or(i64::MAX));
        self.0.push(Line { what, nobi, nhanh });
    }
}

impl Account<'_> {
    pub(super) async fn draw(self, took: Duration) -> Result<Summary, Problem> {
        let store = self.scene.home.host.store();
        let levels = store.levels(self.scene.connection).await?;
        let mut book = Book::default();
        self.pulled(&mut book);
        self.products(&mut book).await?;
        self.levels(&mut book, &levels).await?;
        self.orders(&mut book);
        self.webhooks(&mut book, &levels);
        self.policies(&mut book);
        self.moved(&mut book);
        let refused = store.refused(self.scene.connection).await?.into_iter();
        Ok(Summary {
            balanced: book.0.iter().all(|line| line.nobi == line.nhanh),
            lines: book.0,
            moved: self.moved.steps.clone(),
            nobi: store.nobi_counts(self.scene.tenant).await?,
            first_pull: self.first.tally,
            second_pull: self.second,
            links: store.link_counts(self.scene.connection, Entity::Product).await?,
            refused: refused.map(|(entity, id, failure)| format!("{entity} {id}: {} [{}]", failure.message.vi, failure.code)).collect(),
            broken_rules: self.ruled.broken,
            database: self.scene.home.database.clone(),
            seconds: (took.as_secs_f64() * 10.0).round() / 10.0,
        })
    }

    /// Every record of the first pull became something that is counted.
    fn pulled(&self, book: &mut Book) {
        let became = |entity: &str| {
            let tally = &self.first.tally;
            ["created", "linked", "waiting", "refused"].map(|effect| tally.get(&format!("{entity}.{effect}"))).iter().sum::<u64>()
        };
        let there = &self.first.there;
        book.line("branches (chi nhánh = kho)", became("branch"), there.depots);
        book.line("product categories (danh mục)", became("category"), there.categories);
        book.line("product rows (sản phẩm): created, linked, waiting, refused", became("product"), there.products);
        book.line("customers (khách hàng): created, linked, waiting, refused", became("customer"), there.customers);
        book.line("records that the second pull changed", self.second.changed(), 0);
    }

    async fn products(&self, book: &mut Book) -> Result<(), Problem> {
        let scene = self.scene;
        let store = scene.home.host.store();
        let there = scene.nhanh.counts(scene.business);
        let links = store.link_counts(scene.connection, Entity::Product).await?;
        let state = |name: &str| links.get(name).copied().unwrap_or(0);
        let nobi = store.nobi_counts(scene.tenant).await?;
        book.line(
            "product rows at the end: linked, waiting, tombstones",
            state("linked") + state("waiting") + state("tombstone"),
            there.products,
        );
        book.line("variants that stand under their head", nobi.attached_variants, nobi.variants);
        book.line("products that Nhanh made from unknown order lines", 0, there.auto_created);
        Ok(())
    }

    async fn levels(&self, book: &mut Book, levels: &[Level]) -> Result<(), Problem> {
        let scene = self.scene;
        // Orders reserve and ship stock at Nhanh; those levels come with the next sweep or webhook.
        let moved: BTreeSet<(i64, i64)> = scene
            .nhanh
            .orders(scene.business)
            .iter()
            .filter(|order| order.app.is_some())
            .flat_map(|order| order.lines.iter().filter_map(|line| Some((line.product, order.depot?))))
            .collect();
        let linked: BTreeSet<i64> = store_ids(&scene.home.host.store().linked_products(scene.connection).await?);
        let (mut counted, mut differing, mut provisional) = (0, 0, 0);
        for level in levels {
            let pair = (level.product.parse()?, level.branch.parse()?);
            // A product that was deleted there keeps its last level here.
            if !linked.contains(&pair.0) {
                continue;
            }
            let available = scene.nhanh.stock(pair.0, pair.1).map(|level| level.available().as_thousandths());
            counted += 1;
            differing += i64::from(available != Some(level.available) && !moved.contains(&pair));
            provisional += i64::from(level.provisional);
        }
        let products = linked.iter().filter_map(|id| scene.nhanh.product(*id));
        let stocked = products.filter(|product| !matches!(product.kin, Kin::Parent) && product.is_stocked());
        book.line("stock levels (tồn kho)", counted, stocked.map(|product| product.levels(&[]).count()).sum::<usize>());
        book.line("stock levels that differ, pushed orders aside", differing, 0);
        book.line("stock levels that no refresh has confirmed", provisional, 0);
        Ok(())
    }

    fn orders(&self, book: &mut Book) {
        let scene = self.scene;
        let ours = |entry: &LedgerEntry| entry.business == scene.business && entry.app.is_some();
        let ours: Vec<_> = scene.nhanh.ledger().into_iter().filter(ours).collect();
        let exactly_once = self.pushed.orders.iter().filter(|order| {
            let own_id = format!("{}-{}", scene.tag, order.code);
            let entries: Vec<_> = ours.iter().filter(|entry| entry.own_id.as_deref() == Some(&own_id)).collect();
            matches!(entries.as_slice(), [one] if one.to_collect == order.to_collect)
        });
        book.line("orders (đơn hàng) there exactly once, with the same sum", exactly_once.count(), ours.len());
        book.line("orders whose answer was lost, found again", self.pushed.adopted, 2);
        let here: i64 = self.pushed.orders.iter().map(|order| order.to_collect).sum();
        book.line("money to collect (thu hộ, ₫)", here, ours.iter().map(|entry| entry.to_collect).sum::<i64>());
        book.line("order rules that ended as the guide says", self.ruled.kept, self.ruled.rules);
    }

    fn webhooks(&self, book: &mut Book, levels: &[Level]) {
        let burst = &self.burst;
        book.line("stock facts of the burst (5, 4, 5)", burst.facts, 3);
        book.line("forged deliveries refused", burst.forged, 1);
        book.line("another business's deliveries without effect", burst.other_business, 1);
        let (product, depot) = (burst.product.to_string(), burst.depot.to_string());
        let here = levels.iter().find(|level| level.product == product && level.branch == depot).map_or(i64::MIN, |level| level.available);
        let there = self.scene.nhanh.stock(burst.product, burst.depot).map_or(i64::MAX, |level| level.available().as_thousandths());
        book.line("its level after a late retry and the refresh (thousandths)", here, there);
    }

    fn moved(&self, book: &mut Book) {
        let moved = &self.moved;
        book.line("the move: pairs before it, and after a whole pull", moved.before, moved.after);
        book.line("the move: records that this pull made anew", moved.made, 0);
        book.line("the move: an order sent through the new API", moved.sent, 1);
        book.line("the move: an order of the API before, reconciled", moved.reconciled, 1);
    }

    fn policies(&self, book: &mut Book) {
        let policed = &self.policed;
        book.line("requests that a hint cost under create-only", policed.hint_requests, 0);
        book.line("requests that a click cost on a stream that is off", policed.off_requests, 0);
        book.line("edited product followed under keep-updated", policed.updated, 1);
        book.line("product added at Nhanh and brought in by its webhook", policed.added, 1);
        book.line("product deleted at Nhanh: marked, not deleted", policed.gone, 1);
        book.line("product deleted at Nobi: not brought back", policed.tombstones, 1);
        book.line("what the guide does not sync, answered with its reason", policed.unsupported.len(), 2);
        let failed = self.checked.iter().chain(&self.moved.checked).filter(|line| line.verdict == Verdict::Failed).count();
        book.line("lines of the checklist that failed", failed, 0);
    }
}

fn store_ids(remote: &[String]) -> BTreeSet<i64> {
    remote.iter().filter_map(|id| id.parse().ok()).collect()
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        writeln!(f, "{:60} {:>14} {:>14}", "", "Nobi Pro", "Nhanh.vn")?;
        for line in &self.lines {
            let mark = if line.nobi == line.nhanh { "" } else { "  differs" };
            writeln!(f, "{:60} {:>14} {:>14}{mark}", line.what, line.nobi, line.nhanh)?;
        }
        for refused in &self.refused {
            writeln!(f, "refused: {refused}")?;
        }
        for broken in &self.broken_rules {
            writeln!(f, "broken rule: {broken}")?;
        }
        writeln!(f)?;
        let verdict = if self.balanced { "Everything adds up" } else { "It does NOT add up" };
        writeln!(f, "{verdict}, in {} s. The data is in {}", self.seconds, self.database.display())
    }
}
