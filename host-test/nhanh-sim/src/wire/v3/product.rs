//! A product as 3.0 writes it: a row of `product/list`, the detail that webhooks share, a row of `product/inventory` (3.0 reference sections 4.1, 4.2,
//! 5.1, 5.2).
//!
//! Must never choose which products are listed.

use crate::shop::{Business, Category, Kin, Level, Product, Quantity};
use crate::switches::{ParentStock, Switches};
use crate::switches_v3::{DetailStatus, EmptyObject};
use crate::wire::json::{Object, object, rows};
use crate::words::{product_status_number, product_type_label};

/// What a product is written with.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) home: &'a Business,
    /// The depots of the token; empty = all.
    pub(super) scope: &'a [i64],
    pub(super) switches: &'a Switches,
}

/// A nested object; one that would be empty is written as PHP does it.
pub(super) fn nested(out: &mut Vec<u8>, full: bool, shape: EmptyObject, fill: impl FnOnce(&mut Object<'_>)) {
    match (full, shape) {
        (true, _) => object(out, fill),
        (false, EmptyObject::List) => out.extend_from_slice(b"[]"),
        (false, EmptyObject::Object) => out.extend_from_slice(b"{}"),
        (false, EmptyObject::Null) => out.extend_from_slice(b"null"),
    }
}

/// Writes a list with one call a row.
pub(super) fn list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    rows(out, items, write);
    out.push(b']');
}

/// `-1` standalone, `-2` parent, else the parent's id.
fn parent_id(kin: Kin) -> i64 {
    match kin {
        Kin::Standalone => -1,
        Kin::Parent => -2,
        Kin::Variant(parent) => parent,
    }
}

impl Writer<'_> {
    fn nested(&self, out: &mut Vec<u8>, full: bool, fill: impl FnOnce(&mut Object<'_>)) {
        nested(out, full, self.switches.v3.empty_object, fill);
    }

    /// A row of the list.
    pub(super) fn row(&self, out: &mut Vec<u8>, product: &Product) {
        object(out, |row| {
            names(row, product);
            row.int("status", product_status_number(&product.status));
            row.int("priceVatMode", product.vat_mode);
            row.int("importPriceVatMode", 2);
            row.value("categoryId", &product.category);
            row.value("internalCategoryId", &product.internal_category);
            object(row.key("prices"), |prices| {
                prices.int("retail", product.price.unwrap_or(0));
                prices.int("retailVat", product.vat.unwrap_or(0));
                prices.int("import", product.import_price.unwrap_or(0));
                prices.int("importVat", 0);
                other_prices(prices, product);
            });
            self.images_and_warranty(row, product);
            row.value("brandId", &product.brand.as_ref().map(|(id, _)| *id));
            row.int("type", product.type_id);
            self.shipping(row, product);
            self.units_and_combos(row, product);
            self.inventory(row, product, false);
            list(row.key("attributes"), &product.attributes, |out, attribute| {
                object(out, |row| {
                    row.int("id", attribute.value_id);
                    row.text("name", attribute.attribute_name.as_str());
                    row.text("nameOther", "");
                    row.text("value", attribute.value.as_str());
                    row.text("code", "");
                    row.text("codeOther", "");
                });
            });
            times(row, product);
            row.value("tagIds", &[(); 0]);
        });
    }

    /// The detail, and the product of a webhook, which has no texts. `childs` are written without children of their own.
    pub(super) fn detail(&self, out: &mut Vec<u8>, product: &Product, texts: bool, childs: &[&Product]) {
        object(out, |row| {
            names(row, product);
            match self.switches.v3.detail_status {
                DetailStatus::Digits => row.quoted("status", product_status_number(&product.status)),
                DetailStatus::Number => row.int("status", product_status_number(&product.status)),
                DetailStatus::Word => row.text("status", product.status.as_str()),
            }
            self.category(row.key("category"), product.category.and_then(|id| self.home.categories.get(&id)));
            self.category(row.key("internalCategory"), product.internal_category.and_then(|id| self.home.internal_categories.get(&id)));
            object(row.key("prices"), |prices| {
                prices.int("retail", product.price.unwrap_or(0));
                prices.int("import", product.import_price.unwrap_or(0));
                other_prices(prices, product);
            });
            row.int("vat", product.vat.unwrap_or(0));
            self.images_and_warranty(row, product);
            self.nested(row.key("brand"), product.brand.is_some(), |brand| {
                if let Some((id, name)) = &product.brand {
                    brand.int("id", *id);
                    brand.text("name", name.as_str());
                }
            });
            object(row.key("type"), |kind| {
                kind.int("id", product.type_id);
                kind.text("name", product_type_label(product.type_id));
            });
            self.shipping(row, product);
            self.units_and_combos(row, product);
            self.inventory(row, product, true);
            list(row.key("attributes"), (1..).zip(&product.attributes), |out, (order, attribute)| {
                object(out, |row| {
                    row.int("id", attribute.value_id);
                    row.text("name", attribute.attribute_name.as_str());
                    row.text("value", attribute.value.as_str());
                    if texts {
                        row.int("order", order);
                        row.int("orderValue", 0);
                    }
                });
            });
            if texts {
                row.text("description", product.description.as_str());
                row.text("content", product.content.as_str());
            }
            times(row, product);
            for key in ["suppliers", "videos", "branchPrices"] {
                row.value(key, &[(); 0]);
            }
            list(row.key("childs"), childs, |out, child| self.detail(out, child, texts, &[]));
            row.value("tagIds", &[(); 0]);
        });
    }

    /// A row of `product/inventory`.
    pub(super) fn stock(&self, out: &mut Vec<u8>, product: &Product) {
        object(out, |row| {
            row.int("productId", product.id);
            row.text("barcode", product.barcode.as_deref().unwrap_or_default());
            row.text("name", product.name.as_str());
            object(row.key("prices"), |prices| {
                prices.int("retail", product.price.unwrap_or(0));
                prices.int("wholesale", product.wholesale_price.unwrap_or(0));
                prices.int("import", product.import_price.unwrap_or(0));
                prices.int("avgCost", product.avg_cost.unwrap_or(0));
            });
            object(row.key("inventory"), |inventory| self.levels(inventory, product, false));
        });
    }

    /// The levels that the token sees: the totals, and a list of depots; warranty is nested in lists and flat in details.
    pub(super) fn levels(&self, inventory: &mut Object<'_>, product: &Product, flat: bool) {
        let seen = self.seen(product);
        let total = seen.iter().fold(Level::default(), |sum, (_, level)| sum.plus(level));
        level(inventory, &total, flat);
        // A parent has sums and no depots.
        let depots = if product.kin == Kin::Parent { &[][..] } else { &seen };
        list(inventory.key("depots"), depots, |out, (id, one)| {
            object(out, |row| {
                row.int("id", *id);
                level(row, one, flat);
            });
        });
    }

    /// Whether some depot that the token sees has anything of it.
    pub(super) fn has_stock(&self, product: &Product) -> bool {
        self.seen(product).iter().any(|(_, level)| *level != Level::default())
    }

    fn seen(&self, product: &Product) -> Vec<(i64, Level)> {
        let mut seen: Vec<(i64, Level)> = self.home.shown_stock(product).into_iter().collect();
        seen.retain(|(depot, _)| self.scope.is_empty() || self.scope.contains(depot));
        seen
    }

    fn inventory(&self, row: &mut Object<'_>, product: &Product, flat: bool) {
        match self.switches.parent_stock {
            ParentStock::Null if product.kin == Kin::Parent => row.text("inventory", None),
            ParentStock::Absent if product.kin == Kin::Parent => {}
            _ => object(row.key("inventory"), |inventory| self.levels(inventory, product, flat)),
        }
    }

    fn category(&self, out: &mut Vec<u8>, category: Option<&Category>) {
        self.nested(out, category.is_some(), |row| {
            if let Some(category) = category {
                row.int("id", category.id);
                row.text("code", category.code.as_str());
                row.text("name", category.name.as_str());
            }
        });
    }

    fn images_and_warranty(&self, row: &mut Object<'_>, product: &Product) {
        object(row.key("images"), |images| {
            images.text("avatar", product.image.as_str());
            images.value("others", &product.images);
        });
        self.nested(row.key("warranty"), product.warranty.is_some(), |warranty| {
            warranty.int("month", product.warranty.unwrap_or(0));
            warranty.text("phone", "");
            warranty.text("address", "");
        });
    }

    fn shipping(&self, row: &mut Object<'_>, product: &Product) {
        let (length, width, height) = product.size.unwrap_or_default();
        object(row.key("shipping"), |shipping| {
            shipping.int("width", width);
            shipping.int("height", height);
            shipping.int("length", length);
            shipping.int("weight", product.weight.unwrap_or(0));
        });
        row.text("countryName", product.country.as_deref().unwrap_or_default());
    }

    fn units_and_combos(&self, row: &mut Object<'_>, product: &Product) {
        let has_units = product.unit.is_some() || !product.units.is_empty();
        self.nested(row.key("units"), has_units, |units| {
            units.text("name", product.unit.as_deref().unwrap_or_default());
            list(units.key("list"), &product.units, |out, unit| {
                object(out, |row| {
                    row.int("id", unit.id);
                    row.text("name", unit.name.as_str());
                    row.int("quantity", unit.quantity);
                    object(row.key("price"), |price| {
                        price.int("retail", unit.price);
                        price.int("import", 0);
                        price.int("wholesale", 0);
                    });
                });
            });
        });
        list(row.key("combos"), &product.combo, |out, part| {
            let known = self.home.products.get(&part.product);
            object(out, |row| {
                row.int("id", part.product);
                row.text("code", known.and_then(|known| known.code.as_deref()));
                row.text("name", known.map(|known| known.name.as_str()));
                row.quantity("quantity", part.quantity);
            });
        });
    }
}

fn names(row: &mut Object<'_>, product: &Product) {
    row.int("id", product.id);
    row.int("parentId", parent_id(product.kin));
    row.text("code", product.code.as_deref());
    row.text("barcode", product.barcode.as_deref());
    row.text("name", product.name.as_str());
    row.text("otherName", product.other_name.as_deref().unwrap_or_default());
}

fn other_prices(prices: &mut Object<'_>, product: &Product) {
    prices.int("old", product.old_price.unwrap_or(0));
    prices.int("wholesale", product.wholesale_price.unwrap_or(0));
    prices.int("avgCost", product.avg_cost.unwrap_or(0));
}

fn times(row: &mut Object<'_>, product: &Product) {
    row.int("updatedAt", product.updated_ms / 1000);
    row.int("createdAt", product.created_ms / 1000);
}

/// Writes one level.
pub(super) fn level(row: &mut Object<'_>, level: &Level, flat: bool) {
    row.quantity("remain", level.remain);
    row.quantity("shipping", level.shipping);
    row.quantity("damaged", level.damaged);
    row.quantity("holding", level.holding);
    row.quantity("transfering", level.transfering);
    if flat {
        row.quantity("warranty", level.warranty);
        row.quantity("warrantyHolding", level.warranty_holding);
        row.quantity("holdingNew", Quantity::ZERO);
        row.quantity("shippingExport", Quantity::ZERO);
    } else {
        object(row.key("warranty"), |warranty| {
            warranty.quantity("remain", level.warranty);
            warranty.quantity("holding", level.warranty_holding);
        });
    }
    row.quantity("available", level.available());
}
