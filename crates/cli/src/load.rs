//! From a path to a planned pipeline, with every finding on the way.

use std::path::Path;
use std::sync::Arc;

use aieffect_blueprint::resolve::{self, Sketch};
use aieffect_blueprint::{Document, Findings, Package, Pipeline, ProtoTree, SourceText, UseCase};
use aieffect_contract::ProtoSet;
use aieffect_layout::Opened;
use aieffect_orchestrator::plan::{InitialData, Plan, PlanOptions, plan};

use crate::arguments::LogFormat;
use crate::exit::{Exit, Failure};
use crate::findings::{self, Strictness};
use crate::log;
use crate::terminal;

/// What a path holds, as far as the findings let it be read.
pub(crate) struct Loaded {
    pub(crate) source: Option<Opened>,
    pub(crate) resolved: Option<Resolved>,
    pub(crate) findings: Findings,
    sketched: Option<Sketched>,
}

/// A pipeline and the compiled protos of its nodes.
pub(crate) struct Resolved {
    pub(crate) pipeline: Pipeline,
    pub(crate) protos: ProtoSet,
}

/// In place of a pipeline with errors: what there is of it, to look for further ones.
struct Sketched {
    sketch: Sketch,
    protos: ProtoSet,
}

/// Opens a use case or package, replaces its `execution.json` by that of `--execution` if given, resolves it
/// and compiles its protos.
pub(crate) fn load(path: &Path, execution: Option<&Path>) -> Result<Loaded, Failure> {
    let (source, mut findings) = aieffect_layout::open(path)?;
    let mut source = source;
    if let (Some(file), Some(Opened::Package(package, _))) = (execution, &mut source) {
        package.execution = document(file, &mut findings)?.or(package.execution.take());
    }
    let mut loaded = Loaded { source: None, resolved: None, findings, sketched: None };
    match &source {
        Some(Opened::UseCase(use_case, _)) => loaded.resolve_use_case(use_case),
        Some(Opened::Package(package, _)) => loaded.resolve_package(package),
        None => {}
    }
    loaded.source = source;
    Ok(loaded)
}

impl Loaded {
    /// Plans a run. `None` when a finding is an error.
    pub(crate) fn plan(&mut self, initial: &InitialData, options: &PlanOptions) -> Option<Plan> {
        let parts_missing = self.findings.has_errors();
        let (planned, found) = match (&self.resolved, &self.sketched) {
            (Some(resolved), _) => plan(&resolved.pipeline, &resolved.protos, initial, options),
            (None, Some(sketched)) => plan(sketched.sketch.pipeline(), &sketched.protos, initial, options),
            (None, None) => return None,
        };
        let told = found.into_iter().filter(|finding| !(parts_missing && finding.code.is_absence()));
        self.findings.extend(told.collect());
        planned.filter(|_| !self.findings.has_errors())
    }

    fn resolve_use_case(&mut self, use_case: &UseCase) {
        let (interfaces, found) = aieffect_contract::interfaces(use_case);
        self.findings.extend(found);
        let (pipeline, found) = resolve::use_case(use_case, &interfaces);
        self.findings.extend(found);
        match pipeline {
            Some(pipeline) => self.compile(pipeline, &use_case.protos),
            None => self.look_further(resolve::sketch_of_use_case(use_case, &interfaces), &use_case.protos),
        }
    }

    fn resolve_package(&mut self, package: &Package) {
        let (pipeline, found) = resolve::package(package);
        self.findings.extend(found);
        match pipeline {
            Some(pipeline) => self.compile(pipeline, &package.protos),
            None => self.look_further(resolve::sketch_of_package(package), &package.protos),
        }
    }

    fn compile(&mut self, pipeline: Pipeline, protos: &ProtoTree) {
        let (protos, found) = ProtoSet::compile(&pipeline, protos);
        self.findings.extend(found);
        self.resolved = Some(Resolved { pipeline, protos });
    }

    fn look_further(&mut self, sketch: Sketch, protos: &ProtoTree) {
        let (protos, found) = ProtoSet::compile(sketch.pipeline(), protos);
        self.findings.extend(found);
        self.sketched = Some(Sketched { sketch, protos });
    }

    /// Shows the findings on stderr; a failure when they stop the work.
    pub(crate) fn stop_at_findings(
        &self,
        path: &Path,
        strictness: Strictness,
        format: LogFormat,
    ) -> Result<(), Failure> {
        stop_at(&self.findings, path, strictness, format)
    }

    /// The same for a command that writes files.
    pub(crate) fn stop_before_writing(&self, path: &Path, strictness: Strictness) -> Result<(), Failure> {
        stop(&self.findings, path, strictness, LogFormat::Text, "nothing was written")
    }
}

/// Shows findings about `path` on stderr; a failure when they stop the work.
pub(crate) fn stop_at(
    found: &Findings,
    path: &Path,
    strictness: Strictness,
    format: LogFormat,
) -> Result<(), Failure> {
    stop(found, path, strictness, format, "nothing was started")
}

fn stop(
    found: &Findings,
    path: &Path,
    strictness: Strictness,
    format: LogFormat,
    undone: &str,
) -> Result<(), Failure> {
    match format {
        _ if found.is_empty() => {}
        LogFormat::Text => {
            let text = findings::as_text(found, terminal::stderr_colour());
            terminal::say_styled(text.trim_end());
        }
        LogFormat::Json => log::write_findings(found),
    }
    if !strictness.stops_at(found) {
        return Ok(());
    }
    let count = findings::count(found);
    Err(Failure::text(Exit::InvalidInput, format!("{}: {count}; {undone}", path.display())))
}

/// A JSON file given on the command line. What is wrong with its text is a finding.
fn document(file: &Path, findings: &mut Findings) -> Result<Option<Arc<Document>>, Failure> {
    if !file.exists() {
        return Err(Failure::text(Exit::WrongUsage, format!("`{}` does not exist", file.display())));
    }
    let source = aieffect_layout::read_text(file, &file.display().to_string());
    Ok(source.map_err(|finding| findings.push(finding)).ok().and_then(|source| parse(&source, findings)))
}

fn parse(source: &Arc<SourceText>, findings: &mut Findings) -> Option<Arc<Document>> {
    Document::json(source).map_err(|finding| findings.push(finding)).ok()
}

/// What an option is given: a file, or JSON itself when it begins with a bracket.
pub(crate) fn json(
    option: &str,
    given: &str,
    findings: &mut Findings,
) -> Result<Option<Arc<Document>>, Failure> {
    if given.starts_with(['{', '[']) {
        return Ok(parse(&SourceText::new(option, given), findings));
    }
    document(Path::new(given), findings)
}

/// `--initial-data`. An empty text means not given.
pub(crate) fn initial_data(given: Option<&str>, findings: &mut Findings) -> Result<InitialData, Failure> {
    let Some(given) = given.map(str::trim).filter(|given| !given.is_empty()) else {
        return Ok(InitialData::default());
    };
    let document = json("--initial-data", given, findings)?;
    Ok(document.map(|document| InitialData::read(&document, findings)).unwrap_or_default())
}

/// A pipeline that is missing without a finding: a fault of this program.
pub(crate) fn unexplained() -> Failure {
    Failure::text(Exit::Internal, "there is no plan, and no finding says why; please report this")
}
