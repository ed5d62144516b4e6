//! The reference that an isolated page is measured against: what a derive of serde makes of the same bytes in this process, with nothing in
//! between. Frozen: it knows exactly the page of the benchmark and forgives nothing, so that no slowness of a mapper flatters the ratio.

use std::collections::BTreeMap;

use connector_host::contract::catalog::{Attribute, BranchStock, Change, Prices, Product, ProductKind, ProductStatus};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reply<'a> {
    code: i64,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    total_pages: u32,
    #[serde(borrow)]
    products: BTreeMap<&'a str, Row<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    id_nhanh: &'a str,
    private_id: Option<&'a str>,
    parent_id: &'a str,
    category_id: Option<&'a str>,
    brand_name: Option<&'a str>,
    code: Option<&'a str>,
    barcode: Option<&'a str>,
    name: &'a str,
    import_price: Option<&'a str>,
    old_price: Option<&'a str>,
    price: Option<&'a str>,
    wholesale_price: Option<&'a str>,
    image: Option<&'a str>,
    images: Vec<&'a str>,
    status: &'a str,
    shipping_weight: Option<&'a str>,
    unit: Option<&'a str>,
    updated_at: Option<i64>,
    inventory: Inventory<'a>,
    attributes: Vec<BTreeMap<&'a str, Property<'a>>>,
}

#[derive(Deserialize)]
struct Inventory<'a> {
    #[serde(borrow)]
    depots: BTreeMap<&'a str, Level>,
}

#[derive(Deserialize)]
struct Level {
    remain: i64,
    shipping: i64,
    damaged: i64,
    holding: i64,
    available: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property<'a> {
    attribute_name: &'a str,
    name: &'a str,
}

fn decoded(body: &[u8]) -> Reply<'_> {
    let reply: Reply<'_> = serde_json::from_slice(body).unwrap();
    assert_eq!((reply.code, reply.data.total_pages), (1, 2));
    reply
}

/// The page as typed records that borrow from it.
pub fn decode(body: &[u8]) -> usize {
    decoded(body).data.products.len()
}

/// The same, and the rows of the contract made of them.
pub fn rows(body: &[u8]) -> Vec<Change> {
    decoded(body).data.products.into_values().map(|it| Change::Product(product(it))).collect()
}

fn product(row: Row<'_>) -> Product {
    let text = |it: Option<&str>| it.map(str::to_owned);
    let money = |it: Option<&str>| it.map(|it| it.parse().unwrap());
    let level = |(branch, it): (&str, Level)| BranchStock {
        branch: branch.to_owned(),
        on_hand: it.remain * 1000,
        reserved: it.holding * 1000,
        shipping: it.shipping * 1000,
        damaged: it.damaged * 1000,
        available: it.available * 1000,
    };
    let property = |it: Property<'_>| Attribute { name: it.attribute_name.to_owned(), value: it.name.to_owned() };
    Product {
        id: row.id_nhanh.to_owned(),
        undecided: false,
        own_id: text(row.private_id),
        kind: ProductKind::VariantChild,
        parent: Some(row.parent_id.to_owned()),
        sku: text(row.code),
        barcode: text(row.barcode),
        name: row.name.to_owned(),
        category: text(row.category_id),
        brand: text(row.brand_name),
        unit: text(row.unit),
        status: ProductStatus::Active,
        raw_status: row.status.to_owned(),
        prices: Some(Prices {
            retail: money(row.price),
            compare_at: money(row.old_price),
            cost: money(row.import_price),
            wholesale: money(row.wholesale_price),
            includes_vat: None,
        }),
        vat: None,
        weight_grams: row.shipping_weight.map(|it| it.parse().unwrap()),
        description: None,
        images: row.image.into_iter().chain(row.images).map(str::to_owned).collect(),
        attributes: row.attributes.into_iter().flat_map(BTreeMap::into_values).map(property).collect(),
        units: Vec::new(),
        stock: Some(row.inventory.depots.into_iter().map(level).collect()),
        others_are_zero: false,
        updated: row.updated_at.map(|it| it * 1000),
    }
}
