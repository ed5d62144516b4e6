//! The SQL of how webhooks stand.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::connections::{notify_of, take_back};
use super::{SqliteStore, to_json};
use crate::clock::Instant;
use crate::contract::types::Message;
use crate::store::{ConnectionId, OF_WEBHOOKS, Probe, Result, WebhookHealth, Webhooks};

/// What a notice of events that are not ticked is about: the next probe says it anew.
const OF_EVENTS: &str = "webhooks/events";

fn note(sqlite: &Sqlite, connection: ConnectionId, column: &str, at: Instant) -> Result<()> {
    let sql =
        format!("INSERT INTO webhook_health (connection, {column}) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET {column} = excluded.{column}");
    sqlite.prepare_cached(&sql)?.execute(params![connection, at])?;
    Ok(())
}

/// A proven delivery came: whatever was said of wrong ones is over.
pub(super) fn arrived(sqlite: &Sqlite, connection: ConnectionId, at: Instant, event: Option<&str>) -> Result<()> {
    note(sqlite, connection, "proven", at)?;
    take_back(sqlite, connection, OF_WEBHOOKS)?;
    if let Some(event) = event {
        sqlite
            .prepare_cached(
                "INSERT INTO webhook_arrival (connection, event, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET at = max(at, excluded.at)",
            )?
            .execute(params![connection, event, at])?;
    }
    Ok(())
}

/// Another app, or another version of the interface: what was told of the one before is not true of it.
pub(super) fn forget(sqlite: &Sqlite, connection: ConnectionId) -> Result<()> {
    for table in ["webhook_health", "webhook_arrival"] {
        sqlite.prepare_cached(&format!("DELETE FROM {table} WHERE connection = ?1"))?.execute([connection])?;
    }
    sqlite.prepare_cached("UPDATE connection SET events = NULL WHERE id = ?1")?.execute([connection])?;
    take_back(sqlite, connection, OF_WEBHOOKS)?;
    take_back(sqlite, connection, OF_EVENTS)
}

#[async_trait]
impl Webhooks for SqliteStore {
    async fn webhook_refused(&self, connection: ConnectionId, at: Instant, told: Message) -> Result<()> {
        self.write(move |sqlite| {
            note(sqlite, connection, "refused", at)?;
            notify_of(sqlite, connection, at, OF_WEBHOOKS, "webhook.forged", &told)
        })
        .await
    }

    async fn webhook_unproven(&self, connection: ConnectionId, at: Instant, told: Message) -> Result<()> {
        self.write(move |sqlite| notify_of(sqlite, connection, at, OF_WEBHOOKS, "webhook.no-token", &told)).await
    }

    async fn webhook_probed(&self, connection: ConnectionId, at: Instant, probe: Probe) -> Result<()> {
        self.write(move |sqlite| {
            if probe.proven {
                arrived(sqlite, connection, at, None)?;
            }
            note(sqlite, connection, "probed", at)?;
            let ticked = probe.ticked.as_ref().map(to_json).transpose()?;
            sqlite.prepare_cached("UPDATE connection SET events = ?2 WHERE id = ?1")?.execute(params![connection, ticked])?;
            take_back(sqlite, connection, OF_EVENTS)?;
            match &probe.missing {
                Some(missing) => notify_of(sqlite, connection, at, OF_EVENTS, "webhook.events-missing", missing),
                None => Ok(()),
            }
        })
        .await
    }

    async fn webhook_arrived(&self, connection: ConnectionId, at: Instant, event: Option<String>) -> Result<()> {
        self.admit(move |sqlite| arrived(sqlite, connection, at, event.as_deref())).await
    }

    async fn webhook_health(&self, connection: ConnectionId) -> Result<WebhookHealth> {
        self.read(move |sqlite| {
            let row = |row: &rusqlite::Row<'_>| {
                Ok(WebhookHealth { proven: row.get(0)?, refused: row.get(1)?, probed: row.get(2)?, ..WebhookHealth::default() })
            };
            let mut statement = sqlite.prepare_cached("SELECT proven, refused, probed FROM webhook_health WHERE connection = ?1")?;
            let health = statement.query_row([connection], row).optional()?.unwrap_or_default();
            let mut statement = sqlite.prepare_cached("SELECT event, at FROM webhook_arrival WHERE connection = ?1")?;
            let arrived = statement.query_map([connection], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(WebhookHealth { arrived: arrived.collect::<std::result::Result<_, _>>()?, ..health })
        })
        .await
    }
}
