//! What only API 3.0 does: it refuses edits of orders that a carrier has, and can ask the carrier to give one back.

use super::{linked, push_created};
use crate::push::push;
use crate::testing::{NOW, Script, TALKS, Talk, event, fresh, order};
use crate::wit::exchange::PushOutcome;
use crate::wit::orders::{Earlier, OrderEventKind, PartyRole, Reconciliation};
use crate::wit::types::{Failure, FailureClass};

const TALK: &Talk = &TALKS[1];
const REFUSED: &str = r#"{"code":0,"errorCode":"ERR_ORDER_CARRIER_REJECT","messages":"Hãng đã lấy hàng"}"#;

fn at_carrier(status: &str) -> String {
    TALK.ours(status).replace(r#""sendCarrierAt":0"#, r#""sendCarrierAt":1795141900"#)
}

fn push_linked(kind: OrderEventKind, script: &mut Script) -> Result<PushOutcome, Failure> {
    push(&TALK.context(), &event(kind, linked()), &fresh(), script)
}

#[test]
fn a_reconcile_of_an_order_at_a_carrier_is_a_visible_skip() {
    for status in ["Confirmed", "Packed", "Pickup", "Shipping"] {
        let mut script = Script::of(&[&at_carrier(status)]);
        let Ok(PushOutcome::Skipped(reason)) = push_linked(OrderEventKind::Reconciled(Reconciliation::Delivered), &mut script) else {
            panic!("{status}")
        };
        assert_eq!(reason.code, "skip.at-carrier");
        assert_eq!(script.paths(), ["/order/list"]);
    }
    // What already stands as it should, or against it, is told as ever.
    let done = push_linked(OrderEventKind::Reconciled(Reconciliation::Delivered), &mut Script::of(&[&at_carrier("Success")]));
    assert!(matches!(done, Ok(PushOutcome::Already(_))));
    let against = push_linked(OrderEventKind::Reconciled(Reconciliation::Delivered), &mut Script::of(&[&at_carrier("Returned")]));
    assert_eq!(against.unwrap_err().class, FailureClass::Conflict);
}

#[test]
fn a_tracking_code_says_that_a_carrier_has_it() {
    let page = TALK.ours("Shipping").replace(r#""carrierCode":"""#, r#""carrierCode":"GHN1""#);
    let outcome = push_linked(OrderEventKind::Reconciled(Reconciliation::Delivered), &mut Script::of(&[&page]));
    assert!(matches!(outcome, Ok(PushOutcome::Skipped(_))), "{outcome:?}");
}

#[test]
fn a_cancel_before_pick_up_asks_the_carrier_once_and_then_changes_the_order() {
    for (kind, status) in [(OrderEventKind::Cancelled(PartyRole::Buyer), "Canceled"), (OrderEventKind::Deleted, "Aborted")] {
        let pickup = at_carrier("Pickup");
        let mut script = Script::of(&[&pickup, &pickup, r#"{"code":1,"data":{}}"#, TALK.updated, &TALK.ours(status)]);
        let outcome = push_linked(kind.clone(), &mut script);
        let Ok(PushOutcome::Updated(pushed)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(pushed.code.as_deref(), Some(status));
        assert_eq!(script.paths(), ["/order/list", "/order/list", "/order/cancelcarrier", "/order/edit", "/order/list"]);
        assert_eq!(script.asked[2].1, r#"{"orderId":125123098}"#);
        assert_eq!(script.asked[3].1, TALK.set_status(status));

        for replies in [&[&pickup, &pickup, REFUSED][..], &[&pickup, &pickup, r#"{"code":1}"#, REFUSED, &pickup]] {
            let failure = push_linked(kind.clone(), &mut Script::of(replies)).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.class), ("order.update-refused", FailureClass::Conflict));
            assert!(failure.message.arguments.iter().any(|it| it.value == "Hãng đã lấy hàng"), "{failure:?}");
        }
        // Nhanh has not told the carrier yet: there is nothing to take back, and the order is edited as any other.
        let not_yet = r#"{"code":0,"errorCode":"ERR_ORDER_CARRIER_NOT_YET_SENT","messages":"Đơn chưa gửi hãng"}"#;
        let mut script = Script::of(&[&pickup, &pickup, not_yet, TALK.updated, &TALK.ours(status)]);
        let outcome = push_linked(kind.clone(), &mut script);
        assert!(matches!(&outcome, Ok(PushOutcome::Updated(it)) if it.code.as_deref() == Some(status)), "{outcome:?}");
        assert_eq!(script.asked[3].1, TALK.set_status(status));
        let gone = TALK.ours("CarrierCanceled");
        let outcome = push_linked(kind.clone(), &mut Script::of(&[&pickup, &pickup, r#"{"code":1}"#, REFUSED, &gone]));
        assert!(matches!(&outcome, Ok(PushOutcome::Updated(it)) if it.code.as_deref() == Some("CarrierCanceled")), "{outcome:?}");
        let unclear = push_linked(kind.clone(), &mut Script::of(&[&pickup, &pickup, "<html>"])).unwrap_err();
        assert_eq!(unclear.class, FailureClass::Ambiguous);
        // Asked again because nobody knows whether the carrier heard it: that it has let go already is no "no" to the cancel.
        let earlier = Earlier { status_unanswered: Some(NOW - 120_000), ..fresh() };
        let mut script = Script::of(&[&pickup, &pickup, REFUSED, TALK.updated, &TALK.ours(status)]);
        let outcome = push(&TALK.context(), &event(kind.clone(), linked()), &earlier, &mut script);
        assert!(matches!(&outcome, Ok(PushOutcome::Updated(it)) if it.code.as_deref() == Some(status)), "{outcome:?}");
    }
    for status in ["Packing", "Packed", "Shipping"] {
        let mut script = Script::of(&[&at_carrier(status)]);
        assert_eq!(push_linked(OrderEventKind::Deleted, &mut script).unwrap_err().code, "order.cancel-too-late");
        assert_eq!(script.paths(), ["/order/list"]);
    }
}

#[test]
fn a_refusal_that_names_the_own_id_is_looked_up_and_told_if_nothing_is_there() {
    let refusal =
        |said: &str| format!(r#"{{"code":0,"errorCode":"ERR_INVALID_FORM_FIELDS","messages":{{"channel.appOrderId":"{said}"}}}}"#);
    let odd = refusal("không hợp lệ");
    let mut script = Script::of(&[&odd, &TALK.ours("New")]);
    assert!(matches!(push_created(TALK, order(), &fresh(), &mut script), Ok(PushOutcome::Adopted(_))));
    let failure = push_created(TALK, order(), &fresh(), &mut Script::of(&[&odd, TALK.none, TALK.none])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("nhanh.refused", FailureClass::Rejected));
    assert_eq!(failure.message.vi, "Nhanh.vn từ chối: channel.appOrderId: không hợp lệ");
    let taken = refusal("đã tồn tại");
    let failure = push_created(TALK, order(), &fresh(), &mut Script::of(&[&taken, TALK.none, TALK.none])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("order.refused-as-existing", FailureClass::Ambiguous));
}

#[test]
fn a_new_order_s_id_is_read_in_each_shape_that_was_seen() {
    for added in [
        r#"{"code":1,"data":[{"id":125123098}]}"#,
        r#"{"code":1,"data":{"orderId":"125123098"}}"#,
        r#"{"code":1,"data":[{"orderId":125123098,"carrierCode":"GHN1"}]}"#,
    ] {
        let Ok(PushOutcome::Created(pushed)) = push_created(TALK, order(), &fresh(), &mut Script::of(&[added])) else { panic!("{added}") };
        assert_eq!((pushed.remote.as_str(), pushed.tracking.is_some()), ("125123098", added.contains("GHN1")));
    }
}

#[test]
fn places_are_found_by_name_and_an_unknown_one_stops_nothing() {
    let cities = r#"{"code":1,"data":[{"id":254,"name":"Thành phố Hà Nội"},{"id":255,"name":"Hà Nam"}]}"#;
    let districts = r#"{"code":1,"data":[{"id":321,"name":"Ba Đình"},{"id":331,"name":"Quận Đống Đa"}]}"#;
    let wards = r#"{"code":1,"data":[{"id":1116,"name":"Phường Điện Biên"},{"id":1117,"name":"Xã Điện Biên"}]}"#;
    let create = |places: &[&str]| {
        let mut script = Script::of(&[TALK.added]);
        script.places.extend(places.iter().map(|it| (*it).to_owned()));
        let Ok(PushOutcome::Created(pushed)) = push_created(TALK, order(), &fresh(), &mut script) else { panic!() };
        (script, pushed.warnings.into_iter().map(|it| it.code).collect::<Vec<_>>())
    };
    let (script, warnings) = create(&[cities, districts, wards]);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(
        script.last().contains(r#""address":"1 Trần Phú","cityId":254,"districtId":321,"wardId":1116,"locationVersion":"v1""#),
        "{}",
        script.last()
    );
    let asked: Vec<_> = script.asked.iter().take(3).map(|it| it.1.as_str()).collect();
    assert_eq!(
        asked,
        [
            r#"{"filters":{"locationVersion":"v1","type":"CITY"}}"#,
            r#"{"filters":{"locationVersion":"v1","type":"DISTRICT","parentId":254}}"#,
            r#"{"filters":{"locationVersion":"v1","type":"WARD","parentId":321}}"#
        ]
    );
    let twice = r#"{"code":1,"data":[{"id":1,"name":"Thị trấn Điện Biên"},{"id":2,"name":"Xã Điện Biên"}]}"#;
    for places in [&[cities, districts, twice][..], &[cities, r#"{"code":1,"data":[]}"#], &["<html>"], &[]] {
        let (script, warnings) = create(places);
        assert_eq!(warnings, ["order.place-as-text"]);
        assert_eq!(script.last(), TALK.create);
    }
}

#[test]
fn a_look_up_that_goes_in_circles_is_not_an_empty_one() {
    let sent = Some(NOW - 60_000);
    let earlier = Earlier { may_have_arrived: true, first_sent: sent, last_sent: sent, empty_lookups: 4, ..fresh() };
    let page = TALK.page(&[], false);
    let mut script = Script::of(&[&page, &page, TALK.added]);
    let failure = push_created(TALK, order(), &earlier, &mut script).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("nhanh.order-unreadable", FailureClass::Transient));
    assert_eq!(script.paths(), ["/order/list", "/order/list"], "nothing is sent");
}

#[test]
fn a_place_that_nhanh_refuses_stops_no_order() {
    let place = |id: u32, name: &str| format!(r#"{{"code":1,"data":[{{"id":{id},"name":"{name}"}}]}}"#);
    let places = [place(254, "Hà Nội"), place(321, "Quận Ba Đình"), place(1116, "Phường Điện Biên")];
    let push = |refusal: &str| {
        let mut script = Script::of(&[refusal, TALK.added]);
        script.places.extend(places.clone());
        let outcome = push_created(TALK, order(), &fresh(), &mut script);
        (outcome, script)
    };
    let (outcome, script) = push(r#"{"code":0,"errorCode":"ERR_INVALID_FORM_FIELDS","messages":{"shippingAddress.wardId":"is invalid"}}"#);
    let Ok(PushOutcome::Created(pushed)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(pushed.warnings.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), ["order.place-as-text"]);
    assert_eq!((script.paths(), script.last()), (vec!["/order/add", "/order/add"], TALK.create));
    let (other, script) = push(r#"{"code":0,"messages":"Kho không đủ hàng"}"#);
    assert_eq!((other.unwrap_err().class, script.paths()), (FailureClass::Held, vec!["/order/add"]));
    let busy = r#"{"code":0,"messages":{"shippingAddress.wardId":"Hệ thống bận, vui lòng thử lại sau"}}"#;
    for unclear in ["<html>wardId</html>", busy] {
        let (outcome, script) = push(unclear);
        assert_eq!(
            (outcome.unwrap_err().class, script.paths()),
            (FailureClass::Ambiguous, vec!["/order/add"]),
            "only a refusal that surely changed nothing is tried again"
        );
    }
}
