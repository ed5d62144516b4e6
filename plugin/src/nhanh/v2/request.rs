//! Requests of API 2.0: which path, which `data`.
//!
//! The host adds `accessToken`; nothing here may name it. `data` is JSON text in a form field, except where Nhanh wants a bare word.

use crate::nhanh::object::{Object, number_or_text};
use crate::settings::Settings;
use crate::vietnam::time;
use crate::wit::http::{Body, Method, Pair, Request};
use crate::wit::types::{Failure, Instant};

/// What `version` says on the wire.
pub const VERSION: &str = "2.0";
/// Paths that the connector calls.
pub mod path {
    /// One-time code for a grant.
    pub const ACCESS_TOKEN: &str = "/api/oauth/access_token";
    /// Depots.
    pub const DEPOTS: &str = "/api/store/depot";
    /// Product groups.
    pub const CATEGORIES: &str = "/api/product/category";
    /// Products by page.
    pub const PRODUCTS: &str = "/api/product/search";
    /// One product and its family.
    pub const PRODUCT: &str = "/api/product/detail";
    /// Customers by page.
    pub const CUSTOMERS: &str = "/api/customer/search";
    /// Orders by page, by id, by phone.
    pub const ORDERS: &str = "/api/order/index";
    /// What became of one order, step by step.
    pub const ORDER_HISTORY: &str = "/api/order/history";
    /// A new order.
    pub const ORDER_ADD: &str = "/api/order/add";
    /// An order's status.
    pub const ORDER_UPDATE: &str = "/api/order/update";
}
/// Products and orders on a page, at most.
pub const PAGE: u32 = 100;
/// Customers on a page, at most.
pub const CUSTOMER_PAGE: u32 = 50;

fn pair(name: &str, value: impl Into<String>) -> Pair {
    Pair { name: name.to_owned(), value: value.into() }
}

/// A post to the API with these form fields.
#[must_use]
pub fn post(path: &str, fields: Vec<Pair>) -> Request {
    Request {
        endpoint: crate::nhanh::ENDPOINT.to_owned(),
        method: Method::Post,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: Body::Form(fields),
    }
}

/// The request that exchanges the one-time code. The host adds code and secret.
///
/// # Errors
/// The form lacks the app's id.
pub fn grant(settings: Settings<'_>) -> Result<Request, Failure> {
    Ok(post(path::ACCESS_TOKEN, vec![pair("version", VERSION), pair("appId", settings.app_id()?)]))
}

/// A call of the API with this `data`.
///
/// # Errors
/// The form lacks the app's id, or there is no grant yet.
pub fn call(settings: Settings<'_>, path: &str, data: String) -> Result<Request, Failure> {
    let fields = vec![
        pair("version", VERSION),
        pair("appId", settings.app_id()?),
        pair("businessId", settings.account()?.id.as_str()),
        pair("data", data),
    ];
    Ok(post(path, fields))
}

/// `data` of a page of products, by rising id: new ones then come last and never shift the pages before them.
#[must_use]
pub fn products(page: u32, size: u32, status: Option<&str>, since: Option<Instant>) -> String {
    Object::default()
        .number("page", i64::from(page))
        .number("icpp", i64::from(size))
        .json("sort", r#"{"id":"asc"}"#)
        .optional("status", status)
        .optional("updatedDateTimeFrom", since.map(time::date_time).as_deref())
        .end()
}

/// `data` of a page of customers.
#[must_use]
pub fn customers(page: u32, size: u32, since: Option<Instant>) -> String {
    Object::default()
        .number("page", i64::from(page))
        .number("icpp", i64::from(size))
        .optional("updatedAtFrom", since.map(time::date_time).as_deref())
        .end()
}

/// `data` of one record by id.
#[must_use]
pub fn by_id(id: &str) -> String {
    Object::default().json("id", &number_or_text(id)).end()
}

/// `data` of a page of orders that were edited in a window of at most ten days.
#[must_use]
pub fn orders_edited(page: u32, size: u32, from: Instant, until: Instant) -> String {
    Object::default()
        .number("page", i64::from(page))
        .number("icpp", i64::from(size))
        .text("updatedDateTimeFrom", &time::date_time(from))
        .text("updatedDateTimeTo", &time::date_time(until))
        .end()
}

/// `data` of a page of orders that were made on at most ten days. Nhanh asks for days, so the first and the last count whole.
#[must_use]
pub fn orders_made(page: u32, size: u32, from: Instant, until: Instant) -> String {
    Object::default()
        .number("page", i64::from(page))
        .number("icpp", i64::from(size))
        .text("fromDate", &time::date(from))
        .text("toDate", &time::date(until))
        .end()
}

/// `data` of a page of orders to one phone, made in a range of days; a phone lifts the limit of ten days.
#[must_use]
pub fn orders_to(page: u32, phone: &str, from: Instant, until: Instant) -> String {
    Object::default()
        .number("page", i64::from(page))
        .number("icpp", i64::from(PAGE))
        .text("customerMobile", phone)
        .text("fromDate", &time::date(from))
        .text("toDate", &time::date(until))
        .end()
}

/// `data` that sets an order's status; only the keys that change.
#[must_use]
pub fn set_status(order: &str, status: &str) -> String {
    Object::default().text("orderId", order).text("status", status).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_json_that_nhanh_documents() {
        assert_eq!(products(1, 100, None, None), r#"{"page":1,"icpp":100,"sort":{"id":"asc"}}"#);
        assert_eq!(
            products(2, 100, Some("Inactive"), Some(1_733_387_520_000)),
            r#"{"page":2,"icpp":100,"sort":{"id":"asc"},"status":"Inactive","updatedDateTimeFrom":"2024-12-05 15:32:00"}"#
        );
        assert_eq!(customers(1, 50, Some(0)), r#"{"page":1,"icpp":50,"updatedAtFrom":"1970-01-01 07:00:00"}"#);
        assert_eq!(by_id("125"), r#"{"id":125}"#);
        assert_eq!(by_id("0x1"), r#"{"id":"0x1"}"#);
        assert_eq!(set_status("125", "Aborted"), r#"{"orderId":"125","status":"Aborted"}"#);
    }
}
