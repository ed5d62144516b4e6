//! Durable state in one SQLite file: connections, secrets, streams, links, deliveries, work, orders on their way, and the reference Nobi Pro's
//! own records. What must agree is written in one transaction. Never decides what is written: that is `nobi`'s and `work`'s.

mod connections;
mod inbox;
mod logins;
mod outbox;
mod queue;
mod records;
mod remarks;
mod runs;
mod seal;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection as Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

pub(crate) use self::connections::notify;
pub use self::connections::{Connection, ConnectionState, Footing, NewConnection, Notice};
pub use self::inbox::{Ingest, Ingested};
pub use self::logins::{Changes, Grant, PendingLogin};
pub(crate) use self::outbox::hurry;
pub use self::outbox::{Intent, OrderEventRow, OrderOutcome, OrderPush, Settled, Settlement};
pub use self::queue::{Lane, Task, Work};
pub use self::records::{Level, NobiCounts, Sellable};
pub use self::runs::{AppliedPage, Halt, Run, RunState, Stream, Trigger};
pub(crate) use self::seal::random;
pub use self::seal::{SealError, Sealer};
use self::writer::Writer;

/// The row id of a connection.
pub type ConnectionId = i64;

/// Why the store did not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Too many jobs wait for the disk. Nothing was written; a retry helps.
    #[error("the store is busy")]
    Full,
    /// The store was shut down. Nothing was written.
    #[error("the store is closed")]
    Closed,
    /// The commit failed. Nothing was written; a retry may help.
    #[error("the store could not commit: {0}")]
    Commit(String),
    /// There is no such row.
    #[error("{0} is not in the store")]
    Missing(String),
    /// The state forbids it.
    #[error("{0}")]
    Refused(String),
    /// The connection got another grant after the work began: nothing was written. A retry that reads everything anew helps.
    #[error("Kết nối vừa được cấp quyền lại; hãy thử lại. (The connection got another grant meanwhile; try again.)")]
    Superseded,
    /// Another order is called that at the other side, or may be. A retry does not help: a person has to change the order's code.
    #[error("the own id {own_id} is that of the order {order}")]
    Taken {
        /// The own id.
        own_id: String,
        /// Nobi's id of the order that has it.
        order: String,
    },
    /// SQLite's own error.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A value in the file is not what this version writes there.
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A secret does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The file or its folder cannot be used.
    #[error("the store's file: {0}")]
    Io(#[from] std::io::Error),
}

/// The store's result.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A handle to the store; clones share it.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Arc<Readers>,
    sealer: Arc<Sealer>,
}

struct Readers {
    path: std::path::PathBuf,
    idle: Mutex<Vec<Sqlite>>,
}

impl Store {
    /// Opens the file, makes it where there is none, and brings its schema up to date. Work that a crash left running is ready again.
    pub fn open(path: &Path, sealer: Sealer) -> Result<Store> {
        let connection = writer::open(path, false)?;
        migrate(&connection)?;
        connection.execute("UPDATE work SET state = 'ready' WHERE state = 'running'", [])?;
        let readers = Arc::new(Readers { path: path.to_owned(), idle: Mutex::new(Vec::new()) });
        Ok(Store { writer: Writer::start(connection)?, readers, sealer: Arc::new(sealer) })
    }

    /// Writes in one transaction. The answer comes after the commit.
    pub(crate) async fn write<T: Send + 'static>(&self, job: impl FnOnce(&Sqlite) -> Result<T> + Send + 'static) -> Result<T> {
        self.writer.write(job).await
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
const MIGRATIONS: [&str; 2] = [include_str!("schema.sql"), include_str!("schema-2.sql")];

fn migrate(connection: &Sqlite) -> Result<()> {
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
