//! Runs connectors that were written against the contract in `wit/`.
//!
//! To be toured.

pub mod clock;
pub mod contract;
pub mod outbound;
mod pointer;
pub mod proof;
pub mod sandbox;
pub mod secret;
