//! Form bodies: `multipart/form-data` and `application/x-www-form-urlencoded` into named fields (reference section 2.1: both work).
//!
//! Must never interpret a field.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;

/// The largest body that is read.
pub(crate) const LARGEST: usize = 16 * 1024 * 1024;

/// Named text fields in the order they came; an array's `name[]` is filed under `name`.
#[derive(Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The last field of this name, as PHP takes it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every field of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A whole number.
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.get(name)?.trim().parse().ok()
    }

    /// Reads `a=1&b=2`.
    pub(crate) fn urlencoded(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).map(|(name, value)| (field_name(&name), value.into_owned())).collect())
    }
}

fn field_name(name: &str) -> String {
    name.strip_suffix("[]").unwrap_or(name).to_owned()
}

/// Reads the body of a request; what is no form at all has no fields.
pub(crate) async fn read(request: Request) -> Form {
    let multipart = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
    if !multipart {
        return to_bytes(request.into_body(), LARGEST).await.map(|body| Form::urlencoded(&body)).unwrap_or_default();
    }
    let mut form = Form::default();
    if let Ok(mut parts) = Multipart::from_request(request, &()).await {
        while let Ok(Some(part)) = parts.next_field().await {
            let name = field_name(part.name().unwrap_or_default());
            if let Ok(text) = part.text().await {
                form.0.push((name, text));
            }
        }
    }
    form
}
