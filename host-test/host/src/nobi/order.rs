//! Nobi's orders: kept as they are, handed out with their links resolved at the time of sending, with the other side's status beside them.
//! Moves Nobi's own stage where the merchant asked for it, forward only, and tells nobody of it: a move that came from there is never sent back.

use rusqlite::{Connection as Sqlite, OptionalExtension, params};

use super::links::{link_of, remote_of};
use super::product::is_head;
use super::{Applier, Effect, LinkState, stage};
use crate::contract::catalog::{OrderStage, OrderStatus};
use crate::contract::orders::{Order, OrderEventKind};
use crate::contract::types::Entity;
use crate::names;
use crate::store::sqlite::{appeared, found, from_json, to_json};
use crate::store::{Connection, Result};

/// Keeps an order as Nobi has it now. Links in it are ignored: they are resolved when it is handed out.
pub(crate) fn keep_order(sqlite: &Sqlite, tenant: &str, order: &Order) -> Result<()> {
    let mut bare = order.clone();
    bare.remote = None;
    bare.remote_branch = None;
    for line in &mut bare.lines {
        line.remote_product = None;
        line.remote_is_parent = false;
    }
    sqlite
        .prepare_cached(
            "INSERT INTO nobi_order (id, tenant, code, record) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET code = excluded.code, record = excluded.record",
        )?
        .execute(params![order.id, tenant, order.code, to_json(&bare)?])?;
    Ok(())
}

/// Puts an order where an event at Nobi itself puts it.
pub(crate) fn keep_stage(sqlite: &Sqlite, tenant: &str, order: &str, kind: &OrderEventKind) -> Result<()> {
    if let Some(stage) = stage::of_event(kind) {
        put_stage(sqlite, tenant, order, stage)?;
    }
    Ok(())
}

fn put_stage(sqlite: &Sqlite, tenant: &str, order: &str, stage: OrderStage) -> Result<()> {
    sqlite.prepare_cached("UPDATE nobi_order SET stage = ?3 WHERE tenant = ?1 AND id = ?2")?.execute(params![
        tenant,
        order,
        names::order_stage(stage)
    ])?;
    Ok(())
}

/// An order as it is now, with this connection's links.
pub(crate) fn load_order(sqlite: &Sqlite, connection: &Connection, order: &str, remote: Option<String>) -> Result<Order> {
    let record: String = found(
        sqlite
            .prepare_cached("SELECT record FROM nobi_order WHERE tenant = ?1 AND id = ?2")?
            .query_row(params![connection.tenant, order], |row| row.get(0)),
        || format!("order {order}"),
    )?;
    let mut order: Order = from_json(&record)?;
    order.remote = remote;
    order.remote_branch = linked(sqlite, connection, Entity::Branch, &order.branch)?;
    for line in &mut order.lines {
        line.remote_product = linked(sqlite, connection, Entity::Product, &line.product)?;
        line.remote_is_parent = match line.product.parse() {
            Ok(product) if line.remote_product.is_some() => is_head(sqlite, product)?,
            _ => false,
        };
    }
    Ok(order)
}

fn linked(sqlite: &Sqlite, connection: &Connection, entity: Entity, nobi: &str) -> Result<Option<String>> {
    match nobi.parse() {
        Ok(nobi) => remote_of(sqlite, connection.id, entity, nobi),
        Err(_) => Ok(None),
    }
}

/// Writes the other side's status beside the order. Says whether it was another than before. One without a code tells that something happened to
/// the order: where it stands stays as it is known. That a part came back is not told a second time, so it stays beside "delivered".
fn record_status(sqlite: &Sqlite, tenant: &str, order: &str, status: &OrderStatus) -> Result<bool> {
    let known: Option<String> = sqlite
        .prepare_cached("SELECT remote_status FROM nobi_order WHERE tenant = ?1 AND id = ?2")?
        .query_row(params![tenant, order], |row| row.get(0))
        .optional()?
        .flatten();
    let known: Option<OrderStatus> = known.as_deref().map(from_json).transpose()?;
    let told = status.clone();
    let text = match known {
        Some(known) if told.code.is_empty() => {
            to_json(&OrderStatus { stage: told.stage, reason: told.reason, changed: told.changed.or(known.changed), ..known })?
        }
        Some(known) if known.stage == Some(OrderStage::PartlyReturned) && told.stage == Some(OrderStage::Delivered) => {
            to_json(&OrderStatus { stage: known.stage, reason: told.reason.clone().or(known.reason), ..told })?
        }
        _ => to_json(status)?,
    };
    let changed = sqlite
        .prepare_cached("UPDATE nobi_order SET remote_status = ?3 WHERE tenant = ?1 AND id = ?2 AND remote_status IS NOT ?3")?
        .execute(params![tenant, order, text])?;
    Ok(changed == 1)
}

impl Applier<'_> {
    /// Only orders of this connection are known here; an unlinked one that carries our own id is noted, so that its push can adopt it.
    pub(super) fn order_status(&mut self, status: &OrderStatus) -> Result<()> {
        let id = self.connection.id;
        let by_remote: Option<String> = self
            .sqlite
            .prepare_cached("SELECT order_id FROM order_push WHERE connection = ?1 AND remote = ?2")?
            .query_row(params![id, status.order], |row| row.get(0))
            .optional()?;
        let effect = match by_remote {
            Some(order) => {
                if let Some(began) = self.began {
                    self.read_at(&order, began, status)?;
                }
                let gone = matches!(link_of(self.sqlite, id, Entity::Order, &status.order)?, Some((LinkState::Gone, _)));
                let changed = !gone && record_status(self.sqlite, &self.connection.tenant, &order, status)?;
                let moved = !gone && self.moves(&order, status)?;
                self.ends(&status.order, gone || status.stage.is_some_and(stage::is_end))?;
                if moved {
                    self.done.tally.count(names::entity(Entity::OrderStatus), "moved");
                }
                if changed || moved {
                    self.wrote(&status.order);
                }
                if changed { Effect::Updated } else { Effect::Unchanged }
            }
            None => {
                let known: Option<(String, Option<String>)> = self
                    .sqlite
                    .prepare_cached("SELECT order_id, seen_as FROM order_push WHERE connection = ?1 AND own_id = ?2 AND remote IS NULL")?
                    .query_row(params![id, status.own_id], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                match known {
                    Some((order, before)) => {
                        let news = before.as_deref() != Some(status.order.as_str());
                        self.sqlite
                            .prepare_cached("UPDATE order_push SET seen_as = ?3, told_at = ?4 WHERE connection = ?1 AND order_id = ?2")?
                            .execute(params![id, order, status.order, self.at])?;
                        // Its push need not wait any longer: it will read this one order and adopt it.
                        appeared(self.sqlite, id, &order, news, self.at)?;
                        Effect::Linked
                    }
                    None => Effect::Dropped,
                }
            }
        };
        self.count(Entity::OrderStatus, effect);
        Ok(())
    }

    /// Moves Nobi's own stage, where the stream is kept updated and the step is one forward. No event is made of it. What we sent ourselves
    /// comes back as the stage that Nobi's own event has put the order at already, which is no step.
    fn moves(&self, order: &str, status: &OrderStatus) -> Result<bool> {
        let Some(to) = status.stage.filter(|_| self.may_update(Entity::OrderStatus)) else { return Ok(false) };
        let from: Option<String> = self
            .sqlite
            .prepare_cached("SELECT stage FROM nobi_order WHERE tenant = ?1 AND id = ?2")?
            .query_row(params![self.connection.tenant, order], |row| row.get(0))
            .optional()?;
        let forward = from.as_deref().and_then(names::order_stage_from).is_some_and(|from| stage::is_forward(from, to));
        if forward {
            put_stage(self.sqlite, &self.connection.tenant, order, to)?;
        }
        Ok(forward)
    }

    /// Whether the order's end at the other side is known: only the others are asked for by themselves.
    pub(super) fn ends(&self, remote: &str, ended: bool) -> Result<()> {
        self.sqlite
            .prepare_cached("UPDATE order_push SET open = ?3 WHERE connection = ?1 AND remote = ?2 AND open <> ?3")?
            .execute(params![self.connection.id, remote, !ended])?;
        Ok(())
    }
}
