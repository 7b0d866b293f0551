//! Messages that follow each other, in one piece of memory.
//!
//! A stream of small messages comes by the hundred in one piece of data. They stay together on their way, so that what
//! is done once for each of them is little: [`Messages`]. `Composer` puts such a piece together.
//!
//! Each message stands behind the five bytes that gRPC puts before it, which is why a piece that came from one service
//! can be given to another as it is.

use bytes::{Buf, Bytes};

/// What stands before each message: a byte that says whether it is compressed, which it never is here, and four that
/// say how long it is.
pub(crate) const PREFIX: usize = 5;

/// The largest message that is sent or taken, in bytes.
pub const MESSAGE_LIMIT: usize = 256 * 1024 * 1024;

/// One message, or several that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages(Held);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Held {
    One(Bytes),
    /// Each behind its prefix. Only made by what has looked at every prefix.
    Row {
        framed: Bytes,
        count: usize,
    },
}

impl Messages {
    /// How many they are.
    pub fn count(&self) -> usize {
        match &self.0 {
            Held::One(_) => 1,
            Held::Row { count, .. } => *count,
        }
    }

    /// Whether there are none, as when all have been [taken](Self::take_first).
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The sum of their sizes, in bytes.
    pub fn size(&self) -> usize {
        match &self.0 {
            Held::One(message) => message.len(),
            Held::Row { framed, count } => framed.len() - PREFIX * count,
        }
    }

    /// Takes the first one out.
    pub fn take_first(&mut self) -> Option<Bytes> {
        match &mut self.0 {
            Held::One(message) => {
                let message = std::mem::take(message);
                self.0 = Held::Row { framed: Bytes::new(), count: 0 };
                Some(message)
            }
            Held::Row { framed, count } => {
                let length = first_length(framed)?;
                framed.advance(PREFIX);
                *count -= 1;
                Some(framed.split_to(length))
            }
        }
    }

    /// Takes it out, if it is a single one.
    pub(crate) fn take_only(&mut self) -> Option<Bytes> {
        if self.count() == 1 { self.take_first() } else { None }
    }

    /// Takes the first `most` out; all, if they are not more.
    pub fn take_up_to(&mut self, most: usize) -> Self {
        match &mut self.0 {
            Held::Row { framed, count } if *count > most => {
                let taken = framed.split_to(framed.len() - after(framed, most).len());
                *count -= most;
                Self(Held::Row { framed: taken, count: most })
            }
            Held::One(_) if most == 0 => Self::default(),
            Held::One(_) | Held::Row { .. } => std::mem::take(self),
        }
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let (one, mut rest): (_, &[u8]) = match &self.0 {
            Held::One(message) => (Some(message.as_ref()), &[]),
            Held::Row { framed, .. } => (None, framed),
        };
        one.into_iter().chain(std::iter::from_fn(move || {
            let length = first_length(rest)?;
            let (message, behind) = rest.get(PREFIX..)?.split_at_checked(length)?;
            rest = behind;
            Some(message)
        }))
    }

    /// Takes one out after the other.
    pub fn each(mut self) -> impl Iterator<Item = Bytes> {
        std::iter::from_fn(move || self.take_first())
    }

    /// The last one, if there is any. It shares the memory of them all.
    pub fn last(&self) -> Option<Bytes> {
        match &self.0 {
            Held::One(message) => Some(message.clone()),
            Held::Row { framed, .. } => self.iter().last().map(|last| framed.slice_ref(last)),
        }
    }

    /// The same in memory of its own, where they lie in a piece that may be larger and are small.
    pub(crate) fn detached(&self, small: usize) -> Self {
        match &self.0 {
            Held::One(message) if message.len() <= small => Bytes::copy_from_slice(message).into(),
            Held::Row { framed, count } if framed.len() <= small => {
                Self(Held::Row { framed: Bytes::copy_from_slice(framed), count: *count })
            }
            Held::One(_) | Held::Row { .. } => self.clone(),
        }
    }

    /// Takes all messages that lie whole at the beginning of data: up to the first that is longer than what is left of
    /// it, or whose prefix is none of a message of [`MESSAGE_LIMIT`] that is not compressed.
    pub(crate) fn take_whole(data: &mut Bytes) -> Self {
        let (mut rest, mut count): (&[u8], usize) = (data, 0);
        while let Some(length) =
            first_length(rest).filter(|length| rest.first() == Some(&0) && *length <= MESSAGE_LIMIT)
        {
            let Some(behind) = rest.get(PREFIX + length..) else { break };
            rest = behind;
            count += 1;
        }
        let framed = data.split_to(data.len() - rest.len());
        let mut whole = Self(Held::Row { framed, count });
        match count {
            // Nothing is to be gained by the prefix of a single one.
            1 => whole.take_first().map(Self::from).unwrap_or_default(),
            _ => whole,
        }
    }

    /// A single one, or several as they lie, each behind its prefix.
    pub(crate) fn into_data(self) -> Data {
        match self.0 {
            Held::One(message) => Data::Single(message),
            Held::Row { framed, .. } => Data::Framed(framed),
        }
    }
}

/// Messages as they lie in memory.
pub(crate) enum Data {
    /// One, without a prefix.
    Single(Bytes),
    /// Each behind its prefix.
    Framed(Bytes),
}

impl From<Bytes> for Messages {
    fn from(message: Bytes) -> Self {
        Self(Held::One(message))
    }
}

/// None.
impl Default for Messages {
    fn default() -> Self {
        Self(Held::Row { framed: Bytes::new(), count: 0 })
    }
}

/// Puts messages together.
#[derive(Debug, Default)]
pub(crate) struct Composer {
    framed: Vec<u8>,
    count: usize,
}

impl Composer {
    /// With room for so many bytes.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self { framed: Vec::with_capacity(bytes), count: 0 }
    }

    /// Appends the message that `write` appends. When that fails, or a message over the [limit](MESSAGE_LIMIT) comes of it,
    /// it is as if it had not been tried.
    pub(crate) fn add<E: From<TooLong>>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let place = self.framed.len();
        self.framed.extend_from_slice(&[0; PREFIX]);
        let added = write(&mut self.framed).and_then(|()| {
            let length = self.framed.len() - place - PREFIX;
            let told =
                u32::try_from(length).ok().filter(|_| length <= MESSAGE_LIMIT).ok_or(TooLong { length })?;
            if let Some(room) = self.framed.get_mut(place + 1..place + PREFIX) {
                room.copy_from_slice(&told.to_be_bytes());
            }
            Ok(())
        });
        match &added {
            Ok(()) => self.count += 1,
            Err(_) => self.framed.truncate(place),
        }
        added
    }

    /// Appends the messages at the beginning of a row that `change` changes where they lie, as they are then: up to the first
    /// that it cannot change, or which it makes longer than `most` bytes. Returns how many those are.
    pub(crate) fn add_changed(
        &mut self,
        row: &Messages,
        most: usize,
        mut change: impl FnMut(&mut [u8]) -> bool,
    ) -> usize {
        let Held::Row { framed, count } = &row.0 else { return 0 };
        let begin = self.framed.len();
        self.framed.extend_from_slice(framed.get(..most.saturating_sub(begin)).unwrap_or(framed));
        let (mut at, mut added) = (begin, 0);
        while added < *count {
            let Some(rest) = self.framed.get_mut(at..) else { break };
            let Some(length) = first_length(rest) else { break };
            let Some(message) = rest.get_mut(PREFIX..PREFIX + length) else { break };
            if !change(message) {
                break;
            }
            at += PREFIX + length;
            added += 1;
        }
        self.framed.truncate(at);
        self.count += added;
        added
    }

    /// How many bytes it has so far.
    pub(crate) fn size(&self) -> usize {
        self.framed.len()
    }

    pub(crate) fn finish(self) -> Messages {
        Messages(Held::Row { framed: self.framed.into(), count: self.count })
    }
}

/// A message that is longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong {
    pub(crate) length: usize,
}

fn first_length(framed: &[u8]) -> Option<usize> {
    match framed {
        [_, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d]) as usize),
        _ => None,
    }
}

/// What stands behind the first so many.
fn after(framed: &[u8], count: usize) -> &[u8] {
    let mut rest = framed;
    for _ in 0..count {
        let Some(behind) = first_length(rest).and_then(|length| rest.get(PREFIX + length..)) else { break };
        rest = behind;
    }
    rest
}

/// These messages in a row.
#[cfg(test)]
pub(crate) fn row<T: AsRef<[u8]>>(messages: impl IntoIterator<Item = T>) -> Messages {
    let mut composer = Composer::default();
    for message in messages {
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(message.as_ref());
            Ok::<_, TooLong>(())
        };
        composer.add(write).unwrap();
    }
    composer.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
        let mut framed = Vec::new();
        for message in messages {
            framed.push(0);
            framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
            framed.extend_from_slice(message);
        }
        framed
    }

    fn all(messages: &Messages) -> Vec<Vec<u8>> {
        messages.iter().map(<[u8]>::to_vec).collect()
    }

    fn some() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..8)
    }

    proptest! {
        #[test]
        fn they_are_told_and_taken_as_they_were_put_together(messages in some(), most in 0_usize..10) {
            let row = row(messages.iter());
            prop_assert_eq!(&all(&row), &messages);
            prop_assert_eq!(row.count(), messages.len());
            prop_assert_eq!(row.size(), messages.iter().map(Vec::len).sum::<usize>());
            prop_assert_eq!(row.last().map(|last| last.to_vec()), messages.last().cloned());

            let mut rest = row.clone();
            let taken = rest.take_up_to(most);
            let at = most.min(messages.len());
            prop_assert_eq!(all(&taken), messages[..at].to_vec());
            prop_assert_eq!(all(&rest), messages[at..].to_vec());
            prop_assert_eq!((taken.count(), rest.count()), (at, messages.len() - at));

            let mut rest = row;
            let one_by_one: Vec<Vec<u8>> = std::iter::from_fn(|| rest.take_first()).map(|one| one.to_vec()).collect();
            prop_assert_eq!(one_by_one, messages);
            prop_assert!(rest.is_empty() && rest.size() == 0);
        }

        #[test]
        fn those_that_can_be_changed_are_added_as_they_are_then(messages in some(), most in 0_usize..40) {
            let mut composer = Composer::default();
            let change = |message: &mut [u8]| {
                message.iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
                message.len() != 5
            };
            let added = composer.add_changed(&row(messages.iter()), most, change);
            let whole = composer.finish();
            let changed: Vec<Vec<u8>> = messages.iter().map(|one| one.iter().map(|byte| byte.wrapping_add(1)).collect()).collect();
            prop_assert_eq!(all(&whole), changed[..added].to_vec());
            prop_assert_eq!(whole.count(), added);
            let room = |count: usize| framed(&messages[..count]).len() <= most;
            prop_assert!(room(added));
            prop_assert!(added == messages.len() || messages[added].len() == 5 || !room(added + 1));
        }

        #[test]
        fn those_that_are_whole_are_taken_out_of_data(messages in some(), cut in 0_usize..30) {
            let mut whole = framed(&messages);
            whole.truncate(whole.len().saturating_sub(cut));
            let mut data = Bytes::from(whole.clone());
            let taken = Messages::take_whole(&mut data);
            prop_assert_eq!(all(&taken), messages[..taken.count()].to_vec());
            prop_assert_eq!([framed(&messages[..taken.count()]), data.to_vec()].concat(), whole);
            prop_assert!(Messages::take_whole(&mut data).is_empty());
        }

        #[test]
        fn any_data_gives_messages_and_a_rest(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut data = Bytes::from(bytes.clone());
            let taken = Messages::take_whole(&mut data);
            let taken: Vec<Vec<u8>> = all(&taken);
            prop_assert_eq!([framed(&taken), data.to_vec()].concat(), bytes);
        }
    }

    #[test]
    fn what_is_compressed_or_too_long_is_left_in_the_data() {
        for bytes in [&b"\x01\0\0\0\x01a"[..], b"\0\x10\0\0\x01ab"] {
            let mut data = Bytes::copy_from_slice(bytes);
            assert!(Messages::take_whole(&mut data).is_empty());
            assert_eq!(data, bytes);
        }
    }

    #[test]
    fn a_message_that_cannot_be_written_leaves_nothing() {
        let mut composer = Composer::default();
        let too_long = composer.add(|out| {
            out.resize(PREFIX + MESSAGE_LIMIT + 1, 0);
            Ok::<_, TooLong>(())
        });
        assert_eq!(too_long, Err(TooLong { length: MESSAGE_LIMIT + 1 }));
        assert!(composer.finish().is_empty());
    }

    #[test]
    fn a_single_one_is_a_row_of_one() {
        let one = Messages::from(Bytes::from_static(b"ab"));
        assert_eq!((one.count(), one.size(), all(&one)), (1, 2, vec![b"ab".to_vec()]));
        let mut left = one.clone();
        assert!(left.take_up_to(0).is_empty());
        assert_eq!(left.take_up_to(1), one);
        assert!(left.is_empty() && left.last().is_none());
    }
}
