//! Every field of the table of classes, in both dialects, with every kind of value where another one stood: the record comes in, or is refused
//! for what it is by, always by name; and the others of its page come in as if nothing were the matter.

use serde_json::Value;

use super::*;
use crate::map::fields::{Class, FIELDS, Group};
use crate::nhanh::wire::{Kind, of_version};
use crate::testing::{NOW, context, reply, set};
use crate::wit::catalog::{Customer, Prices, ProductKind, ProductStatus};

/// Every kind of value that PHP, a person or a broken writer may put where something else belongs.
const KINDS: [&str; 16] = [
    "null",
    "\"\"",
    "[]",
    "{}",
    "false",
    "true",
    "\"12\"",
    "\"1e3\"",
    "1e3",
    "-5",
    "\"-5\"",
    "98765432109876543210987654321",
    "\"\u{202e}\"",
    // What no parser reads: half a surrogate pair, beyond every range, 400 digits.
    "\"\\ud83d\"",
    "1e999",
    "$digits",
];

/// What stands for a value until its text is put there, which no tree could hold.
const HOLE: &str = "@@hole@@";

fn kind_text(kind: &str) -> String {
    kind.replace("$digits", &"7".repeat(400))
}

fn is_broken(kind: &str) -> bool {
    matches!(kind, "\"\\ud83d\"" | "1e999" | "$digits")
}

/// Records that have each field of the table, in a row of a list and in the forms that details and deliveries have.
fn bases(entity: Entity, version: &str) -> Vec<Value> {
    let texts: &[&str] = match (entity, version) {
        (Entity::Product, "2.0") => &[
            r#"{"idNhanh":7,"privateId":"np-7","parentId":5,"categoryId":"41","brandName":"Demo","typeId":"1","code":"AT7","barcode":"20007","name":"Áo","importPrice":"60000","oldPrice":"130000","price":"120000","wholesalePrice":"95000","vat":"8","image":"https://example.com/a.jpg","images":["https://example.com/b.jpg"],"status":"Active","shippingWeight":"250","unit":"Cái","updatedAt":1756700000,"description":"<p>x</p>","inventory":{"remain":3,"shipping":0,"holding":0,"available":3,"depots":{"31010":{"remain":1,"shipping":0,"damaged":0,"holding":0,"available":1},"31011":{"remain":2,"shipping":0,"damaged":0,"holding":0,"available":2}}},"attributes":[{"11":{"attributeName":"Màu","name":"Đỏ"}}],"units":[{"name":"Thùng","quantity":24,"price":"2700000"}]}"#,
            r#"{"productId":7,"shopProductId":"np-7","parentId":-1,"typeId":1,"code":"AT7","name":"Áo","price":120000,"avgCost":1,"status":"New","content":"<p>x</p>","weight":100.4,"inventory":{"remain":1,"available":1,"depots":{"31010":{"remain":1,"damage":1,"available":1}}}}"#,
        ],
        (Entity::Product, _) => &[
            r#"{"id":7,"parentId":5,"code":"AT7","barcode":"20007","name":"Áo","status":2,"priceVatMode":1,"categoryId":41,"prices":{"retail":189000,"retailVat":8,"import":60000,"old":220000,"wholesale":150000},"images":{"avatar":"https://example.com/a.jpg","others":["https://example.com/b.jpg"]},"type":1,"shipping":{"weight":250},"units":{"name":"Cái","list":[{"name":"Thùng","quantity":24,"price":{"retail":4300000}}]},"inventory":{"remain":3,"shipping":0,"holding":0,"available":3,"depots":[{"id":31010,"remain":1,"shipping":0,"damaged":0,"holding":0,"available":1},{"id":31011,"remain":2,"shipping":0,"damaged":0,"holding":0,"available":2}]},"attributes":[{"name":"Màu","value":"Đỏ"}],"updatedAt":1794000000,"description":"<p>x</p>"}"#,
            r#"{"id":7,"parentId":-1,"code":"AT7","name":"Áo","status":"2","category":{"id":41},"brand":{"id":1,"name":"Demo"},"type":{"id":1},"prices":{"retail":189000,"avgCost":1},"vat":8,"content":"<p>x</p>","inventory":{"remain":1,"available":1,"depots":[{"id":31010,"remain":1,"available":1}]}}"#,
        ],
        (Entity::Customer, "2.0") => &[
            r#"{"id":7,"type":1,"name":"A","mobile":"0900000001","email":"a@example.com","gender":"1","address":"1 Trần Phú","birthday":"1990-05-17","cityName":"Hà Nội","districtName":"Ba Đình","wardName":"Điện Biên","group":"Quen","points":"35","taxCode":"01","description":"x","updatedAt":1794000000}"#,
        ],
        (Entity::Customer, _) => &[
            r#"{"id":7,"type":1,"name":"A","mobile":"0900000001","email":"a@example.com","gender":1,"address":"1 Trần Phú","birthday":"1990-05-17","group":{"id":1,"name":"Quen"},"points":35,"taxCode":"01","description":"x","updatedAt":1794000000}"#,
        ],
        (Entity::Category, _) => &[r#"{"id":7,"parentId":5,"code":"AO","name":"Áo","order":1,"status":1}"#],
        (Entity::Branch, "2.0") => &[
            r#"{"id":7,"code":"HN","name":"Kho","mobile":"0900000002","cityName":"Hà Nội","districtName":"Ba Đình","wardName":"Điện Biên","address":"2 Trần Phú"}"#,
        ],
        (Entity::Branch, _) => &[
            r#"{"id":7,"code":"HN","name":"Kho","mobile":"0900000002","location":{"cityName":"Hà Nội","districtName":"Ba Đình","wardName":"Điện Biên","address":"2 Trần Phú"}}"#,
        ],
        (Entity::OrderStatus, "2.0") => &[
            r#"{"id":7,"shopOrderId":"ab12-W7","customerMobile":"0900000001","calcTotalMoney":"130000","statusCode":"Shipping","typeId":1,"reason":"CannotCall","carrierCode":"GHN7","carrierName":"Giao nhanh","trackingUrl":"https://example.com/7","updatedAt":1794000000,"returnFromOrderId":0}"#,
            r#"{"orderId":7,"privateId":"ab12-W7","status":"New","typeId":"14","originalOrderId":"5"}"#,
        ],
        (Entity::OrderStatus, _) => &[
            r#"{"info":{"id":7,"type":1,"status":59,"reason":3,"trackingUrl":"https://example.com/7","updatedAt":1794000000,"returnFromId":0,"idReturn":0,"originalOrderId":0},"channel":{"appOrderId":"ab12-W7"},"carrier":{"name":"Giao nhanh","carrierCode":"GHN7","sendCarrierAt":1794000000},"shippingAddress":{"mobile":"0900000001"},"payment":{"codAmount":130000}}"#,
            r#"{"info":{"id":7,"type":14,"status":"54"},"channel":{"appOrderId":"ab12-W7"},"originalOrder":{"id":5}}"#,
        ],
        other => panic!("no record of {other:?}"),
    };
    texts.iter().map(|it| serde_json::from_str(it).unwrap()).collect()
}

/// The pointer of a path of the table in this record, where it has such a field.
fn pointer(record: &Value, path: &str) -> Option<String> {
    let (mut at, mut pointer) = (record, String::new());
    for part in path.split('/').skip(1) {
        let part = match (part, at) {
            ("*", Value::Object(fields)) => fields.keys().next()?.clone(),
            ("*", _) => "0".to_owned(),
            _ => part.to_owned(),
        };
        pointer = format!("{pointer}/{part}");
        at = record.pointer(&pointer)?;
    }
    Some(pointer)
}

fn page(entity: Entity, version: &str, rows: &[String]) -> Page {
    let rows = rows.join(",");
    let list = match entity {
        Entity::Product => "products",
        Entity::OrderStatus => "orders",
        _ => "customers",
    };
    let body = match (version, entity) {
        ("2.0", Entity::Product | Entity::Customer | Entity::OrderStatus) => {
            format!(r#"{{"code":1,"data":{{"totalPages":1,"{list}":[{rows}]}}}}"#)
        }
        _ => format!(r#"{{"code":1,"data":[{rows}]}}"#),
    };
    let mut context = context();
    set(&mut context, "api-version", version);
    let scope = if entity == Entity::OrderStatus { Scope::Since(NOW) } else { Scope::Everything };
    let step = Step { entity, scope, cursor: None };
    read_response(&context, &step, &reply(&body)).unwrap_or_else(|failure| panic!("{failure:?} {body}"))
}

fn id_of(change: &Change) -> &str {
    match change {
        Change::Product(it) => &it.id,
        Change::Customer(it) => &it.id,
        Change::Category(it) => &it.id,
        Change::Branch(it) => &it.id,
        Change::OrderStatus(it) => &it.order,
        other => panic!("{other:?}"),
    }
}

/// Whether a field that was told is the one that was changed, or what it stands in or holds.
fn is_about(told: Option<&str>, pointer: &str) -> bool {
    told.is_some_and(|told| pointer.starts_with(told) || told.starts_with(pointer))
}

/// What a field of this class that cannot be read does to the record.
fn check_left_out(change: &Change, before: &Change, class: Class, path: &str, about: &str) {
    match (change, before) {
        (Change::Product(now), Change::Product(before)) => {
            let undecided = class == Class::Matching || path == "/parentId";
            assert_eq!(now.undecided, undecided, "{about}");
            if path == "/status" {
                assert_eq!((now.status, now.raw_status.as_str()), (ProductStatus::Unknown, ""), "{about}");
            }
            if path.starts_with("/type") {
                assert_eq!((now.kind, &now.stock), (ProductKind::Unknown, &None), "{about}");
            }
            if path.starts_with("/inventory/depots/*") {
                let (now, before) = (now.stock.as_deref().unwrap(), before.stock.as_deref().unwrap());
                assert_eq!(now, &before[1..], "that level alone: {about}");
            }
            let figures = |it: &Prices| [it.retail, it.compare_at, it.cost, it.wholesale];
            let (now, before) = (figures(now.prices.as_ref().unwrap()), figures(before.prices.as_ref().unwrap()));
            let lost = now.iter().zip(before).filter(|(now, before)| *now != before).count();
            let most = match path {
                "/prices" => 4,
                _ => usize::from(class == Class::Deciding && (path.contains("rice") || path.contains("Cost"))),
            };
            assert!(lost <= most, "{about}: {now:?} {before:?}");
        }
        (Change::Customer(Customer { undecided, phone, .. }), _) => {
            assert_eq!((*undecided, phone.is_none()), (class == Class::Matching, class == Class::Matching), "{about}");
        }
        _ => {}
    }
}

/// Where an order tells whose it is; which one it is, is known without.
const OWN_IDS: [&str; 4] = ["/shopOrderId", "/privateId", "/channel", "/channel/appOrderId"];

/// What an order is decides whether it may be taken for the one that was sent, and says nothing of where it stands.
fn is_kind_of_order(group: &Group, path: &str) -> bool {
    group.entity == Entity::OrderStatus && group.class == Class::Deciding && !path.contains("/status")
}

/// Everything that must hold for one field and one kind of value.
fn check(group: &Group, path: &str, record: &Value, kind: &str) {
    let Some(pointer) = pointer(record, path) else { return };
    let about = format!("{:?} of {}: {pointer} = {kind}", group.entity, group.version);
    let text = |id: u64, hole: Option<&str>| {
        let mut record = record.clone();
        for pointer in ["/id", "/idNhanh", "/productId", "/orderId", "/info/id"] {
            if let Some(it) = record.pointer_mut(pointer) {
                *it = id.into();
            }
        }
        if let Some(hole) = hole {
            *record.pointer_mut(&pointer).unwrap() = HOLE.into();
            return record.to_string().replace(&format!("\"{HOLE}\""), hole);
        }
        record.to_string()
    };
    let plain = page(group.entity, group.version, &[text(6, None), text(7, None), text(8, None)]);
    let bent = page(group.entity, group.version, &[text(6, None), text(7, Some(&kind_text(kind))), text(8, None)]);
    assert_eq!((plain.changes.len(), plain.refused.len()), (3, 0), "{about}: {plain:?}");
    let of = |page: &Page, id: &str| page.changes.iter().find(|it| id_of(it) == id).cloned();
    for id in ["6", "8"] {
        assert_eq!(of(&bent, id), of(&plain, id), "the page goes on: {about}");
    }
    match (of(&bent, "7"), bent.refused.as_slice()) {
        (Some(now), []) => {
            // Of an order only the fields that are needed are looked at; of all else no parser can read the record.
            let is_order = group.entity == Entity::OrderStatus;
            assert!(!is_broken(kind) || is_order, "{about}");
            // A truth that is no "none" fits nowhere.
            if (kind == "true" || is_broken(kind)) && !is_kind_of_order(group, path) {
                assert_ne!(group.class, Class::Identity, "{about}");
                let told = bent.warnings.iter().filter(|it| it.subject.as_deref() == Some("7") && is_about(it.field.as_deref(), &pointer));
                assert!(told.count() >= 1, "untold: {about}: {:?}", bent.warnings);
                check_left_out(&now, &of(&plain, "7").unwrap(), group.class, path, &about);
            }
            if let (Change::Product(product), "-5" | "\"-5\"") = (&now, kind) {
                let prices = product.prices.as_ref().unwrap();
                let all = [prices.retail, prices.compare_at, prices.cost, prices.wholesale, product.units.first().and_then(|it| it.price)];
                assert!(all.iter().flatten().all(|it| *it > 0), "{about}: {all:?}");
            }
        }
        // An id that is another number is another record.
        (None, []) => assert_eq!(group.class, Class::Identity, "{about}: {bent:?}"),
        (None, [refused]) => {
            let decides = group.class == Class::Identity || group.entity == Entity::OrderStatus && path.contains("/status");
            assert!(decides || is_broken(kind), "{about}: {refused:?}");
            // Of several fields that may hold the id, the dialect's own is named where none does.
            let named = is_about(refused.failure.field.as_deref(), &pointer) || group.class == Class::Identity && !is_broken(kind);
            assert!(named && refused.failure.field.is_some(), "{about}: {refused:?}");
            let id = Some("7").filter(|_| group.class != Class::Identity || OWN_IDS.contains(&path));
            assert_eq!(refused.id.as_deref(), id, "{about}");
        }
        other => panic!("{about}: {other:?}"),
    }
}

#[test]
fn whatever_stands_in_a_field_the_record_comes_in_or_is_refused_by_name_and_its_page_goes_on() {
    for group in &FIELDS {
        let records = bases(group.entity, group.version);
        for path in group.paths.split(' ') {
            let there = records.iter().filter(|it| pointer(it, path).is_some()).count();
            assert!(there > 0, "no record has {path} of {:?} in {}", group.entity, group.version);
            for record in &records {
                for kind in KINDS {
                    check(group, path, record, kind);
                }
            }
        }
    }
}

#[test]
fn an_order_whose_kind_cannot_be_read_is_taken_for_none() {
    for group in &FIELDS {
        for path in group.paths.split(' ').filter(|path| is_kind_of_order(group, path)) {
            for mut record in bases(group.entity, group.version) {
                let Some(pointer) = pointer(&record, path) else { continue };
                *record.pointer_mut(&pointer).unwrap() = true.into();
                let text = record.to_string();
                let seen = of_version(group.version).unwrap().order(None, &json::parse(text.as_bytes()).unwrap()).unwrap();
                let is_type = path.contains("/type");
                assert_eq!(seen.kind, if is_type { Kind::Unreadable } else { Kind::OriginUnreadable }, "{path} of {}", group.version);
                assert!(is_type || seen.origin.is_none(), "{path} of {}", group.version);
            }
        }
    }
}

#[test]
fn nesting_without_an_end_costs_one_record() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for (version, id) in [("2.0", "idNhanh"), ("3.0", "id")] {
        let row = |at: u32, more: &str| format!(r#"{{"{id}":{at},"name":"A","x":{more}}}"#);
        let read = page(Entity::Product, version, &[row(1, "1"), row(2, &deep(130)), row(3, &deep(120)), row(4, &deep(9000))]);
        let ids: Vec<_> = read.changes.iter().map(id_of).collect();
        assert_eq!(ids, ["1", "3"], "{version}");
        let refused: Vec<_> = read.refused.iter().map(|it| (it.id.as_deref(), it.failure.field.as_deref())).collect();
        assert_eq!(refused, [(Some("2"), Some("/x")), (Some("4"), Some("/x"))]);
    }
}
