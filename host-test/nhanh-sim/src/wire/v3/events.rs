//! Webhook bodies of 3.0: no token in the body, arrays for stock, an order in the printed shape (3.0 reference sections 11.2, 11.4, 11.5).
//!
//! Must never send a secret, nor decide who gets a delivery.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::order_row::{self, creator, first_at, location_version, place, tracking_url};
use super::product::Writer;
use crate::clock::date_time;
use crate::events::EventKind;
use crate::shop::{Business, Event, Line, Order, Product};
use crate::switches::Switches;
use crate::switches_v3::EmptyObject;
use crate::wire::json::object;
use crate::words::order_status_number;

/// The probe: the event's name and nothing else.
pub(crate) fn probe() -> Value {
    json!({ "event": "webhooksEnabled" })
}

/// What a business is told when it removed the app.
pub(crate) fn uninstalled(business: i64) -> Value {
    json!({ "event": EventKind::AppUninstalled.name(), "businessId": business })
}

/// A whole delivery.
pub(crate) fn body(kind: EventKind, business: i64, data: Value, switches: &Switches) -> Value {
    let data = if switches.webhook_data_as_text { Value::String(data.to_string()) } else { data };
    json!({ "event": kind.name(), "businessId": business, "data": data })
}

/// The payload of one event; `None` when what it speaks of is gone, or 3.0 has no such event.
pub(crate) fn payload(event: &Event, home: &Business, switches: &Switches) -> Option<Value> {
    Some(match event {
        Event::ProductAdd(id) | Event::ProductUpdate(id) => product(home.products.get(id)?, home, switches),
        Event::InventoryChange(id) => inventory(&[*id], home, switches),
        Event::OrderAdd(id) | Event::OrderUpdate(id) => order(home.orders.get(id)?, home, switches),
        Event::ProductDelete(ids) | Event::OrderDelete(ids) => json!(ids),
        Event::OrderPartialReturn(id) => partial_return(home.orders.get(id)?, home, switches),
        Event::PaymentReceived(_) => return None,
    })
}

fn read(out: &[u8]) -> Value {
    serde_json::from_slice(out).unwrap_or_default()
}

/// As the detail, without texts.
fn product(row: &Product, home: &Business, switches: &Switches) -> Value {
    let mut out = Vec::new();
    Writer { home, scope: &[], switches }.detail(&mut out, row, false, &[]);
    read(&out)
}

/// Absolute levels of products and of the combos that they are parts of, as a list.
pub(crate) fn inventory(products: &[i64], home: &Business, switches: &Switches) -> Value {
    let mut told: BTreeSet<i64> = products.iter().copied().collect();
    let combos = home.products.values().filter(|row| row.combo.iter().any(|part| products.contains(&part.product)));
    told.extend(combos.map(|row| row.id));
    let writer = Writer { home, scope: &[], switches };
    let item = |row: &Product| {
        let mut out = Vec::new();
        object(&mut out, |item| {
            item.int("id", row.id);
            item.int("typeId", row.type_id);
            item.text("code", row.code.as_deref());
            writer.levels(item, row, false);
        });
        read(&out)
    };
    told.iter().filter_map(|id| home.products.get(id)).map(item).collect()
}

fn empty(switches: &Switches) -> Value {
    match switches.v3.empty_object {
        EmptyObject::List => json!([]),
        EmptyObject::Object => json!({}),
        EmptyObject::Null => Value::Null,
    }
}

/// The printed shape, which names many things otherwise than `order/list`; or that of the list, by a switch.
fn order(order: &Order, home: &Business, switches: &Switches) -> Value {
    if switches.v3.order_webhook_like_list {
        let mut out = Vec::new();
        order_row::write(&mut out, order, home, switches);
        return read(&out);
    }
    let (to, money) = (&order.recipient, &order.money);
    let (id, name) = creator(order);
    let nobody = || json!({ "id": 0, "name": "" });
    let paid = |amount: i64| json!({ "amount": amount, "accountId": 0 });
    json!({
        "info": {
            "id": order.id, "depotId": order.depot, "pickupDepotId": order.depot, "type": order.type_id,
            "status": order_status_number(&order.status), "createdBy": { "id": id, "name": name }, "sale": nobody(),
            "technicalStaff": nobody(), "customerCare": nobody(), "createdAt": order.created_ms / 1000, "updatedAt": order.updated_ms / 1000,
            "confirmedAt": first_at(order, "Confirmed"), "packedAt": first_at(order, "Packed"), "description": order.description,
            "privateDescription": order.private_description, "trackingUrl": tracking_url(order.id),
        },
        "channel": {
            "appOrderId": order.own_id.clone().unwrap_or_default(),
            "appShopId": if order.marketplace_number.is_some() { "880012" } else { "" }, "appShopName": "",
            "saleChannel": order.sale_channel, "trafficSource": { "id": 0, "name": order.traffic_source.clone().unwrap_or_default() },
            "facebook": { "pageId": "", "conversationId": "", "adId": "", "postId": "" }, "utmCampaign": "", "domain": "",
        },
        "shippingAddress": {
            "id": order.customer.to_string(), "name": to.name, "mobile": to.mobile, "email": to.email.clone().unwrap_or_default(),
            "address": to.address.clone().unwrap_or_default(), "cityId": place(&to.city), "districtId": place(&to.district),
            "wardId": place(&to.ward), "locationVersion": location_version(to.levels),
        },
        "products": order.lines.iter().map(|row| line(row, home, switches)).collect::<Vec<_>>(),
        "carrier": {
            "id": order.carrier.as_ref().map_or(0, |(id, _)| *id),
            "name": order.carrier.as_ref().map_or("", |(_, name)| name.as_str()),
            "orderPackageSize": empty(switches), "service": { "id": 0, "name": "", "code": "" }, "carrierCode": order.carrier_code,
            "isPartDelivery": 0, "sendCarrier": { "type": i64::from(order.carrier.is_some()), "date": order.sent_ms.map(date_time).unwrap_or_default() },
            "deliveryDate": order.delivery_date.clone().unwrap_or_default(),
            "weight": order.lines.iter().map(|line| line.quantity.times_price(line.weight)).sum::<i64>(),
            "shipFee": 0, "codFee": 0, "declaredFee": 0, "returnFee": 0, "customerShipFee": money.customer_ship_fee,
        },
        "payment": {
            "couponCode": order.coupon_code, "credit": { "amount": 0, "accountId": 0, "code": "" }, "deposit": paid(money.deposit),
            "discount": { "type": "cash", "amount": money.discount }, "transfer": paid(money.transfer),
            "usedPoints": { "points": money.used_points, "amount": money.points_money },
            "vat": { "type": "percent", "value": 0, "amount": 0, "taxCode": "", "taxDate": "" },
        },
    })
}

fn line(line: &Line, home: &Business, switches: &Switches) -> Value {
    let product = home.products.get(&line.product);
    json!({
        "id": line.product, "typeId": product.map_or(1, |product| product.type_id), "code": line.code, "name": line.name,
        "avatar": product.map_or("", |product| product.image.as_str()), "weight": line.weight, "quantity": line.quantity,
        "price": line.price, "originalPrice": product.and_then(|product| product.price).unwrap_or(line.price),
        "discount": line.discount_per_unit(), "available": product.map(|product| home.total(product, &[]).available()).unwrap_or_default(),
        "avgCost": product.and_then(|product| product.avg_cost).unwrap_or(0),
        "vat": { "value": line.vat_percent, "amount": line.vat_amount() }, "description": "", "imei": { "id": 0, "code": "" },
        "batch": empty(switches), "combos": [], "unit": empty(switches), "gifts": [],
    })
}

/// The order of the return, and the one that it is of.
fn partial_return(back: &Order, home: &Business, switches: &Switches) -> Value {
    let original = back.original.and_then(|id| home.orders.get(&id));
    let mut value = order(back, home, switches);
    if let Value::Object(value) = &mut value {
        let channel = json!({
            "appOrderId": original.and_then(|order| order.own_id.clone()).unwrap_or_default(), "appShopId": "",
            "saleChannel": original.map_or(0, |order| order.sale_channel),
        });
        value.insert("originalOrder".to_owned(), json!({ "id": back.original, "channel": channel }));
    }
    value
}
