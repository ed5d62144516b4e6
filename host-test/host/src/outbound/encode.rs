//! Names and values as the text of a query and of a form. Decides nothing about which of them may go out.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::contract::http::Pair;

/// Unreserved in RFC 3986. A space is `%20`, which every reader of a query understands.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The query of these parameters; none without any.
pub(super) fn query_of(pairs: &[Pair]) -> Option<String> {
    let encode = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let parts: Vec<String> = pairs.iter().map(|pair| format!("{}={}", encode(&pair.name), encode(&pair.value))).collect();
    (!parts.is_empty()).then(|| parts.join("&"))
}

/// The form body of these fields.
pub(super) fn form_of(fields: &[Pair]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields.iter().map(|field| (&field.name, &field.value)));
    form.finish()
}
