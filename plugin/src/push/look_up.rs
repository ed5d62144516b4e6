//! Reading orders before anything is sent: one by its id, and all to the recipient's phone.
//!
//! A pass asks for all orders to the phone, canonical and then as written, from the day before the first send until the day after now (the
//! two clocks may differ), all pages, and looks for our own id; Nhanh has no filter by own id. A page that was refused, or not understood,
//! must never count as an empty one.

use crate::map::order as rules;
use crate::nhanh::errors::{Access, NoData, Reply};
use crate::nhanh::json::Record;
use crate::nhanh::wire::{Ask, FULL, Kind, Place, Seen, Wire};
use crate::nhanh::words::{Group, order_status};
use crate::push::Push;
use crate::sender::Sender;
use crate::vietnam::phone::{self, Phone};
use crate::vietnam::time;
use crate::wit::types::{Failure, FailureClass, Message, RemoteId};

/// Pages that are looked at for one order by its id; there should be one.
const FEW_PAGES: u32 = 5;
/// Pages of orders to one phone; more is no person's number.
const MOST_PAGES: u32 = 50;

/// One page of orders.
struct Orders {
    seen: Vec<Seen>,
    /// One that surely is not the one that is looked for, and may have come of it: what it came of, or where it stands, cannot be read.
    unclear: Option<RemoteId>,
    next: Option<Place>,
    /// The list ends here.
    last: bool,
    rows: usize,
}

pub(crate) fn unreadable_orders() -> Failure {
    Failure::new(
        FailureClass::Transient,
        "nhanh.order-unreadable",
        Message::new(
            "Không đọc được đơn hàng từ Nhanh.vn, chưa gửi gì. Hệ thống sẽ tự thử lại.",
            "Orders of Nhanh.vn's could not be read and nothing was sent. It will be tried again.",
        ),
    )
}

fn read_orders(wire: &dyn Wire, ask: &Ask<'_>, place: &Place, reply: &Reply<'_>, own_id: &str) -> Option<Orders> {
    let found = wire.rows(ask, place, reply).ok()?;
    let rows = found.rows.count_left();
    let mut orders = Orders { seen: Vec::with_capacity(rows), last: found.next.is_none(), next: found.next, rows, unclear: None };
    for (key, value) in found.rows {
        match wire.order(key, value) {
            Ok(seen) => {
                if seen.kind == Kind::OriginUnreadable && lives(&seen) && seen.status.own_id.as_deref() != Some(own_id) {
                    orders.unclear = Some(seen.status.order.clone());
                }
                orders.seen.push(seen);
            }
            Err(_) => {
                let row = Record::of(value)?;
                let own = wire.own_id(&row).ok()?;
                if own.as_deref() == Some(own_id) {
                    return None;
                }
                if !matches!(wire.origin(&row), Ok(None)) {
                    orders.unclear = Some(wire.order_id(&row, key).unwrap_or_default());
                }
            }
        }
    }
    Some(orders)
}

/// It is not called off.
pub(super) fn lives(seen: &Seen) -> bool {
    order_status(&seen.status.code).1 != Group::Cancelled
}

impl<S: Sender> Push<'_, S> {
    /// A page of orders. One that cannot be read is passed over only if it surely is not this one: an empty look-up must mean that there
    /// is no such order, never that it was not understood.
    fn orders(&mut self, ask: &Ask<'_>, place: &Place) -> Result<Orders, Failure> {
        let wire = self.wire;
        let request = wire.request(self.settings, ask, place, FULL)?;
        let own_id = self.own_id.clone();
        match self.ask(request, Access::Read, |reply| read_orders(wire, ask, place, reply, &own_id)) {
            Ok(read) => {
                let read = read.ok_or_else(unreadable_orders)?;
                self.unclear = self.unclear.take().or_else(|| read.unclear.clone());
                Ok(read)
            }
            // Whatever the sentence, it says nothing of the order, which is looked for again.
            Err(NoData::Refused(refusal)) if refusal.is_plain() => {
                let message = Message::new(
                    "Nhanh.vn từ chối tra cứu đơn ({said}), chưa gửi gì. Hệ thống sẽ tự thử lại.",
                    "Nhanh.vn refused to look the order up ({said}) and nothing was sent. It will be tried again.",
                );
                let message = message.with("said", &refusal.sentence(&self.personal()));
                Err(Failure::new(FailureClass::Transient, "nhanh.look-up-refused", message))
            }
            Err(no) => Err(self.failure(no)),
        }
    }

    /// The order of that id, if there is one.
    pub(crate) fn order_by_id(&mut self, remote: &RemoteId) -> Result<Option<Seen>, Failure> {
        let mut place = self.wire.first();
        for _ in 0..FEW_PAGES {
            let orders = self.orders(&Ask::OrdersById(std::slice::from_ref(remote)), &place)?;
            let seen = orders.seen.into_iter().find(|it| it.status.order == *remote);
            if seen.is_some() {
                return Ok(seen);
            }
            match orders.next.filter(|it| *it != place) {
                // Rows without the one that was asked for are an odd reply.
                _ if orders.rows > 0 => break,
                None => return Ok(None),
                Some(next) => place = next,
            }
        }
        Err(unreadable_orders().about(remote.as_str()))
    }

    /// The row has our own id. Whether it is the order that was made here, and not one that Nhanh made of it, its kind says.
    pub(crate) fn is_this(&self, seen: &Seen) -> Result<bool, Failure> {
        if seen.status.own_id.as_deref() != Some(self.own_id.as_str()) {
            return Ok(false);
        }
        match seen.kind {
            Kind::Sale => Ok(true),
            Kind::BackInPart | Kind::Other => Ok(false),
            Kind::Unreadable | Kind::OriginUnreadable => Err(unreadable_orders().about(seen.status.order.as_str())),
        }
    }

    /// Every order to a phone since the day before the first send, each once, and whether the list came to its end.
    pub(super) fn orders_to(&mut self, phone: &str) -> Result<(Vec<Seen>, bool), Failure> {
        let from = self.earlier.first_sent.unwrap_or(self.order.created).saturating_sub(time::DAY);
        let ask = Ask::OrdersTo { phone, from, until: self.context.now.saturating_add(time::DAY) };
        let mut all: Vec<Seen> = Vec::new();
        let mut place = self.wire.first();
        for _ in 0..MOST_PAGES {
            let orders = self.orders(&ask, &place)?;
            for seen in orders.seen {
                if all.iter().all(|it| it.status.order != seen.status.order) {
                    all.push(seen);
                }
            }
            match orders.next.filter(|it| *it != place) {
                Some(next) => place = next,
                None => return Ok((all, orders.last)),
            }
        }
        Ok((all, false))
    }

    /// One pass over all orders to this phone: the one that was made here, if it shows. What Nhanh made of it is known from then on.
    pub(crate) fn look_up(&mut self) -> Result<Option<Seen>, Failure> {
        let raw = self.order.recipient.phone.trim().to_owned();
        let mut phones = vec![rules::phone(self.order)?];
        if !phones.contains(&raw) {
            phones.push(raw);
        }
        let mut found: Vec<Seen> = Vec::new();
        let mut others: Vec<Seen> = Vec::new();
        for phone in phones {
            let (seen, ended) = self.orders_to(&phone)?;
            for it in seen {
                if self.is_this(&it)? { found.push(it) } else { others.push(it) }
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
        let found = found.pop();
        if let (None, Some(child)) = (&found, others.iter().find(|it| it.status.own_id.as_deref() == Some(self.own_id.as_str()))) {
            let message = Message::new(
                "Trên Nhanh.vn, mã {own-id} chỉ có ở một đơn đổi, trả, tách hoặc đền bù; đơn gốc không tìm thấy nên hệ thống không tạo lại. Hãy kiểm tra trên Nhanh.vn.",
                "At Nhanh.vn only an exchange, a return, a split or a compensation has the id {own-id}; the order itself is not found and is not made again. Please check it there.",
            );
            return Err(self.conflict("order.found-as-child", message).about(child.status.order.as_str()));
        }
        if let Some(seen) = &found {
            others.retain(|it| self.came_of(&seen.status.order, it));
            // Where that is not clear they are looked for again, by whatever needs them.
            self.children = Some(others).filter(|it| !it.is_empty() || self.unclear.is_none());
        }
        Ok(found)
    }

    /// The spellings to look an order up by, without those that hold no number: as Nhanh has it, and as it is here.
    pub(super) fn phones(&self, theirs: Option<&str>) -> Vec<String> {
        let mut phones: Vec<String> = Vec::new();
        for written in theirs.into_iter().chain([self.order.recipient.phone.as_str()]).map(str::trim) {
            let known = match phone::read(written) {
                Phone::Number(number) => vec![number, written.to_owned()],
                Phone::Other => vec![written.to_owned()],
                Phone::Missing | Phone::Masked => continue,
            };
            for spelling in known {
                if !phones.contains(&spelling) {
                    phones.push(spelling);
                }
            }
        }
        phones
    }
}
