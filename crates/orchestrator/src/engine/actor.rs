//! The task that owns a run.

use std::sync::Arc;

use aieffect_blueprint::Mode;
use bytes::Bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::effects::{Done, Effects};
use super::flow::lock;
use super::journal::Journal;
use super::meter::Meters;
use super::options::RunOptions;
use super::record::{Observer, Record, Recorded};
use super::report::{Cause, Left, RunReport, StepReport, unreached};
use super::results::{InOrder, StepResult};
use super::shutdown::{Grace, Moment};
use super::watch::Watch;
use crate::plan::{Multiplicity, Plan, StepId};
use crate::ports::{Endpoints, Transport};
use crate::run::{Closing, Failure, Given, Input, Outcome, Pace, RunEvent, RunState, decide};

pub(super) struct Actor {
    plan: Arc<Plan>,
    state: RunState,
    record: Record,
    effects: Effects,
    results: Vec<StepResult>,
    in_order: Vec<InOrder>,
    options: RunOptions,
    cancel: CancellationToken,
    /// The request of the firing that failed first.
    first_request: Option<Bytes>,
    /// Whether calls are begun.
    pace: Pace,
    /// Why the run does not go on.
    left: Option<Left>,
    begun: Instant,
}

impl Actor {
    pub(super) fn new(
        plan: Arc<Plan>,
        transport: Arc<dyn Transport>,
        endpoints: Arc<dyn Endpoints>,
        options: RunOptions,
        observers: Vec<Observer>,
        cancel: CancellationToken,
    ) -> Self {
        let journal = options.memo.as_ref().map(|memo| Journal::new(Arc::clone(memo), Arc::clone(&plan)));
        Self {
            state: RunState::new(&plan),
            record: Record::new(journal, observers),
            effects: Effects::new(Arc::clone(&plan), transport, endpoints, &options),
            results: plan.steps.iter().map(|_| StepResult::default()).collect(),
            in_order: plan.steps.iter().map(|_| InOrder::default()).collect(),
            plan,
            options,
            cancel,
            first_request: None,
            pace: Pace::Going,
            left: None,
            begun: Instant::now(),
        }
    }

    pub(super) fn meters(&self) -> Arc<Meters> {
        Arc::clone(self.effects.flow().meters())
    }

    pub(super) async fn run(mut self) -> RunReport {
        let mut grace = Grace::new(self.cancel.clone(), self.options.grace);
        let mut watch = Watch::new(&self.plan, &self.options);
        self.take(Input::Start, None);
        let (hold, mut is_held) = (self.options.hold.clone(), false);
        while self.state.outcome().is_none() && self.left.is_none() {
            tokio::select! {
                // A cancellation comes before whatever else is ready: nothing fires after it.
                biased;
                moment = grace.next() => match moment {
                    Moment::Asked => self.take(Input::Cancel, None),
                    Moment::Over => self.cut_open_calls(),
                },
                () = hold.cancelled(), if !is_held => {
                    is_held = true;
                    self.hold();
                }
                () = watch.due() => {
                    if let Some(input) = watch.look(&self.state, &self.plan, &self.effects) {
                        self.take(input, None);
                    }
                }
                done = self.effects.next() => self.take_done(done),
            }
            let has_ended = self.state.outcome().is_some();
            if self.pace == Pace::Held && !has_ended && self.state.is_between_calls() {
                self.left.get_or_insert(Left::Held);
            }
        }
        self.effects.stop().await;
        self.report()
    }

    /// No messages are stored of a live run: once it is under way it is brought to its end.
    fn hold(&mut self) {
        let is_under_way = self.state.is_running() || self.state.is_closing();
        if self.plan.mode == Mode::Live && is_under_way {
            // One that is closing already goes on with that.
            self.take(Input::Close(Closing::Held), None);
        } else {
            self.pace = Pace::Held;
        }
    }

    fn take_done(&mut self, done: Done) {
        if let Input::CallFailed { failure: failure @ Failure::Store { .. }, .. } = &done.input {
            return self.left = Some(Left::Unstored(failure.to_string()));
        }
        if let Some((step, kept)) = done.kept {
            self.results[step.index()].absorb(kept, self.options.keep);
        }
        self.take(done.input, done.request);
    }

    /// One turn: decide, record, perform.
    fn take(&mut self, input: Input, request: Option<Bytes>) {
        let had_failed = self.state.first_failure().is_some();
        let events = decide(&self.plan, &mut self.state, input, self.pace);
        if !had_failed && self.state.first_failure().is_some() {
            self.first_request = request;
        }
        let recorded = match self.record.append(events) {
            Ok(recorded) => recorded,
            Err(error) => return self.left = Some(Left::Unstored(error.to_string())),
        };
        for Recorded { event, .. } in recorded {
            if let RunEvent::FiringSucceeded { firing, given: Given::Message(message) } = &event {
                self.in_order[firing.step.index()].ended(firing.seq, Some(message.bytes().clone()));
                if self.plan.step(firing.step).gives == Multiplicity::One {
                    self.effects.flow().meters().count(firing.step, 1, message.bytes().len());
                }
            }
            if let RunEvent::FiringFailed { firing, .. }
            | RunEvent::FiringCancelled { firing }
            | RunEvent::SourceEnded { firing }
            | RunEvent::FiringSucceeded { firing, given: Given::Streamed(_) } = &event
            {
                self.in_order[firing.step.index()].ended(firing.seq, None);
            }
            if let Some(step) = step_of(&event) {
                for message in self.in_order[step.index()].leaving() {
                    // A single message goes into no stream of the store: this cannot fail.
                    let _ = self.results[step.index()].add(&message, self.options.keep);
                }
            }
            self.effects.perform(&self.state, &event);
        }
    }

    fn cut_open_calls(&mut self) {
        for firing in self.effects.open_calls() {
            self.take(Input::CallCut(firing), None);
        }
    }

    fn report(self) -> RunReport {
        let Self { plan, state, effects, mut results, first_request, begun, options, left, .. } = self;
        for (index, result) in results.iter_mut().enumerate() {
            let live = std::mem::take(&mut *lock(effects.live(StepId::new(index))));
            if live.given() > 0 {
                result.absorb(live, options.keep);
            }
        }
        let cause = state.first_failure().map(|first| Cause {
            step: first.step,
            name: plan.step(first.step).name.clone(),
            address: effects.address(plan.step(first.step).node).cloned(),
            firing: first.firing,
            failure: first.failure.clone(),
            request: first_request,
        });
        let steps = results.into_iter().enumerate().map(|(index, result)| {
            let step = StepId::new(index);
            StepReport { step, status: state.status(step), result, failed: state.failed_firings(step) }
        });
        RunReport {
            // The loop ends with the outcome; a run that never had one was cut off, which is a cancellation.
            outcome: state.outcome().unwrap_or(Outcome::Cancelled),
            cause,
            unreached: unreached(&plan, &state),
            left,
            steps: steps.collect(),
            took: begun.elapsed(),
        }
    }
}

/// The step whose firing has ended.
fn step_of(event: &RunEvent) -> Option<StepId> {
    match event {
        RunEvent::FiringSucceeded { firing, .. }
        | RunEvent::FiringFailed { firing, .. }
        | RunEvent::FiringCancelled { firing }
        | RunEvent::SourceEnded { firing } => Some(firing.step),
        _ => None,
    }
}
