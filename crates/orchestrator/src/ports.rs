//! The engine's ports: what it needs of the world. Traits, what passes through them, and nothing else.

mod endpoints;
mod store;
mod transport;

pub use endpoints::{Endpoints, NotReady};
pub use store::{Claim, Entry, Place, RunStore, StoreError};
pub(crate) use transport::traceparent;
pub use transport::{Call, CallMetadata, Inputs, Outputs, Progress, Transport};
