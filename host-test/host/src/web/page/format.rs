//! Numbers, money and times as people in Vietnam write them. Times are Hanoi's, whatever the reader's machine thinks.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::lang::Lang;
use crate::clock::{Instant, in_hanoi};

/// A whole number with its thousands apart: `1.234.567`, in English `1,234,567`.
pub(super) fn number(lang: Lang, number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mark = if lang == Lang::En { ',' } else { '.' };
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

/// A count.
pub(super) fn count(lang: Lang, count: u64) -> String {
    number(lang, i64::try_from(count).unwrap_or(i64::MAX))
}

/// Whole dong: `1.234.567 ₫`. The space does not break.
pub(super) fn money(dong: i64) -> String {
    format!("{}\u{a0}₫", number(Lang::Vi, dong))
}

/// `dd/MM/yyyy HH:mm` in Hanoi.
pub(super) fn time(at: Instant) -> String {
    in_hanoi(at)
}

/// The same for machines, with its offset.
pub(super) fn machine_time(at: Instant) -> String {
    let Ok(stamp) = Timestamp::from_millisecond(at) else { return String::new() };
    format!("{}+07:00", Offset::constant(7).to_datetime(stamp).strftime("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!(number(Lang::Vi, 1_234_567), "1.234.567");
        assert_eq!(number(Lang::En, -1_234_567), "-1,234,567");
        assert_eq!(number(Lang::Vi, 999), "999");
        assert_eq!(number(Lang::Vi, i64::MIN), "-9.223.372.036.854.775.808");
    }

    #[test]
    fn money_is_whole_dong_behind_a_space_that_does_not_break() {
        assert_eq!(money(1_234_567), "1.234.567\u{a0}₫");
        assert_eq!(money(0), "0\u{a0}₫");
    }

    #[test]
    fn times_are_hanoi_s() {
        // 2026-11-20 17:30:21 UTC is the next day in Hanoi.
        assert_eq!(time(1_795_195_821_000), "21/11/2026 00:30");
        assert_eq!(machine_time(1_795_195_821_000), "2026-11-21T00:30:21+07:00");
    }
}
