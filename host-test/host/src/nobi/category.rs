//! Product groups. Applied in any order: a group whose parent is not there yet stands as a root until it comes.

use rusqlite::{OptionalExtension, params};

use super::links::{link, link_of};
use super::{Applier, Effect, LinkState};
use crate::contract::catalog::Category;
use crate::contract::types::Entity;
use crate::store::Result;

impl Applier<'_> {
    pub(super) fn category(&mut self, category: &Category) -> Result<()> {
        let effect = match link_of(self.sqlite, self.connection.id, Entity::Category, &category.id)? {
            Some((LinkState::Tombstone, _)) => Effect::Tombstone,
            Some((_, Some(nobi))) => self.existing_category(nobi, category)?,
            Some(_) | None if !self.may_create(Entity::Category) => Effect::Dropped,
            Some(_) | None => self.new_category(category)?,
        };
        self.count(Entity::Category, effect);
        Ok(())
    }

    fn parent_category(&self, category: &Category) -> Result<Option<i64>> {
        let Some(parent) = &category.parent else { return Ok(None) };
        Ok(link_of(self.sqlite, self.connection.id, Entity::Category, parent)?.and_then(|(_, nobi)| nobi))
    }

    fn new_category(&mut self, category: &Category) -> Result<Effect> {
        let parent = self.parent_category(category)?;
        self.sqlite
            .prepare_cached("INSERT INTO nobi_category (tenant, parent, code, name, position, hidden) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![self.connection.tenant, parent, category.code, category.name, category.position, category.hidden])?;
        let nobi = self.sqlite.last_insert_rowid();
        link(self.sqlite, self.connection.id, Entity::Category, &category.id, nobi, self.at)?;
        // Products that came before their group find it now.
        self.sqlite
            .prepare_cached("UPDATE nobi_product SET category = ?3, remote_category = NULL WHERE tenant = ?1 AND remote_category = ?2")?
            .execute(params![self.connection.tenant, category.id, nobi])?;
        Ok(Effect::Created)
    }

    fn existing_category(&mut self, nobi: i64, category: &Category) -> Result<Effect> {
        let parent = self.parent_category(category)?;
        let same: Option<bool> = self
            .sqlite
            .prepare_cached("SELECT name = ?2 AND position = ?3 AND hidden = ?4 AND parent IS ?5 FROM nobi_category WHERE id = ?1")?
            .query_row(params![nobi, category.name, category.position, category.hidden, parent], |row| row.get(0))
            .optional()?;
        if same == Some(true) {
            return Ok(Effect::Unchanged);
        }
        if !self.may_update(Entity::Category) {
            return Ok(Effect::Kept);
        }
        self.sqlite
            .prepare_cached("UPDATE nobi_category SET name = ?2, position = ?3, hidden = ?4, parent = ?5 WHERE id = ?1")?
            .execute(params![nobi, category.name, category.position, category.hidden, parent])?;
        Ok(Effect::Updated)
    }
}
