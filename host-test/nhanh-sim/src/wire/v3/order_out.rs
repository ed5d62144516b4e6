//! `order/list`, `order/history` and `order/deleted` (3.0 reference sections 7.1, 7.6).
//!
//! Without an id, a customer or a phone a window of at most 31 days holds; there is no filter by the own id.

use super::list::{self, Sort};
use super::order_row::{first_at, place, write};
use super::{Out, ids, time};
use crate::shop::OrderQuery;
use crate::wire::Call;
use crate::wire::json::object;
use crate::wire::params::Params;
use crate::wire::reply::Refusal;
use crate::wire::span::Span;
use crate::words::{order_status_number, order_status_numbered};

/// The longest window in days.
const WINDOW_DAYS: i64 = 31;

/// The order list, newest first; no sort is documented.
pub(super) fn orders(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let (address, carrier) = (filters.below("shippingAddress"), filters.below("carrier"));
    let now = call.now_ms;
    let wanted = OrderQuery {
        ids: ids(filters, "ids")?,
        customer: address.int("id"),
        mobile: address.text("mobile"),
        statuses: filters.ints("statuses").into_iter().map(order_status_numbered).collect(),
        depots: filters.ints("depotIds"),
        channels: filters.ints("saleChannels"),
        type_id: filters.int("type"),
        carrier: carrier.int("id"),
        carrier_code: carrier.text("code"),
        now_ms: now,
    };
    let span = |name: &str| Span::of((time(filters, &format!("{name}From")), time(filters, &format!("{name}To"))), WINDOW_DAYS, now);
    let (mut created, mut updated, delivered) = (span("createdAt"), span("updatedAt"), span("deliveryAt"));
    if !wanted.is_narrow() {
        if created.is_none() && updated.is_none() {
            created = Some(Span::last(WINDOW_DAYS, now));
        }
        created = created.map(|span| span.limited(WINDOW_DAYS, call.switches)).transpose()?;
        updated = updated.map(|span| span.limited(WINDOW_DAYS, call.switches)).transpose()?;
    }
    let (city, district, ward) = (address.int("cityId"), address.int("districtId"), address.int("wardId"));
    let home = call.home()?;
    let mut found = home.find_orders(&wanted);
    found.retain(|order| {
        let to = &order.recipient;
        created.is_none_or(|span| span.holds(second(order.created_ms)))
            && updated.is_none_or(|span| span.holds(second(order.updated_ms)))
            && delivered.is_none_or(|span| span.holds(first_at(order, "Success") * 1000))
            && city.is_none_or(|id| place(&to.city) == id)
            && district.is_none_or(|id| place(&to.district) == id)
            && ward.is_none_or(|id| place(&to.ward) == id)
    });
    let found = found.into_iter().map(|order| (order.id, order)).collect();
    list::page(call, request, Sort::Down, found, |out, order| write(out, order, home, call.switches))
}

/// The first millisecond of a second: the wire has no finer times.
fn second(ms: i64) -> i64 {
    ms - ms.rem_euclid(1000)
}

/// What became of some orders, step by step; the steps can be chosen. No step names another order.
pub(super) fn history(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let (wanted, steps) = (ids(filters, "orderIds")?, filters.ints("steps"));
    if wanted.is_empty() {
        return Err(Refusal::field("filters.orderIds", "is required"));
    }
    let mut rows = Vec::new();
    let orders = &call.home()?.orders;
    for order in wanted.iter().filter_map(|id| orders.get(id)) {
        let changes = order.history.iter().map(|(at, old, new, _)| (*at, 7, old.as_str(), new.as_str()));
        let others = order.steps.iter().map(|(at, step)| (*at, *step, order.status.as_str(), order.status.as_str()));
        let all = [(order.created_ms, 1, "New", "New")].into_iter().chain(changes).chain(others);
        for (at, step, old, new) in all.filter(|(_, step, ..)| steps.is_empty() || steps.contains(step)) {
            let number = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            rows.push((number, (number, order.id, step, (order_status_number(old), order_status_number(new)), at)));
        }
    }
    list::page(call, request, Sort::Down, rows, |out, (number, order, step, (old, new), at)| {
        object(out, |row| {
            row.text("logId", format!("log{number}").as_str());
            row.int("orderId", order);
            row.int("step", step);
            object(row.key("status"), |status| {
                status.int("old", old);
                status.int("new", new);
            });
            row.int("createdAt", at / 1000);
            row.int("createdById", 9001);
            row.text("createdBy", "API");
        });
    })
}

/// Orders that people deleted; the times are those of the deletion.
pub(super) fn deleted(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let ids = ids(filters, "ids")?;
    let (from, to) = (time(filters, "createdAtFrom"), time(filters, "createdAtTo"));
    let gone = call.home()?.deleted_orders.iter().filter(|(id, at)| {
        (ids.is_empty() || ids.contains(id)) && from.is_none_or(|from| second(**at) >= from) && to.is_none_or(|to| second(**at) <= to)
    });
    let gone = gone.map(|(id, at)| (*id, (*id, *at))).collect();
    list::page(call, request, Sort::Down, gone, |out, (id, at)| {
        object(out, |row| {
            row.int("id", id);
            row.int("createdAt", at / 1000);
            row.int("createdById", 9001);
        });
    })
}
