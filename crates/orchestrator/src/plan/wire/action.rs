//! What becomes of a field of a link's message.

use prost_reflect::prost::encoding::encode_varint;
use prost_reflect::{Cardinality, FieldDescriptor, Kind};

use super::reader::{Field, MAX_DEPTH, Wire, WireFault};

/// What to do with each occurrence of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Its bytes are copied, under the number that the request has for it.
    Copy { number: u32, accepts: Accepts },
    /// A message that is rewritten by another row of the table.
    Rewrite { number: u32, row: usize, from: Ends, to: Ends },
}

/// The forms that a field's values can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepts {
    pub(super) wire: Wire,
    /// Many values may stand together behind a length.
    pub(super) packed: bool,
}

/// Whether a message ends after a length or with a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Length,
    Group,
    /// After a length, as an entry of a map, which is no level of nesting.
    Entry,
}

impl Accepts {
    pub(super) fn of(field: &FieldDescriptor) -> Self {
        let wire = match field.kind() {
            Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => Wire::Fixed64,
            Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => Wire::Fixed32,
            Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Bool
            | Kind::Enum(_) => Wire::Varint,
            Kind::String | Kind::Bytes => Wire::Length,
            Kind::Message(_) if field.is_group() => Wire::Group,
            Kind::Message(_) => Wire::Length,
        };
        let repeated = field.cardinality() == Cardinality::Repeated;
        Self { wire, packed: repeated && matches!(wire, Wire::Varint | Wire::Fixed32 | Wire::Fixed64) }
    }

    pub(super) fn check(self, field: &Field<'_>) -> Result<(), WireFault> {
        if field.wire == self.wire || self.packed && field.wire == Wire::Length {
            return Ok(());
        }
        Err(WireFault::Mismatch(field.number))
    }
}

impl Ends {
    pub(super) fn of(field: &FieldDescriptor) -> Self {
        match field {
            field if field.is_map() => Self::Entry,
            field if field.is_group() => Self::Group,
            _ => Self::Length,
        }
    }

    /// How deep what is in a message lies, when the message lies so deep.
    pub(super) fn below(self, depth: usize) -> Result<usize, WireFault> {
        match self {
            Self::Entry => Ok(depth),
            Self::Length | Self::Group if depth >= MAX_DEPTH => Err(WireFault::Depth),
            Self::Length | Self::Group => Ok(depth + 1),
        }
    }

    pub(super) fn check(self, field: &Field<'_>) -> Result<(), WireFault> {
        match (self, field.wire) {
            (Self::Length | Self::Entry, Wire::Length) | (Self::Group, Wire::Group) => Ok(()),
            _ => Err(WireFault::Mismatch(field.number)),
        }
    }
}

pub(super) fn put_key(number: u32, wire: Wire, out: &mut Vec<u8>) {
    let key = u64::from(number) << 3 | wire as u64;
    match u8::try_from(key) {
        Ok(byte) if byte < 0x80 => out.push(byte),
        _ => encode_varint(key, out),
    }
}

/// The key that ends a group.
pub(super) fn put_end(number: u32, out: &mut Vec<u8>) {
    encode_varint(u64::from(number) << 3 | 4, out);
}
