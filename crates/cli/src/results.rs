//! A run's results as one JSON object, written as they are read so that large ones need no memory.

use std::io::{self, BufWriter};
use std::path::Path;

use aieffect_orchestrator::engine::StepReport;
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::values::{Unreadable, write_results};
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

/// Writes them to a file, which is never there in half.
pub(crate) fn write_file(plan: &Plan, steps: &mut [StepReport], path: &Path) -> anyhow::Result<()> {
    sink::replace(path, |mut writer| Ok(write_results(plan, steps, &mut writer)?)).map(drop)
}

/// Writes them to stdout.
pub(crate) fn print(plan: &Plan, steps: &mut [StepReport]) -> anyhow::Result<Vec<Unreadable>> {
    write_results(plan, steps, &mut BufWriter::new(io::stdout().lock()))
        .context("the results cannot be written to stdout")
}
