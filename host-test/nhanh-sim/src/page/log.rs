//! What was asked of the API, and the ledger of every order that was ever made. Shows and changes nothing.

use std::sync::Arc;

use maud::{Markup, html};

use super::layout::both;
use super::{ROWS, faults};
use crate::clock::date_time;
use crate::inner::{Inner, Outcome};

pub(super) fn show(inner: &Arc<Inner>) -> Markup {
    let requests = inner.requests();
    let state = inner.state();
    let ledger = state.shop.ledger();
    html! {
        h2 { (both(&format!("Yêu cầu API gần nhất, trong {}", requests.len()), "the last requests of the API")) }
        div .wide { table {
            thead { tr { th { (both("Lúc", "When")) } th { (both("Đường dẫn", "Path")) } th { (both("Kết quả", "Outcome")) } th { (both("Sự cố", "Fault")) } } }
            tbody { @for request in requests.iter().rev().take(ROWS) { tr {
                td { (date_time(request.at_ms)) }
                td { code { (request.path) } }
                td { (became(&request.outcome)) }
                td { @if let Some(fault) = request.fault { (faults::named(fault)) } }
            } } }
        } }
        h2 { (both(&format!("Sổ đơn: mọi đơn từng được tạo ({})", ledger.len()), "the ledger: every order that was ever made")) }
        div .wide { table {
            thead { tr {
                th { (both("Lúc", "When")) } th { (both("Đơn", "Order")) } th { (both("Mã bên ứng dụng", "Own id")) } th { (both("Do", "By")) }
                th { (both("Điện thoại", "Phone")) } th .number { (both("Thu hộ, ₫", "To collect")) } th { (both("Trạng thái", "Status")) }
            } }
            tbody { @for entry in ledger.iter().rev().take(ROWS) { tr {
                td { (date_time(entry.created_ms)) }
                td { code { (entry.id) } }
                td { (entry.own_id.as_deref().unwrap_or("–")) }
                td { @match entry.app { Some(app) => { (both("ứng dụng", "app")) " " (app) }, None => (both("người ở Nhanh", "a person")) } }
                td { (entry.phone) }
                td .number { (entry.to_collect) }
                td { code { (entry.status) } @if entry.deleted { " " (both("đã xóa", "deleted")) } }
            } } }
        } }
    }
}

fn became(outcome: &Outcome) -> Markup {
    match outcome {
        Outcome::Done => both("xong", "done"),
        Outcome::Refused(code) => html! { (both("bị từ chối", "refused")) " " code { (code) } },
        Outcome::RateLimited { locked_seconds } => {
            both(&format!("quá giới hạn, khóa {locked_seconds} giây"), &format!("rate limit, locked for {locked_seconds} s"))
        }
        Outcome::Undone => both("không làm", "not done"),
    }
}
