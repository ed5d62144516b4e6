//! Signing in and out, and the language. A wrong name and a wrong password look alike, and take the same time.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::csrf::secret;
use super::fault::Fault;
use super::lang::Word;
use super::layout::{Mood, Sheet, banner, token};
use super::session::{LANGUAGE, Open, Posted, SESSION, VISITOR, Visit, hash, local, set_cookie};
use super::{Desk, word};
use crate::web::LOGIN_COOKIE;

/// Seconds that a browser keeps the language.
const YEAR: u64 = 365 * 24 * 60 * 60;
/// Seconds that the form may stay open.
const FORM: u64 = 60 * 60;

#[derive(Deserialize)]
pub(super) struct Way {
    next: Option<String>,
}

pub(super) async fn show(State(desk): State<Arc<Desk>>, Query(way): Query<Way>, visit: Visit) -> Result<Response, Fault> {
    page(&desk, &visit, way.next.as_deref(), None).await
}

async fn page(desk: &Desk, visit: &Visit, next: Option<&str>, fault: Option<(StatusCode, Word)>) -> Result<Response, Fault> {
    let lang = visit.lang;
    let known = visit.secret(desk).await?;
    let mine = match &known {
        Some(known) => known.clone(),
        None => desk.visitors.cookie()?,
    };
    let sheet = Sheet::open(visit, &mine, lang.say(word::SIGN_IN));
    let body = html! {
        div .narrow {
            h1 { (lang.say(word::SIGN_IN_TO)) }
            @if let Some((_, text)) = fault { (banner(Mood::Bad, &html! { (lang.say(text)) })) }
            form .card method="post" action="/sign-in" {
                (token(&sheet.csrf))
                input type="hidden" name="next" value=(local(next));
                label for="name" { (lang.say(word::NAME)) }
                input #name name="name" type="text" autocomplete="username" required maxlength="100" autocapitalize="none" spellcheck="false";
                label for="password" { (lang.say(word::PASSWORD)) }
                input #password name="password" type="password" autocomplete="current-password" required maxlength="200";
                button .main type="submit" { (lang.say(word::SIGN_IN)) }
            }
        }
    };
    let mut response = sheet.around(&body);
    if let Some((status, _)) = fault {
        *response.status_mut() = status;
    }
    if known.is_none() {
        set_cookie(&mut response, desk, VISITOR, &mine, FORM);
    }
    Ok(response)
}

pub(super) async fn enter(State(desk): State<Arc<Desk>>, open: Open) -> Result<Response, Fault> {
    let (name, given) = (open.fields.get("name").unwrap_or_default().trim(), open.fields.get("password").unwrap_or_default());
    let next = open.fields.get("next");
    let now = desk.host.clock().now();
    if name.len() > 400 || given.len() > 800 {
        return page(&desk, &open.visit, next, Some((StatusCode::UNAUTHORIZED, word::WRONG))).await;
    }
    if let Err(wait) = desk.throttle.take(open.from, name, now) {
        let refused = page(&desk, &open.visit, next, Some((StatusCode::TOO_MANY_REQUESTS, word::TOO_OFTEN))).await?;
        return Ok(after(refused, wait.saturating_add(999).div_euclid(1000)));
    }
    let known = desk.host.store().operator(name).await?;
    let Ok(right) = desk.passwords.fits(given, known.as_ref().map(|(_, proof)| proof.clone())).await else {
        desk.throttle.give_back(open.from, name);
        let busy = page(&desk, &open.visit, next, Some((StatusCode::SERVICE_UNAVAILABLE, word::SIGN_IN_BUSY))).await?;
        return Ok(after(busy, 1));
    };
    let Some((operator, _)) = known.filter(|_| right) else {
        return page(&desk, &open.visit, next, Some((StatusCode::UNAUTHORIZED, word::WRONG))).await;
    };
    desk.throttle.forget(open.from, name);
    // A new secret: whatever somebody put into the browser before is worth nothing now.
    let session = secret()?;
    desk.host.store().open_session(hash(&session), operator.id, now, desk.since()).await?;
    let mut response = Redirect::to(&local(next)).into_response();
    set_cookie(&mut response, &desk, SESSION, &session, desk.config.session.as_secs());
    set_cookie(&mut response, &desk, VISITOR, "", 0);
    forget_login(&mut response, &desk);
    Ok(response)
}

/// A browser, or whatever it is, may ask again in so many seconds.
fn after(mut response: Response, seconds: i64) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

pub(super) async fn leave(State(desk): State<Arc<Desk>>, posted: Posted) -> Result<Response, Fault> {
    if let Some(session) = posted.signed.visit.session() {
        desk.host.store().close_session(hash(session)).await?;
    }
    let mut response = Redirect::to("/sign-in").into_response();
    set_cookie(&mut response, &desk, SESSION, "", 0);
    forget_login(&mut response, &desk);
    Ok(response)
}

/// A login at the other side that another person of this browser began is not this one's to end.
fn forget_login(response: &mut Response, desk: &Desk) {
    set_cookie(response, desk, LOGIN_COOKIE, "", 0);
}

pub(super) async fn language(State(desk): State<Arc<Desk>>, open: Open) -> Response {
    let code = super::lang::Lang::from_code(open.fields.get("language").unwrap_or_default()).code();
    let mut response = Redirect::to(&local(open.fields.get("next"))).into_response();
    set_cookie(&mut response, &desk, LANGUAGE, code, YEAR);
    response
}
