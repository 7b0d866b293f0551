//! A mistake of syntax, with what belongs there in the words of the language. The parser's own message names
//! the tokens that it would have taken; what it found is often a line further than what is missing.

use aieffect_blueprint::{Span, near_match};

use super::Fault;
use crate::tokens::{Kind, Tokens};

const TOP_WORDS: [&str; 6] = ["enum", "import", "message", "option", "package", "service"];
/// Statements that stand at the top of a file only.
const ONLY_TOP: [&str; 4] = ["import", "package", "service", "syntax"];

/// The faults up to the first mistake of syntax, and that one explained: what comes after it follows from it.
pub(super) fn until_first(mut faults: Vec<Fault>, text: &str) -> Vec<Fault> {
    let Some(first) = faults.iter().position(is_syntax) else { return faults };
    faults.truncate(first + 1);
    if let Some(fault) = faults.pop() {
        faults.push(explained(fault, text));
    }
    faults
}

fn is_syntax(fault: &Fault) -> bool {
    let message = fault.message.as_str();
    let is_unexpected = message.starts_with("expected ") && !message.starts_with("expected value to be ");
    is_unexpected || ["invalid token", "unterminated string", "invalid string character"].contains(&message)
}

fn explained(mut fault: Fault, text: &str) -> Fault {
    let Some((span, _)) = fault.marks.first() else { return fault };
    let span = *span;
    let place = Place::of(text, span);
    let help = match fault.message.strip_prefix("expected ") {
        None if fault.message == "unterminated string" => {
            "close it with its quote, on the same line".to_owned()
        }
        None => "there is a character that protos do not have outside of text and comments".to_owned(),
        Some(expected) => match place.mistake(expected) {
            Mistake::NotClosed { open, by } => {
                let line = line_of(text, open);
                fault.message = match by {
                    Some(word) => format!("the `{{` of line {line} is not closed before this `{word}`"),
                    None => format!("the `{{` of line {line} is not closed"),
                };
                let note = if by.is_some() { "" } else { "the file ends here" };
                let here = if by.is_some() { place.statement_span } else { span };
                fault.marks = vec![
                    (here, note.to_owned()),
                    (Span { start: open, end: open + 1 }, "opened here".to_owned()),
                ];
                "add the `}` that is missing".to_owned()
            }
            Mistake::NoSemicolon => {
                fault.message = "a `;` is missing here".to_owned();
                fault.marks = vec![(Span { start: place.before, end: place.before }, String::new())];
                "each field, value, option, import and `rpc` ends with `;`".to_owned()
            }
            Mistake::ClosesNothing => {
                fault.message = "this `}` closes nothing".to_owned();
                fault.marks = vec![(span, String::new())];
                "remove it, or look for a `{` that is missing above".to_owned()
            }
            Mistake::Other => place.form(),
        },
    };
    fault.help(help)
}

enum Mistake<'a> {
    /// A `{`, and the statement that cannot stand in it; none at the end of the file.
    NotClosed {
        open: usize,
        by: Option<&'a str>,
    },
    NoSemicolon,
    ClosesNothing,
    Other,
}

/// What stands before a mistake.
struct Place<'a> {
    text: &'a str,
    span: Span,
    /// The blocks around it: where each was opened, and the first word of the statement it belongs to.
    blocks: Vec<(usize, &'a str)>,
    /// The first word of the statement at hand, and where it stands.
    statement: &'a str,
    statement_span: Span,
    /// Where what stands before it ends.
    before: usize,
}

impl<'a> Place<'a> {
    fn of(text: &'a str, span: Span) -> Self {
        let statement_span = span;
        let mut place = Self { text, span, blocks: Vec::new(), statement: "", statement_span, before: 0 };
        for token in Tokens::new(text).map_while(Result::ok) {
            if token.span.start >= span.start {
                break;
            }
            let word = &text[token.span.clone()];
            match (token.kind, word) {
                (Kind::Open, "{") => {
                    place.blocks.push((token.span.start, place.statement));
                    place.statement = "";
                }
                (Kind::Close, "}") => {
                    place.blocks.pop();
                    place.statement = "";
                }
                (_, ";") => place.statement = "",
                (Kind::Word, word) if place.statement.is_empty() => {
                    (place.statement, place.statement_span) = (word, token.span.clone().into());
                }
                _ => {}
            }
            place.before = token.span.end;
        }
        place
    }

    fn found(&self) -> &'a str {
        self.text.get(self.span.start..self.span.end).unwrap_or_default()
    }

    fn mistake(&self, expected: &str) -> Mistake<'a> {
        let at_end = self.found().is_empty();
        match self.blocks.last() {
            Some((open, _)) if at_end => return Mistake::NotClosed { open: *open, by: None },
            Some((open, _)) if ONLY_TOP.contains(&self.statement) => {
                return Mistake::NotClosed { open: *open, by: Some(self.statement) };
            }
            None if self.found() == "}" && self.statement.is_empty() => return Mistake::ClosesNothing,
            _ => {}
        }
        let next_line = self.text.get(self.before..self.span.start).is_some_and(|gap| gap.contains('\n'));
        if expected.starts_with("`;`") && (next_line || at_end || self.found() == "}") {
            return Mistake::NoSemicolon;
        }
        Mistake::Other
    }

    /// How the statement at hand is written.
    fn form(&self) -> String {
        let found = self.found();
        let form = match (self.blocks.last().map(|(_, statement)| *statement), self.statement) {
            (Some("enum"), _) => "a value is written `NAME = 0;`",
            (Some("service" | "rpc"), _) => "an operation is written `rpc Name(Request) returns (Response);`",
            (Some(_), "reserved") => {
                "numbers are reserved with `reserved 2, 4 to 6;`, names with `reserved \"name\";`"
            }
            (Some(_), _) if matches!(found, "[" | "<") => {
                "a list is written `repeated string name = 1;`, a map `map<string, int32> name = 1;`"
            }
            (Some(_), _) => "a field is written `type name = 1;`, each with a number of its own",
            (None, "syntax") => "the first line is written `syntax = \"proto3\";`",
            (None, "import") => "an import is written `import \"folder/file.proto\";`",
            (None, "package") => "a package is written `package name;`",
            (None, "option") => "an option is written `option name = value;`",
            (None, "message" | "enum" | "service") => {
                return format!("it is written `{} Name {{`, with a `}}` at its end", self.statement);
            }
            (None, _) => {
                let help = near_match(found, "statements", TOP_WORDS);
                return help.unwrap_or_default();
            }
        };
        form.to_owned()
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::testing::{compile, shown};

    fn said(texts: &[&str]) -> String {
        let said = |text: &&str| shown(&compile(&[("a.proto", text)]).1);
        texts.iter().map(said).collect()
    }

    #[test]
    fn a_missing_semicolon_is_shown_where_it_is_missing_and_nothing_is_said_beside() {
        let texts = [
            "syntax = \"proto3\"\nmessage M { string a = 1; }",
            "syntax = \"proto3\";\nmessage M {\n  string a = 1 // one\n  int32 b = 2\n}\nmessage N { string x = ; }",
            "message M {}\nservice S {\n  rpc Do(M) returns (M)\n  rpc Do2(M) returns (M);\n}",
            "enum E { A = 0 }",
            "import \"b.proto\"",
        ];
        assert_snapshot!(said(&texts), @"
        error[AE0301] a.proto:1:18: a `;` is missing here
          a.proto:1:18 ``
          help: each field, value, option, import and `rpc` ends with `;`
        error[AE0301] a.proto:3:15: a `;` is missing here
          a.proto:3:15 ``
          help: each field, value, option, import and `rpc` ends with `;`
        error[AE0301] a.proto:3:24: a `;` is missing here
          a.proto:3:24 ``
          help: each field, value, option, import and `rpc` ends with `;`
        error[AE0301] a.proto:1:15: a `;` is missing here
          a.proto:1:15 ``
          help: each field, value, option, import and `rpc` ends with `;`
        error[AE0301] a.proto:1:17: a `;` is missing here
          a.proto:1:17 ``
          help: each field, value, option, import and `rpc` ends with `;`
        ");
    }

    #[test]
    fn a_bracket_without_its_other_half_is_shown() {
        let texts = [
            "message M {\n  string a = 1;\n\nservice S {\n  rpc Do(M) returns (M);\n}\n",
            "message M {\n  message N {\n    string a = 1;\n",
            "message M {}\n}\n",
            "message M\n  string a = 1;\n}\n",
        ];
        assert_snapshot!(said(&texts), @"
        error[AE0301] a.proto:4:1: the `{` of line 1 is not closed before this `service`
          a.proto:4:1 `service`
          a.proto:1:11 `{` opened here
          help: add the `}` that is missing
        error[AE0301] a.proto:3:18: the `{` of line 2 is not closed
          a.proto:3:18 `` the file ends here
          a.proto:2:13 `{` opened here
          help: add the `}` that is missing
        error[AE0301] a.proto:2:1: this `}` closes nothing
          a.proto:2:1 `}`
          help: remove it, or look for a `{` that is missing above
        error[AE0301] a.proto:2:3: expected `{`, but found `string`
          a.proto:2:3 `string` found here
          help: it is written `message Name {`, with a `}` at its end
        ");
    }

    #[test]
    fn what_is_written_otherwise_is_shown_as_it_is_written() {
        let texts = [
            "message M { string a 1; }",
            "message M { string[] a = 1; }",
            "message M { list<string> a = 1; }",
            "message M { string a = one; }",
            "message M { string a: 1; }",
            "message M { reserved a; }",
            "service S { rpc Do(M) return (M); }",
            "service S { rpc Do(M, M) returns (M); }",
            "service S { Do(M) returns (M); }",
            "enum E { A; }",
            "mesage M {}",
            "import common.proto;",
            "syntax = proto3;",
            "syntax = \"proto3;\nmessage M {}",
            "message M { string a = 1; § }",
            "}",
            "oops",
        ];
        assert_snapshot!(said(&texts), @r#"
        error[AE0301] a.proto:1:22: expected `=`, but found `1`
          a.proto:1:22 `1` found here
          help: a field is written `type name = 1;`, each with a number of its own
        error[AE0301] a.proto:1:19: expected an identifier, but found `[`
          a.proto:1:19 `[` found here
          help: a list is written `repeated string name = 1;`, a map `map<string, int32> name = 1;`
        error[AE0301] a.proto:1:17: expected `.` or an identifier, but found `<`
          a.proto:1:17 `<` found here
          help: a list is written `repeated string name = 1;`, a map `map<string, int32> name = 1;`
        error[AE0301] a.proto:1:24: expected an integer, but found `one`
          a.proto:1:24 `one` found here
          help: a field is written `type name = 1;`, each with a number of its own
        error[AE0301] a.proto:1:21: expected `=`, but found `:`
          a.proto:1:21 `:` found here
          help: a field is written `type name = 1;`, each with a number of its own
        error[AE0301] a.proto:1:22: expected a positive integer or string, but found `a`
          a.proto:1:22 `a` found here
          help: numbers are reserved with `reserved 2, 4 to 6;`, names with `reserved "name";`
        error[AE0301] a.proto:1:23: expected `returns`, but found `return`
          a.proto:1:23 `return` found here
          help: an operation is written `rpc Name(Request) returns (Response);`
        error[AE0301] a.proto:1:21: expected `.` or `)`, but found `,`
          a.proto:1:21 `,` found here
          help: an operation is written `rpc Name(Request) returns (Response);`
        error[AE0301] a.proto:1:13: expected `rpc`, `}`, `option` or `;`, but found `Do`
          a.proto:1:13 `Do` found here
          help: an operation is written `rpc Name(Request) returns (Response);`
        error[AE0301] a.proto:1:11: expected `=`, but found `;`
          a.proto:1:11 `;` found here
          help: a value is written `NAME = 0;`
        error[AE0301] a.proto:1:1: expected `enum`, `extend`, `import`, `message`, `option`, `service`, `package` or `;`, but found `mesage`
          a.proto:1:1 `mesage` found here
          help: did you mean `message`?
        error[AE0301] a.proto:1:8: expected a string literal, `public` or `weak`, but found `common`
          a.proto:1:8 `common` found here
          help: an import is written `import "folder/file.proto";`
        error[AE0301] a.proto:1:10: expected a string, but found `proto3`
          a.proto:1:10 `proto3` found here
          help: the first line is written `syntax = "proto3";`
        error[AE0301] a.proto:1:18: unterminated string
          a.proto:1:18 `
        ` string starts here
          help: close it with its quote, on the same line
        error[AE0301] a.proto:1:27: invalid token
          a.proto:1:27 `§` found here
          help: there is a character that protos do not have outside of text and comments
        error[AE0301] a.proto:1:1: this `}` closes nothing
          a.proto:1:1 `}`
          help: remove it, or look for a `{` that is missing above
        error[AE0301] a.proto:1:1: expected `enum`, `extend`, `import`, `message`, `option`, `service`, `package` or `;`, but found `oops`
          a.proto:1:1 `oops` found here
          help: known statements: `enum`, `import`, `message`, `option`, `package`, `service`
        "#);
    }
}
