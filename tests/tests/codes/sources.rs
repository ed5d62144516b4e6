//! The codes that stand in the sources. They are read as tokens, so that comments and documentation never count.
//!
//! Only what is compiled into the two crates is read: from `lib.rs` along its `mod` items, without those that are `#[cfg(test)]`. A code is
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
pub(crate) const NO_CODES: [(&str, &str); 5] = [
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

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the sources say of one code.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) files: BTreeSet<String>,
    /// Classes that stand beside the code where it is made. Not complete: a class may be worked out elsewhere.
    pub(crate) classes: BTreeSet<String>,
}

/// Everything that was read out of the sources.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) codes: BTreeMap<String, Found>,
    pub(crate) exceptions: BTreeSet<String>,
    pub(crate) problems: Vec<String>,
    pub(crate) files: usize,
}

impl Sources {
    pub(crate) fn of_the_tree() -> Result<Self> {
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
    pub(crate) fn text(&mut self, file: &str, text: &str) -> Result<Vec<String>> {
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
pub(crate) fn is_code(text: &str) -> bool {
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
