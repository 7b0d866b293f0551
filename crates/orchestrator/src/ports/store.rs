//! Where runs are remembered.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use bytes::Bytes;

use crate::engine::RunId;
use crate::store::{StoredEvent, StoredRun};

/// Events that are read at once.
const PART: usize = 1000;

/// Remembers runs and what happened in them. One process at a time writes to a run; any number reads.
pub trait RunStore: Send + Sync {
    /// Takes in a run that has no events yet.
    fn create(&self, run: &StoredRun) -> Result<(), StoreError>;

    /// Appends events behind the first `after`, all or none of them, and gives how many there are now. When there
    /// are others already, [`StoreError::Conflict`].
    fn append(&self, run: &RunId, after: u64, events: &[Entry]) -> Result<u64, StoreError>;

    /// Gives the run's events, from the one at `from` (counted from 0), each with its position. What a small message
    /// is comes only with [`message`](Self::message).
    fn read(&self, run: &RunId, from: u64, take: &mut dyn FnMut(u64, Entry)) -> Result<(), StoreError> {
        let mut next = from;
        loop {
            let part = self.part(run, next, PART)?;
            let is_last = part.len() < PART;
            for (position, entry) in part {
                next = position.saturating_add(1);
                take(position, entry);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The same of at most so many events.
    fn part(&self, run: &RunId, from: u64, most: usize) -> Result<Vec<(u64, Entry)>, StoreError>;

    /// The message of the `done` event at that position.
    fn message(&self, run: &RunId, position: u64) -> Result<Bytes, StoreError>;

    /// A run; `None` when there is none of that name.
    fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError>;

    /// Every run, the latest first.
    fn runs(&self) -> Result<Vec<StoredRun>, StoreError>;

    /// The latest runs behind that place, at most so many, the latest first. The run there need not be there any more.
    fn runs_behind(&self, place: Option<&Place>, most: usize) -> Result<Vec<StoredRun>, StoreError>;

    /// Whether it can be read and written now, also what is large.
    fn check(&self) -> Result<(), StoreError>;

    /// Takes a run for this process, until what is given is dropped. [`StoreError::Busy`] when another has it.
    fn claim(&self, run: &RunId) -> Result<Box<dyn Claim>, StoreError>;

    /// Forgets a run, and all that is stored of it.
    fn forget(&self, run: &RunId) -> Result<(), StoreError>;

    /// The folder of a run's streams, made: for the engine to write to and to read from.
    fn streams(&self, run: &RunId) -> Result<PathBuf, StoreError>;
}

/// Where a run stands among all, by when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// When it began.
    pub created: SystemTime,
    /// Its name.
    pub run: RunId,
}

/// A run that this process works on, until this is dropped.
pub trait Claim: Send + Sync {}

/// One event, and when it was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: SystemTime,
    /// What.
    pub event: StoredEvent,
    /// The message of a `done` event of a call that gave one. It is not there when events are read.
    pub message: Option<Bytes>,
}

/// Why a store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing could be written.
    #[error("the run store in `{}` cannot be written: {reason}", .folder.display())]
    NotWritten {
        /// The store's folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Something could not be read.
    #[error("the run store in `{}` cannot be read: {reason}", .folder.display())]
    NotRead {
        /// The store's folder.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A later version of this program has changed it.
    #[error(
        "the run store in `{}` is of a newer version ({found}; this program knows {known}): use the newer aieffect, \
         or another folder with --store", .folder.display()
    )]
    Newer {
        /// The store's folder.
        folder: PathBuf,
        /// Its version.
        found: u32,
        /// The latest that is known.
        known: u32,
    },
    /// Another process writes to the run.
    #[error("run {run} is under way in process {pid}; wait for its end, or stop it")]
    Busy {
        /// The run.
        run: RunId,
        /// The process.
        pid: String,
    },
    /// Another process works on all of it.
    #[error("another server works in `{}` (process {pid}); stop it, or use another folder with --store", .folder.display())]
    Occupied {
        /// The store's folder.
        folder: PathBuf,
        /// The process.
        pid: String,
    },
    /// There are events that the writer does not know of.
    #[error("run {run} has {found} events where {expected} were expected: another process has written to it")]
    Conflict {
        /// The run.
        run: RunId,
        /// How many there are.
        found: u64,
        /// How many there were to be.
        expected: u64,
    },
    /// A run was to begin with results of another, and has not got them all.
    #[error("run {run} was cut off while it took over the results of another; begin once more with --from")]
    CutShort {
        /// The run.
        run: RunId,
    },
    /// There is no such run.
    #[error("there is no run {run} in `{}`; `aieffect runs list` has their names", .folder.display())]
    NoRun {
        /// The run.
        run: RunId,
        /// The store's folder.
        folder: PathBuf,
    },
}

impl StoreError {
    /// A write that failed.
    pub fn not_written(folder: impl Into<PathBuf>, error: &io::Error) -> Self {
        Self::NotWritten { folder: folder.into(), reason: error.to_string() }
    }

    /// A read that failed.
    pub fn not_read(folder: impl Into<PathBuf>, error: &io::Error) -> Self {
        Self::NotRead { folder: folder.into(), reason: error.to_string() }
    }
}
