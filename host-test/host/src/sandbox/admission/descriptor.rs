//! Bounds what a component says of itself. The host keeps the descriptor for as long as it runs, shows it, and lets it decide where requests
//! go: so every list has a most, every name a form, and what names another part of the descriptor must find it.
//!
//! Never judges whether an origin is a good one: it must be public and https ([`Endpoints::compile`]); who admits a connector reads the rest.

use std::collections::BTreeSet;

use super::super::error::AdmissionError;
use super::super::text::{is_one_line, one_line};
use crate::contract::types::Message;
use crate::contract::{Descriptor, Endpoint, Field, FieldKind, Pace, Route, WebhookProof, Webhooks};
use crate::outbound::{Endpoints, OutboundConfig, Overrides};
use crate::pointer::Pointer;

/// Bytes of a name: of a field, an endpoint, a secret, a table.
const NAME: usize = 64;
/// Bytes of a sentence.
const SENTENCE: usize = 500;
/// Entries of a short list: proofs, pointers, splices, rights.
const FEW: usize = 32;
/// Entries of a long list: fields, routes, choices, events.
const MANY: usize = 256;
/// Terms of the glossary. Nhanh's tables have some hundred.
const TERMS: usize = 4_096;
/// Bytes of a route's prefix, as of any path.
const PATH: usize = 1_024;
/// The longest window of a pace, and the longest memory of an answer: a day, in milliseconds.
const DAY: u32 = 24 * 60 * 60 * 1_000;
/// Requests a second that no other side means.
const MOST_A_SECOND: u64 = 1_000;
/// Secrets of the form and of replies together: every spelling of each is looked for in every reply. Ours has three.
const SECRETS: usize = 16;
/// The one-time code of a login is a secret that no reply gives.
const GRANT_CODE: &str = "grant-code";

type Verdict = Result<(), AdmissionError>;

/// Says what is wrong with a descriptor, and where; the first thing only.
pub(crate) fn judge(descriptor: &Descriptor) -> Verdict {
    name(&descriptor.id, "id", 32)?;
    message(&descriptor.name, "name")?;
    text(&descriptor.version, "version", 32)?;
    most(descriptor.form.len(), "form", MANY)?;
    let mut keys = BTreeSet::new();
    for field in &descriptor.form {
        let place = format!("form.{}", short(&field.key));
        check_field(field, &place)?;
        if !keys.insert(field.key.as_str()) {
            return no(place, "the key is there twice");
        }
    }
    check_endpoints(descriptor)?;
    most(descriptor.flows.len(), "flows", FEW)?;
    for (index, flow) in descriptor.flows.iter().enumerate() {
        let place = format!("flows[{index}]");
        message(&flow.label, &format!("{place}.label"))?;
        flow.unsupported.as_ref().map_or(Ok(()), |reason| message(reason, &format!("{place}.unsupported")))?;
        most(flow.policies.len(), &format!("{place}.policies"), FEW)?;
        most(flow.rights.len(), &format!("{place}.rights"), FEW)?;
        flow.rights.iter().try_for_each(|right| message(right, &format!("{place}.rights")))?;
        if flow.toggle.as_ref().is_some_and(|key| !keys.contains(key.as_str())) {
            return no(format!("{place}.toggle"), "the form has no such field");
        }
    }
    most(descriptor.glossary.len(), "glossary", TERMS)?;
    for (index, term) in descriptor.glossary.iter().enumerate() {
        let place = format!("glossary[{index}]");
        name(&term.table, &format!("{place}.table"), NAME)?;
        text(&term.code, &format!("{place}.code"), NAME)?;
        message(&term.label, &format!("{place}.label"))?;
    }
    descriptor.webhooks.as_ref().map_or(Ok(()), |webhooks| check_webhooks(webhooks, &secrets_of_the_form(descriptor)))?;
    if !is_param(&descriptor.grant_code_param) {
        return no("grant-code-param", "it is no name of a query parameter");
    }
    if !keys.contains(descriptor.app_field.as_str()) {
        return no("app-field", "the form has no such field");
    }
    Ok(())
}

fn check_field(field: &Field, place: &str) -> Verdict {
    name(&field.key, place, NAME)?;
    message(&field.label, &format!("{place}.label"))?;
    message(&field.help, &format!("{place}.help"))?;
    if field.min > field.max {
        return no(place, "min is above max");
    }
    if field.default.as_ref().is_some_and(|value| !is_one_line(value, 1_024)) {
        return no(format!("{place}.default"), "it is longer than 1 KiB, or holds control characters");
    }
    match &field.kind {
        FieldKind::Choice(choices) | FieldKind::Choices(choices) => {
            most(choices.len(), &format!("{place}.choices"), MANY)?;
            for choice in choices {
                text(&choice.value, &format!("{place}.choices"), NAME)?;
                message(&choice.label, &format!("{place}.choices"))?;
            }
            Ok(())
        }
        FieldKind::HostChoice(list) | FieldKind::HostValue(list) => name(list, place, NAME),
        FieldKind::Secret if field.default.is_some() => no(place, "a secret has no default"),
        FieldKind::Secret if field.max as usize > OutboundConfig::LONGEST_CAPTURE => no(place, "a secret is longer than 4,096 characters"),
        FieldKind::Text | FieldKind::Number | FieldKind::Secret | FieldKind::Toggle => Ok(()),
    }
}

fn secrets_of_the_form(descriptor: &Descriptor) -> BTreeSet<&str> {
    descriptor.form.iter().filter(|field| matches!(field.kind, FieldKind::Secret)).map(|field| field.key.as_str()).collect()
}

fn check_endpoints(descriptor: &Descriptor) -> Verdict {
    let typed = secrets_of_the_form(descriptor);
    let routes = || descriptor.endpoints.iter().flat_map(|endpoint| &endpoint.routes);
    let captured: BTreeSet<&str> = routes().flat_map(|route| &route.captures).map(|capture| capture.secret.as_str()).collect();
    most(typed.union(&captured).count(), "secrets of the form and of replies", SECRETS)?;
    most(descriptor.endpoints.len(), "endpoints", FEW)?;
    for endpoint in &descriptor.endpoints {
        let place = format!("endpoints.{}", short(&endpoint.name));
        name(&endpoint.name, &place, NAME)?;
        text(&endpoint.origin, &format!("{place}.origin"), 300)?;
        most(endpoint.routes.len(), &format!("{place}.routes"), MANY)?;
        check_routes(endpoint, &place, &typed, &captured)?;
    }
    // What outbound would refuse on the first request is refused here.
    let compiled = Endpoints::compile(&descriptor.endpoints, &Overrides::default());
    compiled.map_or_else(|error| no("endpoints", &one_line(&error.to_string(), SENTENCE)), |_| Ok(()))
}

fn check_routes(endpoint: &Endpoint, place: &str, typed: &BTreeSet<&str>, captured: &BTreeSet<&str>) -> Verdict {
    for (index, route) in endpoint.routes.iter().enumerate() {
        let place = format!("{place}.routes[{index}]");
        text(&route.path_prefix, &format!("{place}.path-prefix"), PATH)?;
        most(route.splices.len(), &format!("{place}.splices"), FEW)?;
        for splice in &route.splices {
            let place = format!("{place}.splices");
            text(&splice.name, &place, 300)?;
            let known = |secret: &str| secret == GRANT_CODE || typed.contains(secret) || captured.contains(secret);
            if !known(&splice.secret) {
                return no(place, &format!("nobody gives the secret `{}`", short(&splice.secret)));
            }
        }
        check_captures(route, &place, typed)?;
        route.pace.map_or(Ok(()), |pace| check_pace(pace, &format!("{place}.pace")))?;
        if route.cache_ms.is_some_and(|milliseconds| milliseconds > DAY) {
            return no(format!("{place}.cache-ms"), "an answer is remembered for longer than a day");
        }
    }
    Ok(())
}

fn check_captures(route: &Route, place: &str, typed: &BTreeSet<&str>) -> Verdict {
    let place = format!("{place}.captures");
    most(route.captures.len(), &place, FEW)?;
    for capture in &route.captures {
        name(&capture.secret, &place, NAME)?;
        most(capture.pointers.len(), &place, FEW)?;
        // Else the other side could put its own secret in the place of the merchant's, and prove its own deliveries with it.
        if capture.secret == GRANT_CODE || typed.contains(capture.secret.as_str()) {
            return no(place, &format!("a reply would replace the secret `{}`, which a person gives", capture.secret));
        }
    }
    Ok(())
}

fn check_pace(pace: Pace, place: &str) -> Verdict {
    let a_second = u64::from(pace.requests) * 1_000 / u64::from(pace.window_ms.max(1));
    if pace.requests == 0 || pace.window_ms == 0 {
        no(place, "it allows nothing")
    } else if pace.window_ms > DAY {
        no(place, "its window is longer than a day")
    } else if a_second > MOST_A_SECOND {
        no(place, "it allows more than 1,000 requests a second")
    } else {
        Ok(())
    }
}

fn check_webhooks(webhooks: &Webhooks, typed: &BTreeSet<&str>) -> Verdict {
    let pointer = |text: &str| Pointer::parse(text).map_or_else(|| no("webhooks", "a place is not a JSON pointer"), |_| Ok(()));
    let header = |name: &str| {
        http::HeaderName::from_bytes(name.as_bytes()).map_or_else(|_| no("webhooks", "a header's name is not one"), |_| Ok(()))
    };
    if webhooks.proofs.is_empty() {
        return no("webhooks.proofs", "nothing would prove a delivery");
    }
    most(webhooks.proofs.len(), "webhooks.proofs", FEW)?;
    for proof in &webhooks.proofs {
        match proof {
            WebhookProof::TokenInJson(place) => pointer(place)?,
            WebhookProof::TokenInHeader(name) | WebhookProof::HmacSha256Base64(name) | WebhookProof::HmacSha256Hex(name) => header(name)?,
        }
    }
    if !typed.contains(webhooks.secret.as_str()) {
        return no("webhooks.secret", "the form has no such secret");
    }
    webhooks.account.as_deref().map_or(Ok(()), pointer)?;
    most(webhooks.events.len(), "webhooks.events", MANY)?;
    webhooks.events.iter().try_for_each(|event| text(event, "webhooks.events", NAME))
}

fn no(place: impl Into<String>, reason: &str) -> Verdict {
    Err(AdmissionError::Descriptor { place: place.into(), reason: reason.to_owned() })
}

fn most(count: usize, place: &str, limit: usize) -> Verdict {
    if count > limit { no(place, &format!("{count} entries; at most {limit} are admitted")) } else { Ok(()) }
}

/// `[a-z0-9-]`, at least one.
fn name(text: &str, place: &str, limit: usize) -> Verdict {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !text.is_empty() && text.len() <= limit && text.bytes().all(good) {
        Ok(())
    } else {
        no(place, &format!("a name has 1 to {limit} of a-z, 0-9 and -"))
    }
}

fn text(text: &str, place: &str, limit: usize) -> Verdict {
    if !text.is_empty() && is_one_line(text, limit) {
        Ok(())
    } else {
        no(place, &format!("it is empty, longer than {limit} bytes, or holds control characters"))
    }
}

fn message(message: &Message, place: &str) -> Verdict {
    if !is_one_line(&message.vi, SENTENCE) || !is_one_line(&message.en, SENTENCE) {
        return no(place, "a sentence is longer than 500 bytes, or holds control characters");
    }
    most(message.arguments.len(), place, FEW)?;
    message.arguments.iter().try_for_each(|argument| {
        let good = is_one_line(&argument.name, NAME) && is_one_line(&argument.value, SENTENCE);
        if good { Ok(()) } else { no(place, "an argument is too long, or holds control characters") }
    })
}

fn is_param(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// A name that may be anything, for a place in an error.
fn short(name: &str) -> String {
    one_line(name, NAME)
}
