//! The JSON Schemas of `docs/reference` hold: the use cases' documents and the examples of the pages pass them.
//!
//! Only the keywords that our schemas need are understood, and any other is a complaint, so that none is passed over.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Complaints;
use crate::workspace::{root, tracked_files};

const FOLDER: &str = "docs/reference";
const DOCUMENTS: [&str; 2] = ["connections", "execution"];
/// Keywords that say nothing about whether a value passes.
const NOTES: [&str; 7] = ["$schema", "$id", "title", "description", "default", "examples", "$defs"];

pub(super) fn check() -> Result<Complaints> {
    let tracked = tracked_files()?;
    let mut complaints = Complaints::new();
    for name in DOCUMENTS {
        let path = format!("{FOLDER}/{name}.schema.json");
        let schema =
            json(&fs::read_to_string(root().join(&path)).with_context(|| format!("{path} cannot be read"))?)
                .with_context(|| format!("in {path}"))?;
        let page = format!("{FOLDER}/{name}.md");
        let text =
            fs::read_to_string(root().join(&page)).with_context(|| format!("{page} cannot be read"))?;
        for (line, example) in examples(&text) {
            let example = json(&example).with_context(|| format!("{page}:{line}"))?;
            complaints
                .extend(faults(&schema, &example).into_iter().map(|fault| format!("{page}:{line}: {fault}")));
        }
        let file = format!("{name}.json");
        for document in tracked.iter().filter(|path| is_document(path, &file)) {
            let value = json(&fs::read_to_string(root().join(document))?)?;
            let shown = document.display();
            complaints.extend(faults(&schema, &value).into_iter().map(|fault| format!("{shown}: {fault}")));
        }
    }
    Ok(complaints)
}

/// The use cases' own documents; those of tests are broken on purpose.
fn is_document(path: &Path, file: &str) -> bool {
    path.starts_with("use-cases") && path.file_name().is_some_and(|name| name == file)
}

fn json(text: &str) -> Result<Value> {
    Ok(serde_json::from_str(text)?)
}

/// The blocks marked `json` that show a whole document, with the line of each.
fn examples(page: &str) -> Vec<(usize, String)> {
    let mut examples = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.trim()) {
            (None, "```json") => open = Some((index + 1, String::new())),
            (Some(_), "```") => examples.extend(open.take()),
            (Some((_, text)), _) => text.push_str(&format!("{line}\n")),
            (None, _) => {}
        }
    }
    examples
}

/// Where and how a document breaks its schema.
fn faults(schema: &Value, document: &Value) -> Complaints {
    let mut faults = Complaints::new();
    Validator { root: schema }.check(schema, document, "", &mut faults);
    faults
}

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, place: &str, faults: &mut Complaints) {
        let keywords = match schema {
            Value::Bool(true) => return,
            Value::Object(keywords) => keywords,
            _ => return faults.push(format!("`{place}`: nothing is allowed here")),
        };
        for (keyword, rule) in keywords {
            match keyword.as_str() {
                "type" if !has_type(rule, value) => faults.push(format!("`{place}` is not of type {rule}")),
                "enum" if !rule.as_array().is_some_and(|allowed| allowed.contains(value)) => {
                    faults.push(format!("`{place}` is none of {rule}"));
                }
                "const" if rule != value => faults.push(format!("`{place}` is not {rule}")),
                "minimum" if value.as_f64() < rule.as_f64() => {
                    faults.push(format!("`{place}` is less than {rule}"));
                }
                "maximum" if value.as_f64() > rule.as_f64() => {
                    faults.push(format!("`{place}` is more than {rule}"));
                }
                "required" => self.check_required(rule, value, place, faults),
                "properties" | "additionalProperties" => {
                    self.check_members(keyword, schema, value, place, faults);
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{place}/{index}"), faults);
                    }
                }
                "$ref" => self.check_referred(rule, value, place, faults),
                "type" | "enum" | "const" | "minimum" | "maximum" => {}
                note if NOTES.contains(&note) => {}
                other => faults.push(format!("the schema's keyword `{other}` is not known to this check")),
            }
        }
    }

    fn check_required(&self, names: &Value, value: &Value, place: &str, faults: &mut Complaints) {
        for name in names.as_array().into_iter().flatten().filter_map(Value::as_str) {
            if value.is_object() && value.get(name).is_none() {
                faults.push(format!("`{place}` has no `{name}`"));
            }
        }
    }

    fn check_members(
        &self,
        keyword: &str,
        schema: &Value,
        value: &Value,
        place: &str,
        faults: &mut Complaints,
    ) {
        for (name, member) in value.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            let named = schema["properties"].get(name);
            match (keyword, named) {
                ("properties", Some(rule)) => self.check(rule, member, &place, faults),
                ("additionalProperties", None) => self.check(&schema[keyword], member, &place, faults),
                _ => {}
            }
        }
    }

    fn check_referred(&self, reference: &Value, value: &Value, place: &str, faults: &mut Complaints) {
        let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
        match pointer.and_then(|pointer| self.root.pointer(pointer)) {
            Some(schema) => self.check(schema, value, place, faults),
            None => faults.push(format!("the schema refers to {reference}, which is not there")),
        }
    }
}

fn has_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match rule {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(document: &Value, expected: &[&str]) {
        let schema = json!({
            "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": {
                "name": {"type": "string"},
                "links": {"type": "array", "items": {"$ref": "#/$defs/link"}},
                "mode": {"enum": ["batch", "live"]},
                "count": {"type": "integer", "minimum": 1},
            },
            "$defs": {"link": {"type": ["string", "null"]}},
        });
        assert_eq!(faults(&schema, document), expected);
    }

    #[test]
    fn a_document_that_fits_has_no_faults() {
        check(&json!({"name": "a", "links": ["b", null], "mode": "live", "count": 1}), &[]);
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        check(&json!({}), &["`` has no `name`"]);
        check(&json!({"name": 1}), &["`/name` is not of type \"string\""]);
        check(&json!({"name": "a", "links": ["b", 2]}), &["`/links/1` is not of type [\"string\",\"null\"]"]);
        check(&json!({"name": "a", "mode": "x"}), &["`/mode` is none of [\"batch\",\"live\"]"]);
        check(&json!({"name": "a", "count": 0}), &["`/count` is less than 1"]);
        check(&json!({"name": "a", "nmae": "b"}), &["`/nmae`: nothing is allowed here"]);
    }

    #[test]
    fn a_keyword_that_is_not_understood_is_told() {
        assert_eq!(faults(&json!({"pattern": "a"}), &json!("b")).len(), 1);
    }

    #[test]
    fn examples_are_the_json_blocks() {
        assert_eq!(examples("x\n```json\n{\n}\n```\n```sh\nls\n```\n"), [(2, "{\n}\n".to_owned())]);
    }
}
