//! What became of a connection, told one entry after the other. The list only grows: nothing in it is rewritten, and only a purge of the whole
//! connection takes it away. Never holds a person's data, since it outlives an erasure.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;

use super::{ConnectionId, Result};
use crate::clock::Instant;

/// The codes of the list. Each entry is written in the transaction of what it tells.
pub mod code {
    /// A draft was made.
    pub const DRAFT_MADE: &str = "event.draft-made";
    /// The form was kept: the keys of its fields, never a value.
    pub const FORM_SAVED: &str = "event.form-saved";
    /// A login brought a grant.
    pub const GRANTED: &str = "event.granted";
    /// With that grant the connection is another one at the other side: another dialect, another app.
    pub const MOVED: &str = "event.moved";
    /// A person of the page gave the grant.
    pub const OPERATOR_CONNECTED: &str = "event.operator-connected";
    /// The connection, or the stream that is the subject, pauses.
    pub const PAUSED: &str = "event.paused";
    /// It goes on.
    pub const RESUMED: &str = "event.resumed";
    /// A pull was queued.
    pub const RUN_BEGUN: &str = "event.run-begun";
    /// A pull ended, well or not, with what became of its records.
    pub const RUN_ENDED: &str = "event.run-ended";
    /// An order's event ended: how, and the order's id at the other side.
    pub const ORDER_ENDED: &str = "event.order-ended";
    /// The other side refused an order for want of something: it waits. Told once until that is over.
    pub const ORDER_HELD: &str = "event.order-held";
    /// The facts of a delivery are in. A repeat is not told.
    pub const DELIVERY_APPLIED: &str = "event.delivery-applied";
    /// A delivery was kept, to be worked on again.
    pub const DELIVERY_KEPT: &str = "event.delivery-kept";
    /// An order's event or a delivery waits for a person.
    pub const DEAD_LETTER: &str = "event.dead-letter";
    /// A person had it tried again.
    pub const REPLAYED: &str = "event.replayed";
    /// Another connection took over from this one, or this one from another.
    pub const SUCCEEDED: &str = "event.succeeded";
    /// A person set it aside.
    pub const DISCARDED: &str = "event.discarded";
    /// A person chose a record's pair.
    pub const PAIR_DECIDED: &str = "event.pair-decided";
    /// A person said what becomes of something that the other side says otherwise.
    pub const HELD_DECIDED: &str = "event.held-decided";
    /// One customer's data was erased.
    pub const ERASED: &str = "event.erased";
    /// Data was handed out.
    pub const EXPORTED: &str = "event.exported";
    /// Token and secrets were forgotten.
    pub const DISCONNECTED: &str = "event.disconnected";
    /// Everything of the connection was erased; the one entry that stays of it.
    pub const PURGED: &str = "event.purged";
    /// The host's file came back from a copy.
    pub const RESTORED: &str = "event.restored";
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// Row id: a later entry has a higher one.
    pub id: i64,
    /// Whose it is.
    pub connection: ConnectionId,
    /// When.
    pub at: Instant,
    /// What happened; one of [`code`].
    pub code: String,
    /// What it is about: `order-17`, `delivery-4`, `run-5`, an entity's name; none: the connection.
    pub subject: Option<String>,
    /// More of it, without anybody's personal data.
    pub detail: Value,
}

/// One line for a person.
impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.subject.as_deref().unwrap_or("–"))?;
        match self.detail.as_object() {
            Some(detail) if detail.is_empty() => Ok(()),
            _ => write!(f, " {}", self.detail),
        }
    }
}

/// What is asked of the event list.
#[async_trait]
pub trait Events {
    /// The entries of a connection behind this one, oldest first. Behind 0: from the beginning.
    async fn events(&self, connection: ConnectionId, after: i64, most: u32) -> Result<Vec<Event>>;
}
