//! The SQL of the work queue.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::{SqliteStore, from_json, to_json};
use crate::clock::Instant;
use crate::store::{ConnectionId, Lane, Queue, Result, Task, Work};

/// Queues work, unless work with the same key waits already. Says whether it was queued.
pub(super) fn enqueue(sqlite: &Sqlite, connection: ConnectionId, lane: Lane, key: &str, task: &Task, due: Instant) -> Result<bool> {
    let inserted = sqlite
        .prepare_cached(
            "INSERT INTO work (connection, lane, key, task, state, due)
             SELECT ?1, ?2, ?3, ?4, 'ready', ?5
             WHERE NOT EXISTS (SELECT 1 FROM work WHERE connection = ?1 AND key = ?3 AND state = 'ready')",
        )?
        .execute(params![connection, lane as i64, key, to_json(task)?, due])?;
    Ok(inserted == 1)
}

#[async_trait]
impl Queue for SqliteStore {
    async fn claim(&self, now: Instant, only_live: bool) -> Result<Option<Work>> {
        self.write(move |sqlite| {
            let row = sqlite
                .prepare_cached(
                    "UPDATE work SET state = 'running' WHERE id = (
                         SELECT work.id FROM work JOIN connection ON connection.id = work.connection
                         WHERE work.state = 'ready' AND work.due <= ?1 AND work.lane <= ?2 AND connection.state = 'active'
                           AND NOT EXISTS (
                               SELECT 1 FROM work AS other
                               WHERE other.connection = work.connection AND other.key = work.key AND other.state = 'running')
                         ORDER BY work.lane, work.due, work.id LIMIT 1)
                     RETURNING id, connection, task, lane, attempts",
                )?
                .query_row(params![now, if only_live { Lane::Live } else { Lane::Bulk } as i64], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?, row.get(4)?))
                })
                .optional()?;
            let Some((id, connection, task, lane, attempts)) = row else { return Ok(None) };
            Ok(Some(Work { id, connection, task: from_json(&task)?, lane: Lane::from_number(lane), attempts }))
        })
        .await
    }

    async fn complete(&self, work: i64) -> Result<()> {
        self.write(move |sqlite| {
            sqlite.prepare_cached("DELETE FROM work WHERE id = ?1")?.execute([work])?;
            Ok(())
        })
        .await
    }

    async fn again(&self, work: i64, due: Instant, counted: bool) -> Result<()> {
        self.write(move |sqlite| {
            sqlite
                .prepare_cached(
                    "DELETE FROM work WHERE state = 'ready' AND id <> ?1
                     AND (connection, key, task) = (SELECT connection, key, task FROM work WHERE id = ?1)",
                )?
                .execute([work])?;
            sqlite
                .prepare_cached("UPDATE work SET state = 'ready', due = ?2, attempts = attempts + ?3 WHERE id = ?1")?
                .execute(params![work, due, counted])?;
            Ok(())
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<Instant>> {
        self.read(|sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT min(due) FROM (
                     SELECT work.due FROM work JOIN connection ON connection.id = work.connection
                     WHERE work.state = 'ready' AND connection.state = 'active'
                     UNION ALL
                     SELECT refresh.due FROM refresh JOIN connection ON connection.id = refresh.connection
                     WHERE connection.state = 'active')",
            )?;
            Ok(statement.query_row([], |row| row.get(0))?)
        })
        .await
    }
}
