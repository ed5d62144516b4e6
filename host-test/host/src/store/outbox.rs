//! Orders on their way out: events in their order, and what is known of earlier tries to create each order. The intent is committed before
//! the first byte; the remote id, its link and the event's end are one transaction.

use async_trait::async_trait;
use serde::Serialize;

use super::{ConnectionId, Footing, Result};
use crate::clock::Instant;
use crate::contract::orders::{Earlier, Order, OrderEvent};

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
    /// Fails with [`StoreError::Taken`] where another order of the connection has the own id: nothing may go out under it. Fails with
    /// [`StoreError::Superseded`] where there is another grant by now: nothing goes out under the one before.
    async fn intend(&self, intent: Intent) -> Result<()>;

    /// Writes down what is known of the order's creation after a call that did not settle it.
    async fn know(&self, footing: Footing, order: &str, known: Earlier) -> Result<()>;

    /// Ends an event. With a remote id the order is bound to it in the same transaction; that is a fact, whatever the grant. Without one,
    /// fails with [`StoreError::Superseded`] where there is another grant by now: what did not pass under one may pass under the next.
    async fn settle(&self, settlement: Settlement) -> Result<()>;

    /// How many events of a connection stand where: state → count.
    async fn outbox_counts(&self, connection: ConnectionId) -> Result<std::collections::BTreeMap<String, u32>>;

    /// Where each event of an order stands, in their order.
    async fn order_outcomes(&self, connection: ConnectionId, order: &str) -> Result<Vec<OrderOutcome>>;

    /// What is known of an order's creation.
    async fn order_push(&self, connection: ConnectionId, order: &str) -> Result<OrderPush>;
}
