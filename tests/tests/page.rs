//! A normal page costs what it should: the arena that the plugin begins with holds it, and its fuel is a small multiple of its bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![recursion_limit = "256"]

use connector_host::contract::types::{Account, Context, Entity, Setting};
use connector_host::contract::{Scope, Step, http};
use connector_host::sandbox::{Sandbox, SandboxConfig};
use serde_json::{Map, Value, json};

/// One product as Nhanh's 2.0 list writes it, with levels at three depots and a description of about 400 bytes.
fn product(id: u64) -> Value {
    let level = json!({"remain": 9, "shipping": 1, "damaged": 0, "holding": 2, "warranty": 0, "warrantyHolding": 0, "available": 6, "transfering": 0});
    json!({
        "idNhanh": id.to_string(), "privateId": null, "parentId": "38000101", "categoryId": "412001", "internalCategoryId": null,
        "brandId": "5501", "brandName": "Demo", "typeId": "1", "typeName": "Sản phẩm", "code": format!("AT{id}-DO-M"),
        "barcode": format!("20{id}"), "name": "Áo thun Đỏ M", "otherName": null, "importPrice": "60000", "oldPrice": null, "price": "120000",
        "wholesalePrice": "95000", "avgCost": "61000", "vat": null, "image": "https://example.com/a.jpg", "images": [], "status": "Active",
        "previewLink": "/ao-thun-p38000102.html", "showHot": 0, "showNew": 1, "showHome": 0, "width": null, "length": null, "height": null,
        "shippingWeight": "250", "warranty": null, "countryName": null, "unit": "Cái", "importType": "1", "importTypeLabel": "Nhập mua",
        "description": "<p>Áo thun cổ tròn.</p>".repeat(16),
        "createdDateTime": "2025-03-02 10:11:12", "updatedAt": 1_756_700_000,
        "inventory": {"remain": 9, "shipping": 1, "damaged": 0, "holding": 2, "available": 6,
            "depots": {"31010": level, "31011": level, "31012": level}},
        "attributes": [{"11": {"attributeName": "Màu sắc", "id": 101, "name": "Đỏ", "order": 1},
            "12": {"attributeName": "Size", "id": 205, "name": "M", "order": 2}}],
        "units": [],
    })
}

fn page_of(count: u64) -> Vec<u8> {
    let products: Map<String, Value> = (0..count).map(|n| ((38_000_102 + n).to_string(), product(38_000_102 + n))).collect();
    json!({"code": 1, "messages": [], "data": {"totalPages": 2, "currentPage": 1, "products": products}}).to_string().into_bytes()
}

#[tokio::test]
async fn a_page_of_a_hundred_products_fits_the_first_memory() {
    let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
    let connector = sandbox.admit(connector_component::BYTES).await.unwrap();
    let context = Context {
        now: 1_795_000_000_000,
        tag: "a1b2".to_owned(),
        settings: vec![
            Setting { key: "app-id".to_owned(), value: "75086".to_owned() },
            Setting { key: "api-version".to_owned(), value: "2.0".to_owned() },
            Setting { key: "sync-stock-and-price".to_owned(), value: "on".to_owned() },
        ],
        account: Some(Account { id: "64692".to_owned(), name: None, expires: None, permissions: vec![], branches: vec![] }),
    };
    let step = Step { entity: Entity::Product, scope: Scope::Everything, cursor: None };
    let body = page_of(100);
    let bytes = body.len();
    assert!((120_000..220_000).contains(&bytes), "a page as large as real ones, not {bytes} bytes");
    let response = http::Response { status: 200, content_type: Some("application/json".to_owned()), body, captured: vec![] };

    let outcome = connector.read_sync_response(&context, &step, &response).await;

    let page = outcome.result.unwrap().unwrap();
    assert_eq!((page.changes.len(), page.refused.len()), (100, 0));
    assert!(page.next.is_some(), "there is a second page");
    assert_eq!(outcome.usage.memory_grows, 0, "the arena must not grow for a normal page");
    let fuel_per_byte = outcome.usage.fuel / bytes as u64;
    println!("{bytes} bytes, {} fuel, {fuel_per_byte} a byte", outcome.usage.fuel);
    assert!(fuel_per_byte < SandboxConfig::default().fuel_per_byte / 2, "the budget for input leaves room: {fuel_per_byte} fuel a byte");
}
