//! How each message within a link's message is rewritten: rows that name each other.

use bytes::Bytes;
use prost_reflect::MessageDescriptor;

use super::action::{Action, Ends, put_end, put_key};
use super::patch::Patches;
use super::reader::{Field, Reader, Wire, WireFault, varint_length};

/// One row for every pair of types, the message's and the request's.
#[derive(Debug, Clone, Default)]
pub(super) struct Table(pub(super) Vec<Row>);

/// What becomes of each field; others are dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// By number in the link's message, sorted.
    fields: Vec<(u32, Action)>,
    pub(super) patches: Patches,
}

impl Row {
    /// `fields` by number in the link's message.
    pub(super) fn new(mut fields: Vec<(u32, Action)>) -> Self {
        fields.sort_unstable_by_key(|(number, _)| *number);
        Self { patches: Patches::new(&fields), fields }
    }

    fn action(&self, number: u32) -> Option<&Action> {
        // Numbers mostly go 1, 2, 3, and then the place is known.
        let guess = self.fields.get(number as usize - 1).filter(|(at, _)| *at == number);
        guess.map(|(_, action)| action).or_else(|| {
            let at = self.fields.binary_search_by_key(&number, |(number, _)| *number).ok()?;
            self.fields.get(at).map(|(_, action)| action)
        })
    }
}

/// A request whose bytes are those of one link's message.
#[derive(Debug, Clone)]
pub struct AsIs {
    pub(super) input: usize,
    pub(super) source: MessageDescriptor,
    /// Where messages can contain themselves, they are looked through: no request is nested too deep.
    pub(super) depth: Option<(Table, usize)>,
}

impl AsIs {
    /// Whether messages are looked into.
    pub(in super::super) fn looks(&self) -> bool {
        self.depth.is_some()
    }

    /// Position of the link among the step's.
    pub(in super::super) fn input(&self) -> usize {
        self.input
    }

    /// The type of the link's messages.
    pub(in super::super) fn source(&self) -> &MessageDescriptor {
        &self.source
    }

    /// The request's bytes; an error when the message is nested too deep.
    pub(in super::super) fn fill(&self, message: &Bytes) -> Result<Bytes, String> {
        self.check(message)?;
        Ok(message.clone())
    }

    /// An error when the message is nested too deep.
    pub(in super::super) fn check(&self, message: &Bytes) -> Result<(), String> {
        let Some((table, row)) = &self.depth else { return Ok(()) };
        table.check(*row, &mut Reader::new(message), 0).map_err(|fault| fault.to_string())
    }
}

impl Table {
    /// Appends to `out` what the row makes of the message that the reader is at.
    pub(super) fn rewrite(
        &self,
        row: usize,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), WireFault> {
        let Some(row) = self.0.get(row) else { return reader.pass_rest() };
        // Neighbours that keep their number are copied together.
        let mut run = reader.at()..reader.at();
        while let Some(field) = reader.next()? {
            match row.action(field.number) {
                Some(Action::Copy { number, accepts }) => {
                    accepts.check(&field)?;
                    if *number == field.number && run.end == field.begin {
                        run.end = reader.at();
                        continue;
                    }
                    out.extend_from_slice(reader.slice(run));
                    run = reader.at()..reader.at();
                    if *number == field.number {
                        run.start = field.begin;
                    } else {
                        put_key(*number, field.wire, out);
                        out.extend_from_slice(field.rest);
                    }
                }
                Some(Action::Rewrite { number, row, from, to }) => {
                    out.extend_from_slice(reader.slice(run));
                    from.check(&field)?;
                    self.message((*number, *row, *to), &field, reader, out, depth)?;
                    run = reader.at()..reader.at();
                }
                None => reader.pass(&field)?,
            }
        }
        out.extend_from_slice(reader.slice(run));
        Ok(())
    }

    /// Appends the message that a field is, under a number and as a row makes it, and leaves the reader behind the field.
    pub(super) fn message<'a>(
        &self,
        (number, row, ends): (u32, usize, Ends),
        field: &Field<'a>,
        reader: &mut Reader<'a>,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), WireFault> {
        let below = ends.below(depth)?;
        match ends {
            Ends::Group => {
                put_key(number, Wire::Group, out);
                reader.within(field, |inner| self.rewrite(row, inner, out, below))?;
                put_end(number, out);
                Ok(())
            }
            Ends::Length | Ends::Entry => {
                put_key(number, Wire::Length, out);
                let rewrite =
                    |out: &mut Vec<u8>| reader.within(field, |inner| self.rewrite(row, inner, out, below));
                put_length(field.value.len(), out, rewrite)
            }
        }
    }

    /// Whether all that the row leads to is nested no deeper than allowed.
    fn check(&self, row: usize, reader: &mut Reader<'_>, depth: usize) -> Result<(), WireFault> {
        let Some(row) = self.0.get(row) else { return reader.pass_rest() };
        while let Some(field) = reader.next()? {
            match row.action(field.number) {
                Some(Action::Copy { accepts, .. }) => accepts.check(&field)?,
                Some(Action::Rewrite { row, from, .. }) => {
                    from.check(&field)?;
                    let below = from.below(depth)?;
                    reader.within(&field, |inner| self.check(*row, inner, below))?;
                }
                None => reader.pass(&field)?,
            }
        }
        Ok(())
    }
}

/// Writes a length and then what it counts. `guess` is about how long that is: when its length takes as many bytes, nothing
/// is moved.
pub(super) fn put_length<E>(
    guess: usize,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let place = out.len();
    let reserved = varint_length(guess as u64);
    out.resize(place + reserved, 0);
    write(out)?;
    let mut length = (out.len() - place - reserved) as u64;
    let mut written = [0_u8; 10];
    let mut count = 0;
    for byte in &mut written {
        count += 1;
        *byte = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            break;
        }
        *byte |= 0x80;
    }
    let written = written.get(..count).unwrap_or_default();
    match out.get_mut(place..place + reserved) {
        Some(room) if room.len() == count => room.copy_from_slice(written),
        _ => drop(out.splice(place..place + reserved, written.iter().copied())),
    }
    Ok(())
}
