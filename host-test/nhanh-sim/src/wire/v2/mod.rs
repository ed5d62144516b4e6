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

use axum::extract::Request;
use serde_json::Value;

pub(super) use reply::refused;

use super::form::{self, Form};
use super::gate::{Gate, Shown};
use super::reply::{Answer, Refusal};
use super::{Ask, Call, Content, Desk};
use crate::dialect::Dialect;
use crate::oauth::{self, Redeem};
use crate::permission::Permission;

type Endpoint = fn(&mut Call<'_>, &Value) -> Result<Vec<u8>, Refusal>;

/// Every path.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    std::iter::once(TOKEN_PATH).chain(ENDPOINTS.iter().map(|(path, ..)| *path))
}

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

/// Reads a request: app and business are fields of the form.
pub(super) async fn read(request: Request) -> Ask {
    let path = request.uri().path().to_owned();
    let form = form::read(request).await;
    Ask { path, app: form.int("appId"), business: form.int("businessId"), content: Content::V2(form) }
}

/// Answers a request: the exchange of a code, or an endpoint behind the gate.
pub(super) fn answer(desk: Desk<'_>, ask: &Ask, form: &Form) -> Result<Answer, Refusal> {
    let version_named = form.get("version") == Some(Dialect::V2.version());
    if ask.path == TOKEN_PATH {
        if !version_named {
            return Err(Refusal::coded("ERR_INVALID_VERSION", "Invalid version"));
        }
        let asked = Redeem { dialect: Dialect::V2, app: ask.app, secret: form.get("secretKey"), code: form.get("accessCode") };
        let (token, pass) = oauth::redeem(desk.access, &asked, desk.now_ms, desk.settings)?;
        return Ok(reply::token(&token, &pass, desk.switches));
    }
    let Some((_, permission, endpoint)) = ENDPOINTS.iter().find(|(known, _, _)| *known == ask.path) else {
        return Err(Refusal::text("Invalid API"));
    };
    let mut gate = Gate { shop: desk.shop, access: desk.access, limits: desk.limits, now_ms: desk.now_ms };
    let shown = Shown {
        dialect: Dialect::V2,
        version_named,
        path: &ask.path,
        app: ask.app,
        business: ask.business,
        token: form.get("accessToken"),
        permission: Some(*permission),
    };
    let pass = gate.admit(&shown)?;
    let data = parameters(form)?;
    let mut call = Call {
        shop: desk.shop,
        cursors: desk.cursors,
        path: &ask.path,
        pass,
        switches: desk.switches,
        now_ms: desk.now_ms,
        late_ms: desk.late_ms,
        point_value: desk.settings.point_value,
    };
    Ok(reply::ok(&endpoint(&mut call, &data)?, desk.switches))
}

/// The parameters of an endpoint: the JSON text in `data`.
fn parameters(form: &Form) -> Result<Value, Refusal> {
    let text = form.get("data").map(str::trim).unwrap_or_default();
    // The category lists take their own name in place of JSON (reference section 2.1); without `data` the defaults hold.
    if matches!(text, "" | "productcategory" | "internalcategory") {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).map_err(|_| Refusal::coded("ERR_INVALID_DATA", "invalid data"))
}
