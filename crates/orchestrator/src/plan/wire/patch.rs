//! Rewrites a message where it lies, for the case that nothing in it becomes longer or shorter.
//!
//! Nearly every message is made of fields with numbers under 16, whose keys are one byte. Where each is carried under another
//! such number, all that changes are those bytes. [`Patches`] has what they change to; whatever else a message may
//! hold, the [table](super::table) does.

use std::ops::Range;

use super::action::{Action, Ends};
use super::reader::{MAX_DEPTH, Wire, varint};
use super::table::{Row, Table};

/// Keys of one byte have numbers under this.
const NUMBERS: usize = 16;

/// What becomes of fields whose keys are one byte.
#[derive(Debug, Clone)]
pub(super) struct Patches {
    /// By key, which is what there is of it to see; 0 where the table is needed.
    keys: Box<[u8; 256]>,
    /// By number: of those that are messages behind their lengths, which another row of the table changes.
    below: [Option<Below>; NUMBERS],
}

#[derive(Debug, Clone, Copy)]
struct Below {
    row: usize,
    ends: Ends,
}

/// Where a message lies.
trait Place {
    fn bytes(&self) -> &[u8];
    fn put(&mut self, at: usize, key: u8);
}

/// It is looked at and stays as it is.
impl Place for &[u8] {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn put(&mut self, _at: usize, _key: u8) {}
}

impl Place for &mut [u8] {
    fn bytes(&self) -> &[u8] {
        self
    }

    fn put(&mut self, at: usize, key: u8) {
        if let Some(place) = self.get_mut(at) {
            *place = key;
        }
    }
}

impl Patches {
    pub(super) fn new(fields: &[(u32, Action)]) -> Self {
        let mut patches = Self { keys: Box::new([0; 256]), below: [None; NUMBERS] };
        for (number, action) in fields {
            let Some(from) = small(*number) else { continue };
            match action {
                Action::Copy { number, accepts } if accepts.wire != Wire::Group => {
                    patches.put(from, *number, accepts.wire);
                    if accepts.packed {
                        patches.put(from, *number, Wire::Length);
                    }
                }
                Action::Rewrite { number, row, from: ends, to } if ends == to && *ends != Ends::Group => {
                    patches.put(from, *number, Wire::Length);
                    patches.below[usize::from(from)] = Some(Below { row: *row, ends: *ends });
                }
                Action::Copy { .. } | Action::Rewrite { .. } => {}
            }
        }
        patches
    }

    fn put(&mut self, from: u8, to: u32, form: Wire) {
        if let Some(to) = small(to) {
            self.keys[usize::from(from << 3 | form as u8)] = to << 3 | form as u8;
        }
    }
}

impl Default for Patches {
    fn default() -> Self {
        Self::new(&[])
    }
}

/// A number whose keys are one byte.
fn small(number: u32) -> Option<u8> {
    u8::try_from(number).ok().filter(|number| usize::from(*number) < NUMBERS)
}

impl Table {
    /// Makes of a message what the row makes of it, where it lies; whether that was possible. When it was not, some of it has
    /// changed.
    pub(super) fn patch(&self, row: usize, mut message: &mut [u8]) -> bool {
        let whole = 0..message.len();
        self.walk(row, &mut message, whole, 0)
    }

    /// Whether the row can make of a message what it makes of it where it lies.
    pub(super) fn can_patch(&self, row: usize, mut message: &[u8]) -> bool {
        let whole = 0..message.len();
        self.walk(row, &mut message, whole, 0)
    }

    fn walk(&self, row: usize, place: &mut impl Place, message: Range<usize>, depth: usize) -> bool {
        let Some(Row { patches, .. }) = self.0.get(row) else { return false };
        let Range { start: mut at, end } = message;
        while at < end {
            // What is read behind the end is found out by where it ends itself.
            let Some([key, behind @ ..]) = place.bytes().get(at..) else { return false };
            let becomes = patches.keys[usize::from(*key)];
            if becomes == 0 {
                return false;
            }
            let (form, number) = (*key & 7, usize::from(*key >> 3));
            let (head, length) = match form {
                0 => match varint_ends(behind) {
                    Some(head) => (head, 0),
                    None => return false,
                },
                1 => (8, 0),
                5 => (4, 0),
                _ => match short_varint(behind) {
                    // What does not fit here is longer than any message.
                    Some((length, head)) => (head, usize::try_from(length).unwrap_or(usize::MAX)),
                    None => return false,
                },
            };
            let value = at + 1 + head;
            if value > end || length > end - value {
                return false;
            }
            place.put(at, becomes);
            at = value + length;
            if form == Wire::Length as u8
                && let Some(Some(Below { row, ends })) = patches.below.get(number)
            {
                let below = if *ends == Ends::Entry { depth } else { depth + 1 };
                if below > MAX_DEPTH || !self.walk(*row, place, value..at, below) {
                    return false;
                }
            }
        }
        true
    }
}

/// How many bytes a number at the beginning of these takes.
#[inline]
fn varint_ends(bytes: &[u8]) -> Option<usize> {
    // Its last byte is the first without the highest bit.
    const LAST: u64 = 0x8080_8080_8080_8080;
    if let Some(first) = bytes.first_chunk() {
        let ends = !u64::from_le_bytes(*first) & LAST;
        if ends != 0 {
            return Some(ends.trailing_zeros() as usize / 8 + 1);
        }
    }
    varint(bytes).ok().map(|(_, length)| length)
}

/// A number at the beginning of these bytes, and how many it takes: mostly one or two.
#[inline]
fn short_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    match *bytes {
        [a, ..] if a < 0x80 => Some((u64::from(a), 1)),
        [a, b, ..] if b < 0x80 => Some((u64::from(a & 0x7f) | u64::from(b) << 7, 2)),
        _ => varint(bytes).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Accepts;
    use super::*;

    fn table() -> Table {
        let text = Accepts { wire: Wire::Length, packed: false };
        let numbers = Accepts { wire: Wire::Varint, packed: true };
        let inner = vec![(1, Action::Copy { number: 2, accepts: text })];
        let outer = vec![
            (1, Action::Copy { number: 15, accepts: numbers }),
            (2, Action::Rewrite { number: 3, row: 0, from: Ends::Length, to: Ends::Length }),
            (3, Action::Copy { number: 16, accepts: text }),
        ];
        Table(vec![Row::new(inner), Row::new(outer)])
    }

    #[track_caller]
    fn check(message: &[u8], becomes: Option<&[u8]>) {
        let mut patched = message.to_vec();
        assert_eq!(table().can_patch(1, message), becomes.is_some(), "{message:?}");
        assert_eq!(table().patch(1, &mut patched), becomes.is_some(), "{message:?}");
        if let Some(becomes) = becomes {
            assert_eq!(patched, becomes);
        }
    }

    #[test]
    fn keys_change_where_they_lie_at_any_depth() {
        check(b"", Some(b""));
        check(b"\x08\x05\x12\x03\x0a\x01a", Some(b"\x78\x05\x1a\x03\x12\x01a"));
        check(b"\x08\xff\xff\x03", Some(b"\x78\xff\xff\x03"));
        for length in 1..=10 {
            let mut number = [vec![0x80; length - 1], vec![1]].concat();
            check(&[&b"\x08"[..], &number].concat(), Some(&[&b"\x78"[..], &number].concat()));
            number.extend(b"\x08\x01");
            check(
                &[&b"\x08"[..], &number].concat(),
                Some(&[&b"\x78"[..], &number[..length], b"\x78\x01"].concat()),
            );
        }
        check(b"\x0a\x02\x05\x06\x12\x00", Some(b"\x7a\x02\x05\x06\x1a\x00"));
    }

    #[test]
    fn what_would_become_longer_or_is_broken_is_left_to_the_table() {
        check(b"\x1a\x01a", None);
        check(b"\x08", None);
        check(b"\x08\x80", None);
        check(&[&b"\x08"[..], &[0x80; 9], b"\x02"].concat(), None);
        check(&[&b"\x08"[..], &[0x80; 10], b"\x01"].concat(), None);
        check(b"\x0a\x02\x05", None);
        check(b"\x12\x02\x0a\x01a", None);
        check(b"\x12\x03\x0a\x02a\x08\x05", None);
        check(b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", None);
        check(b"\x0d\0\0\0\0", None);
        check(b"\x00\x01", None);
        check(b"\x82\x01\x00", None);
    }
}
