//! The SQL of what is said of single records.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, params};

use super::{SqliteStore, from_json, to_json};
use crate::clock::Instant;
use crate::contract::Refused;
use crate::contract::catalog::Change;
use crate::contract::types::{Entity, Failure, Warning};
use crate::names;
use crate::store::{After, ConnectionId, Remarks, Result};

/// The entity and id of the record that a change brings whole.
fn record_of(change: &Change) -> Option<(Entity, &str)> {
    match change {
        Change::Branch(branch) => Some((Entity::Branch, &branch.id)),
        Change::Category(category) => Some((Entity::Category, &category.id)),
        Change::Product(product) => Some((Entity::Product, &product.id)),
        Change::Stock(level) => Some((Entity::Stock, &level.product)),
        Change::Price(price) => Some((Entity::Price, &price.product)),
        Change::Customer(customer) => Some((Entity::Customer, &customer.id)),
        Change::OrderStatus(status) => Some((Entity::OrderStatus, &status.order)),
        Change::Gone(_) => None,
    }
}

/// Of a record that was deleted at Nobi, or kept out, nothing is left to look at: a retry of all that a remark was made of must not bring it back.
const LET_IN: &str = "NOT EXISTS (SELECT 1 FROM link WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND state = 'tombstone')";

/// The warnings of connection `?1`, each once: what is said of a product's level or price in the words that are said of the product already is
/// not said again.
pub(super) const ONCE: &str = "SELECT entity, remote, code, warning FROM warned WHERE connection = ?1 AND NOT EXISTS (
    SELECT 1 FROM warned AS first WHERE first.connection = ?1 AND first.remote = warned.remote AND first.code = warned.code
      AND (warned.entity IN ('stock', 'price') AND first.entity = 'product' OR warned.entity = 'stock' AND first.entity = 'price'))";

/// Streams beside this one in which the same may be said of the same record.
pub(super) fn same_record(entity: Entity) -> &'static [Entity] {
    match entity {
        Entity::Product => &[Entity::Price, Entity::Stock],
        Entity::Price => &[Entity::Stock],
        _ => &[],
    }
}

/// Forgets what was said of records that Nobi has kept out since.
pub(crate) fn forget_kept_out(sqlite: &Sqlite, entity: Entity) -> Result<()> {
    for table in ["refused", "warned"] {
        let forget = format!(
            "DELETE FROM {table} WHERE entity = ?1 AND EXISTS (SELECT 1 FROM link WHERE link.connection = {table}.connection
               AND link.entity = ?1 AND link.remote = {table}.remote AND link.state = 'tombstone')"
        );
        sqlite.prepare_cached(&forget)?.execute([names::entity(entity)])?;
    }
    Ok(())
}

/// Forgets what was said of records that are read anew.
pub(super) fn forget_remarks(sqlite: &Sqlite, connection: ConnectionId, changes: &[Change]) -> Result<()> {
    for table in ["refused", "warned"] {
        let any = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE connection = ?1)");
        if !sqlite.prepare_cached(&any)?.query_row([connection], |row| row.get::<_, bool>(0))? {
            continue;
        }
        let delete = format!("DELETE FROM {table} WHERE connection = ?1 AND entity = ?2 AND remote = ?3");
        let mut delete = sqlite.prepare_cached(&delete)?;
        for (entity, id) in changes.iter().filter_map(record_of) {
            delete.execute(params![connection, names::entity(entity), id])?;
        }
        // A product's row brings its prices and levels along.
        for product in changes.iter().filter_map(|change| if let Change::Product(product) = change { Some(product) } else { None }) {
            for entity in same_record(Entity::Product) {
                delete.execute(params![connection, names::entity(*entity), product.id])?;
            }
        }
    }
    Ok(())
}

/// Keeps records that could not be read.
pub(super) fn keep_refused(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, refused: &[Refused], at: Instant) -> Result<()> {
    for record in refused {
        sqlite
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO refused (connection, entity, remote, failure, at) SELECT ?1, ?2, ?3, ?4, ?5 WHERE {LET_IN}"
            ))?
            .execute(params![connection, names::entity(entity), record.id.as_deref().unwrap_or(""), to_json(&record.failure)?, at])?;
    }
    Ok(())
}

/// Keeps what was read, but not exactly as written.
pub(super) fn keep_warned(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, warnings: &[Warning], at: Instant) -> Result<()> {
    for warning in warnings {
        sqlite
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO warned (connection, entity, remote, code, warning, at) SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE {LET_IN}"
            ))?
            .execute(params![
                connection,
                names::entity(entity),
                warning.subject.as_deref().unwrap_or(""),
                warning.code,
                to_json(warning)?,
                at
            ])?;
    }
    Ok(())
}

#[async_trait]
impl Remarks for SqliteStore {
    async fn refused(&self, connection: ConnectionId) -> Result<Vec<(String, String, Failure)>> {
        self.read(move |sqlite| {
            let mut statement =
                sqlite.prepare_cached("SELECT entity, remote, failure FROM refused WHERE connection = ?1 ORDER BY entity, remote")?;
            let rows = statement.query_map([connection], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?;
            let mut refused = Vec::new();
            for row in rows {
                let (entity, remote, failure): (String, String, String) = row?;
                refused.push((entity, remote, from_json(&failure)?));
            }
            Ok(refused)
        })
        .await
    }

    async fn warned(&self, connection: ConnectionId) -> Result<Vec<(String, Warning)>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(&format!("SELECT entity, warning FROM ({ONCE}) ORDER BY entity, remote, code"))?;
            let rows = statement.query_map([connection], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
            let mut warned = Vec::new();
            for row in rows {
                let (entity, warning): (String, String) = row?;
                warned.push((entity, from_json(&warning)?));
            }
            Ok(warned)
        })
        .await
    }

    async fn refused_after(
        &self,
        connection: ConnectionId,
        after: After,
        most: u32,
    ) -> Result<(Vec<(String, String, Failure)>, Option<After>)> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT entity, remote, failure FROM refused WHERE connection = ?1 AND (entity, remote) > (?2, ?3)
                 ORDER BY entity, remote LIMIT ?4",
            )?;
            let rows = statement.query_map(params![connection, after.0, after.1, most], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            })?;
            let (mut part, mut last) = (Vec::new(), None);
            for row in rows {
                let (entity, remote, failure) = row?;
                last = Some((entity.clone(), remote.clone(), String::new()));
                part.push((entity, remote, from_json(&failure)?));
            }
            Ok((part, last))
        })
        .await
    }

    async fn warned_after(&self, connection: ConnectionId, after: After, most: u32) -> Result<(Vec<(String, Warning)>, Option<After>)> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(&format!(
                "SELECT entity, remote, code, warning FROM ({ONCE}) WHERE (entity, remote, code) > (?2, ?3, ?4)
                 ORDER BY entity, remote, code LIMIT ?5"
            ))?;
            let rows = statement.query_map(params![connection, after.0, after.1, after.2, most], |row| {
                Ok(((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?), row.get::<_, String>(3)?))
            })?;
            let (mut part, mut last) = (Vec::new(), None);
            for row in rows {
                let (place, warning) = row?;
                part.push((place.0.clone(), from_json(&warning)?));
                last = Some(place);
            }
            Ok((part, last))
        })
        .await
    }
}
