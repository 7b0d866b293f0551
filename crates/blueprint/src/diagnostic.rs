//! What is wrong with a user's files: a [`Diagnostic`] has a stable [`Code`], a place and a way out, and
//! [`Findings`] collects all of them, since a user wants to hear of every mistake at once.
//!
//! Showing them on a terminal or as JSON is the binary's work.

mod findings;
mod near;

use std::fmt;

pub use self::findings::Findings;
pub use self::near::{Known, near_match};
use crate::{Code, Label};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; the work goes on unless `--strict` is given.
    Warning,
    /// Nothing is written and nothing is started.
    Error,
}

impl Severity {
    /// The word in listings and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, such as `AE0203`; its page is `docs/diagnostics/AE0203.md`.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where: the first label is the place, later ones say what it clashes with.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A finding of severity error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        Self { code, severity: Severity::Error, message, labels: Vec::new(), help: None }
    }

    /// A finding of severity warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    /// Sets the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(shortened(help.into()));
        self
    }

    /// Sets the way out when there is one, such as a near match.
    #[must_use]
    pub fn help_if(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `error[AE0203] file:line:column: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.severity, self.code)?;
        if let Some(label) = self.labels.first() {
            write!(f, " {}", label.position())?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The names in foreign documents have any length, and messages quote them.
fn shortened(mut text: String) -> String {
    const LONGEST: usize = 2000;
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_quotes_may_be_of_any_length() {
        let finding = Diagnostic::error(Code::UnknownService, "ä".repeat(100_000)).help("ä".repeat(100_000));
        assert!(finding.message.len() < 2010 && finding.message.ends_with('…'), "{}", finding.message.len());
        assert!(finding.help.unwrap().len() < 2010);
    }
}
