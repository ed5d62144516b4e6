//! What people call a record that the other side knows by a number: its name, and its code. Only of records that Nobi has; of all others the
//! number is all there is.

use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use crate::contract::types::Entity;
use crate::names;
use crate::store::{ConnectionId, Result};

/// A record as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// Its name; of an order its code.
    pub name: String,
    /// SKU, phone or code, where it has one beside the name.
    pub code: Option<String>,
}

impl std::fmt::Display for Called {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.code {
            Some(code) if *code != self.name => write!(f, "{} ({code})", self.name),
            _ => f.write_str(&self.name),
        }
    }
}

/// The kind of record that a level, a price or a status belongs to.
pub(crate) fn bearer(entity: Entity) -> Entity {
    match entity {
        Entity::Stock | Entity::Price => Entity::Product,
        Entity::OrderStatus => Entity::Order,
        other => other,
    }
}

/// What people call it.
pub(crate) fn called(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remote: &str) -> Result<Option<Called>> {
    let entity = bearer(entity);
    // No phone: what is told here stands in notices and lists.
    let (table, code) = match entity {
        Entity::Product => ("nobi_product", "sku"),
        Entity::Branch => ("nobi_branch", "code"),
        Entity::Category => ("nobi_category", "code"),
        Entity::Customer => ("nobi_customer", "NULL"),
        Entity::Order => return order(sqlite, connection, remote),
        _ => return Ok(None),
    };
    let sql = format!(
        "SELECT name, {code} FROM {table} WHERE id = (SELECT nobi FROM link WHERE connection = ?1 AND entity = ?2 AND remote = ?3)"
    );
    let row = |row: &rusqlite::Row<'_>| Ok(Called { name: row.get(0)?, code: row.get(1)? });
    let found = sqlite.prepare_cached(&sql)?.query_row(params![connection, names::entity(entity), remote], row).optional()?;
    Ok(found.map(|it| Called { code: it.code.filter(|code| !code.is_empty()), ..it }))
}

fn order(sqlite: &Sqlite, connection: ConnectionId, remote: &str) -> Result<Option<Called>> {
    let sql = "SELECT nobi_order.code FROM order_push JOIN connection ON connection.id = order_push.connection
               JOIN nobi_order ON nobi_order.tenant = connection.tenant AND nobi_order.id = order_push.order_id
               WHERE order_push.connection = ?1 AND (order_push.remote = ?2 OR order_push.seen_as = ?2) LIMIT 1";
    let code = sqlite.prepare_cached(sql)?.query_row(params![connection, remote], |row| row.get(0)).optional()?;
    Ok(code.map(|name| Called { name, code: None }))
}
