//! The responses that a run is asked to keep.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use bytes::Bytes;

use crate::messages::Messages;
use crate::store::{StreamReader, StreamWriter};

/// What a step may hold in memory before it goes to a file.
const IN_MEMORY: usize = 1024 * 1024;
/// A kept response of up to that size has memory of its own.
const DETACHED: usize = 4 * 1024;

/// Which responses of each step are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All.
    All,
    /// The last one.
    Last,
    /// None.
    None,
}

/// The kept responses of one step, in the order of its firings. Over 1 MiB they lie in a temporary file
/// without a name, which goes with the value; in a run that is stored, the streams are read from where they are.
#[derive(Debug, Default)]
pub struct StepResult {
    held: Vec<Bytes>,
    held_bytes: usize,
    spooled: Option<Spool>,
    /// The stream that is being stored.
    storing: Option<StreamWriter>,
    /// Streams that are stored.
    stored: Vec<PathBuf>,
    given: u64,
    /// Kept responses were lost with a temporary file.
    unreadable: bool,
}

#[derive(Debug)]
struct Spool {
    file: File,
    lengths: Vec<usize>,
}

/// Messages of firings that end in another order than they began in.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    next: u64,
    held: BTreeMap<u64, Option<Bytes>>,
}

impl InOrder {
    /// A firing has ended, with a message or without.
    pub(super) fn ended(&mut self, seq: u64, message: Option<Bytes>) {
        self.held.insert(seq, message);
    }

    /// The messages whose turn has come.
    pub(super) fn leaving(&mut self) -> Vec<Bytes> {
        let mut leaving = Vec::new();
        while let Some(message) = self.held.remove(&self.next) {
            leaving.extend(message);
            self.next += 1;
        }
        leaving
    }
}

impl StepResult {
    /// How many responses the step gave, kept or not.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// Whether kept responses lie in a file.
    pub fn is_spooled(&self) -> bool {
        self.spooled.is_some()
    }

    /// The kept responses. An error when the temporary file cannot be read.
    pub fn messages(&mut self) -> io::Result<Vec<Bytes>> {
        let mut messages = Vec::new();
        self.for_each(|message| {
            messages.push(message);
            Ok(())
        })?;
        Ok(messages)
    }

    /// Gives the kept responses one by one, so that at most one of those in the file is in memory.
    pub fn for_each(&mut self, mut use_message: impl FnMut(Bytes) -> io::Result<()>) -> io::Result<()> {
        if self.unreadable {
            return Err(io::Error::other("a temporary file with kept responses could not be read"));
        }
        for path in &self.stored {
            let mut stream = StreamReader::open(path)?;
            while let Some(message) = stream.next()? {
                use_message(message)?;
            }
        }
        if let Some(spool) = &mut self.spooled {
            spool.file.seek(SeekFrom::Start(0))?;
            for length in &spool.lengths {
                let mut message = vec![0; *length];
                spool.file.read_exact(&mut message)?;
                use_message(message.into())?;
            }
            spool.file.seek(SeekFrom::End(0))?;
        }
        self.held.iter().cloned().try_for_each(use_message)
    }

    /// One whose responses go to a stream of the store, whichever of them are kept.
    pub(super) fn storing(stream: StreamWriter) -> Self {
        Self { storing: Some(stream), ..Self::default() }
    }

    /// Whether its responses go to the store.
    pub(super) fn is_storing(&self) -> bool {
        self.storing.is_some()
    }

    /// One of a stream that is in the store.
    pub(crate) fn of_stored(path: PathBuf, given: u64, keep: Keep) -> io::Result<Self> {
        let mut result = Self { given, ..Self::default() };
        match keep {
            Keep::None => {}
            Keep::Last => result.held.extend(StreamReader::open(&path)?.last()?),
            Keep::All => result.stored.push(path),
        }
        Ok(result)
    }

    /// Its stream has come to its end. An error when that could not be stored.
    pub(super) fn seal(&mut self, keep: Keep) -> io::Result<()> {
        let Some(mut stream) = self.storing.take() else { return Ok(()) };
        stream.flush()?;
        match keep {
            Keep::All => self.stored.push(stream.path().to_owned()),
            Keep::Last => {}
            Keep::None => self.held.clear(),
        }
        Ok(())
    }

    /// Takes responses, like [`add`](Self::add).
    pub(super) fn add_all(&mut self, outputs: &Messages, keep: Keep) -> io::Result<()> {
        if self.storing.is_none() && keep == Keep::None {
            self.given += outputs.count() as u64;
            return Ok(());
        }
        if self.storing.is_none() && keep == Keep::Last {
            let Some(last) = outputs.last() else { return Ok(()) };
            self.given += outputs.count() as u64 - 1;
            return self.add(&last, keep);
        }
        outputs.clone().each().try_for_each(|output| self.add(&output, keep))
    }

    /// Takes a response. When the temporary file cannot be written it stays in memory; an error when it could not be
    /// stored.
    pub(crate) fn add(&mut self, output: &Bytes, keep: Keep) -> io::Result<()> {
        self.given += 1;
        if let Some(stream) = &mut self.storing {
            if keep == Keep::Last {
                self.held = vec![output.clone()];
            }
            return stream.write(output);
        }
        match keep {
            Keep::None => {}
            Keep::Last => self.held = vec![output.clone()],
            Keep::All => {
                // A small one may lie in a large piece of what was read.
                let is_small = output.len() <= DETACHED;
                self.held.push(if is_small { Bytes::copy_from_slice(output) } else { output.clone() });
                self.held_bytes += output.len();
                if self.held_bytes > IN_MEMORY && self.spool().is_ok() {
                    self.held.clear();
                    self.held_bytes = 0;
                }
            }
        }
        Ok(())
    }

    /// Takes what another has kept.
    pub(crate) fn absorb(&mut self, mut other: Self, keep: Keep) {
        if self.given == 0 {
            *self = other;
            return;
        }
        let given = self.given + other.given;
        self.stored.append(&mut other.stored);
        // What cannot be read again is not kept; it was handed on all the same.
        let read = other.for_each(|message| self.add(&message, keep));
        if read.is_err() {
            self.unreadable = true;
        }
        self.given = given;
    }

    fn spool(&mut self) -> io::Result<()> {
        let mut spool = match self.spooled.take() {
            Some(spool) => spool,
            None => Spool { file: tempfile::tempfile()?, lengths: Vec::new() },
        };
        let before = spool.lengths.len();
        let written = spool.write(&self.held);
        if written.is_err() {
            spool.lengths.truncate(before);
            let kept: u64 = spool.lengths.iter().map(|length| *length as u64).sum();
            // Half a message may lie behind the last whole one; the next write goes over it.
            spool.file.seek(SeekFrom::Start(kept))?;
        }
        self.spooled = Some(spool);
        written
    }
}

impl Spool {
    fn write(&mut self, messages: &[Bytes]) -> io::Result<()> {
        for message in messages {
            self.file.write_all(message)?;
            self.lengths.push(message.len());
        }
        Ok(())
    }
}
