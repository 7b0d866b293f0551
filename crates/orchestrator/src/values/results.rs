//! A run's results as one JSON object, written as they are read so that large ones need no memory.

use std::fmt;
use std::io::{self, Write};

use super::render::{RenderError, Style, render};
use crate::engine::StepReport;
use crate::plan::{Multiplicity, Plan};
use crate::run::StepStatus;

/// An answer that is no message of its type, with the step that it came from.
#[derive(Debug)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes `{"node:operation": {…}}` for every step that answered, in plan order, one step a line. Unreadable
/// answers are null there, and returned. An error when the writer fails, or what is kept of an answer cannot be read.
pub fn write_results(
    plan: &Plan,
    steps: &mut [StepReport],
    writer: &mut impl Write,
) -> io::Result<Vec<Unreadable>> {
    let mut unreadable = Vec::new();
    let mut separator = "{\n";
    for report in steps {
        let step = plan.step(report.step);
        let is_empty_list = step.gives == Multiplicity::Many && report.status == StepStatus::Finished;
        if report.result.given() == 0 && !is_empty_list {
            continue;
        }
        write!(writer, "{separator}  {}: ", serde_json::Value::from(step.name.to_string()))?;
        separator = ",\n";
        let many = step.gives == Multiplicity::Many;
        let mut between = if many { "[" } else { "" };
        report.result.for_each(|message| {
            writer.write_all(between.as_bytes())?;
            between = ", ";
            match render(&step.operation.output, &message, writer, Style::Compact) {
                Ok(()) => Ok(()),
                Err(RenderError::Write(error)) => Err(error),
                Err(RenderError::Undecodable { message, .. }) => {
                    let reason = format!("the response is no valid `{message}`");
                    unreadable.push(Unreadable(format!("{} failed: {reason}", step.name)));
                    writer.write_all(b"null")
                }
            }
        })?;
        if many {
            writer.write_all(if between == "[" { b"[]" } else { b"]" })?;
        }
    }
    writer.write_all(if separator == "{\n" { b"{}\n" } else { b"\n}\n" })?;
    writer.flush()?;
    Ok(unreadable)
}
