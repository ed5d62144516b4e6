//! What `cargo run -- …` runs first. Cargo compiles crates in an order of its own, in which a build script that looks for the WebAssembly target
//! would come after minutes of other work. This program has no dependency: it is there in a second, looks, and then has cargo build and run the
//! command line with the same words.
//!
//! Must never do anything else: what the words mean is the command line's.

// The library of that crate cannot be used: its build script looks, too, and would speak first.
#[allow(dead_code, unreachable_pub)]
#[path = "../../preflight/src/target.rs"]
mod target;

use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use target::{Surroundings, ensure};

fn main() -> ExitCode {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    if let Err(missing) = ensure(&Surroundings::of(rustc), say) {
        say(&format!("error: {missing}"));
        return ExitCode::FAILURE;
    }
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--package", "connector", "--bin", "connector"]);
    if let Ok(program) = env::current_exe() {
        cargo.args(as_this_was_built(&program));
    }
    cargo.arg("--").args(env::args_os().skip(1));
    run(cargo)
}

/// The profile and the target directory of this very program, which stands in `<target>/[<triple>/]<profile>/`.
fn as_this_was_built(program: &Path) -> Vec<String> {
    let Some(folder) = program.parent() else { return Vec::new() };
    let mut words = Vec::new();
    match folder.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => {}
        Some(profile) => words.extend(["--profile".to_owned(), profile.to_owned()]),
    }
    if let Some(root) = folder.ancestors().skip(1).take(2).find(|up| up.join("CACHEDIR.TAG").exists()) {
        words.extend(["--target-dir".to_owned(), root.display().to_string()]);
    }
    words
}

/// Says a line to the person; a closed standard error is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Becomes that command, so that Ctrl-C and exit codes are its own.
#[cfg(unix)]
fn run(mut command: Command) -> ExitCode {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    say(&format!("error: cargo could not be started: {error}"));
    ExitCode::FAILURE
}

/// Where a program cannot become another one: waits for it.
#[cfg(not(unix))]
fn run(mut command: Command) -> ExitCode {
    match command.status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            say(&format!("error: cargo could not be started: {error}"));
            ExitCode::FAILURE
        }
    }
}
