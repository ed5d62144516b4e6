//! What a reply means before its data is looked at: Nhanh's envelope, its refusals, and everything that is no readable answer.
//!
//! A read that failed may be repeated; a write whose answer cannot be read may have taken effect and is [`FailureClass::Ambiguous`].
//! A readable `code` 0 is a refusal; whether one of a write surely changed nothing is for `writes` to say. Nhanh's own sentence may name
//! people, so it never goes out unfiltered.

#[cfg(test)]
mod tests;
mod writes;

use crate::nhanh::tree::Value;

use crate::nhanh::json::{self, Items, NoTree, Record};
use crate::vietnam::text;
use crate::wit::http::{Error, Response};
use crate::wit::types::{Failure, FailureClass, Instant, Message};

/// How long a lock lasts when Nhanh does not say: its documented window.
const DEFAULT_LOCK_SECONDS: i64 = 30;
/// No lock is believed to last longer than this; a clock may be wrong on either side.
const LONGEST_LOCK_SECONDS: i64 = 3600;

/// Messages are nested no deeper than this, as far as was seen.
const DEEPEST: usize = 4;

/// Whether a request changes something, which decides what an unreadable answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It can be repeated.
    Read,
    /// It may have taken effect.
    Write,
}

impl Access {
    fn unknown(self) -> FailureClass {
        match self {
            Access::Read => FailureClass::Transient,
            Access::Write => FailureClass::Ambiguous,
        }
    }
}

/// A readable refusal: `code` 0.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What the host does about it, and what a person is told.
    pub failure: Failure,
    /// Nhanh's sentence. Never shown as it is.
    raw: String,
    /// The same, folded for comparing.
    said: String,
    /// What says by itself what is refused; empty where there is none.
    error_code: String,
}

impl Refusal {
    /// Whether the sentence has one of these parts, which `|` separates.
    fn says(&self, parts: &str) -> bool {
        parts.split('|').any(|it| self.said.contains(it))
    }

    /// Nhanh has no record of that identifier, as far as its sentence tells.
    #[must_use]
    pub fn means_not_found(&self) -> bool {
        self.says("not found|not exist|không tìm thấy|không tồn tại")
    }

    /// Nothing but that there is no such product, word for word, as the detail of one product says it. Neither an error code nor another
    /// sentence is that.
    #[must_use]
    pub fn is_no_such_product(&self) -> bool {
        matches!(self.said.as_str(), "product not found" | "không tìm thấy sản phẩm")
    }

    /// Nhanh may already have a record of that own id.
    #[must_use]
    pub fn means_repeated(&self) -> bool {
        !self.means_not_found() && self.says("err_order_existed|already exist|exists already|duplicat|đã tồn tại|đã được tạo|trùng")
    }

    /// The refusal speaks of the own id, so that the order may be there already.
    #[must_use]
    pub fn names(&self, own_id: &str) -> bool {
        self.said.contains("apporderid") || self.said.contains(&text::folded(own_id))
    }

    /// The refusal speaks of the place that an address was given.
    #[must_use]
    pub fn names_place(&self) -> bool {
        self.says("cityid|districtid|wardid|locationversion")
    }

    /// The order was not sent to its carrier yet.
    #[must_use]
    pub fn means_not_at_carrier(&self) -> bool {
        self.said.contains("err_order_carrier_not_yet_sent")
    }

    /// Nothing but "no": neither rights, token, pace nor settings are at fault.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.failure.code == "nhanh.refused"
    }

    /// The failure, with these words of the record at hand blanked out of Nhanh's sentence.
    #[must_use]
    pub fn without(self, personal: &[&str]) -> Failure {
        if self.is_plain() && !self.raw.is_empty() { plain(&self.raw, "", personal) } else { self.failure }
    }
}

/// Why there is no data.
#[derive(Clone, Debug)]
pub enum NoData {
    /// There is no readable answer.
    Unreadable(Failure),
    /// The answer is no.
    Refused(Refusal),
}

impl From<NoData> for Failure {
    fn from(no: NoData) -> Self {
        match no {
            NoData::Unreadable(failure) => failure,
            NoData::Refused(refusal) => refusal.failure,
        }
    }
}

/// The whole reply as a tree. It is read before anything else, since its status says little: Nhanh refuses with 200.
///
/// # Errors
/// There is none.
pub fn tree(response: &Response, access: Access) -> Result<Value<'_>, NoData> {
    // What was changed is only known from an answer that can be read as a whole.
    let parse = if access == Access::Read { json::parse_page } else { json::parse };
    parse(&response.body).map_err(|no| NoData::Unreadable(unreadable(no, response.status, access)))
}

/// A readable answer that is no refusal.
#[derive(Debug)]
pub struct Reply<'t> {
    /// The record that holds `code` 1.
    pub record: Record<'t>,
    /// The whole text, for what has to be echoed as it came.
    pub text: &'t [u8],
}

/// What a tree says: the reply, when its `code` is 1.
///
/// # Errors
/// It is a refusal, or no answer of Nhanh's.
pub fn answer<'t>(tree: &'t Value<'t>, response: &'t Response, access: Access, now: Instant) -> Result<Reply<'t>, NoData> {
    let foreign = || NoData::Unreadable(unreadable(NoTree::Invalid, response.status, access));
    let record = Record::of(tree).ok_or_else(foreign)?;
    // Documented as a number; clients met `false` as well.
    let code = match record.raw("code") {
        Some(Value::Bool(yes)) => Some(i64::from(*yes)),
        _ => record.integer("code").ok().flatten(),
    };
    match code {
        Some(1) => Ok(Reply { record, text: &response.body }),
        Some(0) => Err(NoData::Refused(refusal(&record, now))),
        _ => Err(foreign()),
    }
}

/// A reply that is no such page as was asked for.
#[must_use]
pub fn foreign(field: &str) -> Failure {
    Failure::new(
        FailureClass::Transient,
        "nhanh.invalid-json",
        Message::new(
            "Nhanh.vn trả về dữ liệu không đúng dạng. Hệ thống sẽ tự thử lại.",
            "Nhanh.vn answered with data of another shape. It will be tried again.",
        ),
    )
    .at(format!("/{field}"))
}

/// What it means that there is no reply at all.
#[must_use]
pub fn no_reply(error: &Error, access: Access) -> Failure {
    match error {
        Error::Denied(_) => Failure::misconfigured(
            "nhanh.denied",
            Message::new(
                "Hệ thống không cho phép gọi tới địa chỉ này của Nhanh.vn. Hãy báo bộ phận hỗ trợ Nobi Pro.",
                "The host does not allow calls to this address of Nhanh.vn. Please tell Nobi Pro's support.",
            ),
        ),
        Error::Locked(milliseconds) => Failure::new(
            FailureClass::RateLimited(*milliseconds),
            "nhanh.locked",
            Message::new(
                "Đang chờ lượt gọi Nhanh.vn, sẽ tự chạy tiếp sau {seconds} giây.",
                "Waiting for a turn to call Nhanh.vn; goes on by itself in {seconds} seconds.",
            )
            .number("seconds", i64::from(milliseconds.div_ceil(1000))),
        ),
        Error::NotSent(_) => Failure::new(
            FailureClass::Transient,
            "nhanh.not-sent",
            Message::new(
                "Không kết nối được tới Nhanh.vn, chưa gửi gì. Hệ thống sẽ tự thử lại.",
                "Nhanh.vn could not be reached and nothing was sent. It will be tried again.",
            ),
        ),
        Error::NoAnswer(_) => Failure::new(access.unknown(), "nhanh.no-answer", no_answer(access)),
        Error::TooLarge => Failure::new(
            match access {
                Access::Read => FailureClass::Rejected,
                Access::Write => FailureClass::Ambiguous,
            },
            "nhanh.too-large",
            Message::new("Nhanh.vn trả lời quá lớn, không đọc được.", "Nhanh.vn's answer is too large to be read."),
        ),
    }
}

fn no_answer(access: Access) -> Message {
    match access {
        Access::Read => Message::new("Nhanh.vn không trả lời. Hệ thống sẽ tự thử lại.", "Nhanh.vn did not answer. It will be tried again."),
        Access::Write => Message::new(
            "Đã gửi nhưng Nhanh.vn không trả lời. Hệ thống sẽ kiểm tra bên Nhanh.vn trước khi gửi lại.",
            "It was sent but Nhanh.vn did not answer. Nhanh.vn is looked at before anything is sent again.",
        ),
    }
}

fn unreadable(no: NoTree, status: u16, access: Access) -> Failure {
    if status == 429 && access == Access::Read {
        return locked(DEFAULT_LOCK_SECONDS);
    }
    let (code, vi, en) = match (no, status) {
        (NoTree::Html, _) => ("nhanh.html", "một trang web thay vì dữ liệu", "a web page instead of data"),
        (_, 404) => ("nhanh.http-404", "\"không tìm thấy\"", "\"not found\""),
        (NoTree::Empty, _) => ("nhanh.empty-body", "nội dung rỗng", "an empty body"),
        (NoTree::Truncated, _) => ("nhanh.truncated", "dữ liệu bị cắt ngang", "data that is cut off"),
        (NoTree::Invalid, _) => ("nhanh.invalid-json", "dữ liệu không đọc được", "data that cannot be read"),
    };
    let message = match access {
        Access::Read => Message::new(
            "Nhanh.vn trả về {vi} (HTTP {status}). Hệ thống sẽ tự thử lại.",
            "Nhanh.vn answered with {en} (HTTP {status}). It will be tried again.",
        ),
        Access::Write => Message::new(
            "Đã gửi nhưng Nhanh.vn trả về {vi} (HTTP {status}). Hệ thống sẽ kiểm tra bên Nhanh.vn trước khi gửi lại.",
            "It was sent but Nhanh.vn answered with {en} (HTTP {status}). Nhanh.vn is looked at before anything is sent again.",
        ),
    };
    let mut message = message.number("status", i64::from(status));
    message.vi = message.vi.replace("{vi}", vi);
    message.en = message.en.replace("{en}", en);
    Failure::new(access.unknown(), code, message)
}

fn locked(seconds: i64) -> Failure {
    let seconds = seconds.clamp(1, LONGEST_LOCK_SECONDS);
    Failure::new(
        FailureClass::RateLimited(u32::try_from(seconds * 1000).unwrap_or(u32::MAX)),
        "nhanh.err-429",
        Message::new(
            "Nhanh.vn tạm khóa vì gọi quá nhanh, sẽ tự chạy tiếp sau {seconds} giây.",
            "Nhanh.vn locked this call for going too fast; goes on by itself in {seconds} seconds.",
        )
        .number("seconds", seconds),
    )
}

/// Nhanh's sentences: a text, a list, an object by field, or any of these inside one another; and the singular `message` of the rate limit.
fn sentences(record: &Record<'_>) -> String {
    let mut said = String::new();
    for value in ["messages", "message"].iter().filter_map(|it| record.told(it)) {
        gather(&mut said, "", value, DEEPEST);
    }
    said
}

fn gather(said: &mut String, field: &str, value: &Value<'_>, depth: usize) {
    if let (Some(items), true) = (Items::of(value).filter(|it| it.count_left() > 0), depth > 0) {
        for (key, it) in items {
            let dot = if field.is_empty() { "" } else { "." };
            match key.filter(|it| !text::is_digits(it)) {
                Some(key) => gather(said, &[field, dot, key].concat(), it, depth - 1),
                None => gather(said, field, it, depth - 1),
            }
        }
        return;
    }
    let Some(sentence) = json::text(value) else { return };
    let sentence = sentence.trim();
    if sentence.is_empty() {
        return;
    }
    if !said.is_empty() {
        said.push_str("; ");
    }
    if !field.is_empty() && !sentence.starts_with(field) {
        said.push_str(field);
        said.push_str(": ");
    }
    said.push_str(sentence);
}

/// What each refusal of Nhanh's means: by `errorCode`; by its sentence only where there is none, since a sentence about one field of a
/// record may hold any words, and what they would set off concerns the whole connection.
struct Meaning {
    /// Stable code of the failure.
    code: &'static str,
    /// What the host does.
    class: FailureClass,
    /// `errorCode`s.
    codes: &'static [&'static str],
    /// Parts of sentences, folded.
    said: &'static [&'static str],
    vi: &'static str,
    en: &'static str,
}

const MEANINGS: [Meaning; 9] = [
    Meaning {
        code: "nhanh.err-403",
        class: FailureClass::Forbidden,
        codes: &["ERR_403", "ERR_PAGE_403"],
        said: &["is not authorized for this feature"],
        vi: "Kết nối chưa được cấp quyền cho chức năng này. Đăng nhập lại Nhanh.vn bằng tài khoản có quyền và tích chọn quyền đó.",
        en: "The grant does not cover this feature. Log in to Nhanh.vn again with an account that has the right, and tick it.",
    },
    Meaning {
        code: "nhanh.token-invalid",
        class: FailureClass::Unauthorized,
        codes: &["ERR_INVALID_ACCESS_TOKEN", "ERR_401", "ERR_EXPIRED_ACCESS_TOKEN"],
        said: &[
            "invalid access token",
            "invalid accesstoken",
            "accesstoken is invalid",
            "access token is invalid",
            "token expired",
            "accesstoken expired",
            "token is expired",
            "accesstoken is expired",
            "token has expired",
            "authentication failed",
        ],
        vi: "Quyền truy cập Nhanh.vn đã hết hạn hoặc bị thu hồi. Đăng nhập lại Nhanh.vn để tiếp tục; chưa có dữ liệu nào bị mất.",
        en: "The grant at Nhanh.vn expired or was revoked. Log in to Nhanh.vn again to go on; nothing was lost.",
    },
    Meaning {
        code: "nhanh.api-off",
        class: FailureClass::Misconfigured,
        codes: &["ERR_BUSINESS_NOT_ENABLE_API"],
        said: &["not enable api", "not enabled open api"],
        vi: "Doanh nghiệp chưa bật \"Cho phép kết nối Open API\". Dùng tài khoản Giám đốc: Cài đặt chung → Cài đặt Open API.",
        en: "The business has not switched on \"Allow Open API connections\". As director: General settings → Open API settings.",
    },
    Meaning {
        code: "nhanh.app-invalid",
        class: FailureClass::Misconfigured,
        codes: &["ERR_INVALID_APP_ID"],
        said: &["invalid appid", "invalid app id", "app is inactive", "app is not active", "invalid secretkey", "invalid secret key"],
        vi: "App ID hoặc Client Secret (Secret key của app) không đúng, hoặc app đang tắt. Mở open.nhanh.vn, kiểm tra app \"Đang hoạt động\" và chép lại hai mã.",
        en: "The App ID or Client Secret (the app's Secret key) is wrong, or the app is switched off. Check on open.nhanh.vn that it is active and copy both again.",
    },
    Meaning {
        code: "nhanh.business-invalid",
        class: FailureClass::Misconfigured,
        codes: &["ERR_INVALID_BUSINESS_ID"],
        said: &["invalid businessid", "invalid business id"],
        vi: "Nhanh.vn không nhận ra doanh nghiệp của kết nối. Đăng nhập lại Nhanh.vn bằng tài khoản của đúng doanh nghiệp.",
        en: "Nhanh.vn does not know this connection's business. Log in again with an account of the right business.",
    },
    Meaning {
        code: "nhanh.version-refused",
        class: FailureClass::Unauthorized,
        codes: &["ERR_INVALID_VERSION"],
        said: &["invalid version"],
        vi: "Nhanh.vn không nhận quyền truy cập này cho phiên bản API của kết nối. Đăng nhập lại Nhanh.vn; nếu kết nối còn dùng Nhanh.vn V2 (ngừng sau ngày 30/11/2026) thì nâng cấp lên Nhanh.vn V3.",
        en: "Nhanh.vn does not accept this grant for the connection's API version. Log in to Nhanh.vn again; if the connection still uses Nhanh.vn V2 (which ends after 30/11/2026), upgrade it to Nhanh.vn V3.",
    },
    Meaning {
        code: "nhanh.feature-off",
        class: FailureClass::Forbidden,
        codes: &[],
        said: &["disabled this feature"],
        vi: "Doanh nghiệp đang tắt chức năng này trên Nhanh.vn. Bật lại trong phần cài đặt của Nhanh.vn.",
        en: "The business has switched this feature off at Nhanh.vn. Switch it on in Nhanh.vn's settings.",
    },
    Meaning {
        code: "nhanh.depot-invalid",
        class: FailureClass::Rejected,
        codes: &["ERR_INVALID_DEPOT_ID"],
        said: &[],
        vi: "Nhanh.vn không nhận kho hàng này: kho đã xóa hoặc ngoài phạm vi được cấp quyền.",
        en: "Nhanh.vn does not accept this depot: it was deleted or lies outside the grant.",
    },
    Meaning {
        code: "nhanh.invalid-data",
        class: FailureClass::Rejected,
        codes: &["ERR_INVALID_DATA"],
        said: &["invalid data"],
        vi: "Nhanh.vn không đọc được yêu cầu. Hãy báo bộ phận hỗ trợ Nobi Pro.",
        en: "Nhanh.vn could not read the request. Please tell Nobi Pro's support.",
    },
];

fn refusal(record: &Record<'_>, now: Instant) -> Refusal {
    let error_code = record.verbatim("errorCode").ok().flatten().unwrap_or_default();
    let raw = sentences(record);
    let said = text::folded(&[raw.as_str(), " ", error_code.as_ref()].concat());
    let silent = error_code.is_empty();
    let means = |it: &&Meaning| it.codes.contains(&error_code.as_ref()) || (silent && it.said.iter().any(|part| said.contains(part)));
    let failure = if matches!(error_code.as_ref(), "ERR_429" | "ERR_EXCEEDED_RATE_LIMIT") || (silent && said.contains("rate limit")) {
        locked(lock_seconds(record, now))
    } else if let Some(meaning) = MEANINGS.iter().find(means) {
        Failure::new(meaning.class, meaning.code, Message::new(meaning.vi, meaning.en))
    } else {
        plain(&raw, &error_code, &[])
    };
    Refusal { failure, raw, said, error_code: error_code.into_owned() }
}

fn plain(said: &str, error_code: &str, personal: &[&str]) -> Failure {
    let said = text::without_personal_data(said, personal);
    let said = match (said.is_empty(), error_code.is_empty()) {
        (false, _) => said,
        (true, false) => error_code.chars().filter(|it| it.is_ascii_alphanumeric() || *it == '_').take(64).collect(),
        (true, true) => {
            let message = Message::new("Nhanh.vn từ chối và không nói lý do.", "Nhanh.vn refused and gave no reason.");
            return Failure::rejected("nhanh.refused", message);
        }
    };
    Failure::rejected("nhanh.refused", Message::new("Nhanh.vn từ chối: {said}", "Nhanh.vn refused: {said}").with("said", &said))
}

fn lock_seconds(record: &Record<'_>, now: Instant) -> i64 {
    let Ok(Some(data)) = record.record("data") else { return DEFAULT_LOCK_SECONDS };
    if let Ok(Some(seconds)) = data.integer("lockedSeconds") {
        return seconds;
    }
    match data.integer("unlockedAt") {
        Ok(Some(at)) => at.saturating_sub(now.div_euclid(1000)),
        _ => DEFAULT_LOCK_SECONDS,
    }
}
