//! A run's events as log lines.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aieffect_blueprint::Mode;
use aieffect_orchestrator::engine::{Origin, Recorded};
use aieffect_orchestrator::plan::{Feed, Plan, StepId};
use aieffect_orchestrator::run::{Closing, Failure, FiringId, Given, Outcome, RunEvent};
use serde_json::Value;

use super::Log;
use crate::arguments::LogLevel;

/// What a line says beside its message.
type Fields = Vec<(&'static str, Value)>;

/// Tells a run's events as log lines.
pub(crate) struct Narrator {
    log: Log,
    plan: Arc<Plan>,
    fired: HashMap<FiringId, Instant>,
    /// What became of the firings of steps that may fire many times.
    tallies: HashMap<StepId, Tally>,
}

#[derive(Default)]
struct Tally {
    calls: u64,
    failed: u64,
    messages: u64,
    calling: Duration,
}

impl Narrator {
    pub(crate) fn new(log: Log, plan: Arc<Plan>) -> Self {
        Self { log, plan, fired: HashMap::new(), tallies: HashMap::new() }
    }

    pub(crate) fn tell(&mut self, recorded: &Recorded) {
        if recorded.origin == Origin::Stored {
            return;
        }
        if let Some((level, message, fields)) = self.line(&recorded.event) {
            let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            self.log.write(recorded.at, level, &message, fields);
        }
    }

    fn line(&mut self, event: &RunEvent) -> Option<(LogLevel, String, Fields)> {
        use LogLevel::{Debug, Error, Info, Warning};
        let plan = Arc::clone(&self.plan);
        let name = |firing: &FiringId| plan.step(firing.step).name.to_string();
        let step = |name: &str| ("step", Value::from(name));
        Some(match event {
            RunEvent::Started => {
                let steps = if plan.steps.len() == 1 { "step" } else { "steps" };
                let live = if plan.mode == Mode::Live { " live" } else { "" };
                (Info, format!("running {}{live} with {} {steps}", plan.name, plan.steps.len()), vec![])
            }
            RunEvent::NodeReady { node } => {
                let node = plan.nodes[node.index()].name.to_string();
                (Debug, format!("{node} answers"), vec![("node", node.into())])
            }
            RunEvent::NodeUnreachable { node, reason } => {
                let node = plan.nodes[node.index()].name.to_string();
                (Error, format!("{node} does not answer: {reason}"), vec![("node", node.into())])
            }
            RunEvent::FiringStarted { firing, attempt } => {
                self.fired.insert(*firing, Instant::now());
                let name = name(firing);
                let which = if attempt.get() == 1 { String::new() } else { format!(", attempt {attempt}") };
                let fields = vec![step(&name), ("seq", firing.seq.into()), ("attempt", attempt.get().into())];
                (Debug, format!("{name} is called{which}"), fields)
            }
            RunEvent::AttemptFailed { firing, attempt, failure, retry_after } => {
                let name = name(firing);
                let wait = retry_after.as_secs_f64();
                let message = format!("{name} failed and is called again in {wait:.1} s: {failure}");
                (Warning, message, vec![step(&name), ("attempt", attempt.get().into())])
            }
            RunEvent::FiringSucceeded { firing, given } => return Some(self.succeeded(*firing, given)),
            RunEvent::FiringFailed { firing, failure, .. } => return Some(self.failed(*firing, failure)),
            RunEvent::StepFinished { step: id } => {
                let tally = self.tallies.remove(id)?;
                let name = plan.step(*id).name.to_string();
                (Info, format!("{name} {tally}"), vec![step(&name), ("calls", tally.calls.into())])
            }
            RunEvent::SourceEnded { firing } => {
                self.fired.remove(firing);
                let name = name(firing);
                (Debug, format!("{name} has no more data"), vec![step(&name)])
            }
            RunEvent::StepFailed { step: id, failure } => {
                let name = plan.step(*id).name.to_string();
                (Error, format!("{name} failed: {failure}"), vec![step(&name)])
            }
            RunEvent::StepSkipped { step: id, because } => {
                let name = plan.step(*id).name.to_string();
                let message = format!("{name} is not called, since {} failed", plan.step(*because).name);
                (Warning, message, vec![step(&name)])
            }
            RunEvent::Closing { why: Closing::Quiet } => (Info, "all is quiet: closing".to_owned(), vec![]),
            RunEvent::Closing { why: Closing::Held } => (Info, "to be stopped: closing".to_owned(), vec![]),
            RunEvent::Closing { why: Closing::TimeIsUp } => {
                (Info, "the time is up: closing".to_owned(), vec![])
            }
            RunEvent::CancelRequested => (Info, "stopping".to_owned(), vec![]),
            // Whether every answer can be read is known only when the results are written.
            RunEvent::Finished { outcome: Outcome::Succeeded } => return None,
            RunEvent::Finished { outcome } => {
                self.log.outcome(*outcome);
                return None;
            }
            RunEvent::FiringCancelled { firing } => {
                self.fired.remove(firing);
                return None;
            }
            RunEvent::Supplied { .. }
            | RunEvent::SupplyEnded { .. }
            | RunEvent::Delivered { .. }
            | RunEvent::RetryDue { .. } => return None,
        })
    }

    fn succeeded(&mut self, firing: FiringId, given: &Given) -> (LogLevel, String, Fields) {
        let took = self.fired.remove(&firing).map(|since| since.elapsed()).unwrap_or_default();
        let step = self.plan.step(firing.step);
        let (name, millis) = (step.name.to_string(), took.as_secs_f64() * 1000.0);
        let mut fields = vec![("step", name.clone().into()), ("milliseconds", millis.into())];
        let (messages, size) = match given {
            Given::Message(message) => {
                let bytes = message.bytes().len();
                fields.push(("bytes", bytes.into()));
                (1, format!("{bytes} bytes"))
            }
            Given::Streamed(messages) => {
                fields.push(("messages", (*messages).into()));
                (*messages, count(*messages, "message"))
            }
        };
        let fires_once = step.feed == Feed::Once || (self.plan.mode == Mode::Batch && step.takes_stream());
        if fires_once {
            return (LogLevel::Info, format!("{name} answered in {millis:.1} ms with {size}"), fields);
        }
        let tally = self.tallies.entry(firing.step).or_default();
        tally.calls += 1;
        tally.messages += messages;
        tally.calling += took;
        fields.push(("seq", firing.seq.into()));
        (LogLevel::Debug, format!("{name} answered in {millis:.1} ms with {size}"), fields)
    }

    fn failed(&mut self, firing: FiringId, failure: &Failure) -> (LogLevel, String, Fields) {
        self.fired.remove(&firing);
        let name = self.plan.step(firing.step).name.to_string();
        let fields = vec![("step", name.clone().into()), ("seq", firing.seq.into())];
        match self.plan.mode {
            Mode::Batch => (LogLevel::Error, format!("{name} failed: {failure}"), fields),
            Mode::Live => {
                let tally = self.tallies.entry(firing.step).or_default();
                tally.calls += 1;
                tally.failed += 1;
                (
                    LogLevel::Warning,
                    format!("{name} failed, and goes on with the next message: {failure}"),
                    fields,
                )
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { calls, failed, messages, calling } = self;
        write!(f, "answered {} with {}", count(*calls, "call"), count(*messages, "message"))?;
        if *failed > 0 {
            write!(f, ", {failed} of them failed")?;
        }
        let answered = calls - failed;
        if answered > 0 {
            let mean = calling.as_secs_f64() * 1000.0 / answered as f64;
            write!(f, "; {mean:.1} ms each")?;
        }
        Ok(())
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
