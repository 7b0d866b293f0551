//! The parts of a plan: nodes, steps and links.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use aieffect_blueprint::{Address, AtEnd, Idempotence, NodeName, StepName, TransportKind};
use aieffect_contract::{BoundOperation, CallShape};
use bytes::Bytes;

use super::request::{RequestPlan, TransferError, Unmade};
use crate::messages::Messages;
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
    /// How it is called.
    pub transport: TransportKind,
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

/// What sets a step firing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// One message of each link, once.
    Once,
    /// Every message that comes, each by a call of its own.
    EachMessage,
    /// The first message that comes; the call takes those behind it too.
    OpenStream,
    /// Nothing comes: a live source, which begins by itself, again and again.
    Source,
}

/// How requests are made.
#[derive(Debug, Clone)]
pub enum Requests {
    /// Each from one message of every incoming link.
    Joined(RequestPlan),
    /// Each from one message of one link; a plan for every incoming link.
    Merged(Vec<RequestPlan>),
    /// By hand: the messages of one stream.
    Listed(Vec<Bytes>),
}

impl Requests {
    /// The request made of one message of each incoming link, in their order.
    pub fn join(&self, messages: &[Bytes]) -> Result<Bytes, TransferError> {
        match self {
            Self::Joined(plan) => plan.fill(messages),
            Self::Merged(_) | Self::Listed(_) => Ok(Bytes::new()),
        }
    }

    /// Whether the request is the message of the only incoming link, whatever is in it.
    pub fn hands_on(&self) -> bool {
        match self {
            Self::Joined(plan) => plan.hands_on(),
            Self::Merged(plans) => matches!(plans.as_slice(), [plan] if plan.hands_on()),
            Self::Listed(_) => false,
        }
    }

    /// The request made of a message of the incoming link at that position, by a step that has only that link, or that
    /// merges them.
    pub fn one(&self, input: usize, message: Bytes) -> Result<Bytes, TransferError> {
        match self.of(input) {
            Some(plan) => plan.fill_only(message),
            None => Ok(Bytes::new()),
        }
    }

    /// The requests made each of a message of the incoming link at that position, and why there are no more of them, if
    /// that is for a fault of the next one. `messages` has those that are left. For the steps that [`one`](Self::one) is for.
    pub(crate) fn each(&self, input: usize, messages: &mut Messages) -> (Messages, Option<Unmade>) {
        match self.of(input) {
            Some(plan) => plan.fill_each(messages),
            None => (std::mem::take(messages), None),
        }
    }

    fn of(&self, input: usize) -> Option<&RequestPlan> {
        match self {
            Self::Joined(plan) => Some(plan),
            Self::Merged(plans) => plans.get(input),
            Self::Listed(_) => None,
        }
    }

    /// The plans, one or one for each incoming link.
    pub fn plans(&self) -> &[RequestPlan] {
        match self {
            Self::Joined(plan) => std::slice::from_ref(plan),
            Self::Merged(plans) => plans,
            Self::Listed(_) => &[],
        }
    }
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
    /// What sets it firing.
    pub feed: Feed,
    /// What fills the requests.
    pub requests: Requests,
    /// Deadline and attempts.
    pub policy: Policy,
    /// What its response must be like.
    pub success: SuccessContract,
    /// Firings at once.
    pub parallel: NonZeroU32,
    /// What becomes of a live source whose stream has ended.
    pub at_end: AtEnd,
}

impl Step {
    /// Whether its calls take a stream.
    pub fn takes_stream(&self) -> bool {
        matches!(self.operation.shape, CallShape::ClientStream | CallShape::Bidirectional)
    }

    /// Whether its calls give a stream.
    pub fn gives_stream(&self) -> bool {
        matches!(self.operation.shape, CallShape::ServerStream | CallShape::Bidirectional)
    }
}

/// What a link does when its queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// Its producer waits.
    Wait,
    /// All but the latest message are dropped.
    KeepLatest,
    /// Messages go to a file: where branches meet again, waiting would never end.
    Spool,
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
    /// What happens when its queue is full.
    pub overflow: Overflow,
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
