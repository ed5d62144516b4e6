//! Makes what goes over the wire from what a guest asked for and what the route adds. Sends nothing.
//!
//! The attack: a guest that fills the place where a secret will stand, so that the server reads the guest's value, or reads two and the
//! host's checks saw another one than the server does. The rule: a place that a splice fills is the host's alone; a request that touches
//! it is refused before any secret is put in.

use std::fmt;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use url::Url;

use super::config::OutboundConfig;
use super::encode::{form_of, query_of};
use super::endpoints::{Place, Target};
use super::header;
use crate::contract::http::{Body, Error, Method, Pair, Request};
use crate::pointer::EditError;
use crate::secret::{Secret, Secrets};

/// A request as it travels. It holds secrets: it is never shown and never kept.
pub(super) struct Wire {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<String>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Wire({:?} {})", self.method, self.url.path())
    }
}

impl Wire {
    /// Says whether two requests are the same one, secrets included: another grant makes another request.
    pub(super) fn digest(&self, connection: &str, generation: i64) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(connection.as_bytes());
        part(&generation.to_be_bytes());
        part(if self.method == Method::Get { b"GET" } else { b"POST" });
        part(self.url.as_str().as_bytes());
        for (name, value) in &self.headers {
            part(name.as_str().as_bytes());
            part(value.as_bytes());
        }
        part(self.body.as_deref().unwrap_or_default().as_bytes());
        hash.finalize().into()
    }
}

/// The whole request, or why it is denied.
pub(super) fn wire(request: &Request, target: &Target<'_>, secrets: &Secrets, config: &OutboundConfig) -> Result<Wire, Error> {
    build(request, target, secrets, config).map_err(Error::Denied)
}

fn build(request: &Request, target: &Target<'_>, secrets: &Secrets, config: &OutboundConfig) -> Result<Wire, String> {
    if request.method == Method::Get && request.body != Body::None {
        return Err("a GET has no body".to_owned());
    }
    let mut headers = header::of_guest(&request.headers, config)?;
    let mut query = request.query.clone();
    let mut body = request.body.clone();
    // All places are checked before the first secret is looked at.
    for splice in &target.route.splices {
        let taken = match &splice.place {
            Place::Query(name) => claims(&query, name),
            Place::FormField(name) => matches!(&body, Body::Form(fields) if claims(fields, name)),
            Place::Header(name) => headers.contains_key(name),
            // Found out when it is put in, where the text is read anyway.
            Place::Json(_) => false,
        };
        if taken {
            return Err(format!("the host fills the place of the secret `{}`", splice.secret));
        }
    }
    for splice in &target.route.splices {
        let secret = secrets.get(&splice.secret).ok_or_else(|| missing(&splice.secret))?;
        place(&splice.secret, &splice.place, secret, request.method, (&mut headers, &mut query, &mut body))?;
    }
    let mut url = target.url().map_err(|_| "the path is read in two ways".to_owned())?;
    url.set_query(query_of(&query).as_deref());
    let (content_type, body) = match body {
        Body::None => (None, None),
        Body::Form(fields) => (Some("application/x-www-form-urlencoded"), Some(form_of(&fields))),
        Body::Json(text) => (Some("application/json"), Some(text)),
    };
    if url.query().map_or(0, str::len) + body.as_ref().map_or(0, String::len) > config.request_bytes {
        return Err("the request is too large".to_owned());
    }
    if let Some(content_type) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    Ok(Wire { method: request.method, url, headers, body })
}

/// Puts one secret in its place.
fn place(
    name: &str,
    place: &Place,
    secret: &Secret,
    method: Method,
    (headers, query, body): (&mut HeaderMap, &mut Vec<Pair>, &mut Body),
) -> Result<(), String> {
    let pair = |field: &str| Pair { name: field.to_owned(), value: secret.expose().to_owned() };
    let misfit = || format!("the secret `{name}` has no place in a body of this kind");
    match place {
        Place::Query(field) => query.push(pair(field)),
        Place::Header(header) => {
            let mut value =
                HeaderValue::from_str(secret.expose()).map_err(|_| format!("the secret `{name}` does not fit into a header"))?;
            value.set_sensitive(true);
            headers.insert(header.clone(), value);
        }
        _ if method == Method::Get => return Err(misfit()),
        Place::FormField(field) => match body {
            Body::Form(fields) => fields.push(pair(field)),
            Body::None => *body = Body::Form(vec![pair(field)]),
            Body::Json(_) => return Err(misfit()),
        },
        Place::Json(pointer) => {
            let text = match &*body {
                Body::Json(text) => text.as_str(),
                Body::None => "{}",
                Body::Form(_) => return Err(misfit()),
            };
            let filled = pointer.insert(text, secret.expose()).map_err(|error| match error {
                EditError::NotJson => "the body is not JSON".to_owned(),
                EditError::NotAnObject => misfit(),
                EditError::Taken => format!("the host fills the place of the secret `{name}`"),
            })?;
            *body = Body::Json(filled);
        }
    }
    Ok(())
}

/// Whether one of these fields is read as `name` by some server: in any case, or as the list that PHP makes of `name[]`.
fn claims(fields: &[Pair], name: &str) -> bool {
    fields.iter().any(|field| {
        let bare = field.name.split('[').next().unwrap_or_default();
        bare.trim_start().eq_ignore_ascii_case(name) || field.name.eq_ignore_ascii_case(name)
    })
}

fn missing(secret: &str) -> String {
    match secret {
        "access-token" => "the connection has no grant (the secret `access-token` is missing): log in first".to_owned(),
        _ => format!("the connection has no secret `{secret}`"),
    }
}

#[cfg(test)]
mod tests;
