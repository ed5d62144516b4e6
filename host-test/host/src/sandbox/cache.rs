//! Keeps compiled code between two starts of the host. Never hands out a byte that this host, with this engine, did not write itself.
//!
//! The attack: compiled code is machine code. Who can write the file, or put another host's file in its place, runs whatever they like in
//! the host's process. The rule: the folder and its files are the owner's alone, and each file begins with a MAC, under a key that is not
//! in the folder, over what it is for (the engine's settings and version, the component's digest) and all its bytes. The bytes are read
//! once, checked, and the checked copy is loaded: what happens to the file in between does not matter. Whatever does not fit is compiled
//! anew, with a line in the log that says why; a cache that cannot be written is no reason to stop.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash as _, Hasher};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;
use zeroize::Zeroizing;

use super::text::one_line;

/// Says what the MAC is for: the host's key serves other ends too.
const DOMAIN: &[u8] = b"connector-host compiled code 1";
/// Bytes of a MAC.
const MAC: usize = 32;
/// Bytes of a file that is read at all. Ours has 2 MB.
const LARGEST: u64 = 256 * 1024 * 1024;
/// Files that are kept, the newest ones: a few connectors, before and after an update of the host.
const KEPT: usize = 16;

/// Why there is no cache. A person has to change something.
#[derive(Debug, Error)]
pub enum CacheError {
    /// The folder cannot be made or looked at.
    #[error("the folder for compiled code {path}: {error}")]
    Folder {
        /// Which folder.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The folder is no folder of its own, or others may look into it.
    #[error("the folder for compiled code {0} is not its owner's alone (chmod 700)")]
    Mode(String),
    /// Not 64 hexadecimal digits.
    #[error("the key for compiled code must be 64 hexadecimal digits (32 bytes)")]
    Key,
}

/// Why compiled code was not taken from the cache.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CacheMiss {
    /// There is none yet.
    #[error("there is none yet")]
    Absent,
    /// Others than the owner may read or write the file or its folder.
    #[error("others than its owner may read or write it")]
    Mode,
    /// The file was changed or cut, or is another host's, another engine's or another component's.
    #[error("its MAC is not right: it was changed, cut, or made for something else")]
    Mac,
    /// The engine does not take it although this host wrote it.
    #[error("the engine does not take it: {0}")]
    Engine(String),
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// Where a component's machine code came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeSource {
    /// It was compiled; there is no cache.
    Compiled,
    /// It was compiled, since the cache had none that could be used.
    Recompiled(CacheMiss),
    /// It was taken from the cache.
    Cached,
}

/// A folder of compiled code. One folder may serve several hosts with the same key.
pub struct CodeCache {
    folder: PathBuf,
    /// Keyed, and fed nothing yet.
    mac: Hmac<Sha256>,
}

/// Bytes that were written by this host for this engine and this component. Made by [`CodeCache::read`] alone.
struct Verified(Vec<u8>);

impl CodeCache {
    /// Opens the folder, and makes it where there is none. `key`: 64 hexadecimal digits, which may be the host's own; what the MAC is made
    /// with is derived from it.
    pub fn open(folder: &Path, key: &str) -> Result<CodeCache, CacheError> {
        let key = data_encoding::HEXLOWER_PERMISSIVE.decode(key.trim().as_bytes()).map(Zeroizing::new).map_err(|_| CacheError::Key)?;
        if key.len() != 32 {
            return Err(CacheError::Key);
        }
        let mut derived = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| CacheError::Key)?;
        derived.update(DOMAIN);
        let derived = Zeroizing::new(<[u8; 32]>::from(derived.finalize().into_bytes()));
        let mac = Hmac::<Sha256>::new_from_slice(&*derived).map_err(|_| CacheError::Key)?;
        let path = folder.display().to_string();
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|error| CacheError::Folder { path: path.clone(), error })?;
        let cache = CodeCache { folder: folder.to_owned(), mac };
        if cache.is_private() { Ok(cache) } else { Err(CacheError::Mode(path)) }
    }

    /// The component's code from the cache, or why not.
    pub(super) fn load(&self, engine: &Engine, digest: &[u8; 32]) -> Result<Component, CacheMiss> {
        let verified = self.read(&fingerprint(engine), digest)?;
        deserialize(engine, &verified).map_err(|error| CacheMiss::Engine(one_line(&error.to_string(), 200)))
    }

    /// Keeps the component's code. Best effort: who starts next compiles again.
    pub(super) fn store(&self, engine: &Engine, digest: &[u8; 32], component: &Component) {
        let written = component.serialize().map_err(|error| error.to_string());
        let written = written.and_then(|code| self.write(&fingerprint(engine), digest, &code).map_err(|error| error.to_string()));
        if let Err(error) = written {
            tracing::warn!(error, "compiled code could not be kept: it is compiled again at the next start");
        }
    }

    fn read(&self, engine: &[u8; 32], digest: &[u8; 32]) -> Result<Verified, CacheMiss> {
        let unreadable = |error: std::io::Error| CacheMiss::Unreadable(error.to_string());
        let mut file = match File::open(self.file(engine, digest)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(CacheMiss::Absent),
            Err(error) => return Err(unreadable(error)),
        };
        // Of the opened file, not of whatever has its name by now.
        let about = file.metadata().map_err(unreadable)?;
        if !about.is_file() || !is_owners_alone(&about) || !self.is_private() {
            return Err(CacheMiss::Mode);
        }
        if about.len() > LARGEST {
            return Err(CacheMiss::Mac);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
        (&mut file).take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
        let Some((mac, code)) = bytes.split_first_chunk::<MAC>() else { return Err(CacheMiss::Mac) };
        // Constant time.
        self.mac(engine, digest, code).verify_slice(mac).map_err(|_| CacheMiss::Mac)?;
        bytes.drain(..MAC);
        Ok(Verified(bytes))
    }

    fn write(&self, engine: &[u8; 32], digest: &[u8; 32], code: &[u8]) -> std::io::Result<()> {
        if !self.is_private() {
            return Err(std::io::Error::new(ErrorKind::PermissionDenied, "others than its owner may look into the folder"));
        }
        let file = self.file(engine, digest);
        // Seen whole or not at all, whoever else writes the same at the same time.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let temporary = file.with_extension(format!("{}-{}.new", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(&temporary)?;
        let mac = self.mac(engine, digest, code).finalize().into_bytes();
        let written = out.write_all(&mac).and_then(|()| out.write_all(code)).and_then(|()| fs::rename(&temporary, &file));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        self.prune();
        written
    }

    fn mac(&self, engine: &[u8; 32], digest: &[u8; 32], code: &[u8]) -> Hmac<Sha256> {
        // Every part before the code has a fixed length: no two inputs look the same.
        let mut mac = self.mac.clone();
        mac.update(engine);
        mac.update(digest);
        mac.update(code);
        mac
    }

    fn file(&self, engine: &[u8; 32], digest: &[u8; 32]) -> PathBuf {
        let short = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes.get(..8).unwrap_or_default());
        self.folder.join(format!("{}-{}.code", data_encoding::HEXLOWER.encode(digest), short(engine)))
    }

    fn is_private(&self) -> bool {
        fs::symlink_metadata(&self.folder).is_ok_and(|about| about.is_dir() && is_owners_alone(&about))
    }

    /// Drops the oldest files, and what a host that was killed left half-written.
    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<_> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let ours = path.extension().is_some_and(|extension| extension == "code" || extension == "new");
                let changed = fs::symlink_metadata(&path).ok()?.modified().ok()?;
                ours.then_some((std::cmp::Reverse(changed), path))
            })
            .collect();
        files.sort();
        for (_, path) in files.into_iter().skip(KEPT) {
            let _ = fs::remove_file(path);
        }
    }
}

/// What the engine's version, target and settings come to: code of one engine is never given to another.
fn fingerprint(engine: &Engine) -> [u8; 32] {
    struct Into256(Sha256);
    impl Hasher for Into256 {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Into256(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().into()
}

/// The only place where bytes become machine code.
#[allow(unsafe_code, reason = "compiled code cannot be checked, only recognised")]
fn deserialize(engine: &Engine, code: &Verified) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be what `Component::serialize` gave, unchanged. `Verified` is made only where a MAC over all of them was
    // right, under a key that nobody but this host has, and this host puts that MAC on such bytes alone; the MAC covers the engine's
    // version and settings and the component's digest. They are in this process's own memory: nobody changes them after the check.
    unsafe { Component::deserialize(engine, &code.0) }
}

#[cfg(unix)]
fn is_owners_alone(about: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 == 0
}

#[cfg(not(unix))]
fn is_owners_alone(_about: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests;
