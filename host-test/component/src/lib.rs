//! The Nhanh.vn connector as a built WebAssembly component. Holds its bytes; never runs them.

/// The component, as a host loads it.
pub const BYTES: &[u8] = include_bytes!(env!("NHANH_CONNECTOR_WASM"));
