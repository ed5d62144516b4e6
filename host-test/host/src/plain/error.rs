//! What can go wrong between a person's JSON and a call's answer, each in one line that says what to do.

use std::fmt;

use serde_json::Value;
use thiserror::Error;

use crate::sandbox::{AdmissionError, CallError, LogLine, Usage};

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum PlainError {
    /// The component cannot be used at all.
    #[error(transparent)]
    Component(#[from] AdmissionError),
    /// No function of that name.
    #[error("the component exports no function {asked}; it exports {}", listed(known))]
    UnknownExport {
        /// What was asked for.
        asked: String,
        /// Every function that there is.
        known: Vec<String>,
    },
    /// More than one function of that name.
    #[error("more than one interface exports {asked}; say which: {}", listed(known))]
    AmbiguousExport {
        /// What was asked for.
        asked: String,
        /// The functions that it may mean.
        known: Vec<String>,
    },
    /// Its types have no plain form.
    #[error("{function} uses {what}, which JSON cannot hold")]
    Unrepresentable {
        /// The function.
        function: String,
        /// What has no plain form, in the plural.
        what: &'static str,
    },
    /// The input is not JSON.
    #[error("the input is not JSON: {0}")]
    Syntax(serde_json::Error),
    /// The input does not fit the function's parameters.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The guest trapped or ran into a limit.
    #[error("{error}")]
    Call {
        /// What happened.
        error: CallError,
        /// What the call used until then.
        usage: Usage,
        /// What the guest wrote until then.
        logs: Vec<LogLine>,
    },
}

impl PlainError {
    /// Whether other input (a name, a file, its content) is what helps, rather than another component or another try.
    pub fn is_wrong_input(&self) -> bool {
        !matches!(self, PlainError::Call { .. })
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A place in the input that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// JSON pointer to it; empty for the whole input.
    pub pointer: String,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at a place of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It holds something else than it should.
    Mismatch {
        /// What fits there.
        expected: String,
        /// What is there, cut short.
        found: String,
    },
    /// It is a name that the object does not have.
    UnknownField {
        /// The names that it has.
        accepted: Vec<String>,
    },
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the input" } else { self.pointer.as_str() };
        match &self.problem {
            Problem::Mismatch { expected, found } => write!(f, "{place}: expected {expected}, found {found}"),
            Problem::UnknownField { accepted } => write!(f, "{place}: there is no such field; accepted are {}", listed(accepted)),
        }
    }
}

impl std::error::Error for InputError {}

/// A place in a JSON text, as the way to it from the top.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Top,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl Place<'_> {
    /// As a JSON pointer.
    fn pointer(&self) -> String {
        match self {
            Place::Top => String::new(),
            Place::Field(up, name) => format!("{}/{}", up.pointer(), name.replace('~', "~0").replace('/', "~1")),
            Place::Item(up, index) => format!("{}/{index}", up.pointer()),
        }
    }

    /// The error that something else is there than should be.
    pub(super) fn mismatch(&self, expected: impl Into<String>, found: Option<&Value>) -> InputError {
        let found = found.map_or_else(|| "nothing".to_owned(), sketch);
        InputError { pointer: self.pointer(), problem: Problem::Mismatch { expected: expected.into(), found } }
    }

    /// The error that the object has no such field.
    pub(super) fn unknown_field<'n>(&self, accepted: impl IntoIterator<Item = &'n str>) -> InputError {
        let accepted = accepted.into_iter().map(str::to_owned).collect();
        InputError { pointer: self.pointer(), problem: Problem::UnknownField { accepted } }
    }
}

/// A value in a few words, on one line.
fn sketch(value: &Value) -> String {
    const CHARACTERS: usize = 60;
    const NAMES: usize = 6;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.chars().count() > CHARACTERS => {
            let head: String = text.chars().take(CHARACTERS).collect();
            format!("{}…", Value::String(head))
        }
        Value::String(_) => value.to_string(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(object) if object.is_empty() => "an object without fields".to_owned(),
        Value::Object(object) => {
            let names: Vec<String> = object.keys().take(NAMES).map(|name| Value::from(name.as_str()).to_string()).collect();
            let more = if object.len() > NAMES { ", …" } else { "" };
            format!("an object with {}{more}", names.join(", "))
        }
    }
}
