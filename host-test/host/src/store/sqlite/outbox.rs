//! The SQL of orders on their way: the remote id, its link and the event's end in one transaction.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::connections::{load, stand, still};
use super::letters::tell_end;
use super::queue::enqueue;
use super::runs::tell_resumed;
use super::wanting::{ended, told};
use super::{SqliteStore, found, from_json, to_json};
use crate::clock::Instant;
use crate::contract::orders::{Earlier, Order, OrderEvent, OrderEventKind};
use crate::contract::types::Entity;
use crate::names;
use crate::nobi::{keep_order, keep_stage, load_order};
use crate::store::{
    ConnectionId, Footing, Intent, Lane, OrderEventRow, OrderOutcome, OrderPush, Outbox, Result, Settled, Settlement, StoreError, Task,
};

/// Creates, cancels and deletes go before reconciles.
pub(super) fn lane(kind: &OrderEventKind) -> Lane {
    if matches!(kind, OrderEventKind::Reconciled(_)) { Lane::Settling } else { Lane::Live }
}

pub(super) fn work_key(order: &str) -> String {
    format!("order:{order}")
}

/// The work that brings an order out need not wait any longer.
pub(crate) fn hurry(sqlite: &Sqlite, connection: ConnectionId, order: &str, now: Instant) -> Result<()> {
    sqlite
        .prepare_cached("UPDATE work SET due = ?3 WHERE connection = ?1 AND key = ?2 AND state = 'ready' AND due > ?3")?
        .execute(params![connection, work_key(order), now])?;
    Ok(())
}

fn earlier(sqlite: &Sqlite, connection: ConnectionId, order: &str) -> Result<(Option<String>, Option<String>, Earlier)> {
    let row = sqlite
        .prepare_cached(
            "SELECT own_id, remote, may_have_arrived, first_sent, last_sent, empty_lookups, seen_as
             FROM order_push WHERE connection = ?1 AND order_id = ?2",
        )?
        .query_row(params![connection, order], |row| {
            let earlier = Earlier {
                may_have_arrived: row.get(2)?,
                first_sent: row.get(3)?,
                last_sent: row.get(4)?,
                empty_lookups: row.get(5)?,
                seen_as: row.get(6)?,
                gone: false,
                refused_as_existing: None,
                swept: Vec::new(),
                status_sent: Vec::new(),
            };
            Ok((row.get(0)?, row.get(1)?, earlier))
        })
        .optional()?;
    let none = Earlier {
        may_have_arrived: false,
        first_sent: None,
        last_sent: None,
        empty_lookups: 0,
        seen_as: None,
        gone: false,
        refused_as_existing: None,
        swept: Vec::new(),
        status_sent: Vec::new(),
    };
    Ok(row.unwrap_or((None, None, none)))
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
                    "SELECT id, sequence, event_id, kind, reason,
                       EXISTS (SELECT 1 FROM outbox AS later WHERE later.connection = ?1 AND later.order_id = ?2
                               AND later.state = 'waiting' AND later.sequence > outbox.sequence
                               AND (later.kind LIKE '{\"Cancelled\"%' OR later.kind = '\"Deleted\"'))
                     FROM outbox WHERE connection = ?1 AND order_id = ?2 AND state = 'waiting' ORDER BY sequence, id LIMIT 1",
                )?
                .query_row(params![connection, order], |row| {
                    let ids: (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    Ok((ids, row.get::<_, String>(3)?, row.get(4)?, row.get(5)?))
                })
                .optional()?;
            let Some(((id, sequence, event_id), kind, reason, cancelled_behind)) = row else { return Ok(None) };
            let (_, remote, earlier) = earlier(sqlite, connection, &order)?;
            let owner = load(sqlite, connection)?;
            let sent: Option<String> = sqlite
                .prepare_cached(
                    "SELECT sent FROM order_push WHERE connection = ?1 AND order_id = ?2 AND may_have_arrived AND remote IS NULL",
                )?
                .query_row(params![connection, order], |row| row.get(0))
                .optional()?
                .flatten();
            let order: Order = match sent {
                Some(sent) => from_json(&sent)?,
                None => load_order(sqlite, &owner, &order, remote)?,
            };
            let kind: OrderEventKind = from_json(&kind)?;
            let sequence = u64::try_from(sequence).unwrap_or(0);
            Ok(Some(OrderEventRow { id, event: OrderEvent { id: event_id, sequence, kind, order, reason }, earlier, cancelled_behind }))
        })
        .await
    }

    async fn intend(&self, intent: Intent) -> Result<()> {
        self.write(move |sqlite| {
            stand(sqlite, intent.footing)?;
            let connection = intent.footing.connection;
            let holder: Option<String> = sqlite
                .prepare_cached("SELECT order_id FROM order_push WHERE connection = ?1 AND own_id = ?2 AND order_id <> ?3")?
                .query_row(params![connection, intent.own_id, intent.record.id], |row| row.get(0))
                .optional()?;
            if let Some(order) = holder {
                return Err(StoreError::Taken { own_id: intent.own_id, order });
            }
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
                    "UPDATE order_push SET may_have_arrived = ?3, first_sent = ?4, last_sent = ?5, empty_lookups = ?6
                     WHERE connection = ?1 AND order_id = ?2",
                )?
                .execute(params![connection, order, known.may_have_arrived, known.first_sent, known.last_sent, known.empty_lookups])?;
            Ok(())
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
                    .prepare_cached("UPDATE outbox SET state = ?2, outcome = ?3 WHERE id = ?1 RETURNING order_id")?
                    .query_row(params![row, settled.word(), outcome.to_string()], |row| row.get(0)),
                || format!("outbox row {row}"),
            )?;
            tell_end(sqlite, connection, at, row, &order, &settled, &outcome)?;
            ended(sqlite, connection, &order, matches!(settled, Settled::Done), at)?;
            if let Some(remote) = remote {
                tell_resumed(sqlite, connection, names::entity(Entity::Order), at)?;
                // It went out, so nothing that orders need is missing any more.
                sqlite
                    .prepare_cached("UPDATE stream SET pause = NULL WHERE connection = ?1 AND entity = ?2 AND pause IS NOT NULL")?
                    .execute(params![connection, names::entity(Entity::Order)])?;
                sqlite
                    .prepare_cached(
                        "INSERT INTO order_push (connection, order_id, remote) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET remote = excluded.remote, may_have_arrived = 0",
                    )?
                    .execute(params![connection, order, remote])?;
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
