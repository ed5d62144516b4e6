//! The work queue: three lanes, the urgent ahead of the patient; work with one key waits once and runs once at a time. Never runs anything itself.

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
    /// Work on a delivery that was kept.
    Delivery {
        /// The delivery.
        id: i64,
    },
}

/// Work that a runner took.
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
}

/// What is asked of the work queue.
#[async_trait]
pub trait Queue {
    /// Takes the most urgent work that is due and free: its connection is active, and nothing with its key runs.
    async fn claim(&self, now: Instant, only_live: bool) -> Result<Option<Work>>;

    /// The work is done.
    async fn complete(&self, work: i64) -> Result<()>;

    /// The work has to be tried again, not before `due`. `counted`: the attempt counts towards the back-off. The same work that was queued
    /// meanwhile goes along, so that it does not come before its time.
    async fn again(&self, work: i64, due: Instant, counted: bool) -> Result<()>;

    /// When the next work or refresh of an active connection is due; none: the queue is idle. Work that runs does not count.
    async fn next_due(&self) -> Result<Option<Instant>>;
}
