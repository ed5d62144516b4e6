//! The SQL of orders that are not settled: what is known of them, how long they have been tried, and what opens an event again that had ended.

use rusqlite::{Connection as Sqlite, OptionalExtension as _, params};
use serde_json::json;

use super::connections::{OF_ORDERS, notify_of};
use super::events::append;
use super::outbox::{hurry, work_key};
use super::queue::enqueue;
use super::{from_json, to_json};
use crate::clock::Instant;
use crate::contract::catalog::{OrderStage, OrderStatus};
use crate::contract::orders::Earlier;
use crate::nobi::{SHOWS_AFTER, is_end};
use crate::store::events::code;
use crate::store::{Connection, ConnectionId, Lane, LetterId, Result, Task, Try};

/// What is known of the creation of an order that has no link.
pub(super) fn write_known(sqlite: &Sqlite, connection: ConnectionId, order: &str, known: &Earlier) -> Result<()> {
    sqlite
        .prepare_cached(
            "UPDATE order_push SET may_have_arrived = ?3, first_sent = ?4, last_sent = ?5, empty_lookups = ?6,
               refused_as_existing = coalesce(refused_as_existing, ?7) WHERE connection = ?1 AND order_id = ?2 AND remote IS NULL",
        )?
        .execute(params![
            connection,
            order,
            known.may_have_arrived,
            known.first_sent,
            known.last_sent,
            known.empty_lookups,
            known.refused_as_existing
        ])?;
    Ok(())
}

/// Whether an order was made before this connection, which was never told of its making.
pub(super) fn before_connection(sqlite: &Sqlite, owner: &Connection, order: &str) -> Result<bool> {
    Ok(sqlite
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM nobi_order WHERE tenant = ?2 AND id = ?3
                            AND json_extract(record, '$.created') < (SELECT created FROM connection WHERE id = ?1))
               AND NOT EXISTS (SELECT 1 FROM outbox WHERE connection = ?1 AND order_id = ?3 AND kind = '\"Created\"')",
        )?
        .query_row(params![owner.id, owner.tenant, order], |row| row.get(0))?)
}

/// Where an order stands at the other side, as far as that is known.
pub(super) fn stage_there(sqlite: &Sqlite, owner: &Connection, order: &str) -> Result<Option<OrderStage>> {
    let status: Option<Option<String>> = sqlite
        .prepare_cached("SELECT remote_status FROM nobi_order WHERE tenant = ?1 AND id = ?2")?
        .query_row(params![owner.tenant, order], |row| row.get(0))
        .optional()?;
    let Some(status) = status.flatten() else { return Ok(None) };
    let status: OrderStatus = from_json(&status)?;
    Ok(status.stage)
}

/// Whether a read showed it called off, and stands alive by the latest one.
pub(super) fn revived(sqlite: &Sqlite, owner: &Connection, order: &str) -> Result<bool> {
    let later: bool = sqlite
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM order_push WHERE connection = ?1 AND order_id = ?2 AND called_off_at + ?3 < read_at)",
        )?
        .query_row(params![owner.id, order, SHOWS_AFTER], |row| row.get(0))?;
    Ok(later && stage_there(sqlite, owner, order)?.is_some_and(|stage| !is_end(stage)))
}

/// What ended a cancel or a delete well was a read that showed the order called off.
pub(super) fn called_off(sqlite: &Sqlite, connection: ConnectionId, row: i64, order: &str, at: Instant) -> Result<()> {
    sqlite
        .prepare_cached(
            "UPDATE order_push SET called_off_at = coalesce(called_off_at, ?3) WHERE connection = ?1 AND order_id = ?2
             AND EXISTS (SELECT 1 FROM outbox WHERE id = ?4 AND (kind LIKE '{\"Cancelled\"%' OR kind = '\"Deleted\"'))",
        )?
        .execute(params![connection, order, at, row])?;
    Ok(())
}

/// Adds the time since the last try, where the other side answered then and now; after too much of it a person is told, once.
pub(super) fn count_try(sqlite: &Sqlite, tried: &Try) -> Result<()> {
    let Try { row, at, answered, .. } = *tried;
    let (spent, told): (i64, bool) = sqlite
        .prepare_cached(
            "UPDATE outbox SET tried_for = tried_for + CASE WHEN ?3 AND tried_at IS NOT NULL THEN max(?2 - tried_at, 0) ELSE 0 END,
               tried_at = CASE WHEN ?3 THEN ?2 END WHERE id = ?1 RETURNING tried_for, worry IS NOT NULL",
        )?
        .query_row(params![row, at, answered], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if spent < tried.most {
        return Ok(());
    }
    sqlite.prepare_cached("UPDATE outbox SET worry = ?2 WHERE id = ?1")?.execute(params![row, to_json(&tried.failure)?])?;
    if !told {
        let (connection, failure) = (tried.footing.connection, &tried.failure);
        let subject = LetterId::Order(row).to_string();
        append(sqlite, connection, at, code::DEAD_LETTER, Some(&subject), &json!({ "failure": failure.code }))?;
        // A cause that many share is one notice.
        notify_of(sqlite, connection, at, OF_ORDERS, &failure.code, &failure.message)?;
    }
    Ok(())
}

/// The other side told where an order of ours is that has no link. What ended because it was nowhere is open again; a create that a person was
/// told of is tried again where that is news.
pub(crate) fn appeared(sqlite: &Sqlite, connection: ConnectionId, order: &str, news: bool, at: Instant) -> Result<()> {
    let opened = sqlite
        .prepare_cached(
            "UPDATE outbox SET state = 'waiting', outcome = NULL WHERE id = (SELECT id FROM outbox WHERE connection = ?1 AND order_id = ?2
               AND (state = 'skipped' AND json_extract(outcome, '$.reason') IN ('skip.never-arrived', 'skip.never-pushed')
                      AND (kind LIKE '{\"Cancelled\"%' OR kind = '\"Deleted\"' OR kind LIKE '{\"Reconciled\"%')
                    OR state = 'failed' AND ?3 AND kind <> '\"Updated\"') ORDER BY sequence DESC LIMIT 1)",
        )?
        .execute(params![connection, order, news])?;
    if opened > 0 {
        enqueue(sqlite, connection, Lane::Live, &work_key(order), &Task::Push { order: order.to_owned() }, at)?;
    }
    hurry(sqlite, connection, order, at)
}

/// An order is known to be gone: what failed because it was not found, or may have to look, is tried again.
pub(crate) fn reopened(sqlite: &Sqlite, connection: ConnectionId, order: &str, at: Instant) -> Result<()> {
    let opened = sqlite
        .prepare_cached(
            "UPDATE outbox SET state = 'waiting', outcome = NULL WHERE id = (SELECT id FROM outbox WHERE connection = ?1 AND order_id = ?2
               AND state = 'failed' AND (kind LIKE '{\"Cancelled\"%' OR kind = '\"Deleted\"') ORDER BY sequence DESC LIMIT 1)",
        )?
        .execute(params![connection, order])?;
    if opened > 0 {
        enqueue(sqlite, connection, Lane::Live, &work_key(order), &Task::Push { order: order.to_owned() }, at)?;
    }
    hurry(sqlite, connection, order, at)
}
