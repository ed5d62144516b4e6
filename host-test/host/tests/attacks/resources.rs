//! What a guest can use up by itself: time, stack, memory, tables. Each ends in the limit of its own, and the second tenant is served while
//! it runs.

use connector_host::contract::Descriptor;
use connector_host::plain;
use connector_host::sandbox::{AdmissionError, CallError, Connector, Limit, SandboxConfig};

use crate::forge::Forge;
use crate::neighbour::{Neighbour, config, context, limit, trap};

const FOR_EVER: &str = "(loop (br 0)) unreachable";
/// Takes memory until it gets no more, as an allocator does, and gives up.
const SWELL: &str = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

async fn admitted(neighbour: &Neighbour, forged: Forge) -> Connector {
    neighbour.sandbox.admit(&forged.component()).await.unwrap()
}

#[tokio::test]
async fn an_endless_loop_runs_out_of_fuel_and_lets_others_run_meanwhile() {
    // One thread: the second tenant runs only where the loop yields.
    let neighbour = Neighbour::new().await;
    let connector = admitted(&neighbour, Forge::new().code("map-product", FOR_EVER)).await;
    let context = context();
    let (outcome, served) = neighbour.beside(connector.map_product(&context, b"{}")).await;
    assert_eq!(limit(&outcome), Some(Limit::Fuel));
    assert!(served.times >= 5, "{served:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_export_that_never_ends_is_ended() {
    let neighbour = Neighbour::in_a(SandboxConfig { fuel_base: 2_000_000, fuel_exchange: 2_000_000, ..config() }).await;
    let mut forged = Forge::new();
    for export in EXPORTS {
        forged = forged.code(export, FOR_EVER);
    }
    let connector = admitted(&neighbour, forged).await;
    let (ended, _) = neighbour.throughout(async || crate::answers::every_export(&connector).await).await;
    for (export, result) in ended {
        assert!(matches!(result, Err(CallError::Limit(Limit::Fuel))), "{export}: {result:?}");
    }
}

/// All but `describe`.
pub(crate) const EXPORTS: [&str; 9] = [
    "authorize-url",
    "build-sync-request",
    "read-sync-response",
    "handle-webhook",
    "map-order",
    "map-product",
    "redeem",
    "check",
    "push-order",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_descriptor_that_is_never_finished_is_no_descriptor() {
    let neighbour = Neighbour::new().await;
    for (code, limit) in [(FOR_EVER, Limit::Fuel), (SWELL, Limit::Memory), ("(call $dive)", Limit::Stack)] {
        let mut forged = Forge::new().code("describe", code);
        forged.fields = "(func $dive (result i32) (i32.add (call $dive) (i32.const 1)))".to_owned();
        let bytes = forged.component();
        let (admitted, _) = neighbour.throughout(async || neighbour.sandbox.admit(&bytes).await).await;
        let refused = admitted.err().unwrap();
        assert!(matches!(&refused, AdmissionError::Describe(CallError::Limit(found)) if *found == limit), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_the_host_runs_in_passing_has_the_same_fuel() {
    let neighbour = Neighbour::new().await;
    // The host asks for room for the arguments before the export begins, and says that it is done after it has ended.
    let mut in_realloc = Forge::new().code("map-product", "(i32.const 0)");
    in_realloc.realloc = FOR_EVER;
    assert_eq!(limit(&neighbour.map_product(in_realloc).await), Some(Limit::Fuel));
    let mut in_post_return = Forge::new().answer("map-product", serde_json::json!({ "Ok": crate::make::product("1") }));
    in_post_return.fields = format!(r#"(func (export "cabi_post_nobi:connector/connector@0.1.0#map-product") (param i32) {FOR_EVER})"#);
    assert_eq!(limit(&neighbour.map_product(in_post_return).await), Some(Limit::Fuel));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_recursion_ends_at_the_stack() {
    let neighbour = Neighbour::new().await;
    for fields in [
        "(func $dive (param i32) (result i32) (i32.add (i32.const 1) (call $dive (local.get 0))))",
        // By way of a table, and with a frame that is as large as they come.
        "(type $dive (func (param i32) (result i32)))
         (table 1 1 funcref) (elem (i32.const 0) $dive)
         (func $dive (type $dive) (local v128 v128 v128 v128 v128 v128 v128 v128)
            (local.set 1 (i8x16.splat (local.get 0)))
            (i32.add (call_indirect (type $dive) (local.get 0) (i32.const 0)) (i8x16.extract_lane_u 3 (local.get 1))))",
    ] {
        let mut forged = Forge::new().code("map-product", "(call $dive (i32.const 0))");
        forged.fields = fields.to_owned();
        assert_eq!(limit(&neighbour.map_product(forged).await), Some(Limit::Stack));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memory_bomb_is_held_to_its_memory() {
    // Filling memory costs fuel for each byte; here memory is to run out first.
    let neighbour = Neighbour::in_a(SandboxConfig { fuel_base: 1_000_000_000, ..config() }).await;
    let touching = "(local $at i32)
        (loop $more
            (local.set $at (memory.grow (i32.const 16)))
            (if (i32.ne (local.get $at) (i32.const -1)) (then
                (memory.fill (i32.mul (local.get $at) (i32.const 65536)) (i32.const 255) (i32.const 1048576))
                (br $more))))
        unreachable";
    for code in [SWELL, touching] {
        let outcome = neighbour.map_product(Forge::new().code("map-product", code)).await;
        assert_eq!(limit(&outcome), Some(Limit::Memory));
        assert!(outcome.usage.memory_bytes <= config().memory_bytes && outcome.usage.memory_grows > 1, "{:?}", outcome.usage);
    }
    // Memory that is too large to begin with is not even admitted.
    let mut large = Forge::new();
    large.pages = 1_025;
    let large = large.component();
    let (admitted, _) = neighbour.throughout(async || neighbour.sandbox.admit(&large).await).await;
    let refused = admitted.err().unwrap();
    assert!(matches!(refused, AdmissionError::TooMany { what: "bytes of memory to begin with", .. }), "{refused}");
}

/// Two modules with a memory each, which grow in turn.
const TWO_MEMORIES: &str = r#"(component
    (core module $one (memory 1) (func (export "grow") (result i32) (memory.grow (i32.const 16))))
    (core module $two (import "one" "grow" (func $other (result i32))) (memory 1)
        (func (export "run") (result i32)
            (loop $more (br_if $more (i32.and
                (i32.ne (call $other) (i32.const -1)) (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))))
            unreachable))
    (core instance $one (instantiate $one))
    (core instance $two (instantiate $two (with "one" (instance $one))))
    (func $run (result u32) (canon lift (core func $two "run")))
    (export "run" (func $run)))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_memories_are_refused_and_where_they_are_allowed_share_one_budget() {
    let bytes = wat::parse_str(TWO_MEMORIES).unwrap();
    let neighbour = Neighbour::new().await;
    let (loaded, _) = neighbour.throughout(async || neighbour.sandbox.load(&bytes)).await;
    let refused = loaded.err().unwrap();
    assert!(matches!(refused, AdmissionError::TooMany { what: "memories", count: 2, limit: 1, .. }), "{refused}");
    let neighbour = Neighbour::in_a(SandboxConfig { memories: 2, ..config() }).await;
    let program = neighbour.sandbox.load(&bytes).unwrap();
    let (ended, _) = neighbour.throughout(async || plain::call(&program, "run", "{}", None).await).await;
    let ended = ended.err().unwrap();
    let plain::PlainError::Call { error, usage, .. } = &ended else { panic!("{ended}") };
    assert!(matches!(error, CallError::Limit(Limit::Memory)), "{error}");
    assert!(usage.memory_bytes <= config().memory_bytes, "{usage:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_bomb_is_held_to_its_elements() {
    let neighbour = Neighbour::new().await;
    let mut forged = Forge::new().code(
        "map-product",
        "(loop $more (br_if $more (i32.ne (table.grow $bomb (ref.null func) (i32.const 1000)) (i32.const -1)))) unreachable",
    );
    forged.fields = "(table $bomb 1 funcref)".to_owned();
    assert_eq!(limit(&neighbour.map_product(forged).await), Some(Limit::Memory));
    let mut large = Forge::new();
    large.fields = "(table $bomb 10001 funcref)".to_owned();
    let large = large.component();
    let (admitted, _) = neighbour.throughout(async || neighbour.sandbox.admit(&large).await).await;
    let refused = admitted.err().unwrap();
    assert!(matches!(refused, AdmissionError::TooMany { what: "elements in its tables", .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_for_the_compiler_is_refused_before_it_is_work() {
    let neighbour = Neighbour::new().await;
    let nested = format!("(func {} {})", "(block ".repeat(5_000), ")".repeat(5_000));
    for (fields, what) in [
        (format!("(func {})", "nop ".repeat(300_000)), "bytes of code in one function"),
        (format!("(func (local {}))", "i64 ".repeat(5_000)), "locals in one function"),
        (nested, "blocks inside one another"),
        ("(func)".repeat(20_001), "functions"),
    ] {
        let mut forged = Forge::new();
        forged.fields = fields;
        let bytes = forged.component();
        let (admitted, _) = neighbour.throughout(async || neighbour.sandbox.admit(&bytes).await).await;
        let refused = admitted.err().unwrap();
        assert!(matches!(&refused, AdmissionError::TooMany { what: found, .. } if *found == what), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stack_and_memory_of_a_broken_call_are_nobody_s_afterwards() {
    // The slot of a call that went wrong is used again at once: by the second tenant, and by the same connector.
    let neighbour = Neighbour::in_a(SandboxConfig { slots: 1, exchange_slots: 1, ..config() }).await;
    let forged = Forge::new().code("map-product", SWELL).code("map-order", "unreachable");
    let connector = admitted(&neighbour, forged).await;
    for _ in 0..20 {
        assert_eq!(limit(&connector.map_product(&context(), b"{}").await), Some(Limit::Memory));
        neighbour.is_served().await;
        let event = crate::make::event("1", 1, connector_host::contract::orders::OrderEventKind::Created);
        assert!(trap(&connector.map_order(&context(), &event).await).contains("unreachable"));
        let described: Descriptor = connector.describe().await.result.unwrap();
        assert_eq!(described, **connector.descriptor());
    }
}
