//! Whether the store works, and how much waits in it. Says no more than counts: nothing in here names a tenant, a connection or a record.

use async_trait::async_trait;

use super::{Lane, Result};
use crate::clock::Instant;

/// Work of one lane in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pile {
    /// How urgent it is.
    pub lane: Lane,
    /// `ready`, `running`, or `held`: ready, but its connection is not active.
    pub state: String,
    /// How many.
    pub count: i64,
    /// When the oldest of them was due.
    pub oldest: Option<Instant>,
}

/// How much waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// The queue.
    pub work: Vec<Pile>,
    /// How many connections are in which state.
    pub connections: Vec<(String, i64)>,
}

/// What is asked about the store itself.
#[async_trait]
pub trait Health {
    /// Writes one row and reads it back. Fails where either cannot be done.
    async fn pulse(&self, at: Instant) -> Result<()>;

    /// How much waits now.
    async fn vitals(&self) -> Result<Vitals>;
}
