//! Field types in words, for messages to users.

use prost_reflect::{FieldDescriptor, Kind};
use serde_json::Value;

/// What a field takes, with its article: `an int32`, `a list of strings`.
pub(super) fn field(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => format!(
            "a map from {} to {}",
            name(&entry.map_entry_key_field().kind()),
            name(&entry.map_entry_value_field().kind())
        ),
        kind if field.is_list() => format!("a list of {}", name(&kind)),
        kind => one(&kind),
    }
}

/// What one value of that kind is, with its article.
pub(super) fn one(kind: &Kind) -> String {
    let name = name(kind);
    let article = match name.as_bytes().first() {
        _ if matches!(kind, Kind::Bytes) => return "bytes in base64".to_owned(),
        _ if name.starts_with("ui") => "a",
        Some(b'a' | b'e' | b'i' | b'o' | b'u') => "an",
        _ => "a",
    };
    format!("{article} {name}")
}

/// A type's name.
pub(super) fn name(kind: &Kind) -> String {
    match kind {
        Kind::Double => "double".to_owned(),
        Kind::Float => "float".to_owned(),
        Kind::Int32 => "int32".to_owned(),
        Kind::Int64 => "int64".to_owned(),
        Kind::Uint32 => "uint32".to_owned(),
        Kind::Uint64 => "uint64".to_owned(),
        Kind::Sint32 => "sint32".to_owned(),
        Kind::Sint64 => "sint64".to_owned(),
        Kind::Fixed32 => "fixed32".to_owned(),
        Kind::Fixed64 => "fixed64".to_owned(),
        Kind::Sfixed32 => "sfixed32".to_owned(),
        Kind::Sfixed64 => "sfixed64".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::String => "string".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Message(message) => format!("message `{}`", message.full_name()),
        Kind::Enum(descriptor) => format!("enum `{}`", descriptor.full_name()),
    }
}

/// A value as it was written, cut after about 40 characters.
pub(super) fn written(value: &Value) -> String {
    const SHOWN: usize = 40;
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let text = value.to_string();
            match text.char_indices().nth(SHOWN) {
                Some((cut, _)) => format!("{}…", &text[..cut]),
                None => text,
            }
        }
    }
}
