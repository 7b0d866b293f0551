//! Makes calls.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::{AtEnd, Mode};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::super::attempt::{Attempt, Material};
use super::super::flow::{Intake, Set, Source, request};
use super::super::judge::Judge;
use super::stored::{keeping, sealed, without_place};
use super::{Called, Effects, Ended, Open};
use crate::plan::{Feed, Requests, Step};
use crate::ports::{Call, CallMetadata, traceparent};
use crate::run::{FiringId, RunState};

impl Effects {
    pub(super) fn call(&mut self, state: &RunState, firing: FiringId, attempt: NonZeroU32) {
        if let Some(replay) = self.remembered(firing) {
            return self.replay(replay);
        }
        let plan = Arc::clone(&self.plan);
        let step = plan.step(firing.step);
        let attempt = self.counted(firing, attempt);
        let result = match self.kept(firing, attempt) {
            Ok(result) => result,
            Err(error) => return self.soon.push_back(without_place(firing, &error)),
        };
        let material = match self.open.get(&firing) {
            Some(open) => open.material.clone(),
            None => self.material(state, firing),
        };
        let attempt = Attempt {
            judge: Judge { plan: Arc::clone(&plan), step: firing.step, data: Arc::clone(&self.data) },
            transport: Arc::clone(&self.transport),
            call: self.described(step, firing, attempt),
            material: material.clone(),
            outlet: Arc::clone(self.flow.outlet(firing.step)),
            keep: keeping(&result, self.keep),
            result: Arc::clone(&result),
            most: most(state, &plan, firing),
            pause: pause(state, step, firing),
        };
        let kept = (plan.mode == Mode::Batch && step.gives_stream()).then_some(result);
        let (token, keep) = (CancellationToken::new(), self.keep);
        self.open.insert(firing, Open { token: token.clone(), material });
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => Ended::Cut(firing),
                attempted = attempt.make() => sealed(firing, attempted, kept.as_deref(), keep),
            }
        });
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
        let intake =
            Intake::new(Arc::clone(&self.plan), firing.step, kept, source, Arc::clone(self.flow.meters()));
        Material::Stream(Arc::new(Mutex::new(intake)))
    }

    fn described(&mut self, step: &Step, firing: FiringId, attempt: NonZeroU32) -> Call {
        let span = self.draw();
        let progress = self.flow.meters().progress_of(firing.step);
        progress.report(None);
        let Called { name, path } = &self.called[firing.step.index()];
        let address = self.addresses.get(&step.node);
        let address = address.unwrap_or(&self.plan.nodes[step.node.index()].address).clone();
        let streams = step.takes_stream() || step.gives_stream();
        Call {
            address,
            transport: step.operation.transport,
            path: Arc::clone(path),
            shape: step.operation.shape,
            // A stream may take as long as messages pass; a service cannot be told that.
            deadline: (!streams).then_some(step.policy.deadline),
            metadata: CallMetadata {
                run: Arc::clone(&self.run),
                step: Arc::clone(name),
                seq: firing.seq,
                attempt,
                traceparent: traceparent(self.trace, span),
            },
            progress,
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
    let gave_nothing = state.given_last(firing.step) == 0;
    if is_restarted && step.gives_stream() && gave_nothing { step.policy.backoff } else { Duration::ZERO }
}
