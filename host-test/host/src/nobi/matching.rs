//! Finds the Nobi record that a new record of the other side already is, before one is created. Never by name, and never by guessing: more
//! than one candidate waits for a person.

use rusqlite::{Connection as Sqlite, params};
use unicode_normalization::UnicodeNormalization;

use super::Applier;
use super::links::{is_linked, is_paired};
use crate::contract::catalog::{Product, ProductKind};
use crate::contract::types::Entity;
use crate::names;
use crate::store::Result;
use crate::store::sqlite::{chosen_pair, is_successor};

/// What a search came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// Nobi has no such record.
    None,
    /// It has exactly this one, and it is free.
    One(i64),
    /// It has one, and another record of the page may have found it as well.
    PutOff,
    /// A person has to choose among these; none of them: what tells them apart could not be read.
    Several(Vec<i64>),
}

/// A stock-keeping unit as it is compared: normal form C, trimmed, inner spaces joined, case folded. Empty ones compare with nothing.
pub fn sku_key(sku: &str) -> Option<String> {
    let text: String = sku.nfc().collect();
    let key = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    (!key.is_empty()).then_some(key)
}

impl Applier<'_> {
    /// What a person said of a record that waited, where a person did: the pair is theirs, whoever else finds it.
    pub(super) fn match_as_chosen(&mut self, entity: Entity, remote: &str) -> Result<Option<Match>> {
        let Some(chosen) = chosen_pair(self.sqlite, self.connection.id, entity, remote)? else { return Ok(None) };
        let Some(one) = chosen else { return Ok(Some(Match::None)) };
        let taken = is_paired(self.sqlite, self.connection.id, entity, one)?;
        Ok(Some(if taken { Match::Several(vec![one]) } else { Match::One(one) }))
    }

    /// Own id, then stock-keeping unit, then barcode. The first that finds anything decides, unless a person did.
    pub(super) fn match_product(&mut self, product: &Product) -> Result<Match> {
        if let Some(chosen) = self.match_as_chosen(Entity::Product, &product.id)? {
            return Ok(chosen);
        }
        if product.undecided {
            return Ok(Match::Several(Vec::new()));
        }
        let head = product.kind == ProductKind::VariantParent;
        let tenant = self.connection.tenant.clone();
        if let Some(id) = product.own_id.as_deref().and_then(nobi_id) {
            let found = candidates(self.sqlite, "tenant = ?1 AND id = ?2 AND (kind = 'variant-parent') = ?3", params![tenant, id, head])?;
            if !found.is_empty() {
                return self.decide(Entity::Product, &product.id, found);
            }
        }
        if let Some(key) = product.sku.as_deref().and_then(sku_key) {
            let found =
                candidates(self.sqlite, "tenant = ?1 AND sku_key = ?2 AND (kind = 'variant-parent') = ?3", params![tenant, key, head])?;
            if !found.is_empty() {
                return self.decide(Entity::Product, &product.id, found);
            }
        }
        if let Some(barcode) = product.barcode.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            let found =
                candidates(self.sqlite, "tenant = ?1 AND barcode = ?2 AND (kind = 'variant-parent') = ?3", params![tenant, barcode, head])?;
            return self.decide(Entity::Product, &product.id, found);
        }
        Ok(Match::None)
    }

    /// One candidate that nothing else is paired with, and that no other record of the page found, is the match; anything else waits.
    pub(super) fn decide(&mut self, entity: Entity, remote: &str, found: Vec<i64>) -> Result<Match> {
        let [one] = found.as_slice() else {
            return Ok(if found.is_empty() { Match::None } else { Match::Several(found) });
        };
        // Two businesses that use one code need not mean one thing by it.
        let unsure = entity == Entity::Product && is_successor(self.sqlite, self.connection.id)?;
        if unsure || is_linked(self.sqlite, self.connection.id, entity, *one)? {
            return Ok(Match::Several(found));
        }
        let finders = self.found.entry((names::entity(entity), *one)).or_default();
        finders.insert(remote.to_owned());
        Ok(match (self.all_found, finders.len()) {
            (false, _) => Match::PutOff,
            (true, 1) => Match::One(*one),
            (true, _) => Match::Several(found),
        })
    }
}

/// A Nobi id, written as Nobi writes it: `007` is somebody else's.
fn nobi_id(text: &str) -> Option<i64> {
    text.parse().ok().filter(|id: &i64| id.to_string() == text)
}

fn candidates(sqlite: &Sqlite, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<i64>> {
    let mut statement = sqlite.prepare_cached(&format!("SELECT id FROM nobi_product WHERE deleted = 0 AND {condition} LIMIT 20"))?;
    let rows = statement.query_map(values, |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_looking_codes_have_one_key() {
        assert_eq!(sku_key(" A\u{301}O-01 "), sku_key("áo-01"));
        assert_eq!(sku_key("a  b"), sku_key("A b"));
        assert_ne!(sku_key("a b"), sku_key("ab"));
        assert_eq!(sku_key("  "), None);
    }
}
