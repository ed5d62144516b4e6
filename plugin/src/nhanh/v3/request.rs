//! Requests of API 3.0: which path, which JSON.
//!
//! The host puts the token in the `Authorization` header, and code and secret into the exchange; nothing here may name them.

use crate::nhanh::object::{Object, list, number_or_text};
use crate::nhanh::wire::Place;
use crate::settings::Settings;
use crate::wit::http::{Body, Method, Pair, Request};
use crate::wit::types::{Failure, Instant, RemoteId};

/// What the login calls it.
pub const VERSION: &str = "3.0";
/// Paths that the connector calls.
pub mod path {
    /// One-time code for a grant.
    pub const ACCESS_TOKEN: &str = "/v3.0/app/getaccesstoken";
    /// Depots.
    pub const DEPOTS: &str = "/v3.0/business/depot";
    /// Product groups.
    pub const CATEGORIES: &str = "/v3.0/product/category";
    /// Products by page and by id.
    pub const PRODUCTS: &str = "/v3.0/product/list";
    /// Levels by page, by the time of their change.
    pub const LEVELS: &str = "/v3.0/product/inventory";
    /// Customers by page and by id.
    pub const CUSTOMERS: &str = "/v3.0/customer/list";
    /// Orders by page, by id, by phone.
    pub const ORDERS: &str = "/v3.0/order/list";
    /// What became of orders, step by step.
    pub const ORDER_HISTORY: &str = "/v3.0/order/history";
    /// Deleted orders by page.
    pub const DELETED: &str = "/v3.0/order/deleted";
    /// A new order.
    pub const ORDER_ADD: &str = "/v3.0/order/add";
    /// An order's status.
    pub const ORDER_EDIT: &str = "/v3.0/order/edit";
    /// Asks a carrier to give an order back.
    pub const CANCEL_CARRIER: &str = "/v3.0/order/cancelcarrier";
    /// Provinces, districts, wards.
    pub const LOCATIONS: &str = "/v3.0/shipping/location";
}
/// Rows on a page, at most.
pub const PAGE: u32 = 100;

fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.to_owned(), value: value.to_owned() }
}

fn post(path: &str, query: Vec<Pair>, json: String) -> Request {
    Request {
        endpoint: crate::nhanh::ENDPOINT.to_owned(),
        method: Method::Post,
        path: path.to_owned(),
        query,
        headers: Vec::new(),
        body: Body::Json(json),
    }
}

/// The request that exchanges the one-time code. The host adds code and secret.
///
/// # Errors
/// The form lacks the app's id.
pub fn grant(settings: Settings<'_>) -> Result<Request, Failure> {
    Ok(post(path::ACCESS_TOKEN, vec![pair("appId", settings.app_id()?)], "{}".to_owned()))
}

/// A call of the API with this body.
///
/// # Errors
/// The form lacks the app's id, or there is no grant yet.
pub fn call(settings: Settings<'_>, path: &str, json: String) -> Result<Request, Failure> {
    let query = vec![pair("appId", settings.app_id()?), pair("businessId", settings.account()?.id.as_str())];
    Ok(post(path, query, json))
}

/// The body of a read: a page of what the filters leave. `next` goes back exactly as it came.
#[must_use]
pub fn page(filters: Object, sort: Option<&str>, place: &Place, size: u32) -> String {
    let mut paginator = Object::default().number("size", i64::from(size));
    if let Some(by) = sort {
        paginator = paginator.json("sort", &Object::default().text(by, "asc").end());
    }
    if let Some(next) = &place.next {
        paginator = paginator.json("next", next);
    }
    Object::default().json("filters", &filters.end()).json("paginator", &paginator.end()).end()
}

/// A filter by identifiers.
#[must_use]
pub fn ids(ids: &[RemoteId]) -> Object {
    Object::default().json("ids", &list(ids.iter().map(|it| number_or_text(it))))
}

/// Whole seconds since 1970.
#[must_use]
pub fn seconds(instant: Instant) -> i64 {
    instant.div_euclid(1000)
}

/// A filter by a time of edit.
#[must_use]
pub fn since(filters: Object, since: Option<Instant>) -> Object {
    match since {
        Some(since) => filters.number("updatedAtFrom", seconds(since)),
        None => filters,
    }
}

/// The body that sets an order's status, and nothing else: an empty value would delete.
#[must_use]
pub fn set_status(order: &str, number: i64) -> String {
    let info = Object::default().json("id", &number_or_text(order)).number("status", number).end();
    Object::default().json("info", &info).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_that_nhanh_documents() {
        let first = Place::default();
        assert_eq!(
            page(since(Object::default(), Some(1_795_141_800_999)), Some("id"), &first, 100),
            r#"{"filters":{"updatedAtFrom":1795141800},"paginator":{"size":100,"sort":{"id":"asc"}}}"#
        );
        assert_eq!(ids(&["12".to_owned(), "0x".to_owned()]).end(), r#"{"ids":[12,"0x"]}"#);
        assert_eq!(set_status("125", 64), r#"{"info":{"id":125,"status":64}}"#);
    }

    #[test]
    fn a_cursor_goes_back_exactly_as_it_came() {
        for next in [
            r#"{"id":100}"#,
            r#"{"id":"92220"}"#,
            r#""1900073""#,
            "142401158",
            "[1684232267000,13]",
            r#"{"totalRevenue":1.50,"productId":9}"#,
        ] {
            let place = Place { page: 0, next: Some(next.to_owned()) };
            assert!(page(Object::default(), None, &place, 100).contains(&format!(r#""next":{next}}}}}"#)), "{next}");
        }
    }
}
