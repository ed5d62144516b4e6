//! The list of a tenant's connections, and where a new one begins.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::at::At;
use super::connection::{state_chip, time_left};
use super::fault::Fault;
use super::layout::{Sheet, token};
use super::session::{Posted, Signed};
use super::{Desk, format, word};
use crate::store::{Connection, ConnectionId, ConnectionState, NewConnection};

pub(super) async fn home() -> Redirect {
    Redirect::to("/connections")
}

pub(super) async fn show(State(desk): State<Arc<Desk>>, signed: Signed) -> Result<Response, Fault> {
    let lang = signed.lang();
    let own = own(&desk, &signed.operator.tenant).await?;
    let sheet = Sheet::of(&signed, lang.say(word::TITLE));
    let body = html! {
        h1 { (lang.say(word::TITLE)) }
        @if own.is_empty() { p { (lang.say(word::NO_CONNECTIONS)) } }
        ul .cards {
            @for connection in &own { li .card { (card(&desk, &signed, connection)) } }
        }
        @for id in desk.host.connector_ids() {
            @if let Ok(connector) = desk.host.connector(id) {
                form method="post" action="/connections" {
                    (token(&sheet.csrf))
                    input type="hidden" name="connector" value=(id);
                    button .main type="submit" {
                        (lang.with(word::NEW_CONNECTION, &[("name", lang.told(&connector.descriptor().name))]))
                    }
                }
            }
        }
    };
    Ok(sheet.around(&body))
}

fn card(desk: &Desk, signed: &Signed, connection: &Connection) -> Markup {
    let lang = signed.lang();
    let name = desk.host.connector(&connection.connector).map(|it| lang.told(&it.descriptor().name).to_owned());
    let name = name.unwrap_or_else(|_| connection.connector.clone());
    let account = connection.account.as_ref();
    let expires = account.and_then(|account| account.expires);
    let paused = connection.pause.as_ref().filter(|_| connection.state == ConnectionState::Paused);
    html! {
        h2 { a href={ "/connections/" (connection.id) } { (name) } }
        p { (state_chip(lang, connection)) }
        @if let Some(account) = account {
            p {
                @if let Some(name) = &account.name { (name) " · " }
                (lang.with(word::BUSINESS_ID, &[("id", &account.id)]))
            }
        }
        @let app = desk.host.connector(&connection.connector).ok().and_then(|it| connection.settings.get(&it.descriptor().app_field));
        @if let Some(app) = app { p { "App ID " code { (app) } } }
        p .quiet { (lang.with(word::MADE_ON, &[("time", &format::time(connection.created))])) }
        @if connection.state == ConnectionState::Draft && account.is_none() {
            form method="post" action={ "/connections/" (connection.id) "/discard" } {
                (token(&signed.csrf()))
                button .plain type="submit" { (lang.say(word::DROP_DRAFT)) span .unseen { " " (connection.id) } }
            }
        }
        @if let Some(expires) = expires {
            p { (lang.say(word::VALID_UNTIL)) " " (format::time(expires)) " " (time_left(lang, expires - desk.host.clock().now())) }
        }
        @if let Some(reason) = paused { p .quiet { (lang.told(&reason.message)) } }
    }
}

async fn own(desk: &Desk, tenant: &str) -> Result<Vec<Connection>, Fault> {
    let mut all = desk.host.store().connections().await?;
    all.retain(|connection| connection.tenant == tenant);
    Ok(all)
}

/// A draft that nobody needs goes, with its addresses. A connection that had a grant stays.
pub(super) async fn discard(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    desk.own(&posted.signed, id).await?;
    match desk.host.store().discard_draft(id).await? {
        true => Ok(Redirect::to("/connections").into_response()),
        false => Err(Fault::Missing),
    }
}

/// Opening the form makes a draft, whose addresses are final. One that nobody has filled in yet is used again.
pub(super) async fn create(State(desk): State<Arc<Desk>>, posted: Posted) -> Result<Response, Fault> {
    let connector = posted.fields.get("connector").unwrap_or_default().to_owned();
    let tenant = posted.signed.operator.tenant.clone();
    let own = own(&desk, &tenant).await?;
    let empty = own.into_iter().find(|it| it.connector == connector && it.account.is_none() && it.settings.is_empty());
    let draft = match empty {
        Some(draft) => draft,
        None => desk.host.draft(NewConnection { tenant, connector, overrides: desk.config.overrides.clone() }).await?,
    };
    Ok(Redirect::to(&format!("/connections/{}/form", draft.id)).into_response())
}
