//! Every knob of the sandbox, with its unit, its default and the reason for it. Never decides anything by itself.

use std::time::Duration;

/// What one call may use, and how the engine keeps calls apart.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Instances that may live at once. More calls wait. Few slots stay warm in the caches; a call lives for tens of microseconds.
    pub slots: u32,
    /// Bytes of linear memory of one instance, all its memories together. The plugin's arena begins with 4 MiB; a page of 100 products
    /// needs about 2 MiB of it.
    pub memory_bytes: usize,
    /// Elements of all tables of one instance together. The plugin has a few hundred function pointers.
    pub table_elements: usize,
    /// Core instances in one component: the module, and the shims that the encoder adds.
    pub core_instances: u32,
    /// Bytes of native stack for guest code. The plugin's own stack is 256 KiB of linear memory.
    pub stack_bytes: usize,
    /// Fuel of a call before its input is counted. Fuel, not epochs, and never both: fuel is deterministic, so a recorded call runs out at
    /// the same place when it is replayed.
    pub fuel_base: u64,
    /// Fuel for each byte of input. Reading JSON costs about 46 a byte; mapping and the copy out cost as much again.
    pub fuel_per_byte: u64,
    /// Fuel that an `exchange` call gets on top, for the replies that it reads: ten pages of look-up at 200 kB.
    pub fuel_exchange: u64,
    /// Fuel between two yields to the executor, so that a long call does not hold a worker thread.
    pub fuel_yield: u64,
    /// Bytes that one call may move from the guest to the host: results, requests, log lines.
    pub lowered_bytes: usize,
    /// Wall time of a pure call, waiting for a slot not included.
    pub pure_deadline: Duration,
    /// Wall time of an `exchange` call, its requests included.
    pub exchange_deadline: Duration,
    /// Requests that one `exchange` call may send.
    pub http_calls: u32,
    /// Bytes of all replies of one `exchange` call.
    pub reply_bytes: usize,
    /// Log lines of one call; the rest is dropped and counted.
    pub log_lines: u32,
    /// Bytes of a log line; the rest is cut.
    pub log_line_bytes: usize,
    /// Bytes of a component that is admitted at all.
    pub component_bytes: usize,
    /// Bytes of linear memory that a free slot keeps, so that the next call does not fault them in again. 2 MiB is no faster and sits in
    /// memory.
    pub keep_resident_bytes: usize,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        SandboxConfig {
            slots: 64,
            memory_bytes: 64 * MIB,
            table_elements: 10_000,
            core_instances: 8,
            stack_bytes: 512 * KIB,
            fuel_base: 20_000_000,
            fuel_per_byte: 400,
            fuel_exchange: 1_000_000_000,
            fuel_yield: 1_000_000,
            lowered_bytes: 32 * MIB,
            pure_deadline: Duration::from_secs(5),
            exchange_deadline: Duration::from_secs(60),
            http_calls: 64,
            reply_bytes: 32 * MIB,
            log_lines: 100,
            log_line_bytes: KIB,
            component_bytes: 4 * MIB,
            keep_resident_bytes: 512 * KIB,
        }
    }
}
