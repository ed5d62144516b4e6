//! The second tenant: honest, in the same sandbox, and called all the time. Whatever an attack does, these calls succeed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::contract::types::Context;
use connector_host::contract::{Placement, Splice};
use connector_host::outbound::{Caller, Endpoints, Errand, Lane, Outbound, Overrides};
use connector_host::sandbox::{CallError, Connector, Courier, Limit, Outcome, Sandbox, SandboxConfig};
use connector_host::secret::Secret;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::forge::{Forge, get};
use crate::make::{self, NOW};
use crate::server::{Server, ok};

/// An attack that lasts longer than this without one call of the second tenant served in between has stopped it.
const LONG: Duration = Duration::from_secs(1);
/// Nobody waits as long as this.
const FOR_EVER: Duration = Duration::from_secs(60);
/// What the second tenant's own requests prove themselves with.
const ITS_TOKEN: &str = "the-second-tenant-s-own";

pub(crate) fn context() -> Context {
    Context { now: NOW, tag: "abcd".to_owned(), settings: Vec::new(), account: None }
}

/// Few slots, so that many sandboxes may live at once.
pub(crate) fn config() -> SandboxConfig {
    SandboxConfig { slots: 4, exchange_slots: 3, ..SandboxConfig::default() }
}

#[derive(Clone)]
pub(crate) struct Neighbour {
    pub(crate) sandbox: Arc<Sandbox>,
    connector: Connector,
    out: Out,
}

/// Where its requests go.
#[derive(Clone)]
enum Out {
    /// To a script.
    Script(Arc<Answering>),
    /// Through the host's own way out, to an honest server.
    Way(Arc<Outbound>, Box<Caller>),
}

/// Answers every request at once, each in its own words.
#[derive(Default)]
struct Answering(AtomicUsize);

#[async_trait]
impl Courier for Answering {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let body = format!("hello {} {number}", request.path).into_bytes();
        Ok(Response { status: 200, content_type: None, body, captured: Vec::new() })
    }
}

/// How the second tenant fared while an attack ran.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Served {
    /// Calls that began and ended meanwhile; each is two, a pure one and one that asks the other side.
    pub(crate) times: usize,
    /// The longest of all that the attack touched, the time that they waited included.
    #[allow(dead_code, reason = "shown where a test fails")]
    pub(crate) longest: Duration,
}

impl Neighbour {
    pub(crate) async fn new() -> Neighbour {
        Neighbour::in_a(config()).await
    }

    pub(crate) async fn in_a(config: SandboxConfig) -> Neighbour {
        Neighbour::in_this(Sandbox::new(config).unwrap()).await
    }

    pub(crate) async fn in_this(sandbox: Arc<Sandbox>) -> Neighbour {
        let honest =
            Forge::new().answer("map-product", json!({ "Ok": make::product("1") })).with("check", |scene| scene.ask(&get("/read")));
        let connector = sandbox.admit(&honest.component()).await.unwrap();
        Neighbour { sandbox, connector, out: Out::Script(Arc::default()) }
    }

    /// The same tenant, whose requests go through this way out to an honest server, with a token of their own.
    pub(crate) async fn by_way_of(&self, outbound: &Arc<Outbound>) -> Neighbour {
        let number = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            let its_own = request.contains(&format!("authorization: {ITS_TOKEN}\r\n"));
            assert!(its_own && request.starts_with("GET /read HTTP/1.1\r\n"), "{request}");
            ok(format!("hello /read {}", number.fetch_add(1, Ordering::Relaxed)).as_bytes())
        })
        .await;
        let mut endpoints = make::descriptor().endpoints;
        endpoints[0].routes[0].splices =
            vec![Splice { secret: "access-token".to_owned(), placement: Placement::Header, name: "Authorization".to_owned() }];
        let overrides = Overrides { origins: [("far".to_owned(), server.origin())].into(), ..Overrides::default() };
        let caller = Caller {
            connector: "its-own".to_owned(),
            connection: "the-second".to_owned(),
            generation: 1,
            app: "app".to_owned(),
            account: None,
            endpoints: Arc::new(Endpoints::compile(&endpoints, &overrides).unwrap()),
            secrets: Arc::new([("access-token".to_owned(), Secret::new(ITS_TOKEN.to_owned()))].into_iter().collect()),
            lane: Lane::Live,
            patience: Duration::ZERO,
        };
        Neighbour { out: Out::Way(outbound.clone(), Box::new(caller)), ..self.clone() }
    }

    /// A pure call and one that asks the other side, both as they should be.
    pub(crate) async fn is_served(&self) {
        let pure = self.connector.map_product(&context(), b"{}").await;
        assert_eq!(pure.result.unwrap().unwrap(), make::product("1"));
        let courier: Arc<dyn Courier> = match &self.out {
            Out::Script(answering) => answering.clone(),
            Out::Way(outbound, caller) => Errand::new(outbound.clone(), (**caller).clone()),
        };
        let asked = self.connector.check(&context(), courier).await;
        assert_eq!(asked.result.unwrap().unwrap_err().code, "answered");
        let lines: Vec<_> = asked.logs.iter().map(|line| line.text.as_str()).collect();
        assert!(matches!(lines[..], [line] if line.starts_with("hello /read ")), "{lines:?}");
    }

    /// Makes an attack once, and the second tenant's calls before, while and after it runs: on another thread where the test has several,
    /// so that an attack which holds its own is not merely followed.
    pub(crate) async fn beside<T>(&self, attack: impl Future<Output = T>) -> (T, Served) {
        let steady = Steady::begin(self).await;
        let began = Instant::now();
        let outcome = attack.await;
        let served = steady.since(began);
        assert!(served.times > 0 || began.elapsed() < LONG, "the second tenant was not served in {:?}: {served:?}", began.elapsed());
        steady.end().await;
        (outcome, served)
    }

    /// The same for an attack that comes to the same each time: it is made until a call was served while it ran, however short it is.
    /// Gives what the first one came to.
    pub(crate) async fn throughout<T>(&self, mut attack: impl AsyncFnMut() -> T) -> (T, Served) {
        let steady = Steady::begin(self).await;
        let began = Instant::now();
        let outcome = attack().await;
        let mut last = began;
        loop {
            let served = steady.since(began);
            if served.times > 0 || last.elapsed() >= LONG {
                assert!(served.times > 0, "the second tenant was not served in {:?}: {served:?}", last.elapsed());
                steady.end().await;
                return (outcome, served);
            }
            if steady.task.is_finished() {
                steady.end().await;
                unreachable!("it ended before it was told to");
            }
            last = Instant::now();
            attack().await;
            tokio::task::yield_now().await;
        }
    }

    /// What becomes of a product that this connector maps.
    pub(crate) async fn map_product(&self, forged: Forge) -> Outcome<()> {
        let (connector, context) = (self.sandbox.admit(&forged.component()).await.unwrap(), context());
        let (outcome, _) = self.throughout(async || connector.map_product(&context, b"{}").await).await;
        without_answer(outcome)
    }

    /// What becomes of a check that this connector makes with this way out.
    pub(crate) async fn check(&self, forged: Forge, courier: Arc<dyn Courier>) -> Outcome<()> {
        let (connector, context) = (self.sandbox.admit(&forged.component()).await.unwrap(), context());
        let (outcome, _) = self.throughout(async || connector.check(&context, courier.clone()).await).await;
        without_answer(outcome)
    }
}

/// The second tenant's calls, one after the other until they are told to end.
struct Steady {
    task: JoinHandle<()>,
    calls: Arc<Mutex<Vec<(Instant, Instant)>>>,
    enough: Arc<AtomicBool>,
}

impl Steady {
    /// Comes back when the first one is served and the next ones are under way.
    async fn begin(neighbour: &Neighbour) -> Steady {
        neighbour.is_served().await;
        let (neighbour, calls, enough) = (neighbour.clone(), Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (ended, stop) = (calls.clone(), enough.clone());
        let (under_way, first) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut under_way = Some(under_way);
            for number in 0.. {
                let (last, began) = (stop.load(Ordering::Acquire), Instant::now());
                neighbour.is_served().await;
                ended.lock().unwrap().push((began, Instant::now()));
                under_way.take().map(|first| first.send(()));
                if last {
                    return;
                }
                // As often as it can at first, then at leisure: an attack that only waits needs the machine for itself.
                if number < 20 {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
        let steady = Steady { task, calls, enough };
        match first.await {
            Ok(()) => steady,
            // It did not come to a first one: why, is in the task's end.
            Err(_) => {
                steady.end().await;
                unreachable!("it ended before it was told to")
            }
        }
    }

    fn since(&self, began: Instant) -> Served {
        let calls = self.calls.lock().unwrap();
        let touched = calls.iter().filter(|(_, to)| *to >= began).map(|(from, to)| *to - *from);
        Served { times: calls.iter().filter(|(from, _)| *from >= began).count(), longest: touched.max().unwrap_or_default() }
    }

    /// Whatever the second tenant missed is said here; one more call is served after all that was done.
    async fn end(self) {
        let Steady { task, calls, enough } = self;
        let now = Instant::now();
        enough.store(true, Ordering::Release);
        let ended = tokio::time::timeout(FOR_EVER, task).await.expect("the second tenant is served at all");
        if let Err(failed) = ended {
            std::panic::resume_unwind(failed.into_panic());
        }
        assert!(calls.lock().unwrap().last().is_some_and(|(_, to)| *to >= now), "it was served to the end");
    }
}

fn without_answer<T>(outcome: Outcome<T>) -> Outcome<()> {
    Outcome { result: outcome.result.map(|_| ()), usage: outcome.usage, logs: outcome.logs }
}

/// The limit that a call ran into.
pub(crate) fn limit<T>(outcome: &Outcome<T>) -> Option<Limit> {
    match outcome.result {
        Err(CallError::Limit(limit)) => Some(limit),
        _ => None,
    }
}

/// What a call was stopped with.
pub(crate) fn trap<T>(outcome: &Outcome<T>) -> &str {
    match &outcome.result {
        Err(CallError::Trap(text)) => text,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it answered"),
    }
}

/// Numbers that look random and are the same in every run (xorshift64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Random {
        Random(0x9e37_79b9_7f4a_7c15)
    }

    /// Below this, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}
