//! Facts about descriptors and overrides.

use super::*;

fn route(prefix: &str) -> contract::Route {
    contract::Route {
        path_prefix: prefix.to_owned(),
        methods: vec![http::Method::Post],
        splices: vec![],
        captures: vec![],
        pace: Some(Pace { requests: 150, window_ms: 30_000 }),
        cache_ms: None,
        writes: false,
    }
}

fn endpoint(origin: &str, routes: Vec<contract::Route>) -> contract::Endpoint {
    contract::Endpoint { name: "open".to_owned(), origin: origin.to_owned(), routes }
}

fn request(path: &str, method: http::Method) -> http::Request {
    http::Request { endpoint: "open".to_owned(), method, path: path.to_owned(), query: vec![], headers: vec![], body: http::Body::None }
}

fn compile(origin: &str, named: Option<&str>) -> Result<Endpoints, EndpointError> {
    let origins = named.map(|named| ("open".to_owned(), named.to_owned())).into_iter().collect();
    Endpoints::compile(&[endpoint(origin, vec![route("/api")])], &Overrides { origins, ..Overrides::default() })
}

fn with_routes(routes: Vec<contract::Route>) -> Result<Endpoints, EndpointError> {
    Endpoints::compile(&[endpoint("https://a.example", routes)], &Overrides::default())
}

#[test]
fn a_descriptor_names_public_https_origins_and_nothing_behind_them() {
    for good in
        ["https://pos.open.nhanh.vn", "https://pos.open.nhanh.vn/", "https://a.example:8443", "https://8.8.8.8", "https://[2606:4700::1]"]
    {
        assert!(compile(good, None).is_ok(), "{good}");
    }
    for bad in [
        "",
        "a.example",
        "//a.example",
        "http://a.example",
        "ftp://a.example",
        "file:///etc",
        "https://",
        "https://user@a.example",
        "https://user:secret@a.example",
        "https://a.example/api",
        "https://a.example?x",
        "https://a.example#x",
        "https://127.0.0.1",
        "https://2130706433",
        "https://0x7f.1",
        "https://0",
        "https://169.254.169.254",
        "https://[::1]",
        "https://[::ffff:10.0.0.1]",
        "https://[fd00::1]",
    ] {
        assert!(matches!(compile(bad, None), Err(EndpointError::Origin { .. })), "{bad}");
    }
}

#[test]
fn the_operator_may_name_a_private_origin_and_http() {
    // An address that the operator gives is the one that is meant, a link-local one too.
    for good in ["http://127.0.0.1:8080", "https://10.0.0.5", "http://localhost:1", "http://[::1]:9", "http://169.254.169.254"] {
        assert!(compile("https://a.example", Some(good)).is_ok(), "{good}");
    }
    for bad in ["ftp://127.0.0.1", "http://127.0.0.1/api", "http://u@127.0.0.1", "127.0.0.1"] {
        assert!(compile("https://a.example", Some(bad)).is_err(), "{bad}");
    }
}

#[test]
fn the_longest_prefix_wins_and_then_the_method_has_to_fit() {
    let write = contract::Route { writes: true, methods: vec![http::Method::Get], ..route("/api/order/add") };
    let endpoints = with_routes(vec![route("/api"), write, route("/api/order/")]).unwrap();
    let prefix = |path, method| endpoints.route_of(&request(path, method)).map(|target| target.route.prefix.clone());
    assert_eq!(prefix("/api/x", http::Method::Post).unwrap(), "/api");
    assert_eq!(prefix("/api/orders", http::Method::Post).unwrap(), "/api");
    assert_eq!(prefix("/api/order/index", http::Method::Post).unwrap(), "/api/order");
    assert_eq!(prefix("/api/order/add", http::Method::Get).unwrap(), "/api/order/add");
    // Not by way of the shorter prefix.
    assert!(prefix("/api/order/add", http::Method::Post).is_err());
    assert!(prefix("/other", http::Method::Post).is_err());
    assert!(prefix("/", http::Method::Post).is_err());
}

#[test]
fn one_prefix_may_have_a_route_for_each_method() {
    let read = contract::Route { methods: vec![http::Method::Get], ..route("/api") };
    let write = contract::Route { writes: true, ..route("/api") };
    let endpoints = with_routes(vec![read.clone(), write.clone()]).unwrap();
    assert!(endpoints.route_of(&request("/api", http::Method::Post)).unwrap().writes());
    assert!(!endpoints.route_of(&request("/api", http::Method::Get)).unwrap().writes());
    assert!(with_routes(vec![read.clone(), write.clone(), read]).is_err());
}

#[test]
fn routes_that_cannot_be_kept_are_refused() {
    let splice = |placement, name: &str| {
        let splice = contract::Splice { secret: "s".to_owned(), placement, name: name.to_owned() };
        contract::Route { splices: vec![splice], ..route("/api") }
    };
    let capture = |pointers: &[&str]| {
        let pointers = pointers.iter().map(|pointer| (*pointer).to_owned()).collect();
        contract::Route { captures: vec![contract::Capture { secret: "s".to_owned(), pointers }], ..route("/api") }
    };
    for bad in [
        route("api"),
        route("/api/../x"),
        route("/api//x"),
        contract::Route { methods: vec![], ..route("/api") },
        contract::Route { pace: Some(Pace { requests: 0, window_ms: 1 }), ..route("/api") },
        contract::Route { pace: Some(Pace { requests: 1, window_ms: 0 }), ..route("/api") },
        contract::Route { cache_ms: Some(1), writes: true, ..route("/api") },
        contract::Route { cache_ms: Some(1), ..capture(&["/a"]) },
        splice(Placement::Header, "Host"),
        splice(Placement::Header, "a b"),
        splice(Placement::Query, ""),
        splice(Placement::FormField, ""),
        splice(Placement::JsonPointer, "a"),
        capture(&[]),
        capture(&["/a", "b"]),
    ] {
        assert!(matches!(with_routes(vec![bad.clone()]), Err(EndpointError::Route { .. })), "{bad:?}");
    }
    assert!(with_routes(vec![splice(Placement::Header, "Authorization")]).is_ok());
}

#[test]
fn the_operators_pace_wins_for_what_it_covers() {
    let endpoints = [endpoint("https://a.example", vec![route("/api"), contract::Route { pace: None, ..route("/free") }])];
    let pace = |requests| Pace { requests, window_ms: 1_000 };
    let overrides = |paces: &[(&str, Pace)]| Overrides {
        paces: paces.iter().map(|(key, pace)| ((*key).to_owned(), *pace)).collect(),
        ..Overrides::default()
    };
    let compiled = Endpoints::compile(&endpoints, &overrides(&[("open /api", pace(7)), ("open /api/order/index", pace(9))])).unwrap();
    let of = |path| compiled.route_of(&request(path, http::Method::Post)).unwrap().pace();
    assert_eq!(of("/api/order/index"), Some(pace(9)));
    assert_eq!(of("/api/order"), Some(pace(7)));
    assert_eq!(of("/free"), None);
    let compiled = Endpoints::compile(&endpoints, &overrides(&[("open /", pace(5))])).unwrap();
    assert_eq!(compiled.route_of(&request("/free", http::Method::Post)).unwrap().pace(), Some(pace(5)));
    for bad in ["open", "open api", "other /api", "open /nothing"] {
        let error = Endpoints::compile(&endpoints, &overrides(&[(bad, pace(1))])).unwrap_err();
        assert_eq!(error, EndpointError::Unknown(bad.to_owned()));
    }
    assert!(Endpoints::compile(&endpoints, &overrides(&[("open /api", pace(0))])).is_err());
}

#[test]
fn an_override_of_no_endpoint_is_an_error() {
    let origins = [("opne".to_owned(), "http://127.0.0.1".to_owned())].into();
    let overrides = Overrides { origins, ..Overrides::default() };
    let error = Endpoints::compile(&[endpoint("https://a.example", vec![])], &overrides).unwrap_err();
    assert_eq!(error, EndpointError::Unknown("opne".to_owned()));
    let twice = [endpoint("https://a.example", vec![]), endpoint("https://b.example", vec![])];
    assert_eq!(Endpoints::compile(&twice, &Overrides::default()).unwrap_err(), EndpointError::Repeated("open".to_owned()));
}

#[test]
fn the_address_of_a_login_page_is_encoded_and_holds_no_secret() {
    let login = contract::Route { methods: vec![http::Method::Get], ..route("/oauth") };
    let splice = contract::Splice { secret: "client-secret".to_owned(), placement: Placement::Query, name: "secret".to_owned() };
    let secret = contract::Route { splices: vec![splice], methods: vec![http::Method::Get], ..route("/with-secret") };
    let endpoints = with_routes(vec![login, secret]).unwrap();
    let pair = |name: &str, value: &str| http::Pair { name: name.to_owned(), value: value.to_owned() };
    let query = vec![pair("appId", "73"), pair("returnLink", "https://nobi.example/a b?x=1&y=đ")];
    let address = endpoints.url_of(&http::Request { query, ..request("/oauth", http::Method::Get) });
    assert_eq!(address.unwrap(), "https://a.example/oauth?appId=73&returnLink=https%3A%2F%2Fnobi.example%2Fa%20b%3Fx%3D1%26y%3D%C4%91");
    assert_eq!(endpoints.url_of(&request("/oauth", http::Method::Get)).unwrap(), "https://a.example/oauth");
    for bad in [
        request("/with-secret", http::Method::Get),
        request("/oauth", http::Method::Post),
        request("/nothing", http::Method::Get),
        http::Request { headers: vec![pair("x-a", "1")], ..request("/oauth", http::Method::Get) },
        http::Request { body: http::Body::Form(vec![]), ..request("/oauth", http::Method::Get) },
    ] {
        assert!(endpoints.url_of(&bad).is_err(), "{bad:?}");
    }
}
