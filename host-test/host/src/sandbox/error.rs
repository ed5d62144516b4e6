//! What a call can end in beside its answer. Traps, limits and refusals of a component are different errors; a guest's own failure is not
//! an error here but an answer.

use thiserror::Error;

use super::text::one_line;

/// A limit that a call ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Limit {
    /// Its fuel ran out.
    #[error("the call used up its fuel")]
    Fuel,
    /// It took longer than its deadline.
    #[error("the call passed its deadline")]
    Deadline,
    /// It asked for more memory, or a larger table, than an instance may have.
    #[error("the call asked for more memory than an instance may have")]
    Memory,
    /// It asked for more memory than is reserved for each call, and the other calls hold the rest.
    #[error("all calls together hold as much memory as the host gives them")]
    SharedMemory,
    /// It moved more bytes to the host than a call may.
    #[error("the call moved more bytes to the host than a call may")]
    Lowered,
    /// Its call stack grew too deep.
    #[error("the call's stack grew too deep")]
    Stack,
    /// No slot became free in time.
    #[error("no slot became free in time: too many calls at once")]
    Slots,
}

/// Why a call has no answer.
#[derive(Debug, Error)]
pub enum CallError {
    /// The guest broke a rule or gave up. The same call would end the same way: a retry does not help.
    #[error("the connector stopped: {0}")]
    Trap(String),
    /// The call ran into a limit. A retry helps only for [`Limit::Deadline`], [`Limit::Slots`] and [`Limit::SharedMemory`].
    #[error(transparent)]
    Limit(#[from] Limit),
    /// The host could not make the call. A retry may help.
    #[error("the host could not make the call: {0}")]
    Host(String),
}

impl CallError {
    /// Whether the same call may end otherwise when it is made again.
    pub fn retry_may_help(&self) -> bool {
        matches!(self, CallError::Limit(Limit::Deadline | Limit::Slots | Limit::SharedMemory) | CallError::Host(_))
    }

    /// Sorts what wasmtime reports. `refused`: what the limiter said no by during the call, which a guest's allocator turns into a trap.
    pub(super) fn from_wasmtime(error: &wasmtime::Error, refused: Option<Limit>) -> CallError {
        if error.downcast_ref::<wasmtime::PoolConcurrencyLimitError>().is_some() {
            return Limit::Slots.into();
        }
        // A host function that said no.
        if let Some(limit) = error.downcast_ref::<Limit>() {
            return (*limit).into();
        }
        let trap = error.downcast_ref::<wasmtime::Trap>().copied();
        if trap == Some(wasmtime::Trap::OutOfFuel) {
            return Limit::Fuel.into();
        }
        if trap == Some(wasmtime::Trap::StackOverflow) {
            return Limit::Stack.into();
        }
        if let Some(limit) = refused {
            return limit.into();
        }
        // The root is the short sentence; the chain above it is a backtrace of the guest.
        let root = error.root_cause().to_string();
        if root.contains("fuel allocated for hostcalls has been exhausted") {
            return Limit::Lowered.into();
        }
        CallError::Trap(one_line(&root, 300))
    }
}

/// Why a component is not admitted. Another component helps, a retry does not.
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
    /// Not a component, or a broken one.
    #[error("not a usable component: {0}")]
    Invalid(Flaw),
    /// It has what a connector may not have.
    #[error("the component has {0}, which is not admitted")]
    Forbidden(Flaw),
    /// It has more of something than a connector needs.
    #[error("the component has {count} {what} (byte {at}); at most {limit} are admitted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many it has, or announces.
        count: u64,
        /// The limit.
        limit: u64,
        /// Where in the file.
        at: u64,
    },
    /// It imports or exports other than the contract says.
    #[error("the component does not fit the contract nobi:connector: {0}")]
    World(Misfit),
    /// It could not be compiled, although it is a component.
    #[error("the component does not compile: {0}")]
    Compile(String),
    /// It does not say what it is.
    #[error("the component gives no descriptor: {0}")]
    Describe(CallError),
    /// What it says it is breaks the contract's bounds.
    #[error("the component's descriptor: {place}: {reason}")]
    Descriptor {
        /// Where in the descriptor: `endpoints.open.routes[2].pace`.
        place: String,
        /// What is wrong there.
        reason: String,
    },
}

/// What is wrong, and where in the file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} (byte {at})")]
pub struct Flaw {
    /// What is there, or what is wrong with it.
    pub what: String,
    /// Where in the file.
    pub at: u64,
}

impl Flaw {
    pub(super) fn new(what: impl Into<String>, at: u64) -> Flaw {
        Flaw { what: what.into(), at }
    }
}

impl From<&wasmparser::Error> for Flaw {
    fn from(error: &wasmparser::Error) -> Flaw {
        Flaw::new(one_line(error.message(), 300), error.offset())
    }
}

/// Which import or export does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the {side} `{name}`: {reason}")]
pub struct Misfit {
    /// `import` or `export`.
    pub side: &'static str,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_and_where_on_one_line() {
        let flaw = AdmissionError::Forbidden(Flaw::new("a start function", 17));
        assert_eq!(flaw.to_string(), "the component has a start function (byte 17), which is not admitted");
        let many = AdmissionError::TooMany { what: "core modules", count: 9, limit: 8, at: 40 };
        assert_eq!(many.to_string(), "the component has 9 core modules (byte 40); at most 8 are admitted");
        let misfit = Misfit { side: "import", name: "a:b/c".to_owned(), reason: "the contract has none".to_owned() };
        let misfit = AdmissionError::World(misfit).to_string();
        assert_eq!(misfit, "the component does not fit the contract nobi:connector: the import `a:b/c`: the contract has none");
    }

    #[test]
    fn what_depends_on_the_moment_may_be_tried_again() {
        for (limit, again) in [
            (Limit::Fuel, false),
            (Limit::Memory, false),
            (Limit::Lowered, false),
            (Limit::Stack, false),
            (Limit::Deadline, true),
            (Limit::Slots, true),
            (Limit::SharedMemory, true),
        ] {
            assert_eq!(CallError::from(limit).retry_may_help(), again, "{limit:?}");
        }
    }
}
