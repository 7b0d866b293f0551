//! What is rendered and read again is the same message.

use std::collections::HashMap;

use proptest::prelude::*;
use prost_reflect::prost::Message;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use super::{KINDS, message};
use crate::values::{Rendered, Style, to_message};

fn scalar(kind: &Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Double => any::<f64>().prop_map(|v| Value::F64(if v.is_nan() { f64::NAN } else { v })).boxed(),
        Kind::Float => any::<f32>().prop_map(|v| Value::F32(if v.is_nan() { f32::NAN } else { v })).boxed(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => any::<i32>().prop_map(Value::I32).boxed(),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => any::<i64>().prop_map(Value::I64).boxed(),
        Kind::Uint32 | Kind::Fixed32 => any::<u32>().prop_map(Value::U32).boxed(),
        Kind::Uint64 | Kind::Fixed64 => any::<u64>().prop_map(Value::U64).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Kind::String => any::<String>().prop_map(Value::String).boxed(),
        Kind::Bytes => any::<Vec<u8>>().prop_map(|v| Value::Bytes(v.into())).boxed(),
        Kind::Enum(_) => prop_oneof![0..2i32, any::<i32>()].prop_map(Value::EnumNumber).boxed(),
        Kind::Message(_) => unreachable!(),
    }
}

fn value(kind: &Kind, depth: u32) -> BoxedStrategy<Value> {
    match kind {
        Kind::Message(inner) => filled(inner.clone(), depth).prop_map(Value::Message).boxed(),
        kind => scalar(kind),
    }
}

fn field(field: &FieldDescriptor, depth: u32) -> BoxedStrategy<Value> {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let keys = scalar(&entry.map_entry_key_field().kind());
            let values = value(&entry.map_entry_value_field().kind(), depth);
            proptest::collection::vec((keys, values), 0..4)
                .prop_map(|entries| {
                    let keyed = |(key, value): (Value, Value)| (key.into_map_key().unwrap(), value);
                    Value::Map(entries.into_iter().map(keyed).collect::<HashMap<MapKey, Value>>())
                })
                .boxed()
        }
        kind if field.is_list() => {
            proptest::collection::vec(value(&kind, depth), 0..4).prop_map(Value::List).boxed()
        }
        kind => value(&kind, depth),
    }
}

/// Types that hold less than their fields could: a kind that is not set, numbers that JSON lacks.
fn is_open_json(kind: &Kind) -> bool {
    let name = kind.as_message().map(|message| message.full_name().to_owned());
    matches!(
        name.as_deref(),
        Some("google.protobuf.Struct" | "google.protobuf.Value" | "google.protobuf.Any")
    )
}

fn filled(descriptor: MessageDescriptor, depth: u32) -> BoxedStrategy<DynamicMessage> {
    let usable =
        |f: &FieldDescriptor| !is_open_json(&f.kind()) && (depth > 0 || f.kind().as_message().is_none());
    let fields: Vec<FieldDescriptor> = descriptor.fields().filter(usable).collect();
    let values: Vec<_> =
        fields.iter().map(|f| proptest::option::weighted(0.3, field(f, depth.saturating_sub(1)))).collect();
    values
        .prop_map(move |values| {
            let mut message = DynamicMessage::new(descriptor.clone());
            for (field, value) in fields.iter().zip(values) {
                if let Some(value) = value {
                    message.set_field(field, value);
                }
            }
            message
        })
        .boxed()
}

/// A message that prints as JSON; the descriptor of a recursive one prints itself without end.
#[derive(Clone)]
struct Case(DynamicMessage);

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut written = Vec::new();
        Rendered::from(self.0.clone()).write(&mut written, Style::Compact).map_err(|_| std::fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&written))
    }
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let descriptor = case.0.descriptor();
    // What has passed the wire: it drops the sign of a zero that is the default.
    let sent = DynamicMessage::decode(descriptor.clone(), case.0.encode_to_vec().as_slice()).unwrap();
    let text = format!("{:?}", Case(sent.clone()));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let read = to_message(&descriptor, json.as_object().unwrap());
    let read = read.map_err(|error| TestCaseError::fail(format!("{error}: {json}")))?;
    // NaN differs from itself, its text does not.
    prop_assert_eq!(format!("{:?}", Case(read.clone())), text);
    prop_assert!(json.to_string().contains("\"NaN\"") || read == sent, "{json} is another message");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_message_survives_rendering_and_reading(case in filled(message(KINDS), 3).prop_map(Case)) {
        check(&case)?;
    }

    #[test]
    fn any_float_survives(bits in any::<u32>()) {
        let mut message = DynamicMessage::new(message("syntax = \"proto3\"; message M { float value = 1; }"));
        message.set_field_by_name("value", Value::F32(f32::from_bits(bits)));
        check(&Case(message))?;
    }

    #[test]
    fn any_bytes_that_decode_can_be_shown(bytes in any::<Vec<u8>>()) {
        if let Ok(rendered) = Rendered::decode(&message(KINDS), &bytes) {
            prop_assert!(serde_json::to_value(rendered).unwrap().is_object());
        }
    }
}

#[test]
fn fields_within_any_survive() {
    let descriptor = message(KINDS);
    let inner = descriptor.parent_pool().get_message_by_name("Inner").unwrap();
    let mut payload = DynamicMessage::new(inner);
    payload.set_field_by_name("count", Value::I32(7));
    let any = descriptor.get_field_by_name("packed").unwrap().kind().as_message().unwrap().clone();
    let mut packed = DynamicMessage::new(any);
    packed.set_field_by_name("type_url", Value::String("type.googleapis.com/Inner".to_owned()));
    packed.set_field_by_name("value", Value::Bytes(payload.encode_to_vec().into()));
    let mut message = DynamicMessage::new(descriptor);
    message.set_field_by_name("packed", Value::Message(packed));
    check(&Case(message)).unwrap();
}
