//! What both dialects do alike with an order that goes out: texts that fit, the private note, unit prices that come out exactly.
//!
//! Nothing here may change what the order collects.

use crate::map::order::{Line, warning};
use crate::vietnam::{phone, text};
use crate::wit::orders::Order;
use crate::wit::types::Warning;

/// Longest text of a field, in characters.
const LONGEST_TEXT: usize = 255;

/// Says that the phone is no Vietnamese one.
pub fn warn_of_phone(order: &Order, warnings: &mut Vec<Warning>) {
    if phone::canonical(&order.recipient.phone).is_none() {
        warnings.push(warning(
            "order.phone-odd",
            "Số điện thoại người nhận không giống số Việt Nam; chỉ gửi các chữ số.",
            "The recipient's phone does not look Vietnamese; only its digits are sent.",
            "/recipient/phone",
        ));
    }
}

/// Says that there is nothing in the order.
pub fn warn_of_lines(order: &Order, warnings: &mut Vec<Warning>) {
    if order.lines.is_empty() {
        warnings.push(warning(
            "order.no-lines",
            "Đơn không có dòng hàng nào; đơn vẫn được gửi, không giữ tồn kho.",
            "The order has no line; it is sent all the same, and reserves no stock.",
            "/lines",
        ));
    }
}

/// Says that points go as money.
pub fn warn_of_points(order: &Order, warnings: &mut Vec<Warning>) {
    if order.points > 0 {
        warnings.push(warning(
            "order.points-as-discount",
            "Điểm tích lũy được gửi dưới dạng tiền trong chiết khấu đơn; điểm trên Nhanh.vn không bị trừ.",
            "Loyalty points are sent as money in the order's discount; points at Nhanh.vn are not used up.",
            "/points",
        ));
    }
}

/// The recipient's name, or the phone where there is none: Nhanh requires one.
#[must_use]
pub fn recipient<'o>(order: &Order, phone: &'o str) -> std::borrow::Cow<'o, str> {
    let name = text::shown(&order.recipient.name, false);
    if name.is_empty() { phone.into() } else { name.into() }
}

/// The shop's own note, after what the wire has no field for: who bought it, what points paid.
#[must_use]
pub fn private_note(order: &Order) -> String {
    let mut note = String::new();
    let mut add = |part: &str| {
        if !part.is_empty() {
            if !note.is_empty() {
                note.push_str("; ");
            }
            note.push_str(part);
        }
    };
    if let Some(buyer) = &order.buyer {
        let (name, phone) = (text::tidy(&buyer.name), text::tidy(&buyer.phone));
        add(&format!("Người mua: {name} {phone}"));
    }
    if order.points > 0 {
        add(&format!("Điểm tích lũy đã trừ: {} đồng", order.points));
    }
    add(&text::tidy(order.private_note.as_deref().unwrap_or_default()));
    note
}

/// Fields in which a person may have written several lines.
fn has_lines(field: &str) -> bool {
    field.ends_with("note")
}

/// A text that fits its field.
pub fn fit(field: &str, value: &str, warnings: &mut Vec<Warning>) -> String {
    let tidy = text::shown(value, has_lines(field));
    let (fitting, cut) = text::cut_characters(&tidy, LONGEST_TEXT);
    if cut {
        warnings.push(warning(
            "order.text-cut",
            "Nội dung dài quá 255 ký tự, phần cuối không được gửi.",
            "A text longer than 255 characters was cut.",
            field,
        ));
    }
    fitting.to_owned()
}

/// What a line costs on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priced {
    /// Dong for one.
    pub unit: i128,
    /// Thousandths; 1000 when the quantity went into the name.
    pub quantity: i64,
    /// The quantity went into the name.
    pub whole: bool,
    /// The unit price is not the order's.
    pub raised: bool,
    /// What unit × quantity is above the line; goes into the discount.
    pub surplus: i128,
}

/// The unit price and quantity whose product is a whole number of dong, never below the line's amount.
#[must_use]
pub fn price(line: &Line<'_>) -> Priced {
    let (quantity, needed) = (i128::from(line.line.quantity), line.before_discount);
    let given = i128::from(line.line.unit_price);
    if given * quantity == needed * 1000 {
        return Priced { unit: given, quantity: line.line.quantity, whole: false, raised: false, surplus: 0 };
    }
    let unit = (needed * 1000 + quantity - 1).div_euclid(quantity);
    if (unit * quantity) % 1000 == 0 {
        let surplus = unit * quantity / 1000 - needed;
        return Priced { unit, quantity: line.line.quantity, whole: false, raised: true, surplus };
    }
    Priced { unit: needed, quantity: 1000, whole: true, raised: true, surplus: 0 }
}
