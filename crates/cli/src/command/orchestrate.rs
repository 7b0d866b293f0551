//! `aieffect orchestrate`: a package, run against services that somebody else started.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aieffect_layout::Opened;
use aieffect_orchestrator::success::DataFolder;
use aieffect_orchestrator::transport::grpc::FixedEndpoints;

use crate::arguments::Orchestrate;
use crate::drive::{self, Drive, Interrupts};
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::keep::{Beginning, Shelf};
use crate::load;
use crate::log::Log;

pub(crate) fn run(options: &Orchestrate) -> Result<Exit, Failure> {
    let flags = &options.run;
    let access = options.access.read()?;
    let mut loaded = load::load(&options.package, options.execution.as_deref())?;
    if let Some(Opened::UseCase(_, path)) = &loaded.source {
        let path = path.to_owned();
        return Err(aieffect_layout::Error::NotAPackage { path }.into());
    }
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
    let kept = begin.begin(flags, &shelf, &plan, &loaded, &log)?;
    kept.is_at(&root, &log);
    let data = DataFolder { root, mount_targets: vec!["/app/data".to_owned()] };
    let drive = Drive {
        plan: Arc::clone(&plan),
        endpoints: Arc::new(FixedEndpoints::new(flags.ready_timeout).with_access(access.clone())),
        access,
        data,
        kept: &kept,
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
            drive::conclude(&plan, report, flags, &log)
        }
        None => Err(Failure::text(Exit::Interrupted, "interrupted twice; open calls were not waited for")),
    }
}

fn data_folder(package: &Path) -> PathBuf {
    let folder = if package.is_file() { package.parent().unwrap_or(Path::new(".")) } else { package };
    folder.join("data")
}
