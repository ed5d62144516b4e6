//! Edge server: accepts connections and reads requests within limits of time and number, so that clients which say nothing, say it slowly, or
//! are too many cost no more than their places. Knows nothing of what is served.
//!
//! The attack: a stranger opens connections and lets them lie, or sends a head or a body a byte at a time. Each holds a file and a task, and
//! with enough of them nobody else gets in. The rule: every connection has a deadline for its head and for each body; there are so many
//! places in all and for one address; where all are taken, whoever has been silent for longest makes way; and the last places are kept for
//! deliveries, which cannot be asked for again at once.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use hyper::body::{Frame, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tower::Service as _;

/// How long nothing is accepted after the system refused to: there are no files left, and some will be closed meanwhile.
const REST: Duration = Duration::from_millis(100);
/// Fields of a head.
const HEADERS: usize = 64;
/// Bytes of a head, and of what is read ahead of a body.
const BUFFER: usize = 32 * 1024;

/// What the edge allows.
#[derive(Clone, Debug)]
pub struct EdgeLimits {
    /// Connections at once. For one more, the one that has been silent for longest is closed; where none is silent, the new one.
    pub connections: usize,
    /// Of these, so many are kept for requests under [`Self::kept_for`]: anything else on them is answered with 503.
    pub kept: usize,
    /// The path whose requests find a place where others find none.
    pub kept_for: &'static str,
    /// Connections of one address at once. Not counted for the machine's own addresses, from where a proxy speaks for everybody.
    pub per_address: usize,
    /// From the first moment, or from the end of the answer before, to the end of the next head. A connection that lies idle is closed by it.
    pub head: Duration,
    /// From the end of the head to the end of the body.
    pub body: Duration,
}

impl Default for EdgeLimits {
    /// The connections fit into a thousand files, which is what a process has where nobody asks for more. A webhook has a mebibyte at most,
    /// which passes in a second; a form has less.
    fn default() -> Self {
        EdgeLimits {
            connections: 512,
            kept: 64,
            kept_for: "/hooks/",
            per_address: 64,
            head: Duration::from_secs(15),
            body: Duration::from_secs(20),
        }
    }
}

/// The address that a request comes from: the connection's, or, behind a proxy on this machine, what that says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddress(pub IpAddr);

/// An address as far as it tells people apart: in IPv6 a household has 2^64 of them.
pub(super) type Network = [u8; 8];

impl PeerAddress {
    /// Its network.
    pub(super) fn network(self) -> Network {
        match self.0.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                // No network of IPv6 begins so.
                [0xff, 0xff, 0xff, 0xff, a, b, c, d]
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                [a, b, c, d, e, f, g, h]
            }
        }
    }

    /// Of a request that came through [`serve`]; the machine's own address where none is told.
    pub(super) fn of(extensions: &axum::http::Extensions) -> PeerAddress {
        extensions.get::<PeerAddress>().copied().unwrap_or(PeerAddress(IpAddr::from([127, 0, 0, 1])))
    }
}

/// The places that are taken.
#[derive(Debug)]
struct Places {
    limits: EdgeLimits,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: HashMap<Network, usize>,
    /// Connections that say nothing, the one that has been silent for longest first.
    silent: BTreeMap<u64, Arc<Notify>>,
    /// The next number of a silence.
    next: u64,
}

/// One taken place; dropped, it is free again.
#[derive(Debug)]
struct Place {
    places: Arc<Places>,
    network: Network,
    /// Tells the connection to go.
    go: Arc<Notify>,
    at_work: Mutex<AtWork>,
}

/// What a connection does: so many requests are answered, or it has been silent since.
#[derive(Debug)]
enum AtWork {
    Silent(u64),
    Answers(usize),
}

impl Taken {
    fn silence(&mut self, go: &Arc<Notify>) -> AtWork {
        self.next += 1;
        self.silent.insert(self.next, go.clone());
        AtWork::Silent(self.next)
    }
}

impl Places {
    /// A place for a connection of this address. Where all are taken, the one that has been silent for longest has to go: whoever only lies
    /// there keeps nobody out.
    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = PeerAddress(address).network();
        let mut taken = self.lock();
        let own = taken.by_address.get(&network).copied().unwrap_or(0);
        if own >= self.limits.per_address && !address.to_canonical().is_loopback() {
            return None;
        }
        if taken.all >= self.limits.connections {
            let (_, go) = taken.silent.pop_first()?;
            go.notify_one();
        }
        taken.all += 1;
        *taken.by_address.entry(network).or_default() += 1;
        let go = Arc::new(Notify::new());
        let at_work = Mutex::new(taken.silence(&go));
        Some(Place { places: self.clone(), network, go, at_work })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn at_work(&self) -> MutexGuard<'_, AtWork> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request for this path is answered, until what is returned is dropped. None: the places that are left are for others. Those at work
    /// count, since the silent ones make way.
    fn begins(self: &Arc<Self>, path: &str) -> Option<Answering> {
        let limits = &self.places.limits;
        let mut taken = self.places.lock();
        let mut at_work = self.at_work();
        let others = taken.all.saturating_sub(taken.silent.len()).saturating_sub(usize::from(matches!(*at_work, AtWork::Answers(_))));
        if others >= limits.connections.saturating_sub(limits.kept) && !path.starts_with(limits.kept_for) {
            return None;
        }
        *at_work = match *at_work {
            AtWork::Silent(number) => {
                taken.silent.remove(&number);
                AtWork::Answers(1)
            }
            AtWork::Answers(count) => AtWork::Answers(count + 1),
        };
        Some(Answering(self.clone()))
    }
}

/// A request that is being answered, to the last byte of its answer.
#[derive(Debug)]
struct Answering(Arc<Place>);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut taken = self.0.places.lock();
        let mut at_work = self.0.at_work();
        *at_work = match *at_work {
            AtWork::Answers(count @ 2..) => AtWork::Answers(count - 1),
            _ => taken.silence(&self.0.go),
        };
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        if let AtWork::Silent(number) = *self.at_work() {
            taken.silent.remove(&number);
        }
        if let Some(own) = taken.by_address.get_mut(&self.network) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by_address.remove(&self.network);
            }
        }
    }
}

/// An answer's body, which ends the answering with its own end.
struct Answered {
    body: Body,
    _until: Answering,
}

impl hyper::body::Body for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Serves until `stop` comes; then what is under way is answered, and the connections are closed. Fails only where the listener itself does.
///
/// # Errors
/// The listener is broken. That the system has no files left for a moment is no error.
pub async fn serve(listener: TcpListener, app: Router, limits: EdgeLimits, stop: impl Future<Output = ()>) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_headers(HEADERS).max_buf_size(BUFFER);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Places { limits, taken: Mutex::default() });
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        // A stranger who comes too often is turned away without a word: an answer would cost more than the question.
        let Some(place) = places.take(peer.ip()) else { continue };
        let go = place.go.clone();
        let connection = http.serve_connection(TokioIo::new(prompt(stream)), answering(app.clone(), place, peer));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that goes, or that was too slow, is no event.
            tokio::select! {
                _ = connection => {}
                () = go.notified() => {}
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}

/// Answers are small, and nobody should wait for a second packet to fill the first.
fn prompt(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    stream
}

/// What will not get better by waiting.
fn is_final(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected | io::ErrorKind::Unsupported)
}

/// The service of one connection. The place is its own for as long as it lives.
fn answering(
    app: Router,
    place: Place,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    axum::http::Request<hyper::body::Incoming>,
    Response = Response,
    Error = Infallible,
    Future = impl Future<Output = Result<Response, Infallible>> + Send + 'static,
> {
    let place = Arc::new(place);
    hyper::service::service_fn(move |request: axum::http::Request<hyper::body::Incoming>| {
        let (mut app, place) = (app.clone(), place.clone());
        let begun = place.begins(request.uri().path());
        async move {
            let Some(until) = begun else { return Ok(full()) };
            let deadline = Instant::now() + place.places.limits.body;
            let (mut parts, body) = request.into_parts();
            parts.extensions.insert(peer_of(&parts.headers, peer.ip()));
            let answer = app.call(Request::from_parts(parts, before(deadline, Body::new(body)))).await?;
            Ok(answer.map(|body| Body::new(Answered { body, _until: until })))
        }
    })
}

/// A proxy on this machine says last whom it speaks for; anybody else may say what they like.
fn peer_of(headers: &axum::http::HeaderMap, peer: IpAddr) -> PeerAddress {
    let peer = peer.to_canonical();
    let told = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let told = told.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse::<IpAddr>().ok());
    PeerAddress(told.filter(|_| peer.is_loopback()).unwrap_or(peer).to_canonical())
}

fn full() -> Response {
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, "too many connections; try again in a moment\n").into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The body, as long as it is read before the deadline: what comes later is an error, and never looks like the body's end.
fn before(deadline: Instant, body: Body) -> Body {
    if http_body_is_empty(&body) {
        return body;
    }
    let stream = futures_util::stream::try_unfold(body.into_data_stream(), move |mut stream| async move {
        match timeout_at(deadline, stream.next()).await {
            Ok(Some(Ok(bytes))) => Ok(Some((bytes, stream))),
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
            Ok(None) => Ok(None),
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
        }
    });
    Body::from_stream(stream)
}

fn http_body_is_empty(body: &Body) -> bool {
    use hyper::body::Body as _;
    body.is_end_stream()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    use super::*;

    struct Served {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: tokio::task::JoinHandle<io::Result<()>>,
    }

    async fn served(limits: EdgeLimits) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new()
            .route("/", axum::routing::get(|| async { "page" }))
            .route("/hooks/a", axum::routing::post(|body: axum::body::Bytes| async move { body.len().to_string() }));
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(serve(listener, app, limits, async move { drop(stopped.await) }));
        Served { address, stop, ended }
    }

    fn brief() -> EdgeLimits {
        EdgeLimits { connections: 4, kept: 1, head: Duration::from_millis(150), body: Duration::from_millis(150), ..EdgeLimits::default() }
    }

    async fn said(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        // A connection that is reset has said all it will.
        let _ = stream.read_to_end(&mut bytes).await;
        String::from_utf8(bytes).unwrap()
    }

    async fn asked(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        said(&mut stream).await
    }

    const PAGE: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    const HOOK: &str = "POST /hooks/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";

    #[tokio::test]
    async fn whoever_says_nothing_or_half_a_head_or_half_a_body_is_let_go() {
        let served = served(brief()).await;
        for half in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: a\r\n"] {
            assert!(!asked(served.address, half).await.contains("200"), "{half:?}");
        }
        let half = "POST /hooks/a HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{";
        let answer = asked(served.address, half).await;
        assert!(!answer.contains("200 OK"), "half a body is no body: {answer}");
        // After an answer the connection lies idle, and is closed as well.
        let answer = asked(served.address, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(answer.ends_with("page"), "{answer}");
        assert!(asked(served.address, PAGE).await.contains("200 OK"), "others are served meanwhile");
    }

    #[tokio::test]
    async fn whoever_lies_there_in_silence_makes_way() {
        let served = served(EdgeLimits { head: Duration::from_secs(60), ..brief() }).await;
        let mut idle = Vec::new();
        for _ in 0..20 {
            idle.push(TcpStream::connect(served.address).await.unwrap());
        }
        assert!(asked(served.address, PAGE).await.contains("200 OK"));
        assert!(asked(served.address, HOOK).await.ends_with("2"));
        assert_eq!(said(&mut idle[0]).await, "", "the first to come was the first to go");
    }

    #[tokio::test]
    async fn the_last_places_are_for_deliveries_and_beyond_them_nobody_is_let_in() {
        let served = served(EdgeLimits { body: Duration::from_secs(60), ..brief() }).await;
        let half = "POST /hooks/a HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
        let mut slow = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            stream.write_all(half.as_bytes()).await.unwrap();
            // It says that it reads the body: it is at work.
            stream.read_exact(&mut [0; 25]).await.unwrap();
            slow.push(stream);
        }
        let answer = asked(served.address, PAGE).await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 5"), "{answer}");
        let mut fourth = TcpStream::connect(served.address).await.unwrap();
        fourth.write_all(half.as_bytes()).await.unwrap();
        fourth.read_exact(&mut [0; 25]).await.unwrap();
        assert_eq!(asked(served.address, HOOK).await, "", "all are at work: beyond the last place nobody is let in");
        for mut stream in slow.into_iter().chain([fourth]) {
            stream.write_all(b"{}").await.unwrap();
            assert!(said(&mut stream).await.ends_with("2"), "whoever was let in is answered");
        }
    }

    #[tokio::test]
    async fn one_address_has_its_share_and_the_machine_s_own_has_all() {
        let limits = EdgeLimits { connections: 10, per_address: 2, ..EdgeLimits::default() };
        let places = Arc::new(Places { limits, taken: Mutex::default() });
        let (far, near): (IpAddr, IpAddr) = ([203, 0, 113, 7].into(), [127, 0, 0, 1].into());
        let first = places.take(far).unwrap();
        let _second = places.take(far).unwrap();
        assert!(places.take(far).is_none());
        assert!(places.take(format!("::ffff:{far}").parse().unwrap()).is_none(), "the same address, written otherwise");
        let proxied: Vec<_> = (0..8).map(|_| places.take(near)).collect();
        assert!(proxied.iter().all(Option::is_some));
        drop(first);
        assert!(places.take(far).is_some(), "a place that was given back");
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_whom_it_speaks_for() {
        let mut headers = axum::http::HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("10.0.0.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.3, 203.0.113.9"));
        let (own, far): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [192, 0, 2, 1].into());
        assert_eq!(peer_of(&headers, own), PeerAddress([203, 0, 113, 9].into()));
        assert_eq!(peer_of(&headers, far), PeerAddress(far));
        headers.append("x-forwarded-for", HeaderValue::from_static("nobody"));
        assert_eq!(peer_of(&headers, own), PeerAddress(own));
    }

    #[tokio::test]
    async fn what_is_under_way_is_answered_when_it_stops() {
        let served = served(brief()).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let (head, rest) = HOOK.split_at(HOOK.len() - 1);
        stream.write_all(head.as_bytes()).await.unwrap();
        // It has been accepted once another that came after it is answered.
        assert!(asked(served.address, PAGE).await.contains("200 OK"));
        served.stop.send(()).unwrap();
        stream.write_all(rest.as_bytes()).await.unwrap();
        assert!(said(&mut stream).await.ends_with("2"));
        served.ended.await.unwrap().unwrap();
    }
}
