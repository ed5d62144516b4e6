//! Dialect 3.0: raw JSON in, the token bare in `Authorization`, an envelope with `paginator` and `data` out (3.0 reference section 2).
//!
//! Encodes with PHP's habits, as real replies have them. Must never change the shop except through its own methods.

mod catalogue;
pub(crate) mod events;
mod list;
mod order_edit;
mod order_in;
mod order_out;
mod order_row;
mod people;
mod places;
mod product;
mod reply;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use serde_json::Value;

pub(super) use reply::refused;

use super::form::{Form, LARGEST};
use super::gate::{Gate, Shown};
use super::params::Params;
use super::reply::{Answer, Refusal};
use super::{Ask, Call, Content, Desk};
use crate::dialect::Dialect;
use crate::oauth::{self, Redeem};
use crate::permission::Permission;

/// What an endpoint answers: the envelope's members.
pub(super) enum Out {
    /// `data` as JSON.
    Data(Vec<u8>),
    /// A page of a list.
    Page(list::Page),
}

type Endpoint = fn(&mut Call<'_>, Params<'_>) -> Result<Out, Refusal>;

/// Every path.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    [TOKEN_PATH, CHECK_PATH].into_iter().chain(ENDPOINTS.iter().map(|(path, ..)| *path))
}

/// Every endpoint with the right that it asks for.
static ENDPOINTS: &[(&str, Permission, Endpoint)] = &[
    ("/v3.0/product/list", Permission::Product, catalogue::products),
    ("/v3.0/product/detail", Permission::Product, catalogue::detail),
    ("/v3.0/product/inventory", Permission::Product, catalogue::inventory),
    ("/v3.0/product/category", Permission::Product, catalogue::categories),
    ("/v3.0/product/internalcategory", Permission::Product, catalogue::internal_categories),
    ("/v3.0/product/brand", Permission::Product, catalogue::brands),
    ("/v3.0/order/list", Permission::Order, order_out::orders),
    ("/v3.0/order/history", Permission::Order, order_out::history),
    ("/v3.0/order/deleted", Permission::Order, order_out::deleted),
    ("/v3.0/order/add", Permission::OrderWrite, order_in::add),
    ("/v3.0/order/edit", Permission::OrderWrite, order_edit::edit),
    ("/v3.0/order/cancelcarrier", Permission::OrderWrite, order_edit::cancel_carrier),
    ("/v3.0/customer/list", Permission::Customer, people::customers),
    ("/v3.0/business/depot", Permission::Depot, places::depots),
    ("/v3.0/shipping/location", Permission::Shipping, places::locations),
];

/// The exchange of a code for a token.
const TOKEN_PATH: &str = "/v3.0/app/getaccesstoken";

/// The look at a token.
const CHECK_PATH: &str = "/v3.0/app/checkaccesstoken";

/// Whether the dialect has this path.
pub(super) fn knows(path: &str) -> bool {
    matches!(path, TOKEN_PATH | CHECK_PATH) || ENDPOINTS.iter().any(|(known, _, _)| *known == path)
}

/// Reads a request: app and business are in the query, and nothing else is.
pub(super) async fn read(request: Request) -> Ask {
    let path = request.uri().path().to_owned();
    let query = Form::urlencoded(request.uri().query().unwrap_or_default().as_bytes());
    let authorization = request.headers().get(AUTHORIZATION).and_then(|token| token.to_str().ok()).map(str::to_owned);
    let body = to_bytes(request.into_body(), LARGEST).await.map(Into::into).unwrap_or_default();
    Ask { path, app: query.int("appId"), business: query.int("businessId"), content: Content::V3 { authorization, body } }
}

/// Answers a request: the exchange of a code, the look at a token, or an endpoint behind the gate.
pub(super) fn answer(desk: Desk<'_>, ask: &Ask, authorization: Option<&str>, body: &[u8]) -> Result<Answer, Refusal> {
    if ask.path == TOKEN_PATH {
        let body = json(body)?;
        let (secret, code) = (Params(&body).text("secretKey"), Params(&body).text("accessCode"));
        let asked = Redeem { dialect: Dialect::V3, app: ask.app, secret: secret.as_deref(), code: code.as_deref() };
        let (token, pass) = oauth::redeem(desk.access, &asked, desk.now_ms, desk.settings)?;
        return reply::token(&token, &pass, desk.switches);
    }
    let endpoint = ENDPOINTS.iter().find(|(known, _, _)| *known == ask.path);
    let mut gate = Gate { shop: desk.shop, access: desk.access, limits: desk.limits, now_ms: desk.now_ms };
    let shown = Shown {
        dialect: Dialect::V3,
        version_named: true,
        path: &ask.path,
        app: ask.app,
        business: ask.business,
        token: authorization,
        permission: endpoint.map(|(_, permission, _)| *permission),
    };
    let pass = gate.admit(&shown)?;
    let body = json(body)?;
    let Some((_, _, endpoint)) = endpoint else {
        oauth::owner(desk.access, ask.app, Params(&body).text("secretKey").as_deref())?;
        return reply::token(authorization.unwrap_or_default(), &pass, desk.switches);
    };
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
    let out = endpoint(&mut call, Params(&body))?;
    Ok(match out {
        Out::Data(data) => reply::ok(&data, None, desk.switches),
        Out::Page(page) => {
            let paginator = list::paginator(&mut call, &page);
            reply::page(&page, paginator.as_ref(), desk.switches)
        }
    })
}

/// The body as JSON; none at all is as good as `{}`.
fn json(body: &[u8]) -> Result<Value, Refusal> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|_| Refusal::coded("ERR_INVALID_DATA", "invalid data"))
}

/// A list of ids in the filters, of which there may be a hundred.
fn ids(filters: Params<'_>, key: &str) -> Result<Vec<i64>, Refusal> {
    let ids = filters.ints(key);
    if ids.len() > 100 {
        return Err(Refusal::field(format!("filters.{key}"), "must not have more than 100 items"));
    }
    Ok(ids)
}

/// A time in unix seconds, as milliseconds.
fn time(filters: Params<'_>, key: &str) -> Option<i64> {
    filters.int(key).map(|seconds| seconds.saturating_mul(1000))
}
