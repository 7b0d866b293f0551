//! A splice while it is planned: what is wanted of which field.

use prost_reflect::MessageDescriptor;

use super::action::Ends;
use super::build::NeedsDecoding;
use super::oneof::own_oneof;
use super::splice::{Piece, Sink, Slot, Want, Wanted};
use crate::plan::offer::SourcePath;

/// What is planned of a splice.
pub(super) struct Splicing {
    pub(super) inputs: Vec<Option<Wanted>>,
    pub(super) sinks: Vec<Sink>,
    pub(super) slots: Vec<Slot>,
}

impl Splicing {
    /// What is wanted of the field at the end of the path.
    pub(super) fn want(&mut self, path: &SourcePath) -> Result<&mut Want, NeedsDecoding> {
        let (last, way) = path.fields.split_last().ok_or(NeedsDecoding)?;
        let mut wanted = self.inputs.get_mut(path.input).ok_or(NeedsDecoding)?.get_or_insert_default();
        for field in way {
            let below = &mut entry(wanted, field.number()).below;
            wanted = &mut below.get_or_insert_with(|| (Ends::of(field), Wanted::default())).1;
        }
        Ok(entry(wanted, last.number()))
    }

    /// Whether no oneof of the link's messages is torn apart: the last of its members on the wire must be the last
    /// in the request too.
    pub(super) fn is_whole(&self, source: &MessageDescriptor, wanted: &Wanted) -> Result<(), NeedsDecoding> {
        for oneof in source.oneofs().filter(|oneof| !oneof.is_synthetic() && oneof.fields().len() > 1) {
            let wants: Vec<&Want> =
                oneof.fields().filter_map(|member| wanted.field(member.number())).collect();
            if wants.is_empty() {
                continue;
            }
            let mut sinks = wants.iter().map(|want| match want.pieces.as_slice() {
                [Piece::Emit { sink, .. }] if want.present.is_empty() && want.below.is_none() => Some(*sink),
                _ => None,
            });
            let first = sinks.next().flatten().ok_or(NeedsDecoding)?;
            if wants.len() != oneof.fields().len() || !sinks.all(|sink| sink == Some(first)) {
                return Err(NeedsDecoding);
            }
            let mut targets: Vec<_> = wants.iter().flat_map(|want| &want.fills).map(own_oneof).collect();
            let Some(Some(target)) = targets.pop() else { return Err(NeedsDecoding) };
            if !targets.iter().all(|other| other.as_ref() == Some(&target)) {
                return Err(NeedsDecoding);
            }
        }
        for (number, want) in &wanted.fields {
            let Some((_, below)) = &want.below else { continue };
            let inner = source.get_field(*number).and_then(|field| field.kind().as_message().cloned());
            self.is_whole(&inner.ok_or(NeedsDecoding)?, below)?;
        }
        Ok(())
    }
}

fn entry(wanted: &mut Wanted, number: u32) -> &mut Want {
    wanted.fields.entry(number).or_default()
}
