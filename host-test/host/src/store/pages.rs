//! What the connection page shows and lets a person decide: figures of each stream, failed orders, records set aside, pairs that wait.
//! Every query names its connection; whose that is was asked before.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{ConnectionId, Result, Run};
use crate::clock::Instant;
use crate::contract::Page;
use crate::contract::types::{Entity, Failure};
use crate::nobi::{Called, Policies, Tally};

/// What one stream shows beside its policy and its last run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFigures {
    /// Pairs that stand.
    pub linked: u64,
    /// Pairs that a person has to choose.
    pub waiting: u64,
    /// Records that could not be read.
    pub refused: u64,
    /// Records that were read, but not exactly as written.
    pub warned: u64,
    /// When it goes on or runs again by itself; absent: on a click.
    pub due: Option<Instant>,
}

/// An order event that a person has to look at.
#[derive(Clone, Debug)]
pub struct FailedEvent {
    /// Row id.
    pub id: i64,
    /// Nobi's id of the order.
    pub order: String,
    /// The order's code, as people know it.
    pub code: String,
    /// Why it did not go out.
    pub failure: Option<Failure>,
}

/// What became of a retry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retried {
    /// Queued again.
    pub queued: u32,
    /// Left alone: a later event of the same order has gone out, and the older one would undo it.
    pub overtaken: u32,
}

/// What a person decided and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Instant,
    /// Who.
    pub operator: String,
    /// The code of the failure or warning.
    pub code: String,
    /// How many records.
    pub records: u32,
    /// The person's words.
    pub text: String,
}

/// A record of the other side whose pair a person has to choose.
#[derive(Clone, Debug)]
pub struct Awaiting {
    /// What it is.
    pub entity: Entity,
    /// Its id at the other side.
    pub remote: String,
    /// The Nobi records that it may be.
    pub candidates: Vec<Candidate>,
    /// Since when it waits.
    pub since: Instant,
}

/// A Nobi record that may be the pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Nobi's id.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Its code: SKU of a product, phone of a customer.
    pub code: Option<String>,
    /// Another record of the other side is its pair already.
    pub taken: bool,
}

/// What a person chose for a record that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This Nobi record is its pair.
    Pair(i64),
    /// It is a new one, whatever its code says.
    New,
    /// It stays out.
    Never,
}

/// What the connection page asks.
#[async_trait]
pub trait Pages {
    /// The newest pull of each stream, refreshes of single records left out.
    async fn newest_runs(&self, connection: ConnectionId) -> Result<Vec<Run>>;

    /// The figures of every stream that has any, by the entity's name.
    async fn figures(&self, connection: ConnectionId) -> Result<BTreeMap<String, StreamFigures>>;

    /// Order events that ended as failed, oldest first.
    async fn failed_events(&self, connection: ConnectionId) -> Result<Vec<FailedEvent>>;

    /// Queues failed order events again, but none that a later event of the same order has overtaken.
    async fn retry_events(&self, connection: ConnectionId, ids: Vec<i64>, at: Instant) -> Result<Retried>;

    /// Sets failed order events aside, with a note. They count as skipped from now on. Says how many there were.
    async fn discard_events(&self, connection: ConnectionId, ids: Vec<i64>, note: Note) -> Result<u32>;

    /// Sets remarks on single records aside, with a note: the refused or the warned ones with this code. `remotes`: which of them.
    async fn discard_remarks(
        &self,
        connection: ConnectionId,
        refused: bool,
        entity: Entity,
        remotes: Vec<String>,
        note: Note,
    ) -> Result<u32>;

    /// What people call these records, by the name of their kind and their id: `product/123`. Those that Nobi does not have are not among them.
    async fn called(&self, connection: ConnectionId, records: Vec<(Entity, String)>) -> Result<BTreeMap<String, Called>>;

    /// Keeps who pressed the button that began a run.
    async fn pressed(&self, run: i64, operator: &str) -> Result<()>;

    /// What people set aside, newest first.
    async fn notes(&self, connection: ConnectionId) -> Result<Vec<Note>>;

    /// Records whose pair a person has to choose, oldest first.
    async fn awaiting(&self, connection: ConnectionId) -> Result<Vec<Awaiting>>;

    /// Keeps a person's choice for a record that waits, and asks for the record again so that it comes in by it. Says whether it waited.
    async fn decide_pair(&self, connection: ConnectionId, entity: Entity, remote: &str, decision: Decision, at: Instant) -> Result<bool>;

    /// What applying these pages would come to. Nothing stays, and nobody waits for it.
    async fn rehearse(&self, connection: ConnectionId, entity: Entity, pages: Vec<Page>, flows: Policies, at: Instant) -> Result<Tally>;
}
