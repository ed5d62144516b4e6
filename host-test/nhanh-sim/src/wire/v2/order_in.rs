//! `/api/order/add` and `/api/order/update`: the two writes (reference sections 4.2, 4.3).
//!
//! A refusal changes nothing; an unknown line makes a product; a status that may not follow is refused.

use serde_json::{Value, json};

use crate::shop::{Business, Money, NewLine, NewOrder, Order, OrderChange, Place, Quantity, Recipient, city_named, may_follow};
use crate::switches::RepeatedOwnId;
use crate::wire::Call;
use crate::wire::params::Params;
use crate::wire::reply::{Refusal, data};

/// The channel of orders that an app makes.
const CHANNEL_API: i64 = 10;

/// Makes one order.
pub(super) fn add(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let new = read(call, params)?;
    let known = new.own_id.as_ref().and_then(|own| call.home().ok()?.by_own_id.get(own)?.last().copied());
    if let Some(known) = known {
        match call.switches.repeated_own_id {
            RepeatedOwnId::CreateTwice => {}
            RepeatedOwnId::SameOrder => return data(&json!({ "orderId": known })),
            RepeatedOwnId::Refuse => return Err(Refusal::text("id already exists")),
        }
    }
    if let Some(short) = call.home()?.shortage(&new) {
        return Err(Refusal::text(short.sentence()));
    }
    let id = call
        .shop
        .place_order(call.pass.business, new, call.now_ms)
        .ok_or_else(|| Refusal::coded("ERR_INVALID_BUSINESS_ID", "Invalid businessId"))?;
    if params.int("autoSend") == Some(1) {
        let code = call.shop.hand_over(id, None, "API", call.now_ms).unwrap_or_default();
        let url = format!("https://example.vn/tracking/{code}");
        return data(&json!({ "orderId": id, "shipFee": 0, "codFee": 0, "declaredFee": 0, "carrierCode": code, "trackingUrl": url }));
    }
    data(&json!({ "orderId": id }))
}

/// Reads and checks the whole order before anything is touched.
fn read(call: &Call<'_>, params: Params<'_>) -> Result<NewOrder, Refusal> {
    if !params.0.is_object() {
        return Err(Refusal::coded("ERR_INVALID_DATA", "invalid data"));
    }
    let required = |key: &str, longest| short(params, key, longest)?.ok_or_else(|| Refusal::text(format!("{key} is required")));
    let own_id = required("id", 36)?;
    let name = required("customerName", 255)?;
    let mobile = required("customerMobile", 255)?;
    let mobile = call.switches.phones.kept(mobile);
    let depot = params.int("depotId");
    if depot.is_some_and(|depot| !call.may_use(depot)) {
        return Err(Refusal::coded("ERR_INVALID_DEPOT_ID", "Invalid depotId"));
    }
    let type_id = match params.text("type").as_deref() {
        None | Some("Shipping") => 1,
        Some("Shopping") => 2,
        Some("PreOrder") => 3,
        Some(_) => return Err(Refusal::text("type is invalid")),
    };
    let status = params.text("status").unwrap_or_else(|| "New".to_owned());
    if !matches!(status.as_str(), "New" | "Confirming" | "CustomerConfirming" | "Confirmed") {
        return Err(Refusal::text("status is invalid"));
    }
    let used_points = params.int("usedPoints").unwrap_or(0);
    let (city, district, ward) = place(params);
    Ok(NewOrder {
        own_id: Some(own_id),
        app: Some(call.pass.app),
        depot,
        type_id,
        sale_channel: CHANNEL_API,
        status,
        recipient: Recipient {
            name,
            mobile,
            email: short(params, "customerEmail", 255)?,
            address: short(params, "customerAddress", 255)?,
            city,
            district,
            ward,
            ..Recipient::default()
        },
        money: Money {
            discount: params.int("moneyDiscount").unwrap_or(0),
            deposit: params.int("moneyDeposit").unwrap_or(0),
            transfer: params.int("moneyTransfer").unwrap_or(0),
            customer_ship_fee: params.int("customerShipFee").unwrap_or(0),
            used_points,
            points_money: used_points.saturating_mul(call.point_value),
        },
        lines: params.list("productList").into_iter().map(|line| read_line(Params(line))).collect::<Result<_, _>>()?,
        description: short(params, "description", 255)?.unwrap_or_default(),
        private_description: short(params, "privateDescription", 255)?.unwrap_or_default(),
        coupon_code: params.text("couponCode").unwrap_or_default(),
        payment_code: short(params, "paymentCode", 255)?.unwrap_or_default(),
        traffic_source: params.text("trafficSource"),
        delivery_date: params.text("deliveryDate"),
        late_ms: call.late_ms,
        ..NewOrder::default()
    })
}

fn read_line(line: Params<'_>) -> Result<NewLine, Refusal> {
    let missing = |key: &str| Refusal::text(format!("productList: {key} is required"));
    let quantity = line.quantity("quantity").filter(|quantity| *quantity > Quantity::ZERO).ok_or_else(|| missing("quantity"))?;
    Ok(NewLine {
        product: line.int("idNhanh"),
        own_id: Some(line.text("id").ok_or_else(|| missing("id"))?),
        name: short(line, "name", 255)?.ok_or_else(|| missing("name"))?,
        code: line.text("code"),
        price: line.int("price").ok_or_else(|| missing("price"))?,
        quantity,
        weight: line.int("weight"),
        ..NewLine::default()
    })
}

/// A text of at most so many characters.
fn short(params: Params<'_>, key: &str, longest: usize) -> Result<Option<String>, Refusal> {
    match params.text(key) {
        Some(text) if text.chars().count() > longest => Err(Refusal::text(format!("{key} must not be longer than {longest} characters"))),
        text => Ok(text),
    }
}

/// The places whose names are in the tree; others are dropped, the address stays as text.
fn place(params: Params<'_>) -> (Option<Place>, Option<Place>, Option<Place>) {
    let named = |key: &str| params.text(key).unwrap_or_default();
    let Some(city) = city_named(&named("customerCityName")) else { return (None, None, None) };
    let found = Some(Place::new(city.id, city.name));
    let wanted = named("customerDistrictName");
    let Some((id, name, wards)) = city.districts.iter().find(|(_, name, _)| *name == wanted) else { return (found, None, None) };
    let wanted = named("customerWardLocationName");
    let ward = wards.iter().find(|(_, name)| *name == wanted).map(|(id, name)| Place::new(*id, *name));
    (found, Some(Place::new(*id, *name)), ward)
}

/// Changes status, payment or notes of one order.
pub(super) fn update(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let order = find(call.home()?, params, call.now_ms).ok_or_else(|| Refusal::text("Order not found"))?;
    let (id, present) = (order.id, order.status.clone());
    let status = params.text("status");
    if let Some(status) = &status
        && !(matches!(status.as_str(), "Success" | "Confirmed" | "Canceled" | "Aborted") && may_follow(&present, status, false))
    {
        return Err(Refusal::text(format!("Cannot change status from {present} to {status}")));
    }
    let change = OrderChange {
        status,
        transfer: params.int("moneyTransfer"),
        payment_code: short(params, "paymentCode", 255)?,
        description: short(params, "description", 255)?,
        private_description: short(params, "privateDescription", 255)?,
        customer_ship_fee: params.int("customerShipFee"),
        by: "API".to_owned(),
        ..OrderChange::default()
    };
    if !call.switches.edits_unheeded {
        call.shop.change_order(id, change, call.now_ms);
    }
    if params.int("autoSend") == Some(1) {
        call.shop.hand_over(id, None, "API", call.now_ms);
    }
    let after = call.shop.order(id);
    let (status, code) = after.map(|order| (order.status.as_str(), order.carrier_code.as_str())).unwrap_or_default();
    data(
        &json!({ "orderId": id, "status": status, "shipFee": 0, "codFee": 0, "shipFeeDiscount": 0, "codFeeDiscount": 0, "carrierCode": code }),
    )
}

/// By Nhanh's id, which wins, else by the own id.
fn find<'a>(home: &'a Business, params: Params<'_>, now_ms: i64) -> Option<&'a Order> {
    let id = match params.int("orderId") {
        Some(id) => id,
        None => home.by_own_id.get(&params.text("id")?)?.last().copied()?,
    };
    home.orders.get(&id).filter(|order| order.visible_ms <= now_ms)
}
