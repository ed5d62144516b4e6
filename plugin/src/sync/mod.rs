//! Pulls: which request a step is, what its reply means, when a stream ends.
//!
//! A step is one request; nothing lives between steps but the cursor, a small JSON text that only this file writes and reads. A page
//! never fails for one bad record. Windows of orders end at the time of the first step, which stays in the cursor; pages of products go
//! by rising id. Toggles are kept here as well as by the host.

mod cursor;
#[cfg(test)]
mod kinds;
mod stage;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod third;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::nhanh::tree::Value;

use crate::map::product::Options;
use crate::map::{Notes, PRICE_BY_BRANCH, branch, category, no_record, order, refused};
use crate::nhanh::errors::{Access, NoData, Refusal, answer, foreign, tree};
use crate::nhanh::json::{self, Items, Misfit, NoTree, Record};
use crate::nhanh::wire::{Ask, FULL, Place, Wire};
use crate::nhanh::{customer, goods, store};
use crate::settings::Settings;
pub use crate::sync::cursor::Cursor;
use crate::sync::cursor::LONGEST_CURSOR;
use crate::sync::stage::{Stage, stage};
use crate::wit::catalog::{Change, Gone, Product};
use crate::wit::connector::{Page, Refused, Scope, Step};
use crate::wit::http::{Request, Response};
use crate::wit::types::{Context, Entity, Failure, FailureClass, Message, RemoteId};

/// Which request this step is.
///
/// # Errors
/// The stream is not supported, is switched off, or its cursor cannot be read.
pub fn build_request(context: &Context, step: &Step) -> Result<Request, Failure> {
    let settings = Settings::of(context);
    let Stage { wire, ask, cursor, .. } = stage(settings, context, step)?;
    wire.request(settings, &ask, &cursor.place, FULL)
}

/// A page in the making.
struct Reading<'c> {
    settings: Settings<'c>,
    wire: &'static dyn Wire,
    options: Options<'c>,
    entity: Entity,
    /// Of the rows so far, those that tell one.
    ids: BTreeSet<RemoteId>,
    /// Of a sweep that is made for these records alone.
    keep: Option<BTreeSet<RemoteId>>,
    /// A page before this one said that branches have prices of their own.
    price_lists_told: bool,
    changes: Vec<Change>,
    refused: Vec<Refused>,
    notes: Notes,
}

/// What the reply to this step's request means.
///
/// # Errors
/// Nhanh refused, or there is no readable answer: never for one bad record.
pub fn read_response(context: &Context, step: &Step, response: &Response) -> Result<Page, Failure> {
    let page = read_page(context, step, response)?;
    if page.next.as_ref().is_some_and(|it| it.len() > LONGEST_CURSOR) {
        // Nhanh's own place in the list is too long to be kept beside ours, and another try would not shorten it.
        return Err(Failure { class: FailureClass::Rejected, ..foreign("paginator/next") });
    }
    Ok(page)
}

fn read_page(context: &Context, step: &Step, response: &Response) -> Result<Page, Failure> {
    let settings = Settings::of(context);
    let stage = stage(settings, context, step)?;
    let count = match &step.scope {
        Scope::Only(ids) => u32::try_from(ids.len()).unwrap_or(u32::MAX),
        _ => 0,
    };
    let mut reading = Reading {
        settings,
        wire: stage.wire,
        options: Options { whole: !matches!(stage.ask, Ask::Levels(_)), ..Options::of(settings) },
        entity: step.entity,
        ids: BTreeSet::new(),
        keep: keep(step, stage.named),
        price_lists_told: stage.cursor.price_lists,
        changes: Vec::new(),
        refused: Vec::new(),
        notes: Notes::default(),
    };
    let tree = tree(response, Access::Read)?;
    let reply = match answer(&tree, response, Access::Read, context.now) {
        Ok(reply) => reply,
        // Records that Nhanh does not want to show must not stop the others.
        Err(NoData::Refused(refusal)) if refusal.is_plain() && !stage.named.is_empty() => {
            reading.unshown(stage.named, &refusal);
            return Ok(reading.named_page(&stage, count));
        }
        Err(no) => return Err(no.into()),
    };
    let mut found = stage.wire.rows(&stage.ask, &stage.cursor.place, &reply)?;
    let by_rising_id = matches!(stage.ask, Ask::Products { .. } | Ask::Levels(_));
    if by_rising_id && found.rows.count_left() == 0 {
        // Whatever it says of more pages: what rises goes on from something.
        (found.next, found.left) = (None, Some(0));
    }
    let whole = stage.cursor.place == stage.wire.first() && found.next.is_none();
    match stage.ask {
        Ask::Depots => reading.branches(found.rows),
        Ask::Categories => reading.categories(found.rows, whole),
        Ask::Deleted { .. } => reading.deleted(found.rows),
        _ if !stage.named.is_empty() => {
            let goes_on = found.next.filter(|_| found.rows.count_left() > 0);
            let left = reading.named(found.rows, stage.expected());
            return Ok(match (goes_on, left) {
                // The rest may be on the next page, and only its end says that a record is gone.
                (Some(place), Some(left)) if !left.is_empty() => {
                    let done = stage.cursor.at;
                    let mut next = Cursor { place, left, done: stage.cursor.done.saturating_add(1), ..stage.cursor.clone() };
                    if !next.goes_on(&stage.cursor) {
                        return Err(runs_in_circles());
                    }
                    reading.page(Some(next), done, Some(count))
                }
                (_, left) => {
                    for id in left.iter().flatten() {
                        reading.gone(id);
                    }
                    reading.named_page(&stage, count)
                }
            });
        }
        _ => {
            reading.changes.reserve(found.rows.count_left());
            for (key, value) in found.rows {
                reading.row(key, value);
            }
        }
    }
    let top = if by_rising_id { highest(&reading.ids, stage.cursor.top.as_ref()).ok_or_else(runs_in_circles)? } else { None };
    if whole && matches!(stage.ask, Ask::Depots | Ask::Categories) {
        let count = u32::try_from(reading.changes.len() + reading.refused.len()).unwrap_or(u32::MAX);
        return Ok(reading.page(None, count, Some(count)));
    }
    let done = stage.cursor.done.saturating_add(1);
    let (mut next, total) = after(&stage, &step.scope, found.next.clone(), found.left);
    if let (Some(next), Some(_)) = (&mut next, &found.next) {
        next.top = top;
        if !next.goes_on(&stage.cursor) {
            return Err(runs_in_circles());
        }
    }
    Ok(reading.page(next, done, total))
}

/// The highest identifier that a pass by rising ids has come to, after a page with these; `None` where the page brought nothing higher. Rows
/// that tell none say nothing.
#[allow(clippy::option_option, reason = "a pass that has not begun is not one that goes back")]
fn highest(ids: &BTreeSet<RemoteId>, before: Option<&RemoteId>) -> Option<Option<RemoteId>> {
    /// Without leading zeros a longer number is the greater one.
    fn rank(id: &str) -> (usize, &str) {
        let digits = id.trim_start_matches('0');
        (digits.len(), digits)
    }
    let highest = ids.iter().max_by(|one, other| rank(one).cmp(&rank(other)));
    match (highest, before) {
        (Some(highest), Some(before)) if rank(highest) <= rank(before) => None,
        (highest, before) => Some(highest.or(before).cloned()),
    }
}

/// Of a list that is read for these records alone, the records. One by one: building the set from an iterator would bring a sort along,
/// 9 KB of it.
fn keep(step: &Step, named: &[RemoteId]) -> Option<BTreeSet<RemoteId>> {
    let Scope::Only(ids) = &step.scope else { return None };
    let mut keep = BTreeSet::new();
    for id in if named.is_empty() { ids } else { named } {
        keep.insert(id.clone());
    }
    Some(keep)
}

fn runs_in_circles() -> Failure {
    Failure::rejected(
        "nhanh.endless-list",
        Message::new(
            "Nhanh.vn trả về danh sách không có điểm dừng nên lần đồng bộ này đã dừng lại. Bấm đồng bộ lại.",
            "Nhanh.vn's list has no end, so this sync was stopped. Start it again.",
        ),
    )
}

fn ids_after(cursor: &Cursor, first: Place, named: usize, count: u32) -> Option<Cursor> {
    let at = cursor.at.saturating_add(u32::try_from(named).unwrap_or(u32::MAX));
    let done = cursor.done.saturating_add(1);
    (at < count).then(|| Cursor { at, done, ..cursor.pass(first) })
}

/// The cursor after a page, and how many requests the stream is likely to make.
fn after(stage: &Stage<'_>, scope: &Scope, next: Option<Place>, left: Option<u32>) -> (Option<Cursor>, Option<u32>) {
    let (ask, cursor) = (&stage.ask, &stage.cursor);
    let done = cursor.done.saturating_add(1);
    let start = Cursor { done, ..cursor.pass(stage.wire.first()) };
    let since = match scope {
        Scope::Since(since) => Some(*since),
        _ => None,
    };
    let after_this = match ask {
        Ask::Products { hidden: false, .. } => Some(Cursor { sweep: 1, ..start.clone() }),
        Ask::Orders { until, .. } | Ask::OrdersMade { until, .. } | Ask::Deleted { until, .. } if *until < cursor.until => {
            Some(Cursor { from: until.saturating_add(1000), ..start.clone() })
        }
        Ask::Orders { .. } if stage.wire.lists_deleted() => since.map(|from| Cursor { sweep: 1, from, ..start.clone() }),
        _ => None,
    };
    let windows = |from: i64| {
        let window = stage.wire.window();
        u32::try_from(cursor.until.saturating_sub(from).saturating_add(window - 1).div_euclid(window)).unwrap_or(u32::MAX)
    };
    let parts_left = match ask {
        Ask::Products { hidden, .. } => u32::from(!hidden),
        Ask::Orders { until, .. } => {
            windows(*until).saturating_add(since.filter(|_| stage.wire.lists_deleted()).map_or(0, |since| windows(since).max(1)))
        }
        Ask::OrdersMade { until, .. } | Ask::Deleted { until, .. } => windows(*until),
        _ => 0,
    };
    let total = left.map(|left| done.saturating_add(left).saturating_add(parts_left));
    let next = match next {
        Some(place) => Some(Cursor { place, done, ..cursor.clone() }),
        None => after_this,
    };
    (next, total)
}

impl Reading<'_> {
    fn page(mut self, mut next: Option<Cursor>, done: u32, total: Option<u32>) -> Page {
        if self.price_lists_told {
            self.notes.0.retain(|it| it.code != PRICE_BY_BRANCH);
        } else if let Some(next) = &mut next {
            next.price_lists = self.notes.0.iter().any(|it| it.code == PRICE_BY_BRANCH);
        }
        Page { changes: self.changes, refused: self.refused, warnings: self.notes.0, next: next.as_ref().map(Cursor::write), done, total }
    }

    /// The page of a request that named its records.
    fn named_page(self, stage: &Stage<'_>, count: u32) -> Page {
        let done = stage.cursor.at.saturating_add(u32::try_from(stage.named.len()).unwrap_or(u32::MAX));
        self.page(ids_after(&stage.cursor, stage.wire.first(), stage.named.len(), count), done, Some(count))
    }

    /// Rows of a request that named its records. Which of those are not among them; `None` where there were others: rows without one that
    /// was asked for are an odd reply, not a deletion.
    fn named(&mut self, rows: Items<'_>, expected: &[RemoteId]) -> Option<Vec<RemoteId>> {
        let (mut left, mut odd) = (expected.to_vec(), false);
        for (key, value) in rows {
            let id = self.id(key, value);
            odd |= id.as_ref().is_none_or(|id| !expected.contains(id));
            left.retain(|it| Some(it) != id.as_ref());
            self.row(key, value);
        }
        (!odd).then_some(left)
    }

    /// Nhanh refused to show these records.
    fn unshown(&mut self, named: &[RemoteId], refusal: &Refusal) {
        match named {
            [id] if self.is_of_products() && refusal.is_no_such_product() => self.gone(id),
            _ => {
                for id in named {
                    self.refused.push(Refused { id: Some(id.clone()), failure: refusal.failure.clone().about(id.as_str()) });
                }
            }
        }
    }

    fn is_of_products(&self) -> bool {
        matches!(self.entity, Entity::Product | Entity::Stock | Entity::Price)
    }

    /// Orders that were deleted at Nhanh; the host knows which of them it has.
    fn deleted(&mut self, rows: Items<'_>) {
        for (_, value) in rows {
            match Record::of(value).and_then(|it| it.id("id").ok().flatten()).or_else(|| json::id(value).map(Cow::into_owned)) {
                Some(id) => self.gone(&id),
                None if Record::of(value).is_some() => self.refused.push(refused(None, Misfit::at("id", "an identifier"))),
                None => self.refused.push(no_record(None)),
            }
        }
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
            match store::branch(key, value, &mut self.notes) {
                Ok(found) if self.kept(Some(&found.id)) => {
                    self.has_come(Some(found.id.clone()));
                    self.notes.0.extend(branch::outside(&found, self.settings));
                    self.changes.push(Change::Branch(found));
                }
                Ok(_) => {}
                Err(refusal) => self.refused.push(refusal),
            }
        }
    }

    fn categories(&mut self, rows: Items<'_>, whole: bool) {
        let mut found = Vec::new();
        store::categories(rows, None, &mut self.notes, &mut found, &mut self.refused);
        // A parent that is not on this page may be on another.
        for it in if whole { category::settle(found, &mut self.notes) } else { found } {
            if self.kept(Some(&it.id)) {
                self.changes.push(Change::Category(it));
            }
        }
    }

    /// One record of a list or of a detail.
    fn row(&mut self, key: Option<&str>, value: &Value<'_>) {
        let id = self.id(key, value);
        let is_kept = self.keep.is_none() || self.kept(id.as_deref());
        self.has_come(id);
        if !is_kept {
            return;
        }
        let change = match self.entity {
            Entity::Product => self.wire.product(key, value, self.options, &mut self.notes).map(|it| Some(Change::Product(it))),
            Entity::Stock => self.wire.stock(key, value, self.options, &mut self.notes).map(|it| it.map(Change::Stock)),
            Entity::Price => self.wire.price(key, value, self.options, &mut self.notes).map(|it| Some(Change::Price(it))),
            Entity::Customer => customer::read(key, value, &mut self.notes).map(|it| Some(Change::Customer(it))),
            _ => self.order_status(key, value),
        };
        match change {
            Ok(change) => self.changes.extend(change),
            Err(refusal) => self.refused.push(refusal),
        }
    }

    /// Keeps a row's id, and says where it has come before. Every row is read: the host writes them in their order.
    fn has_come(&mut self, id: Option<RemoteId>) {
        let Some(id) = id else { return };
        if self.ids.contains(&id) {
            self.notes.repeated(&id);
        } else {
            self.ids.insert(id);
        }
    }

    fn id(&self, key: Option<&str>, value: &Value<'_>) -> Option<RemoteId> {
        let record = Record::of(value)?;
        match self.entity {
            Entity::Product | Entity::Stock | Entity::Price | Entity::Customer => goods::id(&record, key),
            _ => self.wire.order_id(&record, key).ok(),
        }
    }

    /// Of a window only our own orders count; an order that was asked for by id is told whatever it is.
    fn order_status(&mut self, key: Option<&str>, value: &Value<'_>) -> Result<Option<Change>, Refused> {
        if self.keep.is_none() {
            // One of which it cannot be told whose it is may be the one that is looked for: it is refused, and never passed over.
            let row = Record::of(value).ok_or_else(|| no_record(key))?;
            let own = self.wire.own_id(&row).map_err(|misfit| refused(self.wire.order_id(&row, key).ok(), misfit))?;
            let tag = self.settings.tag().unwrap_or_default();
            if tag.is_empty() || !own.is_some_and(|own| order::is_ours(tag, &own)) {
                return Ok(None);
            }
        }
        let seen = self.wire.order(key, value)?;
        self.notes.0.extend(seen.warnings());
        Ok(Some(Change::OrderStatus(seen.status)))
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
        let message = Message::new(&format!("Dữ liệu sản phẩm {vi}."), &format!("The product record is {en}."));
        Failure::rejected("nhanh.invalid-json", message)
    })?;
    if Record::of(&tree).is_none() {
        return Err(no_record(None).failure);
    }
    let (settings, mut notes) = (Settings::of(context), Notes::default());
    settings.wire()?.product(None, &tree, Options::of(settings), &mut notes).map_err(|it| it.failure)
}
