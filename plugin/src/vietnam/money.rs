//! Whole dong and exact thousandths.
//!
//! Nothing here may use a float for money, and nothing may round without saying so. Sums are made in 128 bits: no order overflows them.

use crate::wit::types::{Dong, Milli};

/// A number read with so many decimals, and whether it had no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The number times ten to the power of the decimals.
    pub value: i64,
    /// Nothing was rounded away.
    pub exact: bool,
}

/// How a number with too many decimals is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Money.
    HalfUp,
    /// Quantities.
    HalfEven,
}

/// Most places that an exponent may move the point: beyond it nothing fits that is not 0.
const FARTHEST: u32 = 40;

/// Digits of a number with an exponent, `1.5e3`, as digits without one.
fn without_exponent(whole: &str, fraction: &str, exponent: &str) -> Option<(String, String)> {
    let exponent: i32 = exponent.parse().ok().filter(|it: &i32| it.unsigned_abs() <= FARTHEST)?;
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let digits = [whole, fraction].concat();
    let before = usize::try_from(point).unwrap_or(0);
    let zeros = "0".repeat(usize::try_from(-point).unwrap_or(0));
    let after = before.saturating_sub(digits.len());
    let (left, right) = digits.split_at_checked(before.min(digits.len()))?;
    Some(([left, &"0".repeat(after)].concat(), [&zeros, right].concat()))
}

/// Reads a decimal number, exactly: `-12`, `12.5`, `.5`, `1.5e3`. `None` for anything else, or where it does not fit.
#[must_use]
pub fn read(text: &str, decimals: u32, rounding: Rounding) -> Option<Fixed> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (unsigned, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(it, exponent)| (it, Some(exponent)));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|it| it.is_ascii_digit()) {
        return None;
    }
    let moved = match exponent {
        Some(exponent) => Some(without_exponent(whole, fraction, exponent)?),
        None => None,
    };
    let (whole, fraction) = moved.as_ref().map_or((whole, fraction), |(whole, fraction)| (whole.as_str(), fraction.as_str()));
    let mut value: i64 = 0;
    let mut digits = whole.bytes().chain(fraction.bytes().chain(std::iter::repeat(b'0')).take(decimals as usize));
    digits.try_for_each(|digit| {
        value = value.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
        Some(())
    })?;
    let rest = fraction.get(decimals as usize..).unwrap_or_default().trim_end_matches('0');
    let up = match (rest.as_bytes().first(), rounding) {
        (None | Some(b'0'..=b'4'), _) => false,
        (Some(b'5'), Rounding::HalfUp) if rest.len() == 1 => !negative,
        (Some(b'5'), Rounding::HalfEven) if rest.len() == 1 => value % 2 != 0,
        _ => true,
    };
    let value = value.checked_add(i64::from(up))?;
    Some(Fixed { value: if negative { -value } else { value }, exact: rest.is_empty() })
}

/// The same for a number that JSON already made a float of. Nhanh's fractions have few digits, so that what was sent lies within a
/// ten-thousandth of the scaled float; a half is told from its neighbours by the same measure.
#[must_use]
pub fn from_float(number: f64, decimals: u32, rounding: Rounding) -> Option<Fixed> {
    const NEAR: f64 = 1e-4;
    let scaled = number * f64::from(10_u32.checked_pow(decimals)?);
    if !scaled.is_finite() || scaled.abs() >= 9e15 {
        return None;
    }
    let below = scaled.floor();
    let rest = scaled - below;
    // In range: checked above.
    let below = below as i64;
    let (up, exact) = if rest < NEAR {
        (false, true)
    } else if rest > 1.0 - NEAR {
        (true, true)
    } else if (rest - 0.5).abs() < NEAR {
        (rounding == Rounding::HalfUp || below % 2 != 0, false)
    } else {
        (rest > 0.5, false)
    };
    Some(Fixed { value: below + i64::from(up), exact })
}

/// Quantity times unit price, rounded half up to a dong.
#[must_use]
pub fn line_gross(quantity: Milli, unit_price: Dong) -> i128 {
    let thousandths = i128::from(quantity) * i128::from(unit_price);
    (thousandths + 500).div_euclid(1000)
}

/// Thousandths as a JSON number: `1.5`.
#[must_use]
pub fn quantity_text(quantity: Milli) -> String {
    let (whole, rest) = (quantity.unsigned_abs() / 1000, quantity.unsigned_abs() % 1000);
    let mut text = String::new();
    if quantity < 0 {
        text.push('-');
    }
    text.push_str(&whole.to_string());
    if rest != 0 {
        let fraction = (1000 + rest).to_string();
        text.push('.');
        text.push_str(fraction.get(1..).unwrap_or_default().trim_end_matches('0'));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, decimals: u32, rounding: Rounding) -> Option<(i64, bool)> {
        read(text, decimals, rounding).map(|it| (it.value, it.exact))
    }

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(value("120000", 0, Rounding::HalfUp), Some((120_000, true)));
        assert_eq!(value("120000.00", 0, Rounding::HalfUp), Some((120_000, true)));
        assert_eq!(value("1.5", 3, Rounding::HalfEven), Some((1500, true)));
        assert_eq!(value("-0.001", 3, Rounding::HalfEven), Some((-1, true)));
        assert_eq!(value(".5", 3, Rounding::HalfEven), Some((500, true)));
    }

    #[test]
    fn an_exponent_moves_the_point() {
        for (text, milli) in
            [("1e3", 1_000_000), ("1.5E+2", 150_000), ("-25e-1", -2500), ("5e-3", 5), ("0e40", 0), ("12.3456e2", 1_234_560)]
        {
            assert_eq!(value(text, 3, Rounding::HalfEven), Some((milli, true)), "{text}");
        }
        assert_eq!(value("5e-4", 3, Rounding::HalfEven), Some((0, false)));
        assert_eq!(value("1e-40", 0, Rounding::HalfUp), Some((0, false)));
    }

    #[test]
    fn money_rounds_half_up_and_quantities_half_to_even() {
        assert_eq!(value("0.5", 0, Rounding::HalfUp), Some((1, false)));
        assert_eq!(value("1.4999", 0, Rounding::HalfUp), Some((1, false)));
        assert_eq!(value("-0.5", 0, Rounding::HalfUp), Some((0, false)));
        assert_eq!(value("-1.51", 0, Rounding::HalfUp), Some((-2, false)));
        assert_eq!(value("0.0005", 3, Rounding::HalfEven), Some((0, false)));
        assert_eq!(value("0.0015", 3, Rounding::HalfEven), Some((2, false)));
        assert_eq!(value("0.00051", 3, Rounding::HalfEven), Some((1, false)));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "-",
            ".",
            "1,5",
            "1.2.3",
            "12a",
            "1e",
            "e3",
            "1e3.5",
            "1e400",
            "1e-2147483648",
            "1e2147483647",
            "1e+",
            "٣",
            "99999999999999999999",
        ] {
            assert_eq!(value(text, 0, Rounding::HalfUp), None, "{text}");
        }
        assert_eq!(from_float(f64::NAN, 0, Rounding::HalfUp), None);
        assert_eq!(from_float(1e300, 0, Rounding::HalfUp), None);
    }

    #[test]
    fn a_line_is_rounded_half_up() {
        assert_eq!(line_gross(1500, 99_999), 149_999);
        assert_eq!(line_gross(500, 1), 1);
        assert!(line_gross(i64::MAX, i64::MAX) > 0);
    }

    proptest! {
        #[test]
        fn a_quantity_is_written_as_it_is_read(quantity in any::<i32>()) {
            let text = quantity_text(i64::from(quantity));
            prop_assert_eq!(value(&text, 3, Rounding::HalfEven), Some((i64::from(quantity), true)));
        }

        #[test]
        fn a_float_of_three_decimals_is_exact(milli in -9_000_000_000_i64..9_000_000_000) {
            let float: f64 = quantity_text(milli).parse().unwrap();
            prop_assert_eq!(from_float(float, 3, Rounding::HalfEven), Some(Fixed { value: milli, exact: true }));
        }

        #[test]
        fn reading_never_fails(text in "[-+0-9.]{0,30}", decimals in 0_u32..4) {
            let _ = read(&text, decimals, Rounding::HalfUp);
        }
    }
}
