//! The messages that go into a call that takes a stream.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use super::super::meter::{Made, Meters, Timing};
use super::course::Course;
use super::feed::{Feed, Next, Set};
use super::stop::{Stop, Stopper};
use crate::plan::{Multiplicity, Plan, Requests, StepId};
use crate::run::Failure;

/// What is held of what was sent, for another attempt.
const MOST_HELD: usize = 4 * 1024 * 1024;

/// What goes into the attempts of one firing: each begins with what the one before it had sent.
pub(crate) struct Intake {
    plan: Arc<Plan>,
    step: StepId,
    /// The messages of links that carry one; `None` for the others.
    kept: Vec<Option<Bytes>>,
    source: Source,
    has_one_input: bool,
    /// Whether its messages are the requests.
    hands_on: bool,
    sent: Vec<Bytes>,
    sent_bytes: usize,
    holds_all: bool,
    last: Option<Bytes>,
    /// Which attempt takes from it; what is left of an earlier one finds nothing.
    attempt: u64,
    meters: Arc<Meters>,
    timing: Timing,
    uncounted: Made,
}

/// Where the messages come from.
pub(crate) enum Source {
    /// Requests that are made already.
    Made(std::vec::IntoIter<Bytes>),
    /// A request that could not be made.
    Failed(Option<Failure>),
    /// A feed, and what was taken from it before the call began.
    Feed(Option<Set>, Arc<Mutex<Feed>>),
}

impl Intake {
    pub(crate) fn new(
        plan: Arc<Plan>,
        step: StepId,
        kept: Vec<Option<Bytes>>,
        source: Source,
        meters: Arc<Meters>,
    ) -> Self {
        let planned = plan.step(step);
        let has_one_input = planned.inputs.len() == 1;
        Self {
            has_one_input,
            hands_on: has_one_input && planned.requests.hands_on(),
            plan,
            step,
            kept,
            source,
            sent: Vec::new(),
            sent_bytes: 0,
            holds_all: true,
            last: None,
            attempt: 0,
            meters,
            timing: Timing::default(),
            uncounted: Made::default(),
        }
    }

    /// Whoever takes from it now takes nothing more: a call may be over for us, and not yet for its connection.
    fn end_attempt(&mut self) {
        self.attempt += 1;
        self.count();
    }

    /// Counters are shared by threads: they are not touched for each message.
    fn count(&mut self) {
        self.meters.requested(self.step, std::mem::take(&mut self.uncounted));
    }

    /// Whether all that was sent can be sent again.
    pub(crate) fn holds_all(&self) -> bool {
        self.holds_all
    }

    /// The message that was sent last.
    pub(crate) fn last(&self) -> Option<Bytes> {
        self.last.clone()
    }

    fn poll_next(
        &mut self,
        replayed: &mut usize,
        course: &Course,
        stopper: &mut Stopper,
        context: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        if course.has_answered() {
            // What has been answered is never sent again.
            self.holds_all = false;
        }
        if !self.holds_all && !self.sent.is_empty() && *replayed >= self.sent.len() {
            self.sent = Vec::new();
            *replayed = 0;
        }
        if let Some(message) = self.sent.get(*replayed) {
            *replayed += 1;
            return Poll::Ready(Some(message.clone()));
        }
        // Nearly every message of a long stream.
        if self.has_one_input
            && let Source::Feed(None, feed) = &self.source
        {
            let held = lock(feed).held();
            if let Some(message) = held {
                return self.hand_on(message, replayed, course, stopper);
            }
        }
        let set = match &mut self.source {
            Source::Made(made) => match made.next() {
                Some(message) => {
                    return Poll::Ready(Some(self.send(message, Duration::ZERO, replayed, course)));
                }
                None => {
                    course.input_ended();
                    return Poll::Ready(None);
                }
            },
            Source::Failed(failure) => {
                return failure.take().map_or(Poll::Pending, |failure| stopper.stop(Stop::Failed(failure)));
            }
            Source::Feed(first, feed) => match first.take() {
                Some(set) => set,
                None => match lock(feed).poll_next_of_call(context) {
                    Poll::Pending => {
                        course.awaits_input();
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(Next::Set(set))) => set,
                    Poll::Ready(Ok(Next::Ended)) => {
                        course.input_ended();
                        return Poll::Ready(None);
                    }
                    // The call is about to be cancelled: it must not see an end.
                    Poll::Ready(Ok(Next::Broken)) => return Poll::Pending,
                    Poll::Ready(Ok(Next::Uneven)) => return stopper.stop(Stop::Failed(Failure::Uneven)),
                    Poll::Ready(Err(error)) => {
                        return stopper.stop(Stop::Failed(Failure::Spool { reason: error.to_string() }));
                    }
                },
            },
        };
        match self.request(set) {
            (Ok(message), transfer) => Poll::Ready(Some(self.send(message, transfer, replayed, course))),
            (Err(failure), _) => stopper.stop(Stop::Failed(failure)),
        }
    }

    /// The request made of the message of the only link.
    fn hand_on(
        &mut self,
        message: Bytes,
        replayed: &mut usize,
        course: &Course,
        stopper: &mut Stopper,
    ) -> Poll<Option<Bytes>> {
        if self.hands_on {
            return Poll::Ready(Some(self.send(message, Duration::ZERO, replayed, course)));
        }
        let requests = &self.plan.step(self.step).requests;
        match self.timing.of(|| requests.join_only(message)) {
            (Ok(message), transfer) => Poll::Ready(Some(self.send(message, transfer, replayed, course))),
            (Err(error), _) => stopper.stop(Stop::Failed(Failure::Transfer(error))),
        }
    }

    fn request(&mut self, set: Set) -> (Result<Bytes, Failure>, Duration) {
        let requests = &self.plan.step(self.step).requests;
        self.timing.of(|| request(requests, &self.plan, self.step, &self.kept, set))
    }

    fn send(&mut self, message: Bytes, transfer: Duration, replayed: &mut usize, course: &Course) -> Bytes {
        course.sent();
        self.uncounted.add(message.len(), transfer);
        if self.uncounted.is_much() {
            self.count();
        }
        self.last = Some(message.clone());
        if self.holds_all {
            self.sent_bytes += message.len() + size_of::<Bytes>();
            if self.sent_bytes > MOST_HELD {
                self.holds_all = false;
                self.sent = Vec::new();
                *replayed = 0;
            } else {
                self.sent.push(held(&message));
                *replayed = self.sent.len();
            }
        }
        message
    }
}

/// To be kept for a while: a small message may lie in a large piece of what was read.
fn held(message: &Bytes) -> Bytes {
    const SMALL: usize = 4 * 1024;
    if message.len() <= SMALL { Bytes::copy_from_slice(message) } else { message.clone() }
}

/// The request that is made of what came in.
pub(crate) fn request(
    requests: &Requests,
    plan: &Plan,
    step: StepId,
    kept: &[Option<Bytes>],
    set: Set,
) -> Result<Bytes, Failure> {
    let inputs = &plan.step(step).inputs;
    match set {
        Set::One(message) if inputs.len() == 1 => requests.join_only(message).map_err(Failure::Transfer),
        Set::One(message) => request(requests, plan, step, kept, Set::Joined(vec![message])),
        Set::Merged(input, message) => requests.merge(input, message).map_err(Failure::Transfer),
        Set::Joined(messages) => {
            let mut messages = messages.into_iter();
            let all = inputs.iter().zip(kept).filter_map(|(link, kept)| match plan.link(*link).carries {
                Multiplicity::One => kept.clone(),
                Multiplicity::Many => messages.next(),
            });
            requests.join(&all.collect::<Vec<_>>()).map_err(Failure::Transfer)
        }
    }
}

/// The messages of one attempt.
pub(crate) struct Requesting {
    intake: Arc<Mutex<Intake>>,
    course: Arc<Course>,
    stopper: Stopper,
    replayed: usize,
    attempt: u64,
}

impl Requesting {
    pub(crate) fn new(intake: Arc<Mutex<Intake>>, course: Arc<Course>, stopper: Stopper) -> Self {
        let attempt = lock(&intake).attempt;
        Self { intake, course, stopper, replayed: 0, attempt }
    }
}

/// Ends an attempt's taking, also when its call is cut.
pub(crate) struct Taking(pub(crate) Arc<Mutex<Intake>>);

impl Drop for Taking {
    fn drop(&mut self) {
        lock(&self.0).end_attempt();
    }
}

impl Stream for Requesting {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Self { intake, course, stopper, replayed, attempt } = self.get_mut();
        let mut intake = lock(intake);
        if intake.attempt != *attempt {
            return Poll::Pending;
        }
        intake.poll_next(replayed, course, stopper, context)
    }
}

/// Only the one call that takes from it holds it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
