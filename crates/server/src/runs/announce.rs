//! A store whose readers can wait for what comes next: [`Announcing`].

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::{Claim, Entry, Place, RunStore, StoreError};
use aieffect_orchestrator::store::StoredRun;
use bytes::Bytes;
use tokio::sync::watch;

/// Tells whoever waits how many events a run has. What they are is read from the store, at the reader's own speed: nobody
/// who reads slowly misses one, or holds anybody up.
pub(super) struct Announcing {
    store: Arc<dyn RunStore>,
    counts: Mutex<HashMap<RunId, watch::Sender<u64>>>,
}

impl Announcing {
    pub(super) fn new(store: Arc<dyn RunStore>) -> Self {
        Self { store, counts: Mutex::default() }
    }

    /// Changes whenever the run has more events. Closed once nobody works on the run any more.
    pub(super) fn counts(&self, run: &RunId) -> Option<watch::Receiver<u64>> {
        self.lock().get(run).map(watch::Sender::subscribe)
    }

    /// From now on there is something to wait for.
    pub(super) fn open(&self, run: &RunId) {
        self.lock().entry(run.clone()).or_insert_with(|| watch::channel(0).0);
    }

    /// Nothing more comes.
    pub(super) fn close(&self, run: &RunId) {
        self.lock().remove(run);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, watch::Sender<u64>>> {
        // Nothing in here panics between two changes.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunStore for Announcing {
    fn create(&self, run: &StoredRun) -> Result<(), StoreError> {
        self.store.create(run)
    }

    fn append(&self, run: &RunId, after: u64, events: &[Entry]) -> Result<u64, StoreError> {
        let count = self.store.append(run, after, events)?;
        if let Some(sender) = self.lock().get(run) {
            sender.send_replace(count);
        }
        Ok(count)
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
        self.store.claim(run)
    }

    fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        self.store.forget(run)
    }

    fn streams(&self, run: &RunId) -> Result<PathBuf, StoreError> {
        self.store.streams(run)
    }
}
