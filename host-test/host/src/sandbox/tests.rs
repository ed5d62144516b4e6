//! Facts about a sandbox as a whole.

use wasmtime::component::Val;

use super::*;

/// Answers 7, from a memory of its own.
const SEVEN: &str = r#"(component
    (core module $m (memory 1) (data (i32.const 0) "\07") (func (export "run") (result i32) (i32.load (i32.const 0))))
    (core instance $i (instantiate $m))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))"#;

async fn answer(sandbox: &Arc<Sandbox>) -> Vec<Val> {
    let program = sandbox.load(&wat::parse_str(SEVEN).unwrap()).unwrap();
    program.call(&program.functions()[0], &[], 0, None).await.result.unwrap()
}

#[tokio::test]
async fn where_there_is_no_pool_calls_are_made_all_the_same() {
    // 400 TiB of addresses are more than a process has.
    for (config, pooled) in [(SandboxConfig::with_slots(2), true), (SandboxConfig::with_slots(100_000), false)] {
        let sandbox = Sandbox::new(config).unwrap();
        assert_eq!(sandbox.is_pooled(), pooled);
        for _ in 0..3 {
            assert_eq!(answer(&sandbox).await, [Val::U32(7)]);
        }
    }
}

#[tokio::test]
async fn nine_instances_of_a_module_are_refused_with_their_place_pool_or_no_pool() {
    let wat = format!("(component (core module $m) {})", "(core instance (instantiate $m)) ".repeat(9));
    for pool in [true, false] {
        let mut config = SandboxConfig::with_slots(2);
        config.engine.pool = pool;
        let refused = Sandbox::new(config).unwrap().load(&wat::parse_str(&wat).unwrap()).err().unwrap();
        let told = matches!(&refused, AdmissionError::TooMany { what: "instances of core modules", count: 9, limit: 8, at } if *at > 8);
        assert!(told, "{refused}");
    }
}

#[tokio::test]
async fn bookkeeping_above_its_bytes_is_refused_by_the_pool() {
    // 8 instances of 10,000 globals with 16 bytes each.
    let globals = "(global i32 (i32.const 0))".repeat(10_000);
    let wat = format!("(component (core module $m {globals}) {})", "(core instance (instantiate $m)) ".repeat(8));
    let refused = Sandbox::new(SandboxConfig::with_slots(2)).unwrap().load(&wat::parse_str(&wat).unwrap()).err().unwrap();
    assert!(matches!(&refused, AdmissionError::Compile(text) if text.contains("instance size")), "{refused}");
}
