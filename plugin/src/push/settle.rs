//! Never twice: whether an earlier create arrived.
//!
//! Each call makes at most one look-up pass. An order may be missing from Nhanh's lists for a while after it was made (`visible-after`), so
//! an empty pass before that proves nothing; and staff may have corrected its phone, so a pass by phone alone never proves enough. A create
//! is sent again only when one such pass is on record, this call's is empty as well, and the host has swept the orders of that time: once
//! where Nhanh refuses repeats, twice where it does not say. One that a webhook or a sweep told of, and one that Nhanh refused because it
//! exists, is never sent again.

use crate::nhanh::errors::Refusal;
use crate::nhanh::wire::Seen;
use crate::push::{Push, pushed_as, with};
use crate::sender::Sender;
use crate::vietnam::phone;
use crate::wit::exchange::{PushOutcome, Unsettled};
use crate::wit::types::{Failure, FailureClass, Instant, Message, RemoteId, Warning};

/// The host never has to call again sooner than this.
const SHORTEST_WAIT: i64 = 5_000;
/// How soon a look-up is made again while the order may show any moment.
const LOOK_AGAIN: i64 = 30_000;
/// How long at most until a look-up is made again.
const LONGEST_WAIT: i64 = 600_000;
/// An order that is not found for so long after Nhanh refused it as existing is for a person to find; and where no refusal of repeats is
/// documented, no sweep that began sooner after the send lets it be sent again.
const QUARTER_OF_AN_HOUR: i64 = 900_000;

/// What is known of an earlier create.
pub(crate) enum Settled {
    /// It arrived, and is ours; what people should know beside that.
    Found(Box<Seen>, Vec<Warning>),
    /// Not known yet.
    Wait(Unsettled),
    /// This order of ours was seen, and is not there any more.
    Gone(RemoteId),
    /// It did not arrive, or was never sent.
    NeverArrived,
}

impl<S: Sender> Push<'_, S> {
    /// No byte of a create can have arrived.
    pub(crate) fn never_sent(&self) -> bool {
        let earlier = self.earlier;
        !earlier.may_have_arrived && earlier.seen_as.is_none() && earlier.refused_as_existing.is_none()
    }

    /// From when on an empty look-up says something.
    pub(crate) fn visible_at(&self) -> Option<Instant> {
        self.earlier.last_sent.map(|sent| sent.saturating_add(self.settings.visible_after_ms()))
    }

    /// Finds out whether an earlier create arrived; `creates` where it would be sent again if it did not.
    pub(crate) fn settle(&mut self, creates: bool) -> Result<Settled, Failure> {
        let earlier = self.earlier;
        if let Some(remote) = &earlier.seen_as
            && let Some(seen) = self.order_by_id(remote)?
            && self.is_this(&seen)?
        {
            return Ok(self.found(seen));
        }
        if self.never_sent() {
            return Ok(Settled::NeverArrived);
        }
        if let Some(seen) = self.look_up()? {
            return Ok(self.found(seen));
        }
        if let Some(remote) = earlier.seen_as.as_ref().filter(|_| earlier.gone) {
            return Ok(Settled::Gone(remote.clone()));
        }
        let now = self.context.now;
        let sent = earlier.last_sent.or(earlier.first_sent).unwrap_or(self.order.created);
        let visible_at = sent.saturating_add(self.settings.visible_after_ms());
        if now < visible_at {
            let again = visible_at.min(now.saturating_add(LOOK_AGAIN)).max(now.saturating_add(SHORTEST_WAIT));
            return Ok(Settled::Wait(self.waits(earlier.empty_lookups, again, None)));
        }
        let empty = earlier.empty_lookups.saturating_add(1);
        // What was refused as existing is never sent again: one sweep is to find it.
        let (wanted, from) = self.sweeps_wanted(creates && earlier.refused_as_existing.is_none(), sent, visible_at);
        let counting = earlier.swept.iter().filter(|it| **it >= from).count();
        let last_swept = earlier.swept.iter().max().map_or(from, |it| it.saturating_add(1));
        let sweep_from = (counting < wanted).then(|| from.max(last_swept));
        let later = now.saturating_add((now.saturating_sub(sent) / 4).clamp(LOOK_AGAIN, LONGEST_WAIT));
        if let Some(refused) = earlier.refused_as_existing {
            let until = refused.saturating_add(QUARTER_OF_AN_HOUR);
            if now >= until && earlier.seen_as.is_none() {
                return Err(self.own_id_taken());
            }
            let again = if now < until { later.min(until) } else { later };
            return Ok(Settled::Wait(self.waits(empty, again, sweep_from)));
        }
        // An own id that was told is there, whatever a look-up says.
        if earlier.seen_as.is_some() {
            return Ok(Settled::Wait(self.waits(empty, later, None)));
        }
        match sweep_from {
            Some(from) => Ok(Settled::Wait(self.waits(empty, later, Some(from)))),
            None if earlier.empty_lookups == 0 => Ok(Settled::Wait(self.waits(empty, now.saturating_add(SHORTEST_WAIT), None))),
            // Where repeats are refused a create may be sent once more; that a cancel has nothing to cancel is not known.
            None if self.settings.limited_to_branches() && !(creates && self.wire.refuses_repeats()) => Err(self.out_of_sight()),
            None => Ok(Settled::NeverArrived),
        }
    }

    /// How many sweeps have to have shown nothing, and when the first of them may have begun.
    fn sweeps_wanted(&self, creates: bool, sent: Instant, visible_at: Instant) -> (usize, Instant) {
        if creates && !self.wire.refuses_repeats() { (2, visible_at.max(sent.saturating_add(QUARTER_OF_AN_HOUR))) } else { (1, visible_at) }
    }

    fn waits(&self, empty_lookups: u32, again: Instant, sweep_from: Option<Instant>) -> Unsettled {
        let message = Message::new(
            "Chưa biết đơn {own-id} đã tới Nhanh.vn hay chưa; hệ thống sẽ kiểm tra lại trước khi gửi.",
            "It is not known yet whether order {own-id} reached Nhanh.vn; it is looked up again before anything is sent.",
        );
        Unsettled { empty_lookups, again, sweep_from, sent: false, message: message.with("own-id", self.own_id.as_str()) }
    }

    /// Looks again soon: the order, or what was changed in it, does not show yet.
    pub(crate) fn looks_again(&self, until: Instant, sent: bool, vi: &str, en: &str) -> PushOutcome {
        let soon = self.context.now.saturating_add(LOOK_AGAIN);
        PushOutcome::Unsettled(Unsettled {
            empty_lookups: self.earlier.empty_lookups,
            again: soon.min(until).max(self.context.now.saturating_add(SHORTEST_WAIT)),
            sweep_from: None,
            sent,
            message: Message::new(vi, en).with("own-id", self.own_id.as_str()),
        })
    }

    /// Nhanh refused because of the own id: the order is there, shows later, something else took the id, or the refusal meant another thing.
    pub(crate) fn adopt_repeated(&mut self, refusal: Refusal) -> Result<PushOutcome, Failure> {
        // Nothing was changed by the refusal, and yet the order may be there: a look-up that fails leaves that open, as does an empty one.
        match self.look_up() {
            Ok(found) => {
                if let Some(seen) = found
                    && let Settled::Found(seen, warnings) = self.found(seen)
                {
                    return Ok(PushOutcome::Adopted(with(pushed_as(&seen), warnings)));
                }
                if !refusal.means_repeated() && refusal.changed_nothing() {
                    return Err(refusal.without(&self.personal()));
                }
            }
            Err(failure) if failure.class == FailureClass::Conflict => return Err(failure),
            Err(_) => {}
        }
        if !refusal.means_repeated() {
            return Err(refusal.unclear(&self.personal()));
        }
        let message = Message::new(
            "Nhanh.vn báo mã đơn {own-id} đã tồn tại nhưng chưa tìm thấy đơn đó; hệ thống tiếp tục tìm và không gửi lại.",
            "Nhanh.vn says that order {own-id} exists, and it is not found yet; it is looked for and not sent again.",
        );
        Err(Failure::new(FailureClass::Ambiguous, "order.refused-as-existing", message.with("own-id", self.own_id.as_str())))
    }

    fn own_id_taken(&self) -> Failure {
        self.conflict(
            "order.own-id-taken",
            Message::new(
                "Nhanh.vn báo mã đơn {own-id} đã tồn tại nhưng không tìm thấy đơn đó. Hãy tìm mã này trên Nhanh.vn.",
                "Nhanh.vn says that order {own-id} exists, but none is found. Please search Nhanh.vn for it.",
            ),
        )
    }

    fn out_of_sight(&self) -> Failure {
        self.conflict(
            "order.not-found-limited-grant",
            Message::new(
                "Không tìm thấy đơn {own-id}, nhưng quyền chỉ gồm một số kho nên đơn có thể ở kho khác; hệ thống không gửi lại. Tìm mã này trên Nhanh.vn, hoặc đăng nhập lại với tất cả các kho rồi gửi lại.",
                "Order {own-id} is not found, but the grant covers some depots only and it may be at another; it is not sent again. Search Nhanh.vn for it, or log in again with all depots and send it again.",
            ),
        )
    }

    /// Ours. Where phone or sum are not what was sent, people should know.
    fn found(&self, seen: Seen) -> Settled {
        let mut warnings = Vec::new();
        let ours = &self.order.recipient.phone;
        let same_phone = seen.phone.as_ref().is_none_or(|theirs| match (phone::canonical(theirs), phone::canonical(ours)) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => theirs.trim() == ours.trim() || Ok(theirs) == crate::map::order::phone(self.order).as_ref(),
        });
        let mut warn = |code: &str, message: Message| {
            warnings.push(Warning::new(code, message.with("own-id", self.own_id.as_str())).about(seen.status.order.as_str()));
        };
        if !same_phone {
            warn(
                "order.adopted-phone-differs",
                Message::new(
                    "Đơn {own-id} đã có trên Nhanh.vn nhưng khác số điện thoại người nhận. Hãy so lại hai đơn.",
                    "Order {own-id} is at Nhanh.vn with another recipient's phone. Please compare the two.",
                ),
            );
        }
        if let Some(theirs) = seen.to_collect.filter(|it| *it != self.order.to_collect) {
            let message = Message::new(
                "Đơn {own-id} đã có trên Nhanh.vn nhưng tiền thu hộ là {theirs} đồng thay vì {ours} đồng. Hãy so lại hai đơn.",
                "Order {own-id} is at Nhanh.vn but collects {theirs} dong instead of {ours}. Please compare the two.",
            );
            warn("order.adopted-sum-differs", message.number("theirs", theirs).number("ours", self.order.to_collect));
        }
        Settled::Found(Box::new(seen), warnings)
    }

    pub(crate) fn conflict(&self, code: &str, message: Message) -> Failure {
        Failure::conflict(code, message.with("own-id", self.own_id.as_str()))
    }
}
