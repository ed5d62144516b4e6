//! The SQL of logins under way and of the grants that they end in, each grant one transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use super::connections::{OF_CONNECTION, load, notify, put_sealed, take_back};
use super::events::append;
use super::schedule::mark;
use super::{SqliteStore, from_json, to_json, webhooks};
use crate::clock::Instant;
use crate::contract::Scope;
use crate::contract::types::{Account, Reason};
use crate::secret::{Secret, Secrets};
use crate::store::events::code;
use crate::store::{Changes, Connection, ConnectionId, ConnectionState, Footing, Grant, Lane, Logins, PendingLogin, Result, StoreError};

fn place(id: ConnectionId) -> String {
    format!("{id}/pending-login")
}

fn landed_place(id: ConnectionId) -> String {
    format!("{id}/landed-grant")
}

/// A grant that waits for a person's word, but for its connection and its secrets.
#[derive(Serialize, Deserialize)]
struct Landed {
    generation: i64,
    settings: BTreeMap<String, String>,
    account: Account,
    app_field: String,
    moved: Option<Duration>,
    told: Option<Reason>,
}

impl SqliteStore {
    fn seal_login(&self, place: &str, secrets: &Secrets) -> Result<Option<Vec<u8>>> {
        let secrets: BTreeMap<&str, &str> = secrets.iter().map(|(name, secret)| (name, secret.expose())).collect();
        let text = Zeroizing::new(to_json(&secrets)?);
        Ok((!secrets.is_empty()).then(|| self.sealer.seal(place, &text)).transpose()?)
    }

    fn open_login(&self, place: &str, sealed: Option<Vec<u8>>) -> Result<Secrets> {
        let mut secrets = Secrets::default();
        if let Some(sealed) = sealed {
            let opened = self.sealer.open(place, &sealed)?;
            for (name, value) in from_json::<BTreeMap<String, String>>(&opened)? {
                secrets.insert(name, Secret::new(value));
            }
        }
        Ok(secrets)
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
            .prepare_cached(
                "UPDATE run SET cursor = NULL, done = 0, read = 0, records = 0, total = NULL, failure = NULL, scope = ?2 WHERE id = ?1",
            )?
            .execute(params![run, to_json(&scope)?])?;
    }
    for stream in paused_streams(sqlite, id)? {
        append(sqlite, id, at, code::RESUMED, Some(&stream), &json!({}))?;
    }
    // What paused a stream was said of the grant before.
    sqlite.execute("UPDATE stream SET last_success = last_success - ?2, pause = NULL WHERE connection = ?1", params![id, overlap])?;
    sqlite.execute(
        "UPDATE work SET due = min(due, ?2), attempts = 0 WHERE connection = ?1 AND lane = ?3 AND state = 'ready'",
        params![id, at, Lane::Bulk as i64],
    )?;
    webhooks::forget(sqlite, id)?;
    // They were begun with the settings of before.
    sqlite.execute("DELETE FROM pending_login WHERE connection = ?1", [id])?;
    Ok(())
}

fn paused_streams(sqlite: &Sqlite, id: ConnectionId) -> Result<Vec<String>> {
    let mut statement = sqlite.prepare_cached("SELECT entity FROM stream WHERE connection = ?1 AND pause IS NOT NULL")?;
    let rows = statement.query_map([id], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

#[async_trait]
impl Logins for SqliteStore {
    async fn remember_login(&self, state: [u8; 32], id: ConnectionId, changes: Changes, at: Instant) -> Result<()> {
        let settings = to_json(&changes.settings)?;
        let sealed = self.seal_login(&place(id), &changes.secrets)?;
        self.write(move |sqlite| {
            sqlite.execute(
                "INSERT INTO pending_login (state, connection, created, settings, secrets) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![state, id, at, settings, sealed],
            )?;
            Ok(())
        })
        .await
    }

    async fn login_of(&self, state: [u8; 32], since: Instant) -> Result<Option<ConnectionId>> {
        self.read(move |sqlite| {
            let sql = "SELECT connection FROM pending_login WHERE state = ?1 AND created >= ?2 AND landed IS NULL";
            Ok(sqlite.prepare_cached(sql)?.query_row(params![state, since], |row| row.get(0)).optional()?)
        })
        .await
    }

    async fn take_login(&self, state: [u8; 32], since: Instant) -> Result<Option<PendingLogin>> {
        let row = self
            .write(move |sqlite| {
                sqlite.execute("DELETE FROM pending_login WHERE created < ?1", [since])?;
                let row = sqlite.query_row(
                    "DELETE FROM pending_login WHERE state = ?1 AND landed IS NULL RETURNING connection, settings, secrets",
                    [state],
                    |row| Ok((row.get::<_, ConnectionId>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<Vec<u8>>>(2)?)),
                );
                Ok(row.optional()?)
            })
            .await?;
        let Some((connection, settings, sealed)) = row else { return Ok(None) };
        let secrets = self.open_login(&place(connection), sealed)?;
        Ok(Some(PendingLogin { connection, changes: Changes { settings: from_json(&settings)?, secrets } }))
    }

    async fn keep_landed(&self, state: [u8; 32], grant: Grant, at: Instant) -> Result<()> {
        let id = grant.footing.connection;
        let changes = to_json(&grant.changes.settings)?;
        let sealed = self.seal_login(&place(id), &grant.changes.secrets)?;
        let captured = self.seal_login(&landed_place(id), &grant.captured)?;
        let Grant { footing, settings, account, app_field, moved, told, .. } = grant;
        let landed = to_json(&Landed { generation: footing.generation, settings, account, app_field, moved, told })?;
        self.write(move |sqlite| {
            sqlite.execute(
                "INSERT INTO pending_login (state, connection, created, settings, secrets, landed, captured) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![state, id, at, changes, sealed, landed, captured],
            )?;
            Ok(())
        })
        .await
    }

    async fn landed(&self, state: [u8; 32], since: Instant) -> Result<Option<(ConnectionId, Account)>> {
        self.read(move |sqlite| {
            let sql = "SELECT connection, landed FROM pending_login WHERE state = ?1 AND created >= ?2 AND landed IS NOT NULL";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, ConnectionId>(0)?, row.get::<_, String>(1)?));
            let row = sqlite.prepare_cached(sql)?.query_row(params![state, since], row).optional()?;
            row.map(|(connection, landed)| Ok((connection, from_json::<Landed>(&landed)?.account))).transpose()
        })
        .await
    }

    async fn take_landed(&self, state: [u8; 32], since: Instant) -> Result<Option<Grant>> {
        type Row = (ConnectionId, String, Option<Vec<u8>>, String, Option<Vec<u8>>);
        let row = self
            .write(move |sqlite| {
                sqlite.execute("DELETE FROM pending_login WHERE created < ?1", [since])?;
                let sql = "DELETE FROM pending_login WHERE state = ?1 AND landed IS NOT NULL
                           RETURNING connection, settings, secrets, landed, captured";
                let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<Row> {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                };
                Ok(sqlite.query_row(sql, [state], row).optional()?)
            })
            .await?;
        let Some((connection, changed, sealed, landed, captured)) = row else { return Ok(None) };
        let Landed { generation, settings, account, app_field, moved, told } = from_json(&landed)?;
        let changes = Changes { settings: from_json(&changed)?, secrets: self.open_login(&place(connection), sealed)? };
        let captured = self.open_login(&landed_place(connection), captured)?;
        let footing = Footing { connection, generation, fence: None };
        Ok(Some(Grant { footing, settings, account, captured, changes, app_field, moved, told }))
    }

    async fn grant(&self, grant: Grant, at: Instant) -> Result<Connection> {
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
            if before.account.is_none() {
                let first = "SELECT id FROM connection WHERE tenant = ?1 AND connector = ?2 AND account_id = ?3 AND id <> ?4 ORDER BY id LIMIT 1";
                let key = params![before.tenant, before.connector, account.id, id];
                if let Some(first) = sqlite.query_row(first, key, |row| row.get(0)).optional()? {
                    return Err(StoreError::Connected { first, account: account.id.clone() });
                }
            }
            let settings = grant.changes.over(&before.settings);
            if before.generation != footing.generation && settings != grant.settings {
                return Err(StoreError::Refused(
                    "Kết nối vừa được cấp quyền theo một lần đăng nhập khác. Hãy đăng nhập lại nếu vẫn cần. (Another login gave the connection \
                     another grant meanwhile. Log in again if that is still needed.)"
                        .to_owned(),
                ));
            }
            if before.account.is_none() && settings != grant.settings {
                return Err(StoreError::Refused(
                    "Thông tin kết nối đã được sửa sau khi đăng nhập. Hãy đăng nhập lại. (The form was filled in anew after the login. Log in \
                     again.)"
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
            // What was not seen under the grant before may be seen under this one: it proves nothing any more.
            sqlite.execute(
                "UPDATE order_push SET swept = '[]', empty_lookups = 0, sweep_from = NULL WHERE connection = ?1 AND remote IS NULL",
                [id],
            )?;
            sqlite.execute(
                "UPDATE run SET cursor = NULL, done = 0, read = 0, started = ?2
                 WHERE connection = ?1 AND state IN ('waiting', 'running') AND scope LIKE '{\"Made\"%'",
                params![id, at],
            )?;
            // It may have brought the right that a stream lacked.
            for stream in paused_streams(sqlite, id)? {
                take_back(sqlite, id, &stream)?;
            }
            sqlite.execute("UPDATE stream SET pause = NULL WHERE connection = ?1", [id])?;
            mark(sqlite, id)?;
            // What was said of the grant before, and that there was one, is over.
            take_back(sqlite, id, OF_CONNECTION)?;
            if let Some(told) = &grant.told {
                sqlite.execute("DELETE FROM notice WHERE connection = ?1 AND code = ?2", params![id, told.code])?;
            }
            let keys = grant.changes.keys();
            if !keys.is_empty() {
                append(sqlite, id, at, code::FORM_SAVED, None, &json!({ "keys": keys }))?;
            }
            append(sqlite, id, at, code::GRANTED, None, &json!({ "business": account.id, "grant": before.generation + 1 }))?;
            if grant.moved.is_some() {
                append(sqlite, id, at, code::MOVED, None, &json!({ "keys": keys }))?;
            }
            if before.state == ConnectionState::Paused {
                append(sqlite, id, at, code::RESUMED, None, &json!({}))?;
            }
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
