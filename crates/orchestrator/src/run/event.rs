//! What happens in a run: the seam between the engine and everyone who watches, stores or replays.

use std::num::NonZeroU32;
use std::time::Duration;

use super::failure::Failure;
use super::firing::FiringId;
use crate::payload::Payload;
use crate::plan::{NodeId, StepId};

/// One thing that happened. Plain data; the plan has the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEvent {
    /// The run began; its nodes are waited for.
    Started,
    /// A node answers.
    NodeReady {
        /// Which.
        node: NodeId,
    },
    /// A node did not answer, and is no longer waited for.
    NodeUnreachable {
        /// Which.
        node: NodeId,
        /// What was tried and what came back.
        reason: String,
    },
    /// An attempt of a firing began.
    FiringStarted {
        /// Which.
        firing: FiringId,
        /// Its how-manieth attempt, from 1.
        attempt: NonZeroU32,
    },
    /// An attempt failed and is made again.
    AttemptFailed {
        /// Which.
        firing: FiringId,
        /// Its how-manieth attempt.
        attempt: NonZeroU32,
        /// Why.
        failure: Failure,
        /// How long the next attempt waits.
        retry_after: Duration,
    },
    /// A firing's wait is over; it begins its next attempt as soon as there is a place.
    RetryDue {
        /// Which.
        firing: FiringId,
    },
    /// A firing ended well.
    FiringSucceeded {
        /// Which.
        firing: FiringId,
        /// Its responses.
        outputs: Vec<Payload>,
    },
    /// A firing failed, and with it its step.
    FiringFailed {
        /// Which.
        firing: FiringId,
        /// Why.
        failure: Failure,
    },
    /// A firing was given up, since the run is cancelled or its step has ended.
    FiringCancelled {
        /// Which.
        firing: FiringId,
    },
    /// A step has no more firings to come.
    StepFinished {
        /// Which.
        step: StepId,
    },
    /// A step failed other than by a firing.
    StepFailed {
        /// Which.
        step: StepId,
        /// Why.
        failure: Failure,
    },
    /// A step is not called (any more), since one that it takes from failed or was skipped.
    StepSkipped {
        /// Which.
        step: StepId,
        /// The step that failed.
        because: StepId,
    },
    /// The run was asked to stop.
    CancelRequested,
    /// The run ended.
    Finished {
        /// How.
        outcome: Outcome,
    },
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every step finished.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was cancelled before any step had failed.
    Cancelled,
    /// A node did not answer; no step was called.
    Unreachable,
}
