//! What both dialects write alike of a product: its id, amounts, tax, levels, pictures, other units.
//!
//! A level is what Nhanh sent: nothing here may work one out, or turn an absent one into 0.

use crate::nhanh::tree::Value;

use crate::map::fields::Reading;
use crate::map::product::{self as rules, Options};
use crate::map::{Notes, no_record, refused};
use crate::nhanh::json::{self, Items, Misfit, Record};
use crate::vietnam::money::Fixed;
use crate::vietnam::{text, time};
use crate::wit::catalog::{Attribute, BranchStock, Prices, ProductKind, SellingUnit, StockLevel, VatRate};
use crate::wit::connector::Refused;
use crate::wit::types::{Dong, Entity, Instant, RemoteId};

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
/// It has no id that can be read, or no parser can read it: a refusal of this row alone.
pub fn open<T>(
    entity: Entity,
    (key, value): (Option<&str>, &Value<'_>),
    name: &str,
    notes: &mut Notes,
    read: impl FnOnce(&Record<'_>, &mut Reading<'_>) -> T,
) -> Result<T, Refused> {
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let id = id(&row, key);
    if let Some(broken) = row.broken() {
        return Err(refused(id, Misfit::at(broken, "JSON that can be read")));
    }
    let Some(id) = id else { return Err(refused(None, Misfit::at(name, "an identifier"))) };
    Ok(read(&row, &mut Reading { entity, id, notes, undecided: false }))
}

/// What a row is: where it stands in its family, and its kind. Each dialect spells that in its own way.
pub type Family = fn(&Record<'_>, &mut Reading<'_>) -> (rules::Parent, ProductKind);

/// Levels alone; `None` for a row that has no stock of its own to tell. `name` is what the dialect calls the id.
///
/// # Errors
/// It has no id that can be read.
pub fn stock(
    row: (Option<&str>, &Value<'_>),
    name: &str,
    family: Family,
    options: Options<'_>,
    notes: &mut Notes,
) -> Result<Option<StockLevel>, Refused> {
    open(Entity::Product, row, name, notes, |row, it| {
        let (_, kind) = family(row, it);
        let (levels, others_are_zero) = levels(row, it, kind, options);
        levels.map(|levels| StockLevel { product: it.id.clone(), levels, others_are_zero, provisional: false })
    })
}

/// Levels as the `inventoryChange` webhook tells them: the totals stand in the record itself.
///
/// # Errors
/// It has no id that can be read.
pub fn delivered_stock(
    key: Option<&str>,
    value: &Value<'_>,
    options: Options<'_>,
    notes: &mut Notes,
) -> Result<Option<StockLevel>, Refused> {
    open(Entity::Product, (key, value), "id", notes, |row, it| {
        // 3.0 tells the type: services and vouchers have no stock.
        let (_, kind) = rules::family(row, row.integer("typeId"), it);
        if !rules::has_stock(kind) {
            return None;
        }
        let (levels, _) = inventory(row, "", it, kind, options);
        let levels = levels.filter(|it| !it.is_empty())?;
        Some(StockLevel { product: it.id.clone(), levels, others_are_zero: false, provisional: true })
    })
}

/// Where a dialect writes a product's prices.
#[derive(Clone, Copy, Debug)]
pub struct PriceFields {
    /// The object that they stand in; empty where that is the row.
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

/// A price as it was told.
enum Told {
    Nothing,
    Unusable,
    Price(Dong),
}

fn amount(row: &Record<'_>, fields: &PriceFields, field: &str, it: &mut Reading<'_>) -> Told {
    let pointer = || if fields.inside.is_empty() { field.to_owned() } else { [fields.inside, "/", field].concat() };
    let Fixed { value, exact } = match row.money(field) {
        Ok(None) => return Told::Nothing,
        Ok(Some(Fixed { value: 0, .. })) if fields.zero_is_untold && field != fields.retail => return Told::Nothing,
        Ok(Some(told)) => told,
        Err(misfit) => {
            it.left_out(&if fields.inside.is_empty() { misfit } else { misfit.under(fields.inside) });
            return Told::Unusable;
        }
    };
    if value < 0 {
        it.notes.price_negative(&it.id, &pointer());
        return Told::Unusable;
    }
    // Fractions of a dong are rounded.
    if !exact {
        it.notes.price_rounded(&it.id, &pointer());
    }
    Told::Price(value)
}

/// A product's prices, by the names that the dialect has for them. One that is not above 0 is none, nor is a cost below 0.
pub fn prices(row: &Record<'_>, fields: &PriceFields, kind: ProductKind, it: &mut Reading<'_>) -> Prices {
    let import = amount(row, fields, fields.import, it);
    let mut price = |field: &str| match amount(row, fields, field, it) {
        Told::Price(0) => {
            // Nobody buys the head of a family.
            if kind != ProductKind::VariantParent {
                let pointer = if fields.inside.is_empty() { field.to_owned() } else { [fields.inside, "/", field].concat() };
                it.notes.price_zero(&it.id, &pointer);
            }
            None
        }
        Told::Price(price) => Some(price),
        _ => None,
    };
    let compare_at = price(fields.old);
    let retail = price(fields.retail);
    let wholesale = price(fields.wholesale);
    let cost = match import {
        Told::Price(cost) => Some(cost),
        // What was paid is told, and nobody knows what it is: the average is something else.
        Told::Unusable => None,
        Told::Nothing => match amount(row, fields, fields.average, it) {
            Told::Price(cost) => Some(cost),
            _ => None,
        },
    };
    Prices { retail, compare_at, cost, wholesale, includes_vat: None }
}

/// A product's tax: a rate as it is told, or the one that a told amount gives.
pub fn vat(
    told: Result<Option<i64>, Misfit>,
    field: &str,
    (price, price_includes): (Option<Dong>, Option<bool>),
    now: Instant,
    it: &mut Reading<'_>,
) -> Option<VatRate> {
    let told = it.take(told)?;
    match rules::tax(told, price, price_includes, now) {
        rules::Tax::Rate(rate) => Some(rate),
        rules::Tax::Amount(rate) => {
            it.notes.vat_as_amount(&it.id, field, told, rate);
            rate.map(VatRate::Percent)
        }
    }
}

/// When a record was last edited. 0 is never; what no clock ever shows is no time.
pub fn updated(row: &Record<'_>, it: &mut Reading<'_>) -> Option<Instant> {
    const FIELD: &str = "updatedAt";
    let seconds = it.take(row.integer(FIELD)).filter(|it| *it != 0)?;
    let instant = time::from_unix(seconds);
    if instant.is_none() {
        it.left_out(&Misfit::at(FIELD, "a time"));
    }
    instant
}

/// Whole grams of a weight.
pub fn grams(weight: Option<Fixed>, field: &str, it: &mut Reading<'_>) -> Option<u32> {
    let grams = rules::grams(weight?);
    if grams.is_none() {
        it.left_out(&misfit_at(field, "a weight"));
    }
    grams
}

/// A misfit at a path, its parts with slashes between them.
fn misfit_at(path: &str, wanted: &'static str) -> Misfit {
    Misfit { pointer: ["/", path].concat(), wanted }
}

/// Addresses that a browser can open from anywhere, the main picture first, each once. `inside` is where the pictures stand, and `main` and
/// `others` what they are called there.
pub fn images(row: &Record<'_>, inside: &str, (main, others): (&str, &str), it: &mut Reading<'_>) -> Vec<String> {
    let path = |field: &str| if inside.is_empty() { field.to_owned() } else { [inside, "/", field].concat() };
    let mut images: Vec<String> = Vec::new();
    let mut add = |value: &Value<'_>, it: &mut Reading<'_>, field: &dyn Fn() -> String| match value.as_str() {
        Some(image) => {
            let image = image.trim();
            if rules::is_absolute(image) && !images.iter().any(|it| it == image) {
                images.push(image.to_owned());
            }
        }
        None if json::is_none(value) => {}
        None => it.left_out(&misfit_at(&field(), "a text")),
    };
    if let Some(image) = row.told(main) {
        add(image, it, &|| path(main));
    }
    match row.items(others) {
        Ok(items) => {
            for (at, (_, image)) in items.enumerate() {
                add(image, it, &|| format!("{}/{at}", path(others)));
            }
        }
        Err(misfit) => it.left_out(&if inside.is_empty() { misfit } else { misfit.under(inside) }),
    }
    images
}

/// Other units that a product is sold in. `path` is where they stand. One that lacks its name or its size is left out.
pub fn units(items: Result<Items<'_>, Misfit>, path: &str, options: Options<'_>, it: &mut Reading<'_>) -> Vec<SellingUnit> {
    let mut units = Vec::new();
    for (at, (_, item)) in items.unwrap_or_else(|misfit| left_out(misfit, it)).enumerate() {
        let under = |field: &str| format!("{path}/{at}{field}");
        let found = Record::of(item).and_then(|record| {
            let name = record.name("name").ok().flatten()?;
            let factor = record.milli("quantity").ok().flatten().filter(|it| it.value > 0)?;
            Some((record, name, factor.value))
        });
        let Some((record, name, factor)) = found else {
            it.left_out(&misfit_at(&under(""), "a unit with a name and a quantity"));
            continue;
        };
        // 3.0 has several prices in an object.
        let (told, field) = match record.raw("price").and_then(Record::of) {
            _ if !options.stock_and_price => (Ok(None), ""),
            Some(prices) => (prices.money("retail"), "/price/retail"),
            None => (record.money("price"), "/price"),
        };
        let price = match told {
            Ok(told) => told.map(|it| it.value),
            Err(misfit) => {
                it.left_out(&misfit_at(&under(field), misfit.wanted));
                None
            }
        };
        if price.is_some_and(|it| it < 0) {
            it.notes.price_negative(&it.id, &under(field));
        }
        // A price that was never entered may stand there as 0.
        units.push(SellingUnit { name, factor, price: price.filter(|it| *it > 0) });
    }
    units
}

/// An attribute of a product; one that lacks its name or its value is left out. `at` says where in the list it stands.
pub fn add_attribute(attributes: &mut Vec<Attribute>, told: Option<Attribute>, at: &dyn Fn() -> String, it: &mut Reading<'_>) {
    match told {
        Some(told) => attributes.push(told),
        None => it.left_out(&misfit_at(&["attributes/", &at()].concat(), "an attribute with a name and a value")),
    }
}

/// No members of a list that cannot be read.
pub fn left_out<'t>(misfit: Misfit, it: &mut Reading<'_>) -> Items<'t> {
    it.left_out(&misfit);
    Items::List([].iter())
}

/// Levels of a row, one entry a depot, and whether there are none at any other depot.
pub fn levels(row: &Record<'_>, it: &mut Reading<'_>, kind: ProductKind, options: Options<'_>) -> (Option<Vec<BranchStock>>, bool) {
    if !rules::has_stock(kind) {
        return (None, false);
    }
    match it.take(row.record("inventory")) {
        Some(record) => inventory(&record, "inventory/", it, kind, options),
        None => (None, false),
    }
}

/// One entry a depot. Totals alone say nothing about a branch, unless the grant covers exactly one, or they add up to nothing.
fn inventory(
    record: &Record<'_>,
    inside: &str,
    it: &mut Reading<'_>,
    kind: ProductKind,
    options: Options<'_>,
) -> (Option<Vec<BranchStock>>, bool) {
    let depots = match record.items("depots") {
        Ok(depots) => depots,
        Err(misfit) => {
            it.left_out(&misfit_at(&[inside, "depots"].concat(), misfit.wanted));
            return (None, false);
        }
    };
    let listed = depots.count_left();
    if listed == 0
        && let Some(branch) = options.only_branch
    {
        return (level(record, &|| inside.to_owned(), branch.to_owned(), it).map(|level| vec![level]), false);
    }
    let mut levels: Vec<BranchStock> = Vec::with_capacity(listed);
    let (mut whole, mut contradicted) = (true, Vec::new());
    for (at, (key, value)) in depots.enumerate() {
        let at = || format!("{inside}depots/{}/", key.map_or_else(|| at.to_string(), str::to_owned));
        let branch = match (Record::of(value), key.filter(|it| text::is_digits(it))) {
            (Some(depot), Some(key)) => Ok((depot, key.to_owned())),
            (Some(depot), None) => depot.id("id").ok().flatten().map(|id| (depot, id)).ok_or(("id", "an identifier")),
            (None, _) => Err(("", "an object")),
        };
        let found = match branch {
            Ok((depot, branch)) => level(&depot, &at, branch, it),
            Err((field, wanted)) => {
                it.left_out(&misfit_at([at().as_str(), field].concat().trim_end_matches('/'), wanted));
                None
            }
        };
        match found {
            Some(found) => match levels.iter().find(|it| it.branch == found.branch) {
                Some(same) if *same == found => {}
                Some(_) => contradicted.push(found.branch),
                None => levels.push(found),
            },
            None => whole = false,
        }
    }
    for branch in contradicted {
        it.notes.depot_repeated(&it.id, &branch);
        levels.retain(|it| it.branch != branch);
        whole = false;
    }
    let adds_up = options.whole && whole && kind != ProductKind::Combo && adds_up(record, inside, &levels, it);
    // Without a single depot and without a sum of nothing, nothing is told of any branch.
    ((listed > 0 || adds_up).then_some(levels), adds_up)
}

/// `None` where the number to sell by is missing, which is never worked out from the others, or a figure cannot be read. `at` says where the
/// record stands, with a slash after it.
fn level(record: &Record<'_>, at: &dyn Fn() -> String, branch: RemoteId, it: &mut Reading<'_>) -> Option<BranchStock> {
    let mut unread = false;
    let mut quantity = |field: &str| match record.milli(field) {
        Ok(None) => None,
        Ok(Some(Fixed { value, exact })) => {
            if !exact {
                it.notes.quantity_rounded(&it.id, field);
            }
            Some(value)
        }
        Err(misfit) => {
            it.left_out(&misfit_at(&[at().as_str(), field].concat(), misfit.wanted));
            unread = true;
            None
        }
    };
    let on_hand = quantity("remain").unwrap_or(0);
    let shipping = quantity("shipping").unwrap_or(0);
    let damaged = quantity("damaged").or_else(|| quantity("damage")).unwrap_or(0);
    let reserved = quantity("holding").unwrap_or(0);
    let available = quantity("available");
    if unread {
        return None;
    }
    let Some(available) = available else {
        it.notes.no_available(&it.id, &branch);
        return None;
    };
    Some(BranchStock { branch, on_hand, reserved, shipping, damaged, available })
}

/// Whether the listed levels are the row's own totals in every figure, so that nothing is left for a depot that is not listed. Totals that
/// the row does not tell, or that cannot be read, say nothing.
fn adds_up(record: &Record<'_>, inside: &str, levels: &[BranchStock], it: &mut Reading<'_>) -> bool {
    type Figure = fn(&BranchStock) -> i64;
    let figures: [(&str, Figure); 4] =
        [("remain", |it| it.on_hand), ("shipping", |it| it.shipping), ("holding", |it| it.reserved), ("available", |it| it.available)];
    let (mut adds_up, mut differs) = (true, false);
    for (field, figure) in figures {
        let sum: i128 = levels.iter().map(|it| i128::from(figure(it))).sum();
        match record.milli(field) {
            Ok(Some(total)) => differs |= i128::from(total.value) != sum,
            // What nobody holds, nor is on its way, may be left out as it is at the depots.
            Ok(None) => adds_up &= sum == 0 && matches!(field, "shipping" | "holding"),
            Err(misfit) => {
                it.left_out(&misfit_at(&[inside, field].concat(), misfit.wanted));
                adds_up = false;
            }
        }
    }
    if differs {
        it.notes.totals_differ(&it.id);
    }
    adds_up && !differs
}
