//! Why there is no page: one short text in both languages, and never a word of what went wrong inside.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, html};

use super::word;
use crate::store::StoreError;

/// Seconds after which a page that could not be made now is asked for again.
const AGAIN_IN: &str = "5";

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not there, or not this person's.
    Missing,
    /// The form's token is not this browser's.
    Forged,
    /// Too many ask for what takes long: asking again after a moment helps.
    Busy,
    /// The store does not do it now, such as on a full disk.
    Resting,
    /// The address is there, and is no page: a button's, say.
    NotThisWay,
    /// Something inside.
    Broken,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Missing(_)) {
            return Fault::Missing;
        }
        tracing::error!(%error, "a page could not be made");
        if error.is_transient() { Fault::Resting } else { Fault::Broken }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Fault::Missing => (StatusCode::NOT_FOUND, word::NOT_FOUND),
            Fault::NotThisWay => (StatusCode::METHOD_NOT_ALLOWED, word::NOT_THIS_WAY),
            Fault::Forged => (StatusCode::FORBIDDEN, word::FORGED),
            Fault::Busy => (StatusCode::SERVICE_UNAVAILABLE, word::BUSY),
            Fault::Resting => (StatusCode::SERVICE_UNAVAILABLE, word::RESTING),
            Fault::Broken => (StatusCode::INTERNAL_SERVER_ERROR, word::BROKEN),
        };
        let page = html! {
            (DOCTYPE)
            html lang="vi" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { "Nobi Pro" }
                    link rel="stylesheet" href="/assets/page.css";
                }
                body {
                    main #content class="narrow" {
                        h1 { (text.vi) }
                        p lang="en" { (text.en) }
                        p { a href="/connections" { (word::GO_HOME.vi) " · " span lang="en" { (word::GO_HOME.en) } } }
                    }
                }
            }
        };
        let mut response = (status, Html(page.into_string())).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(AGAIN_IN));
        }
        response
    }
}
