//! Where in a text a part of its descriptor was written.

use aieffect_blueprint::Span;
use prost_types::FileDescriptorProto;

/// The name of a message, field, enum, service or method is its part number 1.
pub(crate) const NAME: i32 = 1;

/// The beginnings of a text's lines.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let later = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(later).collect() }
    }

    /// The byte at a line and column, both from 0 and in bytes; a place beyond the text is its end.
    fn offset(&self, line: i32, column: i32) -> usize {
        let start = usize::try_from(line).ok().and_then(|line| self.starts.get(line).copied());
        let column = usize::try_from(column).unwrap_or(0);
        start.map_or(self.text.len(), |start| (start + column).min(self.text.len()))
    }
}

/// The bytes of the part at `path`, as `google/protobuf/descriptor.proto` counts paths.
pub(crate) fn span(descriptor: &FileDescriptorProto, lines: &Lines<'_>, path: &[i32]) -> Option<Span> {
    let locations = &descriptor.source_code_info.as_ref()?.location;
    let location = locations.iter().find(|location| location.path == path)?;
    let (first, last) = match location.span.as_slice() {
        [line, start, end] => ((*line, *start), (*line, *end)),
        [first, start, last, end] => ((*first, *start), (*last, *end)),
        _ => return None,
    };
    let start = lines.offset(first.0, first.1);
    Some(Span { start, end: lines.offset(last.0, last.1).max(start) })
}

/// The bytes of the part at `path`, else of the nearest part around it that was written down.
///
/// Entries of a map, for one, stand nowhere: their field does.
pub(crate) fn nearest_span(descriptor: &FileDescriptorProto, lines: &Lines<'_>, path: &[i32]) -> Span {
    let shorter = (1..=path.len()).rev().map(|length| &path[..length]);
    shorter.filter_map(|path| span(descriptor, lines, path)).next().unwrap_or(Span { start: 0, end: 0 })
}
