//! Records whose pair nobody can tell but a person: the record as it is at the other side, the Nobi records that it may be, and the choice.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, PreEscaped, html};

use super::at::{Asked, At};
use super::connection::Said;
use super::fault::Fault;
use super::lang::Lang;
use super::layout::{Mood, Sheet, banner, token};
use super::session::{Posted, Signed};
use super::{Desk, format, word};
use crate::contract::Descriptor;
use crate::contract::catalog::Change;
use crate::contract::types::{Entity, Failure};
use crate::names;
use crate::store::{Awaiting, ConnectionId, Decision, StoreError};

fn item(lang: Lang, descriptor: &Descriptor, entity: Entity) -> &str {
    descriptor.flows.iter().find(|flow| flow.entity == entity).map(|flow| lang.told(&flow.label)).unwrap_or_default()
}

fn way(id: ConnectionId, awaiting: &Awaiting) -> String {
    let remote: String = percent_encoding::utf8_percent_encode(&awaiting.remote, percent_encoding::NON_ALPHANUMERIC).to_string();
    format!("/connections/{id}/pairing/{}/{remote}", names::entity(awaiting.entity))
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    At(id): At<ConnectionId>,
    Asked(said): Asked<Said>,
    signed: Signed,
) -> Result<Response, Fault> {
    let (_, descriptor) = desk.described(&signed, id).await?;
    let lang = signed.lang();
    let awaiting = desk.host.store().awaiting(id).await?;
    let sheet = Sheet::of(&signed, lang.say(word::PAIRING));
    let body = html! {
        p .crumbs { a href={ "/connections/" (id) } { (lang.say(word::BACK)) } }
        h1 { (lang.say(word::PAIRING)) }
        @if let Some(banner) = said.banner(lang, &descriptor) { (banner) }
        @if awaiting.is_empty() { p { (lang.say(word::NOTHING_TO_PAIR)) } } @else { p { (lang.say(word::PAIRING_INTRO)) } }
        ul .cards {
            @for one in &awaiting {
                li .card {
                    h2 { (item(lang, &descriptor, one.entity)) " " code { (one.remote) } }
                    p {
                        (lang.with(word::CANDIDATES, &[("count", &one.candidates.len().to_string())])) " · "
                        (lang.say(word::SINCE)) " " (format::time(one.since))
                    }
                    p { a .button .main href=(way(id, one)) { (lang.say(word::PAIR_THIS)) span .unseen { " " (one.remote) } } }
                }
            }
        }
    };
    Ok(sheet.around(&body))
}

async fn find(desk: &Desk, id: ConnectionId, entity: &str, remote: &str) -> Result<Option<Awaiting>, Fault> {
    let entity = names::entity_from(entity).ok_or(Fault::Missing)?;
    let awaiting = desk.host.store().awaiting(id).await?;
    Ok(awaiting.into_iter().find(|one| one.entity == entity && one.remote == remote))
}

pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    At((id, entity, remote)): At<(ConnectionId, String, String)>,
    signed: Signed,
) -> Result<Response, Fault> {
    let connection = desk.own(&signed, id).await?;
    let lang = signed.lang();
    let Some(awaiting) = find(&desk, id, &entity, &remote).await? else { return Ok(back(id, "gone")) };
    let descriptor = desk.host.connector(&connection.connector)?.descriptor().clone();
    let there = desk.host.look(id, awaiting.entity, &awaiting.remote).await?;
    let sheet = Sheet::of(&signed, lang.say(word::PAIRING));
    let body = html! {
        p .crumbs { a href={ "/connections/" (id) "/pairing" } { (lang.say(word::PAIRING)) } }
        h1 { (item(lang, &descriptor, awaiting.entity)) " " code { (awaiting.remote) } }
        section .card { h2 { (lang.say(word::THERE)) } (record(lang, &there)) }
        form .card method="post" action=(way(id, &awaiting)) {
            (token(&sheet.csrf))
            h2 { (lang.say(word::HERE)) }
            fieldset {
                legend { (lang.say(word::WHICH_PAIR)) }
                @for candidate in &awaiting.candidates {
                    label .toggle {
                        input type="radio" name="choice" value=(candidate.id) required disabled[candidate.taken];
                        span {
                            (candidate.name)
                            @if let Some(code) = &candidate.code { " · " code { (code) } }
                            @if candidate.taken { " · " (lang.say(word::ALREADY_PAIRED)) }
                        }
                    }
                }
                label .toggle { input type="radio" name="choice" value="new" required; span { (lang.say(word::MAKE_NEW)) } }
                label .toggle { input type="radio" name="choice" value="never" required; span { (lang.say(word::KEEP_OUT)) } }
            }
            button .main type="submit" { (lang.say(word::DECIDE)) }
        }
    };
    Ok(sheet.around(&body))
}

/// The record as the other side has it. Its description is HTML from outside: cleaned, and without anything that is loaded.
fn record(lang: Lang, there: &Result<Option<Change>, Failure>) -> Markup {
    let code =
        |label, code: &Option<String>| html! { @if let Some(code) = code { div { dt { (lang.say(label)) } dd { code { (code) } } } } };
    match there {
        Err(failure) => banner(Mood::Look, &html! { (lang.with(word::LOOK_FAILED, &[("why", lang.told(&failure.message))])) }),
        Ok(Some(Change::Product(product))) => html! {
            p { strong { (product.name) } }
            dl .facts {
                (code(word::SKU, &product.sku))
                (code(word::BARCODE, &product.barcode))
                @if let Some(retail) = product.prices.as_ref().and_then(|prices| prices.retail) {
                    div { dt { (lang.say(word::PRICE)) } dd { (format::money(retail)) } }
                }
            }
            @if let Some(description) = product.description.as_deref().filter(|text| !text.trim().is_empty()) {
                details { summary { (lang.say(word::DESCRIPTION)) } div .outside { (PreEscaped(cleaned(description))) } }
            }
        },
        Ok(Some(Change::Customer(customer))) => html! {
            p { strong { (customer.name) } @if let Some(phone) = &customer.phone { " · " (phone) } }
        },
        Ok(Some(Change::Branch(branch))) => html! {
            p { strong { (branch.name) } @if let Some(code) = &branch.code { " · " code { (code) } } }
        },
        Ok(_) => html! { p { (lang.say(word::NONE)) } },
    }
}

fn cleaned(html: &str) -> String {
    ammonia::Builder::default().rm_tags(["img"]).link_rel(Some("noopener noreferrer nofollow")).clean(html).to_string()
}

pub(super) async fn decide(
    State(desk): State<Arc<Desk>>,
    At((id, entity, remote)): At<(ConnectionId, String, String)>,
    posted: Posted,
) -> Result<Response, Fault> {
    desk.own(&posted.signed, id).await?;
    let Some(awaiting) = find(&desk, id, &entity, &remote).await? else { return Ok(back(id, "gone")) };
    let decision = match posted.fields.get("choice") {
        Some("new") => Decision::New,
        Some("never") => Decision::Never,
        Some(text) => Decision::Pair(candidate_of(&awaiting, text).ok_or(Fault::Missing)?),
        None => return Err(Fault::Missing),
    };
    let decided = desk.host.store().decide_pair(id, awaiting.entity, &awaiting.remote, decision, desk.host.clock().now()).await;
    desk.host.nudge();
    match decided {
        Ok(true) => Ok(back(id, "decided")),
        // Somebody was quicker: it waits no more, or the candidate has found another pair.
        Ok(false) | Err(StoreError::Refused(_)) => Ok(back(id, "gone")),
        Err(error) => Err(error.into()),
    }
}

fn candidate_of(awaiting: &Awaiting, text: &str) -> Option<i64> {
    let id = text.parse().ok()?;
    awaiting.candidates.iter().any(|candidate| candidate.id == id).then_some(id)
}

fn back(id: ConnectionId, said: &str) -> Response {
    Redirect::to(&format!("/connections/{id}/pairing?said={said}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_from_outside_is_cleaned() {
        let dirty = "<p onclick=x()>Áo <b>đẹp</b><script>alert(1)</script><img src=//evil.example/x.png><a href='javascript:x()'>y</a></p>";
        let clean = cleaned(dirty);
        assert!(clean.contains("<b>đẹp</b>"), "{clean}");
        for word in ["script", "onclick", "img", "evil", "alert"] {
            assert!(!clean.contains(word), "{word} in {clean}");
        }
    }
}
