//! Findings as text for a person or as JSON for a program.

mod excerpt;

use aieffect_blueprint::{Diagnostic, Findings, Label, Severity};
use annotate_snippets::{Level, Renderer};
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

/// How many findings are shown as text: nobody reads more, and one wrong name may come a thousand times.
const MOST_SHOWN: usize = 200;

/// Columns that nothing reaches: excerpts are cut by us, around their marks.
const NEVER_CUT: usize = 100_000;

/// All findings as text, each with its excerpts; warnings first, so that errors stand last,
/// and each kind by file and line.
pub(crate) fn as_text(findings: &Findings, colour: Colour) -> String {
    let renderer = match colour {
        Colour::On => Renderer::styled(),
        Colour::Off => Renderer::plain(),
    };
    let renderer = renderer.term_width(NEVER_CUT);
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
        text.push_str(&shown(diagnostic, &renderer, width));
        text.push_str("\n\n");
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

/// One finding with its excerpts and its help.
fn shown(diagnostic: &Diagnostic, renderer: &Renderer, width: usize) -> String {
    let level = match diagnostic.severity {
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    };
    // As wide as `warning[AE0001]: `, which stands before the message's first line and indents the others.
    let title = wrapped(&diagnostic.message, width.saturating_sub(17));
    let help = diagnostic.help.as_deref().map(|help| wrapped(help, width.saturating_sub(17)));
    let group = level
        .primary_title(title)
        .id(diagnostic.code.as_str())
        .elements(excerpt::excerpts(diagnostic))
        .elements(help.map(|help| Level::HELP.message(help)));
    renderer.render(&[group])
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
