//! Puts a request together out of pieces of messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost_reflect::{FieldDescriptor, MessageDescriptor};

use super::action::{Action, Ends, put_end, put_key};
use super::reader::{Field, MAX_DEPTH, Reader, Wire, WireFault, varint};
use super::table::{Table, put_length};

/// Bytes that are set aside at once.
const MOST_RESERVED: usize = 4 * 1024 * 1024;

/// From this size on a second look at a message costs less than memory for another.
#[cfg(not(test))]
const LARGE: usize = 32 * 1024;
/// Those of tests are small.
#[cfg(test)]
const LARGE: usize = 1;

/// How a request is put together from fields of the links' messages.
#[derive(Debug, Clone)]
pub struct Spliced {
    pub(super) table: Table,
    /// What is wanted of each link's message; `None` for a link that fills nothing.
    pub(super) inputs: Vec<Option<(MessageDescriptor, Wanted)>>,
    /// The request, then the messages in it that are filled in parts, each after the one that it lies in.
    pub(super) sinks: Vec<Sink>,
    /// Fields of which only the last occurrence counts, and only when it is not the default.
    pub(super) slots: Vec<Slot>,
    /// The row that does all of it, where nothing has to be put together.
    pub(super) flat: Option<usize>,
}

/// A message of the request that is filled in parts.
#[derive(Debug, Clone)]
pub(super) struct Sink {
    /// The sink that it lies in, its number there, and how it ends; the request itself lies in none.
    pub(super) within: Option<(usize, u32, Ends)>,
    /// Fields given by hand.
    pub(super) constants: Vec<u8>,
    /// Whether it is there in any case.
    pub(super) always: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) sink: usize,
    pub(super) number: u32,
    /// Whether 32 bits of a number count.
    pub(super) narrow: bool,
}

/// What is wanted of a message.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// By number.
    pub(super) fields: BTreeMap<u32, Want>,
}

impl Wanted {
    pub(super) fn field(&self, number: u32) -> Option<&Want> {
        #[cfg(test)]
        super::work::count();
        self.fields.get(&number)
    }
}

/// What is wanted of a field.
#[derive(Debug, Clone, Default)]
pub(super) struct Want {
    pub(super) pieces: Vec<Piece>,
    /// The fields of the request that the pieces fill.
    pub(super) fills: Vec<FieldDescriptor>,
    /// Sinks that are there when this message is.
    pub(super) present: Vec<usize>,
    /// What is wanted of the message that it is.
    pub(super) below: Option<(Ends, Wanted)>,
}

#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// Goes to a sink.
    Emit { sink: usize, action: Action },
    /// The same, but an occurrence without any value is none.
    EmitFull { sink: usize, action: Action },
    /// Is kept in a slot.
    Keep { slot: usize, accepts: super::action::Accepts },
}

/// What has come together so far.
struct Filling<'a> {
    plan: &'a Spliced,
    request: Vec<u8>,
    /// Of the sinks behind the request, which is the first; most requests have none, and nothing is allocated.
    inner: Vec<Vec<u8>>,
    present: Vec<bool>,
    kept: Vec<Option<(Wire, &'a [u8])>>,
}

impl Spliced {
    /// Whether each field of the only link's message becomes one of the request, or none.
    pub(in super::super) fn is_flat(&self) -> bool {
        self.flat.is_some()
    }

    /// Appends the bytes of a request that is [flat](Self::is_flat).
    pub(in super::super) fn fill_flat(&self, message: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let Some(row) = self.flat else { return Ok(()) };
        let place = out.len();
        out.extend_from_slice(message);
        let is_patched = out.get_mut(place..).is_some_and(|copy| self.table.patch(row, copy));
        if is_patched {
            out.extend_from_slice(self.constants());
            return Ok(());
        }
        out.truncate(place);
        self.table.rewrite(row, &mut Reader::new(message), out, 0).map_err(|fault| fault.to_string())?;
        out.extend_from_slice(self.constants());
        Ok(())
    }

    /// Whether messages may become requests where they lie: then [`Self::patch`] says it of each.
    pub(in super::super) fn patches(&self) -> bool {
        self.is_flat() && self.constants().is_empty()
    }

    /// Makes a request of a message where it lies; whether that was possible. When it was not, some of it has changed.
    pub(in super::super) fn patch(&self, message: &mut [u8]) -> bool {
        self.flat.is_some_and(|row| self.table.patch(row, message))
    }

    /// The same of a large message that nobody else holds, in the memory that it has. It comes back as it was when that
    /// is not possible.
    fn patch_own(&self, message: Bytes) -> Result<Bytes, Bytes> {
        let can_patch = |row| self.table.can_patch(row, &message);
        let is_worth_it = message.len() >= LARGE && self.patches() && message.is_unique();
        if !is_worth_it || !self.flat.is_some_and(can_patch) {
            return Err(message);
        }
        let mut own = message.try_into_mut()?;
        self.patch(&mut own);
        Ok(own.freeze())
    }

    /// Fields of the request itself that are given by hand.
    fn constants(&self) -> &[u8] {
        self.sinks.first().map_or(&[], |request| &request.constants)
    }

    /// The request's bytes from the message of the only link.
    pub(in super::super) fn fill_only(&self, message: Bytes) -> Result<Bytes, (usize, String)> {
        self.patch_own(message).or_else(|message| self.fill(std::slice::from_ref(&message)))
    }

    /// The request's bytes. The error names the link by its position among the step's.
    pub(in super::super) fn fill(&self, inputs: &[Bytes]) -> Result<Bytes, (usize, String)> {
        if let ([message], true) = (inputs, self.is_flat()) {
            let mut request = Vec::with_capacity(message.len().min(MOST_RESERVED) + 16);
            self.fill_flat(message, &mut request).map_err(|fault| (0, fault))?;
            return Ok(request.into());
        }
        let mut filling = Filling {
            plan: self,
            request: Vec::new(),
            inner: vec![Vec::new(); self.sinks.len().saturating_sub(1)],
            present: self.sinks.iter().skip(1).map(|sink| sink.always).collect(),
            kept: vec![None; self.slots.len()],
        };
        let wanted = self.inputs.iter().zip(inputs).filter(|(wanted, _)| wanted.is_some());
        // What is dropped is room that nobody needs; a request is seldom over this.
        let room = wanted.map(|(_, message)| message.len()).sum::<usize>().min(MOST_RESERVED) + 16;
        filling.request.reserve(room);
        for (position, (wanted, message)) in self.inputs.iter().zip(inputs).enumerate() {
            let Some((_, wanted)) = wanted else { continue };
            filling
                .take(wanted, &mut Reader::new(message), 0)
                .map_err(|fault| (position, fault.to_string()))?;
        }
        Ok(filling.finish().into())
    }

    /// The type of the messages of the link at this position, if it fills anything.
    pub(in super::super) fn source(&self, input: usize) -> Option<&MessageDescriptor> {
        self.inputs.get(input)?.as_ref().map(|(source, _)| source)
    }
}

impl<'a> Filling<'a> {
    fn take(&mut self, wanted: &'a Wanted, reader: &mut Reader<'a>, depth: usize) -> Result<(), WireFault> {
        while let Some(field) = reader.next()? {
            match wanted.field(field.number) {
                Some(want) => self.want(want, &field, reader, depth)?,
                None => reader.pass(&field)?,
            }
        }
        Ok(())
    }

    fn want(
        &mut self,
        want: &'a Want,
        field: &Field<'a>,
        reader: &mut Reader<'a>,
        depth: usize,
    ) -> Result<(), WireFault> {
        let start = *reader;
        for piece in &want.pieces {
            *reader = start;
            self.piece(piece, field, reader, depth)?;
        }
        for sink in &want.present {
            let present = sink.checked_sub(1).and_then(|sink| self.present.get_mut(sink));
            if let Some(present) = present {
                *present = true;
            }
        }
        let Some((ends, below)) = &want.below else {
            // A piece has read to the field's end.
            return if want.pieces.is_empty() { reader.pass(field) } else { Ok(()) };
        };
        ends.check(field)?;
        if depth >= MAX_DEPTH {
            return Err(WireFault::Depth);
        }
        *reader = start;
        reader.within(field, |inner| self.take(below, inner, depth + 1))
    }

    /// Hands a field on, and leaves the reader behind it.
    fn piece(
        &mut self,
        piece: &'a Piece,
        field: &Field<'a>,
        reader: &mut Reader<'a>,
        depth: usize,
    ) -> Result<(), WireFault> {
        let plan = self.plan;
        match piece {
            Piece::Keep { slot, accepts } => {
                accepts.check(field)?;
                if let Some(kept) = self.kept.get_mut(*slot) {
                    *kept = Some((field.wire, field.rest));
                }
                Ok(())
            }
            Piece::EmitFull { .. } if field.wire == Wire::Length && field.value.is_empty() => Ok(()),
            Piece::Emit { sink, action } | Piece::EmitFull { sink, action } => {
                let Some(buffer) = self.buffer(*sink) else { return Ok(()) };
                match action {
                    Action::Copy { number, accepts } => {
                        accepts.check(field)?;
                        put_key(*number, field.wire, buffer);
                        buffer.extend_from_slice(field.rest);
                        Ok(())
                    }
                    Action::Rewrite { number, row, from, to } => {
                        from.check(field)?;
                        plan.table.message((*number, *row, *to), field, reader, buffer, depth)
                    }
                }
            }
        }
    }

    /// What a sink has so far.
    fn buffer(&mut self, sink: usize) -> Option<&mut Vec<u8>> {
        match sink.checked_sub(1) {
            None => Some(&mut self.request),
            Some(inner) => self.inner.get_mut(inner),
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let plan = self.plan;
        for (slot, kept) in plan.slots.iter().zip(std::mem::take(&mut self.kept)) {
            let Some((wire, rest)) = kept else { continue };
            let Some(buffer) = self.buffer(slot.sink) else { continue };
            if !is_default(wire, rest, slot.narrow) {
                put_key(slot.number, wire, buffer);
                buffer.extend_from_slice(rest);
            }
        }
        for (at, sink) in plan.sinks.iter().enumerate().rev() {
            let Some(buffer) = self.buffer(at) else { continue };
            buffer.extend_from_slice(&sink.constants);
            let inner = std::mem::take(buffer);
            let Some((outer, number, ends)) = sink.within else { return inner };
            let is_present =
                at.checked_sub(1).and_then(|at| self.present.get(at)).is_some_and(|present| *present);
            if inner.is_empty() && !is_present {
                continue;
            }
            let Some(outer) = self.buffer(outer) else { continue };
            match ends {
                Ends::Length | Ends::Entry => {
                    put_key(number, Wire::Length, outer);
                    let written = put_length(inner.len(), outer, |outer| {
                        outer.extend_from_slice(&inner);
                        Ok::<_, std::convert::Infallible>(())
                    });
                    let Ok(()) = written;
                }
                Ends::Group => {
                    put_key(number, Wire::Group, outer);
                    outer.extend_from_slice(&inner);
                    put_end(number, outer);
                }
            }
        }
        Vec::new()
    }
}

/// Whether a value is the one that an unset field has.
fn is_default(wire: Wire, rest: &[u8], narrow: bool) -> bool {
    match wire {
        Wire::Varint | Wire::Length => match varint(rest) {
            Ok((value, _)) if narrow => value as u32 == 0,
            Ok((value, _)) => value == 0,
            Err(_) => false,
        },
        Wire::Fixed32 | Wire::Fixed64 => rest.iter().all(|byte| *byte == 0),
        Wire::Group => false,
    }
}
