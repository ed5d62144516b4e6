//! The SQL of deliveries: the duplicate rule, their changes and their refreshes, in one transaction.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde_json::json;

use super::connections::load;
use super::events::append;
use super::queue::enqueue;
use super::remarks::{forget_remarks, keep_refused, keep_warned};
use super::runs::chosen;
use super::{SqliteStore, to_json, webhooks};
use crate::clock::Instant;
use crate::contract::Policy;
use crate::contract::types::{Entity, Failure};
use crate::names;
use crate::nobi::{Applied, Applier, Policies};
use crate::store::events::code;
use crate::store::{ConnectionId, Inbox, Ingest, Ingested, Lane, Result, Task, Trigger};

/// How long the other side sends a delivery again, in milliseconds, with a margin.
const RETRIED_FOR: i64 = 60 * 60 * 1_000;
/// How long a delivery that was taken in stays to be looked at, in milliseconds: longer than anybody sends one again.
const KEPT_FOR: i64 = 24 * 60 * 60 * 1_000;
/// Old ones that go with each that comes: more than one, so that a long list grows short, and few, so that nobody waits for it.
const GO_WITH_ONE: u32 = 50;

/// Lets go of deliveries that were taken in long ago. What is a repeat is known without them.
fn let_go(sqlite: &Sqlite, connection: ConnectionId, now: Instant) -> Result<()> {
    sqlite
        .prepare_cached(
            "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE connection = ?1 AND received < ?2 AND outcome = 'applied' LIMIT ?3)",
        )?
        .execute(params![connection, now.saturating_sub(KEPT_FOR), GO_WITH_ONE])?;
    Ok(())
}

/// Whether an order of the other side is one that this connection made.
fn is_ours(sqlite: &Sqlite, connection: ConnectionId, remote: &str) -> Result<bool> {
    Ok(sqlite
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM order_push WHERE connection = ?1 AND remote = ?2)
                 OR EXISTS (SELECT 1 FROM order_push WHERE connection = ?1 AND seen_as = ?2)",
        )?
        .query_row(params![connection, remote], |row| row.get(0))?)
}

/// Whether the same words came within the last hour: these are a retry, or a record that is back where it was.
fn came_lately(sqlite: &Sqlite, connection: ConnectionId, hash: &[u8; 32], now: Instant) -> Result<bool> {
    Ok(sqlite
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM delivery WHERE connection = ?1 AND hash = ?2 AND received > ?3)")?
        .query_row(params![connection, hash, now.saturating_sub(RETRIED_FOR)], |row| row.get(0))?)
}

/// Asks for one record, by this time at the latest.
fn ask(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remote: &str, due: Instant) -> Result<()> {
    sqlite
        .prepare_cached(
            "INSERT INTO refresh (connection, entity, remote, due) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET due = min(due, excluded.due)",
        )?
        .execute(params![connection, names::entity(entity), remote, due])?;
    Ok(())
}

/// These records were written otherwise: what a delivery said of them last is news again when it comes again.
pub(super) fn forget_deliveries(sqlite: &Sqlite, connection: ConnectionId, records: &BTreeSet<String>) -> Result<()> {
    let any = "SELECT EXISTS (SELECT 1 FROM delivery_subject WHERE connection = ?1)";
    if records.is_empty() || !sqlite.prepare_cached(any)?.query_row([connection], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    // Left to itself it would look at all of the connection's.
    let mut forget = sqlite
        .prepare_cached("DELETE FROM delivery_subject INDEXED BY delivery_subject_by_subject WHERE connection = ?1 AND subject = ?2")?;
    for record in records {
        forget.execute(params![connection, record])?;
    }
    Ok(())
}

/// Flows act on hints only where they are kept updated. Stock that is not still takes in first levels, and those have to be confirmed.
fn wants_refresh(policies: &Policies, entity: Entity, first_levels: bool) -> bool {
    match entity {
        Entity::Stock if first_levels => true,
        // An order's status is shown beside the order, whatever the policy of moving Nobi's own says.
        Entity::OrderStatus => policies.of(entity) != Policy::Off,
        _ => policies.of(entity) == Policy::KeepUpdated,
    }
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn ingest(&self, delivery: Ingest) -> Result<Ingested> {
        self.admit(move |sqlite| {
            let Ingest { connection, received, hash, accepted, flows, kept, refresh_most } = delivery;
            let most = i64::try_from(refresh_most.as_millis()).unwrap_or(i64::MAX);
            webhooks::arrived(sqlite, connection, received, Some(&accepted.event))?;
            // One that was kept has waited, whatever its words.
            let late = kept.is_some() || came_lately(sqlite, connection, &hash, received)?;
            if let Some(kept) = kept {
                let gone = sqlite.prepare_cached("DELETE FROM delivery WHERE id = ?1 AND body IS NOT NULL")?.execute([kept])? == 0;
                if gone {
                    // Another worker took it in.
                    return Ok(Ingested::Duplicate);
                }
            }
            let mut fresh = accepted.subjects.is_empty();
            for subject in &accepted.subjects {
                let last: Option<Vec<u8>> = sqlite
                    .prepare_cached("SELECT hash FROM delivery_subject WHERE connection = ?1 AND event = ?2 AND subject = ?3")?
                    .query_row(params![connection, accepted.event, subject], |row| row.get(0))
                    .optional()?;
                fresh |= last.as_deref() != Some(hash.as_slice());
            }
            if !fresh {
                sqlite
                    .prepare_cached(
                        "UPDATE delivery SET received = max(received, ?3) WHERE connection = ?1 AND hash = ?2 AND outcome = 'applied'",
                    )?
                    .execute(params![connection, hash, received])?;
                return Ok(Ingested::Duplicate);
            }
            sqlite
                .prepare_cached("INSERT INTO delivery (connection, received, hash, event, outcome) VALUES (?1, ?2, ?3, ?4, 'applied')")?
                .execute(params![connection, received, hash, accepted.event])?;
            let subject = format!("delivery-{}", sqlite.last_insert_rowid());
            let_go(sqlite, connection, received)?;

            let owner = load(sqlite, connection)?;
            let policies = chosen(sqlite, connection, flows)?;
            let applier = Applier::new(sqlite, &owner, policies.clone(), Trigger::Live, received);
            let mut applier = if late { applier.late() } else { applier };
            applier.apply(&accepted.changes)?;
            let Applied { mut tally, written, to_read, warnings } = applier.finish();
            // What other events said of these records is not the last word any more.
            forget_deliveries(sqlite, connection, &written)?;
            for subject in &accepted.subjects {
                sqlite
                    .prepare_cached("INSERT OR REPLACE INTO delivery_subject (connection, event, subject, hash) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![connection, accepted.event, subject, hash])?;
            }
            let first_levels = tally.get("stock.created") > 0;
            forget_remarks(sqlite, connection, &accepted.changes)?;
            // What a delivery asks for is what it is about; one that asks for nothing carries levels.
            let about = accepted.refresh.first().map_or(Entity::Stock, |refresh| refresh.entity);
            keep_refused(sqlite, connection, about, &accepted.refused, received)?;
            keep_warned(sqlite, connection, about, &accepted.warnings, received)?;
            for (entity, warning) in warnings {
                keep_warned(sqlite, connection, entity, std::slice::from_ref(&warning), received)?;
            }
            for refresh in &accepted.refresh {
                let entity = names::entity(refresh.entity);
                // A create-only flow acts on a click: a hint is dropped before a request is spent on it.
                if !wants_refresh(&policies, refresh.entity, first_levels) {
                    tally.count(entity, "hint-dropped");
                    continue;
                }
                for id in &refresh.ids {
                    if refresh.entity == Entity::OrderStatus && !is_ours(sqlite, connection, id)? {
                        tally.count(entity, "hint-dropped");
                        continue;
                    }
                    ask(sqlite, connection, refresh.entity, id, received.saturating_add(i64::from(refresh.within_ms).min(most)))?;
                    tally.count(entity, "refresh-asked");
                }
            }
            for product in &to_read {
                ask(sqlite, connection, Entity::Stock, product, received)?;
            }
            let detail = json!({ "event": accepted.event, "tally": tally });
            append(sqlite, connection, received, code::DELIVERY_APPLIED, Some(&subject), &detail)?;
            Ok(Ingested::Applied(tally))
        })
        .await
    }

    async fn keep_delivery(
        &self,
        connection: ConnectionId,
        received: Instant,
        hash: [u8; 32],
        body: Vec<u8>,
        failure: Failure,
        again: Instant,
    ) -> Result<i64> {
        self.admit(move |sqlite| {
            sqlite
                .prepare_cached(
                    "INSERT INTO delivery (connection, received, hash, outcome, body, tries, failure) VALUES (?1, ?2, ?3, 'kept', ?4, 1, ?5)",
                )?
                .execute(params![connection, received, hash, body, to_json(&failure)?])?;
            let id = sqlite.last_insert_rowid();
            let subject = format!("delivery-{id}");
            append(sqlite, connection, received, code::DELIVERY_KEPT, Some(&subject), &json!({ "failure": failure.code }))?;
            enqueue(sqlite, connection, Lane::Live, &format!("delivery:{id}"), &Task::Delivery { id }, again)?;
            Ok(id)
        })
        .await
    }

    async fn kept_delivery(&self, id: i64) -> Result<Option<(Instant, [u8; 32], Vec<u8>)>> {
        self.read(move |sqlite| {
            Ok(sqlite
                .prepare_cached("SELECT received, hash, body FROM delivery WHERE id = ?1 AND outcome = 'kept' AND body IS NOT NULL")?
                .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?)
        })
        .await
    }

    async fn last_delivery(&self, connection: ConnectionId) -> Result<Option<Instant>> {
        self.read(move |sqlite| {
            Ok(sqlite
                .prepare_cached("SELECT max(received) FROM delivery WHERE connection = ?1")?
                .query_row([connection], |row| row.get(0))?)
        })
        .await
    }

    async fn drop_delivery(&self, id: i64) -> Result<()> {
        self.write(move |sqlite| {
            sqlite.execute("DELETE FROM delivery WHERE id = ?1 AND body IS NOT NULL", [id])?;
            Ok(())
        })
        .await
    }
}
