//! The parts of a plan: nodes, steps and links.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use aieffect_blueprint::{Address, Idempotence, NodeName, StepName};
use aieffect_contract::BoundOperation;

use super::request::RequestPlan;
use crate::success::SuccessContract;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            pub(crate) fn new(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }

            /// Position in the plan.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A step's position in [`Plan::steps`](super::Plan::steps).
    StepId
);
id!(
    /// A link's position in [`Plan::links`](super::Plan::links).
    LinkId
);
id!(
    /// A node's position in [`Plan::nodes`](super::Plan::nodes).
    NodeId
);

/// A node that is called in a run.
#[derive(Debug, Clone)]
pub struct PlannedNode {
    /// Its name.
    pub name: NodeName,
    /// Where its document says that it answers.
    pub address: Address,
}

/// How many messages pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplicity {
    /// One per run.
    One,
    /// Any number.
    Many,
}

/// What a step makes of its incoming links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gather {
    /// It fires once it has an input from every one of them (batch).
    Join,
    /// It fires for every message of any of them (live).
    Merge,
}

/// One operation of one node.
#[derive(Debug, Clone)]
pub struct Step {
    /// `node:operation`.
    pub name: StepName,
    /// The node that is called.
    pub node: NodeId,
    /// The RPC: its path, call shape and messages.
    pub operation: BoundOperation,
    /// What it makes of its incoming links.
    pub gather: Gather,
    /// Incoming links, in the document's order.
    pub inputs: Vec<LinkId>,
    /// Outgoing links, in the document's order.
    pub outputs: Vec<LinkId>,
    /// How many responses it gives in a run.
    pub gives: Multiplicity,
    /// What fills the request.
    pub request: RequestPlan,
    /// Deadline and attempts.
    pub policy: Policy,
    /// What its response must be like.
    pub success: SuccessContract,
    /// Firings at once.
    pub parallel: NonZeroU32,
}

/// A connection between two steps.
#[derive(Debug, Clone)]
pub struct PlannedLink {
    /// Whose response it carries.
    pub from: StepId,
    /// Whose request it fills.
    pub to: StepId,
    /// How many messages it carries in a run.
    pub carries: Multiplicity,
}

/// Deadline and attempts of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Longest time for one attempt.
    pub deadline: Duration,
    /// How often at most.
    pub attempts: NonZeroU32,
    /// Wait before the second attempt; doubles from there.
    pub backoff: Duration,
    /// Whether a second attempt can do harm.
    pub idempotence: Idempotence,
}
