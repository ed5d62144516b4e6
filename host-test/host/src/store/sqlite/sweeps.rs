//! The SQL of sweeps for orders that are not settled: one for all orders of a connection that wait for it, a run like any other whose rows note
//! where our own ids are. What it did not show is known at its end, and only then; one that failed proves nothing.

use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::connections::notify;
use super::outbox::hurry;
use super::queue::enqueue;
use super::runs::begin_run;
use super::{from_json, to_json};
use crate::clock::Instant;
use crate::contract::types::{Argument, Entity, Failure, Message};
use crate::contract::{Refused, Scope, Span};
use crate::store::{ConnectionId, Lane, Result, Run, Task, Trigger};

const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Days are Vietnam's, as the other side counts them.
const HANOI: i64 = 7 * 60 * 60 * 1_000;
/// A sweep waits so long at the most for orders that need a later one: where new ones come all the time, the first would wait for ever.
const LONGEST_WAIT: i64 = 10 * 60 * 1_000;
/// How long after one that failed the next one begins.
const AFTER_A_FAILURE: i64 = 5 * 60 * 1_000;
/// Sweeps of an order that stay known.
const KEPT: usize = 4;

/// What a sweep's figures call a row that could not be read and may be the very order that is looked for.
pub(super) const UNKNOWN: &str = "unknown";
/// A sweep came to its end with such a row: it proves nothing.
const UNREAD: &str = "order.sweep-unread";

/// When the first byte of an order can have gone out; one that nothing is known of since a refusal says it exists, when it was made.
const FIRST: &str = "coalesce(order_push.first_sent, (SELECT json_extract(nobi_order.record, '$.created') FROM nobi_order
    JOIN connection ON connection.tenant = nobi_order.tenant
    WHERE connection.id = order_push.connection AND nobi_order.id = order_push.order_id))";

/// Orders that wait for a sweep. One without an own id would not be known in it.
const WAITS: &str = "sweep_from IS NOT NULL AND remote IS NULL AND own_id IS NOT NULL";

/// Has a sweep made for those that wait for one, unless one is under way: at its end this is looked at anew.
pub(super) fn plan(sqlite: &Sqlite, connection: ConnectionId, not_before: Instant) -> Result<()> {
    let (first, last): (Option<Instant>, Option<Instant>) = sqlite
        .prepare_cached(&format!("SELECT min(sweep_from), max(sweep_from) FROM order_push WHERE connection = ?1 AND {WAITS}"))?
        .query_row([connection], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
    let due = last.min(first.saturating_add(LONGEST_WAIT)).max(not_before);
    if !enqueue(sqlite, connection, Lane::Bulk, "sweep", &Task::Sweep, due)? {
        sqlite
            .prepare_cached("UPDATE work SET due = ?2 WHERE connection = ?1 AND key = 'sweep' AND state = 'ready'")?
            .execute(params![connection, due])?;
    }
    Ok(())
}

fn under_way(sqlite: &Sqlite, connection: ConnectionId) -> Result<bool> {
    Ok(sqlite
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM run WHERE connection = ?1 AND entity = 'order-status' AND state IN ('waiting', 'running')
                            AND scope LIKE '{\"Made\"%')",
        )?
        .query_row([connection], |row| row.get(0))?)
}

/// Begins the sweep that is due by now.
pub(super) fn begin(sqlite: &Sqlite, connection: ConnectionId, now: Instant) -> Result<()> {
    if under_way(sqlite, connection)? {
        return Ok(());
    }
    let span: (Option<Instant>, Option<Instant>) = sqlite
        .prepare_cached(&format!(
            "SELECT min({FIRST}), max(coalesce(order_push.last_sent, ?2)) FROM order_push
             WHERE order_push.connection = ?1 AND sweep_from <= ?2 AND {WAITS}"
        ))?
        .query_row(params![connection, now], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (Some(first), Some(last)) = span else { return plan(sqlite, connection, now) };
    let day = first.saturating_add(HANOI).div_euclid(DAY) * DAY - HANOI;
    let scope = Scope::Made(Span { begin: day.saturating_sub(DAY), end: last.saturating_add(DAY) });
    begin_run(sqlite, connection, Entity::OrderStatus, &scope, Trigger::Live, now)?;
    Ok(())
}

/// A whole sweep came to its end: what it covered and did not show is known, and those orders need not wait any longer.
pub(super) fn end(sqlite: &Sqlite, run: &Run, span: Span, at: Instant) -> Result<()> {
    let began = run.started;
    let mut statement = sqlite.prepare_cached(&format!(
        "SELECT order_id, swept, coalesce(told_at < ?2, 1) AND {FIRST} >= ?3
           AND coalesce(last_sent, {FIRST}) < ?2 AND coalesce(last_sent, {FIRST}) <= ?4
         FROM order_push WHERE order_push.connection = ?1 AND sweep_from <= ?2 AND {WAITS}"
    ))?;
    let rows = statement.query_map(params![run.connection, began, span.begin, span.end], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?))
    })?;
    let covered = rows.collect::<std::result::Result<Vec<_>, _>>()?;
    drop(statement);
    for (order, swept, proves) in covered {
        let mut swept: Vec<Instant> = from_json(&swept)?;
        if proves {
            swept.push(began);
            swept.drain(..swept.len().saturating_sub(KEPT));
        }
        sqlite
            .prepare_cached("UPDATE order_push SET swept = ?3, sweep_from = NULL WHERE connection = ?1 AND order_id = ?2")?
            .execute(params![run.connection, order, to_json(&swept)?])?;
        hurry(sqlite, run.connection, &order, at)?;
    }
    read_again(sqlite, run.connection)?;
    plan(sqlite, run.connection, at)
}

/// How many rows of a page could not be read and may be one of those that are looked for. The row of an order whose id is known is that order's,
/// whatever it says.
pub(super) fn unknown(sqlite: &Sqlite, connection: ConnectionId, refused: &[Refused]) -> Result<usize> {
    let known = "SELECT EXISTS (SELECT 1 FROM order_push WHERE connection = ?1 AND remote = ?2)";
    let mut known = sqlite.prepare_cached(known)?;
    let mut unknown = 0;
    for row in refused {
        let known: bool = known.query_row(params![connection, row.id], |row| row.get(0))?;
        unknown += usize::from(!known);
    }
    Ok(unknown)
}

/// A sweep came to its end and did not read so many rows that may be ours: it proves nothing, another one is made, and a person is told of a row
/// that stands in its way.
pub(super) fn proved_nothing(sqlite: &Sqlite, run: &Run, rows: u64, at: Instant) -> Result<()> {
    let row: Option<(String, String)> = sqlite
        .prepare_cached(
            "SELECT remote, failure FROM refused WHERE connection = ?1 AND entity = 'order-status' AND at >= ?2 AND NOT EXISTS (
               SELECT 1 FROM order_push WHERE order_push.connection = ?1 AND order_push.remote = refused.remote) ORDER BY remote LIMIT 1",
        )?
        .query_row(params![run.connection, run.started], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (remote, failure) = row.unzip();
    let failure: Option<Failure> = failure.as_deref().map(from_json).transpose()?;
    let field = failure.and_then(|it| it.field);
    notify(sqlite, run.connection, at, UNREAD, &unread(remote.as_deref(), field.as_deref(), rows))?;
    failed(sqlite, run.connection, at)
}

/// A sweep read every row that may be ours, or nobody waits for one any more: what was said of such a row is over.
fn read_again(sqlite: &Sqlite, connection: ConnectionId) -> Result<()> {
    sqlite.prepare_cached("DELETE FROM notice WHERE connection = ?1 AND code = ?2")?.execute(params![connection, UNREAD])?;
    Ok(())
}

fn unread(remote: Option<&str>, field: Option<&str>, rows: u64) -> Message {
    let argument = |name: &str, value: &str| Argument { name: name.to_owned(), value: value.to_owned() };
    let (remote, field, rows) = (remote.filter(|id| !id.is_empty()).unwrap_or("?"), field.unwrap_or("?"), rows.to_string());
    Message {
        vi: format!(
            "Lần rà đơn vừa rồi không tính: {rows} đơn ở Nhanh.vn không đọc được và có thể là đơn đang tìm (ví dụ đơn {remote}, ô {field}). Đơn chờ kết quả rà chưa gửi lại; hãy sửa đơn đó ở Nhanh.vn."
        ),
        en: format!(
            "The last sweep of orders does not count: {rows} rows at Nhanh.vn could not be read and may be an order that is looked for (such as order {remote}, field {field}). What waits for the sweep is not sent again; mend that order there."
        ),
        arguments: vec![argument("order", remote), argument("field", field), argument("rows", &rows)],
    }
}

/// A sweep failed: it proves nothing, and another one is made.
pub(super) fn failed(sqlite: &Sqlite, connection: ConnectionId, at: Instant) -> Result<()> {
    plan(sqlite, connection, at.saturating_add(AFTER_A_FAILURE))
}

/// The span of a run that is a sweep.
pub(super) fn span_of(scope: &Scope) -> Option<Span> {
    match scope {
        Scope::Made(span) => Some(*span),
        Scope::Everything | Scope::Since(_) | Scope::Only(_) => None,
    }
}

/// What is known of an order that is sent no more: nobody waits for a sweep of it.
pub(super) fn forget(sqlite: &Sqlite, connection: ConnectionId, order: &str) -> Result<()> {
    let waited = sqlite
        .prepare_cached("UPDATE order_push SET sweep_from = NULL WHERE connection = ?1 AND order_id = ?2 AND sweep_from IS NOT NULL")?
        .execute(params![connection, order])?;
    let others = "SELECT EXISTS (SELECT 1 FROM order_push WHERE connection = ?1 AND sweep_from IS NOT NULL)";
    if waited == 0 || sqlite.prepare_cached(others)?.query_row([connection], |row| row.get(0))? {
        Ok(())
    } else {
        read_again(sqlite, connection)
    }
}

/// When sweeps began that count for an order: those after its last send.
pub(super) fn counting(swept: &str, last_sent: Option<Instant>) -> Result<Vec<Instant>> {
    let swept: Vec<Instant> = from_json(swept)?;
    Ok(swept.into_iter().filter(|began| last_sent.is_none_or(|sent| *began > sent)).collect())
}

/// Whether an order's own id was told anew since it was known to stand there.
pub(super) fn told_anew(sqlite: &Sqlite, connection: ConnectionId, order: &str, known: Option<&str>) -> Result<bool> {
    let seen_as: Option<Option<String>> = sqlite
        .prepare_cached("SELECT seen_as FROM order_push WHERE connection = ?1 AND order_id = ?2")?
        .query_row(params![connection, order], |row| row.get(0))
        .optional()?;
    Ok(seen_as.flatten().is_some_and(|seen| known != Some(seen.as_str())))
}
