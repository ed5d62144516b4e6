//! Products of API 2.0: rows of the list, members of a detail, payloads of a webhook.
//!
//! Fields are asked for in the order in which the list sends them. What a field means for Nobi is decided in [`crate::map::product`].

use crate::nhanh::tree::Value;

use crate::map::product::{self as rules, Options};
use crate::map::{Notes, no_record, refused};
use crate::nhanh::json::{self, Items, Misfit, Record};
use crate::nhanh::words;
use crate::vietnam::money::Fixed;
use crate::vietnam::{text, time};
use crate::wit::catalog::{Attribute, BranchStock, PriceChange, Prices, Product, ProductKind, SellingUnit, StockLevel};
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

/// Opens a row and reads it; what cannot be read becomes a refusal of this row alone.
fn open<T>(key: Option<&str>, value: &Value<'_>, read: impl FnOnce(&Record<'_>, RemoteId) -> Result<T, Misfit>) -> Result<T, Refused> {
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let Some(id) = id(&row, key) else { return Err(refused(None, Misfit::at("idNhanh", "an identifier"))) };
    read(&row, id.clone()).map_err(|misfit| refused(Some(id), misfit))
}

/// A whole product.
///
/// # Errors
/// A field of it cannot be read.
pub fn read(key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused> {
    open(key, value, |row, id| {
        let own_id = row.text("privateId")?;
        let parent = rules::parent(row.integer("parentId"), row)?;
        let category = row.id("categoryId")?;
        let brand = row.text("brandName")?;
        let kind = rules::kind(row.integer("typeId")?, &parent);
        let sku = row.text("code")?;
        let barcode = row.text("barcode")?;
        let name = row.text("name")?.unwrap_or_default();
        let prices = if options.stock_and_price { Some(prices(row, &id, kind, notes)?) } else { None };
        let vat = row.integer("vat")?.and_then(rules::vat);
        let images = images(row)?;
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
            updated,
        })
    })
}

/// Levels alone. `None` for a row that has no stock of its own to tell.
///
/// # Errors
/// A field of it cannot be read.
pub fn read_stock(key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Option<StockLevel>, Refused> {
    open(key, value, |row, id| {
        let parent = rules::parent(row.integer("parentId"), row)?;
        let kind = rules::kind(row.integer("typeId")?, &parent);
        let levels = levels(row, &id, kind, options, notes)?;
        Ok(levels.map(|levels| StockLevel { product: id, levels, provisional: false }))
    })
}

/// Prices alone.
///
/// # Errors
/// A field of it cannot be read.
pub fn read_price(key: Option<&str>, value: &Value<'_>, notes: &mut Notes) -> Result<PriceChange, Refused> {
    open(key, value, |row, id| {
        let parent = rules::parent(row.integer("parentId"), row)?;
        let kind = rules::kind(row.integer("typeId")?, &parent);
        let prices = prices(row, &id, kind, notes)?;
        Ok(PriceChange { product: id, prices })
    })
}

/// Levels as the `inventoryChange` webhook tells them: the totals stand in the record itself.
///
/// # Errors
/// A field of it cannot be read.
pub fn read_delivered_stock(
    key: Option<&str>,
    value: &Value<'_>,
    options: Options<'_>,
    notes: &mut Notes,
) -> Result<Option<StockLevel>, Refused> {
    open(key, value, |row, id| {
        let levels = inventory(row, &id, options, notes)?;
        Ok(levels.map(|levels| StockLevel { product: id, levels, provisional: true }))
    })
}

fn amount(row: &Record<'_>, field: &str, id: &RemoteId, notes: &mut Notes) -> Result<Option<Dong>, Misfit> {
    let Some(Fixed { value, exact }) = row.money(field)? else { return Ok(None) };
    if !exact {
        notes.price_rounded(id, field);
    }
    Ok(Some(value))
}

fn prices(row: &Record<'_>, id: &RemoteId, kind: ProductKind, notes: &mut Notes) -> Result<Prices, Misfit> {
    let import = amount(row, "importPrice", id, notes)?;
    let compare_at = amount(row, "oldPrice", id, notes)?;
    let retail = amount(row, "price", id, notes)?;
    let wholesale = amount(row, "wholesalePrice", id, notes)?;
    let cost = if import.is_some() { import } else { amount(row, "avgCost", id, notes)? };
    if retail == Some(0) && kind != ProductKind::VariantParent {
        notes.price_zero(id);
    }
    Ok(Prices { retail, compare_at, cost, wholesale, includes_vat: None })
}

fn images(row: &Record<'_>) -> Result<Vec<String>, Misfit> {
    let main = row.told("image").and_then(Value::as_str);
    let others = row.items("images")?;
    let mut images: Vec<String> = Vec::with_capacity(usize::from(main.is_some()) + others.count_left());
    for image in main.into_iter().chain(others.filter_map(|(_, it)| it.as_str())) {
        let image = image.trim();
        if rules::is_absolute(image) && !images.iter().any(|it| it == image) {
            images.push(image.to_owned());
        }
    }
    Ok(images)
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

fn units(items: Items<'_>, options: Options<'_>) -> Result<Vec<SellingUnit>, Misfit> {
    let mut units = Vec::new();
    for (at, (_, item)) in items.enumerate() {
        let Some(record) = Record::of(item) else { continue };
        let under = |misfit: Misfit| misfit.under(&at.to_string()).under("units");
        let Some(name) = record.text("name").map_err(under)? else { continue };
        let Some(factor) = record.milli("quantity").map_err(under)? else { continue };
        let price = if options.stock_and_price { record.money("price").map_err(under)?.map(|it| it.value) } else { None };
        units.push(SellingUnit { name, factor: factor.value, price });
    }
    Ok(units)
}

fn levels(
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
    for (key, value) in depots {
        let name = key.unwrap_or("0");
        let under = |misfit: Misfit| misfit.under(name).under("depots");
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
