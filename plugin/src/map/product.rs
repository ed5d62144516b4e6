//! What a product row is: its kind, its family, its tax, its weight, and whether it has stock at all.
//!
//! A row is flat: standalone, head of a family, or a variant that names the head. Nothing here may work a stock figure out.

use crate::map::fields::Reading;
use crate::nhanh::json::{Misfit, Record};
use crate::settings::Settings;
use crate::vietnam::money::Fixed;
use crate::wit::catalog::{ProductKind, VatRate};
use crate::wit::types::{Dong, Instant, RemoteId};

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
    /// The row is one of a pull that tells whole products, so that levels which add up to the totals say that there are no others.
    pub whole: bool,
    /// The time of the call.
    pub now: Instant,
}

impl<'c> Options<'c> {
    /// By the settings of this call.
    #[must_use]
    pub fn of(settings: Settings<'c>) -> Self {
        Self { stock_and_price: settings.stock_and_price(), only_branch: settings.only_branch(), whole: false, now: settings.now() }
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

/// Where a row stands in its family, and its kind. A place that cannot be read leaves the record undecided, and the kind unknown where it
/// hangs on that; so does a type that cannot be read.
pub fn family(row: &Record<'_>, type_id: Result<Option<i64>, Misfit>, it: &mut Reading<'_>) -> (Parent, ProductKind) {
    let told = parent(row.integer("parentId"), row, &it.id);
    let lost = told.is_err();
    let parent = told.unwrap_or_else(|misfit| {
        it.left_out(&misfit);
        it.undecided = true;
        Parent { is_head: false, id: None }
    });
    let kind = match type_id {
        Ok(type_id) => kind(type_id, &parent),
        Err(misfit) => {
            it.left_out(&misfit);
            if parent.is_head { ProductKind::VariantParent } else { ProductKind::Unknown }
        }
    };
    let hangs_on_it = lost && kind == ProductKind::Goods;
    (parent, if hangs_on_it { ProductKind::Unknown } else { kind })
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

/// Rates that the law knows, in percent, each with the first moment of its time. 8 % stands for 10 % for a while, again and again: a row that
/// still says 8 when such a while has passed is read as what it was.
const RATES: [(u32, Instant); 4] = [(0, 0), (5, 0), (8, 1_643_648_400_000), (10, 0)];

/// What Nhanh tells about a product's tax.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tax {
    /// A rate, or that there is none.
    Rate(VatRate),
    /// An amount of money, and the rate that gives it, where one does.
    Amount(Option<u32>),
}

/// Nhanh's special values stand below zero; then come the legal rates; what is neither is an amount. `price_includes` tells whether the
/// price has the tax in it; untold, no rate can be found.
#[must_use]
pub fn tax(told: i64, price: Option<Dong>, price_includes: Option<bool>, now: Instant) -> Tax {
    match told {
        -1 => return Tax::Rate(VatRate::NotTaxable),
        -2 => return Tax::Rate(VatRate::NotDeclared),
        -100 => return Tax::Rate(VatRate::Percent(0)),
        _ => {}
    }
    let legal = || RATES.iter().filter(|(_, since)| *since <= now).map(|(rate, _)| *rate);
    if let Some(rate) = legal().find(|it| i64::from(*it) == told) {
        return Tax::Rate(VatRate::Percent(rate));
    }
    let base = match (price, price_includes) {
        (Some(price), Some(false)) => price,
        (Some(price), Some(true)) => price.saturating_sub(told),
        _ => return Tax::Amount(None),
    };
    let off = |rate: u32| (i128::from(base) * i128::from(rate) - i128::from(told) * 100).abs();
    // Of a price of a few dong more than one rate gives the amount.
    let found = legal().filter(|rate| *rate > 0 && off(*rate) <= 100).min_by_key(|rate| off(*rate));
    Tax::Amount(found.filter(|_| told > 0 && base > 0))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-30 in Vietnam.
    const NOW: Instant = 1_796_011_200_000;

    #[test]
    fn a_tax_is_a_special_code_then_a_legal_rate_then_an_amount() {
        let on_top = |told| tax(told, Some(100_000), Some(false), NOW);
        for (told, rate) in [
            (-1, VatRate::NotTaxable),
            (-2, VatRate::NotDeclared),
            (-100, VatRate::Percent(0)),
            (5, VatRate::Percent(5)),
            (8, VatRate::Percent(8)),
            (10, VatRate::Percent(10)),
        ] {
            assert_eq!(on_top(told), Tax::Rate(rate), "{told}");
        }
        for (told, rate) in [(8000, Some(8)), (8001, Some(8)), (7999, Some(8)), (8002, None), (10_000, Some(10)), (7, None), (-3, None)] {
            assert_eq!(on_top(told), Tax::Amount(rate), "{told}");
        }
        // The price has the tax in it, and nobody says what the price is.
        assert_eq!(tax(8000, Some(108_000), Some(true), NOW), Tax::Amount(Some(8)));
        assert_eq!(tax(8000, Some(100_000), Some(true), NOW), Tax::Amount(None));
        assert_eq!((tax(8000, Some(100_000), None, NOW), tax(8000, None, Some(false), NOW)), (Tax::Amount(None), Tax::Amount(None)));
        // 8 % was no rate before 2022-02-01.
        assert_eq!(tax(8, Some(100_000), Some(false), 1_643_648_400_000 - 1), Tax::Amount(None));
        assert_eq!(tax(i64::MIN, Some(i64::MIN), Some(true), NOW), Tax::Amount(None), "nothing overflows");
    }
}
