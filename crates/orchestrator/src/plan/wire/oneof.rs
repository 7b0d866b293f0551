//! Whether oneofs stay whole when fields are carried one by one.

use prost_reflect::{FieldDescriptor, MessageDescriptor, OneofDescriptor};

use super::build::NeedsDecoding;

/// The oneof that the proto writes out, if the field is in one.
pub(super) fn own_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
}

/// Within a message that is carried by name: members of one oneof stay the members of one.
pub(super) fn oneofs_stay_whole(
    source: &MessageDescriptor,
    carried: &[(FieldDescriptor, FieldDescriptor)],
) -> Result<(), NeedsDecoding> {
    for oneof in source.oneofs().filter(|oneof| !oneof.is_synthetic() && oneof.fields().len() > 1) {
        let targets: Vec<_> = carried
            .iter()
            .filter(|(from, _)| own_oneof(from).as_ref() == Some(&oneof))
            .map(|(_, to)| own_oneof(to))
            .collect();
        let Some(first) = targets.first() else { continue };
        if first.is_none()
            || targets.len() != oneof.fields().len()
            || targets.iter().any(|each| each != first)
        {
            return Err(NeedsDecoding);
        }
    }
    for (at, (from, to)) in carried.iter().enumerate() {
        let Some(target) = own_oneof(to) else { continue };
        let joins = |(other_from, other_to): &(FieldDescriptor, FieldDescriptor)| {
            own_oneof(other_to).as_ref() == Some(&target)
                && (own_oneof(from).is_none() || own_oneof(from) != own_oneof(other_from))
        };
        if carried.iter().skip(at + 1).any(joins) {
            return Err(NeedsDecoding);
        }
    }
    Ok(())
}
