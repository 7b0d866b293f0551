//! What is known of each step of a run, noted as events pass: [`Board`].

use std::collections::{BTreeSet, HashSet};
use std::time::SystemTime;

use aieffect_blueprint::Mode;
use aieffect_orchestrator::engine::{Origin, Recorded};
use aieffect_orchestrator::plan::{Feed, Multiplicity, NodeId, Plan, StepId};
use aieffect_orchestrator::run::{FiringId, Outcome, RunEvent};

/// How many of the nodes that are waited for are named.
const NAMED: usize = 10;

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum State {
    /// It failed.
    Failed,
    /// Its call failed, and is made again in a while.
    Retrying,
    /// It is being called.
    Running,
    /// It could be called, were there a free place.
    Queued,
    /// Its inputs, or its service, are not there yet.
    Waiting,
    /// All its calls ended well.
    Finished,
    /// Its results are taken from the store.
    Reused,
    /// A step that it takes from failed.
    Skipped,
    /// Its call was given up.
    Cancelled,
}

/// How the run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// So many nodes are waited for.
    Preparing {
        /// How many.
        waited: usize,
        /// The names of some.
        names: Vec<String>,
    },
    /// Steps are called.
    Running,
    /// A live run goes to its end.
    Closing,
    /// It was asked to stop.
    Stopping,
    /// It ended; `None` when its end was not waited for.
    Ended(Option<Outcome>),
}

/// What is known of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    /// How it ended.
    ended: Option<State>,
    /// When it was first called.
    pub(super) began: Option<SystemTime>,
    /// When its last call ended, or it did.
    pub(super) last: Option<SystemTime>,
    /// Calls that have begun and not ended.
    open: u32,
    /// Those of them that wait for their next attempt.
    backing_off: u32,
    /// Calls that failed, of a live step, which goes on.
    pub(super) failed: u64,
    /// Links that carry one message, from steps that have not finished.
    missing: u32,
    /// Whether something has come in that it has not taken.
    supplied: bool,
    /// Whether it was called since somebody last looked.
    was_called: bool,
    /// Whether all it gave so far came from the store.
    from_store: bool,
    /// Whether it gives many messages, of which a rate can be told.
    pub(super) gives_many: bool,
    feed: Feed,
}

/// What is known of each step.
#[derive(Debug)]
pub(super) struct Board {
    mode: Mode,
    notes: Vec<Note>,
    /// The steps that each one's messages go to, by links that carry one.
    leads_to: Vec<Vec<StepId>>,
    node_names: Vec<String>,
    awaited: BTreeSet<NodeId>,
    nodes: usize,
    backing_off: HashSet<FiringId>,
    phase: Phase,
    began: SystemTime,
    ended: Option<SystemTime>,
}

/// What a board says at one moment.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) notes: Vec<Note>,
    pub(super) phase: Phase,
    /// How many nodes the run has.
    pub(super) nodes: usize,
    pub(super) began: SystemTime,
    pub(super) ended: Option<SystemTime>,
}

impl Board {
    /// Before the first event.
    pub(super) fn new(plan: &Plan) -> Self {
        let carries_one = |link: &aieffect_orchestrator::plan::LinkId| {
            Some(plan.link(*link)).filter(|link| link.carries == Multiplicity::One)
        };
        let note = |(_, step): (StepId, &aieffect_orchestrator::plan::Step)| Note {
            ended: None,
            began: None,
            last: None,
            open: 0,
            backing_off: 0,
            failed: 0,
            missing: u32::try_from(step.inputs.iter().filter_map(carries_one).count()).unwrap_or(u32::MAX),
            supplied: false,
            was_called: false,
            from_store: true,
            gives_many: step.gives == Multiplicity::Many,
            feed: step.feed,
        };
        let leads_to = plan.steps().map(|(_, step)| {
            step.outputs.iter().filter_map(carries_one).map(|link| link.to).collect::<Vec<_>>()
        });
        let awaited: BTreeSet<NodeId> = plan.steps().map(|(_, step)| step.node).collect();
        Self {
            mode: plan.mode,
            notes: plan.steps().map(note).collect(),
            leads_to: leads_to.collect(),
            node_names: plan.nodes.iter().map(|node| node.name.to_string()).collect(),
            nodes: awaited.len(),
            awaited,
            backing_off: HashSet::new(),
            phase: Phase::Preparing { waited: 0, names: Vec::new() },
            began: SystemTime::now(),
            ended: None,
        }
    }

    /// Takes in an event.
    pub(super) fn note(&mut self, recorded: &Recorded) {
        let Recorded { at, event, origin, .. } = recorded;
        match event {
            RunEvent::Started => {
                self.began = *at;
                self.node_answered();
            }
            RunEvent::NodeReady { node } | RunEvent::NodeUnreachable { node, .. } => {
                self.awaited.remove(node);
                self.node_answered();
            }
            RunEvent::FiringStarted { firing, attempt } => {
                let is_again = attempt.get() > 1;
                let note = self.of(firing.step);
                note.began.get_or_insert(*at);
                note.open += u32::from(!is_again);
                note.from_store &= *origin == Origin::Stored;
                (note.supplied, note.was_called) = (false, true);
                if is_again {
                    self.calls_again(*firing);
                }
            }
            RunEvent::AttemptFailed { firing, .. } => {
                if self.backing_off.insert(*firing) {
                    self.of(firing.step).backing_off += 1;
                }
            }
            RunEvent::FiringSucceeded { firing, .. }
            | RunEvent::FiringCancelled { firing }
            | RunEvent::SourceEnded { firing } => self.call_ended(*firing, *at),
            RunEvent::FiringFailed { firing, .. } => {
                self.call_ended(*firing, *at);
                match self.mode {
                    Mode::Batch => self.step_ended(firing.step, State::Failed, *at),
                    Mode::Live => self.of(firing.step).failed += 1,
                }
            }
            RunEvent::Supplied { step } => self.of(*step).supplied = true,
            RunEvent::SupplyEnded { step } => self.of(*step).supplied = false,
            RunEvent::StepFinished { step } => self.step_finished(*step, *at),
            RunEvent::StepFailed { step, .. } => self.step_ended(*step, State::Failed, *at),
            RunEvent::StepSkipped { step, .. } => self.step_ended(*step, State::Skipped, *at),
            RunEvent::Closing { .. } => self.phase = Phase::Closing,
            RunEvent::CancelRequested => self.phase = Phase::Stopping,
            RunEvent::Finished { outcome } => {
                self.phase = Phase::Ended(Some(*outcome));
                self.ended = Some(*at);
            }
            RunEvent::Delivered { .. } | RunEvent::RetryDue { .. } => {}
        }
    }

    /// The run is not looked at any more, whether it has ended or not.
    pub(super) fn end(&mut self) {
        if self.ended.is_none() {
            self.phase = Phase::Ended(None);
            self.ended = Some(SystemTime::now());
        }
    }

    /// What it says now.
    pub(super) fn look(&mut self) -> Look {
        let notes = self.notes.clone();
        self.notes.iter_mut().for_each(|note| note.was_called = false);
        Look { notes, phase: self.phase(), nodes: self.nodes, began: self.began, ended: self.ended }
    }

    fn of(&mut self, step: StepId) -> &mut Note {
        &mut self.notes[step.index()]
    }

    fn node_answered(&mut self) {
        if self.awaited.is_empty() && matches!(self.phase, Phase::Preparing { .. }) {
            self.phase = Phase::Running;
        }
    }

    fn phase(&self) -> Phase {
        match &self.phase {
            Phase::Preparing { .. } => {
                let names = self.awaited.iter().take(NAMED).map(|node| self.node_names[node.index()].clone());
                Phase::Preparing { waited: self.awaited.len(), names: names.collect() }
            }
            phase => phase.clone(),
        }
    }

    fn calls_again(&mut self, firing: FiringId) {
        if self.backing_off.remove(&firing) {
            self.of(firing.step).backing_off -= 1;
        }
    }

    fn call_ended(&mut self, firing: FiringId, at: SystemTime) {
        self.calls_again(firing);
        let note = self.of(firing.step);
        note.open = note.open.saturating_sub(1);
        note.last = Some(at);
    }

    fn step_finished(&mut self, step: StepId, at: SystemTime) {
        let note = self.of(step);
        let is_reused = note.from_store && note.began.is_some();
        self.step_ended(step, if is_reused { State::Reused } else { State::Finished }, at);
        for next in &self.leads_to[step.index()] {
            let note = &mut self.notes[next.index()];
            note.missing = note.missing.saturating_sub(1);
        }
    }

    fn step_ended(&mut self, step: StepId, state: State, at: SystemTime) {
        let note = self.of(step);
        note.ended.get_or_insert(state);
        note.last.get_or_insert(at);
    }
}

impl Note {
    /// How the step stands in a run that stands so.
    pub(super) fn state(&self, phase: &Phase) -> State {
        if let Some(ended) = self.ended {
            return ended;
        }
        match phase {
            Phase::Ended(_) if self.began.is_some() => return State::Cancelled,
            Phase::Preparing { .. } | Phase::Ended(_) => return State::Waiting,
            Phase::Running | Phase::Closing | Phase::Stopping => {}
        }
        match self.open.saturating_sub(self.backing_off) {
            1.. => State::Running,
            0 if self.backing_off > 0 => State::Retrying,
            // Calls that are shorter than the time between two looks are seen too.
            0 if self.was_called => State::Running,
            0 if self.is_ready() => State::Queued,
            0 => State::Waiting,
        }
    }

    fn is_ready(&self) -> bool {
        let has_input = match self.feed {
            Feed::Once | Feed::Source => self.began.is_none(),
            Feed::EachMessage | Feed::OpenStream => self.supplied,
        };
        self.missing == 0 && has_input
    }
}
