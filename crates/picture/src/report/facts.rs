//! What a report says of a run as a whole: [`Facts`].

use std::time::Duration;

/// What a report says of a run as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The run's name.
    pub run: String,
    /// The pipeline's.
    pub pipeline: String,
    /// How it ended.
    pub ending: Ending,
    /// Why it failed.
    pub cause: Option<Cause>,
    /// When it began, as text.
    pub began: String,
    /// From its beginning to its end.
    pub took: Duration,
    /// Names and texts that go with these.
    pub further: Vec<(&'static str, String)>,
    /// Names and texts about where it ran.
    pub environment: Vec<(&'static str, String)>,
    /// What the report does not tell, and why; each a sentence.
    pub unknown: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every step finished; a live run came to its end.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was stopped before any step had failed.
    Cancelled,
    /// A service did not answer; no step was called.
    Unreachable,
    /// It has no end: its process died, or did not wait for it.
    Interrupted,
    /// It goes on.
    Running,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cause {
    /// What failed, in a few words.
    pub what: String,
    /// What was said.
    pub text: String,
    /// Names and texts of what led to it.
    pub details: Vec<(&'static str, String)>,
}

impl Ending {
    /// A word or two for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "was stopped",
            Self::Unreachable => "could not begin",
            Self::Interrupted => "was interrupted",
            Self::Running => "is running",
        }
    }

    /// The symbol that it has.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Succeeded => "finished",
            Self::Failed | Self::Unreachable => "failed",
            Self::Cancelled | Self::Interrupted => "cancelled",
            Self::Running => "called",
        }
    }
}
