//! Orders: status and phone as a person at Nhanh edits them, and deleting one.

use std::sync::Arc;

use maud::{Markup, html};

use super::layout::{both, search};
use super::{ROWS, Said};
use crate::clock::date_time;
use crate::inner::Inner;
use crate::shop::{Order, OrderChange};
use crate::wire::form::Form;
use crate::words::ORDER_STATUSES;

const PATH: &str = "/page/orders";
/// Who edits.
const CLERK: &str = "Trần Thị Bích Ngọc";

pub(super) fn show(inner: &Arc<Inner>, query: &Form) -> Markup {
    let state = inner.state();
    let wanted = query.get("q").unwrap_or_default().trim().to_lowercase();
    let meant = |order: &&Order| {
        let own = order.own_id.as_deref().unwrap_or_default().to_lowercase();
        wanted.is_empty() || order.id.to_string() == wanted || own.contains(&wanted) || order.recipient.mobile.contains(&wanted)
    };
    let mut found: Vec<_> = state.shop.businesses.values().flat_map(|home| home.orders.values()).filter(meant).collect();
    // What an app has sent is what people look for; then the newest.
    found.sort_by_key(|order| (order.app.is_none(), std::cmp::Reverse(order.id)));
    html! {
        p { (both(
            "Đơn do ứng dụng gửi đứng trước. Đổi trạng thái hay số điện thoại: Nhanh.vn gửi webhook orderUpdate.",
            "Orders that an app sent come first. Changing a status or a phone sends an orderUpdate webhook.",
        )) }
        (search(PATH, query, "ID, mã đơn bên ứng dụng hoặc số điện thoại", "id, the app's own id or phone"))
        div .wide { table {
            thead { tr {
                th { (both("Đơn", "Order")) } th { (both("Mã bên ứng dụng", "Own id")) } th { (both("Người nhận", "Recipient")) }
                th .number { (both("Thu hộ, ₫", "To collect")) } th { (both("Trạng thái", "Status")) }
                th { (both("Điện thoại", "Phone")) } th { (both("Xóa", "Delete")) }
            } }
            tbody { @for order in found.iter().take(ROWS) { tr {
                td { code { (order.id) } br; (date_time(order.created_ms)) }
                td { (order.own_id.as_deref().unwrap_or("–")) }
                td { (order.recipient.name) }
                td .number { (order.to_collect()) }
                td { form .line method="post" action=(PATH) {
                    (hidden(order, "status", &wanted))
                    select name="status" aria-label={ "Trạng thái của đơn " (order.id) } {
                        @if !ORDER_STATUSES.iter().any(|(code, _)| *code == order.status) { option selected { (order.status) } }
                        @for (code, label) in ORDER_STATUSES { option value=(code) selected[*code == order.status] { (label) " (" (code) ")" } }
                    }
                    button type="submit" { "Đổi (Set)" }
                } }
                td { form .line method="post" action=(PATH) {
                    (hidden(order, "phone", &wanted))
                    input name="phone" value=(order.recipient.mobile) inputmode="tel" required aria-label={ "Điện thoại của đơn " (order.id) };
                    button type="submit" { "Sửa (Edit)" }
                } }
                td { form method="post" action=(PATH) {
                    (hidden(order, "delete", &wanted))
                    button type="submit" { "Xóa (Delete)" }
                } }
            } } }
        } }
        @if found.len() > ROWS { p { (both(&format!("Còn {} đơn nữa.", found.len() - ROWS), &format!("{} more orders.", found.len() - ROWS))) } }
    }
}

fn hidden(order: &Order, what: &str, wanted: &str) -> Markup {
    html! {
        input type="hidden" name="order" value=(order.id);
        input type="hidden" name="what" value=(what);
        input type="hidden" name="q" value=(wanted);
    }
}

pub(super) fn change(inner: &Arc<Inner>, form: &Form) -> Said {
    let id = form.int("order").unwrap_or(0);
    let change = |change: OrderChange| inner.change(|shop, now| shop.change_order(id, OrderChange { by: CLERK.to_owned(), ..change }, now));
    let done = match (form.get("what"), form.get("status"), form.get("phone").map(str::trim)) {
        (Some("status"), Some(status), _) => change(OrderChange { status: Some(status.to_owned()), ..OrderChange::default() }),
        (Some("phone"), _, Some(phone)) if !phone.is_empty() => {
            let recipient = inner.state().shop.order(id).map(|order| order.recipient.clone());
            recipient.is_some_and(|recipient| {
                let recipient = crate::shop::Recipient { mobile: phone.to_owned(), ..recipient };
                change(OrderChange { recipient: Some(recipient), ..OrderChange::default() })
            })
        }
        (Some("delete"), ..) => inner.change(|shop, now| shop.delete_order(id, now)),
        _ => return Said::Not("Chưa chọn thay đổi gì. (Nothing was chosen.)".to_owned()),
    };
    if done {
        Said::Done("Đã đổi đơn; webhook đã gửi đi. (The order is changed; its webhook is on its way.)")
    } else {
        Said::Not("Không có đơn này. (There is no such order.)".to_owned())
    }
}
