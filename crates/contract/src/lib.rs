//! From .proto texts to operations, call shapes, and whether linked messages fit.

mod operation;

pub use operation::{BoundOperation, CallShape};
