//! 3.0, sections 4 and 5: products, stock, categories; section 2.4: pages.

use nhanh_sim::{Dialect, Grant, Kin, ProductView, Settings, ShopSize, Simulator};
use serde_json::{Value, json};

use crate::helpers::{Desk, Hands, NOW, settings};

const LIST: &str = "/v3.0/product/list";
const STOCK: &str = "/v3.0/product/inventory";

fn seconds() -> i64 {
    NOW / 1000
}

#[tokio::test]
async fn pages_hold_every_product_but_the_inactive_once_and_end_with_an_empty_page() {
    let desk = Desk::v3().await;
    let counts = desk.nhanh.counts(desk.business);
    let inactive = counts.products_by_status["Inactive"];
    let (rows, calls) = desk.all3(LIST, json!({}), 50).await;
    assert_eq!(rows.len(), counts.products - inactive);
    // The last page with rows still has a cursor.
    assert_eq!(calls, rows.len().div_ceil(50) + 1);
    let ids: Vec<i64> = rows.iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert!(ids.is_sorted_by(|one, next| one > next), "the default is by id, descending");
    let up = json!({ "paginator": { "size": 100, "sort": { "id": "asc" } } });
    let up = desk.ok(LIST, up).await;
    assert!(up.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).is_sorted());
    assert_eq!(up.as_array().unwrap().len(), 100);
    assert_eq!(desk.ids3(LIST, json!({ "status": [3] })).await.len(), inactive);
    let hidden = desk.nhanh.products(desk.business).into_iter().find(|product| product.status == "Inactive").unwrap();
    assert_eq!(desk.ids3(LIST, json!({ "ids": [hidden.id] })).await, [hidden.id]);
}

#[tokio::test]
async fn size_is_cut_to_100_and_an_empty_list_has_no_paginator() {
    let desk = Desk::v3().await;
    let reply = desk.call(LIST, json!({ "paginator": { "size": 1000, "next": "" } })).await;
    let rows = reply["data"].as_array().unwrap();
    assert_eq!((rows.len(), &reply["paginator"]["next"]), (100, &json!({ "id": rows[99]["id"] })));
    let none = desk.raw(LIST, r#"{"filters":{"name":"không có gì như thế"}}"#).await.unwrap();
    assert_eq!(none, json!({ "code": 1, "data": [] }));
    assert_eq!(desk.raw(LIST, "").await.unwrap()["code"], 1, "a read needs no body");
}

#[tokio::test]
async fn a_cursor_is_good_only_as_it_came_and_where_it_came_from() {
    let desk = Desk::v3().await;
    let reply = desk.call(LIST, json!({ "paginator": { "size": 5 } })).await;
    let next = reply["paginator"]["next"].clone();
    let ask = |path: &'static str, next: Value| desk.call(path, json!({ "paginator": { "size": 5, "next": next } }));
    assert_eq!(ask(LIST, next.clone()).await["code"], 1);
    let id = next["id"].as_i64().unwrap();
    for bad in [json!({ "id": id - 1 }), json!({ "id": id.to_string() }), json!(id), json!({ "id": id, "page": 2 })] {
        let refused = ask(LIST, bad.clone()).await;
        assert_eq!((&refused["code"], &refused["errorCode"]), (&json!(0), &json!("ERR_INVALID_FORM_FIELDS")), "{bad}");
    }
    assert_eq!(ask("/v3.0/customer/list", next).await["code"], 0);
}

#[tokio::test]
async fn a_row_has_numbers_nested_objects_and_phps_empty_ones() {
    let desk = Desk::v3().await;
    let products = desk.nhanh.products(desk.business);
    let variant = products.iter().find(|row| matches!(row.kin, Kin::Variant(_)) && row.brand.is_some() && row.category.is_some()).unwrap();
    let Kin::Variant(parent) = variant.kin else { unreachable!() };
    let row = desk.ok(LIST, json!({ "filters": { "ids": [variant.id] } })).await[0].take();
    assert_eq!((&row["id"], &row["parentId"], &row["type"]), (&json!(variant.id), &json!(parent), &json!(1)));
    assert_eq!(
        (&row["prices"]["retail"], &row["status"]),
        (&json!(variant.price), &json!(nhanh_sim::words::product_status_number(&variant.status)))
    );
    assert_eq!((&row["categoryId"], &row["brandId"]), (&json!(variant.category), &json!(variant.brand.as_ref().unwrap().0)));
    assert_eq!((&row["warranty"], &row["tagIds"], &row["priceVatMode"]), (&json!([]), &json!([]), &json!(2)));
    let attribute = &row["attributes"][0];
    assert_eq!((&attribute["name"], &attribute["value"]), (&json!("Màu sắc"), &json!(variant.attributes[0].value)));
    assert_eq!(attribute["id"], variant.attributes[0].value_id);
    assert!(row.get("description").is_none() && row.get("vat").is_none());
    let total = variant.total(&[]);
    let stock = &row["inventory"];
    assert_eq!((&stock["remain"], &stock["available"]), (&json!(total.remain), &json!(total.available())));
    assert_eq!(stock["warranty"], json!({ "remain": 0, "holding": 0 }));
    let depots: Vec<i64> = stock["depots"].as_array().unwrap().iter().map(|depot| depot["id"].as_i64().unwrap()).collect();
    assert_eq!(depots, variant.stock.keys().copied().collect::<Vec<_>>());
    assert_eq!(row["updatedAt"], variant.updated_ms / 1000);
}

#[tokio::test]
async fn a_parent_is_a_row_with_sums_and_its_detail_has_its_children() {
    let desk = Desk::v3().await;
    let products = desk.nhanh.products(desk.business);
    let parent = products.iter().find(|row| row.kin == Kin::Parent).unwrap();
    let family: Vec<&ProductView> = products.iter().filter(|row| row.kin == Kin::Variant(parent.id)).collect();
    let row = desk.ok(LIST, json!({ "filters": { "ids": [parent.id] } })).await[0].take();
    let sum: nhanh_sim::Quantity = family.iter().map(|row| row.total(&[]).remain).sum();
    assert_eq!((&row["parentId"], &row["inventory"]["remain"], &row["inventory"]["depots"]), (&json!(-2), &json!(sum), &json!([])));
    let detail = desk.ok("/v3.0/product/detail", json!({ "filters": { "id": parent.id.to_string() } })).await;
    assert_eq!(detail["childs"].as_array().unwrap().len(), family.len());
    assert_eq!((&detail["type"], &detail["vat"].is_number()), (&json!({ "id": 1, "name": "Sản phẩm" }), &true));
    assert_eq!(detail["status"], nhanh_sim::words::product_status_number(&parent.status).to_string());
    assert_eq!(detail["description"], parent.description);
    assert!(detail["inventory"]["warrantyHolding"].is_number() && detail["prices"].get("retailVat").is_none());
    let child = desk.ok("/v3.0/product/detail", json!({ "filters": { "id": family[0].id } })).await;
    assert_eq!((&child["id"], &child["childs"]), (&json!(family[0].id), &json!([])));
    assert_eq!(desk.call("/v3.0/product/detail", json!({ "filters": { "id": 1 } })).await["code"], 0);
}

#[tokio::test]
async fn filters_tell_kinds_statuses_prices_and_kin_apart() {
    let desk = Desk::v3().await;
    let products = desk.nhanh.products(desk.business);
    let every = json!([1, 2, 3, 4]);
    let named = |product: &ProductView| nhanh_sim::words::PRODUCT_STATUSES.contains(&product.status.as_str());
    let count = |test: &dyn Fn(&ProductView) -> bool| products.iter().filter(|product| named(product) && test(product)).count();
    let variant = |kin| matches!(kin, Kin::Variant(_));
    for (gpid, expected) in [
        (-1, count(&|row| row.kin == Kin::Standalone)),
        (-2, count(&|row| row.kin == Kin::Parent)),
        (1, count(&|row| variant(row.kin))),
        (2, count(&|row| !variant(row.kin))),
        (3, count(&|row| row.kin != Kin::Parent)),
    ] {
        assert_eq!(desk.ids3(LIST, json!({ "gpid": gpid, "status": every })).await.len(), expected, "gpid {gpid}");
    }
    let parent = products.iter().find(|row| row.kin == Kin::Parent).unwrap().id;
    let children = desk.ids3(LIST, json!({ "parentId": parent, "status": every })).await;
    assert_eq!(children.len(), count(&|row| row.kin == Kin::Variant(parent)));
    let cheap = json!({ "price": { "from": 100_000, "to": 200_000 }, "status": every });
    assert_eq!(desk.ids3(LIST, cheap).await.len(), count(&|row| (100_000..=200_000).contains(&row.price.unwrap_or(0))));
    let brand = json!({ "brandIds": [5502, 5504], "status": every });
    assert_eq!(desk.ids3(LIST, brand).await.len(), count(&|row| matches!(&row.brand, Some((5502 | 5504, _)))));
    // Only a status that somebody asks for shows what no document names: nobody can.
    assert!(products.iter().any(|product| !named(product)));
    let many: Vec<i64> = (0..101).collect();
    assert_eq!(desk.call(LIST, json!({ "filters": { "ids": many } })).await["code"], 0);
    // A filter that is misspelt filters nothing.
    assert_eq!(desk.ids3(LIST, json!({ "id": 5 })).await.len(), desk.ids3(LIST, json!({})).await.len());
}

#[tokio::test]
async fn a_category_means_everything_below_it() {
    let desk = Desk::v3().await;
    let (rows, _) = desk.all3("/v3.0/product/category", json!({}), 100).await;
    assert_eq!(rows.len(), desk.nhanh.counts(desk.business).categories);
    assert!(rows[0]["id"].is_i64() && rows[0]["parentId"] == 0 && rows[0].get("childs").is_none());
    let child = rows.iter().find(|row| rows.iter().any(|up| up["id"] == row["parentId"])).unwrap();
    let (upper, lower) = (child["parentId"].clone(), child["id"].clone());
    let wide = desk.ids3(LIST, json!({ "categoryIds": [upper] })).await;
    let narrow = desk.ids3(LIST, json!({ "categoryIds": [lower] })).await;
    assert!(!narrow.is_empty() && narrow.iter().all(|id| wide.contains(id)) && wide.len() > narrow.len());
    let (brands, _) = desk.all3("/v3.0/product/brand", json!({}), 100).await;
    assert_eq!(brands.len(), 4);
}

#[tokio::test]
async fn the_list_is_blind_to_stock_and_the_inventory_is_not() {
    let desk = Desk::v3().await;
    let product = desk.stocked();
    let depot = *product.stock.keys().next().unwrap();
    desk.hands.advance(60);
    let since = json!({ "updatedAtFrom": seconds() + 60 });
    assert!(desk.nhanh.set_stock(product.id, depot, 777.into()));
    assert_eq!(desk.ids3(LIST, since.clone()).await, Vec::<i64>::new());
    assert_eq!(desk.ids3(STOCK, since.clone()).await, [product.id]);
    desk.hands.advance(60);
    let later = json!({ "updatedAtFrom": seconds() + 120 });
    desk.nhanh.edit_product(product.id, |product| product.name = "Tên mới".into());
    assert_eq!(desk.ids3(LIST, later.clone()).await, [product.id]);
    assert_eq!(desk.ids3(STOCK, later).await, Vec::<i64>::new());
    assert_eq!(desk.ids3(LIST, json!({ "updatedAtFrom": seconds() + 120, "updatedAtTo": seconds() + 119 })).await, Vec::<i64>::new());
}

#[tokio::test]
async fn the_inventory_names_products_otherwise_and_leaves_out_what_nobody_has() {
    let desk = Desk::v3().await;
    let product = desk.stocked();
    let row = desk.ok(STOCK, json!({ "filters": { "ids": [product.id] } })).await[0].take();
    assert_eq!((&row["productId"], &row["name"]), (&json!(product.id), &json!(product.name)));
    assert!(row.get("id").is_none() && row.get("code").is_none() && row.get("type").is_none());
    assert_eq!(row["inventory"]["available"], json!(product.total(&[]).available()));
    for depot in product.stock.keys() {
        desk.nhanh.change_level(product.id, *depot, |level| *level = nhanh_sim::Level::default());
    }
    assert_eq!(desk.ok(STOCK, json!({ "filters": { "ids": [product.id] } })).await, json!([]));
    let parents: Vec<i64> = desk.nhanh.products(desk.business).iter().filter(|row| row.kin == Kin::Parent).map(|row| row.id).collect();
    let all = desk.ids3(STOCK, json!({})).await;
    assert!(all.is_sorted_by(|one, next| one > next) && parents.iter().all(|parent| !all.contains(parent)));
}

#[tokio::test]
async fn a_token_for_one_depot_sees_that_depot_alone() {
    let hands = Hands::new();
    let nhanh = Simulator::start(settings(&hands)).await.unwrap();
    let info = nhanh.business();
    let grant = Grant { depots: vec![info.depots[1]], ..Grant::all(info.id) };
    let desk = Desk::granted_in(Dialect::V3, nhanh, hands, grant).await;
    let depots = desk.ok("/v3.0/business/depot", json!({})).await;
    assert_eq!((depots.as_array().unwrap().len(), &depots[0]["id"]), (1, &json!(info.depots[1])));
    let product = desk.stocked();
    for path in [LIST, STOCK] {
        let row = desk.ok(path, json!({ "filters": { "ids": [product.id] } })).await[0].take();
        assert_eq!(row["inventory"]["depots"].as_array().unwrap().len(), 1);
        assert_eq!(row["inventory"]["remain"], json!(product.stock[&info.depots[1]].remain));
    }
    // A filter narrows what the token sees and never widens it.
    let elsewhere = json!({ "ids": [product.id], "depotIds": [info.depots[0]] });
    assert_eq!(desk.ok(STOCK, json!({ "filters": elsewhere })).await, json!([]));
    let here = json!({ "ids": [product.id], "depotIds": info.depots });
    assert_eq!(desk.ok(STOCK, json!({ "filters": here })).await[0]["inventory"]["depots"].as_array().unwrap().len(), 1);
    let mut order = desk.order3("A", product.id);
    order["info"]["depotId"] = json!(info.depots[0]);
    assert_eq!(desk.call("/v3.0/order/add", order).await["errorCode"], "ERR_INVALID_DEPOT_ID");
}

#[tokio::test]
async fn a_page_of_a_hundred_products_comes_in_milliseconds() {
    let hands = Hands::new();
    let nhanh = Simulator::start(Settings { shop: ShopSize::medium(), ..settings(&hands) }).await.unwrap();
    let grant = Grant::all(nhanh.business().id);
    let desk = Desk::granted_in(Dialect::V3, nhanh, hands, grant).await;
    let mut best = std::time::Duration::MAX;
    for _ in 0..15 {
        let started = std::time::Instant::now();
        let reply = desk.http.post(format!("{}{}", desk.nhanh.origin(), desk.v3_url(LIST))).header("authorization", &desk.token);
        let text = reply.body(r#"{"paginator":{"size":100}}"#).send().await.unwrap().text().await.unwrap();
        assert_eq!(text.matches("\"parentId\"").count(), 100);
        best = best.min(started.elapsed());
    }
    // The whole round trip of a debug build; the best of many, so that a busy machine does not matter.
    assert!(best < std::time::Duration::from_millis(15), "{best:?}");
}
