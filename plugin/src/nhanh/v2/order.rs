//! Orders of API 2.0 as they are read: a row of `order/index`, the data of a webhook, the reply to an update.
//!
//! Only what the connector needs is read: a marketplace order with an odd line must not stop the status of ours.

use crate::nhanh::tree::Value;

use crate::map::{no_record, refused};
use crate::nhanh::json::{Misfit, Record};
use crate::nhanh::wire::{Leniently, Seen, kind};
use crate::nhanh::words;
use crate::vietnam::time;
use crate::wit::catalog::OrderStatus;
use crate::wit::connector::Refused;
use crate::wit::types::RemoteId;

/// A row of the list, or the data of `orderAdd` and `orderUpdate`.
///
/// # Errors
/// A field of it cannot be read.
pub fn read(key: Option<&str>, value: &Value<'_>) -> Result<Seen, Refused> {
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let id = id(&row, key).map_err(|it| refused(None, it))?;
    fields(&row, &id).map_err(|it| refused(Some(id.clone()), it))
}

/// The order's id: its own, else the key that it stands under.
///
/// # Errors
/// There is none.
pub fn id(row: &Record<'_>, key: Option<&str>) -> Result<RemoteId, Misfit> {
    let told = match row.id("id")? {
        Some(id) => Some(id),
        None => row.id("orderId")?,
    };
    let key = || key.filter(|it| crate::vietnam::text::is_digits(it)).map(str::to_owned);
    told.or_else(key).ok_or_else(|| Misfit::at("id", "an identifier"))
}

/// The own id that the order was created with.
///
/// # Errors
/// The field holds no text.
pub fn own_id(row: &Record<'_>) -> Result<Option<String>, Misfit> {
    Ok(match row.text("shopOrderId")? {
        Some(own) => Some(own),
        None => row.text("privateId")?,
    })
}

/// An order that this one came from. Only the list tells.
///
/// # Errors
/// A field that may name it holds no identifier.
pub fn origin(row: &Record<'_>) -> Result<Option<RemoteId>, Misfit> {
    Ok(match row.id("returnFromOrderId")? {
        Some(id) => Some(id),
        None => row.id("originalOrderId")?,
    })
}

fn fields(row: &Record<'_>, id: &RemoteId) -> Result<Seen, Misfit> {
    let own_id = own_id(row)?;
    let (kind, origin) = kind(row.integer("typeId"), origin(row));
    let mut leniently = Leniently::default();
    let tracking = leniently.read(row.text("carrierCode"));
    let carrier = leniently.read(row.text("carrierName"));
    let phone = leniently.read(row.text("customerMobile"));
    let code = match row.text("statusCode")? {
        Some(code) => code,
        None => row.text("status")?.ok_or_else(|| Misfit::at("statusCode", "a text"))?,
    };
    let to_collect = leniently.read(row.money("calcTotalMoney")).map(|it| it.value);
    let reason = leniently.read(row.text("reason")).map(|it| words::order_reason(&it).to_owned());
    let tracking_url = leniently.read(row.text("trackingUrl"));
    let changed = leniently.read(row.integer("updatedAt")).and_then(time::from_unix);
    let (stage, _) = words::order_status(&code);
    let status = OrderStatus { order: id.clone(), own_id, code, stage, tracking, carrier, tracking_url, reason, changed };
    Ok(Seen { status, phone, to_collect, sealed: false, recallable: false, kind, origin, unread: leniently.unread })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nhanh::json;
    use crate::wit::catalog::OrderStage;

    #[test]
    fn a_row_of_the_list_is_read() {
        let tree = json::parse(
            r#"{"id":125123098,"privateId":"old","shopOrderId":"ab12-W1","handoverId":"","carrierCode":"","carrierName":"Giaohangnhanh","customerMobile":"0900000001","deliveryDate":"0000-00-00","statusCode":"Shipping","calcTotalMoney":"130000","facebook":[],"updatedAt":1795141821}"#
                .as_bytes(),
        )
        .unwrap();
        let seen = read(Some("125123098"), &tree).unwrap();
        assert_eq!(seen.status.own_id.as_deref(), Some("ab12-W1"));
        assert_eq!((seen.status.code.as_str(), seen.status.stage), ("Shipping", Some(OrderStage::Shipping)));
        assert_eq!((seen.to_collect, seen.status.tracking, seen.status.changed), (Some(130_000), None, Some(1_795_141_821_000)));
    }

    #[test]
    fn a_webhook_names_the_same_things_otherwise() {
        let tree = json::parse(
            r#"{"orderId":"9007199254740993","shopOrderId":"","status":"InProduction","reason":"CannotCall","trackingUrl":""}"#.as_bytes(),
        )
        .unwrap();
        let seen = read(None, &tree).unwrap();
        assert_eq!((seen.status.order.as_str(), seen.status.own_id, seen.status.stage), ("9007199254740993", None, None));
        assert_eq!((seen.status.reason.as_deref(), seen.status.tracking_url), (Some("Không gọi được khách"), None));
    }

    #[test]
    fn an_order_without_id_or_status_is_refused_by_field() {
        let tree = json::parse(br#"{"statusCode":"New"}"#).unwrap();
        assert_eq!(read(None, &tree).unwrap_err().failure.field.as_deref(), Some("/id"));
        let tree = json::parse(br#"{"id":5}"#).unwrap();
        let refusal = read(None, &tree).unwrap_err();
        assert_eq!((refusal.id.as_deref(), refusal.failure.field.as_deref()), (Some("5"), Some("/statusCode")));
    }
}
