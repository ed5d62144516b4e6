//! What the whole-system suites share. Tests only: nothing here may be needed to run a connector.
//!
//! [`fixtures`] runs the compiled component over folders of plain JSON, [`script`] plays the other side for those cases that send requests,
//! and [`compare`] says in words how two JSON values differ.

pub mod compare;
pub mod fixtures;
pub mod script;
