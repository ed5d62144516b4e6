//! Products of API 3.0: rows of the list and of the stock list, and the detail form that webhooks use.
//!
//! Fields are asked for in the order in which the list sends them. What a field means for Nobi is decided in [`crate::map::product`].
//! The list has no description and no brand's name: they stay absent, which changes nothing at Nobi. Prices, tax and weight are numbers here even
//! where nothing was entered: their 0 is nothing told, but for the price to a buyer.

use crate::map::Notes;
use crate::map::fields::Reading;
use crate::map::product::{self as rules, Options, Parent};
use crate::nhanh::goods::{self, PriceFields, images, left_out, levels, open, units};
use crate::nhanh::json::{Misfit, Record};
use crate::nhanh::tree::Value;
use crate::nhanh::words;
use crate::wit::catalog::{Attribute, PriceChange, Prices, Product, ProductKind, VatRate};
use crate::wit::connector::Refused;
use crate::wit::types::{Entity, RemoteId};

/// Prices stand in an object of their own.
const PRICES: PriceFields = PriceFields {
    inside: "prices",
    import: "import",
    old: "old",
    retail: "retail",
    wholesale: "wholesale",
    average: "avgCost",
    zero_is_untold: true,
};

/// A whole product.
///
/// # Errors
/// It has no id that can be read.
pub fn read(key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused> {
    open(Entity::Product, (key, value), "id", notes, |row, it| {
        let (parent, kind) = family(row, it);
        let sku = it.take(row.text("code"));
        let barcode = it.take(row.text("barcode"));
        let name = it.take(row.name("name"));
        let name = it.named(name, sku.as_deref());
        let raw_status = it.take(row.text("status")).map(|it| words::word_of(&words::PRODUCT_STATUSES, &it).to_owned()).unwrap_or_default();
        let category = it.take(id_of(row, "categoryId", "category"));
        if row.told("branchPrices").is_some() {
            it.notes.price_lists(&it.id);
        }
        let (prices, vat) = prices(row, kind, options, it);
        let images = match it.take(row.record("images")) {
            Some(record) => images(&record, "images", ("avatar", "others"), it),
            None => Vec::new(),
        };
        let brand = it.take(row.record("brand")).and_then(|record| it.take(record.text("name").map_err(|it| it.under("brand"))));
        let weight = it.take(row.record("shipping")).and_then(|record| it.take(record.milli("weight").map_err(|it| it.under("shipping"))));
        // Nothing weighs nothing.
        let weight_grams = goods::grams(weight.filter(|it| it.value != 0), "shipping/weight", it);
        let (unit, units) = match it.take(row.record("units")) {
            Some(record) => {
                let unit = it.take(record.text("name").map_err(|it| it.under("units")));
                (unit, units(record.items("list").map_err(|it| it.under("units")), "units/list", options, it))
            }
            None => (None, Vec::new()),
        };
        let (stock, others_are_zero) = if options.stock_and_price { levels(row, it, kind, options) } else { (None, false) };
        let attributes = attributes(row, it);
        let updated = goods::updated(row, it);
        let description = it.take(row.verbatim("description"));
        let description = if description.is_some() { description } else { it.take(row.verbatim("content")) };
        Product {
            id: it.id.clone(),
            undecided: it.undecided,
            own_id: None,
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
pub fn read_price(key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<PriceChange, Refused> {
    open(Entity::Product, (key, value), "id", notes, |row, it| {
        let (_, kind) = family(row, it);
        let (prices, _) = prices(row, kind, options, it);
        PriceChange { product: it.id.clone(), prices: prices.unwrap_or(NO_PRICES) }
    })
}

const NO_PRICES: Prices = Prices { retail: None, compare_at: None, cost: None, wholesale: None, includes_vat: None };

/// Where a row stands in its family, and its kind: `type` is a number in the list and an object in the detail. A row of the stock list tells
/// neither: the host drops what it knows to be a head's.
pub fn family(row: &Record<'_>, it: &mut Reading<'_>) -> (Parent, ProductKind) {
    let type_id = match row.raw("type").and_then(Record::of) {
        Some(record) => record.integer("id").map_err(|it| it.under("type")),
        None => row.integer("type"),
    };
    rules::family(row, type_id, it)
}

/// An identifier that the list has flat and the detail in an object.
fn id_of(row: &Record<'_>, flat: &str, nested: &str) -> Result<Option<RemoteId>, Misfit> {
    match row.raw(nested).and_then(Record::of) {
        Some(record) => record.id("id").map_err(|it| it.under(nested)),
        None => row.id(flat),
    }
}

/// Prices, where the toggle is on, and the tax. The list has the tax among the prices, the detail in the row. A rate of 0 % has a number of
/// its own; 0 is none that was entered.
fn prices(row: &Record<'_>, kind: ProductKind, options: Options<'_>, it: &mut Reading<'_>) -> (Option<Prices>, Option<VatRate>) {
    let includes_vat = match it.take(row.integer("priceVatMode")) {
        Some(1) => Some(true),
        Some(2) => Some(false),
        _ => None,
    };
    let record = it.take(row.record("prices"));
    let mut prices = NO_PRICES;
    let mut retail = None;
    let (mut told, mut field) = (Ok(None), "prices/retailVat");
    if let Some(record) = &record {
        if options.stock_and_price {
            prices = goods::prices(record, &PRICES, kind, it);
            retail = prices.retail;
        } else {
            retail = record.money("retail").ok().flatten().map(|it| it.value).filter(|it| *it > 0);
        }
        told = record.integer("retailVat").map_err(|it| it.under("prices"));
    }
    if told.as_ref().is_ok_and(|told| told.is_none_or(|it| it == 0)) {
        (told, field) = (row.integer("vat"), "vat");
    }
    let told = told.map(|told| told.filter(|it| *it != 0));
    let vat = goods::vat(told, field, (retail, includes_vat), options.now, it);
    if !options.stock_and_price {
        return (None, vat);
    }
    if let (Some(_), Some(false), Some(VatRate::Percent(rate @ 1..))) = (retail, includes_vat, &vat)
        && kind != ProductKind::VariantParent
    {
        it.notes.price_before_vat(&it.id, (*rate).into());
    }
    (Some(Prices { includes_vat, ..prices }), vat)
}

/// `name` is the attribute here, and `value` its value.
fn attributes(row: &Record<'_>, it: &mut Reading<'_>) -> Vec<Attribute> {
    let items = row.items("attributes").unwrap_or_else(|misfit| left_out(misfit, it));
    let mut attributes = Vec::with_capacity(items.count_left());
    for (at, (_, item)) in items.enumerate() {
        let told = Record::of(item).and_then(|record| {
            let name = record.text("name").ok().flatten()?;
            Some(Attribute { name, value: record.text("value").ok().flatten()? })
        });
        goods::add_attribute(&mut attributes, told, &|| at.to_string(), it);
    }
    attributes
}
