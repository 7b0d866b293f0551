//! What is wrong with a text that is no JSON, in words for people who do not write parsers.

use std::sync::Arc;

use crate::{Code, Diagnostic, Label, SourceText};

/// The finding about a text that the parser refused.
pub(super) fn finding(source: &Arc<SourceText>, error: &serde_json::Error) -> Diagnostic {
    let said = error.to_string();
    let refusal = Refusal {
        source,
        at: place(source, error),
        cause: said.split(" at line ").next().unwrap_or_default(),
        is_end: error.is_eof(),
    };
    let Said { what, labels, help } = refusal.said();
    let finding = Diagnostic::error(Code::Syntax, format!("`{}` is not valid JSON: {what}", source.name()));
    labels.into_iter().fold(finding, Diagnostic::at).help_if(help)
}

fn place(source: &Arc<SourceText>, error: &serde_json::Error) -> usize {
    let at = if error.is_eof() {
        source.text().trim_end().len()
    } else {
        // Unlike `SourceText`, the parser counts columns in bytes, and is not given the byte order mark.
        let mark = if error.line() == 1 && source.text().starts_with('\u{feff}') { 3 } else { 0 };
        source.offset(error.line(), 1) + mark + error.column().saturating_sub(1)
    };
    source.boundary(at)
}

/// A place at which the parser gave up.
struct Refusal<'a> {
    source: &'a Arc<SourceText>,
    at: usize,
    /// The parser's words.
    cause: &'a str,
    is_end: bool,
}

struct Said {
    what: String,
    labels: Vec<Label>,
    help: Option<String>,
}

impl Refusal<'_> {
    fn said(&self) -> Said {
        let open = Open::before(self.source.text(), self.at);
        let next = self.source.text()[self.at..].chars().next();
        if self.is_end {
            return self.ends_early(&open);
        }
        match (self.cause, next) {
            (cause, Some(close @ ('}' | ']'))) if cause.starts_with("expected `,`") => {
                self.other_bracket(&open, close)
            }
            (cause, _) if cause.starts_with("control character") => self.text_not_closed(&open),
            (cause, _) if cause.starts_with("expected `,`") => {
                self.here(cause, "is a comma missing before this place?")
            }
            ("trailing comma", _) => {
                self.here("a comma stands before a closing bracket", "remove the comma before this place")
            }
            ("key must be a string", _) => self.here(
                "a key in double quotes is expected",
                "write keys in double quotes; JSON has no comments and no single quotes",
            ),
            ("expected value", Some(',' | ':' | '}' | ']')) => {
                self.here("a value is expected", "is a value missing, or is this character too many?")
            }
            ("expected value" | "expected ident", _) => self.here(
                "this is no value",
                "write text in double quotes; the words without are `true`, `false` and `null`; \
                 JSON has no comments",
            ),
            ("expected `:`", _) => {
                self.here("a `:` is expected behind the key", "write it as `\"key\": value`")
            }
            ("trailing characters", Some('}' | ']')) => self
                .here("this bracket closes nothing", "remove it, or look for one that was closed too early"),
            ("trailing characters", _) => self.here("something stands behind the last bracket", "remove it"),
            ("invalid escape", _) => {
                self.here("an escape that JSON does not have", "write a backslash as `\\\\`")
            }
            ("recursion limit exceeded", _) => self.only("it is nested more than 128 deep"),
            ("invalid number", _) => self.only("this is no number"),
            (cause, _) if cause.contains("hex escape") => self.here(
                "an escape `\\u` that is no character",
                "write it with four digits, or write the character",
            ),
            (cause, _) => self.only(cause),
        }
    }

    fn ends_early(&self, open: &Open) -> Said {
        let end = |note: &str| Label::new(self.source, self.at..self.at, note);
        let closing: String = open.brackets.iter().rev().map(|bracket| bracket.closed_by()).collect();
        if let Some(quote) = open.text {
            let behind = if closing.is_empty() { closing } else { format!(", and then `{closing}`") };
            return Said {
                what: "it ends within a text".to_owned(),
                labels: vec![end("the file ends here"), self.opened(quote)],
                help: Some(format!("close the text with `\"`{behind}")),
            };
        }
        let Some(innermost) = open.brackets.last() else {
            let is_empty = self.source.text().trim_start_matches('\u{feff}').trim().is_empty();
            return self.only(if is_empty { "it is empty" } else { "it ends within a value" });
        };
        let unclosed = open.outdented.as_ref().unwrap_or(innermost);
        let (line, _) = self.source.line_column(unclosed.at);
        let help = match &open.outdented {
            Some(_) => format!("to go by the indentation, a `{}` is missing for it", unclosed.closed_by()),
            None => format!("add `{closing}` at the end, or close it where it should end"),
        };
        Said {
            what: format!("the `{}` of line {line} is not closed", unclosed.byte as char),
            labels: vec![end("the file ends here"), self.opened(unclosed.at)],
            help: Some(help),
        }
    }

    fn other_bracket(&self, open: &Open, close: char) -> Said {
        let Some(bracket) = open.brackets.last() else { return self.only(self.cause) };
        let (line, _) = self.source.line_column(bracket.at);
        Said {
            what: format!(
                "the `{}` of line {line} is not closed before this `{close}`",
                bracket.byte as char
            ),
            labels: vec![self.mark("here"), self.opened(bracket.at)],
            help: Some(format!("add the `{}` that is missing", bracket.closed_by())),
        }
    }

    fn text_not_closed(&self, open: &Open) -> Said {
        let text = open.text.and_then(|quote| Some((quote, self.source.text().get(quote..self.at)?)));
        match text {
            Some((quote, text)) if text.contains('\n') => Said {
                what: "a text does not end on its line".to_owned(),
                labels: vec![self.opened(quote)],
                help: Some("close it with `\"`; a line break in a text is written `\\n`".to_owned()),
            },
            _ => self.here(
                "a text has a tab or another control character in it",
                "write a tab as `\\t`, others as `\\u` and four digits",
            ),
        }
    }

    fn here(&self, what: &str, help: &str) -> Said {
        Said { what: what.to_owned(), labels: vec![self.mark("here")], help: Some(help.to_owned()) }
    }

    fn only(&self, what: &str) -> Said {
        Said { what: what.to_owned(), labels: vec![self.mark("here")], help: None }
    }

    fn mark(&self, note: &str) -> Label {
        Label::new(self.source, self.at..self.at, note)
    }

    fn opened(&self, at: usize) -> Label {
        Label::new(self.source, at..at + 1, "opened here")
    }
}

/// What is open at a place.
#[derive(Default)]
struct Open {
    /// From the outermost.
    brackets: Vec<Bracket>,
    /// Where a text began that has not ended.
    text: Option<usize>,
    /// The first bracket whose closing one stands further left than its line begins: as a rule the one that
    /// was forgotten, while the count only tells of the outermost.
    outdented: Option<Bracket>,
}

#[derive(Clone)]
struct Bracket {
    byte: u8,
    at: usize,
    /// How far its line is indented.
    indent: usize,
}

impl Bracket {
    fn closed_by(&self) -> char {
        if self.byte == b'{' { '}' } else { ']' }
    }
}

impl Open {
    fn before(text: &str, end: usize) -> Self {
        let mut open = Self::default();
        let bytes = &text.as_bytes()[..end];
        let (mut line, mut indent, mut is_first) = (0, 0, true);
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match (open.text, byte) {
                (Some(_), b'\\') => at += 1,
                (Some(_), b'"') => open.text = None,
                (Some(_), _) => {}
                (None, b'\n') => (line, is_first) = (at + 1, true),
                (None, byte) if byte.is_ascii_whitespace() => {}
                (None, byte) => {
                    if is_first {
                        indent = at - line;
                    }
                    match byte {
                        b'"' => open.text = Some(at),
                        b'{' | b'[' => open.brackets.push(Bracket { byte: *byte, at, indent }),
                        b'}' | b']' => open.close(is_first.then_some(indent)),
                        _ => {}
                    }
                    is_first = false;
                }
            }
            at += 1;
        }
        open
    }

    /// `indent` is that of a closing bracket with which a line begins.
    fn close(&mut self, indent: Option<usize>) {
        let Some(bracket) = self.brackets.pop() else { return };
        if self.outdented.is_none() && indent.is_some_and(|indent| indent < bracket.indent) {
            self.outdented = Some(bracket);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use crate::{Document, SourceText};

    fn said(text: &str) -> String {
        let finding = Document::json(&SourceText::new("c", text)).unwrap_err();
        let mut lines = finding.message.strip_prefix("`c` is not valid JSON: ").unwrap().to_owned();
        for label in &finding.labels {
            write!(lines, "\n  {} {}", label.position(), label.note).unwrap();
        }
        lines + &finding.help.map(|help| format!("\n  help: {help}")).unwrap_or_default() + "\n"
    }

    #[test]
    fn what_is_not_closed_is_named_with_the_place_where_it_was_opened() {
        let texts = [
            "{\n  \"a\": {\n    \"b\": [1]\n  }\n",
            "{\"a\": [1, {\"b\": \"",
            "{\n  \"a\": {\n    \"b\": {\n      \"c\": 1\n  },\n  \"d\": 2\n}\n",
            "{\n  \"a\": [1, 2\n}\n",
            "{\"a\":\n  [{\"b\": 1]}",
            "{\"a\": \"b,\n \"c\": 1}",
            "",
            " \n",
            "tru",
            "{\"a\": 1}}",
            "{\"a\": \"b\tc\"}",
        ];
        insta::assert_snapshot!(texts.map(said).concat(), @r#"
        the `{` of line 1 is not closed
          c:4:4 the file ends here
          c:1:1 opened here
          help: add `}` at the end, or close it where it should end
        it ends within a text
          c:1:18 the file ends here
          c:1:17 opened here
          help: close the text with `"`, and then `}]}`
        the `{` of line 3 is not closed
          c:7:2 the file ends here
          c:3:10 opened here
          help: to go by the indentation, a `}` is missing for it
        the `[` of line 2 is not closed before this `}`
          c:3:1 here
          c:2:8 opened here
          help: add the `]` that is missing
        the `{` of line 2 is not closed before this `]`
          c:2:11 here
          c:2:4 opened here
          help: add the `}` that is missing
        a text does not end on its line
          c:1:7 opened here
          help: close it with `"`; a line break in a text is written `\n`
        it is empty
          c:1:1 here
        it is empty
          c:1:1 here
        it ends within a value
          c:1:4 here
        this bracket closes nothing
          c:1:9 here
          help: remove it, or look for one that was closed too early
        a text has a tab or another control character in it
          c:1:9 here
          help: write a tab as `\t`, others as `\u` and four digits
        "#);
    }

    #[test]
    fn what_stands_where_it_cannot_is_said_in_plain_words() {
        let texts = [
            "{\"a\": 1 \"b\": 2}",
            "{\"a\": 1,}",
            "[1,]",
            "{a: 1}",
            "{\"a\": }",
            "{\"a\": 'x'}",
            "{\"a\": yes}",
            "{\"a\": nil}",
            "{\"a\" 1}",
            "{} x",
            "[\"\\q\"]",
            "[\"\\ud800\"]",
            "[01]",
            "// c\n{}",
        ];
        insta::assert_snapshot!(texts.map(said).concat(), @r#"
        expected `,` or `}`
          c:1:9 here
          help: is a comma missing before this place?
        a comma stands before a closing bracket
          c:1:9 here
          help: remove the comma before this place
        a comma stands before a closing bracket
          c:1:4 here
          help: remove the comma before this place
        a key in double quotes is expected
          c:1:2 here
          help: write keys in double quotes; JSON has no comments and no single quotes
        a value is expected
          c:1:7 here
          help: is a value missing, or is this character too many?
        this is no value
          c:1:7 here
          help: write text in double quotes; the words without are `true`, `false` and `null`; JSON has no comments
        this is no value
          c:1:7 here
          help: write text in double quotes; the words without are `true`, `false` and `null`; JSON has no comments
        this is no value
          c:1:8 here
          help: write text in double quotes; the words without are `true`, `false` and `null`; JSON has no comments
        a `:` is expected behind the key
          c:1:6 here
          help: write it as `"key": value`
        something stands behind the last bracket
          c:1:4 here
          help: remove it
        an escape that JSON does not have
          c:1:4 here
          help: write a backslash as `\\`
        an escape `\u` that is no character
          c:1:9 here
          help: write it with four digits, or write the character
        this is no number
          c:1:3 here
        this is no value
          c:1:1 here
          help: write text in double quotes; the words without are `true`, `false` and `null`; JSON has no comments
        "#);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "[\\[\\]{}:,\"'\\\\a1 ü\\n\\t\u{feff}-]{0,24}") {
            if let Err(finding) = Document::json(&SourceText::new("c", text)) {
                prop_assert!(!finding.message.contains("EOF"), "{}", finding);
            }
        }
    }
}
