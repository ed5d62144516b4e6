//! What every dialect of Nhanh's API offers, in words that none of them owns.
//!
//! Everything above asks through [`Wire`] and never which dialect it speaks; a dialect knows spelling and asks [`crate::map`] what a
//! field means. Statuses are API 2.0's words everywhere above, whichever way the wire spells them.

use crate::map::Notes;
use crate::map::order::Checked;
use crate::map::product::Options;
use crate::nhanh::errors::{Reply, foreign};
use crate::nhanh::json::{Items, Misfit, Record};
use crate::nhanh::tree::Value;
use crate::nhanh::{v2, v3};
use crate::sender::Sender;
use crate::settings::Settings;
use crate::vietnam::text;
use crate::wit::catalog::{OrderStatus, PriceChange, Product, StockLevel};
use crate::wit::connector::Refused;
use crate::wit::http::Request;
use crate::wit::orders::Address;
use crate::wit::types::{Dong, Failure, Instant, Message, RemoteId, Warning};

/// As many rows on a page as the dialect allows.
pub const FULL: u32 = u32::MAX;

/// What is asked of Nhanh.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask<'a> {
    /// Every depot.
    Depots,
    /// Every product group.
    Categories,
    /// Products, by rising id.
    Products {
        /// Those that the default list leaves out.
        hidden: bool,
        /// Edited since then.
        since: Option<Instant>,
    },
    /// Levels that changed since then.
    Levels(Instant),
    /// These products; the reply may hold others too.
    ProductsById(&'a [RemoteId]),
    /// Customers.
    Customers {
        /// Edited since then.
        since: Option<Instant>,
    },
    /// These customers.
    CustomersById(&'a [RemoteId]),
    /// Orders that were edited in a window no longer than [`Wire::window`].
    Orders {
        /// Its first second.
        from: Instant,
        /// Its last second.
        until: Instant,
    },
    /// Orders that apps made in such a window, whatever became of them since.
    OrdersMade {
        /// Its first second.
        from: Instant,
        /// Its last second.
        until: Instant,
    },
    /// Orders that were deleted in such a window.
    Deleted {
        /// Its first second.
        from: Instant,
        /// Its last second.
        until: Instant,
    },
    /// These orders.
    OrdersById(&'a [RemoteId]),
    /// Orders to one phone, made in a range of any length.
    OrdersTo {
        /// As the request writes it.
        phone: &'a str,
        /// Its first second.
        from: Instant,
        /// Its last second.
        until: Instant,
    },
}

/// Where in a list a page is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The page's number, from 1; 0 in a dialect that does not count pages.
    pub page: u32,
    /// What the page before named as its next: JSON text, echoed as it came.
    pub next: Option<String>,
}

/// Rows of one page.
#[derive(Debug)]
pub struct Found<'t> {
    /// In the order of the reply.
    pub rows: Items<'t>,
    /// Where the next page is; none at the end.
    pub next: Option<Place>,
    /// Pages after this one, where told.
    pub left: Option<u32>,
}

/// What an order is, as far as it matters whether it can be one that was made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goods that are sent, handed over or ordered ahead.
    Sale,
    /// What came back of an order that was delivered in part.
    BackInPart,
    /// Another one that Nhanh made of an order: an exchange, a return, a compensation, a part; or something else that no app makes.
    Other,
    /// It cannot be read.
    Unreadable,
    /// Whether it came of another order cannot be read.
    OriginUnreadable,
}

/// An order at Nhanh, as far as it matters here. Only id, own id, status and kind are needed to settle one of ours; a row that is odd in
/// any other field is read without it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Where it stands.
    pub status: OrderStatus,
    /// The recipient's phone, as Nhanh has it.
    pub phone: Option<String>,
    /// What the carrier takes from the recipient.
    pub to_collect: Option<Dong>,
    /// A carrier has it, and the dialect refuses every edit of such an order.
    pub sealed: bool,
    /// The carrier may be asked to give it back before it is picked up.
    pub recallable: bool,
    /// What it is.
    pub kind: Kind,
    /// The order that it was split off, exchanged for, or returned from.
    pub origin: Option<RemoteId>,
    /// JSON pointers of the fields that hold something else than they should and were left out.
    pub unread: Vec<String>,
}

impl Seen {
    /// What of its row was left out, a warning each.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> + '_ {
        self.unread.iter().map(|field| {
            let message = Message::new(
                "Không đọc được trường {field} của đơn trên Nhanh.vn; đơn vẫn được xử lý, trừ trường này.",
                "Field {field} of the order at Nhanh.vn cannot be read; the order is dealt with all the same, without it.",
            );
            Warning::new("order.field-unreadable", message.with("field", field)).about(self.status.order.as_str()).at(field.as_str())
        })
    }
}

/// What a row of an order is read with: fields that the decision does not need are left out where they cannot be read.
#[derive(Debug, Default)]
pub struct Leniently {
    /// JSON pointers of what was left out.
    pub unread: Vec<String>,
}

impl Leniently {
    /// The field's value, if it has one that can be read.
    pub fn read<T>(&mut self, value: Result<Option<T>, Misfit>) -> Option<T> {
        value.unwrap_or_else(|misfit| {
            if !self.unread.contains(&misfit.pointer) {
                self.unread.push(misfit.pointer);
            }
            None
        })
    }
}

/// What an order is by the number of its type, and by the order that it came from.
#[must_use]
pub fn kind(type_id: Result<Option<i64>, Misfit>, origins: Result<Option<RemoteId>, Misfit>) -> (Kind, Option<RemoteId>) {
    match (type_id, origins) {
        (_, Err(_)) => (Kind::OriginUnreadable, None),
        (Err(_), Ok(origin)) => (Kind::Unreadable, origin),
        (Ok(None | Some(1..=3)), Ok(None)) => (Kind::Sale, None),
        (Ok(Some(16)), Ok(origin)) => (Kind::BackInPart, origin),
        (Ok(_), Ok(origin)) => (Kind::Other, origin),
    }
}

/// Steps of an order's history that say that it took another in, or is a copy of one: by number (reference 3.0, section 3), or in words
/// where 2.0 spells them, which it does not document.
const MERGED_OR_COPIED: [i64; 2] = [22, 41];
const MERGED_OR_COPIED_SAID: [&str; 4] = ["gộp", "sao chép", "merge", "copy"];

/// The first of these orders whose history says that it took another order in, or is a copy of one.
///
/// # Errors
/// It is no history.
pub fn took_in(reply: &Reply<'_>, asked: &[RemoteId]) -> Result<Option<RemoteId>, Failure> {
    let steps = reply.record.raw("data").and_then(Items::of).ok_or_else(|| foreign("data"))?;
    for row in steps.filter_map(|(_, it)| Record::of(it)) {
        let said = row.text("step").ok().flatten().map(|it| text::folded(&it)).unwrap_or_default();
        let by_number = row.integer("step").is_ok_and(|it| it.is_some_and(|it| MERGED_OR_COPIED.contains(&it)));
        if by_number || MERGED_OR_COPIED_SAID.iter().any(|it| said.contains(it)) && !said.contains("lỗi") {
            let told = row.id("orderId").ok().flatten().filter(|it| asked.contains(it));
            return Ok(told.or_else(|| asked.first().cloned()));
        }
    }
    Ok(None)
}

/// What the reply to a new order tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The new order's id; where there are several, nobody knows which of them it is.
    pub ids: Vec<RemoteId>,
    /// Its tracking code, where there is one already.
    pub tracking: Option<String>,
}

impl Made {
    /// Everything in the reply that may be the new order's id: an object is documented, a list of one was seen.
    #[must_use]
    pub fn of(reply: &Record<'_>) -> Self {
        let mut made = Self::default();
        match reply.told("data") {
            Some(Value::Array(list)) => list.iter().filter_map(Record::of).for_each(|it| made.add(&it)),
            Some(one) => Record::of(one).iter().for_each(|it| made.add(it)),
            None => made.add(reply),
        }
        made
    }

    fn add(&mut self, data: &Record<'_>) {
        for id in ["orderId", "id"].iter().filter_map(|it| data.id(it).ok().flatten()) {
            if !self.ids.contains(&id) {
                self.ids.push(id);
            }
        }
        self.tracking = self.tracking.take().or_else(|| data.text("carrierCode").ok().flatten());
    }
}

/// A create, ready to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Create {
    /// The request.
    pub request: Request,
    /// What is not sent exactly as given, in the order of the fields.
    pub warnings: Vec<Warning>,
}

/// A place by Nhanh's own ids, where the dialect wants those.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Located {
    /// Province, district and ward, or province and ward; empty where nothing was found, and where names are sent.
    pub ids: Vec<RemoteId>,
    /// Why there is no place though there are names.
    pub warnings: Vec<Warning>,
}

/// One dialect.
pub trait Wire: Sync {
    /// What the form and the login call it.
    fn version(&self) -> &'static str;

    /// Where a list begins.
    fn first(&self) -> Place;

    /// Most records that one request may name.
    fn batch(&self) -> usize;

    /// With more records than this to ask for, the whole list is read instead.
    fn sweeps_beyond(&self, settings: Settings<'_>) -> usize;

    /// Longest window of orders, in milliseconds.
    fn window(&self) -> i64;

    /// Whether Nhanh refuses a second order of the same own id, as far as is documented.
    fn refuses_repeats(&self) -> bool;

    /// Whether [`Ask::Deleted`] can be asked.
    fn lists_deleted(&self) -> bool;

    /// Whether Nhanh has stopped serving the dialect by then.
    fn ended(&self, now: Instant) -> bool;

    /// The last day on which Nhanh serves the dialect, `dd/mm/yyyy`, where that is known.
    fn last_day(&self) -> Option<&'static str>;

    /// The request that exchanges the one-time code. The host adds code and secret.
    ///
    /// # Errors
    /// The form lacks the app's id.
    fn grant(&self, settings: Settings<'_>) -> Result<Request, Failure>;

    /// One page, of at most so many rows.
    ///
    /// # Errors
    /// The form lacks the app's id, there is no grant yet, or the dialect cannot be asked that.
    fn request(&self, settings: Settings<'_>, ask: &Ask<'_>, place: &Place, most: u32) -> Result<Request, Failure>;

    /// What the reply holds.
    ///
    /// # Errors
    /// It is no such page: never for one bad row.
    fn rows<'t>(&self, ask: &Ask<'_>, place: &Place, reply: &Reply<'t>) -> Result<Found<'t>, Failure>;

    /// A whole product.
    ///
    /// # Errors
    /// A field of it cannot be read.
    fn product(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused>;

    /// Levels alone; `None` for a row that has no stock of its own to tell.
    ///
    /// # Errors
    /// A field of it cannot be read.
    fn stock(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Option<StockLevel>, Refused>;

    /// Prices alone.
    ///
    /// # Errors
    /// A field of it cannot be read.
    fn price(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<PriceChange, Refused>;

    /// An order's id, wherever an order is spoken of.
    ///
    /// # Errors
    /// There is none.
    fn order_id(&self, row: &Record<'_>, key: Option<&str>) -> Result<RemoteId, Misfit>;

    /// The own id that an order was created with.
    ///
    /// # Errors
    /// The field holds no text.
    fn own_id(&self, row: &Record<'_>) -> Result<Option<String>, Misfit>;

    /// An order that this one came from. Only a list tells.
    ///
    /// # Errors
    /// A field that may name it holds no identifier.
    fn origin(&self, row: &Record<'_>) -> Result<Option<RemoteId>, Misfit>;

    /// A row of a list of orders, or an order of a delivery.
    ///
    /// # Errors
    /// A field of it cannot be read.
    fn order(&self, key: Option<&str>, value: &Value<'_>) -> Result<Seen, Refused>;

    /// The place of an address, where the dialect wants ids. Whatever goes wrong here is a warning: no order is stopped for its address.
    fn locate(&self, settings: Settings<'_>, now: Instant, address: &Address, sender: &mut dyn Sender) -> Located;

    /// A new order. Without a place the address goes as one line of text.
    ///
    /// # Errors
    /// The form lacks the app's id, or there is no grant yet.
    fn create(&self, settings: Settings<'_>, checked: &Checked<'_>, place: &Located) -> Result<Create, Failure>;

    /// Sets an order's status, by API 2.0's word for it, and nothing else.
    ///
    /// # Errors
    /// The form lacks the app's id, or there is no grant yet.
    fn set_status(&self, settings: Settings<'_>, order: &str, status: &str) -> Result<Request, Failure>;

    /// The history of these orders, no more than [`Wire::batch`].
    ///
    /// # Errors
    /// The form lacks the app's id, or there is no grant yet.
    fn history(&self, settings: Settings<'_>, orders: &[RemoteId]) -> Result<Request, Failure>;

    /// Asks the carrier to give an order back; `None` in a dialect that cannot.
    ///
    /// # Errors
    /// The form lacks the app's id, or there is no grant yet.
    fn call_back(&self, settings: Settings<'_>, order: &str) -> Result<Option<Request>, Failure>;
}

/// Every dialect, the one for new connections first.
pub const WIRES: [&dyn Wire; 2] = [&v3::V3, &v2::V2];

/// The dialect of that name.
#[must_use]
pub fn of_version(version: &str) -> Option<&'static dyn Wire> {
    WIRES.into_iter().find(|it| it.version() == version)
}

/// The dialect that a delivery's order is written in: the app's choice at open.nhanh.vn, whatever the connection's grant speaks. All
/// else that a delivery may hold reads the same in both.
#[must_use]
pub fn of_delivery(data: &Value<'_>) -> &'static dyn Wire {
    let nested = Record::of(data).is_some_and(|it| matches!(it.raw("info"), Some(Value::Object(_))));
    if nested { &v3::V3 } else { &v2::V2 }
}
