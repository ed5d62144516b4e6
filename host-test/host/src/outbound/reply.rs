//! What a guest gets to see of a reply: without the secrets that the route captures, and without those that the host already has.
//!
//! Never hands on a body that was not searched, also where nothing was captured and where the reply is no JSON at all.

use super::client::Raw;
use super::endpoints::Route;
use crate::contract::http::Response;
use crate::pointer;
use crate::secret::{Secret, Secrets};

/// Takes the route's captures out of the reply, then blanks every known secret.
pub(super) fn clean(raw: Raw, route: &Route, secrets: &Secrets) -> (Response, Vec<(String, Secret)>) {
    let (body, captured) = capture(raw.body, route);
    let scrubber = secrets.scrubber();
    let mut body = scrubber.bytes(body);
    if !captured.is_empty() {
        // What was just taken out may stand elsewhere in the same reply.
        let fresh: Secrets = captured.iter().cloned().collect();
        body = fresh.scrubber().bytes(body);
    }
    let response = Response {
        status: raw.status,
        content_type: raw.content_type.map(|text| scrubber.text(&text)),
        body,
        captured: captured.iter().map(|(name, _)| name.clone()).collect(),
    };
    (response, captured)
}

/// A web page, or a word that there is nothing at the path: what a server says that has no such interface (any more). What the header calls
/// the body is not asked: PHP calls its JSON `text/html`.
pub(super) fn is_page(response: &Response) -> bool {
    let body = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body).trim_ascii_start();
    matches!(response.status, 404 | 410) || (body.starts_with(b"<") && !body.starts_with(b"<?xml"))
}

/// The first place of each capture that holds a text or a number gives the secret; all its places are emptied. On a route that captures, a
/// body that is not JSON is not handed on at all: it may hold the secret where nobody can find it.
fn capture(body: Vec<u8>, route: &Route) -> (Vec<u8>, Vec<(String, Secret)>) {
    if route.captures.is_empty() {
        return (body, Vec::new());
    }
    let Ok(mut json) = String::from_utf8(body) else {
        return (Vec::new(), Vec::new());
    };
    let mut captured = Vec::new();
    for capture in &route.captures {
        let mut value = None;
        for place in &capture.pointers {
            let Ok((found, rest)) = place.take(&json) else {
                return (Vec::new(), Vec::new());
            };
            json = rest;
            // A repeated key: the last one is what most readers see.
            let found = found.last().and_then(|found| pointer::text(found)).filter(|text| !text.is_empty());
            value = value.or(found);
        }
        captured.extend(value.map(|value| (capture.secret.clone(), Secret::new(value))));
    }
    (json.into_bytes(), captured)
}

#[cfg(test)]
mod tests;
