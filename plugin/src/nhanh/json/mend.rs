//! A reply whose JSON breaks inside one record: the text is taken apart down to its records, and each is parsed alone.
//!
//! Only where the whole could not be parsed, since it costs as much again. A record is a member of a list, or of an object whose names are
//! identifiers; of a broken one every field that can be read is kept, so that it is refused by its own id. Nothing here may read a text
//! whose frame is broken: that is no answer.

use std::borrow::Cow;

use super::{parse, value_end};
use crate::nhanh::tree::{Field, Value};
use crate::vietnam::text;

/// Lists stand no deeper in a reply than this.
const DEEPEST: usize = 4;

/// Groups stand no deeper in one another than this; the stack is the sender's to fill otherwise.
const GROUPS: usize = 32;

/// The tree of a text whose frame holds; `None` where it does not.
pub(super) fn mend(bytes: &[u8]) -> Option<Value<'_>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if bytes.first() == Some(&b'{') { frame(bytes, DEEPEST, GROUPS) } else { None }
}

/// What stands around records.
fn frame(text: &[u8], depth: usize, groups: usize) -> Option<Value<'_>> {
    match text.first() {
        Some(b'{') if depth > 0 => {
            let of = |name: &str, value| if text::is_digits(name) { record(value, groups) } else { frame(value, depth - 1, groups) };
            fields(text, &of).map(Value::Object)
        }
        Some(b'[') if depth > 0 => {
            let mut items = Vec::new();
            each(text, &mut |_, value| {
                items.push(record(value, groups)?);
                Some(())
            })?;
            Some(Value::Array(items))
        }
        _ => Some(parse(text).unwrap_or(Value::Broken)),
    }
}

/// One record. What is below it in a tree of groups is records again.
fn record(text: &[u8], groups: usize) -> Option<Value<'_>> {
    if let Ok(value) = parse(text) {
        return Some(value);
    }
    if text.first() != Some(&b'{') {
        return Some(Value::Broken);
    }
    let of = |name: &str, value| match name {
        "childs" | "children" if groups > 0 => frame(value, DEEPEST, groups - 1),
        // API 3.0 keeps an order's id in there.
        "info" if groups > 0 => record(value, 0),
        _ => Some(parse(value).unwrap_or(Value::Broken)),
    };
    fields(text, &of).map(Value::Object)
}

fn fields<'t>(text: &'t [u8], of: &dyn Fn(&str, &'t [u8]) -> Option<Value<'t>>) -> Option<Vec<Field<'t>>> {
    let mut fields = Vec::new();
    each(text, &mut |name, value| {
        let name = std::str::from_utf8(name).unwrap_or_default();
        fields.push((Cow::Borrowed(name), of(name, value)?));
        Some(())
    })?;
    Some(fields)
}

/// Every member of an object or a list, with its name as it is written. `None` where they are not told apart by commas.
fn each<'t>(text: &'t [u8], take: &mut dyn FnMut(&'t [u8], &'t [u8]) -> Option<()>) -> Option<()> {
    let named = text.first() == Some(&b'{');
    // Brackets of another kind are a broken frame: `[}` is no empty list.
    if text.last() != Some(if named { &b'}' } else { &b']' }) {
        return None;
    }
    let mut rest = text.get(1..text.len().checked_sub(1)?)?.trim_ascii();
    while !rest.is_empty() {
        let mut name: &[u8] = b"";
        if named {
            let (found, after) = rest.split_at_checked(value_end(rest)?)?;
            name = found.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
            rest = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        }
        let (value, after) = rest.split_at_checked(value_end(rest)?)?;
        if value.is_empty() {
            return None;
        }
        take(name, value)?;
        rest = after.trim_ascii_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(b",").map(<[u8]>::trim_ascii_start).filter(|it| !it.is_empty())?;
        }
    }
    Some(())
}
