//! What a refusal of a write says: whether it surely changed nothing, and whether the goods are what is missing.
//!
//! A refusal by a known error code, of a named field of the request, or by a sentence of business changed nothing. Whatever else Nhanh
//! says beside `code` 0, "the system is busy" or nothing at all, may have been said with the order made: it must never count as a "no".

use super::{Refusal, plain};
use crate::wit::types::{Failure, FailureClass, Message};

/// `errorCode`s that refuse what was asked for (reference 3.0, section 2.3). Codes of rights, tokens and pace have a meaning of their own.
const CODES: &str = "ERR_INVALID_FORM_FIELDS|ERR_ORDER_EXISTED|ERR_ORDER_CARRIER_NOT_YET_SENT|ERR_ORDER_CARRIER_NO_API_CANCEL\
                     |ERR_ORDER_CARRIER_REJECT|ERR_INVOICE_NO_SETTING|ERR_INVOICE_PRODUCT_NO_DECLARED_VAT\
                     |ERR_INVOICE_PRODUCT_NO_MATCH|ERR_INVOICE_BLOCK_TAG|ERR_INVOICE_BLOCK_PRODUCT";

/// Something went wrong at Nhanh's own side, whatever else the sentence holds.
const TROUBLE: &str = "bận|quá tải|thử lại sau|bảo trì|gián đoạn|kết nối|lỗi hệ thống|có lỗi|xảy ra lỗi|không xác định|busy|overload\
                       |try again later|timeout|timed out|time out|server|system error|internal|maintenance|temporar|connection\
                       |exception|unexpected|unknown error|went wrong|error occurred|deadlock|sql";

/// Fields of a new order and of a change, in both dialects, as a sentence or its key begins with them.
const FIELDS: &str = "id|orderid|apporderid|depotid|type|status|name|mobile|email|address|price|quantity|discount|weight|vat|description\
                      |privatedescription|info|channel|shippingaddress|carrier|products|productlist|payment|invoice|idnhanh|cityid\
                      |districtid|wardid|locationversion|customershipfee|customername|customermobile|customeremail|customeraddress\
                      |customercityname|customerdistrictname|customerwardlocationname|moneydiscount|moneydeposit|moneytransfer";

/// What is wrong with an order, in words of business.
const BUSINESS: &str = "không hợp lệ|không đúng|sai định dạng|để trống|bắt buộc|không tồn tại|không tìm thấy|đã tồn tại|đã được tạo|trùng\
                        |không đủ|hết hàng|vượt quá|có thể bán|ngừng|bị chặn|bị khóa|bị khoá|không được|không cho phép|không hỗ trợ\
                        |không thuộc|chưa được|chưa chọn|chưa nhập|tối đa|tối thiểu|không thể đổi|không thể chuyển|không thể hủy|không thể huỷ\
                        |không thể sửa|không thể cập nhật|đã gửi hãng|chưa gửi hãng|đã lấy hàng|kiểm kê|đã hủy|đã huỷ|đã xóa|invalid\
                        |required|not found|not exist|already exist|exists already|duplicat|must |not enough|insufficient|out of stock\
                        |exceed|not allowed|cannot change|cannot cancel|cannot be|blocked|disabled|not supported|too long";

/// There is less of a product than the order wants.
const SHORT: &str = "không đủ tồn|không đủ hàng|không đủ số lượng|tồn kho không đủ|hết hàng|vượt quá tồn|vượt quá số lượng tồn|có thể bán\
                     |not enough|insufficient stock|insufficient quantity|insufficient inventory|out of stock|exceeds available\
                     |exceeds the available|exceed the available|exceeds stock";

fn is_one_of(word: &str, words: &str) -> bool {
    words.split('|').any(|it| it == word)
}

impl Refusal {
    /// The write that was refused surely changed nothing.
    #[must_use]
    pub fn changed_nothing(&self) -> bool {
        if !self.is_plain() || is_one_of(&self.error_code, CODES) {
            return true;
        }
        !self.says(TROUBLE) && (self.names_field() || self.says(BUSINESS))
    }

    /// A sentence begins with a field of the request, or is told beside one.
    fn names_field(&self) -> bool {
        let starts = self.said.split("; ").filter_map(|it| it.split([':', ' ']).next());
        starts.flat_map(|it| it.split(['.', '['])).any(|it| is_one_of(it, FIELDS))
    }

    /// Nothing is wrong with the order, and Nhanh has too little of a product to take it ("Chặn đặt hàng theo số có thể bán").
    #[must_use]
    pub fn means_short_of_stock(&self) -> bool {
        self.is_plain() && self.says(SHORT) && self.changed_nothing()
    }

    /// Whether the sentence names this, by itself and not as a part of a longer word.
    #[must_use]
    pub fn mentions(&self, what: &str) -> bool {
        let what = crate::vietnam::text::folded(what);
        let part = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        what.chars().count() > 1
            && self.said.match_indices(what.as_str()).any(|(at, _)| {
                let (before, after) = (self.said.get(..at).unwrap_or_default(), self.said.get(at + what.len()..).unwrap_or_default());
                !part(before.chars().next_back()) && !part(after.chars().next())
            })
    }

    /// The place of the line that the sentence points at, as in `products.1.quantity`.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        let mut parts = self.said.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
        parts.find(|it| is_one_of(it, "products|productlist"))?;
        parts.next()?.parse().ok()
    }

    /// Nhanh's sentence as a person may see it; a dash where there is none.
    #[must_use]
    pub fn sentence(&self, personal: &[&str]) -> String {
        let told = plain(&self.raw, &self.error_code, personal).message.arguments.into_iter().next();
        told.map_or_else(|| "–".to_owned(), |it| it.value)
    }

    /// Nobody can say what this means for a write: it is looked up before anything is sent again.
    #[must_use]
    pub fn unclear(&self, personal: &[&str]) -> Failure {
        let message = Message::new(
            "Đã gửi nhưng Nhanh.vn trả lời không rõ ({said}). Hệ thống sẽ kiểm tra bên Nhanh.vn trước khi gửi lại.",
            "It was sent but Nhanh.vn's answer is unclear ({said}). Nhanh.vn is looked at before anything is sent again.",
        );
        Failure::new(FailureClass::Ambiguous, "nhanh.answer-unclear", message.with("said", &self.sentence(personal)))
    }
}
