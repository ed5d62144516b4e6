//! Orders that come of orders: what a linked order's cancel, reconcile and end make of them. Its own row names none; the orders to its phone do.

use super::linked;
use crate::push::push;
use crate::testing::{NOW, Script, TALKS, Talk, event, fresh, order};
use crate::wit::exchange::{PushOutcome, Pushed};
use crate::wit::http::Error;
use crate::wit::orders::{Earlier, Order, OrderEventKind, PartyRole, Reconciliation};
use crate::wit::types::{Failure, FailureClass};

const CANCELS: [OrderEventKind; 2] = [OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted];
const OURS: i64 = 125_123_098;
const OTHER: &str = "125123222";

/// Where our own order stands.
fn ours(talk: &Talk, phone: &str, status: &str) -> String {
    talk.row(OURS, "ab12-W-1001", phone, 140_000, status)
}

/// A row of another order, of a type and with the order that it names in a field; 2.0 has one field for that.
fn other(talk: &Talk, own_id: &str, status: &str, kind: i64, names: Option<&str>) -> String {
    let row = talk.row(125_123_222, own_id, "0900000001", 50_000, status);
    let (before, kind_field) = if talk.version == "2.0" { (r#""statusCode""#, "typeId") } else { (r#""reason""#, "type") };
    let named = names.map(|field| format!(r#""{field}":{OURS},"#)).unwrap_or_default();
    row.replace(before, &format!(r#""{kind_field}":{kind},{named}{before}"#))
}

/// The fields that may name an original.
fn origins(talk: &Talk) -> &'static [&'static str] {
    if talk.version == "2.0" { &["returnFromOrderId"] } else { &["originalOrderId", "returnFromId", "idReturn"] }
}

fn push_linked(talk: &Talk, kind: &OrderEventKind, script: &mut Script) -> Result<PushOutcome, Failure> {
    push(&talk.context(), &event(kind.clone(), linked()), &fresh(), script)
}

fn names_both(failure: &Failure, code: &str) {
    assert_eq!((failure.code.as_str(), failure.class, failure.subject.as_deref()), (code, FailureClass::Conflict, Some("125123098")));
    for text in [&failure.message.vi, &failure.message.en] {
        assert!(text.contains("125123098") && text.contains(OTHER), "{text}");
    }
}

fn warned(outcome: Result<PushOutcome, Failure>, code: &str) -> Pushed {
    let Ok(PushOutcome::Already(pushed)) = outcome else { panic!("{outcome:?}") };
    let [warning] = pushed.warnings.as_slice() else { panic!("{pushed:?}") };
    assert_eq!((warning.code.as_str(), warning.subject.as_deref()), (code, Some("125123098")));
    assert!(warning.message.vi.contains(OTHER) && warning.message.en.contains(OTHER), "{}", warning.message.vi);
    pushed
}

#[test]
fn a_cancel_of_a_linked_order_with_a_living_child_is_a_task_that_names_both() {
    for talk in &TALKS {
        let (new, row) = (talk.ours("New"), ours(talk, "0900000001", "New"));
        let mut children: Vec<_> = [12, 14, 17].map(|kind| other(talk, "", "Confirmed", kind, Some(origins(talk)[0]))).into();
        children.extend(origins(talk).iter().map(|field| other(talk, "", "New", 1, Some(field))));
        // A part that was split off and kept our own id, without a word of where it came from.
        children.push(other(talk, "ab12-W-1001", "New", 1, None));
        for child in &children {
            for kind in &CANCELS {
                let page = talk.page(&[&row, child], true);
                let mut script = Script::of(&[&new, &page]);
                names_both(&push_linked(talk, kind, &mut script).unwrap_err(), "order.cancel-has-child");
                assert_eq!(script.paths(), [talk.list, talk.list], "nothing is sent");
                assert!(script.last().contains(r#""0900000001""#), "{}", script.last());
            }
        }
    }
}

#[test]
fn orders_that_are_called_off_or_somebody_else_s_are_no_children() {
    for talk in &TALKS {
        let (new, row) = (talk.ours("New"), ours(talk, "0900000001", "New"));
        let called_off = other(talk, "", "Canceled", 12, Some(origins(talk)[0]));
        let another = other(talk, "zz99-W-1001", "New", 1, None);
        let of_another = other(talk, "", "New", 12, Some(origins(talk)[0])).replace(&format!(":{OURS},"), ":77,");
        for beside in [called_off, another, of_another] {
            for kind in &CANCELS {
                let wanted = if *kind == OrderEventKind::Deleted { "Aborted" } else { "Canceled" };
                let mut script = Script::of(&[&new, &talk.page(&[&row, &beside], true), talk.updated, &talk.ours(wanted)]);
                let outcome = push_linked(talk, kind, &mut script);
                assert!(matches!(outcome, Ok(PushOutcome::Updated(_))), "{beside} {outcome:?}");
            }
        }
    }
}

/// The same row with something in a field that nobody can read.
fn torn(row: &str, field: &str) -> String {
    let (before, rest) = row.split_once(&format!(r#""{field}":"#)).unwrap_or_else(|| panic!("{field} {row}"));
    let end = rest.find([',', '}']).unwrap();
    format!(r#"{before}"{field}":true{}"#, &rest[end..])
}

/// The fields of a type and of a status.
fn deciding(talk: &Talk) -> [&'static str; 2] {
    if talk.version == "2.0" { ["typeId", "statusCode"] } else { ["type", "status"] }
}

#[test]
fn a_child_whose_type_cannot_be_read_is_one_and_a_stranger_stops_no_cancel() {
    for talk in &TALKS {
        let (new, row) = (talk.ours("New"), ours(talk, "0900000001", "New"));
        let page = talk.page(&[&row, &torn(&other(talk, "", "New", 12, Some(origins(talk)[0])), deciding(talk)[0])], true);
        let mut script = Script::of(&[&new, &page]);
        names_both(&push_linked(talk, &OrderEventKind::Deleted, &mut script).unwrap_err(), "order.cancel-has-child");
        // Of an order that is gone it is what became of it.
        names_both(&cancel_gone(talk, linked(), &[talk.none, &page]).0.unwrap_err(), "order.merged");
        for field in deciding(talk) {
            let stranger = torn(&other(talk, "", "New", 1, None), field);
            let mut script = Script::of(&[&new, &talk.page(&[&row, &stranger], true), talk.updated, &talk.ours("Aborted")]);
            let outcome = push_linked(talk, &OrderEventKind::Deleted, &mut script);
            assert!(matches!(outcome, Ok(PushOutcome::Updated(_))), "{stranger} {outcome:?}");
        }
    }
}

#[test]
fn where_nobody_can_say_whether_an_order_is_a_living_child_nothing_is_sent() {
    for talk in &TALKS {
        let (new, row) = (talk.ours("New"), ours(talk, "0900000001", "New"));
        let child = other(talk, "", "New", 12, Some(origins(talk)[0]));
        for unclear in [torn(&child, origins(talk)[0]), torn(&child, deciding(talk)[1])] {
            let page = talk.page(&[&row, &unclear], true);
            let alone = talk.page(&[&unclear], true);
            let sent = Earlier { may_have_arrived: true, first_sent: Some(NOW - 60_000), last_sent: Some(NOW - 60_000), ..fresh() };
            let mut linked_one = Script::of(&[&new, &page]);
            let mut unlinked = Script::of(&[&page, &page]);
            for (failure, script) in [
                (push_linked(talk, &OrderEventKind::Deleted, &mut linked_one).unwrap_err(), &linked_one),
                (push(&talk.context(), &event(OrderEventKind::Deleted, order()), &sent, &mut unlinked).unwrap_err(), &unlinked),
            ] {
                assert_eq!((failure.class, failure.subject.as_deref()), (FailureClass::Transient, Some(OTHER)), "{unclear}");
                assert!(!script.paths().contains(&talk.edit));
            }
            assert_eq!(cancel_gone(talk, linked(), &[talk.none, &alone]).0.unwrap_err().class, FailureClass::Transient, "{unclear}");
        }
    }
}

#[test]
fn a_look_for_children_that_fails_sends_nothing_and_is_made_again() {
    for talk in &TALKS {
        let new = talk.ours("New");
        let circle = talk.page(&[&ours(talk, "0900000001", "New")], false);
        let refused = r#"{"code":0,"messages":["Không tìm thấy đơn hàng"]}"#;
        let mut failing: Vec<(Script, &str)> = vec![
            (Script::of(&[&new, refused]), "nhanh.look-up-refused"),
            (Script::of(&[&new, "<html>"]), "nhanh.html"),
            (Script::of(&[&new]).then(Err(Error::NoAnswer(String::new()))), "nhanh.no-answer"),
        ];
        if talk.version == "3.0" {
            failing.push((Script::of(&[&new, &circle, &circle]), "nhanh.order-unreadable"));
        }
        failing.extend(talk.unreadable.iter().map(|it| (Script::of(&[&new, it]), "")));
        for (mut script, code) in failing {
            let failure = push_linked(talk, &OrderEventKind::Deleted, &mut script).unwrap_err();
            assert_eq!(failure.class, FailureClass::Transient, "{failure:?}");
            assert!(code.is_empty() || failure.code == code, "{failure:?}");
            assert!(!script.paths().contains(&talk.edit));
        }
    }
}

#[test]
fn children_are_looked_for_under_the_phone_that_nhanh_has_and_then_under_ours() {
    for talk in &TALKS {
        let theirs = ours(talk, "0911111111", "New");
        let page = talk.page(&[&theirs], true);
        let mut script = Script::of(&[&page, &page, talk.updated, &talk.ours("Aborted")]);
        assert!(matches!(push_linked(talk, &OrderEventKind::Deleted, &mut script), Ok(PushOutcome::Updated(_))));
        assert!(script.asked[1].1.contains(r#""0911111111""#), "{}", script.asked[1].1);
        // A list that lacks the order itself says nothing of its children.
        let child = talk.page(&[&other(talk, "", "New", 12, Some(origins(talk)[0]))], true);
        let mut script = Script::of(&[&page, talk.none, &child]);
        names_both(&push_linked(talk, &OrderEventKind::Deleted, &mut script).unwrap_err(), "order.cancel-has-child");
        assert!(script.last().contains(r#""0900000001""#), "{}", script.last());
        // A phone that is masked there and gone here asks for nothing, and must not stop a cancel for ever.
        let masked = talk.page(&[&ours(talk, "09*****001", "New")], true);
        let mut nameless = linked();
        nameless.recipient.phone = String::new();
        let mut script = Script::of(&[&masked, talk.updated, &talk.ours("Aborted")]);
        let outcome = push(&talk.context(), &event(OrderEventKind::Deleted, nameless), &fresh(), &mut script);
        assert!(matches!(outcome, Ok(PushOutcome::Updated(_))), "{outcome:?}");
    }
}

#[test]
fn a_reconcile_asks_for_no_children_where_it_has_to_send_or_is_done() {
    for talk in &TALKS {
        let delivered = OrderEventKind::Reconciled(Reconciliation::Delivered);
        let mut script = Script::of(&[&talk.ours("Confirmed"), talk.updated, &talk.ours("Success")]);
        assert!(matches!(push_linked(talk, &delivered, &mut script), Ok(PushOutcome::Updated(_))));
        let mut script = Script::of(&[&talk.ours("Success")]);
        assert!(matches!(push_linked(talk, &delivered, &mut script), Ok(PushOutcome::Already(it)) if it.warnings.is_empty()));
        assert_eq!(script.paths(), [talk.list]);
    }
}

#[test]
fn a_success_of_which_a_part_came_back_is_done_with_a_warning_that_names_it() {
    for talk in &TALKS {
        let (success, row) = (talk.ours("Success"), ours(talk, "0900000001", "Success"));
        let part = |kind, status| other(talk, "", status, kind, Some(origins(talk)[0]));
        for kind in [Reconciliation::Returned, Reconciliation::PartlyReturned].map(OrderEventKind::Reconciled) {
            for status in ["Returning", "Returned", "Success"] {
                let mut script = Script::of(&[&success, &talk.page(&[&row, &part(16, status)], true)]);
                warned(push_linked(talk, &kind, &mut script), "order.delivered-in-part");
                assert_eq!(script.paths(), [talk.list, talk.list]);
            }
            // A return by the buyer is another thing, and one that was called off is none.
            for beside in [part(14, "Success"), part(16, "Aborted"), row.clone()] {
                let mut script = Script::of(&[&success, &talk.page(&[&row, &beside], true)]);
                let failure = push_linked(talk, &kind, &mut script).unwrap_err();
                assert_eq!((failure.code.as_str(), failure.class), ("order.returned-but-finished", FailureClass::Conflict));
            }
            let failure = push_linked(talk, &kind, &mut Script::of(&[&success, "<html>"])).unwrap_err();
            assert_eq!(failure.class, FailureClass::Transient);
        }
    }
}

#[test]
fn a_look_up_that_is_made_anyway_tells_a_reconcile_of_the_part_that_came_back() {
    for talk in &TALKS {
        let sent = Earlier { may_have_arrived: true, first_sent: Some(NOW - 60_000), last_sent: Some(NOW - 60_000), ..fresh() };
        let row = ours(talk, "0900000001", "Success");
        let page = talk.page(&[&row, &other(talk, "", "Returned", 16, Some(origins(talk)[0]))], true);
        let told = |kind: OrderEventKind| {
            let mut script = Script::of(&[&page]);
            let outcome = push(&talk.context(), &event(kind, order()), &sent, &mut script);
            assert_eq!(script.paths(), [talk.list], "one look-up");
            outcome
        };
        for how in [Reconciliation::Delivered, Reconciliation::Returned, Reconciliation::PartlyReturned] {
            warned(told(OrderEventKind::Reconciled(how)), "order.delivered-in-part");
        }
        names_both(&told(OrderEventKind::Cancelled(PartyRole::Buyer)).unwrap_err(), "order.cancel-has-child");
        assert!(matches!(told(OrderEventKind::Deleted), Ok(PushOutcome::Skipped(reason)) if reason.code == "skip.finished"));
    }
}

/// A history with these steps, as each dialect has it: 2.0 of the one order that was asked for, in words or numbers.
fn history(talk: &Talk, step: &str) -> String {
    if talk.version == "2.0" {
        return format!(r#"{{"code":1,"data":[{{"step":"Thêm đơn hàng","newStatus":"New"}},{{"step":{step},"createdBy":"?"}}]}}"#);
    }
    format!(r#"{{"code":1,"data":[{{"logId":"a1","orderId":{OTHER},"step":{step},"status":{{"old":54,"new":54}}}}]}}"#)
}

/// A cancel of an order that was told deleted.
fn cancel_gone(talk: &Talk, order: Order, replies: &[&str]) -> (Result<PushOutcome, Failure>, Script) {
    let earlier = Earlier { gone: true, first_sent: Some(NOW - 7_200_000), last_sent: Some(NOW - 7_200_000), ..fresh() };
    let mut script = Script::of(replies);
    let outcome = push(&talk.context(), &event(OrderEventKind::Cancelled(PartyRole::Buyer), order), &earlier, &mut script);
    assert!(!script.paths().contains(&talk.edit));
    (outcome, script)
}

#[test]
fn an_order_that_is_gone_but_lives_on_in_another_is_a_task_that_names_both() {
    for talk in &TALKS {
        // Its row names ours, or has our own id.
        for heir in origins(talk).iter().map(|it| other(talk, "", "New", 1, Some(it))).chain([other(talk, "ab12-W-1001", "New", 1, None)]) {
            let (outcome, script) = cancel_gone(talk, linked(), &[talk.none, &talk.page(&[&heir], true)]);
            names_both(&outcome.unwrap_err(), "order.merged");
            assert_eq!(script.paths(), [talk.list, talk.list]);
        }
        // No row says anything: the history does.
        let page = talk.page(&[&other(talk, "ab12-W-2002", "Confirmed", 1, None)], true);
        let words: &[&str] = if talk.version == "2.0" { &["\"Gộp đơn hàng\"", "\"Sao chép đơn\"", "\"22\""] } else { &["\"41\""] };
        for step in words.iter().chain(&["22", "41"]) {
            let (outcome, script) = cancel_gone(talk, linked(), &[talk.none, &page, &history(talk, step)]);
            names_both(&outcome.unwrap_err(), "order.merged");
            let asked = if talk.version == "2.0" {
                r#"{"orderId":"125123222"}"#
            } else {
                r#"{"filters":{"orderIds":[125123222],"steps":[22,41]},"paginator":{"size":100}}"#
            };
            assert_eq!((script.paths()[2], script.last()), ("/order/history", asked));
        }
        // No history may be read: any other order to the phone may be it.
        for no in [r#"{"code":0,"errorCode":"ERR_403","messages":[]}"#, r#"{"code":0,"messages":["Order not found"]}"#] {
            names_both(&cancel_gone(talk, linked(), &[talk.none, &page, no]).0.unwrap_err(), "order.merged");
        }
    }
}

#[test]
fn with_more_orders_to_the_phone_than_histories_may_be_asked_for_a_person_looks() {
    let talk = &TALKS[0];
    let rows: Vec<_> = (1..=25).map(|id| talk.row(id, "ab12-W-2002", "0900000001", 50_000, "New")).collect();
    let page = talk.page(&rows.iter().map(String::as_str).collect::<Vec<_>>(), true);
    let edited = history(talk, "7");
    let replies: Vec<&str> = [talk.none, &page].into_iter().chain(std::iter::repeat_n(edited.as_str(), 25)).collect();
    let (outcome, script) = cancel_gone(talk, linked(), &replies);
    let failure = outcome.unwrap_err();
    assert_eq!((failure.code.as_str(), script.asked.len()), ("order.merged", 22));
    assert!(failure.message.arguments.iter().any(|it| it.name == "other" && it.value == "21"), "{failure:?}");
}

#[test]
fn an_order_that_is_gone_and_lives_on_nowhere_needs_no_cancel() {
    for talk in &TALKS {
        let page = talk.page(&[&other(talk, "ab12-W-2002", "Confirmed", 1, None)], true);
        let called_off = talk.page(&[&other(talk, "ab12-W-1001", "Canceled", 1, None)], true);
        let edited = history(talk, "7");
        let failed = history(talk, "\"Lỗi gộp đơn\"");
        for replies in [vec![&page, &edited], vec![&page, &failed], vec![&called_off, &called_off]] {
            let replies: Vec<&str> = [talk.none].into_iter().chain(replies.into_iter().map(String::as_str)).collect();
            let (outcome, _) = cancel_gone(talk, linked(), &replies);
            let Ok(PushOutcome::Already(pushed)) = outcome else { panic!("{outcome:?}") };
            assert_eq!(pushed.warnings.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), ["order.gone"]);
        }
        // What was not understood is asked again.
        for replies in [vec![talk.none, "<html>"], vec![talk.none, &page, "<html>"], vec![talk.none, &page, r#"{"code":1,"data":"?"}"#]] {
            assert_eq!(cancel_gone(talk, linked(), &replies).0.unwrap_err().class, FailureClass::Transient);
        }
    }
}
