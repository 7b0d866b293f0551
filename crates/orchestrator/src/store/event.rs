//! The events of a run as they are stored.

use serde::{Deserialize, Serialize};

/// Something that happened in a run, as it is stored and listed. Steps are named `node:operation`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum StoredEvent {
    /// The run began.
    Started,
    /// Another process went on with it.
    Resumed {
        /// The version of `aieffect` that did.
        version: String,
        /// Steps that are called again on request, with all that come after them.
        redo: Vec<String>,
    },
    /// What came before this are results of another run.
    Continued {
        /// The other run.
        from: String,
    },
    /// A node answered.
    NodeReady {
        /// Which.
        node: String,
    },
    /// A node did not answer.
    NodeUnreachable {
        /// Which.
        node: String,
        /// What was tried and what came back.
        reason: String,
    },
    /// An attempt of a firing began.
    Fired {
        /// The step.
        step: String,
        /// Which firing of it, from 0.
        seq: u64,
        /// Which attempt, from 1, counted over all processes that worked on the run.
        attempt: u32,
    },
    /// An attempt failed and is made again.
    AttemptFailed {
        /// The step.
        step: String,
        /// Which firing of it.
        seq: u64,
        /// Which attempt.
        attempt: u32,
        /// Why.
        failure: StoredFailure,
        /// How long the next attempt waits, in seconds.
        retry_after: f64,
    },
    /// A firing ended well.
    Done {
        /// The step.
        step: String,
        /// Which firing of it.
        seq: u64,
        /// Which attempt.
        attempt: u32,
        /// What it gave.
        gave: Gave,
    },
    /// A firing failed. In a live run it is counted too, and only so many have this event.
    Failed {
        /// The step.
        step: String,
        /// Which firing of it.
        seq: u64,
        /// Which attempt.
        attempt: u32,
        /// Why.
        failure: StoredFailure,
    },
    /// A firing was given up.
    Cancelled {
        /// The step.
        step: String,
        /// Which firing of it.
        seq: u64,
        /// Which attempt.
        attempt: u32,
    },
    /// In a live run: what became of a step's firings since the last count.
    Counted {
        /// The step.
        step: String,
        /// Calls that ended.
        calls: u64,
        /// Those of them that failed.
        failed: u64,
        /// Messages given.
        messages: u64,
        /// The last failure that has no event of its own.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        failure: Option<StoredFailure>,
    },
    /// A step has no more firings to come.
    StepFinished {
        /// Which.
        step: String,
    },
    /// A step failed other than by a firing.
    StepFailed {
        /// Which.
        step: String,
        /// Why.
        failure: StoredFailure,
    },
    /// A step is not called (any more).
    StepSkipped {
        /// Which.
        step: String,
        /// The step that failed.
        because: String,
    },
    /// A live run goes to its end.
    Closing {
        /// `quiet`, or `time is up`.
        why: String,
    },
    /// The run was asked to stop.
    CancelRequested,
    /// The run ended.
    Finished {
        /// `succeeded`, `failed`, `cancelled` or `unreachable`.
        outcome: String,
    },
}

/// What a firing gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gave {
    /// One message.
    Message {
        /// Its size.
        bytes: u64,
    },
    /// A stream.
    Stream {
        /// How many messages.
        messages: u64,
        /// The size of the file that they are in; nothing where they are not stored.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        bytes: Option<u64>,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        file: Option<String>,
    },
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFailure {
    /// A word for the kind.
    pub kind: String,
    /// What was said.
    pub text: String,
}

impl StoredEvent {
    /// The step that it is about, if it is about one.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Fired { step, .. }
            | Self::AttemptFailed { step, .. }
            | Self::Done { step, .. }
            | Self::Failed { step, .. }
            | Self::Cancelled { step, .. }
            | Self::Counted { step, .. }
            | Self::StepFinished { step }
            | Self::StepFailed { step, .. }
            | Self::StepSkipped { step, .. } => Some(step),
            Self::Started
            | Self::Resumed { .. }
            | Self::Continued { .. }
            | Self::NodeReady { .. }
            | Self::NodeUnreachable { .. }
            | Self::Closing { .. }
            | Self::CancelRequested
            | Self::Finished { .. } => None,
        }
    }
}
