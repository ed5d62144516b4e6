//! The page of the simulated Nhanh.vn: what a person at Nhanh, or on the way to it, would do, by forms that are rendered here. It shows the state
//! and calls the shop's own changes, each with its webhook.
//!
//! It listens where the API does, on this machine alone. It must never change the shop in a way that no person at Nhanh could, and takes no form
//! from another site.

mod apps;
mod faults;
mod layout;
mod log;
mod orders;
mod post;
mod stock;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, LOCATION, ORIGIN};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::Markup;

use crate::inner::Inner;
use crate::wire::form::{self, Form};

/// Where the page begins.
pub(crate) const HOME: &str = "/page";

/// Rows that a page shows at the most: it is looked at by a person.
const ROWS: usize = 50;

/// What a form came to, in Vietnamese with English: done, or why not.
enum Said {
    Done(&'static str),
    Not(String),
}

/// Answers a request of the page; `None` where the path is none of its own.
pub(crate) async fn answer(inner: &Arc<Inner>, request: Request) -> Option<Response> {
    let path = request.uri().path().to_owned();
    let known = matches!(path.as_str(), "/" | "/page.css") || path == HOME || path.starts_with("/page/");
    if !known {
        return None;
    }
    if !is_for_here(inner, &request) {
        return Some(
            (StatusCode::FORBIDDEN, "Trang này chỉ nhận yêu cầu từ chính nó. (This page takes requests from itself alone.)")
                .into_response(),
        );
    }
    Some(match (request.method(), path.as_str()) {
        (&Method::GET, "/") => (StatusCode::SEE_OTHER, [(LOCATION, HOME)]).into_response(),
        (&Method::GET, "/page.css") => ([(CONTENT_TYPE, "text/css; charset=utf-8")], layout::STYLE).into_response(),
        (&Method::GET, path) => {
            let query = Form::urlencoded(request.uri().query().unwrap_or_default().as_bytes());
            match show(inner, path, &query) {
                Some(body) => guarded(Html(layout::around(path, &query, &body).into_string()).into_response()),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
        (&Method::POST, path) => {
            let form = form::read(request).await;
            match act(inner, path, &form).await {
                Some(said) => back(path, &form, &said),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    })
}

fn show(inner: &Arc<Inner>, path: &str, query: &Form) -> Option<Markup> {
    Some(match path {
        HOME => apps::show(inner),
        "/page/stock" => stock::show(inner, query),
        "/page/orders" => orders::show(inner, query),
        "/page/webhooks" => post::show(inner),
        "/page/faults" => faults::show(inner),
        "/page/requests" => log::show(inner),
        _ => return None,
    })
}

async fn act(inner: &Arc<Inner>, path: &str, form: &Form) -> Option<Said> {
    Some(match path {
        HOME => apps::save(inner, form).await,
        "/page/stock" => stock::change(inner, form),
        "/page/orders" => orders::change(inner, form),
        "/page/webhooks" => post::choose(inner, form),
        "/page/faults" => faults::plan(inner, form),
        _ => return None,
    })
}

/// Another site may send a form to this machine, and may have a name that leads here: neither is taken.
fn is_for_here(inner: &Inner, request: &Request) -> bool {
    let header = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let port = inner.origin.rsplit(':').next().unwrap_or_default();
    let ours = |host: &str| ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{port}"));
    let from = header(ORIGIN).is_none_or(|origin| origin.strip_prefix("http://").is_some_and(ours));
    header(HOST).is_some_and(ours) && from
}

/// Back to the page that the form stood on, with what became of it.
fn back(path: &str, form: &Form, said: &Said) -> Response {
    let (key, text) = match said {
        Said::Done(text) => ("done", *text),
        Said::Not(text) => ("not", text.as_str()),
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair(key, text);
    if let Some(wanted) = form.get("q").filter(|wanted| !wanted.is_empty()) {
        query.append_pair("q", wanted);
    }
    (StatusCode::SEE_OTHER, [(LOCATION, format!("{path}?{}", query.finish()))]).into_response()
}

fn guarded(mut response: Response) -> Response {
    const POLICY: HeaderValue =
        HeaderValue::from_static("default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}
