//! Customers. Matched by their canonical phone, if only one has it; never by name, and never by a masked or missing phone.

use rusqlite::{OptionalExtension, params};

use super::links::{link, wait};
use super::matching::Match;
use super::{Applier, Effect, LinkState};
use crate::contract::catalog::{Customer, CustomerKind};
use crate::contract::types::Entity;
use crate::store::Result;
use crate::store::sqlite::{from_json, to_json};

impl Applier<'_> {
    pub(super) fn customer(&mut self, customer: &Customer) -> Result<()> {
        let effect = match self.pair(Entity::Customer, &customer.id)? {
            Some((LinkState::Tombstone, _)) => Effect::Tombstone,
            Some((_, Some(nobi))) => self.existing_customer(nobi, customer)?,
            Some(_) | None if !self.may_create(Entity::Customer) => Effect::Dropped,
            Some(_) | None => self.new_customer(customer)?,
        };
        self.wrote_if(&customer.id, effect);
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
            Match::PutOff => Ok(Effect::PutOff),
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
        if let Some(chosen) = self.match_as_chosen(Entity::Customer, &customer.id)? {
            return Ok(chosen);
        }
        if customer.undecided {
            return Ok(Match::Several(Vec::new()));
        }
        let Some(phone) = customer.phone.as_deref().filter(|phone| !phone.trim().is_empty()) else { return Ok(Match::None) };
        let mut statement = self.sqlite.prepare_cached("SELECT id FROM nobi_customer WHERE tenant = ?1 AND phone = ?2 LIMIT 20")?;
        let rows = statement.query_map(params![self.connection.tenant, phone], |row| row.get(0))?;
        let found = rows.collect::<std::result::Result<_, _>>()?;
        drop(statement);
        self.decide(Entity::Customer, &customer.id, found)
    }

    fn existing_customer(&mut self, nobi: i64, customer: &Customer) -> Result<Effect> {
        let kept: Option<String> =
            self.sqlite.prepare_cached("SELECT detail FROM nobi_customer WHERE id = ?1")?.query_row([nobi], |row| row.get(0)).optional()?;
        let known = kept.as_deref().map(from_json::<Customer>).transpose()?;
        let told = known.clone().map_or_else(|| customer.clone(), |known| over(customer.clone(), known));
        if known.as_ref() == Some(&told) {
            return Ok(Effect::Unchanged);
        }
        if !self.may_update(Entity::Customer) {
            return Ok(Effect::Kept);
        }
        self.sqlite
            .prepare_cached("UPDATE nobi_customer SET name = ?2, phone = coalesce(?3, phone), detail = ?4 WHERE id = ?1")?
            .execute(params![nobi, told.name, told.phone, to_json(&told)?])?;
        Ok(Effect::Updated)
    }
}

/// What is told, over what is known: an absent field was not told and changes nothing.
fn over(told: Customer, known: Customer) -> Customer {
    Customer {
        id: told.id,
        undecided: false,
        kind: if told.kind == CustomerKind::Unknown { known.kind } else { told.kind },
        name: told.name,
        phone: told.phone.or(known.phone),
        raw_phone: told.raw_phone.or(known.raw_phone),
        email: told.email.or(known.email),
        gender: told.gender.or(known.gender),
        birthday: told.birthday.or(known.birthday),
        address: told.address.or(known.address),
        province: told.province.or(known.province),
        district: told.district.or(known.district),
        ward: told.ward.or(known.ward),
        group_name: told.group_name.or(known.group_name),
        tax_code: told.tax_code.or(known.tax_code),
        points: told.points.or(known.points),
        note: told.note.or(known.note),
        updated: told.updated.or(known.updated),
    }
}
