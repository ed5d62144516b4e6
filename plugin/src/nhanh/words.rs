//! The words that Nhanh uses, whole tables: product statuses and types, order statuses, reasons and types, sale channels, stock
//! documents. The connector reads by them, and `describe` gives them out so that a host can label what it shows.
//!
//! Words that are not here must survive as text and never stop a record. Where both dialects have a word, the other spelling (the
//! number of API 3.0) stands beside it. Documented at apidocs.nhanh.vn (v2 terms, v3 constants); ConfirmReturned is seen on the wire.

use crate::wit::catalog::{OrderStage, ProductStatus};
use crate::wit::connector::Term;
use crate::wit::types::Message;

/// One word of one table.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// As API 2.0 writes it.
    pub code: &'static str,
    /// As API 3.0 writes it, where it does.
    pub v3: Option<i16>,
    /// Vietnamese.
    pub vi: &'static str,
    /// English.
    pub en: &'static str,
}

const fn word(code: &'static str, v3: i16, vi: &'static str, en: &'static str) -> Word {
    Word { code, v3: Some(v3), vi, en }
}

/// A word that API 3.0 no longer has.
const fn old(code: &'static str, vi: &'static str, en: &'static str) -> Word {
    Word { code, v3: None, vi, en }
}

/// What may be done with an order in a status (rules on statuses, one column each).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// New, Confirming, Confirmed: nothing has left the shop, and Nhanh allows a cancel.
    Early,
    /// CustomerConfirming, ChangeDepot, SoldOut and words not known here: Nhanh may allow it.
    Unsure,
    /// Packing to Shipping: on its way.
    OnItsWay,
    /// Success.
    Finished,
    /// Cancelled by whomever.
    Cancelled,
    /// Failed, or coming or come back.
    Returned,
}

/// Product statuses.
pub const PRODUCT_STATUSES: [Word; 4] = [
    word("New", 1, "Mới (bán tại cửa hàng)", "New (sold in shops)"),
    word("Active", 2, "Đang bán", "On sale"),
    word("Inactive", 3, "Ngừng bán", "Stopped"),
    word("OutOfStock", 4, "Hết hàng", "Out of stock"),
];

/// Product types; both dialects use the numbers.
pub const PRODUCT_TYPES: [Word; 10] = [
    word("1", 1, "Sản phẩm", "Product"),
    word("2", 2, "Voucher", "Voucher"),
    word("3", 3, "Sản phẩm theo cân nặng", "Weighed product"),
    word("4", 4, "Sản phẩm theo IMEI", "Product with IMEI"),
    word("5", 5, "Gói sản phẩm", "Package"),
    word("6", 6, "Dịch vụ", "Service"),
    word("7", 7, "Dụng cụ", "Tool"),
    word("8", 8, "Sản phẩm theo lô", "Product in lots"),
    word("9", 9, "Combo", "Combo"),
    word("10", 10, "Sản phẩm nhiều đơn vị tính", "Product in several units"),
];

/// Order statuses, each with its place on Nobi's ladder and what may be done with an order there.
pub const ORDER_STATUSES: [(Word, Option<OrderStage>, Group); 18] = [
    (word("New", 54, "Đơn mới", "New"), Some(OrderStage::New), Group::Early),
    (word("Confirming", 55, "Đang xác nhận", "Confirming"), Some(OrderStage::Confirming), Group::Early),
    (word("CustomerConfirming", 57, "Chờ khách xác nhận", "Waiting for the buyer"), Some(OrderStage::Confirming), Group::Unsure),
    (word("Confirmed", 56, "Đã xác nhận", "Confirmed"), Some(OrderStage::Confirming), Group::Early),
    (word("Packing", 42, "Đang đóng gói", "Packing"), Some(OrderStage::Packing), Group::OnItsWay),
    (word("Packed", 40, "Đã đóng gói", "Packed"), Some(OrderStage::Packing), Group::OnItsWay),
    (word("ChangeDepot", 73, "Đổi kho xuất hàng", "Changing depot"), Some(OrderStage::Packing), Group::Unsure),
    (word("Pickup", 43, "Chờ thu gom", "Waiting for pick-up"), Some(OrderStage::WaitingPickup), Group::OnItsWay),
    (word("Shipping", 59, "Đang chuyển", "Shipping"), Some(OrderStage::Shipping), Group::OnItsWay),
    (word("Success", 60, "Thành công", "Delivered"), Some(OrderStage::Delivered), Group::Finished),
    (word("Failed", 61, "Thất bại", "Failed"), Some(OrderStage::Failed), Group::Returned),
    (word("Canceled", 63, "Khách hủy", "Cancelled by the buyer"), Some(OrderStage::Cancelled), Group::Cancelled),
    (word("Aborted", 64, "Hệ thống hủy", "Cancelled by the shop"), Some(OrderStage::Cancelled), Group::Cancelled),
    (word("CarrierCanceled", 58, "Hãng vận chuyển hủy đơn", "Cancelled by the carrier"), Some(OrderStage::Cancelled), Group::Cancelled),
    (word("SoldOut", 68, "Hết hàng", "Sold out"), None, Group::Unsure),
    (word("Returning", 71, "Đang chuyển hoàn", "Being returned"), Some(OrderStage::Returning), Group::Returned),
    (word("Returned", 72, "Đã chuyển hoàn", "Returned"), Some(OrderStage::Returned), Group::Returned),
    (word("ConfirmReturned", 74, "Xác nhận hoàn", "Return confirmed"), Some(OrderStage::Returned), Group::Returned),
];

/// Why an order stands where it stands.
pub const ORDER_REASONS: [Word; 24] = [
    word("WrongProduct", 1, "Đặt nhầm sản phẩm", "Wrong product ordered"),
    word("HighShipFee", 2, "Phí vận chuyển cao", "Shipping fee too high"),
    word("NotTransfer", 3, "Không muốn chuyển khoản", "Does not want to pay by transfer"),
    word("Duplicated", 4, "Đơn trùng", "Duplicate order"),
    word("CannotCall", 5, "Không gọi được khách", "Buyer cannot be reached"),
    word("SoldOut", 6, "Hết hàng", "Sold out"),
    word("WaitingTransfer", 8, "Chờ chuyển khoản", "Waiting for the transfer"),
    word("NotLikeProduct", 9, "Khách không thích sản phẩm", "Buyer does not like the product"),
    word("NotPleasureDeliverer", 10, "Khách không hài lòng về nhân viên vận chuyển", "Buyer unhappy with the courier"),
    word("SlowShipping", 11, "Giao hàng chậm", "Delivery too slow"),
    word("Bought", 12, "Đã mua sản phẩm tại cửa hàng", "Bought in the shop"),
    word("CustomerNotAtHome", 35, "Khách đi vắng (sẽ giao hàng vào hôm khác)", "Buyer not at home (another day)"),
    word("WrongAddress", 14, "Sai địa chỉ người nhận", "Wrong address"),
    word("NotBuy", 16, "Khách không muốn mua nữa", "Buyer changed their mind"),
    word("CannotCallSender", 19, "Không liên hệ được với người gửi", "Sender cannot be reached"),
    word("SellerNotSellOnline", 20, "Người gửi không bán hàng Online / Ngoại tỉnh", "Sender does not sell online or that far"),
    word("SellerNotHandoverCarrier", 22, "Người gửi không bàn giao hàng cho hãng vận chuyển", "Sender did not hand the parcel over"),
    word("SellerNotProcessOrder", 29, "Người gửi không xử lý đơn hàng", "Sender did not process the order"),
    word("WrongPickupAddress", 24, "Sai địa chỉ kho lấy hàng", "Wrong pick-up address"),
    word("WrongPrice", 30, "Sai giá sản phẩm", "Wrong price"),
    word("SelfShipping", 26, "Người gửi tự vận chuyển", "Sender ships it"),
    word("CarrierPickupLate", 23, "Hãng vận chuyển lấy hàng muộn", "Carrier picked up late"),
    word("CarrierLostProduct", 25, "Hãng vận chuyển làm mất hàng", "Carrier lost the goods"),
    word("Other", 18, "Lý do khác", "Other"),
];

/// Order types; both dialects use the numbers.
pub const ORDER_TYPES: [Word; 11] = [
    word("1", 1, "Giao hàng tận nhà", "Home delivery"),
    word("2", 2, "Mua tại quầy", "At the counter"),
    word("3", 3, "Đặt trước", "Pre-order"),
    old("4", "Dùng thử", "Trial"),
    word("5", 5, "Đổi quà", "Gift exchange"),
    word("10", 10, "Báo giá", "Quotation"),
    word("12", 12, "Đổi sản phẩm", "Product exchange"),
    word("14", 14, "Khách trả lại hàng", "Customer return"),
    word("15", 15, "Chuyển kho", "Depot transfer"),
    word("16", 16, "Hoàn một phần", "Partial return"),
    word("17", 17, "Đền bù mất hàng", "Compensation for lost goods"),
];

/// Where an order was made; both dialects use the numbers.
pub const SALE_CHANNELS: [Word; 16] = [
    word("1", 1, "Admin", "Admin"),
    word("2", 2, "Website", "Website"),
    word("10", 10, "API", "API"),
    word("20", 20, "Facebook", "Facebook"),
    word("21", 21, "Instagram", "Instagram"),
    word("41", 41, "Lazada", "Lazada"),
    word("42", 42, "Shopee", "Shopee"),
    word("43", 43, "Sendo", "Sendo"),
    word("45", 45, "Tiki", "Tiki"),
    old("46", "Zalo Shop", "Zalo Shop"),
    old("47", "1Landing", "1Landing"),
    word("48", 48, "Tiktok Shop", "TikTok Shop"),
    word("49", 49, "Zalo OA", "Zalo OA"),
    word("50", 50, "Shopee Chat", "Shopee Chat"),
    word("51", 51, "Lazada Chat", "Lazada Chat"),
    word("52", 52, "Zalo cá nhân", "Zalo (personal)"),
];

/// Kinds of stock documents.
pub const STOCK_DOCUMENT_TYPES: [Word; 2] = [word("1", 1, "Nhập kho", "Goods in"), word("2", 2, "Xuất kho", "Goods out")];

/// Modes of stock documents: nine of 2.0, then those that only 3.0 has.
pub const STOCK_DOCUMENT_MODES: [Word; 15] = [
    word("1", 1, "Giao hàng", "Delivery"),
    word("2", 2, "Bán lẻ", "Retail"),
    word("3", 3, "Chuyển kho", "Transfer"),
    word("4", 4, "Quà tặng ở hóa đơn bán lẻ", "Gift on a retail bill"),
    word("5", 5, "Nhà cung cấp", "Supplier"),
    word("6", 6, "Bán sỉ", "Wholesale"),
    word("8", 8, "Kiểm kho", "Stocktake"),
    word("10", 10, "Khác", "Other"),
    word("18", 18, "Quà tặng ở đơn hàng", "Gift on an order"),
    word("13", 13, "Bảo hành", "Warranty"),
    word("14", 14, "Trung tâm bảo hành", "Warranty centre"),
    word("15", 15, "Sửa chữa", "Repair"),
    word("16", 16, "Linh kiện bảo hành", "Warranty parts"),
    word("17", 17, "Quà tặng ở hóa đơn bán sỉ", "Gift on a wholesale bill"),
    word("19", 19, "Combo", "Combo"),
];

/// What a product status means; unknown words are [`ProductStatus::Unknown`].
#[must_use]
pub fn product_status(code: &str) -> ProductStatus {
    match code {
        "New" => ProductStatus::Draft,
        "Active" => ProductStatus::Active,
        "Inactive" => ProductStatus::Inactive,
        "OutOfStock" => ProductStatus::OutOfStock,
        _ => ProductStatus::Unknown,
    }
}

/// The stage and the group of an order status; unknown words have no stage.
#[must_use]
pub fn order_status(code: &str) -> (Option<OrderStage>, Group) {
    ORDER_STATUSES.iter().find(|(word, _, _)| word.code == code).map_or((None, Group::Unsure), |(_, stage, group)| (*stage, *group))
}

/// The word of API 2.0 for what API 3.0 writes as a number; whatever is in no table survives as it is.
#[must_use]
pub fn word_of<'w>(table: &'w [Word], told: &'w str) -> &'w str {
    let number = told.parse::<i16>().ok();
    table.iter().find(|word| number.is_some() && word.v3 == number).map_or(told, |word| word.code)
}

/// [`word_of`] for order statuses.
#[must_use]
pub fn status_word(told: &str) -> &str {
    let number = told.parse::<i16>().ok();
    ORDER_STATUSES.iter().find(|(word, _, _)| number.is_some() && word.v3 == number).map_or(told, |(word, _, _)| word.code)
}

/// The number of API 3.0 for an order status; 0, which sets nothing, for a word without one.
#[must_use]
pub fn status_number(word: &str) -> i64 {
    ORDER_STATUSES.iter().find(|(it, _, _)| it.code == word).and_then(|(it, _, _)| it.v3).map_or(0, i64::from)
}

/// What people call an order status; an unknown word is its own name.
#[must_use]
pub fn order_status_name(code: &str) -> (&str, &str) {
    ORDER_STATUSES.iter().find(|(word, _, _)| word.code == code).map_or((code, code), |(word, _, _)| (word.vi, word.en))
}

/// A reason in words: Nhanh sends the code in some places and the words in others.
#[must_use]
pub fn order_reason(reason: &str) -> &str {
    ORDER_REASONS.iter().find(|word| word.code == reason).map_or(reason, |word| word.vi)
}

/// Every table, for `describe`.
#[must_use]
pub fn glossary() -> Vec<Term> {
    let statuses = ORDER_STATUSES.map(|(word, _, _)| word);
    let tables: [(&str, &[Word]); 8] = [
        ("product-status", &PRODUCT_STATUSES),
        ("product-type", &PRODUCT_TYPES),
        ("order-status", &statuses),
        ("order-reason", &ORDER_REASONS),
        ("order-type", &ORDER_TYPES),
        ("sale-channel", &SALE_CHANNELS),
        ("stock-document-type", &STOCK_DOCUMENT_TYPES),
        ("stock-document-mode", &STOCK_DOCUMENT_MODES),
    ];
    let term = |table: &str, word: &Word| {
        let label = Message::new(word.vi, word.en);
        let label = match word.v3 {
            Some(number) => label.number("v3", i64::from(number)),
            None => label,
        };
        Term { table: table.to_owned(), code: word.code.to_owned(), label }
    };
    tables.iter().flat_map(|(table, words)| words.iter().map(move |word| term(table, word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table as `code v3` lines, to compare with what the documents list.
    fn rows(words: &[Word]) -> String {
        let row = |it: &Word| it.v3.map_or_else(|| it.code.to_owned(), |number| format!("{} {number}", it.code));
        words.iter().map(row).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn product_words_are_all_there() {
        assert_eq!(rows(&PRODUCT_STATUSES), "New 1, Active 2, Inactive 3, OutOfStock 4");
        assert_eq!(rows(&PRODUCT_TYPES), "1 1, 2 2, 3 3, 4 4, 5 5, 6 6, 7 7, 8 8, 9 9, 10 10");
        let meanings = PRODUCT_STATUSES.map(|it| product_status(it.code));
        assert_eq!(meanings, [ProductStatus::Draft, ProductStatus::Active, ProductStatus::Inactive, ProductStatus::OutOfStock]);
        assert_eq!(product_status("Hidden"), ProductStatus::Unknown);
    }

    #[test]
    fn order_statuses_are_all_there_with_stage_and_group() {
        let rows: Vec<String> = ORDER_STATUSES
            .iter()
            .map(|(word, stage, group)| {
                format!("{} {} {} {group:?}", word.code, word.v3.unwrap(), stage.map_or_else(|| "-".to_owned(), |it| format!("{it:?}")))
            })
            .collect();
        let expected = [
            "New 54 OrderStage::New Early",
            "Confirming 55 OrderStage::Confirming Early",
            "CustomerConfirming 57 OrderStage::Confirming Unsure",
            "Confirmed 56 OrderStage::Confirming Early",
            "Packing 42 OrderStage::Packing OnItsWay",
            "Packed 40 OrderStage::Packing OnItsWay",
            "ChangeDepot 73 OrderStage::Packing Unsure",
            "Pickup 43 OrderStage::WaitingPickup OnItsWay",
            "Shipping 59 OrderStage::Shipping OnItsWay",
            "Success 60 OrderStage::Delivered Finished",
            "Failed 61 OrderStage::Failed Returned",
            "Canceled 63 OrderStage::Cancelled Cancelled",
            "Aborted 64 OrderStage::Cancelled Cancelled",
            "CarrierCanceled 58 OrderStage::Cancelled Cancelled",
            "SoldOut 68 - Unsure",
            "Returning 71 OrderStage::Returning Returned",
            "Returned 72 OrderStage::Returned Returned",
            "ConfirmReturned 74 OrderStage::Returned Returned",
        ];
        assert_eq!(rows, expected);
        assert_eq!(order_status("InProduction"), (None, Group::Unsure));
        assert_eq!(order_status_name("InProduction"), ("InProduction", "InProduction"));
    }

    #[test]
    fn reasons_types_channels_and_documents_are_all_there() {
        assert_eq!(
            rows(&ORDER_REASONS),
            "WrongProduct 1, HighShipFee 2, NotTransfer 3, Duplicated 4, CannotCall 5, SoldOut 6, WaitingTransfer 8, NotLikeProduct 9, \
             NotPleasureDeliverer 10, SlowShipping 11, Bought 12, CustomerNotAtHome 35, WrongAddress 14, NotBuy 16, CannotCallSender 19, \
             SellerNotSellOnline 20, SellerNotHandoverCarrier 22, SellerNotProcessOrder 29, WrongPickupAddress 24, WrongPrice 30, \
             SelfShipping 26, CarrierPickupLate 23, CarrierLostProduct 25, Other 18"
        );
        assert_eq!(rows(&ORDER_TYPES), "1 1, 2 2, 3 3, 4, 5 5, 10 10, 12 12, 14 14, 15 15, 16 16, 17 17");
        assert_eq!(
            rows(&SALE_CHANNELS),
            "1 1, 2 2, 10 10, 20 20, 21 21, 41 41, 42 42, 43 43, 45 45, 46, 47, 48 48, 49 49, 50 50, 51 51, 52 52"
        );
        assert_eq!(rows(&STOCK_DOCUMENT_TYPES), "1 1, 2 2");
        assert_eq!(
            rows(&STOCK_DOCUMENT_MODES),
            "1 1, 2 2, 3 3, 4 4, 5 5, 6 6, 8 8, 10 10, 18 18, 13 13, 14 14, 15 15, 16 16, 17 17, 19 19"
        );
        assert_eq!(order_reason("CannotCall"), "Không gọi được khách");
        assert_eq!(order_reason("Khách bận"), "Khách bận");
    }

    #[test]
    fn the_glossary_has_every_row_once() {
        let glossary = glossary();
        assert_eq!(glossary.len(), 4 + 10 + 18 + 24 + 11 + 16 + 2 + 15);
        let mut keys: Vec<_> = glossary.iter().map(|it| (it.table.as_str(), it.code.as_str())).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), glossary.len());
        let cancelled = glossary.iter().find(|it| it.table == "order-status" && it.code == "Canceled").unwrap();
        assert_eq!((cancelled.label.vi.as_str(), cancelled.label.arguments[0].value.as_str()), ("Khách hủy", "63"));
    }
}
