//! All findings of one look at a user's files.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Diagnostic, Severity};

/// All findings of one look at a user's files, in the order they were made.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    list: Vec<Diagnostic>,
    /// Positions by a hash of what most tells findings apart: documents with thousands of mistakes exist.
    alike: HashMap<u64, Vec<usize>>,
}

impl Findings {
    /// No finding.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; the same finding twice is kept once.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let alike = self.alike.entry(likeness(&diagnostic)).or_default();
        if !alike.iter().any(|position| self.list[*position] == diagnostic) {
            alike.push(self.list.len());
            self.list.push(diagnostic);
        }
    }

    /// Adds all of another look's.
    pub fn extend(&mut self, other: Findings) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Whether any has severity error.
    pub fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    /// How many have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }
}

fn likeness(diagnostic: &Diagnostic) -> u64 {
    let mut hasher = DefaultHasher::new();
    diagnostic.code.hash(&mut hasher);
    diagnostic.message.hash(&mut hasher);
    diagnostic.labels.first().map(|label| label.span).hash(&mut hasher);
    hasher.finish()
}

impl PartialEq for Findings {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Findings {}

impl From<Diagnostic> for Findings {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::from_iter([diagnostic])
    }
}

impl IntoIterator for Findings {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Label, SourceText};

    #[test]
    fn the_same_finding_is_kept_once() {
        let mut findings = Findings::new();
        for _ in 0..2 {
            findings.push(Diagnostic::warning(Code::UnusedOperation, "unused"));
        }
        assert_eq!(findings.len(), 1);
        assert!(!findings.has_errors());
    }

    #[test]
    fn findings_that_differ_in_a_later_place_are_both_kept() {
        let source = SourceText::new("a", "abc");
        let finding = |at| {
            Diagnostic::error(Code::SaidTwice, "twice").at(Label::new(&source, 0..1, "")).at(Label::new(
                &source,
                at..at,
                "",
            ))
        };
        let findings: Findings = [finding(1), finding(2), finding(1)].into_iter().collect();
        assert_eq!(findings.len(), 2);
    }
}
