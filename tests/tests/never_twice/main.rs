//! No order is ever made twice, whatever becomes of its answer. Every case runs the compiled component, the real outbound and the simulator's
//! ledger, which forgets nothing, on a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod lost;

use std::time::Duration;

use acceptance::dialect::Call::{OrderAdd, Orders};
use acceptance::dialect::{Dialect, V2, V3};
use acceptance::orders::{copies, ending, make, order, outcome, settle, tell};
use acceptance::plan::Plan;
use acceptance::world::{World, until};
use anyhow::Result;
use connector_host::contract::orders::{Order, OrderEventKind, PartyRole};
use connector_host::outbound::OutboundConfig;
use nhanh_sim::{CursorShape, Event, Fault, ListEnd, NewOrder, Recipient, RepeatedAppOrderId, RepeatedOwnId, Switches};

/// A world whose replies are small, so that one that is too large is quickly made.
async fn world(dialect: Dialect) -> Result<World> {
    let outbound = OutboundConfig { reply_bytes: 1024 * 1024, ..OutboundConfig::default() };
    World::stocked(Plan { outbound, ..Plan::on_a_manual_clock(dialect) }).await
}

/// How long Nhanh.vn is watched at the least before a create is sent again: 3.0 refuses repeats, 2.0 does not say.
fn watched(dialect: Dialect) -> Duration {
    Duration::from_secs(if dialect == V2 { 900 } else { 120 })
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
        ("it says that it is busy", Fault::Busy, "adopted", 1),
        ("too large to be read", Fault::Huge(2 * 1024 * 1024), "adopted", 1),
        ("it shows after 20 s", Fault::LateEffect(Duration::from_secs(20)), "adopted", 1),
        ("it shows after 119 s", Fault::LateEffect(Duration::from_secs(119)), "adopted", 1),
        ("answered, but shown late", Fault::LateButAnswered(Duration::from_secs(110)), "created", 1),
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
            assert!(took >= watched(dialect), "{name}: sent again after {took:?}");
        }
    }
    Ok(())
}

fn own_id(world: &World, order: &Order) -> String {
    format!("{}-{}", world.side.tag, order.code)
}

async fn a_create_is_sent_again_only_after_late_look_ups_and_a_sweep(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.next(OrderAdd, Fault::Reset);
    let order = make(&world, "reset").await?;
    world.work().await?;
    assert_eq!((world.asked(OrderAdd), world.asked(Orders)), (1, 0), "the call that got no answer looks nowhere");
    let sweeps = || world.count("SELECT count(*) FROM run WHERE entity = 'order-status' AND scope LIKE '%Made%' AND state = 'done'");
    let watched = watched(dialect);
    let mut began = Duration::ZERO;
    while began + Duration::from_secs(5) < watched {
        world.later(Duration::from_secs(5)).await?;
        began += Duration::from_secs(5);
        assert_eq!((world.asked(OrderAdd), sweeps()?), (1, 0), "{began:?} after the send nothing is proven");
    }
    assert!(world.asked(Orders) >= 2, "it is looked for all the while");
    settle(&world, &order).await?;
    assert_eq!((world.asked(OrderAdd), sweeps()?), (2, if dialect == V2 { 2 } else { 1 }));
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1));
    Ok(())
}

async fn one_sweep_serves_all_orders_that_wait(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.nhanh.hold_webhooks();
    world.next(OrderAdd, Fault::Reset).times(8);
    let mut orders = Vec::new();
    for number in 0..8 {
        orders.push(make(&world, &format!("many-{number}")).await?);
    }
    for order in &orders {
        settle(&world, order).await?;
    }
    for order in &orders {
        assert_eq!((ending(&world, order).await?.as_str(), copies(&world, order)), ("created", 1));
    }
    let sweeps = world.count("SELECT count(*) FROM run WHERE entity = 'order-status' AND scope LIKE '%Made%'")?;
    assert!(sweeps <= if dialect == V2 { 3 } else { 2 }, "{sweeps} sweeps for eight orders");
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

async fn what_is_refused_as_existing_is_looked_for_and_never_sent_again(dialect: Dialect) -> Result<()> {
    for (number, (name, policy, _)) in policies(dialect).into_iter().filter(|(_, _, refuses)| *refuses).enumerate() {
        let world = world(dialect).await?;
        world.nhanh.hold_webhooks();
        world.nhanh.faults().switch(policy);
        let order = order(&world, &format!("taken-{number}")).await?;
        // It is there under another phone: no look-up by phone finds it, and the one sweep does.
        let recipient = Recipient { name: "Người khác".to_owned(), mobile: "0987654321".to_owned(), ..Recipient::default() };
        let (own_id, app) = (Some(own_id(&world, &order)), Some(world.side.app.app_id));
        let theirs = NewOrder { own_id, app, type_id: 1, sale_channel: 10, status: "New".to_owned(), recipient, ..NewOrder::default() };
        let there = world.nhanh.add_order(world.side.business, theirs).unwrap();
        let orders = world.nhanh.counts(world.side.business).orders;
        tell(&world, &order, 1, OrderEventKind::Created).await?;
        settle(&world, &order).await?;
        let end = outcome(&world, &order).await?;
        assert_eq!(
            (ending(&world, &order).await?.as_str(), end.remote.as_deref()),
            ("adopted", Some(there.to_string().as_str())),
            "{name}"
        );
        let told = end.outcome.as_ref().unwrap().to_string();
        assert!(told.contains("order.adopted-phone-differs"), "{name}: people see it: {told}");
        assert_eq!((world.nhanh.counts(world.side.business).orders, world.asked(OrderAdd)), (orders, 1), "{name}");
    }
    Ok(())
}

async fn what_is_refused_as_existing_and_found_nowhere_is_a_task_after_a_quarter_of_an_hour(dialect: Dialect) -> Result<()> {
    let plan = Plan { mirrored: true, verify_token: None, ..Plan::on_a_manual_clock(dialect) };
    let world = World::stocked(plan).await?;
    let order = make(&world, "nowhere").await?;
    let (add, list, own_id) = (world.path(OrderAdd), world.path(Orders), own_id(&world, &order));
    let empty = if dialect == V2 {
        r#"{"code":1,"messages":[],"data":{"totalPages":1,"currentPage":1,"orders":[]}}"#
    } else {
        r#"{"code":1,"data":[]}"#
    };
    world.mirror.as_ref().unwrap().rewrite(move |asked, reply| match asked.path.as_str() {
        path if path == add => format!(r#"{{"code":0,"messages":["Đơn hàng: {own_id} đã tồn tại"],"data":[]}}"#).into_bytes(),
        path if path == list => empty.as_bytes().to_vec(),
        _ => reply,
    });
    let took = settle(&world, &order).await?;
    let end = outcome(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), end.state.as_str()), ("order.own-id-taken", "failed"));
    assert!(took >= Duration::from_secs(900) && world.asked(OrderAdd) == 1, "{took:?}");
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

async fn two_orders_with_one_code_are_two_orders(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let first = make(&world, "one").await?;
    let second = Order { id: "order-other".to_owned(), ..first.clone() };
    world.work().await?;
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    tell(&world, &second, 1, OrderEventKind::Created).await?;
    settle(&world, &second).await?;
    assert_eq!((ending(&world, &first).await?.as_str(), ending(&world, &second).await?.as_str()), ("created", "adopted"));
    let own_ids: std::collections::BTreeSet<_> = world.nhanh.ledger().into_iter().filter_map(|entry| entry.own_id).collect();
    assert_eq!((own_ids.len(), world.asked(OrderAdd)), (2, 2), "each has a name of its own: {own_ids:?}");
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
    assert!(took >= watched(dialect), "{took:?}");
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
        world.later(Duration::from_secs(120)).await?;
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
        world.next(OrderAdd, Fault::LateEffect(Duration::from_secs(300)));
        let order = make(&world, "late").await?;
        settle(&world, &order).await?;
        assert_eq!((copies(&world, &order), world.asked(OrderAdd)), (1, 2), "{name}: the second send was refused");
        assert_eq!(ending(&world, &order).await?, "adopted", "{name}: it is looked for until it shows");
    }
    Ok(())
}

acceptance::in_each_version!(
    whatever_becomes_of_the_answer_the_order_is_there_once,
    a_create_is_sent_again_only_after_late_look_ups_and_a_sweep,
    one_sweep_serves_all_orders_that_wait,
    a_look_up_that_fails_proves_nothing,
    what_is_refused_as_existing_is_looked_for_and_never_sent_again,
    what_is_refused_as_existing_and_found_nowhere_is_a_task_after_a_quarter_of_an_hour,
    an_unlinked_line_sends_nothing,
    two_orders_to_one_phone_are_two_orders,
    two_orders_with_one_code_are_two_orders,
    a_host_that_dies_between_intent_and_answer_looks_the_order_up,
    a_host_that_dies_before_the_first_byte_still_looks_before_it_sends,
    a_webhook_that_names_our_own_id_is_believed_before_the_look_up,
    it_is_there_once_whatever_nhanh_does_with_repeated_own_ids,
    the_same_event_told_twice_is_one_order,
    made_and_cancelled_before_a_byte_left_is_nothing_to_send,
    made_lost_and_cancelled_is_found_and_cancelled,
    an_order_is_found_behind_many_others_to_the_same_phone,
);
