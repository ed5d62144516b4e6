//! Pushing, with scripted replies: what goes out, and what each answer means. `settling` is about creates that may have arrived, `statuses`
//! about changes, `kin` about orders that come of orders, `third` about what only API 3.0 does.

mod kin;
mod settling;
mod statuses;
mod third;

use crate::push::{plan, push};
use crate::testing::{Script, TALKS, Talk, event, fresh, line, order, reply, set, settled};
use crate::wit::connector::OrderPlan;
use crate::wit::exchange::PushOutcome;
use crate::wit::http::{Error, Response};
use crate::wit::orders::{Earlier, Lock, Order, OrderEventKind, OrderLine, PartyRole, Reconciliation};
use crate::wit::types::{Failure, FailureClass};

pub(super) fn linked() -> Order {
    Order { remote: Some("125123098".to_owned()), ..order() }
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
        let answers: [(Result<Response, Error>, &str); 12] = [
            (Err(Error::NoAnswer(String::new())), "nhanh.no-answer"),
            (Err(Error::TooLarge), "nhanh.too-large"),
            (body(200, "<html>ok</html>"), "nhanh.html"),
            (body(502, "<html>bad gateway</html>"), "nhanh.html"),
            (body(200, ""), "nhanh.empty-body"),
            (body(200, r#"{"code":1,"data":{"orderI"#), "nhanh.truncated"),
            (body(200, r#"{"status":"ok"}"#), "nhanh.invalid-json"),
            (body(200, r#"{"code":1,"messages":[],"data":[]}"#), "nhanh.no-order-id"),
            (body(500, r#"{"code":1}"#), "nhanh.no-order-id"),
            (body(200, r#"{"code":1,"data":[{"id":125123098},{"id":125123099}]}"#), "nhanh.two-order-ids"),
            (body(200, r#"{"code":1,"data":{"id":125123098,"orderId":"125123099"}}"#), "nhanh.two-order-ids"),
            (body(200, r#"{"code":true,"data":{}}"#), "nhanh.no-order-id"),
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
        let answers: [(Result<Response, Error>, FailureClass); 5] = [
            (Err(Error::NotSent(String::new())), FailureClass::Transient),
            (Err(Error::Locked(7000)), FailureClass::RateLimited(7000)),
            (Err(Error::Denied(String::new())), FailureClass::Misconfigured),
            (Ok(reply(r#"{"code":0,"errorCode":"ERR_403","messages":[]}"#)), FailureClass::Forbidden),
            (Ok(reply(r#"{"code":0,"errorCode":"ERR_429","data":{"lockedSeconds":3}}"#)), FailureClass::RateLimited(3000)),
        ];
        for (answer, class) in answers {
            let failure = push_created(talk, order(), &fresh(), &mut Script::default().then(answer)).unwrap_err();
            assert_eq!(failure.class, class, "{}", failure.code);
        }
    }
}

/// What a `code` 0 beside this says of a new order, whether the code is a number, a text or PHP's `false`.
fn refused(talk: &Talk, order: &Order, messages: &str) -> Failure {
    let of = |code: &str| {
        let body = format!(r#"{{"code":{code},{messages}}}"#);
        let mut script = Script::of(&[&body]);
        let failure = push_created(talk, order.clone(), &fresh(), &mut script).unwrap_err();
        assert_eq!(script.paths(), [talk.add], "one send, and nothing else is asked");
        failure
    };
    let failure = of("0");
    assert_eq!((&failure, &failure), (&of(r#""0""#), &of("false")));
    failure
}

#[test]
fn a_known_sentence_or_the_error_of_a_field_is_a_no_that_changed_nothing() {
    for talk in &TALKS {
        for messages in [
            r#""messages":["Số điện thoại không hợp lệ"]"#,
            r#""messages":"Sản phẩm không tồn tại""#,
            r#""messages":{"customerMobile":"quá ngắn"}"#,
            r#""messages":{"shippingAddress.name":"?"}"#,
            r#""messages":{"shippingAddress":{"mobile":["?"]}}"#,
            r#""messages":["customerName is required"]"#,
            r#""messages":["products[0].price: ?"]"#,
            r#""errorCode":"ERR_INVALID_FORM_FIELDS","messages":[]"#,
            r#""errorCode":"ERR_OF_NEXT_YEAR","messages":["Kho hàng đang kiểm kê"]"#,
            r#""messages":["Sản phẩm đã ngừng kinh doanh trên hệ thống"]"#,
        ] {
            let failure = refused(talk, &order(), messages);
            assert_eq!((failure.code.as_str(), failure.class), ("nhanh.refused", FailureClass::Rejected), "{messages}");
        }
    }
}

#[test]
fn a_no_that_nobody_understands_leaves_open_whether_the_order_was_made() {
    for talk in &TALKS {
        for messages in [
            r#""messages":[]"#,
            r#""messages":["Hệ thống bận, vui lòng thử lại sau"]"#,
            r#""messages":["Có lỗi xảy ra"]"#,
            r#""messages":["Lỗi hệ thống: không tồn tại bản ghi"]"#,
            r#""message":"Internal server error""#,
            r#""messages":["Lock wait timeout exceeded"]"#,
            r#""messages":["Xin chào"]"#,
            r#""errorCode":"ERR_OF_NEXT_YEAR","messages":[]"#,
            r#""messages":{"error":"?"}"#,
        ] {
            let failure = refused(talk, &order(), messages);
            assert_eq!((failure.code.as_str(), failure.class), ("nhanh.answer-unclear", FailureClass::Ambiguous), "{messages}");
        }
        let failure = refused(talk, &order(), r#""messages":["Hệ thống bận khi lưu khách Nguyễn Văn A (0900000001)"]"#);
        assert!(!failure.message.vi.contains("Nguyễn") && !failure.message.vi.contains("0900000001"), "{}", failure.message.vi);
    }
}

#[test]
fn an_order_that_nhanh_has_too_little_for_is_held_and_names_the_product() {
    let other = OrderLine {
        remote_product: Some("38000999".to_owned()),
        sku: Some("MU-7".to_owned()),
        name: "Mũ".to_owned(),
        ..line(1000, 50_000)
    };
    let order = settled(Order { lines: vec![line(2000, 60_000), other], ..order() });
    for talk in &TALKS {
        for (messages, product) in [
            (r#""messages":["Sản phẩm MU-7 không đủ tồn để bán"]"#, "38000999"),
            (r#""messages":["Sản phẩm 38000999 vượt quá số lượng có thể bán"]"#, "38000999"),
            (r#""messages":["Mũ: hết hàng"]"#, "38000999"),
            (r#""messages":["AT01-DO-M is out of stock"]"#, "38000102"),
            (r#""messages":{"products.1.quantity":"Not enough available"}"#, "38000999"),
            (r#""errorCode":"ERR_INVALID_FORM_FIELDS","messages":{"products.0.quantity":"Không đủ hàng"}"#, "38000102"),
            (r#""messages":["Kho không đủ hàng"]"#, "38000102"),
        ] {
            let failure = refused(talk, &order, messages);
            assert_eq!((failure.code.as_str(), failure.class), ("order.short-of-stock", FailureClass::Held), "{messages}");
            assert_eq!(failure.subject.as_deref(), Some(product), "{messages}");
        }
    }
}

#[test]
fn a_depot_that_nhanh_does_not_accept_is_named_with_what_to_do() {
    for talk in &TALKS {
        let failure = refused(talk, &order(), r#""errorCode":"ERR_INVALID_DEPOT_ID","messages":["Invalid depotId"]"#);
        assert_eq!((failure.code.as_str(), failure.class), ("nhanh.depot-invalid", FailureClass::Rejected));
        assert_eq!((failure.subject.as_deref(), failure.field.as_deref()), (Some("31010"), Some("/remote-branch")));
        assert!(failure.message.vi.contains("31010") && failure.message.vi.contains("Đăng nhập lại"), "{}", failure.message.vi);
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
