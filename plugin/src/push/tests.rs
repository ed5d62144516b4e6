//! Pushing, with scripted replies: never twice, the table of statuses, what each answer means.

use crate::push::{plan, push};
use crate::testing::{NOW, Script, TALKS, Talk, event, fresh, order, reply, set};
use crate::wit::connector::OrderPlan;
use crate::wit::exchange::PushOutcome;
use crate::wit::http::{Error, Response};
use crate::wit::orders::{Earlier, Lock, Order, OrderEventKind, PartyRole, Person, Reconciliation};
use crate::wit::types::{Failure, FailureClass};

pub(super) fn linked() -> Order {
    Order { remote: Some("125123098".to_owned()), ..order() }
}

/// Sent once, a minute ago, and no answer.
fn sent() -> Earlier {
    Earlier { may_have_arrived: true, first_sent: Some(NOW - 60_000), last_sent: Some(NOW - 60_000), ..fresh() }
}

pub(super) fn push_created(talk: &Talk, order: Order, earlier: &Earlier, script: &mut Script) -> Result<PushOutcome, Failure> {
    push(&talk.context(), &event(OrderEventKind::Created, order), earlier, script)
}

#[test]
fn a_new_order_is_created_in_one_request() {
    for talk in &TALKS {
        let mut script = Script::of(&[talk.added]);
        let Ok(PushOutcome::Created(pushed)) = push_created(talk, order(), &fresh(), &mut script) else { panic!() };
        assert_eq!((pushed.remote.as_str(), pushed.own_id.as_deref()), ("125123098", Some("ab12-W-1001")));
        assert_eq!(script.paths(), [talk.add]);
        assert_eq!(script.last(), talk.create);
    }
}

#[test]
fn the_plan_is_what_the_push_sends() {
    for talk in &TALKS {
        let event = event(OrderEventKind::Created, order());
        let Ok(OrderPlan::Create(plan)) = plan(&talk.context(), &event) else { panic!() };
        let mut script = Script::of(&[talk.added]);
        push(&talk.context(), &event, &fresh(), &mut script).unwrap();
        assert_eq!(plan.own_id, "ab12-W-1001");
        assert!(plan.request.path.ends_with(talk.add));
        assert_eq!(crate::testing::data(&plan.request), script.last());
    }
}

#[test]
fn whatever_is_no_readable_answer_to_a_create_is_ambiguous() {
    for talk in &TALKS {
        let body = |status: u16, body: &str| Ok(Response { status, ..reply(body) });
        let answers: [(Result<Response, Error>, &str); 9] = [
            (Err(Error::NoAnswer(String::new())), "nhanh.no-answer"),
            (Err(Error::TooLarge), "nhanh.too-large"),
            (body(200, "<html>ok</html>"), "nhanh.html"),
            (body(502, "<html>bad gateway</html>"), "nhanh.html"),
            (body(200, ""), "nhanh.empty-body"),
            (body(200, r#"{"code":1,"data":{"orderI"#), "nhanh.truncated"),
            (body(200, r#"{"status":"ok"}"#), "nhanh.invalid-json"),
            (body(200, r#"{"code":1,"messages":[],"data":[]}"#), "nhanh.no-order-id"),
            (body(500, r#"{"code":1}"#), "nhanh.no-order-id"),
        ];
        for (answer, code) in answers {
            let failure = push_created(talk, order(), &fresh(), &mut Script::default().then(answer)).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), (code, FailureClass::Ambiguous));
        }
    }
}

#[test]
fn what_was_not_sent_or_was_refused_is_not_ambiguous() {
    for talk in &TALKS {
        let answers: [(Result<Response, Error>, FailureClass); 6] = [
            (Err(Error::NotSent(String::new())), FailureClass::Transient),
            (Err(Error::Locked(7000)), FailureClass::RateLimited(7000)),
            (Err(Error::Denied(String::new())), FailureClass::Misconfigured),
            (Ok(reply(r#"{"code":0,"messages":["Kho không đủ hàng"]}"#)), FailureClass::Rejected),
            (Ok(reply(r#"{"code":0,"errorCode":"ERR_403","messages":[]}"#)), FailureClass::Forbidden),
            (Ok(reply(r#"{"code":0,"errorCode":"ERR_429","data":{"lockedSeconds":3}}"#)), FailureClass::RateLimited(3000)),
        ];
        for (answer, class) in answers {
            let failure = push_created(talk, order(), &fresh(), &mut Script::default().then(answer)).unwrap_err();
            assert_eq!(failure.class, class, "{}", failure.code);
        }
    }
}

#[test]
fn a_refusal_names_no_person_of_the_order() {
    for talk in &TALKS {
        let mut script = Script::of(&[r#"{"code":0,"messages":["Khách Nguyễn Văn A ở 1 Trần Phú (0900000001) bị chặn"]}"#]);
        let failure = push_created(talk, order(), &fresh(), &mut script).unwrap_err();
        assert_eq!(failure.message.vi, "Nhanh.vn từ chối: Khách … ở … … bị chặn");
    }
}

#[test]
fn an_empty_look_up_settles_nothing_and_sends_nothing() {
    for talk in &TALKS {
        let mut script = Script::of(&[talk.none, talk.none]);
        let Ok(PushOutcome::Unsettled(unsettled)) = push_created(talk, order(), &sent(), &mut script) else { panic!() };
        assert_eq!(unsettled.empty_lookups, 1);
        assert!(unsettled.again > NOW);
        assert_eq!(script.paths(), [talk.list, talk.list]);
        assert_eq!([script.asked[0].1.as_str(), script.asked[1].1.as_str()], talk.look_ups);
    }
}

#[test]
fn an_order_is_sent_again_only_after_two_empty_passes_and_the_wait() {
    for talk in &TALKS {
        let again = |empty_lookups, ago: i64| {
            let earlier = Earlier { empty_lookups, last_sent: Some(NOW - ago), ..sent() };
            let mut script = Script::of(&[talk.none, talk.none, talk.added]);
            let outcome = push_created(talk, order(), &earlier, &mut script).unwrap();
            (matches!(outcome, PushOutcome::Created(_)), script.paths().contains(&talk.add))
        };
        assert_eq!(again(0, 600_000), (false, false));
        assert_eq!(again(1, 29_999), (false, false));
        assert_eq!(again(1, 30_000), (true, true));
        assert_eq!(again(5, 600_000), (true, true));
    }
}

#[test]
fn the_wait_is_a_setting_and_the_next_call_comes_after_it() {
    for talk in &TALKS {
        let mut context = talk.context();
        set(&mut context, "resend-after-seconds", "90");
        let earlier = Earlier { empty_lookups: 3, ..sent() };
        let outcome = push(&context, &event(OrderEventKind::Created, order()), &earlier, &mut Script::of(&[talk.none, talk.none])).unwrap();
        let PushOutcome::Unsettled(unsettled) = outcome else { panic!() };
        assert_eq!((unsettled.empty_lookups, unsettled.again), (4, NOW + 30_000));
    }
}

#[test]
fn what_arrived_is_adopted_wherever_it_stands_in_the_pages() {
    for talk in &TALKS {
        // One of somebody else, and one that is none of ours whatever it is.
        let rows = [talk.row(7, "zz99-W-1001", "0900000001", 1, "New"), r#"{"id":8,"info":{"id":8},"statusCode":false}"#.to_owned()];
        let other = talk.page(&[&rows[0], &rows[1]], false);
        let mut script = Script::of(&[&other, &talk.ours("Confirmed")]);
        let Ok(PushOutcome::Adopted(pushed)) = push_created(talk, order(), &sent(), &mut script) else { panic!() };
        assert_eq!((pushed.remote.as_str(), pushed.code.as_deref(), pushed.tracking), ("125123098", Some("Confirmed"), None));
        assert_eq!(script.paths(), [talk.list, talk.list]);
        let second = if talk.version == "2.0" { r#"{"page":2,"# } else { r#""paginator":{"size":100,"next":{"id":7}}}"# };
        assert!(script.last().contains(second), "{}", script.last());
    }
}

#[test]
fn an_order_with_our_own_id_but_another_phone_or_sum_is_a_conflict() {
    for talk in &TALKS {
        for (page, code) in [
            (talk.found("ab12-W-1001", "0911111111", 140_000, "New"), "order.adopt-phone-differs"),
            (talk.found("ab12-W-1001", "0900000001", 139_999, "New"), "order.adopt-sum-differs"),
        ] {
            let failure = push_created(talk, order(), &sent(), &mut Script::of(&[&page])).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), (code, FailureClass::Conflict));
            assert_eq!(failure.subject.as_deref(), Some("125123098"));
        }
    }
}

#[test]
fn two_orders_with_one_own_id_are_a_conflict() {
    for talk in &TALKS {
        let row = |id| talk.row(id, "ab12-W-1001", "0900000001", 140_000, "New");
        let twice = talk.page(&[&row(1), &row(2)], true);
        let failure = push_created(talk, order(), &sent(), &mut Script::of(&[&twice])).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.found-twice", FailureClass::Conflict));
    }
}

#[test]
fn a_look_up_that_was_not_understood_is_not_an_empty_one() {
    for talk in &TALKS {
        let earlier = Earlier { empty_lookups: 4, ..sent() };
        for page in talk.unreadable {
            let mut script = Script::of(&[page, page, talk.added]);
            let failure = push_created(talk, order(), &earlier, &mut script).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("nhanh.order-unreadable", FailureClass::Transient), "{page}");
            assert_eq!(script.paths(), [talk.list]);
        }
        let empty = r#"{"code":1,"data":[]}"#;
        assert!(matches!(push_created(talk, order(), &earlier, &mut Script::of(&[empty, empty, talk.added])), Ok(PushOutcome::Created(_))));
    }
}

#[test]
fn a_failed_look_up_sends_nothing_and_is_not_ambiguous() {
    for talk in &TALKS {
        let mut script = Script::default().then(Err(Error::NoAnswer(String::new())));
        let failure = push_created(talk, order(), &Earlier { empty_lookups: 4, ..sent() }, &mut script).unwrap_err();
        assert_eq!(failure.class, FailureClass::Transient);
        assert_eq!(script.paths(), [talk.list]);
    }
}

#[test]
fn what_a_webhook_saw_is_read_by_id_and_adopted() {
    for talk in &TALKS {
        let earlier = Earlier { seen_as: Some("125123098".to_owned()), ..fresh() };
        let mut script = Script::of(&[&talk.ours("New")]);
        assert!(matches!(push_created(talk, order(), &earlier, &mut script), Ok(PushOutcome::Adopted(_))));
        assert_eq!((script.paths(), script.last()), (vec![talk.list], talk.by_id("125123098").as_str()));
    }
}

#[test]
fn what_a_webhook_saw_is_never_sent_again_even_if_it_cannot_be_found() {
    for talk in &TALKS {
        let earlier = Earlier { seen_as: Some("125123098".to_owned()), empty_lookups: 9, ..sent() };
        let mut script = Script::of(&[talk.none, talk.none, talk.none]);
        assert!(matches!(push_created(talk, order(), &earlier, &mut script), Ok(PushOutcome::Unsettled(_))));
        assert!(!script.paths().contains(&talk.add));
    }
}

#[test]
fn what_a_webhook_saw_and_twenty_look_ups_do_not_find_is_gone() {
    for talk in &TALKS {
        let told = |kind: OrderEventKind, empty_lookups| {
            let earlier = Earlier { seen_as: Some("125123098".to_owned()), empty_lookups, ..sent() };
            let mut script = Script::of(&[talk.none, talk.none, talk.none]);
            let outcome = push(&talk.context(), &event(kind, order()), &earlier, &mut script);
            assert!(!script.paths().contains(&talk.add) && !script.paths().contains(&talk.edit));
            outcome
        };
        assert!(matches!(told(OrderEventKind::Created, 18), Ok(PushOutcome::Unsettled(it)) if it.empty_lookups == 19));
        let failure = told(OrderEventKind::Created, 19).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.seen-then-gone", FailureClass::Conflict));
        assert_eq!(failure.subject.as_deref(), Some("125123098"));
        // Not there is what a cancel wants, and what a reconcile must not meet.
        for kind in [OrderEventKind::Deleted, OrderEventKind::Cancelled(PartyRole::Buyer)] {
            assert!(matches!(told(kind, 19), Ok(PushOutcome::Already(_))));
        }
        let failure = told(OrderEventKind::Reconciled(Reconciliation::Delivered), 19).unwrap_err();
        assert_eq!(failure.code, "order.reconciled-not-found");
    }
}

#[test]
fn an_own_id_that_nhanh_has_already_is_looked_up() {
    for talk in &TALKS {
        let taken = r#"{"code":0,"messages":["Mã đơn hàng đã tồn tại"]}"#;
        let mut script = Script::of(&[taken, &talk.ours("New")]);
        assert!(matches!(push_created(talk, order(), &fresh(), &mut script), Ok(PushOutcome::Adopted(_))));
        let failure = push_created(talk, order(), &fresh(), &mut Script::of(&[taken, talk.none, talk.none])).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.own-id-taken", FailureClass::Conflict));
        let unanswered = push_created(talk, order(), &fresh(), &mut Script::of(&[taken, "<html>"])).unwrap_err();
        assert_eq!(unanswered.class, FailureClass::Ambiguous);
        let missing = r#"{"code":0,"messages":["Sản phẩm không tồn tại"]}"#;
        assert_eq!(push_created(talk, order(), &fresh(), &mut Script::of(&[missing])).unwrap_err().class, FailureClass::Rejected);
    }
}

#[test]
fn a_linked_order_is_not_created_again() {
    for talk in &TALKS {
        let mut script = Script::default();
        assert!(matches!(push_created(talk, linked(), &fresh(), &mut script), Ok(PushOutcome::Already(_))));
        assert!(script.asked.is_empty());
    }
}

#[test]
fn what_does_not_go_out_is_a_skip_that_asks_nothing() {
    for talk in &TALKS {
        let skipped = |context: &crate::wit::types::Context, kind: OrderEventKind, order: Order| {
            let mut script = Script::default();
            let event = event(kind, order);
            let Ok(PushOutcome::Skipped(reason)) = push(context, &event, &fresh(), &mut script) else { panic!() };
            assert!(script.asked.is_empty());
            let Ok(OrderPlan::Skip(planned)) = plan(context, &event) else { panic!() };
            assert_eq!(planned, reason);
            reason.code
        };
        let mut off = talk.context();
        set(&mut off, "sync-orders", "off");
        assert_eq!(skipped(&off, OrderEventKind::Created, order()), "skip.orders-off");
        off.settings.retain(|it| it.key != "sync-orders");
        assert_eq!(skipped(&off, OrderEventKind::Created, order()), "skip.orders-off");
        let locked = Order { lock: Lock::Licence, ..order() };
        assert_eq!(skipped(&talk.context(), OrderEventKind::Created, locked), "skip.locked");
        for source in ["shopee", "Lazada", "tiktok", "tiki", "sendo"] {
            let order = Order { source: source.to_owned(), ..order() };
            assert_eq!(skipped(&talk.context(), OrderEventKind::Created, order), "skip.marketplace");
        }
        assert_eq!(skipped(&talk.context(), OrderEventKind::Updated, linked()), "skip.not-pushed-by-guide");
        assert_eq!(skipped(&talk.context(), OrderEventKind::Status("Đóng gói".to_owned()), linked()), "skip.not-pushed-by-guide");
        for kind in
            [OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted, OrderEventKind::Reconciled(Reconciliation::Delivered)]
        {
            assert_eq!(skipped(&talk.context(), kind, order()), "skip.never-pushed");
        }
    }
}

#[test]
fn a_marketplace_that_is_switched_on_goes_out() {
    for talk in &TALKS {
        let mut context = talk.context();
        set(&mut context, "marketplace-orders", r#"["shopee"]"#);
        let outcome = |source: &str| {
            let order = Order { source: source.to_owned(), ..order() };
            push(&context, &event(OrderEventKind::Created, order), &fresh(), &mut Script::of(&[talk.added])).unwrap()
        };
        assert!(matches!(outcome("Shopee"), PushOutcome::Created(_)));
        assert!(matches!(outcome("lazada"), PushOutcome::Skipped(_)));
        assert!(matches!(outcome("facebook"), PushOutcome::Created(_)));
    }
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
        (&[""], ["done", "done", "conflict", "conflict"]),
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

fn cell(talk: &Talk, status: &str, kind: &OrderEventKind, expected: &str) {
    let read = if status.is_empty() { talk.none.to_owned() } else { talk.ours(status) };
    let run = |reply: &str| {
        let mut script = Script::of(&[&read, reply]);
        let outcome = push(&talk.context(), &event(kind.clone(), linked()), &fresh(), &mut script);
        (outcome, script)
    };
    let (outcome, script) = run(talk.updated);
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
        let status_word = match kind {
            OrderEventKind::Cancelled(PartyRole::Buyer) => "Canceled",
            OrderEventKind::Reconciled(_) => "Success",
            _ => "Aborted",
        };
        assert_eq!(script.paths(), [talk.list, talk.edit]);
        assert_eq!(script.last(), talk.set_status(status_word));
        let (refused, _) = run(r#"{"code":0,"messages":["Không thể đổi trạng thái"]}"#);
        assert_eq!(refused.unwrap_err().class, FailureClass::Conflict);
        let (limited, _) = run(r#"{"code":0,"errorCode":"ERR_429"}"#);
        assert!(matches!(limited.unwrap_err().class, FailureClass::RateLimited(_)));
        let (unclear, _) = run("<html>");
        assert_eq!(unclear.unwrap_err().class, FailureClass::Ambiguous);
    } else {
        assert_eq!(script.paths(), [talk.list]);
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
        let failure =
            push(&talk.context(), &event(OrderEventKind::Deleted, order), &fresh(), &mut Script::of(&[&talk.ours("New"), no])).unwrap_err();
        let said = failure.message.arguments.iter().find(|it| it.name == "said").map(|it| it.value.as_str());
        assert_eq!(said, Some("Khách … (…) đã bị chặn"));
        let ends = "(Nobi Pro: xóa; Nhanh.vn: Đơn mới).";
        assert_eq!(failure.message.vi, format!("Nhanh.vn từ chối đổi trạng thái: Khách … (…) đã bị chặn {ends}"));
        let silent = [talk.ours("New"), r#"{"code":0}"#.to_owned()];
        let silent = silent.iter().map(String::as_str).collect::<Vec<_>>();
        let failure = push(&talk.context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut Script::of(&silent)).unwrap_err();
        assert_eq!(failure.message.vi, format!("Nhanh.vn từ chối đổi trạng thái {ends}"));
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
fn a_cancel_of_an_order_that_may_have_arrived_looks_it_up_and_cancels_it() {
    for talk in &TALKS {
        let cancel = event(OrderEventKind::Cancelled(PartyRole::Buyer), order());
        let mut script = Script::of(&[&talk.ours("New"), talk.updated]);
        let Ok(PushOutcome::Updated(pushed)) = push(&talk.context(), &cancel, &sent(), &mut script) else { panic!() };
        assert_eq!((pushed.remote.as_str(), pushed.code.as_deref()), ("125123098", Some("Canceled")));
        let mut script = Script::of(&[talk.none, talk.none]);
        assert!(matches!(push(&talk.context(), &cancel, &sent(), &mut script), Ok(PushOutcome::Unsettled(_))));
        let twice = Earlier { empty_lookups: 1, ..sent() };
        let Ok(PushOutcome::Skipped(reason)) = push(&talk.context(), &cancel, &twice, &mut Script::of(&[talk.none, talk.none])) else {
            panic!()
        };
        assert_eq!(reason.code, "skip.never-arrived");
        let settle = event(OrderEventKind::Reconciled(Reconciliation::Delivered), order());
        let failure = push(&talk.context(), &settle, &twice, &mut Script::of(&[talk.none, talk.none])).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.reconciled-not-found", FailureClass::Conflict));
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
fn without_a_tag_or_a_grant_nothing_is_sent() {
    for talk in &TALKS {
        let mut no_tag = talk.context();
        no_tag.tag = "AB".to_owned();
        let mut script = Script::default();
        let created = event(OrderEventKind::Created, order());
        assert_eq!(push(&no_tag, &created, &fresh(), &mut script).unwrap_err().class, FailureClass::Misconfigured);
        let mut no_grant = talk.context();
        no_grant.account = None;
        assert_eq!(push(&no_grant, &created, &fresh(), &mut script).unwrap_err().class, FailureClass::Unauthorized);
        assert!(script.asked.is_empty());
    }
}
