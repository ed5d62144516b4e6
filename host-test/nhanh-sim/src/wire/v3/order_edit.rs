//! `order/edit` and `order/cancelcarrier` (3.0 reference sections 7.3 to 7.5).
//!
//! Only keys that are sent change something, and an empty value deletes. An order that is with a carrier, or finished, is left alone.

use super::Out;
use super::order_in::{carrier, places, reply, tags};
use crate::shop::{Order, OrderChange, may_follow};
use crate::switches_v3::CancelCarrier;
use crate::wire::Call;
use crate::wire::params::Params;
use crate::wire::reply::Refusal;
use crate::words::order_status_numbered;

fn find<'a>(call: &'a Call<'_>, id: Option<i64>, field: &str) -> Result<&'a Order, Refusal> {
    let Some(id) = id else { return Err(Refusal::field(field, "is required")) };
    let order = call.home()?.orders.get(&id).filter(|order| order.visible_ms <= call.now_ms);
    order.ok_or_else(|| Refusal::field(field, "does not exist"))
}

/// Changes one order, found by Nhanh's id alone.
pub(super) fn edit(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let info = request.below("info");
    let order = find(call, info.int("id"), "info.id")?;
    if order.sent_ms.is_some() {
        return Err(Refusal::field("info.id", "was sent to a carrier and cannot be edited"));
    }
    if matches!(order.status.as_str(), "Success" | "Returned") {
        return Err(Refusal::field("info.id", "is finished and cannot be edited"));
    }
    let change = read(order, request)?;
    let id = order.id;
    if !call.switches.edits_unheeded {
        call.shop.change_order(id, change, call.now_ms);
    }
    if request.below("carrier").int("autoSend") == Some(1) {
        call.shop.hand_over(id, None, "API", call.now_ms);
    }
    Ok(reply(call, id))
}

fn read(order: &Order, request: Params<'_>) -> Result<OrderChange, Refusal> {
    let (info, shipment, payment) = (request.below("info"), request.below("carrier"), request.below("payment"));
    // A key that is there without a value deletes.
    let text = |part: Params<'_>, key: &str| part.has(key).then(|| part.text(key).unwrap_or_default());
    let number = |part: Params<'_>, key: &str| part.has(key).then(|| part.int(key).unwrap_or(0));
    let status = info.int("status").map(order_status_numbered);
    if let Some(next) = &status
        && !may_follow(&order.status, next, order.shipment_canceled)
    {
        return Err(Refusal::field("info.status", "is not allowed now"));
    }
    Ok(OrderChange {
        status,
        transfer: number(payment, "transferAmount"),
        payment_code: text(payment, "code"),
        description: text(info, "description"),
        private_description: text(info, "privateDescription"),
        customer_ship_fee: number(shipment, "customerShipFee"),
        carrier: shipment.has("id").then(|| carrier(shipment, order.depot.is_some())).transpose()?,
        delivery_date: shipment.has("deliveryDate").then(|| shipment.text("deliveryDate")),
        recipient: recipient(order, request.below("shippingAddress"))?,
        tags: info.has("tagIds").then(|| tags(info)).transpose()?,
        by: "API".to_owned(),
        ..OrderChange::default()
    })
}

/// The recipient after the change; places are taken together, as an id means nothing without the ones above it.
fn recipient(order: &Order, to: Params<'_>) -> Result<Option<crate::shop::Recipient>, Refusal> {
    if to.0.is_null() {
        return Ok(None);
    }
    let mut recipient = order.recipient.clone();
    if to.has("name") {
        recipient.name = to.text("name").unwrap_or_default();
    }
    if to.has("mobile") {
        recipient.mobile = to.text("mobile").unwrap_or_default();
    }
    if to.has("email") {
        recipient.email = to.text("email");
    }
    if to.has("address") {
        recipient.address = to.text("address");
    }
    if ["cityId", "districtId", "wardId"].into_iter().any(|key| to.has(key)) {
        (recipient.city, recipient.district, recipient.ward, recipient.levels) = places(to)?;
    }
    Ok(Some(recipient))
}

/// Cancels the shipment of an order that is with a carrier.
pub(super) fn cancel_carrier(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    // The table says array, the sample a number.
    let id = request.int("orderId").or_else(|| request.ints("orderId").first().copied());
    let order = find(call, id, "orderId")?;
    if order.sent_ms.is_none() {
        return Err(Refusal::coded("ERR_ORDER_CARRIER_NOT_YET_SENT", "The order was not sent to a carrier yet"));
    }
    let id = order.id;
    let status = match call.switches.v3.cancel_carrier {
        CancelCarrier::CarrierCanceled => Some("CarrierCanceled"),
        CancelCarrier::StatusStays => None,
        CancelCarrier::NoApi => {
            return Err(Refusal::coded("ERR_ORDER_CARRIER_NO_API_CANCEL", "The carrier has no API to cancel orders"));
        }
        CancelCarrier::Reject => return Err(Refusal::coded("ERR_ORDER_CARRIER_REJECT", "The carrier rejected the cancellation")),
    };
    call.shop.cancel_shipment(id, status, call.now_ms);
    Ok(Out::Data(b"{}".to_vec()))
}
