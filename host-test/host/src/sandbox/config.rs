//! Every knob of the sandbox, with its unit, its default and the reason for it. Never decides anything by itself.
//!
//! Not knobs, each with its reason where it is:
//! - what the contract says: bytes of sentences, codes, ids and cursors of an answer (`fit`), and the lists of a descriptor
//!   (`admission::descriptor`). A host with other numbers would be another contract's;
//! - the engine's features, its level of optimisation, and one native stack a slot (`engine`): a guest could not be judged without them;
//! - how much more a dynamic call may move than a typed one (`dynamic`): both hold the same, in other words;
//! - what is kept of compiled code, 16 files of at most 256 MiB (`cache`): a bound for what is the host's own, not a guest's.

use std::time::Duration;

use thiserror::Error;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What one call may use, what all calls may use together, and how the engine keeps them apart. Microseconds are of one call of the
/// plugin, measured in one run with and without the setting (`cargo bench -p connector-host`).
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Instances that may live at once (64; at least 1). More calls wait. Few slots stay warm in the caches; a pure call lives for tens of
    /// microseconds.
    pub slots: u32,
    /// Of these, how many may be `exchange` calls (48; at least 1, at most all), which live as long as the other side takes to answer. The
    /// rest is always there for pure calls: a server that drips must not stop every webhook.
    pub exchange_slots: u32,
    /// Percent of the slots, of either kind, that the calls of one connector may hold (75; of its bytes, however often they are admitted;
    /// rounded down, but one). A connector that holds on to all that it can get leaves the others a quarter.
    pub connector_share_percent: u32,
    /// How long a call waits for a slot (30 s); then it ends in [`Limit::Slots`](super::Limit::Slots) and may be made again. Longer than a
    /// burst lasts, shorter than anybody waits.
    pub slot_wait: Duration,

    /// Bytes of linear memory of one instance, all its memories together (64 MiB). The plugin's arena begins with 4 MiB; a page of 100
    /// products needs about 2 MiB of it.
    pub memory_bytes: usize,
    /// Of these, how many an instance gets whatever the others hold (8 MiB; at most all): a normal call never needs more.
    pub memory_reserved_bytes: usize,
    /// Bytes that all instances together may hold beyond what is reserved for each (512 MiB). Without it 64 memory bombs would be 4 GiB.
    pub memory_shared_bytes: usize,
    /// Linear memories of one component, all its modules together (1). The encoder's shims share the module's.
    pub memories: u32,
    /// Elements of all tables of one instance together (10,000). The plugin has a few hundred function pointers.
    pub table_elements: usize,
    /// Tables of one component (8): the module's, and one for each shim that the encoder adds.
    pub tables: u32,
    /// Core instances of one component (8): the module, and the shims that the encoder adds. Two are too few for any component that
    /// imports a function with a result.
    pub core_instances: u32,
    /// Bytes of the host's own bookkeeping of one instance (1 MiB): grows with functions, globals and tables. The pool refuses a component
    /// that needs more. Without a pool nothing is kept ready, and [`AdmissionConfig`] bounds it: some 10 MiB for 20,000 functions and as
    /// many globals in each of 8 instances.
    pub instance_bytes: usize,
    /// Bytes of native stack for guest code (512 KiB). It holds what calls spill: wasmtime gives as much by default, and 64 of them that
    /// were used to their end are 32 MiB. What a guest's language calls its stack is in its linear memory.
    pub stack_bytes: usize,
    /// Bytes of native stack that a host function finds below the guest's (512 KiB). What it needs is some 10 KiB; address space costs
    /// nothing until it is touched.
    pub host_stack_bytes: usize,

    /// Fuel of a call before its input is counted (20 million, some 20 ms). Fuel, not epochs, and never both (none 18.5 µs, epochs 24.1,
    /// fuel 24.8, both 33.0): fuel is deterministic, so a recorded call runs out at the same place when it is replayed.
    pub fuel_base: u64,
    /// Fuel for each byte of input (400). Reading JSON costs about 46 a byte; mapping and the copy out cost as much again.
    pub fuel_per_byte: u64,
    /// Fuel that an `exchange` call gets on top, for the replies that it reads (1 milliard): ten pages of look-up at 200 kB.
    pub fuel_exchange: u64,
    /// Fuel between two yields to the executor (1 million, some 1 ms), so that a long call does not hold a worker thread.
    pub fuel_yield: u64,

    /// Bytes that one call may move from the guest to the host, its requests, log lines and answer together (32 MiB). What was read from
    /// the largest reply (16 MiB) is about as large as values; twice that leaves no honest answer out.
    pub lowered_bytes: usize,
    /// What one host call counts at least (64 bytes), so that 32 MiB are half a million empty log lines, and not fuel's millions.
    pub host_call_bytes: usize,
    /// Wall time of a pure call, waiting for a slot not included (5 s). Fuel ends a call long before; this is for a machine that is busy.
    pub pure_deadline: Duration,
    /// Wall time of an `exchange` call, its requests included (60 s): two that take all the time that a request may take (30 s).
    pub exchange_deadline: Duration,
    /// Requests that one `exchange` call may send (64). A check makes one for each flow, and the look for an order that may have arrived
    /// one for each page of its buyer's orders: a dozen each.
    pub http_calls: u32,
    /// Bytes of all replies of one `exchange` call (32 MiB): two of the largest (16 MiB), or all 64 at half a MiB each.
    pub reply_bytes: usize,
    /// Log lines of one call; the rest is dropped and counted (100). More than a person reads of one call.
    pub log_lines: u32,
    /// Bytes of a log line; the rest is cut (1 KiB): a sentence and the beginning of what it is about. 100 such lines of 64 calls are 6
    /// MiB.
    pub log_line_bytes: usize,

    /// Bytes of linear memory that a free slot keeps, so that the next call does not fault them in again (512 KiB; they are zeroed all the
    /// same). 2 MiB is no faster and sits in memory; without `pagemap_scan` 256 KiB would be better.
    pub keep_resident_bytes: usize,
    /// The same for a table (16 KiB: 2,000 function pointers).
    pub table_resident_bytes: usize,
    /// How the engine is set up. What it may do to a guest's memory, and never what a guest may do.
    pub engine: EngineConfig,
    /// What a component may look like before anything of it is compiled.
    pub admission: AdmissionConfig,
}

/// Settings of the engine that were measured: each costs time when it is undone, and none makes a guest any less confined. Here so that
/// the benchmark can undo them one at a time.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Instances from a pool (yes). Without, each call maps its memory anew and takes the process's lock on memory maps for it: two
    /// threads are slower than one.
    pub pool: bool,
    /// Ask the kernel which pages of a slot were written, and reset only those (yes, where the kernel can).
    pub pagemap_scan: bool,
    /// Bytes of address space of one memory (4 GiB): a guest's address then needs no check. 64 MiB cost 46 % of a page's time.
    pub memory_reservation_bytes: u64,
    /// Zero each native stack after its call (no). It costs 6 µs a call and does not scale over threads, and no guest can read its native
    /// stack.
    pub stack_zeroing: bool,
    /// Give every NaN the same bits (yes). They are the one thing that two machines may compute differently, and a recorded call must
    /// replay. It costs nothing where nothing is computed in floats.
    pub nan_canonicalization: bool,
}

/// Bounds of a component's shape. They keep the compiler's time and memory, and the host's bookkeeping, in proportion to what a connector
/// needs; what a component does when it runs is bounded by the rest of [`SandboxConfig`].
#[derive(Clone, Debug)]
pub struct AdmissionConfig {
    /// Bytes of a component (4 MiB). Ours has less than half a MiB.
    pub bytes: usize,
    /// Core modules (8): the code, and the shims and adapters that the encoder adds.
    pub modules: usize,
    /// Components inside the component (16). The encoder makes one for each exported interface, with nothing in it but names; one that
    /// holds code, instances or further components is refused, since instances of instances multiply.
    pub components: usize,
    /// Imports, exports, instances and canonical functions of the component, each (256). The contract has seven interfaces and twelve
    /// functions; the rest is for what an encoder adds. Of the instances, those of core modules have a limit of their own
    /// ([`SandboxConfig::core_instances`]).
    pub items: usize,
    /// Types and aliases of all components together (20,000). The contract has some hundred.
    pub types: usize,
    /// Functions of all core modules together (20,000), and their imports, exports, globals, elements and data segments, each. Ours has
    /// 469; a language that brings a runtime has some thousand.
    pub functions: usize,
    /// Bytes of one function's code (256 KiB; the longest of ours has 15). The compiler's time grows faster than a function does.
    pub function_bytes: usize,
    /// Locals of one function, parameters not included (1,024). The compiler follows each through every block: its time is their product,
    /// and 4,096 took ten times as long (113 s for one function of 200 kB). The most that ours has is 91.
    pub locals: u32,
    /// Blocks inside blocks in one function (512). A `match` of so many arms makes so many; the deepest of ours has 86. The compiler keeps
    /// what is open of each.
    pub nesting: usize,
}

/// Why there is no sandbox. A retry does not help.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SandboxError {
    /// No call would ever run.
    #[error("calls need a slot at least, and exchange calls one of them")]
    NoSlots,
    /// The part is larger than the whole.
    #[error("exchange calls cannot have more slots than there are")]
    ExchangeSlots,
    /// The part is larger than the whole.
    #[error("a connector cannot hold more than 100 percent of the slots")]
    Share,
    /// The part is larger than the whole.
    #[error("a call cannot have more memory reserved than it may use")]
    Reserved,
    /// The machine, or this build of the engine, cannot run compiled code under these settings.
    #[error("the engine cannot be built: {0}")]
    Engine(String),
}

impl SandboxConfig {
    /// So many slots, three quarters of them for `exchange` calls, and else what is the default.
    pub fn with_slots(slots: u32) -> SandboxConfig {
        let exchange_slots = u32::try_from(u64::from(slots) * 3 / 4).unwrap_or(slots).max(1);
        SandboxConfig { slots, exchange_slots, ..SandboxConfig::default() }
    }

    /// Limits of which one is part of another: a host that was given them otherwise would keep others than those that were asked for.
    pub(super) fn check(&self) -> Result<(), SandboxError> {
        if self.slots == 0 || self.exchange_slots == 0 {
            return Err(SandboxError::NoSlots);
        }
        if self.exchange_slots > self.slots {
            return Err(SandboxError::ExchangeSlots);
        }
        if self.connector_share_percent > 100 {
            return Err(SandboxError::Share);
        }
        if self.memory_reserved_bytes > self.memory_bytes {
            return Err(SandboxError::Reserved);
        }
        Ok(())
    }
}

impl Default for SandboxConfig {
    fn default() -> Self {
        SandboxConfig {
            slots: 64,
            exchange_slots: 48,
            connector_share_percent: 75,
            slot_wait: Duration::from_secs(30),
            memory_bytes: 64 * MIB,
            memory_reserved_bytes: 8 * MIB,
            memory_shared_bytes: 512 * MIB,
            memories: 1,
            table_elements: 10_000,
            tables: 8,
            core_instances: 8,
            instance_bytes: MIB,
            stack_bytes: 512 * KIB,
            host_stack_bytes: 512 * KIB,
            fuel_base: 20_000_000,
            fuel_per_byte: 400,
            fuel_exchange: 1_000_000_000,
            fuel_yield: 1_000_000,
            lowered_bytes: 32 * MIB,
            host_call_bytes: 64,
            pure_deadline: Duration::from_secs(5),
            exchange_deadline: Duration::from_secs(60),
            http_calls: 64,
            reply_bytes: 32 * MIB,
            log_lines: 100,
            log_line_bytes: KIB,
            keep_resident_bytes: 512 * KIB,
            table_resident_bytes: 16 * KIB,
            engine: EngineConfig::default(),
            admission: AdmissionConfig::default(),
        }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            pool: true,
            pagemap_scan: true,
            memory_reservation_bytes: 4 * 1024 * MIB as u64,
            stack_zeroing: false,
            nan_canonicalization: true,
        }
    }
}

impl Default for AdmissionConfig {
    fn default() -> Self {
        AdmissionConfig {
            bytes: 4 * MIB,
            modules: 8,
            components: 16,
            items: 256,
            types: 20_000,
            functions: 20_000,
            function_bytes: 256 * KIB,
            locals: 1_024,
            nesting: 512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_cannot_all_hold_are_refused() {
        let usual = SandboxConfig::default;
        assert_eq!(usual().check(), Ok(()));
        for (config, error) in [
            (SandboxConfig { slots: 0, ..usual() }, SandboxError::NoSlots),
            (SandboxConfig { exchange_slots: 0, ..usual() }, SandboxError::NoSlots),
            (SandboxConfig { exchange_slots: 65, ..usual() }, SandboxError::ExchangeSlots),
            (SandboxConfig { connector_share_percent: 101, ..usual() }, SandboxError::Share),
            (SandboxConfig { memory_reserved_bytes: 64 * MIB + 1, ..usual() }, SandboxError::Reserved),
        ] {
            assert_eq!(config.check(), Err(error.clone()));
            assert_eq!(super::super::Sandbox::new(config).err(), Some(error));
        }
    }

    #[test]
    fn however_few_slots_there_are_three_quarters_are_for_calls_that_wait() {
        for (slots, exchange) in [(1, 1), (2, 1), (8, 6), (64, 48), (u32::MAX, 3_221_225_471)] {
            let config = SandboxConfig::with_slots(slots);
            assert_eq!((config.slots, config.exchange_slots, config.check()), (slots, exchange, Ok(())));
        }
    }
}
