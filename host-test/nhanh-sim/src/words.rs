//! The words Nhanh uses: statuses, types and channels with their Vietnamese labels (reference sections 3.9, 3.10, 4.4 to 4.6).
//!
//! Whole tables and nothing else.

/// Order statuses: code, label in lists. `ConfirmReturned` is absent from the documents and seen in real code.
pub static ORDER_STATUSES: &[(&str, &str)] = &[
    ("New", "Đơn mới"),
    ("Confirming", "Đang xác nhận"),
    ("CustomerConfirming", "Chờ khách xác nhận"),
    ("Confirmed", "Đã xác nhận"),
    ("Packing", "Đang đóng gói"),
    ("Packed", "Đã đóng gói"),
    ("ChangeDepot", "Đổi kho xuất hàng"),
    ("Pickup", "Chờ thu gom"),
    ("Shipping", "Đang chuyển"),
    ("Success", "Thành công"),
    ("Failed", "Thất bại"),
    ("Canceled", "Khách hủy"),
    ("Aborted", "Hệ thống hủy"),
    ("CarrierCanceled", "Hãng vận chuyển hủy đơn"),
    ("SoldOut", "Hết hàng"),
    ("Returning", "Đang chuyển hoàn"),
    ("Returned", "Đã chuyển hoàn"),
    ("ConfirmReturned", "Xác nhận hoàn"),
];

/// Product statuses.
pub static PRODUCT_STATUSES: &[&str] = &["New", "Active", "Inactive", "OutOfStock"];

/// Product types: number, label.
pub static PRODUCT_TYPES: &[(i64, &str)] = &[
    (1, "Sản phẩm"),
    (2, "Voucher"),
    (3, "Sản phẩm theo cân nặng"),
    (4, "Sản phẩm theo IMEI"),
    (5, "Gói sản phẩm"),
    (6, "Dịch vụ"),
    (7, "Dụng cụ"),
    (8, "Sản phẩm theo lô"),
    (9, "Combo"),
    (10, "Nhiều đơn vị tính"),
];

/// Order types: number, word in v2, label.
pub static ORDER_TYPES: &[(i64, &str, &str)] = &[
    (1, "Shipping", "Giao hàng tận nhà"),
    (2, "Shopping", "Khách tới mua tại cửa hàng"),
    (3, "PreOrder", "Đặt trước"),
    (4, "Trial", "Dùng thử"),
    (5, "GiftExchange", "Đổi quà"),
    (10, "Quotation", "Báo giá"),
    (12, "Exchange", "Đổi sản phẩm"),
    (14, "CustomerReturn", "Khách trả hàng"),
    (15, "DepotTransfer", "Chuyển kho"),
    (16, "PartialReturn", "Trả hàng một phần"),
    (17, "Compensation", "Đền bù mất hàng"),
];

/// Sale channels: number, name.
pub static SALE_CHANNELS: &[(i64, &str)] = &[
    (1, "Admin"),
    (2, "Website"),
    (10, "API"),
    (20, "Facebook"),
    (21, "Instagram"),
    (41, "Lazada"),
    (42, "Shopee"),
    (43, "Sendo"),
    (45, "Tiki"),
    (46, "Zalo Shop"),
    (47, "1Landing"),
    (48, "Tiktok Shop"),
    (49, "Zalo OA"),
    (50, "Shopee Chat"),
    (51, "Lazada Chat"),
    (52, "Zalo cá nhân"),
];

/// The label of an order status in lists; unknown codes are shown as they are.
pub fn order_status_label(code: &str) -> &str {
    ORDER_STATUSES.iter().find(|(known, _)| *known == code).map_or(code, |(_, label)| label)
}

/// The label of an order status in webhooks, where New reads "Mới" (reference section 4.4).
pub fn order_status_short_label(code: &str) -> &str {
    if code == "New" { "Mới" } else { order_status_label(code) }
}

/// The label of a product type.
pub fn product_type_label(id: i64) -> &'static str {
    PRODUCT_TYPES.iter().find(|(known, _)| *known == id).map_or("Khác", |(_, label)| label)
}

/// The word of an order type and its label.
pub fn order_type(id: i64) -> (&'static str, &'static str) {
    ORDER_TYPES.iter().find(|(known, _, _)| *known == id).map_or(("Other", "Khác"), |(_, word, label)| (word, label))
}

/// Order statuses of 3.0: number, code of 2.0 (3.0 reference section 3).
pub static ORDER_STATUS_NUMBERS: &[(i64, &str)] = &[
    (54, "New"),
    (55, "Confirming"),
    (57, "CustomerConfirming"),
    (56, "Confirmed"),
    (42, "Packing"),
    (40, "Packed"),
    (73, "ChangeDepot"),
    (43, "Pickup"),
    (59, "Shipping"),
    (60, "Success"),
    (61, "Failed"),
    (63, "Canceled"),
    (64, "Aborted"),
    (58, "CarrierCanceled"),
    (68, "SoldOut"),
    (71, "Returning"),
    (72, "Returned"),
    (74, "ConfirmReturned"),
];

/// Product statuses of 3.0: number, word of 2.0.
pub static PRODUCT_STATUS_NUMBERS: &[(i64, &str)] = &[(1, "New"), (2, "Active"), (3, "Inactive"), (4, "OutOfStock")];

/// What 3.0 writes for a status that no document names.
pub const UNKNOWN_STATUS: i64 = 99;

fn number_of(table: &[(i64, &str)], word: &str) -> i64 {
    table.iter().find(|(_, known)| *known == word).map_or(UNKNOWN_STATUS, |(number, _)| *number)
}

/// The word of a number; one that no document names has none, and keeps its number as text, which no row has.
fn numbered(table: &[(i64, &str)], number: i64) -> String {
    table.iter().find(|(known, _)| *known == number).map_or_else(|| number.to_string(), |(_, word)| (*word).to_owned())
}

/// A step of an order's history in words, by its number in 3.0; the wording is invented, since 2.0 documents none.
pub fn order_step_label(number: i64) -> &'static str {
    match number {
        1 => "Thêm đơn hàng",
        22 => "Gộp đơn hàng",
        41 => "Sao chép đơn hàng",
        _ => "Đổi trạng thái",
    }
}

/// The number of an order status in 3.0.
pub fn order_status_number(code: &str) -> i64 {
    number_of(ORDER_STATUS_NUMBERS, code)
}

/// The code of an order status that 3.0 names by number.
pub fn order_status_numbered(number: i64) -> String {
    numbered(ORDER_STATUS_NUMBERS, number)
}

/// The number of a product status in 3.0.
pub fn product_status_number(word: &str) -> i64 {
    number_of(PRODUCT_STATUS_NUMBERS, word)
}

/// The word of a product status that 3.0 names by number.
pub fn product_status_numbered(number: i64) -> String {
    numbered(PRODUCT_STATUS_NUMBERS, number)
}

/// Labels of orders: id, name, background colour.
pub static ORDER_TAGS: &[(i64, &str, &str)] =
    &[(801, "Gấp", "#ff0000"), (802, "Khách quen", "#00aa00"), (803, "Gọi trước khi giao", "#0000ff")];

/// Carriers: id, name (the ones that the references name).
pub static CARRIERS: &[(i64, &str)] =
    &[(5, "Giaohangnhanh"), (8, "Giaohangtietkiem"), (12, "Tự vận chuyển"), (24, "J&T Express"), (29, "SPX")];

/// The name of a carrier.
pub fn carrier_name(id: i64) -> Option<&'static str> {
    CARRIERS.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}
