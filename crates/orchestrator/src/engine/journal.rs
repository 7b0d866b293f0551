//! Stores a run's events, as far as they are worth it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aieffect_blueprint::Mode;

use super::chronicle::{Chronicle, stored};
use crate::memo::Memo;
use crate::plan::{Plan, StepId};
use crate::ports::{Entry, StoreError};
use crate::run::{Given, RunEvent};
use crate::store::{StoredEvent, StoredFailure};

/// How often the counts of a live run are stored.
const COUNTING: Duration = Duration::from_secs(1);
/// Failed firings of a live run are told one by one: so many of a step between two counts,
const TOLD_AT_ONCE: u64 = 10;
/// so many in all,
const TOLD: u64 = 10_000;
/// and so many bytes of what is said of each.
const TOLD_TEXT: usize = 2000;

/// Appends what happens to the run's store.
pub(super) struct Journal {
    memo: Arc<Memo>,
    plan: Arc<Plan>,
    chronicle: Chronicle,
    after: u64,
    /// In a live run: what has not been stored of each step yet.
    tallies: BTreeMap<StepId, Tally>,
    counted: SystemTime,
    /// How many failed firings of each step have been told one by one.
    told: BTreeMap<StepId, u64>,
}

#[derive(Default)]
struct Tally {
    calls: u64,
    failed: u64,
    /// Failed ones that have been told one by one.
    told: u64,
    messages: u64,
    /// The last of the others.
    failure: Option<StoredFailure>,
}

impl Journal {
    pub(super) fn new(memo: Arc<Memo>, plan: Arc<Plan>) -> Self {
        Self {
            chronicle: Chronicle::new(Arc::clone(&plan), Some(Arc::clone(&memo))),
            after: memo.after(),
            memo,
            plan,
            tallies: BTreeMap::new(),
            counted: SystemTime::UNIX_EPOCH,
            told: BTreeMap::new(),
        }
    }

    /// Whether what a firing comes to is stored already.
    pub(super) fn is_remembered(&self, event: &RunEvent) -> bool {
        match event {
            RunEvent::FiringStarted { firing, .. } | RunEvent::FiringSucceeded { firing, .. } => {
                self.memo.result(*firing).is_some()
            }
            RunEvent::StepFinished { step } => self.memo.is_settled(*step),
            RunEvent::NodeReady { node } => self.memo.is_node_settled(*node),
            _ => false,
        }
    }

    /// Stores the events of one decision, all or none.
    pub(super) fn take(&mut self, at: SystemTime, events: &[RunEvent]) -> Result<(), StoreError> {
        let mut entries = Vec::new();
        for event in events {
            if self.is_remembered(event) {
                continue;
            }
            match self.plan.mode {
                Mode::Batch => entries.extend(self.entry(at, event)),
                Mode::Live => self.count(at, event, &mut entries),
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.after = self.memo.store().append(self.memo.run(), self.after, &entries)?;
        Ok(())
    }

    /// In a live run firings are counted, and those that failed are told one by one too, up to a bound. What else
    /// happens is stored with the counts before it.
    fn count(&mut self, at: SystemTime, event: &RunEvent, entries: &mut Vec<Entry>) {
        match event {
            RunEvent::FiringStarted { attempt, .. } => {
                if attempt.get() > 1 {
                    // Only which attempt it is is of use.
                    let _ = self.chronicle.tell(event);
                }
            }
            RunEvent::AttemptFailed { .. } => {}
            RunEvent::FiringCancelled { firing } => self.chronicle.forget(*firing),
            RunEvent::FiringSucceeded { firing, given } => {
                self.chronicle.forget(*firing);
                let tally = self.tallies.entry(firing.step).or_default();
                tally.calls += 1;
                tally.messages += match given {
                    Given::Message(_) => 1,
                    Given::Streamed(messages) => *messages,
                };
            }
            RunEvent::FiringFailed { firing, failure, .. } => {
                let told = self.told.entry(firing.step).or_default();
                let tally = self.tallies.entry(firing.step).or_default();
                tally.calls += 1;
                tally.failed += 1;
                if tally.told < TOLD_AT_ONCE && *told < TOLD {
                    tally.told += 1;
                    *told += 1;
                    entries.extend(self.entry(at, event).map(shortened));
                } else {
                    self.chronicle.forget(*firing);
                    tally.failure = Some(stored(failure));
                }
            }
            _ => {
                if let Some(entry) = self.entry(at, event) {
                    self.settle_counts(at, entries);
                    entries.push(entry);
                }
            }
        }
        if at.duration_since(self.counted).is_ok_and(|since| since >= COUNTING) {
            self.settle_counts(at, entries);
        }
    }

    fn settle_counts(&mut self, at: SystemTime, entries: &mut Vec<Entry>) {
        self.counted = at;
        for (step, Tally { calls, failed, messages, failure, .. }) in std::mem::take(&mut self.tallies) {
            let event = StoredEvent::Counted { step: self.step(step), calls, failed, messages, failure };
            entries.push(Entry { at, event, message: None });
        }
    }

    fn entry(&mut self, at: SystemTime, event: &RunEvent) -> Option<Entry> {
        let message = match event {
            RunEvent::FiringSucceeded { given: Given::Message(given), .. } => Some(given.bytes().clone()),
            _ => None,
        };
        Some(Entry { at, event: self.chronicle.tell(event)?, message })
    }

    fn step(&self, step: StepId) -> String {
        self.plan.step(step).name.to_string()
    }
}

fn shortened(mut entry: Entry) -> Entry {
    if let StoredEvent::Failed { failure: StoredFailure { text, .. }, .. } = &mut entry.event
        && text.len() > TOLD_TEXT
    {
        let end = (0..=TOLD_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    entry
}
