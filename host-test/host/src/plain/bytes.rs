//! Bytes as JSON: text where they are UTF-8, base64 where they are not. Never guesses from the text's looks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The one key of the object that holds bytes which are not text.
pub(super) const KEY: &str = "base64";

/// The bytes of `"text"` or `{"base64": "…"}`; none for any other value.
pub(super) fn read(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(object) if object.len() == 1 => STANDARD.decode(object.get(KEY)?.as_str()?).ok(),
        _ => None,
    }
}

/// What is written: text, or the base64 of the bytes.
pub(super) enum Written {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Base64(String),
}

/// How these bytes are written.
pub(super) fn write(bytes: Vec<u8>) -> Written {
    match String::from_utf8(bytes) {
        Ok(text) => Written::Text(text),
        Err(error) => Written::Base64(STANDARD.encode(error.as_bytes())),
    }
}
