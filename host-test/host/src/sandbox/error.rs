//! What a call can end in beside its answer. Traps, limits and refusals of a component are different errors; a guest's own failure is not
//! an error here but an answer.

use thiserror::Error;

/// A limit that a call ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Limit {
    /// Its fuel ran out.
    #[error("the call used up its fuel")]
    Fuel,
    /// It took longer than its deadline.
    #[error("the call passed its deadline")]
    Deadline,
    /// It asked for more memory than an instance may have.
    #[error("the call asked for more memory than an instance may have")]
    Memory,
    /// It moved more bytes to the host than a call may.
    #[error("the call moved more bytes to the host than a call may")]
    Lowered,
    /// Its call stack grew too deep.
    #[error("the call's stack grew too deep")]
    Stack,
    /// No slot was free although one had been promised.
    #[error("the pool of instances is full")]
    Slots,
}

/// Why a call has no answer.
#[derive(Debug, Error)]
pub enum CallError {
    /// The guest broke a rule or gave up. The same call would end the same way: a retry does not help.
    #[error("the connector stopped: {0}")]
    Trap(String),
    /// The call ran into a limit. A retry helps only for [`Limit::Deadline`] and [`Limit::Slots`].
    #[error(transparent)]
    Limit(#[from] Limit),
    /// The host could not make the call. A retry may help.
    #[error("the host could not make the call: {0}")]
    Host(String),
}

impl CallError {
    /// Whether the same call may end otherwise when it is made again.
    pub fn retry_may_help(&self) -> bool {
        matches!(self, CallError::Limit(Limit::Deadline | Limit::Slots) | CallError::Host(_))
    }

    /// Sorts what wasmtime reports. `memory_refused`: the limiter said no during the call, which a guest's allocator turns into a trap.
    pub(super) fn from_wasmtime(error: &wasmtime::Error, memory_refused: bool) -> CallError {
        if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
            return Limit::Slots.into();
        }
        let trap = error.downcast_ref::<wasmtime::Trap>().copied();
        if trap == Some(wasmtime::Trap::OutOfFuel) {
            return Limit::Fuel.into();
        }
        if trap == Some(wasmtime::Trap::StackOverflow) {
            return Limit::Stack.into();
        }
        if memory_refused {
            return Limit::Memory.into();
        }
        // The root is the short sentence; the chain above it is a backtrace of the guest.
        let root = error.root_cause().to_string();
        if root.contains("fuel allocated for hostcalls has been exhausted") {
            return Limit::Lowered.into();
        }
        CallError::Trap(root.chars().take(300).collect())
    }
}

/// Why a component is not admitted.
#[derive(Debug, Error)]
pub enum AdmissionError {
    /// Larger than the host reads.
    #[error("the component has {bytes} bytes; at most {limit} are admitted")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not a component, or one that does not compile.
    #[error("not a usable component: {0}")]
    Invalid(String),
    /// It imports or exports other than the contract says.
    #[error("the component does not fit the contract nobi:connector: {0}")]
    World(String),
    /// Its descriptor could not be read, or says what it must not.
    #[error("the component's descriptor: {0}")]
    Descriptor(String),
}
