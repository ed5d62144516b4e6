//! `/api/order/index` and `/api/order/history` (reference sections 4.1, 4.7).
//!
//! Without an id or a customer a window of at most ten days holds; there is no filter by the own id.

use serde::Serialize;
use serde_json::{Value, json};

use super::collection::{Amount, Digits, Keyed, page};
use crate::clock::{DAY_MS, date_time, parse_date, parse_date_time};
use crate::shop::{Business, Order, OrderQuery, Place};
use crate::switches::{NumberShape, Switches};
use crate::wire::Call;
use crate::wire::params::Params;
use crate::wire::reply::{Refusal, data};
use crate::wire::span::Span;
use crate::words::{order_status_label, order_step_label, order_type};

/// The longest window in days.
const WINDOW_DAYS: i64 = 10;
/// Who does what no app does.
const STAFF: &str = "Trần Thị Bích Ngọc";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Orders<'a> {
    total_pages: usize,
    total_records: usize,
    page: usize,
    orders: Keyed<'a, OrderOut<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderOut<'a> {
    id: i64,
    private_id: Option<&'a str>,
    shop_order_id: Option<&'a str>,
    merchant_tracking_number: Option<&'a str>,
    handover_id: Option<&'a str>,
    depot_id: Option<i64>,
    depot_name: Option<&'a str>,
    type_id: i64,
    r#type: &'static str,
    money_discount: i64,
    money_deposit: i64,
    money_transfer: i64,
    used_points: i64,
    money_used_points: i64,
    service_id: Option<i64>,
    carrier_id: Option<i64>,
    carrier_code: &'a str,
    carrier_name: Option<&'a str>,
    carrier_service_name: &'a str,
    ship_fee: i64,
    cod_fee: i64,
    declared_fee: i64,
    customer_ship_fee: i64,
    return_fee: i64,
    over_weight_ship_fee: i64,
    description: &'a str,
    private_description: &'a str,
    customer_id: i64,
    customer_name: &'a str,
    customer_mobile: Value,
    customer_email: Option<&'a str>,
    customer_address: Option<&'a str>,
    customer_city_id: Option<i64>,
    customer_city: Option<&'a str>,
    customer_district_id: Option<i64>,
    customer_district: Option<&'a str>,
    ship_to_city_location_id: Option<i64>,
    ship_to_district_location_id: Option<String>,
    ship_to_ward_location_id: Option<i64>,
    customer_ward: Option<&'a str>,
    created_by_id: i64,
    created_by_name: &'static str,
    created_date_time: String,
    delivery_date: &'a str,
    status_code: &'a str,
    status_name: &'a str,
    calc_total_money: i64,
    traffic_source_id: Option<i64>,
    traffic_source_name: Option<&'a str>,
    sale_id: Option<&'a str>,
    sale_name: Option<&'a str>,
    return_from_order_id: Option<String>,
    tags: &'a [String],
    sale_channel: i64,
    ecom_shop_id: Option<&'a str>,
    coupon_code: &'a str,
    products: Vec<LineOut<'a>>,
    facebook: [u8; 0],
    updated_at: i64,
    gifts: [u8; 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineOut<'a> {
    product_id: i64,
    product_name: &'a str,
    product_code: &'a str,
    product_barcode: &'a str,
    price: Digits,
    quantity: Amount,
    weight: i64,
    imei: &'a str,
    vat: i64,
    discount: i64,
    description: &'a str,
    gift_products: [u8; 0],
    product_money: i64,
    price_original: i64,
    avg_cost: i64,
}

fn id(place: &Option<Place>) -> Option<i64> {
    place.as_ref().map(|place| place.id)
}

fn name(place: &Option<Place>) -> Option<&str> {
    place.as_ref().map(|place| place.name.as_str())
}

fn encode<'a>(order: &'a Order, home: &'a Business, switches: &Switches) -> OrderOut<'a> {
    let to = &order.recipient;
    let (word, label) = order_type(order.type_id);
    let shape = if switches.line_numbers { NumberShape::Documented } else { NumberShape::Real };
    OrderOut {
        id: order.id,
        private_id: order.own_id.as_deref(),
        shop_order_id: order.own_id.as_deref(),
        merchant_tracking_number: order.marketplace_number.as_deref(),
        handover_id: None,
        depot_id: order.depot,
        depot_name: order.depot.and_then(|id| home.depots.get(&id)).map(|depot| depot.name.as_str()),
        type_id: order.type_id,
        r#type: if switches.order_type_label { label } else { word },
        money_discount: order.money.discount,
        money_deposit: order.money.deposit,
        money_transfer: order.money.transfer,
        used_points: order.money.used_points,
        money_used_points: order.money.points_money,
        service_id: None,
        carrier_id: order.carrier.as_ref().map(|(id, _)| *id),
        carrier_code: &order.carrier_code,
        carrier_name: order.carrier.as_ref().map(|(_, name)| name.as_str()),
        carrier_service_name: "",
        ship_fee: 0,
        cod_fee: 0,
        declared_fee: 0,
        customer_ship_fee: order.money.customer_ship_fee,
        return_fee: 0,
        over_weight_ship_fee: 0,
        description: &order.description,
        private_description: &order.private_description,
        customer_id: order.customer,
        customer_name: &to.name,
        customer_mobile: super::collection::maybe_number(&to.mobile, switches.mobile_as_number),
        customer_email: to.email.as_deref(),
        customer_address: to.address.as_deref(),
        customer_city_id: id(&to.city),
        customer_city: name(&to.city),
        customer_district_id: id(&to.district),
        customer_district: name(&to.district),
        ship_to_city_location_id: id(&to.city),
        // A numeric string in real replies (reference section 10).
        ship_to_district_location_id: id(&to.district).map(|id| id.to_string()),
        ship_to_ward_location_id: id(&to.ward),
        customer_ward: name(&to.ward),
        created_by_id: 9001,
        created_by_name: if order.app.is_some() { "API" } else { STAFF },
        created_date_time: date_time(order.created_ms),
        delivery_date: order.delivery_date.as_deref().unwrap_or("0000-00-00"),
        status_code: &order.status,
        status_name: order_status_label(&order.status),
        calc_total_money: order.to_collect(),
        traffic_source_id: None,
        traffic_source_name: order.traffic_source.as_deref(),
        sale_id: None,
        sale_name: None,
        return_from_order_id: order.original.filter(|_| order.type_id > 3 || switches.split_names_original).map(|id| id.to_string()),
        tags: &order.tags,
        sale_channel: order.sale_channel,
        ecom_shop_id: order.marketplace_number.as_ref().map(|_| "880012"),
        coupon_code: &order.coupon_code,
        products: order
            .lines
            .iter()
            .map(|line| LineOut {
                product_id: line.product,
                product_name: &line.name,
                product_code: &line.code,
                product_barcode: &line.barcode,
                price: Digits(line.price, shape),
                quantity: Amount(line.quantity, shape),
                weight: line.weight,
                imei: "",
                vat: 0,
                discount: line.discount_per_unit(),
                description: "",
                gift_products: [],
                product_money: line.money(),
                price_original: line.price,
                avg_cost: home.products.get(&line.product).and_then(|product| product.avg_cost).unwrap_or(0),
            })
            .collect(),
        facebook: [],
        updated_at: order.updated_ms / 1000,
        gifts: [],
    }
}

/// Reads a pair of bounds; a missing one is ten days away from the other.
fn span(params: Params<'_>, from: &str, to: &str, read: fn(&str) -> Option<i64>, last: i64, now_ms: i64) -> Result<Option<Span>, Refusal> {
    let bound = |key: &str| match params.text(key) {
        None => Ok(None),
        Some(text) => read(&text).map(Some).ok_or_else(|| Refusal::text(format!("{key} is invalid"))),
    };
    Ok(Span::of((bound(from)?, bound(to)?.map(|to| to + last)), WINDOW_DAYS, now_ms))
}

/// The order list.
pub(super) fn index(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let home = call.home()?;
    let now = call.now_ms;
    let texts = |key: &str| params.list(key).into_iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let wanted = OrderQuery {
        ids: params.int("id").into_iter().collect(),
        customer: params.int("customerId"),
        mobile: params.text("customerMobile"),
        statuses: texts("statuses"),
        depots: params.int("depotId").into_iter().collect(),
        type_id: params.int("type"),
        carrier: params.int("carrierId"),
        now_ms: now,
        ..OrderQuery::default()
    };
    let mut created = span(params, "fromDate", "toDate", parse_date, DAY_MS - 1, now)?;
    let mut updated = span(params, "updatedDateTimeFrom", "updatedDateTimeTo", parse_date_time, 999, now)?;
    if !wanted.is_narrow() {
        if created.is_none() && updated.is_none() {
            created = Some(Span::last(WINDOW_DAYS, now));
        }
        created = created.map(|span| span.limited(WINDOW_DAYS, call.switches)).transpose()?;
        updated = updated.map(|span| span.limited(WINDOW_DAYS, call.switches)).transpose()?;
    }
    let mut found = home.find_orders(&wanted);
    found
        .retain(|order| created.is_none_or(|span| span.holds(order.created_ms)) && updated.is_none_or(|span| span.holds(order.updated_ms)));
    let total = found.len();
    let page = page(params, total, 100, 100, call.switches)?;
    let rows = found.into_iter().skip(page.skip).take(page.take).map(|order| (order.id, encode(order, home, call.switches))).collect();
    let orders = Keyed { rows, switches: call.switches };
    data(&Orders { total_pages: page.total_pages, total_records: total, page: page.number, orders })
}

/// The history of one order; no carrier has a log here.
pub(super) fn history(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let order = params.int("orderId").and_then(|id| call.home().ok()?.orders.get(&id)).ok_or_else(|| Refusal::text("Order not found"))?;
    if params.text("type").as_deref() == Some("logcarrier") {
        return data(&json!([]));
    }
    let first = json!({ "step": order_step_label(1), "createdBy": "API", "createdDateTime": date_time(order.created_ms), "oldStatus": null, "newStatus": "New" });
    let rest = order.history.iter().map(|(at, old, new, by)| {
        json!({ "step": order_step_label(7), "createdBy": by, "createdDateTime": date_time(*at), "oldStatus": order_status_label(old), "newStatus": order_status_label(new) })
    });
    let others = order.steps.iter().map(|(at, step)| {
        let label = order_status_label(&order.status);
        json!({ "step": order_step_label(*step), "createdBy": STAFF, "createdDateTime": date_time(*at), "oldStatus": label, "newStatus": label })
    });
    data(&std::iter::once(first).chain(rest).chain(others).collect::<Vec<_>>())
}
