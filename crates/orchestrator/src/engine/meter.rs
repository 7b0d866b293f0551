//! How much has passed, for those who watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::transfers::Transfers;
use crate::plan::StepId;
use crate::ports::Progress;

/// What each step has given so far, and how much waits for it. Read beside the run: figures of one moment need not
/// fit together.
#[derive(Debug)]
pub struct Meters {
    steps: Vec<Meter>,
    transfers: Arc<Transfers>,
}

#[derive(Debug, Default)]
struct Meter {
    messages: AtomicU64,
    bytes: AtomicU64,
    requests: AtomicU64,
    request_bytes: AtomicU64,
    /// Nanoseconds.
    transfer: AtomicU64,
    progress: Progress,
}

/// What a step has given so far, and what was made for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// Messages given.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Requests made for it, again for every attempt of a call that takes no stream.
    pub requests: u64,
    /// Their bytes.
    pub request_bytes: u64,
    /// How long making them of what came in took. Of a stream every sixteenth is timed after the first sixteen, and stands
    /// for the fifteen before it.
    pub transfer: Duration,
    /// How far the call that began last says it is, in thousandths; few services say.
    pub progress: Option<u16>,
}

/// Requests that are made one after the other: which of them are timed.
#[derive(Debug, Default)]
pub(super) struct Timing(u64);

/// Requests that were made.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Made {
    requests: u64,
    bytes: u64,
    transfer: Duration,
}

impl Timing {
    /// A clock is read for each of the first messages, and for one of so many from there on.
    const SPACING: u64 = 16;

    /// Makes so many requests, and gives how long making them and those that they stand for took. Many together are always
    /// timed.
    pub(super) fn of<T>(&mut self, meters: &Meters, count: usize, make: impl FnOnce() -> T) -> (T, Duration) {
        self.0 += 1;
        let stands_for = match self.0 {
            _ if count > 1 => 1,
            0..=Self::SPACING => 1,
            count if count % Self::SPACING == 0 => Self::SPACING as u32,
            _ => return (make(), Duration::ZERO),
        };
        let begun = Instant::now();
        let made = make();
        let took = begun.elapsed();
        let together = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        meters.transfers.took(took / together, u64::from(stands_for) * u64::from(together));
        (made, took * stands_for)
    }
}

impl Meters {
    pub(super) fn new(steps: usize, transfers: Arc<Transfers>) -> Self {
        Self { steps: (0..steps).map(|_| Meter::default()).collect(), transfers }
    }

    /// Where it goes how far a step's call is.
    pub(super) fn progress_of(&self, step: StepId) -> Progress {
        self.steps.get(step.index()).map(|meter| meter.progress.clone()).unwrap_or_default()
    }

    /// What a step has given so far.
    pub fn passed(&self, step: StepId) -> Passed {
        let Some(meter) = self.steps.get(step.index()) else { return Passed::default() };
        Passed {
            messages: meter.messages.load(Ordering::Relaxed),
            bytes: meter.bytes.load(Ordering::Relaxed),
            requests: meter.requests.load(Ordering::Relaxed),
            request_bytes: meter.request_bytes.load(Ordering::Relaxed),
            transfer: Duration::from_nanos(meter.transfer.load(Ordering::Relaxed)),
            progress: meter.progress.thousandths(),
        }
    }

    /// Messages given by all steps.
    pub(super) fn messages(&self) -> u64 {
        self.steps.iter().map(|meter| meter.messages.load(Ordering::Relaxed)).sum()
    }

    pub(super) fn count(&self, step: StepId, messages: usize, bytes: usize) {
        if let Some(meter) = self.steps.get(step.index()) {
            meter.messages.fetch_add(messages as u64, Ordering::Relaxed);
            meter.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// Requests were made for a step.
    pub(super) fn requested(&self, step: StepId, made: Made) {
        let Some(meter) = self.steps.get(step.index()).filter(|_| made.requests > 0) else { return };
        meter.requests.fetch_add(made.requests, Ordering::Relaxed);
        meter.request_bytes.fetch_add(made.bytes, Ordering::Relaxed);
        // Over five hundred years of it would not fit.
        meter.transfer.fetch_add(made.transfer.as_nanos() as u64, Ordering::Relaxed);
    }
}

impl Made {
    /// One request.
    pub(super) fn one(bytes: usize, transfer: Duration) -> Self {
        Self { requests: 1, bytes: bytes as u64, transfer }
    }

    pub(super) fn add(&mut self, requests: usize, bytes: usize, transfer: Duration) {
        self.requests += requests as u64;
        self.bytes += bytes as u64;
        self.transfer += transfer;
    }

    /// Whether whoever watches would miss it.
    pub(super) fn is_much(&self) -> bool {
        self.requests >= 64 || self.bytes >= 64 * 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meters() -> Meters {
        Meters::new(1, Arc::default())
    }

    #[test]
    fn of_a_stream_few_requests_are_timed_and_stand_for_all() {
        let (mut timing, meters) = (Timing::default(), meters());
        let timed: Vec<u64> = (1..=64)
            .filter(|_| !timing.of(&meters, 1, || std::thread::sleep(Duration::from_micros(1))).1.is_zero())
            .collect();
        let first: Vec<u64> = (1..=16).collect();
        assert_eq!(timed, [first, vec![32, 48, 64]].concat());
        assert_eq!(meters.transfers.count(), 64, "those that were not timed are stood for");
    }

    #[test]
    fn a_timed_request_counts_for_those_before_it() {
        let mut timing = Timing(31);
        let (_, took) = timing.of(&meters(), 1, || std::thread::sleep(Duration::from_millis(1)));
        assert!(took >= Duration::from_millis(16), "{took:?}");
    }
}
