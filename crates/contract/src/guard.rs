//! A first look at a text, before the parser: whether it is of an edition, and whether it is of a size that
//! parsing and linking take in reasonable time, memory and stack.
//!
//! It knows comments, strings, words and brackets, and nothing else of the language.

use std::ops::Range;

use aieffect_blueprint::Code;

use crate::fault::Fault;
use crate::tokens::{Kind, Token, Tokens, Unfinished};

/// The largest text that is taken, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// How deep brackets of any kind may go. The parser itself stops messages at 31.
const MAX_DEPTH: usize = 64;
/// The longest word, in bytes.
const MAX_WORD: usize = 256;
/// How many parts a dotted name may have.
const MAX_PARTS: usize = 64;
/// How many statements a file may have.
const MAX_STATEMENTS: usize = 30_000;
/// How many bytes the full names of everything defined may take together: each repeats those around it.
const MAX_NAMES: usize = 64 << 20;

/// Finds what must not reach the parser.
pub(crate) fn inspect(text: &str) -> Result<(), Fault> {
    if text.len() > MAX_BYTES {
        let message = format!("{} bytes of proto are more than the {MAX_BYTES} that are taken", text.len());
        return Err(too_much(message, 0..0, "split the file"));
    }
    let mut look = Look::default();
    for token in Tokens::new(text) {
        let token = token.map_err(unfinished)?;
        look.at(&token, &text[token.span.clone()])?;
    }
    Ok(())
}

fn too_much(message: impl Into<String>, span: Range<usize>, help: &str) -> Fault {
    Fault::new(Code::ProtoTooDeep, message).at(span, "").help(help)
}

fn unfinished(comment: Unfinished) -> Fault {
    match comment {
        Unfinished::Comment(span) => {
            Fault::new(Code::BadProto, "a comment does not end").at(span, "begins here")
        }
        Unfinished::NestedComment(span) => Fault::new(Code::BadProto, "a comment begins within a comment")
            .at(span, "here")
            .help("comments end at the first `*/`; use `//` for lines that hold `/*`"),
    }
}

fn edition(span: Range<usize>) -> Fault {
    Fault::new(Code::EditionNotSupported, "the proto is of an edition, which cannot be read yet")
        .at(span, "instead of `syntax`")
        .help("write `syntax = \"proto3\";` and leave out the features of editions")
}

/// What has been seen so far.
#[derive(Default)]
struct Look {
    /// For each open bracket, the bytes of the names around what is in it.
    open: Vec<usize>,
    /// The bytes of the package's name.
    package: usize,
    /// The bytes of the last word.
    word: usize,
    /// Of the dotted name at hand.
    parts: usize,
    statement: Statement,
    statements: usize,
    names: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Statement {
    /// Nothing of the file yet.
    #[default]
    First,
    /// Its first word comes next.
    Begins,
    /// `package …`, from this byte.
    Package(usize),
    /// Any other.
    Other,
}

impl Look {
    fn at(&mut self, token: &Token, text: &str) -> Result<(), Fault> {
        if self.statement == Statement::First && text == "edition" {
            return Err(edition(token.span.clone()));
        }
        if matches!(self.statement, Statement::First | Statement::Begins) {
            let is_package = text == "package" && self.open.is_empty();
            self.statement = if is_package { Statement::Package(token.span.end) } else { Statement::Other };
        }
        match (token.kind, text) {
            (Kind::Word, word) => self.word = word.len(),
            (Kind::Other, ".") => self.parts += 1,
            (Kind::Other, ",") => self.parts = 0,
            (Kind::Other, ";") => self.end_statement(token.span.start),
            (Kind::Other, _) => {}
            (Kind::Open, "{") => {
                let inside = self.around() + self.word;
                self.end_statement(token.span.start);
                self.open.push(inside);
            }
            (Kind::Open, _) => self.open.push(self.around()),
            (Kind::Close, "}") => {
                self.open.pop();
                self.statement = Statement::Begins;
                self.parts = 0;
            }
            (Kind::Close, _) => {
                self.open.pop();
            }
        }
        self.limits(token.span.clone())
    }

    fn around(&self) -> usize {
        self.open.last().copied().unwrap_or(self.package)
    }

    fn end_statement(&mut self, end: usize) {
        if let Statement::Package(start) = self.statement {
            self.package = end - start;
        }
        self.statements += 1;
        self.names += self.around() + self.word;
        self.statement = Statement::Begins;
        self.parts = 0;
    }

    fn limits(&self, span: Range<usize>) -> Result<(), Fault> {
        if self.word > MAX_WORD {
            let message =
                format!("a name of {} bytes is longer than the {MAX_WORD} that are taken", self.word);
            return Err(too_much(message, span, "shorten it"));
        }
        if self.open.len() > MAX_DEPTH {
            let message = format!("brackets go more than {MAX_DEPTH} deep");
            return Err(too_much(message, span, "move inner messages to the top of the file"));
        }
        if self.parts > MAX_PARTS {
            return Err(too_much(format!("a name has more than {MAX_PARTS} parts"), span, "shorten it"));
        }
        if self.statements > MAX_STATEMENTS {
            let message = format!("a proto has more than {MAX_STATEMENTS} statements");
            return Err(too_much(message, span, "split the file"));
        }
        if self.names > MAX_NAMES {
            let message = format!("the full names in a proto take more than {MAX_NAMES} bytes together");
            return Err(too_much(message, span, "shorten the outer ones"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<Code> {
        let source = aieffect_blueprint::SourceText::new("a.proto", "");
        inspect(text).err().map(|fault| fault.in_file(&source).code)
    }

    #[test]
    fn brackets_count_outside_comments_and_strings_only() {
        let many = "{ [ ( <".repeat(40);
        assert_eq!(code(&many), Some(Code::ProtoTooDeep));
        assert_eq!(
            code(&format!("// {many}\n/* {many} */ option a = \"\\\"{many}\"; option b = '{many}';")),
            None
        );
        assert_eq!(code(&format!("{}{}", "{".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH))), None);
        assert_eq!(code(&"{}".repeat(1000)), None);
        assert_eq!(code(&format!("option a = 'open\n{many}")), Some(Code::ProtoTooDeep));
        assert_eq!(code(&format!("option a = 'open\\\n{many}")), Some(Code::ProtoTooDeep));
    }

    #[test]
    fn a_text_over_the_limit_is_refused() {
        assert_eq!(code(&" ".repeat(MAX_BYTES + 1)), Some(Code::ProtoTooDeep));
        assert_eq!(code(&" ".repeat(MAX_BYTES)), None);
    }

    #[test]
    fn only_the_first_word_can_make_an_edition() {
        assert_eq!(code("\u{feff}// edition\nedition = \"2023\";"), Some(Code::EditionNotSupported));
        assert_eq!(code("syntax = \"proto3\"; message edition {}"), None);
    }

    #[test]
    fn comments_that_do_not_end_or_hold_others_are_refused() {
        for text in ["/*", "/* *", "/*/", "/* /* */ */"] {
            assert_eq!(code(text), Some(Code::BadProto), "{text}");
        }
        for text in ["/**/", "/***/", "/* // */", "// /*", "\"", "'\\", "/", "//", "'/*'"] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_bounded_alone_and_together() {
        let word = "a".repeat(MAX_WORD);
        assert_eq!(code(&format!("message {word} {{}}")), None);
        assert_eq!(code(&format!("message {word}a {{}}")), Some(Code::ProtoTooDeep));
        assert_eq!(code(&format!("option a = '{word}a';")), None);
        assert_eq!(code(&format!("option {}a = 1;", "a.".repeat(MAX_PARTS))), None);
        assert_eq!(code(&format!("option {}a = 1;", "(a).".repeat(MAX_PARTS + 1))), Some(Code::ProtoTooDeep));
        assert_eq!(code(&format!("option a = {{ a: [{}] }};", "1.0, ".repeat(1000))), None);

        let nested = format!("message {word} {{").repeat(30);
        assert_eq!(code(&format!("{nested}{}", "string a = 1;".repeat(8000))), None);
        assert_eq!(code(&format!("{nested}{}", "string a = 1;".repeat(9000))), Some(Code::ProtoTooDeep));
        let package = format!("package {word}{};", format!(".{word}").repeat(MAX_PARTS));
        assert_eq!(code(&format!("{package}{}", "message A {}".repeat(3000))), None);
        assert_eq!(code(&format!("{package}{}", "message A {}".repeat(5000))), Some(Code::ProtoTooDeep));
    }

    #[test]
    fn statements_are_counted() {
        assert_eq!(code(&";".repeat(MAX_STATEMENTS)), None);
        assert_eq!(code(&"m{}".repeat(MAX_STATEMENTS + 1)), Some(Code::ProtoTooDeep));
    }
}
