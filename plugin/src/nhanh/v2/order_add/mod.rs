//! The `data` of `order/add`: a checked order in the fields of API 2.0, to the dong.
//!
//! 2.0 has no discount of a line and no tax: all discounts and points are summed into `moneyDiscount`, tax raises the unit price. What
//! Nhanh works out of the fields, Σ price × quantity − moneyDiscount + customerShipFee − moneyDeposit − moneyTransfer, is exactly the
//! order's amount to collect; nothing here may change it. Everything that is not sent as given is a warning. `autoSend` and
//! `usedPoints` are never sent; `depotId` always is, since Nhanh reserves no stock without it.

#[cfg(test)]
mod tests;

use crate::map::order::{Checked, Line, warning};
use crate::nhanh::object::{Object, number_or_text};
use crate::nhanh::outgoing::{Priced, fit, price, private_note, recipient, warn_of_lines, warn_of_phone, warn_of_points};
use crate::vietnam::{address, money, text};
use crate::wit::orders::Fulfilment;
use crate::wit::types::Warning;

/// Longest own id of a product.
const LONGEST_PRODUCT_ID: usize = 20;

/// What goes into `data`, and what was not sent exactly as given.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// JSON text.
    pub data: String,
    /// In the order of the fields.
    pub warnings: Vec<Warning>,
}

/// Encodes a checked order.
#[must_use]
pub fn encode(checked: &Checked<'_>) -> Encoded {
    let order = checked.order;
    let mut warnings = Vec::new();
    let mut discount = i128::from(order.discount) + i128::from(order.points);
    let mut lines = String::from("[");
    for (at, line) in checked.lines.iter().enumerate() {
        let priced = price(line);
        discount += i128::from(line.line.discount) + priced.surplus;
        if at > 0 {
            lines.push(',');
        }
        lines.push_str(&encode_line(at, line, &priced, &mut warnings));
    }
    lines.push(']');
    warn_of_lines(order, &mut warnings);
    warn_of_points(order, &mut warnings);
    if checked.lines.iter().any(|it| it.line.discount > 0) {
        warnings.push(warning(
            "order.discounts-summed",
            "Giảm giá của từng dòng được cộng vào chiết khấu của cả đơn, vì API 2.0 không có giảm giá theo dòng.",
            "Discounts of lines are summed into the order's discount: API 2.0 has none for a line.",
            "/lines",
        ));
    }
    if order.shipping_weight_grams.is_some() {
        warnings.push(warning(
            "order.weight-not-sent",
            "Khối lượng kiện hàng không được gửi, vì API 2.0 không có trường này; hãy nhập trên Nhanh.vn khi gửi hãng.",
            "The parcel's weight is not sent: API 2.0 has no field for it. Enter it at Nhanh.vn for the carrier.",
            "/shipping-weight-grams",
        ));
    }
    let data = head(checked, &mut warnings)
        .json("moneyDiscount", &discount.to_string())
        .number("moneyDeposit", order.deposit)
        .number("moneyTransfer", order.transfer)
        .number("customerShipFee", order.customer_ship_fee)
        .json("productList", &lines)
        .end();
    Encoded { data, warnings }
}

/// Names, places and notes.
fn head(checked: &Checked<'_>, warnings: &mut Vec<Warning>) -> Object {
    let order = checked.order;
    warn_of_phone(order, warnings);
    let mut short = |field: &str, value: &str| fit(field, value, warnings);
    let kind = match order.fulfilment {
        Fulfilment::Delivery => "Shipping",
        Fulfilment::Counter => "Shopping",
    };
    let levels = address::three_levels(&order.address);
    let place = if levels.is_some() { text::tidied(&order.address.text) } else { address::one_line(&order.address) };
    let object = Object::default()
        .text("id", &checked.own_id)
        .json("depotId", &number_or_text(checked.depot))
        .text("type", kind)
        .text("customerName", &short("/recipient/name", &recipient(order, &checked.phone)))
        .text("customerMobile", &checked.phone)
        .optional("customerEmail", order.recipient.email.as_deref().map(|it| short("/recipient/email", it)).as_deref())
        .optional("customerAddress", Some(&short("/address/text", &place)));
    let object = match levels {
        Some([province, district, ward]) => object
            .text("customerCityName", &short("/address/province", province))
            .text("customerDistrictName", &short("/address/district", district))
            .text("customerWardLocationName", &short("/address/ward", ward)),
        None => object,
    };
    object
        .optional("description", order.note.as_deref().map(|it| short("/note", it)).as_deref())
        .optional("privateDescription", Some(&short("/private-note", &private_note(order))))
}

fn encode_line(at: usize, line: &Line<'_>, priced: &Priced, warnings: &mut Vec<Warning>) -> String {
    let given = line.line;
    let pointer = |field: &str| format!("/lines/{at}/{field}");
    if given.vat > 0 {
        warnings.push(warning(
            "order.vat-in-price",
            "Thuế VAT được cộng vào đơn giá, vì API 2.0 không có VAT theo dòng.",
            "Tax is in the unit price: API 2.0 has no tax for a line.",
            &pointer("vat"),
        ));
    } else if priced.raised && !priced.whole {
        warnings.push(warning(
            "order.price-raised",
            "Đơn giá được điều chỉnh để tổng tiền khớp, phần chênh nằm trong chiết khấu đơn.",
            "The unit price was rounded up so that the sum is exact; the difference is in the order's discount.",
            &pointer("unit-price"),
        ));
    }
    let name = if priced.whole {
        warnings.push(warning(
            "order.quantity-in-name",
            "Không có đơn giá tròn đồng nào khớp số lượng lẻ này nên dòng được gửi với số lượng 1, số lượng thật ghi trong tên; tồn kho trên Nhanh.vn cần chỉnh tay.",
            "A fraction that does not divide is sent as 1 with the quantity in the name; stock at Nhanh.vn needs correcting by hand.",
            &pointer("quantity"),
        ));
        // The quantity stands first, so that no cut takes it away.
        format!("[{}] {}", money::quantity_text(given.quantity), given.name)
    } else {
        let name = text::shown(&given.name, false);
        // Nhanh requires a name.
        if name.is_empty() { given.sku.clone().unwrap_or_else(|| line.product.to_owned()) } else { name }
    };
    let own_product = if (1..=LONGEST_PRODUCT_ID).contains(&given.product.chars().count()) { given.product.as_str() } else { line.product };
    let object = Object::default()
        .text("id", own_product)
        .json("idNhanh", &number_or_text(line.product))
        .text("name", &fit(&pointer("name"), &name, warnings))
        .optional("code", given.sku.as_deref())
        .json("price", &priced.unit.to_string())
        .json("quantity", &money::quantity_text(priced.quantity));
    let object = match given.weight_grams {
        Some(grams) => object.number("weight", i64::from(grams)),
        None => object,
    };
    object.optional("description", given.note.as_deref().map(|it| fit(&pointer("note"), it, warnings)).as_deref()).end()
}
