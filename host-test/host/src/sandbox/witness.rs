//! Sees every byte that is lowered into a guest: arguments and replies. For tests that search them, and for recordings. Never changes one.

use serde::Serialize;

use crate::contract::http;

/// Hears what a guest is given, before it gets it.
pub trait Witness: Send + Sync {
    /// `function`: which call, by its name in the contract. `bytes`: JSON for records, the bytes themselves for bodies.
    fn lowered(&self, function: &'static str, bytes: &[u8]);
}

/// Shows a record. What cannot be written as JSON cannot be lowered either.
pub(super) fn show<T: Serialize>(witness: Option<&dyn Witness>, function: &'static str, value: &T) {
    if let Some(witness) = witness {
        witness.lowered(function, &serde_json::to_vec(value).unwrap_or_default());
    }
}

/// Shows a reply: its head as JSON, its body as it is.
pub(super) fn show_reply(witness: Option<&dyn Witness>, function: &'static str, response: &http::Response) {
    if let Some(witness) = witness {
        show(Some(witness), function, &(response.status, &response.content_type, &response.captured));
        witness.lowered(function, &response.body);
    }
}
