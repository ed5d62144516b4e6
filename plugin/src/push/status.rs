//! Status changes: read the order, look its status up in the table, send only what changes.
//!
//! The table is the whole rule: for each event and each group of statuses it sends, tries, is done, skips, or is a conflict that a person
//! decides. An order is never cancelled behind a carrier's back, and never re-created because it was not found. What was asked for counts as
//! done only once a read shows it: Nhanh shows a change late, and has answered with another status than was asked for.

use crate::map::order::{self as rules, Intent};
use crate::nhanh::errors::{Access, NoData, Refusal};
use crate::nhanh::wire::Seen;
use crate::nhanh::words::{Group, order_status, order_status_name};
use crate::push::settle::Settled;
use crate::push::{Push, pushed_as, with};
use crate::sender::Sender;
use crate::wit::exchange::{PushOutcome, Pushed};
use crate::wit::types::{Failure, FailureClass, Instant, Message, Reason, RemoteId, Warning};

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
        (Intent::Cancel(_) | Intent::Delete, Some(Cancelled)) => Verdict::Done,
        (Intent::Cancel(_) | Intent::Delete, None) => Verdict::Conflict,
        (Intent::Cancel(_), Some(Returned)) => Verdict::DoneWithWarning,
        (Intent::Delete, Some(Early | Unsure)) => Verdict::Send,
        (Intent::Delete, Some(OnItsWay)) => Verdict::Conflict,
        (Intent::Delete, Some(Finished | Returned)) => Verdict::Skip,
        (Intent::Settle, Some(Early | Unsure | OnItsWay)) => Verdict::Send,
        (Intent::Settle, Some(Finished)) => Verdict::Done,
        (Intent::Settle, Some(Cancelled | Returned) | None) => Verdict::Conflict,
        (Intent::TakeBack, Some(Early | Unsure | OnItsWay | Finished) | None) => Verdict::Conflict,
        (Intent::TakeBack, Some(Cancelled | Returned)) => Verdict::Done,
    }
}

fn group(seen: &Seen) -> Group {
    order_status(&seen.status.code).1
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

/// Success, and a part of it came back as an order of its own.
fn delivered_in_part(order: &str, child: &str) -> Warning {
    let message = Message::new(
        "Đơn {order} đã giao một phần: phần hoàn là đơn {child} trên Nhanh.vn. Hãy kiểm tra số hàng và số tiền thực nhận.",
        "Order {order} was delivered in part: what came back is order {child} at Nhanh.vn. Please check goods and money.",
    );
    Warning::new("order.delivered-in-part", message.with("order", order).with("child", child)).about(order)
}

impl<S: Sender> Push<'_, S> {
    /// The order has no link: it never went out, or it is looked for.
    pub(crate) fn set_status_unlinked(&mut self, intent: Intent) -> Result<PushOutcome, Failure> {
        if self.never_sent() {
            return Ok(PushOutcome::Skipped(rules::never_pushed()));
        }
        match self.settle(false)? {
            Settled::Found(seen, warnings) => {
                let remote = seen.status.order.clone();
                self.decide(intent, &remote, Some(&seen), warnings)
            }
            Settled::Gone(remote) => self.decide(intent, &remote, None, Vec::new()),
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
                "Đơn đang liên kết trên Nhanh.vn không do kết nối này tạo ra, nên không được sửa. Hãy kiểm tra lại liên kết của đơn.",
                "The linked order at Nhanh.vn was not made by this connection and is left alone. Please check the order's link.",
            );
            return Err(self.conflict("order.not-ours", message).about(remote.as_str()));
        }
        self.decide(intent, remote, seen.as_ref(), Vec::new())
    }

    /// Until when an order that is not found may only not show yet.
    fn fresh_until(&self) -> Option<Instant> {
        self.visible_at().filter(|it| self.context.now < *it)
    }

    /// Until when a change that was sent may only not show yet, answered or not.
    fn changes_until(&self) -> Option<Instant> {
        let sent = self.earlier.status_sent.iter().chain(&self.earlier.status_unanswered).max()?;
        Some(sent.saturating_add(self.settings.visible_after_ms())).filter(|it| self.context.now < *it)
    }

    fn decide(&mut self, intent: Intent, remote: &RemoteId, seen: Option<&Seen>, warnings: Vec<Warning>) -> Result<PushOutcome, Failure> {
        let mut stands = with(seen.map_or_else(|| self.pushed(remote.clone()), pushed_as), warnings);
        let verdict = verdict(intent, seen.map(group));
        let calls_off = matches!(intent, Intent::Cancel(_) | Intent::Delete);
        if let (true, Some(child)) = (calls_off && verdict != Verdict::Skip, self.known_child(false)) {
            return Err(self.has_child(remote, &child));
        }
        if let (Intent::Settle, Verdict::Done, Some(child)) = (intent, verdict, self.known_child(true)) {
            stands.warnings.push(delivered_in_part(remote, &child));
        }
        let sent_before = !self.earlier.status_sent.is_empty() || self.earlier.status_unanswered.is_some();
        let there = match (verdict, self.changes_until(), seen) {
            (Verdict::Done, _, _) if sent_before => return Ok(PushOutcome::Updated(stands)),
            (Verdict::Done, _, _) => return Ok(PushOutcome::Already(stands)),
            (_, Some(until), _) => return Ok(self.change_shows_later(until, false)),
            (_, None, None) => return self.not_found(intent, stands),
            (_, None, Some(there)) => there,
        };
        match verdict {
            // Nhanh hears of the delivery from the carrier itself.
            Verdict::Send if there.sealed && intent == Intent::Settle => Ok(PushOutcome::Skipped(self.at_carrier(intent, seen))),
            Verdict::Send => self.change(intent, there, false, stands),
            Verdict::Conflict if there.recallable && calls_off => self.change(intent, there, true, stands),
            // Both are right where a part came back as an order of its own. Only here is such an order looked for: a statement of deliveries
            // names thousands, and of one that is done already nothing more is asked.
            Verdict::Conflict if intent == Intent::TakeBack && group(there) == Group::Finished => match self.child_of(there, true)? {
                Some(child) => {
                    stands.warnings.push(delivered_in_part(remote, &child));
                    Ok(PushOutcome::Already(stands))
                }
                None => Err(self.stands_against(intent, seen)),
            },
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
            Verdict::Conflict | Verdict::Done => Err(self.stands_against(intent, seen)),
        }
    }

    /// Sends what changes, first to the carrier where it has to give the order back; never a third time, and never to an order of which Nhanh
    /// made another that lives: a cancel would leave that one alone.
    fn change(&mut self, intent: Intent, there: &Seen, recalls: bool, stands: Pushed) -> Result<PushOutcome, Failure> {
        let remote = &there.status.order;
        let answered = self.earlier.status_sent.len();
        if answered > 1 {
            return Err(self.not_taken(intent, there));
        }
        if intent != Intent::Settle
            && let Some(child) = self.child_of(there, false)?
        {
            return Err(self.has_child(remote, &child));
        }
        if recalls && answered == 0 {
            match self.call_back(intent, there) {
                // An earlier try may have had it given back: the change and a read tell.
                Err(failure) if failure.class != FailureClass::Conflict || self.earlier.status_unanswered.is_none() => return Err(failure),
                _ => {}
            }
        }
        self.send_status(intent, there, stands)
    }

    fn has_child(&self, order: &str, child: &str) -> Failure {
        let message = Message::new(
            "Đơn {order} đã có đơn đổi, trả, tách hoặc đền bù {child} trên Nhanh.vn nên không tự hủy. Hãy xử lý cả hai đơn trên Nhanh.vn.",
            "Order {order} has an exchange, a return, a split or a compensation at Nhanh.vn, {child}, and is not cancelled by itself. Please deal with both there.",
        );
        self.conflict("order.cancel-has-child", message.with("order", order).with("child", child)).about(order)
    }

    /// Nhanh has no order of that id: it does not show yet, or is there no longer, or nobody can say.
    fn not_found(&mut self, intent: Intent, mut stands: Pushed) -> Result<PushOutcome, Failure> {
        if let Some(until) = self.fresh_until() {
            return Ok(self.order_shows_later(until));
        }
        if !self.earlier.gone || !matches!(intent, Intent::Cancel(_) | Intent::Delete) {
            return Err(self.stands_against(intent, None).about(stands.remote));
        }
        if let Some(heir) = self.heir_of(&stands.remote)? {
            let message = Message::new(
                "Đơn {order} không còn trên Nhanh.vn và có vẻ đã được gộp, tách hoặc sao chép sang đơn {other} nên không tự hủy. Hãy xem đơn {other} trên Nhanh.vn.",
                "Order {order} is at Nhanh.vn no longer and seems to have been merged into order {other}, split or copied; nothing is cancelled by itself. Please look at {other} there.",
            );
            let message = message.with("order", &stands.remote).with("other", &heir);
            return Err(self.conflict("order.merged", message).about(stands.remote));
        }
        let message = Message::new(
            "Đơn không còn trên Nhanh.vn, có lẽ đã bị xóa ở đó; không có gì để hủy.",
            "The order is at Nhanh.vn no longer and was probably deleted there; there is nothing to cancel.",
        );
        stands.warnings.push(Warning::new("order.gone", message).about(stands.remote.as_str()));
        Ok(PushOutcome::Already(stands))
    }

    fn order_shows_later(&self, until: Instant) -> PushOutcome {
        self.looks_again(
            until,
            false,
            "Đơn {own-id} vừa được gửi và chưa hiện trên Nhanh.vn; hệ thống sẽ kiểm tra lại.",
            "Order {own-id} was sent just now and does not show at Nhanh.vn yet; it is looked at again.",
        )
    }

    fn change_shows_later(&self, until: Instant, sent: bool) -> PushOutcome {
        self.looks_again(
            until,
            sent,
            "Thay đổi trạng thái của đơn {own-id} đã được gửi nhưng chưa hiện trên Nhanh.vn; hệ thống sẽ kiểm tra lại.",
            "The change of order {own-id} was sent and does not show at Nhanh.vn yet; it is looked at again.",
        )
    }

    /// Nhanh said yes twice, and the order stands where it stood.
    fn not_taken(&self, intent: Intent, there: &Seen) -> Failure {
        let failure = self.conflict(
            "order.status-not-taken",
            self.both(
                intent,
                Some(there),
                "Nhanh.vn báo đã đổi trạng thái nhưng đơn không đổi. Hãy đổi trực tiếp trên Nhanh.vn",
                "Nhanh.vn says that it changed the status, and the order did not change. Please change it there",
            ),
        );
        failure.about(there.status.order.as_str())
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
    fn call_back(&mut self, intent: Intent, there: &Seen) -> Result<(), Failure> {
        let request = self.wire.call_back(self.settings, &there.status.order)?;
        let Some(request) = request else { return Err(self.stands_against(intent, Some(there))) };
        match self.ask(request, Access::Write, |_| ()) {
            Ok(()) => Ok(()),
            // No carrier has it: there is nothing to take back, and the order may be edited.
            Err(NoData::Refused(refusal)) if refusal.means_not_at_carrier() => Ok(()),
            Err(NoData::Refused(refusal)) if refusal.is_plain() && refusal.changed_nothing() => {
                Err(self.refused_change(intent, there, refusal))
            }
            Err(no) => Err(self.of_write(no)),
        }
    }

    /// Whether the order stands as it should by now; if not, the conflict is one.
    fn stands_by_now(&mut self, intent: Intent, stands: Pushed, conflict: Failure) -> Result<PushOutcome, Failure> {
        match self.order_by_id(&stands.remote)? {
            Some(seen) if verdict(intent, Some(group(&seen))) == Verdict::Done => {
                Ok(PushOutcome::Updated(Pushed { warnings: stands.warnings, ..pushed_as(&seen) }))
            }
            _ => Err(conflict),
        }
    }

    /// A plain "no" to a change, with Nhanh's sentence and both statuses.
    fn refused_change(&self, intent: Intent, there: &Seen, refusal: Refusal) -> Failure {
        let said = refusal.without(&self.personal());
        let said = said.message.arguments.into_iter().next().map(|it| it.value).unwrap_or_default();
        let why = if said.is_empty() { "" } else { ": {said}" };
        let (vi, en) = (["Nhanh.vn từ chối đổi trạng thái", why].concat(), ["Nhanh.vn refused the change", why].concat());
        let message = self.both(intent, Some(there), &vi, &en).with("said", &said);
        self.conflict("order.update-refused", message).about(there.status.order.as_str())
    }

    /// Asks for the status. A read judges a refusal: an earlier try may have done it, whether or not anybody here knows of that try, and so may
    /// Nhanh, by itself, once a carrier has let go.
    fn send_status(&mut self, intent: Intent, there: &Seen, stands: Pushed) -> Result<PushOutcome, Failure> {
        let Some(wanted) = intent.status() else { return Ok(PushOutcome::Already(stands)) };
        let remote = &there.status.order;
        let request = self.wire.set_status(self.settings, remote, wanted)?;
        match self.ask(request, Access::Write, |_| ()) {
            Ok(()) => Ok(self.shown(intent, remote, stands)),
            Err(NoData::Refused(refusal)) if refusal.is_plain() && refusal.changed_nothing() => {
                if let Some(until) = self.fresh_until().filter(|_| refusal.means_not_found()) {
                    return Ok(self.order_shows_later(until));
                }
                let conflict = self.refused_change(intent, there, refusal);
                self.stands_by_now(intent, stands, conflict)
            }
            Err(no) => Err(self.of_write(no)),
        }
    }

    /// A change was answered with "yes": it is done once a read shows it. A read that fails leaves that open, and what was sent stays known.
    fn shown(&mut self, intent: Intent, remote: &RemoteId, stands: Pushed) -> PushOutcome {
        match self.order_by_id(remote) {
            Ok(Some(seen)) if verdict(intent, Some(group(&seen))) == Verdict::Done => {
                PushOutcome::Updated(Pushed { warnings: stands.warnings, ..pushed_as(&seen) })
            }
            _ => self.change_shows_later(self.context.now.saturating_add(self.settings.visible_after_ms()), true),
        }
    }

    /// A conflict of an event with where the order stands, coded by its cause so that a person clears all of one kind at once.
    fn stands_against(&self, intent: Intent, seen: Option<&Seen>) -> Failure {
        let group = seen.map(group);
        let (code, vi, en) = match (intent, group) {
            (Intent::Cancel(_) | Intent::Delete, None) => (
                "order.not-found",
                "Không tìm thấy đơn trên Nhanh.vn nên không hủy được: đơn có thể đã bị xóa, gộp, hoặc chuyển sang kho ngoài phạm vi được cấp quyền. Hãy kiểm tra trên Nhanh.vn",
                "The order is not found at Nhanh.vn and cannot be cancelled: it may have been deleted, merged, or moved to a depot outside the grant. Please check it there",
            ),
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
