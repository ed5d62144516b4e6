//! Takes work in turn and hands each piece to what knows it. Live work goes first, and always finds a free worker; no two pieces with one key
//! run at once; a connection is leased while its work runs, so that no other runner works for it. Knows when to try again, never what the work
//! is about.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tracing::Instrument as _;

use super::Host;
use super::holdings::{Held, Holdings};
use super::pull::Worked;
use crate::clock::Instant;
use crate::store::{Again, CameBack, Claim, Lane, Lease, StoreError, Task, Turn, Work};

/// Milliseconds between two looks at the grants that are about to end.
const WATCH_EVERY: i64 = 60 * 60 * 1_000;

/// How often the machine's clock is looked at, whatever is due: one that came back has what was written meanwhile due far ahead.
const CLOCK_LOOKS: Duration = Duration::from_secs(60);

/// How long a store that failed is left alone.
const STORE_RESTS: Duration = Duration::from_secs(1);

/// What a runner has in hand, from one turn to the next.
#[derive(Default)]
struct Shift {
    running: JoinSet<Result<(), StoreError>>,
    under_way: HashMap<Id, (Lease, Work)>,
    /// Work that nobody waits for: it may not take the workers that are kept for live work.
    patient: usize,
    holdings: Holdings,
    watch_at: Instant,
    beat_at: Instant,
}

/// When a runner stops.
#[derive(Clone, Debug)]
pub enum Stop {
    /// When nothing runs and nothing is due within this time.
    Idle(Duration),
    /// When told; what runs is finished first, but a pull is left after its page.
    Told(watch::Receiver<bool>),
}

impl Host {
    /// Works until `stop` says so. Errors of single pieces of work are their own, and a store that fails for a moment (a full disk, no file
    /// left, a lock) is waited for; this fails only where the store will not work again.
    pub async fn work(self: &Arc<Self>, stop: Stop) -> Result<(), StoreError> {
        if let Some(latest) = self.store.latest_time().await? {
            self.clock.witness(latest);
        }
        let now = self.clock.now();
        let mut shift = Shift { watch_at: now, beat_at: now, ..Shift::default() };
        let mut failures = 0_u32;
        loop {
            match self.work_on(&stop, &mut shift, &mut failures).await {
                // What the store does not do at once it does on a further try, unless nobody waits for one.
                Err(error) if error.is_transient() && !matches!(stop, Stop::Idle(_)) => {
                    failures = failures.saturating_add(1);
                    tracing::error!(%error, failures, "the store fails; it is tried again");
                    let told = matches!(&stop, Stop::Told(told) if *told.borrow());
                    if told && shift.running.is_empty() {
                        return Ok(());
                    }
                    tokio::select! {
                        () = tokio::time::sleep(STORE_RESTS) => {}
                        () = told_to_stop(&stop), if !told => {}
                    }
                }
                ended => return ended,
            }
        }
    }

    async fn work_on(self: &Arc<Self>, stop: &Stop, shift: &mut Shift, failures: &mut u32) -> Result<(), StoreError> {
        let Shift { running, under_way, patient, watch_at, holdings, beat_at } = shift;
        // However few workers there are, one of them may pull: bulk work would wait for ever.
        let workers = self.config.workers.max(1);
        let for_live = self.config.live_workers.min(workers - 1);
        self.plan_by_rules().await?;
        loop {
            if let Some(now) = self.clock.came_back() {
                let resumed = self.bring_back(now, holdings).await?;
                tracing::warn!(?resumed, "the clock had jumped ahead and came back: what lay in the future is due now");
                (*watch_at, *beat_at) = (now, now);
            }
            // Before anything is taken: to the store this runner is alive.
            if self.clock.now() >= *beat_at {
                self.beat(holdings).await?;
                self.store.pulse(self.clock.now()).await?;
                *beat_at = self.clock.now().saturating_add(self.lease_time() / 3);
            }
            if self.clock.now() >= *watch_at {
                self.watch_grants().await?;
                *watch_at = self.clock.now().saturating_add(WATCH_EVERY);
            }
            // Registered before the queue is read, so that work queued meanwhile is not missed.
            let woken = self.wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let told = matches!(stop, Stop::Told(told) if *told.borrow());
            if told {
                holdings.stop();
            } else {
                self.store.join_refreshes(self.clock.now()).await?;
                self.poll().await?;
                while running.len() < workers {
                    let only_live = *patient + for_live >= workers;
                    let now = self.clock.now();
                    let until = now.saturating_add(self.lease_time());
                    let claim = Claim { holder: self.name.clone(), holds: holdings.all(), now, until, only_live };
                    let Some(Turn { lease, work }) = self.store.claim(claim).await? else { break };
                    *patient += usize::from(work.lane != Lane::Live);
                    let (host, held, taken) = (self.clone(), holdings.begin(lease), work.clone());
                    let span = tracing::info_span!("work", work = work.id, connection = work.connection);
                    let task = running.spawn(async move { host.one(held, taken).await }.instrument(span));
                    under_way.insert(task.id(), (lease, work));
                }
            }
            // Another worker may have work for these; this one has none.
            let idle = holdings.take_idle();
            if !idle.is_empty() {
                self.store.release(&idle).await?;
            }
            if running.is_empty() && told {
                return Ok(());
            }
            let next = self.store.next_due(&holdings.all()).await?.into_iter().chain(self.next_poll().await?).min();
            if let (Stop::Idle(within), true) = (stop, running.is_empty()) {
                let horizon = self.clock.now().saturating_add(i64::try_from(within.as_millis()).unwrap_or(i64::MAX));
                if next.is_none_or(|due| due > horizon) {
                    return Ok(());
                }
            }
            if let (Some(due), true) = (next, running.is_empty()) {
                self.clock.leap(due);
            }
            // What is due but cannot be claimed waits for its key: the end of running work tells.
            let next = next.filter(|due| *due > self.clock.now() || running.is_empty());
            let sleep_until = next.map_or(*watch_at, |due| due.min(*watch_at));
            let sleep_until = if running.is_empty() { sleep_until } else { sleep_until.min(*beat_at) };
            *failures = 0;
            tokio::select! {
                Some(ended) = running.join_next_with_id() => {
                    let id = ended.as_ref().map_or_else(|broken| broken.id(), |(id, _)| *id);
                    let Some((lease, work)) = under_way.remove(&id) else { continue };
                    *patient -= usize::from(work.lane != Lane::Live);
                    holdings.end(lease);
                    match ended {
                        Ok((_, result)) => result?,
                        // A panic is a bug of this host; the work is not lost for it.
                        Err(broken) => {
                            tracing::error!(connection = work.connection, %broken, "a piece of work broke off");
                            unless_fenced(self.try_again(lease, &work).await)?;
                        }
                    }
                }
                () = &mut woken => {}
                () = self.clock.sleep_until(sleep_until) => {}
                () = tokio::time::sleep(CLOCK_LOOKS) => {}
                () = told_to_stop(stop), if !told => {}
            }
        }
    }

    async fn bring_back(&self, now: Instant, holdings: &mut Holdings) -> Result<Vec<i64>, StoreError> {
        let back = CameBack { now, spread: self.config.first_poll, lease: self.config.lease_time };
        let resumed = self.store.bring_back(back).await?;
        holdings.bring_back(now.saturating_add(self.lease_time()));
        self.clock.mended(now);
        Ok(resumed)
    }

    /// Moves the leases on, and lets go of those that somebody else has by now: what still runs under them is refused by the store.
    async fn beat(&self, holdings: &mut Holdings) -> Result<(), StoreError> {
        let holds = holdings.all();
        if holds.is_empty() {
            return Ok(());
        }
        let until = self.clock.now().saturating_add(self.lease_time());
        let lost = self.store.heartbeat(&holds, until).await?;
        for connection in &lost {
            tracing::warn!(connection, "another worker took the connection over: this one was silent for too long");
        }
        holdings.beaten(until, &lost);
        Ok(())
    }

    async fn one(&self, held: Held, work: Work) -> Result<(), StoreError> {
        let worked = match &work.task {
            Task::Pull { run } => self.pull(*run, &held).await,
            Task::Push { order } => self.push(work.connection, order, &held).await,
            Task::Sweep => self.store.begin_sweep(held.lease, self.clock.now()).await.map(|()| Worked::Done),
            Task::Delivery { id } => self.deliver_again(work.connection, *id).await,
        };
        let lease = held.lease;
        unless_fenced(match worked {
            Ok(Worked::Done) => self.store.complete(lease, work.id).await,
            Ok(Worked::Again(None)) => self.try_again(lease, &work).await,
            Ok(Worked::Again(Some(ms))) => self.again_in(lease, &work, Duration::from_millis(ms.into())).await,
            // It was begun under an earlier grant: everything is read anew, at once.
            Err(StoreError::Superseded) => {
                tracing::info!(connection = work.connection, "a piece of work begins anew under another grant");
                self.store.again(lease, work.id, Again { due: self.clock.now(), waited: None }).await
            }
            // What the work names is not there any more.
            Err(StoreError::Missing(what)) => {
                tracing::warn!(connection = work.connection, what, "work was dropped: what it names is gone");
                self.store.complete(lease, work.id).await
            }
            Err(StoreError::Fenced) => Err(StoreError::Fenced),
            Err(error) => {
                tracing::error!(connection = work.connection, %error, "the store failed during a piece of work");
                self.try_again(lease, &work).await
            }
        })
    }

    async fn try_again(&self, lease: Lease, work: &Work) -> Result<(), StoreError> {
        let wait = self.back_off(work.waited);
        self.again_in(lease, work, wait).await
    }

    async fn again_in(&self, lease: Lease, work: &Work, wait: Duration) -> Result<(), StoreError> {
        let due = self.clock.now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        self.store.again(lease, work.id, Again { due, waited: Some(wait) }).await
    }

    fn back_off(&self, waited: Duration) -> Duration {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        next_wait(waited, self.config.retry_first, self.config.retry_most, &mut random)
    }

    fn lease_time(&self) -> i64 {
        i64::try_from(self.config.lease_time.as_millis()).unwrap_or(i64::MAX).max(1)
    }
}

/// The next wait, drawn anew between the one before and three times that (decorrelated jitter): what failed together does not come back
/// together, and what goes on failing comes back ever more seldom. At the longest it is drawn from the upper half.
fn next_wait(waited: Duration, first: Duration, most: Duration, random: &mut fastrand::Rng) -> Duration {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let (first, most) = (ms(first), ms(most));
    if waited.is_zero() {
        return Duration::from_millis(first.min(most));
    }
    let from = ms(waited).min(most / 2).max(first);
    let to = from.saturating_mul(3).min(most).max(from);
    Duration::from_millis(random.u64(from..=to).min(most))
}

/// A worker that was taken for dead has nothing to say any more: what it began is somebody else's to do.
fn unless_fenced(result: Result<(), StoreError>) -> Result<(), StoreError> {
    match result {
        Err(StoreError::Fenced) => Ok(()),
        other => other,
    }
}

async fn told_to_stop(stop: &Stop) {
    match stop {
        Stop::Idle(_) => std::future::pending().await,
        Stop::Told(told) => {
            // A dropped sender means stop, too.
            let _ = told.clone().wait_for(|told| *told).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_the_first_to_the_most_and_never_in_step() {
        let (first, most) = (Duration::from_secs(1), Duration::from_secs(300));
        let course = |seed| {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut waited = Duration::ZERO;
            (0..40)
                .map(|_| {
                    let next = next_wait(waited, first, most, &mut random);
                    assert!(next >= first && next <= most && next <= waited.max(first) * 3, "{next:?} after {waited:?}");
                    waited = next;
                    next
                })
                .collect::<Vec<_>>()
        };
        let courses: Vec<_> = (0..8).map(course).collect();
        assert!(courses.iter().all(|course| course[0] == first), "the first wait is the first");
        assert!(courses.iter().all(|course| course[20..].iter().all(|wait| *wait >= most / 2)), "they grow");
        let fifth: std::collections::BTreeSet<_> = courses.iter().map(|course| course[5]).collect();
        assert!(fifth.len() > 6, "eight that failed together come back at {} times", fifth.len());
        assert_eq!(course(3), course(3), "one seed is one course");
    }
}
