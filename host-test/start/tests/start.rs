//! The first second of `cargo run`, with a compiler, a rustup and a cargo that are scripts of this test.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A machine: its `PATH`, the toolchain's folder, and what it knows of itself.
struct Machine {
    folder: TempDir,
    sysroot: PathBuf,
}

impl Machine {
    /// With a compiler that stands here, without the target.
    fn with_compiler_in(sysroot: &str) -> Machine {
        let folder = TempDir::new().unwrap();
        let sysroot = folder.path().join(sysroot);
        std::fs::create_dir_all(sysroot.join("lib/rustlib")).unwrap();
        let machine = Machine { folder, sysroot };
        let answers = format!(
            "case \"$*\" in\n  *target-libdir*) echo {0}/lib/rustlib/wasm32-unknown-unknown/lib;;\n  *) echo {0};;\nesac",
            machine.sysroot.display()
        );
        machine.program("rustc", &answers);
        machine.program("cargo", &format!("echo \"$*\" > {}", machine.told().display()));
        machine
    }

    fn program(&self, name: &str, script: &str) {
        let bin = self.folder.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn library(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib/wasm32-unknown-unknown/lib")
    }

    fn add_target(&self) {
        std::fs::create_dir_all(self.library()).unwrap();
        std::fs::write(self.library().join("libcore-0123.rlib"), "").unwrap();
    }

    fn told(&self) -> PathBuf {
        self.folder.path().join("cargo-was-told")
    }

    /// What cargo was told to run, where it was.
    fn cargo(&self) -> Option<String> {
        std::fs::read_to_string(self.told()).ok()
    }

    fn run(&self, program: &Path) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display());
        let mut command = Command::new(program);
        command.args(["demo", "--size", "small"]).env_clear().env("PATH", path).env("RUST_BACKTRACE", "1");
        command.output().unwrap()
    }

    fn start(&self) -> Output {
        self.run(Path::new(env!("CARGO_BIN_EXE_start")))
    }
}

const RUSTUP: &str = "rustup-home/toolchains/1.95.0-x86_64-unknown-linux-gnu";

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn with_the_target_there_nothing_is_said_and_the_command_line_is_run_with_the_same_words() {
    let machine = Machine::with_compiler_in(RUSTUP);
    machine.add_target();
    let output = machine.start();
    assert_eq!((said(&output).as_str(), output.status.code()), ("", Some(0)));
    let told = machine.cargo().unwrap();
    assert!(told.starts_with("run --package connector --bin connector ") && told.trim_end().ends_with(" -- demo --size small"), "{told}");
}

#[test]
fn a_release_build_asks_for_a_release_build_in_the_same_folder() {
    let machine = Machine::with_compiler_in(RUSTUP);
    machine.add_target();
    let target = machine.folder.path().join("elsewhere");
    std::fs::create_dir_all(target.join("release")).unwrap();
    std::fs::write(target.join("CACHEDIR.TAG"), "").unwrap();
    let program = target.join("release/start");
    std::fs::copy(env!("CARGO_BIN_EXE_start"), &program).unwrap();
    assert!(machine.run(&program).status.success());
    let told = machine.cargo().unwrap();
    assert!(told.contains(&format!("--profile release --target-dir {} -- ", target.display())), "{told}");
}

#[test]
fn a_missing_target_is_installed_by_rustup_and_one_line_says_so() {
    let machine = Machine::with_compiler_in(RUSTUP);
    let library = machine.library();
    machine.program(
        "rustup",
        &format!(
            "[ \"$*\" = \"target add wasm32-unknown-unknown --toolchain 1.95.0-x86_64-unknown-linux-gnu\" ] || exit 9\n\
             echo \"info: downloading component\" >&2\nmkdir -p {0} && touch {0}/libcore-0123.rlib",
            library.display()
        ),
    );
    let output = machine.start();
    let said = said(&output);
    assert_eq!((said.lines().count(), output.status.code()), (1, Some(0)), "{said}");
    assert!(said.contains("wasm32-unknown-unknown is missing: rustup installs it now"), "{said}");
    assert!(machine.cargo().is_some(), "and the build goes on");
}

/// One sentence that names the command, a failure, and nothing built.
fn ends(machine: &Machine, with: &[&str], without: &[&str]) {
    let output = machine.start();
    let said = said(&output);
    assert_eq!((output.status.code(), machine.cargo()), (Some(1), None), "{said}");
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("error: ") && said.lines().filter(|line| line.starts_with("error: ")).count() == 1, "{said}");
    assert!(!said.contains("backtrace") && !said.contains("panicked"), "{said}");
    for word in with {
        assert!(last.contains(word), "{word}: {said}");
    }
    for word in without {
        assert!(!said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_rustup_that_fails_ends_in_a_sentence_with_its_command_and_its_last_words() {
    let machine = Machine::with_compiler_in(RUSTUP);
    machine.program("rustup", "echo \"info: syncing\" >&2\necho \"error: could not download file\" >&2\nexit 1");
    let command = "`rustup target add wasm32-unknown-unknown --toolchain 1.95.0-x86_64-unknown-linux-gnu`";
    ends(&machine, &[command, "could not download file"], &["apt", "dnf"]);
}

#[test]
fn a_rustup_that_installs_nothing_is_not_believed() {
    let machine = Machine::with_compiler_in(RUSTUP);
    machine.program("rustup", "exit 0");
    ends(&machine, &["`rustup target add wasm32-unknown-unknown"], &["apt"]);
    // A folder alone, as an installation leaves it that broke off, is no target either.
    std::fs::create_dir_all(machine.library()).unwrap();
    ends(&machine, &["`rustup target add wasm32-unknown-unknown"], &["apt"]);
}

#[test]
fn a_toolchain_of_rustup_s_without_rustup_on_the_path_names_rustup_s_command() {
    ends(&Machine::with_compiler_in(RUSTUP), &["`rustup target add wasm32-unknown-unknown", "could not be started"], &["apt"]);
}

#[test]
fn a_distribution_s_own_compiler_names_its_package_and_leaves_rustup_alone() {
    let machine = Machine::with_compiler_in("usr");
    machine.program("rustup", &format!("touch {}", machine.folder.path().join("asked").display()));
    ends(&machine, &["not rustup's", "https://rustup.rs"], &["rustup target add"]);
    assert!(!machine.folder.path().join("asked").exists());
}

#[test]
fn without_any_compiler_it_says_where_to_get_one() {
    let machine = Machine::with_compiler_in("usr");
    machine.program("rustc", "echo \"error: rustup could not choose a version of rustc to run\" >&2\nexit 1");
    ends(&machine, &["https://rustup.rs", "could not choose a version"], &["apt"]);
}
