//! Messages in a temporary file without a name, first in, first out.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use bytes::Bytes;

/// Begins its file anew whenever it has been emptied.
#[derive(Default)]
pub(super) struct Spool {
    file: Option<File>,
    lengths: VecDeque<usize>,
    read_at: u64,
    write_at: u64,
}

impl Spool {
    pub(super) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    pub(super) fn put(&mut self, message: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all_at(message, self.write_at)?;
        self.write_at += message.len() as u64;
        self.lengths.push_back(message.len());
        Ok(())
    }

    /// The first message; an empty one when there is none.
    pub(super) fn take(&mut self) -> io::Result<Bytes> {
        let (Some(file), Some(length)) = (&self.file, self.lengths.front()) else { return Ok(Bytes::new()) };
        let mut message = vec![0; *length];
        file.read_exact_at(&mut message, self.read_at)?;
        self.read_at += message.len() as u64;
        self.lengths.pop_front();
        if self.lengths.is_empty() {
            file.set_len(0)?;
            (self.read_at, self.write_at) = (0, 0);
        }
        Ok(message.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut spool = Spool::default();
        for round in 0..3_u8 {
            spool.put(&[round; 3]).unwrap();
            spool.put(&[]).unwrap();
            spool.put(&[round]).unwrap();
            assert_eq!(spool.take().unwrap(), Bytes::from(vec![round; 3]));
            assert_eq!(spool.take().unwrap(), Bytes::new());
            assert_eq!(spool.take().unwrap(), Bytes::from(vec![round]));
            assert!(spool.is_empty());
        }
    }
}
