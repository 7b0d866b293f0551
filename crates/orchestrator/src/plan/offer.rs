//! What each provider offers for a request, as a tree over the request's fields.

use std::collections::BTreeMap;

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor, Value};

/// A field of a link's message, by the fields that lead to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SourcePath {
    /// Position among the step's incoming links.
    pub(super) input: usize,
    /// At least one field; all but the last are singular messages.
    pub(super) fields: Vec<FieldDescriptor>,
}

impl SourcePath {
    pub(super) fn last(&self) -> Option<&FieldDescriptor> {
        self.fields.last()
    }

    /// The message type at its end, if it is one.
    pub(super) fn message(&self) -> Option<MessageDescriptor> {
        self.last().and_then(|field| field.kind().as_message().cloned())
    }

    fn child(&self, field: FieldDescriptor) -> Self {
        let mut fields = self.fields.clone();
        fields.push(field);
        Self { input: self.input, fields }
    }
}

/// Where a value given by hand was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    Parameter,
    Override,
    Initial,
}

impl Hand {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::Override => "override",
            Self::Initial => "initial data",
        }
    }
}

/// What fills one request field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Offer {
    /// A value given by hand, as it is; for a singular message it is `Parts`.
    Given(Value, Hand),
    /// A field of a link's message, as a whole.
    Carried(SourcePath),
    /// A singular message, field by field.
    Parts(Parts),
}

/// The fields of a singular message that have a provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parts {
    /// The message is there with any of these, even if no field of it is set.
    pub(super) present_with: Vec<Presence>,
    /// By field number.
    pub(super) fields: BTreeMap<u32, Offer>,
}

/// What makes a message be there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Presence {
    /// It was given by hand.
    Given,
    /// This message of a link is.
    Carried(SourcePath),
}

/// Whether a field is one message that can be filled in parts. Well-known types are filled as a whole.
pub(super) fn singular_message(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) if field.cardinality() != Cardinality::Repeated => {
            (message.package_name() != "google.protobuf").then_some(message)
        }
        _ => None,
    }
}

/// The fields of a message that an offer for the whole of it brings.
pub(super) fn expand(message: &MessageDescriptor, offer: Offer) -> Parts {
    match offer {
        Offer::Parts(parts) => parts,
        Offer::Given(..) => Parts::default(),
        Offer::Carried(source) => {
            let Some(from) = source.message() else { return Parts::default() };
            let carried = |field: FieldDescriptor| {
                Some((field.number(), Offer::Carried(source.child(from.get_field_by_name(field.name())?))))
            };
            let fields = message.fields().filter_map(carried).collect();
            Parts { present_with: vec![Presence::Carried(source)], fields }
        }
    }
}
