//! Which request a step of a pull is: the stream's list, its window and its place, worked out from scope and cursor. Must never read a reply.

use crate::map::stock;
use crate::nhanh::wire::{Ask, Wire};
use crate::settings::Settings;
use crate::sync::cursor::Cursor;
use crate::wit::connector::{Scope, Step};
use crate::wit::types::{Context, Entity, Failure, Message, RemoteId};

fn unreadable_cursor() -> Failure {
    Failure::rejected(
        "nhanh.cursor",
        Message::new(
            "Không đọc được vị trí đồng bộ đã lưu. Bấm đồng bộ lại từ đầu.",
            "The saved place in the sync cannot be read. Start the sync again.",
        ),
    )
}

fn empty_scope() -> Failure {
    Failure::rejected("nhanh.empty-scope", Message::new("Không có mục nào để đồng bộ.", "There is no record to sync."))
}

/// One step, understood.
pub(super) struct Stage<'s> {
    pub(super) wire: &'static dyn Wire,
    pub(super) ask: Ask<'s>,
    pub(super) cursor: Cursor,
    /// The records that this request names.
    pub(super) named: &'s [RemoteId],
}

impl<'s> Stage<'s> {
    /// The records that are still looked for.
    pub(super) fn expected(&self) -> &[RemoteId] {
        if self.cursor.left.is_empty() { self.named } else { &self.cursor.left }
    }
}

/// Which request this step is, and where the stream is.
pub(super) fn stage<'s>(settings: Settings<'_>, context: &Context, step: &'s Step) -> Result<Stage<'s>, Failure> {
    let wire = settings.wire()?;
    let cursor = match &step.cursor {
        None => Cursor::start(wire.first()),
        Some(text) => Cursor::read(text, &wire.first()).ok_or_else(unreadable_cursor)?,
    };
    let since = match step.scope {
        Scope::Since(since) => Some(since),
        _ => None,
    };
    let mut named: &[RemoteId] = &[];
    if let Scope::Only(ids) = &step.scope {
        let by_id = step.entity == Entity::OrderStatus || ids.len() <= wire.sweeps_beyond(settings);
        let kept_whole = matches!(step.entity, Entity::Branch | Entity::Category);
        if by_id && !kept_whole {
            if ids.is_empty() {
                return Err(empty_scope());
            }
            let at = cursor.at as usize;
            named = ids.get(at..ids.len().min(at + wire.batch())).filter(|it| !it.is_empty()).ok_or_else(unreadable_cursor)?;
        }
    }
    let hidden = cursor.sweep == 1;
    let products = Ask::Products { hidden, since };
    let ask = match (step.entity, &step.scope) {
        (Entity::OrderStatus, Scope::Made(span)) => {
            let first = Cursor { from: span.begin, until: span.end.max(span.begin), ..cursor.clone() };
            let cursor = if step.cursor.is_some() { cursor } else { first };
            if cursor.from < span.begin || hidden {
                return Err(unreadable_cursor());
            }
            let until = cursor.until.min(cursor.from.saturating_add(wire.window() - 1000));
            let ask = Ask::OrdersMade { from: cursor.from, until };
            return Ok(Stage { wire, ask, cursor, named });
        }
        (Entity::Branch | Entity::Category | Entity::Product | Entity::Stock | Entity::Price | Entity::Customer, Scope::Made(_)) => {
            return Err(Failure::unsupported(
                "flow.made",
                Message::new(
                    "Nhanh.vn không cho lọc mục này theo thời gian tạo.",
                    "Nhanh.vn has no filter for these by the time of their making.",
                ),
            ));
        }
        (Entity::Branch, _) => Ask::Depots,
        (Entity::Category, _) => Ask::Categories,
        (Entity::Stock | Entity::Price, scope) => {
            stock::is_on(settings)?;
            match scope {
                Scope::Since(since) if step.entity == Entity::Stock => Ask::Levels(*since),
                _ if !named.is_empty() => Ask::ProductsById(named),
                _ => products,
            }
        }
        (Entity::Product, _) if !named.is_empty() => Ask::ProductsById(named),
        (Entity::Product, _) => products,
        (Entity::Customer, _) if !named.is_empty() => Ask::CustomersById(named),
        (Entity::Customer, _) => Ask::Customers { since },
        (Entity::OrderStatus, Scope::Only(_)) => Ask::OrdersById(named),
        (Entity::OrderStatus, Scope::Since(since)) => {
            let first = Cursor { from: *since, until: context.now.max(*since), ..cursor.clone() };
            let cursor = if step.cursor.is_some() { cursor } else { first };
            // A cursor without a window of this stream would find nothing in 1970 and end the stream as if nothing had changed.
            if cursor.from < *since || (hidden && !wire.lists_deleted()) {
                return Err(unreadable_cursor());
            }
            let (from, until) = (cursor.from, cursor.until.min(cursor.from.saturating_add(wire.window() - 1000)));
            let ask = if hidden { Ask::Deleted { from, until } } else { Ask::Orders { from, until } };
            return Ok(Stage { wire, ask, cursor, named });
        }
        (Entity::OrderStatus, Scope::Everything) => {
            return Err(Failure::unsupported(
                "flow.everything",
                Message::new(
                    "Trạng thái đơn chỉ đồng bộ theo khoảng thời gian hoặc theo từng đơn đã gửi, không lấy toàn bộ đơn của Nhanh.vn.",
                    "Order statuses are synced by time or by order that was sent, never for all orders of Nhanh.vn's.",
                ),
            ));
        }
        (Entity::Order, _) => {
            return Err(Failure::unsupported(
                "flow.out-only",
                Message::new("Đơn hàng chỉ đi từ Nobi Pro sang Nhanh.vn.", "Orders go from Nobi Pro to Nhanh.vn only."),
            ));
        }
        (Entity::CustomerGroup | Entity::User, _) => {
            return Err(Failure::unsupported("flow.unsupported", crate::describe::unsupported(step.entity)));
        }
    };
    Ok(Stage { wire, ask, cursor, named })
}
