//! The well-known types' own JSON forms.
//!
//! A message that has no such form (a timestamp out of range, an `Any` of a type that the proto does not
//! know, a type that only borrows the name) is written like any other message, and read so too.

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde_json::Value;

/// How a message type is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As an object of its fields.
    Plain,
    /// As a text: timestamps, durations, field masks.
    Text,
    /// As whatever JSON it stands for: `Struct`, `ListValue`, `Value`.
    Json,
    /// As the value inside.
    Wrapper,
    /// As the fields of the message inside, beside `@type`.
    Any,
}

impl Form {
    pub(super) fn of(message: &MessageDescriptor) -> Self {
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
    let written = serde_json::to_value(message).ok()?;
    match &written {
        Value::String(_) if Form::of(&message.descriptor()) == Form::Text => {
            let read = from_json(&message.descriptor(), &written);
            // What a newer service sent beside is shown nowhere, and so makes no difference here.
            read.is_some_and(|read| read.fields().eq(message.fields())).then_some(written)
        }
        _ => Some(written),
    }
}

/// The message of form [`Form::Text`] or [`Form::Json`] that stands for a JSON value.
pub(super) fn from_json(descriptor: &MessageDescriptor, value: &Value) -> Option<DynamicMessage> {
    DynamicMessage::deserialize(descriptor.clone(), value).ok()
}

/// The type inside an `Any`, when the proto knows it.
pub(super) fn type_of_any(any: &MessageDescriptor, type_url: &str) -> Option<MessageDescriptor> {
    let (_, name) = type_url.rsplit_once('/')?;
    any.parent_pool().get_message_by_name(name)
}
