//! What goes on, told to an open page as it happens: the table anew whenever it has changed. Ends with the session, and after some minutes;
//! the browser then comes back by itself.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Desk;
use super::at::At;
use super::fault::Fault;
use super::flows::Table;
use super::places::Place;
use super::session::Signed;
use crate::store::ConnectionId;
use crate::work::Progress;

/// Between two looks when nobody tells: a queue, a wait, a failure.
const LOOK: Duration = Duration::from_millis(1_000);
/// The shortest time between two tables.
const BREATH: Duration = Duration::from_millis(200);
/// Between two signs of life where nothing changes. A page waits ten seconds for one.
const STILL: Duration = Duration::from_secs(4);
/// Looks of one stream: some ten minutes.
const LOOKS: u32 = 600;

struct Watch {
    desk: Arc<Desk>,
    signed: Signed,
    id: ConnectionId,
    progress: Receiver<Progress>,
    shown: String,
    spoken: String,
    looks: u32,
    _place: Place,
}

pub(super) async fn stream(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    desk.own(&signed, id).await?;
    let Some(place) = desk.live.take(&signed.operator.tenant) else { return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()) };
    let progress = desk.host.progress();
    let watch = Watch { desk, signed, id, progress, shown: String::new(), spoken: String::new(), looks: 0, _place: place };
    let events = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok::<Event, Infallible>(event), watch))
    });
    // A page that hears nothing for a while asks by itself, so it hears that there is nothing to hear.
    let silent = KeepAlive::new().interval(STILL).event(Event::default().event("still").data(""));
    let mut response = Sse::new(events).keep_alive(silent).into_response();
    // A proxy that gathers an answer until it is whole would hold back what happens.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// The table as it stands, for a page that hears nothing.
pub(super) async fn now(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (connection, descriptor) = desk.described(&signed, id).await?;
    let table = Table::load(&desk, &connection, &descriptor).await?;
    Ok(Html(table.render(signed.lang(), &signed.csrf()).into_string()).into_response())
}

impl Watch {
    /// The next table that differs from the last, or what is worth saying aloud of it. None: the stream ends.
    async fn next(&mut self) -> Option<Event> {
        while self.looks < LOOKS {
            if self.looks > 0 {
                self.wait().await;
            }
            self.looks += 1;
            // A person who signed out, or lost the connection, hears no more of it.
            let still = self.desk.host.store().session(super::session::hash(self.signed.visit.session()?), self.desk.since()).await.ok()?;
            still.filter(|operator| *operator == self.signed.operator)?;
            let connection = self.desk.own(&self.signed, self.id).await.ok()?;
            let descriptor = self.desk.host.connector(&connection.connector).ok()?.descriptor().clone();
            let table = Table::load(&self.desk, &connection, &descriptor).await.ok()?;
            let spoken = table.spoken(self.signed.lang());
            let first = std::mem::replace(&mut self.spoken, spoken.clone()).is_empty();
            let shown = table.render(self.signed.lang(), &self.signed.csrf()).into_string().replace('\r', "");
            if shown != self.shown {
                let changed = std::mem::replace(&mut self.shown, shown.clone());
                let said = if first || changed.is_empty() { String::new() } else { spoken };
                let data = serde_json::json!({ "table": shown, "said": said });
                return Event::default().event("flows").json_data(data).ok();
            }
        }
        None
    }

    async fn wait(&mut self) {
        tokio::time::sleep(BREATH).await;
        let id = self.id;
        let heard = async {
            loop {
                match self.progress.recv().await {
                    Ok(progress) if progress.connection != id => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let _ = tokio::time::timeout(LOOK, heard).await;
    }
}
