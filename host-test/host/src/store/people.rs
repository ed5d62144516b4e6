//! The people who use the connection page: accounts, sessions, and who connected what. Knows no password, only what proves one.

use async_trait::async_trait;

use super::{ConnectionId, Result};
use crate::clock::Instant;

/// A person who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Row id.
    pub id: i64,
    /// What the person signs in with.
    pub name: String,
    /// Whose connections the person sees.
    pub tenant: String,
}

/// What is asked of the people who use the page.
#[async_trait]
pub trait People {
    /// Makes an account. `proof`: what a password is checked against. Says whether the name was free.
    async fn add_operator(&self, name: &str, tenant: &str, proof: &str, at: Instant) -> Result<bool>;

    /// Whether anybody can sign in at all.
    async fn has_operators(&self) -> Result<bool>;

    /// An account by its name, and what its password is checked against.
    async fn operator(&self, name: &str) -> Result<Option<(Operator, String)>>;

    /// All accounts, by name.
    async fn operators(&self) -> Result<Vec<Operator>>;

    /// Gives an account another password, and ends all its sessions. Says whether there is such an account.
    async fn set_password(&self, name: &str, proof: &str) -> Result<bool>;

    /// Takes an account away, and its sessions with it. What it did stays written down. Says whether there was one.
    async fn remove_operator(&self, name: &str) -> Result<bool>;

    /// Ends all sessions of an account. Says how many there were, where there is such an account.
    async fn close_sessions(&self, name: &str) -> Result<Option<u32>>;

    /// Begins a session. `token` is the hash of what the browser holds. Sessions that began before `since` are forgotten.
    async fn open_session(&self, token: [u8; 32], operator: i64, at: Instant, since: Instant) -> Result<()>;

    /// Whose session this is, if it began not before `since`.
    async fn session(&self, token: [u8; 32], since: Instant) -> Result<Option<Operator>>;

    /// Ends a session.
    async fn close_session(&self, token: [u8; 32]) -> Result<()>;

    /// Writes down who gave the connection its grant.
    async fn connected_by(&self, connection: ConnectionId, operator: &str, at: Instant) -> Result<()>;

    /// Who gave the connection its grant, and when, where that happened on the page.
    async fn who_connected(&self, connection: ConnectionId) -> Result<Option<(String, Instant)>>;
}
