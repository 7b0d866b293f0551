//! What commands print, line by line: handed to a [`Sink`], written to a log file, and the last of it kept for
//! error messages.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// How many lines are kept for an error message.
const KEPT: usize = 20;
/// A longer line is cut into pieces of this many bytes.
const MAX_LINE: usize = 16 * 1024;

/// One line that a service, or a step before it, has printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The service's name in the compose file, or `build`.
    pub from: &'a str,
    /// The line, without its end.
    pub text: &'a str,
}

/// Takes the lines; called from several tasks at once, and must not block for long.
pub type Sink = Arc<dyn Fn(Line<'_>) + Send + Sync>;

/// The last lines of a command; shown below a heading, each indented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastLines(VecDeque<String>);

impl LastLines {
    pub(crate) fn push(&mut self, line: &str) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    /// Whether nothing was printed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The very last of them, oldest first.
    pub fn tail(&self, count: usize) -> impl Iterator<Item = &str> {
        self.iter().skip(self.0.len().saturating_sub(count))
    }

    /// The lines, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for LastLines {
    /// Nothing when there are no lines, else a line break before the heading and before each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_empty() {
            f.write_str("\n  it printed last:")?;
        }
        self.0.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// Cuts bytes as they come into lines.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    /// Takes more bytes and gives each line that they complete, or that has grown too long, to `each`.
    pub(crate) fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(MAX_LINE) {
                if self.pending.len() + part.len() > MAX_LINE {
                    self.flush(&mut each);
                }
                self.pending.extend_from_slice(part);
            }
            if piece.ends_with(b"\n") {
                self.flush(&mut each);
            }
        }
    }

    /// Gives what stands after the last line's end.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.pending.is_empty() {
            self.flush(&mut each);
        }
    }

    fn flush(&mut self, each: &mut impl FnMut(&str)) {
        let line = self.pending.strip_suffix(b"\n").unwrap_or(&self.pending);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        each(&String::from_utf8_lossy(line));
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chunks: &[&[u8]], expected: &[&str]) {
        let (mut splitter, mut lines) = (Splitter::default(), Vec::new());
        for chunk in chunks {
            splitter.feed(chunk, |line| lines.push(line.to_owned()));
        }
        splitter.finish(|line| lines.push(line.to_owned()));
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_are_joined_across_reads() {
        check(&[b"a", b"b\nc\r\n\nd"], &["ab", "c", "", "d"]);
        check(&[b"\xff\n"], &["\u{fffd}"]);
        check(&[], &[]);
    }

    #[test]
    fn a_line_without_end_does_not_grow_without_bound() {
        let long = vec![b'x'; 3 * MAX_LINE + 5];
        let (mut splitter, mut lengths) = (Splitter::default(), Vec::new());
        for chunk in long.chunks(1000) {
            splitter.feed(chunk, |line| lengths.push(line.len()));
            assert!(splitter.pending.len() <= MAX_LINE);
        }
        splitter.finish(|line| lengths.push(line.len()));
        assert_eq!(lengths.iter().sum::<usize>(), long.len());
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut last = LastLines::default();
        (0..50).for_each(|number| last.push(&number.to_string()));
        assert_eq!(last.iter().next(), Some("30"));
        assert_eq!(last.iter().count(), KEPT);
    }
}
