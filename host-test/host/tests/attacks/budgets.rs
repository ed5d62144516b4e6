//! Attacks on a limit by its edges: one budget spent in two ways, one share taken twice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::sandbox::{Courier, Limit, SandboxConfig};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::forge::{Forge, get};
use crate::make;
use crate::neighbour::{Neighbour, config, context, limit};

const MIB: u32 = 1024 * 1024;

/// Writes a log line of so many bytes, then answers with one of so many.
fn moving(line: u32, answer: u32) -> Vec<u8> {
    let mut forged = Forge::new().with("check", move |scene| {
        let one = json!({ "Ok": [{ "code": "x", "verdict": "Ok", "message": make::words("x"), "fix": null }] });
        let at = scene.answer(&one);
        // The code of the list's one line is the first of its fields. Above the first MiB all is zero, which is text.
        format!(
            "(call $emit (i32.const 1) (i32.const {MIB}) (i32.const {line}))
             (i32.store (i32.load offset=4 (i32.const {at})) (i32.const {MIB}))
             (i32.store offset=4 (i32.load offset=4 (i32.const {at})) (i32.const {answer}))
             (i32.const {at})"
        )
    });
    forged.pages = 512;
    forged.component()
}

#[tokio::test]
async fn what_host_calls_and_the_answer_move_comes_out_of_one_budget() {
    let neighbour = Neighbour::new().await;
    for (line, answer, fits) in [(20 * MIB, 1, true), (1, 20 * MIB, true), (20 * MIB, 20 * MIB, false)] {
        let connector = neighbour.sandbox.admit(&moving(line, answer)).await.unwrap();
        let context = context();
        let (outcome, ()) = tokio::join!(connector.check(&context, Arc::new(Never)), neighbour.is_served());
        assert_eq!((limit(&outcome), outcome.logs.len()), ((!fits).then_some(Limit::Lowered), 1), "{line} and {answer}");
        assert_eq!(outcome.result.is_ok(), fits);
    }
}

/// A way out that is never asked for anything.
struct Never;

#[async_trait]
impl Courier for Never {
    async fn send(&self, _request: Request) -> Result<Response, Error> {
        unreachable!("nothing is sent")
    }
}

/// A way out that never answers, and says who came.
struct Waiting(UnboundedSender<usize>, usize);

#[async_trait]
impl Courier for Waiting {
    async fn send(&self, _request: Request) -> Result<Response, Error> {
        self.0.send(self.1).unwrap();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_connector_that_is_admitted_twice_holds_no_more_than_one() {
    // Eight slots, six of them for calls that wait; one connector may hold four of those.
    let config = SandboxConfig { slots: 8, exchange_slots: 6, slot_wait: Duration::from_secs(2), ..config() };
    let neighbour = Neighbour::in_a(config).await;
    let bytes = Forge::new().with("check", |scene| scene.ask(&get("/read"))).component();
    let (came, mut comes) = unbounded_channel();
    let mut calls = JoinSet::new();
    for admitted in 0..2 {
        let connector = neighbour.sandbox.admit(&bytes).await.unwrap();
        for _ in 0..8 {
            let (connector, way) = (connector.clone(), Waiting(came.clone(), admitted));
            calls.spawn(async move { limit(&connector.check(&context(), Arc::new(way)).await) });
        }
    }
    for _ in 0..4 {
        comes.recv().await.unwrap();
    }
    // The others of its calls give up in the end; until then, and after it, the second tenant is served.
    neighbour.is_served().await;
    for _ in 0..12 {
        assert_eq!(calls.join_next().await.unwrap().unwrap(), Some(Limit::Slots));
    }
    assert!(comes.try_recv().is_err(), "no fifth one got a place");
    neighbour.is_served().await;
}
