//! Changes of status: the whole table through `push`, what is not found, and what was answered but does not show.

use super::linked;
use crate::push::{plan, push};
use crate::testing::{NOW, Script, TALKS, Talk, event, fresh};
use crate::wit::connector::OrderPlan;
use crate::wit::exchange::{PushOutcome, Unsettled};
use crate::wit::http::Error;
use crate::wit::orders::{Earlier, Order, OrderEventKind, PartyRole, Person, Reconciliation};
use crate::wit::types::{Failure, FailureClass};

const SECOND: i64 = 1_000;

fn wanted_status(kind: &OrderEventKind) -> &'static str {
    match kind {
        OrderEventKind::Cancelled(PartyRole::Buyer) => "Canceled",
        OrderEventKind::Reconciled(_) => "Success",
        _ => "Aborted",
    }
}

/// The events that ask for a status.
const CHANGES: [OrderEventKind; 3] =
    [OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted, OrderEventKind::Reconciled(Reconciliation::Delivered)];

fn push_linked(talk: &Talk, kind: &OrderEventKind, earlier: &Earlier, script: &mut Script) -> Result<PushOutcome, Failure> {
    push(&talk.context(), &event(kind.clone(), linked()), earlier, script)
}

fn unsettled(outcome: Result<PushOutcome, Failure>) -> Unsettled {
    match outcome {
        Ok(PushOutcome::Unsettled(unsettled)) => unsettled,
        other => panic!("{other:?}"),
    }
}

/// A create was sent, and answered, so long ago.
fn answered(ago: i64) -> Earlier {
    Earlier { first_sent: Some(NOW - ago), last_sent: Some(NOW - ago), ..fresh() }
}

/// A change was sent, and answered, so long ago each.
fn changed(ago: &[i64]) -> Earlier {
    Earlier { status_sent: ago.iter().map(|it| NOW - it).collect(), ..answered(3_600 * SECOND) }
}

/// Every cell of the table of statuses, through `push`.
#[test]
fn the_table_of_statuses_holds() {
    use OrderEventKind::{Cancelled, Deleted, Reconciled};
    let groups: [(&[&str], [&str; 4]); 7] = [
        (&["New", "Confirming", "Confirmed"], ["send", "send", "send", "conflict"]),
        (&["CustomerConfirming", "ChangeDepot", "SoldOut", "InProduction"], ["try", "try", "send", "conflict"]),
        // At Pickup one of the dialects can ask the carrier first.
        (&["Packing", "Packed", "Shipping"], ["conflict", "conflict", "send", "conflict"]),
        (&["Success"], ["conflict", "skip", "done", "conflict"]),
        (&["Canceled", "Aborted", "CarrierCanceled"], ["done", "done", "conflict", "done"]),
        (&["Failed", "Returning", "Returned", "ConfirmReturned"], ["warned", "skip", "conflict", "done"]),
        (&[""], ["conflict", "conflict", "conflict", "conflict"]),
    ];
    let events: [(&[OrderEventKind], usize); 4] = [
        (&[Cancelled(PartyRole::Buyer), Cancelled(PartyRole::Seller), Cancelled(PartyRole::Carrier), Cancelled(PartyRole::Unknown)], 0),
        (&[Deleted], 1),
        (&[Reconciled(Reconciliation::Delivered)], 2),
        (&[Reconciled(Reconciliation::Returned), Reconciled(Reconciliation::PartlyReturned)], 3),
    ];
    for (statuses, row) in groups {
        for status in statuses {
            for (kinds, column) in &events {
                for kind in *kinds {
                    for talk in &TALKS {
                        cell(talk, status, kind, row[*column]);
                    }
                }
            }
        }
    }
}

/// Before a cancel or a delete is sent, the orders to the phone are looked through for one that Nhanh made of this one.
fn looks_first(kind: &OrderEventKind) -> bool {
    !matches!(kind, OrderEventKind::Reconciled(_))
}

fn cell(talk: &Talk, status: &str, kind: &OrderEventKind, expected: &str) {
    use OrderEventKind::Reconciled;
    let read = if status.is_empty() { talk.none.to_owned() } else { talk.ours(status) };
    let run = |reply: &str, after: &str| {
        let looked = if looks_first(kind) { vec![read.as_str()] } else { Vec::new() };
        let mut script = Script::of(&[&[read.as_str()], looked.as_slice(), &[reply, after]].concat());
        let outcome = push(&talk.context(), &event(kind.clone(), linked()), &fresh(), &mut script);
        (outcome, script)
    };
    let done = talk.ours(wanted_status(kind));
    let taken_back = status == "Success" && matches!(kind, Reconciled(Reconciliation::Returned | Reconciliation::PartlyReturned));
    let (outcome, script) = run(if taken_back { &read } else { talk.updated }, &done);
    let told = match &outcome {
        Ok(PushOutcome::Updated(_)) => "send",
        Ok(PushOutcome::Already(pushed)) if pushed.warnings.is_empty() => "done",
        Ok(PushOutcome::Already(_)) => "warned",
        Ok(PushOutcome::Skipped(_)) => "skip",
        Err(failure) if failure.class == FailureClass::Conflict => "conflict",
        _ => "?",
    };
    let wanted = if expected == "try" { "send" } else { expected };
    assert_eq!(told, wanted, "{status} {kind:?} {outcome:?}");
    if wanted == "send" {
        let looked = if looks_first(kind) { &[talk.list][..] } else { &[] };
        assert_eq!(script.paths(), [&[talk.list], looked, &[talk.edit, talk.list]].concat());
        assert_eq!(script.asked[1 + looked.len()].1, talk.set_status(wanted_status(kind)));
        let no = r#"{"code":0,"messages":["Không thể đổi trạng thái"]}"#;
        assert_eq!(run(no, &read).0.unwrap_err().class, FailureClass::Conflict);
        // An earlier try may have done it, whether or not anybody here knows of it.
        assert!(matches!(run(no, &done).0, Ok(PushOutcome::Updated(_))));
        let (limited, _) = run(r#"{"code":0,"errorCode":"ERR_429"}"#, &done);
        assert!(matches!(limited.unwrap_err().class, FailureClass::RateLimited(_)));
        for unclear in ["<html>", r#"{"code":0,"messages":["Hệ thống bận"]}"#] {
            assert_eq!(run(unclear, &done).0.unwrap_err().class, FailureClass::Ambiguous);
        }
    } else {
        // A success whose goods are told to have come back may have been delivered in part, which another order tells.
        let looked = if taken_back { &[talk.list][..] } else { &[] };
        assert_eq!(script.paths(), [&[talk.list], looked].concat());
    }
}

#[test]
fn a_conflict_says_both_statuses() {
    for talk in &TALKS {
        let failure =
            push(&talk.context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut Script::of(&[&talk.ours("Shipping")]))
                .unwrap_err();
        assert_eq!(failure.code, "order.cancel-too-late");
        assert!(
            failure.message.vi.contains("Nobi Pro: xóa") && failure.message.vi.contains("Nhanh.vn: Đang chuyển"),
            "{}",
            failure.message.vi
        );
    }
}

#[test]
fn a_refused_change_names_nobody_of_the_order() {
    for talk in &TALKS {
        let buyer = Person { name: "Lê Thị B".to_owned(), phone: "090 000 0002".to_owned(), email: None };
        let order = Order { buyer: Some(buyer), ..linked() };
        let no = r#"{"code":0,"messages":["Khách Lê Thị B (090 000 0002) đã bị chặn"]}"#;
        let new = talk.ours("New");
        let mut script = Script::of(&[&new, &new, no, &new]);
        let failure = push(&talk.context(), &event(OrderEventKind::Deleted, order), &fresh(), &mut script).unwrap_err();
        let said = failure.message.arguments.iter().find(|it| it.name == "said").map(|it| it.value.as_str());
        assert_eq!(said, Some("Khách … (…) đã bị chặn"));
        let ends = "(Nobi Pro: xóa; Nhanh.vn: Đơn mới).";
        assert_eq!(failure.message.vi, format!("Nhanh.vn từ chối đổi trạng thái: Khách … (…) đã bị chặn {ends}"));
        let silent = r#"{"code":0,"errorCode":"ERR_INVALID_FORM_FIELDS"}"#;
        let mut script = Script::of(&[&new, &new, silent, &new]);
        let failure = push(&talk.context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut script).unwrap_err();
        assert_eq!(failure.message.vi, format!("Nhanh.vn từ chối đổi trạng thái: ERR_INVALID_FORM_FIELDS {ends}"));
    }
}

#[test]
fn an_order_of_somebody_else_is_never_changed() {
    for talk in &TALKS {
        let mut script = Script::of(&[&talk.found("zz99-W-1001", "0900000001", 140_000, "New")]);
        let failure = push(&talk.context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut script).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.not-ours", FailureClass::Conflict));
        let mut script = Script::of(&[&talk.found("", "0900000001", 140_000, "New")]);
        let failure = push(&talk.context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut script).unwrap_err();
        assert_eq!(failure.code, "order.not-ours", "an own id is what makes it ours");
    }
}

#[test]
fn a_planned_status_change_is_the_request_that_would_be_sent() {
    for talk in &TALKS {
        let event = event(OrderEventKind::Cancelled(PartyRole::Seller), linked());
        let Ok(OrderPlan::SetStatus(plan)) = plan(&talk.context(), &event) else { panic!() };
        assert!(plan.request.path.ends_with(talk.edit));
        assert_eq!(crate::testing::data(&plan.request), talk.set_status("Aborted"));
    }
}

#[test]
fn an_order_that_was_sent_just_now_and_does_not_show_is_looked_at_again() {
    for talk in &TALKS {
        for kind in CHANGES.into_iter().chain([OrderEventKind::Reconciled(Reconciliation::Returned)]) {
            let mut script = Script::of(&[talk.none]);
            let unsettled = unsettled(push_linked(talk, &kind, &answered(2 * SECOND), &mut script));
            assert_eq!((unsettled.again, unsettled.sent, unsettled.sweep_from), (NOW + 30 * SECOND, false, None));
            assert_eq!(script.paths(), [talk.list], "nothing is sent");
            let late = push_linked(talk, &kind, &answered(120 * SECOND), &mut Script::of(&[talk.none])).unwrap_err();
            let code = if matches!(kind, OrderEventKind::Reconciled(_)) { "order.reconciled-not-found" } else { "order.not-found" };
            assert_eq!((late.code.as_str(), late.class, late.subject.as_deref()), (code, FailureClass::Conflict, Some("125123098")));
        }
    }
}

#[test]
fn an_edit_that_does_not_know_a_fresh_order_is_made_again() {
    for talk in &TALKS {
        for said in ["Đơn hàng không tồn tại", "Order not found"] {
            let no = format!(r#"{{"code":0,"messages":["{said}"]}}"#);
            let new = talk.ours("New");
            let edit = |ago| push_linked(talk, &OrderEventKind::Deleted, &answered(ago), &mut Script::of(&[&new, &new, &no, &new]));
            assert!(!unsettled(edit(60 * SECOND)).sent, "a refusal changed nothing");
            assert_eq!(edit(120 * SECOND).unwrap_err().code, "order.update-refused");
        }
    }
}

#[test]
fn an_order_that_is_gone_needs_no_cancel_and_people_are_told() {
    for talk in &TALKS {
        let earlier = Earlier { gone: true, ..answered(7_200 * SECOND) };
        for kind in [OrderEventKind::Cancelled(PartyRole::Seller), OrderEventKind::Deleted] {
            let mut script = Script::of(&[talk.none, talk.none, talk.none]);
            let Ok(PushOutcome::Already(pushed)) = push_linked(talk, &kind, &earlier, &mut script) else { panic!() };
            assert_eq!(pushed.warnings.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), ["order.gone"]);
        }
        let reconciled = OrderEventKind::Reconciled(Reconciliation::Delivered);
        let failure = push_linked(talk, &reconciled, &earlier, &mut Script::of(&[talk.none])).unwrap_err();
        assert_eq!(failure.code, "order.reconciled-not-found");
    }
}

#[test]
fn a_change_counts_once_a_read_shows_it_whatever_the_answer_names() {
    for talk in &TALKS {
        for kind in &CHANGES {
            let named = r#"{"code":1,"data":{"orderId":125123098,"id":125123098,"status":"New"}}"#;
            let before = talk.ours("Confirmed");
            let before = if looks_first(kind) { vec![before.as_str(), &before] } else { vec![before.as_str()] };
            let replies = |after: &str| Script::of(&[before.as_slice(), &[named, after]].concat());
            for after in [&talk.ours("New"), &talk.ours("Packing"), talk.none, "<html>"] {
                let mut script = replies(after);
                let unsettled = unsettled(push_linked(talk, kind, &answered(600 * SECOND), &mut script));
                assert_eq!((unsettled.sent, unsettled.again), (true, NOW + 30 * SECOND));
                assert_eq!(script.paths()[before.len()..], [talk.edit, talk.list]);
            }
            let wanted = talk.ours(wanted_status(kind));
            let mut script = replies(&wanted);
            let outcome = push_linked(talk, kind, &answered(600 * SECOND), &mut script);
            assert!(matches!(&outcome, Ok(PushOutcome::Updated(it)) if it.code.as_deref() == Some(wanted_status(kind))), "{outcome:?}");
        }
        let before = talk.ours("Confirmed");
        let mut script = Script::of(&[&before, &before, talk.updated]).then(Err(Error::Locked(9_000)));
        let kind = OrderEventKind::Deleted;
        assert!(unsettled(push_linked(talk, &kind, &fresh(), &mut script)).sent, "what was sent stays known");
    }
}

/// After a change was answered: how long ago each was, where the order stands, and what comes of it.
#[test]
fn a_change_that_does_not_show_is_made_once_more_and_then_a_person_decides() {
    for talk in &TALKS {
        for kind in &CHANGES {
            let wanted = talk.ours(wanted_status(kind));
            let run = |ago: &[i64], replies: &[&str]| {
                let mut script = Script::of(replies);
                let outcome = push_linked(talk, kind, &changed(ago), &mut script);
                (outcome, script.paths().iter().filter(|it| **it == talk.edit).count())
            };
            let stays = talk.ours("Confirmed");
            let sends = |after: &[&str]| {
                let looked = if looks_first(kind) { vec![stays.as_str()] } else { Vec::new() };
                run(&[120 * SECOND], &[&[stays.as_str()], looked.as_slice(), after].concat())
            };
            // It shows by now.
            let (outcome, edits) = run(&[30 * SECOND], &[&wanted]);
            assert!(matches!(outcome, Ok(PushOutcome::Updated(_))) && edits == 0, "{outcome:?}");
            // It may still show.
            let (outcome, edits) = run(&[119 * SECOND], &[&stays]);
            let waits = unsettled(outcome);
            assert_eq!((waits.sent, waits.again, edits), (false, NOW + 5 * SECOND, 0));
            // Once more, and the same again.
            let (outcome, edits) = sends(&[talk.updated, &wanted]);
            assert!(matches!(outcome, Ok(PushOutcome::Updated(_))) && edits == 1, "{outcome:?}");
            let (outcome, edits) = sends(&[talk.updated, &stays]);
            assert_eq!((unsettled(outcome).sent, edits), (true, 1));
            // A refusal of the repeat is judged by a read.
            let no = r#"{"code":0,"messages":["Không thể đổi trạng thái"]}"#;
            let (outcome, _) = sends(&[no, &wanted]);
            assert!(matches!(outcome, Ok(PushOutcome::Updated(_))), "{outcome:?}");
            let (outcome, _) = sends(&[no, &stays]);
            assert_eq!(outcome.unwrap_err().code, "order.update-refused");
            // Never a third time.
            let (outcome, edits) = run(&[300 * SECOND, 119 * SECOND], &[&stays]);
            assert_eq!((unsettled(outcome).sent, edits), (false, 0));
            let (outcome, edits) = run(&[300 * SECOND, 120 * SECOND], &[&stays]);
            let failure = outcome.unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class, edits), ("order.status-not-taken", FailureClass::Conflict, 0));
        }
        // Staff moved it on meanwhile.
        let mut script = Script::of(&[&talk.ours("Packing")]);
        let failure = push_linked(talk, &OrderEventKind::Deleted, &changed(&[120 * SECOND]), &mut script).unwrap_err();
        assert_eq!(failure.code, "order.cancel-too-late");
    }
}

/// After a change that got no answer: nothing is sent before it must show, and then as often as need be, since nobody took it yet.
#[test]
fn a_change_whose_outcome_is_unknown_is_read_until_it_must_show_and_then_made_again() {
    for talk in &TALKS {
        for kind in &CHANGES {
            let (stays, wanted) = (talk.ours("Confirmed"), talk.ours(wanted_status(kind)));
            let run = |ago: i64, replies: &[&str]| {
                let earlier = Earlier { status_unanswered: Some(NOW - ago), ..answered(3_600 * SECOND) };
                let mut script = Script::of(replies);
                let outcome = push_linked(talk, kind, &earlier, &mut script);
                (outcome, script.paths().iter().filter(|it| **it == talk.edit).count())
            };
            let (outcome, edits) = run(SECOND, &[&wanted]);
            assert!(matches!(outcome, Ok(PushOutcome::Updated(_))) && edits == 0, "{outcome:?}");
            let (outcome, edits) = run(SECOND, &[&stays]);
            let waits = unsettled(outcome);
            assert_eq!((waits.sent, waits.again, edits), (false, NOW + 30 * SECOND, 0));
            let looked = if looks_first(kind) { vec![stays.as_str()] } else { Vec::new() };
            let sends = |after: &[&str]| run(120 * SECOND, &[&[stays.as_str()], looked.as_slice(), after].concat());
            let (outcome, edits) = sends(&[talk.updated, &wanted]);
            assert!(matches!(outcome, Ok(PushOutcome::Updated(_))) && edits == 1, "{outcome:?}");
            let no = r#"{"code":0,"messages":["Không thể đổi trạng thái"]}"#;
            let (outcome, _) = sends(&[no, &wanted]);
            assert!(matches!(outcome, Ok(PushOutcome::Updated(_))), "{outcome:?}");
            assert_eq!(sends(&["<html>"]).0.unwrap_err().class, FailureClass::Ambiguous);
        }
    }
}
