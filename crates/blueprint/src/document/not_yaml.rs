//! What is wrong with a text that is no YAML: as a rule its indentation.

use std::sync::Arc;

use super::tree::ParseError;
use crate::{Code, Diagnostic, Label, SourceText};

const INDENT: &str = "lines that belong together begin in one column, and deeper lines belong to the line above \
                      them; indent with spaces, not tabs";

/// The finding about a text that the parser refused.
pub(super) fn finding(source: &Arc<SourceText>, error: &ParseError) -> Diagnostic {
    let at = error.position.map_or(0, |(line, column)| source.offset(line, column));
    let refusal = Refusal { source, at };
    let said = refusal.said(&error.message);
    let message = format!("`{}` is not valid YAML: {}", source.name(), said.what);
    said.labels.into_iter().fold(Diagnostic::error(Code::Syntax, message), Diagnostic::at).help_if(said.help)
}

/// A place at which the parser gave up.
struct Refusal<'a> {
    source: &'a Arc<SourceText>,
    at: usize,
}

struct Said {
    what: String,
    labels: Vec<Label>,
    help: Option<String>,
}

impl Refusal<'_> {
    fn said(&self, message: &str) -> Said {
        let message_starts = |start: &str| message.starts_with(start);
        if message_starts("tabs disallowed") {
            return self.here("a tab indents this line", "indent with spaces; YAML takes no tabs there");
        }
        let is_structure =
            message_starts("while parsing a block") || message_starts("did not find expected <");
        if let (true, Some(said)) = (is_structure, self.between_levels()) {
            return said;
        }
        match message {
            message if message.contains("did not find expected key") => self.here("a key is expected here", INDENT),
            message if message.contains("expected '-'") => {
                self.here("an entry that begins with `-` is expected here", INDENT)
            }
            message if message.starts_with("did not find expected <") => {
                self.here("this line belongs to nothing above it", INDENT)
            }
            message if message.starts_with("mapping values are not allowed") => self.here(
                "a `:` stands where none can be",
                "is the line indented too deep, is a `:` or the space behind it missing in the line above, or does \
                 a text with `: ` in it lack quotes?",
            ),
            message if message.contains("multiline quoted scalar") => self.here(
                "a text in quotes goes on in this line",
                "is the closing quote missing in the line above?",
            ),
            message if message.starts_with("illegal placement of ':'") => {
                self.here("a `:` stands within brackets", "is a `]` or `}` missing in a line above?")
            }
            message if message.starts_with("unexpected character") => {
                self.here(&message.replace('\'', "`"), "put a text that begins with it in quotes")
            }
            _ => Said { what: message.replace('\'', "`"), labels: vec![self.mark("here")], help: None },
        }
    }

    /// A line that begins between the columns of those that it might belong to.
    fn between_levels(&self) -> Option<Said> {
        let (line, column) = self.source.line_column(self.at);
        let indent = column - 1;
        let levels = Levels::above(self.source.text(), line);
        let position = levels.0.iter().position(|level| level.indent >= indent)?;
        let deeper = levels.0.get(position).filter(|level| level.indent > indent)?;
        let outer = levels.0.get(position.checked_sub(1)?)?;
        let label = |level: &Level| {
            let at = self.source.offset(level.line, level.indent + 1);
            Label::new(self.source, at..at, spaces(level.indent))
        };
        Some(Said {
            what: format!("line {line} begins in another column than the lines it could belong to"),
            labels: vec![self.mark(&spaces(indent)), label(outer), label(deeper)],
            help: Some(INDENT.to_owned()),
        })
    }

    fn here(&self, what: &str, help: &str) -> Said {
        Said { what: what.to_owned(), labels: vec![self.mark("here")], help: Some(help.to_owned()) }
    }

    fn mark(&self, note: &str) -> Label {
        Label::new(self.source, self.at..self.at, note)
    }
}

fn spaces(count: usize) -> String {
    match count {
        0 => "not indented".to_owned(),
        1 => "indented by 1 space".to_owned(),
        count => format!("indented by {count} spaces"),
    }
}

/// How far lines are indented that may be followed by others of theirs, the outermost first; of each column
/// the last line.
struct Levels(Vec<Level>);

struct Level {
    indent: usize,
    /// From 1.
    line: usize,
}

impl Levels {
    /// Those that are open above a line.
    fn above(text: &str, line: usize) -> Self {
        let mut levels = Self(Vec::new());
        // The lines of a `|` or `>` text are no levels.
        let mut text_below = None;
        for (above, content) in text.lines().enumerate().take(line.saturating_sub(1)) {
            let trimmed = content.trim_start_matches(' ');
            let indent = content.len() - trimmed.len();
            if trimmed.trim().is_empty() || text_below.is_some_and(|outer| indent > outer) {
                continue;
            }
            text_below = begins_text(trimmed).then_some(indent);
            if !trimmed.starts_with('#') {
                levels.enter(trimmed, indent, above + 1);
            }
        }
        levels
    }

    fn enter(&mut self, trimmed: &str, indent: usize, line: usize) {
        self.0.retain(|level| level.indent < indent);
        self.0.push(Level { indent, line });
        // What stands behind the dash of an entry is a level of its own.
        if let Some(entry) = trimmed.strip_prefix("- ") {
            let within = entry.trim_start_matches(' ');
            self.enter(within, indent + trimmed.len() - within.len(), line);
        }
    }
}

/// Whether a line ends with the sign of a text in the lines below it.
fn begins_text(line: &str) -> bool {
    let last = line.split(" #").next().unwrap_or_default().trim_end().rsplit(' ').next().unwrap_or_default();
    last.starts_with(['|', '>'])
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use crate::{Document, SourceText};

    fn said(text: &str) -> String {
        let finding = Document::yaml(&SourceText::new("d", text)).unwrap_err();
        let mut lines = finding.message.strip_prefix("`d` is not valid YAML: ").unwrap().to_owned();
        for label in &finding.labels {
            write!(lines, "\n  {} {}", label.position(), label.note).unwrap();
        }
        lines + &finding.help.map(|help| format!("\n  help: {help}")).unwrap_or_default() + "\n"
    }

    #[test]
    fn a_line_that_is_indented_wrong_is_shown_with_the_lines_it_could_belong_to() {
        let texts = [
            "services:\n  a:\n    build:\n       context: .\n      dockerfile: D\n    ports: []\n",
            "services:\n  a:\n   build:\n      context: .\n    ports: []\n",
            "s:\n  a:\n    ports:\n      - x\n     - y\n",
            "s:\n  - a: 1\n   b: 2\n",
            "s:\n  a: |\n      text\n    more\n   b: 1\n  c: 1\n d: 2\n",
            " a: 1\nb: 2\n",
        ];
        insta::assert_snapshot!(texts.map(said).concat(), @"
        line 5 begins in another column than the lines it could belong to
          d:5:7 indented by 6 spaces
          d:3:5 indented by 4 spaces
          d:4:8 indented by 7 spaces
          help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
        line 5 begins in another column than the lines it could belong to
          d:5:5 indented by 4 spaces
          d:3:4 indented by 3 spaces
          d:4:7 indented by 6 spaces
          help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
        line 5 begins in another column than the lines it could belong to
          d:5:6 indented by 5 spaces
          d:3:5 indented by 4 spaces
          d:4:7 indented by 6 spaces
          help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
        line 3 begins in another column than the lines it could belong to
          d:3:4 indented by 3 spaces
          d:2:3 indented by 2 spaces
          d:2:5 indented by 4 spaces
          help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
        a key is expected here
          d:4:5 here
          help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
        this line belongs to nothing above it
          d:2:1 here
          help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
        ");
    }

    #[test]
    fn other_mistakes_of_indentation_are_said_in_plain_words() {
        let texts = [
            "s:\n  a:\n    image: x\n      command: y\n",
            "s:\n  a:\n\tports: x\n",
            "s:\n    - image: x\n    b: 1\n",
            "s:\n  image: \"x\n  b: 1\n",
            "s: {x: 1\n",
            "s: %x\n",
            "s: [1, 2\nb: 1\n",
        ];
        insta::assert_snapshot!(texts.map(said).concat(), @"
        a `:` stands where none can be
          d:4:14 here
          help: is the line indented too deep, is a `:` or the space behind it missing in the line above, or does a text with `: ` in it lack quotes?
        a tab indents this line
          d:3:2 here
          help: indent with spaces; YAML takes no tabs there
        an entry that begins with `-` is expected here
          d:3:5 here
          help: lines that belong together begin in one column, and deeper lines belong to the line above them; indent with spaces, not tabs
        a text in quotes goes on in this line
          d:3:3 here
          help: is the closing quote missing in the line above?
        unclosed bracket `{`
          d:1:4 here
        unexpected character: `%`
          d:1:4 here
          help: put a text that begins with it in quotes
        a `:` stands within brackets
          d:2:2 here
          help: is a `]` or `}` missing in a line above?
        ");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[ab:\\-|# ü\\n\\t'\"{]{0,40}") {
            let _ = Document::yaml(&SourceText::new("d", text));
        }
    }
}
