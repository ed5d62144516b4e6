//! Records: what a field of Nhanh's means for Nobi, and the other way.
//!
//! Rules live here, spelling lives in [`crate::nhanh`]: a second dialect fills the same rules. Nothing here may send anything.

pub mod branch;
pub mod category;
pub mod customer;
pub mod fields;
pub mod order;
pub mod product;
pub mod stock;

use crate::nhanh::json::Misfit;
use crate::vietnam::text;
use crate::wit::connector::Refused;
use crate::wit::types::{Failure, Message, RemoteId, Warning};

/// The code of the warning that branches have prices of their own.
pub const PRICE_BY_BRANCH: &str = "product.price-by-branch";

/// Warnings of one page, in the order they came up.
#[derive(Debug, Default)]
pub struct Notes(pub Vec<Warning>);

impl Notes {
    /// A field cannot be read and is left out; `key` where the record is matched by it.
    pub fn left_out(&mut self, id: &RemoteId, misfit: &Misfit, key: bool) {
        let (code, vi, en) = if key {
            (
                "nhanh.key-unread",
                "Không đọc được trường {field} từ Nhanh.vn. Mục mới sẽ chờ người xử lý; mục đã liên kết giữ mã đang có. Sửa trường này trên Nhanh.vn rồi đồng bộ lại.",
                "Field {field} of Nhanh.vn's is not {wanted}. A new record waits for a person; a linked one keeps what it has. Correct it at Nhanh.vn and sync again.",
            )
        } else {
            (
                "nhanh.field-unread",
                "Không đọc được trường {field} từ Nhanh.vn; trường này được bỏ qua, phần còn lại vẫn được nhận.",
                "Field {field} of Nhanh.vn's is not {wanted}; it is left out, and the rest of the record comes in.",
            )
        };
        let message = Message::new(vi, en).with("field", &misfit.pointer).with("wanted", misfit.wanted);
        self.0.push(Warning::new(code, message).about(id.as_str()).at(misfit.pointer.as_str()));
    }

    /// A record has no name.
    pub fn without_name(&mut self, id: &RemoteId) {
        let message = Message::new(
            "Mục này không có tên trên Nhanh.vn; mã của nó được dùng làm tên.",
            "This record has no name at Nhanh.vn; its code stands for one.",
        );
        self.product("nhanh.name-missing", message, id, "name");
    }

    /// A record stands on one page twice.
    pub fn repeated(&mut self, id: &RemoteId) {
        let message = Message::new(
            "Nhanh.vn gửi mục này nhiều lần trong một trang; dòng cuối được dùng.",
            "Nhanh.vn sent this record more than once on a page; the last row counts.",
        );
        self.0.push(Warning::new("nhanh.row-repeated", message).about(id.as_str()));
    }

    /// The record above one is nowhere.
    pub fn orphan(&mut self, id: &RemoteId, parent: &RemoteId) {
        let message = Message::new(
            "Nhóm cha {parent} không có trên Nhanh.vn; nhóm này thành nhóm gốc.",
            "Group {parent}, above this one, is not at Nhanh.vn; this one becomes a root.",
        );
        self.product("nhanh.parent-missing", message.with("parent", parent), id, "parentId");
    }

    fn once(&mut self, code: &str, id: &RemoteId, vi: &str, en: &str) {
        if !self.0.iter().any(|it| it.code == code) {
            self.0.push(Warning::new(code, Message::new(vi, en).with("product", id)).about(id.as_str()));
        }
    }

    /// A product has prices by branch. One example of a stream is enough.
    pub fn price_lists(&mut self, id: &RemoteId) {
        self.once(
            PRICE_BY_BRANCH,
            id,
            "Nhanh.vn có giá riêng theo chi nhánh (ví dụ sản phẩm {product}); chỉ giá bán lẻ chung được đồng bộ.",
            "Nhanh.vn has prices by branch (product {product}, for one); the general retail price alone is synced.",
        );
    }

    /// The levels of a product do not add up to its totals. One example of a page is enough.
    pub fn totals_differ(&mut self, id: &RemoteId) {
        self.once(
            "stock.totals-differ",
            id,
            "Tồn các kho mà Nhanh.vn liệt kê không khớp tổng tồn (ví dụ sản phẩm {product}); kho không được liệt kê giữ nguyên tồn.",
            "The levels that Nhanh.vn lists do not add up to its totals (product {product}, for one); depots that are left out keep their level.",
        );
    }

    /// Two rows of one depot say different things.
    pub fn depot_repeated(&mut self, id: &RemoteId, branch: &str) {
        let message = Message::new(
            "Nhanh.vn gửi kho {branch} nhiều lần với số khác nhau; tồn của kho này được giữ nguyên.",
            "Nhanh.vn sent depot {branch} more than once, with other figures; that level is left as it is.",
        );
        self.product("stock.depot-repeated", message.with("branch", branch), id, "inventory/depots");
    }

    /// A price or a cost is below 0.
    pub fn price_negative(&mut self, id: &RemoteId, field: &str) {
        let message = Message::new("Giá trên Nhanh.vn là số âm nên không được ghi.", "A price at Nhanh.vn is below 0 and is not written.");
        self.product("product.price-negative", message, id, field);
    }

    /// A tax is told as an amount, which may give a rate.
    pub fn vat_as_amount(&mut self, id: &RemoteId, field: &str, amount: i64, rate: Option<u32>) {
        let rate = rate.map_or_else(|| "?".to_owned(), |it| it.to_string());
        let message = Message::new(
            "Nhanh.vn ghi VAT là {amount}, không phải một mức thuế suất; hiểu là số tiền, tương ứng {rate}%. Kiểm tra VAT trên Nhanh.vn.",
            "Nhanh.vn tells {amount} as tax, which is no rate; it is taken as an amount, which is {rate} %. Check it at Nhanh.vn.",
        );
        self.product("product.vat-as-amount", message.number("amount", amount).with("rate", &rate), id, field);
    }

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
            "Giá trên Nhanh.vn là 0 đồng nên không được ghi. Nhập giá trên Nhanh.vn trước khi bán.",
            "A price at Nhanh.vn is 0 and is not written. Enter it at Nhanh.vn before selling.",
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
            "Không đọc được mục này từ Nhanh.vn; các mục khác không bị ảnh hưởng.",
            "This record of Nhanh.vn's is not {wanted}; other records are not affected.",
        )
    } else {
        (
            "Không đọc được trường {field} của mục này từ Nhanh.vn; các mục khác không bị ảnh hưởng.",
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
        assert!(row.failure.message.vi.starts_with("Không đọc được mục này"), "{}", row.failure.message.vi);
        assert_eq!(no_record(Some("products")).id, None);
    }

    #[test]
    fn a_field_that_cannot_be_read_is_named_in_the_sentence() {
        let row = refused(None, Misfit::at("price", "an amount of money"));
        assert!(row.failure.message.vi.contains("trường /price"), "{}", row.failure.message.vi);
    }
}
