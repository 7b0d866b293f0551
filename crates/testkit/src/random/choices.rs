//! Choices read from bytes, so that whatever is made of them shrinks with these: nothing left means 0.

/// Reads choices from bytes to their end, and then nothing but 0.
#[derive(Debug, Clone)]
pub struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    /// Choices from these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    /// A number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// True once in so many times; false at the end.
    pub fn one_in(&mut self, count: u8) -> bool {
        self.byte() % count == count - 1
    }

    /// One of several.
    ///
    /// # Panics
    /// When there are none.
    pub fn of<'t, T>(&mut self, several: &'t [T]) -> &'t T {
        &several[self.below(several.len())]
    }

    /// The bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.0.as_slice()
    }

    /// Small numbers, extremes and anything between.
    pub fn number(&mut self) -> u64 {
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
