//! A person's own account: another password, and the way out everywhere. Accounts are made, reset and removed on the command line, by whoever has
//! the data folder.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::csrf::secret;
use super::fault::Fault;
use super::lang::Word;
use super::layout::{Mood, Sheet, banner, token};
use super::password::PasswordError;
use super::session::{Posted, SESSION, Signed, hash, set_cookie};
use super::{Desk, word};

#[derive(Deserialize)]
pub(super) struct Said {
    said: Option<String>,
}

pub(super) async fn show(Query(said): Query<Said>, signed: Signed) -> Response {
    let told = (said.said.as_deref() == Some("changed")).then_some((Mood::Good, word::PASSWORD_CHANGED));
    page(&signed, told)
}

fn page(signed: &Signed, told: Option<(Mood, Word)>) -> Response {
    let lang = signed.lang();
    let sheet = Sheet::of(signed, lang.say(word::ACCOUNT));
    let field = |name: &'static str, label, complete: &'static str, shortest: Option<&'static str>| {
        html! {
            label for=(name) { (lang.say(label)) }
            input id=(name) name=(name) type="password" autocomplete=(complete) required minlength=[shortest] maxlength="200";
        }
    };
    let body = html! {
        div .narrow {
            p .crumbs { a href="/connections" { (lang.say(word::ALL_CONNECTIONS)) } }
            h1 { (lang.say(word::ACCOUNT)) ": " (signed.operator.name) }
            @if let Some((mood, text)) = told { (banner(mood, &html! { (lang.say(text)) })) }
            form .card method="post" action="/account/password" {
                (token(&sheet.csrf))
                h2 { (lang.say(word::CHANGE_PASSWORD)) }
                (field("password", word::PASSWORD_NOW, "current-password", None))
                (field("new", word::PASSWORD_NEW, "new-password", Some("12")))
                (field("again", word::PASSWORD_AGAIN, "new-password", Some("12")))
                p .help { (lang.say(word::PASSWORD_RULE)) }
                button .main type="submit" { (lang.say(word::CHANGE_PASSWORD)) }
            }
            form .card method="post" action="/account/sign-out" {
                (token(&sheet.csrf))
                h2 { (lang.say(word::SIGN_OUT_EVERYWHERE)) }
                p .help { (lang.say(word::SIGN_OUT_EVERYWHERE_HELP)) }
                button type="submit" { (lang.say(word::SIGN_OUT_EVERYWHERE)) }
            }
        }
    };
    sheet.around(&body)
}

fn refused(signed: &Signed, status: StatusCode, text: Word) -> Response {
    let mut response = page(signed, Some((Mood::Bad, text)));
    *response.status_mut() = status;
    response
}

/// Another password, for who knows the one of now: a session that somebody found open is not enough. Every other session ends.
pub(super) async fn change(State(desk): State<Arc<Desk>>, posted: Posted) -> Result<Response, Fault> {
    let (signed, fields, from) = (&posted.signed, &posted.fields, posted.from);
    let given = |name| fields.get(name).unwrap_or_default();
    let (now_is, new) = (given("password"), given("new"));
    if new != given("again") {
        return Ok(refused(signed, StatusCode::BAD_REQUEST, word::PASSWORDS_DIFFER));
    }
    let (name, now) = (&signed.operator.name, desk.host.clock().now());
    if desk.throttle.take(from, name, now).is_err() {
        return Ok(refused(signed, StatusCode::TOO_MANY_REQUESTS, word::TOO_OFTEN));
    }
    let proof = desk.host.store().operator(name).await?.map(|(_, proof)| proof);
    let Ok(right) = desk.passwords.fits(now_is, proof).await else {
        desk.throttle.give_back(from, name);
        return Ok(refused(signed, StatusCode::SERVICE_UNAVAILABLE, word::SIGN_IN_BUSY));
    };
    if !right {
        return Ok(refused(signed, StatusCode::FORBIDDEN, word::PASSWORD_WRONG));
    }
    desk.throttle.forget(from, name);
    let proof = match desk.passwords.proof(new).await {
        Ok(proof) => proof,
        Err(PasswordError::Length) => return Ok(refused(signed, StatusCode::BAD_REQUEST, word::PASSWORD_RULE)),
        Err(PasswordError::Store(error)) => return Err(error.into()),
        Err(PasswordError::Busy) => return Ok(refused(signed, StatusCode::SERVICE_UNAVAILABLE, word::SIGN_IN_BUSY)),
        Err(PasswordError::Hash(_)) => return Err(Fault::Broken),
    };
    let store = desk.host.store();
    store.set_password(name, &proof).await?;
    let session = secret()?;
    store.open_session(hash(&session), signed.operator.id, now, desk.since()).await?;
    let mut response = Redirect::to("/account?said=changed").into_response();
    set_cookie(&mut response, &desk, SESSION, &session, desk.config.session.as_secs());
    Ok(response)
}

/// Ends every session of this person, this one with them.
pub(super) async fn leave(State(desk): State<Arc<Desk>>, posted: Posted) -> Result<Response, Fault> {
    desk.host.store().close_sessions(&posted.signed.operator.name).await?;
    let mut response = Redirect::to("/sign-in").into_response();
    set_cookie(&mut response, &desk, SESSION, "", 0);
    Ok(response)
}
