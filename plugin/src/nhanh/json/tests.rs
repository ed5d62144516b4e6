//! What each accessor reads, and what it refuses.

use proptest::prelude::*;

use super::*;

fn with<T>(json: &str, look: impl FnOnce(&Record<'_>) -> T) -> T {
    let tree = parse(json.as_bytes()).unwrap();
    look(&Record::of(&tree).unwrap())
}

#[test]
fn a_number_may_be_a_text_and_none_has_many_forms() {
    for json in [r#"{"n":"12"}"#, r#"{"n":12}"#, r#"{"n":12.0}"#, r#"{"n":" 12 "}"#] {
        assert_eq!(with(json, |it| it.integer("n")), Ok(Some(12)), "{json}");
    }
    for json in ["{}", r#"{"n":null}"#, r#"{"n":""}"#, r#"{"n":" "}"#, r#"{"n":[]}"#] {
        assert_eq!(with(json, |it| it.integer("n")), Ok(None), "{json}");
        assert_eq!(with(json, |it| it.text("n")), Ok(None), "{json}");
        assert!(with(json, |it| it.record("n").unwrap().is_none()), "{json}");
        assert_eq!(with(json, |it| it.items("n").unwrap().count()), 0, "{json}");
    }
}

#[test]
fn a_misfit_names_its_field() {
    let wrong = with(r#"{"n":{"a/b":true}}"#, |it| it.record("n").unwrap().unwrap().integer("a/b")).unwrap_err();
    assert_eq!(wrong.under("n").pointer, "/n/a~1b");
    assert!(with(r#"{"n":"12,5"}"#, |it| it.money("n")).is_err());
    assert!(with(r#"{"n":1.5}"#, |it| it.integer("n")).is_err());
    assert!(with(r#"{"n":5}"#, |it| it.items("n").is_err()));
}

#[test]
fn identifiers_of_any_size_are_exact_or_refused() {
    for (json, id) in [
        (r#"{"i":2147483648}"#, "2147483648"),
        (r#"{"i":9007199254740993}"#, "9007199254740993"),
        (r#"{"i":"9007199254740993"}"#, "9007199254740993"),
        (r#"{"i":18446744073709551615}"#, "18446744073709551615"),
        (r#"{"i":"98765432109876543210987654321"}"#, "98765432109876543210987654321"),
        (r#"{"i":38000102.0}"#, "38000102"),
    ] {
        assert_eq!(with(json, |it| it.id("i")), Ok(Some(id.to_owned())), "{json}");
    }
    for json in [r#"{"i":0}"#, r#"{"i":"0"}"#, r#"{"i":-1}"#, r#"{"i":"-2"}"#, r#"{"i":""}"#] {
        assert_eq!(with(json, |it| it.id("i")), Ok(None), "{json}");
    }
    for json in [r#"{"i":98765432109876543210}"#, r#"{"i":"12a"}"#, r#"{"i":1.5}"#, r#"{"i":true}"#] {
        assert!(with(json, |it| it.id("i")).is_err(), "{json}");
    }
}

#[test]
fn escapes_are_read_in_keys_and_values() {
    assert_eq!(with(r#"{"n\u0061me":"\u00c1o thun \ud83d\ude00"}"#, |it| it.text("name")), Ok(Some("Áo thun 😀".to_owned())));
}

#[test]
fn a_text_that_is_no_json_says_how() {
    assert_eq!(parse(b"").unwrap_err(), NoTree::Empty);
    assert_eq!(parse(b" \r\n").unwrap_err(), NoTree::Empty);
    assert_eq!(parse(b" <!DOCTYPE html>").unwrap_err(), NoTree::Html);
    assert_eq!(parse(br#"{"code":1,"data":{"#).unwrap_err(), NoTree::Truncated);
    assert_eq!(parse(b"{code:1}").unwrap_err(), NoTree::Invalid);
    assert_eq!(parse(b"{\"a\":\"\xc3").unwrap_err(), NoTree::Truncated);
    assert_eq!(parse(b"{\"a\":\"\xff\"}").unwrap_err(), NoTree::Invalid);
    assert!(parse("\u{feff}{}".as_bytes()).is_ok());
    assert_eq!(parse("[".repeat(5000).as_bytes()).unwrap_err(), NoTree::Invalid);
}

#[test]
fn fields_are_found_in_any_order() {
    with(r#"{"a":1,"b":2,"c":3}"#, |it| {
        for (field, value) in [("c", 3), ("a", 1), ("b", 2), ("b", 2), ("a", 1)] {
            assert_eq!(it.integer(field), Ok(Some(value)));
        }
        assert_eq!(it.integer("d"), Ok(None));
        assert_eq!(it.integer("c"), Ok(Some(3)));
    });
}

#[test]
fn a_text_whose_frame_is_broken_is_not_mended() {
    for text in [
        r#"{"code":1,"data":[}"#,
        r#"{"code":1,"data":[]"#,
        r#"{"code":1,"data":[{"id":1}{"id":2}]}"#,
        r#"{"code":1 "data":[]}"#,
        r#"{"code":1,"data":[]}{"#,
        r#"{"code":1,"data":[]} x"#,
        r#"{"code":1,"data":[],}"#,
        r#"{"code":1,"data":["\ud83d]}"#,
        r#"[1e999]"#,
    ] {
        assert!(parse_page(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_of_a_record_is_broken_and_the_rest_is_there() {
    let page = parse_page(b"{\"code\":1,\"data\":{\"products\":{\"5\":{\"id\":5,\"a\":\"\xff\"},\"6\":{\"id\":6}}}}").unwrap();
    let products = Record::of(&page).unwrap().record("data").unwrap().unwrap().record("products").unwrap().unwrap();
    let five = products.record("5").unwrap().unwrap();
    assert_eq!((five.broken(), five.integer("id")), (Some("a"), Ok(Some(5))));
    assert_eq!(products.record("6").unwrap().unwrap().broken(), None);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "\\PC{0,12}".prop_map(serde_json::Value::from),
        "[-0-9.]{0,22}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|it| serde_json::Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn mending_what_is_whole_changes_nothing(value in any_json()) {
        let text = serde_json::json!({ "code": 1, "data": value }).to_string();
        prop_assert_eq!(mend::mend(text.as_bytes()), parse(text.as_bytes()).ok());
    }

    #[test]
    fn no_value_breaks_an_accessor(value in any_json()) {
        let json = serde_json::json!({ "f": value }).to_string();
        with(&json, |it| {
            let _ = (it.text("f"), it.id("f"), it.integer("f"), it.money("f"), it.milli("f"), it.verbatim("f"));
            let _ = it.record("f").map(|it| it.map(|it| it.is_empty()));
            let _ = it.items("f").map(Iterator::count);
        });
    }

    #[test]
    fn a_text_is_quoted_so_that_it_reads_back(text in "\\PC{0,40}") {
        let json = format!("{{\"f\":{}}}", quoted(&text));
        let back = with(&json, |it| it.raw("f").and_then(|it| it.as_str().map(str::to_owned)));
        prop_assert_eq!(back, Some(text));
    }
}

#[test]
fn groups_within_groups_without_an_end_cost_one_record_and_no_stack() {
    let deep = [r#"{"id":1,"childs":["#.repeat(20_000), "]}".repeat(20_000)].concat();
    let text = format!(r#"{{"code":1,"data":[{deep},{{"id":2,"name":"Áo"}}]}}"#);
    let tree = parse_page(text.as_bytes()).unwrap();
    let rows = Record::of(&tree).unwrap().items("data").unwrap();
    let ids: Vec<_> = rows.map(|(_, row)| Record::of(row).and_then(|row| row.id("id").ok().flatten())).collect();
    assert_eq!(ids.last().unwrap().as_deref(), Some("2"), "the other record is read");
}
