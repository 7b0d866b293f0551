//! From a pipeline and its protos to a [`Plan`]: order, call shapes, what fills each request, policies.
//!
//! Pure: a plan is a value that can be printed, tested and measured without any service running.

mod build;
mod choose;
mod control;
mod cycle;
mod explain;
mod fill;
mod flow;
mod graph;
mod initial;
mod inlined;
mod offer;
mod options;
mod order;
mod overlay;
mod provider;
mod request;
mod spool;
mod step;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

pub use self::build::plan;
pub use self::explain::explain;
pub use self::initial::InitialData;
pub use self::options::PlanOptions;
pub(crate) use self::request::Unmade;
pub use self::request::{Carry, RequestPlan, TransferError};
pub use self::step::{
    Feed, Gather, LinkId, Multiplicity, NodeId, Overflow, PlannedLink, PlannedNode, Policy, Requests, Step,
    StepId,
};
pub use self::wire::{AsIs, Spliced};

use std::num::{NonZeroU32, NonZeroU64};

use aieffect_blueprint::Mode;

/// Everything about a run that is known before it starts. Steps stand in an order in which each comes after
/// those that it takes from; on a cycle, which only a live plan has, after one of them at least.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The pipeline's name.
    pub name: String,
    /// Whether the run ends by itself once every step has.
    pub mode: Mode,
    /// The nodes that are called.
    pub nodes: Vec<PlannedNode>,
    /// The steps, in plan order.
    pub steps: Vec<Step>,
    /// The links that carry messages, in the document's order. In live mode those between operations that are
    /// never called, and those whose messages have no fields, are not among them.
    pub links: Vec<PlannedLink>,
    /// Unary calls at once, in batch.
    pub max_parallel: NonZeroU32,
    /// Messages that wait in a link's queue.
    pub queue_size: NonZeroU32,
    /// Messages taken from each live source.
    pub iterations: Option<NonZeroU64>,
}

impl Plan {
    /// The step of that number.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.index()]
    }

    /// The link of that number.
    pub fn link(&self, id: LinkId) -> &PlannedLink {
        &self.links[id.index()]
    }

    /// The node that a step calls.
    pub fn node_of(&self, id: StepId) -> &PlannedNode {
        &self.nodes[self.step(id).node.index()]
    }

    /// The numbers of the nodes.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(NodeId::new)
    }

    /// The steps with their numbers, in plan order.
    pub fn steps(&self) -> impl Iterator<Item = (StepId, &Step)> {
        self.steps.iter().enumerate().map(|(index, step)| (StepId::new(index), step))
    }
}
