//! Who looks at a page: the cookies, the language, the person who signed in, and a posted form whose token is right. A handler that asks for
//! [`Signed`] or [`Posted`] is never reached by anyone else.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::fields::Fields;
use super::lang::Lang;
use super::{Desk, csrf};
use crate::store::{Operator, StoreError, random};
use crate::web::PeerAddress;

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

/// A new secret for a cookie.
pub(super) fn secret() -> Result<String, StoreError> {
    Ok(BASE64URL_NOPAD.encode(&*random::<32>()?))
}

pub(super) fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}

/// Sets a cookie that no script reads and that comes along when a person is sent here from another site by a link.
pub(super) fn set_cookie(response: &mut Response, desk: &Desk, name: &str, value: &str, seconds: u64) {
    let secure = if desk.address.is_https() { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
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
    fn of(parts: &Parts) -> Visit {
        let lang = cookie(&parts.headers, LANGUAGE).map_or(Lang::Vi, |code| Lang::from_code(&code));
        Visit {
            lang,
            path: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            partial: parts.headers.contains_key("hx-request"),
            session: cookie(&parts.headers, SESSION),
            visitor: cookie(&parts.headers, VISITOR),
        }
    }

    /// The secret that this browser's forms are bound to.
    pub(super) fn secret(&self) -> Option<&str> {
        self.session.as_deref().or(self.visitor.as_deref())
    }
}

impl FromRequestParts<Arc<Desk>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Desk>) -> Result<Self, Self::Rejection> {
        Ok(Visit::of(parts))
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
        let visit = Visit::of(parts);
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
    pub(super) fields: Fields,
}

impl FromRequest<Arc<Desk>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let signed = Signed::from_request_parts(&mut parts, desk).await?;
        let body = Bytes::from_request(Request::from_parts(parts, body), desk).await.map_err(IntoResponse::into_response)?;
        let fields = Fields::read(&body);
        if !csrf::is_right(&signed.token, fields.get(csrf::FIELD)) {
            return Err(Fault::Forged.into_response());
        }
        Ok(Posted { signed, fields })
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
        let (visit, from) = (Visit::of(&parts), PeerAddress::of(&parts.extensions));
        let body = Bytes::from_request(Request::from_parts(parts, body), desk).await.map_err(IntoResponse::into_response)?;
        let fields = Fields::read(&body);
        match visit.secret() {
            Some(secret) if csrf::is_right(secret, fields.get(csrf::FIELD)) => Ok(Open { visit, from, fields }),
            _ => Err(Fault::Forged.into_response()),
        }
    }
}

/// A path on this host, or the list: never another host.
pub(super) fn local(path: Option<&str>) -> &str {
    path.filter(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n'])).unwrap_or("/connections")
}
