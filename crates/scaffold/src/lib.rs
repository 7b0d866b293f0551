//! New use cases from templates: [`use_case`] gives the files of one that runs at once.
//!
//! A service's place in the chain decides what it does: the first makes values, the last reports on them, those
//! between change them. Nothing is written here; the templates are in `templates/`.

mod name;
mod render;
mod rust;
mod service;

pub use self::name::{NameFault, UseCaseName};
pub use self::render::{Files, use_case};
pub use self::service::{Chain, ServiceFault};

/// The language that the services are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// A `server.py` with grpcio, as most partners write them.
    Python,
    /// A cargo workspace with tonic.
    Rust,
}
