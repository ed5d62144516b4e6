//! Orders of API 3.0 as they are read: a row of `order/list`, the data of a webhook.
//!
//! The two name many things otherwise; only what both have, or may lack, is read. Statuses and reasons are numbers and become words.

use crate::map::{no_record, refused};
use crate::nhanh::json::{Misfit, Record};
use crate::nhanh::tree::Value;
use crate::nhanh::wire::{Leniently, Seen, kind};
use crate::nhanh::words;
use crate::vietnam::time;
use crate::wit::catalog::OrderStatus;
use crate::wit::connector::Refused;
use crate::wit::types::RemoteId;

/// The status in which a carrier can be asked to give an order back.
const BEFORE_PICK_UP: &str = "Pickup";

/// A row of the list, or the data of `orderAdd` and `orderUpdate`.
///
/// # Errors
/// A field of it cannot be read.
pub fn read(key: Option<&str>, value: &Value<'_>) -> Result<Seen, Refused> {
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let id = id(&row).map_err(|it| refused(None, it))?;
    fields(&row, &id).map_err(|it| refused(Some(id.clone()), it))
}

fn inside<T>(row: &Record<'_>, part: &str, read: impl FnOnce(&Record<'_>) -> Result<Option<T>, Misfit>) -> Result<Option<T>, Misfit> {
    match row.record(part)? {
        Some(record) => read(&record).map_err(|it| it.under(part)),
        None => Ok(None),
    }
}

/// The order's id. An original order, of which little more is told, has it in itself.
///
/// # Errors
/// There is none.
pub fn id(row: &Record<'_>) -> Result<RemoteId, Misfit> {
    let told = match inside(row, "info", |it| it.id("id"))? {
        Some(id) => Some(id),
        None => row.id("id")?,
    };
    told.ok_or_else(|| Misfit::at("id", "an identifier").under("info"))
}

/// The own id that the order was created with. A marketplace's number stands in the same field.
///
/// # Errors
/// The field holds no text.
pub fn own_id(row: &Record<'_>) -> Result<Option<String>, Misfit> {
    inside(row, "channel", |it| it.text("appOrderId"))
}

/// An order that this one came from.
///
/// # Errors
/// A field that may name it holds no identifier.
pub fn origin(row: &Record<'_>) -> Result<Option<RemoteId>, Misfit> {
    for field in ["originalOrderId", "returnFromId", "idReturn"] {
        if let Some(id) = inside(row, "info", |it| it.id(field))? {
            return Ok(Some(id));
        }
    }
    inside(row, "originalOrder", |it| it.id("id"))
}

fn fields(row: &Record<'_>, id: &RemoteId) -> Result<Seen, Misfit> {
    let Some(info) = row.record("info")? else { return Err(Misfit::at("info", "an object")) };
    let under = |misfit: Misfit| misfit.under("info");
    let (kind, origin) = kind(info.integer("type"), origin(row));
    let mut leniently = Leniently::default();
    let changed = leniently.read(info.integer("updatedAt").map_err(under)).and_then(time::from_unix);
    let status = info.text("status").map_err(under)?.ok_or_else(|| under(Misfit::at("status", "a whole number")))?;
    let code = words::status_word(&status).to_owned();
    let reason = leniently.read(info.text("reason").map_err(under)).filter(|it| it != "0");
    let reason = reason.map(|it| words::order_reason(words::word_of(&words::ORDER_REASONS, &it)).to_owned());
    let tracking_url = leniently.read(info.text("trackingUrl").map_err(under));
    let own_id = own_id(row)?;
    let phone = leniently.read(inside(row, "shippingAddress", |it| it.text("mobile")));
    let (mut carrier, mut tracking, mut sent) = (None, None, false);
    if let Some(record) = leniently.read(row.record("carrier")) {
        let under = |misfit: Misfit| misfit.under("carrier");
        carrier = leniently.read(record.text("name").map_err(under));
        tracking = leniently.read(record.text("carrierCode").map_err(under));
        sent = leniently.read(record.integer("sendCarrierAt").map_err(under)).is_some_and(|it| it > 0);
    }
    let to_collect = leniently.read(inside(row, "payment", |it| it.money("codAmount"))).map(|it| it.value);
    let (stage, _) = words::order_status(&code);
    let recallable = code == BEFORE_PICK_UP;
    let sealed = sent || tracking.is_some();
    let status = OrderStatus { order: id.clone(), own_id, code, stage, tracking, carrier, tracking_url, reason, changed };
    Ok(Seen { status, phone, to_collect, sealed, recallable, kind, origin, unread: leniently.unread })
}
