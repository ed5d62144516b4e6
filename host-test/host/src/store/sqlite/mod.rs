//! The store in one SQLite file: a writer that groups commits, readers beside it, and the SQL of each topic.

mod connections;
mod erase;
mod events;
mod export;
mod held_records;
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
mod rehearsal;
mod remarks;
mod runs;
mod schedule;
mod succession;
mod sweeps;
mod timekeeping;
mod unsettled;
mod vitals;
mod wanting;
mod webhooks;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection as Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

pub(crate) use self::connections::{notify_of, opens_secrets, take_back};
pub(crate) use self::events::append;
pub(crate) use self::pages::chosen_pair;
pub(crate) use self::queue::end_all;
pub(crate) use self::remarks::forget_kept_out;
pub(crate) use self::succession::is_successor;
pub(crate) use self::unsettled::{appeared, reopened};
pub(crate) use self::wanting::freed;
use self::writer::Writer;
use super::{Result, Sealer, StoreError};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => StoreError::Damaged(Box::new(error)),
            _ => StoreError::Database(Box::new(error)),
        }
    }
}

/// A handle to the store; clones share it.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Writer,
    readers: Arc<Readers>,
    sealer: Arc<Sealer>,
}

/// Reads that run at once. More would keep no processor busier, and each has a connection of its own for as long as the store is open.
const READERS: usize = 8;

struct Readers {
    path: std::path::PathBuf,
    idle: Mutex<Vec<Sqlite>>,
    places: Arc<Semaphore>,
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

    /// The same beside a host that has the file open: its schema is that one's to change, and has to be this program's.
    pub fn open_beside(path: &Path, sealer: Sealer) -> Result<SqliteStore> {
        let connection = writer::open(path, true)?;
        let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version as usize != MIGRATIONS.len() {
            let known = MIGRATIONS.len();
            let text = format!("the store's file is of schema {version}; this program knows {known}, and another one works on the file");
            return Err(StoreError::Refused(text));
        }
        drop(connection);
        SqliteStore::begin(path, sealer, |_| Ok(()))
    }

    /// Holds the file to the pages that it has, or lets it go: what a full disk does, for suites. No command and no setting leads here.
    #[doc(hidden)]
    pub async fn hold_full(&self, full: bool) -> Result<()> {
        let most = if full { 1 } else { u32::MAX - 1 };
        self.write(move |sqlite| Ok(sqlite.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))?)).await
    }

    fn begin(path: &Path, sealer: Sealer, first: fn(&Sqlite) -> Result<()>) -> Result<SqliteStore> {
        private(path)?;
        let connection = writer::open(path, false)?;
        migrate(&connection)?;
        // A wrong key would start as healthy, and then refuse every delivery.
        opens_secrets(&connection, &sealer)?;
        first(&connection)?;
        // All of them now: where there is no file left to open later, what is there can be read all the same.
        let idle = (0..READERS).map(|_| writer::open(path, true)).collect::<Result<Vec<_>>>()?;
        let readers = Arc::new(Readers { path: path.to_owned(), idle: Mutex::new(idle), places: Arc::new(Semaphore::new(READERS)) });
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

    /// Reads what is committed. Waits where many read already.
    pub(crate) async fn read<T: Send + 'static>(&self, job: impl FnOnce(&Sqlite) -> Result<T> + Send + 'static) -> Result<T> {
        let readers = self.readers.clone();
        self.beside(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| writer::open(&readers.path, true), Ok)?;
            let result = job(&connection);
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        })
        .await
    }

    /// Does something beside the writer, in a reader's place.
    async fn beside<T: Send + 'static>(&self, job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let place = self.readers.places.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let task = tokio::task::spawn_blocking(move || {
            // Given back when the job has ended, even where nobody waits for it any more.
            let _place = place;
            job()
        });
        task.await.map_err(|_| StoreError::Closed)?
    }
}

/// Makes the file, and lets nobody but its owner read it: the merchant's customers are in it. What SQLite puts beside it takes after it.
fn private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
        let file = options.mode(0o600).open(path)?;
        let mut permissions = file.metadata()?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            // Where another than its owner works with it, that was somebody's will.
            if let Err(error) = file.set_permissions(permissions) {
                tracing::warn!(%error, "others than its owner may read the host's file");
            }
        }
    }
    #[cfg(not(unix))]
    options.open(path)?;
    Ok(())
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
    include_str!("undecided.sql"),
    include_str!("levels.sql"),
    include_str!("wanting.sql"),
    include_str!("succession.sql"),
    include_str!("settling.sql"),
    include_str!("unanswered.sql"),
    include_str!("landed.sql"),
    include_str!("bounds.sql"),
    include_str!("told.sql"),
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

#[cfg(test)]
mod tests {
    use std::sync::Condvar;
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn however_many_ask_at_once_few_read_at_a_time_and_few_readers_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("host.sqlite"), Sealer::from_hex(&"ab".repeat(32)).unwrap()).unwrap();
        let reading: Arc<(Mutex<(usize, usize)>, Condvar)> = Arc::default();
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let (store, reading) = (store.clone(), reading.clone());
                tokio::spawn(async move {
                    let read = store.read(move |_| {
                        let (count, changed) = &*reading;
                        let mut now = count.lock().unwrap();
                        now.0 += 1;
                        now.1 = now.1.max(now.0);
                        changed.notify_all();
                        // One too many would come in meanwhile.
                        let many = |now: &mut (usize, usize)| now.1 <= READERS;
                        let (mut now, _) = changed.wait_timeout_while(now, Duration::from_millis(20), many).unwrap();
                        now.0 -= 1;
                        Ok(())
                    });
                    read.await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(reading.0.lock().unwrap().1, READERS);
        assert!(store.readers.idle.lock().unwrap().len() <= READERS);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_file_nor_what_lies_beside_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.sqlite");
        let open = || SqliteStore::open(&path, Sealer::from_hex(&"ab".repeat(32)).unwrap()).unwrap();
        let looked_at = || {
            let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap()).collect();
            assert!(files.len() >= 3, "the file, its log and its index: {files:?}");
            for file in files {
                assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
            }
        };
        let store = open();
        looked_at();
        drop(store);
        // One of an earlier program, and one that somebody opened up.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let _store = open();
        looked_at();
    }
}
