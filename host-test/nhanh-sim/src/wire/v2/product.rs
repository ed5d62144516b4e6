//! A product as 2.0 writes it: numeric strings for ids, prices and weights, numbers for stock and flags (reference sections 3.1 to 3.4).
//!
//! Must never choose which products are listed.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Call;
use super::collection::{Amount, Digits, Keyed};
use crate::clock::date_time;
use crate::shop::{Business, Kin, Level, Product};
use crate::switches::{NumberShape, ParentStock, Switches};
use crate::words::product_type_label;

/// A product row of a reply.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductOut<'a> {
    id_nhanh: Digits,
    private_id: Option<&'a str>,
    parent_id: Digits,
    merchant_category_id: Option<i64>,
    merchant_product_id: Option<i64>,
    category_id: Option<Digits>,
    internal_category_id: Option<Digits>,
    brand_id: Option<Digits>,
    brand_name: Option<&'a str>,
    type_id: Digits,
    type_name: &'static str,
    code: Option<&'a str>,
    barcode: Option<&'a str>,
    name: &'a str,
    other_name: Option<&'a str>,
    import_price: Option<Digits>,
    old_price: Option<Digits>,
    price: Option<Digits>,
    wholesale_price: Option<Digits>,
    avg_cost: Option<Digits>,
    vat: Option<Digits>,
    image: &'a str,
    images: &'a [String],
    thumbnail: &'a str,
    status: &'a str,
    preview_link: String,
    show_hot: u8,
    show_new: u8,
    show_home: u8,
    order: Option<&'a str>,
    width: Option<Digits>,
    length: Option<Digits>,
    height: Option<Digits>,
    shipping_weight: Option<Digits>,
    warranty: Option<Digits>,
    warranty_address: Option<&'a str>,
    warranty_phone: Option<&'a str>,
    country_name: Option<&'a str>,
    unit: Option<&'a str>,
    import_type: Digits,
    import_type_label: &'static str,
    created_date_time: String,
    updated_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory: Option<Option<Inventory<'a>>>,
    attributes: Vec<Value>,
    units: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    combos: Option<Keyed<'a, Value>>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    detail: Option<Detail<'a>>,
}

/// What only the detail has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    description: &'a str,
    highlight: [&'a str; 0],
    content: &'a str,
    warranty_content: &'a str,
    website_info: Value,
}

/// Encodes one product. `whole` adds what only the detail has.
pub(super) fn encode<'a>(product: &'a Product, home: &'a Business, scope: &[i64], switches: &'a Switches, whole: bool) -> ProductOut<'a> {
    let shape = switches.numbers;
    let digits = |number: i64| Digits(number, shape);
    let (length, width, height) =
        product.size.map_or((None, None, None), |(length, width, height)| (Some(length), Some(width), Some(height)));
    ProductOut {
        id_nhanh: digits(product.id),
        private_id: product.own_id.as_deref(),
        parent_id: digits(parent_id(product.kin)),
        merchant_category_id: None,
        merchant_product_id: None,
        category_id: product.category.map(digits),
        internal_category_id: product.internal_category.map(digits),
        brand_id: product.brand.as_ref().map(|(id, _)| digits(*id)),
        brand_name: product.brand.as_ref().map(|(_, name)| name.as_str()),
        type_id: digits(product.type_id),
        type_name: product_type_label(product.type_id),
        code: product.code.as_deref(),
        barcode: product.barcode.as_deref(),
        name: &product.name,
        other_name: product.other_name.as_deref(),
        import_price: product.import_price.map(digits),
        old_price: product.old_price.map(digits),
        price: product.price.map(digits),
        wholesale_price: product.wholesale_price.map(digits),
        avg_cost: product.avg_cost.map(digits),
        vat: product.vat.map(digits),
        image: &product.image,
        images: &product.images,
        thumbnail: &product.image,
        status: &product.status,
        preview_link: format!("/san-pham-p{}.html", product.id),
        show_hot: 0,
        show_new: u8::from(product.status == "New"),
        show_home: 0,
        order: None,
        width: width.map(digits),
        length: length.map(digits),
        height: height.map(digits),
        shipping_weight: product.weight.map(digits),
        warranty: product.warranty.map(digits),
        warranty_address: None,
        warranty_phone: None,
        country_name: product.country.as_deref(),
        unit: product.unit.as_deref(),
        import_type: digits(1),
        import_type_label: "Nhập mua",
        created_date_time: date_time(product.created_ms),
        updated_at: product.updated_ms / 1000,
        inventory: inventory(product, home, scope, switches),
        attributes: attributes(product),
        units: product
            .units
            .iter()
            .map(|unit| json!({ "id": unit.id, "name": unit.name, "quantity": unit.quantity, "importPrice": null, "price": unit.price, "wholesalePrice": null }))
            .collect(),
        combos: combos(product, home, switches),
        detail: whole.then(|| Detail {
            description: &product.description,
            highlight: [],
            content: &product.content,
            warranty_content: "",
            website_info: json!({ "metaTitle": "", "metaDescription": "", "metaKeywords": "", "highlights": [], "tags": [], "videos": [] }),
        }),
    }
}

/// `-1` standalone, `-2` parent, else the parent's id.
pub(super) fn parent_id(kin: Kin) -> i64 {
    match kin {
        Kin::Standalone => -1,
        Kin::Parent => -2,
        Kin::Variant(parent) => parent,
    }
}

/// One element whose members are keyed by attribute id; no attributes are `[]` (reference section 3.3).
fn attributes(product: &Product) -> Vec<Value> {
    if product.attributes.is_empty() {
        return Vec::new();
    }
    let mut keyed = Map::new();
    for (order, attribute) in product.attributes.iter().enumerate() {
        let value =
            json!({ "attributeName": attribute.attribute_name, "id": attribute.value_id, "name": attribute.value, "order": order + 1 });
        keyed.insert(attribute.attribute_id.to_string(), value);
    }
    vec![Value::Object(keyed)]
}

fn combos<'a>(product: &Product, home: &Business, switches: &'a Switches) -> Option<Keyed<'a, Value>> {
    if product.combo.is_empty() {
        return None;
    }
    let rows = product.combo.iter().map(|part| {
        let row = home.products.get(&part.product);
        let code = row.and_then(|row| row.code.as_deref());
        let quantity = Amount(part.quantity, NumberShape::Real);
        (part.product, json!({ "quantity": quantity, "code": code, "name": row.map(|row| row.name.as_str()) }))
    });
    Some(Keyed { rows: rows.collect(), switches })
}

/// Stock: the totals and the depots that the token may see.
pub(super) struct Inventory<'a> {
    pub(super) total: Level,
    pub(super) depots: Keyed<'a, LevelOut<'a>>,
    pub(super) switches: &'a Switches,
}

/// One depot's level.
pub(super) struct LevelOut<'a>(pub(super) Level, pub(super) &'a Switches);

fn inventory<'a>(product: &Product, home: &Business, scope: &[i64], switches: &'a Switches) -> Option<Option<Inventory<'a>>> {
    let parent = product.kin == Kin::Parent;
    match switches.parent_stock {
        ParentStock::Null if parent => return Some(None),
        ParentStock::Absent if parent => return None,
        _ => {}
    }
    Some(Some(stock(product, home, scope, switches)))
}

/// The stock a token sees of a product.
pub(super) fn stock<'a>(product: &Product, home: &Business, scope: &[i64], switches: &'a Switches) -> Inventory<'a> {
    let levels = home.shown_stock(product).into_iter().filter(|(depot, _)| scope.is_empty() || scope.contains(depot));
    let mut total = Level::default();
    let mut rows = Vec::new();
    for (depot, level) in levels {
        total = total.plus(&level);
        // A parent has sums and no depots (reference section 11).
        if product.kin != Kin::Parent {
            rows.push((depot, LevelOut(level, switches)));
        }
    }
    Inventory { total, depots: Keyed { rows, switches }, switches }
}

fn write_level<M: SerializeMap>(map: &mut M, level: &Level, switches: &Switches) -> Result<(), M::Error> {
    map.serialize_entry("remain", &level.remain)?;
    map.serialize_entry("shipping", &level.shipping)?;
    map.serialize_entry(if switches.damage_key { "damage" } else { "damaged" }, &level.damaged)?;
    map.serialize_entry("holding", &level.holding)?;
    map.serialize_entry("warranty", &level.warranty)?;
    map.serialize_entry("warrantyHolding", &level.warranty_holding)?;
    map.serialize_entry("available", &level.available())
}

impl Serialize for LevelOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(8))?;
        write_level(&mut map, &self.0, self.1)?;
        map.serialize_entry("transfering", &self.0.transfering)?;
        map.end()
    }
}

impl Serialize for Inventory<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(8))?;
        write_level(&mut map, &self.total, self.switches)?;
        map.serialize_entry("depots", &self.depots)?;
        map.end()
    }
}

/// The business that a call is about; the gate has checked that it is there.
pub(super) fn home<'a>(call: &'a Call<'_>) -> Result<&'a Business, super::Refusal> {
    call.shop.business(call.pass.business).ok_or_else(|| super::Refusal::coded("ERR_INVALID_BUSINESS_ID", "Invalid businessId"))
}
