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
    /// A value given by hand, as it is.
    Given(Value, Hand),
    /// A field of a link's message, as a whole.
    Carried(SourcePath),
    /// A singular message, field by field.
    Parts(Parts),
}

/// The fields of a singular message that have a provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parts {
    /// The message is there when one of these is, even if no field is.
    pub(super) present_with: Vec<SourcePath>,
    /// By field number.
    pub(super) fields: BTreeMap<u32, Offer>,
}

/// A request field that two links offer: its path, and the incoming links' positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubled {
    pub(super) path: String,
    pub(super) loser: usize,
    pub(super) winner: usize,
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

/// Lays the offers of a stronger provider over those of weaker ones.
pub(super) struct Overlay<'a> {
    pub(super) doubled: &'a mut Vec<Doubled>,
}

impl Overlay<'_> {
    /// Both are offers for fields of `message`, found at `path` of the request.
    pub(super) fn parts(&mut self, message: &MessageDescriptor, path: &str, lower: &mut Parts, upper: Parts) {
        let mut on_the_way = Vec::new();
        self.merge(message, path, lower, upper, &mut on_the_way);
    }

    fn merge(
        &mut self,
        message: &MessageDescriptor,
        path: &str,
        lower: &mut Parts,
        upper: Parts,
        on_the_way: &mut Vec<[String; 3]>,
    ) {
        lower.present_with.extend(upper.present_with);
        for (number, offer) in upper.fields {
            let Some(field) = message.get_field(number) else { continue };
            let path =
                if path.is_empty() { field.name().to_owned() } else { format!("{path}.{}", field.name()) };
            let merged = match lower.fields.remove(&number) {
                Some(below) => self.pair(&field, &path, &below, offer, on_the_way),
                None => offer,
            };
            lower.fields.insert(number, merged);
        }
    }

    fn pair(
        &mut self,
        field: &FieldDescriptor,
        path: &str,
        lower: &Offer,
        upper: Offer,
        on_the_way: &mut Vec<[String; 3]>,
    ) -> Offer {
        let mark = [type_of(lower), type_of(&upper), field.full_name().to_owned()];
        let Some(message) = singular_message(field).filter(|_| !on_the_way.contains(&mark)) else {
            self.note_double(path, lower, &upper);
            return upper;
        };
        let mut below = expand(&message, lower.clone());
        let above = expand(&message, upper.clone());
        let nothing_below = below.fields.keys().all(|number| is_covered(&message, *number, &below, &above));
        if nothing_below {
            self.note_double(path, lower, &upper);
            return upper;
        }
        on_the_way.push(mark);
        self.merge(&message, path, &mut below, above, on_the_way);
        on_the_way.pop();
        Offer::Parts(below)
    }

    fn note_double(&mut self, path: &str, lower: &Offer, upper: &Offer) {
        if let (Offer::Carried(loser), Offer::Carried(winner)) = (lower, upper) {
            let doubled = Doubled { path: path.to_owned(), loser: loser.input, winner: winner.input };
            if !self.doubled.contains(&doubled) {
                self.doubled.push(doubled);
            }
        }
    }
}

/// Whether what is above replaces a field of what is below as a whole.
fn is_covered(message: &MessageDescriptor, number: u32, below: &Parts, above: &Parts) -> bool {
    let same = below.fields.get(&number) == above.fields.get(&number);
    let leaf = message.get_field(number).is_none_or(|field| singular_message(&field).is_none());
    above.fields.contains_key(&number)
        && (leaf || same || same_type(&below.fields[&number], &above.fields[&number]))
}

fn same_type(lower: &Offer, upper: &Offer) -> bool {
    matches!((lower, upper), (Offer::Carried(_), Offer::Carried(_))) && type_of(lower) == type_of(upper)
}

fn type_of(offer: &Offer) -> String {
    match offer {
        Offer::Carried(source) => {
            source.last().map(|field| format!("{:?}", field.kind())).unwrap_or_default()
        }
        Offer::Given(..) => "given".to_owned(),
        Offer::Parts(_) => "parts".to_owned(),
    }
}

/// The fields of a message that an offer for the whole of it brings.
pub(super) fn expand(message: &MessageDescriptor, offer: Offer) -> Parts {
    match offer {
        Offer::Parts(parts) => parts,
        Offer::Given(Value::Message(given), hand) => {
            let field = |(field, value): (FieldDescriptor, &Value)| {
                (field.number(), Offer::Given(value.clone(), hand))
            };
            Parts { present_with: Vec::new(), fields: given.fields().map(field).collect() }
        }
        Offer::Given(..) => Parts::default(),
        Offer::Carried(source) => {
            let Some(Kind::Message(from)) = source.last().map(FieldDescriptor::kind) else {
                return Parts::default();
            };
            let carried = |field: FieldDescriptor| {
                Some((field.number(), Offer::Carried(source.child(from.get_field_by_name(field.name())?))))
            };
            let fields = message.fields().filter_map(carried).collect();
            Parts { present_with: vec![source], fields }
        }
    }
}
