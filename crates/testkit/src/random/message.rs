//! Random messages of a type.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::Choices;

const MAX_DEPTH: usize = 6;

/// A message of that type, some fields of which are set.
pub fn message(of: &MessageDescriptor, choices: &mut Choices<'_>) -> DynamicMessage {
    nested(of, 0, choices)
}

fn nested(of: &MessageDescriptor, depth: usize, choices: &mut Choices<'_>) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        let is_left_out = depth >= MAX_DEPTH && matches!(field.kind(), Kind::Message(_));
        if !choices.one_in(3) && !is_left_out {
            message.set_field(&field, value(&field, depth, choices));
        }
    }
    message
}

fn value(field: &FieldDescriptor, depth: usize, choices: &mut Choices<'_>) -> Value {
    let count = choices.below(4);
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let (keys, kind) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
            let pair =
                |_| Some((single(&keys, depth, choices).into_map_key()?, single(&kind, depth, choices)));
            Value::Map((0..count).filter_map(pair).collect())
        }
        kind if field.is_list() => Value::List((0..count).map(|_| single(&kind, depth, choices)).collect()),
        kind => single(&kind, depth, choices),
    }
}

fn single(kind: &Kind, depth: usize, choices: &mut Choices<'_>) -> Value {
    match kind {
        Kind::Message(of) => Value::Message(nested(of, depth + 1, choices)),
        Kind::Enum(_) => Value::EnumNumber([0, 1, -5][choices.below(3)]),
        Kind::Bool => Value::Bool(choices.one_in(2)),
        Kind::String => Value::String(["", "x", "grün", "{\"a\": 1}"][choices.below(4)].to_owned()),
        Kind::Bytes => Value::Bytes((0..choices.below(4)).map(|_| choices.byte()).collect()),
        Kind::Float => Value::F32(float(choices) as f32),
        Kind::Double => Value::F64(float(choices)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(choices.number() as i32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(choices.number() as i64),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(choices.number() as u32),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(choices.number()),
    }
}

fn float(choices: &mut Choices<'_>) -> f64 {
    *choices.of(&[0.0, -1.5, f64::MAX, f64::INFINITY, f64::NAN, 1e-310, 0.1, -0.0])
}
