//! The token that every form carries. It is made from the secret in the browser's cookie, so only a page that this host gave to that browser
//! can hold it.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The form field.
pub(super) const FIELD: &str = "csrf";

/// The token of a browser.
pub(super) fn token(secret: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(format!("nobi-csrf\n{secret}").as_bytes()))
}

/// Whether this is the browser's token.
pub(super) fn is_right(secret: &str, given: Option<&str>) -> bool {
    given.is_some_and(|given| token(secret).as_bytes().ct_eq(given.as_bytes()).into())
}
