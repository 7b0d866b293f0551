//! Holding what a server answers against what it says of itself: [`Described`].

use std::collections::BTreeSet;

use serde_json::Value;

use super::serving::Answer;

/// The OpenAPI document of a server.
pub(crate) struct Described(Value);

impl Described {
    pub(crate) fn new(document: Value) -> Self {
        assert_eq!(document["openapi"], "3.1.0");
        Self(document)
    }

    /// Every path, and the methods that it takes.
    pub(crate) fn paths(&self) -> Vec<(&str, Vec<&str>)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths
            .map(|(path, methods)| {
                (path.as_str(), methods.as_object().unwrap().keys().map(String::as_str).collect())
            })
            .collect()
    }

    /// Fails the test where the answer is none that is described: its status, its kind, its headers, its body.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, path: &str, answer: &Answer) {
        let bare = path.split('?').next().unwrap();
        let at = self.0["paths"].as_object().unwrap().iter().find(|(template, _)| is_at(template, bare));
        let Some((_, methods)) = at else {
            assert_eq!(answer.problem().0, 404, "{path}: {answer:?}");
            return;
        };
        let Some(operation) = methods.get(method.to_lowercase()) else {
            assert_eq!(answer.status, 405, "{method} {path}");
            let allowed = answer.headers["allow"].to_lowercase();
            let allowed: BTreeSet<&str> = allowed.split(',').filter(|method| *method != "head").collect();
            let described = methods.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(allowed, described, "{method} {path}");
            match (method, path.starts_with("/workflows") || path == "/health") {
                // Such an answer has no body.
                ("HEAD", _) => {}
                (_, true) => assert_eq!(answer.json()["detail"], "Method Not Allowed", "{method} {path}"),
                (_, false) => assert_eq!(answer.problem().1, "method_not_allowed", "{method} {path}"),
            }
            return;
        };
        let response = &operation["responses"][answer.status.to_string()];
        assert!(response.is_object(), "{method} {path} is not said to answer {}: {answer:?}", answer.status);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let found = answer.headers.get(&name.to_lowercase());
            assert!(found.is_some(), "{method} {path} {}: no {name}", answer.status);
            let text = found
                .map(|text| text.parse().map_or_else(|_| text.as_str().into(), |number: u64| number.into()));
            self.hold(&header["schema"], &text.unwrap(), name);
        }
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "{method} {path} {} has a body: {answer:?}", answer.status);
            return;
        };
        let kind = answer.headers["content-type"].split(';').next().unwrap();
        let schema = content.get(kind).map(|content| &content["schema"]);
        let schema =
            schema.unwrap_or_else(|| panic!("{method} {path} {} is not said to be {kind}", answer.status));
        if kind.ends_with("json") {
            self.hold(schema, &answer.json(), &format!("{method} {path} {}", answer.status));
        }
    }

    /// Holds a value against a schema. An object has no members beside those that are described.
    #[track_caller]
    fn hold(&self, schema: &Value, value: &Value, place: &str) {
        for (keyword, said) in schema.as_object().unwrap() {
            let holds = match keyword.as_str() {
                "$ref" => {
                    let target = self.0.pointer(said.as_str().unwrap().trim_start_matches('#')).unwrap();
                    self.hold(target, value, place);
                    true
                }
                "type" => match said {
                    Value::Array(kinds) => kinds.iter().any(|kind| is_a(kind, value)),
                    kind => is_a(kind, value),
                },
                "enum" => said.as_array().unwrap().contains(value),
                "const" => said == value,
                "minimum" => value.as_f64() >= said.as_f64(),
                "required" => {
                    said.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
                }
                "properties" => {
                    for (name, member) in value.as_object().unwrap() {
                        let inner = format!("{place}.{name}");
                        match said.get(name) {
                            Some(schema) => self.hold(schema, member, &inner),
                            // What it refers to says the others.
                            None => assert!(schema.get("$ref").is_some(), "{inner} is not described"),
                        }
                    }
                    true
                }
                "items" => {
                    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.hold(said, item, &format!("{place}[{number}]"));
                    }
                    true
                }
                "oneOf" => {
                    let kinds = said.as_array().unwrap().iter();
                    let fitting = kinds.clone().filter(|kind| is_a(&kind["type"], value)).collect::<Vec<_>>();
                    assert_eq!(fitting.len(), 1, "{place}: {value}");
                    self.hold(fitting[0], value, place);
                    true
                }
                // The forms that we write ourselves.
                "pattern" => said == "^[0-9a-f]{64}$" && value.as_str().is_some_and(is_digest),
                "format" if said == "date-time" => value.as_str().is_none_or(is_time),
                "format" => {
                    said == "uri"
                        && value.as_str().is_some_and(|text| text.starts_with("urn:aieffect:problem:"))
                }
                "additionalProperties" => said == true,
                "description" | "contentMediaType" => true,
                other => panic!("{place}: nobody looks after `{other}`"),
            };
            assert!(holds, "{place} is not {keyword} {said}: {value}");
        }
    }
}

fn is_at(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(found)) if part == found || part.starts_with('{') && !found.is_empty() => {}
            _ => return false,
        }
    }
}

fn is_a(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("nobody looks after values of type `{other}`"),
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// As in `2026-11-21T09:30:00.123456Z`.
fn is_time(text: &str) -> bool {
    let shape: String =
        text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    shape == "0000-00-00T00:00:00.000000Z"
}
