//! How two JSON values differ, place by place. Never prints a whole document: a reader wants the fields.

use serde_json::Value;

/// Characters of a value that are shown.
const SHOWN: usize = 160;

/// What differs between what was expected and what was found, a place a line; empty if nothing does.
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", expected, found, Fit::Whole, &mut lines);
    lines
}

/// What of `expected` is not in `found`, a place a line. Objects may have more fields than expected; a field that is expected as `null` must
/// be `null` or absent.
pub fn missing(expected: &Value, found: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", expected, found, Fit::Part, &mut lines);
    lines
}

#[derive(Clone, Copy, PartialEq)]
enum Fit {
    Whole,
    Part,
}

fn walk(at: &str, expected: &Value, found: &Value, fit: Fit, lines: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                let at = format!("{at}/{key}");
                match right.get(key) {
                    Some(other) => walk(&at, value, other, fit, lines),
                    None if fit == Fit::Part && value.is_null() => {}
                    None => lines.push(format!("{at}: expected {}, found nothing", shown(value))),
                }
            }
            if fit == Fit::Whole {
                let more = right.iter().filter(|(key, _)| !left.contains_key(*key));
                lines.extend(more.map(|(key, value)| format!("{at}/{key}: expected nothing, found {}", shown(value))));
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for (index, (value, other)) in left.iter().zip(right).enumerate() {
                walk(&format!("{at}/{index}"), value, other, fit, lines);
            }
            let common = left.len().min(right.len());
            let lost = left.iter().enumerate().skip(common);
            lines.extend(lost.map(|(index, value)| format!("{at}/{index}: expected {}, found nothing", shown(value))));
            let more = right.iter().enumerate().skip(common);
            lines.extend(more.map(|(index, value)| format!("{at}/{index}: expected nothing, found {}", shown(value))));
        }
        (left, right) if left == right => {}
        (left, right) => {
            let place = if at.is_empty() { "the whole" } else { at };
            lines.push(format!("{place}: expected {}, found {}", shown(left), shown(right)));
        }
    }
}

/// A value on one line, cut short.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_that_differs_has_a_line() {
        let expected = json!({ "same": 1, "name": "A", "lines": [1, 2], "lost": null });
        let found = json!({ "same": 1, "name": "B", "lines": [1, 3, 4], "more": true });
        let mut lines = differences(&expected, &found);
        lines.sort();
        assert_eq!(
            lines,
            [
                "/lines/1: expected 2, found 3",
                "/lines/2: expected nothing, found 4",
                "/lost: expected null, found nothing",
                "/more: expected nothing, found true",
                "/name: expected \"A\", found \"B\"",
            ]
        );
        assert!(differences(&expected, &expected).is_empty());
    }

    #[test]
    fn a_part_may_leave_fields_out_but_not_items() {
        let found = json!({ "a": { "b": 1, "c": 2 }, "d": [{ "e": 1, "f": 2 }] });
        assert!(missing(&json!({ "a": { "b": 1 }, "d": [{ "f": 2 }], "g": null }), &found).is_empty());
        assert_eq!(
            missing(&json!({ "a": { "c": null }, "d": [] }), &found),
            ["/a/c: expected null, found 2", "/d/0: expected nothing, found {\"e\":1,\"f\":2}"]
        );
    }
}
