//! What one call has used, and the limiter that says no: by the call's own share, and by what all calls hold together. Never decides what a
//! refusal turns into.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

use super::config::SandboxConfig;
use super::error::Limit;

/// What one call has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Fuel that the guest burned.
    pub fuel: u64,
    /// Bytes of linear memory that the instance held at its end, all memories together.
    pub memory_bytes: usize,
    /// Times that a memory grew after the instance was made. A normal call does not grow.
    pub memory_grows: u32,
    /// Requests that were sent, or refused after they were counted.
    pub http_calls: u32,
    /// Bytes of the replies.
    pub reply_bytes: usize,
    /// Log lines that were dropped.
    pub log_dropped: u32,
}

/// Memory that no call owns: what they may take beyond what is reserved for each.
#[derive(Debug)]
pub(super) struct Commons(AtomicUsize);

impl Commons {
    pub(super) fn new(bytes: usize) -> Arc<Commons> {
        Arc::new(Commons(AtomicUsize::new(bytes)))
    }

    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Counts what all memories and tables of one instance take together.
#[derive(Debug)]
pub(super) struct Limiter {
    memory_left: usize,
    memory_reserved: usize,
    table_left: usize,
    commons: Arc<Commons>,
    borrowed: usize,
    pub(super) memory_bytes: usize,
    pub(super) memory_grows: u32,
    /// A memory or a table was refused, and by which limit first.
    pub(super) refused: Option<Limit>,
}

impl Limiter {
    pub(super) fn new(config: &SandboxConfig, commons: Arc<Commons>) -> Self {
        Limiter {
            memory_left: config.memory_bytes,
            memory_reserved: config.memory_reserved_bytes,
            table_left: config.table_elements,
            commons,
            borrowed: 0,
            memory_bytes: 0,
            memory_grows: 0,
            refused: None,
        }
    }

    fn refuse(&mut self, limit: Limit) -> bool {
        self.refused.get_or_insert(limit);
        false
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        let Some(left) = self.memory_left.checked_sub(more) else {
            return Ok(self.refuse(Limit::Memory));
        };
        let held = self.memory_bytes.saturating_add(more);
        let lacking = held.saturating_sub(self.memory_reserved).saturating_sub(self.borrowed);
        if lacking > 0 && !self.commons.take(lacking) {
            return Ok(self.refuse(Limit::SharedMemory));
        }
        self.borrowed += lacking;
        self.memory_left = left;
        self.memory_bytes = held;
        self.memory_grows += u32::from(current > 0);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        match self.table_left.checked_sub(desired.saturating_sub(current)) {
            Some(left) => {
                self.table_left = left;
                Ok(true)
            }
            None => Ok(self.refuse(Limit::Memory)),
        }
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.commons.give(self.borrowed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(own: usize, reserved: usize, commons: &Arc<Commons>) -> Limiter {
        let config = SandboxConfig { memory_bytes: own, memory_reserved_bytes: reserved, table_elements: 10, ..SandboxConfig::default() };
        Limiter::new(&config, commons.clone())
    }

    #[test]
    fn two_memories_share_one_budget() {
        let mut limiter = limiter(100, 100, &Commons::new(0));
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 60, None).unwrap());
        assert_eq!(limiter.refused, Some(Limit::Memory));
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert_eq!((limiter.memory_bytes, limiter.memory_grows), (100, 0));
    }

    #[test]
    fn growing_is_counted_apart_from_being_made() {
        let mut limiter = limiter(100, 100, &Commons::new(0));
        assert!(limiter.memory_growing(0, 10, None).unwrap());
        assert!(limiter.memory_growing(10, 20, None).unwrap());
        assert_eq!((limiter.memory_bytes, limiter.memory_grows), (20, 1));
    }

    #[test]
    fn tables_have_one_budget_too() {
        let mut limiter = limiter(100, 100, &Commons::new(0));
        assert!(limiter.table_growing(0, 6, None).unwrap());
        assert!(!limiter.table_growing(0, 6, None).unwrap());
        assert!(limiter.table_growing(0, 4, None).unwrap());
    }

    #[test]
    fn what_is_reserved_is_there_whatever_the_others_hold() {
        let commons = Commons::new(50);
        let (mut greedy, mut late) = (limiter(100, 20, &commons), limiter(100, 20, &commons));
        assert!(greedy.memory_growing(0, 70, None).unwrap());
        assert!(late.memory_growing(0, 20, None).unwrap());
        assert!(!late.memory_growing(20, 21, None).unwrap());
        assert_eq!(late.refused, Some(Limit::SharedMemory));
        // A refusal took nothing, and what the first one held is there again when it is gone.
        drop(greedy);
        assert!(late.memory_growing(20, 70, None).unwrap());
        assert!(!late.memory_growing(70, 71, None).unwrap());
        drop(late);
        assert_eq!(commons.0.load(Ordering::Relaxed), 50);
    }
}
