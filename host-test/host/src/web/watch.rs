//! For whoever watches over the host, on an address of its own: whether it lives, whether it can work, and its figures. Shows counts only, and
//! asks for no password: the address belongs inside the house.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;

use crate::seeing;
use crate::store::StoreError;
use crate::work::Host;

/// How long the store may take to show that it works.
const PATIENCE: Duration = Duration::from_secs(5);

struct Watch {
    host: Arc<Host>,
    stopping: watch::Receiver<bool>,
}

/// `/healthz`: the process lives. `/readyz`: it can work, or 503 with the reason. `/metrics`: its figures. `stopping`: it takes no more work.
pub fn watched(host: Arc<Host>, stopping: watch::Receiver<bool>) -> Router {
    let watch = Arc::new(Watch { host, stopping });
    Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).route("/metrics", get(metrics)).with_state(watch)
}

async fn ready(State(watch): State<Arc<Watch>>) -> Response {
    match unready(&watch).await {
        None => "ok".into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason).into_response(),
    }
}

/// Why no work should be sent here, if there is a reason.
async fn unready(watch: &Watch) -> Option<String> {
    if *watch.stopping.borrow() {
        return Some("the host is shutting down".to_owned());
    }
    if watch.host.connector_ids().next().is_none() {
        return Some("no connector is admitted".to_owned());
    }
    match tokio::time::timeout(PATIENCE, watch.host.store().pulse(watch.host.clock().now())).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("the store does not work: {error}")),
        Err(_) => Some("the store does not answer".to_owned()),
    }
}

async fn metrics(State(watch): State<Arc<Watch>>) -> Response {
    match figures(&watch).await {
        Ok(text) => ([(header::CONTENT_TYPE, seeing::CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

async fn figures(watch: &Watch) -> Result<String, StoreError> {
    let vitals = watch.host.store().vitals().await?;
    seeing::exposition(&vitals, watch.host.admitted(), watch.host.clock().now()).map_err(|error| StoreError::Refused(error.to_string()))
}
