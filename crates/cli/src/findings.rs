//! Findings as text for a person or as JSON for a program.

mod excerpt;

use std::fmt;

use aieffect_blueprint::{Diagnostic, Findings, Label, Severity};
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde::Serialize;

use self::excerpt::Excerpts;
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

/// How many findings are shown as text: nobody reads more, and one wrong name may come a thousand times.
const MOST_SHOWN: usize = 200;

/// All findings as text, each with its excerpts; warnings first, so that errors stand last,
/// and each kind by file and line.
pub(crate) fn as_text(findings: &Findings, colour: Colour) -> String {
    let theme = match colour {
        Colour::On => GraphicalTheme::unicode(),
        Colour::Off => GraphicalTheme::unicode_nocolor(),
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_wrap_lines(false)
        .with_context_lines(excerpt::AROUND)
        .with_urls(false);
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|diagnostic| {
        let place = diagnostic.labels.first().map(|label| (label.source.name(), label.span.start));
        (diagnostic.severity, place)
    });
    let hidden = sorted.len().saturating_sub(MOST_SHOWN);
    let mut text = String::new();
    if hidden > 0 {
        text = format!(
            "{hidden} more findings stand before these; `aieffect check --format json` lists all\n\n"
        );
    }
    let width = terminal::width();
    for diagnostic in sorted.split_off(hidden) {
        let excerpts = Excerpts::of(diagnostic);
        // Writing to a String cannot fail.
        let _ = handler.render_report(&mut text, &Shown { diagnostic, excerpts, width });
        text.push('\n');
    }
    terminal::only_colours(&text).lines().map(|line| format!("{}\n", line.trim_end())).collect()
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

/// A finding as miette shows it.
struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    excerpts: Option<Excerpts>,
    width: usize,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wrapped(&self.diagnostic.message, self.width.saturating_sub(4)))
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
        let help = wrapped(self.diagnostic.help.as_deref()?, self.width.saturating_sub(8));
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpts.as_ref().map(|excerpts| excerpts as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.excerpts
            .as_ref()
            .map(|excerpts| Box::new(excerpts.labels()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }
}

/// Breaks lines at spaces only: a path or a command that is broken elsewhere is no longer one.
fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.lines().map(|line| wrapped_line(line, width)).collect();
    lines.join("\n")
}

fn wrapped_line(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut wrapped = String::new();
    let mut length = 0;
    for word in line.split(' ') {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            wrapped.push('\n');
            length = 0;
        } else if !wrapped.is_empty() || length > 0 {
            wrapped.push(' ');
            length += 1;
        }
        wrapped.push_str(word);
        length += word_length;
    }
    wrapped
}
