//! No order is ever made twice, whatever becomes of its answer. Every case runs the compiled component, the real outbound and the simulator's
//! ledger, which forgets nothing, on a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::orders::{copies, ending, make, order, outcome, tell};
use acceptance::world::{Plan, World, until};
use anyhow::Result;
use connector_host::contract::orders::{Order, OrderEventKind, PartyRole};
use connector_host::outbound::OutboundConfig;
use nhanh_sim::{Event, Fault, NewOrder, Recipient, RepeatedOwnId};

const ADD: &str = "/api/order/add";
const INDEX: &str = "/api/order/index";

/// A world whose replies are small, so that one that is too large is quickly made.
async fn world() -> Result<World> {
    let outbound = OutboundConfig { reply_bytes: 1024 * 1024, ..OutboundConfig::default() };
    World::stocked(Plan { outbound, ..Plan::on_a_manual_clock() }).await
}

/// Lets the host work until the order's first event stands still, moving the clock to whatever is due next. How long it took.
async fn settle(world: &World, order: &Order) -> Result<Duration> {
    let began = world.clock.now();
    for _ in 0..12 {
        world.work().await?;
        if outcome(world, order).await?.state != "waiting" {
            break;
        }
        let due = world.host.store().next_due().await?.expect("an event that waits is due at some time");
        world.clock.advance(Duration::from_millis(u64::try_from(due - world.clock.now())?));
    }
    Ok(Duration::from_millis(u64::try_from(world.clock.now() - began)?))
}

#[tokio::test]
async fn whatever_becomes_of_the_answer_the_order_is_there_once() -> Result<()> {
    let world = world().await?;
    // Fault, how the order ends, creates that were sent.
    let cases = [
        ("the answer is lost", Fault::AnswerLostAfterEffect, "adopted", 1),
        ("500 after the effect", Fault::ServerErrorAfterEffect, "adopted", 1),
        ("HTML after the effect", Fault::HtmlAfterEffect(502), "adopted", 1),
        ("HTML with status 200", Fault::HtmlAfterEffect(200), "adopted", 1),
        ("the JSON is cut", Fault::Truncated, "adopted", 1),
        ("the body breaks off", Fault::BrokenOff, "adopted", 1),
        ("the body is empty", Fault::EmptyBody, "adopted", 1),
        ("somebody else's JSON", Fault::Foreign, "adopted", 1),
        ("code 1 without an id", Fault::OkWithoutData, "adopted", 1),
        ("too large to be read", Fault::Huge(2 * 1024 * 1024), "adopted", 1),
        ("it shows after 20 s", Fault::LateEffect(Duration::from_secs(20)), "adopted", 1),
        ("it shows after 29 s", Fault::LateEffect(Duration::from_secs(29)), "adopted", 1),
        ("answered, but shown late", Fault::LateButAnswered(Duration::from_secs(60)), "created", 1),
        ("closed before the effect", Fault::Reset, "created", 2),
        ("500 without effect", Fault::ServerError, "created", 2),
        ("HTML without effect", Fault::Html(503), "created", 2),
        ("the rate limit", Fault::RateLimited, "created", 2),
    ];
    for (number, (name, fault, how, sends)) in cases.into_iter().enumerate() {
        let before = world.asked(ADD);
        world.nhanh.faults().next(ADD, fault);
        let order = make(&world, &format!("{number}")).await?;
        let took = settle(&world, &order).await?;
        let remote = outcome(&world, &order).await?.remote;
        let there = world.nhanh.ledger().into_iter().find(|entry| entry.own_id.as_deref() == Some(&own_id(&world, &order)));
        let sent = world.asked(ADD) - before;
        assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), sent), (how, 1, sends), "{name}");
        assert_eq!(remote, there.map(|entry| entry.id.to_string()), "{name}: the host knows the id there");
        if how == "created" && sends == 2 && fault != Fault::RateLimited {
            assert!(took >= Duration::from_secs(30), "{name}: sent again after {took:?}");
        }
    }
    Ok(())
}

fn own_id(world: &World, order: &Order) -> String {
    format!("{}-{}", world.side.tag, order.code)
}

#[tokio::test]
async fn a_create_is_sent_again_only_after_two_empty_look_ups_and_30_seconds() -> Result<()> {
    let world = world().await?;
    world.nhanh.faults().next(ADD, Fault::Reset);
    let order = make(&world, "reset").await?;
    world.work().await?;
    assert_eq!((world.asked(ADD), world.asked(INDEX)), (1, 0), "the call that got no answer looks nowhere");
    world.later(Duration::from_secs(2)).await?;
    assert_eq!((world.asked(ADD), world.asked(INDEX)), (1, 1), "the first look-up finds nothing, and sends nothing");
    world.later(Duration::from_millis(27_999)).await?;
    assert_eq!((world.asked(ADD), world.asked(INDEX)), (1, 1), "29.999 s after the send nothing is due");
    world.later(Duration::from_millis(1)).await?;
    assert_eq!((world.asked(ADD), world.asked(INDEX)), (2, 2), "30 s after it, after one more look");
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1));
    Ok(())
}

#[tokio::test]
async fn a_look_up_that_fails_proves_nothing() -> Result<()> {
    let world = world().await?;
    world.nhanh.faults().next(ADD, Fault::AnswerLostAfterEffect);
    for fault in [Fault::ServerError, Fault::Html(200), Fault::Truncated, Fault::EmptyBody, Fault::Foreign, Fault::Reset] {
        world.nhanh.faults().next(INDEX, fault);
    }
    let order = make(&world, "blind").await?;
    settle(&world, &order).await?;
    assert_eq!(world.nhanh.faults().waiting(), 0, "all six look-ups were tried");
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(ADD)), ("adopted", 1, 1));
    Ok(())
}

#[tokio::test]
async fn a_refusal_changes_nothing_and_ends_the_event_with_its_reason() -> Result<()> {
    let world = world().await?;
    world.nhanh.faults().switch(|switches| switches.repeated_own_id = RepeatedOwnId::Refuse);
    let order = order(&world, "taken").await?;
    // Somebody at Nhanh.vn has used our own id for another person's order.
    let recipient = Recipient { name: "Người khác".to_owned(), mobile: "0987654321".to_owned(), ..Recipient::default() };
    let theirs = NewOrder { own_id: Some(own_id(&world, &order)), status: "New".to_owned(), recipient, ..NewOrder::default() };
    world.nhanh.add_order(world.side.business, theirs);
    let orders = world.nhanh.counts(world.side.business).orders;
    tell(&world, &order, 1, OrderEventKind::Created).await?;
    world.work().await?;
    assert_eq!(ending(&world, &order).await?, "order.own-id-taken");
    assert_eq!(outcome(&world, &order).await?.state, "failed", "a person has to look");
    assert_eq!(world.nhanh.counts(world.side.business).orders, orders);
    assert_eq!((world.asked(ADD), outcome(&world, &order).await?.remote), (1, None), "it is neither sent again nor linked");
    Ok(())
}

#[tokio::test]
async fn an_unlinked_line_sends_nothing() -> Result<()> {
    let world = world().await?;
    let mut order = order(&world, "stranger").await?;
    order.lines[0].product = "999999".to_owned();
    tell(&world, &order, 1, OrderEventKind::Created).await?;
    world.work().await?;
    assert_eq!((ending(&world, &order).await?.as_str(), world.asked(ADD)), ("order.line-not-linked", 0));
    assert_eq!(world.nhanh.counts(world.side.business).auto_created, 0, "Nhanh.vn made no product of it");
    Ok(())
}

#[tokio::test]
async fn two_orders_to_one_phone_are_two_orders() -> Result<()> {
    let world = world().await?;
    world.nhanh.faults().next(ADD, Fault::AnswerLostAfterEffect).times(2);
    let (first, second) = (make(&world, "a").await?, make(&world, "b").await?);
    settle(&world, &first).await?;
    settle(&world, &second).await?;
    for order in [&first, &second] {
        assert_eq!((ending(&world, order).await?.as_str(), copies(&world, order)), ("adopted", 1));
    }
    let (first, second) = (outcome(&world, &first).await?.remote, outcome(&world, &second).await?.remote);
    assert_ne!(first, second, "neither took the other's");
    Ok(())
}

#[tokio::test]
async fn a_host_that_dies_between_intent_and_answer_looks_the_order_up() -> Result<()> {
    let mut world = world().await?;
    // The order is made at once; its answer would take a minute.
    world.nhanh.faults().next(ADD, Fault::Latency(Duration::from_secs(60)));
    let order = make(&world, "crash").await?;
    let host = world.host.clone();
    let working = tokio::spawn(async move { host.work(connector_host::work::Stop::Idle(Duration::ZERO)).await });
    until("the order is at Nhanh.vn", || copies(&world, &order) == 1).await?;
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled(), "it died in the middle of the call");
    world.restart().await?;
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(ADD)), ("adopted", 1, 1));
    Ok(())
}

#[tokio::test]
async fn a_host_that_dies_before_the_first_byte_still_looks_before_it_sends() -> Result<()> {
    let mut world = world().await?;
    world.nhanh.faults().next(ADD, Fault::Reset);
    let order = make(&world, "crash-early").await?;
    world.work().await?;
    world.restart().await?;
    let took = settle(&world, &order).await?;
    assert!(took >= Duration::from_secs(30), "{took:?}");
    assert!(world.asked(INDEX) >= 2);
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1));
    Ok(())
}

#[tokio::test]
async fn a_webhook_that_names_our_own_id_is_believed_before_the_look_up() -> Result<()> {
    let world = world().await?;
    world.nhanh.faults().next(ADD, Fault::AnswerLostAfterEffect);
    let order = make(&world, "seen").await?;
    world.nhanh.hold_webhooks();
    world.work().await?;
    let remote = world.nhanh.ledger().last().unwrap().id;
    let body = world.nhanh.webhook_body(world.side.business, &Event::OrderAdd(remote), acceptance::world::VERIFY_TOKEN).unwrap();
    assert_eq!(world.post(&body).await?, 200);
    let known = world.host.store().order_push(world.side.connection, &order.id).await?.earlier.unwrap();
    assert_eq!(known.seen_as, Some(remote.to_string()), "the host was told where it is");
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(ADD)), ("adopted", 1, 1));
    assert_eq!(outcome(&world, &order).await?.remote, Some(remote.to_string()));
    Ok(())
}

#[tokio::test]
async fn it_is_there_once_whatever_nhanh_does_with_repeated_own_ids() -> Result<()> {
    let world = world().await?;
    for (number, policy) in [RepeatedOwnId::CreateTwice, RepeatedOwnId::Refuse, RepeatedOwnId::SameOrder].into_iter().enumerate() {
        world.nhanh.faults().switch(|switches| switches.repeated_own_id = policy);
        for (fault, how) in [(Fault::AnswerLostAfterEffect, "adopted"), (Fault::Reset, "created")] {
            world.nhanh.faults().next(ADD, fault);
            let order = make(&world, &format!("{number}-{how}")).await?;
            settle(&world, &order).await?;
            assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), (how, 1), "{policy:?} {fault:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_same_event_told_twice_is_one_order() -> Result<()> {
    let world = world().await?;
    let order = make(&world, "twice").await?;
    assert!(!tell(&world, &order, 1, OrderEventKind::Created).await?, "the host knows the event");
    world.work().await?;
    assert!(!tell(&world, &order, 1, OrderEventKind::Created).await?, "also when it has gone out");
    world.work().await?;
    assert_eq!((copies(&world, &order), world.asked(ADD)), (1, 1));
    Ok(())
}

#[tokio::test]
async fn made_and_cancelled_before_a_byte_left_is_nothing_to_send() -> Result<()> {
    let world = world().await?;
    let order = make(&world, "fleeting").await?;
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    world.work().await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("skip.never-pushed", 0));
    Ok(())
}

#[tokio::test]
async fn made_lost_and_cancelled_is_found_and_cancelled() -> Result<()> {
    let world = world().await?;
    world.nhanh.faults().next(ADD, Fault::AnswerLostAfterEffect);
    let order = make(&world, "regretted").await?;
    world.work().await?;
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    settle(&world, &order).await?;
    world.work().await?;
    let entry = world.nhanh.ledger().into_iter().find(|entry| entry.own_id.as_deref() == Some(&own_id(&world, &order))).unwrap();
    assert_eq!((copies(&world, &order), entry.status.as_str()), (1, "Canceled"));
    Ok(())
}
