//! Where lines begin, so that the place of each of thousands of findings is found without reading the text
//! again, also when all of it stands on one line.

/// Offsets of lines, and how many characters stand before every so many bytes.
#[derive(Debug)]
pub(super) struct Lines {
    starts: Vec<usize>,
    /// Characters that begin before the n-th block.
    before: Vec<usize>,
}

const BLOCK: usize = 4096;

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let mut before = vec![0];
        for block in text.as_bytes().chunks(BLOCK) {
            before.push(before.last().copied().unwrap_or_default() + characters(block));
        }
        Self { starts, before }
    }

    /// The offset at which a line, counted from 1, begins; 0 counts as 1.
    pub(super) fn start(&self, line: usize) -> Option<usize> {
        self.starts.get(line.saturating_sub(1)).copied()
    }

    /// Line and column, both from 1, of an offset at the start of a character, or at the end.
    pub(super) fn line_column(&self, text: &str, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.start(line).unwrap_or_default();
        (line, self.characters_before(text, offset) - self.characters_before(text, start) + 1)
    }

    fn characters_before(&self, text: &str, offset: usize) -> usize {
        let block = offset / BLOCK;
        let known = self.before.get(block).copied().unwrap_or_default();
        known + characters(text.as_bytes().get(block * BLOCK..offset).unwrap_or_default())
    }
}

/// How many characters begin in these bytes of a UTF-8 text.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}
