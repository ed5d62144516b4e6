//! The SQL of dead letters: what becomes one, what is shown of it, and its way back into the queue.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde_json::{Value, json};

use super::events::append;
use super::outbox::{hurry, lane, work_key};
use super::pages::write_down;
use super::queue::enqueue;
use super::{SqliteStore, from_json, sweeps, to_json};
use crate::clock::Instant;
use crate::contract::types::Failure;
use crate::store::events::code;
use crate::store::{ConnectionId, DeadLetter, DeadLetters, Lane, LetterId, Note, Replay, Result, Settled, Task};

/// Dead letters of one kind that are listed.
const MOST: u32 = 2_000;

/// Tells how an order's event ended.
pub(super) fn tell_end(
    sqlite: &Sqlite,
    connection: ConnectionId,
    at: Instant,
    row: i64,
    order: &str,
    settled: &Settled,
    outcome: &Value,
) -> Result<()> {
    let subject = LetterId::Order(row).to_string();
    let how = ["/how", "/reason", "/failure/code"].into_iter().find_map(|pointer| outcome.pointer(pointer));
    let detail = json!({ "order": order, "state": settled.word(), "how": how, "remote": outcome.get("remote") });
    append(sqlite, connection, at, code::ORDER_ENDED, Some(&subject), &detail)?;
    match settled {
        Settled::Failed => append(sqlite, connection, at, code::DEAD_LETTER, Some(&subject), &json!({ "failure": how })),
        Settled::Done | Settled::Skipped => Ok(()),
    }
}

/// Queues a failed order event again, unless a later one of the same order has overtaken it. An edit that was skipped overtakes nothing: it never
/// goes out by itself, and what the retry sends is the order with that edit in it.
pub(super) fn replay_event(sqlite: &Sqlite, connection: ConnectionId, row: i64, at: Instant) -> Result<Replay> {
    let found: Option<(String, String, bool)> = sqlite
        .prepare_cached(
            "SELECT order_id, kind, EXISTS (SELECT 1 FROM outbox AS later WHERE later.connection = ?1
               AND later.order_id = outbox.order_id AND later.sequence > outbox.sequence
               AND (later.state = 'done' OR later.state = 'skipped' AND later.kind <> '\"Updated\"' AND later.kind NOT LIKE '{\"Status\"%'))
             FROM outbox WHERE connection = ?1 AND id = ?2 AND (state = 'failed' OR state = 'waiting' AND worry IS NOT NULL)",
        )?
        .query_row(params![connection, row], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    match found {
        None => Ok(Replay::Missing),
        Some((_, _, true)) => Ok(Replay::Overtaken),
        Some((order, kind, false)) => {
            sqlite.execute(
                "UPDATE outbox SET state = 'waiting', outcome = NULL, tried_at = NULL, tried_for = 0, status_sent = '[]' WHERE id = ?1",
                [row],
            )?;
            // Staff may have revived what was called off: whoever calls it off again has decided. Sending anything else again decides nothing.
            sqlite.execute(
                "UPDATE order_push SET called_off_at = NULL WHERE connection = ?1 AND order_id = ?2
                 AND (?3 LIKE '{\"Cancelled\"%' OR ?3 = '\"Deleted\"')",
                params![connection, order, kind],
            )?;
            hurry(sqlite, connection, &order, at)?;
            let (lane, key) = (lane(&from_json(&kind)?), work_key(&order));
            enqueue(sqlite, connection, lane, &key, &Task::Push { order }, at)?;
            append(sqlite, connection, at, code::REPLAYED, Some(&LetterId::Order(row).to_string()), &json!({}))?;
            Ok(Replay::Queued)
        }
    }
}

fn replay_delivery(sqlite: &Sqlite, connection: ConnectionId, row: i64, at: Instant) -> Result<Replay> {
    let update = "UPDATE delivery SET outcome = 'kept', tries = 0 WHERE connection = ?1 AND id = ?2 AND outcome = 'dead'";
    if sqlite.execute(update, params![connection, row])? == 0 {
        return Ok(Replay::Missing);
    }
    enqueue(sqlite, connection, Lane::Live, &format!("delivery:{row}"), &Task::Delivery { id: row }, at)?;
    append(sqlite, connection, at, code::REPLAYED, Some(&LetterId::Delivery(row).to_string()), &json!({}))?;
    Ok(Replay::Queued)
}

/// Sets a dead letter aside. Says whether there was one.
pub(super) fn set_aside(sqlite: &Sqlite, connection: ConnectionId, id: LetterId, note: &Note) -> Result<bool> {
    let changed = match id {
        LetterId::Order(row) => {
            let outcome = json!({ "reason": "skip.set-aside", "note": note.text, "by": note.operator });
            let sql = "UPDATE outbox SET state = 'skipped', worry = NULL,
                         outcome = json_set(?3, '$.of', coalesce(json_extract(outcome, '$.failure.code'), json_extract(worry, '$.code')))
                       WHERE connection = ?1 AND id = ?2 AND (state = 'failed' OR state = 'waiting' AND worry IS NOT NULL) RETURNING order_id";
            let order: Option<String> =
                sqlite.query_row(sql, params![connection, row, outcome.to_string()], |row| row.get(0)).optional()?;
            order.as_deref().map_or(Ok(()), |order| sweeps::forget(sqlite, connection, order))?;
            usize::from(order.is_some())
        }
        LetterId::Delivery(row) => {
            let sql = "UPDATE delivery SET outcome = 'set-aside', body = NULL, failure = NULL
                       WHERE connection = ?1 AND id = ?2 AND outcome = 'dead'";
            sqlite.execute(sql, params![connection, row])?
        }
    };
    if changed == 1 {
        // The note is a person's words: it stands in its own table alone.
        append(sqlite, connection, note.at, code::DISCARDED, Some(&id.to_string()), &json!({}))?;
    }
    Ok(changed == 1)
}

fn failure_of(outcome: Option<&Value>) -> Option<Failure> {
    outcome.and_then(|it| it.get("failure").cloned()).and_then(|it| serde_json::from_value(it).ok())
}

fn dead_orders(sqlite: &Sqlite, connection: ConnectionId) -> Result<Vec<DeadLetter>> {
    let mut statement = sqlite.prepare_cached(
        "SELECT outbox.id, coalesce(nobi_order.code, outbox.order_id), coalesce(outbox.outcome, '{\"failure\":' || worry || '}'),
           (SELECT max(event.at) FROM event WHERE event.connection = ?1 AND event.subject = 'order-' || outbox.id
              AND event.code = 'event.dead-letter')
         FROM outbox JOIN connection ON connection.id = outbox.connection
         LEFT JOIN nobi_order ON nobi_order.id = outbox.order_id AND nobi_order.tenant = connection.tenant
         WHERE outbox.connection = ?1 AND (outbox.state = 'failed' OR outbox.state = 'waiting' AND worry IS NOT NULL)
         ORDER BY outbox.id LIMIT ?2",
    )?;
    let rows = statement
        .query_map(params![connection, MOST], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?, row.get(3)?)))?;
    let mut letters = Vec::new();
    for row in rows {
        let (row, about, outcome, since) = row?;
        let outcome: Option<Value> = outcome.as_deref().map(from_json).transpose()?;
        letters.push(DeadLetter { id: LetterId::Order(row), since, about, failure: failure_of(outcome.as_ref()), tries: None });
    }
    Ok(letters)
}

fn dead_deliveries(sqlite: &Sqlite, connection: ConnectionId) -> Result<Vec<DeadLetter>> {
    let mut statement = sqlite.prepare_cached(
        "SELECT id, received, event, failure, tries FROM delivery WHERE connection = ?1 AND outcome = 'dead' ORDER BY id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![connection, MOST], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<String>>(3)?, row.get(4)?))
    })?;
    let mut letters = Vec::new();
    for row in rows {
        let (row, since, about, failure, tries) = row?;
        let failure = failure.as_deref().map(from_json).transpose()?;
        letters.push(DeadLetter { id: LetterId::Delivery(row), since, about, failure, tries });
    }
    Ok(letters)
}

fn order_content(sqlite: &Sqlite, connection: ConnectionId, row: i64) -> Result<Option<Value>> {
    let found: Option<(String, Option<String>)> = sqlite
        .query_row(
            "SELECT order_id, (SELECT record FROM nobi_order WHERE nobi_order.id = order_id
               AND tenant = (SELECT tenant FROM connection WHERE id = ?1))
             FROM outbox WHERE connection = ?1 AND id = ?2 AND (state = 'failed' OR worry IS NOT NULL)",
            params![connection, row],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((order, record)) = found else { return Ok(None) };
    let mut statement = sqlite.prepare_cached(
        "SELECT id, event_id, kind, state, outcome FROM outbox WHERE connection = ?1 AND order_id = ?2 ORDER BY sequence, id",
    )?;
    let rows = statement.query_map(params![connection, order], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?, row.get(4)?))
    })?;
    let mut events = Vec::new();
    for row in rows {
        let (id, event, kind, state, outcome): (_, _, _, _, Option<String>) = row?;
        let outcome: Option<Value> = outcome.as_deref().map(from_json).transpose()?;
        let kind: Value = from_json(&kind)?;
        events.push(json!({ "id": LetterId::Order(id), "event": event, "kind": kind, "state": state, "outcome": outcome }));
    }
    let pushed = sqlite
        .query_row(
            "SELECT own_id, remote, may_have_arrived FROM order_push WHERE connection = ?1 AND order_id = ?2",
            params![connection, order],
            |row| {
                let (own_id, remote): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
                Ok(json!({ "own-id": own_id, "remote": remote, "may-have-arrived": row.get::<_, bool>(2)? }))
            },
        )
        .optional()?;
    let record: Option<Value> = record.as_deref().map(from_json).transpose()?;
    Ok(Some(json!({ "id": LetterId::Order(row), "order": order, "events": events, "there": pushed, "record": record })))
}

fn delivery_content(sqlite: &Sqlite, connection: ConnectionId, row: i64) -> Result<Option<Value>> {
    let found = sqlite
        .query_row(
            "SELECT received, tries, failure, body FROM delivery WHERE connection = ?1 AND id = ?2 AND outcome = 'dead'",
            params![connection, row],
            |row| {
                Ok((row.get::<_, Instant>(0)?, row.get::<_, u32>(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
            },
        )
        .optional()?;
    let Some((received, tries, failure, body)) = found else { return Ok(None) };
    let failure: Option<Value> = failure.as_deref().map(from_json).transpose()?;
    let body = body.map(|body| serde_json::from_slice(&body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body))));
    Ok(Some(json!({ "id": LetterId::Delivery(row), "received": received, "tries": tries, "failure": failure, "body": body })))
}

#[async_trait]
impl DeadLetters for SqliteStore {
    async fn dead_letters(&self, connection: ConnectionId) -> Result<Vec<DeadLetter>> {
        self.read(move |sqlite| {
            let mut letters = dead_orders(sqlite, connection)?;
            letters.extend(dead_deliveries(sqlite, connection)?);
            Ok(letters)
        })
        .await
    }

    async fn letter_content(&self, connection: ConnectionId, id: LetterId) -> Result<Option<Value>> {
        self.read(move |sqlite| match id {
            LetterId::Order(row) => order_content(sqlite, connection, row),
            LetterId::Delivery(row) => delivery_content(sqlite, connection, row),
        })
        .await
    }

    async fn replay(&self, connection: ConnectionId, ids: Vec<LetterId>, at: Instant) -> Result<Vec<(LetterId, Replay)>> {
        self.write(move |sqlite| {
            let replay = |id| match id {
                LetterId::Order(row) => replay_event(sqlite, connection, row, at),
                LetterId::Delivery(row) => replay_delivery(sqlite, connection, row, at),
            };
            ids.into_iter().map(|id| Ok((id, replay(id)?))).collect()
        })
        .await
    }

    async fn discard_letters(&self, connection: ConnectionId, ids: Vec<LetterId>, note: Note) -> Result<u32> {
        self.write(move |sqlite| {
            let mut records = 0;
            for id in ids {
                records += u32::from(set_aside(sqlite, connection, id, &note)?);
            }
            write_down(sqlite, connection, Note { records, ..note })?;
            Ok(records)
        })
        .await
    }

    async fn delivery_failed(&self, id: i64, failure: Failure, most: u32, at: Instant) -> Result<bool> {
        self.write(move |sqlite| {
            let update =
                "UPDATE delivery SET tries = tries + 1, failure = ?2, outcome = CASE WHEN tries + 1 >= ?3 THEN 'dead' ELSE outcome END
                          WHERE id = ?1 AND outcome = 'kept' RETURNING connection, outcome = 'dead'";
            let row = sqlite
                .prepare_cached(update)?
                .query_row(params![id, to_json(&failure)?, most], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            // It is not there any more: nothing is left to be tried.
            let Some((connection, dead)) = row else { return Ok(true) };
            if dead {
                let subject = LetterId::Delivery(id).to_string();
                append(sqlite, connection, at, code::DEAD_LETTER, Some(&subject), &json!({ "failure": failure.code }))?;
            }
            Ok(dead)
        })
        .await
    }
}
