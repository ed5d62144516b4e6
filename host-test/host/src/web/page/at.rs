//! The parts of an address. One that cannot be read is a page that is not there, told as such: never a sentence of the compiler's.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::fault::Fault;

/// What stands in the path.
pub(super) struct At<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(found)| At(found)).map_err(|_| Fault::Missing.into_response())
    }
}

/// What stands behind the question mark; what cannot be read there was not said.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned + Default + Send, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        Ok(Asked(query.map(|Query(found)| found).unwrap_or_default()))
    }
}
