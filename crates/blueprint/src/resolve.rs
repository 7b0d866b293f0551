//! From what was read to a validated [`Pipeline`]: [`use_case()`] and [`package()`].

mod index;
mod order;
mod package;
mod use_case;

use std::collections::BTreeMap;

use crate::{Interface, Pipeline, ServiceName};

pub use self::package::{package, sketch_of_package};
pub use self::use_case::{sketch_of_use_case, use_case};

/// What can be made of documents with mistakes: parts may be missing. It serves to look for further mistakes,
/// so that all are found at once, and is no pipeline to run.
#[derive(Debug)]
pub struct Sketch(Pipeline);

impl Sketch {
    /// The parts that are there, for looking at.
    pub fn pipeline(&self) -> &Pipeline {
        &self.0
    }
}

/// What each service of a use case offers, by its folder.
pub type Interfaces = BTreeMap<ServiceName, Interface>;
