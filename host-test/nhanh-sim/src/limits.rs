//! The rate limit: 150 requests in 30 seconds for each (app, business, URL), with a lock that grows when it is ignored (reference section 2.4).
//!
//! Counts and clocks only; must never look into a request.

use std::collections::{HashMap, VecDeque};

use crate::settings::Pace;

type Key = (i64, i64, String);

/// A URL that is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    /// Whole seconds from now, rounded up.
    pub(crate) seconds: i64,
    /// When it opens, unix seconds, rounded up.
    pub(crate) until: i64,
}

#[derive(Debug, Default)]
struct Lane {
    recent: VecDeque<i64>,
    locked_until_ms: Option<i64>,
    strikes: i64,
}

/// The counts of every lane.
#[derive(Debug)]
pub(crate) struct Limits {
    pace: Pace,
    lanes: HashMap<Key, Lane>,
}

impl Limits {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, lanes: HashMap::new() }
    }

    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        self.lanes.clear();
    }

    /// Counts a request. `Err` when its lane is locked, or is locked by it.
    pub(crate) fn admit(&mut self, app: i64, business: i64, path: &str, now_ms: i64) -> Result<(), Locked> {
        let pace = self.pace;
        let lane = self.lanes.entry((app, business, path.to_owned())).or_default();
        match lane.locked_until_ms {
            Some(until) if now_ms < until => return Err(lane.lock(&pace, now_ms)),
            Some(_) => *lane = Lane::default(),
            None => {}
        }
        if pace.requests == u32::MAX {
            return Ok(());
        }
        let window = i64::try_from(pace.window.as_millis()).unwrap_or(i64::MAX);
        while lane.recent.front().is_some_and(|at| *at <= now_ms.saturating_sub(window)) {
            lane.recent.pop_front();
        }
        if lane.recent.len() >= usize::try_from(pace.requests).unwrap_or(usize::MAX) {
            return Err(lane.lock(&pace, now_ms));
        }
        lane.recent.push_back(now_ms);
        Ok(())
    }

    /// Locks a lane whatever its count is.
    pub(crate) fn lock(&mut self, app: i64, business: i64, path: &str, now_ms: i64) -> Locked {
        let pace = self.pace;
        self.lanes.entry((app, business, path.to_owned())).or_default().lock(&pace, now_ms)
    }
}

impl Lane {
    fn lock(&mut self, pace: &Pace, now_ms: i64) -> Locked {
        self.strikes += 1;
        let step = i64::try_from(pace.first_lock.as_millis()).unwrap_or(i64::MAX);
        let length = step.saturating_mul(self.strikes);
        let until = now_ms.saturating_add(length);
        self.locked_until_ms = Some(until);
        Locked { seconds: up(length), until: up(until) }
    }
}

fn up(ms: i64) -> i64 {
    ms.saturating_add(999) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_lock_is_per_url_grows_when_ignored_and_ends() {
        let mut limits = Limits::new(Pace { requests: 2, window: Duration::from_secs(30), first_lock: Duration::from_secs(10) });
        let mut ask = |path: &str, now| limits.admit(1, 2, path, now).map_err(|locked| locked.seconds);
        assert_eq!([ask("/a", 0), ask("/a", 1000), ask("/a", 2000)], [Ok(()), Ok(()), Err(10)]);
        assert_eq!(ask("/b", 2000), Ok(()));
        assert_eq!([ask("/a", 3000), ask("/a", 4000)], [Err(20), Err(30)]);
        assert_eq!(ask("/a", 34_000), Ok(()));
    }

    #[test]
    fn requests_older_than_the_window_are_forgotten() {
        let mut limits = Limits::new(Pace { requests: 1, window: Duration::from_secs(30), first_lock: Duration::from_secs(10) });
        assert!(limits.admit(1, 1, "/a", 0).is_ok());
        assert!(limits.admit(1, 1, "/a", 30_000).is_ok());
        assert!(limits.admit(1, 1, "/a", 59_999).is_err());
    }
}
