//! A first look at a text, before anything recursive reads it: its size, how deep its brackets go, and
//! whether it is of an edition. It knows comments and strings, and nothing else of the language.

use std::ops::Range;

use aieffect_blueprint::Code;

use crate::fault::Fault;

/// The largest text that is taken, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// How deep brackets of any kind may go. The parser itself stops messages at 31.
const MAX_DEPTH: usize = 64;

/// Finds what must not reach the parser.
pub(crate) fn inspect(text: &str) -> Result<(), Fault> {
    if text.len() > MAX_BYTES {
        let message = format!("{} bytes of proto are more than the {MAX_BYTES} that are taken", text.len());
        return Err(Fault::new(Code::ProtoTooDeep, message).at(0..0, "").help("split the file"));
    }
    let mut open: Vec<usize> = Vec::new();
    let mut first_word = true;
    for token in Tokens::new(text) {
        match token.kind {
            Kind::Open => open.push(token.span.start),
            Kind::Close => {
                open.pop();
            }
            Kind::Word if first_word && &text[token.span.clone()] == "edition" => {
                return Err(edition(token.span));
            }
            Kind::Word | Kind::Other => {}
        }
        first_word = false;
        if open.len() > MAX_DEPTH {
            let message = format!("brackets go more than {MAX_DEPTH} deep");
            return Err(Fault::new(Code::ProtoTooDeep, message)
                .at(token.span, "one too many")
                .help("move inner messages to the top of the file"));
        }
    }
    Ok(())
}

fn edition(span: Range<usize>) -> Fault {
    Fault::new(Code::EditionNotSupported, "the proto is of an edition, which cannot be read yet")
        .at(span, "instead of `syntax`")
        .help("write `syntax = \"proto3\";` and leave out the features of editions")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    Word,
    Other,
}

struct Token {
    kind: Kind,
    span: Range<usize>,
}

/// Brackets, words and single other characters; comments and strings are passed over.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { bytes: text.as_bytes(), at: start }
    }

    /// Moves past bytes for as long as `wanted` holds.
    fn pass(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.bytes.get(self.at).is_some_and(|byte| wanted(*byte)) {
            self.at += 1;
        }
    }

    fn pass_string(&mut self, quote: u8) {
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            match *byte {
                b'\\' => self.at = (self.at + 1).min(self.bytes.len()),
                b'\n' => return,
                end if end == quote => return,
                _ => {}
            }
        }
    }

    fn pass_block_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(2).position(|pair| pair == b"*/");
        self.at += end.map_or(rest.len(), |end| end + 2);
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            self.pass(|byte| byte.is_ascii_whitespace());
            let start = self.at;
            let byte = *self.bytes.get(start)?;
            self.at += 1;
            let kind = match (byte, self.bytes.get(self.at)) {
                (b'/', Some(b'/')) => {
                    self.pass(|byte| byte != b'\n');
                    continue;
                }
                (b'/', Some(b'*')) => {
                    self.at += 1;
                    self.pass_block_comment();
                    continue;
                }
                (b'"' | b'\'', _) => {
                    self.pass_string(byte);
                    Kind::Other
                }
                (b'{' | b'[' | b'(' | b'<', _) => Kind::Open,
                (b'}' | b']' | b')' | b'>', _) => Kind::Close,
                (byte, _) if byte.is_ascii_alphanumeric() || byte == b'_' => {
                    self.pass(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                    Kind::Word
                }
                _ => Kind::Other,
            };
            return Some(Token { kind, span: start..self.at });
        }
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
    fn unfinished_comments_and_strings_end_with_the_text() {
        for text in ["/*", "/* *", "\"", "'\\", "/", "//"] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}
