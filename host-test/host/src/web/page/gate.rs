//! Slows down whoever guesses passwords: so many wrong ones for a name, and that name waits. Holds names and times, never a password.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Instant;

/// Names that are remembered. Whoever tries more of them at once waits as well.
const NAMES: usize = 10_000;

/// Counts wrong passwords.
pub(super) struct Gate {
    tries: usize,
    window: i64,
    wrong: Mutex<HashMap<String, Vec<Instant>>>,
}

impl Gate {
    pub(super) fn new(tries: usize, window: Duration) -> Gate {
        Gate { tries, window: i64::try_from(window.as_millis()).unwrap_or(i64::MAX), wrong: Mutex::default() }
    }

    /// Takes a try for this name, before its password is looked at: so that many at once count, too. Refused: wait.
    pub(super) fn take(&self, name: &str, now: Instant) -> bool {
        let since = now.saturating_sub(self.window);
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= NAMES {
            wrong.retain(|_, times| times.last().is_some_and(|last| *last > since));
        }
        let full = wrong.len() >= NAMES;
        match wrong.get_mut(name) {
            Some(times) => {
                times.retain(|at| *at > since);
                let free = times.len() < self.tries;
                if free {
                    times.push(now);
                }
                free
            }
            None if full => false,
            None => {
                wrong.insert(name.to_owned(), vec![now]);
                true
            }
        }
    }

    /// The password was right: the name's tries are forgotten.
    pub(super) fn forget(&self, name: &str) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_waits_after_its_tries_and_others_do_not() {
        let gate = Gate::new(2, Duration::from_secs(60));
        assert!(gate.take("lan", 0) && gate.take("lan", 1_000));
        assert!(!gate.take("lan", 2_000));
        assert!(gate.take("mai", 2_000));
        assert!(gate.take("lan", 60_001), "the first try is over a minute old");
        gate.forget("mai");
        assert!(gate.take("mai", 2_000) && gate.take("mai", 2_000));
    }
}
