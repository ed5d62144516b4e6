//! What a guest can do with its two imports: call them without an end, with huge arguments, with what is no text, and where it may not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use connector_host::contract::http::{Error, Request, Response};
use connector_host::sandbox::{CallError, Courier, Limit, Outcome, Sandbox, SandboxConfig};

use crate::answers::every_export;
use crate::forge::{Forge, get};
use crate::make;
use crate::neighbour::{Neighbour, config, context, limit, trap};
use crate::resources::EXPORTS;

/// A way out that never answers.
pub(crate) struct Silence;

#[async_trait]
impl Courier for Silence {
    async fn send(&self, _request: Request) -> Result<Response, Error> {
        std::future::pending().await
    }
}

/// Answers at once, and counts.
#[derive(Default)]
struct Echo(AtomicU32);

#[async_trait]
impl Courier for Echo {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Response { status: 200, content_type: None, body: request.path.into_bytes(), captured: Vec::new() })
    }
}

/// What becomes of one check, where a second one would count as well.
async fn once(neighbour: &Neighbour, forged: Forge, courier: Arc<Echo>) -> Outcome<()> {
    let (connector, context) = (neighbour.sandbox.admit(&forged.component()).await.unwrap(), context());
    let (outcome, _) = neighbour.beside(connector.check(&context, courier)).await;
    Outcome { result: outcome.result.map(|_| ()), usage: outcome.usage, logs: outcome.logs }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_of_empty_log_lines_ends() {
    let config = SandboxConfig { host_call_bytes: 1_024, ..config() };
    let neighbour = Neighbour::in_a(config.clone()).await;
    let forged = Forge::new().code("map-product", "(loop (call $emit (i32.const 1) (i32.const 0) (i32.const 0)) (br 0)) unreachable");
    let outcome = neighbour.map_product(forged).await;
    assert_eq!(limit(&outcome), Some(Limit::Lowered));
    assert_eq!(outcome.logs.len(), config.log_lines as usize);
    let dropped = u32::try_from(config.lowered_bytes / config.host_call_bytes).unwrap() - config.log_lines;
    assert_eq!(outcome.usage.log_dropped, dropped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_of_huge_log_lines_ends_after_two() {
    // Each line costs a guest a dozen units of fuel, and the host a copy of 15 MiB.
    let neighbour = Neighbour::new().await;
    let mut forged = Forge::new().code(
        "map-product",
        "(memory.fill (i32.const 0) (i32.const 97) (i32.const 15728640))
         (loop (call $emit (i32.const 1) (i32.const 0) (i32.const 15728640)) (br 0)) unreachable",
    );
    forged.pages = 300;
    let outcome = neighbour.map_product(forged).await;
    assert_eq!(limit(&outcome), Some(Limit::Lowered));
    assert_eq!(outcome.logs.len(), 2);
    assert!(outcome.logs.iter().all(|line| line.text.len() == config().log_line_bytes));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_log_line_above_what_a_call_may_move_is_not_copied_at_all() {
    let neighbour = Neighbour::new().await;
    let mut forged = Forge::new().code("map-product", "(call $emit (i32.const 1) (i32.const 0) (i32.const 40000000)) unreachable");
    forged.pages = 700;
    let outcome = neighbour.map_product(forged).await;
    assert_eq!((limit(&outcome), outcome.logs.len()), (Some(Limit::Lowered), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_line_cannot_look_like_two_or_move_the_terminal() {
    let neighbour = Neighbour::new().await;
    let forged = Forge::new().with("map-product", |scene| {
        let (at, length) = scene.text("done\n2026-01-01 ERROR \u{1b}[31mfire\u{202e}\u{7}");
        format!("(call $emit (i32.const 3) (i32.const {at}) (i32.const {length})) unreachable")
    });
    let outcome = neighbour.map_product(forged).await;
    assert_eq!(outcome.logs[0].text, r"done\u{a}2026-01-01 ERROR \u{1b}[31mfire\u{202e}\u{7}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_line_or_a_request_that_is_no_text_stops_the_call() {
    let neighbour = Neighbour::new().await;
    let broken = "(i32.store8 (i32.const 0) (i32.const 0xff))";
    let line = format!("{broken} (call $emit (i32.const 1) (i32.const 0) (i32.const 1)) unreachable");
    assert!(trap(&neighbour.map_product(Forge::new().code("map-product", line)).await).contains("utf-8"));
    let level = "(call $emit (i32.const 9) (i32.const 0) (i32.const 0)) unreachable";
    assert!(trap(&neighbour.map_product(Forge::new().code("map-product", level)).await).contains("discriminant"));
    let send = |length: u32, method: u32, body: u32| {
        let values = [0, length, method, 0, 0, 0, 0, 0, 0, body, 0, 0, 256].map(|value| format!("(i32.const {value})")).join(" ");
        format!("{broken} (call $send {values}) unreachable")
    };
    for (length, method, body, what) in [(1, 0, 0, "utf-8"), (0, 2, 0, "discriminant"), (0, 0, 3, "discriminant")] {
        let outcome = neighbour.check(Forge::new().code("check", send(length, method, body)), Arc::new(Echo::default())).await;
        assert!(trap(&outcome).contains(what), "{}", trap(&outcome));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_requests_is_sixty_four() {
    let neighbour = Neighbour::in_a(SandboxConfig { host_call_bytes: 1_024, ..config() }).await;
    let courier = Arc::new(Echo::default());
    let mut forged = Forge::new().with("check", |scene| {
        let (send, _) = scene.send(&get("/read"));
        format!("(loop {send} (br 0)) unreachable")
    });
    // Always the same room for a reply, so that its memory is never full of them.
    forged.pages = 320;
    forged.realloc = "(i32.const 20000000)";
    let outcome = once(&neighbour, forged, courier.clone()).await;
    // It is told `locked` from then on, and goes on until it has moved too much.
    assert_eq!(limit(&outcome), Some(Limit::Lowered), "{:?}", outcome.result);
    assert_eq!((courier.0.load(Ordering::Relaxed), outcome.usage.http_calls), (64, 64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_huge_is_counted_like_an_answer() {
    let neighbour = Neighbour::new().await;
    let courier = Arc::new(Echo::default());
    let mut forged = Forge::new().with("check", |scene| {
        // The path is 12 MiB of the letter a.
        let room = scene.answer(&serde_json::json!({ "Ok": [] }));
        let values =
            [0, 0, 0, 8_192, 12 * 1024 * 1024, 0, 0, 0, 0, 0, 0, 0, room as u32].map(|value| format!("(i32.const {value})")).join(" ");
        format!("(memory.fill (i32.const 4096) (i32.const 97) (i32.const 13000000)) (loop (call $send {values}) (br 0)) unreachable")
    });
    forged.pages = 1_000;
    forged.realloc = "(i32.const 20000000)";
    let outcome = once(&neighbour, forged, courier.clone()).await;
    assert_eq!(limit(&outcome), Some(Limit::Lowered), "{:?}", outcome.result);
    assert_eq!(courier.0.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pure_export_sends_nothing_whatever_it_asks_for() {
    let neighbour = Neighbour::new().await;
    let mut forged = Forge::new();
    for export in EXPORTS {
        forged = forged.with(export, |scene| scene.ask(&get("/read")));
    }
    let connector = neighbour.sandbox.admit(&forged.component()).await.unwrap();
    let context = context();
    let (outcome, _) = neighbour.throughout(async || connector.map_product(&context, b"{}").await).await;
    assert_eq!((outcome.result.unwrap().unwrap_err().code.as_str(), outcome.usage.http_calls), ("denied", 0));
    // The six pure ones come to an answer; the three others would wait for ever.
    let config = SandboxConfig { exchange_deadline: std::time::Duration::from_millis(50), ..config() };
    let neighbour = Neighbour::in_a(config).await;
    let connector = neighbour.sandbox.admit(&forged.component()).await.unwrap();
    let (ended, _) = neighbour.throughout(async || every_export(&connector).await).await;
    for (export, result) in ended {
        match export {
            "redeem" | "check" | "push-order" => {
                assert!(matches!(result, Err(CallError::Limit(Limit::Deadline))), "{export}: {result:?}");
            }
            _ => assert_eq!(result.unwrap().unwrap_err(), "denied", "{export}"),
        }
    }
}

/// `describe` sends a request, and gives a descriptor only where it was denied.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_description_sends_nothing_either() {
    let neighbour = Neighbour::new().await;
    let forged = Forge::new().with("describe", |scene| {
        let (send, reply) = scene.send(&get("/read"));
        let descriptor = scene.answer(&serde_json::to_value(make::descriptor()).unwrap());
        // No answer but an error, and of the errors the first.
        format!(
            "{send} (if (i32.or (i32.ne (i32.load8_u (i32.const {reply})) (i32.const 1)) (i32.load8_u offset=4 (i32.const {reply})))
                (then unreachable))
             (i32.const {descriptor})"
        )
    });
    let bytes = forged.component();
    let (admitted, _) = neighbour.throughout(async || neighbour.sandbox.admit(&bytes).await).await;
    let described = admitted.unwrap().describe().await;
    assert_eq!((described.result.unwrap(), described.usage.http_calls), (make::descriptor(), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_used_up_its_requests_is_told_locked_and_whose_replies_are_too_many_too_large() {
    // The path comes back as the body: five bytes.
    for (config, told, sent) in [
        (SandboxConfig { http_calls: 0, ..config() }, "locked", 0),
        (SandboxConfig { reply_bytes: 4, ..config() }, "too-large", 1),
        (SandboxConfig { reply_bytes: 5, ..config() }, "answered", 1),
    ] {
        let neighbour = Neighbour::new().await;
        // The second tenant has the usual budget, and would be refused as well.
        let connector = Sandbox::new(config).unwrap();
        let connector = connector.admit(&Forge::new().with("check", |scene| scene.ask(&get("/read"))).component()).await.unwrap();
        let (courier, context) = (Arc::new(Echo::default()), context());
        let (outcome, _) = neighbour.beside(connector.check(&context, courier.clone())).await;
        assert_eq!((outcome.result.unwrap().unwrap_err().code.as_str(), courier.0.load(Ordering::Relaxed)), (told, sent));
    }
}
