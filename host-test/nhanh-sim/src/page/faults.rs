//! What goes wrong on the way: planned for the next requests of a path.

use std::sync::Arc;
use std::time::Duration;

use maud::{Markup, html};

use super::Said;
use super::layout::both;
use crate::faults::Fault;
use crate::inner::Inner;
use crate::wire;
use crate::wire::form::Form;

const PATH: &str = "/page/faults";
/// As many requests as one plan hits.
const MOST: i64 = 1_000;

/// What may be planned: its name, the fault, Vietnamese, English.
const KINDS: [(&str, Fault, &str, &str); 12] = [
    ("lost", Fault::AnswerLostAfterEffect, "Làm xong rồi mất câu trả lời", "done, and the answer is lost"),
    ("reset", Fault::Reset, "Ngắt kết nối, chưa làm gì", "connection closed, nothing done"),
    ("error", Fault::ServerError, "Lỗi 500, chưa làm gì", "HTTP 500, nothing done"),
    ("error-after", Fault::ServerErrorAfterEffect, "Làm xong rồi báo lỗi 500", "done, then HTTP 500"),
    ("maintenance", Fault::Html(503), "Trang bảo trì 503", "a maintenance page, HTTP 503"),
    ("limited", Fault::RateLimited, "Vượt giới hạn gọi API", "the rate limit"),
    ("truncated", Fault::Truncated, "Làm xong, JSON bị cắt giữa chừng", "done, the JSON ends half way"),
    ("broken", Fault::BrokenOff, "Làm xong, đứt kết nối giữa chừng", "done, the connection breaks half way"),
    ("empty", Fault::EmptyBody, "Làm xong, câu trả lời rỗng", "done, the body is empty"),
    ("foreign", Fault::Foreign, "Làm xong, câu trả lời lạ", "done, JSON of some other shape"),
    ("slow", Fault::Latency(Duration::from_secs(5)), "Trả lời chậm 5 giây", "answered 5 s late"),
    (
        "late",
        Fault::LateButAnswered(Duration::from_secs(60)),
        "Đơn mới hiện trong danh sách sau 60 giây",
        "a new order shows in lists after 60 s",
    ),
];

pub(super) fn show(inner: &Arc<Inner>) -> Markup {
    let planned = inner.faults.planned();
    html! {
        form method="post" action=(PATH) {
            div .field {
                label for="path" { (both("Đường dẫn API; * là mọi đường dẫn", "the API's path; * is every path")) }
                input #path name="path" list="paths" required value="*" spellcheck="false";
                datalist id="paths" { @for path in wire::paths() { option value=(path); } }
            }
            div .field {
                label for="kind" { (both("Sự cố", "Fault")) }
                select #kind name="kind" { @for (kind, _, vi, en) in KINDS { option value=(kind) { (vi) " (" (en) ")" } } }
            }
            div .field {
                label for="count" { (both("Cho bao nhiêu yêu cầu kế tiếp", "for so many of the next requests")) }
                input #count name="count" type="number" min="1" max=(MOST) value="1";
            }
            button type="submit" name="what" value="plan" { "Đặt sự cố (Plan it)" }
            " "
            button type="submit" name="what" value="clear" formnovalidate { "Bỏ mọi sự cố (Forget all)" }
        }
        h2 { (both("Đang chờ xảy ra", "Still to come")) }
        @if planned.is_empty() { p { (both("Không có.", "None.")) } } @else {
            table {
                thead { tr { th { (both("Đường dẫn", "Path")) } th { (both("Sự cố", "Fault")) } th .number { (both("Còn", "Left")) } } }
                tbody { @for (path, fault, left) in planned { tr {
                    td { code { (path) } }
                    td { (named(fault)) }
                    td .number { @match left { Some(left) => (left), None => "∞" } }
                } } }
            }
        }
    }
}

/// A fault as people call it; one that only a test plans as it calls itself.
pub(super) fn named(fault: Fault) -> Markup {
    match KINDS.iter().find(|(_, known, ..)| *known == fault) {
        Some((_, _, vi, en)) => both(vi, en),
        None => html! { (format!("{fault:?}")) },
    }
}

pub(super) fn plan(inner: &Arc<Inner>, form: &Form) -> Said {
    if form.get("what") == Some("clear") {
        inner.faults.clear();
        return Said::Done("Đã bỏ mọi sự cố. (All faults are forgotten.)");
    }
    let path = form.get("path").unwrap_or_default().trim();
    let kind = KINDS.iter().find(|(kind, ..)| form.get("kind") == Some(kind));
    let count = form.int("count").filter(|count| (1..=MOST).contains(count)).and_then(|count| u32::try_from(count).ok());
    let (Some((_, fault, ..)), Some(count)) = (kind, count) else {
        return Said::Not(format!("Hãy chọn một sự cố và số từ 1 đến {MOST}. (Choose a fault and a number from 1 to {MOST}.)"));
    };
    // A path that nothing serves would wait for ever.
    if path != "*" && !wire::paths().any(|known| known == path) {
        return Said::Not(format!("Nhanh.vn giả lập không có đường dẫn {path}. (It serves no such path.)"));
    }
    inner.faults.next(path, *fault).times(count);
    Said::Done("Đã đặt sự cố. (The fault is planned.)")
}
