//! Branches (chi nhánh). Nobi requires a phone and a representative; where the other side has none, the connection's defaults are used and
//! the record says so.

use rusqlite::params;

use super::links::{link, link_of, wait};
use super::matching::Match;
use super::{Applier, Effect, LinkState};
use crate::contract::catalog::Branch;
use crate::contract::types::Entity;
use crate::store::{Result, to_json};

/// What stands in a required field where neither the other side nor the merchant gave a value.
const NOT_GIVEN: &str = "Chưa có";

impl Applier<'_> {
    pub(super) fn branch(&mut self, branch: &Branch) -> Result<()> {
        let effect = match link_of(self.sqlite, self.connection.id, Entity::Branch, &branch.id)? {
            Some((LinkState::Tombstone, _)) => Effect::Tombstone,
            Some((_, Some(nobi))) => self.existing_branch(nobi, branch)?,
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
        let Some(code) = branch.code.as_deref().filter(|code| !code.is_empty()) else { return Ok(Match::None) };
        let mut statement = self.sqlite.prepare_cached("SELECT id FROM nobi_branch WHERE tenant = ?1 AND code = ?2 LIMIT 20")?;
        let rows = statement.query_map(params![self.connection.tenant, code], |row| row.get(0))?;
        let found = rows.collect::<std::result::Result<_, _>>()?;
        drop(statement);
        self.decide(Entity::Branch, found)
    }

    fn existing_branch(&mut self, nobi: i64, branch: &Branch) -> Result<Effect> {
        let same: bool = self
            .sqlite
            .prepare_cached(
                "SELECT name = ?2 AND (?3 IS NULL OR address IS ?3) AND (?4 IS NULL OR phone = ?4) FROM nobi_branch WHERE id = ?1",
            )?
            .query_row(params![nobi, branch.name, branch.address, branch.phone], |row| row.get(0))?;
        if same {
            return Ok(Effect::Unchanged);
        }
        if !self.may_update(Entity::Branch) {
            return Ok(Effect::Kept);
        }
        self.sqlite
            .prepare_cached("UPDATE nobi_branch SET name = ?2, address = coalesce(?3, address), phone = coalesce(?4, phone) WHERE id = ?1")?
            .execute(params![nobi, branch.name, branch.address, branch.phone])?;
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
