//! What a run may ask of its plan beside what its documents say.

use std::num::{NonZeroU32, NonZeroU64};

use aieffect_blueprint::{Mode, Pipeline};

use super::cycle::{Cycle, Started};

/// Choices for one run; each that is not made is left to the documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// How it runs.
    pub mode: Option<Mode>,
    /// Messages that wait between two operations.
    pub queue_size: Option<NonZeroU32>,
    /// Messages taken from each live source.
    pub iterations: Option<NonZeroU64>,
}

impl PlanOptions {
    /// The mode that is asked for here, else in the document, else the one that the links call for: only live
    /// mode can run a cycle, and only one that a source sets going.
    pub(super) fn mode(&self, pipeline: &Pipeline, cycles: &[Cycle]) -> Mode {
        let said = self.mode.or_else(|| pipeline.execution().mode.as_ref().map(|mode| mode.value));
        said.unwrap_or_else(|| {
            let is_live = cycles.iter().any(|cycle| cycle.started == Started::BySource);
            if is_live { Mode::Live } else { Mode::Batch }
        })
    }

    pub(super) fn queue_size(&self, pipeline: &Pipeline) -> NonZeroU32 {
        self.queue_size.unwrap_or_else(|| pipeline.execution().queue_size)
    }
}
