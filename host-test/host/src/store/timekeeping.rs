//! The time as the store saw it, and what becomes of times that lie in the future because the clock that they were read from has come back.

use std::time::Duration;

use async_trait::async_trait;

use super::{ConnectionId, Result};
use crate::clock::Instant;

/// A clock that came back.
#[derive(Clone, Copy, Debug)]
pub struct CameBack {
    /// The time now.
    pub now: Instant,
    /// Polls are spread over so much.
    pub spread: Duration,
    /// How long a lease lasts.
    pub lease: Duration,
}

/// What is asked of the store about time.
#[async_trait]
pub trait Timekeeping {
    /// The latest time that a host wrote down here as its own.
    async fn latest_time(&self) -> Result<Option<Instant>>;

    /// Brings every time that lies in the future back, in one transaction: what was due only then is due now, what was sent then was sent now at
    /// the latest, marks that reach beyond now are forgotten, and what paused a connection with a token meanwhile is tried again. What was
    /// proven meanwhile of orders that may have arrived proves nothing. Says which connections go on.
    async fn bring_back(&self, back: CameBack) -> Result<Vec<ConnectionId>>;
}
