//! Fills a request from decoded messages. The slow and plain way, which faster ones are tested against.

use std::borrow::Cow;
use std::collections::BTreeSet;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use super::offer::{Offer, Parts, Presence, SourcePath, singular_message};

/// The incoming links that any part takes from.
pub(super) fn inputs(parts: &Parts) -> BTreeSet<usize> {
    let present = parts.present_with.iter().filter_map(|presence| match presence {
        Presence::Given => None,
        Presence::Carried(source) => Some(source.input),
    });
    let mut inputs: BTreeSet<_> = present.collect();
    for offer in parts.fields.values() {
        match offer {
            Offer::Given(..) => {}
            Offer::Carried(source) => {
                inputs.insert(source.input);
            }
            Offer::Parts(inner) => inputs.extend(self::inputs(inner)),
        }
    }
    inputs
}

/// A message of type `target` with each part from its provider. What a provider leaves unset is unset.
pub(super) fn fill_parts(
    target: &MessageDescriptor,
    parts: &Parts,
    sources: &[Option<DynamicMessage>],
) -> DynamicMessage {
    let mut message = DynamicMessage::new(target.clone());
    for (number, offer) in &parts.fields {
        let Some(field) = target.get_field(*number) else { continue };
        let value = match offer {
            Offer::Given(value, _) => Some(value.clone()),
            Offer::Carried(source) => lookup(source, sources).map(|value| convert(value, &field)),
            Offer::Parts(inner) => singular_message(&field).and_then(|inner_type| {
                let filled = fill_parts(&inner_type, inner, sources);
                let is_present = || inner.present_with.iter().any(|presence| is_there(presence, sources));
                (fields(&filled).next().is_some() || is_present()).then_some(Value::Message(filled))
            }),
        };
        if let Some(value) = value {
            message.set_field(&field, value);
        }
    }
    message
}

fn is_there(presence: &Presence, sources: &[Option<DynamicMessage>]) -> bool {
    match presence {
        Presence::Given => true,
        Presence::Carried(source) => lookup(source, sources).is_some(),
    }
}

/// The value at the end of a path, when every field on the way is set.
fn lookup<'a>(path: &SourcePath, sources: &'a [Option<DynamicMessage>]) -> Option<&'a Value> {
    let mut message = sources.get(path.input)?.as_ref()?;
    let (last, way) = path.fields.split_last()?;
    for field in way {
        message = set_value(message, field)?.as_message()?;
    }
    set_value(message, last)
}

fn set_value<'a>(message: &'a DynamicMessage, field: &FieldDescriptor) -> Option<&'a Value> {
    match message.get_field(field) {
        Cow::Borrowed(value) if message.has_field(field) || is_negative_zero(value) => Some(value),
        Cow::Borrowed(_) | Cow::Owned(_) => None,
    }
}

/// The fields that are set. A `-0.0` is no default, though the descriptors' library takes it for one.
fn fields(message: &DynamicMessage) -> impl Iterator<Item = (FieldDescriptor, &Value)> {
    let is_float = |field: &FieldDescriptor| {
        matches!(field.kind(), Kind::Double | Kind::Float) && !field.is_list() && !field.supports_presence()
    };
    let floats = message.descriptor().fields().collect::<Vec<_>>().into_iter().filter(is_float);
    let unseen = floats.filter_map(|field| match message.get_field(&field) {
        Cow::Borrowed(value) if is_negative_zero(value) => Some((field, value)),
        Cow::Borrowed(_) | Cow::Owned(_) => None,
    });
    message.fields().chain(unseen)
}

fn is_negative_zero(value: &Value) -> bool {
    match value {
        Value::F64(number) => number.to_bits() == (-0.0_f64).to_bits(),
        Value::F32(number) => number.to_bits() == (-0.0_f32).to_bits(),
        _ => false,
    }
}

/// A value of a field that fits `target`, in the form that `target` has.
fn convert(value: &Value, target: &FieldDescriptor) -> Value {
    match (value, target.kind()) {
        (Value::List(items), _) => {
            Value::List(items.iter().map(|item| convert_single(item, &target.kind())).collect())
        }
        (Value::Map(entries), Kind::Message(entry)) if target.is_map() => {
            let (key_kind, value_kind) =
                (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
            let convert_entry = |(key, value): (&MapKey, &Value)| {
                (convert_key(key, &key_kind), convert_single(value, &value_kind))
            };
            Value::Map(entries.iter().map(convert_entry).collect())
        }
        (value, kind) => convert_single(value, &kind),
    }
}

fn convert_single(value: &Value, target: &Kind) -> Value {
    match (value, target) {
        (Value::I32(number), Kind::Int64) => Value::I64(i64::from(*number)),
        (Value::U32(number), Kind::Uint64) => Value::U64(u64::from(*number)),
        (Value::F32(number), Kind::Double) => Value::F64(f64::from(*number)),
        (Value::EnumNumber(number), Kind::Int32) => Value::I32(*number),
        (Value::Message(message), Kind::Message(target)) => Value::Message(convert_message(message, target)),
        (value, _) => value.clone(),
    }
}

fn convert_key(key: &MapKey, target: &Kind) -> MapKey {
    match (key, target) {
        (MapKey::I32(number), Kind::Int64) => MapKey::I64(i64::from(*number)),
        (MapKey::U32(number), Kind::Uint64) => MapKey::U64(u64::from(*number)),
        (key, _) => key.clone(),
    }
}

fn convert_message(source: &DynamicMessage, target: &MessageDescriptor) -> DynamicMessage {
    let mut message = DynamicMessage::new(target.clone());
    for (field, value) in fields(source) {
        if let Some(to) = target.get_field_by_name(field.name()) {
            message.set_field(&to, convert(value, &to));
        }
    }
    message
}
