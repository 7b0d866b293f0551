//! What there is, as messages.

use std::time::SystemTime;

use aieffect_api::v1;
use aieffect_blueprint::Mode;
use aieffect_orchestrator::ports::Entry;
use aieffect_orchestrator::store::{StepHistory, StepState};
use prost_types::Timestamp;
use serde_json::Value;

use crate::events;
use crate::packages::KeptPackage;
use crate::runs::{NodeHealth, RunView, State};

pub(super) fn pipeline(package: KeptPackage) -> v1::Pipeline {
    v1::Pipeline {
        digest: package.digest,
        name: package.name,
        created_at: at(package.created),
        size_bytes: package.size,
    }
}

pub(super) fn run(run: RunView) -> v1::Run {
    let mode = if run.mode == Mode::Live.as_str() { v1::Mode::Live } else { v1::Mode::Batch };
    v1::Run {
        id: run.id.to_string(),
        pipeline: run.package,
        name: run.pipeline,
        key: run.caller,
        mode: mode.into(),
        state: state(run.state).into(),
        reason: run.reason.unwrap_or_default(),
        created_at: at(run.created),
        updated_at: at(run.updated),
        steps: run.steps.into_iter().map(step).collect(),
    }
}

fn state(state: State) -> v1::RunState {
    match state {
        State::Waiting => v1::RunState::Waiting,
        State::Running => v1::RunState::Running,
        State::NeedsKey => v1::RunState::NeedsKey,
        State::Interrupted => v1::RunState::Interrupted,
        State::Succeeded => v1::RunState::Succeeded,
        State::Failed => v1::RunState::Failed,
        State::Cancelled => v1::RunState::Cancelled,
        State::Unreachable => v1::RunState::Unreachable,
    }
}

/// The state that is asked for; `None` for any.
pub(super) fn wanted_state(wanted: v1::RunState) -> Option<State> {
    State::ALL.into_iter().find(|known| state(*known) == wanted)
}

fn step(step: StepHistory) -> v1::Step {
    use v1::step::State;
    let state = match step.state {
        StepState::Waiting => State::Waiting,
        StepState::Called => State::Called,
        StepState::Finished => State::Finished,
        StepState::Reused => State::Reused,
        StepState::Failed => State::Failed,
        StepState::Skipped => State::Skipped,
        StepState::Cancelled => State::Cancelled,
    };
    v1::Step {
        name: step.name,
        state: state.into(),
        calls: step.calls,
        attempts: step.attempts,
        messages: step.messages,
        bytes: step.bytes,
        began_at: step.began.and_then(at),
        ended_at: step.ended.and_then(at),
        failure: step.failure.unwrap_or_default(),
    }
}

pub(super) fn event(position: u64, entry: &Entry) -> v1::RunEvent {
    let json = events::shown(position, entry);
    let kind = json.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
    v1::RunEvent { position, at: at(entry.at), kind, json: json.to_string() }
}

pub(super) fn node(node: NodeHealth) -> v1::Node {
    v1::Node {
        name: node.name,
        address: node.address,
        is_ready: node.trouble.is_none(),
        reason: node.trouble.unwrap_or_default(),
        calls_refused: node.refused.unwrap_or_default(),
    }
}

fn at(time: SystemTime) -> Option<Timestamp> {
    Some(time.into())
}
