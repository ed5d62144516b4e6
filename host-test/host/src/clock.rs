//! The host's clock, injected everywhere time matters, so that a test can move it. Never reads the system's time but in [`Clock::system`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Instant = i64;

/// How far a clock may go back without anybody minding: machines are put right by a little all the time.
const PUT_RIGHT: Instant = 30_000;

/// Where the host reads the time.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// The latest time that anybody read here.
    latest: Arc<AtomicI64>,
}

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<watch::Sender<Instant>>),
    /// How far it is ahead of the machine's.
    Leaping(Arc<watch::Sender<Instant>>),
}

fn system() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Instant::try_from(since.as_millis()).unwrap_or(Instant::MAX)
}

/// `dd/MM/yyyy HH:mm` in Hanoi, as people in Vietnam read a time.
pub(crate) fn in_hanoi(at: Instant) -> String {
    let Ok(stamp) = jiff::Timestamp::from_millisecond(at) else { return String::new() };
    let there = jiff::tz::Offset::constant(7).to_datetime(stamp);
    format!("{:02}/{:02}/{:04} {:02}:{:02}", there.day(), there.month(), there.year(), there.hour(), there.minute())
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock::of(Source::System)
    }

    /// A clock that stands still until it is moved.
    pub fn manual(start: Instant) -> Clock {
        Clock::of(Source::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// A clock that goes as the machine's, and leaps over the time in which nothing is due: for what waits minutes by nature, and must not take
    /// them. Whoever works until nothing is due leaps; everybody who shares it leaps along.
    pub fn leaping() -> Clock {
        Clock::leaping_from_before(Duration::ZERO)
    }

    /// The same, so far behind the machine's at first: what is leapt over afterwards leads to no time that is still to come.
    pub fn leaping_from_before(behind: Duration) -> Clock {
        let behind = i64::try_from(behind.as_millis()).unwrap_or(i64::MAX);
        Clock::of(Source::Leaping(Arc::new(watch::Sender::new(-behind))))
    }

    fn of(source: Source) -> Clock {
        Clock { source, latest: Arc::new(AtomicI64::new(Instant::MIN)) }
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        let now = self.shown();
        self.witness(now);
        now
    }

    fn shown(&self) -> Instant {
        match &self.source {
            Source::System => system(),
            Source::Manual(time) => *time.borrow(),
            Source::Leaping(ahead) => system().saturating_add(*ahead.borrow()),
        }
    }

    /// Somebody read this time, such as a host that ended since.
    pub(crate) fn witness(&self, at: Instant) {
        self.latest.fetch_max(at, Ordering::AcqRel);
    }

    /// The time now, where it is well before one that was read already: the clock had jumped ahead, and has come back. What was written down
    /// meanwhile lies in the future; whoever mends that says so by [`Self::mended`].
    pub(crate) fn came_back(&self) -> Option<Instant> {
        let now = self.shown();
        (now.saturating_add(PUT_RIGHT) < self.latest.load(Ordering::Acquire)).then_some(now)
    }

    /// What lay after this time was mended.
    pub(crate) fn mended(&self, at: Instant) {
        self.latest.store(at, Ordering::Release);
    }

    /// Puts a manual clock to another time, be it earlier.
    pub fn set(&self, to: Instant) {
        if let Source::Manual(time) = &self.source {
            time.send_replace(to);
        }
    }

    /// Moves a manual clock forward, and one that leaps; a system clock does not move.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) | Source::Leaping(time) = &self.source {
            time.send_modify(|time| *time = time.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)));
        }
    }

    /// Nothing is due before `at`: a clock that leaps shows it now. Any other one stays as it is.
    pub fn leap(&self, at: Instant) {
        if let Source::Leaping(_) = &self.source {
            self.advance(Duration::from_millis(u64::try_from(at.saturating_sub(self.now())).unwrap_or(0)));
        }
    }

    /// Waits until the clock shows `at` or later.
    pub async fn sleep_until(&self, at: Instant) {
        match &self.source {
            Source::System => {
                let left = u64::try_from(at.saturating_sub(self.now())).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(left)).await;
            }
            Source::Manual(time) => {
                // The sender lives in `self`, so the wait ends only when the time has come.
                let _ = time.subscribe().wait_for(|now| *now >= at).await;
            }
            Source::Leaping(ahead) => {
                let mut leaps = ahead.subscribe();
                loop {
                    let left = at.saturating_sub(system().saturating_add(*leaps.borrow_and_update()));
                    let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else { return };
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(left)) => {}
                        _ = leaps.changed() => {}
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers_when_it_is_moved() {
        let clock = Clock::manual(1_000);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(3_000).await;
                clock.now()
            }
        });
        clock.advance(Duration::from_secs(1));
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleeper.await.expect("the sleeper ends"), 3_000);
    }

    #[test]
    fn a_clock_that_comes_back_is_told_from_one_that_is_put_right() {
        let clock = Clock::manual(1_000_000);
        assert_eq!((clock.now(), clock.came_back()), (1_000_000, None));
        clock.set(1_000_000 - PUT_RIGHT);
        assert_eq!(clock.came_back(), None);
        clock.set(1_000_000 - PUT_RIGHT - 1);
        assert_eq!(clock.clone().came_back(), Some(1_000_000 - PUT_RIGHT - 1), "whoever shares it sees it, too");
        clock.mended(clock.now());
        assert_eq!(clock.came_back(), None);
        clock.witness(2_000_000);
        assert!(clock.came_back().is_some());
    }

    #[tokio::test]
    async fn a_leap_wakes_the_sleepers_and_never_goes_back() {
        let clock = Clock::leaping();
        let began = clock.now();
        let hour = Duration::from_secs(3_600);
        let at = began + 3_600_000;
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(at).await }
        });
        clock.leap(at);
        tokio::time::timeout(hour, sleeper).await.expect("it is woken").expect("the sleeper ends");
        clock.leap(began);
        assert!(clock.now() >= at);
        let system = Clock::system();
        system.leap(system.now() + 3_600_000);
        assert!(system.now() < at, "the machine's clock is nobody's to move");
    }
}
