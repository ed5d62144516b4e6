//! One encoding between plain JSON and the values of any component, and a call in it. For people, tools and fixtures; it knows nothing of
//! connectors, and the host's own work never goes through it.
//!
//! | WIT | JSON |
//! |---|---|
//! | arguments | an object by parameter name |
//! | record | an object with WIT's kebab-case names; a field that is an option may be absent |
//! | `option<T>` | `null`, or T's form; where T is itself an option, `{"some": …}`, so that the two kinds of nothing stay apart |
//! | enum | `"case"` |
//! | variant | `"case"`, or `{"case": payload}` where the case has one |
//! | result | `{"ok": …}` or `{"err": …}`; `null` inside where there is no payload |
//! | flags | a list of the names that are set |
//! | list, tuple | a list |
//! | `list<u8>` | a string where it is UTF-8, else `{"base64": "…"}`; both are accepted |
//! | integers | a number in range; `s64` and `u64` also as a string of digits |
//! | `f32`, `f64` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char` | a string of one character |
//!
//! Output has every field, in WIT's order: it is streamed in that order by [`PlainValue`], so no other part of the workspace has to keep
//! its JSON objects ordered. Resources, streams and futures have no plain form: functions that use them are refused before the call.

mod bytes;
#[cfg(test)]
mod calls;
mod decode;
mod encode;
mod error;
mod find;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod tables;
#[cfg(test)]
pub(crate) mod testing;
mod typed;

use std::sync::Arc;

use wasmtime::component::{Type, Val};

pub use self::decode::arguments;
pub use self::encode::PlainValue;
pub use self::error::{InputError, PlainError, Problem};
pub use self::find::find;
pub use self::typed::read;
use crate::sandbox::{Courier, Function, LogLine, Program, Usage};

/// What a call came to.
#[derive(Debug)]
pub struct CallReport {
    /// The function that was called, by its full name.
    pub function: String,
    /// Its result; `null` for a function without one. A guest's own failure is an `{"err": …}` in here.
    pub output: PlainValue,
    /// What the call used.
    pub usage: Usage,
    /// What the guest wrote.
    pub logs: Vec<LogLine>,
}

/// Calls `export` with the arguments in `input`, a JSON object by parameter name. `export` is a function's name, as in `map-product`; where
/// several interfaces have one of that name, `interface/function`, with or without the package and its version.
///
/// `courier` carries the guest's requests out. Without one they are `denied`, as in every pure function.
pub async fn call(program: &Program, export: &str, input: &str, courier: Option<Arc<dyn Courier>>) -> Result<CallReport, PlainError> {
    let function = find(program.functions(), export)?;
    call_function(program, function, input, courier).await
}

async fn call_function(
    program: &Program,
    function: &Function,
    input: &str,
    courier: Option<Arc<dyn Courier>>,
) -> Result<CallReport, PlainError> {
    let signature = function.signature();
    let result = signature.results().next();
    for ty in signature.params().map(|(_, ty)| ty).chain(result.clone()) {
        encode::representable(&ty).map_err(|what| PlainError::Unrepresentable { function: function.to_string(), what })?;
    }
    let given = serde_json::from_str(input).map_err(PlainError::Syntax)?;
    let arguments = decode::arguments(signature, &given)?;
    let outcome = program.call(function, &arguments, input.len(), courier).await;
    match outcome.result {
        Ok(values) => Ok(CallReport {
            function: function.to_string(),
            output: PlainValue::new(result, values.into_iter().next()),
            usage: outcome.usage,
            logs: outcome.logs,
        }),
        Err(error) => Err(PlainError::Call { error, usage: outcome.usage, logs: outcome.logs }),
    }
}

/// Whether a `list` of these is read and written as bytes.
fn is_byte(element: &Type) -> bool {
    matches!(element, Type::U8)
}

/// A value of `list<u8>`.
fn byte_list(bytes: Vec<u8>) -> Val {
    Val::List(bytes.into_iter().map(Val::U8).collect())
}
