//! How messages lie in the data of a call: each behind a byte that says whether it is compressed, and four that say
//! how long it is.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::messages::{MESSAGE_LIMIT, Messages, PREFIX};
use crate::run::{Direction, Failure};

/// What is set aside for a message on its word alone; more only as it comes.
const ON_ITS_WORD: usize = 1024 * 1024;

/// Puts the prefix of a message.
pub(super) fn put_prefix(buffer: &mut BytesMut, length: usize) -> Result<(), Failure> {
    let told = u32::try_from(length).ok().filter(|_| length <= MESSAGE_LIMIT);
    let told = told.ok_or_else(|| Failure::too_large(Direction::Request, length))?;
    buffer.put_u8(0);
    buffer.put_u32(told);
    Ok(())
}

/// Takes data apart. A message that lies whole in one piece of it shares its memory.
#[derive(Debug, Default)]
pub(super) struct Frames {
    data: Bytes,
    prefix: BytesMut,
    building: Option<Building>,
}

#[derive(Debug)]
struct Building {
    message: BytesMut,
    length: usize,
}

impl Frames {
    /// Takes the next piece. What the one before it held must have been taken out.
    pub(super) fn take(&mut self, data: Bytes) {
        debug_assert!(self.data.is_empty(), "messages are taken out before more comes in");
        self.data = data;
    }

    /// The next messages that lie together, or `None` until there is more data.
    pub(super) fn next_together(&mut self) -> Result<Option<Messages>, Failure> {
        if self.building.is_none() && self.prefix.is_empty() {
            let whole = Messages::take_whole(&mut self.data);
            if !whole.is_empty() {
                return Ok(Some(whole));
            }
        }
        Ok(self.next()?.map(Messages::from))
    }

    /// The next message, or `None` until there is more data.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            if let Some(building) = &mut self.building {
                let missing = building.length - building.message.len();
                let part = self.data.split_to(missing.min(self.data.len()));
                building.message.extend_from_slice(&part);
                if building.message.len() < building.length {
                    return Ok(None);
                }
                return Ok(self.building.take().map(|whole| whole.message.freeze()));
            }
            let Some(length) = self.next_length()? else { return Ok(None) };
            if length <= self.data.len() {
                return Ok(Some(self.data.split_to(length)));
            }
            let message = BytesMut::with_capacity(length.min(ON_ITS_WORD));
            self.building = Some(Building { message, length });
        }
    }

    /// Fails when the data ended within a message.
    pub(super) fn end(&self) -> Result<(), Failure> {
        if self.building.is_none() && self.prefix.is_empty() {
            return Ok(());
        }
        Err(Failure::Protocol { reason: "its answer ended within a message".to_owned() })
    }

    fn next_length(&mut self) -> Result<Option<usize>, Failure> {
        if self.prefix.is_empty() && self.data.len() >= PREFIX {
            return length(&mut self.data).map(Some);
        }
        let part = self.data.split_to((PREFIX - self.prefix.len()).min(self.data.len()));
        self.prefix.extend_from_slice(&part);
        if self.prefix.len() < PREFIX {
            return Ok(None);
        }
        length(&mut self.prefix).map(Some)
    }
}

fn length(prefix: &mut impl Buf) -> Result<usize, Failure> {
    let (flag, length) = (prefix.get_u8(), prefix.get_u32() as usize);
    match flag {
        0 if length <= MESSAGE_LIMIT => Ok(length),
        0 => Err(Failure::too_large(Direction::Response, length)),
        1 => Err(Failure::Protocol {
            reason: "its answer is compressed, which it was not asked to be".to_owned(),
        }),
        _ => Err(Failure::Protocol { reason: "its answer is not made of gRPC messages".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(messages: &[Vec<u8>]) -> Bytes {
        let mut buffer = BytesMut::new();
        for message in messages {
            put_prefix(&mut buffer, message.len()).unwrap();
            buffer.extend_from_slice(message);
        }
        buffer.freeze()
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_wherever_the_data_is_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12),
            cuts in prop::collection::vec(1_usize..30, 1..40),
        ) {
            let (mut data, mut frames, mut out) = (framed(&messages), Frames::default(), Vec::new());
            let mut cuts = cuts.into_iter().cycle();
            while !data.is_empty() {
                let cut = cuts.next().unwrap().min(data.len());
                frames.take(data.split_to(cut));
                while let Some(message) = frames.next().unwrap() {
                    out.push(message.to_vec());
                }
            }
            prop_assert_eq!(out, messages);
            prop_assert!(frames.end().is_ok());
        }

        #[test]
        fn they_come_together_as_they_come_one_by_one(
            data in prop::collection::vec(0_u8..4, 0..200),
            cuts in prop::collection::vec(1_usize..30, 1..40),
        ) {
            let apart = |together: bool| {
                let (mut data, mut frames, mut out) = (Bytes::from(data.clone()), Frames::default(), Vec::new());
                let mut cuts = cuts.iter().cycle();
                while !data.is_empty() {
                    frames.take(data.split_to((*cuts.next().unwrap()).min(data.len())));
                    loop {
                        let next = if together {
                            frames.next_together()
                        } else {
                            frames.next().map(|next| next.map(Messages::from))
                        };
                        match next {
                            Ok(Some(messages)) => out.extend(messages.iter().map(<[u8]>::to_vec)),
                            Ok(None) => break,
                            Err(failure) => return (out, Err(failure)),
                        }
                    }
                }
                (out, frames.end())
            };
            prop_assert_eq!(apart(true), apart(false));
        }

        #[test]
        fn any_data_ends_in_messages_or_a_failure(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::default();
            frames.take(data.into());
            while let Ok(Some(_)) = frames.next() {}
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let refused = |data: &'static [u8]| {
            let mut frames = Frames::default();
            frames.take(Bytes::from_static(data));
            frames.next().and_then(|_| frames.end()).unwrap_err().to_string()
        };
        assert_eq!(
            refused(b"\0\0\0\0\x02a"),
            "the service broke the protocol: its answer ended within a message"
        );
        assert_eq!(refused(b"\0\0"), "the service broke the protocol: its answer ended within a message");
        assert!(refused(b"\x01\0\0\0\0").contains("is compressed"));
        assert!(refused(b"<html>").contains("not made of gRPC messages"));
        assert!(
            refused(b"\0\x10\0\0\x01").contains("over the limit of 256 MiB"),
            "{}",
            refused(b"\0\x10\0\0\x01")
        );
    }

    #[test]
    fn a_message_is_not_given_memory_on_its_word() {
        let mut frames = Frames::default();
        frames.take(Bytes::from_static(b"\0\x10\0\0\0a"));
        assert_eq!(frames.next().unwrap(), None);
        assert!(frames.building.unwrap().message.capacity() <= 2 * ON_ITS_WORD);
    }
}
