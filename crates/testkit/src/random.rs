//! Random protos, messages, bytes and pipelines, made of bytes: a property test or a fuzzer changes the bytes, and
//! what is made of them changes a little.

mod choices;
mod json;
mod message;
mod plain;
mod schema;
mod transfer;
mod wire;

pub use choices::Choices;
pub use message::message;
pub use plain::{Plain, plain};
pub use schema::Schema;
pub use transfer::Transfer;
pub use wire::wire;
