//! What a run is told beside its plan.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::results::Keep;
use super::transfers::Transfers;
use crate::memo::Memo;
use crate::success::DataFolder;

/// A run's name, told to services with every call: 1 to 64 letters, digits, `-` or `_`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(Arc<str>);

/// A text that is no run id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a run id: 1 to 64 letters, digits, `-` or `_`")]
pub struct RunIdError(String);

impl RunId {
    /// Checks that `text` is a run id.
    pub fn new(text: &str) -> Result<Self, RunIdError> {
        let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if letters && (1..=64).contains(&text.len()) {
            return Ok(Self(Arc::from(text)));
        }
        Err(RunIdError(text.chars().take(80).collect()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a run is told beside its plan.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Its name.
    pub id: RunId,
    /// Which responses are kept for the report.
    pub keep: Keep,
    /// The run's data folder, for conditions on files.
    pub data: DataFolder,
    /// How long open calls may take to end once the run is cancelled.
    pub grace: Duration,
    /// Once it is cancelled no call is begun any more, and the run is left where those that are open have ended: as it is in
    /// the store, to be gone on with.
    pub hold: CancellationToken,
    /// How long nothing may move before a live run whose sources have ended is at its end.
    pub quiet: Duration,
    /// How long a live run lasts at most.
    pub lasting: Option<Duration>,
    /// Where it is stored, and what it need not call again; without, it is forgotten.
    pub memo: Option<Arc<Memo>>,
    /// Where it is counted how long making requests takes; several runs may share one.
    pub transfers: Arc<Transfers>,
}

impl RunOptions {
    /// Keeps all responses; ten seconds of grace, two of quiet.
    pub fn new(id: RunId) -> Self {
        Self {
            id,
            keep: Keep::All,
            data: DataFolder::default(),
            grace: Duration::from_secs(10),
            hold: CancellationToken::new(),
            quiet: Duration::from_secs(2),
            lasting: None,
            memo: None,
            transfers: Arc::default(),
        }
    }
}
