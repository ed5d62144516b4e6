//! The only way out: where a request may go, which secrets it gets, how fast it may come, and what a guest sees of the reply.
//!
//! The attack is a connector that was written by somebody else, or that somebody else's data talks into something: it asks for a path that
//! nobody meant, for a server inside the house, for the secret in its own reply, for so many requests that the merchant's account is
//! locked. The rule: a guest names an endpoint and a path and nothing else; everything that decides (origin, route, secret, pace) comes
//! from the checked descriptor and the operator, and is parsed once into the form that is also connected to. What a guest is told about a
//! failure is true: `not-sent` and `denied` only where no byte left, everything else is `no-answer`.
//!
//! A request passes these in order:
//!
//! | Step | Module | Ends in |
//! |---|---|---|
//! | endpoint, route, method, path | `endpoints`, `path` | `denied` |
//! | headers, body, secrets | `header`, `request` | `denied` |
//! | an answer from memory | `cache` | the reply |
//! | a place in the pace | `pace` | `locked` |
//! | look-up, connection | `address`, `client` | `denied`, `not-sent` |
//! | the answer | `client` | `no-answer`, `too-large` |
//! | captures, scrubbing | `reply` | `too-large`, the reply |
//!
//! It never repeats a request, never follows a redirect, and never waits longer than the caller's patience for a place.

mod address;
mod cache;
mod client;
mod config;
mod courier;
mod encode;
mod endpoints;
mod header;
mod pace;
mod path;
mod reply;
mod request;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument as _;

pub use self::address::Lookup;
use self::cache::Cache;
use self::client::Clients;
pub use self::config::{OutboundConfig, OutboundError};
pub use self::courier::{Errand, Heard};
pub use self::endpoints::{EndpointError, Endpoints, Overrides, Target};
use self::pace::{Counted, Key, Pacer, Permit};
use crate::clock::Clock;
use crate::contract::http::{Error, Request, Response};
use crate::secret::{Secret, Secrets};
use crate::seeing::figures;

/// How urgent a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Somebody waits: an order, a webhook's refresh, a person at a page. Goes first.
    Live,
    /// A pull. Leaves [`OutboundConfig::live_reserve_percent`] of the places to live work.
    Bulk,
}

/// For whom a request is sent, and under which terms.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The connector, by the name that the host knows it by. What one connector says of an app or an account shuts no path for another's.
    pub connector: String,
    /// The connection. Memory is kept apart by it.
    pub connection: String,
    /// Which of the connection's grants this is. Memory is kept apart by it as well: what one grant was told says nothing of another.
    pub generation: i64,
    /// The app at the other side. With `account` it is what the other side counts.
    pub app: String,
    /// The account of the grant; none before there is a grant.
    pub account: Option<String>,
    /// Where the connector may go.
    pub endpoints: Arc<Endpoints>,
    /// What the host may put into its requests, and blanks out of its replies.
    pub secrets: Arc<Secrets>,
    /// How urgent it is.
    pub lane: Lane,
    /// The longest wait for a place; beyond it the answer is `locked`.
    pub patience: Duration,
}

/// A reply, and what the host took out of it.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What the guest sees: without captured values, every known secret blanked.
    pub response: Response,
    /// The captured secrets, by name.
    pub captured: Vec<(String, Secret)>,
    /// The path in its one spelling: what [`Outbound::close`] is told.
    pub path: String,
    /// The route changes something at the other side.
    pub writes: bool,
    /// Answered from memory: nothing was sent.
    pub remembered: bool,
    /// What a server says that has no such interface (any more): a web page, or that there is nothing at this path. Whether an answer can
    /// be read all the same is the guest's to say.
    pub is_page: bool,
    /// What memory knows the reply by, where it is kept or came from there.
    memory: Option<cache::Digest>,
}

/// The way out. One for the whole process: the paces are counted here.
pub struct Outbound {
    config: OutboundConfig,
    clock: Clock,
    pacer: Pacer,
    cache: Cache,
    clients: Clients,
}

impl Outbound {
    /// Opens the way out. Connects nowhere yet.
    pub fn new(config: OutboundConfig, clock: Clock) -> Result<Arc<Outbound>, OutboundError> {
        Outbound::with_lookup(config, clock, address::system())
    }

    /// The same, with the platform's own way to look names up. What it finds is judged in the same way.
    pub fn with_lookup(config: OutboundConfig, clock: Clock, lookup: Lookup) -> Result<Arc<Outbound>, OutboundError> {
        config.check()?;
        Ok(Arc::new(Outbound {
            pacer: Pacer::new(clock.clone(), config.live_reserve_percent),
            cache: Cache::new(config.cache_entries, config.cache_bytes),
            clients: Clients::new(config.clone(), lookup),
            clock,
            config,
        }))
    }

    /// Sends one request and waits for its whole reply. The errors say what they say in the contract: nothing was sent after `denied`,
    /// `locked` and `not-sent`; it may have taken effect after `no-answer`; it did after `too-large`.
    pub async fn send(&self, caller: &Caller, request: Request) -> Result<Reply, Error> {
        let endpoint = request.endpoint.clone();
        // A name that is not the descriptor's is the guest's invention, and no label.
        let known = caller.endpoints.origin_of(&endpoint).is_some();
        let span = tracing::debug_span!("request", endpoint = if known { endpoint.as_str() } else { "unknown" });
        let began = Instant::now();
        let sent = self.sent(caller, request).instrument(span).await;
        let (outcome, travelled) = came_to(&sent);
        figures().request(if known { &endpoint } else { "unknown" }, outcome, travelled.then(|| began.elapsed()));
        sent
    }

    async fn sent(&self, caller: &Caller, request: Request) -> Result<Reply, Error> {
        let target = caller.endpoints.route_of(&request)?;
        let wire = request::wire(&request, &target, &caller.secrets, &self.config)?;
        let memory = target.route.cache.map(|time| (wire.digest(&caller.connection, caller.generation), time));
        let reply = |response: Response, captured, remembered| Reply {
            is_page: reply::is_page(&response),
            response,
            captured,
            path: target.path().to_owned(),
            writes: target.writes(),
            remembered,
            memory: memory.as_ref().map(|(digest, _)| *digest),
        };
        if let Some(response) = memory.as_ref().and_then(|(digest, _)| self.cache.get(digest, self.clock.now())) {
            return Ok(reply(response, Vec::new(), true));
        }
        let key = key(caller, target.origin.text(), target.path());
        let asked = Instant::now();
        let permit = self.pacer.enter(&key, target.pace(), caller.lane, caller.patience).await;
        figures().paced(if caller.lane == Lane::Live { "live" } else { "bulk" }, asked.elapsed());
        let permit = permit.map_err(Error::Locked)?;
        let raw = match self.clients.carry(&target, wire).await {
            Ok(raw) => raw,
            Err(error) => return Err(failed(error, permit, caller)),
        };
        tracing::debug!(connection = caller.connection, path = target.path(), status = raw.status, bytes = raw.body.len(), "answered");
        drop(permit);
        let (response, captured) = reply::clean(raw, target.route, &caller.secrets)?;
        if let Some((digest, time)) = &memory
            && response.status == 200
        {
            let now = self.clock.now();
            let until = now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
            self.cache.put(*digest, &caller.connection, key, &response, now..until);
        }
        Ok(reply(response, captured, false))
    }

    /// The other side said "locked": shuts the path for everyone who shares its count, for so many milliseconds but at most
    /// [`OutboundConfig::longest_close`], and forgets what was remembered of it (it may be that very refusal). A path that the endpoint
    /// cannot have is ignored.
    pub fn close(&self, caller: &Caller, endpoint: &str, path: &str, for_ms: u32) {
        let Some(origin) = caller.endpoints.origin_of(endpoint) else { return };
        let Ok(path) = path::canonical(path, OutboundConfig::LONGEST_PATH) else { return };
        let key = key(caller, origin, &path);
        self.cache.forget_path(&key);
        self.pacer.close(&key, Duration::from_millis(for_ms.into()).min(self.config.longest_close));
    }

    /// Drops every remembered answer of a connection: when it gets another grant, and when it ends.
    pub fn forget(&self, connection: &str) {
        self.cache.forget_connection(connection);
    }

    /// Drops single remembered answers: they turned out to be no good.
    fn forget_answers(&self, answers: &[cache::Digest]) {
        self.cache.forget_answers(answers);
    }
}

/// What a request came to, in a word, and whether it travelled.
fn came_to(sent: &Result<Reply, Error>) -> (&'static str, bool) {
    match sent {
        Ok(reply) if reply.remembered => ("remembered", false),
        Ok(reply) => match reply.response.status {
            200..=299 => ("2xx", true),
            300..=399 => ("3xx", true),
            400..=499 => ("4xx", true),
            _ => ("5xx", true),
        },
        Err(Error::Denied(_)) => ("denied", false),
        Err(Error::Locked(_)) => ("locked", false),
        Err(Error::NotSent(_)) => ("not-sent", false),
        Err(Error::NoAnswer(_)) => ("no-answer", true),
        Err(Error::TooLarge) => ("too-large", true),
    }
}

fn key(caller: &Caller, origin: String, path: &str) -> Key {
    let path = path.strip_suffix('/').unwrap_or(path).to_owned();
    let counted = match &caller.account {
        Some(account) => Counted::Account(account.clone()),
        None => Counted::Connection(caller.connection.clone()),
    };
    Key { connector: caller.connector.clone(), origin, app: caller.app.clone(), counted, path }
}

/// Gives the place back where nothing was sent, and keeps secrets out of the text.
fn failed(error: Error, permit: Permit, caller: &Caller) -> Error {
    let scrubber = caller.secrets.scrubber();
    match error {
        Error::Denied(text) => {
            permit.give_back();
            Error::Denied(scrubber.text(&text))
        }
        Error::NotSent(text) => {
            permit.give_back();
            Error::NotSent(scrubber.text(&text))
        }
        Error::NoAnswer(text) => Error::NoAnswer(scrubber.text(&text)),
        other @ (Error::Locked(_) | Error::TooLarge) => other,
    }
}

#[cfg(test)]
mod tests;
