//! The host's edge on the web: the callback address of webhooks, the login's two steps, a health check, and the connection [`page`]. Turns
//! HTTP into calls of [`Host`] and answers into statuses; decides nothing, and never prints a body.

mod cookies;
mod edge_server;
pub mod page;
mod watch;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router, middleware};
use serde::Deserialize;

use self::edge_server::Network;
pub use self::edge_server::{EdgeLimits, PeerAddress, serve};
pub use self::page::PageConfig;
pub use self::watch::watched;
use crate::contract::FieldKind;
use crate::contract::types::Account;
use crate::store::{Connection, ConnectionId, StoreError};
use crate::work::{self, FormError, Host, Landing, LoginError, Received, Refusal};

/// The cookie that holds a login's state.
const LOGIN_COOKIE: &str = "nobi-login";
/// Seconds that it is kept.
const LOGIN_SECONDS: u64 = 30 * 60;
/// Where a person says whether the account that a login led to is the one that was meant.
const BUSINESS: &str = "/landing/business";

/// Where people and the other side reach this host.
#[derive(Clone, Debug)]
pub struct PublicAddress(String);

/// Why an address is none under which the world can reach this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// It is no address at all.
    #[error("it is no address; write an origin such as https://connect.example.vn")]
    NotAnAddress,
    /// It is not https, and not this machine's own.
    #[error(
        "it is not https: passwords and tokens would travel in the open, and Nhanh.vn takes no other; write https://… and let a proxy hold the certificate"
    )]
    NotHttps,
    /// It has more than scheme, host and port.
    #[error("it has more than scheme, host and port; leave out the path, the question mark and the name, as in https://connect.example.vn")]
    MoreThanOrigin,
}

impl PublicAddress {
    /// From an origin such as `https://connect.example.vn`, without a path.
    pub fn new(origin: &str) -> PublicAddress {
        PublicAddress(origin.trim_end_matches('/').to_owned())
    }

    /// The same of what a person typed. Plain http counts on this machine alone, where nobody listens in.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked(origin: &str) -> Result<PublicAddress, AddressFault> {
        let url = url::Url::parse(origin).ok().filter(|url| url.host().is_some()).ok_or(AddressFault::NotAnAddress)?;
        let here = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            "http" => return Err(AddressFault::NotHttps),
            _ => return Err(AddressFault::NotAnAddress),
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if bare && url.password().is_none() {
            Ok(PublicAddress(url.origin().ascii_serialization()))
        } else {
            Err(AddressFault::MoreThanOrigin)
        }
    }

    /// The callback address of a connection's webhooks.
    pub fn webhook_url(&self, hook: &str) -> String {
        format!("{}/hooks/{hook}", self.0)
    }

    /// The one address that logins come back to: the other side compares it to the letter.
    pub fn redirect_url(&self) -> String {
        format!("{}/landing", self.0)
    }

    /// Where a person begins the login of a connection. Fields of the form may follow as a query, `?KEY=VALUE`: they come into force
    /// with the grant.
    pub fn login_url(&self, connection: ConnectionId) -> String {
        format!("{}/login/{connection}", self.0)
    }

    /// Where a person begins: the connection page.
    pub fn page_url(&self) -> String {
        format!("{}/connections", self.0)
    }

    /// A whole address from a path that begins with `/`.
    fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

struct Edge {
    host: Arc<Host>,
    address: PublicAddress,
}

/// The routes without a page: logins for whoever knows a connection's number, as from a terminal.
pub fn router(host: Arc<Host>, address: PublicAddress) -> Router {
    let edge = Arc::new(Edge { host, address });
    let logins =
        Router::new().route("/login/{connection}", get(login)).route("/landing", get(landing)).route(BUSINESS, get(business).post(decided));
    let address = edge.address.clone();
    only_encrypted(&address, doors(&edge).merge(logins).with_state(edge))
}

/// The routes with the connection page: logins begin and end there, for people who signed in.
pub fn router_with_page(host: Arc<Host>, address: PublicAddress, config: PageConfig) -> Router {
    let edge = Arc::new(Edge { host: host.clone(), address: address.clone() });
    let routes = doors(&edge).with_state(edge).merge(page::router(host, address.clone(), config));
    only_encrypted(&address, routes)
}

/// Where the world reaches this host by https, a browser that came once never comes by plain http again, whoever answers there.
fn only_encrypted(address: &PublicAddress, routes: Router) -> Router {
    if !address.is_https() {
        return routes;
    }
    routes.layer(middleware::map_response(async |mut response: Response| {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
        response
    }))
}

/// What comes in by itself.
fn doors(edge: &Edge) -> Router<Arc<Edge>> {
    let limit = edge.host.config().delivery_bytes;
    Router::new().route("/hooks/{hook}", post(webhook).layer(DefaultBodyLimit::max(limit))).route("/healthz", get(|| async { "ok" }))
}

async fn webhook(State(edge): State<Arc<Edge>>, Path(hook): Path<String>, request: Request) -> Response {
    let called = match edge.host.called(&hook).await {
        Ok(called) => called,
        Err(refusal) => return refused(&refusal),
    };
    let headers = request.headers().clone();
    // Too large, too slow or broken off, each with its own status.
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => return rejection.into_response(),
    };
    match edge.host.receive(called, &headers, &body).await {
        Ok(received) => {
            tracing::debug!(outcome = word(&received), bytes = body.len(), "a delivery");
            StatusCode::OK.into_response()
        }
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::NoSuchHook => StatusCode::NOT_FOUND,
        Refusal::Forged => StatusCode::UNAUTHORIZED,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    tracing::info!(%refusal, %status, "a delivery was refused");
    status.into_response()
}

fn word(received: &Received) -> &str {
    match received {
        Received::Applied(_) => "applied",
        Received::Duplicate => "duplicate",
        Received::Ignored(code) => code,
        Received::Kept => "kept",
        Received::Uninstalled => "uninstalled",
    }
}

/// The query names fields of the form that come into force with the grant. An address ends up in histories and logs: no secret is taken from it.
async fn login(State(edge): State<Arc<Edge>>, Path(connection): Path<ConnectionId>, Query(changes): Query<work::Form>) -> Response {
    match holds_secret(&edge.host, connection, &changes).await {
        Ok(false) => {}
        Ok(true) => return page(StatusCode::BAD_REQUEST, "Địa chỉ đăng nhập không được chứa mã bí mật. (An address holds no secrets.)"),
        Err(error) => return said(&error.into()),
    }
    match edge.host.begin_login_with(connection, &edge.address.redirect_url(), changes).await {
        Ok(start) => {
            let mut response = Redirect::to(&start.url).into_response();
            cookies::set(&mut response, &edge.address, LOGIN_COOKIE, &start.state, LOGIN_SECONDS);
            response
        }
        Err(error) => said(&error),
    }
}

async fn holds_secret(host: &Host, connection: ConnectionId, changes: &work::Form) -> Result<bool, StoreError> {
    let owner = host.store().connection(connection).await?;
    let form = &host.connector(&owner.connector)?.descriptor().form;
    Ok(form.iter().any(|field| matches!(field.kind, FieldKind::Secret) && changes.contains_key(&field.key)))
}

async fn landing(State(edge): State<Arc<Edge>>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(state) = cookies::read(&headers, &edge.address, LOGIN_COOKIE) else { return said(&LoginError::Unknown) };
    let landed = edge.address.join(uri.path_and_query().map_or("/landing", |path| path.as_str()));
    match edge.host.land(&state, &landed).await {
        Ok(Landing::Granted(connection)) => connected(&connection),
        Ok(Landing::Asks { .. }) => Redirect::to(BUSINESS).into_response(),
        Err(error) => said(&error),
    }
}

fn connected(connection: &Connection) -> Response {
    let account = connection.account.as_ref().map(|account| account.id.as_str()).unwrap_or_default();
    page(StatusCode::OK, &format!("Đã kết nối với doanh nghiệp {account}. (Connected.)"))
}

/// Asks whether this is the business that was meant. The state's cookie is all that a person has here; no other site's form brings it along.
async fn business(State(edge): State<Arc<Edge>>, headers: HeaderMap) -> Response {
    let Some(state) = cookies::read(&headers, &edge.address, LOGIN_COOKIE) else { return said(&LoginError::Unknown) };
    match edge.host.landed(&state).await {
        Ok((_, account)) => {
            let text = format!(
                "Đây có đúng là doanh nghiệp của bạn không? (Is this your business?) {} · {} · {}",
                account.name.as_deref().unwrap_or("–"),
                account.id,
                branches(&account)
            );
            let form = "<form method=\"post\" action=\"/landing/business\"><button name=\"answer\" value=\"yes\">Đúng, kết nối (Connect)</button> \
                        <button name=\"answer\" value=\"no\">Không phải (No)</button></form>";
            html(StatusCode::OK, &format!("<p>{}</p>{form}", escaped(&text)))
        }
        Err(error) => said(&error),
    }
}

/// The branches that a grant covers, for a person.
fn branches(account: &Account) -> String {
    match account.branches.as_slice() {
        [] => "tất cả kho (every depot)".to_owned(),
        some => format!("kho (depots) {}", some.join(", ")),
    }
}

async fn decided(State(edge): State<Arc<Edge>>, headers: HeaderMap, Form(answer): Form<Answer>) -> Response {
    let Some(state) = cookies::read(&headers, &edge.address, LOGIN_COOKIE) else { return said(&LoginError::Unknown) };
    if answer.answer == "yes" {
        return edge.host.confirm_landing(&state).await.map_or_else(|error| said(&error), |connection| connected(&connection));
    }
    match edge.host.refuse_landing(&state).await {
        Ok(_) => page(StatusCode::OK, "Chưa kết nối; không có gì thay đổi. (Not connected; nothing has changed.)"),
        Err(error) => said(&error),
    }
}

#[derive(Deserialize)]
struct Answer {
    answer: String,
}

fn said(error: &LoginError) -> Response {
    let status = match error {
        LoginError::Unknown | LoginError::NoCode(_) => StatusCode::BAD_REQUEST,
        LoginError::Failed(_) => StatusCode::BAD_GATEWAY,
        LoginError::Store(StoreError::Missing(_)) => StatusCode::NOT_FOUND,
        LoginError::Store(error) if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
        LoginError::Connected { .. } | LoginError::Store(StoreError::Refused(_) | StoreError::Superseded) => StatusCode::CONFLICT,
        LoginError::Form(FormError::Fields(_) | FormError::NeedsLogin(_) | FormError::Failed(_)) => StatusCode::BAD_REQUEST,
        LoginError::Form(_) | LoginError::Call(_) | LoginError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    page(status, &error.to_string())
}

fn page(status: StatusCode, text: &str) -> Response {
    html(status, &format!("<p>{}</p>", escaped(text)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn html(status: StatusCode, body: &str) -> Response {
    let body = format!("<!doctype html><html lang=\"vi\"><meta charset=\"utf-8\"><title>Nobi Pro</title>{body}</html>");
    let policy = HeaderValue::from_static("default-src 'none'; form-action 'self'; frame-ancestors 'none'");
    (status, [(header::CONTENT_SECURITY_POLICY, policy)], Html(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_a_person_typed_is_an_https_origin() {
        for (good, kept) in [
            ("https://connect.example.vn", "https://connect.example.vn"),
            ("https://connect.example.vn/", "https://connect.example.vn"),
            ("HTTPS://Connect.Example.vn:8443", "https://connect.example.vn:8443"),
            ("http://127.0.0.1:8750", "http://127.0.0.1:8750"),
            ("http://localhost:8750", "http://localhost:8750"),
            ("http://[::1]:8750", "http://[::1]:8750"),
        ] {
            assert_eq!(PublicAddress::checked(good).unwrap().0, kept, "{good}");
        }
        for (bad, fault) in [
            ("", AddressFault::NotAnAddress),
            ("connect.example.vn", AddressFault::NotAnAddress),
            ("ftp://connect.example.vn", AddressFault::NotAnAddress),
            ("http://connect.example.vn", AddressFault::NotHttps),
            ("http://10.0.0.5:8750", AddressFault::NotHttps),
            ("https://connect.example.vn/nobi", AddressFault::MoreThanOrigin),
            ("https://connect.example.vn?x=1", AddressFault::MoreThanOrigin),
            ("https://lan@connect.example.vn", AddressFault::MoreThanOrigin),
        ] {
            assert_eq!(PublicAddress::checked(bad).err(), Some(fault), "{bad}");
        }
    }
}
