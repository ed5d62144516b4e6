//! Where a connection's orders stand: at Nobi, and beside it what the other side says, with carrier and tracking code. Changes nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::at::At;
use super::fault::Fault;
use super::lang::{Lang, Word};
use super::layout::Sheet;
use super::session::Signed;
use super::{Desk, advice, word};
use crate::contract::Descriptor;
use crate::names;
use crate::nobi::stage;
use crate::store::{ConnectionId, Outgoing, Standing};

/// Rows on the page.
const MOST: u32 = 200;

pub(super) async fn show(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (_, descriptor) = desk.described(&signed, id).await?;
    let lang = signed.lang();
    let standings = desk.host.store().standings(id, None, MOST).await?;
    let body = html! {
        p .crumbs { a href={ "/connections/" (id) } { (lang.say(word::BACK)) } }
        h1 #orders-heading { (lang.say(word::ORDERS)) }
        p .quiet { (lang.say(word::GUIDE_STATUS)) }
        @if standings.is_empty() { p { (lang.say(word::NO_ORDERS)) } } @else { (table(lang, id, &descriptor, &standings)) }
    };
    Ok(Sheet::of(&signed, lang.say(word::ORDERS)).around(&body))
}

fn table(lang: Lang, id: ConnectionId, descriptor: &Descriptor, standings: &[Standing]) -> Markup {
    let label = |word| lang.say(word);
    html! {
        table .runs role="table" aria-labelledby="orders-heading" {
            thead role="rowgroup" {
                tr role="row" {
                    @for head in [word::ORDER_CODE, word::HERE, word::THERE, word::TRACKING] {
                        th scope="col" role="columnheader" { (lang.say(head)) }
                    }
                }
            }
            tbody role="rowgroup" {
                @for standing in standings {
                    tr role="row" {
                        th scope="row" role="rowheader" { (standing.code) }
                        td role="cell" data-label=(label(word::HERE)) { (here(lang, &standing.stage)) }
                        td role="cell" data-label=(label(word::THERE)) { (there(lang, id, descriptor, standing)) }
                        td role="cell" data-label=(label(word::TRACKING)) { (parcel(standing)) }
                    }
                }
            }
        }
    }
}

/// Nobi's own word is Vietnamese; in English it is the contract's name, written as people write.
fn here(lang: Lang, stage: &str) -> String {
    match names::order_stage_from(stage).filter(|_| lang != Lang::En) {
        Some(known) => stage::label(known).to_owned(),
        None => sentence_case(stage),
    }
}

/// `partly-returned` as people write it.
fn sentence_case(name: &str) -> String {
    let words = name.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn there(lang: Lang, id: ConnectionId, descriptor: &Descriptor, standing: &Standing) -> Markup {
    let term = |code: &str| descriptor.glossary.iter().find(|term| term.table == "order-status" && term.code == code);
    html! {
        @match (&standing.there, &standing.remote) {
            (Some(there), _) => {
                (term(&there.code).map_or(there.code.as_str(), |term| lang.told(&term.label)))
                @if let Some(reason) = &there.reason { p .quiet { (reason) } }
            }
            (None, Some(_)) => { (lang.say(word::SENT)) }
            (None, None) if standing.may_have_arrived => { (lang.say(word::MAY_BE_THERE)) }
            (None, None) => {
                @match standing.outgoing {
                    Outgoing::Waiting => { (lang.say(word::NOT_SENT)) }
                    Outgoing::Failed => {
                        (because(lang, standing, word::NOT_SENT_FOR, word::STREAM_FAILED)) " "
                        a href={ "/connections/" (id) "/troubles" } { (lang.say(word::SEE_WHY)) span .unseen { ": " (standing.code) } }
                    }
                    Outgoing::Ended => { (because(lang, standing, word::NOT_TO_SEND_FOR, word::NOT_TO_SEND)) }
                }
            }
        }
        @if let Some(remote) = &standing.remote { " " small { code { (remote) } } }
    }
}

/// Why it is not there, in the words that were kept, else in those of its code.
fn because(lang: Lang, standing: &Standing, with: Word, without: Word) -> String {
    let told = standing.why.as_ref().and_then(|why| {
        let message = why.message.as_ref().map(|message| lang.told(message));
        message.or_else(|| advice::of(&why.code).map(|advice| advice.when(lang)))
    });
    told.map_or_else(|| lang.say(without).to_owned(), |why| lang.with(with, &[("why", why)]))
}

fn parcel(standing: &Standing) -> Markup {
    let there = standing.there.as_ref();
    html! {
        @if let Some(carrier) = there.and_then(|there| there.carrier.as_ref()) { (carrier) " " }
        @if let Some(tracking) = there.and_then(|there| there.tracking.as_ref()) { code { (tracking) } }
    }
}
