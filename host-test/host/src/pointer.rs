//! JSON pointers over JSON *text*: take a value out, put a text in, and leave every other byte's meaning alone.
//!
//! A parse into numbers and maps and back would round an id above 2^53, write 1.10 as 1.1, reorder keys and drop repeated ones; what the
//! host hands on must be what the other side wrote. So only the objects on the pointer's way are opened, and all else is copied as text.

use std::fmt;

use serde::de::{Deserialize, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A pointer (RFC 6901) to something below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer(Vec<String>);

/// Why an edit cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditError {
    /// Not JSON, or not in UTF-8.
    NotJson,
    /// Something that is not an object stands on the way.
    NotAnObject,
    /// There is something at the place already.
    Taken,
}

impl Pointer {
    /// Reads a pointer; the root (an empty text) is none, since nothing can be taken out of it.
    pub(crate) fn parse(text: &str) -> Option<Pointer> {
        let rest = text.strip_prefix('/')?;
        let bad_escape = |token: &str| token.split('~').skip(1).any(|after| !after.starts_with(['0', '1']));
        let token = |token: &str| (!bad_escape(token)).then(|| token.replace("~1", "/").replace("~0", "~"));
        rest.split('/').map(token).collect::<Option<Vec<_>>>().map(Pointer)
    }

    /// Takes everything at this place out: each value as JSON text (several only where a key is repeated on the way), and the text
    /// without them. An element of a list becomes `null`, so that its neighbours keep their places.
    pub(crate) fn take(&self, json: &str) -> Result<(Vec<String>, String), EditError> {
        let mut found = Vec::new();
        // Checks the whole text, also what is copied below.
        let root: &RawValue = serde_json::from_str(json).map_err(|_| EditError::NotJson)?;
        let rest = take_in(root.get(), &self.0, &mut found)?;
        Ok((found, rest.unwrap_or_else(|| json.to_owned())))
    }

    /// Puts a text at this place and makes the objects on the way. Lists are not entered.
    pub(crate) fn insert(&self, json: &str, value: &str) -> Result<String, EditError> {
        let _: &RawValue = serde_json::from_str(json).map_err(|_| EditError::NotJson)?;
        insert_in(json, &self.0, &quote(value)?)
    }
}

/// What a value says as text: a string's text, a number as it was written. Nothing else has one.
pub(crate) fn text(json: &str) -> Option<String> {
    match json.bytes().next()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        _ => None,
    }
}

/// A text as a JSON string.
pub(crate) fn quote(text: &str) -> Result<String, EditError> {
    serde_json::to_string(text).map_err(|_| EditError::NotJson)
}

/// An object's members as they were written: in order, repeated keys included.
pub(crate) fn members(json: &str) -> Result<Vec<(String, &RawValue)>, EditError> {
    serde_json::from_str::<Members<'_>>(json).map(|members| members.0).map_err(|_| EditError::NotJson)
}

fn take_in(json: &str, way: &[String], found: &mut Vec<String>) -> Result<Option<String>, EditError> {
    let Some((first, deeper)) = way.split_first() else {
        return Ok(None);
    };
    let before = found.len();
    let mut parts = Vec::new();
    if json.starts_with('{') {
        for (key, value) in members(json)? {
            if key != *first {
                parts.push(member(&key, value.get())?);
            } else if deeper.is_empty() {
                found.push(value.get().to_owned());
            } else {
                let inner = take_in(value.get(), deeper, found)?;
                parts.push(member(&key, inner.as_deref().unwrap_or(value.get()))?);
            }
        }
        return Ok((found.len() > before).then(|| format!("{{{}}}", parts.join(","))));
    }
    if json.starts_with('[') {
        let Ok(place) = first.parse::<usize>() else {
            return Ok(None);
        };
        let elements: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| EditError::NotJson)?;
        for (index, value) in elements.into_iter().enumerate() {
            if index != place {
                parts.push(value.get().to_owned());
            } else if deeper.is_empty() {
                found.push(value.get().to_owned());
                parts.push("null".to_owned());
            } else {
                parts.push(take_in(value.get(), deeper, found)?.unwrap_or_else(|| value.get().to_owned()));
            }
        }
        return Ok((found.len() > before).then(|| format!("[{}]", parts.join(","))));
    }
    Ok(None)
}

fn insert_in(json: &str, way: &[String], value: &str) -> Result<String, EditError> {
    let Some((first, deeper)) = way.split_first() else {
        return Ok(value.to_owned());
    };
    if !json.trim_start().starts_with('{') {
        return Err(EditError::NotAnObject);
    }
    let members = members(json)?;
    let mut parts = Vec::with_capacity(members.len() + 1);
    let mut there = false;
    for (key, old) in members {
        if key != *first {
            parts.push(member(&key, old.get())?);
            continue;
        }
        // Twice the same key: nobody can say which one the other side reads.
        if deeper.is_empty() || there {
            return Err(EditError::Taken);
        }
        there = true;
        parts.push(member(&key, &insert_in(old.get(), deeper, value)?)?);
    }
    if !there {
        let inner = if deeper.is_empty() { value.to_owned() } else { insert_in("{}", deeper, value)? };
        parts.push(member(first, &inner)?);
    }
    Ok(format!("{{{}}}", parts.join(",")))
}

fn member(key: &str, value: &str) -> Result<String, EditError> {
    Ok(format!("{}:{value}", quote(key)?))
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(map.size_hint().unwrap_or(8));
        while let Some(member) = map.next_entry::<String, &RawValue>()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).unwrap()
    }

    fn take(at: &str, json: &str) -> (Vec<String>, String) {
        pointer(at).take(json).unwrap()
    }

    #[test]
    fn what_is_left_keeps_its_numbers_its_order_and_its_repeated_keys() {
        let json = r#"{"z":12345678901234567890123,"p":1.10,"token":"x","a":[1e400,-0.0],"d":1,"d":2,"s":"\u00e9\/"}"#;
        let (found, rest) = take("/token", json);
        assert_eq!(found, [r#""x""#]);
        assert_eq!(rest, r#"{"z":12345678901234567890123,"p":1.10,"a":[1e400,-0.0],"d":1,"d":2,"s":"\u00e9\/"}"#);
    }

    #[test]
    fn repeated_keys_are_all_taken_also_on_the_way_and_when_they_are_escaped() {
        let (found, rest) = take("/a/t", r#"{"a":{"t":1,"\u0074":2},"a":{"t":3,"k":4}}"#);
        assert_eq!(found, ["1", "2", "3"]);
        assert_eq!(rest, r#"{"a":{},"a":{"k":4}}"#);
    }

    #[test]
    fn a_text_without_the_place_stays_byte_for_byte() {
        for json in [" { \"a\" : 1 }\n", "[1, 2]", "7", "\"t\"", "{\"a\":{}}", "null"] {
            assert_eq!(take("/a/t", json), (vec![], json.to_owned()));
        }
    }

    #[test]
    fn an_element_of_a_list_becomes_null() {
        assert_eq!(take("/l/1", r#"{"l":[1,"s",3]}"#), (vec![r#""s""#.to_owned()], r#"{"l":[1,null,3]}"#.to_owned()));
        assert_eq!(take("/0/t", r#"[{"t":"s"},2]"#).1, "[{},2]");
    }

    #[test]
    fn a_text_that_is_not_json_is_refused() {
        for json in ["", "{", "{\"a\":1}x", "<html>", "{\"a\":}", "{a:1}"] {
            assert_eq!(pointer("/a").take(json).unwrap_err(), EditError::NotJson, "{json}");
        }
    }

    #[test]
    fn a_text_goes_in_and_the_objects_on_the_way_are_made() {
        let insert = |at: &str, json: &str| pointer(at).insert(json, "s\"1");
        assert_eq!(insert("/a", "{}").unwrap(), r#"{"a":"s\"1"}"#);
        assert_eq!(insert("/a/b~1c/0", r#"{"x":1.10}"#).unwrap(), r#"{"x":1.10,"a":{"b/c":{"0":"s\"1"}}}"#);
        assert_eq!(insert("/a/b", r#"{"a":{"c":1}}"#).unwrap(), r#"{"a":{"c":1,"b":"s\"1"}}"#);
    }

    #[test]
    fn a_place_that_is_taken_or_ambiguous_stays_as_it_is() {
        let insert = |at: &str, json: &str| pointer(at).insert(json, "s").unwrap_err();
        assert_eq!(insert("/a", r#"{"a":null}"#), EditError::Taken);
        assert_eq!(insert("/a", r#"{"\u0061":1}"#), EditError::Taken);
        assert_eq!(insert("/a/b", r#"{"a":{},"a":{}}"#), EditError::Taken);
        assert_eq!(insert("/a/b", r#"{"a":[]}"#), EditError::NotAnObject);
        assert_eq!(insert("/a", "[]"), EditError::NotAnObject);
        assert_eq!(insert("/a", "x"), EditError::NotJson);
    }

    #[test]
    fn the_root_and_broken_escapes_are_no_pointers() {
        for text in ["", "a", "/~", "/a~2"] {
            assert_eq!(Pointer::parse(text), None, "{text}");
        }
        assert_eq!(Pointer::parse("/a~01").unwrap(), Pointer(vec!["a~1".to_owned()]));
    }
}
