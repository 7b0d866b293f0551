//! What passes from step to step.

use std::fmt;

use bytes::Bytes;

/// One message, encoded. Shared: a clone is another holder of the same bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Bytes);

impl Payload {
    /// A message that is at hand.
    pub fn new(message: Bytes) -> Self {
        Self(message)
    }

    /// The message's bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}
