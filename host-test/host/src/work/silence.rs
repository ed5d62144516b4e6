//! Whether the other side still has the interface that a connection speaks: one that has been taken away answers with web pages and "not
//! found", as one that is being mended does. So it is time that tells them apart, and after it the connector's own words: the host knows no
//! interface and when it ends. Pauses, and drops nothing.

use super::{Host, message};
use crate::contract::types::{FailureClass, Reason};
use crate::contract::{CheckLine, Verdict};
use crate::outbound::Heard;
use crate::store::{Connection, StoreError};

impl Host {
    /// Takes note of what a call of this connection brought back, and of what the guest made of it. Says why the connection has to pause
    /// where there has been nothing but unreadable pages for [`unreadable_most`](super::HostConfig::unreadable_most).
    pub(super) async fn listen(
        &self,
        owner: &mut Connection,
        heard: Heard,
        failed: Option<&FailureClass>,
    ) -> Result<Option<Reason>, StoreError> {
        match (heard, failed) {
            (Heard::Answers, _) | (Heard::OnlyPages, None) => {
                // Nearly always there is nothing to end, and nothing is written.
                if owner.unreadable_since.take().is_some() {
                    self.store.heard(owner.footing(), true, self.clock.now()).await?;
                }
                Ok(None)
            }
            (Heard::OnlyPages, Some(FailureClass::Transient | FailureClass::Ambiguous)) => {
                let now = self.clock.now();
                let since = self.store.heard(owner.footing(), false, now).await?.unwrap_or(now);
                owner.unreadable_since = Some(since);
                let most = i64::try_from(self.config.unreadable_most.as_millis()).unwrap_or(i64::MAX);
                if now.saturating_sub(since) < most { Ok(None) } else { self.last_words(owner).await }
            }
            // Nothing came, or the guest could make something of it.
            (Heard::Nothing, _) | (Heard::OnlyPages, Some(_)) => Ok(None),
        }
    }

    /// What the connector says of it: the first line of its check that does not hold. A check that holds ends the silence; one that shows
    /// nothing either way leaves it as it is.
    async fn last_words(&self, owner: &mut Connection) -> Result<Option<Reason>, StoreError> {
        let Ok(lines) = self.component_lines(owner).await? else { return Ok(Some(unknown())) };
        let of = |verdict| lines.iter().find(|line: &&CheckLine| line.verdict == verdict);
        if let Some(line) = of(Verdict::Failed) {
            return Ok(Some(Reason { code: line.code.clone(), message: line.message.clone() }));
        }
        if of(Verdict::Ok).is_some() {
            owner.unreadable_since = None;
            self.store.heard(owner.footing(), true, self.clock.now()).await?;
        }
        Ok(None)
    }
}

fn unknown() -> Reason {
    let text = message(
        "Đã lâu Nhanh.vn không trả về dữ liệu hợp lệ; phiên bản API này có thể đã ngừng. Hãy kiểm tra, nâng cấp kết nối rồi đăng nhập \
         cấp quyền lại. Không có gì bị mất.",
        "Nhanh.vn has not answered as it should for a long time; the interface of this connection may have ended. Check or upgrade the \
         connection, and log in again. Nothing is lost.",
        &[],
    );
    Reason { code: "host.interface-gone".to_owned(), message: text }
}
