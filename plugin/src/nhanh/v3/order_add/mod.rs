//! The body of `order/add`: a checked order in the fields of API 3.0, to the dong.
//!
//! What Nhanh works out, Σ (price × quantity − discount + tax) − discountAmount + customerShipFee − depositAmount − transferAmount, is
//! exactly the order's amount to collect; nothing here may change it. Discounts stand at their lines unless the order has one of its own
//! or points: then all of them go as one sum, since Nhanh spreads that over the lines and both together would count twice. Tax is one of
//! the rates that can be declared, on top, where that comes out to the dong and no discount of the order is spread over it, else it is in
//! the price; a line without tax says that its price includes it, or Nhanh would add the catalogue's. `autoSend` and `usedPoints` are never sent; `depotId` always is, since no stock is reserved
//! without it.

#[cfg(test)]
mod tests;

use crate::map::order::{Checked, Line, warning};
use crate::nhanh::object::{Object, list, number_or_text};
use crate::nhanh::outgoing::{Priced, fit, price, private_note, recipient, warn_of_lines, warn_of_phone, warn_of_points};
use crate::nhanh::wire::Located;
use crate::vietnam::{address, money, text};
use crate::wit::orders::Fulfilment;
use crate::wit::types::Warning;

/// `priceVatMode`: the price includes tax.
const INCLUDES_TAX: i64 = 1;
/// `priceVatMode`: tax goes on top of the price.
const TAX_ON_TOP: i64 = 2;
/// Percents of tax that can be declared in Vietnam, beside none.
const RATES: [i64; 3] = [5, 8, 10];
/// `info.status` of a new order.
const NEW: i64 = 54;

/// Encodes a checked order, and says what is not sent exactly as given.
#[must_use]
pub fn encode(checked: &Checked<'_>, place: &Located) -> (String, Vec<Warning>) {
    let order = checked.order;
    let mut warnings = Vec::new();
    let own = i128::from(order.discount) + i128::from(order.points);
    let summed = own > 0;
    let mut discount = own;
    let lines = checked.lines.iter().enumerate().map(|(at, line)| {
        let wired = wire(line, summed);
        let off = i128::from(line.line.discount) + wired.priced.surplus;
        if summed {
            discount += off;
        }
        encode_line(at, line, &wired, if summed { 0 } else { off }, &mut warnings)
    });
    let lines = list(lines);
    warn_of_lines(order, &mut warnings);
    warn_of_points(order, &mut warnings);
    if summed && checked.lines.iter().any(|it| it.line.discount > 0) {
        warnings.push(warning(
            "order.discounts-summed",
            "Giảm giá của từng dòng được cộng vào chiết khấu của cả đơn, vì Nhanh.vn không nhận cả hai cùng lúc.",
            "Discounts of lines are summed into the order's discount: Nhanh.vn does not take both.",
            "/lines",
        ));
    }
    let info = info(checked, &mut warnings);
    let address = shipping_address(checked, place, &mut warnings);
    let channel = Object::default().text("appOrderId", &checked.own_id).end();
    let carrier = Object::default().number("customerShipFee", order.customer_ship_fee);
    let carrier = match order.shipping_weight_grams {
        Some(grams) => carrier.json("orderPackage", &Object::default().number("weight", i64::from(grams)).end()),
        None => carrier,
    };
    let payment = Object::default().unless_zero("depositAmount", order.deposit).unless_zero("transferAmount", order.transfer);
    let payment = if discount > 0 { payment.json("discountAmount", &discount.to_string()).text("discountType", "cash") } else { payment };
    let body = Object::default()
        .json("info", &info)
        .json("channel", &channel)
        .json("shippingAddress", &address)
        .json("carrier", &carrier.end())
        .json("products", &lines)
        .json("payment", &payment.end())
        .end();
    (body, warnings)
}

fn info(checked: &Checked<'_>, warnings: &mut Vec<Warning>) -> String {
    let order = checked.order;
    let mut short = |field: &str, value: &str| fit(field, value, warnings);
    let kind = match order.fulfilment {
        Fulfilment::Delivery => 1,
        Fulfilment::Counter => 2,
    };
    Object::default()
        .number("type", kind)
        .json("depotId", &number_or_text(checked.depot))
        .number("status", NEW)
        .optional("description", order.note.as_deref().map(|it| short("/note", it)).as_deref())
        .optional("privateDescription", Some(&short("/private-note", &private_note(order))))
        .end()
}

fn shipping_address(checked: &Checked<'_>, place: &Located, warnings: &mut Vec<Warning>) -> String {
    let order = checked.order;
    warn_of_phone(order, warnings);
    let mut short = |field: &str, value: &str| fit(field, value, warnings);
    let line = if place.ids.is_empty() { address::one_line(&order.address) } else { text::tidied(&order.address.text) };
    let object = Object::default()
        .text("name", &short("/recipient/name", &recipient(order, &checked.phone)))
        .text("mobile", &checked.phone)
        .optional("email", order.recipient.email.as_deref().map(|it| short("/recipient/email", it)).as_deref())
        .optional("address", Some(&short("/address/text", &line)));
    let id = |id: &str| number_or_text(id);
    match place.ids.as_slice() {
        [city, district, ward] => object
            .json("cityId", &id(city))
            .json("districtId", &id(district))
            .json("wardId", &id(ward))
            .text("locationVersion", address::THREE_LEVELS)
            .end(),
        [city, ward] => object.json("cityId", &id(city)).json("wardId", &id(ward)).text("locationVersion", address::TWO_LEVELS).end(),
        _ => object.end(),
    }
}

/// A line as the wire works it out.
struct Wired {
    priced: Priced,
    /// Whole percent of tax on top of the price; `None`: the price includes it.
    percent: Option<i64>,
}

fn wire(line: &Line<'_>, summed: bool) -> Wired {
    let given = line.line;
    let goods = money::line_gross(given.quantity, given.unit_price);
    let tax = i128::from(given.vat);
    let exact = i128::from(given.unit_price) * i128::from(given.quantity) == goods * 1000;
    // Nhanh spreads a discount of the order over its lines, and says nothing of the tax on what is left: then the price includes it.
    if tax > 0 && exact && !summed {
        let taxed = goods - i128::from(given.discount);
        let percent = RATES.into_iter().find(|percent| (taxed * i128::from(*percent) + 50).div_euclid(100) == tax);
        if percent.is_some() {
            let priced = Priced { unit: i128::from(given.unit_price), quantity: given.quantity, whole: false, raised: false, surplus: 0 };
            return Wired { priced, percent };
        }
    }
    Wired { priced: price(line), percent: None }
}

fn encode_line(at: usize, line: &Line<'_>, wired: &Wired, discount: i128, warnings: &mut Vec<Warning>) -> String {
    let (given, priced) = (line.line, wired.priced);
    let pointer = |field: &str| format!("/lines/{at}/{field}");
    if given.vat > 0 && wired.percent.is_none() {
        warnings.push(warning(
            "order.vat-in-price",
            "Thuế VAT của dòng không đúng 5, 8 hay 10%, hoặc đơn có chiết khấu chung, nên được cộng vào đơn giá.",
            "The line's tax is not 5, 8 or 10 %, or the order has a discount of its own, so the tax is in the unit price.",
            &pointer("vat"),
        ));
    } else if priced.raised && !priced.whole {
        warnings.push(warning(
            "order.price-raised",
            "Đơn giá được điều chỉnh để tổng tiền khớp, phần chênh nằm trong chiết khấu.",
            "The unit price was rounded up so that the sum is exact; the difference is in the discount.",
            &pointer("unit-price"),
        ));
    }
    let note = given.note.as_deref().map(text::tidied).unwrap_or_default();
    let note = if priced.whole {
        warnings.push(warning(
            "order.quantity-in-note",
            "Không có đơn giá tròn đồng nào khớp số lượng lẻ này nên dòng được gửi với số lượng 1, số lượng thật ghi trong ghi chú của dòng; tồn kho trên Nhanh.vn cần chỉnh tay.",
            "A fraction that does not divide is sent as 1 with the quantity in the line's note; stock at Nhanh.vn needs correcting by hand.",
            &pointer("quantity"),
        ));
        // The quantity stands first, so that no cut takes it away.
        format!("[{}] {note}", money::quantity_text(given.quantity))
    } else {
        note
    };
    let object = Object::default()
        .json("id", &number_or_text(line.product))
        .json("price", &priced.unit.to_string())
        .json("quantity", &money::quantity_text(priced.quantity));
    let object = if discount > 0 { object.json("discount", &discount.to_string()) } else { object };
    let object = match wired.percent {
        Some(percent) => object.number("vat", percent).number("priceVatMode", TAX_ON_TOP),
        None => object.number("priceVatMode", INCLUDES_TAX),
    };
    object.optional("description", Some(&fit(&pointer("note"), note.trim_end(), warnings))).end()
}
