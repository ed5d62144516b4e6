//! No order is ever made twice, whatever becomes of its answer. Every case runs the compiled component, the real outbound and the simulator's
//! ledger, which forgets nothing, on a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::dialect::Call::{OrderAdd, Orders};
use acceptance::dialect::{Dialect, V2, V3};
use acceptance::orders::{copies, ending, make, order, outcome, tell};
use acceptance::world::{Plan, World, until};
use anyhow::Result;
use connector_host::contract::orders::{Order, OrderEventKind, PartyRole};
use connector_host::outbound::OutboundConfig;
use nhanh_sim::{CursorShape, Event, Fault, ListEnd, NewOrder, Recipient, RepeatedAppOrderId, RepeatedOwnId, Switches};

/// A world whose replies are small, so that one that is too large is quickly made.
async fn world(dialect: Dialect) -> Result<World> {
    let outbound = OutboundConfig { reply_bytes: 1024 * 1024, ..OutboundConfig::default() };
    World::stocked(Plan { outbound, ..Plan::on_a_manual_clock(dialect) }).await
}

/// Lets the host work until the order's first event stands still, moving the clock to whatever is due next. How long it took.
async fn settle(world: &World, order: &Order) -> Result<Duration> {
    let began = world.clock.now();
    for _ in 0..12 {
        world.work().await?;
        if outcome(world, order).await?.state != "waiting" {
            break;
        }
        let due = world.host.store().next_due(&[]).await?.expect("an event that waits is due at some time");
        world.clock.advance(Duration::from_millis(u64::try_from(due - world.clock.now())?));
    }
    Ok(Duration::from_millis(u64::try_from(world.clock.now() - began)?))
}

async fn whatever_becomes_of_the_answer_the_order_is_there_once(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
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
        let before = world.asked(OrderAdd);
        world.next(OrderAdd, fault);
        let order = make(&world, &format!("{number}")).await?;
        let took = settle(&world, &order).await?;
        let remote = outcome(&world, &order).await?.remote;
        let there = world.nhanh.ledger().into_iter().find(|entry| entry.own_id.as_deref() == Some(&own_id(&world, &order)));
        let sent = world.asked(OrderAdd) - before;
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

async fn a_create_is_sent_again_only_after_two_empty_look_ups_and_30_seconds(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.next(OrderAdd, Fault::Reset);
    let order = make(&world, "reset").await?;
    world.work().await?;
    assert_eq!((world.asked(OrderAdd), world.asked(Orders)), (1, 0), "the call that got no answer looks nowhere");
    world.later(Duration::from_secs(2)).await?;
    assert_eq!((world.asked(OrderAdd), world.asked(Orders)), (1, 1), "the first look-up finds nothing, and sends nothing");
    world.later(Duration::from_millis(27_999)).await?;
    assert_eq!((world.asked(OrderAdd), world.asked(Orders)), (1, 1), "29.999 s after the send nothing is due");
    world.later(Duration::from_millis(1)).await?;
    assert_eq!((world.asked(OrderAdd), world.asked(Orders)), (2, 2), "30 s after it, after one more look");
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1));
    Ok(())
}

async fn a_look_up_that_fails_proves_nothing(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    for fault in [Fault::ServerError, Fault::Html(200), Fault::Truncated, Fault::EmptyBody, Fault::Foreign, Fault::Reset] {
        world.next(Orders, fault);
    }
    let order = make(&world, "blind").await?;
    settle(&world, &order).await?;
    assert_eq!(world.nhanh.faults().waiting(), 0, "all six look-ups were tried");
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(OrderAdd)), ("adopted", 1, 1));
    Ok(())
}

/// One way to treat a repeated own id: its name, the switch, and whether it refuses.
type Repeat = (&'static str, fn(&mut Switches), bool);

/// What Nhanh.vn may do with an own id that it knows, which no document settles.
fn policies(dialect: Dialect) -> Vec<Repeat> {
    match dialect {
        V2 => vec![
            ("it makes another order", |it| it.repeated_own_id = RepeatedOwnId::CreateTwice, false),
            ("it refuses", |it| it.repeated_own_id = RepeatedOwnId::Refuse, true),
            ("it answers with the first order", |it| it.repeated_own_id = RepeatedOwnId::SameOrder, false),
        ],
        V3 => vec![
            ("a field's error", |it| it.v3.repeated_own_id = RepeatedAppOrderId::Refuse, true),
            ("a code of its own", |it| it.v3.repeated_own_id = RepeatedAppOrderId::RefuseWithOtherCode, true),
            ("a sentence without a code", |it| it.v3.repeated_own_id = RepeatedAppOrderId::RefuseWithoutCode, true),
            ("it makes another order", |it| it.v3.repeated_own_id = RepeatedAppOrderId::Accept, false),
        ],
    }
}

async fn a_refusal_changes_nothing_and_ends_the_event_with_its_reason(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    for (number, (name, policy, _)) in policies(dialect).into_iter().filter(|(_, _, refuses)| *refuses).enumerate() {
        world.nhanh.faults().switch(policy);
        let order = order(&world, &format!("taken-{number}")).await?;
        // Somebody at Nhanh.vn has used our own id for another person's order.
        let recipient = Recipient { name: "Người khác".to_owned(), mobile: "0987654321".to_owned(), ..Recipient::default() };
        let (own_id, app) = (Some(own_id(&world, &order)), Some(world.side.app.app_id));
        let theirs = NewOrder { own_id, app, status: "New".to_owned(), recipient, ..NewOrder::default() };
        world.nhanh.add_order(world.side.business, theirs);
        let (orders, asked) = (world.nhanh.counts(world.side.business).orders, world.asked(OrderAdd));
        tell(&world, &order, 1, OrderEventKind::Created).await?;
        world.work().await?;
        assert_eq!(ending(&world, &order).await?, "order.own-id-taken", "{name}");
        assert_eq!(outcome(&world, &order).await?.state, "failed", "{name}: a person has to look");
        assert_eq!(world.nhanh.counts(world.side.business).orders, orders, "{name}");
        let again = (world.asked(OrderAdd) - asked, outcome(&world, &order).await?.remote);
        assert_eq!(again, (1, None), "{name}: it is neither sent again nor linked");
    }
    Ok(())
}

async fn an_unlinked_line_sends_nothing(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let mut order = order(&world, "stranger").await?;
    order.lines[0].product = "999999".to_owned();
    tell(&world, &order, 1, OrderEventKind::Created).await?;
    world.work().await?;
    assert_eq!((ending(&world, &order).await?.as_str(), world.asked(OrderAdd)), ("order.line-not-linked", 0));
    assert_eq!(world.nhanh.counts(world.side.business).auto_created, 0, "Nhanh.vn made no product of it");
    Ok(())
}

async fn two_orders_to_one_phone_are_two_orders(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.next(OrderAdd, Fault::AnswerLostAfterEffect).times(2);
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

async fn a_host_that_dies_between_intent_and_answer_looks_the_order_up(dialect: Dialect) -> Result<()> {
    let mut world = world(dialect).await?;
    // The order is made at once; its answer would take a minute.
    world.next(OrderAdd, Fault::Latency(Duration::from_secs(60)));
    let order = make(&world, "crash").await?;
    let host = world.host.clone();
    let working = tokio::spawn(async move { host.work(connector_host::work::Stop::Idle(Duration::ZERO)).await });
    until("the order is at Nhanh.vn", || copies(&world, &order) == 1).await?;
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled(), "it died in the middle of the call");
    world.restart().await?;
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(OrderAdd)), ("adopted", 1, 1));
    Ok(())
}

async fn a_host_that_dies_before_the_first_byte_still_looks_before_it_sends(dialect: Dialect) -> Result<()> {
    let mut world = world(dialect).await?;
    world.next(OrderAdd, Fault::Reset);
    let order = make(&world, "crash-early").await?;
    world.work().await?;
    world.restart().await?;
    let took = settle(&world, &order).await?;
    assert!(took >= Duration::from_secs(30), "{took:?}");
    assert!(world.asked(Orders) >= 2);
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1));
    Ok(())
}

async fn a_webhook_that_names_our_own_id_is_believed_before_the_look_up(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    let order = make(&world, "seen").await?;
    world.nhanh.hold_webhooks();
    world.work().await?;
    let remote = world.nhanh.ledger().last().unwrap().id;
    assert_eq!(world.post(&world.delivery(world.side.business, &Event::OrderAdd(remote))?).await?, 200);
    let known = world.host.store().order_push(world.side.connection, &order.id).await?.earlier.unwrap();
    assert_eq!(known.seen_as, Some(remote.to_string()), "the host was told where it is");
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(OrderAdd)), ("adopted", 1, 1));
    assert_eq!(outcome(&world, &order).await?.remote, Some(remote.to_string()));
    Ok(())
}

async fn it_is_there_once_whatever_nhanh_does_with_repeated_own_ids(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    for (number, (name, policy, _)) in policies(dialect).into_iter().enumerate() {
        world.nhanh.faults().switch(policy);
        for (fault, how) in [(Fault::AnswerLostAfterEffect, "adopted"), (Fault::Reset, "created")] {
            world.next(OrderAdd, fault);
            let order = make(&world, &format!("{number}-{how}")).await?;
            settle(&world, &order).await?;
            assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), (how, 1), "{name} {fault:?}");
        }
    }
    Ok(())
}

async fn the_same_event_told_twice_is_one_order(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let order = make(&world, "twice").await?;
    assert!(!tell(&world, &order, 1, OrderEventKind::Created).await?, "the host knows the event");
    world.work().await?;
    assert!(!tell(&world, &order, 1, OrderEventKind::Created).await?, "also when it has gone out");
    world.work().await?;
    assert_eq!((copies(&world, &order), world.asked(OrderAdd)), (1, 1));
    Ok(())
}

async fn made_and_cancelled_before_a_byte_left_is_nothing_to_send(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let order = make(&world, "fleeting").await?;
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    world.work().await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("skip.never-pushed", 0));
    Ok(())
}

async fn made_lost_and_cancelled_is_found_and_cancelled(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    let order = make(&world, "regretted").await?;
    world.work().await?;
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    settle(&world, &order).await?;
    world.work().await?;
    let entry = world.nhanh.ledger().into_iter().find(|entry| entry.own_id.as_deref() == Some(&own_id(&world, &order))).unwrap();
    assert_eq!((copies(&world, &order), entry.status.as_str()), (1, "Canceled"));
    Ok(())
}

/// So many more orders to the phone of an order, newer than it: a person's, that no webhook tells of.
fn crowd(world: &World, order: &Order, count: usize) {
    for _ in 0..count {
        let recipient = Recipient { name: "Lê Thị Mơ".to_owned(), mobile: order.recipient.phone.clone(), ..Recipient::default() };
        let theirs = NewOrder { status: "New".to_owned(), recipient, ..NewOrder::default() };
        assert!(world.nhanh.add_order(world.side.business, theirs).is_some());
    }
}

async fn an_order_is_found_behind_many_others_to_the_same_phone(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.nhanh.hold_webhooks();
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    let order = make(&world, "behind").await?;
    world.work().await?;
    crowd(&world, &order, 250);
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(OrderAdd)), ("adopted", 1, 1));
    assert!(world.asked(Orders) >= 3, "it stands on the third page, the newest first");
    Ok(())
}

#[tokio::test]
async fn in_3_0_an_order_is_found_whatever_a_cursor_looks_like_and_however_a_list_ends() -> Result<()> {
    let world = world(V3).await?;
    world.nhanh.hold_webhooks();
    let shapes = [
        CursorShape::Object,
        CursorShape::ObjectWithText,
        CursorShape::Text,
        CursorShape::Number,
        CursorShape::List,
        CursorShape::Compound,
    ];
    let ends = [ListEnd::EmptyPage, ListEnd::Absent, ListEnd::Null];
    let lists = shapes.into_iter().flat_map(|shape| ends.map(|end| (shape, end)));
    for (number, (shape, end)) in lists.enumerate() {
        // Pages of fifty, so that there are several of them.
        world.nhanh.faults().switch(|it| (it.v3.cursor, it.v3.list_end, it.v3.short_pages) = (shape, end, true));
        let before = world.asked(Orders);
        world.next(OrderAdd, Fault::AnswerLostAfterEffect);
        world.next(OrderAdd, Fault::Reset);
        let (lost, never_came) = (order_to(&world, &format!("lost-{number}")).await?, order_to(&world, &format!("reset-{number}")).await?);
        for order in [&lost, &never_came] {
            tell(&world, order, 1, OrderEventKind::Created).await?;
            world.work().await?;
            crowd(&world, order, 60);
            settle(&world, order).await?;
        }
        let ends = (ending(&world, &lost).await?, ending(&world, &never_came).await?);
        assert_eq!((ends.0.as_str(), ends.1.as_str()), ("adopted", "created"), "{shape:?} {end:?}");
        assert_eq!((copies(&world, &lost), copies(&world, &never_came)), (1, 1), "{shape:?} {end:?}");
        assert!(world.asked(Orders) - before >= 6, "{shape:?} {end:?}: one look for the first, two for the second, of two pages each");
    }
    Ok(())
}

/// An order to a phone that nobody else has.
async fn order_to(world: &World, name: &str) -> Result<Order> {
    let mut order = order(world, name).await?;
    order.recipient.phone = format!("09{:08}", world.nhanh.ledger().len());
    Ok(order)
}

#[tokio::test]
async fn in_3_0_the_reply_to_a_create_may_be_a_list_and_may_say_order_id() -> Result<()> {
    let world = world(V3).await?;
    for (number, (list, order_id)) in [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate() {
        world.nhanh.faults().switch(|it| (it.v3.order_reply_list, it.v3.order_reply_order_id) = (list, order_id));
        let order = make(&world, &format!("reply-{number}")).await?;
        world.work().await?;
        let there = world.nhanh.ledger().pop().map(|entry| entry.id.to_string());
        assert_eq!(
            (ending(&world, &order).await?.as_str(), outcome(&world, &order).await?.remote),
            ("created", there),
            "{list} {order_id}"
        );
        tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
        world.work().await?;
        assert_eq!(world.nhanh.ledger().pop().map(|entry| entry.status).as_deref(), Some("Canceled"), "{list} {order_id}: and an edit's");
    }
    Ok(())
}

#[tokio::test]
async fn in_3_0_an_effect_that_shows_only_after_the_second_send_is_still_one_order() -> Result<()> {
    for (name, policy, _) in policies(V3).into_iter().filter(|(_, _, refuses)| *refuses) {
        let world = world(V3).await?;
        world.nhanh.hold_webhooks();
        world.nhanh.faults().switch(policy);
        world.next(OrderAdd, Fault::LateEffect(Duration::from_secs(40)));
        let order = make(&world, "late").await?;
        settle(&world, &order).await?;
        assert_eq!((copies(&world, &order), world.asked(OrderAdd)), (1, 2), "{name}: the second send was refused");
        assert_eq!(ending(&world, &order).await?, "order.own-id-taken", "{name}: a person is told");
    }
    Ok(())
}

acceptance::in_each_version!(
    whatever_becomes_of_the_answer_the_order_is_there_once,
    a_create_is_sent_again_only_after_two_empty_look_ups_and_30_seconds,
    a_look_up_that_fails_proves_nothing,
    a_refusal_changes_nothing_and_ends_the_event_with_its_reason,
    an_unlinked_line_sends_nothing,
    two_orders_to_one_phone_are_two_orders,
    a_host_that_dies_between_intent_and_answer_looks_the_order_up,
    a_host_that_dies_before_the_first_byte_still_looks_before_it_sends,
    a_webhook_that_names_our_own_id_is_believed_before_the_look_up,
    it_is_there_once_whatever_nhanh_does_with_repeated_own_ids,
    the_same_event_told_twice_is_one_order,
    made_and_cancelled_before_a_byte_left_is_nothing_to_send,
    made_lost_and_cancelled_is_found_and_cancelled,
    an_order_is_found_behind_many_others_to_the_same_phone,
);
