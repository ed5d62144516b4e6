//! The envelope of 2.0: success, refusal, token (reference sections 1.3, 2.2 to 2.4).
//!
//! Must never leave a secret in a refusal.

use serde_json::{Value, json};

use crate::access::Pass;
use crate::clock::date_time;
use crate::switches::{MessageShape, Switches};
use crate::wire::reply::{Answer, Refusal};

/// `code` 1 around an endpoint's data.
pub(super) fn ok(data: &[u8], switches: &Switches) -> Answer {
    let mut body = Vec::with_capacity(data.len() + 48);
    body.extend_from_slice(br#"{"code":"#);
    body.extend_from_slice(switches.codes.written(true).as_bytes());
    body.push(b',');
    body.extend_from_slice(match switches.messages {
        MessageShape::Absent => b"".as_slice(),
        MessageShape::Text => br#""messages":"","#.as_slice(),
        // An empty PHP array is `[]`, whatever it would be with members.
        MessageShape::List | MessageShape::Object => br#""messages":[],"#.as_slice(),
    });
    body.extend_from_slice(br#""data":"#);
    body.extend_from_slice(data);
    body.push(b'}');
    Answer::ok(body, switches)
}

/// `code` 0.
pub(crate) fn refused(refusal: &Refusal, switches: &Switches) -> Answer {
    let (code, text) = match refusal {
        Refusal::RateLimited(locked) => return Answer::locked_out(*locked, switches),
        Refusal::Said { code, text } | Refusal::Field { code, text, .. } => (*code, text),
    };
    let messages = match switches.messages {
        MessageShape::List => Some(json!([text])),
        MessageShape::Text => Some(json!(text)),
        MessageShape::Object => Some(json!({ code.unwrap_or("error"): text })),
        MessageShape::Absent => None,
    };
    Answer::refusal(code, messages, switches)
}

/// The reply to a code's exchange, flat by default (reference section 1.3).
pub(super) fn token(token: &str, pass: &Pass, switches: &Switches) -> Answer {
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
        return ok(fields.to_string().as_bytes(), switches);
    }
    let mut body = json!({ "code": 1, "messages": [] });
    if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
        body.extend(fields);
    }
    Answer { status: 200, body: body.to_string().into_bytes() }
}
