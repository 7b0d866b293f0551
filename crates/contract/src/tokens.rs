//! The words, brackets and other characters of a text; comments and strings are passed over.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One of `{[(<`.
    Open,
    /// One of `}])>`.
    Close,
    /// Letters, digits and `_`.
    Word,
    /// A string, or any other character.
    Other,
}

/// A comment that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// It does not end.
    Comment(Range<usize>),
    /// Another one begins in it.
    NestedComment(Range<usize>),
}

/// A part of a text.
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
}

/// Goes through a text.
pub(crate) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
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
                // A line's end is not escaped: the string ends there.
                b'\\' if self.bytes.get(self.at) != Some(&b'\n') => {
                    self.at = (self.at + 1).min(self.bytes.len());
                }
                b'\n' => return,
                end if end == quote => return,
                _ => {}
            }
        }
    }

    /// Moves past a comment that began at `start`.
    fn pass_block_comment(&mut self, start: usize) -> Result<(), Unfinished> {
        while let Some(pair) = self.bytes.get(self.at..self.at + 2) {
            match pair {
                b"*/" => {
                    self.at += 2;
                    return Ok(());
                }
                b"/*" => return Err(Unfinished::NestedComment(self.at..self.at + 2)),
                _ => self.at += 1,
            }
        }
        Err(Unfinished::Comment(start..start + 2))
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, Unfinished>;

    fn next(&mut self) -> Option<Self::Item> {
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
                    match self.pass_block_comment(start) {
                        Ok(()) => continue,
                        Err(unfinished) => {
                            self.at = self.bytes.len();
                            return Some(Err(unfinished));
                        }
                    }
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
                _ => {
                    self.pass(|byte| byte & 0b1100_0000 == 0b1000_0000);
                    Kind::Other
                }
            };
            return Some(Ok(Token { kind, span: start..self.at }));
        }
    }
}
