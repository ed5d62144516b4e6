//! Passwords: what is kept of one, and whether one fits. Argon2id with the crate's defaults, which are OWASP's. A password is never kept.
//!
//! The attack: a try costs 19 MiB and some 20 ms on purpose, so many tries at once cost more than the machine has, also those whose sender has
//! hung up. The rule: a place is held for as long as the work lasts, whoever waits for it; the memory belongs to the place and is used again;
//! and only so many wait for one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::StoreError;

/// Characters of a password.
const SHORTEST: usize = 12;
const LONGEST: usize = 200;
/// Passwords that are checked at once.
const PLACES: usize = 2;
/// Tries that wait for a place; at some 20 ms each, none waits longer than half a second.
const WAITING: usize = 40;

/// Why an account was not made.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// Another one helps.
    #[error("a password has {SHORTEST} to {LONGEST} characters")]
    Length,
    /// The system gives no randomness for the salt.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// Too many are looked at already; a further try helps.
    #[error("too many passwords are looked at")]
    Busy,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Too many tries wait already: nothing was looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

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

/// The places where passwords are checked, and their memory.
pub(super) struct Checker {
    /// Those that are checked, and those that wait.
    asked: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// The memory of the places that are free; made when it is first needed.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Checker {
    pub(super) fn new() -> Checker {
        Checker { asked: Arc::new(Semaphore::new(PLACES + WAITING)), places: Arc::new(Semaphore::new(PLACES)), memory: Arc::default() }
    }

    /// Whether a password fits. Without a proof the same time is spent, so that nobody learns which names there are.
    pub(super) async fn fits(&self, password: &str, proof: Option<String>) -> Result<bool, Busy> {
        let places = self.place().await?;
        let (password, memory) = (password.to_owned(), self.memory.clone());
        // Whoever asked may be gone before it ends; the place is taken until it does.
        let checked = tokio::task::spawn_blocking(move || {
            let free = || memory.lock().unwrap_or_else(PoisonError::into_inner);
            let mut blocks = free().pop().unwrap_or_default();
            let fits = fits(&password, proof.as_deref(), &mut blocks);
            free().push(blocks);
            drop(places);
            fits
        });
        checked.await.map_err(|_| Busy)
    }
}

impl Checker {
    /// What is kept of a new password; it takes a place as a try does.
    pub(super) async fn proof(&self, password: &str) -> Result<String, PasswordError> {
        let places = self.place().await.map_err(|Busy| PasswordError::Busy)?;
        let password = password.to_owned();
        let made = tokio::task::spawn_blocking(move || {
            let made = proof(&password);
            drop(places);
            made
        });
        made.await.map_err(|_| PasswordError::Busy)?
    }

    async fn place(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), Busy> {
        let asked = self.asked.clone().try_acquire_owned().map_err(|_| Busy)?;
        let place = self.places.clone().acquire_owned().await.map_err(|_| Busy)?;
        Ok((asked, place))
    }
}

fn fits(password: &str, proof: Option<&str>, blocks: &mut Vec<Block>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = NOBODY.get_or_init(|| hash("nobody has this password").unwrap_or_default());
    let Ok(parsed) = PasswordHash::new(proof.unwrap_or(nobody)) else { return false };
    let right = password.chars().count() <= LONGEST && gives(password, &parsed, blocks).unwrap_or(false);
    right && proof.is_some()
}

/// Whether a password gives this hash; none where the proof is no Argon2 hash.
fn gives(password: &str, proof: &PasswordHash, blocks: &mut Vec<Block>) -> Option<bool> {
    let algorithm = Algorithm::try_from(proof.algorithm.as_str()).ok()?;
    let version = proof.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
    let (salt, expected) = (proof.salt.as_ref()?, proof.hash.as_ref()?);
    let argon = Argon2::new(algorithm, version, Params::try_from(proof).ok()?);
    let needed = argon.params().block_count();
    if blocks.len() < needed {
        blocks.resize(needed, Block::new());
    }
    let mut found = vec![0; expected.as_bytes().len()];
    argon.hash_password_into_with_memory(password.as_bytes(), salt, &mut found, blocks.get_mut(..needed)?).ok()?;
    Some(found.ct_eq(expected.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_proof_and_no_other() {
        let kept = proof("hoa sen trong đầm").unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(!kept.contains("hoa"));
        let checker = Checker::new();
        assert_eq!(checker.fits("hoa sen trong đầm", Some(kept.clone())).await, Ok(true));
        assert_eq!(checker.fits("hoa sen trong dam", Some(kept.clone())).await, Ok(false));
        assert_eq!(checker.fits("nobody has this password", None).await, Ok(false));
        assert_eq!(checker.fits("hoa sen trong đầm", Some("not a proof".to_owned())).await, Ok(false));
        // The memory that one left behind changes nothing for the next.
        assert_eq!(checker.fits("hoa sen trong đầm", Some(kept)).await, Ok(true));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn tries_that_hang_up_take_no_more_memory_than_there_are_places() {
        let checker = Arc::new(Checker::new());
        for _ in 0..10 {
            let tries: Vec<_> = (0..30)
                .map(|_| {
                    let checker = checker.clone();
                    tokio::spawn(async move { checker.fits("a wrong password", None).await })
                })
                .collect();
            tokio::task::yield_now().await;
            tries.iter().for_each(tokio::task::JoinHandle::abort);
            for one in tries {
                let _ = one.await;
            }
        }
        // All places are free again once the last has ended, and there is memory for as many as there are places.
        let all = checker.places.acquire_many(u32::try_from(PLACES).unwrap()).await.unwrap();
        assert!(checker.memory.lock().unwrap().len() <= PLACES);
        drop(all);
    }

    #[tokio::test]
    async fn more_than_may_wait_are_told_so_at_once() {
        let checker = Checker::new();
        let all = checker.asked.clone().acquire_many_owned(u32::try_from(PLACES + WAITING).unwrap()).await.unwrap();
        assert_eq!(checker.fits("whatever it is", None).await, Err(Busy));
        drop(all);
        assert_eq!(checker.fits("whatever it is", None).await, Ok(false));
    }

    #[test]
    fn a_short_password_is_refused() {
        assert!(matches!(proof("ngắn"), Err(PasswordError::Length)));
        assert!(matches!(proof(&"a".repeat(201)), Err(PasswordError::Length)));
    }
}
