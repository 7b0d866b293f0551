//! A pipeline as a picture: [`mermaid`] writes the text of a Mermaid flowchart, [`dot`] that of a Graphviz graph, and
//! [`svg`] draws. A run as a page: [`report`](report::report).
//!
//! Deliberately absent: disk, clocks, and the engine. In an SVG each step is a group that names it
//! (`data-step="node:operation"`), which the report colours by what became of it.

mod dot;
mod fields;
mod label;
mod layout;
mod mermaid;
pub mod report;
mod svg;
#[cfg(test)]
mod testing;

use std::collections::HashSet;

use aieffect_blueprint::{OperationId, Pipeline};

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

/// The operations that links lead to; all others are where a run starts.
fn led_to(pipeline: &Pipeline) -> HashSet<OperationId> {
    pipeline.links().iter().map(|link| link.to).collect()
}
