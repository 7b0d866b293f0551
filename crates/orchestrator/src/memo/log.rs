//! What the stored events say of each firing.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use super::Remembered;
use crate::plan::{Plan, StepId};
use crate::store::{Gave, StoredEvent};

/// The firings that were stored.
pub(super) struct Log {
    names: HashMap<String, StepId>,
    steps: Vec<BTreeMap<u64, Logged>>,
    streams: PathBuf,
    /// Whether any process has begun with the run; a run may hold results of another before that.
    pub(super) has_begun: bool,
    /// Whether those are all there.
    has_continued: bool,
}

/// One firing.
pub(super) struct Logged {
    /// Its last attempt.
    pub(super) attempt: u32,
    /// Where in the events that began.
    pub(super) fired: u64,
    pub(super) stage: Stage,
}

/// How far a firing came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its call was open at the last event, or was given up.
    Open,
    /// It failed.
    Failed,
    /// It ended well.
    Done {
        /// Where in the events.
        position: u64,
        result: Remembered,
        messages: u64,
    },
    /// It is to be called again, on request.
    Redone,
}

impl Log {
    pub(super) fn new(plan: &Plan, streams: PathBuf) -> Self {
        Self {
            names: plan.steps().map(|(id, step)| (step.name.to_string(), id)).collect(),
            steps: plan.steps.iter().map(|_| BTreeMap::new()).collect(),
            streams,
            has_begun: false,
            has_continued: false,
        }
    }

    /// Whether results of another run were being taken over when the process died.
    pub(super) fn is_cut_short(&self) -> bool {
        !self.has_begun && !self.has_continued && self.steps.iter().any(|firings| !firings.is_empty())
    }

    pub(super) fn firings(&self, step: StepId) -> impl Iterator<Item = (u64, &Logged)> {
        self.steps[step.index()].iter().map(|(seq, logged)| (*seq, logged))
    }

    /// Folds in what happened next.
    pub(super) fn take(&mut self, position: u64, event: &StoredEvent) {
        match event {
            StoredEvent::Started => self.has_begun = true,
            StoredEvent::Continued { .. } => self.has_continued = true,
            StoredEvent::Resumed { redo, .. } => {
                self.has_begun = true;
                let steps = redo.iter().filter_map(|name| self.names.get(name).copied()).collect();
                self.redo(&steps);
            }
            StoredEvent::Fired { step, seq, attempt } => {
                let logged = Logged { attempt: *attempt, fired: position, stage: Stage::Open };
                self.of(step).map(|firings| firings.insert(*seq, logged));
            }
            StoredEvent::AttemptFailed { step, seq, .. } | StoredEvent::Failed { step, seq, .. } => {
                self.set(step, *seq, Stage::Failed);
            }
            StoredEvent::Done { step, seq, attempt, gave } => self.done(position, step, *seq, *attempt, gave),
            _ => {}
        }
    }

    /// Voids the results of steps.
    pub(super) fn redo(&mut self, steps: &BTreeSet<StepId>) {
        for step in steps {
            for logged in self.steps[step.index()].values_mut() {
                logged.stage = Stage::Redone;
            }
        }
    }

    fn done(&mut self, position: u64, step: &str, seq: u64, attempt: u32, gave: &Gave) {
        let (result, messages) = match gave {
            Gave::Message { .. } => (Remembered::Message(position), 1),
            Gave::Stream { messages, bytes, file } => {
                let (Some(bytes), Some(file)) = (bytes, file) else { return };
                let path = self.streams.join(file);
                let is_there = std::fs::metadata(&path).is_ok_and(|found| found.len() == *bytes);
                if !is_there {
                    return;
                }
                (Remembered::Stream { path, messages: *messages }, *messages)
            }
        };
        let Some(firings) = self.of(step) else { return };
        // What was taken over from another run was never fired in this one.
        let logged = firings.entry(seq).or_insert(Logged { attempt, fired: position, stage: Stage::Open });
        logged.stage = Stage::Done { position, result, messages };
    }

    fn set(&mut self, step: &str, seq: u64, stage: Stage) {
        if let Some(logged) = self.of(step).and_then(|firings| firings.get_mut(&seq)) {
            logged.stage = stage;
        }
    }

    fn of(&mut self, step: &str) -> Option<&mut BTreeMap<u64, Logged>> {
        let id = self.names.get(step)?;
        self.steps.get_mut(id.index())
    }
}
