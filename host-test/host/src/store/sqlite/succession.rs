//! The SQL of connections that take over from others: orders that nobody sent change hands in one transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde_json::json;

use super::connections::{load, notify};
use super::events::append;
use super::outbox::{lane, work_key};
use super::pages::{candidate, choice};
use super::queue::enqueue;
use super::runs::begin_run;
use super::schedule::mark;
use super::{SqliteStore, from_json};
use crate::clock::Instant;
use crate::contract::Scope;
use crate::contract::types::{Entity, Message};
use crate::names;
use crate::store::events::code;
use crate::store::{ConnectionId, Result, StoreError, Successions, Task, Trigger};

/// Streams that two connections of one tenant would both write into Nobi.
const RECORDS: [Entity; 6] = [Entity::Branch, Entity::Category, Entity::Product, Entity::Customer, Entity::Stock, Entity::Price];
/// Records that one run reads again.
const A_RUN: usize = 500;

fn successor(sqlite: &Sqlite, connection: ConnectionId) -> Result<Option<ConnectionId>> {
    let mut statement = sqlite.prepare_cached("SELECT successor FROM succession WHERE connection = ?1")?;
    Ok(statement.query_row([connection], |row| row.get(0)).optional()?)
}

/// Whether the connection took over from another.
pub(crate) fn is_successor(sqlite: &Sqlite, connection: ConnectionId) -> Result<bool> {
    let mut statement = sqlite.prepare_cached("SELECT EXISTS (SELECT 1 FROM succession WHERE successor = ?1)")?;
    Ok(statement.query_row([connection], |row| row.get(0))?)
}

/// Gives an order with its open events over, unless a byte of it may have left.
fn hand_over(sqlite: &Sqlite, from: ConnectionId, to: ConnectionId, order: &str, at: Instant) -> Result<bool> {
    let sent: bool = sqlite
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM order_push WHERE connection = ?1 AND order_id = ?2
                            AND (remote IS NOT NULL OR may_have_arrived OR seen_as IS NOT NULL))",
        )?
        .query_row(params![from, order], |row| row.get(0))?;
    if sent {
        return Ok(false);
    }
    let moved = sqlite
        .prepare_cached(
            "UPDATE OR IGNORE outbox SET connection = ?2 WHERE connection = ?1 AND order_id = ?3 AND state IN ('waiting', 'failed')",
        )?
        .execute(params![from, to, order])?;
    for table in ["order_push", "held_order"] {
        sqlite.execute(&format!("DELETE FROM {table} WHERE connection = ?1 AND order_id = ?2"), params![from, order])?;
    }
    let next: Option<String> = sqlite
        .prepare_cached("SELECT kind FROM outbox WHERE connection = ?1 AND order_id = ?2 AND state = 'waiting' ORDER BY sequence LIMIT 1")?
        .query_row(params![to, order], |row| row.get(0))
        .optional()?;
    if let Some(kind) = next {
        let task = Task::Push { order: order.to_owned() };
        enqueue(sqlite, to, lane(&from_json(&kind)?), &work_key(order), &task, at)?;
    }
    Ok(moved > 0)
}

fn refused(vi: &str, en: &str) -> StoreError {
    StoreError::Refused(format!("{vi} ({en})"))
}

fn succeed(sqlite: &Sqlite, from: ConnectionId, to: ConnectionId, at: Instant) -> Result<u32> {
    let (old, new) = (load(sqlite, from)?, load(sqlite, to)?);
    if from == to || old.tenant != new.tenant || old.connector != new.connector {
        return Err(refused(
            "Chỉ chuyển tiếp được giữa hai kết nối cùng loại của cùng một cửa hàng.",
            "One connection takes over from another of the same kind and the same shop.",
        ));
    }
    let (Some(before), Some(after)) = (&old.account, &new.account) else {
        return Err(refused("Cả hai kết nối phải được cấp quyền trước.", "Both connections need a grant first."));
    };
    if let Some(known) = successor(sqlite, from)?.or(successor(sqlite, to)?) {
        return Err(refused(
            "Một trong hai kết nối đã được kết nối khác tiếp quản.",
            &format!("Connection {known} has taken over from one of the two already."),
        ));
    }
    sqlite.execute("INSERT INTO succession (connection, successor, at) VALUES (?1, ?2, ?3)", params![from, to, at])?;
    for entity in RECORDS {
        sqlite.execute(
            "INSERT INTO stream (connection, entity, policy) VALUES (?1, ?2, 'off') ON CONFLICT DO UPDATE SET policy = 'off'",
            params![from, names::entity(entity)],
        )?;
        sqlite.execute("DELETE FROM refresh WHERE connection = ?1 AND entity = ?2", params![from, names::entity(entity)])?;
    }
    mark(sqlite, from)?;
    let mut statement = sqlite.prepare_cached(
        "SELECT order_id FROM outbox WHERE connection = ?1 AND state IN ('waiting', 'failed') GROUP BY order_id ORDER BY min(id)",
    )?;
    let orders = statement.query_map([from], |row| row.get(0))?.collect::<std::result::Result<Vec<String>, _>>()?;
    let mut moved = 0;
    for order in orders {
        moved += u32::from(hand_over(sqlite, from, to, &order, at)?);
    }
    append(sqlite, from, at, code::SUCCEEDED, None, &json!({ "by": to, "orders": moved }))?;
    append(sqlite, to, at, code::SUCCEEDED, None, &json!({ "from": from, "orders": moved }))?;
    let says = |vi: String, en: String| Message { vi, en, arguments: Vec::new() };
    let told = says(
        format!(
            "Cửa hàng đã chuyển sang doanh nghiệp {}: đơn mới gửi qua kết nối {to}; kết nối này chỉ theo dõi các đơn đã gửi.",
            after.id
        ),
        format!("The shop moved to business {}: new orders go by connection {to}; this one only follows what it sent.", after.id),
    );
    notify(sqlite, from, at, "connection-succeeded", &told)?;
    let told = says(
        format!(
            "Kết nối này tiếp quản từ kết nối {from} (doanh nghiệp {}). Sản phẩm trùng mã SKU chờ bạn xác nhận ở trang Chờ liên kết.",
            before.id
        ),
        format!(
            "This connection takes over from connection {from} (business {}). Products with the same SKU wait for your word before they are paired.",
            before.id
        ),
    );
    notify(sqlite, to, at, "connection-succeeds", &told)?;
    Ok(moved)
}

/// What waits with one candidate: entity, id at the other side, Nobi's id.
fn with_one_candidate(sqlite: &Sqlite, connection: ConnectionId) -> Result<Vec<(Entity, String, i64)>> {
    let mut statement = sqlite.prepare_cached(
        "SELECT entity, remote, json_extract(candidates, '$[0]') FROM link WHERE connection = ?1 AND state = 'waiting'
           AND candidates LIKE '[%' AND json_array_length(candidates) = 1 ORDER BY since, entity, remote",
    )?;
    let rows = statement.query_map([connection], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
    let rows = rows.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(rows.into_iter().filter_map(|(entity, remote, nobi)| Some((names::entity_from(&entity)?, remote, nobi))).collect())
}

fn confirm(sqlite: &Sqlite, connection: ConnectionId, at: Instant) -> Result<u32> {
    let waiting = with_one_candidate(sqlite, connection)?;
    let mut wanted: BTreeMap<(&str, i64), u32> = BTreeMap::new();
    for (entity, _, nobi) in &waiting {
        *wanted.entry((names::entity(*entity), *nobi)).or_default() += 1;
    }
    let mut chosen: BTreeMap<&str, (Entity, Vec<String>)> = BTreeMap::new();
    for (entity, remote, nobi) in &waiting {
        let name = names::entity(*entity);
        let alone = wanted.get(&(name, *nobi)) == Some(&1);
        let free = candidate(sqlite, connection, *entity, *nobi)?.is_some_and(|it| !it.taken);
        let promised: bool = sqlite
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM link WHERE connection = ?1 AND entity = ?2 AND candidates = ?3)")?
            .query_row(params![connection, name, choice(Some(*nobi))], |row| row.get(0))?;
        if alone && free && !promised {
            sqlite
                .prepare_cached("UPDATE link SET candidates = ?4, since = ?5 WHERE connection = ?1 AND entity = ?2 AND remote = ?3")?
                .execute(params![connection, name, remote, choice(Some(*nobi)), at])?;
            chosen.entry(name).or_insert_with(|| (*entity, Vec::new())).1.push(remote.clone());
        }
    }
    let mut confirmed = 0;
    for (name, (entity, remotes)) in chosen {
        confirmed += u32::try_from(remotes.len()).unwrap_or(u32::MAX);
        append(sqlite, connection, at, code::PAIR_DECIDED, Some(name), &json!({ "records": remotes.len(), "decision": "pair" }))?;
        for some in remotes.chunks(A_RUN) {
            begin_run(sqlite, connection, entity, &Scope::Only(some.to_vec()), Trigger::Click, at)?;
        }
    }
    Ok(confirmed)
}

#[async_trait]
impl Successions for SqliteStore {
    async fn succeed(&self, connection: ConnectionId, successor: ConnectionId, at: Instant) -> Result<u32> {
        self.write(move |sqlite| succeed(sqlite, connection, successor, at)).await
    }

    async fn successor(&self, connection: ConnectionId) -> Result<Option<ConnectionId>> {
        self.read(move |sqlite| successor(sqlite, connection)).await
    }

    async fn goes_to(&self, connection: ConnectionId, order: &str) -> Result<ConnectionId> {
        let order = order.to_owned();
        self.read(move |sqlite| {
            let mut at = connection;
            // None takes over from one that took over from it, so this ends.
            while let Some(next) = successor(sqlite, at)? {
                let known: bool = sqlite
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM outbox WHERE connection = ?1 AND order_id = ?2)
                             OR EXISTS (SELECT 1 FROM order_push WHERE connection = ?1 AND order_id = ?2)",
                    )?
                    .query_row(params![at, order], |row| row.get(0))?;
                if known {
                    break;
                }
                at = next;
            }
            Ok(at)
        })
        .await
    }

    async fn hand_over(&self, connection: ConnectionId, order: &str, at: Instant) -> Result<bool> {
        let order = order.to_owned();
        self.write(move |sqlite| match successor(sqlite, connection)? {
            Some(to) => hand_over(sqlite, connection, to, &order, at),
            None => Ok(false),
        })
        .await
    }

    async fn came_over(&self, connection: ConnectionId, order: &str) -> Result<bool> {
        let order = order.to_owned();
        self.read(move |sqlite| {
            let older = "SELECT EXISTS (SELECT 1 FROM succession JOIN connection ON connection.id = succession.successor
                JOIN nobi_order ON nobi_order.tenant = connection.tenant AND nobi_order.id = ?2
                WHERE succession.successor = ?1 AND json_extract(nobi_order.record, '$.created') <= succession.at)";
            Ok(sqlite.prepare_cached(older)?.query_row(params![connection, order], |row| row.get(0))?)
        })
        .await
    }

    async fn confirm_pairs(&self, connection: ConnectionId, at: Instant) -> Result<u32> {
        self.write(move |sqlite| confirm(sqlite, connection, at)).await
    }
}
