//! A run's results as one JSON object, written as they are read so that large ones need no memory.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use aieffect_orchestrator::engine::StepReport;
use aieffect_orchestrator::plan::{Multiplicity, Plan};
use aieffect_orchestrator::run::StepStatus;
use aieffect_orchestrator::values::{self, RenderError, Style};
use anyhow::Context;

use crate::arguments::RunFlags;
use crate::log::Log;
use crate::paths;
use crate::sink;

/// Gives what an earlier run wrote to `--output` another name before anything can go wrong: whoever reads the file after
/// this run must not take those results for its own.
pub(crate) fn set_earlier_aside(flags: &RunFlags) {
    let Some(path) = &flags.output else { return };
    let log = Log::new(flags.log_level, flags.log_format);
    match paths::set_aside(path) {
        Ok(None) => {}
        Ok(Some(aside)) => log.info(&format!("results of an earlier run are now in `{}`", aside.display())),
        Err(error) => {
            log.warning(&format!("`{}` holds the results of an earlier run: {error}", path.display()));
        }
    }
}

/// An answer that is no message of its type, with the step that it came from.
pub(crate) struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes `{"node:operation": {…}}` for every step that answered, in plan order, one step a line. Unreadable
/// answers are null there, and returned.
fn write(plan: &Plan, steps: &mut [StepReport], writer: &mut impl Write) -> anyhow::Result<Vec<Unreadable>> {
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
            match values::render(&step.operation.output, &message, writer, Style::Compact) {
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

/// Writes them to a file, which is never there in half.
pub(crate) fn write_file(plan: &Plan, steps: &mut [StepReport], path: &Path) -> anyhow::Result<()> {
    sink::replace(path, |mut writer| write(plan, steps, &mut writer)).map(drop)
}

/// Writes them to stdout.
pub(crate) fn print(plan: &Plan, steps: &mut [StepReport]) -> anyhow::Result<Vec<Unreadable>> {
    write(plan, steps, &mut BufWriter::new(io::stdout().lock()))
        .context("the results cannot be written to stdout")
}
