//! Deliveries: recognise them, and turn them into changes and refreshes.
//!
//! The host checked the proof and took it out. A delivery without one is a probe or forged, never accepted. Deliveries carry no time
//! and arrive in any order, twice or late: levels are provisional and refreshed, everything else is a hint. A delivery that cannot be
//! read is ignored with a reason, since Nhanh turns webhooks off for apps that refuse them.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::nhanh::tree::Value;

use crate::map::product::Options;
use crate::map::{Notes, order, refused};
use crate::nhanh::goods;
use crate::nhanh::json::{self, Items, Misfit, Record};
use crate::nhanh::wire;
use crate::settings::Settings;
use crate::wit::catalog::{Change, Gone, OrderStage, OrderStatus};
use crate::wit::connector::{Accepted, Delivery, Ignored, Refresh, Refused, WebhookOutcome};
use crate::wit::types::{Context, Entity, Message, Reason, RemoteId};

/// Events that the merchant should tick, in either version. The probe, `webhooksEnabled`, comes by itself and no probe lists it as ticked.
pub const EVENTS: [&str; 7] = ["productAdd", "productUpdate", "productDelete", "inventoryChange", "orderAdd", "orderUpdate", "orderDelete"];
/// Events that one version has: money came in (2.0), a part of an order came back, the app was removed (3.0). The form names the two that can
/// be ticked; nobody is told to tick what is not there.
const OTHERS: [&str; 3] = ["paymentReceived", "orderPartialReturn", "appUninstalled"];
/// A level is refreshed at the latest after so long, so that a late repeat cannot leave an old one behind.
const STOCK_WITHIN: u32 = 15 * 60_000;
/// What a hint speaks of is asked for soon.
const HINT_WITHIN: u32 = 60_000;
/// An event's name is shown, so it is kept short.
const LONGEST_EVENT: usize = 64;

/// What a delivery is.
#[must_use]
pub fn handle(context: &Context, delivery: &Delivery) -> WebhookOutcome {
    let unproved = |outcome: WebhookOutcome| if delivery.verified { outcome } else { WebhookOutcome::Forged };
    if delivery.body.trim_ascii().is_empty() {
        return probe(None);
    }
    let Ok(tree) = json::parse_page(&delivery.body) else { return unproved(malformed("/")) };
    let Some(body) = Record::of(&tree) else { return unproved(malformed("/")) };
    let Ok(Some(event)) = body.text("event") else { return unproved(malformed("/event")) };
    let told = body.told("data");
    // `data` is documented as JSON in a text and sent as it is; both are read.
    let inner = told.and_then(Value::as_str).map(|text| json::parse_page(text.as_bytes()));
    let data = match &inner {
        Some(Ok(tree)) => Some(tree),
        Some(Err(_)) => None,
        None => told,
    };
    if event == "webhooksEnabled" {
        return probe(data.and_then(registered));
    }
    if !delivery.verified {
        return WebhookOutcome::Forged;
    }
    if let Some(outcome) = elsewhere(context, &body) {
        return outcome;
    }
    let event = EVENTS.iter().chain(&OTHERS).find(|it| **it == event).copied().ok_or(event);
    match (event, data) {
        (Err(event), _) => unknown(&event),
        (Ok("appUninstalled"), _) => WebhookOutcome::Uninstalled,
        (Ok("orderPartialReturn"), Some(data)) => partial_return(context, data),
        (Ok("productDelete"), Some(data)) => deleted("productDelete", Entity::Product, data),
        (Ok("orderDelete"), Some(data)) => deleted("orderDelete", Entity::Order, data),
        (Ok("inventoryChange"), Some(data)) => inventory(context, data),
        (Ok(event @ ("productAdd" | "productUpdate")), Some(data)) => product_hint(context, event, data),
        (Ok(event), Some(data)) => order_hint(context, event, data),
        (Ok(_), None) => malformed("/data"),
    }
}

fn ignored(code: &str, message: Message, registered: Option<Vec<String>>) -> WebhookOutcome {
    WebhookOutcome::Ignored(Ignored { reason: Reason::new(code, message), registered })
}

fn probe(registered: Option<Vec<String>>) -> WebhookOutcome {
    let message = Message::new("Nhanh.vn kiểm tra địa chỉ nhận webhooks.", "Nhanh.vn probes the webhooks address.");
    ignored("ignored.probe", message, registered)
}

fn malformed(field: &str) -> WebhookOutcome {
    let message = Message::new(
        "Webhook không đọc được ở {field}, đã bỏ qua; dữ liệu sẽ được lấy lại ở lần đồng bộ sau.",
        "The webhook cannot be read at {field} and is ignored; the next sync catches up.",
    );
    ignored("ignored.malformed", message.with("field", field), None)
}

fn unknown(event: &str) -> WebhookOutcome {
    let event: String =
        event.chars().filter(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.')).take(LONGEST_EVENT).collect();
    let message = Message::new("Sự kiện {event} chưa được hỗ trợ, đã bỏ qua.", "Event {event} is not supported and is ignored.");
    ignored("ignored.unknown-event", message.with("event", &event), None)
}

fn not_ours(event: &str) -> WebhookOutcome {
    let message = Message::new("Đơn này không do Nobi Pro tạo, đã bỏ qua.", "This order was not made by Nobi Pro and is ignored.");
    ignored("ignored.not-ours", message.with("event", event), None)
}

/// A delivery for a connection without a grant, or of another business.
fn elsewhere(context: &Context, body: &Record<'_>) -> Option<WebhookOutcome> {
    let Some(account) = &context.account else {
        let message = Message::new(
            "Kết nối chưa được cấp quyền nên webhook chưa được dùng.",
            "The connection has no grant yet, so the webhook is not used.",
        );
        return Some(ignored("ignored.no-account", message, None));
    };
    match body.id("businessId") {
        Ok(Some(business)) if business != account.id => {
            let message = Message::new("Webhook của doanh nghiệp khác, đã bỏ qua.", "The webhook is of another business and is ignored.");
            Some(ignored("ignored.other-business", message, None))
        }
        Ok(_) => None,
        Err(misfit) => Some(malformed(&misfit.pointer)),
    }
}

/// Names of the events that are ticked, as a probe tells them.
fn registered(data: &Value<'_>) -> Option<Vec<String>> {
    let events = Record::of(data)?.told("registeredEvents")?;
    Some(Items::of(events)?.filter_map(|(_, it)| it.as_str().map(str::to_owned)).collect())
}

/// Identifiers of a delete: a list; an object's values; else its keys. And what of it is none.
fn ids(data: &Value<'_>) -> (Vec<RemoteId>, Vec<Refused>) {
    let one = |value: &Value<'_>| {
        let nested = Record::of(value).and_then(|it| {
            it.told("id").or_else(|| it.told("orderId")).or_else(|| it.told("productId")).and_then(json::id).map(Cow::into_owned)
        });
        nested.or_else(|| json::id(value).map(Cow::into_owned))
    };
    let Some(items) = Items::of(data) else { return (one(data).into_iter().collect(), Vec::new()) };
    let (mut ids, mut refusals): (Vec<RemoteId>, _) = (Vec::with_capacity(items.count_left()), Vec::new());
    for (at, (key, value)) in items.enumerate() {
        let digits = || key.filter(|it| crate::vietnam::text::is_digits(it)).map(str::to_owned);
        match one(value).or_else(digits) {
            Some(id) if ids.contains(&id) => {}
            Some(id) => ids.push(id),
            None => {
                let misfit = match key {
                    Some(key) => Misfit::at(key, "an identifier"),
                    None => Misfit::at(&at.to_string(), "an identifier"),
                };
                refusals.push(refused(None, misfit.under("data")));
            }
        }
    }
    (ids, refusals)
}

fn deleted(event: &str, entity: Entity, data: &Value<'_>) -> WebhookOutcome {
    let (subjects, refused) = ids(data);
    if subjects.is_empty() {
        return malformed("/data");
    }
    let changes = subjects.iter().map(|id| Change::Gone(Gone { entity, id: id.clone() })).collect();
    WebhookOutcome::Accepted(Accepted { changes, refused, ..accepted(event, subjects) })
}

fn accepted(event: &str, subjects: Vec<RemoteId>) -> Accepted {
    Accepted { event: event.to_owned(), subjects, changes: Vec::new(), refresh: Vec::new(), refused: Vec::new(), warnings: Vec::new() }
}

fn refresh(entity: Entity, ids: Vec<RemoteId>, within_ms: u32) -> Vec<Refresh> {
    if ids.is_empty() { Vec::new() } else { vec![Refresh { entity, ids, within_ms }] }
}

fn product_hint(context: &Context, event: &str, data: &Value<'_>) -> WebhookOutcome {
    let id = Record::of(data).and_then(|it| goods::id(&it, None));
    let Some(id) = id else { return malformed("/data/productId") };
    let mut refresh = refresh(Entity::Product, vec![id.clone()], HINT_WITHIN);
    // Prices have a policy of their own; whoever wants none of them drops it.
    if Settings::of(context).stock_and_price() {
        refresh.push(Refresh { entity: Entity::Price, ids: vec![id.clone()], within_ms: HINT_WITHIN });
    }
    WebhookOutcome::Accepted(Accepted { refresh, ..accepted(event, vec![id]) })
}

/// `orderAdd`, `orderUpdate` and `paymentReceived`, whose payload nobody documents. An order with somebody else's own id is not ours; one
/// without any may be.
fn order_hint(context: &Context, event: &str, data: &Value<'_>) -> WebhookOutcome {
    let Some(record) = Record::of(data) else { return malformed("/data") };
    let wire = wire::of_delivery(data);
    let own = wire.own_id(&record).ok().flatten();
    let tag = context.tag.as_str();
    let ours = |own: &str| !tag.is_empty() && order::is_ours(tag, own);
    let payment = event == "paymentReceived";
    if own.as_deref().is_some_and(|own| !ours(own)) {
        return not_ours(event);
    }
    let id = match record.id("orderId") {
        Ok(Some(id)) => Some(id),
        _ => wire.order_id(&record, None).ok(),
    };
    let place = if record.raw("info").is_some() { "/data/info/id" } else { "/data/orderId" };
    let Some(id) = id else { return malformed(place) };
    let mut accepted = accepted(event, vec![id.clone()]);
    // Without an own id nothing says whose order it is but the host's links: it asks again for what it has, and drops the rest.
    if own.is_some() && !payment {
        match wire.order(None, data) {
            // Where a delivery has both `id` and `orderId`, the latter is Nhanh's.
            Ok(seen) => accepted.changes.push(Change::OrderStatus(OrderStatus { order: id.clone(), ..seen.status })),
            Err(refusal) => accepted.refused.push(refusal),
        }
    }
    accepted.refresh = refresh(Entity::OrderStatus, vec![id], HINT_WITHIN);
    WebhookOutcome::Accepted(accepted)
}

/// A part of one of our orders came back. The delivery is about the return, an order of its own with a status of its own; that the
/// original came back in part is told here and nowhere else. Where the original stands is not told, it has no code here, so it is asked for:
/// a delivery in part changes its quantities and its status.
fn partial_return(context: &Context, data: &Value<'_>) -> WebhookOutcome {
    let original = Record::of(data).and_then(|it| it.told("originalOrder")).filter(|it| Record::of(it).is_some());
    let (Some(original), Some(tag)) = (original, Some(context.tag.as_str()).filter(|it| !it.is_empty())) else {
        return malformed("/data/originalOrder");
    };
    let wire = wire::of_delivery(data);
    let (Ok(seen), Some(record)) = (wire.order(None, data), Record::of(original)) else { return malformed("/data/info") };
    let own = wire.own_id(&record).ok().flatten();
    if !own.as_deref().is_some_and(|own| order::is_ours(tag, own)) {
        return not_ours("orderPartialReturn");
    }
    let Ok(id) = wire.order_id(&record, None) else { return malformed("/data/originalOrder/id") };
    let status = OrderStatus {
        order: id.clone(),
        own_id: own,
        code: String::new(),
        stage: Some(OrderStage::PartlyReturned),
        tracking: None,
        carrier: None,
        tracking_url: None,
        // Its type in Nhanh's words, and the number under which a person finds it.
        reason: Some(["Hoàn một phần (đơn hoàn ", &seen.status.order, " trên Nhanh.vn)"].concat()),
        changed: seen.status.changed,
    };
    let mut accepted = accepted("orderPartialReturn", vec![id.clone()]);
    accepted.changes.push(Change::OrderStatus(status));
    accepted.refresh = refresh(Entity::OrderStatus, vec![id], HINT_WITHIN);
    WebhookOutcome::Accepted(accepted)
}

fn inventory(context: &Context, data: &Value<'_>) -> WebhookOutcome {
    let settings = Settings::of(context);
    if !settings.stock_and_price() {
        let message = Message::new(
            "\"Thiết lập đồng bộ tồn và giá sản phẩm\" đang OFF nên thay đổi tồn kho được bỏ qua.",
            "\"Sync stock and prices\" is OFF, so changes of stock are ignored.",
        );
        return ignored("ignored.policy", message.with("event", "inventoryChange"), None);
    }
    let Some(items) = Items::of(data) else { return malformed("/data") };
    let (mut accepted, mut notes) = (accepted("inventoryChange", Vec::new()), Notes::default());
    for (key, value) in items {
        let id = Record::of(value).and_then(|it| goods::id(&it, key));
        match goods::delivered_stock(key, value, Options::of(settings), &mut notes) {
            Ok(level) => accepted.changes.extend(level.map(Change::Stock)),
            Err(refusal) => accepted.refused.push(refusal),
        }
        match id {
            Some(id) if accepted.subjects.contains(&id) => notes.repeated(&id),
            Some(id) => accepted.subjects.push(id),
            None => {}
        }
    }
    if accepted.subjects.is_empty() {
        return malformed("/data");
    }
    accepted.warnings = notes.0;
    accepted.refresh = refresh(Entity::Stock, accepted.subjects.clone(), STOCK_WITHIN);
    WebhookOutcome::Accepted(accepted)
}
