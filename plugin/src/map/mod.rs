//! Records: what a field of Nhanh's means for Nobi, and the other way.
//!
//! Rules live here, spelling lives in [`crate::nhanh`]: a second dialect fills the same rules. Nothing here may send anything.

pub mod branch;
pub mod category;
pub mod customer;
pub mod order;
pub mod product;
pub mod stock;

use crate::nhanh::json::Misfit;
use crate::vietnam::text;
use crate::wit::connector::Refused;
use crate::wit::types::{Failure, Message, RemoteId, Warning};

/// Warnings of one page, in the order they came up.
#[derive(Debug, Default)]
pub struct Notes(pub Vec<Warning>);

impl Notes {
    fn product(&mut self, code: &str, message: Message, id: &RemoteId, field: &str) {
        self.0.push(Warning::new(code, message).about(id.as_str()).at(format!("/{field}")));
    }

    /// A price had a fraction of a dong.
    pub fn price_rounded(&mut self, id: &RemoteId, field: &str) {
        let message = Message::new("Giá có số lẻ dưới 1 đồng, đã làm tròn.", "A price had a fraction of a dong and was rounded.");
        self.product("product.price-rounded", message, id, field);
    }

    /// A price is 0.
    pub fn price_zero(&mut self, id: &RemoteId, field: &str) {
        let message = Message::new(
            "Giá bán trên Nhanh.vn là 0 đồng. Kiểm tra lại giá trước khi bán.",
            "The price at Nhanh.vn is 0. Check it before selling.",
        );
        self.product("product.price-zero", message, id, field);
    }

    /// Tax comes on top of a price. A shop keeps its prices so or it does not: one example of a page is enough.
    pub fn price_before_vat(&mut self, id: &RemoteId, rate: i64) {
        const CODE: &str = "product.price-before-vat";
        if self.0.iter().any(|it| it.code == CODE) {
            return;
        }
        let message = Message::new(
            "Giá bán trên Nhanh.vn chưa gồm VAT (ví dụ sản phẩm {product}: {rate}%); người mua trả cao hơn giá này.",
            "Prices at Nhanh.vn are without tax (product {product}, for one: {rate} %); a buyer pays more than this.",
        );
        self.0.push(Warning::new(CODE, message.with("product", id.as_str()).number("rate", rate)));
    }

    /// A quantity had more than three decimals.
    pub fn quantity_rounded(&mut self, id: &RemoteId, field: &str) {
        let message = Message::new("Số lượng có hơn 3 chữ số lẻ, đã làm tròn.", "A quantity had more than three decimals and was rounded.");
        self.product("stock.quantity-rounded", message, id, field);
    }

    /// The number to sell by is missing.
    pub fn no_available(&mut self, id: &RemoteId, branch: &RemoteId) {
        let message = Message::new(
            "Nhanh.vn không gửi \"có thể bán\" của kho {branch}, tồn kho này được giữ nguyên.",
            "Nhanh.vn did not tell what can be sold at depot {branch}; that level is left as it is.",
        )
        .with("branch", branch.as_str());
        self.product("stock.no-available", message, id, "inventory");
    }
}

/// A row that is no object at all. The key that it stands under is all that is known of it.
#[must_use]
pub fn no_record(key: Option<&str>) -> Refused {
    let id = key.filter(|it| text::is_digits(it) && it.len() <= 64).map(str::to_owned);
    refused(id, Misfit { pointer: String::new(), wanted: "an object" })
}

/// A record that could not be read; the rest of its page was.
#[must_use]
pub fn refused(id: Option<RemoteId>, misfit: Misfit) -> Refused {
    let (vi, en) = if misfit.pointer.is_empty() {
        (
            "Không đọc được bản ghi này từ Nhanh.vn; các bản ghi khác không bị ảnh hưởng.",
            "This record of Nhanh.vn's is not {wanted}; other records are not affected.",
        )
    } else {
        (
            "Không đọc được trường {field} của bản ghi này từ Nhanh.vn; các bản ghi khác không bị ảnh hưởng.",
            "Field {field} of this record of Nhanh.vn's is not {wanted}; other records are not affected.",
        )
    };
    let message = Message::new(vi, en).with("field", misfit.pointer.as_str()).with("wanted", misfit.wanted);
    let failure = Failure::rejected("nhanh.field", message).at(misfit.pointer);
    let failure = match &id {
        Some(id) => failure.about(id.as_str()),
        None => failure,
    };
    Refused { id, failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_no_object_keeps_the_id_that_it_stands_under() {
        let row = no_record(Some("38000104"));
        assert_eq!(
            (row.id.as_deref(), row.failure.subject.as_deref(), row.failure.field.as_deref()),
            (Some("38000104"), Some("38000104"), Some(""))
        );
        assert!(row.failure.message.vi.starts_with("Không đọc được bản ghi này"), "{}", row.failure.message.vi);
        assert_eq!(no_record(Some("products")).id, None);
    }

    #[test]
    fn a_field_that_cannot_be_read_is_named_in_the_sentence() {
        let row = refused(None, Misfit::at("price", "an amount of money"));
        assert!(row.failure.message.vi.contains("trường /price"), "{}", row.failure.message.vi);
    }
}
