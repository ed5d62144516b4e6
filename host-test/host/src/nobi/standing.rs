//! What reads of an order at the other side add up to: that it is gone, that it is back, that staff revived what Nobi called off. Nothing is sent
//! for any of it: an order that was called off and lives again is a person's to decide.

use rusqlite::{Connection as Sqlite, OptionalExtension as _, params};
use serde_json::{Value, json};

use super::gone::of_record;
use super::links::{LinkState, mark};
use super::{Applier, stage};
use crate::clock::Instant;
use crate::contract::catalog::{OrderStage, OrderStatus};
use crate::contract::types::{Argument, Entity, Failure, FailureClass, Message};
use crate::names;
use crate::store::events::code;
use crate::store::sqlite::{append, reopened, take_back};
use crate::store::{ConnectionId, LetterId, Result};

/// Two reads so far apart that show nothing say that an order is there no longer.
const APART: i64 = 60 * 60 * 1_000;
/// What was changed may be read as it was for so long: a read that began sooner after a cancel says nothing against it.
pub(crate) const SHOWS_AFTER: i64 = 2 * 60 * 1_000;
/// Nobi called it off, and it lives.
const REVIVED: &str = "order.revived";

/// Of an order that is called off at Nobi and alive again at the other side.
pub(crate) fn revived(remote: &str) -> Failure {
    let message = Message {
        vi: "Đơn {order} đã hủy nhưng Nhanh.vn đã mở lại; hệ thống không tự hủy lần nữa. Hãy hỏi người xử lý đơn, rồi hủy ở bên đó hoặc gửi lại."
            .to_owned(),
        en: "Order {order} was called off and is open again at Nhanh.vn; it is not called off again by itself. Ask whoever handles it, then \
             cancel it there or send it again."
            .to_owned(),
        arguments: vec![Argument { name: "order".to_owned(), value: remote.to_owned() }],
    };
    Failure { class: FailureClass::Conflict, code: REVIVED.to_owned(), message, subject: Some(remote.to_owned()), field: None }
}

/// An event of the order is the task that it lives again: what was one until now is as it had ended.
pub(crate) fn revived_anew(sqlite: &Sqlite, connection: ConnectionId, order: &str, row: i64, outcome: &Value) -> Result<()> {
    if outcome.pointer("/failure/code").is_none_or(|code| code != REVIVED) {
        return Ok(());
    }
    sqlite
        .prepare_cached(
            "UPDATE outbox SET state = 'done', outcome = json_object('how', 'already', 'remote', json_extract(outcome, '$.failure.subject'))
             WHERE connection = ?1 AND order_id = ?2 AND id <> ?3 AND state = 'failed' AND json_extract(outcome, '$.failure.code') = ?4",
        )?
        .execute(params![connection, order, row, REVIVED])?;
    Ok(())
}

impl Applier<'_> {
    /// A read that began then showed a linked order.
    pub(super) fn read_at(&self, order: &str, began: Instant, status: &OrderStatus) -> Result<()> {
        let id = self.connection.id;
        let off = status.stage == Some(OrderStage::Cancelled);
        let (was_gone, called_off_at): (bool, Option<Instant>) = self
            .sqlite
            .prepare_cached(
                "UPDATE order_push SET read_at = max(coalesce(read_at, ?3), ?3), absent_since = NULL,
                   called_off_at = CASE WHEN ?4 THEN coalesce(called_off_at, ?3) ELSE called_off_at END
                 WHERE connection = ?1 AND order_id = ?2 RETURNING gone, called_off_at",
            )?
            .query_row(params![id, order, began, off], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if was_gone {
            self.sqlite
                .prepare_cached("UPDATE order_push SET gone = 0 WHERE connection = ?1 AND order_id = ?2")?
                .execute(params![id, order])?;
            mark(self.sqlite, id, Entity::Order, &status.order, LinkState::Linked, self.at)?;
            take_back(self.sqlite, id, &of_record(Entity::Order, &status.order))?;
        }
        let lives = status.stage.is_some_and(|stage| !stage::is_end(stage));
        if lives && called_off_at.is_some_and(|at| began > at.saturating_add(SHOWS_AFTER)) {
            return self.lives_again(order, &status.order);
        }
        if off { self.rests_again(order, &status.order) } else { Ok(()) }
    }

    /// One task an order, of the last cancel that had ended well. One that a person has set aside was that task.
    fn lives_again(&self, order: &str, remote: &str) -> Result<()> {
        let id = self.connection.id;
        let failure = revived(remote);
        let row: Option<i64> = self
            .sqlite
            .prepare_cached(
                "UPDATE outbox SET state = 'failed', outcome = ?3 WHERE id = (SELECT id FROM outbox WHERE connection = ?1 AND order_id = ?2
                   AND state = 'done' AND (kind LIKE '{\"Cancelled\"%' OR kind = '\"Deleted\"') ORDER BY sequence DESC LIMIT 1)
                 AND NOT EXISTS (SELECT 1 FROM outbox WHERE connection = ?1 AND order_id = ?2 AND state IN ('failed', 'skipped')
                   AND ?4 IN (json_extract(outcome, '$.failure.code'), json_extract(outcome, '$.of'))) RETURNING id",
            )?
            .query_row(params![id, order, json!({ "failure": failure }).to_string(), REVIVED], |row| row.get(0))
            .optional()?;
        if let Some(row) = row {
            let subject = LetterId::Order(row).to_string();
            append(self.sqlite, id, self.at, code::DEAD_LETTER, Some(&subject), &json!({ "failure": REVIVED }))?;
        }
        Ok(())
    }

    /// Called off again: the task closes itself.
    fn rests_again(&self, order: &str, remote: &str) -> Result<()> {
        self.sqlite
            .prepare_cached(
                "UPDATE outbox SET state = 'done', outcome = ?3 WHERE connection = ?1 AND order_id = ?2 AND state = 'failed'
                   AND json_extract(outcome, '$.failure.code') = ?4",
            )?
            .execute(params![self.connection.id, order, json!({ "how": "already", "remote": remote }).to_string(), REVIVED])?;
        Ok(())
    }

    /// A read that began then had a row for this order, which could not be read: it is there.
    pub(crate) fn is_there(&self, remote: &str, began: Instant) -> Result<()> {
        self.sqlite
            .prepare_cached("UPDATE order_push SET read_at = ?3, absent_since = NULL WHERE connection = ?1 AND remote = ?2 AND coalesce(read_at, ?3) <= ?3")?
            .execute(params![self.connection.id, remote, began])?;
        Ok(())
    }

    /// A whole read of these orders, which began then, has come to its end: those that it did not show are absent. After two such reads an hour
    /// apart, under a grant of every branch, an order that was seen once is gone.
    pub(crate) fn absent(&self, remotes: &[String], began: Instant) -> Result<()> {
        let id = self.connection.id;
        for remote in remotes {
            let absent: Option<Option<Instant>> = self
                .sqlite
                .prepare_cached(
                    "SELECT absent_since FROM order_push WHERE connection = ?1 AND remote = ?2 AND read_at < ?3 AND gone = 0
                       AND (last_sent IS NULL OR last_sent < ?3 - ?4)",
                )?
                .query_row(params![id, remote, began, SHOWS_AFTER], |row| row.get(0))
                .optional()?;
            match absent {
                None => {}
                Some(None) => {
                    self.sqlite
                        .prepare_cached("UPDATE order_push SET absent_since = ?3 WHERE connection = ?1 AND remote = ?2")?
                        .execute(params![id, remote, began])?;
                    self.look_again(remote, began.saturating_add(APART).saturating_add(1_000))?;
                }
                // Whoever looked in between took the second look along: it is asked for anew.
                Some(Some(since)) if began.saturating_sub(since) < APART => {
                    self.look_again(remote, since.saturating_add(APART).saturating_add(1_000))?;
                }
                Some(Some(_)) if self.covers_every_branch() => self.vanished(remote, true)?,
                Some(Some(_)) => {}
            }
        }
        Ok(())
    }

    fn covers_every_branch(&self) -> bool {
        self.connection.account.as_ref().is_some_and(|account| account.branches.is_empty())
    }

    fn look_again(&self, remote: &str, due: Instant) -> Result<()> {
        self.sqlite
            .prepare_cached(
                "INSERT INTO refresh (connection, entity, remote, due) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET due = min(due, excluded.due)",
            )?
            .execute(params![self.connection.id, names::entity(Entity::OrderStatus), remote, due])?;
        Ok(())
    }

    /// An order is at the other side no longer. `told`: people are told of it here. What waited for that is tried again.
    pub(super) fn vanished(&self, remote: &str, told: bool) -> Result<()> {
        let id = self.connection.id;
        self.ends(remote, true)?;
        let order: Option<String> = self
            .sqlite
            .prepare_cached(
                "UPDATE order_push SET gone = 1, called_off_at = coalesce(called_off_at, ?3)
                 WHERE connection = ?1 AND (remote = ?2 OR remote IS NULL AND seen_as = ?2) RETURNING order_id",
            )?
            .query_row(params![id, remote, self.began], |row| row.get(0))
            .optional()?;
        if told && mark(self.sqlite, id, Entity::Order, remote, LinkState::Gone, self.at)? {
            self.tell_gone(Entity::Order, remote)?;
        }
        order.map_or(Ok(()), |order| reopened(self.sqlite, id, &order, self.at))
    }
}
