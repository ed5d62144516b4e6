//! The connection's form, field by field from the descriptor, each with where its value is found. What is secret is written here and never
//! read back.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::at::{Asked, At};
use super::connection::Said;
use super::fault::Fault;
use super::fields::Fields;
use super::lang::Lang;
use super::layout::{Mood, Sheet, banner, token};
use super::session::{Posted, Signed};
use super::{Desk, csp, login, word};
use crate::contract::{Choice, Descriptor, Field, FieldKind};
use crate::store::{Connection, ConnectionId, StoreError, random};
use crate::work::{FieldError, Form, FormError};

/// What the form shows.
struct Filled<'a> {
    lang: Lang,
    desk: &'a Desk,
    connection: &'a Connection,
    descriptor: &'a Descriptor,
    values: BTreeMap<String, String>,
    /// Secrets that are kept already.
    kept: Vec<String>,
    /// A secret that was just made, to be copied: its field and itself.
    made: Option<(String, String)>,
    faults: Vec<FieldError>,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    At(id): At<ConnectionId>,
    Asked(said): Asked<Said>,
    signed: Signed,
) -> Result<Response, Fault> {
    let connection = desk.own(&signed, id).await?;
    let values = connection.settings.clone();
    page(&desk, &signed, &connection, values, None, Vec::new(), &said).await
}

async fn page(
    desk: &Desk,
    signed: &Signed,
    connection: &Connection,
    values: BTreeMap<String, String>,
    made: Option<(String, String)>,
    faults: Vec<FieldError>,
    said: &Said,
) -> Result<Response, Fault> {
    let lang = signed.lang();
    let descriptor = desk.host.connector(&connection.connector)?.descriptor().clone();
    let kept = desk.host.store().secrets(connection.id).await?.iter().map(|(name, _)| name.to_owned()).collect();
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let sheet = Sheet::of(signed, lang.say(word::FORM));
    let filled = Filled { lang, desk, connection, descriptor: &descriptor, values, kept, made, faults };
    // The other side asks for the two addresses before it gives anything that the rest of the form asks for.
    let (copied, filled_in): (Vec<&Field>, Vec<&Field>) =
        descriptor.form.iter().filter(|field| !field.operator_only).partition(|field| matches!(field.kind, FieldKind::HostValue(_)));
    let (plain, more): (Vec<&Field>, Vec<&Field>) = filled_in.into_iter().partition(|field| !is_fine_tuning(field));
    let body = html! {
        p .crumbs { a href={ "/connections/" (connection.id) } { (lang.say(word::BACK)) } }
        h1 { (lang.say(word::FORM)) ": " (lang.told(&descriptor.name)) }
        p { (lang.say(word::FORM_INTRO)) }
        @if let Some(banner) = said.banner(lang, &descriptor) { (banner) }
        (filled.summary())
        form .card #connection-form method="post" action={ "/connections/" (connection.id) "/form" } autocomplete="off" {
            (token(&sheet.csrf))
            @if !copied.is_empty() {
                h2 { (lang.say(word::FORM_STEP_COPY)) }
                p .help { (lang.say(word::FORM_STEP_COPY_HELP)) }
                @for field in copied { (filled.field(field)) }
                h2 { (lang.say(word::FORM_STEP_FILL)) }
            }
            @for field in plain { (filled.field(field)) }
            @if !more.is_empty() {
                details open[more.iter().any(|field| filled.fault(field).is_some())] {
                    summary { (lang.say(word::MORE_SETTINGS)) }
                    @for field in more { (filled.field(field)) }
                }
            }
            div .actions {
                button .main type="submit" name="then" value="login" { (lang.say(word::SAVE_AND_LOG_IN)) }
                button type="submit" name="then" value="stay" { (lang.say(word::SAVE)) }
            }
        }
    };
    let mut response = sheet.around(&body);
    *response.status_mut() = status;
    csp::leading_to(&mut response, &login::origins(&descriptor, connection));
    Ok(response)
}

/// Fields that a merchant can leave as they are stand behind the others.
fn is_fine_tuning(field: &Field) -> bool {
    !field.required && matches!(field.kind, FieldKind::Text | FieldKind::Number | FieldKind::Choice(_) | FieldKind::Choices(_))
}

impl Filled<'_> {
    fn fault(&self, field: &Field) -> Option<&FieldError> {
        self.faults.iter().find(|fault| fault.key == field.key)
    }

    fn summary(&self) -> Markup {
        let lang = self.lang;
        html! {
            @if !self.faults.is_empty() {
                (banner(Mood::Bad, &html! {
                    p { (lang.with(word::FORM_FAULTS, &[("count", &self.faults.len().to_string())])) }
                    ul {
                        @for fault in &self.faults {
                            @let field = self.descriptor.form.iter().find(|field| field.key == fault.key);
                            li data-fault=(fault.key) {
                                a href={ "#field-" (fault.key) } { (field.map_or(fault.key.as_str(), |field| lang.told(&field.label))) }
                                ": " (lang.told(&fault.message))
                            }
                        }
                    }
                }))
            }
        }
    }

    fn field(&self, field: &Field) -> Markup {
        let lang = self.lang;
        let id = format!("field-{}", field.key);
        let grouped = matches!(field.kind, FieldKind::Choices(_));
        let fault = self.fault(field);
        html! {
            div class={ "field" @if fault.is_some() { " wrong" } } data-field=(field.key) {
                @if !grouped && field.kind != FieldKind::Toggle {
                    label for=(id) {
                        (lang.told(&field.label))
                        @if field.required { " " span .must { "(*" span .unseen { " " (lang.say(word::REQUIRED)) } ")" } }
                    }
                }
                (self.control(field, &id))
                @if let Some(fault) = fault { p .fault id={ (id) "-fault" } { (lang.told(&fault.message)) } }
                p .help id={ (id) "-help" } { (lang.told(&field.help)) }
                @if self.is_webhook_address(field) { (self.events()) }
            }
        }
    }

    fn control(&self, field: &Field, id: &str) -> Markup {
        let lang = self.lang;
        let name = format!("field.{}", field.key);
        let value = self.values.get(&field.key).or(field.default.as_ref()).map(String::as_str).unwrap_or_default();
        let wrong = self.fault(field).is_some();
        let about = if wrong { format!("{id}-fault {id}-help") } else { format!("{id}-help") };
        let invalid = wrong.then_some("true");
        match &field.kind {
            FieldKind::Text | FieldKind::Number => html! {
                input id=(id) name=(name) type="text" value=(value) maxlength=[(field.max > 0).then_some(field.max)]
                    inputmode=[(field.kind == FieldKind::Number).then_some("numeric")] required[field.required]
                    aria-describedby=(about) aria-invalid=[invalid];
            },
            FieldKind::Secret => self.secret(field, id, &name, &about, invalid),
            FieldKind::Choice(choices) => {
                let options: Vec<(&str, &str)> = choices.iter().map(|it| (it.value.as_str(), lang.told(&it.label))).collect();
                select(lang, field, id, &name, value, &about, invalid, &options)
            }
            FieldKind::HostChoice(_) => {
                let roles = &self.desk.host.config().roles;
                let options: Vec<(&str, &str)> = roles.iter().map(|(value, label)| (value.as_str(), lang.told(label))).collect();
                select(lang, field, id, &name, value, &about, invalid, &options)
            }
            FieldKind::Choices(choices) => self.choices(field, id, &name, value, choices),
            FieldKind::HostValue(which) => {
                let value = self.host_value(which);
                html! {
                    div .beside {
                        input id=(id) type="text" value=(value) readonly aria-describedby=(about);
                        button type="button" data-copy=(id) data-copied=(lang.say(word::COPIED)) hidden {
                            (lang.say(word::COPY)) span .unseen { " " (lang.told(&field.label)) }
                        }
                    }
                }
            }
            FieldKind::Toggle => html! {
                label .toggle for=(id) {
                    input id=(id) name=(name) type="checkbox" value="on" checked[value == "on"] aria-describedby=(about) role="switch";
                    span { (lang.told(&field.label)) }
                }
            },
        }
    }

    fn secret(&self, field: &Field, id: &str, name: &str, about: &str, invalid: Option<&str>) -> Markup {
        let lang = self.lang;
        let made = self.made.as_ref().filter(|(key, _)| *key == field.key).map(|(_, secret)| secret.as_str());
        let kept = self.kept.contains(&field.key);
        html! {
            div .beside {
                input id=(id) name=(name) type=(if made.is_some() { "text" } else { "password" }) value=[made]
                    placeholder=[kept.then(|| lang.say(word::MASK))] autocomplete="new-password" spellcheck="false"
                    maxlength=[(field.max > 0).then_some(field.max)] required[field.required && !kept]
                    aria-describedby=(about) aria-invalid=[invalid];
                @if self.is_made_here(field) {
                    button type="submit" name="make" value=(field.key) formnovalidate data-make=(id) data-made=(lang.say(word::MADE_ONE)) {
                        (lang.say(word::MAKE_ONE))
                    }
                }
            }
            p .help role="status" id={ (id) "-made" } { @if made.is_some() { (lang.say(word::MADE_ONE)) } }
            @if kept { p .help { (lang.say(word::KEPT_SECRET)) } }
        }
    }

    fn choices(&self, field: &Field, id: &str, name: &str, value: &str, choices: &[Choice]) -> Markup {
        let picked: Vec<String> = serde_json::from_str(value).unwrap_or_default();
        html! {
            fieldset id=(id) {
                legend { (self.lang.told(&field.label)) }
                @for choice in choices {
                    label .toggle {
                        input type="checkbox" name=(name) value=(choice.value) checked[picked.contains(&choice.value)];
                        span { (self.lang.told(&choice.label)) }
                    }
                }
            }
        }
    }

    /// The secret that proves webhooks is the merchant's own invention; every other one is the other side's.
    fn is_made_here(&self, field: &Field) -> bool {
        self.descriptor.webhooks.as_ref().is_some_and(|webhooks| webhooks.secret == field.key)
    }

    fn is_webhook_address(&self, field: &Field) -> bool {
        matches!(&field.kind, FieldKind::HostValue(which) if which == "webhook-url")
    }

    fn events(&self) -> Markup {
        let events = self.descriptor.webhooks.as_ref().map(|webhooks| webhooks.events.as_slice()).unwrap_or_default();
        html! {
            @if !events.is_empty() {
                p .help {
                    (self.lang.say(word::EVENTS_TO_TICK)) " "
                    @for (index, event) in events.iter().enumerate() { @if index > 0 { ", " } code { (event) } }
                }
            }
        }
    }

    fn host_value(&self, which: &str) -> String {
        match which {
            "redirect-url" => self.desk.address.redirect_url(),
            "webhook-url" => self.desk.address.webhook_url(&self.connection.hook),
            _ => String::new(),
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "one control's attributes, named at the one call")]
fn select(
    lang: Lang,
    field: &Field,
    id: &str,
    name: &str,
    value: &str,
    about: &str,
    invalid: Option<&str>,
    options: &[(&str, &str)],
) -> Markup {
    html! {
        select id=(id) name=(name) required[field.required] aria-describedby=(about) aria-invalid=[invalid] {
            @if field.default.is_none() { option value="" { (lang.say(word::CHOOSE)) } }
            @for (option, label) in options { option value=(option) selected[*option == value] { (label) } }
        }
    }
}

/// What the form says, by the descriptor's keys.
fn form_of(descriptor: &Descriptor, fields: &Fields) -> Form {
    let mut form = Form::new();
    // What only an operator sets is not on the page, and stays as it is.
    for field in descriptor.form.iter().filter(|field| !field.operator_only) {
        let name = format!("field.{}", field.key);
        let value = match &field.kind {
            FieldKind::HostValue(_) => continue,
            FieldKind::Toggle => if fields.get(&name) == Some("on") { "on" } else { "off" }.to_owned(),
            FieldKind::Choices(_) => serde_json::Value::from(fields.all(&name).collect::<Vec<_>>()).to_string(),
            _ => fields.get(&name).unwrap_or_default().to_owned(),
        };
        form.insert(field.key.clone(), value);
    }
    form
}

pub(super) async fn save(State(desk): State<Arc<Desk>>, At(id): At<ConnectionId>, posted: Posted) -> Result<Response, Fault> {
    let Posted { signed, fields, .. } = posted;
    let (connection, descriptor) = desk.described(&signed, id).await?;
    let form = form_of(&descriptor, &fields);
    let is_secret = |key: &String| descriptor.form.iter().any(|field| &field.key == key && field.kind == FieldKind::Secret);
    // What was typed comes back to be mended, but no secret does.
    let values = || form.iter().filter(|(key, _)| !is_secret(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    if let Some(field) = fields.get("make").and_then(|key| descriptor.form.iter().find(|field| field.key == key)) {
        let made = Some((field.key.clone(), new_secret()?));
        return page(&desk, &signed, &connection, values(), made, Vec::new(), &Said::default()).await;
    }
    let faults = if fields.get("then") == Some("login") {
        match login::start_with(&desk, &signed, &connection, form.clone()).await? {
            Ok(response) => return Ok(response),
            Err(error) => faults_of(error)?,
        }
    } else {
        match desk.host.fill_in(id, form.clone()).await {
            Ok(_) => return Ok(Redirect::to(&format!("/connections/{id}?said=saved")).into_response()),
            Err(error) => faults_of(error)?,
        }
    };
    page(&desk, &signed, &connection, values(), None, faults, &Said::default()).await
}

/// What is wrong with the fields. What is wrong with the host is not for the form.
fn faults_of(error: FormError) -> Result<Vec<FieldError>, Fault> {
    match error {
        FormError::Fields(faults) | FormError::NeedsLogin(faults) => Ok(faults),
        FormError::Failed(failure) => Ok(vec![FieldError { key: failure.code.clone(), message: failure.message.clone() }]),
        FormError::Call(error) => {
            tracing::error!(%error, "the connector could not be asked about a form");
            Err(Fault::Broken)
        }
        FormError::Store(error) => Err(error.into()),
    }
}

/// 32 letters and digits, at least one of each.
fn new_secret() -> Result<String, StoreError> {
    let text = data_encoding::BASE32_NOPAD.encode(&*random::<20>()?).to_lowercase();
    Ok(format!("{}n7", text.chars().take(30).collect::<String>()))
}
