//! Everything that can go wrong at once: orders, webhooks, clicks and edits in an order that a number fixes, while requests are cut, answered
//! with rubbish, answered too late or not at all, limits and revoked grants come half-way, the clock jumps, webhooks come twice, in the wrong
//! order or never, staff corrects phones, and the host is started anew. How late a new order shows, and how Nhanh.vn writes its codes, is drawn as
//! well. In the end nothing is disturbed any more, and the books balance: each order is at Nhanh.vn once and stands there as Nobi says (one that
//! was cancelled is cancelled there, or a task says why), and Nobi's levels and names are the shop's.
//!
//! 100 numbers by default, both dialects in turns; `STORMS=5000 cargo test -p acceptance --test storms -- --nocapture` for more, and
//! `STORM_SEED=…` for where to begin. A number whose books do not balance is printed with what happened.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::course::Course;
use acceptance::dialect::{Call, V2, V3};
use acceptance::orders::{copies, order, tell};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::{Context as _, Result, ensure};
use connector_host::contract::orders::{Order, OrderEventKind, PartyRole};
use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Scope};
use connector_host::store::{ConnectionState, Trigger};
use nhanh_sim::{CodeShape, Fault, Grant, Quantity, Release, ShopSize};
use tokio::task::{JoinError, JoinSet};

/// Steps of one storm.
const STEPS: u64 = 24;
/// Storms that go on beside each other: most of their time is waiting for the disk.
const AT_ONCE: usize = 4;
/// Kinds of things that happen.
const KINDS: usize = 12;
/// Statuses of an order that was called off.
const CALLED_OFF: [&str; 2] = ["Canceled", "Aborted"];

struct Storm {
    world: World,
    course: Course,
    orders: Vec<Order>,
    cancelled: BTreeSet<String>,
    /// What happened, for whoever has to find out why.
    log: Vec<String>,
    held: bool,
    /// What happened how often.
    seen: BTreeMap<&'static str, u32>,
}

impl Storm {
    async fn begin(seed: u64) -> Result<Storm> {
        let dialect = if seed.is_multiple_of(2) { V3 } else { V2 };
        let shop = ShopSize { depots: 2, products: 12, customers: 2, categories: 2, orders: 0 };
        let world = World::stocked(Plan { shop, ..Plan::on_a_manual_clock(dialect) }).await?;
        for entity in [Entity::Stock, Entity::Product] {
            world.host.store().set_policy(world.side.connection, entity, Policy::KeepUpdated).await?;
        }
        let mut course = Course::of(seed);
        let shown_after = Duration::from_secs(*course.one_of(&[0, 5, 60, 60, 110]).context("there are five")?);
        let codes = *course.one_of(&[CodeShape::Number, CodeShape::Text, CodeShape::Boolean]).context("there are three")?;
        world.nhanh.faults().switch(|it| (it.shown_after, it.codes) = (shown_after, codes));
        let (orders, cancelled, seen) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        let log = vec![format!("orders show after {shown_after:?}, codes are {codes:?}")];
        Ok(Storm { world, course, orders, cancelled, log, held: false, seen })
    }

    fn note(&mut self, what: &'static str, detail: String) {
        *self.seen.entry(what).or_default() += 1;
        self.log.push(format!("{what} {detail}"));
    }

    async fn step(&mut self, number: u64) -> Result<()> {
        match self.course.below(17) {
            0..=2 => self.sell(number).await?,
            3 => self.call_off().await?,
            4 | 5 => self.count_stock(),
            6 => self.rename(),
            7 => self.click().await?,
            8..=10 => self.disturb(),
            11 => self.webhooks(),
            12 => self.jump().await?,
            13 => self.revoke(),
            14 => {
                self.note("restart", String::new());
                self.world.restart().await?;
            }
            15 => self.correct_a_phone(),
            _ => self.log_in_again().await?,
        }
        if self.course.percent(60) {
            self.world.work().await?;
        }
        Ok(())
    }

    async fn sell(&mut self, number: u64) -> Result<()> {
        let order = order(&self.world, &number.to_string()).await?;
        ensure!(tell(&self.world, &order, 1, OrderEventKind::Created).await?, "a new event is new");
        self.note("order", order.code.clone());
        self.orders.push(order);
        Ok(())
    }

    async fn call_off(&mut self) -> Result<()> {
        let Some(order) = self.course.one_of(&self.orders).cloned() else { return Ok(()) };
        if self.cancelled.insert(order.id.clone()) {
            tell(&self.world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
            self.note("cancel", order.code);
        }
        Ok(())
    }

    fn count_stock(&mut self) {
        let products = self.stocked();
        let Some(product) = self.course.one_of(&products).copied() else { return };
        let depots = self.world.nhanh.business().depots;
        let (Some(depot), units) = (self.course.one_of(&depots).copied(), 5 + self.course.below(500)) else { return };
        self.world.nhanh.change_level(product, depot, |level| level.remain = Quantity::units(i64::try_from(units).unwrap_or(1)));
        self.note("stock", format!("{product} at {depot}: {units}"));
    }

    fn rename(&mut self) {
        let products = self.stocked();
        let Some(product) = self.course.one_of(&products).copied() else { return };
        let name = format!("Hàng mới {}", self.course.below(1_000_000));
        self.world.nhanh.edit_product(product, |product| product.name = name.clone());
        self.note("rename", format!("{product}: {name}"));
    }

    /// Staff corrects the phone of one of our orders.
    fn correct_a_phone(&mut self) {
        let ours: Vec<i64> = self.world.nhanh.ledger().iter().filter(|entry| entry.own_id.is_some()).map(|entry| entry.id).collect();
        let Some(order) = self.course.one_of(&ours).copied() else { return };
        let phone = format!("09{:08}", self.course.below(100_000_000));
        self.world.nhanh.edit_phone(order, &phone);
        self.note("phone", format!("{order}: {phone}"));
    }

    async fn click(&mut self) -> Result<()> {
        let entity = *self.course.one_of(&[Entity::Product, Entity::Stock, Entity::Category]).context("there are three")?;
        // Nothing of a paused connection moves; a second click queues nothing.
        self.world.host.sync(self.world.side.connection, entity, Scope::Everything, Trigger::Click).await?;
        self.note("click", format!("{entity:?}"));
        Ok(())
    }

    fn disturb(&mut self) {
        let calls = [Call::OrderAdd, Call::OrderAdd, Call::Orders, Call::OrderEdit, Call::Products];
        let ms = Duration::from_millis;
        let faults = [
            Fault::Latency(ms(5)),
            Fault::Reset,
            Fault::AnswerLostAfterEffect,
            Fault::LateEffect(Duration::from_secs(20)),
            Fault::LateEffect(Duration::from_secs(200)),
            Fault::LateButAnswered(Duration::from_secs(20)),
            Fault::Busy,
            Fault::ServerError,
            Fault::ServerErrorAfterEffect,
            Fault::Html(502),
            Fault::HtmlAfterEffect(504),
            Fault::Truncated,
            Fault::BrokenOff,
            Fault::EmptyBody,
            Fault::Foreign,
            Fault::OkWithoutData,
            Fault::RateLimited,
            Fault::Slow(ms(5)),
        ];
        let (Some(call), Some(fault)) = (self.course.one_of(&calls).copied(), self.course.one_of(&faults).copied()) else { return };
        let times = 1 + u32::try_from(self.course.below(3)).unwrap_or(0);
        self.world.next(call, fault).times(times);
        self.note("fault", format!("{fault:?} {times} times at {call:?}"));
    }

    fn webhooks(&mut self) {
        let nhanh = &self.world.nhanh;
        let what = match self.course.below(4) {
            0 => {
                nhanh.lose_webhooks(2);
                "lost"
            }
            1 => {
                nhanh.repeat_webhooks(2);
                "repeated"
            }
            2 if !self.held => {
                nhanh.hold_webhooks();
                self.held = true;
                "held"
            }
            _ => {
                let order = if self.course.percent(50) { Release::Reversed } else { Release::AsCreated };
                nhanh.release_webhooks(order);
                self.held = false;
                "let go"
            }
        };
        self.note("webhooks", what.to_owned());
    }

    async fn jump(&mut self) -> Result<()> {
        let by = *self.course.one_of(&[1, 31, 600, 7_200, 100_000]).context("there are five")?;
        self.note("clock", format!("{by} s"));
        self.world.later(Duration::from_secs(by)).await
    }

    fn revoke(&mut self) {
        // Once in a while: a revoked grant stops everything else.
        if self.course.percent(40) {
            let side = &self.world.side;
            self.world.nhanh.revoke_token(side.app.app_id, side.business);
            self.note("revoke", String::new());
        }
    }

    /// The merchant sees that the connection is paused and logs in again.
    async fn log_in_again(&mut self) -> Result<()> {
        if self.world.connection().await?.state == ConnectionState::Paused {
            self.note("login", String::new());
            self.world.log_in(&self.world.side, Grant::all(self.world.side.business)).await?;
        }
        Ok(())
    }

    fn stocked(&self) -> Vec<i64> {
        self.world
            .nhanh
            .products(self.world.side.business)
            .iter()
            .filter(|product| product.is_stocked())
            .map(|product| product.id)
            .collect()
    }

    /// Nothing is disturbed any more; people do what is theirs to do.
    async fn calm(&mut self) -> Result<()> {
        let world = &self.world;
        world.nhanh.faults().clear();
        world.nhanh.release_webhooks(Release::AsCreated);
        world.nhanh.webhooks_idle().await;
        // A pause that a revoked grant brings shows at the next request.
        world.later(Duration::from_secs(3_600)).await?;
        self.log_in_again().await?;
        self.rest().await?;
        for entity in [Entity::Category, Entity::Product, Entity::Stock] {
            self.world.host.sync(self.world.side.connection, entity, Scope::Everything, Trigger::Click).await?;
            self.rest().await?;
        }
        Ok(())
    }

    /// Works, and moves the clock to whatever is due next, until nothing is.
    async fn rest(&mut self) -> Result<()> {
        for _ in 0..600 {
            self.world.work().await?;
            self.log_in_again().await?;
            let Some(due) = self.world.host.store().next_due(&[]).await? else { return Ok(()) };
            self.world.clock.advance(Duration::from_millis(u64::try_from(due - self.world.clock.now()).unwrap_or(1).max(1)));
        }
        anyhow::bail!("the host does not come to rest")
    }

    async fn audit(&self) -> Result<()> {
        let world = &self.world;
        ensure!(world.connection().await?.state == ConnectionState::Active, "the connection is not active");
        for order in &self.orders {
            let cancelled = self.cancelled.contains(&order.id);
            let there = copies(world, order);
            ensure!(there == 1 || (cancelled && there == 0), "{} is at Nhanh.vn {there} times", order.code);
            let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
            for outcome in &outcomes {
                ensure!(outcome.state != "waiting" && (cancelled || !outcome.needs_a_look()), "{outcome}");
            }
            let told = outcomes.iter().any(|outcome| outcome.state == "failed");
            let own_id = format!("{}-{}", world.side.tag, order.code);
            let orders = world.nhanh.orders(world.side.business);
            if let Some(found) = orders.iter().find(|it| it.own_id.as_deref() == Some(&own_id)) {
                let off = CALLED_OFF.contains(&found.status.as_str());
                ensure!(off == cancelled || cancelled && told, "{} stands at {}", order.code, found.status);
            }
        }
        for level in world.host.store().levels(world.side.connection).await? {
            let at = world.nhanh.stock(level.product.parse()?, level.branch.parse()?).context("the shop has the level")?;
            let available = at.available().as_thousandths();
            ensure!(level.available == available, "{} at {}: {} here, {available} there", level.product, level.branch, level.available);
            ensure!(!level.provisional, "{} at {} was never confirmed", level.product, level.branch);
        }
        let sql = world.sql()?;
        for product in world.nhanh.products(world.side.business) {
            let name: Option<String> = sql
                .query_row(
                    "SELECT name FROM nobi_product JOIN link ON link.nobi = nobi_product.id WHERE link.entity = 'product' AND link.remote = ?1",
                    [product.id.to_string()],
                    |row| row.get(0),
                )
                .ok();
            ensure!(name.as_deref() == Some(product.name.as_str()), "{} is called {name:?} here, {} there", product.id, product.name);
        }
        for waiting in ["outbox WHERE state = 'waiting'", "work", "refresh", "run WHERE state IN ('waiting', 'running')"] {
            let left = world.count(&format!("SELECT count(*) FROM {waiting}"))?;
            ensure!(left == 0, "{left} still in {waiting}");
        }
        Ok(())
    }
}

/// One storm from its beginning to the closed books. What happened in it, how often.
async fn storm(seed: u64) -> Result<BTreeMap<&'static str, u32>> {
    let mut storm = Storm::begin(seed).await?;
    let result = async {
        for number in 0..STEPS {
            storm.step(number).await?;
        }
        storm.calm().await?;
        storm.audit().await
    }
    .await;
    result.with_context(|| format!("STORM_SEED={seed}:\n  {}", storm.log.join("\n  ")))?;
    Ok(storm.seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_on_the_way_the_books_balance_in_the_end() -> Result<()> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (count, first) = (number("STORMS").unwrap_or(100), number("STORM_SEED").unwrap_or(20_261_122));
    println!("storms {first} to {}", first + count - 1);
    let mut seen: BTreeMap<&'static str, u32> = BTreeMap::new();
    let mut under_way = JoinSet::new();
    for seed in first..first + count {
        if under_way.len() == AT_ONCE {
            add(&mut seen, under_way.join_next().await)?;
        }
        under_way.spawn(storm(seed));
    }
    while let Some(ended) = under_way.join_next().await {
        add(&mut seen, Some(ended))?;
    }
    println!("{count} storms balanced: {seen:?}");
    ensure!(count < 50 || seen.len() == KINDS, "some kind of thing never happened: {seen:?}");
    Ok(())
}

fn add(seen: &mut BTreeMap<&'static str, u32>, ended: Option<Result<Result<BTreeMap<&'static str, u32>>, JoinError>>) -> Result<()> {
    for (what, times) in ended.context("one is under way")??? {
        *seen.entry(what).or_default() += times;
    }
    Ok(())
}
