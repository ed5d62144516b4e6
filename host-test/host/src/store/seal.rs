//! Secrets at rest: authenticated encryption under the host's key. Never stores the key beside what it seals, never prints either.

use std::io::Write;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of the key.
const KEY: usize = 32;
/// Bytes of a nonce; it stands before what it sealed.
const NONCE: usize = 24;

/// Why a key cannot be used, or a secret not be opened.
#[derive(Debug, Error)]
pub enum SealError {
    /// The key file cannot be read or made.
    #[error("the key file {path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The key file may be read by others.
    #[error("the key file {0} may be read by others: make it yours alone (chmod 600)")]
    Mode(String),
    /// Not 64 hexadecimal digits.
    #[error("the host's key must be 64 hexadecimal digits (32 bytes)")]
    Key,
    /// The system has no randomness to give.
    #[error("the system gives no randomness: {0}")]
    Random(String),
    /// What is sealed was sealed by another key, for another place, or was changed.
    #[error("a stored secret does not open with this host's key")]
    Closed,
}

/// The host's key, ready to seal and open.
pub struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Sealer, SealError> {
        let key = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(|_| SealError::Key)?;
        let key = Zeroizing::new(key);
        let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| SealError::Key)?;
        Ok(Sealer(cipher))
    }

    /// From a file that only its owner may read; made with a new key where there is none.
    pub fn from_file(path: &Path) -> Result<Sealer, SealError> {
        let failed = |error| SealError::File { path: path.display().to_string(), error };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                private(path).map_err(failed)?.then_some(()).ok_or_else(|| SealError::Mode(path.display().to_string()))?;
                Self::from_hex(&text)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let text = Zeroizing::new(data_encoding::HEXLOWER.encode(&*random::<KEY>()?));
                let mut file = options_of_a_private_file().open(path).map_err(failed)?;
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
                Self::from_hex(&text)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Seals a secret for one place: moved to another place, it does not open.
    pub fn seal(&self, place: &str, secret: &str) -> Result<Vec<u8>, SealError> {
        let nonce = random::<NONCE>()?;
        let sealed = self.0.encrypt(&XNonce::from(*nonce), Payload { msg: secret.as_bytes(), aad: place.as_bytes() });
        let mut out = nonce.to_vec();
        out.extend(sealed.map_err(|_| SealError::Closed)?);
        Ok(out)
    }

    /// Opens what was sealed for this place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<String>, SealError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(SealError::Closed)?;
        let opened = self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: place.as_bytes() });
        let opened = opened.map_err(|_| SealError::Closed)?;
        String::from_utf8(opened).map(Zeroizing::new).map_err(|_| SealError::Closed)
    }
}

/// So many random bytes.
pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).map_err(|error| SealError::Random(error.to_string()))?;
    Ok(bytes)
}

#[cfg(unix)]
fn private(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn private(_path: &Path) -> std::io::Result<bool> {
    Ok(true)
}

fn options_of_a_private_file() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_at_its_place_and_unchanged() {
        let sealer = Sealer::from_hex(&"ab".repeat(32)).unwrap();
        let sealed = sealer.seal("1/access-token", "s3cret").unwrap();
        assert_eq!(*sealer.open("1/access-token", &sealed).unwrap(), "s3cret");
        assert!(matches!(sealer.open("2/access-token", &sealed), Err(SealError::Closed)));
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(sealer.open("1/access-token", &changed), Err(SealError::Closed)));
        assert!(!sealed.windows(6).any(|part| part == b"s3cret"));
    }

    #[test]
    fn the_key_file_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sealed = Sealer::from_file(&path).unwrap().seal("p", "x").unwrap();
        assert_eq!(*Sealer::from_file(&path).unwrap().open("p", &sealed).unwrap(), "x");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(Sealer::from_file(&path), Err(SealError::Mode(_))));
        }
    }
}
