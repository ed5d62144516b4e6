//! The second tenant: honest, in the same sandbox, and called all the time. Whatever an attack does, these calls succeed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::contract::types::Context;
use connector_host::sandbox::{CallError, Connector, Courier, Limit, Outcome, Sandbox, SandboxConfig};
use serde_json::json;

use crate::forge::{Forge, get};
use crate::make::{self, NOW};

pub(crate) fn context() -> Context {
    Context { now: NOW, tag: "abcd".to_owned(), settings: Vec::new(), account: None }
}

/// Few slots, so that many sandboxes may live at once.
pub(crate) fn config() -> SandboxConfig {
    SandboxConfig { slots: 4, exchange_slots: 3, ..SandboxConfig::default() }
}

pub(crate) struct Neighbour {
    pub(crate) sandbox: Arc<Sandbox>,
    connector: Connector,
    answered: Arc<Answering>,
}

/// Answers every request at once.
#[derive(Default)]
struct Answering(AtomicUsize);

#[async_trait]
impl Courier for Answering {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let body = format!("hello {}", request.path).into_bytes();
        Ok(Response { status: 200, content_type: None, body, captured: Vec::new() })
    }
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
        Neighbour { sandbox, connector, answered: Arc::default() }
    }

    /// A pure call and one that asks the other side, both as they should be.
    pub(crate) async fn is_served(&self) {
        let pure = self.connector.map_product(&context(), b"{}").await;
        assert_eq!(pure.result.unwrap().unwrap(), make::product("1"));
        let before = self.answered.0.load(Ordering::Relaxed);
        let asked = self.connector.check(&context(), self.answered.clone()).await;
        assert_eq!(asked.result.unwrap().unwrap_err().code, "answered");
        assert_eq!(asked.logs[0].text, "hello /read");
        assert!(self.answered.0.load(Ordering::Relaxed) > before);
    }

    /// Runs the attack, and the second tenant's calls before, while and after it runs. Gives also how often it was served meanwhile.
    pub(crate) async fn beside<T>(&self, attack: impl Future<Output = T>) -> (T, usize) {
        self.is_served().await;
        let served = AtomicUsize::new(0);
        let steady = async {
            loop {
                self.is_served().await;
                // As often as it can at first, then at leisure: an attack that only waits needs the machine for itself.
                if served.fetch_add(1, Ordering::Relaxed) < 20 {
                    tokio::task::yield_now().await;
                } else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        };
        let outcome = tokio::select! {
            outcome = attack => outcome,
            () = steady => unreachable!("it never ends"),
        };
        self.is_served().await;
        (outcome, served.load(Ordering::Relaxed))
    }

    /// What becomes of a product that this connector maps.
    pub(crate) async fn map_product(&self, forged: Forge) -> Outcome<()> {
        let (connector, context) = (self.sandbox.admit(&forged.component()).await.unwrap(), context());
        let (outcome, _) = self.beside(connector.map_product(&context, b"{}")).await;
        without_answer(outcome)
    }

    /// What becomes of a check that this connector makes with this way out.
    pub(crate) async fn check(&self, forged: Forge, courier: Arc<dyn Courier>) -> Outcome<()> {
        let (connector, context) = (self.sandbox.admit(&forged.component()).await.unwrap(), context());
        let (outcome, _) = self.beside(connector.check(&context, courier)).await;
        without_answer(outcome)
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
