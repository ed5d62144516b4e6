//! Nhanh's Open API 2.0: form posts, words for statuses, collections keyed by id, pages by number, windows of ten days.
//!
//! Readers here take a record of the wire apart and ask [`crate::map`] what it means; writers turn what was checked there into the
//! fields of a request. Documented at apidocs.nhanh.vn/v2; what the wire really sends is in the tests.

pub mod order;
pub mod order_add;
pub mod product;
pub mod request;

use crate::map::Notes;
use crate::map::order::Checked;
use crate::map::product::Options;
use crate::nhanh::errors::{Reply, foreign};
use crate::nhanh::goods;
use crate::nhanh::json::{Items, Misfit, Record};
use crate::nhanh::object::Object;
use crate::nhanh::tree::Value;
use crate::nhanh::wire::{Ask, Create, Found, Located, Place, Seen, Wire};
use crate::sender::Sender;
use crate::settings::Settings;
use crate::vietnam::time::DAY;
use crate::wit::catalog::{PriceChange, Product, StockLevel};
use crate::wit::connector::Refused;
use crate::wit::http::Request;
use crate::wit::orders::Address;
use crate::wit::types::{Failure, Instant, Message, RemoteId};
use request::{CUSTOMER_PAGE, PAGE, call, path};

/// The status that the default list leaves out.
const HIDDEN: &str = "Inactive";
/// 2026-12-01 00:00 in Vietnam: 2.0 is supported to the end of the day before.
const END: Instant = 1_796_058_000_000;

/// The dialect.
#[derive(Debug)]
pub struct V2;

fn no_change_filter() -> Failure {
    Failure::unsupported(
        "flow.no-since",
        Message::new(
            "Nhanh.vn V2 không cho lọc tồn kho theo thời gian thay đổi; cần đồng bộ toàn bộ.",
            "Nhanh.vn V2 has no filter for stock by time; a whole sweep is needed.",
        ),
    )
}

/// Page sizes, and where the list stands in `data`.
fn listed(ask: &Ask<'_>) -> (&'static str, u32) {
    match ask {
        Ask::Customers { .. } | Ask::CustomersById(_) => ("customers", CUSTOMER_PAGE),
        Ask::Orders { .. } | Ask::OrdersMade { .. } | Ask::Deleted { .. } | Ask::OrdersById(_) | Ask::OrdersTo { .. } => ("orders", PAGE),
        _ => ("products", PAGE),
    }
}

/// The page says that there are rows.
fn claims_rows(data: &Record<'_>) -> bool {
    data.integer("totalRecords").ok().flatten().is_some_and(|it| it > 0)
}

/// The one record that a request may name.
fn one(ids: &[RemoteId]) -> &str {
    ids.first().map_or("", String::as_str)
}

impl Wire for V2 {
    fn version(&self) -> &'static str {
        request::VERSION
    }

    fn first(&self) -> Place {
        Place { page: 1, next: None }
    }

    fn batch(&self) -> usize {
        1
    }

    fn sweeps_beyond(&self, settings: Settings<'_>) -> usize {
        settings.single_refresh_limit()
    }

    fn window(&self) -> i64 {
        // Nhanh looks at ten calendar days, both ends counted; nine times 24 hours touch no more than that.
        9 * DAY
    }

    fn refuses_repeats(&self) -> bool {
        false
    }

    fn lists_deleted(&self) -> bool {
        false
    }

    fn ended(&self, now: Instant) -> bool {
        now >= END
    }

    fn last_day(&self) -> Option<&'static str> {
        Some("30/11/2026")
    }

    fn grant(&self, settings: Settings<'_>) -> Result<Request, Failure> {
        request::grant(settings)
    }

    fn request(&self, settings: Settings<'_>, ask: &Ask<'_>, place: &Place, most: u32) -> Result<Request, Failure> {
        let (page, size) = (place.page, most.min(listed(ask).1));
        let (path, data) = match ask {
            Ask::Depots => (path::DEPOTS, "{}".to_owned()),
            Ask::Categories => (path::CATEGORIES, "productcategory".to_owned()),
            Ask::Products { hidden, since } => (path::PRODUCTS, request::products(page, size, hidden.then_some(HIDDEN), *since)),
            Ask::Levels(_) | Ask::Deleted { .. } => return Err(no_change_filter()),
            Ask::ProductsById(ids) => (path::PRODUCT, one(ids).to_owned()),
            Ask::Customers { since } => (path::CUSTOMERS, request::customers(page, size, *since)),
            Ask::CustomersById(ids) => (path::CUSTOMERS, request::by_id(one(ids))),
            Ask::Orders { from, until } => (path::ORDERS, request::orders_edited(page, size, *from, *until)),
            Ask::OrdersMade { from, until } => (path::ORDERS, request::orders_made(page, size, *from, *until)),
            Ask::OrdersById(ids) => (path::ORDERS, request::by_id(one(ids))),
            Ask::OrdersTo { phone, from, until } => (path::ORDERS, request::orders_to(page, phone, *from, *until)),
        };
        call(settings, path, data)
    }

    fn rows<'t>(&self, ask: &Ask<'_>, place: &Place, reply: &Reply<'t>) -> Result<Found<'t>, Failure> {
        if matches!(ask, Ask::Levels(_) | Ask::Deleted { .. }) {
            return Err(no_change_filter());
        }
        let none = |left| Found { rows: Items::List([].iter()), next: None, left };
        // An empty look-up must mean that there is no such order, never that it was not understood.
        let looks_up = matches!(ask, Ask::OrdersTo { .. } | Ask::OrdersById(_) | Ask::OrdersMade { .. });
        let list_like = |it: &Value<'_>| matches!(it, Value::Array(_) | Value::Object(_));
        if looks_up && !reply.record.raw("data").is_some_and(list_like) {
            return Err(foreign("data"));
        }
        let Some(data) = reply.record.told("data") else { return Ok(none(Some(0))) };
        if matches!(ask, Ask::Depots | Ask::Categories | Ask::ProductsById(_)) {
            return Ok(Found { rows: Items::of(data).ok_or_else(|| foreign("data"))?, next: None, left: Some(0) });
        }
        let (list, size) = listed(ask);
        let data = Record::of(data).ok_or_else(|| foreign("data"))?;
        if looks_up && !data.raw(list).is_some_and(list_like) {
            return Err(foreign("data"));
        }
        let pages = data.integer("totalPages").ok().flatten().and_then(|it| u32::try_from(it).ok());
        let rows = data.items(list).map_err(|misfit| foreign("data").at(misfit.under("data").pointer))?;
        // No rows on the first page of some are no empty list.
        if looks_up && place.page <= 1 && rows.count_left() == 0 && claims_rows(&data) {
            return Err(foreign("data"));
        }
        let left = pages.map(|pages| pages.saturating_sub(place.page));
        let more = left.map_or(rows.count_left() >= size as usize, |left| left > 0);
        let next = more.then(|| Place { page: place.page.saturating_add(1), next: None });
        Ok(Found { rows, next, left })
    }

    fn product(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused> {
        product::read(key, value, options, notes)
    }

    fn stock(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Option<StockLevel>, Refused> {
        goods::stock((key, value), "idNhanh", product::family, options, notes)
    }

    fn price(&self, key: Option<&str>, value: &Value<'_>, _: Options<'_>, notes: &mut Notes) -> Result<PriceChange, Refused> {
        product::read_price(key, value, notes)
    }

    fn order_id(&self, row: &Record<'_>, key: Option<&str>) -> Result<RemoteId, Misfit> {
        order::id(row, key)
    }

    fn own_id(&self, row: &Record<'_>) -> Result<Option<String>, Misfit> {
        order::own_id(row)
    }

    fn origin(&self, row: &Record<'_>) -> Result<Option<RemoteId>, Misfit> {
        order::origin(row)
    }

    fn order(&self, key: Option<&str>, value: &Value<'_>) -> Result<Seen, Refused> {
        order::read(key, value)
    }

    fn locate(&self, _: Settings<'_>, _: Instant, _: &Address, _: &mut dyn Sender) -> Located {
        Located::default()
    }

    fn create(&self, settings: Settings<'_>, checked: &Checked<'_>, _: &Located) -> Result<Create, Failure> {
        let encoded = order_add::encode(checked);
        Ok(Create { request: call(settings, path::ORDER_ADD, encoded.data)?, warnings: encoded.warnings })
    }

    fn set_status(&self, settings: Settings<'_>, order: &str, status: &str) -> Result<Request, Failure> {
        call(settings, path::ORDER_UPDATE, request::set_status(order, status))
    }

    fn history(&self, settings: Settings<'_>, orders: &[RemoteId]) -> Result<Request, Failure> {
        call(settings, path::ORDER_HISTORY, Object::default().text("orderId", one(orders)).end())
    }

    fn call_back(&self, _: Settings<'_>, _: &str) -> Result<Option<Request>, Failure> {
        Ok(None)
    }
}
