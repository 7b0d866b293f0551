//! `aieffect compose`: a package's stack as a compose file, with everything that it needs beside it.

mod binary;
mod context;
mod machine;
mod orchestrator;
mod places;
mod project;
mod report;
mod unfilled;

use aieffect_blueprint::Package;
use aieffect_compose::{ComposeFile, MARK, Orchestrator, StackAccess, StackOptions, stack};
use aieffect_layout::{Made, Mode, Opened, Overwrite, Settings};
use aieffect_orchestrator::plan::{InitialData, PlanOptions};

use self::binary::Binary;
use self::places::Places;
use crate::arguments::Compose;
use crate::exit::{Exit, Failure};
use crate::findings::Strictness;
use crate::load::{self, Loaded};
use crate::terminal;

pub(crate) fn run(options: &Compose) -> Result<Exit, Failure> {
    let overwrite = if options.overwrite { Overwrite::Replace } else { Overwrite::Refuse };
    let prints = options.output.as_ref().is_some_and(|output| output.as_os_str() == "-");
    let mut loaded = open(options)?;
    let package = package(&loaded)?;
    let dir = match options.package.is_file() {
        true => aieffect_layout::folder_of(&options.package),
        false => options.package.clone(),
    };
    let settings = if options.execution.is_some() { Settings::Others } else { Settings::OfPackage };
    let package = package.clone();
    let places = Places::new(dir, options.output.clone().filter(|_| !prints))?;
    let binary = Binary::running()?;
    let stack_options = stack_options(options, &places, binary.as_ref())?;
    let unfilled = plan(&mut loaded, options, &stack_options);
    let file = make(&mut loaded, &places, &stack_options)?;
    loaded.stop_before_writing(&options.package, Strictness::Usual)?;
    let (Some(file), Some(resolved)) = (file, &loaded.resolved) else { return Err(load::unexplained()) };
    if let Some(warning) = unfilled {
        terminal::say(&warning);
    }
    let yaml = file.to_yaml();
    if prints {
        terminal::print(&yaml).map_err(|error| Failure::new(Exit::Internal, error))?;
        report::nothing_written(&places, &file);
        return Ok(Exit::Done);
    }
    let context = places.context(&file, binary.as_ref());
    aieffect_layout::check_ours(&places.file, MARK, overwrite)?;
    context.check(overwrite)?;
    if options.package.is_file() {
        aieffect_layout::unpack(&package, settings, &options.package, overwrite)?;
    }
    if let Some(execution) = package.execution.as_ref().filter(|_| settings == Settings::Others) {
        places.write_execution(execution.source().text(), &given(options))?;
    }
    let not_shared = places.make_shared(&file)?;
    context.write(overwrite)?;
    let made = Made { bytes: yaml.as_bytes(), mark: Some(MARK), mode: Mode::Usual(0o666) };
    aieffect_layout::write_made(&made, &places.file, overwrite)?;
    if options.package.is_file() {
        report::left_out(&aieffect_layout::left_out(&options.package));
    }
    let machine = machine::look(&file)?;
    let (access, given) = (&stack_options.access, options.access.files());
    report::written(&file, &resolved.pipeline, &places, &not_shared, &machine, access, given);
    Ok(Exit::Done)
}

/// The package as far as its own files go; what is wrong there is said before anything else.
fn open(options: &Compose) -> Result<Loaded, Failure> {
    let loaded = load::package(&options.package, options.execution.as_deref())?;
    if loaded.findings.has_errors() {
        loaded.stop_before_writing(&options.package, Strictness::Usual)?;
    }
    Ok(loaded)
}

fn package(loaded: &Loaded) -> Result<&Package, Failure> {
    match &loaded.source {
        Some(Opened::Package(package, _)) => Ok(package),
        Some(Opened::UseCase(..)) | None => Err(load::unexplained()),
    }
}

/// The file of `--execution`, and who says so when it is not the command line: a variable is easily forgotten.
fn given(options: &Compose) -> String {
    let file = options.execution.clone().unwrap_or_default();
    let is_variable = std::env::var_os("AIEFFECT_EXECUTION").is_some_and(|value| value == file.as_os_str());
    let because = if is_variable { ", as AIEFFECT_EXECUTION says" } else { "" };
    format!("{}{because}", file.display())
}

fn stack_options(
    options: &Compose,
    places: &Places,
    binary: Option<&Binary>,
) -> Result<StackOptions, Failure> {
    let access = access(options, places)?;
    // What it asks is asked in plain text.
    let probe = binary.filter(|_| access.tls_ca.is_none()).map(|_| places.seen_binary());
    Ok(StackOptions {
        bind: options.bind,
        base_port: options.base_port,
        orchestrator: orchestrator::choose(options, places, binary)?,
        probe,
        package: places.seen_package(),
        access,
    })
}

/// What the orchestrator speaks with services by, looked at as itself will do.
fn access(options: &Compose, places: &Places) -> Result<StackAccess, Failure> {
    let access = options.access.for_stack(|file| places.seen(file))?;
    if options.no_orchestrator && access != StackAccess::default() {
        let text = "`--no-orchestrator` leaves out whom `--tls-…` and `--token-…` are for";
        let failure = Failure::text(Exit::WrongUsage, text);
        return Err(failure.help("give them to `aieffect orchestrate`, and unset their variables here"));
    }
    Ok(access)
}

/// Finds what the orchestrator would refuse. What initial data may mend is no finding here; gives back a warning of it.
fn plan(loaded: &mut Loaded, options: &Compose, stack: &StackOptions) -> Option<String> {
    if stack.orchestrator == Orchestrator::Absent {
        return None;
    }
    let mut before = std::mem::take(&mut loaded.findings);
    loaded.plan(&InitialData::default(), &PlanOptions::default());
    let planned = std::mem::take(&mut loaded.findings);
    let (absences, others): (Vec<_>, Vec<_>) =
        planned.into_iter().partition(|finding| finding.code.is_absence());
    before.extend(others.into_iter().collect());
    loaded.findings = before;
    unfilled::warning(&absences, package(loaded).ok()?, &options.package)
}

/// The stack, unless a finding is an error.
fn make(
    loaded: &mut Loaded,
    places: &Places,
    options: &StackOptions,
) -> Result<Option<ComposeFile>, Failure> {
    loaded.findings.extend(places.links());
    let Some(resolved) = &loaded.resolved else { return Err(load::unexplained()) };
    let (file, found) =
        stack(&resolved.pipeline, options).map_err(|error| Failure::new(Exit::WrongUsage, error))?;
    loaded.findings.extend(found);
    Ok(file.filter(|_| !loaded.findings.has_errors()))
}
