//! The way to the other side's login and back. The state of a login lives in a cookie and in the store, never in an address; a code is used
//! once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::at::At;
use super::fault::Fault;
use super::lang::{Lang, half};
use super::layout::{Mood, Sheet, banner, token};
use super::session::{Posted, Signed};
use super::{Desk, csp, word};
use crate::contract::Descriptor;
use crate::store::{Connection, ConnectionId, StoreError};
use crate::web::{BUSINESS, LOGIN_COOKIE, LOGIN_SECONDS, cookies};
use crate::work::{Form, FormError, Landing, LoginError, LoginStart};

/// The button that leads to the other side's login.
pub(super) fn form(lang: Lang, connection: &Connection, name: &str, csrf: &str) -> Markup {
    let word = if connection.account.is_some() { word::LOG_IN_AGAIN } else { word::LOG_IN };
    html! {
        @if !connection.settings.is_empty() {
            form method="post" action={ "/connections/" (connection.id) "/login" } {
                (token(csrf))
                button #log-in type="submit" class=[connection.account.is_none().then_some("main")] { (lang.with(word, &[("name", name)])) }
            }
        }
    }
}

/// Where forms of this connection may lead: the connector's servers, or what the operator put in their place.
pub(super) fn origins(descriptor: &Descriptor, connection: &Connection) -> Vec<String> {
    let replaced = |endpoint: &crate::contract::Endpoint| connection.overrides.origins.get(&endpoint.name).cloned();
    descriptor.endpoints.iter().map(|endpoint| replaced(endpoint).unwrap_or_else(|| endpoint.origin.clone())).collect()
}

pub(super) async fn begin(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    desk.own(&posted.signed, id).await?;
    start(&desk, &posted.signed, id).await
}

/// Sends the person to the login of an own connection.
async fn start(desk: &Desk, signed: &Signed, id: ConnectionId) -> Result<Response, Fault> {
    match desk.host.begin_login(id, &desk.address.redirect_url()).await {
        Ok(start) => Ok(sent(desk, id, &start)),
        Err(error) => failed(desk, signed, Some(id), &error).await,
    }
}

/// The same with a form that was just filled in. Before the first grant it is kept at once; later it comes into force with the new grant, so
/// that nothing stops when the person turns back half-way. The inner error is one of the form's fields.
pub(super) async fn start_with(
    desk: &Desk,
    signed: &Signed,
    connection: &Connection,
    form: Form,
) -> Result<Result<Response, FormError>, Fault> {
    if connection.account.is_none() {
        return match desk.host.fill_in(connection.id, form).await {
            Ok(_) => start(desk, signed, connection.id).await.map(Ok),
            Err(error) => Ok(Err(error)),
        };
    }
    match desk.host.begin_login_with(connection.id, &desk.address.redirect_url(), form).await {
        Ok(start) => Ok(Ok(sent(desk, connection.id, &start))),
        Err(LoginError::Form(error)) => Ok(Err(error)),
        Err(error) => failed(desk, signed, Some(connection.id), &error).await.map(Ok),
    }
}

/// A login that moves a connection to other values of its form.
pub(super) async fn moving(desk: &Desk, signed: &Signed, connection: &Connection, form: Form) -> Result<Response, Fault> {
    match start_with(desk, signed, connection, form).await? {
        Ok(response) => Ok(response),
        Err(error) => failed(desk, signed, Some(connection.id), &error.into()).await,
    }
}

/// The cookie names the connection as well, so that a login that fails can be begun again from where it ends. What counts is the state.
fn sent(desk: &Desk, id: ConnectionId, start: &LoginStart) -> Response {
    let mut response = Redirect::to(&start.url).into_response();
    cookies::set(&mut response, &desk.address, LOGIN_COOKIE, &format!("{}.{id}", start.state), LOGIN_SECONDS);
    response
}

/// The login that this browser is in the midst of: its state, and its connection, which is the person's own.
async fn held(desk: &Desk, signed: &Signed, headers: &HeaderMap) -> Result<(String, Option<ConnectionId>), Fault> {
    let held = cookies::read(headers, &desk.address, LOGIN_COOKIE).unwrap_or_default();
    let (state, id) = held.split_once('.').unwrap_or((&held, ""));
    let id: Option<ConnectionId> = id.parse().ok();
    if let Some(id) = id {
        desk.own(signed, id).await?;
    }
    Ok((state.to_owned(), id))
}

/// Back from the login.
pub(super) async fn land(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap, signed: Signed) -> Result<Response, Fault> {
    let landed = desk.address.join(uri.path_and_query().map_or("/landing", |path| path.as_str()));
    let (state, id) = held(&desk, &signed, &headers).await?;
    match desk.host.land(&state, &landed).await {
        Ok(Landing::Granted(connection)) => connected(&desk, &signed, connection.id).await,
        Ok(Landing::Asks { .. }) => Ok(Redirect::to(BUSINESS).into_response()),
        Err(error) => failed(&desk, &signed, id, &error).await,
    }
}

async fn connected(desk: &Desk, signed: &Signed, id: ConnectionId) -> Result<Response, Fault> {
    desk.own(signed, id).await?;
    desk.host.store().connected_by(id, &signed.operator.name, desk.host.clock().now()).await?;
    Ok(Redirect::to(&format!("/connections/{id}/check?said=connected")).into_response())
}

/// Shows the business that a first login led to, and asks: whoever sent the browser here may have used a code of his own.
pub(super) async fn business(State(desk): State<Arc<Desk>>, headers: HeaderMap, signed: Signed) -> Result<Response, Fault> {
    let (state, id) = held(&desk, &signed, &headers).await?;
    let (connection, account) = match desk.host.landed(&state).await {
        Ok((connection, account)) => (desk.own(&signed, connection).await?, account),
        Err(error) => return failed(&desk, &signed, id, &error).await,
    };
    let lang = signed.lang();
    let name = lang.told(&desk.host.connector(&connection.connector)?.descriptor().name).to_owned();
    let sheet = Sheet::of(&signed, lang.say(word::YOUR_BUSINESS));
    let body = html! {
        h1 { (lang.say(word::YOUR_BUSINESS)) }
        div .card {
            p { (lang.with(word::BUSINESS_ASKED, &[("name", &name)])) }
            dl .facts {
                div { dt { (lang.say(word::BUSINESS)) } dd { strong { (account.name.as_deref().unwrap_or("–")) } } }
                div { dt { (lang.say(word::CODE)) } dd { strong { (account.id) } } }
                div {
                    dt { (lang.say(word::DEPOTS)) }
                    dd {
                        @if account.branches.is_empty() { (lang.say(word::EVERY_DEPOT)) } @else { (account.branches.join(", ")) }
                    }
                }
            }
            form .actions method="post" action=(BUSINESS) {
                (token(&sheet.csrf))
                button #business-yes .main type="submit" name="answer" value="yes" { (lang.say(word::IT_IS_MINE)) }
                button #business-no type="submit" name="answer" value="no" { (lang.say(word::IT_IS_NOT_MINE)) }
            }
        }
    };
    Ok(sheet.around(&body))
}

/// What the person said.
pub(super) async fn decide(State(desk): State<Arc<Desk>>, headers: HeaderMap, posted: Posted) -> Result<Response, Fault> {
    let (signed, fields) = (&posted.signed, &posted.fields);
    let (state, id) = held(&desk, signed, &headers).await?;
    if let Ok((connection, _)) = desk.host.landed(&state).await {
        desk.own(signed, connection).await?;
    }
    let ended = match fields.get("answer") {
        Some("yes") => desk.host.confirm_landing(&state).await.map(|connection| (connection.id, true)),
        Some("no") => desk.host.refuse_landing(&state).await.map(|connection| (connection, false)),
        _ => return Err(Fault::Missing),
    };
    match ended {
        Ok((connection, true)) => connected(&desk, signed, connection).await,
        Ok((connection, false)) => Ok(Redirect::to(&format!("/connections/{connection}?said=not-mine")).into_response()),
        Err(error) => failed(&desk, signed, id, &error).await,
    }
}

async fn failed(desk: &Desk, signed: &Signed, id: Option<ConnectionId>, error: &LoginError) -> Result<Response, Fault> {
    let lang = signed.lang();
    tracing::info!(%error, "a login did not lead to a grant");
    let status = match error {
        LoginError::Connected { .. } | LoginError::Store(StoreError::Refused(_)) => StatusCode::CONFLICT,
        LoginError::Form(FormError::Fields(_) | FormError::NeedsLogin(_) | FormError::Failed(_)) => StatusCode::BAD_REQUEST,
        LoginError::Store(error) if error.is_transient() => return Err(Fault::Resting),
        LoginError::Store(_) | LoginError::Call(_) | LoginError::Form(_) => return Err(Fault::Broken),
        LoginError::Failed(_) => StatusCode::BAD_GATEWAY,
        LoginError::Unknown | LoginError::NoCode(_) => StatusCode::BAD_REQUEST,
    };
    let mut sheet = Sheet::of(signed, lang.say(word::LOGIN_FAILED));
    sheet.path = "/connections";
    let connection = match id {
        Some(id) => Some(desk.own(signed, id).await?),
        None => None,
    };
    let body = html! {
        h1 { (lang.say(word::LOGIN_FAILED)) }
        (banner(Mood::Bad, &html! { (text(lang, error)) }))
        @if let LoginError::Connected { first, renewed, .. } = error {
            p { (lang.say(if *renewed { word::ALREADY_RENEWED } else { word::ALREADY_LOG_IN })) }
            p { a #open-first .button .main href={ "/connections/" (first) } { (lang.say(word::OPEN_FIRST)) } }
        } @else if let Some(connection) = &connection {
            @let connector = desk.host.connector(&connection.connector)?;
            (form(lang, connection, lang.told(&connector.descriptor().name), &sheet.csrf))
            p { a href={ "/connections/" (connection.id) "/form" } { (lang.say(word::EDIT_FORM)) } }
        } @else {
            p { a href="/connections" { (lang.say(word::GO_HOME)) } }
        }
    };
    let mut response = sheet.around(&body);
    *response.status_mut() = status;
    if let Some(connection) = &connection {
        csp::leading_to(&mut response, &origins(desk.host.connector(&connection.connector)?.descriptor(), connection));
    }
    Ok(response)
}

fn text(lang: Lang, error: &LoginError) -> String {
    match error {
        LoginError::Failed(failure) => lang.told(&failure.message).to_owned(),
        LoginError::Connected { account, .. } => lang.with(word::ALREADY, &[("account", account)]),
        LoginError::Form(FormError::Failed(failure)) => lang.told(&failure.message).to_owned(),
        LoginError::Form(FormError::Fields(faults) | FormError::NeedsLogin(faults)) => {
            faults.iter().map(|fault| lang.told(&fault.message)).collect::<Vec<_>>().join(" ")
        }
        LoginError::Store(StoreError::Refused(both)) => half(lang, both).to_owned(),
        other => half(lang, &other.to_string()).to_owned(),
    }
}
