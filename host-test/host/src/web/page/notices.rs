//! What a connection has to say to people: each cause once, with the records that it names, what to do, and a button for "seen".

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::at::At;
use super::fault::Fault;
use super::lang::Lang;
use super::layout::{details, token};
use super::session::Posted;
use super::{Desk, advice, format, word};
use crate::contract::Descriptor;
use crate::names;
use crate::store::{ConnectionId, Notice};

/// Notices of one cause that are shown in full; the others are counted.
const SHOWN: usize = 3;
/// Causes on the page.
const CAUSES: usize = 20;

/// The notices, the newest cause first.
pub(super) async fn list(desk: &Desk, lang: Lang, id: ConnectionId, descriptor: &Descriptor, csrf: &str) -> Result<Markup, Fault> {
    let mut notices = desk.host.store().notices(id).await?;
    notices.reverse();
    let mut causes: Vec<Vec<&Notice>> = Vec::new();
    for notice in &notices {
        match causes.iter_mut().find(|cause| cause.first().is_some_and(|it| it.code == notice.code)) {
            Some(cause) => cause.push(notice),
            None => causes.push(vec![notice]),
        }
    }
    causes.truncate(CAUSES);
    Ok(html! {
        @if !causes.is_empty() {
            h2 #notices { (lang.say(word::NOTICES)) }
            ul .notices { @for cause in &causes { li { (one(lang, id, descriptor, csrf, cause)) } } }
        }
    })
}

fn one(lang: Lang, id: ConnectionId, descriptor: &Descriptor, csrf: &str, cause: &[&Notice]) -> Markup {
    let code = cause.first().map(|it| it.code.as_str()).unwrap_or_default();
    let others = cause.iter().skip(SHOWN).count() as u64 + cause.iter().map(|it| u64::from(it.times.saturating_sub(1))).sum::<u64>();
    let names_records = cause.iter().any(|it| it.about.contains('/'));
    html! {
        @for notice in cause.iter().take(SHOWN) {
            p {
                time datetime=(format::machine_time(notice.at)) { (format::time(notice.at)) } " "
                @if let Some(stream) = stream(lang, descriptor, notice) { strong { (stream) ": " } }
                (if lang == Lang::En { &notice.en } else { &notice.vi })
                @if notice.times > 1 && !names_records { " · " (lang.with(word::TIMES, &[("times", &notice.times.to_string())])) }
            }
        }
        @if names_records && others > 0 { p .quiet { (lang.with(word::AND_OTHERS, &[("count", &format::count(lang, others))])) } }
        @if let Some(advice) = advice::of(code) { p .fix { strong { (lang.say(word::FIX)) } " " (advice.fix(lang)) } }
        (details(lang, code))
        @if cause.iter().any(|it| it.id.is_some()) {
            form method="post" action={ "/connections/" (id) "/notices" } {
                (token(csrf))
                @for seen in cause.iter().filter_map(|it| it.id) { input type="hidden" name="notice" value=(seen); }
                button .plain type="submit" { (lang.say(word::SEEN)) span .unseen { ": " (code) } }
            }
        }
    }
}

/// The stream that a notice is about, as people call it.
fn stream<'d>(lang: Lang, descriptor: &'d Descriptor, notice: &Notice) -> Option<&'d str> {
    let entity = names::entity_from(&notice.about)?;
    descriptor.flows.iter().find(|flow| flow.entity == entity).map(|flow| lang.told(&flow.label))
}

/// A person has seen them.
pub(super) async fn seen(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    desk.own(&posted.signed, id).await?;
    for notice in posted.fields.all("notice").filter_map(|text| text.parse().ok()) {
        desk.host.store().seen(id, notice).await?;
    }
    Ok(Redirect::to(&format!("/connections/{id}")).into_response())
}
