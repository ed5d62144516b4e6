//! `docs/codes.md` lists every stable code that the connector and the host can give to a person, neither more nor fewer. The codes are those of [`sources`].

mod sources;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use wit_parser::{Resolve, TypeDefKind};

use crate::sources::{NO_CODES, Sources, is_code, root};

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
