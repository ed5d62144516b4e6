//! A host in a process of its own, so that it can be killed: it serves webhooks, takes orders and clicks over HTTP, and works until it dies.
//! Its one argument is a [`Sentence`] in JSON. Never ends by itself.
//!
//! It says `ready` on its standard output once it answers. An order or a click that is answered with 200 is in its file.
#![allow(clippy::print_stdout, reason = "its one word to whoever started it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use acceptance::crash::Sentence;
use anyhow::{Context as _, Result};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use connector_host::clock::Clock;
use connector_host::contract::Scope;
use connector_host::contract::orders::OrderEvent;
use connector_host::contract::types::Entity;
use connector_host::outbound::{Outbound, OutboundConfig};
use connector_host::sandbox::{CodeCache, Sandbox, SandboxConfig};
use connector_host::store::{Sealer, SqliteStore, Trigger};
use connector_host::web::{PublicAddress, router};
use connector_host::work::{Host, HostConfig, Polls, Stop};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Kills the process when the work has come to a named point so often.
struct Executioner {
    point: String,
    left: AtomicU32,
}

#[derive(Default)]
struct Named(Option<String>);

impl Visit for Named {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "point" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber> Layer<S> for Executioner {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != "connector_host::point" {
            return;
        }
        let mut named = Named::default();
        event.record(&mut named);
        if named.0.as_deref() == Some(&self.point) && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            // Nothing is finished and nothing is flushed, as with SIGKILL.
            std::process::abort();
        }
    }
}

async fn order(State(host): State<Arc<Host>>, Path(connection): Path<i64>, Json(event): Json<OrderEvent>) -> StatusCode {
    match host.order_event(connection, event).await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn click(State(host): State<Arc<Host>>, Path((connection, entity)): Path<(i64, String)>) -> StatusCode {
    let entity = if entity == "product" { Entity::Product } else { Entity::Stock };
    match host.sync(connection, entity, Scope::Everything, Trigger::Click).await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let sentence: Sentence = serde_json::from_str(&std::env::args().nth(1).context("the sentence is missing")?)?;
    if let Some((point, times)) = sentence.die_at.clone() {
        tracing_subscriber::registry().with(Executioner { point, left: AtomicU32::new(times) }).init();
    }
    let key = sentence.folder.join("host.key");
    let cache = CodeCache::open(&sentence.folder.join("code"), std::fs::read_to_string(&key)?.trim())?;
    let store = SqliteStore::open_alone(&sentence.folder.join("host.sqlite"), Sealer::from_file(&key)?)?;
    let connector = Sandbox::with_cache(SandboxConfig::default(), cache)?.admit(connector_component::BYTES).await?;
    // What waits minutes to be sure of an order is not what is looked at here.
    let clock = Clock::leaping();
    let outbound = Outbound::new(OutboundConfig::default(), clock.clone())?;
    let config = HostConfig {
        retry_first: Duration::from_millis(20),
        refresh_most: Duration::from_millis(50),
        polls: Polls::never(),
        ..HostConfig::default()
    };
    let host = Host::new(Arc::new(store), outbound, vec![connector], clock, config);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", sentence.port)).await?;
    let control = Router::new()
        .route("/control/order/{connection}", post(order))
        .route("/control/click/{connection}/{entity}", post(click))
        .with_state(host.clone());
    let app = router(host.clone(), PublicAddress::new(&format!("http://127.0.0.1:{}", sentence.port))).merge(control);
    let edge = tokio::spawn(async move { axum::serve(listener, app).await });
    println!("ready");
    // Nobody ever tells it to stop.
    let (_told, wait) = tokio::sync::watch::channel(false);
    host.work(Stop::Told(wait)).await?;
    edge.await??;
    Ok(())
}
