//! Connections: what the merchant filled in, what the grant gave, the state, the notices. Secrets are sealed here and opened here, and never
//! stand in a row in clear.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Changes, ConnectionId, Lease, Result};
use crate::clock::Instant;
use crate::contract::types::{Account, Message, Reason};
use crate::outbound::Overrides;
use crate::secret::Secrets;

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionState {
    /// The form is open; there has been no grant yet.
    Draft,
    /// It works.
    Active,
    /// A person has to do something; nothing is dropped meanwhile.
    Paused,
}

impl ConnectionState {
    pub(super) fn from_text(text: &str) -> ConnectionState {
        match text {
            "active" => ConnectionState::Active,
            "paused" => ConnectionState::Paused,
            _ => ConnectionState::Draft,
        }
    }
}

/// One tenant's connection to one account of the other side.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Row id.
    pub id: ConnectionId,
    /// Whose it is.
    pub tenant: String,
    /// The connector's id, as its descriptor says.
    pub connector: String,
    /// First part of every own id: four of `[a-z0-9]`, unique among all connections.
    pub tag: String,
    /// Random part of the callback address.
    pub hook: String,
    /// Where it stands.
    pub state: ConnectionState,
    /// Why it is paused.
    pub pause: Option<Reason>,
    /// The form's values by key, secrets left out.
    pub settings: BTreeMap<String, String>,
    /// What the operator replaced: origins, paces.
    pub overrides: Overrides,
    /// What the grant gave.
    pub account: Option<Account>,
    /// The events that the last probe said are ticked.
    pub events: Option<Vec<String>>,
    /// Counts the grants: 0 before the first.
    pub generation: i64,
    /// Since when the other side has answered with nothing but pages that cannot be read.
    pub unreadable_since: Option<Instant>,
    /// When it was made.
    pub created: Instant,
    /// The number of the lease that work for it is done under; none outside a worker.
    pub fence: Option<i64>,
}

/// What a piece of work stands on: a connection as one grant made it. Once there is another grant, what was asked under the one before says
/// nothing of the connection any more: its pages are thrown away, and its failures pause nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footing {
    /// The connection.
    pub connection: ConnectionId,
    /// Which of its grants.
    pub generation: i64,
    /// The number of the lease that the work is done under; none outside a worker. Once another worker has the connection, what this one still
    /// writes is refused.
    pub fence: Option<i64>,
}

impl Connection {
    /// What work that begins now stands on.
    pub fn footing(&self) -> Footing {
        Footing { connection: self.id, generation: self.generation, fence: self.fence }
    }

    /// The connection as a worker with this lease sees it.
    pub fn under(self, lease: Lease) -> Connection {
        Connection { fence: Some(lease.fence), ..self }
    }
}

/// What a new connection begins with.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Whose it is.
    pub tenant: String,
    /// The connector's id.
    pub connector: String,
    /// What the operator replaced.
    pub overrides: Overrides,
}

/// What a notice of webhooks is about: a right delivery takes it back.
pub const OF_WEBHOOKS: &str = "webhooks";

/// Something that a person should know of a connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// When it first came.
    pub at: Instant,
    /// Stable.
    pub code: String,
    /// In Vietnamese.
    pub vi: String,
    /// In English.
    pub en: String,
    /// How often it came.
    pub times: u32,
    /// Row id; none: it is worked out anew each time, and goes with what it tells of.
    #[serde(skip)]
    pub id: Option<i64>,
    /// What it is about, and goes with: `connection`, `webhooks`, `orders`, an entity, `entity/id`. Empty: it stands until it was seen.
    #[serde(skip)]
    pub about: String,
}

/// What is asked of connections.
#[async_trait]
pub trait Connections {
    /// Makes a draft with its final callback address and tag.
    async fn create_connection(&self, new: NewConnection, at: Instant) -> Result<Connection>;

    /// One connection.
    async fn connection(&self, id: ConnectionId) -> Result<Connection>;

    /// All connections, oldest first.
    async fn connections(&self) -> Result<Vec<Connection>>;

    /// The connection that a callback address names, and the secrets that its deliveries are proven with, of one moment.
    async fn connection_by_hook(&self, hook: &str) -> Result<Option<(Connection, Secrets)>>;

    /// The same tenant's connection with this app and this account: an app's one callback address serves all its accounts.
    async fn connection_by_account(&self, like: &Connection, app: &str, account: &str) -> Result<Option<Connection>>;

    /// Takes a draft back that never came to a grant. A connection that had one stays.
    async fn discard_draft(&self, id: ConnectionId) -> Result<bool>;

    /// Keeps what the form changes. `app_field`: the field that names the app. Fails with [`StoreError::Superseded`](super::StoreError::Superseded) where there is another
    /// grant by now, which the changes were not held against.
    async fn save_form(&self, footing: Footing, app_field: &str, changes: Changes, at: Instant) -> Result<()>;

    /// The secrets of a connection, opened.
    async fn secrets(&self, id: ConnectionId) -> Result<Secrets>;

    /// The secrets that go with one grant. Fails with [`StoreError::Superseded`](super::StoreError::Superseded) where there is another by now: its token and the settings
    /// of the one before do not belong together.
    async fn secrets_of(&self, footing: Footing) -> Result<Secrets>;

    /// Pauses a connection, with one notice. Nothing is dropped. One that is paused for another reason keeps that, and is told this one.
    /// Fails with [`StoreError::Superseded`](super::StoreError::Superseded) where there is another grant by now: the reason was about the one before.
    async fn pause(&self, footing: Footing, at: Instant, reason: Reason) -> Result<()>;

    /// Keeps since when there have been nothing but pages that cannot be read; a readable answer ends that. Says since when.
    async fn heard(&self, footing: Footing, readable: bool, at: Instant) -> Result<Option<Instant>>;

    /// Adds a notice, or counts one more where the same is shown already. `about`: see [`Notice::about`].
    async fn notify(&self, id: ConnectionId, at: Instant, about: &str, code: &str, message: Message) -> Result<()>;

    /// Adds a notice of the connection unless one with its code is shown already. It takes the place of those whose code begins like this.
    async fn notify_once(&self, id: ConnectionId, at: Instant, code: &str, instead_of: &str, message: Message) -> Result<()>;

    /// A person has seen this notice: it goes. What is still so will be told again when it happens again.
    async fn seen(&self, id: ConnectionId, notice: i64) -> Result<()>;

    /// The notices of a connection, oldest first.
    async fn notices(&self, id: ConnectionId) -> Result<Vec<Notice>>;
}
