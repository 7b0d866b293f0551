//! Plans and runs pipelines over gRPC services.
//!
//! A [`Pipeline`](aieffect_blueprint::Pipeline) and its protos become a [`plan::Plan`]; the engine runs it
//! through three ports. Deliberately absent: arguments, Docker, where a package lies, and any server.

mod control;
pub mod engine;
pub mod memo;
pub mod messages;
pub mod payload;
pub mod plan;
pub mod ports;
pub mod run;
pub mod single;
pub mod store;
pub mod success;
pub mod transport;
pub mod values;
