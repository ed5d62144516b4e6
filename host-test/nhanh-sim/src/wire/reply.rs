//! What goes back, before a dialect writes it: an answer or a refusal.
//!
//! Must never leave a secret in a refusal.

use serde::Serialize;
use serde_json::{Value, json};

use crate::limits::Locked;
use crate::switches::Switches;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `code` 0 with a text and perhaps an `errorCode`.
    Said { code: Option<&'static str>, text: String },
    /// `code` 0 for one field of the request; 3.0 names it in `messages`.
    Field { code: Option<&'static str>, field: String, text: String },
    /// The URL is locked.
    RateLimited(Locked),
}

impl Refusal {
    pub(crate) fn coded(code: &'static str, text: &str) -> Self {
        Self::Said { code: Some(code), text: text.to_owned() }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Said { code: None, text: text.into() }
    }

    /// A field that is wrong; the text says its name too.
    pub(crate) fn field(field: impl Into<String>, wrong: &str) -> Self {
        let field = field.into();
        Self::Field { code: Some("ERR_INVALID_FORM_FIELDS"), text: format!("{field} {wrong}"), field }
    }
}

impl From<Locked> for Refusal {
    fn from(locked: Locked) -> Self {
        Self::RateLimited(locked)
    }
}

/// `code` of a refusal, in the shape that the switches name.
fn written(switches: &Switches) -> Value {
    serde_json::from_str(switches.codes.written(false)).unwrap_or_default()
}

/// An answer as it goes out, before any fault.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// HTTP 200 with this body.
    pub(crate) fn ok(body: Vec<u8>, switches: &Switches) -> Self {
        Self { status: 200, body }.escaped(switches)
    }

    /// The rate limit's body, the same in both dialects (reference section 2.4; 3.0: 2.5).
    pub(crate) fn locked_out(locked: Locked, switches: &Switches) -> Self {
        let code = if switches.long_rate_limit_code { "ERR_EXCEEDED_RATE_LIMIT" } else { "ERR_429" };
        let data = json!({ "lockedSeconds": locked.seconds, "unlockedAt": locked.until });
        let body = json!({ "code": written(switches), "message": "Your app exceeded the API Rate Limit", "errorCode": code, "data": data });
        Self { status: switches.rate_limit_status, body: body.to_string().into_bytes() }.escaped(switches)
    }

    /// `code` 0 with an `errorCode` where there is one, and `messages` in the shape that a dialect gave them.
    pub(crate) fn refusal(code: Option<&str>, messages: Option<Value>, switches: &Switches) -> Self {
        let mut body = serde_json::Map::new();
        body.insert("code".to_owned(), written(switches));
        body.extend(code.map(|code| ("errorCode".to_owned(), code.into())));
        body.extend(messages.map(|messages| ("messages".to_owned(), messages)));
        Self { status: switches.refusal_status, body: Value::Object(body).to_string().into_bytes() }.escaped(switches)
    }

    /// Vietnamese letters as `\u` escapes, as PHP writes them by default.
    fn escaped(mut self, switches: &Switches) -> Self {
        if switches.escape_unicode
            && let Ok(text) = std::str::from_utf8(&self.body)
        {
            let mut escaped = String::with_capacity(text.len() * 2);
            for letter in text.chars() {
                if letter.is_ascii() {
                    escaped.push(letter);
                } else {
                    letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
                }
            }
            self.body = escaped.into_bytes();
        }
        self
    }
}

/// The bytes of an endpoint's data.
pub(crate) fn data<T: Serialize>(value: &T) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| Refusal::text(error.to_string()))
}
