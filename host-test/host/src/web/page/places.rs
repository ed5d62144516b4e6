//! Places for what takes memory or a connection for long: a page that is kept live, a dry run, a long list. So many in all, and so many for one
//! tenant, so that nobody's clicks take the others' away. Never waits: where there is none, the person is told so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of one kind.
pub(super) struct Places {
    all: usize,
    each: usize,
    taken: Mutex<HashMap<String, usize>>,
}

/// One that is taken, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    tenant: String,
}

impl Places {
    /// So many in all, and for each tenant.
    pub(super) fn new(all: usize, each: usize) -> Arc<Places> {
        Arc::new(Places { all, each, taken: Mutex::default() })
    }

    /// One for this tenant, if there is one.
    pub(super) fn take(self: &Arc<Self>, tenant: &str) -> Option<Place> {
        let mut taken = self.taken();
        let own = taken.get(tenant).copied().unwrap_or_default();
        if own >= self.each || taken.values().sum::<usize>() >= self.all {
            return None;
        }
        taken.insert(tenant.to_owned(), own + 1);
        drop(taken);
        Some(Place { places: self.clone(), tenant: tenant.to_owned() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(own) = taken.get_mut(&self.tenant) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tenant_takes_its_own_places_and_never_all_of_them() {
        let places = Places::new(3, 2);
        let first = places.take("shop").unwrap();
        let _second = places.take("shop").unwrap();
        assert!(places.take("shop").is_none());
        let other = places.take("other").unwrap();
        assert!(places.take("third").is_none(), "there are three in all");
        drop(other);
        assert!(places.take("shop").is_none(), "what another gives back is not this one's");
        drop(first);
        assert!(places.take("shop").is_some() && places.take("third").is_some());
    }

    #[test]
    fn nothing_is_kept_of_a_tenant_that_left() {
        let places = Places::new(3, 2);
        drop((0..100).map(|number| places.take(&number.to_string())).collect::<Vec<_>>());
        assert!(places.taken().is_empty());
    }
}
