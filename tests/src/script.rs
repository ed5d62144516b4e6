//! The other side of a fixture: replies that were written down, played in order. Never makes an answer up: a request that the script does
//! not foresee is denied, and fails the case.
//!
//! A script is a JSON list of steps:
//!
//! ```json
//! [{ "expect": { "method": "post", "path": "/api/order/add", "form": { "data": { "id": "ab12-DH1" }, "accessToken": null } },
//!    "reply": { "status": 200, "content-type": "application/json", "body": { "code": 1 }, "captured": [] } },
//!  { "expect": { "path": "/api/order/index" }, "reply": { "error": "no-answer" } }]
//! ```
//!
//! `expect` says what must be in the request and leaves out what may be anything: `endpoint`, `method`, `path` as they are; `query`,
//! `headers` and `form` by name; `json` as a part of the body. A value that is no string is compared with the field's text read as JSON;
//! `null` means that there is no such field. `reply` has defaults: status 200, `application/json`, nothing captured. Its body is a string,
//! a JSON value, or bytes as `{"base64": …}`. `error` is a case of the contract's: `"denied"`, `"not-sent"`, `"no-answer"`, `"too-large"`,
//! `{"locked": 3000}`; a text goes in as `{"no-answer": "reset"}`.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connector_host::contract::http::{Body, Error, Method, Pair, Request, Response};
use connector_host::sandbox::Courier;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::compare::missing;

/// A courier that plays a script.
#[derive(Debug)]
pub struct Script(Mutex<State>);

#[derive(Debug)]
struct State {
    steps: VecDeque<Step>,
    sent: usize,
    problems: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    expect: Expect,
    reply: Value,
}

#[derive(Debug)]
struct Step {
    expect: Expect,
    reply: Result<Response, Error>,
}

/// What must be in a request.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expect {
    endpoint: Option<String>,
    method: Option<String>,
    path: Option<String>,
    query: Map<String, Value>,
    headers: Map<String, Value>,
    form: Option<Map<String, Value>>,
    json: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawReply {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default = "json_type")]
    content_type: Option<String>,
    body: Value,
    #[serde(default)]
    captured: Vec<String>,
}

fn ok() -> u16 {
    200
}

fn json_type() -> Option<String> {
    Some("application/json".to_owned())
}

impl Script {
    /// Reads a script. Fails with the step at fault.
    pub fn read(text: &str) -> Result<Script> {
        let raw: Vec<RawStep> = serde_json::from_str(text)?;
        let steps = raw.into_iter().enumerate().map(|(index, step)| {
            let reply = read_reply(step.reply).with_context(|| format!("the reply of step {}", index + 1))?;
            Ok(Step { expect: step.expect, reply })
        });
        Ok(Script(Mutex::new(State { steps: steps.collect::<Result<_>>()?, sent: 0, problems: Vec::new() })))
    }

    /// A script without a step: whoever sends a request fails.
    pub fn silent() -> Script {
        Script(Mutex::new(State { steps: VecDeque::new(), sent: 0, problems: Vec::new() }))
    }

    /// What did not go by the script, replies that nobody asked for included.
    pub fn problems(&self) -> Vec<String> {
        let state = self.state();
        let left = (!state.steps.is_empty())
            .then(|| format!("{} replies are left over: the guest sent {} requests", state.steps.len(), state.sent));
        state.problems.iter().cloned().chain(left).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Courier for Script {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut state = self.state();
        state.sent += 1;
        let number = state.sent;
        let Some(step) = state.steps.pop_front() else {
            state.problems.push(format!("request {number} is not in the script: {} {}", method_name(request.method), request.path));
            return Err(Error::Denied("the script has ended".to_owned()));
        };
        let differences = step.expect.differences(&request);
        if differences.is_empty() {
            return step.reply;
        }
        state.problems.extend(differences.into_iter().map(|line| format!("request {number}: {line}")));
        Err(Error::Denied("the script has another request here".to_owned()))
    }
}

impl Expect {
    fn differences(&self, request: &Request) -> Vec<String> {
        let method = method_name(request.method);
        let whole = [
            ("endpoint", &self.endpoint, request.endpoint.as_str()),
            ("method", &self.method, method),
            ("path", &self.path, &request.path),
        ];
        let mut lines: Vec<String> = whole
            .into_iter()
            .filter_map(|(name, expected, found)| {
                let expected = expected.as_deref().filter(|expected| *expected != found)?;
                Some(format!("{name}: expected {expected}, found {found}"))
            })
            .collect();
        lines.extend(pairs("query", &self.query, &request.query));
        lines.extend(pairs("headers", &self.headers, &request.headers));
        if let Some(expected) = &self.form {
            match &request.body {
                Body::Form(fields) => lines.extend(pairs("form", expected, fields)),
                other => lines.push(format!("expected a form, found {}", body_name(other))),
            }
        }
        if let Some(expected) = &self.json {
            match &request.body {
                Body::Json(text) => match serde_json::from_str(text) {
                    Ok(found) => lines.extend(missing(expected, &found).into_iter().map(|line| format!("json{line}"))),
                    Err(error) => lines.push(format!("the body is not JSON: {error}")),
                },
                other => lines.push(format!("expected JSON, found {}", body_name(other))),
            }
        }
        lines
    }
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
    }
}

fn body_name(body: &Body) -> &'static str {
    match body {
        Body::None => "no body",
        Body::Form(_) => "a form",
        Body::Json(_) => "JSON",
    }
}

/// What is expected of fields by name, and is not there.
fn pairs(kind: &str, expected: &Map<String, Value>, found: &[Pair]) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in expected {
        let given = found.iter().find(|pair| pair.name == *name).map(|pair| pair.value.as_str());
        match (value, given) {
            (Value::Null, None) => {}
            (Value::String(expected), Some(given)) if expected == given => {}
            (Value::Null | Value::String(_), given) => lines.push(format!("{kind}/{name}: expected {value}, found {given:?}")),
            (_, None) => lines.push(format!("{kind}/{name}: expected {value}, found nothing")),
            (_, Some(given)) => match serde_json::from_str(given) {
                Ok(found) => lines.extend(missing(value, &found).into_iter().map(|line| format!("{kind}/{name}{line}"))),
                Err(_) => lines.push(format!("{kind}/{name}: expected JSON, found {given:?}")),
            },
        }
    }
    lines
}

fn read_reply(raw: Value) -> Result<Result<Response, Error>> {
    if let Some(error) = raw.get("error") {
        return read_error(error).map(Err);
    }
    let reply: RawReply = serde_json::from_value(raw)?;
    let body = match &reply.body {
        Value::String(text) => text.clone().into_bytes(),
        Value::Object(object) if object.len() == 1 && object.contains_key("base64") => {
            let text = object.get("base64").and_then(Value::as_str).context("base64 is a string")?;
            STANDARD.decode(text)?
        }
        value => value.to_string().into_bytes(),
    };
    Ok(Ok(Response { status: reply.status, content_type: reply.content_type, body, captured: reply.captured }))
}

fn read_error(raw: &Value) -> Result<Error> {
    let (name, payload) = match raw {
        Value::String(name) => (name.as_str(), &Value::Null),
        Value::Object(object) if object.len() == 1 => {
            object.iter().next().map(|(name, payload)| (name.as_str(), payload)).context("one case")?
        }
        _ => bail!("an error is a case, or an object of one case"),
    };
    let text = payload.as_str().unwrap_or("scripted").to_owned();
    Ok(match name {
        "denied" => Error::Denied(text),
        "not-sent" => Error::NotSent(text),
        "no-answer" => Error::NoAnswer(text),
        "too-large" => Error::TooLarge,
        "locked" => Error::Locked(payload.as_u64().and_then(|wait| wait.try_into().ok()).context("locked has milliseconds")?),
        other => bail!("there is no error {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, body: Body) -> Request {
        Request { endpoint: "open".to_owned(), method: Method::Post, path: path.to_owned(), query: Vec::new(), headers: Vec::new(), body }
    }

    fn form(fields: &[(&str, &str)]) -> Body {
        Body::Form(fields.iter().map(|(name, value)| Pair { name: (*name).to_owned(), value: (*value).to_owned() }).collect())
    }

    #[tokio::test]
    async fn replies_come_in_the_order_of_the_script() {
        let script = Script::read(
            r#"[{"expect": {"method": "post", "path": "/a", "form": {"data": {"id": 1}, "secret": null}}, "reply": {"body": {"code": 1}}},
                {"expect": {"json": {"page": 2}}, "reply": {"status": 500, "content-type": null, "body": {"base64": "/w=="}, "captured": ["x"]}},
                {"expect": {}, "reply": {"error": {"locked": 3000}}}]"#,
        )
        .unwrap();
        let first = script.send(request("/a", form(&[("data", "{\"id\": 1, \"more\": 2}")]))).await.unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, b"{\"code\":1}".as_slice()));
        let second = script.send(request("/b", Body::Json("{\"page\": 2}".to_owned()))).await.unwrap();
        assert_eq!((second.status, second.content_type, second.body, second.captured), (500, None, vec![255], vec!["x".to_owned()]));
        assert_eq!(script.send(request("/c", Body::None)).await.unwrap_err(), Error::Locked(3000));
        assert_eq!(script.problems(), [""; 0]);
    }

    #[tokio::test]
    async fn another_request_is_denied_and_told() {
        let step = r#"[{"expect": {"path": "/a", "form": {"data": {"id": 1}, "secret": null, "v": "2"}}, "reply": {"body": ""}}]"#;
        let script = Script::read(step).unwrap();
        let answer = script.send(request("/b", form(&[("data", "{\"id\": 2}"), ("secret", "s")]))).await;
        assert!(matches!(answer, Err(Error::Denied(_))));
        assert_eq!(
            script.problems(),
            [
                "request 1: path: expected /a, found /b",
                "request 1: form/data/id: expected 1, found 2",
                "request 1: form/secret: expected null, found Some(\"s\")",
                "request 1: form/v: expected \"2\", found None",
            ]
        );
    }

    #[tokio::test]
    async fn too_few_and_too_many_requests_are_told() {
        let script = Script::read(r#"[{"expect": {}, "reply": {"body": ""}}]"#).unwrap();
        assert_eq!(script.problems(), ["1 replies are left over: the guest sent 0 requests"]);
        let silent = Script::silent();
        assert!(matches!(silent.send(request("/a", Body::None)).await, Err(Error::Denied(_))));
        assert_eq!(silent.problems(), ["request 1 is not in the script: post /a"]);
    }

    #[test]
    fn a_script_that_says_something_else_is_refused() {
        for text in [
            r#"{}"#,
            r#"[{"expect": {"pth": "/a"}, "reply": {"body": ""}}]"#,
            r#"[{"expect": {}, "reply": {}}]"#,
            r#"[{"expect": {}, "reply": {"error": "lost"}}]"#,
            r#"[{"expect": {}, "reply": {"error": "locked"}}]"#,
        ] {
            assert!(Script::read(text).is_err(), "{text}");
        }
    }
}
