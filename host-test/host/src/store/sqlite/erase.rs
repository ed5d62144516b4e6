//! Takes one customer out of every table that may name a person. What is the person's own is blanked whole; what others wrote loses the phone,
//! the name and the address; records of other people lose the phone alone, since they may well have the same name. Links and own ids stay.

use std::collections::BTreeSet;

use rusqlite::{Connection as Sqlite, params};
use serde_json::{Value, json};

use super::events::append;
use super::outbox::work_key;
use super::person::{Found, find};
use super::{from_json, to_json};
use crate::clock::Instant;
use crate::contract::orders::{Order, Person};
use crate::contract::types::Entity;
use crate::names;
use crate::store::events::code;
use crate::store::redact::Needles;
use crate::store::{ConnectionId, CustomerKey, Erased, Remaining, Result, StoreError};

/// Where words stand that may name anybody: the table, its column with the connection, the column with the words.
const WORDS: [(&str, &str, &str); 11] = [
    ("refused", "connection", "failure"),
    ("warned", "connection", "warning"),
    ("notice", "connection", "vi"),
    ("notice", "connection", "en"),
    ("note", "connection", "text"),
    ("run", "connection", "failure"),
    ("stream", "connection", "pause"),
    ("connection", "id", "pause"),
    ("outbox", "connection", "outcome"),
    ("outbox", "connection", "reason"),
    ("delivery", "connection", "failure"),
];

pub(super) fn erase(sqlite: &Sqlite, connection: ConnectionId, key: &CustomerKey, at: Instant) -> Result<Erased> {
    let found = find(sqlite, connection, key)?;
    refuse_what_is_on_its_way(sqlite, &found)?;
    let mut erased = Erased::default();
    customers(sqlite, &found, at, &mut erased)?;
    orders(sqlite, &found, &mut erased)?;
    if !found.needles.is_empty() {
        words(sqlite, &found, &mut erased)?;
        deliveries(sqlite, &found, &mut erased)?;
        records_of_others(sqlite, &found, &mut erased)?;
    }
    if !erased.is_nothing() {
        for id in &found.connections {
            let there: Vec<&str> =
                erased.remaining.iter().filter(|it| it.connection == *id).filter_map(|it| it.remote.as_deref()).collect();
            let detail = json!({ "customers": erased.customers, "orders": erased.orders, "remaining": there });
            append(sqlite, *id, at, code::ERASED, None, &detail)?;
        }
    }
    Ok(erased)
}

/// A push holds the order in memory: what it writes down next would bring it back.
fn refuse_what_is_on_its_way(sqlite: &Sqlite, found: &Found) -> Result<()> {
    let mut statement =
        sqlite.prepare_cached("SELECT EXISTS (SELECT 1 FROM work WHERE connection = ?1 AND key = ?2 AND state = 'running')")?;
    for connection in &found.connections {
        for order in &found.orders {
            if statement.query_row(params![connection, work_key(order)], |row| row.get(0))? {
                return Err(StoreError::Refused(format!(
                    "Đơn {order} đang được gửi; hãy thử lại sau ít phút. (The order {order} is on its way this moment; try again.)"
                )));
            }
        }
    }
    Ok(())
}

/// The customers go; their pairs stay as tombstones, and so do the pairs that waited for a choice among them.
fn customers(sqlite: &Sqlite, found: &Found, at: Instant, erased: &mut Erased) -> Result<()> {
    let ours: BTreeSet<i64> = found.customers.iter().copied().collect();
    let entity = names::entity(Entity::Customer);
    for connection in &found.connections {
        let mut statement =
            sqlite.prepare_cached("SELECT remote, nobi, candidates FROM link WHERE connection = ?1 AND entity = ?2 ORDER BY remote")?;
        let rows = statement.query_map(params![connection, entity], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, Option<String>>(2)?))
        })?;
        let links = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        drop(statement);
        for (remote, nobi, candidates) in links {
            let candidates: Vec<i64> = candidates.and_then(|text| from_json(&text).ok()).unwrap_or_default();
            if !nobi.is_some_and(|id| ours.contains(&id)) && !candidates.iter().any(|id| ours.contains(id)) {
                continue;
            }
            let key = params![connection, entity, remote, at];
            sqlite.execute(
                "UPDATE link SET state = 'tombstone', nobi = NULL, candidates = NULL, since = ?4
                 WHERE connection = ?1 AND entity = ?2 AND remote = ?3",
                key,
            )?;
            for table in ["refused", "warned", "refresh"] {
                let gone = sqlite.execute(
                    &format!("DELETE FROM {table} WHERE connection = ?1 AND entity = ?2 AND remote = ?3"),
                    params![connection, entity, remote],
                )?;
                erased.mentions += u32::try_from(gone).unwrap_or(0);
            }
            erased.remaining.push(Remaining { connection: *connection, entity: "customer", remote: Some(remote), own_id: None });
        }
    }
    for id in &ours {
        sqlite.execute("DELETE FROM nobi_customer WHERE id = ?1", [id])?;
        erased.customers += 1;
    }
    Ok(())
}

fn blanked(order: &Order, needles: &Needles) -> Order {
    let nobody = || Person { name: String::new(), phone: String::new(), email: None };
    let mut order = order.clone();
    if needles.is_phone(&order.recipient.phone) {
        order.recipient = nobody();
        order.address.text = String::new();
        (order.address.province, order.address.district, order.address.ward) = (None, None, None);
    }
    if order.buyer.as_ref().is_some_and(|buyer| needles.is_phone(&buyer.phone)) {
        order.buyer = None;
    }
    (order.note, order.private_note) = (None, None);
    for line in &mut order.lines {
        line.note = None;
    }
    order
}

/// Orders keep their lines, their sums and their pairs. What has not gone out stays here: there is nobody to send it to.
fn orders(sqlite: &Sqlite, found: &Found, erased: &mut Erased) -> Result<()> {
    for order in &found.orders {
        let select = "SELECT record FROM nobi_order WHERE tenant = ?1 AND id = ?2";
        let mut statement = sqlite.prepare_cached(select)?;
        let mut rows = statement.query(params![found.tenant, order])?;
        if let Some(row) = rows.next()? {
            let record: Order = from_json(&row.get::<_, String>(0)?)?;
            drop(rows);
            sqlite.execute(
                "UPDATE nobi_order SET record = ?3 WHERE tenant = ?1 AND id = ?2",
                params![found.tenant, order, to_json(&blanked(&record, &found.needles))?],
            )?;
        }
        erased.orders += 1;
        for connection in &found.connections {
            pushed(sqlite, *connection, order, erased)?;
            own_words(sqlite, *connection, order, &found.needles)?;
        }
    }
    Ok(())
}

fn pushed(sqlite: &Sqlite, connection: ConnectionId, order: &str, erased: &mut Erased) -> Result<()> {
    sqlite.execute("UPDATE order_push SET sent = NULL WHERE connection = ?1 AND order_id = ?2", params![connection, order])?;
    sqlite.execute("DELETE FROM held_order WHERE connection = ?1 AND order_id = ?2", params![connection, order])?;
    let mut statement = sqlite.prepare_cached(
        "SELECT remote, own_id, may_have_arrived FROM order_push WHERE connection = ?1 AND order_id = ?2
           AND (remote IS NOT NULL OR may_have_arrived)",
    )?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?));
    let there = statement.query_map(params![connection, order], row)?.collect::<std::result::Result<Vec<_>, _>>()?;
    let linked = there.iter().any(|(remote, _)| remote.is_some());
    for (remote, own_id) in there {
        erased.remaining.push(Remaining { connection, entity: "order", remote, own_id });
    }
    if !linked {
        let stop =
            "UPDATE outbox SET state = 'skipped', outcome = ?3 WHERE connection = ?1 AND order_id = ?2 AND state IN ('waiting', 'failed')";
        let outcome = json!({ "reason": "skip.erased" }).to_string();
        erased.stopped += u32::try_from(sqlite.execute(stop, params![connection, order, outcome])?).unwrap_or(0);
    }
    Ok(())
}

/// The outcomes and reasons of the person's own orders: here a single word is a name, too.
fn own_words(sqlite: &Sqlite, connection: ConnectionId, order: &str, needles: &Needles) -> Result<()> {
    let mut statement = sqlite.prepare_cached("SELECT id, outcome, reason FROM outbox WHERE connection = ?1 AND order_id = ?2")?;
    let rows = statement.query_map(params![connection, order], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    for (id, outcome, reason) in rows.collect::<std::result::Result<Vec<_>, _>>()? {
        let without = |text: Option<String>| text.map(|text| redacted(&text, needles).unwrap_or(text));
        sqlite.execute("UPDATE outbox SET outcome = ?2, reason = ?3 WHERE id = ?1", params![id, without(outcome), without(reason)])?;
    }
    Ok(())
}

/// A column's text without the person: JSON stays JSON. None: the person is not named there.
fn redacted(text: &str, needles: &Needles) -> Option<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(mut value @ (Value::Object(_) | Value::Array(_))) => needles.redact(&mut value).then(|| value.to_string()),
        _ => needles.redacted(text),
    }
}

/// Takes the person out of one column of these rows. Says of how many.
fn column(sqlite: &Sqlite, table: &str, condition: &str, whose: &dyn rusqlite::ToSql, column: &str, needles: &Needles) -> Result<u32> {
    let mut changes = Vec::new();
    let mut statement = sqlite.prepare(&format!("SELECT DISTINCT {column} FROM {table} WHERE {condition} AND {column} IS NOT NULL"))?;
    let mut rows = statement.query([whose])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if let Some(without) = redacted(&text, needles) {
            changes.push((text, without));
        }
    }
    let mut changed = 0;
    for (text, without) in changes {
        let update = format!("UPDATE {table} SET {column} = ?3 WHERE {condition} AND {column} = ?2");
        changed += u32::try_from(sqlite.execute(&update, params![whose, text, without])?).unwrap_or(0);
    }
    Ok(changed)
}

/// What the connector, Nhanh.vn and people wrote.
fn words(sqlite: &Sqlite, found: &Found, erased: &mut Erased) -> Result<()> {
    let telling = found.needles.telling();
    for connection in &found.connections {
        for (table, key, name) in WORDS {
            erased.mentions += column(sqlite, table, &format!("{key} = ?1"), connection, name, &telling)?;
        }
    }
    Ok(())
}

/// Deliveries that are still to be worked on. One that cannot be read as JSON cannot be mended either: it goes.
fn deliveries(sqlite: &Sqlite, found: &Found, erased: &mut Erased) -> Result<()> {
    let telling = found.needles.telling();
    for connection in &found.connections {
        let mut statement = sqlite.prepare_cached("SELECT id, body FROM delivery WHERE connection = ?1 AND body IS NOT NULL")?;
        let rows = statement.query_map([connection], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        for (id, body) in rows.collect::<std::result::Result<Vec<_>, _>>()? {
            let without = match serde_json::from_slice::<Value>(&body) {
                Ok(mut value) => telling.redact(&mut value).then(|| Some(value.to_string().into_bytes())),
                Err(_) => telling.redacted(&String::from_utf8_lossy(&body)).map(|_| None),
            };
            let Some(without) = without else { continue };
            sqlite.execute(
                "UPDATE delivery SET body = ?2, outcome = CASE WHEN ?2 IS NULL THEN 'set-aside' ELSE outcome END WHERE id = ?1",
                params![id, without],
            )?;
            erased.mentions += 1;
        }
    }
    Ok(())
}

/// Notes in other people's records may hold the phone.
fn records_of_others(sqlite: &Sqlite, found: &Found, erased: &mut Erased) -> Result<()> {
    let phones = found.needles.phones_alone();
    for (table, name) in [("nobi_customer", "detail"), ("nobi_order", "record"), ("nobi_order", "remote_status")] {
        erased.mentions += column(sqlite, table, "tenant = ?1", &found.tenant, name, &phones)?;
    }
    let sent = "connection IN (SELECT id FROM connection WHERE tenant = ?1)";
    erased.mentions += column(sqlite, "order_push", sent, &found.tenant, "sent", &phones)?;
    Ok(())
}
