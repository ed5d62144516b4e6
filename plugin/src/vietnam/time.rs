//! Time: Nhanh writes `Y-m-d H:i:s` without an offset and means Vietnam, UTC+7, which has no daylight saving.
//!
//! There is no clock here: `now` comes with each call. Dates such as `0000-00-00` and `""` mean "none" and are read as such.

use crate::wit::types::Instant;

/// Milliseconds in a day.
pub const DAY: i64 = 86_400_000;
/// Vietnam's offset.
const OFFSET: i64 = 7 * 3_600_000;

/// Days since 1970-01-01 of a proleptic Gregorian date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day_of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// `Y-m-d` in Vietnam.
#[must_use]
pub fn date(instant: Instant) -> String {
    let (year, month, day) = civil_from_days((instant.saturating_add(OFFSET)).div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `Y-m-d H:i:s` in Vietnam; the rest of the second is dropped.
#[must_use]
pub fn date_time(instant: Instant) -> String {
    let seconds = instant.saturating_add(OFFSET).rem_euclid(DAY) / 1000;
    format!("{} {:02}:{:02}:{:02}", date(instant), seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn part(text: Option<&str>, from: i64, to: i64) -> Option<i64> {
    let text = text?;
    if text.is_empty() || text.len() > 4 || !text.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|it| (from..=to).contains(it))
}

/// Year, month and day of a real date in `Y-m-d`.
fn read_civil(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split('-');
    let (year, month, day) = (part(parts.next(), 1, 9999)?, part(parts.next(), 1, 12)?, part(parts.next(), 1, 31)?);
    let real = civil_from_days(days_from_civil(year, month, day)) == (year, month, day);
    (parts.next().is_none() && real).then_some((year, month, day))
}

/// A date in `Y-m-d`, written back in that form; `None` for `0000-00-00` and whatever is no date.
#[must_use]
pub fn read_date(text: &str) -> Option<String> {
    let (year, month, day) = read_civil(text.trim())?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// `Y-m-d H:i:s`, or `Y-m-d` for midnight, in Vietnam.
#[must_use]
pub fn read_date_time(text: &str) -> Option<Instant> {
    let (date, time) = text.trim().split_once(' ').unwrap_or((text.trim(), "00:00:00"));
    let (year, month, day) = read_civil(date)?;
    let mut parts = time.split(':');
    let (hour, minute) = (part(parts.next(), 0, 23)?, part(parts.next(), 0, 59)?);
    let second = match parts.next() {
        None => 0,
        some => part(some, 0, 59)?,
    };
    let seconds = hour * 3600 + minute * 60 + second;
    parts.next().is_none().then_some(days_from_civil(year, month, day) * DAY + seconds * 1000 - OFFSET)
}

/// Seconds since 1970, as Nhanh's newer fields have them; 0 means "none".
#[must_use]
pub fn from_unix(seconds: i64) -> Option<Instant> {
    (seconds > 0).then(|| seconds.checked_mul(1000)).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nhanh_means_vietnam() {
        assert_eq!(read_date_time("1970-01-01 07:00:00"), Some(0));
        assert_eq!(date_time(1_733_387_520_000), "2024-12-05 15:32:00");
        assert_eq!(date(1_733_418_000_000), "2024-12-06");
        assert_eq!(read_date_time("2026-11-20"), read_date_time("2026-11-20 00:00:00"));
    }

    #[test]
    fn what_means_none_is_none() {
        for text in ["", " ", "0000-00-00", "0000-00-00 00:00:00", "2026-02-30", "2026-13-01", "20/11/2026", "2026-11-20 25:00:00"] {
            assert_eq!(read_date_time(text), None, "{text}");
        }
        assert_eq!(read_date("0000-00-00"), None);
        assert_eq!(read_date("1990-5-7").as_deref(), Some("1990-05-07"));
        assert_eq!(from_unix(0), None);
    }

    proptest! {
        #[test]
        fn any_second_comes_back_and_agrees_with_a_calendar(seconds in -60_000_000_000_i64..250_000_000_000) {
            let text = date_time(seconds * 1000);
            let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(7));
            let known = jiff::Timestamp::from_second(seconds).unwrap().to_zoned(zone);
            prop_assert_eq!(&text, &known.strftime("%Y-%m-%d %H:%M:%S").to_string());
            prop_assert_eq!(read_date_time(&text), Some(seconds * 1000));
        }

        #[test]
        fn reading_never_fails(text in "[0-9: -]{0,24}") {
            let _ = read_date_time(&text);
        }
    }
}
