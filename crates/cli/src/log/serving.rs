//! What happens in a server as log lines: [`Teller`] of each run, [`notices`] of the rest.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use aieffect_orchestrator::engine::{Observer, Origin, Recorded, RunId};
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::run::{FiringId, Given, Outcome, RunEvent};
use aieffect_server::notices::{Notice, Notices, ObserverFor};
use serde_json::{Map, Value};

use super::Log;
use crate::arguments::LogLevel;

/// Warnings of one run within [`WINDOW`]; others are counted.
const MOST_WARNINGS: u64 = 10;
const WINDOW: Duration = Duration::from_secs(1);

/// What a line says beside its message.
type Fields = Vec<(&'static str, Value)>;

/// Tells what is no run's event.
pub(crate) fn notices(log: &Log) -> Notices {
    let log = log.clone();
    Arc::new(move |notice| {
        let (level, message, fields): (_, _, Fields) = match notice {
            Notice::Interrupted { run, reason } => {
                let fields = vec![("run", run.as_str().into()), ("reason", (*reason).into())];
                (LogLevel::Warning, format!("{run}: interrupted: {reason}"), fields)
            }
            Notice::NeedsKey { run } => {
                let message = format!("{run}: needs the key for its services; resume it with the key");
                (LogLevel::Warning, message, vec![("run", run.as_str().into())])
            }
            Notice::Cancelled { run } => {
                let fields = vec![("run", run.as_str().into()), ("outcome", "cancelled".into())];
                (LogLevel::Info, format!("{run}: cancelled while nobody worked on it"), fields)
            }
            Notice::NotForgotten { run, reason } => {
                let fields = vec![("run", run.as_str().into()), ("reason", (*reason).into())];
                (LogLevel::Warning, format!("{run}: could not be forgotten: {reason}"), fields)
            }
            Notice::RequestFailed { request, status, reason } => {
                let fields = vec![
                    ("request", (*request).into()),
                    ("status", (*status).into()),
                    ("reason", (*reason).into()),
                ];
                (LogLevel::Error, format!("{request} was answered {status}: {reason}"), fields)
            }
        };
        log.write(SystemTime::now(), level, &message, owned(fields));
    })
}

/// Tells what happens in each run.
pub(crate) fn observers(log: &Log) -> ObserverFor {
    let log = log.clone();
    Arc::new(move |run, plan| -> Observer {
        let mut teller = Teller::new(log.clone(), run, Arc::clone(plan));
        Box::new(move |recorded| teller.tell(recorded))
    })
}

/// Tells what happens in a run: its beginning and end, what went wrong between, and, for who wants it, every call.
struct Teller {
    log: Log,
    run: String,
    plan: Arc<Plan>,
    /// What went wrong first.
    cause: Option<String>,
    /// Since when warnings are counted, how many there were, and how many of them were not told.
    window: Instant,
    warnings: u64,
    untold: u64,
}

impl Teller {
    fn new(log: Log, run: &RunId, plan: Arc<Plan>) -> Self {
        let run = run.to_string();
        Self { log, run, plan, cause: None, window: Instant::now(), warnings: 0, untold: 0 }
    }

    fn tell(&mut self, recorded: &Recorded) {
        if recorded.origin == Origin::Stored {
            return;
        }
        let Some((level, message, fields)) = self.line(recorded) else { return };
        match level {
            LogLevel::Warning if !self.may_warn() => self.untold += 1,
            _ => self.write(recorded.at, level, &message, fields),
        }
    }

    fn line(&mut self, recorded: &Recorded) -> Option<(LogLevel, String, Fields)> {
        use LogLevel::{Debug, Info, Warning};
        let plan = Arc::clone(&self.plan);
        let name = |firing: &FiringId| plan.step(firing.step).name.to_string();
        Some(match &recorded.event {
            RunEvent::Started => {
                let (pipeline, mode) = (&plan.name, plan.mode.as_str());
                let (count, steps) = (plan.steps.len(), if plan.steps.len() == 1 { "step" } else { "steps" });
                let message = format!("running {pipeline} ({mode}), {count} {steps}");
                (Info, message, vec![("pipeline", pipeline.as_str().into()), ("mode", mode.into())])
            }
            RunEvent::NodeReady { node } => {
                let node = plan.nodes[node.index()].name.to_string();
                (Debug, format!("{node} answers"), vec![("node", node.into())])
            }
            RunEvent::NodeUnreachable { node, reason } => {
                let node = plan.nodes[node.index()].name.to_string();
                let message = format!("{node} does not answer: {reason}");
                self.cause.get_or_insert_with(|| message.clone());
                (Warning, message, vec![("node", node.into())])
            }
            RunEvent::FiringStarted { firing, attempt } => {
                let name = name(firing);
                let message = format!("{name} is called ({}, attempt {attempt})", firing.seq);
                (Debug, message, about(name, *firing, [("attempt", attempt.get().into())]))
            }
            RunEvent::AttemptFailed { firing, attempt, failure, retry_after } => {
                let (name, wait) = (name(firing), retry_after.as_secs_f64());
                let message = format!("{name} failed and is called again in {wait:.1} s: {failure}");
                let fields = [("attempt", attempt.get().into()), ("failure", failure.kind().into())];
                (Warning, message, about(name, *firing, fields))
            }
            RunEvent::FiringSucceeded { firing, given } => {
                let name = name(firing);
                let (what, count): (_, Value) = match given {
                    Given::Message(message) => ("bytes", message.bytes().len().into()),
                    Given::Streamed(messages) => ("messages", (*messages).into()),
                };
                (Debug, format!("{name} answered with {count} {what}"), about(name, *firing, [(what, count)]))
            }
            RunEvent::FiringFailed { firing, failure, .. } => {
                let name = name(firing);
                let message = format!("{name} failed: {failure}");
                self.cause.get_or_insert_with(|| message.clone());
                (Warning, message, about(name, *firing, [("failure", failure.kind().into())]))
            }
            RunEvent::StepFailed { step, failure } => {
                let name = plan.step(*step).name.to_string();
                let message = format!("{name} failed: {failure}");
                self.cause.get_or_insert_with(|| message.clone());
                (Warning, message, vec![("step", name.into()), ("failure", failure.kind().into())])
            }
            RunEvent::StepSkipped { step, because } => {
                let name = plan.step(*step).name.to_string();
                let message = format!("{name} is not called, since {} failed", plan.step(*because).name);
                (Debug, message, vec![("step", name.into())])
            }
            RunEvent::Closing { why } => (Info, format!("closing: {}", why.as_str()), vec![]),
            RunEvent::CancelRequested => (Info, "asked to stop".to_owned(), vec![]),
            RunEvent::Finished { outcome } => self.ended(*outcome, recorded.since),
            RunEvent::Supplied { .. }
            | RunEvent::SupplyEnded { .. }
            | RunEvent::Delivered { .. }
            | RunEvent::RetryDue { .. }
            | RunEvent::SourceEnded { .. }
            | RunEvent::FiringCancelled { .. }
            | RunEvent::StepFinished { .. } => return None,
        })
    }

    fn ended(&mut self, outcome: Outcome, took: Duration) -> (LogLevel, String, Fields) {
        self.tell_untold();
        let (word, seconds) = (outcome.as_str(), took.as_secs_f64());
        let mut fields = vec![("outcome", word.into()), ("seconds", seconds.into())];
        let mut message = format!("{word} after {seconds:.3} s");
        if let Some(cause) = self.cause.take().filter(|_| outcome != Outcome::Succeeded) {
            message.push_str(&format!(": {cause}"));
            fields.push(("reason", cause.into()));
        }
        (LogLevel::Info, message, fields)
    }

    /// A live run may have as many failures as messages.
    fn may_warn(&mut self) -> bool {
        if self.window.elapsed() >= WINDOW {
            self.tell_untold();
            (self.window, self.warnings) = (Instant::now(), 0);
        }
        self.warnings += 1;
        self.warnings <= MOST_WARNINGS
    }

    fn tell_untold(&mut self) {
        let untold = std::mem::take(&mut self.untold);
        if untold > 0 {
            let message = format!("{untold} more warnings are not told one by one");
            self.write(SystemTime::now(), LogLevel::Warning, &message, vec![("untold", untold.into())]);
        }
    }

    fn write(&self, at: SystemTime, level: LogLevel, message: &str, mut fields: Fields) {
        fields.insert(0, ("run", self.run.as_str().into()));
        self.log.write(at, level, &format!("{}: {message}", self.run), owned(fields));
    }
}

/// What is said of a firing.
fn about<const N: usize>(step: String, firing: FiringId, more: [(&'static str, Value); N]) -> Fields {
    let own = [("step", step.into()), ("seq", firing.seq.into())];
    own.into_iter().chain(more).collect()
}

fn owned(fields: Fields) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
