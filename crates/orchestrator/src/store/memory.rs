//! Runs in memory, for as long as the process lives.

use std::cmp::Reverse;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tempfile::TempDir;

use super::run::{Ending, StoredRun};
use crate::engine::RunId;
use crate::ports::{Claim, Entry, Place, RunStore, StoreError};
use crate::run::Outcome;
use crate::store::StoredEvent;

/// Runs in memory; their streams lie in a temporary folder, which goes with the value.
pub struct MemoryStore {
    runs: Mutex<Vec<Kept>>,
    streams: TempDir,
}

struct NobodyElse;

impl Claim for NobodyElse {}

struct Kept {
    run: StoredRun,
    events: Vec<Entry>,
}

impl MemoryStore {
    /// One without runs. An error when there is no place for temporary files.
    pub fn new() -> Result<Self, StoreError> {
        let streams = tempfile::tempdir();
        let streams = streams.map_err(|error| StoreError::not_written(std::env::temp_dir(), &error))?;
        Ok(Self { runs: Mutex::default(), streams })
    }

    fn with<T>(&self, run: &RunId, use_run: impl FnOnce(&mut Kept) -> T) -> Result<T, StoreError> {
        let found = self.lock().iter_mut().find(|kept| kept.run.id == *run).map(use_run);
        found.ok_or_else(|| StoreError::NoRun { run: run.clone(), folder: self.streams.path().to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing in here panics between two changes.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunStore for MemoryStore {
    fn create(&self, run: &StoredRun) -> Result<(), StoreError> {
        self.lock().push(Kept { run: run.clone(), events: Vec::new() });
        Ok(())
    }

    fn append(&self, run: &RunId, after: u64, events: &[Entry]) -> Result<u64, StoreError> {
        self.with(run, |kept| {
            let found = kept.events.len() as u64;
            if found != after {
                return Err(StoreError::Conflict { run: run.clone(), found, expected: after });
            }
            for entry in events {
                match &entry.event {
                    StoredEvent::Finished { outcome } => {
                        kept.run.ending = Ending::Ended(Outcome::of(outcome).unwrap_or(Outcome::Failed));
                    }
                    StoredEvent::Resumed { .. } => kept.run.ending = Ending::Open,
                    _ => {}
                }
            }
            kept.events.extend_from_slice(events);
            Ok(kept.events.len() as u64)
        })?
    }

    fn part(&self, run: &RunId, from: u64, most: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        self.with(run, |kept| {
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let events = (0..).zip(&kept.events).skip(from).take(most);
            events.map(|(position, entry)| (position, Entry { message: None, ..entry.clone() })).collect()
        })
    }

    fn message(&self, run: &RunId, position: u64) -> Result<Bytes, StoreError> {
        let message = self.with(run, |kept| {
            let entry = kept.events.get(usize::try_from(position).ok()?)?;
            Some(entry.message.clone().unwrap_or_default())
        })?;
        message.ok_or_else(|| StoreError::NotRead {
            folder: self.streams.path().to_owned(),
            reason: format!("run {run} has no event {position}"),
        })
    }

    fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError> {
        Ok(self.lock().iter().find(|kept| kept.run.id == *run).map(|kept| kept.run.clone()))
    }

    fn runs(&self) -> Result<Vec<StoredRun>, StoreError> {
        let mut runs: Vec<StoredRun> = self.lock().iter().rev().map(|kept| kept.run.clone()).collect();
        runs.sort_by_key(|run| Reverse((run.created, run.id.clone())));
        Ok(runs)
    }

    fn runs_behind(&self, place: Option<&Place>, most: usize) -> Result<Vec<StoredRun>, StoreError> {
        let runs = self.runs()?;
        let is_before = |run: &&StoredRun| {
            place.is_some_and(|place| (run.created, &run.id) >= (place.created, &place.run))
        };
        let behind = runs.iter().take_while(is_before).count();
        Ok(runs.into_iter().skip(behind).take(most).collect())
    }

    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn claim(&self, run: &RunId) -> Result<Box<dyn Claim>, StoreError> {
        // No other process sees it.
        self.with(run, |_| Box::new(NobodyElse) as Box<dyn Claim>)
    }

    fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        self.with(run, |_| ())?;
        self.lock().retain(|kept| kept.run.id != *run);
        match std::fs::remove_dir_all(self.streams.path().join(run.as_str())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::not_written(self.streams.path(), &error))
            }
            _ => Ok(()),
        }
    }

    fn streams(&self, run: &RunId) -> Result<PathBuf, StoreError> {
        let folder = self.streams.path().join(run.as_str());
        std::fs::create_dir_all(&folder).map_err(|error| StoreError::not_written(&folder, &error))?;
        Ok(folder)
    }
}
