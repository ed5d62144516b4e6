//! Looks into the reference Nobi Pro's own records, for whoever shows or checks them. Reads only, but for a person's delete.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;

use super::{ConnectionId, Result};
use crate::clock::Instant;
use crate::contract::catalog::OrderStatus;
use crate::contract::types::{Entity, Message};
use crate::names;
use crate::nobi::stage;

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

/// How far an order is on its way to the other side, by its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outgoing {
    /// One waits for its turn.
    Waiting,
    /// None waits, and one did not go out: a person has to look.
    Failed,
    /// All came to their end.
    Ended,
}

/// Where an order stands, at Nobi and beside it at the other side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Standing {
    /// Nobi's id of the order.
    pub order: String,
    /// The order's code, as people know it.
    pub code: String,
    /// Its place on the contract's ladder at Nobi, by its name there.
    pub stage: String,
    /// Its id at the other side.
    pub remote: Option<String>,
    /// What it is called at the other side.
    pub own_id: Option<String>,
    /// It was sent, and whether it arrived is not known yet.
    pub may_have_arrived: bool,
    /// How far it is on its way.
    pub outgoing: Outgoing,
    /// What the other side said of it last.
    pub there: Option<OrderStatus>,
    /// Why the last event of it that did not go out did not.
    pub why: Option<Why>,
}

/// Why an order's event did not go out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The failure's code, or the reason's.
    pub code: String,
    /// In words, where they were kept.
    pub message: Option<Message>,
}

/// One line for a person.
impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let label = match names::order_stage_from(&self.stage) {
            Some(known) => stage::label(known),
            None => &self.stage,
        };
        write!(f, "{} ({}): {label}", self.order, self.code)?;
        match &self.remote {
            Some(remote) => write!(f, "; id there {remote}")?,
            None if self.may_have_arrived => return write!(f, "; it may be there, which is being looked up"),
            None => {
                return write!(
                    f,
                    "; {}",
                    match self.outgoing {
                        Outgoing::Waiting => "not there yet",
                        Outgoing::Failed => "failed",
                        Outgoing::Ended => "skipped",
                    }
                );
            }
        }
        let Some(there) = &self.there else { return Ok(()) };
        write!(f, ", {}", there.code)?;
        if let Some(tracking) = &there.tracking {
            write!(f, ", {} {tracking}", there.carrier.as_deref().unwrap_or("parcel"))?;
        }
        if let Some(reason) = &there.reason {
            write!(f, ", {reason}")?;
        }
        Ok(())
    }
}

/// What is asked of the reference Nobi Pro's records.
#[async_trait]
pub trait Records {
    /// How many records a tenant has.
    async fn nobi_counts(&self, tenant: &str) -> Result<NobiCounts>;

    /// A connection's orders as they stand, the newest first: all, or this one.
    async fn standings(&self, connection: ConnectionId, order: Option<&str>, most: u32) -> Result<Vec<Standing>>;

    /// Products that an order can be made of, oldest first.
    async fn sellable(&self, connection: ConnectionId, most: u32) -> Result<Vec<Sellable>>;

    /// Nobi's branches that are linked in this connection: Nobi's id and the other side's.
    async fn linked_branches(&self, connection: ConnectionId) -> Result<Vec<(i64, String)>>;

    /// Every level of a connection's products at its branches.
    async fn levels(&self, connection: ConnectionId) -> Result<Vec<Level>>;

    /// What a new order of this branch with these products has to wait for, by its name: its branch rests, since the other side does not list it any
    /// more; or a product is gone there, and a new pair of it waits for a person. Ids are Nobi's.
    async fn resting(&self, connection: ConnectionId, branch: &str, products: Vec<String>) -> Result<Option<String>>;

    /// The names of the branches that have a pair, by the other side's id.
    async fn branch_names(&self, connection: ConnectionId) -> Result<BTreeMap<String, String>>;

    /// The other side's ids of the products that are linked.
    async fn linked_products(&self, connection: ConnectionId) -> Result<Vec<String>>;

    /// How many of a connection's pairs of one entity stand where: `linked`, `waiting`, `tombstone`, `gone`.
    async fn link_counts(&self, connection: ConnectionId, entity: Entity) -> Result<BTreeMap<String, u32>>;

    /// A person deletes a product of this connection's tenant at Nobi. Its pairs stay as tombstones, in every connection: no sync brings it
    /// back. Says whether there was one.
    async fn delete_product(&self, connection: ConnectionId, product: i64, at: Instant) -> Result<bool>;
}
