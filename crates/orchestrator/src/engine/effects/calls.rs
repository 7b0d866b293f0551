//! Makes calls.

use std::io;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::{AtEnd, Mode};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::super::attempt::{Attempt, Attempted, Material};
use super::super::flow::{Intake, Set, Source, request, unstored};
use super::super::judge::Judge;
use super::super::replay::{Replay, unread};
use super::super::results::{Keep, StepResult};
use super::{Effects, Ended, Open};
use crate::memo::{Memo, Remembered};
use crate::plan::{Feed, Requests, Step};
use crate::ports::{Call, CallMetadata};
use crate::run::{Failure, FiringId, Given, Input, Jitter, Repeat, RunState};
use crate::store::StreamWriter;

impl Effects {
    pub(super) fn call(&mut self, state: &RunState, firing: FiringId, attempt: NonZeroU32) {
        if let Some(replay) = self.remembered(firing) {
            return self.replay(replay);
        }
        let plan = Arc::clone(&self.plan);
        let step = plan.step(firing.step);
        let attempt = attempt.saturating_add(self.memo.as_ref().map_or(0, |memo| memo.attempts(firing)));
        let material = match self.open.get(&firing) {
            Some(open) => open.material.clone(),
            None => self.material(state, firing),
        };
        // A live step keeps what it gives as it comes: its call may be cut at any time.
        let result = match plan.mode {
            Mode::Live => Arc::clone(&self.live[firing.step.index()]),
            Mode::Batch => match self.kept(step, firing, attempt) {
                Ok(result) => Arc::new(Mutex::new(result)),
                Err(error) => return self.soon.push_back(unstored_call(firing, &error)),
            },
        };
        let keep = self.keep;
        let attempt = Attempt {
            judge: Judge { plan: Arc::clone(&plan), step: firing.step, data: Arc::clone(&self.data) },
            transport: Arc::clone(&self.transport),
            call: self.described(step, firing, attempt),
            material: material.clone(),
            outlet: Arc::clone(self.flow.outlet(firing.step)),
            keep,
            result: Arc::clone(&result),
            most: most(state, &plan, firing),
            pause: pause(state, step, firing),
        };
        let kept = (plan.mode == Mode::Batch && step.gives_stream()).then_some(result);
        let token = CancellationToken::new();
        self.open.insert(firing, Open { token: token.clone(), material });
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => Ended::Cut(firing),
                attempted = attempt.make() => sealed(firing, attempted, kept.map(taken), keep),
            }
        });
    }

    fn remembered(&self, firing: FiringId) -> Option<Replay> {
        let memo = self.memo.as_ref()?;
        let remembered = memo.result(firing)?.clone();
        let outlet = Arc::clone(self.flow.outlet(firing.step));
        Some(Replay { memo: Arc::clone(memo), firing, remembered, outlet })
    }

    /// Gives a stored result in place of a call.
    fn replay(&mut self, replay: Replay) {
        let firing = replay.firing;
        self.supplies.take(firing.step);
        if self.plan.step(firing.step).feed == Feed::OpenStream {
            // The call took all that came; nobody takes it now.
            self.flow.abandon(firing.step);
        }
        let token = CancellationToken::new();
        self.open.insert(firing, Open { token: token.clone(), material: Material::none() });
        let keep = self.keep;
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => Ended::Cut(firing),
                result = replay.make() => again(&replay, result, keep),
            }
        });
    }

    /// Where the messages of a call that gives a stream are kept.
    fn kept(&self, step: &Step, firing: FiringId, attempt: NonZeroU32) -> io::Result<StepResult> {
        match &self.memo {
            Some(memo) if step.gives_stream() => {
                let name = Memo::stream_name(firing, attempt.get());
                StreamWriter::create(memo.streams().join(name)).map(StepResult::storing)
            }
            _ => Ok(StepResult::default()),
        }
    }

    fn material(&mut self, state: &RunState, firing: FiringId) -> Material {
        let step = self.plan.step(firing.step);
        let of = |link: &crate::plan::LinkId| state.kept(*link).map(|message| message.bytes().clone());
        let kept: Vec<Option<Bytes>> = step.inputs.iter().map(of).collect();
        let set = self.supplies.take(firing.step);
        if !step.takes_stream() {
            return Material::Set(kept, set.unwrap_or_else(|| Set::Joined(Vec::new())));
        }
        let source = match (&step.requests, step.feed, self.flow.feed(firing.step)) {
            (Requests::Listed(messages), ..) => Source::Made(messages.clone().into_iter()),
            (_, Feed::OpenStream, Some(feed)) => Source::Feed(set, Arc::clone(feed)),
            _ => {
                let none = Set::Joined(Vec::new());
                match request(&step.requests, &self.plan, firing.step, &kept, none) {
                    Ok(message) => Source::Made(vec![message].into_iter()),
                    Err(failure) => Source::Failed(Some(failure)),
                }
            }
        };
        let intake = Intake::new(Arc::clone(&self.plan), firing.step, kept, source);
        Material::Stream(Arc::new(Mutex::new(intake)))
    }

    fn described(&mut self, step: &Step, firing: FiringId, attempt: NonZeroU32) -> Call {
        let span = self.draw();
        let address = self.addresses.get(&step.node);
        let address = address.unwrap_or(&self.plan.nodes[step.node.index()].address).clone();
        let streams = step.takes_stream() || step.gives_stream();
        Call {
            address,
            path: step.operation.path.clone(),
            shape: step.operation.shape,
            // A stream may take as long as messages pass; a service cannot be told that.
            deadline: (!streams).then_some(step.policy.deadline),
            metadata: CallMetadata {
                run: self.run.to_string(),
                step: step.name.clone(),
                seq: firing.seq,
                attempt,
                traceparent: format!("00-{:032x}-{:016x}-01", self.trace, span),
            },
        }
    }
}

/// What a live source's stream is cut at.
fn most(state: &RunState, plan: &crate::plan::Plan, firing: FiringId) -> Option<u64> {
    let limit = plan.iterations.filter(|_| plan.step(firing.step).feed == Feed::Source)?;
    Some(limit.get().saturating_sub(state.given(firing.step)))
}

/// A source that is opened again and again, and gives nothing, is not hurried.
fn pause(state: &RunState, step: &Step, firing: FiringId) -> Duration {
    let is_restarted = step.feed == Feed::Source && step.at_end == AtEnd::Restart && firing.seq > 0;
    let gave_nothing = state.given(firing.step) < firing.seq;
    if is_restarted && step.gives_stream() && gave_nothing { step.policy.backoff } else { Duration::ZERO }
}

fn sealed(firing: FiringId, mut attempted: Attempted, mut kept: Option<StepResult>, keep: Keep) -> Ended {
    if attempted.result.is_ok()
        && let Some(kept) = &mut kept
        && let Err(error) = kept.seal(keep)
    {
        attempted.result = Err(Failure::Store { reason: unstored(&error) });
    }
    Ended::Call { firing, attempted, kept }
}

fn again(replay: &Replay, mut result: Result<Given, Failure>, keep: Keep) -> Ended {
    let mut kept = None;
    if let (Ok(_), Remembered::Stream { path, messages }) = (&result, &replay.remembered) {
        match StepResult::of_stored(path.clone(), *messages, keep) {
            Ok(stored) => kept = Some(stored),
            Err(error) => result = Err(unread(path, &error)),
        }
    }
    let attempted = Attempted { result, repeat: Repeat::Impossible, request: None };
    Ended::Call { firing: replay.firing, attempted, kept }
}

fn unstored_call(firing: FiringId, error: &io::Error) -> Input {
    let failure = Failure::Store { reason: unstored(error) };
    Input::CallFailed { firing, failure, repeat: Repeat::Impossible, jitter: Jitter::new(0) }
}

fn taken(result: Arc<Mutex<StepResult>>) -> StepResult {
    std::mem::take(&mut *super::super::flow::lock(&result))
}
