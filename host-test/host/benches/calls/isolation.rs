//! What isolation itself costs, with guests that are made here and do next to nothing.

use std::sync::Arc;
use std::time::Instant;

use connector_host::contract::types::Context;
use connector_host::sandbox::{CodeCache, CodeSource, Connector, EngineConfig, Sandbox, SandboxConfig};
use serde_json::json;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::bare::{METERED, Metered, Ready, bound};
use crate::rows::{Row, one_thread, table};
use crate::{forge, make};

/// Calls of one row in one turn.
const CALLS: u32 = 1_000;

fn context() -> Context {
    Context { now: make::NOW, tag: "abcd".to_owned(), settings: Vec::new(), account: None }
}

/// A guest with the plugin's 4 MiB that answers a product at once: what is left is what isolation costs.
pub fn plain() -> Vec<u8> {
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

pub fn admitted(config: SandboxConfig, bytes: &[u8]) -> Connector {
    one_thread().block_on(Sandbox::new(config).unwrap().admit(bytes)).unwrap()
}

/// The component in each sandbox of [`undone`] that this build of the engine can make.
pub fn each_undone(bytes: &[u8]) -> Vec<(&'static str, Connector)> {
    let can = |(name, config): (&'static str, SandboxConfig)| match Sandbox::new(config.clone()) {
        Ok(sandbox) => {
            assert_eq!(sandbox.is_pooled(), name != "no pool", "{name}");
            Some((name, admitted(config, bytes)))
        }
        Err(error) => {
            println!("\n  not measured, {name}: {error}");
            None
        }
    };
    undone().into_iter().filter_map(can).collect()
}

fn with_engine(change: impl FnOnce(&mut EngineConfig)) -> SandboxConfig {
    let mut config = SandboxConfig::default();
    change(&mut config.engine);
    config
}

/// The sandbox as it is, and with one setting undone.
fn undone() -> Vec<(&'static str, SandboxConfig)> {
    vec![
        ("as it is", SandboxConfig::default()),
        ("no pool", with_engine(|it| it.pool = false)),
        ("no pagemap scan", with_engine(|it| it.pagemap_scan = false)),
        ("64 MiB of address space a memory", with_engine(|it| it.memory_reservation_bytes = 64 << 20)),
        ("native stacks zeroed", with_engine(|it| it.stack_zeroing = true)),
        ("NaNs as they come", with_engine(|it| it.nan_canonicalization = false)),
        ("nothing kept resident", SandboxConfig { keep_resident_bytes: 0, ..SandboxConfig::default() }),
        ("2 MiB kept resident", SandboxConfig { keep_resident_bytes: 2 << 20, ..SandboxConfig::default() }),
        ("1,000 slots", SandboxConfig { slots: 1_000, ..SandboxConfig::default() }),
    ]
}

pub fn settings() {
    let bytes = plain();
    for (threads, title) in [(1, "The fixed cost of a call, and with one setting undone"), (2, "The same on two threads, wall time a call")]
    {
        let rows = each_undone(&bytes).into_iter().map(|(name, connector)| Row::of_sandbox(name, threads, &connector, context()));
        table(title, rows.collect(), CALLS);
    }
}

pub fn threads() {
    let (arena, growing) = (plain(), growing());
    let pooled = admitted(SandboxConfig::default(), &arena);
    let allocating = admitted(SandboxConfig::default(), &growing);
    let on_demand = admitted(with_engine(|it| it.pool = false), &growing);
    let guests = [("an arena, pool", &pooled), ("an allocator that grows, pool", &allocating), ("the same, on demand", &on_demand)];
    let rows = guests.iter().flat_map(|(name, connector)| {
        [1, 2].map(|threads| Row::of_sandbox(&format!("{name}, on {threads}"), threads, connector, context()))
    });
    table("Wall time a call on one and on two threads (0.50 × would be perfect)", rows.collect(), CALLS);
}

pub fn parts() {
    let bytes = plain();
    let connector = admitted(SandboxConfig::default(), &bytes);
    let engine = connector.sandbox().engine().clone();
    let component = Component::from_binary(&engine, &bytes).unwrap();
    let ready = Arc::new(Ready::new(&engine, &component));
    let fuel = Metered { fuel: true, epochs: false };
    let made = Row::new("store, instance and call alone", 1, move |calls| {
        let ready = ready.clone();
        async move {
            for _ in 0..calls {
                fuel.call(&ready, &context()).await;
            }
        }
    });
    let pre = Arc::new(bound(&engine, &component));
    let bound = Row::new("the same, by the generated bindings", 1, move |calls| {
        let pre = pre.clone();
        async move {
            for _ in 0..calls {
                fuel.call_bound(&pre, &context()).await;
            }
        }
    });
    let relinked = |name: &str, link: fn(&Engine, &Component) -> Ready| {
        let (engine, component) = (engine.clone(), component.clone());
        Row::new(name, 1, move |calls| {
            let (engine, component) = (engine.clone(), component.clone());
            async move {
                for _ in 0..calls {
                    fuel.call(&link(&engine, &component), &context()).await;
                }
            }
        })
    };
    let linked = relinked("a linker built for each call", Ready::new);
    let wasi = relinked("the same, with as much as WASI has in it", Ready::with_wasi);
    let ours = Row::of_sandbox("a call of the sandbox", 1, &connector, context());
    table("Where the time goes", vec![ours, made, bound, linked, wasi], CALLS);
}

pub fn metering() {
    let bytes = computing();
    let rows = METERED.map(|(name, by)| {
        let engine = by.engine();
        let ready = Arc::new(Ready::new(&engine, &Component::from_binary(&engine, &bytes).unwrap()));
        Row::new(name, 1, move |calls| {
            let ready = ready.clone();
            async move {
                for _ in 0..calls {
                    by.call(&ready, &context()).await;
                }
            }
        })
    });
    table("A guest that computes, metered by", rows.into(), CALLS / 5);
}

/// From nothing to the end of the first call, with compiled code kept and without.
pub fn start(component: Option<&[u8]>) {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("code");
    let bytes = component.map_or_else(plain, <[u8]>::to_vec);
    println!("\nStart to the end of the first call (`describe`), {} bytes", bytes.len());
    for name in ["compiled", "kept", "kept, again"] {
        let begun = Instant::now();
        let cache = CodeCache::open(&folder, &"5a".repeat(32)).unwrap();
        let sandbox = Sandbox::with_cache(SandboxConfig::default(), cache).unwrap();
        let connector = one_thread().block_on(sandbox.admit(&bytes)).unwrap();
        let taken = begun.elapsed();
        assert_eq!(name != "compiled", connector.code_source() == &CodeSource::Cached);
        println!("  {name:<50} {:>9.2} ms", taken.as_secs_f64() * 1e3);
    }
}
