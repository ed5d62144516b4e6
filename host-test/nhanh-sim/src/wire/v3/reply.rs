//! The envelope of 3.0: success with a page, refusal, token (3.0 reference sections 1.2, 2.2, 2.3).
//!
//! Must never leave a secret in a refusal.

use serde_json::{Value, json};

use super::list::Page;
use crate::access::Pass;
use crate::switches::Switches;
use crate::switches_v3::{EmptyList, MessagesV3};
use crate::wire::reply::{Answer, Refusal, data};

/// `code` 1 around data, with a paginator where there is one.
pub(super) fn ok(data: &[u8], paginator: Option<&Value>, switches: &Switches) -> Answer {
    let mut body = Vec::with_capacity(data.len() + 64);
    body.extend_from_slice(br#"{"code":"#);
    body.extend_from_slice(switches.codes.written(true).as_bytes());
    if let Some(paginator) = paginator {
        body.extend_from_slice(br#","paginator":"#);
        body.extend_from_slice(paginator.to_string().as_bytes());
    }
    if !data.is_empty() {
        body.extend_from_slice(br#","data":"#);
        body.extend_from_slice(data);
    }
    body.push(b'}');
    Answer::ok(body, switches)
}

/// `code` 1 around a page; an empty one has no paginator.
pub(super) fn page(page: &Page, paginator: Option<&Value>, switches: &Switches) -> Answer {
    if page.is_empty() {
        let data = match switches.v3.empty_list {
            EmptyList::List => b"[]".as_slice(),
            EmptyList::Text => br#""""#,
            EmptyList::Null => b"null",
            EmptyList::Absent => b"",
        };
        return ok(data, None, switches);
    }
    ok(&page.rows, paginator, switches)
}

/// `code` 0; `messages` is an object for a field and a string else (3.0 reference section 2.3).
pub(crate) fn refused(refusal: &Refusal, switches: &Switches) -> Answer {
    let (code, field, text) = match refusal {
        Refusal::RateLimited(locked) => return Answer::locked_out(*locked, switches),
        Refusal::Said { code, text } => (*code, None, text),
        Refusal::Field { code, field, text } => (*code, Some(field.as_str()), text),
    };
    let messages = match (switches.v3.messages, field) {
        (MessagesV3::AsPrinted, Some(field)) => Some(json!({ field: text })),
        (MessagesV3::AsPrinted, None) | (MessagesV3::Text, _) => Some(json!(text)),
        (MessagesV3::List, _) => Some(json!([text])),
        (MessagesV3::Nested, _) => Some(json!({ field.unwrap_or("error"): [text] })),
        (MessagesV3::Absent, _) => None,
    };
    Answer::refusal(code, messages, switches)
}

/// The reply to a code's exchange, and to a look at a token.
pub(super) fn token(token: &str, pass: &Pass, switches: &Switches) -> Result<Answer, Refusal> {
    let permissions: Vec<&str> = pass.permissions.iter().map(|permission| permission.name()).collect();
    let depots = if pass.depots.is_empty() && switches.v3.all_depots_as_word { json!("All") } else { json!(pass.depots) };
    let fields = data(&json!({
        "accessToken": token,
        "version": pass.version.unwrap_or_default().version(),
        "expiredAt": pass.until_ms / 1000,
        "businessId": pass.business,
        "depotIds": depots,
        "pageIds": [],
        "permissions": permissions,
    }))?;
    Ok(ok(&fields, None, switches))
}
