//! Never twice: whether an earlier create arrived.
//!
//! A look-up pass asks for all orders to the recipient's phone, canonical and then as written, from the day before the first send until
//! the day after now (the two clocks may differ), all pages, and looks for our own id; Nhanh has no filter by own id, and 2.0 promises nothing on repeated ones. Each call makes at most
//! one pass. An empty pass proves little, since an effect may show late: a create is sent again only when one empty pass is on record,
//! the wait since the last send is over, and this call's pass is empty as well. One that a webhook told of is never sent again.

use crate::map::order as rules;
use crate::nhanh::errors::Refusal;
use crate::nhanh::wire::{Ask, Seen};
use crate::push::{Push, pushed_as, unreadable_orders};
use crate::sender::Sender;
use crate::vietnam::{phone, time};
use crate::wit::exchange::{PushOutcome, Unsettled};
use crate::wit::types::{Failure, FailureClass, Message, RemoteId};

/// The host never has to call again sooner than this.
const SHORTEST_WAIT: i64 = 5_000;
/// Pages of orders to one phone; more is no person's number.
const MOST_PAGES: u32 = 50;

/// So many empty passes say that an order which a webhook told of is not there any more.
const EMPTY_AT_MOST: u32 = 20;

/// What is known of an earlier create.
pub(crate) enum Settled {
    /// It arrived, and is ours.
    Found(Box<Seen>),
    /// Not known yet.
    Wait(Unsettled),
    /// A webhook told of this order of ours, and it is not there any more.
    Gone(RemoteId),
    /// It did not arrive, or was never sent.
    NeverArrived,
}

impl<S: Sender> Push<'_, S> {
    /// Finds out whether an earlier create arrived.
    pub(crate) fn settle(&mut self) -> Result<Settled, Failure> {
        if let Some(remote) = self.earlier.seen_as.clone() {
            let orders = self.orders(&Ask::OrdersById(std::slice::from_ref(&remote)), &self.wire.first())?;
            if let Some(seen) = orders.seen.into_iter().find(|it| it.status.order == remote && self.is_this(it)) {
                return self.adoptable(seen);
            }
        }
        if !self.earlier.may_have_arrived && self.earlier.seen_as.is_none() {
            return Ok(Settled::NeverArrived);
        }
        if let Some(seen) = self.look_up()? {
            return self.adoptable(seen);
        }
        let empty_lookups = self.earlier.empty_lookups.saturating_add(1);
        if let Some(remote) = self.earlier.seen_as.clone().filter(|_| empty_lookups >= EMPTY_AT_MOST) {
            return Ok(Settled::Gone(remote));
        }
        let now = self.context.now;
        let ready_at = self.earlier.last_sent.map_or(now, |sent| sent.saturating_add(self.settings.resend_after_ms()));
        // An own id that a webhook told of is there, whatever a look-up says.
        if self.earlier.empty_lookups >= 1 && now >= ready_at && self.earlier.seen_as.is_none() {
            return Ok(Settled::NeverArrived);
        }
        Ok(Settled::Wait(Unsettled {
            empty_lookups,
            again: ready_at.max(now.saturating_add(SHORTEST_WAIT)),
            sweep_from: None,
            sent: false,
            message: Message::new(
                "Chưa biết đơn {own-id} đã tới Nhanh.vn hay chưa; hệ thống sẽ kiểm tra lại trước khi gửi.",
                "It is not known yet whether order {own-id} reached Nhanh.vn; it is looked up again before anything is sent.",
            )
            .with("own-id", self.own_id.as_str()),
        }))
    }

    /// Nhanh refused because of the own id: the order is there, something else took the id, or the refusal meant another thing.
    pub(crate) fn adopt_repeated(&mut self, refusal: Refusal) -> Result<PushOutcome, Failure> {
        // Nothing was changed by the refusal, and yet the order may be there: a look-up that fails leaves that open.
        let found = self.look_up().map_err(|failure| match failure.class {
            FailureClass::Transient | FailureClass::RateLimited(_) => Failure { class: FailureClass::Ambiguous, ..failure },
            _ => failure,
        })?;
        if let Some(seen) = found {
            self.adoptable(seen.clone())?;
            return Ok(PushOutcome::Adopted(pushed_as(&seen)));
        }
        if !refusal.means_repeated() {
            return Err(refusal.without(&self.personal()));
        }
        Err(self.conflict(
            "order.own-id-taken",
            Message::new(
                "Nhanh.vn báo mã đơn {own-id} đã tồn tại nhưng không tìm thấy đơn đó theo số điện thoại. Hãy tìm mã này trên Nhanh.vn.",
                "Nhanh.vn says that order {own-id} exists, but none is found by the phone. Please search Nhanh.vn for it.",
            ),
        ))
    }

    fn is_this(&self, seen: &Seen) -> bool {
        seen.status.own_id.as_deref() == Some(self.own_id.as_str())
    }

    /// One pass over all orders to this phone.
    fn look_up(&mut self) -> Result<Option<Seen>, Failure> {
        let raw = self.order.recipient.phone.trim().to_owned();
        let mut phones = vec![rules::phone(self.order)?];
        if !phones.contains(&raw) {
            phones.push(raw);
        }
        let first = self.earlier.first_sent.unwrap_or(self.order.created);
        let mut found: Vec<Seen> = Vec::new();
        for phone in phones {
            let ask =
                Ask::OrdersTo { phone: &phone, from: first.saturating_sub(time::DAY), until: self.context.now.saturating_add(time::DAY) };
            let mut place = self.wire.first();
            let mut ended = false;
            for _ in 0..MOST_PAGES {
                let orders = self.orders(&ask, &place)?;
                for seen in orders.seen {
                    if self.is_this(&seen) && !found.iter().any(|it| it.status.order == seen.status.order) {
                        found.push(seen);
                    }
                }
                match orders.next.filter(|it| *it != place) {
                    Some(next) => place = next,
                    None => {
                        ended = orders.last;
                        break;
                    }
                }
            }
            // A list that goes in circles, or on and on, does not say that the order is not there.
            if found.is_empty() && !ended {
                return Err(unreadable_orders());
            }
            // The raw form is asked for only where the canonical one finds nothing.
            if !found.is_empty() {
                break;
            }
        }
        if found.len() > 1 {
            return Err(self.conflict(
                "order.found-twice",
                Message::new(
                    "Nhanh.vn có nhiều đơn cùng mã {own-id}. Giữ lại một đơn, hủy các đơn thừa trên Nhanh.vn rồi thử lại.",
                    "Nhanh.vn has several orders {own-id}. Keep one, cancel the others at Nhanh.vn and try again.",
                ),
            ));
        }
        Ok(found.pop())
    }

    /// Ours if phone and sum agree too.
    fn adoptable(&self, seen: Seen) -> Result<Settled, Failure> {
        let same_phone = match &seen.phone {
            None => true,
            Some(theirs) => match (phone::canonical(theirs), phone::canonical(&self.order.recipient.phone)) {
                (Some(theirs), Some(ours)) => theirs == ours,
                _ => theirs.trim() == self.order.recipient.phone.trim() || Ok(theirs) == rules::phone(self.order).as_ref(),
            },
        };
        if !same_phone {
            return Err(self
                .conflict(
                    "order.adopt-phone-differs",
                    Message::new(
                        "Đơn {own-id} đã có trên Nhanh.vn nhưng khác số điện thoại người nhận. Hãy kiểm tra hai đơn.",
                        "Order {own-id} is at Nhanh.vn with another recipient's phone. Please compare the two.",
                    ),
                )
                .about(seen.status.order));
        }
        if let Some(theirs) = seen.to_collect.filter(|it| *it != self.order.to_collect) {
            let conflict = self.conflict(
                "order.adopt-sum-differs",
                Message::new(
                    "Đơn {own-id} đã có trên Nhanh.vn nhưng tiền thu hộ là {theirs} đồng thay vì {ours} đồng. Hãy kiểm tra hai đơn.",
                    "Order {own-id} is at Nhanh.vn but collects {theirs} dong instead of {ours}. Please compare the two.",
                )
                .number("theirs", theirs)
                .number("ours", self.order.to_collect),
            );
            return Err(conflict.about(seen.status.order));
        }
        Ok(Settled::Found(Box::new(seen)))
    }

    pub(crate) fn conflict(&self, code: &str, message: Message) -> Failure {
        Failure::conflict(code, message.with("own-id", self.own_id.as_str()))
    }
}
