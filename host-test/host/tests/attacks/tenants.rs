//! Two tenants of one connector on one way out, at the same time: each one's secrets, captures, lines and places are its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use connector_host::clock::Clock;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::contract::types::Context;
use connector_host::contract::{Descriptor, Pace, Placement, Splice};
use connector_host::outbound::{Caller, Endpoints, Errand, Lane, Outbound, OutboundConfig, Overrides};
use connector_host::sandbox::{Connector, Courier};
use connector_host::secret::Secret;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::forge::{Forge, get};
use crate::make;
use crate::neighbour::{Neighbour, context};
use crate::server::{Server, ok};

/// Tenants by the tag of their context, which the guest writes into its paths and lines.
const TENANTS: [&str; 2] = ["aaaa", "bbbb"];

fn of(tag: &str) -> Context {
    Context { tag: tag.to_owned(), ..context() }
}

/// A descriptor that sends the token with every request.
fn descriptor() -> Descriptor {
    let mut descriptor = make::descriptor();
    for route in &mut descriptor.endpoints[0].routes {
        route.splices = vec![Splice { secret: "access-token".to_owned(), placement: Placement::Header, name: "Authorization".to_owned() }];
    }
    descriptor
}

/// A connection of its own, before or after it has an account.
fn caller(tag: &str, descriptor: &Descriptor, server: &Server, account: Option<&str>) -> Caller {
    let overrides = Overrides { origins: [("far".to_owned(), server.origin())].into(), ..Overrides::default() };
    Caller {
        connector: "shared".to_owned(),
        connection: tag.to_owned(),
        generation: 1,
        app: "app".to_owned(),
        account: account.map(str::to_owned),
        endpoints: Arc::new(Endpoints::compile(&descriptor.endpoints, &overrides).unwrap()),
        secrets: Arc::new([("access-token".to_owned(), Secret::new(format!("granted-to-{tag}")))].into_iter().collect()),
        lane: Lane::Live,
        patience: Duration::ZERO,
    }
}

/// `check` logs its tenant's tag, asks `/token/TAG`, logs it again, asks `/read/TAG`, logs the body, and gives up.
fn tagged() -> Forge {
    Forge::new().with("check", |scene| {
        let token = scene.text("/token/....");
        let read = scene.text("/read/....");
        let (ask_token, _) = scene.send_to(token, &get("/token"));
        let (ask_read, reply) = scene.send_to(read, &get("/read"));
        // The context is larger than what travels in registers: its tag's address is behind eight bytes of time.
        let tag = "(i32.load offset=8 (local.get 0))";
        let (token, read) = (token.0 + "/token/".len(), read.0 + "/read/".len());
        format!(
            "(memory.copy (i32.const {token}) {tag} (i32.const 4)) (memory.copy (i32.const {read}) {tag} (i32.const 4))
             (call $emit (i32.const 1) {tag} (i32.const 4))
             {ask_token}
             (call $emit (i32.const 1) {tag} (i32.const 4))
             {ask_read}
             (if (i32.load8_u (i32.const {reply})) (then unreachable))
             (call $emit (i32.const 1) (i32.load offset=20 (i32.const {reply})) (i32.load offset=24 (i32.const {reply})))
             unreachable"
        )
    })
}

/// A request as the server saw it: its path, and what it proved itself with.
fn seen(request: &str) -> (&str, &str) {
    let path = request.split(' ').nth(1).unwrap();
    let proof = request.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap();
    (path, proof)
}

/// Calls the check again and again; gives the secrets that its errands captured, in their order.
async fn calls(connector: Connector, outbound: Arc<Outbound>, tag: &'static str, caller: Caller) -> Vec<String> {
    let mut captured = Vec::new();
    for _ in 0..20 {
        let errand = Errand::new(outbound.clone(), caller.clone());
        let outcome = connector.check(&of(tag), errand.clone()).await;
        let lines: Vec<_> = outcome.logs.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, [tag, tag, "you are ‹access-token›"], "{:?}", outcome.result);
        captured.extend(errand.captured().into_iter().map(|(name, secret)| format!("{name}={}", secret.expose())));
    }
    captured
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_connections_of_one_connector_prove_themselves_each_with_its_own() {
    let neighbour = Neighbour::new().await;
    // Gives every call a token of its own, and says to every reader who it takes it for.
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| match seen(request) {
        (path, _) if path.starts_with("/token/") => {
            ok(format!(r#"{{"token":"fresh-{}-{}"}}"#, &path["/token/".len()..], count.fetch_add(1, Ordering::SeqCst)).as_bytes())
        }
        (_, proof) => ok(format!("you are {proof}").as_bytes()),
    })
    .await;
    let connector = neighbour.sandbox.admit(&tagged().component()).await.unwrap();
    let outbound = Outbound::new(OutboundConfig::default(), Clock::system()).unwrap();
    let neighbour = neighbour.by_way_of(&outbound).await;
    let mut tenants = JoinSet::new();
    for tag in TENANTS {
        let caller = caller(tag, &descriptor(), &server, Some("one-account"));
        let calls = calls(connector.clone(), outbound.clone(), tag, caller);
        tenants.spawn(async move { (tag, calls.await) });
    }
    let (captured, _) = neighbour.beside(tenants.join_all()).await;
    let requests = server.seen();
    assert_eq!(requests.len(), 80);
    assert!(server.accepted() < 80, "requests of both went over the same connections");
    for (tag, captured) in captured {
        let (mut asked, mut read) = (Vec::new(), Vec::new());
        for (path, proof) in requests.iter().map(|request| seen(request)) {
            match path.split_once(tag) {
                Some(("/token/", "")) => asked.push(proof),
                Some(("/read/", "")) => read.push(format!("access-token={proof}")),
                _ => assert!(!proof.contains(tag), "{path}: {proof}"),
            }
        }
        assert_eq!(asked, [format!("granted-to-{tag}").as_str(); 20]);
        // Each call read with what that very call was given, and its errand has that and nothing else.
        assert!(read.iter().all(|proof| proof.starts_with(&format!("access-token=fresh-{tag}-"))), "{read:?}");
        assert_eq!((read.len(), read), (20, captured));
    }
}

/// Answers when two have asked, so that both calls are under way at once.
struct Together(Barrier);

#[async_trait]
impl Courier for Together {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        self.0.wait().await;
        Ok(Response { status: 200, content_type: None, body: request.path.into_bytes(), captured: Vec::new() })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_calls_at_once_have_each_its_own_lines() {
    let neighbour = Neighbour::new().await;
    let connector = neighbour.sandbox.admit(&tagged().component()).await.unwrap();
    let ([one, two], _) = neighbour
        .throughout(async || {
            let together = Arc::new(Together(Barrier::new(2)));
            let contexts = TENANTS.map(of);
            let (one, two) = tokio::join!(connector.check(&contexts[0], together.clone()), connector.check(&contexts[1], together.clone()));
            [one, two].map(|outcome| outcome.logs.into_iter().map(|line| line.text).collect::<Vec<_>>())
        })
        .await;
    assert_eq!(
        (one, two),
        (["aaaa", "aaaa", "/read/aaaa"].map(str::to_owned).into(), ["bbbb", "bbbb", "/read/bbbb"].map(str::to_owned).into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_grant_do_not_share_a_pace_or_a_lock() {
    let server = Server::start(|_| ok(b"hello")).await;
    let mut descriptor = descriptor();
    descriptor.endpoints[0].routes[0].pace = Some(Pace { requests: 2, window_ms: 60_000 });
    let outbound = Outbound::new(OutboundConfig::default(), Clock::manual(0)).unwrap();
    let errand = |tag: &str| Errand::new(outbound.clone(), caller(tag, &descriptor, &server, None));
    let [one, two] = TENANTS.map(errand);
    for _ in 0..2 {
        assert!(one.send(get("/read/x")).await.is_ok());
    }
    assert_eq!(one.send(get("/read/x")).await, Err(Error::Locked(60_000)));
    assert!(two.send(get("/read/x")).await.is_ok());
    // What one of them is told by the other side shuts nothing for the other.
    assert!(one.send(get("/token/x")).await.is_ok() && two.send(get("/token/x")).await.is_ok());
    one.close_last(600_000);
    assert_eq!(one.send(get("/token/x")).await, Err(Error::Locked(600_000)));
    assert!(two.send(get("/token/x")).await.is_ok());
    // With one account they are counted together, as the other side does.
    let known = |tag: &str| Errand::new(outbound.clone(), caller(tag, &descriptor, &server, Some("one-account")));
    let [one, two] = TENANTS.map(known);
    assert!(one.send(get("/read/x")).await.is_ok() && two.send(get("/read/x")).await.is_ok());
    assert_eq!(two.send(get("/read/x")).await, Err(Error::Locked(60_000)));
}
