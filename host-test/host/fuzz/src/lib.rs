//! What must hold for every input, whatever it is: each function takes any bytes and panics where a promise is broken. It says whether the
//! input was let through.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::sync::{Arc, OnceLock};

use connector_host::contract::{Endpoint, Route, http};
use connector_host::outbound::{Endpoints, Overrides};
use connector_host::plain;
use connector_host::sandbox::{Program, Sandbox, SandboxConfig};
use tokio::runtime::{Builder, Runtime};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A path that is let through has one spelling, and a URL parser reads it as the route table did.
pub fn path(data: &[u8]) -> bool {
    let Ok(path) = std::str::from_utf8(data) else { return false };
    static ENDPOINTS: OnceLock<Endpoints> = OnceLock::new();
    let endpoints = ENDPOINTS.get_or_init(|| {
        let route = |prefix: &str| Route {
            path_prefix: prefix.to_owned(),
            methods: vec![http::Method::Get],
            splices: Vec::new(),
            captures: Vec::new(),
            pace: None,
            cache_ms: None,
            writes: false,
        };
        let routes = vec![route("/api/order"), route("/v3.0")];
        let far = Endpoint { name: "far".to_owned(), origin: "https://far.example".to_owned(), routes };
        Endpoints::compile(&[far], &Overrides::default()).unwrap()
    });
    let request = |path: &str| http::Request {
        endpoint: "far".to_owned(),
        method: http::Method::Get,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: http::Body::None,
    };
    let Ok(target) = endpoints.route_of(&request(path)) else { return false };
    let canonical = target.path();
    assert!(
        ["/api/order", "/v3.0"]
            .iter()
            .any(|prefix| { canonical.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) })
    );
    let url = url::Url::parse(&format!("https://far.example{canonical}")).unwrap();
    assert_eq!((url.host_str(), url.path(), url.query(), url.fragment()), (Some("far.example"), canonical, None, None));
    assert_eq!(endpoints.route_of(&request(canonical)).unwrap().path(), canonical);
    assert_eq!(endpoints.url_of(&request(path)).unwrap(), url.as_str());
    true
}

fn sandbox() -> &'static Arc<Sandbox> {
    static SANDBOX: OnceLock<Arc<Sandbox>> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new(SandboxConfig::with_slots(2)).unwrap())
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap())
}

/// Any bytes are admitted or refused in one line; what is admitted answers or ends in an error of its own.
pub fn admission(data: &[u8]) -> bool {
    let _ = connector_host::inspect::inspect_bytes(data);
    let refused = match sandbox().judge(data) {
        Err(error) => error.to_string(),
        Ok(()) => match runtime().block_on(sandbox().admit(data)) {
            Err(error) => error.to_string(),
            Ok(connector) => {
                drop(runtime().block_on(connector.describe()));
                return true;
            }
        },
    };
    assert!(!refused.is_empty() && !refused.contains('\n') && !refused.contains("panic"), "{refused}");
    false
}

/// A call's arguments are read or refused; what came back goes in again, and comes back the same.
pub fn plain(data: &[u8]) -> bool {
    let Ok(input) = std::str::from_utf8(data) else { return false };
    let call = |input: &str| runtime().block_on(plain::call(echo(), "echo", input, None));
    let Ok(answer) = call(input) else { return false };
    let once = answer.output.to_string();
    let again = call(&format!("{{\"it\": {once}}}")).unwrap_or_else(|error| panic!("{error}: {once}"));
    assert_eq!(again.output.to_string(), once);
    true
}

/// A component that gives back what it gets, of a type that has a bit of everything. The record is larger than what travels in registers,
/// so that it goes in and out by its address, and the core function is the identity.
fn echo() -> &'static Program {
    static ECHO: OnceLock<Program> = OnceLock::new();
    ECHO.get_or_init(|| {
        let wit = "package test:echo;
            interface api {
                enum colour { red, dark-green }
                variant shape { none, round(f64), named(tuple<string, colour>) }
                flags rights { read, write }
                record thing {
                    a: bool, b: u8, c: s64, d: f32, e: char, f: string, g: list<u8>, h: list<option<s16>>, i: colour, j: shape,
                    k: result<u64, string>, l: option<option<u32>>, m: rights, n: tuple<s8, u16>,
                }
                echo: func(it: thing) -> thing;
            }
            world w { export api; }";
        let core = r#"(module
            (memory (export "memory") 32)
            (global $top (mut i32) (i32.const 16))
            (func (export "test:echo/api#echo") (param i32) (result i32) (local.get 0))
            (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.sub (i32.add (global.get $top) (local.get $align)) (i32.const 1))
                                        (i32.sub (i32.const 0) (local.get $align))))
                (global.set $top (i32.add (local.get $at) (local.get $size)))
                (if (i32.gt_u (global.get $top) (i32.const 2097152)) (then unreachable))
                (local.get $at)))"#;
        let mut resolve = Resolve::default();
        let package = resolve.push_str("echo.wit", wit).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        let mut module = wat::parse_str(core).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let bytes = ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap();
        sandbox().load(&bytes).unwrap()
    })
}
