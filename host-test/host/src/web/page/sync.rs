//! The buttons of the table: sync now, and the policy. A second click queues nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::Desk;
use super::at::At;
use super::fault::Fault;
use super::fields::Fields;
use super::flows::{Table, must_choose};
use super::session::{Posted, Signed};
use crate::contract::types::Entity;
use crate::contract::{Policy, Scope};
use crate::names;
use crate::store::{Connection, ConnectionId, Trigger};
use crate::work::SyncError;

pub(super) fn entity_of(fields: &Fields) -> Result<Entity, Fault> {
    fields.get("entity").and_then(names::entity_from).ok_or(Fault::Missing)
}

/// The table anew for a page that asked for it, else the way back to the page.
pub(super) async fn answer(desk: &Desk, signed: &Signed, connection: &Connection, said: &str) -> Result<Response, Fault> {
    if !signed.visit.partial {
        return Ok(Redirect::to(&format!("/connections/{}?{said}", connection.id)).into_response());
    }
    let descriptor = desk.host.connector(&connection.connector)?.descriptor().clone();
    let table = Table::load(desk, connection, &descriptor).await?;
    Ok(Html(table.render(signed.lang(), &signed.csrf()).into_string()).into_response())
}

pub(super) async fn start(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    let connection = desk.own(&posted.signed, id).await?;
    let entity = entity_of(&posted.fields)?;
    let name = names::entity(entity);
    if must_choose(entity) && !is_chosen(&desk, id, entity).await? {
        return answer(&desk, &posted.signed, &connection, &format!("said=choose&of={name}")).await;
    }
    // The other side has no "all of them" of order statuses.
    let scope = if entity == Entity::OrderStatus { desk.host.missing(id, entity).await? } else { Scope::Everything };
    let said = match desk.host.sync(id, entity, scope, Trigger::Click).await {
        Ok(Some(run)) => {
            desk.host.store().pressed(run, &posted.signed.operator.name).await?;
            desk.previews.forget(id, entity);
            "queued"
        }
        Ok(None) => "under-way",
        Err(SyncError::Off) => "off",
        Err(SyncError::Unsupported(_) | SyncError::NoGrant) => return Err(Fault::Missing),
        Err(SyncError::Store(error)) => return Err(error.into()),
    };
    answer(&desk, &posted.signed, &connection, &format!("said={said}&of={name}")).await
}

async fn is_chosen(desk: &Desk, id: ConnectionId, entity: Entity) -> Result<bool, Fault> {
    let streams = desk.host.store().streams(id).await?;
    Ok(streams.iter().any(|stream| stream.entity == entity && stream.policy.is_some()))
}

pub(super) async fn policy(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    let connection = desk.own(&posted.signed, id).await?;
    let entity = entity_of(&posted.fields)?;
    let name = names::entity(entity);
    let offered = offered(&desk, &connection, entity)?;
    let chosen = posted.fields.get("policy").and_then(names::policy_from).filter(|policy| offered.contains(policy));
    let Some(chosen) = chosen else {
        return answer(&desk, &posted.signed, &connection, &format!("said=choose&of={name}")).await;
    };
    desk.host.set_policy(id, entity, chosen).await?;
    answer(&desk, &posted.signed, &connection, &format!("said=policy&of={name}")).await
}

fn offered(desk: &Desk, connection: &Connection, entity: Entity) -> Result<Vec<Policy>, Fault> {
    let descriptor = desk.host.connector(&connection.connector)?.descriptor().clone();
    let flow = descriptor.flows.iter().find(|flow| flow.entity == entity && flow.unsupported.is_none());
    Ok(flow.ok_or(Fault::Missing)?.policies.clone())
}
