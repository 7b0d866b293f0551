//! What a run knows from before: [`Memo`].
//!
//! A run that goes on is run anew; where it would call a firing whose result is stored and still holds, it takes that
//! result instead. So order, joining and queues need no code of their own. Deliberately absent: live runs, of which
//! no messages are stored.

mod copy;
mod known;
mod log;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aieffect_blueprint::{Idempotence, StepName};

use self::known::Known;
use self::log::{Log, Stage};
use crate::engine::{Keep, RunId, StepReport, StepResult};
use crate::plan::{NodeId, Plan, StepId};
use crate::ports::{RunStore, StoreError};
use crate::run::{FiringId, StepStatus};

/// Where a run is stored, and what it need not call again.
pub struct Memo {
    store: Arc<dyn RunStore>,
    run: RunId,
    streams: PathBuf,
    /// How many events are stored.
    after: u64,
    is_resumed: bool,
    redo: Vec<String>,
    results: HashMap<FiringId, Remembered>,
    attempts: HashMap<FiringId, u32>,
    /// Steps that will not be called.
    settled: HashSet<StepId>,
    settled_nodes: HashSet<NodeId>,
    interrupted: Vec<StepName>,
    undecided: Vec<StepName>,
}

/// A result that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// One message, in the event at that position.
    Message(u64),
    /// A stream, in a file.
    Stream {
        /// Where.
        path: PathBuf,
        /// Of so many messages.
        messages: u64,
    },
}

impl Memo {
    /// Of a run that begins.
    pub fn fresh(store: Arc<dyn RunStore>, run: RunId) -> Result<Self, StoreError> {
        let streams = store.streams(&run)?;
        Ok(Self {
            store,
            run,
            streams,
            after: 0,
            is_resumed: false,
            redo: Vec::new(),
            results: HashMap::new(),
            attempts: HashMap::new(),
            settled: HashSet::new(),
            settled_nodes: HashSet::new(),
            interrupted: Vec::new(),
            undecided: Vec::new(),
        })
    }

    /// Of a run that goes on. `redo` and all steps behind those are called again.
    pub fn recall(
        plan: &Plan,
        store: Arc<dyn RunStore>,
        run: RunId,
        redo: &BTreeSet<StepId>,
    ) -> Result<Self, StoreError> {
        let redo = with_all_behind(plan, redo);
        let mut memo = Self::fresh(store, run)?;
        let mut log = Log::new(plan, memo.streams.clone());
        let mut count = 0;
        memo.store.read(&memo.run, 0, &mut |position, entry| {
            log.take(position, &entry.event);
            count = position + 1;
        })?;
        memo.after = count;
        memo.is_resumed = log.has_begun;
        if log.is_cut_short() {
            return Err(StoreError::CutShort { run: memo.run });
        }
        log.redo(&redo);
        let known = Known::of(plan, &log);
        for (step, planned) in plan.steps() {
            let mut was_in_flight = false;
            let mut may_have_acted = false;
            for (seq, firing) in log.firings(step) {
                let id = FiringId { step, seq };
                memo.attempts.insert(id, firing.attempt);
                match &firing.stage {
                    Stage::Done { result, .. } if known.holds(id) => {
                        memo.results.insert(id, result.clone());
                    }
                    Stage::Done { .. } => may_have_acted = true,
                    Stage::Open => (was_in_flight, may_have_acted) = (true, true),
                    Stage::Failed | Stage::Redone => {}
                }
            }
            if known.is_complete(step) {
                memo.settled.insert(step);
            }
            if was_in_flight && !redo.contains(&step) {
                memo.interrupted.push(planned.name.clone());
            }
            let asks_first = planned.policy.idempotence == Idempotence::NotIdempotent;
            if may_have_acted && asks_first && !redo.contains(&step) {
                memo.undecided.push(planned.name.clone());
            }
        }
        let open: HashSet<NodeId> = plan
            .steps()
            .filter(|(step, _)| !memo.settled.contains(step))
            .map(|(_, step)| step.node)
            .collect();
        memo.settled_nodes =
            plan.steps().map(|(_, step)| step.node).filter(|node| !open.contains(node)).collect();
        memo.redo = redo.iter().map(|step| plan.step(*step).name.to_string()).collect();
        Ok(memo)
    }

    /// Steps whose call was open when the run ended, and that are called again.
    pub fn interrupted(&self) -> &[StepName] {
        &self.interrupted
    }

    /// Steps that must not be called twice, and that may have done their work already: whether they are called is
    /// somebody's to decide.
    pub fn undecided(&self) -> &[StepName] {
        &self.undecided
    }

    /// Whether a step is over, so that it will not be called.
    pub fn is_settled(&self, step: StepId) -> bool {
        self.settled.contains(&step)
    }

    /// Whether a node will not be called.
    pub fn is_node_settled(&self, node: NodeId) -> bool {
        self.settled_nodes.contains(&node)
    }

    /// What is stored of the steps' results and still holds, in plan order, as a run that has ended reports them.
    pub fn reports(&self, plan: &Plan) -> Result<Vec<StepReport>, StoreError> {
        let mut kept: Vec<_> =
            self.results.iter().map(|(firing, remembered)| (*firing, remembered)).collect();
        kept.sort_unstable_by_key(|(firing, _)| *firing);
        let mut kept = kept.into_iter().peekable();
        let steps = plan.steps().map(|(step, _)| {
            let of_step = std::iter::from_fn(|| kept.next_if(|(firing, _)| firing.step == step));
            self.report(step, of_step.map(|(_, remembered)| remembered))
        });
        steps.collect()
    }

    fn report<'a>(
        &self,
        step: StepId,
        kept: impl Iterator<Item = &'a Remembered>,
    ) -> Result<StepReport, StoreError> {
        let not_read = |error: std::io::Error| StoreError::not_read(&self.streams, &error);
        let mut result = StepResult::default();
        for remembered in kept {
            match remembered {
                Remembered::Message(position) => {
                    let message = self.store.message(&self.run, *position)?;
                    result.add(&message, Keep::All).map_err(not_read)?;
                }
                Remembered::Stream { path, messages } => {
                    let stream =
                        StepResult::of_stored(path.clone(), *messages, Keep::All).map_err(not_read)?;
                    result.absorb(stream, Keep::All);
                }
            }
        }
        let status = if self.is_settled(step) { StepStatus::Finished } else { StepStatus::Open };
        Ok(StepReport { step, status, result, failed: 0 })
    }

    /// The stored result that a firing has in place of a call.
    pub(crate) fn result(&self, firing: FiringId) -> Option<&Remembered> {
        self.results.get(&firing)
    }

    /// How many attempts of a firing there were before.
    pub(crate) fn attempts(&self, firing: FiringId) -> u32 {
        self.attempts.get(&firing).copied().unwrap_or_default()
    }

    /// The name of the file that takes the stream of an attempt.
    pub(crate) fn stream_name(firing: FiringId, attempt: u32) -> String {
        format!("{}-{}-{attempt}", firing.step, firing.seq)
    }

    /// The folder of the streams that are stored.
    pub fn streams_folder(&self) -> &Path {
        &self.streams
    }

    pub(crate) fn store(&self) -> &Arc<dyn RunStore> {
        &self.store
    }

    pub(crate) fn run(&self) -> &RunId {
        &self.run
    }

    pub(crate) fn after(&self) -> u64 {
        self.after
    }

    pub(crate) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    pub(crate) fn redo(&self) -> &[String] {
        &self.redo
    }
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memo({}, {} results)", self.run, self.results.len())
    }
}

/// The steps, and all that take from them, directly or not.
pub fn with_all_behind(plan: &Plan, steps: &BTreeSet<StepId>) -> BTreeSet<StepId> {
    let mut reached = steps.clone();
    let mut open: Vec<StepId> = steps.iter().copied().collect();
    while let Some(step) = open.pop() {
        for link in &plan.step(step).outputs {
            let to = plan.link(*link).to;
            if reached.insert(to) {
                open.push(to);
            }
        }
    }
    reached
}
