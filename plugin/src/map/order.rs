//! What of an order may go out, and as what: skips, own id, links, phone, money.
//!
//! Everything here is said without asking anyone and holds for every dialect. An order is never sent with a line that has no link (Nhanh
//! would create a product), to a branch without a depot, or with a sum that is not the order's own.

use sha2::{Digest, Sha256};

use crate::settings::{MARKETPLACES, Settings};
use crate::vietnam::money;
use crate::vietnam::phone::{self, Phone};
use crate::vietnam::text::{cut_characters, is_digits};
use crate::wit::orders::{Lock, Order, OrderEvent, OrderEventKind, OrderLine, PartyRole, Reconciliation};
use crate::wit::types::{Dong, Failure, Message, Reason, Warning};

/// Longest code that goes into an own id as it is: with tag and dash it fits the 20 characters of an update.
const LONGEST_CODE: usize = 15;

/// Most characters of a name in a sentence: what to do comes after it.
const LONGEST_ITEM: usize = 60;

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// The order is made.
    Create,
    /// The order is called off.
    Cancel(Target),
    /// The order is deleted at Nobi.
    Delete,
    /// The carrier's statement says delivered.
    Settle,
    /// The carrier's statement says that all or a part came back.
    TakeBack,
}

/// The status that a cancel asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The buyer did it.
    ByBuyer,
    /// Anyone else did, or nobody knows.
    ByOthers,
}

impl Intent {
    /// The status that Nhanh is asked for; `None` where there is nothing to ask for.
    #[must_use]
    pub fn status(self) -> Option<&'static str> {
        match self {
            Intent::Create | Intent::TakeBack => None,
            Intent::Cancel(Target::ByBuyer) => Some("Canceled"),
            Intent::Cancel(Target::ByOthers) | Intent::Delete => Some("Aborted"),
            Intent::Settle => Some("Success"),
        }
    }
}

fn skip(code: &str, vi: &str, en: &str) -> Reason {
    Reason::new(code, Message::new(vi, en))
}

/// What the event asks for, unless it is one that does not go out.
///
/// # Errors
/// Why it does not: a visible skip.
pub fn intent(settings: Settings<'_>, event: &OrderEvent) -> Result<Intent, Reason> {
    if !settings.orders() {
        return Err(skip(
            "skip.orders-off",
            "\"Thiết lập đồng bộ đơn hàng\" đang OFF nên đơn này không được gửi sang Nhanh.vn.",
            "\"Sync orders\" is OFF, so this order is not sent to Nhanh.vn.",
        ));
    }
    if event.order.lock == Lock::Licence {
        return Err(skip(
            "skip.locked",
            "Đơn tạm khóa do vượt số đơn của gói. Nâng gói Nobi Pro để mở khóa rồi gửi lại.",
            "The order is locked because the licence's number of orders is used up. Upgrade Nobi Pro, then send it again.",
        ));
    }
    let source = event.order.source.trim();
    if MARKETPLACES.iter().any(|it| it.eq_ignore_ascii_case(source)) && !settings.marketplace(source) {
        let reason = skip(
            "skip.marketplace",
            "Đơn từ sàn {source} không được gửi, vì gian hàng thường đã nối thẳng với Nhanh.vn và đơn sẽ bị nhân đôi. Có thể bật trong form kết nối.",
            "Orders of {source} are not sent: the shop is often linked to Nhanh.vn as well and each would be there twice. The form can allow it.",
        );
        return Err(Reason { message: reason.message.with("source", &source.to_ascii_lowercase()), ..reason });
    }
    match &event.kind {
        OrderEventKind::Created => Ok(Intent::Create),
        OrderEventKind::Cancelled(PartyRole::Buyer) => Ok(Intent::Cancel(Target::ByBuyer)),
        OrderEventKind::Cancelled(_) => Ok(Intent::Cancel(Target::ByOthers)),
        OrderEventKind::Deleted => Ok(Intent::Delete),
        OrderEventKind::Reconciled(Reconciliation::Delivered) => Ok(Intent::Settle),
        OrderEventKind::Reconciled(_) => Ok(Intent::TakeBack),
        OrderEventKind::Updated | OrderEventKind::Status(_) => Err(skip(
            "skip.not-pushed-by-guide",
            "Chỉ đơn tạo mới, \"Đã đối soát\", hủy và xóa được gửi sang Nhanh.vn; thay đổi này chỉ lưu ở Nobi Pro.",
            "Only new, reconciled, cancelled and deleted orders are sent to Nhanh.vn; this change stays at Nobi Pro.",
        )),
    }
}

/// The skip of an order that never went out.
#[must_use]
pub fn never_pushed() -> Reason {
    skip(
        "skip.never-pushed",
        "Đơn này chưa từng được gửi sang Nhanh.vn, không có gì để cập nhật.",
        "This order was never sent to Nhanh.vn; there is nothing to update.",
    )
}

/// The skip of an order that was sent and, after every look-up that the rules ask for, is not there.
#[must_use]
pub fn never_arrived() -> Reason {
    skip(
        "skip.never-arrived",
        "Lần gửi trước không tới được Nhanh.vn (đã kiểm tra lại), không có gì để hủy.",
        "The earlier try did not reach Nhanh.vn (it was looked up again); there is nothing to cancel.",
    )
}

/// What the order is called at Nhanh: `<tag>-<code>`, at most 20 ASCII characters.
///
/// # Errors
/// The connection has no tag.
pub fn own_id(settings: Settings<'_>, order: &Order) -> Result<String, Failure> {
    let tag = settings.tag()?;
    let mut own = String::with_capacity(tag.len() + 1 + LONGEST_CODE);
    own.push_str(tag);
    own.push('-');
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'-';
    if (1..=LONGEST_CODE).contains(&order.code.len()) && order.code.bytes().all(plain) {
        own.push_str(&order.code);
    } else {
        push_base32(&mut own, &Sha256::digest(order.id.as_bytes()));
    }
    Ok(own)
}

/// The first characters of lower-case base32 (RFC 4648): five bits each. Fifteen take 75 bits, so that two of a shop's orders never meet.
fn push_base32(text: &mut String, digest: &[u8]) {
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut bytes = digest.iter();
    for _ in 0..LONGEST_CODE {
        if held < 5 {
            bits = bits << 8 | u32::from(*bytes.next().unwrap_or(&0));
            held += 8;
        }
        held -= 5;
        let five = u8::try_from(bits >> held & 31).unwrap_or(0);
        text.push(char::from(if five < 26 { b'a' + five } else { b'2' + (five - 26) }));
    }
}

/// Whether an own id at Nhanh says that the order is this connection's.
#[must_use]
pub fn is_ours(tag: &str, own_id: &str) -> bool {
    own_id.strip_prefix(tag).is_some_and(|rest| rest.starts_with('-'))
}

/// The phone to send and to look up by: canonical where there is such a form.
///
/// # Errors
/// `order.phone-missing`, `order.phone-masked`.
pub fn phone(order: &Order) -> Result<String, Failure> {
    match phone::read(&order.recipient.phone) {
        Phone::Number(number) => Ok(number),
        Phone::Missing => Err(Failure::rejected(
            "order.phone-missing",
            Message::new(
                "Đơn chưa có số điện thoại người nhận; Nhanh.vn bắt buộc có. Bổ sung số điện thoại rồi gửi lại.",
                "The order has no recipient's phone, which Nhanh.vn requires. Add one and send it again.",
            ),
        )
        .at("/recipient/phone")),
        Phone::Masked => Err(Failure::rejected(
            "order.phone-masked",
            Message::new(
                "Số điện thoại người nhận bị sàn che (***), không gửi sang Nhanh.vn được. Nhập số đầy đủ rồi gửi lại.",
                "The marketplace masked the recipient's phone (***), so the order cannot go to Nhanh.vn. Enter the whole number and send it again.",
            ),
        )
        .at("/recipient/phone")),
        Phone::Other if order.recipient.phone.bytes().any(|it| it.is_ascii_digit()) => {
            Ok(order.recipient.phone.chars().filter(|it| it.is_ascii_digit() || *it == '+').collect())
        }
        Phone::Other => Err(Failure::rejected(
            "order.phone-missing",
            Message::new(
                "Ô số điện thoại người nhận không có chữ số nào. Sửa lại rồi gửi lại.",
                "The recipient's phone has no digit in it. Correct it and send it again.",
            ),
        )
        .at("/recipient/phone")),
    }
}

/// One line of an order that may go out.
#[derive(Clone, Copy, Debug)]
pub struct Line<'o> {
    /// The line.
    pub line: &'o OrderLine,
    /// The linked product.
    pub product: &'o str,
    /// Quantity times price, rounded half up, tax on top; the line's discount is not taken off.
    pub before_discount: i128,
}

/// An order that passed every check and may go out.
#[derive(Debug)]
pub struct Checked<'o> {
    /// The order.
    pub order: &'o Order,
    /// What it is called at Nhanh.
    pub own_id: String,
    /// The linked depot.
    pub depot: &'o str,
    /// The phone to send.
    pub phone: String,
    /// Its lines.
    pub lines: Vec<Line<'o>>,
}

/// Checks everything that can be checked without asking anyone.
///
/// # Errors
/// Why the order may not go out as it is.
pub fn check<'o>(settings: Settings<'_>, order: &'o Order) -> Result<Checked<'o>, Failure> {
    let depot = depot(settings, order)?;
    let lines = order.lines.iter().enumerate().map(|(at, line)| check_line(at, line)).collect::<Result<Vec<_>, _>>()?;
    let phone = phone(order)?;
    check_sum(order, &lines)?;
    Ok(Checked { order, own_id: own_id(settings, order)?, depot, phone, lines })
}

fn depot<'o>(settings: Settings<'_>, order: &'o Order) -> Result<&'o str, Failure> {
    let Some(depot) = order.remote_branch.as_deref().filter(|it| is_digits(it)) else {
        return Err(Failure::rejected(
            "order.branch-not-linked",
            Message::new(
                "Chi nhánh xuất hàng chưa liên kết với kho nào của Nhanh.vn. Đồng bộ Chi nhánh rồi gửi lại đơn.",
                "The order's branch is not linked to a depot of Nhanh.vn's. Sync the branches and send the order again.",
            )
            .with("branch", order.branch.as_str()),
        )
        .at("/remote-branch"));
    };
    let account = settings.account()?;
    if !account.branches.is_empty() && !account.branches.iter().any(|it| it == depot) {
        return Err(Failure::rejected(
            "order.branch-out-of-scope",
            Message::new(
                "Kho {depot} nằm ngoài các kho được cấp quyền. Đăng nhập lại Nhanh.vn và chọn thêm kho này rồi gửi lại đơn.",
                "Depot {depot} is not among those of the grant. Log in to Nhanh.vn again with this depot and send the order again.",
            )
            .with("depot", depot),
        )
        .about(depot)
        .at("/remote-branch"));
    }
    Ok(depot)
}

fn check_line(at: usize, line: &OrderLine) -> Result<Line<'_>, Failure> {
    let reject = |code: &str, vi: &str, en: &str, field: &str| {
        let sku = line.sku.as_deref().map(str::trim).unwrap_or_default();
        let item = if sku.is_empty() { cut_characters(line.name.trim(), LONGEST_ITEM).0 } else { sku };
        let message = Message::new(vi, en).number("line", at as i64 + 1).with("item", item);
        Failure::rejected(code, message).at(format!("/lines/{at}/{field}"))
    };
    let Some(product) = line.remote_product.as_deref().filter(|it| is_digits(it)) else {
        return Err(reject(
            "order.line-not-linked",
            "Dòng {line} ({item}) chưa liên kết với sản phẩm nào của Nhanh.vn. Đồng bộ Sản phẩm rồi gửi lại đơn.",
            "Line {line} ({item}) is not linked to a product of Nhanh.vn's. Sync the products and send the order again.",
            "remote-product",
        ));
    };
    if line.remote_is_parent {
        return Err(reject(
            "order.line-is-parent",
            "Dòng {line} ({item}) đang liên kết với sản phẩm cha trên Nhanh.vn. Chọn đúng phân loại (màu, size…) rồi gửi lại đơn.",
            "Line {line} ({item}) is linked to the head of a family at Nhanh.vn. Choose the variant and send the order again.",
            "remote-is-parent",
        )
        .about(product));
    }
    if line.quantity <= 0 {
        return Err(reject(
            "order.line-quantity",
            "Dòng {line} ({item}) có số lượng bằng 0 hoặc âm.",
            "Line {line} ({item}) has a quantity of 0 or less.",
            "quantity",
        ));
    }
    for (amount, field) in [(line.unit_price, "unit-price"), (line.discount, "discount"), (line.vat, "vat")] {
        if amount < 0 {
            return Err(reject(
                "order.negative-amount",
                "Dòng {line} ({item}) có số tiền âm.",
                "Line {line} ({item}) has a negative amount.",
                field,
            ));
        }
    }
    let before_discount = money::line_gross(line.quantity, line.unit_price) + i128::from(line.vat);
    Ok(Line { line, product, before_discount })
}

fn check_sum(order: &Order, lines: &[Line<'_>]) -> Result<(), Failure> {
    let amounts: [(Dong, &str); 5] = [
        (order.discount, "/discount"),
        (order.points, "/points"),
        (order.deposit, "/deposit"),
        (order.transfer, "/transfer"),
        (order.customer_ship_fee, "/customer-ship-fee"),
    ];
    if let Some((_, field)) = amounts.iter().find(|(amount, _)| *amount < 0) {
        return Err(
            Failure::rejected("order.negative-amount", Message::new("Đơn có số tiền âm.", "The order has a negative amount.")).at(*field)
        );
    }
    let goods: i128 = lines.iter().map(|it| it.before_discount - i128::from(it.line.discount)).sum();
    let off = [order.discount, order.points, order.deposit, order.transfer].map(i128::from).iter().sum::<i128>();
    let sum = goods + i128::from(order.customer_ship_fee) - off;
    if sum != i128::from(order.to_collect) {
        return Err(Failure::rejected(
            "order.sum-mismatch",
            Message::new(
                "Tiền thu hộ của đơn là {stated} ₫, nhưng tiền hàng cộng phí ship, trừ các khoản giảm và đã trả, là {computed} ₫. Sửa đơn cho khớp rồi gửi lại.",
                "The order says {stated} ₫ to collect, but goods and shipping less discounts and payments are {computed} ₫. Correct the order and send it again.",
            )
            .dong("stated", order.to_collect.into())
            .dong("computed", sum),
        )
        .at("/to-collect"));
    }
    if sum < 0 {
        return Err(Failure::rejected(
            "order.sum-negative",
            Message::new(
                "Tiền thu hộ của đơn bị âm ({stated} ₫): giảm giá, điểm, đặt cọc và chuyển khoản ({off} ₫) lớn hơn tiền hàng và phí ship ({goods} ₫).",
                "The order's amount to collect is negative ({stated} ₫): discounts, points and payments ({off} ₫) exceed goods and shipping ({goods} ₫).",
            )
            .dong("off", off)
            .dong("goods", sum + off)
            .dong("stated", order.to_collect.into()),
        )
        .at("/to-collect"));
    }
    Ok(())
}

/// A warning about a field of the order.
#[must_use]
pub fn warning(code: &str, vi: &str, en: &str, field: &str) -> Warning {
    Warning::new(code, Message::new(vi, en)).at(field)
}
