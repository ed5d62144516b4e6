//! The SQL of the reference Nobi Pro's records, as tools and tests read them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::{SqliteStore, from_json};
use crate::clock::Instant;
use crate::contract::types::Entity;
use crate::names;
use crate::nobi::forget;
use crate::store::{ConnectionId, Level, NobiCounts, Outgoing, Records, Result, Sellable, Standing, Why};

/// Why an event of an order failed or was not sent, out of how it ended.
fn why(outcome: &Value) -> Option<Why> {
    let told = outcome.get("failure").unwrap_or(outcome);
    let code = told.get("code").or_else(|| told.get("reason")).and_then(Value::as_str)?.to_owned();
    let message = told.get("message").cloned().and_then(|message| serde_json::from_value(message).ok());
    Some(Why { code, message })
}

#[async_trait]
impl Records for SqliteStore {
    async fn nobi_counts(&self, tenant: &str) -> Result<NobiCounts> {
        let tenant = tenant.to_owned();
        self.read(move |sqlite| {
            let count = |sql: &str| sqlite.query_row(sql, [&tenant], |row| row.get::<_, u32>(0));
            let products = "FROM nobi_product WHERE tenant = ?1 AND deleted = 0";
            let levels = "FROM nobi_stock JOIN nobi_product ON nobi_product.id = nobi_stock.product WHERE tenant = ?1 AND deleted = 0";
            Ok(NobiCounts {
                branches: count("SELECT count(*) FROM nobi_branch WHERE tenant = ?1")?,
                categories: count("SELECT count(*) FROM nobi_category WHERE tenant = ?1")?,
                products: count(&format!("SELECT count(*) {products}"))?,
                parents: count(&format!("SELECT count(*) {products} AND kind = 'variant-parent'"))?,
                variants: count(&format!("SELECT count(*) {products} AND kind = 'variant-child'"))?,
                attached_variants: count(&format!("SELECT count(*) {products} AND kind = 'variant-child' AND parent IS NOT NULL"))?,
                levels: count(&format!("SELECT count(*) {levels}"))?,
                provisional: count(&format!("SELECT count(*) {levels} AND provisional = 1"))?,
                available: sqlite.query_row(&format!("SELECT coalesce(sum(available), 0) {levels}"), [&tenant], |row| row.get(0))?,
                priced: count(&format!("SELECT count(*) {products} AND retail IS NOT NULL"))?,
                retail: sqlite.query_row(&format!("SELECT coalesce(sum(retail), 0) {products}"), [&tenant], |row| row.get(0))?,
                customers: count("SELECT count(*) FROM nobi_customer WHERE tenant = ?1")?,
                orders: count("SELECT count(*) FROM nobi_order WHERE tenant = ?1")?,
            })
        })
        .await
    }

    async fn standings(&self, connection: ConnectionId, order: Option<&str>, most: u32) -> Result<Vec<Standing>> {
        let order = order.map(str::to_owned);
        self.read(move |sqlite| {
            // An order is the connection's once an event of it was given to it.
            let mut statement = sqlite.prepare_cached(
                "SELECT nobi_order.id, nobi_order.code, nobi_order.stage, order_push.remote, order_push.own_id, nobi_order.remote_status,
                   waiting, failed, coalesce(order_push.may_have_arrived, 0) AND (waiting OR failed),
                   (SELECT outcome FROM outbox WHERE connection = ?1 AND order_id = known.order_id AND state IN ('failed', 'skipped')
                    ORDER BY state = 'failed' DESC, sequence DESC LIMIT 1)
                 FROM (SELECT order_id, max(id) AS last, max(state = 'waiting') AS waiting, max(state = 'failed') AS failed FROM outbox WHERE connection = ?1 AND (?2 IS NULL OR order_id = ?2)
                       GROUP BY order_id ORDER BY last DESC LIMIT ?3) AS known
                 JOIN connection ON connection.id = ?1
                 JOIN nobi_order ON nobi_order.tenant = connection.tenant AND nobi_order.id = known.order_id
                 LEFT JOIN order_push ON order_push.connection = ?1 AND order_push.order_id = known.order_id ORDER BY known.last DESC",
            )?;
            let rows = statement.query_map(params![connection, order, most], |row| {
                let outgoing = match (row.get(6)?, row.get(7)?) {
                    (true, _) => Outgoing::Waiting,
                    (false, true) => Outgoing::Failed,
                    (false, false) => Outgoing::Ended,
                };
                let standing = Standing {
                    order: row.get(0)?,
                    code: row.get(1)?,
                    stage: row.get(2)?,
                    remote: row.get(3)?,
                    own_id: row.get(4)?,
                    may_have_arrived: row.get(8)?,
                    outgoing,
                    there: None,
                    why: None,
                };
                Ok((standing, row.get::<_, Option<String>>(5)?, row.get::<_, Option<String>>(9)?))
            })?;
            let mut standings = Vec::new();
            for row in rows {
                let (standing, there, outcome) = row?;
                let outcome: Option<Value> = outcome.as_deref().map(from_json).transpose()?;
                let why = outcome.as_ref().filter(|_| standing.outgoing != Outgoing::Waiting).and_then(why);
                standings.push(Standing { there: there.as_deref().map(from_json).transpose()?, why, ..standing });
            }
            Ok(standings)
        })
        .await
    }

    async fn sellable(&self, connection: ConnectionId, most: u32) -> Result<Vec<Sellable>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT nobi_product.id, link.remote, name, sku, retail FROM link JOIN nobi_product ON nobi_product.id = link.nobi
                 WHERE link.connection = ?1 AND link.entity = 'product' AND link.state = 'linked' AND deleted = 0
                   AND kind IN ('goods', 'variant-child') AND status IN ('draft', 'active') AND retail > 0
                 ORDER BY nobi_product.id LIMIT ?2",
            )?;
            let rows = statement.query_map(params![connection, most], |row| {
                Ok(Sellable { product: row.get(0)?, remote: row.get(1)?, name: row.get(2)?, sku: row.get(3)?, price: row.get(4)? })
            })?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn linked_branches(&self, connection: ConnectionId) -> Result<Vec<(i64, String)>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT nobi, remote FROM link WHERE connection = ?1 AND entity = 'branch' AND state = 'linked' ORDER BY nobi",
            )?;
            let rows = statement.query_map([connection], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn levels(&self, connection: ConnectionId) -> Result<Vec<Level>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT p.remote, b.remote, available, provisional FROM nobi_stock
                 JOIN link AS p ON p.nobi = nobi_stock.product AND p.entity = 'product' AND p.connection = ?1
                 JOIN link AS b ON b.nobi = nobi_stock.branch AND b.entity = 'branch' AND b.connection = ?1",
            )?;
            let rows = statement.query_map(params![connection], |row| {
                Ok(Level { product: row.get(0)?, branch: row.get(1)?, available: row.get(2)?, provisional: row.get(3)? })
            })?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn resting(&self, connection: ConnectionId, branch: &str, products: Vec<String>) -> Result<Option<String>> {
        let branch: Option<i64> = branch.parse().ok();
        self.read(move |sqlite| {
            let resting = "SELECT name FROM nobi_branch JOIN link ON link.connection = ?1 AND entity = 'branch' AND nobi = nobi_branch.id
                           WHERE nobi_branch.id = ?2 AND state = 'gone'";
            let name = sqlite.prepare_cached(resting)?.query_row(params![connection, branch], |row| row.get(0)).optional()?;
            if name.is_some() {
                return Ok(name);
            }
            let mut offered = sqlite.prepare_cached(
                "SELECT name FROM nobi_product JOIN link ON link.connection = ?1 AND entity = 'product' AND nobi = nobi_product.id
                 WHERE nobi_product.id = ?2 AND state = 'gone' AND EXISTS (
                   SELECT 1 FROM link AS new, json_each(new.candidates) WHERE new.connection = ?1 AND new.entity = 'product'
                     AND new.state = 'waiting' AND new.candidates IS NOT NULL AND json_each.value = nobi_product.id)",
            )?;
            for product in products.iter().filter_map(|product| product.parse::<i64>().ok()) {
                let name = offered.query_row(params![connection, product], |row| row.get(0)).optional()?;
                if name.is_some() {
                    return Ok(name);
                }
            }
            Ok(None)
        })
        .await
    }

    async fn branch_names(&self, connection: ConnectionId) -> Result<BTreeMap<String, String>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT remote, name FROM link JOIN nobi_branch ON nobi_branch.id = link.nobi WHERE connection = ?1 AND entity = 'branch'",
            )?;
            let rows = statement.query_map([connection], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn linked_products(&self, connection: ConnectionId) -> Result<Vec<String>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT remote FROM link WHERE connection = ?1 AND entity = 'product' AND state = 'linked' ORDER BY remote",
            )?;
            let rows = statement.query_map([connection], |row| row.get(0))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn link_counts(&self, connection: ConnectionId, entity: Entity) -> Result<BTreeMap<String, u32>> {
        self.read(move |sqlite| {
            let mut statement =
                sqlite.prepare_cached("SELECT state, count(*) FROM link WHERE connection = ?1 AND entity = ?2 GROUP BY state")?;
            let rows = statement.query_map(params![connection, names::entity(entity)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn delete_product(&self, connection: ConnectionId, product: i64, at: Instant) -> Result<bool> {
        self.write(move |sqlite| {
            let owned = "id = ?1 AND deleted = 0 AND tenant = (SELECT tenant FROM connection WHERE id = ?2)";
            let deleted = sqlite.execute(&format!("UPDATE nobi_product SET deleted = 1 WHERE {owned}"), params![product, connection])?;
            if deleted == 1 {
                sqlite.execute("DELETE FROM nobi_stock WHERE product = ?1", [product])?;
                forget(sqlite, Entity::Product, product, at)?;
            }
            Ok(deleted == 1)
        })
        .await
    }
}
