//! What must hold for any bytes that strangers send: one function for each kind of input, which panics where it does not.
//!
//! [`TARGETS`] lists them. libFuzzer calls them from `libfuzzer/`, a workspace of its own, and the ordinary tests replay
//! what it has kept in `corpora/`. Deliberately absent: anything unstable, and any measure of time; libFuzzer has its own
//! limits.

#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a panic is how a target says that a property is broken"
)]

mod documents;
mod looked;
mod messages;
mod protos;
mod splicer;
mod targets;
mod zip;

pub use documents::documents;
pub use messages::messages;
pub use protos::protos;
pub use splicer::splicer;
pub use targets::{TARGETS, Target, corpora};
pub use zip::{Entry, archive, zip};
