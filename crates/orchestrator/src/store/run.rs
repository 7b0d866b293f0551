//! What is remembered of a run as a whole.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::engine::RunId;
use crate::run::Outcome;

/// A run as it was begun, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// Its name.
    pub id: RunId,
    /// When it began.
    pub created: SystemTime,
    /// The pipeline's name.
    pub pipeline: String,
    /// A digest of the documents that it was planned from.
    pub digest: String,
    /// What was given by `--initial-data`, as text; empty when nothing was.
    pub initial_data: String,
    /// `batch` or `live`.
    pub mode: String,
    /// The folder that its services exchanged files in.
    pub data: String,
    /// The version of `aieffect` that began it.
    pub version: String,
    /// Its steps, in plan order.
    pub steps: Vec<String>,
    /// What whoever began it wants to find it by.
    pub labels: BTreeMap<String, String>,
    /// How it ended.
    pub ending: Ending,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It has not, or its process died.
    Open,
    /// It has.
    Ended(Outcome),
}

impl Ending {
    /// The word that is stored.
    pub(super) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Open => None,
            Self::Ended(outcome) => Some(outcome.as_str()),
        }
    }

    /// From the word that was stored. An unknown one is of a version that knows more endings: a failure.
    pub(super) fn of(word: Option<&str>) -> Self {
        word.map_or(Self::Open, |word| Self::Ended(Outcome::of(word).unwrap_or(Outcome::Failed)))
    }
}
