//! What a request gets on its way out, and what is left of the reply on its way in.

use super::server::{Act, ok};
use super::*;
use crate::sandbox::Courier as _;

#[tokio::test]
async fn the_server_sees_the_secrets_and_the_guest_does_not() {
    // Tells the guest everything that it was sent.
    let server = Server::start(|_, seen| ok(&format!("{}|{}", seen.head, seen.body))).await;
    let splices = vec![
        splice("access-token", Placement::Header, "Authorization"),
        splice("access-token", Placement::Query, "token"),
        splice("client-secret", Placement::FormField, "secretKey"),
    ];
    let caller = caller(&server.origin, vec![contract::Route { splices, ..route("/") }]);
    let form = http::Body::Form(vec![http::Pair { name: "data".to_owned(), value: "{}".to_owned() }]);
    let request = http::Request { method: http::Method::Post, body: form, ..get("/api/x") };
    let reply = outbound().send(&caller, request).await.unwrap();
    let seen = &server.seen()[0];
    assert!(seen.head.starts_with("POST /api/x?token=tok-0123456789 HTTP/1.1\r\n"), "{seen:?}");
    assert!(seen.head.contains("authorization: tok-0123456789\r\n"), "{seen:?}");
    assert!(seen.head.contains("content-type: application/x-www-form-urlencoded\r\n"), "{seen:?}");
    assert_eq!(seen.body, "data=%7B%7D&secretKey=cs%2Fret%269876543");
    let told = String::from_utf8(reply.response.body).unwrap();
    assert!(told.contains("token=‹access-token› ") && told.contains("authorization: ‹access-token›"), "{told}");
    assert!(told.contains("&secretKey=‹client-secret›") && !told.contains("9876543"), "{told}");
}

#[tokio::test]
async fn what_is_denied_never_reaches_the_server() {
    let server = Server::answering("{}").await;
    let splices = vec![splice("nobody-has-this", Placement::Header, "Authorization")];
    let routes =
        vec![contract::Route { splices, ..route("/secret") }, contract::Route { methods: vec![http::Method::Get], ..route("/read") }];
    let caller = caller(&server.origin, routes);
    let header = |name: &str| vec![http::Pair { name: name.to_owned(), value: "v".to_owned() }];
    for request in [
        get("/secret"),
        get("/other"),
        get("/read/../secret"),
        post("/read", "{}"),
        http::Request { endpoint: "other".to_owned(), ..get("/read") },
        http::Request { headers: header("Host"), ..get("/read") },
        http::Request { headers: header("Cookie"), ..get("/read") },
    ] {
        let result = outbound().send(&caller, request.clone()).await;
        assert!(matches!(result, Err(Error::Denied(_))), "{request:?} {result:?}");
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn the_pace_is_shared_by_who_the_other_side_counts_together() {
    let server = Server::answering("{}").await;
    let pace = Some(contract::Pace { requests: 2, window_ms: 30_000 });
    let clock = Clock::manual(0);
    let outbound = Outbound::new(config(), clock.clone()).unwrap();
    let one = caller(&server.origin, vec![contract::Route { pace, ..route("/") }]);
    let same = Caller { connection: "c2".to_owned(), ..one.clone() };
    let other = Caller { account: Some("64692".to_owned()), ..one.clone() };
    outbound.send(&one, get("/a")).await.unwrap();
    clock.advance(Duration::from_secs(10));
    // A slash at the end is no fresh count.
    outbound.send(&same, get("/a/")).await.unwrap();
    assert_eq!(outbound.send(&one, get("/a")).await.unwrap_err(), Error::Locked(20_000));
    assert!(outbound.send(&one, get("/b")).await.is_ok());
    assert!(outbound.send(&other, get("/a")).await.is_ok());
    let waiting = tokio::spawn({
        let (outbound, patient) = (outbound.clone(), Caller { patience: Duration::from_secs(20), ..one.clone() });
        async move { outbound.send(&patient, get("/a")).await }
    });
    tokio::task::yield_now().await;
    clock.advance(Duration::from_secs(20));
    assert!(waiting.await.unwrap().is_ok());
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_locked_path_is_shut_for_everyone_who_shares_its_count() {
    let server = Server::answering("{}").await;
    let clock = Clock::manual(0);
    let outbound = Outbound::new(config(), clock.clone()).unwrap();
    let one = caller(&server.origin, vec![route("/")]);
    let same = Caller { connection: "c2".to_owned(), ..one.clone() };
    let reply = outbound.send(&one, get("/a")).await.unwrap();
    outbound.close(&one, "open", &reply.path, 5_000);
    assert_eq!(outbound.send(&same, get("/a")).await.unwrap_err(), Error::Locked(5_000));
    assert!(outbound.send(&same, get("/b")).await.is_ok());
    clock.advance(Duration::from_secs(5));
    assert!(outbound.send(&same, get("/a")).await.is_ok());
    // Nobody can shut a path for days.
    outbound.close(&one, "open", "/a", u32::MAX);
    assert_eq!(outbound.send(&same, get("/a")).await.unwrap_err(), Error::Locked(3_600_000));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_connector_that_names_another_ones_app_and_account_shuts_no_path_for_it() {
    let server = Server::answering("{}").await;
    let pace = Some(contract::Pace { requests: 2, window_ms: 30_000 });
    let outbound = Outbound::new(config(), Clock::manual(0)).unwrap();
    let victim = caller(&server.origin, vec![contract::Route { pace, ..route("/") }]);
    let liar = Caller { connector: "liar".to_owned(), connection: "c2".to_owned(), ..victim.clone() };
    for path in ["/a", "/a"] {
        outbound.send(&liar, get(path)).await.unwrap();
    }
    assert_eq!(outbound.send(&liar, get("/a")).await.unwrap_err(), Error::Locked(30_000));
    let errand = Errand::new(outbound.clone(), liar);
    errand.send(get("/b")).await.unwrap();
    errand.close_last(u32::MAX);
    assert_eq!(errand.send(get("/b")).await.unwrap_err(), Error::Locked(3_600_000));
    for path in ["/a", "/a", "/b"] {
        outbound.send(&victim, get(path)).await.unwrap();
    }
}

#[tokio::test]
async fn what_this_host_held_back_shuts_no_path() {
    let server = Server::answering("{}").await;
    let pace = Some(contract::Pace { requests: 1, window_ms: 1_000 });
    let clock = Clock::manual(0);
    let outbound = Outbound::new(config(), clock.clone()).unwrap();
    let caller = caller(&server.origin, vec![contract::Route { pace, ..route("/") }]);
    let errand = Errand::new(outbound.clone(), caller.clone());
    errand.send(get("/a")).await.unwrap();
    let Err(Error::Locked(wait)) = errand.send(get("/a")).await else { panic!("one a second") };
    errand.close_last(3_600_000);
    clock.advance(Duration::from_millis(wait.into()));
    assert!(outbound.send(&caller, get("/a")).await.is_ok());
}

#[tokio::test]
async fn a_call_that_is_dropped_still_counts() {
    let server = Server::start(|_, _| Act::Hang).await;
    let pace = Some(contract::Pace { requests: 1, window_ms: 30_000 });
    let clock = Clock::manual(0);
    let outbound = Outbound::new(config(), clock.clone()).unwrap();
    let caller = caller(&server.origin, vec![contract::Route { pace, ..route("/") }]);
    let sent = tokio::spawn({
        let (outbound, caller) = (outbound.clone(), caller.clone());
        async move { outbound.send(&caller, get("/a")).await }
    });
    while server.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    sent.abort();
    assert!(sent.await.is_err());
    assert_eq!(outbound.send(&caller, get("/a")).await.unwrap_err(), Error::Locked(30_000));
    clock.advance(Duration::from_secs(30));
    let again = tokio::time::timeout(Duration::from_millis(1), outbound.send(&caller, get("/a"))).await;
    assert!(!matches!(again, Ok(Err(Error::Locked(_)))), "{again:?}");
}

#[tokio::test]
async fn an_answer_is_remembered_for_the_same_request_of_the_same_grant_only() {
    let server = Server::start(|number, _| ok(&number.to_string())).await;
    let splices = vec![splice("access-token", Placement::Header, "Authorization")];
    let clock = Clock::manual(0);
    let outbound = Outbound::new(config(), clock.clone()).unwrap();
    let one = caller(&server.origin, vec![contract::Route { cache_ms: Some(1_000), splices, ..route("/") }]);
    let body = async |caller: &Caller, request| {
        let reply = outbound.send(caller, request).await.unwrap();
        (String::from_utf8(reply.response.body).unwrap(), reply.remembered)
    };
    assert_eq!(body(&one, get("/a")).await, ("1".to_owned(), false));
    assert_eq!(body(&one, get("/a")).await, ("1".to_owned(), true));
    let query = vec![http::Pair { name: "q".to_owned(), value: "1".to_owned() }];
    assert_eq!(body(&one, http::Request { query, ..get("/a") }).await.0, "2");
    let mut secrets = (*one.secrets).clone();
    secrets.insert("access-token", Secret::new("another-token".to_owned()));
    assert_eq!(body(&Caller { secrets: Arc::new(secrets), ..one.clone() }, get("/a")).await.0, "3");
    assert_eq!(body(&Caller { connection: "c2".to_owned(), ..one.clone() }, get("/a")).await.0, "4");
    clock.advance(Duration::from_secs(1));
    assert_eq!(body(&one, get("/a")).await, ("5".to_owned(), false));
    outbound.forget("c1");
    assert_eq!(body(&one, get("/a")).await, ("6".to_owned(), false));
    outbound.close(&one, "open", "/a", 1);
    clock.advance(Duration::from_millis(1));
    assert_eq!(body(&one, get("/a")).await, ("7".to_owned(), false));
}

/// A route whose answers are kept for a day, as lists of place names are: asked for by JSON, with the token in a header.
fn for_a_day() -> contract::Route {
    let splices = vec![splice("access-token", Placement::Header, "Authorization")];
    contract::Route { cache_ms: Some(DAY_MS), splices, ..route("/places") }
}

const DAY_MS: u32 = 24 * 60 * 60 * 1_000;

#[tokio::test]
async fn posts_of_json_are_remembered_for_a_day_by_path_body_account_and_grant() {
    let server = Server::start(|number, _| ok(&number.to_string())).await;
    let clock = Clock::manual(0);
    let outbound = Outbound::new(config(), clock.clone()).unwrap();
    let one = caller(&server.origin, vec![for_a_day()]);
    let remembered = async |caller: &Caller, path: &str, body: &str| outbound.send(caller, post(path, body)).await.unwrap().remembered;
    let (cities, wards) = (r#"{"type":"city"}"#, r#"{"type":"ward","parentId":7}"#);
    for (path, body) in [("/places", cities), ("/places", wards), ("/places/old", cities)] {
        assert!(!remembered(&one, path, body).await, "{path} {body}");
        assert!(remembered(&one, path, body).await, "{path} {body}");
    }
    let mut secrets = (*one.secrets).clone();
    secrets.insert("access-token", Secret::new("another-account-s-token".to_owned()));
    let other = Caller { connection: "c2".to_owned(), account: Some("64692".to_owned()), secrets: Arc::new(secrets), ..one.clone() };
    assert!(!remembered(&other, "/places", cities).await);
    assert!(!remembered(&Caller { generation: 2, ..one.clone() }, "/places", cities).await, "another grant may be told something else");
    clock.advance(Duration::from_millis(u64::from(DAY_MS) - 1));
    assert!(remembered(&one, "/places", cities).await);
    clock.advance(Duration::from_millis(1));
    assert!(!remembered(&one, "/places", cities).await);
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn more_answers_than_there_is_room_for_push_the_oldest_out() {
    let server = Server::answering("{}").await;
    let outbound = Outbound::new(OutboundConfig { cache_entries: 60, ..config() }, Clock::manual(0)).unwrap();
    let caller = caller(&server.origin, vec![for_a_day()]);
    let remembered =
        async |parent: u32| outbound.send(&caller, post("/places", &format!(r#"{{"parentId":{parent}}}"#))).await.unwrap().remembered;
    for parent in 0..61 {
        assert!(!remembered(parent).await);
    }
    assert_eq!([remembered(60).await, remembered(1).await, remembered(0).await], [true, true, false]);
}

#[tokio::test]
async fn an_answer_that_led_to_a_failure_is_asked_for_again_and_the_others_stay() {
    let server = Server::start(|number, _| ok(&number.to_string())).await;
    let outbound = outbound();
    let caller = caller(&server.origin, vec![for_a_day()]);
    let ask = async |errand: &Errand, body: &str| String::from_utf8(errand.send(post("/places", body)).await.unwrap().body).unwrap();
    let first = Errand::new(outbound.clone(), caller.clone());
    assert_eq!([ask(&first, "1").await, ask(&first, "2").await], ["1", "2"]);
    // One call is answered from memory and fails.
    let second = Errand::new(outbound.clone(), caller.clone());
    assert_eq!(ask(&second, "2").await, "2");
    assert_eq!((first.heard(), second.heard()), (Heard::Answers, Heard::Nothing), "memory says nothing of the other side");
    second.disbelieve();
    let third = Errand::new(outbound, caller);
    assert_eq!([ask(&third, "1").await, ask(&third, "2").await], ["1", "3"]);
}

#[tokio::test]
async fn secrets_go_into_the_json_and_the_token_comes_out_of_it() {
    let server = Server::answering(r#"{"code":1,"data":{"accessToken":"fresh-token-1","businessId":9007199254740993}}"#).await;
    let splices = vec![
        splice("client-secret", Placement::JsonPointer, "/secretKey"),
        splice("access-token", Placement::JsonPointer, "/with/it/accessCode"),
    ];
    let captures = vec![contract::Capture {
        secret: "access-token".to_owned(),
        pointers: vec!["/accessToken".to_owned(), "/data/accessToken".to_owned()],
    }];
    let bare = vec![splice("access-token", Placement::Header, "Authorization")];
    let routes = vec![contract::Route { splices, captures, ..route("/grant") }, contract::Route { splices: bare, ..route("/read") }];
    let errand = Errand::new(outbound(), caller(&server.origin, routes));
    // A body of the guest's own keeps what it says; without one, one is made.
    for (request, sent) in [
        (
            post("/grant", r#"{"with":{"n":1.10}}"#),
            r#"{"with":{"n":1.10,"it":{"accessCode":"tok-0123456789"}},"secretKey":"cs/ret&9876543"}"#,
        ),
        (
            http::Request { method: http::Method::Post, ..get("/grant") },
            r#"{"secretKey":"cs/ret&9876543","with":{"it":{"accessCode":"fresh-token-1"}}}"#,
        ),
    ] {
        let response = errand.send(request).await.unwrap();
        assert_eq!(server.seen().last().unwrap().body, sent);
        assert!(server.seen().last().unwrap().head.contains("content-type: application/json\r\n"));
        assert_eq!(response.body, br#"{"code":1,"data":{"businessId":9007199254740993}}"#);
        assert_eq!(response.captured, ["access-token"]);
    }
    errand.send(get("/read")).await.unwrap();
    // Bare: no scheme before it.
    assert!(server.seen().last().unwrap().head.contains("authorization: fresh-token-1\r\n"));
    // A guest that claims such a place is denied, and nothing is sent.
    let before = server.seen().len();
    assert!(matches!(errand.send(post("/grant", r#"{"secretKey":"guess"}"#)).await, Err(Error::Denied(_))));
    assert!(matches!(errand.send(post("/grant", r#"{"with":[]}"#)).await, Err(Error::Denied(_))));
    assert_eq!(server.seen().len(), before);
}

#[tokio::test]
async fn pages_are_told_from_answers() {
    let replies = ["200 OK|<!doctype html>", "200 OK|{}", "404 Not Found|{}", "500 Oh|<h1>oh</h1>", "502 Oh|\n <html>", "500 Oh|"];
    let server = Server::start(move |number, _| {
        let (status, body) = replies[number - 1].split_once('|').unwrap();
        Act::Reply(format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    })
    .await;
    let errand = Errand::new(outbound(), caller(&server.origin, vec![route("/")]));
    assert_eq!(errand.heard(), Heard::Nothing);
    let mut heard = Vec::new();
    for _ in replies {
        errand.send(get("/a")).await.unwrap();
        heard.push(errand.heard());
    }
    let (page, answer) = (Heard::OnlyPages, Heard::Answers);
    assert_eq!(heard, [page, answer, page, page, page, answer]);
}

#[tokio::test]
async fn a_failed_answer_is_not_remembered() {
    let server = Server::start(|_, _| Act::Reply("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_owned())).await;
    let caller = caller(&server.origin, vec![contract::Route { cache_ms: Some(60_000), ..route("/") }]);
    let outbound = outbound();
    for _ in 0..2 {
        assert!(!outbound.send(&caller, get("/a")).await.unwrap().remembered);
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_token_that_one_reply_gives_is_there_for_the_next_request_of_the_call() {
    let server = Server::answering(r#"{"code":1,"accessToken":"fresh-token-1"}"#).await;
    let captures = vec![contract::Capture { secret: "access-token".to_owned(), pointers: vec!["/accessToken".to_owned()] }];
    let splices = vec![splice("access-token", Placement::Header, "Authorization")];
    let write = contract::Route { writes: true, ..route("/write") };
    let routes = vec![contract::Route { captures, ..route("/redeem") }, contract::Route { splices, ..route("/read") }, write];
    let bare = Caller { secrets: Arc::default(), ..caller(&server.origin, routes) };
    let errand = Errand::new(outbound(), bare);
    assert!(matches!(errand.send(get("/read")).await, Err(Error::Denied(text)) if text.contains("no grant")));
    let response = errand.send(get("/redeem")).await.unwrap();
    assert_eq!(
        (response.body.as_slice(), response.captured.as_slice()),
        (br#"{"code":1}"#.as_slice(), ["access-token".to_owned()].as_slice())
    );
    let echoed = errand.send(get("/read")).await.unwrap();
    assert_eq!(echoed.body, r#"{"code":1,"accessToken":"‹access-token›"}"#.as_bytes());
    assert!(server.seen()[1].head.contains("authorization: fresh-token-1\r\n"));
    let captured = errand.captured();
    assert_eq!((captured[0].0.as_str(), captured[0].1.expose()), ("access-token", "fresh-token-1"));
    assert!(!errand.wrote());
    errand.close_last(1_000);
    assert!(matches!(errand.send(get("/read")).await, Err(Error::Locked(1..=1_000))));
    assert!(matches!(errand.send(post("/write/..", "{}")).await, Err(Error::Denied(_))));
    assert!(!errand.wrote());
    errand.send(post("/write", "{}")).await.unwrap();
    assert!(errand.wrote());
}
