//! What a reader finds in a message, to compare two.

use std::collections::BTreeMap;

use prost_reflect::{DynamicMessage, Value};

/// A message's set fields: floats by their bits, unknown fields left out. As a map's value `-0.0` is `0.0`: when a map is
/// encoded from values, its sign is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// Fields by number.
    Message(BTreeMap<u32, Self>),
    /// Elements in their order.
    List(Vec<Self>),
    /// Values by key.
    Map(BTreeMap<String, Self>),
    /// Anything else, with its type.
    Scalar(String),
}

/// What a reader finds in the message.
pub fn plain(message: &DynamicMessage) -> Plain {
    Plain::Message(message.fields().map(|(field, value)| (field.number(), of(value))).collect())
}

fn of(value: &Value) -> Plain {
    match value {
        Value::Message(message) => plain(message),
        Value::List(items) => Plain::List(items.iter().map(of).collect()),
        Value::Map(entries) => Plain::Map(
            entries.iter().map(|(key, value)| (format!("{key:?}"), of(&unsigned(value)))).collect(),
        ),
        Value::F32(number) => Plain::Scalar(format!("F32({number} {:#x})", number.to_bits())),
        Value::F64(number) => Plain::Scalar(format!("F64({number} {:#x})", number.to_bits())),
        scalar => Plain::Scalar(format!("{scalar:?}")),
    }
}

fn unsigned(value: &Value) -> Value {
    match value {
        Value::F32(number) => Value::F32(if *number == 0.0 { 0.0 } else { *number }),
        Value::F64(number) => Value::F64(if *number == 0.0 { 0.0 } else { *number }),
        other => other.clone(),
    }
}
