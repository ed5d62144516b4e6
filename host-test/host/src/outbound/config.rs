//! Every knob of the way out, with its unit, its default and the reason for it. Never decides anything by itself.
//!
//! Not knobs, each with its reason where it is:
//! - the longest path and the longest secret that a reply gives ([`OutboundConfig::LONGEST_PATH`], [`OutboundConfig::LONGEST_CAPTURE`]);
//! - the addresses of one name that are tried (`address`): a name with more is no server that a connector means;
//! - characters of a content type (256) and of an error's text (300) that are kept (`client`): more tells nobody anything;
//! - bytes of a reply's head: some 400 KiB, the HTTP library's own limit, which it does not let a client set;
//! - the shortest secret that is looked for (`secret`, 8 bytes): a shorter one would be found where it is not.

use std::time::Duration;

use thiserror::Error;

/// What one request may use, and how long it may take.
#[derive(Clone, Debug)]
pub struct OutboundConfig {
    /// Name look-up, TCP and TLS together (10 s). A request that fails here was not sent. A look-up that is asked again takes 5 s, a first
    /// packet that is lost 1 to 3; who needs longer is not there. Must be shorter than [`Self::answer_timeout`].
    pub connect_timeout: Duration,
    /// From the first byte out to the last byte in, connecting included (30 s). Pages of Nhanh take up to a few seconds; an `exchange` call
    /// may take 60 s in all.
    pub answer_timeout: Duration,
    /// Bytes of a reply's body (16 MiB). A page of 100 products is about 124 kB; descriptions can make it some MB.
    pub reply_bytes: usize,
    /// Bytes of a request's body and query together (1 MiB). The largest order is some 100 kB.
    pub request_bytes: usize,
    /// Headers that a guest may set on one request (32). Most need none; what an API asks for beside the secret is a handful.
    pub headers: usize,
    /// Bytes of all those headers together (8 KiB): what most servers read of a head at all.
    pub header_bytes: usize,
    /// Replies that are kept for routes with `cache-ms`, of all connections together (4,096). A merchant's place names alone are some 60
    /// lists of some kB each, and are kept for a day.
    pub cache_entries: usize,
    /// Bytes of all kept replies together (32 MiB): all of them at 8 kB each. The oldest go first.
    pub cache_bytes: usize,
    /// Percent of a path's places that bulk work leaves to live work, rounded down (4; at most 90). 4 of 100 let a pull run at 96 % of what
    /// the other side allows, and an order that comes in the middle of it finds a place at once.
    pub live_reserve_percent: u32,
    /// The longest time that [`close`](super::Outbound::close) shuts a path (an hour). Nhanh's lock grows with each call that comes too
    /// early; a guest names the time; it cannot shut a path for days.
    pub longest_close: Duration,
    /// Idle connections to one server that reads may use again (8): the host's workers (6) and a person or two beside them. Requests of a
    /// route that writes never use a connection twice.
    pub idle_connections: usize,
    /// How long such a connection may be idle (12 s). Shorter than what servers allow (15 s at the shortest is usual), so that few are
    /// stale.
    pub idle_timeout: Duration,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        const KIB: usize = 1024;
        const MIB: usize = 1024 * KIB;
        OutboundConfig {
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            reply_bytes: 16 * MIB,
            request_bytes: MIB,
            headers: 32,
            header_bytes: 8 * KIB,
            cache_entries: 4096,
            cache_bytes: 32 * MIB,
            live_reserve_percent: 4,
            longest_close: Duration::from_secs(3600),
            idle_connections: 8,
            idle_timeout: Duration::from_secs(12),
        }
    }
}

/// Why there is no way out at all. A retry does not help.
#[derive(Debug, Error)]
pub enum OutboundError {
    /// Without the difference a timeout would not tell whether a request was sent.
    #[error("the connect timeout must be shorter than the answer timeout")]
    Timeouts,
    /// Bulk work would never get a place.
    #[error("live work can be left at most 90 percent of the places")]
    Reserve,
}

impl OutboundConfig {
    /// Bytes of a path. Not a knob: endpoints are compiled before there is a configuration, and Nhanh's longest path has 40.
    pub(super) const LONGEST_PATH: usize = 1024;
    /// Bytes of a secret that a reply gives (4 KiB). Not a knob: all its spellings together are some 120 times as long, and each is looked
    /// for in every later reply. Nhanh's tokens have some hundred bytes, the longest that are in use anywhere some 2 KiB.
    pub(crate) const LONGEST_CAPTURE: usize = 4 * 1024;

    pub(super) fn check(&self) -> Result<(), OutboundError> {
        if self.connect_timeout >= self.answer_timeout {
            return Err(OutboundError::Timeouts);
        }
        if self.live_reserve_percent > 90 {
            return Err(OutboundError::Reserve);
        }
        Ok(())
    }
}
