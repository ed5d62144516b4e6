//! What one call has used, and the limiter that says no. Never decides what a refusal turns into.

use wasmtime::ResourceLimiter;

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

/// Counts what all memories and tables of one instance take together.
#[derive(Debug)]
pub(super) struct Limiter {
    memory_left: usize,
    table_left: usize,
    pub(super) memory_bytes: usize,
    pub(super) memory_grows: u32,
    /// A memory or a table was refused.
    pub(super) refused: bool,
}

impl Limiter {
    pub(super) fn new(memory_bytes: usize, table_elements: usize) -> Self {
        Limiter { memory_left: memory_bytes, table_left: table_elements, memory_bytes: 0, memory_grows: 0, refused: false }
    }

    fn take(left: &mut usize, current: usize, desired: usize, refused: &mut bool) -> bool {
        match left.checked_sub(desired.saturating_sub(current)) {
            Some(rest) => {
                *left = rest;
                true
            }
            None => {
                *refused = true;
                false
            }
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = Self::take(&mut self.memory_left, current, desired, &mut self.refused);
        if granted {
            self.memory_bytes = self.memory_bytes.saturating_add(desired.saturating_sub(current));
            self.memory_grows += u32::from(current > 0);
        }
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(Self::take(&mut self.table_left, current, desired, &mut self.refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_memories_share_one_budget() {
        let mut limiter = Limiter::new(100, 10);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.refused);
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert_eq!((limiter.memory_bytes, limiter.memory_grows), (100, 0));
    }

    #[test]
    fn growing_is_counted_apart_from_being_made() {
        let mut limiter = Limiter::new(100, 10);
        assert!(limiter.memory_growing(0, 10, None).unwrap());
        assert!(limiter.memory_growing(10, 20, None).unwrap());
        assert_eq!((limiter.memory_bytes, limiter.memory_grows), (20, 1));
    }
}
