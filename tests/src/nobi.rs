//! What the reference Nobi Pro holds for one connection, every table of it, told in the other side's ids so that two hosts can be compared.
//! Reads only, and names no column: what a table has more of tomorrow is compared tomorrow.

use std::collections::BTreeMap;

use anyhow::Result;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};

use crate::world::{Side, World};

/// Records by table, then by what they are called at the other side.
pub type Records = BTreeMap<String, BTreeMap<String, Value>>;

/// What a connection keeps of the other side's records, beside Nobi's own tables.
const KEPT: [&str; 4] = ["link", "refused", "warned", "parked_stock"];

/// Everything that Nobi holds for this connection's tenant, and what the connection keeps of it. Row ids are replaced by the other side's ids,
/// the connection's tag by `tag`.
pub fn records(world: &World, side: &Side) -> Result<Records> {
    let sql = world.sql()?;
    let mut links = BTreeMap::new();
    let mut statement = sql.prepare("SELECT entity, nobi, remote FROM link WHERE connection = ?1 AND nobi IS NOT NULL")?;
    let mut rows = statement.query([side.connection])?;
    while let Some(row) = rows.next()? {
        links.insert((row.get::<_, String>(0)?, row.get::<_, i64>(1)?), row.get::<_, String>(2)?);
    }
    let mut statement =
        sql.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'nobi\\_%' ESCAPE '\\' ORDER BY name")?;
    let own = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    // Two connections' orders are two orders at the other side: what is alike is what Nobi calls them.
    let mut statement = sql.prepare("SELECT remote, order_id FROM order_push WHERE connection = ?1 AND remote IS NOT NULL")?;
    let orders = statement.query_map([side.connection], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let reader = Reader { links, orders, tag: side.tag.clone() };
    let mut records = Records::new();
    for table in own {
        let owner = if table == "nobi_stock" { "product IN (SELECT id FROM nobi_product WHERE tenant = ?1)" } else { "tenant = ?1" };
        let found = reader.read(&sql, &format!("SELECT * FROM {table} WHERE {owner}"), &table, &side.tenant)?;
        records.insert(table, found);
    }
    for table in KEPT {
        let found = reader.read(&sql, &format!("SELECT * FROM {table} WHERE connection = ?1"), table, &side.connection.to_string())?;
        records.insert(table.to_owned(), found);
    }
    Ok(records)
}

/// The fields of a record, those of objects in it by their path; a list is one field.
pub fn fields(record: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    flatten("", record, &mut fields);
    fields
}

fn flatten(at: &str, value: &Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                flatten(&format!("{at}/{key}"), value, fields);
            }
        }
        Value::Null => {}
        other => drop(fields.insert(at.to_owned(), other.clone())),
    }
}

struct Reader {
    links: BTreeMap<(String, i64), String>,
    orders: BTreeMap<String, String>,
    tag: String,
}

impl Reader {
    fn read(&self, sql: &rusqlite::Connection, query: &str, table: &str, owner: &str) -> Result<BTreeMap<String, Value>> {
        let mut statement = sql.prepare(query)?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([owner])?;
        let mut found = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let mut record = Map::new();
            for (at, column) in columns.iter().enumerate() {
                let value = match row.get_ref(at)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => json!(number),
                    ValueRef::Real(number) => json!(number),
                    ValueRef::Text(text) | ValueRef::Blob(text) => self.text(&String::from_utf8_lossy(text)),
                };
                record.insert(column.clone(), value);
            }
            let key = self.named(table, &mut record);
            found.insert(key, Value::Object(record));
        }
        Ok(found)
    }

    /// A text, or the JSON in it.
    fn text(&self, text: &str) -> Value {
        let mut text = text.to_owned();
        for (remote, order) in &self.orders {
            text = text.replace(remote, order);
        }
        let text = text.replace(&format!("{}-", self.tag), "tag-");
        let json = text.starts_with(['{', '[']).then(|| serde_json::from_str(&text).ok()).flatten();
        json.unwrap_or(Value::String(text))
    }

    /// Puts the other side's ids into a record, and says what it is called there.
    fn named(&self, table: &str, record: &mut Map<String, Value>) -> String {
        let own = record.remove("id");
        for key in ["tenant", "connection"] {
            record.remove(key);
        }
        let entity = table.strip_prefix("nobi_").unwrap_or_default();
        // An order names Nobi's own rows.
        if let Some(order) = record.get_mut("record").and_then(Value::as_object_mut) {
            self.told_in_their_ids(order, "branch", "branch");
            for line in order.get_mut("lines").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
                self.told_in_their_ids(line, "product", "product");
            }
        }
        for (key, of) in [("parent", entity), ("category", "category"), ("product", "product"), ("branch", "branch")] {
            if let Some(id) = record.get(key).and_then(Value::as_i64) {
                record.insert(key.to_owned(), json!(self.remote(of, id)));
            }
        }
        if let (Some(of), Some(nobi)) = (record.get("entity").and_then(Value::as_str).map(str::to_owned), record.remove("nobi")) {
            record.insert("linked".to_owned(), json!(!nobi.is_null()));
            if let Some(Value::Array(candidates)) = record.get_mut("candidates") {
                for candidate in candidates {
                    *candidate = json!(candidate.as_i64().map(|id| self.remote(&of, id)));
                }
            }
        }
        match own {
            Some(Value::Number(id)) => self.remote(entity, id.as_i64().unwrap_or_default()),
            Some(other) => other.as_str().unwrap_or_default().to_owned(),
            None => {
                let part = |key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
                ["entity", "remote", "product", "branch", "code"].into_iter().filter_map(part).collect::<Vec<_>>().join(" ")
            }
        }
    }

    fn told_in_their_ids(&self, record: &mut Map<String, Value>, key: &str, entity: &str) {
        if let Some(id) = record.get(key).and_then(Value::as_str).and_then(|id| id.parse().ok()) {
            record.insert(key.to_owned(), json!(self.remote(entity, id)));
        }
    }

    fn remote(&self, entity: &str, id: i64) -> String {
        self.links.get(&(entity.to_owned(), id)).cloned().unwrap_or_else(|| format!("row {id}"))
    }
}
