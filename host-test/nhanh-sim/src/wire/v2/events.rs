//! Webhook bodies of 2.0: the verify token in the body, one event a request (reference sections 8.1, 8.2, 8.4).
//!
//! Must never send a secret other than the verify token, nor decide who gets a delivery.

use serde_json::{Map, Value, json};

use super::product::{parent_id, stock_value};
use crate::clock::{date, date_time};
use crate::events::EventKind;
use crate::shop::{Business, Event, Order, Product};
use crate::switches::{DeletedIds, Switches};
use crate::words::{order_status_short_label, order_type};

/// The probe that is sent when webhooks are enabled or saved; it names no business.
pub(crate) fn probe(verify_token: &str, events: &[EventKind]) -> Value {
    let named = events.iter().filter_map(|event| Some((event.number()?.to_string(), event.name().into())));
    let named: Map<String, Value> = named.collect();
    json!({ "event": "webhooksEnabled", "webhooksVerifyToken": verify_token, "data": { "registeredEvents": named } })
}

/// A whole delivery.
pub(crate) fn body(kind: EventKind, business: i64, verify_token: &str, data: Value, switches: &Switches) -> Value {
    let data = if switches.webhook_data_as_text { Value::String(data.to_string()) } else { data };
    json!({ "event": kind.name(), "businessId": business, "webhooksVerifyToken": verify_token, "data": data })
}

/// The payload of one event; `None` when what it speaks of is gone, or 2.0 has no such event.
pub(crate) fn payload(event: &Event, home: &Business, switches: &Switches) -> Option<Value> {
    Some(match event {
        Event::ProductAdd(id) => product(home.products.get(id)?, home, switches, true),
        Event::ProductUpdate(id) => product(home.products.get(id)?, home, switches, false),
        Event::InventoryChange(id) => inventory(&[*id], home, switches),
        Event::OrderAdd(id) => order_add(home.orders.get(id)?),
        Event::OrderUpdate(id) => order_update(home.orders.get(id)?, home.id),
        Event::ProductDelete(ids) | Event::OrderDelete(ids) => deleted(ids, switches),
        Event::OrderPartialReturn(_) => return None,
        Event::PaymentReceived(id) => {
            // Undocumented; only weak evidence names these keys.
            let order = home.orders.get(id)?;
            json!({ "orderId": order.id, "status": order.status, "money": order.money.transfer, "paymentCode": order.payment_code })
        }
    })
}

/// Absolute levels, keyed by product.
pub(crate) fn inventory(products: &[i64], home: &Business, switches: &Switches) -> Value {
    let mut keyed = Map::new();
    for row in products.iter().filter_map(|id| home.products.get(id)) {
        let mut value = stock_value(row, home, switches);
        if let Value::Object(value) = &mut value {
            value.insert("id".to_owned(), row.id.into());
            value.insert("shopProductId".to_owned(), row.own_id.clone().unwrap_or_default().into());
            value.insert("code".to_owned(), row.code.clone().into());
        }
        keyed.insert(row.id.to_string(), value);
    }
    Value::Object(keyed)
}

fn deleted(ids: &[i64], switches: &Switches) -> Value {
    match switches.deleted_ids {
        DeletedIds::Texts => ids.iter().map(|id| Value::from(id.to_string())).collect(),
        DeletedIds::Numbers => ids.iter().copied().map(Value::from).collect(),
        DeletedIds::Object => Value::Object(ids.iter().enumerate().map(|(at, id)| (at.to_string(), Value::from(id.to_string()))).collect()),
    }
}

fn product(row: &Product, home: &Business, switches: &Switches, added: bool) -> Value {
    let attributes = row.attributes.iter().map(
        |attribute| json!({ "attributeName": attribute.attribute_name, "id": attribute.value_id, "name": attribute.value, "content": "" }),
    );
    let mut value = json!({
        "productId": row.id,
        "shopProductId": row.own_id.clone().unwrap_or_default(),
        "categoryId": row.category,
        "brandId": row.brand.as_ref().map(|(id, _)| id),
        "parentId": parent_id(row.kin),
        "code": row.code,
        "barcode": row.barcode,
        "name": row.name,
        "price": row.price,
        "vat": row.vat,
        "image": row.image,
        "images": row.images,
        "status": row.status,
        "description": row.description,
        "content": row.content,
        "length": row.size.map(|(length, _, _)| length),
        "width": row.size.map(|(_, width, _)| width),
        "height": row.size.map(|(_, _, height)| height),
        "createdDateTime": date(row.created_ms),
        "inventory": stock_value(row, home, switches),
        "attributes": attributes.collect::<Vec<_>>(),
        "weight": row.weight,
    });
    if let (true, Value::Object(value)) = (added, &mut value) {
        value.insert("createdById".to_owned(), 9001.into());
    }
    value
}

fn lines(order: &Order) -> Vec<Value> {
    let line = |line: &crate::shop::Line| {
        json!({
            "id": line.product, "quantity": line.quantity, "price": line.price, "discount": line.discount_per_unit(),
            "weight": line.weight, "code": line.code, "barcode": line.barcode,
        })
    };
    order.lines.iter().map(line).collect()
}

fn order_add(order: &Order) -> Value {
    let (to, money) = (&order.recipient, &order.money);
    let (word, label) = order_type(order.type_id);
    json!({
        "orderId": order.id,
        "shopOrderId": order.own_id.clone().unwrap_or_default(),
        "typeId": order.type_id,
        "type": word,
        "shippingTypeId": order.type_id,
        "shippingType": label,
        "moneyDiscount": money.discount,
        "moneyDeposit": money.deposit,
        "moneyTransfer": money.transfer,
        "shipFee": 0,
        "codFee": 0,
        "customerShipFee": money.customer_ship_fee,
        "calcTotalMoney": order.to_collect(),
        "description": order.description,
        "customerId": order.customer,
        "customerName": to.name,
        "customerMobile": to.mobile,
        "customerEmail": to.email,
        "customerAddress": to.address,
        "shipToCityLocationId": to.city.as_ref().map(|place| place.id),
        "shipToDistrictLocationId": to.district.as_ref().map(|place| place.id),
        "shipToWardLocationId": to.ward.as_ref().map(|place| place.id),
        "customerCity": to.city.as_ref().map(|place| &place.name),
        "customerDistrict": to.district.as_ref().map(|place| &place.name),
        "customerWard": to.ward.as_ref().map(|place| &place.name),
        "createdById": 9001,
        "couponCode": order.coupon_code,
        "status": order.status,
        "statusDescription": order_status_short_label(&order.status),
        "depotId": order.depot,
        "trackingUrl": "",
        "createdDateTime": date_time(order.created_ms),
        "saleChannel": order.sale_channel,
        "products": lines(order),
    })
}

fn order_update(order: &Order, business: i64) -> Value {
    json!({
        "businessId": business,
        "orderId": order.id,
        "shopOrderId": order.own_id.clone().unwrap_or_default(),
        "status": order.status,
        "statusDescription": order_status_short_label(&order.status),
        "depotId": order.depot,
        "reason": order.reason,
        "deliveryDate": order.delivery_date.clone().unwrap_or_default(),
        "trackingUrl": "",
        "moneyTransfer": order.money.transfer,
        "paymentCode": order.payment_code,
        "products": lines(order),
    })
}
