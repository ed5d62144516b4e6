//! The SQL of orders that wait for something at the other side: who waits, for how much of what, and who goes when there is more of it.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde_json::json;

use super::connections::{OF_ORDERS, stand};
use super::events::append;
use super::outbox::hurry;
use super::runs::chosen;
use super::{SqliteStore, from_json, to_json};
use crate::clock::Instant;
use crate::contract::Policy;
use crate::contract::types::{Entity, Failure, Message};
use crate::names;
use crate::store::events::code;
use crate::store::{ConnectionId, HeldOrder, HeldOrders, Notice, PAIRS_AWAITED, Result, Wanting};

/// The earliest next try of an order that was refused so often, however much there is by what we know: two sides that do not agree on a
/// level must not turn in a circle. The first is at once; the others wait a minute, two, four, a quarter of an hour at the most.
fn not_before(times: i64, latest: Instant) -> Instant {
    let wait = match times {
        ..=1 => 0,
        _ => (60_000_i64 << (times - 2).min(4)).min(15 * 60_000),
    };
    latest.saturating_add(wait)
}

/// A level is read once in this time at the most, in milliseconds, however many orders are refused for want of it.
const READ_ANEW: i64 = 60_000;

/// There is so much of a product at a branch: the orders that wait for it there go, oldest first, as far as it reaches.
pub(crate) fn freed(sqlite: &Sqlite, connection: ConnectionId, product: &str, branch: &str, available: i64, now: Instant) -> Result<()> {
    let mut statement = sqlite.prepare_cached(
        "SELECT order_id, quantity, times, latest FROM held_order
         WHERE connection = ?1 AND subject = ?2 AND (place IS NULL OR place = ?3) ORDER BY since, order_id",
    )?;
    let rows = statement.query_map(params![connection, product, branch], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?))
    })?;
    let mut left = available;
    for row in rows.collect::<std::result::Result<Vec<_>, _>>()? {
        let (order, quantity, times, latest) = row;
        // A smaller one behind it may still fit.
        if left > 0 && quantity <= left {
            left = left.saturating_sub(quantity);
            hurry(sqlite, connection, &order, not_before(times, latest).max(now))?;
        }
    }
    Ok(())
}

/// Pairs were made: what waits for some is tried.
pub(super) fn paired(sqlite: &Sqlite, connection: ConnectionId, now: Instant) -> Result<()> {
    let mut statement = sqlite.prepare_cached("SELECT order_id FROM held_order WHERE connection = ?1 AND code = ?2")?;
    let rows = statement.query_map(params![connection, PAIRS_AWAITED], |row| row.get(0))?;
    let orders = rows.collect::<std::result::Result<Vec<String>, _>>()?;
    orders.iter().try_for_each(|order| hurry(sqlite, connection, order, now))
}

/// An order waits no longer. Where it went out, the next one that waits for the same thing is tried.
pub(super) fn ended(sqlite: &Sqlite, connection: ConnectionId, order: &str, passed: bool, now: Instant) -> Result<()> {
    let row: Option<(String, String)> = sqlite
        .prepare_cached("DELETE FROM held_order WHERE connection = ?1 AND order_id = ?2 RETURNING code, subject")?
        .query_row(params![connection, order], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((code, subject)) = row.filter(|_| passed) else { return Ok(()) };
    let next: Option<(String, i64, Instant)> = sqlite
        .prepare_cached(
            "SELECT order_id, times, latest FROM held_order WHERE connection = ?1 AND code = ?2 AND subject = ?3
             ORDER BY since, order_id LIMIT 1",
        )?
        .query_row(params![connection, code, subject], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match next {
        Some((order, times, latest)) => hurry(sqlite, connection, &order, not_before(times, latest).max(now)),
        None => Ok(()),
    }
}

/// Something else happened to an order: what is known of it by now may let it pass, or end it. Nothing of it is at the other side yet.
pub(super) fn told(sqlite: &Sqlite, connection: ConnectionId, order: &str, now: Instant) -> Result<()> {
    let held: bool = sqlite
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM held_order WHERE connection = ?1 AND order_id = ?2)")?
        .query_row(params![connection, order], |row| row.get(0))?;
    if held { hurry(sqlite, connection, order, now) } else { Ok(()) }
}

fn wanting(sqlite: &Sqlite, connection: ConnectionId) -> Result<Vec<Wanting>> {
    // With one `max` the other columns are those of its row.
    let mut statement = sqlite.prepare_cached(
        "SELECT code, subject, min(since) OVER kind, count(*) OVER kind, failure, row_number() OVER (kind ORDER BY latest DESC, order_id)
         FROM held_order WHERE connection = ?1 WINDOW kind AS (PARTITION BY code, subject)",
    )?;
    let rows = statement.query_map([connection], |row| {
        let subject: String = row.get(1)?;
        let told = (row.get(0)?, Some(subject).filter(|it| !it.is_empty()), row.get(2)?, row.get(3)?);
        Ok((told, row.get::<_, String>(4)?, row.get::<_, i64>(5)?))
    })?;
    let mut all = Vec::new();
    for row in rows {
        let ((code, subject, since, orders), failure, newest) = row?;
        if newest == 1 {
            all.push(Wanting { code, subject, since, orders, failure: from_json(&failure)? });
        }
    }
    all.sort_by_key(|it| it.since);
    Ok(all)
}

/// What a person reads of them, beside the notices that were written down.
pub(super) fn notices(sqlite: &Sqlite, connection: ConnectionId) -> Result<Vec<Notice>> {
    let line = |it: Wanting| {
        let Failure { code, message: Message { vi, en, .. }, .. } = it.failure;
        let (vi, en) = (
            format!("{} đơn đang chờ, sẽ tự gửi khi được: {vi}", it.orders),
            format!("Orders that wait and go by themselves: {}. {en}", it.orders),
        );
        Notice { at: it.since, code, vi, en, times: 1, id: None, about: OF_ORDERS.to_owned() }
    };
    Ok(wanting(sqlite, connection)?.into_iter().map(line).collect())
}

#[async_trait]
impl HeldOrders for SqliteStore {
    async fn hold(&self, held: HeldOrder) -> Result<u32> {
        self.write(move |sqlite| {
            stand(sqlite, held.footing)?;
            let (connection, subject) = (held.footing.connection, held.failure.subject.clone().unwrap_or_default());
            // Another reason is another wait.
            let times: u32 = sqlite
                .prepare_cached(
                    "INSERT INTO held_order (connection, order_id, code, subject, place, quantity, failure, since, latest)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
                     ON CONFLICT DO UPDATE SET place = excluded.place, quantity = excluded.quantity, failure = excluded.failure,
                       times = CASE WHEN (code, subject) = (excluded.code, excluded.subject) THEN times + 1 ELSE 1 END,
                       since = CASE WHEN (code, subject) = (excluded.code, excluded.subject) THEN since ELSE excluded.since END,
                       code = excluded.code, subject = excluded.subject, latest = excluded.latest
                     RETURNING times",
                )?
                .query_row(
                    params![
                        connection,
                        held.order,
                        held.failure.code,
                        subject,
                        held.place,
                        held.quantity,
                        to_json(&held.failure)?,
                        held.at
                    ],
                    |row| row.get(0),
                )?;
            if times == 1 {
                append(
                    sqlite,
                    connection,
                    held.at,
                    code::ORDER_HELD,
                    Some(&held.order),
                    &json!({ "failure": held.failure.code, "record": subject }),
                )?;
            }
            if chosen(sqlite, connection, held.flows)?.of(Entity::Stock) != Policy::Off {
                sqlite
                    .prepare_cached(
                        "INSERT INTO refresh (connection, entity, remote, due)
                         SELECT ?1, ?3, ?2, coalesce((SELECT max(run.started) + ?5 FROM run, json_each(run.scope, '$.Only') AS asked
                           WHERE run.connection = ?1 AND run.entity = ?3 AND run.started > ?4 - ?5 AND asked.value = ?2), ?4)
                         WHERE EXISTS (SELECT 1 FROM link WHERE connection = ?1 AND entity = 'product' AND remote = ?2 AND state = 'linked')
                         ON CONFLICT DO UPDATE SET due = min(due, excluded.due)",
                    )?
                    .execute(params![connection, subject, names::entity(Entity::Stock), held.at, READ_ANEW])?;
            }
            Ok(times)
        })
        .await
    }

    async fn wanting(&self, connection: ConnectionId) -> Result<Vec<Wanting>> {
        self.read(move |sqlite| wanting(sqlite, connection)).await
    }
}
