//! Webhooks through the host's real edge: proof before anything else, facts in their order, repeats told from facts, and 200 for whatever
//! Nhanh.vn would otherwise punish.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use acceptance::delivery::{Delivery, batch};
use acceptance::dialect::{Dialect, V2, V3};
use acceptance::orders::{make, outcome};
use acceptance::plan::{Plan, VERIFY_TOKEN};
use acceptance::world::{World, until};
use anyhow::Result;
use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Verdict};
use nhanh_sim::{Event, EventKind, NewOrder, Quantity, Recipient, SaveError};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A pulled shop that keeps its stock updated.
async fn world(dialect: Dialect) -> Result<World> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    world.host.store().set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    Ok(world)
}

/// Two products and a depot that has both.
async fn goods(world: &World) -> Result<(i64, i64, i64)> {
    let depot = world.nhanh.business().depots[0];
    let sold = world.host.store().sellable(world.side.connection, 2).await?;
    Ok((sold[0].remote.parse()?, sold[1].remote.parse()?, depot))
}

/// Moves stock at Nhanh.vn without a webhook, and returns the one that would have come.
fn level(world: &World, product: i64, depot: i64, units: i64) -> Delivery {
    world.nhanh.hold_webhooks();
    world.nhanh.change_level(product, depot, |level| *level = nhanh_sim::Level { remain: Quantity::units(units), ..*level });
    world.nhanh.change_level(product, depot, |level| level.extra = Quantity::ZERO - (level.available() - level.extra - level.remain));
    world.delivery(world.side.business, &Event::InventoryChange(product)).unwrap()
}

/// Everything that a delivery could change.
fn state(world: &World) -> Result<Vec<i64>> {
    let tables =
        ["delivery", "delivery_subject", "refresh", "work", "run", "link", "nobi_product", "nobi_stock", "nobi_order", "parked_stock"];
    let mut counts = tables.iter().map(|table| world.count(&format!("SELECT count(*) FROM {table}"))).collect::<Result<Vec<_>>>()?;
    counts.push(world.count("SELECT coalesce(sum(available * 31 + provisional), 0) FROM nobi_stock")?);
    counts.push(world.count("SELECT count(*) FROM link WHERE state = 'gone'")?);
    Ok(counts)
}

fn deliveries(world: &World) -> Result<i64> {
    world.count("SELECT count(*) FROM delivery")
}

async fn the_probe_is_answered_before_there_is_a_form_or_a_grant(dialect: Dialect) -> Result<()> {
    let world = World::drafted(Plan::on_a_manual_clock(dialect)).await?;
    assert_eq!(world.post_bytes(&world.side.callback, None, Vec::new()).await?, 200, "an empty body");
    world.save_webhooks(&world.side, VERIFY_TOKEN, EventKind::all(dialect)).await?;
    world.fill_in(&world.side, &[]).await?;
    world.save_webhooks(&world.side, VERIFY_TOKEN, EventKind::all(dialect)).await?;
    assert_eq!(world.post_bytes(&world.side.callback, None, b"  \n".to_vec()).await?, 200);
    assert_eq!(world.noticed("webhook.forged").await?, 0);
    Ok(())
}

async fn a_slip_in_the_verify_token_shows_while_the_merchant_saves(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan::on_a_manual_clock(dialect)).await?;
    let slip = world.save_webhooks(&world.side, "hoa-sen-verify-2027", EventKind::all(dialect)).await;
    assert_eq!(slip, Err(SaveError::ProbeStatus(401)));
    assert_eq!(world.noticed("webhook.forged").await?, 1);
    Ok(())
}

async fn a_callback_address_that_nobody_gave_out_is_not_found(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan::on_a_manual_clock(dialect)).await?;
    assert_eq!(world.post_bytes(&world.address.webhook_url("somebody-guessed"), None, Vec::new()).await?, 404);
    Ok(())
}

/// A line of the checklist, if it is there: its verdict and its words.
async fn line(world: &World, code: &str) -> Result<Option<(Verdict, String)>> {
    let lines = world.host.check(world.side.connection).await?;
    Ok(lines.into_iter().find(|line| line.code == code).map(|line| (line.verdict, line.message.vi)))
}

/// 2.0 tells in its probe which events are ticked; in 3.0 what came is all that is known.
async fn events_that_are_not_ticked_are_told(dialect: Dialect) -> Result<()> {
    let world = World::stocked(Plan::on_a_manual_clock(dialect)).await?;
    assert_eq!(world.noticed("webhook.events-missing").await?, 0, "with all of them ticked there is nothing to tell");
    let ticked = [EventKind::OrderAdd, EventKind::ProductAdd];
    world.save_webhooks(&world.side, VERIFY_TOKEN, &ticked).await?;
    let told = world.notices().await?.into_iter().rfind(|notice| notice.code == "webhook.events-missing");
    let (verdict, words) = line(&world, "check.events").await?.expect("a probe came");
    // What one version alone has is named in the form, and nobody is told that it is missing.
    let both = ["productAdd", "productUpdate", "productDelete", "inventoryChange", "orderAdd", "orderUpdate", "orderDelete"];
    if dialect == V2 {
        let told = told.expect("a notice").vi;
        assert_eq!(verdict, Verdict::Warning);
        for event in both {
            let missing = !ticked.iter().any(|it| it.name() == event);
            assert_eq!((told.contains(event), words.contains(event)), (missing, missing), "{event}: {told} {words}");
        }
    } else {
        assert_eq!((told, verdict), (None, Verdict::Unknown));
        assert!(words.contains("Đã nhận: –") && both.iter().all(|event| words.contains(event)), "{words}");
    }
    // One that came is ticked, whatever a probe said.
    let product = goods(&world).await?.0;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.post(&world.delivery(world.side.business, &Event::ProductUpdate(product))?).await?, 200);
    let (_, words) = line(&world, "check.events").await?.expect("it is still known");
    let (_, missing) = words.rsplit_once(':').unwrap();
    assert!(!missing.contains("productUpdate") && missing.contains("productDelete"), "{words}");
    let (verdict, words) = line(&world, "check.webhooks").await?.expect("a line");
    assert!(verdict == Verdict::Ok && words.contains("gần nhất là productUpdate lúc 02/03/2026 09:01"), "{words}");
    // All of them, again: nothing is told any more.
    world.save_webhooks(&world.side, VERIFY_TOKEN, EventKind::all(dialect)).await?;
    assert_eq!(world.noticed("webhook.events-missing").await?, 0, "a notice ends with its cause");
    Ok(())
}

async fn a_wrong_token_fails_the_check_until_a_right_call_comes(dialect: Dialect) -> Result<()> {
    let world = World::connected(Plan::on_a_manual_clock(dialect)).await?;
    let webhooks = async || anyhow::Ok(line(&world, "check.webhooks").await?.expect("a line"));
    let (verdict, words) = webhooks().await?;
    assert!(verdict == Verdict::Ok && words.contains("gọi thử thành công lúc"), "a right probe: {words}");
    world.clock.advance(Duration::from_secs(60));
    let slip = world.save_webhooks(&world.side, "hoa-sen-verify-2027", EventKind::all(dialect)).await;
    assert_eq!(slip, Err(SaveError::ProbeStatus(401)));
    let (verdict, words) = webhooks().await?;
    assert!(verdict == Verdict::Failed && words.contains("lúc 02/03/2026 09:01 với verify token khác"), "{words}");
    world.clock.advance(Duration::from_secs(60));
    world.save_webhooks(&world.side, VERIFY_TOKEN, EventKind::all(dialect)).await?;
    assert_eq!((webhooks().await?.0, world.noticed("webhook.forged").await?), (Verdict::Ok, 0), "and the notice went with it");
    Ok(())
}

async fn five_four_five_is_three_facts(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let (product, _, depot) = goods(&world).await?;
    let before = deliveries(&world)?;
    for (units, shown) in [(5, 5), (4, 4), (5, 4)] {
        assert_eq!(world.post(&level(&world, product, depot, units)).await?, 200);
        assert_eq!(world.shown(product, depot).await?, Some(shown * 1_000), "an old level raises nothing");
    }
    assert_eq!(deliveries(&world)? - before, 3);
    world.work().await?;
    assert_eq!(world.shown(product, depot).await?, Some(5_000), "it comes with the read that it asks for at once");
    Ok(())
}

async fn five_four_five_is_three_facts_also_inside_batches(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let (first, second, depot) = goods(&world).await?;
    let (five, one) = (level(&world, first, depot, 5), level(&world, second, depot, 1));
    let four = level(&world, first, depot, 4);
    assert_eq!(world.post(&five).await?, 200);
    assert_eq!(world.post(&batch(&[four, one]).unwrap()).await?, 200);
    assert_eq!((world.shown(first, depot).await?, world.shown(second, depot).await?), (Some(4_000), Some(1_000)));
    level(&world, first, depot, 5);
    assert_eq!(world.post(&five).await?, 200, "the same bytes as the first");
    assert_eq!((world.shown(first, depot).await?, world.shown(second, depot).await?), (Some(4_000), Some(1_000)));
    world.work().await?;
    assert_eq!((world.shown(first, depot).await?, world.shown(second, depot).await?), (Some(5_000), Some(1_000)));
    Ok(())
}

async fn a_repeat_of_the_last_delivery_is_a_duplicate(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let (product, _, depot) = goods(&world).await?;
    let body = level(&world, product, depot, 7);
    world.post(&body).await?;
    let before = state(&world)?;
    assert_eq!(world.post(&body).await?, 200);
    // The same facts in another spelling: keys in another order, other white space.
    assert_eq!(world.post_bytes(&world.side.callback, body.authorization(), body.respelt()).await?, 200);
    assert_eq!(state(&world)?, before);
    Ok(())
}

async fn a_late_retry_is_put_right_by_the_refresh(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let (product, _, depot) = goods(&world).await?;
    let old = level(&world, product, depot, 5);
    let new = level(&world, product, depot, 4);
    world.post(&new).await?;
    world.post(&old).await?;
    assert_eq!(world.shown(product, depot).await?, Some(5_000), "an old level, for a while");
    world.later(Duration::from_secs(15 * 60)).await?;
    assert_eq!(world.shown(product, depot).await?, Some(4_000), "15 minutes later the true one");
    assert_eq!(world.count("SELECT count(*) FROM nobi_stock WHERE provisional = 1")?, 0);
    Ok(())
}

async fn a_burst_of_changes_is_refreshed_once(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let (first, second, depot) = goods(&world).await?;
    let before = world.count("SELECT count(*) FROM run")?;
    for units in 1..=10 {
        world.post(&level(&world, first, depot, units)).await?;
        world.post(&level(&world, second, depot, units)).await?;
    }
    world.later(Duration::from_secs(15 * 60)).await?;
    assert_eq!(world.count("SELECT count(*) FROM run")? - before, 1, "twenty deliveries, one refresh");
    Ok(())
}

async fn what_proves_nothing_is_refused_and_changes_nothing(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let (product, _, depot) = goods(&world).await?;
    let told = level(&world, product, depot, 3);
    let wrong = told.clone().proven_by("not-the-verify-token-1");
    let none = told.clone().unproven();
    let number = told.clone().proven_by(2026);
    let prefix = told.clone().proven_by(&VERIFY_TOKEN[..VERIFY_TOKEN.len() - 1]);
    let scheme = told.proven_by(format!("Basic {VERIFY_TOKEN}"));
    let before = state(&world)?;
    for (name, body) in
        [("wrong", wrong), ("none", none), ("a number", number), ("all but its end", prefix), ("with another word before it", scheme)]
    {
        assert_eq!(world.post(&body).await?, 401, "{name}");
        assert_eq!(state(&world)?, before, "{name}");
    }
    assert_eq!(world.post_bytes(&world.side.callback, None, b"not JSON at all".to_vec()).await?, 401);
    assert_eq!(state(&world)?, before);
    assert!(world.noticed("webhook.forged").await? >= 4);
    Ok(())
}

#[tokio::test]
async fn in_3_0_the_token_may_stand_behind_the_word_bearer() -> Result<()> {
    let world = world(V3).await?;
    let (product, _, depot) = goods(&world).await?;
    let told = level(&world, product, depot, 3).proven_by(format!("Bearer {VERIFY_TOKEN}"));
    assert_eq!(world.post(&told).await?, 200);
    assert_eq!(world.shown(product, depot).await?, Some(3_000));
    Ok(())
}

async fn what_is_proven_and_means_nothing_is_answered_200_and_changes_nothing(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let proven = |body: Value| Delivery::new(dialect, body, VERIFY_TOKEN);
    let business = world.side.business;
    let theirs = world.nhanh.add_business("Cửa hàng khác", nhanh_sim::ShopSize::small());
    let foreign = world.nhanh.products(theirs.id)[0].id;
    let cases = [
        ("no event", proven(json!({ "businessId": business, "data": {} }))),
        ("an event that is no text", proven(json!({ "event": 7, "businessId": business, "data": {} }))),
        ("an unknown event", proven(json!({ "event": "warrantyAdd", "businessId": business, "data": { "id": 1 } }))),
        ("no data", proven(json!({ "event": "inventoryChange", "businessId": business }))),
        ("data that is a word", proven(json!({ "event": "inventoryChange", "businessId": business, "data": "soon" }))),
        ("data without ids", proven(json!({ "event": "orderDelete", "businessId": business, "data": [] }))),
        ("a business that is an object", proven(json!({ "event": "productAdd", "businessId": {}, "data": { "productId": 1 } }))),
        ("another business", world.delivery(theirs.id, &Event::ProductAdd(foreign))?),
        ("another business' stock", world.delivery(theirs.id, &Event::InventoryChange(foreign))?),
    ];
    let before = state(&world)?;
    for (name, body) in cases {
        assert_eq!(world.post(&body).await?, 200, "{name}");
        assert_eq!(state(&world)?, before, "{name}");
    }
    Ok(())
}

async fn without_a_verify_token_nothing_is_believed_and_the_merchant_is_told(dialect: Dialect) -> Result<()> {
    let plan = Plan { verify_token: None, ..Plan::on_a_manual_clock(dialect) };
    let world = World::stocked(plan).await?;
    world.host.store().set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
    let (product, _, depot) = goods(&world).await?;
    let body = level(&world, product, depot, 9);
    let bare = body.clone().unproven();
    let before = state(&world)?;
    for body in [&body, &bare] {
        assert_eq!(world.post(body).await?, 200);
        assert_eq!(state(&world)?, before);
    }
    assert_eq!(world.noticed("webhook.no-token").await?, 2);
    world.save_webhooks(&world.side, "whatever-it-is-1", EventKind::all(dialect)).await?;
    assert_eq!(world.noticed("webhook.no-token").await?, 2, "a probe is still answered, and is nothing to be told of");
    Ok(())
}

async fn an_update_of_our_order_shows_beside_it(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let order = make(&world, "tracked").await?;
    world.work().await?;
    let remote: i64 = outcome(&world, &order).await?.remote.unwrap().parse()?;
    world.nhanh.set_status(remote, "Packed");
    world.nhanh.webhooks_idle().await;
    let status: String = world.sql()?.query_row("SELECT remote_status FROM nobi_order WHERE id = ?1", [&order.id], |row| row.get(0))?;
    let status: Value = serde_json::from_str(&status)?;
    assert_eq!(status["code"], "Packed");
    Ok(())
}

async fn an_order_of_somebody_else_costs_no_request(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let before = world.nhanh.requests().len();
    let recipient = Recipient { name: "Khách lẻ".to_owned(), mobile: "0987654321".to_owned(), ..Recipient::default() };
    let marketplace = NewOrder { own_id: Some("SHOPEE-1".to_owned()), status: "New".to_owned(), recipient, ..NewOrder::default() };
    let order = world.nhanh.add_order(world.side.business, marketplace).unwrap();
    world.nhanh.set_status(order, "Packed");
    world.nhanh.webhooks_idle().await;
    let told: Vec<_> = world.nhanh.deliveries().into_iter().filter(|one| one.event.starts_with("order")).map(|one| one.status).collect();
    assert_eq!(told, [Some(200), Some(200)]);
    world.later(Duration::from_secs(3_600)).await?;
    assert_eq!(world.nhanh.requests().len(), before);
    Ok(())
}

async fn a_record_deleted_there_is_marked_and_stays_at_nobi(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let (product, _, _) = goods(&world).await?;
    let before = world.host.store().nobi_counts(&world.side.tenant).await?;
    world.nhanh.delete_product(product);
    world.nhanh.webhooks_idle().await;
    assert_eq!(world.count(&format!("SELECT count(*) FROM link WHERE entity = 'product' AND remote = '{product}' AND state = 'gone'"))?, 1);
    assert_eq!(world.host.store().nobi_counts(&world.side.tenant).await?.products, before.products);
    Ok(())
}

/// What comes back at once: nothing where nobody is there any more.
async fn answered(connection: &mut TcpStream) -> String {
    let mut answer = [0; 1_024];
    let read = connection.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

/// On one thread, where what was told to end and has not yet is asked before it does.
#[tokio::test]
async fn a_host_that_is_down_answers_nobody_on_connections_that_were_open() -> Result<()> {
    let mut world = World::drafted(Plan::on_a_manual_clock(V3)).await?;
    let url = reqwest::Url::parse(&world.side.callback)?;
    let request = format!("POST {} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 0\r\n\r\n", url.path());
    let mut open = Vec::new();
    for _ in 0..200 {
        let mut connection = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await?;
        connection.write_all(request.as_bytes()).await?;
        assert!(answered(&mut connection).await.starts_with("HTTP/1.1 200"));
        open.push(connection);
    }
    world.shut_edge().await;
    for connection in &mut open {
        // One that is shut may say so here already.
        let _ = connection.write_all(request.as_bytes()).await;
    }
    for connection in &mut open {
        assert_eq!(answered(connection).await, "");
    }
    Ok(())
}

async fn what_a_host_that_was_down_missed_is_delivered_again(dialect: Dialect) -> Result<()> {
    for status in [500, 503] {
        // The first retry soon, the others however long the start takes.
        let retry_after = [1, 5, 20].map(Duration::from_secs);
        let plan = Plan { retry_after, ..Plan::on_a_manual_clock(dialect) };
        let mut world = World::stocked(plan).await?;
        world.host.store().set_policy(world.side.connection, Entity::Stock, Policy::KeepUpdated).await?;
        let (product, _, depot) = goods(&world).await?;
        world.stand_in(status).await?;
        world.nhanh.change_level(product, depot, |level| *level = nhanh_sim::Level { remain: Quantity::units(77), ..Default::default() });
        let nhanh = world.nhanh.clone();
        until("the delivery fails", || nhanh.deliveries().last().is_some_and(|one| one.status == Some(status))).await?;
        assert_ne!(world.shown(product, depot).await?, Some(77_000));
        world.restart().await?;
        world.nhanh.webhooks_idle().await;
        let last = world.nhanh.deliveries().pop().unwrap();
        assert_eq!(last.status, Some(200));
        assert!(last.attempt >= 2, "the same delivery, again");
        assert_eq!(world.shown(product, depot).await?, Some(77_000));
    }
    Ok(())
}

acceptance::in_each_version!(
    the_probe_is_answered_before_there_is_a_form_or_a_grant,
    a_slip_in_the_verify_token_shows_while_the_merchant_saves,
    a_callback_address_that_nobody_gave_out_is_not_found,
    events_that_are_not_ticked_are_told,
    a_wrong_token_fails_the_check_until_a_right_call_comes,
    five_four_five_is_three_facts,
    five_four_five_is_three_facts_also_inside_batches,
    a_repeat_of_the_last_delivery_is_a_duplicate,
    a_late_retry_is_put_right_by_the_refresh,
    a_burst_of_changes_is_refreshed_once,
    what_proves_nothing_is_refused_and_changes_nothing,
    what_is_proven_and_means_nothing_is_answered_200_and_changes_nothing,
    without_a_verify_token_nothing_is_believed_and_the_merchant_is_told,
    an_update_of_our_order_shows_beside_it,
    an_order_of_somebody_else_costs_no_request,
    a_record_deleted_there_is_marked_and_stays_at_nobi,
    what_a_host_that_was_down_missed_is_delivered_again,
);
