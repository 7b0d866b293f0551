//! Reads a message's fields without knowing its type.

use std::ops::Range;

/// Messages within each other beyond this are refused, as by every reader.
pub(super) const MAX_DEPTH: usize = 100;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireFault {
    #[error("it ends in the middle of a field")]
    Ends,
    #[error("a number takes more than ten bytes")]
    Overlong,
    #[error("a field has the number 0 or one over 536870911")]
    Number,
    #[error("a field has a form that there is not")]
    Form,
    #[error("a group ends that did not begin, or another than began")]
    Group,
    #[error("field {0} has the form of another type")]
    Mismatch(u32),
    #[error("recursion limit reached: messages are nested over 100 deep")]
    Depth,
}

/// The form of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Group = 3,
    Fixed32 = 5,
}

/// One occurrence of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) number: u32,
    pub(super) wire: Wire,
    /// Where its key begins.
    pub(super) begin: usize,
    /// What follows the key, with the length before it; nothing for a group, whose end is not known yet.
    pub(super) rest: &'a [u8],
    /// The value alone; nothing for a group.
    pub(super) value: &'a [u8],
}

/// The fields of a message in their order. Groups are not looked through to find their ends: groups within each other
/// would be read once for each that they lie in. Who meets one goes [`within`](Self::within) it or [passes](Self::pass) it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The number of the group that is read.
    group: Option<u32>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, group: None }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Field<'a>>, WireFault> {
        if self.at >= self.bytes.len() {
            return if self.group.is_some() { Err(WireFault::Ends) } else { Ok(None) };
        }
        let begin = self.at;
        let (number, form) = self.key()?;
        let after_key = self.at;
        let (wire, value) = match form {
            0 => {
                self.varint()?;
                (Wire::Varint, (after_key, self.at))
            }
            1 => (Wire::Fixed64, self.skip(8)?),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).map_err(|_| WireFault::Ends)?;
                (Wire::Length, self.skip(length)?)
            }
            3 => (Wire::Group, (after_key, after_key)),
            4 if self.group == Some(number) => return Ok(None),
            4 => return Err(WireFault::Group),
            5 => (Wire::Fixed32, self.skip(4)?),
            _ => return Err(WireFault::Form),
        };
        let (rest, value) = (self.slice(after_key..self.at), self.slice(value.0..value.1));
        Ok(Some(Field { number, wire, begin, rest, value }))
    }

    /// Reads the message that the field just read is, to its end.
    pub(super) fn within(
        &mut self,
        field: &Field<'a>,
        read: impl FnOnce(&mut Self) -> Result<(), WireFault>,
    ) -> Result<(), WireFault> {
        if field.wire != Wire::Group {
            return read(&mut Self::new(field.value));
        }
        let around = self.group.replace(field.number);
        read(self)?;
        self.group = around;
        Ok(())
    }

    /// Goes behind the field just read.
    pub(super) fn pass(&mut self, field: &Field<'a>) -> Result<(), WireFault> {
        if field.wire == Wire::Group { self.pass_group(field.number) } else { Ok(()) }
    }

    /// Goes to the end of the message.
    pub(super) fn pass_rest(&mut self) -> Result<(), WireFault> {
        while let Some(field) = self.next()? {
            self.pass(&field)?;
        }
        Ok(())
    }

    /// How far it is.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Bytes between two places that it has been [at](Self::at).
    pub(super) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    fn key(&mut self) -> Result<(u32, u8), WireFault> {
        #[cfg(test)]
        super::work::count();
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| (1..=0x1fff_ffff).contains(number));
        Ok((number.ok_or(WireFault::Number)?, (key & 7) as u8))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, WireFault> {
        // Nearly all keys and lengths.
        if let Some(byte) = self.bytes.get(self.at).filter(|byte| **byte < 0x80) {
            self.at += 1;
            return Ok((*byte).into());
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (value, length) = varint(rest)?;
        self.at += length;
        Ok(value)
    }

    fn skip(&mut self, length: usize) -> Result<(usize, usize), WireFault> {
        let end =
            self.at.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or(WireFault::Ends)?;
        Ok((std::mem::replace(&mut self.at, end), end))
    }

    /// Goes behind the end of the group that has just begun.
    fn pass_group(&mut self, number: u32) -> Result<(), WireFault> {
        let mut open = vec![number];
        while let Some(innermost) = open.last().copied() {
            if self.at >= self.bytes.len() {
                return Err(WireFault::Ends);
            }
            let (number, form) = self.key()?;
            match form {
                0 => drop(self.varint()?),
                1 => drop(self.skip(8)?),
                2 => {
                    let length = usize::try_from(self.varint()?).map_err(|_| WireFault::Ends)?;
                    self.skip(length)?;
                }
                3 if open.len() >= MAX_DEPTH => return Err(WireFault::Depth),
                3 => open.push(number),
                4 if number == innermost => drop(open.pop()),
                4 => return Err(WireFault::Group),
                5 => drop(self.skip(4)?),
                _ => return Err(WireFault::Form),
            }
        }
        Ok(())
    }
}

/// A number and how many bytes it takes.
pub(super) fn varint(bytes: &[u8]) -> Result<(u64, usize), WireFault> {
    let mut value = 0_u64;
    for (nth, byte) in bytes.iter().take(10).enumerate() {
        let bits = u64::from(byte & 0x7f);
        if nth == 9 && bits > 1 {
            return Err(WireFault::Overlong);
        }
        value |= bits << (7 * nth);
        if byte & 0x80 == 0 {
            return Ok((value, nth + 1));
        }
    }
    Err(if bytes.len() < 10 { WireFault::Ends } else { WireFault::Overlong })
}

/// How many bytes a number takes.
pub(super) fn varint_length(value: u64) -> usize {
    (((value | 1).ilog2() * 9 + 73) / 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::prost::encoding::{encode_varint, encoded_len_varint};

    fn fields(bytes: &[u8]) -> Result<Vec<(u32, Wire, Vec<u8>)>, WireFault> {
        let mut reader = Reader::new(bytes);
        let mut all = Vec::new();
        while let Some(field) = reader.next()? {
            let value = reader.at();
            reader.pass(&field)?;
            let group =
                if field.wire == Wire::Group { reader.slice(value..reader.at()) } else { field.value };
            all.push((field.number, field.wire, group.to_vec()));
        }
        Ok(all)
    }

    #[test]
    fn each_form_is_read() {
        let bytes = [
            0x08, 0x96, 0x01, 0x12, 2, b'a', b'b', 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x2b,
            0x08, 1, 0x2c,
        ];
        assert_eq!(
            fields(&bytes).unwrap(),
            [
                (1, Wire::Varint, vec![0x96, 1]),
                (2, Wire::Length, b"ab".to_vec()),
                (3, Wire::Fixed32, vec![1, 2, 3, 4]),
                (4, Wire::Fixed64, vec![1, 2, 3, 4, 5, 6, 7, 8]),
                (5, Wire::Group, vec![0x08, 1, 0x2c]),
            ]
        );
    }

    #[test]
    fn what_is_no_message_is_told() {
        let deep: Vec<u8> = std::iter::repeat_n(0x0b, 1_000_000).collect();
        for (bytes, fault) in [
            (&[0x08][..], WireFault::Ends),
            (&[0x08, 0x80], WireFault::Ends),
            (&[0x12, 3, 1], WireFault::Ends),
            (&[0x0b, 0x08, 1], WireFault::Ends),
            (&[0x0b, 0x14], WireFault::Group),
            (&[0x0c], WireFault::Group),
            (&[0x0f], WireFault::Form),
            (&[0x00, 1], WireFault::Number),
            (&[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2], WireFault::Overlong),
            (&[0x12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1], WireFault::Ends),
            (&deep, WireFault::Depth),
        ] {
            assert_eq!(fields(bytes), Err(fault), "{:?}", bytes.get(..12));
        }
    }

    #[test]
    fn numbers_are_as_long_as_prost_writes_them() {
        for shift in 0..64 {
            for value in [1_u64 << shift, (1 << shift) - 1, u64::MAX >> shift] {
                let mut written = Vec::new();
                encode_varint(value, &mut written);
                assert_eq!(varint_length(value), encoded_len_varint(value));
                assert_eq!(varint(&written), Ok((value, written.len())));
            }
        }
    }
}
