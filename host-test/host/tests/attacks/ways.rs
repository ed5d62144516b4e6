//! Attacks through the way out: by the guest, which asks for what it may not have, and by the server, which answers as nobody should. The
//! guest says what it was told; the server says what it saw.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use connector_host::clock::Clock;
use connector_host::contract::http::{Body, Error, Method, Pair, Request};
use connector_host::contract::orders::{Earlier, OrderEventKind};
use connector_host::contract::{Descriptor, Pace, Placement, Splice};
use connector_host::outbound::{Caller, Endpoints, Errand, Lane, Lookup, Outbound, OutboundConfig, Overrides};
use connector_host::sandbox::{Connector, Courier as _, Outcome, SandboxConfig};
use connector_host::secret::{Secret, Secrets};
use tokio::task::JoinSet;

use crate::forge::{Forge, get};
use crate::make;
use crate::neighbour::{Neighbour, config, context, trap};
use crate::server::{Reply, Server, ok, raw};

const TOKEN: &str = "tok/en+0123456789=";

/// So that what is too large is so soon.
fn outbound_config() -> OutboundConfig {
    OutboundConfig { reply_bytes: 1024 * 1024, ..OutboundConfig::default() }
}

/// For answers that never end.
fn impatient() -> OutboundConfig {
    OutboundConfig { connect_timeout: Duration::from_millis(1_500), answer_timeout: Duration::from_secs(2), ..outbound_config() }
}

/// An errand, and the way out that it takes: the second tenant takes the same one.
#[derive(Clone)]
struct Way {
    outbound: Arc<Outbound>,
    errand: Arc<Errand>,
}

impl Deref for Way {
    type Target = Errand;

    fn deref(&self) -> &Errand {
        &self.errand
    }
}

/// A way out to this origin, for the descriptor that all guests here have.
fn errand(origin: Option<&str>, lookup: Option<Lookup>) -> Way {
    errand_with(outbound_config(), origin, lookup)
}

/// A connection of a connector that says this of itself, whose one endpoint is here, where it is anywhere.
pub(crate) fn caller(descriptor: &Descriptor, origin: Option<&str>, secrets: Secrets) -> Caller {
    let origins = origin.map(|origin| ("far".to_owned(), origin.to_owned())).into_iter().collect();
    let overrides = Overrides { origins, ..Overrides::default() };
    Caller {
        connector: "scripted".to_owned(),
        connection: "1".to_owned(),
        generation: 1,
        app: "app".to_owned(),
        account: None,
        endpoints: Arc::new(Endpoints::compile(&descriptor.endpoints, &overrides).unwrap()),
        secrets: Arc::new(secrets),
        lane: Lane::Live,
        patience: Duration::ZERO,
    }
}

fn errand_with(config: OutboundConfig, origin: Option<&str>, lookup: Option<Lookup>) -> Way {
    let mut descriptor = make::descriptor();
    let splice = |placement, name: &str| Splice { secret: "access-token".to_owned(), placement, name: name.to_owned() };
    for route in &mut descriptor.endpoints[0].routes {
        match route.path_prefix.as_str() {
            "/read" => route.splices = vec![splice(Placement::Header, "Authorization"), splice(Placement::Query, "token")],
            "/write" => {
                route.methods = vec![Method::Post];
                route.splices = vec![splice(Placement::JsonPointer, "/auth/token")];
            }
            _ => {}
        }
    }
    let secrets = [("access-token".to_owned(), Secret::new(TOKEN.to_owned()))].into_iter().collect();
    let caller = caller(&descriptor, origin, secrets);
    let outbound = match lookup {
        Some(lookup) => Outbound::with_lookup(config, Clock::system(), lookup),
        None => Outbound::new(config, Clock::system()),
    };
    let outbound = outbound.unwrap();
    Way { errand: Errand::new(outbound.clone(), caller), outbound }
}

/// What the guest was told about this request, and what it saw of the reply: the same each time that it asks.
async fn told(neighbour: &Neighbour, request: Request, way: Way) -> (String, String) {
    let (connector, neighbour) = asking(neighbour, request, &way).await;
    let mut every = Vec::new();
    neighbour.throughout(async || every.push(ask(&connector, &way).await)).await;
    assert!(every.iter().all(|one| *one == every[0]), "{every:?}");
    every.swap_remove(0)
}

/// The same, asked once.
async fn told_once(neighbour: &Neighbour, request: Request, way: Way) -> (String, String) {
    let (connector, neighbour) = asking(neighbour, request, &way).await;
    neighbour.beside(ask(&connector, &way)).await.0
}

/// A connector that sends this request, and the second tenant on the way that it takes.
async fn asking(neighbour: &Neighbour, request: Request, way: &Way) -> (Connector, Neighbour) {
    let forged = Forge::new().with("check", move |scene| scene.ask(&request));
    let connector = neighbour.sandbox.admit(&forged.component()).await.unwrap();
    (connector, neighbour.by_way_of(&way.outbound).await)
}

async fn ask(connector: &Connector, way: &Way) -> (String, String) {
    let Outcome { result, logs, .. } = connector.check(&context(), way.errand.clone()).await;
    let saw = logs.first().map(|line| line.text.clone()).unwrap_or_default();
    (result.unwrap().unwrap_err().code, saw)
}

fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.to_owned(), value: value.to_owned() }
}

fn post(path: &str, json: &str) -> Request {
    Request { method: Method::Post, body: Body::Json(json.to_owned()), ..get(path) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_the_descriptor_has_not_is_denied() {
    let (neighbour, server) = (Neighbour::new().await, Server::start(|_| ok(b"hello")).await);
    for endpoint in ["", "near", "Far", "far ", "far\0", "https://far.example", "../far"] {
        let request = Request { endpoint: endpoint.to_owned(), ..get("/read") };
        assert_eq!(told(&neighbour, request, errand(Some(&server.origin()), None)).await.0, "denied", "{endpoint:?}");
    }
    assert_eq!(server.accepted(), 0);
    // The one that it has is served.
    assert_eq!(told(&neighbour, get("/read"), errand(Some(&server.origin()), None)).await, ("answered".to_owned(), "hello".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_can_be_read_in_two_ways_is_denied() {
    let (neighbour, server) = (Neighbour::new().await, Server::start(|_| ok(b"hello")).await);
    for path in [
        "",
        "read",
        "/",
        "/readx",
        "/other",
        "/READ",
        "/read/../admin",
        "/read/./x",
        "/read/%2e%2e/admin",
        "/read/.%2E/admin",
        "/read/..%2fadmin",
        "/read/..%5cadmin",
        "/read\\..\\admin",
        "/read/%252e%252e/admin",
        "/%72ead",
        "/read//x",
        "//evil.example/read",
        "http://evil.example/read",
        "/read@evil.example",
        "/read?token=mine",
        "/read#x",
        "/read/%00",
        "/read\0",
        "/read\r\nHost: evil.example",
        "/read HTTP/1.1\r\nX: y",
        "/read/;x=y",
        "/read/é",
        "/read/%c0%ae%c0%ae/admin",
    ] {
        let (came, _) = told(&neighbour, get(path), errand(Some(&server.origin()), None)).await;
        assert_eq!(came, "denied", "{path:?}");
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_are_the_host_s_are_denied() {
    let (neighbour, server) = (Neighbour::new().await, Server::start(|_| ok(b"hello")).await);
    for (name, value) in [
        ("Host", "evil.example"),
        ("Authorization", "Bearer mine"),
        ("authorization", ""),
        ("Cookie", "session=1"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Transfer_Encoding", "chunked"),
        ("Connection", "upgrade"),
        ("Upgrade", "h2c"),
        ("Expect", "100-continue"),
        ("Proxy-Authorization", "x"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Original-URL", "/admin"),
        ("Accept-Encoding", "gzip"),
        ("X-A\r\nHost", "evil.example"),
        ("X-A", "b\r\nHost: evil.example"),
        ("X-A", "b\0"),
        ("", "x"),
        ("X A", "x"),
    ] {
        let request = Request { headers: vec![pair(name, value)], ..get("/read") };
        assert_eq!(told(&neighbour, request, errand(Some(&server.origin()), None)).await.0, "denied", "{name:?}: {value:?}");
    }
    let twice = Request { headers: vec![pair("X-A", "1"), pair("x-a", "2")], ..get("/read") };
    assert_eq!(told(&neighbour, twice, errand(Some(&server.origin()), None)).await.0, "denied");
    assert_eq!(server.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_place_of_a_secret_is_the_host_s_alone() {
    let (neighbour, server) = (Neighbour::new().await, Server::start(|_| ok(b"hello")).await);
    let origin = server.origin();
    for name in ["token", "Token", "token[]", " token"] {
        let request = Request { query: vec![pair(name, "mine")], ..get("/read") };
        assert_eq!(told(&neighbour, request, errand(Some(&origin), None)).await.0, "denied", "{name:?}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for json in [r#"{"auth":{"token":"mine"}}"#, r#"{"auth":[]}"#, r#"{"auth":{},"auth":{}}"#, "[]", "", "{", &deep] {
        let (came, _) = told(&neighbour, post("/write", json), errand(Some(&origin), None)).await;
        // A key that stands there twice is not filled in twice.
        assert!(came == "denied", "{came} {}", &json[..json.len().min(40)]);
    }
    // A write is not a read, and a read with a body is none.
    assert_eq!(told(&neighbour, get("/write"), errand(Some(&origin), None)).await.0, "denied");
    let body = Request { body: Body::Json("{}".to_owned()), ..get("/read") };
    assert_eq!(told(&neighbour, body, errand(Some(&origin), None)).await.0, "denied");
    assert_eq!(server.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_the_server_tells_back_is_not_told_to_the_guest() {
    let neighbour = Neighbour::new().await;
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("user:{TOKEN}"));
    for echo in [
        TOKEN.to_owned(),
        "tok%2Fen%2B0123456789%3D".to_owned(),
        "tok%2fen%2b0123456789%3d".to_owned(),
        r#"{"token":"tok\/en+0123456789="}"#.to_owned(),
        format!("Authorization: Basic {base64}"),
        "<b>tok/en+0123456789=</b>".to_owned(),
    ] {
        let body = echo.clone().into_bytes();
        let server = Server::start(move |_| ok(&body)).await;
        let (came, saw) = told(&neighbour, get("/read"), errand(Some(&server.origin()), None)).await;
        assert!(server.seen()[0].contains(&format!("authorization: {TOKEN}\r\n")));
        assert!(came == "answered" && saw.contains("‹access-token›") && !saw.contains("0123456789"), "{echo}: {saw}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_drips_is_none() {
    let neighbour = Arc::new(Neighbour::in_a(SandboxConfig { slots: 16, exchange_slots: 12, ..config() }).await);
    let drip = |first: &[u8], more: &[u8]| Reply::Then(first.to_vec(), more.to_vec(), Duration::from_millis(20));
    let mut dripping = JoinSet::new();
    for reply in [
        Reply::Nothing,
        drip(b"H", b""),
        drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ] {
        let neighbour = neighbour.clone();
        dripping.spawn(async move {
            let server = Server::start(move |_| reply.clone()).await;
            told_once(&neighbour, get("/read"), errand_with(impatient(), Some(&server.origin()), None)).await.0
        });
    }
    assert_eq!(dripping.join_all().await, ["no-answer"; 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_read_holds_nobody_for_longer_than_a_request_may_take() {
    let (neighbour, deaf) = (Neighbour::new().await, Server::deaf().await);
    // What fits into the buffers between the two, and what never leaves whole.
    for bytes in [1_000_000, 16 * 1024 * 1024] {
        let config = OutboundConfig { request_bytes: 32 * 1024 * 1024, ..impatient() };
        let way = errand_with(config, Some(&deaf.origin()), None);
        let write = post("/write", &format!(r#"{{"auth":{{}},"text":"{}"}}"#, "x".repeat(bytes)));
        let neighbour = neighbour.by_way_of(&way.outbound).await;
        let (sent, _) = neighbour.beside(way.errand.send(write)).await;
        assert!(matches!(sent, Err(Error::NoAnswer(_))), "{bytes}: {sent:?}");
        assert!(way.wrote(), "some of it may have been read");
    }
    assert_eq!(deaf.accepted(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_giant_is_left_unread() {
    let neighbour = Neighbour::new().await;
    let chunk = [b"10000\r\n".to_vec(), vec![b'x'; 65_536], b"\r\n".to_vec()].concat();
    let unannounced = Reply::Then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunk, Duration::ZERO);
    let until_closed = Reply::Then(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 65_536], Duration::ZERO);
    let announced = raw("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n");
    for reply in [unannounced, until_closed, announced] {
        let server = Server::start(move |_| reply.clone()).await;
        assert_eq!(told(&neighbour, get("/read"), errand(Some(&server.origin()), None)).await.0, "too-large");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compressed_answer_is_not_unpacked() {
    let neighbour = Neighbour::new().await;
    // The beginning of 10 GB of zeros, and each way to say that it is packed, or not to say it.
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 8, 10];
    for head in
        ["Content-Encoding: gzip", "Content-Encoding: br, gzip", "Content-Encoding: identity\r\nContent-Encoding: deflate", "X-A: b"]
    {
        let head = format!("HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {}\r\n\r\n", gzip.len());
        let reply = raw([head.as_bytes(), &gzip].concat());
        let server = Server::start(move |_| reply.clone()).await;
        assert_eq!(told(&neighbour, get("/read"), errand(Some(&server.origin()), None)).await.0, "no-answer", "{head}");
        assert!(!server.seen()[0].to_lowercase().contains("accept-encoding"), "{:?}", server.seen());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_inwards_is_an_answer_and_not_a_way() {
    let neighbour = Neighbour::new().await;
    let inner = Server::start(|_| ok(b"inner")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = inner.origin();
        let reply = raw(format!("HTTP/1.1 {status} Moved\r\nLocation: {location}/latest/meta-data\r\nContent-Length: 5\r\n\r\nmoved"));
        let server = Server::start(move |_| reply.clone()).await;
        let (came, saw) = told(&neighbour, get("/read"), errand(Some(&server.origin()), None)).await;
        assert_eq!((came.as_str(), saw.as_str()), ("answered", "moved"));
    }
    assert_eq!(inner.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_inwards_is_denied_at_the_first_look_up_and_at_the_second() {
    let (neighbour, inner) = (Neighbour::new().await, Server::start(|_| ok(b"inner")).await);
    for answers in [
        vec!["127.0.0.1"],
        vec!["10.0.0.1", "192.168.1.1", "172.16.0.1"],
        vec!["169.254.169.254"],
        vec!["::1", "::ffff:127.0.0.1", "::127.0.0.1", "fd00::1", "fe80::1", "64:ff9b::7f00:1"],
        vec!["0.0.0.0", "100.64.0.1", "100.100.100.200", "fd00:ec2::254"],
        vec![],
    ] {
        let lookup: Lookup = Arc::new(move |_| {
            let answers = answers.clone();
            Box::pin(async move { Ok(answers.iter().map(|address| address.parse().unwrap()).collect()) })
        });
        // The descriptor's own origin, which nobody changed: https://far.example.
        assert_eq!(told(&neighbour, get("/read"), errand(None, Some(lookup))).await.0, "denied");
    }
    // A name that the operator gave leads where its owner says, but never to a metadata service.
    let named = format!("http://near.example:{}", inner.port);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let turning: Lookup = Arc::new(move |_| {
        let address = ["127.0.0.1", "169.254.169.254"][asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2];
        Box::pin(async move { Ok(vec![address.parse().unwrap()]) })
    });
    let errand = errand(Some(&named), Some(turning));
    let write = post("/write", "{}");
    assert_eq!(told_once(&neighbour, write.clone(), errand.clone()).await.1, "inner");
    assert_eq!(told_once(&neighbour, write.clone(), errand.clone()).await.0, "denied");
    assert_eq!(told_once(&neighbour, write, errand).await.1, "inner");
    assert_eq!(inner.accepted(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_no_http_or_breaks_off_is_none() {
    let neighbour = Neighbour::new().await;
    let many = (0..200).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    for bytes in [
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n".to_vec(),
        b"HTTP/9.9 999 ?\r\n\r\n".to_vec(),
        format!("HTTP/1.1 200 OK\r\n{many}\r\n").into_bytes(),
        [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'y'; 1_000_000]].concat(),
        vec![0; 100],
    ] {
        let reply = raw(&bytes);
        let server = Server::start(move |_| reply.clone()).await;
        let (came, _) = told(&neighbour, get("/read"), errand(Some(&server.origin()), None)).await;
        assert_eq!(came, "no-answer", "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
    }
    let server = Server::start(|_| Reply::Reset).await;
    assert_eq!(told(&neighbour, get("/read"), errand(Some(&server.origin()), None)).await.0, "no-answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_nested_without_an_end_is_searched_all_the_same() {
    let neighbour = Neighbour::new().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, captured) in [
        (format!(r#"{{"token":"of-the-server","a":{deep}}}"#), Some("of-the-server")),
        (format!(r#"{{"token":{deep}}}"#), None),
        (deep.clone(), None),
        ("{\"a\":".repeat(50_000), None),
    ] {
        let server = Server::start(move |_| ok(body.as_bytes())).await;
        let errand = errand(Some(&server.origin()), None);
        let (came, saw) = told(&neighbour, get("/token"), errand.clone()).await;
        assert!(came == "answered" && !saw.contains("of-the-server"), "{came}: {saw}");
        let taken = errand.captured();
        assert_eq!(taken.first().map(|(name, secret)| (name.as_str(), secret.expose())), captured.map(|it| ("access-token", it)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nobody_asked_for_is_nobody_s() {
    // Two answers to one request: the second must not become the answer to the next one, which may be another tenant's.
    let neighbour = Neighbour::new().await;
    let first = std::sync::atomic::AtomicBool::new(true);
    let server = Server::start(move |_| {
        let one = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        if first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            raw(format!("{one}{}", one.replace("hello", "wrong")))
        } else {
            raw(one)
        }
    })
    .await;
    let errand = errand(Some(&server.origin()), None);
    for _ in 0..5 {
        assert_eq!(told(&neighbour, get("/read"), errand.clone()).await.1, "hello");
    }
    assert!(server.accepted() >= 2, "the connection with the leftover is not used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_through_the_way_out_meets_the_pace() {
    let (neighbour, server) = (Neighbour::new().await, Server::start(|_| ok(b"hello")).await);
    let mut descriptor = make::descriptor();
    descriptor.endpoints[0].routes[0].pace = Some(Pace { requests: 3, window_ms: 60_000 });
    let caller = caller(&descriptor, Some(&server.origin()), Secrets::default());
    let outbound = Outbound::new(outbound_config(), Clock::system()).unwrap();
    let neighbour = neighbour.by_way_of(&outbound).await;
    let errand = Errand::new(outbound, caller);
    let forged = Forge::new().with("check", |scene| {
        let (send, _) = scene.send(&get("/read"));
        format!("(local $n i32) (loop {send} (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $n) (i32.const 60)))) unreachable")
    });
    let outcome = neighbour.check(forged, errand).await;
    assert!(trap(&outcome).contains("unreachable"));
    assert_eq!((outcome.usage.http_calls, server.seen().len()), (60, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_after_a_send_leaves_the_write_on_record() {
    let (neighbour, server) = (Neighbour::new().await, Server::start(|_| ok(b"{}")).await);
    let forged = Forge::new().with("push-order", |scene| format!("{} unreachable", scene.send(&post("/write", "{}")).0));
    let connector = neighbour.sandbox.admit(&forged.component()).await.unwrap();
    let errand = errand(Some(&server.origin()), None);
    let (context, event) = (context(), make::event("1", 1, OrderEventKind::Created));
    let earlier = Earlier::UNTOUCHED;
    let neighbour = neighbour.by_way_of(&errand.outbound).await;
    let (outcome, _) = neighbour.beside(connector.push_order(&context, &event, &earlier, errand.errand.clone())).await;
    assert!(trap(&outcome).contains("unreachable"));
    // Whoever asks the errand, and not the guest, knows that the order may have arrived.
    assert!(errand.wrote());
    assert_eq!(server.seen().len(), 1);
}
