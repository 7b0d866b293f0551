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
    let initial = load::initial_data(flags.initial_data.as_deref(), &mut loaded.findings)?;
    let plan = loaded.plan(&initial, &flags.plan_options());
    loaded.stop_at_findings(&options.package, Strictness::of(flags.strict), flags.log_format)?;
    let Some(plan) = plan.map(Arc::new) else { return Err(load::unexplained()) };
    flags.check(&plan)?;
    let log = Log::new(flags.log_level, flags.log_format);
    for node in &plan.nodes {
        if let Some(exposure) = options.access.exposure(&node.address) {
            log.warning(&exposure);
        }
    }
    let data = DataFolder { root: data_folder(options), mount_targets: vec!["/app/data".to_owned()] };
    let drive = Drive {
        plan: Arc::clone(&plan),
        endpoints: Arc::new(FixedEndpoints::new(flags.ready_timeout).with_access(access.clone())),
        access,
        data,
        id: drive::run_id()?,
        flags,
        log: log.clone(),
    };
    let report = drive::block_on(async {
        let mut interrupts = Interrupts::listen()?;
        Ok::<_, Failure>(drive.run(&mut interrupts).await)
    })?;
    match report {
        Some(report) => drive::conclude(&plan, report, flags, &log),
        None => Err(Failure::text(Exit::Interrupted, "interrupted twice; open calls were not waited for")),
    }
}

fn data_folder(options: &Orchestrate) -> PathBuf {
    let beside = |package: &Path| {
        let folder = if package.is_file() { package.parent().unwrap_or(Path::new(".")) } else { package };
        folder.join("data")
    };
    options.data.clone().unwrap_or_else(|| beside(&options.package))
}
