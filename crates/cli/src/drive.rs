//! Drives one run to its end: runtime, signals, log lines, results, exit code.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use aieffect_orchestrator::engine::{
    Keep, Left, Observer, Orchestrator, RunHandle, RunId, RunOptions, RunReport, Unreached,
};
use aieffect_orchestrator::plan::{Plan, StepId};
use aieffect_orchestrator::ports::Endpoints;
use aieffect_orchestrator::run::Outcome;
use aieffect_orchestrator::success::DataFolder;
use aieffect_orchestrator::transport::ServiceTransport;
use aieffect_orchestrator::transport::grpc::Access;
use aieffect_orchestrator::values::{self, Style};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::{Results, RunFlags};
use crate::clock;
use crate::events::{EventsFile, Patience};
use crate::exit::{Exit, Failure};
use crate::keep::Kept;
use crate::log::{Log, Narrator};
use crate::progress::Progress;
use crate::reporting::Reporting;
use crate::results;

/// How many letters of a request are shown on stderr.
const SHOWN: usize = 400;

/// A name for a run that no other run of this machine has: the second it began in, and this process.
pub(crate) fn run_id() -> Result<RunId, Failure> {
    let name = format!("{}-{}", clock::compact(SystemTime::now()), std::process::id());
    RunId::new(&name).map_err(|error| Failure::new(Exit::Internal, error))
}

/// The runtime that everything asynchronous happens in.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(|error| Failure::new(Exit::Internal, error))
}

/// Runs it to its end. A name that is still being looked up is not waited for: that may take a minute.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = runtime()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}

/// Who asks for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupt {
    /// The user, with Ctrl-C.
    CtrlC,
    /// Another program, with SIGTERM; in a stack, because another container has ended.
    Terminate,
}

/// Ctrl-C and SIGTERM.
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// Listens from here on; needs a runtime.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let open = |kind| signal(kind).map_err(|error| Failure::new(Exit::Internal, error));
        Ok(Self { interrupt: open(SignalKind::interrupt())?, terminate: open(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.interrupt.recv() => Interrupt::CtrlC,
            _ = self.terminate.recv() => Interrupt::Terminate,
        }
    }

    /// The future's value, or the interrupt that comes first.
    pub(crate) async fn or<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Interrupt> {
        tokio::select! {
            value = future => Ok(value),
            interrupt = self.next() => Err(interrupt),
        }
    }
}

/// A run that is about to begin.
pub(crate) struct Drive<'a> {
    pub(crate) plan: Arc<Plan>,
    pub(crate) endpoints: Arc<dyn Endpoints>,
    pub(crate) access: Access,
    pub(crate) data: DataFolder,
    pub(crate) kept: &'a Kept,
    pub(crate) reporting: &'a Reporting,
    pub(crate) events: Option<EventsFile>,
    pub(crate) flags: &'a RunFlags,
    pub(crate) log: Log,
}

impl Drive<'_> {
    /// Runs the plan. The first interrupt stops the run in good order, the second ends the wait: `None`.
    pub(crate) async fn run(self, interrupts: &mut Interrupts) -> Option<RunReport> {
        let keep = match self.flags.results(&self.plan) {
            Results::All => Keep::All,
            Results::Last => Keep::Last,
            Results::None => Keep::None,
        };
        let usual = RunOptions::new(self.kept.id.clone());
        let options = RunOptions {
            keep,
            data: self.data,
            quiet: self.flags.quiet.unwrap_or(usual.quiet),
            lasting: self.flags.lasting,
            memo: self.kept.memo.clone(),
            ..usual
        };
        let mut narrator = Narrator::new(self.log, Arc::clone(&self.plan));
        let mut progress = Progress::of(self.flags, &self.plan);
        let mut observers: Vec<Observer> = vec![Box::new(move |recorded| narrator.tell(recorded))];
        observers.extend(progress.as_ref().map(Progress::observer));
        observers.extend(self.reporting.observer());
        let memo = self.kept.memo.as_ref();
        observers.extend(self.events.as_ref().map(|events| events.observer(&self.plan, memo)));
        let orchestrator = Orchestrator::new(Arc::new(ServiceTransport::new(self.access)));
        let handle = orchestrator.submit(self.plan, self.endpoints, options, observers);
        self.reporting.counts(handle.meters());
        if let Some(progress) = &mut progress {
            progress.watch(handle.meters());
        }
        let report = ended(handle, interrupts).await;
        // What is shown has come to its last form, and the file is whole, before anything more is said.
        drop(progress);
        if let Some(events) = self.events {
            let patience = if report.is_some() { Patience::USUAL } else { Patience::SHORT };
            events.finish(interrupts, patience).await;
        }
        report
    }
}

/// Waits for the run's end. The first interrupt stops it in good order, the second ends the wait: `None`.
async fn ended(handle: RunHandle, interrupts: &mut Interrupts) -> Option<RunReport> {
    let cancellation = handle.cancellation();
    let mut ended = std::pin::pin!(handle.wait());
    let interrupt = match interrupts.or(&mut ended).await {
        Ok(report) => return Some(report),
        Err(interrupt) => interrupt,
    };
    cancellation.cancel();
    let report = interrupts.or(ended).await.ok()?;
    Some(if interrupt == Interrupt::Terminate { blame_awaited(report) } else { report })
}

/// A stack that is torn down while a node is still waited for has lost that node: it is what failed.
fn blame_awaited(mut report: RunReport) -> RunReport {
    for node in report.unreached.iter_mut().filter(|node| node.reason.is_none()) {
        node.reason = Some("it had not answered yet when SIGTERM came".to_owned());
    }
    report
}

/// Prints the results, leaves the report, says what went wrong, and gives the exit code.
pub(crate) fn conclude(
    plan: &Plan,
    mut report: RunReport,
    flags: &RunFlags,
    reporting: &Reporting,
    log: &Log,
) -> Result<Exit, Failure> {
    let mut printed = Ok(Vec::new());
    let wanted = flags.results(plan);
    if let (Results::None, Some(path)) = (wanted, &flags.output) {
        log.warning(&format!("`{}` is not written: `--results none` keeps no results", path.display()));
    }
    if wanted != Results::None {
        if let Some(path) = &flags.output
            && let Err(error) = results::write_file(plan, &mut report.steps, path)
        {
            log.warning(&format!("`{}` is not written: {error:#}", path.display()));
        }
        printed = results::print(plan, &mut report.steps);
    }
    reporting.write(&report, printed.iter().flatten().next(), log);
    let unreadable = printed.map_err(|error| Failure::new(Exit::Internal, error))?;
    if let Some(Left::Unstored(reason)) = report.left {
        let help =
            "the run was broken off there; when the folder can be written again, go on with --resume latest";
        return Err(Failure::text(Exit::Internal, reason).help(help));
    }
    match report.outcome {
        Outcome::Succeeded => match unreadable.first() {
            None => {
                log.outcome(Outcome::Succeeded);
                Ok(Exit::Done)
            }
            Some(answer) => {
                log.outcome(Outcome::Failed);
                Err(Failure::text(Exit::PipelineFailed, answer.to_string()))
            }
        },
        Outcome::Failed => Err(failed(plan, &report)),
        Outcome::Unreachable => Err(unreachable(&report)),
        Outcome::Cancelled if report.unreached.iter().any(|node| node.reason.is_some()) => {
            Err(unreachable(&report))
        }
        Outcome::Cancelled => Err(Failure::text(Exit::Interrupted, "the run was stopped before its end")),
    }
}

fn failed(plan: &Plan, report: &RunReport) -> Failure {
    let Some(cause) = &report.cause else {
        return Failure::text(Exit::PipelineFailed, "the run failed");
    };
    let mut failure =
        Failure::text(Exit::PipelineFailed, format!("{} failed: {}", cause.name, cause.failure));
    if let Some(address) = &cause.address {
        failure = failure.detail(format!("service: {} at {address}", cause.name.node));
    }
    if let Some(request) = &cause.request {
        failure = failure.detail(format!("request: {}", shown_request(plan, cause.step, request, SHOWN)));
    }
    failure
}

/// The request as JSON, cut where it grows long.
pub(crate) fn shown_request(plan: &Plan, step: StepId, request: &[u8], most: usize) -> String {
    let mut rendered = Vec::new();
    if values::render(&plan.step(step).operation.input, request, &mut rendered, Style::Compact).is_err() {
        return format!("{} bytes that cannot be shown", request.len());
    }
    let text = String::from_utf8_lossy(&rendered);
    if text.chars().count() <= most {
        return text.into_owned();
    }
    let head: String = text.chars().take(most).collect();
    format!("{head}… ({} bytes)", request.len())
}

fn unreachable(report: &RunReport) -> Failure {
    let failed = |node: &Unreached| {
        node.reason.as_ref().map(|reason| format!("{} could not be reached: {reason}", node.node))
    };
    let mut reasons: Vec<_> = report.unreached.iter().filter_map(failed).collect();
    let last = reasons.pop().unwrap_or_else(|| "a service could not be reached".to_owned());
    let failure = Failure::text(Exit::ServiceUnreachable, last);
    reasons.into_iter().fold(failure, Failure::detail)
}
