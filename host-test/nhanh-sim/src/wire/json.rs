//! A plain JSON writer for the rows that fill pages: one call a field, in the order of the calls.
//!
//! Derived serializers look at every byte of every key, which takes a debug build 5 ms for a page of products; here keys are pushed as they are, and
//! only texts are looked at. Keys must therefore be plain ASCII literals.

use std::io::Write;

use serde::Serialize;

use crate::shop::Quantity;

/// Writes one value after another into a buffer.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

/// Writes an object whose members `fill` adds.
pub(crate) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    fill(&mut Object { out, empty: true });
    out.push(b'}');
}

/// Writes rows separated by commas.
pub(crate) fn rows<T>(out: &mut Vec<u8>, rows: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    for (at, row) in rows.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, row);
    }
}

/// Writes what is not worth a call of its own.
pub(crate) fn value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing into memory cannot fail, and every value here has text keys.
    let _ = serde_json::to_writer(out, value);
}

fn text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        value(out, text);
    }
}

impl Object<'_> {
    /// Begins a member and returns where its value goes.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A text or null.
    pub(crate) fn text<'t>(&mut self, key: &str, value: impl Into<Option<&'t str>>) {
        let out = self.key(key);
        match value.into() {
            Some(value) => text(out, value),
            None => out.extend_from_slice(b"null"),
        }
    }

    /// A number.
    pub(crate) fn int(&mut self, key: &str, value: i64) {
        let _ = write!(self.key(key), "{value}");
    }

    /// A number in quotes, or null.
    pub(crate) fn quoted(&mut self, key: &str, value: impl Into<Option<i64>>) {
        let out = self.key(key);
        let _ = match value.into() {
            Some(value) => write!(out, "\"{value}\""),
            None => out.write_all(b"null"),
        };
    }

    /// An exact number.
    pub(crate) fn quantity(&mut self, key: &str, value: Quantity) {
        let _ = write!(self.key(key), "{value}");
    }

    /// Anything else.
    pub(crate) fn value<T: Serialize + ?Sized>(&mut self, key: &str, member: &T) {
        value(self.key(key), member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut out = Vec::new();
        object(&mut out, |row| {
            row.text("plain", "Áo thun");
            row.text("quoted", "\"a\\b\"\n");
            row.text("none", None);
            row.quoted("id", 5);
            row.quantity("kg", Quantity::thousandths(-1250));
            row.value("list", &[1, 2]);
        });
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let expected =
            serde_json::json!({ "plain": "Áo thun", "quoted": "\"a\\b\"\n", "none": null, "id": "5", "kg": -1.25, "list": [1, 2] });
        assert_eq!(read, expected);
    }
}
