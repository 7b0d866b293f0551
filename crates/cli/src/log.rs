//! Log lines on stderr, as text or JSON: what happens in a run, and what services print.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use aieffect_blueprint::Findings;
use aieffect_local::Line;
use aieffect_orchestrator::engine::Recorded;
use aieffect_orchestrator::plan::Plan;
use aieffect_orchestrator::run::{FiringId, Outcome, RunEvent};
use serde_json::{Map, Value};

use crate::arguments::{LogFormat, LogLevel};
use crate::clock;
use crate::findings;
use crate::terminal::{self, Colour};

/// Where log lines go and which.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    level: LogLevel,
    format: LogFormat,
    colour: Colour,
    /// The colour of each service, in the order in which they first printed.
    services: Arc<Mutex<Vec<String>>>,
}

const SERVICE_COLOURS: [u8; 6] = [36, 33, 35, 32, 34, 31];

impl Log {
    pub(crate) fn new(level: LogLevel, format: LogFormat) -> Self {
        Self { level, format, colour: terminal::stderr_colour(), services: Arc::default() }
    }

    pub(crate) fn info(&self, message: &str) {
        self.write(SystemTime::now(), LogLevel::Info, message, Map::new());
    }

    pub(crate) fn warning(&self, message: &str) {
        self.write(SystemTime::now(), LogLevel::Warning, message, Map::new());
    }

    /// How a run ended.
    pub(crate) fn outcome(&self, outcome: Outcome) {
        let word = match outcome {
            Outcome::Succeeded => "succeeded",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "was stopped",
            Outcome::Unreachable => "could not begin",
        };
        let fields = [("outcome".to_owned(), Value::from(word))].into_iter().collect();
        self.write(SystemTime::now(), LogLevel::Info, &format!("the run {word}"), fields);
    }

    /// A line that a service printed.
    pub(crate) fn service(&self, line: Line<'_>) {
        if self.level > LogLevel::Info {
            return;
        }
        let text = terminal::printable(line.text);
        match self.format {
            LogFormat::Json => {
                let fields = [("service".to_owned(), Value::from(line.from))].into_iter().collect();
                self.write(SystemTime::now(), LogLevel::Info, &text, fields);
            }
            LogFormat::Text => {
                let prefix = format!("{} |", line.from);
                terminal::say_styled(&format!("{} {text}", self.coloured(&prefix, line.from)));
            }
        }
    }

    fn coloured(&self, prefix: &str, service: &str) -> String {
        if self.colour == Colour::Off {
            return prefix.to_owned();
        }
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        let position = services.iter().position(|each| each == service).unwrap_or_else(|| {
            services.push(service.to_owned());
            services.len() - 1
        });
        format!("\u{1b}[{}m{prefix}\u{1b}[0m", SERVICE_COLOURS[position % SERVICE_COLOURS.len()])
    }

    fn write(&self, at: SystemTime, level: LogLevel, message: &str, mut fields: Map<String, Value>) {
        if level < self.level {
            return;
        }
        let word = match level {
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warning => "WARNING",
            LogLevel::Error => "ERROR",
        };
        match self.format {
            LogFormat::Text => terminal::say(&format!("{} {word:<7} {message}", clock::of_day(at))),
            LogFormat::Json => {
                fields.shift_insert(0, "message".to_owned(), message.into());
                write_json(at, word, fields);
            }
        }
    }
}

/// One JSON object on a line of its own, with time and level before its fields.
pub(crate) fn write_json(at: SystemTime, level: &'static str, mut fields: Map<String, Value>) {
    fields.shift_insert(0, "level".to_owned(), level.into());
    fields.shift_insert(0, "time".to_owned(), clock::precise(at).into());
    // JSON escapes what would steer the terminal, but for what only 8-bit terminals know; `say` drops that.
    terminal::say(&Value::Object(fields).to_string());
}

/// Findings as log lines in JSON.
pub(crate) fn write_findings(found: &Findings) {
    let Value::Array(listed) = findings::as_json(found)["findings"].take() else { return };
    for finding in listed {
        let Value::Object(fields) = finding else { continue };
        let level = if fields["severity"] == "error" { "ERROR" } else { "WARNING" };
        write_json(SystemTime::now(), level, fields);
    }
}

/// What a line says beside its message.
type Fields = Vec<(&'static str, Value)>;

/// Tells a run's events as log lines.
pub(crate) struct Narrator {
    log: Log,
    plan: Arc<Plan>,
    fired: HashMap<FiringId, Instant>,
}

impl Narrator {
    pub(crate) fn new(log: Log, plan: Arc<Plan>) -> Self {
        Self { log, plan, fired: HashMap::new() }
    }

    pub(crate) fn tell(&mut self, recorded: &Recorded) {
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
                (Info, format!("running {} with {} {steps}", plan.name, plan.steps.len()), vec![])
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
                (
                    Debug,
                    format!("{name} is called{which}"),
                    vec![step(&name), ("attempt", attempt.get().into())],
                )
            }
            RunEvent::AttemptFailed { firing, attempt, failure, retry_after } => {
                let name = name(firing);
                let wait = retry_after.as_secs_f64();
                let message = format!("{name} failed and is called again in {wait:.1} s: {failure}");
                (Warning, message, vec![step(&name), ("attempt", attempt.get().into())])
            }
            RunEvent::FiringSucceeded { firing, outputs } => {
                let took = self.fired.remove(firing).map(|since| since.elapsed()).unwrap_or_default();
                let bytes: usize = outputs.iter().map(|output| output.bytes().len()).sum();
                let (name, millis) = (name(firing), took.as_secs_f64() * 1000.0);
                let fields = vec![step(&name), ("milliseconds", millis.into()), ("bytes", bytes.into())];
                (Info, format!("{name} answered in {millis:.1} ms with {bytes} bytes"), fields)
            }
            RunEvent::FiringFailed { firing, failure } => {
                let name = name(firing);
                (Error, format!("{name} failed: {failure}"), vec![step(&name)])
            }
            RunEvent::StepFailed { step: id, failure } => {
                let name = plan.step(*id).name.to_string();
                (Error, format!("{name} failed: {failure}"), vec![step(&name)])
            }
            RunEvent::StepSkipped { step: id, because } => {
                let name = plan.step(*id).name.to_string();
                (
                    Warning,
                    format!("{name} is not called, since {} failed", plan.step(*because).name),
                    vec![step(&name)],
                )
            }
            RunEvent::CancelRequested => (Info, "stopping".to_owned(), vec![]),
            // Whether every answer can be read is known only when the results are written.
            RunEvent::Finished { outcome: Outcome::Succeeded } => return None,
            RunEvent::Finished { outcome } => {
                self.log.outcome(*outcome);
                return None;
            }
            RunEvent::RetryDue { .. } | RunEvent::FiringCancelled { .. } | RunEvent::StepFinished { .. } => {
                return None;
            }
        })
    }
}
