//! Runs the compiled component over folders of plain JSON. Adding a case is adding a folder; nothing here knows a case.
//!
//! ```text
//! fixtures/context.json               what an input without `context`, or without some of its fields, gets
//! fixtures/<export>/<case>/input.json     the arguments
//!                          output.json    the result that must come, or
//!                          error.txt      the trap or limit that must come
//!                          replies.json   what the other side answers (functions of `exchange` only); see [`crate::script`]
//!                          README.md      why the case is there, where its name does not say it
//! ```
//!
//! `settings` of a context may be an object: it changes the default settings by key, and `null` takes one away. A case of API 3.0 says
//! `"context": { "settings": { "api-version": "3.0" } }`.
//!
//! With `BLESS=1` what came is written as what must come, and the case passes: read the difference before it is committed. A request that
//! does not go by the script fails also then.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use connector_host::plain::{self, PlainError};
use connector_host::sandbox::{Courier, LogLine, Program, Sandbox, SandboxConfig};
use serde_json::{Map, Value, json};

use crate::compare::differences;
use crate::script::Script;

const FILES: [&str; 5] = ["input.json", "output.json", "error.txt", "replies.json", "README.md"];
/// Lines of a difference that are shown.
const SHOWN: usize = 30;

/// A component, and the folder of its fixtures.
pub struct Suite {
    program: Program,
    context: Option<Value>,
    bless: bool,
}

/// One folder with an input.
#[derive(Clone, Debug)]
pub struct Case {
    /// The function that it calls.
    pub export: String,
    /// What the folder is called.
    pub name: String,
    folder: PathBuf,
}

/// Every case below `root`, by export. Fails where there is none, and names each folder that is not as it should be.
pub fn cases(root: &Path) -> Result<BTreeMap<String, Vec<Case>>> {
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    for (export, folder) in entries(root)? {
        if !folder.is_dir() {
            if export != "context.json" {
                problems.push(format!("{} is neither a folder nor context.json", folder.display()));
            }
            continue;
        }
        let mut cases = Vec::new();
        for (name, folder) in entries(&folder)? {
            match check_folder(&folder) {
                Ok(()) => cases.push(Case { export: export.clone(), name, folder }),
                Err(error) => problems.push(format!("{}: {error}", folder.display())),
            }
        }
        if cases.is_empty() {
            problems.push(format!("{} holds no case", folder.display()));
        }
        found.insert(export, cases);
    }
    if found.is_empty() {
        problems.push(format!("{} holds no case", root.display()));
    }
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(found)
}

fn check_folder(folder: &Path) -> Result<()> {
    ensure!(folder.is_dir(), "not a folder");
    for (name, _) in entries(folder)? {
        ensure!(FILES.contains(&name.as_str()), "{name} is none of {}", FILES.join(", "));
    }
    let has = |name: &str| folder.join(name).exists();
    ensure!(has("input.json"), "there is no input.json");
    ensure!(!(has("output.json") && has("error.txt")), "there is both output.json and error.txt");
    Ok(())
}

/// Names and paths in a folder, sorted.
fn entries(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let read = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    read.map(|entry| {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().context("a name that is not UTF-8")?;
        Ok((name, entry.path()))
    })
    .collect()
}

impl Suite {
    /// Compiles the component. `bless`: write what comes instead of comparing it.
    pub fn new(component: &[u8], root: &Path, bless: bool) -> Result<Suite> {
        let sandbox = Sandbox::new(SandboxConfig::with_slots(8))?;
        let program = sandbox.load(component)?;
        let file = root.join("context.json");
        let context = file.exists().then(|| read_json(&file)).transpose()?;
        Ok(Suite { program, context, bless })
    }

    /// Runs one case. The error is what a person reads.
    pub async fn run(&self, case: &Case) -> Result<()> {
        let function = plain::find(self.program.functions(), &case.export)?;
        let mut input = read_json(&case.folder.join("input.json"))?;
        if function.signature().params().any(|(name, _)| name == "context") {
            fill_context(self.context.as_ref(), &mut input);
        }
        let sends = function.interface().is_some_and(|name| name.contains("/exchange@"));
        let script = read_script(&case.folder.join("replies.json"), sends)?;
        let courier = script.clone().map(|script| script as Arc<dyn Courier>);
        let outcome = plain::call(&self.program, &function.to_string(), &input.to_string(), courier).await;
        if let Some(script) = script {
            let problems = script.problems();
            ensure!(problems.is_empty(), "{}", problems.join("\n"));
        }
        match outcome {
            Ok(report) => {
                let settled = self.settle_output(case, &format!("{:#}\n", report.output));
                settled.map_err(|error| with_logs(error, &report.logs))
            }
            Err(PlainError::Call { error, logs, .. }) => {
                let settled = self.settle_error(case, &format!("{error}\n"));
                settled.map_err(|error| with_logs(error, &logs))
            }
            Err(error) => bail!("input.json: {error}"),
        }
    }

    fn settle_output(&self, case: &Case, text: &str) -> Result<()> {
        let found: Value = serde_json::from_str(text)?;
        let (file, other) = (case.folder.join("output.json"), case.folder.join("error.txt"));
        let is_as_expected = file.exists() && read_json(&file)? == found;
        if self.bless {
            return if is_as_expected { Ok(()) } else { replace(&file, &other, text) };
        }
        ensure!(!other.exists(), "expected the call to fail, found an answer:\n{text}");
        ensure!(file.exists(), "there is neither output.json nor error.txt; BLESS=1 writes what came:\n{text}");
        let lines = differences(&read_json(&file)?, &found);
        let more = lines.len().saturating_sub(SHOWN);
        let tail = if more > 0 { format!("\n… and {more} more") } else { String::new() };
        let shown: Vec<&str> = lines.iter().take(SHOWN).map(String::as_str).collect();
        ensure!(lines.is_empty(), "{}{tail}", shown.join("\n"));
        Ok(())
    }

    fn settle_error(&self, case: &Case, text: &str) -> Result<()> {
        let (file, other) = (case.folder.join("error.txt"), case.folder.join("output.json"));
        if self.bless {
            return replace(&file, &other, text);
        }
        ensure!(file.exists(), "there is no answer: {text}");
        let expected = fs::read_to_string(&file)?;
        ensure!(expected.trim_end() == text.trim_end(), "expected {}\nfound    {text}", expected.trim_end());
        Ok(())
    }
}

/// The default context: whole, where there is none; by its fields, where some are given; settings by key, where they are an object.
fn fill_context(defaults: Option<&Value>, input: &mut Value) {
    let (Some(Value::Object(defaults)), Value::Object(input)) = (defaults, input) else { return };
    let given = input.entry("context").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(given) = given else { return };
    if let Some(Value::Object(changed)) = given.get("settings") {
        let settings = changed_settings(defaults.get("settings"), changed);
        given.insert("settings".to_owned(), settings);
    }
    for (name, value) in defaults {
        given.entry(name).or_insert_with(|| value.clone());
    }
}

/// The default settings with some of them changed; `null` takes one away.
fn changed_settings(defaults: Option<&Value>, changed: &Map<String, Value>) -> Value {
    let key = |setting: &Value| setting.get("key").and_then(Value::as_str).map(str::to_owned);
    let defaults = defaults.and_then(Value::as_array).into_iter().flatten();
    let kept = defaults.filter(|it| key(it).is_none_or(|key| !changed.contains_key(&key))).cloned();
    let set = changed.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| json!({ "key": key, "value": value }));
    kept.chain(set).collect()
}

fn read_json(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

/// The script of a function that may send; without a file, one that foresees no request.
fn read_script(file: &Path, sends: bool) -> Result<Option<Arc<Script>>> {
    match (file.exists(), sends) {
        (false, false) => Ok(None),
        (false, true) => Ok(Some(Arc::new(Script::silent()))),
        (true, true) => Ok(Some(Arc::new(Script::read(&fs::read_to_string(file)?).context("replies.json")?))),
        (true, false) => bail!("replies.json: a pure function sends nothing"),
    }
}

/// The failure of a case, with what the guest wrote on the way: the text of a panic is only there.
fn with_logs(error: Error, logs: &[LogLine]) -> Error {
    let lines = logs.iter().map(|line| format!("\nthe guest wrote: {}", line.text));
    anyhow!("{error:#}{}", lines.collect::<String>())
}

fn replace(file: &Path, other: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))?;
    if other.exists() {
        fs::remove_file(other).with_context(|| format!("removing {}", other.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const COMPONENT: &str = r#"(component
        (core module $m
            (func (export "same") (param i32) (result i32) (local.get 0))
            (func (export "fail") unreachable))
        (core instance $i (instantiate $m))
        (func (export "same") (param "value" u32) (result u32) (canon lift (core func $i "same")))
        (func (export "fail") (canon lift (core func $i "fail"))))"#;

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let file = root.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        root
    }

    async fn run_all(root: &Path, bless: bool) -> Vec<String> {
        let suite = Suite::new(&wat::parse_str(COMPONENT).unwrap(), root, bless).unwrap();
        let mut failed = Vec::new();
        for case in cases(root).unwrap().values().flatten() {
            failed.extend(suite.run(case).await.err().map(|error| format!("{}: {error:#}", case.name)));
        }
        failed
    }

    #[tokio::test]
    async fn what_comes_is_compared_with_what_must_come() {
        let root = folder(&[
            ("same/right/input.json", "{\"value\": 7}"),
            ("same/right/output.json", "7"),
            ("same/wrong/input.json", "{\"value\": 7}"),
            ("same/wrong/output.json", "8"),
            ("fail/right/input.json", "{}"),
            ("fail/right/error.txt", "the connector stopped: wasm trap: wasm `unreachable` instruction executed"),
        ]);
        assert_eq!(run_all(root.path(), false).await, ["wrong: the whole: expected 8, found 7"]);
    }

    #[tokio::test]
    async fn blessing_writes_what_came_but_not_what_could_not_be_called() {
        let root = folder(&[
            ("same/new/input.json", "{\"value\": 7}"),
            ("same/typo/input.json", "{\"valeu\": 7}"),
            ("fail/new/input.json", "{}"),
            ("fail/new/output.json", "1"),
        ]);
        let typo = "typo: input.json: /valeu: there is no such field; accepted are value";
        assert_eq!(run_all(root.path(), true).await, [typo]);
        assert_eq!(fs::read_to_string(root.path().join("same/new/output.json")).unwrap(), "7\n");
        assert!(!root.path().join("fail/new/output.json").exists());
        assert_eq!(run_all(root.path(), false).await, [typo]);
    }

    #[tokio::test]
    async fn a_pure_function_has_no_replies() {
        let root = folder(&[("same/sends/input.json", "{\"value\": 7}"), ("same/sends/replies.json", "[]")]);
        assert_eq!(run_all(root.path(), false).await, ["sends: replies.json: a pure function sends nothing"]);
    }

    #[test]
    fn a_folder_that_is_no_case_is_named() {
        let table: &[(&[(&str, &str)], &str)] = &[
            (&[("context.json", "{}")], "holds no case"),
            (&[("same/README.md", "")], "README.md: not a folder"),
            (&[("same/one/output.json", "1")], "one: there is no input.json"),
            (&[("same/one/input.json", "1"), ("same/one/ouput.json", "1")], "one: ouput.json is none of"),
            (&[("same/one/input.json", "1"), ("same/one/output.json", "1"), ("same/one/error.txt", "1")], "one: there is both"),
            (&[("same/one/input.json", "1"), ("notes.md", "")], "notes.md is neither a folder nor context.json"),
        ];
        for (files, expected) in table {
            let root = folder(files);
            let error = cases(root.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_context_is_filled_in_where_it_is_missing() {
        let defaults = json!({ "now": 1, "tag": "ab12" });
        let table = [
            (json!({}), json!({ "context": { "now": 1, "tag": "ab12" } })),
            (json!({ "context": { "now": 2 } }), json!({ "context": { "now": 2, "tag": "ab12" } })),
            (json!({ "context": 3 }), json!({ "context": 3 })),
        ];
        for (mut input, expected) in table {
            fill_context(Some(&defaults), &mut input);
            assert_eq!(input, expected);
        }
    }

    #[test]
    fn settings_are_replaced_by_a_list_and_changed_by_an_object() {
        let setting = |key: &str, value: &str| json!({ "key": key, "value": value });
        let defaults = json!({ "settings": [setting("app-id", "7"), setting("api-version", "2.0"), setting("sync-orders", "on")] });
        let table = [
            (json!([setting("a", "b")]), json!([setting("a", "b")])),
            (json!({}), defaults["settings"].clone()),
            (
                json!({ "api-version": "3.0", "sync-orders": null, "new": "on" }),
                json!([setting("app-id", "7"), setting("api-version", "3.0"), setting("new", "on")]),
            ),
        ];
        for (settings, expected) in table {
            let mut input = json!({ "context": { "settings": settings } });
            fill_context(Some(&defaults), &mut input);
            assert_eq!(input["context"]["settings"], expected);
        }
    }
}
