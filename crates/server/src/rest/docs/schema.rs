//! Schemas in words.

use serde_json::Value;

use super::object;
use super::text::{escape, escaped, prose};

/// One of the named ones, as a table of its members.
pub(super) fn named(name: &str, schema: &Value) -> String {
    let needed = |member: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|name| name == member))
    };
    let row = |(member, schema): (&String, &Value)| {
        let optional = if needed(member) { "" } else { "<br><small>may be missing</small>" };
        format!(
            "<tr><td><code>{}</code>{optional}</td><td>{}</td><td>{}</td></tr>\n",
            escape(member),
            words(schema),
            prose(&schema["description"]),
        )
    };
    let rows: String = object(&schema["properties"]).map(row).collect();
    let members = match rows.is_empty() {
        true => format!("<p>{}</p>\n", words(schema)),
        false => format!("<table>\n{rows}</table>\n"),
    };
    // The place is within what is folded, so that a link to it unfolds it.
    format!(
        "<details>\n<summary><code>{0}</code> <span>{1}</span></summary>\n<div id=\"schema-{0}\">\n{members}</div>\n</details>\n",
        escape(name),
        prose(&schema["description"]),
    )
}

/// What a value may be.
pub(super) fn words(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values.iter().map(value).collect();
        return values.join(", ");
    }
    if !schema["const"].is_null() {
        return value(&schema["const"]);
    }
    if let Some(several) = schema["oneOf"].as_array() {
        return several.iter().map(words).collect::<Vec<_>>().join(" or ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let kind = |kind: &&str| match *kind {
        "array" => format!("list of {}", words(&schema["items"])),
        "object" if schema["properties"].is_object() => {
            let member = |(name, schema): (&String, &Value)| {
                format!("<code>{}</code> {}", escape(name), words(schema))
            };
            let members: Vec<String> = object(&schema["properties"]).map(member).collect();
            format!("object: {}", members.join(", "))
        }
        kind => escape(kind),
    };
    let kinds: Vec<String> = kinds.iter().map(kind).collect();
    let mut said = if kinds.is_empty() { "anything".to_owned() } else { kinds.join(" or ") };
    for (key, before) in [("format", ""), ("contentMediaType", ""), ("pattern", "like ")] {
        if schema[key].is_string() {
            said.push_str(&format!(" <small>{before}{}</small>", escaped(&schema[key])));
        }
    }
    for (key, before) in [("minimum", "from"), ("maximum", "to"), ("default", "by default")] {
        if !schema[key].is_null() {
            said.push_str(&format!(" <small>{before} {}</small>", escape(&schema[key].to_string())));
        }
    }
    said
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("<code>{}</code>", escape(text)),
        other => format!("<code>{}</code>", escape(&other.to_string())),
    }
}
