//! How often each kind of record is asked for by itself. Figures only; what is polled is the merchant's choice.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use crate::clock::Instant;
use crate::contract::types::Entity;
use crate::names;
use crate::store::ConnectionId;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How often one kind of record is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// Where the connector can say what changed.
    pub changes: Duration,
    /// Where it cannot, so that each time everything is read. Of order statuses: each open order. Of stock as well: everything,
    /// however well its changes are told.
    pub whole: Duration,
}

/// How often each kind of record is asked for; one that is not in here is never polled.
///
/// The defaults, and why:
///
/// | What | Changes | Whole | Because |
/// |---|---|---|---|
/// | order statuses | 5 min | 15 min | people look at orders on their way, and a customer calls; one request lists all changes |
/// | stock | 5 min | 1 h, in any case | what is oversold costs money; a sweep is a request for each hundred products, and webhooks tell of most changes |
/// | products, prices | 15 min | 6 h | edited by people, a few a day; a change is not sold before the page shows it |
/// | customers | 1 h | 1 day | nobody waits for them |
/// | branches, categories | 1 day | 1 day | change some times a year, and are read whole either way |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polls(BTreeMap<&'static str, Every>);

impl Default for Polls {
    fn default() -> Self {
        Polls::never()
            .with(Entity::OrderStatus, every(5 * MINUTE, 15 * MINUTE))
            .with(Entity::Stock, every(5 * MINUTE, HOUR))
            .with(Entity::Product, every(15 * MINUTE, 6 * HOUR))
            .with(Entity::Price, every(15 * MINUTE, 6 * HOUR))
            .with(Entity::Customer, every(HOUR, DAY))
            .with(Entity::Branch, every(DAY, DAY))
            .with(Entity::Category, every(DAY, DAY))
    }
}

fn every(changes: u64, whole: u64) -> Every {
    Every { changes: Duration::from_secs(changes), whole: Duration::from_secs(whole) }
}

impl Polls {
    /// Nothing is polled: for a command that does one thing and ends.
    pub fn never() -> Polls {
        Polls(BTreeMap::new())
    }

    /// The same with another figure for one kind of record.
    #[must_use]
    pub fn with(mut self, entity: Entity, every: Every) -> Polls {
        self.0.insert(names::entity(entity), every);
        self
    }

    /// One kind's figure.
    pub fn of(&self, entity: Entity) -> Option<Every> {
        self.0.get(names::entity(entity)).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether everything is read now and then though the connector tells what changed. A list of changed levels need not have a row for what is
/// sold out, and nothing there says which it left out; a level that stays wrong sells what nobody has. All other records have a row to change.
pub(super) fn swept(entity: Entity) -> bool {
    entity == Entity::Stock
}

/// When a stream is asked for next: after its interval, up to a tenth sooner or later. The streams of all connections drift apart by it, even
/// where an outage has brought them all to the same moment.
pub(super) fn next(connection: ConnectionId, entity: Entity, now: Instant, interval: Duration) -> Instant {
    let interval = millis(interval);
    now.saturating_add(interval - interval / 10).saturating_add(share(connection, entity, now, interval / 5))
}

/// When a stream is asked for first: somewhere within its interval, and within `most`, so that streams that begin together do not stay so.
pub(super) fn first(connection: ConnectionId, entity: Entity, now: Instant, interval: Duration, most: Duration) -> Instant {
    now.saturating_add(share(connection, entity, now, millis(interval.min(most))))
}

/// A part of this span. The same for the same stream and moment: nothing here is worth real chance.
fn share(connection: ConnectionId, entity: Entity, now: Instant, span: i64) -> i64 {
    let mut hasher = DefaultHasher::new();
    (connection, names::entity(entity), now).hash(&mut hasher);
    let span = u64::try_from(span).unwrap_or(0).saturating_add(1);
    i64::try_from(hasher.finish() % span).unwrap_or(0)
}

pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_connections_that_begin_together_are_asked_for_apart() {
        let (hour, most) = (Duration::from_secs(HOUR), Duration::from_secs(300));
        let firsts: Vec<i64> = (1..=1_000).map(|id| first(id, Entity::Product, 0, hour, most)).collect();
        for minute in 0..5 {
            let there = firsts.iter().filter(|at| (minute * 60_000..(minute + 1) * 60_000).contains(*at)).count();
            assert!((120..=280).contains(&there), "{there} of 1,000 in minute {minute}");
        }
        let nexts: Vec<i64> = (1..=1_000).map(|id| next(id, Entity::Product, 0, hour)).collect();
        assert!(nexts.iter().all(|at| (54 * 60_000..=66 * 60_000).contains(at)));
        for minute in 54..66 {
            let there = nexts.iter().filter(|at| (minute * 60_000..(minute + 1) * 60_000).contains(*at)).count();
            assert!((40..=130).contains(&there), "{there} of 1,000 in minute {minute}");
        }
    }

    #[test]
    fn the_streams_of_one_connection_are_apart_as_well() {
        let hour = Duration::from_secs(HOUR);
        assert_ne!(next(1, Entity::Product, 0, hour), next(1, Entity::Price, 0, hour));
        assert_ne!(next(1, Entity::Product, 0, hour), next(1, Entity::Product, 1, hour));
    }
}
