//! A firing: one use of a step.

use std::fmt;
use std::num::NonZeroU32;

use crate::plan::StepId;

/// Which firing of which step. A step that fires once has only `seq` 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiringId {
    /// The step.
    pub step: StepId,
    /// Its how-manieth firing, from 0.
    pub seq: u64,
}

impl fmt::Display for FiringId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.step, self.seq)
    }
}

/// A firing that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flight {
    /// The attempt that runs, or ran last.
    pub attempt: NonZeroU32,
    /// What it does.
    pub phase: FlightPhase,
}

/// What a firing that has not ended does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlightPhase {
    /// Its call is open.
    Calling,
    /// It waits for the next attempt.
    BackingOff,
}
