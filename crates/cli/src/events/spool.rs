//! Bytes that wait for a slow reader, in temporary files without a name: [`Spool`].

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What is read or written at once.
const CHUNK: usize = 64 * 1024;
/// How long a file becomes. Each is gone when it has been read, so that a reader that lags for hours costs what it lags.
const LONGEST: u64 = 32 * 1024 * 1024;

/// First in, first out. Takes no more memory than two chunks.
#[derive(Default)]
pub(super) struct Spool {
    parts: VecDeque<Part>,
    /// What came last, and is in no file yet.
    tail: Vec<u8>,
}

struct Part {
    file: File,
    read: u64,
    written: u64,
}

impl Spool {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.tail.is_empty()
    }

    /// Adds what `write` appends.
    pub(super) fn put(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        write(&mut self.tail);
        if self.tail.len() < CHUNK {
            return Ok(());
        }
        let part = match self.parts.back_mut() {
            Some(part) if part.written < LONGEST => part,
            _ => {
                self.parts.push_back(Part { file: tempfile::tempfile()?, read: 0, written: 0 });
                let Some(made) = self.parts.back_mut() else { return Ok(()) };
                made
            }
        };
        part.file.write_all_at(&self.tail, part.written)?;
        part.written += self.tail.len() as u64;
        self.tail.clear();
        Ok(())
    }

    /// Replaces what is in `into` by what came first; nothing when it is empty.
    pub(super) fn take(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        let Some(part) = self.parts.front_mut() else {
            std::mem::swap(&mut self.tail, into);
            return Ok(());
        };
        let left = usize::try_from(part.written - part.read).unwrap_or(CHUNK);
        into.resize(left.min(CHUNK), 0);
        part.file.read_exact_at(into, part.read)?;
        part.read += into.len() as u64;
        if part.read == part.written {
            self.parts.pop_front();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(spool: &mut Spool, bytes: &[u8]) {
        spool.put(|tail| tail.extend_from_slice(bytes)).unwrap();
    }

    #[test]
    fn what_goes_in_comes_out_in_order_and_takes_no_memory_meanwhile() {
        let mut spool = Spool::default();
        let all: Vec<u8> = (0..300_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
        let (mut out, mut chunk) = (Vec::new(), Vec::new());
        for (round, piece) in all.chunks(777).enumerate() {
            put(&mut spool, piece);
            assert!(spool.tail.capacity() <= 4 * CHUNK);
            if round % 3 == 0 {
                spool.take(&mut chunk).unwrap();
                assert!(chunk.len() <= 2 * CHUNK);
                out.extend_from_slice(&chunk);
            }
        }
        while !spool.is_empty() {
            spool.take(&mut chunk).unwrap();
            out.extend_from_slice(&chunk);
        }
        assert!(out == all, "it differs");
        spool.take(&mut chunk).unwrap();
        assert_eq!(chunk, b"");
    }

    #[test]
    fn files_that_have_been_read_are_gone() {
        let mut spool = Spool::default();
        let piece = vec![b'x'; 1024 * 1024];
        let mut chunk = Vec::new();
        for _ in 0..100 {
            put(&mut spool, &piece);
        }
        assert_eq!(spool.parts.len(), 4, "a file for each 32 MiB");
        for _ in 0..48 * 16 {
            spool.take(&mut chunk).unwrap();
        }
        assert_eq!(spool.parts.len(), 3);
    }
}
