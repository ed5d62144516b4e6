//! Status changes: read the order, look its status up in the table, send only what changes.
//!
//! The table is the whole rule: for each event and each group of statuses it sends, tries, is done, skips, or is a conflict that a person
//! decides. An order is never cancelled behind a carrier's back, and never re-created because it was not found.

use crate::map::order::{self as rules, Intent};
use crate::nhanh::errors::{Access, NoData, Refusal};
use crate::nhanh::wire::Seen;
use crate::nhanh::words::{Group, order_status, order_status_name};
use crate::push::settle::Settled;
use crate::push::{Push, pushed_as};
use crate::sender::Sender;
use crate::wit::exchange::{PushOutcome, Pushed};
use crate::wit::types::{Failure, FailureClass, Message, Reason, RemoteId, Warning};

/// What the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send; a refusal is judged as any other, and a plain one is a conflict.
    Send,
    /// It stands as it should.
    Done,
    /// It stands as it should, and a person should know how.
    DoneWithWarning,
    /// Nothing has to be sent.
    Skip,
    /// A person decides.
    Conflict,
}

/// The table. `None` is "not found".
pub(crate) fn verdict(intent: Intent, group: Option<Group>) -> Verdict {
    use Group::{Cancelled, Early, Finished, OnItsWay, Returned, Unsure};
    match (intent, group) {
        (Intent::Create, _) => Verdict::Done,
        (Intent::Cancel(_), Some(Early | Unsure)) => Verdict::Send,
        (Intent::Cancel(_), Some(OnItsWay | Finished)) => Verdict::Conflict,
        (Intent::Cancel(_), Some(Cancelled) | None) => Verdict::Done,
        (Intent::Cancel(_), Some(Returned)) => Verdict::DoneWithWarning,
        (Intent::Delete, Some(Early | Unsure)) => Verdict::Send,
        (Intent::Delete, Some(OnItsWay)) => Verdict::Conflict,
        (Intent::Delete, Some(Finished | Returned)) => Verdict::Skip,
        (Intent::Delete, Some(Cancelled) | None) => Verdict::Done,
        (Intent::Settle, Some(Early | Unsure | OnItsWay)) => Verdict::Send,
        (Intent::Settle, Some(Finished)) => Verdict::Done,
        (Intent::Settle, Some(Cancelled | Returned) | None) => Verdict::Conflict,
        (Intent::TakeBack, Some(Early | Unsure | OnItsWay | Finished) | None) => Verdict::Conflict,
        (Intent::TakeBack, Some(Cancelled | Returned)) => Verdict::Done,
    }
}

/// The goods of a cancelled order are on their way back, or were.
fn cancelled_but(seen: Option<&Seen>) -> Message {
    let code = seen.map_or("", |it| it.status.code.as_str());
    let (vi, en) = order_status_name(code);
    let mut message = Message::new(
        "Đơn đã hủy ở Nobi Pro nhưng trên Nhanh.vn là \"{status}\"; hãy kiểm tra hàng khi nhận về.",
        "The order is cancelled at Nobi Pro and \"{status}\" at Nhanh.vn; please check the goods when they come back.",
    );
    message.vi = message.vi.replace("{status}", vi);
    message.en = message.en.replace("{status}", en);
    message.with("status-at-nhanh", code)
}

impl<S: Sender> Push<'_, S> {
    /// The order has no link: it never went out, or it is looked for.
    pub(crate) fn set_status_unlinked(&mut self, intent: Intent) -> Result<PushOutcome, Failure> {
        if !self.earlier.may_have_arrived && self.earlier.seen_as.is_none() {
            return Ok(PushOutcome::Skipped(rules::never_pushed()));
        }
        match self.settle()? {
            Settled::Found(seen) => {
                let remote = seen.status.order.clone();
                self.decide(intent, &remote, Some(&seen))
            }
            Settled::Gone(remote) => self.decide(intent, &remote, None),
            Settled::Wait(unsettled) => Ok(PushOutcome::Unsettled(unsettled)),
            Settled::NeverArrived => match intent {
                Intent::Settle | Intent::TakeBack => Err(self.stands_against(intent, None)),
                _ => Ok(PushOutcome::Skipped(rules::never_arrived())),
            },
        }
    }

    /// The order is linked.
    pub(crate) fn set_status(&mut self, intent: Intent, remote: &RemoteId) -> Result<PushOutcome, Failure> {
        let seen = self.order_by_id(remote)?;
        let tag = self.settings.tag()?;
        let is_ours = |seen: &Seen| seen.status.own_id.as_deref().is_some_and(|own| rules::is_ours(tag, own));
        if seen.as_ref().is_some_and(|it| !is_ours(it)) {
            let message = Message::new(
                "Đơn đang nối trên Nhanh.vn không do kết nối này tạo ra, nên không được sửa. Hãy kiểm tra lại liên kết của đơn.",
                "The linked order at Nhanh.vn was not made by this connection and is left alone. Please check the order's link.",
            );
            return Err(self.conflict("order.not-ours", message).about(remote.as_str()));
        }
        self.decide(intent, remote, seen.as_ref())
    }

    fn decide(&mut self, intent: Intent, remote: &RemoteId, seen: Option<&Seen>) -> Result<PushOutcome, Failure> {
        let group = seen.map(|it| order_status(&it.status.code).1);
        let mut stands = match seen {
            Some(seen) => pushed_as(seen),
            None => self.pushed(remote.clone()),
        };
        let verdict = verdict(intent, group);
        let seals = seen.is_some_and(|it| it.sealed);
        match verdict {
            // Nhanh hears of the delivery from the carrier itself.
            Verdict::Send if seals && intent == Intent::Settle => Ok(PushOutcome::Skipped(self.at_carrier(intent, seen))),
            Verdict::Send => self.send_status(intent, remote, seen, stands),
            Verdict::Conflict if seen.is_some_and(|it| it.recallable) && matches!(intent, Intent::Cancel(_) | Intent::Delete) => {
                self.call_back(intent, remote, seen)?;
                let sent = self.send_status(intent, remote, seen, stands);
                // Once its carrier has let go, Nhanh may have called the order off by itself, and refuse to do it again.
                match sent {
                    Err(failure) if failure.class == FailureClass::Conflict => self.called_off(remote, failure),
                    sent => sent,
                }
            }
            Verdict::Done => Ok(PushOutcome::Already(stands)),
            Verdict::DoneWithWarning => {
                stands.warnings.push(Warning::new("order.cancelled-but-returned", cancelled_but(seen)));
                Ok(PushOutcome::Already(stands))
            }
            Verdict::Skip => Ok(PushOutcome::Skipped(Reason::new(
                "skip.finished",
                self.both(
                    intent,
                    seen,
                    "Đơn đã kết thúc trên Nhanh.vn nên không cần hủy",
                    "The order is finished at Nhanh.vn and needs no cancel",
                ),
            ))),
            Verdict::Conflict => Err(self.stands_against(intent, seen)),
        }
    }

    fn at_carrier(&self, intent: Intent, seen: Option<&Seen>) -> Reason {
        Reason::new(
            "skip.at-carrier",
            self.both(
                intent,
                seen,
                "Đơn đang ở hãng vận chuyển nên Nhanh.vn tự cập nhật khi giao xong, không gửi gì",
                "The order is with the carrier; Nhanh.vn updates it by itself when it is delivered, and nothing is sent",
            ),
        )
    }

    /// Asks the carrier, once, to give the order back. A refusal is a conflict: the parcel is on its way.
    fn call_back(&mut self, intent: Intent, remote: &RemoteId, seen: Option<&Seen>) -> Result<(), Failure> {
        let Some(request) = self.wire.call_back(self.settings, remote)? else { return Err(self.stands_against(intent, seen)) };
        match self.ask(request, Access::Write, |_| ()) {
            Ok(()) => Ok(()),
            // No carrier has it: there is nothing to take back, and the order may be edited.
            Err(NoData::Refused(refusal)) if refusal.means_not_at_carrier() => Ok(()),
            Err(NoData::Refused(refusal)) if refusal.is_plain() => Err(self.refused_change(intent, seen, refusal, remote)),
            Err(no) => Err(self.failure(no)),
        }
    }

    /// Whether the order stands cancelled by now; if not, the conflict is one.
    fn called_off(&mut self, remote: &RemoteId, conflict: Failure) -> Result<PushOutcome, Failure> {
        match self.order_by_id(remote)? {
            Some(seen) if order_status(&seen.status.code).1 == Group::Cancelled => Ok(PushOutcome::Updated(pushed_as(&seen))),
            _ => Err(conflict),
        }
    }

    /// A plain "no" to a change, with Nhanh's sentence and both statuses.
    fn refused_change(&self, intent: Intent, seen: Option<&Seen>, refusal: Refusal, remote: &RemoteId) -> Failure {
        let said = refusal.without(&self.personal());
        let said = said.message.arguments.into_iter().next().map(|it| it.value).unwrap_or_default();
        let why = if said.is_empty() { "" } else { ": {said}" };
        let (vi, en) = (["Nhanh.vn từ chối đổi trạng thái", why].concat(), ["Nhanh.vn refused the change", why].concat());
        let message = self.both(intent, seen, &vi, &en).with("said", &said);
        self.conflict("order.update-refused", message).about(remote.as_str())
    }

    fn send_status(&mut self, intent: Intent, remote: &RemoteId, seen: Option<&Seen>, stands: Pushed) -> Result<PushOutcome, Failure> {
        let Some(wanted) = intent.status() else { return Ok(PushOutcome::Already(stands)) };
        let wire = self.wire;
        let request = wire.set_status(self.settings, remote, wanted)?;
        let answered = self.ask(request, Access::Write, |reply| wire.status_set(&reply.record));
        match answered {
            Ok(status) => Ok(PushOutcome::Updated(Pushed { code: Some(status.unwrap_or_else(|| wanted.to_owned())), ..stands })),
            Err(NoData::Refused(refusal)) if refusal.is_plain() => Err(self.refused_change(intent, seen, refusal, remote)),
            Err(no) => Err(self.failure(no)),
        }
    }

    /// A conflict of an event with where the order stands, coded by its cause so that a person clears all of one kind at once.
    fn stands_against(&self, intent: Intent, seen: Option<&Seen>) -> Failure {
        let group = seen.map(|it| order_status(&it.status.code).1);
        let (code, vi, en) = match (intent, group) {
            (Intent::Settle | Intent::TakeBack, None) => (
                "order.reconciled-not-found",
                "Không tìm thấy đơn trên Nhanh.vn; đơn không được tạo lại. Hãy kiểm tra đơn trên Nhanh.vn",
                "The order is not found at Nhanh.vn and is not created again. Please check it there",
            ),
            (Intent::Settle, Some(Group::Cancelled)) => (
                "order.reconciled-but-cancelled",
                "Đơn đã đối soát nhưng bị hủy trên Nhanh.vn. Hãy chỉnh lại trên Nhanh.vn",
                "The order is reconciled but cancelled at Nhanh.vn. Please correct it there",
            ),
            (Intent::Settle, _) => (
                "order.reconciled-but-returned",
                "Đơn đã đối soát nhưng là hàng hoàn trên Nhanh.vn. Hãy chỉnh lại trên Nhanh.vn",
                "The order is reconciled but returned at Nhanh.vn. Please correct it there",
            ),
            (Intent::TakeBack, Some(Group::Finished)) => (
                "order.returned-but-finished",
                "Đối soát báo hàng hoàn nhưng đơn đã thành công trên Nhanh.vn. Lập phiếu trả hàng trên Nhanh.vn",
                "The statement says returned but the order succeeded at Nhanh.vn. Record the return there",
            ),
            (Intent::TakeBack, _) => (
                "order.returned-but-open",
                "Đối soát báo hàng hoàn nhưng đơn chưa hoàn trên Nhanh.vn. Chuyển đơn sang chuyển hoàn trên Nhanh.vn",
                "The statement says returned but the order is open at Nhanh.vn. Move it to returning there",
            ),
            (_, Some(Group::Finished)) => (
                "order.cancel-finished",
                "Không hủy được: đơn đã thành công trên Nhanh.vn. Lập phiếu trả hàng nếu cần",
                "It cannot be cancelled: the order succeeded at Nhanh.vn. Record a return if needed",
            ),
            _ => (
                "order.cancel-too-late",
                "Không hủy được: đơn đã đóng gói hoặc giao cho hãng vận chuyển. Hủy trực tiếp trên Nhanh.vn hoặc với hãng vận chuyển",
                "It cannot be cancelled: the order is packed or with the carrier. Cancel it at Nhanh.vn or with the carrier",
            ),
        };
        let failure = self.conflict(code, self.both(intent, seen, vi, en));
        match seen {
            Some(seen) => failure.about(seen.status.order.as_str()),
            None => failure,
        }
    }

    /// A sentence with both statuses.
    fn both(&self, intent: Intent, seen: Option<&Seen>, vi: &str, en: &str) -> Message {
        let code = seen.map_or("", |it| it.status.code.as_str());
        let (theirs_vi, theirs_en) = if seen.is_some() { order_status_name(code) } else { ("không có", "none") };
        let (ours_vi, ours_en) = match intent {
            Intent::Create => ("mới", "new"),
            Intent::Cancel(_) => ("hủy", "cancelled"),
            Intent::Delete => ("xóa", "deleted"),
            Intent::Settle => ("đã đối soát", "reconciled"),
            Intent::TakeBack => ("đối soát hàng hoàn", "reconciled as returned"),
        };
        let vi = format!("{vi} (Nobi Pro: {ours_vi}; Nhanh.vn: {theirs_vi}).");
        let en = format!("{en} (Nobi Pro: {ours_en}; Nhanh.vn: {theirs_en}).");
        Message::new(&vi, &en).with("status-at-nhanh", code).with("status-at-nobi", ours_en)
    }
}
