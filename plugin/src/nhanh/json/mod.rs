//! One lenient, borrowed JSON tree. All leniency towards Nhanh lives here.
//!
//! Nhanh is PHP: a number may be a numeric string, "none" may be `null`, `false`, `""`, `[]` or `0000-00-00`, a list may be an object keyed by
//! id, an empty object an empty list. An accessor reads all of these as what they mean; whatever is left is a [`Misfit`] that names the
//! field by JSON pointer, so that one bad record is refused and its page goes on. Nothing here may guess a value that is not there.

mod mend;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::Cell;

use crate::nhanh::tree::{self, Field, Value};

use crate::vietnam::money::{self, Fixed, Rounding};
use crate::vietnam::text;
use crate::wit::types::RemoteId;

/// Longest identifier that the contract allows, in bytes.
const LONGEST_ID: usize = 64;

/// Why a text is not a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTree {
    /// Nothing, or white space.
    Empty,
    /// A page for people.
    Html,
    /// JSON that ends too early.
    Truncated,
    /// Anything else.
    Invalid,
}

/// A field that does not hold what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// JSON pointer into the record.
    pub pointer: String,
    /// What should be there, in English: `a whole number`.
    pub wanted: &'static str,
}

impl Misfit {
    /// A misfit at a field.
    #[must_use]
    pub fn at(field: &str, wanted: &'static str) -> Self {
        Self { pointer: String::new(), wanted }.under(field)
    }

    /// The same misfit, seen from one level further up.
    #[must_use]
    pub fn under(mut self, field: &str) -> Self {
        let mut pointer = String::with_capacity(field.len() + 1 + self.pointer.len());
        pointer.push('/');
        pointer.push_str(&field.replace('~', "~0").replace('/', "~1"));
        pointer.push_str(&self.pointer);
        self.pointer = pointer;
        self
    }
}

/// Parses a whole text. A byte order mark is skipped.
///
/// # Errors
/// Why it is no JSON.
pub fn parse(bytes: &[u8]) -> Result<Value<'_>, NoTree> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    match bytes.first() {
        None => return Err(NoTree::Empty),
        Some(b'<') => return Err(NoTree::Html),
        Some(_) => {}
    }
    // Checked as a whole once, so that the parser need not check each text by itself.
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => return Err(NoTree::Truncated),
        Err(_) => return Err(NoTree::Invalid),
    };
    tree::parse(text).map_err(|error| if error.is_eof() { NoTree::Truncated } else { NoTree::Invalid })
}

/// [`parse`], where one record that no parser can read (half a surrogate pair, a number beyond every range, nesting without an end) must not
/// take the others along: what cannot be read of it is [`Value::Broken`].
///
/// # Errors
/// Why it is no JSON, nor nearly so.
pub fn parse_page(bytes: &[u8]) -> Result<Value<'_>, NoTree> {
    match parse(bytes) {
        Err(NoTree::Invalid) => mend::mend(bytes).ok_or(NoTree::Invalid),
        other => other,
    }
}

/// What means "none" on Nhanh's wire.
#[must_use]
pub fn is_none(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Str(text) => text::trim(text).is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// A text, as it is; numbers become one.
#[must_use]
pub fn text<'t>(value: &'t Value<'_>) -> Option<Cow<'t, str>> {
    match value {
        Value::Str(text) => Some(Cow::Borrowed(text.as_ref())),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Some(Cow::Owned(whole.to_string())),
            (None, Some(whole)) => Some(Cow::Owned(whole.to_string())),
            (None, None) => milli(value).filter(|it| it.exact).map(|it| Cow::Owned(money::quantity_text(it.value))),
        },
        _ => None,
    }
}

/// An identifier: digits, as text or as a whole number of any size. `0` and negative ones are none.
#[must_use]
pub fn id<'t>(value: &'t Value<'_>) -> Option<Cow<'t, str>> {
    let id = match value {
        Value::Str(text) => Cow::Borrowed(text::trim(text)),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => Cow::Owned(whole.to_string()),
            // Beyond 2^53 a float has lost digits: it is not that identifier any more.
            None => Cow::Owned((Some(number.as_f64()).filter(|it| it.fract() == 0.0 && (1.0..9e15).contains(it))? as u64).to_string()),
        },
        _ => return None,
    };
    let real = id.len() <= LONGEST_ID && text::is_digits(&id) && id.bytes().any(|it| it != b'0');
    real.then_some(id)
}

fn fixed(value: &Value<'_>, decimals: u32, rounding: Rounding) -> Option<Fixed> {
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Some(Fixed { value: whole.checked_mul(10_i64.pow(decimals))?, exact: true }),
            None => money::from_float(number.as_f64(), decimals, rounding),
        },
        Value::Str(text) => money::read(text::trim(text), decimals, rounding),
        _ => None,
    }
}

/// A quantity in thousandths, wherever it stands.
#[must_use]
pub fn milli(value: &Value<'_>) -> Option<Fixed> {
    fixed(value, 3, Rounding::HalfEven)
}

/// A JSON object, read by field name.
///
/// Mappers ask for fields in the order that Nhanh sends them, so a look-up starts where the last one ended: reading a record of forty
/// fields costs about forty comparisons.
#[derive(Debug)]
pub struct Record<'t> {
    fields: &'t [Field<'t>],
    next: Cell<usize>,
}

impl<'t> Record<'t> {
    /// The value as a record, if it is one.
    #[must_use]
    pub fn of(value: &'t Value<'t>) -> Option<Self> {
        match value {
            Value::Object(fields) => Some(Self { fields, next: Cell::new(0) }),
            _ => None,
        }
    }

    /// The field as it is, `null` and all.
    #[must_use]
    pub fn raw(&self, field: &str) -> Option<&'t Value<'t>> {
        let start = self.next.get().min(self.fields.len());
        let (before, after) = self.fields.split_at_checked(start)?;
        let is = |(key, _): &&Field<'t>| &**key == field;
        let (found, at) = match after.iter().position(|it| is(&it)) {
            Some(at) => (after.get(at)?, start + at),
            None => {
                let at = before.iter().position(|it| is(&it))?;
                (before.get(at)?, at)
            }
        };
        self.next.set(at + 1);
        Some(&found.1)
    }

    /// The field, unless it is absent or means "none".
    #[must_use]
    pub fn told(&self, field: &str) -> Option<&'t Value<'t>> {
        self.raw(field).filter(|it| !is_none(it))
    }

    /// The first of its fields that no parser can read.
    #[must_use]
    pub fn broken(&self) -> Option<&'t str> {
        self.fields.iter().find(|(_, value)| matches!(value, Value::Broken)).map(|(field, _)| &**field)
    }

    /// Whether the record has no field at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn read<T>(&self, field: &str, wanted: &'static str, read: impl FnOnce(&'t Value<'t>) -> Option<T>) -> Result<Option<T>, Misfit> {
        match self.told(field) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| Misfit::at(field, wanted)),
        }
    }

    /// A text, trimmed and in normal form C.
    ///
    /// # Errors
    /// The field holds a list, an object or a truth value.
    pub fn text(&self, field: &str) -> Result<Option<String>, Misfit> {
        self.read(field, "a text", |it| {
            Some(match text(it)? {
                Cow::Borrowed(text) => text::tidied(text),
                Cow::Owned(text) => text,
            })
        })
    }

    /// A name: a text with one space between words.
    ///
    /// # Errors
    /// The field holds a list, an object or a truth value.
    pub fn name(&self, field: &str) -> Result<Option<String>, Misfit> {
        self.read(field, "a text", |it| Some(text::one_spaced(&text(it)?)))
    }

    /// A text exactly as it was sent: HTML, codes, words.
    ///
    /// # Errors
    /// The field holds a list, an object or a truth value.
    pub fn verbatim(&self, field: &str) -> Result<Option<Cow<'t, str>>, Misfit> {
        self.read(field, "a text", text)
    }

    /// An identifier. `0`, and what means "none", is none.
    ///
    /// # Errors
    /// The field holds something else than digits, or a number too large to be exact.
    pub fn id(&self, field: &str) -> Result<Option<RemoteId>, Misfit> {
        let Some(value) = self.told(field) else { return Ok(None) };
        match id(value) {
            Some(id) => Ok(Some(id.into_owned())),
            None if matches!(fixed(value, 0, Rounding::HalfUp), Some(Fixed { value: ..=0, exact: true })) => Ok(None),
            None => Err(Misfit::at(field, "an identifier")),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// The field holds something else, or a fraction.
    pub fn integer(&self, field: &str) -> Result<Option<i64>, Misfit> {
        self.read(field, "a whole number", |it| fixed(it, 0, Rounding::HalfUp).filter(|it| it.exact).map(|it| it.value))
    }

    /// Whole dong, rounded half up.
    ///
    /// # Errors
    /// The field holds no number.
    pub fn money(&self, field: &str) -> Result<Option<Fixed>, Misfit> {
        self.read(field, "an amount of money", |it| fixed(it, 0, Rounding::HalfUp))
    }

    /// A quantity in thousandths, rounded half to even.
    ///
    /// # Errors
    /// The field holds no number.
    pub fn milli(&self, field: &str) -> Result<Option<Fixed>, Misfit> {
        self.read(field, "a quantity", milli)
    }

    /// A record inside this one; `[]` is none.
    ///
    /// # Errors
    /// The field holds something else.
    pub fn record(&self, field: &str) -> Result<Option<Record<'t>>, Misfit> {
        self.read(field, "an object", Record::of)
    }

    /// Members of a list, or of an object keyed by identifier.
    ///
    /// # Errors
    /// The field holds neither.
    pub fn items(&self, field: &str) -> Result<Items<'t>, Misfit> {
        Ok(self.read(field, "a list", Items::of)?.unwrap_or(Items::List([].iter())))
    }
}

/// Members of a list or of an object, in the order they were sent.
#[derive(Clone, Debug)]
pub enum Items<'t> {
    /// Members without a key.
    List(std::slice::Iter<'t, Value<'t>>),
    /// Members by key.
    Keyed(std::slice::Iter<'t, Field<'t>>),
}

impl<'t> Items<'t> {
    /// The value as a collection; a value that means "none" is an empty one.
    #[must_use]
    pub fn of(value: &'t Value<'t>) -> Option<Self> {
        match value {
            Value::Array(list) => Some(Items::List(list.iter())),
            Value::Object(fields) => Some(Items::Keyed(fields.iter())),
            other => is_none(other).then_some(Items::List([].iter())),
        }
    }

    /// How many are left.
    #[must_use]
    pub fn count_left(&self) -> usize {
        match self {
            Items::List(list) => list.len(),
            Items::Keyed(fields) => fields.len(),
        }
    }
}

impl<'t> Iterator for Items<'t> {
    type Item = (Option<&'t str>, &'t Value<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Items::List(list) => list.next().map(|it| (None, it)),
            Items::Keyed(fields) => fields.next().map(|(key, it)| (Some(&**key), it)),
        }
    }
}

/// The text of a value inside a JSON text that [`parse`] has read, exactly as it stands there: cursors are echoed, not understood.
/// Field names are compared as they are written.
#[must_use]
pub fn raw<'t>(text: &'t [u8], path: &[&str]) -> Option<&'t str> {
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    for field in path {
        rest = rest.strip_prefix(b"{")?.trim_ascii_start();
        loop {
            let name = value_end(rest)?;
            let (found, after) = rest.split_at_checked(name)?;
            rest = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
            if found.strip_prefix(b"\"")?.strip_suffix(b"\"")? == field.as_bytes() {
                break;
            }
            rest = rest.split_at_checked(value_end(rest)?)?.1.trim_ascii_start().strip_prefix(b",")?.trim_ascii_start();
        }
    }
    std::str::from_utf8(rest.split_at_checked(value_end(rest)?)?.0).ok()
}

/// Where the value at the start of a text ends.
fn value_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at = text_end(text, at + 1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 1 => depth -= 1,
            b'}' | b']' if depth == 1 => return Some(at + 1),
            // A number or a word ends where the value around it goes on or ends.
            b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(text.len())
}

/// Where the quotation mark is that ends a text which begins here. Texts are most of a reply, so that this loop is short.
fn text_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += text.get(at..)?.iter().position(|it| matches!(it, b'"' | b'\\'))?;
        if text.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// A text as a JSON string, quotes and all.
#[must_use]
pub fn quoted(text: &str) -> String {
    // Serialising a text cannot fail: there is no reader that could, and every text is a JSON string.
    serde_json::to_string(text).unwrap_or_default()
}
