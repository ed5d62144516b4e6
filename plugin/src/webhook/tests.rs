//! Deliveries: probes, forgeries, levels, hints, deletes, and everything that may be tolerated.

use proptest::prelude::*;

use super::*;
use crate::testing::{context, set};
use crate::wit::catalog::OrderStage;

fn deliver(body: &str, verified: bool) -> WebhookOutcome {
    handle(&context(), &Delivery { headers: Vec::new(), body: body.as_bytes().to_vec(), verified })
}

fn accept(body: &str) -> Accepted {
    match deliver(body, true) {
        WebhookOutcome::Accepted(accepted) => accepted,
        other => panic!("{other:?}"),
    }
}

fn reason(outcome: &WebhookOutcome) -> &str {
    match outcome {
        WebhookOutcome::Ignored(ignored) => &ignored.reason.code,
        other => panic!("{other:?}"),
    }
}

fn event(event: &str, data: &str) -> String {
    format!(r#"{{"event":"{event}","businessId":110668,"data":{data}}}"#)
}

#[test]
fn a_probe_is_answered_with_or_without_proof_and_tells_what_is_ticked() {
    let body = r#"{"event":"webhooksEnabled","data":{"registeredEvents":{"101":"productAdd","110":"inventoryChange"}}}"#;
    for verified in [true, false] {
        let WebhookOutcome::Ignored(ignored) = deliver(body, verified) else { panic!() };
        assert_eq!(ignored.reason.code, "ignored.probe");
        assert_eq!(ignored.registered.unwrap(), ["productAdd", "inventoryChange"]);
        assert_eq!(reason(&deliver("", verified)), "ignored.probe");
        assert_eq!(reason(&deliver(" \n", verified)), "ignored.probe");
        assert_eq!(reason(&deliver(r#"{"event":"webhooksEnabled"}"#, verified)), "ignored.probe");
    }
}

#[test]
fn nothing_is_accepted_without_proof() {
    let bodies = [
        event("productDelete", "[1]"),
        event("inventoryChange", r#"{"1":{"id":1,"depots":{}}}"#),
        "{".to_owned(),
        "[]".to_owned(),
        event("x", "1"),
    ];
    for body in bodies {
        assert_eq!(deliver(&body, false), WebhookOutcome::Forged, "{body}");
    }
}

#[test]
fn levels_are_absolute_provisional_and_refreshed() {
    let accepted = accept(&event(
        "inventoryChange",
        r#"{"38000102":{"id":38000102,"shopProductId":"","code":"AT01","remain":8,"available":8,"depots":{"31010":{"remain":8,"shipping":0,"holding":0,"damaged":0,"available":"8.5"}}},"9":{"id":9,"available":3,"depots":[]},"7":{"id":7,"depots":{"1":{"available":"x"}}}}"#,
    ));
    let [Change::Stock(level)] = accepted.changes.as_slice() else { panic!("{accepted:?}") };
    assert_eq!((level.product.as_str(), level.provisional, level.levels[0].available), ("38000102", true, 8500));
    assert_eq!(accepted.subjects, ["38000102", "9", "7"]);
    assert_eq!(accepted.warnings[0].field.as_deref(), Some("/depots/1/available"));
    let refresh = &accepted.refresh[0];
    assert_eq!((refresh.entity, refresh.ids.as_slice(), refresh.within_ms), (Entity::Stock, accepted.subjects.as_slice(), 900_000));
}

#[test]
fn levels_are_ignored_with_the_toggle_off() {
    let mut context = context();
    set(&mut context, "sync-stock-and-price", "off");
    let body = event("inventoryChange", r#"{"1":{"id":1,"available":1,"depots":{"2":{"available":1}}}}"#).into_bytes();
    assert_eq!(reason(&handle(&context, &Delivery { headers: Vec::new(), body, verified: true })), "ignored.policy");
}

#[test]
fn an_order_of_ours_tells_its_own_id_and_asks_for_a_refresh() {
    for name in ["orderAdd", "orderUpdate"] {
        let data = r#"{"businessId":110668,"orderId":125123098,"shopOrderId":"ab12-W-1001","status":"Canceled","statusDescription":"Khách hủy","reason":"Không gọi được khách","trackingUrl":"","products":[{"id":1,"quantity":1}]}"#;
        let accepted = accept(&event(name, data));
        let [Change::OrderStatus(status)] = accepted.changes.as_slice() else { panic!() };
        assert_eq!(
            (status.own_id.as_deref(), status.order.as_str(), status.stage),
            (Some("ab12-W-1001"), "125123098", Some(OrderStage::Cancelled))
        );
        assert_eq!(
            (accepted.refresh[0].entity, accepted.refresh[0].ids.as_slice()),
            (Entity::OrderStatus, ["125123098".to_owned()].as_slice())
        );
        assert_eq!(accepted.subjects, ["125123098"]);
    }
}

#[test]
fn an_order_of_others_is_ignored_without_a_refresh() {
    for own in [r#""zz99-W-1001""#, r#""ab12""#, r#""ab123-1""#] {
        let body = event("orderUpdate", &format!(r#"{{"orderId":5,"shopOrderId":{own},"status":"New"}}"#));
        assert_eq!(reason(&deliver(&body, true)), "ignored.not-ours", "{own}");
    }
}

#[test]
fn an_order_without_an_own_id_is_asked_for_and_nothing_else_is_told_of_it() {
    for data in [
        r#"{"orderId":125123098,"shopOrderId":null,"status":"New"}"#,
        r#"{"orderId":"125123098","shopOrderId":"","status":"New"}"#,
        r#"{"id":7,"orderId":125123098,"shopOrderId":{},"status":"New"}"#,
        r#"{"info":{"id":125123098,"status":72}}"#,
    ] {
        let accepted = accept(&event("orderUpdate", data));
        assert_eq!((accepted.subjects.as_slice(), accepted.changes.len()), (["125123098".to_owned()].as_slice(), 0), "{data}");
        assert_eq!((accepted.refresh[0].entity, accepted.refresh[0].ids.as_slice()), (Entity::OrderStatus, accepted.subjects.as_slice()));
    }
}

#[test]
fn where_a_delivery_has_two_ids_the_order_s_is_named_so() {
    let accepted = accept(&event("orderUpdate", r#"{"id":7,"orderId":125123098,"shopOrderId":"ab12-W-1","status":"New"}"#));
    let [Change::OrderStatus(status)] = accepted.changes.as_slice() else { panic!("{accepted:?}") };
    assert_eq!((status.order.as_str(), accepted.subjects.as_slice()), ("125123098", ["125123098".to_owned()].as_slice()));
}

#[test]
fn what_of_a_delete_is_no_id_is_told() {
    for data in [r#"[5,"x",6,5,1e999]"#, r#"{"a":5,"b":"x","c":6,"d":[1]}"#] {
        let accepted = accept(&event("orderDelete", data));
        assert_eq!(accepted.subjects, ["5", "6"]);
        let refused: Vec<_> = accepted.refused.iter().map(|it| it.failure.field.as_deref()).collect();
        let expected = if data.starts_with('[') { ["/data/1", "/data/4"] } else { ["/data/b", "/data/d"] };
        assert_eq!(refused, expected.map(Some), "{data}");
    }
}

#[test]
fn one_record_of_a_delivery_that_no_parser_can_read_leaves_the_others() {
    let accepted = accept(&event(
        "inventoryChange",
        r#"{"5":{"id":5,"code":"\ud83d","depots":{"1":{"available":1}}},"6":{"id":6,"depots":{"1":{"available":2}}}}"#,
    ));
    assert_eq!((accepted.subjects.as_slice(), accepted.changes.len()), (["5".to_owned(), "6".to_owned()].as_slice(), 1));
    assert_eq!((accepted.refused[0].id.as_deref(), accepted.refused[0].failure.field.as_deref()), (Some("5"), Some("/code")));
}

#[test]
fn a_payment_is_a_hint_whatever_it_looks_like() {
    let accepted = accept(&event("paymentReceived", r#"{"orderId":"5","status":{"odd":true},"amount":1}"#));
    assert_eq!((accepted.changes.len(), accepted.refresh[0].entity), (0, Entity::OrderStatus));
    assert_eq!(reason(&deliver(&event("paymentReceived", r#"{"orderId":5,"shopOrderId":"zz-1"}"#), true)), "ignored.not-ours");
    assert_eq!(reason(&deliver(&event("paymentReceived", r#"{"billId":5}"#), true)), "ignored.malformed");
}

#[test]
fn a_product_s_hint_asks_for_its_price_while_prices_come_along() {
    let asked = |on: bool| {
        let mut context = context();
        set(&mut context, "sync-stock-and-price", if on { "on" } else { "off" });
        let body = event("productUpdate", r#"{"productId":38000103}"#).into_bytes();
        let WebhookOutcome::Accepted(accepted) = handle(&context, &Delivery { headers: Vec::new(), body, verified: true }) else {
            panic!()
        };
        accepted.refresh.into_iter().map(|it| (it.entity, it.ids)).collect::<Vec<_>>()
    };
    let one = || vec!["38000103".to_owned()];
    assert_eq!(asked(true), [(Entity::Product, one()), (Entity::Price, one())]);
    assert_eq!(asked(false), [(Entity::Product, one())]);
}

#[test]
fn the_events_to_tick_are_there_in_either_version_and_the_form_names_the_others() {
    assert!(!EVENTS.contains(&"paymentReceived"), "3.0 has none, and nobody could tick it");
    let form = crate::describe::descriptor().form;
    let names = |text: &str| text.contains("paymentReceived ở 2.0") && text.contains("orderPartialReturn ở 3.0");
    assert!(form.iter().any(|field| names(&format!("{field:?}"))));
}

#[test]
fn a_product_is_a_hint() {
    for name in ["productAdd", "productUpdate"] {
        let accepted = accept(&event(name, r#"{"productId":38000103,"parentId":-1,"price":50000}"#));
        assert_eq!(
            (accepted.changes.len(), accepted.refresh[0].entity, accepted.refresh[0].ids[0].as_str()),
            (0, Entity::Product, "38000103")
        );
    }
}

#[test]
fn deletes_come_as_texts_numbers_or_objects() {
    for data in
        [r#"["125","126"]"#, "[125,126,125]", r#"{"125":"125","126":126}"#, r#"{"125":{},"126":null}"#, r#"[{"id":125},{"orderId":"126"}]"#]
    {
        let accepted = accept(&event("orderDelete", data));
        let gone: Vec<_> =
            accepted.changes.iter().map(|it| if let Change::Gone(it) = it { (it.entity, it.id.as_str()) } else { panic!() }).collect();
        assert_eq!(gone, [(Entity::Order, "125"), (Entity::Order, "126")], "{data}");
        assert_eq!(accepted.subjects, ["125", "126"]);
    }
    let accepted = accept(&event("productDelete", "[7]"));
    assert!(matches!(accepted.changes.as_slice(), [Change::Gone(it)] if it.entity == Entity::Product));
}

#[test]
fn data_may_be_json_in_a_text() {
    let accepted = accept(&event("productDelete", r#""[\"7\"]""#));
    assert_eq!(accepted.subjects, ["7"]);
}

#[test]
fn unknown_and_malformed_deliveries_are_ignored_by_name() {
    let outcome = deliver(&event("customerAdd<b>", "{}"), true);
    assert_eq!(reason(&outcome), "ignored.unknown-event");
    let WebhookOutcome::Ignored(ignored) = outcome else { panic!() };
    assert_eq!(ignored.reason.message.arguments[0].value, "customerAddb");
    for body in [
        "{",
        "[]",
        "7",
        "{}",
        r#"{"event":{}}"#,
        &event("orderAdd", "null"),
        &event("orderAdd", "7"),
        &event("inventoryChange", "[]"),
        &event("productDelete", "{}"),
        &event("productAdd", "{}"),
    ] {
        assert_eq!(reason(&deliver(body, true)), "ignored.malformed", "{body}");
    }
}

#[test]
fn another_business_and_a_draft_take_nothing() {
    let body = r#"{"event":"productDelete","businessId":"5","data":[1]}"#;
    assert_eq!(reason(&deliver(body, true)), "ignored.other-business");
    let mut draft = context();
    draft.account = None;
    let delivery = Delivery { headers: Vec::new(), body: event("productDelete", "[1]").into_bytes(), verified: true };
    assert_eq!(reason(&handle(&draft, &delivery)), "ignored.no-account");
    assert_eq!(accept(r#"{"event":"productDelete","data":[1]}"#).subjects, ["1"]);
}

#[test]
fn deliveries_of_api_3_0_are_known_by_their_shape_whatever_the_grant_speaks() {
    let order = r#"{"info":{"id":125123098,"depotId":31010,"type":1,"status":63,"updatedAt":1795141821,"trackingUrl":""},"channel":{"appOrderId":"ab12-W-1001","saleChannel":10,"trafficSource":{"id":7,"name":"Website"}},"shippingAddress":{"id":"55120001","mobile":"0900000001","locationVersion":"v1"},"products":[],"carrier":{"name":"Giaohangnhanh","sendCarrier":{"type":1,"date":""}},"payment":{"discount":{"type":"cash","amount":0}}}"#;
    let accepted = accept(&event("orderUpdate", order));
    let [Change::OrderStatus(status)] = accepted.changes.as_slice() else { panic!("{accepted:?}") };
    assert_eq!(
        (status.code.as_str(), status.stage, status.own_id.as_deref()),
        ("Canceled", Some(OrderStage::Cancelled), Some("ab12-W-1001"))
    );
    assert_eq!((accepted.subjects, accepted.refresh[0].entity), (vec!["125123098".to_owned()], Entity::OrderStatus));
    let others = order.replace("ab12-W-1001", "2404SHOPEE");
    assert_eq!(reason(&deliver(&event("orderAdd", &others), true)), "ignored.not-ours");

    let level = r#"[{"id":1231281071,"typeId":1,"code":"AT01","remain":8,"available":8,"warranty":{"remain":0,"holding":0},"depots":[{"id":31010,"remain":8,"shipping":0,"damaged":0,"holding":0,"available":8.5,"warranty":{"remain":0}}]}]"#;
    let accepted = accept(&event("inventoryChange", level));
    assert!(
        matches!(accepted.changes.as_slice(), [Change::Stock(it)] if it.provisional && it.levels[0].branch == "31010" && it.levels[0].available == 8500)
    );
    let product = r#"{"id":1231281071,"parentId":1231281070,"status":"2","prices":{"retail":199000},"type":{"id":1,"name":"Sản phẩm"}}"#;
    assert_eq!(accept(&event("productUpdate", product)).refresh[0].ids, ["1231281071"]);
    assert_eq!(accept(&event("orderDelete", "[125123098]")).subjects, ["125123098"]);
}

#[test]
fn an_app_that_was_removed_pauses_the_connection() {
    let body = r#"{"event":"appUninstalled","businessId":110668}"#;
    assert_eq!(deliver(body, true), WebhookOutcome::Uninstalled);
    assert_eq!(deliver(body, false), WebhookOutcome::Forged);
    assert_eq!(reason(&deliver(r#"{"event":"appUninstalled","businessId":5}"#, true)), "ignored.other-business");
}

#[test]
fn a_partial_return_is_told_of_the_original_order() {
    let data = |own: &str| {
        format!(
            r#"{{"info":{{"id":125123222,"type":16,"status":72,"updatedAt":1795241821}},"channel":{{"appOrderId":"","saleChannel":10}},"products":[],"originalOrder":{{"id":125123098,"channel":{{"appOrderId":"{own}","saleChannel":10}}}}}}"#
        )
    };
    let accepted = accept(&event("orderPartialReturn", &data("ab12-W-1001")));
    let [Change::OrderStatus(status)] = accepted.changes.as_slice() else { panic!("{accepted:?}") };
    assert_eq!((status.order.as_str(), status.own_id.as_deref()), ("125123098", Some("ab12-W-1001")));
    assert_eq!(
        (status.stage, status.code.as_str()),
        (Some(OrderStage::PartlyReturned), ""),
        "the code is the return's, not the original's"
    );
    assert_eq!(
        (status.reason.as_deref(), status.changed),
        (Some("Hoàn một phần (đơn hoàn 125123222 trên Nhanh.vn)"), Some(1_795_241_821_000))
    );
    assert_eq!(accepted.subjects, ["125123098"]);
    let [asked] = accepted.refresh.as_slice() else { panic!("{:?}", accepted.refresh) };
    assert_eq!((asked.entity, asked.ids.as_slice()), (Entity::OrderStatus, &["125123098".to_owned()][..]));
    assert_eq!(reason(&deliver(&event("orderPartialReturn", &data("2404SHOPEE")), true)), "ignored.not-ours");
    for odd in [r#"{"info":{"id":1,"status":72}}"#, r#"{"originalOrder":{"id":1}}"#, "7", r#"{"originalOrder":[]}"#] {
        assert_eq!(reason(&deliver(&event("orderPartialReturn", odd), true)), "ignored.malformed", "{odd}");
    }
}

proptest! {
    #[test]
    fn no_body_breaks_a_delivery(data in "[{}\\[\\]\":,a-z0-9]{0,60}|\\PC{0,40}", verified: bool) {
        for event_name in EVENTS.into_iter().chain(OTHERS) {
            let _ = deliver(&event(event_name, &data), verified);
        }
        let outcome = deliver(&data, false);
        let accepted = matches!(outcome, WebhookOutcome::Accepted(_));
        prop_assert!(!accepted);
    }
}
