//! Pulls: requests, pages, cursors, refusals, and the quirks of Nhanh's records.

use proptest::prelude::*;

use super::*;
use crate::nhanh::wire::Place;
use crate::testing::{NOW, context, data, reply, set};
use crate::vietnam::time::DAY;
use crate::wit::catalog::{BranchStock, ProductKind, ProductStatus, VatRate};
use crate::wit::types::FailureClass;

const VARIANT: &str = r#"{"idNhanh":"38000102","privateId":null,"parentId":"38000101","categoryId":"412001","internalCategoryId":null,"brandId":"5501","brandName":"Demo","typeId":"1","typeName":"Sản phẩm","code":" AT01-DO-M ","barcode":"2000214262919","name":"A\u0301o thun Đo\u0309 M","otherName":null,"importPrice":"60000","oldPrice":null,"price":"120000","wholesalePrice":"95000","avgCost":"61000","vat":null,"image":"https://example.com/a.jpg","images":["https://example.com/b.jpg","/c.jpg","https://example.com/a.jpg"],"status":"Active","previewLink":"/ao-thun-p38000102.html","showHot":0,"showNew":1,"width":null,"shippingWeight":"250","warranty":null,"unit":"Cái","createdDateTime":"2025-03-02 10:11:12","updatedAt":1756700000,"inventory":{"remain":9,"shipping":1,"damaged":0,"holding":2,"available":6,"depots":{"31010":{"remain":19,"shipping":1,"damaged":0,"holding":2,"available":"20","transfering":0},"31011":{"remain":"1.5","shipping":"","damage":1,"holding":null,"available":-0.25}}},"attributes":[{"11":{"attributeName":"Màu sắc","id":101,"name":"Đỏ","order":1},"12":{"attributeName":"Size","id":205,"name":"M","order":2}}],"units":[{"id":1,"name":"Thùng","quantity":24,"price":"2700000"}]}"#;
const HEAD: &str = r#"{"idNhanh":"38000101","parentId":"-2","typeId":"1","code":"AT01","name":"Áo thun","price":"120000","status":"Active","importPrice":null,"inventory":{"remain":9,"shipping":1,"damaged":0,"holding":2,"available":6,"depots":[]},"attributes":[],"images":[],"createdDateTime":"2025-03-02 10:11:10","updatedAt":1756700000}"#;

/// The first page of API 2.0.
fn first() -> Place {
    Place { page: 1, next: None }
}

fn step(entity: Entity, scope: Scope, cursor: Option<String>) -> Step {
    Step { entity, scope, cursor }
}

fn only(ids: &[&str]) -> Scope {
    Scope::Only(ids.iter().map(|it| (*it).to_owned()).collect())
}

fn page_of(rows: &str) -> String {
    format!(r#"{{"code":1,"messages":[],"data":{{"totalPages":3,"currentPage":1,"products":{rows}}}}}"#)
}

fn read(entity: Entity, scope: Scope, body: &str) -> Page {
    read_response(&context(), &step(entity, scope, None), &reply(body)).unwrap()
}

fn one_product(json: &str) -> Product {
    map_product(&context(), json.as_bytes()).unwrap()
}

#[test]
fn a_tax_or_pictures_that_cannot_be_read_lose_no_product() {
    for row in
        [r#"{"idNhanh":5,"name":"Áo","vat":8.5}"#, r#"{"idNhanh":5,"name":"Áo","vat":"tám","images":"b.jpg","image":"https://a.vn/b.jpg"}"#]
    {
        let product = one_product(row);
        assert_eq!((product.name.as_str(), product.vat, product.images.len()), ("Áo", None, usize::from(row.contains("image"))), "{row}");
    }
}

#[test]
fn a_variant_is_read_with_prices_and_stock() {
    let product = one_product(VARIANT);
    assert_eq!((product.id.as_str(), product.parent.as_deref(), product.kind), ("38000102", Some("38000101"), ProductKind::VariantChild));
    assert_eq!((product.sku.as_deref(), product.barcode.as_deref()), (Some("AT01-DO-M"), Some("2000214262919")));
    assert_eq!((product.name.as_str(), product.brand.as_deref(), product.unit.as_deref()), ("Áo thun Đỏ M", Some("Demo"), Some("Cái")));
    assert_eq!(
        (product.status, product.raw_status.as_str(), product.category.as_deref()),
        (ProductStatus::Active, "Active", Some("412001"))
    );
    let prices = product.prices.unwrap();
    assert_eq!((prices.retail, prices.compare_at, prices.cost, prices.wholesale), (Some(120_000), None, Some(60_000), Some(95_000)));
    assert_eq!((product.weight_grams, product.vat, product.updated), (Some(250), None, Some(1_756_700_000_000)));
    assert_eq!(product.images, ["https://example.com/a.jpg", "https://example.com/b.jpg"]);
    let attributes: Vec<_> = product.attributes.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    assert_eq!(attributes, [("Màu sắc", "Đỏ"), ("Size", "M")]);
    let unit = &product.units[0];
    assert_eq!((unit.name.as_str(), unit.factor, unit.price), ("Thùng", 24_000, Some(2_700_000)));
    let level = |branch: &str, on_hand, reserved, shipping, damaged, available| BranchStock {
        branch: branch.to_owned(),
        on_hand,
        reserved,
        shipping,
        damaged,
        available,
    };
    assert_eq!(product.stock.unwrap(), [level("31010", 19_000, 2000, 1000, 0, 20_000), level("31011", 1500, 0, 0, 1000, -250)]);
}

#[test]
fn a_head_tells_no_stock() {
    let product = one_product(HEAD);
    assert_eq!((product.kind, product.parent, product.stock), (ProductKind::VariantParent, None, None));
}

#[test]
fn with_the_toggle_off_prices_and_stock_are_absent_and_not_0() {
    let mut context = context();
    set(&mut context, "sync-stock-and-price", "off");
    let product = map_product(&context, VARIANT.as_bytes()).unwrap();
    assert_eq!((product.prices, product.stock, product.units[0].price), (None, None, None));
    for entity in [Entity::Stock, Entity::Price] {
        let failure = build_request(&context, &step(entity, Scope::Everything, None)).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("flow.off", FailureClass::Unsupported));
    }
}

#[test]
fn kinds_come_from_type_and_family() {
    let kind = |type_id: &str, parent: &str| one_product(&format!(r#"{{"idNhanh":1,"typeId":{type_id},"parentId":{parent}}}"#)).kind;
    for none in ["-1", "\"-1\"", "null", "\"\"", "0"] {
        assert_eq!(kind("1", none), ProductKind::Goods, "{none}");
    }
    assert_eq!(kind("\"1\"", "-2"), ProductKind::VariantParent);
    assert_eq!(kind("\"1\"", "55"), ProductKind::VariantChild);
    assert_eq!(kind("9", "-1"), ProductKind::Combo);
    assert_eq!(kind("6", "-1"), ProductKind::Service);
    assert_eq!(kind("2", "55"), ProductKind::Other);
    assert_eq!(kind("77", "-1"), ProductKind::Goods);
}

#[test]
fn a_combo_has_its_own_stock_and_a_service_has_none() {
    let stock = |type_id: u8| {
        let json = format!(r#"{{"idNhanh":1,"typeId":{type_id},"inventory":{{"available":4,"depots":{{"7":{{"available":3}}}}}}}}"#);
        one_product(&json).stock.map(|it| it[0].available)
    };
    assert_eq!((stock(9), stock(6), stock(2)), (Some(3000), None, None));
}

#[test]
fn totals_without_depots_count_only_for_a_grant_of_one_depot() {
    for depots in ["[]", "null", "\"\"", "{}"] {
        let json = format!(r#"{{"idNhanh":1,"inventory":{{"remain":5,"available":4,"depots":{depots}}}}}"#);
        let mut context = context();
        assert_eq!(map_product(&context, json.as_bytes()).unwrap().stock, None, "{depots}");
        context.account.as_mut().unwrap().branches = vec!["31010".to_owned()];
        let stock = map_product(&context, json.as_bytes()).unwrap().stock.unwrap();
        assert_eq!((stock[0].branch.as_str(), stock[0].available), ("31010", 4000));
        context.account.as_mut().unwrap().branches.push("31011".to_owned());
        assert_eq!(map_product(&context, json.as_bytes()).unwrap().stock, None);
    }
}

#[test]
fn the_number_to_sell_by_is_never_worked_out() {
    let json = page_of(r#"{"1":{"idNhanh":1,"name":"A","price":1,"inventory":{"depots":{"7":{"remain":5,"holding":1}}}}}"#);
    let page = read(Entity::Product, Scope::Everything, &json);
    let Change::Product(product) = &page.changes[0] else { panic!() };
    assert_eq!(product.stock, Some(Vec::new()));
    assert_eq!(page.warnings[0].code, "stock.no-available");
}

#[test]
fn identifiers_outgrow_every_number() {
    let product = one_product(r#"{"idNhanh":9007199254740993,"parentId":"98765432109876543210","categoryId":2147483648}"#);
    assert_eq!((product.id.as_str(), product.parent.as_deref()), ("9007199254740993", Some("98765432109876543210")));
    assert_eq!(product.category.as_deref(), Some("2147483648"));
}

#[test]
fn unknown_statuses_and_special_taxes_survive() {
    let product = one_product(r#"{"idNhanh":1,"status":"Archived","vat":"-1"}"#);
    assert_eq!((product.status, product.raw_status.as_str(), product.vat), (ProductStatus::Unknown, "Archived", Some(VatRate::NotTaxable)));
    assert_eq!(one_product(r#"{"idNhanh":1,"vat":8}"#).vat, Some(VatRate::Percent(8)));
}

#[test]
fn a_webhook_s_product_is_read_by_its_own_names() {
    let product = one_product(
        r#"{"productId":38000103,"shopProductId":"np-7","parentId":-1,"name":"Mũ","price":50000,"images":[],"image":"","status":"New","description":"","content":"<p>..</p>","weight":100.4,"attributes":[{"attributeName":"Màu","id":1,"name":"Đen","content":""}]}"#,
    );
    assert_eq!((product.id.as_str(), product.own_id.as_deref(), product.weight_grams), ("38000103", Some("np-7"), Some(100)));
    assert_eq!((product.description.as_deref(), product.attributes.len(), product.images.len()), (Some("<p>..</p>"), 1, 0));
}

#[test]
fn one_bad_record_is_refused_alone_and_one_bad_field_is_left_out() {
    let rows = format!(
        r#"{{"38000102":{VARIANT},"5":{{"idNhanh":"5","price":"12,5"}},"6":{{"idNhanh":"6","inventory":{{"depots":{{"7":{{"available":{{}}}}}}}}}},"7":17,"8":{{"idNhanh":8,"name":"\ud83d"}},"9":{{"idNhanh":9,"x":1e999}},"38000101":{HEAD}}}"#
    );
    let page = read(Entity::Product, Scope::Everything, &page_of(&rows));
    let ids: Vec<_> = page.changes.iter().map(|it| if let Change::Product(it) = it { it.id.as_str() } else { "" }).collect();
    assert_eq!(ids, ["38000102", "5", "6", "38000101"]);
    let refused: Vec<_> = page.refused.iter().map(|it| (it.id.as_deref(), it.failure.field.as_deref())).collect();
    assert_eq!(refused, [(Some("7"), Some("")), (Some("8"), Some("/name")), (Some("9"), Some("/x"))]);
    assert!(page.refused.iter().all(|it| it.failure.class == FailureClass::Rejected));
    // A price or a level that cannot be read is left out alone.
    let left_out: Vec<_> = page.warnings.iter().filter(|it| it.code == "nhanh.field-unread").map(|it| it.field.as_deref()).collect();
    assert_eq!(left_out, [Some("/price"), Some("/inventory/depots/7/available")]);
}

#[test]
fn a_page_may_be_a_list_and_an_empty_one_has_many_forms() {
    let page = read(Entity::Product, Scope::Everything, &page_of(&format!("[{VARIANT},{HEAD}]")));
    assert_eq!(page.changes.len(), 2);
    for rows in ["[]", "{}", "null"] {
        assert!(read(Entity::Product, Scope::Everything, &page_of(rows)).changes.is_empty());
    }
}

#[test]
fn a_price_of_0_and_a_fraction_of_a_dong_are_warnings() {
    let page = read(Entity::Price, Scope::Everything, &page_of(r#"{"1":{"idNhanh":1,"price":"0"},"2":{"idNhanh":2,"price":"10.5"}}"#));
    let codes: Vec<_> = page.warnings.iter().map(|it| (it.code.as_str(), it.subject.as_deref())).collect();
    assert_eq!(codes, [("product.price-zero", Some("1")), ("product.price-rounded", Some("2"))]);
    let Change::Price(price) = &page.changes[1] else { panic!() };
    assert_eq!(price.prices.retail, Some(11));
}

/// Runs a stream to its end and tells which `data` was asked for, and how far the stream said it was.
fn walk(context: &Context, entity: Entity, scope: &Scope, pages: &[&str]) -> Vec<(String, u32, Option<u32>)> {
    let (mut asked, mut cursor) = (Vec::new(), None);
    for page in pages {
        let step = step(entity, scope.clone(), cursor);
        let request = build_request(context, &step).unwrap();
        let read = read_response(context, &step, &reply(page)).unwrap();
        asked.push((data(&request).to_owned(), read.done, read.total));
        cursor = read.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(cursor, None, "the stream goes on");
    assert_eq!(asked.len(), pages.len(), "the stream ended early");
    asked
}

#[test]
fn products_are_two_sweeps_by_rising_id() {
    let page = |pages: u32, rows: &str| format!(r#"{{"code":1,"data":{{"totalPages":{pages},"products":[{rows}]}}}}"#);
    let asked = walk(&context(), Entity::Product, &Scope::Everything, &[&page(2, HEAD), &page(2, VARIANT), &page(1, HEAD)]);
    let data = |page: u32, rest: &str| format!(r#"{{"page":{page},"icpp":100,"sort":{{"id":"asc"}}{rest}}}"#);
    let hidden = r#","status":"Inactive""#;
    assert_eq!(asked, [(data(1, ""), 1, Some(3)), (data(2, ""), 2, Some(3)), (data(1, hidden), 3, Some(3))]);
    let since = walk(&context(), Entity::Product, &Scope::Since(NOW), &[&page(1, ""), &page(0, "")]);
    assert!(since.iter().all(|it| it.0.contains(r#""updatedDateTimeFrom":"2026-11-20 09:30:00""#)));
    // An empty page ends a pass, whatever it says of more.
    assert_eq!(walk(&context(), Entity::Product, &Scope::Everything, &[&page(9, ""), &page(9, "")]).len(), 2);
}

#[test]
fn a_page_that_brings_no_higher_id_ends_a_pass_by_rising_ids() {
    let page = |id: &str| format!(r#"{{"code":1,"data":{{"totalPages":9,"products":[{{"idNhanh":"{id}","name":"A"}}]}}}}"#);
    let read =
        |cursor: Option<String>, id: &str| read_response(&context(), &step(Entity::Product, Scope::Everything, cursor), &reply(&page(id)));
    let second = read(None, "99").unwrap().next;
    assert!(read(second.clone(), "100").is_ok(), "a longer number is the greater one");
    for id in ["99", "98", "0099"] {
        assert_eq!(read(second.clone(), id).unwrap_err().code, "nhanh.endless-list", "{id}");
    }
    // The hidden ones are a pass of their own.
    let last = r#"{"code":1,"data":{"totalPages":1,"products":[{"idNhanh":"100","name":"A"}]}}"#;
    let hidden = read_response(&context(), &step(Entity::Product, Scope::Everything, None), &reply(last)).unwrap().next;
    assert!(read(hidden, "7").is_ok());
}

#[test]
fn stock_has_no_filter_by_time() {
    let failure = build_request(&context(), &step(Entity::Stock, Scope::Since(0), None)).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("flow.no-since", FailureClass::Unsupported));
    // A price is edited with its product, which has one.
    let prices = build_request(&context(), &step(Entity::Price, Scope::Since(0), None)).unwrap();
    assert!(data(&prices).contains(r#""updatedDateTimeFrom":"1970-01-01 07:00:00""#));
    let page = read(Entity::Stock, Scope::Everything, &page_of(&format!(r#"{{"38000102":{VARIANT},"38000101":{HEAD}}}"#)));
    let [Change::Stock(level)] = page.changes.as_slice() else { panic!("{page:?}") };
    assert_eq!((level.product.as_str(), level.levels.len(), level.provisional), ("38000102", 2, false));
}

#[test]
fn a_few_records_are_asked_for_one_by_one_and_many_by_one_sweep() {
    let body = format!(r#"{{"code":1,"data":{{"38000101":{HEAD},"38000102":{VARIANT}}}}}"#);
    let scope = only(&["38000102", "38000101"]);
    assert_eq!(
        walk(&context(), Entity::Product, &scope, &[&body, &body]),
        [("38000102".to_owned(), 1, Some(2)), ("38000101".to_owned(), 2, Some(2))]
    );
    let page = read(Entity::Product, only(&["38000102"]), &body);
    assert!(matches!(page.changes.as_slice(), [Change::Product(it)] if it.id == "38000102"));
    let mut context = context();
    set(&mut context, "single-refresh-limit", "1");
    let step = step(Entity::Stock, scope, None);
    assert_eq!(build_request(&context, &step).unwrap().path, "/api/product/search");
    let rows = format!(r#"{{"38000102":{VARIANT},"9":{{"idNhanh":9,"inventory":{{"depots":{{"1":{{"available":1}}}}}}}}}}"#);
    let page = read_response(&context, &step, &reply(&page_of(&rows))).unwrap();
    assert!(matches!(page.changes.as_slice(), [Change::Stock(it)] if it.product == "38000102"));
}

#[test]
fn a_record_that_is_gone_is_told_and_one_that_is_refused_stops_nobody() {
    for body in [
        r#"{"code":1,"data":[]}"#,
        r#"{"code":1,"messages":[]}"#,
        r#"{"code":0,"messages":["Product not found"]}"#,
        r#"{"code":0,"messages":{"1":"Không tìm thấy sản phẩm"}}"#,
    ] {
        let page = read(Entity::Stock, only(&["5", "6"]), body);
        assert!(matches!(page.changes.as_slice(), [Change::Gone(it)] if it.id == "5" && it.entity == Entity::Product), "{body}");
        assert!(page.next.is_some());
    }
    for (entity, body) in [
        (Entity::Product, r#"{"code":0,"messages":["Lỗi"]}"#),
        // With an error code, in other words, or of an order, it says nothing of a record that is gone.
        (Entity::Product, r#"{"code":0,"errorCode":"ERR_X","messages":["Product not found"]}"#),
        (Entity::Product, r#"{"code":0,"messages":["Product not found in this warehouse"]}"#),
        (Entity::OrderStatus, r#"{"code":0,"messages":["Order not found"]}"#),
        (Entity::Customer, r#"{"code":false,"messages":["Customer not found"]}"#),
    ] {
        let page = read(entity, only(&["5", "6"]), body);
        assert_eq!((page.changes.len(), page.refused[0].id.as_deref()), (0, Some("5")), "{body}");
    }
    let limited = read_response(
        &context(),
        &step(Entity::Product, only(&["5"]), None),
        &reply(r#"{"code":0,"errorCode":"ERR_429","data":{"lockedSeconds":4}}"#),
    );
    assert_eq!(limited.unwrap_err().class, FailureClass::RateLimited(4000));
}

#[test]
fn depots_and_groups_are_one_step() {
    let depots = r#"{"code":1,"data":{"31010":{"id":31010,"name":"Kho HN","mobile":"0900000002"},"31011":{"id":31011,"name":"Kho SG","mobile":""}}}"#;
    let page = read(Entity::Branch, Scope::Everything, depots);
    assert_eq!((page.changes.len(), page.next, page.done, page.total), (2, None, 2, Some(2)));
    assert_eq!(page.warnings, [], "what the host writes for what is absent is the host's to say");
    let request = build_request(&context(), &step(Entity::Category, Scope::Everything, None)).unwrap();
    assert_eq!((request.path.as_str(), data(&request)), ("/api/product/category", "productcategory"));
    let groups = r#"{"code":1,"data":[{"id":"1","name":"Áo","childs":[{"id":"2","name":"Áo thun"}]}]}"#;
    assert_eq!(read(Entity::Category, Scope::Everything, groups).changes.len(), 2);
    assert!(read(Entity::Branch, Scope::Everything, r#"{"code":1,"data":[]}"#).changes.is_empty());
}

#[test]
fn customers_come_in_pages_of_fifty() {
    let page = r#"{"code":1,"data":{"totalPages":1,"customers":{"55":{"id":"55","name":"A","mobile":"0900000001"}}}}"#;
    let asked = walk(&context(), Entity::Customer, &Scope::Since(NOW), &[page]);
    assert_eq!(asked, [(r#"{"page":1,"icpp":50,"updatedAtFrom":"2026-11-20 09:30:00"}"#.to_owned(), 1, Some(1))]);
    let one = walk(&context(), Entity::Customer, &only(&["55"]), &[page]);
    assert_eq!(one[0].0, r#"{"id":55}"#);
}

#[test]
fn order_statuses_come_in_windows_that_end_when_the_stream_began() {
    let page = |pages: u32| format!(r#"{{"code":1,"data":{{"totalPages":{pages},"orders":[]}}}}"#);
    let since = NOW - 20 * DAY;
    let asked = walk(&context(), Entity::OrderStatus, &Scope::Since(since), &[&page(2), &page(2), &page(0), &page(1)]);
    let windows: Vec<_> = asked.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(
        windows,
        [
            r#"{"page":1,"icpp":100,"updatedDateTimeFrom":"2026-10-31 09:30:00","updatedDateTimeTo":"2026-11-09 09:29:59"}"#,
            r#"{"page":2,"icpp":100,"updatedDateTimeFrom":"2026-10-31 09:30:00","updatedDateTimeTo":"2026-11-09 09:29:59"}"#,
            r#"{"page":1,"icpp":100,"updatedDateTimeFrom":"2026-11-09 09:30:00","updatedDateTimeTo":"2026-11-18 09:29:59"}"#,
            r#"{"page":1,"icpp":100,"updatedDateTimeFrom":"2026-11-18 09:30:00","updatedDateTimeTo":"2026-11-20 09:30:00"}"#,
        ]
    );
    assert_eq!(asked.iter().map(|it| (it.1, it.2)).collect::<Vec<_>>(), [(1, Some(4)), (2, Some(4)), (3, Some(4)), (4, Some(4))]);
    // A later step comes with a later `now`; the end stays.
    let first = step(Entity::OrderStatus, Scope::Since(since), None);
    let next = read_response(&context(), &first, &reply(&page(0))).unwrap().next;
    let later = Context { now: NOW + DAY, ..context() };
    let second = step(Entity::OrderStatus, Scope::Since(since), next);
    let third = read_response(&later, &second, &reply(&page(0))).unwrap().next;
    let last = build_request(&later, &step(Entity::OrderStatus, Scope::Since(since), third)).unwrap();
    assert!(data(&last).ends_with(r#""updatedDateTimeTo":"2026-11-20 09:30:00"}"#));
}

#[test]
fn only_our_orders_are_told_of_a_window() {
    let body = r#"{"code":1,"data":{"totalPages":1,"orders":{
        "1":{"id":1,"shopOrderId":"ab12-W1","statusCode":"Pickup","carrierCode":"GHN1"},
        "2":{"id":2,"shopOrderId":"zz99-W1","statusCode":"New"},"3":{"id":3,"shopOrderId":null,"statusCode":false},
        "4":{"id":4,"shopOrderId":"ab12-W4"}}}}"#;
    let page = read(Entity::OrderStatus, Scope::Since(NOW), body);
    let [Change::OrderStatus(status)] = page.changes.as_slice() else { panic!("{page:?}") };
    assert_eq!((status.order.as_str(), status.tracking.as_deref()), ("1", Some("GHN1")));
    assert_eq!(page.refused.iter().map(|it| it.id.as_deref()).collect::<Vec<_>>(), [Some("4")]);
    let by_id = read(Entity::OrderStatus, only(&["2"]), r#"{"code":1,"data":{"orders":{"2":{"id":2,"statusCode":"New"}}}}"#);
    assert_eq!(by_id.changes.len(), 1);
    let gone = read(Entity::OrderStatus, only(&["2"]), r#"{"code":1,"data":{"orders":[]}}"#);
    assert!(matches!(gone.changes.as_slice(), [Change::Gone(it)] if it.entity == Entity::Order));
}

#[test]
fn what_is_not_synced_says_why() {
    for (entity, code) in [
        (Entity::CustomerGroup, "flow.unsupported"),
        (Entity::User, "flow.unsupported"),
        (Entity::Order, "flow.out-only"),
        (Entity::OrderStatus, "flow.everything"),
    ] {
        let step = step(entity, Scope::Everything, None);
        let failure = build_request(&context(), &step).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), (code, FailureClass::Unsupported));
        assert_eq!(read_response(&context(), &step, &reply("{}")).unwrap_err().code, code);
    }
}

#[test]
fn a_reply_to_what_is_never_asked_for_is_no_page() {
    let step = step(Entity::Stock, Scope::Since(0), None);
    let refused = build_request(&context(), &step).unwrap_err();
    let body = r#"{"code":1,"data":{"products":{"7":{"idNhanh":7,"inventory":{"available":1}}}}}"#;
    assert_eq!(read_response(&context(), &step, &reply(body)).unwrap_err(), refused);
}

#[test]
fn a_cursor_that_cannot_be_read_is_rejected() {
    for cursor in [
        "",
        "{}",
        "[]",
        "oops",
        r#"{"page":0,"sweep":0,"done":0,"at":0,"from":0,"until":0}"#,
        r#"{"page":1,"sweep":7,"done":0,"at":0,"from":0,"until":0}"#,
    ] {
        let failure = build_request(&context(), &step(Entity::Product, Scope::Everything, Some(cursor.to_owned()))).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("nhanh.cursor", FailureClass::Rejected), "{cursor}");
    }
    let beyond = Cursor { at: 2, ..Cursor::start(first()) }.write();
    assert_eq!(build_request(&context(), &step(Entity::Product, only(&["1"]), Some(beyond))).unwrap_err().code, "nhanh.cursor");
    assert_eq!(build_request(&context(), &step(Entity::Product, only(&[]), None)).unwrap_err().code, "nhanh.empty-scope");
    let windowless = Cursor { place: Place { page: 2, next: None }, done: 1, ..Cursor::start(first()) }.write();
    let orders = step(Entity::OrderStatus, Scope::Since(NOW), Some(windowless));
    assert_eq!(build_request(&context(), &orders).unwrap_err().code, "nhanh.cursor");
}

#[test]
fn a_request_needs_an_app_and_a_grant() {
    let step = step(Entity::Branch, Scope::Everything, None);
    let mut context = context();
    context.account = None;
    assert_eq!(build_request(&context, &step).unwrap_err().class, FailureClass::Unauthorized);
    set(&mut context, "app-id", "abc");
    assert_eq!(build_request(&context, &step).unwrap_err().class, FailureClass::Misconfigured);
}

#[test]
fn a_product_that_is_no_json_or_no_object_is_rejected() {
    for raw in ["", "<p>", "{", "nope", "[]", "5"] {
        assert_eq!(map_product(&context(), raw.as_bytes()).unwrap_err().class, FailureClass::Rejected, "{raw}");
    }
    assert_eq!(map_product(&context(), b"{}").unwrap_err().field.as_deref(), Some("/idNhanh"));
}

proptest! {
    #[test]
    fn any_cursor_comes_back(page in 1_u32.., next in "[{}\\[\\]\":,a-z0-9]{1,40}", sweep in 0_u32..2, done: u32, at: u32, from: i64, ahead in 0_i64..1_000_000_000_000, pass: u32, top in "[1-9][0-9]{0,18}", been in "[0-9]{1,20}") {
        let (top, been) = (Some(top).filter(|_| pass % 2 == 0), Some(been).filter(|_| pass % 3 == 0));
        let counted = Cursor { place: Place { page, next: None }, sweep, done, at, from, until: from.saturating_add(ahead), pass, top, been, left: Vec::new(), price_lists: done > 500 };
        prop_assert_eq!(Cursor::read(&counted.write(), &first()), Some(counted.clone()));
        prop_assert_eq!(Cursor::read(&counted.write(), &Place::default()), None, "a cursor of pages is none of opaque ones");
        let opaque = Cursor { place: Place { page: 0, next: Some(next) }, left: vec!["12".to_owned()], ..counted };
        prop_assert_eq!(Cursor::read(&opaque.write(), &Place::default()), Some(opaque.clone()));
        prop_assert_eq!(Cursor::read(&opaque.write(), &first()), None, "nor the other way");
    }

    #[test]
    fn no_cursor_breaks_a_step(page in 1_u32.., sweep in 0_u32..2, done in 0_u32..1000, at: u32, from: i64, until: i64, since: i64, now: i64) {
        let cursor = Cursor { place: Place { page, next: None }, left: Vec::new(), sweep, done, at, from: from.min(until), until: until.max(from), ..Cursor::default() };
        let context = Context { now, ..context() };
        for (entity, list) in [(Entity::OrderStatus, "orders"), (Entity::Product, "products"), (Entity::Customer, "customers")] {
            let body = format!(r#"{{"code":1,"data":{{"totalPages":9,"{list}":[]}}}}"#);
            for scope in [Scope::Since(since), only(&["1", "2"])] {
                for cursor in [None, Some(cursor.write())] {
                    let step = step(entity, scope.clone(), cursor);
                    prop_assert_eq!(build_request(&context, &step).is_ok(), read_response(&context, &step, &reply(&body)).is_ok());
                }
            }
        }
    }

    #[test]
    fn no_text_breaks_a_cursor(text in "\\PC{0,60}|[{}\":,a-z0-9-]{0,80}") {
        let _ = build_request(&context(), &step(Entity::Product, Scope::Everything, Some(text)));
    }

    #[test]
    fn no_reply_breaks_a_page(body in "\\PC{0,80}|\\{\"code\":1,\"data\":[{}\\[\\]\":,a-z0-9]{0,60}") {
        for entity in [Entity::Branch, Entity::Category, Entity::Product, Entity::Stock, Entity::Price, Entity::Customer] {
            let _ = read_response(&context(), &step(entity, Scope::Everything, None), &reply(&body));
        }
    }
}
