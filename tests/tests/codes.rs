//! `docs/codes.md` lists every stable code that the connector and the host can give to a person, neither more nor fewer.
//!
//! The codes are read out of the sources, as tokens, so that comments and documentation never count. Only what is compiled into the two
//! crates is read: from `lib.rs` along its `mod` items, without those that are `#[cfg(test)]`. A code is
//!
//! - a text of a family's shape, `first-word.rest`, wherever it stands;
//! - whatever text stands where a code is asked for: `code: "…"`, or the first text given to `notify` or `notify_once`. So a code without a
//!   dot, such as `connected`, counts as well;
//! - a text of a family's shape with a hole in it, filled in by `format!`: it stands for one code for each value that the hole can have, and
//!   where those values are written down has to be said in [`MADE`].
//!
//! A dotted text that begins with none of [`FAMILIES`] has to be named in [`NO_CODES`]: a new family cannot come in unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use wit_parser::{Resolve, TypeDefKind};

/// The first words of codes.
const FAMILIES: [&str; 15] = [
    "branch",
    "check",
    "connector",
    "event",
    "flow",
    "gone",
    "grant",
    "host",
    "ignored",
    "nhanh",
    "order",
    "product",
    "skip",
    "stock",
    "webhook",
];

/// Texts that look like codes and are none, each with what it is.
const NO_CODES: [(&str, &str); 5] = [
    ("stock.created", "a figure of a run: an entity and what became of its records"),
    ("http.send", "a function of the contract"),
    ("webhooks.proofs", "a field of the descriptor"),
    ("webhooks.secret", "a field of the descriptor"),
    ("webhooks.events", "a field of the descriptor"),
];

/// Endings of files, which are dotted texts too.
const FILES: [&str; 5] = [".wit", ".sql", ".css", ".js", ".svg"];

/// Codes that `format!` makes: the text with its hole, and the constant of the same file that lists what the hole can be.
const MADE: [(&str, &str); 2] = [("grant.ends-in-{mark}", "TELL_AT"), ("gone.{kind}", "KINDS")];

/// The crates that speak to people.
const CRATES: [&str; 2] = ["plugin/src", "host-test/host/src"];

/// Functions whose name is the class of the failure that they make.
const CLASS_NAMES: [&str; 4] = ["rejected", "conflict", "misconfigured", "unsupported"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the sources say of one code.
#[derive(Debug, Default)]
struct Found {
    files: BTreeSet<String>,
    /// Classes that stand beside the code where it is made. Not complete: a class may be worked out elsewhere.
    classes: BTreeSet<String>,
}

/// Everything that was read out of the sources.
#[derive(Debug, Default)]
struct Sources {
    codes: BTreeMap<String, Found>,
    exceptions: BTreeSet<String>,
    problems: Vec<String>,
    files: usize,
}

impl Sources {
    fn of_the_tree() -> Result<Self> {
        let mut sources = Self::default();
        for name in CRATES {
            sources.file(&root().join(name).join("lib.rs"), &root().join(name))?;
        }
        Ok(sources)
    }

    /// A file, and the modules that it names. `below`: the folder where those are.
    fn file(&mut self, path: &Path, below: &Path) -> Result<()> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let shown = path.strip_prefix(root())?.display().to_string();
        self.files += 1;
        for module in self.text(&shown, &text)? {
            let folder = below.join(&module);
            let own = folder.with_extension("rs");
            self.file(&if own.exists() { own } else { folder.join("mod.rs") }, &folder)?;
        }
        Ok(())
    }

    /// A file's text. Answers the modules that are files of their own.
    fn text(&mut self, file: &str, text: &str) -> Result<Vec<String>> {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{file}: {error}"))?;
        let (kept, modules) = without_tests(tokens)?;
        let lists = lists(&kept);
        self.tokens(&Place { file, lists: &lists }, &kept, None);
        Ok(modules)
    }

    fn tokens(&mut self, place: &Place<'_>, tokens: &[TokenTree], group: Option<(&Group, Option<String>)>) {
        let notified = group.as_ref().is_some_and(|(_, before)| matches!(before.as_deref(), Some("notify" | "notify_once")));
        let mut is_first = true;
        for (at, token) in tokens.iter().enumerate() {
            if let TokenTree::Group(group) = token {
                let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map(ToString::to_string);
                let inside: Vec<_> = group.stream().into_iter().collect();
                self.tokens(place, &inside, Some((group, before)));
            }
            let Some(text) = text_of(token) else { continue };
            let field = tokens.get(..at).is_some_and(|before| ends_with(before, &["code", ":"]));
            let asked_for = field || (notified && is_first);
            let class = if is_first { class(tokens, group.as_ref()) } else { None };
            is_first = false;
            self.literal(place, &text, asked_for, class);
        }
    }

    fn literal(&mut self, place: &Place<'_>, text: &str, asked_for: bool, class: Option<String>) {
        let file = place.file;
        if let Some((_, values)) = MADE.iter().find(|(made, _)| *made == text) {
            let values = place.lists.get(*values).map_or(&[][..], Vec::as_slice);
            if values.is_empty() {
                self.problems.push(format!("{file}: what `{text}` is filled with cannot be found"));
            }
            let (before, after) =
                text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1))).unwrap_or_default();
            for value in values {
                self.code(&format!("{before}{value}{after}"), file, class.clone());
            }
            return;
        }
        if FILES.iter().any(|ending| text.ends_with(ending)) {
            return;
        }
        let first = text.split('.').next().unwrap_or_default();
        if asked_for || (is_dotted(text) && FAMILIES.contains(&first)) {
            if NO_CODES.iter().any(|(it, _)| *it == text) {
                self.exceptions.insert(text.to_owned());
            } else if is_code(text) {
                self.code(text, file, class);
            } else {
                self.problems.push(format!("{file}: `{text}` stands for a code and cannot be one"));
            }
        } else if text.contains('{') && FAMILIES.contains(&first) && is_dotted(&text.replace(['{', '}', '_'], "")) {
            self.problems.push(format!("{file}: `{text}` makes codes: say in MADE what it is filled with"));
        } else if is_dotted(text) {
            if NO_CODES.iter().any(|(it, _)| *it == text) {
                self.exceptions.insert(text.to_owned());
            } else {
                self.problems.push(format!("{file}: `{text}` is of no known family: add the family, or name it in NO_CODES"));
            }
        }
    }

    fn code(&mut self, code: &str, file: &str, class: Option<String>) {
        let found = self.codes.entry(code.to_owned()).or_default();
        found.files.insert(file.to_owned());
        found.classes.extend(class);
    }
}

/// What is known of the file at hand.
struct Place<'a> {
    file: &'a str,
    lists: &'a BTreeMap<String, Vec<String>>,
}

/// `[a-z0-9.-]{1,64}`, as the contract says.
fn is_code(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_lowercase() || matches!(it, b'.' | b'-'))
}

/// A word, and at least one more part behind a dot.
fn is_dotted(text: &str) -> bool {
    let mut parts = text.split('.');
    let word = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let fits = |part: &&str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_lowercase() || it == b'-');
    !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase()) && !rest.is_empty() && rest.iter().all(fits)
}

/// The text of a literal, escapes as they are written: no code has one.
fn text_of(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    let written = literal.to_string();
    let text = written.trim_start_matches('r').trim_matches('#');
    Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

/// The class that a failure gets where its code is written: by the name of the function that makes it, or as the only class beside it.
fn class(tokens: &[TokenTree], group: Option<&(&Group, Option<String>)>) -> Option<String> {
    let (group, before) = group?;
    if let Some(name) = before.as_deref().filter(|name| CLASS_NAMES.contains(name)) {
        return Some(name.to_owned());
    }
    let before = |words: &[&str]| -> Vec<String> {
        let after = (0..tokens.len()).filter(|at| tokens.get(..*at).is_some_and(|before| ends_with(before, words)));
        after.filter_map(|at| tokens.get(at)).map(ToString::to_string).collect()
    };
    let is_record = group.delimiter() == Delimiter::Brace && !before(&["code", ":"]).is_empty();
    if group.delimiter() != Delimiter::Parenthesis && !is_record {
        return None;
    }
    let named: BTreeSet<String> = before(&["FailureClass", ":", ":"]).into_iter().collect();
    if named.len() == 1 { named.first().map(|it| kebab(it)) } else { None }
}

/// Whether these words are the last of the tokens.
fn ends_with(tokens: &[TokenTree], words: &[&str]) -> bool {
    tokens.len() >= words.len() && tokens.iter().rev().zip(words.iter().rev()).all(|(token, word)| token.to_string() == *word)
}

/// `RateLimited` as the contract writes it.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// Drops attributes, and items that are compiled for tests alone. Answers what stays, and the modules that are files of their own.
fn without_tests(tokens: TokenStream) -> Result<(Vec<TokenTree>, Vec<String>)> {
    let (mut kept, mut modules) = (Vec::<TokenTree>::new(), Vec::new());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if token.to_string() == "#" {
            // An attribute of what follows, or with `!` of what it stands in.
            let inner = tokens.next_if(|it| it.to_string() == "!").is_some();
            let attribute = tokens.next().map(|it| it.to_string().split_whitespace().collect::<String>());
            if !inner && attribute.as_deref() == Some("[cfg(test)]") {
                for skipped in tokens.by_ref() {
                    let is_body = matches!(&skipped, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
                    if is_body || skipped.to_string() == ";" {
                        break;
                    }
                }
            }
            continue;
        }
        if let (";", [.., TokenTree::Ident(word), TokenTree::Ident(name)]) = (token.to_string().as_str(), kept.as_slice())
            && word == "mod"
        {
            modules.push(name.to_string());
        }
        match token {
            TokenTree::Group(group) => {
                let (inside, nested) = without_tests(group.stream())?;
                ensure!(nested.is_empty(), "a file's module inside another item is not followed: {nested:?}");
                kept.push(TokenTree::Group(Group::new(group.delimiter(), inside.into_iter().collect())));
            }
            other => kept.push(other),
        }
    }
    Ok((kept, modules))
}

/// Constants that are lists of numbers or words, by name.
fn lists(tokens: &[TokenTree]) -> BTreeMap<String, Vec<String>> {
    let mut lists = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let (TokenTree::Ident(word), Some(TokenTree::Ident(name))) = (token, tokens.get(at + 1)) else { continue };
        let value = tokens.iter().skip(at).skip_while(|it| it.to_string() != "=").nth(1);
        if let (true, Some(TokenTree::Group(list))) = (word == "const", value) {
            let values = list.stream().into_iter().filter(|it| matches!(it, TokenTree::Literal(_)));
            lists.insert(name.to_string(), values.map(|it| it.to_string().trim_matches('"').to_owned()).collect());
        }
    }
    lists
}

/// One row of the list.
#[derive(Clone, Debug)]
struct Row {
    line: usize,
    /// By the table's own header.
    cells: Vec<(String, String)>,
}

impl Row {
    fn cell(&self, header: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| name == header).map(|(_, text)| text.as_str())
    }

    /// The code, out of its backticks.
    fn code(&self) -> &str {
        self.cell("Code").unwrap_or_default().trim_matches('`')
    }

    fn words(&self, header: &str) -> Option<Vec<&str>> {
        Some(self.cell(header)?.split(", ").collect())
    }
}

fn listed() -> Result<Vec<Row>> {
    Ok(rows(&fs::read_to_string(root().join("docs/codes.md")).context("docs/codes.md")?))
}

/// The rows of all tables whose first column is the code.
fn rows(page: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut header: Option<Vec<String>> = None;
    for (at, line) in page.lines().enumerate() {
        let Some(inside) = line.trim().strip_prefix('|') else {
            header = None;
            continue;
        };
        let cells: Vec<String> = inside.trim_end().trim_end_matches('|').split('|').map(|it| it.trim().to_owned()).collect();
        match &header {
            None => header = Some(cells),
            Some(_) if cells.iter().all(|it| !it.is_empty() && it.bytes().all(|it| matches!(it, b'-' | b':'))) => {}
            Some(names) if names.first().is_some_and(|it| it == "Code") => {
                let width = names.len().max(cells.len());
                let cell = |list: &[String], at: usize| list.get(at).cloned().unwrap_or_default();
                rows.push(Row { line: at + 1, cells: (0..width).map(|at| (cell(names, at), cell(&cells, at))).collect() });
            }
            Some(_) => {}
        }
    }
    rows
}

/// How the list and the sources differ, a line each.
fn differences(sources: &Sources, listed: &[Row]) -> Vec<String> {
    let mut differences = sources.problems.clone();
    for (code, found) in &sources.codes {
        if !listed.iter().any(|it| it.code() == code) {
            differences.push(format!("`{code}` of {:?} is not in docs/codes.md", found.files));
        }
    }
    for row in listed {
        let Some(found) = sources.codes.get(row.code()) else {
            differences.push(format!("docs/codes.md:{}: `{}` is nowhere in the sources", row.line, row.code()));
            continue;
        };
        for class in &found.classes {
            if !row.words("Class").is_some_and(|classes| classes.contains(&class.as_str())) {
                differences.push(format!("docs/codes.md:{}: `{}` is {class} in {:?}", row.line, row.code(), found.files));
            }
        }
    }
    for (text, what) in NO_CODES.iter().filter(|(text, _)| !sources.exceptions.contains(*text)) {
        differences.push(format!("`{text}` ({what}) is not in the sources any more: take it out of NO_CODES"));
    }
    differences
}

/// What is wrong with the rows themselves.
fn faults(listed: &[Row]) -> Result<Vec<String>> {
    let (classes, verdicts) = (cases("failure-class")?, cases("verdict")?);
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for row in listed {
        let mut fault = |what: &str| faults.push(format!("docs/codes.md:{}: `{}` {what}", row.line, row.code()));
        if row.cells.iter().any(|(header, text)| header.is_empty() || text.is_empty()) {
            fault("has an empty cell, or one too many");
        }
        for header in ["Khi nào", "When", "Xử lý", "What to do"] {
            if row.cell(header).is_none() {
                fault(&format!("is in a table without \"{header}\""));
            }
        }
        if !is_code(row.code()) || row.cell("Code") != Some(&format!("`{}`", row.code())) {
            fault("is not a code in backticks");
        }
        if !seen.insert(row.code()) {
            fault("is listed twice");
        }
        for (header, known) in [("Class", &classes), ("Verdict", &verdicts)] {
            for word in row.words(header).into_iter().flatten().filter(|word| !known.contains(*word)) {
                fault(&format!("has {word}, which is no {} of the contract", header.to_lowercase()));
            }
        }
    }
    Ok(faults)
}

/// The cases of one of the contract's types.
fn cases(name: &str) -> Result<BTreeSet<String>> {
    let mut resolve = Resolve::default();
    resolve.push_dir(root().join("wit"))?;
    let mut types = resolve.types.iter().filter(|(_, it)| it.name.as_deref() == Some(name));
    types
        .find_map(|(_, it)| match &it.kind {
            TypeDefKind::Variant(variant) => Some(variant.cases.iter().map(|it| it.name.clone()).collect()),
            TypeDefKind::Enum(cases) => Some(cases.cases.iter().map(|it| it.name.clone()).collect()),
            _ => None,
        })
        .with_context(|| format!("the contract has no {name}"))
}

#[test]
fn the_list_has_every_code_of_the_sources_and_no_other() {
    let sources = Sources::of_the_tree().expect("the sources can be read");
    assert!(sources.files > 60 && sources.codes.len() > 100, "were the sources read? {} files", sources.files);
    let differences = differences(&sources, &listed().expect("the list can be read"));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_row_of_the_list_is_whole() {
    let faults = faults(&listed().expect("the list can be read")).expect("the contract can be read");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn most_failures_are_held_to_their_class() {
    let sources = Sources::of_the_tree().expect("the sources can be read");
    let failures: Vec<_> = listed().expect("the list can be read").into_iter().filter(|it| it.cell("Class").is_some()).collect();
    let held = failures.iter().filter(|it| sources.codes.get(it.code()).is_some_and(|found| !found.classes.is_empty())).count();
    assert!(held * 10 > failures.len() * 7, "{held} of {} failures have a class beside their code", failures.len());
}

/// The sources as they would be with this file alone.
fn sources_of(text: &str) -> Result<Sources> {
    let mut sources = Sources::default();
    sources.text("made-up.rs", text)?;
    Ok(sources)
}

fn list(rows_of: &str) -> Vec<Row> {
    rows(&format!("| Code | Class | Khi nào | When | Xử lý | What to do |\n|---|---|---|---|---|---|\n{rows_of}"))
}

#[test]
fn a_code_counts_wherever_it_is_compiled_and_nowhere_else() -> Result<()> {
    let sources = sources_of(
        r##"
        //! "host.in-a-page"
        /// "host.in-a-comment"
        fn one() { f("host.one"); vec![("host.two", 1)]; json!({ "reason": "skip.three" }) } // "host.in-a-line"
        fn two() { store.notify(id, now, "four", text); Reason { code: "five".to_owned() }; f("no code") }
        #[cfg(test)]
        mod tests { const A: &str = "host.in-a-test"; }
        #[cfg(test)]
        fn three() -> u8 { f("host.in-a-test-too") }
        #[must_use]
        fn four() { f(r"host.six") }
        "##,
    )?;
    let codes: Vec<_> = sources.codes.keys().map(String::as_str).collect();
    assert_eq!(codes, ["five", "four", "host.one", "host.six", "host.two", "skip.three"]);
    assert_eq!(sources.problems, [""; 0]);
    Ok(())
}

#[test]
fn a_code_that_is_made_counts_once_for_each_value() -> Result<()> {
    let made = r#"const TELL_AT: [i64; 2] = [30, 7]; fn f() { notify_once(&format!("grant.ends-in-{mark}")) }"#;
    let sources = sources_of(made)?;
    assert_eq!(sources.codes.keys().collect::<Vec<_>>(), ["grant.ends-in-30", "grant.ends-in-7"]);
    assert_eq!(sources_of(&made.replace("TELL_AT", "ELSEWHERE"))?.problems.len(), 1);
    assert_eq!(sources_of(r#"fn f() { g(&format!("host.made-{of}")) }"#)?.problems.len(), 1);
    Ok(())
}

#[test]
fn what_is_of_no_known_family_or_no_code_at_all_is_told() -> Result<()> {
    assert_eq!(sources_of(r#"fn f() { g("price.zero") }"#)?.problems.len(), 1);
    assert_eq!(sources_of(r#"fn f() { Reason { code: "Not a code" } }"#)?.problems.len(), 1);
    Ok(())
}

#[test]
fn a_missing_a_left_over_and_a_wrongly_classed_row_are_told_by_name() -> Result<()> {
    let sources = Sources {
        exceptions: NO_CODES.iter().map(|(text, _)| (*text).to_owned()).collect(),
        ..sources_of(
            r#"fn f() { Failure::conflict("order.a", m); Failure::new(FailureClass::RateLimited(1), "host.b", m); skip("skip.c") }"#,
        )?
    };
    let whole = "| `order.a` | conflict | x | x | x | x |\n| `host.b` | transient, rate-limited | x | x | x | x |\n| `skip.c` | ambiguous | x | x | x | x |";
    assert_eq!(differences(&sources, &list(whole)), [""; 0]);
    assert_eq!(differences(&sources, &list(&whole.replace("`skip.c`", "`skip.d`"))).len(), 2);
    let wrong = differences(&sources, &list(&whole.replace("rate-limited", "ambiguous")));
    assert_eq!(wrong, [r#"docs/codes.md:4: `host.b` is rate-limited in {"made-up.rs"}"#]);
    Ok(())
}

#[test]
fn a_row_with_a_hole_a_repeat_or_an_odd_word_is_told() -> Result<()> {
    assert_eq!(faults(&list("| `order.a` | conflict | x | x | x | x |"))?, [""; 0]);
    for bad in [
        "| `order.a` | conflict | x | | x | x |",
        "| `order.a` | conflict | x | x | x |",
        "| `order.a` | conflict | x | x | x | x | x |",
        "| order.a | conflict | x | x | x | x |",
        "| `Order.a` | conflict | x | x | x | x |",
        "| `order.a` | conflicting | x | x | x | x |",
        "| `order.a` | conflict | x | x | x | x |\n| `order.a` | conflict | x | x | x | x |",
    ] {
        assert_eq!(faults(&list(bad))?.len(), 1, "{bad}");
    }
    Ok(())
}
