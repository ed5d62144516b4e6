//! An exact quantity in thousandths: weighed goods are sold by the gram, and a float would drift.
//!
//! Must never be computed with floating point; a float appears only where a JSON number is written or read.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Serialize, Serializer};

/// A number of pieces (or kilograms) in thousandths; may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// That many thousandths.
    pub const fn thousandths(count: i64) -> Self {
        Self(count)
    }

    /// That many whole pieces.
    pub const fn units(count: i64) -> Self {
        Self(count.saturating_mul(1000))
    }

    /// The quantity in thousandths.
    pub const fn as_thousandths(self) -> i64 {
        self.0
    }

    /// Quantity × unit price in dong, rounded half away from zero to a whole dong.
    pub fn times_price(self, price: i64) -> i64 {
        let exact = i128::from(self.0) * i128::from(price);
        let rounded = (exact.abs() + 500) / 1000 * exact.signum();
        i64::try_from(rounded).unwrap_or(i64::MAX)
    }

    /// Reads `3`, `-1.25` or `0.5`; digits beyond the third decimal are cut off. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part: String = part.chars().chain("000".chars()).take(3).collect();
        let count = whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(part.parse::<i64>().ok()?)?;
        Some(Self(if negative { -count } else { count }))
    }
}

impl From<i64> for Quantity {
    fn from(units: i64) -> Self {
        Self::units(units)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, size) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, part) = (size / 1000, size % 1000);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:03}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

impl Serialize for Quantity {
    /// A JSON number: an integer when whole, else a decimal that reads back exactly.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 { serializer.serialize_i64(self.0 / 1000) } else { serializer.serialize_f64(self.0 as f64 / 1000.0) }
    }
}

impl Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Quantity {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Quantity {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Quantity {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_decimals_exactly() {
        for text in ["0", "3", "-4", "0.5", "-1.25", "12.345"] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Quantity::parse("1.2345"), Some(Quantity::thousandths(1234)));
        assert_eq!([Quantity::parse("x"), Quantity::parse(""), Quantity::parse("1e3")], [None; 3]);
        assert_eq!(serde_json::to_string(&[Quantity::thousandths(1250), Quantity::units(2)]).unwrap(), "[1.25,2]");
    }

    #[test]
    fn a_line_is_rounded_half_up_to_a_dong() {
        assert_eq!(Quantity::thousandths(1500).times_price(33_333), 50_000);
        assert_eq!(Quantity::units(2).times_price(120_000), 240_000);
    }
}
