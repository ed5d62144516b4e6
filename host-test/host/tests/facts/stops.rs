//! Pulls whose guest gives no answer: what would end the same way again fails and is told, what depends on the moment is tried again.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_host::clock::Instant;
use connector_host::contract::Scope;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::contract::types::{Context, Entity};
use connector_host::outbound::{Outbound, OutboundConfig};
use connector_host::sandbox::{Connector, Courier, Sandbox, SandboxConfig};
use connector_host::store::{Run, RunState, Trigger};
use connector_host::work::{Host, HostConfig, Stop};
use tokio::sync::Notify;

use crate::guest::{Act, Guest};
use crate::house::House;
use crate::make::{self, NOW};

fn guest() -> Guest {
    Guest::new(make::descriptor()).pulls(Ok(make::page(Vec::new())))
}

/// What became of a click on "products".
struct Clicked {
    run: Run,
    notices: Vec<String>,
    due: Option<Instant>,
}

impl Clicked {
    /// With this guest in this sandbox.
    async fn on(sandbox: &Arc<Sandbox>, guest: &Guest) -> Clicked {
        Clicked::with(sandbox.admit(&guest.component()).await.unwrap()).await
    }

    async fn with(connector: Connector) -> Clicked {
        let house = House::new().await;
        let connection = house.connected("shop").await;
        let outbound = Outbound::new(OutboundConfig::default(), house.clock.clone()).unwrap();
        let host = Host::new(house.store.clone(), outbound, vec![connector], house.clock.clone(), HostConfig::default());
        let run = host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
        host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
        Clicked {
            run: house.store.run(run).await.unwrap(),
            notices: house.store.notices(connection.id).await.unwrap().into_iter().map(|notice| notice.code).collect(),
            due: house.next_due().await,
        }
    }

    fn code(&self) -> &str {
        &self.run.failure.as_ref().unwrap().code
    }

    fn detail(&self) -> &str {
        &self.run.failure.as_ref().unwrap().message.arguments[0].value
    }
}

#[tokio::test]
async fn a_pull_that_breaks_a_limit_or_the_contract_fails_with_a_notice_and_is_not_tried_again() {
    let mut endless = make::page(Vec::new());
    endless.next = Some("x".repeat(1_000_000));
    for (guest, code, detail) in [
        (guest().on("read-sync-response", Act::Spin), "host.connector-limit", "fuel"),
        (guest().on("read-sync-response", Act::Swell), "host.connector-limit", "memory"),
        (guest().on("read-sync-response", Act::Dive), "host.connector-limit", "stack"),
        (guest().on("build-sync-request", Act::Spin), "host.connector-limit", "fuel"),
        (guest().pulls(Ok(endless)), "host.connector-stopped", "cursor"),
    ] {
        let clicked = Clicked::on(crate::house::sandbox(), &guest).await;
        assert_eq!((clicked.run.state, clicked.code()), (RunState::Failed, code), "{detail}");
        assert!(clicked.detail().contains(detail), "{}", clicked.detail());
        assert_eq!((clicked.notices, clicked.due), (vec![code.to_owned()], None), "{detail}");
    }
}

fn is_due_again(clicked: &Clicked, detail: &str) {
    assert_eq!((clicked.run.state, clicked.code()), (RunState::Waiting, "host.connector-limit"), "{detail}");
    assert!(clicked.detail().contains(detail), "{}", clicked.detail());
    assert_eq!((clicked.notices.len(), clicked.due), (0, Some(NOW + 1_000)), "{detail}");
}

#[tokio::test]
async fn a_pull_that_passes_its_deadline_is_due_again() {
    // With fuel to burn, so that the deadline comes first.
    let deadline = Duration::from_millis(500);
    let config = SandboxConfig { fuel_base: u64::MAX / 4, pure_deadline: deadline, ..SandboxConfig::with_slots(2) };
    let guest = guest().on("read-sync-response", Act::Spin);
    is_due_again(&Clicked::on(&Sandbox::new(config).unwrap(), &guest).await, "deadline");
}

#[tokio::test]
async fn a_pull_for_which_the_others_leave_no_memory_is_due_again() {
    // What is reserved for each is there; beyond it there is nothing.
    let config = SandboxConfig { memory_shared_bytes: 0, ..SandboxConfig::with_slots(2) };
    let guest = guest().on("read-sync-response", Act::Swell);
    is_due_again(&Clicked::on(&Sandbox::new(config).unwrap(), &guest).await, "all calls together");
}

/// Never answers, and says that it was asked.
#[derive(Default)]
struct Silence(Notify);

#[async_trait]
impl Courier for Silence {
    async fn send(&self, _request: Request) -> Result<Response, Error> {
        self.0.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_pull_for_which_no_slot_becomes_free_is_due_again() {
    let slot_wait = Duration::from_millis(50);
    let sandbox = Sandbox::new(SandboxConfig { slots: 1, exchange_slots: 1, slot_wait, ..SandboxConfig::default() }).unwrap();
    let waiting = guest().on("check", Act::AskThen("/read", Box::new(Act::Trap)));
    let (waiting, silence) = (sandbox.admit(&waiting.component()).await.unwrap(), Arc::new(Silence::default()));
    // The pull's connector is admitted while there is a slot, and called when there is none.
    let connector = sandbox.admit(&guest().component()).await.unwrap();
    let courier = silence.clone();
    let holding = tokio::spawn(async move {
        let context = Context { now: NOW, tag: "abcd".to_owned(), settings: Vec::new(), account: None };
        waiting.check(&context, courier).await
    });
    silence.0.notified().await;
    let clicked = Clicked::with(connector).await;
    holding.abort();
    is_due_again(&clicked, "no slot");
}
