//! `aieffect orchestrate`: a package, run against services that somebody else started.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aieffect_orchestrator::engine::RunReport;
use aieffect_orchestrator::run::Failure as StepFailure;
use aieffect_orchestrator::success::DataFolder;
use aieffect_orchestrator::transport::grpc::FixedEndpoints;

use crate::arguments::Orchestrate;
use crate::drive::{self, Drive, Interrupts};
use crate::events::EventsFile;
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::keep::{Beginning, Shelf};
use crate::load;
use crate::log::Log;
use crate::reporting::Reporting;
use crate::results;

const NOT_READY: &str = "the service's log says more; a service has to listen on the port that `GRPC_PORT` names, at \
     every address of its container";
const DATA_ELSEWHERE: &str =
    "where the services write to another folder of this machine, name it with `--data DIR`";

pub(crate) fn run(options: &Orchestrate) -> Result<Exit, Failure> {
    let flags = &options.run;
    results::set_earlier_aside(flags);
    let events = EventsFile::open(flags)?;
    let access = options.access.read()?;
    let mut loaded = load::package(&options.package, options.execution.as_deref())?;
    let shelf = Shelf::of(&options.package, flags.keep.store.as_deref());
    let begin = Beginning::of(flags, None, &shelf, &mut loaded)?;
    let initial = load::initial_data_of(begin.initial_data.as_ref(), &mut loaded.findings);
    let plan = loaded.plan(&initial, &begin.plan_options);
    loaded.stop_at_findings(&options.package, Strictness::of(flags.strict), flags.log_format)?;
    let Some(plan) = plan.map(Arc::new) else { return Err(load::unexplained()) };
    flags.check(&plan)?;
    let log = Log::new(flags.log_level, flags.log_format);
    for node in &plan.nodes {
        if let Some(exposure) = options.access.exposure(&node.address) {
            log.warning(&exposure);
        }
    }
    let root = options.data.clone().or_else(|| begin.data()).unwrap_or_else(|| data_folder(&options.package));
    let initial_data = begin.initial_data.clone();
    let kept = begin.begin(flags, &shelf, &plan, &loaded, &log)?;
    let pipeline = loaded.resolved.take().map(|resolved| resolved.pipeline);
    let initial_data = initial_data.as_ref().map(|source| source.text());
    let reporting = Reporting::new(flags, &plan, pipeline, initial_data, &kept);
    kept.is_at(&root, &log);
    let data = DataFolder { root, mount_targets: vec!["/app/data".to_owned()] };
    let drive = Drive {
        plan: Arc::clone(&plan),
        endpoints: Arc::new(FixedEndpoints::new(flags.ready_timeout).with_access(access.clone())),
        access,
        data,
        kept: &kept,
        reporting: &reporting,
        events,
        flags,
        log: log.clone(),
    };
    let report = drive::block_on(async {
        let mut interrupts = Interrupts::listen()?;
        Ok::<_, Failure>(drive.run(&mut interrupts).await)
    })?;
    match report {
        Some(report) => {
            kept.tell_how_to_go_on(&report, &log);
            let looked_elsewhere = options.data.is_none() && has_looked_for_a_file(&report);
            drive::conclude(&plan, report, flags, &reporting, &log).map_err(|failure| match failure.exit {
                Exit::ServiceUnreachable => failure.help(NOT_READY),
                _ if looked_elsewhere => failure.help(DATA_ELSEWHERE),
                _ => failure,
            })
        }
        None => {
            reporting.write_without_end(&log);
            Err(Failure::text(Exit::Interrupted, "interrupted twice; open calls were not waited for"))
        }
    }
}

/// Whether a condition on a file failed, since the file is not in the data folder.
fn has_looked_for_a_file(report: &RunReport) -> bool {
    let failure = report.cause.as_ref().map(|cause| &cause.failure);
    matches!(failure, Some(StepFailure::Unsuccessful { message }) if message.contains(": the data folder "))
}

fn data_folder(package: &Path) -> PathBuf {
    let folder = if package.is_file() { package.parent().unwrap_or(Path::new(".")) } else { package };
    folder.join("data")
}
