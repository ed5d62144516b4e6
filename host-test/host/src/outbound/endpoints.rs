//! Which servers and paths a connector may reach: its descriptor, checked once, with the operator's overrides.
//!
//! The attack: a descriptor that names a private address, a route table that says two things, a guest's request that reaches a path by
//! the wrong route and so loses its pace or gains a secret. The rule: everything is parsed here, once, into the one form that policy,
//! secrets and connection all use; what cannot be parsed is refused before the connector runs, and what matches no route is denied.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use super::address;
use super::config::OutboundConfig;
use super::encode::query_of;
use super::header;
use super::path;
use crate::contract::{self, Pace, Placement, http};
use crate::pointer::Pointer;

/// What the operator of one connection changes. Stored with the connection.
///
/// ```
/// use connector_host::outbound::Overrides;
/// let overrides: Overrides = serde_json::from_str(r#"{
///     "origins": { "open": "http://127.0.0.1:8080" },
///     "paces": { "open /api/product": { "requests": 15, "window_ms": 3000 } }
/// }"#)?;
/// assert_eq!(overrides.origins["open"], "http://127.0.0.1:8080");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// By endpoint: another origin, `http` allowed. It is named on purpose, so it may be, or resolve to, a private address.
    pub origins: BTreeMap<String, String>,
    /// By endpoint and path prefix, with a space between them: another pace for every path under the prefix. The longest prefix wins, and
    /// any of them wins over the descriptor.
    pub paces: BTreeMap<String, Pace>,
}

/// Why a descriptor's endpoints, or the overrides, cannot be used. A retry does not help.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Two endpoints have one name.
    #[error("the endpoint `{0}` is described twice")]
    Repeated(String),
    /// An origin that is none, or that is not allowed.
    #[error("the origin `{origin}` of the endpoint `{endpoint}`: {reason}")]
    Origin {
        /// The endpoint.
        endpoint: String,
        /// The origin, as it was written.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A route that cannot be kept.
    #[error("the route `{prefix}` of the endpoint `{endpoint}`: {reason}")]
    Route {
        /// The endpoint.
        endpoint: String,
        /// The route's path prefix.
        prefix: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An override that speaks of nothing in the descriptor.
    #[error("the override `{0}` names no endpoint or path of the connector")]
    Unknown(String),
}

/// A descriptor's endpoints, ready for use.
#[derive(Clone, Debug, Default)]
pub struct Endpoints(BTreeMap<String, Server>);

#[derive(Clone, Debug)]
struct Server {
    origin: Origin,
    /// The longest prefix first.
    routes: Vec<Route>,
    /// The operator's, the longest prefix first.
    paces: Vec<(String, Pace)>,
}

/// Scheme, host and port of a server.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// With the path `/`, nothing else.
    pub(super) url: Url,
    /// The operator named it: it may be private, and need not be https.
    pub(super) named: bool,
}

/// One route of the descriptor, checked.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) prefix: String,
    pub(super) methods: Vec<http::Method>,
    pub(super) splices: Vec<Splice>,
    pub(super) captures: Vec<Capture>,
    pub(super) pace: Option<Pace>,
    pub(super) cache: Option<Duration>,
    pub(super) writes: bool,
}

/// A secret, and where it goes.
#[derive(Clone, Debug)]
pub(super) struct Splice {
    pub(super) secret: String,
    pub(super) place: Place,
}

/// A place in a request.
#[derive(Clone, Debug)]
pub(super) enum Place {
    FormField(String),
    Query(String),
    Header(::http::HeaderName),
    Json(Pointer),
}

/// A secret, and where it is found in a reply.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) secret: String,
    pub(super) pointers: Vec<Pointer>,
}

/// Where one request goes, and under which terms.
#[derive(Debug)]
pub struct Target<'a> {
    pub(super) origin: &'a Origin,
    pub(super) route: &'a Route,
    path: String,
    pace: Option<Pace>,
}

impl Target<'_> {
    /// A request here changes something: its unreadable answer is ambiguous, and it is never repeated.
    pub fn writes(&self) -> bool {
        self.route.writes
    }

    /// The path in its one spelling. The pace is counted for it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How often the path may be called: the operator's word, else the descriptor's.
    pub fn pace(&self) -> Option<Pace> {
        self.pace
    }

    /// The secrets that the host adds here, by name.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.route.splices.iter().map(|splice| splice.secret.as_str())
    }

    /// The address without query, as policy and connection both use it.
    pub(super) fn url(&self) -> Result<Url, http::Error> {
        let mut url = self.origin.url.clone();
        url.set_path(&self.path);
        // One spelling: if the parser saw another path than the route table did, nothing is sent.
        if url.path() != self.path {
            return Err(http::Error::Denied("the path is read in two ways".to_owned()));
        }
        Ok(url)
    }
}

impl Endpoints {
    /// Checks a descriptor's endpoints and joins them with the operator's overrides.
    pub fn compile(endpoints: &[contract::Endpoint], overrides: &Overrides) -> Result<Endpoints, EndpointError> {
        let mut servers = BTreeMap::new();
        for endpoint in endpoints {
            let origin = Origin::of(endpoint, overrides.origins.get(&endpoint.name))?;
            let mut routes = endpoint.routes.iter().map(|route| Route::of(&endpoint.name, route)).collect::<Result<Vec<_>, _>>()?;
            routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
            for (index, route) in routes.iter().enumerate() {
                let twin =
                    |other: &Route| other.prefix == route.prefix && other.methods.iter().any(|method| route.methods.contains(method));
                if routes.iter().skip(index + 1).any(twin) {
                    let reason = "it is described twice for one method".to_owned();
                    return Err(EndpointError::Route { endpoint: endpoint.name.clone(), prefix: route.prefix.clone(), reason });
                }
            }
            if servers.insert(endpoint.name.clone(), Server { origin, routes, paces: Vec::new() }).is_some() {
                return Err(EndpointError::Repeated(endpoint.name.clone()));
            }
        }
        if let Some(unknown) = overrides.origins.keys().find(|name| !servers.contains_key(*name)) {
            return Err(EndpointError::Unknown(unknown.clone()));
        }
        for (key, pace) in &overrides.paces {
            let unknown = || EndpointError::Unknown(key.clone());
            let (name, prefix) = key.split_once(' ').ok_or_else(unknown)?;
            let server = servers.get_mut(name).ok_or_else(unknown)?;
            let prefix = prefix_of(prefix).map_err(|_| unknown())?;
            if !server.routes.iter().any(|route| path::covers(&route.prefix, &prefix) || path::covers(&prefix, &route.prefix)) {
                return Err(unknown());
            }
            check_pace(*pace).map_err(|reason| EndpointError::Route {
                endpoint: name.to_owned(),
                prefix: prefix.clone(),
                reason: reason.to_owned(),
            })?;
            server.paces.push((prefix, *pace));
        }
        for server in servers.values_mut() {
            server.paces.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        }
        Ok(Endpoints(servers))
    }

    /// The route that a request takes. The longest prefix wins, then the method has to be allowed there: a shorter prefix is no way
    /// around it.
    pub fn route_of(&self, request: &http::Request) -> Result<Target<'_>, http::Error> {
        let denied = |reason: &str| http::Error::Denied(reason.to_owned());
        let server = self.0.get(&request.endpoint).ok_or_else(|| denied("the connector has no such endpoint"))?;
        let path = path::canonical(&request.path, OutboundConfig::LONGEST_PATH).map_err(denied)?;
        let mut fitting = server.routes.iter().filter(|route| path::covers(&route.prefix, &path)).peekable();
        let longest = fitting.peek().ok_or_else(|| denied("the path matches no route"))?.prefix.len();
        let route = fitting
            .take_while(|route| route.prefix.len() == longest)
            .find(|route| route.methods.contains(&request.method))
            .ok_or_else(|| denied("the route does not allow this method"))?;
        let pace = server.paces.iter().find(|(prefix, _)| path::covers(prefix, &path)).map(|(_, pace)| *pace).or(route.pace);
        Ok(Target { origin: &server.origin, route, path, pace })
    }

    /// The address that a request would open in a browser: the login page's. Nothing is sent. A route that adds secrets has none, since
    /// an address ends up in histories and logs.
    pub fn url_of(&self, request: &http::Request) -> Result<String, http::Error> {
        let denied = |reason: &str| Err(http::Error::Denied(reason.to_owned()));
        let target = self.route_of(request)?;
        if request.method != http::Method::Get || request.body != http::Body::None || !request.headers.is_empty() {
            return denied("an address to open has no body and no headers, and is read");
        }
        if !target.route.splices.is_empty() {
            return denied("an address to open holds no secrets");
        }
        let mut url = target.url()?;
        url.set_query(query_of(&request.query).as_deref());
        Ok(url.into())
    }

    /// The origin of an endpoint as text, where there is such an endpoint: one server has one count, whatever connectors call it.
    pub(super) fn origin_of(&self, endpoint: &str) -> Option<String> {
        self.0.get(endpoint).map(|server| server.origin.text())
    }
}

impl Origin {
    fn of(endpoint: &contract::Endpoint, named: Option<&String>) -> Result<Origin, EndpointError> {
        let origin = named.unwrap_or(&endpoint.origin);
        let parsed = Origin::parse(origin, named.is_some());
        parsed.map_err(|reason| EndpointError::Origin { endpoint: endpoint.name.clone(), origin: origin.clone(), reason })
    }

    fn parse(origin: &str, named: bool) -> Result<Origin, String> {
        let url = Url::parse(origin).map_err(|error| error.to_string())?;
        match url.scheme() {
            "https" => {}
            "http" if named => {}
            "http" => return Err("http is allowed only where the operator names the origin; use https".to_owned()),
            _ => return Err("an origin begins with `https://`".to_owned()),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an origin holds no user and no password".to_owned());
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err("an origin is scheme, host and port, and nothing behind them".to_owned());
        }
        let literal = match url.host() {
            None => return Err("an origin has a host".to_owned()),
            Some(url::Host::Domain(_)) => None,
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
        };
        // A literal never passes the resolver, so it is judged here.
        if !named && literal.is_some_and(|address| !address::is_public(address)) {
            return Err("it is a private address; only the operator may name one".to_owned());
        }
        Ok(Origin { url, named })
    }

    pub(super) fn text(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

impl Route {
    fn of(endpoint: &str, route: &contract::Route) -> Result<Route, EndpointError> {
        Route::parse(route).map_err(|reason| EndpointError::Route {
            endpoint: endpoint.to_owned(),
            prefix: route.path_prefix.clone(),
            reason: reason.to_owned(),
        })
    }

    fn parse(route: &contract::Route) -> Result<Route, &'static str> {
        if route.methods.is_empty() {
            return Err("it allows no method");
        }
        if let Some(pace) = route.pace {
            check_pace(pace)?;
        }
        if route.cache_ms.is_some() && (route.writes || !route.captures.is_empty()) {
            return Err("only a read without captures is answered from memory");
        }
        Ok(Route {
            prefix: prefix_of(&route.path_prefix)?,
            methods: route.methods.clone(),
            splices: route.splices.iter().map(Splice::parse).collect::<Result<_, _>>()?,
            captures: route.captures.iter().map(Capture::parse).collect::<Result<_, _>>()?,
            pace: route.pace,
            cache: route.cache_ms.map(|milliseconds| Duration::from_millis(milliseconds.into())),
            writes: route.writes,
        })
    }
}

impl Splice {
    fn parse(splice: &contract::Splice) -> Result<Splice, &'static str> {
        let name = splice.name.clone();
        let place = match splice.placement {
            Placement::FormField if !name.is_empty() => Place::FormField(name),
            Placement::Query if !name.is_empty() => Place::Query(name),
            Placement::FormField | Placement::Query => return Err("a secret goes into a field without a name"),
            Placement::Header => Place::Header(header::name_for_splice(&name).ok_or("a secret goes into a header that the host sets")?),
            Placement::JsonPointer => Place::Json(Pointer::parse(&name).ok_or("a secret's place is not a JSON pointer")?),
        };
        Ok(Splice { secret: splice.secret.clone(), place })
    }
}

impl Capture {
    fn parse(capture: &contract::Capture) -> Result<Capture, &'static str> {
        let pointers: Option<Vec<Pointer>> = capture.pointers.iter().map(|pointer| Pointer::parse(pointer)).collect();
        let pointers = pointers.filter(|pointers| !pointers.is_empty()).ok_or("a captured secret's place is not a JSON pointer")?;
        Ok(Capture { secret: capture.secret.clone(), pointers })
    }
}

fn prefix_of(prefix: &str) -> Result<String, &'static str> {
    let canonical = path::canonical(prefix, OutboundConfig::LONGEST_PATH)?;
    Ok(canonical.strip_suffix('/').unwrap_or(&canonical).to_owned())
}

fn check_pace(pace: Pace) -> Result<(), &'static str> {
    if pace.requests == 0 || pace.window_ms == 0 { Err("its pace allows nothing") } else { Ok(()) }
}

#[cfg(test)]
mod tests;
