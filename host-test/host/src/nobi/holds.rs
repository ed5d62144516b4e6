//! What the other side said and Nobi does not take in before a person says so: one row a record and cause, told once. A row goes by itself
//! when its cause goes.

use rusqlite::{OptionalExtension, params};

use super::Applier;
use super::gone::of_record;
use crate::contract::types::{Entity, Message};
use crate::names;
use crate::store::Result;
use crate::store::sqlite::{from_json, notify_of, take_back, to_json};

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Take in what the other side says.
    Take,
    /// Keep what Nobi has.
    Keep,
}

/// A record and why it waits.
pub(super) struct Hold<'a> {
    pub(super) entity: Entity,
    pub(super) remote: &'a str,
    pub(super) code: &'a str,
}

impl Applier<'_> {
    /// What a person said of this one.
    pub(super) fn answer(&self, hold: &Hold<'_>) -> Result<Option<Answer>> {
        let answer: Option<Option<String>> = self
            .sqlite
            .prepare_cached("SELECT answer FROM held_record WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND code = ?4")?
            .query_row(params![self.connection.id, names::entity(hold.entity), hold.remote, hold.code], |row| row.get(0))
            .optional()?;
        Ok(answer.flatten().map(|word| if word == "take" { Answer::Take } else { Answer::Keep }))
    }

    /// What people were told of it, where it waits or waited for them.
    pub(super) fn message(&self, hold: &Hold<'_>) -> Result<Option<Message>> {
        let message: Option<String> = self
            .sqlite
            .prepare_cached("SELECT message FROM held_record WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND code = ?4")?
            .query_row(params![self.connection.id, names::entity(hold.entity), hold.remote, hold.code], |row| row.get(0))
            .optional()?;
        message.as_deref().map(from_json).transpose()
    }

    /// Leaves it to a person, who is told once.
    pub(super) fn hold(&mut self, hold: &Hold<'_>, message: &Message) -> Result<()> {
        let new = self
            .sqlite
            .prepare_cached(
                "INSERT INTO held_record (connection, entity, remote, code, message, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![self.connection.id, names::entity(hold.entity), hold.remote, hold.code, to_json(message)?, self.at])?;
        if new == 1 {
            let about = of_record(hold.entity, hold.remote);
            notify_of(self.sqlite, self.connection.id, self.at, &about, hold.code, message)?;
        } else {
            // What happened may be told in other figures by now.
            self.sqlite
                .prepare_cached("UPDATE held_record SET message = ?5 WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND code = ?4")?
                .execute(params![self.connection.id, names::entity(hold.entity), hold.remote, hold.code, to_json(message)?])?;
        }
        self.turned = None;
        Ok(())
    }

    /// Its cause is gone, or what a person said was done.
    pub(super) fn let_go(&mut self, hold: &Hold<'_>) -> Result<()> {
        self.sqlite
            .prepare_cached("DELETE FROM held_record WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND code = ?4")?
            .execute(params![self.connection.id, names::entity(hold.entity), hold.remote, hold.code])?;
        take_back(self.sqlite, self.connection.id, &of_record(hold.entity, hold.remote))?;
        self.turned = None;
        Ok(())
    }

    /// Whether a product's level waits, because it became another kind of thing.
    pub(super) fn is_turned(&mut self, product: &str) -> Result<bool> {
        if self.turned.is_none() {
            let mut statement = self.sqlite.prepare_cached(
                "SELECT remote FROM held_record WHERE connection = ?1 AND entity = 'product' AND code = 'product.kind-turned'",
            )?;
            let rows = statement.query_map([self.connection.id], |row| row.get(0))?;
            self.turned = Some(rows.collect::<std::result::Result<_, _>>()?);
        }
        Ok(self.turned.as_ref().is_some_and(|turned| turned.contains(product)))
    }
}
