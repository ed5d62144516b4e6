//! `order/add` (3.0 reference section 7.2).
//!
//! A refusal changes nothing, and an order never makes a product: every line names one that is there.

use super::Out;
use super::order_row::tracking_url;
use super::places::levels;
use crate::shop::{CITIES, Levels, Money, NewLine, NewOrder, PROVINCES, Place, Quantity, Recipient};
use crate::switches_v3::{BothDiscounts, OrderDiscount, RepeatedAppOrderId};
use crate::wire::Call;
use crate::wire::json::object;
use crate::wire::params::Params;
use crate::wire::reply::Refusal;
use crate::words::{ORDER_TAGS, carrier_name, order_status_numbered};

/// The channel of orders that an app makes.
const CHANNEL_API: i64 = 10;

/// The most lines of an order.
const MOST_LINES: usize = 500;

/// Makes one order.
pub(super) fn add(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let new = read(call, request)?;
    if new.own_id.as_ref().is_some_and(|own| is_taken(call, own)) {
        let text = "Mã đơn hàng đã tồn tại".to_owned();
        match call.switches.v3.repeated_own_id {
            RepeatedAppOrderId::Refuse => return Err(Refusal::field("channel.appOrderId", "already exists")),
            RepeatedAppOrderId::RefuseWithOtherCode => return Err(Refusal::coded("ERR_ORDER_EXISTED", "The order exists already")),
            RepeatedAppOrderId::RefuseWithoutCode => return Err(Refusal::Said { code: None, text }),
            RepeatedAppOrderId::Accept => {}
        }
    }
    if let Some(short) = call.home()?.shortage(&new) {
        let field = format!("products.{}.quantity", short.line);
        return Err(Refusal::Field { code: Some("ERR_INVALID_FORM_FIELDS"), field, text: short.sentence() });
    }
    let id = call
        .shop
        .place_order(call.pass.business, new, call.now_ms)
        .ok_or_else(|| Refusal::coded("ERR_INVALID_BUSINESS_ID", "Invalid businessId"))?;
    if request.below("carrier").int("autoSend") == Some(1) {
        call.shop.hand_over(id, None, "API", call.now_ms);
    }
    Ok(reply(call, id))
}

/// What both writes answer.
pub(super) fn reply(call: &Call<'_>, id: i64) -> Out {
    let switches = &call.switches.v3;
    let mut out = Vec::new();
    if switches.order_reply_list {
        out.push(b'[');
    }
    object(&mut out, |row| {
        row.int(if switches.order_reply_order_id { "orderId" } else { "id" }, id);
        row.text("trackingUrl", tracking_url(id).as_str());
        if let Some(order) = call.shop.order(id).filter(|order| !order.carrier_code.is_empty()) {
            row.text("carrierCode", order.carrier_code.as_str());
        }
    });
    if switches.order_reply_list {
        out.push(b']');
    }
    Out::Data(out)
}

/// Whether the app has used an own id before, for whatever business (a switch: for this one).
fn is_taken(call: &Call<'_>, own: &str) -> bool {
    let mut homes = call.shop.businesses.values().filter(|home| !call.switches.v3.own_id_per_business || home.id == call.pass.business);
    homes.any(|home| {
        let known = home.by_own_id.get(own).into_iter().flatten().filter_map(|id| home.orders.get(id));
        known.into_iter().any(|order| order.app == Some(call.pass.app))
    })
}

/// Reads and checks the whole order before anything is touched.
fn read(call: &Call<'_>, request: Params<'_>) -> Result<NewOrder, Refusal> {
    if !request.0.is_object() {
        return Err(Refusal::coded("ERR_INVALID_DATA", "invalid data"));
    }
    let (info, channel, to) = (request.below("info"), request.below("channel"), request.below("shippingAddress"));
    let (shipment, payment) = (request.below("carrier"), request.below("payment"));
    let required =
        |part: Params<'_>, key: &str, path: &str| part.text(key).ok_or_else(|| Refusal::field(format!("{path}.{key}"), "is required"));
    let own_id = required(channel, "appOrderId", "channel")?;
    let name = required(to, "name", "shippingAddress")?;
    let mobile = call.switches.phones.kept(required(to, "mobile", "shippingAddress")?);
    let depot = info.int("depotId").filter(|depot| *depot != 0);
    if depot.is_some_and(|depot| !call.may_use(depot)) {
        return Err(Refusal::coded("ERR_INVALID_DEPOT_ID", "Invalid depotId"));
    }
    let type_id = info.int("type").unwrap_or(1);
    if !matches!(type_id, 1..=3) {
        return Err(Refusal::field("info.type", "is invalid"));
    }
    let status = order_status_numbered(info.int("status").unwrap_or(54));
    if !matches!(status.as_str(), "New" | "Confirming" | "CustomerConfirming" | "Confirmed") {
        return Err(Refusal::field("info.status", "is invalid"));
    }
    let (city, district, ward, tree) = places(to)?;
    let mut lines = lines(call, request)?;
    let used_points = payment.int("usedPoints").unwrap_or(0);
    let discount = discount(call, payment, &mut lines)?;
    Ok(NewOrder {
        own_id: Some(own_id),
        app: Some(call.pass.app),
        depot,
        type_id,
        sale_channel: CHANNEL_API,
        status,
        recipient: Recipient { name, mobile, email: to.text("email"), address: to.text("address"), city, district, ward, levels: tree },
        money: Money {
            discount,
            deposit: payment.int("depositAmount").unwrap_or(0),
            transfer: payment.int("transferAmount").unwrap_or(0),
            customer_ship_fee: shipment.int("customerShipFee").unwrap_or(0),
            used_points,
            points_money: used_points.saturating_mul(call.point_value),
        },
        lines,
        description: info.text("description").unwrap_or_default(),
        private_description: info.text("privateDescription").unwrap_or_default(),
        coupon_code: payment.text("couponCode").unwrap_or_default(),
        traffic_source: channel.text("sourceName"),
        delivery_date: shipment.text("deliveryDate"),
        carrier: carrier(shipment, depot.is_some())?,
        tags: tags(info)?,
        late_ms: call.late_ms,
        ..NewOrder::default()
    })
}

/// The lines: each names a product that is there, with a price and a quantity; its VAT is the catalogue's unless it is given.
fn lines(call: &Call<'_>, request: Params<'_>) -> Result<Vec<NewLine>, Refusal> {
    let home = call.home()?;
    let asked = request.list("products");
    if asked.len() > MOST_LINES {
        return Err(Refusal::field("products", "must not have more than 500 items"));
    }
    let read = |(at, line): (usize, &serde_json::Value)| {
        let line = Params(line);
        let wrong = |key: &str, how: &str| Refusal::field(format!("products.{at}.{key}"), how);
        let id = line.int("id").ok_or_else(|| wrong("id", "is required"))?;
        let product = home.products.get(&id).ok_or_else(|| wrong("id", "does not exist"))?;
        let vat_mode = line.int("priceVatMode").unwrap_or(product.vat_mode);
        if !matches!(vat_mode, 1 | 2) {
            return Err(wrong("priceVatMode", "is invalid"));
        }
        Ok(NewLine {
            product: Some(id),
            name: product.name.clone(),
            price: line.int("price").ok_or_else(|| wrong("price", "is required"))?,
            quantity: line.quantity("quantity").filter(|count| *count > Quantity::ZERO).ok_or_else(|| wrong("quantity", "is required"))?,
            discount_amount: line.int("discount").unwrap_or(0),
            vat_percent: line.int("vat").or(product.vat).unwrap_or(0),
            vat_mode,
            ..NewLine::default()
        })
    };
    asked.into_iter().enumerate().map(read).collect()
}

/// The discount of the order itself; with the switch it goes into the lines.
fn discount(call: &Call<'_>, payment: Params<'_>, lines: &mut [NewLine]) -> Result<i64, Refusal> {
    let goods = |line: &NewLine| line.quantity.times_price(line.price) - line.discount_amount;
    let sum: i64 = lines.iter().map(goods).sum();
    let asked = payment.int("discountAmount").unwrap_or(0);
    let amount = match payment.text("discountType").as_deref() {
        None | Some("cash") => asked,
        Some("percent") => (sum * asked + 50).div_euclid(100),
        Some(_) => return Err(Refusal::field("payment.discountType", "must be cash or percent")),
    };
    if amount != 0 && lines.iter().any(|line| line.discount_amount != 0) && call.switches.v3.both_discounts == BothDiscounts::Refuse {
        return Err(Refusal::field("payment.discountAmount", "must not be combined with discounts of products"));
    }
    if call.switches.v3.order_discount == OrderDiscount::Kept || sum == 0 {
        return Ok(amount);
    }
    let mut left = amount;
    let last = lines.len().saturating_sub(1);
    for (at, line) in lines.iter_mut().enumerate() {
        let share = if at == last { left } else { amount * goods(line) / sum };
        line.discount_amount += share;
        left -= share;
    }
    Ok(0)
}

/// The carrier that is chosen: Nhanh's own accounts (1) need a depot to send from.
pub(super) fn carrier(shipment: Params<'_>, has_depot: bool) -> Result<Option<(i64, String)>, Refusal> {
    let kind = shipment.int("sendCarrierType");
    if !matches!(kind, None | Some(1 | 2)) {
        return Err(Refusal::field("carrier.sendCarrierType", "is invalid"));
    }
    if kind == Some(1) && !has_depot {
        return Err(Refusal::field("info.depotId", "is required"));
    }
    match shipment.int("id").filter(|id| *id != 0) {
        None => Ok(None),
        Some(id) => {
            let name = carrier_name(id).ok_or_else(|| Refusal::field("carrier.id", "is invalid"))?;
            Ok(Some((id, name.to_owned())))
        }
    }
}

/// The labels by id.
pub(super) fn tags(info: Params<'_>) -> Result<Vec<String>, Refusal> {
    let named = |id: i64| {
        let found = ORDER_TAGS.iter().find(|(known, _, _)| *known == id);
        found.map(|(_, name, _)| (*name).to_owned()).ok_or_else(|| Refusal::field("info.tagIds", "is invalid"))
    };
    info.ints("tagIds").into_iter().map(named).collect()
}

type Places = (Option<Place>, Option<Place>, Option<Place>, Levels);

/// The places by id, in the tree that `locationVersion` names (v1 when it names none). Three levels need a district; text alone is an address too.
pub(super) fn places(to: Params<'_>) -> Result<Places, Refusal> {
    let wrong = |key: &str, how: &str| Refusal::field(format!("shippingAddress.{key}"), how);
    let id = |key: &str| to.int(key).filter(|id| *id != 0);
    let tree = match to.text("locationVersion") {
        None => Levels::Three,
        Some(version) => levels(&version).ok_or_else(|| wrong("locationVersion", "must be v1 or v2"))?,
    };
    let Some(city) = id("cityId") else {
        let lower = ["districtId", "wardId"].into_iter().any(|key| id(key).is_some());
        return if lower { Err(wrong("cityId", "is required")) } else { Ok((None, None, None, tree)) };
    };
    let among = |wards: &[(i64, &str)]| -> Result<Option<Place>, Refusal> {
        match id("wardId") {
            None => Ok(None),
            Some(ward) => {
                let found = wards.iter().find(|(known, _)| *known == ward).ok_or_else(|| wrong("wardId", "is invalid"))?;
                Ok(Some(Place::new(found.0, found.1)))
            }
        }
    };
    match tree {
        Levels::Three => {
            let city = CITIES.iter().find(|known| known.id == city).ok_or_else(|| wrong("cityId", "is invalid"))?;
            let district = id("districtId").ok_or_else(|| wrong("districtId", "is required"))?;
            let district = city.districts.iter().find(|(known, ..)| *known == district).ok_or_else(|| wrong("districtId", "is invalid"))?;
            let ward = among(district.2)?;
            Ok((Some(Place::new(city.id, city.name)), Some(Place::new(district.0, district.1)), ward, tree))
        }
        Levels::Two => {
            let city = PROVINCES.iter().find(|known| known.id == city).ok_or_else(|| wrong("cityId", "is invalid"))?;
            Ok((Some(Place::new(city.id, city.name)), None, among(city.wards)?, tree))
        }
    }
}
