//! The one writer: a thread that runs waiting jobs in one transaction, commits once, and only then answers each. Knows nothing of tables.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::events;
use crate::seeing::figures;
use crate::store::StoreError;

/// Jobs that may wait. What comes in beyond them is refused, so that a slow disk turns into a clean answer and not into memory.
const QUEUE: usize = 4_096;
/// Jobs in one commit at the most.
const GROUP: usize = 256;

/// Runs inside the transaction, or is told that there is none, and returns what to do once it is known whether the commit held.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Finish + Send>;
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Hands jobs to the writer's thread, which ends when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Writer(Sender<Job>);

impl Writer {
    pub(super) fn start(connection: Connection) -> std::io::Result<Writer> {
        let (sender, receiver) = channel(QUEUE);
        std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || run(&connection, receiver))?;
        Ok(Writer(sender))
    }

    /// Runs a job alone in its savepoint: if it fails, what it wrote is undone and the others of its group stand. Answers after the commit.
    /// Waits for a place in the queue.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, wait) = boxed(job);
        self.0.send(job).await.map_err(|_| StoreError::Closed)?;
        wait.await.map_err(|_| StoreError::Closed)?
    }

    /// The same, but fails at once with [`StoreError::Full`] where there is no place in the queue.
    pub(super) async fn admit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, wait) = boxed(job);
        self.0.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Full,
            TrySendError::Closed(_) => StoreError::Closed,
        })?;
        wait.await.map_err(|_| StoreError::Closed)?
    }
}

/// A job that answers once it is known whether its commit held.
fn boxed<T: Send + 'static>(
    job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T, StoreError>>) {
    let (answer, wait) = oneshot::channel();
    // The writer has a thread of its own: what is written belongs to whoever asked for it.
    let span = tracing::debug_span!("write");
    let job: Job = Box::new(move |connection| {
        let result = span.in_scope(|| connection.and_then(|connection| in_savepoint(connection, job)));
        let told = events::told();
        let told = if result.is_ok() { told } else { Vec::new() };
        Box::new(move |commit| {
            // What was undone did not happen.
            if commit.is_ok() {
                told.iter().for_each(|line| tracing::info!(target: "connector_host::life", "{line}"));
            }
            // Whoever asked may have gone; what was written stands all the same.
            let _ = answer.send(commit.and(result));
        })
    });
    (job, wait)
}

fn in_savepoint<T>(connection: &Connection, job: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]);
    run("SAVEPOINT job")?;
    let result = job(connection);
    let undone = if result.is_ok() { Ok(0) } else { run("ROLLBACK TO job") };
    let closed = undone.and_then(|_| run("RELEASE job"));
    // The job's own error says more than a savepoint that it took along.
    result.and_then(|value| closed.map(|_| value).map_err(StoreError::from))
}

fn run(connection: &Connection, mut jobs: Receiver<Job>) {
    events::listen();
    while let Some(first) = jobs.blocking_recv() {
        let began = Instant::now();
        if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
            figures().commit(false, 1, began.elapsed());
            first(Err(error.into()))(Ok(()));
            continue;
        }
        let mut finishes = vec![first(Ok(connection))];
        // A job that made SQLite give the whole transaction up has undone the group: a further job would be written alone and told otherwise.
        while finishes.len() < GROUP && !connection.is_autocommit() {
            let Ok(job) = jobs.try_recv() else { break };
            finishes.push(job(Ok(connection)));
        }
        let failed = connection.execute_batch("COMMIT").err().map(|error| {
            // A commit that failed leaves the transaction open; nothing of it may reach the next.
            let _ = connection.execute_batch("ROLLBACK");
            error.to_string()
        });
        figures().commit(failed.is_none(), finishes.len(), began.elapsed());
        for finish in finishes {
            finish(failed.as_ref().map_or(Ok(()), |message| Err(StoreError::Commit(message.clone()))));
        }
    }
}

/// Settings of every connection to the file.
pub(super) fn open(path: &Path, read_only: bool) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    if read_only {
        connection.execute_batch("PRAGMA query_only = ON;")?;
    }
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

#[cfg(test)]
mod tests;
