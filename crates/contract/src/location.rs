//! Where in a text a part of its descriptor was written.

use std::collections::HashMap;

use aieffect_blueprint::Span;
use prost_types::FileDescriptorProto;
use prost_types::source_code_info::Location;

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

/// Where every part of a file was written, by path: for who looks for many.
#[derive(Debug)]
pub(crate) struct Spans(HashMap<Vec<i32>, Span>);

impl Spans {
    pub(crate) fn of(descriptor: &FileDescriptorProto, text: &str) -> Self {
        #[cfg(test)]
        MADE.set(MADE.get() + 1);
        let lines = Lines::new(text);
        let mut spans = HashMap::new();
        for location in descriptor.source_code_info.iter().flat_map(|info| &info.location) {
            if let Some(span) = read(location, &lines) {
                spans.entry(location.path.clone()).or_insert(span);
            }
        }
        Self(spans)
    }

    /// As [`nearest_span`].
    pub(crate) fn nearest(&self, path: &[i32]) -> Span {
        let shorter = (1..=path.len()).rev().map(|length| &path[..length]);
        shorter.filter_map(|path| self.0.get(path).copied()).next().unwrap_or(Span { start: 0, end: 0 })
    }
}

#[cfg(test)]
thread_local! {
    /// How many files' spans this thread has made.
    pub(crate) static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

fn read(location: &Location, lines: &Lines<'_>) -> Option<Span> {
    let (first, last) = match location.span.as_slice() {
        [line, start, end] => ((*line, *start), (*line, *end)),
        [first, start, last, end] => ((*first, *start), (*last, *end)),
        _ => return None,
    };
    let start = lines.offset(first.0, first.1);
    Some(Span { start, end: lines.offset(last.0, last.1).max(start) })
}

/// The bytes of the part at `path`, as `google/protobuf/descriptor.proto` counts paths.
pub(crate) fn span(descriptor: &FileDescriptorProto, lines: &Lines<'_>, path: &[i32]) -> Option<Span> {
    let locations = &descriptor.source_code_info.as_ref()?.location;
    read(locations.iter().find(|location| location.path == path)?, lines)
}

/// The bytes of the part at `path`, else of the nearest part around it that was written down.
///
/// Entries of a map, for one, stand nowhere: their field does.
pub(crate) fn nearest_span(descriptor: &FileDescriptorProto, lines: &Lines<'_>, path: &[i32]) -> Span {
    let shorter = (1..=path.len()).rev().map(|length| &path[..length]);
    shorter.filter_map(|path| span(descriptor, lines, path)).next().unwrap_or(Span { start: 0, end: 0 })
}
