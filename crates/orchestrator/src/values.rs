//! Messages as JSON and back, along their descriptors.
//!
//! [`render`] shows a message, [`check_fields`] reports every mistake in values given by hand, and
//! [`to_message`] and [`encode`] make it. Field names are those of the proto; a message that is rendered and read again
//! is the same message, unknown fields and extensions aside. Deliberately absent: which step a value is for,
//! and where output goes.

mod control;
mod describe;
mod read;
mod render;
mod results;
mod scalar;
#[cfg(test)]
mod tests;
mod well_known;

use aieffect_blueprint::{Diagnostic, Findings, Place, Segment};
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Map, Value};

use self::read::{Mark, Problem, Reading};
pub(crate) use self::render::brief;
pub use self::render::{RenderError, Rendered, Style, render};
pub use self::results::{Unreadable, write_results};

/// A value that does not fit its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default())]
pub struct BadValue {
    message: String,
    help: Option<String>,
}

/// Reports every value that does not fit the message: unknown fields, wrong types, two fields of a oneof.
/// `place` is where the object `fields` was written.
///
/// A number may be written as a number or a string, an enum by name or number, bytes as base64; null means
/// not given. Required fields are not missed, since something else may fill them.
pub fn check_fields(
    message: &MessageDescriptor,
    fields: &Map<String, Value>,
    place: &Place,
    findings: &mut Findings,
) {
    let (_, problems) = Reading::of(message, fields);
    for problem in problems {
        let found = descend(place, &problem.path);
        let label = match problem.mark {
            Mark::Key => found.key_label(),
            Mark::Value => found.label(),
        };
        let mut diagnostic = Diagnostic::error(problem.code, problem.message).at(label).help_if(problem.help);
        if let Some(other) = problem.clash {
            diagnostic = diagnostic.at(descend(place, &other).key_label().with_note("the other one"));
        }
        findings.push(diagnostic);
    }
}

/// The message of those values; null means not given. Fails on what [`check_fields`] would report.
pub fn to_message(
    message: &MessageDescriptor,
    fields: &Map<String, Value>,
) -> Result<DynamicMessage, BadValue> {
    let (read, problems) = Reading::of(message, fields);
    match problems.into_iter().next() {
        None => Ok(read),
        Some(Problem { message, help, .. }) => Err(BadValue { message, help }),
    }
}

/// The bytes of the message of those values. Fails as [`to_message`] does.
pub fn encode(message: &MessageDescriptor, fields: &Map<String, Value>) -> Result<Vec<u8>, BadValue> {
    to_message(message, fields).map(|message| message.encode_to_vec())
}

fn descend(place: &Place, path: &[Segment]) -> Place {
    path.iter().fold(place.clone(), |place, segment| match segment {
        Segment::Key(key) => place.key(key),
        Segment::Index(index) => place.index(*index),
    })
}
