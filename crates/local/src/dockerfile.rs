//! A Dockerfile's text as instructions: [`Dockerfile::parse`].
//!
//! Says what stands there, with its place: continuations joined, comments left out, the escape directive and
//! heredocs honoured. What an instruction means, and whether it can be played, is the recipe's to say.

mod words;

use std::sync::Arc;

use aieffect_blueprint::{Code, Diagnostic, Findings, Label, SourceText, Span, near_match};

pub(crate) use words::{exec_form, flags, split};

/// Every instruction that Docker knows.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// The instructions, in order.
#[derive(Debug, Clone)]
pub(crate) struct Dockerfile {
    /// Ends a line that goes on, and takes a `$` its meaning.
    pub(crate) escape: char,
    pub(crate) instructions: Vec<Instruction>,
    source: Arc<SourceText>,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// In capitals; one of Docker's.
    pub(crate) keyword: &'static str,
    /// What follows it, on one line.
    pub(crate) rest: String,
    /// Whether text between `<<NAME` and `NAME` belongs to it; that text is left out.
    pub(crate) heredoc: bool,
    /// Its first line.
    pub(crate) span: Span,
}

impl Dockerfile {
    /// Reads the text; lines that are no instruction are findings.
    pub(crate) fn parse(source: &Arc<SourceText>, findings: &mut Findings) -> Self {
        let mut lines = Lines { text: source.text().trim_start_matches('\u{feff}'), source, at: 0 };
        lines.at = source.text().len() - lines.text.len();
        let escape = lines.escape_directive();
        let mut parsed = Self { escape, instructions: Vec::new(), source: Arc::clone(source) };
        while let Some((line, span)) = lines.logical(escape) {
            parsed.instructions.extend(parsed.instruction(&line, span, &mut lines, findings));
        }
        parsed
    }

    /// The place of an instruction.
    pub(crate) fn label(&self, instruction: &Instruction) -> Label {
        Label::new(&self.source, instruction.span, "")
    }

    /// The file as a whole.
    pub(crate) fn whole(&self) -> Label {
        Label::whole(&self.source)
    }

    fn instruction(
        &self,
        line: &str,
        span: Span,
        lines: &mut Lines<'_>,
        findings: &mut Findings,
    ) -> Option<Instruction> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let label = Label::new(&self.source, span, "");
        let Some(keyword) = KEYWORDS.into_iter().find(|keyword| keyword.eq_ignore_ascii_case(word)) else {
            let shown: String = word.chars().take(40).collect();
            let finding = Diagnostic::error(Code::BadDockerfile, format!("`{shown}` is no instruction"));
            let help = near_match(&shown.to_uppercase(), "instructions", KEYWORDS);
            findings.push(finding.at(label).help_if(help));
            return None;
        };
        let rest = rest.trim().to_owned();
        if rest.is_empty() {
            let message = format!("`{keyword}` says nothing");
            findings.push(Diagnostic::error(Code::BadDockerfile, message).at(label));
            return None;
        }
        let delimiters =
            if matches!(keyword, "RUN" | "COPY" | "ADD") { words::heredocs(&rest) } else { Vec::new() };
        let heredoc = !delimiters.is_empty();
        lines.skip_heredocs(&delimiters);
        Some(Instruction { keyword, rest, heredoc, span })
    }
}

struct Lines<'a> {
    /// What is not read yet.
    text: &'a str,
    source: &'a SourceText,
    /// Where `text` begins in the source.
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.text.is_empty() {
            return None;
        }
        let end = self.text.find('\n').map_or(self.text.len(), |at| at + 1);
        let (line, rest) = self.text.split_at(end);
        self.text = rest;
        self.at += end;
        Some(line.trim_end_matches(['\n', '\r']))
    }

    /// `# escape=` among the comments `# name=value` that begin the file.
    fn escape_directive(&self) -> char {
        let mut escape = '\\';
        for line in self.text.lines() {
            let directive = line.trim().strip_prefix('#').and_then(|line| line.split_once('='));
            let Some((name, value)) = directive else { break };
            match (name.trim().to_ascii_lowercase().as_str(), value.trim()) {
                ("escape", "`") => escape = '`',
                (name, _) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {}
                _ => break,
            }
        }
        escape
    }

    /// The next instruction's text and the place of its first line.
    fn logical(&mut self, escape: char) -> Option<(String, Span)> {
        let mut joined = String::new();
        let mut span = None;
        loop {
            let begin = self.at;
            let Some(line) = self.next() else { break };
            let text = line.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let start = begin + line.len() - line.trim_start().len();
            span.get_or_insert_with(|| Span::from(start..start + text.len()));
            debug_assert!(self.source.text().is_char_boundary(start));
            match line.trim_end().strip_suffix(escape) {
                Some(continued) => joined.push_str(continued),
                None => {
                    joined.push_str(line);
                    break;
                }
            }
        }
        let joined = joined.trim().to_owned();
        span.filter(|_| !joined.is_empty()).map(|span| (joined, span))
    }

    fn skip_heredocs(&mut self, delimiters: &[String]) {
        for delimiter in delimiters {
            while let Some(line) = self.next() {
                if line.trim_start_matches('\t') == delimiter {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> (Dockerfile, Findings) {
        let mut findings = Findings::new();
        let parsed = Dockerfile::parse(&SourceText::new("Dockerfile", text), &mut findings);
        (parsed, findings)
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let (parsed, findings) = parse(text);
        assert_eq!(findings, Findings::new(), "{text}");
        let found: Vec<_> = parsed.instructions.iter().map(|one| (one.keyword, one.rest.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn continuations_are_joined_and_comments_left_out() {
        check(
            "# a comment\nFROM  x\n\nrun a \\\n  # why\n\n  && b \\\n && c\n# end",
            &[("FROM", "x"), ("RUN", "a   && b  && c")],
        );
        check("FROM x\r\nCMD a\r\n", &[("FROM", "x"), ("CMD", "a")]);
        check("\u{feff}FROM x\\\n", &[("FROM", "x")]);
    }

    #[test]
    fn the_escape_directive_is_honoured_at_the_top_only() {
        check("# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\n b", &[("RUN", "a  b")]);
        check("# hello\n# escape=`\nRUN a \\\n b", &[("RUN", "a  b")]);
    }

    #[test]
    fn a_heredoc_is_no_instructions() {
        let (parsed, findings) = parse("FROM x\nRUN <<EOF cat\nFROM y\nEOF\nCMD z\n");
        assert!(findings.is_empty());
        let heredocs: Vec<_> = parsed.instructions.iter().map(|one| (one.keyword, one.heredoc)).collect();
        assert_eq!(heredocs, [("FROM", false), ("RUN", true), ("CMD", false)]);
    }

    #[test]
    fn what_is_no_instruction_is_reported_where_it_stands() {
        let (_, findings) = parse("FROM x\n  WORKDIRR /app\nCMD\n");
        let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "error[AE0604] Dockerfile:2:3: `WORKDIRR` is no instruction",
                "error[AE0604] Dockerfile:3:1: `CMD` says nothing"
            ]
        );
        assert_eq!(findings.iter().next().unwrap().help.as_deref(), Some("did you mean `WORKDIR`?"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(FROM|RUN|COPY|ENV|#|escape=`|[\\\\`'\"$<>\\[\\]{}=,&| \t\r\né]|<<E|E|[a-z./:]){0,40}") {
            let (parsed, _) = parse(&text);
            for instruction in &parsed.instructions {
                split(&instruction.rest, parsed.escape);
                flags(&instruction.rest);
                exec_form(&instruction.rest);
                prop_assert!(text.get(instruction.span.start..instruction.span.end).is_some());
            }
        }
    }
}
