//! Dry runs that people asked for: what each came to, until the real one is started or the host ends. Nothing of them is durable: they
//! changed nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::response::Response;

use super::Desk;
use super::fault::Fault;
use super::session::Posted;
use super::sync::{answer, entity_of};
use crate::contract::Direction;
use crate::contract::types::{Entity, Message};
use crate::names;
use crate::nobi::Tally;
use crate::store::ConnectionId;
use crate::work::{Rehearsed, message};

/// Dry runs under way at once: each holds its pages in memory.
const AT_ONCE: usize = 4;

/// Where a dry run stands.
#[derive(Clone, Debug)]
pub(super) enum Preview {
    Running { done: u32, total: Option<u32> },
    Done(Tally),
    Failed(Message),
}

/// The dry runs of all connections.
#[derive(Default)]
pub(super) struct Previews(Mutex<BTreeMap<(ConnectionId, &'static str), Preview>>);

impl Previews {
    pub(super) fn of(&self, connection: ConnectionId, entity: Entity) -> Option<Preview> {
        self.all().get(&(connection, names::entity(entity))).cloned()
    }

    pub(super) fn forget(&self, connection: ConnectionId, entity: Entity) {
        self.all().retain(|key, preview| *key != (connection, names::entity(entity)) || matches!(preview, Preview::Running { .. }));
    }

    fn put(&self, connection: ConnectionId, entity: Entity, preview: Preview) {
        self.all().insert((connection, names::entity(entity)), preview);
    }

    /// Takes the place of a dry run, unless it is taken or too many run.
    fn take(&self, connection: ConnectionId, entity: Entity) -> bool {
        let mut all = self.all();
        let running = |preview: &Preview| matches!(preview, Preview::Running { .. });
        let key = (connection, names::entity(entity));
        if all.get(&key).is_some_and(running) || all.values().filter(|it| running(it)).count() >= AT_ONCE {
            return false;
        }
        all.insert(key, Preview::Running { done: 0, total: None });
        true
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<(ConnectionId, &'static str), Preview>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn start(State(desk): State<Arc<Desk>>, Path(id): Path<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    let connection = desk.own(&posted.signed, id).await?;
    let entity = entity_of(&posted.fields)?;
    let descriptor = desk.host.connector(&connection.connector)?.descriptor().clone();
    let can = |flow: &crate::contract::Flow| flow.entity == entity && flow.direction == Direction::IntoNobi && flow.unsupported.is_none();
    if !descriptor.flows.iter().any(can) || connection.account.is_none() {
        return Err(Fault::Missing);
    }
    if desk.previews.take(id, entity) {
        let (host, previews) = (desk.host.clone(), desk.previews.clone());
        tokio::spawn(async move {
            let told = previews.clone();
            let ended = host.dry_run(id, entity, move |done, total| told.put(id, entity, Preview::Running { done, total })).await;
            let preview = match ended {
                Ok(Rehearsed::Done(tally)) => Preview::Done(tally),
                Ok(Rehearsed::Failed(failure)) => Preview::Failed(failure.message),
                Err(error) => {
                    tracing::error!(connection = id, %error, "a dry run broke off");
                    Preview::Failed(message("Có lỗi phía máy chủ; hãy thử lại.", "Something went wrong at the server; try again.", &[]))
                }
            };
            previews.put(id, entity, preview);
        });
    }
    answer(&desk, &posted.signed, &connection, "").await
}
