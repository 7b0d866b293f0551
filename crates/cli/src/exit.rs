//! How the process ends.

use std::process::ExitCode;

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
    help: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self { exit, error: error.into(), help: None }
    }

    pub(crate) fn text(exit: Exit, text: impl Into<String>) -> Self {
        Self::new(exit, anyhow::anyhow!(text.into()))
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Prints the help, what the error has beside its first line, and that, with its causes, as the last.
    pub(crate) fn show(&self) {
        if let Some(help) = &self.help {
            terminal::say(&format!("help: {help}"));
        }
        let text = format!("{:#}", self.error);
        let (reason, rest) = text.split_once('\n').unwrap_or((&text, ""));
        if !rest.is_empty() {
            terminal::say(rest);
        }
        terminal::say(&format!("error: {reason}"));
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
            | Error::NotReplaced { .. } => Exit::WrongUsage,
            Error::UnsafeName { .. } => Exit::InvalidInput,
            Error::Pack { .. } | Error::Io { .. } => Exit::Internal,
        };
        let help = error.help();
        Self { help, ..Self::new(exit, error) }
    }
}
