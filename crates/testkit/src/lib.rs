//! In-process gRPC services and fixture paths, for tests only.
//!
//! [`Server`] serves any proto with closures, [`Reply`] says what a call comes to, be it a hang or a dead
//! connection; [`ControlServer`] is a service with an HTTP control interface; [`Authority`] issues certificates; [`compose_config`] asks a compose tool; [`random`] makes protos, messages
//! and pipelines up; [`require`] and [`skip!`] leave tests out and count them; [`repo_root`] and its like find fixtures. Deliberately absent: anything of the orchestrator.

#![allow(clippy::panic, reason = "whoever uses this is a test, and a panic is how a test fails")]

mod certificates;
mod compose;
mod control;
mod fault;
mod fixtures;
mod gate;
mod protos;
pub mod random;
mod reply;
mod server;
mod skip;

pub use certificates::{Authority, Certified, ServerTls};
pub use compose::{compose_config, compose_tool};
pub use control::{ControlReply, ControlRequest, ControlServer};
pub use fault::fault_service;
pub use fixtures::{repo_root, shared_dir, use_case};
pub use gate::{Gate, Meeting};
pub use protos::Protos;
pub use reply::{Received, Reply};
pub use server::{Bound, Health, Server, Talk};
pub use skip::{Requirement, note_skip, require};
