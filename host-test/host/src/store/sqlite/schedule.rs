//! The SQL of schedules.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::SqliteStore;
use super::connections::load;
use super::runs::{begin_run, chosen};
use crate::clock::Instant;
use crate::contract::Scope;
use crate::contract::types::Entity;
use crate::names;
use crate::nobi::Policies;
use crate::store::schedule::is_polled;
use crate::store::{Connection, ConnectionId, Due, OpenOrders, Result, Schedules, Trigger, Way};

/// How long after its last send an order that was nowhere, so that its cancel ended there, is still asked for: milliseconds. What left takes
/// minutes to show, and an outage at the other side hours; an order that shows after a day was not delayed, somebody made it. Until then it costs
/// the one request of each poll, and after it a webhook or a pull still tells of it.
const LATECOMERS: i64 = 24 * 60 * 60 * 1_000;

fn word(way: Way) -> &'static str {
    match way {
        Way::Changes => "changes",
        Way::Whole => "whole",
        Way::Never => "never",
    }
}

fn way(word: &str) -> Way {
    match word {
        "whole" => Way::Whole,
        "never" => Way::Never,
        _ => Way::Changes,
    }
}

/// What is polled of this connection has to be worked out anew.
pub(super) fn mark(sqlite: &Sqlite, connection: ConnectionId) -> Result<()> {
    sqlite
        .prepare_cached("INSERT INTO schedule (connection, entity, due) VALUES (?1, '', 0) ON CONFLICT DO NOTHING")?
        .execute([connection])?;
    Ok(())
}

/// The stream of this run is polled in another way from now on, as its grant's connector cannot do what was asked.
pub(super) fn turn(sqlite: &Sqlite, connection: ConnectionId, entity: &str, to: Way, due: Option<Instant>) -> Result<()> {
    sqlite
        .prepare_cached(
            "UPDATE schedule SET way = ?3, due = ?4, generation = (SELECT generation FROM connection WHERE id = ?1)
             WHERE connection = ?1 AND entity = ?2",
        )?
        .execute(params![connection, entity, word(to), due])?;
    Ok(())
}

fn rows(sqlite: &Sqlite, connection: ConnectionId) -> Result<Vec<(String, Option<Instant>)>> {
    let mut statement = sqlite.prepare_cached("SELECT entity, due FROM schedule WHERE connection = ?1 AND entity <> ''")?;
    let rows = statement.query_map([connection], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

#[async_trait]
impl Schedules for SqliteStore {
    async fn due(&self, now: Instant, most: u32) -> Result<Vec<Due>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT schedule.connection, schedule.entity, schedule.way FROM schedule CROSS JOIN connection
                 ON connection.id = schedule.connection AND connection.state = 'active' WHERE schedule.due <= ?1
                 ORDER BY schedule.due LIMIT ?2",
            )?;
            let rows =
                statement.query_map(params![now, most], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
            let mut due = Vec::new();
            for row in rows {
                let (connection, entity, how) = row?;
                due.push(Due { connection, entity: names::entity_from(&entity), way: way(&how) });
            }
            Ok(due)
        })
        .await
    }

    async fn next_poll(&self) -> Result<Option<Instant>> {
        self.read(|sqlite| {
            Ok(sqlite
                .prepare_cached(
                    "SELECT schedule.due FROM schedule CROSS JOIN connection
                     ON connection.id = schedule.connection AND connection.state = 'active' WHERE schedule.due IS NOT NULL
                     ORDER BY schedule.due LIMIT 1",
                )?
                .query_row([], |row| row.get(0))
                .optional()?)
        })
        .await
    }

    async fn plan_by(&self, rules: &str) -> Result<bool> {
        let rules = rules.to_owned();
        self.write(move |sqlite| {
            let changed = sqlite.execute(
                "INSERT INTO planned_by (id, rules) VALUES (0, ?1)
                 ON CONFLICT DO UPDATE SET rules = excluded.rules WHERE rules <> excluded.rules",
                [rules],
            )?;
            if changed == 1 {
                let all = "INSERT INTO schedule (connection, entity, due) SELECT id, '', 0 FROM connection WHERE account IS NOT NULL
                           ON CONFLICT DO NOTHING";
                sqlite.execute(all, [])?;
            }
            Ok(changed == 1)
        })
        .await
    }

    async fn plan(&self, of: &Connection, flows: Policies, firsts: Vec<(Entity, Instant)>) -> Result<bool> {
        let of = of.clone();
        self.write(move |sqlite| {
            let now = load(sqlite, of.id)?;
            if now.generation != of.generation || now.settings != of.settings {
                return Ok(false);
            }
            let policies = chosen(sqlite, of.id, flows)?;
            let firsts: Vec<_> = firsts.into_iter().filter(|(entity, _)| is_polled(&policies, *entity)).collect();
            // The mark goes along: it names no stream.
            sqlite.prepare_cached("DELETE FROM schedule WHERE connection = ?1 AND entity = ''")?.execute([of.id])?;
            for (entity, _) in rows(sqlite, of.id)? {
                if !firsts.iter().any(|(polled, _)| names::entity(*polled) == entity) {
                    sqlite.prepare_cached("DELETE FROM schedule WHERE connection = ?1 AND entity = ?2")?.execute(params![of.id, entity])?;
                }
            }
            for (entity, first) in firsts {
                // What the connector could not do under an earlier grant it may do under this one.
                sqlite
                    .prepare_cached(
                        "INSERT INTO schedule (connection, entity, due, generation) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT DO UPDATE SET way = 'changes', due = min(coalesce(due, excluded.due), excluded.due),
                           generation = excluded.generation WHERE generation <> excluded.generation",
                    )?
                    .execute(params![of.id, names::entity(entity), first, of.generation])?;
            }
            Ok(true)
        })
        .await
    }

    async fn poll(&self, due: Due, scope: Option<Scope>, at: Instant, next: Instant) -> Result<Option<i64>> {
        self.write(move |sqlite| {
            let name = due.entity.map_or("", names::entity);
            let moved = sqlite
                .prepare_cached("UPDATE schedule SET due = ?3 WHERE connection = ?1 AND entity = ?2 AND due <= ?4")?
                .execute(params![due.connection, name, next, at])?;
            let (Some(entity), Some(scope), 1) = (due.entity, scope, moved) else { return Ok(None) };
            // A poll of single records is a run beside others; it is still one poll at a time.
            let under_way: bool = sqlite
                .prepare_cached(
                    "SELECT EXISTS (SELECT 1 FROM run WHERE connection = ?1 AND entity = ?2 AND trigger = '\"timer\"'
                                    AND state IN ('waiting', 'running'))",
                )?
                .query_row(params![due.connection, name], |row| row.get(0))?;
            if under_way {
                return Ok(None);
            }
            begin_run(sqlite, due.connection, entity, &scope, Trigger::Timer, at)
        })
        .await
    }

    async fn last_sweep(&self, connection: ConnectionId, entity: Entity) -> Result<Option<Instant>> {
        self.read(move |sqlite| {
            Ok(sqlite
                .prepare_cached(
                    "SELECT started FROM run WHERE connection = ?1 AND entity = ?2 AND scope = '\"Everything\"' AND state = 'done'
                     ORDER BY id DESC LIMIT 1",
                )?
                .query_row(params![connection, names::entity(entity)], |row| row.get(0))
                .optional()?)
        })
        .await
    }

    async fn schedule(&self, connection: ConnectionId) -> Result<Vec<(Entity, Instant)>> {
        self.read(move |sqlite| {
            let rows = rows(sqlite, connection)?.into_iter();
            Ok(rows.filter_map(|(entity, due)| Some((names::entity_from(&entity)?, due?))).collect())
        })
        .await
    }

    async fn open_orders(&self, connection: ConnectionId, most: u32, now: Instant) -> Result<OpenOrders> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT remote FROM order_push WHERE connection = ?1 AND open = 1 AND remote IS NOT NULL ORDER BY first_sent LIMIT ?2",
            )?;
            let remotes = statement.query_map(params![connection, most], |row| row.get(0))?;
            let remotes = remotes.collect::<std::result::Result<_, _>>()?;
            let since = sqlite
                .prepare_cached(
                    // What ended otherwise without arriving is neither sent nor looked for any more.
                    "SELECT min(first_sent) FROM order_push
                     WHERE connection = ?1 AND open = 1 AND (remote IS NOT NULL OR may_have_arrived AND EXISTS (
                       SELECT 1 FROM outbox WHERE outbox.connection = ?1 AND outbox.order_id = order_push.order_id
                         AND (outbox.state IN ('waiting', 'failed')
                           OR last_sent > ?2 AND outbox.state = 'skipped' AND json_extract(outbox.outcome, '$.reason') = 'skip.never-arrived')))",
                )?
                .query_row(params![connection, now.saturating_sub(LATECOMERS)], |row| row.get(0))?;
            Ok(OpenOrders { remotes, since })
        })
        .await
    }
}
