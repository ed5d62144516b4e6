//! The work queue: three lanes, the urgent ahead of the patient; work with one key waits once and runs once at a time. Never runs anything itself.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{ConnectionId, Result};
use crate::clock::Instant;

/// How urgent work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// New, cancelled and deleted orders, and deliveries: a person waits.
    Live = 0,
    /// Reconciled orders: one uploaded carrier file brings thousands at once, and nobody waits for the single one.
    Settling = 1,
    /// Pulls and refreshes.
    Bulk = 2,
}

impl Lane {
    pub(super) fn from_number(number: i64) -> Lane {
        match number {
            0 => Lane::Live,
            1 => Lane::Settling,
            _ => Lane::Bulk,
        }
    }
}

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Go on with this run.
    Pull {
        /// The run.
        run: i64,
    },
    /// Bring the next waiting event of this order out.
    Push {
        /// Nobi's id of the order.
        order: String,
    },
    /// Begin a sweep for the orders that wait for one.
    Sweep,
    /// Work on a delivery that was kept.
    Delivery {
        /// The delivery.
        id: i64,
    },
}

/// Work that a worker took.
#[derive(Clone, Debug)]
pub struct Work {
    /// Row id.
    pub id: i64,
    /// Whose it is.
    pub connection: ConnectionId,
    /// What has to be done.
    pub task: Task,
    /// How urgent it is.
    pub lane: Lane,
    /// How often it was tried before.
    pub attempts: u32,
    /// The wait before this try; none at the first one.
    pub waited: Duration,
}

/// A worker's right to a connection: nobody else works for it until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The connection.
    pub connection: ConnectionId,
    /// The lease's number, higher than that of every lease of this connection before. It tells two workers of one name apart.
    pub fence: i64,
    /// When it ends by itself.
    pub until: Instant,
}

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What people call the worker.
    pub holder: String,
    /// The leases that it has.
    pub holds: Vec<Lease>,
    /// The time now.
    pub now: Instant,
    /// Until when a lease runs that it gets.
    pub until: Instant,
    /// Only what a person waits for.
    pub only_live: bool,
}

/// A piece of work, and the lease that it is done under.
#[derive(Clone, Debug)]
pub struct Turn {
    /// The right to it.
    pub lease: Lease,
    /// What has to be done.
    pub work: Work,
}

/// When a piece of work is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    /// Not before.
    pub due: Instant,
    /// The wait, where it counts as a failed try: the next wait is drawn from it.
    pub waited: Option<Duration>,
}

/// What is asked of the work queue.
#[async_trait]
pub trait Queue {
    /// Takes the most urgent work that is due and free. Free: its connection is active and leased by nobody else, and nothing with its key
    /// runs. Among connections with work of one lane the one that was served longest ago comes first. A lease that ran out ends here, and what
    /// ran under it is ready again.
    async fn claim(&self, claim: Claim) -> Result<Option<Turn>>;

    /// Leases go on until `until`. Says which of them are lost: somebody else has the connection by now, or it is gone.
    async fn heartbeat(&self, holds: &[Lease], until: Instant) -> Result<Vec<ConnectionId>>;

    /// Gives leases back. What still ran under them is ready again; a lease that was lost is left alone.
    async fn release(&self, holds: &[Lease]) -> Result<()>;

    /// The work is done. Fails with [`StoreError::Fenced`](super::StoreError::Fenced) where the lease was lost.
    async fn complete(&self, lease: Lease, work: i64) -> Result<()>;

    /// The work has to be tried again. The same work that was queued meanwhile goes along, so that it does not come before its time. Fails with
    /// [`StoreError::Fenced`](super::StoreError::Fenced) where the lease was lost.
    async fn again(&self, lease: Lease, work: i64, again: Again) -> Result<()>;

    /// When the next work or refresh of an active connection is due for a worker with these leases, or another worker's lease ends that keeps
    /// some of it; none: the queue is idle. Work that runs under its own leases does not count.
    async fn next_due(&self, holds: &[Lease]) -> Result<Option<Instant>>;
}
