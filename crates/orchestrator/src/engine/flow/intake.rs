//! The messages that go into a call that takes a stream.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use super::super::meter::{Made, Meters, Timing};
use super::course::Course;
use super::feed::{Feed, Next, NextOfCall, Set};
use super::stop::{Stop, Stopper};
use crate::messages::{Messages, TooLong};
use crate::plan::{Multiplicity, Plan, Requests, StepId, Unmade};
use crate::run::{Direction, Failure};

/// What is held of what was sent, for another attempt.
const MOST_HELD: usize = 4 * 1024 * 1024;
/// Messages of up to that size together are copied when they are held.
const SMALL: usize = 4 * 1024;

/// What goes into the attempts of one firing: each begins with what the one before it had sent.
pub(crate) struct Intake {
    plan: Arc<Plan>,
    step: StepId,
    /// The messages of links that carry one; `None` for the others.
    kept: Vec<Option<Bytes>>,
    source: Source,
    has_one_input: bool,
    /// What becomes of it after what has been made.
    failing: Option<Failure>,
    sent: Vec<Messages>,
    sent_bytes: usize,
    holds_all: bool,
    last: Messages,
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
            failing: None,
            plan,
            step,
            kept,
            source,
            sent: Vec::new(),
            sent_bytes: 0,
            holds_all: true,
            last: Messages::default(),
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
        self.last.last()
    }

    fn poll_next(
        &mut self,
        replayed: &mut usize,
        course: &Course,
        stopper: &mut Stopper,
        context: &mut Context<'_>,
    ) -> Poll<Option<Messages>> {
        if course.has_answered() {
            // What has been answered is never sent again.
            self.holds_all = false;
        }
        if !self.holds_all && !self.sent.is_empty() && *replayed >= self.sent.len() {
            self.sent = Vec::new();
            *replayed = 0;
        }
        if let Some(messages) = self.sent.get(*replayed) {
            *replayed += 1;
            return Poll::Ready(Some(messages.clone()));
        }
        if let Some(failure) = self.failing.take() {
            return stopper.stop(Stop::Failed(failure));
        }
        let set = match &mut self.source {
            Source::Made(made) => match made.next() {
                Some(message) => {
                    return Poll::Ready(Some(self.send(message.into(), Duration::ZERO, replayed, course)));
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
                None => match poll_feed(feed, self.has_one_input, context) {
                    Poll::Pending => {
                        course.awaits_input();
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(NextOfCall::Messages(input, messages))) => {
                        return self.hand_on(input, messages, replayed, course, stopper);
                    }
                    Poll::Ready(Ok(NextOfCall::Next(Next::Set(set)))) => set,
                    Poll::Ready(Ok(NextOfCall::Next(Next::Ended))) => {
                        course.input_ended();
                        return Poll::Ready(None);
                    }
                    // The call is about to be cancelled: it must not see an end.
                    Poll::Ready(Ok(NextOfCall::Next(Next::Broken))) => return Poll::Pending,
                    Poll::Ready(Ok(NextOfCall::Next(Next::Uneven))) => {
                        return stopper.stop(Stop::Failed(Failure::Uneven));
                    }
                    Poll::Ready(Err(error)) => {
                        return stopper.stop(Stop::Failed(Failure::Spool { reason: error.to_string() }));
                    }
                },
            },
        };
        match self.request(set) {
            (Ok(message), transfer) => {
                Poll::Ready(Some(self.send(message.into(), transfer, replayed, course)))
            }
            (Err(failure), _) => stopper.stop(Stop::Failed(failure)),
        }
    }

    /// The requests made of messages of the only link.
    fn hand_on(
        &mut self,
        input: usize,
        mut messages: Messages,
        replayed: &mut usize,
        course: &Course,
        stopper: &mut Stopper,
    ) -> Poll<Option<Messages>> {
        let requests = &self.plan.step(self.step).requests;
        if requests.hands_on() {
            return Poll::Ready(Some(self.send(messages, Duration::ZERO, replayed, course)));
        }
        let count = messages.count();
        let ((made, failure), transfer) =
            self.timing.of(&self.meters, count, || match messages.take_only() {
                Some(message) => match requests.one(input, message) {
                    Ok(made) => (Messages::from(made), None),
                    Err(error) => (Messages::default(), Some(Failure::Transfer(error))),
                },
                None => {
                    let (made, fault) = requests.each(input, &mut messages);
                    (made, fault.map(unmade))
                }
            });
        // Those behind one that no request can be made of: a live run goes on with them.
        if let Source::Feed(_, feed) = &self.source {
            lock(feed).give_back(messages);
        }
        match failure {
            Some(failure) if made.is_empty() => stopper.stop(Stop::Failed(failure)),
            failure => {
                // What came before it was good.
                self.failing = failure;
                Poll::Ready(Some(self.send(made, transfer, replayed, course)))
            }
        }
    }

    fn request(&mut self, set: Set) -> (Result<Bytes, Failure>, Duration) {
        let requests = &self.plan.step(self.step).requests;
        self.timing.of(&self.meters, 1, || request(requests, &self.plan, self.step, &self.kept, set))
    }

    fn send(
        &mut self,
        messages: Messages,
        transfer: Duration,
        replayed: &mut usize,
        course: &Course,
    ) -> Messages {
        course.sent();
        self.uncounted.add(messages.count(), messages.size(), transfer);
        if self.uncounted.is_much() {
            self.count();
        }
        self.last = messages.clone();
        if self.holds_all {
            self.sent_bytes += messages.size() + messages.count() * size_of::<Messages>();
            if self.sent_bytes > MOST_HELD {
                self.holds_all = false;
                self.sent = Vec::new();
                *replayed = 0;
            } else {
                // They may lie in a large piece of what was read.
                self.sent.push(messages.detached(SMALL));
                *replayed = self.sent.len();
            }
        }
        messages
    }
}

fn unmade(fault: Unmade) -> Failure {
    match fault {
        Unmade::Transfer(error) => Failure::Transfer(error),
        Unmade::TooLong(TooLong { length }) => Failure::too_large(Direction::Request, length),
    }
}

fn poll_feed(
    feed: &Mutex<Feed>,
    has_one_input: bool,
    context: &mut Context<'_>,
) -> Poll<io::Result<NextOfCall>> {
    let mut feed = lock(feed);
    if has_one_input {
        feed.poll_together(context)
    } else {
        feed.poll_next_of_call(context).map_ok(NextOfCall::Next)
    }
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
        Set::One(message) if inputs.len() == 1 => requests.one(0, message).map_err(Failure::Transfer),
        Set::One(message) => request(requests, plan, step, kept, Set::Joined(vec![message])),
        Set::Merged(input, message) => requests.one(input, message).map_err(Failure::Transfer),
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
    type Item = Messages;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Messages>> {
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
