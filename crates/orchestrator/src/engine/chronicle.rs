//! Turns a run's events into the form in which they are stored and listed: [`Chronicle`].

use std::collections::HashMap;
use std::sync::Arc;

use aieffect_blueprint::Mode;

use crate::memo::Memo;
use crate::plan::{Plan, StepId};
use crate::run::{Failure, FiringId, Given, RunEvent};
use crate::store::{Gave, StoredEvent, StoredFailure};

/// Tells a run's events in the form in which they are stored and listed, one after the other.
#[derive(Debug)]
pub struct Chronicle {
    plan: Arc<Plan>,
    memo: Option<Arc<Memo>>,
    /// The attempt that each open firing makes.
    attempts: HashMap<FiringId, u32>,
}

impl Chronicle {
    /// Of a run of that plan, with what is known of it from before.
    pub fn new(plan: Arc<Plan>, memo: Option<Arc<Memo>>) -> Self {
        Self { plan, memo, attempts: HashMap::new() }
    }

    /// The event as it is stored; `None` when it follows from the others.
    pub fn tell(&mut self, event: &RunEvent) -> Option<StoredEvent> {
        Some(match event {
            RunEvent::Started => self.begun(),
            RunEvent::NodeReady { node } => {
                StoredEvent::NodeReady { node: self.plan.nodes[node.index()].name.to_string() }
            }
            RunEvent::NodeUnreachable { node, reason } => StoredEvent::NodeUnreachable {
                node: self.plan.nodes[node.index()].name.to_string(),
                reason: reason.clone(),
            },
            RunEvent::FiringStarted { firing, attempt } => {
                let before = self.memo.as_ref().map_or(0, |memo| memo.attempts(*firing));
                let attempt = before.saturating_add(attempt.get());
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
            RunEvent::FiringSucceeded { firing, given } => self.done(*firing, given),
            RunEvent::FiringFailed { firing, failure, .. } => StoredEvent::Failed {
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
            RunEvent::Supplied { .. }
            | RunEvent::SupplyEnded { .. }
            | RunEvent::Delivered { .. }
            | RunEvent::RetryDue { .. } => return None,
        })
    }

    /// A firing has ended that is not told.
    pub(super) fn forget(&mut self, firing: FiringId) {
        if !self.attempts.is_empty() {
            self.attempts.remove(&firing);
        }
    }

    fn begun(&self) -> StoredEvent {
        match self.memo.as_ref().filter(|memo| memo.is_resumed()) {
            Some(memo) => StoredEvent::Resumed {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                redo: memo.redo().to_vec(),
            },
            None => StoredEvent::Started,
        }
    }

    fn done(&mut self, firing: FiringId, given: &Given) -> StoredEvent {
        let attempt = self.ended(firing);
        let gave = match given {
            Given::Message(message) => Gave::Message { bytes: message.bytes().len() as u64 },
            Given::Streamed(messages) => self.streamed(firing, attempt, *messages),
        };
        StoredEvent::Done { step: self.step(firing.step), seq: firing.seq, attempt, gave }
    }

    fn streamed(&self, firing: FiringId, attempt: u32, messages: u64) -> Gave {
        // Of a live run no messages are stored.
        let storing = self.memo.as_ref().filter(|_| self.plan.mode == Mode::Batch);
        let Some(memo) = storing else { return Gave::Stream { messages, bytes: None, file: None } };
        let file = Memo::stream_name(firing, attempt);
        // A file that cannot be looked at will not be taken for this stream: the sizes differ.
        let found = std::fs::metadata(memo.streams_folder().join(&file));
        let bytes = found.map_or(u64::MAX >> 1, |found| found.len());
        Gave::Stream { messages, bytes: Some(bytes), file: Some(file) }
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

/// A failure as it is stored.
pub(super) fn stored(failure: &Failure) -> StoredFailure {
    StoredFailure { kind: failure.kind().to_owned(), text: failure.to_string() }
}
