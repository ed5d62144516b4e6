//! Hands out what the file holds of a connection or of one customer: a list of rows a table, columns by their names. Secrets are left out, and
//! so is what would let somebody in: the callback address and sessions.

use rusqlite::types::ValueRef;
use rusqlite::{Connection as Sqlite, ToSql};
use serde_json::{Map, Value, json};

use super::connections::load;
use super::from_json;
use super::person::{Found, find};
use crate::clock::Instant;
use crate::store::redact::Needles;
use crate::store::{ConnectionId, CustomerKey, Result};

const OWN: &str = "WHERE connection = ?1";
const OF_RUNS: &str = "WHERE run IN (SELECT id FROM run WHERE connection = ?1)";
const LINKED: &str = "WHERE id IN (SELECT nobi FROM link WHERE connection = ?1 AND entity = ";

/// Each table that has something of a connection: the columns, and which rows.
const TABLES: [(&str, &str, &str); 32] = [
    (
        "connection",
        "id, tenant, connector, tag, state, pause, settings, overrides, account, app, account_id, events, created, generation,
         unreadable_since",
        "WHERE id = ?1",
    ),
    ("connected_by", "operator, at", OWN),
    ("stream", "*", OWN),
    ("schedule", "*", OWN),
    ("run", "*", OWN),
    ("sweep_branch", "*", OF_RUNS),
    ("sweep_product", "*", OF_RUNS),
    ("link", "*", OWN),
    ("held_record", "*", OWN),
    ("refused", "*", OWN),
    ("warned", "*", OWN),
    ("parked_stock", "*", OWN),
    ("delivery", "*", OWN),
    ("delivery_subject", "*", OWN),
    ("webhook_health", "*", OWN),
    ("webhook_arrival", "*", OWN),
    ("refresh", "*", OWN),
    ("work", "*", OWN),
    ("order_push", "*", OWN),
    ("outbox", "*", OWN),
    ("held_order", "*", OWN),
    ("succession", "*", OWN),
    ("notice", "*", OWN),
    ("note", "*", OWN),
    ("event", "*", OWN),
    ("former_connection", "*", "WHERE id = ?1"),
    ("nobi_branch", "*", "'branch')"),
    ("nobi_category", "*", "'category')"),
    ("nobi_product", "*", "'product')"),
    ("nobi_stock", "*", "WHERE product IN (SELECT nobi FROM link WHERE connection = ?1 AND entity = 'product')"),
    ("nobi_customer", "*", "'customer')"),
    (
        "nobi_order",
        "*",
        "WHERE tenant = (SELECT tenant FROM connection WHERE id = ?1) AND id IN (SELECT order_id FROM outbox WHERE connection = ?1)",
    ),
];

/// Tables that are not handed out: what lets somebody in, and what is the host's own.
#[cfg(test)]
const LEFT_OUT: [&str; 9] = ["lease", "planned_by", "pulse", "secret", "pending_login", "session", "operator", "backup", "restored"];

pub(super) fn export(sqlite: &Sqlite, connection: ConnectionId, of: Option<&CustomerKey>, at: Instant) -> Result<Value> {
    let owner = load(sqlite, connection)?;
    let mut all = Map::new();
    all.insert("exported".to_owned(), json!({ "at": at, "connection": connection, "tenant": owner.tenant, "secrets": "left out" }));
    match of {
        None => {
            for (table, columns, which) in TABLES {
                let which = if which.starts_with('\'') { format!("{LINKED}{which}") } else { which.to_owned() };
                all.insert(table.to_owned(), rows(sqlite, &format!("SELECT {columns} FROM {table} {which}"), &[&connection])?.into());
            }
        }
        Some(key) => customer(sqlite, &find(sqlite, connection, key)?, &mut all)?,
    }
    Ok(Value::Object(all))
}

/// The person's own rows, and those of others that name the person.
fn customer(sqlite: &Sqlite, found: &Found, all: &mut Map<String, Value>) -> Result<()> {
    let mut put = |table: &str, more: Vec<Value>| {
        if let Value::Array(rows) = all.entry(table).or_insert_with(|| Value::Array(Vec::new())) {
            rows.extend(more);
        }
    };
    for id in &found.customers {
        put("nobi_customer", rows(sqlite, "SELECT * FROM nobi_customer WHERE id = ?1", &[id])?);
        let pairs = "SELECT * FROM link WHERE entity = 'customer' AND nobi = ?1";
        put("link", rows(sqlite, pairs, &[id])?);
    }
    for order in &found.orders {
        put("nobi_order", rows(sqlite, "SELECT * FROM nobi_order WHERE tenant = ?1 AND id = ?2", &[&found.tenant, order])?);
        for connection in &found.connections {
            for table in ["outbox", "order_push"] {
                let sql = format!("SELECT * FROM {table} WHERE connection = ?1 AND order_id = ?2");
                put(table, rows(sqlite, &sql, &[connection, order])?);
            }
        }
    }
    let telling = found.needles.telling();
    for connection in &found.connections {
        for table in ["refused", "warned", "notice", "note", "delivery"] {
            let mut mentions = rows(sqlite, &format!("SELECT * FROM {table} {OWN}"), &[connection])?;
            mentions.retain(|row| names(row, &telling));
            put(table, mentions);
        }
    }
    Ok(())
}

fn names(row: &Value, needles: &Needles) -> bool {
    !needles.is_empty() && needles.redact(&mut row.clone())
}

/// Rows as objects. A text that is JSON is told as that, bytes as text or in base64.
fn rows(sqlite: &Sqlite, sql: &str, params: &[&dyn ToSql]) -> Result<Vec<Value>> {
    let mut statement = sqlite.prepare(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(params)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut told = Map::new();
        for (at, column) in columns.iter().enumerate() {
            told.insert(column.clone(), value(row.get_ref(at)?)?);
        }
        all.push(Value::Object(told));
    }
    Ok(all)
}

fn value(value: ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            match text.starts_with(['{', '[', '"']) {
                true => from_json(&text).unwrap_or_else(|_| Value::from(text.as_ref())),
                false => Value::from(text.as_ref()),
            }
        }
        ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => from_json(text).unwrap_or_else(|_| text.into()),
            Err(_) => json!({ "base64": data_encoding::BASE64.encode(bytes) }),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::Sealer;
    use crate::store::sqlite::SqliteStore;

    #[test]
    fn every_table_is_handed_out_or_named_as_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.sqlite");
        drop(SqliteStore::open(&path, Sealer::from_hex(&"ab".repeat(32)).unwrap()).unwrap());
        let sqlite = Sqlite::open(&path).unwrap();
        let mut statement = sqlite.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").unwrap();
        let there: BTreeSet<String> = statement.query_map([], |row| row.get(0)).unwrap().map(std::result::Result::unwrap).collect();
        let known: BTreeSet<String> = TABLES.iter().map(|(table, ..)| *table).chain(LEFT_OUT).map(str::to_owned).collect();
        assert_eq!(there, known, "whoever adds a table says what of it is handed out, and what an erasure does with it (`erase.rs`)");
    }
}
