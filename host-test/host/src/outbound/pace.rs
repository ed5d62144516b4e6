//! Keeps the pace of each path: how often it may be called, who goes next, and until when it is shut.
//!
//! The other side counts arrivals and locks who comes too often; a call that comes while it is locked makes the lock longer. So a place in
//! the window is held from the departure of a request and given back one window after its *answer*: whenever it arrived in between, the
//! other side never sees more than the pace in any window. While a path is shut nobody goes, whatever places are free.
//!
//! Live work goes ahead of bulk work at every place, and bulk work leaves a few places alone, so that the first order in the middle of a
//! pull does not wait for a window's end.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Lane;
use crate::clock::{Clock, Instant};
use crate::contract::Pace;

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Which account a grant is for is the connector's word: what it says counts among its own connections.
    pub(super) connector: String,
    /// Scheme, host and port: one server has one count, whatever an endpoint is called.
    pub(super) origin: String,
    pub(super) app: String,
    pub(super) counted: Counted,
    /// Exact, without a slash at its end.
    pub(super) path: String,
}

/// Whom the other side counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Counted {
    /// The account of the grant, whatever connections have one.
    Account(String),
    /// Without a grant a connection stands for itself: nobody uses up a stranger's count by writing down his app.
    Connection(String),
}

/// The paces of all paths.
pub(super) struct Pacer {
    clock: Clock,
    reserve_percent: u32,
    gates: Mutex<Gates>,
}

#[derive(Default)]
struct Gates {
    by_key: HashMap<Key, Arc<Gate>>,
    /// When so many are there, those that nobody needs are dropped.
    prune_at: usize,
}

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    closed_until: Instant,
    /// When that was said.
    closed_at: Instant,
    /// The longest window that anybody counted by, in milliseconds.
    window: Instant,
    /// Requests on their way.
    under_way: usize,
    /// When the others were answered, earliest first; at most one window ago.
    done: VecDeque<Instant>,
    live: VecDeque<u64>,
    bulk: VecDeque<u64>,
    next_ticket: u64,
}

enum Turn {
    Go,
    /// Not before then, as far as can be known now; and whether waiting until then can be enough, or others go first.
    Wait {
        at: Instant,
        first: bool,
    },
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn milliseconds(duration: Duration) -> Instant {
    Instant::try_from(duration.as_millis()).unwrap_or(Instant::MAX)
}

impl State {
    fn queue(&mut self, lane: Lane) -> &mut VecDeque<u64> {
        match lane {
            Lane::Live => &mut self.live,
            Lane::Bulk => &mut self.bulk,
        }
    }

    /// Forgets what lies a window back. A clock that was set back does not hold places for longer than a window, nor a path for longer than was
    /// said.
    fn prune(&mut self, now: Instant) {
        if self.closed_at > now {
            self.closed_until = now.saturating_add(self.closed_until.saturating_sub(self.closed_at));
            self.closed_at = now;
        }
        for answered in self.done.iter_mut().rev().take_while(|answered| **answered > now) {
            *answered = now;
        }
        while self.done.front().is_some_and(|answered| answered.saturating_add(self.window) <= now) {
            self.done.pop_front();
        }
    }

    fn is_idle(&mut self, now: Instant) -> bool {
        self.prune(now);
        self.done.is_empty() && self.closed_until <= now
    }

    fn turn(&mut self, ticket: u64, lane: Lane, pace: Option<Pace>, reserve_percent: u32, now: Instant) -> Turn {
        let place = self.queue(lane).iter().position(|waiting| *waiting == ticket).unwrap_or(0);
        let ahead = if lane == Lane::Bulk { self.live.len() + place } else { place };
        self.prune(now);
        let open = self.closed_until.max(now);
        let Some(pace) = pace else {
            return if open == now { Turn::Go } else { Turn::Wait { at: open, first: true } };
        };
        let window = Instant::from(pace.window_ms);
        self.window = self.window.max(window);
        self.prune(now);
        let places = pace.requests as usize;
        let limit = match lane {
            Lane::Live => places,
            Lane::Bulk => (places - places * reserve_percent as usize / 100).max(1),
        };
        // When each held place is given back at the earliest: those under way are answered now at the earliest.
        let held = self.done.iter().map(|answered| answered.saturating_add(window)).filter(|free| *free > now);
        let held: Vec<Instant> = held.chain(std::iter::repeat_n(now.saturating_add(window), self.under_way)).collect();
        let needed = (held.len() + ahead + 1).saturating_sub(limit);
        let at = match needed.checked_sub(1) {
            None => now,
            Some(last) => held.get(last).copied().unwrap_or_else(|| {
                // More wait than there are places: those ahead hold theirs for a window each.
                let rounds = 1 + (last - held.len()) / limit;
                let rounds = Instant::try_from(rounds).unwrap_or(Instant::MAX);
                held.last().copied().unwrap_or(now).saturating_add(window.saturating_mul(rounds))
            }),
        };
        let at = at.max(open);
        if ahead == 0 && at <= now { Turn::Go } else { Turn::Wait { at, first: ahead == 0 } }
    }
}

impl Pacer {
    pub(super) fn new(clock: Clock, reserve_percent: u32) -> Pacer {
        Pacer { clock, reserve_percent, gates: Mutex::default() }
    }

    /// Waits for a place. `Err`: it would take longer than `patience`; so many milliseconds, at the least.
    pub(super) async fn enter(&self, key: &Key, pace: Option<Pace>, lane: Lane, patience: Duration) -> Result<Permit, u32> {
        let gate = self.gate(key);
        let mut seen = self.clock.now();
        let mut deadline = seen.saturating_add(milliseconds(patience));
        let ticket = Ticket::join(gate.clone(), lane);
        loop {
            let changed = gate.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that no change falls in between.
            changed.as_mut().enable();
            let now = self.clock.now();
            // Nobody's patience lasts longer for a clock that was set back.
            deadline = deadline.saturating_sub(seen.saturating_sub(now).max(0));
            seen = now;
            let turn = {
                let mut state = lock(&gate.state);
                let turn = state.turn(ticket.number, lane, pace, self.reserve_percent, now);
                if matches!(turn, Turn::Go) && pace.is_some() {
                    state.under_way += 1;
                }
                turn
            };
            let wake = match turn {
                Turn::Go => return Ok(Permit { gate: gate.clone(), clock: self.clock.clone(), counted: pace.is_some() }),
                Turn::Wait { at, .. } if at > deadline || now >= deadline => {
                    return Err(u32::try_from(at.saturating_sub(now).max(1)).unwrap_or(u32::MAX));
                }
                Turn::Wait { at, first: true } => at,
                // Those ahead say when they are gone.
                Turn::Wait { first: false, .. } => deadline,
            };
            tokio::select! {
                () = changed => {}
                () = self.clock.sleep_until(wake) => {}
            }
        }
    }

    /// Shuts a path: nobody goes for so long, not even who waits already.
    pub(super) fn close(&self, key: &Key, time: Duration) {
        let now = self.clock.now();
        let until = now.saturating_add(milliseconds(time));
        let gate = self.gate(key);
        {
            let mut state = lock(&gate.state);
            state.prune(now);
            if until > state.closed_until {
                (state.closed_until, state.closed_at) = (until, now);
            }
        }
        gate.changed.notify_waiters();
    }

    fn gate(&self, key: &Key) -> Arc<Gate> {
        let now = self.clock.now();
        let mut gates = lock(&self.gates);
        if let Some(gate) = gates.by_key.get(key) {
            return gate.clone();
        }
        if gates.by_key.len() >= gates.prune_at {
            gates.by_key.retain(|_, gate| Arc::strong_count(gate) > 1 || !lock(&gate.state).is_idle(now));
            gates.prune_at = gates.by_key.len().saturating_mul(2).max(256);
        }
        gates.by_key.entry(key.clone()).or_default().clone()
    }
}

/// A place in a queue. Left when dropped.
struct Ticket {
    gate: Arc<Gate>,
    lane: Lane,
    number: u64,
}

impl Ticket {
    fn join(gate: Arc<Gate>, lane: Lane) -> Ticket {
        let number = {
            let mut state = lock(&gate.state);
            let number = state.next_ticket;
            state.next_ticket += 1;
            state.queue(lane).push_back(number);
            number
        };
        if lane == Lane::Live {
            // Bulk work that was first is so no longer.
            gate.changed.notify_waiters();
        }
        Ticket { gate, lane, number }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.gate.state).queue(self.lane).retain(|waiting| *waiting != self.number);
        self.gate.changed.notify_waiters();
    }
}

/// The right to send one request. Dropping it says that the answer is there, or that nobody waits for it any more.
pub(super) struct Permit {
    gate: Arc<Gate>,
    clock: Clock,
    counted: bool,
}

impl Permit {
    /// Nothing was sent: the place is free at once.
    pub(super) fn give_back(mut self) {
        if std::mem::take(&mut self.counted) {
            let mut state = lock(&self.gate.state);
            state.under_way = state.under_way.saturating_sub(1);
        }
        self.gate.changed.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.counted {
            let now = self.clock.now();
            let mut state = lock(&self.gate.state);
            state.under_way = state.under_way.saturating_sub(1);
            state.prune(now);
            state.done.push_back(now);
            drop(state);
            self.gate.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
