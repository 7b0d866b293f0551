//! From `.proto` texts to operations, call shapes, and whether linked messages fit.
//!
//! [`interfaces`] lists what the services of a use case offer; [`ProtoSet::compile`] binds the operations of
//! a pipeline; [`fits`] compares two fields; [`designer`] lists what the platform's designer cannot take. Deliberately absent: disk, network, generated code, runs.

mod bind;
pub mod control;
mod designer;
mod fault;
mod fit;
mod guard;
mod interface;
mod linked;
mod location;
mod operation;
mod parsed;
mod proto_set;
mod reach;
#[cfg(test)]
mod testing;
mod tokens;
mod undefined;

pub use designer::designer;
pub use fit::{Misfit, fits};
pub use interface::interfaces;
pub use operation::{BoundOperation, CallShape};
pub use proto_set::{NodeProto, ProtoSet};
pub use reach::ProtoFile;
