//! From a path to a planned pipeline, with every finding on the way.

use std::path::Path;
use std::sync::Arc;

use aieffect_blueprint::resolve::{self, Sketch};
use aieffect_blueprint::{
    Code, Diagnostic, Document, Findings, Package, Pipeline, ProtoTree, SourceText, UseCase,
};
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

/// [`load`] for a command that takes use cases only.
pub(crate) fn use_case(path: &Path) -> Result<Loaded, Failure> {
    is_there(path, "give the folder of a use case")?;
    let loaded = load(path, None)?;
    match &loaded.source {
        Some(Opened::Package(_, path)) => {
            Err(aieffect_layout::Error::NotAUseCase { path: path.clone() }.into())
        }
        Some(Opened::UseCase(..)) | None => Ok(loaded),
    }
}

/// [`load`] for a command that takes packages only.
pub(crate) fn package(path: &Path, execution: Option<&Path>) -> Result<Loaded, Failure> {
    is_there(path, "give a package, as a folder or zip; `aieffect export` makes one of a use case")?;
    let loaded = load(path, execution)?;
    match &loaded.source {
        Some(Opened::UseCase(_, path)) => {
            Err(aieffect_layout::Error::NotAPackage { path: path.clone() }.into())
        }
        Some(Opened::Package(..)) | None => Ok(loaded),
    }
}

fn is_there(path: &Path, help: &str) -> Result<(), Failure> {
    match path.exists() {
        true => Ok(()),
        false => Err(Failure::from(aieffect_layout::Error::NotFound { path: path.to_owned() }).help(help)),
    }
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
        let told = told.map(|finding| self.with_settings_named(finding)).collect();
        self.findings.extend(told);
        planned.filter(|_| !self.findings.has_errors())
    }

    /// In a package that came without its settings, these are what fills fields.
    fn with_settings_named(&self, mut finding: Diagnostic) -> Diagnostic {
        let lacks_settings =
            matches!(&self.source, Some(Opened::Package(package, _)) if package.execution.is_none());
        if let (true, Code::UnfilledField, Some(help)) = (lacks_settings, finding.code, &mut finding.help) {
            help.push_str("; the package has no execution.json: `--execution FILE` gives it one");
        }
        finding
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
fn document(path: &Path, findings: &mut Findings) -> Result<Option<Arc<Document>>, Failure> {
    Ok(file(path, findings)?.and_then(|source| parse(&source, findings)))
}

fn file(path: &Path, findings: &mut Findings) -> Result<Option<Arc<SourceText>>, Failure> {
    if !path.exists() {
        return Err(Failure::text(Exit::WrongUsage, format!("`{}` does not exist", path.display())));
    }
    let source = aieffect_layout::read_text(path, &path.display().to_string());
    Ok(source.map_err(|finding| findings.push(finding)).ok())
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
    Ok(text(option, given, findings)?.and_then(|source| parse(&source, findings)))
}

fn text(option: &str, given: &str, findings: &mut Findings) -> Result<Option<Arc<SourceText>>, Failure> {
    if given.starts_with(['{', '[']) {
        return Ok(Some(SourceText::new(option, given)));
    }
    let path = Path::new(given);
    if !path.exists() {
        let text = format!("`{option}`: `{given}` does not exist");
        let failure = Failure::text(Exit::WrongUsage, text);
        return Err(if is_variable(given) { failure.help(FILES_OF_A_STACK) } else { failure });
    }
    file(path, findings)
}

/// Whoever sets the variable for a stack is elsewhere than the program that reads it.
const FILES_OF_A_STACK: &str = "write JSON, or a file that is there; the orchestrator of a stack sees no file of yours: \
     AIEFFECT_INITIAL_DATA=\"$(cat in.json)\"";

fn is_variable(given: &str) -> bool {
    std::env::var("AIEFFECT_INITIAL_DATA").is_ok_and(|value| value.trim() == given)
}

/// `--initial-data`. An empty text means not given.
pub(crate) fn initial_data(given: Option<&str>, findings: &mut Findings) -> Result<InitialData, Failure> {
    let source = initial_text(given, findings)?;
    Ok(initial_data_of(source.as_ref(), findings))
}

/// What `--initial-data` says, as text.
pub(crate) fn initial_text(
    given: Option<&str>,
    findings: &mut Findings,
) -> Result<Option<Arc<SourceText>>, Failure> {
    match given.map(str::trim).filter(|given| !given.is_empty()) {
        Some(given) => text("--initial-data", given, findings),
        None => Ok(None),
    }
}

/// The initial data of that text.
pub(crate) fn initial_data_of(source: Option<&Arc<SourceText>>, findings: &mut Findings) -> InitialData {
    let document = source.and_then(|source| parse(source, findings));
    document.map(|document| InitialData::read(&document, findings)).unwrap_or_default()
}

/// A pipeline that is missing without a finding: a fault of this program.
pub(crate) fn unexplained() -> Failure {
    Failure::text(Exit::Internal, "there is no plan, and no finding says why; please report this")
}
