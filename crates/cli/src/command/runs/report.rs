//! `aieffect runs report`.

use std::io;
use std::path::Path;
use std::time::Duration;

use aieffect_blueprint::Pipeline;
use aieffect_orchestrator::ports::RunStore;
use aieffect_orchestrator::store::{Ending, SqliteStore, StoredRun};

use super::Report;
use crate::exit::{Exit, Failure};
use crate::keep::refused;
use crate::load;
use crate::paths::shown;
use crate::reporting::Retold;
use crate::sink;

pub(super) fn run(options: &Report) -> Result<String, Failure> {
    let (store, run) = options.place.find(&options.run)?;
    let own = store.report(&run.id);
    let output = options.output.as_deref().unwrap_or(&own);
    if options.output.is_none() && is_whole(&store, &run, &own)? {
        return Ok(format!("{}\n", shown(&own)));
    }
    let mut retold = Retold::new(&run);
    store.read(&run.id, 0, &mut |_, entry| retold.take(&entry)).map_err(refused)?;
    let pipeline = pipeline(&options.place.path, &run);
    let pipeline = pipeline.as_ref().map_err(|reason| *reason);
    let page = retold.page(&run, store.is_claimed(&run.id), pipeline);
    if output.as_os_str() == "-" {
        return Ok(page);
    }
    sink::replace(output, |writer| writer.write_all(page.as_bytes())).map_err(|error: io::Error| {
        let text = format!("`{}` is not written: {error}", output.display());
        Failure::text(if options.output.is_some() { Exit::WrongUsage } else { Exit::Internal }, text)
    })?;
    Ok(format!("{}\n", shown(output)))
}

/// Files are stamped by a clock that is coarser than that of events, and a little behind it.
const COARSE: Duration = Duration::from_millis(100);

/// Whether a report is there that the run itself has left at its end: it tells more than one made of what is stored.
fn is_whole(store: &SqliteStore, run: &StoredRun, report: &Path) -> Result<bool, Failure> {
    let Some(written) = report.metadata().ok().and_then(|found| found.modified().ok()) else {
        return Ok(false);
    };
    if run.ending == Ending::Open {
        return Ok(false);
    }
    let mut last = run.created;
    store.read(&run.id, 0, &mut |_, entry| last = entry.at).map_err(refused)?;
    Ok(written + COARSE >= last)
}

/// The pipeline that the run was planned from, if the documents still say the same.
fn pipeline(path: &Path, run: &StoredRun) -> Result<Pipeline, &'static str> {
    const NOT_THERE: &str = "The pipeline is not drawn: its documents are not at hand. Name the use case or package behind the run.";
    let loaded = load::load(path, None).map_err(|_| NOT_THERE)?;
    let (Some(source), Some(resolved)) = (&loaded.source, loaded.resolved) else { return Err(NOT_THERE) };
    if aieffect_layout::digest(source) == run.digest {
        Ok(resolved.pipeline)
    } else {
        Err("The pipeline is not drawn: its documents have changed since the run.")
    }
}
