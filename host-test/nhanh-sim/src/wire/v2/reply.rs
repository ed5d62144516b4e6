//! The envelope: success, refusal, rate limit, token (reference sections 1.3, 2.2 to 2.4).
//!
//! Must never leave a secret in a refusal.

use serde::Serialize;
use serde_json::{Value, json};

use crate::access::Pass;
use crate::clock::date_time;
use crate::limits::Locked;
use crate::switches::{MessageShape, Switches};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `code` 0 with a text and perhaps an `errorCode`.
    Said { code: Option<&'static str>, text: String },
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
}

/// An answer as it goes out, before any fault.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// `code` 1 around an endpoint's data.
    pub(crate) fn ok(data: &[u8], switches: &Switches) -> Self {
        let mut body = Vec::with_capacity(data.len() + 48);
        body.extend_from_slice(br#"{"code":1,"#);
        body.extend_from_slice(match switches.messages {
            MessageShape::Absent => b"".as_slice(),
            MessageShape::Text => br#""messages":"","#.as_slice(),
            // An empty PHP array is `[]`, whatever it would be with members.
            MessageShape::List | MessageShape::Object => br#""messages":[],"#.as_slice(),
        });
        body.extend_from_slice(br#""data":"#);
        body.extend_from_slice(data);
        body.push(b'}');
        Self { status: 200, body }.escaped(switches)
    }

    /// `code` 0.
    pub(crate) fn refused(refusal: &Refusal, switches: &Switches) -> Self {
        let (status, value) = match refusal {
            Refusal::RateLimited(locked) => {
                let code = if switches.long_rate_limit_code { "ERR_EXCEEDED_RATE_LIMIT" } else { "ERR_429" };
                let data = json!({ "lockedSeconds": locked.seconds, "unlockedAt": locked.until });
                (
                    switches.rate_limit_status,
                    json!({ "code": 0, "message": "Your app exceeded the API Rate Limit", "errorCode": code, "data": data }),
                )
            }
            Refusal::Said { code, text } => {
                let mut body = serde_json::Map::new();
                body.insert("code".to_owned(), 0.into());
                if let Some(code) = code {
                    body.insert("errorCode".to_owned(), (*code).into());
                }
                let messages = match switches.messages {
                    MessageShape::List => Some(json!([text])),
                    MessageShape::Text => Some(json!(text)),
                    MessageShape::Object => Some(json!({ code.unwrap_or("error"): text })),
                    MessageShape::Absent => None,
                };
                body.extend(messages.map(|messages| ("messages".to_owned(), messages)));
                (switches.refusal_status, Value::Object(body))
            }
        };
        Self { status, body: value.to_string().into_bytes() }.escaped(switches)
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

/// The reply to a code's exchange, flat by default (reference section 1.3).
pub(crate) fn token(token: &str, pass: &Pass, switches: &Switches) -> Answer {
    let permissions: Vec<&str> = pass.permissions.iter().map(|permission| permission.name()).collect();
    let fields = json!({
        "accessToken": token,
        "expiredDateTime": date_time(pass.until_ms),
        "expiredAt": pass.until_ms / 1000,
        "businessId": pass.business,
        "depotIds": pass.depots,
        "permissions": permissions,
    });
    if switches.token_nested {
        return Answer::ok(fields.to_string().as_bytes(), switches);
    }
    let mut body = json!({ "code": 1, "messages": [] });
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
        body.extend(fields);
    }
    Answer { status: 200, body: body.to_string().into_bytes() }
}

/// The bytes of an endpoint's data.
pub(super) fn data<T: Serialize>(value: &T) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|error| Refusal::text(error.to_string()))
}
