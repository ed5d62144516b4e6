//! What is written and what is refused, as tables: each value goes through a real component and back.

use super::call;
use super::testing::{echo, echoed, sandbox};

const DEFINITIONS: &str = "
    enum color { red, dark-blue }
    flags rights { read, write, run }
    record point { x: s32, label: option<string>, y-axis: u64 }
    variant shape { empty, circle(f64), named(point), maybe(option<u8>) }
";

/// A type, and its values: what goes in, and what comes out where that is not the same.
type Written = (&'static str, &'static [(&'static str, Option<&'static str>)]);

#[tokio::test]
async fn a_value_is_written_in_one_form() {
    let sandbox = sandbox();
    let table: &[Written] = &[
        ("bool", &[("true", None), ("false", None)]),
        ("s8", &[("-128", None), ("127", None)]),
        ("u16", &[("65535", None)]),
        ("s64", &[("-9223372036854775808", None), ("\"-9223372036854775808\"", Some("-9223372036854775808"))]),
        ("u64", &[("18446744073709551615", None), ("\"18446744073709551615\"", Some("18446744073709551615"))]),
        ("f32", &[("0.1", None), ("1", Some("1.0")), ("\"NaN\"", None), ("\"-Infinity\"", None)]),
        ("f64", &[("0.1", None), ("-0.0", None), ("1e300", Some("1e+300")), ("\"Infinity\"", None)]),
        ("char", &[("\"đ\"", None)]),
        ("string", &[("\"Áo \\\"đỏ\\\"\\n\"", None), ("\"\"", None)]),
        ("list<u8>", &[("\"Áo\"", None), ("\"\"", None), ("{\"base64\":\"/w==\"}", None), ("{\"base64\":\"w4E=\"}", Some("\"Á\""))]),
        ("list<u32>", &[("[]", None), ("[1,2]", None)]),
        ("list<list<u8>>", &[("[\"a\",{\"base64\":\"gA==\"}]", None)]),
        ("tuple<u8, string>", &[("[1,\"a\"]", None)]),
        ("option<string>", &[("null", None), ("\"a\"", None)]),
        ("option<option<string>>", &[("null", None), ("{\"some\":null}", None), ("{\"some\":\"a\"}", None)]),
        ("result", &[("{\"ok\":null}", None), ("{\"err\":null}", None)]),
        ("result<u8, string>", &[("{\"ok\":1}", None), ("{\"err\":\"a\"}", None)]),
        ("result<_, option<u8>>", &[("{\"ok\":null}", None), ("{\"err\":null}", None), ("{\"err\":1}", None)]),
        ("color", &[("\"dark-blue\"", None)]),
        ("rights", &[("[]", None), ("[\"run\",\"read\",\"run\"]", Some("[\"read\",\"run\"]"))]),
        // Every field, in WIT's order, whatever the input's order.
        ("point", &[("{\"y-axis\":2,\"x\":1}", Some("{\"x\":1,\"label\":null,\"y-axis\":2}"))]),
        ("shape", &[("\"empty\"", None), ("{\"circle\":1.5}", None), ("{\"maybe\":null}", None), ("{\"maybe\":7}", None)]),
    ];
    for (ty, values) in table {
        let program = echo(&sandbox, DEFINITIONS, ty);
        for (given, expected) in *values {
            let back = echoed(&program, given).await.unwrap_or_else(|error| panic!("{ty} {given}: {error}"));
            assert_eq!(back, expected.unwrap_or(given), "{ty}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named_with_its_place() {
    let sandbox = sandbox();
    let table: &[(&str, &[(&str, &str)])] = &[
        (
            "u8",
            &[
                ("256", "/value: expected a whole number from 0 to 255 (u8), found 256"),
                ("-1", "/value: expected a whole number from 0 to 255 (u8), found -1"),
                ("1.5", "/value: expected a whole number from 0 to 255 (u8), found 1.5"),
                ("\"1\"", "/value: expected a whole number from 0 to 255 (u8), found \"1\""),
            ],
        ),
        (
            "u64",
            &[
                (
                    "18446744073709551616",
                    "/value: expected a whole number from 0 to 18446744073709551615 (u64), found 1.8446744073709552e+19",
                ),
                (
                    "\"18446744073709551616\"",
                    "/value: expected a whole number from 0 to 18446744073709551615 (u64), found \"18446744073709551616\"",
                ),
                ("\"+1\"", "/value: expected a whole number from 0 to 18446744073709551615 (u64), found \"+1\""),
            ],
        ),
        ("f32", &[("1e39", "/value: expected a number that fits f32, \"NaN\", \"Infinity\" or \"-Infinity\", found 1e+39")]),
        ("char", &[("\"ab\"", "/value: expected a string of one character, found \"ab\"")]),
        (
            "list<u8>",
            &[
                ("[1]", "/value: expected bytes: a string or {\"base64\": …}, found a list of 1"),
                ("{\"base64\":\"?\"}", "/value: expected bytes: a string or {\"base64\": …}, found an object with \"base64\""),
            ],
        ),
        ("list<bool>", &[("[true, 1]", "/value/1: expected true or false, found 1")]),
        (
            "tuple<u8, u8>",
            &[("[1]", "/value: expected a list of 2, found a list of 1"), ("[1, 2, 3]", "/value: expected a list of 2, found a list of 3")],
        ),
        ("option<bool>", &[("0", "/value: expected true or false, found 0")]),
        (
            "result<u8>",
            &[("1", "/value: expected {\"ok\": …} or {\"err\": …}, found 1"), ("{\"err\": 1}", "/value/err: expected null, found 1")],
        ),
        ("color", &[("\"blue\"", "/value: expected one of \"red\", \"dark-blue\", found \"blue\"")]),
        ("rights", &[("[\"read\", \"fly\"]", "/value/1: expected one of \"read\", \"write\", \"run\", found \"fly\"")]),
        (
            "point",
            &[
                ("{\"x\": 1}", "/value/y-axis: expected a whole number from 0 to 18446744073709551615 (u64), found nothing"),
                ("{\"x\": 1, \"y_axis\": 1}", "/value/y_axis: there is no such field; accepted are x, label, y-axis"),
                ("{\"x\": 1, \"a/b~\": 1}", "/value/a~1b~0: there is no such field; accepted are x, label, y-axis"),
                ("[]", "/value: expected an object with \"x\", \"label\", \"y-axis\", found a list of 0"),
            ],
        ),
        (
            "shape",
            &[
                ("\"circle\"", "/value: expected one of \"empty\", {\"circle\": …}, {\"named\": …}, {\"maybe\": …}, found \"circle\""),
                (
                    "{\"empty\": null}",
                    "/value: expected one of \"empty\", {\"circle\": …}, {\"named\": …}, {\"maybe\": …}, found an object with \"empty\"",
                ),
                ("{\"named\": {\"x\": true}}", "/value/named/x: expected a whole number from -2147483648 to 2147483647 (s32), found true"),
            ],
        ),
    ];
    for (ty, values) in table {
        let program = echo(&sandbox, DEFINITIONS, ty);
        for (given, expected) in *values {
            let error = echoed(&program, given).await.unwrap_err();
            assert!(error.is_wrong_input());
            assert_eq!(error.to_string(), *expected, "{ty} {given}");
        }
    }
}

#[tokio::test]
async fn arguments_are_an_object_by_name() {
    let program = echo(&sandbox(), "", "u8");
    let cases = [
        ("1", "the input: expected an object with \"value\", \"padding\", found 1"),
        ("{\"values\": 1}", "/values: there is no such field; accepted are value, padding"),
        ("{", "the input is not JSON: EOF while parsing an object at line 1 column 1"),
    ];
    for (input, expected) in cases {
        assert_eq!(call(&program, "echo", input, None).await.unwrap_err().to_string(), expected);
    }
}
