//! Required fields of proto2 that nothing fills.

use std::collections::{BTreeSet, VecDeque};

use aieffect_blueprint::{Code, Diagnostic, Findings};
use prost_reflect::{
    Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};

use super::super::super::offer::{Offer, Parts, singular_message};
use super::Report;

/// Paths within the request, and the fields there.
type Missing = Vec<(String, FieldDescriptor)>;

impl Report<'_> {
    pub(super) fn unfilled_required(
        &self,
        request: &Parts,
        tried: &BTreeSet<String>,
        findings: &mut Findings,
    ) {
        let mut missing = Missing::new();
        required_of(self.input, request, "", &mut missing);
        for (path, field) in missing.into_iter().filter(|(path, _)| !tried.contains(path)) {
            findings.push(
                Diagnostic::error(
                    Code::UnfilledRequired,
                    format!("nothing fills `{path}` of `{}`, which is required", self.step()),
                )
                .at(self.protos.field_label(self.id, &field))
                .help("give a value under `parameters` of this operation, or a link that carries one"),
            );
        }
    }
}

fn required_of(message: &MessageDescriptor, parts: &Parts, path: &str, missing: &mut Missing) {
    for field in message.fields() {
        let path = format!("{path}{}", field.name());
        match parts.fields.get(&field.number()) {
            None if field.cardinality() == Cardinality::Required => missing.push((path, field)),
            None => {}
            Some(Offer::Given(value, _)) => required_in(value, &path, missing),
            Some(Offer::Parts(inner)) => {
                if let Some(message) = singular_message(&field) {
                    required_of(&message, inner, &format!("{path}."), missing);
                }
            }
            Some(Offer::Carried(source)) => {
                let from = source.last().map(FieldDescriptor::kind);
                if let (Kind::Message(to), Some(Kind::Message(from))) = (field.kind(), from) {
                    required_within(from, to, path, missing);
                }
            }
        }
    }
}

/// Those of messages in a value given by hand.
fn required_in(value: &Value, path: &str, missing: &mut Missing) {
    match value {
        Value::Message(message) => required_in_message(message, path, missing),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                required_in(item, &format!("{path}[{index}]"), missing);
            }
        }
        Value::Map(entries) => {
            for value in entries.values() {
                required_in(value, path, missing);
            }
        }
        _ => {}
    }
}

fn required_in_message(message: &DynamicMessage, path: &str, missing: &mut Missing) {
    for field in message.descriptor().fields() {
        let path = format!("{path}.{}", field.name());
        if message.has_field(&field) {
            required_in(&message.get_field(&field), &path, missing);
        } else if field.cardinality() == Cardinality::Required {
            missing.push((path, field));
        }
    }
}

/// Those of `to`, at any depth, that a message `from` does not have. A queue and not recursion, and each pair
/// of types once: types may contain themselves, and chains of them may be longer than the stack is deep.
fn required_within(from: MessageDescriptor, to: MessageDescriptor, path: String, missing: &mut Missing) {
    let mut seen = BTreeSet::new();
    let mut waiting = VecDeque::from([(from, to, path)]);
    while let Some((from, to, path)) = waiting.pop_front() {
        if from == to || !seen.insert((from.full_name().to_owned(), to.full_name().to_owned())) {
            continue;
        }
        for field in to.fields() {
            let path = || format!("{path}.{}", field.name());
            let source = from.get_field_by_name(field.name()).map(|source| source.kind());
            match (source, field.kind()) {
                (Some(Kind::Message(from)), Kind::Message(to)) => waiting.push_back((from, to, path())),
                (None, _) if field.cardinality() == Cardinality::Required => missing.push((path(), field)),
                _ => {}
            }
        }
    }
}
