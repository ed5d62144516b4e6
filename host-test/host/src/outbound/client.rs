//! The HTTP client: carries one request and brings the whole reply back, or says truthfully what is known about its fate.
//!
//! The attack is on the ledger: a request that the HTTP stack sends twice by itself (a stale connection, a redirect), and a failure that
//! is called "not sent" although the server acted. The rule: no redirects, no retries, no proxy, no cookies; a request that writes travels
//! on a connection of its own; and only a failure to *connect* is "not sent": everything later is "no answer". (For a read on a connection
//! that is used again, the stack takes a new one when the old one was gone before the first byte: nothing travels twice.)

use std::sync::Arc;
use std::sync::OnceLock;

use ::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use reqwest::{Client, redirect, retry};

use super::address::{Guard, Lookup, Private};
use super::config::OutboundConfig;
use super::endpoints::Target;
use super::request::Wire;
use crate::contract::http::{Error, Method};

/// A whole reply as it came.
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The clients, made when they are first needed: reading the machine's certificates takes tens of milliseconds.
pub(super) struct Clients {
    config: OutboundConfig,
    lookup: Lookup,
    made: [OnceLock<Client>; 6],
}

/// What a client may connect to.
#[derive(Clone, Copy)]
enum Reach {
    /// Public addresses, by https.
    Public,
    /// What the operator named, by https.
    Named,
    /// What the operator named, by http.
    Plain,
}

impl Clients {
    pub(super) fn new(config: OutboundConfig, lookup: Lookup) -> Clients {
        // Both sides of the process use the same provider; who comes second finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Clients { config, lookup, made: Default::default() }
    }

    /// Sends the request and reads the whole reply.
    pub(super) async fn carry(&self, target: &Target<'_>, wire: Wire) -> Result<Raw, Error> {
        let reach = match (target.origin.named, target.origin.url.scheme()) {
            (false, _) => Reach::Public,
            (true, "https") => Reach::Named,
            (true, _) => Reach::Plain,
        };
        let client = self.client(reach, target.writes()).map_err(|error| Error::NotSent(cause(&error)))?;
        let method = match wire.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut request = client.request(method, wire.url).headers(wire.headers);
        if let Some(body) = wire.body {
            request = request.body(body);
        }
        // The text of an error about building it could quote it: none is kept.
        let request = request.build().map_err(|_| Error::Denied("the request cannot be written".to_owned()))?;
        let answer = async { self.read(client.execute(request).await.map_err(fate)?).await };
        tokio::time::timeout(self.config.answer_timeout, answer)
            .await
            .unwrap_or_else(|_| Err(Error::NoAnswer("the answer took too long".to_owned())))
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Raw, Error> {
        let compressed = || Error::NoAnswer("the answer is compressed, which was not asked for".to_owned());
        if says_compressed(response.headers()) {
            return Err(compressed());
        }
        let limit = self.config.reply_bytes;
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if announced > limit {
            return Err(Error::TooLarge);
        }
        let status = response.status().as_u16();
        let content_type =
            response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(|text| text.chars().take(256).collect());
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|error| Error::NoAnswer(cause(&error.without_url())))? {
            if body.len() + chunk.len() > limit {
                return Err(Error::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        if COMPRESSED.iter().any(|magic| body.starts_with(magic)) {
            return Err(compressed());
        }
        Ok(Raw { status, content_type, body })
    }

    fn client(&self, reach: Reach, writes: bool) -> reqwest::Result<Client> {
        let place = reach as usize * 2 + usize::from(writes);
        if let Some(client) = self.made.get(place).and_then(OnceLock::get) {
            return Ok(client.clone());
        }
        let client = self.make(reach, writes)?;
        Ok(self.made.get(place).map_or(client.clone(), |slot| slot.get_or_init(|| client).clone()))
    }

    fn make(&self, reach: Reach, writes: bool) -> reqwest::Result<Client> {
        let guard = Guard { lookup: self.lookup.clone(), named: !matches!(reach, Reach::Public) };
        let mut builder = Client::builder()
            .user_agent(concat!("nobi-connector-host/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .dns_resolver(Arc::new(guard))
            .connect_timeout(self.config.connect_timeout)
            .pool_idle_timeout(self.config.idle_timeout)
            // On a connection that is used again, the stack cannot always tell an unread request from an unanswered one.
            .pool_max_idle_per_host(if writes { 0 } else { self.config.idle_connections });
        builder = match reach {
            Reach::Public | Reach::Named => builder.https_only(true),
            // No certificate is ever looked at, so a machine without any can do this as well.
            Reach::Plain => builder.tls_certs_only([]),
        };
        builder.build()
    }
}

/// How gzip, zstd, xz and zlib at three of its levels begin, whatever the headers say; none of them is how a text begins. Zlib's other
/// level does (`x^`), and brotli and bare deflate begin with nothing of their own: those pass where the server does not say so.
const COMPRESSED: [&[u8]; 6] = [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"\x78\x01", b"\x78\x9c", b"\x78\xda"];

/// Nothing was asked to be compressed, and what is compressed cannot be searched for secrets. On the way it may be cut into chunks, and
/// nothing else may be done to it.
fn says_compressed(headers: &HeaderMap) -> bool {
    let other_than = |name, plain: &str| {
        headers.get_all(name).iter().any(|value| value.to_str().map_or(true, |value| !value.trim().eq_ignore_ascii_case(plain)))
    };
    other_than(CONTENT_ENCODING, "identity") || other_than(TRANSFER_ENCODING, "chunked")
}

/// What is known about a request that came back as an error.
fn fate(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_builder() {
        return Error::Denied("the request cannot be written".to_owned());
    }
    if !error.is_connect() {
        return Error::NoAnswer(cause(&error));
    }
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        if let Some(private) = inner.downcast_ref::<Private>() {
            return Error::Denied(private.to_string());
        }
        source = inner.source();
    }
    Error::NotSent(cause(&error))
}

/// The chain of causes in one line, without the address.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text.chars().take(300).collect()
}
