//! The parameters of a request, read as leniently as PHP reads them.
//!
//! Must never refuse anything: what has the wrong type is as good as absent.

use serde_json::Value;

use crate::shop::Quantity;

/// Parameters by name: numbers may be strings, unknown keys are ignored.
#[derive(Clone, Copy)]
pub(crate) struct Params<'a>(pub(crate) &'a Value);

impl<'a> Params<'a> {
    fn value(self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// Whether the key is there, whatever it holds.
    pub(crate) fn has(self, key: &str) -> bool {
        self.0.get(key).is_some()
    }

    /// The parameters below a key; none when it is absent.
    pub(crate) fn below(self, key: &str) -> Params<'a> {
        Params(self.0.get(key).unwrap_or(&Value::Null))
    }

    /// A whole number; decimals are cut off, as a cast does.
    pub(crate) fn int(self, key: &str) -> Option<i64> {
        self.value(key).and_then(whole)
    }

    /// A text that is not empty; numbers count as text.
    pub(crate) fn text(self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// An exact quantity.
    pub(crate) fn quantity(self, key: &str) -> Option<Quantity> {
        Quantity::parse(&self.text(key)?)
    }

    /// The members of a list, or of an object as PHP makes no difference.
    pub(crate) fn list(self, key: &str) -> Vec<&'a Value> {
        match self.value(key) {
            Some(Value::Array(items)) => items.iter().collect(),
            Some(Value::Object(items)) => items.values().collect(),
            _ => Vec::new(),
        }
    }

    /// The whole numbers of a list.
    pub(crate) fn ints(self, key: &str) -> Vec<i64> {
        self.list(key).into_iter().filter_map(whole).collect()
    }

    /// An object.
    pub(crate) fn object(self, key: &str) -> Option<&'a serde_json::Map<String, Value>> {
        self.value(key)?.as_object()
    }
}

/// A whole number out of a number or a numeric string.
pub(crate) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|number| number as i64)),
        Value::String(text) => text.trim().parse().ok().or_else(|| text.trim().parse::<f64>().ok().map(|number| number as i64)),
        _ => None,
    }
}
