//! Streams and their runs. A page's rows, links and cursor are written in one transaction, so that a cursor is never ahead of its rows.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Connection, ConnectionId, Footing, Result, Way};
use crate::clock::Instant;
use crate::contract::types::{Entity, Failure, Reason};
use crate::contract::{Page, Policy, Scope};
use crate::names;
use crate::nobi::{Policies, Tally};

/// What set a run off, or brought a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A person pressed a button.
    Click,
    /// The schedule.
    Timer,
    /// A webhook, or the refresh that one asked for.
    Live,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Queued.
    Waiting,
    /// Some of its pages are in.
    Running,
    /// All of its pages are in.
    Done,
    /// It ended before that; what came in stays.
    Failed,
}

/// One pull of one stream.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Row id.
    pub id: i64,
    /// Whose it is.
    pub connection: ConnectionId,
    /// What is pulled, by its name in the contract.
    #[serde(serialize_with = "entity_name")]
    pub entity: Entity,
    /// What set it off.
    pub trigger: Trigger,
    /// What it covers.
    #[serde(skip)]
    pub scope: Scope,
    /// Where it stands.
    pub state: RunState,
    /// Where the next page begins.
    #[serde(skip)]
    pub cursor: Option<String>,
    /// How far it is.
    pub done: u32,
    /// How far it goes, where that is known.
    pub total: Option<u32>,
    /// Records that were read, whatever the other side counts.
    pub records: u32,
    /// What became of its records.
    pub tally: Tally,
    /// Why it ended before its end.
    pub failure: Option<Failure>,
    /// When it began.
    pub started: Instant,
    /// When it ended.
    pub ended: Option<Instant>,
    /// Who pressed its button; none: nobody did, or nobody who signed in.
    pub operator: Option<String>,
}

fn entity_name<S: serde::Serializer>(entity: &Entity, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(names::entity(*entity))
}

/// One entity's flow in one connection.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What flows.
    pub entity: Entity,
    /// How far the merchant lets it go; none: the merchant chose nothing, and the flow's default stands.
    pub policy: Option<Policy>,
    /// Why it is paused, while the others go on.
    pub pause: Option<Reason>,
    /// From when the next pull of changes has to reach: when the last run that ended well began, or further back. No time for people.
    pub last_success: Option<Instant>,
    /// When the last pull of the whole stream ended well.
    pub succeeded: Option<Instant>,
}

/// What applying a page came to.
#[derive(Clone, Debug)]
pub struct AppliedPage {
    /// What became of this page's records.
    pub tally: Tally,
    /// The run's last page.
    pub ended: bool,
    /// Records that the run has read by now, a page counting as a hundred at the least.
    pub read: u64,
}

/// What becomes of a run that stopped before its end. What came in stays.
#[derive(Clone, Debug, PartialEq)]
pub enum Halt {
    /// It will be tried again.
    Wait,
    /// It goes on when its connection does, which pauses for this reason.
    PauseConnection(Reason),
    /// It ends, and its stream pauses; the others go on.
    PauseStream,
    /// It ends without one: it was a poll, and from now on its stream is polled in this way, next at this time.
    AskOtherwise {
        /// What is asked for from now on.
        way: Way,
        /// When; absent: not any more.
        due: Option<Instant>,
    },
    /// It ends, with a notice.
    GiveUp,
}

/// What is asked of streams and runs.
#[async_trait]
pub trait Runs {
    /// Begins a run and queues it, unless one of the same stream waits or runs. A refresh (`only`) does not stand in a full pull's way.
    ///
    /// Records that a person asks for by their ids come in even where they were deleted at Nobi or kept out. Customers do not: one may have been
    /// erased.
    async fn begin_run(&self, connection: ConnectionId, entity: Entity, scope: Scope, trigger: Trigger, at: Instant)
    -> Result<Option<i64>>;

    /// One run.
    async fn run(&self, id: i64) -> Result<Run>;

    /// A connection's runs, newest first.
    async fn runs(&self, connection: ConnectionId, most: u32) -> Result<Vec<Run>>;

    /// One run and its connection, both as they were at one moment: a cursor and the settings that it means something under.
    async fn run_and_owner(&self, id: i64) -> Result<(Run, Connection)>;

    /// Applies a page: rows, links, refused records, cursor and counts, in one transaction. `flows`: the defaults, toggles respected.
    /// Fails with [`StoreError::Superseded`](super::StoreError::Superseded) where the page was asked for under an earlier grant: its cursor may mean nothing any more.
    async fn apply_page(&self, run: i64, footing: Footing, page: Page, flows: Policies, at: Instant) -> Result<AppliedPage>;

    /// Keeps why a run stopped, and what becomes of it, in one transaction. Fails with [`StoreError::Superseded`](super::StoreError::Superseded) where it was under an earlier
    /// grant that it stopped.
    async fn halt_run(&self, run: i64, footing: Footing, failure: Failure, halt: Halt, at: Instant) -> Result<()>;

    /// Pauses one stream, with one notice; the others go on. Fails with [`StoreError::Superseded`](super::StoreError::Superseded) where there is another grant by now.
    async fn pause_stream(&self, footing: Footing, entity: Entity, reason: Reason, at: Instant) -> Result<()>;

    /// Keeps the merchant's choice for one stream. Once it begins to be kept updated it has no whole pull yet: whatever was kept out until now has
    /// to come in.
    async fn set_policy(&self, connection: ConnectionId, entity: Entity, policy: Policy) -> Result<()>;

    /// The streams that have a row; the others stand at their flow's default.
    async fn streams(&self, connection: ConnectionId) -> Result<Vec<Stream>>;

    /// Joins the refreshes that are due into one run an entity, and queues it. All that wait for the entity go along.
    async fn join_refreshes(&self, now: Instant) -> Result<u32>;

    /// Makes all waiting refreshes of a connection due now.
    async fn flush_refreshes(&self, connection: ConnectionId, now: Instant) -> Result<()>;
}
