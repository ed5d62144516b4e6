//! Creates that may have arrived: what a look-up and a sweep prove, when a create may be sent again, what is adopted.

use super::{linked, push_created};
use crate::push::push;
use crate::testing::{NOW, Script, TALKS, Talk, event, fresh, order, set};
use crate::wit::exchange::{PushOutcome, Unsettled};
use crate::wit::http::Error;
use crate::wit::orders::{Earlier, OrderEventKind, PartyRole, Reconciliation};
use crate::wit::types::{Failure, FailureClass};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Sent once, so long ago, and no answer.
fn sent(ago: i64) -> Earlier {
    Earlier { may_have_arrived: true, first_sent: Some(NOW - ago), last_sent: Some(NOW - ago), ..fresh() }
}

/// Sent so long ago, with all that lets it be sent again in either dialect.
fn proven(ago: i64) -> Earlier {
    Earlier { empty_lookups: 1, swept: vec![NOW - ago + 15 * MINUTE, NOW - ago + 16 * MINUTE], ..sent(ago) }
}

fn unsettled(outcome: Result<PushOutcome, Failure>) -> Unsettled {
    match outcome {
        Ok(PushOutcome::Unsettled(unsettled)) => unsettled,
        other => panic!("{other:?}"),
    }
}

/// A create of which no look-up finds anything.
fn not_found(talk: &Talk, earlier: &Earlier) -> (Result<PushOutcome, Failure>, bool) {
    let mut script = Script::of(&[talk.none, talk.none, talk.added]);
    let outcome = push_created(talk, order(), earlier, &mut script);
    (outcome, script.paths().contains(&talk.add))
}

#[test]
fn an_empty_look_up_settles_nothing_and_sends_nothing() {
    for talk in &TALKS {
        let mut script = Script::of(&[talk.none, talk.none]);
        let unsettled = unsettled(push_created(talk, order(), &sent(MINUTE), &mut script));
        assert_eq!((unsettled.empty_lookups, unsettled.sweep_from, unsettled.sent), (0, None, false), "too early to prove anything");
        assert_eq!(unsettled.again, NOW + 30 * SECOND);
        assert_eq!(script.paths(), [talk.list, talk.list]);
        assert_eq!([script.asked[0].1.as_str(), script.asked[1].1.as_str()], talk.look_ups);
    }
}

#[test]
fn only_look_ups_from_after_the_order_must_show_are_counted() {
    for talk in &TALKS {
        let count = |ago, before| unsettled(not_found(talk, &Earlier { empty_lookups: before, ..sent(ago) }).0).empty_lookups;
        assert_eq!((count(SECOND, 0), count(119 * SECOND, 0), count(120 * SECOND, 0)), (0, 0, 1));
        assert_eq!((count(119 * SECOND, 3), count(5 * MINUTE, 3)), (3, 4));
    }
}

#[test]
fn it_is_looked_up_every_half_minute_until_it_must_show_and_then_ever_more_rarely() {
    for talk in &TALKS {
        let wait = |ago| unsettled(not_found(talk, &sent(ago)).0).again - NOW;
        assert_eq!([0, 89 * SECOND, 100 * SECOND, 118 * SECOND].map(wait), [30 * SECOND, 30 * SECOND, 20 * SECOND, 5 * SECOND]);
        assert_eq!([2 * MINUTE, 8 * MINUTE, 600 * MINUTE].map(wait), [30 * SECOND, 2 * MINUTE, 10 * MINUTE]);
    }
}

/// What lets a create be sent again: a pass on record and one in this call, both empty and late enough, and sweeps that began late enough.
#[test]
fn an_order_is_sent_again_only_after_two_late_look_ups_and_the_sweeps_of_its_dialect() {
    let (early, late) = (NOW - 20 * MINUTE + 119 * SECOND, NOW - 20 * MINUTE + 120 * SECOND);
    let (later, latest) = (NOW - 5 * MINUTE, NOW - 4 * MINUTE);
    let rows: [(u32, &[i64], bool, bool); 8] = [
        (0, &[later, latest], false, false),
        (1, &[], false, false),
        (1, &[early], false, false),
        (1, &[late], false, true),
        (1, &[later - 1, latest], false, true),
        (1, &[later], false, true),
        (1, &[later, latest], true, true),
        (7, &[early, late, later, latest], true, true),
    ];
    for (empty_lookups, swept, in_2_0, in_3_0) in rows {
        for talk in &TALKS {
            let earlier = Earlier { empty_lookups, swept: swept.to_vec(), ..sent(20 * MINUTE) };
            let (outcome, added) = not_found(talk, &earlier);
            let expected = if talk.version == "2.0" { in_2_0 } else { in_3_0 };
            assert_eq!((matches!(outcome, Ok(PushOutcome::Created(_))), added), (expected, expected), "{} {earlier:?}", talk.version);
        }
    }
}

#[test]
fn what_is_missing_is_a_sweep_from_the_moment_at_which_it_counts() {
    for talk in &TALKS {
        let sweep_from = |ago, swept: &[i64]| {
            let earlier = Earlier { empty_lookups: 1, swept: swept.to_vec(), ..sent(ago) };
            unsettled(not_found(talk, &earlier).0).sweep_from
        };
        let sent_at = NOW - 3 * MINUTE;
        let counts = sent_at + if talk.version == "2.0" { 15 * MINUTE } else { 2 * MINUTE };
        assert_eq!(sweep_from(3 * MINUTE, &[]), Some(counts));
        assert_eq!(sweep_from(3 * MINUTE, &[sent_at + 1]), Some(counts), "one from before proves nothing");
        if talk.version == "2.0" {
            assert_eq!(sweep_from(30 * MINUTE, &[NOW - MINUTE]), Some(NOW - MINUTE + 1), "a second one, after the first");
        }
    }
}

#[test]
fn the_wait_is_a_setting_that_is_never_below_two_minutes() {
    for talk in &TALKS {
        let again = |key, value| {
            let mut context = talk.context();
            set(&mut context, key, value);
            let mut script = Script::of(&[talk.none, talk.none]);
            unsettled(push(&context, &event(OrderEventKind::Created, order()), &sent(115 * SECOND), &mut script)).again - NOW
        };
        assert_eq!(again("visible-after-seconds", "30"), 5 * SECOND);
        assert_eq!(again("visible-after-seconds", "?"), 5 * SECOND);
        assert_eq!(again("visible-after-seconds", "135"), 20 * SECOND);
        assert_eq!(again("resend-after-seconds", "900"), 5 * SECOND, "what an older form kept means nothing any more");
    }
}

#[test]
fn where_repeats_may_be_taken_an_order_that_may_be_out_of_sight_is_for_a_person() {
    for talk in &TALKS {
        for kind in [OrderEventKind::Created, OrderEventKind::Cancelled(PartyRole::Buyer)] {
            let mut context = talk.context();
            context.account.as_mut().unwrap().branches = vec!["31010".to_owned()];
            let mut script = Script::of(&[talk.none, talk.none, talk.added]);
            let outcome = push(&context, &event(kind.clone(), order()), &proven(30 * MINUTE), &mut script);
            if talk.version == "2.0" {
                let failure = outcome.unwrap_err();
                assert_eq!((failure.code.as_str(), failure.class), ("order.not-found-limited-grant", FailureClass::Conflict));
                assert!(!script.paths().contains(&talk.add));
            } else if kind == OrderEventKind::Created {
                assert!(matches!(outcome, Ok(PushOutcome::Created(_))), "{outcome:?}");
            } else {
                // It may stand where this grant cannot see it: a cancel is never said to have nothing to cancel.
                assert_eq!(outcome.unwrap_err().code, "order.not-found-limited-grant");
            }
        }
    }
}

#[test]
fn what_arrived_is_adopted_wherever_it_stands_in_the_pages() {
    for talk in &TALKS {
        // One of somebody else, and one that is none of ours whatever it is.
        let rows = [talk.row(7, "zz99-W-1001", "0900000001", 1, "New"), r#"{"id":8,"info":{"id":8},"statusCode":false}"#.to_owned()];
        let other = talk.page(&[&rows[0], &rows[1]], false);
        let mut script = Script::of(&[&other, &talk.ours("Confirmed")]);
        let Ok(PushOutcome::Adopted(pushed)) = push_created(talk, order(), &sent(MINUTE), &mut script) else { panic!() };
        assert_eq!((pushed.remote.as_str(), pushed.code.as_deref(), pushed.tracking), ("125123098", Some("Confirmed"), None));
        assert!(pushed.warnings.is_empty());
        assert_eq!(script.paths(), [talk.list, talk.list]);
        let second = if talk.version == "2.0" { r#"{"page":2,"# } else { r#""paginator":{"size":100,"next":{"id":7}}}"# };
        assert!(script.last().contains(second), "{}", script.last());
    }
}

#[test]
fn an_order_whose_phone_or_sum_staff_changed_is_adopted_with_a_warning() {
    for talk in &TALKS {
        for (page, code) in [
            (talk.found("ab12-W-1001", "0911111111", 140_000, "New"), "order.adopted-phone-differs"),
            (talk.found("ab12-W-1001", "0900000001", 139_999, "New"), "order.adopted-sum-differs"),
        ] {
            let Ok(PushOutcome::Adopted(pushed)) = push_created(talk, order(), &sent(MINUTE), &mut Script::of(&[&page])) else { panic!() };
            let [warning] = pushed.warnings.as_slice() else { panic!("{pushed:?}") };
            assert_eq!((warning.code.as_str(), warning.subject.as_deref()), (code, Some("125123098")));
            assert!(!warning.message.vi.contains("0911111111"));
        }
    }
}

#[test]
fn an_order_is_settled_without_the_fields_that_nobody_needs() {
    for talk in &TALKS {
        let odd: &[(&str, &str, &str)] = if talk.version == "2.0" {
            &[
                (r#""statusCode":"New""#, r#""statusCode":"New","carrierCode":{"a":1}"#, "/carrierCode"),
                (r#""customerMobile":"0900000001""#, r#""customerMobile":{"a":1}"#, "/customerMobile"),
                (r#""calcTotalMoney":"140000""#, r#""calcTotalMoney":"nhiều""#, "/calcTotalMoney"),
                (r#""statusCode":"New""#, r#""statusCode":"New","updatedAt":{"a":1}"#, "/updatedAt"),
            ]
        } else {
            &[
                (r#""carrierCode":"""#, r#""carrierCode":{"a":1}"#, "/carrier/carrierCode"),
                (r#""mobile":"0900000001""#, r#""mobile":[1]"#, "/shippingAddress/mobile"),
                (r#""codAmount":140000"#, r#""codAmount":"nhiều""#, "/payment/codAmount"),
                (r#""reason":0"#, r#""reason":0,"updatedAt":{"a":1}"#, "/info/updatedAt"),
            ]
        };
        // PHP's `false` is no field at all.
        let (told, none) = match talk.version {
            "2.0" => (r#""statusCode":"New""#, r#""statusCode":"New","carrierCode":false"#),
            _ => (r#""carrierCode":"""#, r#""carrierCode":false"#),
        };
        let page = talk.ours("New").replace(told, none);
        assert_ne!(page, talk.ours("New"));
        let outcome = push_created(talk, order(), &sent(MINUTE), &mut Script::of(&[&page]));
        assert!(matches!(&outcome, Ok(PushOutcome::Adopted(pushed)) if pushed.warnings.is_empty()), "{outcome:?}");
        for (told, wrong, field) in odd {
            let page = talk.ours("New").replace(told, wrong);
            assert_ne!(page, talk.ours("New"), "{told}");
            let outcome = push_created(talk, order(), &sent(MINUTE), &mut Script::of(&[&page]));
            let Ok(PushOutcome::Adopted(pushed)) = outcome else { panic!("{field} {outcome:?}") };
            let [warning] = pushed.warnings.as_slice() else { panic!("{field} {pushed:?}") };
            assert_eq!((warning.code.as_str(), warning.field.as_deref()), ("order.field-unreadable", Some(*field)));
            // Without a phone in its row the order is looked up by the one that was sent.
            let mut script = Script::of(&[&page, &page, talk.updated, &talk.ours("Canceled")]);
            let cancel = event(OrderEventKind::Cancelled(PartyRole::Buyer), linked());
            assert!(matches!(push(&talk.context(), &cancel, &fresh(), &mut script), Ok(PushOutcome::Updated(_))), "{field}");
        }
    }
}

/// A row with our own id on an order of another kind, or that came from another order.
fn other_kind(talk: &Talk, id: i64, status: &str, told: &str) -> String {
    let (before, kind, origin) = match talk.version {
        "2.0" => (r#""statusCode""#, "typeId", "returnFromOrderId"),
        _ => (r#""reason""#, "type", "returnFromId"),
    };
    let told = told.replace("TYPE", kind).replace("ORIGIN", origin);
    talk.row(id, "ab12-W-1001", "0900000001", 140_000, status).replace(before, &format!("{told},{before}"))
}

#[test]
fn an_order_that_nhanh_made_of_ours_is_never_taken_for_it() {
    for talk in &TALKS {
        for told in [r#""TYPE":12"#, r#""TYPE":"14""#, r#""TYPE":16"#, r#""TYPE":17"#, r#""TYPE":10"#, r#""TYPE":1,"ORIGIN":"77""#] {
            let page = talk.page(&[&other_kind(talk, 125_123_098, "New", told)], true);
            let mut script = Script::of(&[&page, talk.none, talk.added]);
            let failure = push_created(talk, order(), &proven(30 * MINUTE), &mut script).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("order.found-as-child", FailureClass::Conflict), "{told}");
            assert!(!script.paths().contains(&talk.add));
        }
        for told in [r#""TYPE":1"#, r#""TYPE":"2""#, r#""TYPE":3,"ORIGIN":0"#, r#""TYPE":null,"ORIGIN":"""#] {
            let page = talk.page(&[&other_kind(talk, 125_123_098, "New", told)], true);
            let mut script = Script::of(&[&page]);
            assert!(matches!(push_created(talk, order(), &sent(MINUTE), &mut script), Ok(PushOutcome::Adopted(_))), "{told}");
        }
        let page = talk.page(&[&other_kind(talk, 125_123_098, "New", r#""TYPE":{"a":1}"#)], true);
        let failure = push_created(talk, order(), &sent(MINUTE), &mut Script::of(&[&page])).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("nhanh.order-unreadable", FailureClass::Transient));
    }
}

#[test]
fn an_exchange_beside_the_order_does_not_make_two_of_it() {
    for talk in &TALKS {
        let with = |status: &str| {
            let child = other_kind(talk, 125_123_222, status, r#""TYPE":12,"ORIGIN":125123098"#);
            talk.page(&[&talk.row(125_123_098, "ab12-W-1001", "0900000001", 140_000, "New"), &child], true)
        };
        let page = with("New");
        let Ok(PushOutcome::Adopted(pushed)) = push_created(talk, order(), &sent(MINUTE), &mut Script::of(&[&page])) else { panic!() };
        assert_eq!(pushed.remote, "125123098");
        // A cancel would leave the exchange alive.
        let cancel = event(OrderEventKind::Cancelled(PartyRole::Buyer), order());
        let mut script = Script::of(&[&page]);
        let failure = push(&talk.context(), &cancel, &sent(MINUTE), &mut script).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.cancel-has-child", FailureClass::Conflict));
        assert!(failure.message.vi.contains("125123098") && failure.message.vi.contains("125123222"), "{}", failure.message.vi);
        assert_eq!(script.paths(), [talk.list]);
        let mut script = Script::of(&[&with("Canceled"), talk.updated, &talk.ours("Canceled")]);
        let outcome = push(&talk.context(), &cancel, &sent(MINUTE), &mut script);
        assert!(matches!(outcome, Ok(PushOutcome::Updated(_))), "{outcome:?}");
    }
}

#[test]
fn two_orders_with_one_own_id_are_a_conflict() {
    for talk in &TALKS {
        let row = |id| talk.row(id, "ab12-W-1001", "0900000001", 140_000, "New");
        let twice = talk.page(&[&row(1), &row(2)], true);
        let failure = push_created(talk, order(), &sent(MINUTE), &mut Script::of(&[&twice])).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.found-twice", FailureClass::Conflict));
    }
}

#[test]
fn a_look_up_that_was_not_understood_is_not_an_empty_one() {
    for talk in &TALKS {
        for page in talk.unreadable {
            let mut script = Script::of(&[page, page, talk.added]);
            let failure = push_created(talk, order(), &proven(30 * MINUTE), &mut script).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("nhanh.order-unreadable", FailureClass::Transient), "{page}");
            assert_eq!(script.paths(), [talk.list]);
        }
        let empty = r#"{"code":1,"data":[]}"#;
        let outcome = push_created(talk, order(), &proven(30 * MINUTE), &mut Script::of(&[empty, empty, talk.added]));
        assert!(matches!(outcome, Ok(PushOutcome::Created(_))));
    }
}

#[test]
fn a_look_up_that_was_refused_is_not_an_empty_one_and_is_made_again() {
    for talk in &TALKS {
        for no in ["Không tìm thấy đơn hàng", "Hệ thống bận", ""] {
            let no = format!(r#"{{"code":0,"messages":["{no}"]}}"#);
            let mut script = Script::of(&[&no, &no, talk.added]);
            let failure = push_created(talk, order(), &proven(30 * MINUTE), &mut script).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("nhanh.look-up-refused", FailureClass::Transient));
            let cancel = event(OrderEventKind::Cancelled(PartyRole::Buyer), linked());
            let failure = push(&talk.context(), &cancel, &fresh(), &mut Script::of(&[&no])).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("nhanh.look-up-refused", FailureClass::Transient));
        }
        let dead = r#"{"code":0,"errorCode":"ERR_INVALID_ACCESS_TOKEN"}"#;
        let failure = push_created(talk, order(), &sent(MINUTE), &mut Script::of(&[dead])).unwrap_err();
        assert_eq!(failure.class, FailureClass::Unauthorized);
    }
}

#[test]
fn a_failed_look_up_sends_nothing_and_is_not_ambiguous() {
    for talk in &TALKS {
        let mut script = Script::default().then(Err(Error::NoAnswer(String::new())));
        let failure = push_created(talk, order(), &proven(30 * MINUTE), &mut script).unwrap_err();
        assert_eq!(failure.class, FailureClass::Transient);
        assert_eq!(script.paths(), [talk.list]);
    }
}

#[test]
fn what_a_webhook_or_a_sweep_saw_is_read_by_id_and_adopted() {
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
        let earlier = Earlier { seen_as: Some("125123098".to_owned()), empty_lookups: 90, ..proven(30 * MINUTE) };
        let mut script = Script::of(&[talk.none, talk.none, talk.none, talk.added]);
        let unsettled = unsettled(push_created(talk, order(), &earlier, &mut script));
        assert_eq!(unsettled.sweep_from, None, "a sweep would tell nothing new");
        assert!(!script.paths().contains(&talk.add));
    }
}

#[test]
fn what_was_seen_and_is_gone_is_not_made_again_and_needs_no_cancel() {
    for talk in &TALKS {
        let told = |kind: OrderEventKind| {
            let earlier = Earlier { seen_as: Some("125123098".to_owned()), gone: true, ..sent(120 * MINUTE) };
            let mut script = Script::of(&[talk.none, talk.none, talk.none, talk.none, talk.none]);
            let outcome = push(&talk.context(), &event(kind, order()), &earlier, &mut script);
            assert!(!script.paths().contains(&talk.add) && !script.paths().contains(&talk.edit));
            outcome
        };
        let failure = told(OrderEventKind::Created).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.seen-then-gone", FailureClass::Conflict));
        assert_eq!(failure.subject.as_deref(), Some("125123098"));
        for kind in [OrderEventKind::Deleted, OrderEventKind::Cancelled(PartyRole::Buyer)] {
            let Ok(PushOutcome::Already(pushed)) = told(kind) else { panic!() };
            assert_eq!(pushed.warnings.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), ["order.gone"]);
        }
        let failure = told(OrderEventKind::Reconciled(Reconciliation::Delivered)).unwrap_err();
        assert_eq!(failure.code, "order.reconciled-not-found");
    }
}

#[test]
fn an_own_id_that_nhanh_has_already_is_looked_up_and_never_sent_again() {
    for talk in &TALKS {
        let taken = r#"{"code":0,"messages":["Đơn hàng: ab12-W-1001 đã tồn tại"]}"#;
        let mut script = Script::of(&[taken, &talk.ours("New")]);
        assert!(matches!(push_created(talk, order(), &fresh(), &mut script), Ok(PushOutcome::Adopted(_))));
        // It may not show yet, or the look-up may have failed: either way Nhanh has it.
        for look_up in [talk.none, "<html>", r#"{"code":0,"messages":["Hệ thống bận"]}"#] {
            let failure = push_created(talk, order(), &fresh(), &mut Script::of(&[taken, look_up, talk.none])).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("order.refused-as-existing", FailureClass::Ambiguous));
        }
        let missing = r#"{"code":0,"messages":["Sản phẩm không tồn tại"]}"#;
        assert_eq!(push_created(talk, order(), &fresh(), &mut Script::of(&[missing])).unwrap_err().class, FailureClass::Rejected);
    }
}

#[test]
fn an_order_that_was_refused_as_existing_is_looked_for_a_quarter_of_an_hour() {
    for talk in &TALKS {
        for kind in [OrderEventKind::Created, OrderEventKind::Deleted] {
            let refused = |ago: i64| {
                let earlier = Earlier { refused_as_existing: Some(NOW - ago), empty_lookups: 9, ..proven(ago + SECOND) };
                let mut script = Script::of(&[talk.none, talk.none, talk.added]);
                let outcome = push(&talk.context(), &event(kind.clone(), order()), &earlier, &mut script);
                assert!(!script.paths().contains(&talk.add) && !script.paths().contains(&talk.edit));
                outcome
            };
            assert_eq!(unsettled(refused(SECOND)).again, NOW + 30 * SECOND);
            assert_eq!(unsettled(refused(14 * MINUTE)).again, NOW + MINUTE);
            let failure = refused(15 * MINUTE).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("order.own-id-taken", FailureClass::Conflict));
        }
        let earlier = Earlier { refused_as_existing: Some(NOW - MINUTE), ..fresh() };
        let mut script = Script::of(&[&talk.ours("New")]);
        assert!(matches!(push_created(talk, order(), &earlier, &mut script), Ok(PushOutcome::Adopted(_))), "it shows a minute later");
    }
}

#[test]
fn a_cancel_of_an_order_that_may_have_arrived_waits_until_it_shows_and_cancels_it() {
    for talk in &TALKS {
        let cancel = event(OrderEventKind::Cancelled(PartyRole::Buyer), order());
        let mut script = Script::of(&[&talk.ours("New"), talk.updated, &talk.ours("Canceled")]);
        let Ok(PushOutcome::Updated(pushed)) = push(&talk.context(), &cancel, &sent(MINUTE), &mut script) else { panic!() };
        assert_eq!((pushed.remote.as_str(), pushed.code.as_deref()), ("125123098", Some("Canceled")));
        let not_found = |kind: &OrderEventKind, earlier: &Earlier| {
            let mut script = Script::of(&[talk.none, talk.none]);
            push(&talk.context(), &event(kind.clone(), order()), earlier, &mut script)
        };
        let swept = |at| Earlier { empty_lookups: 1, swept: vec![NOW - at], ..sent(3 * MINUTE) };
        for earlier in [sent(MINUTE), sent(3 * MINUTE), Earlier { empty_lookups: 1, ..sent(3 * MINUTE) }, swept(61 * SECOND)] {
            unsettled(not_found(&OrderEventKind::Cancelled(PartyRole::Buyer), &earlier));
            unsettled(not_found(&OrderEventKind::Reconciled(Reconciliation::Delivered), &earlier));
        }
        for kind in [OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted] {
            let Ok(PushOutcome::Skipped(reason)) = not_found(&kind, &swept(MINUTE)) else { panic!() };
            assert_eq!(reason.code, "skip.never-arrived");
        }
        let failure = not_found(&OrderEventKind::Reconciled(Reconciliation::Delivered), &swept(MINUTE)).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("order.reconciled-not-found", FailureClass::Conflict));
    }
}
