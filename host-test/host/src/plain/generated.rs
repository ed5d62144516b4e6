//! Any value of any type comes back as it went in: types, values and the components that echo them are generated.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::testing::{echo, echoed, sandbox};

/// A type, as a generator makes it.
#[derive(Clone, Debug)]
enum Kind {
    Plain(&'static str),
    List(Box<Kind>),
    Option(Box<Kind>),
    Tuple(Vec<Kind>),
    Result(Option<Box<Kind>>, Option<Box<Kind>>),
    Record(Vec<Kind>),
    Variant(Vec<Option<Kind>>),
    Enum(usize),
    Flags(usize),
}

fn kinds() -> impl Strategy<Value = Kind> {
    const PLAIN: [&str; 13] = ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"];
    let leaf = prop_oneof![
        4 => prop::sample::select(&PLAIN[..]).prop_map(Kind::Plain),
        1 => (1_usize..5).prop_map(Kind::Enum),
        1 => (1_usize..33).prop_map(Kind::Flags),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(Kind::List),
            boxed.clone().prop_map(Kind::Option),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Kind::Tuple),
            (prop::option::of(boxed.clone()), prop::option::of(boxed)).prop_map(|(ok, err)| Kind::Result(ok, err)),
            prop::collection::vec(inner.clone(), 1..5).prop_map(Kind::Record),
            prop::collection::vec(prop::option::of(inner), 1..4).prop_map(Kind::Variant),
        ]
    })
}

impl Kind {
    /// The type in WIT; what needs a name is defined first.
    fn wit(&self, definitions: &mut Vec<String>) -> String {
        let body = match self {
            Kind::Plain(name) => return (*name).to_owned(),
            Kind::List(inner) => return format!("list<{}>", inner.wit(definitions)),
            Kind::Option(inner) => return format!("option<{}>", inner.wit(definitions)),
            Kind::Tuple(items) => {
                let items: Vec<String> = items.iter().map(|item| item.wit(definitions)).collect();
                return format!("tuple<{}>", items.join(", "));
            }
            Kind::Result(ok, err) => {
                let [ok, err] = [ok, err].map(|side| side.as_ref().map_or_else(|| "_".to_owned(), |side| side.wit(definitions)));
                return match (ok.as_str(), err.as_str()) {
                    ("_", "_") => "result".to_owned(),
                    (_, "_") => format!("result<{ok}>"),
                    _ => format!("result<{ok}, {err}>"),
                };
            }
            Kind::Record(fields) => {
                let fields = fields.iter().enumerate().map(|(at, field)| format!("field-{}: {}", letter(at), field.wit(definitions)));
                ("record", fields.collect::<Vec<_>>())
            }
            Kind::Variant(cases) => {
                let cases = cases.iter().enumerate().map(|(at, case)| match case {
                    Some(case) => format!("case-{}({})", letter(at), case.wit(definitions)),
                    None => format!("case-{}", letter(at)),
                });
                ("variant", cases.collect())
            }
            Kind::Enum(count) => ("enum", (0..*count).map(|at| format!("case-{}", letter(at))).collect()),
            Kind::Flags(count) => ("flags", (0..*count).map(|at| format!("flag-{}", letter(at))).collect()),
        };
        let name = format!("type-{}", letter(definitions.len()));
        definitions.push(format!("{} {name} {{ {} }}", body.0, body.1.join(", ")));
        name
    }

    /// JSON texts in the form that the output has.
    fn texts(&self) -> BoxedStrategy<Value> {
        match self {
            Kind::Plain(name) => plain_texts(name),
            Kind::List(inner) if matches!(**inner, Kind::Plain("u8")) => any::<String>().prop_map(Value::from).boxed(),
            Kind::List(inner) => prop::collection::vec(inner.texts(), 0..4).prop_map(Value::from).boxed(),
            Kind::Option(inner) => {
                let nested = matches!(**inner, Kind::Option(_));
                let some = inner.texts().prop_map(move |value| if nested { json!({ "some": value }) } else { value });
                prop_oneof![Just(Value::Null), some].boxed()
            }
            Kind::Tuple(items) => items.iter().map(Kind::texts).collect::<Vec<_>>().prop_map(Value::from).boxed(),
            Kind::Result(ok, err) => {
                let side = |side: &Option<Box<Kind>>| side.as_ref().map_or_else(|| Just(Value::Null).boxed(), |side| side.texts());
                prop_oneof![side(ok).prop_map(|value| json!({ "ok": value })), side(err).prop_map(|value| json!({ "err": value }))].boxed()
            }
            Kind::Record(fields) => {
                let fields = fields.iter().map(Kind::texts).collect::<Vec<_>>();
                let named = |values: Vec<Value>| {
                    values.into_iter().enumerate().map(|(at, value)| (format!("field-{}", letter(at)), value)).collect()
                };
                fields.prop_map(move |values| Value::Object(named(values))).boxed()
            }
            Kind::Variant(cases) => {
                let cases = cases.iter().enumerate().map(|(at, case)| {
                    let name = format!("case-{}", letter(at));
                    match case {
                        Some(case) => case.texts().prop_map(move |value| json!({ name.as_str(): value })).boxed(),
                        None => Just(Value::from(name)).boxed(),
                    }
                });
                prop::strategy::Union::new(cases.collect::<Vec<_>>()).boxed()
            }
            Kind::Enum(count) => (0..*count).prop_map(|at| Value::from(format!("case-{}", letter(at)))).boxed(),
            Kind::Flags(count) => {
                let names: Vec<String> = (0..*count).map(|at| format!("flag-{}", letter(at))).collect();
                prop::sample::subsequence(names, 0..=*count).prop_map(Value::from).boxed()
            }
        }
    }
}

fn plain_texts(name: &str) -> BoxedStrategy<Value> {
    match name {
        "bool" => any::<bool>().prop_map(Value::from).boxed(),
        "s8" => any::<i8>().prop_map(Value::from).boxed(),
        "u8" => any::<u8>().prop_map(Value::from).boxed(),
        "s16" => any::<i16>().prop_map(Value::from).boxed(),
        "u16" => any::<u16>().prop_map(Value::from).boxed(),
        "s32" => any::<i32>().prop_map(Value::from).boxed(),
        "u32" => any::<u32>().prop_map(Value::from).boxed(),
        "s64" => any::<i64>().prop_map(Value::from).boxed(),
        "u64" => any::<u64>().prop_map(Value::from).boxed(),
        // As the shortest digits that mean it, which is what is written.
        "f32" => any::<f32>().prop_map(|value| serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap()).boxed(),
        "f64" => any::<f64>().prop_map(Value::from).boxed(),
        "char" => any::<char>().prop_map(|character| Value::from(character.to_string())).boxed(),
        _ => any::<String>().prop_map(Value::from).boxed(),
    }
}

/// A part of a name: `a` to `z`, then `za`, …
fn letter(at: usize) -> String {
    "z".repeat(at / 26) + &char::from(b'a' + (at % 26) as u8).to_string()
}

#[test]
fn any_value_of_any_type_comes_back_as_it_went_in() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let sandbox = sandbox();
    let typed = kinds().prop_flat_map(|kind| {
        let texts = prop::collection::vec(kind.texts(), 1..6);
        (Just(kind), texts)
    });
    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&typed, |(kind, values)| {
        let mut definitions = Vec::new();
        let ty = kind.wit(&mut definitions);
        let program = echo(&sandbox, &definitions.join("\n"), &ty);
        for value in values {
            let text = value.to_string();
            let back = runtime.block_on(echoed(&program, &text)).map_err(|error| TestCaseError::fail(format!("{ty} {text}: {error}")))?;
            let back: Value = serde_json::from_str(&back).unwrap();
            prop_assert_eq!(&back, &value, "{} {:?}", ty, definitions);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn any_bytes_come_back_as_they_went_in() {
    let runner = &mut TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(any::<u8>(), 0..40), |given| {
        let written = match super::bytes::write(given.clone()) {
            super::bytes::Written::Text(text) => Value::from(text),
            super::bytes::Written::Base64(text) => json!({ "base64": text }),
        };
        prop_assert_eq!(super::bytes::read(&written), Some(given));
        Ok(())
    });
    outcome.unwrap();
}
