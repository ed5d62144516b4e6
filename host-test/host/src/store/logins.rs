//! Logins under way, and the grants that they end in. A grant, what its login changes and what that makes stale are one transaction: until it
//! is committed everything is as it was, and a grant that is refused leaves no trace.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use super::{Connection, ConnectionId, Footing, Result};
use crate::clock::Instant;
use crate::contract::types::{Account, Reason};
use crate::secret::Secrets;

/// What a login changes in the form, once its grant is there.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// By the field's key; none: the field is emptied.
    pub settings: BTreeMap<String, Option<String>>,
    /// New values of secret fields.
    pub secrets: Secrets,
}

impl Changes {
    /// What these settings become.
    pub fn over(&self, settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut changed = settings.clone();
        for (key, value) in &self.settings {
            match value {
                Some(value) => changed.insert(key.clone(), value.clone()),
                None => changed.remove(key),
            };
        }
        changed
    }

    /// The keys of the fields that it changes.
    pub fn keys(&self) -> Vec<&str> {
        let secrets = self.secrets.iter().map(|(name, _)| name);
        self.settings.keys().map(String::as_str).chain(secrets).collect()
    }
}

/// A login that a person has not come back from yet.
#[derive(Clone, Debug)]
pub struct PendingLogin {
    /// Whose it is.
    pub connection: ConnectionId,
    /// What it changes.
    pub changes: Changes,
}

/// A grant that an exchange brought.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What the exchange was made under.
    pub footing: Footing,
    /// The settings that the exchange was told.
    pub settings: BTreeMap<String, String>,
    /// What it gave.
    pub account: Account,
    /// The secrets that were taken out of its reply.
    pub captured: Secrets,
    /// What the login changes.
    pub changes: Changes,
    /// Key of the field that names the app.
    pub app_field: String,
    /// The connection is another one at the other side than before (another dialect, another app): no cursor of before means anything, and
    /// every stream reaches so much further back.
    pub moved: Option<Duration>,
    /// The notice that goes with it.
    pub told: Option<Reason>,
}

/// What is asked of logins and grants.
#[async_trait]
pub trait Logins {
    /// Remembers that a login began; `state` is the hash of what the person's cookie holds.
    async fn remember_login(&self, state: [u8; 32], id: ConnectionId, changes: Changes, at: Instant) -> Result<()>;

    /// Whose login that is, if it began not before `since` and nobody has come back from it. Takes nothing.
    async fn login_of(&self, state: [u8; 32], since: Instant) -> Result<Option<ConnectionId>>;

    /// Takes a login that began not before `since`. It can be taken once.
    async fn take_login(&self, state: [u8; 32], since: Instant) -> Result<Option<PendingLogin>>;

    /// Keeps a grant that no person has said yes to yet, under the state of the login that brought it. Nothing of it is in force.
    async fn keep_landed(&self, state: [u8; 32], grant: Grant, at: Instant) -> Result<()>;

    /// Whose grant waits so, and of which account, if it was kept not before `since`.
    async fn landed(&self, state: [u8; 32], since: Instant) -> Result<Option<(ConnectionId, Account)>>;

    /// Takes such a grant. It can be taken once.
    async fn take_landed(&self, state: [u8; 32], since: Instant) -> Result<Option<Grant>>;

    /// Keeps a new grant. Account, secrets, state, what the login changed, the notice and, where the connection moved, its emptied cursors
    /// are one transaction. Refused, and then nothing changes: another account than before, an account that another connection of the tenant
    /// has ([`StoreError::Connected`](super::StoreError::Connected)), and a login whose settings are not the connection's any more, because
    /// another grant came first or because the form of a first one was filled in anew.
    async fn grant(&self, grant: Grant, at: Instant) -> Result<Connection>;
}
