//! Products of API 2.0: rows of the list, members of a detail, payloads of a webhook.
//!
//! Fields are asked for in the order in which the list sends them. What a field means for Nobi is decided in [`crate::map::product`].

use crate::nhanh::tree::Value;

use crate::map::Notes;
use crate::map::fields::Reading;
use crate::map::product::{self as rules, Options, Parent};
use crate::nhanh::goods::{self, PriceFields, images, left_out, levels, open, prices, units};
use crate::nhanh::json::{Items, Record};
use crate::nhanh::words;
use crate::wit::catalog::{Attribute, PriceChange, Product, ProductKind};
use crate::wit::connector::Refused;
use crate::wit::types::Entity;

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
/// It has no id that can be read.
pub fn read(key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused> {
    open(Entity::Product, (key, value), "idNhanh", notes, |row, it| {
        let own_id = it.take(row.text("privateId"));
        let (parent, kind) = family(row, it);
        let category = it.take(row.id("categoryId"));
        let brand = it.take(row.text("brandName"));
        let sku = it.take(row.text("code"));
        let barcode = it.take(row.text("barcode"));
        let name = it.take(row.name("name"));
        let name = it.named(name, sku.as_deref());
        let prices = options.stock_and_price.then(|| prices(row, &PRICES, kind, it));
        // Whether the price has the tax in it is not told here.
        let vat = goods::vat(row.integer("vat"), "vat", (None, None), options.now, it);
        let images = images(row, "", ("image", "images"), it);
        let raw_status = it.take(row.text("status")).unwrap_or_default();
        let description = it.take(row.verbatim("description"));
        let description = if description.is_some() { description } else { it.take(row.verbatim("content")) };
        let (field, weight) = match it.take(row.milli("shippingWeight")) {
            None => ("weight", it.take(row.milli("weight"))),
            weight => ("shippingWeight", weight),
        };
        let weight_grams = goods::grams(weight, field, it);
        let unit = it.take(row.text("unit"));
        let updated = goods::updated(row, it);
        let (stock, others_are_zero) = if options.stock_and_price { levels(row, it, kind, options) } else { (None, false) };
        let attributes = attributes(row, it);
        let units = units(row.items("units"), "units", options, it);
        let own_id = if own_id.is_some() { own_id } else { it.take(row.text("shopProductId")) };
        Product {
            id: it.id.clone(),
            undecided: it.undecided,
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
            weight_grams,
            description: description.map(std::borrow::Cow::into_owned),
            images,
            attributes,
            units,
            stock,
            others_are_zero,
            updated,
        }
    })
}

/// Prices alone.
///
/// # Errors
/// It has no id that can be read.
pub fn read_price(key: Option<&str>, value: &Value<'_>, notes: &mut Notes) -> Result<PriceChange, Refused> {
    open(Entity::Product, (key, value), "idNhanh", notes, |row, it| {
        let (_, kind) = family(row, it);
        PriceChange { product: it.id.clone(), prices: prices(row, &PRICES, kind, it) }
    })
}

fn attributes(row: &Record<'_>, it: &mut Reading<'_>) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    for (at, (key, item)) in row.items("attributes").unwrap_or_else(|misfit| left_out(misfit, it)).enumerate() {
        // The list has objects keyed by attribute id; webhooks and other routes have the attribute itself.
        let told = match Record::of(item) {
            Some(record) if key.is_none() && record.raw("attributeName").is_none() => {
                for (key, inner) in Items::of(item).into_iter().flatten() {
                    let told = Record::of(inner).and_then(|it| attribute(&it));
                    let at = || format!("{at}/{}", key.unwrap_or_default());
                    goods::add_attribute(&mut attributes, told, &at, it);
                }
                continue;
            }
            Some(record) => attribute(&record),
            None => None,
        };
        goods::add_attribute(&mut attributes, told, &|| key.map_or_else(|| at.to_string(), str::to_owned), it);
    }
    attributes
}

fn attribute(record: &Record<'_>) -> Option<Attribute> {
    let name = record.text("attributeName").ok().flatten()?;
    Some(Attribute { name, value: record.text("name").ok().flatten()? })
}

/// Where a row stands in its family, and its kind.
pub fn family(row: &Record<'_>, it: &mut Reading<'_>) -> (Parent, ProductKind) {
    rules::family(row, row.integer("typeId"), it)
}
