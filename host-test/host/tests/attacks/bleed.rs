//! Whether anything of one tenant's call is there in another's. One guest fills its memory and its table; another one, on the slot that was
//! just used, looks through all of its own for what it did not put there.

use connector_host::sandbox::{Connector, SandboxConfig};
use serde_json::json;

use crate::forge::Forge;
use crate::make;
use crate::neighbour::{Neighbour, config, context};

/// Pages to begin with, and pages that are taken on top: some of them are kept for the next call and zeroed, some are given back.
const FIRST: u32 = 4;
const GROWN: u32 = 28;
/// Elements of the table, in the same way.
const ELEMENTS: u32 = 2_000;

/// What no guest's own memory holds: it is in the code of these two alone.
const CANARY: &str = "(i64.const 0xa7a7a7a7a7a7a7a7)";

fn with_table(mut forged: Forge) -> Forge {
    forged.pages = FIRST;
    forged.fields = "(table $kept 10 funcref) (elem declare func $mark) (func $mark)".to_owned();
    forged
}

/// Fills everything that it can get with the canary, then ends in its own way.
fn filler(end: &'static str) -> Forge {
    with_table(Forge::new().with("map-product", move |scene| {
        let answer = scene.answer(&json!({ "Ok": make::product("1") }));
        let end = end.replace("ANSWER", &answer.to_string());
        format!(
            "(drop (memory.grow (i32.const {GROWN})))
             (memory.fill (global.get $top) (i32.const 0xa7) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (global.get $top)))
             (drop (table.grow $kept (ref.func $mark) (i32.const {ELEMENTS})))
             (table.fill $kept (i32.const 0) (ref.func $mark) (table.size $kept))
             {end}"
        )
    }))
}

/// Looks through all of its memory, grown pages too, for the canary, and behind its own data for anything but zero; and through its table
/// for a function. `plant`: what it does before it looks.
fn scanner(plant: &str) -> Forge {
    let plant = plant.to_owned();
    with_table(Forge::new().with("map-product", move |scene| {
        let clean = scene.answer(&json!({ "Ok": make::product("1") }));
        let found = json!({ "class": "Rejected", "code": "found", "message": make::words("x"), "subject": null, "field": null });
        let found = scene.answer(&json!({ "Err": found }));
        format!(
            "(local $at i32) (local $end i32) (local $word i64)
             (drop (memory.grow (i32.const {GROWN})))
             (drop (table.grow $kept (ref.null func) (i32.const {ELEMENTS})))
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
    }))
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

/// Calls that answer, that trap, and that run out of fuel with everything full.
async fn fillers(neighbour: &Neighbour) -> [Connector; 3] {
    [
        admitted(neighbour, filler("(i32.const ANSWER)")).await,
        admitted(neighbour, filler("unreachable")).await,
        admitted(neighbour, filler("(loop (br 0)) unreachable")).await,
    ]
}

#[tokio::test]
async fn nothing_of_a_thousand_calls_is_there_in_the_next_one() {
    // One slot: each call is where the one before it was.
    let config = SandboxConfig { slots: 1, exchange_slots: 1, fuel_base: 20_000_000, ..config() };
    let neighbour = Neighbour::in_a(config).await;
    let fillers = fillers(&neighbour).await;
    let scanner = admitted(&neighbour, scanner("")).await;
    let hunt = async {
        for round in 0..1_000 {
            // Fuel takes its time to run out: now and then is enough.
            let way = if round % 100 == 99 { 2 } else { round % 2 };
            let filled = fillers[way].map_product(&context(), b"{}").await;
            assert_eq!(filled.result.is_ok(), way == 0, "{way}");
            assert!(!finds(&scanner).await, "round {round}");
        }
    };
    // The neighbour's own calls would take the slot in between.
    hunt.await;
    neighbour.is_served().await;
}

#[tokio::test]
async fn nothing_of_a_call_is_there_in_one_beside_it() {
    let neighbour = Neighbour::new().await;
    let fillers = fillers(&neighbour).await;
    let scanner = admitted(&neighbour, scanner("")).await;
    let hunt = async {
        for _ in 0..100 {
            let context = context();
            let (one, two, found) =
                tokio::join!(fillers[0].map_product(&context, b"{}"), fillers[1].map_product(&context, b"{}"), finds(&scanner));
            assert!(one.result.is_ok() && two.result.is_err() && !found);
        }
    };
    neighbour.beside(hunt).await;
}

#[tokio::test]
async fn the_hunt_finds_what_is_there() {
    let neighbour = Neighbour::new().await;
    for plant in [
        // In the first page, in the last word of the last grown page, and one that is no canary and not zero.
        format!("(i64.store (i32.const 8) {CANARY})"),
        format!("(i64.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)) {CANARY})"),
        "(i32.store8 (i32.add (global.get $top) (i32.const 1500000)) (i32.const 1))".to_owned(),
        format!("(table.set $kept (i32.const {ELEMENTS}) (ref.func $mark))"),
    ] {
        let scanner = admitted(&neighbour, scanner(&plant)).await;
        assert!(finds(&scanner).await, "{plant}");
    }
    assert!(!finds(&admitted(&neighbour, scanner("")).await).await);
}
