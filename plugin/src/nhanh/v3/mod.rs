//! Nhanh's Open API 3.0: JSON, numbers for statuses, flat lists, pages by opaque cursors, windows of 31 days.
//!
//! Readers here take a record of the wire apart and ask [`crate::map`] what it means; writers turn what was checked there into the
//! fields of a request. Documented at developers.nhanh.group; shapes that clients saw beside the documented ones are read too.

pub mod location;
pub mod order;
pub mod order_add;
pub mod product;
pub mod request;

use crate::map::Notes;
use crate::map::order::Checked;
use crate::map::product::Options;
use crate::nhanh::errors::{Reply, foreign};
use crate::nhanh::goods;
use crate::nhanh::json::{self, Items, Misfit, Record};
use crate::nhanh::object::{Object, list, number_or_text};
use crate::nhanh::tree::Value;
use crate::nhanh::wire::{Ask, Create, Found, Located, Place, Seen, Wire};
use crate::nhanh::words;
use crate::sender::Sender;
use crate::settings::Settings;
use crate::vietnam::time::DAY;
use crate::wit::catalog::{PriceChange, Product, StockLevel};
use crate::wit::connector::Refused;
use crate::wit::http::Request;
use crate::wit::orders::Address;
use crate::wit::types::{Failure, FailureClass, Instant, RemoteId};
use request::{PAGE, call, path, seconds};

/// A longer cursor would not fit into the host's.
const LONGEST_NEXT: usize = 2048;

/// The sale channel of orders that apps make.
const BY_APPS: &str = "[10]";

/// The dialect.
#[derive(Debug)]
pub struct V3;

fn window(field: &str, from: Instant, until: Instant) -> Object {
    Object::default().number(&format!("{field}From"), seconds(from)).number(&format!("{field}To"), seconds(until))
}

/// What no list goes on with.
fn is_no_cursor(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(_)) || matches!(value, Value::Object(fields) if fields.is_empty())
}

impl Wire for V3 {
    fn version(&self) -> &'static str {
        request::VERSION
    }

    fn first(&self) -> Place {
        Place::default()
    }

    fn batch(&self) -> usize {
        PAGE as usize
    }

    fn sweeps_beyond(&self, _: Settings<'_>) -> usize {
        usize::MAX
    }

    fn window(&self) -> i64 {
        // Nhanh allows 31 days; what counts as one is not said, so a day is left.
        30 * DAY
    }

    fn refuses_repeats(&self) -> bool {
        true
    }

    fn lists_deleted(&self) -> bool {
        true
    }

    fn ended(&self, _: Instant) -> bool {
        false
    }

    fn last_day(&self) -> Option<&'static str> {
        None
    }

    fn grant(&self, settings: Settings<'_>) -> Result<Request, Failure> {
        request::grant(settings)
    }

    fn request(&self, settings: Settings<'_>, ask: &Ask<'_>, place: &Place, most: u32) -> Result<Request, Failure> {
        let none = Object::default;
        let (path, sort, filters) = match ask {
            Ask::Depots => (path::DEPOTS, None, none()),
            Ask::Categories => (path::CATEGORIES, None, none()),
            Ask::Products { hidden, since } => {
                let filters = if *hidden { none().json("status", "[3]") } else { none() };
                (path::PRODUCTS, Some("id"), request::since(filters, *since))
            }
            Ask::Levels(since) => (path::LEVELS, Some("productId"), request::since(none(), Some(*since))),
            Ask::ProductsById(ids) => (path::PRODUCTS, Some("id"), request::ids(ids)),
            Ask::Customers { since } => (path::CUSTOMERS, None, request::since(none(), *since)),
            Ask::CustomersById(ids) => (path::CUSTOMERS, None, request::ids(ids)),
            Ask::Orders { from, until } => (path::ORDERS, None, window("updatedAt", *from, *until)),
            Ask::Deleted { from, until } => (path::DELETED, None, window("createdAt", *from, *until)),
            Ask::OrdersMade { from, until } => (path::ORDERS, None, window("createdAt", *from, *until).json("saleChannels", BY_APPS)),
            Ask::OrdersById(ids) => (path::ORDERS, None, request::ids(ids)),
            Ask::OrdersTo { phone, from, until } => {
                let to = none().text("mobile", phone).end();
                (path::ORDERS, None, window("createdAt", *from, *until).json("shippingAddress", &to))
            }
        };
        call(settings, path, request::page(filters, sort, place, most.min(PAGE)))
    }

    fn rows<'t>(&self, ask: &Ask<'_>, _: &Place, reply: &Reply<'t>) -> Result<Found<'t>, Failure> {
        // An empty look-up must mean that there is no such order, never that it was not understood.
        let list_like = |it: &Value<'_>| matches!(it, Value::Array(_) | Value::Object(_));
        let looks_up = matches!(ask, Ask::OrdersTo { .. } | Ask::OrdersById(_) | Ask::OrdersMade { .. });
        if looks_up && !reply.record.raw("data").is_some_and(list_like) {
            return Err(foreign("data"));
        }
        let data = reply.record.raw("data").map_or(Some(Items::List([].iter())), Items::of);
        let rows = data.ok_or_else(|| foreign("data"))?;
        let paginator = reply.record.told("paginator").and_then(Record::of);
        let told = paginator.and_then(|it| it.told("next").filter(|it| !is_no_cursor(it)));
        let next = match told {
            None => None,
            Some(_) => {
                let next = json::raw(reply.text, &["paginator", "next"]).filter(|it| it.len() <= LONGEST_NEXT);
                // It will not get shorter by another try.
                let odd = || Failure { class: FailureClass::Rejected, ..foreign("paginator/next") };
                Some(Place { page: 0, next: Some(next.ok_or_else(odd)?.to_owned()) })
            }
        };
        let left = next.is_none().then_some(0);
        Ok(Found { rows, next, left })
    }

    fn product(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Product, Refused> {
        product::read(key, value, options, notes)
    }

    fn stock(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<Option<StockLevel>, Refused> {
        goods::stock((key, value), "id", product::family, options, notes)
    }

    fn price(&self, key: Option<&str>, value: &Value<'_>, options: Options<'_>, notes: &mut Notes) -> Result<PriceChange, Refused> {
        product::read_price(key, value, options, notes)
    }

    fn order_id(&self, row: &Record<'_>, _: Option<&str>) -> Result<RemoteId, Misfit> {
        order::id(row)
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

    fn locate(&self, settings: Settings<'_>, now: Instant, address: &Address, sender: &mut dyn Sender) -> Located {
        location::locate(settings, now, address, sender)
    }

    fn create(&self, settings: Settings<'_>, checked: &Checked<'_>, place: &Located) -> Result<Create, Failure> {
        let (body, warnings) = order_add::encode(checked, place);
        Ok(Create { request: call(settings, path::ORDER_ADD, body)?, warnings })
    }

    fn set_status(&self, settings: Settings<'_>, order: &str, status: &str) -> Result<Request, Failure> {
        call(settings, path::ORDER_EDIT, request::set_status(order, words::status_number(status)))
    }

    fn history(&self, settings: Settings<'_>, orders: &[RemoteId]) -> Result<Request, Failure> {
        let filters = Object::default().json("orderIds", &list(orders.iter().map(|it| number_or_text(it)))).json("steps", "[22,41]");
        call(settings, path::ORDER_HISTORY, request::page(filters, None, &Place::default(), PAGE))
    }

    fn call_back(&self, settings: Settings<'_>, order: &str) -> Result<Option<Request>, Failure> {
        let body = Object::default().json("orderId", &number_or_text(order)).end();
        call(settings, path::CANCEL_CARRIER, body).map(Some)
    }
}
