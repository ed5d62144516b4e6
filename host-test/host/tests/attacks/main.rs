//! Attacks on the host by a connector, by who answers it, and by whoever can touch its files. Each is contained with a typed error, and in
//! each of them a second tenant's calls go on succeeding: before, while and after it runs.
//!
//! The attackers are real components, made here: every export can be any code, and the bytes can be bent afterwards.

// The lints know a test by its attribute; helpers of tests have none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod answers;
mod bleed;
mod budgets;
mod bytes;
mod captures;
mod crowd;
mod descriptors;
mod forge;
mod fuzzed;
mod host_calls;
#[path = "../facts/lower.rs"]
mod lower;
#[allow(dead_code, reason = "made for another suite as well")]
#[path = "../facts/make.rs"]
mod make;
mod neighbour;
mod nested;
mod resources;
mod server;
mod tenants;
mod ways;
