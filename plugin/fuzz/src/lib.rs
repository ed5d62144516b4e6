//! What must hold for every delivery and every reply, whatever it is: each function takes any bytes and panics where a promise of the
//! contract is broken. It says whether something was read.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use nhanh_connector::sync;
use nhanh_connector::vietnam::phone;
use nhanh_connector::webhook;
use nhanh_connector::wit::catalog::{BranchStock, Change, Product, ProductKind};
use nhanh_connector::wit::connector::{Delivery, Page, Refused, Scope, Step, WebhookOutcome};
use nhanh_connector::wit::http::Response;
use nhanh_connector::wit::types::{Account, Context, Entity, Failure, FailureClass, Setting};
use unicode_normalization::is_nfc;

/// 2026-11-20 09:30:00 in Vietnam.
const NOW: i64 = 1_795_141_800_000;
const TAG: &str = "ab12";
/// What the host keeps of a cursor.
const LONGEST_CURSOR: usize = 4096;
/// So many steps of a stream are made when every reply is the same.
const STEPS: u32 = 4;

/// A connection that speaks a dialect. `bits`: 1 the toggle of stock and prices is off, 2 the grant covers one branch.
fn context(version: &str, bits: u8) -> Context {
    let toggle = if bits & 1 == 0 { "on" } else { "off" };
    let settings = [("app-id", "72000"), ("api-version", version), ("sync-orders", "on"), ("sync-stock-and-price", toggle)];
    let settings = settings.map(|(key, value)| Setting { key: key.to_owned(), value: value.to_owned() });
    let branches = if bits & 2 == 0 { Vec::new() } else { vec!["31010".to_owned()] };
    let account = Account { id: "110668".to_owned(), name: None, expires: None, permissions: Vec::new(), branches };
    Context { now: NOW, tag: TAG.to_owned(), settings: settings.into(), account: Some(account) }
}

fn check_code(code: &str) {
    let fits = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'.' | b'-');
    assert!((1..=64).contains(&code.len()) && code.bytes().all(fits), "{code}");
}

/// A failure of a read says what to do, in both languages; nothing was changed, so nothing is in doubt.
fn check_failure(failure: &Failure) {
    check_code(&failure.code);
    assert!(!failure.message.vi.is_empty() && !failure.message.en.is_empty(), "{failure:?}");
    assert!(!matches!(failure.class, FailureClass::Ambiguous | FailureClass::Conflict), "{failure:?}");
    if let FailureClass::RateLimited(milliseconds) = failure.class {
        assert!((1_000..=3_600_000).contains(&milliseconds), "{milliseconds}");
    }
}

/// A record that is refused is named, or its field is.
fn check_refused(refused: &[Refused]) {
    for it in refused {
        check_failure(&it.failure);
        assert!(it.failure.field.is_some() || it.failure.subject.is_some(), "{it:?}");
        assert!(it.id.is_none() || it.failure.subject == it.id, "{it:?}");
    }
}

fn check_levels(levels: &[BranchStock]) {
    assert!(levels.iter().all(|it| !it.branch.is_empty()), "{levels:?}");
}

fn check_product(product: &Product, told: bool) {
    assert!(!product.id.is_empty() && product.parent.as_ref() != Some(&product.id) && is_nfc(&product.name), "{product:?}");
    for text in [&product.sku, &product.barcode].into_iter().flatten() {
        assert!(!text.is_empty() && text.trim() == text, "{product:?}");
    }
    assert!(product.sku.as_deref().is_none_or(is_nfc), "{product:?}");
    assert!(product.images.iter().all(|it| it.starts_with("https://") || it.starts_with("http://")), "{product:?}");
    assert!(told || (product.prices.is_none() && product.stock.is_none()), "{product:?}");
    let has_stock = matches!(product.kind, ProductKind::Goods | ProductKind::VariantChild | ProductKind::Combo);
    assert!(has_stock || product.stock.is_none(), "{product:?}");
    check_levels(product.stock.as_deref().unwrap_or_default());
}

/// The kind of record that a change is about, and its id. What is in it is checked on the way.
fn check_change(change: &Change, told: bool) -> (Entity, &str) {
    match change {
        Change::Branch(it) => (Entity::Branch, &it.id),
        Change::Category(it) => {
            assert_ne!(it.parent.as_ref(), Some(&it.id));
            (Entity::Category, &it.id)
        }
        Change::Product(it) => {
            check_product(it, told);
            (Entity::Product, &it.id)
        }
        Change::Stock(it) => {
            check_levels(&it.levels);
            (Entity::Stock, &it.product)
        }
        Change::Price(it) => (Entity::Price, &it.product),
        Change::Customer(it) => {
            let canonical = it.phone.as_deref().is_none_or(|number| phone::canonical(number).as_deref() == Some(number));
            assert!(canonical && is_nfc(&it.name), "{it:?}");
            (Entity::Customer, &it.id)
        }
        Change::OrderStatus(it) => (Entity::OrderStatus, &it.order),
        Change::Gone(it) => (it.entity, &it.id),
    }
}

/// A delivery is read by its own shape, whatever the connection speaks. Without a proof nothing of it counts; with one, every change is
/// about a record that it says it speaks of, and of orders only our own.
pub fn webhook(data: &[u8]) -> bool {
    let deliver = |version: &str, verified: bool, bits: u8| {
        webhook::handle(&context(version, bits), &Delivery { headers: Vec::new(), body: data.to_vec(), verified })
    };
    for version in ["2.0", "3.0"] {
        match deliver(version, false, 0) {
            WebhookOutcome::Forged => {}
            WebhookOutcome::Ignored(it) => assert_eq!(it.reason.code, "ignored.probe"),
            other => panic!("unproven, and still {other:?}"),
        }
    }
    let mut read = false;
    for bits in 0..4 {
        let outcome = deliver("2.0", true, bits);
        assert_eq!(outcome, deliver("3.0", true, bits));
        let accepted = match outcome {
            WebhookOutcome::Accepted(accepted) => accepted,
            WebhookOutcome::Ignored(it) => {
                check_code(&it.reason.code);
                continue;
            }
            WebhookOutcome::Uninstalled => continue,
            WebhookOutcome::Forged => panic!("proven, and still forged"),
        };
        read = true;
        let about = |id: &str| accepted.subjects.iter().any(|it| it == id);
        let mut subjects = accepted.subjects.clone();
        subjects.sort();
        subjects.dedup();
        assert!(!subjects.is_empty() && subjects.len() == accepted.subjects.len(), "{accepted:?}");
        assert!(accepted.subjects.iter().all(|it| !it.is_empty()), "{accepted:?}");
        check_refused(&accepted.refused);
        for change in &accepted.changes {
            let (_, id) = check_change(change, bits & 1 == 0);
            assert!(about(id), "{accepted:?}");
            match change {
                Change::Stock(level) => {
                    let refreshed = accepted.refresh.iter().any(|it| it.entity == Entity::Stock && it.ids.contains(&level.product));
                    assert!(level.provisional && refreshed && bits & 1 == 0, "{accepted:?}");
                }
                Change::OrderStatus(status) => {
                    let own = status.own_id.as_deref().unwrap_or_default();
                    assert!(own.strip_prefix(TAG).is_some_and(|rest| rest.starts_with('-')), "{accepted:?}");
                }
                Change::Gone(gone) => assert!(matches!(gone.entity, Entity::Product | Entity::Order), "{accepted:?}"),
                other => panic!("no delivery tells that: {other:?}"),
            }
        }
        assert!(accepted.refresh.iter().all(|it| !it.ids.is_empty() && it.ids.iter().all(|id| about(id))), "{accepted:?}");
    }
    read
}

/// Every stream that a connection has, and some that it refuses.
fn streams() -> Vec<(Entity, Scope)> {
    let since = || Scope::Since(NOW - 40 * 86_400_000);
    let only = |ids: &[&str]| Scope::Only(ids.iter().map(|it| (*it).to_owned()).collect());
    let two = || only(&["38000102", "9"]);
    // As many as one request of 3.0 names, as long as ids are.
    let many = || Scope::Only((0..100).map(|at| format!("{at:0>19}")).collect());
    vec![
        (Entity::Branch, Scope::Everything),
        (Entity::Branch, only(&["31010"])),
        (Entity::Category, Scope::Everything),
        (Entity::Category, two()),
        (Entity::Product, Scope::Everything),
        (Entity::Product, since()),
        (Entity::Product, two()),
        (Entity::Product, many()),
        (Entity::Stock, Scope::Everything),
        (Entity::Stock, since()),
        (Entity::Stock, two()),
        (Entity::Price, Scope::Everything),
        (Entity::Price, since()),
        (Entity::Price, two()),
        (Entity::Customer, Scope::Everything),
        (Entity::Customer, since()),
        (Entity::Customer, two()),
        (Entity::OrderStatus, since()),
        (Entity::OrderStatus, two()),
        (Entity::OrderStatus, Scope::Everything),
        (Entity::User, Scope::Everything),
    ]
}

const STATUSES: [u16; 4] = [200, 404, 429, 500];

/// The first byte chooses the stream (`A` is the first one), the second the toggles and the reply's status; the rest is the reply.
fn page(version: &str, data: &[u8]) -> bool {
    let [stream, how, body @ ..] = data else { return false };
    let streams = streams();
    let (entity, scope) = &streams[usize::from(stream.wrapping_sub(b'A')) % streams.len()];
    let how = how.wrapping_sub(b'A');
    let context = context(version, how & 3);
    let status = STATUSES[usize::from(how >> 2 & 3)];
    let response = Response { status, content_type: None, body: body.to_vec(), captured: Vec::new() };
    if *stream == b'Z' {
        return record(&context, body, how & 1 == 0);
    }
    let mut step = Step { entity: *entity, scope: scope.clone(), cursor: None };
    let (mut done, mut read) = (0, false);
    for _ in 0..STEPS {
        let asked = sync::build_request(&context, &step);
        let page = match sync::read_response(&context, &step, &response) {
            Ok(page) => page,
            Err(failure) => {
                check_failure(&failure);
                break;
            }
        };
        // What the host asks with is what it reads with; a page is only read where there was something to ask.
        assert!(asked.is_ok(), "{asked:?} {page:?}");
        read = true;
        check_page(&page, &step, how & 1 == 0);
        assert!(page.done >= done, "{page:?}");
        done = page.done;
        let Some(next) = page.next else { break };
        assert!(next.len() <= LONGEST_CURSOR && step.cursor.as_ref() != Some(&next), "{next}");
        step.cursor = Some(next);
        sync::build_request(&context, &step).unwrap_or_else(|failure| panic!("{failure:?} {step:?}"));
    }
    read
}

fn check_page(page: &Page, step: &Step, told: bool) {
    check_refused(&page.refused);
    let gone = match step.entity {
        Entity::Stock | Entity::Price => Entity::Product,
        Entity::OrderStatus => Entity::Order,
        entity => entity,
    };
    for change in &page.changes {
        let (entity, id) = check_change(change, told);
        assert!(!id.is_empty(), "{change:?}");
        assert!(entity == if matches!(change, Change::Gone(_)) { gone } else { step.entity }, "{change:?} of {step:?}");
        if let Scope::Only(ids) = &step.scope {
            assert!(ids.iter().any(|it| it == id), "nobody asked for {change:?}");
        } else if let Change::OrderStatus(status) = change {
            let own = status.own_id.as_deref().unwrap_or_default();
            assert!(own.strip_prefix(TAG).is_some_and(|rest| rest.starts_with('-')), "{change:?}");
        }
        if let Change::Stock(level) = change {
            assert!(!level.provisional, "{change:?}");
        }
    }
    for warning in &page.warnings {
        check_code(&warning.code);
    }
    assert!(page.total.is_none_or(|total| total >= page.done), "{page:?}");
}

/// One product record, read alone.
fn record(context: &Context, raw: &[u8], told: bool) -> bool {
    match sync::map_product(context, raw) {
        Ok(product) => check_product(&product, told),
        Err(failure) => {
            check_failure(&failure);
            return false;
        }
    }
    true
}

/// A reply of API 2.0.
pub fn page_v2(data: &[u8]) -> bool {
    page("2.0", data)
}

/// A reply of API 3.0.
pub fn page_v3(data: &[u8]) -> bool {
    page("3.0", data)
}
