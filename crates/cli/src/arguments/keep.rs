//! What can be typed about storing runs and going on with them.

use std::path::PathBuf;

use aieffect_orchestrator::store::Durability;

/// Where a run is stored, and which one is gone on with.
#[derive(Debug, clap::Args)]
pub(crate) struct KeepFlags {
    /// Store the run in this folder [default: .aieffect/store in the package or use case]
    #[arg(long, value_name = "DIR", env = "AIEFFECT_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Store nothing: the run cannot be resumed
    #[arg(long, env = "AIEFFECT_NO_STORE", conflicts_with_all = ["durable", "resume", "redo"])]
    pub(crate) no_store: bool,
    /// Wait for the disk at every step, so that a loss of power too costs no finished step
    #[arg(long, env = "AIEFFECT_DURABLE")]
    pub(crate) durable: bool,
    /// Go on with a stored run: finished steps are not called again
    #[arg(long, value_name = "RUN|latest", env = "AIEFFECT_RESUME")]
    pub(crate) resume: Option<String>,
    /// When resuming, call this step again, and all that comes after it; may be repeated
    #[arg(long, value_name = "CONTAINER:OPERATION", env = "AIEFFECT_REDO", value_delimiter = ',')]
    pub(crate) redo: Vec<String>,
}

impl KeepFlags {
    /// What is survived by what has been stored.
    pub(crate) fn durability(&self) -> Durability {
        if self.durable { Durability::Power } else { Durability::Process }
    }
}
