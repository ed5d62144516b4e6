//! The checklist of a connection, from two sides: what the component finds out at the other side, and what only the host can know. Changes
//! nothing, but for the notices about a grant that is about to end.

use super::{Host, failures, message};
use crate::clock::{Instant, in_hanoi};
use crate::contract::types::{Entity, Failure, Message, Reason};
use crate::contract::{CheckLine, Verdict};
use crate::outbound::Lane;
use crate::secret::Secrets;
use crate::store::{Connection, ConnectionId, ConnectionState, StoreError, WebhookHealth};

const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Days before the end of a grant at which a person is told.
const TELL_AT: [i64; 5] = [30, 14, 7, 3, 1];
/// What the codes of notices about a grant begin with: the nearest end takes the place of the others.
const OF_GRANTS: &str = "grant.";

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
        // A grant that the other side does not take any more has no days left, whatever it said when it gave it.
        let refused = lines.iter().any(|line| line.code == "check.token" && line.verdict == Verdict::Failed);
        lines.extend(grant_line(&owner, self.clock.now()).filter(|line| !refused || line.verdict == Verdict::Failed));
        lines.push(self.branches_line(&owner).await?);
        if let Some(webhooks) = connector.descriptor().webhooks.as_ref() {
            let health = self.store.webhook_health(owner.id).await?;
            let has_token = self.store.secrets(owner.id).await?.get(&webhooks.secret).is_some();
            lines.push(webhooks_line(&health, has_token));
            lines.extend(events_line(&owner, &health, &webhooks.events));
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
        let unlinked: Vec<&str> =
            scope.iter().filter(|remote| !linked.iter().any(|(_, known)| known == *remote)).map(String::as_str).collect();
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
        if !unlinked.is_empty() || !outside.is_empty() {
            // Each that is so, and none that is not.
            let (mut vi, mut en) = (Vec::new(), Vec::new());
            if !unlinked.is_empty() {
                // Nobody has told their names yet.
                let (count, ids) = (unlinked.len(), unlinked.join(", "));
                vi.push(format!("{count} kho được cấp quyền chưa có chi nhánh (mã kho {ids})"));
                en.push(format!("{count} granted depots have no branch (ids {ids})"));
            }
            if !outside.is_empty() {
                let (count, names) = (outside.len(), outside.join(", "));
                vi.push(format!("{count} chi nhánh nằm ngoài quyền đã cấp ({names})"));
                en.push(format!("{count} branches are outside the grant ({names})"));
            }
            let (unlinked_count, outside_count) = (unlinked.len().to_string(), outside.len().to_string());
            let text = message(
                &format!("{}.", vi.join("; ")),
                &format!("{}.", en.join("; ")),
                &[("unlinked", &unlinked_count), ("outside", &outside_count)],
            );
            let fix = match outside.is_empty() {
                true => message("Đồng bộ lại Chi nhánh.", "Sync branches again.", &[]),
                false => message(
                    "Đăng nhập lại và chọn đủ kho; chi nhánh không bán qua kết nối này nữa thì có thể bỏ qua.",
                    "Log in again and choose all depots; branches that do not sell by this connection any more can stay so.",
                    &[],
                ),
            };
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
                self.store.notify_once(owner.id, now, &format!("grant.ends-in-{mark}"), OF_GRANTS, ends_in(left)).await?;
            }
        }
        Ok(())
    }
}

fn line(code: &str, verdict: Verdict, message: Message, fix: Option<Message>) -> CheckLine {
    CheckLine { code: code.to_owned(), verdict, message, fix }
}

/// The first time there is nothing to do again.
fn log_in() -> Message {
    message("Đăng nhập Nhanh.vn và bấm Đồng ý.", "Log in to Nhanh.vn and press agree.", &[])
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

fn grant_line(owner: &Connection, now: Instant) -> Option<CheckLine> {
    let Some(account) = &owner.account else {
        let text = message("Kết nối chưa được cấp quyền.", "There has been no grant yet.", &[]);
        return Some(line("check.grant", Verdict::Failed, text, Some(log_in())));
    };
    Some(match account.expires {
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
    })
}

/// What the last calls of webhooks say: a wrong one after the last right one fails, whatever came before it.
fn webhooks_line(health: &WebhookHealth, has_token: bool) -> CheckLine {
    let code = "check.webhooks";
    if let Some(refused) = health.refused.filter(|refused| health.proven.is_none_or(|proven| proven < *refused)) {
        let at = in_hanoi(refused);
        let text = message(
            &format!("Nhanh.vn đã gọi lúc {at} với verify token khác với form kết nối, nên webhooks không được nhận."),
            &format!("Nhanh.vn called at {at} with another verify token than the form's, so webhooks are not taken."),
            &[("at", &at)],
        );
        let fix = message(
            "Nhập cùng một verify token ở form kết nối và ở open.nhanh.vn, bấm Lưu ở form trước rồi Lưu ở open.nhanh.vn.",
            "Enter the same verify token in the form and at open.nhanh.vn; save the form first, then at open.nhanh.vn.",
            &[],
        );
        return line(code, Verdict::Failed, text, Some(fix));
    }
    if let Some((event, at)) = health.arrived.iter().max_by_key(|(_, at)| **at) {
        let at = in_hanoi(*at);
        let text = message(
            &format!("Đã nhận webhooks từ Nhanh.vn, gần nhất là {event} lúc {at}."),
            &format!("Webhooks come in; the last one was {event} at {at}."),
            &[("event", event), ("at", &at)],
        );
        return line(code, Verdict::Ok, text, None);
    }
    let switch_on = message(
        "Nếu chưa bật, ở open.nhanh.vn: bật Webhooks, dán Webhooks callback URL và verify token, tích sự kiện rồi bấm Lưu.",
        "If they are off, at open.nhanh.vn: switch webhooks on, paste callback URL and verify token, tick the events, press save.",
        &[],
    );
    if !has_token && (health.probed.is_some() || health.proven.is_some()) {
        let text = message(
            "Nhanh.vn đã gọi thử, nhưng kết nối chưa có Webhooks verify token nên webhooks không được nhận.",
            "Nhanh.vn called, but the connection has no verify token, so webhooks are not taken.",
            &[],
        );
        let fix = message("Điền verify token ở form kết nối.", "Fill in the verify token in the form.", &[]);
        return line(code, Verdict::Warning, text, Some(fix));
    }
    match health.proven {
        Some(proven) => {
            let at = in_hanoi(proven);
            let text = message(
                &format!("Nhanh.vn đã gọi thử thành công lúc {at}; chưa có thay đổi nào được gửi."),
                &format!("Nhanh.vn tried the address with success at {at}; no change has been sent yet."),
                &[("at", &at)],
            );
            line(code, Verdict::Ok, text, None)
        }
        None => {
            let text = message(
                "Nhanh.vn chưa gọi lần nào nên chưa rõ webhooks đã bật hay chưa.",
                "Nhanh.vn has not called yet, so whether webhooks are on is not known.",
                &[],
            );
            line(code, Verdict::Unknown, text, Some(switch_on))
        }
    }
}

/// The events that the merchant forgot to tick: as the last probe said, but for those that came since. Where none said anything, which came.
fn events_line(owner: &Connection, health: &WebhookHealth, wanted: &[String]) -> Option<CheckLine> {
    let code = "check.events";
    let came = |event: &String| health.arrived.contains_key(event);
    let names = |events: &[&String]| events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(ticked) = &owner.events {
        let told = health.probed.unwrap_or_default();
        let since = |event: &&String| health.arrived.get(*event).is_some_and(|at| *at >= told);
        let missing: Vec<&String> = wanted.iter().filter(|event| !ticked.contains(event) && !since(event)).collect();
        if missing.is_empty() {
            return Some(line(code, Verdict::Ok, message("Đã tích đủ sự kiện webhooks.", "All events are ticked.", &[]), None));
        }
        let (missing, at) = (names(&missing), in_hanoi(told));
        let text = message(
            &format!("Theo lần Nhanh.vn báo gần nhất lúc {at}, chưa tích các sự kiện: {missing}."),
            &format!("As Nhanh.vn last told at {at}, these events are not ticked: {missing}."),
            &[("events", &missing), ("at", &at)],
        );
        let fix = message("Tích thêm ở open.nhanh.vn rồi bấm Lưu.", "Tick them at open.nhanh.vn and press save.", &[]);
        return Some(line(code, Verdict::Warning, text, Some(fix)));
    }
    let (here, not_yet): (Vec<&String>, Vec<&String>) = wanted.iter().partition(|event| came(event));
    if health.proven.is_none() && here.is_empty() {
        return None;
    }
    if not_yet.is_empty() {
        return Some(line(code, Verdict::Ok, message("Mọi sự kiện webhooks đều đã tới.", "Every event has come.", &[]), None));
    }
    let (here, not_yet) = (if here.is_empty() { "–".to_owned() } else { names(&here) }, names(&not_yet));
    let text = message(
        &format!("Nhanh.vn không báo sự kiện nào đã tích. Đã nhận: {here}. Chưa nhận lần nào: {not_yet}."),
        &format!("Nhanh.vn does not tell which events are ticked. Came: {here}. Never came: {not_yet}."),
        &[("came", &here), ("events", &not_yet)],
    );
    let fix = message(
        "Nếu đã có thay đổi như vậy trên Nhanh.vn mà vẫn chưa nhận, hãy kiểm tra các sự kiện đã tích ở open.nhanh.vn.",
        "If there were such changes at Nhanh.vn, look whether the events are ticked at open.nhanh.vn.",
        &[],
    );
    Some(line(code, Verdict::Unknown, text, Some(fix)))
}
