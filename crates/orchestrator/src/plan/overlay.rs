//! Lays what a stronger provider offers over what weaker ones do.

use std::collections::BTreeSet;

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::offer::{Offer, Parts, expand, singular_message};

/// A request field that two links offer: its path, and the incoming links' positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubled {
    pub(super) path: String,
    pub(super) loser: usize,
    pub(super) winner: usize,
}

/// Takes providers from the weakest to the strongest.
#[derive(Default)]
pub(super) struct Overlay {
    pub(super) request: Parts,
    pub(super) doubled: Vec<Doubled>,
}

/// How many messages may be mixed field by field, shared out evenly among those side by side. Types that
/// contain each other in many ways would make plans without end; beyond this the stronger provider fills a
/// message as a whole.
const MAX_MIXED: usize = 1000;

impl Overlay {
    /// Lays offers for fields of `message`, the request's, over all before.
    pub(super) fn add(&mut self, message: &MessageDescriptor, upper: Parts) {
        let mut mixing = Mixing { doubled: &mut self.doubled, on_the_way: Vec::new() };
        mixing.merge(message, "", &mut self.request, upper, MAX_MIXED);
    }
}

struct Mixing<'a> {
    doubled: &'a mut Vec<Doubled>,
    /// The types of what is being mixed into what, from the request down.
    on_the_way: Vec<Types>,
}

/// The types of a message below, of the one laid over it, and of the request's.
type Types = [MessageDescriptor; 3];

impl Mixing<'_> {
    fn merge(
        &mut self,
        message: &MessageDescriptor,
        path: &str,
        lower: &mut Parts,
        upper: Parts,
        budget: usize,
    ) {
        lower.present_with.extend(upper.present_with);
        let shared = upper.fields.keys().filter(|number| lower.fields.contains_key(number));
        let messages = shared.filter_map(|number| singular_message(&message.get_field(*number)?)).count();
        let budget = budget / messages.max(1);
        for (number, offer) in upper.fields {
            let Some(field) = message.get_field(number) else { continue };
            let merged = match lower.fields.remove(&number) {
                Some(below) => self.pair(&field, &joined(path, &field), below, offer, budget),
                None => offer,
            };
            lower.fields.insert(number, merged);
        }
    }

    fn pair(
        &mut self,
        field: &FieldDescriptor,
        path: &str,
        lower: Offer,
        upper: Offer,
        budget: usize,
    ) -> Offer {
        let types = singular_message(field).map(|message| (types(&message, &lower, &upper), message));
        let mixed = types.filter(|(types, message)| {
            let again = types.as_ref().is_some_and(|types| self.on_the_way.contains(types));
            !again && budget > 0 && !covers(message, &lower, &upper)
        });
        let Some((types, message)) = mixed else {
            self.note_double(path, &lower, &upper);
            return upper;
        };
        let depth = self.on_the_way.len();
        self.on_the_way.extend(types);
        let mut below = expand(&message, lower);
        self.merge(&message, path, &mut below, expand(&message, upper), budget - 1);
        self.on_the_way.truncate(depth);
        Offer::Parts(below)
    }

    fn note_double(&mut self, path: &str, lower: &Offer, upper: &Offer) {
        if let (Offer::Carried(loser), Offer::Carried(winner)) = (lower, upper) {
            self.doubled.push(Doubled { path: path.to_owned(), loser: loser.input, winner: winner.input });
        }
    }
}

fn joined(path: &str, field: &FieldDescriptor) -> String {
    if path.is_empty() { field.name().to_owned() } else { format!("{path}.{}", field.name()) }
}

/// `None` unless both are carried whole: only types can contain themselves.
fn types(message: &MessageDescriptor, lower: &Offer, upper: &Offer) -> Option<Types> {
    match (lower, upper) {
        (Offer::Carried(lower), Offer::Carried(upper)) => {
            Some([lower.message()?, upper.message()?, message.clone()])
        }
        _ => None,
    }
}

/// Whether `upper` offers every field of the message, at any depth, that `lower` does.
fn covers(message: &MessageDescriptor, lower: &Offer, upper: &Offer) -> bool {
    let mut seen: BTreeSet<[String; 3]> = BTreeSet::new();
    let mut open = vec![(message.clone(), View::of(lower), View::of(upper))];
    while let Some((message, lower, upper)) = open.pop() {
        if let (View::Type(lower), View::Type(upper)) = (&lower, &upper) {
            let names = [lower, upper, &message].map(|each| each.full_name().to_owned());
            if lower == upper || !seen.insert(names) {
                continue;
            }
        }
        for field in message.fields() {
            let Some(below) = lower.field(&field) else { continue };
            let Some(above) = upper.field(&field) else { return false };
            open.extend(singular_message(&field).map(|message| (message, below, above)));
        }
    }
    true
}

/// What an offer has for a message.
enum View<'a> {
    Parts(&'a Parts),
    Type(MessageDescriptor),
    Value,
}

impl<'a> View<'a> {
    fn of(offer: &'a Offer) -> Self {
        match offer {
            Offer::Parts(parts) => Self::Parts(parts),
            Offer::Carried(source) => source.message().map_or(Self::Value, Self::Type),
            Offer::Given(..) => Self::Value,
        }
    }

    fn field(&self, field: &FieldDescriptor) -> Option<Self> {
        match self {
            Self::Parts(parts) => parts.fields.get(&field.number()).map(Self::of),
            Self::Type(message) => {
                let kind = message.get_field_by_name(field.name())?.kind();
                Some(kind.as_message().cloned().map_or(Self::Value, Self::Type))
            }
            Self::Value => None,
        }
    }
}
