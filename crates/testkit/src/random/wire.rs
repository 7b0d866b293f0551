//! Random bytes that are a message of a type, in all the forms that a writer may choose.

use prost_reflect::prost::encoding::encode_varint;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::Choices;

const MAX_DEPTH: usize = 6;

/// Bytes of a message of that type: fields in any order and any number of times, packed and not, numbers longer than
/// they need be, entries of maps without key or value, unknown fields at every depth.
pub fn wire(of: &MessageDescriptor, choices: &mut Choices<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message(of, 0, choices, &mut bytes);
    bytes
}

fn message(of: &MessageDescriptor, depth: usize, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    let fields: Vec<FieldDescriptor> = of.fields().collect();
    for _ in 0..choices.below(10) {
        if fields.is_empty() || choices.one_in(10) {
            unknown(depth, choices, out);
            continue;
        }
        let field = choices.of(&fields);
        if depth < MAX_DEPTH || field.kind().as_message().is_none() {
            occurrence(field, depth, choices, out);
        }
    }
}

fn occurrence(field: &FieldDescriptor, depth: usize, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    let kind = field.kind();
    match &kind {
        Kind::Message(inner) if field.is_group() => {
            key(field.number(), 3, choices, out);
            message(inner, depth + 1, choices, out);
            key(field.number(), 4, choices, out);
        }
        Kind::Message(inner) => {
            let mut bytes = Vec::new();
            message(inner, depth + 1, choices, &mut bytes);
            length(field.number(), &bytes, choices, out);
        }
        Kind::String => {
            let text = *choices.of(&["", "x", "grün", "0"]);
            length(field.number(), text.as_bytes(), choices, out);
        }
        Kind::Bytes => {
            let bytes: Vec<u8> = (0..choices.below(4)).map(|_| choices.byte()).collect();
            length(field.number(), &bytes, choices, out);
        }
        kind if field.is_list() && choices.one_in(2) => {
            let mut bytes = Vec::new();
            for _ in 0..choices.below(4) {
                scalar(kind, choices, &mut bytes);
            }
            length(field.number(), &bytes, choices, out);
        }
        kind => {
            let form = match kind {
                Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => 1,
                Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => 5,
                _ => 0,
            };
            key(field.number(), form, choices, out);
            scalar(kind, choices, out);
        }
    }
}

/// A number in its type's form, also ones with more bits than the type has.
fn scalar(kind: &Kind, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    match kind {
        Kind::Double => out.extend(float(choices).to_le_bytes()),
        Kind::Float if choices.one_in(4) => out.extend(0x7fa0_1234_u32.to_le_bytes()),
        Kind::Float => out.extend((float(choices) as f32).to_le_bytes()),
        Kind::Fixed64 | Kind::Sfixed64 => out.extend(choices.number().to_le_bytes()),
        Kind::Fixed32 | Kind::Sfixed32 => out.extend((choices.number() as u32).to_le_bytes()),
        Kind::Enum(_) => {
            let number = *choices.of(&[0, 1, -5, 7_i64, 1 << 32, (1 << 32) + 1]);
            varint(number.cast_unsigned(), choices, out);
        }
        _ => {
            let number = if choices.one_in(4) { 1 << 32 } else { choices.number() };
            varint(number, choices, out);
        }
    }
}

fn float(choices: &mut Choices<'_>) -> f64 {
    *choices.of(&[0.0, -0.0, -1.5, f64::MAX, f64::INFINITY, f64::NAN, 1e-310, 0.1])
}

fn unknown(depth: usize, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    let number = *choices.of(&[18_000, 19, 536_870_911]);
    match choices.below(5) {
        0 => {
            key(number, 0, choices, out);
            varint(choices.number(), choices, out);
        }
        1 => {
            key(number, 1, choices, out);
            out.extend(choices.number().to_le_bytes());
        }
        2 => length(number, &[0xff, 0x08][..choices.below(3)], choices, out),
        3 => {
            key(number, 3, choices, out);
            if depth < MAX_DEPTH {
                unknown(depth + 1, choices, out);
            }
            key(number, 4, choices, out);
        }
        _ => {
            key(number, 5, choices, out);
            out.extend((choices.number() as u32).to_le_bytes());
        }
    }
}

fn key(number: u32, form: u32, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    // A key has 32 bits, and so five bytes at most.
    let mut bytes = Vec::new();
    encode_varint(u64::from(number << 3 | form), &mut bytes);
    if bytes.len() < 5 && choices.one_in(16) {
        pad(&mut bytes);
    }
    out.extend(bytes);
}

fn length(number: u32, bytes: &[u8], choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    key(number, 2, choices, out);
    varint(bytes.len() as u64, choices, out);
    out.extend(bytes);
}

fn varint(number: u64, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    encode_varint(number, &mut bytes);
    if bytes.len() < 10 && choices.one_in(8) {
        pad(&mut bytes);
    }
    out.extend(bytes);
}

/// Makes a number one byte longer than it need be.
fn pad(bytes: &mut Vec<u8>) {
    if let Some(last) = bytes.last_mut() {
        *last |= 0x80;
    }
    bytes.push(0);
}
