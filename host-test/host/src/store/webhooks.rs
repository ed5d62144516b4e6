//! How webhooks stand, as the other side last called them: rightly, wrongly, to try the address, and which event when. What a delivery means
//! is the inbox's.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{ConnectionId, Result};
use crate::clock::Instant;
use crate::contract::types::Message;

/// How a connection's webhooks stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookHealth {
    /// The last call with the right proof, a probe's included.
    pub proven: Option<Instant>,
    /// The last call with a wrong proof, or without the one that it must have.
    pub refused: Option<Instant>,
    /// The last probe that counted.
    pub probed: Option<Instant>,
    /// When each event came last, by the other side's name for it.
    pub arrived: BTreeMap<String, Instant>,
}

/// A call that tries the address.
#[derive(Clone, Debug)]
pub struct Probe {
    /// It carried the right proof.
    pub proven: bool,
    /// The events that it says are ticked; none: it does not say.
    pub ticked: Option<Vec<String>>,
    /// What people are told of those that are not.
    pub missing: Option<Message>,
}

/// What is asked of how webhooks stand.
#[async_trait]
pub trait Webhooks {
    /// A call with a wrong proof, or without one: with a notice, until a right one comes.
    async fn webhook_refused(&self, connection: ConnectionId, at: Instant, told: Message) -> Result<()>;

    /// A delivery that cannot be proven, since the connection has nothing to prove it by: with a notice, until a right one comes.
    async fn webhook_unproven(&self, connection: ConnectionId, at: Instant, told: Message) -> Result<()>;

    /// A probe. What the one before said of ticked events does not count any more.
    async fn webhook_probed(&self, connection: ConnectionId, at: Instant, probe: Probe) -> Result<()>;

    /// A proven delivery that means nothing here; `event`, where it is known.
    async fn webhook_arrived(&self, connection: ConnectionId, at: Instant, event: Option<String>) -> Result<()>;

    /// How the webhooks of a connection stand.
    async fn webhook_health(&self, connection: ConnectionId) -> Result<WebhookHealth>;
}
