//! Orders out: an event of an order becomes what is sent, and what was answered becomes what happened.
//!
//! The one rule above all others: an order is never created twice. Whatever is not a readable answer to a create is `ambiguous`, the host
//! waits, and every later call looks before it sends (`settle`). A status is set only after reading the order (`status`).

mod settle;
mod status;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod third;

use crate::map::order::{self as rules, Intent};
use crate::nhanh::errors::{Access, NoData, Reply, answer, no_reply, tree};
use crate::nhanh::json::Record;
use crate::nhanh::wire::{Ask, FULL, Located, Place, Seen, Wire};
use crate::push::settle::Settled;
use crate::sender::Sender;
use crate::settings::Settings;
use crate::wit::connector::{OrderPlan, Plan};
use crate::wit::exchange::{PushOutcome, Pushed};
use crate::wit::http::Request;
use crate::wit::orders::{Earlier, Order, OrderEvent};
use crate::wit::types::{Context, Failure, FailureClass, Message, Reason, RemoteId, Warning};

/// What would be sent for this event, said without asking anyone.
///
/// # Errors
/// The order may not go out as it is.
pub fn plan(context: &Context, event: &OrderEvent) -> Result<OrderPlan, Failure> {
    let settings = Settings::of(context);
    let wire = settings.wire()?;
    let order = &event.order;
    let intent = match rules::intent(settings, event) {
        Ok(intent) => intent,
        Err(reason) => return Ok(OrderPlan::Skip(reason)),
    };
    if intent == Intent::Create {
        if order.remote.is_some() {
            return Ok(OrderPlan::Skip(already_linked()));
        }
        let checked = rules::check(settings, order)?;
        // Without asking anyone there is no place by id: the address goes as text.
        let create = wire.create(settings, &checked, &Located::default())?;
        return Ok(OrderPlan::Create(Plan { own_id: checked.own_id, request: create.request, warnings: create.warnings }));
    }
    let Some(remote) = &order.remote else { return Ok(OrderPlan::Skip(rules::never_pushed())) };
    let Some(wanted) = intent.status() else { return Ok(OrderPlan::Skip(nothing_to_send())) };
    let request = wire.set_status(settings, remote, wanted)?;
    Ok(OrderPlan::SetStatus(Plan { own_id: rules::own_id(settings, order)?, request, warnings: Vec::new() }))
}

fn already_linked() -> Reason {
    Reason::new(
        "skip.already-linked",
        Message::new("Đơn này đã có trên Nhanh.vn, không tạo lại.", "This order is at Nhanh.vn already and is not created again."),
    )
}

fn nothing_to_send() -> Reason {
    Reason::new(
        "skip.nothing-to-send",
        Message::new(
            "Nhanh.vn tự ghi nhận hàng hoàn qua hãng vận chuyển; chỉ kiểm tra lại trạng thái, không gửi gì.",
            "Nhanh.vn records returns through the carrier; the status is checked and nothing is sent.",
        ),
    )
}

/// One push, with all that its steps need.
pub(crate) struct Push<'c, S: Sender> {
    pub(crate) context: &'c Context,
    pub(crate) settings: Settings<'c>,
    pub(crate) wire: &'static dyn Wire,
    pub(crate) order: &'c Order,
    pub(crate) earlier: &'c Earlier,
    pub(crate) own_id: String,
    pub(crate) sender: &'c mut S,
}

/// Brings one order event to Nhanh, at most once.
///
/// # Errors
/// Each class as the contract says; `ambiguous` when something was sent and its outcome is unknown.
pub fn push<S: Sender>(context: &Context, event: &OrderEvent, earlier: &Earlier, sender: &mut S) -> Result<PushOutcome, Failure> {
    let settings = Settings::of(context);
    let intent = match rules::intent(settings, event) {
        Ok(intent) => intent,
        Err(reason) => return Ok(PushOutcome::Skipped(reason)),
    };
    let order = &event.order;
    let own_id = rules::own_id(settings, order)?;
    let mut push = Push { context, settings, wire: settings.wire()?, order, earlier, own_id, sender };
    match (intent, &order.remote) {
        (Intent::Create, Some(remote)) => Ok(PushOutcome::Already(push.pushed(remote.clone()))),
        (Intent::Create, None) => push.create(),
        (intent, Some(remote)) => {
            let remote = remote.clone();
            push.set_status(intent, &remote)
        }
        (intent, None) => push.set_status_unlinked(intent),
    }
}

impl<S: Sender> Push<'_, S> {
    /// An order of ours of which nothing but the id is known.
    pub(crate) fn pushed(&self, remote: RemoteId) -> Pushed {
        Pushed { remote, own_id: Some(self.own_id.clone()), code: None, tracking: None, warnings: Vec::new() }
    }

    fn create(&mut self) -> Result<PushOutcome, Failure> {
        match self.settle()? {
            Settled::Found(seen) => Ok(PushOutcome::Adopted(pushed_as(&seen))),
            Settled::Gone(remote) => Err(self
                .conflict(
                    "order.seen-then-gone",
                    Message::new(
                        "Đơn {own-id} đã thấy trên Nhanh.vn rồi không còn, có thể đã bị xóa; hệ thống không tạo lại. Nếu vẫn cần, hãy tạo đơn mới ở Nobi Pro.",
                        "Order {own-id} was seen at Nhanh.vn and is there no longer; it may have been deleted, and is not made again. If it is needed, make a new one at Nobi Pro.",
                    ),
                )
                .about(remote)),
            Settled::Wait(unsettled) => Ok(PushOutcome::Unsettled(unsettled)),
            Settled::NeverArrived => self.send_create(),
        }
    }

    fn send_create(&mut self) -> Result<PushOutcome, Failure> {
        let (settings, wire) = (self.settings, self.wire);
        let checked = rules::check(settings, self.order)?;
        let mut place = wire.locate(settings, self.context.now, &self.order.address, self.sender);
        let mut create = wire.create(settings, &checked, &place)?;
        let mut answered = self.ask(create.request, Access::Write, |reply| wire.created(&reply.record));
        if let (Err(NoData::Refused(refusal)), false) = (&answered, place.ids.is_empty()) {
            // A refusal changed nothing, and no order is stopped for its address.
            if refusal.is_plain() && refusal.names_place() {
                place = Located { ids: Vec::new(), warnings: vec![place_refused()] };
                create = wire.create(settings, &checked, &place)?;
                answered = self.ask(create.request, Access::Write, |reply| wire.created(&reply.record));
            }
        }
        let warnings = create.warnings.into_iter().chain(place.warnings).collect();
        match answered {
            Ok(Some((remote, tracking))) => Ok(PushOutcome::Created(Pushed { tracking, warnings, ..self.pushed(remote) })),
            Ok(None) => Err(Failure::new(
                FailureClass::Ambiguous,
                "nhanh.no-order-id",
                Message::new(
                    "Nhanh.vn nhận đơn nhưng không trả về mã đơn. Hệ thống sẽ kiểm tra bên Nhanh.vn trước khi gửi lại.",
                    "Nhanh.vn took the order but told no id. Nhanh.vn is looked at before anything is sent again.",
                ),
            )),
            Err(NoData::Refused(refusal)) if refusal.means_repeated() || refusal.names(&self.own_id) => self.adopt_repeated(refusal),
            Err(no) => Err(self.failure(no)),
        }
    }

    /// Words of this order that name people: no sentence of Nhanh's may go out with one of them in it.
    pub(crate) fn personal(&self) -> Vec<&str> {
        let order = self.order;
        let mut personal = vec![order.recipient.name.as_str(), order.recipient.phone.as_str(), order.address.text.as_str()];
        personal.extend(order.recipient.email.as_deref());
        personal.extend(order.buyer.iter().flat_map(|it| [it.name.as_str(), it.phone.as_str()]));
        personal
    }

    /// The failure of a reply, without the people of this order in it.
    pub(crate) fn failure(&self, no: NoData) -> Failure {
        match no {
            NoData::Unreadable(failure) => failure,
            NoData::Refused(refusal) => refusal.without(&self.personal()),
        }
    }

    /// One request and what its reply says.
    pub(crate) fn ask<T>(&mut self, request: Request, access: Access, read: impl FnOnce(&Reply<'_>) -> T) -> Result<T, NoData> {
        let response = self.sender.send(request).map_err(|error| NoData::Unreadable(no_reply(&error, access)))?;
        let tree = tree(&response, access)?;
        let reply = answer(&tree, &response, access, self.context.now)?;
        Ok(read(&reply))
    }

    /// A page of orders. One that cannot be read is passed over only if it surely is not this one: an empty look-up must mean that there
    /// is no such order, never that it was not understood.
    pub(crate) fn orders(&mut self, ask: &Ask<'_>, place: &Place) -> Result<Orders, Failure> {
        let wire = self.wire;
        let request = wire.request(self.settings, ask, place, FULL)?;
        let own_id = self.own_id.clone();
        let read = self.ask(request, Access::Read, |reply| read_orders(wire, ask, place, reply, &own_id));
        read.map_err(|no| self.failure(no))?.ok_or_else(unreadable_orders)
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
}

/// Pages that are looked at for one order by its id; there should be one.
const FEW_PAGES: u32 = 5;

fn place_refused() -> Warning {
    let message = Message::new(
        "Nhanh.vn không nhận địa danh tìm được cho địa chỉ; địa chỉ được gửi dạng chữ, hãy chọn lại địa danh trên Nhanh.vn.",
        "Nhanh.vn did not accept the place that was found for the address; it goes as text, and its place has to be chosen at Nhanh.vn.",
    );
    Warning::new("order.place-as-text", message).at("/address")
}

fn read_orders(wire: &dyn Wire, ask: &Ask<'_>, place: &Place, reply: &Reply<'_>, own_id: &str) -> Option<Orders> {
    let found = wire.rows(ask, place, reply).ok()?;
    let rows = found.rows.count_left();
    let mut orders = Orders { seen: Vec::with_capacity(rows), last: found.next.is_none(), next: found.next, rows };
    for (key, value) in found.rows {
        match wire.order(key, value) {
            Ok(seen) => orders.seen.push(seen),
            Err(_) => {
                let own = wire.own_id(&Record::of(value)?).ok()?;
                if own.as_deref() == Some(own_id) {
                    return None;
                }
            }
        }
    }
    Some(orders)
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

/// One page of orders.
pub(crate) struct Orders {
    pub(crate) seen: Vec<Seen>,
    pub(crate) next: Option<Place>,
    /// The list ends here.
    pub(crate) last: bool,
    pub(crate) rows: usize,
}

/// An order at Nhanh, as the host is told of it.
pub(crate) fn pushed_as(seen: &Seen) -> Pushed {
    let status = &seen.status;
    Pushed {
        remote: status.order.clone(),
        own_id: status.own_id.clone(),
        code: Some(status.code.clone()),
        tracking: status.tracking.clone(),
        warnings: Vec::new(),
    }
}
