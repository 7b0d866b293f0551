//! Many runs in one long-lived process.
//!
//! [`Runs`](runs::Runs) is the one model of a run that every face shows: it takes what is to be run, lets a few run at
//! once, and knows what became of all. The store is the truth: what it does not have did not happen. [`Packages`] keeps what
//! runs are made from, [`Keys`] says who may ask for what. Faces only translate: [`rest`] is the native one over HTTP,
//! [`grpc`] the same over gRPC, [`earlier`] that of the orchestrator that came before.
//!
//! [`listen`] is the door of them all.
//!
//! Deliberately absent: which store and which transport there is, how services come to run, arguments, and signals.

pub mod allow;
pub mod earlier;
mod events;
pub mod grpc;
pub mod keys;
mod kind;
pub mod listen;
mod metrics;
pub mod notices;
pub mod packages;
pub mod rest;
pub mod runs;
mod time;

pub use allow::Allowed;
pub use keys::{Caller, Keys, Scope};
pub use packages::Packages;
