//! The leases that one runner has: how many pieces of work run under each, and until when each runs. Never takes work by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::clock::Instant;
use crate::store::{ConnectionId, Lease};

/// A lease as a piece of work sees it that is done under it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The right to the connection.
    pub(super) lease: Lease,
    /// When it ends by itself; every beat moves it on.
    pub(super) until: Arc<AtomicI64>,
    /// The runner was told to stop: what can be gone on with later is left.
    stopping: Arc<AtomicBool>,
}

impl Held {
    /// Whether the runner waits for this work to end.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// All leases of one runner.
#[derive(Default)]
pub(super) struct Holdings {
    by_connection: HashMap<ConnectionId, Holding>,
    stopping: Arc<AtomicBool>,
}

struct Holding {
    held: Held,
    running: usize,
}

impl Holdings {
    /// One more piece of work runs under this lease.
    pub(super) fn begin(&mut self, lease: Lease) -> Held {
        let fresh =
            || Holding { held: Held { lease, until: Arc::new(AtomicI64::new(lease.until)), stopping: self.stopping.clone() }, running: 0 };
        let holding = self.by_connection.entry(lease.connection).or_insert_with(fresh);
        if holding.held.lease.fence != lease.fence {
            *holding = fresh();
        }
        holding.held.until.fetch_max(lease.until, Ordering::AcqRel);
        holding.running += 1;
        holding.held.clone()
    }

    /// Whoever works is to stop where the work can be gone on with.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// A piece of work under this lease has ended.
    pub(super) fn end(&mut self, lease: Lease) {
        if let Some(holding) = self.by_connection.get_mut(&lease.connection)
            && holding.held.lease.fence == lease.fence
        {
            holding.running = holding.running.saturating_sub(1);
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Lease> {
        self.by_connection.values().map(|holding| holding.held.lease).collect()
    }

    /// Those that no work runs under any more; they are not held from now on.
    pub(super) fn take_idle(&mut self) -> Vec<Lease> {
        let idle: Vec<Lease> =
            self.by_connection.values().filter(|holding| holding.running == 0).map(|holding| holding.held.lease).collect();
        for lease in &idle {
            self.by_connection.remove(&lease.connection);
        }
        idle
    }

    /// The clock came back: none of them lasts longer than one that is taken now.
    pub(super) fn bring_back(&mut self, until: Instant) {
        for holding in self.by_connection.values() {
            holding.held.until.fetch_min(until, Ordering::AcqRel);
        }
    }

    /// A beat moved them on, but not the lost ones: those are not held any more.
    pub(super) fn beaten(&mut self, until: Instant, lost: &[ConnectionId]) {
        for connection in lost {
            self.by_connection.remove(connection);
        }
        for holding in self.by_connection.values() {
            holding.held.until.fetch_max(until, Ordering::AcqRel);
        }
    }
}
