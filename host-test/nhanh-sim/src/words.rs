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
