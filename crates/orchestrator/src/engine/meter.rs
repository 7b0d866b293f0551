//! How much has passed, for those who watch.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::plan::StepId;

/// What each step has given so far, and how much waits for it. Read beside the run: figures of one moment need not
/// fit together.
#[derive(Debug)]
pub struct Meters(Vec<Meter>);

#[derive(Debug, Default)]
struct Meter {
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// What a step has given so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Meters {
    pub(super) fn new(steps: usize) -> Self {
        Self((0..steps).map(|_| Meter::default()).collect())
    }

    /// What a step has given so far.
    pub fn passed(&self, step: StepId) -> Passed {
        let Some(meter) = self.0.get(step.index()) else { return Passed::default() };
        Passed {
            messages: meter.messages.load(Ordering::Relaxed),
            bytes: meter.bytes.load(Ordering::Relaxed),
        }
    }

    /// Messages given by all steps.
    pub(super) fn messages(&self) -> u64 {
        self.0.iter().map(|meter| meter.messages.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn count(&self, step: StepId, messages: usize, bytes: usize) {
        if let Some(meter) = self.0.get(step.index()) {
            meter.messages.fetch_add(messages as u64, Ordering::Relaxed);
            meter.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }
}
