//! The SQL of streams and runs: a page's rows, links and cursor in one transaction.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, Row, params};
use serde_json::json;

use super::connections::{load, notify_of, pause, stand, take_back};
use super::events::append;
use super::inbox::forget_deliveries;
use super::queue::enqueue;
use super::remarks::{forget_remarks, keep_refused, keep_warned};
use super::schedule::{mark, turn};
use super::sweeps::{self, span_of};
use super::wanting::paired;
use super::{SqliteStore, found, from_json, to_json};
use crate::clock::Instant;
use crate::contract::types::{Entity, Failure, Reason};
use crate::contract::{Page, Policy, Scope};
use crate::names;
use crate::nobi::{Applied, Applier, Policies, Tally, ask_anew, forget_listed};
use crate::store::events::code;
use crate::store::{
    AppliedPage, Connection, ConnectionId, Footing, Halt, Lane, Result, Run, RunState, Runs, StoreError, Stream, Task, Trigger,
};

pub(super) const COLUMNS: &str =
    "id, connection, entity, trigger, scope, state, cursor, done, total, tally, failure, started, ended, records, operator";

pub(super) struct Raw {
    run: (i64, ConnectionId, String),
    words: [String; 3],
    cursor: Option<String>,
    counts: (u32, Option<u32>, u32),
    tally: String,
    failure: Option<String>,
    times: (Instant, Option<Instant>),
    operator: Option<String>,
}

pub(super) fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        run: (row.get(0)?, row.get(1)?, row.get(2)?),
        words: [row.get(3)?, row.get(4)?, row.get(5)?],
        cursor: row.get(6)?,
        counts: (row.get(7)?, row.get(8)?, row.get(13)?),
        tally: row.get(9)?,
        failure: row.get(10)?,
        times: (row.get(11)?, row.get(12)?),
        operator: row.get(14)?,
    })
}

pub(super) fn typed(raw: Raw) -> Result<Run> {
    let (id, connection, entity) = raw.run;
    let [trigger, scope, state] = raw.words;
    Ok(Run {
        id,
        connection,
        entity: names::entity_from(&entity).ok_or_else(|| StoreError::Refused(format!("run {id} is of the unknown entity {entity}")))?,
        trigger: from_json(&trigger)?,
        scope: from_json(&scope)?,
        state: from_json(&format!("\"{state}\""))?,
        cursor: raw.cursor,
        done: raw.counts.0,
        total: raw.counts.1,
        records: raw.counts.2,
        tally: from_json(&raw.tally)?,
        failure: raw.failure.as_deref().map(from_json).transpose()?,
        started: raw.times.0,
        ended: raw.times.1,
        operator: raw.operator,
    })
}

fn load_run(sqlite: &Sqlite, id: i64) -> Result<Run> {
    let mut statement = sqlite.prepare_cached(&format!("SELECT {COLUMNS} FROM run WHERE id = ?1"))?;
    typed(found(statement.query_row([id], raw), || format!("run {id}"))?)
}

/// The merchant's choices over the flows' own defaults; what the toggles switched off stays off.
pub(super) fn chosen(sqlite: &Sqlite, connection: ConnectionId, mut policies: Policies) -> Result<Policies> {
    let mut statement = sqlite.prepare_cached("SELECT entity, policy FROM stream WHERE connection = ?1 AND policy IS NOT NULL")?;
    let rows = statement.query_map([connection], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for row in rows {
        let (entity, policy) = row?;
        if let (Some(entity), Some(policy)) = (names::entity_from(&entity), names::policy_from(&policy))
            && policies.of(entity) != Policy::Off
        {
            policies.set(entity, policy);
        }
    }
    Ok(policies)
}

fn stream_pause(sqlite: &Sqlite, connection: ConnectionId, entity: &str) -> Result<Option<Reason>> {
    let pause: Option<Option<String>> = sqlite
        .prepare_cached("SELECT pause FROM stream WHERE connection = ?1 AND entity = ?2")?
        .query_row(params![connection, entity], |row| row.get(0))
        .optional()?;
    pause.flatten().as_deref().map(from_json).transpose()
}

/// Tells that a stream goes on, where it was paused, and takes back what was said of its failures.
pub(super) fn tell_resumed(sqlite: &Sqlite, connection: ConnectionId, entity: &str, at: Instant) -> Result<()> {
    take_back(sqlite, connection, entity)?;
    match stream_pause(sqlite, connection, entity)? {
        Some(_) => append(sqlite, connection, at, code::RESUMED, Some(entity), &json!({})),
        None => Ok(()),
    }
}

fn pause_stream(sqlite: &Sqlite, connection: ConnectionId, entity: &str, reason: &Reason, at: Instant) -> Result<()> {
    // Each order that meets the same wall says so again.
    if stream_pause(sqlite, connection, entity)?.is_none_or(|known| known.code != reason.code) {
        append(sqlite, connection, at, code::PAUSED, Some(entity), &json!({ "reason": reason.code }))?;
    }
    sqlite.execute(
        "INSERT INTO stream (connection, entity, pause) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET pause = excluded.pause",
        params![connection, entity, to_json(reason)?],
    )?;
    notify_of(sqlite, connection, at, entity, &reason.code, &reason.message)
}

/// Records that a page counts as at the least: one that brings nothing and leads on costs as much as a full one.
const FULL_PAGE: u64 = 100;

/// Runs of one stream that stay to be looked at, of those that came by themselves.
const KEPT: u32 = 50;

/// Lets go of a stream's runs that ended, but for the newest. `trigger`: those that began like this.
fn let_go(sqlite: &Sqlite, connection: ConnectionId, entity: &str, trigger: Trigger) -> Result<()> {
    sqlite
        .prepare_cached(
            "DELETE FROM run WHERE connection = ?1 AND entity = ?2 AND trigger = ?3 AND state IN ('done', 'failed')
             AND id <= (SELECT id FROM run WHERE connection = ?1 AND entity = ?2 AND trigger = ?3 AND state IN ('done', 'failed')
                        ORDER BY id DESC LIMIT 1 OFFSET ?4)",
        )?
        .execute(params![connection, entity, to_json(&trigger)?, KEPT - 1])?;
    Ok(())
}

pub(super) fn begin_run(
    sqlite: &Sqlite,
    connection: ConnectionId,
    entity: Entity,
    scope: &Scope,
    trigger: Trigger,
    at: Instant,
) -> Result<Option<i64>> {
    let name = names::entity(entity);
    // What covers some records alone is no run of the whole stream: it stands in nobody's way.
    let beside = matches!(scope, Scope::Only(_) | Scope::Made(_));
    if !beside {
        let under_way: Option<i64> = sqlite
            .prepare_cached(
                "SELECT id FROM run WHERE connection = ?1 AND entity = ?2 AND state IN ('waiting', 'running') AND scope NOT LIKE '{\"Only\"%'
                 AND scope NOT LIKE '{\"Made\"%'",
            )?
            .query_row(params![connection, name], |row| row.get(0))
            .optional()?;
        if under_way.is_some() {
            return Ok(None);
        }
    }
    if trigger != Trigger::Click {
        let_go(sqlite, connection, name, trigger)?;
    }
    sqlite
        .prepare_cached("INSERT INTO run (connection, entity, trigger, scope, state, started) VALUES (?1, ?2, ?3, ?4, 'waiting', ?5)")?
        .execute(params![connection, name, to_json(&trigger)?, to_json(scope)?, at])?;
    let run = sqlite.last_insert_rowid();
    append(sqlite, connection, at, code::RUN_BEGUN, Some(&format!("run-{run}")), &json!({ "entity": name, "trigger": trigger }))?;
    let key = if beside { format!("refresh:{name}:{run}") } else { format!("pull:{name}") };
    // No run of this stream is under way: what is queued under its key is the rest of one that ended, and would stand in this one's way.
    sqlite.prepare_cached("DELETE FROM work WHERE connection = ?1 AND key = ?2 AND state = 'ready'")?.execute(params![connection, key])?;
    enqueue(sqlite, connection, Lane::Bulk, &key, &Task::Pull { run }, at)?;
    Ok(Some(run))
}

/// A person asks for these very records: those that were deleted at Nobi, or kept out, are as good as never seen. Customers stay as they are: one
/// may have been erased.
fn bring_back(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remotes: &[String]) -> Result<()> {
    if entity == Entity::Customer {
        return Ok(());
    }
    let mut forget =
        sqlite.prepare_cached("DELETE FROM link WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND state = 'tombstone'")?;
    for remote in remotes {
        forget.execute(params![connection, names::entity(entity), remote])?;
    }
    Ok(())
}

#[async_trait]
impl Runs for SqliteStore {
    async fn begin_run(
        &self,
        connection: ConnectionId,
        entity: Entity,
        scope: Scope,
        trigger: Trigger,
        at: Instant,
    ) -> Result<Option<i64>> {
        self.write(move |sqlite| {
            if let (Trigger::Click, Scope::Only(ids)) = (trigger, &scope) {
                bring_back(sqlite, connection, entity, ids)?;
            }
            begin_run(sqlite, connection, entity, &scope, trigger, at)
        })
        .await
    }

    async fn run(&self, id: i64) -> Result<Run> {
        self.read(move |sqlite| load_run(sqlite, id)).await
    }

    async fn runs(&self, connection: ConnectionId, most: u32) -> Result<Vec<Run>> {
        self.read(move |sqlite| {
            let mut statement =
                sqlite.prepare_cached(&format!("SELECT {COLUMNS} FROM run WHERE connection = ?1 ORDER BY id DESC LIMIT ?2"))?;
            let rows = statement.query_map(params![connection, most], raw)?.collect::<std::result::Result<Vec<_>, _>>()?;
            rows.into_iter().map(typed).collect()
        })
        .await
    }

    async fn run_and_owner(&self, id: i64) -> Result<(Run, Connection)> {
        self.read(move |sqlite| {
            let snapshot = sqlite.unchecked_transaction()?;
            let run = load_run(&snapshot, id)?;
            let owner = load(&snapshot, run.connection)?;
            Ok((run, owner))
        })
        .await
    }

    async fn apply_page(&self, run: i64, footing: Footing, page: Page, flows: Policies, at: Instant) -> Result<AppliedPage> {
        self.write(move |sqlite| {
            stand(sqlite, footing)?;
            let before = load_run(sqlite, run)?;
            let connection = load(sqlite, before.connection)?;
            let policies = chosen(sqlite, connection.id, flows)?;
            let mut applier = Applier::new(sqlite, &connection, policies, before.trigger, at)
                .of_read(before.started, matches!(before.scope, Scope::Only(_)));
            applier.apply(&page.changes)?;
            if before.entity == Entity::OrderStatus {
                for remote in page.refused.iter().filter_map(|record| record.id.as_deref()) {
                    applier.is_there(remote, before.started)?;
                }
                if let (Scope::Only(ids), None) = (&before.scope, &page.next) {
                    applier.absent(ids, before.started)?;
                }
            }
            let everything = before.scope == Scope::Everything;
            if everything {
                let unread = page.refused.iter().filter(|_| before.entity == Entity::Branch).filter_map(|it| it.id.clone());
                applier.keep_listed(run, before.cursor.is_none(), unread)?;
                if page.next.is_none() {
                    applier.end_sweep(run, before.entity)?;
                }
            }
            let Applied { mut tally, written, warnings, .. } = applier.finish();
            let made =
                |entity: &Entity| ["created", "linked"].iter().any(|how| tally.get(&format!("{}.{how}", names::entity(*entity))) > 0);
            if [Entity::Branch, Entity::Product].iter().any(made) {
                paired(sqlite, connection.id, at)?;
            }
            forget_deliveries(sqlite, connection.id, &written)?;
            forget_remarks(sqlite, connection.id, &page.changes)?;
            keep_refused(sqlite, connection.id, before.entity, &page.refused, at)?;
            keep_warned(sqlite, connection.id, before.entity, &page.warnings, at)?;
            for (entity, warning) in warnings {
                keep_warned(sqlite, connection.id, entity, std::slice::from_ref(&warning), at)?;
                tally.count(names::entity(entity), "warned");
            }
            for _ in &page.refused {
                tally.count(names::entity(before.entity), "refused");
            }
            let span = span_of(&before.scope);
            if span.is_some() {
                for _ in 0..sweeps::unknown(sqlite, connection.id, &page.refused)? {
                    tally.count(names::entity(before.entity), sweeps::UNKNOWN);
                }
            }
            for _ in &page.warnings {
                tally.count(names::entity(before.entity), "warned");
            }
            let ended = page.next.is_none();
            let mut all = before.tally.clone();
            all.add(&tally);
            let records = u64::try_from(page.changes.len().saturating_add(page.refused.len())).unwrap_or(u64::MAX).max(FULL_PAGE);
            let read = sqlite
                .prepare_cached(
                    "UPDATE run SET state = ?2, cursor = ?3, done = ?4, total = ?5, tally = ?6, ended = ?7, read = read + ?8, records = records + ?9,
                       failure = NULL WHERE id = ?1 RETURNING read",
                )?
                .query_row(params![
                    run,
                    if ended { "done" } else { "running" },
                    page.next,
                    page.done,
                    page.total,
                    to_json(&all)?,
                    ended.then_some(at),
                    i64::try_from(records).unwrap_or(i64::MAX),
                    u32::try_from(page.changes.len() + page.refused.len()).unwrap_or(u32::MAX)
                ], |row| row.get::<_, i64>(0))?;
            if ended {
                let detail = json!({ "entity": names::entity(before.entity), "state": RunState::Done, "tally": all });
                append(sqlite, connection.id, at, code::RUN_ENDED, Some(&format!("run-{run}")), &detail)?;
            }
            if let Some(span) = span.filter(|_| ended) {
                let unknown = all.get(&format!("{}.{}", names::entity(before.entity), sweeps::UNKNOWN));
                match unknown {
                    0 => sweeps::end(sqlite, &before, span, at),
                    unknown => sweeps::proved_nothing(sqlite, &before, unknown, at),
                }?;
            }
            if ended && !matches!(before.scope, Scope::Only(_) | Scope::Made(_)) {
                tell_resumed(sqlite, connection.id, names::entity(before.entity), at)?;
                // What changed between the mark and a later beginning is still not in. A poll of statuses begins at the first open order: before
                // that there is nothing to bring in.
                let from = match before.scope {
                    Scope::Since(since) if before.entity != Entity::OrderStatus || before.trigger != Trigger::Timer => since,
                    _ => Instant::MIN,
                };
                sqlite
                    .prepare_cached(
                        "INSERT INTO stream (connection, entity, last_success, succeeded) VALUES (?1, ?2, CASE WHEN ?4 = ?5 THEN ?3 END, ?7)
                         ON CONFLICT DO UPDATE SET pause = NULL, succeeded = ?7,
                           last_success = CASE WHEN ?6 > kept_out_until AND (?4 = ?5 OR last_success >= ?4) THEN ?3 ELSE last_success END",
                    )?
                    .execute(params![connection.id, names::entity(before.entity), before.started, from, Instant::MIN, run, at])?;
            }
            Ok(AppliedPage { tally, ended, read: read.unsigned_abs() })
        })
        .await
    }

    async fn halt_run(&self, run: i64, footing: Footing, failure: Failure, halt: Halt, at: Instant) -> Result<()> {
        self.write(move |sqlite| {
            stand(sqlite, footing)?;
            let ends = matches!(halt, Halt::PauseStream | Halt::GiveUp | Halt::AskOtherwise { .. });
            let update = "UPDATE run SET failure = ?2, state = CASE WHEN ?3 THEN 'failed' ELSE state END,
                            ended = CASE WHEN ?3 THEN ?4 ELSE ended END WHERE id = ?1 RETURNING entity, tally, scope";
            let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?));
            let halted = sqlite.prepare_cached(update)?.query_row(params![run, to_json(&failure)?, ends, at], row);
            let (entity, tally, scope) = found(halted, || format!("run {run}"))?;
            let id = footing.connection;
            if ends {
                forget_listed(sqlite, run)?;
                let scope: Scope = from_json(&scope)?;
                if entity == names::entity(Entity::Stock) && scope == Scope::Everything {
                    ask_anew(sqlite, id)?;
                }
                let tally: Tally = from_json(&tally)?;
                let detail = json!({ "entity": entity, "state": RunState::Failed, "failure": failure.code, "tally": tally });
                append(sqlite, id, at, code::RUN_ENDED, Some(&format!("run-{run}")), &detail)?;
                if span_of(&scope).is_some() {
                    sweeps::failed(sqlite, id, at)?;
                }
            }
            match halt {
                Halt::Wait => Ok(()),
                Halt::PauseConnection(reason) => pause(sqlite, id, at, &reason),
                Halt::PauseStream => pause_stream(sqlite, id, &entity, &Reason { code: failure.code, message: failure.message }, at),
                Halt::AskOtherwise { way, due } => turn(sqlite, id, &entity, way, due),
                Halt::GiveUp => notify_of(sqlite, id, at, &entity, &failure.code, &failure.message),
            }
        })
        .await
    }

    async fn pause_stream(&self, footing: Footing, entity: Entity, reason: Reason, at: Instant) -> Result<()> {
        self.write(move |sqlite| {
            stand(sqlite, footing)?;
            pause_stream(sqlite, footing.connection, names::entity(entity), &reason, at)
        })
        .await
    }

    async fn set_policy(&self, connection: ConnectionId, entity: Entity, policy: Policy) -> Result<()> {
        self.write(move |sqlite| {
            let name = names::entity(entity);
            sqlite.execute("INSERT INTO stream (connection, entity) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![connection, name])?;
            if policy == Policy::KeepUpdated {
                // Whatever was kept out until now, also by a run that is under way, is not among what changes from now on.
                sqlite.execute(
                    "UPDATE stream SET last_success = NULL, kept_out_until = (SELECT coalesce(max(run.id), 0) FROM run
                       WHERE run.connection = ?1 AND run.entity = ?2)
                     WHERE connection = ?1 AND entity = ?2 AND policy IS NOT ?3",
                    params![connection, name, names::policy(policy)],
                )?;
            }
            // What a delivery said and the old policy kept out is news where it comes again.
            sqlite.execute("DELETE FROM delivery_subject WHERE connection = ?1", [connection])?;
            let update = "UPDATE stream SET policy = ?3 WHERE connection = ?1 AND entity = ?2";
            sqlite.execute(update, params![connection, name, names::policy(policy)])?;
            mark(sqlite, connection)
        })
        .await
    }

    async fn streams(&self, connection: ConnectionId) -> Result<Vec<Stream>> {
        self.read(move |sqlite| {
            let mut statement =
                sqlite.prepare_cached("SELECT entity, policy, pause, last_success, succeeded FROM stream WHERE connection = ?1")?;
            let rows = statement.query_map([connection], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?, row.get(3)?, row.get(4)?))
            })?;
            let mut streams = Vec::new();
            for row in rows {
                let (entity, policy, pause, last_success, succeeded) = row?;
                let Some(entity) = names::entity_from(&entity) else { continue };
                let policy = policy.as_deref().and_then(names::policy_from);
                streams.push(Stream { entity, policy, pause: pause.as_deref().map(from_json).transpose()?, last_success, succeeded });
            }
            Ok(streams)
        })
        .await
    }

    async fn join_refreshes(&self, now: Instant) -> Result<u32> {
        self.write(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT DISTINCT refresh.connection, refresh.entity FROM refresh JOIN connection ON connection.id = refresh.connection
                 WHERE refresh.due <= ?1 AND connection.state = 'active'",
            )?;
            let rows = statement.query_map([now], |row| Ok((row.get::<_, ConnectionId>(0)?, row.get::<_, String>(1)?)))?;
            let due = rows.collect::<std::result::Result<Vec<_>, _>>()?;
            drop(statement);
            let mut joined = 0;
            for (connection, name) in due {
                let mut statement = sqlite.prepare_cached("DELETE FROM refresh WHERE connection = ?1 AND entity = ?2 RETURNING remote")?;
                let rows = statement.query_map(params![connection, name], |row| row.get(0))?;
                let mut ids = rows.collect::<std::result::Result<Vec<String>, _>>()?;
                drop(statement);
                ids.sort();
                let Some(entity) = names::entity_from(&name) else { continue };
                begin_run(sqlite, connection, entity, &Scope::Only(ids), Trigger::Live, now)?;
                joined += 1;
            }
            Ok(joined)
        })
        .await
    }

    async fn flush_refreshes(&self, connection: ConnectionId, now: Instant) -> Result<()> {
        self.write(move |sqlite| {
            sqlite.execute("UPDATE refresh SET due = ?2 WHERE connection = ?1 AND due > ?2", params![connection, now])?;
            Ok(())
        })
        .await
    }
}
