//! The SQL of connections and their secrets.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, Row, params};
use serde_json::json;

use super::events::append;
use super::schedule::mark;
use super::{SqliteStore, found, from_json, to_json, wanting};
use crate::clock::Instant;
use crate::contract::types::{Message, Reason};
use crate::secret::{Secret, Secrets};
use crate::store::events::code;
use crate::store::{
    Changes, Connection, ConnectionId, ConnectionState, Connections, Footing, NewConnection, Notice, Result, SealError, Sealer, StoreError,
    random,
};

const COLUMNS: &str =
    "id, tenant, connector, tag, hook, state, pause, settings, overrides, account, events, generation, unreadable_since, created";

type Raw = (ConnectionId, [String; 5], Option<String>, String, String, [Option<String>; 2], (i64, Option<Instant>, Instant));

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    let text = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
    let (told, counted) = ([row.get(9)?, row.get(10)?], (row.get(11)?, row.get(12)?, row.get(13)?));
    Ok((row.get(0)?, text, row.get(6)?, row.get(7)?, row.get(8)?, told, counted))
}

fn typed((id, [tenant, connector, tag, hook, state], pause, settings, overrides, told, counted): Raw) -> Result<Connection> {
    let ([account, events], (generation, unreadable_since, created)) = (told, counted);
    Ok(Connection {
        id,
        tenant,
        connector,
        tag,
        hook,
        state: ConnectionState::from_text(&state),
        pause: pause.as_deref().map(from_json).transpose()?,
        settings: from_json(&settings)?,
        overrides: from_json(&overrides)?,
        account: account.as_deref().map(from_json).transpose()?,
        events: events.as_deref().map(from_json).transpose()?,
        generation,
        unreadable_since,
        created,
        fence: None,
    })
}

/// Fails with [`StoreError::Fenced`] where another worker has the connection by now.
pub(super) fn hold(sqlite: &Sqlite, connection: ConnectionId, fence: i64) -> Result<()> {
    let mut statement = sqlite.prepare_cached("SELECT fence FROM lease WHERE connection = ?1")?;
    let current: Option<i64> = statement.query_row([connection], |row| row.get(0)).optional()?;
    if current == Some(fence) { Ok(()) } else { Err(StoreError::Fenced) }
}

/// The same for a footing, whatever its grant.
pub(super) fn still(sqlite: &Sqlite, footing: Footing) -> Result<()> {
    footing.fence.map_or(Ok(()), |fence| hold(sqlite, footing.connection, fence))
}

/// Fails with [`StoreError::Superseded`] where there is another grant by now, with [`StoreError::Fenced`] where another worker has it.
pub(super) fn stand(sqlite: &Sqlite, footing: Footing) -> Result<()> {
    still(sqlite, footing)?;
    let mut statement = sqlite.prepare_cached("SELECT generation FROM connection WHERE id = ?1")?;
    let generation: i64 =
        found(statement.query_row([footing.connection], |row| row.get(0)), || format!("connection {}", footing.connection))?;
    if generation == footing.generation { Ok(()) } else { Err(StoreError::Superseded) }
}

pub(super) fn load(sqlite: &Sqlite, id: ConnectionId) -> Result<Connection> {
    let mut statement = sqlite.prepare_cached(&format!("SELECT {COLUMNS} FROM connection WHERE id = ?1"))?;
    typed(found(statement.query_row([id], raw), || format!("connection {id}"))?)
}

/// What a notice of the connection itself is about: a pause. Another grant takes it back.
pub(crate) const OF_CONNECTION: &str = "connection";
/// What a notice of orders on their way is about: it goes with the last order that it is true of.
pub(crate) const OF_ORDERS: &str = "orders";
/// Notices of one code at the most; what comes beyond them is counted with the newest.
const OF_ONE_CODE: u32 = 20;

/// Adds a notice that stands until somebody has seen it, or counts one more where the same is shown already.
pub(crate) fn notify(sqlite: &Sqlite, id: ConnectionId, at: Instant, code: &str, message: &Message) -> Result<()> {
    notify_of(sqlite, id, at, "", code, message)
}

/// The same for one that goes with its cause: [`take_back`] says that it is gone.
pub(crate) fn notify_of(sqlite: &Sqlite, id: ConnectionId, at: Instant, about: &str, code: &str, message: &Message) -> Result<()> {
    let shown: Option<i64> = sqlite
        .prepare_cached("SELECT id FROM notice WHERE connection = ?1 AND code = ?2 AND vi = ?3 AND about = ?4")?
        .query_row(params![id, code, message.vi, about], |row| row.get(0))
        .optional()?;
    let full = || -> Result<Option<i64>> {
        let (count, newest): (u32, Option<i64>) = sqlite
            .prepare_cached("SELECT count(*), max(id) FROM notice WHERE connection = ?1 AND code = ?2")?
            .query_row(params![id, code], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(newest.filter(|_| count >= OF_ONE_CODE))
    };
    let shown = match shown {
        None => full()?,
        shown => shown,
    };
    match shown {
        Some(notice) => sqlite.prepare_cached("UPDATE notice SET times = times + 1 WHERE id = ?1")?.execute([notice])?,
        None => sqlite
            .prepare_cached("INSERT INTO notice (connection, at, code, vi, en, about) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![id, at, code, message.vi, message.en, about])?,
    };
    Ok(())
}

/// The cause of these notices is gone.
pub(crate) fn take_back(sqlite: &Sqlite, id: ConnectionId, about: &str) -> Result<()> {
    sqlite.prepare_cached("DELETE FROM notice WHERE connection = ?1 AND about = ?2")?.execute(params![id, about])?;
    Ok(())
}

/// Pauses a connection, with one notice. A paused one keeps its first reason.
pub(super) fn pause(sqlite: &Sqlite, id: ConnectionId, at: Instant, reason: &Reason) -> Result<()> {
    let changed = sqlite
        .prepare_cached("UPDATE connection SET state = 'paused', pause = ?2 WHERE id = ?1 AND state = 'active'")?
        .execute(params![id, to_json(reason)?])?;
    if changed == 1 {
        append(sqlite, id, at, code::PAUSED, None, &json!({ "reason": reason.code }))?;
        notify_of(sqlite, id, at, OF_CONNECTION, &reason.code, &reason.message)?;
    }
    Ok(())
}

fn place(id: ConnectionId, name: &str) -> String {
    format!("{id}/{name}")
}

pub(super) fn put_sealed(sqlite: &Sqlite, id: ConnectionId, sealed: &[(String, Vec<u8>)]) -> Result<()> {
    for (name, sealed) in sealed {
        sqlite.execute("INSERT OR REPLACE INTO secret (connection, name, sealed) VALUES (?1, ?2, ?3)", params![id, name, sealed])?;
    }
    Ok(())
}

/// Fails with [`StoreError::Refused`] where the secrets in a file were sealed with another key.
pub(crate) fn opens_secrets(sqlite: &Sqlite, sealer: &Sealer) -> Result<()> {
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?));
    let one = sqlite.query_row("SELECT connection, name, sealed FROM secret LIMIT 1", [], row).optional()?;
    let Some((id, name, sealed)) = one else { return Ok(()) };
    sealer.open(&place(id, &name), &sealed).map(drop).map_err(|_| {
        StoreError::Refused(
            "this data's secrets were sealed with another key: put the host.key of that time there, or set CONNECTOR_KEY".to_owned(),
        )
    })
}

fn sealed(sqlite: &Sqlite, id: ConnectionId) -> Result<Vec<(String, Vec<u8>)>> {
    let mut statement = sqlite.prepare_cached("SELECT name, sealed FROM secret WHERE connection = ?1")?;
    let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

fn tag() -> Result<String> {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let bytes = random::<8>()?;
    let mut number = u64::from_le_bytes(*bytes);
    let mut tag = String::with_capacity(4);
    for _ in 0..4 {
        let index = usize::try_from(number % 36).unwrap_or(0);
        tag.push(ALPHABET.get(index).copied().map_or('a', char::from));
        number /= 36;
    }
    Ok(tag)
}

#[async_trait]
impl Connections for SqliteStore {
    async fn create_connection(&self, new: NewConnection, at: Instant) -> Result<Connection> {
        self.write(move |sqlite| {
            let hook = data_encoding::BASE64URL_NOPAD.encode(&*random::<24>()?);
            // 1.7 million tags: a taken one is drawn again.
            for _ in 0..64 {
                let tag = tag()?;
                let inserted = sqlite.execute(
                    "INSERT INTO connection (id, tenant, connector, tag, hook, state, settings, overrides, created)
                     VALUES (1 + (SELECT max(coalesce((SELECT max(id) FROM connection), 0), coalesce((SELECT max(id) FROM former_connection), 0))),
                             ?1, ?2, ?3, ?4, 'draft', '{}', ?5, ?6) ON CONFLICT (tag) DO NOTHING",
                    params![new.tenant, new.connector, tag, hook, to_json(&new.overrides)?, at],
                )?;
                if inserted == 1 {
                    let id = sqlite.last_insert_rowid();
                    append(sqlite, id, at, code::DRAFT_MADE, None, &json!({ "connector": new.connector }))?;
                    return load(sqlite, id);
                }
            }
            Err(StoreError::Refused("no free tag was found for the connection".to_owned()))
        })
        .await
    }

    async fn connection(&self, id: ConnectionId) -> Result<Connection> {
        self.read(move |sqlite| load(sqlite, id)).await
    }

    async fn connections(&self) -> Result<Vec<Connection>> {
        self.read(|sqlite| {
            let mut statement = sqlite.prepare_cached(&format!("SELECT {COLUMNS} FROM connection ORDER BY id"))?;
            let rows = statement.query_map([], raw)?.collect::<std::result::Result<Vec<_>, _>>()?;
            rows.into_iter().map(typed).collect()
        })
        .await
    }

    async fn connection_by_hook(&self, hook: &str) -> Result<Option<(Connection, Secrets)>> {
        let hook = hook.to_owned();
        let found = self
            .read(move |sqlite| {
                let snapshot = sqlite.unchecked_transaction()?;
                let mut statement = snapshot.prepare_cached(&format!("SELECT {COLUMNS} FROM connection WHERE hook = ?1"))?;
                let Some(row) = statement.query_row([hook], raw).optional()? else { return Ok(None) };
                let connection = typed(row)?;
                let rows = sealed(&snapshot, connection.id)?;
                Ok(Some((connection, rows)))
            })
            .await?;
        found.map(|(connection, rows)| self.opened(connection.id, rows).map(|secrets| (connection, secrets))).transpose()
    }

    async fn connection_by_account(&self, like: &Connection, app: &str, account: &str) -> Result<Option<Connection>> {
        let key = (like.tenant.clone(), like.connector.clone(), app.to_owned(), account.to_owned());
        self.read(move |sqlite| {
            let sql = format!(
                "SELECT {COLUMNS} FROM connection WHERE tenant = ?1 AND connector = ?2 AND app = ?3 AND account_id = ?4 ORDER BY id LIMIT 1"
            );
            let mut statement = sqlite.prepare_cached(&sql)?;
            statement.query_row(params![key.0, key.1, key.2, key.3], raw).optional()?.map(typed).transpose()
        })
        .await
    }

    async fn discard_draft(&self, id: ConnectionId) -> Result<bool> {
        self.write(move |sqlite| {
            let gone = sqlite.execute("DELETE FROM connection WHERE id = ?1 AND state = 'draft' AND account IS NULL", [id])? == 1;
            if gone {
                // Its number is given again.
                sqlite.execute("DELETE FROM event WHERE connection = ?1", [id])?;
            }
            Ok(gone)
        })
        .await
    }

    async fn save_form(&self, footing: Footing, app_field: &str, changes: Changes, at: Instant) -> Result<()> {
        let (id, app_field) = (footing.connection, app_field.to_owned());
        let sealed = self.seal_all(id, &changes.secrets)?;
        self.write(move |sqlite| {
            stand(sqlite, footing)?;
            let settings = changes.over(&load(sqlite, id)?.settings);
            let app = settings.get(&app_field).map_or("", String::as_str);
            sqlite.execute("UPDATE connection SET settings = ?2, app = ?3 WHERE id = ?1", params![id, to_json(&settings)?, app])?;
            append(sqlite, id, at, code::FORM_SAVED, None, &json!({ "keys": changes.keys() }))?;
            put_sealed(sqlite, id, &sealed)?;
            mark(sqlite, id)
        })
        .await
    }

    async fn secrets(&self, id: ConnectionId) -> Result<Secrets> {
        let rows = self.read(move |sqlite| sealed(sqlite, id)).await?;
        self.opened(id, rows)
    }

    async fn secrets_of(&self, footing: Footing) -> Result<Secrets> {
        let rows = self
            .read(move |sqlite| {
                // Both of one moment.
                let snapshot = sqlite.unchecked_transaction()?;
                stand(&snapshot, footing)?;
                sealed(&snapshot, footing.connection)
            })
            .await?;
        self.opened(footing.connection, rows)
    }

    async fn pause(&self, footing: Footing, at: Instant, reason: Reason) -> Result<()> {
        self.write(move |sqlite| {
            stand(sqlite, footing)?;
            let before = load(sqlite, footing.connection)?;
            pause(sqlite, footing.connection, at, &reason)?;
            match before.pause {
                Some(known) if known.code != reason.code => {
                    notify_of(sqlite, footing.connection, at, OF_CONNECTION, &reason.code, &reason.message)
                }
                _ => Ok(()),
            }
        })
        .await
    }

    async fn heard(&self, footing: Footing, readable: bool, at: Instant) -> Result<Option<Instant>> {
        self.write(move |sqlite| {
            stand(sqlite, footing)?;
            let begin = (!readable).then_some(at);
            // What has begun goes on: the first of them counts.
            let update = "UPDATE connection SET unreadable_since = CASE WHEN ?2 IS NULL THEN NULL ELSE coalesce(unreadable_since, ?2) END
                          WHERE id = ?1 RETURNING unreadable_since";
            Ok(sqlite.prepare_cached(update)?.query_row(params![footing.connection, begin], |row| row.get(0))?)
        })
        .await
    }

    async fn notify(&self, id: ConnectionId, at: Instant, about: &str, code: &str, message: Message) -> Result<()> {
        let (about, code) = (about.to_owned(), code.to_owned());
        self.write(move |sqlite| notify_of(sqlite, id, at, &about, &code, &message)).await
    }

    async fn notify_once(&self, id: ConnectionId, at: Instant, code: &str, instead_of: &str, message: Message) -> Result<()> {
        let (code, instead_of) = (code.to_owned(), instead_of.to_owned());
        self.write(move |sqlite| {
            let shown: bool = sqlite
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM notice WHERE connection = ?1 AND code = ?2)")?
                .query_row(params![id, code], |row| row.get(0))?;
            if shown {
                return Ok(());
            }
            let others = "DELETE FROM notice WHERE connection = ?1 AND substr(code, 1, length(?2)) = ?2";
            sqlite.prepare_cached(others)?.execute(params![id, instead_of])?;
            notify_of(sqlite, id, at, OF_CONNECTION, &code, &message)
        })
        .await
    }

    async fn notices(&self, id: ConnectionId) -> Result<Vec<Notice>> {
        self.read(move |sqlite| {
            let mut statement =
                sqlite.prepare_cached("SELECT at, code, vi, en, times, id, about FROM notice WHERE connection = ?1 ORDER BY id")?;
            let rows = statement.query_map([id], |row| {
                let (at, code, vi, en) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok(Notice { at, code, vi, en, times: row.get(4)?, id: Some(row.get(5)?), about: row.get(6)? })
            })?;
            let mut all = rows.collect::<std::result::Result<Vec<_>, _>>()?;
            all.extend(wanting::notices(sqlite, id)?);
            Ok(all)
        })
        .await
    }

    async fn seen(&self, id: ConnectionId, notice: i64) -> Result<()> {
        self.write(move |sqlite| {
            sqlite.execute("DELETE FROM notice WHERE connection = ?1 AND id = ?2", params![id, notice])?;
            Ok(())
        })
        .await
    }
}

impl SqliteStore {
    fn opened(&self, id: ConnectionId, rows: Vec<(String, Vec<u8>)>) -> Result<Secrets> {
        let mut secrets = Secrets::default();
        for (name, sealed) in rows {
            let opened = self.sealer.open(&place(id, &name), &sealed)?;
            secrets.insert(name, Secret::new(opened.to_string()));
        }
        Ok(secrets)
    }

    pub(super) fn seal_all(&self, id: ConnectionId, secrets: &Secrets) -> Result<Vec<(String, Vec<u8>)>> {
        let sealed = secrets.iter().map(|(name, secret)| Ok((name.to_owned(), self.sealer.seal(&place(id, name), secret.expose())?)));
        Ok(sealed.collect::<std::result::Result<_, SealError>>()?)
    }
}
