//! The SQL of leaving: a connection that forgets its secrets, one that is gone, and bytes that are written over. What an export and an erasure
//! do is beside this, in `export` and `erase`.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use serde_json::{Value, json};

use super::connections::{OF_CONNECTION, load, notify_of};
use super::events::append;
use super::{SqliteStore, erase, export, to_json, writer};
use crate::clock::Instant;
use crate::contract::types::Reason;
use crate::store::events::code;
use crate::store::{ConnectionId, ConnectionState, CustomerKey, Erased, Privacy, Result, StoreError};

#[async_trait]
impl Privacy for SqliteStore {
    async fn export(&self, connection: ConnectionId, of: Option<CustomerKey>, at: Instant) -> Result<Value> {
        let whole = of.is_none();
        self.write(move |sqlite| {
            load(sqlite, connection)?;
            append(sqlite, connection, at, code::EXPORTED, None, &json!({ "of": if whole { "connection" } else { "customer" } }))
        })
        .await?;
        self.read(move |sqlite| {
            // All of one moment.
            let snapshot = sqlite.unchecked_transaction()?;
            export::export(&snapshot, connection, of.as_ref(), at)
        })
        .await
    }

    async fn erase(&self, connection: ConnectionId, of: CustomerKey, at: Instant) -> Result<Erased> {
        self.write(move |sqlite| erase::erase(sqlite, connection, &of, at)).await
    }

    async fn disconnect(&self, connection: ConnectionId, reason: Reason, at: Instant) -> Result<()> {
        self.write(move |sqlite| {
            let before = load(sqlite, connection)?;
            sqlite.execute("DELETE FROM secret WHERE connection = ?1", [connection])?;
            sqlite.execute("DELETE FROM pending_login WHERE connection = ?1", [connection])?;
            append(sqlite, connection, at, code::DISCONNECTED, None, &json!({}))?;
            if before.state == ConnectionState::Draft {
                return Ok(());
            }
            // Whatever is under way was begun under a grant that is no more.
            sqlite.execute(
                "UPDATE connection SET state = 'paused', pause = ?2, generation = generation + 1 WHERE id = ?1",
                params![connection, to_json(&reason)?],
            )?;
            if before.state == ConnectionState::Active {
                append(sqlite, connection, at, code::PAUSED, None, &json!({ "reason": reason.code }))?;
            }
            notify_of(sqlite, connection, at, OF_CONNECTION, &reason.code, &reason.message)
        })
        .await
    }

    async fn purge(&self, connection: ConnectionId, at: Instant) -> Result<()> {
        self.write(move |sqlite| {
            let tag: Option<String> =
                sqlite.query_row("DELETE FROM connection WHERE id = ?1 RETURNING tag", [connection], |row| row.get(0)).optional()?;
            tag.ok_or_else(|| StoreError::Missing(format!("connection {connection}")))?;
            sqlite.execute("DELETE FROM event WHERE connection = ?1", [connection])?;
            append(sqlite, connection, at, code::PURGED, None, &json!({}))
        })
        .await
    }

    async fn scrub(&self) -> Result<()> {
        let path = self.readers.path.clone();
        let task = tokio::task::spawn_blocking(move || {
            let sqlite = writer::open(&path, false)?;
            sqlite.execute_batch("PRAGMA secure_delete = ON; VACUUM;")?;
            // Whoever reads for longer reads for long.
            sqlite.busy_timeout(Duration::from_secs(2))?;
            let busy: bool = sqlite.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if busy {
                return Err(StoreError::Refused("others read the store's file; what was erased is still in its log: try again".to_owned()));
            }
            Ok(())
        });
        task.await.map_err(|_| StoreError::Closed)?
    }
}
