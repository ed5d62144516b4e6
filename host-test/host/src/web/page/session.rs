//! Who looks at a page: the cookies, the language, the person who signed in, and a posted form whose token is right. A handler that asks for
//! [`Signed`] or [`Posted`] is never reached by anyone else.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::fields::Fields;
use super::lang::Lang;
use super::{Desk, csrf};
use crate::store::Operator;
use crate::web::{PeerAddress, cookies};

/// The cookie of a person who signed in.
pub(super) const SESSION: &str = "nobi-session";
/// The cookie of one who has not yet.
pub(super) const VISITOR: &str = "nobi-visitor";
/// The cookie of the language.
pub(super) const LANGUAGE: &str = "nobi-language";

/// What a cookie's secret is kept as.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Sets one of the page's cookies.
pub(super) fn set_cookie(response: &mut Response, desk: &Desk, name: &str, value: &str, seconds: u64) {
    cookies::set(response, &desk.address, name, value, seconds);
}

/// Whether a browser says that another site has it send this. One that says nothing is judged by the form's token alone.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

/// Anybody who looks.
pub(super) struct Visit {
    pub(super) lang: Lang,
    /// The page that is looked at, query included.
    pub(super) path: String,
    /// Only a part of the page is asked for.
    pub(super) partial: bool,
    session: Option<String>,
    visitor: Option<String>,
}

impl Visit {
    fn of(parts: &Parts, desk: &Desk) -> Visit {
        let cookie = |name| cookies::read(&parts.headers, &desk.address, name);
        Visit {
            lang: cookie(LANGUAGE).map_or(Lang::Vi, |code| Lang::from_code(&code)),
            path: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            partial: parts.headers.contains_key("hx-request"),
            session: cookie(SESSION),
            visitor: cookie(VISITOR).filter(|visitor| desk.visitors.gave(visitor)),
        }
    }

    /// The secret of the person's session; whether it is one is the store's to say.
    pub(super) fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The secret that this browser's forms are bound to: of a session that there is, or of a visitor. Never one that somebody made up, who would
    /// know the token that belongs to it.
    pub(super) async fn secret(&self, desk: &Desk) -> Result<Option<String>, Fault> {
        if let Some(session) = &self.session
            && desk.host.store().session(hash(session), desk.since()).await?.is_some()
        {
            return Ok(Some(session.clone()));
        }
        Ok(self.visitor.clone())
    }
}

impl FromRequestParts<Arc<Desk>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Self::Rejection> {
        Ok(Visit::of(parts, desk))
    }
}

/// A person who signed in.
pub(super) struct Signed {
    pub(super) visit: Visit,
    pub(super) operator: Operator,
    token: String,
}

impl Signed {
    pub(super) fn lang(&self) -> Lang {
        self.visit.lang
    }

    /// The token that this person's forms carry.
    pub(super) fn csrf(&self) -> String {
        csrf::token(&self.token)
    }
}

impl FromRequestParts<Arc<Desk>> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Self::Rejection> {
        let visit = Visit::of(parts, desk);
        let known = match &visit.session {
            Some(token) => desk.host.store().session(hash(token), desk.since()).await.map_err(|it| Fault::from(it).into_response())?,
            None => None,
        };
        match (known, visit.session.clone()) {
            (Some(operator), Some(token)) => Ok(Signed { visit, operator, token }),
            _ if visit.partial => Err((StatusCode::UNAUTHORIZED, [("hx-redirect", "/sign-in")]).into_response()),
            _ => Err(Redirect::to(&sign_in_for(parts, &visit.path)).into_response()),
        }
    }
}

/// The way to sign in, and back to what was looked at. A form's way back would be a page that is not there.
fn sign_in_for(parts: &Parts, path: &str) -> String {
    let next = if parts.method == axum::http::Method::GET { path } else { "/connections" };
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/sign-in?next={next}")
}

/// A form that a person who signed in has posted.
pub(super) struct Posted {
    pub(super) signed: Signed,
    /// Where it comes from.
    pub(super) from: PeerAddress,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Desk>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let signed = Signed::from_request_parts(&mut parts, desk).await?;
        if from_elsewhere(&parts.headers) {
            return Err(Fault::Forged.into_response());
        }
        let from = PeerAddress::of(&parts.extensions);
        let body = Bytes::from_request(Request::from_parts(parts, body), desk).await.map_err(IntoResponse::into_response)?;
        let fields = Fields::read(&body);
        if !csrf::is_right(&signed.token, fields.get(csrf::FIELD)) {
            return Err(Fault::Forged.into_response());
        }
        Ok(Posted { signed, from, fields })
    }
}

/// A form that anybody has posted, from a page of ours.
pub(super) struct Open {
    pub(super) visit: Visit,
    /// Where it comes from.
    pub(super) from: PeerAddress,
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Desk>> for Open {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Self::Rejection> {
        let (parts, body) = request.into_parts();
        let (visit, from) = (Visit::of(&parts, desk), PeerAddress::of(&parts.extensions));
        if from_elsewhere(&parts.headers) {
            return Err(Fault::Forged.into_response());
        }
        let body = Bytes::from_request(Request::from_parts(parts, body), desk).await.map_err(IntoResponse::into_response)?;
        let fields = Fields::read(&body);
        match visit.secret(desk).await.map_err(IntoResponse::into_response)? {
            Some(secret) if csrf::is_right(&secret, fields.get(csrf::FIELD)) => Ok(Open { visit, from, fields }),
            _ => Err(Fault::Forged.into_response()),
        }
    }
}

/// Where an address that came along with a form leads: to a page of this host, or to the list. What is answered is built from its parts, never
/// pasted.
pub(super) fn local(path: Option<&str>) -> String {
    path.and_then(on_this_host).unwrap_or_else(|| "/connections".to_owned())
}

fn on_this_host(path: &str) -> Option<String> {
    // A page's path begins with one slash and a letter; a second slash, or what a browser takes for one, would begin another host's name.
    let is_page = |path: &str| path.strip_prefix('/').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()));
    if !is_page(path) || path.contains(|character: char| character.is_control() || character == '\\') {
        return None;
    }
    let url = url::Url::parse("https://here.invalid").ok()?.join(path).ok()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Its dots are resolved by now, and may have left two slashes at the front.
    Some(format!("{}{query}", url.path())).filter(|built| is_page(built))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_is_a_page_of_this_host_and_is_written_anew() {
        for (given, built) in [
            ("/connections/7?said=saved", "/connections/7?said=saved"),
            ("/connections/7#part", "/connections/7"),
            ("/connections/đơn hàng", "/connections/%C4%91%C6%A1n%20h%C3%A0ng"),
            ("/a/./b/../c", "/a/c"),
        ] {
            assert_eq!(local(Some(given)), built, "{given}");
        }
        let elsewhere =
            ["", "/", "connections", "//evil.example", "/\\evil.example", "/\t/evil.example", "/a\r\nb", "https://evil.example/"];
        let dotted =
            ["/.//evil.example", "/a/..//evil.example", "/a/%2e%2e//evil.example", "/@evil.example", "/%5cevil.example", "javascript:x"];
        for given in elsewhere.iter().chain(&dotted) {
            assert_eq!(local(Some(given)), "/connections", "{given}");
        }
        assert_eq!(local(None), "/connections");
    }
}
