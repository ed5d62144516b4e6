//! Builds the one engine that every connector shares. Knows wasmtime's settings; knows nothing of calls.

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

use super::config::SandboxConfig;
use super::text::one_line;

/// Builds the engine: with a pool of instances, or on demand where there can be none (mostly because its address space cannot be reserved).
/// The second value says why there is no pool, in the engine's words.
pub(super) fn build(config: &SandboxConfig) -> wasmtime::Result<(Engine, Option<String>)> {
    let mut settings = common(config);
    let mut reason = "none is wanted".to_owned();
    if config.engine.pool {
        settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(config)));
        match Engine::new(&settings) {
            Ok(engine) => return Ok((engine, None)),
            Err(error) => {
                reason = one_line(&format!("{error:#}"), 300);
                tracing::warn!(reason, "there is no pool of instances: every call maps its memory anew");
            }
        }
    }
    settings.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Ok((Engine::new(&settings)?, Some(reason)))
}

fn common(config: &SandboxConfig) -> Config {
    let mut settings = Config::new();
    settings
        .consume_fuel(true)
        // A warm empty call costs three times as much with it, and a class of advisories does not apply without it.
        .concurrency_support(false)
        .gc_support(false)
        .max_wasm_stack(config.stack_bytes)
        .async_stack_size(config.stack_bytes.saturating_add(config.host_stack_bytes))
        .async_stack_zeroing(config.engine.stack_zeroing)
        .memory_reservation(config.engine.memory_reservation_bytes)
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(config.engine.nan_canonicalization)
        // Nobody reads a guest's backtrace or unwinds through it; what is not made is not stored, checked and mapped either.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_threads(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_exceptions(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    settings
}

fn pool(config: &SandboxConfig) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let core = config.slots.saturating_mul(config.core_instances);
    pool.total_component_instances(config.slots)
        .max_component_instance_size(config.instance_bytes)
        .total_core_instances(core)
        .max_core_instances_per_component(config.core_instances)
        .max_core_instance_size(config.instance_bytes)
        .total_tables(config.slots.saturating_mul(config.tables))
        .max_tables_per_component(config.tables)
        .max_tables_per_module(config.tables)
        .total_memories(config.slots.saturating_mul(config.memories))
        .max_memories_per_component(config.memories)
        .max_memories_per_module(1)
        .total_stacks(config.slots)
        .max_memory_size(config.memory_bytes)
        .table_elements(config.table_elements)
        .linear_memory_keep_resident(config.keep_resident_bytes)
        .table_keep_resident(config.table_resident_bytes)
        .pagemap_scan(if config.engine.pagemap_scan { Enabled::Auto } else { Enabled::No });
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_that_cannot_be_reserved_is_told_in_the_engine_s_words() {
        assert_eq!(build(&SandboxConfig::with_slots(2)).unwrap().1, None);
        // 400 TiB of addresses: more than a process has.
        let (_, reason) = build(&SandboxConfig::with_slots(100_000)).unwrap();
        let reason = reason.unwrap();
        assert!(reason.contains("failed to reserve") || reason.contains("mmap") || reason.contains("memory"), "{reason}");
        // Nobody is told of addresses where something else is wrong.
        let odd = SandboxConfig { memory_bytes: 8 << 30, ..SandboxConfig::with_slots(2) };
        let reason = build(&odd).unwrap().1.unwrap();
        assert!(reason.contains("exceeds the configured memory reservation"), "{reason}");
        let mut unwanted = SandboxConfig::with_slots(2);
        unwanted.engine.pool = false;
        assert_eq!(build(&unwanted).unwrap().1.as_deref(), Some("none is wanted"));
    }
}
