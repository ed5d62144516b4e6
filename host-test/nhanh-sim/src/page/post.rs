//! Webhooks: what becomes of the next ones, and what became of the last ones.

use std::sync::Arc;

use maud::{Markup, html};

use super::layout::both;
use super::{ROWS, Said};
use crate::clock::date_time;
use crate::inner::Inner;
use crate::webhooks::{DeliveryOutcome, Release};
use crate::wire::form::Form;

const PATH: &str = "/page/webhooks";
/// As many deliveries as one form lets be lost or sent twice.
const MOST: i64 = 1_000;

/// What may be chosen: its name, Vietnamese, English, and whether a number goes with it.
const FATES: [(&str, &str, &str, bool); 5] = [
    ("lose", "Làm mất các webhook kế tiếp", "lose the next ones", true),
    ("repeat", "Gửi hai lần các webhook kế tiếp", "send the next ones twice", true),
    ("hold", "Giữ lại mọi webhook", "hold all of them back", false),
    ("release", "Thả theo thứ tự", "let held ones go in order", false),
    ("reversed", "Thả theo thứ tự ngược", "let held ones go, the last one first", false),
];

pub(super) fn show(inner: &Arc<Inner>) -> Markup {
    let (lose, repeat, held) = inner.post.fates();
    let deliveries = inner.post.deliveries();
    html! {
        p { (both(
            &format!("Sắp mất: {lose}. Sắp gửi hai lần: {repeat}. {}", held.map_or_else(|| "Không giữ lại.".to_owned(), |held| format!("Đang giữ: {held}."))),
            &format!("to be lost {lose}, to be sent twice {repeat}, {}", held.map_or_else(|| "none held".to_owned(), |held| format!("{held} held"))),
        )) }
        @for (fate, vi, en, counted) in FATES {
            form .line method="post" action=(PATH) {
                input type="hidden" name="fate" value=(fate);
                @if counted { input .short name="count" type="number" min="0" max=(MOST) value="1" aria-label={ (vi) ": số lượng" }; }
                button type="submit" { (vi) } " " span .en lang="en" { "(" (en) ")" }
            }
        }
        h2 { (both("Các lần gửi gần nhất", "The last attempts")) }
        div .wide { table {
            thead { tr { th { (both("Lúc", "When")) } th { (both("Sự kiện", "Event")) } th .number { (both("Lần", "Attempt")) } th { (both("Trả lời", "Answer")) } th { (both("Kết quả", "Outcome")) } } }
            tbody { @for delivery in deliveries.iter().rev().take(ROWS) { tr {
                td { (date_time(delivery.at_ms)) }
                td { code { (delivery.event) } }
                td .number { (delivery.attempt) }
                td { @match delivery.status { Some(status) => (status), None => "–" } }
                td { (became(&delivery.outcome)) }
            } } }
        } }
    }
}

fn became(outcome: &DeliveryOutcome) -> Markup {
    match outcome {
        DeliveryOutcome::Delivered => both("đã nhận", "delivered"),
        DeliveryOutcome::WillRetry => both("sẽ gửi lại", "will be sent again"),
        DeliveryOutcome::GivenUp => both("thôi gửi", "given up"),
        DeliveryOutcome::Lost => both("bị mất", "lost"),
    }
}

pub(super) fn choose(inner: &Arc<Inner>, form: &Form) -> Said {
    let count = form.int("count").filter(|count| (0..=MOST).contains(count)).and_then(|count| u32::try_from(count).ok());
    match (form.get("fate"), count) {
        (Some("lose"), Some(count)) => inner.post.lose(count),
        (Some("repeat"), Some(count)) => inner.post.repeat(count),
        (Some("hold"), _) => inner.post.hold(),
        (Some("release"), _) => inner.post.release(Release::AsCreated),
        (Some("reversed"), _) => inner.post.release(Release::Reversed),
        _ => return Said::Not(format!("Hãy chọn số từ 0 đến {MOST}. (Choose a number from 0 to {MOST}.)")),
    }
    Said::Done("Đã đặt cho webhook. (The webhooks' fate is chosen.)")
}
