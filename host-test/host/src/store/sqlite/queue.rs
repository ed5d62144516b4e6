//! The SQL of the work queue.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::connections::hold;
use super::{SqliteStore, from_json, to_json};
use crate::clock::Instant;
use crate::store::{Again, Claim, ConnectionId, Lane, Lease, Queue, Result, Task, Turn, Work};

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

/// Connections with work of one lane that wait, each found by one step in the index: connections without any are not looked at. The one that
/// was served longest ago comes first.
const WAITING: &str = "
    WITH RECURSIVE busy (id) AS (
        SELECT min(connection) FROM work WHERE state = 'ready' AND lane = ?1
        UNION ALL
        SELECT (SELECT min(connection) FROM work WHERE state = 'ready' AND lane = ?1 AND connection > busy.id) FROM busy WHERE busy.id IS NOT NULL)
    SELECT busy.id, lease.fence, lease.holder IS NOT NULL FROM busy
    CROSS JOIN connection ON connection.id = busy.id LEFT JOIN lease ON lease.connection = busy.id
    WHERE connection.state = 'active' ORDER BY coalesce(lease.served, 0), busy.id";

/// The next work of one connection in one lane.
const NEXT: &str = "
    SELECT id FROM work WHERE state = 'ready' AND lane = ?1 AND connection = ?2 AND due <= ?3
      AND NOT EXISTS (SELECT 1 FROM work AS other WHERE other.connection = ?2 AND other.key = work.key AND other.state = 'running')
    ORDER BY due, id LIMIT 1";

/// Ends leases that ran out, but none of those that the asker has.
fn expire(sqlite: &Sqlite, holds: &[Lease], now: Instant) -> Result<()> {
    let mut statement = sqlite.prepare_cached("SELECT connection, fence FROM lease WHERE holder IS NOT NULL AND until <= ?1")?;
    let rows = statement.query_map([now], |row| Ok((row.get::<_, ConnectionId>(0)?, row.get::<_, i64>(1)?)))?;
    for row in rows.collect::<std::result::Result<Vec<_>, _>>()? {
        if !holds.iter().any(|lease| (lease.connection, lease.fence) == row) {
            end(sqlite, row.0)?;
        }
    }
    Ok(())
}

/// Ends a connection's lease: what was done under it is refused from now on, and what was not done is ready again.
fn end(sqlite: &Sqlite, connection: ConnectionId) -> Result<()> {
    sqlite.prepare_cached("UPDATE lease SET holder = NULL, fence = fence + 1 WHERE connection = ?1")?.execute([connection])?;
    sqlite.prepare_cached("UPDATE work SET state = 'ready' WHERE connection = ?1 AND state = 'running'")?.execute([connection])?;
    Ok(())
}

/// Ends every lease.
pub(crate) fn end_all(sqlite: &Sqlite) -> Result<()> {
    sqlite.execute("UPDATE lease SET holder = NULL, fence = fence + 1 WHERE holder IS NOT NULL", [])?;
    sqlite.execute("UPDATE work SET state = 'ready' WHERE state = 'running'", [])?;
    Ok(())
}

/// The work that is next in one lane: its row, its connection, and that connection's lease where it has one already.
fn choose(sqlite: &Sqlite, lane: i64, claim: &Claim) -> Result<Option<(i64, ConnectionId, Option<i64>)>> {
    let mut statement = sqlite.prepare_cached(WAITING)?;
    let mut rows = statement.query([lane])?;
    while let Some(row) = rows.next()? {
        let (connection, fence, held): (ConnectionId, Option<i64>, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let own = held && claim.holds.iter().any(|lease| lease.connection == connection && Some(lease.fence) == fence);
        if held && !own {
            continue;
        }
        let next = sqlite.prepare_cached(NEXT)?.query_row(params![lane, connection, claim.now], |row| row.get::<_, i64>(0)).optional()?;
        if let Some(work) = next {
            return Ok(Some((work, connection, fence.filter(|_| own))));
        }
    }
    Ok(None)
}

/// Writes the lease down; a new one gets a number that never was.
fn lease(sqlite: &Sqlite, connection: ConnectionId, own: Option<i64>, claim: &Claim) -> Result<Lease> {
    let fence = sqlite
        .prepare_cached(
            "INSERT INTO lease (connection, fence, holder, until, served)
             VALUES (?1, 1, ?2, ?3, (SELECT coalesce(max(served), 0) + 1 FROM lease))
             ON CONFLICT DO UPDATE SET fence = fence + ?4, holder = excluded.holder, until = excluded.until, served = excluded.served
             RETURNING fence",
        )?
        .query_row(params![connection, claim.holder, claim.until, own.is_none()], |row| row.get(0))?;
    Ok(Lease { connection, fence, until: claim.until })
}

#[async_trait]
impl Queue for SqliteStore {
    async fn claim(&self, claim: Claim) -> Result<Option<Turn>> {
        self.write(move |sqlite| {
            expire(sqlite, &claim.holds, claim.now)?;
            let lanes = if claim.only_live { 0..=Lane::Live as i64 } else { 0..=Lane::Bulk as i64 };
            for lane in lanes {
                let Some((work, connection, own)) = choose(sqlite, lane, &claim)? else { continue };
                let lease = lease(sqlite, connection, own, &claim)?;
                let (task, attempts, waited) = sqlite
                    .prepare_cached("UPDATE work SET state = 'running' WHERE id = ?1 RETURNING task, attempts, waited")?
                    .query_row([work], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?)))?;
                let waited = Duration::from_millis(waited.unsigned_abs());
                let (task, lane) = (from_json(&task)?, Lane::from_number(lane));
                return Ok(Some(Turn { lease, work: Work { id: work, connection, task, lane, attempts, waited } }));
            }
            Ok(None)
        })
        .await
    }

    async fn heartbeat(&self, holds: &[Lease], until: Instant) -> Result<Vec<ConnectionId>> {
        let holds = holds.to_vec();
        self.write(move |sqlite| {
            let mut lost = Vec::new();
            for lease in holds {
                let beat = sqlite
                    .prepare_cached("UPDATE lease SET until = max(until, ?3) WHERE connection = ?1 AND fence = ?2")?
                    .execute(params![lease.connection, lease.fence, until])?;
                if beat == 0 {
                    lost.push(lease.connection);
                }
            }
            Ok(lost)
        })
        .await
    }

    async fn release(&self, holds: &[Lease]) -> Result<()> {
        let holds = holds.to_vec();
        self.write(move |sqlite| {
            for lease in holds {
                if hold(sqlite, lease.connection, lease.fence).is_ok() {
                    end(sqlite, lease.connection)?;
                }
            }
            Ok(())
        })
        .await
    }

    async fn complete(&self, lease: Lease, work: i64) -> Result<()> {
        self.write(move |sqlite| {
            hold(sqlite, lease.connection, lease.fence)?;
            sqlite.prepare_cached("DELETE FROM work WHERE id = ?1")?.execute([work])?;
            Ok(())
        })
        .await
    }

    async fn again(&self, lease: Lease, work: i64, again: Again) -> Result<()> {
        self.write(move |sqlite| {
            hold(sqlite, lease.connection, lease.fence)?;
            sqlite
                .prepare_cached(
                    "DELETE FROM work WHERE state = 'ready' AND id <> ?1
                     AND (connection, key, task) = (SELECT connection, key, task FROM work WHERE id = ?1)",
                )?
                .execute([work])?;
            let waited = again.waited.map(|waited| i64::try_from(waited.as_millis()).unwrap_or(i64::MAX));
            sqlite
                .prepare_cached(
                    "UPDATE work SET state = 'ready', due = ?2, attempts = attempts + (?3 IS NOT NULL), waited = coalesce(?3, waited) WHERE id = ?1",
                )?
                .execute(params![work, again.due, waited])?;
            Ok(())
        })
        .await
    }

    async fn next_due(&self, holds: &[Lease]) -> Result<Option<Instant>> {
        let holds: Vec<ConnectionId> = holds.iter().map(|lease| lease.connection).collect();
        let holds = to_json(&holds)?;
        self.read(move |sqlite| {
            // What another worker has is looked at again when its lease ends.
            let mut statement = sqlite.prepare_cached(
                "SELECT min(due) FROM (
                     SELECT CASE WHEN lease.holder IS NULL THEN work.due ELSE max(work.due, lease.until) END AS due
                     FROM work CROSS JOIN connection ON connection.id = work.connection
                     LEFT JOIN lease ON lease.connection = work.connection AND lease.connection NOT IN (SELECT value FROM json_each(?1))
                     WHERE work.state = 'ready' AND connection.state = 'active'
                     UNION ALL
                     SELECT lease.until FROM lease WHERE holder IS NOT NULL AND connection NOT IN (SELECT value FROM json_each(?1))
                       AND EXISTS (SELECT 1 FROM work WHERE work.connection = lease.connection AND work.state = 'running')
                     UNION ALL
                     SELECT refresh.due FROM refresh CROSS JOIN connection ON connection.id = refresh.connection
                     WHERE connection.state = 'active')",
            )?;
            Ok(statement.query_row([holds], |row| row.get(0))?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sealer;

    /// What SQLite does to answer this, a line a table.
    fn plan(sqlite: &Sqlite, sql: &str, values: usize) -> Vec<String> {
        let mut statement = sqlite.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("it parses");
        let values = rusqlite::params_from_iter(std::iter::repeat_n(0, values));
        let rows = statement.query_map(values, |row| row.get::<_, String>(3)).expect("it is planned");
        rows.map(|row| row.expect("a line")).collect()
    }

    #[tokio::test]
    async fn to_find_work_no_connection_is_looked_at_that_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let sealer = Sealer::from_hex(&"ab".repeat(32)).expect("a key");
        let store = SqliteStore::open(&folder.path().join("host.sqlite"), sealer).expect("a store");
        store
            .read(|sqlite| {
                let waiting = plan(sqlite, WAITING, 1);
                let scans: Vec<_> = waiting.iter().filter(|line| line.starts_with("SCAN") && !line.contains("busy")).collect();
                assert!(scans.is_empty() && waiting.iter().any(|line| line.contains("work_by_lane")), "{waiting:?}");
                let next = plan(sqlite, NEXT, 3);
                assert!(next.iter().all(|line| !line.starts_with("SCAN")), "{next:?}");
                Ok(())
            })
            .await
            .expect("the store reads");
    }
}
