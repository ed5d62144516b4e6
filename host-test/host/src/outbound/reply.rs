//! What a guest gets to see of a reply: without the secrets that the route captures, and without those that the host already has.
//!
//! The attack on it: a "token" of many megabytes. Every spelling of a secret is looked for, so what is taken for one has a most
//! ([`OutboundConfig::LONGEST_CAPTURE`]); above it there is no reply at all, since what is not kept cannot be blanked either.
//!
//! Never hands on a body that was not searched, also where nothing was captured and where the reply is no JSON at all.

use super::client::Raw;
use super::config::OutboundConfig;
use super::endpoints::Route;
use crate::contract::http::{Error, Response};
use crate::pointer;
use crate::secret::{Secret, Secrets};

/// Secrets that a reply gave, by name.
type Captured = Vec<(String, Secret)>;

/// Takes the route's captures out of the reply, then blanks every known secret. Fails with `too-large` where a captured value is.
pub(super) fn clean(raw: Raw, route: &Route, secrets: &Secrets) -> Result<(Response, Captured), Error> {
    let (body, captured) = capture(raw.body, route)?;
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
    Ok((response, captured))
}

/// A web page, or a word that there is nothing at the path: what a server says that has no such interface (any more). What the header calls
/// the body is not asked: PHP calls its JSON `text/html`.
pub(super) fn is_page(response: &Response) -> bool {
    let body = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body).trim_ascii_start();
    matches!(response.status, 404 | 410) || (body.starts_with(b"<") && !body.starts_with(b"<?xml"))
}

/// The first place of each capture that holds a text or a number gives the secret; all its places are emptied. On a route that captures, a
/// body that is not JSON is not handed on at all: it may hold the secret where nobody can find it.
fn capture(body: Vec<u8>, route: &Route) -> Result<(Vec<u8>, Captured), Error> {
    if route.captures.is_empty() {
        return Ok((body, Vec::new()));
    }
    let Ok(mut json) = String::from_utf8(body) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let mut captured = Captured::new();
    for capture in &route.captures {
        let mut value = None;
        for place in &capture.pointers {
            let Ok((found, rest)) = place.take(&json) else {
                return Ok((Vec::new(), Vec::new()));
            };
            json = rest;
            // A repeated key: the last one is what most readers see.
            let found = found.last().and_then(|found| pointer::text(found)).filter(|text| !text.is_empty());
            value = value.or(found.map(Secret::new));
        }
        let Some(value) = value else { continue };
        if value.expose().len() > OutboundConfig::LONGEST_CAPTURE {
            return Err(Error::TooLarge);
        }
        captured.push((capture.secret.clone(), value));
    }
    Ok((json.into_bytes(), captured))
}

#[cfg(test)]
mod tests;
