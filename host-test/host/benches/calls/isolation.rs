//! What an isolated call costs, and what each setting of the engine is worth. Everything is measured in one run, in turns, so that the
//! ratios mean something on a machine that does other things as well. Prints a table and judges nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use connector_host::contract::types::Context;
use connector_host::contract::{Plugin, PluginPre, catalog, http, log, orders, types};
use connector_host::sandbox::{CodeCache, CodeSource, Connector, EngineConfig, Sandbox, SandboxConfig};
use serde_json::json;
use tokio::runtime::Runtime;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

#[allow(dead_code, reason = "made for the attacks")]
#[path = "../tests/attacks/forge.rs"]
mod forge;
#[path = "../tests/facts/lower.rs"]
mod lower;
#[allow(dead_code, reason = "made for the facts")]
#[path = "../tests/facts/make.rs"]
mod make;

/// Turns; each measures every row once. The median counts.
const TURNS: usize = 15;
/// Calls of one row in one turn.
const CALLS: u32 = 1_000;

fn context() -> Context {
    Context { now: make::NOW, tag: "abcd".to_owned(), settings: Vec::new(), account: None }
}

/// A guest with the plugin's 4 MiB that answers a product at once: what is left is what isolation costs.
fn plain() -> Vec<u8> {
    forge::Forge::new().answer("map-product", json!({ "Ok": make::product("1") })).component()
}

/// The same, as a guest with a general allocator behaves: it begins small, grows, and touches what it got.
fn growing() -> Vec<u8> {
    let mut forged = forge::Forge::new().with("map-product", |scene| {
        let answer = scene.answer(&json!({ "Ok": make::product("1") }));
        let grow = "(memory.fill (i32.mul (memory.grow (i32.const 2)) (i32.const 65536)) (i32.const 1) (i32.const 131072))";
        format!("{} (i32.const {answer})", grow.repeat(8))
    });
    forged.pages = 17;
    forged.component()
}

/// A guest that computes: 100,000 turns of a loop over its memory, some hundred microseconds.
fn computing() -> Vec<u8> {
    let forged = forge::Forge::new().with("map-product", |scene| {
        let answer = scene.answer(&json!({ "Ok": make::product("1") }));
        format!(
            "(local $n i32) (local $sum i32)
             (loop $more
                (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (i32.const 65536) (local.get $n)))))
                (i32.store8 (i32.add (i32.const 65537) (local.get $n)) (local.get $sum))
                (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100000))))
             (i32.const {answer})"
        )
    });
    forged.component()
}

/// So many calls, one after the other.
type Calls = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// One row of the table: so many calls, on so many threads.
struct Row {
    name: &'static str,
    runtime: Runtime,
    threads: u32,
    call: Box<dyn Fn(u32) -> Calls>,
    times: Vec<Duration>,
}

impl Row {
    fn new<F: Future<Output = ()> + Send + 'static>(name: &'static str, threads: u32, call: impl Fn(u32) -> F + 'static) -> Row {
        let runtime = match threads {
            1 => tokio::runtime::Builder::new_current_thread().enable_all().build(),
            _ => tokio::runtime::Builder::new_multi_thread().worker_threads(threads as usize).enable_all().build(),
        };
        Row { name, runtime: runtime.unwrap(), threads, call: Box::new(move |calls| Box::pin(call(calls))), times: Vec::new() }
    }

    /// Calls of a connector in its sandbox, as the host makes them.
    fn of_sandbox(name: &'static str, threads: u32, connector: &Connector) -> Row {
        let connector = connector.clone();
        Row::new(name, threads, move |calls| {
            let connector = connector.clone();
            async move {
                let context = context();
                for _ in 0..calls {
                    let outcome = connector.map_product(&context, b"{}").await;
                    black_box(outcome.result.unwrap().unwrap());
                }
            }
        })
    }

    fn turn(&mut self, calls: u32) {
        let begun = Instant::now();
        let all: Vec<_> = (0..self.threads).map(|_| self.runtime.spawn((self.call)(calls))).collect();
        self.runtime.block_on(async {
            for one in all {
                one.await.unwrap();
            }
        });
        self.times.push(begun.elapsed() / (calls * self.threads));
    }

    fn median(&mut self) -> Duration {
        self.times.sort();
        self.times[self.times.len() / 2]
    }
}

/// Measures the rows in turns, and prints them beside the first one.
fn table(title: &str, mut rows: Vec<Row>, calls: u32) {
    for row in &mut rows {
        row.turn(calls / 4);
        row.times.clear();
    }
    for _ in 0..TURNS {
        for row in &mut rows {
            row.turn(calls);
        }
    }
    println!("\n{title}");
    let first = rows[0].median();
    for row in &mut rows {
        let median = row.median();
        let ratio = median.as_secs_f64() / first.as_secs_f64();
        println!("  {:<44} {:>9.2} µs  {ratio:>5.2} ×", row.name, median.as_secs_f64() * 1e6);
    }
}

fn admitted(config: SandboxConfig, bytes: &[u8]) -> Connector {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sandbox = Sandbox::new(config).unwrap();
    runtime.block_on(sandbox.admit(bytes)).unwrap()
}

fn with_engine(change: impl FnOnce(&mut EngineConfig)) -> SandboxConfig {
    let mut config = SandboxConfig::default();
    change(&mut config.engine);
    config
}

/// What the bindings need, and nothing of the sandbox's.
struct Bare;

impl types::Host for Bare {}
impl catalog::Host for Bare {}
impl orders::Host for Bare {}
impl http::Host for Bare {
    async fn send(&mut self, _request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        Ok(Err(http::Error::TooLarge))
    }
}
impl log::Host for Bare {
    fn emit(&mut self, _level: log::Level, _text: String) -> wasmtime::Result<()> {
        Ok(())
    }
}

fn linked(engine: &Engine, component: &Component) -> PluginPre<Bare> {
    let mut linker = Linker::new(engine);
    Plugin::add_to_linker::<_, HasSelf<Bare>>(&mut linker, |state| state).unwrap();
    PluginPre::new(linker.instantiate_pre(component).unwrap()).unwrap()
}

async fn bare_call(engine: &Engine, pre: &PluginPre<Bare>, metered: Metered) {
    let mut store = Store::new(engine, Bare);
    if metered.fuel {
        store.set_fuel(1_000_000_000).unwrap();
        store.fuel_async_yield_interval(Some(1_000_000)).unwrap();
    }
    if metered.epochs {
        store.set_epoch_deadline(1_000_000);
    }
    let plugin = pre.instantiate_async(&mut store).await.unwrap();
    black_box(plugin.nobi_connector_connector().call_map_product(&mut store, &context(), b"{}").await.unwrap().unwrap());
}

#[derive(Clone, Copy)]
struct Metered {
    fuel: bool,
    epochs: bool,
}

/// An engine of its own: what a call is metered with is no setting of the sandbox.
fn metered(metered: Metered) -> Engine {
    let mut settings = Config::new();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(8).max_memory_size(64 << 20).linear_memory_keep_resident(512 << 10);
    settings.consume_fuel(metered.fuel).epoch_interruption(metered.epochs).gc_support(false).concurrency_support(false);
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&settings).unwrap()
}

fn settings() {
    let bytes = plain();
    let rows = [
        ("as it is", SandboxConfig::default()),
        ("no pool", with_engine(|it| it.pool = false)),
        ("no pagemap scan", with_engine(|it| it.pagemap_scan = false)),
        ("64 MiB of address space a memory", with_engine(|it| it.memory_reservation_bytes = 64 << 20)),
        ("the engine's own concurrency", with_engine(|it| it.concurrency = true)),
        ("native stacks zeroed", with_engine(|it| it.stack_zeroing = true)),
        ("NaNs as they come", with_engine(|it| it.nan_canonicalization = false)),
        ("nothing kept resident", SandboxConfig { keep_resident_bytes: 0, ..SandboxConfig::default() }),
        ("2 MiB kept resident", SandboxConfig { keep_resident_bytes: 2 << 20, ..SandboxConfig::default() }),
        ("1,000 slots", SandboxConfig { slots: 1_000, ..SandboxConfig::default() }),
    ];
    let rows = rows.map(|(name, config)| Row::of_sandbox(name, 1, &admitted(config, &bytes)));
    table("The fixed cost of a call, and with one setting undone", rows.into(), CALLS);
}

fn threads() {
    let (arena, growing) = (plain(), growing());
    let pooled = admitted(SandboxConfig::default(), &arena);
    let allocating = admitted(SandboxConfig::default(), &growing);
    let on_demand = admitted(with_engine(|it| it.pool = false), &growing);
    let rows = vec![
        Row::of_sandbox("an arena, from the pool, 1 thread", 1, &pooled),
        Row::of_sandbox("an arena, from the pool, 2 threads", 2, &pooled),
        Row::of_sandbox("an allocator that grows, pool, 1 thread", 1, &allocating),
        Row::of_sandbox("an allocator that grows, pool, 2 threads", 2, &allocating),
        Row::of_sandbox("an allocator that grows, on demand, 1 thread", 1, &on_demand),
        Row::of_sandbox("an allocator that grows, on demand, 2 threads", 2, &on_demand),
    ];
    table("Wall time a call on one and on two threads (0.50 × would be perfect)", rows, CALLS);
}

fn parts() {
    let bytes = plain();
    let connector = admitted(SandboxConfig::default(), &bytes);
    let engine = connector.sandbox().engine().clone();
    let component = Component::from_binary(&engine, &bytes).unwrap();
    let pre = Arc::new(linked(&engine, &component));
    let fuel = Metered { fuel: true, epochs: false };
    let bare = {
        let engine = engine.clone();
        Row::new("store, instance and call alone", 1, move |calls| {
            let (engine, pre) = (engine.clone(), pre.clone());
            async move {
                for _ in 0..calls {
                    bare_call(&engine, &pre, fuel).await;
                }
            }
        })
    };
    let relinked = Row::new("a linker built for each call", 1, move |calls| {
        let (engine, component) = (engine.clone(), component.clone());
        async move {
            for _ in 0..calls {
                let pre = linked(&engine, &component);
                bare_call(&engine, &pre, fuel).await;
            }
        }
    });
    table("Where the time goes", vec![Row::of_sandbox("a call of the sandbox", 1, &connector), bare, relinked], CALLS);
}

fn metering() {
    let bytes = computing();
    let rows =
        [("nothing", false, false), ("fuel", true, false), ("epochs", false, true), ("both", true, true)].map(|(name, fuel, epochs)| {
            let by = Metered { fuel, epochs };
            let engine = metered(by);
            let pre = Arc::new(linked(&engine, &Component::from_binary(&engine, &bytes).unwrap()));
            Row::new(name, 1, move |calls| {
                let (engine, pre) = (engine.clone(), pre.clone());
                async move {
                    for _ in 0..calls {
                        bare_call(&engine, &pre, by).await;
                    }
                }
            })
        });
    table("A guest that computes, metered by", rows.into(), CALLS / 5);
}

/// From nothing to the end of the first call, with compiled code kept and without.
fn start() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("code");
    // The plugin, or whatever else: COMPONENT=file.wasm cargo bench -p connector-host
    let bytes = std::env::var("COMPONENT").map_or_else(|_| plain(), |path| std::fs::read(path).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("\nStart to the end of the first call (`describe`), {} bytes", bytes.len());
    for name in ["compiled", "kept", "kept, again"] {
        let begun = Instant::now();
        let cache = CodeCache::open(&folder, &"5a".repeat(32)).unwrap();
        let sandbox = Sandbox::with_cache(SandboxConfig::default(), cache).unwrap();
        let connector = runtime.block_on(sandbox.admit(&bytes)).unwrap();
        let taken = begun.elapsed();
        assert_eq!(name != "compiled", connector.code_source() == &CodeSource::Cached);
        println!("  {name:<44} {:>9.2} ms", taken.as_secs_f64() * 1e3);
    }
}

fn main() {
    // `cargo test --benches` builds and starts it too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    start();
    settings();
    threads();
    parts();
    metering();
}
