//! What is wrong with a user's files: a [`Diagnostic`] has a stable [`Code`], a place and a way out, and
//! [`Findings`] collects all of them, since a user wants to hear of every mistake at once.
//!
//! Showing them on a terminal or as JSON is the binary's work.

use std::fmt;

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
        Self { code, severity: Severity::Error, message: message.into(), labels: Vec::new(), help: None }
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
        self.help = Some(help.into());
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

/// All findings of one look at a user's files, in the order they were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings(Vec<Diagnostic>);

impl Findings {
    /// No finding.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; the same finding twice is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Adds all of another look's.
    pub fn extend(&mut self, other: Findings) {
        for diagnostic in other.0 {
            self.push(diagnostic);
        }
    }

    /// Whether any has severity error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Findings {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl IntoIterator for Findings {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Diagnostic> for Findings {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        let mut findings = Self::new();
        for diagnostic in diagnostics {
            findings.push(diagnostic);
        }
        findings
    }
}

/// A help text that offers the nearest of `known` names, or lists them when none is near.
///
/// `what` is a plural noun, such as `services`. `None` when there is nothing to offer.
pub fn near_match<'a>(wanted: &str, what: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut known: Vec<&str> = known.into_iter().collect();
    known.sort_unstable();
    known.dedup();
    let folded = |name: &str| name.to_lowercase().replace(['-', '.', ' '], "_");
    let wanted_folded = folded(wanted);
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&wanted_folded, &folded(name)), *name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(wanted.chars().count()) / 3).max(1))
        .min();
    if let Some((_, name)) = nearest {
        return Some(format!("did you mean `{name}`?"));
    }
    const LISTED: usize = 8;
    let listed: Vec<String> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match known.len() {
        0 => None,
        count if count > LISTED => {
            Some(format!("known {what}: {} and {} more", listed.join(", "), count - LISTED))
        }
        _ => Some(format!("known {what}: {}", listed.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_offered() {
        let known = ["data-analyzer", "report-generator"];
        assert_eq!(
            near_match("data_analyser", "services", known).as_deref(),
            Some("did you mean `data-analyzer`?")
        );
        assert_eq!(
            near_match("AnalyzeDta", "operations", ["AnalyzeData"]).as_deref(),
            Some("did you mean `AnalyzeData`?")
        );
    }

    #[test]
    fn a_name_like_no_other_lists_what_there_is() {
        assert_eq!(
            near_match("x", "services", ["solver", "meter"]).as_deref(),
            Some("known services: `meter`, `solver`")
        );
        assert_eq!(near_match("x", "services", []), None);
        let many: Vec<String> = (0..20).map(|n| format!("service_number_{n}")).collect();
        let help = near_match("zzz", "services", many.iter().map(String::as_str)).unwrap();
        assert!(help.ends_with("and 12 more"), "{help}");
    }

    #[test]
    fn the_same_finding_is_kept_once() {
        let mut findings = Findings::new();
        for _ in 0..2 {
            findings.push(Diagnostic::warning(Code::UnusedOperation, "unused"));
        }
        assert_eq!(findings.len(), 1);
        assert!(!findings.has_errors());
    }
}
