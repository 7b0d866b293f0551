//! The pipeline as a drawing, with what became of each step.

use std::collections::HashMap;

use aieffect_blueprint::{OperationId, Pipeline};

use super::html::{escaped, mark, scrolled};
use super::record::{RunRecord, StepState};
use crate::svg::{Mark, Marked, marked_svg};

/// Larger pipelines are not drawn: no screen shows them, and browsers grow slow.
const MOST_STEPS: usize = 400;
const MOST_LINKS: usize = 2000;
/// What fits beside nothing else on most screens, in pixels.
const WIDEST: f64 = 1200.0;

/// All states, in the order in which they are explained.
const STATES: [StepState; 7] = [
    StepState::Finished,
    StepState::Failed,
    StepState::Skipped,
    StepState::Cancelled,
    StepState::Reused,
    StepState::Called,
    StepState::Waiting,
];

/// The section's style and content. Without a pipeline there is a reason.
pub(super) fn graph(pipeline: Result<&Pipeline, &str>, record: &RunRecord) -> (String, String) {
    let without = |reason: &str| (String::new(), format!("<p class=\"note\">{}</p>\n", escaped(reason)));
    let pipeline = match pipeline {
        Ok(pipeline) => pipeline,
        Err(reason) => return without(reason),
    };
    let (steps, links) = (pipeline.operations().count(), pipeline.links().len());
    if steps > MOST_STEPS || links > MOST_LINKS {
        return without(&format!(
            "The drawing is left out: with {steps} operations and {links} links it would be too large for a page. \
             `aieffect graph … --output graph.svg` makes a file of it."
        ));
    }
    let states: HashMap<&str, StepState> =
        record.steps.iter().map(|step| (step.name.as_str(), step.state)).collect();
    let of = |id: OperationId| {
        let state = states.get(pipeline.step_name(id).to_string().as_str())?;
        Some(Mark { class: state.as_str(), word: state.as_str() })
    };
    let Marked { style, drawing, width } = marked_svg(pipeline, ".graph", &of);
    let key = STATES.into_iter().filter(|state| record.steps.iter().any(|step| step.state == *state));
    let key: Vec<String> =
        key.map(|state| format!("<li>{}{}</li>\n", mark(state.as_str()), state.as_str())).collect();
    // Larger ones are shown as a whole at first.
    let (class, choice) = if width > WIDEST {
        ("graph large", "<label><input type=\"checkbox\">in full size</label>")
    } else {
        ("graph", "")
    };
    let content = format!(
        "<div class=\"tools\"><ul class=\"key\">\n{}</ul>{choice}</div>\n{}",
        key.concat(),
        scrolled(class, "The pipeline", &drawing)
    );
    (style, content)
}
