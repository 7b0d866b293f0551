//! One attempt of a firing: makes the requests, calls, and judges the responses.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::Mode;
use bytes::Bytes;
use futures_util::{FutureExt, stream};
use tokio::time::sleep;

use super::flow::{Course, Giving, Intake, Outlet, Requesting, Set, Stop, Taking, lock, request, stopper};
use super::judge::{Judge, panicked};
use super::meter::{Made, Timing};
use super::results::{Keep, StepResult};
use crate::messages::Messages;
use crate::payload::Payload;
use crate::plan::Step;
use crate::ports::{Call, Inputs, Outputs, Transport};
use crate::run::{Failure, Given, Repeat};

/// What goes into the calls of a firing.
#[derive(Clone)]
pub(super) enum Material {
    /// One request, made of this and of the messages of links that carry one.
    Set(Vec<Option<Bytes>>, Set),
    /// A stream of requests.
    Stream(Arc<Mutex<Intake>>),
}

impl Material {
    /// Of a firing whose result is stored.
    pub(super) fn none() -> Self {
        Self::Set(Vec::new(), Set::Joined(Vec::new()))
    }
}

/// What an attempt needs.
pub(super) struct Attempt {
    pub judge: Judge,
    pub transport: Arc<dyn Transport>,
    pub call: Call,
    pub material: Material,
    pub outlet: Arc<Outlet>,
    pub keep: Keep,
    /// Where the messages of a stream are kept.
    pub result: Arc<Mutex<StepResult>>,
    /// After so many messages a stream is enough.
    pub most: Option<u64>,
    /// Wait before the call.
    pub pause: Duration,
}

/// What an attempt came to.
pub(super) struct Attempted {
    pub result: Result<Given, Failure>,
    pub repeat: Repeat,
    /// The request, or the last one of a stream, where one was made.
    pub request: Option<Bytes>,
}

impl Attempt {
    /// Makes the attempt. A panic in it is its failure. Dropping the future cancels the call.
    pub(super) async fn make(self) -> Attempted {
        let course = Arc::<Course>::default();
        let mut request = None;
        let taking = match &self.material {
            Material::Stream(intake) => Some(Taking(Arc::clone(intake))),
            Material::Set(..) => None,
        };
        let made = AssertUnwindSafe(self.perform(&course, &mut request)).catch_unwind().await;
        let result = made.unwrap_or_else(|panic| Err(panicked(&*panic)));
        // First: what is left of the call with its connection must not change what is looked at here.
        drop(taking);
        let mut holds_all = true;
        if let Material::Stream(intake) = &self.material {
            let intake = lock(intake);
            request = intake.last();
            holds_all = intake.holds_all();
        }
        let is_repeatable = holds_all && !course.has_answered();
        let repeat =
            if is_repeatable { Repeat::Possible } else { Repeat::Impossible { given: course.given() } };
        Attempted { result, repeat, request }
    }

    async fn perform(&self, course: &Arc<Course>, made: &mut Option<Bytes>) -> Result<Given, Failure> {
        let (stopper, stopped) = stopper();
        let inputs: Inputs = match &self.material {
            Material::Stream(intake) => {
                Box::pin(Requesting::new(Arc::clone(intake), Arc::clone(course), stopper.clone()))
            }
            Material::Set(kept, set) => {
                let (plan, step) = (&self.judge.plan, self.judge.step);
                let make = || request(&self.step().requests, plan, step, kept, set.clone());
                let (message, transfer) = Timing::default().of(self.outlet.meters(), 1, make);
                let message = message?;
                self.outlet.meters().requested(step, Made::one(message.len(), transfer));
                *made = Some(message.clone());
                Box::pin(stream::once(std::future::ready(message.into())))
            }
        };
        if !self.pause.is_zero() {
            sleep(self.pause).await;
        }
        if !self.step().gives_stream() {
            let mut responses: Vec<Messages> = Vec::new();
            let called = self.call(inputs, &mut responses);
            tokio::select! {
                // Ours first: the client library's clock runs beside it, and says less.
                biased;
                failure = self.overdue(course) => return Err(failure),
                Ok(Stop::Failed(failure)) = stopped => return Err(failure),
                called = called => called?,
            }
            let none = || Failure::Protocol { reason: "there was no response".to_owned() };
            let response = responses.pop().and_then(|last| last.last()).ok_or_else(none)?;
            self.judge.check(&response).await?;
            return Ok(Given::Message(Payload::new(response)));
        }
        let mut giving = Giving {
            outlet: Arc::clone(&self.outlet),
            seq: self.call.metadata.seq,
            judge: self.judge.clone(),
            accepts_all: self.judge.accepts_all(),
            keep: self.keep,
            result: Arc::clone(&self.result),
            course: Arc::clone(course),
            stopper,
            most: self.most,
            given: 0,
            staged: VecDeque::new(),
            unjudged: Messages::default(),
            judging: None,
            failure: None,
        };
        let called = self.call(inputs, &mut giving);
        let stop = tokio::select! {
            biased;
            failure = self.overdue(course) => Stop::Failed(failure),
            Ok(stop) = stopped => stop,
            called = called => match called {
                Ok(()) => Stop::Enough,
                Err(failure) => Stop::Failed(failure),
            },
        };
        match stop {
            Stop::Failed(failure) => Err(failure),
            Stop::Enough => Ok(Given::Streamed(giving.given)),
        }
    }

    fn call<'a>(
        &'a self,
        inputs: Inputs,
        outputs: Outputs<'a>,
    ) -> impl Future<Output = Result<(), Failure>> + 'a {
        self.transport.call(&self.call, inputs, outputs)
    }

    /// The failure of a call that takes too long: as a whole, or of one that streams, without a message. A stream of
    /// a live run may be silent for as long as it likes.
    async fn overdue(&self, course: &Course) -> Failure {
        let limit = self.step().policy.deadline;
        if !self.step().takes_stream() && !self.step().gives_stream() {
            sleep(limit).await;
            return Failure::Deadline { after: limit };
        }
        match self.judge.plan.mode {
            Mode::Batch => course.idle(limit).await,
            Mode::Live => std::future::pending().await,
        }
        Failure::Idle { after: limit }
    }

    fn step(&self) -> &Step {
        self.judge.plan.step(self.judge.step)
    }
}
