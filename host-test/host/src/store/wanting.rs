//! Orders that wait for something at the other side: it refused them for want of a product, say, and not for anything in them. They go by
//! themselves once it allows; what a person sees of them is one line for each thing that is wanting, worked out from who waits for it, so
//! that it goes when the last of them has gone. Never decides what is held: a failure's class does.

use async_trait::async_trait;
use serde::Serialize;

use super::{ConnectionId, Footing, Result};
use crate::clock::Instant;
use crate::contract::types::Failure;
use crate::nobi::Policies;

/// The code of what an order waits for that came over from another connection, and names what this one has no pair of yet.
pub(crate) const PAIRS_AWAITED: &str = "order.pairs-awaited";

/// An order that was refused for want of something.
#[derive(Clone, Debug)]
pub struct HeldOrder {
    /// Whose it is, and under which grant it was refused.
    pub footing: Footing,
    /// Nobi's id of the order.
    pub order: String,
    /// What it was refused with; its subject is what is wanting.
    pub failure: Failure,
    /// The branch that it leaves from, by the other side's id.
    pub place: Option<String>,
    /// How much of the subject it wants, in thousandths.
    pub quantity: i64,
    /// What the toggles say: with stock switched off no level is asked for.
    pub flows: Policies,
    /// When.
    pub at: Instant,
}

/// One thing that is wanting, and who waits for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wanting {
    /// The failure's code.
    pub code: String,
    /// What is wanting, by the other side's id.
    pub subject: Option<String>,
    /// Since when somebody waits for it.
    pub since: Instant,
    /// How many orders wait.
    pub orders: u32,
    /// The latest refusal.
    pub failure: Failure,
}

/// What is asked of orders that wait for something at the other side.
#[async_trait]
pub trait HeldOrders {
    /// Keeps that an order waits, and has the level of what is wanting read at once where that is a product of the connection's. Says how many
    /// refusals in a row that makes. The order's next outcome ends it, and has the next one of those that wait for the same thing tried.
    async fn hold(&self, held: HeldOrder) -> Result<u32>;

    /// What a connection's orders wait for, what has been wanting longest first.
    async fn wanting(&self, connection: ConnectionId) -> Result<Vec<Wanting>>;
}
