//! Products of API 2.0: rows of the list, members of a detail, payloads of a webhook.
//!
//! Fields are asked for in the order in which the list sends them. What a field means for Nobi is decided in [`crate::map::product`].

use crate::nhanh::tree::Value;

use crate::map::Notes;
use crate::map::product::{self as rules, Options, Parent};
use crate::nhanh::goods::{PriceFields, images, levels, open, prices, units};
use crate::nhanh::json::{Items, Misfit, Record};
use crate::nhanh::words;
use crate::vietnam::time;
use crate::wit::catalog::{Attribute, PriceChange, Product, ProductKind};
use crate::wit::connector::Refused;
use crate::wit::types::RemoteId;

/// Prices stand in the row itself; one that was never entered is null.
const PRICES: PriceFields = PriceFields {
    inside: "",
    import: "importPrice",
    old: "oldPrice",
    retail: "price",
    wholesale: "wholesalePrice",
    average: "avgCost",
    zero_is_untold: false,
};

/// A whole product.
///
/// # Errors
/// A field of it cannot be read.
pub fn read(key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused> {
    open(key, "idNhanh", value, |row, id| {
        let own_id = row.text("privateId")?;
        let parent = rules::parent(row.integer("parentId"), row, &id)?;
        let category = row.id("categoryId")?;
        let brand = row.text("brandName")?;
        let kind = rules::kind(row.integer("typeId")?, &parent);
        let sku = row.text("code")?;
        let barcode = row.text("barcode")?;
        let name = row.text("name")?.unwrap_or_default();
        let prices = if options.stock_and_price { Some(prices(row, &PRICES, &id, kind, notes)?) } else { None };
        // A rate with a fraction is none that can be declared; no product is lost for it, nor for its pictures.
        let vat = row.integer("vat").ok().flatten().and_then(rules::vat);
        let images = images(row.told("image"), row.items("images").unwrap_or(Items::List([].iter())));
        let raw_status = row.text("status")?.unwrap_or_default();
        let description = row.verbatim("description")?;
        let description = if description.is_some() { description } else { row.verbatim("content")? };
        let weight = row.milli("shippingWeight")?;
        let weight = if weight.is_some() { weight } else { row.milli("weight")? };
        let unit = row.text("unit")?;
        let updated = row.integer("updatedAt")?.and_then(time::from_unix);
        let stock = if options.stock_and_price { levels(row, &id, kind, options, notes)? } else { None };
        let attributes = attributes(row.items("attributes")?)?;
        let units = units(row.items("units")?, options)?;
        let own_id = if own_id.is_some() { own_id } else { row.text("shopProductId")? };
        Ok(Product {
            id,
            undecided: false,
            own_id,
            kind,
            parent: parent.id,
            sku,
            barcode,
            name,
            category,
            brand,
            unit,
            status: words::product_status(&raw_status),
            raw_status,
            prices,
            vat,
            weight_grams: weight.and_then(rules::grams),
            description: description.map(std::borrow::Cow::into_owned),
            images,
            attributes,
            units,
            stock,
            others_are_zero: false,
            updated,
        })
    })
}

/// Prices alone.
///
/// # Errors
/// A field of it cannot be read.
pub fn read_price(key: Option<&str>, value: &Value<'_>, notes: &mut Notes) -> Result<PriceChange, Refused> {
    open(key, "idNhanh", value, |row, id| {
        let (_, kind) = family(row, &id)?;
        let prices = prices(row, &PRICES, &id, kind, notes)?;
        Ok(PriceChange { product: id, prices })
    })
}

fn attributes(items: Items<'_>) -> Result<Vec<Attribute>, Misfit> {
    let mut attributes = Vec::new();
    for (key, item) in items {
        let Some(record) = Record::of(item) else { continue };
        // The list has objects keyed by attribute id; webhooks and other routes have the attribute itself.
        if key.is_none() && record.raw("attributeName").is_none() {
            for (_, inner) in Items::of(item).into_iter().flatten() {
                attributes.extend(Record::of(inner).map(|it| attribute(&it)).transpose()?.flatten());
            }
        } else {
            attributes.extend(attribute(&record)?);
        }
    }
    Ok(attributes)
}

fn attribute(record: &Record<'_>) -> Result<Option<Attribute>, Misfit> {
    let name = record.text("attributeName").map_err(|it| it.under("attributes"))?;
    let value = record.text("name").map_err(|it| it.under("attributes"))?;
    Ok(name.zip(value).map(|(name, value)| Attribute { name, value }))
}

/// Where a row stands in its family, and its kind.
///
/// # Errors
/// A field of it cannot be read.
pub fn family(row: &Record<'_>, id: &RemoteId) -> Result<(Parent, ProductKind), Misfit> {
    let parent = rules::parent(row.integer("parentId"), row, id)?;
    let kind = rules::kind(row.integer("typeId")?, &parent);
    Ok((parent, kind))
}
