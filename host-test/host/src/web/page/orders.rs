//! Where a connection's orders stand: at Nobi, and beside it what the other side says, with carrier and tracking code. Changes nothing.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};

use super::fault::Fault;
use super::lang::Lang;
use super::layout::Sheet;
use super::session::Signed;
use super::{Desk, word};
use crate::contract::Descriptor;
use crate::names;
use crate::nobi::stage;
use crate::store::{ConnectionId, Outgoing, Standing};

/// Rows on the page.
const MOST: u32 = 200;

pub(super) async fn show(State(desk): State<Arc<Desk>>, Path(id): Path<ConnectionId>, signed: Signed) -> Result<Response, Fault> {
    let (_, descriptor) = desk.described(&signed, id).await?;
    let lang = signed.lang();
    let standings = desk.host.store().standings(id, None, MOST).await?;
    let body = html! {
        p .crumbs { a href={ "/connections/" (id) } { (lang.say(word::BACK)) } }
        h1 #orders-heading { (lang.say(word::ORDERS)) }
        p .quiet { (lang.say(word::GUIDE_STATUS)) }
        @if standings.is_empty() { p { (lang.say(word::NO_ORDERS)) } } @else { (table(lang, &descriptor, &standings)) }
    };
    Ok(Sheet::of(&signed, lang.say(word::ORDERS)).around(&body))
}

fn table(lang: Lang, descriptor: &Descriptor, standings: &[Standing]) -> Markup {
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
                        td role="cell" data-label=(label(word::THERE)) { (there(lang, descriptor, standing)) }
                        td role="cell" data-label=(label(word::TRACKING)) { (parcel(standing)) }
                    }
                }
            }
        }
    }
}

/// Nobi's own word is Vietnamese; in English the contract's name has to do.
fn here(lang: Lang, stage: &str) -> String {
    match names::order_stage_from(stage).filter(|_| lang != Lang::En) {
        Some(known) => stage::label(known).to_owned(),
        None => stage.to_owned(),
    }
}

fn there(lang: Lang, descriptor: &Descriptor, standing: &Standing) -> Markup {
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
                    Outgoing::Failed => { (lang.say(word::STREAM_FAILED)) }
                    Outgoing::Ended => { (lang.say(word::NOT_TO_SEND)) }
                }
            }
        }
        @if let Some(remote) = &standing.remote { " " small { code { (remote) } } }
    }
}

fn parcel(standing: &Standing) -> Markup {
    let there = standing.there.as_ref();
    html! {
        @if let Some(carrier) = there.and_then(|there| there.carrier.as_ref()) { (carrier) " " }
        @if let Some(tracking) = there.and_then(|there| there.tracking.as_ref()) { code { (tracking) } }
    }
}
