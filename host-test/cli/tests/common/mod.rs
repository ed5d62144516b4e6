//! Runs the binary as a person does, and reads what it says.
#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The binary with these words.
pub fn connector(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.args(words).env_remove("CONNECTOR_LOG").env_remove("CONNECTOR_KEY").env("RUST_BACKTRACE", "1");
    command
}

/// Runs it to its end.
pub fn run(words: &[&str]) -> Output {
    connector(words).output().unwrap()
}

/// What it printed, where it ended well.
pub fn printed(words: &[&str]) -> String {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What it printed, as JSON.
pub fn json(words: &[&str]) -> Value {
    serde_json::from_str(&printed(words)).unwrap()
}

/// Whether a terminal obeys this character, or turns what stands beside it: line breaks apart.
pub fn is_obeyed(character: char) -> bool {
    (character.is_control() && character != '\n') || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Its standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// It ends with this code and one line that says why, and neither panics nor prints anything else.
pub fn refuses(words: &[&str], code: i32, why: &str) {
    let output = run(words);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
    assert!(said.starts_with("error: ") && said.contains(why), "{words:?} says nothing of `{why}`: {said}");
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{words:?}: {said}");
}

/// A file of the examples that the README names.
pub fn example(name: &str) -> String {
    format!("{}/tests/examples/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// Writes a file and returns its path.
pub fn file(dir: &Path, name: &str, text: &str) -> String {
    let path: PathBuf = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}
