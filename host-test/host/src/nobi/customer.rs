//! Customers. Matched by their canonical phone, if only one has it; never by name, and never by a masked or missing phone.

use rusqlite::{OptionalExtension, params};

use super::links::{link, link_of, wait};
use super::matching::Match;
use super::{Applier, Effect, LinkState};
use crate::contract::catalog::Customer;
use crate::contract::types::Entity;
use crate::store::{Result, to_json};

impl Applier<'_> {
    pub(super) fn customer(&mut self, customer: &Customer) -> Result<()> {
        let effect = match link_of(self.sqlite, self.connection.id, Entity::Customer, &customer.id)? {
            Some((LinkState::Tombstone, _)) => Effect::Tombstone,
            Some((_, Some(nobi))) => self.existing_customer(nobi, customer)?,
            Some(_) | None if !self.may_create(Entity::Customer) => Effect::Dropped,
            Some(_) | None => self.new_customer(customer)?,
        };
        self.count(Entity::Customer, effect);
        Ok(())
    }

    fn new_customer(&mut self, customer: &Customer) -> Result<Effect> {
        let id = self.connection.id;
        match self.match_customer(customer)? {
            Match::Several(candidates) => {
                wait(self.sqlite, id, Entity::Customer, &customer.id, &candidates, self.at)?;
                Ok(Effect::Waiting)
            }
            Match::One(nobi) => {
                link(self.sqlite, id, Entity::Customer, &customer.id, nobi, self.at)?;
                Ok(Effect::Linked)
            }
            Match::None => {
                self.sqlite
                    .prepare_cached("INSERT INTO nobi_customer (tenant, name, phone, detail) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![self.connection.tenant, customer.name, customer.phone, to_json(customer)?])?;
                link(self.sqlite, id, Entity::Customer, &customer.id, self.sqlite.last_insert_rowid(), self.at)?;
                Ok(Effect::Created)
            }
        }
    }

    fn match_customer(&mut self, customer: &Customer) -> Result<Match> {
        let Some(phone) = &customer.phone else { return Ok(Match::None) };
        let mut statement = self.sqlite.prepare_cached("SELECT id FROM nobi_customer WHERE tenant = ?1 AND phone = ?2 LIMIT 20")?;
        let rows = statement.query_map(params![self.connection.tenant, phone], |row| row.get(0))?;
        let found = rows.collect::<std::result::Result<_, _>>()?;
        drop(statement);
        self.decide(Entity::Customer, found)
    }

    fn existing_customer(&mut self, nobi: i64, customer: &Customer) -> Result<Effect> {
        let detail = to_json(customer)?;
        let kept: Option<String> =
            self.sqlite.prepare_cached("SELECT detail FROM nobi_customer WHERE id = ?1")?.query_row([nobi], |row| row.get(0)).optional()?;
        if kept.as_deref() == Some(detail.as_str()) {
            return Ok(Effect::Unchanged);
        }
        if !self.may_update(Entity::Customer) {
            return Ok(Effect::Kept);
        }
        self.sqlite
            .prepare_cached("UPDATE nobi_customer SET name = ?2, phone = coalesce(?3, phone), detail = ?4 WHERE id = ?1")?
            .execute(params![nobi, customer.name, customer.phone, detail])?;
        Ok(Effect::Updated)
    }
}
