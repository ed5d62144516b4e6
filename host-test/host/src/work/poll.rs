//! Polls: which streams are asked for by themselves, when, and for what, so that whatever a lost webhook or an outage kept from us comes in all
//! the same. Never sends anything itself: a poll is a run like any other.

use super::polls::{Every, first, millis, next, swept};
use super::{Host, flows};
use crate::clock::Instant;
use crate::contract::types::Entity;
use crate::contract::{Direction, Policy, Scope};
use crate::store::schedule::is_polled;
use crate::store::{Connection, ConnectionId, Due, Halt, Run, StoreError, Way};

/// Streams that are begun in one go.
const GROUP: u32 = 64;
/// Open orders that are asked for one by one, where the connector cannot list those that changed.
const OPEN_ORDERS: u32 = 500;
/// How long a connection rests whose connector does not run here: milliseconds.
const REST: i64 = 60 * 60 * 1_000;

impl Host {
    /// Has everything planned anew where another version of a connector, or other intervals, may plan it otherwise.
    pub(super) async fn plan_by_rules(&self) -> Result<(), StoreError> {
        if !self.config.polls.is_empty() {
            let connectors: Vec<_> = self.connectors.iter().map(|(id, connector)| format!("{id} {}", connector.digest())).collect();
            self.store.plan_by(&format!("{connectors:?} {:?}", self.config.polls)).await?;
        }
        Ok(())
    }

    /// Begins the polls that are due, and works out anew what is polled of connections that changed.
    pub(super) async fn poll(&self) -> Result<(), StoreError> {
        if self.config.polls.is_empty() {
            return Ok(());
        }
        loop {
            let due = self.store.due(self.clock.now(), GROUP).await?;
            for one in &due {
                match self.poll_one(*one).await {
                    Ok(()) => {}
                    // The connection went meanwhile, or its connector does not run here.
                    Err(StoreError::Missing(what)) => {
                        tracing::warn!(connection = one.connection, what, "a poll rests: what it needs is not here");
                        let now = self.clock.now();
                        self.store.poll(*one, None, now, now.saturating_add(REST)).await?;
                    }
                    Err(error) => return Err(error),
                }
            }
            if due.len() < GROUP as usize {
                return Ok(());
            }
        }
    }

    /// When the next poll is due.
    pub(super) async fn next_poll(&self) -> Result<Option<Instant>, StoreError> {
        if self.config.polls.is_empty() { Ok(None) } else { self.store.next_poll().await }
    }

    async fn poll_one(&self, due: Due) -> Result<(), StoreError> {
        let owner = self.store.connection(due.connection).await?;
        let Some(entity) = due.entity else { return self.plan(&owner).await };
        let mut policies = flows(self.connector(&owner.connector)?.descriptor(), &owner);
        let streams = self.store.streams(owner.id).await?;
        let stream = streams.iter().find(|stream| stream.entity == entity);
        if let Some(chosen) = stream.and_then(|stream| stream.policy).filter(|_| policies.of(entity) != Policy::Off) {
            policies.set(entity, chosen);
        }
        let Some(every) = self.config.polls.of(entity).filter(|_| is_polled(&policies, entity)) else { return self.plan(&owner).await };
        let now = self.clock.now();
        // A paused stream waits for a person; a click that ends well, or a new grant, ends the pause.
        let scope = match stream.is_some_and(|stream| stream.pause.is_some()) {
            true => None,
            false => self.scope(&owner, entity, due.way, every).await?,
        };
        let interval = if due.way == Way::Whole { every.whole } else { every.changes };
        self.store.poll(due, scope, now, next(owner.id, entity, now, interval)).await?;
        Ok(())
    }

    async fn plan(&self, owner: &Connection) -> Result<(), StoreError> {
        let descriptor = self.connector(&owner.connector)?.descriptor();
        let now = self.clock.now();
        let into = descriptor.flows.iter().filter(|flow| flow.direction == Direction::IntoNobi && flow.unsupported.is_none());
        let firsts = into.filter_map(|flow| {
            let every = self.config.polls.of(flow.entity)?;
            Some((flow.entity, first(owner.id, flow.entity, now, every.changes, self.config.first_poll)))
        });
        // Where the form or the grant changed meanwhile it stays due, and is worked out from what is there by then.
        self.store.plan(owner, flows(descriptor, owner), firsts.collect()).await?;
        Ok(())
    }

    /// What a poll asks for. None: there is nothing to ask.
    async fn scope(&self, owner: &Connection, entity: Entity, way: Way, every: Every) -> Result<Option<Scope>, StoreError> {
        if entity == Entity::OrderStatus {
            return self.statuses(owner, way).await;
        }
        match way {
            Way::Changes if swept(entity) && self.is_sweep_due(owner.id, entity, every).await? => Ok(Some(Scope::Everything)),
            Way::Changes => self.missing(owner.id, entity).await.map(Some),
            Way::Whole => Ok(Some(Scope::Everything)),
            Way::Never => Ok(None),
        }
    }

    async fn is_sweep_due(&self, connection: ConnectionId, entity: Entity, every: Every) -> Result<bool, StoreError> {
        let last = self.store.last_sweep(connection, entity).await?;
        let now = self.clock.now();
        // One that begins in the future was begun by a clock that has come back.
        Ok(last.is_none_or(|began| began > now || now.saturating_sub(began) >= millis(every.whole)))
    }

    /// Statuses are asked for from the oldest open order on, however long ago the last look was: those before it have come to their end.
    async fn statuses(&self, owner: &Connection, way: Way) -> Result<Option<Scope>, StoreError> {
        let open = self.store.open_orders(owner.id, OPEN_ORDERS, self.clock.now()).await?;
        Ok(match (way, open.since) {
            (Way::Changes, Some(since)) => {
                let since = since.saturating_sub(self.overlap());
                let mark = self.last_whole(owner.id, Entity::OrderStatus).await?;
                Some(Scope::Since(mark.map_or(since, |mark| mark.max(since))))
            }
            (Way::Changes | Way::Whole, _) if !open.remotes.is_empty() => Some(Scope::Only(open.remotes)),
            _ => None,
        })
    }

    /// What becomes of a poll that the connector does not support: the next way to ask, if there is one. A person is told nothing, since there
    /// is nothing that a person could do.
    pub(super) async fn ask_otherwise(&self, run: &Run) -> Result<Halt, StoreError> {
        let every = self.config.polls.of(run.entity);
        let (Scope::Since(_), Some(every)) = (&run.scope, every) else { return Ok(Halt::AskOtherwise { way: Way::Never, due: None }) };
        let streams = self.store.streams(run.connection).await?;
        let last = streams.iter().find(|stream| stream.entity == run.entity).and_then(|stream| stream.last_success);
        let now = self.clock.now();
        // Its time is counted from the last whole run.
        let due = last.map_or(now, |last| next(run.connection, run.entity, last, every.whole).max(now));
        Ok(Halt::AskOtherwise { way: Way::Whole, due: Some(due) })
    }
}
