//! Orders that come of orders: parts that were split off, exchanges (12), returns (14), what came back of a partial delivery (16), compensations for
//! what a carrier lost (17); and two orders that become one.
//!
//! An app makes none of them. Must never decide whether an original may have them: people at Nhanh do as they like.

use super::{Claim, Event, Line, NewLine, NewOrder, Order, OrderChange, Quantity, Shop};

/// Who does it.
const STAFF: &str = "Trần Thị Bích Ngọc";

/// The steps of a history that say so (3.0 reference section 3).
const MERGED: i64 = 22;
const COPIED: i64 = 41;

/// An order type that only people and Nhanh itself make (see [`crate::words::ORDER_TYPES`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildKind {
    /// A part that was split off: the type, the status and the depot are the original's.
    Split,
    /// Goods in exchange for others (12); new.
    Exchange,
    /// Goods that the buyer brings back (14); new, and on the shelf again once it is a success.
    Return,
    /// What a carrier pays for goods that it lost (17); new.
    Compensation,
}

impl Shop {
    /// Makes an order that comes of another, with some of its lines. `keep_own_id`: it has the original's own id too. `None` when the original is
    /// unknown or has no such lines.
    pub(crate) fn add_child(
        &mut self,
        original: i64,
        kind: ChildKind,
        some: &[(i64, Quantity)],
        keep_own_id: bool,
        now_ms: i64,
    ) -> Option<i64> {
        let order = self.order(original)?;
        let new = child(order, kind, part(order, some)?, keep_own_id);
        if kind == ChildKind::Split {
            self.take_lines(original, some, now_ms);
        }
        self.place_order(self.home_of_order(original)?, new, now_ms)
    }

    /// A part of an order that was delivered comes back: an order of its own (16, returned) that names the first one, which stays as it is; the goods
    /// are on the shelf again. `None` when the order is unknown or has no such lines.
    pub(crate) fn partial_return(&mut self, id: i64, back: &[(i64, Quantity)], now_ms: i64) -> Option<i64> {
        let order = self.order(id)?;
        let (lines, depot, gone) = (part(order, back)?, order.depot, order.claim() == Claim::Gone);
        let new = NewOrder { type_id: 16, status: "Returned".to_owned(), ..of(order, lines) };
        let made = self.place_order(self.home_of_order(id)?, new, now_ms)?;
        if let (Some(depot), true) = (depot, gone) {
            for (product, quantity) in back {
                self.change_level(*product, depot, |level| level.remain += *quantity, now_ms);
            }
        }
        self.told_of_return(made);
        Some(made)
    }

    /// A carrier delivers a part of an order: the original's quantities become what the buyer took and it is a success, and what comes back is an order
    /// of its own (16, returning) that names it. `None` when the order is unknown or has no such lines.
    pub(crate) fn deliver_partly(&mut self, id: i64, back: &[(i64, Quantity)], now_ms: i64) -> Option<i64> {
        let order = self.order(id)?;
        let new = NewOrder { type_id: 16, status: "Returning".to_owned(), ..of(order, part(order, back)?) };
        self.take_lines(id, back, now_ms);
        self.change_order(id, OrderChange { status: Some("Success".to_owned()), by: STAFF.to_owned(), ..OrderChange::default() }, now_ms);
        let made = self.place_order(self.home_of_order(id)?, new, now_ms)?;
        self.told_of_return(made);
        Some(made)
    }

    /// Two orders of a business become one: the lines and sums of the second join the first, whose history says so, and the second is deleted. `false`
    /// unless both are there.
    pub(crate) fn merge_orders(&mut self, into: i64, from: i64, now_ms: i64) -> bool {
        let same = self.home_of_order(into).is_some_and(|home| into != from && self.home_of_order(from) == Some(home));
        let Some(joining) = self.order(from).filter(|_| same).cloned() else { return false };
        self.delete_order(from, now_ms);
        self.edit_lines(into, now_ms, |order| {
            order.lines.extend(joining.lines);
            order.money.discount += joining.money.discount;
            order.money.deposit += joining.money.deposit;
            order.money.transfer += joining.money.transfer;
            order.steps.push((now_ms, MERGED));
        });
        true
    }

    /// An order is made anew as it is, but for its own id, and for its status, which is new: the history says that it is a copy, and nothing says of
    /// which. `None` when the order is unknown.
    pub(crate) fn copy_order(&mut self, id: i64, now_ms: i64) -> Option<i64> {
        let order = self.order(id)?;
        let all: Vec<_> = order.lines.iter().map(|line| (line.product, line.quantity)).collect();
        let new = NewOrder { type_id: order.type_id, status: "New".to_owned(), original: None, ..of(order, part(order, &all)?) };
        let made = self.place_order(self.home_of_order(id)?, new, now_ms)?;
        if let Some(copy) = self.order_mut(made) {
            copy.steps.push((now_ms, COPIED));
        }
        Some(made)
    }

    /// Takes some goods out of an order's lines, and lines that are empty then.
    fn take_lines(&mut self, id: i64, some: &[(i64, Quantity)], now_ms: i64) {
        self.edit_lines(id, now_ms, |order| {
            for (product, quantity) in some {
                if let Some(line) = order.lines.iter_mut().find(|line| line.product == *product) {
                    line.discount_amount -= share(line, *quantity);
                    line.quantity -= *quantity;
                }
            }
            order.lines.retain(|line| line.quantity > Quantity::ZERO);
        });
    }

    fn told_of_return(&mut self, made: i64) {
        if let Some(business) = self.home_of_order(made) {
            self.note(business, Event::OrderPartialReturn(made));
        }
    }
}

/// Lines of an order as lines of a new one; `None` when it has not got that much of something, or nothing is asked for.
fn part(order: &Order, some: &[(i64, Quantity)]) -> Option<Vec<NewLine>> {
    let line = |(product, quantity): &(i64, Quantity)| {
        let line = order.lines.iter().find(|line| line.product == *product && line.quantity >= *quantity)?;
        Some(NewLine {
            product: Some(*product),
            name: line.name.clone(),
            price: line.price,
            quantity: *quantity,
            discount_amount: share(line, *quantity),
            vat_percent: line.vat_percent,
            vat_mode: line.vat_mode,
            weight: Some(line.weight),
            ..NewLine::default()
        })
    };
    some.iter().map(line).collect::<Option<Vec<_>>>().filter(|lines| !lines.is_empty())
}

/// What a part of a line has of its discount, in dong.
fn share(line: &Line, quantity: Quantity) -> i64 {
    match line.quantity.as_thousandths() {
        0 => 0,
        whole => line.discount_amount * quantity.as_thousandths() / whole,
    }
}

fn of(order: &Order, lines: Vec<NewLine>) -> NewOrder {
    NewOrder {
        depot: order.depot,
        sale_channel: order.sale_channel,
        recipient: order.recipient.clone(),
        lines,
        original: Some(order.id),
        ..NewOrder::default()
    }
}

fn child(order: &Order, kind: ChildKind, lines: Vec<NewLine>, keep_own_id: bool) -> NewOrder {
    let (type_id, status) = match kind {
        ChildKind::Split => (order.type_id, order.status.as_str()),
        ChildKind::Exchange => (12, "New"),
        ChildKind::Return => (14, "New"),
        ChildKind::Compensation => (17, "New"),
    };
    let own_id = order.own_id.clone().filter(|_| keep_own_id);
    NewOrder { own_id, type_id, status: status.to_owned(), ..of(order, lines) }
}
