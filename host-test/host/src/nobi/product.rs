//! Products and variants: flat rows that may come in any order. A variant whose head is not there yet remembers it by its remote id.

use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::links::{link, link_of, wait};
use super::matching::{Match, sku_key};
use super::{Answer, Applier, Effect, Hold, LinkState};
use crate::clock::Instant;
use crate::contract::catalog::{Attribute, Prices, Product, ProductKind, ProductStatus, SellingUnit, VatRate};
use crate::contract::types::{Argument, Entity, Message};
use crate::names;
use crate::store::Result;
use crate::store::sqlite::{from_json, to_json};

/// The head of a family, whose figure is a sum; a service; a voucher; what cannot be told.
pub(super) const NO_STOCK: [ProductKind; 4] = [ProductKind::VariantParent, ProductKind::Service, ProductKind::Other, ProductKind::Unknown];

/// What a product row holds beside what is searched by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Detail {
    own_id: Option<String>,
    brand: Option<String>,
    unit: Option<String>,
    raw_status: String,
    vat: Option<VatRate>,
    weight_grams: Option<u32>,
    description: Option<String>,
    images: Vec<String>,
    attributes: Vec<Attribute>,
    units: Vec<SellingUnit>,
    updated: Option<Instant>,
}

impl Detail {
    /// What `product` tells, over what is known: an absent field was not told and changes nothing.
    fn told(product: &Product, known: Detail) -> Detail {
        Detail {
            own_id: product.own_id.clone().or(known.own_id),
            brand: product.brand.clone().or(known.brand),
            unit: product.unit.clone().or(known.unit),
            raw_status: if is_told(product) { product.raw_status.clone() } else { known.raw_status },
            vat: product.vat.or(known.vat),
            weight_grams: product.weight_grams.or(known.weight_grams),
            description: product.description.clone().or(known.description),
            images: product.images.clone(),
            attributes: product.attributes.clone(),
            units: product.units.clone(),
            updated: product.updated.or(known.updated),
        }
    }
}

/// Whether the row's status could be read, known to anybody or not.
fn is_told(product: &Product) -> bool {
    product.status != ProductStatus::Unknown || !product.raw_status.is_empty()
}

impl Applier<'_> {
    pub(super) fn product(&mut self, product: &Product) -> Result<()> {
        let (effect, nobi) = match self.pair(Entity::Product, &product.id)? {
            Some((LinkState::Tombstone, _)) => (Effect::Tombstone, None),
            Some((_, Some(nobi))) => (self.existing_product(nobi, product)?, Some(nobi)),
            Some(_) | None if !self.may_create(Entity::Product) => (Effect::Dropped, None),
            Some(_) | None => self.new_product(product)?,
        };
        self.wrote_if(&product.id, effect);
        self.count(Entity::Product, effect);
        let Some(nobi) = nobi.filter(|_| effect != Effect::Tombstone) else { return Ok(()) };
        if let Some(prices) = &product.prices {
            self.prices(&product.id, nobi, prices)?;
        }
        if !NO_STOCK.contains(&product.kind) {
            if self.is_turned(&product.id)? {
                self.count(Entity::Stock, Effect::Held);
                return Ok(());
            }
            for level in product.stock.iter().flatten() {
                self.level(&product.id, nobi, level, false)?;
            }
        }
        Ok(())
    }

    fn new_product(&mut self, product: &Product) -> Result<(Effect, Option<i64>)> {
        let id = self.connection.id;
        match self.match_product(product)? {
            Match::Several(candidates) => {
                wait(self.sqlite, id, Entity::Product, &product.id, &candidates, self.at)?;
                Ok((Effect::Waiting, None))
            }
            Match::PutOff => Ok((Effect::PutOff, None)),
            Match::One(nobi) => {
                link(self.sqlite, id, Entity::Product, &product.id, nobi, self.at)?;
                self.adopt(product, nobi)?;
                Ok((Effect::Linked, Some(nobi)))
            }
            Match::None => {
                let (parent, remote_parent) = self.resolve(Entity::Product, product.parent.as_deref())?;
                let (category, remote_category) = self.resolve(Entity::Category, product.category.as_deref())?;
                self.sqlite
                    .prepare_cached(
                        "INSERT INTO nobi_product
                           (tenant, kind, parent, remote_parent, category, remote_category, sku, sku_key, barcode, name, status, detail)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                    )?
                    .execute(params![
                        self.connection.tenant,
                        names::product_kind(product.kind),
                        parent,
                        remote_parent,
                        category,
                        remote_category,
                        product.sku,
                        product.sku.as_deref().and_then(sku_key),
                        product.barcode,
                        product.name,
                        names::product_status(product.status),
                        to_json(&Detail::told(product, Detail::default()))?,
                    ])?;
                let nobi = self.sqlite.last_insert_rowid();
                link(self.sqlite, id, Entity::Product, &product.id, nobi, self.at)?;
                self.adopt(product, nobi)?;
                Ok((Effect::Created, Some(nobi)))
            }
        }
    }

    /// Variants of this connection that came before their head find it now.
    fn adopt(&self, product: &Product, nobi: i64) -> Result<()> {
        if product.kind == ProductKind::VariantParent {
            self.sqlite
                .prepare_cached(
                    "UPDATE nobi_product SET parent = ?3, remote_parent = NULL WHERE tenant = ?1 AND remote_parent = ?2
                     AND EXISTS (SELECT 1 FROM link WHERE connection = ?4 AND entity = 'product' AND nobi = nobi_product.id)",
                )?
                .execute(params![self.connection.tenant, product.id, nobi, self.connection.id])?;
        }
        Ok(())
    }

    /// The Nobi record that a remote id stands for, or the id itself while there is none.
    pub(super) fn resolve<'id>(&self, entity: Entity, remote: Option<&'id str>) -> Result<(Option<i64>, Option<&'id str>)> {
        let Some(remote) = remote else { return Ok((None, None)) };
        let nobi = link_of(self.sqlite, self.connection.id, entity, remote)?.and_then(|(_, nobi)| nobi);
        Ok((nobi, nobi.is_none().then_some(remote)))
    }

    fn existing_product(&mut self, nobi: i64, product: &Product) -> Result<Effect> {
        let known = self
            .sqlite
            .prepare_cached(
                "SELECT name, status, sku, barcode, kind, parent, remote_parent, category, remote_category, detail
                 FROM nobi_product WHERE id = ?1 AND deleted = 0",
            )?
            .query_row([nobi], |row| {
                let text: [Option<String>; 5] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                let head: (Option<i64>, Option<String>) = (row.get(5)?, row.get(6)?);
                let group: (Option<i64>, Option<String>) = (row.get(7)?, row.get(8)?);
                Ok((text, head, group, row.get::<_, String>(9)?))
            })
            .optional()?;
        let Some(([name, status, sku, barcode, kind], known_head, known_group, detail)) = known else { return Ok(Effect::Tombstone) };
        let known: Detail = from_json(&detail)?;
        let told = Detail::told(product, known.clone());
        let row_kind = names::product_kind(product.kind);
        let (kind_now, taken) = self.kind_of(product, kind.as_deref().unwrap_or(row_kind))?;
        let status_now = if is_told(product) { names::product_status(product.status) } else { status.as_deref().unwrap_or("unknown") };
        let head = self.place(Entity::Product, product.parent.as_deref(), &known_head)?;
        let group = self.place(Entity::Category, product.category.as_deref(), &known_group)?;
        let same = told == known
            && name.as_deref() == Some(&product.name)
            && status.as_deref() == Some(status_now)
            && kind.as_deref() == Some(kind_now.as_str())
            && (product.sku.is_none() || sku == product.sku)
            && (product.barcode.is_none() || barcode == product.barcode)
            && (&head, &group) == (&known_head, &known_group);
        if same {
            return Ok(Effect::Unchanged);
        }
        if !self.may_update(Entity::Product) {
            if taken {
                self.sqlite.prepare_cached("UPDATE nobi_product SET kind = ?2 WHERE id = ?1")?.execute(params![nobi, kind_now])?;
                return Ok(Effect::Updated);
            }
            return Ok(Effect::Kept);
        }
        self.sqlite
            .prepare_cached(
                "UPDATE nobi_product SET kind = ?2, name = ?3, status = ?4, sku = coalesce(?5, sku),
                   sku_key = CASE WHEN ?5 IS NULL THEN sku_key ELSE ?6 END, barcode = coalesce(?7, barcode), detail = ?8,
                   parent = ?9, remote_parent = ?10, category = ?11, remote_category = ?12
                 WHERE id = ?1",
            )?
            .execute(params![
                nobi,
                kind_now,
                product.name,
                status_now,
                product.sku,
                product.sku.as_deref().and_then(sku_key),
                product.barcode,
                to_json(&told)?,
                head.0,
                head.1,
                group.0,
                group.1,
            ])?;
        Ok(Effect::Updated)
    }

    /// The kind that Nobi has from now on, and whether a person had it taken in. One that could not be read stays as it is known; goods that
    /// became a combo, or the other way round, wait for a person: the number to sell is counted otherwise.
    fn kind_of(&mut self, product: &Product, known: &str) -> Result<(String, bool)> {
        let told = names::product_kind(product.kind);
        let hold = Hold { entity: Entity::Product, remote: &product.id, code: "product.kind-turned" };
        let (combo, unknown) = (names::product_kind(ProductKind::Combo), names::product_kind(ProductKind::Unknown));
        if told == unknown {
            return Ok((known.to_owned(), false));
        }
        if known == unknown || (known == combo) == (told == combo) {
            if self.is_turned(&product.id)? {
                self.let_go(&hold)?;
            }
            return Ok((told.to_owned(), false));
        }
        if self.answer(&hold)? == Some(Answer::Take) {
            self.let_go(&hold)?;
            return Ok((told.to_owned(), true));
        }
        self.hold(&hold, &turned(&product.name, told == combo))?;
        Ok((known.to_owned(), false))
    }

    /// Where a row belongs: as told, or as known where that was not told.
    fn place(&self, entity: Entity, told: Option<&str>, known: &(Option<i64>, Option<String>)) -> Result<(Option<i64>, Option<String>)> {
        if told.is_none() {
            return Ok(known.clone());
        }
        let (nobi, remote) = self.resolve(entity, told)?;
        Ok((nobi, remote.map(str::to_owned)))
    }

    /// The first price of a product comes in by itself; a later one only where prices are kept updated.
    pub(super) fn prices(&mut self, product: &str, nobi: i64, told: &Prices) -> Result<()> {
        if self.policies.of(Entity::Price) == crate::contract::Policy::Off {
            return Ok(());
        }
        let known: [Option<i64>; 4] = self
            .sqlite
            .prepare_cached("SELECT retail, compare_at, cost, wholesale FROM nobi_product WHERE id = ?1")?
            .query_row([nobi], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
        let [retail, compare_at, cost, wholesale] = known;
        let next = [told.retail.or(retail), told.compare_at.or(compare_at), told.cost.or(cost), told.wholesale.or(wholesale)];
        let effect = if next == known {
            Effect::Unchanged
        } else if known == [None; 4] {
            Effect::Created
        } else if self.may_update(Entity::Price) {
            Effect::Updated
        } else {
            Effect::Kept
        };
        if matches!(effect, Effect::Created | Effect::Updated) {
            let [retail, compare_at, cost, wholesale] = next;
            self.sqlite
                .prepare_cached("UPDATE nobi_product SET retail = ?2, compare_at = ?3, cost = ?4, wholesale = ?5 WHERE id = ?1")?
                .execute(params![nobi, retail, compare_at, cost, wholesale])?;
        }
        self.wrote_if(product, effect);
        self.count(Entity::Price, effect);
        Ok(())
    }
}

fn turned(name: &str, into_combo: bool) -> Message {
    let (vi, en) = if into_combo {
        ("từ hàng hóa thành combo", "goods became a combo")
    } else {
        ("từ combo thành hàng hóa", "a combo became goods")
    };
    Message {
        vi: format!(
            "Sản phẩm \"{name}\" đã đổi {vi} ở Nhanh.vn, nên số có thể bán được tính khác. Tồn ở Nobi Pro được giữ nguyên cho tới khi có người quyết định."
        ),
        en: format!(
            "Product \"{name}\": {en} at Nhanh.vn, so the number to sell is counted otherwise. Its level here stays as it is until a person decides."
        ),
        arguments: vec![Argument { name: "name".to_owned(), value: name.to_owned() }],
    }
}

fn kind(sqlite: &Sqlite, product: i64) -> Result<Option<String>> {
    Ok(sqlite.prepare_cached("SELECT kind FROM nobi_product WHERE id = ?1")?.query_row([product], |row| row.get(0)).optional()?)
}

/// Whether a Nobi product is the head of a family: never sold itself, and without stock of its own.
pub(super) fn is_head(sqlite: &Sqlite, product: i64) -> Result<bool> {
    Ok(kind(sqlite, product)?.as_deref() == Some(names::product_kind(ProductKind::VariantParent)))
}

/// Whether a Nobi product has no stock.
pub(super) fn is_untracked(sqlite: &Sqlite, product: i64) -> Result<bool> {
    let kind = kind(sqlite, product)?;
    Ok(kind.is_some_and(|kind| NO_STOCK.map(names::product_kind).contains(&kind.as_str())))
}
