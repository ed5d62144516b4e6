//! What became of a request: nothing is called "not sent" that a server may have acted on, and nothing is sent twice.

use super::server::{Act, ok};
use super::*;

async fn outcome(act: Act, config: OutboundConfig, write: bool) -> (Result<Reply, Error>, usize) {
    let server = Server::start(move |_, _| act.clone()).await;
    let caller = caller(&server.origin, vec![contract::Route { writes: write, ..route("/") }]);
    let outbound = Outbound::new(config, Clock::system()).unwrap();
    let result = outbound.send(&caller, post("/a", "{}")).await;
    (result, server.seen().len())
}

#[tokio::test]
async fn a_server_that_is_not_there_got_nothing() {
    let server = Server::answering("{}").await;
    // A port that was free a moment ago.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let pace = Some(contract::Pace { requests: 1, window_ms: 60_000 });
    let outbound = outbound();
    let away = caller(&format!("http://{gone}"), vec![contract::Route { pace, ..route("/") }]);
    for _ in 0..3 {
        // Not counted either: the second try is not told to wait.
        let error = outbound.send(&away, get("/a")).await.unwrap_err();
        assert!(matches!(&error, Error::NotSent(text) if !text.contains("127.0.0.1")), "{error:?}");
    }
    let there = caller(&server.origin, vec![contract::Route { pace, ..route("/") }]);
    assert!(outbound.send(&there, get("/a")).await.is_ok());
    assert!(matches!(outbound.send(&there, get("/a")).await, Err(Error::Locked(1..=60_000))));
}

#[tokio::test]
async fn a_tls_handshake_that_fails_sent_nothing() {
    let server = Server::answering("{}").await;
    let caller = caller(&format!("https://127.0.0.1:{}", server.port), vec![route("/")]);
    // The server reads the client's greeting as a request without an end; both sides give up on the connection only.
    let config = OutboundConfig { connect_timeout: Duration::from_millis(300), ..config() };
    let error = Outbound::new(config, Clock::system()).unwrap().send(&caller, post("/a", "{}")).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn what_broke_off_after_the_request_may_have_taken_effect_and_is_not_repeated() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
    for act in [
        Act::Reset,
        Act::ReplyAndClose(String::new()),
        Act::ReplyAndClose("HTTP/1.1 2".to_owned()),
        Act::ReplyAndClose(head.to_owned()),
        Act::ReplyAndClose(format!("{head}{{\"code\":1")),
        Act::ReplyAndClose("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n".to_owned()),
        Act::ReplyAndClose("no HTTP at all\r\n\r\n".to_owned()),
    ] {
        for write in [false, true] {
            let (result, seen) = outcome(act.clone(), config(), write).await;
            assert!(matches!(result, Err(Error::NoAnswer(_))), "{result:?}");
            assert_eq!(seen, 1);
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_none() {
    let drip = Act::Drip("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{".to_owned());
    for act in [Act::Hang, Act::Drip("HTTP/1.1 200 OK\r\nX-A: ".to_owned()), drip] {
        let short = OutboundConfig { connect_timeout: Duration::from_millis(200), answer_timeout: Duration::from_millis(400), ..config() };
        let (result, seen) = outcome(act, short, true).await;
        assert!(matches!(result, Err(Error::NoAnswer(_))), "{result:?}");
        assert_eq!(seen, 1);
    }
}

#[tokio::test]
async fn an_answer_above_the_limit_is_too_large_announced_or_not() {
    let small = OutboundConfig { reply_bytes: 10, ..config() };
    let chunked = |body: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    // The announced body never comes: the head is enough.
    let announced = Act::Reply("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n".to_owned());
    for act in [ok("12345678901"), announced, Act::Reply(chunked("12345678901")), Act::Drip("HTTP/1.1 200 OK\r\n\r\n".to_owned())] {
        assert_eq!(outcome(act, small.clone(), true).await.0.unwrap_err(), Error::TooLarge);
    }
    for act in [ok("1234567890"), Act::Reply(chunked("1234567890"))] {
        assert_eq!(outcome(act, small.clone(), true).await.0.unwrap().response.body, b"1234567890");
    }
}

#[tokio::test]
async fn a_compressed_answer_cannot_be_searched_and_is_none() {
    for head in [
        "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        "Content-Encoding: identity\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
        "Content-Encoding: identity, gzip\r\nContent-Length: 2\r\n\r\n{}",
        "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        // Not said, and so all the same.
        "Content-Length: 4\r\n\r\n\x1f\u{8b}",
    ] {
        let bytes: Vec<u8> = head.chars().map(|character| character as u8).collect();
        let act = Act::Bytes([b"HTTP/1.1 200 OK\r\n", &bytes[..], b"\x08\x00"].concat());
        let result = outcome(act, config(), false).await.0;
        assert!(matches!(&result, Err(Error::NoAnswer(text)) if text.contains("compressed")), "{head:?}: {result:?}");
    }
    for begins in [&b"\x28\xb5\x2f\xfd"[..], b"\xfd7zXZ\0", b"\x78\x01", b"\x78\x9c", b"\x78\xda"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", begins.len() + 2);
        let result = outcome(Act::Bytes([head.as_bytes(), begins, b"\x08\x00"].concat()), config(), false).await.0;
        assert!(matches!(&result, Err(Error::NoAnswer(text)) if text.contains("compressed")), "{begins:?}: {result:?}");
    }
    let act = Act::Reply("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nx^2".to_owned());
    assert_eq!(outcome(act, config(), false).await.0.unwrap().response.body, b"x^2", "a text");
    let act = Act::Reply("HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}".to_owned());
    assert!(outcome(act, config(), false).await.0.is_ok());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let inner = Server::answering("metadata").await;
    for status in [301, 302, 303, 307, 308] {
        let location = inner.origin.clone();
        let act = Act::Reply(format!("HTTP/1.1 {status} Moved\r\nLocation: {location}/latest\r\nContent-Length: 0\r\n\r\n"));
        let reply = outcome(act, config(), false).await.0.unwrap();
        assert_eq!((reply.response.status, reply.response.body.len()), (status, 0));
    }
    assert_eq!(inner.accepted(), 0);
}

#[tokio::test]
async fn reads_share_a_connection_and_writes_have_one_each() {
    let server = Server::answering("{}").await;
    let routes = vec![route("/"), contract::Route { writes: true, ..route("/write") }];
    let (caller, outbound) = (caller(&server.origin, routes), outbound());
    for path in ["/a", "/a", "/write", "/write", "/a"] {
        outbound.send(&caller, post(path, "{}")).await.unwrap();
    }
    let connections: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 1, 2, 3, 1]);
}

#[tokio::test]
async fn a_connection_that_went_stale_does_not_make_a_request_travel_twice() {
    // The second request on a connection is read and then cut off, as a server does that closes idle connections.
    let server = Server::start(|number, _| if number == 2 { Act::Reset } else { ok("{}") }).await;
    let (caller, outbound) = (caller(&server.origin, vec![route("/")]), outbound());
    outbound.send(&caller, post("/a", "1")).await.unwrap();
    let result = outbound.send(&caller, post("/a", "2")).await;
    assert!(matches!(result, Err(Error::NoAnswer(_))), "{result:?}");
    outbound.send(&caller, post("/a", "3")).await.unwrap();
    let bodies: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_private_address_behind_a_public_name_is_never_connected_to() {
    let server = Server::answering("{}").await;
    let lookup: address::Lookup = Arc::new(|name| {
        Box::pin(async move {
            assert_eq!(name, "shop.example");
            Ok(vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()])
        })
    });
    let outbound = Outbound::with_lookup(config(), Clock::system(), lookup).unwrap();
    let origin = format!("https://shop.example:{}", server.port);
    let endpoint = contract::Endpoint { name: "open".to_owned(), origin, routes: vec![route("/")] };
    let endpoints = Arc::new(Endpoints::compile(&[endpoint], &Overrides::default()).unwrap());
    let stranger = Caller { endpoints, ..caller("https://unused.example", vec![]) };
    let error = outbound.send(&stranger, get("/a")).await.unwrap_err();
    assert!(matches!(&error, Error::Denied(text) if text.contains("private")), "{error:?}");
    assert_eq!(server.accepted(), 0);
    // The same name, named by the operator.
    let named = caller(&format!("http://shop.example:{}", server.port), vec![route("/")]);
    assert_eq!(outbound.send(&named, get("/a")).await.unwrap().response.status, 200);
    assert!(server.seen()[0].head.contains(&format!("host: shop.example:{}\r\n", server.port)), "{:?}", server.seen());
}

#[tokio::test]
async fn the_address_that_was_judged_is_the_one_that_is_connected_to() {
    // One port, two servers: the name leads to one of them in turn.
    let one = Server::answering("one").await;
    let two = Server::bound(&format!("127.0.0.2:{}", one.port), |_, _| ok("two")).await;
    let asked = Arc::new(std::sync::atomic::AtomicU8::new(0));
    let count = asked.clone();
    let lookup: address::Lookup = Arc::new(move |_| {
        let last = 1 + count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2;
        Box::pin(async move { Ok(vec![std::net::Ipv4Addr::new(127, 0, 0, last).into()]) })
    });
    let outbound = Outbound::with_lookup(config(), Clock::system(), lookup).unwrap();
    // Each write has a connection of its own.
    let caller = caller(&format!("http://shop.example:{}", one.port), vec![contract::Route { writes: true, ..route("/") }]);
    for expected in ["one", "two", "one", "two"] {
        assert_eq!(outbound.send(&caller, post("/a", "{}")).await.unwrap().response.body, expected.as_bytes());
    }
    assert_eq!((one.accepted(), two.accepted(), asked.load(std::sync::atomic::Ordering::SeqCst)), (2, 2, 4));
}

#[tokio::test]
async fn a_name_that_is_not_found_sent_nothing() {
    let lookup: address::Lookup = Arc::new(|_| Box::pin(async { Err(std::io::Error::other("no such name")) }));
    let outbound = Outbound::with_lookup(config(), Clock::system(), lookup).unwrap();
    let caller = caller("http://nowhere.example", vec![route("/")]);
    assert!(matches!(outbound.send(&caller, get("/a")).await, Err(Error::NotSent(_))));
}

#[test]
fn timeouts_that_could_not_tell_a_request_that_was_sent_are_refused() {
    let same = OutboundConfig { connect_timeout: Duration::from_secs(30), ..OutboundConfig::default() };
    assert!(matches!(Outbound::new(same, Clock::system()), Err(OutboundError::Timeouts)));
}
