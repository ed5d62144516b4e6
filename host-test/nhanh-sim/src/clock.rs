//! Time: an injected clock in unix milliseconds, and Nhanh's local strings (GMT+7 without an offset).
//!
//! Nothing else in the crate may ask the machine for the time of day.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// Where the simulator reads the time from: unix milliseconds.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// A clock of the test's own.
    pub fn new(read: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The machine's clock.
    pub fn system() -> Self {
        Self::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Unix milliseconds now.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A day in milliseconds.
pub(crate) const DAY_MS: i64 = 86_400_000;

const HANOI: Offset = jiff::tz::offset(7);

fn local(ms: i64) -> DateTime {
    Timestamp::from_millisecond(ms).map_or(DateTime::ZERO, |stamp| HANOI.to_datetime(stamp))
}

fn unix_ms(local: DateTime) -> Option<i64> {
    Some(local.to_zoned(TimeZone::fixed(HANOI)).ok()?.timestamp().as_millisecond())
}

/// `Y-m-d H:i:s` at GMT+7.
pub(crate) fn date_time(ms: i64) -> String {
    let at = local(ms);
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second())
}

/// `Y-m-d` at GMT+7.
pub(crate) fn date(ms: i64) -> String {
    let at = local(ms);
    format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day())
}

/// Reads `Y-m-d H:i:s` at GMT+7 into unix milliseconds.
pub(crate) fn parse_date_time(text: &str) -> Option<i64> {
    unix_ms(DateTime::strptime("%Y-%m-%d %H:%M:%S", text.trim()).ok()?)
}

/// Reads `Y-m-d` at GMT+7 into the unix milliseconds of its first moment.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    unix_ms(Date::strptime("%Y-%m-%d", text.trim()).ok()?.to_datetime(jiff::civil::Time::midnight()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_strings_are_seven_hours_ahead_and_read_back() {
        // Reference section 2.4: 1733387520 is 2024-12-05 15:32:00 +07:00.
        assert_eq!(date_time(1_733_387_520_000), "2024-12-05 15:32:00");
        assert_eq!(parse_date_time("2024-12-05 15:32:00"), Some(1_733_387_520_000));
        assert_eq!(date(parse_date("2026-11-20").unwrap()), "2026-11-20");
        assert_eq!((parse_date("20/11/2026"), parse_date_time("2026-11-20")), (None, None));
    }
}
