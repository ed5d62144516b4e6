//! Facts about what goes over the wire.

use super::*;
use crate::contract::{self, Placement};
use crate::outbound::{Endpoints, Overrides};

fn pair(name: &str, value: &str) -> Pair {
    Pair { name: name.to_owned(), value: value.to_owned() }
}

/// What is sent for a body on a route that puts the secret `access-token` in one place.
fn send(placement: Placement, name: &str, change: impl Fn(&mut Request)) -> Result<Wire, Error> {
    let route = contract::Route {
        path_prefix: "/api".to_owned(),
        methods: vec![Method::Get, Method::Post],
        splices: vec![contract::Splice { secret: "access-token".to_owned(), placement, name: name.to_owned() }],
        captures: vec![],
        pace: None,
        cache_ms: None,
        writes: false,
    };
    let endpoint = contract::Endpoint { name: "open".to_owned(), origin: "https://a.example".to_owned(), routes: vec![route] };
    let endpoints = Endpoints::compile(&[endpoint], &Overrides::default()).unwrap();
    let mut request = Request {
        endpoint: "open".to_owned(),
        method: Method::Post,
        path: "/api/x".to_owned(),
        query: vec![],
        headers: vec![],
        body: Body::None,
    };
    change(&mut request);
    let mut secrets = Secrets::default();
    secrets.insert("access-token", Secret::new("t&k/n=1".to_owned()));
    let target = endpoints.route_of(&request).unwrap();
    wire(&request, &target, &secrets, &OutboundConfig { request_bytes: 100, ..OutboundConfig::default() })
}

#[test]
fn a_secret_goes_where_the_route_says() {
    let query = send(Placement::Query, "token", |request| request.query = vec![pair("a b", "c&d")]).unwrap();
    assert_eq!(query.url.as_str(), "https://a.example/api/x?a%20b=c%26d&token=t%26k%2Fn%3D1");
    let header = send(Placement::Header, "Authorization", |_| {}).unwrap();
    assert_eq!(header.headers["authorization"], "t&k/n=1");
    assert!(header.headers["authorization"].is_sensitive());
    let form = send(Placement::FormField, "accessToken", |request| request.body = Body::Form(vec![pair("data", "{\"a\": 1}")])).unwrap();
    assert_eq!(form.body.unwrap(), "data=%7B%22a%22%3A+1%7D&accessToken=t%26k%2Fn%3D1");
    assert_eq!(form.headers["content-type"], "application/x-www-form-urlencoded");
    let empty = send(Placement::FormField, "accessToken", |_| {}).unwrap();
    assert_eq!(empty.body.unwrap(), "accessToken=t%26k%2Fn%3D1");
    let json = send(Placement::JsonPointer, "/auth/token", |request| request.body = Body::Json("{\"n\":1.10}".to_owned())).unwrap();
    assert_eq!(json.body.unwrap(), r#"{"n":1.10,"auth":{"token":"t&k/n=1"}}"#);
    assert_eq!(json.headers["content-type"], "application/json");
}

#[test]
fn a_guest_does_not_touch_the_place_of_a_secret() {
    let denied = |result: Result<Wire, Error>| match result {
        Err(Error::Denied(text)) => assert!(text.contains("place of the secret"), "{text}"),
        other => panic!("{other:?}"),
    };
    for name in ["accessToken", "accesstoken", "accessToken[]", "accessToken[0]", " accessToken"] {
        denied(send(Placement::FormField, "accessToken", |request| request.body = Body::Form(vec![pair(name, "mine")])));
        denied(send(Placement::Query, "accessToken", |request| request.query = vec![pair(name, "mine")]));
    }
    for json in [r#"{"t":1}"#, r#"{"t":null}"#, r#"{"\u0074":1}"#, r#"{"a":1,"t":{}}"#] {
        denied(send(Placement::JsonPointer, "/t", |request| request.body = Body::Json(json.to_owned())));
    }
    denied(send(Placement::Header, "X-Token", |request| request.headers = vec![pair("x-token", "mine")]));
    assert!(matches!(
        send(Placement::Header, "Authorization", |request| request.headers = vec![pair("authorization", "mine")]),
        Err(Error::Denied(_))
    ));
}

#[test]
fn a_body_that_has_no_such_place_is_denied() {
    let form = |request: &mut Request| request.body = Body::Form(vec![]);
    let json = |request: &mut Request| request.body = Body::Json("{}".to_owned());
    let get = |request: &mut Request| request.method = Method::Get;
    for result in [
        send(Placement::FormField, "t", json),
        send(Placement::JsonPointer, "/t", form),
        send(Placement::FormField, "t", get),
        send(Placement::JsonPointer, "/t", get),
        send(Placement::JsonPointer, "/t", |request| request.body = Body::Json("[]".to_owned())),
        send(Placement::JsonPointer, "/t", |request| request.body = Body::Json("{".to_owned())),
        send(Placement::Query, "t", |request| {
            request.method = Method::Get;
            request.body = Body::Form(vec![]);
        }),
        send(Placement::Query, "t", |request| request.body = Body::Json("1".repeat(100))),
    ] {
        assert!(matches!(result, Err(Error::Denied(_))), "{result:?}");
    }
    assert!(send(Placement::Query, "t", get).is_ok());
}

#[test]
fn a_missing_grant_is_said_to_be_one() {
    assert!(missing("access-token").contains("no grant"));
    assert!(missing("client-secret").contains("`client-secret`"));
}

#[test]
fn requests_differ_by_everything_that_is_sent_and_by_connection() {
    let plain = || send(Placement::Query, "t", |_| {}).unwrap();
    let mut digests = vec![plain().digest("c", 1), plain().digest("d", 1)];
    digests.push(send(Placement::Query, "u", |_| {}).unwrap().digest("c", 1));
    digests.push(send(Placement::Query, "t", |request| request.method = Method::Get).unwrap().digest("c", 1));
    digests.push(send(Placement::Query, "t", |request| request.headers = vec![pair("x-a", "1")]).unwrap().digest("c", 1));
    digests.push(send(Placement::Query, "t", |request| request.body = Body::Form(vec![pair("a", "1")])).unwrap().digest("c", 1));
    assert_eq!(plain().digest("c", 1), digests[0]);
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 6);
}
