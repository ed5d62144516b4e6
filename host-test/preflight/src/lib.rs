//! A crate that others wait for: its build script looks for the WebAssembly target, so that a build ends at once where it cannot succeed.
//! Must never have a dependency.

pub mod target;
