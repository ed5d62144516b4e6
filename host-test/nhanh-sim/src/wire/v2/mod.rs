//! Dialect 2.0: form posts in, an envelope with `code`, `messages` and `data` out (reference section 2).
//!
//! Encodes with the *real* JSON types of the reference, not the documented ones. Must never change the shop except through its own methods.

mod catalogue;
mod collection;
pub(crate) mod events;
mod order_in;
mod order_out;
mod people;
mod places;
mod product;
mod reply;

use serde_json::Value;

pub(crate) use reply::{Answer, Refusal, token};

use crate::access::{Access, Pass, Permission};
use crate::limits::{Limits, Locked};
use crate::shop::Shop;
use crate::switches::Switches;
use crate::wire::form::Form;

/// What an endpoint may see and change.
pub(crate) struct Call<'a> {
    pub(crate) shop: &'a mut Shop,
    pub(crate) pass: Pass,
    pub(crate) switches: &'a Switches,
    pub(crate) now_ms: i64,
    pub(crate) late_ms: i64,
    pub(crate) point_value: i64,
}

type Endpoint = fn(&mut Call<'_>, &Value) -> Result<Vec<u8>, Refusal>;

/// Every endpoint with the right that it asks for.
static ENDPOINTS: &[(&str, Permission, Endpoint)] = &[
    ("/api/store/depot", Permission::Depot, places::depots),
    ("/api/product/search", Permission::Product, catalogue::search),
    ("/api/product/detail", Permission::Product, catalogue::detail),
    ("/api/product/category", Permission::Product, catalogue::categories),
    ("/api/product/internalcategory", Permission::Product, catalogue::internal_categories),
    ("/api/order/add", Permission::OrderWrite, order_in::add),
    ("/api/order/update", Permission::OrderWrite, order_in::update),
    ("/api/order/index", Permission::Order, order_out::index),
    ("/api/order/history", Permission::Order, order_out::history),
    ("/api/customer/search", Permission::Customer, people::customers),
    ("/api/user/index", Permission::User, people::users),
    ("/api/shipping/location", Permission::Shipping, places::locations),
    ("/api/shipping/carrier", Permission::Shipping, places::carriers),
];

/// The exchange of a code for a token.
pub(crate) const TOKEN_PATH: &str = "/api/oauth/access_token";

/// Whether the dialect has this path.
pub(crate) fn knows(path: &str) -> bool {
    path == TOKEN_PATH || ENDPOINTS.iter().any(|(known, _, _)| *known == path)
}

/// What the gate checks a request against.
pub(crate) struct Gate<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) access: &'a Access,
    pub(crate) limits: &'a mut Limits,
    pub(crate) now_ms: i64,
}

impl Gate<'_> {
    /// Lets a request through or says why not. Every call counts against the limit, even one with a dead token.
    pub(crate) fn admit(&mut self, path: &str, form: &Form) -> Result<Pass, Refusal> {
        let Some(app) = form.int("appId").and_then(|id| self.access.app(id)) else {
            return Err(Refusal::coded("ERR_INVALID_APP_ID", "Invalid appId"));
        };
        let Some(business) = form.int("businessId") else {
            return Err(Refusal::coded("ERR_INVALID_BUSINESS_ID", "businessId is required"));
        };
        self.limits.admit(app.app.app_id, business, path, self.now_ms)?;
        if form.get("version") != Some("2.0") {
            return Err(Refusal::coded("ERR_INVALID_VERSION", "Invalid version"));
        }
        if !app.active {
            return Err(Refusal::coded("ERR_INVALID_APP_ID", "The app is inactive"));
        }
        let Some(home) = self.shop.business(business) else {
            return Err(Refusal::coded("ERR_INVALID_BUSINESS_ID", "Invalid businessId"));
        };
        if !home.open_api {
            return Err(Refusal::coded("ERR_BUSINESS_NOT_ENABLE_API", "The business has not enabled Open API"));
        }
        let pass = form.get("accessToken").and_then(|token| self.access.pass(token, app.app.app_id, business, self.now_ms));
        let Some(pass) = pass else {
            return Err(Refusal::coded("ERR_INVALID_ACCESS_TOKEN", "Invalid accessToken"));
        };
        let needed = ENDPOINTS.iter().find(|(known, _, _)| *known == path).map(|(_, permission, _)| permission);
        if needed.is_some_and(|permission| !pass.permissions.contains(permission)) {
            return Err(Refusal::coded("ERR_403", "The app or accessToken is not authorized for this feature"));
        }
        Ok(pass.clone())
    }
}

impl From<Locked> for Refusal {
    fn from(locked: Locked) -> Self {
        Self::RateLimited(locked)
    }
}

/// Runs an endpoint on a request that the gate let through.
pub(crate) fn run(call: &mut Call<'_>, path: &str, form: &Form) -> Result<Vec<u8>, Refusal> {
    let Some((_, _, endpoint)) = ENDPOINTS.iter().find(|(known, _, _)| *known == path) else {
        return Err(Refusal::text("Invalid API"));
    };
    let text = form.get("data").map(str::trim).unwrap_or_default();
    // The category lists take their own name in place of JSON (reference section 2.1); without `data` the defaults hold.
    let literal = matches!(text, "" | "productcategory" | "internalcategory");
    let data =
        if literal { Value::Null } else { serde_json::from_str(text).map_err(|_| Refusal::coded("ERR_INVALID_DATA", "invalid data"))? };
    endpoint(call, &data)
}
