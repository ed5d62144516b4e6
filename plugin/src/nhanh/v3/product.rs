//! Products of API 3.0: rows of the list and of the stock list, and the detail form that webhooks use.
//!
//! Fields are asked for in the order in which the list sends them. What a field means for Nobi is decided in [`crate::map::product`].
//! The list has no description and no brand's name: they stay absent, which changes nothing at Nobi. Prices, tax and weight are numbers here even
//! where nothing was entered: their 0 is nothing told, but for the price to a buyer.

use crate::map::Notes;
use crate::map::product::{self as rules, Options, Parent};
use crate::nhanh::goods::{self, PriceFields, images, levels, open, units};
use crate::nhanh::json::{Items, Misfit, Record};
use crate::nhanh::tree::Value;
use crate::nhanh::words;
use crate::vietnam::time;
use crate::wit::catalog::{Attribute, PriceChange, Prices, Product, ProductKind, VatRate};
use crate::wit::connector::Refused;
use crate::wit::types::RemoteId;

/// Prices stand in an object of their own.
const PRICES: PriceFields = PriceFields {
    inside: "prices/",
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
/// A field of it cannot be read.
pub fn read(key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused> {
    open(key, "id", value, |row, id| {
        let (parent, kind) = family(row, &id)?;
        let sku = row.text("code")?;
        let barcode = row.text("barcode")?;
        let name = row.text("name")?.unwrap_or_default();
        let raw_status = row.text("status")?.map(|it| words::word_of(&words::PRODUCT_STATUSES, &it).to_owned()).unwrap_or_default();
        let category = id_of(row, "categoryId", "category")?;
        let vat = vat(row)?;
        let prices = if options.stock_and_price { Some(prices(row, &id, kind, notes)?) } else { None };
        // No product is lost for its pictures.
        let images = match row.record("images").ok().flatten() {
            Some(record) => images(record.told("avatar"), record.items("others").unwrap_or(Items::List([].iter()))),
            None => Vec::new(),
        };
        let brand = text_in(row, "brand", "name")?;
        let weight = match row.record("shipping")? {
            // Nothing weighs nothing.
            Some(record) => record.milli("weight").map_err(|it| it.under("shipping"))?.filter(|it| it.value != 0),
            None => None,
        };
        let (unit, units) = match row.record("units")? {
            Some(record) => {
                let under = |misfit: Misfit| misfit.under("units");
                (record.text("name").map_err(under)?, units(record.items("list").map_err(under)?, options)?)
            }
            None => (None, Vec::new()),
        };
        let stock = if options.stock_and_price { levels(row, &id, kind, options, notes)? } else { None };
        let attributes = attributes(row.items("attributes")?)?;
        let updated = row.integer("updatedAt")?.and_then(time::from_unix);
        let description = row.verbatim("description")?;
        let description = if description.is_some() { description } else { row.verbatim("content")? };
        Ok(Product {
            id,
            undecided: false,
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
    open(key, "id", value, |row, id| {
        let (_, kind) = family(row, &id)?;
        let prices = prices(row, &id, kind, notes)?;
        Ok(PriceChange { product: id, prices })
    })
}

/// Where a row stands in its family, and its kind: `type` is a number in the list and an object in the detail. A row of the stock list tells
/// neither: the host drops what it knows to be a head's.
///
/// # Errors
/// A field of it cannot be read.
pub fn family(row: &Record<'_>, id: &RemoteId) -> Result<(Parent, ProductKind), Misfit> {
    let parent = rules::parent(row.integer("parentId"), row, id)?;
    let type_id = match row.raw("type").and_then(Record::of) {
        Some(record) => record.integer("id").map_err(|it| it.under("type"))?,
        None => row.integer("type")?,
    };
    let kind = rules::kind(type_id, &parent);
    Ok((parent, kind))
}

/// An identifier that the list has flat and the detail in an object.
fn id_of(row: &Record<'_>, flat: &str, nested: &str) -> Result<Option<RemoteId>, Misfit> {
    match row.raw(nested).and_then(Record::of) {
        Some(record) => record.id("id").map_err(|it| it.under(nested)),
        None => row.id(flat),
    }
}

fn text_in(row: &Record<'_>, field: &str, inner: &str) -> Result<Option<String>, Misfit> {
    match row.record(field)? {
        Some(record) => record.text(inner).map_err(|it| it.under(field)),
        None => Ok(None),
    }
}

/// The list has it among the prices, the detail in the row. A rate of 0 % has a number of its own; 0 is none that was entered.
fn vat(row: &Record<'_>) -> Result<Option<VatRate>, Misfit> {
    let told = match row.record("prices")? {
        // A rate with a fraction is none that can be declared; the product is there all the same.
        Some(prices) => prices.integer("retailVat").ok().flatten(),
        None => None,
    };
    let told = if told.is_some() { told } else { row.integer("vat").ok().flatten() };
    Ok(told.filter(|it| *it != 0).and_then(rules::vat))
}

fn prices(row: &Record<'_>, id: &RemoteId, kind: ProductKind, notes: &mut Notes) -> Result<Prices, Misfit> {
    let includes_vat = match row.integer("priceVatMode")? {
        Some(1) => Some(true),
        Some(2) => Some(false),
        _ => None,
    };
    let told = match row.record("prices")? {
        Some(record) => goods::prices(&record, &PRICES, id, kind, notes).map_err(|it| it.under("prices"))?,
        None => Prices { retail: None, compare_at: None, cost: None, wholesale: None, includes_vat: None },
    };
    let sold = kind != ProductKind::VariantParent && told.retail.is_some_and(|it| it != 0);
    if sold
        && includes_vat == Some(false)
        && let Some(VatRate::Percent(rate @ 1..)) = vat(row)?
    {
        notes.price_before_vat(id, rate.into());
    }
    Ok(Prices { includes_vat, ..told })
}

/// `name` is the attribute here, and `value` its value.
fn attributes(items: Items<'_>) -> Result<Vec<Attribute>, Misfit> {
    let mut attributes = Vec::with_capacity(items.count_left());
    for (at, (_, item)) in items.enumerate() {
        let Some(record) = Record::of(item) else { continue };
        let under = |misfit: Misfit| misfit.under(&at.to_string()).under("attributes");
        let (name, value) = (record.text("name").map_err(under)?, record.text("value").map_err(under)?);
        attributes.extend(name.zip(value).map(|(name, value)| Attribute { name, value }));
    }
    Ok(attributes)
}
