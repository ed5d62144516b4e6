//! The history of a connection: a row a run, newest first, and what people set aside.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::at::At;
use super::fault::Fault;
use super::lang::Lang;
use super::layout::{Mood, Sheet, chip, details};
use super::session::Signed;
use super::{Desk, flows, format, word};
use crate::contract::{Descriptor, Scope};
use crate::store::{ConnectionId, Note, Run, RunState, Trigger};

/// Rows on the page.
const MOST: u32 = 200;

pub(super) async fn show(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (_, descriptor) = desk.described(&signed, id).await?;
    let lang = signed.lang();
    let (runs, notes) = (desk.host.store().runs(id, MOST).await?, desk.host.store().notes(id).await?);
    let mut sheet = Sheet::of(&signed, lang.say(word::HISTORY));
    sheet.busy = runs.iter().any(|run| matches!(run.state, RunState::Waiting | RunState::Running));
    let body = html! {
        p .crumbs { a href={ "/connections/" (id) } { (lang.say(word::BACK)) } }
        h1 #history-heading { (lang.say(word::HISTORY)) }
        @if runs.is_empty() { p { (lang.say(word::NO_RUNS)) } } @else { (watched(id, sheet.busy, &table(lang, &descriptor, &runs))) }
        @if !notes.is_empty() { h2 { (lang.say(word::SET_ASIDE)) } (set_aside(lang, &notes)) }
    };
    Ok(sheet.around(&body))
}

/// While a run is under way the table comes again by itself: with a script this part alone, without one the whole page.
fn watched(id: ConnectionId, busy: bool, table: &Markup) -> Markup {
    let again = busy.then(|| format!("/connections/{id}/history"));
    html! {
        div #runs hx-get=[again] hx-trigger=[busy.then_some("every 2s")] hx-select="#runs" hx-swap="outerHTML" { (table) }
    }
}

fn table(lang: Lang, descriptor: &Descriptor, runs: &[Run]) -> Markup {
    let label = |word| lang.say(word);
    html! {
        table .runs role="table" aria-labelledby="history-heading" {
            thead role="rowgroup" {
                tr role="row" {
                    @for head in [word::ITEM, word::STATE, word::TRIGGER, word::STARTED, word::ENDED_AT, word::RESULT] {
                        th scope="col" role="columnheader" { (lang.say(head)) }
                    }
                }
            }
            tbody role="rowgroup" {
                @for run in runs {
                    @let flow = descriptor.flows.iter().find(|flow| flow.entity == run.entity);
                    tr role="row" {
                        th scope="row" role="rowheader" {
                            (flow.map(|flow| lang.told(&flow.label)).unwrap_or_default())
                            @if let Scope::Only(ids) = &run.scope {
                                " " small { (lang.with(word::SCOPE_ONLY, &[("count", &ids.len().to_string())])) }
                            }
                        }
                        td role="cell" data-label=(label(word::STATE)) { (state(lang, run.state)) }
                        td role="cell" data-label=(label(word::TRIGGER)) { (trigger(lang, run)) }
                        td role="cell" data-label=(label(word::STARTED)) { time datetime=(format::machine_time(run.started)) { (format::time(run.started)) } }
                        td role="cell" data-label=(label(word::ENDED_AT)) { (run.ended.map_or_else(|| "–".to_owned(), format::time)) }
                        td role="cell" data-label=(label(word::RESULT)) {
                            (flows::tally(lang, run.entity, &run.tally))
                            @if let Some(failure) = &run.failure { p .quiet { (lang.told(&failure.message)) } (details(lang, &failure.code)) }
                        }
                    }
                }
            }
        }
    }
}

fn state(lang: Lang, state: RunState) -> Markup {
    match state {
        RunState::Waiting => chip(Mood::Busy, lang.say(word::STREAM_QUEUED)),
        RunState::Running => chip(Mood::Busy, lang.say(word::STREAM_RUNNING)),
        RunState::Done => chip(Mood::Good, lang.say(word::STREAM_DONE)),
        RunState::Failed => chip(Mood::Bad, lang.say(word::STREAM_FAILED)),
    }
}

fn trigger(lang: Lang, run: &Run) -> String {
    match (run.trigger, &run.operator) {
        (Trigger::Click, Some(name)) => lang.with(word::BY_PERSON, &[("name", name)]),
        (Trigger::Click, None) => lang.say(word::BY_CLICK).to_owned(),
        (Trigger::Timer, _) => lang.say(word::BY_TIMER).to_owned(),
        (Trigger::Live, _) => lang.say(word::BY_LIVE).to_owned(),
    }
}

fn set_aside(lang: Lang, notes: &[Note]) -> Markup {
    html! {
        ul .notices {
            @for note in notes {
                li {
                    (format::time(note.at)) " · " (note.operator) " · "
                    (lang.with(word::SCOPE_ONLY, &[("count", &note.records.to_string())])) ": " (note.text)
                    (details(lang, &note.code))
                }
            }
        }
    }
}
