//! Looks for the standard library of `wasm32-unknown-unknown` beside the compiler, and installs it where rustup keeps that compiler.
//!
//! Shared by a build script and by the program behind `cargo run`: it reads no environment of its own, and must never print. What there is to
//! say comes back as one line.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the component is compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// What a build stands in.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The compiler: a name on the `PATH` or a path.
    pub rustc: OsString,
    /// The toolchain that rustup chose (`RUSTUP_TOOLCHAIN`), where rustup chose one.
    pub toolchain: Option<String>,
    /// What `/etc/os-release` says; empty where there is none.
    pub os_release: String,
}

impl Surroundings {
    /// Around this compiler, on this machine.
    pub fn of(rustc: OsString) -> Surroundings {
        Surroundings {
            rustc,
            toolchain: std::env::var("RUSTUP_TOOLCHAIN").ok().filter(|name| !name.is_empty()),
            os_release: std::fs::read_to_string("/etc/os-release").unwrap_or_default(),
        }
    }
}

/// How the target came to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The folder with its standard library: when that goes, so does the target.
    pub library: PathBuf,
    /// What was done, in one line; nothing where nothing was missing.
    pub installed: Option<String>,
}

/// Why a build cannot succeed: one sentence that names the command to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Sees that the target is there. `begins` hears of a download before it begins.
///
/// # Errors
/// When it is neither there nor to be had without a person.
pub fn ensure(around: &Surroundings, begins: impl FnOnce(&str)) -> Result<Present, Missing> {
    let library = library(around)?;
    if holds_core(&library) {
        return Ok(Present { library, installed: None });
    }
    let Some(toolchain) = rustup_toolchain(around)? else { return Err(by_hand(around)) };
    let command = format!("rustup target add {TARGET} --toolchain {toolchain}");
    begins(&format!("The WebAssembly target {TARGET} is missing: rustup installs it now (some 20 MB) into {toolchain}."));
    let added = Command::new("rustup").args(["target", "add", TARGET, "--toolchain", &toolchain]).output();
    let why = match added {
        Ok(output) if output.status.success() && holds_core(&library) => {
            let installed = format!("The WebAssembly target {TARGET} was missing: rustup has installed it into {toolchain}.");
            return Ok(Present { library, installed: Some(installed) });
        }
        Ok(output) if output.status.success() => format!("rustup says that it is, though {} has nothing", library.display()),
        Ok(output) => format!("rustup said \"{}\"", last_word(&output.stderr)),
        Err(error) => format!("rustup could not be started: {error}"),
    };
    Err(Missing(format!("The WebAssembly target {TARGET} is not installed, and the connector is built for it: type `{command}` ({why}).")))
}

/// Where this compiler keeps the target's standard library, whether it has one or not.
fn library(around: &Surroundings) -> Result<PathBuf, Missing> {
    asked(around, &["--print", "target-libdir", "--target", TARGET])
}

fn asked(around: &Surroundings, words: &[&str]) -> Result<PathBuf, Missing> {
    let rustc = Path::new(&around.rustc).display();
    let failed = |why: String| {
        Missing(format!(
            "The compiler `{rustc}` does not say where its libraries are ({why}): install Rust from https://rustup.rs and type the command again."
        ))
    };
    let output = Command::new(&around.rustc).args(words).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(last_word(&output.stderr)));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// A folder alone is no library: an installation that broke off may have left one.
fn holds_core(library: &Path) -> bool {
    let entries = std::fs::read_dir(library).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| name.to_str().is_some_and(|name| name.starts_with("libcore-")))
}

/// The toolchain to add to, where the compiler is one of rustup's. A distribution's own compiler may be used although rustup is there as well.
fn rustup_toolchain(around: &Surroundings) -> Result<Option<String>, Missing> {
    let sysroot = asked(around, &["--print", "sysroot"])?;
    let of_rustup = sysroot.parent().and_then(Path::file_name).is_some_and(|folder| folder == "toolchains");
    let name = sysroot.file_name().and_then(|name| name.to_str()).filter(|_| of_rustup).map(str::to_owned);
    Ok(name.or_else(|| around.toolchain.clone()))
}

/// For a compiler that rustup does not keep: the package of the distribution that is at work here, or all that are known.
fn by_hand(around: &Surroundings) -> Missing {
    const PACKAGES: [(&[&str], &str, &str); 4] = [
        (&["debian", "ubuntu"], "Debian and Ubuntu", "sudo apt install libstd-rust-dev-wasm32"),
        (&["fedora", "rhel"], "Fedora", "sudo dnf install rust-std-static-wasm32-unknown-unknown"),
        (&["arch"], "Arch Linux", "sudo pacman -S rust-wasm"),
        (&["alpine"], "Alpine", "sudo apk add rust-wasm"),
    ];
    let ids: Vec<&str> = around
        .os_release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .collect();
    let here = PACKAGES.iter().find(|(names, ..)| names.iter().any(|name| ids.contains(name)));
    let command = match here {
        Some((.., command)) => format!("type `{command}`"),
        None => {
            let known: Vec<String> = PACKAGES.iter().map(|(_, system, command)| format!("`{command}` on {system}")).collect();
            format!("type {}", known.join(", "))
        }
    };
    Missing(format!(
        "The WebAssembly target {TARGET} is not installed, and this compiler is not rustup's: {command}, or install Rust from \
         https://rustup.rs, which brings it."
    ))
}

/// The last line that says something.
fn last_word(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nothing").replace('"', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(os_release: &str) -> String {
        by_hand(&Surroundings { rustc: "rustc".into(), toolchain: None, os_release: os_release.to_owned() }).to_string()
    }

    #[test]
    fn each_distribution_is_told_its_own_package_and_an_unknown_one_all_of_them() {
        let debian = sentence("NAME=Debian\nID=debian\n");
        assert!(debian.contains("type `sudo apt install libstd-rust-dev-wasm32`") && !debian.contains("dnf"), "{debian}");
        assert!(sentence("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n").contains("apt"));
        let fedora = sentence("ID=fedora\n");
        assert!(fedora.contains("type `sudo dnf install rust-std-static-wasm32-unknown-unknown`") && !fedora.contains("apt"), "{fedora}");
        let unknown = sentence("");
        assert!(["apt", "dnf", "pacman", "apk"].iter().all(|word| unknown.contains(word)), "{unknown}");
        assert_eq!(unknown.lines().count(), 1);
    }
}
