//! One person's data, and one connection's: handed out, erased, and left behind for good. What is erased is gone from the file's bytes as well;
//! what is at the other side stays there, and is named so that a person can ask for it there.

use std::str::FromStr;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;

use super::redact::phone_key;
use super::{ConnectionId, Result};
use crate::clock::Instant;
use crate::contract::types::Reason;

/// Which customer is meant. A phone is the person: what is found under it goes along, whichever way the customer was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustomerKey {
    /// By a phone, in any spelling.
    Phone(String),
    /// By Nobi's id.
    Id(i64),
}

impl FromStr for CustomerKey {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let text = text.trim();
        if text.starts_with(['0', '+']) || text.chars().filter(char::is_ascii_digit).count() >= 9 {
            let plain = text.chars().all(|it| it.is_ascii_digit() || matches!(it, '+' | ' ' | '.' | '-' | '(' | ')'));
            let phone = phone_key(text).filter(|_| plain).map(|_| CustomerKey::Phone(text.to_owned()));
            return phone.ok_or_else(|| format!("`{text}` is no phone number: it has 9 digits or more behind its 0 or +84"));
        }
        let id = text.parse().ok().filter(|id| *id > 0).map(CustomerKey::Id);
        id.ok_or_else(|| format!("`{text}` names no customer: give a phone such as 0912345678, or Nobi's id"))
    }
}

/// What is left of an erased customer at the other side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Remaining {
    /// By which connection it went there.
    pub connection: ConnectionId,
    /// `customer` or `order`.
    pub entity: &'static str,
    /// Its id there, where that is known.
    pub remote: Option<String>,
    /// What an order is called there. Without `remote` it may have arrived, and is found by this.
    pub own_id: Option<String>,
}

/// What an erasure came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Erased {
    /// Customers of Nobi that are gone.
    pub customers: u32,
    /// Orders that no longer say whose they are.
    pub orders: u32,
    /// Order events that will not go out any more.
    pub stopped: u32,
    /// Other rows that named the person: remarks, failures, notices, notes, deliveries.
    pub mentions: u32,
    /// What is still at the other side.
    pub remaining: Vec<Remaining>,
    /// What was deleted is written over in the file, too. Otherwise others were reading it: the same erasure again sees to that.
    pub written_over: bool,
}

impl Erased {
    /// Whether nothing was known of the person.
    pub fn is_nothing(&self) -> bool {
        *self == Erased { written_over: self.written_over, ..Erased::default() }
    }
}

/// What is asked of the store about people's data.
#[async_trait]
pub trait Privacy {
    /// Everything that is held of a connection, or of one customer of its tenant, as JSON: by table, secrets left out. The hand-out is told in
    /// the event list first.
    async fn export(&self, connection: ConnectionId, of: Option<CustomerKey>, at: Instant) -> Result<Value>;

    /// Erases one customer of the connection's tenant, in all of the tenant's connections. Pairs stay as tombstones, so that no sync brings
    /// the customer back; orders keep their lines, sums and pairs. Fails with [`StoreError::Refused`](super::StoreError::Refused) while an
    /// order of the customer's is on its way this very moment.
    async fn erase(&self, connection: ConnectionId, of: CustomerKey, at: Instant) -> Result<Erased>;

    /// Forgets a connection's token and secrets, and pauses it for this reason. Links and history stay: a login goes on from there.
    async fn disconnect(&self, connection: ConnectionId, reason: Reason, at: Instant) -> Result<()>;

    /// Erases a connection with its links and its history. Nobi's own records stay. Its number and its tag are never given again.
    async fn purge(&self, connection: ConnectionId, at: Instant) -> Result<()>;

    /// Writes over what was deleted, so that it is not in the file's bytes any more. Takes as long as writing the whole file anew, and
    /// others wait with their writing meanwhile. A retry helps where others were reading.
    async fn scrub(&self) -> Result<()>;
}
