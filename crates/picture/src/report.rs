//! The report of a run: a page that needs nothing beside itself.
//!
//! [`RunRecord`] takes in what happens, in bounded memory; [`Facts`] says what a run was as a whole; [`report`] makes the page of
//! both. It has no script, loads nothing, and shows texts of strangers as texts. Deliberately absent: clocks, where the
//! page goes, and the events of the engine.

mod errors;
mod facts;
mod graph;
mod histogram;
mod html;
mod page;
mod record;
mod steps;
#[cfg(test)]
mod tests;
mod timeline;
mod times;
mod track;
mod units;

use aieffect_blueprint::Pipeline;

pub use facts::{Cause, Ending, Facts};
pub use record::{Amounts, RunRecord, StepState};

/// The text of the page. Without a pipeline to draw, a sentence says why.
pub fn report(facts: &Facts, record: &RunRecord, pipeline: Result<&Pipeline, &str>) -> String {
    page::page(facts, record, pipeline)
}
