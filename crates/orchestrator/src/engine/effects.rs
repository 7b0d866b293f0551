//! What events make the engine do: wait for nodes, make calls, wait before the next attempt.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::Address;
use bytes::Bytes;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, Attempted};
use super::options::{RunId, RunOptions};
use crate::plan::{NodeId, Plan, StepId};
use crate::ports::{Call, CallMetadata, Endpoints, NotReady, Transport};
use crate::run::{FiringId, Input, Jitter, RunEvent, RunState};
use crate::success::DataFolder;

/// Something that was waited for.
pub(super) struct Done {
    /// What it means for the run.
    pub input: Input,
    /// The request of a call, where one was made.
    pub request: Option<Bytes>,
}

/// The tasks of one run.
pub(super) struct Effects {
    plan: Arc<Plan>,
    transport: Arc<dyn Transport>,
    endpoints: Arc<dyn Endpoints>,
    data: Arc<DataFolder>,
    run: RunId,
    trace: u128,
    random: RandomState,
    drawn: u64,
    tasks: JoinSet<Ended>,
    waits: Vec<AbortHandle>,
    /// Calls, and waits for a next attempt, each with the token that ends it.
    open: HashMap<FiringId, CancellationToken>,
    addresses: HashMap<NodeId, Address>,
}

/// How a task ended.
enum Ended {
    Node { node: NodeId, result: Result<Address, NotReady> },
    Call { firing: FiringId, attempted: Attempted },
    Cut(FiringId),
    Waited(FiringId),
}

impl Effects {
    pub(super) fn new(
        plan: Arc<Plan>,
        transport: Arc<dyn Transport>,
        endpoints: Arc<dyn Endpoints>,
        options: &RunOptions,
    ) -> Self {
        let random = RandomState::new();
        let trace = u128::from(random.hash_one(0)) << 64 | u128::from(random.hash_one(1));
        Self {
            plan,
            transport,
            endpoints,
            data: Arc::new(options.data.clone()),
            run: options.id.clone(),
            trace,
            random,
            drawn: 2,
            tasks: JoinSet::new(),
            waits: Vec::new(),
            open: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    /// Does what an event asks for. `state` has it applied.
    pub(super) fn perform(&mut self, state: &RunState, event: &RunEvent) {
        match event {
            RunEvent::Started => state.awaited().for_each(|node| self.wait_for(node)),
            RunEvent::FiringStarted { firing, attempt } => self.call(state, *firing, *attempt),
            RunEvent::AttemptFailed { firing, retry_after, .. } => self.wait_to_retry(*firing, *retry_after),
            RunEvent::FiringSucceeded { firing, .. }
            | RunEvent::FiringFailed { firing, .. }
            | RunEvent::FiringCancelled { firing } => self.forget(*firing),
            RunEvent::StepFailed { step, .. } | RunEvent::StepSkipped { step, .. } => self.cancel_step(*step),
            RunEvent::CancelRequested => {
                self.waits.iter().for_each(AbortHandle::abort);
                self.open.values().for_each(CancellationToken::cancel);
            }
            RunEvent::NodeReady { .. }
            | RunEvent::NodeUnreachable { .. }
            | RunEvent::RetryDue { .. }
            | RunEvent::StepFinished { .. }
            | RunEvent::Finished { .. } => {}
        }
    }

    /// Waits for the next task to end. There is always one while a run has not ended; were there none, this
    /// would wait for the run's cancellation to come first.
    pub(super) async fn next(&mut self) -> Done {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(ended)) => return self.done(ended),
                // Aborted: nobody waits for it any more. Calls catch their own panics.
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                None => std::future::pending().await,
            }
        }
    }

    /// The firings whose calls have not ended.
    pub(super) fn open_calls(&self) -> Vec<FiringId> {
        let mut open: Vec<FiringId> = self.open.keys().copied().collect();
        open.sort_unstable();
        open
    }

    /// Where a node answered.
    pub(super) fn address(&self, node: NodeId) -> Option<&Address> {
        self.addresses.get(&node)
    }

    /// Ends all tasks, and returns once they have.
    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }

    fn done(&mut self, ended: Ended) -> Done {
        let input = match ended {
            Ended::Node { node, result } => self.node_answered(node, result),
            Ended::Call { firing, attempted: Attempted { result, request } } => {
                let input = match result {
                    Ok(outputs) => Input::CallSucceeded { firing, outputs },
                    Err(failure) => Input::CallFailed { firing, failure, jitter: self.jitter() },
                };
                return Done { input, request };
            }
            Ended::Cut(firing) => Input::CallCut(firing),
            Ended::Waited(firing) => Input::RetryDue(firing),
        };
        Done { input, request: None }
    }

    fn node_answered(&mut self, node: NodeId, result: Result<Address, NotReady>) -> Input {
        match result {
            Ok(address) => {
                self.addresses.insert(node, address);
                Input::NodeReady(node)
            }
            Err(error @ NotReady::TimedOut { .. }) => {
                Input::NodeUnreachable { node, reason: error.to_string() }
            }
            Err(error @ NotReady::Lost { .. }) => Input::NodeLost { node, reason: error.to_string() },
        }
    }

    fn wait_for(&mut self, node: NodeId) {
        let (plan, endpoints) = (Arc::clone(&self.plan), Arc::clone(&self.endpoints));
        let wait = self.tasks.spawn(async move {
            let result = endpoints.ready(&plan.nodes[node.index()]).await;
            Ended::Node { node, result }
        });
        self.waits.push(wait);
    }

    fn call(&mut self, state: &RunState, firing: FiringId, attempt: NonZeroU32) {
        let span = self.draw();
        let step = self.plan.step(firing.step);
        let inputs: Vec<Bytes> =
            state.inputs(firing).unwrap_or_default().iter().map(|input| input.bytes().clone()).collect();
        let address = self.addresses.get(&step.node);
        let address = address.unwrap_or(&self.plan.node_of(firing.step).address).clone();
        let call = Call {
            address,
            path: step.operation.path.clone(),
            shape: step.operation.shape,
            deadline: Some(step.policy.deadline),
            metadata: CallMetadata {
                run: self.run.to_string(),
                step: step.name.clone(),
                seq: firing.seq,
                attempt,
                traceparent: format!("00-{:032x}-{:016x}-01", self.trace, span),
            },
        };
        let attempt = Attempt {
            plan: Arc::clone(&self.plan),
            step: firing.step,
            transport: Arc::clone(&self.transport),
            data: Arc::clone(&self.data),
            call,
            inputs,
        };
        let token = self.token(firing);
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => Ended::Cut(firing),
                attempted = attempt.make() => Ended::Call { firing, attempted },
            }
        });
    }

    fn wait_to_retry(&mut self, firing: FiringId, wait: Duration) {
        let token = self.token(firing);
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => Ended::Cut(firing),
                () = sleep(wait) => Ended::Waited(firing),
            }
        });
    }

    fn token(&mut self, firing: FiringId) -> CancellationToken {
        let token = CancellationToken::new();
        self.open.insert(firing, token.clone());
        token
    }

    fn forget(&mut self, firing: FiringId) {
        if let Some(token) = self.open.remove(&firing) {
            token.cancel();
        }
    }

    fn cancel_step(&mut self, step: StepId) {
        let of_step = self.open.iter().filter(|(firing, _)| firing.step == step);
        of_step.for_each(|(_, token)| token.cancel());
    }

    fn jitter(&mut self) -> Jitter {
        Jitter::new((self.draw() >> 32) as u32)
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.random.hash_one(self.drawn)
    }
}
