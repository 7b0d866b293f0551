//! A response as the values that conditions see.
//!
//! Integers are `int` (a `uint64` beyond it is `uint`), so that they compare and add with plain literals;
//! enums are their value's name, messages maps, `Struct` and its kin the JSON they stand for, wrappers the
//! value inside or null. A scalar at the top that is not set is its default, a message that is not set is
//! null; within maps both are left out, so that `has(response.field)` tells.

use std::collections::HashMap;
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage, Value as Proto};

use super::shape::Growth;

/// More in the response than a condition may look at.
#[derive(Debug, thiserror::Error)]
#[error("`{field}` has more in it than such a condition may look at ({limit})")]
pub(super) struct TooMuch {
    field: String,
    limit: &'static str,
}

/// How much of a response a condition may still look at.
#[derive(Debug, Clone)]
pub(super) struct Allowance {
    items: usize,
    bytes: usize,
    limit: &'static str,
}

impl Allowance {
    /// CEL has no bound on cost, so what it works on gets one.
    pub(super) fn of(growth: Growth) -> Self {
        match growth {
            Growth::Plain => Self { items: 1_000_000, bytes: usize::MAX, limit: "1,000,000 items" },
            Growth::Looped => Self {
                items: 10_000,
                bytes: 1 << 20,
                limit: "10,000 items, 1 MiB of text, where it loops or joins",
            },
            Growth::Squared => Self {
                items: 1_000,
                bytes: 1 << 16,
                limit: "1,000 items, 64 KiB of text, where it looks at fields in each round of a loop",
            },
        }
    }

    /// A field at the top of the response, as a name of its own.
    pub(super) fn field(
        &mut self,
        message: &DynamicMessage,
        field: &FieldDescriptor,
    ) -> Result<Value, TooMuch> {
        let is_message = matches!(field.kind(), Kind::Message(_)) && !field.is_list() && !field.is_map();
        if is_message && !message.has_field(field) {
            return Ok(Value::Null);
        }
        self.value(&message.get_field(field), &field.kind())
            .ok_or_else(|| TooMuch { field: field.name().to_owned(), limit: self.limit })
    }

    /// The response as a map of the fields that are looked at.
    pub(super) fn whole(
        &mut self,
        message: &DynamicMessage,
        looked_at: impl Fn(&FieldDescriptor) -> bool,
    ) -> Result<Value, TooMuch> {
        let mut entries = HashMap::new();
        for field in message.descriptor().fields().filter(looked_at) {
            if field.supports_presence() && !message.has_field(&field) {
                continue;
            }
            let value = self.field(message, &field)?;
            entries.insert(Key::from(field.name().to_owned()), value);
        }
        Ok(map(entries))
    }

    fn message(&mut self, message: &DynamicMessage) -> Option<Value> {
        let descriptor = message.descriptor();
        match descriptor.full_name().strip_prefix("google.protobuf.") {
            Some("Struct" | "ListValue" | "Value") => {
                if let Ok(json) = serde_json::to_value(message) {
                    return self.json(&json);
                }
            }
            Some(wrapper) if wrapper.ends_with("Value") => {
                if let Some(field) = descriptor.get_field_by_name("value") {
                    return self.value(&message.get_field(&field), &field.kind());
                }
            }
            _ => {}
        }
        let mut entries = HashMap::new();
        for field in descriptor.fields() {
            if field.supports_presence() && !message.has_field(&field) {
                continue;
            }
            let value = self.value(&message.get_field(&field), &field.kind())?;
            entries.insert(Key::from(field.name().to_owned()), value);
        }
        Some(map(entries))
    }

    fn value(&mut self, value: &Proto, kind: &Kind) -> Option<Value> {
        self.items = self.items.checked_sub(1)?;
        Some(match value {
            Proto::Bool(value) => Value::Bool(*value),
            Proto::I32(value) => Value::Int(i64::from(*value)),
            Proto::I64(value) => Value::Int(*value),
            Proto::U32(value) => Value::Int(i64::from(*value)),
            Proto::U64(value) => i64::try_from(*value).map_or(Value::UInt(*value), Value::Int),
            Proto::F32(value) => Value::Float(f64::from(*value)),
            Proto::F64(value) => Value::Float(*value),
            Proto::String(text) => self.text(text)?,
            Proto::Bytes(bytes) => {
                self.bytes = self.bytes.checked_sub(bytes.len())?;
                Value::Bytes(Arc::new(bytes.to_vec()))
            }
            Proto::EnumNumber(number) => {
                let known = kind.as_enum().and_then(|descriptor| descriptor.get_value(*number));
                match known {
                    Some(known) => Value::String(Arc::new(known.name().to_owned())),
                    None => Value::Int(i64::from(*number)),
                }
            }
            Proto::Message(message) => self.message(message)?,
            Proto::List(values) => {
                let shown: Option<Vec<_>> = values.iter().map(|value| self.value(value, kind)).collect();
                Value::List(Arc::new(shown?))
            }
            Proto::Map(values) => {
                let kind = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
                let mut entries = HashMap::new();
                for (name, value) in values {
                    entries.insert(self.key(name)?, self.value(value, kind.as_ref()?)?);
                }
                map(entries)
            }
        })
    }

    fn key(&mut self, key: &MapKey) -> Option<Key> {
        Some(match key {
            MapKey::Bool(key) => Key::Bool(*key),
            MapKey::I32(key) => Key::Int(i64::from(*key)),
            MapKey::I64(key) => Key::Int(*key),
            MapKey::U32(key) => Key::Int(i64::from(*key)),
            MapKey::U64(key) => i64::try_from(*key).map_or(Key::Uint(*key), Key::Int),
            MapKey::String(key) => {
                self.bytes = self.bytes.checked_sub(key.len())?;
                Key::from(key.clone())
            }
        })
    }

    fn json(&mut self, json: &serde_json::Value) -> Option<Value> {
        self.items = self.items.checked_sub(1)?;
        Some(match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Float(number.as_f64()?),
            serde_json::Value::String(text) => self.text(text)?,
            serde_json::Value::Array(values) => {
                let shown: Option<Vec<_>> = values.iter().map(|value| self.json(value)).collect();
                Value::List(Arc::new(shown?))
            }
            serde_json::Value::Object(fields) => {
                let mut entries = HashMap::new();
                for (name, value) in fields {
                    entries.insert(Key::from(name.clone()), self.json(value)?);
                }
                map(entries)
            }
        })
    }

    fn text(&mut self, text: &str) -> Option<Value> {
        self.bytes = self.bytes.checked_sub(text.len())?;
        Some(Value::String(Arc::new(text.to_owned())))
    }
}

/// A map of CEL.
fn map(entries: HashMap<Key, Value>) -> Value {
    Value::Map(Map { map: Arc::new(entries) })
}
