//! What happens next.

use std::num::NonZeroU32;

use super::event::{Outcome, RunEvent};
use super::failure::Failure;
use super::firing::{FiringId, Flight, FlightPhase};
use super::retry::{Jitter, next_attempt};
use super::state::{Phase, RunState, StepStatus, Supply};
use crate::payload::Payload;
use crate::plan::{NodeId, Plan, StepId};

/// What the engine has to tell.
#[derive(Debug, Clone)]
pub enum Input {
    /// Begin.
    Start,
    /// A node answers.
    NodeReady(NodeId),
    /// A node did not answer in time.
    NodeUnreachable {
        /// Which.
        node: NodeId,
        /// What was tried and what came back.
        reason: String,
    },
    /// A node will never answer: waiting for the others is no use.
    NodeLost {
        /// Which.
        node: NodeId,
        /// What happened to it.
        reason: String,
    },
    /// A call ended well.
    CallSucceeded {
        /// Whose.
        firing: FiringId,
        /// Its responses.
        outputs: Vec<Payload>,
    },
    /// A call failed.
    CallFailed {
        /// Whose.
        firing: FiringId,
        /// Why.
        failure: Failure,
        /// For the backoff.
        jitter: Jitter,
    },
    /// A call was given up, or the wait for its next attempt.
    CallCut(FiringId),
    /// The wait before the next attempt is over.
    RetryDue(FiringId),
    /// Stop.
    Cancel,
}

/// Decides what follows from `input`. The events are applied to `state` already; applied to an equal state
/// they make an equal one.
pub fn decide(plan: &Plan, state: &mut RunState, input: Input) -> Vec<RunEvent> {
    let mut decision = Decision { plan, state, events: Vec::new() };
    decision.take(input);
    decision.fire();
    decision.finish();
    decision.events
}

struct Decision<'a> {
    plan: &'a Plan,
    state: &'a mut RunState,
    events: Vec<RunEvent>,
}

impl Decision<'_> {
    fn emit(&mut self, event: RunEvent) {
        self.state.apply(self.plan, &event);
        self.events.push(event);
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Start if self.state.phase == Phase::New => self.emit(RunEvent::Started),
            Input::NodeReady(node) if self.awaits(node) => self.emit(RunEvent::NodeReady { node }),
            Input::NodeUnreachable { node, reason } if self.awaits(node) => {
                self.emit(RunEvent::NodeUnreachable { node, reason });
            }
            Input::NodeLost { node, reason } if self.awaits(node) => {
                self.emit(RunEvent::NodeUnreachable { node, reason });
                self.emit(RunEvent::Finished { outcome: Outcome::Unreachable });
            }
            Input::CallSucceeded { firing, outputs } if self.is_calling(firing) => {
                self.emit(RunEvent::FiringSucceeded { firing, outputs });
                self.settle(firing.step);
            }
            Input::CallFailed { firing, failure, jitter } if self.is_calling(firing) => {
                self.call_failed(firing, failure, jitter);
            }
            Input::CallCut(firing) if self.state.flights.contains_key(&firing) => {
                self.emit(RunEvent::FiringCancelled { firing });
            }
            Input::RetryDue(firing) if self.is_backing_off(firing) => {
                self.emit(RunEvent::RetryDue { firing });
            }
            Input::Cancel if matches!(self.state.phase, Phase::New | Phase::Preparing | Phase::Running) => {
                self.emit(RunEvent::CancelRequested);
                let all = self.state.flights.keys().copied().collect();
                self.give_up_waits(all);
            }
            // Whatever else comes late: a run that ended, a firing that was given up.
            _ => {}
        }
    }

    fn awaits(&self, node: NodeId) -> bool {
        self.state.phase == Phase::Preparing && self.state.awaited.contains(&node)
    }

    fn is_calling(&self, firing: FiringId) -> bool {
        self.state.flights.get(&firing).is_some_and(|flight| flight.phase == FlightPhase::Calling)
    }

    fn is_backing_off(&self, firing: FiringId) -> bool {
        let waits = |flight: &Flight| flight.phase == FlightPhase::BackingOff;
        self.state.phase == Phase::Running && self.state.flights.get(&firing).is_some_and(waits)
    }

    fn call_failed(&mut self, firing: FiringId, failure: Failure, jitter: Jitter) {
        let Some(attempt) = self.state.flights.get(&firing).map(|flight| flight.attempt) else { return };
        // Whoever stops the run may have stopped its services with it: that is no failure of theirs.
        if self.state.phase == Phase::Cancelling {
            return self.emit(RunEvent::FiringCancelled { firing });
        }
        let step_goes_on = self.state.status(firing.step) == StepStatus::Open;
        let policy = &self.plan.step(firing.step).policy;
        match next_attempt(policy, attempt, &failure, jitter) {
            Some(retry_after) if step_goes_on => {
                self.emit(RunEvent::AttemptFailed { firing, attempt, failure, retry_after });
            }
            _ => {
                self.emit(RunEvent::FiringFailed { firing, failure });
                self.give_up_waits_of(firing.step);
                self.skip_downstream(firing.step);
            }
        }
    }

    fn give_up_waits_of(&mut self, step: StepId) {
        let flights = self.state.flights_of(step).map(|(firing, _)| firing).collect();
        self.give_up_waits(flights);
    }

    /// Ends those of the firings that wait for their next attempt. An open call ends by itself, or by the
    /// engine's hand.
    fn give_up_waits(&mut self, firings: Vec<FiringId>) {
        for firing in firings {
            if self.state.flights.get(&firing).is_some_and(|flight| flight.phase == FlightPhase::BackingOff) {
                self.emit(RunEvent::FiringCancelled { firing });
            }
        }
    }

    /// Ends the step when nothing more can come of it, and in turn the steps that take from it.
    fn settle(&mut self, step: StepId) {
        let mut unsettled = vec![step];
        while let Some(step) = unsettled.pop() {
            if self.state.status(step) != StepStatus::Open || self.state.is_in_flight(step) {
                continue;
            }
            match self.state.supply(self.plan, step) {
                Supply::Open => {}
                Supply::Exhausted => {
                    self.emit(RunEvent::StepFinished { step });
                    unsettled.extend(downstream(self.plan, step));
                }
                Supply::Uneven => {
                    self.emit(RunEvent::StepFailed { step, failure: Failure::Uneven });
                    self.skip_downstream(step);
                }
            }
        }
    }

    fn skip_downstream(&mut self, failed: StepId) {
        let mut reached: Vec<StepId> = downstream(self.plan, failed).collect();
        while let Some(step) = reached.pop() {
            if self.state.status(step) == StepStatus::Open {
                self.emit(RunEvent::StepSkipped { step, because: failed });
                self.give_up_waits_of(step);
                reached.extend(downstream(self.plan, step));
            }
        }
    }

    fn fire(&mut self) {
        let limit = self.plan.max_parallel.get() as usize;
        while self.state.phase == Phase::Running && self.state.calling < limit {
            let Some((firing, attempt)) = self.next_call() else { return };
            self.emit(RunEvent::FiringStarted { firing, attempt });
        }
    }

    /// What has waited longest goes first: attempts that are due, then steps in plan order.
    fn next_call(&self) -> Option<(FiringId, NonZeroU32)> {
        if let Some(firing) = self.state.due.first() {
            let flight = self.state.flights.get(firing)?;
            return Some((*firing, flight.attempt.saturating_add(1)));
        }
        let step = self.state.ready.first()?;
        Some((self.state.next_firing(*step), NonZeroU32::MIN))
    }

    fn finish(&mut self) {
        let failed = self.state.first_failure().is_some();
        let idle = self.state.flights.is_empty();
        let outcome = match self.state.phase {
            Phase::Preparing if self.state.awaited.is_empty() => Some(Outcome::Unreachable),
            Phase::Running if idle && self.state.open_steps == 0 && failed => Some(Outcome::Failed),
            Phase::Running if idle && self.state.open_steps == 0 => Some(Outcome::Succeeded),
            Phase::Cancelling if idle && failed => Some(Outcome::Failed),
            Phase::Cancelling if idle => Some(Outcome::Cancelled),
            Phase::New | Phase::Preparing | Phase::Running | Phase::Cancelling | Phase::Finished(_) => None,
        };
        if let Some(outcome) = outcome {
            self.emit(RunEvent::Finished { outcome });
        }
    }
}

fn downstream(plan: &Plan, step: StepId) -> impl Iterator<Item = StepId> + '_ {
    plan.step(step).outputs.iter().map(|link| plan.link(*link).to)
}
