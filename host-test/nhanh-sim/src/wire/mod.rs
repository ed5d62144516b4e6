//! Dialects: how a request becomes a question to the shop, and the shop's state becomes bytes.
//!
//! A dialect must never keep state of its own.

pub(crate) mod form;
pub(crate) mod json;
pub(crate) mod v2;
