//! Facts about a component's shape: too much of anything, and features that no connector needs.

use wasmparser::{Parser, Payload};

use super::super::shape::{foreign, survey};
use crate::sandbox::{AdmissionConfig, AdmissionError, SandboxConfig};

fn small() -> SandboxConfig {
    let admission = AdmissionConfig {
        bytes: 2_000,
        modules: 2,
        components: 2,
        items: 6,
        types: 20,
        functions: 4,
        function_bytes: 64,
        locals: 8,
        nesting: 4,
    };
    SandboxConfig { memory_bytes: 4 * 64 * 1024, table_elements: 10, tables: 2, core_instances: 4, admission, ..SandboxConfig::default() }
}

fn judged(wat: &str) -> Result<(), AdmissionError> {
    let bytes = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    survey(&bytes, &small()).map(|_| ())
}

/// What is said of a component with this core module.
fn of_module(module: &str) -> String {
    judged(&format!("(component (core module {module}))")).map_or_else(|error| error.to_string(), |()| "admitted".to_owned())
}

fn of_component(inner: &str) -> String {
    judged(&format!("(component {inner})")).map_or_else(|error| error.to_string(), |()| "admitted".to_owned())
}

#[test]
fn a_plain_component_is_admitted() {
    assert_eq!(of_component(""), "admitted");
    assert_eq!(of_module(r#"(memory 4) (table 10 funcref) (func (local i32) (block (loop)))"#), "admitted");
    assert_eq!(of_module(r#"(import "env" "memory" (memory 1)) (import "env" "table" (table 1 funcref))"#), "admitted");
    assert_eq!(of_component(r#"(component (import "a" (func)) (export "b" (func 0)))"#), "admitted");
}

#[test]
fn code_that_would_run_before_any_limit_is_refused() {
    assert!(of_module("(func) (start 0)").starts_with("the component has a start function (byte "));
    let of_the_component = r#"(import "f" (func $f)) (start $f)"#;
    assert!(of_component(of_the_component).starts_with("the component has a start function (byte "), "{}", of_component(of_the_component));
}

#[test]
fn memories_that_the_engine_does_not_guard_are_refused() {
    for (module, what) in [
        ("(memory 1 1 shared)", "a shared memory"),
        ("(memory i64 1)", "a 64-bit memory"),
        ("(memory 1) (memory 1)", "a module with two memories"),
        (r#"(import "env" "memory" (memory 1)) (memory 1)"#, "a module with two memories"),
        (r#"(import "env" "memory" (memory i64 1))"#, "a 64-bit memory"),
        ("(table i64 1 funcref)", "a 64-bit table"),
    ] {
        let said = of_module(module);
        assert!(said.starts_with(&format!("the component has {what} (byte ")) && said.ends_with("which is not admitted"), "{said}");
    }
    let two = judged("(component (core module (memory 1)) (core module (memory 1)))").unwrap_err();
    assert!(matches!(two, AdmissionError::TooMany { what: "memories", count: 2, limit: 1, .. }), "{two}");
}

#[test]
fn exceptions_are_refused_by_the_section_that_they_are_in() {
    assert!(of_module("(tag)").contains("exceptions"));
    assert!(of_module(r#"(import "env" "tag" (tag))"#).contains("exceptions"));
}

#[test]
fn what_a_component_has_too_much_of_is_named_with_its_limit() {
    let deep = |depth: usize| format!("(func {} {})", "(block ".repeat(depth), ")".repeat(depth));
    for (wat, what, count, limit) in [
        ("(core module) (core module) (core module)".to_owned(), "core modules", 3, 2),
        ("(component) (component) (component)".to_owned(), "components inside it", 3, 2),
        ("(core module $m) ".to_owned() + &"(core instance (instantiate $m))".repeat(5), "instances of core modules", 5, 4),
        ("(core instance)".repeat(7), "core instances", 7, 6),
        ((0..7).map(|n| format!("(import \"i{n}\" (func))")).collect(), "imports", 7, 6),
        ("(import \"f\" (func))".to_owned() + &(0..7).map(|n| format!("(export \"e{n}\" (func 0))")).collect::<String>(), "exports", 7, 6),
        ("(type (record (field \"a\" u8)))".repeat(21), "types", 21, 20),
        ("(core type (func))".repeat(21), "types", 21, 20),
        ("(core module (type (func)) ".to_owned() + &"(func)".repeat(5) + ")", "functions", 5, 4),
        ("(core module ".to_owned() + &"(global i32 (i32.const 0))".repeat(5) + ")", "globals", 5, 4),
        ("(core module (memory 1) ".to_owned() + &"(data (i32.const 0) \"\")".repeat(5) + ")", "data segments", 5, 4),
        ("(core module (table 1 funcref) ".to_owned() + &"(elem (i32.const 0))".repeat(5) + ")", "element segments", 5, 4),
        (
            "(core module ".to_owned() + &(0..5).map(|n| format!("(global (export \"{n}\") i32 (i32.const 0))")).collect::<String>() + ")",
            "globals",
            5,
            4,
        ),
        ("(core module (memory 5))".to_owned(), "bytes of memory to begin with", 5 * 65_536, 4 * 65_536),
        ("(core module (table 11 funcref))".to_owned(), "elements in its tables", 11, 10),
        ("(core module (table 6 funcref)) (core module (table 6 funcref))".to_owned(), "elements in its tables", 12, 10),
        ("(core module ".to_owned() + &"(table 1 funcref)".repeat(3) + ")", "tables", 3, 2),
        ("(core module (func ".to_owned() + &"nop ".repeat(100) + "))", "bytes of code in one function", 102, 64),
        ("(core module (func (local i32 i32 i32 i32 i32) (local i64 i64 i64 i64)))".to_owned(), "locals in one function", 9, 8),
        (format!("(core module {})", deep(5)), "blocks inside one another", 5, 4),
    ] {
        let error = judged(&format!("(component {wat})")).expect_err(&wat);
        let told = matches!(&error, AdmissionError::TooMany { what: found, count: many, limit: most, .. }
            if (*found, *many, *most) == (what, count, limit));
        assert!(told, "{wat}\n{error}");
    }
    assert_eq!(of_module(&deep(4)), "admitted");
    // What only gives names to parts of instances takes no place of one.
    assert_eq!(
        of_component(&("(core module $m)".to_owned() + &"(core instance (instantiate $m)) ".repeat(4) + "(core instance)")),
        "admitted"
    );
}

#[test]
fn a_component_inside_the_component_holds_names_and_nothing_that_runs() {
    for (inner, what) in [
        ("(core module)", "a core module in a component inside it"),
        ("(component)", "a component in a component inside it"),
        ("(instance)", "an instance in a component inside it"),
        ("(core instance)", "a core instance in a component inside it"),
        (r#"(import "f" (func $f)) (core func (canon lower (func $f)))"#, "a canonical function in a component inside it"),
    ] {
        let said = of_component(&format!("(component {inner})"));
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn resources_and_imported_code_are_refused() {
    assert!(of_component("(type $r (resource (rep i32))) (core func (canon resource.new $r))").contains("lift and lower"));
    assert!(of_component(r#"(import "m" (core module))"#).contains("an import of code"));
    assert!(of_component(r#"(import "c" (component))"#).contains("an import of code"));
}

#[test]
fn what_is_no_component_is_told_where() {
    let module = survey(&wat::parse_str("(module)").unwrap(), &small()).unwrap_err();
    assert_eq!(module.to_string(), "not a usable component: a core module is no component (byte 0)");
    let whole = wat::parse_str(r#"(component (core module (func (export "f") (local i32) nop)))"#).unwrap();
    // 8 bytes are a whole component with nothing in it; the section after them is the module's.
    for length in (0..8).chain(9..30) {
        let cut = survey(&whole[..length], &small()).unwrap_err();
        assert!(matches!(&cut, AdmissionError::Invalid(flaw) if flaw.at <= length as u64), "{length}: {cut}");
    }
}

#[test]
fn a_part_that_is_not_known_is_named_by_its_section_and_its_place() {
    let bytes = wat::parse_str("(component (type u8))").unwrap();
    let types = Parser::new(0).parse_all(&bytes).map(Result::unwrap).find(|it| matches!(it, Payload::ComponentTypeSection(_))).unwrap();
    let told = foreign(&types, "core module").to_string();
    assert_eq!(told, "the component has a section that no core module has (section 7) (byte 10), which is not admitted");
}

#[test]
fn a_component_above_its_size_is_not_even_read() {
    let error = super::super::judge(&[0; 2_001], &small(), super::super::World::Any).unwrap_err();
    assert!(matches!(error, AdmissionError::TooLarge { bytes: 2_001, limit: 2_000 }));
}
