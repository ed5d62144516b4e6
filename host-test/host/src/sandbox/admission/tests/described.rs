//! Facts about what a component says of itself.

use super::super::descriptor::judge;
use crate::contract::types::{Entity, Message};
use crate::contract::{
    Capture, Choice, Descriptor, Direction, Endpoint, Field, FieldKind, Flow, Pace, Placement, Policy, Route, Splice, Term, WebhookProof,
    Webhooks, http,
};
use crate::sandbox::AdmissionError;

fn words(text: &str) -> Message {
    Message { vi: text.to_owned(), en: text.to_owned(), arguments: Vec::new() }
}

fn field(key: &str, kind: FieldKind) -> Field {
    let (label, help) = (words(key), words(key));
    Field { key: key.to_owned(), kind, required: false, min: 0, max: 200, mixed: false, operator_only: false, default: None, label, help }
}

fn splice(secret: &str) -> Splice {
    Splice { secret: secret.to_owned(), placement: Placement::FormField, name: "field".to_owned() }
}

fn capture(secret: &str) -> Capture {
    Capture { secret: secret.to_owned(), pointers: vec!["/token".to_owned()] }
}

fn descriptor() -> Descriptor {
    let route = Route {
        path_prefix: "/api".to_owned(),
        methods: vec![http::Method::Post],
        splices: vec![splice("client-secret"), splice("grant-code"), splice("access-token")],
        captures: vec![capture("access-token")],
        pace: Some(Pace { requests: 150, window_ms: 30_000 }),
        cache_ms: None,
        writes: false,
    };
    let choice = Choice { value: "a".to_owned(), label: words("A") };
    Descriptor {
        id: "scripted".to_owned(),
        name: words("Scripted"),
        version: "1.0.0".to_owned(),
        form: vec![
            field("app-id", FieldKind::Text),
            field("client-secret", FieldKind::Secret),
            field("toggle", FieldKind::Toggle),
            field("choice", FieldKind::Choice(vec![choice])),
        ],
        endpoints: vec![Endpoint { name: "open".to_owned(), origin: "https://open.example".to_owned(), routes: vec![route] }],
        flows: vec![Flow {
            entity: Entity::Branch,
            direction: Direction::IntoNobi,
            label: words("Kho"),
            unsupported: None,
            policies: vec![Policy::CreateOnly],
            toggle: Some("toggle".to_owned()),
            rights: vec![words("right")],
        }],
        glossary: vec![Term { table: "order-status".to_owned(), code: "New".to_owned(), label: words("Đơn mới") }],
        webhooks: Some(Webhooks {
            proofs: vec![WebhookProof::TokenInJson("/verify".to_owned())],
            secret: "client-secret".to_owned(),
            account: Some("/business".to_owned()),
            events: vec!["order".to_owned()],
        }),
        grant_code_param: "code".to_owned(),
        app_field: "app-id".to_owned(),
    }
}

/// Where the refusal is, and why, after this change.
fn refused(change: impl FnOnce(&mut Descriptor)) -> (String, String) {
    let mut descriptor = descriptor();
    change(&mut descriptor);
    match judge(&descriptor) {
        Err(AdmissionError::Descriptor { place, reason }) => (place, reason),
        other => panic!("{other:?}"),
    }
}

fn route(change: impl FnOnce(&mut Route)) -> (String, String) {
    refused(|descriptor| change(&mut descriptor.endpoints[0].routes[0]))
}

fn webhooks(change: impl FnOnce(&mut Webhooks)) -> (String, String) {
    refused(|descriptor| change(descriptor.webhooks.as_mut().unwrap()))
}

#[test]
fn an_honest_descriptor_passes() {
    judge(&descriptor()).unwrap();
}

#[test]
fn names_have_a_form_and_sentences_an_end() {
    for (told, place) in [
        (refused(|it| it.id = "Nhanh.vn".to_owned()), "id"),
        (refused(|it| it.id = String::new()), "id"),
        (refused(|it| it.version = "1.0\n".to_owned()), "version"),
        (refused(|it| it.name = words(&"x".repeat(501))), "name"),
        (refused(|it| it.name = words("a\u{202e}b")), "name"),
        (refused(|it| it.form[0].key = "App Id".to_owned()), "form.App Id"),
        (refused(|it| it.form[0].help = words("a\nb")), "form.app-id.help"),
        (refused(|it| it.form[0].default = Some("\u{1b}".to_owned())), "form.app-id.default"),
        (refused(|it| it.flows[0].rights = vec![words(&"x".repeat(501))]), "flows[0].rights"),
        (refused(|it| it.glossary[0].code = "x".repeat(65)), "glossary[0].code"),
        (refused(|it| it.grant_code_param = "a&b".to_owned()), "grant-code-param"),
        (refused(|it| it.endpoints[0].name = "Open".to_owned()), "endpoints.Open"),
    ] {
        assert_eq!(told.0, place, "{told:?}");
    }
}

#[test]
fn every_list_has_a_most() {
    fn repeat<T: Clone>(list: &mut Vec<T>, count: usize) {
        *list = vec![list[0].clone(); count];
    }
    for (told, place) in [
        (refused(|it| repeat(&mut it.form, 257)), "form"),
        (refused(|it| repeat(&mut it.endpoints, 33)), "endpoints"),
        (refused(|it| repeat(&mut it.endpoints[0].routes, 257)), "endpoints.open.routes"),
        (route(|it| repeat(&mut it.splices, 33)), "endpoints.open.routes[0].splices"),
        (route(|it| repeat(&mut it.captures, 33)), "endpoints.open.routes[0].captures"),
        (
            // One of the form, one of a reply: with fifteen more there are seventeen.
            refused(|it| it.form.extend((0..15).map(|n| field(&format!("secret-{n}"), FieldKind::Secret)))),
            "secrets of the form and of replies",
        ),
        (refused(|it| repeat(&mut it.flows, 33)), "flows"),
        (refused(|it| repeat(&mut it.glossary, 4_097)), "glossary"),
        (webhooks(|it| repeat(&mut it.proofs, 33)), "webhooks.proofs"),
        (webhooks(|it| repeat(&mut it.events, 257)), "webhooks.events"),
    ] {
        assert!(told.0 == place && told.1.contains("at most"), "{told:?}");
    }
}

#[test]
fn a_form_that_cannot_be_filled_in_is_refused() {
    assert_eq!(refused(|it| it.form.push(field("app-id", FieldKind::Text))).1, "the key is there twice");
    assert_eq!(refused(|it| it.form[0].min = 201).1, "min is above max");
    assert_eq!(refused(|it| it.form[1].default = Some("hunter2".to_owned())).1, "a secret has no default");
    assert_eq!(refused(|it| it.form[1].max = 4_097).1, "a secret is longer than 4,096 characters");
    assert_eq!(refused(|it| it.flows[0].toggle = Some("nothing".to_owned())).0, "flows[0].toggle");
    assert_eq!(refused(|it| it.app_field = "nothing".to_owned()).0, "app-field");
}

#[test]
fn an_origin_is_public_and_https() {
    for origin in [
        "http://open.example",
        "https://127.0.0.1",
        "https://2130706433",
        "https://0x7f.1",
        "https://[::1]",
        "https://[::ffff:10.0.0.1]",
        "https://169.254.169.254",
        "https://user@open.example",
        "https://open.example/api",
        "ftp://open.example",
        "open.example",
    ] {
        let told = refused(|it| it.endpoints[0].origin = origin.to_owned());
        assert!(told.0 == "endpoints" && told.1.contains(origin), "{told:?}");
    }
}

#[test]
fn a_route_that_could_not_be_kept_is_refused() {
    for told in [
        route(|it| it.path_prefix = "/api/../admin".to_owned()),
        route(|it| it.path_prefix = "//evil.example".to_owned()),
        route(|it| it.methods.clear()),
        route(|it| it.splices[0] = Splice { placement: Placement::Header, name: "Host".to_owned(), ..splice("client-secret") }),
        route(|it| it.captures[0].pointers = vec!["token".to_owned()]),
        refused(|it| it.endpoints.push(it.endpoints[0].clone())),
    ] {
        assert_eq!(told.0, "endpoints", "{told:?}");
    }
}

#[test]
fn a_pace_allows_something_and_not_everything() {
    for (requests, window_ms, reason) in [
        (0, 30_000, "it allows nothing"),
        (150, 0, "it allows nothing"),
        (150, u32::MAX, "its window is longer than a day"),
        (u32::MAX, 30_000, "it allows more than 1,000 requests a second"),
    ] {
        let told = route(|it| it.pace = Some(Pace { requests, window_ms }));
        assert_eq!(told, ("endpoints.open.routes[0].pace".to_owned(), reason.to_owned()));
    }
    assert_eq!(route(|it| it.cache_ms = Some(u32::MAX)).0, "endpoints.open.routes[0].cache-ms");
}

#[test]
fn a_reply_replaces_no_secret_that_a_person_gave() {
    for secret in ["client-secret", "grant-code"] {
        let told = route(|it| it.captures.push(capture(secret)));
        assert!(told.0.ends_with(".captures") && told.1.contains(secret), "{told:?}");
    }
    assert!(route(|it| it.splices.push(splice("somebody-else"))).1.contains("nobody gives the secret `somebody-else`"));
}

#[test]
fn a_delivery_could_be_proven() {
    assert_eq!(webhooks(|it| it.proofs.clear()).0, "webhooks.proofs");
    assert_eq!(webhooks(|it| it.secret = "nothing".to_owned()).0, "webhooks.secret");
    assert_eq!(webhooks(|it| it.account = Some("business".to_owned())).1, "a place is not a JSON pointer");
    assert_eq!(webhooks(|it| it.proofs = vec![WebhookProof::TokenInHeader("a b".to_owned())]).1, "a header's name is not one");
}
