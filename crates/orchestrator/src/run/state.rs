//! What a run has come to: folded from its events, never changed otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use aieffect_blueprint::{AtEnd, Mode};

use super::event::{Given, Outcome, RunEvent};
use super::failure::Failure;
use super::firing::{FiringId, Flight, FlightPhase};
use super::turns::Turns;
use crate::payload::Payload;
use crate::plan::{Feed, LinkId, Multiplicity, NodeId, Plan, StepId};

/// What has become of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// It has not ended: it waits for inputs, or is being called.
    Open,
    /// All its firings ended well.
    Finished,
    /// A firing failed, or its inputs did not fit together; in a live run, too many firings in a row failed.
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
    /// A live run works off what waits; its sources have ended.
    Closing,
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
    pub(crate) ready: Turns<StepId>,
    /// Firings whose next attempt could begin at once, were there a free slot.
    pub(crate) due: Turns<FiringId>,
    /// Firings that have begun and not ended.
    pub(crate) flights: BTreeMap<FiringId, Flight>,
    /// How many of them have an open call that counts against the plan's limit.
    pub(crate) calling: usize,
    /// How many steps have not ended.
    pub(crate) open_steps: usize,
    first_failure: Option<FirstFailure>,
    steps: Vec<StepState>,
    /// Per link that carries one message, that message.
    kept: Vec<Option<Payload>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct StepState {
    status: StepStatus,
    /// Incoming links that carry one message and have not.
    missing: usize,
    supply: Supply,
    /// The number of its next firing.
    next_firing: u64,
    /// Firings that have begun and not ended.
    in_flight: u32,
    /// Firings that have ended, and whose outputs the queues have not all taken.
    undelivered: u32,
    /// Firings that failed since the last one that did not.
    failed_in_row: u32,
    /// Firings that failed.
    failed: u64,
    /// Messages given.
    given: u64,
    /// Messages that the firing gave that ended last.
    given_last: u64,
    /// A live source that has no more data.
    source_ended: bool,
}

/// What has come in by links that carry many messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Supply {
    /// Nothing that was not taken.
    Waiting,
    /// What the next firing is made of.
    AtHand,
    /// Nothing, and nothing more will.
    Ended,
}

impl RunState {
    /// The state of a run of that plan before its first event.
    pub fn new(plan: &Plan) -> Self {
        let carries_one = |link: &&LinkId| plan.link(**link).carries == Multiplicity::One;
        let steps: Vec<StepState> = plan
            .steps
            .iter()
            .map(|step| StepState {
                status: StepStatus::Open,
                missing: step.inputs.iter().filter(carries_one).count(),
                supply: Supply::Waiting,
                next_firing: 0,
                in_flight: 0,
                undelivered: 0,
                failed_in_row: 0,
                failed: 0,
                given: 0,
                given_last: 0,
                source_ended: false,
            })
            .collect();
        let mut state = Self {
            phase: Phase::New,
            awaited: plan.steps.iter().map(|step| step.node).collect(),
            unreachable: BTreeMap::new(),
            ready: Turns::default(),
            due: Turns::default(),
            flights: BTreeMap::new(),
            calling: 0,
            open_steps: steps.len(),
            first_failure: None,
            steps,
            kept: vec![None; plan.links.len()],
        };
        plan.steps().for_each(|(id, _)| state.refresh(plan, id));
        state
    }

    /// How the run ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        match self.phase {
            Phase::Finished(outcome) => Some(outcome),
            Phase::New | Phase::Preparing | Phase::Running | Phase::Closing | Phase::Cancelling => None,
        }
    }

    /// What has become of a step.
    pub fn status(&self, step: StepId) -> StepStatus {
        self.steps[step.index()].status
    }

    /// How many firings of a step failed; in a live run the step goes on.
    pub fn failed_firings(&self, step: StepId) -> u64 {
        self.steps[step.index()].failed
    }

    /// How many messages a step gave.
    pub fn given(&self, step: StepId) -> u64 {
        self.steps[step.index()].given
    }

    /// How many messages the firing of a step gave that ended last.
    pub fn given_last(&self, step: StepId) -> u64 {
        self.steps[step.index()].given_last
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

    /// The message of a link that carries one, once it has come and until its step has ended.
    pub fn kept(&self, link: LinkId) -> Option<&Payload> {
        self.kept[link.index()].as_ref()
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
            RunEvent::Supplied { step } => self.supply(plan, *step, Supply::AtHand),
            RunEvent::SupplyEnded { step } => self.supply(plan, *step, Supply::Ended),
            RunEvent::FiringStarted { firing, attempt } => self.begin(plan, *firing, *attempt),
            RunEvent::AttemptFailed { firing, .. } => self.wait_to_retry(plan, *firing),
            RunEvent::RetryDue { firing } => self.due.insert(is_limited(plan, firing.step), *firing),
            RunEvent::FiringSucceeded { firing, given } => self.succeed(plan, *firing, given),
            RunEvent::Delivered { firing } => {
                self.steps[firing.step.index()].undelivered -= 1;
                self.refresh(plan, firing.step);
            }
            RunEvent::SourceEnded { firing } => {
                self.end(plan, *firing);
                self.steps[firing.step.index()].source_ended = true;
                self.refresh(plan, firing.step);
            }
            RunEvent::FiringFailed { firing, failure, given } => {
                self.firing_failed(plan, *firing, failure, *given);
            }
            RunEvent::FiringCancelled { firing } => {
                self.end(plan, *firing);
                self.refresh(plan, firing.step);
            }
            RunEvent::StepFinished { step } => self.close(*step, StepStatus::Finished, plan),
            RunEvent::StepFailed { step, failure } => self.fail(plan, *step, None, failure),
            RunEvent::StepSkipped { step, because } => {
                self.close(*step, StepStatus::Skipped { because: *because }, plan);
            }
            RunEvent::Closing { .. } => {
                self.phase = Phase::Closing;
                sources(plan).for_each(|step| self.refresh(plan, step));
            }
            RunEvent::CancelRequested => self.phase = Phase::Cancelling,
            RunEvent::Finished { outcome } => self.phase = Phase::Finished(*outcome),
        }
    }

    /// The firing that a ready step makes next.
    pub(crate) fn next_firing(&self, step: StepId) -> FiringId {
        FiringId { step, seq: self.steps[step.index()].next_firing }
    }

    /// The firings of one step that have begun and not ended.
    pub(crate) fn flights_of(&self, step: StepId) -> impl Iterator<Item = (FiringId, &Flight)> {
        let all = FiringId { step, seq: 0 }..=FiringId { step, seq: u64::MAX };
        self.flights.range(all).map(|(id, flight)| (*id, flight))
    }

    /// Whether nothing more can come of a step.
    pub(crate) fn is_done(&self, plan: &Plan, id: StepId) -> bool {
        let (step, state) = (plan.step(id), &self.steps[id.index()]);
        if state.in_flight > 0 || state.undelivered > 0 {
            return false;
        }
        let never_comes = |link: &LinkId| {
            let planned = plan.link(*link);
            planned.carries == Multiplicity::One
                && self.kept[link.index()].is_none()
                && self.status(planned.from) != StepStatus::Open
        };
        if step.inputs.iter().any(never_comes) {
            return true;
        }
        match step.feed {
            Feed::Once => state.next_firing > 0,
            Feed::OpenStream if plan.mode == Mode::Batch && state.next_firing > 0 => true,
            Feed::EachMessage | Feed::OpenStream => state.supply == Supply::Ended,
            Feed::Source => self.has_ended(plan, id),
        }
    }

    /// Whether the next failure of a live step is one too many.
    pub(crate) fn fails_too_often(&self, step: StepId) -> bool {
        const IN_A_ROW: u32 = 5;
        self.steps[step.index()].failed_in_row >= IN_A_ROW
    }

    /// Whether something has come in for a step that it has not taken, or is being handed on.
    pub(crate) fn has_work(&self) -> bool {
        let works = |step: &StepState| step.supply == Supply::AtHand || step.undelivered > 0;
        !self.flights.is_empty()
            || self.steps.iter().any(|step| step.status == StepStatus::Open && works(step))
    }

    /// Whether a live run would go on by nothing but what comes from open streams: its sources have ended, nothing
    /// has come in that was not taken, and no call is open that answers once.
    pub(crate) fn is_at_rest(&self, plan: &Plan) -> bool {
        let has_source = sources(plan).any(|source| self.status(source) == StepStatus::Open);
        let streams = |firing: &FiringId| {
            let step = plan.step(firing.step);
            step.takes_stream() || step.gives_stream()
        };
        let calls = |flight: &Flight| flight.phase == FlightPhase::Calling;
        let holds = |step: &StepState| step.supply == Supply::AtHand || step.undelivered > 0;
        !has_source
            && self.flights.iter().all(|(firing, flight)| streams(firing) && calls(flight))
            && !self.steps.iter().any(holds)
    }

    /// Whether no call is open. What calls gave that is on its way is remembered with them.
    pub(crate) fn is_between_calls(&self) -> bool {
        self.flights.values().all(|flight| flight.phase == FlightPhase::BackingOff)
    }

    /// Whether a call is open that takes or gives a stream.
    pub(crate) fn has_open_stream(&self, plan: &Plan) -> bool {
        self.flights.iter().any(|(firing, flight)| {
            let step = plan.step(firing.step);
            flight.phase == FlightPhase::Calling && (step.takes_stream() || step.gives_stream())
        })
    }

    /// Whether a live run is under way.
    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Whether a live run works off what waits.
    pub(crate) fn is_closing(&self) -> bool {
        self.phase == Phase::Closing
    }

    /// Whether another call of a live source gives no more than is asked for. A stream is open once at a time.
    fn may_give_more(&self, plan: &Plan, id: StepId) -> bool {
        let state = &self.steps[id.index()];
        if plan.step(id).gives_stream() {
            return state.in_flight == 0;
        }
        plan.iterations.is_none_or(|limit| state.given + u64::from(state.in_flight) < limit.get())
    }

    fn has_ended(&self, plan: &Plan, id: StepId) -> bool {
        let (step, state) = (plan.step(id), &self.steps[id.index()]);
        let enough = plan.iterations.is_some_and(|limit| state.given >= limit.get());
        let has_given = step.gives_stream() && state.next_firing > 0 && state.failed_in_row == 0;
        let is_over = has_given && step.at_end == AtEnd::Stop;
        state.source_ended || enough || is_over || self.phase == Phase::Closing
    }

    fn supply(&mut self, plan: &Plan, step: StepId, supply: Supply) {
        self.steps[step.index()].supply = supply;
        self.refresh(plan, step);
    }

    fn begin(&mut self, plan: &Plan, firing: FiringId, attempt: NonZeroU32) {
        let limited = is_limited(plan, firing.step);
        self.calling += usize::from(limited);
        if let Some(flight) = self.flights.get_mut(&firing) {
            flight.attempt = attempt;
            flight.phase = FlightPhase::Calling;
            self.due.remove(&firing);
            return;
        }
        self.flights.insert(firing, Flight { attempt, phase: FlightPhase::Calling });
        let state = &mut self.steps[firing.step.index()];
        if state.supply == Supply::AtHand {
            state.supply = Supply::Waiting;
        }
        state.next_firing += 1;
        state.in_flight += 1;
        self.refresh(plan, firing.step);
    }

    fn wait_to_retry(&mut self, plan: &Plan, firing: FiringId) {
        if let Some(flight) = self.flights.get_mut(&firing) {
            flight.phase = FlightPhase::BackingOff;
            self.calling -= usize::from(is_limited(plan, firing.step));
        }
    }

    fn end(&mut self, plan: &Plan, firing: FiringId) {
        let Some(flight) = self.flights.remove(&firing) else { return };
        match flight.phase {
            FlightPhase::Calling => self.calling -= usize::from(is_limited(plan, firing.step)),
            FlightPhase::BackingOff => self.due.remove(&firing),
        }
        self.steps[firing.step.index()].in_flight -= 1;
    }

    fn succeed(&mut self, plan: &Plan, firing: FiringId, given: &Given) {
        self.end(plan, firing);
        let step = plan.step(firing.step);
        let state = &mut self.steps[firing.step.index()];
        state.failed_in_row = 0;
        state.given_last = match given {
            Given::Message(_) => 1,
            Given::Streamed(messages) => *messages,
        };
        state.given += state.given_last;
        if state.status == StepStatus::Open
            && let Given::Message(message) = given
        {
            match step.gives {
                Multiplicity::Many => state.undelivered += 1,
                Multiplicity::One => step.outputs.iter().for_each(|link| self.keep(plan, *link, message)),
            }
        }
        self.refresh(plan, firing.step);
    }

    fn keep(&mut self, plan: &Plan, link: LinkId, message: &Payload) {
        let to = plan.link(link).to;
        if self.status(to) != StepStatus::Open {
            return;
        }
        if self.kept[link.index()].replace(message.clone()).is_none() {
            self.steps[to.index()].missing -= 1;
        }
        self.refresh(plan, to);
    }

    fn firing_failed(&mut self, plan: &Plan, firing: FiringId, failure: &Failure, given: u64) {
        self.end(plan, firing);
        let state = &mut self.steps[firing.step.index()];
        state.failed += 1;
        state.failed_in_row += 1;
        state.given += given;
        state.given_last = given;
        match plan.mode {
            Mode::Batch => self.fail(plan, firing.step, Some(firing), failure),
            Mode::Live => self.refresh(plan, firing.step),
        }
    }

    /// Puts the step among the ready ones, or takes it out.
    fn refresh(&mut self, plan: &Plan, id: StepId) {
        let (step, state) = (plan.step(id), &self.steps[id.index()]);
        let at_hand = state.supply == Supply::AtHand;
        let supplied = match step.feed {
            Feed::Once => state.next_firing == 0,
            Feed::EachMessage => at_hand,
            Feed::OpenStream => at_hand && (plan.mode == Mode::Live || state.next_firing == 0),
            Feed::Source => !self.has_ended(plan, id) && self.may_give_more(plan, id),
        };
        let has_room = state.in_flight.saturating_add(state.undelivered) < step.parallel.get();
        if state.status == StepStatus::Open && state.missing == 0 && supplied && has_room {
            self.ready.insert(is_limited(plan, id), id);
        } else {
            self.ready.remove(&id);
        }
    }

    fn fail(&mut self, plan: &Plan, step: StepId, firing: Option<FiringId>, failure: &Failure) {
        if self.first_failure.is_none() {
            self.first_failure = Some(FirstFailure { step, firing, failure: failure.clone() });
        }
        self.close(step, StepStatus::Failed, plan);
    }

    /// Ends a step, and drops what it holds.
    fn close(&mut self, step: StepId, status: StepStatus, plan: &Plan) {
        let state = &mut self.steps[step.index()];
        if state.status != StepStatus::Open {
            return;
        }
        state.status = status;
        self.open_steps -= 1;
        self.ready.remove(&step);
        for link in &plan.step(step).inputs {
            self.kept[link.index()] = None;
        }
    }
}

/// Whether the step's calls count against the plan's limit: unary ones do, in batch.
fn is_limited(plan: &Plan, step: StepId) -> bool {
    let step = plan.step(step);
    plan.mode == Mode::Batch && !step.takes_stream() && !step.gives_stream()
}

/// The steps that begin by themselves.
pub(crate) fn sources(plan: &Plan) -> impl Iterator<Item = StepId> + '_ {
    plan.steps().filter(|(_, step)| step.feed == Feed::Source).map(|(id, _)| id)
}
