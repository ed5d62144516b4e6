//! Looks into the reference Nobi Pro's own records, for whoever shows or checks them. Reads only, but for a person's delete.

use std::collections::BTreeMap;

use rusqlite::params;
use serde::Serialize;

use super::{ConnectionId, Result, Store, from_json};
use crate::clock::Instant;
use crate::contract::types::{Entity, Failure};
use crate::names;
use crate::nobi::forget;

/// How many records a tenant has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NobiCounts {
    /// Branches.
    pub branches: u32,
    /// Product groups.
    pub categories: u32,
    /// Product rows of every kind.
    pub products: u32,
    /// Of these, heads of a family.
    pub parents: u32,
    /// Of these, variants.
    pub variants: u32,
    /// Variants whose head is there.
    pub attached_variants: u32,
    /// Levels: one a product and branch.
    pub levels: u32,
    /// Levels that a refresh has not confirmed yet.
    pub provisional: u32,
    /// The sum of all levels to sell by, in thousandths.
    pub available: i64,
    /// Products with a selling price.
    pub priced: u32,
    /// The sum of all selling prices, in dong.
    pub retail: i64,
    /// Customers.
    pub customers: u32,
    /// Orders.
    pub orders: u32,
}

/// A product that an order can be made of: linked, no head of a family, with a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sellable {
    /// Nobi's id.
    pub product: i64,
    /// The other side's id.
    pub remote: String,
    /// What people call it.
    pub name: String,
    /// Stock-keeping unit.
    pub sku: Option<String>,
    /// Selling price.
    pub price: i64,
}

/// One level, by the other side's ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The product's id at the other side.
    pub product: String,
    /// The branch's id at the other side.
    pub branch: String,
    /// The number to sell by, in thousandths.
    pub available: i64,
    /// A refresh has not confirmed it yet.
    pub provisional: bool,
}

impl Store {
    /// How many records a tenant has.
    pub async fn nobi_counts(&self, tenant: &str) -> Result<NobiCounts> {
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

    /// Products that an order can be made of, oldest first.
    pub async fn sellable(&self, connection: ConnectionId, most: u32) -> Result<Vec<Sellable>> {
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

    /// Nobi's branches that are linked in this connection: Nobi's id and the other side's.
    pub async fn linked_branches(&self, connection: ConnectionId) -> Result<Vec<(i64, String)>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT nobi, remote FROM link WHERE connection = ?1 AND entity = 'branch' AND state = 'linked' ORDER BY nobi",
            )?;
            let rows = statement.query_map([connection], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    /// Every level of a connection's products at its branches.
    pub async fn levels(&self, connection: ConnectionId) -> Result<Vec<Level>> {
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

    /// The other side's ids of the products that are linked.
    pub async fn linked_products(&self, connection: ConnectionId) -> Result<Vec<String>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT remote FROM link WHERE connection = ?1 AND entity = 'product' AND state = 'linked' ORDER BY remote",
            )?;
            let rows = statement.query_map([connection], |row| row.get(0))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    /// How many of a connection's pairs of one entity stand where: `linked`, `waiting`, `tombstone`, `gone`.
    pub async fn link_counts(&self, connection: ConnectionId, entity: Entity) -> Result<BTreeMap<String, u32>> {
        self.read(move |sqlite| {
            let mut statement =
                sqlite.prepare_cached("SELECT state, count(*) FROM link WHERE connection = ?1 AND entity = ?2 GROUP BY state")?;
            let rows = statement.query_map(params![connection, names::entity(entity)], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    /// The records of a connection that could not be read: entity, id, failure.
    pub async fn refused(&self, connection: ConnectionId) -> Result<Vec<(String, String, Failure)>> {
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

    /// A person deletes a product of this connection's tenant at Nobi. Its pairs stay as tombstones, in every connection: no sync brings it
    /// back. Says whether there was one.
    pub async fn delete_product(&self, connection: ConnectionId, product: i64, at: Instant) -> Result<bool> {
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
