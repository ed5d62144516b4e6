//! Dead letters as a person reads them: one group for each cause, with what happened, what happens by itself, and what the person can do.

use std::collections::BTreeMap;

use serde::Serialize;

use super::failures::{Disposition, disposition};
use super::{Host, message};
use crate::contract::types::{FailureClass, Message};
use crate::names;
use crate::store::{ConnectionId, DeadLetter, LetterId, Replay, StoreError};

/// Dead letters with one cause.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cause {
    /// The failure's code.
    pub code: String,
    /// `order` or `delivery`.
    pub of: &'static str,
    /// The failure's class.
    pub class: Option<&'static str>,
    /// What happened, as the first of them tells it.
    pub happened: Message,
    /// What happens by itself.
    pub by_itself: Message,
    /// What a person can do.
    pub for_you: Message,
    /// All of them, oldest first.
    pub letters: Vec<DeadLetter>,
}

/// What is said where no failure was written down.
const UNKNOWN: &str = "host.unknown-cause";

impl Host {
    /// The dead letters of a connection, grouped by cause: orders first, the largest group first.
    pub async fn dead_letters(&self, connection: ConnectionId) -> Result<Vec<Cause>, StoreError> {
        self.store.connection(connection).await?;
        let mut causes: BTreeMap<(bool, String), Cause> = BTreeMap::new();
        for letter in self.store.dead_letters(connection).await? {
            let is_delivery = matches!(letter.id, LetterId::Delivery(_));
            let code = letter.failure.as_ref().map_or_else(|| UNKNOWN.to_owned(), |failure| failure.code.clone());
            let cause = causes.entry((is_delivery, code.clone())).or_insert_with(|| cause(code, is_delivery, &letter));
            cause.letters.push(letter);
        }
        let mut causes: Vec<Cause> = causes.into_values().collect();
        causes.sort_by_key(|cause| (cause.of == "delivery", std::cmp::Reverse(cause.letters.len())));
        Ok(causes)
    }

    /// Queues dead letters again. An event that a later one of the same order has overtaken is left alone.
    pub async fn replay_letters(&self, connection: ConnectionId, ids: Vec<LetterId>) -> Result<Vec<(LetterId, Replay)>, StoreError> {
        let replayed = self.store.replay(connection, ids, self.clock.now()).await?;
        self.nudge();
        Ok(replayed)
    }
}

fn cause(code: String, is_delivery: bool, letter: &DeadLetter) -> Cause {
    let failure = letter.failure.as_ref();
    let unknown = || message("Không rõ nguyên nhân.", "The cause is not known.", &[]);
    Cause {
        code,
        of: if is_delivery { "delivery" } else { "order" },
        class: failure.map(|failure| names::failure_class(&failure.class)),
        happened: failure.map_or_else(unknown, |failure| failure.message.clone()),
        by_itself: by_itself(is_delivery, failure.map(|failure| &failure.class)),
        for_you: for_you(is_delivery, failure.map(|failure| &failure.class)),
        letters: Vec::new(),
    }
}

/// What happens by itself.
pub(crate) fn by_itself(is_delivery: bool, class: Option<&FailureClass>) -> Message {
    if !is_delivery && class.is_some_and(goes_on) {
        message(
            "Hệ thống vẫn tự kiểm tra lại; mục này tự đóng khi xong.",
            "It is looked at again by itself, and this closes once it is settled.",
            &[],
        )
    } else if is_delivery {
        message(
            "Đã tự thử nhiều lần và dừng lại. Lần đồng bộ sau vẫn lấy lại dữ liệu của mục có bật đồng bộ.",
            "It was tried many times and rests now. The next sync brings the data of streams that are synced all the same.",
            &[],
        )
    } else {
        message(
            "Hệ thống không tự gửi lại khi bạn chưa quyết định, để không tạo đơn trùng.",
            "Nothing is sent again without you, so that no order is made twice.",
            &[],
        )
    }
}

/// Whether an order with a failure of this class is tried on while a person knows of it.
pub(crate) fn goes_on(class: &FailureClass) -> bool {
    matches!(disposition(class), Disposition::Again | Disposition::AgainAfter(_))
}

fn for_you(is_delivery: bool, class: Option<&FailureClass>) -> Message {
    match (is_delivery, class) {
        (true, _) => message(
            "Báo bộ phận hỗ trợ kèm mã lỗi; khi đã sửa thì thử lại (replay), hoặc bỏ qua kèm ghi chú (discard).",
            "Tell support, with the code; replay once that is mended, or discard with a note.",
            &[],
        ),
        (false, Some(FailureClass::Conflict)) => message(
            "Xem trạng thái đơn ở hai bên, sửa tay nếu cần, rồi thử lại (replay) hoặc bỏ qua kèm ghi chú (discard).",
            "Look at the order on both sides, mend it by hand where needed, then replay it or discard it with a note.",
            &[],
        ),
        (false, _) => message(
            "Sửa đơn hoặc thiết lập theo câu trên rồi thử lại (replay), hoặc bỏ qua kèm ghi chú (discard).",
            "Mend the order or the setting as the sentence says, then replay it, or discard it with a note.",
            &[],
        ),
    }
}
