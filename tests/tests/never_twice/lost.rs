//! Nothing of an order is lost in silence: what Nobi wanted of it is done at Nhanh.vn once it can be, or a person is told why not; and nothing is
//! done against staff.

use std::time::Duration;

use acceptance::dialect::Call::{OrderAdd, OrderEdit, Orders};
use acceptance::dialect::Dialect;
use acceptance::orders::{copies, ended, ending, make, order, outcome, settle, stands, tell};
use acceptance::plan::Plan;
use acceptance::world::World;
use anyhow::Result;
use connector_host::contract::Scope;
use connector_host::contract::orders::{Order, OrderEventKind, PartyRole, Reconciliation};
use connector_host::contract::types::Entity;
use connector_host::store::Trigger;
use nhanh_sim::{Event, Fault, NewOrder};

use crate::{order_to, world};

async fn staff_corrects_the_phone_of_a_lost_order_and_it_is_there_once(dialect: Dialect) -> Result<()> {
    for told in [false, true] {
        let world = world(dialect).await?;
        if !told {
            world.nhanh.hold_webhooks();
        }
        world.next(OrderAdd, Fault::AnswerLostAfterEffect);
        let order = make(&world, "corrected").await?;
        world.work().await?;
        let remote = world.nhanh.ledger().pop().unwrap().id;
        assert!(world.nhanh.edit_phone(remote, "0987654321"));
        settle(&world, &order).await?;
        assert_eq!(
            (ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(OrderAdd)),
            ("adopted", 1, 1),
            "told: {told}"
        );
        let told = outcome(&world, &order).await?.outcome.unwrap().to_string();
        assert!(told.contains("order.adopted-phone-differs"), "people see it: {told}");
    }
    Ok(())
}

async fn a_refusal_whose_code_is_false_reaches_a_person_at_once(dialect: Dialect) -> Result<()> {
    let plan = Plan { mirrored: true, verify_token: None, ..Plan::on_a_manual_clock(dialect) };
    let world = World::stocked(plan).await?;
    let add = world.path(OrderAdd);
    let refusal = r#"{"code":false,"messages":["Số điện thoại không hợp lệ"]}"#;
    world.mirror.as_ref().unwrap().rewrite(move |asked, reply| if asked.path == add { refusal.as_bytes().to_vec() } else { reply });
    let order = make(&world, "refused").await?;
    world.work().await?;
    world.later(Duration::from_secs(3_600)).await?;
    let one = outcome(&world, &order).await?;
    assert_eq!((one.state.as_str(), world.asked(OrderAdd)), ("failed", 1), "{one}");
    assert!(one.to_string().contains("Số điện thoại không hợp lệ"), "{one}");
    Ok(())
}

async fn a_cancel_behind_a_lost_create_is_done_once_the_order_shows(dialect: Dialect) -> Result<()> {
    for told in [false, true] {
        let world = world(dialect).await?;
        if !told {
            world.nhanh.hold_webhooks();
        }
        world.next(OrderAdd, Fault::LateEffect(Duration::from_secs(60)));
        let order = make(&world, "regretted").await?;
        world.work().await?;
        tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
        settle(&world, &order).await?;
        assert_eq!((ended(&world, &order, 2).await?.as_str(), copies(&world, &order)), ("updated", 1), "told: {told}");
        assert_eq!(stands(&world, &order).as_deref(), Some("Canceled"));
    }
    Ok(())
}

async fn a_cancel_of_a_fresh_order_waits_until_it_shows(dialect: Dialect) -> Result<()> {
    for kind in [OrderEventKind::Cancelled(PartyRole::Seller), OrderEventKind::Deleted] {
        let world = world(dialect).await?;
        let order = make(&world, "fresh").await?;
        world.work().await?;
        world.clock.advance(Duration::from_secs(2));
        tell(&world, &order, 2, kind).await?;
        let took = settle(&world, &order).await?;
        assert_eq!((ended(&world, &order, 2).await?.as_str(), stands(&world, &order).as_deref()), ("updated", Some("Aborted")));
        assert!(took >= Duration::from_secs(58), "it does not show before: {took:?}");
    }
    Ok(())
}

async fn a_lost_create_is_adopted_by_itself_after_a_minute(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.nhanh.hold_webhooks();
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    let order = make(&world, "minute").await?;
    let took = settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order), world.asked(OrderAdd)), ("adopted", 1, 1));
    assert!(took >= Duration::from_secs(60) && took <= Duration::from_secs(120), "{took:?}");
    Ok(())
}

async fn what_never_came_and_shows_later_gets_its_cancel_then(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.nhanh.hold_webhooks();
    world.next(OrderAdd, Fault::LateEffect(Duration::from_secs(7_200)));
    let order = make(&world, "much-later").await?;
    world.work().await?;
    let remote = world.nhanh.ledger().pop().unwrap().id;
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    settle(&world, &order).await?;
    assert_eq!(ended(&world, &order, 2).await?, "skip.never-arrived");
    world.later(Duration::from_secs(7_200)).await?;
    // A delivery of the order comes, however late it is.
    let told = world.delivery(world.side.business, &Event::OrderAdd(remote))?;
    assert_eq!(world.post(&told).await?, 200);
    settle(&world, &order).await?;
    assert_eq!((ended(&world, &order, 2).await?.as_str(), stands(&world, &order).as_deref()), ("updated", Some("Canceled")));
    Ok(())
}

async fn an_edit_that_nhanh_does_not_heed_is_repeated_once_and_then_a_task(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let order = make(&world, "unheeded").await?;
    world.work().await?;
    world.later(Duration::from_secs(300)).await?;
    world.nhanh.faults().switch(|it| it.edits_unheeded = true);
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    let took = settle(&world, &order).await?;
    assert_eq!((ended(&world, &order, 2).await?.as_str(), world.asked(OrderEdit)), ("order.status-not-taken", 2));
    assert!(took >= Duration::from_secs(120), "{took:?}");
    Ok(())
}

async fn a_lost_order_that_cannot_be_settled_for_an_hour_is_told_and_closes_itself(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.nhanh.hold_webhooks();
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    let order = make(&world, "blind").await?;
    world.work().await?;
    // The list answers, and never with anything that can be read.
    world.nhanh.faults().always(world.path(Orders), Fault::Foreign);
    for _ in 0..30 {
        world.later(Duration::from_secs(300)).await?;
    }
    let letters = world.host.dead_letters(world.side.connection).await?;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(outcome(&world, &order).await?.state, "waiting", "it is tried on");
    assert_eq!(world.noticed(&letters[0].code).await?, 1);
    world.nhanh.faults().clear();
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("adopted", 1));
    assert!(world.host.dead_letters(world.side.connection).await?.is_empty(), "the task closed itself");
    Ok(())
}

async fn an_order_of_before_the_connection_is_never_passed_over_in_silence(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let kinds =
        [OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted, OrderEventKind::Reconciled(Reconciliation::Delivered)];
    for (number, kind) in kinds.into_iter().enumerate() {
        let mut order = order(&world, &format!("old-{number}")).await?;
        order.created -= 86_400_000;
        tell(&world, &order, 1, kind).await?;
        world.work().await?;
        assert_eq!(
            (ending(&world, &order).await?.as_str(), outcome(&world, &order).await?.state.as_str()),
            ("order.before-connection", "failed")
        );
    }
    Ok(())
}

async fn an_edit_after_the_send_is_told_where_the_parcel_depends_on_it(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let mut order = make(&world, "edited").await?;
    world.work().await?;
    let state = async |sequence: usize| -> Result<(String, String)> {
        let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
        Ok((outcomes[sequence - 1].state.clone(), outcomes[sequence - 1].outcome.as_ref().unwrap().to_string()))
    };
    let paid = |order: &Order, deposit: i64| Order { deposit, to_collect: order.to_collect - deposit, ..order.clone() };
    let (note, topped_up) = (Order { note: Some("Gọi trước".to_owned()), ..order.clone() }, paid(&order, 10_000));
    tell(&world, &note, 2, OrderEventKind::Updated).await?;
    world.work().await?;
    assert_eq!(state(2).await?.0, "skipped", "nothing of the parcel depends on a note");
    tell(&world, &topped_up, 3, OrderEventKind::Updated).await?;
    world.work().await?;
    let (how, told) = state(3).await?;
    assert_eq!(how, "failed", "{told}");
    assert!(
        told.contains("order.diverged") && told.contains(&order.to_collect.to_string()) && told.contains(&topped_up.to_collect.to_string()),
        "{told}"
    );
    // Taken back, there is nothing left to do.
    tell(&world, &order, 4, OrderEventKind::Updated).await?;
    world.work().await?;
    assert_eq!((state(3).await?.0.as_str(), state(4).await?.0.as_str()), ("skipped", "skipped"));
    // Packed, it is told beside the skip.
    let remote: i64 = outcome(&world, &order).await?.remote.unwrap().parse()?;
    world.nhanh.set_status(remote, "Packed");
    world.nhanh.webhooks_idle().await;
    order.recipient.phone = "0900000009".to_owned();
    tell(&world, &order, 5, OrderEventKind::Updated).await?;
    world.work().await?;
    let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
    let told = outcomes[4].outcome.as_ref().unwrap();
    assert_eq!((outcomes[4].state.as_str(), told["diverged"][0]["field"].as_str()), ("skipped", Some("phone")), "{told}");
    assert!(!told.to_string().contains("0900000009"), "a phone is told by its end alone: {told}");
    Ok(())
}

async fn what_staff_revived_is_one_task_and_never_sent(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let order = make(&world, "revived").await?;
    world.work().await?;
    world.later(Duration::from_secs(300)).await?;
    tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
    settle(&world, &order).await?;
    let remote: i64 = outcome(&world, &order).await?.remote.unwrap().parse()?;
    let edits = world.asked(OrderEdit);
    world.clock.advance(Duration::from_secs(3_600));
    world.nhanh.set_status(remote, "Confirmed");
    let read = async || -> Result<()> {
        let ids = Scope::Only(vec![remote.to_string()]);
        world.host.sync(world.side.connection, Entity::OrderStatus, ids, Trigger::Click).await?;
        world.work().await
    };
    read().await?;
    read().await?;
    assert_eq!((ended(&world, &order, 2).await?.as_str(), world.asked(OrderEdit)), ("order.revived", edits));
    world.nhanh.set_status(remote, "Canceled");
    read().await?;
    assert_eq!(ended(&world, &order, 2).await?, "already", "called off again, the task closes itself");
    Ok(())
}

async fn an_order_that_is_gone_needs_no_cancel_and_one_that_only_hides_is_a_task(dialect: Dialect) -> Result<()> {
    for told in [true, false] {
        let world = world(dialect).await?;
        let order = make(&world, "gone").await?;
        world.work().await?;
        world.later(Duration::from_secs(300)).await?;
        let remote: i64 = outcome(&world, &order).await?.remote.unwrap().parse()?;
        let ids = Scope::Only(vec![remote.to_string()]);
        world.host.sync(world.side.connection, Entity::OrderStatus, ids, Trigger::Click).await?;
        world.work().await?;
        if !told {
            world.nhanh.hold_webhooks();
        }
        world.clock.advance(Duration::from_secs(60));
        world.nhanh.delete_order(remote);
        if told {
            world.nhanh.webhooks_idle().await;
        }
        tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
        settle(&world, &order).await?;
        if !told {
            assert_eq!(ended(&world, &order, 2).await?, "order.not-found", "nobody said that it was deleted");
            world.later(Duration::from_secs(1)).await?;
            world.later(Duration::from_secs(3_700)).await?;
            settle(&world, &order).await?;
        }
        assert_eq!(ended(&world, &order, 2).await?, "already", "told: {told}");
    }
    Ok(())
}

async fn an_order_that_went_into_another_is_a_task_that_names_both(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    let sent = async |name: &str| -> Result<(Order, i64)> {
        let order = order_to(&world, name).await?;
        tell(&world, &order, 1, OrderEventKind::Created).await?;
        world.work().await?;
        world.later(Duration::from_secs(300)).await?;
        let remote = outcome(&world, &order).await?.remote.unwrap().parse()?;
        Ok((order, remote))
    };
    let cancelled = async |order: &Order| -> Result<(String, String)> {
        world.nhanh.webhooks_idle().await;
        tell(&world, order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
        settle(&world, order).await?;
        let outcomes = world.host.store().order_outcomes(world.side.connection, &order.id).await?;
        Ok((ended(&world, order, 2).await?, outcomes[1].outcome.as_ref().unwrap().to_string()))
    };
    // Merged into one to the same phone.
    let (first, merged) = sent("merged").await?;
    let mut second = order(&world, "into").await?;
    second.recipient.phone.clone_from(&first.recipient.phone);
    tell(&world, &second, 1, OrderEventKind::Created).await?;
    world.work().await?;
    world.later(Duration::from_secs(300)).await?;
    let into: i64 = outcome(&world, &second).await?.remote.unwrap().parse()?;
    assert!(world.nhanh.merge_orders(into, merged));
    let (how, told) = cancelled(&first).await?;
    assert_eq!((how.as_str(), stands(&world, &second).as_deref()), ("order.merged", Some("New")), "{told}");
    assert!(told.contains(&merged.to_string()) && told.contains(&into.to_string()), "{told}");
    // Copied, and then deleted.
    let (order, copied) = sent("copied").await?;
    let copy = world.nhanh.copy_order(copied).unwrap();
    assert!(world.nhanh.delete_order(copied));
    let (how, told) = cancelled(&order).await?;
    assert_eq!(how, "order.merged", "{told}");
    assert!(told.contains(&copied.to_string()) && told.contains(&copy.to_string()), "{told}");
    // Deleted and nothing else, while another to the same phone lives.
    let (order, deleted) = sent("deleted").await?;
    let other = Order { id: "order-beside".to_owned(), code: "DH-beside".to_owned(), ..order.clone() };
    tell(&world, &other, 1, OrderEventKind::Created).await?;
    world.work().await?;
    world.later(Duration::from_secs(300)).await?;
    assert!(world.nhanh.delete_order(deleted));
    let (how, told) = cancelled(&order).await?;
    assert_eq!((how.as_str(), told.contains("order.gone")), ("already", true), "{told}");
    assert_eq!(world.asked(OrderEdit), 0, "nothing was sent");
    Ok(())
}

async fn a_change_without_an_answer_is_read_before_it_is_sent_again(dialect: Dialect) -> Result<()> {
    // Fault, how it ends, changes that were sent.
    let cases = [
        ("the answer is lost", Fault::AnswerLostAfterEffect, 1),
        ("it says that it is busy", Fault::Busy, 1),
        ("HTML after the effect", Fault::HtmlAfterEffect(502), 1),
        ("500 without effect", Fault::ServerError, 2),
        ("HTML without effect", Fault::Html(503), 2),
    ];
    for (number, (name, fault, sends)) in cases.into_iter().enumerate() {
        let world = world(dialect).await?;
        let order = make(&world, &format!("change-{number}")).await?;
        world.work().await?;
        world.later(Duration::from_secs(300)).await?;
        world.next(OrderEdit, fault);
        tell(&world, &order, 2, OrderEventKind::Cancelled(PartyRole::Buyer)).await?;
        let took = settle(&world, &order).await?;
        let end = (ended(&world, &order, 2).await?, stands(&world, &order), world.asked(OrderEdit));
        assert_eq!(end, ("updated".to_owned(), Some("Canceled".to_owned()), sends), "{name}");
        assert_eq!(took >= Duration::from_secs(120), sends > 1, "{name}: sent again only once it must show: {took:?}");
    }
    Ok(())
}

async fn an_order_whose_row_has_a_false_where_a_text_should_be_is_settled(dialect: Dialect) -> Result<()> {
    let plan = Plan { mirrored: true, ..Plan::on_a_manual_clock(dialect) };
    let world = World::stocked(plan).await?;
    world.nhanh.hold_webhooks();
    world.mirror.as_ref().unwrap().rewrite(|_, reply| {
        let text = String::from_utf8(reply).unwrap();
        text.replace(r#""carrierCode":"""#, r#""carrierCode":false"#)
            .replace(r#""carrierCode":null"#, r#""carrierCode":false"#)
            .into_bytes()
    });
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    let order = make(&world, "false").await?;
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), copies(&world, &order)), ("adopted", 1));
    Ok(())
}

async fn what_a_person_sends_again_is_looked_up_first(dialect: Dialect) -> Result<()> {
    let world = world(dialect).await?;
    world.nhanh.hold_webhooks();
    world.next(OrderAdd, Fault::AnswerLostAfterEffect);
    let order = make(&world, "again").await?;
    world.work().await?;
    // Before it shows staff makes an exchange of it, which has its own id as well: that is a person's to look at.
    let made = world.nhanh.order(world.nhanh.ledger().pop().unwrap().id).unwrap();
    let (own_id, status) = (made.own_id.clone(), "New".to_owned());
    let exchange = NewOrder { own_id, type_id: 12, status, recipient: made.recipient.clone(), ..NewOrder::default() };
    world.nhanh.add_order(world.side.business, exchange).unwrap();
    settle(&world, &order).await?;
    assert_eq!(ending(&world, &order).await?, "order.found-as-child");
    world.clock.advance(Duration::from_secs(300));
    let letters = world.host.store().dead_letters(world.side.connection).await?.into_iter().map(|letter| letter.id).collect();
    world.host.replay_letters(world.side.connection, letters).await?;
    settle(&world, &order).await?;
    assert_eq!((ending(&world, &order).await?.as_str(), world.asked(OrderAdd)), ("adopted", 1));
    Ok(())
}

acceptance::in_each_version!(
    what_a_person_sends_again_is_looked_up_first,
    staff_corrects_the_phone_of_a_lost_order_and_it_is_there_once,
    a_refusal_whose_code_is_false_reaches_a_person_at_once,
    a_cancel_behind_a_lost_create_is_done_once_the_order_shows,
    a_cancel_of_a_fresh_order_waits_until_it_shows,
    a_lost_create_is_adopted_by_itself_after_a_minute,
    what_never_came_and_shows_later_gets_its_cancel_then,
    an_edit_that_nhanh_does_not_heed_is_repeated_once_and_then_a_task,
    a_lost_order_that_cannot_be_settled_for_an_hour_is_told_and_closes_itself,
    an_order_of_before_the_connection_is_never_passed_over_in_silence,
    an_edit_after_the_send_is_told_where_the_parcel_depends_on_it,
    what_staff_revived_is_one_task_and_never_sent,
    an_order_that_is_gone_needs_no_cancel_and_one_that_only_hides_is_a_task,
    an_order_that_went_into_another_is_a_task_that_names_both,
    a_change_without_an_answer_is_read_before_it_is_sent_again,
    an_order_whose_row_has_a_false_where_a_text_should_be_is_settled,
);
