//! How a run is shown.

use std::time::SystemTime;

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::RunStore;
use aieffect_orchestrator::run::Outcome;
use aieffect_orchestrator::store::{Ending, History, StepHistory, StoredRun};

use super::model::{Model, Phase};
use super::{Error, labels};

/// How a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    /// Its name.
    pub id: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The digest of the package that it is made from.
    pub package: String,
    /// The name of the key that began it.
    pub caller: String,
    /// `batch` or `live`.
    pub mode: String,
    /// How it stands.
    pub state: State,
    /// Why it failed, or could not go on.
    pub reason: Option<String>,
    /// When it was taken.
    pub created: SystemTime,
    /// When something last happened in it.
    pub updated: SystemTime,
    /// Its steps, in plan order; none in a list.
    pub steps: Vec<StepHistory>,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its turn has not come.
    Waiting,
    /// It is being worked on.
    Running,
    /// The server was started anew, and does not know the key for its services.
    NeedsKey,
    /// It was cut off, and cannot go on by itself.
    Interrupted,
    /// All its steps finished.
    Succeeded,
    /// A step failed.
    Failed,
    /// It was asked to stop.
    Cancelled,
    /// A service could not be reached at its beginning.
    Unreachable,
}

impl State {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Running,
        Self::NeedsKey,
        Self::Interrupted,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Unreachable,
    ];

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::NeedsKey => "needs_key",
            Self::Interrupted => "interrupted",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unreachable => "unreachable",
        }
    }

    /// Whether nothing more happens in it by itself.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }
}

impl From<Outcome> for State {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::Unreachable => Self::Unreachable,
        }
    }
}

impl Model {
    pub(super) fn state_of(&self, run: &StoredRun) -> State {
        let phase = self.lock().phases.get(&run.id).cloned();
        // It may have ended since the run was read, which is stored before its phase goes.
        let ending = match (&phase, run.ending) {
            (None, Ending::Open) => {
                self.store.run(&run.id).ok().flatten().map_or(Ending::Open, |again| again.ending)
            }
            (_, ending) => ending,
        };
        match (&phase, ending) {
            (Some(Phase::Waiting), _) => State::Waiting,
            (Some(Phase::Running), _) => State::Running,
            (Some(Phase::NeedsKey), _) => State::NeedsKey,
            (Some(Phase::Interrupted(_)), _) | (None, Ending::Open) => State::Interrupted,
            (None, Ending::Ended(outcome)) => outcome.into(),
        }
    }

    /// Without its steps.
    pub(super) fn brief(&self, run: StoredRun) -> RunView {
        let state = self.state_of(&run);
        let interrupted = match self.lock().phases.get(&run.id) {
            Some(Phase::Interrupted(reason)) => Some(reason.clone()),
            Some(Phase::NeedsKey) => Some(
                "its services want a key, which the server has forgotten: resume it with the key".to_owned(),
            ),
            _ => None,
        };
        RunView {
            package: labels::wanted(&run).package,
            caller: labels::caller(&run).to_owned(),
            id: run.id,
            pipeline: run.pipeline,
            mode: run.mode,
            state,
            reason: interrupted,
            created: run.created,
            updated: run.created,
            steps: Vec::new(),
        }
    }

    pub(super) fn view(&self, run: StoredRun) -> Result<RunView, Error> {
        let mut history = History::new(&run.steps, labels::mode(&run));
        self.store.read(&run.id, 0, &mut |_, entry| history.take(&entry))?;
        let view = self.brief(run);
        Ok(RunView {
            reason: view.reason.or(history.failure),
            updated: history.last.unwrap_or(view.created),
            steps: history.steps,
            ..view
        })
    }
}
