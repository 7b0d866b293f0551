//! The well-known types' own JSON forms.
//!
//! A message that has no such form (a timestamp out of range, an `Any` of a type that the proto does not
//! know, a type that only borrows the name) is written like any other message, and read so too.

use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor, ReflectMessage, Value as Proto};
use serde_json::{Map, Number, Value};

use super::control;

/// How a message type is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As an object of its fields.
    Plain,
    /// As a text: timestamps, durations, field masks.
    Text,
    /// As whatever JSON it stands for: `Struct`, `ListValue`, `Value`, and what HTTP-controlled services take and give.
    Json,
    /// As the value inside.
    Wrapper,
    /// As the fields of the message inside, beside `@type`.
    Any,
}

impl Form {
    pub(super) fn of(message: &MessageDescriptor) -> Self {
        if control::is_one(message) {
            return Self::Json;
        }
        let Some(name) = message.full_name().strip_prefix("google.protobuf.") else { return Self::Plain };
        match name {
            "Timestamp" | "Duration" | "FieldMask" => Self::Text,
            "Struct" | "ListValue" | "Value" => Self::Json,
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value" | "UInt32Value"
            | "BoolValue" | "StringValue" | "BytesValue"
                if message.get_field_by_name("value").is_some() =>
            {
                Self::Wrapper
            }
            "Any" => Self::Any,
            _ => Self::Plain,
        }
    }

    /// Whether an `Any` keeps such a message under `value`, since its form is no object of fields.
    pub(super) fn stands_under_value(message: &MessageDescriptor) -> bool {
        Self::of(message) != Self::Plain || message.full_name() == "google.protobuf.Empty"
    }
}

/// The JSON that a message of form [`Form::Text`] or [`Form::Json`] stands for. `None` when it stands for
/// none, or would be read back as another message.
pub(super) fn to_json(message: &DynamicMessage) -> Option<Value> {
    if control::is_one(&message.descriptor()) {
        return control::to_json(message);
    }
    if Form::of(&message.descriptor()) == Form::Json {
        return json_of(message);
    }
    let written = serde_json::to_value(message).ok().filter(Value::is_string)?;
    let read = from_json(&message.descriptor(), &written);
    // What a newer service sent beside is shown nowhere, and so makes no difference here.
    read.is_some_and(|read| read.fields().eq(message.fields())).then_some(written)
}

/// What JSON lacks becomes text, as in other fields: `NaN` must not make the whole be written otherwise, since an object
/// of its fields would be read as what it stands for.
fn json_of(message: &DynamicMessage) -> Option<Value> {
    match message.descriptor().name() {
        "Struct" => {
            let fields = message.get_field_by_name("fields")?;
            let mut entries: Vec<_> = fields.as_map()?.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entry = |(key, value): (&MapKey, &Proto)| {
                Some((key.as_str()?.to_owned(), json_of(value.as_message()?)?))
            };
            entries.into_iter().map(entry).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        "ListValue" => {
            let values = message.get_field_by_name("values")?;
            values.as_list()?.iter().map(|value| json_of(value.as_message()?)).collect()
        }
        _ => match message.fields().next() {
            None | Some((_, Proto::EnumNumber(_))) => Some(Value::Null),
            Some((_, Proto::F64(number))) => {
                Some(Number::from_f64(*number).map_or_else(|| not_in_json(*number).into(), Value::Number))
            }
            Some((_, Proto::String(text))) => Some(text.as_str().into()),
            Some((_, Proto::Bool(flag))) => Some((*flag).into()),
            Some((_, Proto::Message(inner))) => json_of(inner),
            Some(_) => None,
        },
    }
}

/// How a number is written that JSON has no number for.
pub(super) fn not_in_json(number: f64) -> &'static str {
    match number {
        number if number.is_nan() => "NaN",
        number if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// The message of form [`Form::Text`] or [`Form::Json`] that stands for a JSON value.
pub(super) fn from_json(descriptor: &MessageDescriptor, value: &Value) -> Option<DynamicMessage> {
    if control::is_one(descriptor) {
        return control::from_json(descriptor, value);
    }
    DynamicMessage::deserialize(descriptor.clone(), value).ok()
}

/// The type inside an `Any`, when the proto knows it.
pub(super) fn type_of_any(any: &MessageDescriptor, type_url: &str) -> Option<MessageDescriptor> {
    let (_, name) = type_url.rsplit_once('/')?;
    any.parent_pool().get_message_by_name(name)
}
