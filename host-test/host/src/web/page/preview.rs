//! The button of a dry run. It writes nothing; what the run came to is kept in [`super::previews`].

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::Desk;
use super::at::At;
use super::fault::Fault;
use super::previews::Preview;
use super::session::Posted;
use super::sync::{answer, entity_of};
use crate::contract::Direction;
use crate::store::ConnectionId;
use crate::work::{Rehearsed, message};

pub(super) async fn start(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    let connection = desk.own(&posted.signed, id).await?;
    let entity = entity_of(&posted.fields)?;
    let descriptor = desk.host.connector(&connection.connector)?.descriptor().clone();
    let can = |flow: &crate::contract::Flow| flow.entity == entity && flow.direction == Direction::IntoNobi && flow.unsupported.is_none();
    if !descriptor.flows.iter().any(can) || connection.account.is_none() {
        return Err(Fault::Missing);
    }
    if let Some(place) = desk.previews.begin(&connection, entity) {
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
            drop(place);
        });
    }
    answer(&desk, &posted.signed, &connection, "").await
}
