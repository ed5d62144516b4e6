//! What an isolated call costs, what each setting of the engine is worth, and what the usual alternatives cost beside it. Everything of one
//! table is measured in one run, in turns, so that the ratios mean something on a machine that does other things as well. Prints tables and
//! judges nothing.
//!
//! ```sh
//! cargo bench -p connector-host                          # what isolation costs, with guests made here
//! cargo run --release -- pack --out /tmp/nhanh.wasm
//! COMPONENT=/tmp/nhanh.wasm cargo bench -p connector-host # and what the connector's own calls cost
//! ```
//!
//! `OTHER=file.wasm` is another build of that component, measured beside it. Node is measured where there is one.
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

fn main() {
    // `cargo test --benches` builds and starts it too.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let file = |name: &str| std::env::var_os(name).map(|path| std::fs::read(path).unwrap());
    let component = file("COMPONENT");
    isolation::start(component.as_deref());
    isolation::settings();
    isolation::threads();
    isolation::parts();
    isolation::metering();
    match component {
        Some(component) => connector::all(&component, file("OTHER").as_deref()),
        None => {
            println!("\nThe connector's own calls: name its file, COMPONENT=nhanh.wasm (`cargo run --release -- pack --out nhanh.wasm`)")
        }
    }
}
