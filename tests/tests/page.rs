//! A normal page costs what it should, in either dialect: the arena that the plugin begins with holds it, and its fuel is a small multiple
//! of its bytes. Pages are texts whose fields stand in Nhanh's order, since that decides what finding them costs.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use connector_host::contract::catalog::Change;
use connector_host::contract::types::{Account, Context, Entity, Setting};
use connector_host::contract::{Scope, Step, http};
use connector_host::sandbox::{Sandbox, SandboxConfig};

/// One product as Nhanh's 2.0 list writes it, with levels at three depots and a description of about 400 bytes.
const SECOND: &str = r#"{"idNhanh":"$id","privateId":null,"parentId":"38000101","categoryId":"412001","internalCategoryId":null,"brandId":"5501","brandName":"Demo","typeId":"1","typeName":"Sản phẩm","code":"AT$id-DO-M","barcode":"20$id","name":"Áo thun Đỏ M","otherName":null,"importPrice":"60000","oldPrice":null,"price":"120000","wholesalePrice":"95000","avgCost":"61000","vat":null,"image":"https://example.com/a.jpg","images":[],"status":"Active","previewLink":"/ao-thun-p$id.html","showHot":0,"showNew":1,"showHome":0,"width":null,"length":null,"height":null,"shippingWeight":"250","warranty":null,"countryName":null,"unit":"Cái","importType":"1","importTypeLabel":"Nhập mua","description":"$description","createdDateTime":"2025-03-02 10:11:12","updatedAt":1756700000,"inventory":{"remain":27,"shipping":3,"damaged":0,"holding":6,"available":18,"depots":{"31010":$level,"31011":$level,"31012":$level}},"attributes":[{"11":{"attributeName":"Màu sắc","id":101,"name":"Đỏ","order":1},"12":{"attributeName":"Size","id":205,"name":"M","order":2}}],"units":[]}"#;
/// A level of it.
const SECOND_LEVEL: &str =
    r#"{"remain":9,"shipping":1,"damaged":0,"holding":2,"warranty":0,"warrantyHolding":0,"available":6,"transfering":0}"#;

/// The same product as Nhanh's 3.0 list writes it: no description, more about prices, levels and attributes.
const THIRD: &str = r#"{"id":$id,"parentId":1231281070,"code":"AT$id-DO-M","barcode":"20$id","name":"Áo thun Đỏ M","otherName":"","status":2,"priceVatMode":2,"importPriceVatMode":2,"categoryId":412001,"internalCategoryId":null,"prices":{"retail":120000,"retailVat":8,"import":60000,"importVat":0,"old":0,"wholesale":95000,"avgCost":61000},"images":{"avatar":"https://example.com/a.jpg","others":[]},"warranty":{"month":0,"phone":"","address":""},"brandId":5501,"type":1,"shipping":{"width":20,"height":2,"length":30,"weight":250},"countryName":"Việt Nam","units":{"name":"Cái","list":[]},"combos":[],"inventory":{"remain":27,"shipping":3,"damaged":0,"holding":6,"transfering":0,"available":18,"warranty":{"remain":0,"holding":0},"depots":[{"id":31010,"remain":9,$level},{"id":31011,"remain":9,$level},{"id":31012,"remain":9,$level}]},"attributes":[{"id":101,"name":"Màu sắc","nameOther":"","value":"Đỏ","code":"DO","codeOther":""},{"id":205,"name":"Size","nameOther":"","value":"M","code":"M","codeOther":""}],"updatedAt":1794000000,"createdAt":1756700000,"tagIds":[]}"#;
/// What follows `remain` in a level of it.
const THIRD_LEVEL: &str = r#""shipping":1,"damaged":0,"holding":2,"transfering":0,"available":6,"warranty":{"remain":0,"holding":0}"#;

/// A hundred products, with commas.
fn products(template: &str, first: u64) -> String {
    (first..first + 100).map(|id| template.replace("$id", &id.to_string())).collect::<Vec<_>>().join(",")
}

/// A page of the 2.0 list: products by id, and how many pages there are.
fn second_page() -> String {
    let product = SECOND.replace("$level", SECOND_LEVEL).replace("$description", &"<p>Áo thun cổ tròn.</p>".repeat(16));
    let products = products(&format!(r#""$id":{product}"#), 38_000_102);
    format!(r#"{{"code":1,"messages":[],"data":{{"totalPages":2,"currentPage":1,"products":{{{products}}}}}}}"#)
}

/// A page of the 3.0 list: products in order, and where the next ones begin.
fn third_page() -> String {
    let products = products(&THIRD.replace("$level", THIRD_LEVEL), 1_231_281_071);
    format!(r#"{{"code":1,"paginator":{{"next":{{"id":1231281170}}}},"data":[{products}]}}"#)
}

fn context(version: &str) -> Context {
    let setting = |key: &str, value: &str| Setting { key: key.to_owned(), value: value.to_owned() };
    Context {
        now: 1_795_000_000_000,
        tag: "a1b2".to_owned(),
        settings: vec![setting("app-id", "75086"), setting("api-version", version), setting("sync-stock-and-price", "on")],
        account: Some(Account { id: "64692".to_owned(), name: None, expires: None, permissions: vec![], branches: vec![] }),
    }
}

/// Reads a first page of a hundred products, sees that each was understood, and holds its cost to the bounds.
async fn read_page(version: &str, body: String, refused: usize, warnings: usize) {
    let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
    let connector = sandbox.admit(connector_component::BYTES).await.unwrap();
    let step = Step { entity: Entity::Product, scope: Scope::Everything, cursor: None };
    let bytes = body.len();
    assert!((120_000..220_000).contains(&bytes), "a page as large as real ones, not {bytes} bytes");
    let body = body.into_bytes();
    let response = http::Response { status: 200, content_type: Some("application/json".to_owned()), body, captured: vec![] };

    let outcome = connector.read_sync_response(&context(version), &step, &response).await;

    let page = outcome.result.unwrap().unwrap();
    assert_eq!((page.changes.len(), page.refused.len(), page.warnings.len()), (100 - refused, refused, warnings));
    for change in &page.changes {
        let Change::Product(product) = change else { panic!("{change:?}") };
        assert_eq!((product.name.as_str(), product.unit.as_deref(), product.attributes.len()), ("Áo thun Đỏ M", Some("Cái"), 2));
        assert_eq!((product.prices.as_ref().unwrap().retail, product.stock.as_ref().unwrap().len()), (Some(120_000), 3));
        assert!(product.others_are_zero, "the levels are the totals");
    }
    assert!(page.next.is_some(), "there is a second page");
    assert_eq!(outcome.usage.memory_grows, 0, "the arena must not grow for a normal page");
    let fuel_per_byte = outcome.usage.fuel / bytes as u64;
    println!("API {version}: {bytes} bytes, {} fuel, {fuel_per_byte} a byte", outcome.usage.fuel);
    // A page that has to be taken apart is read twice.
    let quarters = if refused == 0 { 2 } else { 3 };
    assert!(
        fuel_per_byte < SandboxConfig::default().fuel_per_byte * quarters / 4,
        "the budget for input leaves room: {fuel_per_byte} fuel a byte"
    );
}

#[tokio::test]
async fn a_page_of_a_hundred_products_of_2_0_fits_the_first_memory() {
    read_page("2.0", second_page(), 0, 0).await;
}

#[tokio::test]
async fn a_page_of_a_hundred_products_of_3_0_fits_the_first_memory() {
    // Tax comes on top of each price, which is told once.
    read_page("3.0", third_page(), 0, 1).await;
}

#[tokio::test]
async fn a_page_with_a_record_that_no_parser_reads_stays_within_its_budget() {
    let broken = |page: String, last: &str| {
        let at = page.rfind(last).unwrap();
        format!("{}{}{}", &page[..at], r#"\ud83d"#, &page[at..])
    };
    read_page("2.0", broken(second_page(), "Áo thun Đỏ M"), 1, 0).await;
    read_page("3.0", broken(third_page(), "Áo thun Đỏ M"), 1, 1).await;
}
