//! Facts about the one writer: groups, savepoints, the queue's end.

use std::future::Future as _;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use super::*;

/// A file with one table, its writer, and a look at what is committed.
struct Desk {
    writer: Writer,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("writer.sqlite");
        let connection = open(&path, false).unwrap();
        connection.execute_batch("CREATE TABLE said (word TEXT PRIMARY KEY)").unwrap();
        Desk { writer: Writer::start(connection).unwrap(), path, _folder: folder }
    }

    fn committed(&self) -> Vec<String> {
        let connection = open(&self.path, true).unwrap();
        let mut statement = connection.prepare("SELECT word FROM said ORDER BY rowid").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Holds the writer inside a job until the sender is used or dropped.
    async fn hold(&self) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), StoreError>>) {
        let (go, wait) = mpsc::channel::<()>();
        let (inside, entered) = oneshot::channel();
        let writer = self.writer.clone();
        let held = tokio::spawn(async move {
            writer
                .write(move |connection| {
                    say(connection, "held")?;
                    let _ = inside.send(());
                    let _ = wait.recv();
                    Ok(())
                })
                .await
        });
        entered.await.unwrap();
        (go, held)
    }
}

fn say(connection: &Connection, word: &str) -> Result<(), StoreError> {
    connection.execute("INSERT INTO said (word) VALUES (?1)", [word])?;
    Ok(())
}

#[tokio::test]
async fn writes_that_wait_together_are_committed_together_and_are_there_when_answered() {
    let desk = Desk::new();
    let (go, held) = desk.hold().await;
    let waiting: Vec<_> = (0..20)
        .map(|number| {
            let (writer, path) = (desk.writer.clone(), desk.path.clone());
            let job = move |connection: &Connection| {
                say(connection, &number.to_string())?;
                // What the others of the group wrote is seen in here, and nowhere else yet.
                let inside: u32 = connection.query_row("SELECT count(*) FROM said", [], |row| row.get(0))?;
                let outside: u32 = open(&path, true)?.query_row("SELECT count(*) FROM said", [], |row| row.get(0))?;
                Ok((inside, outside))
            };
            let mut write = Box::pin(async move { writer.write(job).await });
            assert!(write.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            write
        })
        .collect();
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for (number, write) in waiting.into_iter().enumerate() {
        assert_eq!(write.await.unwrap(), (u32::try_from(number).unwrap() + 2, 0));
        assert_eq!(desk.committed().len(), 21, "the whole group is on the disk before anyone is answered");
    }
}

#[tokio::test]
async fn a_job_that_fails_undoes_itself_and_nothing_else() {
    let desk = Desk::new();
    let (go, held) = desk.hold().await;
    let mut first = pin!(desk.writer.write(|connection| say(connection, "first")));
    let mut failing = pin!(desk.writer.write(|connection| {
        say(connection, "half")?;
        say(connection, "first")
    }));
    let mut last = pin!(desk.writer.write(|connection| say(connection, "last")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(failing.as_mut().poll(&mut context).is_pending());
    assert!(last.as_mut().poll(&mut context).is_pending());
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    first.await.unwrap();
    assert!(matches!(failing.await, Err(StoreError::Database(_))));
    last.await.unwrap();
    assert_eq!(desk.committed(), ["held", "first", "last"]);
}

#[tokio::test]
async fn a_job_that_takes_the_whole_transaction_along_lets_nobody_believe_that_something_was_written() {
    let desk = Desk::new();
    let (go, held) = desk.hold().await;
    let mut killing = pin!(desk.writer.write(|connection| {
        connection.execute("INSERT OR ROLLBACK INTO said (word) VALUES ('held')", [])?;
        Ok(())
    }));
    let mut after = pin!(desk.writer.write(|connection| say(connection, "after")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(killing.as_mut().poll(&mut context).is_pending());
    assert!(after.as_mut().poll(&mut context).is_pending());
    go.send(()).unwrap();
    assert!(matches!(held.await.unwrap(), Err(StoreError::Commit(_))));
    assert!(killing.await.is_err());
    // It came in the next group, which is sound; told and written agree for each.
    after.await.unwrap();
    assert_eq!(desk.committed(), ["after"]);
}

#[tokio::test]
async fn a_full_queue_answers_at_once_that_it_is_full() {
    let desk = Desk::new();
    let (go, held) = desk.hold().await;
    let mut context = Context::from_waker(Waker::noop());
    let mut waiting = Vec::new();
    for _ in 0..QUEUE {
        let mut write = Box::pin(desk.writer.write(|_| Ok(())));
        assert!(write.as_mut().poll(&mut context).is_pending());
        waiting.push(write);
    }
    let one_more = pin!(desk.writer.admit(|connection| say(connection, "one more"))).poll(&mut context);
    assert!(matches!(one_more, Poll::Ready(Err(StoreError::Full))));
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for write in waiting {
        write.await.unwrap();
    }
    desk.writer.write(|connection| say(connection, "again")).await.unwrap();
    assert_eq!(desk.committed(), ["held", "again"]);
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_any_longer_stands_all_the_same() {
    let desk = Desk::new();
    let (go, held) = desk.hold().await;
    {
        let mut left = pin!(desk.writer.write(|connection| say(connection, "left")));
        assert!(left.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    desk.writer.write(|_| Ok(())).await.unwrap();
    assert_eq!(desk.committed(), ["held", "left"]);
}
