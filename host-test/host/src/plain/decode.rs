//! Plain JSON as component values. Strict: a name that is not there, a number out of range or a field too many is an error with its place,
//! never a guess.

use serde_json::{Map, Value};
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Type, Val};

use super::error::{InputError, Place};
use super::{byte_list, bytes, is_byte};

type Decoded = Result<Val, InputError>;

/// The arguments of a call, in the order of the function's parameters. An option may be absent.
pub fn arguments(signature: &ComponentFunc, input: &Value) -> Result<Vec<Val>, InputError> {
    let names: Vec<&str> = signature.params().map(|(name, _)| name).collect();
    let Value::Object(object) = input else {
        return Err(Place::Top.mismatch(format!("an object with {}", quoted(names.iter().copied())), Some(input)));
    };
    refuse_unknown(object, &names, &Place::Top)?;
    signature.params().map(|(name, ty)| field(object, name, &ty, &Place::Top)).collect()
}

/// One argument alone.
pub(super) fn parameter(signature: &ComponentFunc, name: &str, value: &Value) -> Decoded {
    match signature.params().find(|(param, _)| *param == name) {
        Some((_, ty)) => decode(&ty, value, &Place::Top),
        None => Err(Place::Top.unknown_field(signature.params().map(|(param, _)| param))),
    }
}

fn refuse_unknown(object: &Map<String, Value>, names: &[&str], at: &Place<'_>) -> Result<(), InputError> {
    match object.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(Place::Field(at, key).unknown_field(names.iter().copied())),
        None => Ok(()),
    }
}

fn field(object: &Map<String, Value>, name: &str, ty: &Type, at: &Place<'_>) -> Decoded {
    let at = Place::Field(at, name);
    match (object.get(name), ty) {
        (Some(value), _) => decode(ty, value, &at),
        (None, Type::Option(_)) => Ok(Val::Option(None)),
        (None, _) => Err(at.mismatch(expectation(ty), None)),
    }
}

fn decode(ty: &Type, value: &Value, at: &Place<'_>) -> Decoded {
    let decoded = match ty {
        Type::Bool => value.as_bool().map(Val::Bool),
        Type::S8 => whole(value).map(Val::S8),
        Type::U8 => whole(value).map(Val::U8),
        Type::S16 => whole(value).map(Val::S16),
        Type::U16 => whole(value).map(Val::U16),
        Type::S32 => whole(value).map(Val::S32),
        Type::U32 => whole(value).map(Val::U32),
        Type::S64 => whole(value).or_else(|| digits(value)).map(Val::S64),
        Type::U64 => whole(value).or_else(|| digits(value)).map(Val::U64),
        Type::Float32 => single(value).map(Val::Float32),
        Type::Float64 => double(value).map(Val::Float64),
        Type::Char => value.as_str().and_then(one_character).map(Val::Char),
        Type::String => value.as_str().map(|text| Val::String(text.to_owned())),
        Type::Enum(cases) => {
            let named = value.as_str().filter(|name| cases.names().any(|case| case == *name));
            named.map(|name| Val::Enum(name.to_owned()))
        }
        Type::List(list) if is_byte(&list.ty()) => bytes::read(value).map(byte_list),
        Type::List(list) => return items(ty, value, at, std::iter::repeat(list.ty())).map(Val::List),
        Type::FixedLengthList(list) => {
            let types = std::iter::repeat_n(list.ty(), list.len() as usize);
            return items(ty, value, at, types).map(Val::FixedLengthList);
        }
        Type::Tuple(tuple) => return items(ty, value, at, tuple.types()).map(Val::Tuple),
        Type::Record(record) => {
            let Value::Object(object) = value else { return Err(at.mismatch(expectation(ty), Some(value))) };
            let names: Vec<&str> = record.fields().map(|field| field.name).collect();
            refuse_unknown(object, &names, at)?;
            let fields = record.fields().map(|each| Ok((each.name.to_owned(), field(object, each.name, &each.ty, at)?)));
            return fields.collect::<Result<_, _>>().map(Val::Record);
        }
        Type::Option(option) => match (value, option.ty()) {
            (Value::Null, _) => Some(Val::Option(None)),
            (value, inner @ Type::Option(_)) => match single_entry(value) {
                Some(("some", payload)) => {
                    let inner = decode(&inner, payload, &Place::Field(at, "some"))?;
                    Some(Val::Option(Some(Box::new(inner))))
                }
                _ => None,
            },
            (value, inner) => Some(Val::Option(Some(Box::new(decode(&inner, value, at)?)))),
        },
        Type::Variant(variant) => {
            let (name, payload) = match value {
                Value::String(name) => (Some(name.as_str()), None),
                value => single_entry(value).map_or((None, None), |(name, payload)| (Some(name), Some(payload))),
            };
            let case = variant.cases().find(|case| Some(case.name) == name);
            match case.map(|case| (case.name, case.ty, payload)) {
                Some((name, None, None)) => Some(Val::Variant(name.to_owned(), None)),
                Some((name, Some(ty), Some(payload))) => {
                    let payload = decode(&ty, payload, &Place::Field(at, name))?;
                    Some(Val::Variant(name.to_owned(), Some(Box::new(payload))))
                }
                _ => None,
            }
        }
        Type::Result(result) => match single_entry(value) {
            Some(("ok", payload)) => Some(Val::Result(Ok(side(result.ok(), payload, &Place::Field(at, "ok"))?))),
            Some(("err", payload)) => Some(Val::Result(Err(side(result.err(), payload, &Place::Field(at, "err"))?))),
            _ => None,
        },
        Type::Flags(flags) => {
            let Value::Array(given) = value else { return Err(at.mismatch(expectation(ty), Some(value))) };
            for (index, name) in given.iter().enumerate() {
                if !flags.names().any(|flag| name.as_str() == Some(flag)) {
                    return Err(Place::Item(at, index).mismatch(one_of(flags.names()), Some(name)));
                }
            }
            let set = flags.names().filter(|flag| given.iter().any(|name| name.as_str() == Some(flag)));
            Some(Val::Flags(set.map(str::to_owned).collect()))
        }
        // Refused with the function, before its input is read.
        Type::Map(_) | Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => None,
    };
    decoded.ok_or_else(|| at.mismatch(expectation(ty), Some(value)))
}

/// The items of a list; `types` ends where a list of one length ends.
fn items(ty: &Type, value: &Value, at: &Place<'_>, types: impl Iterator<Item = Type>) -> Result<Vec<Val>, InputError> {
    let wrong = || at.mismatch(expectation(ty), Some(value));
    let given = value.as_array().ok_or_else(wrong)?;
    let mut types = types;
    let mut decoded = Vec::with_capacity(given.len());
    for (index, item) in given.iter().enumerate() {
        let ty = types.next().ok_or_else(wrong)?;
        decoded.push(decode(&ty, item, &Place::Item(at, index))?);
    }
    let is_open = matches!(ty, Type::List(_));
    if !is_open && types.next().is_some() { Err(wrong()) } else { Ok(decoded) }
}

fn side(ty: Option<Type>, payload: &Value, at: &Place<'_>) -> Result<Option<Box<Val>>, InputError> {
    match ty {
        Some(ty) => decode(&ty, payload, at).map(|value| Some(Box::new(value))),
        None if payload.is_null() => Ok(None),
        None => Err(at.mismatch("null", Some(payload))),
    }
}

fn single_entry(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().map(|(name, payload)| (name.as_str(), payload))
}

fn whole<T: TryFrom<i64> + TryFrom<u64>>(value: &Value) -> Option<T> {
    match value.as_i64() {
        Some(number) => T::try_from(number).ok(),
        None => value.as_u64().and_then(|number| T::try_from(number).ok()),
    }
}

/// Digits in a string: what a language without 64-bit integers writes.
fn digits<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str().filter(|text| !text.starts_with('+')).and_then(|text| text.parse().ok())
}

fn double(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}

/// A number that is finite must stay so when it is narrowed.
fn single(value: &Value) -> Option<f32> {
    let wide = double(value)?;
    let narrow = wide as f32;
    (narrow.is_finite() || !wide.is_finite()).then_some(narrow)
}

fn one_character(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// What fits a type, in a person's words.
fn expectation(ty: &Type) -> String {
    fn range<T: std::fmt::Display>(name: &str, least: T, most: T) -> String {
        format!("a whole number from {least} to {most} ({name})")
    }
    match ty {
        Type::Bool => "true or false".to_owned(),
        Type::S8 => range("s8", i8::MIN, i8::MAX),
        Type::U8 => range("u8", u8::MIN, u8::MAX),
        Type::S16 => range("s16", i16::MIN, i16::MAX),
        Type::U16 => range("u16", u16::MIN, u16::MAX),
        Type::S32 => range("s32", i32::MIN, i32::MAX),
        Type::U32 => range("u32", u32::MIN, u32::MAX),
        Type::S64 => range("s64", i64::MIN, i64::MAX),
        Type::U64 => range("u64", u64::MIN, u64::MAX),
        Type::Float32 => "a number that fits f32, \"NaN\", \"Infinity\" or \"-Infinity\"".to_owned(),
        Type::Float64 => "a number, \"NaN\", \"Infinity\" or \"-Infinity\"".to_owned(),
        Type::Char => "a string of one character".to_owned(),
        Type::String => "a string".to_owned(),
        Type::List(list) if is_byte(&list.ty()) => "bytes: a string or {\"base64\": …}".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::FixedLengthList(list) => format!("a list of {}", list.len()),
        Type::Tuple(tuple) => format!("a list of {}", tuple.types().len()),
        Type::Record(record) => format!("an object with {}", quoted(record.fields().map(|field| field.name))),
        Type::Enum(cases) => one_of(cases.names()),
        Type::Variant(variant) => {
            let forms = variant.cases().map(|case| match case.ty {
                Some(_) => format!("{{\"{}\": …}}", case.name),
                None => format!("\"{}\"", case.name),
            });
            format!("one of {}", forms.collect::<Vec<_>>().join(", "))
        }
        Type::Option(option) => match option.ty() {
            Type::Option(_) => "null or {\"some\": …}".to_owned(),
            inner => format!("null or {}", expectation(&inner)),
        },
        Type::Result(_) => "{\"ok\": …} or {\"err\": …}".to_owned(),
        Type::Flags(flags) => format!("a list of some of {}", quoted(flags.names())),
        Type::Map(_) | Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            "what JSON cannot hold".to_owned()
        }
    }
}

fn one_of<'n>(names: impl Iterator<Item = &'n str>) -> String {
    format!("one of {}", quoted(names))
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    if names.is_empty() { "no fields".to_owned() } else { names.join(", ") }
}
