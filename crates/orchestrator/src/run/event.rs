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
    /// What a step's next firing is made of has come in.
    Supplied {
        /// Which.
        step: StepId,
    },
    /// Nothing more comes in for a step.
    SupplyEnded {
        /// Which.
        step: StepId,
    },
    /// A firing ended well.
    FiringSucceeded {
        /// Which.
        firing: FiringId,
        /// What it gave.
        given: Given,
    },
    /// The queues behind a step have taken what a firing gave.
    Delivered {
        /// Which.
        firing: FiringId,
    },
    /// A live source said that it has no more data.
    SourceEnded {
        /// The firing that it said so in.
        firing: FiringId,
    },
    /// A firing failed; in batch with it its step.
    FiringFailed {
        /// Which.
        firing: FiringId,
        /// Why.
        failure: Failure,
        /// How many messages of a stream it gave before.
        given: u64,
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
    /// A live run goes to its end: sources are ended, and what waits is worked off.
    Closing {
        /// Why.
        why: Closing,
    },
    /// The run was asked to stop.
    CancelRequested,
    /// The run ended.
    Finished {
        /// How.
        outcome: Outcome,
    },
}

/// What a firing gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// One message.
    Message(Payload),
    /// A stream of so many messages, which have been handed on.
    Streamed(u64),
}

/// Why a live run goes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closing {
    /// Its sources have ended, and for a while nothing has moved.
    Quiet,
    /// The time that it was given is over.
    TimeIsUp,
    /// It is held, and could not be gone on with.
    Held,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every step finished; a live run came to its end.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was cancelled before any step had failed.
    Cancelled,
    /// A node did not answer; no step was called.
    Unreachable,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Succeeded, Self::Failed, Self::Cancelled, Self::Unreachable];

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unreachable => "unreachable",
        }
    }

    /// The outcome of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

impl Closing {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::TimeIsUp => "time is up",
            Self::Held => "held",
        }
    }
}
