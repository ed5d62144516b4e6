//! Nhanh's wire: how a reply is read, what its words mean, what its errors are.
//!
//! `wire` is what every dialect offers; `v2` speaks form posts, `v3` JSON. What both write alike (`goods`, `customer`, `store`) and
//! what both need (`json`, `object`, `errors`, `words`) is here. Nothing in it knows Nobi's rules.

pub mod customer;
pub mod errors;
pub mod goods;
pub mod json;
pub mod object;
pub mod outgoing;
pub mod store;
pub mod tree;
pub mod v2;
pub mod v3;
pub mod wire;
pub mod words;

/// The endpoint that is called.
pub const ENDPOINT: &str = "api";
