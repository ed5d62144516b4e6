//! Facts about the contract and about how the built component keeps it.

use std::path::Path;

use anyhow::Result;
use connector_component::BYTES;
use connector_host::inspect::inspect_bytes;
use wit_parser::{PackageId, Resolve, TypeDefKind};

/// Nobi's host loads it on every machine; both dialects must fit.
const LARGEST: usize = 512 * 1024;

fn contract() -> Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit")))?;
    Ok((resolve, package))
}

#[test]
fn every_item_of_the_contract_says_what_it_is() {
    let (resolve, package) = contract().expect("the contract parses");
    let package = &resolve.packages[package];
    let mut items = vec![(package.name.to_string(), package.docs.is_empty())];
    items.extend(package.worlds.iter().map(|(name, world)| (name.clone(), resolve.worlds[*world].docs.is_empty())));
    for (name, interface) in &package.interfaces {
        let interface = &resolve.interfaces[*interface];
        items.push((name.clone(), interface.docs.is_empty()));
        items.extend(interface.functions.values().map(|function| (format!("{name}.{}", function.name), function.docs.is_empty())));
        for (alias, id) in &interface.types {
            let ty = &resolve.types[*id];
            let at = format!("{name}.{alias}");
            let parts: Vec<_> = match &ty.kind {
                // A name taken from another interface is said there.
                TypeDefKind::Type(wit_parser::Type::Id(other)) if resolve.types[*other].name.as_ref() == Some(alias) => continue,
                TypeDefKind::Record(record) => record.fields.iter().map(|field| (&field.name, &field.docs)).collect(),
                TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| (&case.name, &case.docs)).collect(),
                TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (&case.name, &case.docs)).collect(),
                TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (&flag.name, &flag.docs)).collect(),
                _ => Vec::new(),
            };
            items.extend(parts.into_iter().map(|(part, docs)| (format!("{at}.{part}"), docs.is_empty())));
            items.push((at, ty.docs.is_empty()));
        }
    }
    assert!(items.len() > 200, "the contract has {} items: were they read?", items.len());
    let silent: Vec<String> = items.into_iter().filter(|(_, is_silent)| *is_silent).map(|(name, _)| name).collect();
    assert_eq!(silent, [""; 0]);
}

#[test]
fn the_component_targets_the_contracts_world() {
    let (resolve, package) = contract().expect("the contract parses");
    let world = resolve.select_world(&[package], Some("plugin")).expect("the contract has one world, plugin");
    wit_component::targets(&resolve, world, BYTES).expect("the component targets nobi:connector/plugin");
}

#[test]
fn the_component_imports_two_functions_and_nothing_else() {
    let inspection = inspect_bytes(BYTES).expect("the built component is a component");
    let functions: Vec<String> = inspection
        .imports
        .iter()
        .flat_map(|item| item.functions.iter().map(|function| format!("{} {}", item.name, function.name)))
        .collect();
    assert_eq!(functions, ["nobi:connector/http@0.1.0 send", "nobi:connector/log@0.1.0 emit"]);
    let foreign: Vec<&str> =
        inspection.imports.iter().map(|item| item.name.as_str()).filter(|name| !name.starts_with("nobi:connector/")).collect();
    assert_eq!(foreign, [""; 0], "nothing of wasi, nothing of anyone else");
}

#[test]
fn the_component_is_small() {
    assert!(BYTES.len() <= LARGEST, "{} bytes are more than {LARGEST}", BYTES.len());
}
