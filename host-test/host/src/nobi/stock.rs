//! Stock levels and prices that come by themselves. A level is what the other side sent, to the thousandth; nothing is ever computed from it.

use rusqlite::{OptionalExtension, params};

use super::links::link_of;
use super::product::is_untracked;
use super::{Applier, Effect, LinkState};
use crate::contract::Policy;
use crate::contract::catalog::{BranchStock, PriceChange, StockLevel};
use crate::contract::types::Entity;
use crate::store::Result;
use crate::store::sqlite::{freed, from_json, to_json};

impl Applier<'_> {
    pub(super) fn stock(&mut self, change: &StockLevel) -> Result<()> {
        let Some(nobi) = self.linked_product(&change.product)? else {
            self.count(Entity::Stock, Effect::Dropped);
            return Ok(());
        };
        // Whoever tells it: the figure of a family's head is a sum, and a list of levels alone may not say what is a service.
        if is_untracked(self.sqlite, nobi)? {
            self.count(Entity::Stock, Effect::Dropped);
            return Ok(());
        }
        if self.is_turned(&change.product)? {
            self.count(Entity::Stock, Effect::Held);
            return Ok(());
        }
        for level in &change.levels {
            self.level(&change.product, nobi, level, change.provisional)?;
        }
        Ok(())
    }

    pub(super) fn price(&mut self, change: &PriceChange) -> Result<()> {
        match self.linked_product(&change.product)? {
            Some(nobi) => self.prices(&change.product, nobi, &change.prices),
            None => {
                self.count(Entity::Price, Effect::Dropped);
                Ok(())
            }
        }
    }

    fn linked_product(&self, remote: &str) -> Result<Option<i64>> {
        let link = link_of(self.sqlite, self.connection.id, Entity::Product, remote)?;
        Ok(link.filter(|(state, _)| *state == LinkState::Linked).and_then(|(_, nobi)| nobi))
    }

    /// One level. The first of a product at a branch comes in by itself; a later one only where stock is kept updated.
    pub(super) fn level(&mut self, product: &str, nobi: i64, level: &BranchStock, provisional: bool) -> Result<()> {
        if self.policies.of(Entity::Stock) == Policy::Off {
            return Ok(());
        }
        // Whether it is written or not, it says whether orders that wait for it may go.
        freed(self.sqlite, self.connection.id, product, &level.branch, level.available, self.at)?;
        let branch = link_of(self.sqlite, self.connection.id, Entity::Branch, &level.branch)?;
        let effect = match branch {
            Some((LinkState::Tombstone, _)) => Effect::Dropped,
            // It rests: nobody knows whether what is told of it is all.
            Some((LinkState::Gone, Some(_))) => Effect::Held,
            Some((_, Some(branch))) => self.level_at(product, nobi, branch, level, provisional)?,
            Some(_) | None => {
                self.sqlite
                    .prepare_cached(
                        "INSERT OR REPLACE INTO parked_stock (connection, product, branch, level, provisional) VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![self.connection.id, product, level.branch, to_json(level)?, provisional])?;
                Effect::Parked
            }
        };
        self.count(Entity::Stock, effect);
        Ok(())
    }

    pub(super) fn level_at(&mut self, product: &str, nobi: i64, branch: i64, level: &BranchStock, provisional: bool) -> Result<Effect> {
        let told = [level.on_hand, level.reserved, level.shipping, level.damaged, level.available];
        let known = self
            .sqlite
            .prepare_cached(
                "SELECT on_hand, reserved, shipping, damaged, available, provisional FROM nobi_stock WHERE product = ?1 AND branch = ?2",
            )?
            .query_row(params![nobi, branch], |row| {
                let figures: [i64; 5] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                Ok((figures, row.get::<_, bool>(5)?))
            })
            .optional()?;
        let effect = match known {
            None => Effect::Created,
            // The same figures from a trustworthy source confirm a provisional level.
            Some((figures, was_provisional)) if figures == told && (provisional || !was_provisional) => return Ok(Effect::Unchanged),
            // A provisional first level is not settled yet: what confirms or corrects it is still the first.
            Some((_, was_provisional)) if !self.may_update(Entity::Stock) && (provisional || !was_provisional) => return Ok(Effect::Kept),
            Some((figures, _)) if figures == told => Effect::Unchanged,
            Some(_) => Effect::Updated,
        };
        if self.late && level.available > known.map_or(0, |([.., available], _)| available) {
            self.done.to_read.insert(product.to_owned());
            return Ok(Effect::Held);
        }
        self.wrote_if(product, effect);
        if let Some(([_, held, .., could], _)) = known
            && !provisional
            && level.available > could
            && level.reserved < held
        {
            self.risen(product, nobi, branch, level)?;
        }
        let [on_hand, reserved, shipping, damaged, available] = told;
        self.sqlite
            .prepare_cached(
                "INSERT OR REPLACE INTO nobi_stock (product, branch, on_hand, reserved, shipping, damaged, available, provisional, updated)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![nobi, branch, on_hand, reserved, shipping, damaged, available, provisional, self.at])?;
        Ok(effect)
    }

    /// A level that nothing but a webhook told, or that waited, has to be confirmed.
    fn ask_again(&self, product: &str) -> Result<()> {
        self.sqlite
            .prepare_cached(
                "INSERT INTO refresh (connection, entity, remote, due) VALUES (?1, 'stock', ?2, ?3)
                 ON CONFLICT DO UPDATE SET due = min(due, excluded.due)",
            )?
            .execute(params![self.connection.id, product, self.at])?;
        Ok(())
    }

    /// A branch was paired: the levels that waited for it come in, and are read anew: nobody knows how long they waited.
    pub(super) fn unpark(&mut self, branch: &str) -> Result<()> {
        let mut statement = self.sqlite.prepare_cached("SELECT product, level FROM parked_stock WHERE connection = ?1 AND branch = ?2")?;
        let rows =
            statement.query_map(params![self.connection.id, branch], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let parked = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        drop(statement);
        for (product, level) in parked {
            if let Some(nobi) = self.linked_product(&product)? {
                self.level(&product, nobi, &from_json::<BranchStock>(&level)?, true)?;
                if self.policies.of(Entity::Stock) != Policy::Off {
                    self.ask_again(&product)?;
                }
            }
        }
        self.sqlite
            .prepare_cached("DELETE FROM parked_stock WHERE connection = ?1 AND branch = ?2")?
            .execute(params![self.connection.id, branch])?;
        Ok(())
    }

    /// A branch that rested is there again: what was told of it meanwhile was not taken in, so its levels are read anew.
    pub(super) fn woke(&self, nobi: i64) -> Result<()> {
        if self.policies.of(Entity::Stock) == Policy::Off {
            return Ok(());
        }
        let mut statement = self.sqlite.prepare_cached(
            "SELECT link.remote FROM link JOIN nobi_stock ON nobi_stock.product = link.nobi AND nobi_stock.branch = ?2
             WHERE link.connection = ?1 AND link.entity = 'product' AND link.state = 'linked'",
        )?;
        let rows = statement.query_map(params![self.connection.id, nobi], |row| row.get::<_, String>(0))?;
        let products = rows.collect::<std::result::Result<Vec<_>, _>>()?;
        products.iter().try_for_each(|product| self.ask_again(product))
    }
}
