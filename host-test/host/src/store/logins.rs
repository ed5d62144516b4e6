//! Logins under way, and the grants that they end in. A grant, what its login changes and what that makes stale are one transaction: until it
//! is committed everything is as it was, and a grant that is refused leaves no trace.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use zeroize::Zeroizing;

use super::connections::{Footing, load, notify, put_sealed};
use super::queue::Lane;
use super::{Connection, ConnectionId, Result, Store, StoreError, from_json, to_json};
use crate::clock::Instant;
use crate::contract::Scope;
use crate::contract::types::{Account, Reason};
use crate::secret::{Secret, Secrets};

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
#[derive(Debug)]
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

fn place(id: ConnectionId) -> String {
    format!("{id}/pending-login")
}

impl Store {
    /// Remembers that a login began; `state` is the hash of what the person's cookie holds.
    pub async fn remember_login(&self, state: [u8; 32], id: ConnectionId, changes: Changes, at: Instant) -> Result<()> {
        let settings = to_json(&changes.settings)?;
        let secrets: BTreeMap<&str, &str> = changes.secrets.iter().map(|(name, secret)| (name, secret.expose())).collect();
        let sealed = match secrets.is_empty() {
            true => None,
            false => Some(self.sealer.seal(&place(id), &Zeroizing::new(to_json(&secrets)?))?),
        };
        self.write(move |sqlite| {
            sqlite.execute(
                "INSERT INTO pending_login (state, connection, created, settings, secrets) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![state, id, at, settings, sealed],
            )?;
            Ok(())
        })
        .await
    }

    /// Takes a login that began not before `since`. It can be taken once.
    pub async fn take_login(&self, state: [u8; 32], since: Instant) -> Result<Option<PendingLogin>> {
        let row = self
            .write(move |sqlite| {
                sqlite.execute("DELETE FROM pending_login WHERE created < ?1", [since])?;
                let row = sqlite.query_row(
                    "DELETE FROM pending_login WHERE state = ?1 RETURNING connection, settings, secrets",
                    [state],
                    |row| Ok((row.get::<_, ConnectionId>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<Vec<u8>>>(2)?)),
                );
                Ok(row.optional()?)
            })
            .await?;
        let Some((connection, settings, sealed)) = row else { return Ok(None) };
        let mut secrets = Secrets::default();
        if let Some(sealed) = sealed {
            let opened = self.sealer.open(&place(connection), &sealed)?;
            for (name, value) in from_json::<BTreeMap<String, String>>(&opened)? {
                secrets.insert(name, Secret::new(value));
            }
        }
        Ok(Some(PendingLogin { connection, changes: Changes { settings: from_json(&settings)?, secrets } }))
    }

    /// Keeps a new grant. Account, secrets, state, what the login changed, the notice and, where the connection moved, its emptied cursors
    /// are one transaction. Refused, and then nothing changes: another account than before, and a login whose settings are not the
    /// connection's any more because another grant came first.
    pub async fn grant(&self, grant: Grant, at: Instant) -> Result<Connection> {
        let id = grant.footing.connection;
        let mut sealed = self.seal_all(id, &grant.changes.secrets)?;
        sealed.extend(self.seal_all(id, &grant.captured)?);
        self.write(move |sqlite| {
            let before = load(sqlite, id)?;
            let Grant { footing, account, .. } = &grant;
            if let Some(known) = before.account.as_ref().filter(|known| known.id != account.id) {
                return Err(StoreError::Refused(format!(
                    "Kết nối này thuộc doanh nghiệp {}; bạn vừa đăng nhập doanh nghiệp {}. Hãy đăng nhập đúng doanh nghiệp, hoặc tạo kết nối mới. \
                     (This connection belongs to business {}; the login was for {}. Log in to the right one, or make a new connection.)",
                    known.id, account.id, known.id, account.id
                )));
            }
            let settings = grant.changes.over(&before.settings);
            if before.generation != footing.generation && settings != grant.settings {
                return Err(StoreError::Refused(
                    "Kết nối vừa được cấp quyền theo một lần đăng nhập khác. Hãy đăng nhập lại nếu vẫn cần. (Another login gave the connection \
                     another grant meanwhile. Log in again if that is still needed.)"
                        .to_owned(),
                ));
            }
            let app = settings.get(&grant.app_field).map_or("", String::as_str);
            sqlite.execute(
                "UPDATE connection SET state = 'active', pause = NULL, account = ?2, account_id = ?3, settings = ?4, app = ?5,
                   generation = generation + 1, unreadable_since = NULL WHERE id = ?1",
                params![id, to_json(account)?, account.id, to_json(&settings)?, app],
            )?;
            put_sealed(sqlite, id, &sealed)?;
            // A new grant ends on another day: its notices begin anew.
            sqlite.execute("DELETE FROM notice WHERE connection = ?1 AND code LIKE 'grant.%'", [id])?;
            if let Some(overlap) = grant.moved {
                start_over(sqlite, id, i64::try_from(overlap.as_millis()).unwrap_or(i64::MAX), at)?;
            }
            if let Some(told) = &grant.told {
                notify(sqlite, id, at, &told.code, &told.message)?;
            }
            load(sqlite, id)
        })
        .await
    }
}

/// What was begun before a move and is not ended begins anew, `overlap` milliseconds further back where it reaches back at all: two dialects
/// need not agree on when a record changed. What came in stays, and so do links, orders on their way and what is known of them.
fn start_over(sqlite: &Sqlite, id: ConnectionId, overlap: i64, at: Instant) -> Result<()> {
    let mut statement = sqlite.prepare_cached("SELECT id, scope FROM run WHERE connection = ?1 AND state IN ('waiting', 'running')")?;
    let runs = statement.query_map([id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    let runs = runs.collect::<std::result::Result<Vec<_>, _>>()?;
    for (run, scope) in runs {
        let scope = match from_json(&scope)? {
            Scope::Since(since) => Scope::Since(since.saturating_sub(overlap)),
            other => other,
        };
        sqlite
            .prepare_cached("UPDATE run SET cursor = NULL, done = 0, total = NULL, failure = NULL, scope = ?2 WHERE id = ?1")?
            .execute(params![run, to_json(&scope)?])?;
    }
    // What paused a stream was said of the grant before.
    sqlite.execute("UPDATE stream SET last_success = last_success - ?2, pause = NULL WHERE connection = ?1", params![id, overlap])?;
    sqlite.execute(
        "UPDATE work SET due = min(due, ?2), attempts = 0 WHERE connection = ?1 AND lane = ?3 AND state = 'ready'",
        params![id, at, Lane::Bulk as i64],
    )?;
    // They were begun with the settings of before.
    sqlite.execute("DELETE FROM pending_login WHERE connection = ?1", [id])?;
    Ok(())
}
