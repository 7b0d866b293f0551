//! Stores of runs, and the form in which they remember them.
//!
//! [`SqliteStore`] keeps runs in a folder, [`MemoryStore`] while the process lives. What is stored names steps and
//! nodes by their names, so that it can be read without a plan. Deliberately absent: what a run does with what it
//! remembers ([`Memo`](crate::memo::Memo)), and where a store lies.

#[cfg(test)]
mod conformance;
mod event;
mod history;
mod memory;
mod run;
mod sqlite;
mod stream;

pub use event::{Gave, StoredEvent, StoredFailure};
pub use history::{History, StepHistory, StepState};
pub use memory::MemoryStore;
pub use run::{Ending, StoredRun};
pub use sqlite::{Durability, RunClaim, SqliteStore};
pub(crate) use stream::{StreamReader, StreamWriter};
