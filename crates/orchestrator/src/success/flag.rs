//! The field that says whether the operation worked.

use std::fmt;

use aieffect_blueprint::{Code, Diagnostic, Findings, SuccessField, near_match};
use prost_reflect::prost::DecodeError;
use prost_reflect::prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, Value};

use super::{Unsuccessful, decode, text};

/// Where responses say why they failed.
const REASONS: [&str; 3] = ["message", "error", "error_message"];
const REASON_LENGTH: usize = 500;

/// A bool field of the response, and how it says false.
#[derive(Clone)]
pub(super) struct Flag {
    field: FieldDescriptor,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// False when it is false or not there.
    Plain,
    /// False when it is there and false.
    Optional,
    /// As before, in a `BoolValue`.
    Wrapped,
    /// One of several fields of which the last sent counts, so the message must be decoded.
    Chosen,
}

impl Flag {
    /// The flag of that response, when it has one. A named field that is none is a finding.
    pub(super) fn plan(
        output: &MessageDescriptor,
        wanted: &SuccessField,
        findings: &mut Findings,
    ) -> Option<Self> {
        let named = match wanted {
            SuccessField::Ignored => return None,
            SuccessField::Usual => return Self::of(output.get_field_by_name("success")?),
            SuccessField::Named(named) => named,
        };
        let Some(field) = output.get_field_by_name(&named.value) else {
            let flags = output.fields().filter(|field| Form::of(field).is_some());
            let names: Vec<_> = flags.map(|field| field.name().to_owned()).collect();
            let message = format!(
                "the response `{}` has no field `{}`",
                output.full_name(),
                text::brief(&named.value, 80)
            );
            let help = near_match(&named.value, "bool fields", names.iter().map(String::as_str));
            findings.push(
                Diagnostic::error(Code::BadSuccessField, message).at(named.place.label()).help_if(help),
            );
            return None;
        };
        let flag = Self::of(field);
        if flag.is_none() {
            let message = format!("`{}` of `{}` is no bool", named.value, output.full_name());
            findings.push(
                Diagnostic::error(Code::BadSuccessField, message)
                    .at(named.place.label())
                    .help("to judge by another field, write a condition in `expect`"),
            );
        }
        flag
    }

    fn of(field: FieldDescriptor) -> Option<Self> {
        let form = Form::of(&field)?;
        Some(Self { field, form })
    }

    /// Fails when the response says false. Reads no more of the response than it must.
    pub(super) fn check(&self, response: &[u8]) -> Result<(), Unsuccessful> {
        let output = self.field.parent_message();
        let says_false = match self.form {
            Form::Chosen => {
                let message = decode(output, response)?;
                let value = message.has_field(&self.field).then(|| message.get_field(&self.field));
                value.is_some_and(|value| match value.as_ref() {
                    Value::Message(wrapped) => {
                        wrapped.get_field_by_name("value").is_some_and(|value| value.as_bool() == Some(false))
                    }
                    value => value.as_bool() == Some(false),
                })
            }
            form => {
                let sent = scan(response, self.field.number(), form).map_err(|source| {
                    Unsuccessful::Undecodable { message: output.full_name().to_owned(), source }
                })?;
                sent.map_or(form == Form::Plain, |value| !value)
            }
        };
        if !says_false {
            return Ok(());
        }
        Err(Unsuccessful::Denied { field: self.field.name().to_owned(), reason: reason(output, response) })
    }
}

impl Form {
    fn of(field: &FieldDescriptor) -> Option<Self> {
        if field.is_list() || field.is_map() {
            return None;
        }
        let wrapped = match field.kind() {
            Kind::Bool => false,
            Kind::Message(message) if message.full_name() == "google.protobuf.BoolValue" => true,
            _ => return None,
        };
        let chosen = field.containing_oneof().is_some_and(|oneof| oneof.fields().len() > 1);
        Some(match (chosen, wrapped) {
            (true, _) => Self::Chosen,
            (false, true) => Self::Wrapped,
            (false, false) if field.supports_presence() => Self::Optional,
            (false, false) => Self::Plain,
        })
    }
}

impl fmt::Debug for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.field.name(), self.form)
    }
}

/// The last value that the response has for a field, without decoding the others.
fn scan(mut bytes: &[u8], wanted: u32, form: Form) -> Result<Option<bool>, DecodeError> {
    let mut sent = None;
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes)?;
        match (number == wanted, wire_type, form) {
            (true, WireType::Varint, Form::Plain | Form::Optional) => {
                sent = Some(decode_varint(&mut bytes)? != 0);
            }
            (true, WireType::LengthDelimited, Form::Wrapped) => {
                let mut rest = bytes;
                let length = decode_varint(&mut rest)?;
                // Skipping checks that the field lies within the message.
                skip_field(wire_type, number, &mut bytes, DecodeContext::default())?;
                let inner = &rest[..usize::try_from(length).unwrap_or(usize::MAX).min(rest.len())];
                let inner = scan(inner, 1, Form::Optional)?;
                sent = inner.or(sent).or(Some(false));
            }
            _ => skip_field(wire_type, number, &mut bytes, DecodeContext::default())?,
        }
    }
    Ok(sent)
}

/// What the response says about its failure: the first of the usual fields that has a text.
fn reason(output: &MessageDescriptor, response: &[u8]) -> Option<String> {
    let message = decode(output, response).ok()?;
    let texts = REASONS.iter().filter_map(|name| {
        let value = message.get_field_by_name(name)?;
        let text = text::brief(value.as_str()?, REASON_LENGTH);
        (!text.is_empty()).then_some(text)
    });
    texts.into_iter().next()
}
