//! The contract as Rust types, generated from `wit/`. Holds nothing of its own.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { "nobi:connector/http.send": async, default: trappable },
    exports: { default: async },
    additional_derives: [PartialEq],
});
