//! A component that gives back what it gets, of any type, made inside the test. The value really goes through linear memory both ways.

use std::sync::Arc;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::{PlainError, call};
use crate::sandbox::{Program, Sandbox, SandboxConfig};

/// Parameters that do not fit 16 core values travel as a pointer to a tuple of them, and so does a result that does not fit one. With this
/// beside the value, both tuples have the same layout, and the core function is the identity.
const PADDING: &str = "tuple<u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8>";
const PADDING_VALUE: &str = "[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]";

const CORE: &str = r#"(module
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

/// A component from a core module in WAT and the WIT of its world `w`, which may use the contract's interfaces.
pub(crate) fn component(wit: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
    let package = resolve.push_str("test.wit", wit).unwrap_or_else(|error| panic!("{error:#}\n{wit}"));
    let world = resolve.select_world(&[package], Some("w")).unwrap();
    let mut module = wat::parse_str(core).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

/// A sandbox for tests: few slots, so that many may live at once.
pub(crate) fn sandbox() -> Arc<Sandbox> {
    Sandbox::new(SandboxConfig::with_slots(4)).unwrap()
}

/// `echo` for the type `ty`, which may use the definitions.
pub(crate) fn echo(sandbox: &Arc<Sandbox>, definitions: &str, ty: &str) -> Program {
    let wit = format!(
        "package test:echo;\n
         interface api {{\n{definitions}\necho: func(value: {ty}, padding: {PADDING}) -> tuple<{ty}, {PADDING}>; }}\n
         world w {{ export api; }}"
    );
    sandbox.load(&component(&wit, CORE)).unwrap()
}

/// What comes back for a value, as JSON text.
pub(crate) async fn echoed(program: &Program, value: &str) -> Result<String, PlainError> {
    let input = format!("{{\"value\": {value}, \"padding\": {PADDING_VALUE}}}");
    let output = call(program, "echo", &input, None).await?.output.to_string();
    let value = output.strip_prefix('[').and_then(|rest| rest.strip_suffix(&format!(",{}]", PADDING_VALUE.replace(' ', ""))));
    Ok(value.unwrap_or_else(|| panic!("{output}")).to_owned())
}
