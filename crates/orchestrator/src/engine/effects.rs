//! What events make the engine do: wait for nodes, take what comes in, make calls, hand on what they give, wait
//! before the next attempt.

mod calls;
mod stored;
mod supplies;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aieffect_blueprint::{Address, Mode};
use bytes::Bytes;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::supplies::Supplies;
use super::attempt::{Attempted, Material};
use super::flow::{Flow, Next};
use super::options::RunOptions;
use super::results::{Keep, StepResult};
use crate::memo::Memo;
use crate::plan::{Feed, NodeId, Plan, Step, StepId};
use crate::ports::{Endpoints, NotReady, Transport};
use crate::run::{FiringId, Given, Input, Jitter, RunEvent, RunState, StepStatus, sources};
use crate::success::DataFolder;

/// Something that was waited for.
pub(super) struct Done {
    /// What it means for the run.
    pub input: Input,
    /// The request of a call, where one was made.
    pub request: Option<Bytes>,
    /// What a call that gives a stream has kept.
    pub kept: Option<(StepId, StepResult)>,
}

impl From<Input> for Done {
    fn from(input: Input) -> Self {
        Self { input, request: None, kept: None }
    }
}

/// The tasks of one run.
pub(super) struct Effects {
    plan: Arc<Plan>,
    transport: Arc<dyn Transport>,
    endpoints: Arc<dyn Endpoints>,
    data: Arc<DataFolder>,
    run: Arc<str>,
    called: Vec<Called>,
    keep: Keep,
    trace: u128,
    random: RandomState,
    drawn: u64,
    tasks: JoinSet<Ended>,
    waits: Vec<AbortHandle>,
    /// Calls, and waits for a next attempt.
    open: HashMap<FiringId, Open>,
    addresses: HashMap<NodeId, Address>,
    flow: Flow,
    supplies: Supplies,
    memo: Option<Arc<Memo>>,
    /// In a live run, where the messages of each step are kept as they come.
    live: Vec<Arc<Mutex<StepResult>>>,
    /// What came at once, and was not waited for.
    soon: VecDeque<Input>,
}

/// How a step is called, made once.
struct Called {
    name: Arc<str>,
    path: Arc<str>,
}

impl Called {
    fn new(step: &Step) -> Self {
        Self { name: step.name.to_string().into(), path: step.operation.path.as_str().into() }
    }
}

/// A firing that has not ended.
struct Open {
    token: CancellationToken,
    material: Material,
}

/// How a task ended.
enum Ended {
    Node { node: NodeId, result: Result<Address, NotReady> },
    Fetched { step: StepId, next: io::Result<Next> },
    Call { firing: FiringId, attempted: Attempted, kept: Option<Box<StepResult>> },
    Delivered { firing: FiringId, put: io::Result<()> },
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
            transport,
            endpoints,
            data: Arc::new(options.data.clone()),
            run: options.id.as_str().into(),
            called: plan.steps.iter().map(Called::new).collect(),
            keep: options.keep,
            trace,
            random,
            drawn: 2,
            tasks: JoinSet::new(),
            waits: Vec::new(),
            open: HashMap::new(),
            addresses: HashMap::new(),
            flow: Flow::new(&plan, Arc::clone(&options.transfers)),
            supplies: Supplies::new(plan.steps.len()),
            memo: options.memo.clone(),
            live: plan.steps.iter().map(|_| Arc::default()).collect(),
            soon: VecDeque::new(),
            plan,
        }
    }

    /// Does what an event asks for. `state` has it applied.
    pub(super) fn perform(&mut self, state: &RunState, event: &RunEvent) {
        match event {
            RunEvent::Started => {
                state.awaited().for_each(|node| self.wait_for(node));
                let all: Vec<StepId> = self.plan.steps().map(|(step, _)| step).collect();
                all.into_iter().for_each(|step| self.fetch(step));
            }
            RunEvent::FiringStarted { firing, attempt } => {
                self.call(state, *firing, *attempt);
                if self.plan.step(firing.step).feed == Feed::EachMessage && attempt.get() == 1 {
                    self.fetch(firing.step);
                }
            }
            RunEvent::AttemptFailed { firing, retry_after, .. } => self.wait_to_retry(*firing, *retry_after),
            RunEvent::FiringSucceeded { firing, given } => {
                self.forget(*firing);
                match given {
                    Given::Message(message) => self.deliver(state, *firing, message.bytes()),
                    Given::Streamed(_) => self.flow.outlet(firing.step).over(firing.seq),
                }
                self.go_on(*firing);
            }
            RunEvent::FiringFailed { firing, .. }
            | RunEvent::FiringCancelled { firing }
            | RunEvent::SourceEnded { firing } => {
                self.forget(*firing);
                self.flow.outlet(firing.step).over(firing.seq);
                if matches!(state.status(firing.step), StepStatus::Failed | StepStatus::Skipped { .. }) {
                    self.break_off(firing.step);
                }
                self.go_on(*firing);
            }
            RunEvent::StepFinished { step } => {
                self.flow.outlet(*step).complete();
                self.flow.abandon(*step);
            }
            RunEvent::StepFailed { step, .. } | RunEvent::StepSkipped { step, .. } => {
                self.cancel_step(*step);
                self.break_off(*step);
            }
            RunEvent::Closing { .. } => {
                self.flow.close();
                let ended: Vec<StepId> = sources(&self.plan).collect();
                ended.into_iter().for_each(|source| self.cancel_step(source));
            }
            RunEvent::CancelRequested => {
                self.waits.iter().for_each(AbortHandle::abort);
                self.open.values().for_each(|open| open.token.cancel());
            }
            RunEvent::NodeReady { .. }
            | RunEvent::NodeUnreachable { .. }
            | RunEvent::Supplied { .. }
            | RunEvent::SupplyEnded { .. }
            | RunEvent::Delivered { .. }
            | RunEvent::RetryDue { .. }
            | RunEvent::Finished { .. } => {}
        }
    }

    /// Waits for the next thing to happen. There is always one while a run has not ended; were there none, this
    /// would wait for the run's cancellation to come first.
    pub(super) async fn next(&mut self) -> Done {
        loop {
            if let Some(input) = self.soon.pop_front() {
                return input.into();
            }
            match self.tasks.join_next().await {
                Some(Ok(ended)) => match self.done(ended) {
                    Some(done) => return done,
                    None => continue,
                },
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

    /// The queues of the run.
    pub(super) fn flow(&self) -> &Flow {
        &self.flow
    }

    /// In a live run, where the messages of a step are kept.
    pub(super) fn live(&self, step: StepId) -> &Arc<Mutex<StepResult>> {
        &self.live[step.index()]
    }

    /// Ends all tasks, and returns once they have.
    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }

    fn done(&mut self, ended: Ended) -> Option<Done> {
        let input = match ended {
            Ended::Node { node, result } => self.node_answered(node, result),
            Ended::Fetched { step, next } => return self.fetched(step, next).map(Done::from),
            Ended::Call { firing, attempted: Attempted { result, repeat, request }, kept } => {
                let input = match result {
                    Ok(given) => Input::CallSucceeded { firing, given },
                    Err(failure) => Input::CallFailed { firing, failure, repeat, jitter: self.jitter() },
                };
                let succeeded = matches!(input, Input::CallSucceeded { .. });
                let kept = kept.filter(|_| succeeded).map(|kept| (firing.step, *kept));
                return Some(Done { input, request, kept });
            }
            Ended::Delivered { firing, put } => self.delivered(firing, put),
            Ended::Cut(firing) => Input::CallCut(firing),
            Ended::Waited(firing) => Input::RetryDue(firing),
        };
        Some(input.into())
    }

    fn node_answered(&mut self, node: NodeId, result: Result<Address, NotReady>) -> Input {
        match result {
            Ok(address) => {
                self.addresses.insert(node, address);
                Input::NodeReady(node)
            }
            Err(
                error @ (NotReady::TimedOut { .. }
                | NotReady::NotSecure { .. }
                | NotReady::OtherTransport { .. }),
            ) => Input::NodeUnreachable { node, reason: error.to_string() },
            Err(error @ NotReady::Lost { .. }) => Input::NodeLost { node, reason: error.to_string() },
        }
    }

    fn wait_for(&mut self, node: NodeId) {
        if self.memo.as_ref().is_some_and(|memo| memo.is_node_settled(node)) {
            return self.soon.push_back(Input::NodeReady(node));
        }
        let (plan, endpoints) = (Arc::clone(&self.plan), Arc::clone(&self.endpoints));
        let wait = self.tasks.spawn(async move {
            let result = endpoints.ready(&plan.nodes[node.index()]).await;
            Ended::Node { node, result }
        });
        self.waits.push(wait);
    }

    fn wait_to_retry(&mut self, firing: FiringId, wait: Duration) {
        let token = CancellationToken::new();
        if let Some(open) = self.open.get_mut(&firing) {
            open.token = token.clone();
        }
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = token.cancelled() => Ended::Cut(firing),
                () = sleep(wait) => Ended::Waited(firing),
            }
        });
    }

    fn forget(&mut self, firing: FiringId) {
        if let Some(open) = self.open.remove(&firing) {
            open.token.cancel();
        }
    }

    /// A step that is fed by streams is called again, in a live run, when the next message comes.
    fn go_on(&mut self, firing: FiringId) {
        if self.plan.mode == Mode::Live && self.plan.step(firing.step).feed == Feed::OpenStream {
            self.fetch(firing.step);
        }
    }

    fn break_off(&mut self, step: StepId) {
        self.flow.outlet(step).break_off();
        self.flow.abandon(step);
    }

    fn cancel_step(&mut self, step: StepId) {
        let of_step = self.open.iter().filter(|(firing, _)| firing.step == step);
        of_step.for_each(|(_, open)| open.token.cancel());
    }

    fn jitter(&mut self) -> Jitter {
        Jitter::new((self.draw() >> 32) as u32)
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.random.hash_one(self.drawn)
    }
}
