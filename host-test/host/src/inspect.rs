//! Says what a component is, from its bytes alone and from its own `describe`. Never judges: whether it is admitted the sandbox is asked.

mod package_circle;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId, WorldItem};

use crate::plain::{self, PlainError, PlainValue};
use crate::sandbox::{Sandbox, one_line};

/// Why a file cannot be inspected. Another file helps, a retry does not.
#[derive(Debug, Error)]
pub enum InspectError {
    /// Not WebAssembly, or not readable as such.
    #[error("not a WebAssembly component: {0}")]
    Unreadable(String),
    /// A core module, or a WIT package in binary form.
    #[error("not a WebAssembly component but {0}")]
    NotAComponent(&'static str),
}

/// What a component is. As JSON its names are kebab-case, and an absent descriptor is `null`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// Size in bytes.
    pub size: usize,
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    pub digest: String,
    /// What it needs from a host.
    pub imports: Vec<Item>,
    /// What a host can call.
    pub exports: Vec<Item>,
    /// Why this host would not run it as a connector, as far as its bytes tell. Absent where it would, and where nobody was asked.
    pub refused: Option<String>,
    /// What its `describe` answers. Absent where it has none, or where it failed.
    pub descriptor: Option<PlainValue>,
    /// Why there is no descriptor, where it should be one.
    pub descriptor_error: Option<String>,
}

/// One import or export of a component's world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The full name: `nobi:connector/http@0.1.0`.
    pub name: String,
    /// Its functions. None: it brings types only, and nothing can be called through it.
    pub functions: Vec<Signature>,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// Its name.
    pub name: String,
    /// Its type in WIT: `func(request: request) -> result<response, error>`.
    #[serde(rename = "type")]
    pub ty: String,
}

/// Reads a component's world from its bytes, and asks it for its descriptor if it has one to give.
pub async fn inspect(sandbox: &Arc<Sandbox>, bytes: &[u8]) -> Result<Inspection, InspectError> {
    let mut inspection = inspect_bytes(bytes)?;
    inspection.refused = sandbox.judge(bytes).err().map(|error| error.to_string());
    let describes = inspection.exports.iter().flat_map(|item| &item.functions).any(|function| function.name == "describe");
    if describes {
        match describe(sandbox, bytes).await {
            Ok(descriptor) => inspection.descriptor = Some(descriptor),
            Err(error) => inspection.descriptor_error = Some(error.to_string()),
        }
    }
    Ok(inspection)
}

async fn describe(sandbox: &Arc<Sandbox>, bytes: &[u8]) -> Result<PlainValue, PlainError> {
    Ok(plain::call(&sandbox.load(bytes)?, "describe", "{}", None).await?.output)
}

/// Reads a component's world from its bytes and runs nothing: there is no descriptor.
pub fn inspect_bytes(bytes: &[u8]) -> Result<Inspection, InspectError> {
    if bytes.starts_with(b"\0asm\x01\0\0\0") {
        return Err(InspectError::NotAComponent("a core module"));
    }
    if let Some(flaw) = package_circle::flaw(bytes) {
        return Err(InspectError::Unreadable(flaw.to_owned()));
    }
    let decoded = decode(bytes).map_err(|error| InspectError::Unreadable(one_line(&format!("{error:#}"), 300)))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(InspectError::NotAComponent("a WIT package"));
    };
    let world = resolve.worlds.get(world).ok_or(InspectError::NotAComponent("a file without a world"))?;
    let items = |side: &wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>| {
        side.iter().map(|(key, item)| read_item(&resolve, resolve.name_world_key(key), item)).collect()
    };
    Ok(Inspection {
        size: bytes.len(),
        digest: data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)),
        imports: items(&world.imports),
        exports: items(&world.exports),
        refused: None,
        descriptor: None,
        descriptor_error: None,
    })
}

fn read_item(resolve: &Resolve, name: String, item: &WorldItem) -> Item {
    let functions = match item {
        WorldItem::Interface { id, .. } => {
            let functions = resolve.interfaces.get(*id).map(|interface| interface.functions.values());
            functions.into_iter().flatten().map(|function| signature(resolve, function)).collect()
        }
        WorldItem::Function(function) => vec![signature(resolve, function)],
        WorldItem::Type { .. } => Vec::new(),
    };
    Item { name, functions }
}

fn signature(resolve: &Resolve, function: &Function) -> Signature {
    let params: Vec<String> = function.params.iter().map(|param| format!("{}: {}", param.name, type_name(resolve, &param.ty))).collect();
    let result = function.result.as_ref().map(|ty| format!(" -> {}", type_name(resolve, ty))).unwrap_or_default();
    Signature { name: function.name.clone(), ty: format!("func({}){result}", params.join(", ")) }
}

/// A type as WIT writes it where it is used: by its name, if it has one.
fn type_name(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U16 => "u16".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::S8 => "s8".to_owned(),
        Type::S16 => "s16".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::S64 => "s64".to_owned(),
        Type::F32 => "f32".to_owned(),
        Type::F64 => "f64".to_owned(),
        Type::Char => "char".to_owned(),
        Type::String => "string".to_owned(),
        Type::ErrorContext => "error-context".to_owned(),
        Type::Id(id) => defined_name(resolve, *id),
    }
}

fn defined_name(resolve: &Resolve, id: TypeId) -> String {
    let Some(definition) = resolve.types.get(id) else { return "unknown".to_owned() };
    if let Some(name) = &definition.name {
        return name.clone();
    }
    let name = |ty: &Type| type_name(resolve, ty);
    let optional = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "_".to_owned(), name);
    match &definition.kind {
        TypeDefKind::List(inner) => format!("list<{}>", name(inner)),
        TypeDefKind::Option(inner) => format!("option<{}>", name(inner)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(name).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Type(inner) => name(inner),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", name(ok)),
            (ok, err) => format!("result<{}, {}>", optional(ok), optional(err)),
        },
        other => other.as_str().to_owned(),
    }
}

/// As text for a person: one line a fact, functions under their interface.
impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "size     {} bytes ({:.1} KiB)", self.size, self.size as f64 / 1024.0)?;
        writeln!(f, "sha-256  {}", self.digest)?;
        for (title, items) in [("imports", &self.imports), ("exports", &self.exports)] {
            writeln!(f, "{title}{}", if items.is_empty() { "  nothing" } else { "" })?;
            for item in items {
                writeln!(f, "  {}{}", item.name, if item.functions.is_empty() { "  (types only)" } else { "" })?;
                for function in &item.functions {
                    writeln!(f, "    {}: {}", function.name, function.ty)?;
                }
            }
        }
        if let Some(reason) = &self.refused {
            writeln!(f, "refused  {reason}")?;
        }
        match (&self.descriptor, &self.descriptor_error) {
            (Some(descriptor), _) => write!(f, "descriptor\n{descriptor:#}"),
            (None, Some(error)) => write!(f, "descriptor  none: {error}"),
            (None, None) => write!(f, "descriptor  none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::testing::{component, sandbox};

    const WIT: &str = "package test:seen@0.3.0;
        interface types { record pair { name: string, value: string } }
        interface api {
            use types.{pair};
            describe: func() -> u8;
            look: func(at: pair, all: list<tuple<pair, option<u8>>>) -> result<_, string>;
        }
        world w { export api; }";
    const CORE: &str = r#"(module (memory (export "memory") 1)
        (func (export "test:seen/api@0.3.0#describe") (result i32) i32.const 7)
        (func (export "test:seen/api@0.3.0#look") (param i32 i32 i32 i32 i32 i32) (result i32) unreachable)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))"#;

    #[tokio::test]
    async fn a_component_is_read_and_asked() {
        let bytes = component(WIT, CORE);
        let seen = inspect(&sandbox(), &bytes).await.unwrap();
        assert_eq!(seen.size, bytes.len());
        assert_eq!(seen.digest.len(), 64);
        assert_eq!(seen.imports, [Item { name: "test:seen/types@0.3.0".to_owned(), functions: Vec::new() }]);
        let look = "func(at: pair, all: list<tuple<pair, option<u8>>>) -> result<_, string>";
        assert_eq!(seen.exports[0].functions[1], Signature { name: "look".to_owned(), ty: look.to_owned() });
        let json = serde_json::to_value(&seen).unwrap();
        assert_eq!(json["descriptor"], 7);
        assert_eq!(json["descriptor-error"], serde_json::Value::Null);
        // A component of another world: it can be looked at and called, and is no connector.
        assert!(seen.refused.as_ref().unwrap().contains("the import `test:seen/types@0.3.0`: the contract has no such import"));
        assert_eq!(json["exports"][0]["functions"][0]["type"], "func() -> u8");
        let text = seen.to_string();
        assert!(text.contains("  test:seen/types@0.3.0  (types only)\n") && text.contains("\nrefused  the component"), "{text}");
        assert!(text.ends_with("descriptor\n7"), "{text}");
    }

    #[tokio::test]
    async fn a_descriptor_that_cannot_be_had_is_told() {
        let core = CORE.replace("i32.const 7", "unreachable");
        let seen = inspect(&sandbox(), &component(WIT, &core)).await.unwrap();
        assert!(seen.descriptor.is_none());
        assert!(seen.descriptor_error.unwrap().starts_with("the connector stopped: "));
    }

    #[test]
    fn what_is_no_component_is_named() {
        assert_eq!(
            inspect_bytes(&wat::parse_str("(module)").unwrap()).unwrap_err().to_string(),
            "not a WebAssembly component but a core module"
        );
        assert!(inspect_bytes(b"hello").unwrap_err().to_string().starts_with("not a WebAssembly component: "));
    }
}
