//! A message as JSON.

use std::collections::BTreeMap;
use std::{fmt, io};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use prost_reflect::prost::DecodeError;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::well_known::{self, Form};

/// Messages in messages, counting those inside an `Any`, which decoding does not count.
const MAX_DEPTH: u32 = 100;

/// Why a message could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The bytes are no message of that type.
    #[error("the bytes are no valid `{message}`")]
    Undecodable {
        /// The message's full name.
        message: String,
        /// What is wrong with them.
        #[source]
        source: DecodeError,
    },
    /// The writer failed.
    #[error("the message could not be written")]
    Write(#[source] io::Error),
}

/// How JSON is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// On one line.
    Compact,
    /// One field a line.
    Pretty,
}

/// A message to be shown: serialises as proto field names, defaults included and fields with presence only
/// when set; 64-bit integers as numbers, NaN and infinities as strings, bytes as base64, enums by name where
/// they have one, and well-known types in their own forms.
#[derive(Clone)]
pub struct Rendered(DynamicMessage);

impl Rendered {
    /// Decodes the message.
    pub fn decode(message: &MessageDescriptor, bytes: &[u8]) -> Result<Self, RenderError> {
        match DynamicMessage::decode(message.clone(), bytes) {
            Ok(decoded) => Ok(Self(decoded)),
            Err(source) => Err(RenderError::Undecodable { message: message.full_name().to_owned(), source }),
        }
    }

    /// Writes it as JSON, without a line end.
    pub fn write(&self, writer: &mut impl io::Write, style: Style) -> Result<(), RenderError> {
        let written = match style {
            Style::Compact => serde_json::to_writer(writer, self),
            Style::Pretty => serde_json::to_writer_pretty(writer, self),
        };
        written.map_err(|error| RenderError::Write(error.into()))
    }
}

impl fmt::Debug for Rendered {
    /// The type alone: the descriptor of a recursive message prints itself without end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rendered({})", self.0.descriptor().full_name())
    }
}

impl From<DynamicMessage> for Rendered {
    fn from(message: DynamicMessage) -> Self {
        Self(message)
    }
}

impl Serialize for Rendered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Shown { message: &self.0, depth: 0 }.serialize(serializer)
    }
}

/// Decodes a message and writes it as JSON, as [`Rendered`] says.
pub fn render(
    message: &MessageDescriptor,
    bytes: &[u8],
    writer: &mut impl io::Write,
    style: Style,
) -> Result<(), RenderError> {
    Rendered::decode(message, bytes)?.write(writer, style)
}

/// The first `limit` bytes or so of a value as JSON, for messages; a large value is not written to its end.
pub(crate) fn brief(value: &Value, kind: Kind, limit: usize) -> String {
    let mut written = Bounded { bytes: Vec::new(), limit };
    let whole = serde_json::to_writer(&mut written, &One { value, kind, depth: 0 }).is_ok();
    let mut text = String::from_utf8_lossy(&written.bytes).trim_end_matches('\u{fffd}').to_owned();
    if !whole {
        text.push('…');
    }
    text
}

/// Takes as many bytes as fit, then fails.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.limit - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        if taken == 0 && !bytes.is_empty() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Shown<'a> {
    message: &'a DynamicMessage,
    depth: u32,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let descriptor = self.message.descriptor();
        match Form::of(&descriptor) {
            Form::Plain => self.plain(serializer),
            Form::Text | Form::Json => match well_known::to_json(self.message) {
                Some(json) => json.serialize(serializer),
                None => self.plain(serializer),
            },
            Form::Wrapper => match descriptor.get_field_by_name("value") {
                Some(field) => self.field(&field, &self.message.get_field(&field)).serialize(serializer),
                None => self.plain(serializer),
            },
            Form::Any => self.any(serializer),
        }
    }
}

impl Shown<'_> {
    fn plain<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }

    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for field in self.message.descriptor().fields() {
            if field.supports_presence() && !self.message.has_field(&field) {
                continue;
            }
            map.serialize_entry(field.name(), &self.field(&field, &self.message.get_field(&field)))?;
        }
        for (extension, value) in self.message.extensions() {
            let shown = One { value, kind: extension.kind(), depth: self.depth };
            map.serialize_entry(extension.json_name(), &shown)?;
        }
        Ok(())
    }

    fn field<'v>(&self, field: &FieldDescriptor, value: &'v Value) -> One<'v> {
        One { value, kind: field.kind(), depth: self.depth }
    }

    fn any<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((type_url, payload)) = self.payload() else { return self.plain(serializer) };
        let inner = Shown { message: &payload, depth: self.depth + 1 };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@type", &type_url)?;
        if Form::stands_under_value(&payload.descriptor()) {
            map.serialize_entry("value", &inner)?;
        } else {
            inner.entries(&mut map)?;
        }
        map.end()
    }

    /// What an `Any` holds, when its type is known, it decodes, and it is not nested without end.
    fn payload(&self) -> Option<(String, DynamicMessage)> {
        if self.depth >= MAX_DEPTH {
            return None;
        }
        let type_url = self.message.get_field_by_name("type_url")?.as_str()?.to_owned();
        let descriptor = well_known::type_of_any(&self.message.descriptor(), &type_url)?;
        let value = self.message.get_field_by_name("value")?.as_bytes()?.clone();
        let payload = DynamicMessage::decode(descriptor, value).ok()?;
        Some((type_url, payload))
    }
}

/// One value of a field.
struct One<'a> {
    value: &'a Value,
    kind: Kind,
    depth: u32,
}

impl Serialize for One<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::I32(value) => serializer.serialize_i32(*value),
            Value::I64(value) => serializer.serialize_i64(*value),
            Value::U32(value) => serializer.serialize_u32(*value),
            Value::U64(value) => serializer.serialize_u64(*value),
            Value::F32(value) => serialize_double(shortest(*value), serializer),
            Value::F64(value) => serialize_double(*value, serializer),
            Value::String(value) => serializer.serialize_str(value),
            Value::Bytes(value) => serializer.collect_str(&Base64Display::new(value, &STANDARD)),
            Value::EnumNumber(number) => self.serialize_enum(*number, serializer),
            Value::Message(message) => Shown { message, depth: self.depth + 1 }.serialize(serializer),
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&One { value, kind: self.kind.clone(), depth: self.depth })?;
                }
                list.end()
            }
            Value::Map(values) => {
                let kind = match &self.kind {
                    Kind::Message(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind(),
                    kind => kind.clone(),
                };
                let sorted: BTreeMap<&MapKey, &Value> = values.iter().collect();
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (key, value) in sorted {
                    let shown = One { value, kind: kind.clone(), depth: self.depth };
                    map.serialize_entry(&key_text(key), &shown)?;
                }
                map.end()
            }
        }
    }
}

impl One<'_> {
    fn serialize_enum<S: Serializer>(&self, number: i32, serializer: S) -> Result<S::Ok, S::Error> {
        let named = match &self.kind {
            Kind::Enum(descriptor) => descriptor.get_value(number),
            _ => None,
        };
        match named {
            Some(value) => serializer.serialize_str(value.name()),
            None => serializer.serialize_i32(number),
        }
    }
}

fn serialize_double<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(value)
    } else {
        serializer.serialize_str(well_known::not_in_json(value))
    }
}

/// The double that is written as short as the float is: 0.1 and not 0.10000000149011612.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
