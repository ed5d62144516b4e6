//! Facts about what the engine's guests may use: everything else that a toolchain could write is refused, and the error says where.

use super::super::{World, judge};
use crate::sandbox::{AdmissionError, SandboxConfig};

/// What is said of a component with this core module.
fn told(module: &str) -> Result<(), AdmissionError> {
    let text = format!("(component (core module {module}))");
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    judge(&bytes, &SandboxConfig::default(), World::Any)
}

#[test]
fn what_the_engine_is_built_for_is_admitted() {
    for module in [
        "(func (result f64) (f64.sqrt (f64.const 2)))",
        "(global (mut i32) (i32.const 0))",
        "(func (param f32) (result i32) (i32.trunc_sat_f32_u (local.get 0)))",
        "(func (param i32) (result i32) (i32.extend8_s (local.get 0)))",
        "(table 1 funcref) (func (result funcref) (table.get 0 (i32.const 0)))",
        "(func (result i32 i32) (i32.const 1) (i32.const 2))",
        "(memory 1) (func (memory.copy (i32.const 0) (i32.const 1) (i32.const 2)))",
        "(func (result v128) (i32x4.splat (i32.const 1)))",
        "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
    ] {
        told(module).unwrap_or_else(|error| panic!("{module}: {error}"));
    }
}

#[test]
fn what_nobody_guards_is_refused_with_its_place() {
    let mut missed = Vec::new();
    for (what, module, word) in [
        ("a tail call", "(func $f (return_call $f))", "tail calls"),
        ("a tail call through a table", "(table 1 funcref) (func (return_call_indirect (i32.const 0)))", "tail calls"),
        ("relaxed SIMD", "(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))", "relaxed SIMD"),
        ("a struct", "(type (struct (field i32)))", "gc"),
        ("an array", "(type (array i32))", "gc"),
        ("a reference to the outside", "(table 1 externref)", "gc"),
        ("a reference to nothing but", "(func (param i31ref))", "gc"),
        ("a typed reference", "(type $t (func)) (func (param (ref $t)))", "function references"),
        ("a type that names itself", "(rec (type (func)) (type (func)))", "gc"),
        ("an atomic", "(memory 1) (func (result i32) (i32.atomic.load (i32.const 0)))", "threads"),
        ("a fence", "(func (atomic.fence))", "threads"),
        ("a shared memory", "(memory 1 1 shared)", "a shared memory"),
        (
            "wide arithmetic",
            "(func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))",
            "wide arithmetic",
        ),
        ("pages of another size", "(memory 1 (pagesize 1))", "pages of its own size"),
        ("a 64-bit memory", "(memory i64 1)", "a 64-bit memory"),
        ("a second memory", "(memory 1) (memory 1)", "two memories"),
        ("a tag", "(tag)", "exceptions"),
        ("a throw", "(func (param exnref) (throw_ref (local.get 0)))", "exception"),
        ("a try", "(func (try_table))", "exception"),
        ("an old try", "(func try nop catch_all nop end)", "exception"),
        ("a continuation", "(type $f (func)) (type (cont $f))", "stack switching"),
    ] {
        let error = told(module).expect_err(what);
        let at = match &error {
            AdmissionError::Invalid(flaw) | AdmissionError::Forbidden(flaw) => flaw.at,
            other => panic!("{what}: {other}"),
        };
        let text = error.to_string();
        if !text.contains(word) || at <= 8 {
            missed.push(format!("{what}: {text}"));
        }
    }
    assert_eq!(missed, [""; 0]);
}
