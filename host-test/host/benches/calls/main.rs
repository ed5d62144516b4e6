//! What an isolated call costs, what each setting of the engine is worth, and what the usual alternatives cost beside it. Everything of one
//! table is measured in one run, in turns, so that the ratios mean something on a machine that does other things as well. Prints tables and
//! judges nothing.
//!
//! ```sh
//! cargo bench -p connector-host                          # what isolation costs, with guests made here
//! cargo run --release -- pack --out /tmp/nhanh.wasm
//! COMPONENT=/tmp/nhanh.wasm cargo bench -p connector-host # and what the connector's own calls cost
//! # beside a build of it with the standard library's allocator:
//! cargo build --package nhanh-connector --lib --features general-allocator --target wasm32-unknown-unknown --profile component
//! export OTHER=$PWD/target/wasm32-unknown-unknown/component/nhanh_connector.wasm
//! ```
//!
//! `-- settings threads` measures these parts alone; all are in `PARTS`. `OTHER` is any other build of the component, or of its module. Node
//! is measured where there is one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]
#![allow(missing_docs, unreachable_pub)]

mod bare;
mod connector;
#[allow(dead_code, reason = "made for the attacks")]
#[path = "../../tests/attacks/forge.rs"]
mod forge;
mod isolation;
#[path = "../../tests/facts/lower.rs"]
mod lower;
#[allow(dead_code, reason = "made for the facts")]
#[path = "../../tests/facts/make.rs"]
mod make;
mod native;
mod page;
mod rows;

/// What can be measured alone; the last six need a component.
const PARTS: [&str; 11] =
    ["start", "settings", "threads", "parts", "metering", "calls", "page", "page-threads", "page-settings", "page-metering", "resident"];

/// A component as it is; a module of the plugin, as cargo builds it, as a component.
fn wrapped(bytes: Vec<u8>) -> Vec<u8> {
    match wasmparser::Parser::is_core_wasm(&bytes) {
        true => wit_component::ComponentEncoder::default().validate(true).module(&bytes).unwrap().encode().unwrap(),
        false => bytes,
    }
}

fn main() {
    // `cargo test --benches` builds and starts it too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let file = |name: &str| std::env::var_os(name).map(|path| std::fs::read(path).unwrap());
    let (component, other) = (file("COMPONENT").map(wrapped), file("OTHER").map(wrapped));
    let arguments: Vec<String> = std::env::args().collect();
    let named: Vec<&str> = PARTS.into_iter().filter(|part| arguments.iter().any(|word| word == part)).collect();
    for part in PARTS.into_iter().filter(|part| named.is_empty() || named.contains(part)) {
        match (part, &component) {
            ("start", component) => isolation::start(component.as_deref()),
            ("settings", _) => isolation::settings(),
            ("threads", _) => isolation::threads(),
            ("parts", _) => isolation::parts(),
            ("metering", _) => isolation::metering(),
            (_, Some(component)) => connector::part(part, component, other.as_deref()),
            (_, None) => {}
        }
    }
    if component.is_none() {
        println!("\nThe connector's own calls: name its file, COMPONENT=nhanh.wasm (`cargo run --release -- pack --out nhanh.wasm`)");
    }
}
