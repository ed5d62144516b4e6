//! Connections that take over from others: a shop that moved to another business has a new connection with a tag of its own, and the old one
//! ends what it sent. Never sends anything, and never pairs a record that a person has not confirmed.

use async_trait::async_trait;

use super::{ConnectionId, Result};
use crate::clock::Instant;

/// What is asked of connections that take over from others.
#[async_trait]
pub trait Successions {
    /// From now on `successor` makes the orders of `connection`. Those of which no byte has left go over with their events, waiting and failed ones;
    /// what was sent stays, to be settled, cancelled and reconciled where it is. The old connection's streams of records are switched off, since
    /// two businesses would write the same levels. Says how many orders went over. Fails with [`StoreError::Refused`](super::StoreError::Refused)
    /// where the two do not go together.
    async fn succeed(&self, connection: ConnectionId, successor: ConnectionId, at: Instant) -> Result<u32>;

    /// The connection that took over from this one.
    async fn successor(&self, connection: ConnectionId) -> Result<Option<ConnectionId>>;

    /// The connection that what happens to this order is for: the one it was given to, as long as that knows the order, else the last of those
    /// that took over.
    async fn goes_to(&self, connection: ConnectionId, order: &str) -> Result<ConnectionId>;

    /// Gives an order over of which no byte has left. Says whether it went.
    async fn hand_over(&self, connection: ConnectionId, order: &str, at: Instant) -> Result<bool>;

    /// Whether an order was made before this connection took over from another: for that one's pairs.
    async fn came_over(&self, connection: ConnectionId, order: &str) -> Result<bool>;

    /// A person confirms, in one go, every pair that waits with one free candidate which no other waiting record has. They come in when they are
    /// read again, which this asks for. Says how many.
    async fn confirm_pairs(&self, connection: ConnectionId, at: Instant) -> Result<u32>;
}
