//! What a browser may do with a page of ours: nothing that the page did not bring along. No inline script or style, no frame, no other host.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'self'";

/// Lets the forms of a page lead on to these origins: a browser holds the way after a form to `form-action`, redirects included.
pub(super) fn leading_to(response: &mut Response, origins: &[String]) {
    let mut policy = POLICY.to_owned();
    for origin in origins {
        policy.push(' ');
        policy.push_str(origin);
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// The headers that every answer has.
pub(super) async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    add(header::CONTENT_SECURITY_POLICY, POLICY);
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::X_FRAME_OPTIONS, "DENY");
    add(header::REFERRER_POLICY, "same-origin");
    add(header::CACHE_CONTROL, "no-store");
    response
}
