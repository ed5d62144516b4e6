//! Whether anything of one tenant's call is there in another's. One guest fills its memory and its table; another one, on the slot that was
//! just used, looks through all of its own for what it did not put there.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::sandbox::{CallError, Connector, Courier, EngineConfig, Limit, SandboxConfig};
use serde_json::json;

use crate::forge::{Forge, get};
use crate::host_calls::Silence;
use crate::make;
use crate::neighbour::{Neighbour, config, context, limit};

/// Pages to begin with, and pages that are taken on top: 2 MiB, of which a slot keeps 512 KiB and zeroes them; the rest is given back.
const FIRST: u32 = 4;
const GROWN: u32 = 28;
/// Elements of the table, to begin with and on top: 48,000 bytes, of which a slot keeps 16,384.
const ELEMENTS: u32 = 4_000;
const MORE_ELEMENTS: u32 = 2_000;

/// What no guest's own memory holds: it is in the code of these two alone.
const CANARY: &str = "(i64.const 0xa7a7a7a7a7a7a7a7)";

fn with_table(mut forged: Forge, elements: u32) -> Forge {
    forged.pages = FIRST;
    forged.fields = format!("(table $kept {elements} funcref) (elem declare func $mark) (func $mark)");
    forged
}

/// How a call ends that has filled everything.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Answer,
    Trap,
    Memory,
    Fuel,
    /// Passes its deadline, as a rule while it waits for an answer that does not come.
    Deadline,
    /// Dropped while it waits for an answer.
    Dropped,
}

impl End {
    const ALL: [End; 6] = [End::Answer, End::Trap, End::Memory, End::Dropped, End::Fuel, End::Deadline];

    /// Of a hundred calls, four take their time: for fuel to run out, or for the deadline to come.
    fn of_round(round: usize) -> End {
        match round % 50 {
            48 => End::Fuel,
            49 => End::Deadline,
            other => End::ALL[other % 4],
        }
    }

    fn asks(self) -> bool {
        matches!(self, End::Deadline | End::Dropped)
    }
}

/// Fills everything that it can get with the canary, then ends in its own way.
struct Filler {
    end: End,
    connector: Connector,
}

impl Filler {
    async fn new(neighbour: &Neighbour, end: End) -> Filler {
        let export = if end.asks() { "check" } else { "map-product" };
        let forged = Forge::new().with(export, move |scene| {
            let end = match end {
                End::Answer => format!("(i32.const {})", scene.answer(&json!({ "Ok": make::product("1") }))),
                End::Trap => "unreachable".to_owned(),
                End::Memory => "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable".to_owned(),
                End::Fuel => "(loop (br 0)) unreachable".to_owned(),
                End::Deadline | End::Dropped => format!("{} unreachable", scene.send(&get("/read")).0),
            };
            format!(
                "(drop (memory.grow (i32.const {GROWN})))
                 (memory.fill (global.get $top) (i32.const 0xa7) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (global.get $top)))
                 (drop (table.grow $kept (ref.func $mark) (i32.const {MORE_ELEMENTS})))
                 (table.fill $kept (i32.const 0) (ref.func $mark) (table.size $kept))
                 {end}"
            )
        });
        Filler { end, connector: admitted(neighbour, with_table(forged, ELEMENTS)).await }
    }

    /// One call, which ends as it should.
    async fn fills(&self) {
        let (Filler { end, connector }, context) = (self, context());
        if *end == End::Dropped {
            let asked = Arc::new(Asked::default());
            tokio::select! {
                // On a busy machine the deadline may come first.
                outcome = connector.check(&context, asked.clone()) => assert_eq!(limit(&outcome), Some(Limit::Deadline)),
                () = asked.0.notified() => {}
            }
            return;
        }
        let (result, usage) = if *end == End::Deadline {
            let outcome = connector.check(&context, Arc::new(Silence)).await;
            (outcome.result.map(|_| ()), outcome.usage)
        } else {
            let outcome = connector.map_product(&context, b"{}").await;
            (outcome.result.map(|_| ()), outcome.usage)
        };
        let as_it_should = match &result {
            Ok(()) => *end == End::Answer,
            Err(CallError::Trap(_)) => *end == End::Trap,
            Err(CallError::Limit(Limit::Memory)) => *end == End::Memory,
            Err(CallError::Limit(Limit::Fuel)) => *end == End::Fuel,
            Err(CallError::Limit(Limit::Deadline)) => *end == End::Deadline,
            Err(_) => false,
        };
        assert!(as_it_should && usage.memory_bytes >= 65_536 * FIRST as usize, "{end:?}: {result:?} {usage:?}");
    }
}

/// Never answers, and says that it was asked.
#[derive(Default)]
struct Asked(tokio::sync::Notify);

#[async_trait]
impl Courier for Asked {
    async fn send(&self, _request: Request) -> Result<Response, Error> {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// Looks through all of its memory, grown pages too, for the canary, and behind its own data for anything but zero; and for a function
/// through a table that has from the start all the elements that a filler's comes to: growing one would write over what lies there.
/// `plant`: what it does before it looks.
fn scanner(plant: &str) -> Forge {
    let plant = plant.to_owned();
    let forged = Forge::new().with("map-product", move |scene| {
        let clean = scene.answer(&json!({ "Ok": make::product("1") }));
        let found = json!({ "class": "Rejected", "code": "found", "message": make::words("x"), "subject": null, "field": null });
        let found = scene.answer(&json!({ "Err": found }));
        format!(
            "(local $at i32) (local $end i32) (local $word i64)
             (drop (memory.grow (i32.const {GROWN})))
             {plant}
             (local.set $end (i32.mul (memory.size) (i32.const 65536)))
             (loop $more
                (local.set $word (i64.load (local.get $at)))
                (if (i64.eq (local.get $word) {CANARY}) (then (return (i32.const {found}))))
                (if (i32.and (i64.ne (local.get $word) (i64.const 0)) (i32.ge_u (local.get $at) (global.get $top)))
                    (then (return (i32.const {found}))))
                (local.set $at (i32.add (local.get $at) (i32.const 8)))
                (br_if $more (i32.lt_u (local.get $at) (local.get $end))))
             (local.set $at (i32.const 0))
             (loop $more
                (if (i32.eqz (ref.is_null (table.get $kept (local.get $at)))) (then (return (i32.const {found}))))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br_if $more (i32.lt_u (local.get $at) (table.size $kept))))
             (i32.const {clean})"
        )
    });
    with_table(forged, ELEMENTS + MORE_ELEMENTS)
}

async fn admitted(neighbour: &Neighbour, forged: Forge) -> Connector {
    neighbour.sandbox.admit(&forged.component()).await.unwrap()
}

/// Whether it found something.
async fn finds(scanner: &Connector) -> bool {
    let outcome = scanner.map_product(&context(), b"{}").await;
    assert!(outcome.usage.memory_bytes == 65_536 * (FIRST + GROWN) as usize, "{:?}", outcome.usage);
    outcome.result.unwrap().is_err()
}

/// A sandbox that keeps its slots, with the second tenant in it. Without a pool nothing is used again, and there is nothing to hunt for.
async fn pooled(config: SandboxConfig, pagemap_scan: bool) -> Neighbour {
    let engine = EngineConfig { pagemap_scan, ..config.engine };
    let config = SandboxConfig { exchange_deadline: Duration::from_millis(50), engine, ..config };
    // What is kept of memory and table is less than is filled, so that both ways to empty them are taken.
    assert!(config.keep_resident_bytes < 65_536 * GROWN as usize && config.table_resident_bytes < 8 * ELEMENTS as usize);
    let neighbour = Neighbour::in_a(config).await;
    assert!(neighbour.sandbox.is_pooled());
    neighbour
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_thousand_calls_is_there_in_the_next_one() {
    // With and without the kernel's word on which pages were written: two ways to empty a slot.
    for (pagemap_scan, rounds) in [(true, 1_000), (false, 200)] {
        // One slot, and two tables in it, of which the encoder's shim has one: each call is where the one before it was.
        let neighbour = pooled(SandboxConfig { slots: 1, exchange_slots: 1, tables: 2, ..config() }, pagemap_scan).await;
        let mut fillers = Vec::new();
        for end in End::ALL {
            fillers.push(Filler::new(&neighbour, end).await);
        }
        let scanner = admitted(&neighbour, scanner("")).await;
        // The neighbour's own calls would take the slot in between.
        for round in 0..rounds {
            let end = End::of_round(round);
            fillers.iter().find(|filler| filler.end == end).unwrap().fills().await;
            assert!(!finds(&scanner).await, "round {round}, after {end:?}, pagemap_scan {pagemap_scan}");
        }
        neighbour.is_served().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_call_is_there_in_one_beside_it() {
    for pagemap_scan in [true, false] {
        let neighbour = pooled(config(), pagemap_scan).await;
        let (answers, traps) = (Filler::new(&neighbour, End::Answer).await, Filler::new(&neighbour, End::Trap).await);
        let scanner = admitted(&neighbour, scanner("")).await;
        let hunt = async {
            for _ in 0..100 {
                let ((), (), found) = tokio::join!(answers.fills(), traps.fills(), finds(&scanner));
                assert!(!found);
            }
        };
        neighbour.beside(hunt).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hunt_finds_what_is_there() {
    let neighbour = Neighbour::new().await;
    for plant in [
        // In the first page, in the last word of the last grown page, and one that is no canary and not zero.
        format!("(i64.store (i32.const 8) {CANARY})"),
        format!("(i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) {CANARY})"),
        "(i32.store8 (i32.add (global.get $top) (i32.const 1500000)) (i32.const 1))".to_owned(),
        // The first, one that is kept, one that is given back, and one that only a filler that grew its table reaches.
        "(table.set $kept (i32.const 0) (ref.func $mark))".to_owned(),
        "(table.set $kept (i32.const 2000) (ref.func $mark))".to_owned(),
        format!("(table.set $kept (i32.const {}) (ref.func $mark))", ELEMENTS - 1),
        format!("(table.set $kept (i32.const {}) (ref.func $mark))", ELEMENTS + MORE_ELEMENTS - 1),
    ] {
        let scanner = admitted(&neighbour, scanner(&plant)).await;
        assert!(finds(&scanner).await, "{plant}");
    }
    assert!(!finds(&admitted(&neighbour, scanner("")).await).await);
}
