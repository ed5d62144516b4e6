//! When each stream is asked for by itself. A stream that is not polled has no row, so that an idle connection costs nothing, and what is due
//! is one look at an index. Never decides what is polled: `work` does, by the merchant's policies.

use async_trait::async_trait;

use super::{Connection, ConnectionId, Result};
use crate::clock::Instant;
use crate::contract::Scope;
use crate::contract::types::Entity;
use crate::nobi::Policies;

/// What a poll of a stream asks for, as far as its connector is known to support it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// What changed since the last whole run.
    Changes,
    /// All there is: this connector, or this version of the other side, cannot say what changed.
    Whole,
    /// Nothing: it supports neither. Kept so that it is not tried again before there is another grant.
    Never,
}

/// Something of an active connection that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose it is.
    pub connection: ConnectionId,
    /// The stream to poll. None: what is polled has to be worked out anew, since the form, the grant or a policy has changed.
    pub entity: Option<Entity>,
    /// What to ask for.
    pub way: Way,
}

/// The orders of a connection whose end at the other side is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenOrders {
    /// Their ids at the other side, the oldest first, at most as many as were asked for.
    pub remotes: Vec<String>,
    /// When the first byte of the oldest went out, where that is known.
    pub since: Option<Instant>,
}

/// What is asked of schedules. A changed policy, a saved form and a grant make their connection due to be planned anew.
#[async_trait]
pub trait Schedules {
    /// What is due by now in active connections, the longest overdue first.
    async fn due(&self, now: Instant, most: u32) -> Result<Vec<Due>>;

    /// When the next is due in an active connection.
    async fn next_poll(&self) -> Result<Option<Instant>>;

    /// Makes every connection due to be planned anew where what decides it, told as one text, is another than the last time: a connector or the
    /// host's own figures have changed. Says whether it was.
    async fn plan_by(&self, rules: &str) -> Result<bool>;

    /// Keeps what is polled of a connection, and when first: those of `firsts` whose policy (the merchant's choice over `flows`) polls, and no
    /// others. One that is there keeps its time, and what is known of it under the same grant. Says whether it was kept: not where the form
    /// or the grant changed since `of` was read, and then it is still due to be planned anew.
    async fn plan(&self, of: &Connection, flows: Policies, firsts: Vec<(Entity, Instant)>) -> Result<bool>;

    /// Moves a stream's time to `next` and begins the run, in one transaction, unless one of the stream is under way. Without a scope only the
    /// time moves. One that is not due any more by `at` stays as it is: somebody else was first. The newest 50 polls of a stream are kept.
    async fn poll(&self, due: Due, scope: Option<Scope>, at: Instant, next: Instant) -> Result<Option<i64>>;

    /// When the newest run of a stream began that covered everything and came to its end; none where none did, or is not kept any more.
    async fn last_sweep(&self, connection: ConnectionId, entity: Entity) -> Result<Option<Instant>>;

    /// What is polled of a connection, and when next.
    async fn schedule(&self, connection: ConnectionId) -> Result<Vec<(Entity, Instant)>>;

    /// The orders that are linked, or may have arrived and are still on their way, and have not come to their end at the other side; for a day after
    /// its last send also one that ended because it never arrived, since it may show up all the same.
    async fn open_orders(&self, connection: ConnectionId, most: u32, now: Instant) -> Result<OpenOrders>;
}

/// Whether a stream with this policy is polled. A status is shown beside its order whatever its policy, which is about moving Nobi's own.
pub(crate) fn is_polled(policies: &Policies, entity: Entity) -> bool {
    use crate::contract::Policy::{KeepUpdated, Off, Scheduled};
    match (entity, policies.of(entity)) {
        (_, Off) => false,
        (Entity::OrderStatus, _) | (_, KeepUpdated | Scheduled) => true,
        _ => false,
    }
}
