//! Copies of the host's file, made while others use it, and the way back from one. Never writes over a file that is there, and never leaves a
//! copy half made under its name.
//!
//! A copy that comes back knows nothing of what went out after it was made. So every order that it does not see at the other side counts as
//! "may have arrived" from then on: those that it holds at once, those that come in again later by the time that they were made
//! (`sqlite/outbox.rs`).

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup as Copying;
use rusqlite::{Connection as Sqlite, OpenFlags, params};
use serde::Serialize;
use serde_json::json;

use super::events::code;
use super::sqlite::{append, end_all, migrate, opens_secrets};
use super::{Result, Sealer, StoreError};
use crate::clock::Instant;

/// Pages that are copied at one go: all of them, so that the copy is of one moment and a busy writer cannot make it begin anew.
const ALL: std::ffi::c_int = std::ffi::c_int::MAX;

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// When.
    pub at: Instant,
    /// Its size.
    pub bytes: u64,
}

/// What a restore came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Restored {
    /// When the copy was made, where it says so.
    pub made: Option<Instant>,
    /// Orders that may be at the other side without this file knowing: each is looked for before it is sent.
    pub may_have_arrived: u32,
    /// Where the file that was there before is kept.
    pub kept: Option<PathBuf>,
    /// Customers that were erased after the copy was made, as the kept file tells: by their ids at the other side. They are back.
    pub erased_since: Vec<String>,
}

/// What a restore does with a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing is restored.
    Refuse,
    /// It is kept under another name.
    KeepBeside,
}

fn refused(text: impl Into<String>) -> StoreError {
    StoreError::Refused(text.into())
}

/// Copies the file to `out` while others work on it. The copy is whole or not there: it is made under another name, checked, flushed and named
/// last. Only its owner may read it; secrets in it stay sealed, and the key is not in it.
///
/// Fails with [`StoreError::Refused`] where `out` exists or the file is none of a host.
pub fn backup(database: &Path, out: &Path, at: Instant) -> Result<Backup> {
    if out.exists() {
        return Err(refused(format!("{} exists already; name another file", out.display())));
    }
    let source = open(database)?;
    let temporary = beside(out, "partial");
    private(&temporary)?;
    let made = copy(&source, &temporary, |copy| {
        copy.execute("INSERT INTO backup (at) VALUES (?1)", [at])?;
        Ok(())
    });
    let made = made.and_then(|()| name(&temporary, out)).and_then(|()| Ok(std::fs::metadata(out)?.len()));
    if made.is_err() {
        clear(&temporary);
    }
    Ok(Backup { at, bytes: made? })
}

/// Brings a copy back as the host's file. `sealer`: with the key that its secrets were sealed with. Nobody else may use the folder meanwhile.
///
/// Afterwards orders that are not seen at the other side may have arrived there, runs go on from their cursors, and sessions and logins under
/// way are gone. Fails with [`StoreError::Refused`] where the copy is damaged, of a newer program or of another key, and where there is a file
/// already that may not be set aside; then nothing is changed.
pub fn restore(file: &Path, database: &Path, sealer: &Sealer, before: Before, at: Instant) -> Result<Restored> {
    if database.exists() && before == Before::Refuse {
        return Err(refused(format!("{} is there already", database.display())));
    }
    let source = open(file)?;
    let temporary = beside(database, "restoring");
    // Nobody else uses the folder: it is what a restore left that broke off.
    clear(&temporary);
    private(&temporary)?;
    let mut restored = Restored { made: None, may_have_arrived: 0, kept: None, erased_since: Vec::new() };
    let copied = copy(&source, &temporary, |copy| {
        opens_secrets(copy, sealer)?;
        restored.made = copy.query_row("SELECT max(at) FROM backup", [], |row| row.get(0))?;
        restored.may_have_arrived = come_back(copy, restored.made, at)?;
        Ok(())
    });
    if let Err(error) = copied {
        clear(&temporary);
        return Err(error);
    }
    // A log without its file would be taken for the new one's.
    if database.exists() || with_end(database, "-wal").exists() {
        restored.erased_since = erased_since(database, restored.made.unwrap_or(at)).unwrap_or_default();
        restored.kept = Some(set_aside(database, at)?);
    }
    name(&temporary, database)?;
    Ok(restored)
}

fn open(file: &Path) -> Result<Sqlite> {
    if !file.is_file() {
        return Err(refused(format!("{} is no file", file.display())));
    }
    let none_of_ours = |error: rusqlite::Error| refused(format!("{} is not a file of this host: {error}", file.display()));
    // A log that nobody has written back yet can be read only by who may write.
    let sqlite = Sqlite::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .or_else(|_| Sqlite::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(none_of_ours)?;
    sqlite.busy_timeout(Duration::from_secs(10))?;
    let known = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'connection')";
    match sqlite.query_row(known, [], |row| row.get(0)).map_err(none_of_ours)? {
        true => Ok(sqlite),
        false => Err(refused(format!("{} is not a file of this host", file.display()))),
    }
}

/// Copies all of it to a file that is empty yet, brings that up to date, lets `then` write into it, and leaves it checked, in one piece and on disk.
fn copy(source: &Sqlite, to: &Path, then: impl FnOnce(&Sqlite) -> Result<()>) -> Result<()> {
    let mut copy = Sqlite::open(to)?;
    Copying::new(source, &mut copy)?.run_to_completion(ALL, Duration::from_millis(20), None)?;
    // One file, without a log beside it.
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    copy.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    let checked: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if checked != "ok" {
        return Err(refused(format!("the file is damaged: {checked}")));
    }
    migrate(&copy)?;
    let writing = copy.unchecked_transaction()?;
    then(&writing)?;
    writing.commit()?;
    copy.close().map_err(|(_, error)| error)?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// What a copy has to know of itself once it is in use again. Says how many orders may have arrived.
fn come_back(sqlite: &Sqlite, made: Option<Instant>, at: Instant) -> Result<u32> {
    sqlite.execute("INSERT INTO restored (at, made) VALUES (?1, ?2)", params![at, made])?;
    sqlite.execute_batch("DELETE FROM session; DELETE FROM pending_login; UPDATE work SET attempts = 0, waited = 0;")?;
    end_all(sqlite)?;
    // The first that could have gone out unseen went out after the copy was made. One whose events have all ended goes out no more; should
    // another event of it come in, that is when it counts (`sqlite/outbox.rs`).
    let orders = sqlite.execute(
        "INSERT INTO order_push (connection, order_id, may_have_arrived, first_sent, last_sent)
         SELECT DISTINCT outbox.connection, outbox.order_id, 1, coalesce(?1, json_extract(nobi_order.record, '$.created'), ?2), ?2
         FROM outbox JOIN connection ON connection.id = outbox.connection
         LEFT JOIN nobi_order ON nobi_order.id = outbox.order_id AND nobi_order.tenant = connection.tenant
         WHERE outbox.state IN ('waiting', 'failed') AND NOT EXISTS (SELECT 1 FROM order_push AS known WHERE known.connection = outbox.connection
                           AND known.order_id = outbox.order_id AND known.remote IS NOT NULL)
         ON CONFLICT (connection, order_id) DO UPDATE SET may_have_arrived = 1, empty_lookups = 0,
           first_sent = min(coalesce(first_sent, excluded.first_sent), excluded.first_sent), last_sent = excluded.last_sent",
        params![made, at],
    )?;
    let mut statement = sqlite.prepare("SELECT id FROM connection")?;
    let connections = statement.query_map([], |row| row.get(0))?.collect::<std::result::Result<Vec<_>, _>>()?;
    for connection in connections {
        append(sqlite, connection, at, code::RESTORED, None, &json!({ "made": made }))?;
    }
    Ok(u32::try_from(orders).unwrap_or(u32::MAX))
}

/// The customers that the file of before was rid of since then, by their ids at the other side.
fn erased_since(database: &Path, made: Instant) -> Result<Vec<String>> {
    let sqlite = open(database)?;
    let mut statement = sqlite.prepare(
        "SELECT DISTINCT value FROM event, json_each(event.detail, '$.remaining') WHERE event.code = 'event.erased' AND event.at >= ?1 ORDER BY 1",
    )?;
    let rows = statement.query_map([made], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Keeps the file of before under another name, with its log.
fn set_aside(database: &Path, at: Instant) -> Result<PathBuf> {
    let kept = beside(database, &format!("before-{at}"));
    if kept.exists() {
        return Err(refused(format!("{} is there already", kept.display())));
    }
    for end in ["-wal", "-shm", ""] {
        let (from, to) = (with_end(database, end), with_end(&kept, end));
        match std::fs::rename(from, to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(kept)
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn beside(path: &Path, word: &str) -> PathBuf {
    with_end(path, &format!(".{word}"))
}

fn clear(temporary: &Path) {
    for end in ["", "-journal", "-wal", "-shm"] {
        // What is not there is clear already.
        let _ = std::fs::remove_file(with_end(temporary, end));
    }
}

/// Makes an empty file that only its owner may read.
fn private(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(refused(format!("{} is there: another copy is being made, or one broke off; remove it", path.display())))
        }
        Err(error) => Err(refused(format!("{}: {error}", path.display()))),
    }
}

/// Gives the finished file its name, unless somebody else has it by now.
fn name(temporary: &Path, out: &Path) -> Result<()> {
    match std::fs::hard_link(temporary, out) {
        Ok(()) => std::fs::remove_file(temporary)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(refused(format!("{} exists already", out.display())));
        }
        // A file system without such links.
        Err(_) => std::fs::rename(temporary, out)?,
    }
    let folder = out.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}
