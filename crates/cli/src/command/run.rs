//! `aieffect run`: a use case on this machine, from its check to its results.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aieffect_blueprint::{NodeName, Pipeline, Placement, ServiceName, UseCase};
use aieffect_layout::Opened;
use aieffect_local::{
    CacheFolder, DataSource, Ended, LocalEndpoints, LocalPlan, LocalServices, Output, RunFolder,
    RunFolderError, StartOptions, Supervisor,
};
use aieffect_orchestrator::engine::RunReport;
use aieffect_orchestrator::plan::{NodeId, Plan};
use aieffect_orchestrator::run::Failure as StepFailure;
use aieffect_orchestrator::success::DataFolder;
use aieffect_orchestrator::transport::grpc::Access;
use tokio::time::timeout;

use crate::arguments::Run;
use crate::drive::{self, Drive, Interrupts};
use crate::events::EventsFile;
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::inputs;
use crate::keep::{Beginning, Kept, Shelf};
use crate::load;
use crate::log::Log;
use crate::paths::shown;
use crate::reporting::Reporting;
use crate::results;
use crate::services;

/// How many lines of a service are repeated at the end.
const REPEATED: usize = 3;
/// How long services may take to stop.
const GRACE: Duration = Duration::from_secs(10);
/// A connection is lost a little before it is known that the service has ended.
const END_PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn run(options: &Run) -> Result<Exit, Failure> {
    results::set_earlier_aside(&options.run);
    let events = EventsFile::open(&options.run)?;
    let prepared = prepare(options)?;
    drive::runtime()?.block_on(async {
        let mut interrupts = Interrupts::listen()?;
        let ended = match interrupts.or(prepared.local.start(&prepared.start)).await {
            Err(_) => {
                prepared.reporting.write_without_beginning(None, &prepared.log);
                Err(Failure::text(Exit::Interrupted, "interrupted before the services had started"))
            }
            Ok(Err(error)) => {
                prepared.reporting.write_without_beginning(Some(&error.to_string()), &prepared.log);
                Err(Failure::new(Exit::ServiceUnreachable, error))
            }
            Ok(Ok(services)) => prepared.run(services, events, options, &mut interrupts).await,
        };
        prepared.name_folder();
        ended
    })
}

/// All that is decided before anything starts.
struct Prepared {
    plan: Arc<Plan>,
    placements: BTreeMap<NodeName, Placement>,
    local: LocalPlan,
    start: StartOptions,
    data: DataFolder,
    /// Where the user puts input files.
    data_source: String,
    kept: Kept,
    reporting: Reporting,
    log: Log,
}

fn prepare(options: &Run) -> Result<Prepared, Failure> {
    let flags = &options.run;
    let mut loaded = load::use_case(&options.use_case)?;
    let shelf = Shelf::of(&options.use_case, flags.keep.store.as_deref());
    let begin = Beginning::of(flags, options.from.as_deref(), &shelf, &mut loaded)?;
    let initial = load::initial_data_of(begin.initial_data.as_ref(), &mut loaded.findings);
    let plan = loaded.plan(&initial, &begin.plan_options);
    let (local, found) = services::plan(&loaded, plan.as_ref());
    let found_before = std::mem::take(&mut loaded.findings);
    loaded.findings = services::joined(found_before, found);
    loaded.stop_at_findings(&options.use_case, Strictness::of(flags.strict), flags.log_format)?;
    let (Some(plan), Some(local), Some(resolved)) = (plan, local, &loaded.resolved) else {
        return Err(load::unexplained());
    };
    flags.check(&plan)?;
    let Some(Opened::UseCase(use_case, root)) = &loaded.source else { return Err(load::unexplained()) };
    let log = Log::new(flags.log_level, flags.log_format);
    let own = root.join("data");
    let before = begin.data();
    let initial_data = begin.initial_data.clone();
    let kept = begin.begin(flags, &shelf, &plan, &loaded, &log)?;
    let source = match (options.data.as_deref(), before.as_deref()) {
        (Some(folder), _) => DataSource::Itself(folder),
        (None, Some(before)) => of_past(before)?,
        (None, None) => DataSource::CopyOf(&own),
    };
    let run = RunFolder::create(root, kept.id.as_str(), source).map_err(no_folder)?;
    kept.is_at(run.data(), &log);
    let data = DataFolder { root: run.data().to_owned(), mount_targets: mount_targets(use_case) };
    let local = local.without(&settled(&plan, &kept, &resolved.pipeline));
    let start = start_options(run, &log)?;
    let placements = placements(&resolved.pipeline);
    let data_source = shown(options.data.as_deref().unwrap_or(&own));
    let plan = Arc::new(plan);
    let pipeline = loaded.resolved.take().map(|resolved| resolved.pipeline);
    let initial_data = initial_data.as_ref().map(|source| source.text());
    let reporting = Reporting::new(flags, &plan, pipeline, initial_data, &kept);
    Ok(Prepared { plan, placements, local, start, data, data_source, kept, reporting, log })
}

/// The data folder of the run that is gone on with: a copy of it, or the user's own.
fn of_past(data: &Path) -> Result<DataSource<'_>, Failure> {
    if !data.is_dir() {
        let text = format!("the data folder of that run, `{}`, is gone", data.display());
        return Err(
            Failure::text(Exit::WrongUsage, text).help("begin a new run, or name a folder with --data")
        );
    }
    let is_of_a_run = data.ancestors().any(|folder| folder.ends_with(".aieffect/runs"));
    Ok(if is_of_a_run { DataSource::CopyOf(data) } else { DataSource::Itself(data) })
}

/// The folders of services that nothing is left to call of.
fn settled(plan: &Plan, kept: &Kept, pipeline: &Pipeline) -> BTreeSet<ServiceName> {
    let placements = placements(pipeline);
    let folder = |node: &NodeName| services::started(placements.get(node)?);
    let (settled, open): (Vec<_>, Vec<_>) = plan.node_ids().partition(|node| kept.is_settled(*node));
    let folders = |nodes: Vec<NodeId>| -> BTreeSet<ServiceName> {
        nodes.into_iter().filter_map(|node| folder(&plan.nodes[node.index()].name)).collect()
    };
    let needed = folders(open);
    folders(settled).into_iter().filter(|folder| !needed.contains(folder)).collect()
}

fn placements(pipeline: &Pipeline) -> BTreeMap<NodeName, Placement> {
    pipeline.nodes().iter().map(|node| (node.name.clone(), node.placement.clone())).collect()
}

/// Under which paths services know the data folder: where they mount the use case's own.
fn mount_targets(use_case: &UseCase) -> Vec<String> {
    let mounts = use_case.compose.services.iter().flat_map(|service| &service.mounts);
    let of_data =
        mounts.filter(|mount| mount.source.trim_start_matches("./").trim_end_matches('/') == "data");
    let targets: BTreeSet<_> =
        of_data.map(|mount| mount.target.clone()).chain(["/app/data".to_owned()]).collect();
    targets.into_iter().collect()
}

fn no_folder(error: RunFolderError) -> Failure {
    let exit = match &error {
        RunFolderError::NoData { .. } => Exit::WrongUsage,
        RunFolderError::NotWritable { .. } | RunFolderError::Copy { .. } => Exit::Internal,
    };
    Failure::new(exit, error)
}

fn start_options(run: RunFolder, log: &Log) -> Result<StartOptions, Failure> {
    let internal = |error: std::io::Error| Failure::new(Exit::Internal, error);
    let program = std::env::current_exe().map_err(internal)?;
    let cache = CacheFolder::of_user();
    let log = log.clone();
    Ok(StartOptions {
        run,
        cache,
        sink: Arc::new(move |line| log.service(line)),
        supervisor: Supervisor { program, args: vec![crate::SUPERVISE.into()], grace: GRACE },
    })
}

impl Prepared {
    async fn run(
        &self,
        services: LocalServices,
        events: Option<EventsFile>,
        options: &Run,
        interrupts: &mut Interrupts,
    ) -> Result<Exit, Failure> {
        let services = Arc::new(services);
        let placements = self.placements.clone();
        let drive = Drive {
            plan: Arc::clone(&self.plan),
            endpoints: Arc::new(LocalEndpoints::new(
                Arc::clone(&services),
                placements,
                options.run.ready_timeout,
            )),
            access: Access::plain(),
            data: self.data.clone(),
            kept: &self.kept,
            reporting: &self.reporting,
            events,
            flags: &options.run,
            log: self.log.clone(),
        };
        let Some(report) = drive.run(interrupts).await else {
            self.reporting.write_without_end(&self.log);
            // Nothing more is waited for: the services' supervisors end them.
            let text = "interrupted twice; neither open calls nor services were waited for";
            return Err(Failure::text(Exit::Interrupted, text));
        };
        let culprit = self.culprit(&services, &report).await;
        self.stop(services, interrupts).await;
        let missing = inputs::missing_file(&self.plan, &report, &self.data, &self.data_source);
        self.kept.tell_how_to_go_on(&report, &self.log);
        let concluded = drive::conclude(&self.plan, report, &options.run, &self.reporting, &self.log);
        let concluded = concluded.map_err(|mut failure| {
            failure = missing.into_iter().fold(failure, Failure::help);
            culprit.into_iter().fold(failure, |failure, culprit| culprit.tell(failure))
        });
        if concluded.is_ok() {
            self.log.info(&format!("files of the run: {}", shown(self.data.root.as_path())));
        }
        concluded
    }

    /// The service that the run could not go on without.
    async fn culprit(&self, services: &LocalServices, report: &RunReport) -> Option<Culprit> {
        let lost = report.cause.as_ref().filter(|cause| {
            matches!(cause.failure, StepFailure::Lost { .. } | StepFailure::NeverReached { .. })
        });
        let folder = |node| services::started(self.placements.get(node)?);
        if let Some(folder) = lost.and_then(|cause| folder(&cause.name.node)) {
            let ended = timeout(END_PATIENCE, services.until_ended(&folder)).await.ok()?;
            return Some(Culprit { output: services.output(&folder)?, folder, ended: Some(ended) });
        }
        let mut unreached = report.unreached.iter().filter(|node| node.reason.is_some());
        let folder = unreached.find_map(|node| folder(&node.node))?;
        Some(Culprit { output: services.output(&folder)?, folder, ended: None })
    }

    /// Stops the services. Another interrupt ends the wait; their supervisors see to the rest.
    async fn stop(&self, services: Arc<LocalServices>, interrupts: &mut Interrupts) {
        let Some(services) = Arc::into_inner(services) else { return };
        if let Ok(Err(error)) = interrupts.or(services.stop()).await {
            self.log.warning(&error.to_string());
        }
    }

    fn name_folder(&self) {
        self.log.info(&format!("logs of the services: {}", shown(&self.start.run.path().join("logs"))));
    }
}

/// A service that a run could not go on without.
struct Culprit {
    folder: ServiceName,
    output: Output,
    /// How it ended, where nothing else says so.
    ended: Option<Ended>,
}

impl Culprit {
    /// Adds where to look on; the lines themselves have been shown when they were printed.
    fn tell(self, mut failure: Failure) -> Failure {
        let Self { folder, output: Output { service, last, log, copy }, ended } = self;
        if let Some(Ended { status, .. }) = ended {
            failure = failure.detail(format!("service `{service}` has ended with {status}"));
        }
        failure = if last.is_empty() {
            failure.detail(format!("service `{service}` has printed nothing"))
        } else {
            failure.detail(format!("service `{service}` printed last (all of it is in `{}`):", shown(&log)))
        };
        failure = last.tail(REPEATED).fold(failure, |failure, line| failure.detail(format!("  {line}")));
        match copy {
            Some(copy) => failure.detail(format!(
                "it ran in `{}`, a copy that its Dockerfile makes from `services/{folder}`",
                shown(&copy)
            )),
            None => failure,
        }
    }
}
