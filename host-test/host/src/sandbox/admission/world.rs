//! Compares a component's imports and exports with the contract's own types, as the component model does it: a name of the same version
//! track, and the same structure behind it. Never looks at code.

use std::sync::OnceLock;

use wasmparser::Validator;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentItem, ComponentType, SubtypeCx};
use wasmparser::types::{Types, TypesRef};
use wit_parser::{Resolve, SourceMap};

use super::super::error::{AdmissionError, Flaw, Misfit};
use super::super::text::one_line;
use super::World;
use super::shape::Names;

/// The contract, as it was when this host was built.
const WIT: [(&str, &str); 8] = [
    ("catalog.wit", include_str!("../../../../../wit/catalog.wit")),
    ("connector.wit", include_str!("../../../../../wit/connector.wit")),
    ("exchange.wit", include_str!("../../../../../wit/exchange.wit")),
    ("http.wit", include_str!("../../../../../wit/http.wit")),
    ("log.wit", include_str!("../../../../../wit/log.wit")),
    ("orders.wit", include_str!("../../../../../wit/orders.wit")),
    ("types.wit", include_str!("../../../../../wit/types.wit")),
    ("world.wit", include_str!("../../../../../wit/world.wit")),
];

/// The world's name in the contract.
const WORLD: &str = "plugin";

/// Validates the whole component, then compares it with the contract.
pub(super) fn fits(bytes: &[u8], names: &Names, wanted: World) -> Result<(), AdmissionError> {
    // Both are read by one validator: its types can be compared with one another.
    let mut validator = Validator::new_with_features(super::features());
    let contract = contract(&mut validator).map_err(|error| AdmissionError::Compile(format!("this host's contract: {error}")))?;
    validator.reset();
    let component = validator.validate_all(bytes).map_err(|error| AdmissionError::Invalid(Flaw::from(&error)))?;
    let (contract, component) = (Contract::of(&contract)?, component.as_ref());
    for name in &names.imports {
        contract.check_import(name, component, wanted).map_err(|reason| misfit("import", name, reason))?;
    }
    if wanted == World::Contract {
        for (name, item) in &contract.world.exports {
            contract.check_export(name, item, component, names).map_err(|reason| misfit("export", name, reason))?;
        }
    }
    Ok(())
}

fn misfit(side: &'static str, name: &str, reason: String) -> AdmissionError {
    AdmissionError::World(Misfit { side, name: one_line(name, 120), reason: one_line(&reason, 300) })
}

/// The contract as a binary WIT package.
fn package() -> Result<&'static [u8], String> {
    static PACKAGE: OnceLock<Result<Vec<u8>, String>> = OnceLock::new();
    let made = PACKAGE.get_or_init(|| {
        let mut sources = SourceMap::new();
        for (path, text) in WIT {
            sources.push_str(path, text);
        }
        let group = sources.parse().map_err(|(_, error)| error.to_string())?;
        let mut resolve = Resolve::default();
        let package = resolve.push_group(group).map_err(|error| error.to_string())?;
        wit_component::encode(&resolve, package).map_err(|error| error.to_string())
    });
    made.as_deref().map_err(Clone::clone)
}

fn contract(validator: &mut Validator) -> Result<Types, String> {
    validator.validate_all(package()?).map_err(|error| error.to_string())
}

/// The contract's world, and the arena that its types live in.
struct Contract<'a> {
    types: TypesRef<'a>,
    world: &'a ComponentType,
}

impl<'a> Contract<'a> {
    fn of(types: &'a Types) -> Result<Contract<'a>, AdmissionError> {
        let missing = || AdmissionError::Compile("this host's contract has no world".to_owned());
        // A package exports its world as a type: a component that exports the world's own type under its full name.
        let outer = types.component_item_for_export(WORLD).and_then(|item| component_of(types, item)).ok_or_else(missing)?;
        let world = outer.exports.values().next().and_then(|item| component_of(types, item)).ok_or_else(missing)?;
        Ok(Contract { types: types.as_ref(), world })
    }

    fn check_import(&self, name: &str, component: TypesRef<'_>, wanted: World) -> Result<(), String> {
        let found = component.component_item_for_import(name).ok_or("it has no type")?;
        let Some((_, offered)) = self.world.imports.iter().find(|(known, _)| same_track(known, name)) else {
            // Types alone can be called by nobody.
            if wanted == World::Any && is_types_only(component, found) {
                return Ok(());
            }
            return Err(match self.world.imports.keys().find(|known| path(known) == path(name)) {
                Some(served) => format!("another version; this host serves `{served}`"),
                None => "the contract has no such import".to_owned(),
            });
        };
        let mut compare = SubtypeCx::new_with_refs(self.types, component);
        compare.component_entity_type(&offered.ty, &found.ty, 0).map_err(|error| error.message().to_owned())
    }

    fn check_export(&self, name: &str, asked: &ComponentItem, component: TypesRef<'_>, names: &Names) -> Result<(), String> {
        let found = names.exports.iter().find(|found| same_track(name, found));
        let found = found.and_then(|found| component.component_item_for_export(found)).ok_or("it is missing")?;
        let mut compare = SubtypeCx::new_with_refs(component, self.types);
        compare.component_entity_type(&found.ty, &asked.ty, 0).map_err(|error| error.message().to_owned())
    }
}

fn component_of<'a>(types: &'a Types, item: &ComponentItem) -> Option<&'a ComponentType> {
    match item.ty {
        ComponentEntityType::Component(id) | ComponentEntityType::Type { referenced: ComponentAnyTypeId::Component(id), .. } => {
            types.as_ref().get(id)
        }
        _ => None,
    }
}

fn is_types_only(types: TypesRef<'_>, item: &ComponentItem) -> bool {
    match item.ty {
        ComponentEntityType::Type { .. } => true,
        ComponentEntityType::Instance(id) => {
            types.get(id).is_some_and(|instance| instance.exports.values().all(|item| matches!(item.ty, ComponentEntityType::Type { .. })))
        }
        _ => false,
    }
}

/// A name without its version.
fn path(name: &str) -> &str {
    name.split_once('@').map_or(name, |(path, _)| path)
}

/// Whether two names are one interface, in versions that the engine links to one another: `0.1.2` and `0.1.0`, `1.4.0` and `1.0.0`.
fn same_track(one: &str, other: &str) -> bool {
    one == other || track(one).is_some_and(|track_of_one| track(other) == Some(track_of_one))
}

fn track(name: &str) -> Option<(&str, &str, &str)> {
    let (path, version) = name.split_once('@')?;
    if version.contains(['-', '+']) {
        return None;
    }
    let mut numbers = version.split('.');
    let (major, minor) = (numbers.next()?, numbers.next()?);
    match (major, minor) {
        ("0", "0") => None,
        ("0", minor) => Some((path, major, minor)),
        (major, _) => Some((path, major, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_that_is_compared_with_is_the_whole_folder() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
        let mut files: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        assert_eq!(files, WIT.map(|(name, _)| name.to_owned()));
    }

    #[test]
    fn versions_that_the_engine_links_are_one_track() {
        for (one, other, same) in [
            ("a:b/c@0.1.0", "a:b/c@0.1.0", true),
            ("a:b/c@0.1.0", "a:b/c@0.1.7", true),
            ("a:b/c@0.1.0", "a:b/c@0.2.0", false),
            ("a:b/c@1.0.0", "a:b/c@1.9.3", true),
            ("a:b/c@1.0.0", "a:b/c@2.0.0", false),
            ("a:b/c@0.0.1", "a:b/c@0.0.2", false),
            ("a:b/c@0.1.0-draft", "a:b/c@0.1.0", false),
            ("a:b/c@0.1.0", "a:b/d@0.1.0", false),
            ("a:b/c@0.1.0", "a:b/c", false),
            ("c", "c", true),
        ] {
            assert_eq!(same_track(one, other), same, "{one} {other}");
        }
    }
}
