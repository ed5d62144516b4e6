//! Pulls in API 3.0: opaque cursors, a hundred ids at a time, deleted orders, records in other words with the same meaning.

use super::*;
use crate::testing::{NOW, context, data, reply, set};
use crate::vietnam::time::DAY;
use crate::wit::catalog::{BranchStock, ProductKind, ProductStatus, VatRate};
use crate::wit::types::FailureClass;

const VARIANT: &str = r#"{"id":1231281071,"parentId":1231281070,"code":"AT01-DO-M","barcode":"2000214262919","name":"Áo thun Đỏ M","otherName":"","status":2,"priceVatMode":2,"importPriceVatMode":2,"categoryId":412001,"internalCategoryId":null,"prices":{"retail":189000,"retailVat":8,"import":60000,"importVat":0,"old":220000,"wholesale":150000,"avgCost":61000},"images":{"avatar":"https://example.com/a.jpg","others":["https://example.com/b.jpg","/c.jpg"]},"warranty":{"month":0,"phone":"","address":""},"brandId":5501,"type":1,"shipping":{"width":20,"height":2,"length":30,"weight":250.4},"countryName":"Việt Nam","units":{"name":"Cái","list":[{"id":1,"name":"Thùng","quantity":24,"price":{"retail":4300000,"import":1}}]},"combos":[],"inventory":{"remain":9,"shipping":1,"damaged":0,"holding":2,"transfering":0,"available":6,"warranty":{"remain":0,"holding":0},"depots":[{"id":31010,"remain":9.5,"shipping":1,"damaged":0,"holding":2,"transfering":0,"available":-0.25,"warranty":{"remain":0,"holding":0}}]},"attributes":[{"id":101,"name":"Màu sắc","nameOther":"","value":"Đỏ","code":"DO","codeOther":""},{"id":205,"name":"Size","value":"M"}],"updatedAt":1794000000,"createdAt":1756700000,"tagIds":[]}"#;
const HEAD: &str = r#"{"id":1231281070,"parentId":-2,"code":"AT01","barcode":"","name":"Áo thun","status":3,"categoryId":412001,"prices":[],"images":"","warranty":[],"brandId":0,"type":1,"shipping":null,"units":[],"combos":[],"inventory":{"remain":9,"available":6,"depots":[]},"attributes":[],"updatedAt":1794000000}"#;

fn third() -> Context {
    let mut context = context();
    set(&mut context, "api-version", "3.0");
    context
}

fn step(entity: Entity, scope: Scope, cursor: Option<String>) -> Step {
    Step { entity, scope, cursor }
}

fn only(ids: &[&str]) -> Scope {
    Scope::Only(ids.iter().map(|it| (*it).to_owned()).collect())
}

fn list(rows: &str) -> String {
    format!(r#"{{"code":1,"data":[{rows}]}}"#)
}

fn read(entity: Entity, scope: Scope, body: &str) -> Page {
    read_response(&third(), &step(entity, scope, None), &reply(body)).unwrap()
}

/// Runs a stream to its end and tells what was asked, path and body.
fn walk(context: &Context, entity: Entity, scope: &Scope, pages: &[&str]) -> Vec<(String, String)> {
    let (mut asked, mut cursor) = (Vec::new(), None);
    for page in pages {
        let step = step(entity, scope.clone(), cursor);
        let request = build_request(context, &step).unwrap();
        asked.push((request.path.trim_start_matches("/v3.0").to_owned(), data(&request).to_owned()));
        cursor = read_response(context, &step, &reply(page)).unwrap().next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(cursor, None, "the stream goes on");
    assert_eq!(asked.len(), pages.len(), "the stream ended early");
    asked
}

#[test]
fn a_variant_means_what_it_means_in_api_2_0() {
    let product = map_product(&third(), VARIANT.as_bytes()).unwrap();
    assert_eq!(
        (product.id.as_str(), product.parent.as_deref(), product.kind),
        ("1231281071", Some("1231281070"), ProductKind::VariantChild)
    );
    assert_eq!((product.sku.as_deref(), product.barcode.as_deref()), (Some("AT01-DO-M"), Some("2000214262919")));
    assert_eq!((product.status, product.raw_status.as_str()), (ProductStatus::Active, "Active"));
    assert_eq!((product.unit.as_deref(), product.category.as_deref(), product.weight_grams), (Some("Cái"), Some("412001"), Some(250)));
    assert_eq!((product.vat, product.updated), (Some(VatRate::Percent(8)), Some(1_794_000_000_000)));
    let prices = product.prices.unwrap();
    assert_eq!(
        (prices.retail, prices.compare_at, prices.cost, prices.wholesale),
        (Some(189_000), Some(220_000), Some(60_000), Some(150_000))
    );
    assert_eq!(prices.includes_vat, Some(false));
    assert_eq!(product.images, ["https://example.com/a.jpg", "https://example.com/b.jpg"]);
    // The attribute's name stands in `name` here, and its value in `value`.
    let attributes: Vec<_> = product.attributes.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    assert_eq!(attributes, [("Màu sắc", "Đỏ"), ("Size", "M")]);
    assert_eq!((product.units[0].name.as_str(), product.units[0].factor, product.units[0].price), ("Thùng", 24_000, Some(4_300_000)));
    let level = BranchStock { branch: "31010".to_owned(), on_hand: 9500, reserved: 2000, shipping: 1000, damaged: 0, available: -250 };
    assert_eq!(product.stock.unwrap(), [level]);
    assert_eq!((product.description, product.brand), (None, None), "the list does not tell them, which changes nothing");
}

#[test]
fn empty_objects_have_many_forms_and_a_head_tells_no_stock() {
    let head = map_product(&third(), HEAD.as_bytes()).unwrap();
    assert_eq!((head.kind, head.parent, head.stock, head.raw_status.as_str()), (ProductKind::VariantParent, None, None, "Inactive"));
    assert_eq!((head.prices.unwrap().retail, head.images.len(), head.unit), (None, 0, None));
}

#[test]
fn a_price_that_tax_comes_on_top_of_is_told() {
    let told = |mode: i64, rate: &str, parent: i64, retail: i64| {
        let row =
            format!(r#"{{"id":5,"name":"A","parentId":{parent},"priceVatMode":{mode},"prices":{{"retail":{retail},"retailVat":{rate}}}}}"#);
        let of = |entity| read(entity, Scope::Everything, &list(&row)).warnings.into_iter().map(|it| it.code).collect::<Vec<_>>();
        assert_eq!(of(Entity::Product), of(Entity::Price));
        of(Entity::Price)
    };
    assert_eq!(told(2, "8", -1, 189_000), ["product.price-before-vat"]);
    // It includes the tax; there is none; nobody said that there is one; nobody buys the head of a family; there is no price.
    for (mode, rate, parent, retail) in [(1, "8", -1, 1), (2, "-100", -1, 1), (2, "0", -1, 1), (2, "8", -2, 1)] {
        assert_eq!(told(mode, rate, parent, retail), [""; 0], "{mode} {rate} {parent}");
    }
    assert_eq!(told(2, "8", -1, 0), ["product.price-zero"]);
}

#[test]
fn a_tax_or_pictures_that_cannot_be_read_lose_no_product() {
    for row in [
        r#"{"id":5,"name":"Áo","vat":8.5,"prices":{"retail":1,"retailVat":8.5}}"#,
        r#"{"id":5,"name":"Áo","vat":"tám","images":"https://example.com/a.jpg"}"#,
        r#"{"id":5,"name":"Áo","images":{"avatar":"","others":"https://example.com/a.jpg"}}"#,
    ] {
        let product = map_product(&third(), row.as_bytes()).unwrap();
        assert_eq!((product.name.as_str(), product.vat, product.images.len()), ("Áo", None, 0), "{row}");
    }
}

#[test]
fn a_zero_where_nothing_was_entered_tells_nothing() {
    let row = r#"{"id":5,"name":"A","prices":{"retail":0,"retailVat":0,"import":0,"importVat":0,"old":0,"wholesale":0,"avgCost":61000},"shipping":{"weight":0},"units":{"name":"Lon","list":[{"id":1,"name":"Thùng","quantity":24,"price":{"retail":0,"import":0,"wholesale":0}}]}}"#;
    let product = map_product(&third(), row.as_bytes()).unwrap();
    let prices = product.prices.unwrap();
    assert_eq!((prices.compare_at, prices.wholesale), (None, None));
    assert_eq!(prices.cost, Some(61_000), "what was paid on average is not hidden by a price that was never entered");
    assert_eq!((product.vat, product.weight_grams, product.units[0].price), (None, None, None));
    // The price to a buyer is not written, and that is told.
    assert_eq!(prices.retail, None);
    let page = read(Entity::Price, Scope::Everything, &list(row));
    let [Change::Price(change)] = page.changes.as_slice() else { panic!("{page:?}") };
    assert_eq!((change.prices.retail, change.prices.compare_at, change.prices.cost), (None, None, Some(61_000)));
    assert_eq!(page.warnings.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), ["product.price-zero"]);
    let none = row.replace("61000", "0");
    assert_eq!(map_product(&third(), none.as_bytes()).unwrap().prices.unwrap().cost, None);
    // A rate of 0 % that was entered has a number of its own, as has each rate that is none.
    for (told, vat) in [(-100, VatRate::Percent(0)), (-1, VatRate::NotTaxable), (-2, VatRate::NotDeclared), (8, VatRate::Percent(8))] {
        let row = row.replace(r#""retailVat":0"#, &format!(r#""retailVat":{told}"#));
        assert_eq!(map_product(&third(), row.as_bytes()).unwrap().vat, Some(vat), "{told}");
    }
}

#[test]
fn the_detail_form_is_read_too() {
    let detail = r#"{"id":5,"parentId":-1,"name":"Mũ","status":"2","category":{"id":412001,"code":"AO"},"brand":{"id":1,"name":"Demo"},"type":{"id":9,"name":"Combo"},"prices":{"retail":"199000"},"vat":10,"description":"<p>x</p>","inventory":{"available":1,"warranty":0,"depots":[{"id":1,"available":"1.5","holdingNew":0}]}}"#;
    let product = map_product(&third(), detail.as_bytes()).unwrap();
    assert_eq!((product.kind, product.raw_status.as_str(), product.brand.as_deref()), (ProductKind::Combo, "Active", Some("Demo")));
    assert_eq!(
        (product.category.as_deref(), product.vat, product.description.as_deref()),
        (Some("412001"), Some(VatRate::Percent(10)), Some("<p>x</p>"))
    );
    assert_eq!(product.stock.unwrap()[0].available, 1500);
    let unknown = map_product(&third(), br#"{"id":5,"status":9}"#).unwrap();
    assert_eq!((unknown.status, unknown.raw_status.as_str()), (ProductStatus::Unknown, "9"));
    assert_eq!(map_product(&third(), b"{}").unwrap_err().field.as_deref(), Some("/id"));
}

#[test]
fn products_are_two_sweeps_and_a_short_page_with_a_cursor_is_not_the_end() {
    let short = format!(r#"{{"code":1,"paginator":{{"next":{{"id":1231281071}}}},"data":[{VARIANT}]}}"#);
    let asked = walk(&third(), Entity::Product, &Scope::Everything, &[&short, r#"{"code":1,"data":[]}"#, &list(HEAD)]);
    let body = |filters: &str, next: &str| format!(r#"{{"filters":{{{filters}}},"paginator":{{"size":100,"sort":{{"id":"asc"}}{next}}}}}"#);
    let bodies: Vec<_> = asked.iter().map(|it| it.1.clone()).collect();
    assert_eq!(bodies, [body("", ""), body("", r#","next":{"id":1231281071}"#), body(r#""status":[3]"#, "")]);
    let since = walk(&third(), Entity::Product, &Scope::Since(NOW), &[&list(""), &list("")]);
    assert!(since.iter().all(|it| it.1.contains(r#""updatedAtFrom":1795141800"#)), "{since:?}");
}

#[test]
fn a_cursor_of_any_kind_goes_back_to_the_letter() {
    for next in [
        r#"{"id":100}"#,
        r#"{"id":"92220"}"#,
        r#""1900073""#,
        "142401158",
        "98765432109876543210",
        "[1684232267000,13]",
        r#"{ "totalRevenue" : 1.50, "productId" : 9 }"#,
        r#"{"a":"ký tự \" { và \u00e1"}"#,
        "0",
    ] {
        for body in [
            format!(r#"{{"code":1,"paginator":{{"next":{next}}},"data":[]}}"#),
            format!(
                "\u{feff} {{ \"data\" : [{{\"next\":1}}], \"note\":\"}},]\", \"paginator\" : {{\"size\":100, \"next\" : {next} }} ,\"code\":1}}"
            ),
        ] {
            let page = read(Entity::Customer, Scope::Everything, &body);
            let second = step(Entity::Customer, Scope::Everything, page.next);
            let request = build_request(&third(), &second).unwrap();
            assert!(data(&request).ends_with(&format!(r#""next":{next}}}}}"#)), "{} {next}", data(&request));
        }
    }
    for end in ["null", "\"\"", "[]", "{}"] {
        assert_eq!(
            read(Entity::Customer, Scope::Everything, &format!(r#"{{"code":1,"paginator":{{"next":{end}}},"data":[]}}"#)).next,
            None,
            "{end}"
        );
    }
}

#[test]
fn a_list_that_goes_in_circles_is_stopped() {
    let body = r#"{"code":1,"paginator":{"next":{"id":7}},"data":[]}"#;
    let first = read(Entity::Customer, Scope::Everything, body);
    let second = step(Entity::Customer, Scope::Everything, first.next);
    let failure = read_response(&third(), &second, &reply(body)).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("nhanh.endless-list", FailureClass::Rejected));
    let long = format!(r#"{{"code":1,"paginator":{{"next":"{}"}},"data":[]}}"#, "x".repeat(3000));
    let failure = read_response(&third(), &step(Entity::Customer, Scope::Everything, None), &reply(&long)).unwrap_err();
    assert_eq!(failure.field.as_deref(), Some("/paginator/next"));
}

#[test]
fn a_page_that_brings_no_higher_id_ends_a_pass_whatever_its_cursor_says() {
    let page = |next: u32| format!(r#"{{"code":1,"data":[{VARIANT}],"paginator":{{"next":{{"id":{next}}}}}}}"#);
    for (entity, scope) in [(Entity::Product, Scope::Everything), (Entity::Stock, Scope::Everything), (Entity::Price, Scope::Since(NOW))] {
        let first = read(entity, scope.clone(), &page(101));
        let failure = read_response(&third(), &step(entity, scope, first.next), &reply(&page(100))).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("nhanh.endless-list", FailureClass::Rejected), "{entity:?}");
    }
    let levels = |next: u32| format!(r#"{{"code":1,"data":[{{"productId":7}}],"paginator":{{"next":{{"productId":{next}}}}}}}"#);
    let first = read(Entity::Stock, Scope::Since(NOW), &levels(1));
    let second = step(Entity::Stock, Scope::Since(NOW), first.next);
    assert_eq!(read_response(&third(), &second, &reply(&levels(2))).unwrap_err().code, "nhanh.endless-list");
}

#[test]
fn a_circle_of_cursors_is_found_whatever_its_length() {
    for (entity, scope) in
        [(Entity::Customer, Scope::Everything), (Entity::OrderStatus, Scope::Since(NOW)), (Entity::Category, Scope::Everything)]
    {
        for (straight, circle) in [(0, 2), (0, 3), (1, 2), (5, 7), (20, 40)] {
            let (mut cursor, mut pages) = (None, 0);
            let failure = loop {
                let place = if pages < straight { pages } else { straight + (pages - straight) % circle };
                let row = r#"{"id":5,"info":{"id":5,"status":54},"name":"A"}"#;
                let body = format!(r#"{{"code":1,"data":[{row}],"paginator":{{"next":"place {place}"}}}}"#);
                match read_response(&third(), &step(entity, scope.clone(), cursor), &reply(&body)) {
                    Ok(page) => cursor = page.next,
                    Err(failure) => break failure,
                }
                pages += 1;
                assert!(pages <= 4 * (straight + circle), "{entity:?}: {straight} and {circle} go on for ever");
                assert!(cursor.is_some(), "{entity:?}: the stream ended");
            };
            assert_eq!(failure.code, "nhanh.endless-list", "{entity:?}: {straight} and {circle}");
        }
    }
}

#[test]
fn a_cursor_of_an_earlier_version_goes_on() {
    let cursor = r#"{"page":0,"next":"{\"id\": 101}","sweep":0,"done":7,"at":0,"from":0,"until":0}"#;
    let first = step(Entity::Product, Scope::Everything, Some(cursor.to_owned()));
    assert!(data(&build_request(&third(), &first).unwrap()).ends_with(r#""next":{"id": 101}}}"#));
    assert_eq!(read_response(&third(), &first, &reply(&list(VARIANT))).unwrap().done, 8);
}

#[test]
fn a_hundred_records_are_asked_for_at_once_and_one_that_is_missing_is_gone() {
    let ids: Vec<_> = (1..=150).map(|it| it.to_string()).collect();
    let scope = Scope::Only(ids.clone());
    let row = |id: &str| format!(r#"{{"id":{id},"inventory":{{"depots":[{{"id":7,"available":1}}]}}}}"#);
    let page = |ids: &[String]| list(&ids.iter().filter(|it| *it != "42").map(|it| row(it)).collect::<Vec<_>>().join(","));
    let first = step(Entity::Stock, scope.clone(), None);
    let request = build_request(&third(), &first).unwrap();
    assert_eq!(request.path, "/v3.0/product/list");
    assert!(data(&request).contains("98,99,100]"), "{}", data(&request));
    let read = read_response(&third(), &first, &reply(&page(&ids[..100]))).unwrap();
    assert_eq!((read.changes.len(), read.done, read.total), (100, 100, Some(150)));
    assert!(matches!(read.changes.last(), Some(Change::Gone(it)) if it.id == "42" && it.entity == Entity::Product));
    let second = step(Entity::Stock, scope, read.next);
    assert!(data(&build_request(&third(), &second).unwrap()).starts_with(r#"{"filters":{"ids":[101,"#));
    let read = read_response(&third(), &second, &reply(&page(&ids[100..]))).unwrap();
    assert_eq!((read.changes.len(), read.done, read.next), (50, 150, None));
}

#[test]
fn a_record_that_is_not_on_a_page_with_a_cursor_may_be_on_the_next() {
    let scope = only(&["5", "5", "6", "7"]);
    let first = step(Entity::Product, scope.clone(), None);
    let page = |rows: &str, next: &str| format!(r#"{{"code":1,"paginator":{{"next":{next}}},"data":[{rows}]}}"#);
    let read = read_response(&third(), &first, &reply(&page(r#"{"id":5,"name":"A"}"#, r#"{"id":5}"#))).unwrap();
    assert_eq!((read.changes.len(), read.done), (1, 0), "nothing is gone yet");
    let second = step(Entity::Product, scope.clone(), read.next);
    let request = build_request(&third(), &second).unwrap();
    assert_eq!(data(&request), r#"{"filters":{"ids":[5,5,6,7]},"paginator":{"size":100,"sort":{"id":"asc"},"next":{"id":5}}}"#);
    let read = read_response(&third(), &second, &reply(&page(r#"{"id":7,"name":"C"}"#, r#"{"id":7}"#))).unwrap();
    assert!(matches!(read.changes.as_slice(), [Change::Product(it)] if it.id == "7"), "{read:?}");
    let last = step(Entity::Product, scope, read.next);
    let read = read_response(&third(), &last, &reply(&list(""))).unwrap();
    assert!(matches!(read.changes.as_slice(), [Change::Gone(it)] if it.id == "6"), "{read:?}");
    assert_eq!((read.next, read.done, read.total), (None, 4, Some(4)));
}

#[test]
fn a_reply_to_another_question_deletes_nothing() {
    let page = read(Entity::Product, only(&["5", "6"]), &list(&format!(r#"{VARIANT},{{"id":5,"name":"A"}}"#)));
    assert!(matches!(page.changes.as_slice(), [Change::Product(it)] if it.id == "5"), "{page:?}");
    let refused =
        read(Entity::Product, only(&["5", "6"]), r#"{"code":0,"errorCode":"ERR_INVALID_FORM_FIELDS","messages":{"filters.ids":"?"}}"#);
    assert_eq!(refused.refused.iter().map(|it| it.id.as_deref()).collect::<Vec<_>>(), [Some("5"), Some("6")]);
}

#[test]
fn levels_that_changed_come_from_the_stock_list() {
    let row = r#"{"productId":1231281071,"barcode":"2","name":"Áo","prices":{"retail":1},"inventory":{"remain":9,"available":6,"warranty":{"remain":0},"depots":[{"id":31010,"remain":9,"available":6}]}}"#;
    let asked = walk(&third(), Entity::Stock, &Scope::Since(NOW), &[&list(row)]);
    assert_eq!(
        asked,
        [(
            "/product/inventory".to_owned(),
            r#"{"filters":{"updatedAtFrom":1795141800},"paginator":{"size":100,"sort":{"productId":"asc"}}}"#.to_owned()
        )]
    );
    let page = read(Entity::Stock, Scope::Since(NOW), &list(row));
    assert!(matches!(page.changes.as_slice(), [Change::Stock(it)] if it.product == "1231281071" && it.levels[0].available == 6000));
    // Prices are edited with their product.
    let asked = walk(&third(), Entity::Price, &Scope::Since(NOW), &[&list(row), &list("")]);
    assert!(asked.iter().all(|it| it.0 == "/product/list"));
}

#[test]
fn order_statuses_are_windows_of_edits_and_then_of_deletes() {
    let since = NOW - 40 * DAY;
    let row = r#"{"info":{"id":9,"status":59,"reason":5,"updatedAt":1795141900,"trackingUrl":"https://example.com/t/9"},"channel":{"appOrderId":"ab12-W9","saleChannel":10},"carrier":{"name":"Giaohangnhanh","carrierCode":"GHN9"},"payment":[]}"#;
    let others = r#"{"info":{"id":10,"status":54},"channel":{"appOrderId":"2404SHOPEE","saleChannel":42}}"#;
    let edits = list(&format!("{row},{others}"));
    let asked = walk(
        &third(),
        Entity::OrderStatus,
        &Scope::Since(since),
        &[&edits, &list(""), &list(r#"{"id":77,"createdAt":1795141900}"#), &list("")],
    );
    let window = |field: &str, from: i64, until: i64| {
        format!(r#"{{"filters":{{"{field}From":{},"{field}To":{}}},"paginator":{{"size":100}}}}"#, from / 1000, until / 1000)
    };
    let (middle, end) = (since + 30 * DAY, NOW);
    assert_eq!(
        asked,
        [
            ("/order/list".to_owned(), window("updatedAt", since, middle - 1000)),
            ("/order/list".to_owned(), window("updatedAt", middle, end)),
            ("/order/deleted".to_owned(), window("createdAt", since, middle - 1000)),
            ("/order/deleted".to_owned(), window("createdAt", middle, end)),
        ]
    );
    let page = read(Entity::OrderStatus, Scope::Since(NOW), &edits);
    let [Change::OrderStatus(status)] = page.changes.as_slice() else { panic!("{page:?}") };
    assert_eq!((status.order.as_str(), status.code.as_str(), status.reason.as_deref()), ("9", "Shipping", Some("Không gọi được khách")));
    assert_eq!((status.tracking.as_deref(), status.carrier.as_deref()), (Some("GHN9"), Some("Giaohangnhanh")));
    let deleted = step(Entity::OrderStatus, Scope::Since(NOW), page.next);
    let page = read_response(&third(), &deleted, &reply(&list(r#"{"id":77},{"id":"x"}"#))).unwrap();
    assert!(matches!(page.changes.as_slice(), [Change::Gone(it)] if it.id == "77" && it.entity == Entity::Order));
    assert_eq!((page.refused.len(), page.next), (1, None));
}

#[test]
fn depots_groups_and_customers_are_flat_lists() {
    let depots = r#"{"id":31010,"code":"HN1","name":"Kho HN","mobile":"0900000002","location":{"cityId":254,"cityName":"Hà Nội","districtName":"Quận Ba Đình","wardName":"Phường Điện Biên","address":"2 Trần Phú"},"locationV2":{"cityName":"Hà Nội"}}"#;
    let page = read(Entity::Branch, Scope::Everything, &list(depots));
    let [Change::Branch(branch)] = page.changes.as_slice() else { panic!("{page:?}") };
    assert_eq!(branch.address.as_deref(), Some("2 Trần Phú, Phường Điện Biên, Quận Ba Đình, Hà Nội"));
    assert_eq!((branch.code.as_deref(), page.done, page.total, page.next), (Some("HN1"), 1, Some(1), None));
    let groups = r#"{"id":412001,"parentId":0,"code":"AO","name":"Áo","order":1,"status":1},{"id":412002,"parentId":412001,"name":"Áo thun","order":1,"status":2},{"id":3,"parentId":99,"name":"Mồ côi"}"#;
    let parents = |page: Page| -> Vec<_> {
        page.changes.into_iter().map(|it| if let Change::Category(it) = it { (it.id, it.parent) } else { panic!() }).collect()
    };
    let row = |id: &str, parent: Option<&str>| (id.to_owned(), parent.map(str::to_owned));
    assert_eq!(
        parents(read(Entity::Category, Scope::Everything, &list(groups))),
        [row("412001", None), row("412002", Some("412001")), row("3", None)]
    );
    // Of a longer list the parent may be on another page: the host finds it or makes a root of the orphan.
    let part = format!(r#"{{"code":1,"paginator":{{"next":5}},"data":[{groups}]}}"#);
    assert_eq!(parents(read(Entity::Category, Scope::Everything, &part))[2], row("3", Some("99")));
    let customer = r#"{"id":55120001,"type":1,"name":"Nguyễn Văn A","mobile":"0900000001","gender":1,"birthday":"1990-05-17","points":35,"locations":{"cityId":254},"location":{"cityId":0},"group":{"id":1,"name":"Khách quen"},"level":{"id":3},"updatedAt":1794000000}"#;
    let page = read(Entity::Customer, Scope::Everything, &list(customer));
    let [Change::Customer(customer)] = page.changes.as_slice() else { panic!("{page:?}") };
    assert_eq!(
        (customer.group_name.as_deref(), customer.gender.as_deref(), customer.province.as_deref()),
        (Some("Khách quen"), Some("male"), None)
    );
}

#[test]
fn every_empty_list_is_one() {
    for body in [
        r#"{"code":1,"data":[]}"#,
        r#"{"code":1,"data":""}"#,
        r#"{"code":1,"data":null}"#,
        r#"{"code":1}"#,
        r#"{"code":1,"data":[],"paginator":[]}"#,
    ] {
        let page = read(Entity::Customer, Scope::Everything, body);
        assert_eq!((page.changes.len(), page.next), (0, None), "{body}");
    }
    let failure =
        read_response(&third(), &step(Entity::Customer, Scope::Everything, None), &reply(r#"{"code":1,"data":"?"}"#)).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("nhanh.invalid-json", FailureClass::Transient));
}

#[test]
fn a_place_that_is_too_long_to_be_kept_ends_the_stream_before_the_next_step_would_refuse_it() {
    // Short enough as it came, and longer with its quotes escaped or beside the ids that are still looked for.
    let quotes = "\\\"".repeat(1020);
    let ids: Vec<_> = (0..100).map(|at| format!("{at:0>19}")).collect();
    for (scope, next) in [(Scope::Everything, quotes), (Scope::Only(ids), "x".repeat(2000))] {
        let body = format!(r#"{{"code":1,"paginator":{{"next":"{next}"}},"data":[{{"id":"0000000000000000007","name":"A"}}]}}"#);
        let failure = read_response(&third(), &step(Entity::Product, scope, None), &reply(&body)).unwrap_err();
        assert_eq!((failure.class, failure.field.as_deref()), (FailureClass::Rejected, Some("/paginator/next")));
    }
}

#[test]
fn nothing_is_above_itself() {
    let product = read(Entity::Product, Scope::Everything, &list(r#"{"id":7,"parentId":7,"name":"A"}"#));
    let [Change::Product(product)] = product.changes.as_slice() else { panic!("{product:?}") };
    assert_eq!((product.kind, product.parent.as_deref()), (ProductKind::Goods, None));
    // On a page that goes on, parents are not settled: they may stand on the next one.
    let body = r#"{"code":1,"paginator":{"next":1},"data":[{"id":7,"parentId":7,"name":"A"},{"id":8,"parentId":9,"name":"B"}]}"#;
    let groups = read(Entity::Category, Scope::Everything, body);
    let [Change::Category(seven), Change::Category(eight)] = groups.changes.as_slice() else { panic!("{groups:?}") };
    assert_eq!((seven.parent.as_deref(), eight.parent.as_deref()), (None, Some("9")));
}

#[test]
fn a_cursor_of_the_other_dialect_is_not_understood() {
    let pages = r#"{"page":2,"sweep":0,"done":1,"at":0,"from":0,"until":0}"#;
    let failure = build_request(&third(), &step(Entity::Product, Scope::Everything, Some(pages.to_owned()))).unwrap_err();
    assert_eq!(failure.code, "nhanh.cursor");
}

#[test]
fn that_branches_have_prices_of_their_own_is_said_once_a_stream() {
    let row = |id: u32| format!(r#"{{"id":{id},"name":"A","branchPrices":[{{"branch":{{"id":1}},"price":5}}]}}"#);
    let page = |ids: [u32; 2], next: &str| format!(r#"{{"code":1,"data":[{},{}]{next}}}"#, row(ids[0]), row(ids[1]));
    let (mut cursor, mut told) = (None, Vec::new());
    for (ids, next) in [([1, 2], r#","paginator":{"next":"a"}"#), ([3, 4], r#","paginator":{"next":"b"}"#), ([5, 6], "")] {
        let read = read_response(&third(), &step(Entity::Product, Scope::Everything, cursor), &reply(&page(ids, next))).unwrap();
        told.push(read.warnings.iter().filter(|it| it.code == PRICE_BY_BRANCH).count());
        cursor = read.next;
    }
    assert_eq!(told, [1, 0, 0]);
}
