//! Facts about what a guest sees of a reply.

use super::*;
use crate::contract::{self, http};
use crate::outbound::{Endpoints, Overrides};

/// The body that a guest sees, the names it is told, and the secrets that the host keeps.
fn clean_body(pointers: &[&str], body: &str) -> (String, Vec<String>, Vec<String>) {
    cleaned(pointers, body).unwrap()
}

fn cleaned(pointers: &[&str], body: &str) -> Result<(String, Vec<String>, Vec<String>), Error> {
    let captures = match pointers {
        [] => vec![],
        _ => vec![contract::Capture {
            secret: "access-token".to_owned(),
            pointers: pointers.iter().map(|text| (*text).to_owned()).collect(),
        }],
    };
    let route = contract::Route {
        path_prefix: "/".to_owned(),
        methods: vec![http::Method::Post],
        splices: vec![],
        captures,
        pace: None,
        cache_ms: None,
        writes: false,
    };
    let endpoint = contract::Endpoint { name: "open".to_owned(), origin: "https://a.example".to_owned(), routes: vec![route] };
    let endpoints = Endpoints::compile(&[endpoint], &Overrides::default()).unwrap();
    let request = http::Request {
        endpoint: "open".to_owned(),
        method: http::Method::Post,
        path: "/".to_owned(),
        query: vec![],
        headers: vec![],
        body: http::Body::None,
    };
    let target = endpoints.route_of(&request).unwrap();
    let secrets: Secrets = [("client-secret".to_owned(), Secret::new("clientclient".to_owned()))].into_iter().collect();
    let raw = Raw { status: 200, content_type: Some("text/clientclient".to_owned()), body: body.as_bytes().to_vec() };
    let (response, captured) = clean(raw, target.route, &secrets)?;
    assert_eq!(response.content_type.unwrap(), "text/‹client-secret›");
    let values = captured.iter().map(|(_, secret)| secret.expose().to_owned()).collect();
    Ok((String::from_utf8(response.body).unwrap(), response.captured, values))
}

const BOTH: &[&str] = &["/accessToken", "/data/accessToken"];

#[test]
fn a_token_is_taken_out_wherever_it_is() {
    let (body, names, values) = clean_body(BOTH, r#"{"code":1,"accessToken":"tok-flat-1","businessId":9007199254740993}"#);
    assert_eq!(
        (body.as_str(), names, values),
        (r#"{"code":1,"businessId":9007199254740993}"#, vec!["access-token".to_owned()], vec!["tok-flat-1".to_owned()])
    );
    let (body, _, values) = clean_body(BOTH, r#"{"data":{"accessToken":"tok-nested-1","x":1.10}}"#);
    assert_eq!((body.as_str(), values), (r#"{"data":{"x":1.10}}"#, vec!["tok-nested-1".to_owned()]));
}

#[test]
fn the_first_place_wins_and_the_others_are_emptied_too() {
    let (body, names, values) = clean_body(BOTH, r#"{"accessToken":"tok-flat-1","data":{"accessToken":"tok-nested-1"}}"#);
    assert_eq!((body.as_str(), names.len(), values), (r#"{"data":{}}"#, 1, vec!["tok-flat-1".to_owned()]));
    // A place that holds nothing usable is not the first.
    let (_, _, values) = clean_body(BOTH, r#"{"accessToken":null,"data":{"accessToken":"tok-nested-1"}}"#);
    assert_eq!(values, ["tok-nested-1"]);
}

#[test]
fn the_same_token_elsewhere_in_the_reply_is_blanked() {
    let (body, ..) = clean_body(BOTH, r#"{"accessToken":"tok-flat-1","debug":"got tok-flat-1"}"#);
    assert_eq!(body, r#"{"debug":"got ‹access-token›"}"#);
}

#[test]
fn nothing_usable_is_no_token() {
    for body in [r#"{"code":0}"#, r#"{"accessToken":""}"#, r#"{"accessToken":null}"#, r#"{"accessToken":{}}"#, r#"{"accessToken":[1]}"#] {
        let (_, names, values) = clean_body(BOTH, body);
        assert!(names.is_empty() && values.is_empty(), "{body}");
    }
}

#[test]
fn a_token_that_no_system_gives_is_not_taken_and_nothing_of_its_reply_is_handed_on() {
    let most = OutboundConfig::LONGEST_CAPTURE;
    let body = |token: &str| format!(r#"{{"code":1,"accessToken":{token}}}"#);
    assert_eq!(clean_body(BOTH, &body(&format!("\"{}\"", "x".repeat(most)))).2[0].len(), most);
    // The length is the value's, however it is written, and a number has one as well.
    assert_eq!(clean_body(BOTH, &body(&format!("\"{}\"", "\\u0041".repeat(most)))).2[0].len(), most);
    for token in [format!("\"{}\"", "x".repeat(most + 1)), "1".repeat(most + 1), format!("\"{}\"", "\\/\\\"é<".repeat(2_000_000))] {
        assert_eq!(cleaned(BOTH, &body(&token)).unwrap_err(), Error::TooLarge);
    }
}

#[test]
fn a_body_that_should_hold_a_token_and_cannot_be_read_is_not_handed_on() {
    for body in [r#"{"accessToken":"tok-flat-1""#, "<html>tok-flat-1</html>", ""] {
        assert_eq!(clean_body(BOTH, body).0, "");
    }
    assert_eq!(clean_body(&[], "<html>").0, "<html>");
}

#[test]
fn known_secrets_are_blanked_in_every_reply() {
    assert_eq!(clean_body(&[], r#"{"echo":"client_secret=clientclient"}"#).0, r#"{"echo":"client_secret=‹client-secret›"}"#);
}
