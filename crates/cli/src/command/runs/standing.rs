//! How a stored run stands: [`Standing`].

use std::time::Duration;

use aieffect_orchestrator::ports::{RunStore, StoreError};
use aieffect_orchestrator::store::{Ending, History, SqliteStore, StoredRun};

use crate::keep;

/// A run with what its events come to.
pub(super) struct Standing {
    pub(super) run: StoredRun,
    pub(super) history: History,
    is_claimed: bool,
}

impl Standing {
    pub(super) fn of(store: &SqliteStore, run: StoredRun) -> Result<Self, StoreError> {
        let mut history = History::new(&run.steps, keep::mode_of(&run));
        store.read(&run.id, 0, &mut |_, entry| history.take(&entry))?;
        Ok(Self { is_claimed: store.is_claimed(&run.id), run, history })
    }

    /// A word for how it ended, or what it does.
    pub(super) fn outcome(&self) -> &'static str {
        match self.run.ending {
            Ending::Ended(outcome) => outcome.as_str(),
            Ending::Open if self.is_claimed => "running",
            Ending::Open => "interrupted",
        }
    }

    /// From its beginning to its last event.
    pub(super) fn took(&self) -> Duration {
        let last = self.history.last.and_then(|last| last.duration_since(self.run.created).ok());
        last.unwrap_or_default()
    }

    /// `2/3`.
    pub(super) fn steps(&self) -> String {
        format!("{}/{}", self.history.finished(), self.run.steps.len())
    }
}
