//! For tests, in debug builds only: the process is killed before or after an append to the run store.
//!
//! `AIEFFECT_FAULT_STORE_KILL=<n>:before|after` kills it at the n-th append, counted from 1;
//! `AIEFFECT_FAULT_STORE_COUNT=<file>` writes how many there were.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::{Claim, Entry, Place, RunStore, StoreError};
use aieffect_orchestrator::store::{SqliteStore, StoredRun};
use bytes::Bytes;
use rustix::process::{Signal, getpid, kill_process};

struct Fault {
    store: Arc<SqliteStore>,
    kill: Option<(u64, When)>,
    count: Option<PathBuf>,
    appends: AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// The store, with what the environment asks for.
pub(super) fn wrapped(store: Arc<SqliteStore>) -> Arc<dyn RunStore> {
    let kill = std::env::var("AIEFFECT_FAULT_STORE_KILL").ok().and_then(|text| {
        let (number, when) = text.split_once(':')?;
        let when = if when == "before" { When::Before } else { When::After };
        Some((number.parse().ok()?, when))
    });
    let count = std::env::var_os("AIEFFECT_FAULT_STORE_COUNT").map(PathBuf::from);
    if kill.is_none() && count.is_none() {
        return store;
    }
    Arc::new(Fault { store, kill, count, appends: AtomicU64::new(0) })
}

impl Fault {
    fn strike(&self, number: u64, when: When) {
        if self.kill == Some((number, when)) {
            // A process that may not signal itself goes on, and its test fails.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}

impl RunStore for Fault {
    fn create(&self, run: &StoredRun) -> Result<(), StoreError> {
        self.store.create(run)
    }

    fn append(&self, run: &RunId, after: u64, events: &[Entry]) -> Result<u64, StoreError> {
        let number = self.appends.fetch_add(1, Ordering::Relaxed) + 1;
        self.strike(number, When::Before);
        let appended = self.store.append(run, after, events);
        self.strike(number, When::After);
        if let Some(count) = &self.count {
            // A count that cannot be written fails the test that reads it.
            let _ = std::fs::write(count, number.to_string());
        }
        appended
    }

    fn part(&self, run: &RunId, from: u64, most: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        self.store.part(run, from, most)
    }

    fn message(&self, run: &RunId, position: u64) -> Result<Bytes, StoreError> {
        self.store.message(run, position)
    }

    fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError> {
        self.store.run(run)
    }

    fn runs(&self) -> Result<Vec<StoredRun>, StoreError> {
        self.store.runs()
    }

    fn runs_behind(&self, place: Option<&Place>, most: usize) -> Result<Vec<StoredRun>, StoreError> {
        self.store.runs_behind(place, most)
    }

    fn check(&self) -> Result<(), StoreError> {
        self.store.check()
    }

    fn claim(&self, run: &RunId) -> Result<Box<dyn Claim>, StoreError> {
        RunStore::claim(&*self.store, run)
    }

    fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        self.store.forget(run)
    }

    fn streams(&self, run: &RunId) -> Result<PathBuf, StoreError> {
        self.store.streams(run)
    }
}
