//! Edits of an order that was sent: Nobi pushes none of them. Where one changes what the other side does with the parcel, people are told both
//! values, and a phone or an address only as far as they have to tell them apart.

use serde_json::{Value, json};

use super::{message, own_failure};
use crate::contract::catalog::OrderStage;
use crate::contract::orders::{Order, OrderLine};
use crate::contract::types::{Failure, FailureClass};

/// Something that was sent, and is another thing at Nobi by now.
#[derive(Debug, PartialEq)]
pub(super) struct Differs {
    field: &'static str,
    sent: String,
    now: String,
}

/// What an edit changed of what the parcel depends on.
pub(super) fn between(sent: &Order, now: &Order) -> Vec<Differs> {
    let mut all = Vec::new();
    let mut differ = |field, sent: String, now: String| all.push(Differs { field, sent, now });
    if sent.to_collect != now.to_collect {
        differ("to-collect", sent.to_collect.to_string(), now.to_collect.to_string());
    }
    if lines(sent) != lines(now) {
        differ("lines", told(&sent.lines), told(&now.lines));
    }
    if sent.recipient.phone != now.recipient.phone {
        differ("phone", masked(&sent.recipient.phone), masked(&now.recipient.phone));
    }
    if place(sent) != place(now) {
        differ("address", masked(&sent.address.text), masked(&now.address.text));
    }
    all
}

/// What a line is to the parcel: its link may have come since.
fn lines(order: &Order) -> Vec<(&str, i64, i64, i64, i64)> {
    order.lines.iter().map(|line| (line.product.as_str(), line.quantity, line.unit_price, line.discount, line.vat)).collect()
}

fn place(order: &Order) -> [Option<&str>; 4] {
    let address = &order.address;
    [Some(address.text.as_str()), address.province.as_deref(), address.district.as_deref(), address.ward.as_deref()]
}

fn told(lines: &[OrderLine]) -> String {
    let line = |line: &OrderLine| {
        let (whole, part) = (line.quantity / 1_000, line.quantity.rem_euclid(1_000));
        let quantity = if part == 0 { whole.to_string() } else { format!("{whole}.{part:03}") };
        format!("{quantity} × {}", line.sku.as_deref().unwrap_or(&line.name))
    };
    lines.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// The last letters, so that two can be told apart by whoever has them in front of him.
fn masked(text: &str) -> String {
    let count = text.chars().count();
    let shown: String = text.chars().skip(count.saturating_sub(3.min(count / 3))).collect();
    format!("…{shown}")
}

/// As it stands beside the event.
pub(super) fn shown(differs: &[Differs]) -> Value {
    differs.iter().map(|it| json!({ "field": it.field, "sent": it.sent, "now": it.now })).collect()
}

/// Whether what was sent can still be mended at the other side before it is packed.
pub(super) fn is_before_packing(stage: Option<OrderStage>) -> bool {
    matches!(stage, None | Some(OrderStage::New | OrderStage::Confirming))
}

/// The task for a person.
pub(super) fn task(differs: &[Differs]) -> Failure {
    let named = |vi: bool| {
        let part = |it: &Differs| {
            let field = match (it.field, vi) {
                ("to-collect", true) => "tiền thu hộ",
                ("to-collect", false) => "the sum to collect",
                ("lines", true) => "hàng trong đơn",
                ("lines", false) => "the lines",
                ("phone", true) => "số điện thoại",
                ("phone", false) => "the phone",
                (_, true) => "địa chỉ",
                (_, false) => "the address",
            };
            let (sent, now) = (&it.sent, &it.now);
            if vi {
                format!("{field} đã gửi là {sent}, nay là {now}")
            } else {
                format!("{field} was sent as {sent} and is {now} now")
            }
        };
        differs.iter().map(part).collect::<Vec<_>>().join("; ")
    };
    let mut failure = own_failure(
        FailureClass::Conflict,
        "order.diverged",
        "Đơn đã sửa ở Nobi Pro sau khi gửi, và bản sửa không được gửi đi: {changes}. Hãy sửa đơn trên Nhanh.vn trước khi đóng gói.",
        "The order was edited at Nobi Pro after it was sent, and the edit does not go out: {changes-en}. Mend it at Nhanh.vn before it is packed.",
    );
    let arguments = [("changes", named(true)), ("changes-en", named(false))];
    let pairs: Vec<(&str, &str)> = arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
    failure.message.arguments = message("", "", &pairs).arguments;
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_told_by_its_end_and_a_short_one_not_at_all() {
        assert_eq!((masked("0912345678").as_str(), masked("12").as_str(), masked("").as_str()), ("…678", "…", "…"));
    }

    #[test]
    fn only_what_is_not_packed_can_be_mended() {
        assert!(is_before_packing(None) && is_before_packing(Some(OrderStage::Confirming)));
        assert!(!is_before_packing(Some(OrderStage::Packing)) && !is_before_packing(Some(OrderStage::Shipping)));
    }
}
