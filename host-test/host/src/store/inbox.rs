//! Deliveries that were accepted: the duplicate rule, their changes and their refreshes, in one transaction. Bodies are kept only while a
//! delivery still has to be worked on.

use std::time::Duration;

use async_trait::async_trait;

use super::{ConnectionId, Result};
use crate::clock::Instant;
use crate::contract::Accepted;
use crate::contract::types::Failure;
use crate::nobi::{Policies, Tally};

/// A delivery that a guest accepted.
#[derive(Debug)]
pub struct Ingest {
    /// Whose it is.
    pub connection: ConnectionId,
    /// When it came.
    pub received: Instant,
    /// Hash of its canonical form, proof removed.
    pub hash: [u8; 32],
    /// What it means.
    pub accepted: Accepted,
    /// The flows' defaults, toggles respected.
    pub flows: Policies,
    /// The kept delivery that this is, when it is worked on again.
    pub kept: Option<i64>,
    /// The longest that a refresh may wait for others to join it.
    pub refresh_most: Duration,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// Its facts are in.
    Applied(Tally),
    /// It says of every record what the last delivery of it said.
    Duplicate,
}

/// What is asked of deliveries.
#[async_trait]
pub trait Inbox {
    /// Takes a delivery in. It is a duplicate only if for every record it speaks of the last one kept had the same hash: stock 5, 4, 5 is
    /// three facts, also inside batches.
    async fn ingest(&self, delivery: Ingest) -> Result<Ingested>;

    /// Keeps a verified delivery that could not be worked on, for this reason, and queues it.
    async fn keep_delivery(
        &self,
        connection: ConnectionId,
        received: Instant,
        hash: [u8; 32],
        body: Vec<u8>,
        failure: Failure,
        again: Instant,
    ) -> Result<i64>;

    /// A delivery that is to be worked on: when it came, its hash, its body.
    async fn kept_delivery(&self, id: i64) -> Result<Option<(Instant, [u8; 32], Vec<u8>)>>;

    /// When the last delivery that meant something came.
    async fn last_delivery(&self, connection: ConnectionId) -> Result<Option<Instant>>;

    /// A kept delivery turned out to mean nothing here.
    async fn drop_delivery(&self, id: i64) -> Result<()>;
}
