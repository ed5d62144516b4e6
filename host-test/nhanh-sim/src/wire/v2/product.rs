//! A product as 2.0 writes it: numeric strings for ids, prices and weights, numbers for stock and flags (reference sections 3.1 to 3.4).
//!
//! Must never choose which products are listed.

use serde_json::json;

use super::collection::keyed;
use crate::clock::date_time;
use crate::shop::{Business, Kin, Level, Product};
use crate::switches::{NumberShape, ParentStock, Switches};
use crate::wire::json::{self, Object, object};
use crate::words::product_type_label;

/// Writes one product. `whole` adds what only the detail has.
pub(super) fn write(out: &mut Vec<u8>, product: &Product, home: &Business, scope: &[i64], switches: &Switches, whole: bool) {
    object(out, |row| {
        let digits = |row: &mut Object<'_>, key: &str, number: Option<i64>| match (switches.numbers, number) {
            (NumberShape::Documented, Some(number)) => row.int(key, number),
            _ => row.quoted(key, number),
        };
        digits(row, "idNhanh", Some(product.id));
        row.text("privateId", product.own_id.as_deref());
        digits(row, "parentId", Some(parent_id(product.kin)));
        row.text("merchantCategoryId", None);
        row.text("merchantProductId", None);
        digits(row, "categoryId", product.category);
        digits(row, "internalCategoryId", product.internal_category);
        digits(row, "brandId", product.brand.as_ref().map(|(id, _)| *id));
        row.text("brandName", product.brand.as_ref().map(|(_, name)| name.as_str()));
        digits(row, "typeId", Some(product.type_id));
        row.text("typeName", product_type_label(product.type_id));
        row.text("code", product.code.as_deref());
        row.text("barcode", product.barcode.as_deref());
        row.text("name", product.name.as_str());
        row.text("otherName", product.other_name.as_deref());
        digits(row, "importPrice", product.import_price);
        digits(row, "oldPrice", product.old_price);
        digits(row, "price", product.price);
        digits(row, "wholesalePrice", product.wholesale_price);
        digits(row, "avgCost", product.avg_cost);
        digits(row, "vat", product.vat);
        row.text("image", product.image.as_str());
        row.value("images", &product.images);
        row.text("thumbnail", product.image.as_str());
        row.text("status", product.status.as_str());
        row.text("previewLink", format!("/san-pham-p{}.html", product.id).as_str());
        row.int("showHot", 0);
        row.int("showNew", i64::from(product.status == "New"));
        row.int("showHome", 0);
        row.text("order", None);
        digits(row, "width", product.size.map(|(_, width, _)| width));
        digits(row, "length", product.size.map(|(length, _, _)| length));
        digits(row, "height", product.size.map(|(_, _, height)| height));
        digits(row, "shippingWeight", product.weight);
        digits(row, "warranty", product.warranty);
        row.text("warrantyAddress", None);
        row.text("warrantyPhone", None);
        row.text("countryName", product.country.as_deref());
        row.text("unit", product.unit.as_deref());
        digits(row, "importType", Some(1));
        row.text("importTypeLabel", "Nhập mua");
        row.text("createdDateTime", date_time(product.created_ms).as_str());
        row.int("updatedAt", product.updated_ms / 1000);
        match switches.parent_stock {
            ParentStock::Null if product.kin == Kin::Parent => row.text("inventory", None),
            ParentStock::Absent if product.kin == Kin::Parent => {}
            _ => object(row.key("inventory"), |inventory| stock(inventory, product, home, scope, switches)),
        }
        attributes(row.key("attributes"), product);
        let units = product.units.iter().map(|unit| {
            json!({ "id": unit.id, "name": unit.name, "quantity": unit.quantity, "importPrice": null, "price": unit.price, "wholesalePrice": null })
        });
        row.value("units", &units.collect::<Vec<_>>());
        if !product.combo.is_empty() {
            let parts = product.combo.iter().map(|part| (part.product, part)).collect();
            keyed(row.key("combos"), parts, switches, |out, part| {
                let known = home.products.get(&part.product);
                object(out, |row| {
                    row.text("quantity", part.quantity.to_string().as_str());
                    row.text("code", known.and_then(|known| known.code.as_deref()));
                    row.text("name", known.map(|known| known.name.as_str()));
                });
            });
        }
        if whole {
            row.text("description", product.description.as_str());
            row.value("highlight", &[(); 0]);
            row.text("content", product.content.as_str());
            row.text("warrantyContent", "");
            row.value(
                "websiteInfo",
                &json!({ "metaTitle": "", "metaDescription": "", "metaKeywords": "", "highlights": [], "tags": [], "videos": [] }),
            );
        }
    });
}

/// `-1` standalone, `-2` parent, else the parent's id.
pub(super) fn parent_id(kin: Kin) -> i64 {
    match kin {
        Kin::Standalone => -1,
        Kin::Parent => -2,
        Kin::Variant(parent) => parent,
    }
}

/// One element whose members are keyed by attribute id; no attributes are `[]` (reference section 3.3).
fn attributes(out: &mut Vec<u8>, product: &Product) {
    if product.attributes.is_empty() {
        return out.extend_from_slice(b"[]");
    }
    out.push(b'[');
    object(out, |row| {
        for (order, attribute) in (1..).zip(&product.attributes) {
            object(row.key(&attribute.attribute_id.to_string()), |member| {
                member.text("attributeName", attribute.attribute_name.as_str());
                member.int("id", attribute.value_id);
                member.text("name", attribute.value.as_str());
                member.int("order", order);
            });
        }
    });
    out.push(b']');
}

/// Writes the members of the stock that a token sees: the totals, and the depots of the scope.
pub(super) fn stock(inventory: &mut Object<'_>, product: &Product, home: &Business, scope: &[i64], switches: &Switches) {
    let seen: Vec<(i64, Level)> = home
        .shown_stock(product)
        .iter()
        .filter(|(depot, _)| scope.is_empty() || scope.contains(depot))
        .map(|(depot, level)| (*depot, *level))
        .collect();
    let total = seen.iter().fold(Level::default(), |sum, (_, level)| sum.plus(level));
    level(inventory, &total, switches);
    // A parent has sums and no depots (reference section 11).
    let depots = if product.kin == Kin::Parent { Vec::new() } else { seen };
    keyed(inventory.key("depots"), depots, switches, |out, one| {
        object(out, |row| {
            level(row, &one, switches);
            row.quantity("transfering", one.transfering);
        });
    });
}

fn level(row: &mut Object<'_>, level: &Level, switches: &Switches) {
    row.quantity("remain", level.remain);
    row.quantity("shipping", level.shipping);
    row.quantity(if switches.damage_key { "damage" } else { "damaged" }, level.damaged);
    row.quantity("holding", level.holding);
    row.quantity("warranty", level.warranty);
    row.quantity("warrantyHolding", level.warranty_holding);
    row.quantity("available", level.available());
}

/// The stock of a product as a value, for webhooks.
pub(super) fn stock_value(product: &Product, home: &Business, switches: &Switches) -> serde_json::Value {
    let mut out = Vec::new();
    json::object(&mut out, |row| stock(row, product, home, &[], switches));
    serde_json::from_slice(&out).unwrap_or_default()
}
