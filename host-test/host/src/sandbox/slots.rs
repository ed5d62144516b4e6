//! Who may have an instance now. Calls that wait for the other side leave slots for those that only compute, and no connector holds them
//! all. Never knows what a call does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::config::SandboxConfig;
use super::error::Limit;

/// Places for calls of both kinds together, and for those that wait for the other side.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    exchange: Arc<Semaphore>,
}

/// What each connector may hold, by the digest of its bytes, for as long as it is admitted.
#[derive(Default)]
pub(super) struct Shares(Mutex<HashMap<[u8; 32], Weak<Slots>>>);

impl Shares {
    /// The share of the connector with this digest. Who is admitted twice has one share all the same.
    pub(super) fn of(&self, digest: [u8; 32], config: &SandboxConfig) -> Arc<Slots> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&digest).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Slots::of_connector(config);
        shares.insert(digest, Arc::downgrade(&share));
        share
    }
}

/// A place, until it is dropped.
pub(super) struct Slot {
    _held: [Option<OwnedSemaphorePermit>; 4],
}

impl Slots {
    /// Every slot of the pool.
    pub(super) fn all(config: &SandboxConfig) -> Slots {
        Slots::of(config.slots, config.exchange_slots)
    }

    /// As many of them as one connector may hold.
    fn of_connector(config: &SandboxConfig) -> Arc<Slots> {
        let part = |slots: u32| u32::try_from(u64::from(slots) * u64::from(config.connector_share_percent) / 100).unwrap_or(slots);
        Arc::new(Slots::of(part(config.slots), part(config.exchange_slots)))
    }

    fn of(slots: u32, exchange: u32) -> Slots {
        let semaphore = |permits: u32| Arc::new(Semaphore::new(permits.max(1) as usize));
        Slots { all: semaphore(slots), exchange: semaphore(exchange.min(slots)) }
    }

    /// Waits in turn for a place, at most so long.
    pub(super) async fn enter(&self, share: Option<&Slots>, exchange: bool, longest: Duration) -> Result<Slot, Limit> {
        // Always in this order, so that nobody holds what somebody waits for who holds what the first one waits for; and a call that
        // waits for a place of its kind takes none from the other kind meanwhile.
        let wanted = [
            share.filter(|_| exchange).map(|share| &share.exchange),
            Some(&self.exchange).filter(|_| exchange),
            share.map(|share| &share.all),
            Some(&self.all),
        ];
        let mut held = [None, None, None, None];
        let until = tokio::time::Instant::now() + longest;
        for (place, semaphore) in held.iter_mut().zip(wanted) {
            let Some(semaphore) = semaphore else { continue };
            let permit = match semaphore.clone().try_acquire_owned() {
                Ok(permit) => permit,
                Err(_) => {
                    let waited = tokio::time::timeout_at(until, semaphore.clone().acquire_owned()).await;
                    waited.map_err(|_| Limit::Slots)?.map_err(|_| Limit::Slots)?
                }
            };
            *place = Some(permit);
        }
        Ok(Slot { _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(config: &SandboxConfig) -> (Slots, Arc<Slots>, Arc<Slots>) {
        (Slots::all(config), Slots::of_connector(config), Slots::of_connector(config))
    }

    async fn enter(all: &Slots, share: &Slots, exchange: bool) -> Option<Slot> {
        all.enter(Some(share), exchange, Duration::ZERO).await.ok()
    }

    async fn fill(all: &Slots, share: &Slots, exchange: bool) -> Vec<Slot> {
        let mut held = Vec::new();
        while let Some(slot) = enter(all, share, exchange).await {
            held.push(slot);
        }
        held
    }

    #[tokio::test]
    async fn calls_that_wait_for_the_other_side_leave_slots_for_those_that_compute() {
        let config = SandboxConfig { slots: 8, exchange_slots: 4, connector_share_percent: 100, ..SandboxConfig::default() };
        let (all, one, _) = slots(&config);
        let waiting = fill(&all, &one, true).await;
        assert_eq!(waiting.len(), 4);
        assert_eq!(fill(&all, &one, false).await.len(), 4);
        drop(waiting);
        assert_eq!(fill(&all, &one, false).await.len(), 8);
    }

    #[tokio::test]
    async fn no_connector_holds_them_all() {
        let config = SandboxConfig { slots: 8, exchange_slots: 4, connector_share_percent: 75, ..SandboxConfig::default() };
        let (all, one, other) = slots(&config);
        let exchanging = fill(&all, &one, true).await;
        let computing = fill(&all, &one, false).await;
        assert_eq!((exchanging.len(), computing.len()), (3, 3));
        assert!(enter(&all, &other, true).await.is_some() && enter(&all, &other, false).await.is_some());
    }

    #[tokio::test]
    async fn who_is_admitted_twice_has_one_share() {
        let config = SandboxConfig { slots: 8, exchange_slots: 4, connector_share_percent: 75, ..SandboxConfig::default() };
        let (all, shares) = (Slots::all(&config), Shares::default());
        let (first, second, other) = (shares.of([1; 32], &config), shares.of([1; 32], &config), shares.of([2; 32], &config));
        let (one, two) = (fill(&all, &first, true).await, fill(&all, &second, true).await);
        assert_eq!((one.len(), two.len()), (3, 0));
        assert!(enter(&all, &other, true).await.is_some());
        // Who is gone leaves nothing behind.
        drop((first, second));
        shares.of([3; 32], &config);
        assert_eq!(shares.0.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn however_few_there_are_each_kind_gets_one() {
        let config = SandboxConfig { slots: 1, exchange_slots: 0, connector_share_percent: 0, ..SandboxConfig::default() };
        let (all, one, _) = slots(&config);
        drop(enter(&all, &one, true).await.unwrap());
        assert!(enter(&all, &one, false).await.is_some());
    }

    #[tokio::test]
    async fn who_waits_gets_a_place_as_soon_as_there_is_one() {
        let config = SandboxConfig { slots: 1, ..SandboxConfig::default() };
        let (all, one, other) = slots(&config);
        let held = enter(&all, &one, false).await.unwrap();
        let waiting = all.enter(Some(&other), false, Duration::from_secs(60));
        tokio::pin!(waiting);
        assert!(futures_poll(&mut waiting).await.is_none());
        drop(held);
        assert!(waiting.await.is_ok());
    }

    /// One look at a future.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = std::future::ready(()) => None,
        }
    }
}
