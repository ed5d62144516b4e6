//! The gate in front of every endpoint: app, business, rate limit, token, right (reference sections 2.3, 2.4; 3.0: 2.3, 2.5).
//!
//! Must never look at what an endpoint is asked for.

use crate::access::{Access, Pass};
use crate::dialect::Dialect;
use crate::limits::Limits;
use crate::permission::Permission;
use crate::shop::Shop;
use crate::wire::reply::Refusal;

/// What the gate checks a request against.
pub(crate) struct Gate<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) access: &'a Access,
    pub(crate) limits: &'a mut Limits,
    pub(crate) now_ms: i64,
}

/// What a request shows at the gate.
pub(crate) struct Shown<'a> {
    pub(crate) dialect: Dialect,
    /// Whether the request names the dialect's version, where it has to.
    pub(crate) version_named: bool,
    pub(crate) path: &'a str,
    pub(crate) app: Option<i64>,
    pub(crate) business: Option<i64>,
    pub(crate) token: Option<&'a str>,
    /// The right that the endpoint asks for.
    pub(crate) permission: Option<Permission>,
}

impl Gate<'_> {
    /// Lets a request through or says why not. Every call counts against the limit, even one with a dead token.
    pub(crate) fn admit(&mut self, shown: &Shown<'_>) -> Result<Pass, Refusal> {
        let Some(app) = shown.app.and_then(|id| self.access.app(id)) else {
            return Err(Refusal::coded("ERR_INVALID_APP_ID", "Invalid appId"));
        };
        let Some(business) = shown.business else {
            return Err(Refusal::coded("ERR_INVALID_BUSINESS_ID", "businessId is required"));
        };
        self.limits.admit(app.app.app_id, business, shown.path, self.now_ms)?;
        if !shown.version_named {
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
        let pass = shown.token.and_then(|token| self.access.pass(token, app.app.app_id, business, self.now_ms));
        let Some(pass) = pass else {
            return Err(Refusal::coded("ERR_INVALID_ACCESS_TOKEN", "Invalid accessToken"));
        };
        if pass.version != Some(shown.dialect) {
            return Err(Refusal::coded("ERR_INVALID_VERSION", "The accessToken is of another version"));
        }
        if shown.permission.is_some_and(|permission| !pass.permissions.contains(&permission)) {
            return Err(Refusal::coded("ERR_403", "The app or accessToken is not authorized for this feature"));
        }
        Ok(pass.clone())
    }
}
