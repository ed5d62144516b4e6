//! A host that is killed again and again, in a process of its own: with SIGKILL at random moments and while an answer is outstanding, and by
//! itself, as abruptly, at each named point of its work. No acknowledged webhook or order event is lost, no order is made twice, no page is skipped or counted twice.
//!
//! 50 kills by default, half of them in each dialect; `CRASHES=1000 cargo test -p acceptance --test crash -- --nocapture` for more, and
//! `CRASH_SEED=…` for another course of things.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use acceptance::course::Course;
use acceptance::crash::{Machine, Sentence, Victim};
use acceptance::dialect::{Call, Dialect, V2, V3};
use acceptance::orders::{copies, order};
use acceptance::plan::{Plan, VERIFY_TOKEN};
use acceptance::world::World;
use anyhow::{Result, ensure};
use connector_host::contract::Policy;
use connector_host::contract::orders::{Order, OrderEvent, OrderEventKind, PartyRole};
use connector_host::contract::types::Entity;
use connector_host::proof;
use connector_host::secret::Secret;
use http::HeaderMap;
use nhanh_sim::{Event, Fault, Quantity, ShopSize};
use rusqlite::OptionalExtension as _;

/// The points of the work, and `answer-outstanding`: the order is at Nhanh.vn and its answer is not here.
const POINTS: [&str; 8] = ["", "before-send", "answer-outstanding", "answered", "bound", "taken-in", "page-read", "page-applied"];

/// Everything that was acknowledged, and what has to be asked for again.
#[derive(Default)]
struct Books {
    orders: Vec<Order>,
    acknowledged: BTreeSet<String>,
    open: Vec<OrderEvent>,
    deliveries: Vec<[u8; 32]>,
    kills: u32,
    by_point: [u32; POINTS.len()],
}

struct Stage {
    world: World,
    sentence: Sentence,
    connection: i64,
    add: &'static str,
    hook: String,
    products: Vec<i64>,
    depot: i64,
    units: i64,
}

impl Stage {
    async fn set(dialect: Dialect) -> Result<Stage> {
        let shop = ShopSize { depots: 2, products: 220, customers: 3, categories: 3, orders: 0 };
        // The host's clock leaps in a process of its own, ahead of Nhanh.vn's: what is made there shows at once.
        let plan = Plan { shop, shown_after: Duration::ZERO, ..Plan::of(dialect) };
        let mut world = World::stocked(plan).await?;
        let connection = world.side.connection;
        for entity in [Entity::Stock, Entity::Product] {
            world.host.store().set_policy(connection, entity, Policy::KeepUpdated).await?;
        }
        world.nhanh.hold_webhooks();
        world.shut_edge().await;
        let port = world.side.callback.rsplit(':').next().unwrap().split('/').next().unwrap().parse()?;
        let hook = format!("/hooks/{}", world.side.callback.rsplit('/').next().unwrap());
        let folder = world.database.parent().unwrap().to_owned();
        let products = world.nhanh.products(world.side.business).iter().filter(|it| it.is_stocked()).map(|it| it.id).collect();
        let depot = world.nhanh.business().depots[0];
        let add = Call::OrderAdd.path(dialect);
        Ok(Stage { world, sentence: Sentence { folder, port, die_at: None }, connection, add, hook, products, depot, units: 1_000 })
    }

    fn start(&self, die_at: Option<(String, u32)>) -> Result<Victim> {
        Victim::start(env!("CARGO_BIN_EXE_victim"), &Sentence { die_at, ..self.sentence.clone() })
    }

    /// A level that no delivery has told before.
    async fn deliver(&mut self, victim: &Victim, books: &mut Books, course: &mut Course) -> Result<()> {
        self.units += 1;
        let product = self.products[usize::try_from(course.below(self.products.len() as u64))?];
        let units = Quantity::units(self.units);
        self.world.nhanh.change_level(product, self.depot, |level| level.remain = units);
        let body = self.world.nhanh.webhook_body(self.world.side.business, &Event::InventoryChange(product), VERIFY_TOKEN).unwrap();
        if victim.deliver(&self.hook, &body).await {
            let descriptor = self.world.host.connector(self.world.host.connector_ids().next().unwrap())?.descriptor().clone();
            let token = Secret::new(VERIFY_TOKEN.to_owned());
            let checked = proof::check(descriptor.webhooks.as_ref().unwrap(), Some(&token), &HeaderMap::new(), body.to_string().as_bytes());
            books.deliveries.push(checked.hash);
        }
        Ok(())
    }

    async fn hand_over(&self, victim: &Victim, books: &mut Books, event: OrderEvent) -> Result<()> {
        if victim.order(self.connection, &event).await? {
            books.acknowledged.insert(event.id.clone());
        } else {
            books.open.push(event);
        }
        Ok(())
    }

    /// One life of a host whose power fails at some sync of its file.
    async fn short_life(&mut self, books: &mut Books, machine: &mut Machine, number: usize, course: &mut Course) -> Result<()> {
        let (die_at, before) = (1 + course.below(30), course.percent(50));
        let mut victim = Victim::start_on(env!("CARGO_BIN_EXE_victim"), &self.sentence, machine, die_at, before)?;
        for event in std::mem::take(&mut books.open) {
            self.hand_over(&victim, books, event).await?;
        }
        victim.click(self.connection, "product").await;
        for nth in 0..40 {
            if victim.is_dead()? {
                break;
            }
            if nth < 4 {
                let order = order(&self.world, &format!("{number}-{nth}")).await?;
                let (id, kind) = (format!("{}-1", order.id), OrderEventKind::Created);
                books.orders.push(order.clone());
                self.hand_over(&victim, books, OrderEvent { id, sequence: 1, kind, order, reason: None }).await?;
            }
            self.deliver(&victim, books, course).await?;
        }
        ensure!(victim.dies_within(Duration::from_secs(10)).await?, "its files are synced at every commit, so its power fails");
        books.kills += 1;
        drop(victim);
        machine.power_on()?;
        self.moves_to(machine)
    }

    /// From now on the host lives there.
    fn moves_to(&mut self, machine: &Machine) -> Result<()> {
        self.sentence.folder = machine.folder()?;
        self.world.database = self.sentence.folder.join("host.sqlite");
        Ok(())
    }

    /// One life of the host.
    async fn round(&mut self, books: &mut Books, number: usize, course: &mut Course) -> Result<()> {
        let at = number % POINTS.len();
        let point = POINTS[at];
        let by_itself = !matches!(point, "" | "answer-outstanding");
        let mut victim = self.start(by_itself.then(|| (point.to_owned(), 1 + u32::try_from(course.below(2)).unwrap_or(0))))?;
        for event in std::mem::take(&mut books.open) {
            self.hand_over(&victim, books, event).await?;
        }
        if point == "answer-outstanding" {
            self.world.nhanh.faults().next(self.add, Fault::Latency(Duration::from_secs(20)));
        }
        let known = self.world.nhanh.ledger().len();
        victim.click(self.connection, "product").await;
        for nth in 0..2 {
            let order = order(&self.world, &format!("{number}-{nth}")).await?;
            let event = OrderEvent {
                id: format!("{}-1", order.id),
                sequence: 1,
                kind: OrderEventKind::Created,
                order: order.clone(),
                reason: None,
            };
            books.orders.push(order);
            self.hand_over(&victim, books, event).await?;
        }
        if let Some(earlier) =
            books.orders.get(usize::try_from(course.below(books.orders.len() as u64))?).filter(|_| number % 3 == 2).cloned()
        {
            let kind = OrderEventKind::Cancelled(PartyRole::Buyer);
            let event = OrderEvent { id: format!("{}-2", earlier.id), sequence: 2, kind, order: earlier, reason: None };
            self.hand_over(&victim, books, event).await?;
        }
        for _ in 0..2 {
            self.deliver(&victim, books, course).await?;
        }
        let died = match point {
            "answer-outstanding" => {
                let began = Instant::now();
                while self.world.nhanh.ledger().len() == known && began.elapsed() < Duration::from_secs(3) {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                false
            }
            "" => victim.dies_within(Duration::from_millis(course.below(250))).await?,
            _ => victim.dies_within(Duration::from_millis(1_500)).await?,
        };
        books.kills += 1;
        books.by_point[if died || !by_itself { at } else { 0 }] += 1;
        victim.kill()
    }

    fn number(&self, query: &str) -> Result<i64> {
        self.world.count(query)
    }

    /// Lets a host work undisturbed until nothing waits, and closes the books.
    async fn close(&mut self, books: &mut Books) -> Result<()> {
        self.world.nhanh.faults().switch(|_| {});
        let victim = self.start(None)?;
        while let Some(event) = books.open.pop() {
            ensure!(victim.order(self.connection, &event).await?, "an undisturbed host takes every event");
            books.acknowledged.insert(event.id);
        }
        let began = Instant::now();
        let waiting = "SELECT (SELECT count(*) FROM outbox WHERE state = 'waiting') + (SELECT count(*) FROM work)
                       + (SELECT count(*) FROM refresh) + (SELECT count(*) FROM run WHERE state IN ('waiting', 'running'))";
        while self.number(waiting)? > 0 {
            ensure!(began.elapsed() < Duration::from_secs(90), "the host does not come to rest: {}", self.number(waiting)?);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(victim);
        self.audit(books)
    }

    fn audit(&self, books: &Books) -> Result<()> {
        for order in &books.orders {
            let cancelled = books.acknowledged.contains(&format!("{}-2", order.id));
            let there = copies(&self.world, order);
            ensure!(there == 1 || (cancelled && there == 0), "{} is at Nhanh.vn {there} times", order.code);
        }
        for event in &books.acknowledged {
            let state: Option<String> =
                self.world.sql()?.query_row("SELECT state FROM outbox WHERE event_id = ?1", [event], |row| row.get(0)).optional()?;
            ensure!(state.as_deref().is_some_and(|it| it != "waiting"), "the acknowledged event {event} is {state:?}");
        }
        let failed = self.number("SELECT count(*) FROM outbox WHERE state = 'failed'")?;
        ensure!(failed == 0, "{failed} events failed");
        for hash in &books.deliveries {
            let kept: i64 =
                self.world.sql()?.query_row("SELECT count(*) FROM delivery WHERE hash = ?1", [hash.as_slice()], |row| row.get(0))?;
            ensure!(kept == 1, "an acknowledged delivery is there {kept} times");
        }
        // A page's rows, its cursor and its tally are one transaction: every run has counted every row, once.
        let rows = self.world.nhanh.counts(self.world.side.business).products;
        let mut runs = 0;
        let sql = self.world.sql()?;
        let mut statement = sql.prepare("SELECT tally, state FROM run WHERE entity = 'product' AND scope LIKE '%verything%'")?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let tally: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&row.get::<_, String>(0)?)?;
            let counted: u64 = tally
                .iter()
                .filter(|(key, _)| key.starts_with("product.") && *key != "product.warned")
                .filter_map(|(_, count)| count.as_u64())
                .sum();
            ensure!(counted == rows as u64, "a run counted {counted} of {rows} rows: {tally:?}");
            runs += 1;
        }
        ensure!(runs >= 2, "more than one pull ran");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_killed_at_any_moment_loses_nothing_and_does_nothing_twice() -> Result<()> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (kills, first_seed) = (number("CRASHES").unwrap_or(50), number("CRASH_SEED").unwrap_or(20_261_122));
    for (dialect, kills) in [(V3, kills.div_ceil(2)), (V2, kills / 2)] {
        let version = dialect.version();
        let mut course = Course::of(first_seed);
        let mut stage = Stage::set(dialect).await?;
        let mut books = Books::default();
        for round in 0..usize::try_from(kills)? {
            stage.round(&mut books, round, &mut course).await?;
        }
        stage.close(&mut books).await.map_err(|error| error.context(format!("API {version}, CRASH_SEED={first_seed}")))?;
        let points: Vec<String> = POINTS
            .iter()
            .zip(books.by_point)
            .map(|(point, times)| format!("{} {times}", if point.is_empty() { "random" } else { point }))
            .collect();
        println!(
            "API {version}: {} kills ({}), {} order events, {} webhooks acknowledged; seed {first_seed}",
            books.kills,
            points.join(", "),
            books.acknowledged.len(),
            books.deliveries.len()
        );
        assert!(!books.deliveries.is_empty() && books.by_point.iter().filter(|it| **it > 0).count() >= 6 || kills < 16);
    }
    Ok(())
}

/// 16 power failures by default, half of them in each dialect; `POWER_FAILURES=…` for more.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_on_the_disk_when_the_power_fails() -> Result<()> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (failures, first_seed) = (number("POWER_FAILURES").unwrap_or(16), number("CRASH_SEED").unwrap_or(20_261_122));
    for (dialect, failures) in [(V3, failures.div_ceil(2)), (V2, failures / 2)] {
        let mut course = Course::of(first_seed);
        let mut stage = Stage::set(dialect).await?;
        let mut books = Books::default();
        let mut machine = Machine::with(&stage.sentence.folder)?;
        stage.moves_to(&machine)?;
        for round in 0..usize::try_from(failures)? {
            stage.short_life(&mut books, &mut machine, round, &mut course).await?;
        }
        let closed = stage.close(&mut books).await;
        closed.map_err(|error| error.context(format!("API {}, CRASH_SEED={first_seed}", dialect.version())))?;
        println!(
            "API {}: {} power failures, {} order events, {} webhooks acknowledged; seed {first_seed}",
            dialect.version(),
            books.kills,
            books.acknowledged.len(),
            books.deliveries.len()
        );
        assert!(!books.deliveries.is_empty() && !books.acknowledged.is_empty(), "something was acknowledged");
    }
    Ok(())
}
