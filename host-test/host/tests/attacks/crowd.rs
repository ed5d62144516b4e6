//! Attacks by number: a connector whose calls take every slot, all the memory or all the time that there is. The second tenant finds its
//! share all the same.

use std::sync::Arc;
use std::time::Duration;

use connector_host::sandbox::{CallError, Connector, Limit, SandboxConfig};
use serde_json::json;
use tokio::task::JoinSet;

use crate::forge::{Forge, get};
use crate::host_calls::Silence;
use crate::make;
use crate::neighbour::{Neighbour, config, context, limit};

/// Eight slots, of which one connector may hold six, and four for calls that wait.
fn crowded() -> SandboxConfig {
    SandboxConfig { slots: 8, exchange_slots: 6, ..config() }
}

/// Makes so many calls of `check` that never end.
fn waiting(connector: &Connector, calls: usize) -> JoinSet<Result<(), CallError>> {
    let mut set = JoinSet::new();
    for _ in 0..calls {
        let connector = connector.clone();
        set.spawn(async move { connector.check(&context(), Arc::new(Silence)).await.result.map(|_| ()) });
    }
    set
}

/// Lets everything that can run, run.
async fn settled() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}

fn hanging() -> Forge {
    Forge::new().with("check", |scene| scene.ask(&get("/read"))).answer("map-product", json!({ "Ok": make::product("2") }))
}

#[tokio::test]
async fn calls_that_wait_for_ever_leave_slots_to_others_and_to_calls_that_do_not_wait() {
    let neighbour = Neighbour::in_a(crowded()).await;
    let hanging = neighbour.sandbox.admit(&hanging().component()).await.unwrap();
    let mut calls = waiting(&hanging, 100);
    settled().await;
    let ((), served) = neighbour.beside(settled()).await;
    assert!(served.times > 0, "{served:?}");
    // Its own calls that wait for nobody have slots too: in truth a hundred tenants share one connector.
    assert_eq!(hanging.map_product(&context(), b"{}").await.result.unwrap().unwrap(), make::product("2"));
    assert!(calls.try_join_next().is_none(), "they all wait still");
}

#[tokio::test]
async fn who_waits_too_long_for_a_slot_is_told_so_and_may_come_again() {
    let neighbour = Neighbour::in_a(SandboxConfig { slot_wait: Duration::from_millis(50), ..crowded() }).await;
    let hanging = neighbour.sandbox.admit(&hanging().component()).await.unwrap();
    let mut calls = waiting(&hanging, 20);
    let (ended, _) = neighbour
        .beside(async {
            let mut ended = Vec::new();
            while ended.len() < 16 {
                ended.push(calls.join_next().await.unwrap().unwrap().unwrap_err());
            }
            ended
        })
        .await;
    assert!(ended.iter().all(|error| matches!(error, CallError::Limit(Limit::Slots)) && error.retry_may_help()), "{ended:?}");
    assert_eq!(calls.len(), 4, "the others have their slots");
}

#[tokio::test]
async fn a_hundred_loops_at_once_do_not_stop_the_others() {
    let neighbour = Neighbour::in_a(SandboxConfig { fuel_base: 5_000_000, ..crowded() }).await;
    let spinning = Forge::new().code("map-product", "(loop (br 0)) unreachable");
    let spinning = neighbour.sandbox.admit(&spinning.component()).await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let spinning = spinning.clone();
        calls.spawn(async move { limit(&spinning.map_product(&context(), b"{}").await) });
    }
    let (ended, served) = neighbour
        .beside(async {
            let mut ended = Vec::new();
            while let Some(limit) = calls.join_next().await {
                ended.push(limit.unwrap());
            }
            ended
        })
        .await;
    assert_eq!(ended, [Some(Limit::Fuel); 100]);
    assert!(served.times >= 5, "{served:?}");
}

/// Takes so many pages more than it began with, then waits for an answer that never comes.
fn greedy(pages: u32) -> Forge {
    Forge::new().with("check", move |scene| {
        let ask = scene.ask(&get("/read"));
        let (locals, ask) = ask.split_once(')').unwrap();
        format!("{locals}) (if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable)) {ask}")
    })
}

#[tokio::test]
async fn memory_bombs_together_take_what_is_shared_and_nothing_that_is_reserved() {
    // Each call has 8 MiB for sure; 20 MiB are for whoever comes first.
    let neighbour = Neighbour::in_a(SandboxConfig { memory_shared_bytes: 20 * 1024 * 1024, ..crowded() }).await;
    let bomb = neighbour.sandbox.admit(&greedy(256).component()).await.unwrap();
    // 4 MiB and 16 more: 12 of the shared ones. The second one does not fit beside it.
    let first = waiting(&bomb, 1);
    settled().await;
    let mut more = waiting(&bomb, 3);
    let (ended, _) = neighbour
        .beside(async {
            let mut ended = Vec::new();
            while let Some(result) = more.join_next().await {
                ended.push(result.unwrap().unwrap_err());
            }
            ended
        })
        .await;
    assert!(ended.len() == 3 && ended.iter().all(|error| matches!(error, CallError::Limit(Limit::SharedMemory))), "{ended:?}");
    assert!(ended.iter().all(CallError::retry_may_help));
    drop(first);
    settled().await;
    let mut again = waiting(&bomb, 1);
    settled().await;
    assert!(again.try_join_next().is_none(), "the first one is gone, and its memory is there again");
}
