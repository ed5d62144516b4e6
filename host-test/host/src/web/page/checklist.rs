//! The checklist of a connection: a line for each thing that has to work, and how to mend what does not.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::at::{Asked, At};
use super::connection::Said;
use super::fault::Fault;
use super::lang::Lang;
use super::layout::{Mood, Sheet, chip, details};
use super::session::Signed;
use super::{Desk, csp, login, word};
use crate::contract::{CheckLine, Verdict};
use crate::store::ConnectionId;

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    At(id): At<ConnectionId>,
    Asked(said): Asked<Said>,
    signed: Signed,
) -> Result<Response, Fault> {
    let (connection, descriptor) = desk.described(&signed, id).await?;
    let lang = signed.lang();
    let lines = desk.host.check(id).await?;
    let sheet = Sheet::of(&signed, lang.say(word::CHECKLIST));
    let body = html! {
        p .crumbs { a href={ "/connections/" (id) } { (lang.say(word::BACK)) } }
        h1 { (lang.say(word::CHECKLIST)) }
        @if let Some(banner) = said.banner(lang, &descriptor) { (banner) }
        p { (summary(lang, &lines)) }
        ul .checks {
            @for line in &lines {
                li {
                    (verdict(lang, line.verdict)) " " (lang.told(&line.message))
                    @if let Some(fix) = &line.fix { p .fix { strong { (lang.say(word::FIX)) } " " (lang.told(fix)) } }
                    (details(lang, &line.code))
                }
            }
        }
        div .actions {
            a .button href={ "/connections/" (id) "/check" } { (lang.say(word::CHECK_AGAIN)) }
            a .button href={ "/connections/" (id) "/form" } { (lang.say(word::EDIT_FORM)) }
            (login::form(lang, &connection, lang.told(&descriptor.name), &sheet.csrf))
            a .button .main href={ "/connections/" (id) } { (lang.say(word::SYNC)) }
        }
    };
    let mut response = sheet.around(&body);
    csp::leading_to(&mut response, &login::origins(&descriptor, &connection));
    Ok(response)
}

fn verdict(lang: Lang, verdict: Verdict) -> maud::Markup {
    match verdict {
        Verdict::Ok => chip(Mood::Good, lang.say(word::CHECK_OK)),
        Verdict::Warning => chip(Mood::Look, lang.say(word::CHECK_WARNING)),
        Verdict::Failed => chip(Mood::Bad, lang.say(word::CHECK_FAILED)),
        Verdict::Unknown => chip(Mood::Quiet, lang.say(word::CHECK_UNKNOWN)),
    }
}

fn summary(lang: Lang, lines: &[CheckLine]) -> String {
    let count = |verdict| lines.iter().filter(|line| line.verdict == verdict).count().to_string();
    let (ok, look, failed, unknown) = (count(Verdict::Ok), count(Verdict::Warning), count(Verdict::Failed), count(Verdict::Unknown));
    lang.with(word::CHECK_SUMMARY, &[("ok", &ok), ("look", &look), ("failed", &failed), ("unknown", &unknown)])
}
