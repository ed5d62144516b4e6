//! Orders on their way out: events in their order, and what is known of earlier tries to create each order. The intent is committed before
//! the first byte; the remote id, its link and the event's end are one transaction.

use async_trait::async_trait;
use serde::Serialize;

use super::{ConnectionId, Footing, Lease, Result};
use crate::clock::Instant;
use crate::contract::catalog::OrderStage;
use crate::contract::orders::{Earlier, Order, OrderEvent};
use crate::contract::types::Failure;

/// What is known of one order's creation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderPush {
    /// What it is called at the other side.
    pub own_id: Option<String>,
    /// Its id there.
    pub remote: Option<String>,
    /// What earlier tries left open.
    pub earlier: Option<Earlier>,
}

/// The next waiting event of an order, its links resolved, and what is known of the order's creation.
#[derive(Clone, Debug)]
pub struct OrderEventRow {
    /// Row id.
    pub id: i64,
    /// The event with the order as it is now.
    pub event: OrderEvent,
    /// What earlier tries left open.
    pub earlier: Earlier,
    /// A cancel or a delete of the same order waits behind it.
    pub cancelled_behind: bool,
    /// What the order is called at the other side, as far as that is known.
    pub own_id: Option<String>,
    /// It was made before this connection, which was never told of its making.
    pub before_connection: bool,
    /// A read showed it called off, and a later one alive: staff revived it.
    pub revived: bool,
    /// The order as it was sent, while it may be at the other side or is.
    pub sent: Option<Order>,
    /// Where it stands at the other side, as far as that is known.
    pub stage: Option<OrderStage>,
}

/// What is written down before a byte goes out.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Whose it is, and under which grant it goes out.
    pub footing: Footing,
    /// What it will be called at the other side.
    pub own_id: String,
    /// The order as it goes out.
    pub record: Order,
    /// When.
    pub at: Instant,
}

/// How an event ended, and what is known by it.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// Whose it is, and under which grant it ended so.
    pub footing: Footing,
    /// The event's row.
    pub row: i64,
    /// How it ended.
    pub settled: Settled,
    /// The order's id at the other side.
    pub remote: Option<String>,
    /// What is shown of it.
    pub outcome: serde_json::Value,
    /// When.
    pub at: Instant,
}

/// What a call that settled nothing leaves to be known.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Whose it is, and under which grant it was found out.
    pub footing: Footing,
    /// The event's row.
    pub row: i64,
    /// Nobi's id of the order.
    pub order: String,
    /// What is known of the order's creation.
    pub known: Earlier,
    /// It waits for a sweep of orders by the time of their making that begins then or later.
    pub sweep_from: Option<Instant>,
    /// A change of status was sent in this call, and answered.
    pub sent: bool,
    /// When.
    pub at: Instant,
}

/// A try of an event that came to no end.
#[derive(Clone, Debug)]
pub struct Try {
    /// Whose it is.
    pub footing: Footing,
    /// The event's row.
    pub row: i64,
    /// Whether the other side answered: a time without an answer is nothing that a person could mend in an order.
    pub answered: bool,
    /// Why it came to none.
    pub failure: Failure,
    /// How long that may go on before a person is told, in milliseconds.
    pub most: i64,
    /// When.
    pub at: Instant,
}

/// How an event ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settled {
    /// It is at the other side.
    Done,
    /// Nothing had to be sent.
    Skipped,
    /// A person has to look.
    Failed,
}

impl Settled {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Settled::Done => "done",
            Settled::Skipped => "skipped",
            Settled::Failed => "failed",
        }
    }
}

/// Where one event of an order stands.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OrderOutcome {
    /// Nobi's id of the order.
    pub order: String,
    /// Nobi's id of the event.
    pub event: String,
    /// `waiting`, `done`, `skipped` or `failed`.
    pub state: String,
    /// The order's id at the other side.
    pub remote: Option<String>,
    /// How it ended: what was done, the reason, or the failure.
    pub outcome: Option<serde_json::Value>,
}

impl OrderOutcome {
    /// Whether a person has to look, or the event still waits.
    pub fn needs_a_look(&self) -> bool {
        matches!(self.state.as_str(), "waiting" | "failed")
    }
}

/// One line for a person.
impl std::fmt::Display for OrderOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.order, self.event, self.state)?;
        if let Some(remote) = &self.remote {
            write!(f, ", id there {remote}")?;
        }
        let Some(outcome) = &self.outcome else { return Ok(()) };
        let told = |pointer: &str| outcome.pointer(pointer).and_then(serde_json::Value::as_str);
        if let Some(how) = told("/how").or_else(|| told("/reason")) {
            write!(f, ", {how}")?;
        }
        if let (Some(code), Some(vi)) = (told("/failure/code"), told("/failure/message/vi")) {
            write!(f, ", {vi} [{code}]")?;
        }
        Ok(())
    }
}

/// What is asked of orders on their way.
#[async_trait]
pub trait Outbox {
    /// Keeps what happened to an order and queues its way out. The same event is kept once. Says whether it was new.
    async fn order_event(&self, connection: ConnectionId, event: OrderEvent, at: Instant) -> Result<bool>;

    /// The next waiting event of an order, if one waits.
    async fn next_event(&self, connection: ConnectionId, order: &str) -> Result<Option<OrderEventRow>>;

    /// Writes the intent down. After it a byte may be on its way: whatever happens next, the order is looked up before it is sent again.
    ///
    /// Fails with [`StoreError::Taken`](super::StoreError::Taken) where another order of the connection has the own id: nothing may go out under it. Fails with
    /// [`StoreError::Superseded`](super::StoreError::Superseded) where there is another grant by now: nothing goes out under the one before.
    async fn intend(&self, intent: Intent) -> Result<()>;

    /// Writes down what is known of the order's creation after a call that did not settle it.
    async fn know(&self, footing: Footing, order: &str, known: Earlier) -> Result<()>;

    /// Writes down what is known after a call that settled nothing, and has a sweep made where it waits for one. Says whether the order's own id
    /// was told meanwhile, so that it need not wait.
    async fn wait(&self, waiting: Waiting) -> Result<bool>;

    /// Keeps when a change of an order's status was last sent for this event, or may have been, whose outcome is unknown; none: there is none.
    async fn unanswered(&self, footing: Footing, row: i64, at: Option<Instant>) -> Result<()>;

    /// Keeps what an order that may have arrived is called at the other side, where that is not known: it is not in a copy of the file that was
    /// made before it went out. Fails with [`StoreError::Taken`](super::StoreError::Taken) where another order of the connection is called that:
    /// nothing may be looked for under it.
    async fn call(&self, footing: Footing, order: &str, own_id: &str) -> Result<()>;

    /// Whether another order of the connection that has an own id has the code of this one.
    async fn shares_code(&self, connection: ConnectionId, order: &str) -> Result<bool>;

    /// Begins the sweep that orders of a connection wait for and that is due, unless one is under way.
    async fn begin_sweep(&self, lease: Lease, at: Instant) -> Result<()>;

    /// Has a linked order read soon: what was said against an event of it may be over, or the order gone.
    async fn look_at(&self, footing: Footing, remote: &str, at: Instant) -> Result<()>;

    /// What earlier edits of an order were a task for is over: they were skipped, and the order is as it was sent.
    async fn agrees(&self, footing: Footing, order: &str) -> Result<()>;

    /// Counts a try that came to no end. Once they have gone on for too long a person is told why, and they go on all the same.
    async fn tried(&self, tried: Try) -> Result<()>;

    /// Ends an event. With a remote id the order is bound to it in the same transaction; that is a fact, whatever the grant. Without one,
    /// fails with [`StoreError::Superseded`](super::StoreError::Superseded) where there is another grant by now: what did not pass under one may pass under the next.
    async fn settle(&self, settlement: Settlement) -> Result<()>;

    /// How many events of a connection stand where: state → count.
    async fn outbox_counts(&self, connection: ConnectionId) -> Result<std::collections::BTreeMap<String, u32>>;

    /// Where each event of an order stands, in their order.
    async fn order_outcomes(&self, connection: ConnectionId, order: &str) -> Result<Vec<OrderOutcome>>;

    /// What is known of an order's creation.
    async fn order_push(&self, connection: ConnectionId, order: &str) -> Result<OrderPush>;
}
