//! What is left of a run.

use std::time::Duration;

use aieffect_blueprint::{Address, NodeName, StepName};
use bytes::Bytes;

use super::results::StepResult;
use crate::plan::{NodeId, Plan, StepId};
use crate::run::{Failure, FiringId, Outcome, RunState, StepStatus};

/// What is left of a run.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// What made it fail.
    pub cause: Option<Cause>,
    /// The nodes that did not answer; in a run that was cancelled while it waited, those still waited for.
    pub unreached: Vec<Unreached>,
    /// Why it was left before it had ended.
    pub left: Option<Left>,
    /// Every step, in plan order.
    pub steps: Vec<StepReport>,
    /// From its submission to its end.
    pub took: Duration,
}

/// Why a run was left before it had ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// What happens in it could no longer be stored.
    Unstored(String),
    /// It was held between its steps, as [`hold`](super::RunOptions::hold) says.
    Held,
}

/// One step of a run that ended.
#[derive(Debug)]
pub struct StepReport {
    /// Which.
    pub step: StepId,
    /// What became of it. `Open` is a step that the run ended before.
    pub status: StepStatus,
    /// Its kept responses.
    pub result: StepResult,
    /// How many of its firings failed; a live run goes on with the next message.
    pub failed: u64,
}

/// The first failure of a run.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The step that failed.
    pub step: StepId,
    /// Its name.
    pub name: StepName,
    /// Where its node answered.
    pub address: Option<Address>,
    /// The firing, where it was one that failed.
    pub firing: Option<FiringId>,
    /// Why.
    pub failure: Failure,
    /// The request that led to it, where one was made.
    pub request: Option<Bytes>,
}

/// A node that did not answer.
#[derive(Debug, Clone)]
pub struct Unreached {
    /// Which.
    pub node: NodeName,
    /// Where its document says that it answers.
    pub address: Address,
    /// What was tried and what came back. `None` when it was still waited for.
    pub reason: Option<String>,
}

/// The nodes that keep a run from its first firing.
pub(super) fn unreached(plan: &Plan, state: &RunState) -> Vec<Unreached> {
    let entry = |node: NodeId, reason: Option<String>| {
        let node = &plan.nodes[node.index()];
        Unreached { node: node.name.clone(), address: node.address.clone(), reason }
    };
    let failed = state.unreachable().map(|(node, reason)| entry(node, Some(reason.to_owned())));
    failed.chain(state.awaited().map(|node| entry(node, None))).collect()
}
