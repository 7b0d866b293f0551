//! What a run's events are for its report: [`Witness`].

use std::time::{Duration, Instant, SystemTime};

use aieffect_blueprint::TransportKind;
use aieffect_orchestrator::engine::{Origin, Recorded, Supplied};
use aieffect_orchestrator::plan::{Plan, StepId};
use aieffect_orchestrator::run::{FiringId, RunEvent};
use aieffect_picture::report::{RunRecord, StepState};

/// Sees a run's events, and keeps what its report tells. Nothing is kept for each of them but what the record holds.
pub(super) struct Witness {
    pub(super) record: RunRecord,
    /// When the first event was.
    pub(super) began: Option<SystemTime>,
    begun: Instant,
    ended: Option<Duration>,
    supplied: Supplied,
    /// The decision whose storing has been counted.
    counted: Option<Duration>,
}

impl Witness {
    pub(super) fn new(plan: &Plan) -> Self {
        let mut record = RunRecord::new(plan.mode);
        for node in &plan.nodes {
            let over_http = node.transport == TransportKind::HttpControl;
            let how = if over_http { " (http-control)" } else { "" };
            record.add_node(node.name.as_str(), &format!("{}{how}", node.address));
        }
        for step in &plan.steps {
            record.add_step(&step.name.to_string(), step.node.index());
        }
        Self {
            record,
            began: None,
            begun: Instant::now(),
            ended: None,
            supplied: Supplied::new(plan),
            counted: None,
        }
    }

    pub(super) fn see(&mut self, recorded: &Recorded) {
        let Recorded { at, since, storing, event, origin } = recorded;
        let since = *since;
        self.count_storing(since, *storing, event);
        let is_now = *origin == Origin::Now;
        match event {
            RunEvent::Started => {
                self.began = Some(*at);
                self.begun = Instant::now();
            }
            RunEvent::NodeReady { node } if is_now => self.record.node_answered(node.index(), since),
            RunEvent::FiringStarted { firing, attempt } if is_now => {
                let FiringId { step, seq } = *firing;
                self.record.called(step.index(), seq, attempt.get(), since, since + *storing);
            }
            RunEvent::FiringSucceeded { firing, .. } | RunEvent::SourceEnded { firing } => match origin {
                Origin::Now => self.record.answered(firing.step.index(), firing.seq, since),
                Origin::Stored => self.record.reused(firing.step.index(), firing.seq, since),
            },
            RunEvent::AttemptFailed { firing, failure, .. } => {
                self.record.to_be_repeated(firing.step.index(), firing.seq, since, &failure.to_string());
            }
            RunEvent::FiringFailed { firing, failure, .. } => {
                self.record.failed(firing.step.index(), firing.seq, since, &failure.to_string());
            }
            RunEvent::FiringCancelled { firing } => self.record.cut(firing.step.index(), firing.seq, since),
            RunEvent::StepFinished { step } => self.record.finished(step.index()),
            RunEvent::StepFailed { step, failure } => {
                self.record.step_failed(step.index(), since, &failure.to_string());
            }
            RunEvent::StepSkipped { step, .. } => self.record.stands(step.index(), StepState::Skipped),
            RunEvent::Finished { .. } => self.ended = Some(since),
            RunEvent::FiringStarted { .. }
            | RunEvent::NodeReady { .. }
            | RunEvent::Supplied { .. }
            | RunEvent::NodeUnreachable { .. }
            | RunEvent::SupplyEnded { .. }
            | RunEvent::Delivered { .. }
            | RunEvent::RetryDue { .. }
            | RunEvent::Closing { .. }
            | RunEvent::CancelRequested => {}
        }
        for step in self.supplied.see(event, *origin) {
            self.record.supplied(step.index(), since);
        }
    }

    /// The run has ended, or is not waited for. Gives how long it took.
    pub(super) fn close(&mut self) -> Duration {
        let end = self.ended.unwrap_or_else(|| self.begun.elapsed());
        self.record.close(end);
        end
    }

    /// Storing a decision is counted once, for the step that its first event about one is about.
    fn count_storing(&mut self, since: Duration, storing: Duration, event: &RunEvent) {
        if storing.is_zero() || self.counted == Some(since) {
            return;
        }
        if let Some(step) = step_of(event) {
            self.record.stored(step.index(), storing);
            self.counted = Some(since);
        }
    }
}

/// The step that an event is about.
fn step_of(event: &RunEvent) -> Option<StepId> {
    match event {
        RunEvent::FiringStarted { firing, .. }
        | RunEvent::AttemptFailed { firing, .. }
        | RunEvent::RetryDue { firing }
        | RunEvent::FiringSucceeded { firing, .. }
        | RunEvent::Delivered { firing }
        | RunEvent::SourceEnded { firing }
        | RunEvent::FiringFailed { firing, .. }
        | RunEvent::FiringCancelled { firing } => Some(firing.step),
        RunEvent::Supplied { step }
        | RunEvent::SupplyEnded { step }
        | RunEvent::StepFinished { step }
        | RunEvent::StepFailed { step, .. }
        | RunEvent::StepSkipped { step, .. } => Some(*step),
        RunEvent::Started
        | RunEvent::NodeReady { .. }
        | RunEvent::NodeUnreachable { .. }
        | RunEvent::Closing { .. }
        | RunEvent::CancelRequested
        | RunEvent::Finished { .. } => None,
    }
}
