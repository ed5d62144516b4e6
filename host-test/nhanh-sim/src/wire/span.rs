//! A span of time in a filter, and what becomes of one that is longer than a dialect allows.
//!
//! Must never read a request: each dialect writes its times in its own way.

use crate::clock::DAY_MS;
use crate::switches::{Switches, TooMuch};
use crate::wire::reply::Refusal;

/// A span of time in unix ms, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Span {
    /// The last so many days.
    pub(crate) fn last(days: i64, now_ms: i64) -> Self {
        Self { from: now_ms - days * DAY_MS, to: now_ms }
    }

    /// Out of a pair of bounds; a missing lower one is so many days before the other, a missing upper one is now.
    pub(crate) fn of(bounds: (Option<i64>, Option<i64>), days: i64, now_ms: i64) -> Option<Self> {
        match bounds {
            (None, None) => None,
            (Some(from), None) => Some(Self { from, to: now_ms }),
            (None, Some(to)) => Some(Self { from: to - days * DAY_MS, to }),
            (Some(from), Some(to)) => Some(Self { from, to }),
        }
    }

    pub(crate) fn holds(&self, ms: i64) -> bool {
        (self.from..=self.to).contains(&ms)
    }

    /// Checks or cuts a span that is longer than so many days.
    pub(crate) fn limited(self, days: i64, switches: &Switches) -> Result<Self, Refusal> {
        if self.to.saturating_sub(self.from) <= days * DAY_MS {
            return Ok(self);
        }
        match switches.long_window {
            TooMuch::Refuse => Err(Refusal::text(format!("The time window must not be longer than {days} days"))),
            TooMuch::Clamp => Ok(Self { from: self.to - days * DAY_MS, ..self }),
        }
    }
}
