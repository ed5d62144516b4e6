//! The sockets: connections in, answers out, and faults on the way.
//!
//! A request is done even when its caller hangs up: work runs in a task of its own. Must never decide what a request means.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use crate::Fault;
use crate::dialect::Dialect;
use crate::inner::{Inner, ms};
use crate::oauth::{self, Page};
use crate::switches::Switches;
use crate::wire;
use crate::wire::form::{self, Form};
use crate::wire::reply::Answer;

/// The connection is closed without an answer.
#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed on purpose")
    }
}

impl std::error::Error for Lost {}

/// Serves until `closed` turns true.
pub(crate) async fn serve(listener: TcpListener, inner: Arc<Inner>, mut closed: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closed.wait_for(|closed| *closed) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, inner.clone(), closed.clone()));
            }
            // Out of file descriptors, most likely: others will be closed soon.
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, inner: Arc<Inner>, mut closed: watch::Receiver<bool>) {
    // Answers are small; waiting to fill a packet would slow every one of them.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let inner = inner.clone();
        async move {
            let work = tokio::spawn(answer(inner, request.map(Body::new)));
            work.await.unwrap_or(Err(Lost))
        }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // An error here is a caller that hung up or a fault that was planned.
        _ = serving => {}
        _ = closed.wait_for(|closed| *closed) => {}
    }
}

async fn answer(inner: Arc<Inner>, request: Request) -> Result<Response, Lost> {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::GET, "/oauth") => {
            let query = Form::urlencoded(request.uri().query().unwrap_or_default().as_bytes());
            let state = inner.state();
            Ok(page(oauth::show(&state.shop, &state.access, &query)))
        }
        (&Method::POST, "/oauth") => {
            let form = form::read(request).await;
            let now_ms = inner.now_ms();
            let mut guard = inner.state();
            let state = &mut *guard;
            Ok(page(oauth::agree(&state.shop, &mut state.access, &form, now_ms, ms(inner.settings.code_life))))
        }
        (&Method::POST, path) => match wire::dialect_of(path) {
            Some(dialect) => api(&inner, dialect, path, request).await,
            None => Ok(crate::page::answer(&inner, request).await.unwrap_or_else(not_found)),
        },
        _ => Ok(crate::page::answer(&inner, request).await.unwrap_or_else(not_found)),
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Html("<!doctype html><title>404</title><h1>Không tìm thấy trang</h1>")).into_response()
}

fn page(page: Page) -> Response {
    match page {
        Page::Html(text) => Html(text).into_response(),
        Page::Redirect(link) => match HeaderValue::from_str(&link) {
            Ok(link) => (StatusCode::FOUND, [(LOCATION, link)]).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
    }
}

async fn api(inner: &Arc<Inner>, dialect: Dialect, path: &str, request: Request) -> Result<Response, Lost> {
    let ask = wire::read(dialect, request).await;
    if dialect == Dialect::V2
        && let Some(status) = inner.ended()
    {
        inner.note_undone(&ask, None);
        return Ok(html(status));
    }
    let fault = inner.faults.take(path);
    match fault {
        Some(Fault::RateLimited) => return Ok(json(inner.lock_out(&ask))),
        Some(fault) if !fault.has_effect() => {
            inner.note_undone(&ask, Some(fault));
            return match fault {
                Fault::ServerError => Ok(server_error()),
                Fault::Html(status) => Ok(html(status)),
                _ => Err(Lost),
            };
        }
        _ => {}
    }
    let late = match fault {
        Some(Fault::LateEffect(late) | Fault::LateButAnswered(late)) => Some(late),
        _ => None,
    };
    let answer = inner.handle(&ask, late, fault);
    let Some(fault) = fault else { return Ok(json(answer)) };
    match fault {
        Fault::AnswerLostAfterEffect | Fault::LateEffect(_) => Err(Lost),
        Fault::ServerErrorAfterEffect => Ok(server_error()),
        Fault::HtmlAfterEffect(status) => Ok(html(status)),
        Fault::Latency(wait) => {
            tokio::time::sleep(wait).await;
            Ok(json(answer))
        }
        Fault::Truncated => {
            let half = answer.body.len() / 2;
            Ok(json(Answer { body: answer.body.into_iter().take(half).collect(), ..answer }))
        }
        Fault::BrokenOff => Ok(broken_off(answer)),
        Fault::EmptyBody => Ok(json(Answer { body: Vec::new(), ..answer })),
        Fault::Foreign => Ok(json(Answer { body: br#"{"ok":true,"result":[]}"#.to_vec(), ..answer })),
        Fault::Busy => Ok(json(busy(&inner.faults.switches()))),
        Fault::OkWithoutData => {
            let body: &[u8] = if dialect == Dialect::V2 { br#"{"code":1,"messages":[]}"# } else { br#"{"code":1}"# };
            Ok(json(Answer { body: body.to_vec(), ..answer }))
        }
        Fault::Slow(over) => Ok(slow(answer, over)),
        Fault::Huge(bytes) => {
            let mut body = answer.body;
            body.resize(body.len().saturating_add(bytes), b' ');
            Ok(json(Answer { body, ..answer }))
        }
        Fault::LateButAnswered(_) | Fault::Reset | Fault::ServerError | Fault::Html(_) | Fault::RateLimited => Ok(json(answer)),
    }
}

/// A sentence that no document lists, and that says nothing of what was done.
fn busy(switches: &Switches) -> Answer {
    let code = switches.codes.written(false);
    Answer {
        status: 200, body: format!(r#"{{"code":{code},"messages":["Hệ thống đang bận, vui lòng thử lại sau"]}}"#).into_bytes()
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

fn json(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    (status, [(CONTENT_TYPE, JSON)], answer.body).into_response()
}

fn server_error() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, JSON)], r#"{"error":"Internal Server Error"}"#).into_response()
}

fn html(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, Html("<html><head><title>Hệ thống đang bảo trì</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>"))
        .into_response()
}

/// Promises the whole body, sends half, and breaks the connection.
fn broken_off(answer: Answer) -> Response {
    let whole = answer.body.len();
    let half: Bytes = answer.body.into_iter().take(whole / 2).collect();
    let (send, receive) = mpsc::channel(1);
    let _ = send.try_send(half);
    drop(send);
    ([(CONTENT_LENGTH, HeaderValue::from(whole)), (CONTENT_TYPE, JSON)], Body::from_stream(Drip(receive))).into_response()
}

/// Sends the body in ten drops over a time.
fn slow(answer: Answer, over: Duration) -> Response {
    let (send, receive) = mpsc::channel(1);
    let whole = answer.body.len();
    tokio::spawn(async move {
        for drop in answer.body.chunks(answer.body.len().div_ceil(10).max(1)) {
            tokio::time::sleep(over / 10).await;
            if send.send(Bytes::copy_from_slice(drop)).await.is_err() {
                return;
            }
        }
    });
    ([(CONTENT_LENGTH, HeaderValue::from(whole)), (CONTENT_TYPE, JSON)], Body::from_stream(Drip(receive))).into_response()
}

/// A body that comes through a channel.
struct Drip(mpsc::Receiver<Bytes>);

impl futures_core::Stream for Drip {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|drop| drop.map(Ok))
    }
}
