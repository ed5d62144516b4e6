//! Finds the function that a person means. Never picks one of several.

use super::PlainError;
use crate::sandbox::Function;

/// The one function called `asked`: `function`, `interface/function`, or the full `package:name/interface@version/function` (also with `#`
/// before the function, as core modules write it).
pub fn find<'f>(functions: &'f [Function], asked: &str) -> Result<&'f Function, PlainError> {
    let named: Vec<&Function> = functions.iter().filter(|function| is_meant(function, asked)).collect();
    match named.as_slice() {
        [one] => Ok(one),
        [] => Err(PlainError::UnknownExport { asked: asked.to_owned(), known: functions.iter().map(Function::to_string).collect() }),
        several => Err(PlainError::AmbiguousExport {
            asked: asked.to_owned(),
            known: several.iter().map(|function| function.to_string()).collect(),
        }),
    }
}

fn is_meant(function: &Function, asked: &str) -> bool {
    let Some((interface, name)) = asked.rsplit_once(['/', '#']) else {
        return function.name() == asked;
    };
    function.name() == name && function.interface().is_some_and(|full| is_interface(full, interface))
}

/// Whether `asked` names the interface `full`: as it is, without its version, or without its package.
fn is_interface(full: &str, asked: &str) -> bool {
    let unversioned = full.split_once('@').map_or(full, |(name, _)| name);
    let bare = unversioned.rsplit_once('/').map_or(unversioned, |(_, name)| name);
    [full, unversioned, bare].contains(&asked)
}

#[cfg(test)]
mod tests {
    use super::is_interface;

    #[test]
    fn an_interface_is_named_in_full_without_version_or_alone() {
        let full = "nobi:connector/exchange@0.1.0";
        for asked in [full, "nobi:connector/exchange", "exchange"] {
            assert!(is_interface(full, asked), "{asked}");
        }
        for asked in ["", "change", "connector/exchange", "nobi:connector/exchange@0.2.0"] {
            assert!(!is_interface(full, asked), "{asked}");
        }
    }
}
