//! What comes in for steps, and what goes out from them.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::super::flow::{Next, Set, lock};
use super::{Effects, Ended};
use crate::plan::{Multiplicity, StepId};
use crate::run::{Failure, FiringId, Input, RunState, StepStatus};

/// What has been taken from each step's feed, and not yet been called with.
pub(super) struct Supplies(Vec<Option<Set>>);

impl Supplies {
    pub(super) fn new(steps: usize) -> Self {
        Self(vec![None; steps])
    }

    pub(super) fn take(&mut self, step: StepId) -> Option<Set> {
        self.0.get_mut(step.index())?.take()
    }
}

impl Effects {
    /// Takes what comes next for a step: at once, if it is there.
    pub(super) fn fetch(&mut self, step: StepId) {
        let Some(feed) = self.flow.feed(step).map(Arc::clone) else { return };
        let polled = lock(&feed).poll_next(&mut Context::from_waker(Waker::noop()));
        match polled {
            Poll::Ready(next) => {
                let input = self.fetched(step, next);
                self.soon.extend(input);
            }
            Poll::Pending => {
                self.tasks.spawn(async move {
                    let next = poll_fn(|context| lock(&feed).poll_next(context)).await;
                    Ended::Fetched { step, next }
                });
            }
        }
    }

    /// What it means for the run. Nothing when the step it came from failed: then this one is skipped.
    pub(super) fn fetched(&mut self, step: StepId, next: io::Result<Next>) -> Option<Input> {
        match next {
            Ok(Next::Set(set)) => {
                self.supplies.0[step.index()] = Some(set);
                Some(Input::Supplied(step))
            }
            Ok(Next::Ended) => Some(Input::SupplyEnded(step)),
            Ok(Next::Uneven) => Some(Input::SupplyUneven(step)),
            Ok(Next::Broken) => None,
            Err(error) => Some(Input::SupplyLost { step, failure: spooled(&error) }),
        }
    }

    /// Hands on the message of a call that gave one: at once, if there is room.
    pub(super) fn deliver(&mut self, state: &RunState, firing: FiringId, message: &Bytes) {
        let step = self.plan.step(firing.step);
        if step.gives == Multiplicity::One || state.status(firing.step) != StepStatus::Open {
            return;
        }
        let outlet = Arc::clone(self.flow.outlet(firing.step));
        if outlet.poll_room(firing.seq, &mut Context::from_waker(Waker::noop())).is_ready() {
            let input = self.delivered(firing, outlet.put(message));
            self.soon.push_back(input);
            return;
        }
        let message = message.clone();
        self.tasks.spawn(async move {
            poll_fn(|context| outlet.poll_room(firing.seq, context)).await;
            Ended::Delivered { firing, put: outlet.put(&message) }
        });
    }

    pub(super) fn delivered(&mut self, firing: FiringId, put: io::Result<()>) -> Input {
        self.flow.outlet(firing.step).over(firing.seq);
        match put {
            Ok(()) => Input::Delivered(firing),
            Err(error) => Input::NotDelivered { firing, failure: spooled(&error) },
        }
    }
}

fn spooled(error: &io::Error) -> Failure {
    Failure::Spool { reason: error.to_string() }
}
