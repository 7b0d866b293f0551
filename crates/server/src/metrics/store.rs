//! The store, with its times taken and what runs come to counted: [`Measured`].

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::{Claim, Entry, Place, RunStore, StoreError};
use aieffect_orchestrator::run::Outcome;
use aieffect_orchestrator::store::{Ending, StoredEvent, StoredRun};
use bytes::Bytes;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::Metrics;
use super::labels::{Operation, present, short_times};

const CREATE: &str = "create";
const APPEND: &str = "append";
const READ: &str = "read";
const FORGET: &str = "forget";

/// What is counted of the store.
#[derive(Debug)]
pub(super) struct StoreMetrics {
    duration: Family<Operation, Histogram, fn() -> Histogram>,
    failed: Family<Operation, Counter>,
}

impl StoreMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self { duration: Family::new_with_constructor(short_times), failed: Family::default() };
        let help = "How long the store took, to the end of its transaction where it wrote";
        registry.register_with_unit("store_duration", help, Unit::Seconds, metrics.duration.clone());
        registry.register("store_failures", "What the store failed to do", metrics.failed.clone());
        for operation in [CREATE, APPEND, READ, FORGET] {
            present(&metrics.duration, &Operation { operation });
            present(&metrics.failed, &Operation { operation });
        }
        metrics
    }

    fn measured<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        let done = work();
        self.duration.get_or_create(&Operation { operation }).observe(begun.elapsed().as_secs_f64());
        // What it answers is no failure of the store.
        if let Err(StoreError::NotWritten { .. } | StoreError::NotRead { .. }) = &done {
            self.failed.get_or_create(&Operation { operation }).inc();
        }
        done
    }
}

/// A store whose times are taken, and which knows how many of the server's runs came to which end.
pub(crate) struct Measured {
    store: Arc<dyn RunStore>,
    metrics: Arc<Metrics>,
    /// Which runs are counted.
    label: &'static str,
    ended: [AtomicUsize; Outcome::ALL.len()],
}

impl Measured {
    /// Counts runs that have that label.
    pub(crate) fn new(store: Arc<dyn RunStore>, metrics: Arc<Metrics>, label: &'static str) -> Self {
        Self { store, metrics, label, ended: Default::default() }
    }

    /// Counts a run that was in the store before.
    pub(crate) fn recall(&self, run: &StoredRun) {
        self.moved(run, Ending::Open, run.ending);
    }

    /// How many runs in the store came to that end.
    pub(crate) fn ended(&self, outcome: Outcome) -> usize {
        self.place(outcome).load(Ordering::Relaxed)
    }

    fn moved(&self, run: &StoredRun, from: Ending, to: Ending) {
        if !run.labels.contains_key(self.label) {
            return;
        }
        if let Ending::Ended(outcome) = from {
            // Two who forget the same run at once may both have seen it.
            let less = |count: usize| count.checked_sub(1);
            self.place(outcome).fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok();
        }
        if let Ending::Ended(outcome) = to {
            self.place(outcome).fetch_add(1, Ordering::Relaxed);
        }
    }

    fn place(&self, outcome: Outcome) -> &AtomicUsize {
        let place = Outcome::ALL.iter().position(|each| *each == outcome);
        &self.ended[place.unwrap_or_default()]
    }
}

/// How a run stands after these events; nothing where they do not change that.
fn ending_of(events: &[Entry]) -> Option<Ending> {
    events.iter().rev().find_map(|entry| match &entry.event {
        StoredEvent::Finished { outcome } => Outcome::of(outcome).map(Ending::Ended),
        StoredEvent::Resumed { .. } => Some(Ending::Open),
        _ => None,
    })
}

impl RunStore for Measured {
    fn create(&self, run: &StoredRun) -> Result<(), StoreError> {
        self.metrics.store.measured(CREATE, || self.store.create(run))
    }

    fn append(&self, run: &RunId, after: u64, events: &[Entry]) -> Result<u64, StoreError> {
        let ending = ending_of(events);
        // Nobody else writes to it meanwhile, or the events would be refused. That it cannot be counted keeps no run from its end.
        let before = ending.and_then(|_| self.store.run(run).ok().flatten());
        let count = self.metrics.store.measured(APPEND, || self.store.append(run, after, events))?;
        if let (Some(before), Some(ending)) = (before, ending) {
            self.moved(&before, before.ending, ending);
            if let Ending::Ended(outcome) = ending {
                self.metrics.runs.ended(outcome);
            }
        }
        Ok(count)
    }

    fn part(&self, run: &RunId, from: u64, most: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        self.metrics.store.measured(READ, || self.store.part(run, from, most))
    }

    fn message(&self, run: &RunId, position: u64) -> Result<Bytes, StoreError> {
        self.metrics.store.measured(READ, || self.store.message(run, position))
    }

    fn run(&self, run: &RunId) -> Result<Option<StoredRun>, StoreError> {
        self.metrics.store.measured(READ, || self.store.run(run))
    }

    fn runs(&self) -> Result<Vec<StoredRun>, StoreError> {
        self.metrics.store.measured(READ, || self.store.runs())
    }

    fn runs_behind(&self, place: Option<&Place>, most: usize) -> Result<Vec<StoredRun>, StoreError> {
        self.metrics.store.measured(READ, || self.store.runs_behind(place, most))
    }

    fn check(&self) -> Result<(), StoreError> {
        self.store.check()
    }

    fn claim(&self, run: &RunId) -> Result<Box<dyn Claim>, StoreError> {
        self.store.claim(run)
    }

    fn forget(&self, run: &RunId) -> Result<(), StoreError> {
        let before = self.store.run(run).ok().flatten();
        self.metrics.store.measured(FORGET, || self.store.forget(run))?;
        if let Some(before) = before {
            self.moved(&before, before.ending, Ending::Open);
        }
        Ok(())
    }

    fn streams(&self, run: &RunId) -> Result<PathBuf, StoreError> {
        self.store.streams(run)
    }
}
