//! Cookies: how each is called, set and found. No script reads one, and a link from another site brings it along, since the way back from a
//! login is such a link.
//!
//! The attack: a neighbour under the same domain, or whoever answers for it in plain http, plants a cookie of his own. The rule: under https each
//! name begins with `__Host-`, which a browser takes from this very host alone, and nothing else is read.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::PublicAddress;

fn called<'n>(address: &PublicAddress, name: &'n str) -> Cow<'n, str> {
    if address.is_https() { Cow::Owned(format!("__Host-{name}")) } else { Cow::Borrowed(name) }
}

/// What a browser holds under this name.
pub(super) fn read(headers: &HeaderMap, address: &PublicAddress, name: &str) -> Option<String> {
    let wanted = called(address, name);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}

/// Has the browser hold this for so many seconds; for none it forgets it.
pub(super) fn set(response: &mut Response, address: &PublicAddress, name: &str, value: &str, seconds: u64) {
    let (name, secure) = (called(address, name), if address.is_https() { "; Secure" } else { "" });
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
