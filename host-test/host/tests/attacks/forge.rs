//! Forges components of the contract's world: each export is code that the attack wrote, or an answer that lies ready in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use connector_host::contract::{Descriptor, http};
use serde_json::Value;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, SizeAlign, SourceMap, Type, TypeDefKind, UnresolvedPackageGroup, WorldId, WorldItem};

use crate::lower::Memory;
use crate::make;

/// Writes the code of one export: it leaves the address of the answer.
type Writer = Box<dyn Fn(&mut Scene<'_, '_>) -> String + Send>;

/// A component in the making. An export that nothing was said about traps.
pub(crate) struct Forge {
    pub(crate) descriptor: Descriptor,
    bodies: BTreeMap<&'static str, Writer>,
    /// Pages of memory to begin with.
    pub(crate) pages: u32,
    /// More fields of the core module.
    pub(crate) fields: String,
    /// More imports of the core module: they come before all else.
    pub(crate) imports: String,
    /// WIT packages that those imports are of, and the names that the world gets.
    pub(crate) wit: Vec<&'static str>,
    pub(crate) world_imports: Vec<&'static str>,
    /// A text of the contract that this component was made without, and what stood there instead.
    pub(crate) contract_change: Option<(&'static str, &'static str)>,
    /// The body of `cabi_realloc`; its parameters are `$old`, `$old-size`, `$align` and `$size`.
    pub(crate) realloc: &'static str,
}

/// What code can be written from: ready-made values, and the function whose answer it is.
pub(crate) struct Scene<'a, 'b> {
    memory: &'b mut Memory<'a>,
    resolve: &'a Resolve,
    result: Type,
}

const REALLOC: &str = "(local $at i32)
    (local.set $at (i32.and (i32.sub (i32.add (global.get $top) (local.get $align)) (i32.const 1)) (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))) (then unreachable))
    (local.get $at)";

impl Forge {
    pub(crate) fn new() -> Forge {
        Forge {
            descriptor: make::descriptor(),
            bodies: BTreeMap::new(),
            pages: 64,
            fields: String::new(),
            imports: String::new(),
            wit: Vec::new(),
            world_imports: Vec::new(),
            contract_change: None,
            realloc: REALLOC,
        }
    }

    /// This export is this code, in the text format.
    pub(crate) fn code(self, export: &'static str, code: impl Into<String>) -> Forge {
        let code = code.into();
        self.with(export, move |_| code.clone())
    }

    /// This export gives this answer, in the form that the bindings' `Serialize` writes.
    pub(crate) fn answer(self, export: &'static str, answer: Value) -> Forge {
        self.with(export, move |scene| format!("(i32.const {})", scene.answer(&answer)))
    }

    /// This export's code is written with values of its own.
    pub(crate) fn with(mut self, export: &'static str, writer: impl Fn(&mut Scene<'_, '_>) -> String + Send + 'static) -> Forge {
        self.bodies.insert(export, Box::new(writer));
        self
    }

    /// The component's bytes.
    pub(crate) fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let package = resolve.push_group(self.contract()).unwrap();
        for wit in &self.wit {
            resolve.push_str("more.wit", wit).unwrap();
        }
        let world = if self.world_imports.is_empty() {
            resolve.select_world(&[package], Some("plugin")).unwrap()
        } else {
            let imports: String = self.world_imports.iter().map(|name| format!("import {name};")).collect();
            let text = format!(
                "package test:greedy; world plugin {{ import nobi:connector/http@0.1.0; import nobi:connector/log@0.1.0; {imports}
                 export nobi:connector/connector@0.1.0; export nobi:connector/exchange@0.1.0; }}"
            );
            let package = resolve.push_str("greedy.wit", &text).unwrap();
            resolve.select_world(&[package], Some("plugin")).unwrap()
        };
        let wat = self.wat(&resolve, world);
        let mut module = wat::parse_str(&wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
    }

    fn contract(&self) -> UnresolvedPackageGroup {
        let mut sources = SourceMap::new();
        let mut changed = self.contract_change.is_none();
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap() {
            let path = entry.unwrap().path();
            let mut text = std::fs::read_to_string(&path).unwrap();
            if let Some((from, to)) = self.contract_change {
                changed |= text.contains(from);
                text = text.replace(from, to);
            }
            sources.push(&path, text);
        }
        assert!(changed, "the contract does not say {:?}", self.contract_change);
        sources.parse().map_err(|(_, error)| error).unwrap()
    }

    fn wat(&self, resolve: &Resolve, world: WorldId) -> String {
        let mut memory = Memory::new(resolve);
        let mut exports = String::new();
        for item in resolve.worlds[world].exports.values() {
            let WorldItem::Interface { id, .. } = item else { continue };
            let interface = resolve.id_of(*id).unwrap();
            for function in resolve.interfaces[*id].functions.values() {
                let params = resolve.wasm_signature(AbiVariant::GuestExport, function).params.iter().map(word).collect::<Vec<_>>();
                let code = self.body(function, resolve, &mut memory);
                let name = format!("{interface}#{}", function.name);
                writeln!(exports, "(func (export \"{name}\") (param {}) (result i32) {code})", params.join(" ")).unwrap();
            }
        }
        let data = memory.bytes().iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").unwrap();
            text
        });
        let top = memory.bytes().len().next_multiple_of(16);
        // By their full names, in the version that this contract has.
        let full = |name: &str| {
            let (id, _) = resolve.interfaces.iter().find(|(_, it)| it.name.as_deref() == Some(name)).unwrap();
            resolve.id_of(id).unwrap()
        };
        let (http, log) = (full("http"), full("log"));
        let Forge { pages, fields, imports, realloc, .. } = self;
        format!(
            r#"(module
            {imports}
            (import "{http}" "send"
                (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
            (import "{log}" "emit" (func $emit (param i32 i32 i32)))
            (memory (export "memory") {pages})
            (data (i32.const 0) "{data}")
            (global $top (mut i32) (i32.const {top}))
            (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32) {realloc})
            {fields}
            {exports})"#
        )
    }

    fn body<'a>(&self, function: &Function, resolve: &'a Resolve, memory: &mut Memory<'a>) -> String {
        let mut scene = Scene { memory, resolve, result: function.result.unwrap() };
        match self.bodies.get(function.name.as_str()) {
            Some(writer) => writer(&mut scene),
            None if function.name == "describe" => {
                let descriptor = serde_json::to_value(&self.descriptor).unwrap();
                format!("(i32.const {})", scene.answer(&descriptor))
            }
            None => "unreachable".to_owned(),
        }
    }
}

impl Scene<'_, '_> {
    /// The address of an answer of this function.
    pub(crate) fn answer(&mut self, answer: &Value) -> usize {
        let result = self.result;
        self.memory.value(&result, answer)
    }

    /// Bytes that a value of this type of `catalog` takes.
    pub(crate) fn size_of(&self, name: &str) -> usize {
        let (_, interface) = self.resolve.interfaces.iter().find(|(_, it)| it.name.as_deref() == Some("catalog")).unwrap();
        let mut sizes = SizeAlign::default();
        sizes.fill(self.resolve);
        sizes.size(&Type::Id(interface.types[name])).size_wasm32()
    }

    /// The address and the length of a text.
    pub(crate) fn text(&mut self, text: &str) -> (usize, usize) {
        self.memory.text(text)
    }

    /// Room for a reply, at this address. Large enough for what `send` gives back, and aligned for it.
    fn room(&mut self) -> usize {
        let at = self.memory.value(&Type::U64, &0.into());
        let (more, _) = self.memory.text(&"\0".repeat(64));
        assert_eq!(more, at + 8);
        at
    }

    /// Code that sends a request, and where the reply comes to lie.
    pub(crate) fn send(&mut self, request: &http::Request) -> (String, usize) {
        let path = self.text(&request.path);
        self.send_to(path, request)
    }

    /// The same with a path that lies at this address and is so long: the code may write it first.
    pub(crate) fn send_to(&mut self, (path, path_length): (usize, usize), request: &http::Request) -> (String, usize) {
        let (endpoint, endpoint_length) = self.text(&request.endpoint);
        let (query, headers) = (self.pairs(&request.query), self.pairs(&request.headers));
        let body = match &request.body {
            http::Body::None => "(i32.const 0) (i32.const 0) (i32.const 0)".to_owned(),
            http::Body::Form(fields) => format!("(i32.const 1) {}", self.pairs(fields)),
            http::Body::Json(text) => {
                let (at, length) = self.text(text);
                format!("(i32.const 2) (i32.const {at}) (i32.const {length})")
            }
        };
        let method = u8::from(request.method == http::Method::Post);
        let reply = self.room();
        let code = format!(
            "(call $send (i32.const {endpoint}) (i32.const {endpoint_length}) (i32.const {method}) (i32.const {path})
                (i32.const {path_length}) {query} {headers} {body} (i32.const {reply}))"
        );
        (code, reply)
    }

    /// Code that leaves the address and the length of a list of pairs.
    fn pairs(&mut self, pairs: &[http::Pair]) -> String {
        let (_, interface) = self.resolve.interfaces.iter().find(|(_, it)| it.name.as_deref() == Some("http")).unwrap();
        let TypeDefKind::Record(request) = &self.resolve.types[interface.types["request"]].kind else { panic!("it is a record") };
        let list = request.fields.iter().find(|field| field.name == "query").unwrap().ty;
        let at = self.memory.value(&list, &serde_json::to_value(pairs).unwrap());
        format!("(i32.load (i32.const {at})) (i32.load offset=4 (i32.const {at}))")
    }

    /// Code that sends a request, logs the body of its reply, and leaves one of six answers: a failure whose code says what came of it.
    pub(crate) fn ask(&mut self, request: &http::Request) -> String {
        let (send, reply) = self.send(request);
        let answers = ["answered", "denied", "locked", "not-sent", "no-answer", "too-large"].map(|code| {
            let failure = serde_json::json!({ "Err": {
                "class": "Rejected", "code": code, "message": make::words("x"), "subject": null, "field": null } });
            self.answer(&failure)
        });
        let choose = answers.iter().enumerate().fold("unreachable".to_owned(), |rest, (index, at)| {
            format!("(if (result i32) (i32.eq (local.get $came) (i32.const {index})) (then (i32.const {at})) (else {rest}))")
        });
        // A response begins at 4: status, content type, and the body's address and length at 16 and 20.
        format!(
            "(local $came i32) {send}
            (if (i32.load8_u (i32.const {reply}))
                (then (local.set $came (i32.add (i32.const 1) (i32.load8_u offset=4 (i32.const {reply})))))
                (else (call $emit (i32.const 1) (i32.load offset=20 (i32.const {reply})) (i32.load offset=24 (i32.const {reply})))))
            {choose}"
        )
    }
}

fn word(ty: &WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// A GET of this path at the descriptor's one endpoint.
pub(crate) fn get(path: &str) -> http::Request {
    http::Request {
        endpoint: "far".to_owned(),
        method: http::Method::Get,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: http::Body::None,
    }
}
