//! Product groups. Applied in any order: a group whose parent is not there yet stands as a root until it comes.

use rusqlite::params;

use super::links::link;
use super::{Applier, Effect, LinkState};
use crate::contract::catalog::Category;
use crate::contract::types::Entity;
use crate::store::Result;

impl Applier<'_> {
    pub(super) fn category(&mut self, category: &Category) -> Result<()> {
        let effect = match self.pair(Entity::Category, &category.id)? {
            Some((LinkState::Tombstone, _)) => Effect::Tombstone,
            Some((_, Some(nobi))) => self.existing_category(nobi, category)?,
            Some(_) | None if !self.may_create(Entity::Category) => Effect::Dropped,
            Some(_) | None => self.new_category(category)?,
        };
        self.count(Entity::Category, effect);
        Ok(())
    }

    fn new_category(&mut self, category: &Category) -> Result<Effect> {
        let (parent, remote_parent) = self.resolve(Entity::Category, category.parent.as_deref())?;
        self.sqlite
            .prepare_cached(
                "INSERT INTO nobi_category (tenant, parent, remote_parent, code, name, position, hidden) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                self.connection.tenant,
                parent,
                remote_parent,
                category.code,
                category.name,
                category.position,
                category.hidden
            ])?;
        let nobi = self.sqlite.last_insert_rowid();
        link(self.sqlite, self.connection.id, Entity::Category, &category.id, nobi, self.at)?;
        // Groups and products of this connection that came before it find it now.
        self.sqlite
            .prepare_cached(
                "UPDATE nobi_category SET parent = ?3, remote_parent = NULL WHERE tenant = ?1 AND remote_parent = ?2
                 AND EXISTS (SELECT 1 FROM link WHERE connection = ?4 AND entity = 'category' AND nobi = nobi_category.id)",
            )?
            .execute(params![self.connection.tenant, category.id, nobi, self.connection.id])?;
        self.sqlite
            .prepare_cached(
                "UPDATE nobi_product SET category = ?3, remote_category = NULL WHERE tenant = ?1 AND remote_category = ?2
                 AND EXISTS (SELECT 1 FROM link WHERE connection = ?4 AND entity = 'product' AND nobi = nobi_product.id)",
            )?
            .execute(params![self.connection.tenant, category.id, nobi, self.connection.id])?;
        Ok(Effect::Created)
    }

    fn existing_category(&mut self, nobi: i64, category: &Category) -> Result<Effect> {
        let (parent, remote_parent) = self.resolve(Entity::Category, category.parent.as_deref())?;
        let same: bool = self
            .sqlite
            .prepare_cached(
                "SELECT name = ?2 AND position = ?3 AND hidden = ?4 AND parent IS ?5 AND remote_parent IS ?6 AND (?7 IS NULL OR code IS ?7)
                 FROM nobi_category WHERE id = ?1",
            )?
            .query_row(params![nobi, category.name, category.position, category.hidden, parent, remote_parent, category.code], |row| {
                row.get(0)
            })?;
        if same {
            return Ok(Effect::Unchanged);
        }
        if !self.may_update(Entity::Category) {
            return Ok(Effect::Kept);
        }
        self.sqlite
            .prepare_cached(
                "UPDATE nobi_category SET name = ?2, position = ?3, hidden = ?4, parent = ?5, remote_parent = ?6, code = coalesce(?7, code)
                 WHERE id = ?1",
            )?
            .execute(params![nobi, category.name, category.position, category.hidden, parent, remote_parent, category.code])?;
        Ok(Effect::Updated)
    }
}
