//! Facts about requests that travel over a real connection to a server on this machine.

mod fate;
mod server;
mod way;

use std::collections::BTreeMap;

use self::server::Server;
use super::*;
use crate::contract::{self, Placement, http};

/// A route for both methods under `/`, to be changed.
fn route(prefix: &str) -> contract::Route {
    contract::Route {
        path_prefix: prefix.to_owned(),
        methods: vec![http::Method::Get, http::Method::Post],
        splices: vec![],
        captures: vec![],
        pace: None,
        cache_ms: None,
        writes: false,
    }
}

fn splice(secret: &str, placement: Placement, name: &str) -> contract::Splice {
    contract::Splice { secret: secret.to_owned(), placement, name: name.to_owned() }
}

/// Two seconds are long enough for a machine that is busy, and what must not end is stopped by the test itself.
fn config() -> OutboundConfig {
    OutboundConfig { connect_timeout: Duration::from_secs(2), answer_timeout: Duration::from_secs(20), ..OutboundConfig::default() }
}

fn overrides(origin: &str) -> Overrides {
    Overrides { origins: BTreeMap::from([("open".to_owned(), origin.to_owned())]), ..Overrides::default() }
}

/// A caller whose operator named `origin`.
fn caller(origin: &str, routes: Vec<contract::Route>) -> Caller {
    let endpoint = contract::Endpoint { name: "open".to_owned(), origin: "https://shop.example".to_owned(), routes };
    let secrets = [("access-token", "tok-0123456789"), ("client-secret", "cs/ret&9876543")];
    Caller {
        connector: "scripted".to_owned(),
        connection: "c1".to_owned(),
        generation: 1,
        app: "73".to_owned(),
        account: Some("110668".to_owned()),
        endpoints: Arc::new(Endpoints::compile(&[endpoint], &overrides(origin)).unwrap()),
        secrets: Arc::new(secrets.into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned()))).collect()),
        lane: Lane::Live,
        patience: Duration::ZERO,
    }
}

fn get(path: &str) -> http::Request {
    http::Request {
        endpoint: "open".to_owned(),
        method: http::Method::Get,
        path: path.to_owned(),
        query: vec![],
        headers: vec![],
        body: http::Body::None,
    }
}

fn post(path: &str, json: &str) -> http::Request {
    http::Request { method: http::Method::Post, body: http::Body::Json(json.to_owned()), ..get(path) }
}

fn outbound() -> Arc<Outbound> {
    Outbound::new(config(), Clock::system()).unwrap()
}
