//! Component values as JSON, streamed in WIT's order. Never fails for a type that [`representable`] passed.

use std::fmt;

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use wasmtime::component::{Type, Val};

use super::bytes::{self, Written};
use super::is_byte;

/// A result as plain JSON: serialize it, or print it with `{}` (one line) or `{:#}` (indented). Every field is there, in WIT's order.
#[derive(Clone, Debug)]
pub struct PlainValue(Option<(Type, Val)>);

impl PlainValue {
    /// A value of a type; without both it is `null`.
    pub(super) fn new(ty: Option<Type>, value: Option<Val>) -> PlainValue {
        PlainValue(ty.zip(value))
    }
}

impl Serialize for PlainValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some((ty, value)) => Plain { ty, value }.serialize(serializer),
            None => serializer.serialize_unit(),
        }
    }
}

impl fmt::Display for PlainValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if f.alternate() { serde_json::to_string_pretty(self) } else { serde_json::to_string(self) };
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

/// Whether values of this type have a plain form; else what has none, in the plural.
pub(super) fn representable(ty: &Type) -> Result<(), &'static str> {
    match ty {
        Type::Bool | Type::S8 | Type::U8 | Type::S16 | Type::U16 | Type::S32 | Type::U32 | Type::S64 | Type::U64 => Ok(()),
        Type::Float32 | Type::Float64 | Type::Char | Type::String | Type::Enum(_) | Type::Flags(_) => Ok(()),
        Type::List(list) => representable(&list.ty()),
        Type::FixedLengthList(list) => representable(&list.ty()),
        Type::Option(option) => representable(&option.ty()),
        Type::Record(record) => record.fields().try_for_each(|field| representable(&field.ty)),
        Type::Tuple(tuple) => tuple.types().try_for_each(|ty| representable(&ty)),
        Type::Variant(variant) => variant.cases().filter_map(|case| case.ty).try_for_each(|ty| representable(&ty)),
        Type::Result(result) => result.ok().iter().chain(&result.err()).try_for_each(representable),
        Type::Map(_) => Err("maps"),
        Type::Own(_) | Type::Borrow(_) => Err("resources"),
        Type::Future(_) => Err("futures"),
        Type::Stream(_) => Err("streams"),
        Type::ErrorContext => Err("error contexts"),
    }
}

/// A value beside its type, which tells `list<u8>` from an empty list and one kind of nothing from the other.
struct Plain<'a> {
    ty: &'a Type,
    value: &'a Val,
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.ty, self.value) {
            (_, Val::Bool(value)) => serializer.serialize_bool(*value),
            (_, Val::S8(value)) => serializer.serialize_i8(*value),
            (_, Val::U8(value)) => serializer.serialize_u8(*value),
            (_, Val::S16(value)) => serializer.serialize_i16(*value),
            (_, Val::U16(value)) => serializer.serialize_u16(*value),
            (_, Val::S32(value)) => serializer.serialize_i32(*value),
            (_, Val::U32(value)) => serializer.serialize_u32(*value),
            (_, Val::S64(value)) => serializer.serialize_i64(*value),
            (_, Val::U64(value)) => serializer.serialize_u64(*value),
            (_, Val::Float32(value)) if value.is_finite() => serializer.serialize_f32(*value),
            (_, Val::Float32(value)) => serializer.serialize_str(unbounded(f64::from(*value))),
            (_, Val::Float64(value)) if value.is_finite() => serializer.serialize_f64(*value),
            (_, Val::Float64(value)) => serializer.serialize_str(unbounded(*value)),
            (_, Val::Char(value)) => serializer.serialize_char(*value),
            (_, Val::String(value)) => serializer.serialize_str(value),
            (_, Val::Enum(case)) => serializer.serialize_str(case),
            (_, Val::Flags(names)) => names.serialize(serializer),
            (Type::List(list), Val::List(items)) if is_byte(&list.ty()) => byte_list(items, serializer),
            (Type::List(list), Val::List(items)) => sequence(items, std::iter::repeat(list.ty()), serializer),
            (Type::FixedLengthList(list), Val::FixedLengthList(items)) => sequence(items, std::iter::repeat(list.ty()), serializer),
            (Type::Tuple(tuple), Val::Tuple(items)) => sequence(items, tuple.types(), serializer),
            (Type::Record(record), Val::Record(fields)) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (field, (name, value)) in record.fields().zip(fields) {
                    map.serialize_entry(name, &Plain { ty: &field.ty, value })?;
                }
                map.end()
            }
            (Type::Variant(variant), Val::Variant(name, payload)) => {
                let ty = variant.cases().find(|case| case.name == name).and_then(|case| case.ty);
                match (ty, payload) {
                    (Some(ty), Some(value)) => keyed(name, Some(&Plain { ty: &ty, value }), serializer),
                    _ => serializer.serialize_str(name),
                }
            }
            (Type::Option(_), Val::Option(None)) => serializer.serialize_unit(),
            (Type::Option(option), Val::Option(Some(value))) => match option.ty() {
                inner @ Type::Option(_) => keyed("some", Some(&Plain { ty: &inner, value }), serializer),
                inner => Plain { ty: &inner, value }.serialize(serializer),
            },
            (Type::Result(result), Val::Result(value)) => {
                let (name, ty, payload) = match value {
                    Ok(payload) => ("ok", result.ok(), payload),
                    Err(payload) => ("err", result.err(), payload),
                };
                let payload = ty.as_ref().zip(payload.as_deref()).map(|(ty, value)| Plain { ty, value });
                keyed(name, payload.as_ref(), serializer)
            }
            _ => Err(S::Error::custom("this value has no plain form")),
        }
    }
}

/// The numbers that JSON has no digits for.
fn unbounded(value: f64) -> &'static str {
    match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

fn keyed<S: Serializer>(name: &str, payload: Option<&Plain<'_>>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, &payload)?;
    map.end()
}

fn sequence<S: Serializer>(items: &[Val], types: impl Iterator<Item = Type>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(items.len()))?;
    for (ty, value) in types.zip(items) {
        list.serialize_element(&Plain { ty: &ty, value })?;
    }
    list.end()
}

fn byte_list<S: Serializer>(items: &[Val], serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = items.iter().map(|item| if let Val::U8(byte) = item { Some(*byte) } else { None });
    match bytes::write(bytes.collect::<Option<_>>().ok_or_else(|| S::Error::custom("this value has no plain form"))?) {
        Written::Text(text) => serializer.serialize_str(&text),
        Written::Base64(text) => {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(bytes::KEY, &text)?;
            map.end()
        }
    }
}
