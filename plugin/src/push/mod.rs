//! Orders out: an event of an order becomes what is sent, and what was answered becomes what happened.
//!
//! The one rule above all others: an order is never created twice. Whatever is not a readable answer to a create is `ambiguous`, the host
//! waits, and every later call looks (`look_up`) before it sends (`settle`). A status is set only after reading the order, and counts as
//! set only once a read shows it (`status`).

mod kin;
mod look_up;
mod settle;
mod status;
#[cfg(test)]
mod tests;

use crate::map::order::{self as rules, Intent};
use crate::nhanh::errors::{Access, NoData, Refusal, Reply, answer, no_reply, tree};
use crate::nhanh::wire::{Located, Made, Seen, Wire};
use crate::push::settle::Settled;
use crate::sender::Sender;
use crate::settings::Settings;
use crate::wit::connector::{OrderPlan, Plan};
use crate::wit::exchange::{PushOutcome, Pushed};
use crate::wit::http::Request;
use crate::wit::orders::{Earlier, Order, OrderEvent, OrderLine};
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
    /// Living orders that Nhanh made of this one, once this call has looked for them.
    pub(crate) children: Option<Vec<Seen>>,
    /// An order of which this call could not read whether it is one of them.
    pub(crate) unclear: Option<RemoteId>,
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
    let mut push = Push { context, settings, wire: settings.wire()?, order, earlier, own_id, children: None, unclear: None, sender };
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
        match self.settle(true)? {
            Settled::Found(seen, warnings) => Ok(PushOutcome::Adopted(with(pushed_as(&seen), warnings))),
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
        let mut answered = self.ask(create.request, Access::Write, |reply| Made::of(&reply.record));
        if let (Err(NoData::Refused(refusal)), false) = (&answered, place.ids.is_empty()) {
            // No order is stopped for its address, where the refusal surely changed nothing.
            if refusal.is_plain() && refusal.changed_nothing() && refusal.names_place() {
                place = Located { ids: Vec::new(), warnings: vec![place_refused()] };
                create = wire.create(settings, &checked, &place)?;
                answered = self.ask(create.request, Access::Write, |reply| Made::of(&reply.record));
            }
        }
        let warnings = create.warnings.into_iter().chain(place.warnings).collect();
        match answered {
            Ok(made) => match made.ids.as_slice() {
                [remote] => Ok(PushOutcome::Created(Pushed { tracking: made.tracking, warnings, ..self.pushed(remote.clone()) })),
                ids => Err(no_one_id(ids)),
            },
            Err(NoData::Refused(refusal)) if refusal.means_repeated() || refusal.names(&self.own_id) => self.adopt_repeated(refusal),
            Err(NoData::Refused(refusal)) if refusal.means_short_of_stock() => Err(self.short_of_stock(refusal)),
            Err(NoData::Refused(refusal)) if refusal.failure.code == DEPOT_INVALID => Err(depot_refused(checked.depot)),
            Err(no) => Err(self.of_write(no)),
        }
    }

    /// The order waits for goods. The product is the one that Nhanh's sentence names, as far as it does.
    fn short_of_stock(&self, refusal: Refusal) -> Failure {
        let lines = &self.order.lines;
        let named = |of: fn(&OrderLine) -> Option<&str>| lines.iter().find(|it| of(it).is_some_and(|it| refusal.mentions(it)));
        let line = refusal
            .line()
            .and_then(|at| lines.get(at))
            .or_else(|| named(|it| it.remote_product.as_deref()))
            .or_else(|| named(|it| it.sku.as_deref()))
            .or_else(|| named(|it| Some(it.name.as_str())))
            .or_else(|| lines.first());
        let product = line.and_then(|it| it.remote_product.clone()).unwrap_or_default();
        let said = refusal.sentence(&self.personal());
        let message = Message::new(
            "Nhanh.vn chưa nhận đơn vì không đủ hàng có thể bán (sản phẩm {product}): {said}. Đơn chờ và tự gửi lại khi có hàng.",
            "Nhanh.vn does not take the order yet: too little can be sold of product {product}: {said}. It waits, and goes by itself.",
        );
        let message = message.with("product", &product).with("said", &said);
        Failure::new(FailureClass::Held, "order.short-of-stock", message).about(product)
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

    /// The failure of the reply to a write: a "no" that nobody can be sure of leaves open what was done.
    pub(crate) fn of_write(&self, no: NoData) -> Failure {
        match no {
            NoData::Refused(refusal) if !refusal.changed_nothing() => refusal.unclear(&self.personal()),
            no => self.failure(no),
        }
    }

    /// One request and what its reply says.
    pub(crate) fn ask<T>(&mut self, request: Request, access: Access, read: impl FnOnce(&Reply<'_>) -> T) -> Result<T, NoData> {
        let response = self.sender.send(request).map_err(|error| NoData::Unreadable(no_reply(&error, access)))?;
        let tree = tree(&response, access)?;
        let reply = answer(&tree, &response, access, self.context.now)?;
        Ok(read(&reply))
    }
}

/// The code of a depot that Nhanh does not accept.
const DEPOT_INVALID: &str = "nhanh.depot-invalid";

fn depot_refused(depot: &str) -> Failure {
    let message = Message::new(
        "Nhanh.vn không nhận kho {depot}: kho đã xóa, đã đóng hoặc ngoài phạm vi được cấp quyền. Đăng nhập lại Nhanh.vn với kho này, hoặc nối chi nhánh với kho khác, rồi gửi lại đơn.",
        "Nhanh.vn does not accept depot {depot}: it was deleted, is closed or lies outside the grant. Log in to Nhanh.vn again with it, or link the branch to another depot, and send the order again.",
    );
    Failure::rejected(DEPOT_INVALID, message.with("depot", depot)).about(depot).at("/remote-branch")
}

/// The order was taken, and not one id was told.
fn no_one_id(ids: &[RemoteId]) -> Failure {
    let (code, vi, en) = if ids.is_empty() {
        ("nhanh.no-order-id", "không trả về mã đơn", "told no id")
    } else {
        ("nhanh.two-order-ids", "trả về nhiều mã đơn", "told several ids")
    };
    let mut message = Message::new(
        "Nhanh.vn nhận đơn nhưng {vi}. Hệ thống sẽ kiểm tra bên Nhanh.vn trước khi gửi lại.",
        "Nhanh.vn took the order but {en}. Nhanh.vn is looked at before anything is sent again.",
    );
    message.vi = message.vi.replace("{vi}", vi);
    message.en = message.en.replace("{en}", en);
    Failure::new(FailureClass::Ambiguous, code, message)
}

/// The same, with more to say.
pub(crate) fn with(mut pushed: Pushed, warnings: Vec<Warning>) -> Pushed {
    pushed.warnings.extend(warnings);
    pushed
}

fn place_refused() -> Warning {
    let message = Message::new(
        "Nhanh.vn không nhận địa danh tìm được cho địa chỉ; địa chỉ được gửi dạng chữ, hãy chọn lại địa danh trên Nhanh.vn.",
        "Nhanh.vn did not accept the place that was found for the address; it goes as text, and its place has to be chosen at Nhanh.vn.",
    );
    Warning::new("order.place-as-text", message).at("/address")
}

/// An order at Nhanh, as the host is told of it.
pub(crate) fn pushed_as(seen: &Seen) -> Pushed {
    let status = &seen.status;
    Pushed {
        remote: status.order.clone(),
        own_id: status.own_id.clone(),
        code: Some(status.code.clone()),
        tracking: status.tracking.clone(),
        warnings: seen.warnings().collect(),
    }
}
