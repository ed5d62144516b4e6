//! The token that every form carries. It is made from the secret in the browser's cookie, so only a page that this host gave to that browser
//! can hold it.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::store::{StoreError, random};

/// The form field.
pub(super) const FIELD: &str = "csrf";

/// A new secret for a cookie.
pub(super) fn secret() -> Result<String, StoreError> {
    Ok(BASE64URL_NOPAD.encode(&*random::<32>()?))
}

/// The token of a browser.
pub(super) fn token(secret: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(format!("nobi-csrf\n{secret}").as_bytes()))
}

/// Whether this is the browser's token.
pub(super) fn is_right(secret: &str, given: Option<&str>) -> bool {
    given.is_some_and(|given| token(secret).as_bytes().ct_eq(given.as_bytes()).into())
}

/// The cookies of people who have not signed in. The attack: somebody plants a cookie of his own, whose token he knows, and has the browser sign in
/// to his account. The rule: a cookie holds a proof that this host gave it.
///
/// The key lives as long as the host: a form that is older is to be opened again. None where the system had no randomness; nobody signs in then.
pub(super) struct Visitors(Option<Hmac<Sha256>>);

impl Visitors {
    pub(super) fn new() -> Visitors {
        Visitors(random::<64>().ok().map(|key| Hmac::new((&*key).into())))
    }

    /// A new one.
    pub(super) fn cookie(&self) -> Result<String, StoreError> {
        let secret = secret()?;
        let proof = self.proof(&secret).ok_or(StoreError::Closed)?;
        Ok(format!("{secret}.{proof}"))
    }

    /// Whether this host gave that one.
    pub(super) fn gave(&self, cookie: &str) -> bool {
        let Some((secret, given)) = cookie.split_once('.') else { return false };
        self.proof(secret).is_some_and(|proof| proof.as_bytes().ct_eq(given.as_bytes()).into())
    }

    fn proof(&self, secret: &str) -> Option<String> {
        let mac = self.0.clone()?.chain_update(secret);
        Some(BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_another_made_is_none() {
        let (ours, theirs) = (Visitors::new(), Visitors::new());
        let cookie = ours.cookie().unwrap();
        assert!(ours.gave(&cookie) && !theirs.gave(&cookie));
        for made_up in ["", ".", "made-up", &format!("made-up.{}", cookie.split_once('.').unwrap().1)] {
            assert!(!ours.gave(made_up), "{made_up}");
        }
    }
}
