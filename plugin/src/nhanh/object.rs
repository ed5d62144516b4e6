//! JSON in the making: objects whose fields stand in the order they are given. It must never check what it is given as JSON already.

use crate::nhanh::json;

/// A JSON object in the making.
#[derive(Debug)]
pub struct Object {
    text: String,
}

impl Default for Object {
    fn default() -> Self {
        Self { text: "{".to_owned() }
    }
}

impl Object {
    /// A field whose value is JSON already.
    #[must_use]
    #[inline(never)]
    pub fn json(mut self, field: &str, value: &str) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(field);
        self.text.push_str("\":");
        self.text.push_str(value);
        self
    }

    /// A text field.
    #[must_use]
    #[inline(never)]
    pub fn text(self, field: &str, value: &str) -> Self {
        self.json(field, &json::quoted(value))
    }

    /// A text field, left out where there is none.
    #[must_use]
    pub fn optional(self, field: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) if !value.is_empty() => self.text(field, value),
            _ => self,
        }
    }

    /// A whole number.
    #[must_use]
    #[inline(never)]
    pub fn number(self, field: &str, value: i64) -> Self {
        self.json(field, &value.to_string())
    }

    /// A whole number, left out where it is 0.
    #[must_use]
    pub fn unless_zero(self, field: &str, value: i64) -> Self {
        if value == 0 { self } else { self.number(field, value) }
    }

    /// The whole object.
    #[must_use]
    pub fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// An identifier as Nhanh documents it, a number; one that is no number goes as text.
#[must_use]
pub fn number_or_text(id: &str) -> String {
    let number = !id.is_empty() && !id.starts_with('0') && id.bytes().all(|it| it.is_ascii_digit());
    if number { id.to_owned() } else { json::quoted(id) }
}

/// A JSON list of what is JSON already.
#[must_use]
pub fn list(items: impl Iterator<Item = String>) -> String {
    let mut text = "[".to_owned();
    for item in items {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&item);
    }
    text.push(']');
    text
}
