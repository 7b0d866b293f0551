//! What a run has come to: folded from its events, never changed otherwise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroU32;

use super::event::{Outcome, RunEvent};
use super::failure::Failure;
use super::firing::{FiringId, Flight, FlightPhase};
use crate::payload::Payload;
use crate::plan::{Gather, LinkId, Multiplicity, NodeId, Plan, StepId};

/// What has become of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// It has not ended: it waits for inputs, or is being called.
    Open,
    /// All its firings ended well.
    Finished,
    /// A firing failed, or its inputs did not fit together.
    Failed,
    /// A step that it takes from failed.
    Skipped {
        /// The step that failed.
        because: StepId,
    },
}

/// The failure that made the run fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstFailure {
    /// The step.
    pub step: StepId,
    /// The firing, where it was one that failed.
    pub firing: Option<FiringId>,
    /// Why.
    pub failure: Failure,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing happened yet.
    New,
    /// Its nodes are waited for.
    Preparing,
    /// Steps fire.
    Running,
    /// It was asked to stop.
    Cancelling,
    /// It ended.
    Finished(Outcome),
}

/// The state of a run, equal wherever the same events were applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    pub(crate) phase: Phase,
    /// Nodes that are still waited for.
    pub(crate) awaited: BTreeSet<NodeId>,
    /// Nodes that did not answer.
    pub(crate) unreachable: BTreeMap<NodeId, String>,
    /// Steps that could fire at once, were there a free slot.
    pub(crate) ready: BTreeSet<StepId>,
    /// Firings whose next attempt could begin at once, were there a free slot.
    pub(crate) due: BTreeSet<FiringId>,
    /// Firings that have begun and not ended.
    pub(crate) flights: BTreeMap<FiringId, Flight>,
    /// How many of them have an open call.
    pub(crate) calling: usize,
    /// How many steps have not ended.
    pub(crate) open_steps: usize,
    first_failure: Option<FirstFailure>,
    steps: Vec<StepState>,
    /// Per link, the messages that its step has not taken.
    queues: Vec<VecDeque<Payload>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct StepState {
    status: StepStatus,
    /// Incoming links that have no message at hand.
    missing: usize,
    /// The number of its next firing.
    next_firing: u64,
    /// Firings that have begun and not ended.
    in_flight: u32,
    /// The firing whose outputs go out next.
    next_output: u64,
    /// Outputs of firings that ended before an earlier one.
    held: BTreeMap<u64, Vec<Payload>>,
}

/// What a step's incoming links still hold for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Supply {
    /// There may be another firing.
    Open,
    /// There will be none.
    Exhausted,
    /// One link ended while another still has messages.
    Uneven,
}

impl RunState {
    /// The state of a run of that plan before its first event.
    pub fn new(plan: &Plan) -> Self {
        let steps: Vec<StepState> = plan
            .steps
            .iter()
            .map(|step| StepState {
                status: StepStatus::Open,
                missing: step.inputs.len(),
                next_firing: 0,
                in_flight: 0,
                next_output: 0,
                held: BTreeMap::new(),
            })
            .collect();
        Self {
            phase: Phase::New,
            awaited: plan.steps.iter().map(|step| step.node).collect(),
            unreachable: BTreeMap::new(),
            ready: plan.steps().filter(|(_, step)| step.inputs.is_empty()).map(|(id, _)| id).collect(),
            due: BTreeSet::new(),
            flights: BTreeMap::new(),
            calling: 0,
            open_steps: steps.len(),
            first_failure: None,
            steps,
            queues: vec![VecDeque::new(); plan.links.len()],
        }
    }

    /// How the run ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Finished(outcome) => Some(outcome),
            Phase::New | Phase::Preparing | Phase::Running | Phase::Cancelling => None,
        }
    }

    /// What has become of a step.
    pub fn status(&self, step: StepId) -> StepStatus {
        self.steps[step.index()].status
    }

    /// The failure that made the run fail.
    pub fn first_failure(&self) -> Option<&FirstFailure> {
        self.first_failure.as_ref()
    }

    /// Nodes that are still waited for.
    pub fn awaited(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.awaited.iter().copied()
    }

    /// Nodes that did not answer, and why.
    pub fn unreachable(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.unreachable.iter().map(|(node, reason)| (*node, reason.as_str()))
    }

    /// The messages that a firing's request is made of: one per incoming link of its step, in order. `None`
    /// once it has ended.
    pub fn inputs(&self, firing: FiringId) -> Option<&[Payload]> {
        self.flights.get(&firing).map(|flight| flight.inputs.as_slice())
    }

    /// Folds in what happened. Equal states stay equal under equal events.
    pub fn apply(&mut self, plan: &Plan, event: &RunEvent) {
        match event {
            RunEvent::Started if self.awaited.is_empty() => self.phase = Phase::Running,
            RunEvent::Started => self.phase = Phase::Preparing,
            RunEvent::NodeReady { node } => {
                self.awaited.remove(node);
                if self.awaited.is_empty() && self.unreachable.is_empty() {
                    self.phase = Phase::Running;
                }
            }
            RunEvent::NodeUnreachable { node, reason } => {
                self.awaited.remove(node);
                self.unreachable.insert(*node, reason.clone());
            }
            RunEvent::FiringStarted { firing, attempt } => self.begin(plan, *firing, *attempt),
            RunEvent::AttemptFailed { firing, .. } => {
                if let Some(flight) = self.flights.get_mut(firing) {
                    flight.phase = FlightPhase::BackingOff;
                    self.calling -= 1;
                }
            }
            RunEvent::RetryDue { firing } => {
                self.due.insert(*firing);
            }
            RunEvent::FiringSucceeded { firing, outputs } => {
                self.end(*firing);
                self.hand_on(plan, *firing, outputs);
                self.refresh(plan, firing.step);
            }
            RunEvent::FiringFailed { firing, failure } => {
                self.end(*firing);
                self.fail(plan, firing.step, Some(*firing), failure);
            }
            RunEvent::FiringCancelled { firing } => self.end(*firing),
            RunEvent::StepFinished { step } => self.close(plan, *step, StepStatus::Finished),
            RunEvent::StepFailed { step, failure } => self.fail(plan, *step, None, failure),
            RunEvent::StepSkipped { step, because } => {
                self.close(plan, *step, StepStatus::Skipped { because: *because });
            }
            RunEvent::CancelRequested => self.phase = Phase::Cancelling,
            RunEvent::Finished { outcome } => self.phase = Phase::Finished(*outcome),
        }
    }

    /// The firing that a ready step makes next.
    pub(crate) fn next_firing(&self, step: StepId) -> FiringId {
        FiringId { step, seq: self.steps[step.index()].next_firing }
    }

    /// Whether firings of the step have begun and not ended.
    pub(crate) fn is_in_flight(&self, step: StepId) -> bool {
        self.steps[step.index()].in_flight > 0
    }

    /// The firings of one step that have begun and not ended.
    pub(crate) fn flights_of(&self, step: StepId) -> impl Iterator<Item = (FiringId, &Flight)> {
        let all = FiringId { step, seq: 0 }..=FiringId { step, seq: u64::MAX };
        self.flights.range(all).map(|(id, flight)| (*id, flight))
    }

    /// Whether the step's incoming links can still make it fire.
    pub(crate) fn supply(&self, plan: &Plan, step: StepId) -> Supply {
        let inputs = &plan.step(step).inputs;
        let drained = |link: &LinkId| {
            self.queues[link.index()].is_empty() && self.status(plan.link(*link).from) != StepStatus::Open
        };
        match plan.step(step).gather {
            Gather::Merge if inputs.iter().all(drained) => Supply::Exhausted,
            Gather::Merge => Supply::Open,
            Gather::Join if fires(plan, step) == Multiplicity::One => {
                let fired = self.steps[step.index()].next_firing > 0;
                if fired || inputs.iter().any(drained) { Supply::Exhausted } else { Supply::Open }
            }
            Gather::Join => self.supply_of_zip(plan, inputs, drained),
        }
    }

    fn supply_of_zip(&self, plan: &Plan, inputs: &[LinkId], drained: impl Fn(&LinkId) -> bool) -> Supply {
        let (many, one): (Vec<&LinkId>, Vec<&LinkId>) =
            inputs.iter().partition(|link| plan.link(**link).carries == Multiplicity::Many);
        if one.iter().any(|link| drained(link)) || many.iter().all(|link| drained(link)) {
            return Supply::Exhausted;
        }
        let one_ended = many.iter().any(|link| drained(link));
        let one_goes_on = many.iter().any(|link| !self.queues[link.index()].is_empty());
        if one_ended && one_goes_on { Supply::Uneven } else { Supply::Open }
    }

    fn begin(&mut self, plan: &Plan, firing: FiringId, attempt: NonZeroU32) {
        self.calling += 1;
        if let Some(flight) = self.flights.get_mut(&firing) {
            flight.attempt = attempt;
            flight.phase = FlightPhase::Calling;
            self.due.remove(&firing);
            return;
        }
        let inputs = self.take_inputs(plan, firing.step);
        self.flights.insert(firing, Flight { attempt, inputs, phase: FlightPhase::Calling });
        let state = &mut self.steps[firing.step.index()];
        state.next_firing += 1;
        state.in_flight += 1;
        self.refresh(plan, firing.step);
    }

    /// Takes one message of each *many* link, and the kept message of each *one* link.
    fn take_inputs(&mut self, plan: &Plan, step: StepId) -> Vec<Payload> {
        let inputs = &plan.step(step).inputs;
        let keeps = fires(plan, step) == Multiplicity::Many;
        match plan.step(step).gather {
            Gather::Join => inputs
                .iter()
                .filter_map(|link| match plan.link(*link).carries {
                    Multiplicity::One if keeps => self.queues[link.index()].front().cloned(),
                    Multiplicity::One | Multiplicity::Many => self.take(*link, step),
                })
                .collect(),
            Gather::Merge => {
                let waiting = inputs.iter().find(|link| !self.queues[link.index()].is_empty());
                waiting.and_then(|link| self.take(*link, step)).into_iter().collect()
            }
        }
    }

    fn take(&mut self, link: LinkId, step: StepId) -> Option<Payload> {
        let queue = &mut self.queues[link.index()];
        let message = queue.pop_front();
        if queue.is_empty() {
            self.steps[step.index()].missing += 1;
        }
        message
    }

    fn end(&mut self, firing: FiringId) {
        let Some(flight) = self.flights.remove(&firing) else { return };
        match flight.phase {
            FlightPhase::Calling => self.calling -= 1,
            FlightPhase::BackingOff => {
                self.due.remove(&firing);
            }
        }
        self.steps[firing.step.index()].in_flight -= 1;
    }

    /// Outputs leave in the order of their firings, whatever the order in which these ended.
    fn hand_on(&mut self, plan: &Plan, firing: FiringId, outputs: &[Payload]) {
        if self.status(firing.step) != StepStatus::Open {
            return;
        }
        let state = &mut self.steps[firing.step.index()];
        state.held.insert(firing.seq, outputs.to_vec());
        let mut leaving = Vec::new();
        while let Some(next) = state.held.remove(&state.next_output) {
            leaving.extend(next);
            state.next_output += 1;
        }
        for link in &plan.step(firing.step).outputs {
            self.offer(plan, *link, &leaving);
        }
    }

    fn offer(&mut self, plan: &Plan, link: LinkId, messages: &[Payload]) {
        let to = plan.link(link).to;
        if messages.is_empty() || self.status(to) != StepStatus::Open {
            return;
        }
        let queue = &mut self.queues[link.index()];
        if queue.is_empty() {
            self.steps[to.index()].missing -= 1;
        }
        queue.extend(messages.iter().cloned());
        self.refresh(plan, to);
    }

    /// Puts the step among the ready ones, or takes it out.
    fn refresh(&mut self, plan: &Plan, id: StepId) {
        let step = plan.step(id);
        let state = &self.steps[id.index()];
        let supplied = match step.gather {
            Gather::Join => {
                state.missing == 0 && (fires(plan, id) == Multiplicity::Many || state.next_firing == 0)
            }
            Gather::Merge => state.missing < step.inputs.len(),
        };
        if state.status == StepStatus::Open && supplied && state.in_flight < step.parallel.get() {
            self.ready.insert(id);
        } else {
            self.ready.remove(&id);
        }
    }

    fn fail(&mut self, plan: &Plan, step: StepId, firing: Option<FiringId>, failure: &Failure) {
        if self.first_failure.is_none() {
            self.first_failure = Some(FirstFailure { step, firing, failure: failure.clone() });
        }
        self.close(plan, step, StepStatus::Failed);
    }

    /// Ends a step, and drops what it holds.
    fn close(&mut self, plan: &Plan, step: StepId, status: StepStatus) {
        let state = &mut self.steps[step.index()];
        if state.status != StepStatus::Open {
            return;
        }
        state.status = status;
        state.held.clear();
        self.open_steps -= 1;
        self.ready.remove(&step);
        for link in &plan.step(step).inputs {
            self.queues[link.index()] = VecDeque::new();
        }
    }
}

/// How often a step fires: whatever fires once per message of a *many* link fires many times.
fn fires(plan: &Plan, step: StepId) -> Multiplicity {
    let step = plan.step(step);
    let many = match step.gather {
        Gather::Join => step.inputs.iter().any(|link| plan.link(*link).carries == Multiplicity::Many),
        Gather::Merge => true,
    };
    if many { Multiplicity::Many } else { Multiplicity::One }
}
