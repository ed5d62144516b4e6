//! Plain JSON as one of the contract's own Rust types, so that a file which a person wrote is checked by the component's types and told about
//! by place, like any call. Reads one parameter of one function; calls nothing.

use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};
use wasmtime::component::Val;

use super::error::PlainError;
use super::{decode, find};
use crate::sandbox::Program;

/// Reads what `parameter` of `export` would take. `T` is the type that the contract's bindings have for it.
pub fn read<T: DeserializeOwned>(program: &Program, export: &str, parameter: &str, value: &Value) -> Result<T, PlainError> {
    let function = find(program.functions(), export)?;
    let val = decode::parameter(function.signature(), parameter, value)?;
    serde_json::from_value(shape(val)).map_err(PlainError::Syntax)
}

/// The form that the bindings' derived `Deserialize` reads: `snake_case` fields, `UpperCamelCase` cases.
fn shape(val: Val) -> Value {
    match val {
        Val::Bool(flag) => Value::Bool(flag),
        Val::S8(number) => number.into(),
        Val::U8(number) => number.into(),
        Val::S16(number) => number.into(),
        Val::U16(number) => number.into(),
        Val::S32(number) => number.into(),
        Val::U32(number) => number.into(),
        Val::S64(number) => number.into(),
        Val::U64(number) => number.into(),
        Val::Float32(number) => Number::from_f64(number.into()).map_or(Value::Null, Value::Number),
        Val::Float64(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Val::Char(character) => Value::String(character.to_string()),
        Val::String(text) => Value::String(text),
        Val::Enum(case) => Value::String(camel(&case)),
        Val::Variant(case, None) => Value::String(camel(&case)),
        Val::Variant(case, Some(payload)) => Value::Object(Map::from_iter([(camel(&case), shape(*payload))])),
        Val::Option(inner) => inner.map_or(Value::Null, |inner| shape(*inner)),
        Val::List(items) | Val::Tuple(items) => items.into_iter().map(shape).collect(),
        Val::Record(fields) => fields.into_iter().map(|(name, value)| (name.replace('-', "_"), shape(value))).collect(),
        // What the contract's records do not hold.
        _ => Value::Null,
    }
}

fn camel(kebab: &str) -> String {
    let capitalised = |word: &str| {
        let mut characters = word.chars();
        characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect::<String>()
    };
    kebab.split('-').map(capitalised).collect()
}
