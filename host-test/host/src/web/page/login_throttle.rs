//! Login throttle: how often an address may try a name. Counts tries, and never looks at a password.
//!
//! The attack: whoever guesses passwords; and whoever locks others out by guessing wrong on purpose. The rule: tries are counted for a name *from
//! one address*, and for an address over all names; nobody waits for what another address does, and a full table forgets its oldest entry instead
//! of refusing everybody. Several hosts can share it behind [`LoginThrottle`].

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::clock::Instant;
use crate::web::{Network, PeerAddress};

/// Entries that each table remembers.
const ENTRIES: usize = 10_000;
/// An address may try so many times as often as one name from it: several people sit behind one.
const NAMES_AT_ONE_ADDRESS: usize = 6;

/// Where tries are counted.
pub(super) trait LoginThrottle: Send + Sync {
    /// Takes a try, before the password is looked at, so that many at once count as well. Refused: how long to wait, in milliseconds.
    fn take(&self, from: PeerAddress, name: &str, now: Instant) -> Result<(), i64>;

    /// The password was right: the tries of this name from this address are forgotten.
    fn forget(&self, from: PeerAddress, name: &str);

    /// The try that was taken last was none: nobody looked at its password.
    fn give_back(&self, from: PeerAddress, name: &str);
}

/// Of one host, in memory.
pub(super) struct InMemory {
    tries: usize,
    window: i64,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    names: Table<(Network, [u8; 32])>,
    addresses: Table<Network>,
}

struct Table<K>(HashMap<K, Vec<Instant>>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Table(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Table<K> {
    /// How long until another try is free; none: now.
    fn wait(&mut self, key: &K, most: usize, window: i64, now: Instant) -> Option<i64> {
        let times = self.0.get_mut(key)?;
        times.retain(|at| *at <= now && now.saturating_sub(*at) < window);
        let oldest = times.first().copied().filter(|_| times.len() >= most)?;
        Some(oldest.saturating_add(window).saturating_sub(now).max(1))
    }

    fn give_back(&mut self, key: &K) {
        self.0.get_mut(key).map(Vec::pop);
    }

    fn count(&mut self, key: K, window: i64, now: Instant) {
        if self.0.len() >= ENTRIES && !self.0.contains_key(&key) {
            self.0.retain(|_, times| times.last().is_some_and(|last| now.saturating_sub(*last) < window));
            if self.0.len() >= ENTRIES {
                let oldest = self.0.iter().min_by_key(|(_, times)| times.last().copied()).map(|(key, _)| *key);
                oldest.and_then(|oldest| self.0.remove(&oldest));
            }
        }
        self.0.entry(key).or_default().push(now);
    }
}

impl InMemory {
    /// So many tries of one name from one address within this time.
    pub(super) fn new(tries: usize, window: Duration) -> InMemory {
        InMemory { tries, window: i64::try_from(window.as_millis()).unwrap_or(i64::MAX), tables: Mutex::default() }
    }
}

impl LoginThrottle for InMemory {
    fn take(&self, from: PeerAddress, name: &str, now: Instant) -> Result<(), i64> {
        let network = from.network();
        let named = (network, Sha256::digest(name.as_bytes()).into());
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let by_name = tables.names.wait(&named, self.tries, self.window, now);
        let by_address = tables.addresses.wait(&network, self.tries.saturating_mul(NAMES_AT_ONE_ADDRESS), self.window, now);
        if let Some(wait) = by_name.max(by_address) {
            return Err(wait);
        }
        tables.names.count(named, self.window, now);
        tables.addresses.count(network, self.window, now);
        Ok(())
    }

    fn forget(&self, from: PeerAddress, name: &str) {
        let named = (from.network(), Sha256::digest(name.as_bytes()).into());
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).names.0.remove(&named);
    }

    fn give_back(&self, from: PeerAddress, name: &str) {
        let network = from.network();
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.names.give_back(&(network, Sha256::digest(name.as_bytes()).into()));
        tables.addresses.give_back(&network);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn at(last: u8) -> PeerAddress {
        PeerAddress([203, 0, 113, last].into())
    }

    #[test]
    fn a_name_waits_at_one_address_and_is_let_in_at_another() {
        let throttle = InMemory::new(2, Duration::from_secs(60));
        assert!(throttle.take(at(1), "lan", 0).is_ok() && throttle.take(at(1), "lan", 1_000).is_ok());
        assert_eq!(throttle.take(at(1), "lan", 2_000), Err(58_000), "until the first try is a minute old");
        assert!(throttle.take(at(1), "mai", 2_000).is_ok());
        assert!(throttle.take(at(2), "lan", 2_000).is_ok(), "whoever guesses elsewhere locks nobody out");
        assert!(throttle.take(at(1), "lan", 60_001).is_ok(), "the first try is over a minute old");
        assert!(throttle.take(at(1), "hoa", 3_000).is_ok() && throttle.take(at(1), "hoa", 3_000).is_ok());
        throttle.give_back(at(1), "hoa");
        assert!(throttle.take(at(1), "hoa", 3_000).is_ok(), "the one that nobody looked at");
        assert!(throttle.take(at(1), "hoa", 3_000).is_err(), "and no more than that one");
        throttle.forget(at(1), "mai");
        assert!(throttle.take(at(1), "mai", 2_000).is_ok() && throttle.take(at(1), "mai", 2_000).is_ok());
    }

    #[test]
    fn an_address_that_tries_name_after_name_waits_and_nobody_else_does() {
        let throttle = InMemory::new(2, Duration::from_secs(60));
        let tried = (0..100).filter(|name| throttle.take(at(1), &format!("name {name}"), 0).is_ok()).count();
        assert_eq!(tried, 2 * NAMES_AT_ONE_ADDRESS);
        let household = |end: u16| PeerAddress(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, end]));
        let tried = (0..100).filter(|end| throttle.take(household(*end), &format!("name {end}"), 0).is_ok()).count();
        assert_eq!(tried, 2 * NAMES_AT_ONE_ADDRESS, "a household of IPv6 is one address");
        assert!(throttle.take(at(2), "name 0", 0).is_ok());
    }

    #[test]
    fn a_full_table_forgets_the_oldest_and_refuses_nobody() {
        let throttle = InMemory::new(1, Duration::from_secs(60));
        for number in 0..ENTRIES + 5 {
            let [a, b, c, d] = u32::try_from(number).unwrap().to_be_bytes();
            assert!(throttle.take(PeerAddress([a.max(1), b, c, d].into()), "admin", i64::try_from(number).unwrap()).is_ok());
        }
        assert!(throttle.tables.lock().unwrap().names.0.len() <= ENTRIES);
        assert!(throttle.take(at(9), "lan", 20_000).is_ok());
        assert!(throttle.take(at(9), "lan", 20_001).is_err());
    }

    #[test]
    fn a_clock_that_jumped_ahead_and_came_back_leaves_nobody_waiting() {
        let throttle = InMemory::new(1, Duration::from_secs(60));
        assert!(throttle.take(at(1), "lan", 1_000_000_000).is_ok());
        assert!(throttle.take(at(1), "lan", 1_000).is_ok());
    }
}
