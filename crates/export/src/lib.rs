//! From a resolved use case and its compiled protos to the platform's package.
//!
//! Entry point: [`package`]. The documents are written exactly as the platform's own tools write them, and
//! what it does not know goes to `execution.json`. Deliberately absent: disk, archives, and reading packages.

mod documents;
mod execution;
mod inline;
mod options;
mod package;
mod proto_text;
mod protos;

pub use options::{ExportOptions, ProtoLayout, Stamp};
pub use package::package;
