//! What can go wrong between the host and Nhanh.vn, each with its own class and code through the compiled component, and what the host does
//! of it: go on by itself, wait until a lock is over, pause a stream or the connection with one notice, or give the run up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::dialect::Call::Products;
use acceptance::dialect::{Dialect, V2, V3};
use acceptance::orders::{copies, ending, make};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::types::Entity;
use connector_host::names;
use connector_host::outbound::OutboundConfig;
use connector_host::store::{ConnectionState, RunState};
use nhanh_sim::{Fault, Grant, Permission, Switches};
use serde_json::{Value, json};

/// What the host does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// It tries again by itself, and nobody has to be told.
    Again,
    /// It tries again when the lock is over, and sends nothing before.
    AgainAfter(Duration),
    /// This stream pauses with one notice; the others go on.
    PauseStream,
    /// The connection pauses with one notice; what waits goes on after the next login.
    PauseConnection,
    /// The run ends with one notice.
    GiveUp,
}

/// What goes wrong.
#[derive(Clone, Copy)]
enum Wrong {
    /// The next answer of the product list.
    Answer(Fault),
    /// Every answer, by a switch and a fault.
    Switched(fn(&mut Switches), Fault),
    /// The merchant or Nhanh.vn does something.
    Done(fn(&World)),
}

fn expire(world: &World) {
    assert_eq!(world.nhanh.expire_token(world.side.app.app_id, world.side.business), 1);
}

fn revoke(world: &World) {
    assert_eq!(world.nhanh.revoke_token(world.side.app.app_id, world.side.business), 1);
}

fn restrict(world: &World) {
    assert_eq!(world.nhanh.restrict(world.side.app.app_id, world.side.business, Permission::Product), 1);
}

fn api_off(world: &World) {
    world.nhanh.allow_open_api(world.side.business, false);
}

fn app_off(world: &World) {
    world.nhanh.set_app_active(world.side.app.app_id, false);
}

/// Fault → class, code, what comes next.
fn table() -> Vec<(&'static str, Wrong, &'static str, &'static str, Then)> {
    use Then::{Again, AgainAfter, GiveUp, PauseConnection, PauseStream};
    use Wrong::{Answer, Done, Switched};
    let lock = AgainAfter(Duration::from_secs(10));
    vec![
        ("the token has expired", Done(expire), "unauthorized", "nhanh.token-invalid", PauseConnection),
        ("the token was revoked", Done(revoke), "unauthorized", "nhanh.token-invalid", PauseConnection),
        ("the right is missing", Done(restrict), "forbidden", "nhanh.err-403", PauseStream),
        ("the business has no API", Done(api_off), "misconfigured", "nhanh.api-off", PauseStream),
        ("the app is switched off", Done(app_off), "misconfigured", "nhanh.app-invalid", PauseStream),
        ("the rate limit", Answer(Fault::RateLimited), "rate-limited", "nhanh.err-429", lock),
        (
            "the rate limit with status 429",
            Switched(|it| it.rate_limit_status = 429, Fault::RateLimited),
            "rate-limited",
            "nhanh.err-429",
            lock,
        ),
        (
            "the other name of the limit",
            Switched(|it| it.long_rate_limit_code = true, Fault::RateLimited),
            "rate-limited",
            "nhanh.err-429",
            lock,
        ),
        ("HTML with status 502", Answer(Fault::Html(502)), "transient", "nhanh.html", Again),
        ("HTML with status 200", Answer(Fault::Html(200)), "transient", "nhanh.html", Again),
        ("an empty body", Answer(Fault::EmptyBody), "transient", "nhanh.empty-body", Again),
        ("truncated JSON", Answer(Fault::Truncated), "transient", "nhanh.truncated", Again),
        ("500 with foreign JSON", Answer(Fault::ServerError), "transient", "nhanh.invalid-json", Again),
        ("200 with foreign JSON", Answer(Fault::Foreign), "transient", "nhanh.invalid-json", Again),
        ("closed without an answer", Answer(Fault::Reset), "transient", "host.no-answer", Again),
        ("broken off in the body", Answer(Fault::BrokenOff), "transient", "host.no-answer", Again),
        ("too large", Answer(Fault::Huge(600 * 1024)), "rejected", "host.too-large", GiveUp),
    ]
}

fn plan(dialect: Dialect) -> Plan {
    let outbound = OutboundConfig { reply_bytes: 512 * 1024, ..OutboundConfig::default() };
    Plan { outbound, ..Plan::on_a_manual_clock(dialect) }
}

async fn every_fault_has_its_class_its_code_and_its_consequence(dialect: Dialect) -> Result<()> {
    for (name, wrong, class, code, then) in table() {
        let world = World::connected(plan(dialect)).await?;
        match wrong {
            Wrong::Answer(fault) => drop(world.next(Products, fault)),
            Wrong::Switched(change, fault) => {
                world.nhanh.faults().switch(change);
                world.next(Products, fault);
            }
            Wrong::Done(act) => act(&world),
        }
        let run = world.click(&world.side, Entity::Product).await?;
        world.work().await?;
        let failure = world.run(run).await?.failure.unwrap_or_else(|| panic!("{name}: the run knows no failure"));
        assert_eq!((names::failure_class(&failure.class), failure.code.as_str()), (class, code), "{name}");
        assert!(!failure.message.vi.is_empty() && !failure.message.en.is_empty(), "{name}");
        assert_eq!(world.asked(Products), 1, "{name}: one request");
        let noticed = world.noticed(code).await?;
        assert_eq!(noticed, u32::from(!matches!(then, Then::Again | Then::AgainAfter(_))), "{name}: notices");
        consequence(&world, name, run, code, then).await?;
    }
    Ok(())
}

async fn consequence(world: &World, name: &str, run: i64, code: &str, then: Then) -> Result<()> {
    let state = async || anyhow::Ok((world.run(run).await?.state, world.connection().await?.state));
    match then {
        Then::Again => {
            assert_eq!(state().await?, (RunState::Waiting, ConnectionState::Active), "{name}");
            world.later(Duration::from_secs(2)).await?;
            let run = world.run(run).await?;
            assert_eq!((run.state, run.failure), (RunState::Done, None), "{name}: it goes on by itself");
        }
        Then::AgainAfter(lock) => {
            assert_eq!(state().await?, (RunState::Waiting, ConnectionState::Active), "{name}");
            world.later(lock - Duration::from_millis(1)).await?;
            assert_eq!(world.asked(Products), 1, "{name}: nothing is sent to a locked path");
            assert!(world.pull(&[Entity::Branch]).await?.changed() > 0, "{name}: other paths are open");
            world.later(Duration::from_millis(1)).await?;
            assert_eq!(world.run(run).await?.state, RunState::Done, "{name}: it goes on when the lock is over");
        }
        Then::PauseStream => {
            assert_eq!(state().await?, (RunState::Failed, ConnectionState::Active), "{name}");
            let streams = world.host.store().streams(world.side.connection).await?;
            let paused: Vec<_> = streams.into_iter().filter_map(|stream| Some((stream.entity, stream.pause?.code))).collect();
            assert_eq!(paused, [(Entity::Product, code.to_owned())], "{name}: this stream and no other");
            world.nhanh.allow_open_api(world.side.business, true);
            world.nhanh.set_app_active(world.side.app.app_id, true);
            assert!(world.pull(&[Entity::Branch]).await?.changed() > 0, "{name}: the others go on");
            world.log_in(&world.side, Grant::all(world.side.business)).await?;
            assert!(world.pull(&[Entity::Product]).await?.changed() > 0, "{name}: mended, the next click works");
            let streams = world.host.store().streams(world.side.connection).await?;
            assert!(streams.iter().all(|stream| stream.pause.is_none()), "{name}: and ends the pause");
        }
        Then::PauseConnection => {
            assert_eq!(state().await?, (RunState::Waiting, ConnectionState::Paused), "{name}");
            assert_eq!(world.connection().await?.pause.expect("a reason").code, code, "{name}");
            let before = world.nhanh.requests().len();
            world.later(Duration::from_secs(3_600)).await?;
            assert_eq!(world.nhanh.requests().len(), before, "{name}: a paused connection sends nothing");
            world.log_in(&world.side, Grant::all(world.side.business)).await?;
            world.later(Duration::from_secs(3_600)).await?;
            assert_eq!(state().await?, (RunState::Done, ConnectionState::Active), "{name}: nothing was dropped");
        }
        Then::GiveUp => {
            assert_eq!(state().await?, (RunState::Failed, ConnectionState::Active), "{name}");
            assert!(world.pull(&[Entity::Product]).await?.changed() > 0, "{name}: the next click works");
        }
    }
    Ok(())
}

async fn a_server_that_cannot_be_reached_was_sent_nothing(dialect: Dialect) -> Result<()> {
    let world = World::connected(plan(dialect)).await?;
    let run = world.click(&world.side, Entity::Product).await?;
    world.nhanh.clone().shutdown().await;
    world.work().await?;
    let run = world.run(run).await?;
    let failure = run.failure.expect("a failure");
    assert_eq!((names::failure_class(&failure.class), failure.code.as_str()), ("transient", "host.not-sent"));
    assert_eq!((run.state, world.connection().await?.state), (RunState::Waiting, ConnectionState::Active));
    Ok(())
}

async fn an_answer_that_takes_too_long_is_none(dialect: Dialect) -> Result<()> {
    let seconds = Duration::from_secs;
    let outbound = OutboundConfig { connect_timeout: Duration::from_millis(900), answer_timeout: seconds(1), ..OutboundConfig::default() };
    for fault in [Fault::Latency(seconds(30)), Fault::Slow(seconds(30))] {
        let world = World::connected(Plan { outbound: outbound.clone(), ..Plan::on_a_manual_clock(dialect) }).await?;
        world.next(Products, fault);
        let run = world.click(&world.side, Entity::Product).await?;
        world.work().await?;
        let failure = world.run(run).await?.failure.expect("a failure");
        assert_eq!((names::failure_class(&failure.class), failure.code.as_str()), ("transient", "host.no-answer"), "{fault:?}");
        world.later(seconds(2)).await?;
        assert_eq!(world.run(run).await?.state, RunState::Done, "{fault:?}");
    }
    Ok(())
}

async fn calling_while_locked_would_make_the_lock_longer_and_does_not_happen(dialect: Dialect) -> Result<()> {
    let world = World::connected(plan(dialect)).await?;
    world.next(Products, Fault::RateLimited);
    // Two streams read the same path: the lock is the path's.
    let product = world.click(&world.side, Entity::Product).await?;
    world.work().await?;
    let stock = world.click(&world.side, Entity::Stock).await?;
    for _ in 0..9 {
        world.later(Duration::from_secs(1)).await?;
    }
    assert_eq!(world.asked(Products), 1);
    world.later(Duration::from_secs(1)).await?;
    world.later(Duration::from_secs(1)).await?;
    for run in [product, stock] {
        assert_eq!(world.run(run).await?.state, RunState::Done);
    }
    let locked = |outcome: &nhanh_sim::Outcome| matches!(outcome, nhanh_sim::Outcome::RateLimited { .. });
    assert_eq!(world.nhanh.requests().iter().filter(|request| locked(&request.outcome)).count(), 1);
    Ok(())
}

async fn an_order_waits_for_the_next_login_and_goes_out_once(dialect: Dialect) -> Result<()> {
    let world = World::stocked(plan(dialect)).await?;
    expire(&world);
    let order = make(&world, "patient").await?;
    world.work().await?;
    assert_eq!((ending(&world, &order).await?.as_str(), world.connection().await?.state), ("waiting", ConnectionState::Paused));
    assert_eq!(world.noticed("nhanh.token-invalid").await?, 1);
    world.later(Duration::from_secs(86_400)).await?;
    world.log_in(&world.side, Grant::all(world.side.business)).await?;
    world.later(Duration::from_secs(3_600)).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1));
    Ok(())
}

async fn an_order_waits_for_a_right_or_a_setting_that_is_missing_and_the_pulls_go_on(dialect: Dialect) -> Result<()> {
    for code in ["nhanh.err-403", "nhanh.api-off"] {
        let world = World::stocked(plan(dialect)).await?;
        match code {
            "nhanh.api-off" => api_off(&world),
            _ => assert_eq!(world.nhanh.restrict(world.side.app.app_id, world.side.business, Permission::OrderWrite), 1),
        }
        let order = make(&world, "hopeful").await?;
        world.work().await?;
        assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("waiting", 0), "{code}");
        assert_eq!(world.noticed(code).await?, 1, "{code}: the merchant is told");
        let paused = async || {
            let streams = world.host.store().streams(world.side.connection).await?;
            anyhow::Ok(streams.into_iter().filter_map(|stream| Some((stream.entity, stream.pause?.code))).collect::<Vec<_>>())
        };
        assert_eq!(paused().await?, [(Entity::Order, code.to_owned())], "{code}");
        assert_eq!(world.connection().await?.state, ConnectionState::Active, "{code}");
        world.nhanh.allow_open_api(world.side.business, true);
        assert_eq!(world.pull(&[Entity::Branch]).await?.get("branch.unchanged"), 2, "{code}: pulls go on");
        world.log_in(&world.side, Grant::all(world.side.business)).await?;
        world.later(Duration::from_secs(300)).await?;
        assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("created", 1), "{code}: nothing was dropped");
        assert_eq!(paused().await?, [], "{code}");
    }
    Ok(())
}

async fn a_price_or_a_level_that_cannot_be_read_is_told_with_its_record_which_comes_in(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan { mirrored: true, ..plan(dialect) }).await?;
    let depots = world.nhanh.business().depots;
    let products = world.nhanh.products(world.side.business);
    let told = |it: &nhanh_sim::ProductView| it.is_stocked() && it.status == "Active" && it.stock.len() == depots.len();
    let stocked: Vec<i64> = products.iter().filter(|it| told(it)).map(|it| it.id).collect();
    // The retail price, and what the second depot has.
    let (price, level) = match dialect {
        V2 => ("/price", format!("/inventory/depots/{}/available", depots[1])),
        V3 => ("/prices/retail", "/inventory/depots/1/available".to_owned()),
    };
    // Where it is spoilt, with what, and the field that the warning names.
    let spoilt = [
        (stocked[0], price.to_owned(), json!({ "amount": 5 })),
        (stocked[1], price.to_owned(), json!("mười nghìn")),
        (stocked[2], level, json!("nhiều")),
    ];
    let (edits, path) = (spoilt.clone(), world.path(Products));
    world.mirror.as_ref().unwrap().rewrite(move |asked, reply| {
        if asked.path != path {
            return reply;
        }
        let mut page: Value = serde_json::from_slice(&reply).unwrap();
        for (id, pointer, value) in &edits {
            let row = match dialect {
                V2 => page.pointer_mut(&format!("/data/products/{id}")),
                V3 => page["data"].as_array_mut().unwrap().iter_mut().find(|row| row["id"] == *id),
            };
            if let Some(field) = row.and_then(|row| row.pointer_mut(pointer)) {
                *field = value.clone();
            }
        }
        page.to_string().into_bytes()
    });
    let tally = world.pull(&[Entity::Branch, Entity::Product]).await?;
    let told = async || -> Result<Vec<(String, String)>> {
        let warned = world.host.store().warned(world.side.connection).await?.into_iter();
        let named = warned.filter_map(|(_, warning)| Some((warning.subject?, warning.field?)));
        let is_spoilt =
            |named: &(String, String)| spoilt.iter().any(|(id, field, _)| (id.to_string(), field) == (named.0.clone(), &named.1));
        Ok(named.filter(is_spoilt).collect())
    };
    let expected: Vec<_> = spoilt.iter().map(|(id, field, _)| (id.to_string(), field.clone())).collect();
    assert_eq!(told().await?, expected);
    assert!(world.host.store().refused(world.side.connection).await?.is_empty(), "no record is kept out for a price or a level");
    let all = u64::try_from(products.len())?;
    assert_eq!(tally.get("product.created") + tally.get("product.waiting"), all, "and all the others of their page are in");

    world.mirror.as_ref().unwrap().clear();
    world.pull(&[Entity::Product]).await?;
    assert!(told().await?.is_empty(), "mended there, nobody is told of them any more");
    Ok(())
}

acceptance::in_each_version!(
    every_fault_has_its_class_its_code_and_its_consequence,
    a_server_that_cannot_be_reached_was_sent_nothing,
    an_answer_that_takes_too_long_is_none,
    calling_while_locked_would_make_the_lock_longer_and_does_not_happen,
    an_order_waits_for_the_next_login_and_goes_out_once,
    an_order_waits_for_a_right_or_a_setting_that_is_missing_and_the_pulls_go_on,
    a_price_or_a_level_that_cannot_be_read_is_told_with_its_record_which_comes_in,
);
