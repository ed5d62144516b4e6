//! One connection: how it stands, what it says, and its table of what is synced.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::at::{Asked, At};
use super::fault::Fault;
use super::lang::{Lang, Word};
use super::layout::{Mood, Sheet, banner, chip, details, token};
use super::session::{Posted, Signed};
use super::{Desk, csp, flows, format, login, notices, word};
use crate::clock::Instant;
use crate::contract::{Choice, Descriptor, Field, FieldKind};
use crate::names;
use crate::store::{Connection, ConnectionId, ConnectionState};

const DAY: i64 = 24 * 60 * 60 * 1_000;
/// Days before the end of a grant at which the banner shows.
const SOON: i64 = 30;

/// What was just done, by a word of ours: no text of anybody's comes in by an address.
#[derive(Default, Deserialize)]
pub(super) struct Said {
    pub(super) said: Option<String>,
    pub(super) of: Option<String>,
    pub(super) count: Option<u32>,
}

impl Said {
    pub(super) fn banner(&self, lang: Lang, descriptor: &Descriptor) -> Option<Markup> {
        let (mood, text) = self.text(lang, descriptor)?;
        Some(banner(mood, &html! { (text) }))
    }

    fn text(&self, lang: Lang, descriptor: &Descriptor) -> Option<(Mood, String)> {
        let entity = names::entity_from(self.of.as_deref().unwrap_or_default());
        let flow = descriptor.flows.iter().find(|flow| Some(flow.entity) == entity);
        let item = flow.map(|flow| lang.told(&flow.label)).unwrap_or_default();
        let count = self.count.unwrap_or_default().to_string();
        let (mood, word): (Mood, Word) = match self.said.as_deref()? {
            "saved" => (Mood::Good, word::SAVED),
            "connected" => (Mood::Good, word::CONNECTED),
            "not-mine" => (Mood::Quiet, word::NOT_MINE),
            "queued" => (Mood::Good, word::QUEUED_NOW),
            "off" => (Mood::Look, word::OFF_NOW),
            "under-way" => (Mood::Quiet, word::UNDER_WAY),
            "policy" => (Mood::Good, word::POLICY_SAVED),
            "choose" => (Mood::Look, word::CHOOSE_POLICY),
            "retried" => (Mood::Good, word::RETRIED),
            "overtaken" => (Mood::Look, word::OVERTAKEN),
            "discarded" => (Mood::Good, word::DISCARDED),
            "note" => (Mood::Look, word::NOTE_NEEDED),
            "decided" => (Mood::Good, word::DECIDED),
            "gone" => (Mood::Look, word::GONE_MEANWHILE),
            _ => return None,
        };
        Some((mood, lang.with(word, &[("item", item), ("count", &count)])))
    }
}

pub(super) fn state_chip(lang: Lang, connection: &Connection) -> Markup {
    let (mood, word) = match connection.state {
        ConnectionState::Draft => (Mood::Quiet, word::DRAFT),
        ConnectionState::Active => (Mood::Good, word::ACTIVE),
        ConnectionState::Paused => (Mood::Bad, word::PAUSED),
    };
    chip(mood, lang.say(word))
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    At(id): At<ConnectionId>,
    Asked(said): Asked<Said>,
    signed: Signed,
) -> Result<Response, Fault> {
    let (connection, descriptor) = desk.described(&signed, id).await?;
    let lang = signed.lang();
    let table = flows::Table::load(&desk, &connection, &descriptor).await?;
    let name = lang.told(&descriptor.name);
    let mut sheet = Sheet::of(&signed, name);
    sheet.busy = table.is_busy();
    sheet.live = Some(format!("/connections/{id}/live"));
    let body = html! {
        p .crumbs { a href="/connections" { (lang.say(word::ALL_CONNECTIONS)) } }
        h1 { (name) " " (state_chip(lang, &connection)) }
        @if let Some(banner) = said.banner(lang, &descriptor) { (banner) }
        (warnings(lang, &connection, desk.host.clock().now()))
        (older(lang, &connection, &descriptor, &sheet.csrf))
        (facts(&desk, lang, &connection, &descriptor).await?)
        nav .tabs aria-label=(lang.say(word::CONNECTION)) {
            a href={ "/connections/" (id) "/check" } { (lang.say(word::CHECKLIST)) }
            a href={ "/connections/" (id) "/form" } { (lang.say(word::FORM)) }
            a href={ "/connections/" (id) "/orders" } { (lang.say(word::ORDERS)) }
            a href={ "/connections/" (id) "/history" } { (lang.say(word::HISTORY)) }
            a href={ "/connections/" (id) "/troubles" } { (lang.say(word::TROUBLES)) }
            a href={ "/connections/" (id) "/pairing" } { (lang.say(word::PAIRING)) }
        }
        (login::form(lang, &connection, name, &sheet.csrf))
        h2 #sync-heading { (lang.say(word::SYNC)) }
        (table.render(lang, &sheet.csrf))
        (notices::list(&desk, lang, id, &descriptor, &sheet.csrf).await?)
    };
    let mut response = sheet.around(&body);
    csp::leading_to(&mut response, &login::origins(&descriptor, &connection));
    Ok(response)
}

/// The days that a grant has left, where they are few.
pub(super) fn time_left(lang: Lang, left: i64) -> Markup {
    match left {
        left if left <= 0 => chip(Mood::Bad, lang.say(word::ENDED_SHORT)),
        left if left <= SOON * DAY => chip(Mood::Look, &lang.with(word::ENDS_IN, &[("days", &days(left))])),
        _ => html! {},
    }
}

fn days(left: i64) -> String {
    ((left + DAY - 1) / DAY).to_string()
}

fn warnings(lang: Lang, connection: &Connection, now: Instant) -> Markup {
    let left = connection.account.as_ref().and_then(|account| account.expires).map(|expires| expires - now);
    let paused = connection.pause.as_ref().filter(|_| connection.state == ConnectionState::Paused);
    html! {
        @match left {
            Some(left) if left <= 0 => { (banner(Mood::Bad, &html! { (lang.say(word::ENDED)) })) }
            Some(left) if left <= SOON * DAY => {
                (banner(Mood::Look, &html! { (lang.with(word::ENDS_SOON, &[("days", &days(left))])) }))
            }
            _ => {}
        }
        @if let Some(reason) = paused {
            (banner(Mood::Bad, &html! { (lang.say(word::PAUSED_BECAUSE)) " " (lang.told(&reason.message)) (details(lang, &reason.code)) }))
        }
    }
}

/// The choices that every connection has to make once, such as the version of the other side's interface, as they stand.
pub(super) fn versions<'d>(connection: &Connection, descriptor: &'d Descriptor) -> Vec<(&'d Field, &'d Choice)> {
    let chosen = |field: &'d Field| {
        let FieldKind::Choice(choices) = &field.kind else { return None };
        let value = connection.settings.get(&field.key).or(field.default.as_ref())?;
        Some((field, choices.iter().find(|choice| &choice.value == value)?))
    };
    descriptor.form.iter().filter(|field| field.required && !field.operator_only).filter_map(chosen).collect()
}

/// What each of these choices is for a connection that is made today, where it stands otherwise here.
fn newer<'d>(field: &'d Field, choice: &Choice) -> Option<&'d Choice> {
    let FieldKind::Choice(choices) = &field.kind else { return None };
    let today = field.default.as_ref().filter(|today| **today != choice.value)?;
    choices.iter().find(|choice| &choice.value == today)
}

/// A connection that stands on an older choice is told so, with the way to the one of today: one login.
fn older(lang: Lang, connection: &Connection, descriptor: &Descriptor, csrf: &str) -> Markup {
    let moves = versions(connection, descriptor).into_iter().filter_map(|(field, now)| Some((now, newer(field, now)?)));
    let moves: Vec<(&Choice, &Choice)> = moves.collect();
    html! {
        @for (now, then) in moves {
            @let (from, to) = (lang.told(&now.label), lang.told(&then.label));
            (banner(Mood::Look, &html! {
                p { (lang.with(word::OLDER_CHOICE, &[("from", from), ("to", to)])) }
                @if connection.account.is_some() {
                    form method="post" action={ "/connections/" (connection.id) "/move" } {
                        (token(csrf))
                        button #move type="submit" { (lang.with(word::MOVE_TO, &[("to", to)])) }
                    }
                }
            }))
        }
    }
}

/// Sends the person to the login that brings the choices of today into force.
pub(super) async fn go_newer(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    let (connection, descriptor) = desk.described(&posted.signed, id).await?;
    let newer = versions(&connection, &descriptor)
        .into_iter()
        .filter_map(|(field, now)| Some((field.key.clone(), newer(field, now)?.value.clone())));
    login::moving(&desk, &posted.signed, &connection, newer.collect()).await
}

async fn facts(desk: &Desk, lang: Lang, connection: &Connection, descriptor: &Descriptor) -> Result<Markup, Fault> {
    let store = desk.host.store();
    let (who, last) = (store.who_connected(connection.id).await?, store.last_delivery(connection.id).await?);
    let never = lang.say(word::NEVER);
    let account = connection.account.as_ref();
    let expires = account.and_then(|account| account.expires);
    Ok(html! {
        dl .facts {
            @for (field, choice) in versions(connection, descriptor) {
                div { dt { (lang.told(&field.label)) } dd { (lang.told(&choice.label)) } }
            }
            div {
                dt { (lang.say(word::BUSINESS)) }
                dd {
                    @match account {
                        Some(account) => {
                            @if let Some(name) = &account.name { (name) " · " }
                            (lang.with(word::BUSINESS_ID, &[("id", &account.id)]))
                        }
                        None => { (never) }
                    }
                }
            }
            div {
                dt { (lang.say(word::CONNECTED_BY)) }
                dd {
                    @match &who {
                        Some((name, at)) => { (name) ", " (lang.with(word::AT, &[("time", &format::time(*at))])) }
                        None => { (never) }
                    }
                }
            }
            div { dt { (lang.say(word::VALID_UNTIL)) } dd { (expires.map_or_else(|| never.to_owned(), format::time)) } }
            div { dt { (lang.say(word::LAST_EVENT)) } dd { (last.map_or_else(|| never.to_owned(), format::time)) } }
        }
    })
}
