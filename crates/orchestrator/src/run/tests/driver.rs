//! Plays the engine: gives inputs, keeps the events, and replays them beside.

use bytes::Bytes;

use crate::payload::Payload;
use crate::plan::{NodeId, Plan};
use crate::run::{Failure, FiringId, Input, Jitter, RunEvent, RunState, decide, sample};

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
        let events = decide(&self.plan, &mut self.state, input);
        for event in &events {
            self.replayed.apply(&self.plan, event);
        }
        assert_eq!(self.state, self.replayed);
        events
    }

    pub(super) fn succeed(&mut self, step: &str) -> Vec<String> {
        self.succeed_with(step, 0, &[step])
    }

    pub(super) fn succeed_with(&mut self, step: &str, seq: u64, outputs: &[&str]) -> Vec<String> {
        let outputs = outputs.iter().map(|text| Payload::new(Bytes::copy_from_slice(text.as_bytes())));
        self.give(Input::CallSucceeded { firing: self.firing(step, seq), outputs: outputs.collect() })
    }

    pub(super) fn fail(&mut self, step: &str, failure: Failure) -> Vec<String> {
        let jitter = Jitter::new(1 << 31);
        self.give(Input::CallFailed { firing: self.firing(step, 0), failure, jitter })
    }

    pub(super) fn inputs(&self, step: &str, seq: u64) -> Vec<String> {
        let inputs = self.state.inputs(self.firing(step, seq)).unwrap();
        inputs.iter().map(|input| String::from_utf8(input.bytes().to_vec()).unwrap()).collect()
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
            RunEvent::FiringFailed { firing: id, failure } => format!("{} failed: {failure}", firing(id)),
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
