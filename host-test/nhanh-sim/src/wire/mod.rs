//! Dialects: how a request becomes a question to the shop, and the shop's state becomes bytes.
//!
//! A dialect must never keep state of its own, nor change the shop except through the shop's own methods.

pub(crate) mod events;
pub(crate) mod form;
pub(crate) mod gate;
pub(crate) mod json;
pub(crate) mod params;
pub(crate) mod reply;
pub(crate) mod span;
pub(crate) mod v2;
pub(crate) mod v3;

use axum::extract::Request;

use crate::access::{Access, Pass};
use crate::cursors::Cursors;
use crate::dialect::Dialect;
use crate::limits::Limits;
use crate::settings::Settings;
use crate::shop::{Business, Shop};
use crate::switches::Switches;
use form::Form;
use reply::{Answer, Refusal};

/// A request of the API, read but not understood.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) path: String,
    /// The app that it names.
    pub(crate) app: Option<i64>,
    /// The business that it names.
    pub(crate) business: Option<i64>,
    pub(crate) content: Content,
}

/// What a request carries, by dialect.
#[derive(Debug)]
pub(crate) enum Content {
    /// 2.0: a form that holds everything.
    V2(Form),
    /// 3.0: the `Authorization` header as it came, and the body.
    V3 { authorization: Option<String>, body: Vec<u8> },
}

impl Ask {
    /// Which dialect it speaks.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.content {
            Content::V2(_) => Dialect::V2,
            Content::V3 { .. } => Dialect::V3,
        }
    }
}

/// What answering a request needs of the simulator.
pub(crate) struct Desk<'a> {
    pub(crate) shop: &'a mut Shop,
    pub(crate) access: &'a mut Access,
    pub(crate) limits: &'a mut Limits,
    pub(crate) cursors: &'a mut Cursors,
    pub(crate) switches: &'a Switches,
    pub(crate) settings: &'a Settings,
    pub(crate) now_ms: i64,
    /// How late reads show what the request makes.
    pub(crate) late_ms: i64,
}

/// What an endpoint may see and change.
pub(crate) struct Call<'a> {
    pub(crate) shop: &'a mut Shop,
    pub(crate) cursors: &'a mut Cursors,
    pub(crate) path: &'a str,
    pub(crate) pass: Pass,
    pub(crate) switches: &'a Switches,
    pub(crate) now_ms: i64,
    pub(crate) late_ms: i64,
    pub(crate) point_value: i64,
}

impl Call<'_> {
    /// The business that a call is about; the gate has checked that it is there.
    pub(crate) fn home(&self) -> Result<&Business, Refusal> {
        self.shop.business(self.pass.business).ok_or_else(|| Refusal::coded("ERR_INVALID_BUSINESS_ID", "Invalid businessId"))
    }

    /// Whether the token may use a depot of the business.
    pub(crate) fn may_use(&self, depot: i64) -> bool {
        let known = self.home().is_ok_and(|home| home.depots.contains_key(&depot));
        known && (self.pass.depots.is_empty() || self.pass.depots.contains(&depot))
    }
}

/// Every path of either dialect.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    v3::paths().chain(v2::paths())
}

/// The dialect that has this path.
pub(crate) fn dialect_of(path: &str) -> Option<Dialect> {
    if v2::knows(path) {
        return Some(Dialect::V2);
    }
    v3::knows(path).then_some(Dialect::V3)
}

/// Reads a request of a dialect.
pub(crate) async fn read(dialect: Dialect, request: Request) -> Ask {
    match dialect {
        Dialect::V2 => v2::read(request).await,
        Dialect::V3 => v3::read(request).await,
    }
}

/// Does what a request asks and encodes the answer.
pub(crate) fn answer(desk: Desk<'_>, ask: &Ask) -> Result<Answer, Refusal> {
    match &ask.content {
        Content::V2(form) => v2::answer(desk, ask, form),
        Content::V3 { authorization, body } => v3::answer(desk, ask, authorization.as_deref(), body),
    }
}

/// Encodes a refusal.
pub(crate) fn refused(dialect: Dialect, refusal: &Refusal, switches: &Switches) -> Answer {
    match dialect {
        Dialect::V2 => v2::refused(refusal, switches),
        Dialect::V3 => v3::refused(refusal, switches),
    }
}
