//! How the process ends.

use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::arguments::LogFormat;
use crate::log;
use crate::terminal;

/// The exit codes, which scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Done,
    /// The pipeline ran and failed.
    PipelineFailed,
    /// The command was given something it cannot work with, such as a path that does not exist.
    WrongUsage,
    /// At least one finding is an error; with `--strict`, or a warning.
    InvalidInput,
    /// A service could not be reached at the start.
    ServiceUnreachable,
    /// A fault of this program or of the machine.
    Internal,
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::PipelineFailed => 1,
            Self::WrongUsage => 2,
            Self::InvalidInput => 3,
            Self::ServiceUnreachable => 4,
            Self::Internal => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command ended early: what is said last on stderr, and how the process ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    error: anyhow::Error,
    details: Vec<String>,
    help: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), details: Vec::new(), help: None }
    }

    /// What went wrong, on one line.
    pub(crate) fn said(&self) -> String {
        format!("{:#}", self.error)
    }

    pub(crate) fn text(exit: Exit, text: impl Into<String>) -> Self {
        Self::new(exit, anyhow::anyhow!(text.into()))
    }

    /// With a line that is shown before it.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Prints it on stderr, the reason with its causes on the last line.
    pub(crate) fn show(&self, format: LogFormat) {
        let text = format!("{:#}", self.error);
        let (reason, rest) = text.split_once('\n').unwrap_or((&text, ""));
        match format {
            LogFormat::Text => self.show_text(reason, rest),
            LogFormat::Json => self.show_json(reason, rest),
        }
    }

    fn show_text(&self, reason: &str, rest: &str) {
        self.details.iter().for_each(|detail| terminal::say(&format!("  {detail}")));
        if let Some(help) = &self.help {
            terminal::say(&format!("help: {help}"));
        }
        if !rest.is_empty() {
            terminal::say(rest);
        }
        terminal::say(&format!("error: {reason}"));
    }

    fn show_json(&self, reason: &str, rest: &str) {
        let mut fields = Map::from_iter([("message".to_owned(), reason.into())]);
        let lines = self.details.iter().map(String::as_str).chain(rest.lines().map(str::trim));
        let details: Vec<Value> = lines.map(Value::from).collect();
        if !details.is_empty() {
            fields.insert("details".to_owned(), details.into());
        }
        if let Some(help) = &self.help {
            fields.insert("help".to_owned(), help.as_str().into());
        }
        log::write_json(SystemTime::now(), "ERROR", fields);
    }
}

impl From<aieffect_layout::Error> for Failure {
    fn from(error: aieffect_layout::Error) -> Self {
        use aieffect_layout::Error;
        let exit = match &error {
            Error::NotFound { .. }
            | Error::NotAUseCase { .. }
            | Error::NotAPackage { .. }
            | Error::AlreadyThere { .. }
            | Error::NotEmpty { .. }
            | Error::NotReplaced { .. }
            | Error::NotOurs { .. }
            | Error::OtherPackage { .. } => Exit::WrongUsage,
            Error::UnsafeName { .. } => Exit::InvalidInput,
            Error::Pack { .. } | Error::Io { .. } => Exit::Internal,
        };
        let help = error.help();
        Self { help, ..Self::new(exit, error) }
    }
}
