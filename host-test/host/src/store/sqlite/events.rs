//! The SQL of the event list, and the one function that adds to it. Runs inside the transaction of what it tells, never in one of its own.

use std::cell::RefCell;

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, params};
use serde_json::Value;

use super::{SqliteStore, from_json};
use crate::clock::Instant;
use crate::store::{ConnectionId, Event, Events, Result};

thread_local! {
    /// What a job added to the list, for the log: of the writer's thread alone, since only there is a transaction that may hold.
    static TOLD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// From now on what is added on this thread is kept for [`told`].
pub(super) fn listen() {
    TOLD.set(Some(Vec::new()));
}

/// What was added since the last look, a line an act. Nobody's personal data is in it.
pub(super) fn told() -> Vec<String> {
    TOLD.with_borrow_mut(|told| told.as_mut().map(std::mem::take)).unwrap_or_default()
}

/// Adds an entry.
pub(crate) fn append(
    sqlite: &Sqlite,
    connection: ConnectionId,
    at: Instant,
    code: &str,
    subject: Option<&str>,
    detail: &Value,
) -> Result<()> {
    sqlite.prepare_cached("INSERT INTO event (connection, at, code, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        connection,
        at,
        code,
        subject,
        detail.to_string()
    ])?;
    TOLD.with_borrow_mut(|told| {
        if let Some(told) = told.as_mut().filter(|_| tracing::enabled!(tracing::Level::INFO)) {
            told.push(format!("connection {connection}: {code} {} {detail}", subject.unwrap_or("–")));
        }
    });
    Ok(())
}

#[async_trait]
impl Events for SqliteStore {
    async fn events(&self, connection: ConnectionId, after: i64, most: u32) -> Result<Vec<Event>> {
        self.read(move |sqlite| {
            let mut statement = sqlite
                .prepare_cached("SELECT id, at, code, subject, detail FROM event WHERE connection = ?1 AND id > ?2 ORDER BY id LIMIT ?3")?;
            let rows = statement.query_map(params![connection, after, most], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get::<_, String>(4)?))
            })?;
            let mut events = Vec::new();
            for row in rows {
                let (id, at, code, subject, detail) = row?;
                events.push(Event { id, connection, at, code, subject, detail: from_json(&detail)? });
            }
            Ok(events)
        })
        .await
    }
}
