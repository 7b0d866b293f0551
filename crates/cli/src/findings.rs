//! Findings as text for a person or as JSON for a program.

use std::fmt;
use std::sync::Arc;

use aieffect_blueprint::{Diagnostic, Findings, Label, Severity, SourceText};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

use crate::terminal::{self, Colour};

/// Whether warnings stop the work too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Only errors do.
    Usual,
    /// Warnings do too.
    Strict,
}

impl Strictness {
    /// As `--strict` says.
    pub(crate) fn of(strict: bool) -> Self {
        if strict { Self::Strict } else { Self::Usual }
    }

    pub(crate) fn stops_at(self, findings: &Findings) -> bool {
        findings.has_errors() || (self == Self::Strict && !findings.is_empty())
    }
}

/// All findings as text, each with its excerpts; warnings first, so that errors stand last.
pub(crate) fn as_text(findings: &Findings, colour: Colour) -> String {
    let theme = match colour {
        Colour::On => GraphicalTheme::unicode(),
        Colour::Off => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(terminal::width())
        .with_context_lines(1)
        .with_urls(false);
    let mut text = String::new();
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    for diagnostic in sorted {
        // Writing to a String cannot fail.
        let _ = handler.render_report(&mut text, &Shown::new(diagnostic));
        text.push('\n');
    }
    text
}

/// `2 errors, 1 warning`.
pub(crate) fn count(findings: &Findings) -> String {
    let counted = |severity: Severity| match findings.count(severity) {
        0 => None,
        1 => Some(format!("1 {severity}")),
        count => Some(format!("{count} {severity}s")),
    };
    let counts: Vec<_> = [Severity::Error, Severity::Warning].into_iter().filter_map(counted).collect();
    if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") }
}

/// All findings as one JSON object.
pub(crate) fn as_json(findings: &Findings) -> serde_json::Value {
    let listed: Vec<_> = findings.iter().map(JsonFinding::new).collect();
    serde_json::json!({
        "errors": findings.count(Severity::Error),
        "warnings": findings.count(Severity::Warning),
        "findings": listed,
    })
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    labels: Vec<JsonLabel<'a>>,
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    note: &'a str,
}

impl<'a> JsonFinding<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        Self {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity.as_str(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            labels: diagnostic.labels.iter().map(JsonLabel::new).collect(),
        }
    }
}

impl<'a> JsonLabel<'a> {
    fn new(label: &'a Label) -> Self {
        let (line, column) = label.source.line_column(label.span.start);
        let (end_line, end_column) = label.source.line_column(label.span.end);
        Self { file: label.source.name(), line, column, end_line, end_column, note: &label.note }
    }
}

/// A finding as miette shows it: one excerpt for the file of its first label, then one for each other file.
struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    head: Option<Excerpt>,
    others: Vec<Excerpt>,
}

impl<'a> Shown<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        let mut excerpts: Vec<Excerpt> = Vec::new();
        for label in &diagnostic.labels {
            match excerpts.iter_mut().find(|excerpt| excerpt.name == label.source.name()) {
                Some(excerpt) => excerpt.labels.push(span(label)),
                None => excerpts.push(Excerpt::new(&label.source, label)),
            }
        }
        let mut excerpts = excerpts.into_iter();
        let head = excerpts.next();
        Self { diagnostic, head, others: excerpts.collect() }
    }
}

/// The marked places of one file.
#[derive(Debug)]
struct Excerpt {
    name: String,
    source: NamedSource<String>,
    labels: Vec<LabeledSpan>,
}

impl Excerpt {
    fn new(source: &Arc<SourceText>, label: &Label) -> Self {
        let name = source.name().to_owned();
        Self { source: NamedSource::new(&name, source.text().to_owned()), name, labels: vec![span(label)] }
    }
}

/// A label of several lines marks its first only: an excerpt is to show where, not everything.
fn span(label: &Label) -> LabeledSpan {
    let text = label.source.text();
    let start = label.span.start.min(text.len());
    let marked = text.get(start..label.span.end.min(text.len())).unwrap_or_default();
    let length = marked.find('\n').unwrap_or(marked.len());
    let note = (!label.note.is_empty()).then(|| label.note.clone());
    LabeledSpan::new(note, start, length)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.diagnostic, f)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(format!("{} {}", self.diagnostic.severity, self.diagnostic.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.diagnostic.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.head.as_ref().map(|head| &head.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.head
            .as_ref()
            .map(|head| Box::new(head.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn miette::Diagnostic> + 'b>> {
        let others = self.others.iter().map(|excerpt| excerpt as &dyn miette::Diagnostic);
        (!self.others.is_empty())
            .then(|| Box::new(others) as Box<dyn Iterator<Item = &dyn miette::Diagnostic>>)
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "see also {}", self.name)
    }
}

impl std::error::Error for Excerpt {}

impl miette::Diagnostic for Excerpt {
    fn severity(&self) -> Option<miette::Severity> {
        Some(miette::Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
