//! The SQL of orders on their way: the remote id, its link and the event's end in one transaction.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::connections::{OF_ORDERS, hold, load, stand, still};
use super::letters::tell_end;
use super::queue::enqueue;
use super::runs::tell_resumed;
use super::unsettled::{before_connection, called_off, count_try, revived, stage_there, write_known};
use super::wanting::{ended, told};
use super::{SqliteStore, found, from_json, sweeps, to_json};
use crate::clock::Instant;
use crate::contract::orders::{Earlier, Order, OrderEvent, OrderEventKind};
use crate::contract::types::Entity;
use crate::names;
use crate::nobi::{keep_order, keep_stage, load_order, revived_anew};
use crate::store::{
    ConnectionId, Footing, Intent, Lane, Lease, OrderEventRow, OrderOutcome, OrderPush, Outbox, Result, Settled, Settlement, StoreError,
    Task, Try, Waiting,
};

/// Creates, cancels and deletes go before reconciles.
pub(super) fn lane(kind: &OrderEventKind) -> Lane {
    if matches!(kind, OrderEventKind::Reconciled(_)) { Lane::Settling } else { Lane::Live }
}

pub(super) fn work_key(order: &str) -> String {
    format!("order:{order}")
}

/// The work that brings an order out need not wait any longer.
pub(super) fn hurry(sqlite: &Sqlite, connection: ConnectionId, order: &str, now: Instant) -> Result<()> {
    sqlite
        .prepare_cached("UPDATE work SET due = ?3 WHERE connection = ?1 AND key = ?2 AND state = 'ready' AND due > ?3")?
        .execute(params![connection, work_key(order), now])?;
    Ok(())
}

fn earlier(sqlite: &Sqlite, connection: ConnectionId, order: &str) -> Result<(Option<String>, Option<String>, Earlier)> {
    let row = sqlite
        .prepare_cached(
            "SELECT own_id, remote, may_have_arrived, first_sent, last_sent, empty_lookups, seen_as, gone, refused_as_existing, swept
             FROM order_push WHERE connection = ?1 AND order_id = ?2",
        )?
        .query_row(params![connection, order], |row| {
            let earlier = Earlier {
                may_have_arrived: row.get(2)?,
                first_sent: row.get(3)?,
                last_sent: row.get(4)?,
                empty_lookups: row.get(5)?,
                seen_as: row.get(6)?,
                gone: row.get(7)?,
                refused_as_existing: row.get(8)?,
                ..Earlier::UNTOUCHED
            };
            Ok((row.get(0)?, row.get(1)?, earlier, row.get::<_, String>(9)?))
        })
        .optional()?;
    if let Some((own_id, remote, earlier, swept)) = row {
        let swept = sweeps::counting(&swept, earlier.last_sent)?;
        return Ok((own_id, remote, Earlier { swept, ..earlier }));
    }
    Ok((None, None, Earlier::UNTOUCHED))
}

/// Fails with [`StoreError::Taken`] where another order of the connection has this own id.
fn free(sqlite: &Sqlite, connection: ConnectionId, own_id: &str, order: &str) -> Result<()> {
    let holder: Option<String> = sqlite
        .prepare_cached("SELECT order_id FROM order_push WHERE connection = ?1 AND own_id = ?2 AND order_id <> ?3")?
        .query_row(params![connection, own_id, order], |row| row.get(0))
        .optional()?;
    match holder {
        Some(order) => Err(StoreError::Taken { own_id: own_id.to_owned(), order }),
        None => Ok(()),
    }
}

/// An order that was made before this file came back from a copy, and that the file has not counted since, may have gone out meanwhile.
fn older_than_a_restore(sqlite: &Sqlite, connection: ConnectionId, order: &Order) -> Result<()> {
    sqlite
        .prepare_cached(
            "INSERT INTO order_push (connection, order_id, may_have_arrived, first_sent, last_sent)
             SELECT ?1, ?2, 1, coalesce(min(made), ?3), max(at) FROM restored WHERE at >= ?3 GROUP BY 1
             ON CONFLICT (connection, order_id) DO UPDATE SET may_have_arrived = 1, empty_lookups = 0, last_sent = excluded.last_sent,
               first_sent = min(coalesce(first_sent, excluded.first_sent), excluded.first_sent)
               WHERE remote IS NULL AND coalesce(last_sent, ?4) < excluded.last_sent",
        )?
        .execute(params![connection, order.id, order.created, Instant::MIN])?;
    Ok(())
}

/// Notices of orders whose end is not known go with the last order that they are true of.
fn worries_ended(sqlite: &Sqlite, connection: ConnectionId) -> Result<()> {
    sqlite
        .prepare_cached(
            "DELETE FROM notice WHERE connection = ?1 AND about = ?2 AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.connection = ?1
               AND outbox.state = 'waiting' AND worry IS NOT NULL AND json_extract(worry, '$.code') = notice.code)",
        )?
        .execute(params![connection, OF_ORDERS])?;
    Ok(())
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn order_event(&self, connection: ConnectionId, event: OrderEvent, at: Instant) -> Result<bool> {
        self.admit(move |sqlite| {
            let owner = load(sqlite, connection)?;
            let sequence = i64::try_from(event.sequence).unwrap_or(i64::MAX);
            let inserted = sqlite
                .prepare_cached(
                    "INSERT INTO outbox (connection, order_id, sequence, event_id, kind, reason, state)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting') ON CONFLICT DO NOTHING",
                )?
                .execute(params![connection, event.order.id, sequence, event.id, to_json(&event.kind)?, event.reason])?;
            if inserted == 1 {
                // An event that comes late, or a second time, tells of the order as it once was.
                let late: bool = sqlite
                    .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE connection = ?1 AND order_id = ?2 AND sequence > ?3)")?
                    .query_row(params![connection, event.order.id, sequence], |row| row.get(0))?;
                if !late {
                    keep_order(sqlite, &owner.tenant, &event.order)?;
                    keep_stage(sqlite, &owner.tenant, &event.order.id, &event.kind)?;
                }
                older_than_a_restore(sqlite, connection, &event.order)?;
                let task = Task::Push { order: event.order.id.clone() };
                enqueue(sqlite, connection, lane(&event.kind), &work_key(&event.order.id), &task, at)?;
                told(sqlite, connection, &event.order.id, at)?;
            }
            Ok(inserted == 1)
        })
        .await
    }

    async fn next_event(&self, connection: ConnectionId, order: &str) -> Result<Option<OrderEventRow>> {
        let order = order.to_owned();
        self.read(move |sqlite| {
            let row = sqlite
                .prepare_cached(
                    "SELECT id, sequence, event_id, kind, reason, status_sent, status_unanswered,
                       EXISTS (SELECT 1 FROM outbox AS later WHERE later.connection = ?1 AND later.order_id = ?2
                               AND later.state IN ('waiting', 'failed') AND later.sequence > outbox.sequence
                               AND (later.kind LIKE '{\"Cancelled\"%' OR later.kind = '\"Deleted\"'))
                     FROM outbox WHERE connection = ?1 AND order_id = ?2 AND state = 'waiting' ORDER BY sequence, id LIMIT 1",
                )?
                .query_row(params![connection, order], |row| {
                    let ids: (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    let sent: (String, Option<Instant>) = (row.get(5)?, row.get(6)?);
                    Ok((ids, row.get::<_, String>(3)?, row.get(4)?, sent, row.get(7)?))
                })
                .optional()?;
            let Some(((id, sequence, event_id), kind, reason, (status_sent, status_unanswered), cancelled_behind)) = row else {
                return Ok(None);
            };
            let (own_id, remote, earlier) = earlier(sqlite, connection, &order)?;
            let earlier = Earlier { status_sent: from_json(&status_sent)?, status_unanswered, ..earlier };
            let owner = load(sqlite, connection)?;
            let before_connection = before_connection(sqlite, &owner, &order)?;
            let revived = revived(sqlite, &owner, &order)?;
            let sent: Option<String> = sqlite
                .prepare_cached(
                    "SELECT sent FROM order_push WHERE connection = ?1 AND order_id = ?2 AND (may_have_arrived OR remote IS NOT NULL)",
                )?
                .query_row(params![connection, order], |row| row.get(0))
                .optional()?
                .flatten();
            let sent: Option<Order> = sent.as_deref().map(from_json).transpose()?;
            let stage = stage_there(sqlite, &owner, &order)?;
            let kind: OrderEventKind = from_json(&kind)?;
            // Until it is linked every event speaks of the order as it was sent, but an edit, which is skipped.
            let order: Order = match &sent {
                Some(sent) if remote.is_none() && kind != OrderEventKind::Updated => sent.clone(),
                _ => load_order(sqlite, &owner, &order, remote)?,
            };
            let sequence = u64::try_from(sequence).unwrap_or(0);
            let event = OrderEvent { id: event_id, sequence, kind, order, reason };
            Ok(Some(OrderEventRow { id, event, earlier, cancelled_behind, own_id, before_connection, revived, sent, stage }))
        })
        .await
    }

    async fn intend(&self, intent: Intent) -> Result<()> {
        self.write(move |sqlite| {
            stand(sqlite, intent.footing)?;
            let connection = intent.footing.connection;
            free(sqlite, connection, &intent.own_id, &intent.record.id)?;
            sqlite
                .prepare_cached(
                    "INSERT INTO order_push (connection, order_id, own_id, may_have_arrived, sent, first_sent, last_sent)
                     VALUES (?1, ?2, ?3, 1, ?5, ?4, ?4)
                     ON CONFLICT (connection, order_id) DO UPDATE SET own_id = excluded.own_id, may_have_arrived = 1,
                       sent = CASE WHEN may_have_arrived THEN coalesce(sent, excluded.sent) ELSE excluded.sent END,
                       first_sent = coalesce(first_sent, excluded.first_sent), last_sent = excluded.last_sent, empty_lookups = 0",
                )?
                .execute(params![connection, intent.record.id, intent.own_id, intent.at, to_json(&intent.record)?])?;
            Ok(())
        })
        .await
    }

    async fn know(&self, footing: Footing, order: &str, known: Earlier) -> Result<()> {
        let (connection, order) = (footing.connection, order.to_owned());
        self.write(move |sqlite| {
            still(sqlite, footing)?;
            sqlite
                .prepare_cached(
                    "UPDATE order_push SET sweep_from = CASE WHEN last_sent IS ?3 THEN sweep_from END WHERE connection = ?1 AND order_id = ?2",
                )?
                .execute(params![connection, order, known.last_sent])?;
            write_known(sqlite, connection, &order, &known)
        })
        .await
    }

    async fn wait(&self, waiting: Waiting) -> Result<bool> {
        self.write(move |sqlite| {
            let Waiting { footing, row, order, known, sweep_from, sent, at } = waiting;
            let connection = footing.connection;
            still(sqlite, footing)?;
            write_known(sqlite, connection, &order, &known)?;
            sqlite
                .prepare_cached("UPDATE order_push SET sweep_from = ?3 WHERE connection = ?1 AND order_id = ?2 AND remote IS NULL")?
                .execute(params![connection, order, sweep_from])?;
            if sent {
                let mut times = known.status_sent;
                times.push(at);
                sqlite.prepare_cached("UPDATE outbox SET status_sent = ?2 WHERE id = ?1")?.execute(params![row, to_json(&times)?])?;
            }
            if sweep_from.is_some() {
                sweeps::plan(sqlite, connection, at)?;
            }
            sweeps::told_anew(sqlite, connection, &order, known.seen_as.as_deref())
        })
        .await
    }

    async fn unanswered(&self, footing: Footing, row: i64, at: Option<Instant>) -> Result<()> {
        self.write(move |sqlite| {
            still(sqlite, footing)?;
            sqlite.prepare_cached("UPDATE outbox SET status_unanswered = ?2 WHERE id = ?1")?.execute(params![row, at])?;
            Ok(())
        })
        .await
    }

    async fn call(&self, footing: Footing, order: &str, own_id: &str) -> Result<()> {
        let (order, own_id) = (order.to_owned(), own_id.to_owned());
        self.write(move |sqlite| {
            stand(sqlite, footing)?;
            free(sqlite, footing.connection, &own_id, &order)?;
            sqlite
                .prepare_cached("UPDATE order_push SET own_id = ?3 WHERE connection = ?1 AND order_id = ?2 AND own_id IS NULL")?
                .execute(params![footing.connection, order, own_id])?;
            Ok(())
        })
        .await
    }

    async fn shares_code(&self, connection: ConnectionId, order: &str) -> Result<bool> {
        let order = order.to_owned();
        self.read(move |sqlite| {
            let shares = "SELECT EXISTS (SELECT 1 FROM order_push
                JOIN connection ON connection.id = order_push.connection
                JOIN nobi_order AS mine ON mine.tenant = connection.tenant AND mine.id = ?2
                JOIN nobi_order AS theirs ON theirs.tenant = connection.tenant AND theirs.id = order_push.order_id AND theirs.code = mine.code
                WHERE order_push.connection = ?1 AND order_push.order_id <> ?2 AND own_id IS NOT NULL)";
            Ok(sqlite.prepare_cached(shares)?.query_row(params![connection, order], |row| row.get(0))?)
        })
        .await
    }

    async fn begin_sweep(&self, lease: Lease, at: Instant) -> Result<()> {
        self.write(move |sqlite| {
            hold(sqlite, lease.connection, lease.fence)?;
            sweeps::begin(sqlite, lease.connection, at)
        })
        .await
    }

    async fn look_at(&self, footing: Footing, remote: &str, at: Instant) -> Result<()> {
        let remote = remote.to_owned();
        self.write(move |sqlite| {
            still(sqlite, footing)?;
            sqlite
                .prepare_cached(
                    "INSERT INTO refresh (connection, entity, remote, due) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET due = min(due, excluded.due)",
                )?
                .execute(params![footing.connection, names::entity(Entity::OrderStatus), remote, at])?;
            Ok(())
        })
        .await
    }

    async fn agrees(&self, footing: Footing, order: &str) -> Result<()> {
        let order = order.to_owned();
        self.write(move |sqlite| {
            still(sqlite, footing)?;
            sqlite
                .prepare_cached(
                    "UPDATE outbox SET state = 'skipped', outcome = json_object('reason', ?3)
                     WHERE connection = ?1 AND order_id = ?2 AND state = 'failed' AND json_extract(outcome, '$.failure.code') = 'order.diverged'",
                )?
                .execute(params![footing.connection, order, "skip.edit-taken-back"])?;
            Ok(())
        })
        .await
    }

    async fn tried(&self, tried: Try) -> Result<()> {
        self.write(move |sqlite| {
            still(sqlite, tried.footing)?;
            count_try(sqlite, &tried)
        })
        .await
    }

    async fn settle(&self, settlement: Settlement) -> Result<()> {
        self.write(move |sqlite| {
            let Settlement { footing, row, settled, remote, outcome, at } = settlement;
            let connection = footing.connection;
            match remote {
                Some(_) => still(sqlite, footing)?,
                None => stand(sqlite, footing)?,
            }
            let order: String = found(
                sqlite
                    .prepare_cached(
                        "UPDATE outbox SET state = ?2, outcome = ?3, worry = NULL, tried_at = NULL, tried_for = 0 WHERE id = ?1 RETURNING order_id",
                    )?
                    .query_row(params![row, settled.word(), outcome.to_string()], |row| row.get(0)),
                || format!("outbox row {row}"),
            )?;
            worries_ended(sqlite, connection)?;
            sweeps::forget(sqlite, connection, &order)?;
            revived_anew(sqlite, connection, &order, row, &outcome)?;
            tell_end(sqlite, connection, at, row, &order, &settled, &outcome)?;
            ended(sqlite, connection, &order, matches!(settled, Settled::Done), at)?;
            if let Some(remote) = remote {
                tell_resumed(sqlite, connection, names::entity(Entity::Order), at)?;
                // It went out, so nothing that orders need is missing any more.
                sqlite
                    .prepare_cached(
                        "INSERT INTO stream (connection, entity, succeeded) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET pause = NULL, succeeded = excluded.succeeded",
                    )?
                    .execute(params![connection, names::entity(Entity::Order), at])?;
                sqlite
                    .prepare_cached(
                        "INSERT INTO order_push (connection, order_id, remote) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET remote = excluded.remote, may_have_arrived = 0",
                    )?
                    .execute(params![connection, order, remote])?;
                if outcome.get("how").is_some_and(|how| how == "created") {
                    // Counted from the answer: until then it cannot be asked for by its id.
                    sqlite
                        .prepare_cached("UPDATE order_push SET last_sent = ?3 WHERE connection = ?1 AND order_id = ?2")?
                        .execute(params![connection, order, at])?;
                } else {
                    called_off(sqlite, connection, row, &order, at)?;
                }
                sqlite
                    .prepare_cached(
                        "INSERT INTO link (connection, entity, remote, state, since) VALUES (?1, ?2, ?3, 'linked', ?4) ON CONFLICT DO NOTHING",
                    )?
                    .execute(params![connection, names::entity(Entity::Order), remote, at])?;
            }
            let next: Option<String> = sqlite
                .prepare_cached("SELECT kind FROM outbox WHERE connection = ?1 AND order_id = ?2 AND state = 'waiting' ORDER BY sequence LIMIT 1")?
                .query_row(params![connection, order], |row| row.get(0))
                .optional()?;
            if let Some(next) = next {
                enqueue(sqlite, connection, lane(&from_json(&next)?), &work_key(&order), &Task::Push { order: order.clone() }, at)?;
            }
            Ok(())
        })
        .await
    }

    async fn outbox_counts(&self, connection: ConnectionId) -> Result<std::collections::BTreeMap<String, u32>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached("SELECT state, count(*) FROM outbox WHERE connection = ?1 GROUP BY state")?;
            let rows = statement.query_map([connection], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn order_outcomes(&self, connection: ConnectionId, order: &str) -> Result<Vec<OrderOutcome>> {
        let order = order.to_owned();
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT event_id, state, order_push.remote, outcome FROM outbox
                 LEFT JOIN order_push ON order_push.connection = outbox.connection AND order_push.order_id = outbox.order_id
                 WHERE outbox.connection = ?1 AND outbox.order_id = ?2 ORDER BY sequence",
            )?;
            let rows = statement.query_map(params![connection, order], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<String>>(3)?))
            })?;
            let mut outcomes = Vec::new();
            for row in rows {
                let (event, state, remote, outcome) = row?;
                let outcome = outcome.as_deref().map(from_json).transpose()?;
                outcomes.push(OrderOutcome { order: order.clone(), event, state, remote, outcome });
            }
            Ok(outcomes)
        })
        .await
    }

    async fn order_push(&self, connection: ConnectionId, order: &str) -> Result<OrderPush> {
        let order = order.to_owned();
        self.read(move |sqlite| {
            let (own_id, remote, earlier) = earlier(sqlite, connection, &order)?;
            Ok(OrderPush { own_id, remote, earlier: Some(earlier) })
        })
        .await
    }
}
