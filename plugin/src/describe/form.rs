//! The connection's form, in the order of the guide, each field with where its value is found.
//!
//! Keys are part of the agreement with the host and with saved connections: they never change meaning.

use crate::nhanh::wire::WIRES;
use crate::settings::{MARKETPLACES, key};
use crate::wit::connector::{Choice, Field, FieldKind};
use crate::wit::types::Message;

#[inline(never)]
fn field(key: &str, kind: FieldKind, label: (&str, &str), help: (&str, &str)) -> Field {
    Field {
        key: key.to_owned(),
        kind,
        required: false,
        min: 0,
        max: 255,
        mixed: false,
        operator_only: false,
        default: None,
        label: Message::new(label.0, label.1),
        help: Message::new(help.0, help.1),
    }
}

fn toggle(key: &str, label: (&str, &str), help: (&str, &str)) -> Field {
    Field { max: 3, default: Some("off".to_owned()), ..field(key, FieldKind::Toggle, label, help) }
}

fn number(key: &str, default: &str, label: (&str, &str), help: (&str, &str)) -> Field {
    Field { min: 1, max: 6, operator_only: true, default: Some(default.to_owned()), ..field(key, FieldKind::Number, label, help) }
}

fn marketplaces() -> Vec<Choice> {
    let names = ["Shopee", "Lazada", "TikTok Shop", "Tiki", "Sendo"];
    MARKETPLACES.iter().zip(names).map(|(value, name)| Choice { value: (*value).to_owned(), label: Message::new(name, name) }).collect()
}

/// The dialects, the one for new connections first.
fn versions() -> Vec<Choice> {
    // One whose last day is known says so where it is chosen.
    let choice = |version: &str, last_day: Option<&str>| {
        let name = format!("Nhanh.vn V{}", version.trim_end_matches(".0"));
        let (vi, en) = match last_day {
            Some(day) => (format!(", hết hỗ trợ sau {day}"), format!(", unsupported after {day}")),
            None => (String::new(), String::new()),
        };
        let label = Message::new(&format!("{name} (API {version}{vi})"), &format!("{name} (API {version}{en})"));
        Choice { value: version.to_owned(), label }
    };
    WIRES.iter().map(|it| choice(it.version(), it.last_day())).collect()
}

/// All fields.
pub(crate) fn fields() -> Vec<Field> {
    let mut fields = app();
    fields.extend(addresses());
    fields.extend(syncing());
    fields.extend(fine_tuning());
    fields
}

fn app() -> Vec<Field> {
    vec![
        Field {
            required: true,
            default: WIRES.first().map(|it| it.version().to_owned()),
            ..field(
                key::API_VERSION,
                FieldKind::Choice(versions()),
                ("Phần mềm", "Software"),
                (
                    "Kết nối mới chọn Nhanh.vn V3: Nhanh ngừng hỗ trợ Nhanh.vn V2 (API 2.0) sau ngày 30/11/2026. Đổi phiên bản cần đăng nhập lại Nhanh.vn; liên kết và lịch sử được giữ nguyên.",
                    "Choose Nhanh.vn V3 for a new connection: Nhanh ends Nhanh.vn V2 (API 2.0) after 30/11/2026. Another version needs a new login to Nhanh.vn; links and history are kept.",
                ),
            )
        },
        Field {
            required: true,
            min: 1,
            max: 20,
            ..field(
                key::APP_ID,
                FieldKind::Number,
                ("App ID", "App ID"),
                (
                    "Đăng nhập open.nhanh.vn, bấm \"Thêm mới\" để tạo app (Trạng thái: Đang hoạt động), lưu lại rồi bấm vào tên app để lấy App ID.",
                    "Log in to open.nhanh.vn, press \"Thêm mới\" to make an app (status: active), save it and click its name to see the App ID.",
                ),
            )
        },
        Field {
            required: true,
            min: 1,
            ..field(
                "client-secret",
                FieldKind::Secret,
                ("Client Secret", "Client secret"),
                (
                    "Mã \"Secret key\" ở cùng trang với App ID trên open.nhanh.vn. Mã được lưu mã hóa và không hiển thị lại.",
                    "The \"Secret key\" on the same page of open.nhanh.vn as the App ID. It is kept encrypted and not shown again.",
                ),
            )
        },
    ]
}

fn addresses() -> Vec<Field> {
    vec![
        field(
            "redirect-url",
            FieldKind::HostValue("redirect-url".to_owned()),
            ("Redirect URL", "Redirect URL"),
            (
                "Sao chép nguyên văn vào ô \"Redirect URL\" của app trên open.nhanh.vn.",
                "Copy it exactly into the app's \"Redirect URL\" on open.nhanh.vn.",
            ),
        ),
        field(
            "webhook-url",
            FieldKind::HostValue("webhook-url".to_owned()),
            ("Webhooks callback URL", "Webhooks callback URL"),
            (
                "Nếu cần nhận thay đổi ngay: bật Webhooks của app trên open.nhanh.vn, sao chép địa chỉ này vào \"Webhooks callback URL\" và tích các sự kiện (thêm paymentReceived ở 2.0, orderPartialReturn ở 3.0 nếu có). Một app chỉ có một địa chỉ.",
                "To hear of changes at once: switch the app's webhooks on at open.nhanh.vn, copy this into \"Webhooks callback URL\" and tick the events (also paymentReceived in 2.0, orderPartialReturn in 3.0 where it is offered). An app has one such address.",
            ),
        ),
        Field {
            min: 16,
            max: 128,
            mixed: true,
            ..field(
                "verify-token",
                FieldKind::Secret,
                ("Webhooks verify token", "Webhooks verify token"),
                (
                    "16–128 ký tự, có cả chữ và số, nhập giống hệt ở hai bên. Lưu ở đây trước, rồi mới lưu trên open.nhanh.vn. Có thể bỏ trống khi không dùng Webhooks.",
                    "16–128 characters with letters and digits, the same on both sides. Save it here first, then at open.nhanh.vn. It may stay empty without webhooks.",
                ),
            )
        },
    ]
}

fn syncing() -> Vec<Field> {
    vec![
        Field {
            required: true,
            ..field(
                "default-role",
                FieldKind::HostChoice("roles".to_owned()),
                ("Vai trò mặc định của người dùng", "Default role of users"),
                (
                    "Người dùng sau khi đồng bộ sẽ được gán vào vai trò này. Hiện người dùng chưa được đồng bộ nên giá trị chỉ được lưu, chưa dùng tới.",
                    "Users get this role once they are synced. Users are not synced yet, so the value is kept and unused.",
                ),
            )
        },
        toggle(
            key::SYNC_ORDERS,
            ("Thiết lập đồng bộ đơn hàng từ Nobi tới Nhanh", "Sync orders from Nobi to Nhanh"),
            (
                "ON: đơn tạo mới ở Nobi Pro, đơn \"Đã đối soát\", đơn hủy và đơn xóa được gửi sang Nhanh.vn. Đơn tạo trước khi bật không được gửi bù.",
                "ON: new, reconciled, cancelled and deleted orders of Nobi Pro's go to Nhanh.vn. Orders made before are not sent.",
            ),
        ),
        toggle(
            key::SYNC_STOCK_AND_PRICE,
            ("Thiết lập đồng bộ tồn và giá sản phẩm", "Sync stock and prices"),
            (
                "ON: lấy tồn và giá từ Nhanh.vn. Ở mục Tồn kho và Giá bán, chọn một: Chỉ lần đầu — sau đó tự quản lý ở Nobi Pro. Liên tục — luôn theo Nhanh.vn (nên chọn nếu bán nhiều kênh).",
                "ON: stock and prices come from Nhanh.vn. Choose one under Stock and Prices: first time only — from then on you keep them at Nobi Pro. Continuously — always as at Nhanh.vn (better if you sell on several channels).",
            ),
        ),
        Field {
            max: 4096,
            default: Some("[]".to_owned()),
            ..field(
                key::MARKETPLACE_ORDERS,
                FieldKind::Choices(marketplaces()),
                ("Gửi cả đơn từ sàn", "Also send marketplace orders"),
                (
                    "Chỉ chọn sàn mà gian hàng KHÔNG nối thẳng với Nhanh.vn; nếu không, mỗi đơn và tồn kho sẽ bị tính hai lần.",
                    "Choose only marketplaces whose shop is NOT linked to Nhanh.vn itself; otherwise each order and its stock count twice.",
                ),
            )
        },
    ]
}

fn fine_tuning() -> Vec<Field> {
    vec![
        field(
            key::DEFAULT_BRANCH_PHONE,
            FieldKind::Text,
            ("Số điện thoại mặc định của chi nhánh", "Default phone of branches"),
            ("Dùng cho kho không có số điện thoại trên Nhanh.vn.", "Used for depots without a phone at Nhanh.vn."),
        ),
        field(
            key::DEFAULT_BRANCH_REPRESENTATIVE,
            FieldKind::Text,
            ("Người đại diện mặc định của chi nhánh", "Default representative of branches"),
            ("Nobi Pro bắt buộc có người đại diện; Nhanh.vn không có thông tin này.", "Nobi Pro requires one; Nhanh.vn has none."),
        ),
        number(
            key::VISIBLE_AFTER_SECONDS,
            "120",
            ("Đơn mới hiện trên Nhanh.vn sau (giây)", "A new order shows at Nhanh.vn after (seconds)"),
            (
                "Trong khoảng này, không tìm thấy đơn chưa có nghĩa là đơn không có. Ít nhất 120; nên để mặc định.",
                "Until then an order that is not found may still be there. At least 120; the default is fine.",
            ),
        ),
        number(
            key::SINGLE_REFRESH_LIMIT,
            "50",
            ("Số mục cập nhật từng cái", "Records refreshed one by one"),
            (
                "Nhiều mục cần cập nhật hơn số này thì lấy lại toàn bộ danh sách. Nên để mặc định.",
                "With more records than this to refresh, the whole list is read instead. The default is fine.",
            ),
        ),
    ]
}
