//! The store in one SQLite file: a writer that groups commits, readers beside it, and the SQL of each topic.

mod connections;
mod erase;
mod events;
mod export;
mod inbox;
mod leave;
mod letters;
mod logins;
mod outbox;
mod pages;
mod people;
mod person;
mod queue;
mod records;
mod remarks;
mod runs;
mod schedule;
mod vitals;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection as Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::connections::{notify, opens_secrets};
pub(crate) use self::events::append;
pub(crate) use self::outbox::hurry;
pub(crate) use self::pages::chosen_pair;
pub(crate) use self::queue::end_all;
pub(crate) use self::remarks::forget_kept_out;
use self::writer::Writer;
use super::{Result, Sealer, StoreError};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        StoreError::Database(Box::new(error))
    }
}

/// A handle to the store; clones share it.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Writer,
    readers: Arc<Readers>,
    sealer: Arc<Sealer>,
}

struct Readers {
    path: std::path::PathBuf,
    idle: Mutex<Vec<Sqlite>>,
}

impl SqliteStore {
    /// Opens the file, makes it where there is none, and brings its schema up to date. Other hosts may have it open, too: their leases stand.
    pub fn open(path: &Path, sealer: Sealer) -> Result<SqliteStore> {
        SqliteStore::begin(path, sealer, |_| Ok(()))
    }

    /// The same for a host that knows that no other has the file: whatever was leased was leased by one that ended, and is free at once.
    pub fn open_alone(path: &Path, sealer: Sealer) -> Result<SqliteStore> {
        SqliteStore::begin(path, sealer, queue::end_all)
    }

    fn begin(path: &Path, sealer: Sealer, first: fn(&Sqlite) -> Result<()>) -> Result<SqliteStore> {
        let connection = writer::open(path, false)?;
        migrate(&connection)?;
        first(&connection)?;
        let readers = Arc::new(Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) });
        Ok(SqliteStore { writer: Writer::start(connection)?, readers, sealer: Arc::new(sealer) })
    }

    /// Writes in one transaction. The answer comes after the commit. Waits for a place in the queue: for work that is under way.
    pub(crate) async fn write<T: Send + 'static>(&self, job: impl FnOnce(&Sqlite) -> Result<T> + Send + 'static) -> Result<T> {
        self.writer.write(job).await
    }

    /// The same for what comes in from outside: fails at once with [`StoreError::Full`] where too much waits already.
    pub(crate) async fn admit<T: Send + 'static>(&self, job: impl FnOnce(&Sqlite) -> Result<T> + Send + 'static) -> Result<T> {
        self.writer.admit(job).await
    }

    /// Reads what is committed.
    pub(crate) async fn read<T: Send + 'static>(&self, job: impl FnOnce(&Sqlite) -> Result<T> + Send + 'static) -> Result<T> {
        let readers = self.readers.clone();
        let task = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| writer::open(&readers.path, true), Ok)?;
            let result = job(&connection);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        });
        task.await.map_err(|_| StoreError::Closed)?
    }
}

/// The schema's versions, oldest first. A landed one is never edited: a change is a new one.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("schema-2.sql"),
    include_str!("page.sql"),
    include_str!("lease.sql"),
    include_str!("schedule.sql"),
    include_str!("ledger.sql"),
    include_str!("tidy.sql"),
];

pub(super) fn migrate(connection: &Sqlite) -> Result<()> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let version = version as usize;
    if version > MIGRATIONS.len() {
        return Err(StoreError::Refused(format!("the store's file is of schema {version}; this program knows {}", MIGRATIONS.len())));
    }
    for (step, sql) in MIGRATIONS.iter().enumerate().skip(version) {
        connection.execute_batch(&format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {}; COMMIT", step + 1))?;
    }
    Ok(())
}

/// A value as JSON text, for a column.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// A value from a column's JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    Ok(serde_json::from_str(text)?)
}

/// Fails with [`StoreError::Missing`] where a query found no row.
pub(crate) fn found<T>(row: std::result::Result<T, rusqlite::Error>, what: impl FnOnce() -> String) -> Result<T> {
    row.map_err(|error| match error {
        rusqlite::Error::QueryReturnedNoRows => StoreError::Missing(what()),
        other => other.into(),
    })
}
