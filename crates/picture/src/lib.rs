//! A pipeline as a picture: [`mermaid`] writes the text of a Mermaid flowchart, [`dot`] that of a Graphviz graph, and
//! [`svg`] draws.
//!
//! Deliberately absent: disk, and what happened in a run. In an SVG each step is a group that names it
//! (`data-step="node:operation"`), so that whoever knows of a run can colour it.

mod dot;
mod fields;
mod label;
mod layout;
mod mermaid;
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
