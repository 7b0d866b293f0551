//! The run core: what happened so far, and what happens next.
//!
//! [`decide`] turns an [`Input`] into [`RunEvent`]s; [`RunState::apply`] folds each of them in, then and on
//! replay alike. Deliberately absent: clocks, tasks, calls and randomness. They are the engine's, and reach
//! the core as inputs.

mod decide;
mod event;
mod failure;
mod firing;
mod retry;
#[cfg(test)]
pub(crate) mod sample;
mod state;
#[cfg(test)]
mod tests;
mod turns;

pub use decide::{Input, Pace, Repeat, decide};
pub use event::{Closing, Given, Outcome, RunEvent};
pub use failure::{Direction, Failure, StatusCode};
pub use firing::FiringId;
pub use retry::{Jitter, may_repeat};
pub(crate) use state::sources;
pub use state::{FirstFailure, RunState, StepStatus};
