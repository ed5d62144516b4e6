//! Ends the build in one sentence where the WebAssembly target is neither there nor to be had; installs it where rustup can.

#[allow(dead_code, unreachable_pub, missing_docs)]
#[path = "src/target.rs"]
mod target;

use target::{Surroundings, ensure};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/target.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    match ensure(&Surroundings::of(rustc), |_| {}) {
        Ok(present) => {
            // Where somebody takes it away, this looks again.
            println!("cargo:rerun-if-changed={}", present.library.display());
            if let Some(line) = present.installed {
                // What a build script prints is shown by cargo only as a warning.
                println!("cargo:warning={line}");
            }
        }
        Err(missing) => {
            eprintln!("{missing}");
            std::process::exit(1);
        }
    }
}
