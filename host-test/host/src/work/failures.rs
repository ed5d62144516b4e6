//! What the host does about a failure. It decides from the class alone, and in this one place.

use crate::contract::http;
use crate::contract::types::{Argument, Failure, FailureClass, Message};
use crate::sandbox::CallError;
use crate::work::own_failure;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Again, with back-off.
    Again,
    /// Again after so many milliseconds; the path stays closed until then.
    AgainAfter(u32),
    /// Once there is what is wanting, and now and then until then.
    Hold,
    /// The connection pauses; what waits goes on waiting.
    PauseConnection,
    /// The stream pauses; the others go on.
    PauseStream,
    /// It will never pass: a person looks.
    GiveUp,
}

/// What to do about a failure of this class.
pub fn disposition(class: &FailureClass) -> Disposition {
    match class {
        FailureClass::Transient | FailureClass::Ambiguous => Disposition::Again,
        FailureClass::Held => Disposition::Hold,
        FailureClass::RateLimited(ms) => Disposition::AgainAfter(*ms),
        FailureClass::Unauthorized => Disposition::PauseConnection,
        FailureClass::Forbidden | FailureClass::Misconfigured => Disposition::PauseStream,
        FailureClass::Rejected | FailureClass::Conflict | FailureClass::Unsupported => Disposition::GiveUp,
    }
}

/// A sentence in both languages.
pub fn message(vi: &str, en: &str, arguments: &[(&str, &str)]) -> Message {
    let arguments = arguments.iter().map(|(name, value)| Argument { name: (*name).to_owned(), value: (*value).to_owned() });
    Message { vi: vi.to_owned(), en: en.to_owned(), arguments: arguments.collect() }
}

/// A call that gave no answer.
pub(super) fn of_call(error: &CallError) -> Failure {
    let class = if error.retry_may_help() { FailureClass::Transient } else { FailureClass::Rejected };
    let code = match error {
        CallError::Trap(_) => "host.connector-stopped",
        CallError::Limit(_) => "host.connector-limit",
        CallError::Host(_) => "host.call",
    };
    let detail = error.to_string();
    let (vi, en) = if error.retry_may_help() {
        ("Chưa xử lý xong kịp; hệ thống sẽ tự thử lại.", "It was not done in time; it is tried again by itself.")
    } else {
        (
            "Phần kết nối dừng giữa chừng khi xử lý dữ liệu. Không có gì bị mất; hãy báo bộ phận hỗ trợ kèm mã lỗi.",
            "The connector stopped half-way. Nothing is lost; tell support, with the code.",
        )
    };
    let mut failure = own_failure(class, code, vi, en);
    failure.message.arguments.push(Argument { name: "detail".to_owned(), value: detail });
    failure
}

/// A read that brought no reply.
pub(super) fn of_read(error: &http::Error) -> Failure {
    let (class, code, vi, en) = match error {
        http::Error::Denied(_) => (
            FailureClass::Misconfigured,
            "host.denied",
            "Yêu cầu không được phép gửi đi: kết nối chưa được cấp quyền, hoặc địa chỉ không nằm trong danh sách cho phép.",
            "The request may not be sent: the connection has no grant, or the address is not allowed.",
        ),
        http::Error::Locked(ms) => (
            FailureClass::RateLimited(*ms),
            "host.pace",
            "Đang chờ đến lượt gọi Nhanh.vn. Hệ thống sẽ tự tiếp tục.",
            "Waiting for its turn at Nhanh.vn. It goes on by itself.",
        ),
        http::Error::NotSent(_) => (
            FailureClass::Transient,
            "host.not-sent",
            "Chưa kết nối được tới máy chủ. Hệ thống sẽ tự thử lại.",
            "The server could not be reached. It is tried again by itself.",
        ),
        http::Error::NoAnswer(_) => (
            FailureClass::Transient,
            "host.no-answer",
            "Máy chủ không trả lời trọn vẹn. Hệ thống sẽ tự thử lại.",
            "The server gave no whole answer. It is tried again by itself.",
        ),
        http::Error::TooLarge => {
            (FailureClass::Rejected, "host.too-large", "Dữ liệu trả về lớn hơn mức cho phép.", "The answer is larger than allowed.")
        }
    };
    let mut failure = own_failure(class, code, vi, en);
    if let http::Error::Denied(detail) | http::Error::NotSent(detail) | http::Error::NoAnswer(detail) = error {
        failure.message.arguments.push(Argument { name: "detail".to_owned(), value: detail.clone() });
    }
    failure
}
