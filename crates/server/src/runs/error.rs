//! Why something was not done with a run.

use aieffect_orchestrator::engine::RunId;
use aieffect_orchestrator::ports::StoreError;

use crate::packages::Refusal;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The package, or what it is to be run with, is not good.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The request cannot be met as it is.
    #[error("{reason}")]
    NotUnderstood {
        /// Why not.
        reason: String,
    },
    /// The package is needed.
    #[error("run {run} is made from it; delete the runs of a pipeline first")]
    InUse {
        /// By this run, perhaps among others.
        run: RunId,
    },
    /// As many runs wait as may.
    #[error("{waiting} runs wait for their turn, which is as many as may; try again in a while")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// Another request had that name.
    #[error("the idempotency key `{key}` has been used for another request")]
    OtherRequest {
        /// The name.
        key: String,
    },
    /// There is no such run.
    #[error("there is no run {run}")]
    NoRun {
        /// What was asked for.
        run: String,
    },
    /// The run is not in a state for that.
    #[error("run {run} is {state}: {needs}")]
    WrongState {
        /// Which.
        run: RunId,
        /// How it is.
        state: &'static str,
        /// What it would have to be.
        needs: &'static str,
    },
    /// The pipeline has no such step.
    #[error("run {run} has no step `{step}`")]
    NoStep {
        /// Which run.
        run: RunId,
        /// What was asked for.
        step: String,
    },
    /// The store did not do as asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A node that the server does not call.
    #[error(
        "the node `{node}` is at {address}, which this server does not call; `--allow-endpoints` names what it does"
    )]
    NotAllowed {
        /// Which.
        node: String,
        /// Where.
        address: String,
    },
    /// The key for the services cannot be one.
    #[error("the key for the services {reason}")]
    BadServiceKey {
        /// Why.
        reason: String,
    },
    /// The server stops.
    #[error("the server is stopping; try again when it is back")]
    Stopping,
}
