//! Runs plans: the only place that spawns tasks and reads clocks.
//!
//! [`Orchestrator::submit`] starts a run and gives its [`RunHandle`]. One task owns the run's state; it takes
//! what happened, lets [`decide`](crate::run::decide) say what follows, and performs that. Deliberately
//! absent: what a call is made over, how a node comes up, and how results are shown.

mod actor;
mod attempt;
mod chronicle;
mod effects;
mod flow;
mod handle;
mod journal;
mod judge;
mod meter;
mod options;
mod record;
mod replay;
mod report;
mod results;
mod shutdown;
mod supplied;
#[cfg(test)]
mod tests;
mod transfers;
mod watch;

pub use chronicle::Chronicle;
pub use handle::{Orchestrator, RunHandle};
pub use meter::{Meters, Passed};
pub use options::{RunId, RunIdError, RunOptions};
pub use record::{Observer, Origin, Recorded};
pub use report::{Cause, Left, RunReport, StepReport, Unreached};
pub use results::{Keep, StepResult};
pub use supplied::Supplied;
pub use transfers::Transfers;
