//! What a guest that breaks a limit turns into: its own error, with what it used and wrote; and a second guest beside it notices nothing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::contract::types::{Context, FailureClass};
use connector_host::sandbox::{AdmissionError, CallError, Connector, Courier, Limit, Outcome, Sandbox, SandboxConfig};

use crate::guest::{Act, Guest, failure, give};
use crate::house::sandbox;
use crate::make::{self, NOW};

fn context() -> Context {
    Context { now: NOW, tag: "abcd".to_owned(), settings: Vec::new(), account: None }
}

async fn admitted(sandbox: &Arc<Sandbox>, guest: Guest) -> Connector {
    sandbox.admit(&guest.component()).await.unwrap()
}

/// What becomes of a guest that does this in `map-product`, while a second, well-behaved one is called beside it.
async fn fate(act: Act) -> Outcome<()> {
    let bad = admitted(sandbox(), Guest::new(make::descriptor()).on("map-product", act)).await;
    let good = Guest::new(make::descriptor()).on("map-product", give(Ok(make::product("1"))));
    let good = admitted(sandbox(), good).await;
    let context = context();
    let (bad, good) = tokio::join!(bad.map_product(&context, b"{}"), good.map_product(&context, b"{}"));
    assert_eq!(good.result.unwrap().unwrap(), make::product("1"));
    Outcome { result: bad.result.map(|_| ()), usage: bad.usage, logs: bad.logs }
}

fn limit(outcome: &Outcome<()>) -> Option<Limit> {
    match outcome.result {
        Err(CallError::Limit(limit)) => Some(limit),
        _ => None,
    }
}

#[tokio::test]
async fn an_endless_loop_runs_out_of_fuel() {
    let outcome = fate(Act::Spin).await;
    assert_eq!(limit(&outcome), Some(Limit::Fuel));
    assert!(outcome.usage.fuel >= SandboxConfig::default().fuel_base);
}

#[tokio::test]
async fn a_memory_bomb_is_held_to_its_memory() {
    let outcome = fate(Act::Swell).await;
    assert_eq!(limit(&outcome), Some(Limit::Memory));
    assert!(outcome.usage.memory_bytes <= SandboxConfig::default().memory_bytes && outcome.usage.memory_grows > 1);
}

#[tokio::test]
async fn endless_recursion_ends_at_the_stack() {
    assert_eq!(limit(&fate(Act::Dive).await), Some(Limit::Stack));
}

#[tokio::test]
async fn a_trap_keeps_what_the_call_used_and_wrote() {
    let outcome = fate(Act::Shout(3)).await;
    assert!(matches!(&outcome.result, Err(CallError::Trap(text)) if text.contains("unreachable")), "{:?}", outcome.result);
    assert!(!outcome.result.unwrap_err().retry_may_help());
    assert!(outcome.usage.fuel > 0 && outcome.usage.memory_bytes > 0);
    assert_eq!(outcome.logs.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["hear me"; 3]);
}

#[tokio::test]
async fn a_flood_of_log_lines_is_dropped_and_counted() {
    let outcome = fate(Act::Shout(250)).await;
    assert_eq!((outcome.logs.len(), outcome.usage.log_dropped), (100, 150));
}

/// Sends nothing, and never comes back.
struct Silence;

#[async_trait]
impl Courier for Silence {
    async fn send(&self, _request: Request) -> Result<Response, Error> {
        std::future::pending().await
    }
}

/// Counts what it is asked to send.
#[derive(Default)]
struct Counting(std::sync::atomic::AtomicU32);

#[async_trait]
impl Courier for Counting {
    async fn send(&self, _request: Request) -> Result<Response, Error> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Ok(Response { status: 200, content_type: None, body: vec![b'x'; 1_000], captured: Vec::new() })
    }
}

fn asking() -> Guest {
    let told = |code: &str| {
        serde_json::to_value(Err::<(), _>(connector_host::contract::types::Failure {
            code: code.to_owned(),
            ..failure(FailureClass::Rejected)
        }))
    };
    let ask = Act::Ask("/read", told("answered").unwrap(), told("not answered").unwrap());
    Guest::new(make::descriptor()).on("map-product", ask.clone()).on("check", ask)
}

#[tokio::test]
async fn a_pure_call_sends_nothing_and_an_exchange_does() {
    let connector = admitted(sandbox(), asking()).await;
    let pure = connector.map_product(&context(), b"{}").await;
    assert_eq!((pure.result.unwrap().unwrap_err().code.as_str(), pure.usage.http_calls), ("not answered", 0));
    let courier = Arc::new(Counting::default());
    let exchange = connector.check(&context(), courier.clone()).await;
    assert_eq!(exchange.result.unwrap().unwrap_err().code, "answered");
    assert_eq!((exchange.usage.http_calls, exchange.usage.reply_bytes), (1, 1_000));
    assert_eq!(courier.0.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_exchange_that_waits_too_long_passes_its_deadline() {
    let config = SandboxConfig { exchange_deadline: Duration::from_millis(50), ..SandboxConfig::with_slots(2) };
    let connector = admitted(&Sandbox::new(config).unwrap(), asking()).await;
    let outcome = connector.check(&context(), Arc::new(Silence)).await;
    assert!(matches!(outcome.result, Err(CallError::Limit(Limit::Deadline))), "{:?}", outcome.result);
    assert_eq!(outcome.usage.http_calls, 1);
}

#[tokio::test]
async fn a_loop_with_fuel_to_burn_still_passes_its_deadline() {
    let config = SandboxConfig { fuel_base: u64::MAX / 4, pure_deadline: Duration::from_millis(200), ..SandboxConfig::with_slots(2) };
    let connector = admitted(&Sandbox::new(config).unwrap(), Guest::new(make::descriptor()).on("map-product", Act::Spin)).await;
    let outcome = connector.map_product(&context(), b"{}").await;
    assert!(matches!(outcome.result, Err(CallError::Limit(Limit::Deadline))), "{:?}", outcome.result);
}

#[tokio::test]
async fn what_is_no_component_of_the_contract_is_not_admitted() {
    assert!(matches!(sandbox().admit(b"nonsense").await, Err(AdmissionError::Invalid(_))));
    let empty = wat::parse_str("(component)").unwrap();
    assert!(matches!(sandbox().admit(&empty).await, Err(AdmissionError::World(_))));
}
