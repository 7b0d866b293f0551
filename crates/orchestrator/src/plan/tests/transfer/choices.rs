//! Choices read from bytes, so that whatever is made of them shrinks with these: nothing left means 0.

pub(super) struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    pub(super) fn one_in(&mut self, count: u8) -> bool {
        self.byte() % count == count - 1
    }

    /// Small numbers, extremes and anything between.
    pub(super) fn number(&mut self) -> u64 {
        match self.below(6) {
            0 => 0,
            1 => 1,
            2 => u64::MAX,
            3 => i64::MIN.cast_unsigned(),
            4 => u64::from(self.byte()) << self.below(57),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }
}
