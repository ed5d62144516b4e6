//! What both dialects write alike of a product: its id, amounts, levels, pictures, other units.
//!
//! A level is what Nhanh sent: nothing here may work one out, or turn an absent one into 0.

use crate::nhanh::tree::Value;

use crate::map::product::{self as rules, Options};
use crate::map::{Notes, no_record, refused};
use crate::nhanh::json::{self, Items, Misfit, Record};
use crate::vietnam::money::Fixed;
use crate::vietnam::text;
use crate::wit::catalog::{BranchStock, Prices, ProductKind, SellingUnit, StockLevel};
use crate::wit::connector::Refused;
use crate::wit::types::{Dong, RemoteId};

/// The id of a row: its own, else the key that it stands under.
#[must_use]
pub fn id(row: &Record<'_>, key: Option<&str>) -> Option<RemoteId> {
    let told = ["idNhanh", "productId", "id"].iter().find_map(|field| row.told(field));
    match told {
        Some(value) => json::id(value).map(std::borrow::Cow::into_owned),
        None => key.filter(|it| text::is_digits(it) && it.len() <= 64).map(str::to_owned),
    }
}

/// Opens a row and reads it. `name` is what the dialect calls the id.
///
/// # Errors
/// What cannot be read becomes a refusal of this row alone.
pub fn open<T>(
    key: Option<&str>,
    name: &str,
    value: &Value<'_>,
    read: impl FnOnce(&Record<'_>, RemoteId) -> Result<T, Misfit>,
) -> Result<T, Refused> {
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let Some(id) = id(&row, key) else { return Err(refused(None, Misfit::at(name, "an identifier"))) };
    read(&row, id.clone()).map_err(|misfit| refused(Some(id), misfit))
}

/// What a row is: where it stands in its family, and its kind. Each dialect spells that in its own way.
pub type Family = fn(&Record<'_>, &RemoteId) -> Result<(rules::Parent, ProductKind), Misfit>;

/// Levels alone; `None` for a row that has no stock of its own to tell. `name` is what the dialect calls the id.
///
/// # Errors
/// A field of it cannot be read.
pub fn stock(
    (key, value): (Option<&str>, &Value<'_>),
    name: &str,
    family: Family,
    options: Options<'_>,
    notes: &mut Notes,
) -> Result<Option<StockLevel>, Refused> {
    open(key, name, value, |row, id| {
        let (_, kind) = family(row, &id)?;
        let levels = levels(row, &id, kind, options, notes)?;
        Ok(levels.map(|levels| StockLevel { product: id, levels, others_are_zero: false, provisional: false }))
    })
}

/// Levels as the `inventoryChange` webhook tells them: the totals stand in the record itself.
///
/// # Errors
/// A field of it cannot be read.
pub fn delivered_stock(
    key: Option<&str>,
    value: &Value<'_>,
    options: Options<'_>,
    notes: &mut Notes,
) -> Result<Option<StockLevel>, Refused> {
    open(key, "id", value, |row, id| {
        // 3.0 tells the type: services and vouchers have no stock.
        let alone = rules::Parent { is_head: false, id: None };
        if !rules::has_stock(rules::kind(row.integer("typeId").ok().flatten(), &alone)) {
            return Ok(None);
        }
        let levels = inventory(row, &id, options, notes)?;
        Ok(levels.map(|levels| StockLevel { product: id, levels, others_are_zero: false, provisional: true }))
    })
}

/// Whole dong; a fraction is a note.
fn amount(row: &Record<'_>, inside: &str, field: &str, id: &RemoteId, notes: &mut Notes) -> Result<Option<Dong>, Misfit> {
    let Some(Fixed { value, exact }) = row.money(field)? else { return Ok(None) };
    if !exact {
        notes.price_rounded(id, &[inside, field].concat());
    }
    Ok(Some(value))
}

/// Where a dialect writes a product's prices.
#[derive(Clone, Copy, Debug)]
pub struct PriceFields {
    /// Where they stand in the row, with a slash after it.
    pub inside: &'static str,
    /// What was paid.
    pub import: &'static str,
    /// Before a reduction.
    pub old: &'static str,
    /// To a buyer.
    pub retail: &'static str,
    /// To a dealer.
    pub wholesale: &'static str,
    /// What was paid on average.
    pub average: &'static str,
    /// Prices that were never entered stand there as 0, so that a 0 tells nothing. Never the one to a buyer: that is a warning.
    pub zero_is_untold: bool,
}

/// A product's prices, by the names that the dialect has for them.
///
/// # Errors
/// One of them is no number.
pub fn prices(row: &Record<'_>, fields: &PriceFields, id: &RemoteId, kind: ProductKind, notes: &mut Notes) -> Result<Prices, Misfit> {
    let mut read = |field: &str| amount(row, fields.inside, field, id, notes);
    let told = |price: Option<Dong>| price.filter(|it| *it != 0 || !fields.zero_is_untold);
    let import = told(read(fields.import)?);
    let compare_at = told(read(fields.old)?);
    let retail = read(fields.retail)?;
    let wholesale = told(read(fields.wholesale)?);
    let cost = if import.is_some() { import } else { told(read(fields.average)?) };
    if retail == Some(0) && kind != ProductKind::VariantParent {
        notes.price_zero(id, &[fields.inside, fields.retail].concat());
    }
    Ok(Prices { retail, compare_at, cost, wholesale, includes_vat: None })
}

/// Addresses that a browser can open from anywhere, the main picture first, each once.
#[must_use]
pub fn images(main: Option<&Value<'_>>, others: Items<'_>) -> Vec<String> {
    let main = main.and_then(Value::as_str);
    let mut images: Vec<String> = Vec::with_capacity(usize::from(main.is_some()) + others.count_left());
    for image in main.into_iter().chain(others.filter_map(|(_, it)| it.as_str())) {
        let image = image.trim();
        if rules::is_absolute(image) && !images.iter().any(|it| it == image) {
            images.push(image.to_owned());
        }
    }
    images
}

/// Other units that a product is sold in.
///
/// # Errors
/// A field of one cannot be read.
pub fn units(items: Items<'_>, options: Options<'_>) -> Result<Vec<SellingUnit>, Misfit> {
    let mut units = Vec::new();
    for (at, (_, item)) in items.enumerate() {
        let Some(record) = Record::of(item) else { continue };
        let under = |misfit: Misfit| misfit.under(&at.to_string()).under("units");
        let Some(name) = record.text("name").map_err(under)? else { continue };
        let Some(factor) = record.milli("quantity").map_err(under)? else { continue };
        // 3.0 has several prices in an object.
        let nested = record.raw("price").and_then(Record::of);
        let price = match nested {
            _ if !options.stock_and_price => None,
            // There a price that was never entered is 0.
            Some(prices) => prices.money("retail").map_err(|it| under(it.under("price")))?.filter(|it| it.value != 0),
            None => record.money("price").map_err(under)?,
        };
        let price = price.map(|it| it.value);
        units.push(SellingUnit { name, factor: factor.value, price });
    }
    Ok(units)
}

/// Levels of a row, one entry a depot.
///
/// # Errors
/// A quantity cannot be read.
pub fn levels(
    row: &Record<'_>,
    id: &RemoteId,
    kind: ProductKind,
    options: Options<'_>,
    notes: &mut Notes,
) -> Result<Option<Vec<BranchStock>>, Misfit> {
    if !rules::has_stock(kind) {
        return Ok(None);
    }
    let Some(record) = row.record("inventory")? else { return Ok(None) };
    inventory(&record, id, options, notes).map_err(|misfit| misfit.under("inventory"))
}

/// One entry a depot. Totals alone say nothing about a branch, unless the grant covers exactly one.
fn inventory(record: &Record<'_>, id: &RemoteId, options: Options<'_>, notes: &mut Notes) -> Result<Option<Vec<BranchStock>>, Misfit> {
    let depots = record.items("depots")?;
    if depots.count_left() == 0 {
        let Some(branch) = options.only_branch else { return Ok(None) };
        return Ok(level(record, branch.to_owned(), id, notes)?.map(|it| vec![it]));
    }
    let mut levels = Vec::with_capacity(depots.count_left());
    for (at, (key, value)) in depots.enumerate() {
        let under = |misfit: Misfit| match key {
            Some(key) => misfit.under(key),
            None => misfit.under(&at.to_string()),
        };
        let under = |misfit: Misfit| under(misfit).under("depots");
        let depot = Record::of(value).ok_or_else(|| under(Misfit { pointer: String::new(), wanted: "an object" }))?;
        let branch = match key.filter(|it| text::is_digits(it)) {
            Some(key) => key.to_owned(),
            None => depot.id("id").map_err(under)?.ok_or_else(|| under(Misfit::at("id", "an identifier")))?,
        };
        levels.extend(level(&depot, branch, id, notes).map_err(under)?);
    }
    Ok(Some(levels))
}

/// `None` where the number to sell by is missing: it is never worked out from the others.
fn level(record: &Record<'_>, branch: RemoteId, id: &RemoteId, notes: &mut Notes) -> Result<Option<BranchStock>, Misfit> {
    let mut quantity = |field: &str| -> Result<Option<i64>, Misfit> {
        let Some(Fixed { value, exact }) = record.milli(field)? else { return Ok(None) };
        if !exact {
            notes.quantity_rounded(id, field);
        }
        Ok(Some(value))
    };
    let on_hand = quantity("remain")?.unwrap_or(0);
    let shipping = quantity("shipping")?.unwrap_or(0);
    let damaged = match quantity("damaged")? {
        Some(damaged) => damaged,
        None => quantity("damage")?.unwrap_or(0),
    };
    let reserved = quantity("holding")?.unwrap_or(0);
    let Some(available) = quantity("available")? else {
        notes.no_available(id, &branch);
        return Ok(None);
    };
    Ok(Some(BranchStock { branch, on_hand, reserved, shipping, damaged, available }))
}
