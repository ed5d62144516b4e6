//! Pushing, with scripted replies: never twice, the table of statuses, what each answer means.

use crate::push::{plan, push};
use crate::testing::{NOW, Script, context, event, fresh, order, reply, set};
use crate::wit::connector::OrderPlan;
use crate::wit::exchange::PushOutcome;
use crate::wit::http::{Error, Response};
use crate::wit::orders::{Earlier, Lock, Order, OrderEventKind, PartyRole, Person, Reconciliation};
use crate::wit::types::{Failure, FailureClass};

const ADDED: &str = r#"{"code":1,"messages":[],"data":{"orderId":125123098}}"#;
const NONE: &str = r#"{"code":1,"messages":[],"data":{"totalPages":0,"totalRecords":0,"page":1,"orders":[]}}"#;
const UPDATED: &str = r#"{"code":1,"messages":[],"data":{"orderId":125123098,"status":"Success","shipFee":0}}"#;

/// A page with our order in a status.
fn ours(status: &str) -> String {
    found("ab12-W-1001", "0900000001", 140_000, status)
}

fn found(own_id: &str, phone: &str, sum: i64, status: &str) -> String {
    format!(
        r#"{{"code":1,"messages":[],"data":{{"totalPages":1,"page":1,"orders":{{"125123098":{{"id":125123098,"shopOrderId":"{own_id}","customerMobile":"{phone}","calcTotalMoney":"{sum}","statusCode":"{status}","carrierCode":"GHN1"}}}}}}}}"#
    )
}

fn linked() -> Order {
    Order { remote: Some("125123098".to_owned()), ..order() }
}

/// Sent once, a minute ago, and no answer.
fn sent() -> Earlier {
    Earlier { may_have_arrived: true, first_sent: Some(NOW - 60_000), last_sent: Some(NOW - 60_000), ..fresh() }
}

fn push_created(order: Order, earlier: &Earlier, script: &mut Script) -> Result<PushOutcome, Failure> {
    push(&context(), &event(OrderEventKind::Created, order), earlier, script)
}

#[test]
fn a_new_order_is_created_in_one_request() {
    let mut script = Script::of(&[ADDED]);
    let Ok(PushOutcome::Created(pushed)) = push_created(order(), &fresh(), &mut script) else { panic!() };
    assert_eq!((pushed.remote.as_str(), pushed.own_id.as_deref()), ("125123098", Some("ab12-W-1001")));
    assert_eq!(script.paths(), ["/order/add"]);
    assert_eq!(
        script.asked[0].1,
        r#"{"id":"ab12-W-1001","depotId":31010,"type":"Shipping","customerName":"Nguyễn Văn A","customerMobile":"0900000001","customerAddress":"1 Trần Phú","customerCityName":"Hà Nội","customerDistrictName":"Quận Ba Đình","customerWardLocationName":"Phường Điện Biên","moneyDiscount":0,"moneyDeposit":0,"moneyTransfer":0,"customerShipFee":20000,"productList":[{"id":"np-1","idNhanh":38000102,"name":"Áo thun Đỏ M","code":"AT01-DO-M","price":60000,"quantity":2,"weight":250}]}"#
    );
}

#[test]
fn the_plan_is_what_the_push_sends() {
    let event = event(OrderEventKind::Created, order());
    let Ok(OrderPlan::Create(plan)) = plan(&context(), &event) else { panic!() };
    let mut script = Script::of(&[ADDED]);
    push(&context(), &event, &fresh(), &mut script).unwrap();
    assert_eq!(plan.own_id, "ab12-W-1001");
    assert_eq!((plan.request.path.as_str(), crate::testing::data(&plan.request)), ("/api/order/add", script.asked[0].1.as_str()));
}

#[test]
fn whatever_is_no_readable_answer_to_a_create_is_ambiguous() {
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
        let failure = push_created(order(), &fresh(), &mut Script::default().then(answer)).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), (code, FailureClass::Ambiguous));
    }
}

#[test]
fn what_was_not_sent_or_was_refused_is_not_ambiguous() {
    let answers: [(Result<Response, Error>, FailureClass); 6] = [
        (Err(Error::NotSent(String::new())), FailureClass::Transient),
        (Err(Error::Locked(7000)), FailureClass::RateLimited(7000)),
        (Err(Error::Denied(String::new())), FailureClass::Misconfigured),
        (Ok(reply(r#"{"code":0,"messages":["Kho không đủ hàng"]}"#)), FailureClass::Rejected),
        (Ok(reply(r#"{"code":0,"errorCode":"ERR_403","messages":[]}"#)), FailureClass::Forbidden),
        (Ok(reply(r#"{"code":0,"errorCode":"ERR_429","data":{"lockedSeconds":3}}"#)), FailureClass::RateLimited(3000)),
    ];
    for (answer, class) in answers {
        let failure = push_created(order(), &fresh(), &mut Script::default().then(answer)).unwrap_err();
        assert_eq!(failure.class, class, "{}", failure.code);
    }
}

#[test]
fn a_refusal_names_no_person_of_the_order() {
    let mut script = Script::of(&[r#"{"code":0,"messages":["Khách Nguyễn Văn A ở 1 Trần Phú (0900000001) bị chặn"]}"#]);
    let failure = push_created(order(), &fresh(), &mut script).unwrap_err();
    assert_eq!(failure.message.vi, "Nhanh.vn từ chối: Khách … ở … … bị chặn");
}

#[test]
fn an_empty_look_up_settles_nothing_and_sends_nothing() {
    let mut script = Script::of(&[NONE, NONE]);
    let Ok(PushOutcome::Unsettled(unsettled)) = push_created(order(), &sent(), &mut script) else { panic!() };
    assert_eq!(unsettled.empty_lookups, 1);
    assert!(unsettled.again > NOW);
    assert_eq!(script.paths(), ["/order/index", "/order/index"]);
    assert_eq!(script.asked[0].1, r#"{"page":1,"icpp":100,"customerMobile":"0900000001","fromDate":"2026-11-19","toDate":"2026-11-20"}"#);
    assert!(script.asked[1].1.contains(r#""customerMobile":"+84 900 000 001""#));
}

#[test]
fn an_order_is_sent_again_only_after_two_empty_passes_and_the_wait() {
    let again = |empty_lookups, ago: i64| {
        let earlier = Earlier { empty_lookups, last_sent: Some(NOW - ago), ..sent() };
        let mut script = Script::of(&[NONE, NONE, ADDED]);
        let outcome = push_created(order(), &earlier, &mut script).unwrap();
        (matches!(outcome, PushOutcome::Created(_)), script.paths().contains(&"/order/add"))
    };
    assert_eq!(again(0, 600_000), (false, false));
    assert_eq!(again(1, 29_999), (false, false));
    assert_eq!(again(1, 30_000), (true, true));
    assert_eq!(again(5, 600_000), (true, true));
}

#[test]
fn the_wait_is_a_setting_and_the_next_call_comes_after_it() {
    let mut context = context();
    set(&mut context, "resend-after-seconds", "90");
    let earlier = Earlier { empty_lookups: 3, ..sent() };
    let outcome = push(&context, &event(OrderEventKind::Created, order()), &earlier, &mut Script::of(&[NONE, NONE])).unwrap();
    let PushOutcome::Unsettled(unsettled) = outcome else { panic!() };
    assert_eq!((unsettled.empty_lookups, unsettled.again), (4, NOW + 30_000));
}

#[test]
fn what_arrived_is_adopted_wherever_it_stands_in_the_pages() {
    let other = r#"{"code":1,"data":{"totalPages":2,"page":1,"orders":{"7":{"id":7,"shopOrderId":"zz99-W-1001","statusCode":"New"},"8":{"id":8,"statusCode":false}}}}"#;
    let mut script = Script::of(&[other, &ours("Confirmed")]);
    let Ok(PushOutcome::Adopted(pushed)) = push_created(order(), &sent(), &mut script) else { panic!() };
    assert_eq!(
        (pushed.remote.as_str(), pushed.code.as_deref(), pushed.tracking.as_deref()),
        ("125123098", Some("Confirmed"), Some("GHN1"))
    );
    assert_eq!(script.paths(), ["/order/index", "/order/index"]);
}

#[test]
fn an_order_with_our_own_id_but_another_phone_or_sum_is_a_conflict() {
    for (page, code) in [
        (found("ab12-W-1001", "0911111111", 140_000, "New"), "order.adopt-phone-differs"),
        (found("ab12-W-1001", "0900000001", 139_999, "New"), "order.adopt-sum-differs"),
    ] {
        let failure = push_created(order(), &sent(), &mut Script::of(&[&page])).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), (code, FailureClass::Conflict));
        assert_eq!(failure.subject.as_deref(), Some("125123098"));
    }
}

#[test]
fn two_orders_with_one_own_id_are_a_conflict() {
    let twice = r#"{"code":1,"data":{"totalPages":1,"orders":{"1":{"id":1,"shopOrderId":"ab12-W-1001","statusCode":"New"},"2":{"id":2,"shopOrderId":"ab12-W-1001","statusCode":"New"}}}}"#;
    let failure = push_created(order(), &sent(), &mut Script::of(&[twice])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("order.found-twice", FailureClass::Conflict));
}

#[test]
fn a_look_up_that_was_not_understood_is_not_an_empty_one() {
    let earlier = Earlier { empty_lookups: 4, ..sent() };
    for page in [
        r#"{"code":1,"messages":[]}"#,
        r#"{"code":1,"data":"none"}"#,
        r#"{"code":1,"data":{"totalPages":1}}"#,
        r#"{"code":1,"data":{"totalPages":1,"orders":"?"}}"#,
        r#"{"code":1,"data":{"totalPages":1,"orders":{"5":{"id":5,"shopOrderId":"ab12-W-1001","statusCode":{}}}}}"#,
        r#"{"code":1,"data":{"totalPages":1,"orders":{"5":{"id":5,"shopOrderId":{},"statusCode":"New"}}}}"#,
        r#"{"code":1,"data":{"totalPages":1,"orders":["5"]}}"#,
    ] {
        let mut script = Script::of(&[page, page, ADDED]);
        let failure = push_created(order(), &earlier, &mut script).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("nhanh.order-unreadable", FailureClass::Transient), "{page}");
        assert_eq!(script.paths(), ["/order/index"]);
    }
    let empty = r#"{"code":1,"data":[]}"#;
    assert!(matches!(push_created(order(), &earlier, &mut Script::of(&[empty, empty, ADDED])), Ok(PushOutcome::Created(_))));
}

#[test]
fn a_failed_look_up_sends_nothing_and_is_not_ambiguous() {
    let mut script = Script::default().then(Err(Error::NoAnswer(String::new())));
    let failure = push_created(order(), &Earlier { empty_lookups: 4, ..sent() }, &mut script).unwrap_err();
    assert_eq!(failure.class, FailureClass::Transient);
    assert_eq!(script.paths(), ["/order/index"]);
}

#[test]
fn what_a_webhook_saw_is_read_by_id_and_adopted() {
    let earlier = Earlier { seen_as: Some("125123098".to_owned()), ..fresh() };
    let mut script = Script::of(&[&ours("New")]);
    assert!(matches!(push_created(order(), &earlier, &mut script), Ok(PushOutcome::Adopted(_))));
    assert_eq!(script.asked, [("/api/order/index".to_owned(), r#"{"id":125123098}"#.to_owned())]);
}

#[test]
fn what_a_webhook_saw_is_never_sent_again_even_if_it_cannot_be_found() {
    let earlier = Earlier { seen_as: Some("125123098".to_owned()), empty_lookups: 9, ..sent() };
    let mut script = Script::of(&[NONE, NONE, NONE]);
    assert!(matches!(push_created(order(), &earlier, &mut script), Ok(PushOutcome::Unsettled(_))));
    assert!(!script.paths().contains(&"/order/add"));
}

#[test]
fn an_own_id_that_nhanh_has_already_is_looked_up() {
    let taken = r#"{"code":0,"messages":["Mã đơn hàng đã tồn tại"]}"#;
    let mut script = Script::of(&[taken, &ours("New")]);
    assert!(matches!(push_created(order(), &fresh(), &mut script), Ok(PushOutcome::Adopted(_))));
    let failure = push_created(order(), &fresh(), &mut Script::of(&[taken, NONE, NONE])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("order.own-id-taken", FailureClass::Conflict));
    let unanswered = push_created(order(), &fresh(), &mut Script::of(&[taken, "<html>"])).unwrap_err();
    assert_eq!(unanswered.class, FailureClass::Ambiguous);
    let missing = r#"{"code":0,"messages":["Sản phẩm không tồn tại"]}"#;
    assert_eq!(push_created(order(), &fresh(), &mut Script::of(&[missing])).unwrap_err().class, FailureClass::Rejected);
}

#[test]
fn a_linked_order_is_not_created_again() {
    let mut script = Script::default();
    assert!(matches!(push_created(linked(), &fresh(), &mut script), Ok(PushOutcome::Already(_))));
    assert!(script.asked.is_empty());
}

#[test]
fn what_does_not_go_out_is_a_skip_that_asks_nothing() {
    let skipped = |context: &crate::wit::types::Context, kind: OrderEventKind, order: Order| {
        let mut script = Script::default();
        let event = event(kind, order);
        let Ok(PushOutcome::Skipped(reason)) = push(context, &event, &fresh(), &mut script) else { panic!() };
        assert!(script.asked.is_empty());
        let Ok(OrderPlan::Skip(planned)) = plan(context, &event) else { panic!() };
        assert_eq!(planned, reason);
        reason.code
    };
    let mut off = context();
    set(&mut off, "sync-orders", "off");
    assert_eq!(skipped(&off, OrderEventKind::Created, order()), "skip.orders-off");
    off.settings.retain(|it| it.key != "sync-orders");
    assert_eq!(skipped(&off, OrderEventKind::Created, order()), "skip.orders-off");
    let locked = Order { lock: Lock::Licence, ..order() };
    assert_eq!(skipped(&context(), OrderEventKind::Created, locked), "skip.locked");
    for source in ["shopee", "Lazada", "tiktok", "tiki", "sendo"] {
        let order = Order { source: source.to_owned(), ..order() };
        assert_eq!(skipped(&context(), OrderEventKind::Created, order), "skip.marketplace");
    }
    assert_eq!(skipped(&context(), OrderEventKind::Updated, linked()), "skip.not-pushed-by-guide");
    assert_eq!(skipped(&context(), OrderEventKind::Status("Đóng gói".to_owned()), linked()), "skip.not-pushed-by-guide");
    for kind in
        [OrderEventKind::Cancelled(PartyRole::Buyer), OrderEventKind::Deleted, OrderEventKind::Reconciled(Reconciliation::Delivered)]
    {
        assert_eq!(skipped(&context(), kind, order()), "skip.never-pushed");
    }
}

#[test]
fn a_marketplace_that_is_switched_on_goes_out() {
    let mut context = context();
    set(&mut context, "marketplace-orders", r#"["shopee"]"#);
    let outcome = |source: &str| {
        let order = Order { source: source.to_owned(), ..order() };
        push(&context, &event(OrderEventKind::Created, order), &fresh(), &mut Script::of(&[ADDED])).unwrap()
    };
    assert!(matches!(outcome("Shopee"), PushOutcome::Created(_)));
    assert!(matches!(outcome("lazada"), PushOutcome::Skipped(_)));
    assert!(matches!(outcome("facebook"), PushOutcome::Created(_)));
}

/// Every cell of the table of statuses, through `push`.
#[test]
fn the_table_of_statuses_holds() {
    use OrderEventKind::{Cancelled, Deleted, Reconciled};
    let groups: [(&[&str], [&str; 4]); 7] = [
        (&["New", "Confirming", "Confirmed"], ["send", "send", "send", "conflict"]),
        (&["CustomerConfirming", "ChangeDepot", "SoldOut", "InProduction"], ["try", "try", "send", "conflict"]),
        (&["Packing", "Packed", "Pickup", "Shipping"], ["conflict", "conflict", "send", "conflict"]),
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
                    cell(status, kind, row[*column]);
                }
            }
        }
    }
}

fn cell(status: &str, kind: &OrderEventKind, expected: &str) {
    let read = if status.is_empty() { NONE.to_owned() } else { ours(status) };
    let run = |reply: &str| {
        let mut script = Script::of(&[&read, reply]);
        let outcome = push(&context(), &event(kind.clone(), linked()), &fresh(), &mut script);
        (outcome, script)
    };
    let (outcome, script) = run(UPDATED);
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
        assert_eq!(script.paths(), ["/order/index", "/order/update"]);
        assert_eq!(script.asked[1].1, format!(r#"{{"orderId":"125123098","status":"{status_word}"}}"#));
        let (refused, _) = run(r#"{"code":0,"messages":["Không thể đổi trạng thái"]}"#);
        assert_eq!(refused.unwrap_err().class, FailureClass::Conflict);
        let (limited, _) = run(r#"{"code":0,"errorCode":"ERR_429"}"#);
        assert!(matches!(limited.unwrap_err().class, FailureClass::RateLimited(_)));
        let (unclear, _) = run("<html>");
        assert_eq!(unclear.unwrap_err().class, FailureClass::Ambiguous);
    } else {
        assert_eq!(script.paths(), ["/order/index"]);
    }
}

#[test]
fn a_conflict_says_both_statuses() {
    let failure = push(&context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut Script::of(&[&ours("Shipping")])).unwrap_err();
    assert_eq!(failure.code, "order.cancel-too-late");
    assert!(failure.message.vi.contains("Nobi Pro: xóa") && failure.message.vi.contains("Nhanh.vn: Đang chuyển"), "{}", failure.message.vi);
}

#[test]
fn a_refused_change_names_nobody_of_the_order() {
    let buyer = Person { name: "Lê Thị B".to_owned(), phone: "090 000 0002".to_owned(), email: None };
    let order = Order { buyer: Some(buyer), ..linked() };
    let no = r#"{"code":0,"messages":["Khách Lê Thị B (090 000 0002) đã bị chặn"]}"#;
    let failure = push(&context(), &event(OrderEventKind::Deleted, order), &fresh(), &mut Script::of(&[&ours("New"), no])).unwrap_err();
    let said = failure.message.arguments.iter().find(|it| it.name == "said").map(|it| it.value.as_str());
    assert_eq!(said, Some("Khách … (…) đã bị chặn"));
}

#[test]
fn an_order_of_somebody_else_is_never_changed() {
    let mut script = Script::of(&[&found("zz99-W-1001", "0900000001", 140_000, "New")]);
    let failure = push(&context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut script).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("order.not-ours", FailureClass::Conflict));
    let mut script = Script::of(&[&found("", "0900000001", 140_000, "New")]);
    let failure = push(&context(), &event(OrderEventKind::Deleted, linked()), &fresh(), &mut script).unwrap_err();
    assert_eq!(failure.code, "order.not-ours", "an own id is what makes it ours");
}

#[test]
fn a_cancel_of_an_order_that_may_have_arrived_looks_it_up_and_cancels_it() {
    let cancel = event(OrderEventKind::Cancelled(PartyRole::Buyer), order());
    let mut script = Script::of(&[&ours("New"), r#"{"code":1,"data":{"orderId":125123098,"status":"Canceled"}}"#]);
    let Ok(PushOutcome::Updated(pushed)) = push(&context(), &cancel, &sent(), &mut script) else { panic!() };
    assert_eq!((pushed.remote.as_str(), pushed.code.as_deref()), ("125123098", Some("Canceled")));
    let mut script = Script::of(&[NONE, NONE]);
    assert!(matches!(push(&context(), &cancel, &sent(), &mut script), Ok(PushOutcome::Unsettled(_))));
    let twice = Earlier { empty_lookups: 1, ..sent() };
    let Ok(PushOutcome::Skipped(reason)) = push(&context(), &cancel, &twice, &mut Script::of(&[NONE, NONE])) else { panic!() };
    assert_eq!(reason.code, "skip.never-arrived");
    let settle = event(OrderEventKind::Reconciled(Reconciliation::Delivered), order());
    let failure = push(&context(), &settle, &twice, &mut Script::of(&[NONE, NONE])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("order.reconciled-not-found", FailureClass::Conflict));
}

#[test]
fn a_planned_status_change_is_the_request_that_would_be_sent() {
    let event = event(OrderEventKind::Cancelled(PartyRole::Seller), linked());
    let Ok(OrderPlan::SetStatus(plan)) = plan(&context(), &event) else { panic!() };
    assert_eq!(plan.request.path, "/api/order/update");
    assert_eq!(crate::testing::data(&plan.request), r#"{"orderId":"125123098","status":"Aborted"}"#);
}

#[test]
fn without_a_tag_or_a_grant_nothing_is_sent() {
    let mut no_tag = context();
    no_tag.tag = "AB".to_owned();
    let mut script = Script::default();
    let created = event(OrderEventKind::Created, order());
    assert_eq!(push(&no_tag, &created, &fresh(), &mut script).unwrap_err().class, FailureClass::Misconfigured);
    let mut no_grant = context();
    no_grant.account = None;
    assert_eq!(push(&no_grant, &created, &fresh(), &mut script).unwrap_err().class, FailureClass::Unauthorized);
    assert!(script.asked.is_empty());
}
