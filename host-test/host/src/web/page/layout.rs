//! What every page has: head, name, language, the way out, one place for what was just said. Knows nothing of connections.

use axum::response::{Html, IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::lang::Lang;
use super::session::{Signed, Visit};
use super::{csrf, who, word};
use crate::store::Operator;

/// How htmx works here: it adds no style, runs no text as code, and keeps no page.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"historyEnabled":false,"selfRequestsOnly":true}"#;

/// One page.
pub(super) struct Sheet<'a> {
    pub(super) lang: Lang,
    pub(super) path: &'a str,
    pub(super) operator: Option<&'a Operator>,
    pub(super) csrf: String,
    pub(super) title: String,
    /// Something goes on: without JavaScript the page comes again by itself.
    pub(super) busy: bool,
    /// Where to hear what goes on.
    pub(super) live: Option<String>,
}

impl<'a> Sheet<'a> {
    /// A page for a person who signed in.
    pub(super) fn of(signed: &'a Signed, title: impl Into<String>) -> Sheet<'a> {
        Sheet {
            lang: signed.lang(),
            path: &signed.visit.path,
            operator: Some(&signed.operator),
            csrf: signed.csrf(),
            title: title.into(),
            busy: false,
            live: None,
        }
    }

    /// A page for anybody.
    pub(super) fn open(visit: &'a Visit, secret: &str, title: impl Into<String>) -> Sheet<'a> {
        let (lang, path) = (visit.lang, visit.path.as_str());
        Sheet { lang, path, operator: None, csrf: csrf::token(secret), title: title.into(), busy: false, live: None }
    }

    /// The page around this.
    pub(super) fn around(&self, body: &Markup) -> Response {
        let lang = self.lang;
        let page = html! {
            (DOCTYPE)
            html lang=(lang.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="htmx-config" content=(HTMX);
                    title { (self.title) " · Nobi Pro" }
                    link rel="stylesheet" href="/assets/page.css";
                    link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                    script src="/assets/htmx.min.js" defer {}
                    script src="/assets/page.js" defer {}
                    @if self.busy { noscript { meta http-equiv="refresh" content="3"; } }
                }
                body data-live=[self.live.as_deref()] {
                    a .skip href="#content" { (lang.say(word::SKIP_TO_CONTENT)) }
                    header .top {
                        a .brand href="/connections" { "Nobi Pro" }
                        span .trail { (lang.say(word::EXTENSIONS)) " / " (lang.say(word::TITLE)) }
                        div .who {
                            (self.switch())
                            @if let Some(operator) = self.operator {
                                form method="post" action="/sign-out" {
                                    (token(&self.csrf))
                                    a href="/account" title=(lang.say(word::ACCOUNT)) { (who(operator)) } " "
                                    button .plain type="submit" { (lang.say(word::SIGN_OUT)) }
                                }
                            }
                        }
                    }
                    main #content tabindex="-1" { (body) }
                    div #said .unseen role="status" aria-live="polite" {}
                }
            }
        };
        Html(page.into_string()).into_response()
    }

    fn switch(&self) -> Markup {
        let other = if self.lang == Lang::Vi { Lang::En } else { Lang::Vi };
        html! {
            form method="post" action="/language" {
                (token(&self.csrf))
                input type="hidden" name="next" value=(self.path);
                button #language .plain type="submit" name="language" value=(other.code()) lang=(other.code()) {
                    (self.lang.say(word::OTHER_LANGUAGE))
                }
            }
        }
    }
}

/// The token that a form carries.
pub(super) fn token(csrf: &str) -> Markup {
    html! { input type="hidden" name=(csrf::FIELD) value=(csrf); }
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    Busy,
    Look,
    Bad,
    Quiet,
}

/// A word with a sign and a colour: none of the three alone.
pub(super) fn chip(mood: Mood, text: &str) -> Markup {
    let (class, sign) = match mood {
        Mood::Good => ("good", "✓"),
        Mood::Busy => ("busy", "↻"),
        Mood::Look => ("look", "!"),
        Mood::Bad => ("bad", "✕"),
        Mood::Quiet => ("quiet", "–"),
    };
    html! { span class={ "chip " (class) } { span .sign aria-hidden="true" { (sign) } " " (text) } }
}

/// What is for whoever helps, out of the way of everybody else: a code.
pub(super) fn details(lang: Lang, code: &str) -> Markup {
    html! { details .code { summary { (lang.say(word::DETAILS)) } code { (code) } } }
}

/// A box that says something.
pub(super) fn banner(mood: Mood, text: &Markup) -> Markup {
    let (class, role) = match mood {
        Mood::Bad => ("bad", "alert"),
        Mood::Look => ("look", "alert"),
        Mood::Good => ("good", "status"),
        Mood::Busy | Mood::Quiet => ("quiet", "status"),
    };
    html! { div class={ "banner " (class) } role=(role) { (text) } }
}
