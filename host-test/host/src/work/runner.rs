//! Takes work in turn and hands each piece to what knows it. Live work goes first, and always finds a free worker; no two pieces with one key
//! run at once. Knows when to try again, never what the work is about.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tracing::Instrument as _;

use super::Host;
use super::pull::Worked;
use crate::store::{Lane, StoreError, Task, Work};

/// Milliseconds between two looks at the grants that are about to end.
const WATCH_EVERY: i64 = 60 * 60 * 1_000;

/// When a runner stops.
#[derive(Clone, Debug)]
pub enum Stop {
    /// When nothing runs and nothing is due within this time.
    Idle(Duration),
    /// When told; what runs is finished first.
    Told(watch::Receiver<bool>),
}

impl Host {
    /// Works until `stop` says so. Errors of single pieces of work are their own; this fails only when the store does.
    pub async fn work(self: &Arc<Self>, stop: Stop) -> Result<(), StoreError> {
        let mut running: JoinSet<Result<(), StoreError>> = JoinSet::new();
        let mut under_way: HashMap<Id, Work> = HashMap::new();
        // However few workers there are, one of them may pull: bulk work would wait for ever.
        let workers = self.config.workers.max(1);
        let for_live = self.config.live_workers.min(workers - 1);
        // Work that nobody waits for: it may not take the workers that are kept for live work.
        let mut patient = 0;
        let mut watch_at = self.clock.now();
        self.plan_by_rules().await?;
        loop {
            if self.clock.now() >= watch_at {
                self.watch_grants().await?;
                watch_at = self.clock.now().saturating_add(WATCH_EVERY);
            }
            // Registered before the queue is read, so that work queued meanwhile is not missed.
            let woken = self.wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            let told = matches!(&stop, Stop::Told(told) if *told.borrow());
            if !told {
                self.store.join_refreshes(self.clock.now()).await?;
                self.poll().await?;
                while running.len() < workers {
                    let only_live = patient + for_live >= workers;
                    let Some(work) = self.store.claim(self.clock.now(), only_live).await? else { break };
                    patient += usize::from(work.lane != Lane::Live);
                    let (host, taken) = (self.clone(), work.clone());
                    let span = tracing::info_span!("work", work = work.id, connection = work.connection);
                    let task = running.spawn(async move { host.one(taken).await }.instrument(span));
                    under_way.insert(task.id(), work);
                }
            }
            if running.is_empty() && told {
                return Ok(());
            }
            let next = self.store.next_due().await?.into_iter().chain(self.next_poll().await?).min();
            if let (Stop::Idle(within), true) = (&stop, running.is_empty()) {
                let horizon = self.clock.now().saturating_add(i64::try_from(within.as_millis()).unwrap_or(i64::MAX));
                if next.is_none_or(|due| due > horizon) {
                    return Ok(());
                }
            }
            // What is due but cannot be claimed waits for its key: the end of running work tells.
            let next = next.filter(|due| *due > self.clock.now() || running.is_empty());
            let sleep_until = next.map_or(watch_at, |due| due.min(watch_at));
            tokio::select! {
                Some(ended) = running.join_next_with_id() => {
                    let id = ended.as_ref().map_or_else(|broken| broken.id(), |(id, _)| *id);
                    let work = under_way.remove(&id);
                    patient -= usize::from(work.as_ref().is_some_and(|work| work.lane != Lane::Live));
                    match (ended, work) {
                        (Ok((_, result)), _) => result?,
                        // A panic is a bug of this host; the work is not lost for it.
                        (Err(broken), Some(work)) => {
                            tracing::error!(connection = work.connection, %broken, "a piece of work broke off");
                            self.try_again(&work).await?;
                        }
                        (Err(_), None) => {}
                    }
                }
                () = &mut woken => {}
                () = self.clock.sleep_until(sleep_until) => {}
                () = told_to_stop(&stop), if !told => {}
            }
        }
    }

    async fn one(&self, work: Work) -> Result<(), StoreError> {
        let worked = match &work.task {
            Task::Pull { run } => self.pull(*run).await,
            Task::Push { order } => self.push(work.connection, order).await,
            Task::Delivery { id } => self.deliver_again(work.connection, *id).await,
        };
        match worked {
            Ok(Worked::Done) => self.store.complete(work.id).await,
            Ok(Worked::Again(wait)) => {
                let wait = wait.map_or_else(|| self.back_off(work.attempts), |ms| Duration::from_millis(ms.into()));
                let due = self.clock.now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
                self.store.again(work.id, due, true).await
            }
            // It was begun under an earlier grant: everything is read anew, at once.
            Err(StoreError::Superseded) => {
                tracing::info!(connection = work.connection, "a piece of work begins anew under another grant");
                self.store.again(work.id, self.clock.now(), false).await
            }
            // What the work names is not there any more.
            Err(StoreError::Missing(what)) => {
                tracing::warn!(connection = work.connection, what, "work was dropped: what it names is gone");
                self.store.complete(work.id).await
            }
            Err(error) => {
                tracing::error!(connection = work.connection, %error, "the store failed during a piece of work");
                self.try_again(&work).await
            }
        }
    }

    async fn try_again(&self, work: &Work) -> Result<(), StoreError> {
        let wait = self.back_off(work.attempts);
        let due = self.clock.now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        self.store.again(work.id, due, true).await
    }

    fn back_off(&self, attempts: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempts.min(16));
        self.config.retry_first.saturating_mul(factor).min(self.config.retry_most)
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
