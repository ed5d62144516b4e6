//! Dead letters: what will not go on by itself, and waits for a person. An order event that failed, and a delivery that nobody could work on.
//! Nothing here decides what is dead: a failure's class does for orders, the number of tries for deliveries.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{ConnectionId, Note, Result};
use crate::clock::Instant;
use crate::contract::types::Failure;

/// What a dead letter is called: `order-17`, `delivery-4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LetterId {
    /// An event of an order, by its row.
    Order(i64),
    /// A delivery, by its row.
    Delivery(i64),
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LetterId::Order(row) => write!(f, "order-{row}"),
            LetterId::Delivery(row) => write!(f, "delivery-{row}"),
        }
    }
}

impl FromStr for LetterId {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<i64>().ok().filter(|row| *row > 0);
        let parsed = match text.split_once('-') {
            Some(("order", row)) => number(row).map(LetterId::Order),
            Some(("delivery", row)) => number(row).map(LetterId::Delivery),
            _ => None,
        };
        parsed.ok_or_else(|| format!("`{text}` is no dead letter's id: they look like order-17 and delivery-4"))
    }
}

impl Serialize for LetterId {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What waits for a person.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    /// What it is called.
    pub id: LetterId,
    /// Since when it waits, where that was written down.
    pub since: Option<Instant>,
    /// The order's code as people know it, or the delivery's event where that is known.
    pub about: Option<String>,
    /// Why it did not pass the last time.
    pub failure: Option<Failure>,
    /// How often a delivery was tried.
    pub tries: Option<u32>,
}

/// What became of a wish to have a dead letter tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replay {
    /// It is queued.
    Queued,
    /// Left alone: a later event of the same order has gone out, and the older one would undo it.
    Overtaken,
    /// There is no such dead letter.
    Missing,
}

/// What is asked of dead letters.
#[async_trait]
pub trait DeadLetters {
    /// All of a connection's, orders first, oldest first; 2,000 of each kind at the most.
    async fn dead_letters(&self, connection: ConnectionId) -> Result<Vec<DeadLetter>>;

    /// What a dead letter holds, for a person who looks into it: the order and where each of its events stands, or the delivery's body.
    async fn letter_content(&self, connection: ConnectionId, id: LetterId) -> Result<Option<Value>>;

    /// Queues dead letters again, but no event that a later one of the same order has overtaken. Says what became of each.
    async fn replay(&self, connection: ConnectionId, ids: Vec<LetterId>, at: Instant) -> Result<Vec<(LetterId, Replay)>>;

    /// Sets dead letters aside, with a note. Says how many there were.
    async fn discard_letters(&self, connection: ConnectionId, ids: Vec<LetterId>, note: Note) -> Result<u32>;

    /// Counts a try of a kept delivery that came to nothing. After so many of them it is a dead letter, which this tells; its work is over then.
    async fn delivery_failed(&self, id: i64, failure: Failure, most: u32, at: Instant) -> Result<bool>;
}
