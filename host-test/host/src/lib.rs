//! Runs connectors that were written against the contract in `wit/`.
//!
//! To be toured.

pub mod clock;
pub mod contract;
pub mod inspect;
pub mod plain;
pub mod sandbox;
