//! Log lines on stderr, as text or JSON: what happens in a run, and what services print.

mod narrator;
pub(crate) mod serving;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aieffect_blueprint::Findings;
use aieffect_local::Line;
use aieffect_orchestrator::run::Outcome;
use serde_json::{Map, Value};

use crate::arguments::{LogFormat, LogLevel};
use crate::clock;
use crate::findings;
use crate::paths::shown;
use crate::terminal::{self, Colour};

pub(crate) use self::narrator::Narrator;

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

    /// Where a run's report is.
    pub(crate) fn report(&self, path: &Path) {
        let shown = shown(path);
        let fields = [("report".to_owned(), Value::from(shown.as_str()))].into_iter().collect();
        self.write(SystemTime::now(), LogLevel::Info, &format!("report: {shown}"), fields);
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
            LogFormat::Text => {
                terminal::say(&format!("{} {word:<7} {}", clock::of_day(at), indented(message)));
            }
            LogFormat::Json => {
                fields.shift_insert(0, "message".to_owned(), message.into());
                write_json(at, word, fields);
            }
        }
    }
}

/// What services say may be in it: only the log's own lines begin at the left.
fn indented(message: &str) -> String {
    message.trim_end_matches('\n').replace('\n', "\n    ")
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

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn no_line_of_a_stranger_looks_like_one_of_the_log() {
        assert_eq!(
            indented("no such file\n12:00:00 INFO    all is well\n"),
            "no such file\n    12:00:00 INFO    all is well"
        );
    }
}
