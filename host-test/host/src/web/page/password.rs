//! Passwords: what is kept of one, and whether one fits. Argon2id with the crate's defaults, which are OWASP's. A password is never kept.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use thiserror::Error;

use crate::store::StoreError;

/// Characters of a password.
const SHORTEST: usize = 12;
const LONGEST: usize = 200;

/// Why an account was not made.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Another one helps.
    #[error("a password has {SHORTEST} to {LONGEST} characters")]
    Length,
    /// The system gives no randomness for the salt.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is kept of a password.
pub(super) fn proof(password: &str) -> Result<String, PasswordError> {
    if !(SHORTEST..=LONGEST).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    hash(password)
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| PasswordError::Hash(error.to_string()))?;
    Ok(hash.to_string())
}

/// Whether a password fits. Without a proof the same time is spent, so that nobody learns which names there are.
pub(super) fn fits(password: &str, proof: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = NOBODY.get_or_init(|| hash("nobody has this password").unwrap_or_default());
    let Ok(parsed) = PasswordHash::new(proof.unwrap_or(nobody)) else { return false };
    let right = password.chars().count() <= LONGEST && Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    right && proof.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_proof_and_no_other() {
        let kept = proof("hoa sen trong đầm").unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(!kept.contains("hoa"));
        assert!(fits("hoa sen trong đầm", Some(&kept)));
        assert!(!fits("hoa sen trong dam", Some(&kept)));
        assert!(!fits("nobody has this password", None));
        assert!(!fits("hoa sen trong đầm", Some("not a proof")));
    }

    #[test]
    fn a_short_password_is_refused() {
        assert!(matches!(proof("ngắn"), Err(PasswordError::Length)));
        assert!(matches!(proof(&"a".repeat(201)), Err(PasswordError::Length)));
    }
}
