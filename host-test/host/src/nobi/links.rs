//! Pairs of records: which one at the other side is which one at Nobi. Never deletes a pair but when a person asks for it.

use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use crate::clock::Instant;
use crate::contract::types::Entity;
use crate::names;
use crate::store::sqlite::{forget_kept_out, to_json};
use crate::store::{ConnectionId, Result};

/// What a pair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    Linked,
    Tombstone,
    Gone,
    Waiting,
}

impl LinkState {
    fn word(self) -> &'static str {
        match self {
            LinkState::Linked => "linked",
            LinkState::Tombstone => "tombstone",
            LinkState::Gone => "gone",
            LinkState::Waiting => "waiting",
        }
    }

    fn from_word(word: &str) -> LinkState {
        match word {
            "linked" => LinkState::Linked,
            "tombstone" => LinkState::Tombstone,
            "gone" => LinkState::Gone,
            _ => LinkState::Waiting,
        }
    }
}

/// A record's pair, if it has or awaits one.
pub(crate) fn link_of(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remote: &str) -> Result<Option<(LinkState, Option<i64>)>> {
    let row = sqlite
        .prepare_cached("SELECT state, nobi FROM link WHERE connection = ?1 AND entity = ?2 AND remote = ?3")?
        .query_row(params![connection, names::entity(entity), remote], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.map(|(state, nobi)| (LinkState::from_word(&state), nobi)))
}

/// The other side's id of a Nobi record, and the pair's state.
pub(super) fn remote_of(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, nobi: i64) -> Result<Option<String>> {
    Ok(sqlite
        .prepare_cached(
            "SELECT remote FROM link WHERE connection = ?1 AND entity = ?2 AND nobi = ?3 AND state = 'linked' ORDER BY remote LIMIT 1",
        )?
        .query_row(params![connection, names::entity(entity), nobi], |row| row.get(0))
        .optional()?)
}

/// Pairs two records.
pub(super) fn link(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remote: &str, nobi: i64, at: Instant) -> Result<()> {
    // A pair whose other half is gone ends where another takes its place.
    sqlite
        .prepare_cached("DELETE FROM link WHERE connection = ?1 AND entity = ?2 AND nobi = ?4 AND state = 'gone' AND remote <> ?3")?
        .execute(params![connection, names::entity(entity), remote, nobi])?;
    sqlite
        .prepare_cached(
            "INSERT INTO link (connection, entity, remote, nobi, state, since) VALUES (?1, ?2, ?3, ?4, 'linked', ?5)
             ON CONFLICT DO UPDATE SET nobi = excluded.nobi, state = 'linked', candidates = NULL, since = excluded.since",
        )?
        .execute(params![connection, names::entity(entity), remote, nobi, at])?;
    Ok(())
}

/// Leaves the pairing to a person. Without candidates those that are known stay.
pub(super) fn wait(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remote: &str, candidates: &[i64], at: Instant) -> Result<()> {
    sqlite
        .prepare_cached(
            "INSERT INTO link (connection, entity, remote, state, candidates, since) VALUES (?1, ?2, ?3, 'waiting', ?4, ?5)
             ON CONFLICT DO UPDATE SET candidates = CASE WHEN excluded.candidates = '[]' THEN coalesce(candidates, '[]')
                                                         ELSE excluded.candidates END",
        )?
        .execute(params![connection, names::entity(entity), remote, to_json(&candidates)?, at])?;
    Ok(())
}

/// Marks an existing pair. Says whether there was one in another state.
pub(crate) fn mark(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remote: &str, state: LinkState, at: Instant) -> Result<bool> {
    let changed = sqlite
        .prepare_cached(
            "UPDATE link SET state = ?4, since = ?5 WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND state <> ?4 AND state <> 'tombstone'",
        )?
        .execute(params![connection, names::entity(entity), remote, state.word(), at])?;
    Ok(changed == 1)
}

/// A Nobi record was deleted by a person: its pairs stay as tombstones, so that no sync brings it back, whichever connection it comes by.
pub(crate) fn forget(sqlite: &Sqlite, entity: Entity, nobi: i64, at: Instant) -> Result<()> {
    sqlite
        .prepare_cached("UPDATE link SET state = 'tombstone', nobi = NULL, since = ?3 WHERE entity = ?1 AND nobi = ?2")?
        .execute(params![names::entity(entity), nobi, at])?;
    forget_kept_out(sqlite, entity)
}

/// Whether a Nobi record has a pair in this connection that the other side has, as far as it told.
pub(super) fn is_paired(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, nobi: i64) -> Result<bool> {
    Ok(sqlite
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM link WHERE connection = ?1 AND entity = ?2 AND nobi = ?3 AND state <> 'gone')")?
        .query_row(params![connection, names::entity(entity), nobi], |row| row.get(0))?)
}

/// Whether a Nobi record has a pair in this connection, also one that is gone at the other side.
pub(super) fn is_linked(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, nobi: i64) -> Result<bool> {
    Ok(sqlite
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM link WHERE connection = ?1 AND entity = ?2 AND nobi = ?3)")?
        .query_row(params![connection, names::entity(entity), nobi], |row| row.get(0))?)
}
