//! What a guest can answer: nothing, too much, what is no value of its type, and words that would do harm where they are shown.

use std::sync::Arc;

use connector_host::contract::orders::{Earlier, OrderEventKind};
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Delivery, Scope, Step, http};
use connector_host::sandbox::{AdmissionError, Answer, CallError, Connector, Limit};
use serde_json::json;

use crate::forge::Forge;
use crate::host_calls::Silence;
use crate::make;
use crate::neighbour::{Neighbour, context, limit, trap};
use crate::resources::EXPORTS;

/// What an export came to: an answer, a failure with this code, or an end of another kind.
pub(crate) type Ended = Result<Result<(), String>, CallError>;

/// Calls every export but `describe`.
pub(crate) async fn every_export(connector: &Connector) -> Vec<(&'static str, Ended)> {
    fn ended<T>(answer: Answer<T>) -> Ended {
        answer.result.map(|answer| answer.map(|_| ()).map_err(|failure| failure.code))
    }
    let context = context();
    let step = Step { entity: Entity::Product, scope: Scope::Everything, cursor: None };
    let response = http::Response { status: 200, content_type: None, body: b"{}".to_vec(), captured: Vec::new() };
    let delivery = Delivery { headers: Vec::new(), body: b"{}".to_vec(), verified: true };
    let event = make::event("1", 1, OrderEventKind::Created);
    let earlier = Earlier::UNTOUCHED;
    let all = [
        ended(connector.authorize_url(&context, "https://nobi.example/landing").await),
        ended(connector.build_sync_request(&context, &step).await),
        ended(connector.read_sync_response(&context, &step, &response).await),
        ended(connector.handle_webhook(&context, &delivery).await),
        ended(connector.map_order(&context, &event).await),
        ended(connector.map_product(&context, b"{}").await),
        ended(connector.redeem(&context, Arc::new(Silence)).await),
        ended(connector.check(&context, Arc::new(Silence)).await),
        ended(connector.push_order(&context, &event, &earlier, Arc::new(Silence)).await),
    ];
    EXPORTS.into_iter().zip(all).collect()
}

async fn admitted(neighbour: &Neighbour, forged: Forge) -> Connector {
    neighbour.sandbox.admit(&forged.component()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_in_each_export_is_that_call_s_own_end() {
    let neighbour = Neighbour::new().await;
    let connector = admitted(&neighbour, Forge::new()).await;
    let (ended, _) = neighbour.throughout(async || every_export(&connector).await).await;
    assert_eq!(ended.len(), 9);
    for (export, result) in ended {
        assert!(matches!(&result, Err(CallError::Trap(text)) if text.contains("unreachable")), "{export}: {result:?}");
    }
    let bytes = Forge::new().code("describe", "unreachable").component();
    let (refused, _) = neighbour.throughout(async || neighbour.sandbox.admit(&bytes).await.err()).await;
    assert!(matches!(&refused, Some(AdmissionError::Describe(CallError::Trap(text))) if text.contains("unreachable")), "{refused:?}");
    for (code, what) in [
        ("(i32.div_u (i32.const 1) (i32.const 0))", "divide by zero"),
        ("(i32.load (i32.const -4))", "out of bounds memory access"),
        ("(i32.trunc_f32_s (f32.const nan))", "conversion to integer"),
        ("(table.get $none (i32.const 7)) drop (i32.const 0)", "out of bounds table access"),
        ("(call_indirect $none (result i32) (i32.const 0))", "uninitialized element"),
    ] {
        let mut forged = Forge::new().code("map-product", code);
        forged.fields = "(table $none 1 funcref)".to_owned();
        let outcome = neighbour.map_product(forged).await;
        assert!(trap(&outcome).contains(what), "{}", trap(&outcome));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_outside_the_memory_is_none() {
    let neighbour = Neighbour::new().await;
    // Where the answer is: past the end, at the very end, and not where such an answer may begin.
    for (code, what) in [
        ("(i32.const -8)", "out of bounds"),
        ("(i32.const 4194300)", "not aligned"),
        ("(i32.const 4194296)", "out of bounds"),
        ("(i32.const 4194304)", "out of bounds"),
        ("(i32.const 1025)", "not aligned"),
    ] {
        let outcome = neighbour.map_product(Forge::new().code("map-product", code)).await;
        assert!(trap(&outcome).contains(what), "{code}: {}", trap(&outcome));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn room_that_is_none_is_not_written_to() {
    let neighbour = Neighbour::new().await;
    for (realloc, what) in [
        ("(i32.const -16)", "beyond end of memory"),
        ("(i32.const 4194304)", "beyond end of memory"),
        ("(i32.const 4194303)", "not aligned"),
        ("unreachable", "unreachable"),
    ] {
        let mut forged = Forge::new().code("map-product", "(i32.const 0)");
        forged.realloc = realloc;
        let outcome = neighbour.map_product(forged).await;
        assert!(trap(&outcome).contains(what), "{realloc}: {}", trap(&outcome));
    }
    // A guest may not call out while the host is writing to it.
    let mut calling = Forge::new().code("map-product", "(i32.const 0)");
    calling.realloc = "(call $emit (i32.const 1) (i32.const 0) (i32.const 0)) (i32.const 0)";
    assert!(trap(&neighbour.map_product(calling).await).contains("cannot leave component instance"));
}

/// `check` answers this many lines, all of them the same few bytes.
fn lines(count: u32, text_length: u32) -> Forge {
    let mut forged = Forge::new().with("check", move |scene| {
        let line = json!({ "Ok": [{ "code": "x", "verdict": "Ok", "message": make::words("x"), "fix": null }] });
        let at = scene.answer(&line);
        // The list's address and length follow the case; a line's code is the first of its fields.
        format!(
            "(i32.store offset=8 (i32.const {at}) (i32.const {count}))
             (i32.store offset=4 (i32.load offset=4 (i32.const {at})) (i32.const {text_length}))
             (i32.const {at})"
        )
    });
    forged.pages = 1_024;
    forged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_huge_answer_is_not_copied() {
    let neighbour = Neighbour::new().await;
    // One text of 60 MB, one that claims 4 GB, 600,000 lines out of the same memory, and four milliards of them.
    for (count, text_length) in [(1, 60_000_000), (600_000, 1)] {
        let outcome = neighbour.check(lines(count, text_length), Arc::new(Silence)).await;
        assert_eq!(limit(&outcome), Some(Limit::Lowered), "{count} {text_length}: {:?}", outcome.result);
    }
    for (count, text_length) in [(1, u32::MAX), (u32::MAX, 1)] {
        let outcome = neighbour.check(lines(count, text_length), Arc::new(Silence)).await;
        assert!(trap(&outcome).contains("out of bounds"), "{count} {text_length}: {}", trap(&outcome));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_folds_a_huge_one_into_little_memory_is_not_unfolded() {
    // 4,000 products in one list, each with the same list of 4,000 pictures: 16 million texts out of some hundred KiB.
    let neighbour = Neighbour::new().await;
    let product = make::product("1");
    let page = make::page(vec![connector_host::contract::catalog::Change::Product(product.clone()); 4_000]);
    let mut with_pictures = product;
    with_pictures.images = vec!["https://pictures.example/a.jpg".to_owned(); 4_000];
    let forged = Forge::new().with("read-sync-response", move |scene| {
        let many = scene.answer(&json!({ "Ok": page }));
        let one = connector_host::contract::catalog::Change::Product(with_pictures.clone());
        let one = scene.answer(&json!({ "Ok": make::page(vec![one]) }));
        // Every element becomes the one with the pictures, whose lists they then share.
        format!(
            "(local $n i32) (local $from i32) (local $to i32)
             (local.set $from (i32.load offset=4 (i32.const {one})))
             (local.set $to (i32.load offset=4 (i32.const {many})))
             (local.set $n (i32.const 4000))
             (loop $more
                (memory.copy (local.get $to) (local.get $from) (i32.const {size}))
                (local.set $to (i32.add (local.get $to) (i32.const {size})))
                (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
             (i32.const {many})",
            size = scene.size_of("change"),
        )
    });
    let connector = admitted(&neighbour, forged).await;
    let (context, step) = (context(), Step { entity: Entity::Product, scope: Scope::Everything, cursor: None });
    let response = http::Response { status: 200, content_type: None, body: Vec::new(), captured: Vec::new() };
    let (outcome, _) = neighbour.throughout(async || connector.read_sync_response(&context, &step, &response).await).await;
    assert_eq!(limit(&outcome), Some(Limit::Lowered), "{:?}", outcome.result.map(|answer| answer.map(|page| page.changes.len())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_value_of_their_type_are_no_answer() {
    let neighbour = Neighbour::new().await;
    // A product: where in it, what stands there instead, and what is said.
    let product = json!({ "Ok": make::product("1") });
    for (offset, code, what) in [
        // Neither answer nor failure.
        (0, "(i32.store8 (i32.const AT) (i32.const 2))", "discriminant"),
        (0, "(i32.store8 (i32.const AT) (i32.const 255))", "discriminant"),
        // The id's bytes are no UTF-8: broken, cut, a surrogate.
        (8, "(i32.store8 (i32.load offset=OFFSET (i32.const AT)) (i32.const 255))", "utf-8"),
        (8, "(i32.store8 (i32.load offset=OFFSET (i32.const AT)) (i32.const 0xc3))", "utf-8"),
        // The case of the option behind the id and the truth value after it, and of the kind behind that.
        (20, "(i32.store8 offset=OFFSET (i32.const AT) (i32.const 2))", "discriminant"),
        (32, "(i32.store8 offset=OFFSET (i32.const AT) (i32.const 200))", "discriminant"),
    ] {
        let product = product.clone();
        let forged = Forge::new().with("map-product", move |scene| {
            let at = scene.answer(&product);
            let code = code.replace("OFFSET", &offset.to_string()).replace("AT", &at.to_string());
            format!("{code} (i32.const {at})")
        });
        let outcome = neighbour.map_product(forged).await;
        assert!(trap(&outcome).contains(what), "{code} at {offset}: {}", trap(&outcome));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_s_words_are_cut_and_escaped_and_its_class_counts() {
    let neighbour = Neighbour::new().await;
    for text in ["\u{1b}[2J\u{1b}]0;owned\u{7}\r\nINFO all is well".to_owned(), "\u{202e}đơn".repeat(100), "đ\0".repeat(50_000)] {
        let mut failure = json!({ "class": "Ambiguous", "code": text, "message": make::words(&text), "subject": text, "field": text });
        failure["message"]["arguments"] = json!([{ "name": text, "value": text }]);
        let connector = admitted(&neighbour, Forge::new().answer("map-product", json!({ "Err": failure }))).await;
        let context = context();
        let (outcome, _) = neighbour.throughout(async || connector.map_product(&context, b"{}").await).await;
        let failure = outcome.result.unwrap().unwrap_err();
        assert_eq!(failure.class, FailureClass::Ambiguous);
        let message = &failure.message;
        let argument = &message.arguments[0];
        for shown in [&failure.code, &message.vi, &message.en, failure.field.as_ref().unwrap(), &argument.name, &argument.value] {
            assert!(shown.len() <= 500 && !shown.chars().any(|it| it.is_control() || it == '\u{202e}'), "{shown:?}");
        }
        assert_eq!(failure.subject, None);
    }
}

/// A failure whose sentence is so many bytes of empty memory.
fn wordy(bytes: u32) -> Forge {
    let failure = json!({ "class": "Unauthorized", "code": "x", "message": make::words("x"), "subject": null, "field": null });
    let mut forged = Forge::new().with("map-product", move |scene| {
        let at = scene.answer(&json!({ "Err": failure }));
        // The class takes 8 bytes, the code 8 more; then come address and length of the Vietnamese sentence.
        format!("(i32.store offset=24 (i32.const {at}) (i32.const 1048576)) (i32.store offset=28 (i32.const {at}) (i32.const {bytes})) (i32.const {at})")
    });
    forged.pages = 1_024;
    forged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_ten_megabytes_is_a_failure_of_one_line_and_one_of_forty_is_none() {
    let neighbour = Neighbour::new().await;
    let connector = admitted(&neighbour, wordy(10_000_000)).await;
    let context = context();
    let (outcome, _) = neighbour.throughout(async || connector.map_product(&context, b"{}").await).await;
    let failure = outcome.result.unwrap().unwrap_err();
    assert_eq!((failure.class, failure.message.vi.as_str()), (FailureClass::Unauthorized, r"\u{0}".repeat(100).as_str()));
    assert_eq!(limit(&neighbour.map_product(wordy(40_000_000)).await), Some(Limit::Lowered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_without_an_end_is_no_page() {
    let neighbour = Neighbour::new().await;
    let mut page = make::page(Vec::new());
    page.next = Some("x".repeat(1_000_000));
    let connector = admitted(&neighbour, Forge::new().answer("read-sync-response", json!({ "Ok": page }))).await;
    let (ended, _) = neighbour.throughout(async || every_export(&connector).await).await;
    assert!(matches!(&ended[2].1, Err(CallError::Trap(text)) if text.contains("cursor")), "{:?}", ended[2]);
}
