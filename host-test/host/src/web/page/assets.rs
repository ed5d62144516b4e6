//! What pages bring along, from inside the binary: style, script, htmx. Nothing is read from a disk or another host.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::fault::Fault;

const CSS: &str = include_str!("../../../assets/page.css");
const JS: &str = include_str!("../../../assets/page.js");
const HTMX: &str = include_str!("../../../assets/htmx.min.js");
const ICON: &str = include_str!("../../../assets/icon.svg");

pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "page.css" => ("text/css; charset=utf-8", CSS),
        "page.js" => ("text/javascript; charset=utf-8", JS),
        "htmx.min.js" => ("text/javascript; charset=utf-8", HTMX),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Fault::Missing.into_response(),
    };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=300")], text).into_response()
}
