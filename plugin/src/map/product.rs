//! What a product row is: its kind, its family, its tax, its weight, and whether it has stock at all.
//!
//! A row is flat: standalone, head of a family, or a variant that names the head. Nothing here may work a stock figure out.

use crate::nhanh::json::{Misfit, Record};
use crate::settings::Settings;
use crate::vietnam::money::Fixed;
use crate::wit::catalog::{ProductKind, VatRate};
use crate::wit::types::RemoteId;

/// `parentId` of the head of a family.
const IS_PARENT: i64 = -2;
/// Product type ids (the whole table is in `words`).
const VOUCHER: i64 = 2;
const SERVICE: i64 = 6;
const COMBO: i64 = 9;

/// What the settings say about reading products.
#[derive(Clone, Copy, Debug)]
pub struct Options<'c> {
    /// The merchant's toggle. Off: prices and stock are absent, which is not 0.
    pub stock_and_price: bool,
    /// The only branch that the grant covers, where it is exactly one.
    pub only_branch: Option<&'c str>,
}

impl<'c> Options<'c> {
    /// By the settings of this call.
    #[must_use]
    pub fn of(settings: Settings<'c>) -> Self {
        Self { stock_and_price: settings.stock_and_price(), only_branch: settings.only_branch() }
    }
}

/// Where a row stands in its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The row is the head.
    pub is_head: bool,
    /// The head that the row names.
    pub id: Option<RemoteId>,
}

/// `parentId` of the row `id`: -2 a head, above 0 a variant of that head; -1, 0, "", null and absent stand alone, as does a row that names
/// itself.
///
/// # Errors
/// The field is neither a number nor an identifier.
pub fn parent(number: Result<Option<i64>, Misfit>, row: &Record<'_>, id: &RemoteId) -> Result<Parent, Misfit> {
    let head = match number {
        Ok(Some(IS_PARENT)) => return Ok(Parent { is_head: true, id: None }),
        Ok(Some(head)) if head > 0 => Some(head.to_string()),
        Ok(_) => None,
        // Too large for a number, and still an identifier.
        Err(_) => row.id("parentId")?,
    };
    Ok(Parent { is_head: false, id: head.filter(|head| head != id) })
}

/// What kind of row it is, by type and family.
#[must_use]
pub fn kind(type_id: Option<i64>, parent: &Parent) -> ProductKind {
    match type_id {
        _ if parent.is_head => ProductKind::VariantParent,
        Some(SERVICE) => ProductKind::Service,
        Some(VOUCHER) => ProductKind::Other,
        Some(COMBO) => ProductKind::Combo,
        _ if parent.id.is_some() => ProductKind::VariantChild,
        _ => ProductKind::Goods,
    }
}

/// A head's stock is a sum; services and vouchers have none.
#[must_use]
pub fn has_stock(kind: ProductKind) -> bool {
    matches!(kind, ProductKind::Goods | ProductKind::VariantChild | ProductKind::Combo)
}

/// Nhanh's special values stand below zero.
#[must_use]
pub fn vat(percent: i64) -> Option<VatRate> {
    match percent {
        -1 => Some(VatRate::NotTaxable),
        -2 => Some(VatRate::NotDeclared),
        -100 => Some(VatRate::Percent(0)),
        0..=100 => u32::try_from(percent).ok().map(VatRate::Percent),
        _ => None,
    }
}

/// Whole grams of a weight that may have a fraction; a negative weight is none.
#[must_use]
pub fn grams(weight: Fixed) -> Option<u32> {
    u32::try_from(weight.value.saturating_add(500).div_euclid(1000)).ok()
}

/// An address that a browser can open from anywhere.
#[must_use]
pub fn is_absolute(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}
