//! Facts about a call by name: how its function is found, what its guest can reach, how it ends.

use std::sync::Arc;

use async_trait::async_trait;

use super::testing::{component, sandbox};
use super::{PlainError, call};
use crate::contract::http;
use crate::sandbox::{AdmissionError, CallError, Courier, Limit};

#[tokio::test]
async fn a_function_is_found_by_any_name_that_means_one() {
    let wit = "package test:names@1.2.0;
        interface a { one: func() -> u8; both: func() -> u8; }
        interface b { both: func() -> u8; }
        world w { export a; export b; export bare: func(); }";
    let core = r#"(module (memory (export "memory") 1)
        (func (export "test:names/a@1.2.0#one") (result i32) i32.const 1)
        (func (export "test:names/a@1.2.0#both") (result i32) i32.const 2)
        (func (export "test:names/b@1.2.0#both") (result i32) i32.const 3)
        (func (export "bare")))"#;
    let program = sandbox().load(&component(wit, core)).unwrap();
    let cases = [
        ("one", "1"),
        ("a/both", "2"),
        ("test:names/b/both", "3"),
        ("test:names/b@1.2.0/both", "3"),
        ("test:names/b@1.2.0#both", "3"),
        ("bare", "null"),
    ];
    for (name, expected) in cases {
        assert_eq!(call(&program, name, "{}", None).await.unwrap().output.to_string(), expected, "{name}");
    }
    let error = call(&program, "both", "{}", None).await.unwrap_err();
    let expected = "more than one interface exports both; say which: test:names/a@1.2.0/both, test:names/b@1.2.0/both";
    assert_eq!(error.to_string(), expected);
    let error = call(&program, "b/one", "{}", None).await.unwrap_err();
    assert!(error.to_string().starts_with("the component exports no function b/one; it exports "), "{error}");
}

#[tokio::test]
async fn a_trap_and_a_limit_are_errors() {
    let wit = "package test:ends; world w { export trap: func(); export spin: func(); }";
    let core = r#"(module (func (export "trap") unreachable) (func (export "spin") (loop (br 0))))"#;
    let program = sandbox().load(&component(wit, core)).unwrap();
    let trap = call(&program, "trap", "{}", None).await.unwrap_err();
    assert!(matches!(&trap, PlainError::Call { error: CallError::Trap(_), .. }), "{trap:?}");
    assert!(!trap.is_wrong_input());
    let spin = call(&program, "spin", "{}", None).await.unwrap_err();
    assert!(matches!(&spin, PlainError::Call { error: CallError::Limit(Limit::Fuel), usage, .. } if usage.fuel > 0), "{spin:?}");
}

#[tokio::test]
async fn resources_have_no_plain_form() {
    let wit = "package test:things; interface api { resource thing; make: func() -> list<thing>; } world w { export api; }";
    let core = r#"(module (memory (export "memory") 1)
        (func (export "test:things/api#make") (result i32) i32.const 0))"#;
    let program = sandbox().load(&component(wit, core)).unwrap();
    let error = call(&program, "make", "{}", None).await.unwrap_err();
    assert_eq!(error.to_string(), "test:things/api/make uses resources, which JSON cannot hold");
}

/// Sends an empty request; answers 10 times the case of the result plus the case of the error. Logs one line on the way.
const PROBE_WIT: &str = "package test:probe;
    world w { import nobi:connector/http@0.1.0; import nobi:connector/log@0.1.0; export probe: func() -> u8; }";
const PROBE_CORE: &str = r#"(module
    (import "nobi:connector/http@0.1.0" "send"
        (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "nobi:connector/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "probed")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "probe") (result i32)
        (call $emit (i32.const 1) (i32.const 8) (i32.const 6))
        (call $send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))
        (i32.add (i32.mul (i32.load8_u (i32.const 64)) (i32.const 10)) (i32.load8_u (i32.const 68)))))"#;

struct NoAnswer;

#[async_trait]
impl Courier for NoAnswer {
    async fn send(&self, _request: http::Request) -> Result<http::Response, http::Error> {
        Err(http::Error::NoAnswer(String::new()))
    }
}

#[tokio::test]
async fn without_a_courier_a_request_is_denied_and_with_one_it_is_carried() {
    let program = sandbox().load(&component(PROBE_WIT, PROBE_CORE)).unwrap();
    let alone = call(&program, "probe", "{}", None).await.unwrap();
    assert_eq!(alone.output.to_string(), "10");
    assert_eq!(alone.usage.http_calls, 0);
    assert_eq!(alone.logs[0].text, "probed");
    let carried = call(&program, "probe", "{}", Some(Arc::new(NoAnswer))).await.unwrap();
    assert_eq!(carried.output.to_string(), "13");
    assert_eq!(carried.usage.http_calls, 1);
}

#[test]
fn an_import_beside_the_two_of_the_contract_is_refused() {
    let wit = "package test:asks; interface clock { now: func() -> u64; } world w { import clock; }";
    let core = r#"(module (import "test:asks/clock" "now" (func (result i64))))"#;
    let error = sandbox().load(&component(wit, core)).err().unwrap();
    assert!(matches!(&error, AdmissionError::World(misfit) if misfit.name.contains("test:asks/clock")), "{error}");
}
