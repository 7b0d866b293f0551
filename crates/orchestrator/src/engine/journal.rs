//! Stores a run's events, as far as they are worth it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aieffect_blueprint::Mode;

use crate::memo::Memo;
use crate::plan::{Plan, StepId};
use crate::ports::{Entry, StoreError};
use crate::run::{Failure, FiringId, Given, RunEvent};
use crate::store::{Gave, StoredEvent, StoredFailure};

/// How often the counts of a live run are stored.
const COUNTING: Duration = Duration::from_secs(1);

/// Appends what happens to the run's store.
pub(super) struct Journal {
    memo: Arc<Memo>,
    plan: Arc<Plan>,
    after: u64,
    /// The attempt that each open firing makes.
    attempts: HashMap<FiringId, u32>,
    /// In a live run: what has not been stored of each step yet.
    tallies: BTreeMap<StepId, Tally>,
    counted: SystemTime,
}

#[derive(Default)]
struct Tally {
    calls: u64,
    failed: u64,
    messages: u64,
    failure: Option<StoredFailure>,
}

impl Journal {
    pub(super) fn new(memo: Arc<Memo>, plan: Arc<Plan>) -> Self {
        Self {
            after: memo.after(),
            memo,
            plan,
            attempts: HashMap::new(),
            tallies: BTreeMap::new(),
            counted: SystemTime::UNIX_EPOCH,
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

    /// In a live run firings are counted, and what else happens is stored with the counts before it.
    fn count(&mut self, at: SystemTime, event: &RunEvent, entries: &mut Vec<Entry>) {
        match event {
            RunEvent::FiringStarted { .. }
            | RunEvent::AttemptFailed { .. }
            | RunEvent::FiringCancelled { .. } => {}
            RunEvent::FiringSucceeded { firing, given } => {
                let tally = self.tallies.entry(firing.step).or_default();
                tally.calls += 1;
                tally.messages += match given {
                    Given::Message(_) => 1,
                    Given::Streamed(messages) => *messages,
                };
            }
            RunEvent::FiringFailed { firing, failure } => {
                let tally = self.tallies.entry(firing.step).or_default();
                tally.calls += 1;
                tally.failed += 1;
                tally.failure = Some(stored(failure));
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
        for (step, Tally { calls, failed, messages, failure }) in std::mem::take(&mut self.tallies) {
            let event = StoredEvent::Counted { step: self.step(step), calls, failed, messages, failure };
            entries.push(Entry { at, event, message: None });
        }
    }

    fn entry(&mut self, at: SystemTime, event: &RunEvent) -> Option<Entry> {
        let mut message = None;
        let event = match event {
            RunEvent::Started if self.memo.is_resumed() => StoredEvent::Resumed {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                redo: self.memo.redo().to_vec(),
            },
            RunEvent::Started => StoredEvent::Started,
            RunEvent::NodeReady { node } => {
                StoredEvent::NodeReady { node: self.plan.nodes[node.index()].name.to_string() }
            }
            RunEvent::NodeUnreachable { node, reason } => StoredEvent::NodeUnreachable {
                node: self.plan.nodes[node.index()].name.to_string(),
                reason: reason.clone(),
            },
            RunEvent::FiringStarted { firing, attempt } => {
                let attempt = self.memo.attempts(*firing).saturating_add(attempt.get());
                self.attempts.insert(*firing, attempt);
                StoredEvent::Fired { step: self.step(firing.step), seq: firing.seq, attempt }
            }
            RunEvent::AttemptFailed { firing, failure, retry_after, .. } => StoredEvent::AttemptFailed {
                step: self.step(firing.step),
                seq: firing.seq,
                attempt: self.attempt(*firing),
                failure: stored(failure),
                retry_after: retry_after.as_secs_f64(),
            },
            RunEvent::FiringSucceeded { firing, given } => {
                if let Given::Message(given) = given {
                    message = Some(given.bytes().clone());
                }
                self.done(*firing, given)
            }
            RunEvent::FiringFailed { firing, failure } => StoredEvent::Failed {
                step: self.step(firing.step),
                seq: firing.seq,
                attempt: self.ended(*firing),
                failure: stored(failure),
            },
            RunEvent::FiringCancelled { firing } | RunEvent::SourceEnded { firing } => {
                StoredEvent::Cancelled {
                    step: self.step(firing.step),
                    seq: firing.seq,
                    attempt: self.ended(*firing),
                }
            }
            RunEvent::StepFinished { step } => StoredEvent::StepFinished { step: self.step(*step) },
            RunEvent::StepFailed { step, failure } => {
                StoredEvent::StepFailed { step: self.step(*step), failure: stored(failure) }
            }
            RunEvent::StepSkipped { step, because } => {
                StoredEvent::StepSkipped { step: self.step(*step), because: self.step(*because) }
            }
            RunEvent::Closing { why } => StoredEvent::Closing { why: why.as_str().to_owned() },
            RunEvent::CancelRequested => StoredEvent::CancelRequested,
            RunEvent::Finished { outcome } => StoredEvent::Finished { outcome: outcome.as_str().to_owned() },
            // They follow from the others.
            RunEvent::Supplied { .. }
            | RunEvent::SupplyEnded { .. }
            | RunEvent::Delivered { .. }
            | RunEvent::RetryDue { .. } => return None,
        };
        Some(Entry { at, event, message })
    }

    fn done(&mut self, firing: FiringId, given: &Given) -> StoredEvent {
        let attempt = self.ended(firing);
        let gave = match given {
            Given::Message(message) => Gave::Message { bytes: message.bytes().len() as u64 },
            Given::Streamed(messages) => {
                let file = Memo::stream_name(firing, attempt);
                // A file that cannot be looked at will not be taken for this stream: the sizes differ.
                let found = std::fs::metadata(self.memo.streams().join(&file));
                Gave::Stream {
                    messages: *messages,
                    bytes: found.map_or(u64::MAX >> 1, |found| found.len()),
                    file,
                }
            }
        };
        StoredEvent::Done { step: self.step(firing.step), seq: firing.seq, attempt, gave }
    }

    fn attempt(&self, firing: FiringId) -> u32 {
        self.attempts.get(&firing).copied().unwrap_or(1)
    }

    fn ended(&mut self, firing: FiringId) -> u32 {
        self.attempts.remove(&firing).unwrap_or(1)
    }

    fn step(&self, step: StepId) -> String {
        self.plan.step(step).name.to_string()
    }
}

fn stored(failure: &Failure) -> StoredFailure {
    StoredFailure { kind: failure.kind().to_owned(), text: failure.to_string() }
}
