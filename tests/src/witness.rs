//! A witness that keeps all it hears, for tests that search it.

use std::sync::{Mutex, PoisonError};

use connector_host::sandbox::Witness;

/// What was lowered into guests: the call, and the bytes.
type Heard = Vec<(&'static str, Vec<u8>)>;

/// Keeps every byte that was lowered into a guest.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Heard>);

impl Recorder {
    /// All that was heard so far.
    pub fn heard(&self) -> Heard {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Witness for Recorder {
    fn lowered(&self, function: &'static str, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((function, bytes.to_vec()));
    }
}
