//! Pulls: which request a step is, what its reply means, when a stream ends.
//!
//! A step is one request; nothing lives between steps but the cursor, a small JSON text that only this file writes and reads. A page
//! never fails for one bad record. Windows of orders end at the time of the first step, which stays in the cursor; pages of products go
//! by rising id. Toggles are kept here as well as by the host.

mod cursor;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::nhanh::tree::Value;

use crate::map::product::Options;
use crate::map::{Notes, branch, category, no_record, order, stock};
use crate::nhanh::errors::{Access, NoData, answer, tree};
use crate::nhanh::json::{self, Items, NoTree, Record};
use crate::nhanh::v2::request::{self, CUSTOMER_PAGE, PAGE, call, path};
use crate::nhanh::v2::{customer, order as order_wire, product, store};
use crate::settings::Settings;
pub use crate::sync::cursor::Cursor;
use crate::vietnam::time::DAY;
use crate::wit::catalog::{Change, Gone, Product};
use crate::wit::connector::{Page, Refused, Scope, Step};
use crate::wit::http::{Request, Response};
use crate::wit::types::{Context, Entity, Failure, Instant, Message, RemoteId};

/// Nhanh looks at ten calendar days, both ends counted; nine times 24 hours touch no more than that.
const WINDOW: i64 = 9 * DAY;
/// The status that the default list hides.
const HIDDEN_STATUS: &str = "Inactive";

/// What a step asks for.
#[derive(Clone, Debug, PartialEq)]
enum Ask<'s> {
    Branches,
    Categories,
    Products { since: Option<Instant> },
    Product(&'s RemoteId),
    Customers { since: Option<Instant> },
    Customer(&'s RemoteId),
    Orders { from: Instant, until: Instant },
    Order(&'s RemoteId),
}

fn unreadable_cursor() -> Failure {
    Failure::rejected(
        "nhanh.cursor",
        Message::new(
            "Không đọc được vị trí đồng bộ đã lưu. Bấm đồng bộ lại từ đầu.",
            "The saved place in the sync cannot be read. Start the sync again.",
        ),
    )
}

fn since_unsupported() -> Failure {
    Failure::unsupported(
        "flow.no-since",
        Message::new(
            "Nhanh.vn không cho lọc tồn kho và giá theo thời gian thay đổi; cần đồng bộ toàn bộ.",
            "Nhanh.vn has no filter for stock and prices by time; a whole sweep is needed.",
        ),
    )
}

fn one_by_one(ids: &[RemoteId], cursor: Cursor) -> Result<&RemoteId, Failure> {
    if ids.is_empty() {
        return Err(Failure::rejected(
            "nhanh.empty-scope",
            Message::new("Không có bản ghi nào để đồng bộ.", "There is no record to sync."),
        ));
    }
    ids.get(cursor.at as usize).ok_or_else(unreadable_cursor)
}

/// Which request this step is, and where the stream is.
fn ask<'s>(context: &Context, step: &'s Step) -> Result<(Ask<'s>, Cursor), Failure> {
    let settings = Settings::of(context);
    let cursor = match &step.cursor {
        None => Cursor::start(),
        Some(text) => Cursor::read(text).ok_or_else(unreadable_cursor)?,
    };
    let since = match step.scope {
        Scope::Since(since) => Some(since),
        _ => None,
    };
    let ask = match (step.entity, &step.scope) {
        (Entity::Branch, _) => Ask::Branches,
        (Entity::Category, _) => Ask::Categories,
        (Entity::Stock | Entity::Price, scope) => {
            stock::is_on(settings)?;
            match scope {
                Scope::Since(_) => return Err(since_unsupported()),
                Scope::Only(ids) if ids.len() <= settings.single_refresh_limit() => Ask::Product(one_by_one(ids, cursor)?),
                Scope::Only(_) | Scope::Everything => Ask::Products { since: None },
            }
        }
        (Entity::Product, Scope::Only(ids)) if ids.len() <= settings.single_refresh_limit() => Ask::Product(one_by_one(ids, cursor)?),
        (Entity::Product, _) => Ask::Products { since },
        (Entity::Customer, Scope::Only(ids)) if ids.len() <= settings.single_refresh_limit() => Ask::Customer(one_by_one(ids, cursor)?),
        (Entity::Customer, _) => Ask::Customers { since },
        (Entity::OrderStatus, Scope::Only(ids)) => Ask::Order(one_by_one(ids, cursor)?),
        (Entity::OrderStatus, Scope::Since(since)) => {
            let first = Cursor { from: *since, until: context.now.max(*since), ..cursor };
            let window = if step.cursor.is_some() { cursor } else { first };
            // A cursor without a window of this stream would find nothing in 1970 and end the stream as if nothing had changed.
            if window.from < *since {
                return Err(unreadable_cursor());
            }
            let until = window.until.min(window.from.saturating_add(WINDOW - 1000));
            return Ok((Ask::Orders { from: window.from, until }, window));
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
    Ok((ask, cursor))
}

/// Which request this step is.
///
/// # Errors
/// The stream is not supported, is switched off, or its cursor cannot be read.
pub fn build_request(context: &Context, step: &Step) -> Result<Request, Failure> {
    let settings = Settings::of(context);
    let (ask, cursor) = ask(context, step)?;
    let status = (cursor.sweep == 1).then_some(HIDDEN_STATUS);
    match ask {
        Ask::Branches => call(settings, path::DEPOTS, "{}".to_owned()),
        Ask::Categories => call(settings, path::CATEGORIES, "productcategory".to_owned()),
        Ask::Products { since } => call(settings, path::PRODUCTS, request::products(cursor.page, PAGE, status, since)),
        Ask::Product(id) => call(settings, path::PRODUCT, id.clone()),
        Ask::Customers { since } => call(settings, path::CUSTOMERS, request::customers(cursor.page, CUSTOMER_PAGE, since)),
        Ask::Customer(id) => call(settings, path::CUSTOMERS, request::by_id(id)),
        Ask::Orders { from, until } => call(settings, path::ORDERS, request::orders_edited(cursor.page, from, until)),
        Ask::Order(id) => call(settings, path::ORDERS, request::by_id(id)),
    }
}

/// A page in the making.
struct Reading<'c> {
    settings: Settings<'c>,
    options: Options<'c>,
    entity: Entity,
    /// Of a sweep that is made for these records alone.
    keep: Option<BTreeSet<RemoteId>>,
    changes: Vec<Change>,
    refused: Vec<Refused>,
    notes: Notes,
}

/// What the reply to this step's request means.
///
/// # Errors
/// Nhanh refused, or there is no readable answer: never for one bad record.
pub fn read_response(context: &Context, step: &Step, response: &Response) -> Result<Page, Failure> {
    let settings = Settings::of(context);
    let (ask, cursor) = ask(context, step)?;
    // One by one: building the set from an iterator would bring a sort along, 9 KB of it.
    let mut keep = BTreeSet::new();
    let single = match (&ask, &step.scope) {
        (Ask::Product(id) | Ask::Customer(id) | Ask::Order(id), Scope::Only(ids)) => {
            keep.insert((*id).clone());
            Some((*id, ids.len()))
        }
        (_, Scope::Only(ids)) => {
            for id in ids {
                keep.insert(id.clone());
            }
            None
        }
        _ => None,
    };
    let keep = matches!(step.scope, Scope::Only(_)).then_some(keep);
    let mut reading = Reading {
        settings,
        options: Options::of(settings),
        entity: step.entity,
        keep,
        changes: Vec::new(),
        refused: Vec::new(),
        notes: Notes::default(),
    };
    let tree = tree(response, Access::Read)?;
    let reply = match answer(&tree, response.status, Access::Read, context.now) {
        Ok(reply) => reply,
        Err(no) => match (no, single) {
            // One record that Nhanh does not want to show must not stop the others.
            (NoData::Refused(refusal), Some((id, count))) if refusal.is_plain() => {
                if refusal.means_not_found() {
                    reading.gone(id);
                } else {
                    reading.refused.push(Refused { id: Some(id.clone()), failure: refusal.failure.about(id.as_str()) });
                }
                return Ok(reading.page(next_id(cursor, count), cursor.at.saturating_add(1), u32::try_from(count).ok()));
            }
            (no, _) => return Err(no.into()),
        },
    };
    let data = reply.told("data");
    match ask {
        Ask::Branches | Ask::Categories => {
            let rows = data.map_or(Some(Items::List([].iter())), Items::of).ok_or_else(|| foreign("data"))?;
            if step.entity == Entity::Branch {
                reading.branches(rows)
            } else {
                reading.categories(rows)
            }
            let count = u32::try_from(reading.changes.len() + reading.refused.len()).unwrap_or(u32::MAX);
            Ok(reading.page(None, count, Some(count)))
        }
        Ask::Product(id) | Ask::Customer(id) | Ask::Order(id) => {
            let count = single.map_or(1, |(_, count)| count);
            let rows = match &ask {
                Ask::Product(_) => data.and_then(Items::of),
                Ask::Customer(_) => rows(data, "customers")?.map(|it| it.0),
                _ => rows(data, "orders")?.map(|it| it.0),
            };
            let before = reading.changes.len() + reading.refused.len();
            let mut any = false;
            for (key, value) in rows.into_iter().flatten() {
                any = true;
                reading.row(key, value);
            }
            // Rows without the one that was asked for are an odd reply, not a deletion.
            if !any && reading.changes.len() + reading.refused.len() == before {
                reading.gone(id);
            }
            Ok(reading.page(next_id(cursor, count), cursor.at.saturating_add(1), u32::try_from(count).ok()))
        }
        Ask::Products { .. } | Ask::Customers { .. } | Ask::Orders { .. } => {
            let (list, size) = match ask {
                Ask::Products { .. } => ("products", PAGE),
                Ask::Customers { .. } => ("customers", CUSTOMER_PAGE),
                _ => ("orders", PAGE),
            };
            let (rows, pages) = rows(data, list)?.unwrap_or((Items::List([].iter()), Some(0)));
            let full = rows.count_left() >= size as usize;
            reading.changes.reserve(rows.count_left());
            for (key, value) in rows {
                reading.row(key, value);
            }
            let (next, total) = after(&ask, cursor, pages, full);
            Ok(reading.page(next, cursor.done.saturating_add(1), total))
        }
    }
}

fn foreign(field: &str) -> Failure {
    Failure::new(
        crate::wit::types::FailureClass::Transient,
        "nhanh.invalid-json",
        Message::new(
            "Nhanh.vn trả về dữ liệu không đúng dạng. Hệ thống sẽ tự thử lại.",
            "Nhanh.vn answered with data of another shape. It will be tried again.",
        ),
    )
    .at(format!("/{field}"))
}

/// Rows and number of pages of a list reply.
fn rows<'t>(data: Option<&'t Value<'t>>, list: &str) -> Result<Option<(Items<'t>, Option<u32>)>, Failure> {
    let Some(data) = data else { return Ok(None) };
    let data = Record::of(data).ok_or_else(|| foreign("data"))?;
    let pages = data.integer("totalPages").ok().flatten();
    let rows = data.items(list).map_err(|misfit| foreign("data").at(misfit.under("data").pointer))?;
    Ok(Some((rows, pages.and_then(|it| u32::try_from(it).ok()))))
}

fn next_id(cursor: Cursor, count: usize) -> Option<Cursor> {
    ((cursor.at as usize) + 1 < count).then_some(Cursor { at: cursor.at.saturating_add(1), done: cursor.done.saturating_add(1), ..cursor })
}

/// The cursor after a page, and how many requests the stream is likely to make.
fn after(ask: &Ask<'_>, cursor: Cursor, pages: Option<u32>, full: bool) -> (Option<Cursor>, Option<u32>) {
    let done = cursor.done.saturating_add(1);
    let left = pages.map(|pages| pages.saturating_sub(cursor.page));
    let more = left.map_or(full, |left| left > 0);
    let after_this = match ask {
        Ask::Products { .. } if cursor.sweep == 0 => Some(Cursor { page: 1, sweep: 1, done, ..cursor }),
        Ask::Orders { until, .. } if *until < cursor.until => Some(Cursor { page: 1, done, from: until.saturating_add(1000), ..cursor }),
        _ => None,
    };
    let parts_left = match ask {
        Ask::Products { .. } => 1 - cursor.sweep.min(1),
        Ask::Orders { until, .. } => {
            u32::try_from(cursor.until.saturating_sub(*until).saturating_add(WINDOW - 1).div_euclid(WINDOW)).unwrap_or(u32::MAX)
        }
        _ => 0,
    };
    let total = left.map(|left| done.saturating_add(left).saturating_add(parts_left));
    let next = if more { Some(Cursor { page: cursor.page.saturating_add(1), done, ..cursor }) } else { after_this };
    (next, total)
}

impl Reading<'_> {
    fn page(self, next: Option<Cursor>, done: u32, total: Option<u32>) -> Page {
        Page { changes: self.changes, refused: self.refused, warnings: self.notes.0, next: next.map(Cursor::write), done, total }
    }

    fn kept(&self, id: Option<&str>) -> bool {
        match (&self.keep, id) {
            (Some(keep), Some(id)) => keep.contains(id),
            _ => true,
        }
    }

    /// The record is not there any more.
    fn gone(&mut self, id: &RemoteId) {
        let entity = match self.entity {
            Entity::Stock | Entity::Price => Entity::Product,
            Entity::OrderStatus => Entity::Order,
            other => other,
        };
        self.changes.push(Change::Gone(Gone { entity, id: id.clone() }));
    }

    fn branches(&mut self, rows: Items<'_>) {
        for (key, value) in rows {
            match store::branch(key, value) {
                Ok(found) if self.kept(Some(&found.id)) => {
                    self.notes.0.extend(branch::notes(&found, self.settings));
                    self.changes.push(Change::Branch(found));
                }
                Ok(_) => {}
                Err(refusal) => self.refused.push(refusal),
            }
        }
    }

    fn categories(&mut self, rows: Items<'_>) {
        let mut found = Vec::new();
        store::categories(rows, None, &mut found, &mut self.refused);
        for it in category::settle(found) {
            if self.kept(Some(&it.id)) {
                self.changes.push(Change::Category(it));
            }
        }
    }

    /// One record of a list or of a detail.
    fn row(&mut self, key: Option<&str>, value: &Value<'_>) {
        if self.keep.is_some() && !self.kept(self.id(key, value).as_deref()) {
            return;
        }
        let change = match self.entity {
            Entity::Product => product::read(key, value, self.options, &mut self.notes).map(|it| Some(Change::Product(it))),
            Entity::Stock => product::read_stock(key, value, self.options, &mut self.notes).map(|it| it.map(Change::Stock)),
            Entity::Price => product::read_price(key, value, &mut self.notes).map(|it| Some(Change::Price(it))),
            Entity::Customer => customer::read(key, value).map(|it| Some(Change::Customer(it))),
            _ => self.order_status(key, value),
        };
        match change {
            Ok(change) => self.changes.extend(change),
            Err(refusal) => self.refused.push(refusal),
        }
    }

    fn id(&self, key: Option<&str>, value: &Value<'_>) -> Option<RemoteId> {
        let record = Record::of(value)?;
        match self.entity {
            Entity::Product | Entity::Stock | Entity::Price => product::id(&record, key),
            _ => order_wire::id(&record, key).ok(),
        }
    }

    /// Of a window only our own orders count; an order that was asked for by id is told whatever it is.
    fn order_status(&self, key: Option<&str>, value: &Value<'_>) -> Result<Option<Change>, Refused> {
        if self.keep.is_none() {
            let own = Record::of(value).and_then(|it| order_wire::own_id(&it).ok().flatten());
            let tag = self.settings.tag().unwrap_or_default();
            if tag.is_empty() || !own.is_some_and(|own| order::is_ours(tag, &own)) {
                return Ok(None);
            }
        }
        order_wire::read(key, value).map(|seen| Some(Change::OrderStatus(seen.status)))
    }
}

/// One product record, read alone: a row, a member of a detail, or a webhook's data.
///
/// # Errors
/// The text is no JSON, or a field of it cannot be read.
pub fn map_product(context: &Context, raw: &[u8]) -> Result<Product, Failure> {
    let tree = json::parse(raw).map_err(|no| {
        let (vi, en) = match no {
            NoTree::Empty => ("rỗng", "empty"),
            NoTree::Html => ("là một trang web", "a web page"),
            NoTree::Truncated => ("bị cắt ngang", "cut off"),
            NoTree::Invalid => ("không phải JSON", "no JSON"),
        };
        let message = Message::new(&format!("Bản ghi sản phẩm {vi}."), &format!("The product record is {en}."));
        Failure::rejected("nhanh.invalid-json", message)
    })?;
    if Record::of(&tree).is_none() {
        return Err(no_record(None).failure);
    }
    let mut notes = Notes::default();
    product::read(None, &tree, Options::of(Settings::of(context)), &mut notes).map_err(|it| it.failure)
}
