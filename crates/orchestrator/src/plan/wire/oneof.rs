//! Whether oneofs stay whole when fields are carried one by one.

use std::collections::HashMap;

use prost_reflect::{FieldDescriptor, MessageDescriptor, OneofDescriptor};

use super::build::NeedsDecoding;

/// The oneof that the proto writes out, if the field is in one.
pub(super) fn own_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    #[cfg(test)]
    super::work::count();
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// Within a message that is carried by name: members of one oneof stay the members of one. Each field is looked at once,
/// since a oneof may have thousands.
pub(super) fn oneofs_stay_whole(
    source: &MessageDescriptor,
    carried: &[(FieldDescriptor, FieldDescriptor)],
) -> Result<(), NeedsDecoding> {
    let (mut leaving, mut joining) = (Gathered::default(), Gathered::default());
    for (from, to) in carried {
        let (from, to) = (own_oneof(from), own_oneof(to));
        if let Some(oneof) = &from {
            leaving.add(oneof, to.as_ref());
        }
        if let Some(oneof) = &to {
            joining.add(oneof, from.as_ref());
        }
    }
    for oneof in source.oneofs().filter(|oneof| !oneof.is_synthetic() && oneof.fields().len() > 1) {
        let Some(members) = leaving.0.get(oneof.name()) else { continue };
        if members.other.is_none() || members.differ || members.count != oneof.fields().len() {
            return Err(NeedsDecoding);
        }
    }
    let comes_together = |members: &Members| members.count > 1 && (members.other.is_none() || members.differ);
    if joining.0.values().any(comes_together) { Err(NeedsDecoding) } else { Ok(()) }
}

/// The carried members of one message's oneofs, by the oneofs' names.
#[derive(Default)]
struct Gathered(HashMap<String, Members>);

struct Members {
    count: usize,
    /// The oneof at the other end, of the first.
    other: Option<String>,
    /// Whether that of any further one is another.
    differ: bool,
}

impl Gathered {
    fn add(&mut self, oneof: &OneofDescriptor, other: Option<&OneofDescriptor>) {
        let other = other.map(|other| other.name().to_owned());
        match self.0.get_mut(oneof.name()) {
            Some(members) => {
                members.count += 1;
                members.differ |= members.other != other;
            }
            None => {
                self.0.insert(oneof.name().to_owned(), Members { count: 1, other, differ: false });
            }
        }
    }
}
