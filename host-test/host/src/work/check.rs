//! The checklist of a connection, from two sides: what the component finds out at the other side, and what only the host can know. Changes
//! nothing, but for the notices about a grant that is about to end.

use super::{Host, failures, message};
use crate::clock::Instant;
use crate::contract::types::{Entity, Failure, Message, Reason};
use crate::contract::{CheckLine, Verdict};
use crate::outbound::Lane;
use crate::secret::Secrets;
use crate::store::{Connection, ConnectionId, ConnectionState, StoreError};

const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Days before the end of a grant at which a person is told.
const TELL_AT: [i64; 5] = [30, 14, 7, 3, 1];

impl Host {
    /// Every line of the checklist, the host's own after the component's.
    pub async fn check(&self, connection: ConnectionId) -> Result<Vec<CheckLine>, StoreError> {
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let mut lines = Vec::new();
        if owner.account.is_some() {
            match self.component_lines(&owner).await? {
                Ok(found) => lines.extend(found),
                Err(failure) => {
                    lines.push(CheckLine {
                        code: failure.code,
                        verdict: Verdict::Failed,
                        message: failure.message,
                        fix: Some(check_later()),
                    });
                }
            }
        }
        lines.push(grant_line(&owner, self.clock.now()));
        lines.push(self.branches_line(&owner).await?);
        if let Some(webhooks) = connector.descriptor().webhooks.as_ref() {
            lines.push(self.webhooks_line(&owner).await?);
            lines.extend(events_line(&owner, &webhooks.events));
        }
        Ok(lines)
    }

    /// The component's own lines, or why there are none.
    pub(super) async fn component_lines(&self, owner: &Connection) -> Result<Result<Vec<CheckLine>, Failure>, StoreError> {
        let connector = self.connector(&owner.connector)?.clone();
        let errand = self.errand(owner, connector.descriptor(), Lane::Live, Secrets::default()).await?;
        let context = self.context(owner, connector.descriptor());
        let call = connector.check(&context, errand).await;
        Ok(call.result.map_err(|error| failures::of_call(&error)).and_then(|answer| answer))
    }

    /// The grant's depots against the branches that are linked here.
    async fn branches_line(&self, owner: &Connection) -> Result<CheckLine, StoreError> {
        let linked = self.store.linked_branches(owner.id).await?;
        let scope = owner.account.as_ref().map(|account| account.branches.as_slice()).unwrap_or_default();
        let unlinked = scope.iter().filter(|remote| !linked.iter().any(|(_, known)| known == *remote)).count();
        let names = self.store.branch_names(owner.id).await?;
        let outside: Vec<&str> = linked
            .iter()
            .filter(|(_, remote)| !scope.is_empty() && !scope.contains(remote))
            .filter_map(|(_, remote)| names.get(remote).map(String::as_str))
            .collect();
        if linked.is_empty() {
            let text = message("Chưa có chi nhánh nào được đồng bộ từ kho Nhanh.vn.", "No branch has been synced from a depot yet.", &[]);
            let fix = match owner.account.is_some() && self.store.last_sweep(owner.id, Entity::Branch).await?.is_some() {
                // Asked for, and none came.
                true => message(
                    "Đã đồng bộ nhưng không thấy kho nào: hãy đăng nhập lại và chọn các kho được cấp quyền.",
                    "They were synced and there was none: log in again and choose the depots that are granted.",
                    &[],
                ),
                false => message("Bấm đồng bộ Chi nhánh.", "Press the sync button of branches.", &[]),
            };
            return Ok(line("check.branches", Verdict::Warning, text, Some(fix)));
        }
        if unlinked + outside.len() > 0 {
            let named = if outside.is_empty() { String::new() } else { format!(" ({})", outside.join(", ")) };
            let (unlinked, outside) = (unlinked.to_string(), outside.len().to_string());
            let text = message(
                &format!("{unlinked} kho được cấp quyền chưa có chi nhánh; {outside} chi nhánh nằm ngoài quyền đã cấp{named}."),
                &format!("{unlinked} granted depots have no branch; {outside} branches are outside the grant{named}."),
                &[("unlinked", &unlinked), ("outside", &outside)],
            );
            let fix = message(
                "Đồng bộ lại Chi nhánh, hoặc đăng nhập cấp quyền lại và chọn đủ kho.",
                "Sync branches again, or log in again and choose all depots.",
                &[],
            );
            return Ok(line("check.branches", Verdict::Warning, text, Some(fix)));
        }
        let count = linked.len().to_string();
        let text = message(
            &format!("{count} chi nhánh đã liên kết với kho Nhanh.vn."),
            &format!("{count} branches are linked to depots."),
            &[("count", &count)],
        );
        Ok(line("check.branches", Verdict::Ok, text, None))
    }

    async fn webhooks_line(&self, owner: &Connection) -> Result<CheckLine, StoreError> {
        Ok(match self.store.last_delivery(owner.id).await? {
            Some(_) => line("check.webhooks", Verdict::Ok, message("Đã nhận webhooks từ Nhanh.vn.", "Webhooks have come in.", &[]), None),
            None if owner.events.is_some() => line(
                "check.webhooks",
                Verdict::Ok,
                message("Webhooks đã bật; chưa có sự kiện nào.", "Webhooks are on; no event has come yet.", &[]),
                None,
            ),
            None => line(
                // A probe that lists no events leaves nothing behind, so that they may well be on.
                "check.webhooks",
                Verdict::Unknown,
                message(
                    "Chưa có sự kiện webhooks nào nên chưa rõ webhooks đã bật hay chưa.",
                    "No event has come in yet, so whether webhooks are on is not known.",
                    &[],
                ),
                Some(message(
                    "Nếu chưa bật, ở open.nhanh.vn: bật Webhooks, dán Webhooks callback URL và verify token, tích sự kiện rồi bấm Lưu.",
                    "If they are off, at open.nhanh.vn: switch webhooks on, paste callback URL and verify token, tick the events, press save.",
                    &[],
                )),
            ),
        })
    }

    /// Tells of grants that are about to end, once at each mark, and pauses connections whose grant has ended. Drops nothing.
    pub async fn watch_grants(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        for owner in self.store.connections().await? {
            let Some(expires) = owner.account.as_ref().and_then(|account| account.expires) else { continue };
            if owner.state != ConnectionState::Active {
                continue;
            }
            if expires <= now {
                let reason = Reason { code: "grant.ended".to_owned(), message: ended() };
                match self.store.pause(owner.footing(), now, reason).await {
                    // There is a new grant: it was the one before that ended.
                    Err(StoreError::Superseded) => {}
                    paused => paused?,
                }
                continue;
            }
            // The nearest mark that has been passed; each is told once a grant.
            let left = expires - now;
            if let Some(mark) = TELL_AT.iter().rev().find(|mark| left <= **mark * DAY) {
                self.store.notify_once(owner.id, now, &format!("grant.ends-in-{mark}"), ends_in(left)).await?;
            }
        }
        Ok(())
    }
}

fn line(code: &str, verdict: Verdict, message: Message, fix: Option<Message>) -> CheckLine {
    CheckLine { code: code.to_owned(), verdict, message, fix }
}

fn log_in_again() -> Message {
    message("Đăng nhập Nhanh.vn và cấp quyền lại.", "Log in to Nhanh.vn and agree again.", &[])
}

fn check_later() -> Message {
    message(
        "Đợi vài phút rồi kiểm tra lại; nếu vẫn lỗi, hãy gửi mã lỗi này cho bộ phận hỗ trợ.",
        "Wait some minutes and check again; if it stays, send this code to support.",
        &[],
    )
}

fn ended() -> Message {
    message(
        "Quyền truy cập Nhanh.vn đã hết hạn. Không có gì bị mất: hãy đăng nhập cấp quyền lại để tiếp tục.",
        "The grant has ended. Nothing is lost: log in again to go on.",
        &[],
    )
}

fn ends_in(left: i64) -> Message {
    let days = ((left + DAY - 1) / DAY).to_string();
    message(
        &format!("Quyền truy cập Nhanh.vn còn {days} ngày. Hãy đăng nhập cấp quyền lại trước khi hết hạn."),
        &format!("The grant ends in {days} days. Log in again before that."),
        &[("days", &days)],
    )
}

fn grant_line(owner: &Connection, now: Instant) -> CheckLine {
    let Some(account) = &owner.account else {
        let text = message("Kết nối chưa được cấp quyền.", "There has been no grant yet.", &[]);
        return line("check.grant", Verdict::Failed, text, Some(log_in_again()));
    };
    match account.expires {
        Some(expires) if expires <= now => line("check.grant", Verdict::Failed, ended(), Some(log_in_again())),
        Some(expires) if expires - now <= 30 * DAY => line("check.grant", Verdict::Warning, ends_in(expires - now), Some(log_in_again())),
        Some(expires) => {
            let days = ((expires - now) / DAY).to_string();
            let text = message(
                &format!("Doanh nghiệp {}: quyền truy cập còn {days} ngày.", account.id),
                &format!("Business {}: the grant has {days} days left.", account.id),
                &[("days", &days)],
            );
            line("check.grant", Verdict::Ok, text, None)
        }
        None => {
            let text = message("Không rõ ngày hết hạn của quyền truy cập.", "The end of the grant is not known.", &[]);
            line("check.grant", Verdict::Unknown, text, None)
        }
    }
}

/// The events that the merchant forgot to tick, where a probe said which are.
fn events_line(owner: &Connection, wanted: &[String]) -> Option<CheckLine> {
    let ticked = owner.events.as_ref()?;
    let missing: Vec<&str> = wanted.iter().filter(|event| !ticked.contains(event)).map(String::as_str).collect();
    if missing.is_empty() {
        return Some(line("check.events", Verdict::Ok, message("Đã tích đủ sự kiện webhooks.", "All events are ticked.", &[]), None));
    }
    let missing = missing.join(", ");
    let text =
        message(&format!("Chưa tích các sự kiện: {missing}."), &format!("Events that are not ticked: {missing}."), &[("events", &missing)]);
    let fix = message("Tích thêm ở open.nhanh.vn rồi bấm Lưu.", "Tick them at open.nhanh.vn and press save.", &[]);
    Some(line("check.events", Verdict::Warning, text, Some(fix)))
}
