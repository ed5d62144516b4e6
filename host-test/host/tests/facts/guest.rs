//! A guest that does what the test says. It is a real component of the contract's world, made inside the test: each export holds its answer
//! ready-made in memory, or misbehaves. A guest has no state, so a second act is a second guest over the same store.
//!
//! The host is tested through such guests and not through a seam in its code: what a trap, a limit or an answer turns into is what the real
//! sandbox makes of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use connector_host::contract::types::Failure;
use connector_host::contract::{Descriptor, Page, PushOutcome, WebhookOutcome, http, types};
use serde::Serialize;
use serde_json::Value;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, WorldItem};

use crate::lower::Memory;

/// What an export does.
#[derive(Clone)]
pub(crate) enum Act {
    /// Answers.
    Give(Value),
    /// Sends a POST to this path of the endpoint `far`, then answers the first where a reply came and the second where none did.
    Ask(&'static str, Value, Value),
    /// Sends, then does this.
    AskThen(&'static str, Box<Act>),
    /// Traps.
    Trap,
    /// Never ends.
    Spin,
    /// Asks for memory until it gets no more, then traps.
    Swell,
    /// Calls itself without an end.
    Dive,
    /// Writes so many log lines, then traps.
    Shout(u32),
    /// The one where this text is anywhere in what the call is told, and else the other.
    When(&'static str, Box<Act>, Box<Act>),
}

/// The one where this text is anywhere in what the call is told, and else the other.
pub(crate) fn when(text: &'static str, one: Act, other: Act) -> Act {
    Act::When(text, Box::new(one), Box::new(other))
}

/// What an export answers.
pub(crate) fn give<T: Serialize>(answer: Result<T, Failure>) -> Act {
    Act::Give(serde_json::to_value(answer).unwrap())
}

/// A guest in the making.
#[derive(Clone)]
pub(crate) struct Guest {
    descriptor: Descriptor,
    acts: BTreeMap<&'static str, Act>,
}

impl Guest {
    pub(crate) fn new(descriptor: Descriptor) -> Guest {
        Guest { descriptor, acts: BTreeMap::new() }
    }

    /// Another descriptor.
    pub(crate) fn describes(&mut self, descriptor: Descriptor) {
        self.descriptor = descriptor;
    }

    /// What this export does; the others trap.
    pub(crate) fn on(mut self, export: &'static str, act: Act) -> Guest {
        self.acts.insert(export, act);
        self
    }

    /// What that is.
    pub(crate) fn acts(&self, export: &str) -> Act {
        self.acts[export].clone()
    }

    /// A pull of one request, whose reply means this page.
    pub(crate) fn pulls(self, page: Result<Page, Failure>) -> Guest {
        let request = http::Request {
            endpoint: "far".to_owned(),
            method: http::Method::Get,
            path: "/read/page".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: http::Body::None,
        };
        self.on("build-sync-request", give(Ok(request))).on("read-sync-response", give(page))
    }

    /// Every delivery means this.
    pub(crate) fn hears(self, outcome: Result<WebhookOutcome, Failure>) -> Guest {
        self.on("handle-webhook", give(outcome))
    }

    /// Every order event is a create with this own id; the push writes once and comes to this.
    pub(crate) fn pushes(self, own_id: &str, outcome: Result<PushOutcome, Failure>) -> Guest {
        let outcome = serde_json::to_value(outcome).unwrap();
        self.plans(own_id).on("push-order", Act::Ask("/write/order", outcome.clone(), outcome))
    }

    /// Every order event is a create with this own id.
    pub(crate) fn plans(self, own_id: &str) -> Guest {
        let request = http::Request {
            endpoint: "far".to_owned(),
            method: http::Method::Post,
            path: "/write/order".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: http::Body::None,
        };
        let plan = connector_host::contract::Plan { own_id: own_id.to_owned(), request, warnings: Vec::new() };
        self.on("map-order", give(Ok(connector_host::contract::OrderPlan::Create(plan))))
    }

    /// The component.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
        let world = resolve.select_world(&[package], Some("plugin")).unwrap();
        let mut module = wat::parse_str(self.wat(&resolve, world)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }

    fn wat(&self, resolve: &Resolve, world: wit_parser::WorldId) -> String {
        let mut memory = Memory::new(resolve);
        let mut exports = String::new();
        for item in resolve.worlds[world].exports.values() {
            let WorldItem::Interface { id, .. } = item else { continue };
            let interface = resolve.id_of(*id).unwrap();
            for function in resolve.interfaces[*id].functions.values() {
                let params = resolve.wasm_signature(AbiVariant::GuestExport, function).params.iter().map(word).collect::<Vec<_>>();
                let body = self.body(function, &mut memory);
                let name = format!("{interface}#{}", function.name);
                writeln!(exports, "(func (export \"{name}\") (param {}) (result i32) {body})", params.join(" ")).unwrap();
            }
        }
        let data = memory.bytes().iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").unwrap();
            text
        });
        let top = memory.bytes().len().next_multiple_of(16);
        format!(
            r#"(module
            (import "nobi:connector/http@0.1.0" "send"
                (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
            (import "nobi:connector/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
            (memory (export "memory") 64)
            (data (i32.const 0) "{data}")
            (global $top (mut i32) (i32.const {top}))
            (func $dive (param i32) (result i32) (i32.add (i32.const 1) (call $dive (local.get 0))))
            (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.sub (i32.add (global.get $top) (local.get $align)) (i32.const 1))
                                        (i32.sub (i32.const 0) (local.get $align))))
                (global.set $top (i32.add (local.get $at) (local.get $size)))
                (if (i32.gt_u (global.get $top) (i32.const 4194304)) (then unreachable))
                (local.get $at))
            ;; Whether this text is in what the call was given: all that lies above the guest's own memory.
            (func $told (param $text i32) (param $length i32) (result i32)
                (local $at i32) (local $index i32)
                (local.set $at (i32.const {top}))
                (loop $next
                    (if (i32.gt_u (i32.add (local.get $at) (local.get $length)) (global.get $top)) (then (return (i32.const 0))))
                    (local.set $index (i32.const 0))
                    (block $differs
                        (loop $same
                            (if (i32.eq (local.get $index) (local.get $length)) (then (return (i32.const 1))))
                            (br_if $differs (i32.ne (i32.load8_u (i32.add (local.get $at) (local.get $index)))
                                                    (i32.load8_u (i32.add (local.get $text) (local.get $index)))))
                            (local.set $index (i32.add (local.get $index) (i32.const 1)))
                            (br $same)))
                    (local.set $at (i32.add (local.get $at) (i32.const 1)))
                    (br $next))
                unreachable)
            {exports})"#
        )
    }

    fn body(&self, function: &Function, memory: &mut Memory<'_>) -> String {
        let result = function.result.unwrap();
        if function.name == "describe" {
            let at = memory.value(&result, &serde_json::to_value(&self.descriptor).unwrap());
            return format!("(i32.const {at})");
        }
        act(self.acts.get(function.name.as_str()).unwrap_or(&Act::Trap), &result, memory)
    }
}

fn act(act: &Act, result: &wit_parser::Type, memory: &mut Memory<'_>) -> String {
    match act {
        Act::When(text, one, other) => {
            let (at, length) = memory.text(text);
            let (one, other) = (self::act(one, result, memory), self::act(other, result, memory));
            format!("(if (result i32) (call $told (i32.const {at}) (i32.const {length})) (then {one}) (else {other}))")
        }
        Act::Give(answer) => format!("(i32.const {})", memory.value(result, answer)),
        Act::Ask(path, answered, unanswered) => {
            let (send, reply) = send(path, memory);
            let (answered, unanswered) = (memory.value(result, answered), memory.value(result, unanswered));
            format!("{send} (select (i32.const {answered}) (i32.const {unanswered}) (i32.eqz (i32.load8_u (i32.const {reply}))))")
        }
        Act::AskThen(path, then) => {
            let send = send(path, memory).0;
            format!("{send} {}", self::act(then, result, memory))
        }
        Act::Trap => "unreachable".to_owned(),
        Act::Spin => "(loop (br 0)) unreachable".to_owned(),
        Act::Swell => "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable".to_owned(),
        Act::Dive => "(call $dive (i32.const 0))".to_owned(),
        Act::Shout(lines) => {
            let (text, length) = memory.text("hear me");
            let emit = format!("(call $emit (i32.const 1) (i32.const {text}) (i32.const {length}))");
            format!("{} unreachable", emit.repeat(*lines as usize))
        }
    }
}

/// The call that sends an empty POST, and where its reply comes to lie.
fn send(path: &str, memory: &mut Memory<'_>) -> (String, usize) {
    let (endpoint, endpoint_length) = memory.text("far");
    let (path, path_length) = memory.text(path);
    let reply = memory.value(&wit_parser::Type::U64, &0.into());
    let room = memory.text(&" ".repeat(64)).0;
    assert_eq!(room, reply + 8);
    let values = [endpoint, endpoint_length, 1, path, path_length, 0, 0, 0, 0, 0, 0, 0, reply];
    let values: Vec<String> = values.iter().map(|value| format!("(i32.const {value})")).collect();
    (format!("(call $send {})", values.join(" ")), reply)
}

fn word(ty: &WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// A failure of this class.
pub(crate) fn failure(class: types::FailureClass) -> Failure {
    Failure { class, code: "test.failure".to_owned(), message: crate::make::words("it <did not> work"), subject: None, field: None }
}
