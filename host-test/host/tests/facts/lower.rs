//! Lays a value of the contract out in linear memory, as the canonical ABI does, so that a guest can hold its answers ready-made.
//!
//! The value comes in the form that the bindings' derived `Serialize` writes: `snake_case` fields, `UpperCamelCase` cases.

use serde_json::Value;
use wit_parser::{Int, Resolve, SizeAlign, Type, TypeDefKind};

/// The first bytes of a guest's memory.
pub(crate) struct Memory<'a> {
    resolve: &'a Resolve,
    sizes: SizeAlign,
    bytes: Vec<u8>,
}

fn camel(kebab: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    kebab.split('-').map(word).collect()
}

impl<'a> Memory<'a> {
    pub(crate) fn new(resolve: &'a Resolve) -> Memory<'a> {
        let mut sizes = SizeAlign::default();
        sizes.fill(resolve);
        // Nothing lies at 0: a pointer there would look like none.
        Memory { resolve, sizes, bytes: vec![0; 64] }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Puts a text somewhere: its address and its length.
    pub(crate) fn text(&mut self, text: &str) -> (usize, usize) {
        let at = self.room(1, text.len());
        self.bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
        (at, text.len())
    }

    /// Puts a value somewhere: its address.
    pub(crate) fn value(&mut self, ty: &Type, value: &Value) -> usize {
        let at = self.room(self.sizes.align(ty).align_wasm32(), self.sizes.size(ty).size_wasm32());
        self.write(at, ty, value);
        at
    }

    fn room(&mut self, align: usize, size: usize) -> usize {
        let at = self.bytes.len().next_multiple_of(align);
        self.bytes.resize(at + size, 0);
        at
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn write(&mut self, at: usize, ty: &Type, value: &Value) {
        let integer = || value.as_i64().unwrap_or_else(|| panic!("{value} is no integer"));
        let unsigned = || value.as_u64().unwrap_or_else(|| panic!("{value} is no natural number"));
        match ty {
            Type::Bool => self.put(at, &[u8::from(value.as_bool().unwrap())]),
            Type::U8 => self.put(at, &unsigned().to_le_bytes()[..1]),
            Type::U16 => self.put(at, &unsigned().to_le_bytes()[..2]),
            Type::U32 => self.put(at, &unsigned().to_le_bytes()[..4]),
            Type::U64 => self.put(at, &unsigned().to_le_bytes()),
            Type::S32 => self.put(at, &integer().to_le_bytes()[..4]),
            Type::S64 => self.put(at, &integer().to_le_bytes()),
            Type::String => {
                let (text, length) = self.text(value.as_str().unwrap_or_else(|| panic!("{value} is no text")));
                self.put(at, &[(text as u32).to_le_bytes(), (length as u32).to_le_bytes()].concat());
            }
            Type::Id(id) => self.defined(at, &self.resolve.types[*id].kind, value),
            other => panic!("the contract has no {other:?}"),
        }
    }

    fn defined(&mut self, at: usize, kind: &'a TypeDefKind, value: &Value) {
        match kind {
            TypeDefKind::Type(ty) => self.write(at, ty, value),
            TypeDefKind::Record(record) => {
                let offsets = self.sizes.field_offsets(record.fields.iter().map(|field| &field.ty));
                for (field, (offset, ty)) in record.fields.iter().zip(offsets) {
                    let name = field.name.replace('-', "_");
                    let told = value.get(&name).unwrap_or_else(|| panic!("{name} is not in {value}"));
                    self.write(at + offset.size_wasm32(), ty, told);
                }
            }
            TypeDefKind::List(element) => {
                let items = value.as_array().unwrap();
                let size = self.sizes.size(element).size_wasm32();
                let start = self.room(self.sizes.align(element).align_wasm32(), size * items.len());
                for (index, item) in items.iter().enumerate() {
                    self.write(start + index * size, element, item);
                }
                self.put(at, &[(start as u32).to_le_bytes(), (items.len() as u32).to_le_bytes()].concat());
            }
            TypeDefKind::Option(inner) => {
                let case = usize::from(!value.is_null());
                self.case(at, case, vec![None, Some(inner)], value);
            }
            TypeDefKind::Result(result) => {
                let (case, payload) = match value.get("Ok") {
                    Some(payload) => (0, payload),
                    None => (1, &value["Err"]),
                };
                self.case(at, case, vec![result.ok.as_ref(), result.err.as_ref()], payload);
            }
            TypeDefKind::Enum(cases) => {
                let case = cases.cases.iter().position(|case| value.as_str() == Some(camel(&case.name).as_str()));
                self.put(at, &[case.unwrap_or_else(|| panic!("no case {value}")) as u8]);
            }
            TypeDefKind::Variant(variant) => {
                let told = value.as_str().or_else(|| value.as_object()?.keys().next().map(String::as_str)).unwrap();
                let case = variant.cases.iter().position(|case| camel(&case.name) == told).unwrap_or_else(|| panic!("no case {told}"));
                let payload = value.get(told).unwrap_or(&Value::Null);
                self.case(at, case, variant.cases.iter().map(|case| case.ty.as_ref()).collect(), payload);
            }
            other => panic!("the contract has no {}", other.as_str()),
        }
    }

    fn case(&mut self, at: usize, case: usize, payloads: Vec<Option<&'a Type>>, payload: &Value) {
        self.put(at, &[case as u8]);
        let offset = self.sizes.payload_offset(Int::U8, payloads.iter().copied()).size_wasm32();
        if let Some(ty) = payloads[case] {
            self.write(at + offset, ty, payload);
        }
    }
}
