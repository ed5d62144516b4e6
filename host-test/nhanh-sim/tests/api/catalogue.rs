//! Section 3: products, stock, categories; section 6: depots; section 2.5: pages and collections.

use std::time::{Duration, Instant};

use nhanh_sim::{Grant, Kin, ProductView, Quantity, Settings, ShopSize, Simulator};
use serde_json::{Value, json};

use crate::helpers::{Desk, Hands, settings};

fn ids(products: &Value) -> Vec<i64> {
    products.as_object().unwrap().keys().map(|id| id.parse().unwrap()).collect()
}

/// Ids in the order in which the reply writes them.
fn written(text: &str) -> Vec<i64> {
    text.split(r#"{"idNhanh":""#).skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn pages_hold_every_product_but_the_inactive_once() {
    let desk = Desk::new().await;
    let mut seen = Vec::new();
    let mut page = 1;
    loop {
        let data = desk.ok("/api/product/search", json!({ "page": page, "icpp": 50 })).await;
        assert_eq!(data["currentPage"], page);
        seen.extend(ids(&data["products"]));
        if page >= data["totalPages"].as_i64().unwrap() {
            break;
        }
        page += 1;
    }
    let counts = desk.nhanh.counts(desk.business);
    let inactive = counts.products_by_status["Inactive"];
    assert!(inactive > 0);
    assert_eq!(seen.len(), counts.products - inactive);
    let hidden = desk.ok("/api/product/search", json!({ "status": "Inactive" })).await;
    assert_eq!(ids(&hidden["products"]).len(), inactive);
}

#[tokio::test]
async fn the_default_order_is_by_id_descending_and_sort_is_honoured() {
    let desk = Desk::new().await;
    let sorted = |sort: Value| {
        let desk = &desk;
        async move { written(&desk.text("/api/product/search", json!({ "sort": sort })).await) }
    };
    let down = sorted(Value::Null).await;
    assert!(down.is_sorted_by(|one, next| one > next), "{down:?}");
    let up = sorted(json!({ "id": "asc" })).await;
    assert!(up.is_sorted());
    let price = |id: &i64| desk.nhanh.product(*id).unwrap().price.unwrap();
    assert!(sorted(json!({ "price": "asc" })).await.iter().map(price).is_sorted());
    let available = |id: &i64| desk.nhanh.product(*id).unwrap().total(&[]).available();
    assert!(sorted(json!({ "inventory": "desc" })).await.iter().map(available).is_sorted_by(|one, next| one >= next));
}

#[tokio::test]
async fn ids_prices_and_weights_are_numeric_strings_and_stock_is_numbers() {
    let desk = Desk::new().await;
    let variant = desk
        .nhanh
        .products(desk.business)
        .into_iter()
        .find(|product| matches!(product.kin, Kin::Variant(_)) && product.weight.is_some())
        .unwrap();
    let row = desk.ok("/api/product/detail", json!(variant.id)).await[variant.id.to_string()].take();
    let Kin::Variant(parent) = variant.kin else { unreachable!() };
    assert_eq!(row["idNhanh"], variant.id.to_string());
    assert_eq!(row["parentId"], parent.to_string());
    assert_eq!(row["price"], variant.price.unwrap().to_string());
    assert_eq!(row["shippingWeight"], variant.weight.unwrap().to_string());
    assert_eq!((&row["typeId"], &row["showHot"]), (&json!("1"), &json!(0)));
    let total = variant.total(&[]);
    assert_eq!(row["inventory"]["remain"], json!(total.remain));
    assert_eq!(row["inventory"]["available"], json!(total.available()));
    assert!(row["inventory"]["damaged"].is_number() && row["inventory"]["damage"].is_null());
    let attribute = &row["attributes"][0]["11"];
    assert_eq!((&attribute["attributeName"], &attribute["name"]), (&json!("Màu sắc"), &json!(variant.attributes[0].value)));
}

#[tokio::test]
async fn a_parent_shows_the_sum_of_its_variants_and_no_depots() {
    let desk = Desk::new().await;
    let parent = desk.nhanh.products(desk.business).into_iter().find(|product| product.kin == Kin::Parent).unwrap();
    let family = desk.ok("/api/product/detail", json!(parent.id)).await;
    let row = &family[parent.id.to_string()];
    assert_eq!(row["parentId"], "-2");
    assert_eq!((&row["attributes"], &row["inventory"]["depots"]), (&json!([]), &json!([])));
    let variants: Vec<ProductView> =
        desk.nhanh.products(desk.business).into_iter().filter(|product| product.kin == Kin::Variant(parent.id)).collect();
    assert_eq!(family.as_object().unwrap().len(), variants.len() + 1);
    let sum: Quantity = variants.iter().map(|variant| variant.total(&[]).remain).sum();
    assert_eq!(row["inventory"]["remain"], json!(sum));
    let listed = desk.ok("/api/product/search", json!({ "parentId": parent.id, "status": parent.status })).await;
    assert_eq!(ids(&listed["products"]).len(), variants.len());
}

#[tokio::test]
async fn parent_id_filters_tell_the_kinds_apart() {
    let desk = Desk::new().await;
    let counts = desk.nhanh.counts(desk.business);
    let mut found = Vec::new();
    for parent in [-1, -2, -10] {
        let mut rows = 0;
        for status in counts.products_by_status.keys() {
            for page in 1..3 {
                let data = desk.ok("/api/product/search", json!({ "parentId": parent, "status": status, "page": page })).await;
                rows += data["products"].as_object().map_or(0, serde_json::Map::len);
            }
        }
        found.push(rows);
    }
    assert_eq!(found, [counts.standalone, counts.parents, counts.variants]);
}

#[tokio::test]
async fn update_filters_see_edits_and_are_blind_to_stock() {
    let desk = Desk::new().await;
    let product = desk.stocked();
    let depot = *product.stock.keys().next().unwrap();
    desk.hands.advance(60);
    let since = json!({ "updatedDateTimeFrom": "2026-11-20 09:31:00" });
    assert!(desk.nhanh.set_stock(product.id, depot, 777.into()));
    assert_eq!(desk.ok("/api/product/search", since.clone()).await["products"], json!([]));
    desk.nhanh.edit_product(product.id, |product| product.name = "Tên mới".into());
    assert_eq!(ids(&desk.ok("/api/product/search", since).await["products"]), [product.id]);
    assert_eq!(desk.nhanh.stock(product.id, depot).unwrap().remain, 777.into());
}

#[tokio::test]
async fn a_page_beyond_the_last_is_an_empty_list_and_icpp_is_cut_to_100() {
    let desk = Desk::new().await;
    let data = desk.ok("/api/product/search", json!({ "page": 99, "icpp": 1000 })).await;
    assert_eq!(data["products"], json!([]));
    assert_eq!(data["totalPages"], 2);
    let data = desk.ok("/api/product/search", json!({ "icpp": "1000" })).await;
    assert_eq!(ids(&data["products"]).len(), 100);
}

#[tokio::test]
async fn name_finds_codes_and_barcodes_too() {
    let desk = Desk::new().await;
    let product = desk.stocked();
    for text in [product.name.clone(), product.code.clone().unwrap(), product.barcode.clone().unwrap()] {
        let data = desk.ok("/api/product/search", json!({ "name": text, "status": product.status })).await;
        assert!(ids(&data["products"]).contains(&product.id), "{text}");
    }
}

#[tokio::test]
async fn an_unknown_product_is_refused() {
    let desk = Desk::new().await;
    assert_eq!(desk.raw("/api/product/detail", "1").await.unwrap()["code"], 0);
}

#[tokio::test]
async fn a_token_for_one_depot_sees_that_depot_alone() {
    let hands = Hands::new();
    let nhanh = Simulator::start(settings(&hands)).await.unwrap();
    let info = nhanh.business();
    let desk = Desk::granted(nhanh, hands, Grant { depots: vec![info.depots[1]], ..Grant::all(info.id) }).await;
    let depots = desk.ok("/api/store/depot", json!({})).await;
    assert_eq!(ids(&depots), [info.depots[1]]);
    let product = desk.stocked();
    let row = desk.ok("/api/product/detail", json!(product.id.to_string())).await[product.id.to_string()].take();
    assert_eq!(ids(&row["inventory"]["depots"]), [info.depots[1]]);
    assert_eq!(row["inventory"]["remain"], json!(product.stock[&info.depots[1]].remain));
    let order = json!({ "id": "A", "customerName": "A", "customerMobile": "0900000001", "depotId": info.depots[0] });
    assert_eq!(desk.call("/api/order/add", order).await["errorCode"], "ERR_INVALID_DEPOT_ID");
}

#[tokio::test]
async fn depots_are_keyed_by_id_and_some_have_no_phone() {
    let desk = Desk::new().await;
    let depots = desk.ok("/api/store/depot", json!({})).await;
    let views = desk.nhanh.depots(desk.business);
    assert_eq!(depots.as_object().unwrap().len(), views.len());
    for view in &views {
        let row = &depots[view.id.to_string()];
        assert_eq!((&row["id"], &row["name"], &row["mobile"]), (&json!(view.id), &json!(view.name), &json!(view.mobile)));
    }
    assert!(views.iter().any(|depot| depot.mobile.is_none()));
}

#[tokio::test]
async fn a_small_shop_has_every_quirk() {
    let desk = Desk::new().await;
    let products = desk.nhanh.products(desk.business);
    let has = |what: &str, test: fn(&ProductView) -> bool| assert!(products.iter().any(test), "{what}");
    has("price 0", |product| product.price == Some(0));
    has("empty barcode", |product| product.barcode.as_deref() == Some(""));
    has("no code", |product| product.code.is_none());
    has("fractions", |product| product.stock.values().any(|level| level.remain.as_thousandths() % 1000 != 0));
    has("combo", |product| product.type_id == 9 && product.combo.len() == 2);
    has("service", |product| product.type_id == 6 && product.stock.is_empty());
    has("multi-unit", |product| product.type_id == 10 && !product.units.is_empty());
    has("unknown status", |product| !nhanh_sim::words::PRODUCT_STATUSES.contains(&product.status.as_str()));
    has("available above remain", |product| product.stock.values().any(|level| level.available() > level.remain));
    has("negative available", |product| product.stock.values().any(|level| level.available() < Quantity::ZERO));
    has("decomposed name", |product| product.name.chars().any(|letter| ('\u{300}'..='\u{36f}').contains(&letter)));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_shop_and_another_seed_another() {
    let hands = Hands::new();
    let shop = |seed| {
        let settings = Settings { seed, ..settings(&hands) };
        async move {
            let nhanh = Simulator::start(settings).await.unwrap();
            (nhanh.products(nhanh.business().id), nhanh.customers(nhanh.business().id))
        }
    };
    assert_eq!(shop(5).await, shop(5).await);
    assert_ne!(shop(5).await.0, shop(6).await.0);
}

#[tokio::test]
async fn a_shop_has_exactly_the_rows_that_were_asked_for() {
    let hands = Hands::new();
    for size in [ShopSize::empty(), ShopSize::small(), ShopSize { products: 1, ..ShopSize::small() }, ShopSize::medium()] {
        let started = Instant::now();
        let nhanh = Simulator::start(Settings { shop: size, ..settings(&hands) }).await.unwrap();
        let counts = nhanh.counts(nhanh.business().id);
        assert_eq!(
            (counts.products, counts.depots, counts.customers, counts.categories),
            (size.products, size.depots, size.customers, size.categories)
        );
        assert_eq!(counts.standalone + counts.parents + counts.variants, counts.products);
        // Seeding is far below a second even in a debug build on a busy machine.
        assert!(started.elapsed().as_secs() < 2);
    }
}

#[tokio::test]
async fn categories_are_a_tree_under_childs_with_orphans_among_the_roots() {
    let desk = Desk::new().await;
    fn count(rows: &Value) -> usize {
        rows.as_array().unwrap().iter().map(|row| 1 + count(&row["childs"])).sum()
    }
    let tree = desk.raw("/api/product/category", "productcategory").await.unwrap()["data"].take();
    assert_eq!(count(&tree), desk.nhanh.counts(desk.business).categories);
    assert!(tree[0]["id"].is_string() && tree[0]["parentId"].is_null() && tree[0]["status"].is_number());
    assert!(tree.as_array().unwrap().iter().any(|row| row["parentId"] == "1"));
    let internal = desk.raw("/api/product/internalcategory", "internalcategory").await.unwrap();
    assert!(!internal["data"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_page_of_a_hundred_products_comes_in_milliseconds() {
    let hands = Hands::new();
    let desk = Desk::with(Settings { shop: ShopSize::medium(), ..settings(&hands) }, hands).await;
    let mut best = Duration::MAX;
    for page in 1..=15 {
        let started = Instant::now();
        let text = desk.text("/api/product/search", json!({ "page": page })).await;
        assert_eq!(written(&text).len(), 100);
        best = best.min(started.elapsed());
    }
    // The whole round trip of a debug build; the best of many, so that a busy machine does not matter.
    assert!(best < Duration::from_millis(15), "{best:?}");
}
