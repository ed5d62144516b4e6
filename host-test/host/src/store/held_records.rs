//! What the other side said and Nobi has not taken in, until a person decides.

use async_trait::async_trait;

use super::{ConnectionId, Note, Result};
use crate::clock::Instant;
use crate::contract::types::{Entity, Message};

/// A record of which something waits for a person's word.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRecord {
    /// What it is.
    pub entity: Entity,
    /// Its id at the other side.
    pub remote: String,
    /// The stable code of why.
    pub code: String,
    /// What happened, for people.
    pub message: Message,
    /// Since when it waits.
    pub since: Instant,
    /// A person said to keep what Nobi has: it stands still until the other side says so, too, or a person takes that back.
    pub kept: bool,
}

/// What is asked of them.
#[async_trait]
pub trait HeldRecords {
    /// What waits for a person, and what stands still by a person's word, oldest first.
    async fn held_records(&self, connection: ConnectionId) -> Result<Vec<HeldRecord>>;

    /// Keeps what a person said of these records: to take in what the other side says, which is read anew for it, or to keep what Nobi has until
    /// the other side says what Nobi has, too. What was kept may be taken in later. `note`: who, when, of which code, and why, where that was asked
    /// for. Says of how many that is news.
    async fn decide_held_records(
        &self,
        connection: ConnectionId,
        entity: Entity,
        remotes: Vec<String>,
        take: bool,
        note: Note,
    ) -> Result<u32>;
}
