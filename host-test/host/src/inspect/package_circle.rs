//! Whether the packages of a component's interfaces depend on one another in a circle. The attack: the library that reads a world orders its
//! packages by recursion and never comes back from a circle, or from a chain that is too long, and a stack that runs over ends the process. The
//! rule: names and types are looked at here first, without recursion. Must never judge anything else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentItem};
use wasmparser::types::TypesRef;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// Packages that one component may name; a chain of them is as deep as a recursion over it.
const MOST: usize = 256;

type Package<'n> = (&'n str, &'n str);

/// Why the packages cannot be put into an order, in a few words. None: they can, or the bytes are no component and somebody else says so.
pub(super) fn flaw(bytes: &[u8]) -> Option<&'static str> {
    let names = names(bytes)?;
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(bytes).ok()?;
    let types = types.as_ref();
    let mut owners: HashMap<ComponentAnyTypeId, Package<'_>> = HashMap::new();
    let mut needs: BTreeMap<Package<'_>, BTreeSet<Package<'_>>> = BTreeMap::new();
    for (name, item) in names.iter().filter_map(|(name, side)| Some((package(name)?, found(types, name, *side)?))) {
        let mine = needs.entry(name).or_default();
        let ComponentEntityType::Instance(id) = item.ty else { continue };
        for item in types.get(id).into_iter().flat_map(|instance| instance.exports.values()) {
            let ComponentEntityType::Type { referenced, created } = item.ty else { continue };
            mine.extend(owners.get(&referenced).filter(|owner| **owner != name));
            for id in [referenced, created] {
                owners.entry(id).or_insert(name);
            }
        }
    }
    if needs.len() > MOST {
        return Some("it names more packages than can be put into an order");
    }
    // One by one, those that need nothing that is left are taken away: what stays is a circle.
    while let Some(free) = needs.iter().find(|(_, needed)| needed.iter().all(|package| !needs.contains_key(package))).map(|(name, _)| *name)
    {
        needs.remove(&free);
    }
    (!needs.is_empty()).then_some("its packages depend on one another in a circle")
}

#[derive(Clone, Copy)]
enum Side {
    Import,
    Export,
}

fn found<'a>(types: TypesRef<'a>, name: &str, side: Side) -> Option<&'a ComponentItem> {
    match side {
        Side::Import => types.component_item_for_import(name),
        Side::Export => types.component_item_for_export(name),
    }
}

/// `a:b` and `1.0.0` of `a:b/c@1.0.0`: two versions are two packages. None of a plain name.
fn package(name: &str) -> Option<Package<'_>> {
    let (package, interface) = name.split_once('/')?;
    Some((package, interface.split_once('@').map_or("", |(_, version)| version)))
}

/// What the component itself imports and exports, in the order of the file.
fn names(bytes: &[u8]) -> Option<Vec<(String, Side)>> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.push((import.ok()?.name.name.to_owned(), Side::Import));
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    names.push((export.ok()?.name.name.to_owned(), Side::Export));
                }
            }
            _ => {}
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(text: &str) -> Vec<u8> {
        wat::parse_str(text).unwrap()
    }

    /// An interface that brings a type, and one that uses it.
    fn chain(names: &[&str]) -> String {
        let mut text = String::from("(component ");
        for (at, name) in names.iter().enumerate() {
            let used = match at {
                0 => "(type $t (record (field \"x\" u32))) (export \"t0\" (type (eq $t)))".to_owned(),
                _ => format!("(alias outer 1 $u{} (type $t)) (export \"t{at}\" (type (eq $t)))", at - 1),
            };
            text += &format!("(import \"{name}\" (instance $i{at} {used})) (alias export $i{at} \"t{at}\" (type $u{at})) ");
        }
        text + ")"
    }

    #[test]
    fn packages_that_need_one_another_are_a_circle_and_others_are_none() {
        assert_eq!(flaw(&component(&chain(&["a:one/x", "b:two/y", "a:one/z"]))), Some("its packages depend on one another in a circle"));
        let versions = chain(&["a:one/x@1.0.0", "a:one/y@1.0.4", "a:one/z@1.0.0"]);
        assert_eq!(flaw(&component(&versions)), Some("its packages depend on one another in a circle"));
        assert_eq!(flaw(&component(&chain(&["a:one/x", "a:one/y", "b:two/z", "c:three/w"]))), None);
        // They take turns, and only one of them needs the other.
        let turns = "(component (import \"a:one/x\" (instance)) (import \"b:two/y\" (instance)) (import \"a:one/z\" (instance)))";
        assert_eq!(flaw(&component(turns)), None);
        assert_eq!(flaw(b"no component"), None);
    }

    #[test]
    fn a_chain_that_is_too_long_is_refused() {
        let names: Vec<String> = (0..MOST + 1).map(|at| format!("a:p{at}/x")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(flaw(&component(&chain(&names))).is_some());
        assert_eq!(flaw(&component(&chain(&names[..20]))), None);
    }
}
