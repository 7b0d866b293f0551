//! Plays the engine: gives inputs, keeps the events, and replays them beside.

use bytes::Bytes;

use crate::payload::Payload;
use crate::plan::{NodeId, Plan, StepId};
use crate::run::{Failure, FiringId, Given, Input, Jitter, Pace, Repeat, RunEvent, RunState, decide, sample};

pub(super) struct Driver {
    pub plan: Plan,
    pub state: RunState,
    replayed: RunState,
}

impl Driver {
    /// A run whose nodes have all answered. Also gives what was decided so far.
    pub(super) fn started(plan: Plan) -> (Self, Vec<String>) {
        let mut driver = Self::new(plan);
        let mut events = driver.give(Input::Start);
        for node in 0..driver.plan.nodes.len() {
            events = driver.give(Input::NodeReady(NodeId::new(node)));
        }
        let firings = events.split_off(1);
        (driver, firings)
    }

    pub(super) fn new(plan: Plan) -> Self {
        let state = RunState::new(&plan);
        Self { replayed: state.clone(), state, plan }
    }

    /// What follows, as text. Replaying it leads to the same state, whatever came before.
    pub(super) fn give(&mut self, input: Input) -> Vec<String> {
        self.events(input).iter().map(|event| self.told(event)).collect()
    }

    pub(super) fn events(&mut self, input: Input) -> Vec<RunEvent> {
        let events = decide(&self.plan, &mut self.state, input, Pace::Going);
        for event in &events {
            self.replayed.apply(&self.plan, event);
        }
        assert_eq!(self.state, self.replayed);
        events
    }

    pub(super) fn succeed(&mut self, step: &str) -> Vec<String> {
        self.succeed_with(step, 0, step)
    }

    pub(super) fn succeed_with(&mut self, step: &str, seq: u64, message: &str) -> Vec<String> {
        let given = Given::Message(Payload::new(Bytes::copy_from_slice(message.as_bytes())));
        self.give(Input::CallSucceeded { firing: self.firing(step, seq), given })
    }

    /// A call that gave so many messages by its stream ends.
    pub(super) fn stream(&mut self, step: &str, seq: u64, messages: u64) -> Vec<String> {
        self.give(Input::CallSucceeded { firing: self.firing(step, seq), given: Given::Streamed(messages) })
    }

    pub(super) fn step(&self, step: &str) -> StepId {
        sample::step(&self.plan, step)
    }

    pub(super) fn fail(&mut self, step: &str, failure: Failure) -> Vec<String> {
        self.fail_of(step, 0, failure, Repeat::Possible)
    }

    pub(super) fn fail_of(&mut self, step: &str, seq: u64, failure: Failure, repeat: Repeat) -> Vec<String> {
        let jitter = Jitter::new(1 << 31);
        self.give(Input::CallFailed { firing: self.firing(step, seq), failure, repeat, jitter })
    }

    /// The kept messages of the step's links that carry one.
    pub(super) fn inputs(&self, step: &str) -> Vec<String> {
        let inputs = &self.plan.step(self.step(step)).inputs;
        let kept = inputs.iter().filter_map(|link| self.state.kept(*link));
        kept.map(|message| String::from_utf8(message.bytes().to_vec()).unwrap()).collect()
    }

    pub(super) fn firing(&self, step: &str, seq: u64) -> FiringId {
        FiringId { step: sample::step(&self.plan, step), seq }
    }

    fn told(&self, event: &RunEvent) -> String {
        let step = |step| self.plan.step(step).name.to_string();
        let firing = |firing: &FiringId| match firing.seq {
            0 => step(firing.step),
            seq => format!("{}#{seq}", step(firing.step)),
        };
        match event {
            RunEvent::Started => "started".into(),
            RunEvent::NodeReady { node } => format!("{} ready", self.plan.nodes[node.index()].name),
            RunEvent::NodeUnreachable { node, reason } => {
                format!("{} unreachable: {reason}", self.plan.nodes[node.index()].name)
            }
            RunEvent::FiringStarted { firing: id, attempt } if attempt.get() == 1 => {
                format!("call {}", firing(id))
            }
            RunEvent::FiringStarted { firing: id, attempt } => {
                format!("call {} again ({attempt})", firing(id))
            }
            RunEvent::AttemptFailed { firing: id, retry_after, .. } => {
                format!("{} again in {} ms", firing(id), retry_after.as_millis())
            }
            RunEvent::RetryDue { firing: id } => format!("{} due", firing(id)),
            RunEvent::FiringSucceeded { firing: id, .. } => format!("{} ok", firing(id)),
            RunEvent::Supplied { step: id } => format!("{} supplied", step(*id)),
            RunEvent::SupplyEnded { step: id } => format!("{} has all", step(*id)),
            RunEvent::Delivered { firing: id } => format!("{} delivered", firing(id)),
            RunEvent::SourceEnded { firing: id } => format!("{} has no more", firing(id)),
            RunEvent::Closing { why } => format!("closing: {why:?}"),
            RunEvent::FiringFailed { firing: id, failure, .. } => format!("{} failed: {failure}", firing(id)),
            RunEvent::FiringCancelled { firing: id } => format!("{} cancelled", firing(id)),
            RunEvent::StepFinished { step: id } => format!("{} finished", step(*id)),
            RunEvent::StepFailed { step: id, failure } => format!("{} failed: {failure}", step(*id)),
            RunEvent::StepSkipped { step: id, because } => {
                format!("{} skipped for {}", step(*id), step(*because))
            }
            RunEvent::CancelRequested => "cancel".into(),
            RunEvent::Finished { outcome } => format!("run {outcome:?}"),
        }
    }
}

pub(super) fn fatal() -> Failure {
    Failure::Unsuccessful { message: "no rows".into() }
}

pub(super) fn refused() -> Failure {
    Failure::NeverReached { reason: "connection refused".into() }
}
