//! What happens next.

use std::num::NonZeroU32;

use aieffect_blueprint::Mode;

use super::event::{Closing, Given, Outcome, RunEvent};
use super::failure::{Failure, StatusCode};
use super::firing::{FiringId, Flight, FlightPhase};
use super::retry::{Jitter, next_attempt};
use super::state::{Phase, RunState, StepStatus, sources};
use crate::plan::{Feed, NodeId, Plan, StepId};

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
    /// What a step's next firing is made of has come in.
    Supplied(StepId),
    /// Nothing more comes in for a step.
    SupplyEnded(StepId),
    /// The links of a step carried different numbers of messages.
    SupplyUneven(StepId),
    /// What came in for a step could not be read back from a file.
    SupplyLost {
        /// Which.
        step: StepId,
        /// Why.
        failure: Failure,
    },
    /// A call ended well.
    CallSucceeded {
        /// Whose.
        firing: FiringId,
        /// What it gave.
        given: Given,
    },
    /// The queues have taken what a firing gave.
    Delivered(FiringId),
    /// They could not.
    NotDelivered {
        /// What.
        firing: FiringId,
        /// Why.
        failure: Failure,
    },
    /// A call failed.
    CallFailed {
        /// Whose.
        firing: FiringId,
        /// Why.
        failure: Failure,
        /// Whether what was sent is still there to be sent again, and nothing came back.
        repeat: Repeat,
        /// For the backoff.
        jitter: Jitter,
    },
    /// A call was given up, or the wait for its next attempt.
    CallCut(FiringId),
    /// The wait before the next attempt is over.
    RetryDue(FiringId),
    /// A live run goes to its end.
    Close(Closing),
    /// A closing run has worked off what waited.
    Drained,
    /// Stop.
    Cancel,
}

/// Whether a call can be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// All that was sent is held, and nothing came back.
    Possible,
    /// It is not.
    Impossible {
        /// How many messages of a stream were handed on.
        given: u64,
    },
}

/// Whether anything more is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// What can be called is.
    Going,
    /// What is under way may end. While a call is open that takes or gives a stream, everything goes on.
    Held,
}

/// Decides what follows from `input`. The events are applied to `state` already; applied to an equal state
/// they make an equal one.
pub fn decide(plan: &Plan, state: &mut RunState, input: Input, pace: Pace) -> Vec<RunEvent> {
    let mut decision = Decision { plan, state, events: Vec::new() };
    decision.take(input);
    // A stream has no end between two steps: what it gives to and takes from goes on with it.
    if pace == Pace::Going || decision.state.has_open_stream(plan) {
        decision.fire();
    }
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
            Input::Supplied(step) if self.is_open(step) => self.emit(RunEvent::Supplied { step }),
            Input::SupplyEnded(step) if self.is_open(step) => {
                self.emit(RunEvent::SupplyEnded { step });
                self.settle(step);
            }
            Input::SupplyUneven(step) if self.is_open(step) => self.fail_step(step, Failure::Uneven),
            Input::SupplyLost { step, failure } if self.is_open(step) => self.fail_step(step, failure),
            Input::CallSucceeded { firing, given } if self.is_calling(firing) => {
                self.emit(RunEvent::FiringSucceeded { firing, given });
                self.settle(firing.step);
            }
            Input::Delivered(firing) if self.is_open(firing.step) => {
                self.emit(RunEvent::Delivered { firing });
                self.settle(firing.step);
            }
            Input::NotDelivered { firing, failure } if self.is_open(firing.step) => {
                self.fail_step(firing.step, failure);
            }
            Input::CallFailed { firing, failure, repeat, jitter } if self.is_calling(firing) => {
                self.call_failed(firing, failure, repeat, jitter);
            }
            Input::CallCut(firing) if self.state.flights.contains_key(&firing) => {
                self.emit(RunEvent::FiringCancelled { firing });
                if self.plan.step(firing.step).feed == Feed::Source {
                    self.settle(firing.step);
                }
            }
            Input::RetryDue(firing) if self.is_backing_off(firing) => {
                self.emit(RunEvent::RetryDue { firing });
            }
            Input::Close(why) if self.state.phase == Phase::Running => {
                self.emit(RunEvent::Closing { why });
                let ended: Vec<StepId> = sources(self.plan).collect();
                for source in ended {
                    self.give_up_waits_of(source);
                    self.settle(source);
                }
            }
            Input::Drained if self.state.phase == Phase::Closing && !self.state.has_work() => {
                let open = self.plan.steps().map(|(step, _)| step).filter(|step| self.is_open(*step));
                let open: Vec<StepId> = open.collect();
                open.into_iter().for_each(|step| self.emit(RunEvent::StepFinished { step }));
            }
            Input::Cancel if self.may_be_cancelled() => self.cancel(),
            // Whatever else comes late: a run that ended, a firing that was given up.
            _ => {}
        }
    }

    fn is_open(&self, step: StepId) -> bool {
        self.state.status(step) == StepStatus::Open
    }

    fn may_be_cancelled(&self) -> bool {
        match self.state.phase {
            Phase::New | Phase::Preparing | Phase::Running | Phase::Closing => true,
            Phase::Cancelling | Phase::Finished(_) => false,
        }
    }

    fn cancel(&mut self) {
        self.emit(RunEvent::CancelRequested);
        let all = self.state.flights.keys().copied().collect();
        self.give_up_waits(all);
    }

    fn awaits(&self, node: NodeId) -> bool {
        self.state.phase == Phase::Preparing && self.state.awaited.contains(&node)
    }

    fn is_calling(&self, firing: FiringId) -> bool {
        self.state.flights.get(&firing).is_some_and(|flight| flight.phase == FlightPhase::Calling)
    }

    fn is_backing_off(&self, firing: FiringId) -> bool {
        let waits = |flight: &Flight| flight.phase == FlightPhase::BackingOff;
        let goes_on = matches!(self.state.phase, Phase::Running | Phase::Closing);
        goes_on && self.state.flights.get(&firing).is_some_and(waits)
    }

    fn call_failed(&mut self, firing: FiringId, failure: Failure, repeat: Repeat, jitter: Jitter) {
        let Some(attempt) = self.state.flights.get(&firing).map(|flight| flight.attempt) else { return };
        // Whoever stops the run may have stopped its services with it: that is no failure of theirs.
        if self.state.phase == Phase::Cancelling {
            return self.emit(RunEvent::FiringCancelled { firing });
        }
        let step = self.plan.step(firing.step);
        if step.feed == Feed::Source && is_end_of_data(&failure) {
            self.emit(RunEvent::SourceEnded { firing });
            return self.settle(firing.step);
        }
        let again = next_attempt(&step.policy, attempt, &failure, jitter);
        let given = match repeat {
            Repeat::Possible => 0,
            Repeat::Impossible { given } => given,
        };
        match again.filter(|_| self.is_open(firing.step) && repeat == Repeat::Possible) {
            Some(retry_after) => {
                self.emit(RunEvent::AttemptFailed { firing, attempt, failure, retry_after });
            }
            None if self.plan.mode == Mode::Live => self.count_failure(firing, failure, given),
            None => {
                self.emit(RunEvent::FiringFailed { firing, failure, given });
                self.give_up_waits_of(firing.step);
                self.skip_downstream(firing.step);
            }
        }
    }

    /// In a live run the next message goes on, unless too many calls of the step failed in a row.
    fn count_failure(&mut self, firing: FiringId, failure: Failure, given: u64) {
        self.emit(RunEvent::FiringFailed { firing, failure: failure.clone(), given });
        if self.state.fails_too_often(firing.step) {
            self.fail_step(firing.step, failure);
        } else {
            self.settle(firing.step);
        }
    }

    fn fail_step(&mut self, step: StepId, failure: Failure) {
        self.emit(RunEvent::StepFailed { step, failure });
        match self.plan.mode {
            Mode::Live => self.cancel(),
            Mode::Batch => {
                self.give_up_waits_of(step);
                self.skip_downstream(step);
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
            if self.is_open(step) && self.state.is_done(self.plan, step) {
                self.emit(RunEvent::StepFinished { step });
                unsettled.extend(downstream(self.plan, step));
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
        while matches!(self.state.phase, Phase::Running | Phase::Closing) {
            let Some((firing, attempt)) = self.next_call() else { return };
            self.emit(RunEvent::FiringStarted { firing, attempt });
        }
    }

    /// What has waited longest goes first: attempts that are due, then steps in plan order.
    fn next_call(&self) -> Option<(FiringId, NonZeroU32)> {
        let state = &self.state;
        let has_place = state.calling < self.plan.max_parallel.get() as usize;
        if let Some(firing) =
            state.due.first_free().or_else(|| has_place.then(|| state.due.first_limited()).flatten())
        {
            let flight = state.flights.get(&firing)?;
            return Some((firing, flight.attempt.saturating_add(1)));
        }
        let step =
            state.ready.first_free().or_else(|| has_place.then(|| state.ready.first_limited()).flatten())?;
        Some((state.next_firing(step), NonZeroU32::MIN))
    }

    fn finish(&mut self) {
        let failed = self.state.first_failure().is_some();
        let idle = self.state.flights.is_empty();
        let outcome = match self.state.phase {
            Phase::Preparing if self.state.awaited.is_empty() => Some(Outcome::Unreachable),
            Phase::Running | Phase::Closing if idle && self.state.open_steps == 0 => {
                Some(if failed { Outcome::Failed } else { Outcome::Succeeded })
            }
            Phase::Cancelling if idle && failed => Some(Outcome::Failed),
            Phase::Cancelling if idle => Some(Outcome::Cancelled),
            Phase::New | Phase::Preparing | Phase::Running | Phase::Closing | Phase::Cancelling => None,
            Phase::Finished(_) => None,
        };
        if let Some(outcome) = outcome {
            self.emit(RunEvent::Finished { outcome });
        }
    }
}

/// What a live source says when it has no more data.
fn is_end_of_data(failure: &Failure) -> bool {
    matches!(failure, Failure::Status { code: StatusCode::NotFound | StatusCode::OutOfRange, .. })
}

fn downstream(plan: &Plan, step: StepId) -> impl Iterator<Item = StepId> + '_ {
    plan.step(step).outputs.iter().map(|link| plan.link(*link).to)
}
