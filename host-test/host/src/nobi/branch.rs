//! Branches (chi nhánh). Nobi requires a phone and a representative; where the other side has none, the connection's defaults are used and
//! the record says so.

use rusqlite::params;

use super::links::{link, wait};
use super::matching::Match;
use super::{Applier, Effect, LinkState};
use crate::contract::catalog::Branch;
use crate::contract::types::Entity;
use crate::store::Result;
use crate::store::sqlite::{from_json, to_json};

/// What stands in a required field where neither the other side nor the merchant gave a value.
const NOT_GIVEN: &str = "Chưa có";

impl Applier<'_> {
    pub(super) fn branch(&mut self, branch: &Branch) -> Result<()> {
        let effect = match self.pair(Entity::Branch, &branch.id)? {
            Some((LinkState::Tombstone, _)) => Effect::Tombstone,
            Some((state, Some(nobi))) => {
                if state == LinkState::Gone {
                    self.woke(nobi)?;
                }
                self.existing_branch(nobi, branch)?
            }
            Some(_) | None if !self.may_create(Entity::Branch) => Effect::Dropped,
            Some(_) | None => self.new_branch(branch)?,
        };
        self.count(Entity::Branch, effect);
        Ok(())
    }

    fn new_branch(&mut self, branch: &Branch) -> Result<Effect> {
        let id = self.connection.id;
        match self.match_branch(branch)? {
            Match::Several(candidates) => {
                wait(self.sqlite, id, Entity::Branch, &branch.id, &candidates, self.at)?;
                Ok(Effect::Waiting)
            }
            Match::PutOff => Ok(Effect::PutOff),
            Match::One(nobi) => {
                link(self.sqlite, id, Entity::Branch, &branch.id, nobi, self.at)?;
                self.unpark(&branch.id)?;
                Ok(Effect::Linked)
            }
            Match::None => {
                let (phone, representative, defaulted) = self.required(branch);
                self.sqlite
                    .prepare_cached(
                        "INSERT INTO nobi_branch (tenant, code, name, phone, representative, defaulted, address)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .execute(params![
                        self.connection.tenant,
                        branch.code,
                        branch.name,
                        phone,
                        representative,
                        to_json(&defaulted)?,
                        branch.address
                    ])?;
                link(self.sqlite, id, Entity::Branch, &branch.id, self.sqlite.last_insert_rowid(), self.at)?;
                self.unpark(&branch.id)?;
                Ok(Effect::Created)
            }
        }
    }

    /// By its code, where it has one. Never by name.
    fn match_branch(&mut self, branch: &Branch) -> Result<Match> {
        if let Some(chosen) = self.match_as_chosen(Entity::Branch, &branch.id)? {
            return Ok(chosen);
        }
        let Some(code) = branch.code.as_deref().filter(|code| !code.is_empty()) else { return Ok(Match::None) };
        let mut statement = self.sqlite.prepare_cached("SELECT id FROM nobi_branch WHERE tenant = ?1 AND code = ?2 LIMIT 20")?;
        let rows = statement.query_map(params![self.connection.tenant, code], |row| row.get(0))?;
        let found = rows.collect::<std::result::Result<_, _>>()?;
        drop(statement);
        self.decide(Entity::Branch, &branch.id, found)
    }

    fn existing_branch(&mut self, nobi: i64, branch: &Branch) -> Result<Effect> {
        let (known, defaulted) = self
            .sqlite
            .prepare_cached("SELECT name, code, phone, representative, address, defaulted FROM nobi_branch WHERE id = ?1")?
            .query_row([nobi], |row| {
                let known: [Option<String>; 5] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                Ok((known, row.get::<_, String>(5)?))
            })?;
        // Nobi requires phone and representative: there, "told to be empty" is as good as not told.
        let required = |told: &Option<String>| told.clone().filter(|text| !text.is_empty());
        let (phone, representative) = (required(&branch.phone), required(&branch.representative));
        let mut still_defaulted: Vec<String> = from_json(&defaulted)?;
        still_defaulted.retain(|field| match field.as_str() {
            "phone" => phone.is_none(),
            _ => representative.is_none(),
        });
        let told = [Some(branch.name.clone()), branch.code.clone(), phone, representative, branch.address.clone()];
        if told.iter().zip(&known).all(|(told, known)| told.is_none() || told == known) {
            return Ok(Effect::Unchanged);
        }
        if !self.may_update(Entity::Branch) {
            return Ok(Effect::Kept);
        }
        let [name, code, phone, representative, address] = told;
        self.sqlite
            .prepare_cached(
                "UPDATE nobi_branch SET name = ?2, code = coalesce(?3, code), phone = coalesce(?4, phone),
                   representative = coalesce(?5, representative), address = coalesce(?6, address), defaulted = ?7
                 WHERE id = ?1",
            )?
            .execute(params![nobi, name, code, phone, representative, address, to_json(&still_defaulted)?])?;
        Ok(Effect::Updated)
    }

    fn required(&self, branch: &Branch) -> (String, String, Vec<&'static str>) {
        let mut defaulted = Vec::new();
        let mut fill = |told: &Option<String>, field: &'static str, setting: Option<&str>| match told {
            Some(text) if !text.is_empty() => text.clone(),
            _ => {
                defaulted.push(field);
                setting.unwrap_or(NOT_GIVEN).to_owned()
            }
        };
        let phone = fill(&branch.phone, "phone", self.setting("default-branch-phone"));
        let representative = fill(&branch.representative, "representative", self.setting("default-branch-representative"));
        (phone, representative, defaulted)
    }
}
