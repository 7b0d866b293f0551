//! Texts that findings point into: [`SourceText`], a byte [`Span`] in it, and a [`Label`] that joins both.
//!
//! A source carries the name a user knows the file by (relative to what was checked), never a path to open.

mod lines;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use self::lines::Lines;

/// A named text, shared by everything that was read from it.
pub struct SourceText {
    name: String,
    text: String,
    lines: OnceLock<Lines>,
}

impl SourceText {
    /// Joins the name shown to users, such as `services/a/proto/a.proto`, with the text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), lines: OnceLock::new() })
    }

    /// The name shown to users.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column, both from 1 and the column in characters, of a byte offset. An offset beyond the
    /// text, or inside a character, counts as the nearest position before it.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        self.lines().line_column(&self.text, self.boundary(offset))
    }

    /// Byte offset of a line and column as [`line_column`](Self::line_column) counts them; the end of the
    /// line, or of the text, when they lie beyond it.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.lines().start(line).unwrap_or(self.text.len());
        let rest = self.text[start..].split('\n').next().unwrap_or_default();
        let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        start + within
    }

    /// The nearest offset, not beyond this one, at which a character begins or the text ends.
    pub(crate) fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.text))
    }
}

impl PartialEq for SourceText {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text == other.text
    }
}

impl Eq for SourceText {}

impl Hash for SourceText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.text.hash(state);
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceText({}, {} bytes)", self.name, self.text.len())
    }
}

/// A range of bytes in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// A place in a source, with a word on what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The text pointed into.
    pub source: Arc<SourceText>,
    /// Which bytes.
    pub span: Span,
    /// What to say beside the marked bytes; may be empty.
    pub note: String,
}

impl Label {
    /// Marks `span` of `source`.
    pub fn new(source: &Arc<SourceText>, span: impl Into<Span>, note: impl Into<String>) -> Self {
        Self { source: Arc::clone(source), span: span.into(), note: note.into() }
    }

    /// Points at the beginning of a file that is wrong as a whole.
    pub fn whole(source: &Arc<SourceText>) -> Self {
        Self::new(source, 0..0, "")
    }

    /// The same place with another note.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// `file:line:column`.
    pub fn position(&self) -> String {
        let (line, column) = self.source.line_column(self.span.start);
        format!("{}:{line}:{column}", self.source.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let source = SourceText::new("a", "ä=1\nbc\n");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column(2), (1, 2));
        assert_eq!(source.line_column(1), (1, 1), "inside a character counts as its start");
        assert_eq!(source.line_column(6), (2, 2));
        assert_eq!(source.line_column(99), (3, 1));
    }

    #[test]
    fn an_offset_is_found_again_from_its_line_and_column() {
        let source = SourceText::new("a", "ä=1\nbc\n\nd");
        for (offset, _) in source.text().char_indices() {
            let (line, column) = source.line_column(offset);
            assert_eq!(source.offset(line, column), offset, "{line}:{column}");
        }
        assert_eq!(source.offset(9, 9), source.text().len());
    }
}
