//! Where the parts of a JSON text stand.
//!
//! The text has been read by `serde_json` before, which refuses what is no JSON or is nested without end; so
//! nothing is checked here, and nothing more is refused. Another text ends the scan early, without harm.

use super::{Kind, Node};
use crate::Span;

/// The parts of `text`, which may begin with a byte order mark.
pub(in crate::document) fn scan(text: &str) -> Node {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Scanner { text, at: start }.value()
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn value(&mut self) -> Node {
        self.skip(|byte| byte.is_ascii_whitespace());
        let start = self.at;
        let kind = match self.next() {
            Some(b'{') => Kind::Map(self.entries()),
            Some(b'[') => Kind::Seq(self.items()),
            Some(b'"') => {
                self.rest_of_string();
                return Node { span: Span { start, end: self.at }, kind: Kind::Plain };
            }
            _ => {
                self.skip(|byte| !byte.is_ascii_whitespace() && !b",]}:".contains(&byte));
                return Node { span: Span { start, end: self.at }, kind: Kind::Plain };
            }
        };
        Node { span: Span { start, end: start + 1 }, kind }
    }

    fn items(&mut self) -> Vec<Node> {
        let mut items = Vec::new();
        while !self.ends(b']') {
            items.push(self.value());
            if !self.goes_on() {
                break;
            }
        }
        items
    }

    fn entries(&mut self) -> Vec<(String, Span, Node)> {
        let mut entries = Vec::new();
        while !self.ends(b'}') {
            let key = self.value().span;
            self.skip(|byte| byte.is_ascii_whitespace() || byte == b':');
            entries.push((self.string_at(key), key, self.value()));
            if !self.goes_on() {
                break;
            }
        }
        entries
    }

    /// Whether an empty array or object, or the text, ends here.
    fn ends(&mut self, close: u8) -> bool {
        self.skip(|byte| byte.is_ascii_whitespace());
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                true
            }
            Some(_) => false,
            None => true,
        }
    }

    /// Takes the comma or the bracket after an item; whether it was the comma.
    fn goes_on(&mut self) -> bool {
        self.skip(|byte| byte.is_ascii_whitespace());
        self.next() == Some(b',')
    }

    fn rest_of_string(&mut self) {
        while let Some(byte) = self.next() {
            match byte {
                b'"' => return,
                b'\\' => self.at = (self.at + 1).min(self.text.len()),
                _ => {}
            }
        }
    }

    /// What a string means, its escapes resolved.
    fn string_at(&self, span: Span) -> String {
        let quoted = self.text.get(span.start..span.end).unwrap_or_default();
        match quoted.contains('\\') {
            true => serde_json::from_str(quoted).unwrap_or_default(),
            false => quoted.trim_matches('"').to_owned(),
        }
    }

    fn skip(&mut self, skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&skipped) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
}
